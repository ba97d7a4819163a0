package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
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
	if err := os.WriteFile(filepath.Join(folder, "organization.yaml"), []byte(strings.Join(blocks(readme, "yaml"), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.ReplaceAll(strings.Join(blocks(readme, "sh"), "\n"), "http://127.0.0.1:8080", url)
	out := shell(t, folder, lines)
	contains(t, out, shared...)
	contains(t, out, "Idempotent-Replayed: true", "Ignored-Parameters: mood", "event: ready", `"dry_run":true`, `"name":"rosa"`)
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
