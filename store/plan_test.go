package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

// fullScans are the statements that may read a whole table, by a part of their text, each with its reason.
var fullScans = map[string]string{
	"DELETE FROM sqlite_sequence WHERE name = 'events'":        "a row for each table that numbers its rows: one; once, when a copy is opened",
	"FROM teams t\n\t\tWHERE t.disabled = 0 AND ($5 = ''":      "the Share menu lists teams, by an index in its order, as far as the page",
	"FROM portals p WHERE p.disabled = 0":                      "the Share menu lists portals: some dozens",
	"FROM portals p WHERE (p.disabled = 0 OR $3 = 1)":          "reps list portals: some dozens",
	"FROM issues i JOIN teams t ON t.id = i.team_id":           "the Share menu lists issues: some hundreds at most",
	"disabled FROM teams ORDER BY id":                          organization,
	"disabled FROM portals ORDER BY id":                        organization,
	"disabled FROM issues ORDER BY id":                         organization,
	"disabled FROM reps ORDER BY id":                           organization,
	"SELECT rep_id, team_id, rank FROM team_members":           organization,
	"WHERE s.state = 'active' AND o.seen_at < $1":              "whose owner is away: the active sessions, by an index of them alone",
	"a.expected_until = 0 AND r.seen_at < $1":                  "who lost their connection: those in sessions now, by an index of them alone",
	"t.persistent, 0 FROM teams t":                             "programs list the queues of all teams: some hundreds",
	"FULL JOIN have":                                           "what stands in queues of one session, by its index; the rest of the plan is about those few rows",
	"FROM sessions WHERE state = 'waiting' UNION SELECT":       "once, when the desk first keeps entries of queues",
	"SELECT id, title, '', '' FROM issues":                     "once, when the desk first keeps entries of queues",
	"UPDATE queue_entries SET entered_at":                      "once, when the desk first keeps entries of queues",
	"UPDATE queue_entries SET issue_key":                       "an administrator renames an issue: what stands in queues, which is what is open",
	"role = 'administrator' AND disabled = 0 AND id <> $1":     "whether an administrator is left: some thousands of accounts, as far as the first",
	"DELETE FROM portal_tree":                                  organization,
	"FROM grant_keys ORDER BY":                                 "three keys at most",
	"SELECT username FROM reps":                                organization,
	"WHERE $1 <> '' ORDER BY s.id DESC LIMIT $2":               "an administrator's list of all sessions: the primary key from its end, as far as the page",
	"FROM events ORDER BY pos LIMIT $1) AS oldest":             "the beginning of the log, as far as the limit",
	"SELECT COALESCE(MAX(pos), 0) FROM events":                 "the end of the primary key, one step",
	"$1 = '' OR k.id < $1 ORDER BY k.id DESC LIMIT":            "administrators list API tokens: the primary key from its end, as far as the page",
	"SELECT id FROM api_tokens WHERE created_by = $1":          "an administrator revokes an API token, and those made with it: some dozens",
	"SELECT COUNT(*), COALESCE(MIN(x.id), '') ":                "what hangs on a thing that an administrator wants to delete: looked for everywhere",
	"DELETE FROM deliveries WHERE rep_id = $1":                 "test pushes to an account that an administrator deletes",
	"SELECT id, rep_id FROM consoles WHERE seen_at < $1":       "once an hour: some thousands of consoles, which are seen too often for an index",
	"FROM teams t WHERE ($4 = 1 OR (t.disabled = 0":            "reps list teams: some hundreds at most",
	"FROM issues i JOIN teams t ON t.id = i.team_id WHERE ($3": "reps list issues: some hundreds at most",
	"FROM reps r WHERE ($1 = '' OR (r.search, r.id)":           "administrators list accounts, by name: some thousands",
	"$1 <> '' AND s.state = 'active' ORDER BY CASE":            "an administrator's list of active sessions, sorted: an index of them alone",
	"$1 <> '' AND s.state = 'waiting' ORDER BY CASE":           "an administrator's list of waiting sessions, sorted: an index of them alone",
	"WHERE issue_id = $1 AND state = 'waiting' UNION SELECT":   organization,
	"SELECT id, title FROM issues":                             "a search of a queue looks at the titles of issues: some hundreds at most",
	"WHERE $1 <> '' AND ":                                      "an administrator's list of sessions: those that wait or are active by an index of them alone, else the primary key as far as the page",
}

const organization = "an organisation file is compared with, or made of, the whole organisation"

// checkPlans looks at SQLite's plan for every statement that the package's tests ran, and reports those that read a
// whole table without being listed. It runs after all tests, because only they know the statements.
func checkPlans() error {
	statements := storetest.Statements()
	dir, err := os.MkdirTemp("", "plans")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "plans.db")
	s, err := store.Open(ctx(), store.Config{Database: file})
	if err != nil {
		return err
	}
	defer s.Close()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer db.Close()
	var bad []string
	for _, statement := range statements {
		scans, err := scansOf(db, statement)
		if err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
		if scans != "" && !listed(statement) {
			bad = append(bad, scans+" in "+statement)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d statements read a whole table:\n%s", len(bad), strings.Join(bad, "\n\n"))
	}
	fmt.Printf("plans: %d statements, none reads a whole table unlisted\n", len(statements))
	return nil
}

func listed(statement string) bool {
	for part := range fullScans {
		if strings.Contains(statement, part) {
			return true
		}
	}
	return false
}

// scansOf returns the steps of the plan that read a whole table; those over a subquery's few rows are none.
func scansOf(db *sql.DB, statement string) (string, error) {
	steps, err := planOf(db, statement)
	steps = slices.DeleteFunc(steps, func(step string) bool { return !strings.HasPrefix(step, "SCAN ") || harmless(step) })
	return strings.Join(steps, ", "), err
}

// planOf returns the steps of SQLite's plan for a statement.
func planOf(db *sql.DB, statement string) (steps []string, err error) {
	verb, _, _ := strings.Cut(strings.TrimSpace(statement), " ")
	if !strings.Contains("SELECT INSERT UPDATE DELETE WITH", verb) {
		return nil, nil
	}
	args := make([]any, strings.Count(statement, "$"))
	rows, err := db.Query("EXPLAIN QUERY PLAN "+statement, args[:parameters(statement)]...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, rows.Err()
}

// harmless steps read what the statement itself has made.
func harmless(step string) bool {
	what := strings.Fields(step)[1]
	return strings.HasPrefix(what, "(") || what == "CONSTANT" || strings.HasSuffix(what, "-ROW") || what == "x" || what == "open" || what == "due" || what == "later"
}

// parameters is the highest $N of a statement.
func parameters(statement string) (n int) {
	for i := range 40 {
		if strings.Contains(statement, fmt.Sprintf("$%d", i)) {
			n = i
		}
	}
	return n
}
