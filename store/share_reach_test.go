package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestPlanOfTheShareMenu: what grows with the desk is read in the order in which it is shown, from indexes alone.
func TestPlanOfTheShareMenu(t *testing.T) {
	file := filepath.Join(t.TempDir(), "repdesk.db")
	d := storetest.NewDesk(t, storetest.Open(t, file, storetest.NewClock()))
	ana := d.LogIn("ana")
	menu(t, d, ana, d.OpenSession(ana, "@main"), store.ShareQuery{})
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ what, part, step, never string }{
		{"other teams in their order", "LIMIT $7", "SCAN t USING INDEX teams_listed", "TEMP B-TREE FOR ORDER BY"},
		{"no rep of another team", "LIMIT $7", "SEARCH m USING COVERING INDEX sqlite_autoindex_team_members_1 (team_id=?)", "SCAN r"},
		{"reps of own teams by those", "OVER (PARTITION BY m.team_id", "SEARCH own USING COVERING INDEX team_members_rep (rep_id=?)", "SCAN r"},
		{"counts of portals", "COUNT(DISTINCT c.rep_id)", "SEARCH c USING COVERING INDEX consoles_portal (portal_id=?)", "SCAN c"},
	} {
		found := false
		for _, statement := range storetest.Statements() {
			if !strings.Contains(statement, c.part) {
				continue
			}
			steps := strings.Join(must(planOf(db, statement)), "\n")
			found = found || strings.Contains(steps, c.step) && !strings.Contains(steps, c.never)
		}
		if !found {
			t.Errorf("%s: no statement with %q has the step %q and not %q", c.what, c.part, c.step, c.never)
		}
	}
}

// A1: opening the menu costs a few statements, in one transaction, and as many on a large desk as on a small one. Each menu is
// opened when counts of a moment ago no longer hold: those known would save a statement or two.
func TestA1StatementsOfTheMenu(t *testing.T) {
	queries := map[string]store.ShareQuery{
		"all": {Limit: 50}, "a team": {TeamID: "@printers", Limit: 50}, "another team": {TeamID: "@network", Limit: 50},
		"a portal": {PortalID: "@open", Limit: 50}, "a search": {Text: "e", Limit: 50}, "to transfer": {Transfer: true, Limit: 50},
	}
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		counted, count := store.Counting(t.Context())
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		first := inviteTeam(t, d, ana, session, "printers")
		small := map[string]int64{}
		for name, q := range queries {
			clock.Advance(time.Second)
			count.Take()
			must(d.ShareOptions(counted, ana, session.ID, q))
			transactions, statements := count.Take()
			if small[name] = statements; transactions != 1 || statements > 15 {
				t.Errorf("%s: %d statements in %d transactions", name, statements, transactions)
			}
		}
		must(d.DeclineInvitation(t.Context(), ben, first.ID))
		more := "portals: [{slug: p1, name: P1}, {slug: p2, name: P2}]\nteams:\n"
		for i := range 30 {
			more += fmt.Sprintf("  - {slug: t%[1]d, name: T%[1]d}\n", i)
		}
		more += "reps:\n  - {username: ana, name: Ana Ruiz, teams: {printers: lead, t0: member, t1: member, t2: member, t3: member}, permissions: [share_outside_teams]}\n"
		for i := range 60 {
			more += fmt.Sprintf("  - {username: x%[1]d, name: X%[1]d, password: correct horse, teams: {t%[2]d: member}}\n", i, i%30)
		}
		importYAML(t, d, more)
		for i := range 60 {
			must(d.Store.LogIn(t.Context(), store.LogIn{Username: fmt.Sprint("x", i), Password: storetest.Password, PortalID: "@open"}))
		}
		for range 4 {
			inviteTeam(t, d, ana, session, "t1")
		}
		for name, q := range queries {
			clock.Advance(time.Second)
			count.Take()
			got := must(d.ShareOptions(counted, ana, session.ID, q))
			if _, statements := count.Take(); statements > small[name] || len(got.Teams) < 5 || len(got.Invitations) != 5 {
				t.Errorf("%s: %d statements, %d on a small desk; %d teams", name, statements, small[name], len(got.Teams))
			}
		}
	}, store.CountReads)
}

