package api_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// onFile is a server, and the SQLite file under it, open a second time.
func onFile(t *testing.T) (*server, *sql.DB) {
	t.Helper()
	file, clock := filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock()
	x := serve(t, storetest.Open(t, file, clock), clock)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return x, db
}

func execute(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// faults takes the tables away under a server that knows its callers already, so that the operations themselves fail.
func faults(t *testing.T) *server {
	x, db := onFile(t)
	ids := x.known(t)
	for _, table := range tables(t, db) {
		execute(t, db, `DROP TABLE "`+table+`"`)
	}
	x.each(http.StatusInternalServerError, ids, func(_ *huma.Operation, c call) {
		c.code = "internal"
		x.play(t, c)
	})
	return x
}

// known has the server know the callers, so that it does not ask the storage who they are. Of an email's link it must be
// right, or nothing is asked either.
func (x *server) known(t *testing.T) map[string]string {
	link := x.mailedLink(t)
	x.do(t, call{as: "hal", do: "GET /v1/me"})
	return map[string]string{"{link_token}": link}
}

func tables(t *testing.T, db *sql.DB) (names []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil || len(names) < 20 {
		t.Fatalf("tables %v, %v", names, err)
	}
	return names
}

// stopped closes the storage, as a server that ends does while the last requests still come.
func stopped(t *testing.T) *server {
	x := newServer(t)
	ids := x.known(t)
	if err := x.store.Close(); err != nil {
		t.Fatal(err)
	}
	x.each(http.StatusServiceUnavailable, ids, func(_ *huma.Operation, c call) {
		c.code = "unavailable"
		x.play(t, c)
	})
	return x
}

// full has a table as full as can be, to which every change of another adds: no number is left for one more. SQLite says of
// it what it says of a full disk.
func full(t *testing.T) *server {
	x, db := onFile(t)
	ids := x.unused(t)
	names := tables(t, db)
	execute(t, db, `CREATE TABLE brim (id INTEGER PRIMARY KEY AUTOINCREMENT)`)
	execute(t, db, `INSERT INTO brim (id) VALUES (9223372036854775807)`)
	for _, table := range names {
		for _, change := range []string{"INSERT", "UPDATE", "DELETE"} {
			execute(t, db, fmt.Sprintf(`CREATE TRIGGER %[2]s_%[1]s BEFORE %[2]s ON "%[1]s" BEGIN INSERT INTO brim VALUES (NULL); END`, table, change))
		}
	}
	x.each(http.StatusServiceUnavailable, ids, func(op *huma.Operation, c call) {
		if !slices.Contains(codesOf(op), desk.StorageFull) {
			return
		}
		c.code, c.headers = "storage_full", headers{}
		if op.Method == http.MethodPost { // what is refused is kept under its key, which is a change too
			c.headers["Idempotency-Key"] = "a-key-of-20-chars-or-more"
		}
		c = byOwner(c)
		other := changing[op.OperationID]
		c.as, c.do, c.body = cmp.Or(other.as, c.as), cmp.Or(other.do, c.do), cmp.Or(other.body, c.body)
		x.play(t, c)
	})
	return x
}

// unused makes one thing of each kind, which can be changed and deleted.
func (x *server) unused(t *testing.T) map[string]string {
	ids := x.known(t)
	x.load(t, `{teams: [{slug: idle, name: Idle}], portals: [{slug: idle, name: Idle}], issues: [{slug: idle, title: Idle, team: printers}],
		reps: [{username: ivy, name: Ivy, password: correct horse, teams: {printers: member}}],
		support_buttons: [{slug: door, name: Door, team: printers}], help_links: [{slug: door, name: Door, team: printers}]}`)
	x.logInAll(t, "ana", "ana/phone", "ben", "hal", "ivy")
	x.open(t, "ses", "ana", `,"kind":"browser"`)
	x.join(t, "ana", "ses", "ben", "")
	x.seat(t, "seat", "ana", "ses", "Ben Okafor")
	x.program(t, "nobody/tok", desk.SessionsRead)
	x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=id"})
	x.do(t, call{as: "ana", do: "PUT /v1/queues/@printers/favourite", want: 204})
	x.do(t, call{as: "ivy", do: "GET /v1/me/consoles", save: "con=items.0.id"})
	for parameter, id := range map[string]string{"{session_id}": "$ses", "{attendee_id}": "$seat", "{api_token_id}": "$nobody_tok", "{console_id}": "current", "{queue_id}": "@printers", "{session_key_id}": "$key",
		"{rep_id}": "@ivy", "{team_id}": "@idle", "{portal_id}": "@idle", "{issue_id}": "@idle", "{support_button_id}": "@door", "{help_link_id}": "@door"} {
		ids[parameter] = id
	}
	return ids
}

// changing are calls that change something, of operations that need another caller, path or body for that.
var changing = map[string]call{
	"create-rep":          {body: `{"username":"lou","name":"Lou"}`}, // what is not valid is not kept under a key
	"delete-session-key":  {as: "ana"},
	"import-organization": {body: "teams: [{slug: more, name: More}]"},
	"log-out-others":      {as: "ana"},
	"reassign-session":    {as: "hal"},
	"remove-team-member":  {do: "DELETE /v1/teams/@printers/members/@ivy"},
	"revoke-console":      {do: "DELETE /v1/reps/@ivy/consoles/$con"},
	"set-favourite":       {as: "ben"},
	"unset-favourite":     {as: "ana"},
}
