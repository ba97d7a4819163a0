package store

import (
	"context"
	"errors"

	"github.com/repdesk/repdesk/store/desk"
)

// AcceptSession takes a waiting session out of the caller's queue, or one that is being transferred to the caller or a
// team of theirs, and makes the caller its owner. Whoever is second is told who was first (D8).
func (s *Store) AcceptSession(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) { return t.acceptSession(c, id) })
}

func (t *tx) acceptSession(c desk.Caller, id string) (out desk.Session, err error) {
	session, err := t.lockedSession(id)
	if err != nil {
		return out, err
	}
	if session.State == desk.SessionActive && idOf(session.Owner) == c.RepID {
		return t.withAttendees(c, session.Session)
	}
	offer, offered, err := t.offeredTo(c, session)
	switch {
	case err != nil:
		return out, err
	case offered:
		return t.acceptTransfer(c, session, offer)
	}
	mine, err := t.acceptable(c, session)
	switch {
	case err != nil:
		return out, err
	case !mine:
		return out, t.refuseAccept(c, session)
	}
	if err := errors.Join(t.pickedUp(session), t.transfersPast(id)); err != nil {
		return out, err
	}
	return t.becomeOwner(c, session, ownerMove{reason: tookFromQueue, queue: session.Team})
}

// acceptable says whether the session waits in a queue of the caller's.
func (t *tx) acceptable(c desk.Caller, s sessionRow) (bool, error) {
	if s.State != desk.SessionWaiting {
		return false, nil
	}
	if s.waitsFor(c.RepID) {
		return true, nil
	}
	return t.exists(`SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`, idOf(s.Team), c.RepID)
}

// refuseAccept says why: that the transfer to the caller is over; else nothing to somebody who never saw the session, and who took
// it to those who did.
func (t *tx) refuseAccept(c desk.Caller, s sessionRow) error {
	if err := t.refuseTransfer(c, s); err != nil {
		return err
	}
	sight, err := t.sight(c, s)
	if err != nil {
		return err
	}
	if sight == desk.SightNone && s.State == desk.SessionActive {
		if sight, err = t.sawWaiting(c, s); err != nil {
			return err
		}
	}
	switch {
	case sight == desk.SightNone:
		return desk.Missing("session")
	case s.State == desk.SessionActive:
		p := desk.Refuse(desk.SessionTaken, "Another rep owns it.")
		p.Conflict = &desk.Conflict{Kind: "session", ID: s.ID, State: string(s.State), By: s.Owner}
		return p
	case s.State == desk.SessionEnded:
		return notActive(s)
	}
	return desk.Refuse(desk.NotAllowed, "The session waits in the queue of somebody else.")
}

// sawWaiting says whether an active session came to its owner out of a queue of a team of both: they raced for it. Later
// owners from elsewhere are not the caller's to know.
func (t *tx) sawWaiting(c desk.Caller, s sessionRow) (desk.Sight, error) {
	found, err := t.exists(`SELECT 1 FROM team_members mine JOIN team_members theirs ON theirs.team_id = mine.team_id
		WHERE mine.team_id = $1 AND mine.rep_id = $2 AND theirs.rep_id = $3`, idOf(s.QueueTeam), c.RepID, idOf(s.Owner))
	if found {
		return desk.SightSummary, err
	}
	return desk.SightNone, err
}
