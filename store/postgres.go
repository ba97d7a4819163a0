package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// postgresTries bounds how often a transaction that PostgreSQL undid is run again.
	postgresTries = 12
	// postgresConns is the most connections that one server holds; PostgreSQL allows 100 to all by default.
	postgresConns = 24
)

// postgresEngine is a PostgreSQL database, which several servers may share.
type postgresEngine struct {
	db *sql.DB
}

func openPostgres(ctx context.Context, url string) (*postgresEngine, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	if err := migrate(ctx, db, postgresDialect); err != nil {
		_ = db.Close()
		return nil, err
	}
	return &postgresEngine{db: db}, nil
}

func (e *postgresEngine) close() error { return e.db.Close() }

// write runs fn in an ordinary transaction; rows that must not change meanwhile are locked by the statements that read
// them. A transaction that PostgreSQL undid because of another one runs again.
func (e *postgresEngine) write(ctx context.Context, s *Store, fn func(*tx) error) error {
	for try := 1; ; try++ {
		t := &tx{store: s, now: s.cfg.Now()}
		err := e.transact(ctx, t, nil, fn)
		if errors.As(err, new(inDoubt)) {
			t.wake.counted = nil // to wake somebody for nothing does no harm
		}
		if err == nil || errors.As(err, new(inDoubt)) {
			s.committed(t.wake)
			return err
		}
		if !mayRetry(err) || try == postgresTries {
			return err
		}
		pause := time.NewTimer(rand.N(time.Duration(try) * 5 * time.Millisecond))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

func (e *postgresEngine) read(ctx context.Context, s *Store, fn func(*tx) error) error {
	t := &tx{store: s, now: s.cfg.Now(), reads: true}
	return e.transact(ctx, t, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

func (e *postgresEngine) lookUp(ctx context.Context, s *Store, fn func(*tx) error) error {
	t := &tx{store: s, on: &postgresTx{ctx: ctx, tx: e.db}, now: s.cfg.Now(), reads: true}
	return t.run(fn)
}

func (e *postgresEngine) transact(ctx context.Context, t *tx, opts *sql.TxOptions, fn func(*tx) error) error {
	sqlTx, err := e.db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	t.on = &postgresTx{ctx: ctx, tx: sqlTx}
	if err := t.run(fn); err != nil {
		if rollbackErr := sqlTx.Rollback(); rollbackErr != nil && ctx.Err() == nil {
			return fmt.Errorf("%w (and rolling back: %v)", err, rollbackErr)
		}
		return err
	}
	err = sqlTx.Commit()
	if err != nil && !t.reads && !errors.As(err, new(*pgconn.PgError)) && !errors.Is(err, sql.ErrTxDone) {
		return inDoubt{err}
	}
	return err
}

// inDoubt is the fault of a commit that got no answer: PostgreSQL may have made it.
type inDoubt struct{ error }

func (e inDoubt) Unwrap() error { return e.error }

// postgresTx runs statements, in a transaction but for look-ups; pgx keeps them prepared on its connections.
type postgresTx struct {
	ctx context.Context
	tx  interface { // *sql.Tx, or *sql.DB for a single statement
		QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
		ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error)
	}
}

func (p *postgresTx) query(q string, args []any) (*sql.Rows, error) {
	return p.tx.QueryContext(p.ctx, q, args...)
}

func (p *postgresTx) exec(q string, args []any) (sql.Result, error) {
	return p.tx.ExecContext(p.ctx, q, args...)
}
