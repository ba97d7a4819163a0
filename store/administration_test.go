package store_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func text(s string) *string { return &s }
func flagged(b bool) *bool  { return &b }

// TestI3_WhatIsDeletedHangsOnNothing: of two who at once delete a thing and hang something on it, one is refused, and nothing
// is left that leads nowhere.
func TestI3_WhatIsDeletedHangsOnNothing(t *testing.T) {
	for name, c := range map[string]struct {
		make, remove func(d *storetest.Desk, by desk.Caller) error
		use          func(d *storetest.Desk, by desk.Caller) error
	}{
		"a team and a session": {
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.CreateTeam(t.Context(), by, "spare", store.TeamChange{Name: text("Spare"), Persistent: flagged(true)})
				return err
			},
			func(d *storetest.Desk, by desk.Caller) error { return d.DeleteTeam(t.Context(), by, "@spare", nil) },
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.StartSession(t.Context(), by, store.NewSession{TeamID: "@spare", Kind: "support", Customer: desk.Customer{Name: "Jo"}})
				return err
			},
		},
		"a team and a member": {
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.CreateTeam(t.Context(), by, "spare", store.TeamChange{Name: text("Spare")})
				return err
			},
			func(d *storetest.Desk, by desk.Caller) error { return d.DeleteTeam(t.Context(), by, "@spare", nil) },
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.SetTeamMember(t.Context(), by, "@spare", "@eli", desk.TeamMember)
				return err
			},
		},
		"a portal and a session": {
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.CreatePortal(t.Context(), by, "spare", store.PortalChange{Name: text("Spare")})
				return err
			},
			func(d *storetest.Desk, by desk.Caller) error { return d.DeletePortal(t.Context(), by, "@spare", nil) },
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.StartSession(t.Context(), by, store.NewSession{PortalID: "@spare", Kind: "support", Customer: desk.Customer{Name: "Jo"}})
				return err
			},
		},
		"an issue and a session": {
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.CreateIssue(t.Context(), by, "spare", store.IssueChange{Title: text("Spare"), TeamID: text("@night")})
				return err
			},
			func(d *storetest.Desk, by desk.Caller) error { return d.DeleteIssue(t.Context(), by, "@spare", nil) },
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.StartSession(t.Context(), by, store.NewSession{IssueID: "@spare", Kind: "support", Customer: desk.Customer{Name: "Jo"}})
				return err
			},
		},
		"a rep and a session": {
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.CreateRep(t.Context(), by, "spare", storetest.Password, store.RepChange{Name: text("Spare"), Teams: &[]desk.TeamPlace{{TeamID: "@printers", Role: desk.TeamLead}}})
				if err == nil {
					d.LogIn("spare")
				}
				return err
			},
			func(d *storetest.Desk, by desk.Caller) error { return d.DeleteRep(t.Context(), by, "@spare", nil) },
			func(d *storetest.Desk, by desk.Caller) error {
				_, err := d.StartSession(t.Context(), by, store.NewSession{RepID: "@spare", Kind: "support", Customer: desk.Customer{Name: "Jo"}})
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				hal := d.LogIn("hal")
				for range 10 {
					if err := c.make(d, hal); err != nil {
						t.Fatal(err)
					}
					var both sync.WaitGroup
					var removed, used error
					both.Go(func() { removed = c.remove(d, hal) })
					both.Go(func() { used = c.use(d, hal) })
					both.Wait()
					switch {
					case removed == nil && desk.IsMissing(used):
					case used == nil && problemOf(removed).Code == desk.InUse:
						return // and it stays
					default:
						t.Fatalf("deleting: %v, using: %v", removed, used)
					}
				}
			})
		})
	}
}

// TestI3_TwoMakeTheSame: of many who make a thing of the same name at once, one does.
func TestI3_TwoMakeTheSame(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		hal := d.LogIn("hal")
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				if i%2 == 0 {
					_, errs[i] = d.CreateRep(t.Context(), hal, "ivy", "", store.RepChange{Name: text("Ivy")})
				} else {
					_, errs[i] = d.CreateTeam(t.Context(), hal, "ivy", store.TeamChange{Name: text("Ivy")})
				}
			})
		}
		all.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if p := problemOf(err); p.Code != desk.ValidationFailed || p.Errors[0].Code != "taken" {
				t.Error(err)
			}
		}
		if made != 2 {
			t.Errorf("%d were made", made)
		}
	})
}

// TestI3_OneChangeLoadsNoAccounts: of thousands of reps a change of one thing reads at most the one concerned.
func TestI3_OneChangeLoadsNoAccounts(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		hal := d.LogIn("hal")
		at := lastPosition(t, d.Store)
		rep, err := d.UpdateRep(t.Context(), hal, "@ben", store.RepChange{Name: text("Benjamin")}, nil)
		if err != nil || rep.Name != "Benjamin" || len(rep.Teams) != 1 {
			t.Fatalf("%+v, %v", rep, err)
		}
		if got := heardSince(t, d.Store, hal, at); len(got) > 0 {
			t.Errorf("hal heard %v", got)
		}
		if got := exportAll(t, d.Store); len(got.Reps) != 8 {
			t.Errorf("%d reps are left", len(got.Reps))
		}
	})
}

