package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// oldRowsEvery is how often rows that are kept only for a time are removed.
	oldRowsEvery = time.Hour
	// forgottenAtOnce is how many rows one write removes: some 5 ms of SQLite's one writer, for which all others wait meanwhile.
	forgottenAtOnce = 500
	// consolesForgottenAtOnce is the same of consoles, each of which ends with all that it shows.
	consolesForgottenAtOnce = 20
)

// oldRows forget what is kept only for a time, each as much of one kind as one write may, and say whether more may be due.
var oldRows = []func(*tx) (more bool, err error){(*tx).forgetEvents, (*tx).forgetAnswers, (*tx).forgetFailures, (*tx).forgetPickUps, (*tx).forgetConsoles,
	(*tx).forgetDeliveries, (*tx).forgetSessionKeys, (*tx).forgetTokens}

// RemoveOldRows forgets what is kept only for a time: events, kept answers, counts of wrong passwords, pick-ups, consoles that
// nobody sees any more, deliveries that are no part of an invitation's history, session keys, revoked tokens. However much is
// due, each write removes but a little, and what comes meanwhile is answered in between. It ends when nothing is due any more.
func (s *Store) RemoveOldRows(ctx context.Context) error {
	var failed error
	for err := range s.forgetting(ctx) {
		if failed = errors.Join(failed, err); errors.As(err, new(*storageError)) {
			break
		}
	}
	return errors.Join(failed, ctx.Err())
}

// forgetting removes old rows by one write at each step, and yields its fault, until nothing is due any more, or ctx ends.
func (s *Store) forgetting(ctx context.Context) iter.Seq[error] {
	return func(yield func(error) bool) {
		for _, forget := range oldRows {
			for more := true; more; {
				var err error
				if more, err = write(ctx, s, forget); !yield(err) || ctx.Err() != nil {
					return
				}
			}
		}
	}
}

// removeOldRows removes old rows and join grants' keys now and then, until ctx ends, beside the rest of the housekeeping: a
// million rows take ten seconds or more, and contacts have to be written in the meantime.
func (s *Store) removeOldRows(ctx context.Context) {
	for wait := contactsEvery; ; wait = oldRowsEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if err := errors.Join(s.RotateGrantKeys(ctx), s.RemoveOldRows(ctx)); err != nil && ctx.Err() == nil {
			s.log.Warn("remove old rows", "error", err)
		}
	}
}

// forget removes rows of a table that a condition finds by the time $1.
func (t *tx) forget(table, key, condition string, before time.Time) (more bool, err error) {
	n, err := t.exec(`DELETE FROM `+table+` WHERE `+key+` IN (SELECT `+key+` FROM `+table+` WHERE `+condition+` LIMIT $2)`, ms(before), forgottenAtOnce)
	return n == forgottenAtOnce, err
}

func (t *tx) forgetAnswers() (more bool, err error) {
	return t.forget("idempotency", "id", `created_at < $1`, t.now.Add(-KeptFor))
}

func (t *tx) forgetFailures() (more bool, err error) {
	return t.forget("log_in_failures", "username", `failed_at < $1`, t.now.Add(-desk.FailuresForgotten))
}

// forgetPickUps removes those of which no estimate is made any more.
func (t *tx) forgetPickUps() (more bool, err error) {
	return t.forget("queue_pick_ups", "id", `picked_at < $1`, t.now.Add(-desk.PickUpsKept))
}

// forgetDeliveries removes those that are no part of the history of an invitation or transfer, when nobody asks for them any
// more: the email that confirms extended availability has the link that switches it off, and is kept as long as it is on.
func (t *tx) forgetDeliveries() (more bool, err error) {
	return t.forget("deliveries", "id", `created_at < $1 AND substr(about, 1, 4) NOT IN ('inv_', 'trf_', 'spi_')
		AND NOT (channel = 'email' AND EXISTS (SELECT 1 FROM reps r WHERE r.id = deliveries.rep_id AND r.extended = 1))`, t.now.Add(-desk.DeliveriesKept))
}

func (t *tx) forgetSessionKeys() (more bool, err error) {
	return t.forget("session_keys", "id", `expires_at < $1`, t.now)
}

func (t *tx) forgetTokens() (more bool, err error) {
	return t.forget("tokens", "hash", `revoked_at > 0 AND revoked_at < $1`, t.now.Add(-desk.TokenUnusedFor))
}
