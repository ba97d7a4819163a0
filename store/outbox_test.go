package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestG1EveryDeviceOfTheInvitedRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogInWithPush("ana", "ana-1")
		ben := d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		d.LogIn("ben") // a console without a push target
		d.LogInWithPush("cho", "cho-1")
		inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		select {
		case <-d.DeliveriesReady(desk.ChannelFCM):
		default:
			t.Error("the worker was not woken")
		}
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "devices", targets(jobs), "invitation ben-1", "invitation ben-2")
		for _, job := range jobs {
			if job.Key != inv.ID || job.KeyRev != inv.Rev || job.Rep.ID != ben.RepID || job.ServerID != d.ServerID() || job.Badge != 1 || job.PushKind != "fcm_token" || job.Platform != "android" || job.Customer != nil {
				t.Errorf("job %+v", job)
			}
		}
		same(t, "mails to a rep who is not in extended availability", send(t, d, desk.ChannelEmail))
		same(t, "claimed twice", targets(claim(t, d, desk.ChannelFCM)))
	})
}

func TestG3ATeamsInvitationGoesToWhoMayTakeItAndIsLoggedIn(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		d.LogInWithPush("dev", "dev-1") // another team
		d.LogInWithPush("cho", "cho-1")
		clock.Advance(desk.ReachableFor + 1) // cho is not logged in any more
		ana := d.LogInWithPush("ana", "ana-1")
		ben := d.LogInWithPush("ben", "ben-1")
		session := d.OpenSession(ana, "@main")
		inv := inviteTeam(t, d, ana, session, "printers")
		same(t, "devices", send(t, d, desk.ChannelFCM), "invitation ben-1") // not the asker's
		accept(t, d, ben, inv)
		same(t, "withdrawn from the winner's too", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
		d.LogInWithPush("cho", "cho-1")
		inviteTeam(t, d, ana, session, "printers")
		same(t, "not to those who are in", send(t, d, desk.ChannelFCM), "invitation cho-1")
	})
}

func TestG4WithdrawnFromExactlyTheDevicesThatGotIt(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, d *storetest.Desk, ana, ben desk.Caller, inv desk.Invitation){
		"cancelled": func(t *testing.T, d *storetest.Desk, ana, ben desk.Caller, inv desk.Invitation) {
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		},
		"accepted": func(t *testing.T, d *storetest.Desk, ana, ben desk.Caller, inv desk.Invitation) {
			accept(t, d, ben, inv)
		},
		"session_ended": func(t *testing.T, d *storetest.Desk, ana, ben desk.Caller, inv desk.Invitation) {
			must(d.EndSession(t.Context(), ana, inv.Session.ID, ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
				d.LogInWithPush("ben", "ben-2")
				d.LogInWithPush("cho", "cho-1")
				inv := inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
				first := must(d.ClaimDeliveries(t.Context(), desk.ChannelFCM, 2, lease))
				finish(t, d, first, done)
				end(t, d, ana, ben, inv)
				jobs := claim(t, d, desk.ChannelFCM)
				if len(jobs) != 2 {
					t.Fatalf("withdrawals %v after %v", targets(jobs), targets(first))
				}
				sent := map[string]desk.Job{}
				for _, job := range first {
					sent[job.PushTarget] = job
				}
				for _, job := range jobs {
					told, had := sent[job.PushTarget]
					if !had || job.Purpose != desk.PurposeWithdrawal || job.Key != told.Key || job.KeyRev <= told.KeyRev || !job.ExpiresAt.Equal(told.ExpiresAt) {
						t.Errorf("withdrawal %+v of %+v", job, told)
					}
					if string(job.Invitation.Reason) != name || job.Invitation.Session.Title != "" && job.Rep.ID != ben.RepID {
						t.Errorf("tells %+v", job.Invitation)
					}
				}
				states := map[desk.DeliveryState]int{}
				for _, delivery := range must(d.Deliveries(t.Context(), ana, inv.ID, "", 50)) {
					if delivery.Purpose == desk.PurposeInvitation {
						states[delivery.State]++
					}
				}
				if states[desk.DeliverySent] != 2 || states[desk.DeliveryDropped] != 1 {
					t.Errorf("invitations are %v; G5: what was not sent is dropped", states)
				}
			})
		})
	}
}

// What is being sent at the moment counts as sent, and is withdrawn; nothing more is sent for what is over.
func TestG7SentMeanwhile(t *testing.T) {
	for _, c := range []struct {
		outcome desk.Outcome
		state   desk.DeliveryState
	}{
		{done, desk.DeliverySent},
		{desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"}, desk.DeliveryDropped},
		{desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"}, desk.DeliveryFailed},
	} {
		each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
			ana := d.LogIn("ana")
			d.LogInWithPush("ben", "ben-1")
			inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
			sending := claim(t, d, desk.ChannelFCM)
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
			same(t, "withdrawn while being sent", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
			finish(t, d, sending, c.outcome)
			clock.Advance(2 * time.Hour)
			same(t, "nothing more", send(t, d, desk.ChannelFCM))
			same(t, "no mail for what is over", send(t, d, desk.ChannelEmail))
			for _, delivery := range must(d.Deliveries(t.Context(), ana, inv.ID, "", 50)) {
				if delivery.ID == sending[0].ID && delivery.State != c.state {
					t.Errorf("%s made it %s, want %s", c.outcome.Kind, delivery.State, c.state)
				}
			}
		})
	}
}

func TestG5NothingShowsOnADeviceThatWasOff(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogInWithPush("ben", "ben-1")
		inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		owner := watch(t, d, ana)
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "sent", send(t, d, desk.ChannelFCM))
		same(t, "owner", owner.told(), "invitation.ended cancelled", "delivery.changed")
		got := must(d.Deliveries(t.Context(), ana, inv.ID, "", 50))
		if len(got) != 1 || got[0].State != desk.DeliveryDropped || got[0].Error != "over" {
			t.Errorf("deliveries %+v", got)
		}
		if _, due, err := d.NextDeliveryDue(t.Context(), desk.ChannelFCM); due || err != nil {
			t.Errorf("something is due: %v, %v", due, err)
		}
	})
}

// A rep who declined a team's invitation is withdrawn from at once, and not a second time when it ends for all.
func TestG4DecliningWithdrawsOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("cho", "cho-1")
		inv := inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
		sent := deliver(t, d, desk.ChannelFCM)
		must(d.DeclineInvitation(t.Context(), ben, inv.ID))
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "declined", targets(jobs), "withdrawal ben-1")
		if jobs[0].KeyRev <= sent[0].KeyRev || jobs[0].Invitation.State != desk.InvitationDeclined {
			t.Errorf("withdrawal %+v", jobs[0])
		}
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "cancelled", send(t, d, desk.ChannelFCM), "withdrawal cho-1")
	})
}
