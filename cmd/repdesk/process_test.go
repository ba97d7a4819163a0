package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what should come at once, on a machine that does much else.
const patience = 30 * time.Second

// build is where the program is built for all tests.
var build struct {
	sync.Once
	folder string
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if build.folder != "" {
		os.RemoveAll(build.folder)
	}
	os.Exit(code)
}

func binary(t testing.TB) string {
	t.Helper()
	build.Do(func() {
		if build.folder, build.err = os.MkdirTemp("", "repdesk-test-"); build.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", build.folder, ".").CombinedOutput(); err != nil {
			build.err = fmt.Errorf("go build: %w: %s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return filepath.Join(build.folder, "repdesk")
}

// passwordHash is of "correct horse", at a cost that suits tests with many log-ins.
const passwordHash = `$argon2id$v=19$m=64,t=1,p=1$R149KC/rf55c9Zd5AGK4pg$xKKm3MtIcJa6zRBu1FUaKwlNVyHD9pvDzI0ZjXyXhRQ`

// testOrganization has some reps who can be reached each in their own way, and a crowd.
func testOrganization() string {
	var o strings.Builder
	o.WriteString("portals:\n  - {slug: main, name: Main}\nteams:\n  - {slug: printers, name: Printers}\n  - {slug: crowd, name: Crowd}\nreps:\n")
	for _, name := range []string{"ana", "ben", "cho", "dia"} {
		fmt.Fprintf(&o, "  - {username: %[1]s, password_hash: %[2]q, name: %[1]s, email: %[1]s@example.com, teams: {printers: member}, permissions: [share_outside_teams, extended_availability]}\n", name, passwordHash)
	}
	for i := range crowd {
		fmt.Fprintf(&o, "  - {username: c%[1]d, password_hash: %[2]q, name: Crowd %[1]d, teams: {crowd: member}}\n", i, passwordHash)
	}
	return o.String()
}

const crowd = 20

// process is the built program, running.
type process struct {
	t      testing.TB
	URL    string
	cmd    *exec.Cmd
	log    bytes.Buffer // to be read when it has exited
	exited chan error
}

// start runs "repdesk serve" on a free port, with the test's organisation, and waits until it answers.
func start(t testing.TB, database string, flags ...string) *process {
	t.Helper()
	org := filepath.Join(t.TempDir(), "org.yaml")
	if err := os.WriteFile(org, []byte(testOrganization()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--database", database, "--org", org, "--log-level", "warn"}, flags...)
	p := &process{t: t, cmd: exec.Command(binary(t), args...), exited: make(chan error, 1)}
	p.cmd.Env = []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()} // and no variable of ours
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		p.URL = announced(out, "public")
		said <- p.URL
		io.Copy(io.Discard, out)
		p.exited <- p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s logged:\n%s", p.URL, p.log.String())
		}
	})
	select {
	case url := <-said:
		if url == "" {
			t.Fatalf("the program did not start: %s", p.log.String())
		}
	case <-time.After(patience):
		t.Fatal("the program says nothing")
	}
	return p
}

// announced reads the lines that the program prints at its start, up to the one of a name, and returns what it says.
func announced(out io.Reader, name string) string {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == name {
			return words[1]
		}
	}
	return ""
}

// kill ends the process without a word, as a power cut does.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.exited
}

// stop asks the process to end, and says how it did and after what time.
func (p *process) stop() (time.Duration, error) {
	p.t.Helper()
	begun := time.Now()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.exited:
		return time.Since(begun), err
	case <-time.After(patience):
		p.t.Fatal("the program does not stop")
		panic("unreachable")
	}
}

// object is a JSON object of an answer.
type object map[string]any

// at follows names into the object; what is not there is "".
func (o object) at(path ...string) string {
	var v any = map[string]any(o)
	for _, name := range path {
		inner, _ := v.(map[string]any)
		v = inner[name]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// console is a rep who is logged in.
type console struct {
	p     *process
	token string
	rep   string // its id
}

func (p *process) logIn(username, device string) console {
	p.t.Helper()
	in := console{p: p}.must(http.StatusCreated, "POST", "/v1/consoles", fmt.Sprintf(`{"username": %q, "password": "correct horse", "device": %s}`, username, device))
	return console{p: p, token: in.at("token"), rep: in.at("rep", "id")}
}

// ask sends a request and returns the status and the object that came.
func (c console) ask(method, path, body string) (int, object) {
	request, err := http.NewRequestWithContext(c.p.t.Context(), method, c.p.URL+path, strings.NewReader(body))
	if err != nil {
		c.p.t.Error(err)
		return 0, nil
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.p.t.Error(err)
		return 0, nil
	}
	defer answer.Body.Close()
	o := object{}
	if err := json.NewDecoder(answer.Body).Decode(&o); err != nil && err != io.EOF {
		c.p.t.Errorf("%s %s: %d: %v", method, path, answer.StatusCode, err)
	}
	return answer.StatusCode, o
}

func (c console) must(status int, method, path, body string) object {
	c.p.t.Helper()
	got, o := c.ask(method, path, body)
	if got != status {
		c.p.t.Fatalf("%s %s: %d, want %d: %v", method, path, got, status, o)
	}
	return o
}

func (c console) openSession() string {
	c.p.t.Helper()
	id := c.must(http.StatusCreated, "POST", "/v1/sessions", `{"portal_id": "@main", "customer": {"name": "Jo Doe"}}`).at("session", "id")
	c.must(http.StatusOK, "POST", "/v1/sessions/"+id+"/accept", "")
	return id
}

func (c console) invite(session, target string) string {
	c.p.t.Helper()
	return c.must(http.StatusCreated, "POST", "/v1/sessions/"+session+"/invitations", target).at("id")
}

const (
	browser = `{"platform": "web"}`
	phone   = `{"platform": "android", "push_target": %q}`
)
