package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// SpecialistOffer is a specialist invitation with what an email says beside it. Its JoinURL is a path: where the server is
// reached is not the store's to know.
type SpecialistOffer struct {
	desk.SpecialistInvitation
	Host   string      // the public name of the session's owner
	Desk   string      // the session's portal
	Grants desk.Access // what somebody who joins now gets
}

// Mail is what an email says of it (F3).
func (o SpecialistOffer) Mail() desk.SpecialistMail {
	return desk.SpecialistMail{Inviter: o.Host, Desk: o.Desk, Code: o.Code, Access: o.Grants, Comment: o.Comment}
}

// granted is the lower of what was granted to specialists and the ceiling of this moment (B10).
func granted(access desk.Access, s sessionRow) desk.Access {
	return desk.LowerOf(access, *s.Settings.InviteCeiling)
}

const specialistColumns = `SELECT p.id, p.rev, p.session_id, p.code, p.access, p.joins, p.joined, p.state, p.reason, p.comment, p.language, p.by_id, r.name, p.created_at, p.ended_at,
	COALESCE(o.public_name, ''), COALESCE(e.name, '')
	FROM specialist_invitations p JOIN reps r ON r.id = p.by_id JOIN sessions s ON s.id = p.session_id LEFT JOIN reps o ON o.id = s.owner_id LEFT JOIN portals e ON e.id = s.portal_id`

func (t *tx) specialistInvitations(where string, args ...any) ([]SpecialistOffer, error) {
	found, err := list(t, specialistColumns+where, args, func(scan scanner, i *SpecialistOffer) error {
		var created, ended int64
		err := scan(&i.ID, &i.Rev, &i.SessionID, &i.Code, &i.Access, &i.Joins, &i.Joined, &i.State, &i.Reason, &i.Comment, &i.Language, &i.Inviter.ID, &i.Inviter.Name, &created, &ended, &i.Host, &i.Desk)
		i.CreatedAt, i.EndedAt = desk.Time(created), desk.TimePtr(ended)
		if i.Active() {
			i.JoinURL = "/join/" + t.store.specialistToken(i.ID)
		}
		return err
	})
	var session sessionRow
	for i := range found {
		if err == nil && session.ID != found[i].SessionID {
			session, err = t.session(found[i].SessionID)
		}
		if err != nil {
			return nil, err
		}
		found[i].Grants = granted(found[i].Access, session)
	}
	return found, err
}

func (t *tx) specialistInvitation(id string) (SpecialistOffer, error) {
	found, err := t.specialistInvitations(` WHERE p.id = $1`, id)
	if err == nil && len(found) == 0 {
		err = desk.Missing("invitation")
	}
	if err != nil {
		return SpecialistOffer{}, err
	}
	return found[0], nil
}

// lockedSpecialist returns an invitation with its session, locked.
func (t *tx) lockedSpecialist(id string) (SpecialistOffer, sessionRow, error) {
	was, err := t.specialistInvitation(id)
	if err != nil {
		return was, sessionRow{}, err
	}
	session, err := t.lockedSession(was.SessionID)
	if err != nil {
		return was, session, err
	}
	now, err := t.specialistInvitation(id)
	return now, session, err
}

// ownSpecialist is lockedSpecialist for the owner of the session (B1). The code is the owner's: administrators do without.
func (t *tx) ownSpecialist(c desk.Caller, id string) (SpecialistOffer, sessionRow, error) {
	inv, session, err := t.lockedSpecialist(id)
	if err == nil && idOf(session.Owner) != c.RepID {
		err = t.refuseOthers(c, session)
	}
	if err != nil {
		return SpecialistOffer{}, session, err
	}
	return inv, session, nil
}

// SpecialistInvitations lists the specialist invitations of a session, those that are over too, the newest first, to its owner.
func (s *Store) SpecialistInvitations(ctx context.Context, c desk.Caller, sessionID, before string, limit int) ([]SpecialistOffer, error) {
	return readAs(ctx, s, c, func(t *tx) ([]SpecialistOffer, error) {
		if _, err := t.owned(c, sessionID); err != nil {
			return nil, err
		}
		return t.specialistInvitations(` WHERE p.session_id = $1 AND ($2 = '' OR p.id < $2) ORDER BY p.id DESC LIMIT $3`, sessionID, before, limit)
	})
}

// CancelSpecialistInvitation lets nobody in any more by a code and its link, and with remove puts those out who came by it
// (F5). Doing it twice succeeds twice.
func (s *Store) CancelSpecialistInvitation(ctx context.Context, c desk.Caller, id string, remove bool) (SpecialistOffer, error) {
	return writeAs(ctx, s, c, func(t *tx) (SpecialistOffer, error) {
		inv, session, err := t.ownSpecialist(c, id)
		switch {
		case err != nil:
			return inv, err
		case !inv.Active() && inv.State != desk.SpecialistCancelled:
			return inv, inv.Over()
		case inv.Active():
			if inv, err = t.endSpecialist(inv, desk.SpecialistEndCancelled, session.Owner, c.Ref()); err != nil {
				return inv, err
			}
		}
		if remove {
			err = t.removeSpecialists(inv)
		}
		return inv, err
	})
}

