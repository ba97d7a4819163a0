package api_test

import (
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// transferring is ana with the permission to transfer outside her teams.
const transferring = `reps: [{username: ana, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, transfer_outside_teams]}]`

// TestC6Transfer: ownership moves on acceptance, and the sender leaves.
func TestC6Transfer(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, transferring)
		x.logInAll(t, "ana", "ben", "cho", "dev/phone", "eli")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		ana, dev, ben := x.cursor(t, "ana"), x.cursor(t, "dev/phone"), x.cursor(t, "ben")
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@dev","comment":"Yours, I think"}`, save: "trf=transfer.id", answers: headers{"ETag": `"4"`},
				has: []string{`"sender":{"id":"$ana","name":"Ana Ruiz"}`, `"rep":{"id":"$dev","name":"Dev Patel"}`, `"comment":"Yours, I think"`, `"stay":false`, `"owner":{"id":"$ana"`}},
			call{name: "the target sees the summary, not the inside", as: "dev/phone", do: "GET /v1/sessions/$ses", has: []string{"Jo Doe", "The tray jams", "Yours, I think"}, hasNot: []string{"attendees"}},
			call{as: "dev/phone", do: "GET /v1/sessions/$ses/messages", want: 403, code: "not_allowed"},
			call{name: "told over the log", as: "dev/phone", do: "GET /v1/event-log?after=" + dev, has: []string{`"reason":"transfer_offered"`, "Yours, I think"}},
			call{name: "as those in it are", as: "ben", do: "GET /v1/event-log?after=" + ben, has: []string{`"reason":"transfer_offered"`}},
			call{name: "no invitation", as: "dev/phone", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{name: "B8: the customer reads no comment", as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"name":"Ana"`}, hasNot: []string{"Yours", "transfer"}})
		job := x.pushOf(t, "dev", desk.PurposeTransfer)
		if job.TransferID != x.saved["trf"] || job.Key != job.TransferID || job.Invitation.Inviter.Name != "Ana Ruiz" || job.Badge != 1 {
			t.Errorf("pushed %+v", job)
		}
		x.play(t,
			call{as: "dev/phone", do: "POST /v1/sessions/$ses/accept", has: []string{`"owner":{"id":"$dev","name":"Dev Patel"}`, `"rep_count":2`}, hasNot: []string{`"rep_id":"$ana"`, `"transfer"`}},
			call{name: "again", as: "dev/phone", do: "POST /v1/sessions/$ses/accept", has: []string{`"owner":{"id":"$dev"`}},
			call{name: "B13", as: "cho", do: "GET /v1/invitations/$inv", has: []string{`"state":"withdrawn"`, `"reason":"ownership_moved"`}},
			call{name: "the sender", as: "ana", do: "GET /v1/event-log?after=" + ana, has: []string{`"reason":"transferred"`, `"reason":"transfer_accepted"`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/end", want: 403, code: "not_session_owner"},
			call{name: "the customer", as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"Ana has left the session", "Dev Patel has joined the session"}})
		if job := x.pushOf(t, "dev", desk.PurposeWithdrawal); job.Key != x.saved["trf"] || job.Invitation.Reason != desk.EndAccepted {
			t.Errorf("withdrawn with %+v", job)
		}
	})
}

// TestC6Stay: the sender stays as a further rep, if asked and if a seat is free.
func TestC6Stay(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: small, name: Small, max_invited_reps: 1, invite_ceiling: view}]`)
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", `,"portal_id":"@small"`)
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben","stay":true}`})
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`) // it holds no seat
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/accept", has: []string{`"rep_count":2`, `"role":"rep","rep_id":"$ana","name":"Ana Ruiz","access":"view"`}})
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho","stay":true}`})
		x.do(t, call{name: "no seat is free", as: "cho", do: "POST /v1/sessions/$ses/accept", has: []string{`"owner":{"id":"$cho"`, `"rep_count":2`, `"rep_id":"$ana"`}, hasNot: []string{`"rep_id":"$ben"`}})
		x.do(t, call{name: "to one who is in it, whose seat is free then", as: "cho", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ana","stay":true}`})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept", has: []string{`"owner":{"id":"$ana"`, `"rep_count":2`, `"role":"rep","rep_id":"$cho"`}})
	})
}

// TestC6Team: a team's is taken by the first of its reps; declining hides it from one.
func TestC6Team(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, transferring)
		x.logInAll(t, "ana", "dev", "eli", "fay")
		x.open(t, "ses", "ana", "")
		x.refuses(t, inSession, call{name: "only she herself is there", as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@printers"}`, want: 409, code: "team_not_available"})
		x.play(t,
			call{name: "a persistent team's queue takes it with nobody there", as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@night"}`, has: []string{`"team":{"id"`, "Night shift"}},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel"},
			call{name: "twice is once", as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel"},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@network"}`},
			call{as: "dev", do: "GET /v1/sessions/$ses", has: []string{"Jo Doe", `"name":"Network"`}},
			call{as: "dev", do: "POST /v1/sessions/$ses/transfer/decline", hasNot: []string{"Jo Doe"}},
			call{name: "for one alone", as: "dev", do: "GET /v1/sessions/$ses", want: 404, code: "not_found"},
			call{as: "eli", do: "GET /v1/sessions/$ses", has: []string{"Jo Doe"}},
			call{name: "who declined cannot accept", as: "dev", do: "POST /v1/sessions/$ses/accept", want: 409, code: "invitation_not_active", has: []string{`"reason":"declined"`}},
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"transfer"`, `"owner":{"id":"$ana"`}},
			call{name: "A7: not an outsider's to see", as: "fay", do: "GET /v1/sessions/$ses", want: 404},
			call{as: "eli", do: "POST /v1/sessions/$ses/accept", has: []string{`"owner":{"id":"$eli"`}},
			call{name: "D8: who is second learns who was first", as: "dev", do: "POST /v1/sessions/$ses/accept", want: 409, code: "session_taken", has: []string{"Eli Stone"}, hasNot: []string{"Jo Doe"}})
	})
}

// TestC6NobodyLeft is told to the owner, and the transfer stays.
func TestC6NobodyLeft(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@printers"}`})
		cursor := x.cursor(t, "ana")
		x.play(t,
			call{as: "ben", do: "POST /v1/sessions/$ses/transfer/decline"},
			call{as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"reason":"transfer_declined"`}},
			call{as: "cho", do: "POST /v1/sessions/$ses/transfer/decline"},
			call{as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"reason":"transfer_nobody_left"`}},
			call{name: "declined is declined", as: "cho", do: "POST /v1/sessions/$ses/accept", want: 409, code: "invitation_not_active", has: []string{`"reason":"declined"`}},
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"transfer"`, `"owner":{"id":"$ana"`}})
	})
}

// TestC6OneRepDeclines: it is over, the sender keeps the session, and another can be made.
func TestC6OneRepDeclines(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben"}`})
		cursor := x.cursor(t, "ana")
		x.play(t,
			call{as: "ben", do: "POST /v1/sessions/$ses/transfer/decline", hasNot: []string{"Jo Doe", "transfer"}},
			call{name: "again", as: "ben", do: "POST /v1/sessions/$ses/transfer/decline", hasNot: []string{"Jo Doe"}},
			call{as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"reason":"transfer_declined"`}},
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ana"`}, hasNot: []string{`"transfer"`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho"}`},
			call{name: "the session ends, and with it the transfer", as: "ana", do: "POST /v1/sessions/$ses/end"},
			call{as: "cho", do: "POST /v1/sessions/$ses/accept", want: 409, code: "invitation_not_active", has: []string{`"reason":"session_ended"`}})
	})
}
