package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/repdesk/repdesk/"

// mayImport is the direction of the house: what each package may import of the others.
var mayImport = map[string][]string{
	"store/desk":                {},
	"store":                     {"store/desk"},
	"store/storetest":           {"store", "store/desk"},
	"push":                      {"push/texts", "store", "store/desk"},
	"push/texts":                {"store/desk"},
	"push/pushtest":             {},
	"push/pushtest/browsertest": {},
	"api":                       {"push/texts", "store", "store/desk"},
	"cmd/repdesk":               {"api", "cmd/repdesk/bench", "push", "store", "store/desk"},
	"cmd/repdesk/bench":         {"store", "store/desk"},
	"openapi":                   {}, // tests alone: of what looks at the contract,
	"clients":                   {}, // and of the clients
}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		imports := strings.Fields(line)
		pkg := strings.TrimPrefix(imports[0], module)
		allowed, known := mayImport[pkg]
		if !known && !strings.HasPrefix(pkg, "clients/") {
			t.Errorf("package %s stands outside the house", pkg)
		}
		for _, imported := range imports[1:] {
			own, inside := strings.CutPrefix(imported, module)
			if inside && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s", pkg, own)
			}
			if pkg == "store/desk" && strings.Contains(strings.Split(imported, "/")[0], ".") {
				t.Errorf("store/desk imports %s; it stands on the standard library alone", imported)
			}
		}
	}
}
