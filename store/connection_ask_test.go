package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// lostAfterPush is lost for an owner whom a push can ask to come back.
const lostAfterPush = desk.ConnectedFor + desk.PresenceGrace + 10*time.Minute

func TestC9AnOwnerWithAPushTargetIsAskedFirst(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		inside, customer := watch(t, d, ben), watchGuest(t, d, guest)
		stay(t, d, clock, lost-time.Second, ben)
		same(t, "a second before", send(t, d, desk.ChannelFCM))
		stay(t, d, clock, time.Second, ben)
		jobs := deliver(t, d, desk.ChannelFCM)
		same(t, "then", targets(jobs), "session ana-1")
		if job := jobs[0]; job.Reason != desk.SessionConnectionLost || job.Key != session.ID+".state" || job.Session.ID != session.ID || !job.ExpiresAt.Equal(clock.Now().Add(10*time.Minute)) {
			t.Errorf("push %+v", job)
		}
		same(t, "those inside", inside.told(), "session.changed owner_away")
		same(t, "the customer", customer.told())
		stay(t, d, clock, lostAfterPush-lost-time.Second, ben)
		same(t, "once", send(t, d, desk.ChannelFCM))
		if got := must(d.Session(t.Context(), ben, session.ID)); got.Owner.ID != ana.RepID {
			t.Errorf("before ten minutes: %+v", got)
		}
		stay(t, d, clock, time.Second, ben)
		if got := must(d.Session(t.Context(), ben, session.ID)); got.Owner.ID != ben.RepID {
			t.Errorf("after ten minutes: %+v", got)
		}
		ended := claim(t, d, desk.ChannelFCM)
		same(t, "the question is over", targets(ended), "withdrawal ana-1")
		if ended[0].Key != jobs[0].Key || ended[0].KeyRev <= jobs[0].KeyRev || ended[0].Ends != desk.PurposeSession {
			t.Errorf("withdrawal %+v", ended[0])
		}
	})
}

// A phone that no push reaches any more asks nobody, and so keeps no session either.
func TestC9AnOldPhoneKeepsNothing(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		d.LogInWithPush("ana", "ana-old")
		clock.Advance(desk.TokenUnusedFor + time.Second)
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		stay(t, d, clock, lost-time.Second, ben)
		if got := must(d.Session(t.Context(), ben, session.ID)); got.Owner.ID != ana.RepID {
			t.Errorf("before two minutes: %+v", got)
		}
		stay(t, d, clock, time.Second, ben)
		if got := must(d.Session(t.Context(), ben, session.ID)); got.Owner.ID != ben.RepID {
			t.Errorf("after two minutes: %+v", got)
		}
		same(t, "pushes", send(t, d, desk.ChannelFCM))
	})
}

func TestC9TheQuestionIsTakenBackWhenTheOwnerReturns(t *testing.T) {
	for way, back := range map[string]func(t *testing.T, d *storetest.Desk, ana desk.Caller){
		"any request": func(t *testing.T, d *storetest.Desk, ana desk.Caller) {
			d.Touch(ana)
			ok(t, d.FlushContacts(t.Context()))
		},
		"a log-in": func(t *testing.T, d *storetest.Desk, ana desk.Caller) { d.LogIn("ana") },
	} {
		t.Run(way, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogIn("ben")
				session := d.OpenSession(ana, "@main")
				join(t, d, ana, session, ben, store.NewInvitation{})
				stay(t, d, clock, lost, ben)
				asked := deliver(t, d, desk.ChannelFCM)
				inside := watch(t, d, ben)
				back(t, d, ana)
				jobs := deliver(t, d, desk.ChannelFCM)
				same(t, "taken back", targets(jobs), "withdrawal ana-1")
				if jobs[0].KeyRev <= asked[0].KeyRev {
					t.Errorf("taken back at revision %d, asked at %d", jobs[0].KeyRev, asked[0].KeyRev)
				}
				same(t, "those inside", inside.told("session."), "session.changed owner_back")
				stay(t, d, clock, lost, ben) // lost again: asked again
				again := claim(t, d, desk.ChannelFCM)
				same(t, "asked again", targets(again), "session ana-1")
				if again[0].KeyRev <= jobs[0].KeyRev {
					t.Errorf("asked again at revision %d, taken back at %d", again[0].KeyRev, jobs[0].KeyRev)
				}
			})
		})
	}
}

// Not yet sent, and over: nothing is sent any more (G7).
func TestC9TheQuestionIsDroppedWhenTheOwnerReturnsInTime(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogInWithPush("ana", "ana-1")
		d.OpenSession(ana, "@main")
		stay(t, d, clock, lost)
		d.Touch(ana)
		ok(t, d.FlushContacts(t.Context()))
		same(t, "sent", send(t, d, desk.ChannelFCM))
	})
}

// A lead who takes over from an owner who was asked: the device ends up showing that, not the question, nor nothing.
func TestC9C8TakenOverWhileAsked(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := d.LogInWithPush("ben", "ben-1")
		session := d.OpenSession(ben, "@main")
		stay(t, d, clock, lost)
		asked := deliver(t, d, desk.ChannelFCM)
		must(d.TakeOverSession(t.Context(), d.LogIn("ana"), session.ID))
		jobs := claim(t, d, desk.ChannelFCM)
		shown := asked[0] // what the device shows: of one key it takes the highest revision, the first that comes
		for _, job := range jobs {
			if job.KeyRev > shown.KeyRev {
				shown = job
			}
		}
		if shown.Reason != desk.SessionTakenOver || shown.Purpose != desk.PurposeSession {
			t.Errorf("of %v it shows %s %s", targets(jobs), shown.Purpose, shown.Reason)
		}
	})
}

