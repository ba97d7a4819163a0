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
	Query       string // part of the customer's or company's name, or of the details
	Sort        string // waiting, customer, company, issue, priority or language; empty: waiting, the newest first
	Ascending   bool
}

// sessionKeys are what sessions are sorted by but for their age, as texts that both engines sort alike (D5).
var sessionKeys = map[string]string{"customer": `s.customer_key`, "company": `s.company_key`, "issue": `COALESCE(i.title_key, '')`,
	"priority": `CAST(100 + s.priority AS TEXT)`, "language": `s.language_key`}

// byKey says whether sessions are sorted by a key, which reads all that the caller sees: so those that have ended are not
// sorted so.
func (f SessionFilter) byKey() bool { return sessionKeys[f.Sort] != "" }

func (f SessionFilter) check() error {
	if f.byKey() && f.State != string(desk.SessionWaiting) && f.State != string(desk.SessionActive) {
		return desk.Invalid("query.state", "required", "sessions are sorted by %s with state=waiting or state=active alone", f.Sort)
	}
	return nil
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
	UNION SELECT o.id FROM ` + lowerRoles + ` JOIN sessions o ON o.owner_id = theirs.rep_id AND o.owner_id <> '' WHERE mine.rep_id = $1)`
}

// Sessions lists the sessions that the caller sees, in the order that the filter says, those after the Position.
func (s *Store) Sessions(ctx context.Context, c desk.Caller, f SessionFilter, after string, limit int) ([]desk.Session, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return readAs(ctx, s, c, func(t *tx) ([]desk.Session, error) {
		q, args, err := f.statement(t, c, after, limit)
		if err != nil {
			return nil, err
		}
		rows, err := list(t, q, args, func(scan scanner, s *sessionRow) error {
			var key string
			err := scanSession(func(dest ...any) error { return scan(append([]any{&key}, dest...)...) }, s)
			if s.Position = s.ID; f.byKey() {
				s.Position = entryPosition{key: key, id: s.ID}.String()
			}
			return err
		})
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

func (f SessionFilter) statement(t *tx, c desk.Caller, after string, limit int) (string, []any, error) {
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
	order, err := f.order(after, len(args)+1)
	if err != nil {
		return "", nil, err
	}
	if order.beyond != "" {
		where, args = append(where, order.beyond), append(args, order.args...)
	}
	switch {
	case f.byKey(): // by an index of these alone
		where = append(where, `s.state = '`+f.State+`'`)
	case f.State != "":
		add(`s.state = $%d`, f.State)
	}
	if f.ExternalKey != "" {
		add(`s.external_key = $%d AND s.external_key <> ''`, f.ExternalKey)
	}
	if f.Query != "" {
		add(`s.search LIKE $%d ESCAPE '\'`, likePattern(f.Query))
	}
	args = append(args, limit)
	q := strings.Replace(sessionColumns, `SELECT `, `SELECT `+order.key+`, `, 1)
	return q + ` WHERE ` + strings.Join(where, ` AND `) + fmt.Sprintf(` ORDER BY %s LIMIT $%d`, order.by, len(args)), args, nil
}

// sessionOrder is how a page of sessions is sorted, and the condition that they come after a position, with its arguments.
type sessionOrder struct {
	key, by, beyond string
	args            []any
}

// order says so for the page after a position; the condition's first argument is $n. Sessions without the key come last,
// those with the same in the order in which they came.
func (f SessionFilter) order(after string, n int) (sessionOrder, error) {
	way, next := `DESC`, `<`
	if f.Ascending {
		way, next = `ASC`, `>`
	}
	if !f.byKey() {
		o := sessionOrder{key: `''`, by: `s.id ` + way}
		if after != "" {
			o.beyond, o.args = fmt.Sprintf(`s.id %s $%d`, next, n), []any{after}
		}
		return o, nil
	}
	key := sessionKeys[f.Sort]
	o := sessionOrder{key: key, by: fmt.Sprintf(`CASE WHEN %[1]s = '' THEN 1 ELSE 0 END, %[1]s %[2]s, s.id`, key, way)}
	if after == "" {
		return o, nil
	}
	at, err := parsePosition(after)
	if o.beyond, o.args = fmt.Sprintf(`%s = '' AND s.id > $%d`, key, n), []any{at.id}; at.key != "" {
		o.beyond, o.args = fmt.Sprintf(`(%[1]s = '' OR %[1]s %[2]s $%[3]d OR %[1]s = $%[3]d AND s.id > $%[4]d)`, key, next, n, n+1), []any{at.key, at.id}
	}
	return o, err
}

// likePattern finds the text anywhere, as it stands: its own % and _ are not wildcards.
func likePattern(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}
