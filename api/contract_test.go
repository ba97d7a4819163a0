package api_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/goccy/go-yaml"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"

	"github.com/repdesk/repdesk/api"
)

// contract is the published document, as something that requests and answers are held against.
type contract struct {
	tree object
	mu   sync.Mutex // before the validator, which makes its schemas when it needs them
	validator.Validator
}

// object is one of JSON.
type object = map[string]any

// published is made once: compiling the schemas of all operations takes longer than most tests.
var published = sync.OnceValue(func() *contract {
	document := api.New(api.Config{}).OpenAPI31()
	model, err := libopenapi.NewDocument(document)
	if err != nil {
		panic(err)
	}
	judge, errs := validator.NewValidator(model, config.WithFormatAssertions(), config.WithoutSecurityValidation())
	if len(errs) > 0 {
		panic(errs)
	}
	c := &contract{Validator: judge}
	if err := yaml.Unmarshal(document, &c.tree); err != nil {
		panic(err)
	}
	return c
})

// checkContract holds an answer against the published document, and the request that was answered with success: what the
// server takes and gives is what the document says. null in the place of what is left out is forgiven, and documented nowhere.
func checkContract(t testing.TB, op *huma.Operation, r *http.Request, body string, a answer) {
	t.Helper()
	c := published()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, fault := range c.faults(op, r, a) {
		t.Errorf("%s: %d is not as in the document: %s\n%s", op.OperationID, a.status, fault, a.text)
	}
	if a.status >= 300 || r.Header.Get("Prefer") != "" || strings.Contains(body, ":null") {
		return
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(strings.NewReader(body))
	if ok, faults := c.ValidateHttpRequestSync(r); !ok {
		t.Errorf("%s: the document refuses what the server takes: %s\n%s %s", op.OperationID, words(faults), r.URL, body)
	}
}

// faults says in what an answer is not as in the document.
func (c *contract) faults(op *huma.Operation, r *http.Request, a answer) (all []string) {
	response := &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.text))}
	if ok, faults := c.ValidateHttpResponse(r, response); !ok {
		all = append(all, words(faults))
	}
	documented := c.at("paths", op.Path, strings.ToLower(op.Method), "responses", strconv.Itoa(a.status))
	headers, _ := documented["headers"].(object)
	known := slices.Clone(everyAnswer)
	for name := range headers {
		known = append(known, http.CanonicalHeaderKey(name))
	}
	for name := range a.header {
		if !slices.Contains(known, name) {
			all = append(all, "the header "+name+" is not in it")
		}
	}
	content, _ := documented["content"].(object)
	if content == nil && a.text != "" {
		all = append(all, "there is a body")
	}
	for _, media := range content {
		schema, _ := media.(object)["schema"].(object)
		all = append(all, c.unknown(schema, a.tree, "")...)
	}
	return all
}

// everyAnswer are headers that any answer may have, of which the document tells once.
var everyAnswer = []string{"Cache-Control", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Idempotent-Replayed", "Ignored-Parameters", "Repdesk-Version", "Request-Id", "Vary",
	"Www-Authenticate", "X-Content-Type-Options"}

// unknown names the fields of a value that its schema does not have. The validator takes them, since the document leaves
// its objects open.
func (c *contract) unknown(schema object, value any, at string) (all []string) {
	if ref, _ := schema["$ref"].(string); ref != "" {
		schema = c.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	switch v := value.(type) {
	case []any:
		items, _ := schema["items"].(object)
		for i, item := range v {
			all = append(all, c.unknown(items, item, fmt.Sprint(at, "[", i, "]"))...)
		}
	case object:
		properties, _ := schema["properties"].(object)
		others, open := schema["additionalProperties"].(object)
		for name, inner := range v {
			property, known := properties[name].(object)
			switch {
			case known:
				all = append(all, c.unknown(property, inner, at+"."+name)...)
			case open:
				all = append(all, c.unknown(others, inner, at+"."+name)...)
			default:
				all = append(all, "the field "+at+"."+name+" is not in it")
			}
		}
	}
	return all
}

// at is the object at a path into the document.
func (c *contract) at(path ...string) object {
	node := c.tree
	for _, name := range path {
		node, _ = node[name].(object)
	}
	return node
}

func words(faults []*errors.ValidationError) string {
	var all []string
	for _, fault := range faults {
		all = append(all, fault.Reason)
		for _, more := range fault.SchemaValidationErrors {
			all = append(all, more.Reason+" at "+more.FieldPath)
		}
	}
	return strings.Join(all, "; ")
}

// bodyType is what an operation takes.
func bodyType(op *huma.Operation) string {
	if op != nil && op.RequestBody != nil {
		for media := range op.RequestBody.Content {
			return media
		}
	}
	return "application/json"
}

// TestContractTells what is wrong with an answer, wherever it is in it: the checks of all other tests rest on that.
func TestContractTells(t *testing.T) {
	x := newServer(t)
	good := x.do(t, call{as: "ana", do: "GET /v1/me"})
	op := x.operationAt("GET", "/v1/me")
	r := httptest.NewRequest("GET", "/v1/me", nil)
	if faults := published().faults(op, r, good); faults != nil {
		t.Fatal(faults)
	}
	change := func(old, with string) func(*answer) {
		return func(a *answer) {
			if a.text = strings.Replace(a.text, old, with, 1); a.text == good.text {
				t.Errorf("%s is not in %s", old, a.text)
			}
		}
	}
	for fault, spoil := range map[string]func(*answer){
		"a field that it does not know": change(`"busy":`, `"colour":"red","busy":`),
		"the same, further inside":      change(`"role":"lead"`, `"colour":"red","role":"lead"`),
		"a field is missing":            change(`"username":"ana",`, ``),
		"the same, further inside it":   change(`"role":"lead",`, ``),
		"a type":                        change(`"busy":false`, `"busy":"no"`),
		"the same, inside a list":       change(`"role":"lead"`, `"role":1`),
		"null":                          change(`"busy":false`, `"busy":null`),
		"a header":                      func(a *answer) { a.header.Set("X-Colour", "red") },
		"the media type":                func(a *answer) { a.header.Set("Content-Type", "text/html") },
		"the status":                    func(a *answer) { a.status = http.StatusTeapot },
		"a body where there is none":    func(a *answer) { a.status = http.StatusNotModified },
	} {
		bad := good
		bad.header = good.header.Clone()
		spoil(&bad)
		mustParse(t, bad.text, &bad.tree)
		if published().faults(op, r, bad) == nil {
			t.Errorf("nothing is told of %s: %s", fault, bad.text)
		}
	}
}

// operation is the id of the operation that a request goes to.
func (x *server) operation(method, path string) string { return opOf(x.operationAt(method, path)) }

// operationAt is the operation that a request goes to.
func (x *server) operationAt(method, path string) *huma.Operation {
	path, _, _ = strings.Cut(path, "?")
	given := strings.Split(path, "/")
	for _, template := range slices.Sorted(maps.Keys(x.api.Document().Paths)) {
		item := x.api.Document().Paths[template]
		parts := strings.Split(template, "/")
		fits := len(parts) == len(given)
		for i := 0; fits && i < len(parts); i++ {
			fits = parts[i] == given[i] || strings.HasPrefix(parts[i], "{")
		}
		if op := operationsOf(item)[method]; fits && op != nil {
			return op
		}
	}
	return nil
}
