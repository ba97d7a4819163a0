package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// sample is a valid body for each operation that wants one.
var sample = map[string]string{
	"log-in":                `{"username":"ana","password":"correct horse","device":{"platform":"script"}}`,
	"update-console":        `{"name":"Desk"}`,
	"update-me":             `{"busy":true}`,
	"change-password":       `{"current_password":"correct horse","new_password":"battery staple"}`,
	"start-session":         `{"customer":{"name":"Jo Doe"}}`,
	"end-session":           `{"summary":"Done"}`,
	"request-help":          `{"issue_id":"@vpn"}`,
	"invite":                `{"rep_id":"@ben"}`,
	"ack-delivery":          `{"state":"received"}`,
	"import-organization":   `teams: []`,
	"leave-session":         `{"new_owner_id":"@ben"}`,
	"join-session":          `{"masked":true}`,
	"transfer-session":      `{"rep_id":"@ben"}`,
	"update-attendee":       `{"access":"view"}`,
	"post-message":          `{"text":"Hello"}`,
	"mark-session-read":     `{"message_id":"msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"}`,
	"add-note":              `{"text":"Hello"}`,
	"create-api-token":      `{"name":"Script","scopes":["administration:write"]}`,
	"update-api-token":      `{"name":"Script"}`,
	"post-team-message":     `{"text":"Hello"}`,
	"mark-team-chat-read":   `{"message_id":"msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"}`,
	"update-preferences":    `{"queue_sort":"customer"}`,
	"create-session-key":    `{"portal_id":"@main","lifetime_seconds":600}`,
	"enter":                 `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"Jo Doe"}}`,
	"create-rep":            administration["create-rep"],
	"update-rep":            administration["update-rep"],
	"set-rep-password":      administration["set-rep-password"],
	"create-team":           `{"slug":"phones","name":"Phones","waiting":{"after_seconds":60,"action":"overdue"}}`,
	"update-team":           `{"name":"Al","waiting":{"after_seconds":60,"action":"overdue"}}`,
	"set-team-member":       administration["set-team-member"],
	"create-portal":         administration["create-portal"],
	"update-portal":         administration["update-portal"],
	"create-issue":          administration["create-issue"],
	"update-issue":          administration["update-issue"],
	"create-support-button": administration["create-support-button"],
	"create-help-link":      administration["create-help-link"],
	"update-support-button": administration["update-support-button"],
	"update-help-link":      administration["update-help-link"],
	"post-guest-message":    `{"text":"Hello"}`,
	"give-consent":          `{"attendee_id":"att_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f","granted":true}`,
	"update-guest-session":  `{"page_title":"Hello"}`,
	"reassign-session":      administration["reassign-session"],
	"accept-next":           `{"team_id":"@printers"}`,

	"answer-invitation-link": `{"answer":"accept"}`,

	"invite-specialists":           `{"joins":1}`,
	"email-specialist-invitation":  `{"emails":["mia@example.com"]}`,
	"cancel-specialist-invitation": `{"remove_joined":true}`,
	"look-up-code":                 `{"code":"123456789"}`,
	"join-as-specialist":           `{"code":"123456789","name":"Mia"}`,
}

// nowhere are ids of the right form that name nothing.
var nowhere = map[string]string{
	"{session_id}":     "ses_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
	"{invitation_id}":  "inv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
	"{delivery_id}":    "dlv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
	"{console_id}":     "con_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
	"{attendee_id}":    "att_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
	"{team_id}":        "team_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
	"{queue_id}":       "team_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
	"{session_key_id}": "key_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",

	"{specialist_invitation_id}": "spi_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f",
}

// withParameter gives every operation whose path has a parameter, and its parameter. Those of administrators refuse all
// others alike, whatever is there.
func (x *server) withParameter(each func(method, path, parameter, id string)) {
	for path, item := range x.api.Document().Paths {
		for parameter := range nowhere {
			if strings.Contains(path, parameter) {
				for method, op := range operationsOf(item) {
					if slices.Contains(op.Tags, "Administration") {
						continue
					}
					each(method, path, parameter, op.OperationID)
				}
			}
		}
	}
}

