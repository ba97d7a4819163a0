package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// specialistDesk is a portal that allows specialists, and a rep who may invite them.
const specialistDesk = `
portals:
  - {slug: expert, name: Expert, parent: main, specialists: true, max_specialists: 2}
reps:
  - {username: ana, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, extended_availability, invite_specialists]}
`

func (x *server) specialistsToo(t testing.TB) { x.load(t, specialistDesk) }

// codeFor makes a code for a session, and saves its id, the code and the link's token under the name.
func (x *server) codeFor(t testing.TB, name, owner, session, body string) answer {
	t.Helper()
	a := x.do(t, call{as: owner, do: "POST /v1/sessions/$" + session + "/specialist-invitations", body: body, want: 201, save: name + "=id " + name + "_code=code"})
	_, x.saved[name+"_link"], _ = strings.Cut(a.at("join_url"), "/join/")
	return a
}

// joinBy lets a specialist in, who calls as "guest/" and the name in lower case.
func (x *server) joinBy(t testing.TB, code, name string) answer {
	t.Helper()
	a := x.do(t, call{do: "POST /v1/public/join", body: `{"code":"$` + code + `_code","name":"` + name + `"}`, want: 201})
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens["guest/"+strings.ToLower(name)] = a.at("token")
	return a
}

// TestF2TheOwnersCode: what the owner gets and nobody else.
func TestF2TheOwnersCode(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.logInAll(t, "ana", "ben", "eli", "hal")
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.join(t, "ana", "ses", "ben", "")
		from := x.cursor(t, "ana")
		path := "POST /v1/sessions/$ses/specialist-invitations"
		x.play(t,
			call{name: "B1: a joined rep", as: "ben", do: path, want: 403, code: "not_session_owner"},
			call{name: "an outsider", as: "eli", do: path, want: 404, code: "not_found"},
			call{name: "a guest", as: "guest/ses", do: path, want: 401, code: "token_unknown"},
			call{name: "nobody", do: path, want: 401, code: "not_logged_in"},
			call{name: "no such access", as: "ana", do: path, body: `{"access":"own"}`, want: 422, code: "validation_failed"},
			call{name: "six people", as: "ana", do: path, body: `{"joins":6}`, want: 422, code: "validation_failed", fields: "joins:too_large"},
			call{name: "no address", as: "ana", do: path, body: `{"emails":["mia@experts.test","mia"]}`, want: 422, code: "validation_failed", fields: "emails[1]:email"},
			call{name: "a long comment", as: "ana", do: path, body: `{"comment":"` + strings.Repeat("x", 501) + `"}`, want: 422, code: "validation_failed"})
		a := x.codeFor(t, "spi", "ana", "ses", `{"access":"view","joins":2,"comment":"The tray","language":"de"}`)
		link := `"join_url":"/join/$spi_link"`
		x.play(t,
			call{name: "F2", as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations", answers: headers{"Cache-Control": "no-store"}, has: []string{link, `"code":"$spi_code"`, `"access":"view"`, `"joins":2,"joined":0`, `"state":"active"`,
				`"comment":"The tray"`, `"language":"de"`, `"inviter":{"id":"$ana","name":"Ana Ruiz"}`, `"created_at":"2026-03-02T09:00:00Z"`}},
			call{as: "ben", do: "GET /v1/sessions/$ses/specialist-invitations", want: 403, code: "not_session_owner"},
			call{name: "the code is the owner's", as: "hal", do: "GET /v1/sessions/$ses/specialist-invitations", want: 403, code: "not_session_owner"},
			call{as: "eli", do: "GET /v1/sessions/$ses/specialist-invitations", want: 404, code: "not_found"},
			call{name: "A1", as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"codes":["$spi"]`, `"specialists_left":2`}},
			call{name: "H1", as: "ana", do: "GET /v1/event-log?after=" + from, has: []string{`"specialist_invitation.changed"`, `"id":"$spi"`}, hasNot: []string{`"email"`, "$spi_code", "$spi_link"}},
			call{as: "ben", do: "GET /v1/event-log?after=0", hasNot: []string{"$spi", "$spi_code", "$spi_link"}})
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Location") != "/v1/sessions/"+x.saved["ses"]+"/specialist-invitations" {
			t.Errorf("headers %v", a.header)
		}
	})
}

// TestF2TheLinksWholeAddress stands in answers.
func TestF2TheLinksWholeAddress(t *testing.T) {
	s, clock := openReady(t)
	x := restarted(t, s, clock, func(cfg *api.Config) { cfg.PublicURL = "https://desk.example" })
	x.specialistsToo(t)
	x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
	x.codeFor(t, "spi", "ana", "ses", `{}`)
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations", has: []string{`"join_url":"https://desk.example/join/$spi_link"`}})
}

// TestF5WhatMayOnlyReadLetsNobodyIn: a program of the owner's that may only read gets no code.
func TestF5WhatMayOnlyReadLetsNobodyIn(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.codeFor(t, "spi", "ana", "ses", `{}`)
		x.program(t, "ana/reads", desk.SessionsRead, desk.EventsRead)
		x.program(t, "ana/writes", desk.SessionsWrite)
		secrets := []string{"$spi_code", "$spi_link"}
		x.play(t,
			call{as: "ana/reads", do: "GET /v1/sessions/$ses/specialist-invitations", want: 403, code: "not_allowed", hasNot: secrets},
			call{as: "ana/reads", do: "GET /v1/event-log?after=0", has: []string{"$spi"}, hasNot: secrets},
			call{as: "ana/reads", do: "GET /v1/sessions/$ses/share", has: []string{"$spi"}, hasNot: secrets},
			call{as: "ana/writes", do: "GET /v1/sessions/$ses/specialist-invitations", has: secrets})
	})
}

// TestF1Off: without the portal's setting or the owner's permission.
func TestF1Off(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.logInAll(t, "ana", "ben")
		x.open(t, "main", "ana", `,"portal_id":"@main"`)
		x.open(t, "bens", "ben", `,"portal_id":"@expert"`)
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions/$main/specialist-invitations", want: 403, code: "not_allowed", has: []string{"portal"}},
			call{as: "ben", do: "POST /v1/sessions/$bens/specialist-invitations", want: 403, code: "not_allowed", has: []string{"invite_specialists"}},
			call{as: "ana", do: "GET /v1/sessions/$main/share", has: []string{`"codes":[]`, `"specialists_left":0`}},
			call{as: "ben", do: "GET /v1/sessions/$bens/share", has: []string{`"specialists_left":0`}})
	})
}

// TestF6F9TheDoor: who looks learns what they need, and who joins is in the session, with nothing of who is hidden.
func TestF6F9TheDoor(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.join(t, "ana", "ses", "ben", `,"masked":true`)
		x.codeFor(t, "spi", "ana", "ses", `{"comment":"The tray","access":"view"}`)
		code := x.saved["spi_code"]
		x.saved["written"] = code[:3] + " " + code[3:6] + "-" + code[6:]
		secrets := []string{"Ruiz", "Okafor", "Jo Doe", "Doe Ltd", "$ana", "$ben", "rep_0", "$spi_code", "$spi"}
		for range 2 {
			x.play(t,
				call{name: "F9", do: "POST /v1/public/join/look-up", body: `{"code":"$written"}`, has: []string{`"inviter":{"id":"att_`, `"name":"Ana"`, `"access":"view"`, `"name":"Expert"`, `"comment":"The tray"`, `"joins_left":5`, `"may_share_screen":false`, `"full":false`},
					hasNot: append(secrets, "$ses"), answers: headers{"Cache-Control": "no-store"}},
				call{name: "F9", do: "POST /v1/public/join/look-up", body: `{"link_token":"$spi_link"}`, has: []string{`"joins_left":5`}, hasNot: secrets})
		}
		a := x.joinBy(t, "spi", "Mia")
		if a.header.Get("Location") != "/v1/guest/session" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", a.header)
		}
		x.play(t,
			call{name: "F6", as: "guest/mia", do: "GET /v1/guest/session", has: []string{`"state":"active"`, `"name":"Ana"`, `"rep_count":1`}, hasNot: []string{"Ruiz", "$ana", "rep_0"}},
			call{name: "C11", as: "guest/mia", do: "GET /v1/guest/attendees", has: []string{`"name":"Mia","access":"view"`}, hasNot: []string{"Okafor", "Ruiz", "rep_0"}},
			call{as: "guest/mia", do: "GET /v1/guest/messages", has: []string{"Mia has joined the session"}, hasNot: []string{"Okafor"}},
			call{name: "F7", as: "guest/mia", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 401, code: "token_unknown"},
			call{name: "F7", as: "guest/mia", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben"}`, want: 401, code: "token_unknown"},
			call{name: "F7", as: "guest/mia", do: "GET /v1/sessions", want: 401, code: "token_unknown"},
			call{name: "F7", as: "guest/mia", do: "POST /v1/guest/consent", body: `{"attendee_id":"att_x","granted":true}`, want: 403, code: "not_allowed"},
			call{as: "guest/ses", do: "GET /v1/guest/attendees", has: []string{`"role":"specialist"`, `"name":"Mia"`}},
			call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations", has: []string{`"joined":1`}},
			call{name: "neither", do: "POST /v1/public/join", body: `{"name":"Mia"}`, want: 422, code: "one_target_needed"},
			call{name: "both", do: "POST /v1/public/join/look-up", body: `{"code":"1","link_token":"2"}`, want: 422, code: "one_target_needed"},
			call{name: "no name", do: "POST /v1/public/join", body: `{"code":"1","name":""}`, want: 422, code: "validation_failed"},
			call{name: "a key too short to seal it", do: "POST /v1/public/join", body: `{"code":"1","name":"Al"}`, headers: headers{"Idempotency-Key": "short"}, want: 422, code: "validation_failed"})
		x.joinBy(t, "spi", "Max")
		x.play(t,
			call{name: "F1", do: "POST /v1/public/join", body: `{"code":"$spi_code","name":"Nia"}`, want: 409, code: "specialist_limit_reached", has: []string{`"limit":2`}},
			call{name: "full is shown", do: "POST /v1/public/join/look-up", body: `{"code":"$spi_code"}`, has: []string{`"full":true`, `"joins_left":3`}},
			call{name: "F1", as: "ana", do: "POST /v1/sessions/$ses/specialist-invitations", want: 409, code: "specialist_limit_reached"})
	})
}

