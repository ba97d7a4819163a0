package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// attendeeRow is an attendee with what guests and rules need and reps are not shown.
type attendeeRow struct {
	desk.Attendee
	publicName string
	shownAt    int64        // since when guests see them, where not from the beginning
	guestID    string       // the id by which guests know them
	hiddenRevs int64        // how many of their revisions guests do not count
	answer     desk.Consent // what the customer said of them, also while they own and none is needed
	chatFrom   int64        // C1
}

// forGuests is what guests see of an attendee who is shown.
func (a attendeeRow) forGuests() desk.Attendee {
	var since time.Time
	if a.shownAt > 0 {
		since = desk.Time(a.shownAt)
	}
	return a.ForGuests(a.guestID, a.Rev-a.hiddenRevs, a.publicName, since)
}

const attendeeColumns = `SELECT a.id, a.rev, a.session_id, a.role, a.rep_id, CASE WHEN a.rep_id = '' THEN a.name ELSE r.name END, COALESCE(r.public_name, a.name),
	a.access, a.masked, a.consent, a.expected_until, a.shown_at, ` + guestID + `, a.hidden_revs, a.chat_from, a.joined_at, a.left_at, a.specialist_invitation_id FROM attendees a LEFT JOIN reps r ON r.id = a.rep_id`

// guestID is the id by which guests know the attendee a.
const guestID = `CASE WHEN a.guest_id = '' THEN a.id ELSE a.guest_id END`

func scanAttendee(scan scanner, a *attendeeRow) error {
	var expected, joined, left int64
	err := scan(&a.ID, &a.Rev, &a.SessionID, &a.Role, &a.RepID, &a.Name, &a.publicName, &a.Access, &a.Masked, &a.answer, &expected, &a.shownAt, &a.guestID, &a.hiddenRevs, &a.chatFrom, &joined, &left, &a.CameBy)
	a.Expected, a.JoinedAt, a.LeftAt = expected > 0, desk.Time(joined), desk.TimePtr(left)
	if a.Consent = a.answer; a.Role == desk.AttendeeOwner {
		a.Consent = desk.ConsentNotNeeded
	}
	return err
}

// Attendees lists who is in a session, for those who may look inside (A8, C2).
func (s *Store) Attendees(ctx context.Context, c desk.Caller, sessionID string) ([]desk.Attendee, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Attendee, error) {
		if _, err := t.seenInside(c, sessionID); err != nil {
			return nil, err
		}
		return t.attendees(sessionID)
	})
}

// seenInside returns a session into which the caller may look.
func (t *tx) seenInside(c desk.Caller, sessionID string) (sessionRow, error) {
	s, sight, err := t.seen(c, sessionID)
	if err == nil && sight == desk.SightSummary {
		err = desk.Refuse(desk.NotAllowed, "What goes on in the session is shown after accepting.")
	}
	return s, err
}

// present lists who is in the session now, in the order they came.
func (t *tx) present(sessionID string) ([]attendeeRow, error) {
	return list(t, attendeeColumns+` WHERE a.session_id = $1 AND a.left_at = 0 ORDER BY a.id`, []any{sessionID}, scanAttendee)
}

func (t *tx) attendees(sessionID string) ([]desk.Attendee, error) {
	rows, err := t.present(sessionID)
	all := []desk.Attendee{}
	for _, row := range rows {
		all = append(all, row.Attendee)
	}
	return all, err
}

func (t *tx) attendee(id string) (attendeeRow, error) {
	return one(t, "attendee", attendeeColumns+` WHERE a.id = $1`, []any{id}, scanAttendee)
}

// seatOf is the rep's place in the session now; with an empty id they are not in it.
func (t *tx) seatOf(sessionID, repID string) (a attendeeRow, err error) {
	err = t.rows(attendeeColumns+` WHERE a.session_id = $1 AND a.rep_id = $2 AND a.left_at = 0`, []any{sessionID, repID}, func(scan scanner) error { return scanAttendee(scan, &a) })
	return a, err
}

