package api_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
)

// guestOf has the customer whose token was saved call as "guest/" and the name.
func (x *server) guestOf(name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens["guest/"+name] = x.saved[name]
}

// asIs is an answer without what is different in every one.
func (a answer) asIs() string {
	header := a.header.Clone()
	header.Del("Request-Id")
	return fmt.Sprint(a.status, header, strings.ReplaceAll(a.text, a.header.Get("Request-Id"), ""))
}

// TestE1SessionKeys: a key of seven letters lets one customer in, who waits for the rep who made it.
func TestE1SessionKeys(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.play(t,
			call{as: "ana", do: "POST /v1/session-keys", body: `{"portal_id":"@main","lifetime_seconds":90}`, want: 201, save: "key=key key_id=id",
				has: []string{`"url":"/p/main#key=`, `"portal":{"id":"prt_`, `"created_at":"2026-03-02T09:00:00Z","expires_at":"2026-03-02T09:01:30Z"`}, hasNot: []string{"rep_", "mac"}, answers: headers{"Cache-Control": "no-store"}},
			call{as: "ana", do: "GET /v1/session-keys", has: []string{"$key_id"}, hasNot: []string{"$key", `"url"`}},
			call{name: "somebody else", as: "ben", do: "GET /v1/session-keys", has: []string{`"items":[]`}},
			call{as: "ben", do: "DELETE /v1/session-keys/$key_id", want: 404, code: "not_found"},
			call{name: "nobody", do: "POST /v1/session-keys", body: `{}`, want: 401, code: "not_logged_in"},
			call{name: "too short a life", as: "ana", do: "POST /v1/session-keys", body: `{"lifetime_seconds":59}`, want: 422, code: "validation_failed", fields: "lifetime_seconds:too_small"},
			call{name: "too long", as: "ana", do: "POST /v1/session-keys", body: `{"lifetime_seconds":86401}`, want: 422, code: "validation_failed", fields: "lifetime_seconds:too_large"},
			call{name: "no such portal", as: "ana", do: "POST /v1/session-keys", body: `{"portal_id":"@nowhere"}`, want: 404, code: "not_found"},
			call{name: "with a key too short to seal it", as: "ana", do: "POST /v1/session-keys", headers: headers{"Idempotency-Key": "short"}, want: 422, code: "validation_failed"})
		key := x.saved["key"]
		if len(key) != desk.SessionKeyLength || strings.Trim(key, desk.SessionKeyAlphabet) != "" {
			t.Errorf("key %q", key)
		}
		x.saved["written"] = strings.ToLower(key[:2]) + " -" + key[2:] + " "
		x.play(t,
			call{do: "POST /v1/public/sessions", body: `{"session_key":"$written","customer":{"name":"Jo Doe","company":"Doe Ltd"}}`, want: 201, save: "jo=token ses=session.id",
				has: []string{`"state":"waiting"`, `"name":"Main"`, `"token":"rdg_`}, hasNot: []string{"Ruiz", "$ana", `"owner"`, `"team"`}, answers: headers{"Cache-Control": "no-store", "Location": "/v1/guest/session"}},
			call{name: "not ben's", as: "ben", do: "POST /v1/sessions/$ses/accept", want: 404, code: "not_found"},
			call{name: "nobody's", as: "ben", do: "GET /v1/event-log?after=0", hasNot: []string{"Jo Doe"}})
		x.guestOf("jo")
		x.pass(t, 5*time.Minute, "ana")
		x.play(t,
			call{name: "the session outlives the key", as: "ana", do: "POST /v1/sessions/$ses/accept", has: []string{"Jo Doe"}},
			call{as: "guest/jo", do: "GET /v1/guest/session", has: []string{`"state":"active"`, `"name":"Ana"`}, hasNot: []string{"Ruiz"}})
	})
}

