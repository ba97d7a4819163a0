package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/repdesk/repdesk/store/desk"
)

// NewCode draws a specialist's code.
func NewCode() string { return drawText(desk.CodeAlphabet, desk.CodeDigits) }

// NewSessionKey draws a session key.
func NewSessionKey() string { return drawText(desk.SessionKeyAlphabet, desk.SessionKeyLength) }

// QueueDrift says what of a session does not stand in queues as it should, or stands there with something else.
func QueueDrift(ctx context.Context, s *Store, sessionID string) (drift []string, err error) {
	stands, err := read(ctx, s, func(t *tx) ([]stand, error) { return list(t, standing, []any{sessionID}, scanStand) })
	for _, p := range stands {
		was, now := p.was, p.now
		if was.queueID != now.queueID || was.offerID != now.offerID || was.Kind != now.Kind || was.CameBy != now.CameBy || was.waiting != now.waiting || was.keys != now.keys {
			drift = append(drift, fmt.Sprintf("%+v stands, and it should be %+v", was, now))
		}
	}
	return drift, err
}

// Counter counts what a store asks of its database in the reading transactions of one context.
type Counter struct {
	Transactions, Statements atomic.Int64
}

// Take returns the counts since the last call.
func (c *Counter) Take() (transactions, statements int64) {
	return c.Transactions.Swap(0), c.Statements.Swap(0)
}

type counterKey struct{}

// Counting is a context whose reads are counted, on a store that CountReads has been asked of: what the store reads by itself
// meanwhile is not.
func Counting(ctx context.Context) (context.Context, *Counter) {
	counter := &Counter{}
	return context.WithValue(ctx, counterKey{}, counter), counter
}

// CountReads is an option that puts a counter between a store and its engine.
func CountReads(cfg *Config) {
	cfg.over = func(e engine) engine { return countingEngine{e} }
}

type countingEngine struct{ engine }

func (e countingEngine) read(ctx context.Context, s *Store, fn func(*tx) error) error {
	counter, _ := ctx.Value(counterKey{}).(*Counter)
	if counter == nil {
		return e.engine.read(ctx, s, fn)
	}
	counter.Transactions.Add(1)
	return e.engine.read(ctx, s, func(t *tx) error {
		t.on = &countingExecutor{t.on, counter}
		return fn(t)
	})
}

type countingExecutor struct {
	executor
	counter *Counter
}

func (x *countingExecutor) query(q string, args []any) (*sql.Rows, error) {
	x.counter.Statements.Add(1)
	return x.executor.query(q, args)
}

// Forgetting removes old rows write by write.
func Forgetting(ctx context.Context, s *Store) iter.Seq[error] { return s.forgetting(ctx) }

// ForgottenAtOnce is how many old rows one write removes.
const ForgottenAtOnce = forgottenAtOnce

// MaxFollowed is how many changes of a queue its remembered line follows one by one.
const MaxFollowed = maxFollowed

// ReadAtOnce is how many bytes of events are read at once.
const ReadAtOnce = readAtOnce
