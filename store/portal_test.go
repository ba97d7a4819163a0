package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func portalNames(portals []desk.Portal) (names []string) {
	for _, p := range portals {
		names = append(names, p.Name)
	}
	return names
}

func TestA6PortalsAreATree(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: deep, name: Main, parent: open}, {slug: gone, name: Gone, disabled: true}]") // a name twice
		ana := d.LogIn("ana")
		all := must(d.Portals(t.Context(), ana, "", 50))
		same(t, "by name", portalNames(all), "Looking", "Main", "Main", "Open", "Quiet")
		paged, after := []desk.Portal{}, ""
		for {
			page := must(d.Portals(t.Context(), ana, after, 2))
			if len(page) == 0 {
				break
			}
			paged, after = append(paged, page...), page[len(page)-1].ID
		}
		same(t, "in pages", portalNames(paged), portalNames(all)...)
		parents := map[string]string{}
		for _, p := range all {
			parents[p.Slug] = ""
			for _, above := range all {
				if above.ID == p.ParentID {
					parents[p.Slug] = above.Slug
				}
			}
		}
		if parents["main"] != "" || parents["open"] != "main" || parents["deep"] != "open" {
			t.Errorf("parents %v", parents)
		}
	})
}

func TestB18SettingsInForceAndWhereTheyComeFrom(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		get := func(slug string) (desk.Portal, map[string]string) {
			p := must(d.Portal(t.Context(), ana, slug))
			from := map[string]string{}
			for _, s := range p.Sources {
				if s.Portal != nil {
					from[s.Setting] = s.Portal.Name
				}
			}
			return p, from
		}
		importYAML(t, d, "portals: [{slug: deep, name: Deep, parent: looking, sharing: all}]")
		deep, from := get("@deep")
		if *deep.Effective.Sharing != desk.SharingAll || *deep.Effective.InviteCeiling != desk.View || from["sharing"] != "Deep" || from["invite_ceiling"] != "Looking" || from["modes"] != "" {
			t.Errorf("deep: %+v from %v", deep.Effective, from)
		}
		session := d.OpenSession(ana, "@deep")
		d.LogIn("ben")
		refusal(t, "above what is inherited", try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: "@ben", Access: desk.Control})), desk.AccessAboveCeiling)
		importYAML(t, d, "portals: [{slug: looking, name: Looking, parent: main}]") // says nothing of it any more
		changed, from := get("@deep")
		if *changed.Effective.InviteCeiling != desk.Control || from["invite_ceiling"] != "" || changed.Rev <= deep.Rev {
			t.Errorf("deep: %+v from %v, revision %d after %d", changed.Effective, from, changed.Rev, deep.Rev)
		}
		invite(t, d, ana, session, store.NewInvitation{RepID: "@ben", Access: desk.Control})
		for what, ref := range map[string]string{"unknown": "@none", "disabled": "@gone"} {
			importYAML(t, d, "portals: [{slug: gone, name: Gone, disabled: true}]")
			refusal(t, what, try(d.Portal(t.Context(), ana, ref)), desk.NotFound)
		}
	})
}

// A7: which team catches lost sessions is none of an embassy rep's business.
func TestA7TheFallbackTeamIsHidden(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: main, name: Main, fallback_team: night}]")
		shows(t, "a rep", must(d.Portal(t.Context(), d.LogIn("ana"), "@main")).Effective, []string{"night"}, "night")
		shows(t, "an embassy rep", must(d.Portal(t.Context(), d.LogIn("fay"), "@main")), []string{"night", "Night"})
	})
}

func TestB18WhatAPortalsPageShows(t *testing.T) {
	for _, c := range []struct {
		modes        string
		reps, issues int
		codes        bool
	}{
		{"[web, queue, phone]", 1, 4, true},
		{"[web, queue]", 1, 4, false},
		{"[web]", 1, 0, false}, // nobody's queue takes what comes by an issue
		{"[queue, phone]", 0, 0, true},
		{"[phone]", 0, 0, true},
		{"[]", 0, 0, false},
	} {
		t.Run(c.modes, func(t *testing.T) {
			eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
				importYAML(t, d, outsiders+"portals: [{slug: x, name: X, modes: "+c.modes+"}]\n")
				d.LogIn("ben") // does not want to be shown
				ana := d.LogIn("ana")
				ok(t, try(d.UpdateMe(t.Context(), ana, store.MeChange{ShowOnPublicPage: &yes}, nil)))
				page := must(d.PublicPortal(t.Context(), "@x"))
				if len(page.Reps) != c.reps || len(page.Issues) != c.issues || page.TakesCodes != c.codes || page.Name != "X" {
					t.Errorf("page %+v", page)
				}
				if c.reps == 1 && page.Reps[0].Name != "Anita" {
					t.Errorf("reps %+v", page.Reps)
				}
				in := store.NewSession{PortalID: "@x", TeamID: "@printers", Kind: "support", Customer: desk.Customer{Name: "Jo"}}
				start := func() error { return try(d.StartSession(t.Context(), ana, in)) }
				if c.issues == 0 && c.modes != "[queue, phone]" {
					data.refuses("waiting in a team's queue", desk.NotAllowed, start)
				} else {
					ok(t, start())
				}
				in.TeamID, in.RepID = "", "@ana"
				ok(t, start()) // a rep's queue is always there
				clock.Advance(desk.ConnectedFor + desk.PresenceGrace)
				if left := must(d.PublicPortal(t.Context(), "@x")).Reps; len(left) != 0 {
					t.Errorf("who is not logged in is shown: %+v", left)
				}
			})
		})
	}
}
