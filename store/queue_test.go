package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// queueChanges are the queues that a rep is told to have changed, since the last time.
func (w queueWatch) queueChanges() (queues []desk.Queue) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type == desk.EventQueueChanged {
			queues = append(queues, *e.Queue)
		}
	}
	return queues
}

func TestD1QueuesAreOnesOwnAndThoseOfTheTeams(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member, night: member}}]")
		ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
		since := clock.Now()
		come(t, d, clock, ana, comer{"Jo", "", "", 0, ""}, comer{"Flo", "", "", 9, ""})
		inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
		mine := d.OpenSession(ben, "@main")
		waitsIn(t, d, ana, store.NewSession{RepID: "@ben"})
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		queues := must(d.Queues(t.Context(), ben))
		if len(queues) != 3 || queues[0].ID != desk.PersonalQueue || queues[0].Name != "Ben Okafor" || queues[1].Name != "Night shift" || !queues[1].Persistent || queues[2].Name != "Printers" {
			t.Fatalf("queues %+v", queues)
		}
		if q := queues[0]; q.Current != 1 || q.Waiting != 1 || q.Invitations != 1 {
			t.Errorf("the personal queue: %+v", q)
		}
		if q := queues[2]; q.Waiting != 2 || q.Invitations != 1 || q.Current != 0 || q.WaitingSince == nil || !q.WaitingSince.Equal(since) {
			t.Errorf("the team's: %+v", q)
		}
		if q := must(d.Queues(t.Context(), ana))[1]; q.Waiting != 2 || q.Invitations != 0 {
			t.Errorf("what the owner cannot take does not count: %+v", q)
		}
		if queues := must(d.Queues(t.Context(), hal)); len(queues) != 1 {
			t.Errorf("of no team: %+v", queues)
		}
		importYAML(t, d, "teams: [{slug: printers, name: Printers, disabled: true}]")
		if queues := must(d.Queues(t.Context(), ben)); len(queues) != 2 {
			t.Errorf("a disabled team has none: %+v", queues)
		}
		must(d.EndSession(t.Context(), ben, mine.ID, ""))
		if q := must(d.Queues(t.Context(), ben))[0]; q.Current != 0 {
			t.Errorf("ended: %+v", q)
		}
	})
}

func TestH1QueueChangedIsToldOnceAndFilledForEachReader(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho, dev := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben")), watchQueues(t, d, d.LogIn("cho")), watchQueues(t, d, d.LogIn("dev"))
		ok(t, d.TellQueues(t.Context()))
		ana.events()
		come(t, d, clock, ana.c, comer{"Jo", "", "", 0, ""}, comer{"Flo", "", "", 0, ""})
		session := d.OpenSession(ana.c, "@main")
		inv := inviteTeam(t, d, ana.c, session, "printers")
		must(d.DeclineInvitation(t.Context(), cho.c, inv.ID))
		if got := append(ben.queueChanges(), dev.queueChanges()...); len(got) != 0 {
			t.Errorf("at once: %+v", got)
		}
		ok(t, d.TellQueues(t.Context()))
		if got := ben.queueChanges(); len(got) != 1 || got[0].Name != "Printers" || got[0].Waiting != 2 || got[0].Invitations != 1 {
			t.Errorf("ben is told %+v", got)
		}
		if got := cho.queueChanges(); len(got) != 1 || got[0].Waiting != 2 || got[0].Invitations != 0 {
			t.Errorf("B14: cho, who declined, is told %+v", got)
		}
		if got := ana.queueChanges(); len(got) != 2 || got[0].ID != desk.PersonalQueue || got[0].Current != 1 || got[1].Invitations != 0 {
			t.Errorf("ana is told %+v", got)
		}
		if got := dev.queueChanges(); len(got) != 0 {
			t.Errorf("another team: %+v", got)
		}
		ok(t, d.TellQueues(t.Context()))
		if got := ben.queueChanges(); len(got) != 0 {
			t.Errorf("nothing changed, and told is %+v", got)
		}
		for range 3 { // read late, the last stands for all
			come(t, d, clock, ana.c, comer{"Bo", "", "", 0, ""})
			ok(t, d.TellQueues(t.Context()))
		}
		if got := ben.queueChanges(); len(got) != 1 || got[0].Waiting != 5 {
			t.Errorf("three changes are told as %+v", got)
		}
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {network: member}}]")
		come(t, d, clock, ana.c, comer{"Mo", "", "", 0, ""})
		ok(t, d.TellQueues(t.Context()))
		if got := ben.queueChanges(); len(got) != 0 {
			t.Errorf("a former member is told %+v", got)
		}
		if got := cho.queueChanges(); len(got) != 1 || got[0].Waiting != 6 {
			t.Errorf("cho is told %+v", got)
		}
	})
}

