package api_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// storyDesk is the desk of the examples: three teams, and Ana and her colleagues.
const storyDesk = `
portals:
  - {slug: main, name: Help, modes: [web, queue, phone], specialists: true}
  - {slug: shops, name: Shops, parent: main, email_follow_up: true}
teams:
  - {slug: printers, name: Printers}
  - {slug: network, name: Network}
  - {slug: tills, name: Tills and payments, persistent: true}
reps:
  - {username: ana, password: correct horse, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, transfer_outside_teams, extended_availability, invite_specialists]}
  - {username: ben, password: correct horse, name: Ben Okafor, public_name: Ben, email: ben@example.com, teams: {printers: member}, permissions: [extended_availability]}
  - {username: cho, password: correct horse, name: Cho Min-seo, public_name: Cho, email: cho@example.com, teams: {printers: member}, permissions: [extended_availability]}
  - {username: dev, password: correct horse, name: Dev Patel, email: dev@example.com, teams: {network: member}}
  - {username: lea, password: correct horse, name: Lea Conti, email: lea@example.com, teams: {printers: manager, network: manager, tills: manager}}
  - {username: hal, password: correct horse, name: Hal Moss, email: hal@example.com, role: administrator}
issues:
  - {slug: paper-jam, title: Paper jam, team: printers, request_help: true}
  - {slug: vpn, title: VPN does not connect, team: network, request_help: true}
support_buttons:
  - {slug: till-7, name: Till 7, portal: shops, team: tills, icon: bell}
help_links:
  - {slug: web-shop, name: Web shop, portal: main, rep: ben}
`

// storyTarget looks like what FCM gives out. Nobody has it.
const storyTarget = "dQw5Xk2mR9:APA91bH3kq7vLxW0z4nTfYcJ8sEoUa2PdGmBtRi6yVhNwKlZxCjQeSg1oFu5MpIbDr"

// comeToWork logs people in.
func (x *story) comeToWork(t *testing.T) {
	x.tell(t,
		call{do: "GET /v1/server"},
		call{do: "GET /v1/me", want: 401, code: "not_logged_in"},
		call{do: "POST /v1/consoles", body: `{"username":"ana","password":"wrong horse","device":{"platform":"web"}}`, want: 401, code: "invalid_credentials"},
		call{do: "POST /v1/consoles", want: 201, save: "ana_token=token", body: `{"username":"ana","password":"correct horse","portal_id":"@main","device":{"platform":"android","device_id":"5b1f6a52-7d0e-4c39-9a83-2f4c8e61d7b0",` +
			`"name":"Ana's Pixel","app_version":"3.2.0","os_version":"16","locale":"en-GB","notifications":"allowed","push_kind":"fcm_token","push_target":"` + storyTarget + `"}}`})
	x.comesAs("ana", "ana_token")
	x.logIn(t, "ben/phone", `{"username":"ben","password":"correct horse","device":{"platform":"ios","device_id":"c2a7e0d4-31bb-4f0e-8a56-90d2b7f1e6c3","name":"Ben's iPhone","push_target":"target-of-ben"}}`)
	for _, who := range []string{"dev", "lea", "hal"} {
		x.clock.Advance(5 * time.Second)
		x.token(t, who)
	}
	x.atDesk = []string{"ana", "ben/phone", "dev", "lea"}
	x.tell(t,
		call{as: "ana", do: "GET /v1/me"},
		call{as: "ana", do: "PATCH /v1/me", body: `{"extended_availability":true,"time_zone":"Europe/Madrid","quiet_hours":{"from":"22:00","to":"07:00"}}`},
		call{as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`, headers: headers{"If-Match": `"1"`}, want: 412, code: "changed_meanwhile"},
		call{as: "ana", do: "GET /v1/me/consoles"},
		call{as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"app_version":"3.2.1","notifications":"allowed","push_kind":"fcm_token","push_target":"` + storyTarget + `2"}`},
		call{as: "ana", do: "POST /v1/me/consoles/current/test-push", want: 202},
		call{as: "ana", do: "PATCH /v1/me/preferences", body: `{"queue_columns":["customer","issue","waiting"],"queue_sort":"priority","queue_order":"desc"}`},
		call{as: "ana", do: "GET /v1/me/preferences"})
	x.send1(t, desk.ChannelEmail) // that Ana may be mailed
	x.send1(t, desk.ChannelFCM)   // the test push
}

