package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

const (
	tellsNobody   = "invitation.changed nobody_left"
	tellsSomebody = "invitation.changed somebody_came"
)

// B14 and B17: the owner is told that nobody is left when the last who could accept joins another way, and that somebody is again
// when they leave; to them each is told with a higher revision.
func TestB14B17TheLastJoinsAnotherWayAndLeaves(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		team := inviteTeam(t, d, ana, session, "printers")
		must(d.DeclineInvitation(t.Context(), cho, team.ID))
		direct := inviteRep(t, d, ana, session, "ben")
		owner, bens := watch(t, d, ana), watch(t, d, ben)
		accept(t, d, ben, direct)
		same(t, "the owner, of the last who joins", owner.told("invitation."), "invitation.ended accepted", tellsNobody)
		if got := must(d.Invitation(t.Context(), ana, team.ID)); !got.Active() || !got.NobodyLeft {
			t.Errorf("the team's invitation is %+v", got)
		}
		must(d.LeaveSession(t.Context(), ben, session.ID, ""))
		same(t, "the owner, of who leaves", owner.told("invitation."), tellsSomebody)
		if got := must(d.Invitation(t.Context(), ana, team.ID)); got.NobodyLeft {
			t.Errorf("the team's invitation then is %+v", got)
		}
		rev, told := team.Rev, []string{}
		for _, e := range bens.events() {
			if e.Invitation == nil || e.Invitation.ID != team.ID {
				continue
			}
			if told = append(told, string(e.Type)+" "+e.Reason); e.Invitation.Rev <= rev {
				t.Errorf("%s is told with revision %d after %d", e.Type, e.Invitation.Rev, rev)
			}
			rev = e.Invitation.Rev
		}
		same(t, "who joins and leaves", told, "invitation.ended joined_otherwise", "invitation.created open_to_you")
		accept(t, d, ben, team)
	})
}

// B14: the silence of the last console under a portal is told as a log-out is, also while the rep is logged in elsewhere; that the
// console is back takes it back. Nobody counts as gone before the server has listened for so long.
func TestB14TheLastIsSilentAndComesBack(t *testing.T) {
	for name, elsewhere := range map[string]bool{"not logged in any more": false, "logged in elsewhere": true} {
		t.Run(name, func(t *testing.T) {
			storetest.EachDatabase(t, func(t *testing.T, database string) {
				clock := storetest.NewClock()
				d := storetest.NewDesk(t, storetest.Open(t, database, clock))
				ana, dev := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "")
				if elsewhere {
					d.LogInWithPush("dev", "dev-2")
				}
				inv := invite(t, d, ana, d.OpenSession(ana, "@open"), toOpen)
				owner := watch(t, d, ana)
				stay(t, d, clock, desk.ConnectedFor+desk.PresenceGrace, ana)
				same(t, "of the silence", owner.told("invitation."), tellsNobody)
				stay(t, d, clock, desk.ConnectedFor, ana)
				same(t, "of more of it", owner.told("invitation."))
				stay(t, d, clock, desk.ConnectedFor, ana, dev)
				same(t, "of the console that is back", owner.told("invitation."), tellsSomebody)
				accept(t, d, dev, inv)

				invite(t, d, ana, d.OpenSession(ana, "@open"), toOpen)
				clock.Advance(desk.ConnectedFor + desk.PresenceGrace)
				d.Store = storetest.Open(t, database, clock)
				ana = d.LogIn("ana")
				owner = watch(t, d, ana)
				ok(t, d.DoDue(t.Context()))
				same(t, "of a silence in which no server listened", owner.told("invitation."))
			})
		})
	}
}

// B14: an account that is new, or in use again, may be one who could accept what nobody could.
func TestB14SomebodyNewCouldAccept(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		for what, bring := range map[string]string{
			"a new account":        "  - {username: ivy, name: Ivy Fox, teams: {printers: member}}",
			"an account used anew": "  - {username: cho, name: Cho Min, teams: {printers: member}, disabled: false}",
		} {
			ana, ben := d.LogIn("ana"), d.LogIn("ben")
			importYAML(t, d, "reps:\n  - {username: cho, name: Cho Min, teams: {printers: member}, disabled: true}")
			if what == "an account used anew" {
				importYAML(t, d, "reps:\n  - {username: ivy, name: Ivy Fox, teams: {}}")
			}
			session := d.OpenSession(ana, "@main")
			inv := inviteTeam(t, d, ana, session, "printers")
			transfer(t, d, ana, session, store.NewTransfer{TeamID: "@printers"})
			must(d.DeclineInvitation(t.Context(), ben, inv.ID))
			must(d.DeclineTransfer(t.Context(), ben, session.ID))
			owner := watch(t, d, ana)
			ok(t, d.DoDue(t.Context()))
			same(t, what+": told before", owner.told("invitation.", "session."))
			importYAML(t, d, "reps:\n"+bring)
			ok(t, d.DoDue(t.Context()))
			same(t, what, owner.told("invitation.", "session."), tellsSomebody, "session.changed transfer_somebody_came")
			if got := must(d.Invitation(t.Context(), ana, inv.ID)); got.NobodyLeft {
				t.Errorf("%s: the invitation is %+v", what, got)
			}
			must(d.EndSession(t.Context(), ana, session.ID, ""))
		}
	})
}

// B14: what goes to the queue of a persistent team without reps is nobody's to accept from the beginning.
func TestB14NobodyFromTheBeginning(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		inv := inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "night")
		if !inv.NobodyLeft {
			t.Errorf("the invitation is %+v", inv)
		}
		owner := watch(t, d, ana)
		clock.Advance(desk.ConnectedFor)
		d.Touch(ana)
		clock.Advance(desk.PresenceGrace)
		ok(t, d.DoDue(t.Context()))
		same(t, "told again", owner.told("invitation."))
		importYAML(t, d, "reps: [{username: dev, name: Dev Patel, teams: {network: member, night: member}}]")
		same(t, "of who comes into the team", owner.told("invitation."), tellsSomebody)
	})
}
