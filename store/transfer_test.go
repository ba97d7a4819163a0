package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

var toBen, toPrinters = store.NewTransfer{RepID: "@ben"}, store.NewTransfer{TeamID: "@printers"}

func TestC6OwnershipMovesOnAcceptance(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "ben")
		ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		session := d.OpenSession(ana, "@main")
		owner, target := watch(t, d, ana), watch(t, d, ben)
		in := toBen
		in.Comment = "please"
		offered := transfer(t, d, ana, session, in)
		offer := offered.Transfer
		if offer == nil || offer.Sender.ID != ana.RepID || offer.Rep == nil || offer.Rep.ID != ben.RepID || offer.Team != nil || offer.Comment != "please" || offered.Owner.ID != ana.RepID || offered.Rev <= session.Rev {
			t.Fatalf("offered %+v", offered)
		}
		if seen := must(d.Session(t.Context(), ben, session.ID)); seen.Transfer == nil || seen.Transfer.ID != offer.ID {
			t.Errorf("ben sees %+v", seen)
		}
		if got := sight(t, d, ben, session.ID); got != "summary" {
			t.Errorf("ben sees %s", got)
		}
		jobs := deliver(t, d, desk.ChannelFCM)
		same(t, "pushed like an invitation", targets(jobs), "transfer ben-1", "transfer ben-2")
		if job := jobs[0]; job.Key != offer.ID || job.KeyRev != offer.Rev || job.Invitation.Comment != "please" || job.Badge != 1 {
			t.Errorf("push %+v", job)
		}
		same(t, "by no email", send(t, d, desk.ChannelEmail))
		same(t, "it is no invitation", open(t, d, ben))
		same(t, "the target is told", target.told(), "session.changed transfer_offered")
		same(t, "the owner", owner.told("session."), "session.changed transfer_offered")

		got := take(t, d, ben, session)
		if got.Owner.ID != ben.RepID || got.Transfer != nil || got.Rev <= offered.Rev || got.RepCount != 1 {
			t.Errorf("taken %+v", got)
		}
		take(t, d, ben, session) // again
		if seatOf(t, d, ben, session, ana.RepID) != nil {
			t.Error("the sender is still there")
		}
		ended := claim(t, d, desk.ChannelFCM)
		same(t, "taken off the devices", targets(ended), "withdrawal ben-1", "withdrawal ben-2")
		if ended[0].KeyRev <= jobs[0].KeyRev || ended[0].Ends != desk.PurposeTransfer {
			t.Errorf("withdrawal %+v", ended[0])
		}
		same(t, "the new owner", target.told("session."), "session.changed transfer_accepted", "session.changed transferred")
		same(t, "the former owner", owner.told("session.", "attendee."), "session.changed transfer_accepted", "attendee.left transferred", "session.changed transferred")
	})
}

func TestC6Refusals(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, "teams: [{slug: empty, name: Empty}]\nreps: [{username: ana, name: Ana Ruiz, teams: {printers: lead, night: member, empty: member}, permissions: [share_outside_teams]}]")
		extended(t, d, "cho")
		ana, ben, dev, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev"), d.LogIn("hal")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		ended, waiting := d.OpenSession(ana, "@main"), start(t, d, ana, store.NewSession{})
		must(d.EndSession(t.Context(), ana, ended.ID, ""))
		for _, c := range []struct {
			what string
			by   desk.Caller
			s    desk.Session
			in   store.NewTransfer
			code desk.Code
		}{
			{"nobody", ana, session, store.NewTransfer{}, desk.OneTargetNeeded},
			{"two", ana, session, store.NewTransfer{RepID: "@ben", TeamID: "@printers"}, desk.OneTargetNeeded},
			{"a comment with NUL", ana, session, store.NewTransfer{RepID: "@ben", Comment: "\x00"}, desk.ValidationFailed},
			{"a session not theirs", dev, session, toBen, desk.NotFound},
			{"one that they are only in", ben, session, toPrinters, desk.NotSessionOwner},
			{"an administrator", hal, session, toBen, desk.NotSessionOwner},
			{"one that waits", ana, waiting, toBen, desk.NotSessionOwner},
			{"one that ended", ana, ended, toBen, desk.SessionNotActive},
			{"themselves", ana, session, store.NewTransfer{RepID: "@ana"}, desk.CannotInviteSelf},
			{"A4 a rep outside, for whom share_outside_teams is not enough", ana, session, store.NewTransfer{RepID: "@dev"}, desk.NotReachable},
			{"A4 a team outside", ana, session, store.NewTransfer{TeamID: "@network"}, desk.NotReachable},
			{"a rep who is not there", ana, session, store.NewTransfer{RepID: "@zoe"}, desk.NotFound},
			{"a rep in extended availability alone", ana, session, store.NewTransfer{RepID: "@cho"}, desk.RepNotAvailable},
			{"a team of which only the owner is there", ana, session, store.NewTransfer{TeamID: "@empty"}, desk.TeamNotAvailable},
		} {
			data.refuses(c.what, c.code, func() error { return try(d.TransferSession(t.Context(), c.by, c.s.ID, c.in)) })
		}
		offer := transfer(t, d, ana, session, store.NewTransfer{TeamID: "@night"}).Transfer // persistent
		p := data.refuses("a second", desk.TransferPending, func() error { return try(d.TransferSession(t.Context(), ana, session.ID, toBen)) })
		if p.Conflict.ID != offer.ID || p.Conflict.By.ID != ana.RepID {
			t.Errorf("the conflict shows %+v", p.Conflict)
		}
	})
}

