package api_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// TestB20Teams: who comes to a team gains what stands in its queue, with an alert; who leaves it loses that.
func TestB20Teams(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho", "dev/tablet", "hal")
		x.open(t, "ses", "ana", "")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers","comment":"Anybody?"}`)
		if got := x.pushed(t, desk.PurposeInvitation, "$any"); got != "ben" {
			t.Errorf("pushed to %s", got)
		}
		streams := map[string]*sse{}
		for _, who := range []string{"ben/phone", "cho", "dev/tablet"} {
			streams[who] = x.stream(t, who, "")
			streams[who].until(t, "ready")
		}
		x.load(t, `
reps:
  - {username: ben, name: Ben Okafor, email: ben@example.com, teams: {network: member}}
  - {username: dev, name: Dev Patel, email: dev@example.com, teams: {printers: member}}`)
		lost := streams["ben/phone"].until(t, "invitation.ended")
		if end := lost[len(lost)-1]; end.at("reason") != "target_gone" || end.at("invitation.id") != x.saved["any"] || strings.Contains(end.data, "Jo Doe") {
			t.Errorf("who left the team was told %+v", lost)
		}
		gained := streams["dev/tablet"].until(t, "reset")
		if alert := find(gained, "invitation.created"); alert.at("invitation.id") != x.saved["any"] || alert.at("invitation.comment") != "Anybody?" || gained[len(gained)-1].at("reason") != "rights_changed" {
			t.Errorf("who came to the team was told %+v", gained)
		}
		if got := x.pushed(t, desk.PurposeInvitation, "$any"); got != "dev" {
			t.Errorf("pushed to %s", got)
		}
		x.play(t,
			call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{as: "ben/phone", do: "GET /v1/invitations/$any", want: 404, code: "not_found"},
			call{as: "ben/phone", do: "POST /v1/invitations/$any/accept", want: 404, code: "not_found"},
			call{as: "ben/phone", do: "GET /v1/sessions/$ses", want: 404, code: "not_found"},
			call{as: "dev/tablet", do: "POST /v1/invitations/$any/accept", has: []string{`"state":"accepted"`}})
		if end := streams["cho"].until(t, "invitation.ended"); end[len(end)-1].at("invitation.accepted_by.name") != "Dev Patel" {
			t.Errorf("who stayed was told %+v", end)
		}
	})
}

// find is the first message of a kind.
func find(messages []message, event string) message {
	for _, m := range messages {
		if m.event == event {
			return m
		}
	}
	return message{}
}

// TestB20Withdrawal: a device that showed it is told that it is over for its rep, while it stands for others.
func TestB20Withdrawal(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben/phone", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.pushed(t, desk.PurposeInvitation, "$any")
		x.load(t, `reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {network: member}}]`)
		if job := x.pushOf(t, "ben", desk.PurposeWithdrawal); job.Key != x.saved["any"] || job.KeyRev < 2 || job.Invitation.Reason != desk.EndTargetGone {
			t.Errorf("withdrawn with %+v", job)
		}
		x.play(t,
			call{as: "cho", do: "GET /v1/invitations/$any", has: []string{`"state":"active"`}},
			call{name: "nobody left is told to the owner", as: "cho", do: "POST /v1/invitations/$any/decline"},
			call{as: "ana", do: "GET /v1/invitations/$any", has: []string{`"nobody_left":true`}})
		cursor := x.cursor(t, "ana")
		x.load(t, `reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member}}]`)
		x.play(t,
			call{name: "and that somebody came", as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"invitation.changed"`, `"reason":"somebody_came"`}, hasNot: []string{`"nobody_left"`}},
			call{as: "ben/phone", do: "POST /v1/invitations/$any/accept", has: []string{`"state":"accepted"`}})
	})
}

// TestB20BothCount: a direct and a team's invitation to the same rep take two seats; accepting the team's ends the direct one.
func TestB20BothCount(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.play(t,
			call{as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"reps_left":5`}},
			call{as: "ben", do: "POST /v1/invitations/$any/accept"},
			call{as: "ben", do: "GET /v1/invitations/$inv", has: []string{`"state":"withdrawn"`, `"reason":"joined_otherwise"`}},
			call{as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"reps_left":6`}})
		x.invite(t, "more", "ana", "ses", `{"team_id":"@printers"}`)
		x.join(t, "ana", "ses", "cho", "")
		x.do(t, call{name: "the direct one leaves the team's for the others", as: "ana", do: "GET /v1/invitations/$more", has: []string{`"state":"active"`}})
	})
}

// TestB13TeamGone: a team or portal that is disabled ends what invited it.
func TestB13TeamAndPortalGone(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "dev")
		x.logInUnder(t, "eli", "@open")
		x.open(t, "ses", "ana", "")
		x.invite(t, "team", "ana", "ses", `{"team_id":"@network"}`)
		x.invite(t, "portal", "ana", "ses", `{"portal_id":"@open"}`)
		x.load(t, `
portals: [{slug: open, name: Open, parent: main, disabled: true}]
teams: [{slug: network, name: Network, disabled: true}]`)
		for _, name := range []string{"team", "portal"} {
			x.do(t, call{name: name, as: "ana", do: "GET /v1/invitations/$" + name, has: []string{`"state":"withdrawn"`, `"reason":"target_gone"`, `"ended_at"`}})
		}
		x.do(t, call{as: "dev", do: "GET /v1/me/invitations", has: []string{`"items":[]`}})
		x.do(t, call{as: "eli", do: "GET /v1/me/invitations", has: []string{`"items":[]`}})
	})
}
