package api_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
	"github.com/repdesk/repdesk/push/texts"
)

// checkSeen is checkSeenIn, and holds that the code stands in no address.
func (d *door) checkSeen(t *testing.T, page *browsertest.Page, language string) {
	t.Helper()
	checkSeenIn(t, page, language)
	for _, asked := range page.Requests() {
		if strings.Contains(asked, d.code) {
			t.Errorf("it asks for %q", asked)
		}
	}
}

// TestF4JoinPageAsPeopleSeeIt: each step, by day and by night, on a phone and a desk, in every language.
func TestF4JoinPageAsPeopleSeeIt(t *testing.T) {
	chromium := browsertest.New(t)
	d := newDoor(t, newServer(t), `{"joins":1,"comment":"You know this printer best.\nIt jams since Monday."}`)
	for _, language := range texts.Languages {
		for _, look := range looksIn(language) {
			code, link := chromium.Open(t, d.url+"/join", look), chromium.Open(t, d.url+d.link, look)
			code.Picture("join-code-" + language + "-" + look.Name())
			link.Picture("join-link-" + language + "-" + look.Name())
			d.checkSeen(t, code, language)
			d.checkSeen(t, link, language)
		}
	}
	page := chromium.Open(t, d.url+"/join", phone)
	page.Fill("Code", "000 000 000")
	page.Press("Go on")
	page.Picture("join-code-wrong")
	d.checkSeen(t, page, "en")
	missing := chromium.Open(t, d.url+"/join/nonsense", atNight)
	missing.Picture("join-missing")
	d.checkSeen(t, missing, "en")
	d.joined(t, d.submit(t, d.link, "", "name", "Kim", "do", "join"))
	usedUp := chromium.Open(t, d.url+d.link, phone)
	usedUp.Press("I have joined before")
	usedUp.Picture("join-used-up")
	d.checkSeen(t, usedUp, "en")
	d.cancel(t)
	cancelled := chromium.Open(t, d.url+d.link, phone)
	cancelled.Picture("join-cancelled")
	d.checkSeen(t, cancelled, "en")
}

// TestF4F6JoiningByKeys needs no mouse: the code, the name, Enter. Mistakes are said and lead to the field.
func TestF4F6JoiningByKeys(t *testing.T) {
	chromium := browsertest.New(t)
	d := newDoor(t, newServer(t), "{}")
	page := chromium.Open(t, d.url+"/join", phone)
	d.focused(t, page, "Code")
	page.Keys("12 34" + browsertest.Enter)
	page.Until("The code has nine digits")
	d.focused(t, page, "Code")
	page.Fill("Code", spaced(d.code))
	page.Keys(browsertest.Enter)
	page.Until("You are invited to a support session")
	d.checkInside(t)
	page.Tab(1)
	d.focused(t, page, "Your name")
	page.Keys(" " + browsertest.Enter)
	page.Until("Enter your name")
	d.focused(t, page, "Your name")
	page.Picture("join-name-wrong")
	d.checkSeen(t, page, "en")
	page.Fill("Your name", "Kim Lee")
	page.Tab(1)
	d.focused(t, page, "Join the session")
	page.Keys(browsertest.Enter)
	d.eventually(t, "Kim joined", func() bool { return len(d.inside(t)) == 1 })
	d.checkInside(t, "Kim Lee")
}

// focused waits for the focus, which comes a moment after the page.
func (d *door) focused(t *testing.T, page *browsertest.Page, want string) {
	t.Helper()
	d.eventually(t, "the focus is on "+want, func() bool { return page.Focused() == want })
}

// TestF4TheEntrancesBox takes the code too, and asks nobody for their name twice.
func TestF4TheEntrancesBox(t *testing.T) {
	chromium := browsertest.New(t)
	d := newDoor(t, newServer(t), "{}")
	page := chromium.Open(t, d.url+"/p/main", phone)
	page.Click("Enter a key or code")
	page.Fill("Key or code", spaced(d.code))
	page.Fill("Your name", "Kim")
	page.Press("Ask for help")
	page.Until("You are invited to a support session")
	if got := page.URL(); got != d.url+"/join" {
		t.Errorf("the browser is at %s", got)
	}
	page.Picture("join-from-entrance")
	d.checkSeen(t, page, "en")
	d.checkInside(t)
	page.Press("Join the session")
	page.Until("You are in a session with Ana")
	d.checkInside(t, "Kim")
}

// TestF6F10WithoutScripts is the whole way in and back, in two tabs, and in another browser.
func TestF6F10WithoutScripts(t *testing.T) {
	chromium := browsertest.New(t)
	d := newDoor(t, newServer(t), `{"joins":1}`)
	plain := browsertest.Look{Width: browsertest.Phone, NoScript: true}
	one, two := chromium.Open(t, d.url+d.link, plain), chromium.Open(t, d.url+d.link, plain)
	for _, tab := range []*browsertest.Page{one, two} {
		tab.Fill("Your name", "Kim")
		tab.Press("Join the session")
		if at := tab.URL(); at != d.url+"/s/"+d.saved["ses"] {
			t.Errorf("it leads to %s", at)
		}
	}
	d.checkInside(t, "Kim")
	if used := d.used(t); used != "1" {
		t.Errorf("%s joins are used", used)
	}
	back := chromium.Open(t, d.url+d.link, phone) // axe-core needs scripts
	back.Picture("join-before")
	d.checkSeen(t, back, "en")
	back.Press("Go on as Kim")
	d.checkInside(t, "Kim")
	other := chromium.Private(t).Open(t, d.url+d.link, plain)
	other.Until("This invitation is used up")
}

// TestF6HostileNamesAsPeopleSeeThem: neither markup nor marks nor length of a name or comment move anything else on the page.
func TestF6HostileNamesAsPeopleSeeThem(t *testing.T) {
	chromium := browsertest.New(t)
	d := newDoor(t, newServer(t), `{"comment":"\u202e`+strings.Repeat("W", 490)+`<i>"}`)
	name := "\u202e" + strings.Repeat("W", 190) + "<b>\u2069"
	page := chromium.Open(t, d.url+d.link, phone)
	page.Picture("join-hostile-comment")
	d.checkSeen(t, page, "en")
	d.joined(t, d.submit(t, d.link, "", "name", name, "do", "join"))
	page.Fill("Your name", name)
	page.Press("Join the session")
	page.Picture("join-hostile-inside")
	d.checkSeen(t, page, "en")
	back := chromium.Open(t, d.url+d.link, phone)
	back.Picture("join-hostile-name")
	d.checkSeen(t, back, "en")
	if seen := back.Seen(); !strings.Contains(seen.Text, "<b>") {
		t.Errorf("the name is %s", seen.Text)
	}
}
