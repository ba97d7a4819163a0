package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// ShareQuery narrows the Share menu. Without any, the reps of the caller's own teams come, and counts for the rest.
type ShareQuery struct {
	Text     string // part of a rep's name, anywhere within reach
	TeamID   string // this team's reps
	PortalID string // the reps logged in under this portal
	After    string // the page after this rep
	Limit    int
}

// ShareOptions returns all that the Share menu of a session needs (A1). Only its owner gets it.
func (s *Store) ShareOptions(ctx context.Context, c desk.Caller, sessionID string, q ShareQuery) (desk.ShareOptions, error) {
	return readAs(ctx, s, c, func(t *tx) (desk.ShareOptions, error) {
		session, err := t.owned(c, sessionID)
		if err != nil {
			return desk.ShareOptions{}, err
		}
		menu := menu{tx: t, caller: c, session: session, query: q}
		return menu.options()
	})
}

// menu makes the Share menu of one session.
type menu struct {
	tx      *tx
	caller  desk.Caller
	session sessionRow
	query   ShareQuery
}

func (m menu) options() (out desk.ShareOptions, err error) {
	off := *m.session.Settings.Sharing == desk.SharingOffHere
	out = desk.ShareOptions{Issues: []desk.Ref{}, Teams: []desk.ShareTeam{}, Portals: []desk.SharePortal{}, Codes: []string{}, AccessCeiling: *m.session.Settings.InviteCeiling}
	if out.Invitations, err = m.tx.invitations(` WHERE v.session_id = $1 AND v.state = 'active' AND v.kind <> 'transfer' ORDER BY v.id`, m.session.ID); err != nil {
		return out, err
	}
	var joined int
	if _, err = m.tx.row(`SELECT COUNT(*) FROM attendees WHERE session_id = $1 AND role = 'rep' AND left_at = 0`, []any{m.session.ID}, &joined); err != nil {
		return out, err
	}
	out.Seats.RepsLeft = max(0, *m.session.Settings.MaxInvitedReps-joined-len(out.Invitations))
	if off {
		return out, nil
	}
	if out.Issues, err = m.issues(); err != nil {
		return out, err
	}
	if out.Teams, err = m.teams(); err != nil {
		return out, err
	}
	if out.Portals, err = m.portals(); err != nil {
		return out, err
	}
	return out, m.reps(&out)
}

func (m menu) issues() ([]desk.Ref, error) {
	open, err := m.tx.issuesOpenTo(m.caller)
	refs := []desk.Ref{}
	for _, issue := range open {
		refs = append(refs, issue.Ref)
	}
	return refs, err
}

// issuesOpenTo lists the issues open for Request Help to the caller, by title (A2).
func (t *tx) issuesOpenTo(c desk.Caller) ([]desk.Issue, error) {
	all, err := list(t, `SELECT i.id, i.title, i.team_id, i.request_help, i.help_teams FROM issues i JOIN teams t ON t.id = i.team_id
		WHERE i.request_help = 1 AND i.disabled = 0 AND t.disabled = 0 ORDER BY i.title, i.id`, nil,
		func(scan scanner, i *desk.Issue) error {
			var teams string
			if err := scan(&i.ID, &i.Name, &i.TeamID, &i.RequestHelp, &teams); err != nil {
				return err
			}
			return json.Unmarshal([]byte(teams), &i.HelpTeams)
		})
	if err != nil {
		return nil, err
	}
	teams, err := t.memberships(c.RepID)
	ids := []string{}
	for _, m := range teams {
		ids = append(ids, m.Team.ID)
	}
	return slices.DeleteFunc(all, func(i desk.Issue) bool { return !i.OpenTo(ids) }), err
}

// invitable is the condition that a rep r stands in the menu (A3): logged in or in extended availability, not the
// asker ($1), not in the session ($2); $3 is now.
const invitable = ` r.disabled = 0 AND r.id <> $1 AND (r.logged_in_until > $3 OR r.extended = 1)
	AND NOT EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = $2 AND a.rep_id = r.id AND a.left_at = 0)`

