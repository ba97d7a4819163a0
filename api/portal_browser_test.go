package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
	"github.com/repdesk/repdesk/push/texts"
)

// entered waits until the browser is led to the customer's session, whose id it saves.
func (x *server) entered(t *testing.T, page *browsertest.Page) {
	t.Helper()
	id, ok := strings.CutPrefix(page.URL(), x.url+"/s/")
	if !ok || !strings.HasPrefix(id, "ses_") {
		t.Fatalf("the browser is at %s: %s", page.URL(), page.Text())
	}
	x.saved["ses"] = id
}

// TestE2EntranceAsPeopleSeeIt: by day and by night, on a phone and a desk, in every language, folded and unfolded.
func TestE2EntranceAsPeopleSeeIt(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	ways := map[string][]string{"en": {"Describe your problem", "Choose who helps you", "Enter a key or code"}, "de": {"Problem beschreiben", "Ansprechperson wählen", "Schlüssel oder Code eingeben"},
		"es": {"Describir el problema", "Elegir quién le ayuda", "Introducir una clave o un código"}, "fr": {"Décrire votre problème", "Choisir qui vous aide", "Saisir une clé ou un code"}}
	for _, language := range texts.Languages {
		for _, look := range looksIn(language) {
			page := chromium.Open(t, x.url+"/p/main", look)
			page.Picture("entrance-" + language + "-" + look.Name())
			checkSeenIn(t, page, language)
			for _, way := range ways[language] {
				page.Click(way)
			}
			page.Picture("entrance-open-" + language + "-" + look.Name())
			checkSeenIn(t, page, language)
			withdrawn := chromium.Open(t, x.url+"/p/main?link=x", look)
			withdrawn.Picture("entrance-withdrawn-" + language + "-" + look.Name())
			checkSeenIn(t, withdrawn, language)
		}
	}
	for name, path := range map[string]string{"box": "/p/box", "rep": "/p/shop", "shut": "/p/shut", "none": "/p/none", "codes": "/p/", "link": "/p/?link=55555555AAAAAAAA&page_url=https://shop.example.com/basket%3Fitem=12345678901234567890&page_title=Your%20basket"} {
		page := chromium.Open(t, x.url+path, phone)
		page.Picture("entrance-" + name)
		checkSeenIn(t, page, "en")
	}
}

