package storetest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Cluster is a PostgreSQL server made from the machine's own programs, on a Unix socket alone.
type Cluster struct {
	URL      string // of its first database
	bin, dir string
	as       *syscall.Credential // whom it runs as
	settings string
}

// OwnCluster gives a cluster of the test's own, which runs, and which the test may stop and start. What it has committed outlives
// that; only a machine that dies could take it along. Without PostgreSQL's programs the test is skipped, and fails where CI is set.
func OwnCluster(t testing.TB) *Cluster {
	t.Helper()
	if _, err := postgresBin(); err != nil && os.Getenv("CI") == "" {
		t.Skipf("no PostgreSQL of the test's own: %v", err)
	}
	dir, err := os.MkdirTemp("", "repdesk-pg-") // a test's own folder has too long a path, and lets nobody else in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c, err := newCluster(dir, "-c synchronous_commit=on")
	if err == nil {
		t.Cleanup(func() { _ = c.Stop("immediate") })
		err = c.create()
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newCluster is a cluster in a folder, which is short, since a socket's path may have 107 bytes.
func newCluster(dir, settings string) (c *Cluster, err error) {
	c = &Cluster{dir: dir, settings: fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories='%s' -c fsync=off -c jit=off -c full_page_writes=off -c max_connections=200 -c deadlock_timeout=100ms %s", dir, settings)}
	c.URL = (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	if c.bin, err = postgresBin(); err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	return c, err
}

// create makes its databases anew, and starts it.
func (c *Cluster) create() (err error) {
	if c.as, err = unprivileged(c.dir); err != nil {
		return err
	}
	if err := c.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return err
	}
	return c.Start()
}

// Start starts it, and returns when it takes connections.
func (c *Cluster) Start() error {
	return c.run("pg_ctl", "-l", filepath.Join(c.dir, "log"), "-o", c.settings, "-w", "-t", "30", "start")
}

// Stop stops it in one of pg_ctl's modes: fast ends its connections, immediate is as if it had died.
func (c *Cluster) Stop(mode string) error {
	return c.run("pg_ctl", "-m", mode, "-w", "-t", "10", "stop")
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// sharedCluster is the one in a fixed temporary folder that all test processes of a user share. It is started by whichever
// comes first and stopped by the last; files in the folder, locked, count who uses it.
type sharedCluster struct {
	held *os.File // locked for sharing while this process uses the cluster
}

var private sharedCluster

func sharedDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("repdesk-pg-%d", os.Getuid()))
}

func (s *sharedCluster) start() (string, error) {
	c, err := newCluster(sharedDir(), "-c synchronous_commit=off")
	if err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(c.dir, "lock"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer unlock.Close()
	if s.held, err = lock(filepath.Join(c.dir, "users"), syscall.LOCK_SH); err != nil {
		return "", err
	}
	if onServer(c.URL, `SELECT 1`) == nil {
		return c.URL, nil
	}
	if err := c.clear(); err != nil {
		return "", err
	}
	return c.URL, c.create()
}

// clear removes what was left by a machine or server that died, without fsync: it may be damaged, and a server that still
// runs on it does not answer.
func (c *Cluster) clear() (err error) {
	if c.as, err = unprivileged(c.dir); err != nil {
		return err
	}
	if _, err := os.Stat(c.data()); err == nil {
		_ = c.Stop("immediate")
	}
	old, _ := filepath.Glob(filepath.Join(c.dir, "out*"))
	for _, file := range append(old, filepath.Join(c.dir, "log")) {
		_ = os.Remove(file)
	}
	return os.RemoveAll(c.data())
}

func (s *sharedCluster) stop() {
	unlock, err := lock(filepath.Join(sharedDir(), "lock"), syscall.LOCK_EX)
	if err != nil {
		return
	}
	defer unlock.Close()
	s.held.Close()
	last, err := lock(filepath.Join(sharedDir(), "users"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return // somebody else uses it
	}
	defer last.Close()
	if c, err := newCluster(sharedDir(), ""); err == nil {
		_ = c.clear() // databases of killed processes too: a new cluster takes a second
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

// run runs one of PostgreSQL's programs on the data, without pipes, which a server that it starts would keep open; its output
// goes to a file.
func (c *Cluster) run(name string, args ...string) error {
	out, err := os.CreateTemp(c.dir, "out")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd := exec.Command(filepath.Join(c.bin, name), append([]string{"-D", c.data()}, args...)...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Setpgid: true}
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", name, err, said)
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
		return "", fmt.Errorf("no pg_ctl is on this machine")
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
