package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
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
		return "", err.Error()
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

// cluster is a PostgreSQL in a fixed temporary folder, on a Unix socket alone. It is started by whichever test process
// comes first and stopped by the last; files in the folder, locked, count who uses it.
type cluster struct {
	held *os.File // locked for sharing while this process uses the cluster
}

var private cluster

// The folder is short, since a socket's path may have 107 bytes, and the same for all processes of a user.
func clusterDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("repdesk-pg-%d", os.Getuid()))
}

func (c *cluster) start() (string, error) {
	bin, err := postgresBin()
	if err != nil {
		return "", err
	}
	dir := clusterDir()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer unlock.Close()
	if c.held, err = lock(filepath.Join(dir, "users"), syscall.LOCK_SH); err != nil {
		return "", err
	}
	server := (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	if onServer(server, `SELECT 1`) == nil {
		return server, nil
	}
	return server, startCluster(bin, dir)
}

func startCluster(bin, dir string) error {
	as, err := unprivileged(dir)
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	// What is there was left by a machine or server that died, without fsync: it may be damaged, and a server that
	// still runs on it does not answer.
	if _, err := os.Stat(data); err == nil {
		_ = run(as, dir, filepath.Join(bin, "pg_ctl"), "-D", data, "-m", "immediate", "-w", "-t", "10", "stop")
		if err := os.RemoveAll(data); err != nil {
			return err
		}
	}
	old, _ := filepath.Glob(filepath.Join(dir, "out*"))
	for _, file := range append(old, filepath.Join(dir, "log")) {
		_ = os.Remove(file)
	}
	if err := run(as, dir, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return err
	}
	settings := fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories='%s' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c deadlock_timeout=100ms", dir)
	return run(as, dir, filepath.Join(bin, "pg_ctl"), "-D", data, "-l", filepath.Join(dir, "log"), "-o", settings, "-w", "-t", "30", "start")
}

func (c *cluster) stop() {
	unlock, err := lock(filepath.Join(clusterDir(), "lock"), syscall.LOCK_EX)
	if err != nil {
		return
	}
	defer unlock.Close()
	c.held.Close()
	last, err := lock(filepath.Join(clusterDir(), "users"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return // somebody else uses it
	}
	defer last.Close()
	bin, err := postgresBin()
	if err != nil {
		return
	}
	data := filepath.Join(clusterDir(), "data")
	if as, err := unprivileged(clusterDir()); err == nil {
		_ = run(as, clusterDir(), filepath.Join(bin, "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
		_ = os.RemoveAll(data) // databases of killed processes too: a new cluster takes a second
	}
}

func lock(file string, how int) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// run runs a command without pipes, which a server that it starts would keep open; its output goes to a file.
func run(as *syscall.Credential, dir, name string, args ...string) error {
	out, err := os.CreateTemp(dir, "out")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, said)
	}
	return nil
}

// unprivileged is the user that PostgreSQL runs as: it refuses to run as root.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("as root, PostgreSQL needs a user to run as: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
}

// postgresBin finds the newest PostgreSQL on the machine: on the PATH, or where Debian and Red Hat put it.
func postgresBin() (string, error) {
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/pg_ctl", "/usr/pgsql-*/bin/pg_ctl"} {
		more, _ := filepath.Glob(pattern)
		found = append(found, more...)
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("REPDESK_TEST_POSTGRES is not set, and no pg_ctl is on this machine")
	}
	return filepath.Dir(found[0]), nil
}

func version(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[len(digits)-1])
	return n
}
