package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// organization is what stands, in the words of the file, with the ids behind its names.
type organization struct {
	desk.Organization
	ids   map[thing]string
	slugs map[string]string // by id
}

// thing is how the file names something.
type thing struct{ kind, name string }

func (o *organization) named(kind, name, id string) {
	o.ids[thing{kind, name}], o.slugs[id] = id, name
}

// id is that of a name; "" where there is none.
func (o *organization) id(kind, name string) string { return o.ids[thing{kind, name}] }

// standing is what a file may refer to.
func (o *organization) standing() *desk.Standing {
	s := &desk.Standing{Portals: map[string]string{}, Teams: map[string]bool{}, Reps: map[string]bool{}, Issues: map[string]bool{}, Codes: map[string]string{}}
	for _, p := range o.Portals {
		s.Portals[p.Slug] = p.Parent
	}
	for named := range o.ids {
		switch named.kind {
		case "team":
			s.Teams[named.name] = true
		case "rep":
			s.Reps[named.name] = true
		case "issue":
			s.Issues[named.name] = true
		}
	}
	for kind, entries := range map[desk.EntranceKind][]desk.EntranceEntry{desk.SupportButton: o.SupportButtons, desk.HelpLink: o.HelpLinks} {
		for _, e := range entries {
			s.Codes[e.Code] = string(kind) + " " + e.Slug
		}
	}
	return s
}

// organization loads everything, each kind by name, and in a writing transaction locks it.
func (t *tx) organization() (*organization, error) {
	o, err := t.organizationFor("")
	if err == nil {
		err = t.loadReps(o, "")
	}
	return o, err
}

// organizationFor loads all but the accounts, of which there can be thousands: none, or with an id that one.
func (t *tx) organizationFor(repID string) (*organization, error) {
	o := &organization{ids: map[thing]string{}, slugs: map[string]string{}}
	for _, load := range []func(*organization) error{t.loadPortals, t.loadTeams, t.loadIssues, t.loadEntrances} {
		if err := load(o); err != nil {
			return nil, err
		}
	}
	if repID == "" {
		return o, nil
	}
	return o, t.loadReps(o, repID)
}

// everything loads one kind. It is sorted here, because the engines sort texts in different ways.
func everything[E desk.Entry[E]](t *tx, q string, scan func(scanner, *E) error, args ...any) ([]E, error) {
	q += ` ORDER BY id` + t.forUpdate() // the order in which they are locked
	entries, err := list(t, q, args, scan)
	for i, e := range entries {
		entries[i] = e.Over(e)
	}
	slices.SortFunc(entries, func(a, b E) int { return strings.Compare(a.Key(), b.Key()) })
	return entries, err
}

func (t *tx) loadPortals(o *organization) (err error) {
	o.Portals, err = everything(t, `SELECT id, slug, name, parent_id, settings, disabled FROM portals`, func(scan scanner, p *desk.PortalEntry) error {
		var id, settings string
		var disabled bool
		if err := scan(&id, &p.Slug, &p.Name, &p.Parent, &settings, &disabled); err != nil {
			return err
		}
		p.Disabled = &disabled
		o.named("portal", p.Slug, id)
		return json.Unmarshal([]byte(settings), &p.PortalSettings)
	})
	for i := range o.Portals {
		o.Portals[i].Parent = o.slugs[o.Portals[i].Parent]
	}
	return err
}

func (t *tx) loadTeams(o *organization) (err error) {
	o.Teams, err = everything(t, `SELECT id, slug, name, embassy, persistent, supervision, waiting, disabled FROM teams`, func(scan scanner, e *desk.TeamEntry) error {
		var id, waiting string
		var supervision, disabled bool
		if err := scan(&id, &e.Slug, &e.Name, &e.Embassy, &e.Persistent, &supervision, &waiting, &disabled); err != nil {
			return err
		}
		e.Supervision, e.Disabled = &supervision, &disabled
		o.named("team", e.Slug, id)
		if waiting == "" {
			return nil
		}
		return json.Unmarshal([]byte(waiting), &e.Waiting)
	})
	for _, e := range o.Teams {
		if e.Waiting != nil {
			e.Waiting.OverflowTeam = o.slugs[e.Waiting.OverflowTeam]
		}
	}
	return err
}