// A4: own teams on the first page, whatever the limit; the others in pages, the embassies after the ordinary ones.
func TestA4OtherTeamsInPages(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, `
teams: [{slug: b, name: B}, {slug: b2, name: B}, {slug: c, name: C}, {slug: gone, name: Gone}]
reps:
  - {username: ana, name: Ana Ruiz, teams: {printers: lead, night: member}, permissions: [share_outside_teams]}
  - {username: dev, name: Dev Patel, teams: {network: member, b: member, b2: member, gone: member}}
  - {username: eli, name: Eli Stone, teams: {c: member}}`)
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		d.LogIn("dev")
		d.LogIn("fay")
		importYAML(t, d, "teams: [{slug: gone, name: Gone, disabled: true}]")
		var pages [][]string
		for after := ""; len(pages) == 0 || after != ""; {
			got := menu(t, d, ana, session, store.ShareQuery{After: after, Limit: 2})
			pages = append(pages, teamLines(got.Teams))
			after = got.Next
			if len(pages) == 1 {
				d.LogIn("eli") // C comes while the list is read
			}
		}
		if len(pages) != 3 {
			t.Fatalf("%d pages: %v", len(pages), pages)
		}
		same(t, "first", pages[0], "Night shift 0 mine any", "Printers 0 mine", "B 1 any", "B 1 any")
		same(t, "second", pages[1], "C 1 any", "Network 1 any")
		same(t, "third", pages[2], "Acme field service 1 embassy any")
		got := menu(t, d, ana, session, store.ShareQuery{Limit: 4})
		same(t, "a full page", teamLines(got.Teams[2:]), "B 1 any", "B 1 any", "C 1 any", "Network 1 any")
		if got.Next == "" {
			t.Error("no next after a full page")
		}
		same(t, "of a search only own teams come", teamLines(menu(t, d, ana, session, store.ShareQuery{Text: "dev"}).Teams), "Night shift 0 mine any", "Printers 0 mine")
	})
}

// A4 and A5: of each own team at most the limit comes, and who is in two of them stands in both.
func TestA4RepsOfOwnTeams(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		crowd(t, d, 4)
		importYAML(t, d, `
teams: [{slug: gone, name: Gone, disabled: true}]
reps:
  - {username: ana, name: Ana Ruiz, teams: {printers: lead, crowd: member, gone: member}}
  - {username: c0, name: C0, teams: {crowd: member, printers: member, gone: member}}
  - {username: c1, name: C1, teams: {printers: member}}`)
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		same(t, "two of each", teamLines(menu(t, d, ana, session, store.ShareQuery{Limit: 2}).Teams), "Crowd 3 mine any, C0, C2", "Printers 2 mine any, C0, C1")
		same(t, "all", teamLines(menu(t, d, ana, session, store.ShareQuery{}).Teams), "Crowd 3 mine any, C0, C2, C3", "Printers 2 mine any, C0, C1")
	})
}

// C6: a transfer that is pending takes no seat, and is no invitation.
func TestC6APendingTransferInTheMenu(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		must(d.TransferSession(t.Context(), ana, session.ID, store.NewTransfer{RepID: "@ben"}))
		got := menu(t, d, ana, session, store.ShareQuery{})
		if len(got.Invitations) != 0 || got.Seats.RepsLeft != 7 || got.Teams[0].Reps[0].Invited {
			t.Errorf("menu %+v", got)
		}
	})
}

// C6: to transfer, who is logged in is listed, inside the session or not, by the permission for that.
func TestC6WhomASessionCanBeGivenTo(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, `reps: [{username: ana, name: Ana Ruiz, teams: {printers: lead, night: member}, permissions: [share_outside_teams]}]`)
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		extended(t, d, "cho")
		d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		accept(t, d, ben, inviteRep(t, d, ana, session, "ben"))
		got := menu(t, d, ana, session, store.ShareQuery{Transfer: true})
		same(t, "own teams, with who is inside", teamLines(got.Teams), "Night shift 0 mine any", "Printers 1 mine any, Ben Okafor")
		if len(got.Issues)+len(got.Portals) != 0 || got.Seats.RepsLeft != 6 {
			t.Errorf("issues, portals or seats: %+v", got)
		}
		same(t, "found", repNames(menu(t, d, ana, session, store.ShareQuery{Transfer: true, Text: "e"}).Reps), "Ben Okafor")
		for _, q := range []store.ShareQuery{{Transfer: true, TeamID: "@network", Limit: 9}, {Transfer: true, PortalID: "@open", Limit: 9}} {
			_, err := d.ShareOptions(t.Context(), ana, session.ID, q)
			refusal(t, "share_outside_teams is not for it", err, desk.NotReachable)
		}
		same(t, "to invite it is otherwise", teamLines(menu(t, d, ana, session, store.ShareQuery{}).Teams), "Night shift 0 mine any", "Printers 1 mine any, Cho Min", "Network 1 any")

		importYAML(t, d, `reps: [{username: ana, name: Ana Ruiz, teams: {printers: lead}, permissions: [transfer_outside_teams]}]`)
		ana = d.LogIn("ana")
		quiet := d.OpenSession(ana, "@quiet")
		same(t, "with the permission, where sharing is off", teamLines(menu(t, d, ana, quiet, store.ShareQuery{Transfer: true}).Teams), "Printers 1 mine any, Ben Okafor", "Network 1 any")
		same(t, "another team's", teamLines(menu(t, d, ana, quiet, store.ShareQuery{Transfer: true, TeamID: "@network"}).Teams)[1:], "Network 1 any, Dev Patel")
		same(t, "which is not for inviting", teamLines(menu(t, d, ana, session, store.ShareQuery{}).Teams), "Printers 1 mine any, Cho Min")
		same(t, "found anywhere", repNames(menu(t, d, ana, quiet, store.ShareQuery{Transfer: true, Text: "e"}).Reps), "Ben Okafor", "Dev Patel")
	})
}

