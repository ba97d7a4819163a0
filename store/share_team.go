package store

import (
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// teams fills in the caller's own teams, always, and of the others the one asked for or a page (A4). A further page is
// of others alone.
func (m menu) teams(out *desk.ShareOptions) (err error) {
	if m.query.narrow() || m.query.After == "" {
		if out.Teams, err = m.ownTeams(); err != nil {
			return err
		}
	}
	if m.query.TeamID != "" {
		return m.teamAskedFor(out)
	}
	if m.query.narrow() || !m.reach.outside {
		return nil
	}
	others, err := m.otherTeams("")
	if len(others) > m.query.Limit {
		others = others[:m.query.Limit]
		out.Next = others[len(others)-1].Team.ID
	}
	if err == nil {
		err = m.countTeams(others)
	}
	out.Teams = append(out.Teams, others...)
	return err
}

// teamAskedFor adds the team that the query names, if it is not one of the caller's own.
func (m menu) teamAskedFor(out *desk.ShareOptions) error {
	if slices.ContainsFunc(out.Teams, func(t desk.ShareTeam) bool { return t.Team.ID == m.query.TeamID }) {
		return nil
	}
	if !m.reach.outside {
		return m.reach.refuse("team")
	}
	found, err := m.otherTeams(m.query.TeamID)
	if err == nil && len(found) == 0 {
		err = m.reach.refuse("team")
	}
	if err == nil {
		err = m.countTeams(found)
	}
	out.Teams = append(out.Teams, found...)
	return err
}

// repHere is the condition that a rep r is here, whoever asks, at a time: to be invited (A3), logged in or in extended
// availability; to be given a session (C6), where the parameter transfer is 1, logged in.
func repHere(now, transfer string) string {
	return ` r.disabled = 0 AND (r.logged_in_until > ` + now + ` OR (r.extended = 1 AND ` + transfer + ` = 0))`
}

// available is the condition that a rep r stands in the menu: here ($3 is now, and $4 is 1 to be given the session), and neither
// the asker ($1) nor in the session ($2) or, to be given it, its owner.
var available = repHere(`$3`, `$4`) + ` AND r.id <> $1
	AND r.id NOT IN (SELECT a.rep_id FROM attendees a WHERE a.session_id = $2 AND a.rep_id <> '' AND a.left_at = 0 AND ($4 = 0 OR a.role = 'owner'))`

// availableArgs are the parameters of available.
func (m menu) availableArgs(more ...any) []any {
	return append([]any{m.caller.RepID, m.session.ID, ms(m.tx.now), flag(m.query.Transfer)}, more...)
}

// availableOf are the reps of the team t who stand in the menu.
var availableOf = ` FROM team_members m JOIN reps r ON r.id = m.rep_id WHERE m.team_id = t.id AND` + available

func (m menu) ownTeams() ([]desk.ShareTeam, error) {
	return list(m.tx, `SELECT t.id, t.name, t.embassy, t.persistent, 1 = 1, (SELECT COUNT(*)`+availableOf+`)
		FROM team_members own JOIN teams t ON t.id = own.team_id WHERE own.rep_id = $1 AND t.disabled = 0 ORDER BY t.embassy, t.name, t.id`,
		m.availableArgs(), scanShareTeam)
}

// otherTeams lists one more than a page of the teams that the caller is not in, or only one of them, each only while
// somebody of it stands in the menu; countTeams counts them. The index has them in their order, so that no more are looked at
// than a page needs.
func (m menu) otherTeams(only string) ([]desk.ShareTeam, error) {
	after := m.query.After
	if only != "" {
		after = "" // it is a rep
	}
	return list(m.tx, `SELECT t.id, t.name, t.embassy, t.persistent, 1 = 0, 1 FROM teams t
		WHERE t.disabled = 0 AND ($5 = '' OR t.id = $5) AND NOT EXISTS (SELECT 1 FROM team_members own WHERE own.team_id = t.id AND own.rep_id = $1)
		AND ($6 = '' OR (t.embassy, t.name, t.id) > (SELECT l.embassy, l.name, l.id FROM teams l WHERE l.id = $6))
		AND EXISTS (SELECT 1`+availableOf+`) ORDER BY t.embassy, t.name, t.id LIMIT $7`,
		m.availableArgs(only, after, m.query.Limit+1), scanShareTeam)
}

func scanShareTeam(scan scanner, t *desk.ShareTeam) error {
	var persistent bool
	err := scan(&t.Team.ID, &t.Team.Name, &t.Embassy, &persistent, &t.Mine, &t.AvailableCount)
	t.AnyRepresentative = t.AvailableCount > 0 || persistent
	return err
}
