package api_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestPagingWhileTheListGrows: every session that was there comes once, though new ones come meanwhile.
func TestPagingWhileTheListGrows(t *testing.T) {
	x := newServer(t)
	start := func(name string) string {
		return x.do(t, call{as: "ana", do: "POST /v1/sessions", body: fmt.Sprintf(`{"customer":{"name":%q}}`, name), want: 201}).at("session.id")
	}
	var want []string
	for i := range 120 {
		want = append(want, start(fmt.Sprintf("Customer %d", i)))
	}
	slices.Reverse(want) // the newest first
	var got, sizes []string
	for next := ""; ; {
		a := x.do(t, call{as: "ana", do: "GET /v1/sessions?limit=50&cursor=" + url.QueryEscape(next)})
		got = append(got, a.items("id")...)
		sizes = append(sizes, fmt.Sprint(len(a.items("id"))))
		start("Meanwhile")
		if next = a.at("next"); next == "" {
			break
		}
	}
	if !slices.Equal(got, want) || strings.Join(sizes, " ") != "50 50 20" {
		t.Errorf("pages of %v: %d items, want %d", sizes, len(got), len(want))
	}
	a := x.do(t, call{as: "ana", do: "GET /v1/sessions"})
	if len(a.items("id")) != 50 || a.at("next") == "" {
		t.Errorf("without a limit: %d", len(a.items("id")))
	}
	if all := x.do(t, call{as: "ana", do: "GET /v1/sessions?limit=200", hasNot: []string{`"next"`}}); len(all.items("id")) != 123 {
		t.Errorf("all: %d", len(all.items("id")))
	}
}

// TestPagesOfEveryList walks each paged list in pages of one, and gets what one page would give.
func TestPagesOfEveryList(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben/phone", "ben/tablet", "cho", "dev")
	x.open(t, "ses", "ana", "")
	x.open(t, "other", "ana", "")
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	x.invite(t, "inv2", "ana", "ses", `{"team_id":"@printers"}`)
	x.invite(t, "inv3", "ana", "other", `{"rep_id":"@ben"}`)
	for _, list := range []struct{ as, path string }{
		{"ana", "/v1/sessions"}, {"ben/phone", "/v1/me/invitations"}, {"ana", "/v1/sessions/$ses/invitations"}, {"ana", "/v1/invitations/$inv/deliveries"},
	} {
		want := x.do(t, call{as: list.as, do: "GET " + list.path}).items("id")
		var got []string
		for next, pages := "", 0; pages == 0 || next != ""; pages++ {
			a := x.do(t, call{as: list.as, do: "GET " + list.path + "?limit=1&cursor=" + next})
			got, next = append(got, a.items("id")...), a.at("next")
			if pages > 5 {
				t.Fatalf("%s does not end", list.path)
			}
		}
		if len(want) < 2 || !slices.Equal(got, want) {
			t.Errorf("%s: %v in pages of one, %v at once", list.path, got, want)
		}
	}
	first := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/share?q=%20&limit=1"})
	second := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/share?q=%20&limit=1&cursor=" + first.at("next")})
	if a, b := first.at("reps.0.name"), second.at("reps.0.name"); a != "Ben Okafor" || b != "Cho Min" {
		t.Errorf("the menu in pages: %s, %s", a, b)
	}
}

