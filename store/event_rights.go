package store

import (
	"context"
	"regexp"
	"sync"
)

// rightsTopic is where the log says that somebody's rights may have changed; nobody reads it but the hub. Standing in the
// log it counts from its position on, whichever server or import wrote it.
const rightsTopic = "rights"

var (
	// mayChangeRights are the statements that write what repRights reads, but for those that leaveRights: these write
	// columns that it does not. A new statement counts until it stands here.
	mayChangeRights = regexp.MustCompile(`^\s*(INSERT INTO|UPDATE|DELETE FROM) (reps|team_members|consoles|portal_tree)\b`)
	leaveRights     = regexp.MustCompile(`^\s*UPDATE (consoles SET (seen_at = \$1 WHERE|push_kind|platform)|team_members SET (favourite|chat_read_id) |reps SET (logged_in_until|busy|preferences|password_hash|rev|extended) )`)
	rightsByText    sync.Map // whether a statement may change rights
)

// noteRights has the transaction say so if a statement may change what somebody may read.
func (t *tx) noteRights(q string) {
	if t.reads || t.rights {
		return
	}
	may, known := rightsByText.Load(q)
	if !known {
		may = mayChangeRights.MatchString(q) && !leaveRights.MatchString(q)
		rightsByText.Store(q, may)
	}
	t.rights = may.(bool)
}

// knownRights are a follower's rights as they were when the log stood at a position.
type knownRights struct {
	rights
	at int64
}

// rightsAt returns a follower's rights when the log stands at a position, and rights last changed at another. They are read
// again only after such a change, and always where they come and go with time: with another console's log-in to a portal.
func (b *Subscription) rightsAt(ctx context.Context, last, changed int64) (rights, error) {
	if b.known != nil && b.known.at >= changed {
		return b.known.rights, nil
	}
	b.known = nil
	mine, err := lookUp(ctx, b.store, func(t *tx) (rights, error) { return t.rightsOf(b.reader) })
	if err == nil && !mine.passing {
		b.known = &knownRights{mine, last}
	}
	return mine, err
}
