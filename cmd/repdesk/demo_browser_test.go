package main

import (
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/push/pushtest/browsertest"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// The outbox shows pushes and each kind of email, by day and by night, on a phone too, and loads nothing from elsewhere.
func TestOutboxAsPeopleSeeIt(t *testing.T) {
	chromium := browsertest.New(t)
	s := newOutboxServer(t)
	ana, cho := s.sample.callers[s.sample.ana.Rep.ID], "@cho"
	for _, rep := range []string{cho, s.sample.ben.Rep.ID} {
		if _, err := s.sample.store.Invite(t.Context(), ana, s.sample.session.ID, store.NewInvitation{RepID: rep, Comment: "Could you look at the tray with me?"}); err != nil {
			t.Fatal(err)
		}
	}
	kept := &push.Kept{Mail: push.MailConfig{PublicURL: s.URL, Name: "repdesk demo"}, Keep: s.outbox.keep}
	send := func(channel desk.Channel) (last desk.Job) {
		jobs, err := s.sample.store.ClaimDeliveries(t.Context(), channel, 10, time.Minute)
		if err != nil || len(jobs) == 0 {
			t.Fatalf("claimed %d, %v", len(jobs), err)
		}
		for _, job := range jobs {
			if got := kept.Send(t.Context(), job); got.Kind != desk.OutcomeDone {
				t.Fatalf("%s: %+v", job.Purpose, got)
			}
			last = job
		}
		return last
	}
	send(desk.ChannelFCM)
	mail := send(desk.ChannelEmail) // that confirms Cho's extended availability, and the invitation
	followUp := mail
	followUp.ID, followUp.Follows, followUp.Purpose = "dlv_2", mail.ID, desk.PurposeWithdrawal
	followUp.Invitation.State, followUp.Invitation.Reason = desk.InvitationCancelled, desk.EndCancelled
	kept.Send(t.Context(), followUp)
	s.inviteSpecialist("mia@example.com")
	send(desk.ChannelEmail)

	for _, look := range []browsertest.Look{{Width: browsertest.Desktop, Height: 3200}, {Width: browsertest.Desktop, Height: 3200, Dark: true}, {Width: browsertest.Phone, Height: 3200}} {
		page := chromium.Open(t, s.URL+"/demo/outbox", look)
		page.Picture("outbox-" + look.Name())
		seen := page.Seen()
		if len(seen.Wide) > 0 || len(seen.Faint) > 0 || len(seen.Buttons) != 2 {
			t.Errorf("%s: too wide: %q, too faint: %q, %d buttons", look.Name(), seen.Wide, seen.Faint, len(seen.Buttons))
		}
		for _, want := range []string{"Push to Ben", "Email to Cho", "Ana Ruiz invites you to a session", "Re: Ana Ruiz invites you to a session", "Extended availability is on", "Email to a specialist", "Ana invites you to help in a support session (Shops in the north)"} {
			if !strings.Contains(seen.Text, want) {
				t.Errorf("%s: no %q: %s", look.Name(), want, seen.Text)
			}
		}
		page.Accessible()
		for _, asked := range page.Requests() {
			if !strings.HasPrefix(asked, s.URL) {
				t.Errorf("it asks for %s", asked)
			}
		}
	}
}

// inviteSpecialist has Ana invite one by email into the sample's session (F3), which its portal and permissions are to allow.
func (s *outboxServer) inviteSpecialist(address string) {
	s.t.Helper()
	const allowed = `{portals: [{slug: shops-north, name: Shops in the north, parent: shops, specialists: true}], reps: [{username: ana, name: Ana Ruiz, public_name: Ana, role: administrator, permissions: [invite_specialists]}]}`
	if _, err := s.sample.store.ImportOrganization(s.t.Context(), s.sample.store.Operator(), []byte(allowed), false); err != nil {
		s.t.Fatal(err)
	}
	ana, err := s.sample.store.Authenticate(s.t.Context(), s.sample.ana.Token)
	if err == nil {
		_, err = s.sample.store.InviteSpecialists(s.t.Context(), ana, s.sample.session.ID, desk.SpecialistTerms{Emails: []string{address}})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}
