package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// MaxOrganization is the most bytes of an organisation file: some 50,000 accounts.
	MaxOrganization = 5 << 20
	// maxFileErrors bounds the answer to a file that is wrong all over.
	maxFileErrors = 100
	// maxNesting is far more than an organisation file needs: 5 MiB of "[" would exhaust the parser's stack.
	maxNesting = 32
	// maxIndent bounds the nesting outside of brackets, where each level is at least two columns to the right.
	maxIndent = 200
)

// organizationFile is an organisation file with the place of everything in it.
type organizationFile struct {
	desk.Organization
	places map[string]*token.Position // by path, as in desk.FieldError
	errors []desk.FieldError
}

// ParseOrganization reads an organisation file in YAML, of which JSON is a part. A wrong file is refused whole, with
// line, column, field and reason of all that is wrong. What the file refers to outside of it is not looked for.
func ParseOrganization(data []byte) (desk.Organization, error) {
	file, err := parseOrganization(data)
	return file.Organization, err
}

func parseOrganization(data []byte) (file organizationFile, err error) {
	if len(data) > MaxOrganization {
		p := desk.Refuse(desk.TooLarge, "An organisation file has at most %d bytes.", MaxOrganization)
		p.Limit = MaxOrganization
		return file, p
	}
	if !utf8.Valid(data) {
		return file, desk.Invalid("body", "not_utf8", "must be valid UTF-8")
	}
	root, err := parseYAML(strings.TrimPrefix(string(data), "\ufeff"))
	if err != nil || root == nil {
		return file, err
	}
	file.places = map[string]*token.Position{}
	file.match(root, "", reflect.TypeFor[desk.Organization]())
	if len(file.errors) > 0 {
		return file, file.refusal(file.errors)
	}
	if err := yaml.NodeToValue(root, &file.Organization); err != nil {
		return file, yamlProblem(err)
	}
	if wrong := file.Check(nil); len(wrong) > 0 {
		return file, file.refusal(wrong)
	}
	return file, nil
}

// parseYAML parses one plain document; nil is an empty one.
func parseYAML(text string) (ast.Node, error) {
	tokens := lexer.Tokenize(text)
	if err := checkTokens(tokens); err != nil {
		return nil, err
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // match finds them, with their paths
	if err != nil {
		return nil, yamlProblem(err)
	}
	if len(tree.Docs) == 0 {
		return nil, nil
	}
	if len(tree.Docs) > 1 {
		return nil, desk.Invalid("body", "one_document", "%sexpected one YAML document", lineOf(placeOf(tree.Docs[1])))
	}
	return withoutNull(tree.Docs[0].Body), nil
}

// checkTokens refuses, before anything recursive happens, what could make the parser or the decoder do more work than
// the file's size says: deep nesting, and aliases, which can stand for much with little.
func checkTokens(tokens token.Tokens) error {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.MappingKeyType, token.DirectiveType:
			return desk.Invalid("body", "not_plain", "%sanchors, aliases, tags, merge keys, complex keys and directives are not taken", lineOf(t.Position))
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth = max(0, depth-1)
		}
		indented := depth == 0 && t.Type == token.SequenceEntryType && t.Position.Column > maxIndent
		if depth > maxNesting || indented {
			return desk.Invalid("body", "too_deep", "%snested too deep", lineOf(t.Position))
		}
	}
	return nil
}

func lineOf(p *token.Position) string { return fmt.Sprintf("line %d, column %d: ", p.Line, p.Column) }

// yamlProblem refuses what is not YAML. The error's own text would quote the file, passwords included.
func yamlProblem(err error) error {
	var wrong yaml.Error
	if !errors.As(err, &wrong) || wrong.GetToken() == nil {
		return desk.Invalid("body", "not_yaml", "line 1, column 1: is not YAML")
	}
	return desk.Invalid("body", "not_yaml", "%s%s", lineOf(wrong.GetToken().Position), wrong.GetMessage())
}

