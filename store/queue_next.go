package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// Next is what a rep took from their teams' queues.
type Next struct {
	Session    desk.Session     `json:"session" doc:"The session that the caller is now in, or owns"`
	Invitation *desk.Invitation `json:"invitation,omitempty" doc:"The invitation, if it was one that was taken"`
}

func (n *Next) SeenThrough(o *desk.Outlook) {
	n.Session.SeenThrough(o)
	if n.Invitation != nil {
		n.Invitation.SeenThrough(o)
	}
}

// AcceptNext takes the oldest entry of the highest priority over the queues of the caller's teams, or of the one that is
// named, and accepts it in the same step (D9): waiting sessions, transfers and any-representative invitations alike, but for
// those that the caller declined, or cannot take since they are inside.
func (s *Store) AcceptNext(ctx context.Context, c desk.Caller, team string) (Next, error) {
	return writeAs(ctx, s, c, func(t *tx) (next Next, err error) {
		if team != "" {
			if team, err = t.teamQueue(desk.Caller{RepID: c.RepID}, team); err != nil {
				return next, err
			}
		}
		return t.takeNext(c, team)
	})
}

// takeNext takes the first of the candidates that nobody else is taking at this moment; if all are being taken, the first
// whose taker fails. If others took them all, it looks again: more may wait behind them.
func (t *tx) takeNext(c desk.Caller, team string) (Next, error) {
	for {
		waiting, err := t.nextCandidates(c, team)
		if err == nil && len(waiting) == 0 {
			err = desk.Refuse(desk.QueueEmpty, "Nothing waits in your teams' queues.")
		}
		if err != nil {
			return Next{}, err
		}
		for _, lock := range slices.Compact([]string{t.store.dialect.skip, t.forUpdate()}) {
			for _, one := range waiting {
				if got, next, err := t.takeEntry(c, one, lock); err != nil || got {
					return next, err
				}
			}
		}
	}
}

// nextEntry is an entry that could be the next.
type nextEntry struct {
	id, session, offer, kind, urgency string
	entered                           int64
}

// nextAtOnce is how many entries of a queue are looked at: on PostgreSQL as many reps as this can take one at the same
// instant without waiting for one another. With one writer the first is there to be taken.
const nextAtOnce = 64

// nextCandidates are the first entries of the queues, in the order in which they are to be taken. Each queue's are found by
// an index, however long it is.
func (t *tx) nextCandidates(c desk.Caller, team string) ([]nextEntry, error) {
	teams, err := t.texts(`SELECT m.team_id FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = $1 AND t.disabled = 0 AND ($2 = '' OR t.id = $2)`, c.RepID, team)
	limit := 1
	if t.store.dialect.skip != "" {
		limit = nextAtOnce
	}
	all := []nextEntry{}
	for _, id := range teams {
		if err != nil {
			return nil, err
		}
		var some []nextEntry
		some, err = list(t, `SELECT e.id, e.session_id, e.invitation_id, e.kind, e.urgency, e.entered_at FROM queue_entries e WHERE e.queue_id = $1
			AND `+entryForRep(`$2`)+`
			ORDER BY e.urgency, e.entered_at, e.id LIMIT $3`, []any{id, c.RepID, limit}, func(scan scanner, e *nextEntry) error {
			return scan(&e.id, &e.session, &e.offer, &e.kind, &e.urgency, &e.entered)
		})
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b nextEntry) int {
		return cmp.Or(cmp.Compare(a.urgency, b.urgency), cmp.Compare(a.entered, b.entered), cmp.Compare(a.id, b.id))
	})
	return all, err
}

// takeEntry accepts an entry, if its session can be locked and the entry still stands.
func (t *tx) takeEntry(c desk.Caller, e nextEntry, lock string) (got bool, next Next, err error) {
	if lock != "" {
		if got, err = t.row(`SELECT id FROM sessions WHERE id = $1`+lock, []any{e.session}, new(string)); err != nil || !got {
			return false, next, err
		}
	}
	if got, err = t.exists(`SELECT 1 FROM queue_entries WHERE id = $1`, e.id); err != nil || !got {
		return false, next, err
	}
	if e.kind == string(desk.QueuedInvitation) {
		accepted, err := t.accept(c, e.offer, 0)
		return true, Next{Session: accepted.Session, Invitation: &accepted.Invitation}, err
	}
	next.Session, err = t.acceptSession(c, e.session)
	return true, next, err
}
