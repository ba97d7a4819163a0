package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// A console that asks once a minute never goes offline in between, though its contacts are written late.
func TestPresenceDoesNotFlap(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := d.LogIn("ben")
		pass := func(span time.Duration) {
			t.Helper()
			for range int(span / time.Second) {
				clock.Advance(time.Second)
				if got := must(d.Me(t.Context(), ben)).Presence; got != desk.PresenceAvailable {
					t.Fatalf("offline at %s", clock.Now())
				}
			}
		}
		for range 3 {
			d.Touch(ben)
			pass(18 * time.Second) // until it is written
			ok(t, d.FlushContacts(t.Context()))
			pass(desk.ConnectedFor - 18*time.Second)
		}
		clock.Advance(desk.PresenceGrace)
		if got := must(d.Me(t.Context(), ben)).Presence; got != desk.PresenceOffline {
			t.Errorf("silent since, and %s", got)
		}
	})
}

func TestPresenceOnSeveralDevices(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		first := d.LogIn("ben")
		ok(t, try(d.UpdateMe(t.Context(), first, store.MeChange{Busy: &yes}, nil)))
		log := watch(t, d, first)
		second, third := d.LogInWithPush("ben", "ben-1"), d.LogIn("ben")
		presence := func() desk.Presence { return must(d.Me(t.Context(), first)).Presence }
		if got := presence(); got != desk.PresenceBusy {
			t.Errorf("another log-in made them %s", got)
		}
		same(t, "another log-in", log.told("me."))
		logOut(t, d, third)
		if got := presence(); got != desk.PresenceBusy {
			t.Errorf("logging out on one made them %s", got)
		}
		if left := must(d.Consoles(t.Context(), first)); len(left) != 2 {
			t.Errorf("consoles %+v", left)
		}
		logOut(t, d, first)
		clock.Advance(time.Hour) // the phone, which a push reaches, keeps them logged in
		if got := presence(); got != desk.PresenceBusy {
			t.Errorf("on the phone alone they are %s", got)
		}
		logOut(t, d, second)
		if got := presence(); got != desk.PresenceOffline {
			t.Errorf("logged out everywhere they are %s", got)
		}
		d.LogIn("ben")
		if got := presence(); got != desk.PresenceBusy {
			t.Errorf("back, they are %s: busy is chosen, and stays chosen", got)
		}
	})
}

// A busy rep can be invited, and an invitation on one device is not lost by logging out on another.
func TestPresenceABusyRepCanBeInvited(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		second := d.LogInWithPush("ben", "ben-2")
		ok(t, try(d.UpdateMe(t.Context(), ben, store.MeChange{Busy: &yes}, nil)))
		session := d.OpenSession(ana, "@main")
		direct, team := inviteRep(t, d, ana, session, "ben"), inviteTeam(t, d, ana, session, "printers")
		send(t, d, desk.ChannelFCM)
		logOut(t, d, ben)
		same(t, "taken off the one device", send(t, d, desk.ChannelFCM), "withdrawal ben-1", "withdrawal ben-1")
		same(t, "on the other", open(t, d, second), team.ID, direct.ID)
		accept(t, d, second, direct)
	})
}

// G13: that a stream is open stays known until it closes or is not heard of, whatever else the console asks meanwhile; its end
// is no sign of life.
func TestG13WatchingIsALease(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		stream := d.NewWatch(ana)
		flush := func() { ok(t, d.FlushContacts(t.Context())) }
		until := func() string { return data.column(`SELECT CAST(watching_until AS TEXT) FROM consoles`) }
		leased := func(since time.Time) string { return fmt.Sprint(since.Add(80 * time.Second).UnixMilli()) }
		stream.Renew()
		d.Touch(ana)
		opened := clock.Now()
		flush()
		same(t, "open", []string{until()}, leased(opened))
		clock.Advance(20 * time.Second)
		d.Touch(ana)
		flush()
		stream.Renew()
		flush()
		same(t, "another request, and a heartbeat right after it", []string{until()}, leased(clock.Now()))
		clock.Advance(20 * time.Second)
		stream.Renew()
		flush()
		same(t, "the next", []string{until()}, leased(clock.Now()))
		clock.Advance(70 * time.Second)
		stream.End()
		flush()
		same(t, "closed", []string{until()}, "0")
		stream.Renew()
		stream.End()
		stream = d.NewWatch(ana)
		stream.Renew()
		flush()
		same(t, "and open again", []string{until()}, leased(clock.Now()))
		clock.Advance(50 * time.Second)
		stream.End()
		flush()
		clock.Advance(31 * time.Second)
		if c := must(d.Consoles(t.Context(), ana))[0]; c.Connected || c.SeenAt.After(clock.Now().Add(-81*time.Second)) {
			t.Errorf("after a stream's end: %+v", c)
		}
	})
}
