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
		x.playAll(t)
		x.checkEverythingCalled(t)
	})
}

// playAll is the main job.
func (x *server) playAll(t *testing.T) {
	x.logInAll(t, "ana", "ben/phone", "cho", "dev", "fay", "hal")
	x.playStart(t)
	x.playInvite(t)
	x.playHelp(t)
	x.playChat(t)
	x.playTeam(t)
	x.playPortals(t)
	x.playOwners(t)
	x.playGuest(t)
	x.playEnd(t)
	x.playLink(t)
	x.playSpecialists(t)
	x.playEntrances(t)
	x.playConsole(t)
	x.playOrganization(t)
	x.playTokens(t)
	x.playAdministration(t)
}

func (x *server) playStart(t *testing.T) {
	x.play(t,
		call{do: "GET /v1/server", has: []string{`"log_in_methods":["password"]`, `"server_time":"2026-03-02T09:00:00Z"`}},
		call{as: "ana", do: "POST /v1/sessions", want: 201, save: "ses=session.id customer=guest_token", answers: headers{"ETag": `"1"`},
			body: `{"portal_id":"@main","issue_id":"@paper-jam","priority":3,"external_key":"T-1","customer":{"name":"Jo Doe","company":"Doe Ltd","details":"The tray jams","language":"en"}}`,
			has:  []string{`"state":"waiting"`, `"title":"Jo Doe"`, `"name":"Paper jam"`, `"name":"Printers"`}, hasNot: []string{`"owner"`, `"attendees"`}},
		call{name: "D1", as: "ana", do: "GET /v1/queues", has: []string{`"id":"personal","kind":"personal","name":"Ana Ruiz","waiting":0`, `"kind":"team","name":"Printers","waiting":1`}},
		call{name: "D5", as: "ana", do: "GET /v1/queues/@printers/entries?sort=customer&order=desc&q=tray&kind=session&issue_id=@paper-jam&came_by=issue",
			has: []string{`"session_id":"$ses"`, `"came_by":"issue"`, `"place":1`, `"company":"Doe Ltd"`, `"details":"The tray jams"`, `"priority":3`, `"language":"en"`}},
		call{as: "ana", do: "POST /v1/sessions", want: 201, body: `{"team_id":"@printers","priority":9,"customer":{"name":"Flo"}}`, save: "flo=session.id"},
		call{name: "D9", as: "ana", do: "POST /v1/queues/next", has: []string{`"id":"$flo"`, `"state":"active"`}},
		call{as: "ana", do: "POST /v1/sessions/$flo/end"},
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
func (x *server) send1(t testing.TB, channel desk.Channel) desk.Job {
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

func (x *server) playChat(t *testing.T) {
	x.play(t,
		call{name: "C1, C11", as: "ana", do: "POST /v1/sessions/$ses/messages", want: 201, body: `{"text":"Between us","audience":"reps","client_ref":"r-1"}`, save: "said=id", has: []string{`"client_ref":"r-1"`}},
		call{name: "the same again", as: "ana", do: "POST /v1/sessions/$ses/messages", want: 201, body: `{"text":"Between us","audience":"reps","client_ref":"r-1"}`, has: []string{`"id":"$said"`}},
		call{as: "ben/phone", do: "GET /v1/sessions/$ses", has: []string{`"unread":1`}},
		call{as: "ben/phone", do: "GET /v1/sessions/$ses/messages?order=desc&limit=1", has: []string{"Between us"}, hasNot: []string{"r-1"}},
		call{as: "ben/phone", do: "POST /v1/sessions/$ses/messages/read", body: `{"message_id":"$said"}`, hasNot: []string{`"unread"`}},
		call{name: "C3", as: "ben/phone", do: "GET /v1/sessions/$ses/messages", has: []string{"Ben Okafor has joined the session", `"system":"joined"`}},
		call{name: "C14", as: "ben/phone", do: "POST /v1/sessions/$ses/notes", want: 201, body: `{"text":"Worn rollers"}`, has: []string{`"author":{"id":"$ben","name":"Ben Okafor"}`}},
		call{as: "ana", do: "GET /v1/sessions/$ses/notes", has: []string{"Worn rollers"}},
	)
}

func (x *server) playTeam(t *testing.T) {
	x.play(t,
		call{name: "D6", as: "ana", do: "POST /v1/teams/@printers/messages", want: 201, body: `{"text":"Who has toner?","client_ref":"t-1"}`, save: "toner=id printers=team_id", has: []string{`"client_ref":"t-1"`}},
		call{as: "cho", do: "GET /v1/teams/@printers/messages", has: []string{"Who has toner?", `"name":"Ana Ruiz"`}, hasNot: []string{"t-1"}},
		call{as: "cho", do: "POST /v1/teams/$printers/messages/read", body: `{"message_id":"$toner"}`, has: []string{`"unread":0`}},
		call{as: "cho", do: "PUT /v1/queues/$printers/favourite", want: 204},
		call{as: "cho", do: "DELETE /v1/queues/$printers/favourite", want: 204},
		call{name: "H2", as: "cho", do: "GET /v1/snapshot", has: []string{`"cursor":"`, `"username":"cho"`, `"current":true`, `"queue_sort":"waiting"`, `"id":"personal"`, `"truncated":[]`}},
		call{name: "D7", as: "cho", do: "GET /v1/me/preferences", answers: headers{"ETag": `"1"`}, has: []string{`"queue_columns":[]`, `"queue_sort":"waiting"`, `"queue_order":"asc"`}},
		call{as: "cho", do: "PATCH /v1/me/preferences", body: `{"queue_columns":["customer","waiting"]}`, answers: headers{"ETag": `"2"`}, has: []string{`"queue_columns":["customer","waiting"]`}},
	)
}

func (x *server) playPortals(t *testing.T) {
	x.logIn(t, "fay/desk", `{"username":"fay","password":"correct horse","portal_id":"@open","device":{"platform":"web"}}`)
	x.logIn(t, "eli", `{"username":"eli","password":"correct horse","portal_id":"@open","device":{"platform":"web"}}`)
	x.play(t,
		call{as: "ana", do: "GET /v1/portals", has: []string{`"slug":"open"`, `"parent_id"`}},
		call{as: "ana", do: "GET /v1/portals/@open", has: []string{`"sharing":"all"`, `"setting":"sharing","portal":{"id"`, `"setting":"modes"}`}},
		call{name: "B18", do: "GET /v1/public/portals/@open", has: []string{`"takes_codes":true`, `"Paper jam"`}, hasNot: []string{"Ana Ruiz"}},
		call{name: "B5", as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: `{"portal_id":"@main","include_sub_portals":true}`, save: "all=id",
			has: []string{`"kind":"portal"`, `"include_sub_portals":true`, `"name":"Main"`}},
		call{as: "eli", do: "GET /v1/me/invitations", has: []string{`"$all"`}},
		call{name: "A7", as: "fay/desk", do: "GET /v1/me/invitations", has: []string{`"items":[]`}},
		call{as: "eli", do: "POST /v1/invitations/$all/accept", has: []string{`"state":"accepted"`}},
		call{name: "B19", as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: `{"rep_id":"@dev"}`, save: "again=id"},
		call{as: "ana", do: "POST /v1/invitations/$again/remind", has: []string{`"rev":2`, `"reminded_at"`}},
		call{as: "ana", do: "POST /v1/invitations/$again/remind", want: 429, code: "too_many_requests"},
		call{as: "ana", do: "POST /v1/invitations/$again/cancel"},
	)
}

func (x *server) playOwners(t *testing.T) {
	x.load(t, `reps: [{username: ana, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, transfer_outside_teams, extended_availability]}]`)
	attendees := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees"})
	for i, name := range attendees.items("name") {
		x.saved["seat_"+map[string]string{"Jo Doe": "jo", "Ana Ruiz": "ana", "Ben Okafor": "ben", "Cho Min": "cho", "Eli Stone": "eli"}[name]] = attendees.items("id")[i]
	}
	x.play(t,
		call{name: "C5", as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat_ben", body: `{"access":"control","masked":true}`, has: []string{`"access":"control"`, `"masked":true`}},
		call{as: "ana", do: "DELETE /v1/sessions/$ses/attendees/$seat_eli", want: 204},
		call{name: "C6", as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@dev","comment":"Yours","stay":true}`, has: []string{`"transfer":{"id":"trf_`, `"stay":true`}},
		call{as: "dev", do: "POST /v1/sessions/$ses/transfer/decline", hasNot: []string{"Jo Doe"}},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@network"}`, has: []string{`"name":"Network"`}},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel", hasNot: []string{`"transfer"`}},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben","stay":true}`},
		call{as: "ben/phone", do: "POST /v1/sessions/$ses/accept", has: []string{`"owner":{"id":"$ben"`, `"rep_count":3`}},
		call{name: "C7", as: "ben/phone", do: "POST /v1/sessions/$ses/hold", has: []string{`"held":true`}},
		call{as: "ben/phone", do: "POST /v1/sessions/$ses/resume", has: []string{`"held":false`}},
		call{as: "ben/phone", do: "POST /v1/sessions/$ses/leave", want: 409, code: "owner_must_hand_over"},
		call{as: "cho", do: "POST /v1/sessions/$ses/leave", has: []string{`"rep_count":2`}},
		call{name: "C8", as: "ana", do: "POST /v1/sessions/$ses/leave"},
		call{as: "ana", do: "POST /v1/sessions/$ses/join", body: `{"masked":true}`, has: []string{`"masked":true`}},
		call{as: "ana", do: "POST /v1/sessions/$ses/take-over", has: []string{`"owner":{"id":"$ana"`}},
		call{name: "C12", as: "ana", do: "POST /v1/sessions/$ses/grant", has: []string{`"grant":"ey`, `"expires_at"`}, answers: headers{"Cache-Control": "no-store"}},
		call{do: "GET /.well-known/jwks.json", has: []string{`"crv":"Ed25519"`}},
	)
}

func (x *server) playGuest(t *testing.T) {
	x.mu.Lock()
	x.tokens["guest/ses"] = x.saved["customer"]
	x.mu.Unlock()
	x.play(t,
		call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"state":"active"`, `"name":"Ana"`}, hasNot: []string{"Ana Ruiz", "external_key"}},
		call{name: "C2", as: "guest/ses", do: "GET /v1/guest/attendees", has: []string{`"name":"Ana"`}, hasNot: []string{"rep_id", "Ruiz"}, save: "owner_seat=items.2.id"},
		call{as: "guest/ses", do: "POST /v1/guest/messages", want: 201, body: `{"text":"It blinks"}`, has: []string{"It blinks"}},
		call{name: "C11", as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"It blinks"}, hasNot: []string{"Between us"}},
		call{as: "guest/ses", do: "POST /v1/guest/consent", body: `{"attendee_id":"$owner_seat","granted":true}`, want: 403, code: "not_allowed"},
		call{as: "guest/ses", do: "POST /v1/guest/grant", has: []string{`"grant":"ey`}},
		call{name: "C13", as: "guest/ses", do: "POST /v1/guest/leave", has: []string{`"customer_gone":true`}},
		call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"customer_gone":true`}},
		call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"customer_gone":false`}},
	)
	x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
	x.open(t, "careful", "ana", `,"portal_id":"@asks"`)
	x.invite(t, "third", "ana", "careful", `{"rep_id":"@cho"}`)
	x.do(t, call{name: "C4", as: "cho", do: "POST /v1/invitations/$third/accept", has: []string{`"consent":"asked"`}})
	x.saved["cho_seat"] = x.do(t, call{as: "guest/careful", do: "GET /v1/guest/attendees", has: []string{`"consent":"asked"`}}).items("id")[2]
	x.do(t, call{as: "guest/careful", do: "POST /v1/guest/consent", body: `{"attendee_id":"$cho_seat","granted":true}`, has: []string{`"consent":"granted"`}})
	following := x.stream(t, "guest/careful", "?after=0")
	following.until(t, "ready")
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
}

func (x *server) playLink(t *testing.T) {
	x.do(t, call{name: "G6", as: "dev", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
	x.saved["confirms"] = x.send1(t, desk.ChannelEmail).LinkToken
	x.open(t, "mailed", "ana", "")
	x.invite(t, "by_mail", "ana", "mailed", `{"rep_id":"@dev","comment":"By mail"}`)
	x.saved["link"] = x.send1(t, desk.ChannelEmail).LinkToken
	x.play(t,
		call{name: "G2", do: "GET /v1/public/invitation-links/$link", answers: headers{"Cache-Control": "no-store"}, hasNot: []string{"Jo Doe", "@example.com"},
			has: []string{`"id":"$by_mail"`, "By mail", `"answerable":true`, `"rep":{"id":"$dev","name":"Dev Patel"}`, `"extended_availability":true`}},
		call{do: "POST /v1/public/invitation-links/$link", body: `{"answer":"accept"}`, has: []string{`"state":"accepted"`, `"answerable":false`, `"reason":"accepted"`}, hasNot: []string{"Jo Doe"}},
		call{do: "POST /v1/public/invitation-links/$confirms", body: `{"answer":"decline_and_switch_off"}`, has: []string{`"extended_availability":false`}, hasNot: []string{`"invitation"`}},
		call{as: "ana", do: "POST /v1/sessions/$mailed/end"})
}

func (x *server) playSpecialists(t *testing.T) {
	x.load(t, specialistDesk)
	x.open(t, "expert", "ana", `,"portal_id":"@expert"`)
	x.play(t,
		call{name: "F2", as: "ana", do: "POST /v1/sessions/$expert/specialist-invitations", body: `{"joins":1,"emails":["mia@experts.test"]}`, want: 201, save: "spi=id code=code", answers: headers{"ETag": `"1"`}, has: []string{`"join_url":"/join/`}},
		call{as: "ana", do: "GET /v1/sessions/$expert/specialist-invitations", has: []string{"$spi", "$code"}},
		call{name: "F3", as: "ana", do: "POST /v1/specialist-invitations/$spi/email", body: `{"emails":["max@experts.test"]}`, has: []string{"$spi"}},
		call{as: "ana", do: "GET /v1/specialist-invitations/$spi/deliveries", has: []string{"mia@experts.test", "max@experts.test"}, hasNot: []string{`"rep"`}},
		call{name: "F9", do: "POST /v1/public/join/look-up", body: `{"code":"$code"}`, has: []string{`"name":"Ana"`, `"joins_left":1`}},
		call{name: "F6", do: "POST /v1/public/join", body: `{"code":"$code","name":"Mia"}`, want: 201, has: []string{`"token":"rdg_`}},
		call{name: "F5", as: "ana", do: "POST /v1/specialist-invitations/$spi/cancel", body: `{"remove_joined":true}`, has: []string{`"state":"cancelled"`}, hasNot: []string{"$code", "join_url"}},
		call{as: "ana", do: "POST /v1/sessions/$expert/end"})
}

func (x *server) playEntrances(t *testing.T) {
	x.play(t,
		call{name: "E1", as: "ana", do: "POST /v1/session-keys", body: `{"portal_id":"@main"}`, want: 201, save: "key=key key_id=id", has: []string{`/p/main#key=`, `"name":"Main"`, `"expires_at":"2026-03-02T09:20:00Z"`}, answers: headers{"Cache-Control": "no-store"}},
		call{as: "ana", do: "GET /v1/session-keys", has: []string{`"$key_id"`}, hasNot: []string{"$key"}},
		call{do: "POST /v1/public/sessions", body: `{"session_key":"$key","customer":{"name":"Jo Doe"}}`, want: 201, has: []string{`"state":"waiting"`, `"name":"Main"`}, answers: headers{"Location": "/v1/guest/session", "Cache-Control": "no-store"}},
		call{as: "ana", do: "GET /v1/session-keys", has: []string{`"items":[]`}},
		call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "second=id"},
		call{as: "ana", do: "DELETE /v1/session-keys/$second", want: 204},
		call{name: "E4", as: "ana", do: "POST /v1/sessions", body: `{"kind":"browser","page_url":"https://shop.example.com/","customer":{"name":"Jo Doe"}}`, want: 201, save: "shopper=guest_token", has: []string{`"page_url":"https://shop.example.com/"`, `"guest_url":"/p/#rdg_`}},
	)
	x.mu.Lock()
	x.tokens["guest/shopper"] = x.saved["shopper"]
	x.mu.Unlock()
	x.do(t, call{as: "guest/shopper", do: "PATCH /v1/guest/session", body: `{"page_title":"Basket"}`, has: []string{`"page_url":"https://shop.example.com/"`, `"page_title":"Basket"`}})
}

func (x *server) playConsole(t *testing.T) {
	x.play(t,
		call{as: "ben/phone", do: "GET /v1/me", has: []string{`"username":"ben"`, `"email":"ben@example.com"`, `"teams":[{`}},
		call{as: "ben/phone", do: "PATCH /v1/me", body: `{"busy":true,"extended_availability":true,"locale":"es","time_zone":"Europe/Madrid"}`, has: []string{`"presence":"busy"`, `"extended_availability":true`}},
		call{name: "G13", as: "ben/phone", do: "PATCH /v1/me", body: `{"specialists_may_share_screen":true,"alerts":{"team_queues":"all","messages":false},"quiet_hours":{"from":"22:00","to":"07:00"}}`,
			has: []string{`"specialists_may_share_screen":true`, `"alerts":{"transfers":true,"queue":true,"team_queues":"all","sessions":true,"messages":false}`, `"quiet_hours":{"from":"22:00","to":"07:00"}`}},
		call{name: "G13", as: "ben/phone", do: "PATCH /v1/me", body: `{"quiet_hours":{"from":"22:00","to":"25:00"}}`, want: 422, code: "validation_failed", has: []string{`"field":"quiet_hours.to"`}},
		call{name: "G13", as: "ben/phone", do: "PATCH /v1/me", body: `{"quiet_hours":{"from":"","to":""}}`, hasNot: []string{"quiet_hours"}},
		call{as: "ben/phone", do: "GET /v1/me/consoles", has: []string{`"current":true`, `"platform":"android"`, `"push_kind":"fcm_token"`}},
		call{as: "ben/phone", do: "PATCH /v1/me/consoles/current", body: `{"name":"Ben's phone","portal_id":"@main"}`, has: []string{`Ben's phone`, `"name":"Main"`}},
		call{name: "G10", as: "ben/phone", do: "POST /v1/me/consoles/current/test-push", want: 202, has: []string{`"purpose":"test"`, `"state":"waiting"`}, save: "test=id"},
		call{name: "G10", as: "ben/phone", do: "GET /v1/deliveries/$test", has: []string{`"state":"waiting"`, `"channel":"fcm"`}, hasNot: []string{"push_target"}},
		call{name: "G9: not the test of another", as: "cho", do: "GET /v1/deliveries/$test", want: 404, code: "not_found"},
		call{name: "G10", as: "ben/phone", do: "DELETE /v1/me/consoles/current/push-target", want: 204},
		call{name: "G10: again", as: "ben/phone", do: "DELETE /v1/me/consoles/current/push-target", want: 204},
		call{name: "G10", as: "ben/phone", do: "POST /v1/me/consoles/current/test-push", want: 409, code: "no_push_target"},
		call{name: "G10", as: "ben/phone", do: "DELETE /v1/me/consoles", want: 204},
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

func (x *server) playTokens(t *testing.T) {
	x.play(t,
		call{name: "I2", as: "hal", do: "POST /v1/api-tokens", want: 201, body: `{"name":"Ticket system","rep_id":"@ana","scopes":["sessions:read","directory:read"]}`, save: "tok=api_token.id script=token",
			has: []string{`"token":"rda_`, `"rep":{"id":"$ana","name":"Ana Ruiz"}`, `"scopes":["sessions:read","directory:read"]`, `"created_by":{"id":"$hal","name":"Hal Moss"}`}, answers: headers{"ETag": `"1"`, "Cache-Control": "no-store"}},
		call{as: "hal", do: "GET /v1/api-tokens", has: []string{`"$tok"`}, hasNot: []string{"rda_"}},
		call{as: "hal", do: "GET /v1/api-tokens/$tok", has: []string{`"name":"Ticket system"`}, hasNot: []string{"rda_"}, answers: headers{"ETag": `"1"`}},
		call{as: "hal", do: "PATCH /v1/api-tokens/$tok", body: `{"name":"Tickets"}`, has: []string{`"name":"Tickets"`, `"rev":2`}})
	x.mu.Lock()
	x.tokens["ana/script"] = x.saved["script"]
	x.mu.Unlock()
	x.play(t,
		call{as: "ana/script", do: "GET /v1/me", has: []string{`"username":"ana"`}},
		call{as: "ana/script", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"}}`, want: 403, code: "not_allowed", has: []string{"sessions:start"}},
		call{as: "hal", do: "DELETE /v1/api-tokens/$tok", want: 204},
		call{as: "ana/script", do: "GET /v1/me", want: 401, code: "token_unknown"})
}

func (x *server) playAdministration(t *testing.T) {
	x.play(t,
		call{name: "I3", as: "hal", do: "POST /v1/teams", body: `{"slug":"phones","name":"Phones","waiting":{"after_seconds":60,"action":"overdue"}}`, want: 201, save: "phones=id", has: []string{`"supervision":true`}},
		call{as: "hal", do: "PATCH /v1/teams/$phones", body: `{"waiting":{"after_seconds":0},"persistent":true}`, has: []string{`"persistent":true`}, hasNot: []string{"waiting"}},
		call{as: "hal", do: "POST /v1/reps", body: `{"username":"ivy","name":"Ivy","teams":[{"team_id":"@phones","role":"lead"}]}`, want: 201, save: "ivy=id", has: []string{`"role":"lead"`}},
		call{as: "hal", do: "GET /v1/reps?q=iv", has: []string{`"$ivy"`}},
		call{as: "hal", do: "GET /v1/reps/@ivy", has: []string{`"$ivy"`}},
		call{as: "hal", do: "PATCH /v1/reps/@ivy", body: `{"public_name":"The ivy"}`, has: []string{`"public_name":"The ivy"`}},
		call{as: "hal", do: "PUT /v1/reps/@ivy/password", body: `{"new_password":"correct horse"}`, want: 204},
		call{as: "ivy", do: "GET /v1/teams", has: []string{`"Phones"`}, hasNot: []string{"Printers", "persistent"}},
		call{as: "ivy", do: "GET /v1/teams/@phones", has: []string{`"mine":true`}},
		call{as: "hal", do: "GET /v1/reps/@ivy/consoles", save: "con=items.0.id"},
		call{as: "hal", do: "DELETE /v1/reps/@ivy/consoles/$con", want: 204},
		call{as: "ivy", do: "GET /v1/me", want: 401, code: "console_revoked"},
		call{as: "hal", do: "GET /v1/teams/@phones/members", has: []string{`"username":"ivy"`}},
		call{as: "hal", do: "PUT /v1/teams/@phones/members/@eli", body: `{"role":"member"}`, has: []string{`"Eli Stone"`}},
		call{as: "hal", do: "DELETE /v1/teams/@phones/members/@eli", want: 204},
		call{as: "hal", do: "POST /v1/portals", body: `{"slug":"side","name":"Side","parent_id":"@main","sharing":"off"}`, want: 201, has: []string{`"sharing":"off"`}},
		call{as: "hal", do: "PATCH /v1/portals/@side", body: `{"inherit":["sharing"]}`, has: []string{`"sharing":"teams"`}},
		call{as: "hal", do: "POST /v1/issues", body: `{"slug":"fax","title":"Fax","team_id":"@phones","portal_ids":["@side"]}`, want: 201, has: []string{`"name":"Side"`}},
		call{as: "hal", do: "PATCH /v1/issues/@fax", body: `{"title":"Fax machine"}`},
		call{as: "eli", do: "GET /v1/issues", has: []string{"Fax machine"}, hasNot: []string{"Side"}},
		call{as: "eli", do: "GET /v1/issues/@fax"},
		call{as: "hal", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"}}`, want: 201, save: "stuck=session.id"},
		call{as: "hal", do: "POST /v1/sessions/$stuck/reassign", body: `{"team_id":"@phones"}`, has: []string{`"name":"Phones"`}},
		call{as: "hal", do: "POST /v1/sessions/$stuck/end", has: []string{`"ended_by_administrator"`}})
	for path, code := range map[string]string{"support-buttons": "?button=", "help-links": "?link="} {
		x.play(t,
			call{as: "hal", do: "POST /v1/" + path, body: `{"slug":"door","name":"Door","team_id":"@printers","portal_id":"@main"}`, want: 201, has: []string{`"url":"/p/main` + code}},
			call{as: "hal", do: "GET /v1/" + path, has: []string{`"slug":"door"`}},
			call{as: "hal", do: "GET /v1/" + path + "/@door"},
			call{as: "hal", do: "PATCH /v1/" + path + "/@door", body: `{"disabled":true}`, has: []string{`"disabled":true`}},
			call{as: "hal", do: "DELETE /v1/" + path + "/@door", want: 204})
	}
	x.play(t,
		call{as: "hal", do: "DELETE /v1/issues/@fax", want: 204},
		call{as: "hal", do: "DELETE /v1/portals/@side", want: 204},
		call{as: "hal", do: "DELETE /v1/reps/@ivy", want: 204},
		call{as: "hal", do: "POST /v1/teams", body: `{"slug":"unused","name":"Unused"}`, want: 201},
		call{as: "hal", do: "DELETE /v1/teams/@unused", want: 204})
}

func (x *server) checkEverythingCalled(t *testing.T) {
	t.Helper()
	for path, item := range x.api.Document().Paths {
		for method, op := range operationsOf(item) {
			if !x.succeeded(op) {
				t.Errorf("%s (%s %s) is in the contract, and this test never calls it with success", op.OperationID, method, path)
			}
		}
	}
}
