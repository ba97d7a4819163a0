package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// lostAfter is when a session is lost to an owner who makes no request any more: two minutes after they count as gone.
const lostAfter = 200 * second

// TestC9LongestJoined: the session goes to the rep who has shared it longest, who is unmasked, announced and alerted.
func TestC9LongestJoined(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho", "dev")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben/phone", `,"masked":true,"access":"view"`)
		x.clock.Advance(second)
		x.join(t, "ana", "ses", "cho", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@dev"}`)
		x.pass(t, lostAfter-2*second, "ben/phone", "cho", "dev")
		x.do(t, call{name: "not yet", as: "cho", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ana"`, `"rep_count":3`}})
		cursor := x.cursor(t, "ben/phone")
		x.pass(t, second, "ben/phone", "cho", "dev")
		x.play(t,
			call{as: "ben/phone", do: "GET /v1/sessions/$ses", has: []string{`"state":"active"`, `"owner":{"id":"$ben"`, `"rep_count":2`, `"role":"owner","rep_id":"$ben","name":"Ben Okafor","access":"control","masked":false`}},
			call{name: "told over the log", as: "ben/phone", do: "GET /v1/event-log?after=" + cursor, has: []string{`"reason":"connection_lost"`, `"type":"attendee.changed"`}},
			call{name: "C3: announced", as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"Ana has left the session", "Ben Okafor has joined the session"}},
			call{name: "B13", as: "dev", do: "GET /v1/invitations/$inv", has: []string{`"state":"withdrawn"`, `"reason":"ownership_moved"`}, hasNot: []string{"Jo Doe"}},
			call{name: "the former owner saw it once", as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ben"`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/end", want: 403, code: "not_session_owner"})
		if job := x.pushOf(t, "ben", desk.PurposeSession); job.Reason != desk.SessionMovedToYou || job.Session.ID != x.saved["ses"] {
			t.Errorf("pushed %+v", job)
		}
	})
}

// pushOf takes all pushes that wait, and returns the last to the rep with the purpose.
func (x *server) pushOf(t *testing.T, username string, purpose desk.Purpose) (found desk.Job) {
	t.Helper()
	jobs, err := x.store.ClaimDeliveries(t.Context(), desk.ChannelFCM, 500, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs {
		if err := x.store.FinishDelivery(t.Context(), job, desk.Outcome{Kind: desk.OutcomeDone}, 0); err != nil {
			t.Fatal(err)
		}
		if job.Rep.ID == x.saved[username] && job.Purpose == purpose {
			found = job
		}
	}
	return found
}

// TestC9Queues: with nobody in it to go to, the session goes to the last queue it stood in, to the first, to the portal's
// fallback team, and else it ends.
func TestC9Queues(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `
portals:
  - {slug: rescue, name: Rescue, fallback_team: night}
  - {slug: strict, name: Strict, lost_steps: [first_queue]}
  - {slug: none, name: None, lost_steps: []}
reps: [{username: ana, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, transfer_outside_teams]}]`)
		for _, c := range []struct {
			name, portal, to string
			connected        []string
			has              []string
			who              string
		}{
			{"the last queue", "main", "@network", []string{"dev", "cho"}, []string{`"state":"waiting"`, `"name":"Network"`}, "dev"},
			{"nobody there: the first queue", "main", "@network", []string{"cho"}, []string{`"state":"waiting"`, `"name":"Printers"`}, "cho"},
			{"switched off: the first queue", "strict", "@network", []string{"dev", "cho"}, []string{`"state":"waiting"`, `"name":"Printers"`}, "cho"},
			{"nobody there: the fallback team, which is persistent", "rescue", "@network", []string{"hal"}, []string{`"state":"waiting"`, `"name":"Night shift"`}, "hal"},
			{"the order of other portals is as it was", "main", "@network", []string{"dev", "cho"}, []string{`"state":"waiting"`, `"name":"Network"`}, "dev"},
			{"nobody anywhere", "main", "@network", []string{"hal"}, []string{`"state":"ended"`, `"end_reason":"owner_lost"`}, "hal"},
			{"all steps off", "none", "@network", []string{"dev", "cho", "hal"}, []string{`"state":"ended"`, `"end_reason":"owner_lost"`}, "hal"},
		} {
			t.Run(c.name, func(t *testing.T) {
				x.clock.Advance(24 * time.Hour) // everybody is gone
				x.here(t, "ana", "eli", "cho", "dev", "hal")
				x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"portal_id":"@` + c.portal + `","issue_id":"@paper-jam","customer":{"name":"Jo Doe"}}`, want: 201, save: "ses=session.id guest=guest_token"})
				x.tokens["guest/ses"] = x.saved["guest"]
				x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
				x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"` + c.to + `"}`})
				x.do(t, call{as: "eli", do: "POST /v1/sessions/$ses/accept"})
				x.pass(t, lostAfter-second, c.connected...)
				x.do(t, call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"state":"active"`}})
				cursor := x.cursor(t, c.who)
				x.pass(t, second, c.connected...)
				x.do(t, call{as: c.who, do: "GET /v1/sessions/$ses", has: c.has, hasNot: []string{`"state":"active"`}})
				if c.who == "hal" {
					return
				}
				x.do(t, call{as: c.who, do: "GET /v1/event-log?after=" + cursor, has: []string{`"session.changed"`, `"reason":"connection_lost"`}})
				x.do(t, call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"state":"waiting"`}, hasNot: []string{`"owner"`}})
				x.do(t, call{as: c.who, do: "POST /v1/sessions/$ses/accept", has: []string{`"state":"active"`}})
				x.do(t, call{as: c.who, do: "POST /v1/sessions/$ses/end"})
			})
		}
	})
}

