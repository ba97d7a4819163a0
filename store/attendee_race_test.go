package store_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// heldSession is a session of which another server is changing something, on PostgreSQL.
type heldSession struct {
	t  *testing.T
	tx *sql.Tx
	db *sql.DB
}

// hold locks a session as every change of one does, then runs the statements.
func hold(t *testing.T, database string, s desk.Session, statements ...string) heldSession {
	t.Helper()
	return holdRows(t, database, append([]string{`SELECT id FROM sessions WHERE id = '` + s.ID + `' FOR NO KEY UPDATE`}, statements...)...)
}

// holdRows runs statements, and keeps what they lock until it is let go.
func holdRows(t *testing.T, database string, statements ...string) heldSession {
	t.Helper()
	db := must(sql.Open("pgx", database))
	t.Cleanup(func() { _ = db.Close() })
	h := heldSession{t, must(db.Begin()), db}
	t.Cleanup(func() { _ = h.tx.Rollback() })
	for _, statement := range statements {
		if _, err := h.tx.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// letGo commits once somebody waits for a lock, and then what they did is awaited.
func (h heldSession) letGo(done <-chan error) {
	h.t.Helper()
	h.waitedFor()
	ok(h.t, h.tx.Commit())
	ok(h.t, <-done)
}

// waitedFor returns once somebody waits for a lock.
func (h heldSession) waitedFor() {
	h.t.Helper()
	for waiting, tries := 0, 0; waiting == 0; tries++ {
		if tries > 1000 {
			h.t.Fatal("nobody waited for the session")
		}
		time.Sleep(5 * time.Millisecond)
		if err := h.db.QueryRow(`SELECT COUNT(*) FROM pg_locks l JOIN pg_database d ON d.datname = current_database() JOIN pg_stat_activity a ON a.pid = l.pid AND a.datname = d.datname WHERE NOT l.granted`).Scan(&waiting); err != nil {
			h.t.Fatal(err)
		}
	}
}

// expectedSeat has ben hold a seat by an email's link in a session of ana's.
func expectedSeat(t *testing.T, database string, clock *storetest.Clock) (d *storetest.Desk, owner desk.Caller, s desk.Session, seat desk.Attendee) {
	t.Helper()
	d = storetest.NewDesk(t, storetest.Open(t, database, clock))
	owner, s, token := invitedByLink(t, d)
	ok(t, try(d.AnswerInvitationLink(t.Context(), token, store.LinkAccept)))
	for _, a := range must(d.Attendees(t.Context(), owner, s.ID)) {
		if a.Expected {
			return d, owner, s, a
		}
	}
	t.Fatal("no seat is expected")
	return d, owner, s, seat
}

// invitedByLink is the link of an email that invited ben.
func invitedByLink(t *testing.T, d *storetest.Desk) (owner desk.Caller, s desk.Session, token string) {
	t.Helper()
	extended(t, d, "ben")
	owner = d.LogIn("ana")
	s = d.OpenSession(owner, "@main")
	inviteRep(t, d, owner, s, "ben")
	jobs := claim(t, d, desk.ChannelEmail)
	if len(jobs) != 1 {
		t.Fatalf("%d emails went out, want 1", len(jobs))
	}
	return owner, s, jobs[0].LinkToken
}

// G2, C5: what the owner changes of an expected rep at the instant that a console of theirs comes is not undone by that.
func TestArrivalAgainstChangeOfAccess(t *testing.T) {
	database := storetest.Postgres(t)
	d, owner, s, seat := expectedSeat(t, database, storetest.NewClock())
	held := hold(t, database, s, `UPDATE attendees SET access = 'view', masked = 1, rev = rev + 1 WHERE id = '`+seat.ID+`'`)
	done := make(chan error, 1)
	go func() {
		_, err := d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password})
		done <- err
	}()
	held.letGo(done)
	if a := seatOf(t, d, owner, s, seat.RepID); a == nil || a.Access != desk.View || !a.Masked || a.Expected {
		t.Errorf("after the arrival: %+v", a)
	}
}

// C9, G2: a rep who is made the owner at the instant that a console of theirs comes stays the owner.
func TestArrivalAgainstOwnership(t *testing.T) {
	database := storetest.Postgres(t)
	d, _, s, seat := expectedSeat(t, database, storetest.NewClock())
	held := hold(t, database, s, `UPDATE attendees SET role = 'rep' WHERE role = 'owner' AND session_id = '`+s.ID+`'`,
		`UPDATE attendees SET role = 'owner', expected_until = 0 WHERE id = '`+seat.ID+`'`, `UPDATE sessions SET owner_id = '`+seat.RepID+`' WHERE id = '`+s.ID+`'`)
	done := make(chan error, 1)
	go func() {
		_, err := d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password})
		done <- err
	}()
	held.letGo(done)
	if a := seatOf(t, d, d.LogIn("hal"), s, seat.RepID); a == nil || a.Role != desk.AttendeeOwner {
		t.Errorf("after the arrival: %+v", a)
	}
}

// G2: a rep whose console comes at the instant that the seat is freed keeps it.
func TestArrivalAgainstFreeing(t *testing.T) {
	database := storetest.Postgres(t)
	clock := storetest.NewClock()
	d, owner, s, seat := expectedSeat(t, database, clock)
	clock.Advance(desk.ExpectedFor + time.Second)
	held := hold(t, database, s, `UPDATE attendees SET expected_until = 0, rev = rev + 1 WHERE id = '`+seat.ID+`'`)
	done := make(chan error, 1)
	go func() { done <- d.FreeExpectedSeats(t.Context()) }()
	held.letGo(done)
	if a := seatOf(t, d, owner, s, seat.RepID); a == nil {
		t.Error("the seat was freed")
	}
}
