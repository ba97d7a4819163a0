package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// analyze has PostgreSQL learn what stands in its tables, as its own housekeeping does in time.
func analyze(t testing.TB, url string) {
	t.Helper()
	db := must(sql.Open("pgx", url))
	defer db.Close()
	if _, err := db.Exec(`ANALYZE`); err != nil {
		t.Fatal(err)
	}
}

// queueStatements are the statements by which lists are read, in every sort, both orders, on a first page and on one in
// the middle, and the next is found; and the SQLite file that they were run on.
func queueStatements(t *testing.T) (all []string, file string) {
	var mu sync.Mutex
	seen := map[string]bool{}
	clock := storetest.NewClock()
	file = filepath.Join(t.TempDir(), "repdesk.db")
	d := storetest.NewDesk(t, storetest.Open(t, file, clock, func(cfg *store.Config) {
		cfg.Prepared = func(sql string) {
			mu.Lock()
			defer mu.Unlock()
			seen[sql] = true
		}
	}))
	ana, ben := d.LogIn("ana"), d.LogIn("ben")
	d.FillQueue(ana, clock, "@printers", 12, false)
	d.FillQueue(ana, clock, "", 12, false)
	for _, queue := range []string{"@printers", desk.PersonalQueue} {
		for _, sort := range queueSorts {
			for _, down := range []bool{false, true} {
				pages(t, d, ana, queue, store.EntryQuery{Sort: sort, Descending: down, Limit: 5}, stays)
			}
		}
	}
	must(d.AcceptNext(t.Context(), ben, ""))
	mu.Lock()
	defer mu.Unlock()
	for statement := range seen {
		if strings.Contains(statement, "FROM queue_entries e") && strings.Contains(statement, "LIMIT") && !strings.Contains(statement, "portal_tree") {
			all = append(all, statement)
		}
	}
	slices.Sort(all)
	if len(all) < 20 {
		t.Fatalf("only %d statements", len(all))
	}
	return all, file
}

// However long a queue is, a page of it, and the next in it, are found by an index in its order: nothing sorts the queue.
func TestD5D9NoQueueIsSortedAsAWhole(t *testing.T) {
	statements, file := queueStatements(t)
	t.Run("sqlite", func(t *testing.T) {
		db := must(sql.Open("sqlite", file))
		defer db.Close()
		for _, statement := range statements {
			steps := must(planOf(db, statement))
			if plan := strings.Join(steps, "\n"); strings.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") || !strings.Contains(plan, "USING INDEX queue_entries_") && !strings.Contains(plan, "USING COVERING INDEX queue_entries_") {
				t.Errorf("%s\n%s", statement, plan)
			}
			if strings.Contains(statement, "e.kind, e.urgency") && !strings.Contains(strings.Join(steps, "\n"), "queue_entries_line") {
				t.Errorf("the next is not found by the line: %v", steps)
			}
		}
	})
	t.Run("postgres", func(t *testing.T) { plansOnPostgres(t, statements) })
}

// plansOnPostgres looks at the plans with 10,000 in the queue of one team.
func plansOnPostgres(t *testing.T, statements []string) {
	url, clock := storetest.Postgres(t), storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, url, clock))
	ana := d.LogIn("ana")
	waitsIn(t, d, ana, store.NewSession{TeamID: "@printers"})
	db := must(sql.Open("pgx", url))
	defer db.Close()
	db.SetMaxOpenConns(1) // plans are prepared on it, as the store's are, for any arguments
	for _, statement := range []string{
		`SET plan_cache_mode = force_generic_plan`,
		`INSERT INTO sessions (id, state, kind, customer_name, search, came_by, created_at) SELECT 'ses_' || n, 'waiting', 'support', 'Jo', 'jo', 'api', 1 FROM generate_series(1, 10000) n`,
		`INSERT INTO queue_entries (id, queue_id, session_id, kind, came_by, waiting, entered_at, urgency, customer_key, company_key, issue_key, language_key)
			SELECT 'qen_' || n, (SELECT queue_id FROM queue_entries), 'ses_' || n, 'session', 'api', 1, n, LPAD((n % 7)::text, 3, '0'), MD5(n::text), CASE WHEN n % 3 = 0 THEN '' ELSE MD5((n % 900)::text) END, CASE WHEN n % 2 = 0 THEN 'aa' ELSE '' END, CASE WHEN n % 2 = 0 THEN 'bb' ELSE '' END FROM generate_series(1, 10000) n`,
		`ANALYZE`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for i, statement := range statements {
		plan := planOnPostgres(t, db, fmt.Sprint("p", i), statement)
		if strings.Contains(plan, "Seq Scan on queue_entries") || strings.Contains(plan, "Bitmap Heap Scan on queue_entries") {
			t.Errorf("%s\n%s", statement, plan)
		}
		if strings.Contains(statement, "e.kind, e.urgency") && !strings.Contains(plan, "queue_entries_line") {
			t.Errorf("the next is not found by the line: %s", plan)
		}
	}
}

func planOnPostgres(t *testing.T, db *sql.DB, name, statement string) string {
	t.Helper()
	if _, err := db.Exec(`PREPARE ` + name + ` AS ` + statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	nulls := strings.TrimSuffix(strings.Repeat("NULL, ", parameters(statement)), ", ")
	rows := must(db.Query(`EXPLAIN EXECUTE ` + name + `(` + nulls + `)`))
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	return plan.String()
}
