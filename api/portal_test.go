package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// logInUnder logs a rep in under a portal, on a phone.
func (x *server) logInUnder(t testing.TB, username, portal string) {
	t.Helper()
	x.logIn(t, username, fmt.Sprintf(`{"username":%q,"password":"correct horse","portal_id":%q,"device":{"platform":"android","device_id":%q,"push_target":"target-of-%s"}}`, username, portal, username, username))
}

// TestA6Portals: they, and the reps under them, can be invited where the session's portal or the owner's permission says so.
func TestA6Portals(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInUnder(t, "dev", "@open")
		x.logInUnder(t, "fay", "@open")
		x.logInAll(t, "ana", "ben")
		x.open(t, "anas", "ana", `,"portal_id":"@main"`)
		x.open(t, "teams", "ben", `,"portal_id":"@main"`)
		x.open(t, "all", "ben", `,"portal_id":"@open"`)
		x.open(t, "off", "ana", `,"portal_id":"@quiet"`)
		x.play(t,
			call{name: "sharing: teams, with the permission", as: "ana", do: "GET /v1/sessions/$anas/share", has: []string{`"name":"Open"},"parent_id"`, `"name":"Main"}`}},
			call{as: "ana", do: "GET /v1/sessions/$anas/share?portal_id=@open", has: []string{"Dev Patel"}},
			call{name: "sharing: teams, without it", as: "ben", do: "GET /v1/sessions/$teams/share", hasNot: []string{`"name":"Open"`}},
			call{as: "ben", do: "GET /v1/sessions/$teams/share?portal_id=@open", want: 403, code: "not_reachable", hasNot: []string{"Dev"}},
			call{as: "ben", do: "POST /v1/sessions/$teams/invitations", body: `{"rep_id":"@dev"}`, want: 403, code: "not_reachable"},
			call{as: "ben", do: "POST /v1/sessions/$teams/invitations", body: `{"portal_id":"@open"}`, want: 403, code: "not_reachable"},
			call{name: "sharing: all", as: "ben", do: "GET /v1/sessions/$all/share", has: []string{`"name":"Open"`}},
			call{as: "ben", do: "GET /v1/sessions/$all/share?portal_id=@open", has: []string{"Dev Patel"}},
			call{as: "ben", do: "POST /v1/sessions/$all/invitations", body: `{"rep_id":"@dev"}`, want: 201},
			call{as: "ben", do: "POST /v1/sessions/$all/invitations", body: `{"portal_id":"@open"}`, want: 201},
			call{name: "who is under no portal is not meant", as: "ben", do: "POST /v1/sessions/$all/invitations", body: `{"rep_id":"@eli"}`, want: 403, code: "not_reachable"},
			call{name: "sharing: off, with the permission", as: "ana", do: "GET /v1/sessions/$off/share", hasNot: []string{"Ben Okafor", "Dev", "Open", "Printers", "Paper jam"}},
			call{as: "ana", do: "POST /v1/sessions/$off/invitations", body: `{"portal_id":"@open"}`, want: 403, code: "sharing_off"},
			call{as: "ana", do: "POST /v1/sessions/$off/invitations", body: `{"rep_id":"@ben"}`, want: 403, code: "sharing_off"})
	})
}

