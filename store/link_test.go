package store_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestG2MailOnlyInExtendedAvailability(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "ben")
		ana := d.LogIn("ana")
		d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		inv := inviteRep(t, d, ana, session, "ben")
		inviteRep(t, d, ana, session, "cho")
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "mails", targets(jobs), "invitation ben@example.com")
		if job := jobs[0]; job.Customer != nil || job.LinkToken == "" || job.Key != inv.ID {
			t.Errorf("job %+v", job)
		}
		inviteRep(t, d, ana, d.OpenSession(ana, "@open"), "ben") // customer_in_email: name
		if job := claim(t, d, desk.ChannelEmail)[0]; job.Customer == nil || *job.Customer != (desk.Customer{Name: "Jo Doe"}) {
			t.Errorf("says of the customer %+v", job.Customer)
		}
	})
}

// mailed invites ben, who is in extended availability, and returns the link in the email.
func mailed(t *testing.T, d *storetest.Desk, ana desk.Caller) (desk.Session, desk.Invitation, string) {
	t.Helper()
	session := d.OpenSession(ana, "@main")
	inv := inviteRep(t, d, ana, session, "ben")
	jobs := deliver(t, d, desk.ChannelEmail)
	return session, inv, jobs[0].LinkToken
}

func TestG2AcceptingByLinkHoldsTheSeat(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := extended(t, d, "ben")
		clock.Advance(desk.ConnectedFor * 2)
		ana := d.LogIn("ana")
		session, inv, link := mailed(t, d, ana)
		owner := watch(t, d, ana)
		if seen := must(d.InvitationLink(t.Context(), link)); !seen.Invitation.Active() || seen.Rep.ID != ben.RepID || seen.Invitation.ID != inv.ID {
			t.Errorf("the link shows %+v", seen)
		}
		same(t, "looking changes nothing", owner.told())
		answered := must(d.AnswerInvitationLink(t.Context(), link, store.LinkAccept))
		if answered.Invitation.State != desk.InvitationAccepted {
			t.Errorf("answer %+v", answered)
		}
		must(d.AnswerInvitationLink(t.Context(), link, store.LinkAccept)) // a second click
		seat := must(d.Attendees(t.Context(), ana, session.ID))[2]
		if seat.RepID != ben.RepID || !seat.Expected {
			t.Errorf("seat %+v", seat)
		}
		same(t, "owner", owner.told("attendee.", "invitation."), "attendee.joined", "invitation.ended accepted")

		clock.Advance(desk.ExpectedFor - 1)
		d.LogIn("ana") // the housekeeping may run, too
		if err := d.FreeExpectedSeats(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "in time", owner.told("attendee."))
		d.LogIn("ben")
		same(t, "arrived by log-in", owner.told("attendee."), "attendee.changed arrived")
		clock.Advance(desk.ExpectedFor)
		if err := d.FreeExpectedSeats(t.Context()); err != nil {
			t.Fatal(err)
		}
		if seat := must(d.Attendees(t.Context(), ana, session.ID))[2]; seat.Expected || seat.LeftAt != nil {
			t.Errorf("after arriving the seat is %+v", seat)
		}
	})
}

func TestG2TheSeatIsFreedAfterTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := extended(t, d, "ben")
		ana := d.LogIn("ana")
		session, inv, link := mailed(t, d, ana)
		must(d.AnswerInvitationLink(t.Context(), link, store.LinkAccept))
		owner := watch(t, d, ana)
		clock.Advance(desk.ExpectedFor)
		for range 2 { // twice is harmless
			if err := d.FreeExpectedSeats(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "owner", owner.told(), "attendee.left did_not_come", "session.changed")
		if menu := must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 50})); menu.Seats.RepsLeft != 7 {
			t.Errorf("%d seats left", menu.Seats.RepsLeft)
		}
		_, err := d.AcceptInvitation(t.Context(), ben, inv.ID) // B15: not after they left again
		refused(t, err, desk.InvitationNotActive)
		inviteRep(t, d, ana, session, "ben")
	})
}

func TestG2AConnectedRepIsNotExpected(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		on := true
		must(d.UpdateMe(t.Context(), ben, store.MeChange{ExtendedAvailability: &on}, nil))
		send(t, d, desk.ChannelEmail) // what confirms it
		session, _, link := mailed(t, d, ana)
		must(d.AnswerInvitationLink(t.Context(), link, store.LinkAccept))
		if seat := must(d.Attendees(t.Context(), ana, session.ID))[2]; seat.Expected {
			t.Error("a rep with a connected console is expected")
		}
	})
}

