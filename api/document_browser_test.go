package api_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
)

// TestReferenceAsPeopleSeeIt: the reference works under its strict policy, tries operations out on this server, and asks
// no other.
func TestReferenceAsPeopleSeeIt(t *testing.T) {
	x := newServer(t)
	token := x.token(t, "ana")
	page := browsertest.New(t).Open(t, x.url+"/docs", browsertest.Look{Width: browsertest.Desktop})
	page.Until("Inviting colleagues into a session, and following what becomes of it")
	text := page.Text()
	for path := range x.api.Document().Paths {
		if !strings.Contains(strings.ReplaceAll(text, "\u200b", ""), path) {
			t.Errorf("it does not show %s", path)
		}
	}
	page.Picture("docs")
	page.Click("Authorize")
	tabTo(t, page, "auth-bearer-value", -1) // of consoles; that of guests, below it, has the focus at first
	page.Keys(token + browsertest.Enter)
	tabTo(t, page, "Close", 1)
	page.Keys(browsertest.Enter)
	page.Click("post \u200b/v1\u200b/sessions\u200b/{session_id}\u200b/invitations")
	page.Until("Could you look at the tray with me?") // the example
	if seen := page.Seen(); len(seen.Wide) > 0 {
		t.Errorf("too wide: %q", seen.Wide)
	}
	page.Click("post \u200b/v1\u200b/sessions\u200b/{session_id}\u200b/invitations")
	page.Click("get \u200b/v1\u200b/me")
	page.Click("Try it out")
	page.Click("Execute")
	page.Until(`"public_name": "Ana"`)
	page.Click("get \u200b/v1\u200b/me")
	page.Click("post \u200b/v1\u200b/queues\u200b/next")
	page.Click("Try it out")
	page.Click("Execute")
	page.Until("queue_empty")
	page.Picture("docs-tried")
	if wrong := page.Complaints(); len(wrong) > 0 {
		t.Errorf("complaints: %q", wrong)
	}
	for _, asked := range page.Requests() {
		if !strings.HasPrefix(asked, x.url+"/") && !strings.HasPrefix(asked, "data:") {
			t.Errorf("it asks for %s", asked)
		}
	}
}

// tabTo goes on, or back, to the next thing of that name.
func tabTo(t *testing.T, page *browsertest.Page, name string, step int) {
	t.Helper()
	for range 20 {
		if page.Tab(step); page.Focused() == name {
			return
		}
	}
	t.Fatalf("no way to %s by the keyboard", name)
}

// TestProblemPageAsPeopleSeeIt: readable by day and by night, on a phone; a code's link leads to it; it loads nothing.
func TestProblemPageAsPeopleSeeIt(t *testing.T) {
	x := newServer(t)
	chromium := browsertest.New(t)
	for _, dark := range []bool{false, true} {
		look := browsertest.Look{Width: browsertest.Phone, Dark: dark}
		page := chromium.Open(t, x.url+"/docs/problems#already_invited", look)
		page.Picture("problems-" + look.Name())
		page.Accessible()
		if seen := page.Seen(); len(seen.Wide) > 0 || len(seen.Faint) > 0 {
			t.Errorf("too wide: %q, too faint: %q", seen.Wide, seen.Faint)
		}
		if asked, wrong := page.Requests(), page.Complaints(); len(asked) != 1 || len(wrong) > 0 {
			t.Errorf("it asks for %q; complaints: %q", asked, wrong)
		}
	}
}
