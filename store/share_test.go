package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// menu asks for the Share menu.
func menu(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session, q store.ShareQuery) desk.ShareOptions {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	got, err := d.ShareOptions(t.Context(), c, s.ID, q)
	if err != nil {
		t.Fatalf("share options %+v: %v", q, err)
	}
	return got
}

func refNames(refs []desk.Ref) (names []string) {
	for _, r := range refs {
		names = append(names, r.Name)
	}
	return names
}

func repNames(reps []desk.ShareRep) (names []string) {
	for _, r := range reps {
		names = append(names, r.Name)
	}
	return names
}

// teamLines are the teams as "name count any|-: reps".
func teamLines(teams []desk.ShareTeam) (lines []string) {
	for _, t := range teams {
		line := fmt.Sprint(t.Team.Name, " ", t.AvailableCount)
		if t.Mine {
			line += " mine"
		}
		if t.Embassy {
			line += " embassy"
		}
		if t.AnyRepresentative {
			line += " any"
		}
		for _, r := range t.Reps {
			line += ", " + r.Name
		}
		lines = append(lines, line)
	}
	return lines
}

func TestA1WhatTheShareMenuNeeds(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogIn("ben")
		d.LogIn("dev")
		d.LogIn("hal")
		session := d.OpenSession(ana, "@main")
		inv := inviteRep(t, d, ana, session, "ben")
		got := menu(t, d, ana, session, store.ShareQuery{})
		same(t, "A2 issues", refNames(got.Issues), "Paper jam", "VPN")
		same(t, "A4 teams", teamLines(got.Teams), "Printers 1 mine any, Ben Okafor", "Network 1 any")
		if len(got.Portals) != 4 || len(got.Invitations) != 1 || got.Invitations[0].ID != inv.ID || got.Codes == nil || got.Reps != nil {
			t.Errorf("menu %+v", got)
		}
		if got.Seats.RepsLeft != 6 || got.AccessCeiling != desk.Control {
			t.Errorf("seats %+v, ceiling %s", got.Seats, got.AccessCeiling)
		}
		if looking := menu(t, d, ana, d.OpenSession(ana, "@looking"), store.ShareQuery{}); looking.AccessCeiling != desk.View {
			t.Errorf("ceiling %s", looking.AccessCeiling)
		}
		quiet := menu(t, d, ana, d.OpenSession(ana, "@quiet"), store.ShareQuery{Text: "ben"}) // A6: sharing off allows none
		if len(quiet.Issues)+len(quiet.Teams)+len(quiet.Portals)+len(quiet.Reps) != 0 {
			t.Errorf("with sharing off: %+v", quiet)
		}
	})
}

func TestA3WhoIsListed(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		extended(t, d, "cho")
		d.LogIn("ben")
		clock.Advance(desk.ConnectedFor + desk.PresenceGrace)
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		printers := func() []string {
			return repNames(menu(t, d, ana, session, store.ShareQuery{TeamID: "@printers"}).Teams[0].Reps)
		}
		same(t, "extended, not gone, not the asker", printers(), "Cho Min")
		ben := d.LogIn("ben")
		same(t, "logged in", printers(), "Ben Okafor", "Cho Min")
		accept(t, d, ben, inviteRep(t, d, ana, session, "ben"))
		same(t, "not who is in the session", printers(), "Cho Min")
		importYAML(t, d, "reps: [{username: cho, name: Cho Min, disabled: true}]")
		same(t, "not who is disabled", printers())
	})
}

func TestA4TeamsWithinReach(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ben, ana := d.LogIn("ben"), d.LogIn("ana")
		bens, anas := d.OpenSession(ben, "@main"), d.OpenSession(ana, "@main")
		d.LogIn("dev")
		same(t, "without the permission: one's own", teamLines(menu(t, d, ben, bens, store.ShareQuery{}).Teams), "Printers 1 mine any, Ana Ruiz")
		_, err := d.ShareOptions(t.Context(), ben, bens.ID, store.ShareQuery{TeamID: "@network", Limit: 9})
		refused(t, err, desk.NotReachable)
		same(t, "with it: others while somebody is there", teamLines(menu(t, d, ana, anas, store.ShareQuery{}).Teams), "Printers 1 mine any, Ben Okafor", "Network 1 any")
		_, err = d.ShareOptions(t.Context(), ana, anas.ID, store.ShareQuery{TeamID: "@acme", Limit: 9})
		refused(t, err, desk.NotReachable)
		extended(t, d, "gus")
		logOut(t, d, ben)
		same(t, "embassies too, and one's own always", teamLines(menu(t, d, ana, anas, store.ShareQuery{}).Teams), "Printers 0 mine", "Network 1 any", "Acme field service 1 embassy any")
		same(t, "one asked for", teamLines(menu(t, d, ana, anas, store.ShareQuery{TeamID: "@acme"}).Teams)[1:], "Acme field service 1 embassy any, Gus Adler")
	})
}