// TestI4TheSameForNotThereAndNotYours asks every operation with an id, as an outsider, for a thing that is there and
// for one that is not: nothing in the two answers differs.
func TestI4TheSameForNotThereAndNotYours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben/phone", "gus", "eli")
		x.specialistsToo(t)
		x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/specialist-invitations", body: `{}`, want: 201, save: "spi=id"})
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv/deliveries", save: "dlv=items.0.id"})
		x.saved["con"] = x.do(t, call{as: "ben/phone", do: "GET /v1/me/consoles"}).items("id")[0]
		x.saved["team"] = x.do(t, call{as: "ana", do: "GET /v1/me"}).at("teams.0.team.id")
		x.saved["att"] = x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees"}).items("id")[0]
		there := map[string][]string{"{attendee_id}": {"$att"}, "{session_id}": {"$ses"}, "{invitation_id}": {"$inv", "$any"}, "{delivery_id}": {"$dlv"}, "{console_id}": {"$con"}, "{team_id}": {"$team"}, "{queue_id}": {"$team"}, "{specialist_invitation_id}": {"$spi"}}
		asked := 0
		for _, outsider := range []string{"gus", "eli"} { // of an embassy, and a manager of another team
			x.withParameter(func(method, path, parameter, id string) {
				if parameter != "{session_id}" { // of a path with two, the other leads somewhere
					path = strings.Replace(path, "{session_id}", x.saved["ses"], 1)
				}
				path = strings.Replace(path, "{attendee_id}", x.saved["att"], map[bool]int{true: 0, false: 1}[parameter == "{attendee_id}"])
				missing := x.refusal(t, outsider, method, strings.Replace(path, parameter, nowhere[parameter], 1), sample[id])
				for _, name := range there[parameter] {
					if got := x.refusal(t, outsider, method, strings.Replace(path, parameter, x.saved[name[1:]], 1), sample[id]); got != missing {
						t.Errorf("%s as %s: for one that is there %s, for one that is not %s", id, outsider, got, missing)
					}
				}
				asked++
			})
		}
		if asked < 2*15 {
			t.Errorf("only %d operations asked", asked)
		}
		x.play(t, // nothing came of it
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"state":"active"`, `"rep_count":1`}},
			call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"state":"active"`, `"rev":1`}},
			call{as: "ben/phone", do: "GET /v1/me"})
	})
}

// refusal is all of a 404 that could tell something.
func (x *server) refusal(t *testing.T, as, method, path, body string) string {
	t.Helper()
	a := x.do(t, call{as: as, do: method + " " + path, body: body, want: http.StatusNotFound, code: "not_found"})
	return a.at("code") + ": " + a.at("detail") + " " + a.at("title") + fieldsOf(a) + a.at("conflict.id")
}

