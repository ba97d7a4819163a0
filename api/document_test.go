package api_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
)

// TestContractFiles: what is served is what stands in the repository, where changes of it are reviewed.
func TestContractFiles(t *testing.T) {
	s := api.New(api.Config{})
	for file, served := range map[string][]byte{"../openapi/openapi.yaml": s.OpenAPI31(), "../openapi/openapi-3.0.yaml": s.OpenAPI30()} {
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v: run make openapi", err)
			continue
		}
		if !bytes.Equal(kept, served) {
			t.Errorf("%s is not what the server serves, from %q on: run make openapi, and look at what changed", file, difference(kept, served))
		}
	}
}

// difference is the first line of b that is not in a at its place.
func difference(a, b []byte) string {
	before := strings.Split(string(a), "\n")
	for i, line := range strings.Split(string(b), "\n") {
		if i >= len(before) || before[i] != line {
			return line
		}
	}
	return "the end"
}

// TestDocuments are served to everybody, in each form, and say the same.
func TestDocuments(t *testing.T) {
	x := newServer(t)
	var versions []string
	for path, contentType := range map[string]string{"/openapi.json": "application/json", "/openapi.yaml": "application/yaml",
		"/openapi-3.0.json": "application/json", "/openapi-3.0.yaml": "application/yaml"} {
		a := x.send(t, "GET", path, "", "", nil)
		if a.status != 200 || a.header.Get("Content-Type") != contentType {
			t.Errorf("%s: %d %s", path, a.status, a.header.Get("Content-Type"))
		}
		var doc struct {
			OpenAPI string                               `json:"openapi" yaml:"openapi"`
			Paths   map[string]map[string]map[string]any `json:"paths" yaml:"paths"`
		}
		var err error
		if contentType == "application/json" {
			err = json.Unmarshal([]byte(a.text), &doc)
		} else {
			err = yaml.Unmarshal([]byte(a.text), &doc)
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		versions = append(versions, doc.OpenAPI)
		for route, item := range x.api.Document().Paths {
			for method, op := range operationsOf(item) {
				if got := doc.Paths[route][strings.ToLower(method)]["operationId"]; got != op.OperationID {
					t.Errorf("%s: %s %s is %v", path, method, route, got)
				}
			}
		}
		checkReferences(t, path, a.text)
	}
	for _, version := range versions {
		if version != "3.1.0" && version != "3.0.3" {
			t.Errorf("version %s", version)
		}
	}
}

var reference = regexp.MustCompile(`#/components/schemas/(\w+)`)

// checkReferences holds that every schema that is named is there.
func checkReferences(t *testing.T, path, text string) {
	t.Helper()
	var doc struct {
		Components struct {
			Schemas map[string]any `json:"schemas" yaml:"schemas"`
		} `json:"components" yaml:"components"`
	}
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil { // JSON is YAML
		t.Fatalf("%s: %v", path, err)
	}
	found := reference.FindAllStringSubmatch(text, -1)
	for _, name := range found {
		if doc.Components.Schemas[name[1]] == nil {
			t.Errorf("%s names %s, which is not there", path, name[1])
		}
	}
	if len(found) < 20 {
		t.Errorf("%s: only %d references", path, len(found))
	}
}

// TestPayloadsAreInTheContract, though no operation's answer has them: clients get types of them all the same.
func TestPayloadsAreInTheContract(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Known []string `yaml:"x-extensible-enum"`
			}
		}
	}
	if err := yaml.Unmarshal(api.New(api.Config{}).OpenAPI31(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Event", "StreamReady", "StreamReset", "StreamClosing", "PushMessage", "Problem"} {
		if _, ok := doc.Components.Schemas[name]; !ok {
			t.Errorf("no schema %s", name)
		}
	}
	for _, kind := range desk.EventTypes {
		if !slices.Contains(doc.Components.Schemas["EventType"].Known, string(kind)) {
			t.Errorf("no event type %s", kind)
		}
	}
}

var loaded = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

// TestReference is read offline: it loads nothing from anywhere but this server.
func TestReference(t *testing.T) {
	x := newServer(t)
	a := x.send(t, "GET", "/docs", "", "", nil)
	if a.status != 200 || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	policy := a.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy without %s: %s", part, policy)
		}
	}
	if strings.Contains(policy, "http") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || a.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("policy %s, of referrers %s", policy, a.header.Get("Referrer-Policy"))
	}
	assets := loaded.FindAllStringSubmatch(a.text, -1)
	if len(assets) < 3 {
		t.Errorf("assets %v", assets)
	}
	for _, asset := range assets {
		if !strings.HasPrefix(asset[1], "/docs/") {
			t.Errorf("the page loads %s", asset[1])
			continue
		}
		if got := x.send(t, "GET", asset[1], "", "", nil); got.status != 200 || got.text == "" {
			t.Errorf("%s: %d", asset[1], got.status)
		}
	}
	x.do(t, call{do: "GET /docs/../../etc/passwd", want: 404})
	x.do(t, call{do: "GET /docs/swagger-ui-nothing.js", want: 404})
	x.do(t, call{do: "GET /docs/oauth2-redirect.html", want: 404}) // a page without a policy, which nothing here needs
}

// TestProblemPage explains every code, at the place that a problem's type leads to.
func TestProblemPage(t *testing.T) {
	x := newServer(t)
	a := x.send(t, "GET", "/docs/problems", "", "", nil)
	for _, info := range desk.Catalogue {
		if !strings.Contains(a.text, `<section id="`+string(info.Code)+`">`) || !strings.Contains(a.text, info.Title) {
			t.Errorf("the page does not explain %s", info.Code)
		}
	}
	if strings.Contains(a.header.Get("Content-Security-Policy"), "unsafe") || strings.Contains(a.text, "http://") {
		t.Errorf("policy %q", a.header.Get("Content-Security-Policy"))
	}
	for _, path := range []string{"/docs", "/docs/problems", "/openapi.json", "/healthz", "/readyz"} {
		if a := x.send(t, "HEAD", path, "", "", nil); a.status != 200 {
			t.Errorf("HEAD %s: %d", path, a.status)
		}
	}
}

// TestDocumentOfAPublicURL names it, where the server knows it.
func TestDocumentOfAPublicURL(t *testing.T) {
	s := api.New(api.Config{PublicURL: "https://desk.example/"})
	if !bytes.Contains(s.OpenAPI31(), []byte("url: https://desk.example\n")) {
		t.Error("the document does not say where the server is")
	}
}
