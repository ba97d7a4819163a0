package store

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"

	"github.com/repdesk/repdesk/store/desk"
)

// colleagues are the reps o in the teams of a rep, the rep among them. Who shared a team that is out of use is no colleague (A4, A7).
func colleagues(rep string) string {
	return `SELECT o.rep_id FROM team_members own JOIN teams u ON u.id = own.team_id AND u.disabled = 0 JOIN team_members o ON o.team_id = own.team_id WHERE own.rep_id = ` + rep
}

// teamSeen is the condition that the caller $1 sees a team t ($2 is now, $3 whether others than their own can be asked, $4
// whether they administer): their own always, others while somebody of them is there (A4); an embassy rep no others (A7).
const teamSeen = `($4 = 1 OR (t.disabled = 0 AND (EXISTS (SELECT 1 FROM team_members own WHERE own.team_id = t.id AND own.rep_id = $1)
	OR ($3 = 1 AND EXISTS (SELECT 1 FROM team_members m JOIN reps r ON r.id = m.rep_id
		WHERE m.team_id = t.id AND r.disabled = 0 AND (r.logged_in_until > $2 OR r.extended = 1))))))`

const teamColumns = `SELECT t.id, t.rev, t.slug, t.name, t.embassy, EXISTS (SELECT 1 FROM team_members own WHERE own.team_id = t.id AND own.rep_id = $1),
	t.persistent, t.supervision, t.waiting, t.disabled FROM teams t WHERE ` + teamSeen

func (t *tx) teamArgs(c desk.Caller, more ...any) []any {
	return append([]any{c.RepID, ms(t.now), flag(reachesOutside(c, desk.ShareOutsideTeams)), flag(c.IsAdministrator())}, more...)
}

// Teams lists the teams that the caller sees, by name and id, those after the id after. An embassy rep's cursor is one of
// their own teams: the place of another would tell of its name (A7).
func (s *Store) Teams(ctx context.Context, c desk.Caller, after string, limit int) ([]desk.Team, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Team, error) {
		return t.teams(c, teamColumns+` AND ($5 = '' OR (t.name, t.id) > (SELECT l.name, l.id FROM teams l WHERE l.id = $5
			AND ($6 = 0 OR EXISTS (SELECT 1 FROM team_members own WHERE own.team_id = l.id AND own.rep_id = $1)))) ORDER BY t.name, t.id LIMIT $7`,
			after, flag(c.Embassy && !c.IsAdministrator()), limit)
	})
}

// Team returns one team that the caller sees.
func (s *Store) Team(ctx context.Context, c desk.Caller, ref string) (desk.Team, error) {
	return readAs(ctx, s, c, func(t *tx) (desk.Team, error) {
		id, err := t.resolveAny("team", ref)
		if err != nil {
			return desk.Team{}, err
		}
		return t.team(c, id)
	})
}

func (t *tx) team(c desk.Caller, id string) (desk.Team, error) {
	found, err := t.teams(c, teamColumns+` AND t.id = $5`, id)
	if err == nil && len(found) == 0 {
		err = desk.Missing("team")
	}
	if err != nil {
		return desk.Team{}, err
	}
	return found[0], nil
}

// teams lists teams, with what only administrators are told for them alone.
func (t *tx) teams(c desk.Caller, q string, more ...any) ([]desk.Team, error) {
	rules := map[string]desk.WaitingRule{}
	found, err := list(t, q, t.teamArgs(c, more...), func(scan scanner, team *desk.Team) error {
		var waiting string
		if err := scan(&team.ID, &team.Rev, &team.Slug, &team.Name, &team.Embassy, &team.Mine, &team.Persistent, &team.Supervision, &waiting, &team.Disabled); err != nil {
			return err
		}
		if !c.IsAdministrator() {
			team.Persistent, team.Supervision = false, false
			return nil
		}
		if waiting == "" {
			return nil
		}
		var rule desk.WaitingRule
		err := json.Unmarshal([]byte(waiting), &rule)
		rules[team.ID] = rule
		return err
	})
	for i := range found {
		if rule, there := rules[found[i].ID]; there && err == nil {
			found[i].Waiting, err = t.teamRule(rule)
		}
	}
	return found, err
}

// teamRule is a waiting rule as it is stored, with the overflow team's name.
func (t *tx) teamRule(rule desk.WaitingRule) (*desk.TeamRule, error) {
	shown := &desk.TeamRule{AfterSeconds: rule.AfterSeconds, Action: rule.Action}
	if rule.OverflowTeam == "" {
		return shown, nil
	}
	shown.OverflowTeam = &desk.Ref{}
	_, err := t.row(`SELECT id, name FROM teams WHERE id = $1`, []any{rule.OverflowTeam}, &shown.OverflowTeam.ID, &shown.OverflowTeam.Name)
	return shown, err
}

// TeamChange is what an administrator sets of a team; nil leaves a field as it is.
type TeamChange struct {
	Name        *string
	Embassy     *bool
	Persistent  *bool
	Supervision *bool
	Waiting     *desk.WaitingRule // its overflow team by an id or a name; with 0 seconds there is none
	Disabled    *bool
}

