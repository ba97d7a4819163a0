package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store/desk"
)

// operation is what an operation says of itself, beside what its input and output types say.
type operation struct {
	ID          string // by hand, kebab-case, never changed: clients' method names come from it
	Method      string
	Path        string
	Tag         string // one of tags
	Summary     string
	Description string
	Status      int                   // of success; 0: 200, or 204 without a body
	Codes       []desk.Code           // its own refusals; those that any operation can give are added
	Secret      bool                  // it answers with a secret, such as a token, and wants long keys
	Private     bool                  // it answers with a secret, and takes short keys all the same: scripts have their tickets' numbers
	MaxBody     int64                 // bytes; 0: maxBody
	FromMemory  bool                  // it asks nothing of the storage, whose faults leave it alone
	Tune        func(*huma.Operation) // nil, or the last word on what the document says
}

var errNoAnswer = errors.New("the handler gave neither an answer nor an error")

// register is the one funnel. Whatever a handler returns passes here, before huma sees it: huma would hand the text
// of any error to the client.
func register[I, O any](s *Server, o operation, who access, handler func(context.Context, *I) (*O, error)) {
	_, answers := reflect.TypeFor[O]().FieldByName("Body")
	huma.Register(s.api, s.describe(o, who, reflect.TypeFor[I](), reflect.TypeFor[*O]()), func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err == nil && out == nil && answers {
			err = errNoAnswer
		}
		if err != nil {
			err = problemFor(ctx, s.refusalOf(ctx, err))
		} else if t, ok := any(out).(tagged); ok && o.Method == http.MethodGet && matches(exchangeFrom(ctx).tag, t.tag()) {
			err = notModified{t.tag()}
		}
		finish(ctx, o)
		return out, err
	})
}

// finish sets the headers that depend on how the handler went.
func finish(ctx context.Context, o operation) {
	tellReplayed(ctx)
	if o.Secret || o.Private {
		exchangeFrom(ctx).header.Set("Cache-Control", "no-store")
	}
}

// describe makes huma's operation, and refuses at start what would be a mistake of ours.
func (s *Server) describe(o operation, who access, in, out reflect.Type) huma.Operation {
	route := o.Method + " " + o.Path
	switch {
	case o.ID == "" || o.Summary == "" || !slices.ContainsFunc(tags, func(t *huma.Tag) bool { return t.Name == o.Tag }):
		panic(fmt.Sprintf("%s: an operation needs an id, a summary and a known tag", route))
	case who.schemes == nil:
		panic(fmt.Sprintf("%s: an operation says aloud who may call it", route))
	case s.taken[route]:
		panic(fmt.Sprintf("%s: registered twice", route))
	}
	s.taken[route] = true
	_, body := in.FieldByName("Body")
	_, raw := in.FieldByName("RawBody")
	codes := codesOf(o, who, body, raw)
	op := huma.Operation{
		OperationID: o.ID, Method: o.Method, Path: o.Path, Tags: []string{o.Tag}, Summary: o.Summary, Description: o.Description,
		DefaultStatus: o.Status, Security: who.security(), Responses: s.refusals(codes),
		Extensions: map[string]any{"x-problem-codes": codes}, Metadata: map[string]any{secretAnswer: o.Secret},
		// The body has been read, within its bounds, before huma asks for it.
		MaxBodyBytes: cmp.Or(o.MaxBody, maxBody) + 1, BodyReadTimeout: -1,
	}
	who.describe(&op)
	documentKey(&op)
	if o.Method == http.MethodGet && out.Implements(reflect.TypeFor[tagged]()) {
		documentTag(&op)
	}
	if o.Tune != nil {
		o.Tune(&op)
	}
	return op
}

// codesOf lists what an operation can refuse with, in the catalogue's order.
func codesOf(o operation, who access, body, raw bool) []desk.Code {
	codes := append([]desk.Code{desk.Malformed, desk.ValidationFailed}, o.Codes...)
	if !o.FromMemory {
		codes = append(codes, desk.Internal, desk.Unavailable)
	}
	if len(who.schemes) == 0 {
		codes = append(codes, desk.TooManyRequests)
	}
	if len(who.schemes) > 0 {
		codes = append(codes, desk.NotLoggedIn, desk.TokenUnknown, desk.TokenExpired)
	}
	if who.takes(consoleScheme) { // also by an API token, which may be refused
		codes = append(codes, desk.ConsoleRevoked, desk.AccountDisabled, desk.NotAllowed)
	}
	if who.takes(guestScheme) && o.Method != http.MethodGet { // with a browser's cookie, from another site
		codes = append(codes, desk.NotAllowed, desk.TooManyRequests)
	}
	if body || raw {
		codes = append(codes, desk.TooLarge)
	}
	if body { // what is not JSON is read as it comes
		codes = append(codes, desk.UnsupportedMediaType)
	}
	if o.Method == http.MethodPost {
		codes = append(codes, desk.IdempotencyKeyReused)
	}
	if o.Method != http.MethodGet {
		codes = append(codes, desk.StorageFull)
	}
	var sorted []desk.Code
	for _, info := range desk.Catalogue {
		if slices.Contains(codes, info.Code) {
			sorted = append(sorted, info.Code)
		}
	}
	return sorted
}

// refusals describes the problem answers, one for each status.
func (s *Server) refusals(codes []desk.Code) map[string]*huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	responses := map[string]*huma.Response{}
	for _, code := range codes {
		info := code.Info()
		status := strconv.Itoa(info.Status)
		if responses[status] == nil {
			responses[status] = &huma.Response{Content: map[string]*huma.MediaType{problemType: {Schema: schema}}, Headers: refusalHeaders(info.Status)}
		}
		r := responses[status]
		r.Description = strings.TrimPrefix(fmt.Sprintf("%s\n- `%s`: %s", r.Description, code, info.Meaning), "\n")
	}
	return responses
}

func refusalHeaders(status int) map[string]*huma.Param {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return nil
	}
	return map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int32"}}}
}

func documentTag(op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{Name: "If-None-Match", In: "header",
		Description: "The ETag that the client has: if it still stands, the answer is a 304 without a body", Schema: &huma.Schema{Type: huma.TypeString}})
	op.Responses["304"] = &huma.Response{Description: "The client has it already",
		Headers: map[string]*huma.Param{"ETag": {Description: "The one that still stands", Schema: &huma.Schema{Type: huma.TypeString}}}}
}