// comesAs lets calls be made with a token that was saved.
func (x *story) comesAs(who, saved string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens[who] = x.saved[saved]
}

func (x *story) lookAround(t *testing.T) {
	x.do(t, call{as: "ben/phone", do: "PATCH /v1/me", body: `{"show_on_public_page":true}`})
	x.tell(t,
		call{as: "ana", do: "GET /v1/portals"},
		call{as: "ana", do: "GET /v1/portals/@shops"},
		call{as: "ana", do: "GET /v1/teams"},
		call{as: "ana", do: "GET /v1/teams/@printers"},
		call{as: "ana", do: "GET /v1/issues"},
		call{as: "ana", do: "GET /v1/issues/@paper-jam"},
		call{as: "ana", do: "PUT /v1/queues/@printers/favourite", want: 204},
		call{as: "ana", do: "POST /v1/queues/next", body: `{"team_id":"@printers"}`, want: 409, code: "queue_empty"},
		call{do: "GET /v1/public/portals/@shops"},
		call{as: "ana", do: "POST /v1/teams/@printers/messages", want: 201, body: `{"text":"Who has toner for the blue room?","client_ref":"5f0c"}`, save: "toner=id"},
		call{as: "ben/phone", do: "GET /v1/teams/@printers/messages"},
		call{as: "ben/phone", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$toner"}`})
}

const aCustomer = `"customer":{"name":"Jo Doe","company":"Doe Bakery","details":"The receipt printer jams at every second customer","language":"en"}`

func (x *story) takeACustomer(t *testing.T) {
	x.saved["start"] = x.cursor(t, "ana")
	x.tell(t,
		call{as: "ana", do: "POST /v1/sessions", want: 201, body: `{"portal_id":"@shops","issue_id":"@paper-jam","priority":5,"external_key":"ticket-4711",` + aCustomer + `}`, save: "ses=session.id jo=guest_token"},
		call{as: "ana", do: "GET /v1/queues"},
		call{as: "ana", do: "GET /v1/queues/@printers/entries"})
	x.comesAs("guest/jo", "jo")
	x.tell(t,
		call{as: "guest/jo", do: "GET /v1/guest/session"},
		call{as: "ana", do: "POST /v1/sessions/$ses/accept"},
		call{as: "ana", do: "POST /v1/sessions", want: 201, body: `{"portal_id":"@shops","team_id":"@printers","customer":{"name":"Kim Lane","details":"Nothing comes out"}}`, save: "kim=session.id"},
		call{as: "ben/phone", do: "POST /v1/queues/next", body: `{"team_id":"@printers"}`},
		call{as: "ben/phone", do: "POST /v1/sessions/$kim/hold"},
		call{as: "ben/phone", do: "POST /v1/sessions/$kim/resume"},
		call{as: "ben/phone", do: "POST /v1/sessions/$kim/end", body: `{"summary":"The cartridge was empty."}`},
		call{as: "ana", do: "POST /v1/sessions/$kim/accept", want: 409, code: "session_not_active"},
		call{as: "dev", do: "GET /v1/sessions/$kim", want: 404, code: "not_found"})
}

func (x *story) shareTheSession(t *testing.T) {
	x.tell(t,
		call{as: "ana", do: "GET /v1/sessions/$ses/share"},
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: `{"rep_id":"@ben","comment":"Could you look at the tray with me?","access":"view"}`, save: "inv=id"},
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 409, code: "already_invited"},
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho"}`, want: 409, code: "rep_not_available"},
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","team_id":"@printers"}`, want: 422, code: "one_target_needed"},
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@dev","comments":"Could you?"}`, want: 422, code: "validation_failed"},
		call{as: "ben/phone", do: "GET /v1/me/invitations"},
		call{as: "ben/phone", do: "GET /v1/invitations/$inv"})
	x.send1(t, desk.ChannelFCM)
	x.saved["dlv"] = x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv/deliveries"}).at("items.0.id")
	x.tell(t,
		call{as: "ben/phone", do: "POST /v1/deliveries/$dlv/ack", body: `{"state":"received"}`},
		call{as: "ana", do: "GET /v1/invitations/$inv/deliveries"},
		call{as: "ana", do: "GET /v1/deliveries/$dlv"},
		call{as: "ben/phone", do: "POST /v1/invitations/$inv/accept"},
		call{as: "ana", do: "GET /v1/sessions/$ses"},
		call{as: "ana", do: "GET /v1/sessions?mine=owner&state=active"},
		call{as: "ana", do: "GET /v1/sessions/$ses/attendees"})
	x.tell(t,
		call{as: "ana", do: "POST /v1/sessions/$ses/request-help", want: 201, body: `{"issue_id":"@vpn","comment":"The printer hangs behind the VPN."}`, save: "help=id"},
		call{as: "dev", do: "POST /v1/invitations/$help/decline"})
	x.clock.Advance(30 * time.Second) // as long as a reminder has to wait
	x.tell(t,
		call{as: "ana", do: "POST /v1/invitations/$help/remind"},
		call{as: "ana", do: "POST /v1/invitations/$help/remind", want: 429, code: "too_many_requests"},
		call{as: "ana", do: "POST /v1/invitations/$help/cancel"},
		call{as: "dev", do: "POST /v1/invitations/$help/accept", want: 409, code: "invitation_not_active"},
		call{as: "ana", do: "GET /v1/sessions/$ses/invitations"})
	x.saved["bens"] = x.seatOf(t, "Ben Okafor")
	x.tell(t,
		call{as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$bens", body: `{"access":"control"}`},
		call{as: "ben/phone", do: "PATCH /v1/sessions/$ses/attendees/$bens", body: `{"access":"control"}`, want: 403, code: "not_session_owner"},
		call{as: "ana", do: "POST /v1/sessions/$ses/grant"})
}

// seatOf is the id of somebody who is in Jo Doe's session.
func (x *story) seatOf(t *testing.T, name string) string {
	t.Helper()
	x.seat(t, "found", "ana", "ses", name)
	return x.saved["found"]
}

func (x *story) talk(t *testing.T) {
	x.saved["quiet"] = x.cursor(t, "ana")
	x.tell(t,
		call{as: "ben/phone", do: "POST /v1/sessions/$ses/messages", want: 201, body: `{"text":"I had the same one yesterday.","audience":"reps","client_ref":"9c1a"}`, save: "said=id"},
		call{as: "guest/jo", do: "POST /v1/guest/messages", want: 201, body: `{"text":"Now it blinks","client_ref":"1"}`},
		call{as: "ana", do: "POST /v1/sessions/$ses/messages", want: 201, body: `{"text":"Please open the tray once, and close it again."}`},
		call{as: "ana", do: "GET /v1/sessions/$ses/messages"},
		call{as: "ana", do: "POST /v1/sessions/$ses/messages/read", body: `{"message_id":"$said"}`},
		call{as: "ana", do: "POST /v1/sessions/$ses/notes", want: 201, body: `{"text":"The rollers are worn: order new ones."}`},
		call{as: "ana", do: "GET /v1/sessions/$ses/notes"},
		call{as: "guest/jo", do: "GET /v1/guest/messages"},
		call{as: "guest/jo", do: "GET /v1/guest/attendees"},
		call{as: "guest/jo", do: "POST /v1/guest/grant"},
		call{as: "ana", do: "GET /v1/snapshot"})
	x.keep("stream-guest-events", "", x.streamed(t, "guest/jo", "/v1/guest/events?after="+x.saved["quiet"]))
}

func (x *story) handOver(t *testing.T) {
	x.tell(t,
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben","comment":"You know it better.","stay":true}`},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@lea"}`, want: 409, code: "transfer_pending"},
		call{as: "ben/phone", do: "POST /v1/sessions/$ses/transfer/decline"},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@network"}`},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel"},
		call{as: "lea", do: "POST /v1/sessions/$ses/join", body: `{"masked":true}`},
		call{as: "lea", do: "POST /v1/sessions/$ses/take-over"},
		call{as: "lea", do: "POST /v1/sessions/$ses/leave", want: 409, code: "owner_must_hand_over"},
		call{as: "lea", do: "POST /v1/sessions/$ses/leave", body: `{"new_owner_id":"@ana"}`})
	x.tell(t,
		call{as: "ana", do: "DELETE /v1/sessions/$ses/attendees/$bens", want: 204},
		call{as: "hal", do: "POST /v1/sessions", want: 201, body: `{"team_id":"@tills",` + aCustomer + `}`, save: "stuck=session.id"},
		call{as: "hal", do: "POST /v1/sessions/$stuck/reassign", body: `{"rep_id":"@lea"}`})
}

