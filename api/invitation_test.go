package api_test

import (
	"fmt"
	"testing"
)

// TestB7Refusals gives each refusal of inviting, in the rule's order.
func TestB7Refusals(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "fay")
		x.open(t, "ses", "ana", "")
		x.open(t, "bens", "ben", "")
		x.open(t, "fays", "fay", "")
		x.open(t, "quiet", "ana", `,"portal_id":"@quiet"`)
		x.open(t, "looking", "ana", `,"portal_id":"@looking"`)
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"}}`, want: 201, save: "waits=session.id"})
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		x.play(t,
			call{name: "B1: a session that waits has no owner yet", as: "ana", do: "POST /v1/sessions/$waits/invitations", body: `{"rep_id":"@ben"}`, want: 403, code: "not_session_owner"},
			call{name: "no target", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{}`, want: 422, code: "one_target_needed"},
			call{name: "two targets", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","team_id":"@network"}`, want: 422, code: "one_target_needed"},
			call{name: "sharing off", as: "ana", do: "POST /v1/sessions/$quiet/invitations", body: `{"rep_id":"@ana"}`, want: 403, code: "sharing_off"},
			call{name: "sharing off, for help", as: "ana", do: "POST /v1/sessions/$quiet/request-help", body: `{"issue_id":"@vpn"}`, want: 403, code: "sharing_off"},
			call{name: "oneself", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"$ana"}`, want: 422, code: "cannot_invite_self"},
			call{name: "A4: outside the teams", as: "ben", do: "POST /v1/sessions/$bens/invitations", body: `{"rep_id":"@dev"}`, want: 403, code: "not_reachable"},
			call{name: "A4: a team outside", as: "ben", do: "POST /v1/sessions/$bens/invitations", body: `{"team_id":"@network"}`, want: 403, code: "not_reachable"},
			call{name: "A7: for an embassy rep they are not there", as: "fay", do: "POST /v1/sessions/$fays/invitations", body: `{"rep_id":"@dev"}`, want: 404, code: "not_found", hasNot: []string{"Dev"}},
			call{name: "B6", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho"}`, want: 409, code: "already_invited", has: []string{`"conflict":{"kind":"invitation","id":"$inv","state":"active"`}},
			call{name: "nobody there", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@gus"}`, want: 409, code: "rep_not_available", has: []string{`"conflict":{"kind":"rep","id":"rep_`, `"state":"offline"`}},
			call{name: "B10", as: "ana", do: "POST /v1/sessions/$looking/invitations", body: `{"rep_id":"@ben","access":"control"}`, want: 422, code: "access_above_ceiling"},
			call{name: "B10: left out, it is the ceiling", as: "ana", do: "POST /v1/sessions/$looking/invitations", body: `{"rep_id":"@ben"}`, want: 201, has: []string{`"access":"view"`}},
			call{name: "A2", as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@firewall"}`, want: 422, code: "issue_not_shareable"},
			call{name: "A2: not open to anybody", as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@internal"}`, want: 422, code: "issue_not_shareable"},
			call{name: "a rep who is not there", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@nobody"}`, want: 404, code: "not_found"},
			call{name: "a persistent team's queue takes it all the same", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"@night"}`, want: 201},
			call{as: "fay", do: "DELETE /v1/me/consoles/current?force=true", want: 204},
			call{name: "nobody of the team", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"@acme"}`, want: 409, code: "team_not_available", has: []string{`"conflict":{"kind":"team","id":"team_`}},
			call{as: "cho", do: "POST /v1/invitations/$inv/accept"},
			call{name: "in the session", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho"}`, want: 409, code: "already_in_session", has: []string{`"conflict":{"kind":"attendee","id":"att_`}},
		)
	})
}

// TestB11Seats: joined reps and active invitations count together.
func TestB11Seats(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		x.do(t, call{as: "cho", do: "POST /v1/invitations/$inv/accept"})
		for i := range 6 {
			x.invite(t, fmt.Sprint("any", i), "ana", "ses", `{"team_id":"@printers"}`) // B3: several may be sent
		}
		full := call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 409, code: "rep_limit_reached", has: []string{`"limit":7`}}
		x.play(t, full,
			call{as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"reps_left":0`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@paper-jam"}`, want: 409, code: "rep_limit_reached"},
			call{as: "ana", do: "POST /v1/invitations/$any0/cancel"},
			call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 201},
			call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"@printers"}`, want: 409, code: "rep_limit_reached"})
	})
}

// TestB12NeverTimesOut: a month later it can be accepted.
func TestB12NeverTimesOut(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.clock.Advance(30 * 24 * hour)
		if err := x.store.RemoveOldRows(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.play(t,
			call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{`"$inv"`}},
			call{as: "ben/phone", do: "POST /v1/invitations/$inv/accept", has: []string{`"state":"accepted"`}})
	})
}

// TestB16ExactlyOneWins: all accept at once, over HTTP.
func TestB16ExactlyOneWins(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.importReps(t, 20)
		x.logInAll(t, "ana", "rep0")
		x.open(t, "ses", "ana", "")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		path := x.fill(t, "/v1/invitations/$any/accept")
		answers := make(chan answer)
		for i := range 20 {
			token := x.token(t, fmt.Sprintf("rep%d", i))
			go func() { answers <- x.send(t, "POST", path, "Bearer "+token, "", nil) }()
		}
		won, told := "", map[string]int{}
		for range 20 {
			switch a := <-answers; a.status {
			case 200:
				won += a.at("invitation.accepted_by.name")
			case 409:
				told[a.at("conflict.by.name")]++
			default:
				t.Errorf("%d %s", a.status, a.text)
			}
		}
		if len(told) != 1 || told[won] != 19 {
			t.Errorf("won %q, nineteen were told of %v", won, told)
		}
		x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"rep_count":2`}})
	})
}
