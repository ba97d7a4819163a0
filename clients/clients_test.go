// Package clients_test runs the suites of the clients against the program of this checkout.
package clients_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clients have a folder each, and what builds and tests them, in which REPDESK_BINARY says where the program is.
var clients = []struct {
	name  string
	tools []string
	run   [][]string
	// rare: what it takes is not had everywhere, so that it may be missing where everything else has to be there.
	rare bool
}{
	{name: "kotlin", tools: []string{"java", "mvn"}, run: [][]string{{"mvn", "--batch-mode", "--quiet", "verify"}}},
	{name: "swift", tools: []string{"swift"}, run: [][]string{{"swift", "test"}}, rare: true},
	{name: "typescript", tools: []string{"node", "npm"}, run: [][]string{
		{"npm", "ci", "--silent", "--no-audit", "--no-fund"}, {"npm", "test", "--silent"}}},
}

func TestClients(t *testing.T) {
	watch()
	binary := build(t)
	for _, client := range clients {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			for _, tool := range client.tools {
				if _, err := exec.LookPath(tool); err != nil {
					missing(t, tool, client.rare)
				}
			}
			for _, command := range client.run {
				c := exec.Command(command[0], command[1:]...)
				c.Dir, c.Env = client.name, append(os.Environ(), "REPDESK_BINARY="+binary)
				if out, err := c.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
				}
			}
		})
	}
}

// TestGeneratedFromThisContract: beside each client stands the sum of the document that it was made from, and the command
// that writes this document.
func TestGeneratedFromThisContract(t *testing.T) {
	watch()
	binary := build(t)
	for _, name := range []string{"kotlin", "swift", "typescript", "go"} {
		kept, err := os.ReadFile(filepath.Join(name, "CONTRACT.sha256"))
		if err != nil {
			t.Errorf("%v: make clients", err)
			continue
		}
		sum, command, _ := strings.Cut(strings.TrimSpace(string(kept)), "  ")
		args := strings.Fields(command)
		if len(args) < 2 || args[0] != "repdesk" || args[1] != "openapi" {
			t.Errorf("%s: no command: %s", name, kept)
			continue
		}
		document, err := exec.Command(binary, args[1:]...).Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		if now := fmt.Sprintf("%x", sha256.Sum256(document)); now != sum {
			t.Errorf("%s was not generated from this contract: make clients", name)
		}
	}
}

// watch looks at every file of the repository. A result that go test keeps counts until something has changed that the test
// itself looked at; what the programs read that it starts, go does not know of.
func watch() {
	made := []string{".git", "node_modules", "target", "build", "dist", ".build"}
	filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains(made, entry.Name()) {
			return fs.SkipDir
		}
		os.Stat(path)
		return nil
	})
}

// build builds the program, and returns where it is.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "repdesk")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/repdesk").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// missing skips the test of a client whose tools are not there, and fails it where everything has to be.
func missing(t *testing.T, tool string, rare bool) {
	t.Helper()
	if os.Getenv("CI") != "" && !rare {
		t.Fatalf("missing: %s", tool)
	}
	t.Skipf("missing: %s", tool)
}