func TestC6OutsideWithThePermission(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member}, permissions: [transfer_outside_teams]}]")
		ben, dev := d.LogIn("ben"), d.LogIn("dev")
		session := d.OpenSession(ben, "@quiet") // sharing off is for invitations
		refusal(t, "inviting", try(d.Invite(t.Context(), ben, session.ID, store.NewInvitation{RepID: "@dev"})), desk.SharingOff)
		transfer(t, d, ben, session, store.NewTransfer{TeamID: "@network"})
		must(d.CancelTransfer(t.Context(), ben, session.ID))
		transfer(t, d, ben, session, store.NewTransfer{RepID: "@dev"})
		take(t, d, dev, session)
	})
}

// A transfer holds no seat, and is none of the invitations.
func TestC6HoldsNoSeat(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: two, name: Two, max_invited_reps: 1}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		d.LogIn("cho")
		session := d.OpenSession(ana, "@two")
		transfer(t, d, ana, session, toBen)
		inv := inviteRep(t, d, ana, session, "cho") // the only seat
		if all := must(d.SessionInvitations(t.Context(), ana, session.ID, "", 50)); len(all) != 1 || all[0].ID != inv.ID {
			t.Errorf("invitations %+v", all)
		}
		offer := must(d.Session(t.Context(), ana, session.ID)).Transfer
		refusal(t, "got as an invitation", try(d.Invitation(t.Context(), ben, offer.ID)), desk.NotFound)
		refusal(t, "accepted as an invitation", try(d.AcceptInvitation(t.Context(), ben, offer.ID)), desk.NotFound)
		refusal(t, "declined as an invitation", try(d.DeclineInvitation(t.Context(), ben, offer.ID)), desk.NotFound)
		refusal(t, "cancelled as an invitation", try(d.CancelInvitation(t.Context(), ana, offer.ID)), desk.NotFound)
		inviteRep(t, d, ana, d.OpenSession(ana, "@two"), "ben") // B6 is of invitations
		take(t, d, ben, session)
	})
}

func TestC6StayingWhereASeatIsFree(t *testing.T) {
	for _, c := range []struct {
		name  string
		seats string
		stay  bool
		stays bool
	}{
		{"asked, and a seat is free", "2", true, true},
		{"asked, and none is free", "1", true, false},
		{"asked, where nobody may be beside the owner", "0", true, false},
		{"not asked", "7", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				importYAML(t, d, "portals: [{slug: x, name: X, invite_ceiling: view, max_invited_reps: "+c.seats+"}]")
				ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
				session := d.OpenSession(ana, "@x")
				if c.seats != "0" {
					join(t, d, ana, session, cho, store.NewInvitation{})
				}
				transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben", Stay: c.stay})
				take(t, d, ben, session)
				seat := seatOf(t, d, ben, session, ana.RepID)
				if (seat != nil) != c.stays {
					t.Fatalf("the former owner has the seat %+v", seat)
				}
				if seat != nil && (seat.Role != desk.AttendeeRep || seat.Access != desk.View || seat.Masked) {
					t.Errorf("they stay as %+v", seat)
				}
			})
		})
	}
}

