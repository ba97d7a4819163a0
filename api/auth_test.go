package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestNoTokenNoAnswer asks every operation that is not public without a token and with wrong ones. The token is asked
// for before anything else: not even a bad body is told of.
func TestNoTokenNoAnswer(t *testing.T) {
	x := newServer(t)
	good := x.token(t, "ana")
	asked := 0
	for path, item := range x.api.Document().Paths {
		for parameter, id := range nowhere {
			path = strings.Replace(path, parameter, id, 1)
		}
		for method, op := range operationsOf(item) {
			if len(op.Security) == 0 {
				continue
			}
			for _, wrong := range []struct{ auth, code string }{
				{"", "not_logged_in"}, {"Bearer", "not_logged_in"}, {"Bearer ", "not_logged_in"}, {"Basic YW5hOmI=", "not_logged_in"}, {good, "not_logged_in"}, {"Token " + good, "not_logged_in"},
				{"Bearer x", "token_unknown"}, {"Bearer rdc_", "token_unknown"}, {"Bearer " + good[:len(good)-1], "token_unknown"}, {"Bearer " + good + "A", "token_unknown"},
				{"Bearer " + strings.ToUpper(good), "token_unknown"}, {"Bearer " + strings.Replace(good, "rdc_", "rda_", 1), "token_unknown"}, {"Bearer rdc_" + strings.Repeat("é", 20), "token_unknown"},
			} {
				a := x.send(t, method, path, wrong.auth, "{", nil)
				if a.status != 401 || a.at("code") != wrong.code {
					t.Errorf("%s with %q: %d %s", op.OperationID, wrong.auth, a.status, a.text)
				}
				x.checkAnswer(t, op.OperationID, "", method, path, a)
			}
			asked++
		}
	}
	if asked < 20 {
		t.Errorf("only %d operations asked", asked)
	}
	x.play(t,
		call{name: "public ones do not care", do: "GET /v1/server", headers: headers{"Authorization": "Bearer rdc_wrong"}},
		call{name: "the scheme's case does not matter", do: "GET /v1/me/consoles", headers: headers{"Authorization": "bEARER  " + good}},
		call{name: "a token in the query is no token", do: "GET /v1/me?access_token=" + good, want: 401, code: "not_logged_in"},
	)
}

