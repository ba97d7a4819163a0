package store

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

// maySupervise says whether the caller is lead or manager over the session's owner, in a team that lets its leads step in
// (C8).
func (t *tx) maySupervise(c desk.Caller, s sessionRow) (bool, error) {
	if s.Owner == nil {
		return false, nil
	}
	return t.exists(`SELECT 1 FROM `+lowerRoles+` WHERE mine.rep_id = $1 AND theirs.rep_id = $2 AND t.supervision = 1`, c.RepID, s.Owner.ID)
}

// lowerRoles are the places mine in a team t, each with those of lower roles there: theirs. Nobody leads a team that is out of
// use.
const lowerRoles = `team_members mine JOIN teams t ON t.id = mine.team_id AND t.disabled = 0 JOIN team_members theirs ON theirs.team_id = mine.team_id AND theirs.rank < mine.rank`

// JoinSession lets a lead or manager into a session of a lower role, uninvited, within the seats (C8). Who is in it is
// answered again.
func (s *Store) JoinSession(ctx context.Context, c desk.Caller, id string, masked bool) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		session, _, err := t.seen(c, id)
		if err == nil && session.State != desk.SessionActive {
			err = notActive(session)
		}
		if err != nil {
			return desk.Session{}, err
		}
		seat, err := t.seatOf(id, c.RepID)
		if err == nil && seat.ID == "" {
			session.Session, err = t.stepIn(c, session, masked)
		}
		if err != nil {
			return desk.Session{}, err
		}
		return t.withAttendees(c, session.Session)
	})
}

func (t *tx) stepIn(c desk.Caller, s sessionRow, masked bool) (desk.Session, error) {
	may, err := t.maySupervise(c, s)
	if err == nil && !may {
		err = desk.Refuse(desk.NotAllowed, "Only a lead or manager over the owner may join uninvited, where their team allows it.")
	}
	if err != nil {
		return desk.Session{}, err
	}
	taken := 0
	if _, err := t.row(`SELECT `+seatsTaken("$1"), []any{s.ID}, &taken); err != nil {
		return desk.Session{}, err
	}
	if limit := *s.Settings.MaxInvitedReps; taken >= limit {
		return desk.Session{}, desk.SeatsFull(limit)
	}
	seat, err := t.addAttendee(s, desk.Attendee{Role: desk.AttendeeRep, RepID: c.RepID, Access: *s.Settings.InviteCeiling, Masked: masked}, 0)
	if err != nil {
		return desk.Session{}, err
	}
	return t.seated(seat, c.Ref())
}

// TakeOverSession makes a lead or manager the owner of a session of a lower role (C8). The former owner stays if a seat is
// free.
func (s *Store) TakeOverSession(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (out desk.Session, err error) {
		session, sight, err := t.seen(c, id)
		switch {
		case err != nil:
			return out, err
		case session.State != desk.SessionActive:
			return out, notActive(session)
		case idOf(session.Owner) == c.RepID:
			return t.withAttendees(c, session.Session)
		}
		may, err := t.maySupervise(c, session)
		if err == nil && !may {
			p := desk.Refuse(desk.TakeOverNotAllowed, "Only a lead or manager over the owner may, where their team allows it.")
			p.Conflict = &desk.Conflict{Kind: "session", ID: id, State: string(session.State)}
			if sight == desk.SightFull {
				p.Conflict.By = session.Owner
			}
			err = p
		}
		if err != nil {
			return out, err
		}
		if out, err = t.becomeOwner(c, session, ownerMove{reason: "taken_over", stay: true}); err != nil {
			return out, err
		}
		return out, t.pushSession(id, session.Owner.ID, desk.SessionTakenOver)
	})
}
