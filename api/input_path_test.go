package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

type (
	pathItem  = *huma.PathItem
	operation = *huma.Operation
)

// field is one field of a request's body.
type field struct {
	path, kind string
	max        int // characters; 0: another bound
}

// fieldsOf lists the fields of an operation's body, those inside objects too.
func (x *server) fieldsOf(t *testing.T, id string) (all []field) {
	t.Helper()
	registry := x.api.Document().Components.Schemas
	var collect func(schema *huma.Schema, at string)
	collect = func(schema *huma.Schema, at string) {
		if schema.Ref != "" {
			schema = registry.SchemaFromRef(schema.Ref)
		}
		for name, inner := range schema.Properties {
			if inner.Ref != "" {
				inner = registry.SchemaFromRef(inner.Ref)
			}
			f := field{path: at + name, kind: inner.Type}
			if inner.MaxLength != nil && len(inner.Enum) == 0 && inner.Pattern == "" {
				f.max = *inner.MaxLength
			}
			if all = append(all, f); inner.Type == "object" {
				collect(inner, at+name+".")
			}
		}
	}
	for _, item := range x.api.Document().Paths {
		for _, op := range operationsOf(item) {
			if op.OperationID == id {
				collect(op.RequestBody.Content["application/json"].Schema, "")
			}
		}
	}
	if len(all) == 0 {
		t.Errorf("%s has no fields", id)
	}
	slices.SortFunc(all, func(a, b field) int { return strings.Compare(a.path, b.path) })
	return all
}

// TestStrangeIDs in the path are refused as what is not there, or not read at all.
func TestStrangeIDs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana")
		for _, id := range []string{"x", "ses_", "@ana", "%20", "a%2Fb", "..%2f..%2fetc%2fpasswd", "%27%20OR%201=1--", "ses_%F0%9F%98%80", "%25", "null", "0", "-1",
			"%00", "%ff", "%c3%28", strings.Repeat("a", 100), strings.Repeat("a", 101), "%E2%80%AE", ";a=b", "a;b", "*", "{session_id}", "ses_0192D3F4A5B67C8D9E0F1A2B3C4D5E6F"} {
			x.withParameter(func(method, path, parameter, op string) {
				a := x.send(t, method, strings.Replace(path, parameter, id, 1), x.auth(t, "ana"), sample[op], nil)
				x.checkAnswer(t, op, "ana", method, path, a)
				want := http.StatusNotFound
				switch {
				case id == "%00" || id == "%ff" || id == "%c3%28":
					want = http.StatusBadRequest
				case len(id) > 100:
					want = http.StatusUnprocessableEntity
				}
				if a.status != want {
					t.Errorf("%s with %q: %d %s", op, id, a.status, a.text)
				}
			})
		}
	})
}

// TestStrangeReferences in bodies and queries.
func TestStrangeReferences(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		for _, id := range []string{"@", "@@ana", "ben", "@ben ", " @ben", "@BEN", "@ben\\n", "' OR 1=1 --", "@%", "@👩", "rep_", "\\u202e", "../ben"} {
			x.play(t,
				call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"` + id + `"}`, want: 404, code: "not_found"},
				call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"` + id + `"}`, want: 404, code: "not_found"},
				call{as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"` + id + `"}`, want: 404, code: "not_found"},
				call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"},"team_id":"` + id + `"}`, want: 404, code: "not_found"},
				call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"},"portal_id":"` + id + `"}`, want: 404, code: "not_found"},
				call{as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"portal_id":"` + id + `"}`, want: 404, code: "not_found"},
				call{do: "POST /v1/consoles", body: `{"username":"ana","password":"correct horse","portal_id":"` + id + `","device":{"platform":"web"}}`, want: 404, code: "not_found"},
			)
		}
		x.play(t,
			call{name: "NUL in a parameter", as: "ana", do: "GET /v1/sessions?q=%00", want: 400, code: "malformed"},
			call{name: "invalid UTF-8 in a parameter", as: "ana", do: "GET /v1/sessions?q=%ff", want: 400, code: "malformed"},
			call{name: "a query that cannot be read", as: "ana", do: "GET /v1/sessions?q=%zz", want: 400, code: "malformed"},
			call{name: "a semicolon in the query", as: "ana", do: "GET /v1/sessions?q=a;b=c", want: 400, code: "malformed"},
			call{name: "a long search", as: "ana", do: "GET /v1/sessions?q=" + strings.Repeat("a", 201), want: 422, code: "validation_failed", fields: "query.q:too_long"},
			call{name: "a search for a backslash", as: "ana", do: "GET /v1/sessions?q=%5C", has: []string{`"items":[]`}},
			call{name: "a priority out of bounds", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"},"priority":101}`, want: 422, code: "validation_failed", fields: "priority:too_large"},
			call{name: "two places to wait", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"},"team_id":"@network","rep_id":"@ben"}`, want: 422, code: "one_target_needed"},
		)
	})
}
