package storetest

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/repdesk/repdesk/store"
)

// invariants are what must be so in a database between any two transactions, whatever happened before: each query finds what
// breaks its rule. They read the tables and nothing of the program, so that they can look at one whose server has died.
var invariants = []struct{ rule, broken string }{
	{"an active session has its owner in it, unmasked and with control, and no other session has one",
		`SELECT s.id FROM sessions s WHERE (s.state = 'active') <> EXISTS (SELECT 1 FROM attendees a
			WHERE a.session_id = s.id AND a.left_at = 0 AND a.role = 'owner' AND a.rep_id = s.owner_id AND a.masked = 0 AND a.access = 'control')`},
	{"nobody else is its owner",
		`SELECT a.id FROM attendees a JOIN sessions s ON s.id = a.session_id WHERE a.left_at = 0 AND a.role = 'owner' AND (s.state <> 'active' OR a.rep_id <> s.owner_id)`},
	{"a rep is in a session once",
		`SELECT session_id FROM attendees WHERE left_at = 0 AND rep_id <> '' GROUP BY session_id, rep_id HAVING COUNT(*) > 1`},
	{"nobody is in a session that has ended",
		`SELECT a.id FROM attendees a JOIN sessions s ON s.id = a.session_id WHERE a.left_at = 0 AND s.state = 'ended'`},
	{"B6: a rep has one invitation to a session, and a session one transfer (C6)",
		`SELECT session_id FROM invitations WHERE state = 'active' AND (rep_id <> '' OR kind = 'transfer')
			GROUP BY session_id, kind = 'transfer', CASE WHEN kind = 'transfer' THEN '' ELSE rep_id END HAVING COUNT(*) > 1`},
	{"B11: joined and invited are 7 at most",
		`SELECT s.id FROM sessions s WHERE (SELECT COUNT(*) FROM attendees a WHERE a.session_id = s.id AND a.left_at = 0 AND a.role = 'rep')
			+ (SELECT COUNT(*) FROM invitations v WHERE v.session_id = s.id AND v.state = 'active' AND v.kind <> 'transfer') > 7`},
	{"B13: an invitation stands only in an active session, and only of its owner",
		`SELECT v.id FROM invitations v JOIN sessions s ON s.id = v.session_id WHERE v.state = 'active' AND (s.state <> 'active' OR v.kind <> 'transfer' AND v.inviter_id <> s.owner_id)`},
	{"B13: whoever is in has no invitation of their own",
		`SELECT v.id FROM invitations v JOIN attendees a ON a.session_id = v.session_id AND a.rep_id = v.rep_id WHERE v.state = 'active' AND v.kind <> 'transfer' AND v.rep_id <> '' AND a.left_at = 0`},
	{"B13: state, reason, end and winner of an invitation go together",
		`SELECT id FROM invitations WHERE (state = 'accepted') <> (accepted_by <> '') OR (state = 'active') <> (ended_at = 0)
			OR state <> CASE reason WHEN '' THEN 'active' WHEN 'accepted' THEN 'accepted' WHEN 'declined' THEN 'declined' WHEN 'cancelled' THEN 'cancelled' ELSE 'withdrawn' END`},
	{"B16: who won an invitation has come in",
		`SELECT v.id FROM invitations v WHERE v.state = 'accepted' AND NOT EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = v.session_id AND a.rep_id = v.accepted_by)`},
	{"D2, D3: nothing stands in a queue that is over",
		`SELECT e.id FROM queue_entries e JOIN sessions s ON s.id = e.session_id LEFT JOIN invitations v ON v.id = e.invitation_id
			WHERE s.state = 'ended' OR e.invitation_id <> '' AND COALESCE(v.state, '') <> 'active'`},
	{"D2, D3: an invitation stands in the queue of those whom it invites",
		`SELECT v.id FROM invitations v WHERE v.state = 'active'
			AND NOT EXISTS (SELECT 1 FROM queue_entries e WHERE e.invitation_id = v.id AND e.queue_id = v.rep_id || v.team_id || v.portal_id)`},
	{"D2, D3: a session that waits stands in its queue",
		`SELECT s.id FROM sessions s WHERE s.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM queue_entries e
			WHERE e.session_id = s.id AND e.invitation_id = '' AND e.queue_id = CASE WHEN s.queue_team_id <> '' THEN s.queue_team_id ELSE s.queue_rep_id END)`},
	{"D2: a session stands in the queue of each rep who is in it",
		`SELECT a.id FROM attendees a JOIN sessions s ON s.id = a.session_id WHERE a.left_at = 0 AND a.rep_id <> '' AND a.expected_until = 0 AND s.state <> 'ended'
			AND NOT EXISTS (SELECT 1 FROM queue_entries e WHERE e.session_id = a.session_id AND e.invitation_id = '' AND e.queue_id = a.rep_id)`},
	{"G4: on every device that was told of an invitation that is over it is taken back",
		`SELECT d.id FROM deliveries d JOIN invitations v ON v.id = d.about JOIN consoles c ON c.id = d.console_id WHERE v.state <> 'active' AND d.channel = 'fcm' AND d.purpose = 'invitation'
			AND d.state = 'sent' AND NOT EXISTS (SELECT 1 FROM deliveries w WHERE w.about = d.about AND w.console_id = d.console_id AND w.purpose = 'withdrawal')`},
	{"H2: what is committed has its position in the event log", `SELECT type FROM events WHERE pos IS NULL`},
}

// Sound looks whether a database holds nothing that breaks the desk's rules. A server may be working on it: each query sees what
// stood at one moment.
func Sound(t testing.TB, database string) {
	t.Helper()
	db := OpenRows(t, database)
	defer db.Close()
	for _, breach := range breaches(t, db) {
		t.Error(breach)
	}
}

// OpenRows opens a database past the store, past all rules, until the test ends.
func OpenRows(t testing.TB, database string) *sql.DB {
	t.Helper()
	driver, source := "sqlite", database+"?_pragma=busy_timeout(5000)"
	if store.IsPostgres(database) {
		driver, source = "pgx", database
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// breaches are the rules that something in a database breaks, each with how often, and an example.
func breaches(t testing.TB, db interface{ QueryRow(string, ...any) *sql.Row }) (found []string) {
	t.Helper()
	for _, invariant := range invariants {
		var broken int
		var example string
		if err := db.QueryRow(`WITH broken (id) AS (`+invariant.broken+`) SELECT COUNT(*), COALESCE(MIN(id), '') FROM broken`).Scan(&broken, &example); err != nil {
			t.Errorf("%s: %v", invariant.rule, err)
		}
		if broken > 0 {
			found = append(found, fmt.Sprintf("%s: broken %d times, as by %s", invariant.rule, broken, example))
		}
	}
	return found
}
