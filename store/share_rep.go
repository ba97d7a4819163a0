package store

import (
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// reps fills in the reps that the query asks for: those of one team or portal, those found, or those of the own teams.
func (m menu) reps(out *desk.ShareOptions) (err error) {
	switch q := m.query; {
	case q.TeamID != "":
		i := slices.IndexFunc(out.Teams, func(t desk.ShareTeam) bool { return t.Team.ID == q.TeamID })
		out.Teams[i].Reps, out.Next, err = m.page(`r.id IN (SELECT m.rep_id FROM team_members m WHERE m.team_id = $7)`, q.TeamID)
	case q.PortalID != "":
		out.Reps, out.Next, err = m.page(`r.id IN (SELECT c.rep_id FROM consoles c WHERE c.portal_id = $7 AND c.portal_id <> '' AND `+consoleHere(`$3`)+`)`, q.PortalID)
	case q.Text != "":
		out.Reps, out.Next, err = m.page(m.reach.rep()+` AND r.search LIKE $7 ESCAPE '\'`, likePattern(q.Text))
	case q.After == "":
		err = m.ownReps(out)
	}
	return err
}

// shareRepColumns are what is picked of a rep r to be shown.
const shareRepColumns = `r.id, r.name, r.search, r.logged_in_until, r.busy, r.extended`

// page lists a page of the reps who stand in the menu and match $7, by name (A5). An embassy rep's cursor is a colleague:
// the place of another would tell of their name (A7).
func (m menu) page(match, arg string) (reps []desk.ShareRep, next string, err error) {
	found, err := m.shown(`SELECT '' AS team_id, `+shareRepColumns+`, 1 AS place FROM reps r WHERE`+available+` AND `+match+`
		AND ($8 = '' OR (r.search, r.id) > (SELECT r.search, r.id FROM reps r WHERE r.id = $8 AND ($5 = 0 OR `+ofCallersTeams+`)))
		ORDER BY r.search, r.id LIMIT $6`, m.query.Limit+1, arg, m.query.After)
	for _, f := range found {
		reps = append(reps, f.ShareRep)
	}
	if len(reps) > m.query.Limit {
		reps = reps[:m.query.Limit]
		next = reps[len(reps)-1].ID
	}
	return reps, next, err
}

// ownReps fills in the reps of the caller's own teams, at most the limit of each.
func (m menu) ownReps(out *desk.ShareOptions) error {
	found, err := m.shown(`SELECT m.team_id, `+shareRepColumns+`, ROW_NUMBER() OVER (PARTITION BY m.team_id ORDER BY r.search, r.id) AS place
		FROM team_members own JOIN team_members m ON m.team_id = own.team_id JOIN reps r ON r.id = m.rep_id WHERE own.rep_id = $1 AND`+available, m.query.Limit)
	for _, f := range found {
		if i := slices.IndexFunc(out.Teams, func(t desk.ShareTeam) bool { return t.Team.ID == f.teamID }); i >= 0 {
			out.Teams[i].Reps = append(out.Teams[i].Reps, f.ShareRep)
		}
	}
	return err
}

// shownRep is a rep as one of a team, or with no team.
type shownRep struct {
	desk.ShareRep
	teamID string
}

// shown completes reps that a query picks, the first $6 of each team, by name. A rep comes in as many rows as they have
// consoles under portals, which are folded. An embassy rep ($5) is not told of portals, nor of sessions that it is not
// in (A7).
func (m menu) shown(picked string, limit int, args ...any) (reps []shownRep, err error) {
	err = m.tx.rows(`SELECT x.team_id, x.id, x.name, x.logged_in_until > $3, x.busy, x.extended,
		(SELECT COUNT(*) FROM attendees a WHERE a.rep_id = x.id AND a.rep_id <> '' AND a.left_at = 0 AND ($5 = 0 OR EXISTS
			(SELECT 1 FROM attendees i WHERE i.session_id = a.session_id AND i.rep_id = $1 AND i.rep_id <> '' AND i.left_at = 0))),
		EXISTS (SELECT 1 FROM invitations v WHERE v.session_id = $2 AND v.rep_id = x.id AND v.rep_id <> '' AND v.state = 'active' AND v.kind <> 'transfer'),
		COALESCE(p.id, ''), COALESCE(p.name, '')
		FROM (`+picked+`) x LEFT JOIN consoles c ON c.rep_id = x.id AND c.portal_id <> '' AND $5 = 0 AND `+consoleHere(`$3`)+`
		LEFT JOIN portals p ON p.id = c.portal_id WHERE x.place <= $6 ORDER BY x.search, x.id, x.team_id, p.name, p.id`,
		m.availableArgs(append([]any{flag(m.reach.embassy), limit}, args...)...),
		func(scan scanner) error {
			r, portal, err := scanShownRep(scan)
			if n := len(reps); n == 0 || reps[n-1].ID != r.ID || reps[n-1].teamID != r.teamID {
				reps = append(reps, r)
			}
			if last := &reps[len(reps)-1]; portal.ID != "" && !slices.Contains(last.Portals, portal) {
				last.Portals = append(last.Portals, portal)
			}
			return err
		})
	return reps, err
}

func scanShownRep(scan scanner) (r shownRep, portal desk.Ref, err error) {
	var loggedIn, busy bool
	err = scan(&r.teamID, &r.ID, &r.Name, &loggedIn, &busy, &r.ExtendedAvailability, &r.SessionCount, &r.Invited, &portal.ID, &portal.Name)
	r.Presence, r.Portals = desk.PresenceOf(loggedIn, busy), []desk.Ref{}
	return r, portal, err
}