func TestA5HowARepIsListed(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		ben := must(d.Authenticate(t.Context(), must(d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password, PortalID: "@main"})).Token))
		extended(t, d, "cho")
		busy := true
		must(d.UpdateMe(t.Context(), ben, store.MeChange{Busy: &busy}, nil))
		d.OpenSession(ben, "")
		accept(t, d, ben, inviteRep(t, d, ana, d.OpenSession(ana, ""), "ben"))
		session := d.OpenSession(ana, "@main")
		inviteRep(t, d, ana, session, "ben")
		reps := menu(t, d, ana, session, store.ShareQuery{TeamID: "@printers"}).Teams[0].Reps
		if len(reps) != 2 {
			t.Fatalf("reps %+v", reps)
		}
		got, cho := reps[0], reps[1]
		if got.ID != ben.RepID || got.Presence != desk.PresenceBusy || got.ExtendedAvailability || got.SessionCount != 2 || !got.Invited || !slices.Equal(refNames(got.Portals), []string{"Main"}) {
			t.Errorf("ben: %+v", got)
		}
		if cho.Presence != desk.PresenceOffline || !cho.ExtendedAvailability || cho.SessionCount != 0 || cho.Invited || cho.Portals == nil || len(cho.Portals) != 0 {
			t.Errorf("cho: %+v", cho)
		}
	})
}

func TestA5Search(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		all := everybody(d)
		anas, bens := d.OpenSession(all["ana"], "@main"), d.OpenSession(all["ben"], "@main")
		search := func(c desk.Caller, s desk.Session, text string) []string {
			return repNames(menu(t, d, c, s, store.ShareQuery{Text: text}).Reps)
		}
		same(t, "anywhere within reach", search(all["ana"], anas, "E"), "Ben Okafor", "Dev Patel", "Eli Stone", "Fay Winter", "Gus Adler")
		same(t, "own teams alone", search(all["ben"], bens, "e"))
		same(t, "in the middle", search(all["ben"], bens, "o m"), "Cho Min")
		same(t, "not oneself", search(all["ana"], anas, "ruiz"))
		same(t, "% is no wildcard", search(all["ana"], anas, "%"))
	})
}

func TestA5Pages(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		crowd(t, d, 9)
		importYAML(t, d, "reps: [{username: c3, name: C5, teams: {crowd: member}}]") // the same name twice
		session := d.OpenSession(ana, "@main")
		var names []string
		pages, after := 0, ""
		for {
			got := menu(t, d, ana, session, store.ShareQuery{TeamID: "@crowd", After: after, Limit: 2})
			i := slices.IndexFunc(got.Teams, func(t desk.ShareTeam) bool { return t.Team.Name == "Crowd" })
			names = append(names, repNames(got.Teams[i].Reps)...)
			pages++
			if after = got.Next; after == "" {
				break
			}
		}
		same(t, "all, by name", names, "C0", "C1", "C2", "C4", "C5", "C5", "C6", "C7", "C8")
		if pages != 5 {
			t.Errorf("%d pages of two", pages)
		}
		got := menu(t, d, ana, session, store.ShareQuery{Text: "c", Limit: 200})
		if got.Next != "" || len(got.Reps) != 9 {
			t.Errorf("in one page: %d, next %q", len(got.Reps), got.Next)
		}
	})
}

