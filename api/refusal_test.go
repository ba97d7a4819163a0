package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// refuses runs calls that are refused. After each of them nothing has happened: the log of nobody has grown, and what is
// watched stands as it did, revisions and all.
func (x *server) refuses(t *testing.T, watched []call, calls ...call) {
	t.Helper()
	watch := func() string {
		last, err := x.store.LastEvent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		fmt.Fprintln(&all, last)
		for _, c := range watched {
			all.WriteString(x.do(t, c).text + "\n")
		}
		return all.String()
	}
	before := watch()
	for _, c := range calls {
		if c.want < 400 || c.code == "" {
			t.Errorf("%s: a refusal has a status and a code", c.name)
		}
		t.Run(c.name, func(t *testing.T) {
			x.do(t, c)
			if after := watch(); after != before {
				t.Errorf("something came of it:\n%s, before\n%s", after, before)
			}
		})
	}
}

// inSession is what a refusal in the session could have changed.
var inSession = []call{{as: "ana", do: "GET /v1/sessions/$ses"}, {as: "ana", do: "GET /v1/sessions/$ses/invitations"}, {as: "ana", do: "GET /v1/sessions/$ses/messages"},
	{as: "ana", do: "GET /v1/sessions/$ses/notes"}, {as: "guest/ses", do: "GET /v1/guest/session"}, {as: "guest/ses", do: "GET /v1/guest/messages"}, {as: "ana", do: "GET /v1/event-log"}}

// TestC6Refusals gives each refusal of a transfer, in the rule's order.
func TestC6Refusals(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "fay", "hal")
		x.load(t, `reps: [{username: zoe, password: correct horse, name: Zoe Gone, teams: {printers: member}, disabled: true}]`)
		x.open(t, "ses", "ana", "")
		x.open(t, "fays", "fay", "")
		x.join(t, "ana", "ses", "ben", "")
		to := "POST /v1/sessions/$ses/transfer"
		x.refuses(t, inSession,
			call{name: "to nobody", as: "ana", do: to, body: `{}`, want: 422, code: "one_target_needed"},
			call{name: "to two", as: "ana", do: to, body: `{"rep_id":"@ben","team_id":"@printers"}`, want: 422, code: "one_target_needed"},
			call{name: "to oneself", as: "ana", do: to, body: `{"rep_id":"$ana"}`, want: 422, code: "cannot_invite_self"},
			call{name: "to a disabled account", as: "ana", do: to, body: `{"rep_id":"@zoe"}`, want: 404, code: "not_found"},
			call{name: "to an unknown rep", as: "ana", do: to, body: `{"rep_id":"@nobody"}`, want: 404, code: "not_found"},
			call{name: "to an unknown team", as: "ana", do: to, body: `{"team_id":"@nowhere"}`, want: 404, code: "not_found"},
			call{name: "A4: outside the teams, share_outside_teams or not", as: "ana", do: to, body: `{"rep_id":"@dev"}`, want: 403, code: "not_reachable"},
			call{name: "A4: a team outside", as: "ana", do: to, body: `{"team_id":"@network"}`, want: 403, code: "not_reachable"},
			call{name: "A7: what an embassy rep cannot reach is not there", as: "fay", do: "POST /v1/sessions/$fays/transfer", body: `{"team_id":"@printers"}`, want: 404, code: "not_found"},
			call{name: "a comment too long", as: "ana", do: to, body: `{"rep_id":"@cho","comment":"` + strings.Repeat("ä", 501) + `"}`, want: 422, code: "validation_failed", fields: "comment:too_long"},
			call{name: "by a joined rep", as: "ben", do: to, body: `{"rep_id":"@cho"}`, want: 403, code: "not_session_owner"},
			call{name: "by who does not see it", as: "dev", do: to, body: `{"rep_id":"@cho"}`, want: 404, code: "not_found"},
			call{name: "none to take back", as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel", want: 404, code: "not_found"},
			call{name: "none to decline", as: "ben", do: "POST /v1/sessions/$ses/transfer/decline", want: 404, code: "not_found"})
		x.do(t, call{as: "cho", do: "DELETE /v1/me/consoles/current", want: 204})
		x.refuses(t, inSession, call{name: "to who is not logged in", as: "ana", do: to, body: `{"rep_id":"@cho"}`, want: 409, code: "rep_not_available"})
		x.do(t, call{as: "ana", do: to, body: `{"rep_id":"@ben"}`, save: "trf=transfer.id"})
		x.refuses(t, inSession,
			call{name: "a second shows the first", as: "ana", do: to, body: `{"team_id":"@printers"}`, want: 409, code: "transfer_pending",
				has: []string{`"conflict":{"kind":"transfer","id":"$trf","state":"active","by":{"id":"$ana","name":"Ana Ruiz"}}`}},
			call{name: "not to be accepted by another", as: "hal", do: "POST /v1/sessions/$ses/accept", want: 409, code: "session_taken", has: []string{`"by":{"id":"$ana","name":"Ana Ruiz"}`}},
			call{name: "not to be declined by another", as: "hal", do: "POST /v1/sessions/$ses/transfer/decline", want: 404, code: "not_found"},
			call{name: "not to be taken back by the target", as: "ben", do: "POST /v1/sessions/$ses/transfer/cancel", want: 403, code: "not_session_owner"},
			call{name: "no invitation", as: "ben", do: "GET /v1/invitations/$trf", want: 404, code: "not_found"},
			call{name: "and not accepted as one", as: "ben", do: "POST /v1/invitations/$trf/accept", want: 404, code: "not_found"},
			call{name: "nor reminded", as: "ana", do: "POST /v1/invitations/$trf/remind", want: 404, code: "not_found"})
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/transfer/decline"})
		x.refuses(t, inSession, call{name: "declined already", as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel", want: 409, code: "invitation_not_active", has: []string{`"state":"declined"`, `"ended_at"`}},
			call{name: "over: it cannot be accepted", as: "ben", do: "POST /v1/sessions/$ses/accept", want: 409, code: "invitation_not_active", has: []string{`"kind":"transfer"`, `"reason":"declined"`}})
	})
}

