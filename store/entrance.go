package store

import (
	"cmp"
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

const entranceColumns = `SELECT e.id, e.rev, e.kind, e.slug, e.name, e.icon, e.code, e.priority, e.disabled, e.portal_id, COALESCE(p.name, ''), COALESCE(p.slug, ''),
	e.rep_id, COALESCE(r.name, ''), e.team_id, COALESCE(t.name, ''), e.issue_id, COALESCE(i.title, '')
	FROM entrances e LEFT JOIN portals p ON p.id = e.portal_id LEFT JOIN reps r ON r.id = e.rep_id LEFT JOIN teams t ON t.id = e.team_id LEFT JOIN issues i ON i.id = e.issue_id`

func scanEntrance(scan scanner, e *desk.Entrance) error {
	var kind desk.EntranceKind
	var portal, rep, team, issue desk.Ref
	var page string
	err := scan(&e.ID, &e.Rev, &kind, &e.Slug, &e.Name, &e.Icon, &e.Code, &e.Priority, &e.Disabled, &portal.ID, &portal.Name, &page,
		&rep.ID, &rep.Name, &team.ID, &team.Name, &issue.ID, &issue.Name)
	e.Portal, e.Rep, e.Team, e.Issue = refOrNil(portal), refOrNil(rep), refOrNil(team), refOrNil(issue)
	e.URL = "/p/" + page + "?" + kind.Parameter() + "=" + e.Code
	return err
}

// Entrances lists the support buttons or the help links to administrators, by name and id, those after the id after.
func (s *Store) Entrances(ctx context.Context, c desk.Caller, kind desk.EntranceKind, after string, limit int) ([]desk.Entrance, error) {
	return readAdministered(ctx, s, c, func(t *tx) ([]desk.Entrance, error) {
		return list(t, entranceColumns+` WHERE e.kind = $1 AND ($2 = '' OR (e.name, e.id) > (SELECT l.name, l.id FROM entrances l WHERE l.id = $2)) ORDER BY e.name, e.id LIMIT $3`,
			[]any{string(kind), after, limit}, scanEntrance)
	})
}

// Entrance returns one support button or help link to administrators.
func (s *Store) Entrance(ctx context.Context, c desk.Caller, kind desk.EntranceKind, ref string) (desk.Entrance, error) {
	return readAdministered(ctx, s, c, func(t *tx) (desk.Entrance, error) {
		id, err := t.resolveAny(string(kind), ref)
		if err != nil {
			return desk.Entrance{}, err
		}
		return t.entrance(id)
	})
}

func (t *tx) entrance(id string) (desk.Entrance, error) {
	return one(t, "entrance", entranceColumns+` WHERE e.id = $1`, []any{id}, scanEntrance)
}

// EntranceChange is what an administrator sets of a support button or a help link; nil leaves a field as it is. Things are
// named by ids or names.
type EntranceChange struct {
	Name     *string
	Icon     *string
	PortalID *string // "": none
	RepID    *string // a rep takes the place of a team, and a team that of a rep
	TeamID   *string
	IssueID  *string // "": none
	Priority *int
	Disabled *bool
}

func (ch EntranceChange) apply(m *organizationImport, e *desk.EntranceEntry) (err error) {
	desk.Set(&e.Name, ch.Name)
	desk.Set(&e.Icon, ch.Icon)
	desk.Set(&e.Priority, ch.Priority)
	e.Disabled = cmp.Or(ch.Disabled, e.Disabled)
	if ch.PortalID != nil {
		if e.Portal, err = m.slug("portal", *ch.PortalID); err != nil {
			return err
		}
	}
	if ch.IssueID != nil {
		if e.Issue, err = m.slug("issue", *ch.IssueID); err != nil {
			return err
		}
	}
	return ch.aim(m, e)
}

// aim sets for whom the sessions wait: exactly one rep or team.
func (ch EntranceChange) aim(m *organizationImport, e *desk.EntranceEntry) (err error) {
	rep, team := deref(ch.RepID), deref(ch.TeamID)
	switch {
	case rep != "" && team != "" || rep == "" && team == "" && (ch.RepID != nil || ch.TeamID != nil || e.Rep == "" && e.Team == ""):
		return desk.Refuse(desk.OneTargetNeeded, "Give exactly one of rep_id and team_id.")
	case rep != "":
		e.Team = ""
		e.Rep, err = m.repNamed(rep)
	case team != "":
		e.Rep = ""
		e.Team, err = m.slug("team", team)
	}
	return err
}

// repNamed is the user name of an account, which from now on counts as loaded.
func (m *organizationImport) repNamed(ref string) (username string, err error) {
	id, err := m.resolveAny("rep", ref)
	if err != nil {
		return "", err
	}
	if _, err = m.row(`SELECT username FROM reps WHERE id = $1`, []any{id}, &username); err == nil {
		m.org.named("rep", username, id)
	}
	return username, err
}

// CreateEntrance makes a support button or a help link, with a code that nobody can guess.
func (s *Store) CreateEntrance(ctx context.Context, c desk.Caller, kind desk.EntranceKind, slug string, ch EntranceChange) (desk.Entrance, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Entrance, error) {
		if err := m.free(string(kind), "slug", slug); err != nil {
			return desk.Entrance{}, err
		}
		return m.keepEntrance(kind, desk.EntranceEntry{Slug: slug}, ch)
	})
}