// TestE1E6WrongKeys: wrong, used, expired, deleted: the same answer, byte for byte.
func TestE1E6WrongKeys(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana")
		for _, name := range []string{"used", "deleted", "expired"} {
			x.do(t, call{as: "ana", do: "POST /v1/session-keys", body: `{"lifetime_seconds":60}`, want: 201, save: name + "=key " + name + "_id=id"})
		}
		enter := func(way string) call {
			return call{do: "POST /v1/public/sessions", body: `{` + way + `,"customer":{"name":"Jo"}}`, want: 410, code: "code_not_valid"}
		}
		first := enter(`"session_key":"$used"`)
		first.want, first.code = 201, ""
		x.do(t, first)
		x.do(t, call{as: "ana", do: "DELETE /v1/session-keys/$deleted_id", want: 204})
		x.clock.Advance(time.Minute)
		x.here(t, "ana")
		want := ""
		for _, way := range []string{`"session_key":"3333333"`, `"session_key":"$used"`, `"session_key":"$deleted"`, `"session_key":"$expired"`, `"session_key":"?"`, `"session_key":"ключ 🗝"`,
			`"support_button_code":"none"`, `"help_link_code":"none"`, `"help_link_code":"$used"`, `"portal_id":"@main","session_key":"$used"`} {
			got := x.do(t, enter(way)).asIs()
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%s: %s, not %s", way, got, want)
			}
		}
		x.do(t, call{as: "ana", do: "GET /v1/sessions", has: []string{`"items":[{`}, hasNot: []string{"},{\"id\":\"ses_"}})
	})
}

// TestE6KeysAreOneEntrance: whichever portal somebody guesses keys in, all are counted together, since each key is good in all.
func TestE6KeysAreOneEntrance(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		for _, portal := range []string{"", `"portal_id":"@main",`, `"portal_id":"@open",`, `"portal_id":"@looking",`} {
			x.do(t, call{do: "POST /v1/public/sessions", body: `{` + portal + `"session_key":"3333333","customer":{"name":"Jo"}}`, want: 410, code: "code_not_valid"})
		}
		x.do(t, call{name: "a portal that there is not is no guess", do: "POST /v1/public/sessions", body: `{"portal_id":"@none","session_key":"3333333","customer":{"name":"Jo"}}`, want: 404, code: "not_found"})
		if counted := x.api.Guessed("session_key"); counted != 4 {
			t.Errorf("%v of 4 are counted", counted)
		}
	})
}

// TestE1OneKeyManyCustomers: of twenty who enter it at the same instant one gets in.
func TestE1OneKeyManyCustomers(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=key"})
		var in, refused atomic.Int64
		var running sync.WaitGroup
		for i := range 20 {
			running.Go(func() {
				switch a := x.send(t, "POST", "/v1/public/sessions", "", fmt.Sprintf(`{"session_key":%q,"customer":{"name":"Jo %d"}}`, x.saved["key"], i), nil); a.status {
				case 201:
					in.Add(1)
				case 410:
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.text)
				}
			})
		}
		running.Wait()
		if got := len(x.do(t, call{as: "ana", do: "GET /v1/sessions"}).items("id")); in.Load() != 1 || refused.Load() != 19 || got != 1 {
			t.Errorf("%d in, %d refused, %d sessions", in.Load(), refused.Load(), got)
		}
	})
}