// TestC9WaitsWithAllInIt: in a queue again, its reps stay, and the next owner finds them there.
func TestC9WaitsWithAllInIt(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: queues, name: Queues, lost_steps: [last_queue]}]`)
		x.logInAll(t, "ana", "ben", "cho")
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"portal_id":"@queues","team_id":"@printers","customer":{"name":"Jo Doe"}}`, want: 201, save: "ses=session.id"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/hold"})
		x.join(t, "ana", "ses", "ben", "")
		x.pass(t, lostAfter, "ben", "cho")
		x.play(t,
			call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"state":"waiting"`, `"held":false`, `"rep_count":1`, `"name":"Ben Okafor"`}, hasNot: []string{`"owner"`}},
			call{name: "C1: and may write", as: "ben", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Somebody will come"}`, want: 201},
			call{as: "cho", do: "POST /v1/sessions/$ses/accept", has: []string{`"owner":{"id":"$cho"`, `"rep_count":2`, `"name":"Ben Okafor"`}})
	})
}

// TestC9Push: an owner whom a push reaches is asked by one, comes back, or loses the session after ten minutes.
func TestC9Push(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana/phone", "ben")
		x.open(t, "ses", "ana/phone", "")
		x.join(t, "ana/phone", "ses", "ben", "")
		x.pass(t, lostAfter, "ben")
		if job := x.pushOf(t, "ana", desk.PurposeSession); job.Reason != desk.SessionConnectionLost || job.Session.ID != x.saved["ses"] {
			t.Fatalf("asked with %+v", job)
		}
		x.do(t, call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ana"`}})
		x.pass(t, second, "ben", "ana/phone")
		if job := x.pushOf(t, "ana", desk.PurposeWithdrawal); job.Reason != desk.SessionConnectionLost || job.Ends != desk.PurposeSession {
			t.Fatalf("taken back with %+v", job)
		}
		x.pass(t, 679*second, "ben")
		x.do(t, call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ana"`}})
		x.pass(t, second, "ben")
		x.do(t, call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ben"`}})
	})
}

// TestC9LostSeat: a joined rep who is lost for ten minutes loses the seat, which is free then.
func TestC9LostSeat(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.pass(t, 679*second, "ana")
		x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"reps_left":6`}})
		cursor := x.cursor(t, "ana")
		x.pass(t, second, "ana")
		x.play(t,
			call{as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"reps_left":7`}},
			call{as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"attendee.left"`, `"reason":"connection_lost"`}},
			call{as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"Ben Okafor has left the session"}},
			call{name: "the owner, who asks now and then, stays", as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ana"`}})
	})
}

// TestC9LogOut names the open sessions, unless forced, and gives them away at once.
func TestC9LogOut(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ana/phone", "ben")
		x.open(t, "ses", "ana", "")
		x.open(t, "more", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.do(t, call{as: "ana/phone", do: "DELETE /v1/me/consoles/current", want: 204})
		x.refuses(t, inSession, call{name: "the last console", as: "ana", do: "DELETE /v1/me/consoles/current", want: 409, code: "owner_must_hand_over",
			has: []string{`"conflict":{"kind":"session","id":"$ses","state":"active"}`, "$more"}})
		x.do(t, call{as: "ana", do: "DELETE /v1/me/consoles/current?force=true", want: 204})
		x.play(t,
			call{as: "ana", do: "GET /v1/me", want: 401, code: "console_revoked"},
			call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ben"`}},
			call{name: "nobody else is left for the other", as: "guest/more", do: "GET /v1/guest/session", has: []string{`"state":"ended"`, `"end_reason":"owner_lost"`}})
	})
}