func TestA6Portals(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := d.LogIn("ben")
		in := func(username, portal string) {
			must(d.Store.LogIn(t.Context(), store.LogIn{Username: username, Password: storetest.Password, PortalID: portal}))
		}
		in("dev", "@open")
		in("dev", "@open")
		in("dev", "@main")
		in("eli", "@open")
		opened, main := d.OpenSession(ben, "@open"), d.OpenSession(ben, "@main")
		counts := map[string]int{}
		for _, p := range menu(t, d, ben, opened, store.ShareQuery{}).Portals {
			counts[p.Portal.Name] = p.AvailableCount
			if (p.Portal.Name == "Main") != (p.ParentID == "") {
				t.Errorf("the tree is wrong at %+v", p)
			}
		}
		if len(counts) != 4 || counts["Open"] != 2 || counts["Main"] != 1 || counts["Quiet"] != 0 {
			t.Errorf("reps per portal: %v", counts)
		}
		hal := must(d.Authenticate(t.Context(), must(d.Store.LogIn(t.Context(), store.LogIn{Username: "hal", Password: storetest.Password, PortalID: "@open"})).Token))
		hals := d.OpenSession(hal, "@open")
		must(d.EndSession(t.Context(), hal, hals.ID, ""))
		for _, p := range menu(t, d, hal, hals, store.ShareQuery{}).Portals { // A3: without the asker, in the session or not
			if p.AvailableCount != counts[p.Portal.Name] {
				t.Errorf("the asker counts: %+v", p)
			}
		}
		logOut(t, d, hal)
		same(t, "reps under one", repNames(menu(t, d, ben, opened, store.ShareQuery{PortalID: "@open"}).Reps), "Dev Patel", "Eli Stone")
		inviteRep(t, d, ben, opened, "dev") // sharing: all
		if got := menu(t, d, ben, main, store.ShareQuery{}); len(got.Portals) != 0 {
			t.Errorf("sharing: teams shows portals %+v", got.Portals)
		}
		_, err := d.ShareOptions(t.Context(), ben, main.ID, store.ShareQuery{PortalID: "@open", Limit: 9})
		refused(t, err, desk.NotReachable)
		_, err = d.Invite(t.Context(), ben, opened.ID, store.NewInvitation{RepID: "@hal"}) // logged in under no portal, of no team of ben's
		refused(t, err, desk.NotReachable)
	})
}

// A6: portals bring into reach those who are logged in under one, not those who once were.
func TestA6NotLoggedInUnderAPortalAnyMore(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		dev := must(d.Authenticate(t.Context(), must(d.Store.LogIn(t.Context(), store.LogIn{Username: "dev", Password: storetest.Password, PortalID: "@open"})).Token))
		on := true
		must(d.UpdateMe(t.Context(), dev, store.MeChange{ExtendedAvailability: &on}, nil))
		clock.Advance(desk.ReachableFor)
		ben := d.LogIn("ben")
		session := d.OpenSession(ben, "@open")
		check := func(name string) {
			t.Helper()
			_, err := d.Invite(t.Context(), ben, session.ID, store.NewInvitation{RepID: "@dev"})
			refusal(t, name+": invited", err, desk.NotReachable)
			same(t, name+": found", repNames(menu(t, d, ben, session, store.ShareQuery{Text: "dev"}).Reps))
			same(t, name+": listed", repNames(menu(t, d, ben, session, store.ShareQuery{PortalID: "@open"}).Reps))
		}
		check("away")
		d.LogIn("dev") // on a console under no portal
		check("back elsewhere")
	})
}

// A1: opening the menu costs the same number of statements, in one transaction, on a small desk and on a large one.
func TestA1StatementsOfTheMenu(t *testing.T) {
	queries := map[string]store.ShareQuery{
		"all": {}, "a team": {TeamID: "@printers"}, "another team": {TeamID: "@network"}, "a portal": {PortalID: "@open"}, "a search": {Text: "e"}, "to transfer": {Transfer: true},
	}
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		count := store.CountReads(d.Store)
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		first := inviteTeam(t, d, ana, session, "printers")
		small := map[string]int64{}
		for name, q := range queries {
			count.Take()
			menu(t, d, ana, session, q)
			transactions, statements := count.Take()
			if small[name] = statements; transactions != 1 || statements > 12 {
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
			count.Take()
			got := menu(t, d, ana, session, q)
			if _, statements := count.Take(); statements != small[name] || len(got.Teams) < 5 || len(got.Invitations) != 5 {
				t.Errorf("%s: %d statements, %d on a small desk; %d teams", name, statements, small[name], len(got.Teams))
			}
		}
	})
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
