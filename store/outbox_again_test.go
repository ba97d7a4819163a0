package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// G8: what still waits for a device when FCM says that it is gone is followed by an email too: nobody else tells the rep.
func TestG8WhatWaitsForADeadTargetIsFollowedByEmail(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, _, first, job := pushed(t, d)
		finish(t, d, []desk.Job{job}, tryAgain)
		second := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		finish(t, d, claim(t, d, desk.ChannelFCM), targetDead)
		clock.Advance(desk.LongestRetry)
		same(t, "pushes", send(t, d, desk.ChannelFCM))
		if got := delivery(t, d, ana, job); got.State != desk.DeliveryFailed || got.Error != "no_push_target" {
			t.Errorf("delivery %+v", got)
		}
		mails := map[string]bool{}
		for _, mail := range claim(t, d, desk.ChannelEmail) {
			mails[mail.Key] = true
		}
		if !mails[first.ID] || !mails[second.ID] {
			t.Errorf("mails about %v, want %s and %s", mails, first.ID, second.ID)
		}
	})
}

// G8: an invitation whose push waits when the rep's app registers as another console is not lost.
func TestG8WhatWaitsForAConsoleThatLostItsTargetIsFollowedByEmail(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		_, _, inv, job := pushed(t, d)
		finish(t, d, []desk.Job{job}, tryAgain)
		logIn(t, d, "ben", device("installed anew", "ben-1"))
		clock.Advance(desk.LongestRetry)
		same(t, "pushes", send(t, d, desk.ChannelFCM))
		mails := claim(t, d, desk.ChannelEmail)
		if len(mails) != 1 || mails[0].Key != inv.ID {
			t.Errorf("mails %v", targets(mails))
		}
	})
}

// G4, G5, B20: what was taken from a rep while a push of it failed is not told them again.
func TestG4WhatWasTakenBackIsNotTriedAgain(t *testing.T) {
	for name, give := range map[string]func(*testing.T, *storetest.Desk, []desk.Job){
		"it failed":       func(t *testing.T, d *storetest.Desk, jobs []desk.Job) { finish(t, d, jobs, tryAgain) },
		"the worker died": func(*testing.T, *storetest.Desk, []desk.Job) {},
		"the worker stopped": func(t *testing.T, d *storetest.Desk, jobs []desk.Job) {
			ok(t, d.ReleaseDelivery(t.Context(), jobs[0], true))
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ana := d.LogIn("ana")
				d.LogInWithPush("ben", "ben-1")
				inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
				jobs := claim(t, d, desk.ChannelFCM)
				move(t, d, "ben", "{network: member}")
				give(t, d, jobs)
				clock.Advance(desk.LongestRetry)
				same(t, "told", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
				clock.Advance(desk.LongestRetry)
				same(t, "told later", send(t, d, desk.ChannelFCM))
			})
		})
	}
}

// G5, B20: a device keeps the highest revision, so what comes to a rep again has a higher one than its withdrawal.
func TestG5WhatComesAgainIsShown(t *testing.T) {
	t.Run("withdrawn before", func(t *testing.T) {
		each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
			ana := d.LogIn("ana")
			d.LogIn("cho") // somebody is left
			d.LogInWithPush("ben", "ben-1")
			inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
			send(t, d, desk.ChannelFCM)
			move(t, d, "ben", "{network: member}")
			over := claim(t, d, desk.ChannelFCM)
			same(t, "over", targets(over), "withdrawal ben-1")
			finish(t, d, over, done)
			move(t, d, "ben", "{printers: member}")
			again := claim(t, d, desk.ChannelFCM)
			same(t, "again", targets(again), "invitation ben-1")
			if again[0].KeyRev <= over[0].KeyRev {
				t.Errorf("revision %d after %d", again[0].KeyRev, over[0].KeyRev)
			}
		})
	})
	t.Run("not withdrawn yet", func(t *testing.T) {
		each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
			ana := d.LogIn("ana")
			d.LogIn("cho")
			d.LogInWithPush("ben", "ben-1")
			inv := inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
			send(t, d, desk.ChannelFCM)
			move(t, d, "ben", "{network: member}")
			move(t, d, "ben", "{printers: member}")
			same(t, "told", send(t, d, desk.ChannelFCM), "invitation ben-1")
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
			same(t, "over", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
		})
	})
}

