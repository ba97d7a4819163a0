package api_test

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/repdesk/repdesk/store/storetest"
)

// TestDatabaseLocked: while another process holds the database, reading goes on and writing is refused with a 503 that
// names the time; afterwards it goes on by itself, with the same Idempotency-Key.
func TestDatabaseLocked(t *testing.T) {
	file, clock := filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock()
	x := serve(t, storetest.Open(t, file, clock), clock)
	x.logInAll(t, "ana")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	other, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	start := call{as: "ana", do: "POST /v1/sessions", body: sample["start-session"], headers: headers{"Idempotency-Key": "the-key"}}
	refused := start
	refused.want, refused.code = http.StatusServiceUnavailable, "unavailable"
	x.play(t, refused,
		call{as: "ana", do: "GET /v1/sessions", has: []string{`"items":[]`}},
		call{do: "GET /healthz"})
	if _, err := other.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	start.want, start.answers = http.StatusCreated, headers{"Idempotent-Replayed": ""}
	x.do(t, start)
}
