package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func remind(t *testing.T, d *storetest.Desk, c desk.Caller, inv desk.Invitation) desk.Invitation {
	t.Helper()
	got, err := d.RemindInvitation(t.Context(), c, inv.ID)
	if err != nil {
		t.Fatalf("%s reminds: %v", c.Name, err)
	}
	return got
}

func TestB19ToldAgainWithAHigherRevision(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("cho", "cho-1")
		session := d.OpenSession(ana, "@main")
		inv := inviteTeam(t, d, ana, session, "printers")
		first := deliver(t, d, desk.ChannelFCM)
		must(d.DeclineInvitation(t.Context(), cho, inv.ID))
		send(t, d, desk.ChannelFCM)
		d.LogInWithPush("ben", "ben-2") // came after the first telling
		owner, bens, chos := watch(t, d, ana), watch(t, d, ben), watch(t, d, cho)
		clock.Advance(time.Second)
		got := remind(t, d, ana, inv)
		if got.Rev <= inv.Rev || got.RemindedAt == nil || !got.RemindedAt.Equal(clock.Now()) || !got.Active() {
			t.Errorf("reminded: %+v", got)
		}
		jobs := deliver(t, d, desk.ChannelFCM)
		same(t, "all who may take it now, on every device", targets(jobs), "invitation ben-1", "invitation ben-2")
		if jobs[0].Key != inv.ID || jobs[0].KeyRev <= first[0].KeyRev {
			t.Errorf("told again with %s %d after %d", jobs[0].Key, jobs[0].KeyRev, first[0].KeyRev)
		}
		same(t, "the owner", owner.told("invitation."), "invitation.changed reminded")
		same(t, "who may take it", bens.told(), "invitation.changed reminded")
		same(t, "who declined", chos.told())
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "G4 withdrawn once from each device", send(t, d, desk.ChannelFCM), "withdrawal ben-1", "withdrawal ben-2")
	})
}

func TestB19AtMostOnceInThirtySeconds(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		d.LogInWithPush("ben", "ben-1")
		session := d.OpenSession(ana, "@main")
		inv, other := inviteRep(t, d, ana, session, "ben"), inviteTeam(t, d, ana, session, "printers")
		again := func() error { return try(d.RemindInvitation(t.Context(), ana, inv.ID)) }
		ok(t, again()) // at once after inviting
		clock.Advance(desk.ReminderPause - time.Second)
		if p := data.refuses("29 seconds later", desk.TooManyRequests, again); p.RetryAfter != time.Second {
			t.Errorf("refused with %+v", p)
		}
		remind(t, d, ana, other) // each for itself
		clock.Advance(time.Second)
		before := must(d.Invitation(t.Context(), ana, inv.ID))
		if got := remind(t, d, ana, inv); got.Rev <= before.Rev {
			t.Errorf("revision %d after %d", got.Rev, before.Rev)
		}
	})
}

func TestB19WhoMayRemindAndOfWhat(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		all := everybody(d)
		ana := all["ana"]
		session := d.OpenSession(ana, "@main")
		inv := inviteRep(t, d, ana, session, "ben")
		over := inviteRep(t, d, ana, session, "cho")
		must(d.CancelInvitation(t.Context(), ana, over.ID))
		offer := transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben"}).Transfer
		for _, c := range []struct {
			what, who, id string
			code          desk.Code
		}{
			{"the invited", "ben", inv.ID, desk.NotSessionOwner},
			{"an administrator", "hal", inv.ID, desk.NotSessionOwner},
			{"an outsider", "dev", inv.ID, desk.NotFound},
			{"an embassy rep", "fay", inv.ID, desk.NotFound},
			{"of nothing", "ana", "inv_none", desk.NotFound},
			{"of a transfer", "ana", offer.ID, desk.NotFound},
			{"of what is over", "ana", over.ID, desk.InvitationNotActive},
		} {
			data.refuses(c.what, c.code, func() error { return try(d.RemindInvitation(t.Context(), all[c.who], c.id)) })
		}
	})
}

// G2 and G3: the email is sent again too, and each time it leads to the same invitation.
func TestB19ByEmail(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		extended(t, d, "ben")
		ana := d.LogIn("ana")
		inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		same(t, "told", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
		remind(t, d, ana, inv)
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "told again", targets(jobs), "invitation ben@example.com")
		clock.Advance(desk.ReminderPause)
		remind(t, d, ana, inv)
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "over before it was sent", send(t, d, desk.ChannelEmail))
		if link := must(d.InvitationLink(t.Context(), jobs[0].LinkToken)); link.Invitation.ID != inv.ID || link.Invitation.Active() {
			t.Errorf("the link leads to %+v", link.Invitation)
		}
	})
}

func TestB19ToAPortal(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, dev := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1")
		inv := invite(t, d, ana, d.OpenSession(ana, "@open"), toOpen)
		send(t, d, desk.ChannelFCM)
		logInUnder(t, d, "eli", "@open", "eli-1") // found it without an alert
		log := watch(t, d, dev)
		remind(t, d, ana, inv)
		same(t, "all who are there now", send(t, d, desk.ChannelFCM), "invitation dev-1", "invitation eli-1")
		same(t, "on the stream", log.told(), "invitation.changed reminded")
	})
}
