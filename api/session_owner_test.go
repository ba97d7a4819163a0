package api_test

import (
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// TestC7Leaving: a joined rep just leaves; an owner names a joined rep, or ends the session.
func TestC7Leaving(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho", "dev")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben/phone", `,"masked":true,"access":"view"`)
		x.join(t, "ana", "ses", "cho", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@dev"}`)
		leave := "POST /v1/sessions/$ses/leave"
		x.refuses(t, inSession,
			call{name: "without an owner", as: "ana", do: leave, want: 409, code: "owner_must_hand_over", has: []string{`"conflict":{"kind":"session","id":"$ses","state":"active"}`}},
			call{name: "to who is only invited", as: "ana", do: leave, body: `{"new_owner_id":"@dev"}`, want: 404, code: "not_found"},
			call{name: "to oneself", as: "ana", do: leave, body: `{"new_owner_id":"@ana"}`, want: 404, code: "not_found"},
			call{name: "to nobody known", as: "ana", do: leave, body: `{"new_owner_id":"@nobody"}`, want: 404, code: "not_found"},
			call{name: "a joined rep names no owner", as: "cho", do: leave, body: `{"new_owner_id":"@ben"}`, want: 403, code: "not_session_owner"},
			call{name: "who is only invited cannot leave", as: "dev", do: leave, want: 403, code: "not_allowed"})
		x.play(t,
			call{as: "cho", do: leave, has: []string{`"rep_count":2`}},
			call{name: "twice", as: "cho", do: leave, has: []string{`"rep_count":2`}},
			call{name: "the owner: handed over", as: "ana", do: leave, body: `{"new_owner_id":"@ben"}`, has: []string{`"owner":{"id":"$ben","name":"Ben Okafor"}`}},
			call{name: "C11: unmasked, in control", as: "ben/phone", do: "GET /v1/sessions/$ses/attendees", has: []string{`"role":"owner","rep_id":"$ben","name":"Ben Okafor","access":"control","masked":false`}, hasNot: []string{"Ana"}},
			call{name: "B13", as: "dev", do: "GET /v1/invitations/$inv", has: []string{`"state":"withdrawn"`, `"reason":"owner_left"`}},
			call{name: "A8: the former owner was in it", as: "ana", do: "GET /v1/sessions/$ses", has: []string{"Jo Doe"}},
			call{name: "C3", as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"Ana has left the session", "Ben Okafor has joined the session"}},
			call{name: "the other way: it ends", as: "ben/phone", do: "POST /v1/sessions/$ses/end", has: []string{`"state":"ended"`}})
	})
}

