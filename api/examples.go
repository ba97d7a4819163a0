package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store/desk"
)

const examplePrefix = "#/components/examples/"

// recordedCalls is what TestExamples recorded of a server that it ran. It is made by "make openapi", never by hand.
//
//go:embed examples.json
var recordedCalls []byte

// recording is one call of each operation, and some refusals by their codes.
type recording struct {
	Operations map[string]recordedCall
	Refusals   map[desk.Code]json.RawMessage
}

// recordedCall is what was sent and what came back; nil without a body. What is not JSON stands as a text.
type recordedCall struct{ Request, Answer json.RawMessage }

// showExamples puts examples beside the schemas of bodies: of each operation the call that was recorded, and of each of its
// refusals one that stands under its code among the components.
func showExamples(doc *huma.OpenAPI) {
	var recorded recording
	must(json.Unmarshal(recordedCalls, &recorded))
	doc.Components.Examples = map[string]*huma.Example{}
	for _, item := range doc.Paths {
		for _, op := range operations(item) {
			call := recorded.Operations[op.OperationID]
			if op.RequestBody != nil {
				showExample(op.RequestBody.Content, call.Request)
			}
			for status, response := range op.Responses {
				if strings.HasPrefix(status, "2") {
					showExample(response.Content, call.Answer)
				}
			}
			for _, code := range op.Extensions["x-problem-codes"].([]desk.Code) {
				doc.Components.Examples[string(code)] = refusalExample(code, recorded.Refusals[code])
				showRefusal(op, code)
			}
		}
	}
}

func showExample(content map[string]*huma.MediaType, example json.RawMessage) {
	for _, media := range content {
		if example != nil {
			media.Example = example
		}
	}
}

// refusalExample is a refusal that was recorded, or else one that says nothing but what the catalogue does.
func refusalExample(code desk.Code, recorded json.RawMessage) *huma.Example {
	example := &huma.Example{Summary: code.Info().Title, Value: recorded}
	if recorded == nil {
		x := &exchange{publicURL: "https://desk.example.com", id: "7Q3ZK5VYJ2M4T6XWABCDEFGHIJ"}
		example.Value = problemFor(context.WithValue(context.Background(), exchangeContextKey{}, x), desk.Refuse(code, ""))
	}
	return example
}

// showRefusal names the example of a code beside the answers with its status.
func showRefusal(op *huma.Operation, code desk.Code) {
	media := op.Responses[strconv.Itoa(code.Info().Status)].Content[problemType]
	if media.Examples == nil {
		media.Examples = map[string]*huma.Example{}
	}
	media.Examples[string(code)] = &huma.Example{Ref: examplePrefix + string(code)}
}
