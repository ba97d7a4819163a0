package store

import (
	"context"
	"errors"

	"github.com/repdesk/repdesk/store/desk"
)

const attendeeColumns = `SELECT a.id, a.rev, a.session_id, a.role, a.rep_id, CASE WHEN a.rep_id = '' THEN a.name ELSE r.name END,
	a.access, a.masked, a.expected_until, a.joined_at, a.left_at FROM attendees a LEFT JOIN reps r ON r.id = a.rep_id`

func scanAttendee(scan scanner, a *desk.Attendee) error {
	var expected, joined, left int64
	err := scan(&a.ID, &a.Rev, &a.SessionID, &a.Role, &a.RepID, &a.Name, &a.Access, &a.Masked, &expected, &joined, &left)
	a.Expected, a.JoinedAt, a.LeftAt = expected > 0, desk.Time(joined), desk.TimePtr(left)
	return err
}

// Attendees lists who is in a session, for those who may look inside (A8, C2).
func (s *Store) Attendees(ctx context.Context, c desk.Caller, sessionID string) ([]desk.Attendee, error) {
	return read(ctx, s, func(t *tx) ([]desk.Attendee, error) {
		_, sight, err := t.seen(c, sessionID, t.session)
		if err != nil {
			return nil, err
		}
		if sight == desk.SightSummary {
			return nil, desk.Refuse(desk.NotAllowed, "Who is in the session is shown after accepting.")
		}
		return t.attendees(sessionID)
	})
}

// attendees lists who is in the session now, in the order they came.
func (t *tx) attendees(sessionID string) ([]desk.Attendee, error) {
	return list(t, attendeeColumns+` WHERE a.session_id = $1 AND a.left_at = 0 ORDER BY a.id`, []any{sessionID}, scanAttendee)
}

func (t *tx) attendee(id string) (a desk.Attendee, err error) {
	return one(t, "attendee", attendeeColumns+` WHERE a.id = $1`, []any{id}, scanAttendee)
}

// repsIn lists the reps in a session now.
func (t *tx) repsIn(sessionID string) ([]string, error) {
	return t.texts(`SELECT rep_id FROM attendees WHERE session_id = $1 AND rep_id <> '' AND left_at = 0 ORDER BY id`, sessionID)
}

// addAttendee lets somebody in and tells those inside. expectedUntil is 0, or until when the seat waits for a console.
func (t *tx) addAttendee(a desk.Attendee, expectedUntil int64) (desk.Attendee, error) {
	id := newID("att_")
	if _, err := t.exec(`INSERT INTO attendees (id, session_id, role, rep_id, name, access, masked, expected_until, joined_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		id, a.SessionID, string(a.Role), a.RepID, a.Name, string(a.Access), flag(a.Masked), expectedUntil, ms(t.now)); err != nil {
		return a, err
	}
	a, err := t.attendee(id)
	if err != nil {
		return a, err
	}
	return a, t.tellAttendee(desk.EventAttendeeJoined, a, "")
}

// tellAttendee tells the reps in the session, and the one concerned.
func (t *tx) tellAttendee(kind desk.EventType, a desk.Attendee, reason string) error {
	reps, err := t.repsIn(a.SessionID)
	if err != nil {
		return err
	}
	if kind == desk.EventAttendeeLeft && a.RepID != "" {
		reps = append(reps, a.RepID)
	}
	for _, rep := range reps {
		if err := t.record(desk.RepTopic(rep), desk.Event{Type: kind, SessionID: a.SessionID, Reason: reason, Attendee: &a}); err != nil {
			return err
		}
	}
	return nil
}

// arrived takes the seats that a rep holds by an email's link as taken: a console has come (G2).
func (t *tx) arrived(repID string) error {
	seats, err := list(t, `UPDATE attendees SET expected_until = 0, rev = rev + 1 WHERE rep_id = $1 AND rep_id <> '' AND expected_until > 0 RETURNING id`,
		[]any{repID}, func(scan scanner, id *string) error { return scan(id) })
	for _, id := range seats {
		if err != nil {
			return err
		}
		var a desk.Attendee
		if a, err = t.attendee(id); err == nil {
			err = errors.Join(t.tellAttendee(desk.EventAttendeeChanged, a, "arrived"), t.seatsChanged(a))
		}
	}
	return err
}

// FreeExpectedSeats frees the seats of reps who accepted by email and did not come in time, and tells the owner (G2).
func (s *Store) FreeExpectedSeats(ctx context.Context) error {
	none, err := lookUp(ctx, s, func(t *tx) (bool, error) {
		found, err := t.exists(`SELECT 1 FROM attendees WHERE expected_until > 0 AND expected_until <= $1 LIMIT 1`, ms(t.now))
		return !found, err
	})
	if err != nil || none {
		return err
	}
	return alter(ctx, s, func(t *tx) error {
		late, err := list(t, `UPDATE attendees SET expected_until = 0, left_at = $1, rev = rev + 1 WHERE expected_until > 0 AND expected_until <= $1 RETURNING id`,
			[]any{ms(t.now)}, func(scan scanner, id *string) error { return scan(id) })
		for _, id := range late {
			if err != nil {
				break
			}
			var a desk.Attendee
			if a, err = t.attendee(id); err != nil {
				break
			}
			if err = t.tellAttendee(desk.EventAttendeeLeft, a, "did_not_come"); err == nil {
				err = t.seatsChanged(a)
			}
		}
		return err
	})
}

// seatsChanged moves the session's revision, which shows who is in it, and tells those inside.
func (t *tx) seatsChanged(a desk.Attendee) error {
	if _, err := t.exec(`UPDATE sessions SET rev = rev + 1 WHERE id = $1`, a.SessionID); err != nil {
		return err
	}
	_, err := t.sessionChanged(desk.Ref{ID: a.RepID, Name: a.Name}, a.SessionID, "")
	return err
}
