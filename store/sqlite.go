package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
)

const (
	// batchLimit is the most writes in one commit: 128 reached 60,000 small writes a second on two cores where one
	// a commit reached 4,000; more brings little and makes the first in the batch wait.
	batchLimit = 128
	// readers is the number of connections for reading. Reads are short and on the processor; a few more than cores.
	readers = 6
)

// sqliteEngine is a SQLite file: one goroutine writes, committing many writes at once; a few connections read.
type sqliteEngine struct {
	writerDB, readerDB *sql.DB
	writer             *cachedConn
	readers            chan *cachedConn
	opened             int // of them
	queue              chan *writeOp
	stopped            chan struct{} // closed when the writer has ended
	mu                 sync.RWMutex  // held for reading while queueing, so that close can wait
	closed             bool
	log                *slog.Logger
}

// The states of a queued write. Its caller and the writer race for it: who moves it out of queued decides whether it
// runs; the loser waits for the truth.
const (
	opQueued int32 = iota
	opRunning
	opCancelled
)

type writeOp struct {
	store *Store
	fn    func(*tx) error
	state atomic.Int32
	done  chan error
	tx    *tx
	err   error
}

func openSQLite(ctx context.Context, file string, log *slog.Logger, prepared func(string), wrote func(string, []any)) (_ *sqliteEngine, err error) {
	e := &sqliteEngine{readers: make(chan *cachedConn, readers), queue: make(chan *writeOp, batchLimit), stopped: make(chan struct{}), log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.closeFiles())
		}
	}()
	if err = makePrivate(file); err != nil {
		return nil, err
	}
	syncData()
	if e.writerDB, err = sql.Open("sqlite", sqliteDSN(file, false)); err != nil {
		return nil, err
	}
	e.writerDB.SetMaxOpenConns(1)
	if err = migrate(ctx, e.writerDB, sqliteDialect); err != nil {
		return nil, err
	}
	if e.writer, err = newCachedConn(e.writerDB, prepared); err != nil {
		return nil, err
	}
	e.writer.ran = wrote
	if e.readerDB, err = sql.Open("sqlite", sqliteDSN(file, true)); err != nil {
		return nil, err
	}
	for range readers {
		conn, err := newCachedConn(e.readerDB, prepared)
		if err != nil {
			return nil, err
		}
		conn.work = make(chan func())
		go conn.runWork()
		e.readers <- conn
		e.opened++
	}
	go e.loop()
	return e, nil
}

// makePrivate makes a database that is not there yet readable by its owner alone: it holds push targets and the secret
// behind the links in emails. SQLite gives its side files the same mode.
func makePrivate(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// syncData has a commit wait for its data and the length of the file, and not for the time of the file as well, which nobody
// reads: as durable, and what SQLite does where it is built for Linux. Where the system has no such call it syncs it all.
func syncData() {
	_, _ = sqlite.Fdatasync(true)
}

func (e *sqliteEngine) close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	close(e.queue)
	e.mu.Unlock()
	<-e.stopped
	return e.closeFiles()
}

func (e *sqliteEngine) closeFiles() error {
	var errs []error
	for range e.opened { // those too that somebody reads on yet
		errs = append(errs, (<-e.readers).close())
	}
	if e.writer != nil {
		errs = append(errs, e.writer.close())
	}
	for _, db := range []*sql.DB{e.readerDB, e.writerDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// write queues fn and waits until it is committed. A caller who goes away while it is still queued takes it back;
// once it runs, the caller is told what became of it.
func (e *sqliteEngine) write(ctx context.Context, s *Store, fn func(*tx) error) error {
	op := &writeOp{store: s, fn: fn, done: make(chan error, 1)}
	if err := e.enqueue(ctx, op); err != nil {
		return err
	}
	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
		if op.state.CompareAndSwap(opQueued, opCancelled) {
			return ctx.Err()
		}
		return <-op.done
	}
}

func (e *sqliteEngine) enqueue(ctx context.Context, op *writeOp) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return sql.ErrConnDone
	}
	select {
	case e.queue <- op:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *sqliteEngine) read(ctx context.Context, s *Store, fn func(*tx) error) error {
	return e.onReader(ctx, s, func(t *tx) error {
		if _, err := t.on.exec("BEGIN", nil); err != nil {
			return err
		}
		err := t.run(fn)
		if _, endErr := t.on.exec("ROLLBACK", nil); endErr != nil && err == nil {
			err = endErr
		}
		return err
	})
}

func (e *sqliteEngine) lookUp(ctx context.Context, s *Store, fn func(*tx) error) error {
	return e.onReader(ctx, s, func(t *tx) error { return t.run(fn) })
}

