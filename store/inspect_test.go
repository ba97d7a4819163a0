package store_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

// A look at a database that is in use, on each engine: it is all right, and nothing in it is another.
func TestInspectChangesNothing(t *testing.T) {
	look := func(t *testing.T, database, engine string, data rows) store.Inspection {
		t.Helper()
		before := data.lines(append(tables, "settings", "goose_db_version")...)
		in := must(store.Inspect(t.Context(), database))
		same(t, "afterwards", data.lines(append(tables, "settings", "goose_db_version")...), before...)
		if !in.Exists || in.Schema == 0 || in.Schema != in.Newest || !strings.HasPrefix(in.Engine, engine) {
			t.Errorf("found %+v", in)
		}
		return in
	}
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a desk?.db")
		s := storetest.Open(t, file, storetest.NewClock())
		db := must(sql.Open("sqlite", "file:"+strings.ReplaceAll(file, "?", "%3f")))
		defer db.Close()
		storetest.NewDesk(t, s)
		if in := look(t, file, "SQLite 3.", rows{t, db}); in.ServerID != s.ServerID() || in.Journal != "wal" || !in.Clock.IsZero() {
			t.Errorf("found %+v", in)
		}
		ok(t, s.Close())
		ok(t, db.Close())
		content := string(must(os.ReadFile(file)))
		must(store.Inspect(t.Context(), file))
		if string(must(os.ReadFile(file))) != content {
			t.Error("the file is another")
		}
	})
	t.Run("postgres", func(t *testing.T) {
		url := storetest.Postgres(t)
		s := storetest.Open(t, url, storetest.NewClock())
		db := must(sql.Open("pgx", url))
		defer db.Close()
		must(db.Exec(`CREATE SCHEMA fresh`))
		defer func() { must(db.Exec(`DROP SCHEMA fresh`)) }() // another test has the database next
		if in := must(store.Inspect(t.Context(), with(url, "search_path=fresh"))); in.Schema != 0 || in.Newest == 0 || in.ServerID != "" {
			t.Errorf("before the first start: %+v", in)
		}
		storetest.NewDesk(t, s)
		if in := look(t, url, "PostgreSQL ", rows{t, db}); in.ServerID != s.ServerID() || time.Since(in.Clock).Abs() > time.Minute || in.Latency <= 0 {
			t.Errorf("found %+v", in)
		}
	})
}

// What is wrong with a database is said, and nothing is made.
func TestInspectFindsWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	if in := must(store.Inspect(t.Context(), filepath.Join(folder, "new.db"))); in.Exists || in.Newest == 0 {
		t.Errorf("a new file: %+v", in)
	}
	if made := must(os.ReadDir(folder)); len(made) != 0 {
		t.Errorf("made %v", made)
	}
	fails := func(what, database, says string) {
		t.Helper()
		if in, err := store.Inspect(t.Context(), database); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v; want %q", what, in, err, says)
		}
	}
	fails("no folder", filepath.Join(folder, "nowhere", "x.db"), "no such file or directory")
	text := filepath.Join(folder, "letter.txt")
	ok(t, os.WriteFile(text, []byte(strings.Repeat("Dear customer, ", 100)), 0o600))
	fails("no database", text, "not a database")
	fails("no server", "postgres://desk:very-secret@127.0.0.1:1/desk", "connection refused")

	url := storetest.Postgres(t)
	storetest.Open(t, url, storetest.NewClock())
	fails("a standby", with(url, "default_transaction_read_only=on"), "not writable")
	fails("no schema of one's own", with(url, "search_path=nowhere"), "may not make tables")
}

// with adds a parameter to a URL.
func with(url, parameter string) string {
	if strings.Contains(url, "?") {
		return url + "&" + parameter
	}
	return url + "?" + parameter
}

// A write that lasts does not let another begin: the look says so in bounded time, and the write goes on.
func TestInspectWaitsForNoWriter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "repdesk.db")
	ok(t, storetest.Open(t, file, storetest.NewClock()).Close())
	db := must(sql.Open("sqlite", "file:"+file))
	defer db.Close()
	conn := must(db.Conn(t.Context()))
	defer conn.Close()
	must(conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"))
	begun := time.Now()
	if _, err := store.Inspect(t.Context(), file); err == nil || !strings.Contains(err.Error(), "locked") || time.Since(begun) > 4*time.Second {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
	must(conn.ExecContext(context.Background(), "ROLLBACK"))
	must(store.Inspect(t.Context(), file))
}

// A database of a newer program is told from one that is to be brought up to date.
func TestInspectTellsOldFromNew(t *testing.T) {
	for engine, made := range map[string]func(t *testing.T) (database, driver, source string){
		"sqlite": func(t *testing.T) (string, string, string) {
			f := filepath.Join(t.TempDir(), "x.db")
			return f, "sqlite", "file:" + f
		},
		"postgres": func(t *testing.T) (string, string, string) { u := storetest.Postgres(t); return u, "pgx", u },
	} {
		t.Run(engine, func(t *testing.T) {
			database, driver, source := made(t)
			ok(t, storetest.Open(t, database, storetest.NewClock()).Close())
			data := rows{t, must(sql.Open(driver, source))}
			defer data.db.Close()
			now := must(store.Inspect(t.Context(), database))
			data.run(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
			if in := must(store.Inspect(t.Context(), database)); in.Schema != 99999 || in.Newest != now.Newest {
				t.Errorf("newer: %+v", in)
			}
			data.run(`DELETE FROM goose_db_version WHERE version_id >= $1`, now.Newest)
			defer data.run(`INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, TRUE)`, now.Newest) // the next test has the database
			if in := must(store.Inspect(t.Context(), database)); in.Schema >= in.Newest || in.Schema == 0 {
				t.Errorf("older: %+v", in)
			}
		})
	}
}
