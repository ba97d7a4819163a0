package store

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/repdesk/repdesk/store/desk"
)

// issueSeen is the condition that the caller $1 sees an issue i of a team t ($2 says whether A7 holds for them, $3 whether
// they administer): all that are in use, an embassy rep those of their own teams.
const issueSeen = `($3 = 1 OR (i.disabled = 0 AND t.disabled = 0 AND ($2 = 0 OR EXISTS (SELECT 1 FROM team_members own WHERE own.team_id = i.team_id AND own.rep_id = $1))))`

const issueColumns = `SELECT i.id, i.rev, i.slug, i.title, t.id, t.name, i.request_help, i.help_teams, i.portals, i.disabled FROM issues i JOIN teams t ON t.id = i.team_id WHERE ` + issueSeen

// Issues lists the issues that the caller sees, by title and id, those after the id after.
func (s *Store) Issues(ctx context.Context, c desk.Caller, after string, limit int) ([]desk.Issue, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Issue, error) {
		return t.issues(c, issueColumns+` AND ($4 = '' OR (i.title, i.id) > (SELECT l.title, l.id FROM issues l WHERE l.id = $4
			AND ($2 = 0 OR $3 = 1 OR EXISTS (SELECT 1 FROM team_members own WHERE own.team_id = l.team_id AND own.rep_id = $1)))) ORDER BY i.title, i.id LIMIT $5`, after, limit)
	})
}

// Issue returns one issue that the caller sees.
func (s *Store) Issue(ctx context.Context, c desk.Caller, ref string) (desk.Issue, error) {
	return readAs(ctx, s, c, func(t *tx) (desk.Issue, error) {
		id, err := t.resolveAny("issue", ref)
		if err != nil {
			return desk.Issue{}, err
		}
		return t.issue(c, id)
	})
}

func (t *tx) issue(c desk.Caller, id string) (desk.Issue, error) {
	found, err := t.issues(c, issueColumns+` AND i.id = $4`, id)
	if err == nil && len(found) == 0 {
		err = desk.Missing("issue")
	}
	if err != nil {
		return desk.Issue{}, err
	}
	return found[0], nil
}

// issues lists issues, with what only administrators are told for them alone.
func (t *tx) issues(c desk.Caller, q string, more ...any) ([]desk.Issue, error) {
	helpTeams, portals := map[string]string{}, map[string]string{}
	args := append([]any{c.RepID, flag(c.Embassy), flag(c.IsAdministrator())}, more...)
	found, err := list(t, q, args, func(scan scanner, i *desk.Issue) error {
		var teams, places string
		err := scan(&i.ID, &i.Rev, &i.Slug, &i.Title, &i.Team.ID, &i.Team.Name, &i.RequestHelp, &teams, &places, &i.Disabled)
		helpTeams[i.ID], portals[i.ID] = teams, places
		return err
	})
	if !c.IsAdministrator() || err != nil {
		return found, err
	}
	for n, i := range found {
		if err == nil {
			found[n].HelpTeams, err = t.refsOf(`SELECT id, name FROM teams WHERE id = $1`, helpTeams[i.ID])
		}
		if err == nil {
			found[n].Portals, err = t.refsOf(`SELECT id, name FROM portals WHERE id = $1`, portals[i.ID])
		}
	}
	return found, err
}

// refsOf are the things in a stored list of ids, each with its name.
func (t *tx) refsOf(q, stored string) (refs []desk.Ref, err error) {
	var ids []string
	err = json.Unmarshal([]byte(stored), &ids)
	for _, id := range ids {
		var found []desk.Ref
		if err == nil {
			found, err = t.refs(q, id)
		}
		refs = append(refs, found...)
	}
	return refs, err
}

// IssueChange is what an administrator sets of an issue; nil leaves a field as it is. Teams and portals are named by ids or
// names.
type IssueChange struct {
	Title       *string
	TeamID      *string
	RequestHelp *bool
	HelpTeamIDs *[]string
	PortalIDs   *[]string
	Disabled    *bool
}

func (ch IssueChange) apply(m *organizationImport, e *desk.IssueEntry) (err error) {
	desk.Set(&e.Title, ch.Title)
	desk.Set(&e.RequestHelp, ch.RequestHelp)
	e.Disabled = cmp.Or(ch.Disabled, e.Disabled)
	if ch.TeamID != nil {
		if e.Team, err = m.slug("team", *ch.TeamID); err != nil {
			return err
		}
	}
	if ch.HelpTeamIDs != nil {
		if e.HelpTeams, err = m.slugsNamed("team", *ch.HelpTeamIDs); err != nil {
			return err
		}
	}
	if ch.PortalIDs != nil {
		e.Portals, err = m.slugsNamed("portal", *ch.PortalIDs)
	}
	return err
}

// CreateIssue makes an issue.
func (s *Store) CreateIssue(ctx context.Context, c desk.Caller, slug string, ch IssueChange) (desk.Issue, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Issue, error) {
		if err := m.free("issue", "slug", slug); err != nil {
			return desk.Issue{}, err
		}
		return m.keepIssue(c, desk.IssueEntry{Slug: slug}, ch)
	})
}

// UpdateIssue changes what is given.
func (s *Store) UpdateIssue(ctx context.Context, c desk.Caller, ref string, ch IssueChange, ifRev IfRev) (desk.Issue, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Issue, error) {
		slug, err := m.slug("issue", ref)
		if err != nil {
			return desk.Issue{}, err
		}
		was, err := m.issue(c, m.org.id("issue", slug))
		if err == nil {
			err = ifRev.check(was.Rev)
		}
		if err != nil {
			return was, err
		}
		return m.keepIssue(c, entryOf(m.org.Issues, slug), ch)
	})
}

func (m *organizationImport) keepIssue(c desk.Caller, e desk.IssueEntry, ch IssueChange) (desk.Issue, error) {
	if err := ch.apply(m, &e); err != nil {
		return desk.Issue{}, err
	}
	if err := m.keep(desk.Organization{Issues: []desk.IssueEntry{e}}); err != nil {
		return desk.Issue{}, err
	}
	return m.issue(c, m.org.id("issue", e.Slug))
}

// DeleteIssue deletes an issue that never was of any use.
func (s *Store) DeleteIssue(ctx context.Context, c desk.Caller, ref string, ifRev IfRev) error {
	return s.remove(ctx, c, "issue", ref, ifRev, nil)
}
