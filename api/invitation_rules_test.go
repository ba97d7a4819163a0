package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestB1OnlyTheOwner invites, requests help and cancels: to who sees the session it says so, to others nothing.
func TestB1OnlyTheOwner(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "fay", "hal")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		var calls []call
		for who, want := range map[string]int{"ben": 403, "cho": 403, "hal": 403, "dev": 404, "fay": 404} {
			code := map[int]string{403: "not_session_owner", 404: "not_found"}[want]
			for what, c := range map[string]call{"invites": {do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"@printers"}`},
				"asks for help": {do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@vpn"}`}, "cancels": {do: "POST /v1/invitations/$inv/cancel"},
				"reminds": {do: "POST /v1/invitations/$inv/remind"}} {
				c.name, c.as, c.want, c.code = who+" "+what, who, want, code
				if want == 404 {
					c.hasNot = []string{"owner", "Ana", "Cho"}
				}
				calls = append(calls, c)
			}
		}
		x.refuses(t, inSession, calls...)
	})
}

// TestB2OneRep: it stands with that rep alone.
func TestB2OneRep(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho/tablet")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.play(t,
			call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{"$inv", "Jo Doe", `"rep":{"id":"$ben"`}},
			call{as: "cho/tablet", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{as: "cho/tablet", do: "GET /v1/invitations/$inv", want: 404, code: "not_found"},
			call{as: "cho/tablet", do: "POST /v1/invitations/$inv/accept", want: 404, code: "not_found"},
			call{as: "cho/tablet", do: "GET /v1/event-log?after=0", hasNot: []string{"$inv"}})
		if got := x.pushed(t, desk.PurposeInvitation, "$inv"); got != "ben" {
			t.Errorf("pushed to %s", got)
		}
	})
}

// TestB3AnyOfATeam: exactly one takes it; several can be sent.
func TestB3AnyOfATeam(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho/tablet")
		x.open(t, "ses", "ana", "")
		x.invite(t, "one", "ana", "ses", `{"team_id":"@printers"}`)
		if got := x.pushed(t, desk.PurposeInvitation, "$one"); got != "ben cho" {
			t.Errorf("pushed to %s", got)
		}
		x.invite(t, "two", "ana", "ses", `{"team_id":"@printers"}`)
		x.play(t,
			call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{"$one", "$two"}},
			call{as: "ana", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{name: "one's own is not for oneself", as: "ana", do: "POST /v1/invitations/$one/accept", want: 409, code: "already_in_session", has: []string{`"conflict":{"kind":"attendee","id":"att_`}},
			call{as: "ben/phone", do: "POST /v1/invitations/$one/accept", has: []string{`"rep_count":2`}},
			call{name: "not both", as: "ben/phone", do: "POST /v1/invitations/$two/accept", want: 409, code: "already_in_session"},
			call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{as: "cho/tablet", do: "POST /v1/invitations/$one/accept", want: 409, code: "invitation_not_active", has: []string{`"by":{"id":"$ben"`}},
			call{as: "cho/tablet", do: "POST /v1/invitations/$two/accept", has: []string{`"rep_count":3`}})
	})
}

// TestB4RequestHelp: the issue's own setting is the permission.
func TestB4RequestHelp(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ben", "dev", "fay")
		x.open(t, "ses", "ben", "") // ben has no permission to share outside
		x.play(t,
			call{as: "ben", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"@network"}`, want: 403, code: "not_reachable"},
			call{as: "ben", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@vpn","comment":"The tunnel"}`, want: 201, save: "help=id",
				has: []string{`"kind":"issue"`, `"issue":{"id"`, `"name":"VPN"`, `"name":"Network"`}},
			call{as: "ben", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@firewall"}`, want: 422, code: "issue_not_shareable"},
			call{as: "dev", do: "GET /v1/me/invitations", has: []string{"$help", "VPN", "The tunnel"}},
			call{as: "fay", do: "GET /v1/invitations/$help", want: 404},
			call{as: "dev", do: "POST /v1/invitations/$help/accept", has: []string{`"rep_count":2`}})
	})
}

