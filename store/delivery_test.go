package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// pushed invites ben, who has one device, and claims what is to be sent there.
func pushed(t *testing.T, d *storetest.Desk) (ana, ben desk.Caller, inv desk.Invitation, job desk.Job) {
	t.Helper()
	ana, ben = d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
	inv = inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
	jobs := claim(t, d, desk.ChannelFCM)
	if len(jobs) != 1 {
		t.Fatalf("claimed %v", targets(jobs))
	}
	return ana, ben, inv, jobs[0]
}

// delivery is the invitation's delivery with the id, as the owner sees it.
func delivery(t *testing.T, d *storetest.Desk, owner desk.Caller, job desk.Job) desk.Delivery {
	t.Helper()
	for _, found := range must(d.Deliveries(t.Context(), owner, job.InvitationID, "", 50)) {
		if found.ID == job.ID {
			return found
		}
	}
	t.Fatalf("no delivery %s", job.ID)
	return desk.Delivery{}
}

func TestG7WhatADeadWorkerHeldIsSent(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, _, _, first := pushed(t, d)
		if due, there, err := d.NextDeliveryDue(t.Context(), desk.ChannelFCM); err != nil || !there || !due.Equal(clock.Now().Add(lease)) {
			t.Errorf("due %s, %v, %v", due, there, err)
		}
		clock.Advance(lease - 1)
		same(t, "while the lease runs", targets(claim(t, d, desk.ChannelFCM)))
		clock.Advance(1)
		second := claim(t, d, desk.ChannelFCM)
		same(t, "after it", targets(second), "invitation ben-1")
		if second[0].Attempts != first.Attempts+1 {
			t.Errorf("attempt %d", second[0].Attempts)
		}
		finish(t, d, []desk.Job{first}, desk.Outcome{Kind: desk.OutcomeRejected, Error: "late"}) // the dead one was only slow
		if got := delivery(t, d, ana, first); got.State != desk.DeliverySending {
			t.Errorf("a late outcome made it %s", got.State)
		}
		finish(t, d, second, done)
		if got := delivery(t, d, ana, first); got.State != desk.DeliverySent || got.Error != "" {
			t.Errorf("delivery %+v", got)
		}
	})
}

func TestG7AWorkerThatStopsGivesBack(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, _, inv, job := pushed(t, d)
		if err := d.ReleaseDelivery(t.Context(), job, false); err != nil {
			t.Fatal(err)
		}
		again := claim(t, d, desk.ChannelFCM)
		same(t, "claimed again", targets(again), "invitation ben-1")
		if again[0].Attempts != job.Attempts {
			t.Errorf("attempt %d: nothing was tried", again[0].Attempts)
		}
		if err := d.ReleaseDelivery(t.Context(), again[0], false); err != nil {
			t.Fatal(err)
		}
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		clock.Advance(time.Hour)
		same(t, "given back unsent, then over: nothing to withdraw", targets(claim(t, d, desk.ChannelFCM)))
	})
}

func TestG8ADeadTargetIsRemoved(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, inv, job := pushed(t, d)
		finish(t, d, []desk.Job{job}, targetDead)
		if got := delivery(t, d, ana, job); got.State != desk.DeliveryFailed || got.Error != "target_unregistered" {
			t.Errorf("delivery %+v", got)
		}
		if console := must(d.Consoles(t.Context(), ben))[0]; console.PushKind != "" {
			t.Errorf("console %+v", console)
		}
		same(t, "one mail follows", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
		if got := must(d.Invitation(t.Context(), ana, inv.ID)); !got.Active() {
			t.Errorf("the invitation is %s", got.State)
		}
	})
}

func TestG8RetriesUntilTheWindowCloses(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, _, inv, job := pushed(t, d)
		began, tries := clock.Now(), 0
		for {
			tries++
			finish(t, d, []desk.Job{job}, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
			due, more, err := d.NextDeliveryDue(t.Context(), desk.ChannelFCM)
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			if got := delivery(t, d, ana, job); got.State != desk.DeliveryWaiting || got.Error != "unavailable" || got.Attempts != tries {
				t.Fatalf("between attempts: %+v", got)
			}
			if pause := due.Sub(clock.Now()); pause < desk.FirstRetry {
				t.Fatalf("pause %s", pause)
			}
			same(t, "before its time", targets(claim(t, d, desk.ChannelFCM)))
			clock.Advance(due.Sub(clock.Now()))
			job = claim(t, d, desk.ChannelFCM)[0]
		}
		if got := delivery(t, d, ana, job); got.State != desk.DeliveryFailed || got.Error != "given_up" || tries < 6 || clock.Now().Sub(began) > desk.RetryWindow {
			t.Errorf("after %d tries in %s: %+v", tries, clock.Now().Sub(began), got)
		}
		same(t, "one mail follows", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
		if got := must(d.Invitation(t.Context(), ana, inv.ID)); !got.Active() {
			t.Errorf("the invitation is %s", got.State)
		}
	})
}

