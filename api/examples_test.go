package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/storetest"
)

const (
	examplesFile = "examples.json"
	storyURL     = "https://desk.example.com"
)

// examples is what stands in the file: of each operation one call that went well, and of some codes a refusal.
type examples struct {
	Operations map[string]*example        `json:"operations"`
	Refusals   map[string]json.RawMessage `json:"refusals"`
}

// example is one call. A body that is not JSON stands as a text.
type example struct {
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
}

// story is a server that keeps what it is told to tell.
type story struct {
	*server
	kept   examples
	names  pseudonyms
	atDesk []string // who shows from time to time that they are connected
}

// TestExamples plays a story of a day at a desk, and holds that what the contract shows of it is what the server answers.
// With REPDESK_EXAMPLES set it writes what the contract shows.
func TestExamples(t *testing.T) {
	clock := storetest.NewClock()
	s := storetest.Open(t, filepath.Join(t.TempDir(), "repdesk.db"), clock)
	x := &story{server: restarted(t, s, clock, func(cfg *api.Config) { cfg.PublicURL, cfg.Name, cfg.Version = storyURL, "Acme Help", "1.0.0" }),
		kept: examples{map[string]*example{}, map[string]json.RawMessage{}}, names: pseudonyms{given: map[string]string{}}}
	x.load(t, storyDesk)
	for _, chapter := range []func(*story, *testing.T){(*story).comeToWork, (*story).lookAround, (*story).takeACustomer, (*story).shareTheSession, (*story).talk, (*story).handOver, (*story).followAlong,
		(*story).bringInSpecialists, (*story).openEntrances, (*story).answerByEmail, (*story).administer, (*story).goHome} {
		chapter(x, t)
	}
	x.checkWhole(t)
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetEscapeHTML(false)
	to.SetIndent("", "  ")
	if err := to.Encode(x.kept); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("REPDESK_EXAMPLES") != "" {
		if err := os.WriteFile(examplesFile, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	recorded, err := os.ReadFile(examplesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(recorded, text.Bytes()) {
		t.Errorf("%s is not what the server answers, from %q on: run make openapi, and look at what changed", examplesFile, difference(recorded, text.Bytes()))
	}
}

// checkWhole holds that nothing lacks an example that could have one.
func (x *story) checkWhole(t *testing.T) {
	t.Helper()
	for _, item := range x.api.Document().Paths {
		for _, op := range operationsOf(item) {
			kept := x.kept.Operations[op.OperationID]
			if kept == nil {
				t.Errorf("the story never calls %s", op.OperationID)
				continue
			}
			answers := slices.ContainsFunc(slices.Collect(maps.Keys(op.Responses)), func(status string) bool { return status[0] == '2' && op.Responses[status].Content != nil })
			if (op.RequestBody != nil) != (kept.Request != nil) || answers != (kept.Answer != nil) {
				t.Errorf("%s: the story shows the request %s and the answer %s", op.OperationID, kept.Request, kept.Answer)
			}
		}
	}
}

// tell makes calls, some time after each other, and keeps the first of each operation that goes well and the first with
// each code that does not.
func (x *story) tell(t *testing.T, calls ...call) {
	t.Helper()
	for _, c := range calls {
		x.clock.Advance(5 * time.Second)
		x.here(t, x.atDesk...) // and it is written, so that nobody's contact is now seen and now not
		a := x.do(t, c)
		method, path, _ := strings.Cut(x.fill(t, c.do), " ")
		if c.code != "" {
			if answer := x.shown(a.text); x.kept.Refusals[c.code] == nil {
				x.kept.Refusals[c.code] = answer
			}
			continue
		}
		x.keep(x.operation(method, path), x.fill(t, c.body), a.text)
	}
}

func (x *story) keep(operation, request, answer string) {
	kept := &example{Request: x.shown(request), Answer: x.shown(answer)} // even if it is not kept: names come by order of appearance
	if x.kept.Operations[operation] == nil {
		x.kept.Operations[operation] = kept
	}
}

// shown is a body as the contract shows it.
func (x *story) shown(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	text = x.names.in(text)
	if !json.Valid([]byte(text)) {
		quoted, _ := json.Marshal(text)
		return quoted
	}
	return json.RawMessage(text)
}

// TestTheContractExplainsItself: nothing in it is without a description, nor a body without an example.
func TestTheContractExplainsItself(t *testing.T) {
	doc := api.New(api.Config{}).Document()
	for name, schema := range doc.Components.Schemas.Map() {
		if schema.Description == "" {
			t.Errorf("schema %s is not described", name)
		}
		for field, property := range schema.Properties {
			if property.Description == "" {
				t.Errorf("%s.%s is not described", name, field)
			}
		}
	}
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			checkExplained(t, op)
		}
	}
}

func checkExplained(t *testing.T, op *huma.Operation) {
	t.Helper()
	if own, _, _ := strings.Cut(op.Description, "An API token needs"); len(own) < 20 {
		t.Errorf("%s: the description is %q", op.OperationID, op.Description)
	}
	for _, parameter := range op.Parameters {
		if parameter.Description == "" {
			t.Errorf("%s: the parameter %s is not described", op.OperationID, parameter.Name)
		}
	}
	bodies := map[string]map[string]*huma.MediaType{}
	if op.RequestBody != nil {
		bodies["request"] = op.RequestBody.Content
	}
	for status, response := range op.Responses {
		bodies[status] = response.Content
	}
	for what, content := range bodies {
		for kind, media := range content {
			if media.Example == nil && len(media.Examples) == 0 {
				t.Errorf("%s: no example of the %s, %s", op.OperationID, what, kind)
			}
		}
	}
}
