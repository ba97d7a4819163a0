package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
	"github.com/repdesk/repdesk/push/texts"
)

// visit opens the live page in a guest's browser.
func (x *server) visit(t testing.TB, browser *browsertest.Browser, name string, look browsertest.Look) *browsertest.Page {
	t.Helper()
	browser.Cookie(t, x.url, "guest-"+x.saved[name], x.tokens["guest/"+name])
	return browser.Open(t, x.url+"/s/"+x.saved[name], look)
}

// checkLook is checkSeen, with a picture.
func checkLook(t *testing.T, page *browsertest.Page, picture string) {
	t.Helper()
	page.Picture(picture)
	checkSeen(t, page)
}

func untilAll(text string, pages ...*browsertest.Page) {
	for _, page := range pages {
		page.Until(text)
	}
}

// TestH1LivePage: what reps do shows at once, in two tabs alike, from waiting to the end (C1 … C4, C7, C11, D12).
func TestH1LivePage(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
	x.logInAll(t, "ana", "ben", "cho")
	x.waiting(t, "ses", `,"portal_id":"@asks","issue_id":"@paper-jam"`)
	desk, phone := x.visit(t, chromium, "ses", onDesk), x.visit(t, chromium, "ses", atNight)
	untilAll("You are next.", desk, phone)
	checkLook(t, desk, "guest-waiting-desk")
	checkLook(t, phone, "guest-waiting-phone-dark")
	desk.Fill("Your message", "Two lines:\n")
	untilAll("Two lines:", desk, phone)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
	untilAll("You are in a session with Ana", desk, phone)
	untilAll("Ana has joined the session", desk, phone)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Good morning!\nWhich tray?"}`, want: 201})
	untilAll("Which tray?", desk, phone)
	x.join(t, "ana", "ses", "ben", "")
	untilAll("May Ben Okafor see and control your screen?", desk, phone)
	checkLook(t, desk, "guest-active-desk")
	checkLook(t, phone, "guest-active-phone-dark")
	desk.Click("Agree")
	untilAll("Ben Okafor may see and control your screen.", desk, phone)
	phone.Click("Refuse")
	untilAll("Ben Okafor may not see your screen.", desk, phone)
	x.join(t, "ana", "ses", "cho", `,"masked":true`)
	x.do(t, call{as: "cho", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Pst"}`, want: 201})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/hold"})
	untilAll("The session is on hold", desk, phone)
	for _, page := range []*browsertest.Page{desk, phone} {
		for _, hidden := range []string{"Cho", "Pst"} {
			if text := page.Text(); strings.Contains(text, hidden) {
				t.Errorf("it tells of the masked rep: %s", text)
			}
		}
	}
	checkLook(t, phone, "guest-held-phone-dark")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/resume"})
	untilAll("You are in a session with Ana", desk, phone)
	if got := strings.Count(phone.Text(), "Which tray?"); got != 1 {
		t.Errorf("a message stands there %d times", got)
	}
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
	untilAll("The session has ended", desk, phone)
	desk.Gone("Your message")
	checkLook(t, desk, "guest-ended-desk")
	checkLook(t, phone, "guest-ended-phone-dark")
}