func (e *sqliteEngine) onReader(ctx context.Context, s *Store, fn func(*tx) error) error {
	var conn *cachedConn
	select {
	case conn = <-e.readers:
	case <-e.stopped:
		return sql.ErrConnDone
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { e.readers <- conn }()
	return conn.apart(func() error { return fn(&tx{store: s, on: conn, now: s.cfg.Now(), reads: true}) })
}

// loop is the writer: it takes what waits, up to batchLimit, and commits it at once.
func (e *sqliteEngine) loop() {
	defer close(e.stopped)
	batch := make([]*writeOp, 0, batchLimit)
	for op := range e.queue {
		batch = append(batch[:0], op)
		for len(batch) < batchLimit && len(e.queue) > 0 {
			batch = append(batch, <-e.queue)
		}
		e.commit(batch)
	}
}

// commit runs a batch in one transaction. Most writes that are refused have changed nothing by then; where one fails that
// has, the batch runs again with a savepoint around each, which copies all pages that they touch. When the transaction itself is lost (a
// full disk, an I/O error), every write of the batch runs again, alone, so that one cannot harm the others. When it could
// not begin, nothing ran, and trying again would make each wait in turn for a lock that somebody else holds.
func (e *sqliteEngine) commit(batch []*writeOp) {
	live := batch[:0]
	for _, op := range batch {
		if op.state.CompareAndSwap(opQueued, opRunning) {
			live = append(live, op)
		}
	}
	if len(live) == 0 {
		return
	}
	err := e.transact(live, e.together)
	if errors.Is(err, errSpoilt) {
		if len(live) == 1 && live[0].tx.err == nil { // refused, and nobody shared what is undone
			live[0].answer(live[0].err)
			return
		}
		err = e.transact(live, e.inSavepoint)
	}
	if err != nil && len(live) > 1 && !errors.As(err, new(notBegun)) {
		e.log.Warn("commit of a batch failed; its writes run again one by one", "writes", len(live), "error", err)
		for _, op := range live {
			op.answer(e.transact([]*writeOp{op}, e.inSavepoint))
		}
		return
	}
	for _, op := range live {
		op.answer(err)
	}
}

// answer tells the caller what became of its write, after waking those who wait for it.
func (op *writeOp) answer(lost error) {
	if lost != nil {
		op.done <- lost
		return
	}
	if op.err == nil {
		op.store.committed(op.tx.wake)
	}
	op.done <- op.err
}

// transact runs the writes, each by run, and commits. Its error says that the whole transaction is gone.
func (e *sqliteEngine) transact(ops []*writeOp, run func(*writeOp) error) error {
	if _, err := e.writer.exec("BEGIN IMMEDIATE", nil); err != nil {
		return e.abandon(notBegun{err})
	}
	for _, op := range ops {
		if err := run(op); err != nil {
			return e.abandon(err)
		}
	}
	if _, err := e.writer.exec("COMMIT", nil); err != nil {
		return e.abandon(err)
	}
	ops[0].store.metrics.commitWrites.Observe(float64(len(ops)))
	return nil
}

// notBegun is the fault of a transaction that could not begin.
type notBegun struct{ error }

func (e notBegun) Unwrap() error { return e.error }

// errSpoilt says that a write failed after it had changed something in the transaction that it shared with others.
var errSpoilt = errors.New("a write failed halfway")

// together runs one write among others. One that fails may have done nothing but read, else the transaction is spoilt.
func (e *sqliteEngine) together(op *writeOp) error {
	if e.attempt(op); op.err != nil && (op.tx.wrote || op.tx.err != nil) { // a statement's fault may have undone everything
		return errSpoilt
	}
	return nil
}

// inSavepoint runs one write. Its own failure stays in op.err; the returned error says that the transaction is gone.
func (e *sqliteEngine) inSavepoint(op *writeOp) error {
	if _, err := e.writer.exec("SAVEPOINT one", nil); err != nil {
		return err
	}
	if e.attempt(op); op.err != nil {
		if _, err := e.writer.exec("ROLLBACK TO one", nil); err != nil {
			return fmt.Errorf("%w (after %w)", op.err, err)
		}
	}
	_, err := e.writer.exec("RELEASE one", nil)
	return err
}

func (e *sqliteEngine) attempt(op *writeOp) {
	op.tx = &tx{store: op.store, on: e.writer, now: op.store.cfg.Now()}
	op.err = op.tx.run(op.fn)
}

// abandon leaves the connection ready for the next transaction, whatever state it is in.
func (e *sqliteEngine) abandon(cause error) error {
	_, _ = e.writer.exec("ROLLBACK", nil) // fails where the engine has rolled back by itself
	return cause
}

// cachedConn is one connection that keeps its statements prepared: SQLite would parse them anew each time. It is used
// by one goroutine at a time. No caller's context reaches the statements, because an interrupt may cost the connection.
type cachedConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	told  func(sql string)             // of each statement, once; nil: nobody
	ran   func(sql string, args []any) // of each that runs; nil: nobody
	work  chan func()                  // of a reader: what its own goroutine is to do
}

func newCachedConn(db *sql.DB, told func(string)) (*cachedConn, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return &cachedConn{conn: conn, stmts: map[string]*sql.Stmt{}, told: told}, nil
}

// apart runs fn on the connection's own goroutine and waits for it. SQLite in Go wants 32 KiB of stack, which a goroutine
// keeps that once had it: a server has thousands of open streams, and few connections.
func (c *cachedConn) apart(fn func() error) error {
	done := make(chan error, 1)
	c.work <- func() { done <- fn() }
	return <-done
}

func (c *cachedConn) runWork() {
	for do := range c.work {
		do()
	}
}

func (c *cachedConn) close() error {
	if c.work != nil {
		close(c.work)
	}
	var errs []error
	for _, stmt := range c.stmts {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

func (c *cachedConn) prepared(q string) (*sql.Stmt, error) {
	if stmt, ok := c.stmts[q]; ok {
		return stmt, nil
	}
	stmt, err := c.conn.PrepareContext(context.Background(), q)
	if err != nil {
		return nil, err
	}
	c.stmts[q] = stmt
	if c.told != nil {
		c.told(q)
	}
	return stmt, nil
}

// runs is the statement that is about to be run.
func (c *cachedConn) runs(q string, args []any) (*sql.Stmt, error) {
	if c.ran != nil {
		c.ran(q, args)
	}
	return c.prepared(q)
}

func (c *cachedConn) query(q string, args []any) (*sql.Rows, error) {
	stmt, err := c.runs(q, args)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(context.Background(), args...)
}

func (c *cachedConn) exec(q string, args []any) (sql.Result, error) {
	stmt, err := c.runs(q, args)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(context.Background(), args...)
}
