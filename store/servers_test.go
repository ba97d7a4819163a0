package store_test

import (
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// Several servers on one PostgreSQL.

const (
	// logWriters write at once, each so many events.
	logWriters = 32
	writesEach = 25
)

// TestH2NobodySkipsAnEvent: while 32 write on one server, some transactions roll back, and one stays open until most of the others
// are done, whoever reads on either server gets each event once, all in the same order, which is that of the log.
func TestH2NobodySkipsAnEvent(t *testing.T) {
	database, clock := storetest.Postgres(t), storetest.NewClock()
	one := storetest.NewDesk(t, storetest.Open(t, database, clock))
	two := &storetest.Desk{Store: storetest.Open(t, database, clock)}
	writers := crowd(t, one, logWriters) // whom no lock has wait for one another
	must(one.PostTeamMessage(t.Context(), writers[0], "@crowd", "model", ""))
	readers := []follower{}
	for _, d := range []*storetest.Desk{one, two, two} {
		readers = append(readers, follow(t, d, one.LogIn("c0")))
	}
	log := watch(t, one, one.LogIn("c0"))
	db := must(sql.Open("pgx", database))
	defer db.Close()
	long := beginEvent(t, db, "the long one")
	heard := make([][]string, len(readers))
	var reading sync.WaitGroup
	for i, reader := range readers {
		reading.Go(func() { heard[i] = append(reader.until("the end"), "the end") })
	}
	var written atomic.Int64
	most := make(chan struct{})
	reading.Go(func() {
		<-most
		ok(t, long.Commit())
	})
	atOnce(logWriters, func(i int) {
		for k := range writesEach {
			if i%8 == 0 {
				rollBack(t, db, k%2 == 0)
			}
			must(one.PostTeamMessage(t.Context(), writers[i], "@crowd", fmt.Sprint(i, " ", k), ""))
			if written.Add(1) == logWriters*writesEach*3/4 {
				close(most)
			}
		}
	})
	must(one.PostTeamMessage(t.Context(), writers[0], "@crowd", "the end", ""))
	reading.Wait()
	want := log.texts()
	for i, words := range heard {
		if !slices.Equal(words, want) {
			t.Errorf("reader %d got %d events, and the log has %d: %v, %v", i, len(words), len(want), words, want)
		}
	}
	if at := slices.Index(want, "the long one"); len(want) != logWriters*writesEach+2 || at < len(want)/2 {
		t.Errorf("%d events are in the log, and the long one is number %d", len(want), at)
	}
}

// beginEvent begins a transaction that writes an event as the server does: in words of its own, a message to the team.
func beginEvent(t *testing.T, db *sql.DB, text string) *sql.Tx {
	t.Helper()
	tx := must(db.BeginTx(t.Context(), nil))
	ok(t, try(tx.Exec(`INSERT INTO events (topic, type, body, at) SELECT topic, type, replace(body, '"model"', $1), at FROM events WHERE body LIKE '%"model"%'`, `"`+text+`"`)))
	return tx
}

// rollBack rolls a transaction with an event back, before or after that has its position.
func rollBack(t *testing.T, db *sql.DB, numbered bool) {
	t.Helper()
	tx := beginEvent(t, db, "never")
	if numbered {
		ok(t, try(tx.Exec(`SET CONSTRAINTS ALL IMMEDIATE`)))
	}
	ok(t, tx.Rollback())
}

// texts are the messages of teams since the last call.
func (w *watcher) texts() (texts []string) {
	w.t.Helper()
	for _, e := range w.events() {
		texts = append(texts, e.TeamMessage.Text)
	}
	return texts
}

// TestH2ALowerPositionIsCommittedFirst: whoever has a position and has not committed holds up those who commit after it, so that no
// reader sees theirs first and goes on behind it.
func TestH2ALowerPositionIsCommittedFirst(t *testing.T) {
	database := storetest.Postgres(t)
	d := storetest.NewDesk(t, storetest.Open(t, database, storetest.NewClock()))
	ana := d.LogIn("ana")
	must(d.PostTeamMessage(t.Context(), ana, "@printers", "model", ""))
	log := watch(t, d, ana)
	db := must(sql.Open("pgx", database))
	defer db.Close()
	first := beginEvent(t, db, "first")
	ok(t, try(first.Exec(`SET CONSTRAINTS ALL IMMEDIATE`)))
	written := make(chan error, 1)
	go func() { written <- try(d.PostTeamMessage(t.Context(), ana, "@printers", "second", "")) }()
	for waits := false; !waits; {
		ok(t, db.QueryRow(`SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waits))
		select {
		case err := <-written:
			t.Fatalf("the second was committed before the first: %v", err)
		default:
		}
	}
	same(t, "before the first is committed", log.texts())
	ok(t, first.Commit())
	ok(t, <-written)
	same(t, "afterwards", log.texts(), "first", "second")
}

// twoServers are two on one database, the first with the small desk on it.
func twoServers(t *testing.T) (*storetest.Desk, []*store.Store, *storetest.Clock) {
	database, clock := storetest.Postgres(t), storetest.NewClock()
	servers := []*store.Store{storetest.Open(t, database, clock), storetest.Open(t, database, clock)}
	return storetest.NewDesk(t, servers[0]), servers, clock
}

// C9: each lost session goes once, and once the new owner is told, though both servers find it lost at the same instant.
func TestC9TwoServersMoveALostSessionOnce(t *testing.T) {
	d, servers, clock := twoServers(t)
	ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "bens-phone")
	const n = 10
	moved := map[string]int64{}
	for range n {
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		moved[session.ID] = 0
	}
	send(t, d, desk.ChannelFCM)
	stay(t, d, clock, lost-time.Second, ben)
	w := watch(t, d, ben)
	clock.Advance(time.Second)
	d.Touch(ben)
	ok(t, d.FlushContacts(t.Context()))
	atOnce(4, func(i int) { ok(t, servers[i%2].DoDue(t.Context())) })
	for _, e := range w.events() {
		if e.Type == desk.EventSessionChanged && e.Session.Owner.ID == ben.RepID {
			moved[e.Session.ID]++
		}
	}
	for id, times := range moved {
		if now := must(d.Session(t.Context(), ben, id)); times != 1 || now.Owner.ID != ben.RepID {
			t.Errorf("%s went %d times, to %s", id, times, now.Owner.Name)
		}
	}
	told := map[string]int{}
	for _, job := range claim(t, d, desk.ChannelFCM) {
		told[job.Session.ID]++
	}
	for id := range moved {
		if told[id] != 1 {
			t.Errorf("of %s the new owner's phone is told %d times", id, told[id])
		}
	}
}

// G7: workers of several servers claim each delivery once. What one holds that dies another gets when the lease is over, and no
// earlier; what the dead one says afterwards changes nothing.
func TestG7TwoServersClaimEachDeliveryOnce(t *testing.T) {
	d, servers, clock := twoServers(t)
	ana := d.LogIn("ana")
	const devices = 60
	for i := range devices {
		d.LogInWithPush("ben", fmt.Sprint("ben-", i))
	}
	inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
	var mu sync.Mutex
	claims := func(server *store.Store) (all []desk.Job) {
		for {
			jobs := must(server.ClaimDeliveries(t.Context(), desk.ChannelFCM, 3, lease))
			if all = append(all, jobs...); len(jobs) == 0 {
				return all
			}
		}
	}
	held := map[string]desk.Job{}
	atOnce(8, func(i int) {
		jobs := claims(servers[i%2])
		mu.Lock()
		defer mu.Unlock()
		for _, job := range jobs {
			if _, twice := held[job.ID]; twice {
				t.Errorf("%s was claimed twice", job.ID)
			}
			held[job.ID] = job
		}
	})
	if len(held) != devices {
		t.Errorf("%d of %d were claimed", len(held), devices)
	}
	clock.Advance(lease - time.Millisecond)
	same(t, "while the lease runs", targets(claims(servers[1])))
	clock.Advance(time.Millisecond)
	again := claims(servers[1])
	if len(again) != devices {
		t.Errorf("%d of %d were claimed when the lease was over", len(again), devices)
	}
	for _, job := range held {
		ok(t, servers[0].FinishDelivery(t.Context(), job, desk.Outcome{Kind: desk.OutcomeRejected, Error: "late"}, 0))
	}
	for _, job := range again {
		ok(t, servers[1].FinishDelivery(t.Context(), job, desk.Outcome{Kind: desk.OutcomeDone}, 0))
	}
	for _, delivery := range must(d.Deliveries(t.Context(), ana, inv.ID, "", 100)) {
		if delivery.State != desk.DeliverySent || delivery.Attempts != 2 {
			t.Errorf("in the end: %+v", delivery)
		}
	}
}

// G13: of the streams that a console has open on two servers, the newer says whether it watches. The older, whose client is gone,
// neither renews that nor ends it, and learns that it was replaced.
func TestG13TheNewestStreamWatches(t *testing.T) {
	d, servers, clock := twoServers(t)
	ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "bens-phone")
	session := d.OpenSession(ana, "@main")
	join(t, d, ana, session, ben, store.NewInvitation{})
	send(t, d, desk.ChannelFCM)
	flush := func(server *store.Store) { ok(t, server.FlushContacts(t.Context())) }
	says := func(what string, want ...string) {
		t.Helper()
		clock.Advance(desk.MessageEvery)
		say(t, d, ana, session, what)
		same(t, what, send(t, d, desk.ChannelFCM), want...)
	}
	older := servers[0].NewWatch(ben)
	older.Renew()
	flush(servers[0])
	clock.Advance(6 * time.Second) // more than their clocks may be apart
	newer := servers[1].NewWatch(ben)
	newer.Renew()
	flush(servers[1])
	clock.Advance(20 * time.Second)
	if !older.Renew() {
		t.Error("the older is known to be replaced before anybody could know")
	}
	servers[0].Touch(ben)
	flush(servers[0])
	clock.Advance(20 * time.Second)
	if older.Renew() || !newer.Renew() {
		t.Error("not the older is replaced alone")
	}
	flush(servers[1])
	older.End()
	flush(servers[0])
	says("the older has ended")
	newer.End()
	flush(servers[1])
	older.Renew()
	servers[0].Touch(ben)
	flush(servers[0])
	says("the newer has ended too", "message bens-phone")
	if c := must(d.Consoles(t.Context(), ben))[0]; !c.Connected {
		t.Error("a request of a console whose stream was replaced is no sign of life")
	}
}
