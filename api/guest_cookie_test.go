package api_test

import (
	"testing"

	"github.com/repdesk/repdesk/api"
)

// A browser's cookie opens a guest's operations and nothing else; of several sessions the one that is named (F7, C11); and nothing
// that another site sends changes anything.
func TestF7GuestCookies(t *testing.T) {
	x := newServer(t)
	x.open(t, "one", "ana", "")
	x.open(t, "two", "ana", "")
	cookie := func(session string) string { return "guest-" + x.saved[session] + "=" + x.tokens["guest/"+session] }
	one, both := headers{"Cookie": cookie("one")}, headers{"Cookie": cookie("one") + "; " + cookie("two")}
	said := func(more ...string) headers {
		h := headers{"Cookie": both["Cookie"]}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	write := `{"text":"Hello"}`
	x.play(t,
		call{name: "its only one", do: "GET /v1/guest/session", headers: one, has: []string{`"id":"$one"`}},
		call{name: "one of two", do: "GET /v1/guest/session?session_id=$two", headers: both, has: []string{`"id":"$two"`}},
		call{name: "two, and none named", do: "GET /v1/guest/session", headers: both, want: 401, code: "not_logged_in"},
		call{name: "one that it has not", do: "GET /v1/guest/session?session_id=$two", headers: one, want: 401, code: "not_logged_in"},
		call{name: "a token goes before", as: "guest/two", do: "GET /v1/guest/session", headers: one, has: []string{`"id":"$two"`}},
		call{name: "writing", do: "POST /v1/guest/messages?session_id=$one", body: write, headers: said("Sec-Fetch-Site", "same-origin"), want: 201, has: []string{`"session_id":"$one"`}},
		call{name: "another site", do: "POST /v1/guest/messages?session_id=$one", body: write, headers: said("Sec-Fetch-Site", "cross-site"), want: 403, code: "not_allowed"},
		call{name: "another host", do: "POST /v1/guest/leave?session_id=$one", headers: said("Origin", "https://evil.example"), want: 403, code: "not_allowed"},
		call{name: "a sibling host", do: "PATCH /v1/guest/session?session_id=$one", body: `{"page_title":"x"}`, headers: said("Sec-Fetch-Site", "same-site"), want: 403, code: "not_allowed"},
		call{name: "no rep's operation", do: "GET /v1/me", headers: one, want: 401, code: "not_logged_in"},
		call{name: "nor with a rep's token", do: "GET /v1/me", headers: headers{"Cookie": "guest-" + x.saved["one"] + "=" + x.tokens["ana"]}, want: 401, code: "not_logged_in"},
		call{name: "a rep's token in a cookie", do: "GET /v1/guest/session", headers: headers{"Cookie": "guest-" + x.saved["one"] + "=" + x.tokens["ana"]}, want: 401, code: "token_unknown"})
}

// On https the cookie has the prefix that no other host can set, and no other name counts.
func TestF7GuestCookiesOnHTTPS(t *testing.T) {
	s, clock := openReady(t)
	x := restarted(t, s, clock, func(cfg *api.Config) { cfg.PublicURL = "https://desk.example.com" })
	x.open(t, "one", "ana", "")
	for name, want := range map[string]int{"__Host-guest-": 200, "guest-": 401, "__Secure-guest-": 401} {
		if a := x.send(t, "GET", "/v1/guest/session", "", "", headers{"Cookie": name + x.saved["one"] + "=" + x.tokens["guest/one"]}); a.status != want {
			t.Errorf("with %s…: %d, want %d: %s", name, a.status, want, a.text)
		}
	}
}
