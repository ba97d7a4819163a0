package store

import (
	"context"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// RemindInvitation has an active invitation told again, with a higher revision, to all who may take it now (B19). Only
// the session's owner may.
func (s *Store) RemindInvitation(ctx context.Context, c desk.Caller, id string) (desk.Invitation, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Invitation, error) {
		inv, session, err := t.lockedProper(id)
		switch {
		case err != nil:
			return inv, err
		case idOf(session.Owner) != c.RepID:
			return inv, t.refuseOthers(c, session)
		}
		var last int64
		if _, err := t.row(`SELECT reminded_at FROM invitations WHERE id = $1`, []any{id}, &last); err != nil {
			return inv, err
		}
		var at time.Time
		if last > 0 {
			at = time.UnixMilli(last)
		}
		if refusal := inv.CheckRemind(t.now, at); refusal != nil {
			return inv, refusal
		}
		return t.remind(inv, c.Ref())
	})
}

func (t *tx) remind(inv desk.Invitation, by desk.Ref) (desk.Invitation, error) {
	if _, err := t.exec(`UPDATE invitations SET reminders = reminders + 1, reminded_at = $1, rev = rev + 1 WHERE id = $2`, ms(t.now), inv.ID); err != nil {
		return inv, err
	}
	inv, err := t.invitation(inv.ID)
	if err != nil {
		return inv, err
	}
	if err := t.tellInvitation(desk.EventInvitationChanged, inv, by, "reminded"); err != nil {
		return inv, err
	}
	candidates, err := t.takers(inv)
	if err != nil {
		return inv, err
	}
	return inv, t.queueInvitation(inv, candidates)
}
