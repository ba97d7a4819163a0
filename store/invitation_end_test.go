package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestB12NothingTimesOut(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: patient, name: Patient, lost_after_seconds: 86400}]") // the owner may be silent for a day
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		session := d.OpenSession(ana, "@patient")
		direct, team := inviteRep(t, d, ana, session, "ben"), inviteTeam(t, d, ana, session, "printers")
		for range 30 {
			clock.Advance(24 * time.Hour)
			d.Touch(ana)
			for _, housekeeping := range []func(context.Context) error{d.FlushContacts, d.RemoveOldRows, d.FreeExpectedSeats, d.DoDue, d.RotateGrantKeys} {
				if err := housekeeping(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			finish(t, d, claim(t, d, desk.ChannelFCM), desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
			claim(t, d, desk.ChannelEmail)
		}
		for _, inv := range []desk.Invitation{direct, team} {
			if got := must(d.Invitation(t.Context(), ana, inv.ID)); !got.Active() {
				t.Errorf("%s is %s after 30 days", inv.Kind, got.State)
			}
		}
		accept(t, d, ben, direct)
	})
}

// An invitation ends at once, with its reason; the owner and the invited are told, and nobody else.
func TestB13EndsAtOnceWithItsReason(t *testing.T) {
	type scene struct {
		*storetest.Desk
		t        *testing.T
		ana, ben desk.Caller
		session  desk.Session
		inv      desk.Invitation
	}
	for _, c := range []struct {
		reason desk.EndReason
		state  desk.InvitationState
		does   func(s scene)
	}{
		{desk.EndCancelled, desk.InvitationCancelled, func(s scene) { must(s.CancelInvitation(s.t.Context(), s.ana, s.inv.ID)) }},
		{desk.EndAccepted, desk.InvitationAccepted, func(s scene) { accept(s.t, s.Desk, s.ben, s.inv) }},
		{desk.EndDeclined, desk.InvitationDeclined, func(s scene) { must(s.DeclineInvitation(s.t.Context(), s.ben, s.inv.ID)) }},
		{desk.EndSessionEnded, desk.InvitationWithdrawn, func(s scene) { must(s.EndSession(s.t.Context(), s.ana, s.session.ID, "")) }},
		{desk.EndTargetGone, desk.InvitationWithdrawn, func(s scene) {
			importYAML(s.t, s.Desk, "reps: [{username: ben, name: Ben Okafor, disabled: true}]")
		}},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				s := scene{Desk: d, t: t, ana: d.LogIn("ana"), ben: d.LogIn("ben")}
				cho, dev, hal := d.LogIn("cho"), d.LogIn("dev"), d.LogIn("hal")
				s.session = d.OpenSession(s.ana, "@main")
				s.inv = inviteRep(t, d, s.ana, s.session, "ben")
				owner, invited := watch(t, d, s.ana), watch(t, d, s.ben)
				others := []*watcher{watch(t, d, cho), watch(t, d, dev), watch(t, d, hal)}
				c.does(s)
				got := must(d.Invitation(t.Context(), hal, s.inv.ID))
				if got.State != c.state || got.Reason != c.reason || got.EndedAt == nil || got.Rev <= s.inv.Rev {
					t.Errorf("invitation %+v", got)
				}
				same(t, "owner", owner.told("invitation."), "invitation.ended "+string(c.reason))
				same(t, "invited", invited.told("invitation."), "invitation.ended "+string(c.reason))
				for _, w := range others {
					same(t, "others", w.told())
				}
				same(t, "ben's invitations", open(t, d, s.ben))
			})
		})
	}
}

// joined_otherwise: B20 the rep came in by the team's invitation.
func TestB13JoinedOtherwise(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		direct, team, chos := inviteRep(t, d, ana, session, "ben"), inviteTeam(t, d, ana, session, "printers"), inviteRep(t, d, ana, session, "cho")
		if left := must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 50})).Seats.RepsLeft; left != 4 {
			t.Errorf("%d seats left of 7 with 3 invitations", left) // B20: a direct and a team invitation both count
		}
		owner, bens, others, outside := watch(t, d, ana), watch(t, d, ben), watch(t, d, cho), watch(t, d, dev)
		accept(t, d, ben, team)
		if got := must(d.Invitation(t.Context(), ana, direct.ID)); got.State != desk.InvitationWithdrawn || got.Reason != desk.EndJoinedOtherwise {
			t.Errorf("direct: %s %s", got.State, got.Reason)
		}
		if got := must(d.Invitation(t.Context(), ana, chos.ID)); !got.Active() {
			t.Errorf("cho's own: %s", got.State)
		}
		same(t, "owner", owner.told("invitation."), "invitation.ended accepted", "invitation.ended joined_otherwise")
		same(t, "ben", bens.told("invitation."), "invitation.ended accepted", "invitation.ended joined_otherwise")
		same(t, "cho", others.told(), "invitation.ended accepted")
		same(t, "dev", outside.told())
		if left := must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 50})).Seats.RepsLeft; left != 5 {
			t.Errorf("%d seats left of 7 with one joined and one invited", left)
		}
	})
}

