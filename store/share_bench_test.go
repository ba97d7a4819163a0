package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// BenchmarkShareOptions measures the Share menu on SQLite for an asker in three teams, on desks of several sizes, in teams
// of 25, four of five reps logged in: of one's own teams, with the portals of a session shared with all, and with the
// first page of all other teams and the portals.
func BenchmarkShareOptions(b *testing.B) {
	for _, reps := range []int{100, 1_000, 10_000} {
		d := bigDesk(b, reps)
		for _, menu := range []struct{ name, asker, portal string }{
			{"own teams", "asker", "@main"}, {"portals", "asker", "@open"}, {"share_outside_teams", "far", "@main"},
		} {
			c := d.LogIn(menu.asker)
			session := d.OpenSession(c, menu.portal)
			b.Run(fmt.Sprintf("%s/%d reps", menu.name, reps), func(b *testing.B) {
				for b.Loop() {
					if _, err := d.ShareOptions(b.Context(), c, session.ID, store.ShareQuery{Limit: 50}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// teamSize is the size of the teams of a big desk.
const teamSize = 25

// bigDesk makes a desk of so many reps on SQLite, beside the small one's, four of five logged in: two of three of these
// under one of the portals, one of four in a session. The reps "asker" and "far" are in its first three teams.
func bigDesk(t testing.TB, reps int) *storetest.Desk {
	file := filepath.Join(t.TempDir(), "repdesk.db")
	clock := storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, file, clock))
	if _, err := d.ImportOrganization(t.Context(), d.Operator(), []byte(bigOrganization(reps)), false); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)") // the store's housekeeping writes too
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := clock.Now().UnixMilli()
	for _, statement := range []string{
		`UPDATE reps SET logged_in_until = $1 + 60000, seen_at = $1 WHERE username GLOB 'r[0-9]*' AND username NOT GLOB '*[05]'`,
		`INSERT INTO consoles (id, rep_id, portal_id, platform, created_at, seen_at)
			SELECT 'con_' || username, id, COALESCE(p.portal, ''), 'web', $1, $1 FROM reps
			LEFT JOIN (SELECT id AS portal, ROW_NUMBER() OVER (ORDER BY slug) AS n FROM portals) p ON p.n = reps.rowid % 6 WHERE logged_in_until > $1`,
		`INSERT INTO sessions (id, state, kind, owner_id, customer_name, search, came_by, created_at)
			SELECT 'ses_' || username, 'active', 'support', id, 'Jo Doe', 'jo doe', 'api', $1 FROM reps WHERE logged_in_until > $1 AND rowid % 4 = 0`,
		`INSERT INTO attendees (id, session_id, role, rep_id, access, joined_at)
			SELECT 'att_' || username, 'ses_' || username, 'owner', id, 'control', $1 FROM reps WHERE logged_in_until > $1 AND rowid % 4 = 0`,
	} {
		if _, err := db.Exec(statement, now); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return d
}

func bigOrganization(reps int) string {
	var file strings.Builder
	file.WriteString("teams:\n")
	for i := range reps / teamSize {
		fmt.Fprintf(&file, "  - {slug: t%[1]d, name: Team %[1]d}\n", i)
	}
	file.WriteString("reps:\n")
	for _, asker := range []string{"asker", "far"} {
		fmt.Fprintf(&file, "  - {username: %[1]s, name: %[1]s, password: %[2]s, teams: {t0: member, t1: member, t2: member}", asker, storetest.Password)
		if asker == "far" {
			fmt.Fprintf(&file, ", permissions: [%s]", desk.ShareOutsideTeams)
		}
		file.WriteString("}\n")
	}
	for i := range reps {
		fmt.Fprintf(&file, "  - {username: r%[1]d, name: Rep %[1]d, teams: {t%[2]d: member}}\n", i, i/teamSize)
	}
	return file.String()
}
