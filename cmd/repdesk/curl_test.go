//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// curlOrganization is what the scripts need beside the test's organisation.
const curlOrganization = `
portals:
  - {slug: main, name: Main, specialists: true}
issues:
  - {slug: paper-jam, title: Paper jam, team: printers, request_help: true}
reps:
  - {username: ana, name: Ana, teams: {printers: lead}, permissions: [share_outside_teams, invite_specialists]}
`

// scripts are the examples in clients/curl, as one caller runs them.
type scripts struct {
	t     *testing.T
	url   string
	token string
}

// object is what a script prints.
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

func (s scripts) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), "bash", append([]string{filepath.Join("../../clients/curl/examples", name)}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to be ended with what it started
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Env = append(os.Environ(), "REPDESK_URL="+s.url, "REPDESK_TOKEN="+s.token, "REPDESK_PASSWORD=correct horse")
	return cmd
}

// run runs a script and returns what it printed, what it told beside, and how it exited.
func (s scripts) run(name string, args ...string) (out, told string, status int) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(stdout.String()), stderr.String(), cmd.ProcessState.ExitCode()
}

// must runs a script that has to succeed and to tell nothing beside.
func (s scripts) must(name string, args ...string) string {
	s.t.Helper()
	out, told, status := s.run(name, args...)
	if status != 0 || told != "" {
		s.t.Fatalf("%s %q: exit %d\n%s\n%s", name, args, status, out, told)
	}
	return out
}

// parsed is the object that a script prints.
func (s scripts) parsed(name string, args ...string) object {
	s.t.Helper()
	o := object{}
	if err := json.Unmarshal([]byte(s.must(name, args...)), &o); err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s scripts) as(username string) scripts {
	s.t.Helper()
	s.token = s.must("log-in.sh", username)
	return s
}

// curlDesk starts a desk for the scripts and returns them without a caller, and as a ticket system.
func curlDesk(t *testing.T) (nobody, system scripts) {
	t.Helper()
	if _, err := exec.LookPath("jq"); err != nil && os.Getenv("CI") == "" {
		t.Skip("the scripts need jq")
	}
	db := database(t)
	nobody = scripts{t: t, url: start(t, db).URL}
	token, err := command(t, map[string]string{"REPDESK_DATABASE": db}, "token", "create", "--name", "Ticket system", "--scopes", "sessions:start,administration:write")
	if err != nil {
		t.Fatal(err)
	}
	system = nobody
	system.token = strings.TrimSpace(token)
	file := filepath.Join(t.TempDir(), "desk.yaml")
	if err := os.WriteFile(file, []byte(curlOrganization), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, system.must("import-organization.sh", file), "would create issue paper-jam", "would change portal main: specialists", "1 to create, 2 to change, 0 as they are")
	if done := system.must("import-organization.sh", file, "--yes"); !strings.HasPrefix(done, "create issue paper-jam") || !strings.Contains(done, "\n1 to create, 2 to change, 0 as they are") {
		t.Fatalf("with --yes it says\n%s", done)
	}
	contains(t, system.must("import-organization.sh", file), "0 to create, 0 to change, 3 as they are")
	return nobody, system
}

func TestCurlScripts(t *testing.T) {
	nobody, system := curlDesk(t)
	ana, ben := nobody.as("ana"), nobody.as("ben")
	nobody.as("cho")
	_, told, status := nobody.run("log-in.sh", "nobody")
	if status != 1 {
		t.Errorf("a wrong name exits with %d", status)
	}
	contains(t, told, "401 invalid_credentials: ")
	session := takeTickets(t, system, ana)
	shareByScripts(t, ana, ben, session)
	_, told, status = ana.run("call.sh", "PATCH", "/v1/me", `{"mood": "good"}`)
	if status != 1 {
		t.Errorf("a typo exits with %d", status)
	}
	contains(t, told, "422 validation_failed: ", "  mood: ")
	for _, script := range []string{"invite.sh", "call.sh", "log-in.sh", "poll.sh", "request-help.sh", "await-invitation.sh", "specialist-invitation.sh", "import-organization.sh", "start-session-from-ticket.sh"} {
		if _, told, status := ana.run(script); status != 64 || !strings.HasPrefix(told, script+" ") {
			t.Errorf("%s without arguments exits with %d: %s", script, status, told)
		}
	}
	// A shell would run what stands in an index of a sum.
	for _, call := range [][]string{{"watch.sh"}, {"on-call.sh"}, {"await-invitation.sh", "inv_1"}} {
		if _, told, status := ana.run(call[0], append(call[1:], "BASH_VERSINFO[$(exit 1)]")...); status != 64 {
			t.Errorf("%s with what is no number exits with %d: %s", call[0], status, told)
		}
	}
	for _, call := range [][]string{{"import-organization.sh", "nowhere.yaml"}, {"start-session-from-ticket.sh", "4714\nX-More: 1", "@main", "@paper-jam", "Lu"}} {
		if _, told, status := ana.run(call[0], call[1:]...); status != 64 {
			t.Errorf("%s with what it cannot use exits with %d: %s", call[0], status, told)
		}
	}
	slashed := ana
	slashed.url += "/"
	slashed.must("call.sh", "GET", "/v1/me")
}