// The team's invitation ends for all of the team.
func TestB13TheTeamIsTold(t *testing.T) {
	for _, c := range []struct {
		reason desk.EndReason
		does   func(t *testing.T, d *storetest.Desk, ana desk.Caller, s desk.Session, inv desk.Invitation)
	}{
		{desk.EndCancelled, func(t *testing.T, d *storetest.Desk, ana desk.Caller, s desk.Session, inv desk.Invitation) {
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		}},
		{desk.EndSessionEnded, func(t *testing.T, d *storetest.Desk, ana desk.Caller, s desk.Session, inv desk.Invitation) {
			must(d.EndSession(t.Context(), ana, s.ID, ""))
		}},
		{desk.EndTargetGone, func(t *testing.T, d *storetest.Desk, ana desk.Caller, s desk.Session, inv desk.Invitation) {
			importYAML(t, d, "teams: [{slug: printers, name: Printers, disabled: true}]")
		}},
	} {
		each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
			ana, ben, cho, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
			session := d.OpenSession(ana, "@main")
			inv := inviteTeam(t, d, ana, session, "printers")
			must(d.DeclineInvitation(t.Context(), cho, inv.ID))
			owner, bens, declined, outside := watch(t, d, ana), watch(t, d, ben), watch(t, d, cho), watch(t, d, dev)
			c.does(t, d, ana, session, inv)
			same(t, "owner", owner.told("invitation."), "invitation.ended "+string(c.reason))
			same(t, "ben", bens.told("invitation."), "invitation.ended "+string(c.reason))
			same(t, "cho, who was told when declining", declined.told("invitation."))
			same(t, "dev", outside.told())
		})
	}
}

func TestB14DecliningATeamsInvitationHidesItForOne(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		inv := inviteTeam(t, d, ana, session, "printers")
		owner, bens, chos := watch(t, d, ana), watch(t, d, ben), watch(t, d, cho)
		got := must(d.DeclineInvitation(t.Context(), ben, inv.ID))
		if !got.Active() || !got.DeclinedByMe || got.Session.Title != "" {
			t.Errorf("ben gets %+v", got)
		}
		must(d.DeclineInvitation(t.Context(), ben, inv.ID)) // again: nothing more happens
		same(t, "owner", owner.told(), "invitation.changed declined")
		same(t, "ben", bens.told(), "invitation.ended declined")
		same(t, "cho", chos.told())
		same(t, "ben's invitations", open(t, d, ben))
		same(t, "cho's invitations", open(t, d, cho), inv.ID)
		_, err := d.AcceptInvitation(t.Context(), ben, inv.ID)
		if p := refused(t, err, desk.InvitationNotActive); p.Conflict.Reason != string(desk.EndDeclined) {
			t.Errorf("ben is told %+v", p.Conflict)
		}
		_, err = d.Session(t.Context(), ben, session.ID) // A8: no more to do with it
		refused(t, err, desk.NotFound)
		if seen := must(d.Invitation(t.Context(), cho, inv.ID)); len(seen.DeclinedBy) != 0 || seen.NobodyLeft {
			t.Errorf("cho sees who declined: %+v", seen)
		}
		must(d.DeclineInvitation(t.Context(), cho, inv.ID))
		same(t, "owner, nobody left", owner.told("invitation."), "invitation.changed nobody_left")
		seen := must(d.Invitation(t.Context(), ana, inv.ID))
		if !seen.Active() || !seen.NobodyLeft || len(seen.DeclinedBy) != 2 || seen.Rev != inv.Rev+2 {
			t.Errorf("ana sees %+v", seen)
		}
	})
}

func TestB15AcceptingWhatIsOver(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		cancelled := inviteRep(t, d, ana, session, "ben")
		must(d.CancelInvitation(t.Context(), ana, cancelled.ID))
		_, err := d.AcceptInvitation(t.Context(), ben, cancelled.ID)
		if p := refused(t, err, desk.InvitationNotActive); p.Conflict.Reason != "cancelled" || p.Conflict.By.ID != ana.RepID || p.Conflict.EndedAt == nil {
			t.Errorf("cancelled: %+v", p.Conflict)
		}
		_, err = d.DeclineInvitation(t.Context(), ben, cancelled.ID)
		refused(t, err, desk.InvitationNotActive)

		team := inviteTeam(t, d, ana, session, "printers")
		accept(t, d, ben, team)
		owner := watch(t, d, ana)
		accept(t, d, ben, team) // twice by the winner
		same(t, "nothing happens twice", owner.told())
		_, err = d.AcceptInvitation(t.Context(), cho, team.ID)
		if p := refused(t, err, desk.InvitationNotActive); p.Conflict.Reason != "accepted" || p.Conflict.By.ID != ben.RepID {
			t.Errorf("taken: %+v", p.Conflict)
		}
		_, err = d.CancelInvitation(t.Context(), ana, team.ID)
		refused(t, err, desk.InvitationNotActive)
		_, err = d.DeclineInvitation(t.Context(), ben, team.ID)
		refused(t, err, desk.InvitationNotActive)

		must(d.EndSession(t.Context(), ana, session.ID, ""))
		_, err = d.AcceptInvitation(t.Context(), ben, team.ID) // not after they left
		refused(t, err, desk.InvitationNotActive)
		if again := must(d.CancelInvitation(t.Context(), ana, cancelled.ID)); again.Reason != desk.EndCancelled {
			t.Errorf("cancelled twice: %+v", again)
		}
	})
}

// B14: a team's invitation is for those of the team who are not in the session.
func TestB14WhoIsInsideCannotDecline(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ana, "")
		direct := must(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: ben.RepID}))
		must(d.AcceptInvitation(t.Context(), ben, direct.ID))
		team := must(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{TeamID: "@printers"}))
		for _, inside := range []desk.Caller{ana, ben} {
			_, err := d.DeclineInvitation(t.Context(), inside, team.ID)
			refused(t, err, desk.AlreadyInSession)
		}
		must(d.DeclineInvitation(t.Context(), cho, team.ID))
	})
}
