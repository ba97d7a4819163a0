package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// executor runs one statement: a SQLite connection with its prepared statements, or a PostgreSQL transaction.
type executor interface {
	query(q string, args []any) (*sql.Rows, error)
	exec(q string, args []any) (sql.Result, error)
}

// tx is one transaction. The first fault sticks: after it no further statement runs, because the engine may already
// have undone the transaction, and a further statement would then commit by itself.
type tx struct {
	store  *Store
	on     executor
	now    time.Time // the same throughout the transaction
	reads  bool      // a reading transaction, which locks nothing
	wrote  bool      // may have changed something
	err    error
	wake   wakeUp
	events []loggedEvent          // recorded, written at the end
	came   map[string][]string    // the reps who came into a session and are not told yet who else is in it, by its id
	queues map[string]*queueTouch // the sessions whose entries in queues may have changed, by id
}

// wakeUp collects whom to wake when the transaction is committed.
type wakeUp struct {
	events     bool
	deliveries map[desk.Channel]bool
	callers    bool            // who a token is may have changed
	here       bool            // somebody may have come or gone: logged in or out, into a team or under a portal, or in extended availability
	queues     map[string]bool // whose counts changed: of reps and teams
	counted    []func()        // for the metrics
}

// queue notes that the counts of a queue changed.
func (w *wakeUp) queue(id string) {
	if w.queues == nil {
		w.queues = map[string]bool{}
	}
	w.queues[id] = true
}

// row reads one row into dest and says whether there was one.
func (t *tx) row(q string, args []any, dest ...any) (bool, error) {
	found := false
	err := t.rows(q, args, func(scan scanner) error {
		found = true
		return scan(dest...)
	})
	return found, err
}

// scanner copies the columns of the current row.
type scanner func(dest ...any) error

// rows calls each for every row. The rows are always closed: open ones would keep the connection.
func (t *tx) rows(q string, args []any, each func(scanner) error) error {
	if t.err != nil {
		return t.err
	}
	t.wrote = t.wrote || !strings.HasPrefix(q, "SELECT") // RETURNING has rows too
	rows, err := t.on.query(q, args)
	if err != nil {
		return t.fail(q, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return t.fail(q, err)
		}
	}
	if err := rows.Err(); err != nil {
		return t.fail(q, err)
	}
	return nil
}

// list collects what scan makes of each row; it is never nil.
func list[T any](t *tx, q string, args []any, scan func(scanner, *T) error) ([]T, error) {
	items := []T{}
	err := t.rows(q, args, func(row scanner) error {
		var item T
		if err := scan(row, &item); err != nil {
			return err
		}
		items = append(items, item)
		return nil
	})
	return items, err
}

// one returns the one row that there is, or the refusal of what is not there.
func one[T any](t *tx, kind, q string, args []any, scan func(scanner, *T) error) (item T, err error) {
	found := false
	err = t.rows(q, args, func(row scanner) error {
		found = true
		return scan(row, &item)
	})
	if err == nil && !found {
		err = desk.Missing(kind)
	}
	return item, err
}

// exists says whether a query finds anything.
func (t *tx) exists(q string, args ...any) (bool, error) { return t.row(q, args, new(any)) }

// texts lists a column of texts, such as ids.
func (t *tx) texts(q string, args ...any) ([]string, error) {
	return list(t, q, args, func(scan scanner, text *string) error { return scan(text) })
}

// exec runs a statement and says how many rows it touched.
func (t *tx) exec(q string, args ...any) (int64, error) {
	if t.err != nil {
		return 0, t.err
	}
	t.wrote = true
	result, err := t.on.exec(q, args)
	if err != nil {
		return 0, t.fail(q, err)
	}
	return result.RowsAffected()
}

// forUpdate ends a SELECT whose rows are to stay as they are until the transaction ends; one that only reads locks nothing.
func (t *tx) forUpdate() string {
	if t.reads {
		return ""
	}
	return t.store.dialect.forUpdate
}

// forShare is forUpdate for several transactions at once.
func (t *tx) forShare() string {
	if t.reads {
		return ""
	}
	return t.store.dialect.forShare
}

func (t *tx) fail(q string, err error) error {
	t.err = fmt.Errorf("%w (in %.60q)", err, q)
	return t.err
}

// run calls fn, turning a panic into an error: one faulty request must not take down the writer and all who wait for it.
func (t *tx) run(fn func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if err := t.settleQueues(); err != nil {
		return err
	}
	if err := t.writeEvents(); err != nil {
		return err
	}
	return t.err
}

// write runs fn in one transaction and answers what it made, once that is on the disk. fn may run more than once and
// must not touch anything outside the transaction. With an Idempotency-Key in ctx the answer is kept in the same
// transaction, and given again to a repetition.
func write[T any](ctx context.Context, s *Store, fn func(*tx) (T, error)) (T, error) {
	var result T
	idem := idempotencyFrom(ctx)
	defer s.metrics.timeWrite(time.Now())
	err := s.engine.write(ctx, s, func(t *tx) (err error) {
		result, err = keeping(t, idem, fn)
		return err
	})
	var refusal *desk.Problem
	if err != nil && idem != nil && errors.As(err, &refusal) && keepsRefusal(refusal) {
		err = s.keepRefusal(ctx, idem, refusal)
	}
	if err != nil {
		var none T
		return none, s.fault(err)
	}
	return result, nil
}

// alter is write for what has nothing to answer.
func alter(ctx context.Context, s *Store, fn func(*tx) error) error {
	_, err := write(ctx, s, func(t *tx) (struct{}, error) { return struct{}{}, fn(t) })
	return err
}

// read runs fn on one consistent state of the database.
func read[T any](ctx context.Context, s *Store, fn func(*tx) (T, error)) (T, error) {
	return ask(ctx, s, s.engine.read, fn)
}

// readOrKeep is read for what answers a POST: it writes only to keep the answer for an Idempotency-Key.
func readOrKeep[T any](ctx context.Context, s *Store, fn func(*tx) (T, error)) (T, error) {
	if idempotencyFrom(ctx) != nil {
		return write(ctx, s, fn)
	}
	return read(ctx, s, fn)
}

// lookUp is read for a single statement, which is a consistent state by itself: it saves beginning and ending.
func lookUp[T any](ctx context.Context, s *Store, fn func(*tx) (T, error)) (T, error) {
	return ask(ctx, s, s.engine.lookUp, fn)
}

func ask[T any](ctx context.Context, s *Store, how func(context.Context, *Store, func(*tx) error) error, fn func(*tx) (T, error)) (result T, _ error) {
	err := how(ctx, s, func(t *tx) (err error) {
		result, err = fn(t)
		return err
	})
	if err != nil {
		var none T
		return none, s.fault(err)
	}
	return result, nil
}

// fault makes refusals of the faults that pass, and logs them, since the client is not told more.
func (s *Store) fault(err error) error {
	err = storageProblem(err)
	var storage *storageError
	if errors.As(err, &storage) {
		s.log.Warn("storage", "code", storage.problem.Code, "error", storage.cause)
	}
	return err
}

// committed counts what the transaction did, and wakes those who wait for what it wrote.
func (s *Store) committed(w wakeUp) {
	for _, count := range w.counted {
		count()
	}
	if w.callers {
		s.callers.changes.Add(1)
	}
	if w.here {
		s.here.changes.Add(1)
	}
	s.counts.changed(w.queues)
	if w.events && s.hub != nil {
		s.hub.wake()
	}
	for channel := range w.deliveries {
		select {
		case s.ready[channel] <- struct{}{}:
		default: // a signal is waiting already
		}
	}
}