// TestI3_RevisionsOfWhatIsNew begin with 1, whatever the log holds.
func TestI3_RevisionsOfWhatIsNew(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		hal := d.LogIn("hal")
		d.OpenSession(hal, "@main")
		rep, err := d.CreateRep(t.Context(), hal, "ivy", "", store.RepChange{Name: text("Ivy")})
		team, teamErr := d.CreateTeam(t.Context(), hal, "phones", store.TeamChange{Name: text("Phones")})
		portal, portalErr := d.CreatePortal(t.Context(), hal, "side", store.PortalChange{Name: text("Side")})
		issue, issueErr := d.CreateIssue(t.Context(), hal, "fax", store.IssueChange{Title: text("Fax"), TeamID: text("@phones")})
		button, buttonErr := d.CreateEntrance(t.Context(), hal, desk.SupportButton, "door", store.EntranceChange{Name: text("Door"), TeamID: text("@phones")})
		for _, err := range []error{err, teamErr, portalErr, issueErr, buttonErr} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if revs := []int64{rep.Rev, team.Rev, portal.Rev, issue.Rev, button.Rev}; !slices.Equal(revs, []int64{1, 1, 1, 1, 1}) {
			t.Errorf("revisions %v", revs)
		}
	})
}

// TestI3_Lists are read by administrators and, as far as they may, by others.
func TestI3_Lists(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		yes := true
		reps, err := d.Reps(t.Context(), hal, store.RepFilter{Query: "a", TeamID: "@printers", Disabled: &yes}, "", 10)
		if err != nil || len(reps) != 0 {
			t.Errorf("reps: %v, %v", reps, err)
		}
		if _, err := d.Reps(t.Context(), ana, store.RepFilter{}, "", 10); problemOf(err).Code != desk.NotAllowed {
			t.Errorf("reps for others: %v", err)
		}
		teams, err := d.Teams(t.Context(), ana, "", 10)
		if err != nil || len(teams) != 1 {
			t.Errorf("teams: %v, %v", teams, err)
		}
		members, err := d.TeamMembers(t.Context(), hal, "@printers", "", 10)
		if err != nil || len(members) != 3 {
			t.Errorf("members: %v, %v", members, err)
		}
		issues, err := d.Issues(t.Context(), ana, "", 2)
		if err != nil || len(issues) != 2 {
			t.Errorf("issues: %v, %v", issues, err)
		}
		if buttons, err := d.Entrances(t.Context(), hal, desk.HelpLink, "", 10); err != nil || len(buttons) != 0 {
			t.Errorf("links: %v, %v", buttons, err)
		}
		if err := d.DeleteEntrance(t.Context(), hal, desk.HelpLink, "@door", nil); !desk.IsMissing(err) {
			t.Errorf("deleting what is not there: %v", err)
		}
	})
}

// I3: the last administrator keeps their role and their account, whoever would take them and by whatever way; nobody could
// give them back by the API. With another one they can go.
func TestI3TheLastAdministratorStays(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		hal := d.LogIn("hal")
		rep, before := desk.RoleRep, data.all()
		for what, take := range map[string]func() error{
			"another role": func() error { return try(d.UpdateRep(t.Context(), hal, "@hal", store.RepChange{Role: &rep}, nil)) },
			"closed": func() error {
				return try(d.UpdateRep(t.Context(), hal, "@hal", store.RepChange{Disabled: flagged(true)}, nil))
			},
			"deleted": func() error { return d.DeleteRep(t.Context(), hal, "@hal", nil) },
			"a file": func() error {
				return try(d.ImportOrganization(t.Context(), hal, []byte("reps: [{username: hal, name: Hal Moss, role: rep}]"), false))
			},
		} {
			t.Run(what, func(t *testing.T) {
				refused(t, take(), desk.NotAllowed)
				same(t, "the desk", data.all(), before...)
			})
		}
		importYAML(t, d, "reps: [{username: ivy, name: Ivy, password: correct horse, role: administrator}, {username: hal, name: Hal Moss, role: rep}]")
		refused(t, d.DeleteRep(t.Context(), d.Operator(), "@ivy", nil), desk.NotAllowed)
		ok(t, d.DeleteRep(t.Context(), d.Operator(), "@hal", nil))
	})
}

// D5: what stands in a queue is sorted by the title that its issue has now.
func TestD5ARenamedIssueIsSortedAnew(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		importYAML(t, d, "issues: [{slug: drum, title: Drum, team: printers}, {slug: fuser, title: Fuser, team: printers}]")
		drum, fuser := start(t, d, ana, store.NewSession{IssueID: "@drum"}), start(t, d, ana, store.NewSession{IssueID: "@fuser"})
		byIssue := func() (ids []string) {
			for _, e := range must(d.QueueEntries(t.Context(), ana, "@printers", store.EntryQuery{Sort: "issue", Limit: 10})) {
				ids = append(ids, e.SessionID)
			}
			return ids
		}
		same(t, "by issue", byIssue(), drum.ID, fuser.ID)
		importYAML(t, d, "issues: [{slug: drum, title: Toner drum, team: printers}]")
		same(t, "by issue", byIssue(), fuser.ID, drum.ID)
	})
}
