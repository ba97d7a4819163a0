package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// ShareQuery narrows the Share menu. Without any of Text, TeamID and PortalID the reps of the caller's own teams come,
// at most Limit of each, and counts for the other teams, Limit of them a page.
type ShareQuery struct {
	Transfer bool   // whom the session can be given to, not who can be invited (C6)
	Text     string // part of a rep's name, anywhere within reach
	TeamID   string // this team's reps
	PortalID string // the reps logged in under this portal
	After    string // the page after this rep or, without any of the three, after this team
	Limit    int
}

// narrow says whether one thing is asked for, whose reps are paged.
func (q ShareQuery) narrow() bool { return q.Text != "" || q.TeamID != "" || q.PortalID != "" }

// ShareOptions returns all that the Share menu of a session needs (A1). Only its owner gets it and, to transfer, who may
// step in (C8), without the invitations, which are the owner's. The number of statements
// does not depend on how many reps, teams, portals and invitations there are.
func (s *Store) ShareOptions(ctx context.Context, c desk.Caller, sessionID string, q ShareQuery) (desk.ShareOptions, error) {
	here := s.here.view(s.cfg.Now()) // before the reading begins
	return readAs(ctx, s, c, func(t *tx) (desk.ShareOptions, error) {
		load := t.owned
		if q.Transfer {
			load = t.transferable
		}
		session, err := load(c, sessionID)
		if err != nil {
			return desk.ShareOptions{}, err
		}
		q.Limit = max(q.Limit, 1)
		menu := menu{tx: t, caller: c, session: session, query: q, reach: reachOf(c, session, q.Transfer), here: here}
		return menu.options()
	})
}

// menu makes the Share menu of one session.
type menu struct {
	tx      *tx
	caller  desk.Caller
	session sessionRow
	query   ShareQuery
	reach   reach
	here    hereView
}

// reach is what the menu offers beside the caller's own teams. All that it lists, finds, counts and refuses asks this.
type reach struct {
	outside bool // other teams, and all reps
	portals bool // portals, and the reps logged in under one
	embassy bool // nothing, and nothing may tell that there is more (A7)
}

// reachOf says what is within the caller's reach: by A4 and A6 to invite, by C6 to transfer. To an embassy rep nothing
// opens more than its own teams, whatever permissions and portals say (A7).
func reachOf(c desk.Caller, s sessionRow, transfer bool) reach {
	if transfer {
		return reach{outside: reachesOutside(c, desk.TransferOutsideTeams), embassy: c.Embassy}
	}
	outside := reachesOutside(c, desk.ShareOutsideTeams)
	all := *s.Settings.Sharing == desk.SharingAll && !c.Embassy
	return reach{outside: outside, portals: outside || all, embassy: c.Embassy}
}

// ofCallersTeams is the condition that a rep r is in a team of the caller's ($1).
var ofCallersTeams = `r.id IN (` + colleagues(`$1`) + `)`

// rep is the condition that a rep r is within reach.
func (r reach) rep() string {
	switch {
	case r.outside:
		return `1 = 1`
	case r.portals:
		return `(` + ofCallersTeams + ` OR EXISTS (SELECT 1 FROM consoles c WHERE c.rep_id = r.id AND c.portal_id <> '' AND ` + consoleHere(`$3`) + `))`
	}
	return ofCallersTeams
}

// refuse is the answer to who asks for a team or portal out of reach.
func (r reach) refuse(kind string) error {
	if r.embassy {
		return desk.Missing(kind)
	}
	return desk.Refuse(desk.NotReachable, "The %s is out of your reach, or nobody is there.", kind)
}

func (m menu) options() (out desk.ShareOptions, err error) {
	out = desk.ShareOptions{Issues: []desk.Ref{}, Teams: []desk.ShareTeam{}, Portals: []desk.SharePortal{}, Codes: []string{}, AccessCeiling: *m.session.Settings.InviteCeiling}
	if err = m.seats(&out); err != nil {
		return out, err
	}
	if !m.query.Transfer && *m.session.Settings.Sharing == desk.SharingOffHere {
		return out, nil
	}
	if m.query, err = m.resolved(); err != nil {
		return out, err
	}
	if !m.query.Transfer {
		if out.Issues, err = m.issues(); err != nil {
			return out, err
		}
	}
	if out.Portals, err = m.portals(); err != nil {
		return out, err
	}
	if err = m.teams(&out); err != nil {
		return out, err
	}
	return out, m.reps(&out)
}