// TestE6F5ACodeTellsNothing: wrong, cancelled, used up, not now: the same answer, byte for byte. A link says why.
func TestE6F5ACodeTellsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.logInAll(t, "ana", "ben", "hal")
		for _, name := range []string{"cancelled", "used", "removed", "ended", "waits"} {
			x.open(t, name+"_ses", "ana", `,"portal_id":"@expert"`)
			x.codeFor(t, name, "ana", name+"_ses", `{"joins":1}`)
		}
		x.do(t, call{as: "ana", do: "POST /v1/specialist-invitations/$cancelled/cancel", has: []string{`"state":"cancelled"`, `"reason":"cancelled"`}, hasNot: []string{"$cancelled_code", "join_url"}})
		x.joinBy(t, "used", "Mia")
		x.joinBy(t, "removed", "Max")
		x.seat(t, "max", "ana", "removed_ses", "Max")
		x.do(t, call{as: "ana", do: "DELETE /v1/sessions/$removed_ses/attendees/$max", want: 204})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ended_ses/end"})
		x.do(t, call{as: "hal", do: "POST /v1/sessions/$waits_ses/reassign", body: `{"team_id":"@printers"}`})
		x.saved["none_code"] = "000000000"
		for path, more := range map[string]string{"POST /v1/public/join": `,"name":"Al"`, "POST /v1/public/join/look-up": ""} {
			want := ""
			for _, name := range []string{"none", "cancelled", "used", "removed", "ended", "waits"} {
				got := x.do(t, call{do: path, body: `{"code":"$` + name + `_code"` + more + `}`, want: 410, code: "code_not_valid", hasNot: []string{`"conflict"`}}).asIs()
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s: %s, not %s", name, got, want)
				}
			}
			for name, why := range map[string]string{"cancelled": "cancelled", "used": "used_up", "removed": "specialist_removed", "ended": "session_ended", "waits": "not_now"} {
				x.do(t, call{do: path, body: `{"link_token":"$` + name + `_link"` + more + `}`, want: 410, code: "code_not_valid",
					has: []string{`"kind":"specialist_invitation","id":"$` + name + `"`, `"reason":"` + why + `"`}})
			}
			x.do(t, call{do: path, body: `{"link_token":"nothing"` + more + `}`, want: 404, code: "not_found"})
		}
		x.play(t,
			call{name: "F5", as: "ana", do: "POST /v1/specialist-invitations/$cancelled/cancel", has: []string{`"state":"cancelled"`}},
			call{as: "ana", do: "POST /v1/specialist-invitations/$removed/cancel", want: 409, code: "invitation_not_active", has: []string{`"reason":"specialist_removed"`}},
			call{as: "ana", do: "POST /v1/specialist-invitations/$ended/email", body: `{"emails":["mia@experts.test"]}`, want: 409, code: "invitation_not_active"},
			call{as: "guest/max", do: "GET /v1/guest/session", want: 401, code: "token_unknown"})
	})
}

