package api_test

import (
	"regexp"
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
		for _, dark := range []bool{false, true} {
			look := browsertest.Look{Width: browsertest.Phone, Dark: dark}
			page := chromium.Open(t, x.url+"/i/"+token+"?answer=accept", look)
			page.Picture("link-" + language + "-" + look.Name())
			checkLinkSeen(t, page, language, 3)
		}
	}
	x.load(t, `reps: [{username: dev, name: Dev Patel, email: dev@example.com, locale: en, permissions: [extended_availability], teams: {network: member}}]`)
	page := chromium.Open(t, x.url+"/i/"+token, browsertest.Look{Width: browsertest.Desktop})
	page.Picture("link-en-" + browsertest.Look{Width: browsertest.Desktop}.Name())
	page.Press("Accept")
	page.Picture("link-accepted")
	if seen := page.Seen(); !strings.Contains(seen.Text, "You have accepted") {
		t.Errorf("after Accept: %s", seen.Text)
	}
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees", has: []string{`"name":"Dev Patel"`}})
	off := chromium.Open(t, x.url+"/i/"+token+"/unsubscribe", browsertest.Look{Width: browsertest.Phone})
	off.Picture("link-switch-off")
	checkLinkSeen(t, off, "en", 1)
	off.Press("Switch it off")
	off.Picture("link-switched-off")
	if seen := off.Seen(); !strings.Contains(seen.Text, "Extended availability is off") {
		t.Errorf("after Switch it off: %s", seen.Text)
	}
	over := chromium.Open(t, x.url+"/i/"+token, browsertest.Look{Width: browsertest.Phone})
	over.Picture("link-over")
	checkLinkSeen(t, over, "en", 1) // opens the app
	missing := chromium.Open(t, x.url+"/i/nothing", browsertest.Look{Width: browsertest.Phone, Dark: true})
	missing.Picture("link-missing")
	checkLinkSeen(t, missing, "en", 0)
}

func checkLinkSeen(t *testing.T, page *browsertest.Page, language string, buttons int) {
	t.Helper()
	seen := page.Seen()
	if seen.Lang != language || len(seen.Wide) > 0 || len(seen.Faint) > 0 || len(seen.Buttons) != buttons {
		t.Errorf("lang %q, too wide: %q, too faint: %q, %d buttons", seen.Lang, seen.Wide, seen.Faint, len(seen.Buttons))
	}
	for _, b := range seen.Buttons {
		if b.Height < 44 || b.Width < 200 {
			t.Errorf("%s is %.0f × %.0f: too small for a thumb", b.Label, b.Width, b.Height)
		}
	}
	page.Accessible()
	checkRequests(t, page)
}

// checkRequests holds that a page loads nothing but what the desk serves for it.
func checkRequests(t *testing.T, page *browsertest.Page) {
	t.Helper()
	for i, asked := range page.Requests() {
		if own := regexp.MustCompile(`^http://127\.0\.0\.1:\d+/(assets|v1/guest|s)/`); i > 0 && !own.MatchString(asked) {
			t.Errorf("it asks for %q", asked)
		}
	}
}