// TestE2B18ByThePage: reps who are shown and issues of the portal, as its modes say.
func TestE2B18ByThePage(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: shop, name: Shop, modes: [web]}, {slug: box, name: Box, modes: [phone]}, {slug: closed, name: Closed, disabled: true}]`)
		x.logInAll(t, "ana", "ben", "cho", "dev")
		x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"show_on_public_page":true}`})
		x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=key"})
		enter := func(name, portal, way string, want int, code string) call {
			return call{name: name, do: "POST /v1/public/sessions", body: `{"portal_id":"` + portal + `",` + way + `,"customer":{"name":"Jo Doe","details":"The tray jams"}}`, want: want, code: code,
				hasNot: []string{"Ruiz", "Okafor", "@example.com", "$ben", "$cho", "$ana"}}
		}
		x.play(t,
			call{do: "GET /v1/public/portals/@main", has: []string{`"reps":[{"id":"$ana","name":"Ana"}]`, `"name":"Paper jam","available":true`}, hasNot: []string{"Ruiz", "$ben", "Okafor", "$cho", "username"}},
			enter("a rep", "@main", `"rep_id":"$ana"`, 201, ""),
			enter("an issue", "@main", `"issue_id":"@vpn"`, 201, ""),
			enter("a rep who is not shown", "@main", `"rep_id":"$ben"`, 404, "not_found"),
			enter("an issue where no queue is", "@shop", `"issue_id":"@vpn"`, 403, "not_allowed"),
			enter("a rep there", "@shop", `"rep_id":"@ana"`, 201, ""),
			enter("a rep where no page is", "@box", `"rep_id":"@ana"`, 403, "not_allowed"),
			enter("a key where no box is", "@shop", `"session_key":"$key"`, 403, "not_allowed"),
			enter("a code where no box is", "@shop", `"support_button_code":"x"`, 403, "not_allowed"),
			enter("a portal that is closed", "@closed", `"rep_id":"@ana"`, 404, "not_found"),
			enter("a key there", "@closed", `"session_key":"$key"`, 404, "not_found"),
			enter("a key where a box is", "@box", `"session_key":"$key"`, 201, ""),
			enter("two ways", "@main", `"rep_id":"@ana","issue_id":"@vpn"`, 422, "one_target_needed"),
			enter("a team is no way in", "@main", `"team_id":"@printers"`, 422, "validation_failed"),
			call{name: "no way", do: "POST /v1/public/sessions", body: `{"portal_id":"@main","customer":{"name":"Jo"}}`, want: 422, code: "one_target_needed"},
			call{name: "no portal", do: "POST /v1/public/sessions", body: `{"rep_id":"@ana","customer":{"name":"Jo"}}`, want: 422, code: "validation_failed", fields: "portal_id:required"})
	})
}

// TestE4PageOfABrowserSession: the session carries its address and title, kept current by the customer alone.
func TestE4PageOfABrowserSession(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana")
		x.open(t, "device", "ana", "")
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions", body: `{"kind":"browser","page_url":"javascript:alert(1)","customer":{"name":"Jo"}}`, want: 422, fields: "page_url:bad_format"},
			call{as: "ana", do: "POST /v1/sessions", body: `{"page_url":"https://shop.example.com","customer":{"name":"Jo"}}`, want: 422, fields: "page_url:not_browser"},
			call{do: "POST /v1/public/sessions", body: `{"help_link_code":"none","page_url":"data:text/html,x","customer":{"name":"Jo"}}`, want: 422, fields: "page_url:bad_format"},
			call{as: "ana", do: "POST /v1/sessions", body: `{"kind":"browser","page_url":"https://shop.example.com/","page_title":"Shop","customer":{"name":"Jo"}}`, want: 201, save: "ses=session.id jo=guest_token", has: []string{`"title":"[Browser] Jo"`, `"page_title":"Shop"`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/accept", has: []string{`"page_url":"https://shop.example.com/"`}})
		x.guestOf("jo")
		cursor := x.cursor(t, "ana")
		x.play(t,
			call{as: "guest/jo", do: "GET /v1/guest/session", has: []string{`"page_url":"https://shop.example.com/"`}},
			call{as: "guest/jo", do: "PATCH /v1/guest/session", body: `{"page_url":"https://shop.example.com/pay","page_title":"Pay \u202ewon"}`, has: []string{"/pay", "won"}})
		same := x.do(t, call{as: "guest/jo", do: "PATCH /v1/guest/session", body: `{"page_url":"https://shop.example.com/pay"}`}).header.Get("ETag")
		x.play(t,
			call{name: "known by the answer to the change", as: "guest/jo", do: "GET /v1/guest/session", headers: headers{"If-None-Match": same}, want: 304},
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{"https://shop.example.com/pay"}},
			call{as: "guest/jo", do: "PATCH /v1/guest/session", body: `{"page_url":"javascript:alert(1)"}`, want: 422, fields: "page_url:bad_format"},
			call{as: "guest/jo", do: "PATCH /v1/guest/session", body: `{"page_title":"a\u0000b"}`, want: 400, code: "malformed"},
			call{as: "guest/jo", do: "PATCH /v1/guest/session", body: `{"page_url":"https://x.example/` + strings.Repeat("x", 2000) + `"}`, want: 422, fields: "page_url:too_long"},
			call{name: "a device has no page", as: "guest/device", do: "PATCH /v1/guest/session", body: `{"page_title":"x"}`, want: 403, code: "not_allowed"},
			call{name: "a rep is no guest", as: "ana", do: "PATCH /v1/guest/session", body: `{"page_title":"x"}`, want: 401, code: "token_unknown"})
		if events := x.do(t, call{as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"reason":"page"`}}); len(events.items("id")) != 1 {
			t.Errorf("the same again is told again: %s", events.text)
		}
	})
}

// TestE5TheWayIn: who starts a session gets an address for the customer, with the token where no server reads it.
func TestE5TheWayIn(t *testing.T) {
	x := newServer(t)
	x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"}}`, want: 201, has: []string{`"guest_url":"/p/#rdg_`}})
	public := restarted(t, x.store, x.clock, func(cfg *api.Config) { cfg.PublicURL = "https://desk.example.com" })
	a := public.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"portal_id":"@main","customer":{"name":"Jo"}}`, want: 201, answers: headers{"Cache-Control": "no-store"}})
	if got, want := a.at("guest_url"), "https://desk.example.com/p/main#"+a.at("guest_token"); got != want {
		t.Errorf("guest_url %s, want %s", got, want)
	}
	public.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=key", has: []string{`"url":"https://desk.example.com/p/#key=`}})
	public.do(t, call{as: "ana", do: "GET /v1/event-log?after=0", hasNot: []string{"guest_token", "guest_url", "$key"}})
}

