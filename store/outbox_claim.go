package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// DeliveriesReady is signalled after commits that made deliveries of the channel due.
func (s *Store) DeliveriesReady(channel desk.Channel) <-chan struct{} { return s.ready[channel] }

// NextDeliveryDue says when the next delivery of the channel falls due, and whether there is one.
func (s *Store) NextDeliveryDue(ctx context.Context, channel desk.Channel) (time.Time, bool, error) {
	due, err := lookUp(ctx, s, func(t *tx) (due int64, err error) {
		_, err = t.row(`SELECT due_at FROM deliveries WHERE channel = $1 AND due_at > 0 ORDER BY due_at LIMIT 1`, []any{string(channel)}, &due)
		return due, err
	})
	return time.UnixMilli(due), due > 0, err
}

// ClaimDeliveries hands up to limit due deliveries to a worker, for as long as the lease. One that the worker does not
// finish in time is handed out again: what was promised is sent, even if a worker or the server dies (G7). Those whose
// invitation is over are dropped on the way.
func (s *Store) ClaimDeliveries(ctx context.Context, channel desk.Channel, limit int, lease time.Duration) ([]desk.Job, error) {
	return write(ctx, s, func(t *tx) ([]desk.Job, error) {
		// Materialized: PostgreSQL may run a mere subquery several times, each passing over what the one before locked.
		claimed, err := list(t, `WITH due AS MATERIALIZED (SELECT id FROM deliveries WHERE channel = $3 AND due_at > 0 AND due_at <= $2 ORDER BY due_at, id LIMIT $4`+t.store.dialect.skip+`)
			UPDATE deliveries SET state = 'sending', due_at = $1, attempts = attempts + 1,
			tried_at = CASE WHEN tried_at = 0 THEN $2 ELSE tried_at + $2 - due_at END, updated_at = $2, rev = rev + 1
			WHERE id IN (SELECT id FROM due) RETURNING id`,
			[]any{ms(t.now.Add(lease)), ms(t.now), string(channel), limit}, func(scan scanner, id *string) error { return scan(id) })
		jobs := []desk.Job{}
		slices.Sort(claimed) // RETURNING has no order; ids are in the order of making
		for _, id := range claimed {
			if err != nil {
				break
			}
			var job desk.Job
			var why string
			if job, why, err = t.job(id); err != nil {
				break
			}
			switch {
			case why == noPushTarget && job.Purpose == desk.PurposeInvitation: // an email follows, as when FCM says so (G8)
				err = t.deliveryFailed(job, why)
			case why != "":
				err = t.settle(id, desk.DeliveryDropped, why)
			case job.HeldUntil.After(t.now):
				err = t.holdMail(id, job.HeldUntil)
			default:
				jobs = append(jobs, job)
			}
		}
		return jobs, err
	})
}

// ClockSetBack moves what is to be sent by a channel along with a clock that was set back: else it would wait until the
// clock is again where it was. A row that was written later than now says by how much.
func (s *Store) ClockSetBack(ctx context.Context, channel desk.Channel) error {
	return alter(ctx, s, func(t *tx) error {
		_, err := t.exec(`UPDATE deliveries SET due_at = due_at - (updated_at - $1), tried_at = CASE WHEN tried_at = 0 THEN 0 ELSE tried_at - (updated_at - $1) END,
			updated_at = $1 WHERE channel = $2 AND due_at > $1 AND due_at > 0 AND updated_at > $1`, ms(t.now), string(channel))
		t.wakeWorkers(channel)
		return err
	})
}

// TakeBackDeliveries makes due at once what a worker held when the server died. The server calls it at its start, before
// its own worker: of a file there is one server. On PostgreSQL another may be sending, and the lease decides.
func (s *Store) TakeBackDeliveries(ctx context.Context) error {
	if s.dialect.name != sqliteDialect.name {
		return nil
	}
	_, err := write(ctx, s, func(t *tx) (int64, error) {
		return t.exec(`UPDATE deliveries SET due_at = $1 WHERE channel IN ('fcm', 'email') AND due_at > 0 AND due_at > $1 AND state = 'sending'`, ms(t.now))
	})
	return err
}