// TestTokensEnd in each of the ways.
func TestTokensEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		dead := call{do: "GET /v1/me", want: 401, code: "console_revoked", answers: headers{"WWW-Authenticate": `Bearer error="invalid_token"`}}
		as := func(who string) call { c := dead; c.as = who; return c }

		t.Run("log-out", func(t *testing.T) {
			x.do(t, call{as: "ana/old", do: "DELETE /v1/me/consoles/current", want: 204})
			x.do(t, as("ana/old"))
		})
		t.Run("log-out from another console", func(t *testing.T) {
			x.saved["con"] = x.do(t, call{as: "ana/lost", do: "GET /v1/me/consoles"}).at("items.0.id")
			x.do(t, call{as: "ana", do: "DELETE /v1/me/consoles/$con", want: 204})
			x.do(t, as("ana/lost"))
			x.do(t, call{as: "ana", do: "DELETE /v1/me/consoles/$con", want: 404, code: "not_found"})
		})
		t.Run("G10: the same rep on the same device", func(t *testing.T) {
			x.logInAll(t, "ben/tablet")
			con := x.do(t, call{as: "ben/tablet", do: "GET /v1/me/consoles"}).at("items.0.id")
			x.tokens["ben/before"] = x.tokens["ben/tablet"]
			x.forget("ben/tablet")
			if again := x.do(t, call{as: "ben/tablet", do: "GET /v1/me/consoles"}); again.at("items.0.id") != con || len(again.items("id")) != 1 {
				t.Errorf("another console: %s", again.text)
			}
			x.do(t, as("ben/before"))
		})
		t.Run("G10: another rep on the same device", func(t *testing.T) {
			x.logInAll(t, "cho/shared")
			x.do(t, call{as: "dev/shared", do: "GET /v1/me/consoles", has: []string{`"device_id":"shared"`}})
			x.do(t, as("cho/shared"))
		})
		t.Run("a new password ends the others", func(t *testing.T) {
			x.logInAll(t, "eli", "eli/phone")
			x.play(t,
				call{as: "eli", do: "PUT /v1/me/password", body: `{"current_password":"wrong","new_password":"battery staple"}`, want: 422, code: "validation_failed", fields: "current_password:wrong"},
				call{as: "eli", do: "PUT /v1/me/password", body: `{"current_password":"correct horse","new_password":"short"}`, want: 422, code: "validation_failed", fields: "new_password:too_short"},
				call{as: "eli/phone", do: "GET /v1/me"},
				call{as: "eli", do: "PUT /v1/me/password", body: `{"current_password":"correct horse","new_password":"battery staple"}`, want: 204},
				call{as: "eli", do: "GET /v1/me"}, as("eli/phone"),
				call{do: "POST /v1/consoles", body: `{"username":"eli","password":"correct horse","device":{"platform":"web"}}`, want: 401, code: "invalid_credentials"},
				call{do: "POST /v1/consoles", body: `{"username":"eli","password":"battery staple","device":{"platform":"web"}}`, want: 201})
		})
		t.Run("the account is disabled", func(t *testing.T) {
			x.logInAll(t, "fay")
			x.load(t, `reps: [{username: fay, name: Fay Winter, teams: {acme: member}, disabled: true}]`)
			c := as("fay")
			c.code = ""
			if code := x.do(t, c).at("code"); code != "account_disabled" && code != "console_revoked" {
				t.Errorf("code %s", code)
			}
			x.do(t, call{do: "POST /v1/consoles", body: `{"username":"fay","password":"correct horse","device":{"platform":"web"}}`, want: 401, code: "account_disabled"})
			x.do(t, call{do: "POST /v1/consoles", body: `{"username":"fay","password":"wrong","device":{"platform":"web"}}`, want: 401, code: "invalid_credentials"})
		})
		t.Run("60 days unused; use renews it", func(t *testing.T) {
			x.logInAll(t, "gus", "gus/kept")
			x.clock.Advance(59 * 24 * hour)
			seen := x.clock.Now().UTC().Format("2006-01-02T15:04:05Z")
			x.eventually(t, "the contact is written", func() bool { // within a moment, by the housekeeping
				return strings.Contains(x.do(t, call{as: "gus/kept", do: "GET /v1/me/consoles"}).text, `"seen_at":"`+seen)
			})
			x.clock.Advance(24*hour + second)
			expired := as("gus")
			expired.code = "token_expired"
			x.do(t, expired)
			x.do(t, call{as: "gus/kept", do: "GET /v1/me"})
		})
	})
}

// TestI1Lock: repeated wrong passwords lock a user name for a time, one that nobody has like one that somebody has.
func TestI1Lock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		body := func(username, password string) string {
			return fmt.Sprintf(`{"username":%q,"password":%q,"device":{"platform":"web"}}`, username, password)
		}
		told := map[string]string{}
		for _, username := range []string{"ana", "nobody", "nobody else"} {
			for i := range 5 {
				a := x.do(t, call{do: "POST /v1/consoles", body: body(username, fmt.Sprint("wrong", i)), want: 401, code: "invalid_credentials"})
				told[username] += a.at("detail")
			}
			a := x.do(t, call{do: "POST /v1/consoles", body: body(username, storetest.Password), want: 429, code: "too_many_attempts", answers: headers{"Retry-After": "30"}})
			told[username] += a.at("detail") + a.at("title")
		}
		if told["ana"] != told["nobody"] {
			t.Errorf("a name that nobody has is told apart: %q, %q", told["ana"], told["nobody"])
		}
		x.play(t,
			call{name: "in capitals it is the same name", do: "POST /v1/consoles", body: body("ANA", storetest.Password), want: 429, code: "too_many_attempts"},
			call{name: "others are not locked", do: "POST /v1/consoles", body: body("ben", storetest.Password), want: 201})
		x.clock.Advance(31 * second)
		x.do(t, call{do: "POST /v1/consoles", body: body("ana", "wrong again"), want: 401, code: "invalid_credentials"})
		x.do(t, call{do: "POST /v1/consoles", body: body("ana", storetest.Password), want: 429, code: "too_many_attempts", answers: headers{"Retry-After": "60"}})
		x.clock.Advance(61 * second)
		x.do(t, call{do: "POST /v1/consoles", body: body("ana", storetest.Password), want: 201})
		x.do(t, call{do: "POST /v1/consoles", body: body("ana", "wrong"), want: 401, code: "invalid_credentials"})
		x.do(t, call{do: "POST /v1/consoles", body: body("ana", storetest.Password), want: 201})
	})
}

