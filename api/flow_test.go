package api_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestMainFlow is the main job from log-in to the end of the session, on each engine. Every operation that stands in
// the contract is called with success in it: one that is added has to be added here.
func TestMainFlow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben/phone", "cho", "dev", "fay", "hal")
		x.playStart(t)
		x.playInvite(t)
		x.playHelp(t)
		x.playEnd(t)
		x.playConsole(t)
		x.playOrganization(t)
		x.checkEverythingCalled(t)
	})
}

func (x *server) playStart(t *testing.T) {
	x.play(t,
		call{do: "GET /v1/server", has: []string{`"log_in_methods":["password"]`, `"server_time":"2026-03-02T09:00:00Z"`}},
		call{as: "ana", do: "POST /v1/sessions", want: 201, save: "ses=session.id", answers: headers{"ETag": `"1"`},
			body: `{"portal_id":"@main","issue_id":"@paper-jam","priority":3,"external_key":"T-1","customer":{"name":"Jo Doe","company":"Doe Ltd","details":"The tray jams","language":"en"}}`,
			has:  []string{`"state":"waiting"`, `"title":"Jo Doe"`, `"name":"Paper jam"`, `"name":"Printers"`}, hasNot: []string{`"owner"`, `"attendees"`}},
		call{as: "ana", do: "POST /v1/sessions/$ses/accept", has: []string{`"state":"active"`, `"owner":{"id":"$ana","name":"Ana Ruiz"}`, `"role":"customer"`, `"role":"owner"`}, answers: headers{"ETag": `"2"`}},
		call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"rep_count":1`, `"external_key":"T-1"`}},
		call{as: "ana", do: "GET /v1/sessions?state=active&mine=owner&q=doe", has: []string{`"$ses"`}},
		// A1–A5: the menu. Her own team's reps; another team and the embassy as counts, since somebody is there.
		call{as: "ana", do: "GET /v1/sessions/$ses/share", hasNot: []string{"Dev Patel", "Internal", `"Ana Ruiz","presence"`},
			has: []string{`"name":"Paper jam"`, `"name":"Ben Okafor","presence":"available"`, `"mine":true,"available_count":2,"any_representative":true`,
				`"name":"Acme field service"},"embassy":true,"mine":false,"available_count":1`, `"reps_left":7`, `"access_ceiling":"control"`, `"invitations":[]`, `"codes":[]`}},
		call{as: "ana", do: "GET /v1/sessions/$ses/share?team_id=@network", has: []string{"Dev Patel"}, hasNot: []string{"Eli Stone"}},
		call{as: "ana", do: "GET /v1/sessions/$ses/share?q=dEV", has: []string{"Dev Patel"}, hasNot: []string{"Ben Okafor"}},
	)
}

func (x *server) playInvite(t *testing.T) {
	x.play(t,
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: `{"rep_id":"@ben","comment":"The tray","access":"view"}`, save: "inv=id", answers: headers{"ETag": `"1"`},
			has: []string{`"kind":"rep"`, `"state":"active"`, `"access":"view"`, `"comment":"The tray"`, `"rep":{"id":"$ben","name":"Ben Okafor"}`}},
		call{as: "ben/phone", do: "GET /v1/me/invitations", has: []string{`"$inv"`, "The tray", "Jo Doe"}},
		call{as: "cho", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
		call{as: "ben/phone", do: "GET /v1/invitations/$inv", answers: headers{"ETag": `"1"`}, hasNot: []string{"declined_by", "nobody_left"}},
		call{as: "ben/phone", do: "GET /v1/sessions/$ses", has: []string{"Jo Doe", "The tray jams"}, hasNot: []string{"attendees"}},
		call{as: "ana", do: "GET /v1/invitations/$inv/deliveries", has: []string{`"channel":"fcm"`, `"state":"waiting"`}, save: "dlv=items.0.id"},
	)
	x.send1(t, desk.ChannelFCM)
	x.play(t,
		call{as: "ben/phone", do: "POST /v1/deliveries/$dlv/ack", body: `{"state":"received"}`, has: []string{`"state":"received"`}},
		call{as: "ben/phone", do: "POST /v1/invitations/$inv/accept", has: []string{`"state":"accepted"`, `"accepted_by":{"id":"$ben"`, `"rep_count":2`, `"access":"view"`}},
		call{name: "B15: the winner again", as: "ben/phone", do: "POST /v1/invitations/$inv/accept", has: []string{`"state":"accepted"`}},
		call{as: "ben/phone", do: "GET /v1/sessions/$ses/attendees", has: []string{`"name":"Ben Okafor"`, `"role":"rep"`, `"access":"view"`, `"name":"Jo Doe"`}},
		call{as: "ana", do: "GET /v1/sessions/$ses/invitations", has: []string{`"state":"accepted"`, `"reason":"accepted"`}},
		call{as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"reps_left":6`}, hasNot: []string{"Ben Okafor"}},
		call{as: "ana", do: "GET /v1/invitations/$inv/deliveries?limit=200", has: []string{`"purpose":"withdrawal"`, `"state":"received"`}},
	)
}

// send1 does what a worker does with one delivery.
func (x *server) send1(t *testing.T, channel desk.Channel) desk.Job {
	t.Helper()
	jobs, err := x.store.ClaimDeliveries(t.Context(), channel, 1, time.Minute)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("claimed %d deliveries, %v", len(jobs), err)
	}
	if err := x.store.FinishDelivery(t.Context(), jobs[0], desk.Outcome{Kind: desk.OutcomeDone}, 0); err != nil {
		t.Fatal(err)
	}
	return jobs[0]
}

