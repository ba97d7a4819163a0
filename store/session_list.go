package store

import (
	"context"
	"errors"
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

// visibleSessions is the condition that the caller $1 sees a session (A8), as a list of ids: each part is found by an index
// of its own. $2 is now, $3 the console that asks. An embassy rep sees only what it is party to at this moment (A7).
func visibleSessions(embassy bool) string {
	party := `
	SELECT id FROM sessions WHERE owner_id = $1 AND owner_id <> ''
	UNION SELECT id FROM sessions WHERE queue_rep_id = $1 AND queue_rep_id <> '' AND state = 'waiting'
	UNION SELECT w.id FROM team_members m JOIN sessions w ON w.queue_team_id = m.team_id AND w.queue_team_id <> '' AND w.state = 'waiting' WHERE m.rep_id = $1
	UNION SELECT session_id FROM attendees WHERE rep_id = $1 AND rep_id <> '' AND left_at = 0
	UNION SELECT v.session_id FROM invitations v WHERE v.id IN (` + mayAccept + `)`
	if embassy {
		return `s.id IN (` + party + `)`
	}
	return `s.id IN (` + party + `
	UNION SELECT session_id FROM attendees WHERE rep_id = $1 AND rep_id <> ''
	UNION SELECT o.id FROM team_members mine JOIN team_members theirs ON theirs.team_id = mine.team_id AND theirs.rank < mine.rank
		JOIN sessions o ON o.owner_id = theirs.rep_id AND o.owner_id <> '' WHERE mine.rep_id = $1)`
}

// Sessions lists the sessions that the caller sees, the newest first, those before the id before.
func (s *Store) Sessions(ctx context.Context, c desk.Caller, f SessionFilter, before string, limit int) ([]desk.Session, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Session, error) {
		q, args := f.statement(t, c, before, limit)
		rows, err := list(t, q, args, scanSession)
		if err != nil {
			return nil, err
		}
		unread, err := t.unread(c.RepID, "")
		sessions := []desk.Session{}
		for _, row := range rows {
			if err == nil {
				err = t.listTransfer(c, &row)
			}
			row.Unread = unread[row.ID]
			sessions = append(sessions, row.Session)
		}
		return sessions, err
	})
}

// listTransfer adds the transfer that is pending, as far as the caller sees it.
func (t *tx) listTransfer(c desk.Caller, s *sessionRow) error {
	if s.transferID == "" {
		return nil
	}
	sight, err := t.sight(c, *s)
	return errors.Join(err, t.fillTransfer(s), t.showTransfer(c, s, sight))
}

func (f SessionFilter) statement(t *tx, c desk.Caller, before string, limit int) (string, []any) {
	where, args := []string{}, []any{}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	switch {
	case f.Mine == "owner":
		add(`s.owner_id = $%d AND s.owner_id <> ''`, c.RepID)
	case f.Mine == "joined":
		add(`s.id IN (SELECT session_id FROM attendees WHERE rep_id = $%d AND rep_id <> '' AND role = 'rep' AND left_at = 0)`, c.RepID)
	case c.IsAdministrator():
		add(`$%d <> ''`, c.RepID)
	default:
		args = []any{c.RepID, ms(t.now), c.ConsoleID}
		where = append(where, visibleSessions(c.Embassy))
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
	return sessionColumns + ` WHERE ` + strings.Join(where, ` AND `) + fmt.Sprintf(` ORDER BY s.id DESC LIMIT $%d`, len(args)), args
}

// likePattern finds the text anywhere, as it stands: its own % and _ are not wildcards.
func likePattern(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}