// takeTickets has a ticket system start sessions and Ana take them, and returns the first.
func takeTickets(t *testing.T, system, ana scripts) (session string) {
	t.Helper()
	cursor := filepath.Join(t.TempDir(), "cursor")
	if err := os.WriteFile(cursor, []byte(ana.parsed("call.sh", "GET", "/v1/event-log").at("cursor")), 0o600); err != nil {
		t.Fatal(err)
	}
	next := scanned(t, ana.command("on-call.sh", "2"))
	page := system.must("start-session-from-ticket.sh", "4711", "@main", "@paper-jam", `Jo "Jay" Doe`, "Doe Bakery")
	if again := system.must("start-session-from-ticket.sh", "4711", "@main", "@paper-jam", `Jo "Jay" Doe`, "Doe Bakery"); !strings.HasPrefix(page, system.url+"/p/main#rdg_") || again != page {
		t.Errorf("the ticket's customer comes in at %q, then at %q", page, again)
	}
	system.must("start-session-from-ticket.sh", "4712", "@main", "@paper-jam", "Lu")
	first, second := next(), next()
	if first.at("customer", "name") != `Jo "Jay" Doe` || first.at("state") != "active" || first.at("external_key") != "ticket-4711" || second.at("customer", "name") != "Lu" {
		t.Errorf("taken: %v, %v", first, second)
	}
	if polled := ana.must("poll.sh", cursor, "queue_entry.added"); strings.Count(polled, `"state":"waiting"`) != 2 || !strings.Contains(polled, first.at("id")) || !strings.Contains(polled, second.at("id")) {
		t.Errorf("polled: %s", polled)
	}
	if err := os.WriteFile(cursor, []byte("1000000"), 0o600); err != nil { // of another desk, or long ago
		t.Fatal(err)
	}
	if _, told, status := ana.run("poll.sh", cursor); status != 3 || told != "events were missed\n" {
		t.Errorf("a position that is not known exits with %d: %s", status, told)
	}
	_, told, status := system.run("start-session-from-ticket.sh", "4713", "@main", "@nowhere", "Lu")
	if status != 1 {
		t.Errorf("a wrong issue exits with %d", status)
	}
	contains(t, told, "404 not_found: ")
	return first.at("id")
}

// shareByScripts has Ana invite into a session, and follow what becomes of it.
func shareByScripts(t *testing.T, ana, ben scripts, session string) {
	t.Helper()
	invitation := ana.must("invite.sh", session, "rep", "@ben", "Tray 2?")
	if out, _, status := ana.run("await-invitation.sh", invitation, "0"); out != "active" || status != 75 {
		t.Errorf("an invitation that stands: %q, exit %d", out, status)
	}
	ben.must("call.sh", "POST", "/v1/invitations/"+invitation+"/accept")
	if became := ana.must("await-invitation.sh", invitation); became != "accepted by ben" {
		t.Errorf("the invitation became %q", became)
	}
	_, told, status := ana.run("invite.sh", session, "rep", "@ben")
	if status != 1 {
		t.Errorf("inviting again exits with %d", status)
	}
	contains(t, told, "409 already_in_session: ")
	help := ana.must("request-help.sh", session, "@paper-jam", "Or this?")
	awaited := make(chan string, 1)
	go func() { out, _, _ := ana.run("await-invitation.sh", help, "30"); awaited <- out }()
	ana.must("call.sh", "POST", "/v1/invitations/"+help+"/cancel")
	if became := <-awaited; became != "cancelled" {
		t.Errorf("the request became %q", became)
	}
	contains(t, ana.must("specialist-invitation.sh", session), "link "+ana.url+"/join/", "\ncode ", "Open this link to join:")
}