// TestC7Holding: everything stays as it is.
func TestC7Holding(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		x.refuses(t, inSession, call{name: "by a joined rep", as: "ben", do: "POST /v1/sessions/$ses/hold", want: 403, code: "not_session_owner"})
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions/$ses/hold", has: []string{`"held":true`, `"state":"active"`, `"owner":{"id":"$ana"`, `"rep_count":2`}, answers: headers{"ETag": `"4"`}},
			call{name: "twice is once", as: "ana", do: "POST /v1/sessions/$ses/hold", answers: headers{"ETag": `"4"`}},
			call{name: "the invitation stands", as: "cho", do: "POST /v1/invitations/$inv/accept", has: []string{`"held":true`, `"rep_count":3`}},
			call{name: "the chat goes on", as: "ben", do: "POST /v1/sessions/$ses/messages", body: `{"text":"We wait"}`, want: 201},
			call{name: "the customer is told", as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"held":true`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/resume", has: []string{`"held":false`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/resume", has: []string{`"held":false`}})
	})
}

// TestC8Supervision: who is above the owner in a team that allows it may join, transfer and take over.
func TestC8Supervision(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho", "dev", "eli", "hal")
		x.open(t, "ses", "ben/phone", "")
		x.join(t, "ben/phone", "ses", "cho", "")
		x.refuses(t, []call{{as: "ben/phone", do: "GET /v1/sessions/$ses"}},
			call{name: "of the same rank, to take over", as: "cho", do: "POST /v1/sessions/$ses/take-over", want: 409, code: "take_over_not_allowed",
				has: []string{`"conflict":{"kind":"session","id":"$ses","state":"active","by":{"id":"$ben","name":"Ben Okafor"}}`}},
			call{name: "an administrator is no lead: to join", as: "hal", do: "POST /v1/sessions/$ses/join", want: 403, code: "not_allowed"},
			call{name: "nor to take over", as: "hal", do: "POST /v1/sessions/$ses/take-over", want: 409, code: "take_over_not_allowed"},
			call{name: "the manager of another team does not see it", as: "eli", do: "POST /v1/sessions/$ses/join", want: 404, code: "not_found"},
			call{name: "nor takes it over", as: "eli", do: "POST /v1/sessions/$ses/take-over", want: 404, code: "not_found"},
			call{name: "the lead is not its owner", as: "ana", do: "POST /v1/sessions/$ses/hold", want: 403, code: "not_session_owner"})
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions/$ses/join", body: `{"masked":true}`, has: []string{`"rep_count":3`, `"rep_id":"$ana","name":"Ana Ruiz","access":"control","masked":true`}},
			call{name: "again", as: "ana", do: "POST /v1/sessions/$ses/join", has: []string{`"rep_count":3`}},
			call{name: "to transfer", as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho"}`, has: []string{`"sender":{"id":"$ana","name":"Ana Ruiz"}`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel", hasNot: []string{`"transfer"`}},
			call{name: "to take over; the former owner stays", as: "ana", do: "POST /v1/sessions/$ses/take-over", has: []string{`"owner":{"id":"$ana"`, `"rep_count":3`, `"role":"rep","rep_id":"$ben"`}},
			call{name: "again", as: "ana", do: "POST /v1/sessions/$ses/take-over", has: []string{`"owner":{"id":"$ana"`}},
			call{as: "ben/phone", do: "POST /v1/sessions/$ses/end", want: 403, code: "not_session_owner"})
		if job := x.pushOf(t, "ben", desk.PurposeSession); job.Reason != desk.SessionTakenOver {
			t.Errorf("the former owner was told %+v", job)
		}
		x.load(t, `teams: [{slug: printers, name: Printers, supervision: false}]`)
		x.open(t, "ses", "ben/phone", "")
		x.play(t,
			call{name: "a team that does not allow it: seen all the same", as: "ana", do: "GET /v1/sessions/$ses", has: []string{"attendees"}},
			call{as: "ana", do: "POST /v1/sessions/$ses/join", want: 403, code: "not_allowed"},
			call{as: "ana", do: "POST /v1/sessions/$ses/take-over", want: 409, code: "take_over_not_allowed"},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho"}`, want: 403, code: "not_session_owner"})
	})
}

// TestC8Seats: no seat, no joining; a former owner for whom none is free leaves.
func TestC8Seats(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: small, name: Small, max_invited_reps: 1}]`)
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ben", `,"portal_id":"@small"`)
		x.join(t, "ben", "ses", "cho", "")
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions/$ses/join", want: 409, code: "rep_limit_reached", has: []string{`"limit":1`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/take-over", has: []string{`"owner":{"id":"$ana"`, `"rep_count":2`, `"rep_id":"$cho"`}, hasNot: []string{`"rep_id":"$ben"`}},
			call{as: "ben", do: "GET /v1/sessions/$ses/attendees", has: []string{"Ana Ruiz"}, hasNot: []string{"Ben Okafor"}})
	})
}

// TestC10Several: a rep owns and joins several sessions at once, each on its own.
func TestC10Several(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		for _, name := range []string{"one", "two", "three"} {
			x.open(t, name, "ana", "")
			x.join(t, "ana", name, "ben", "")
		}
		x.open(t, "own", "ben", "")
		x.play(t,
			call{as: "ben", do: "GET /v1/sessions?mine=joined&state=active", has: []string{"$one", "$two", "$three"}, hasNot: []string{"$own"}},
			call{as: "ben", do: "GET /v1/sessions?mine=owner", has: []string{"$own"}, hasNot: []string{"$one"}},
			call{name: "A5: counted", as: "ana", do: "GET /v1/sessions/$one", has: []string{`"rep_count":2`}},
			call{as: "ben", do: "POST /v1/sessions/$two/leave"},
			call{as: "ben", do: "GET /v1/sessions?mine=joined", has: []string{"$one", "$three"}, hasNot: []string{"$two"}},
			call{as: "ana", do: "POST /v1/sessions/$one/end"},
			call{as: "ben", do: "POST /v1/sessions/$three/messages", body: `{"text":"Still here"}`, want: 201})
	})
}