// A lost owner whom a push can reach is logged in, and still does not count as somebody who is there.
func TestC9TheLostOwnerIsNobody(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal, ana := d.LogIn("hal"), d.LogInWithPush("ana", "ana-1")
		team := take(t, d, ana, start(t, d, ana, store.NewSession{TeamID: "@printers"}))
		own := d.OpenSession(ana, "@main")
		stay(t, d, clock, lostAfterPush)
		if got := must(d.Me(t.Context(), ana)).Presence; got != desk.PresenceAvailable {
			t.Fatalf("the owner is %s", got)
		}
		stay(t, d, clock, lostAfterPush-lost) // the look that asked came when all was over
		same(t, "the sessions", []string{where(t, d, hal, team.ID), where(t, d, hal, own.ID)}, "ended owner_lost", "ended owner_lost")
	})
}

func TestC9LoggingOut(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		d.LogIn("ben")
		team := take(t, d, ana, start(t, d, ana, store.NewSession{TeamID: "@printers"}))
		own := d.OpenSession(ana, "@main")
		ended := d.OpenSession(ana, "@main")
		must(d.EndSession(t.Context(), ana, ended.ID, ""))
		p := data.refuses("with open sessions", desk.OwnerMustHandOver, func() error { return d.LogOut(t.Context(), ana, "current", false) })
		if p.Conflict.ID != team.ID {
			t.Errorf("the conflict names %+v", p.Conflict)
		}
		shows(t, "the refusal", p.Detail, []string{team.ID, own.ID, ended.ID}, team.ID, own.ID)
		ok(t, d.LogOut(t.Context(), ana, "current", true))
		same(t, "forced", []string{where(t, d, hal, team.ID), where(t, d, hal, own.ID)}, "waits for Printers", "ended owner_lost")
	})
}

// Other ways for the last console to end do as a forced log-out does; while another console keeps the rep logged in,
// nothing moves.
func TestC9TheLastConsoleEnds(t *testing.T) {
	for way, end := range map[string]func(t *testing.T, d *storetest.Desk){
		"another rep takes the device": func(t *testing.T, d *storetest.Desk) { d.LogInWithPush("dev", "phone") },
		"the account is disabled": func(t *testing.T, d *storetest.Desk) {
			importYAML(t, d, "reps: [{username: ana, name: Ana Ruiz, disabled: true}]")
		},
	} {
		t.Run(way, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				hal, ben, ana := d.LogIn("hal"), d.LogIn("ben"), d.LogInWithPush("ana", "phone")
				second := d.LogIn("ana")
				session := d.OpenSession(ana, "@main")
				join(t, d, ana, session, ben, store.NewInvitation{})
				ok(t, d.LogOut(t.Context(), second, "current", false)) // the phone is there
				same(t, "on the phone alone", []string{where(t, d, hal, session.ID)}, "with Ana Ruiz")
				end(t, d)
				same(t, way, []string{where(t, d, hal, session.ID)}, "with Ben Okafor")
			})
		})
	}
}

// A disabled account that had no console any more loses its sessions too.
func TestC9DisabledWithoutAConsole(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: main, name: Main, lost_after_push_seconds: 86400, lost_after_seconds: 86400}]")
		hal, ben, ana := d.LogIn("hal"), d.LogIn("ben"), d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		stay(t, d, clock, time.Hour, ben)
		same(t, "away", []string{where(t, d, hal, session.ID)}, "with Ana Ruiz")
		importYAML(t, d, "reps: [{username: ana, name: Ana Ruiz, disabled: true}]")
		same(t, "disabled", []string{where(t, d, hal, session.ID)}, "with Ben Okafor")
	})
}

func TestC9ALostSeatIsFree(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: x, name: X, max_invited_reps: 2, lost_seat_seconds: 60}]")
		ana, ben, cho := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogIn("cho")
		long, short := d.OpenSession(ana, "@main"), d.OpenSession(ana, "@x")
		for _, session := range []desk.Session{long, short} {
			join(t, d, ana, session, ben, store.NewInvitation{})
			join(t, d, ana, session, cho, store.NewInvitation{Masked: true})
		}
		seats := func(s desk.Session) int { return must(d.Session(t.Context(), ana, s.ID)).RepCount - 1 }
		connected := desk.ConnectedFor + desk.PresenceGrace
		log := watch(t, d, ana)
		stay(t, d, clock, connected+59*time.Second, ana)
		same(t, "before a minute", []int{seats(long), seats(short)}, 2, 2)
		stay(t, d, clock, time.Second, ana)
		same(t, "after the portal's minute", []int{seats(long), seats(short)}, 2, 0)
		same(t, "told", log.told("attendee."), "attendee.left connection_lost", "attendee.left connection_lost")
		stay(t, d, clock, 9*time.Minute-time.Second, ana, cho)
		same(t, "before ten minutes", []int{seats(long)}, 2)
		stay(t, d, clock, time.Second, ana, cho)
		same(t, "after ten: ben, whom a push could reach, and not cho", []int{seats(long)}, 1)
		inviteRep(t, d, ana, short, "cho") // the seat is free
	})
}