// TestB5Streams: those under the portal are alerted over their open streams; when one accepts, it disappears for the others.
func TestB5Streams(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		for who, portal := range map[string]string{"ben": "@main", "cho": "@open", "dev": "@open", "fay": "@open", "eli": "@quiet"} {
			x.logInUnder(t, who, portal)
		}
		x.logInAll(t, "ana", "hal")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "cho", "") // inside: not alerted
		streams := map[string]*sse{}
		for _, who := range []string{"ana", "ben", "cho", "dev", "fay", "eli", "hal"} {
			streams[who] = x.stream(t, who, "?types=invitation.created,invitation.ended,me.changed")
			streams[who].until(t, "ready")
		}
		x.invite(t, "all", "ana", "ses", `{"portal_id":"@main","include_sub_portals":true,"comment":"Anybody?"}`)
		pushed := x.pushed(t, desk.PurposeInvitation, "$all")
		x.do(t, call{as: "dev", do: "POST /v1/invitations/$all/accept"})
		for who, want := range map[string]string{"ben": "invitation.created invitation.ended", "eli": "invitation.created invitation.ended", "dev": "invitation.created invitation.ended",
			"ana": "invitation.created invitation.ended", "cho": "", "fay": "", "hal": ""} {
			x.do(t, call{as: who, do: "PATCH /v1/me", body: `{"busy":true}`}) // the last that comes
			got := streams[who].until(t, "me.changed")
			if kinds(got[:len(got)-1]) != want {
				t.Errorf("%s was told %+v", who, got)
			}
			if want == "" {
				continue
			}
			if end := got[1]; end.at("reason") != "accepted" || end.at("invitation.accepted_by.name") != "Dev Patel" || who != "ana" && who != "dev" && strings.Contains(end.data, "Jo Doe") {
				t.Errorf("%s was told of the end %s", who, end.data)
			}
		}
		if want := "ben dev eli"; pushed != want {
			t.Errorf("pushed to %s, want %s", pushed, want)
		}
		if got := x.pushed(t, desk.PurposeWithdrawal, "$all"); got != "ben dev eli" {
			t.Errorf("withdrawn from %s", got)
		}
		x.do(t, call{name: "D8", as: "ben", do: "POST /v1/invitations/$all/accept", want: 409, code: "invitation_not_active", has: []string{`"by":{"id":"$dev","name":"Dev Patel"}`}})
	})
}

// pushed takes the pushes that wait and names, sorted, whom those of a purpose went to about an invitation.
func (x *server) pushed(t *testing.T, purpose desk.Purpose, invitation string) string {
	t.Helper()
	jobs, err := x.store.ClaimDeliveries(t.Context(), desk.ChannelFCM, 500, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, job := range jobs {
		if err := x.store.FinishDelivery(t.Context(), job, desk.Outcome{Kind: desk.OutcomeDone}, 0); err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"ana", "ben", "cho", "dev", "eli", "fay", "hal"} {
			if job.Purpose == purpose && job.OfferID() == x.fill(t, invitation) && job.Rep.ID == x.saved[who] {
				names = append(names, who)
			}
		}
	}
	return sortedText(names)
}

// TestB5ComingAndGoing: who logs in under the portal later finds it without an alert; who leaves the portal loses it.
func TestB5ComingAndGoing(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInUnder(t, "ben", "@open")
		x.logInUnder(t, "dev", "@main")
		x.logInAll(t, "ana")
		x.open(t, "ses", "ana", "")
		x.invite(t, "one", "ana", "ses", `{"portal_id":"@open"}`)
		if got := x.pushed(t, desk.PurposeInvitation, "$one"); got != "ben" {
			t.Errorf("pushed to %s", got)
		}
		x.play(t,
			call{name: "above the portal", as: "dev", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{as: "dev", do: "GET /v1/invitations/$one", want: 404, code: "not_found"},
			call{as: "dev", do: "POST /v1/invitations/$one/accept", want: 404, code: "not_found"})
		x.logInUnder(t, "eli", "@open")
		cursor := x.cursor(t, "eli")
		x.play(t,
			call{name: "found", as: "eli", do: "GET /v1/me/invitations", has: []string{"$one", "Jo Doe"}},
			call{name: "not alerted", as: "eli", do: "GET /v1/event-log?after=0", hasNot: []string{"invitation.created"}})
		if got := x.pushed(t, desk.PurposeInvitation, "$one"); got != "" {
			t.Errorf("pushed to %s, who came later", got)
		}
		following := x.stream(t, "dev", "")
		following.until(t, "ready")
		x.do(t, call{as: "dev", do: "PATCH /v1/me/consoles/current", body: `{"portal_id":"@open"}`, has: []string{`"name":"Open"`}})
		if got := following.until(t, "reset"); got[len(got)-1].at("reason") != "rights_changed" || strings.Contains(kinds(got), "invitation") {
			t.Errorf("rights that grew: %+v", got)
		}
		following.end(t)
		x.play(t,
			call{as: "dev", do: "GET /v1/me/invitations", has: []string{"$one"}},
			call{name: "who leaves the portal", as: "eli", do: "PATCH /v1/me/consoles/current", body: `{"portal_id":""}`, hasNot: []string{`"portal"`}},
			call{as: "eli", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
			call{as: "eli", do: "GET /v1/event-log?after=" + cursor, has: []string{"invitation.ended", `"reason":"target_gone"`}, hasNot: []string{"Jo Doe"}},
			call{as: "eli", do: "POST /v1/invitations/$one/accept", want: 404, code: "not_found"},
			call{name: "or logs out", as: "ben", do: "DELETE /v1/me/consoles/current", want: 204})
		x.logInUnder(t, "ben", "@main")
		x.do(t, call{as: "ben", do: "GET /v1/me/invitations", has: []string{`"items":[]`}})
		if got := x.pushed(t, desk.PurposeWithdrawal, "$one"); got != "ben" {
			t.Errorf("withdrawn from %s", got)
		}
		x.do(t, call{as: "dev", do: "POST /v1/invitations/$one/accept", has: []string{`"state":"accepted"`}})
	})
}