// TestC5Refusals are those of changing and removing attendees.
func TestC5Refusals(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", `,"portal_id":"@looking"`)
		x.open(t, "other", "ben", "")
		x.join(t, "ana", "ses", "ben", "")
		x.join(t, "ana", "ses", "cho", "")
		for name, who := range map[string]string{"owner": "Ana Ruiz", "rep": "Ben Okafor", "gone": "Cho Min", "customer": "Jo Doe"} {
			x.seat(t, name, "ana", "ses", who)
		}
		x.seat(t, "foreign", "ben", "other", "Jo Doe")
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$ses/leave"})
		change, out := "PATCH /v1/sessions/$ses/attendees/", "DELETE /v1/sessions/$ses/attendees/"
		x.refuses(t, inSession,
			call{name: "above the ceiling", as: "ana", do: change + "$rep", body: `{"access":"control"}`, want: 422, code: "access_above_ceiling"},
			call{name: "an access that is none", as: "ana", do: change + "$rep", body: `{"access":"none"}`, want: 422, code: "validation_failed", fields: "access:unknown_value"},
			call{name: "of who left", as: "ana", do: change + "$gone", body: `{"access":"view"}`, want: 404, code: "not_found"},
			call{name: "of another session", as: "ana", do: change + "$foreign", body: `{"access":"view"}`, want: 404, code: "not_found"},
			call{name: "of nobody", as: "ana", do: change + nowhere["{attendee_id}"], body: `{"access":"view"}`, want: 404, code: "not_found"},
			call{name: "of the owner", as: "ana", do: change + "$owner", body: `{"access":"view"}`, want: 403, code: "not_allowed"},
			call{name: "of the customer", as: "ana", do: change + "$customer", body: `{"masked":true}`, want: 403, code: "not_allowed"},
			call{name: "by a joined rep", as: "ben", do: change + "$rep", body: `{"masked":true}`, want: 403, code: "not_session_owner"},
			call{name: "of an older revision", as: "ana", do: change + "$rep", body: `{"masked":true}`, headers: headers{"If-Match": `"7"`}, want: 412, code: "changed_meanwhile"},
			call{name: "to remove who left", as: "ana", do: out + "$gone", want: 404, code: "not_found"},
			call{name: "to remove of another session", as: "ana", do: out + "$foreign", want: 404, code: "not_found"},
			call{name: "to remove the owner", as: "ana", do: out + "$owner", want: 403, code: "not_allowed"},
			call{name: "to remove the customer", as: "ana", do: out + "$customer", want: 403, code: "not_allowed"},
			call{name: "to remove, by a joined rep", as: "ben", do: out + "$rep", want: 403, code: "not_session_owner"},
			call{name: "to remove, by who left", as: "cho", do: out + "$rep", want: 403, code: "not_session_owner"})
	})
}

