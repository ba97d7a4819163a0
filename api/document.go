package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/yaml"
	goyaml "github.com/goccy/go-yaml"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// openEnum is where the published documents list the words of an enumeration: "enum" would close the list.
const openEnum = "x-extensible-enum"

// published is the contract as it is given out.
type published struct{ json31, yaml31, json30, yaml30 []byte }

// OpenAPI31 is the published document, version 3.1, as YAML.
func (s *Server) OpenAPI31() []byte { return s.doc().yaml31 }

// OpenAPI30 is the same in version 3.0.3, for generators that do not know 3.1.
func (s *Server) OpenAPI30() []byte { return s.doc().yaml30 }

// ClosedEnums is a document as YAML with its enumerations closed: for generators of clients that by themselves keep a place
// for words that are added later.
func ClosedEnums(document []byte) []byte {
	asJSON, err := goyaml.YAMLToJSON(document)
	must(err)
	tree := parsed(asJSON)
	eachNode(tree, func(n node) {
		if values, ok := n[openEnum]; ok {
			n["enum"] = values
			delete(n, openEnum)
		}
		delete(n, "default") // the server's own, which it may change: clients need not send it
		if _, named := n["examples"].(node); named {
			delete(n, "examples") // of whole bodies: they are for people
		}
	})
	_, asYAML := encoded(tree)
	return asYAML
}

// documents makes them. One that cannot be made is a mistake of ours, found by any test that looks at them.
func documents(doc *huma.OpenAPI) (p published) {
	full, err := doc.MarshalJSON()
	must(err)
	old, err := doc.Downgrade()
	must(err)
	p.json31, p.yaml31 = encoded(finished(parsed(full)))
	tree := finished(parsed(old))
	withoutScopes(tree)
	describeReferences(tree)
	p.json30, p.yaml30 = encoded(tree)
	return p
}

// schemaNames are of types that are called otherwise among programmers than on the wire.
var schemaNames = map[reflect.Type]string{
	reflect.TypeFor[Info]():                 "ServerInfo",
	reflect.TypeFor[JoinKey]():              "LookUpCodeRequest",
	reflect.TypeFor[Waiting]():              "WaitingRuleChange",
	reflect.TypeFor[desk.Grant]():           "JoinGrant",
	reflect.TypeFor[desk.TeamRule]():        "WaitingRule",
	reflect.TypeFor[desk.WaitingRule]():     "WaitingRuleEntry",
	reflect.TypeFor[store.Accepted]():       "AcceptedInvitation",
	reflect.TypeFor[store.Entered]():        "EnteredSession",
	reflect.TypeFor[store.Next]():           "NextEntry",
	reflect.TypeFor[store.SpecialistDoor](): "JoinOffer",
	reflect.TypeFor[store.Started]():        "StartedSession",
}

// schemaName names a schema: a page of a list after its things, a nameless body of a request after its operation.
func schemaName(t reflect.Type, hint string) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name := schemaNames[t]; name != "" {
		return name
	}
	words := strings.Split(hint, "-")
	for i, word := range words {
		if word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	name := huma.DefaultSchemaNamer(t, strings.Join(words, ""))
	if things, ok := strings.CutPrefix(name, "Paged"); ok {
		return things + "Page"
	}
	if operation, ok := strings.CutSuffix(name, "InputBody"); ok {
		return strings.TrimSuffix(operation, "Request") + "Request"
	}
	return name
}

// node is a JSON object of a document.
type node = map[string]any

func parsed(document []byte) (tree node) {
	must(json.Unmarshal(document, &tree))
	return tree
}

func encoded(tree node) (asJSON, asYAML []byte) {
	asJSON, err := json.MarshalIndent(tree, "", "  ")
	must(err)
	var out bytes.Buffer
	must(yaml.Convert(&out, bytes.NewReader(asJSON)))
	return append(asJSON, '\n'), out.Bytes()
}

// eachNode visits all nodes of a tree, the outer ones first.
func eachNode(of any, visit func(node)) {
	switch n := of.(type) {
	case []any:
		for _, item := range n {
			eachNode(item, visit)
		}
	case node:
		visit(n)
		for _, key := range slices.Sorted(maps.Keys(n)) {
			eachNode(n[key], visit)
		}
	}
}