// TestB6OnePerRep: a second direct one shows the first; those of teams may stand beside it.
func TestB6OnePerRep(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		x.open(t, "other", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.refuses(t, inSession, call{name: "a second", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","access":"view"}`, want: 409, code: "already_invited",
			has: []string{`"conflict":{"kind":"invitation","id":"$inv","state":"active"}`}})
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.invite(t, "else", "ana", "other", `{"rep_id":"@ben"}`)
		x.do(t, call{as: "ben", do: "POST /v1/invitations/$inv/decline"})
		x.invite(t, "again", "ana", "ses", `{"rep_id":"@ben"}`) // B20: who declined can be invited again
		x.do(t, call{as: "ben", do: "GET /v1/me/invitations", has: []string{"$again", "$any", "$else"}, hasNot: []string{"$inv"}})
	})
}

// TestB8Comment is for the invited, and never for the customer.
func TestB8Comment(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone")
		x.open(t, "ses", "ana", "")
		comment := strings.Repeat("é", 499) + "!"
		x.hidden(t, "guest/ses",
			call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","comment":"` + comment + `"}`, want: 201, save: "inv=id", has: []string{comment}},
			call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{comment}},
			call{as: "ben/phone", do: "GET /v1/invitations/$inv", has: []string{comment}})
		if job := x.pushOf(t, "ben", desk.PurposeInvitation); job.Invitation.Comment != comment {
			t.Errorf("pushed %q", job.Invitation.Comment)
		}
		x.do(t, call{as: "ben/phone", do: "POST /v1/invitations/$inv/accept", has: []string{comment}})
		if read := x.guestReads(t, "guest/ses"); strings.Contains(read, "é") {
			t.Errorf("the customer reads %s", read)
		}
	})
}

// TestB9Masked: the rep joins hidden from the customer, whichever way they were invited.
func TestB9Masked(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev")
		x.open(t, "ses", "ana", "")
		x.hidden(t, "guest/ses",
			call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","masked":true}`, want: 201, save: "inv=id", has: []string{`"masked":true`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"@printers","masked":true}`, want: 201, save: "any=id", has: []string{`"masked":true`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@vpn","masked":true}`, want: 201, save: "help=id", has: []string{`"masked":true`}},
			call{as: "ben", do: "POST /v1/invitations/$inv/accept"}, call{as: "cho", do: "POST /v1/invitations/$any/accept"}, call{as: "dev", do: "POST /v1/invitations/$help/accept", has: []string{`"rep_count":4`}},
			call{as: "ana", do: "GET /v1/sessions/$ses/attendees", has: []string{`"name":"Ben Okafor","access":"control","masked":true`, `"name":"Cho Min","access":"control","masked":true`, `"name":"Dev Patel","access":"control","masked":true`}})
	})
}

// TestB10Access: left out it is the ceiling; on acceptance the lower of what was granted and the ceiling of that moment.
func TestB10Access(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: free, name: Free, invite_ceiling: control}]`)
		x.logInAll(t, "ana", "ben", "cho", "dev")
		x.open(t, "ses", "ana", `,"portal_id":"@free"`)
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 201, save: "ben_inv=id", has: []string{`"access":"control"`}})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho","access":"view"}`, want: 201, save: "cho_inv=id", has: []string{`"access":"view"`}})
		x.do(t, call{as: "cho", do: "POST /v1/invitations/$cho_inv/accept", has: []string{`"rep_id":"$cho","name":"Cho Min","access":"view"`}})
		x.load(t, `portals: [{slug: free, name: Free, invite_ceiling: view}]`)
		x.do(t, call{as: "ben", do: "POST /v1/invitations/$ben_inv/accept", has: []string{`"rep_id":"$ben","name":"Ben Okafor","access":"view"`}})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@dev","access":"control"}`, want: 422, code: "access_above_ceiling"})
	})
}