// followAlong reads what Ana and Ben were told, by polling and on a stream.
func (x *story) followAlong(t *testing.T) {
	x.saved["before"] = x.cursor(t, "ben/phone")
	x.tell(t,
		call{as: "ana", do: "GET /v1/event-log?after=$start&limit=2&types=invitation.created,invitation.ended"},
		call{as: "ben/phone", do: "GET /v1/event-log?after=1000000", want: 410, code: "cursor_too_old"})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: `{"rep_id":"@ben","comment":"It jams again."}`, save: "again=id"})
	x.keep("stream-events", "", x.streamed(t, "ben/phone", "/v1/events?after="+x.saved["before"]))
}

// streamed is what a stream says until it is up to date, as it comes.
func (x *story) streamed(t *testing.T, as, path string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), later)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", x.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", x.auth(t, as))
	response, err := x.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text strings.Builder
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if lines.Text() == "" && strings.Contains(text.String(), "event: ready\n") {
			return text.String()
		}
	}
	t.Fatalf("the stream ended: %s", text.String())
	return ""
}

func (x *story) bringInSpecialists(t *testing.T) {
	x.tell(t,
		call{as: "ana", do: "POST /v1/sessions/$ses/specialist-invitations", want: 201, body: `{"access":"view","joins":2,"emails":["mia@rollers.example"],"comment":"You know this printer best."}`, save: "spi=id code=code"},
		call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations"},
		call{as: "ana", do: "POST /v1/specialist-invitations/$spi/email", body: `{"emails":["max@rollers.example"]}`})
	x.send1(t, desk.ChannelEmail)
	x.tell(t,
		call{as: "ana", do: "GET /v1/specialist-invitations/$spi/deliveries"},
		call{do: "POST /v1/public/join/look-up", body: `{"code":"000000000"}`, want: 410, code: "code_not_valid"},
		call{do: "POST /v1/public/join/look-up", body: `{"code":"$code"}`},
		call{do: "POST /v1/public/join", body: `{"code":"$code","name":"Mia Chen"}`, want: 201},
		call{as: "ana", do: "POST /v1/specialist-invitations/$spi/cancel", body: `{"remove_joined":false}`})
}