// TestCursors that do not fit.
func TestCursors(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.open(t, "other", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.invite(t, "inv2", "ana", "ses", `{"rep_id":"@cho"}`)
		x.play(t,
			call{as: "ana", do: "GET /v1/sessions?limit=1", save: "cur=next"},
			call{as: "ana", do: "GET /v1/sessions/$ses/invitations?limit=1", save: "invs=next"},
			call{as: "ana", do: "GET /v1/sessions/$ses/share?q=o&limit=1", save: "menu=next"},
			call{name: "with another limit", as: "ana", do: "GET /v1/sessions?limit=2&cursor=$cur"},
			call{name: "with a filter", as: "ana", do: "GET /v1/sessions?state=active&cursor=$cur", want: 422, code: "cursor_mismatch"},
			call{name: "with a search", as: "ana", do: "GET /v1/sessions?q=jo&cursor=$cur", want: 422, code: "cursor_mismatch"},
			call{name: "of another list", as: "ana", do: "GET /v1/me/invitations?cursor=$cur", want: 422, code: "cursor_mismatch"},
			call{name: "of another session", as: "ana", do: "GET /v1/sessions/$other/invitations?cursor=$invs", want: 422, code: "cursor_mismatch"},
			call{name: "of another search in the menu", as: "ana", do: "GET /v1/sessions/$ses/share?q=e&cursor=$menu", want: 422, code: "cursor_mismatch"},
			call{name: "of nobody", as: "ana", do: "GET /v1/sessions?cursor=nonsense", want: 422, code: "validation_failed", fields: "query.cursor:bad_format"},
			call{name: "not base64", as: "ana", do: "GET /v1/sessions?cursor=%C3%A4", want: 422, code: "validation_failed", fields: "query.cursor:bad_format"},
			call{name: "too long", as: "ana", do: "GET /v1/sessions?cursor=" + strings.Repeat("A", 1001), want: 422, code: "validation_failed", fields: "query.cursor:too_long"},
		)
		// Whoever reads a cursor can write one: texts that a database does not take are refused like any nonsense.
		for _, after := range []string{`\u0000`, `ses_\u0000`} {
			plain, _ := base64.RawURLEncoding.DecodeString(x.saved["cur"])
			forged := strings.Replace(string(plain), `"a":"`, `"a":"`+after, 1)
			x.do(t, call{as: "ana", do: "GET /v1/sessions?cursor=" + base64.RawURLEncoding.EncodeToString([]byte(forged)), want: 422, code: "validation_failed", fields: "query.cursor:bad_format"})
		}
	})
}

func TestLimits(t *testing.T) {
	x := newServer(t)
	x.play(t,
		call{name: "none", as: "ana", do: "GET /v1/sessions?limit=0", want: 422, code: "validation_failed", fields: "query.limit:too_small"},
		call{name: "less", as: "ana", do: "GET /v1/sessions?limit=-1", want: 422, code: "validation_failed", fields: "query.limit:too_small"},
		call{name: "too many", as: "ana", do: "GET /v1/sessions?limit=201", want: 422, code: "validation_failed", fields: "query.limit:too_large"},
		call{name: "the most", as: "ana", do: "GET /v1/sessions?limit=200"},
		call{name: "a word", as: "ana", do: "GET /v1/sessions?limit=all", want: 422, code: "validation_failed", fields: "query.limit:wrong_type"},
		call{name: "a fraction", as: "ana", do: "GET /v1/sessions?limit=1.5", want: 422, code: "validation_failed", fields: "query.limit:wrong_type"},
		call{name: "a number that no int holds", as: "ana", do: "GET /v1/sessions?limit=99999999999999999999", want: 422, code: "validation_failed"},
		call{name: "twice", as: "ana", do: "GET /v1/sessions?limit=1&limit=2", want: 200},
		call{name: "of events", as: "ana", do: "GET /v1/event-log?limit=201", want: 422, code: "validation_failed", fields: "query.limit:too_large"},
		call{name: "a wait without end", as: "ana", do: "GET /v1/event-log?wait_seconds=61", want: 422, code: "validation_failed", fields: "query.wait_seconds:too_large"},
		call{name: "an unknown state", as: "ana", do: "GET /v1/sessions?state=open", want: 422, code: "validation_failed", fields: "query.state:unknown_value"},
		call{name: "two questions to the menu", as: "ana", do: "GET /v1/sessions/" + nowhere["{session_id}"] + "/share?q=a&team_id=@network", want: 422, code: "one_target_needed"},
		call{name: "wildcards are letters", as: "ana", do: "GET /v1/sessions?q=%25", has: []string{`"items":[]`}},
	)
}