// G13, G4: the chat is read while a push of it fails, and goes on: what tells of it then is withdrawn as well.
func TestG4ChatReadWhileAPushOfItFails(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogInWithPush("ana", "ana-1")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		write := func() { ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "and"}))) }
		write()
		failing := claim(t, d, desk.ChannelFCM)
		same(t, "first", targets(failing), "message ana-1")
		readAll(t, d, ana, session)
		clock.Advance(time.Second)
		write()
		finish(t, d, failing, tryAgain)
		clock.Advance(desk.LongestRetry)
		same(t, "then", send(t, d, desk.ChannelFCM), "message ana-1", "withdrawal ana-1")
		readAll(t, d, ana, session)
		same(t, "read", send(t, d, desk.ChannelFCM), "withdrawal ana-1")
	})
}

// G10: a push target that comes to another rep's console takes with it nothing that shows what the former was told.
func TestG10AnotherRepsTargetShowsNothingOfTheFormer(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		_, _, _, job := pushed(t, d)
		finish(t, d, []desk.Job{job}, done)
		logIn(t, d, "cho", device("installed anew", "ben-1"))
		over := claim(t, d, desk.ChannelFCM)
		same(t, "told", targets(over), "withdrawal ben-1")
		if len(over) > 0 && over[0].KeyRev <= job.KeyRev {
			t.Errorf("revision %d after %d", over[0].KeyRev, job.KeyRev)
		}
	})
}

// G10: what waits goes to the target of now as the kind of target that it is.
func TestG10TheKindOfATargetMovesWithIt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		_, ben, _, job := pushed(t, d)
		finish(t, d, []desk.Job{job}, tryAgain)
		target, kind := "ben-fid", "fcm_fid"
		must(d.UpdateConsole(t.Context(), ben, "current", store.ConsoleChange{Device: desk.Device{PushTarget: &target, PushKind: &kind}}, nil))
		clock.Advance(desk.LongestRetry)
		if jobs := claim(t, d, desk.ChannelFCM); len(jobs) != 1 || jobs[0].PushTarget != target || jobs[0].PushKind != kind {
			t.Errorf("jobs %+v", jobs)
		}
	})
}

// G4, G10: a withdrawal reaches a device whose registration was renewed and that logs out then.
func TestG10LogOutAfterARenewedTarget(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		_, ben, _, job := pushed(t, d)
		finish(t, d, []desk.Job{job}, done)
		register(t, d, ben, "ben-1-new")
		logOut(t, d, ben)
		same(t, "told", send(t, d, desk.ChannelFCM), "withdrawal ben-1-new")
	})
}

// G2, G6: who switches extended availability off and on again is told of what waited meanwhile.
func TestG6OnAgainWhatWaitedIsSent(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := extended(t, d, "ben")
		quiet(t, d, ben, "08:00", "10:00", "UTC")
		ana := d.LogIn("ana")
		inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		over := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		setExtended(t, d, ben, false)
		setExtended(t, d, ben, true)
		same(t, "mails", send(t, d, desk.ChannelEmail), "extended_availability ben@example.com")
		must(d.CancelInvitation(t.Context(), ana, over.ID))
		clock.Advance(time.Hour)
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "mails", targets(jobs), "invitation ben@example.com")
		if len(jobs) > 0 && jobs[0].Key != inv.ID {
			t.Errorf("about %s", jobs[0].Key)
		}
	})
}

// G6: the confirming email's link switches off as long as extended availability is on.
func TestG6TheConfirmingLinkIsGoodForLong(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := d.LogIn("ben")
		setExtended(t, d, ben, true)
		jobs := claim(t, d, desk.ChannelEmail)
		finish(t, d, jobs, done)
		clock.Advance(2 * desk.DeliveriesKept)
		ok(t, d.RemoveOldRows(t.Context()))
		must(d.AnswerInvitationLink(t.Context(), jobs[0].LinkToken, store.LinkSwitchOff))
		if must(d.Me(t.Context(), ben)).ExtendedAvailability {
			t.Error("still on")
		}
		ok(t, d.RemoveOldRows(t.Context()))
		refusal(t, "off", try(d.InvitationLink(t.Context(), jobs[0].LinkToken)), desk.NotFound)
	})
}