// teams lists the teams within reach: one's own always, others only with share_outside_teams and while somebody of
// them could be invited (A4).
func (m menu) teams() ([]desk.ShareTeam, error) {
	return list(m.tx, `SELECT t.id, t.name, t.embassy, t.persistent, own.rep_id IS NOT NULL, COALESCE(x.available, 0) FROM teams t
		LEFT JOIN team_members own ON own.team_id = t.id AND own.rep_id = $1
		LEFT JOIN (SELECT m.team_id, COUNT(*) AS available FROM reps r JOIN team_members m ON m.rep_id = r.id WHERE`+invitable+` GROUP BY m.team_id) x ON x.team_id = t.id
		WHERE t.disabled = 0 AND (own.rep_id IS NOT NULL OR (x.available > 0 AND $4 = 1)) ORDER BY own.rep_id IS NULL, t.embassy, t.name, t.id`,
		[]any{m.caller.RepID, m.session.ID, ms(m.tx.now), flag(reachesOutside(m.caller, desk.ShareOutsideTeams))},
		func(scan scanner, t *desk.ShareTeam) error {
			var persistent bool
			err := scan(&t.Team.ID, &t.Team.Name, &t.Embassy, &persistent, &t.Mine, &t.AvailableCount)
			t.AnyRepresentative = t.AvailableCount > 0 || persistent
			return err
		})
}

// portalsOpen says whether portals may be asked (A6); an embassy rep reaches nothing outside of its embassies (A7).
func (m menu) portalsOpen() bool {
	return *m.session.Settings.Sharing == desk.SharingAll && !m.caller.Embassy || reachesOutside(m.caller, desk.ShareOutsideTeams)
}

// portals lists the portals with how many who could be invited are logged in under each (A6).
func (m menu) portals() ([]desk.SharePortal, error) {
	if !m.portalsOpen() {
		return []desk.SharePortal{}, nil
	}
	return list(m.tx, `SELECT p.id, p.name, p.parent_id, (SELECT COUNT(DISTINCT r.id) FROM consoles c JOIN reps r ON r.id = c.rep_id
			WHERE c.portal_id = p.id AND `+consoleHere(`$3`)+` AND`+invitable+`)
		FROM portals p WHERE p.disabled = 0 ORDER BY p.name, p.id`, []any{m.caller.RepID, m.session.ID, ms(m.tx.now)},
		func(scan scanner, p *desk.SharePortal) error {
			return scan(&p.Portal.ID, &p.Portal.Name, &p.ParentID, &p.AvailableCount)
		})
}

// reps fills in the reps that the query asks for.
func (m menu) reps(out *desk.ShareOptions) (err error) {
	switch q := m.query; {
	case q.TeamID != "":
		return m.teamReps(out)
	case q.PortalID != "":
		id, err := m.tx.resolve("portal", q.PortalID)
		if err == nil && !m.portalsOpen() {
			err = desk.Refuse(desk.NotReachable, "The portal is outside your teams.")
		}
		if err != nil {
			return err
		}
		out.Reps, out.Next, err = m.page(`EXISTS (SELECT 1 FROM consoles c WHERE c.rep_id = r.id AND c.portal_id = $4 AND `+consoleHere(`$3`)+`)`, id)
		return err
	case q.Text != "":
		within := `EXISTS (SELECT 1 FROM team_members m JOIN team_members o ON o.team_id = m.team_id WHERE m.rep_id = r.id AND o.rep_id = $1)`
		if *m.session.Settings.Sharing == desk.SharingAll && !m.caller.Embassy {
			within = `(` + within + ` OR EXISTS (SELECT 1 FROM consoles c WHERE c.rep_id = r.id AND c.portal_id <> '' AND ` + consoleHere(`$3`) + `))`
		}
		if reachesOutside(m.caller, desk.ShareOutsideTeams) {
			within = `1 = 1`
		}
		out.Reps, out.Next, err = m.page(within+` AND r.search LIKE $4 ESCAPE '\'`, likePattern(q.Text))
		return err
	}
	for i := range out.Teams {
		if !out.Teams[i].Mine || out.Teams[i].AvailableCount == 0 {
			continue
		}
		if out.Teams[i].Reps, _, err = m.page(inTeam, out.Teams[i].Team.ID); err != nil {
			return err
		}
	}
	return nil
}

