package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// C9: while the database is away, or the server's machine sleeps, nobody's contact can be written, so nobody is lost for that.
func TestC9NobodyIsLostWhileTheDatabaseIsAway(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal, ana, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		house := store.NewHousekeeping(d.Store)
		clock.Advance(15 * time.Minute)                                       // without an answer, or asleep
		for pass := time.Duration(0); pass < lost; pass += 10 * time.Second { // and comes again
			ok(t, house.Look(t.Context()))
			if got := must(d.Session(t.Context(), hal, session.ID)); got.Owner == nil || got.Owner.ID != ana.RepID || got.RepCount != 2 {
				t.Fatalf("%s after the database came back the session is %+v", pass, got)
			}
			clock.Advance(10 * time.Second)
		}
		ok(t, house.Look(t.Context()))
		if got := must(d.Session(t.Context(), hal, session.ID)); got.Owner != nil && got.State == desk.SessionActive {
			t.Errorf("after the time the session is %+v", got)
		}
	})
}

// C9: who accepts is in contact, even if that contact is not written yet: the first thing that a phone says after hours of
// silence is that its owner accepts.
func TestC9WhoAcceptsIsThere(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("cho", "cho-1")
		stay(t, d, clock, time.Hour, ana)
		session := d.OpenSession(ana, "@main")
		accept(t, d, ben, inviteRep(t, d, ana, session, "ben"))
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@cho"})
		take(t, d, cho, session)
		send(t, d, desk.ChannelFCM)
		lookAfter(t, d)
		got := must(d.Session(t.Context(), cho, session.ID))
		if got.Owner.ID != cho.RepID || seatOf(t, d, cho, session, ben.RepID) == nil {
			t.Errorf("the session is %+v", got)
		}
		same(t, "the new owner is asked to come back", send(t, d, desk.ChannelFCM))
	})
}

// C9: a push that asks an owner leaves the time to come back, however long they were away before.
func TestC9WhoIsAskedHasTimeToCome(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: slow, name: Slow, lost_after_seconds: 900, lost_after_push_seconds: 600}]")
		hal, ana := d.LogIn("hal"), d.LogInWithPush("ana", "ana-1")
		session := d.OpenSession(ana, "@slow")
		clock.Advance(desk.ConnectedFor + desk.PresenceGrace + 900*time.Second)
		lookAfter(t, d)
		same(t, "asked", send(t, d, desk.ChannelFCM), "session ana-1")
		clock.Advance(desk.AnswerWithin - time.Second)
		lookAfter(t, d)
		same(t, "while asked", []string{where(t, d, hal, session.ID)}, "with Ana Ruiz")
		clock.Advance(time.Second)
		lookAfter(t, d)
		same(t, "then", []string{where(t, d, hal, session.ID)}, "ended owner_lost")
	})
}

// C9: to look after many sessions takes a while. Whoever comes back in that time is not lost.
func TestC9WhoComesBackMeanwhileIsNotLost(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock := storetest.NewClock()
		var first atomic.Pointer[func()] // what happens when the second transaction begins
		var begun atomic.Int64
		d := storetest.NewDesk(t, storetest.Open(t, database, clock, func(cfg *store.Config) {
			cfg.Now = func() time.Time {
				if do := first.Load(); do != nil && begun.Add(1) == 2 {
					first.Store(nil)
					(*do)()
				}
				return clock.Now()
			}
		}))
		hal, ana, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogIn("ben")
		d.OpenSession(ana, "@main")
		second := d.OpenSession(ben, "@main")
		clock.Advance(lost)
		back := func() { d.Touch(ben) }
		first.Store(&back)
		lookAfter(t, d)
		same(t, "the session of who came back", []string{where(t, d, hal, second.ID)}, "with Ben Okafor")
	})
}
