// Package openapi_test holds that what looks at the contract sees what it is there for.
package openapi_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

type object = map[string]any

// contract is the published document, free to be broken.
func contract(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc object
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// at is the object at a place of a document.
func at(t *testing.T, doc object, place ...string) object {
	t.Helper()
	for i, key := range place {
		inner, ok := doc[key].(object)
		if !ok {
			t.Fatalf("nothing at %s", strings.Join(place[:i+1], " "))
		}
		doc = inner
	}
	return doc
}

// write puts a document into a file that is gone after the test.
func write(t *testing.T, doc object) string {
	t.Helper()
	text, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// output runs a command, which may fail, and returns what it printed.
func output(t *testing.T, name string, args ...string) (printed string, ok bool) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "GOFLAGS=") // what it builds is not what is tested
	out, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), err == nil
}

// missing skips a test whose tool is not there, and fails it where everything has to be.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
