package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestI5EveryPost repeats each POST of the contract with its key: the first answer comes again, and nothing is done twice.
func TestI5EveryPost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben/phone", "cho", "dev", "hal")
		x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
		x.specialistsToo(t)
		x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
		x.open(t, "expert", "ana", `,"portal_id":"@expert"`)
		x.open(t, "bens", "ben/phone", "")
		x.invite(t, "inv", "ana", "ses", `{"team_id":"@printers"}`)
		x.invite(t, "inv2", "ana", "ses", `{"rep_id":"@dev"}`)
		x.do(t, call{as: "ben/phone", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
		x.send1(t, desk.ChannelEmail) // what confirms it
		x.invite(t, "inv3", "ana", "ses", `{"rep_id":"@ben"}`)
		x.saved["link"] = x.send1(t, desk.ChannelEmail).LinkToken
		x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv3/deliveries", save: "dlv=items.0.id"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: sample["start-session"], want: 201, save: "waits=session.id"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Flo"},"priority":9,"team_id":"@printers"}`, want: 201})
		posts := map[string]call{
			"log-in":                {do: "POST /v1/consoles", body: sample["log-in"], want: 201},
			"start-session":         {as: "ana", do: "POST /v1/sessions", body: sample["start-session"], want: 201},
			"create-api-token":      {as: "hal", do: "POST /v1/api-tokens", body: sample["create-api-token"], want: 201},
			"accept-session":        {as: "ana", do: "POST /v1/sessions/$waits/accept"},
			"ack-delivery":          {as: "ben/phone", do: "POST /v1/deliveries/$dlv/ack", body: sample["ack-delivery"]},
			"send-test-push":        {as: "ben/phone", do: "POST /v1/me/consoles/current/test-push", want: 202},
			"request-help":          {as: "ana", do: "POST /v1/sessions/$ses/request-help", body: sample["request-help"], want: 201},
			"invite":                {as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho"}`, want: 201},
			"accept-invitation":     {as: "ben/phone", do: "POST /v1/invitations/$inv/accept"},
			"decline-invitation":    {as: "dev", do: "POST /v1/invitations/$inv2/decline"},
			"cancel-invitation":     {as: "ana", do: "POST /v1/invitations/$inv2/cancel", want: 409, code: "invitation_not_active"},
			"remind-invitation":     {as: "ana", do: "POST /v1/invitations/$inv3/remind"},
			"hold-session":          {as: "ana", do: "POST /v1/sessions/$ses/hold"},
			"resume-session":        {as: "ana", do: "POST /v1/sessions/$ses/resume"},
			"transfer-session":      {as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@printers"}`},
			"decline-transfer":      {as: "cho", do: "POST /v1/sessions/$ses/transfer/decline"},
			"cancel-transfer":       {as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel"},
			"get-join-grant":        {as: "ana", do: "POST /v1/sessions/$ses/grant"},
			"post-message":          {as: "ana", do: "POST /v1/sessions/$ses/messages", body: sample["post-message"], want: 201},
			"add-note":              {as: "ana", do: "POST /v1/sessions/$ses/notes", body: sample["add-note"], want: 201},
			"mark-session-read":     {as: "ana", do: "POST /v1/sessions/$ses/messages/read", body: `{"message_id":"$msg"}`},
			"post-guest-message":    {as: "guest/ses", do: "POST /v1/guest/messages", body: sample["post-message"], want: 201},
			"get-guest-grant":       {as: "guest/ses", do: "POST /v1/guest/grant"},
			"give-consent":          {as: "guest/ses", do: "POST /v1/guest/consent", body: `{"attendee_id":"$seat","granted":true}`},
			"leave-as-guest":        {as: "guest/ses", do: "POST /v1/guest/leave"},
			"leave-session":         {as: "ben/phone", do: "POST /v1/sessions/$ses/leave"},
			"join-session":          {as: "ana", do: "POST /v1/sessions/$bens/join"},
			"take-over-session":     {as: "ana", do: "POST /v1/sessions/$bens/take-over"},
			"end-session":           {as: "ana", do: "POST /v1/sessions/$ses/end", body: sample["end-session"]},
			"post-team-message":     {as: "ana", do: "POST /v1/teams/@printers/messages", body: sample["post-team-message"], want: 201},
			"mark-team-chat-read":   {as: "cho", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$msg"}`},
			"create-session-key":    {as: "ana", do: "POST /v1/session-keys", body: sample["create-session-key"], want: 201},
			"enter":                 {do: "POST /v1/public/sessions", body: sample["enter"], want: 201},
			"create-rep":            {as: "hal", do: "POST /v1/reps", body: `{"username":"ivy","name":"Ivy","password":"battery staple"}`, want: 201},
			"create-team":           {as: "hal", do: "POST /v1/teams", body: `{"slug":"phones","name":"Phones"}`, want: 201},
			"create-portal":         {as: "hal", do: "POST /v1/portals", body: `{"slug":"side","name":"Side"}`, want: 201},
			"create-issue":          {as: "hal", do: "POST /v1/issues", body: `{"slug":"fax","title":"Fax","team_id":"@phones"}`, want: 201},
			"create-support-button": {as: "hal", do: "POST /v1/support-buttons", body: `{"slug":"door","name":"Door","team_id":"@phones"}`, want: 201},
			"create-help-link":      {as: "hal", do: "POST /v1/help-links", body: `{"slug":"way","name":"Way","team_id":"@phones"}`, want: 201},
			"reassign-session":      {as: "hal", do: "POST /v1/sessions/$ses/reassign", body: `{"rep_id":"@ana"}`},
			"accept-next":           {as: "cho", do: "POST /v1/queues/next", body: `{"team_id":"@printers"}`},

			"invite-specialists":           {as: "ana", do: "POST /v1/sessions/$expert/specialist-invitations", body: `{"emails":["mia@experts.test"]}`, want: 201},
			"email-specialist-invitation":  {as: "ana", do: "POST /v1/specialist-invitations/$spi/email", body: `{"emails":["mia@experts.test"]}`},
			"look-up-code":                 {do: "POST /v1/public/join/look-up", body: `{"code":"$code"}`},
			"join-as-specialist":           {do: "POST /v1/public/join", body: `{"code":"$code","name":"Mia"}`, want: 201},
			"cancel-specialist-invitation": {as: "ana", do: "POST /v1/specialist-invitations/$spi/cancel", body: `{"remove_joined":true}`},

			"answer-invitation-link": {do: "POST /v1/public/invitation-links/$link", body: `{"answer":"decline_and_switch_off"}`},
		}
		for path, item := range x.api.Document().Paths {
			if _, listed := posts[opOf(item.Post)]; item.Post != nil && !listed {
				t.Errorf("POST %s is repeated by no test", path)
			}
		}
		for _, id := range []string{"log-in", "create-api-token", "start-session", "accept-session", "ack-delivery", "send-test-push", "request-help", "invite", "remind-invitation", "accept-invitation", "decline-invitation", "cancel-invitation", "create-session-key", "enter", "accept-next",
			"hold-session", "resume-session", "transfer-session", "decline-transfer", "cancel-transfer", "get-join-grant", "post-message", "add-note", "post-guest-message", "mark-session-read",
			"get-guest-grant", "give-consent", "leave-as-guest", "leave-session", "join-session", "take-over-session", "reassign-session", "end-session", "post-team-message", "mark-team-chat-read", "create-rep", "create-team", "create-portal", "create-issue", "create-support-button", "create-help-link", "answer-invitation-link",
			"invite-specialists", "email-specialist-invitation", "look-up-code", "join-as-specialist", "cancel-specialist-invitation"} {
			if id == "mark-session-read" {
				x.saved["msg"] = x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/messages"}).items("id")[0]
			}
			if id == "mark-team-chat-read" {
				x.saved["msg"] = x.do(t, call{as: "ana", do: "GET /v1/teams/@printers/messages"}).items("id")[0]
			}
			if id == "give-consent" {
				x.saved["seat"] = x.do(t, call{as: "guest/ses", do: "GET /v1/guest/attendees"}).items("id")[2]
			}
			c := posts[id]
			c.headers, c.answers = headers{"Idempotency-Key": "a-key-of-20-chars-or-more"}, headers{"Idempotent-Replayed": ""}
			first := x.do(t, c)
			if id == "invite-specialists" {
				x.saved["spi"], x.saved["code"] = first.at("id"), first.at("code")
			}
			c.answers = headers{"Idempotent-Replayed": "true", "ETag": first.header.Get("ETag"), "Location": first.header.Get("Location")}
			again := x.do(t, c)
			if id != "cancel-invitation" && first.text != again.text {
				t.Errorf("%s: %s, then %s", id, first.text, again.text)
			}
		}
		if got := x.do(t, call{as: "ana", do: "GET /v1/sessions"}).items("id"); len(got) != 7 {
			t.Errorf("%d sessions: a repetition made one", len(got))
		}
		if a := x.do(t, call{as: "ana", do: "GET /v1/sessions/$expert/specialist-invitations", has: []string{`"joined":1`}}); len(a.items("id")) != 1 {
			t.Errorf("specialist invitations: %s", a.text)
		}
		if got := x.do(t, call{as: "ana", do: "GET /v1/specialist-invitations/$spi/deliveries"}).items("id"); len(got) != 2 {
			t.Errorf("%d emails to specialists", len(got))
		}
		if got := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/invitations"}).items("id"); len(got) != 5 {
			t.Errorf("%d invitations", len(got))
		}
	})
}

