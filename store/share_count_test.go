package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// networkAndOpen are how many of the team network, and under the portal Open, the menu counts; -1: it is not listed.
func networkAndOpen(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session) (network, open int) {
	t.Helper()
	m := menu(t, d, c, s, store.ShareQuery{})
	network = -1
	if i := slices.IndexFunc(m.Teams, func(t desk.ShareTeam) bool { return t.Team.Name == "Network" }); i >= 0 {
		network = m.Teams[i].AvailableCount
	}
	i := slices.IndexFunc(m.Portals, func(p desk.SharePortal) bool { return p.Portal.Name == "Open" })
	return network, m.Portals[i].AvailableCount
}

// A4, A5, A6: what the menu counts follows each change at once, though counts are remembered and the clock stands still.
func TestA4CountsFollowEachChange(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		check := func(what string, network, open int) {
			t.Helper()
			for range 2 { // counted, then remembered
				if n, o := networkAndOpen(t, d, ana, session); n != network || o != open {
					t.Errorf("%s: %d of network, %d under Open; want %d, %d", what, n, o, network, open)
				}
			}
		}
		check("nobody", -1, 0)
		eli, dev := d.LogIn("eli"), d.LogIn("dev")
		check("two log in", 2, 0)
		for _, portal := range []string{"@open", ""} {
			must(d.UpdateConsole(t.Context(), eli, "current", store.ConsoleChange{PortalID: &portal}, nil))
			check("one goes to portal "+portal, 2, len(portal)/len("@open"))
		}
		inv := inviteRep(t, d, ana, session, "eli")
		accept(t, d, eli, inv)
		check("one joins", 1, 0)
		logOut(t, d, dev)
		check("the other logs out", -1, 0)
		extended(t, d, "dev")
		check("and is in extended availability", 1, 0)
		importYAML(t, d, "reps: [{username: cho, name: Cho Min, email: cho@example.com, teams: {printers: member, network: member}}]")
		d.LogIn("cho")
		check("a third comes to the team and logs in", 2, 0)
		clock.Advance(13 * time.Hour)
		d.LogIn("ana")
		check("time takes all but the one in extended availability", 1, 0)
	})
}

// What another server on the same database changed counts within a second.
func TestA4CountsOfAnotherServer(t *testing.T) {
	url, clock := storetest.Postgres(t), storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, url, clock))
	other := storetest.Open(t, url, clock)
	ana := d.LogIn("ana")
	session := d.OpenSession(ana, "@main")
	d.LogIn("eli")
	networkAndOpen(t, d, ana, session)
	must(other.LogIn(t.Context(), store.LogIn{Username: "dev", Password: storetest.Password}))
	clock.Advance(time.Second)
	if n, _ := networkAndOpen(t, d, ana, session); n != 2 {
		t.Errorf("a second later: %d", n)
	}
}
