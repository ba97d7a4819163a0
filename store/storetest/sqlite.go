package storetest

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/repdesk/repdesk/store"
)

// SQLite gives a fresh database and returns its file.
func SQLite(t testing.TB) string {
	t.Helper()
	data, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "repdesk.db")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// migrated is a database with the schema in it, made once a process: copying it is faster than migrating anew.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "repdesk")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "repdesk.db")
	s, err := store.Open(context.Background(), store.Config{Database: file})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if err := forget(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// forget takes out what the store made for itself, by another clock than the tests'.
func forget(file string) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, table := range []string{"settings", "grant_keys"} {
		if _, err := db.Exec(`DELETE FROM ` + table); err != nil {
			return err
		}
	}
	return nil
}