// finished makes of huma's document what is published.
func finished(tree node) node {
	schemas := tree["components"].(node)["schemas"].(node)
	eachNode(tree, func(n node) {
		openObject(n)
		nameEnumeration(n, schemas)
		delete(n, "uniqueItems") // generators make sets of it, which keep no order
		parameters, _ := n["parameters"].([]any)
		for _, parameter := range parameters {
			sayOnce(parameter.(node))
		}
		slices.SortStableFunc(parameters, func(a, b any) int { return order(a) - order(b) })
	})
	return tree
}

// sayOnce takes out of a parameter what it says twice, or to no purpose.
func sayOnce(parameter node) {
	schema := parameter["schema"].(node)
	delete(schema, "description")
	if schema["type"] != huma.TypeArray {
		delete(parameter, "explode")
	}
}

// order puts those parameters first that a caller thinks of first: generated methods take them in this order.
func order(parameter any) int {
	return slices.Index([]any{"path", "query", "header"}, parameter.(node)["in"])
}

// openObject takes boolean additionalProperties out: false makes some clients fail on any new field, and true makes others
// extend HashMap. Requests are still checked against the schemas that have it.
func openObject(n node) {
	if _, ok := n["additionalProperties"].(bool); ok {
		delete(n, "additionalProperties")
	}
}

// nameEnumeration puts the name of an enumeration in the place of its words, so that clients get one type for it.
func nameEnumeration(n, schemas node) {
	values, ok := n["enum"].([]any)
	if !ok {
		if values, ok = n[openEnum].([]any); !ok {
			return
		}
	}
	delete(n, "enum")
	delete(n, openEnum)
	if slices.Equal(values, []any{"true", "false"}) {
		n["type"] = "boolean"
		return
	}
	e := enumerationOf(values)
	schemas[e.name] = e.schema()
	delete(n, "type")
	n["$ref"] = schemaPrefix + e.name
}

// withoutScopes takes the scopes out of the security requirements of a document: before version 3.1 only OAuth had any.
// They stay in what the operations say beside.
func withoutScopes(tree node) {
	eachNode(tree["paths"], func(n node) {
		alternatives, _ := n["security"].([]any)
		for _, schemes := range alternatives {
			for name := range schemes.(node) {
				schemes.(node)[name] = []any{}
			}
		}
	})
}

// describeReferences wraps references beside which something else stands, which before version 3.1 nothing may.
func describeReferences(tree node) {
	eachNode(tree, func(n node) {
		if ref, ok := n["$ref"]; ok && len(n) > 1 {
			delete(n, "$ref")
			n["allOf"] = []any{node{"$ref": ref}}
		}
	})
}

// references names the schemas of payloads that no operation's answer has: what events and pushes carry, of which generators
// shall make types all the same. What nothing refers to huma leaves out.
func (s *Server) references(payloads map[string]reflect.Type) node {
	all := node{}
	for name, payload := range payloads {
		all[name] = s.api.OpenAPI().Components.Schemas.Schema(payload, true, "")
	}
	return all
}

// describeFields says of the fields of all schemas what the types in Go say beside huma's own tags.
func describeFields(registry huma.Registry) {
	for name, schema := range registry.Map() {
		for _, field := range reflect.VisibleFields(registry.TypeFromRef(schemaPrefix + name)) {
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[key]
			if property == nil {
				continue
			}
			if enumeration := field.Tag.Get("values"); enumeration != "" {
				listValues(property, enumerationNamed(enumeration).values)
			}
			if isInt(field.Type) {
				asInt32(property)
			}
		}
	}
}

func describeParameters(doc *huma.OpenAPI) {
	for _, item := range doc.Paths {
		for _, op := range operations(item) {
			for _, parameter := range op.Parameters {
				if parameter.Schema.Type == huma.TypeInteger {
					asInt32(parameter.Schema)
				}
				if parameter.Name == "types" { // unknown ones are taken too: a client may know more than the server
					listValues(parameter.Schema, enumerationNamed("EventType").values)
				}
			}
		}
	}
}

func isInt(t reflect.Type) bool {
	return t.Kind() == reflect.Int || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Int
}

// asInt32 is for numbers and seconds, which clients take for an ordinary integer; what is long in Go is so in clients.
func asInt32(schema *huma.Schema) { schema.Format = "int32" }

// listValues names the values that a schema has, or its items, for the document alone: requests are not checked against it.
func listValues(schema *huma.Schema, values []string) {
	if schema.Type == huma.TypeArray {
		schema = schema.Items
	}
	if schema.Extensions == nil {
		schema.Extensions = map[string]any{}
	}
	schema.Extensions[openEnum] = values
}