// TestA8WhatEachSees follows one session through the eyes of everybody who has to do with it.
func TestA8WhatEachSees(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "eli", "fay", "hal")
		x.play(t,
			call{as: "dev", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"},"team_id":"@network"}`, want: 201, save: "net=session.id"},
			call{name: "standing in the queue of the team", as: "eli", do: "GET /v1/sessions/$net", has: []string{"Jo Doe"}, hasNot: []string{"attendees"}},
			call{name: "the queue of another team", as: "ana", do: "GET /v1/sessions/$net", want: 404, code: "not_found"},
			call{name: "taken by a colleague: gone for a member", as: "eli", do: "POST /v1/sessions/$net/accept"},
			call{as: "dev", do: "GET /v1/sessions/$net", want: 404, code: "not_found"},
			call{name: "D8: the second is told who was first", as: "dev", do: "POST /v1/sessions/$net/accept", want: 409, code: "session_taken", has: []string{"Eli Stone"}},
		)
		x.open(t, "ses", "ben", "")
		x.play(t,
			call{name: "a colleague of the same rank", as: "cho", do: "GET /v1/sessions/$ses", want: 404},
			call{name: "the lead of the owner", as: "ana", do: "GET /v1/sessions/$ses", has: []string{"attendees"}},
			call{name: "the lead sees it, and does not own it", as: "ana", do: "GET /v1/sessions/$ses/share", want: 403, code: "not_session_owner"},
			call{as: "ana", do: "GET /v1/sessions/$ses/invitations", want: 403, code: "not_session_owner"},
			call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho"}`, want: 403, code: "not_session_owner"},
			call{as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"@vpn"}`, want: 403, code: "not_session_owner"},
			call{as: "ana", do: "POST /v1/sessions/$ses/end", want: 403, code: "not_session_owner"},
			call{name: "an administrator", as: "hal", do: "GET /v1/sessions/$ses/attendees"},
			call{as: "hal", do: "GET /v1/sessions", has: []string{`"$ses"`, `"$net"`}},
			call{as: "hal", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho"}`, want: 403, code: "not_session_owner"},
			call{as: "fay", do: "GET /v1/sessions", has: []string{`"items":[]`}, hasNot: []string{"Jo"}},
			call{as: "cho", do: "GET /v1/sessions?q=jo", has: []string{`"items":[]`}},
		)
	})
}

// TestA8TheInvited sees the summary, not the inside, and nothing once it is over.
func TestA8TheInvited(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben","comment":"Come"}`)
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.play(t,
			call{as: "cho", do: "POST /v1/invitations/$any/decline"},
			call{name: "not who declined", as: "ben/phone", do: "GET /v1/invitations/$any", hasNot: []string{"declined_by", "Cho Min", "nobody_left"}},
			call{name: "not in the list either", as: "ben/phone", do: "GET /v1/me/invitations", has: []string{`"$any"`, `"$inv"`}, hasNot: []string{"declined_by", "Cho Min"}},
			call{name: "not who is inside", as: "ben/phone", do: "GET /v1/sessions/$ses/attendees", want: 403, code: "not_allowed", hasNot: []string{"Jo Doe"}},
			call{name: "B1: not the session's invitations", as: "ben/phone", do: "GET /v1/sessions/$ses/invitations", want: 403, code: "not_session_owner"},
			call{name: "G9: not the deliveries", as: "ben/phone", do: "GET /v1/invitations/$inv/deliveries", want: 403, code: "not_session_owner"},
			call{name: "B1: not the menu", as: "ben/phone", do: "GET /v1/sessions/$ses/share", want: 403, code: "not_session_owner"},
			call{name: "B1: nor invite", as: "ben/phone", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho"}`, want: 403, code: "not_session_owner"},
			call{name: "B1: nor cancel", as: "ben/phone", do: "POST /v1/invitations/$inv/cancel", want: 403, code: "not_session_owner"},
			call{name: "the one who declined sees the session no more, but for another invitation", as: "cho", do: "GET /v1/sessions/$ses", want: 404},
			call{as: "ana", do: "POST /v1/invitations/$inv/cancel"},
			call{as: "ana", do: "POST /v1/invitations/$any/cancel"},
			call{name: "over: not whose session it was", as: "ben/phone", do: "GET /v1/invitations/$inv", has: []string{`"state":"cancelled"`}, hasNot: []string{"Jo Doe", `"title"`}},
			call{name: "over: the session is not there", as: "ben/phone", do: "GET /v1/sessions/$ses", want: 404, code: "not_found"},
			call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{name: "B15: why it is over", as: "ben/phone", do: "POST /v1/invitations/$inv/accept", want: 409, code: "invitation_not_active",
				has: []string{`"reason":"cancelled"`, `"by":{"id":"$ana","name":"Ana Ruiz"}`, `"ended_at"`}, hasNot: []string{"Jo Doe"}},
		)
	})
}