func (x *story) openEntrances(t *testing.T) {
	x.load(t, `portals: [{slug: vault, name: Vault, parent: main, consent_on_join: true}]`)
	x.tell(t,
		call{as: "ana", do: "POST /v1/session-keys", want: 201, body: `{"portal_id":"@vault","lifetime_seconds":1200}`, save: "key=key"},
		call{as: "ana", do: "GET /v1/session-keys"},
		call{do: "POST /v1/public/sessions", want: 201, body: `{"session_key":"$key","customer":{"name":"Lu Berg","language":"de"}}`, save: "lu=token lus=session.id"},
		call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "spare=id"},
		call{as: "ana", do: "DELETE /v1/session-keys/$spare", want: 204})
	x.comesAs("guest/lu", "lu")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$lus/accept"})
	x.join(t, "ana", "lus", "ben/phone", "")
	x.seat(t, "waits", "ana", "lus", "Ben Okafor")
	x.tell(t,
		call{as: "guest/lu", do: "POST /v1/guest/consent", body: `{"attendee_id":"$waits","granted":true}`},
		call{as: "guest/lu", do: "POST /v1/guest/leave"},
		call{as: "ana", do: "POST /v1/sessions", want: 201, body: `{"kind":"browser","page_url":"https://shop.example.com/basket","page_title":"Your basket","customer":{"name":"Kim Lane"}}`, save: "shopper=guest_token"})
	x.comesAs("guest/shopper", "shopper")
	x.tell(t, call{as: "guest/shopper", do: "PATCH /v1/guest/session", body: `{"page_url":"https://shop.example.com/checkout","page_title":"Checkout"}`})
}

