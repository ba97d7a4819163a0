package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
)

// checkIsPage holds what must hold of every page for people: what browsers may do with it, and what others may learn of it.
func checkIsPage(t testing.TB, a answer, status int) {
	t.Helper()
	if a.status != status || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v, want a page with %d: %s", a.status, a.header, status, a.text)
	}
	policy := a.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Robots-Tag") != "noindex" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", a.header)
	}
	// The address can be a secret, so no other site may learn it. With no-referrer a browser would send its form with
	// Origin: null, which is refused where it sends no Sec-Fetch-Site: on plain HTTP (Fetch standard, 3.2).
	if a.header.Get("Referrer-Policy") != "strict-origin" {
		t.Errorf("Referrer-Policy %q", a.header.Get("Referrer-Policy"))
	}
}

var (
	phone   = browsertest.Look{Width: browsertest.Phone}
	atNight = browsertest.Look{Width: browsertest.Phone, Dark: true}
	onDesk  = browsertest.Look{Width: browsertest.Desktop}
)

// looksIn are those at a page in a language. Colours are the same in all, and a desktop is wide enough for any.
func looksIn(language string) []browsertest.Look {
	looks := []browsertest.Look{phone}
	if language == "en" {
		looks = append(looks, atNight, onDesk)
	}
	for i := range looks {
		looks[i].Language = language
	}
	return looks
}

// checkSeen holds what must hold of every look at a page for people: it can be read and used as it is.
func checkSeen(t *testing.T, page *browsertest.Page) browsertest.Seen {
	t.Helper()
	seen := page.Seen()
	if len(seen.Wide) > 0 || len(seen.Faint) > 0 || seen.Texts == 0 {
		t.Errorf("too wide: %q, too faint: %q, of %d texts", seen.Wide, seen.Faint, seen.Texts)
	}
	for _, b := range seen.Buttons {
		if b.Height < 44 {
			t.Errorf("%s is %.0f px high: too small for a thumb", b.Label, b.Height)
		}
	}
	page.Accessible()
	checkQuiet(t, page)
	return seen
}

// checkQuiet holds that a page asks nobody but the desk, says no token in an address, and complains of nothing.
func checkQuiet(t *testing.T, page *browsertest.Page) {
	t.Helper()
	at, err := url.Parse(page.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, asked := range page.Requests() {
		if !strings.HasPrefix(asked, at.Scheme+"://"+at.Host+"/") || strings.Contains(asked, "rdg_") {
			t.Errorf("it asks for %q", asked)
		}
	}
	if wrong := page.Complaints(); len(wrong) > 0 {
		t.Errorf("the console complains: %q", wrong)
	}
}

// checkSeenIn is checkSeen of a page in a language.
func checkSeenIn(t *testing.T, page *browsertest.Page, language string) browsertest.Seen {
	t.Helper()
	seen := checkSeen(t, page)
	if seen.Lang != language {
		t.Errorf("lang %q, want %q", seen.Lang, language)
	}
	return seen
}
