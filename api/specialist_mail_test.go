package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

// F2, F3: the owner gets an email to send by themselves, in the language asked for; what the server sends says the same. Once the
// invitation is over there is none, and no event has one.
func TestF2TheOwnerGetsAReadyEmail(t *testing.T) {
	s, clock := openReady(t)
	x := restarted(t, s, clock, func(c *api.Config) { c.PublicURL = "https://desk.example.com/help/" })
	x.load(t, `{portals: [{slug: main, name: Acme Help, specialists: true}], reps: [{username: ana, name: Ana Ruiz, public_name: Ana, permissions: [invite_specialists]}]}`)
	x.open(t, "ses", "ana", `,"portal_id":"@main"`)
	before := x.cursor(t, "ana")
	a := x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/specialist-invitations", body: `{"access":"view","language":"de-AT","comment":"Fach 2\nbitte","emails":["mia@example.com"]}`, want: 201, save: "spi=id"})
	subject, text := texts.For("de").SpecialistMail(desk.SpecialistMail{Inviter: "Ana", Desk: "Acme Help", Code: a.at("code"), Comment: "Fach 2\nbitte", Access: desk.View}, a.at("join_url"))
	if a.at("email.subject") != subject || a.at("email.text") != text || !strings.Contains(text, "\nhttps://desk.example.com/help/join/") {
		t.Errorf("answer %s, want %s\n%s", a.text, subject, text)
	}
	if strings.Contains(text, "Jo Doe") || strings.Contains(text, "Ruiz") {
		t.Errorf("private names:\n%s", text)
	}
	if list := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations"}); list.at("items.0.email.text") != text {
		t.Errorf("list %s", list.text)
	}
	for _, page := range x.events(t, "ana", before) {
		if !strings.Contains(page.text, `"specialist_invitation.changed"`) || strings.Contains(page.text, `"subject"`) {
			t.Errorf("events %s", page.text)
		}
	}
	jobs, err := s.ClaimDeliveries(t.Context(), desk.ChannelEmail, 10, time.Minute)
	if err != nil || len(jobs) != 1 || jobs[0].Specialist == nil {
		t.Fatalf("%+v, %v", jobs, err)
	}
	sent, same := texts.For(jobs[0].Locale).SpecialistMail(*jobs[0].Specialist, "https://desk.example.com/help/join/"+jobs[0].LinkToken)
	if sent != subject || same != text || jobs[0].Address != "mia@example.com" {
		t.Errorf("to %s: %s\n%s", jobs[0].Address, sent, same)
	}
	x.do(t, call{as: "ana", do: "POST /v1/specialist-invitations/$spi/cancel", hasNot: []string{`"email"`, `"code"`, `"join_url"`}})
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations", has: []string{`"cancelled"`}, hasNot: []string{`"email"`, a.at("code")}})
}
