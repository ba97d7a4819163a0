package store

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

// ownerMove is a session on its way to another owner, or to its first.
type ownerMove struct {
	to, by desk.Ref
	reason string         // of the event: accepted, transferred, handed_over, taken_over, connection_lost
	ends   desk.EndReason // why the former owner's invitations end; empty: ownership_moved
	stay   bool           // the former owner stays as a further rep, if a seat is free
	queue  *desk.Ref      // the team whose queue it leaves
}

// moveOwnership makes a rep the owner of a session that waits or is active, who then is unmasked and has control (C11).
// The former owner's invitations end (B13), and the former owner leaves or stays.
func (t *tx) moveOwnership(s sessionRow, m ownerMove) (out desk.Session, err error) {
	if m.ends == "" {
		m.ends = desk.EndOwnershipMoved
	}
	if err := t.endInvitations(m.by, m.ends, `v.session_id = $1`, s.ID); err != nil {
		return out, err
	}
	if err := t.withdrawState(s, desk.EndOwnershipMoved); err != nil {
		return out, err
	}
	seat, err := t.seatOf(s.ID, m.to.ID)
	if err != nil {
		return out, err
	}
	if err := t.stepDown(s, seat, m); err != nil {
		return out, err
	}
	if err := t.crown(s, seat, m); err != nil {
		return out, err
	}
	if _, err := t.exec(`UPDATE sessions SET state = 'active', owner_id = $1, accepted_at = CASE WHEN accepted_at = 0 THEN $2 ELSE accepted_at END,
		held = 0, asked_at = 0, rev = rev + 1 WHERE id = $3`, m.to.ID, ms(t.now), s.ID); err != nil {
		return out, err
	}
	if err := t.specialistsMoved(s, m); err != nil {
		return out, err
	}
	return t.sessionChanged(sessionChange{actor: m.by, id: s.ID, reason: m.reason, former: s.losers(), queue: m.queue})
}

// becomeOwner makes the caller the owner of a session, and answers them.
func (t *tx) becomeOwner(c desk.Caller, s sessionRow, m ownerMove) (desk.Session, error) {
	m.to, m.by = c.Ref(), c.Ref()
	after, err := t.moveOwnership(s, m)
	if err != nil {
		return after, err
	}
	return t.withAttendees(c, after)
}

// stepDown lets the former owner go, or makes them a further rep where they are to stay and a seat is free.
func (t *tx) stepDown(s sessionRow, next attendeeRow, m ownerMove) error {
	former, err := t.seatOf(s.ID, idOf(s.Owner))
	if err != nil || former.ID == "" || former.Role != desk.AttendeeOwner {
		return err
	}
	taken := 0
	if _, err := t.row(`SELECT COUNT(*) FROM attendees WHERE session_id = $1 AND role = 'rep' AND left_at = 0 AND id <> $2`, []any{s.ID, next.ID}, &taken); err != nil {
		return err
	}
	if !m.stay || taken >= *s.Settings.MaxInvitedReps {
		return t.leave(former, m.reason)
	}
	staying := former
	staying.Role, staying.Access, staying.Consent = desk.AttendeeRep, *s.Settings.InviteCeiling, former.answer // C4
	if former.answer == desk.ConsentNotNeeded {                                                                // the customer was never asked about them
		staying.Consent = desk.ConsentFor(desk.AttendeeRep, s.Settings)
	}
	_, err = t.saveAttendee(former, staying, m.by, m.reason)
	return err
}

// crown gives the owner's place to a rep, who may have been in the session already.
func (t *tx) crown(s sessionRow, seat attendeeRow, m ownerMove) error {
	if seat.ID == "" {
		_, err := t.addAttendee(s, desk.Attendee{Role: desk.AttendeeOwner, RepID: m.to.ID, Access: desk.Control}, 0)
		return err
	}
	owner := seat
	owner.Role, owner.Access, owner.Masked, owner.Expected, owner.chatFrom = desk.AttendeeOwner, desk.Control, false, false, 0
	_, err := t.saveAttendee(seat, owner, m.by, m.reason)
	return err
}

// LeaveSession lets the caller go (C7). An owner names another joined rep as owner; else the session would be without.
func (s *Store) LeaveSession(ctx context.Context, c desk.Caller, id, newOwner string) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		session, _, err := t.seen(c, id)
		if err == nil && session.State == desk.SessionEnded {
			err = notActive(session)
		}
		if err != nil {
			return desk.Session{}, err
		}
		seat, err := t.seatOf(id, c.RepID)
		switch {
		case err != nil:
			return desk.Session{}, err
		case seat.Role == desk.AttendeeOwner:
			return t.handOver(c, session, newOwner)
		case newOwner != "":
			return desk.Session{}, desk.Refuse(desk.NotSessionOwner, "Only the owner names another owner.")
		case seat.ID == "":
			return session.Session, t.checkWasInside(c, id)
		}
		return t.leaveSeat(seat, "left")
	})
}

// checkWasInside refuses somebody who never was in the session; who has left may leave again.
func (t *tx) checkWasInside(c desk.Caller, sessionID string) error {
	was, err := t.exists(`SELECT 1 FROM attendees WHERE session_id = $1 AND rep_id = $2`, sessionID, c.RepID)
	if err == nil && !was {
		err = desk.Refuse(desk.NotAllowed, "This is for those who are in the session.")
	}
	return err
}

func (t *tx) handOver(c desk.Caller, s sessionRow, newOwner string) (desk.Session, error) {
	if newOwner == "" {
		p := desk.Refuse(desk.OwnerMustHandOver, "Name another joined rep as owner, or end the session.")
		p.Conflict = &desk.Conflict{Kind: "session", ID: s.ID, State: string(s.State)}
		return desk.Session{}, p
	}
	id, err := t.resolve("rep", newOwner)
	if err != nil {
		return desk.Session{}, desk.Missing("joined rep")
	}
	seat, err := t.seatOf(s.ID, id)
	if err == nil && (seat.Role != desk.AttendeeRep || seat.Expected) {
		err = desk.Missing("joined rep")
	}
	if err != nil {
		return desk.Session{}, err
	}
	after, err := t.moveOwnership(s, ownerMove{to: desk.Ref{ID: id, Name: seat.Name}, by: c.Ref(), reason: "handed_over", ends: desk.EndOwnerLeft})
	if err != nil {
		return after, err
	}
	return after, t.pushSession(s.ID, id, desk.SessionMovedToYou)
}

// HoldSession flags a session as held, and ResumeSession takes the flag away (C7). Everything else stays as it is.
func (s *Store) HoldSession(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return s.setHeld(ctx, c, id, true, "held")
}

// ResumeSession is the opposite of HoldSession.
func (s *Store) ResumeSession(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return s.setHeld(ctx, c, id, false, "resumed")
}

func (s *Store) setHeld(ctx context.Context, c desk.Caller, id string, held bool, reason string) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		session, err := t.ownedActive(c, id)
		if err != nil || session.Held == held {
			return session.Session, err
		}
		if _, err := t.exec(`UPDATE sessions SET held = $1, rev = rev + 1 WHERE id = $2`, flag(held), id); err != nil {
			return desk.Session{}, err
		}
		return t.sessionChanged(sessionChange{actor: c.Ref(), id: id, reason: reason})
	})
}
