package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// C8: who may step in: a lead or manager over the owner, in a team that lets its leads.
func TestC8WhoMayStepIn(t *testing.T) {
	for _, c := range []struct {
		name          string
		owner, steps  string
		yaml          string
		join, takeOff desk.Code // the refusals of joining and of taking over; empty: none
	}{
		{"a lead over a member", "ben", "ana", "", "", ""},
		{"a manager over a member", "dev", "eli", "", "", ""},
		{"a member over a lead", "ana", "ben", "", desk.NotFound, desk.NotFound},
		{"an equal", "ben", "cho", "", desk.NotFound, desk.NotFound},
		{"a lead over a lead", "ben", "ana", "reps: [{username: ben, name: Ben, teams: {printers: lead}}]", desk.NotFound, desk.NotFound},
		{"a lead of another team", "dev", "ana", "", desk.NotFound, desk.NotFound},
		{"where the team does not allow it", "ben", "ana", "teams: [{slug: printers, name: Printers, supervision: false}]", desk.NotAllowed, desk.TakeOverNotAllowed},
		{"an administrator", "ben", "hal", "", desk.NotAllowed, desk.TakeOverNotAllowed},
		{"by another team that allows it", "ben", "ana", "teams: [{slug: printers, name: Printers, supervision: false}]\nreps: [{username: ben, name: Ben, teams: {printers: member, night: member}}, {username: ana, name: Ana, teams: {printers: lead, night: manager}}]", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
				if c.yaml != "" {
					importYAML(t, d, c.yaml)
				}
				owner, steps := d.LogIn(c.owner), d.LogIn(c.steps)
				session := d.OpenSession(owner, "@main")
				check := func(what string, code desk.Code, do func() error) {
					t.Helper()
					if code != "" {
						data.refuses(what, code, do)
					} else if err := do(); err != nil {
						t.Errorf("%s: %v", what, err)
					}
				}
				transferTo := desk.NotSessionOwner
				if c.join == desk.NotFound || c.join == "" {
					transferTo = c.join
				}
				check("transfer", transferTo, func() error {
					return try(d.TransferSession(t.Context(), steps, session.ID, store.NewTransfer{RepID: steps.RepID}))
				})
				check("join", c.join, func() error { return try(d.JoinSession(t.Context(), steps, session.ID, false)) })
				check("take over", c.takeOff, func() error { return try(d.TakeOverSession(t.Context(), steps, session.ID)) })
			})
		})
	}
}

func TestC8OnlyActiveSessions(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		waiting := start(t, d, ben, store.NewSession{TeamID: "@printers"})
		data.refuses("joining one that waits", desk.SessionNotActive, func() error { return try(d.JoinSession(t.Context(), ana, waiting.ID, false)) })
		data.refuses("taking over one that waits", desk.SessionNotActive, func() error { return try(d.TakeOverSession(t.Context(), ana, waiting.ID)) })
		session := d.OpenSession(ben, "@main")
		inviteRep(t, d, ben, session, "cho")
		data.refuses("who is only invited joins by accepting", desk.NotAllowed, func() error { return try(d.JoinSession(t.Context(), cho, session.ID, false)) })
		p := data.refuses("who is only invited takes over", desk.TakeOverNotAllowed, func() error { return try(d.TakeOverSession(t.Context(), cho, session.ID)) })
		if p.Conflict.By != nil {
			t.Errorf("the conflict says more than the summary: %+v", p.Conflict)
		}
		must(d.EndSession(t.Context(), ben, session.ID, ""))
		data.refuses("joining one that ended", desk.SessionNotActive, func() error { return try(d.JoinSession(t.Context(), ana, session.ID, false)) })
		data.refuses("taking over one that ended", desk.SessionNotActive, func() error { return try(d.TakeOverSession(t.Context(), ana, session.ID)) })
	})
}