// TestC11MessageRefusals: what cannot be said, and by whom.
func TestC11MessageRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "hal")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", `,"masked":true`)
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		say, long := "POST /v1/sessions/$ses/messages", strings.Repeat("ä", 4001)
		x.refuses(t, inSession,
			call{name: "nothing", as: "ana", do: say, body: `{"text":""}`, want: 422, code: "validation_failed", fields: "text:too_short"},
			call{name: "only blanks", as: "ana", do: say, body: `{"text":" \n "}`, want: 422, code: "validation_failed", fields: "text:empty"},
			call{name: "4001 characters", as: "ana", do: say, body: `{"text":"` + long + `"}`, want: 422, code: "validation_failed", fields: "text:too_long"},
			call{name: "a NUL", as: "ana", do: say, body: `{"text":"a\u0000b"}`, want: 400, code: "malformed"},
			call{name: "an escape", as: "ana", do: say, body: `{"text":"a\u001bb"}`, want: 422, code: "validation_failed", fields: "text:control_character"},
			call{name: "an audience that is none", as: "ana", do: say, body: `{"text":"a","audience":"guests"}`, want: 422, code: "validation_failed", fields: "audience:unknown_value"},
			call{name: "to everyone, masked", as: "ben", do: say, body: `{"text":"a","audience":"everyone"}`, want: 403, code: "not_allowed"},
			call{name: "invited, not joined", as: "cho", do: say, body: `{"text":"a"}`, want: 403, code: "not_allowed"},
			call{name: "an administrator who is not in it", as: "hal", do: say, body: `{"text":"a"}`, want: 403, code: "not_allowed"},
			call{name: "not seeing it", as: "dev", do: say, body: `{"text":"a"}`, want: 404, code: "not_found"},
			call{name: "the customer: nothing", as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":" "}`, want: 422, code: "validation_failed", fields: "text:empty"},
			call{name: "the customer: 4001 characters", as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"` + long + `"}`, want: 422, code: "validation_failed", fields: "text:too_long"},
			call{name: "the customer: a NUL", as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"a\u0000"}`, want: 400, code: "malformed"},
			call{name: "the customer: to the reps", as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"a","audience":"reps"}`, want: 422, code: "validation_failed"},
			call{name: "C14: a note of nothing", as: "ana", do: "POST /v1/sessions/$ses/notes", body: `{"text":" "}`, want: 422, code: "validation_failed", fields: "text:empty"},
			call{name: "C14: a note of 4001 characters", as: "ana", do: "POST /v1/sessions/$ses/notes", body: `{"text":"` + long + `"}`, want: 422, code: "validation_failed", fields: "text:too_long"},
			call{name: "C14: a note by who is only invited", as: "cho", do: "POST /v1/sessions/$ses/notes", body: `{"text":"a"}`, want: 403, code: "not_allowed"},
			call{name: "read to a message of nowhere", as: "ana", do: say + "/read", body: `{"message_id":"msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"}`, want: 404, code: "not_found"})
		x.do(t, call{as: "ana", do: say, body: `{"text":"` + long[2:] + `"}`, want: 201})
	})
}

// TestB7MoreRefusals are those of inviting that have to do with portals, and of asking too often (B19, B20).
func TestB7MoreRefusals(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.open(t, "bens", "ben", "")
		to := "POST /v1/sessions/$ses/invitations"
		x.refuses(t, inSession,
			call{name: "an unknown portal", as: "ana", do: to, body: `{"portal_id":"@nowhere"}`, want: 404, code: "not_found"},
			call{name: "an unknown team", as: "ana", do: to, body: `{"team_id":"@nowhere"}`, want: 404, code: "not_found"},
			call{name: "an unknown issue", as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@nothing"}`, want: 404, code: "not_found"},
			call{name: "sub-portals without a portal", as: "ana", do: to, body: `{"rep_id":"@ben","include_sub_portals":true}`, want: 422, code: "validation_failed", fields: "include_sub_portals:not_used"},
			call{name: "a portal and a team", as: "ana", do: to, body: `{"portal_id":"@main","team_id":"@printers"}`, want: 422, code: "one_target_needed"},
			call{name: "nobody under the portal", as: "ana", do: to, body: `{"portal_id":"@main","include_sub_portals":true}`, want: 409, code: "portal_not_available"},
			call{name: "A6: portals are out of reach", as: "ben", do: "POST /v1/sessions/$bens/invitations", body: `{"portal_id":"@main"}`, want: 403, code: "not_reachable"},
			call{name: "B8: a comment of 501 characters", as: "ana", do: to, body: `{"rep_id":"@ben","comment":"` + strings.Repeat("ä", 501) + `"}`, want: 422, code: "validation_failed", fields: "comment:too_long"},
			call{name: "an access that is none", as: "ana", do: to, body: `{"rep_id":"@ben","access":"own"}`, want: 422, code: "validation_failed", fields: "access:unknown_value"})
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben","comment":"`+strings.Repeat("ä", 500)+`"}`)
		x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/remind", has: []string{`"rev":2`}})
		x.clock.Advance(29 * second)
		x.refuses(t, inSession,
			call{name: "B19: twice in 30 seconds", as: "ana", do: "POST /v1/invitations/$inv/remind", want: 429, code: "too_many_requests", answers: headers{"Retry-After": "1"}},
			call{name: "B19: by the invited", as: "ben", do: "POST /v1/invitations/$inv/remind", want: 403, code: "not_session_owner"},
			call{name: "B19: by a stranger", as: "cho", do: "POST /v1/invitations/$inv/remind", want: 404, code: "not_found"})
		x.clock.Advance(second)
		x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/remind", has: []string{`"rev":3`}})
		x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
		x.refuses(t, inSession, call{name: "B19: over", as: "ana", do: "POST /v1/invitations/$inv/remind", want: 409, code: "invitation_not_active", has: []string{`"reason":"cancelled"`, `"by":{"id":"$ana"`}})
		x.clock.Advance(time.Minute)
		x.here(t, "ben")
		for range 30 {
			x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
			x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
		}
		x.refuses(t, inSession, call{name: "B20: the 31st in a minute", as: "ana", do: to, body: `{"rep_id":"@ben"}`, want: 429, code: "too_many_requests", has: []string{`"limit":30`}, answers: headers{"Retry-After": "60"}})
		x.clock.Advance(time.Minute - second/2)
		x.here(t, "ben")
		x.refuses(t, inSession, call{name: "B20: half a second too early", as: "ana", do: to, body: `{"rep_id":"@ben"}`, want: 429, code: "too_many_requests", answers: headers{"Retry-After": "1"}})
		x.clock.Advance(second / 2)
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	})
}