// TestH1LivePageOverARestart: what happens while the connection is lost is there once, when it is back; and so is what could not be sent.
func TestH1LivePageOverARestart(t *testing.T) {
	chromium := browsertest.New(t)
	s, clock := openReady(t)
	x := restarted(t, s, clock)
	x.open(t, "ses", "ana", "")
	var serving atomic.Pointer[http.Handler]
	begin := func(h http.Handler) { serving.Store(&h) }
	begin(x.api.Handler())
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*serving.Load()).ServeHTTP(w, r) }))
	t.Cleanup(front.Close) // after the streams through it
	chromium.Cookie(t, front.URL, "guest-"+x.saved["ses"], x.tokens["guest/ses"])
	page := chromium.Open(t, front.URL+"/s/"+x.saved["ses"], onDesk)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Before"}`, want: 201})
	page.Until("Before")
	begin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/assets/") { // the browser may not have fetched the icon yet, and would complain
			panic(http.ErrAbortHandler)
		}
		x.api.Handler().ServeHTTP(w, r)
	}))
	x.api.CloseStreams()
	page.Until("The connection is lost. We keep trying.")
	page.Fill("Your message", "Are you there?")
	page.Click("Send")
	page.Until("That could not be sent.")
	page.Picture("guest-lost")
	later := restarted(t, s, clock)
	later.tokens, later.saved = x.tokens, x.saved
	later.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Meanwhile"}`, want: 201})
	begin(later.api.Handler())
	page.Until("You are connected again.")
	page.Until("Meanwhile")
	page.Click("Try again")
	page.Gone("That could not be sent.")
	page.Until("Are you there?")
	later.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"After"}`, want: 201})
	page.Until("After")
	for _, text := range []string{"Before", "Meanwhile", "Are you there?", "After"} {
		if got := strings.Count(page.Text(), text); got != 1 {
			t.Errorf("%q stands there %d times: %s", text, got, page.Text())
		}
	}
	checkQuiet(t, page)
}

// TestF7LivePageInABrowser: a specialist sees at once what they may do, and that they were put out; the customer who leaves can come back (C13, F7, F8).
func TestF7LivePageInABrowser(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, specialists: true, consent_on_join: true}]`)
	x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
	customer := x.visit(t, chromium, "ses", onDesk)
	x.specialist(t, "Sam", "ses")
	sam := x.visit(t, chromium.Private(t), "Sam", browsertest.Look{Width: browsertest.Phone})
	sam.Until("The customer is being asked")
	customer.Click("Agree")
	sam.Until("You may see and control the customer's screen. You may not share your own screen.")
	checkLook(t, sam, "guest-specialist-phone")
	sam.Fill("Your message", "Hello from Sam")
	sam.Click("Send")
	customer.Until("Hello from Sam")
	sam.Fill("Your message", "And another")
	sam.Click("Send")
	customer.Until("And another")
	customer.Click("Leave the session")
	customer.Click("Leave now")
	customer.Until("You have left the session")
	checkLook(t, customer, "guest-left-desk")
	sam.Until("Jo Doe has left for now")
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"customer_gone":true`}}) // though the page is open
	customer.Click("Come back")
	customer.Until("You are in a session with Ana")
	sam.Gone("Jo Doe has left for now")
	sam.Click("Leave the session")
	sam.Click("Leave now")
	sam.Until("You are no longer in this session")
	checkLook(t, sam, "guest-over-phone")
	customer.Until("Sam has left the session")
	checkQuiet(t, customer)
	checkQuiet(t, sam)
}

// TestC13LivePageByKeyboard: everything can be done without a mouse, and the focus is never lost.
func TestC13LivePageByKeyboard(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
	x.logInAll(t, "ana", "ben")
	x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
	page := x.visit(t, chromium, "ses", onDesk)
	x.join(t, "ana", "ses", "ben", "")
	page.Until("May Ben Okafor see and control your screen?")
	var order []string
	for range 6 {
		page.Tab(1)
		order = append(order, page.Focused())
	}
	if got, want := strings.Join(order, ", "), "Agree, Refuse, Chat, Your message, Send, Leave the session"; got != want {
		t.Errorf("Tab leads through %s, want %s", got, want)
	}
	page.Tab(-5)
	page.Keys(browsertest.Enter)
	page.Until("Ben Okafor may see and control your screen.")
	if got := page.Focused(); got != "Refuse" {
		t.Errorf("after Agree the focus is on %q", got)
	}
	page.Tab(2)
	page.Keys("By keys")
	page.Tab(1)
	page.Keys(browsertest.Enter)
	page.Until("By keys")
	page.Tab(1)
	page.Keys(browsertest.Enter)
	page.Until("Leave now")
	page.Tab(1)
	page.Keys(browsertest.Enter)
	page.Until("You have left the session")
	if got := page.Focused(); got != "You have left the session" {
		t.Errorf("after leaving the focus is on %q", got)
	}
	checkQuiet(t, page)
}

// TestC13LivePageWithoutScripts in a browser.
func TestC13LivePageWithoutScripts(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	x.waiting(t, "ses", "")
	page := x.visit(t, chromium, "ses", browsertest.Look{Width: browsertest.Phone, NoScript: true})
	page.Until("You are next.")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
	page.Press("Refresh this page")
	page.Until("You are in a session with Ana")
	page.Fill("Your message", "Without scripts")
	page.Press("Send")
	page.Until("Without scripts")
	page.Picture("guest-without-scripts")
	checkQuiet(t, page)
	page.Click("Leave the session")
	page.Press("Leave now")
	page.Until("You have left the session")
	page.Press("Come back")
	page.Until("You are in a session with Ana")
}

// TestH1TabsOfAGuestTakeNoTurns: where a guest has more tabs than streams, the oldest goes without for a while, and does not put
// another out at once, and so on.
func TestH1TabsOfAGuestTakeNoTurns(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	page := x.visit(t, chromium, "ses", onDesk)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"To one"}`, want: 201})
	page.Until("To one")
	tabs := []*sse{}
	for range 8 {
		tabs = append(tabs, x.stream(t, "guest/ses", ""))
	}
	page.Until("The connection is lost. We keep trying.")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"To all"}`, want: 201})
	for _, tab := range tabs {
		tab.until(t, "message.posted")
	}
}

// TestC1LivePageEarlier: earlier messages come above those that are there, each once.
func TestC1LivePageEarlier(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	for i := range 60 {
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"` + strings.Repeat("|", i+1) + `."}`, want: 201})
	}
	page := x.visit(t, chromium, "ses", browsertest.Look{Width: browsertest.Phone})
	page.Until(strings.Repeat("|", 60) + ".")
	page.Picture("guest-chat-end")
	page.Click("Show earlier messages")
	page.Until("Ana has joined the session")
	page.Gone("Show earlier messages")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"The newest"}`, want: 201})
	page.Until("The newest")
	page.Picture("guest-chat-earlier")
	if got := strings.Count(page.Text(), "."); got != 60 {
		t.Errorf("%d messages, want 60: %s", got, page.Text())
	}
}

// TestG11LivePageInEachLanguage, and with texts as long as they may be.
func TestG11LivePageInEachLanguage(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, specialists: true, consent_on_join: true}]`)
	x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
	x.specialist(t, strings.Repeat("W", 197)+"\u202e<b", "ses")
	for _, language := range texts.Languages {
		page := x.visit(t, chromium, "ses", browsertest.Look{Width: browsertest.Phone, Language: language})
		page.Until(texts.For(language).Say("guest.leave"))
		checkLook(t, page, "guest-long-"+language)
	}
}