// TestD11NobodyThere: the customer is told at once, and where to go; the key that was tried still stands.
func TestD11NobodyThere(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: main, name: Main, unavailable_url: "https://help.example.com"}]`)
		x.logInAll(t, "ana", "dev")
		x.do(t, call{as: "ana", do: "POST /v1/session-keys", body: `{"portal_id":"@main"}`, want: 201, save: "key=key"})
		x.do(t, call{as: "ana", do: "DELETE /v1/me/consoles/current", want: 204})
		away := call{do: "POST /v1/public/sessions", want: 409, code: "no_rep_available", has: []string{`"redirect_url":"https://help.example.com"`}, hasNot: []string{"Ana", "$ana", "Printers"}}
		byKey, byIssue, script := away, away, away
		byKey.body = `{"session_key":"$key","customer":{"name":"Jo"}}`
		byIssue.body = `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"Jo"}}`
		script.as, script.do, script.body = "dev", "POST /v1/sessions", `{"portal_id":"@main","team_id":"@printers","customer":{"name":"Jo"}}`
		x.play(t, byKey, byKey, byIssue, script,
			call{do: "GET /v1/public/portals/@main", has: []string{`"unavailable_url":"https://help.example.com"`, `"name":"Paper jam","available":false`, `"name":"VPN","available":true`}},
			call{name: "a persistent team keeps it", as: "dev", do: "POST /v1/sessions", body: `{"team_id":"@night","customer":{"name":"Jo"}}`, want: 201})
		x.logIn(t, "ana", `{"username":"ana","password":"correct horse","device":{"platform":"script"}}`)
		byKey.want, byKey.code, byKey.has = 201, "", nil
		x.do(t, byKey)
	})
}

// strict are limits that a test reaches soon, with a proxy on this machine that says who asks.
func strict(limits api.RateLimits) func(*api.Config) {
	return func(cfg *api.Config) {
		cfg.Limits, cfg.TrustedProxies = limits, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
}

func from(address string, c call) call {
	c.headers = headers{"X-Forwarded-For": address}
	return c
}

// TestE6WrongOnesAreBlocked: the address, for keys and codes alone, and the right ones too.
func TestE6WrongOnesAreBlocked(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana")
		x.do(t, call{as: "ana", do: "POST /v1/session-keys", body: `{"lifetime_seconds":3600}`, want: 201, save: "key=key"})
		y := restarted(t, x.store, x.clock, strict(api.RateLimits{}))
		y.saved = x.saved
		wrong := call{do: "POST /v1/public/sessions", body: `{"session_key":"3333333","customer":{"name":"Jo"}}`, want: 410, code: "code_not_valid"}
		right := call{do: "POST /v1/public/sessions", body: `{"session_key":"$key","customer":{"name":"Jo"}}`, want: 429, code: "too_many_attempts", answers: headers{"Retry-After": "600"}}
		link := call{do: "POST /v1/public/sessions", body: `{"help_link_code":"x","customer":{"name":"Jo"}}`, want: 410, code: "code_not_valid"}
		invalid := call{do: "POST /v1/public/sessions", body: `{"session_key":"$key","customer":{"name":" "}}`, want: 422, code: "validation_failed"}
		issue := call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"Jo"}}`, want: 201}
		for range 5 {
			y.do(t, from("192.0.2.1", wrong))
			y.do(t, from("192.0.2.1", link))
			y.do(t, from("192.0.2.9", invalid)) // tries nothing
		}
		blocked := y.do(t, from("192.0.2.1", right)).asIs()
		wrong.want, wrong.code = 429, "too_many_attempts"
		if got := y.do(t, from("192.0.2.1", wrong)).asIs(); got != blocked {
			t.Errorf("a right one is answered %s, a wrong one %s", blocked, got)
		}
		y.play(t,
			from("192.0.2.1", call{name: "the page is not blocked", do: "GET /v1/public/portals/@main"}),
			from("192.0.2.1", issue),
			from("2001:db8:1:2::1, 192.0.2.1", right))
		y.clock.Advance(10 * time.Minute)
		x.here(t, "ana")
		right.want, right.code, right.answers = 201, "", nil
		y.do(t, from("192.0.2.1", right))
	})
}