// H1: a server that ends has told of its queues, and of those of one that was killed the next one tells: who comes back with the
// position that they have would show old counts.
func TestH1QueueChangedIsToldInSpiteOfARestart(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		clock := storetest.NewClock()
		open := func(byHand bool) *store.Store {
			return storetest.Open(t, database, clock, func(cfg *store.Config) { cfg.DueByHand = byHand })
		}
		d := storetest.NewDesk(t, open(true))
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		ok(t, d.TellQueues(t.Context()))
		at := must(d.LastEvent(t.Context()))
		told := func(what string, want ...int) {
			t.Helper()
			sub := must(d.Subscribe(t.Context(), ben))
			defer sub.Close()
			got := []int{}
			for _, q := range (queueWatch{&watcher{t, sub, at}, d, ben}).queueChanges() {
				got = append(got, q.Waiting)
			}
			same(t, what, got, want...)
		}
		come(t, d, clock, ana, comer{"Jo", "", "", 0, ""})
		ok(t, d.Close()) // as if it were killed: by hand nothing was told
		d.Store = open(true)
		told("before somebody looks")
		ok(t, d.TellQueues(t.Context()))
		told("after a server that was killed", 1)
		ok(t, d.Close())
		d.Store = open(true)
		ok(t, d.TellQueues(t.Context()))
		told("once", 1)
		ok(t, d.Close())
		d.Store = open(false)
		at = must(d.LastEvent(t.Context()))
		come(t, d, clock, ana, comer{"Flo", "", "", 0, ""})
		ok(t, d.Close())
		d.Store = open(true)
		told("by a server that ended", 2)
	})
}

// D1: however the counts of a queue are come by, they say what stands in it: after each kind of change, after more changes than
// are followed one by one, and after an hour.
func TestD1CountsFollowTheQueue(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ruled(t, d, "printers", "after_seconds: 300, action: overdue")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		counted := func(what string, waiting, overdue int) {
			t.Helper()
			for _, q := range must(d.Queues(t.Context(), ben)) {
				id := q.ID
				if id == desk.PersonalQueue {
					id = ben.RepID
				}
				var n, late int
				var first int64
				ok(t, data.db.QueryRow(`SELECT COUNT(*), COALESCE(SUM(overdue), 0), COALESCE(MIN(entered_at), 0) FROM queue_entries WHERE queue_id = $1 AND waiting = 1`, id).Scan(&n, &late, &first))
				want := q
				want.Waiting, want.Overdue, want.WaitingSince = n, late, desk.TimePtr(first)
				same(t, what, []string{asJSON(q)}, asJSON(want))
				if q.Kind == "team" && (n != waiting || late != overdue) {
					t.Errorf("%s: %d stand there, %d overdue", what, n, late)
				}
			}
		}
		counted("nobody", 0, 0)
		first, _ := waitsFor(t, d, ana, "@printers")
		waitsIn(t, d, ana, store.NewSession{RepID: "@ben"})
		clock.Advance(time.Second)
		second, _ := waitsFor(t, d, ana, "@printers")
		counted("two", 2, 0)
		stay(t, d, clock, 299*time.Second, ana, ben)
		counted("one of them overdue", 2, 1)
		ruled(t, d, "printers", "after_seconds: 3000, action: overdue")
		counted("by the new rule it is not", 2, 0)
		ruled(t, d, "printers", "after_seconds: 60, action: overdue")
		ok(t, d.DoDue(t.Context()))
		counted("by the next both are", 2, 2)
		take(t, d, ana, first)
		counted("one is taken", 1, 1)
		d.FillQueue(ana, clock, "@printers", store.MaxFollowed+1, false)
		counted("many more", store.MaxFollowed+2, 1)
		must(d.EndSession(t.Context(), d.LogIn("hal"), second.ID, ""))
		counted("the oldest ends", store.MaxFollowed+1, 0)
		stay(t, d, clock, time.Hour+time.Second, ana, ben)
		counted("after an hour", store.MaxFollowed+1, store.MaxFollowed+1)
	})
}