// loadReps loads all accounts, or with an id that one.
func (t *tx) loadReps(o *organization, id string) error {
	members, accounts, args := `SELECT rep_id, team_id, rank FROM team_members`, `SELECT id, username, name, public_name, email, permissions, role, locale, time_zone, disabled FROM reps`, []any{}
	if id != "" {
		members, accounts, args = members+` WHERE rep_id = $1`, accounts+` WHERE id = $1`, []any{id}
	}
	teams := map[string]map[string]desk.TeamRole{} // by rep
	if err := t.rows(members, args, func(scan scanner) error {
		var rep, team string
		var rank int
		err := scan(&rep, &team, &rank)
		if teams[rep] == nil {
			teams[rep] = map[string]desk.TeamRole{}
		}
		teams[rep][o.slugs[team]] = teamRoles[rank]
		return err
	}); err != nil {
		return err
	}
	var err error
	o.Reps, err = everything(t, accounts, func(scan scanner, r *desk.RepEntry) error {
		var id, permissions string
		var disabled bool
		if err := scan(&id, &r.Username, &r.Name, &r.PublicName, &r.Email, &permissions, &r.Role, &r.Locale, &r.TimeZone, &disabled); err != nil {
			return err
		}
		r.Disabled = &disabled
		o.named("rep", r.Username, id)
		r.Teams = teams[id]
		return json.Unmarshal([]byte(permissions), &r.Permissions)
	}, args...)
	return err
}

func (t *tx) loadIssues(o *organization) (err error) {
	o.Issues, err = everything(t, `SELECT id, slug, title, team_id, request_help, help_teams, portals, disabled FROM issues`, func(scan scanner, i *desk.IssueEntry) error {
		var id, team, helpTeams, portals string
		var disabled bool
		if err := scan(&id, &i.Slug, &i.Title, &team, &i.RequestHelp, &helpTeams, &portals, &disabled); err != nil {
			return err
		}
		i.Disabled = &disabled
		o.named("issue", i.Slug, id)
		i.Team = o.slugs[team]
		var err error
		if i.HelpTeams, err = o.slugsOf(helpTeams); err == nil {
			i.Portals, err = o.slugsOf(portals)
		}
		return err
	})
	return err
}

// slugsOf are the names behind a stored list of ids.
func (o *organization) slugsOf(stored string) (slugs []string, err error) {
	var ids []string
	err = json.Unmarshal([]byte(stored), &ids)
	for _, id := range ids {
		slugs = append(slugs, o.slugs[id])
	}
	return slugs, err
}

// idsOf is what is stored of a list of names.
func (o *organization) idsOf(kind string, slugs []string) (string, error) {
	ids := []string{}
	for _, slug := range slugs {
		ids = append(ids, o.id(kind, slug))
	}
	stored, err := json.Marshal(ids)
	return string(stored), err
}

// Operator is who acts when the program itself does, at the hand of whoever runs it: there is no account behind it.
func (s *Store) Operator() desk.Caller {
	return desk.Caller{RepID: s.serverID, Name: "Organisation file", Role: desk.RoleAdministrator}
}

// ExportOrganization returns everything but passwords, such that importing it changes nothing, to administrators.
func (s *Store) ExportOrganization(ctx context.Context, c desk.Caller) (desk.Organization, error) {
	return readAdministered(ctx, s, c, func(t *tx) (desk.Organization, error) {
		o, err := t.organization()
		if err != nil {
			return desk.Organization{}, err
		}
		return o.Organization, nil
	})
}
