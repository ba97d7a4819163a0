package api

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// enumerationOfType are the names in the contract of types that the domain calls otherwise.
var enumerationOfType = map[string]string{
	"Code":             "ProblemCode",
	"Purpose":          "DeliveryPurpose",
	"QueueKind":        "QueueEntryKind",
	"SpecialistReason": "SpecialistInvitationEndReason",
	"SpecialistState":  "SpecialistInvitationState",
}

// unpublished are words of the domain's types that no answer has.
var unpublished = map[string][]string{
	"InvitationKind":   {string(desk.OfferTransfer)},                                   // is a Transfer there
	"SpecialistReason": {string(desk.SpecialistNotNow), string(desk.SpecialistUsedUp)}, // stand on the join page alone
}

// TestEnumerationsAreTheDomains: what the contract lists of a type of the domain are all its words, and no other.
func TestEnumerationsAreTheDomains(t *testing.T) {
	checked := 0
	for kind, words := range domainWords(t) {
		name := cmp.Or(enumerationOfType[kind], kind)
		i := slices.IndexFunc(enumerations, func(e enumeration) bool { return e.name == name })
		if i < 0 {
			continue // the domain's own, such as OutcomeKind
		}
		checked++
		words = slices.DeleteFunc(words, func(word string) bool { return slices.Contains(unpublished[kind], word) })
		slices.Sort(words)
		if listed := slices.Sorted(slices.Values(enumerations[i].values)); !slices.Equal(listed, words) {
			t.Errorf("%s lists %v, and the domain has %v", name, listed, words)
		}
	}
	if checked < 20 {
		t.Errorf("only %d types are in both", checked)
	}
}

// domainWords are the constants of store/desk, by their types.
func domainWords(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../store/desk/*.go")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string][]string{}
	for _, file := range files {
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(source, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, typed := spec.Type.(*ast.Ident)
			literal, plain := spec.Values[0].(*ast.BasicLit)
			if typed && plain && literal.Kind == token.STRING {
				word, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				words[kind.Name] = append(words[kind.Name], word)
			}
			return true
		})
	}
	return words
}
