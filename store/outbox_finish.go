package store

import (
	"context"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// FinishDelivery records what became of an attempt: sent; dead, which removes the target, or sends to the new one if a
// refresh came between; failed, which an email follows; or to be tried again after a pause that grows, with jitter in
// [0, 1), until it was tried for desk.RetryWindow (G8).
//
// Only time in which it could be tried counts: not what passes between the moment when it is due, or its lease ends, and
// the next step. So a server that was down, or a clock that jumps ahead, gives nothing up.
func (s *Store) FinishDelivery(ctx context.Context, job desk.Job, o desk.Outcome, jitter float64) error {
	return alter(ctx, s, func(t *tx) error {
		if o.Kind == desk.OutcomeDone {
			return t.sent(job)
		}
		var triedAt, leased int64
		held, err := t.row(`SELECT tried_at, due_at FROM deliveries WHERE id = $1 AND state = 'sending' AND attempts = $2`+t.forUpdate(),
			[]any{job.ID, job.Attempts}, &triedAt, &leased)
		if err != nil || !held { // acknowledged by the device already, or the lease ran out and somebody else has it
			return err
		}
		return t.finish(job, o, jitter, triedAt+max(ms(t.now)-leased, 0))
	})
}

// sent is the ordinary end, in one statement: nothing changes where the device was faster to acknowledge, or somebody
// else holds the delivery by now.
func (t *tx) sent(job desk.Job) error {
	n, err := t.exec(`UPDATE deliveries SET state = 'sent', error = '', due_at = 0, updated_at = $1, rev = rev + 1 WHERE id = $2 AND state = 'sending' AND attempts = $3`,
		ms(t.now), job.ID, job.Attempts)
	if err != nil || n == 0 {
		return err
	}
	return t.tellDelivery(job.ID)
}

// finish ends an attempt that did not succeed. The delivery is tried since then, in ms.
func (t *tx) finish(job desk.Job, o desk.Outcome, jitter float64, since int64) error {
	pause := desk.RetryPause(job.Attempts, o, jitter)
	switch o.Kind {
	case desk.OutcomeTargetDead:
		removed, err := t.removeTarget(idOf(job.Console), job.Rep.ID, job.PushTarget)
		if err != nil {
			return err
		}
		renewed, err := t.exists(`SELECT 1 FROM consoles WHERE id = $1 AND rep_id = $2 AND push_target <> ''`, idOf(job.Console), job.Rep.ID)
		if err != nil {
			return err
		}
		if removed || !renewed {
			return t.deliveryFailed(job, o.Error)
		}
		pause = 0
	case desk.OutcomeRejected:
		return t.deliveryFailed(job, o.Error)
	}
	if over, err := t.dropIf(t.offerOver, job); err != nil || over {
		return err
	}
	if over, err := t.dropIf(t.takenBack, job); err != nil || over {
		return err
	}
	next := t.now.Add(pause)
	if next.Sub(time.UnixMilli(since)) > desk.RetryWindow {
		return t.deliveryFailed(job, "given_up")
	}
	if err := t.oneMessage(job); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE deliveries SET state = 'waiting', error = $1, due_at = $2, tried_at = $3, updated_at = $4, rev = rev + 1 WHERE id = $5`,
		o.Error, ms(next), since, ms(t.now), job.ID); err != nil {
		return err
	}
	t.countRetry(job.Channel, o)
	t.wakeWorkers(job.Channel) // to look at the clock anew
	return t.tellDelivery(job.ID)
}

// offerOver says whether what the job offers was over, or declined, while it was being sent.
func (t *tx) offerOver(job desk.Job) (bool, error) {
	switch {
	case job.SpecialistInvitationID != "":
		inv, err := t.specialistInvitation(job.SpecialistInvitationID)
		return !inv.Active(), err
	case job.Purpose == desk.PurposeInvitation || job.Purpose == desk.PurposeTransfer:
		inv, err := t.invitation(job.OfferID())
		return !inv.Active() || declined(inv, job.Rep.ID), err
	}
	return false, nil
}

// dropIf drops what is over.
func (t *tx) dropIf(isOver func(desk.Job) (bool, error), job desk.Job) (bool, error) {
	over, err := isOver(job)
	if err == nil && over {
		err = t.settle(job.ID, desk.DeliveryDropped, "over")
	}
	return over, err
}

// deliveryFailed gives a delivery up. A push of an invitation is followed by one email, if the rep has an address; the
// invitation stands (G8).
func (t *tx) deliveryFailed(job desk.Job, why string) error {
	if err := t.settle(job.ID, desk.DeliveryFailed, why); err != nil {
		return err
	}
	if job.Channel != desk.ChannelFCM || job.Purpose != desk.PurposeInvitation || job.Invitation.Portal != nil {
		return nil
	}
	return t.mailInvitation(job.OfferID(), job.Invitation.Reminders, job.Rep.ID, standsIn)
}

// ReleaseDelivery gives a claimed delivery back when the worker stops. One that was tried may have been sent, and still
// counts as an attempt: it is withdrawn when it is over.
func (s *Store) ReleaseDelivery(ctx context.Context, job desk.Job, tried bool) error {
	return alter(ctx, s, func(t *tx) error {
		t.wakeWorkers(job.Channel)
		held, err := t.row(`SELECT id FROM deliveries WHERE id = $1 AND state = 'sending' AND attempts = $2`+t.forUpdate(), []any{job.ID, job.Attempts}, new(string))
		if err != nil || !held {
			return err
		}
		if over, err := t.dropIf(t.takenBack, job); err != nil || over {
			return err
		}
		if err := t.oneMessage(job); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE deliveries SET state = 'waiting', due_at = $1, attempts = attempts - $4, updated_at = $1, rev = rev + 1
			WHERE id = $2 AND state = 'sending' AND attempts = $3`, ms(t.now), job.ID, job.Attempts, flag(!tried))
		return err
	})
}