// TestE6GuessedCodes: who guesses is blocked, at both doors together; who comes by a link that is over is not.
func TestE6GuessedCodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		storetest.NewDesk(t, s)
		limits := unlimited
		limits.WrongCodes, limits.WrongWithin, limits.BlockedFor = 4, time.Minute, time.Minute
		x := restarted(t, s, clock, func(cfg *api.Config) { cfg.Limits = limits })
		x.specialistsToo(t)
		x.logInAll(t, "ana")
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.codeFor(t, "over", "ana", "ses", `{}`)
		x.codeFor(t, "spi", "ana", "ses", `{}`)
		x.do(t, call{as: "ana", do: "POST /v1/specialist-invitations/$over/cancel"})
		for range 6 {
			x.do(t, call{do: "POST /v1/public/join/look-up", body: `{"link_token":"$over_link"}`, want: 410, code: "code_not_valid"})
		}
		x.play(t,
			call{do: "POST /v1/public/join/look-up", body: `{"code":"$over_code"}`, want: 410, code: "code_not_valid"},
			call{do: "POST /v1/public/join", body: `{"code":"000000000","name":"Al"}`, want: 410, code: "code_not_valid"},
			call{name: "links are not guessed", do: "POST /v1/public/join/look-up", body: `{"link_token":"nothing"}`, want: 404, code: "not_found"},
			call{do: "POST /v1/public/join", body: `{"link_token":"nothing","name":"Al"}`, want: 404, code: "not_found"},
			call{do: "POST /v1/public/join/look-up", body: `{"code":"000000001"}`, want: 410, code: "code_not_valid"},
			call{name: "a right one in between", do: "POST /v1/public/join/look-up", body: `{"code":"$spi_code"}`},
			call{do: "POST /v1/public/join", body: `{"code":"12","name":"Al"}`, want: 410, code: "code_not_valid"},
			call{name: "a right one too", do: "POST /v1/public/join", body: `{"code":"$spi_code","name":"Al"}`, want: 429, code: "too_many_attempts"},
			call{name: "but by a link", do: "POST /v1/public/join/look-up", body: `{"link_token":"$spi_link"}`},
			call{name: "and keys", do: "POST /v1/public/sessions", body: `{"session_key":"3333333","customer":{"name":"Al"}}`, want: 429, code: "too_many_attempts"})
	})
}

