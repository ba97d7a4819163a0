package store

import (
	"context"
	"errors"
	"time"
)

// DoDue does what is due by now: because somebody is not there any more, because a customer left and does not come back, and
// because a session waits too long, or for nobody, or nobody hears of an invitation; and tells that reps went offline, and whether
// anybody is left who could accept an invitation. What is due is read from the tables each time, so no restart loses any of it. The
// housekeeping calls it every few seconds; with several servers on one database whoever comes first does it.
func (s *Store) DoDue(ctx context.Context) error {
	due, err := read(ctx, s, (*tx).due)
	errs := []error{err}
	for _, one := range due {
		// What is due can take long, and whoever comes back meanwhile is not lost.
		err := s.FlushContacts(ctx)
		if err == nil {
			err = alter(ctx, s, one)
		}
		errs = append(errs, err)
		if errors.As(err, new(*storageError)) || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// due lists what is due. Each looks again when it is done, under the session's lock.
func (t *tx) due() (all []func(*tx) error, err error) {
	for _, list := range []func(*tx) ([]func(*tx) error, error){(*tx).connectionsDue, (*tx).customersDue, (*tx).waitingDue, (*tx).nobodyDue, (*tx).unheardDue, (*tx).takersDue, (*tx).presencesDue} {
		some, err := list(t)
		if all = append(all, some...); err != nil {
			return all, err
		}
	}
	return all, nil
}

// outOfTouch is how long the housekeeping may not have looked, or not have got an answer, until nobody counts as lost from
// before: while the database is away, or the machine sleeps, no contact comes to be written.
const outOfTouch = 10 * contactsEvery

// doDue is DoDue as the housekeeping calls it, with all contacts written. last is when it last got an answer.
func (s *Store) doDue(ctx context.Context, last *time.Time) error {
	if now := s.cfg.Now(); now.Sub(*last) > outOfTouch {
		s.listens.Store(ms(now))
	}
	// A look at the database, before anything is done: whether that can be done is another matter.
	if _, err := lookUp(ctx, s, func(t *tx) (bool, error) { return t.exists(`SELECT 1 FROM settings WHERE name = 'server_id'`) }); err != nil {
		return err
	}
	err := s.DoDue(ctx)
	*last = s.cfg.Now()
	return err
}