func TestG8OneMailHoweverManyPushesFail(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		d.LogInWithPush("eli", "eli-1") // has no address
		session := d.OpenSession(ana, "@main")
		inviteRep(t, d, ana, session, "ben")
		inviteRep(t, d, ana, session, "eli")
		finish(t, d, claim(t, d, desk.ChannelFCM), desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		mails := claim(t, d, desk.ChannelEmail)
		same(t, "mails", targets(mails), "invitation ben@example.com")
		finish(t, d, mails, desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		clock.Advance(24 * time.Hour)
		same(t, "a failed mail is followed by nothing", targets(claim(t, d, desk.ChannelEmail)))
	})
}

func TestG8OurOwnFaultDeletesNothing(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		_, ben, _, job := pushed(t, d)
		finish(t, d, []desk.Job{job}, desk.Outcome{Kind: desk.OutcomeMisconfigured, Error: "not_configured"})
		if console := must(d.Consoles(t.Context(), ben))[0]; console.PushKind == "" {
			t.Error("the target was removed")
		}
		clock.Advance(desk.FirstRetry)
		same(t, "tried again", targets(claim(t, d, desk.ChannelFCM)), "invitation ben-1")
	})
}

func TestG9TheInviterSeesEachDelivery(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, inv, job := pushed(t, d)
		cho, dev := d.LogIn("cho"), d.LogIn("dev")
		owner, bens := watch(t, d, ana), watch(t, d, ben)
		if got := delivery(t, d, ana, job); got.State != desk.DeliverySending || got.Console == nil || got.Rep.ID != ben.RepID || got.Channel != desk.ChannelFCM {
			t.Errorf("delivery %+v", got)
		}
		finish(t, d, []desk.Job{job}, done)
		ack := func(c desk.Caller, state desk.DeliveryState) desk.DeliveryState {
			return must(d.AckDelivery(t.Context(), c, job.ID, state)).State
		}
		same(t, "states", []desk.DeliveryState{ack(ben, desk.DeliveryReceived), ack(ben, desk.DeliveryOpened), ack(ben, desk.DeliveryReceived), ack(ben, desk.DeliveryOpened)},
			desk.DeliveryReceived, desk.DeliveryOpened, desk.DeliveryOpened, desk.DeliveryOpened)
		same(t, "owner", owner.told(), "delivery.changed", "delivery.changed", "delivery.changed")
		same(t, "the invited", bens.told())
		for _, other := range []desk.Caller{ana, cho} {
			_, err := d.AckDelivery(t.Context(), other, job.ID, desk.DeliveryOpened)
			refusal(t, other.Name, err, desk.NotFound)
		}
		_, err := d.Deliveries(t.Context(), ben, inv.ID, "", 50)
		refusal(t, "the invited", err, desk.NotSessionOwner)
		_, err = d.Deliveries(t.Context(), dev, inv.ID, "", 50)
		refusal(t, "an outsider", err, desk.NotFound)
	})
}

// A device reports faster than FCM answers.
func TestG9ReceivedBeforeSent(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, _, job := pushed(t, d)
		must(d.AckDelivery(t.Context(), ben, job.ID, desk.DeliveryReceived))
		finish(t, d, []desk.Job{job}, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
		if got := delivery(t, d, ana, job); got.State != desk.DeliveryReceived {
			t.Errorf("the sender's outcome made it %s", got.State)
		}
		clock.Advance(time.Hour)
		same(t, "sent again", targets(claim(t, d, desk.ChannelFCM)))
	})
}

// An invitation never times out (B12), so a device may show it for days; and one that a stopping worker gave back after
// an attempt may have been sent.
func TestG4WithdrawnWhateverHappenedMeanwhile(t *testing.T) {
	for name, meanwhile := range map[string]func(*testing.T, *storetest.Desk, *storetest.Clock, desk.Job){
		"a day passes": func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, job desk.Job) {
			finish(t, d, []desk.Job{job}, done)
			clock.Advance(25 * time.Hour)
		},
		"a worker stops in the middle": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, job desk.Job) {
			if err := d.ReleaseDelivery(t.Context(), job, true); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ana, _, inv, job := pushed(t, d)
				meanwhile(t, d, clock, job)
				must(d.CancelInvitation(t.Context(), ana, inv.ID))
				same(t, "told", targets(claim(t, d, desk.ChannelFCM)), "withdrawal ben-1")
			})
		})
	}
}

// Another process on the same file, such as an import, leaves alone what the server's worker holds.
func TestG7AnotherProcessTakesNothingBack(t *testing.T) {
	file, clock := filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, file, clock))
	_, _, _, _ = pushed(t, d)
	other := storetest.Open(t, file, clock)
	same(t, "claimed beside it", targets(claim(t, d, desk.ChannelFCM)))
	if err := other.TakeBackDeliveries(t.Context()); err != nil { // as a server does that finds it after a crash
		t.Fatal(err)
	}
	same(t, "claimed after a crash", targets(claim(t, d, desk.ChannelFCM)), "invitation ben-1")
}

// A console whose token has expired tells nobody anything any more.
func TestG1NothingGoesToADeviceUnseenFor60Days(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		d.LogInWithPush("ben", "lost-phone")
		clock.Advance(desk.TokenUnusedFor + time.Hour)
		d.LogIn("ben")
		ana := d.LogIn("ana")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		same(t, "told", targets(claim(t, d, desk.ChannelFCM)))
	})
}
