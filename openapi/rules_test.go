package openapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// sabotage breaks each rule of ours once, in a place that no other of these touches, and returns this place.
var sabotage = map[string]func(t *testing.T, doc object) []string{
	"operation-id-kebab-case": func(t *testing.T, doc object) []string {
		return set(t, doc, "getServer", "paths", "/v1/server", "get", "operationId")
	},
	"operation-summary":       without("paths", "/v1/server", "get", "summary"),
	"operation-security-said": without("paths", "/v1/server", "get", "security"),
	"problem-codes-listed":    without("paths", "/v1/server", "get", "x-problem-codes"),
	"post-takes-idempotency-key": func(t *testing.T, doc object) []string {
		op := at(t, doc, "paths", "/v1/sessions/{session_id}/invitations", "post")
		op["parameters"] = slices.DeleteFunc(op["parameters"].([]any), func(p any) bool { return p.(object)["name"] == "Idempotency-Key" })
		return []string{"paths", "/v1/sessions/{session_id}/invitations", "post"}
	},
	"request-example": without("paths", "/v1/sessions", "post", "requestBody", "content", "application/json", "example"),
	"answer-example":  without("paths", "/v1/sessions", "post", "responses", "201", "content", "application/json", "example"),
	"answer-is-object": func(t *testing.T, doc object) []string {
		return set(t, doc, object{"type": "string"}, "paths", "/v1/snapshot", "get", "responses", "200", "content", "application/json", "schema")
	},
	"list-is-page": func(t *testing.T, doc object) []string {
		return set(t, doc, object{"type": "object", "required": []any{"sessions"}, "properties": object{"sessions": object{"type": "array"}}}, "paths", "/v1/sessions", "get", "responses", "200", "content", "application/json", "schema")
	},
	"problem-answer": func(t *testing.T, doc object) []string {
		return set(t, doc, object{"application/json": object{"schema": reference("Problem")}}, "paths", "/v1/me", "get", "responses", "401", "content")
	},
	"path-kebab-case": func(t *testing.T, doc object) []string {
		return set(t, doc, object{"get": object{}}, "paths", "/v1/two_words")
	},
	"parameter-snake-case": func(t *testing.T, doc object) []string {
		return parameter(t, doc, object{"name": "pageSize", "in": "query", "schema": object{"type": "string"}})
	},
	"property-snake-case":  property(object{"type": "string", "description": "x"}, "customerName"),
	"property-description": property(object{"type": "string"}, "undescribed"),
	"integer-format":       property(object{"type": "integer", "description": "x"}, "number"),
	"time-format":          property(object{"type": "string", "description": "x"}, "seen_at"),
	"open-object":          property(object{"type": "object", "description": "x", "additionalProperties": false}, "closed"),
	"open-enumeration":     property(object{"type": "string", "description": "x", "enum": []any{"a"}}, "one_of_these"),
	"named-enumeration":    property(object{"type": "string", "description": "x", "x-extensible-enum": []any{"a"}}, "nameless"),
	"no-union":             property(object{"description": "x", "oneOf": []any{reference("Ref")}}, "either"),
	"no-composition":       property(object{"description": "x", "allOf": []any{reference("Ref"), reference("Session")}}, "both"),
	"schema-pascal-case": func(t *testing.T, doc object) []string {
		return set(t, doc, object{"type": "object"}, "components", "schemas", "snake_case")
	},
}

func set(t *testing.T, doc object, value any, place ...string) []string {
	t.Helper()
	at(t, doc, place[:len(place)-1]...)[place[len(place)-1]] = value
	return place
}

func reference(schema string) object { return object{"$ref": "#/components/schemas/" + schema} }

// without takes out what has to be there. Spectral reports the object that lacks it.
func without(place ...string) func(*testing.T, object) []string {
	return func(t *testing.T, doc object) []string {
		outer, last := place[:len(place)-1], place[len(place)-1]
		delete(at(t, doc, outer...), last)
		return outer
	}
}

// property adds one to a schema that has nothing else.
func property(schema object, name string) func(*testing.T, object) []string {
	return func(t *testing.T, doc object) []string {
		schemas := at(t, doc, "components", "schemas")
		if schemas["Broken"] == nil {
			schemas["Broken"] = object{"type": "object", "properties": object{}}
		}
		return set(t, doc, schema, "components", "schemas", "Broken", "properties", name)
	}
}

func parameter(t *testing.T, doc object, p object) []string {
	op := at(t, doc, "paths", "/v1/queues", "get")
	all, _ := op["parameters"].([]any)
	op["parameters"] = append(all, p)
	return []string{"paths", "/v1/queues", "get", "parameters", fmt.Sprint(len(all))}
}

// TestEachRuleCanFail: a document that breaks each rule of ours is told of each, at its place.
func TestEachRuleCanFail(t *testing.T) {
	doc, broken := contract(t), map[string][]string{}
	for rule, breakIt := range sabotage {
		broken[rule] = breakIt(t, doc)
	}
	if kept := ours(t); !slices.Equal(kept, slices.Sorted(maps.Keys(broken))) {
		t.Errorf("spectral.yaml has the rules %v, and this breaks %v", kept, slices.Sorted(maps.Keys(broken)))
	}
	told := lint(t, write(t, doc))
	for rule, place := range broken {
		if !slices.ContainsFunc(told, func(r report) bool { return r.Rule == rule && strings.HasPrefix(r.place(), strings.Join(place, " ")) }) {
			t.Errorf("%s says nothing of %s", rule, strings.Join(place, " "))
		}
	}
}

// ours lists the rules that spectral.yaml adds, and not those that it takes off.
func ours(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile("spectral.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Rules map[string]any }
	if err := yaml.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	for name, rule := range set.Rules {
		if rule != "off" && rule != false { // YAML 1.1 reads off as false
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// report is one complaint of spectral's.
type report struct {
	Rule string   `json:"code"`
	Path []string `json:"path"`
}

func (r report) place() string { return strings.Join(r.Path, " ") }

func lint(t *testing.T, file string) (all []report) {
	t.Helper()
	if _, err := os.Stat("node_modules/.bin/spectral"); err != nil {
		missing(t, "spectral is not there: make contract")
	}
	c := exec.Command("node_modules/.bin/spectral", "lint", "--ruleset", "spectral.yaml", "--format", "json", file)
	out, err := c.Output()
	if jsonErr := json.Unmarshal(out, &all); jsonErr != nil {
		t.Fatalf("%v, %v: %s", err, jsonErr, out)
	}
	return all
}