// TestI5Keys are bound to the body, the caller, the path and the day.
func TestI5Keys(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben", "ana/phone")
	key := headers{"Idempotency-Key": "k1"}
	post := func(as, body string) call {
		return call{as: as, do: "POST /v1/sessions", body: body, headers: key, want: 201}
	}
	first := x.do(t, post("ana", sample["start-session"])).at("session.id")
	other := post("ana", `{"customer":{"name":"Al"}}`)
	other.want, other.code = 422, "idempotency_key_reused"
	x.do(t, other)
	if id := x.do(t, post("ben", sample["start-session"])).at("session.id"); id == first {
		t.Error("another rep with the same key got the first one's answer")
	}
	if id := x.do(t, post("ana/phone", sample["start-session"])).at("session.id"); id != first {
		t.Error("the same rep on another console did not get the first answer")
	}
	x.saved["ses"] = first
	x.play(t,
		call{name: "another path", as: "ana", do: "POST /v1/sessions/$ses/accept", headers: key, answers: headers{"Idempotent-Replayed": ""}},
		call{name: "an answer that was kept is as it was", as: "ana", do: "POST /v1/sessions", body: sample["start-session"], headers: key, want: 201, has: []string{`"state":"waiting"`}},
		call{name: "a refusal of validation is not kept", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"a\nb"}}`, headers: headers{"Idempotency-Key": "k2"}, want: 422, code: "validation_failed"},
		call{name: "so its key is free", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"ab"}}`, headers: headers{"Idempotency-Key": "k2"}, want: 201},
		call{name: "a refusal of the operation is", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@dev"}`, headers: headers{"Idempotency-Key": "k3"}, want: 409, code: "rep_not_available"},
		call{name: "the longest key", as: "ana", do: "POST /v1/sessions", body: sample["start-session"], headers: headers{"Idempotency-Key": strings.Repeat("k", 255)}, want: 201},
		call{name: "a longer one", as: "ana", do: "POST /v1/sessions", body: sample["start-session"], headers: headers{"Idempotency-Key": strings.Repeat("k", 256)}, want: 422, code: "validation_failed", fields: "header.Idempotency-Key:bad_format"},
		call{name: "a GET does not care", as: "ana", do: "GET /v1/me", headers: headers{"Idempotency-Key": strings.Repeat("k", 256)}},
	)
	x.logInAll(t, "dev")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@dev"}`, headers: headers{"Idempotency-Key": "k3"}, want: 409, code: "rep_not_available", answers: headers{"Idempotent-Replayed": "true"}})
	x.clock.Advance(24*hour + second)
	again := post("ana", `{"customer":{"name":"Al"}}`)
	if id := x.do(t, again).at("session.id"); id == first {
		t.Error("the key lives longer than a day")
	}
}

