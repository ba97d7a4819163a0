package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/store/storetest"
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
	if len(os.Args) > 1 && os.Args[1] == "serve" { // "repdesk bench" starts what it is part of, which in a test is this
		main()
		return
	}
	code := storetest.Main(m)
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

// metric is what the process counts under a name, with its labels.
func (p *process) metric(name string) float64 {
	p.t.Helper()
	answer, err := http.Get(p.URL + "/metrics")
	ok(p.t, err)
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			number, err := strconv.ParseFloat(value, 64)
			ok(p.t, err)
			return number
		}
	}
	p.t.Fatalf("nothing counts %s", name)
	panic("unreachable")
}

// console is a rep who is logged in.
type console struct {
	*repdesk.ClientWithResponses
	p     *process
	token string
	rep   string // its id
}

// with is whoever has a token.
func (p *process) with(token string) console {
	p.t.Helper()
	client, err := repdesk.New(p.URL, token)
	ok(p.t, err)
	return console{ClientWithResponses: client, p: p, token: token}
}

func (p *process) logIn(username string, device repdesk.Device) console {
	p.t.Helper()
	in, err := p.with("").LogInWithResponse(p.t.Context(), repdesk.LogInRequest{Username: username, Password: "correct horse", Device: device})
	ok(p.t, err)
	c := p.with(in.JSON201.Token)
	c.rep = in.JSON201.Rep.ID
	return c
}

var browser = repdesk.Device{Platform: repdesk.PlatformWeb}

func phone(target string) repdesk.Device {
	return repdesk.Device{Platform: repdesk.PlatformAndroid, PushTarget: &target}
}

func (c console) openSession() string {
	c.p.t.Helper()
	started, err := c.StartSessionWithResponse(c.p.t.Context(), repdesk.StartSessionRequest{PortalID: new("@main"), Customer: repdesk.Customer{Name: "Jo Doe"}})
	ok(c.p.t, err)
	_, err = c.AcceptSessionWithResponse(c.p.t.Context(), started.JSON201.Session.ID)
	ok(c.p.t, err)
	return started.JSON201.Session.ID
}

func (c console) invite(session string, whom repdesk.InviteRequest) string {
	c.p.t.Helper()
	invited, err := c.InviteWithResponse(c.p.t.Context(), session, whom)
	ok(c.p.t, err)
	return invited.JSON201.ID
}

func (c console) inviteRep(session, name string) string {
	c.p.t.Helper()
	return c.invite(session, repdesk.InviteRequest{RepID: new("@" + name)})
}

func (c console) cancel(invitation string) {
	c.p.t.Helper()
	_, err := c.CancelInvitationWithResponse(c.p.t.Context(), invitation)
	ok(c.p.t, err)
}

func (c console) invitation(id string) repdesk.Invitation {
	c.p.t.Helper()
	answer, err := c.GetInvitationWithResponse(c.p.t.Context(), id, nil)
	ok(c.p.t, err)
	return *answer.JSON200
}

// ok stops the test where something failed that has to work.
func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