// noPushTarget says that a device has no push target any more: FCM said that it is gone, it took it back, or another console
// has it.
const noPushTarget = "no_push_target"

// jobRow is a job as its rows say, with what decides whether it is still to be sent.
type jobRow struct {
	desk.Job
	kind, target string // the device's push target of now; "": it has none
	loggedOut    bool   // the console is gone
	embassy      bool   // A7 holds for the rep
}

func (t *tx) jobRow(id string) (job jobRow, err error) {
	var expires int64
	var by desk.Ref
	job.Delivery, err = t.deliveryWith(id, `d.expires_at, d.platform, d.push_kind, d.push_target, d.address, d.about, d.about_rev, d.session_id, d.reason, d.follows,
		COALESCE(NULLIF(d.locale, ''), r.locale), r.time_zone, r.embassy, `+alertColumns+`,
		COALESCE(b.id, ''), COALESCE(b.name, ''), COALESCE(c.push_kind, ''), COALESCE(c.push_target, ''), d.console_id <> '' AND c.id IS NULL`,
		` LEFT JOIN consoles c ON c.id = d.console_id AND c.rep_id = d.rep_id LEFT JOIN reps b ON b.id = d.by_id`,
		slices.Concat([]any{&expires, &job.Platform, &job.PushKind, &job.PushTarget, &job.Address, &job.Key, &job.KeyRev, &job.Session.ID, &job.Reason, &job.Follows,
			&job.Locale, &job.TimeZone, &job.embassy}, alertFields(&job.Alerts), []any{&by.ID, &by.Name, &job.kind, &job.target, &job.loggedOut})...)
	job.ServerID, job.ExpiresAt, job.By = t.store.serverID, time.UnixMilli(expires), refOrNil(by)
	return job, err
}

// job gathers what the message needs. A reason says that nothing is to be sent any more.
func (t *tx) job(id string) (_ desk.Job, why string, err error) {
	row, err := t.jobRow(id)
	if err != nil {
		return row.Job, "", err
	}
	job := &row.Job
	if why, err := t.tellsOf(job, row.loggedOut); err != nil || why != "" {
		return *job, why, err
	}
	if job.Specialist != nil { // no rep is told
		return *job, "", nil
	}
	if job.Attempts > 1 {
		if over, err := t.takenBack(*job); err != nil || over {
			return *job, "over", err
		}
	}
	switch {
	case row.target != "":
		job.PushKind, job.PushTarget = row.kind, row.target
	case job.Channel == desk.ChannelFCM && job.Purpose != desk.PurposeWithdrawal && job.Purpose != desk.PurposeSignedOut:
		return *job, noPushTarget, nil
	}
	if row.embassy {
		o, err := t.outlook(job.Rep.ID)
		if err != nil {
			return *job, "", err
		}
		job.SeenThrough(o)
	}
	if job.Channel == desk.ChannelEmail {
		why, err = t.mailJob(job)
		return *job, why, err
	}
	job.Badge, err = t.badge(job.Rep.ID, "")
	return *job, "", err
}

// takenBack says whether a push was withdrawn after it was queued, while a worker held it, so that it is not to be tried again:
// nothing would withdraw it then. What comes to the device again is queued anew.
func (t *tx) takenBack(job desk.Job) (bool, error) {
	if job.Channel != desk.ChannelFCM || job.Purpose == desk.PurposeWithdrawal {
		return false, nil
	}
	return t.exists(`SELECT 1 FROM deliveries w WHERE w.about = $1 AND w.console_id = $2 AND w.rep_id = $3 AND w.purpose = 'withdrawal' AND w.state <> 'dropped' AND w.id > $4 LIMIT 1`,
		job.Key, idOf(job.Console), job.Rep.ID, job.ID)
}

// mailJob completes the job of an email: whether the rep still takes it, and when.
func (t *tx) mailJob(job *desk.Job) (why string, err error) {
	to, err := t.addressee(job.Rep.ID)
	if err != nil || !to.takes(job.Reason) {
		return "over", err
	}
	job.LinkToken = t.store.linkToken(job.ID)
	if job.Purpose != desk.PurposeExtendedAvailability { // which the rep has just asked for
		job.HeldUntil = to.due(job.Reason, t.now)
	}
	if job.Purpose == desk.PurposeInvitation {
		job.Customer, err = t.customerInEmail(job.Invitation.Session.ID)
	}
	return "", err
}

