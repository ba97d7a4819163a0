package store_test

import (
	"database/sql"
	"testing"
)

// analyze has PostgreSQL learn what stands in its tables, as its own housekeeping does in time.
func analyze(t testing.TB, url string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`ANALYZE`); err != nil {
		t.Fatal(err)
	}
}