// repsIn lists the reps in a session now.
func (t *tx) repsIn(sessionID string) ([]string, error) {
	return t.texts(`SELECT rep_id FROM attendees WHERE session_id = $1 AND rep_id <> '' AND left_at = 0 ORDER BY id`, sessionID)
}

// addAttendee lets somebody in, and tells those inside. expectedUntil is 0, or until when the seat waits for a console.
func (t *tx) addAttendee(s sessionRow, a desk.Attendee, expectedUntil int64) (attendeeRow, error) {
	id := newID("att_")
	chatFrom := int64(0)
	if from := desk.ChatFrom(a.Role, s.Settings, t.now); !from.IsZero() {
		chatFrom = ms(from)
	}
	if _, err := t.exec(`INSERT INTO attendees (id, session_id, role, rep_id, name, access, masked, consent, expected_until, chat_from, joined_at, specialist_invitation_id, invited) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		id, s.ID, string(a.Role), a.RepID, a.Name, string(a.Access), flag(a.Masked), string(desk.ConsentFor(a.Role, s.Settings)), expectedUntil, chatFrom, ms(t.now), a.CameBy, flag(a.Invited)); err != nil {
		return attendeeRow{}, err
	}
	if a.RepID != "" {
		if t.came == nil {
			t.came = map[string][]string{}
		}
		t.came[s.ID] = append(t.came[s.ID], a.RepID)
	}
	row, err := t.attendee(id)
	if err != nil {
		return row, err
	}
	return row, t.tellComing(row)
}

// tellComing tells those inside that somebody has come.
func (t *tx) tellComing(a attendeeRow) error {
	if err := t.tellAttendee(desk.EventAttendeeJoined, a, ""); err != nil {
		return err
	}
	return t.announce(a, desk.SystemJoined)
}

// announce says in the chat that a rep or specialist whom guests may know of has come or gone (C3).
func (t *tx) announce(a attendeeRow, system string) error {
	if a.Role == desk.AttendeeCustomer || !a.Shown() {
		return nil
	}
	_, err := t.addMessage(a, newMessage{audience: desk.ForEveryone, text: desk.SystemText(system, a.publicName), system: system})
	return err
}

// leave lets somebody go, and tells those inside and the one who went.
func (t *tx) leave(a attendeeRow, reason string) error {
	if _, err := t.exec(`UPDATE attendees SET left_at = $1, expected_until = 0, rev = rev + 1 WHERE id = $2 AND left_at = 0`, ms(t.now), a.ID); err != nil {
		return err
	}
	if a.RepID != "" {
		if err := t.withdrawChat(a.SessionID, a.RepID, "", desk.EndLeft); err != nil {
			return err
		}
	}
	gone, err := t.attendee(a.ID)
	if err != nil {
		return err
	}
	if gone.Expected = a.Expected; gone.Expected { // they never came: guests did not know of them, and they had no grant
		return t.tellAttendee(desk.EventAttendeeLeft, gone, reason)
	}
	return errors.Join(t.tellAttendee(desk.EventAttendeeLeft, gone, reason), t.tellGrant(gone, "withdrawn", gone.Shown()), t.announce(gone, desk.SystemLeft))
}

// tellAttendee tells the reps in the session, the one concerned, and the guests, if they may know.
func (t *tx) tellAttendee(kind desk.EventType, a attendeeRow, reason string) error {
	return t.tellInside(a, desk.Event{Type: kind, SessionID: a.SessionID, Reason: reason}, a.Shown())
}

// tellGrant tells that a join grant of the attendee's says something else now, or nothing any more (C12).
func (t *tx) tellGrant(a attendeeRow, reason string, guests bool) error {
	return t.tellInside(a, desk.Event{Type: desk.EventGrantChanged, SessionID: a.SessionID, Reason: reason}, guests)
}

// tellInside records an event about an attendee, with the view of each.
func (t *tx) tellInside(a attendeeRow, event desk.Event, guests bool) error {
	reps, err := t.repsIn(a.SessionID)
	if err != nil {
		return err
	}
	if a.RepID != "" && !slices.Contains(reps, a.RepID) {
		reps = append(reps, a.RepID)
	}
	event.Attendee = &a.Attendee
	for _, rep := range reps {
		if err := t.record(desk.RepTopic(rep), event); err != nil {
			return err
		}
	}
	if !guests {
		return nil
	}
	view := a.forGuests()
	event.Attendee = &view
	return t.record(desk.GuestTopic(a.SessionID), event)
}

// UpdateAttendee changes what a joined attendee may do and whether a rep is hidden, live (C5). Only the owner may.
func (s *Store) UpdateAttendee(ctx context.Context, c desk.Caller, sessionID, attendeeID string, change desk.AttendeeChange, ifRev IfRev) (desk.Attendee, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Attendee, error) {
		session, was, err := t.ownAttendee(c, sessionID, attendeeID)
		if err == nil {
			err = ifRev.check(was.Rev)
		}
		if err != nil {
			return was.Attendee, err
		}
		now := was
		if refusal := change.Apply(&now.Attendee, *session.Settings.InviteCeiling); refusal != nil {
			return was.Attendee, refusal
		}
		if now.Access == was.Access && now.Masked == was.Masked {
			return was.Attendee, nil
		}
		if now.Masked && !was.Masked { // to the customer they leave, who is asked anew when they show themselves again (C4)
			now.Consent = desk.ConsentFor(now.Role, session.Settings)
		}
		if now, err = t.saveAttendee(was, now, c.Ref(), ""); err != nil {
			return now.Attendee, err
		}
		_, err = t.seatsChanged(now, was.Shown() || now.Shown())
		return now.Attendee, err
	})
}

// ownAttendee returns somebody who is in an active session that the caller owns.
func (t *tx) ownAttendee(c desk.Caller, sessionID, attendeeID string) (sessionRow, attendeeRow, error) {
	session, err := t.ownedActive(c, sessionID)
	if err != nil {
		return session, attendeeRow{}, err
	}
	a, err := t.attendee(attendeeID)
	if err == nil && (a.SessionID != sessionID || a.LeftAt != nil) {
		err = desk.Missing("attendee")
	}
	return session, a, err
}

// saveAttendee saves what changed of somebody inside. To guests, unmasking is a coming and masking a going (C5, C11).
func (t *tx) saveAttendee(was, now attendeeRow, by desk.Ref, reason string) (attendeeRow, error) {
	if now.Role != desk.AttendeeOwner {
		now.answer = now.Consent
	}
	if _, err := t.exec(`UPDATE attendees SET role = $1, access = $2, masked = $3, consent = $4, chat_from = $5, expected_until = CASE WHEN $6 = 1 THEN expected_until ELSE 0 END, rev = rev + 1 WHERE id = $7`,
		string(now.Role), string(now.Access), flag(now.Masked), string(now.answer), now.chatFrom, flag(now.Expected), was.ID); err != nil {
		return now, err
	}
	if !was.Shown() && now.Shown() { // to guests somebody new: nothing tells them that this one was there before
		if _, err := t.exec(`UPDATE attendees SET shown_at = $1, guest_id = $2, hidden_revs = rev - 1 WHERE id = $3`, ms(t.now), newID("att_"), was.ID); err != nil {
			return now, err
		}
	}
	now, err := t.attendee(was.ID)
	if err != nil {
		return now, err
	}
	changed := desk.Event{Type: desk.EventAttendeeChanged, Actor: &by, SessionID: now.SessionID, Reason: reason}
	if err := t.tellInside(now, changed, false); err != nil {
		return now, err
	}
	if err := t.tellGrant(now, "changed", was.Shown() && now.Shown()); err != nil { // to guests, who comes had none before
		return now, err
	}
	return now, t.showChange(was, now)
}

// showChange tells guests what they may know of a change.
func (t *tx) showChange(was, now attendeeRow) error {
	view, kind, system := now.forGuests(), desk.EventAttendeeChanged, ""
	switch {
	case !was.Shown() && !now.Shown():
		return nil
	case was.Shown() && !now.Shown():
		view, kind, system = was.forGuests(), desk.EventAttendeeLeft, desk.SystemLeft
		left := desk.Time(ms(t.now))
		view.LeftAt = &left
	case !was.Shown():
		kind, system = desk.EventAttendeeJoined, desk.SystemJoined
	}
	if err := t.record(desk.GuestTopic(now.SessionID), desk.Event{Type: kind, SessionID: now.SessionID, Attendee: &view}); err != nil {
		return err
	}
	if system == "" {
		return nil
	}
	now.Masked, now.Expected = false, false // of one who is hidden from now on, guests still learn that they left
	return t.announce(now, system)
}

// RemoveAttendee puts a joined rep or a specialist out of a session that the caller owns (C5).
func (s *Store) RemoveAttendee(ctx context.Context, c desk.Caller, sessionID, attendeeID string) error {
	_, err := writeAs(ctx, s, c, func(t *tx) (struct{}, error) {
		session, a, err := t.ownAttendee(c, sessionID, attendeeID)
		switch {
		case err != nil:
			return struct{}{}, err
		case a.Role != desk.AttendeeRep && a.Role != desk.AttendeeSpecialist:
			return struct{}{}, desk.Refuse(desk.NotAllowed, "The %s cannot be removed.", a.Role)
		}
		if _, err = t.leaveSeat(a, "removed"); err == nil && a.CameBy != "" {
			err = t.endRemoved(a, session, c.Ref())
		}
		return struct{}{}, err
	})
	return err
}

// leaveSeat lets somebody go while the session goes on, which shows who is in it.
func (t *tx) leaveSeat(a attendeeRow, reason string) (desk.Session, error) {
	t.touchQueues(a.SessionID, desk.Ref{ID: a.RepID, Name: a.Name}, reason)
	if err := t.leave(a, reason); err != nil {
		return desk.Session{}, err
	}
	if a.RepID != "" {
		if err := t.openAgain(desk.Ref{ID: a.RepID, Name: a.Name}, a.SessionID); err != nil {
			return desk.Session{}, err
		}
	}
	return t.seatsChanged(a, a.Shown())
}

// arrived takes the seats that a rep holds by an email's link as taken: a console has come (G2).
func (t *tx) arrived(repID string) error {
	return t.eachExpected(func(was attendeeRow) error {
		now := was
		now.Expected = false
		now, err := t.saveAttendee(was, now, desk.Ref{ID: was.RepID, Name: was.Name}, "arrived")
		if err != nil {
			return err
		}
		_, err = t.seatsChanged(now, now.Shown())
		return err
	}, `rep_id = $1 AND rep_id <> '' AND left_at = 0 AND expected_until > 0`, repID)
}

// eachExpected does something with each of the seats that wait for a console and are among those that a condition picks.
// Each is looked at under its session's lock: the owner may change or remove the rep at this instant, and the rep arrive.
func (t *tx) eachExpected(do func(attendeeRow) error, which string, args ...any) error {
	type seat struct{ id, session string }
	seats, err := list(t, `SELECT id, session_id FROM attendees WHERE `+which+` ORDER BY session_id, id`, args, func(scan scanner, s *seat) error { return scan(&s.id, &s.session) })
	for _, s := range seats {
		if err != nil {
			return err
		}
		if _, err = t.lockedSession(s.session); err != nil {
			return err
		}
		var a attendeeRow
		if a, err = t.attendee(s.id); err == nil && a.Expected && a.LeftAt == nil {
			err = do(a)
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
		return t.eachExpected(func(a attendeeRow) error { _, err := t.leaveSeat(a, "did_not_come"); return err }, `expected_until > 0 AND expected_until <= $1 AND left_at = 0`, ms(t.now))
	})
}

// seatsChanged moves the session's revision, which shows who is in it, and tells those inside; guests only where they may
// know.
func (t *tx) seatsChanged(a attendeeRow, guests bool) (desk.Session, error) {
	if err := t.moveRev(a.SessionID); err != nil {
		return desk.Session{}, err
	}
	return t.sessionChanged(sessionChange{actor: desk.Ref{ID: a.RepID, Name: a.Name}, id: a.SessionID, hidden: !guests})
}
