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