// TestB11Eight: seven beside the owner, joined and invited together; a transfer takes none.
func TestB11Eight(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.importReps(t, 8)
		x.logInAll(t, "ana")
		x.open(t, "ses", "ana", "")
		for i := range 8 {
			x.token(t, fmt.Sprint("rep", i))
		}
		for i := range 7 {
			x.join(t, "ana", "ses", fmt.Sprint("rep", i), "")
		}
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@rep7"}`, want: 409, code: "rep_limit_reached", has: []string{`"limit":7`}})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@rep7"}`})
		x.do(t, call{as: "rep7", do: "POST /v1/sessions/$ses/accept", has: []string{`"rep_count":8`}})
	}, storetest.AnyNumberOfInvites)
}

// TestB13Ends gives each reason for which an invitation ends, as the owner and the invited read it.
func TestB13Ends(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "hal")
		for _, end := range []struct {
			reason, state string
			by            call
		}{
			{"cancelled", "cancelled", call{as: "ana", do: "POST /v1/invitations/$inv/cancel"}},
			{"accepted", "accepted", call{as: "ben", do: "POST /v1/invitations/$inv/accept"}},
			{"declined", "declined", call{as: "ben", do: "POST /v1/invitations/$inv/decline"}},
			{"session_ended", "withdrawn", call{as: "ana", do: "POST /v1/sessions/$ses/end"}},
			{"owner_left", "withdrawn", call{as: "ana", do: "POST /v1/sessions/$ses/leave", body: `{"new_owner_id":"@cho"}`}},
			{"joined_otherwise", "withdrawn", call{as: "ben", do: "POST /v1/invitations/$any/accept"}},
			{"ownership_moved", "withdrawn", call{as: "ana", do: "DELETE /v1/me/consoles/current?force=true", want: 204}},
			{"target_gone", "withdrawn", call{}},
		} {
			t.Run(end.reason, func(t *testing.T) {
				x.open(t, "ses", "ana", "")
				x.join(t, "ana", "ses", "cho", "")
				x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
				x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
				ben := x.cursor(t, "ben")
				if end.by.do == "" {
					x.load(t, `reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member}, disabled: true}]`)
				} else {
					x.do(t, end.by)
				}
				x.do(t, call{as: "hal", do: "GET /v1/sessions/$ses/invitations", has: []string{`"reason":"` + end.reason + `"`, `"state":"` + end.state + `"`, `"ended_at"`}})
				if end.reason == "ownership_moved" {
					x.forget("ana")
				}
				if end.by.do == "" {
					x.do(t, call{as: "ben", do: "GET /v1/me", want: 401, code: "account_disabled"})
					return
				}
				x.do(t, call{as: "ben", do: "GET /v1/invitations/$inv", has: []string{`"reason":"` + end.reason + `"`, `"state":"` + end.state + `"`}})
				x.do(t, call{as: "ben", do: "GET /v1/event-log?after=" + ben, has: []string{`"invitation.ended"`, `"reason":"` + end.reason + `"`}})
				x.do(t, call{as: "ben", do: "GET /v1/me/invitations", hasNot: []string{"$inv"}})
				if end.reason != "accepted" {
					x.do(t, call{name: "B15", as: "ben", do: "POST /v1/invitations/$inv/accept", want: 409, code: "invitation_not_active", has: []string{`"reason":"` + end.reason + `"`}})
				}
			})
		}
	})
}

// TestB14Declining hides a team's for one rep; the owner sees who, and when nobody is left, that too. It stays.
func TestB14Declining(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		ana, cho := x.cursor(t, "ana"), x.cursor(t, "cho")
		x.play(t,
			call{as: "ben", do: "POST /v1/invitations/$any/decline", has: []string{`"declined_by_me":true`, `"state":"active"`}, hasNot: []string{"Jo Doe"}},
			call{as: "ben", do: "POST /v1/invitations/$any/accept", want: 409, code: "invitation_not_active", has: []string{`"reason":"declined"`}},
			call{name: "the others see nothing of it", as: "cho", do: "GET /v1/event-log?after=" + cho, has: []string{`"items":[]`}},
			call{as: "ana", do: "GET /v1/event-log?after=" + ana, has: []string{`"invitation.changed"`, `"reason":"declined"`, `"declined_by":[{"id":"$ben"`}, hasNot: []string{"nobody_left"}},
			call{as: "cho", do: "POST /v1/invitations/$any/decline"},
			call{as: "ana", do: "GET /v1/event-log?after=" + ana, has: []string{`"reason":"nobody_left"`, `"nobody_left":true`}},
			call{name: "it stays", as: "ana", do: "GET /v1/invitations/$any", has: []string{`"state":"active"`, `"nobody_left":true`, "Ben Okafor", "Cho Min"}})
	})
}

// TestB15NotAfterLeaving: the winner may repeat it, but not after they left again.
func TestB15NotAfterLeaving(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.play(t,
			call{as: "ben", do: "POST /v1/invitations/$ben_in_ses/accept", has: []string{`"state":"accepted"`, `"rep_count":2`}},
			call{as: "ben", do: "POST /v1/sessions/$ses/leave"},
			call{as: "ben", do: "POST /v1/invitations/$ben_in_ses/accept", want: 409, code: "invitation_not_active", has: []string{`"state":"accepted"`, `"by":{"id":"$ben"`}},
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"rep_count":1`}})
	})
}