// resolved is the query with the ids of what it names.
func (m menu) resolved() (q ShareQuery, err error) {
	q = m.query
	if q.TeamID != "" {
		q.TeamID, err = m.tx.resolve("team", q.TeamID)
		return q, err
	}
	if q.PortalID == "" {
		return q, nil
	}
	if q.PortalID, err = m.tx.resolve("portal", q.PortalID); err == nil && !m.reach.portals {
		err = m.reach.refuse("portal")
	}
	return q, err
}

// seats fills in who is invited, and how many more can be (B11).
func (m menu) seats(out *desk.ShareOptions) (err error) {
	if out.Invitations, err = m.tx.invitations(` WHERE v.session_id = $1 AND v.state = 'active' AND v.kind <> 'transfer' ORDER BY v.id`, m.session.ID); err != nil {
		return err
	}
	var joined, specialists int
	if _, err = m.tx.row(`SELECT COALESCE(SUM(CASE role WHEN 'rep' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE role WHEN 'specialist' THEN 1 ELSE 0 END), 0)
		FROM attendees WHERE session_id = $1 AND left_at = 0`, []any{m.session.ID}, &joined, &specialists); err != nil {
		return err
	}
	out.Seats.RepsLeft = max(0, *m.session.Settings.MaxInvitedReps-joined-len(out.Invitations))
	if m.caller.Has(desk.InviteSpecialists) && *m.session.Settings.Specialists {
		out.Seats.SpecialistsLeft = max(0, *m.session.Settings.MaxSpecialists-specialists)
	}
	out.Codes, err = m.tx.texts(`SELECT id FROM specialist_invitations WHERE session_id = $1 AND state = 'active' ORDER BY id`, m.session.ID)
	if idOf(m.session.Owner) != m.caller.RepID {
		out.Invitations, out.Codes, out.Seats.SpecialistsLeft = []desk.Invitation{}, []string{}, 0
	}
	return err
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
func (t *tx) issuesOpenTo(c desk.Caller) ([]desk.HelpIssue, error) {
	all, err := list(t, `SELECT i.id, i.title, i.team_id, i.request_help, i.help_teams FROM issues i JOIN teams t ON t.id = i.team_id
		WHERE i.request_help = 1 AND i.disabled = 0 AND t.disabled = 0 ORDER BY i.title, i.id`, nil,
		func(scan scanner, i *desk.HelpIssue) error {
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
	return slices.DeleteFunc(all, func(i desk.HelpIssue) bool { return !i.OpenTo(ids) }), err
}

// portals lists the portals with how many who could be invited are logged in under each (A6): all but the asker and those
// in the session. A rep with a console that is here is logged in, and one who is disabled has no console, so that an index of
// consoles is all that is read.
func (m menu) portals() ([]desk.SharePortal, error) {
	if !m.reach.portals {
		return []desk.SharePortal{}, nil
	}
	const under = `(SELECT COUNT(DISTINCT c.rep_id) FROM consoles c WHERE c.portal_id = p.id AND c.portal_id <> '' AND `
	keys, inside := []string{}, []int{}
	portals, err := list(m.tx, `SELECT p.id, p.name, p.parent_id, `+under+consoleHere(`$3`)+` AND c.rep_id IN
			(SELECT $1 UNION SELECT a.rep_id FROM attendees a WHERE a.session_id = $2 AND a.rep_id <> '' AND a.left_at = 0))
		FROM portals p WHERE p.disabled = 0 ORDER BY p.name, p.id`, []any{m.caller.RepID, m.session.ID, ms(m.tx.now)},
		func(scan scanner, p *desk.SharePortal) error {
			var n int
			err := scan(&p.Portal.ID, &p.Portal.Name, &p.ParentID, &n)
			keys, inside = append(keys, p.Portal.ID), append(inside, n)
			return err
		})
	if err != nil {
		return nil, err
	}
	counts, err := m.counted(keys, `SELECT p.id, `+under+consoleHere(`$1`)+`) FROM portals p WHERE p.disabled = 0`, ms(m.tx.now))
	for i := range portals {
		portals[i].AvailableCount = max(0, counts[keys[i]]-inside[i])
	}
	return portals, err
}

// consoleHere is the condition that a console c keeps its rep logged in at the time that the parameter says.
func consoleHere(now string) string {
	var seen time.Time
	pushed, plain := desk.LoggedInUntil(seen, true).Sub(seen), desk.LoggedInUntil(seen, false).Sub(seen)
	return fmt.Sprintf(`c.seen_at + CASE WHEN c.push_target <> '' THEN %d ELSE %d END > %s`, pushed.Milliseconds(), plain.Milliseconds(), now)
}