// TestF10ComingBack: with the token of before, in the header, she is the same attendee and uses no join.
func TestF10ComingBack(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.logInAll(t, "ana")
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.codeFor(t, "spi", "ana", "ses", `{"joins":1}`)
		token := x.joinBy(t, "spi", "Mia").at("token")
		x.seat(t, "mia", "ana", "ses", "Mia")
		back := call{as: "guest/mia", do: "POST /v1/public/join", body: `{"code":"$spi_code","name":"Mia"}`, want: 201, has: []string{token}}
		x.do(t, back)
		x.do(t, call{as: "guest/mia", do: "POST /v1/guest/leave"})
		x.do(t, call{as: "guest/mia", do: "GET /v1/guest/session", want: 401, code: "token_unknown"})
		x.play(t,
			call{name: "used up", do: "POST /v1/public/join/look-up", body: `{"code":"$spi_code"}`, want: 410, code: "code_not_valid"},
			call{name: "not to her", as: "guest/mia", do: "POST /v1/public/join/look-up", body: `{"code":"$spi_code"}`, has: []string{`"joins_left":0`}})
		x.do(t, back)
		x.play(t,
			call{as: "guest/mia", do: "GET /v1/guest/attendees", has: []string{"$mia"}},
			call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations", has: []string{`"joins":1,"joined":1`}},
			call{name: "another's token", as: "guest/ses", do: "POST /v1/public/join", body: `{"code":"$spi_code","name":"Jo"}`, want: 410, code: "code_not_valid"},
			call{name: "a rep's token", as: "ana", do: "POST /v1/public/join", body: `{"code":"$spi_code","name":"Ana"}`, want: 410, code: "code_not_valid"},
			call{as: "ana", do: "DELETE /v1/sessions/$ses/attendees/$mia", want: 204},
			call{name: "F7", as: "guest/mia", do: "POST /v1/public/join", body: `{"link_token":"$spi_link","name":"Mia"}`, want: 410, code: "code_not_valid", has: []string{"specialist_removed"}})
	})
}