func (ch TeamChange) apply(m *organizationImport, e *desk.TeamEntry) error {
	desk.Set(&e.Name, ch.Name)
	desk.Set(&e.Embassy, ch.Embassy)
	desk.Set(&e.Persistent, ch.Persistent)
	e.Supervision = cmp.Or(ch.Supervision, e.Supervision)
	e.Disabled = cmp.Or(ch.Disabled, e.Disabled)
	if ch.Waiting == nil {
		return nil
	}
	if *ch.Waiting == (desk.WaitingRule{}) {
		e.Waiting = nil
		return nil
	}
	rule := *ch.Waiting
	var err error
	rule.OverflowTeam, err = m.slug("team", rule.OverflowTeam)
	e.Waiting = &rule
	return err
}

// CreateTeam makes a team.
func (s *Store) CreateTeam(ctx context.Context, c desk.Caller, slug string, ch TeamChange) (desk.Team, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Team, error) {
		if err := m.free("team", "slug", slug); err != nil {
			return desk.Team{}, err
		}
		return m.keepTeam(c, desk.TeamEntry{Slug: slug}, ch)
	})
}

// UpdateTeam changes what is given.
func (s *Store) UpdateTeam(ctx context.Context, c desk.Caller, ref string, ch TeamChange, ifRev IfRev) (desk.Team, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Team, error) {
		slug, err := m.slug("team", ref)
		if err != nil {
			return desk.Team{}, err
		}
		was, err := m.team(c, m.org.id("team", slug))
		if err == nil {
			err = ifRev.check(was.Rev)
		}
		if err != nil {
			return was, err
		}
		return m.keepTeam(c, entryOf(m.org.Teams, slug), ch)
	})
}

func (m *organizationImport) keepTeam(c desk.Caller, e desk.TeamEntry, ch TeamChange) (desk.Team, error) {
	if err := ch.apply(m, &e); err != nil {
		return desk.Team{}, err
	}
	if err := m.keep(desk.Organization{Teams: []desk.TeamEntry{e}}); err != nil {
		return desk.Team{}, err
	}
	return m.team(c, m.org.id("team", e.Slug))
}

// DeleteTeam deletes a team that never was of any use.
func (s *Store) DeleteTeam(ctx context.Context, c desk.Caller, ref string, ifRev IfRev) error {
	return s.remove(ctx, c, "team", ref, ifRev, nil)
}

// entryOf is the entry of a name; there is one.
func entryOf[E desk.Entry[E]](entries []E, name string) (found E) {
	for _, e := range entries {
		if e.Key() == name {
			return e
		}
	}
	return found
}

// TeamMembers lists the reps of a team to administrators, by name and id, those after the id after.
func (s *Store) TeamMembers(ctx context.Context, c desk.Caller, ref, after string, limit int) ([]desk.Member, error) {
	return readAdministered(ctx, s, c, func(t *tx) ([]desk.Member, error) {
		id, err := t.resolveAny("team", ref)
		if err != nil {
			return nil, err
		}
		return list(t, memberColumns+` WHERE m.team_id = $1 AND ($2 = '' OR (r.search, r.id) > (SELECT l.search, l.id FROM reps l WHERE l.id = $2))
			ORDER BY r.search, r.id LIMIT $3`, []any{id, after, limit}, scanMember)
	})
}

const memberColumns = `SELECT r.id, r.name, r.username, m.rank, r.disabled FROM team_members m JOIN reps r ON r.id = m.rep_id`

func scanMember(scan scanner, m *desk.Member) error {
	var rank int
	err := scan(&m.Rep.ID, &m.Rep.Name, &m.Username, &rank, &m.Disabled)
	m.Role = teamRoles[rank]
	return err
}

// SetTeamMember brings a rep into a team, or changes their role there, with all that comes of it (B20).
func (s *Store) SetTeamMember(ctx context.Context, c desk.Caller, team, rep string, role desk.TeamRole) (desk.Member, error) {
	return administer(ctx, s, c, rep, nil, func(m *organizationImport) (desk.Member, error) {
		slug, err := m.slug("team", team)
		if err != nil {
			return desk.Member{}, err
		}
		e := m.org.Reps[0]
		e.Teams = maps.Clone(e.Teams) // what was is compared with it
		if e.Teams == nil {
			e.Teams = map[string]desk.TeamRole{}
		}
		e.Teams[slug] = role
		if err := m.keep(desk.Organization{Reps: []desk.RepEntry{e}}); err != nil {
			return desk.Member{}, err
		}
		return one(m.tx, "member", memberColumns+` WHERE m.team_id = $1 AND m.rep_id = $2`, []any{m.org.id("team", slug), m.org.id("rep", e.Username)}, scanMember)
	})
}

// RemoveTeamMember takes a rep out of a team.
func (s *Store) RemoveTeamMember(ctx context.Context, c desk.Caller, team, rep string) error {
	_, err := administer(ctx, s, c, rep, nil, func(m *organizationImport) (struct{}, error) {
		slug, err := m.slug("team", team)
		e := m.org.Reps[0]
		if _, in := e.Teams[slug]; err == nil && !in {
			err = desk.Missing("member")
		}
		if err != nil {
			return struct{}{}, err
		}
		e.Teams = maps.Clone(e.Teams) // what was is compared with it
		delete(e.Teams, slug)
		return struct{}{}, m.keep(desk.Organization{Reps: []desk.RepEntry{e}})
	})
	return err
}
