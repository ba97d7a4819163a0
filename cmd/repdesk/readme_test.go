package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
)

// demo runs "repdesk demo" in this process until the test ends. It returns where it listens and the lines to paste.
func demo(t *testing.T) (url, lines string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"demo", "--listen", "127.0.0.1:0"}, func(string) string { return "" }, in, t.Output())
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	printed := bufio.NewScanner(out)
	for printed.Scan() && !strings.HasPrefix(printed.Text(), "Everybody") { // the last line
		if found := regexp.MustCompile(`^A sample desk runs at ([^,]+),`).FindStringSubmatch(printed.Text()); found != nil {
			url = found[1]
		}
		lines += printed.Text() + "\n"
	}
	if url == "" {
		t.Fatalf("the demo did not start: %s", lines)
	}
	return url, lines[strings.Index(lines, "\necho ")+1:]
}

// strict makes curl fail on refusals, and ends a stream that otherwise never would.
const strict = `set -euo pipefail
curl() {
	case " $* " in
	*" -N "*) command curl --max-time 2 "$@" || [ $? = 28 ] ;;
	*) command curl --fail-with-body "$@" ;;
	esac
}
`

// shell runs lines as a person would paste them, in a folder of their own, and returns what they print.
func shell(t *testing.T, folder, lines string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", strict+lines)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return string(out)
}