// TestF3Deliveries: the owner follows the emails; an address is nobody else's to read, but an administrator's.
func TestF3Deliveries(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.logInAll(t, "ana", "ben", "eli")
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.join(t, "ana", "ses", "ben", "")
		x.codeFor(t, "spi", "ana", "ses", `{"emails":["mia@experts.test"],"comment":"The tray"}`)
		from := x.cursor(t, "ana")
		job := x.send1(t, desk.ChannelEmail)
		if job.Address != "mia@experts.test" || job.Specialist == nil || job.Specialist.Code != x.saved["spi_code"] || job.LinkToken != x.saved["spi_link"] {
			t.Errorf("job %+v %+v", job, job.Specialist)
		}
		if text, err := json.Marshal(job); err != nil || strings.Contains(string(text), "Jo Doe") {
			t.Errorf("the job tells of the customer: %s %v", text, err)
		}
		x.play(t,
			call{as: "ana", do: "POST /v1/specialist-invitations/$spi/email", body: `{"emails":["max@experts.test","max@experts.test"]}`, has: []string{`"id":"$spi"`}},
			call{as: "ana", do: "GET /v1/specialist-invitations/$spi/deliveries?limit=1", save: "next=next dlv=items.0.id", has: []string{`"address":"max@experts.test"`, `"state":"waiting"`, `"purpose":"specialist_invitation"`, `"specialist_invitation_id":"$spi"`}, hasNot: []string{`"rep"`, "mia@"}},
			call{as: "ana", do: "GET /v1/specialist-invitations/$spi/deliveries?limit=1&cursor=$next", has: []string{`"address":"mia@experts.test"`, `"state":"sent"`}, hasNot: []string{"max@", `"next"`}},
			call{as: "ana", do: "GET /v1/deliveries/$dlv", has: []string{"max@experts.test"}},
			call{as: "ben", do: "GET /v1/deliveries/$dlv", want: 404, code: "not_found"},
			call{as: "ben", do: "GET /v1/specialist-invitations/$spi/deliveries", want: 403, code: "not_session_owner"},
			call{as: "eli", do: "GET /v1/specialist-invitations/$spi/deliveries", want: 404, code: "not_found"},
			call{as: "ben", do: "POST /v1/specialist-invitations/$spi/email", body: `{"emails":["x@experts.test"]}`, want: 403, code: "not_session_owner"},
			call{as: "ana", do: "POST /v1/specialist-invitations/$spi/email", body: `{"emails":[]}`, want: 422, code: "validation_failed"},
			call{as: "ana", do: "POST /v1/specialist-invitations/$spi/email", body: `{"emails":["x"]}`, want: 422, code: "validation_failed", fields: "emails[0]:email"},
			call{as: "ana", do: "GET /v1/event-log?types=delivery.changed&after=" + from, has: []string{"mia@experts.test", `"state":"sent"`}},
			call{as: "ben", do: "GET /v1/event-log?after=0", hasNot: []string{"mia@experts.test", "max@experts.test"}})
	})
}

// TestF8ShareScreen: the owner's setting is in the guest's session and grant.
func TestF8ShareScreen(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.specialistsToo(t)
		x.logInAll(t, "ana")
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.codeFor(t, "spi", "ana", "ses", `{}`)
		x.joinBy(t, "spi", "Mia")
		x.play(t,
			call{as: "guest/mia", do: "GET /v1/guest/session", hasNot: []string{"specialists_may_share_screen"}},
			call{as: "ana", do: "PATCH /v1/me", body: `{"specialists_may_share_screen":true}`},
			call{as: "guest/mia", do: "GET /v1/guest/session", has: []string{`"specialists_may_share_screen":true`}},
			call{do: "POST /v1/public/join/look-up", body: `{"code":"$spi_code"}`, has: []string{`"may_share_screen":true`}})
	})
}
