package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

const portalColumns = `SELECT p.id, p.rev, p.slug, p.name, p.parent_id, p.disabled FROM portals p`

func scanPortal(scan scanner, p *desk.Portal) error {
	return scan(&p.ID, &p.Rev, &p.Slug, &p.Name, &p.ParentID, &p.Disabled)
}

// Portals lists the portals in use, to administrators all, by name and id, those after the id after. As a tree they stand by
// their parents.
func (s *Store) Portals(ctx context.Context, c desk.Caller, after string, limit int) ([]desk.Portal, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Portal, error) { return t.portals(c, after, limit) })
}

func (t *tx) portals(c desk.Caller, after string, limit int) ([]desk.Portal, error) {
	return list(t, portalColumns+` WHERE (p.disabled = 0 OR $3 = 1) AND ($1 = '' OR p.name > (SELECT l.name FROM portals l WHERE l.id = $1)
		OR (p.name = (SELECT l.name FROM portals l WHERE l.id = $1) AND p.id > $1)) ORDER BY p.name, p.id LIMIT $2`, []any{after, limit, flag(c.IsAdministrator())}, scanPortal)
}

// Portal returns a portal with its settings in force and where each comes from. The fallback team is the desk's own
// matter: an embassy rep is not told of it (A7).
func (s *Store) Portal(ctx context.Context, c desk.Caller, ref string) (desk.Portal, error) {
	return readAs(ctx, s, c, func(t *tx) (p desk.Portal, err error) {
		find := t.resolve
		if c.IsAdministrator() {
			find = t.resolveAny
		}
		id, err := find("portal", ref)
		if err == nil {
			p, err = t.portal(id)
		}
		if err == nil && c.Embassy {
			p.Effective.FallbackTeam = nil
		}
		return p, err
	})
}

func (t *tx) portal(id string) (desk.Portal, error) {
	p, err := one(t, "portal", portalColumns+` WHERE p.id = $1`, []any{id}, scanPortal)
	if err != nil {
		return p, err
	}
	settings, err := t.portalSettings(id)
	if err != nil {
		return p, err
	}
	p.Effective = &settings
	up, err := t.portalsUp(id)
	p.Sources = desk.SettingSources(up)
	return p, err
}

// portalSettings are those in force in a portal.
func (t *tx) portalSettings(id string) (desk.PortalSettings, error) {
	var effective string
	if _, err := t.row(`SELECT effective FROM portals WHERE id = $1`, []any{id}, &effective); err != nil {
		return desk.PortalSettings{}, err
	}
	return settingsOf(effective)
}

// portalsUp lists a portal and those above it, with what each says itself.
func (t *tx) portalsUp(id string) ([]desk.PortalLevel, error) {
	parents := map[string]string{}
	levels := map[string]desk.PortalLevel{}
	err := t.rows(`SELECT p.id, p.name, p.parent_id, p.settings FROM portal_tree g JOIN portals p ON p.id = g.above_id WHERE g.portal_id = $1`, []any{id}, func(scan scanner) error {
		var level desk.PortalLevel
		var parent, settings string
		if err := scan(&level.ID, &level.Name, &parent, &settings); err != nil {
			return err
		}
		parents[level.ID] = parent
		err := json.Unmarshal([]byte(settings), &level.Settings)
		levels[level.ID] = level
		return err
	})
	up := []desk.PortalLevel{}
	for at := id; at != "" && len(up) < len(levels); at = parents[at] {
		up = append(up, levels[at])
	}
	return up, err
}

// PublicPortal is what a portal's page shows to everybody (E2), as its modes say (B18).
func (s *Store) PublicPortal(ctx context.Context, ref string) (desk.PublicPortal, error) {
	return read(ctx, s, func(t *tx) (desk.PublicPortal, error) {
		p := desk.PublicPortal{Reps: []desk.Ref{}, Issues: []desk.PublicIssue{}}
		id, err := t.resolve("portal", ref)
		if err != nil {
			return p, err
		}
		settings, err := t.portalSettings(id)
		if err != nil {
			return p, err
		}
		if _, err := t.row(`SELECT id, name FROM portals WHERE id = $1`, []any{id}, &p.ID, &p.Name); err != nil {
			return p, err
		}
		p.Modes = *settings.Modes
		p.UnavailableURL = *settings.UnavailableURL
		p.TakesCodes = slices.Contains(p.Modes, desk.ModePhone)
		if !slices.Contains(p.Modes, desk.ModeWeb) {
			return p, nil
		}
		if p.Reps, err = t.refs(`SELECT id, public_name FROM reps WHERE on_public_page = 1 AND disabled = 0 AND logged_in_until > $1 ORDER BY public_name, id`, ms(t.now)); err != nil {
			return p, err
		}
		if slices.Contains(p.Modes, desk.ModeQueue) {
			p.Issues, err = t.publicIssues(id)
		}
		return p, err
	})
}

// publicIssues lists the issues that customers can choose in a portal, and whether somebody is there for each (D11, E2).
func (t *tx) publicIssues(portalID string) ([]desk.PublicIssue, error) {
	above, err := t.texts(`SELECT above_id FROM portal_tree WHERE portal_id = $1`, portalID)
	if err != nil {
		return nil, err
	}
	offered := []desk.PublicIssue{}
	err = t.rows(`SELECT i.id, i.title, i.portals, t.persistent = 1 OR EXISTS (SELECT 1 FROM team_members m JOIN reps r ON r.id = m.rep_id
		WHERE m.team_id = t.id AND r.disabled = 0 AND r.logged_in_until > $1)
		FROM issues i JOIN teams t ON t.id = i.team_id WHERE i.disabled = 0 AND t.disabled = 0 ORDER BY i.title, i.id`, []any{ms(t.now)}, func(scan scanner) error {
		var i desk.PublicIssue
		var portals string
		if err := scan(&i.ID, &i.Name, &portals, &i.Available); err != nil {
			return err
		}
		here, err := issueInPortal(portals, above)
		if here {
			offered = append(offered, i)
		}
		return err
	})
	return offered, err
}

// refs lists ids with their names.
func (t *tx) refs(q string, args ...any) ([]desk.Ref, error) {
	return list(t, q, args, func(scan scanner, r *desk.Ref) error { return scan(&r.ID, &r.Name) })
}