// answerByEmail invites Cho, who is not logged in and may be invited by email.
func (x *story) answerByEmail(t *testing.T) {
	x.do(t, call{as: "cho", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
	x.do(t, call{as: "cho", do: "DELETE /v1/me/consoles/current", want: 204})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: `{"rep_id":"@cho","comment":"It is the one in the blue room."}`})
	for x.saved["link"] == "" {
		if job := x.send1(t, desk.ChannelEmail); job.Rep.Name == "Cho Min-seo" && job.InvitationID != "" {
			x.saved["link"] = job.LinkToken
		}
	}
	x.tell(t,
		call{do: "GET /v1/public/invitation-links/$link"},
		call{do: "POST /v1/public/invitation-links/$link", body: `{"answer":"accept"}`})
}

const aFile = `teams:
  - {slug: phones, name: Phones, persistent: true}
issues:
  - {slug: no-line, title: No line, team: phones, request_help: true}
`

func (x *story) administer(t *testing.T) {
	x.tell(t,
		call{as: "ana", do: "GET /v1/reps", want: 403, code: "not_allowed"},
		call{as: "hal", do: "GET /v1/organization"},
		call{as: "hal", do: "PUT /v1/organization", body: aFile, headers: headers{"Content-Type": "application/yaml"}},
		call{as: "hal", do: "POST /v1/teams", want: 201, body: `{"slug":"front","name":"Front desk","waiting":{"after_seconds":300,"action":"overflow","overflow_team_id":"@tills"}}`},
		call{as: "hal", do: "PATCH /v1/teams/@front", body: `{"persistent":true}`},
		call{as: "hal", do: "POST /v1/reps", want: 201, body: `{"username":"rosa","name":"Rosa Lind","public_name":"Rosa","email":"rosa@example.com","password":"change me soon","teams":[{"team_id":"@front","role":"lead"}],"permissions":["share_outside_teams"]}`},
		call{as: "hal", do: "GET /v1/reps?limit=2"},
		call{as: "hal", do: "GET /v1/reps/@rosa"},
		call{as: "hal", do: "PATCH /v1/reps/@rosa", body: `{"permissions":["share_outside_teams","invite_specialists"],"time_zone":"Europe/Vienna"}`},
		call{as: "hal", do: "PUT /v1/reps/@rosa/password", body: `{"new_password":"correct horse"}`, want: 204},
		call{as: "hal", do: "PUT /v1/teams/@front/members/@ben", body: `{"role":"member"}`},
		call{as: "hal", do: "GET /v1/teams/@front/members"},
		call{as: "hal", do: "DELETE /v1/teams/@front/members/@ben", want: 204})
	x.do(t, call{as: "rosa", do: "GET /v1/me"})
	x.saved["con"] = x.do(t, call{as: "hal", do: "GET /v1/reps/@rosa/consoles"}).at("items.0.id")
	x.tell(t,
		call{as: "hal", do: "GET /v1/reps/@rosa/consoles"},
		call{as: "hal", do: "DELETE /v1/reps/@rosa/consoles/$con", want: 204},
		call{as: "rosa", do: "GET /v1/me", want: 401, code: "console_revoked"},
		call{as: "hal", do: "POST /v1/portals", want: 201, body: `{"slug":"offices","name":"Offices","parent_id":"@main","invite_ceiling":"view","max_invited_reps":2}`},
		call{as: "hal", do: "PATCH /v1/portals/@offices", body: `{"consent_on_join":true,"inherit":["max_invited_reps"]}`},
		call{as: "hal", do: "POST /v1/issues", want: 201, body: `{"slug":"till-offline","title":"Till is offline","team_id":"@tills","request_help":true,"portal_ids":["@shops"]}`},
		call{as: "hal", do: "PATCH /v1/issues/@till-offline", body: `{"title":"The till is offline"}`},
		call{as: "hal", do: "GET /v1/support-buttons"},
		call{as: "hal", do: "POST /v1/support-buttons", want: 201, body: `{"slug":"till-8","name":"Till 8","portal_id":"@shops","team_id":"@tills","icon":"bell"}`},
		call{as: "hal", do: "GET /v1/support-buttons/@till-8"},
		call{as: "hal", do: "PATCH /v1/support-buttons/@till-8", body: `{"disabled":true}`},
		call{as: "hal", do: "GET /v1/help-links"},
		call{as: "hal", do: "POST /v1/help-links", want: 201, body: `{"slug":"checkout","name":"Checkout","portal_id":"@shops","team_id":"@tills"}`},
		call{as: "hal", do: "GET /v1/help-links/@checkout"},
		call{as: "hal", do: "PATCH /v1/help-links/@checkout", body: `{"name":"The shop's checkout"}`},
		call{as: "hal", do: "POST /v1/api-tokens", want: 201, body: `{"name":"Ticket system","scopes":["sessions:start","sessions:read"],"lifetime_seconds":7776000}`, save: "tok=api_token.id"},
		call{as: "hal", do: "GET /v1/api-tokens"},
		call{as: "hal", do: "GET /v1/api-tokens/$tok"},
		call{as: "hal", do: "PATCH /v1/api-tokens/$tok", body: `{"name":"Ticket system","scopes":["sessions:start"]}`},
		call{as: "hal", do: "DELETE /v1/api-tokens/$tok", want: 204},
		call{as: "hal", do: "DELETE /v1/teams/@printers", want: 409, code: "in_use"},
		call{as: "hal", do: "DELETE /v1/support-buttons/@till-8", want: 204},
		call{as: "hal", do: "DELETE /v1/help-links/@checkout", want: 204},
		call{as: "hal", do: "DELETE /v1/issues/@till-offline", want: 204},
		call{as: "hal", do: "DELETE /v1/portals/@offices", want: 204},
		call{as: "hal", do: "DELETE /v1/reps/@rosa", want: 204},
		call{as: "hal", do: "DELETE /v1/teams/@front", want: 204})
}

func (x *story) goHome(t *testing.T) {
	x.tell(t,
		call{as: "ana", do: "DELETE /v1/me/consoles/current", want: 409, code: "owner_must_hand_over"},
		call{as: "ana", do: "POST /v1/sessions/$ses/end", body: `{"summary":"New rollers"}`},
		call{as: "ana", do: "DELETE /v1/queues/@printers/favourite", want: 204},
		call{as: "ana", do: "PUT /v1/me/password", body: `{"current_password":"correct horse","new_password":"battery staple"}`, want: 204},
		call{as: "ana", do: "DELETE /v1/me/consoles", want: 204},
		call{as: "ana", do: "DELETE /v1/me/consoles/current/push-target", want: 204},
		call{as: "ana", do: "POST /v1/me/consoles/current/test-push", want: 409, code: "no_push_target"},
		call{as: "dev", do: "DELETE /v1/me/consoles/current", want: 204})
}
