package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
)

// Postgres gives a fresh database and returns its URL: on the server that REPDESK_TEST_POSTGRES names, else on a
// private cluster made from the machine's own PostgreSQL, which all test processes share. Without either the test is
// skipped, and fails where CI is set.
func Postgres(t testing.TB) string {
	t.Helper()
	server, why := postgresServer()
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("PostgreSQL is needed in CI: %s", why)
		}
		t.Skipf("no PostgreSQL: %s", why)
	}
	name := databases.take()
	if name == "" {
		name = fmt.Sprintf("repdesk_%d_%d", os.Getpid(), time.Now().UnixNano())
		if err := onServer(server, `CREATE DATABASE `+name+` TEMPLATE `+template(t, server)); err != nil {
			t.Fatal(err)
		}
	}
	database := onDatabase(server, name)
	t.Cleanup(func() {
		if err := onServer(database, emptyDatabase); err != nil {
			t.Error(err)
			return
		}
		databases.giveBack(name)
	})
	return database
}

// emptyDatabase makes a database as good as new: making and dropping one takes many times as long. Tables that others
// refer to are older than those, so the youngest comes first.
const emptyDatabase = `DO $$ DECLARE tab TEXT; BEGIN
	FOR tab IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version' ORDER BY oid DESC LOOP
		EXECUTE 'DELETE FROM ' || quote_ident(tab);
	END LOOP;
	PERFORM setval('events_pos', 1, false);
END $$`

// pool holds the databases of this process that no test uses now.
type pool struct {
	mu   sync.Mutex
	free []string
}

var databases pool

func (p *pool) take() (name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		name, p.free = p.free[n-1], p.free[:n-1]
	}
	return name
}

func (p *pool) giveBack(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, name)
}

// Main runs the tests of a package and, as the last of all that use it, stops the private cluster. A process that is
// killed leaves it running; the next one uses it and clears up.
func Main(m *testing.M) int {
	debug.SetGCPercent(400) // a fresh server and store for each test is much that soon goes
	code := m.Run()
	if os.Getenv("REPDESK_TEST_POSTGRES") != "" { // the private cluster goes with all that is in it
		server, _ := postgresServer()
		for _, name := range append(databases.free, templateName) {
			_ = onServer(server, `DROP DATABASE IF EXISTS "`+name+`" WITH (FORCE)`)
		}
	}
	if used := private.held; used != nil {
		private.stop()
	}
	return code
}

var postgresServer = sync.OnceValues(func() (server, why string) {
	if server := os.Getenv("REPDESK_TEST_POSTGRES"); server != "" {
		return server, ""
	}
	server, err := private.start()
	if err != nil {
		return "", "REPDESK_TEST_POSTGRES is not set, and " + err.Error()
	}
	return server, ""
})

var (
	templateOnce sync.Once
	templateName string
)

// template is a database with the schema in it, made once a process: copying it is faster than migrating anew.
func template(t testing.TB, server string) string {
	t.Helper()
	templateOnce.Do(func() {
		templateName = fmt.Sprintf("repdesk_template_%d_%d", os.Getpid(), time.Now().UnixNano())
		if err := onServer(server, `CREATE DATABASE `+templateName); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(context.Background(), store.Config{Database: onDatabase(server, templateName)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		// Without what the store made for itself, by another clock than the tests'.
		if err := onServer(onDatabase(server, templateName), emptyDatabase); err != nil {
			t.Fatal(err)
		}
	})
	return templateName
}

func onServer(server, statement string) error {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

func onDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}
