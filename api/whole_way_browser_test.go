package api_test

import (
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
)

// wholeWay is a session as its people see it, each in a browser of their own; ana, who helps, has a console.
type wholeWay struct {
	*server
	t                    *testing.T
	chromium             *browsertest.Browser
	customer, specialist *browsertest.Page
}

// TestWholeWay is what the desk is for, from the customer's first look to the end (C3, C4, D8, E2, F2, F4, F5, F6, F7): each
// page is kept current without being loaded again.
func TestWholeWay(t *testing.T) {
	w := &wholeWay{server: newServer(t), t: t, chromium: browsertest.New(t)}
	w.load(t, `
portals: [{slug: main, name: Main, modes: [web, queue, phone], specialists: true, consent_on_join: true}]
reps: [{username: ana, name: Ana Ruiz, public_name: Ana, teams: {printers: lead}, permissions: [invite_specialists]}]`)
	w.logInAll(t, "ana")
	w.comesIn()
	w.isAccepted()
	w.chats()
	w.specialistJoins()
	w.customerAgrees()
	w.specialistChats()
	w.codeIsCancelled()
	w.ends()
}

// look takes pictures of what both see, and holds what must hold of every look.
func (w *wholeWay) look(step string) {
	w.t.Helper()
	w.customer.Picture("whole-way-" + step + "-customer")
	w.seen(w.t, w.customer, "en")
	if w.specialist != nil {
		w.specialist.Picture("whole-way-" + step + "-specialist")
		w.seen(w.t, w.specialist, "en")
	}
}

// comesIn: the customer describes the problem on a phone.
func (w *wholeWay) comesIn() {
	w.customer = w.chromium.Open(w.t, w.url+"/p/main", phone)
	w.customer.Click("Describe your problem")
	w.customer.Click("Paper jam")
	w.customer.Fill("Your name", "Jo Doe")
	w.customer.Fill("What is the problem? (optional)", "The tray jams")
	w.look("1-entrance")
	w.customer.Press("Ask for help")
	w.entered(w.t, w.customer)
	w.customer.Until("You are next.")
	w.look("2-waiting")
}

func (w *wholeWay) isAccepted() {
	w.do(w.t, call{as: "ana", do: "POST /v1/queues/next", has: []string{`"id":"$ses"`}})
	w.customer.Until("You are in a session with Ana")
}

func (w *wholeWay) chats() {
	w.do(w.t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Which tray is it?"}`, want: 201})
	w.customer.Until("Which tray is it?")
	w.writes(w.customer, "The lower one")
	w.look("3-chat")
}

// writes sends a message from a page, which ana gets.
func (w *wholeWay) writes(page *browsertest.Page, text string) {
	w.t.Helper()
	page.Fill("Your message", text)
	page.Click("Send")
	w.eventually(w.t, "ana reads "+text, func() bool {
		a := w.do(w.t, call{as: "ana", do: "GET /v1/sessions/$ses/messages?order=desc"})
		return a.at("items.0.text") == text
	})
}

// specialistJoins by the link, at a desk, and waits for the customer's consent.
func (w *wholeWay) specialistJoins() {
	a := w.do(w.t, call{as: "ana", do: "POST /v1/sessions/$ses/specialist-invitations", body: `{"comment":"You know this printer best"}`, want: 201, save: "spi=id link=join_url code=code"})
	w.specialist = w.chromium.Private(w.t).Open(w.t, w.url+a.at("join_url"), browsertest.Look{Width: browsertest.Desktop})
	w.specialist.Until("You know this printer best")
	w.specialist.Fill("Your name", "Kim Lee")
	w.look("4-invited")
	w.specialist.Press("Join the session")
	w.specialist.Until("The customer is being asked whether you may see the screen")
	w.specialist.Until("The lower one")
	w.customer.Until("Kim Lee has joined the session")
	w.customer.Until("see and control your screen?")
	w.look("5-asked")
}

func (w *wholeWay) customerAgrees() {
	w.customer.Click("Agree")
	w.specialist.Until("You may see and control the customer's screen")
	w.look("6-agreed")
}

func (w *wholeWay) specialistChats() {
	w.writes(w.specialist, "Lift the blue lever")
	w.customer.Until("Lift the blue lever")
	w.writes(w.customer, "That was it")
	w.specialist.Until("That was it")
	w.look("7-solved")
}

// codeIsCancelled: who comes later is turned away, by the link with the reason and by the code without, while those inside stay.
func (w *wholeWay) codeIsCancelled() {
	w.do(w.t, call{as: "ana", do: "POST /v1/specialist-invitations/$spi/cancel"})
	late := w.chromium.Private(w.t).Open(w.t, w.url+w.saved["link"], phone)
	late.Until("This invitation was cancelled")
	late.Picture("whole-way-8-late-by-link")
	w.seen(w.t, late, "en")
	byCode := w.chromium.Private(w.t).Open(w.t, w.url+"/join", phone)
	byCode.Fill("Code", w.saved["code"])
	byCode.Press("Go on")
	byCode.Until("This code lets nobody in")
	w.seen(w.t, byCode, "en")
	w.writes(w.specialist, "Glad to hear it")
	w.customer.Until("Glad to hear it")
}

func (w *wholeWay) ends() {
	w.do(w.t, call{as: "ana", do: "POST /v1/sessions/$ses/end", body: `{"summary":"The blue lever"}`})
	w.customer.Until("The session has ended")
	w.specialist.Until("The session has ended")
	w.look("9-ended")
	for _, page := range []*browsertest.Page{w.customer, w.specialist} {
		if page.URL() != w.url+"/s/"+w.saved["ses"] {
			w.t.Errorf("the browser is at %s", page.URL())
		}
	}
}
