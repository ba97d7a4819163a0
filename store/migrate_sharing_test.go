package store_test

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// migrations are those of the program, for going down as an operator would with goose; the second is in Go, and is not gone
// down to.
func migrations(t *testing.T, db *sql.DB) *goose.Provider {
	t.Helper()
	dialect := goose.DialectSQLite3
	if strings.Contains(t.Name(), "postgres") {
		dialect = goose.DialectPostgres
	}
	none := &goose.GoFunc{RunTx: func(context.Context, *sql.Tx) error { return nil }}
	return must(goose.NewProvider(dialect, db, os.DirFS("migrations"), goose.WithGoMigrations(goose.NewGoMigration(2, none, none)), goose.WithDisableGlobalRegistry(true)))
}

// The third migration goes down and up again with something in every table. What the program before does not know is
// gone then, above all from the outbox, which would stop at it.
func TestSharingMigrationDownAndUp(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben, cho := d.LogInWithPush("ana", "ana-1"), logInUnder(t, d, "ben", "@main", "ben-1"), logInUnder(t, d, "cho", "@main", "cho-1")
		session, guest := d.OpenSessionWithGuest(ana, "@open")
		join(t, d, ana, session, ben, store.NewInvitation{})
		ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "Hello", ClientRef: "1"})))
		ok(t, try(d.AddNote(t.Context(), ana, session.ID, "A note")))
		team := inviteTeam(t, d, ana, session, "printers")
		invite(t, d, ana, session, store.NewInvitation{PortalID: "@main", SubPortals: true})
		send(t, d, desk.ChannelFCM)
		clock.Advance(desk.ReminderPause)
		ok(t, try(d.RemindInvitation(t.Context(), ana, team.ID)))
		ok(t, try(d.DeclineInvitation(t.Context(), cho, team.ID)))
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@cho"})
		clock.Advance(lost)
		lookAfter(t, d) // asks the owner to come back
		send(t, d, desk.ChannelFCM)
		d.Touch(ana)
		ok(t, d.FlushContacts(t.Context())) // and takes that back
		d.OpenSession(ana, "@main")
		provider := migrations(t, data.db)
		ok(t, try(provider.DownTo(t.Context(), 2)))
		for what, count := range map[string]string{
			"deliveries of nothing that is there": `SELECT COUNT(*) FROM deliveries WHERE invitation_id NOT IN (SELECT id FROM invitations)`,
			"declines of nothing that is there":   `SELECT COUNT(*) FROM declines WHERE invitation_id NOT IN (SELECT id FROM invitations)`,
			"transfers and portals":               `SELECT COUNT(*) FROM invitations WHERE kind NOT IN ('rep', 'team', 'issue')`,
		} {
			var n int
			ok(t, data.db.QueryRow(count).Scan(&n))
			if n != 0 {
				t.Errorf("%d %s are left", n, what)
			}
		}
		ok(t, try(provider.Up(t.Context())))
		ok(t, try(d.Session(t.Context(), ana, session.ID)))
		claim(t, d, desk.ChannelFCM)
		data.run(`INSERT INTO invitations (id, session_id, kind, team_id, inviter_id, access, state, created_at) SELECT 'inv_again', $1, 'team', team_id, inviter_id, 'view', 'active', 0 FROM invitations WHERE id = $2`, session.ID, team.ID)
	})
}

// What the desk had before comes through the upgrade: who is an embassy rep, who was last seen when, which portals stand
// below which, and in which queue a session stood first.
func TestSharingMigrationKeepsTheDesk(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		provider := migrations(t, data.db)
		ana, gus := d.LogIn("ana"), logInUnder(t, d, "gus", "@quiet", "gus-1")
		waiting := start(t, d, ana, store.NewSession{TeamID: "@acme"})
		active := d.OpenSession(ana, "@main")
		before := data.kept()
		ok(t, try(provider.DownTo(t.Context(), 2)))
		ok(t, try(provider.Up(t.Context())))
		same(t, "what the third migration fills in", data.kept(), before...)
		ok(t, try(d.AcceptSession(t.Context(), gus, waiting.ID)))
		lookAfter(t, d)
		if got := must(d.Session(t.Context(), ana, active.ID)); got.State != desk.SessionActive {
			t.Errorf("the upgrade lost a session: %+v", got)
		}
	})
}

// kept are the values that the third migration fills in from others.
func (r rows) kept() (lines []string) {
	r.t.Helper()
	for _, q := range []string{`SELECT 'embassy ' || username FROM reps WHERE embassy = 1 ORDER BY username`, `SELECT 'seen ' || username || CAST(seen_at AS TEXT) FROM reps WHERE seen_at > 0 ORDER BY username`,
		`SELECT a.slug || ' above ' || p.slug FROM portal_tree g JOIN portals a ON a.id = g.above_id JOIN portals p ON p.id = g.portal_id ORDER BY 1`,
		`SELECT id || first_rep_id || first_team_id FROM sessions ORDER BY 1`} {
		found := must(r.db.Query(q))
		for found.Next() {
			var line string
			ok(r.t, found.Scan(&line))
			lines = append(lines, line)
		}
		ok(r.t, found.Close())
	}
	return lines
}