// TestE2EntranceOnAPhone: what is wrong is said where the customer looks, nothing that they wrote is lost, and they come in.
func TestE2EntranceOnAPhone(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	page := chromium.Open(t, x.url+"/p/main", phone)
	page.Click("Describe your problem")
	page.Click("VPN (nobody is available right now)")
	page.Fill("Your name", " ")
	page.Fill("Company (optional)", "Doe Ltd")
	page.Fill("What is the problem? (optional)", "No tunnel")
	page.Press("Ask for help")
	page.Until("Enter your name, on one line")
	page.Picture("entrance-mistake")
	checkSeenIn(t, page, "en")
	page.Click("Enter your name, on one line and in at most 200 characters.")
	if got := page.Focused(); got != "Your name" {
		t.Errorf("the link to the field leads to %q", got)
	}
	page.Fill("Your name", "Jo Doe")
	page.Press("Ask for help")
	page.Until("Nobody is available right now. What you wrote is still here")
	page.Until("Find help here")
	page.Picture("entrance-nobody")
	checkSeenIn(t, page, "en")
	page.Click("Paper jam")
	page.Press("Ask for help")
	x.entered(t, page)
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"name":"Jo Doe","company":"Doe Ltd","details":"No tunnel","language":"en"`, "Paper jam"}})
}

// TestE1EntranceByKeysAlone: Tab, letters and Enter are enough.
func TestE1EntranceByKeysAlone(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=key"})
	page := chromium.Open(t, x.url+"/p/main", phone)
	page.Tab(3)
	if got := page.Focused(); got != "Enter a key or code" {
		t.Fatalf("the third is %q", got)
	}
	page.Keys(browsertest.Enter)
	page.Tab(1)
	page.Keys("333-3333")
	page.Tab(1)
	page.Keys("Jo" + browsertest.Enter)
	page.Until("lets nobody in")
	page.Picture("entrance-wrong-code")
	checkSeenIn(t, page, "en")
	page.Tab(1)
	page.Keys(browsertest.Enter) // the link to the field
	if got := page.Focused(); got != "Key or code" {
		t.Fatalf("the link to the field leads to %q", got)
	}
	page.Fill("Key or code", strings.ToLower(x.saved["key"]))
	page.Keys(browsertest.Enter)
	page.Gone("lets nobody in")
	x.entered(t, page)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
}

// TestE2EntranceWithoutScripts does all of it.
func TestE2EntranceWithoutScripts(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	page := chromium.Open(t, x.url+"/p/main", browsertest.Look{Width: browsertest.Phone, NoScript: true})
	page.Picture("entrance-without-scripts")
	page.Until("needs JavaScript")
	page.Click("Choose who helps you")
	page.Fill("Your name", "Jo")
	page.Press("Ask for help") // the only rep is chosen
	x.entered(t, page)
	button := chromium.Open(t, x.url+"/p/?link=55555555AAAAAAAA", browsertest.Look{Width: browsertest.Phone, NoScript: true})
	button.Fill("Your name", "Jo")
	button.Press("Ask for help")
	x.entered(t, button)
}

// TestE1E5SecretsInTheFragment: a key fills its box; a token goes to the desk in a form's body. Neither stays in the address
// bar, the history or a request's address.
func TestE1E5SecretsInTheFragment(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=key"})
	clean := func(page *browsertest.Page, secret string) {
		t.Helper()
		for _, asked := range append(page.Requests()[1:], page.URL()) {
			if strings.Contains(asked, secret) {
				t.Errorf("%s stands in %s", secret, asked)
			}
		}
	}
	for _, path := range []string{"/p/main", "/p/box", "/p/shop"} { // the last has no box for keys: it leads to where one is
		page := chromium.Open(t, x.url+path+"#key="+x.saved["key"], phone)
		page.Fill("Your name", "Jo")
		page.Picture("entrance-key")
		checkSeenIn(t, page, "en")
		if path != "/p/shop" {
			clean(page, x.saved["key"])
			continue
		}
		page.Press("Ask for help")
		x.entered(t, page)
	}
	x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"portal_id":"@main","customer":{"name":"Jo"}}`, want: 201, save: "token=guest_token url=guest_url"})
	page := chromium.Open(t, x.url+x.saved["url"], phone)
	page.Until("Keep this page open")
	x.entered(t, page)
	clean(page, "rdg_")
}