func contains(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, part := range all {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// shared is what the walk-through shows, in the words of the answers.
var shared = []string{
	`"access_ceiling":"control"`, `"name":"Network"`, // share options
	`"state":"active"`, `"state":"accepted"`, `"accepted_by"`, // Ben's invitation
	`"role":"owner"`, `"rep_id"`, // attendees
	`"name":"Cho Min-seo"`, `"state":"cancelled"`, // Cho's, and the one that was taken back
	`"purpose":"invitation"`, `"channel":"fcm"`, `"state":"sent"`, // deliveries
	`"kind":"team"`, `"kind":"portal"`, `"include_sub_portals":true`, `"audience":"reps"`, // whoever comes first, and the chat
	`"id":"trf_`, `"stay":true`, `"reason":"ownership_moved"`, // the transfer
	`"type":"invitation.ended"`, `"reason":"cancelled"`, `"cursor"`, // event log
}

func TestPrintedWalkThroughCanBePasted(t *testing.T) {
	_, lines := demo(t)
	contains(t, shell(t, t.TempDir(), lines), shared...)
}

func TestReadmeCanBeFollowed(t *testing.T) {
	readme := readme(t)
	url, _ := demo(t)
	folder := t.TempDir()
	for name, language := range map[string]string{"organization.yaml": "yaml", "verify.go": "go"} { // the first of each
		if err := os.WriteFile(filepath.Join(folder, name), []byte(blocks(readme, language)[0]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.ReplaceAll(strings.Join(blocks(readme, "sh"), "\n"), "http://127.0.0.1:8080", url)
	out := shell(t, folder, lines)
	contains(t, out, shared...)
	contains(t, out, "Idempotent-Replayed: true", "Ignored-Parameters: mood", "event: ready", `"dry_run":true`, `"name":"rosa"`,
		"Is anybody there?", `"end_reason":"abandoned"`, "let in: ses_", `"external_key":"ticket-4712"`)
	contains(t, out, `"join_url":"`+url+`/join/`, `"joins_left":2`, `"role":"specialist"`, `"name":"Max from the maker"`, `"state":"cancelled","reason":"cancelled"`) // F
	contains(t, out, `"came_by":"session_key"`, `"came_by":"rep_chosen"`, `"came_by":"help_link"`, `"title":"[Browser] Oki"`, `"place":2`, `"name":"Max"`, `"name":"Noor"`,
		`"came_by":"waiting_rule"`, `"customer_gone":true`, `"customer_gone":false`)
}

// C12: the verifier of the documentation lets in by a good grant alone.
func TestC12ReadmesVerifier(t *testing.T) {
	source := blocks(readme(t), "go")
	if len(source) != 1 || strings.Count(source[0][strings.Index(source[0], "func main"):], "\n") > 30 {
		t.Fatalf("%d verifiers, of which one has to do with 30 lines", len(source))
	}
	folder := t.TempDir()
	file, program := filepath.Join(folder, "verify.go"), filepath.Join(folder, "verify")
	if err := os.WriteFile(file, []byte(source[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sample, url := grantServer(t)
	ana := sample.callers[sample.ana.Rep.ID]
	good, err := sample.store.JoinGrant(t.Context(), ana, sample.session.ID, "https://desk.example")
	if err != nil {
		t.Fatal(err)
	}
	other, err := sample.store.JoinGrant(t.Context(), ana, sample.session.ID, "https://other.example")
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(good.Grant, ".")
	claims, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		t.Fatal(err)
	}
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), sample.session.ID, "ses_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", 1)))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for _, c := range []struct{ name, grant, says string }{
		{"a good one", good.Grant, "let in: " + sample.session.ID},
		{"of another desk", other.Grant, "refused"},
		{"with other claims", part[0] + "." + forged + "." + part[2], "refused"},
		{"unsigned", none + "." + part[1] + ".", "refused"},
		{"cut off", part[0] + "." + part[1], "refused"},
		{"nothing", "", "refused"},
	} {
		out, err := exec.Command(program, url+"/.well-known/jwks.json", "https://desk.example", c.grant).CombinedOutput()
		if !strings.HasPrefix(string(out), c.says) || (err == nil) != (c.says != "refused") {
			t.Errorf("%s: %v, %s", c.name, err, out)
		}
	}
}

// grantServer serves the API of a sample desk.
func grantServer(t *testing.T) (*sample, string) {
	t.Helper()
	s, err := openSample(t.Context(), database(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api.New(api.Config{Store: s.store}).Handler())
	t.Cleanup(func() { server.Close(); s.store.Close() })
	return s, server.URL
}

func TestReadmeAndDemoTellTheSameWalkThrough(t *testing.T) {
	steps, err := demoFiles.ReadFile("demo/walkthrough.sh")
	if err != nil {
		t.Fatal(err)
	}
	contains(t, readme(t), "```sh\n"+string(steps)+"```\n")
}

func TestReadmeListsEverySetting(t *testing.T) {
	parser, err := kong.New(&program{})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		for _, flag := range command.Flags {
			if variable(flag) != "" {
				contains(t, readme(t), "| `--"+flag.Name+"` | `"+variable(flag)+"` |")
			}
		}
	}
}

// Every variable that the README names is a setting, but for those of tests.
func TestReadmeNamesNoOtherVariable(t *testing.T) {
	known := settings(t)
	for _, name := range regexp.MustCompile(`REPDESK_[A-Z_]+`).FindAllString(readme(t), -1) {
		if !known[name] && name != "REPDESK_TEST_POSTGRES" && name != "REPDESK_PICTURES" {
			t.Errorf("%s is no setting", name)
		}
	}
}

// The unit for systemd and the Compose file start the program as it can be started.
func TestReadmesServicesAreAsTheProgramTakesThem(t *testing.T) {
	units := blocks(readme(t), "ini")
	starts(t, strings.Fields(submatch(t, `(?m)^ExecStart=(.+)$`, units[0])), strings.Fields(units[1])[2:])
	var compose struct {
		Services map[string]struct {
			Build struct {
				Dockerfile string `yaml:"dockerfile_inline"`
			}
			Environment map[string]string
		}
		Configs map[string]struct{ Content string }
	}
	if err := yaml.Unmarshal([]byte(blocks(readme(t)[strings.Index(readme(t), "### On PostgreSQL"):], "yaml")[0]), &compose); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		service, environment := compose.Services[name], []string{}
		for name, value := range service.Environment {
			environment = append(environment, name+"="+value)
		}
		entry := []string{}
		if err := json.Unmarshal([]byte(submatch(t, `ENTRYPOINT (.+)`, service.Build.Dockerfile)), &entry); err != nil {
			t.Fatal(err)
		}
		starts(t, entry, environment)
		contains(t, compose.Configs["caddyfile"].Content, name+":"+submatch(t, `:(\d+)$`, service.Environment["REPDESK_LISTEN"]))
	}
}

// starts checks that the program takes a command line, its own name first, and variables.
func starts(t *testing.T, line, environment []string) {
	t.Helper()
	known, given := settings(t), map[string]string{}
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		if given[name] = value; !known[name] {
			t.Errorf("%s is no setting", name)
		}
	}
	parser, err := kong.New(&program{}, kong.Resolvers(variables(func(name string) string { return given[name] })))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(line[1:]); err != nil || len(given) == 0 {
		t.Errorf("%v with %v: %v", line, given, err)
	}
}

// settings are all variables that the program reads.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	parser, err := kong.New(&program{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, command := range parser.Model.Children {
		for _, flag := range command.Flags {
			all[variable(flag)] = true
		}
	}
	return all
}

func submatch(t *testing.T, pattern, text string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("%s is not in:\n%s", pattern, text)
	}
	return found[1]
}

func TestReadmeListsEveryScope(t *testing.T) {
	for _, scope := range desk.Scopes {
		contains(t, readme(t), "| `"+string(scope)+"` |")
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the fenced blocks of a language.
func blocks(text, language string) (found []string) {
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}
