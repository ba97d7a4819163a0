package store

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

// SetFavourite marks the queue of a team of the caller, or takes the mark away (D6). A rep has but one personal queue, and
// it needs no mark.
func (s *Store) SetFavourite(ctx context.Context, c desk.Caller, queueID string, favourite bool) error {
	if queueID == desk.PersonalQueue {
		return desk.Invalid("path.queue_id", "personal_queue", "must be a team's queue")
	}
	return alter(ctx, s, func(t *tx) error {
		place, err := t.ownTeam(c, queueID)
		if err != nil {
			return err
		}
		changed, err := t.exec(`UPDATE team_members SET favourite = $1 WHERE team_id = $2 AND rep_id = $3 AND favourite <> $1`, flag(favourite), place.teamID, c.RepID)
		if err != nil || changed == 0 {
			return err
		}
		return t.queueChanged(c.RepID, place.teamID)
	})
}