// shop is somebody else's pages with a help link, on an origin of their own. They answer whoever asks with {ping: …}, so that
// a test knows what was not answered before.
func shop(t *testing.T, deskURL, more string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/shop.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `addEventListener("message", (e) => { if (e.data.ping) e.source.postMessage({pong: e.data.ping}, "*"); else document.getElementById("asked")?.append("asked "); });`)
		case "/spy":
			fmt.Fprint(w, `<!doctype html><html lang="en"><title>Spy</title><button>Look</button><p id="told"></p><script>
				addEventListener("message", (e) => document.getElementById("told").append(JSON.stringify(e.data)));
				document.querySelector("button").onclick = () => { const w = open("/basket"); setInterval(() => { w.postMessage({repdesk: "where"}, "*"); w.postMessage({ping: 1}, "*"); }, 100); };</script>`)
		default:
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' "+deskURL) // all that the help script needs
			fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Shop %s</title><h1>%s</h1><a href="/pay?step=2">To the checkout</a> <a href="/">To the start</a>%s
				<script src="/shop.js"></script><script src="%s/assets/help.js" data-link="55555555AAAAAAAA" data-portal="box" async></script>`, r.URL.Path, r.URL.Path, more, deskURL)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestE4HelpOnOtherPeoplesPages: the script adds a button where the page has none, which opens the desk's page in a window; the
// desk knows which page it is about, and goes on to know when the customer goes on.
func TestE4HelpOnOtherPeoplesPages(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	site := shop(t, x.url, "")
	page := chromium.Open(t, site+"/basket?item=7#top", phone)
	page.Click("Help")
	page.Picture("help-button")
	page.Accessible()
	help := page.Opened(phone)
	help.Until("You are asking for help with this page: Shop /basket " + site + "/basket?item=7#top")
	help.Picture("help-window")
	checkSeenIn(t, help, "en")
	if got := help.URL(); got != x.url+"/p/box?link=55555555AAAAAAAA" {
		t.Errorf("the window is at %s", got)
	}
	help.Fill("Your name", "Jo")
	page.Press("To the checkout")
	help.Until("Shop /pay " + site + "/pay?step=2")
	page.Click("Help") // once more: the window stays as it is
	help.Press("Ask for help")
	x.entered(t, help)
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"title":"[Browser] Jo"`, `"page_url":"` + site + `/pay?step=2","page_title":"Shop /pay"`}})
	page.Press("To the start")
	x.eventually(t, "the session knows that the customer has gone on", func() bool {
		return strings.Contains(x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses"}).text, `"page_url":"`+site+`/","page_title":"Shop /"`)
	})
	checkSeenIn(t, help, "en")
	if said := page.Complaints(); len(said) > 0 {
		t.Errorf("the site's console says %q", said)
	}
}

// TestE4C13WhoHasLeftIsNotFollowed: the desk learns no more of where a customer is who has left the session and keeps its window
// open, and does not take them for back. When they come back, it does.
func TestE4C13WhoHasLeftIsNotFollowed(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	site := shop(t, x.url, `<p id="asked"></p>`)
	page := chromium.Open(t, site+"/basket", phone)
	page.Click("Help")
	help := page.Opened(phone)
	help.Fill("Your name", "Jo")
	help.Press("Ask for help")
	x.entered(t, help)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
	help.Until("You are in a session with Ana")
	help.Click("Leave the session")
	help.Click("Leave now")
	help.Until("You have left the session")
	page.Press("To the checkout")
	page.Until("asked asked") // and so answered before
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"customer_gone":true`}, hasNot: []string{"/pay"}})
	help.Click("Come back")
	x.eventually(t, "the session knows where the customer is who is back", func() bool {
		return strings.Contains(x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses"}).text, `"page_url":"`+site+`/pay?step=2"`)
	})
}

// TestE4HelpWhereThePageHasAButton: the site's own opens it, and none is added.
func TestE4HelpWhereThePageHasAButton(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	page := chromium.Open(t, shop(t, x.url, `<a href="#" data-repdesk-help><b>Talk to us</b></a>`)+"/", phone)
	page.Click("Talk to us")
	help := page.Opened(phone)
	help.Until("You are asking for help with this page: Shop /")
	if seen := page.Text(); strings.Contains(seen, "Help") {
		t.Errorf("a button was added: %s", seen)
	}
}

// TestE4HelpTellsTheDeskAlone: any other page that opens the site's and asks where it is gets no answer.
func TestE4HelpTellsTheDeskAlone(t *testing.T) {
	chromium := browsertest.New(t)
	x := newEntrance(t)
	page := chromium.Open(t, shop(t, x.url, "")+"/spy", phone)
	page.Click("Look")
	page.Opened(phone).Until("Help") // the desk's script is there
	page.Until(strings.Repeat(`{"pong":1}`, len(strings.Split(page.Text(), "pong"))+3))
	if told := page.Text(); strings.Contains(told, "here") {
		t.Errorf("the site told %s", told)
	}
}