func TestG2DecliningByLink(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "ben")
		ana := d.LogIn("ana")
		_, inv, link := mailed(t, d, ana)
		must(d.AnswerInvitationLink(t.Context(), link, store.LinkDecline))
		if got := must(d.Invitation(t.Context(), ana, inv.ID)); got.Reason != desk.EndDeclined {
			t.Errorf("invitation %+v", got)
		}
		_, inv, link = mailed(t, d, ana)
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		if seen := must(d.InvitationLink(t.Context(), link)); seen.Invitation.Reason != desk.EndCancelled { // G4: a page that says why
			t.Errorf("the link shows %+v", seen.Invitation)
		}
		_, err := d.AnswerInvitationLink(t.Context(), link, store.LinkAccept)
		refused(t, err, desk.InvitationNotActive)
		must(d.AnswerInvitationLink(t.Context(), link, store.LinkDeclineAndSwitchOff)) // works on what is over, too
		_, err = d.Invite(t.Context(), ana, d.OpenSession(ana, "@main").ID, store.NewInvitation{RepID: "@ben"})
		refused(t, err, desk.RepNotAvailable)
	})
}

func TestG2LinksCannotBeForged(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "ben")
		_, _, link := mailed(t, d, d.LogIn("ana"))
		for _, bad := range []string{"", "x", link[1:], link + "A", strings.ToUpper(link), "AAAA" + link[4:], link[:len(link)-4] + "AAAA"} {
			_, err := d.InvitationLink(t.Context(), bad)
			refusal(t, bad, err, desk.NotFound)
			_, err = d.AnswerInvitationLink(t.Context(), bad, store.LinkAccept)
			refusal(t, bad, err, desk.NotFound)
		}
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, disabled: true}]")
		_, err := d.AnswerInvitationLink(t.Context(), link, store.LinkAccept)
		refusal(t, "a disabled rep's", err, desk.NotFound)
	})
}

func TestG3TeamMailOnceWhenNobodyIsLoggedIn(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "dev")
		ben := d.LogIn("ben")
		session := d.OpenSession(ben, "@main")
		t.Run("nobody there", func(t *testing.T) {
			requestHelp(t, d, ben, session, "vpn")
			same(t, "mails", send(t, d, desk.ChannelEmail), "invitation dev@example.com")
		})
		t.Run("the last one logs out", func(t *testing.T) {
			eli := d.LogIn("eli")
			requestHelp(t, d, ben, session, "vpn")
			same(t, "mails while eli is there", send(t, d, desk.ChannelEmail))
			second := d.LogIn("eli")
			logOut(t, d, second)
			same(t, "mails while eli's other console is there", send(t, d, desk.ChannelEmail))
			logOut(t, d, eli)
			same(t, "mails", send(t, d, desk.ChannelEmail), "invitation dev@example.com")
		})
		t.Run("the last one declines", func(t *testing.T) {
			eli := d.LogIn("eli")
			inv := requestHelp(t, d, ben, session, "vpn")
			must(d.DeclineInvitation(t.Context(), eli, inv.ID))
			same(t, "mails", send(t, d, desk.ChannelEmail), "invitation dev@example.com")
			logOut(t, d, eli)
			same(t, "mails, once", send(t, d, desk.ChannelEmail))
			if got := must(d.Invitation(t.Context(), ben, inv.ID)); !got.Active() || got.NobodyLeft {
				t.Errorf("invitation %+v", got)
			}
		})
	})
}

func TestG2LinkOfAClosedAccount(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		extended(t, d, "gus")
		inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "acme")
		token := claim(t, d, desk.ChannelEmail)[0].LinkToken
		importYAML(t, d, "reps: [{username: gus, name: Gus Adler, email: gus@acme.example, disabled: true}]")
		_, err := d.InvitationLink(t.Context(), token)
		refused(t, err, desk.NotFound)
	})
}

// To switch off by the link works for who has left the team too: the email promised it.
func TestG2SwitchOffAfterLeavingTheTeam(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		extended(t, d, "gus")
		inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "acme")
		token := claim(t, d, desk.ChannelEmail)[0].LinkToken
		importYAML(t, d, "reps: [{username: gus, name: Gus Adler, email: gus@acme.example, teams: {network: member}, permissions: [extended_availability]}]")
		must(d.AnswerInvitationLink(t.Context(), token, store.LinkDeclineAndSwitchOff))
		if must(d.Me(t.Context(), d.LogIn("gus"))).ExtendedAvailability {
			t.Error("extended availability is still on")
		}
	})
}

// G2: who declines and switches off is out of extended availability, though the invitation is over at that instant.
func TestG2SwitchingOffAgainstTheEnd(t *testing.T) {
	database := storetest.Postgres(t)
	d := storetest.NewDesk(t, storetest.Open(t, database, storetest.NewClock()))
	_, s, token := invitedByLink(t, d)
	held := hold(t, database, s, `UPDATE invitations SET state = 'cancelled', reason = 'cancelled', rev = rev + 1 WHERE session_id = '`+s.ID+`'`)
	done := make(chan error, 1)
	go func() { done <- try(d.AnswerInvitationLink(t.Context(), token, store.LinkDeclineAndSwitchOff)) }()
	held.letGo(done)
	link := must(d.InvitationLink(t.Context(), token))
	if link.ExtendedAvailability || link.Reason != "cancelled" {
		t.Errorf("the link leads to %+v", link)
	}
}
