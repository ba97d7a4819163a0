package store

import "github.com/repdesk/repdesk/store/desk"

// screenSharing is the reason of what tells that specialists may share their own screen from now on, or no longer (F8).
const screenSharing = "screen_sharing"

// specialistsMoved does what follows for specialists when a session has another owner: the invitations that stand are theirs, and
// their setting holds (F8).
func (t *tx) specialistsMoved(s sessionRow, m ownerMove) error {
	if err := t.handSpecialists(s, m); err != nil {
		return err
	}
	var share bool
	if _, err := t.row(`SELECT specialists_share FROM reps WHERE id = $1`+t.forShare(), []any{m.to.ID}, &share); err != nil {
		return err
	}
	return t.screenSharingMoved(s, share, m.by)
}

// screenSharingMoved tells the specialists of a session whose owner's setting was another.
func (t *tx) screenSharingMoved(s sessionRow, share bool, by desk.Ref) error {
	if share == s.specialistsShare {
		return nil
	}
	return t.tellScreenSharing(s.ID, by)
}

// tellScreenSharing tells that the grants of the specialists in a session say something else now: their revisions grow.
func (t *tx) tellScreenSharing(sessionID string, by desk.Ref) error {
	here, err := list(t, attendeeColumns+` WHERE a.session_id = $1 AND a.role = 'specialist' AND a.left_at = 0 ORDER BY a.id`, []any{sessionID}, scanAttendee)
	for _, a := range here {
		if err == nil {
			_, err = t.saveAttendee(a, a, by, screenSharing)
		}
	}
	return err
}

// withSpecialists are the active sessions of an owner with specialists in them.
func (t *tx) withSpecialists(ownerID string) ([]string, error) {
	return t.texts(`SELECT s.id FROM sessions s WHERE s.owner_id = $1 AND s.owner_id <> '' AND s.state = 'active'
		AND EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = s.id AND a.role = 'specialist' AND a.left_at = 0) ORDER BY s.id`, ownerID)
}

// lockOwned locks an owner's active sessions, before the owner's own row is: sessions are always locked first. Nobody joins any of
// them from then on.
func (t *tx) lockOwned(ownerID string) error {
	ids, err := t.texts(`SELECT id FROM sessions WHERE owner_id = $1 AND owner_id <> '' AND state = 'active' ORDER BY id`, ownerID)
	for _, id := range ids {
		if err == nil {
			_, err = t.lockedSession(id)
		}
	}
	return err
}

// screenSharingChanged tells those in the owner's sessions that the owner has changed the setting. One of them may have become
// theirs since they were locked.
func (t *tx) screenSharingChanged(owner desk.Ref) error {
	ids, err := t.withSpecialists(owner.ID)
	for _, id := range ids {
		if err == nil {
			_, err = t.lockedSession(id)
		}
		if err == nil {
			err = t.tellScreenSharing(id, owner)
		}
		if err == nil {
			err = t.moveRev(id)
		}
		if err == nil {
			_, err = t.sessionChanged(sessionChange{actor: owner, id: id, reason: screenSharing})
		}
	}
	return err
}
