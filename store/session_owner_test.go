package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// moving is a session of ben's, whom ana leads, with cho masked in it, dev alerted in every way, and eli by a team.
type moving struct {
	*storetest.Desk
	t                       *testing.T
	clock                   *storetest.Clock
	ana, ben, cho, dev, eli desk.Caller
	session                 desk.Session
	direct, team, portal    desk.Invitation
}

func newMoving(t *testing.T, d *storetest.Desk, clock *storetest.Clock) moving {
	t.Helper()
	m := moving{Desk: d, t: t, clock: clock, ana: d.LogIn("ana"), ben: d.LogIn("ben"), cho: d.LogInWithPush("cho", "cho-1"),
		dev: logInUnder(t, d, "dev", "@open", "dev-1"), eli: d.LogInWithPush("eli", "eli-1")}
	m.session = d.OpenSession(m.ben, "@open")
	join(t, d, m.ben, m.session, m.cho, store.NewInvitation{Access: desk.View, Masked: true})
	m.direct, m.team = inviteRep(t, d, m.ben, m.session, "dev"), requestHelp(t, d, m.ben, m.session, "vpn")
	m.portal = invite(t, d, m.ben, m.session, toOpen)
	send(t, d, desk.ChannelFCM)
	return m
}

// B13: owner_left and ownership_moved, for invitations of every kind, whichever way the session came to another owner.
func TestB13TheOwnerChanges(t *testing.T) {
	for _, c := range []struct {
		name   string
		reason desk.EndReason
		does   func(m moving)
	}{
		{"hands over", desk.EndOwnerLeft, func(m moving) { must(m.LeaveSession(m.t.Context(), m.ben, m.session.ID, m.cho.RepID)) }},
		{"a transfer is accepted", desk.EndOwnershipMoved, func(m moving) {
			transfer(m.t, m.Desk, m.ben, m.session, store.NewTransfer{RepID: "@cho"})
			take(m.t, m.Desk, m.cho, m.session)
		}},
		{"a take-over", desk.EndOwnershipMoved, func(m moving) { must(m.TakeOverSession(m.t.Context(), m.ana, m.session.ID)) }},
		{"a log-out, to a joined rep", desk.EndOwnershipMoved, func(m moving) { logOut(m.t, m.Desk, m.ben) }},
		{"a lost connection, to a queue", desk.EndOwnershipMoved, func(m moving) {
			must(m.LeaveSession(m.t.Context(), m.cho, m.session.ID, ""))
			importYAML(m.t, m.Desk, "portals: [{slug: open, name: Open, parent: main, sharing: all, fallback_team: night}]")
			logOut(m.t, m.Desk, m.ben)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				m := newMoving(t, d, clock)
				devs, elis, hal := watch(t, d, m.dev), watch(t, d, m.eli), d.LogIn("hal")
				c.does(m)
				for _, inv := range []desk.Invitation{m.direct, m.team, m.portal} {
					if got := must(d.Invitation(t.Context(), hal, inv.ID)); got.State != desk.InvitationWithdrawn || got.Reason != c.reason || got.EndedAt == nil || got.Rev <= inv.Rev {
						t.Errorf("%s is %s, %s", inv.Kind, got.State, got.Reason)
					}
				}
				ended := "invitation.ended " + string(c.reason)
				same(t, "dev", devs.told("invitation."), ended, ended, ended)
				same(t, "eli", elis.told("invitation."), ended)
				same(t, "dev's queue", open(t, d, m.dev))
				if told := send(t, d, desk.ChannelFCM); !contains(told, "withdrawal dev-1", 3) || !contains(told, "withdrawal eli-1", 1) {
					t.Errorf("devices: %v", told)
				}
				refusal(t, "accepting", try(d.AcceptInvitation(t.Context(), m.eli, m.team.ID)), desk.InvitationNotActive)
			})
		})
	}
}

// contains says whether a word stands in a list so many times.
func contains(list []string, word string, times int) bool {
	for _, one := range list {
		if one == word {
			times--
		}
	}
	return times == 0
}

func TestC7LeavingAsAJoinedRep(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		inviteRep(t, d, ana, session, "cho")
		leave := func(c desk.Caller, id, to string) error { return try(d.LeaveSession(t.Context(), c, id, to)) }
		data.refuses("who is only invited", desk.NotAllowed, func() error { return leave(cho, session.ID, "") })
		data.refuses("an outsider", desk.NotFound, func() error { return leave(dev, session.ID, "") })
		data.refuses("naming an owner", desk.NotSessionOwner, func() error { return leave(ben, session.ID, ana.RepID) })
		owner, log := watch(t, d, ana), watch(t, d, ben)
		ok(t, leave(ben, session.ID, ""))
		same(t, "the owner", owner.told(), "attendee.left left", "grant.changed withdrawn", "message.posted", "session.changed")
		same(t, "who left", log.told(), "attendee.left left", "grant.changed withdrawn")
		ok(t, leave(ben, session.ID, "")) // again
		same(t, "nothing happens twice", owner.told())
		inviteRep(t, d, ana, session, "ben") // the seat is free, and they can come again
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		data.refuses("after the end", desk.SessionNotActive, func() error { return leave(ben, session.ID, "") })
	})
}