func TestC8AMaskedLeadJoinsAndThenTakesOver(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: low, name: Low, invite_ceiling: view}]")
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		session, guest := d.OpenSessionWithGuest(ben, "@low")
		inv := inviteRep(t, d, ben, session, "ana")
		owner, customer := watch(t, d, ben), watchGuest(t, d, guest)
		got := must(d.JoinSession(t.Context(), ana, session.ID, true))
		seat := seatOf(t, d, ana, session, ana.RepID)
		if seat == nil || !seat.Masked || seat.Access != desk.View || seat.Role != desk.AttendeeRep || len(got.Attendees) != 3 { // B10's ceiling
			t.Fatalf("joined as %+v", seat)
		}
		if again := must(d.JoinSession(t.Context(), ana, session.ID, false)); again.Rev != got.Rev || !seatOf(t, d, ana, session, ana.RepID).Masked {
			t.Errorf("joined twice: %+v", again)
		}
		same(t, "the owner", owner.told(), "attendee.joined", "invitation.ended joined_otherwise", "session.changed")
		if now := must(d.Invitation(t.Context(), ben, inv.ID)); now.State != desk.InvitationWithdrawn || now.Reason != desk.EndJoinedOtherwise {
			t.Errorf("the invitation is %s, %s", now.State, now.Reason)
		}
		same(t, "C11 the customer", customer.told())
		taken := must(d.TakeOverSession(t.Context(), ana, session.ID))
		must(d.TakeOverSession(t.Context(), ana, session.ID)) // again
		if taken.Owner.ID != ana.RepID || taken.RepCount != 2 {
			t.Errorf("taken over: %+v", taken)
		}
		same(t, "C11 the customer", customer.told("attendee."), "attendee.changed", "attendee.joined")
		if former := seatOf(t, d, ana, session, ben.RepID); former == nil || former.Role != desk.AttendeeRep || former.Access != desk.View {
			t.Errorf("the former owner is %+v", former)
		}
		if now := seatOf(t, d, ana, session, ana.RepID); now.ID != seat.ID || now.Masked || now.Access != desk.Control || now.Role != desk.AttendeeOwner {
			t.Errorf("the new owner is %+v", now)
		}
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "the former owner is alerted", targets(jobs), "session ben-1")
		if jobs[0].Reason != desk.SessionTakenOver || jobs[0].Key != session.ID+".state" {
			t.Errorf("push %+v", jobs[0])
		}
	})
}

func TestC8TheFormerOwnerStaysIfASeatIsFree(t *testing.T) {
	for seats, stays := range map[string]bool{"0": false, "1": true} {
		each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
			importYAML(t, d, "portals: [{slug: x, name: X, max_invited_reps: "+seats+"}]")
			ana, ben := d.LogIn("ana"), d.LogIn("ben")
			session := d.OpenSession(ben, "@x")
			log := watch(t, d, ben)
			must(d.TakeOverSession(t.Context(), ana, session.ID))
			if got := seatOf(t, d, ana, session, ben.RepID); (got != nil) != stays {
				t.Errorf("%s seats: the former owner is %+v", seats, got)
			}
			if told := log.told("session."); len(told) != 1 || told[0] != "session.changed taken_over" {
				t.Errorf("%s seats: the former owner is told %v", seats, told)
			}
		})
	}
}

// B11: joined reps, of whom some stepped in, and active invitations count together.
func TestB11C8LeadsTakeSeatsToo(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, "teams: [{slug: crew, name: Crew, persistent: true}]\nreps: [{username: ben, name: Ben, teams: {printers: member, network: member}}]")
		ana, ben, eli := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("eli")
		session := d.OpenSession(ben, "@main")
		all := []desk.Invitation{}
		for range 5 {
			all = append(all, inviteTeam(t, d, ben, session, "printers"))
		}
		must(d.JoinSession(t.Context(), ana, session.ID, true))
		d.LogIn("cho")
		inviteRep(t, d, ben, session, "cho")
		p := data.refuses("an eighth, masked or not", desk.RepLimitReached, func() error { return try(d.JoinSession(t.Context(), eli, session.ID, true)) })
		if p.Limit != 7 {
			t.Errorf("the limit is %d", p.Limit)
		}
		data.refuses("an eighth invitation", desk.RepLimitReached, func() error {
			return try(d.Invite(t.Context(), ben, session.ID, store.NewInvitation{TeamID: "@printers"}))
		})
		must(d.CancelInvitation(t.Context(), ben, all[0].ID))
		must(d.JoinSession(t.Context(), eli, session.ID, false))
		must(d.TakeOverSession(t.Context(), eli, session.ID)) // all invitations end: seats are free
		if got := seatOf(t, d, eli, session, ben.RepID); got == nil {
			t.Error("the former owner left, with six seats free")
		}
	})
}