// removeSpecialists puts those out who are in the session by an invitation.
func (t *tx) removeSpecialists(inv SpecialistOffer) error {
	here, err := list(t, attendeeColumns+` WHERE a.specialist_invitation_id = $1 AND a.specialist_invitation_id <> '' AND a.left_at = 0 ORDER BY a.id`, []any{inv.ID}, scanAttendee)
	for _, a := range here {
		if err == nil {
			_, err = t.leaveSeat(a, "removed")
		}
	}
	return err
}

// endRemoved ends the invitation by which somebody came who was put out, so that they cannot come back by it: people without an
// account cannot be told apart (F7). Others who came by it stay.
func (t *tx) endRemoved(a attendeeRow, s sessionRow, by desk.Ref) error {
	inv, err := t.specialistInvitation(a.CameBy)
	if err == nil && inv.Active() {
		_, err = t.endSpecialist(inv, desk.SpecialistEndRemoved, s.Owner, by)
	}
	return err
}

// endSpecialist ends an invitation that stands: the code is nobody's any more, and emails that wait are dropped. owner is
// nil, or who is told.
func (t *tx) endSpecialist(inv SpecialistOffer, reason desk.SpecialistReason, owner *desk.Ref, by desk.Ref) (SpecialistOffer, error) {
	if _, err := t.exec(`UPDATE specialist_invitations SET state = $1, reason = $2, code = '', ended_at = $3, rev = rev + 1 WHERE id = $4 AND state = 'active'`,
		string(reason.State()), string(reason), ms(t.now), inv.ID); err != nil {
		return inv, err
	}
	if err := t.dropWaiting(`d.about = $1`, inv.ID); err != nil {
		return inv, err
	}
	return t.specialistChanged(inv.ID, owner, by, string(reason))
}

// endSpecialists ends the invitations of a session that stand.
func (t *tx) endSpecialists(s sessionRow, reason desk.SpecialistReason, by desk.Ref) error {
	standing, err := t.standingSpecialists(s.ID)
	for _, inv := range standing {
		if err == nil {
			_, err = t.endSpecialist(inv, reason, s.Owner, by)
		}
	}
	return err
}

func (t *tx) standingSpecialists(sessionID string) ([]SpecialistOffer, error) {
	return t.specialistInvitations(` WHERE p.session_id = $1 AND p.state = 'active' ORDER BY p.id`, sessionID)
}

// specialistChanged tells the session's owner, if there is one, and returns the invitation as it now is.
func (t *tx) specialistChanged(id string, owner *desk.Ref, by desk.Ref, reason string) (SpecialistOffer, error) {
	inv, err := t.specialistInvitation(id)
	if err != nil || owner == nil {
		return inv, err
	}
	return inv, t.tellSpecialist(inv, owner.ID, by, reason)
}

// tellSpecialist tells one owner of an invitation. What lets people in does not stand in the log, which is kept and read by more
// than whoever owns the session then.
func (t *tx) tellSpecialist(inv SpecialistOffer, ownerID string, by desk.Ref, reason string) error {
	inv.Code, inv.JoinURL = "", ""
	return t.record(desk.RepTopic(ownerID), desk.Event{Type: desk.EventSpecialistChanged, Actor: refOrNil(by), SessionID: inv.SessionID, Reason: reason, SpecialistInvitation: &inv.SpecialistInvitation})
}

// handSpecialists tells a new owner of the invitations that stand, which are theirs now (C9). The former owner is told nothing of
// them any more.
func (t *tx) handSpecialists(s sessionRow, m ownerMove) error {
	standing, err := t.standingSpecialists(s.ID)
	for _, inv := range standing {
		if err == nil {
			err = t.tellSpecialist(inv, m.to.ID, m.by, m.reason)
		}
	}
	return err
}

// seatedSpecialists counts those in a session (F1).
func (t *tx) seatedSpecialists(sessionID string) (n int, err error) {
	_, err = t.row(`SELECT COUNT(*) FROM attendees WHERE session_id = $1 AND role = 'specialist' AND left_at = 0`, []any{sessionID}, &n)
	return n, err
}

// allowsSpecialists says whether the session's portal and its owner of now allow specialists (F1).
func (t *tx) allowsSpecialists(s sessionRow) (bool, error) {
	if s.Owner == nil {
		return false, nil
	}
	var text string
	if _, err := t.row(`SELECT permissions FROM reps WHERE id = $1`, []any{s.Owner.ID}, &text); err != nil {
		return false, err
	}
	var permissions []desk.Permission
	err := json.Unmarshal([]byte(text), &permissions)
	return desk.SpecialistsAllowed(s.Settings, slices.Contains(permissions, desk.InviteSpecialists)) == nil, err
}