// TestC9ARequestKeeps the owner connected: one in time is enough.
func TestC9ARequestKeeps(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		for range 6 {
			x.pass(t, lostAfter-second, "ben")
			x.here(t, "ana")
		}
		x.do(t, call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"owner":{"id":"$ana"`}})
	})
}

// TestI5LeavingAgain: the answer to leaving can be had again by its key, by customer and specialist alike; a specialist who
// left hears no other.
func TestI5LeavingAgain(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, "portals: [{slug: main, name: Main, specialists: true}]\nreps: [{username: ana, name: Ana Ruiz, teams: {printers: lead}, permissions: [invite_specialists]}]")
		x.open(t, "ses", "ana", `,"portal_id":"@main"`)
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/specialist-invitations", body: `{}`, want: 201, save: "code=code spi=id"})
		x.do(t, call{do: "POST /v1/public/join", body: `{"code":"$code","name":"Mia"}`, want: 201, save: "mia=token"})
		x.tokens["guest/mia"] = x.saved["mia"]
		key := headers{"Idempotency-Key": "leaves-once"}
		first := x.do(t, call{as: "guest/mia", do: "POST /v1/guest/leave", headers: key, has: []string{`"state":"active"`}})
		if again := x.do(t, call{as: "guest/mia", do: "POST /v1/guest/leave", headers: key}); again.text != first.text {
			t.Errorf("first %s, then %s", first.text, again.text)
		}
		x.play(t,
			call{name: "by another key", as: "guest/mia", do: "POST /v1/guest/leave", headers: headers{"Idempotency-Key": "leaves-twice"}, want: 401, code: "token_unknown"},
			call{name: "by none", as: "guest/mia", do: "POST /v1/guest/leave", want: 401, code: "token_unknown"},
			call{name: "anything else", as: "guest/mia", do: "GET /v1/guest/session", want: 401, code: "token_unknown"},
			call{as: "guest/mia", do: "POST /v1/guest/messages", body: `{"text":"Hello?"}`, headers: key, want: 401, code: "token_unknown"})
	})
}

// TestC13 follows a customer who leaves.
func TestC13(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"}}`, want: 201, save: "waits=session.id token=guest_token"})
		x.tokens["guest/waits"] = x.saved["token"]
		x.play(t,
			call{name: "while waiting: it ends", as: "guest/waits", do: "POST /v1/guest/leave", has: []string{`"state":"ended"`, `"end_reason":"abandoned"`}},
			call{as: "ana", do: "POST /v1/sessions/$waits/accept", want: 404, code: "not_found"},
			call{name: "again", as: "guest/waits", do: "POST /v1/guest/leave", has: []string{`"state":"ended"`}})
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.play(t,
			call{name: "while active: it is flagged", as: "guest/ses", do: "POST /v1/guest/leave", has: []string{`"customer_gone":true`, `"state":"active"`}},
			call{as: "guest/ses", do: "POST /v1/guest/leave", has: []string{`"customer_gone":true`}},
			call{name: "it stays for notes", as: "ana", do: "POST /v1/sessions/$ses/notes", body: `{"text":"Went away"}`, want: 201},
			call{name: "and for those invited", as: "ben", do: "POST /v1/invitations/$inv/accept", has: []string{`"customer_gone":true`}},
			call{name: "the same token resumes it", as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"customer_gone":false`}},
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"customer_gone":false`}},
			call{as: "guest/ses", do: "POST /v1/guest/leave"})
		x.pass(t, 30*time.Minute-second, "ana", "ben")
		x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"state":"active"`, `"customer_gone":true`}})
		x.pass(t, second, "ana", "ben")
		x.play(t,
			call{name: "half an hour: it ends", as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"state":"ended"`, `"end_reason":"customer_gone"`}},
			call{name: "C14: the notes stay", as: "ana", do: "GET /v1/sessions/$ses/notes", has: []string{"Went away"}},
			call{as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"Hello?"}`, want: 409, code: "session_not_active"})
		x.open(t, "ended", "ana", "")
		x.do(t, call{as: "guest/ended", do: "POST /v1/guest/leave"})
		x.do(t, call{name: "the owner ends it", as: "ana", do: "POST /v1/sessions/$ended/end", has: []string{`"end_reason":"ended_by_owner"`}})
		if strings.Contains(x.do(t, call{as: "guest/ended", do: "GET /v1/guest/session"}).text, `"summary"`) {
			t.Error("a customer reads the summary")
		}
	})
}
