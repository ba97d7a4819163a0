package api_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
	"github.com/repdesk/repdesk/push/texts"
)

// TestG2LinkPageAsPeopleSeeIt: readable by day and by night, on a phone, in every language; it loads nothing; and its
// button does what it says.
func TestG2LinkPageAsPeopleSeeIt(t *testing.T) {
	chromium := browsertest.New(t)
	x := newServer(t)
	token := x.mailedLink(t)
	for _, language := range texts.Languages {
		x.load(t, `reps: [{username: dev, name: Dev Patel, email: dev@example.com, locale: `+language+`, time_zone: Europe/Madrid, permissions: [extended_availability], teams: {network: member}}]`)
		for _, look := range looksIn(language) {
			page := chromium.Open(t, x.url+"/i/"+token+"?answer=accept", look)
			page.Picture("link-" + language + "-" + look.Name())
			checkLinkSeen(t, page, language, 3)
		}
	}
	x.load(t, `reps: [{username: dev, name: Dev Patel, email: dev@example.com, locale: en, permissions: [extended_availability], teams: {network: member}}]`)
	page := chromium.Open(t, x.url+"/i/"+token, onDesk)
	page.Picture("link-en-" + onDesk.Name())
	page.Press("Accept")
	page.Picture("link-accepted")
	if seen := page.Seen(); !strings.Contains(seen.Text, "You have accepted") {
		t.Errorf("after Accept: %s", seen.Text)
	}
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees", has: []string{`"name":"Dev Patel"`}})
	off := chromium.Open(t, x.url+"/i/"+token+"/unsubscribe", phone)
	off.Picture("link-switch-off")
	checkLinkSeen(t, off, "en", 1)
	off.Press("Switch it off")
	off.Picture("link-switched-off")
	if seen := off.Seen(); !strings.Contains(seen.Text, "Extended availability is off") {
		t.Errorf("after Switch it off: %s", seen.Text)
	}
	over := chromium.Open(t, x.url+"/i/"+token, phone)
	over.Picture("link-over")
	checkLinkSeen(t, over, "en", 1) // opens the app
	missing := chromium.Open(t, x.url+"/i/nothing", atNight)
	missing.Picture("link-missing")
	checkLinkSeen(t, missing, "en", 0)
}

func checkLinkSeen(t *testing.T, page *browsertest.Page, language string, buttons int) {
	t.Helper()
	seen := checkSeenIn(t, page, language)
	if len(seen.Buttons) != buttons {
		t.Errorf("%d buttons, want %d", len(seen.Buttons), buttons)
	}
	for _, b := range seen.Buttons {
		if b.Width < 200 {
			t.Errorf("%s is %.0f px wide: too small for a thumb", b.Label, b.Width)
		}
	}
}