func (x *server) playHelp(t *testing.T) {
	x.play(t,
		call{name: "B4", as: "ana", do: "POST /v1/sessions/$ses/request-help", want: 201, body: `{"issue_id":"@vpn","comment":"The tunnel","masked":true}`, save: "help=id",
			has: []string{`"kind":"issue"`, `"name":"VPN"`, `"name":"Network"`, `"masked":true`, `"access":"control"`}},
		call{as: "dev", do: "GET /v1/me/invitations", has: []string{"The tunnel"}},
		call{name: "B14", as: "dev", do: "POST /v1/invitations/$help/decline", has: []string{`"state":"active"`, `"declined_by_me":true`}, hasNot: []string{`"declined_by":`}},
		call{as: "dev", do: "POST /v1/invitations/$help/decline", has: []string{`"declined_by_me":true`}},
		call{as: "dev", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
		call{as: "ana", do: "GET /v1/invitations/$help", has: []string{`"declined_by":[{"id":"$dev","name":"Dev Patel"}]`}},
		call{as: "ana", do: "POST /v1/invitations/$help/cancel", has: []string{`"state":"cancelled"`, `"ended_at"`}},
		call{as: "ana", do: "POST /v1/invitations/$help/cancel", has: []string{`"state":"cancelled"`}},
		call{name: "B3", as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: `{"team_id":"@printers"}`, save: "any=id", has: []string{`"kind":"team"`}},
		call{as: "cho", do: "POST /v1/invitations/$any/accept", has: []string{`"rep_count":3`}},
	)
}

func (x *server) playEnd(t *testing.T) {
	x.invite(t, "last", "ana", "ses", `{"rep_id":"@dev"}`)
	x.play(t,
		call{as: "ben/phone", do: "POST /v1/sessions/$ses/end", want: 403, code: "not_session_owner"},
		call{as: "ana", do: "POST /v1/sessions/$ses/end", body: `{"summary":"New rollers"}`, has: []string{`"state":"ended"`, `"end_reason":"ended_by_owner"`, `"summary":"New rollers"`, `"rep_count":0`}},
		call{as: "ana", do: "POST /v1/sessions/$ses/end", has: []string{`"state":"ended"`}},
		call{name: "B13", as: "dev", do: "GET /v1/invitations/$last", has: []string{`"state":"withdrawn"`, `"reason":"session_ended"`}, hasNot: []string{"Jo Doe"}},
		call{name: "B15", as: "dev", do: "POST /v1/invitations/$last/accept", want: 409, code: "invitation_not_active", has: []string{`"reason":"session_ended"`}},
		call{as: "ana", do: "GET /v1/event-log?after=0&limit=200", has: []string{`"session.changed"`, `"invitation.created"`, `"delivery.changed"`, `"attendee.joined"`, `"more":false`}},
		call{as: "cho", do: "GET /v1/event-log", has: []string{`"items":[]`}},
	)
	following := x.stream(t, "ana", "?after=0")
	following.until(t, "ready")
	x.called["stream-events"] = true
}

func (x *server) playConsole(t *testing.T) {
	x.play(t,
		call{as: "ben/phone", do: "GET /v1/me", has: []string{`"username":"ben"`, `"email":"ben@example.com"`, `"teams":[{`}},
		call{as: "ben/phone", do: "PATCH /v1/me", body: `{"busy":true,"extended_availability":true,"locale":"es","time_zone":"Europe/Madrid"}`, has: []string{`"presence":"busy"`, `"extended_availability":true`}},
		call{as: "ben/phone", do: "GET /v1/me/consoles", has: []string{`"current":true`, `"platform":"android"`, `"push_kind":"fcm_token"`}},
		call{as: "ben/phone", do: "PATCH /v1/me/consoles/current", body: `{"name":"Ben's phone","portal_id":"@main"}`, has: []string{`Ben's phone`, `"name":"Main"`}},
		call{as: "ben/phone", do: "PUT /v1/me/password", body: `{"current_password":"correct horse","new_password":"battery staple"}`, want: 204},
		call{as: "ben/phone", do: "DELETE /v1/me/consoles/current", want: 204},
		call{as: "ben/phone", do: "GET /v1/me", want: 401, code: "console_revoked"},
	)
}

func (x *server) playOrganization(t *testing.T) {
	exported := x.do(t, call{as: "hal", do: "GET /v1/organization", has: []string{`"slug":"printers"`, `"username":"ana"`}, hasNot: []string{"password"}})
	x.play(t,
		call{as: "hal", do: "PUT /v1/organization", body: exported.text, hasNot: []string{`"created":[{`}},
		call{as: "ana", do: "GET /v1/organization", want: 403, code: "not_allowed"},
		call{as: "ana", do: "PUT /v1/organization", body: "teams: []", want: 403, code: "not_allowed"},
	)
}

func (x *server) checkEverythingCalled(t *testing.T) {
	t.Helper()
	for path, item := range x.api.Document().Paths {
		for method, op := range operationsOf(item) {
			if !x.called[op.OperationID] {
				t.Errorf("%s (%s %s) is in the contract, and this test never calls it with success", op.OperationID, method, path)
			}
		}
	}
}
