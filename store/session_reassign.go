package store

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

// ReassignSession gives a session that is stuck to a rep or to a team, at an administrator's hand (I3). A rep becomes the
// owner of an active one, and finds a waiting one in the personal queue; in a team's queue either waits. They must be there
// to take it, or it would be stuck again: logged in, or a persistent team.
func (s *Store) ReassignSession(ctx context.Context, c desk.Caller, id, repID, teamID string) (desk.Session, error) {
	if err := checkAdministrator(c); err != nil {
		return desk.Session{}, err
	}
	if (repID == "") == (teamID == "") {
		return desk.Session{}, desk.Refuse(desk.OneTargetNeeded, "Give exactly one of rep_id and team_id.")
	}
	return writeAsAnyone(ctx, s, c, func(t *tx) (out desk.Session, err error) {
		session, err := t.lockedSession(id)
		if err == nil && session.State == desk.SessionEnded {
			err = notActive(session)
		}
		if err != nil {
			return out, err
		}
		to := home{}
		if repID != "" {
			to.repID, err = t.resolve("rep", repID)
		} else {
			to.teamID, err = t.resolve("team", teamID)
		}
		if err == nil && !session.standsAt(to) {
			err = t.reassign(c, session, to)
		}
		if err != nil {
			return out, err
		}
		after, err := t.session(id)
		if err != nil {
			return out, err
		}
		return t.withAttendees(c, after.Session)
	})
}

// standsAt says whether a session is there already: with its owner, or in the queue where it waits.
func (s sessionRow) standsAt(h home) bool {
	if s.State == desk.SessionActive {
		return h.repID != "" && idOf(s.Owner) == h.repID
	}
	return s.QueueRepID == h.repID && idOf(s.QueueTeam) == h.teamID
}

func (t *tx) reassign(c desk.Caller, s sessionRow, to home) error {
	there, err := t.somebodyAt(to, idOf(s.Owner))
	if err == nil && !there {
		err = to.notThere()
	}
	if err != nil {
		return err
	}
	if s.State == desk.SessionActive && to.repID != "" {
		err = t.giveTo(c, s, to.repID)
	} else {
		_, err = t.requeue(s, queueMove{to: to, by: c.Ref(), reason: desk.SessionReassigned, cameBy: desk.CameByTransfer})
	}
	if err != nil || s.Owner == nil {
		return err
	}
	return t.pushSession(s.ID, s.Owner.ID, desk.SessionTakenOver)
}

// giveTo makes a rep the owner of an active session.
func (t *tx) giveTo(c desk.Caller, s sessionRow, repID string) error {
	rep, err := t.repRef(repID)
	if err != nil {
		return err
	}
	if _, err := t.moveOwnership(s, ownerMove{to: rep, by: c.Ref(), reason: desk.SessionReassigned}); err != nil {
		return err
	}
	return t.pushSession(s.ID, repID, desk.SessionMovedToYou)
}

// notThere is the refusal of a place where nobody is.
func (h home) notThere() error {
	p := desk.Refuse(desk.RepNotAvailable, "The rep is not logged in.")
	p.Conflict = &desk.Conflict{Kind: "rep", ID: h.repID, State: string(desk.PresenceOffline)}
	if h.teamID != "" {
		p = desk.Refuse(desk.TeamNotAvailable, "Nobody of the team is logged in.")
		p.Conflict = &desk.Conflict{Kind: "team", ID: h.teamID}
	}
	return p
}