// TestE6SoManyAMinute: what is public is limited per address, whatever an unlisted client says of where it comes from.
func TestE6SoManyAMinute(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana")
	limits := api.RateLimits{EntersAMinute: 3, ReadsAMinute: 5}
	enter := call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"Jo"}}`, want: 201}
	read := call{do: "GET /v1/public/portals/@main"}
	over := func(c call) call {
		c.want, c.code, c.has = 429, "too_many_requests", []string{`"retry_after_seconds":`}
		return c
	}
	proxied := restarted(t, x.store, x.clock, strict(limits))
	for i := range 5 {
		proxied.do(t, from("2001:db8:1:2::"+fmt.Sprint(i), read))
		if i < 3 {
			proxied.do(t, from("192.0.2.1", enter))
		}
	}
	if wait := proxied.do(t, from("192.0.2.1", over(enter))).header.Get("Retry-After"); wait == "" {
		t.Error("without Retry-After")
	}
	proxied.play(t,
		from("2001:db8:1:2:ffff::1", over(read)), // the same customer's network
		from("2001:db8:1:3::1", read),
		from("192.0.2.2", enter),
		from("2001:db8:1:2::1", call{name: "each operation by itself", do: "GET /v1/server"}))
	alone := restarted(t, x.store, x.clock, func(cfg *api.Config) { cfg.Limits = limits })
	for i := range 3 {
		alone.do(t, from(fmt.Sprintf("192.0.2.%d", i), enter))
	}
	alone.do(t, from("203.0.113.1", over(enter)))
	alone.clock.Advance(2 * time.Minute)
	x.here(t, "ana")
	alone.do(t, enter)
	for range 5 {
		alone.send(t, "GET", "/i/nonsense", "", "", nil)
	}
	if a := alone.send(t, "GET", "/i/nonsense", "", "", nil); a.status != 429 {
		t.Errorf("a page for the sixth time: %d", a.status)
	}
}

// TestE6HostileNames are kept as they are, or refused.
func TestE6HostileNames(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana")
		for _, name := range []string{`\u202eeoD oJ`, `👩🏽‍🚒 Jo`, `Zo\u0301e\u0323\u0302`, `<script>alert(1)</script>`, `Jo\\\"`} {
			a := x.do(t, call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"` + name + `"}}`, want: 201, save: "ses=session.id"})
			if seen := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses"}); seen.at("customer.name") == "" || seen.at("customer.name") != a.at("session.customer.name") {
				t.Errorf("%s: the rep sees %s", name, seen.at("customer.name"))
			}
		}
		for name, code := range map[string]string{strings.Repeat(" ", 10_000): "validation_failed", strings.Repeat(" ", 150): "validation_failed", `\u202e\u200f`: "validation_failed", `Jo\u0000`: "malformed", "Jo\xff": "malformed", `Jo\nDoe`: "validation_failed"} {
			want := map[string]int{"validation_failed": 422, "malformed": 400}[code]
			x.do(t, call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"` + name + `"}}`, want: want, code: code})
		}
	})
}