// To whom it is offered may be in the session already: then their seat is free for who stays.
func TestC6ToAJoinedRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: x, name: X, max_invited_reps: 1}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@x")
		seat := join(t, d, ana, session, ben, store.NewInvitation{Access: desk.View, Masked: true})
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben", Stay: true})
		if now := seatOf(t, d, ana, session, ben.RepID); now == nil || !now.Masked {
			t.Errorf("offered, ben is %+v", now)
		}
		log := watchGuest(t, d, guest)
		take(t, d, ben, session)
		now, former := seatOf(t, d, ben, session, ben.RepID), seatOf(t, d, ben, session, ana.RepID)
		if now.ID != seat.ID || now.Role != desk.AttendeeOwner || now.Masked || now.Access != desk.Control { // C11
			t.Errorf("the new owner is %+v", now)
		}
		if former == nil || former.Role != desk.AttendeeRep {
			t.Errorf("the former owner is %+v", former)
		}
		same(t, "guests", log.told("attendee."), "attendee.changed", "attendee.joined")
	})
}

func TestC6Declining(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogIn("cho"), d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		data.refuses("where nothing is offered", desk.NotFound, func() error { return try(d.DeclineTransfer(t.Context(), ana, session.ID)) })
		transfer(t, d, ana, session, toBen)
		send(t, d, desk.ChannelFCM)
		owner, target := watch(t, d, ana), watch(t, d, ben)
		for what, c := range map[string]desk.Caller{"an outsider": dev, "another of the team": cho, "the owner": ana} {
			data.refuses(what, desk.NotFound, func() error { return try(d.DeclineTransfer(t.Context(), c, session.ID)) })
		}
		got := must(d.DeclineTransfer(t.Context(), ben, session.ID))
		if got.Customer.Name != "" || got.Transfer != nil {
			t.Errorf("who declined is answered %+v", got)
		}
		must(d.DeclineTransfer(t.Context(), ben, session.ID)) // again
		same(t, "the owner", owner.told("session."), "session.changed transfer_declined")
		same(t, "the target", target.told("session."), "session.changed transfer_declined")
		same(t, "the device", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
		data.refuses("taking what one declined", desk.InvitationNotActive, func() error { return try(d.AcceptSession(t.Context(), ben, session.ID)) })
		data.refuses("taking it back", desk.InvitationNotActive, func() error { return try(d.CancelTransfer(t.Context(), ana, session.ID)) })
		transfer(t, d, ana, session, toBen) // and can be offered again
		take(t, d, ben, session)
	})
}

func TestC6ToATeam(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		extended(t, d, "dev")
		importYAML(t, d, "reps: [{username: dev, name: Dev Patel, email: dev@example.com, teams: {printers: member}, permissions: [extended_availability]}]")
		ana, ben, cho := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("cho", "cho-1")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, cho, store.NewInvitation{}) // who is in the session can take it too
		send(t, d, desk.ChannelFCM)
		if got := transfer(t, d, ana, session, toPrinters); got.Transfer.Team == nil || got.Transfer.Rep != nil {
			t.Errorf("offered %+v", got.Transfer)
		}
		same(t, "the others of the team", send(t, d, desk.ChannelFCM), "transfer ben-1", "transfer cho-1")
		same(t, "no email", send(t, d, desk.ChannelEmail))
		owner, bens := watch(t, d, ana), watch(t, d, ben)
		must(d.DeclineTransfer(t.Context(), ben, session.ID))
		same(t, "declined by one: the owner", owner.told("session."), "session.changed transfer_declined")
		same(t, "declined by one: themselves", bens.told("session."), "session.changed transfer_declined")
		same(t, "declined by one: the device", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
		if got := sight(t, d, ben, session.ID); got != "none" {
			t.Errorf("who declined sees %s", got)
		}
		data.refuses("taking what one declined", desk.InvitationNotActive, func() error { return try(d.AcceptSession(t.Context(), ben, session.ID)) })
		if got := take(t, d, cho, session); got.Owner.ID != cho.RepID {
			t.Errorf("taken %+v", got)
		}
		same(t, "who declined hears no more", bens.told("session."))
	})
}
