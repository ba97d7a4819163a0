package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// SessionFilter narrows a list of sessions.
type SessionFilter struct {
	State       string // waiting, active, ended; empty: all
	Mine        string // owner, joined; empty: all that the caller sees
	ExternalKey string
	Query       string // part of the customer's or company's name
}

// The sessions that a caller sees (A8), as a list of ids: each part is found by an index of its own.
const visibleSessions = `s.id IN (
	SELECT id FROM sessions WHERE owner_id = $1 AND owner_id <> ''
	UNION SELECT id FROM sessions WHERE queue_rep_id = $1 AND queue_rep_id <> '' AND state = 'waiting'
	UNION SELECT w.id FROM team_members m JOIN sessions w ON w.queue_team_id = m.team_id AND w.queue_team_id <> '' AND w.state = 'waiting' WHERE m.rep_id = $1
	UNION SELECT session_id FROM attendees WHERE rep_id = $1 AND rep_id <> ''
	UNION SELECT session_id FROM invitations WHERE rep_id = $1 AND rep_id <> '' AND state = 'active'
	UNION SELECT v.session_id FROM team_members m JOIN invitations v ON v.team_id = m.team_id AND v.team_id <> '' AND v.state = 'active'
		WHERE m.rep_id = $1 AND NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = v.id AND d.rep_id = $1)
	UNION SELECT o.id FROM team_members mine JOIN team_members theirs ON theirs.team_id = mine.team_id AND theirs.rank < mine.rank
		JOIN sessions o ON o.owner_id = theirs.rep_id AND o.owner_id <> '' WHERE mine.rep_id = $1)`

// Sessions lists the sessions that the caller sees, the newest first, those before the id before.
func (s *Store) Sessions(ctx context.Context, c desk.Caller, f SessionFilter, before string, limit int) ([]desk.Session, error) {
	where := []string{visibleSessions}
	args := []any{c.RepID}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	switch {
	case f.Mine == "owner":
		where[0] = `s.owner_id = $1 AND s.owner_id <> ''`
	case f.Mine == "joined":
		where[0] = `s.id IN (SELECT session_id FROM attendees WHERE rep_id = $1 AND rep_id <> '' AND role = 'rep' AND left_at = 0)`
	case c.IsAdministrator():
		where[0] = `$1 <> ''`
	}
	if before != "" {
		add(`s.id < $%d`, before)
	}
	if f.State != "" {
		add(`s.state = $%d`, f.State)
	}
	if f.ExternalKey != "" {
		add(`s.external_key = $%d AND s.external_key <> ''`, f.ExternalKey)
	}
	if f.Query != "" {
		add(`s.search LIKE $%d ESCAPE '\'`, likePattern(f.Query))
	}
	args = append(args, limit)
	q := sessionColumns + ` WHERE ` + strings.Join(where, ` AND `) + fmt.Sprintf(` ORDER BY s.id DESC LIMIT $%d`, len(args))
	return read(ctx, s, func(t *tx) ([]desk.Session, error) {
		return list(t, q, args, func(scan scanner, out *desk.Session) error {
			var row sessionRow
			err := scanSession(scan, &row)
			*out = row.Session
			return err
		})
	})
}

// likePattern finds the text anywhere, as it stands: its own % and _ are not wildcards.
func likePattern(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}