const inTeam = `EXISTS (SELECT 1 FROM team_members m WHERE m.rep_id = r.id AND m.team_id = $4)`

func (m menu) teamReps(out *desk.ShareOptions) error {
	id, err := m.tx.resolveFor(m.caller, "team", m.query.TeamID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(out.Teams, func(t desk.ShareTeam) bool { return t.Team.ID == id })
	if i < 0 {
		return desk.Refuse(desk.NotReachable, "The team is outside your teams, or nobody of it is there.")
	}
	out.Teams[i].Reps, out.Next, err = m.page(inTeam, id)
	return err
}

// page lists reps who stand in the menu and match, by name (A5).
func (m menu) page(match, arg string) (reps []desk.ShareRep, next string, err error) {
	limit := m.query.Limit
	found, err := list(m.tx, `SELECT r.id, r.name, r.logged_in_until > $3, r.busy, r.extended,
		(SELECT COUNT(*) FROM attendees a WHERE a.rep_id = r.id AND a.rep_id <> '' AND a.left_at = 0),
		EXISTS (SELECT 1 FROM invitations v WHERE v.session_id = $2 AND v.rep_id = r.id AND v.rep_id <> '' AND v.state = 'active')
		FROM reps r WHERE`+invitable+` AND `+match+` AND ($5 = '' OR r.search > (SELECT l.search FROM reps l WHERE l.id = $5)
			OR (r.search = (SELECT l.search FROM reps l WHERE l.id = $5) AND r.id > $5)) ORDER BY r.search, r.id LIMIT $6`,
		[]any{m.caller.RepID, m.session.ID, ms(m.tx.now), arg, m.query.After, limit + 1}, m.scanRep)
	if err != nil {
		return nil, "", err
	}
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].ID
	}
	for i := range found {
		if found[i].Portals, err = m.portalsOf(found[i].ID); err != nil {
			return nil, "", err
		}
	}
	return found, next, nil
}

func (m menu) scanRep(scan scanner, r *desk.ShareRep) error {
	var loggedIn, busy bool
	err := scan(&r.ID, &r.Name, &loggedIn, &busy, &r.ExtendedAvailability, &r.SessionCount, &r.Invited)
	r.Presence = desk.PresenceOf(loggedIn, busy)
	return err
}

// portalsOf lists the portals under which the rep is logged in.
func (m menu) portalsOf(repID string) ([]desk.Ref, error) {
	return list(m.tx, `SELECT DISTINCT p.id, p.name FROM consoles c JOIN portals p ON p.id = c.portal_id
		WHERE c.rep_id = $1 AND c.portal_id <> '' AND `+consoleHere(`$2`)+` ORDER BY p.name, p.id`, []any{repID, ms(m.tx.now)},
		func(scan scanner, r *desk.Ref) error { return scan(&r.ID, &r.Name) })
}

// consoleHere is the condition that a console c keeps its rep logged in at the time that the parameter says.
func consoleHere(now string) string {
	var seen time.Time
	pushed, plain := desk.LoggedInUntil(seen, true).Sub(seen), desk.LoggedInUntil(seen, false).Sub(seen)
	return fmt.Sprintf(`c.seen_at + CASE WHEN c.push_target <> '' THEN %d ELSE %d END > %s`, pushed.Milliseconds(), plain.Milliseconds(), now)
}