func TestC7AnOwnerNamesTheNextOrEndsIt(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		extended(t, d, "cho")
		ana, ben, dev := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		seat := join(t, d, ana, session, ben, store.NewInvitation{Access: desk.View, Masked: true})
		inviteRep(t, d, ana, session, "dev")
		inviteRep(t, d, ana, session, "cho")
		must(d.AnswerInvitationLink(t.Context(), claim(t, d, desk.ChannelEmail)[0].LinkToken, store.LinkAccept))
		send(t, d, desk.ChannelFCM)
		leave := func(to string) error { return try(d.LeaveSession(t.Context(), ana, session.ID, to)) }
		p := data.refuses("nobody named", desk.OwnerMustHandOver, func() error { return leave("") })
		if p.Conflict.ID != session.ID {
			t.Errorf("the conflict names %+v", p.Conflict)
		}
		for what, to := range map[string]string{"who is invited": dev.RepID, "themselves": ana.RepID, "a seat that waits": "@cho", "who is nowhere": "@none"} {
			data.refuses(what, desk.NotFound, func() error { return leave(to) })
		}
		next := watch(t, d, ben)
		got := must(d.LeaveSession(t.Context(), ana, session.ID, "@ben"))
		if got.Owner.ID != ben.RepID {
			t.Errorf("the owner is %+v", got.Owner)
		}
		same(t, "the new owner", next.told("session.", "attendee."), "attendee.left handed_over", "attendee.changed handed_over", "session.changed handed_over")
		same(t, "is alerted", send(t, d, desk.ChannelFCM), "session ben-1")
		if now := seatOf(t, d, ben, session, ben.RepID); now.ID != seat.ID || now.Role != desk.AttendeeOwner || now.Access != desk.Control || now.Masked {
			t.Errorf("in the owner's place: %+v", now)
		}
		if seatOf(t, d, ben, session, ana.RepID) != nil {
			t.Error("the former owner is still there")
		}
		data.refuses("the former owner invites", desk.NotSessionOwner, func() error {
			return try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{TeamID: "@printers"}))
		})
	})
}

func TestC7Holding(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		inv := inviteTeam(t, d, ana, session, "night")
		inside, customer := watch(t, d, ben), watchGuest(t, d, guest)
		data.refuses("a joined rep holds", desk.NotSessionOwner, func() error { return try(d.HoldSession(t.Context(), ben, session.ID)) })
		held := must(d.HoldSession(t.Context(), ana, session.ID))
		if !held.Held || held.State != desk.SessionActive || held.Owner.ID != ana.RepID || held.RepCount != 2 {
			t.Errorf("held %+v", held)
		}
		if again := must(d.HoldSession(t.Context(), ana, session.ID)); again.Rev != held.Rev {
			t.Errorf("held twice: %d after %d", again.Rev, held.Rev)
		}
		stay(t, d, clock, 20*time.Minute, ana, ben) // however long
		if got := must(d.Invitation(t.Context(), ana, inv.ID)); !got.Active() {
			t.Errorf("the invitation is %s", got.State)
		}
		say(t, d, ben, session, "still here")
		data.refuses("a joined rep resumes", desk.NotSessionOwner, func() error { return try(d.ResumeSession(t.Context(), ben, session.ID)) })
		if got := must(d.ResumeSession(t.Context(), ana, session.ID)); got.Held || got.Rev <= held.Rev {
			t.Errorf("resumed %+v", got)
		}
		same(t, "those inside", inside.told("session."), "session.changed held", "session.changed resumed")
		same(t, "the customer", customer.told("session."), "session.changed held", "session.changed resumed")
		must(d.HoldSession(t.Context(), ana, session.ID))
		must(d.LeaveSession(t.Context(), ana, session.ID, ben.RepID))
		if got := must(d.Session(t.Context(), ben, session.ID)); got.Held {
			t.Error("the next owner finds it held")
		}
		must(d.EndSession(t.Context(), ben, session.ID, ""))
		data.refuses("after the end", desk.SessionNotActive, func() error { return try(d.HoldSession(t.Context(), ben, session.ID)) })
	})
}

// C11: a masked rep who becomes the owner is unmasked, announced, and has control; the consent of owners is not asked for.
func TestC11AMaskedRepBecomesTheOwner(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: asks, name: Asks, consent_on_join: true, invite_ceiling: view}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@asks")
		join(t, d, ana, session, ben, store.NewInvitation{Masked: true})
		clock.Advance(time.Second)
		customer, log := watchGuest(t, d, guest), watch(t, d, ben)
		must(d.LeaveSession(t.Context(), ana, session.ID, "@ben"))
		same(t, "the customer", customer.told("attendee.", "message.", "session."), "attendee.left handed_over", "message.posted", "attendee.joined", "message.posted", "session.changed handed_over")
		same(t, "the chat", guestChat(t, d, guest), "everyone: Ana has joined the session", "everyone: Ana has left the session", "everyone: Ben Okafor has joined the session")
		seat := seatOf(t, d, ben, session, ben.RepID)
		if seat.Consent != desk.ConsentNotNeeded || seat.Access != desk.Control {
			t.Errorf("the owner is %+v", seat)
		}
		if told := log.told("grant."); len(told) == 0 || told[len(told)-1] != "grant.changed changed" {
			t.Errorf("the grant: %v", told)
		}
		shown := must(d.GuestAttendees(t.Context(), guest))
		if len(shown) != 2 || !shown[1].JoinedAt.Equal(clock.Now()) {
			t.Errorf("to the customer they came when they showed themselves: %+v", shown)
		}
	})
}
