package desk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declaredCodes are the constants of type Code in problem.go, by name.
func declaredCodes(t *testing.T) map[string]Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			value, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			codes[spec.Names[0].Name] = Code(value)
		}
		return true
	})
	return codes
}

func TestI4EveryCodeStandsInTheCatalogueOnce(t *testing.T) {
	rows := map[Code]int{}
	for _, info := range Catalogue {
		rows[info.Code]++
	}
	declared := declaredCodes(t)
	if len(declared) < 30 {
		t.Fatalf("only %d codes found", len(declared))
	}
	for name, code := range declared {
		if rows[code] != 1 {
			t.Errorf("%s stands in the catalogue %d times", name, rows[code])
		}
	}
	if len(Catalogue) != len(declared) {
		t.Errorf("%d rows for %d codes", len(Catalogue), len(declared))
	}
}

func TestI4EveryRowIsWhole(t *testing.T) {
	statuses := []int{400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 429, 499, 500, 503}
	last := 0
	for _, info := range Catalogue {
		if !slices.Contains(statuses, info.Status) {
			t.Errorf("%s: status %d", info.Code, info.Status)
		}
		if info.Status < last {
			t.Errorf("%s: status %d comes after %d", info.Code, info.Status, last)
		}
		last = info.Status
		if info.Title == "" || info.Meaning == "" || info.Client == "" || !slices.Contains([]Retry{RetrySameKey, RetryNever, RetrySafe}, info.Retry) {
			t.Errorf("%s: %+v", info.Code, info)
		}
		if transient := info.Status == 429 || info.Status >= 499; transient != (info.Retry == RetrySameKey) {
			t.Errorf("%s: status %d with retry %s", info.Code, info.Status, info.Retry)
		}
		if info.Code.Info() != info {
			t.Errorf("%s: Info gives another row", info.Code)
		}
	}
	if Code("no_such_code").Info().Code != Internal {
		t.Error("an unknown code is not internal")
	}
}

// A code that nothing gives is a promise that nothing keeps.
func TestI4EveryCodeIsUsed(t *testing.T) {
	unused := declaredCodes(t)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		here := filepath.Dir(path) == "../../store/desk"
		for name := range unused {
			used := strings.Contains(string(text), "desk."+name)
			if here && filepath.Base(path) != "problem.go" {
				used = strings.Contains(string(text), "("+name+",")
			} else if here {
				used = strings.Contains(string(text), "Refuse("+name+",") || strings.Contains(string(text), "Code: "+name+",")
			}
			if used {
				delete(unused, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range unused {
		t.Errorf("nothing gives %s", name)
	}
}
