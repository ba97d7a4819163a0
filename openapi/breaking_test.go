package openapi_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// changes are made to the contract. What breaks a client is seen, with its place, and nothing else.
var changes = map[string]struct {
	change func(t *testing.T, doc object)
	breaks string
}{
	"nothing": {change: func(*testing.T, object) {}},
	"a field is added": {change: func(t *testing.T, doc object) {
		at(t, doc, "components", "schemas", "Session", "properties")["mood"] = object{"type": "string"}
	}},
	"a schema is renamed": {change: func(t *testing.T, doc object) {
		schemas := at(t, doc, "components", "schemas")
		schemas["Mention"] = schemas["Ref"]
		delete(schemas, "Ref")
		replaceReferences(doc, "#/components/schemas/Ref", "#/components/schemas/Mention")
	}},
	"an optional field of an answer is gone": {breaks: "external_key", change: func(t *testing.T, doc object) {
		delete(at(t, doc, "components", "schemas", "Session", "properties"), "external_key")
	}},
	"a field of a request is gone": {breaks: "client_ref", change: func(t *testing.T, doc object) {
		delete(at(t, doc, "components", "schemas", bodyOf(t, doc, "/v1/sessions/{session_id}/messages"), "properties"), "client_ref")
	}},
	"a field of a request has to be given": {breaks: "priority", change: func(t *testing.T, doc object) {
		body := at(t, doc, "components", "schemas", bodyOf(t, doc, "/v1/sessions"))
		body["required"] = append(body["required"].([]any), "priority")
	}},
	"an operation is gone": {breaks: "/v1/snapshot", change: func(t *testing.T, doc object) {
		delete(at(t, doc, "paths"), "/v1/snapshot")
	}},
	"an operation is called otherwise": {breaks: "get-snapshot", change: func(t *testing.T, doc object) {
		at(t, doc, "paths", "/v1/snapshot", "get")["operationId"] = "load-snapshot"
	}},
	"a header of an answer is gone": {breaks: "location", change: func(t *testing.T, doc object) {
		delete(at(t, doc, "paths", "/v1/sessions", "post", "responses", "201", "headers"), "Location")
	}},
	"an operation will be gone in 13 months": {change: sunset(13)},
	"an operation will be gone in a month":   {breaks: "sunset", change: sunset(1)},
	"a field is gone with the major version": {change: func(t *testing.T, doc object) {
		delete(at(t, doc, "components", "schemas", "Session", "properties"), "external_key")
		at(t, doc, "info")["version"] = "2.0.0"
	}},
}

func sunset(months int) func(*testing.T, object) {
	return func(t *testing.T, doc object) {
		op := at(t, doc, "paths", "/v1/snapshot", "get")
		op["deprecated"], op["x-sunset"] = true, time.Now().AddDate(0, months, 0).Format(time.DateOnly)
	}
}

func TestWhatBreaksClientsIsSeen(t *testing.T) {
	needsOasdiff(t)
	before := write(t, contract(t))
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := contract(t)
			c.change(t, doc)
			printed, ok := output(t, "./breaking", before, write(t, doc))
			if ok != (c.breaks == "") || !strings.Contains(printed, c.breaks) {
				t.Errorf("passes: %v, and is told\n%s", ok, printed)
			}
		})
	}
}

func needsOasdiff(t *testing.T) {
	t.Helper()
	if printed, ok := output(t, "./breaking", "openapi.yaml", "openapi.yaml"); !ok {
		missing(t, "oasdiff does not run here: "+printed)
	}
}

// bodyOf names the schema of what is posted to a path.
func bodyOf(t *testing.T, doc object, path string) string {
	t.Helper()
	ref := at(t, doc, "paths", path, "post", "requestBody", "content", "application/json", "schema")["$ref"].(string)
	return strings.TrimPrefix(ref, "#/components/schemas/")
}

func replaceReferences(node any, from, to string) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			replaceReferences(item, from, to)
		}
	case object:
		if n["$ref"] == from {
			n["$ref"] = to
		}
		for inner := range maps.Values(n) {
			replaceReferences(inner, from, to)
		}
	}
}

// TestWhatIsComparedWith: the last release, else main, else the commit before; and where there is none it says so.
func TestWhatIsComparedWith(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		missing(t, "git is not there")
	}
	needsOasdiff(t)
	r := newRepository(t)
	r.compares(t, "NOT COMPARED")
	r.commit(t, "second", "1.0.1")
	r.compares(t, "(first)")
	r.git(t, "tag", "v1.0.0", "HEAD^")
	r.commit(t, "third", "1.0.2")
	r.compares(t, "(first)")
	r.git(t, "tag", "v1.0.2") // a release is compared with the one before it
	r.compares(t, "(first)")
	r.write(t, "1.0.3") // what is not committed yet, with the release
	r.compares(t, "(third)")
	r.commit(t, "fourth", "1.0.3")
	r.compares(t, "(third)")

	shallow := repository(t.TempDir())
	r.git(t, "clone", "--quiet", "--depth=1", "file://"+string(r), string(shallow))
	shallow.compares(t, "NOT COMPARED")
}

// TestBranchIsComparedWithMain, at where it left it.
func TestBranchIsComparedWithMain(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		missing(t, "git is not there")
	}
	needsOasdiff(t)
	r := newRepository(t)
	r.git(t, "switch", "--quiet", "--create", "work")
	r.commit(t, "second", "1.0.1")
	r.commit(t, "third", "1.0.2")
	r.compares(t, "(first)")
}

// repository is a folder with a small contract, the script and a history.
type repository string

func newRepository(t *testing.T) repository {
	t.Helper()
	r := repository(t.TempDir())
	if err := os.Mkdir(filepath.Join(string(r), "openapi"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"breaking", "oasdiff-levels.txt"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(string(r), "openapi", name), text, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.git(t, "init", "--quiet", "--initial-branch=main")
	r.commit(t, "first", "1.0.0")
	return r
}

func (r repository) git(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"-C", string(r), "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"}, args...)
	if printed, ok := output(t, "git", args...); !ok {
		t.Fatalf("git %v: %s", args, printed)
	}
}

func (r repository) write(t *testing.T, version string) {
	t.Helper()
	text := "openapi: 3.1.0\ninfo:\n  title: x\n  version: " + version + "\npaths: {}\n"
	if err := os.WriteFile(filepath.Join(string(r), "openapi", "openapi.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r repository) commit(t *testing.T, title, version string) {
	t.Helper()
	r.write(t, version)
	r.git(t, "add", ".")
	r.git(t, "commit", "--quiet", "--message", title)
}

func (r repository) compares(t *testing.T, with string) {
	t.Helper()
	printed, ok := output(t, filepath.Join(string(r), "openapi", "breaking"))
	if !ok || !strings.Contains(printed, with) {
		t.Errorf("passes: %v, and is told\n%swant %s", ok, printed, with)
	}
}