// TestI5Secrets: a repeated log-in gives the same token, under a key that cannot be guessed, and no second console.
func TestI5Secrets(t *testing.T) {
	x := newServer(t)
	logIn := call{do: "POST /v1/consoles", body: sample["log-in"], headers: headers{"Idempotency-Key": "12345678901234567890"}, want: 201, answers: headers{"Cache-Control": "no-store"}}
	short := logIn
	short.answers = nil
	short.headers, short.want, short.code = headers{"Idempotency-Key": "1234567890123456789"}, 422, "validation_failed"
	x.do(t, short)
	first, again := x.do(t, logIn), x.do(t, logIn)
	if first.at("token") != again.at("token") || first.text != again.text {
		t.Errorf("another answer: %s, then %s", first.text, again.text)
	}
	x.tokens["ana"] = first.at("token")
	if got := x.do(t, call{as: "ana", do: "GET /v1/me/consoles"}).items("id"); len(got) != 1 {
		t.Errorf("%d consoles", len(got))
	}
	other := logIn
	other.body, other.want, other.code = strings.Replace(logIn.body, "ana", "ben", 1), 422, "idempotency_key_reused"
	x.do(t, other)
	wrong := logIn
	wrong.body, wrong.want, wrong.code = strings.Replace(logIn.body, "horse", "mouse", 1), 401, "invalid_credentials"
	wrong.headers, wrong.answers = headers{"Idempotency-Key": "another-key-of-20-characters"}, headers{"Idempotent-Replayed": ""}
	x.do(t, wrong)
	wrong.body, wrong.want, wrong.code = logIn.body, 201, "" // a 401 is not kept: the key is free
	x.do(t, wrong)
}

// TestI5AtTheSameTime: of many requests with one key, one is carried out.
func TestI5AtTheSameTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		auth := x.auth(t, "ana")
		ids := make(chan string)
		for range 16 {
			go func() {
				a := x.send(t, "POST", "/v1/sessions", auth, sample["start-session"], headers{"Idempotency-Key": "the-same"})
				ids <- fmt.Sprint(a.status, " ", a.at("session.id"), a.at("code"))
			}()
		}
		seen := map[string]int{}
		for range 16 {
			seen[<-ids]++
		}
		if len(seen) != 1 {
			t.Errorf("answers %v", seen)
		}
		if got := x.do(t, call{as: "ana", do: "GET /v1/sessions"}).items("id"); len(got) != 1 {
			t.Errorf("%d sessions", len(got))
		}
	})
}