// UpdateEntrance changes what is given. The code stays.
func (s *Store) UpdateEntrance(ctx context.Context, c desk.Caller, kind desk.EntranceKind, ref string, ch EntranceChange, ifRev IfRev) (desk.Entrance, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Entrance, error) {
		id, err := m.resolveAny(string(kind), ref)
		if err != nil {
			return desk.Entrance{}, err
		}
		was, err := m.entrance(id)
		if err == nil {
			err = ifRev.check(was.Rev)
		}
		if err != nil {
			return was, err
		}
		return m.keepEntrance(kind, entryOf(*m.org.entrances(kind), was.Slug), ch)
	})
}

func (m *organizationImport) keepEntrance(kind desk.EntranceKind, e desk.EntranceEntry, ch EntranceChange) (desk.Entrance, error) {
	if err := ch.apply(m, &e); err != nil {
		return desk.Entrance{}, err
	}
	one := organization{}
	*one.entrances(kind) = []desk.EntranceEntry{e}
	if err := m.keep(one.Organization); err != nil {
		return desk.Entrance{}, err
	}
	return m.entrance(m.org.id(string(kind), e.Slug))
}

// DeleteEntrance deletes a support button or a help link: the sessions that came by it do not name it.
func (s *Store) DeleteEntrance(ctx context.Context, c desk.Caller, kind desk.EntranceKind, ref string, ifRev IfRev) error {
	return s.remove(ctx, c, string(kind), ref, ifRev, nil)
}

// entrances is the list of a kind.
func (o *organization) entrances(kind desk.EntranceKind) *[]desk.EntranceEntry {
	if kind == desk.SupportButton {
		return &o.SupportButtons
	}
	return &o.HelpLinks
}

// loadEntrances loads the support buttons and help links, with the user names behind them: accounts need not be loaded.
func (t *tx) loadEntrances(o *organization) (err error) {
	for _, kind := range []desk.EntranceKind{desk.SupportButton, desk.HelpLink} {
		if *o.entrances(kind), err = t.entrancesOf(o, kind); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) entrancesOf(o *organization, kind desk.EntranceKind) ([]desk.EntranceEntry, error) {
	reps := map[string]string{} // ids by user name
	entries, err := everything(t, `SELECT id, slug, name, icon, code, portal_id, rep_id, (SELECT r.username FROM reps r WHERE r.id = rep_id), team_id, issue_id, priority, disabled
		FROM entrances WHERE kind = $1`, func(scan scanner, e *desk.EntranceEntry) error {
		var id, portal, rep, team, issue string
		var username *string
		var disabled bool
		if err := scan(&id, &e.Slug, &e.Name, &e.Icon, &e.Code, &portal, &rep, &username, &team, &issue, &e.Priority, &disabled); err != nil {
			return err
		}
		o.named(string(kind), e.Slug, id)
		e.Portal, e.Team, e.Issue, e.Rep, e.Disabled = o.slugs[portal], o.slugs[team], o.slugs[issue], deref(username), &disabled
		if rep != "" {
			reps[e.Rep] = rep
		}
		return nil
	}, string(kind))
	for username, id := range reps {
		o.named("rep", username, id)
	}
	return entries, err
}

// saveEntrance saves a support button or a help link. A new one has the code of the file, or a new one.
func (m *organizationImport) saveEntrance(kind desk.EntranceKind) func(change[desk.EntranceEntry]) error {
	return func(c change[desk.EntranceEntry]) error {
		id := m.org.id
		_, err := m.exec(`INSERT INTO entrances (id, kind, slug, name, icon, code, portal_id, rep_id, team_id, issue_id, priority, disabled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
			ON CONFLICT (id) DO UPDATE SET name = $4, icon = $5, portal_id = $7, rep_id = $8, team_id = $9, issue_id = $10, priority = $11, disabled = $12, rev = entrances.rev + 1`,
			c.id, string(kind), c.now.Slug, c.now.Name, c.now.Icon, cmp.Or(c.now.Code, drawText(desk.EntranceAlphabet, desk.EntranceCodeLength)), id("portal", c.now.Portal), id("rep", c.now.Rep), id("team", c.now.Team),
			id("issue", c.now.Issue), c.now.Priority, flag(c.now.Disabled != nil))
		return err
	}
}