// TestI1LockOfThePasswordChange: a stolen console does not help to guess the password.
func TestI1LockOfThePasswordChange(t *testing.T) {
	x := newServer(t)
	for i := range 5 {
		x.do(t, call{as: "ana", do: "PUT /v1/me/password", body: fmt.Sprintf(`{"current_password":"wrong%d","new_password":"battery staple"}`, i), want: 422, code: "validation_failed"})
	}
	x.do(t, call{as: "ana", do: "PUT /v1/me/password", body: `{"current_password":"correct horse","new_password":"battery staple"}`, want: 429, code: "too_many_attempts"})
}

// TestC9LastConsole stays while the rep owns active sessions, unless forced.
func TestC9LastConsole(t *testing.T) {
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	x.play(t,
		call{as: "ana", do: "DELETE /v1/me/consoles/current", want: 409, code: "owner_must_hand_over", has: []string{`"conflict":{"kind":"session","id":"$ses"`}},
		call{as: "ana", do: "GET /v1/me"},
		call{as: "ana", do: "DELETE /v1/me/consoles/current?force=maybe", want: 422, code: "validation_failed", fields: "query.force:wrong_type"},
		call{as: "ana", do: "DELETE /v1/me/consoles/current?force=true", want: 204},
		call{as: "ana", do: "GET /v1/me", want: 401, code: "console_revoked"})
}

// TestG6ExtendedAvailability needs the permission and an address.
func TestG6ExtendedAvailability(t *testing.T) {
	x := newServer(t)
	x.load(t, `reps: [{username: eli, name: Eli Stone, teams: {network: manager}, permissions: [extended_availability]}]`)
	x.play(t,
		call{as: "fay", do: "PATCH /v1/me", body: `{"extended_availability":true}`, want: 403, code: "not_allowed"},
		call{as: "eli", do: "PATCH /v1/me", body: `{"extended_availability":true}`, want: 409, code: "email_missing"},
		call{as: "fay", do: "PATCH /v1/me", body: `{"extended_availability":false}`},
		call{as: "ben", do: "PATCH /v1/me", body: `{"extended_availability":true}`, has: []string{`"extended_availability":true`}})
}

// TestPushTarget is taken, and never shown: also not the one that moves with its device.
func TestPushTarget(t *testing.T) {
	x := newServer(t)
	x.play(t,
		call{as: "ben/phone", do: "GET /v1/me/consoles", has: []string{`"push_kind":"fcm_token"`}},
		call{as: "ben/phone", do: "PATCH /v1/me/consoles/current", body: `{"push_target":"target-of-new","push_kind":"fcm_fid"}`, has: []string{`"push_kind":"fcm_fid"`}},
		call{as: "ben/phone", do: "PATCH /v1/me/consoles/current", body: `{"push_target":""}`, hasNot: []string{"push_kind"}},
		call{as: "ben/phone", do: "PATCH /v1/me/consoles/current", body: `{"push_target":"` + strings.Repeat("x", 4097) + `"}`, want: 422, code: "validation_failed", fields: "push_target:too_long"},
		call{as: "ben/phone", do: "GET /v1/event-log?after=0", has: []string{"console.changed"}},
	)
}

// TestPushKindGoesWithATarget: a console without a push target has no kind of one.
func TestPushKindGoesWithATarget(t *testing.T) {
	x := newServer(t)
	x.do(t, call{as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"push_kind":"fcm_fid"}`, hasNot: []string{"push_kind"}})
}