// Its README can be followed from the first line to the last.
func TestCurlReadmeCanBeFollowed(t *testing.T) {
	text, err := os.ReadFile("../../clients/curl/README.md")
	if err != nil {
		t.Fatal(err)
	}
	url, _ := demo(t)
	lines := strings.ReplaceAll(strings.Join(blocks(string(text), "sh"), "\n"), "http://127.0.0.1:8080", url)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "set -euo pipefail\n"+lines)
	cmd.Dir = "../../clients/curl/examples"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	contains(t, string(out), "Jo Doe", "accepted by Ben Okafor", "409 already_in_session", "exits with 1", url+"/p/main#rdg_")
}

// scanned starts a script and returns what reads its lines of JSON, one after the other.
func scanned(t *testing.T, script *exec.Cmd) func() object {
	t.Helper()
	script.Stderr = t.Output()
	out, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { script.Wait() })
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return func() object {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("%v has ended: %v", script.Args[1:], lines.Err())
		}
		o := object{}
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		return o
	}
}

// H2: whatever happens to the connection, a script that watches misses nothing and is told nothing twice.
func TestH2CurlScriptWatchesThroughCuts(t *testing.T) {
	nobody, _ := curlDesk(t)
	ana := nobody.as("ana")
	between := behindProxy(t, nobody.url, nil)
	watching := ana
	watching.url = between.URL
	event := scanned(t, watching.command("watch.sh", "60"))
	if first := event(); first.at("type") != "snapshot" || first.at("snapshot", "me", "username") != "ana" {
		t.Errorf("it begins with %v", first)
	}
	for range 3 {
		session := ana.parsed("call.sh", "POST", "/v1/sessions", `{"portal_id": "@main", "customer": {"name": "Jo"}}`).at("session", "id")
		told := object{}
		for told.at("type") != "queue_entry.added" {
			told = event()
			if told.at("type") == "snapshot" {
				t.Error("it was told everything anew")
			}
		}
		if told.at("session_id") != session {
			t.Errorf("told of %s, and %s came", told.at("session_id"), session)
		}
		between.CloseClientConnections()
	}
}

// I5: a script whose request got no answer repeats it, and nothing is done twice.
func TestI5CurlScriptsRepeatSafely(t *testing.T) {
	nobody, _ := curlDesk(t)
	ana := nobody.as("ana")
	var asked atomic.Int32
	between := behindProxy(t, nobody.url, func(w http.ResponseWriter, r *http.Request, desk http.Handler) {
		switch asked.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "the proxy is busy", http.StatusServiceUnavailable)
		case 2:
			desk.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // done, and the answer is lost
		default:
			desk.ServeHTTP(w, r)
		}
	})
	troubled := ana
	troubled.url = between.URL
	if out, told, status := troubled.run("call.sh", "POST", "/v1/sessions", `{"portal_id": "@main", "customer": {"name": "Jo"}, "external_key": "once"}`); status != 0 || asked.Load() != 3 {
		t.Errorf("exit %d after %d requests\n%s\n%s", status, asked.Load(), out, told)
	}
	if list := ana.must("call.sh", "GET", "/v1/sessions?external_key=once"); strings.Count(list, `"external_key":"once"`) != 1 {
		t.Errorf("not one session was started: %s", list)
	}

	away := ana
	away.url = "http://127.0.0.1:1"
	if _, _, status := away.run("call.sh", "PATCH", "/v1/me", `{"busy": true}`); status != 75 {
		t.Errorf("a desk that is away exits with %d", status)
	}
}

// behindProxy is a server that hands on what it is asked to the desk, as handle says, or as it is.
func behindProxy(t *testing.T, desk string, handle func(http.ResponseWriter, *http.Request, http.Handler)) *httptest.Server {
	t.Helper()
	to, err := url.Parse(desk)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.FlushInterval = -1 // a stream is handed on at once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handle == nil {
			proxy.ServeHTTP(w, r)
			return
		}
		handle(w, r, proxy)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server
}

// The scripts are without what shellcheck finds. Where it is not installed the test is skipped, and fails where CI is set.
func TestCurlScriptsAreClean(t *testing.T) {
	if _, err := exec.LookPath("shellcheck"); err != nil && os.Getenv("CI") == "" {
		t.Skip("no shellcheck")
	}
	files, err := filepath.Glob("../../clients/curl/examples/*.sh")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	if out, err := exec.Command("shellcheck", files...).CombinedOutput(); err != nil {
		t.Error(fmt.Sprint(err), "\n", string(out))
	}
}
