package api_test

import (
	"testing"

	"github.com/repdesk/repdesk/api"
)

// E6: one guest writes so often a minute and no oftener; others, and reading, are not held up.
func TestE6AGuestWhoFloods(t *testing.T) {
	s, clock := openReady(t)
	x := restarted(t, s, clock, func(cfg *api.Config) { cfg.Limits = api.RateLimits{ActsAMinute: 3} })
	x.open(t, "one", "ana", "")
	x.open(t, "two", "ana", "")
	write := call{as: "guest/one", do: "POST /v1/guest/messages", body: `{"text":"Hello"}`, want: 201}
	for range 3 {
		x.do(t, write)
	}
	x.play(t,
		call{name: "the fourth", as: "guest/one", do: "POST /v1/guest/messages", body: `{"text":"Hello"}`, want: 429, code: "too_many_requests", has: []string{`"limit":3`, `"retry_after_seconds"`}},
		call{name: "what else they do", as: "guest/one", do: "POST /v1/guest/leave", want: 429, code: "too_many_requests"},
		call{name: "reading", as: "guest/one", do: "GET /v1/guest/messages", has: []string{"Hello"}},
		call{name: "somebody else", as: "guest/two", do: "POST /v1/guest/messages", body: `{"text":"Hello"}`, want: 201},
		call{name: "the owner", as: "ana", do: "POST /v1/sessions/$one/messages", body: `{"text":"Hello"}`, want: 201})
	clock.Advance(2 * 60 * second)
	x.do(t, write)
}

// H1: a guest has as many tabs as they like, within reason; the ninth closes the first.
func TestH1TabsOfAGuest(t *testing.T) {
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	tabs := []*sse{}
	for range 8 {
		tab := x.stream(t, "guest/ses", "")
		tab.until(t, "ready")
		tabs = append(tabs, tab)
	}
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"To all"}`, want: 201})
	for _, tab := range tabs {
		tab.until(t, "message.posted")
	}
	ninth := x.stream(t, "guest/ses", "")
	ninth.until(t, "ready")
	if got := tabs[0].until(t, "closing"); got[len(got)-1].at("reason") != "replaced" {
		t.Errorf("the first was told %+v", got)
	}
	tabs[0].end(t)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"To eight"}`, want: 201})
	for _, tab := range append(tabs[1:], ninth) {
		tab.until(t, "message.posted")
	}
}
