package store

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// savePortals saves the portals, and what all portals inherit when any of them changed.
func (m *organizationImport) savePortals(changed []change[desk.PortalEntry]) error {
	if len(changed) == 0 {
		return nil
	}
	all := map[string]desk.PortalEntry{}
	for _, p := range m.org.Portals {
		all[p.Slug] = p
	}
	for _, c := range changed {
		all[c.now.Slug] = c.now
		settings, err := json.Marshal(c.now.PortalSettings)
		if err != nil {
			return err
		}
		if _, err := m.exec(`INSERT INTO portals (id, slug, name, parent_id, settings, effective, disabled, rev) VALUES ($1, $2, $3, $4, $5, '', $6, 0)
			ON CONFLICT (id) DO UPDATE SET name = $3, parent_id = $4, settings = $5, effective = '', disabled = $6`,
			c.id, c.now.Slug, c.now.Name, m.org.id("portal", c.now.Parent), string(settings), flag(c.now.Disabled != nil)); err != nil {
			return err
		}
	}
	if err := m.movePortals(changed, func() error { return m.savePortalTree(all) }); err != nil {
		return err
	}
	for _, c := range changed {
		if c.now.Disabled != nil && c.touches("disabled") {
			if err := m.targetGone(m.by, "portal_id", c.id); err != nil {
				return err
			}
		}
	}
	effective := desk.EffectivePortals(slices.Collect(maps.Values(all)))
	for _, slug := range slices.Sorted(maps.Keys(effective)) {
		settings, err := json.Marshal(effective[slug])
		if err != nil {
			return err
		}
		if _, err := m.exec(`UPDATE portals SET effective = $1, rev = rev + 1 WHERE id = $2 AND effective <> $1`, string(settings), m.org.id("portal", slug)); err != nil {
			return err
		}
	}
	return nil
}

// movePortals saves where portals stand now. Whoever is logged in under one that stands elsewhere loses the invitations of
// the portals that it stood below, and finds those of the portals that it stands below now (B5): from now on, not those
// before.
func (m *organizationImport) movePortals(changed []change[desk.PortalEntry], save func() error) error {
	moved := slices.DeleteFunc(slices.Clone(changed), func(c change[desk.PortalEntry]) bool { return c.created || !c.touches("parent") })
	if len(moved) == 0 {
		return save()
	}
	open, err := m.invitations(` WHERE v.portal_id <> '' AND v.portal_id > '' AND v.sub_portals = 1 AND v.state = 'active' ORDER BY v.portal_id, v.id`)
	before := map[string][]candidate{}
	for _, inv := range open {
		if err == nil {
			before[inv.ID], err = m.takers(inv)
		}
	}
	if err == nil {
		err = save()
	}
	for _, portal := range moved {
		if err == nil {
			err = m.markConsolesUnder(portal.id)
		}
		if err == nil {
			_, err = m.exec(`UPDATE consoles SET portal_since = $1, portal_moved = 1 WHERE portal_id <> '' AND portal_id IN (SELECT g.portal_id FROM portal_tree g WHERE g.above_id = $2)`, m.since, portal.id)
		}
	}
	for _, inv := range open {
		if err == nil {
			err = m.takersMoved(inv, before[inv.ID])
		}
	}
	return err
}

// markConsolesUnder marks that consoles logged in under a portal, or one below it, are under other portals now.
func (m *organizationImport) markConsolesUnder(portalID string) error {
	type console struct{ id, rep string }
	consoles, err := list(m.tx, `SELECT c.id, c.rep_id FROM portal_tree g JOIN consoles c ON c.portal_id = g.portal_id AND c.portal_id <> '' WHERE g.above_id = $1 ORDER BY c.id`,
		[]any{portalID}, func(scan scanner, c *console) error { return scan(&c.id, &c.rep) })
	for _, c := range consoles {
		if err == nil {
			err = m.markRights(c.rep, rightsMark{Console: c.id})
		}
	}
	return err
}

// takersMoved tells those who could accept an invitation and cannot any more, or can now.
func (m *organizationImport) takersMoved(inv desk.Invitation, before []candidate) error {
	after, err := m.takers(inv)
	among := func(all []candidate, one candidate) bool {
		return slices.ContainsFunc(all, func(c candidate) bool { return c.ID == one.ID })
	}
	for _, c := range before {
		if err == nil && !among(after, c) {
			err = m.offerLost(c.Ref, inv.ID)
		}
	}
	for _, c := range after {
		if err == nil && !among(before, c) {
			err = m.offerGained(c.Ref, inv.ID, false)
		}
	}
	return err
}

// savePortalTree keeps which portals stand below which.
func (m *organizationImport) savePortalTree(all map[string]desk.PortalEntry) error {
	if _, err := m.exec(`DELETE FROM portal_tree WHERE portal_id <> ''`); err != nil {
		return err
	}
	for _, slug := range slices.Sorted(maps.Keys(all)) {
		for above := slug; above != ""; above = all[above].Parent {
			if _, err := m.exec(`INSERT INTO portal_tree (above_id, portal_id) VALUES ($1, $2)`, m.org.id("portal", above), m.org.id("portal", slug)); err != nil {
				return err
			}
		}
	}
	return nil
}