// A7: to an embassy rep nothing opens more than its own teams, and nothing tells that there is more.
func TestA7TheMenuOfAnEmbassyRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, `reps: [{username: fay, name: Fay Winter, teams: {acme: member}, permissions: [share_outside_teams, transfer_outside_teams]}]`)
		everybody(d)
		fay, ana := d.LogIn("fay"), d.LogIn("ana")
		gus := must(d.Authenticate(t.Context(), must(d.Store.LogIn(t.Context(), store.LogIn{Username: "gus", Password: storetest.Password, PortalID: "@open"})).Token))
		session, shared := d.OpenSession(fay, "@open"), d.OpenSession(fay, "@open")
		accept(t, d, gus, inviteRep(t, d, fay, shared, "gus"))
		d.OpenSession(gus, "")
		for _, transfer := range []bool{false, true} {
			ask := func(q store.ShareQuery) desk.ShareOptions {
				q.Transfer = transfer
				return menu(t, d, fay, session, q)
			}
			got := ask(store.ShareQuery{})
			same(t, "own teams", teamLines(got.Teams), "Acme field service 1 mine embassy any, Gus Adler")
			if len(got.Portals) != 0 || got.Next != "" {
				t.Errorf("portals %+v, next %q", got.Portals, got.Next)
			}
			if rep := got.Teams[0].Reps[0]; rep.SessionCount != 1 || len(rep.Portals) != 0 {
				t.Errorf("gus as fay sees him: %+v", rep)
			}
			same(t, "found", repNames(ask(store.ShareQuery{Text: "e"}).Reps), "Gus Adler")
			same(t, "the place of an outsider in the list", repNames(ask(store.ShareQuery{Text: "e", After: ana.RepID}).Reps))
			for absent, hidden := range map[*store.ShareQuery]store.ShareQuery{
				{TeamID: "@none"}: {TeamID: "@network"}, {TeamID: "team_none"}: {TeamID: teamID(t, d, "Network")}, {PortalID: "@none"}: {PortalID: "@open"},
			} {
				absent.Transfer, hidden.Transfer = transfer, transfer
				_, want := d.ShareOptions(t.Context(), fay, session.ID, *absent)
				_, err := d.ShareOptions(t.Context(), fay, session.ID, hidden)
				refusal(t, "hidden", err, desk.NotFound)
				if err == nil || want == nil || err.Error() != want.Error() {
					t.Errorf("%+v: %v; of what is not there: %v", hidden, err, want)
				}
			}
		}
		same(t, "A2", refNames(menu(t, d, fay, session, store.ShareQuery{}).Issues), "Paper jam", "VPN")
		for _, team := range menu(t, d, ana, d.OpenSession(ana, "@main"), store.ShareQuery{TeamID: "@acme"}).Teams[1:] {
			if rep := team.Reps[1]; rep.Name != "Gus Adler" || rep.SessionCount != 2 || !slices.Equal(refNames(rep.Portals), []string{"Open"}) {
				t.Errorf("gus as ana sees him: %+v", rep)
			}
		}
	})
}

// teamID is the id of a team, as somebody sees it who may see all.
func teamID(t *testing.T, d *storetest.Desk, name string) string {
	t.Helper()
	ana := d.LogIn("ana")
	teams := menu(t, d, ana, d.OpenSession(ana, ""), store.ShareQuery{}).Teams
	i := slices.IndexFunc(teams, func(t desk.ShareTeam) bool { return t.Team.Name == name })
	return teams[i].Team.ID
}

// C8: a lead sees to whom a session of a lower role could go, and nothing of the owner's invitations.
func TestC8ALeadsMenuToTransfer(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		all := everybody(d)
		session := d.OpenSession(all["ben"], "@main")
		inviteRep(t, d, all["ben"], session, "cho")
		got := menu(t, d, all["ana"], session, store.ShareQuery{Transfer: true})
		same(t, "not the owner", teamLines(got.Teams), "Printers 1 mine any, Cho Min")
		if len(got.Invitations) != 0 || got.Seats.RepsLeft != 6 {
			t.Errorf("invitations %+v, seats %+v", got.Invitations, got.Seats)
		}
		_, err := d.ShareOptions(t.Context(), all["ana"], session.ID, store.ShareQuery{Limit: 9})
		refused(t, err, desk.NotSessionOwner)
		_, err = d.ShareOptions(t.Context(), all["cho"], session.ID, store.ShareQuery{Transfer: true, Limit: 9})
		refused(t, err, desk.NotSessionOwner)
	})
}
