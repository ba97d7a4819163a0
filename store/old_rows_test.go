package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// oldRows fill each table whose rows are kept only for a time; of the rows to be, i is the number, $1 the rep and $2 the time.
var oldRows = map[string]string{
	"events":          `(topic, type, body, at) SELECT 'old', 'old', '{}', CAST($2 AS BIGINT) FROM n WHERE $1 <> ''`,
	"idempotency":     `(id, body_mac, answer, created_at) SELECT 'old_' || i, '', $1, CAST($2 AS BIGINT) FROM n`,
	"log_in_failures": `(username, failures, failed_at) SELECT 'old_' || i, 1, CAST($2 AS BIGINT) FROM n WHERE $1 <> ''`,
	"queue_pick_ups":  `(id, queue_id, picked_at, headway) SELECT 'old_' || i, $1, CAST($2 AS BIGINT), 1 FROM n`,
	"deliveries": `(id, about, purpose, channel, rep_id, state, due_at, expires_at, created_at, updated_at)
		SELECT 'old_' || i, 'con_' || i, 'test', 'fcm', $1, 'sent', 0, 0, CAST($2 AS BIGINT), 0 FROM n`,
	"session_keys": `(id, mac, rep_id, created_at, expires_at) SELECT 'old_' || i, 'old_' || i, $1, 0, CAST($2 AS BIGINT) FROM n`,
	"tokens":       `(hash, console_id, rep_id, created_at, revoked_at) SELECT 'old_' || i, 'con_' || i, $1, 0, CAST($2 AS BIGINT) FROM n`,
	"consoles":     `(id, rep_id, platform, created_at, seen_at) SELECT 'con_old' || i, $1, 'web', 0, CAST($2 AS BIGINT) FROM n WHERE i <= 50`,
}

// grow puts rows into the tables that are kept only for a time.
func grow(t testing.TB, db *sql.DB, many int, rep desk.Caller, at time.Time) {
	t.Helper()
	for table, values := range oldRows {
		_, err := db.Exec(fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO %s %s`, many, table, values), rep.RepID, at.UnixMilli())
		if err != nil {
			t.Fatalf("fill %s: %v", table, err)
		}
	}
}

// old is how many old rows are left in each table.
func (r rows) old(at time.Time) map[string]int {
	r.t.Helper()
	left := map[string]int{}
	for table, column := range map[string]string{"events": "at", "idempotency": "created_at", "log_in_failures": "failed_at", "queue_pick_ups": "picked_at", "deliveries": "created_at",
		"session_keys": "expires_at", "tokens": "revoked_at", "consoles": "seen_at"} {
		n := 0
		if err := r.db.QueryRow(`SELECT COUNT(*) FROM `+table+` WHERE `+column+` = $1`, at.UnixMilli()).Scan(&n); err != nil {
			r.t.Fatal(err)
		}
		left[table] = n
	}
	return left
}

// However many old rows are due, no write removes more than a few, and others are answered before all are gone.
func TestOldRowsGoALittleAtATime(t *testing.T) {
	const many = 2*store.ForgottenAtOnce + 7
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, at := d.LogIn("ana"), clock.Now()
		grow(t, data.db, many, ana, at)
		clock.Advance(desk.ConsoleForgottenAfter + time.Second)
		d.OpenSession(d.LogIn("ana"), "") // what is young stays
		young := must(d.LastEvent(t.Context()))
		before, writes, all := data.old(at), 0, 0
		if before["tokens"] != many || before["events"] < many || before["consoles"] != 51 {
			t.Fatalf("there are %v", before)
		}
		for err := range store.Forgetting(t.Context(), d.Store) {
			ok(t, err)
			ok(t, d.Ready(t.Context())) // a write of somebody else
			after, removed := data.old(at), 0
			for table, n := range before {
				removed += n - after[table]
			}
			if removed > store.ForgottenAtOnce {
				t.Errorf("%d at once: %v, then %v", removed, before, after)
			}
			before, all, writes = after, all+removed, writes+1
		}
		for table, n := range data.old(at) {
			if n != 0 {
				t.Errorf("%d are left in %s", n, table)
			}
		}
		if writes < 7*3 || all < 7*2*store.ForgottenAtOnce {
			t.Errorf("%d went in %d writes", all, writes)
		}
		if last := must(d.LastEvent(t.Context())); last < young {
			t.Errorf("the log ends at %d, and ended at %d", last, young)
		}
	})
}

// A store that closes does not wait until all old rows are gone.
func TestOldRowsWaitWhenTheStoreCloses(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, at := d.LogIn("ana"), clock.Now()
		grow(t, data.db, 2*store.ForgottenAtOnce, ana, at)
		clock.Advance(desk.EventRetention + time.Second)
		ctx, closes := context.WithCancel(t.Context())
		defer closes()
		for err := range store.Forgetting(ctx, d.Store) {
			ok(t, err)
			closes()
		}
		err := d.RemoveOldRows(ctx)
		if left := data.old(at); !errors.Is(err, context.Canceled) || left["events"] < store.ForgottenAtOnce || left["idempotency"] != 2*store.ForgottenAtOnce {
			t.Errorf("%v, with %v left", err, left)
		}
	})
}

// The housekeeping removes old rows by itself, soon after the start and every hour.
func TestOldRowsAreRemovedEveryHour(t *testing.T) {
	file := filepath.Join(t.TempDir(), "repdesk.db")
	synctest.Test(t, func(t *testing.T) {
		s := must(store.Open(t.Context(), store.Config{Database: file, Password: storetest.CheapPasswords, KeepEvents: time.Hour}))
		d := storetest.NewDesk(t, s)
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "")
		sub := must(d.Subscribe(t.Context(), ana))
		first := must(sub.Read(t.Context(), 0, nil, 1)).Cursor
		for _, step := range []struct {
			pass time.Duration
			kept bool
		}{{time.Hour, true}, {10 * time.Second, false}} {
			time.Sleep(step.pass)
			synctest.Wait()
			if _, err := sub.Read(t.Context(), first, nil, 1); (err == nil) != step.kept {
				t.Errorf("after %s: %v", step.pass, err)
			}
		}
		sub.Close()
		if got := must(s.Session(t.Context(), ana, session.ID)); got.ID != session.ID {
			t.Errorf("the session is %+v", got)
		}
		ok(t, s.Close())
	})
}
