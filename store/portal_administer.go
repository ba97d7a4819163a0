package store

import (
	"cmp"
	"context"
	"reflect"

	"github.com/repdesk/repdesk/store/desk"
)

// PortalChange is what an administrator sets of a portal; nil leaves a field as it is.
type PortalChange struct {
	Name     *string
	ParentID *string // "": none
	Settings desk.PortalSettings
	Inherit  []string // settings that it says no more itself
	Disabled *bool
}

func (ch PortalChange) apply(m *organizationImport, e *desk.PortalEntry) (err error) {
	desk.Set(&e.Name, ch.Name)
	e.Disabled = cmp.Or(ch.Disabled, e.Disabled)
	if ch.ParentID != nil {
		if e.Parent, err = m.slug("portal", *ch.ParentID); err != nil {
			return err
		}
	}
	if team := ch.Settings.FallbackTeam; team != nil && *team != "" && m.org.id("team", *team) == "" { // it is no slug
		slug, err := m.slug("team", *team)
		if err != nil {
			return err
		}
		ch.Settings.FallbackTeam = &slug
	}
	if p := bothWays(ch.Settings, ch.Inherit); p != nil {
		return p
	}
	settings := ch.Settings.Under(e.PortalSettings)
	if p := settings.Inherit(ch.Inherit); p != nil {
		return p
	}
	e.PortalSettings = settings
	return nil
}

// bothWays refuses a setting that is given and given back at once.
func bothWays(given desk.PortalSettings, inherit []string) *desk.Problem {
	left := given
	if p := left.Inherit(inherit); p != nil {
		return p
	}
	if !reflect.DeepEqual(left, given) {
		return desk.Invalid("inherit", "given_too", "a setting cannot be given and inherited at once")
	}
	return nil
}

// CreatePortal makes a portal.
func (s *Store) CreatePortal(ctx context.Context, c desk.Caller, slug string, ch PortalChange) (desk.Portal, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Portal, error) {
		if err := m.free("portal", "slug", slug); err != nil {
			return desk.Portal{}, err
		}
		return m.keepPortal(desk.PortalEntry{Slug: slug}, ch)
	})
}

// UpdatePortal changes what is given, of the portal itself: those below inherit it.
func (s *Store) UpdatePortal(ctx context.Context, c desk.Caller, ref string, ch PortalChange, ifRev IfRev) (desk.Portal, error) {
	return administer(ctx, s, c, "", nil, func(m *organizationImport) (desk.Portal, error) {
		slug, err := m.slug("portal", ref)
		if err != nil {
			return desk.Portal{}, err
		}
		was, err := m.portal(m.org.id("portal", slug))
		if err == nil {
			err = ifRev.check(was.Rev)
		}
		if err != nil {
			return was, err
		}
		return m.keepPortal(entryOf(m.org.Portals, slug), ch)
	})
}

func (m *organizationImport) keepPortal(e desk.PortalEntry, ch PortalChange) (desk.Portal, error) {
	if err := ch.apply(m, &e); err != nil {
		return desk.Portal{}, err
	}
	if err := m.keep(desk.Organization{Portals: []desk.PortalEntry{e}}); err != nil {
		return desk.Portal{}, err
	}
	return m.portal(m.org.id("portal", e.Slug))
}

// DeletePortal deletes a portal that never was of any use.
func (s *Store) DeletePortal(ctx context.Context, c desk.Caller, ref string, ifRev IfRev) error {
	return s.remove(ctx, c, "portal", ref, ifRev, func(m *organizationImport, id string) error {
		_, err := m.exec(`DELETE FROM portal_tree WHERE portal_id = $1`, id)
		return err
	})
}