// tellsOf completes a job by what it tells of.
func (t *tx) tellsOf(job *desk.Job, loggedOut bool) (why string, err error) {
	switch {
	case job.SpecialistInvitationID != "":
		return t.specialistJob(job)
	case job.Purpose != desk.PurposeWithdrawal && !job.Alerts.Wants(job.Purpose, job.Reason): // since it was queued
		return "switched_off", nil
	case job.OfferID() != "":
		return t.invitationJob(job, loggedOut)
	case job.Purpose != desk.PurposeWithdrawal && !t.now.Before(job.ExpiresAt): // what nobody answers is soon worth nothing
		return "expired", nil
	case strings.HasSuffix(job.Key, stateKey):
		return t.sessionJob(job)
	case job.Purpose == desk.PurposeSignedOut:
		return t.signedOutJob(job)
	case strings.HasSuffix(job.Key, chatKey):
		return t.messageJob(job)
	case strings.HasPrefix(job.Key, "qen_"):
		return t.queueJob(job)
	}
	return "", nil
}

// invitationJob completes a job that tells of an invitation or transfer, or withdraws it.
func (t *tx) invitationJob(job *desk.Job, loggedOut bool) (why string, err error) {
	id := job.OfferID()
	inv, err := t.invitation(id)
	if err != nil {
		return "", err
	}
	seat, err := t.seatOf(inv.Session.ID, job.Rep.ID)
	if err != nil {
		return "", err
	}
	inside := seat.ID != "" && (!inv.IsTransfer() || seat.Role == desk.AttendeeOwner)
	if job.Purpose != desk.PurposeWithdrawal && (!inv.Active() || declined(inv, job.Rep.ID) || inside) {
		return "over", nil
	}
	if job.Follows != "" {
		if over, err := t.followUpOver(job, inv, inside); err != nil || over {
			return "over", err
		}
	}
	job.KeyRev, job.Ends = inv.Rev, purposeOf(inv)
	if job.Purpose == desk.PurposeWithdrawal && job.Channel == desk.ChannelFCM && inv.Active() {
		if again, err := t.toldAgain(job); err != nil || again {
			return "over", err
		}
	}
	job.Invitation = inv.ForInvited(job.Rep.ID)
	if job.Purpose == desk.PurposeWithdrawal && inv.Active() {
		job.Invitation.State, job.Invitation.Reason = overForOne(job.Invitation, loggedOut, inside)
	}
	job.Invitation.Session.Issue = inv.Session.Issue
	return "", nil
}

// toldAgain says whether news of what a withdrawal takes back came to the device after it, and takes its place.
func (t *tx) toldAgain(job *desk.Job) (bool, error) {
	return t.exists(`SELECT 1 FROM deliveries n WHERE n.about = $1 AND n.console_id = $2 AND n.purpose = $3 AND n.id > $4 AND n.state NOT IN ('dropped', 'failed') LIMIT 1`,
		job.Key, idOf(job.Console), string(job.Ends), job.ID)
}

// overForOne says why an invitation that stands for others is over on a device.
func overForOne(mine desk.Invitation, loggedOut, inside bool) (desk.InvitationState, desk.EndReason) {
	reason := desk.EndTargetGone // the rep left the team
	switch {
	case mine.DeclinedByMe:
		reason = desk.EndDeclined
	case loggedOut:
		reason = desk.EndLoggedOut
	case inside:
		reason = desk.EndJoinedOtherwise
	}
	return reason.State(), reason
}

// customerInEmail is what the portal lets an email say of the customer (G2).
func (t *tx) customerInEmail(sessionID string) (*desk.Customer, error) {
	s, err := t.session(sessionID)
	if err != nil {
		return nil, err
	}
	switch *s.Settings.CustomerInEmail {
	case "all":
		return &s.Customer, nil
	case "name":
		return &desk.Customer{Name: s.Customer.Name}, nil
	}
	return nil, nil
}