// refusal gives each error its line.
func (f *organizationFile) refusal(wrong []desk.FieldError) *desk.Problem {
	p := &desk.Problem{Code: desk.ValidationFailed, Detail: fmt.Sprintf("The organisation file is wrong in %d places; nothing was changed.", len(wrong))}
	for _, e := range wrong[:min(len(wrong), maxFileErrors)] {
		e.Detail = lineOf(f.place(e.Field)) + e.Detail
		p.Errors = append(p.Errors, e)
	}
	return p
}

// place is where the field stands or, when it is missing, the thing that misses it.
func (f *organizationFile) place(path string) *token.Position {
	for path != "" {
		if at, there := f.places[path]; there {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return f.places[""]
}

func (f *organizationFile) wrong(path string, at ast.Node, code, format string, args ...any) {
	f.places[path] = placeOf(at)
	f.errors = append(f.errors, desk.FieldError{Field: path, Code: code, Detail: fmt.Sprintf(format, args...)})
}

func placeOf(n ast.Node) *token.Position {
	switch n := n.(type) {
	case *ast.DocumentNode:
		if n.Start != nil {
			return n.Start.Position
		}
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return n.Values[0].Key.GetToken().Position // its own token is the first colon
		}
	}
	return n.GetToken().Position
}

// match notes the places of a node and all below it, and what does not fit the type that it is for. The decoder itself
// would take 3.5 for 3, and 007 for the text 7, which is another password.
func (f *organizationFile) match(n ast.Node, path string, want reflect.Type) {
	f.places[path] = placeOf(n)
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch want.Kind() {
	case reflect.Struct, reflect.Map:
		f.matchMapping(n, path, want)
	case reflect.Slice:
		f.matchList(n, path, want.Elem())
	default:
		f.matchScalar(n, path, want.Kind())
	}
}

func (f *organizationFile) matchMapping(n ast.Node, path string, want reflect.Type) {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		f.wrong(path, n, "type", "expected fields and their values")
		return
	}
	seen := map[string]bool{}
	for _, pair := range mapping.Values {
		key := pair.Key.GetToken().Value
		at := strings.TrimPrefix(path+"."+key, ".")
		field, known := fieldType(want, key)
		switch value := withoutNull(pair.Value); {
		case !isText(pair.Key):
			f.wrong(at, pair.Key, "type", "expected a name; write it in quotes")
		case seen[key]:
			f.wrong(at, pair.Key, "duplicate", "stands here twice")
		case !known:
			f.wrong(at, pair.Key, "unknown_field", "there is no such field")
		case value != nil:
			f.match(value, at, field)
		}
		seen[key] = true
	}
}

// fieldType is the type that belongs to a key: of a struct's field, or of a map's values.
func fieldType(of reflect.Type, key string) (reflect.Type, bool) {
	if of.Kind() == reflect.Map {
		return of.Elem(), true
	}
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name == key && name != "" {
			return field.Type, true
		}
	}
	return nil, false
}

func (f *organizationFile) matchList(n ast.Node, path string, want reflect.Type) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		f.wrong(path, n, "type", "expected a list")
		return
	}
	for i, value := range sequence.Values {
		f.match(value, fmt.Sprintf("%s[%d]", path, i), want)
	}
}

func (f *organizationFile) matchScalar(n ast.Node, path string, want reflect.Kind) {
	_, isBool := n.(*ast.BoolNode)
	_, isInteger := n.(*ast.IntegerNode)
	switch {
	case want == reflect.Bool && !isBool:
		f.wrong(path, n, "type", "expected true or false")
	case want == reflect.Int && !isInteger:
		f.wrong(path, n, "type", "expected a whole number")
	case want == reflect.String && !isText(n):
		f.wrong(path, n, "type", "expected text; write it in quotes")
	}
}

func isText(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	}
	return false
}

// withoutNull takes a value that is not written, or null, as one left out.
func withoutNull(n ast.Node) ast.Node {
	if _, null := n.(*ast.NullNode); null {
		return nil
	}
	return n
}

// MarshalOrganization writes an organisation file. Texts stand in quotes, as in JSON: the library leaves some without
// that it would then read as something else.
func MarshalOrganization(o desk.Organization) ([]byte, error) {
	return yaml.MarshalWithOptions(o, yaml.CustomMarshaler(func(text string) ([]byte, error) { return json.Marshal(text) }))
}