// TestB15WhoWon says to the second who was first, and lets the first repeat it.
func TestB15WhoWon(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.play(t,
			call{as: "cho", do: "POST /v1/invitations/$any/accept"},
			call{as: "ben", do: "POST /v1/invitations/$any/accept", want: 409, code: "invitation_not_active", hasNot: []string{"Jo Doe"},
				has: []string{`"reason":"accepted"`, `"by":{"id":"$cho","name":"Cho Min"}`}},
			call{as: "ben", do: "GET /v1/invitations/$any", has: []string{`"accepted_by":{"id":"$cho"`}, hasNot: []string{"Jo Doe"}},
			call{as: "cho", do: "POST /v1/invitations/$any/accept", has: []string{`"accepted_by":{"id":"$cho"`, "Jo Doe"}},
			call{as: "ana", do: "POST /v1/invitations/$any/cancel", want: 409, code: "invitation_not_active"},
			call{as: "ben", do: "POST /v1/invitations/$any/decline", want: 409, code: "invitation_not_active"},
		)
	})
}

// TestG9TheAddressStaysUnknown: who invites by email sees that a mail goes, and not where to.
func TestG9TheAddressStaysUnknown(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "dev")
		x.do(t, call{as: "dev", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
		x.send1(t, desk.ChannelEmail) // what confirms it
		x.do(t, call{as: "dev", do: "DELETE /v1/me/consoles/current", want: 204})
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@dev"}`)
		x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv/deliveries", has: []string{`"channel":"email"`, `"state":"waiting"`}, hasNot: []string{"dev@", "address"}})
		x.send1(t, desk.ChannelEmail)
		x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv/deliveries", has: []string{`"state":"sent"`}, hasNot: []string{"dev@", "link"}})
		x.do(t, call{as: "ana", do: "GET /v1/event-log?after=0", has: []string{"delivery.changed"}, hasNot: []string{"dev@"}})
	})
}

// TestG1TheStreamsOfThoseWhoMayTakeIt: who is in the session cannot take a team's invitation to it, gets no push and
// finds it in no list; so the event of it is not for them either.
func TestG1TheStreamsOfThoseWhoMayTakeIt(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.do(t, call{as: "ben", do: "POST /v1/invitations/$inv/accept"})
		cursor := x.do(t, call{as: "ben", do: "GET /v1/event-log"}).at("cursor")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.play(t,
			call{as: "cho", do: "GET /v1/event-log?after=" + cursor, has: []string{"invitation.created", "$any"}},
			call{as: "ben", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{as: "ben", do: "GET /v1/event-log?after=" + cursor, hasNot: []string{"invitation.created"}})
	})
}

// TestA8NothingFromBeforeJoiningATeam: the log of a team is not open to who was not in it then.
func TestA8NothingFromBeforeJoiningATeam(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "dev")
		x.open(t, "ses", "ana", "")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers","comment":"Before"}`)
		x.do(t, call{as: "ana", do: "POST /v1/invitations/$any/cancel"})
		x.do(t, call{as: "dev", do: "GET /v1/event-log?after=0", hasNot: []string{"Jo Doe", "Before"}})
		x.load(t, `reps: [{username: dev, name: Dev Patel, email: dev@example.com, teams: {printers: member, network: member}}]`)
		x.do(t, call{as: "dev", do: "GET /v1/event-log?after=0&limit=200", hasNot: []string{"Jo Doe", "Before"}})
	})
}

// TestA8ATransferIsBetweenTwo: of a pending transfer and its comment those in the session read, and those to whom it is
// offered, but not who is only invited.
func TestA8ATransferIsBetweenTwo(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "hal")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho","comment":"I have to go"}`})
		for who, reads := range map[string]bool{"ana": true, "cho": true, "hal": true, "ben": false} {
			for _, do := range []string{"GET /v1/sessions/$ses", "GET /v1/sessions"} {
				c := call{name: who + " " + do, as: who, do: do, has: []string{"Jo Doe"}}
				if reads {
					c.has = append(c.has, "I have to go", `"name":"Cho Min"`)
				} else {
					c.hasNot = []string{"I have to go", `"transfer"`, "Cho Min"}
				}
				x.do(t, c)
			}
		}
	})
}