// TestB18Modes: what a portal's page shows, and whether sessions wait in team queues, is as its modes say.
func TestB18Modes(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `
portals:
  - {slug: all, name: All}
  - {slug: page, name: Page, modes: [web]}
  - {slug: lines, name: Lines, modes: [queue]}
  - {slug: codes, name: Codes, modes: [phone]}
  - {slug: closed, name: Closed, disabled: true}`)
		x.logInAll(t, "ana", "ben", "cho")
		x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"show_on_public_page":true}`})
		start := `{"portal_id":"@%s","%s","customer":{"name":"Jo Doe"}}`
		private := []string{"Ruiz", "Okafor", "Ben", "@example.com", `"username"`}
		x.play(t,
			call{do: "GET /v1/public/portals/@all", has: []string{`"name":"Ana"`, `"name":"Paper jam"`, `"takes_codes":true`}, hasNot: private},
			call{do: "GET /v1/public/portals/@page", has: []string{`"name":"Ana"`, `"issues":[]`, `"takes_codes":false`}, hasNot: private},
			call{do: "GET /v1/public/portals/@lines", has: []string{`"reps":[]`, `"issues":[]`, `"takes_codes":false`}, hasNot: private},
			call{do: "GET /v1/public/portals/@codes", has: []string{`"reps":[]`, `"issues":[]`, `"takes_codes":true`}, hasNot: private},
			call{do: "GET /v1/public/portals/@closed", want: 404, code: "not_found"},
			call{do: "GET /v1/public/portals/@nowhere", want: 404, code: "not_found"},
			call{name: "without team queues", as: "ana", do: "POST /v1/sessions", body: strings.Replace(fmt.Sprintf(start, "page", "team_id"), `"team_id"`, `"team_id":"@printers"`, 1), want: 403, code: "not_allowed"},
			call{as: "ana", do: "POST /v1/sessions", body: strings.Replace(fmt.Sprintf(start, "codes", "issue_id"), `"issue_id"`, `"issue_id":"@paper-jam"`, 1), want: 403, code: "not_allowed"},
			call{name: "for a rep", as: "ana", do: "POST /v1/sessions", body: strings.Replace(fmt.Sprintf(start, "page", "rep_id"), `"rep_id"`, `"rep_id":"@ben"`, 1), want: 201},
			call{name: "with them", as: "ana", do: "POST /v1/sessions", body: strings.Replace(fmt.Sprintf(start, "lines", "team_id"), `"team_id"`, `"team_id":"@printers"`, 1), want: 201, save: "ses=session.id"},
			call{as: "cho", do: "GET /v1/sessions/$ses", has: []string{`"name":"Printers"`, `"state":"waiting"`}})
	})
}