// TestB17TheOwnerSeesAll invitations, active and past, each with a revision that grows.
func TestB17TheOwnerSeesAll(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "one", "ana", "ses", `{"rep_id":"@ben"}`)
		x.do(t, call{as: "ben", do: "POST /v1/invitations/$one/decline"})
		x.clock.Advance(time.Minute)
		x.here(t, "ben", "cho")
		x.invite(t, "two", "ana", "ses", `{"team_id":"@printers"}`)
		x.do(t, call{as: "ana", do: "POST /v1/invitations/$two/remind", answers: headers{"ETag": `"2"`}})
		x.do(t, call{as: "cho", do: "POST /v1/invitations/$two/decline"})
		x.do(t, call{as: "ben", do: "POST /v1/invitations/$two/accept"})
		x.do(t, call{as: "ana", do: "GET /v1/invitations/$two", answers: headers{"ETag": `"4"`}})
		a := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/invitations"})
		for at, want := range map[string]string{"items.0.id": x.saved["two"], "items.0.state": "accepted", "items.0.accepted_by.name": "Ben Okafor", "items.0.ended_at": "2026-03-02T09:01:00Z",
			"items.0.declined_by.0.name": "Cho Min", "items.0.rev": "4", "items.1.id": x.saved["one"], "items.1.reason": "declined", "items.1.ended_at": "2026-03-02T09:00:00Z", "items.1.rev": "2"} {
			if a.at(at) != want {
				t.Errorf("%s is %s, want %s", at, a.at(at), want)
			}
		}
	})
}

// TestB19Reminding tells it again, to all who may take it now, with a higher revision.
func TestB19Reminding(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho/tablet")
		x.open(t, "ses", "ana", "")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.pushed(t, desk.PurposeInvitation, "$any")
		x.do(t, call{as: "cho/tablet", do: "POST /v1/invitations/$any/decline"})
		x.pushed(t, desk.PurposeInvitation, "$any")
		ben, cho := x.cursor(t, "ben/phone"), x.cursor(t, "cho/tablet")
		x.play(t,
			call{as: "ana", do: "POST /v1/invitations/$any/remind", has: []string{`"rev":3`, `"reminded_at":"2026-03-02T09:00:00Z"`}},
			call{as: "ben/phone", do: "GET /v1/event-log?after=" + ben, has: []string{`"invitation.changed"`, `"reason":"reminded"`, `"rev":3`}},
			call{name: "not who declined", as: "cho/tablet", do: "GET /v1/event-log?after=" + cho, has: []string{`"items":[]`}})
		if got := x.pushed(t, desk.PurposeInvitation, "$any"); got != "ben" {
			t.Errorf("told again to %s", got)
		}
	})
}
