package api

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store/desk"
)

// eachOperation gives those of the server that is shipped and those of these tests.
func eachOperation(t *testing.T, check func(s *Server, path string, op *huma.Operation)) {
	tested, _, _ := testServer(t)
	for _, s := range []*Server{New(Config{}), tested} {
		for path, item := range s.Document().Paths {
			for _, op := range operations(item) {
				check(s, path, op)
			}
		}
	}
}

func TestEveryOperationSaysWhoMayCall(t *testing.T) {
	eachOperation(t, func(_ *Server, path string, op *huma.Operation) {
		if op.Security == nil {
			t.Errorf("%s %s says neither public nor whose token it takes", op.Method, path)
		}
	})
}

func TestOperationThatSaysNothingIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("registered without access")
		}
	}()
	newServer(Config{}, func(s *Server) {
		register(s, operation{ID: "x", Method: "GET", Path: "/x", Tag: "Server", Summary: "x"}, access{},
			func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	})
}

func TestEveryPostTakesAnIdempotencyKey(t *testing.T) {
	eachOperation(t, func(_ *Server, path string, op *huma.Operation) {
		has := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == keyHeader })
		if has != (op.Method == "POST") {
			t.Errorf("%s %s: Idempotency-Key %v", op.Method, path, has)
		}
	})
}

func TestPublishedDocument(t *testing.T) {
	s, _, _ := testServer(t)
	again, _, _ := testServer(t)
	if !bytes.Equal(s.OpenAPI31(), again.OpenAPI31()) || !bytes.Equal(s.OpenAPI30(), again.OpenAPI30()) {
		t.Error("the document differs from one start to the next")
	}
	for _, doc := range [][]byte{s.OpenAPI31(), s.OpenAPI30()} {
		if bytes.Contains(doc, []byte("additionalProperties")) || bytes.Contains(doc, []byte("$schema")) || bytes.Contains(doc, []byte("nullable")) || bytes.Contains(doc, []byte(`- "null"`)) {
			t.Errorf("closed objects, $schema or null in the document:\n%s", doc)
		}
	}
	if s.Document().Components.Schemas.Map()["LogInBody"].AdditionalProperties != false {
		t.Error("publishing opened the schema that requests are checked against")
	}
	type schema struct {
		Ref        string   `json:"$ref"`
		Enum       []string `json:"enum"`
		Known      []string `json:"x-extensible-enum"`
		Items      *schema
		Properties map[string]schema
	}
	var doc struct {
		Components struct{ Schemas map[string]schema }
		Security   []map[string][]string
	}
	if err := json.Unmarshal(s.doc().json31, &doc); err != nil {
		t.Fatal(err)
	}
	schemas := doc.Components.Schemas
	for got, want := range map[string]string{schemas["Thing"].Properties["state"].Ref: "Access", schemas["Thing"].Properties["seen"].Items.Ref: "PortalMode",
		schemas["Problem"].Properties["code"].Ref: "ProblemCode", schemas["Problem"].Properties["retry"].Ref: "Retry"} {
		if got != schemaPrefix+want {
			t.Errorf("%s stands where %s should", got, want)
		}
	}
	if access := schemas["Access"]; !slices.Equal(access.Known, []string{"view", "control"}) || access.Enum != nil {
		t.Errorf("an enumeration is to be open: %+v", access)
	}
	if len(schemas["ProblemCode"].Known) != len(desk.Catalogue) {
		t.Errorf("problem codes: %+v", schemas["ProblemCode"])
	}
	for _, closed := range [][]byte{ClosedEnums(s.OpenAPI31()), ClosedEnums(s.OpenAPI30())} {
		if bytes.Contains(closed, []byte(openEnum+":")) || !bytes.Contains(closed, []byte("enum:\n        - view\n        - control\n")) || bytes.Contains(closed, []byte("default:")) {
			t.Errorf("enumerations are to be closed, and defaults left out")
		}
	}
	if len(doc.Security) != 1 || doc.Security[0][consoleScheme] == nil {
		t.Errorf("security: %v", doc.Security)
	}
}

func TestDocumentedRefusals(t *testing.T) {
	s, _, _ := testServer(t)
	op := s.Document().Paths["/t/log-in"].Post
	want := []string{"201", "400", "401", "413", "415", "422", "429", "500", "503"}
	if got := slices.Sorted(maps.Keys(op.Responses)); !slices.Equal(got, want) {
		t.Errorf("responses %v, want %v", got, want)
	}
	if !strings.Contains(op.Responses["401"].Description, "`invalid_credentials`") || strings.Contains(op.Responses["401"].Description, "token_unknown") {
		t.Errorf("401: %s", op.Responses["401"].Description)
	}
}
