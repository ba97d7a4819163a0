package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// maxBody is the most that an operation reads, in bytes, unless it says otherwise.
	maxBody = 1 << 20
	// maxIgnored bounds the header Ignored-Parameters, in names.
	maxIgnored = 20
)

// readBody reads the body once, and refuses texts that one of the databases would not take (PostgreSQL neither
// invalid UTF-8 nor NUL). For Prefer: handling=lenient it takes out what the operation does not know, so that huma,
// which refuses such things, does not see it.
func (s *Server) readBody(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	if err := s.takeIn(ctx.Operation(), w, r); err != nil {
		s.refuse(w, r, err)
		return
	}
	next(ctx)
}

func (s *Server) takeIn(op *huma.Operation, w http.ResponseWriter, r *http.Request) error {
	if !cleanURL(r.URL) {
		return desk.Refuse(desk.Malformed, "The path or the query is not valid, not UTF-8, or holds a NUL character.")
	}
	body, err := readWhole(w, r, op.MaxBodyBytes-1)
	if op.RequestBody == nil && isRefusal(err, desk.TooLarge) {
		err = noBody()
	}
	if err != nil {
		return err
	}
	exchangeFrom(r.Context()).body = body
	ignored := []string{}
	if lenient(r) {
		ignored = pruneQuery(op, r.URL)
	}
	if taken, ok := jsonSchema(op); ok && len(body) > 0 {
		var unknown []string
		if body, unknown, err = s.inspect(r, body, taken); err != nil {
			return err
		}
		ignored = append(ignored, unknown...)
	}
	if len(ignored) > 0 {
		w.Header().Set("Ignored-Parameters", strings.Join(ignored[:min(len(ignored), maxIgnored)], ", "))
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

func cleanURL(u *url.URL) bool {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || !cleanText(u.Path) {
		return false
	}
	for name, values := range query {
		if !cleanText(name) || !cleanText(strings.Join(values, "")) {
			return false
		}
	}
	return true
}

func cleanText(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

func readWhole(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		problem := desk.Refuse(desk.TooLarge, "The body may have at most %d bytes.", most)
		problem.Limit = int(most)
		return nil, problem
	case errors.Is(err, os.ErrDeadlineExceeded): // net/http ends the context too
		return nil, desk.Refuse(desk.Malformed, "The body did not arrive in time.")
	case err != nil && r.Context().Err() != nil:
		return nil, r.Context().Err()
	case err != nil:
		return nil, desk.Refuse(desk.Malformed, "The body did not arrive whole.")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // begin set it; the body is here
	return body, nil
}

// noFields is the schema of the body that an operation without one takes: none, or an empty object, which some
// generated clients send.
var noFields = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false}

// jsonSchema is that of the operation's body. An operation that takes another media type is left alone.
func jsonSchema(op *huma.Operation) (*huma.Schema, bool) {
	if op.RequestBody == nil {
		return noFields, true
	}
	media := op.RequestBody.Content["application/json"]
	if media == nil {
		return nil, false
	}
	return media.Schema, true
}

// inspect returns the body for huma, and the names of the fields that it took out.
func (s *Server) inspect(r *http.Request, body []byte, schema *huma.Schema) ([]byte, []string, error) {
	switch {
	case isJSON(r.Header.Get("Content-Type")):
	case schema == noFields:
		return nil, nil, noBody()
	default:
		return nil, nil, desk.Refuse(desk.UnsupportedMediaType, "")
	}
	if !utf8.Valid(body) {
		return nil, nil, desk.Refuse(desk.Malformed, "The body is not valid UTF-8.")
	}
	strict := !lenient(r)
	if strict && schema != noFields && !bytes.Contains(body, []byte(`\u0000`)) {
		return body, nil, nil // the ordinary case: huma parses it
	}
	value, err := parse(body)
	switch {
	case err != nil || holdsNUL(value):
		return nil, nil, desk.Refuse(desk.Malformed, "The body is not JSON, or a text in it holds a NUL character.")
	case strict && schema != noFields:
		return body, nil, nil
	}
	unknown := s.prune(schema, value, "")
	slices.Sort(unknown)
	if unknown = slices.Compact(unknown); strict {
		return body, nil, refuseFields(value, unknown)
	}
	body, err = json.Marshal(value)
	return body, unknown, err
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return contentType == "" || err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// parse keeps numbers as they are written.
func parse(body []byte) (value any, err error) {
	if !json.Valid(body) {
		return nil, errors.New("not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return value, decoder.Decode(&value)
}

func holdsNUL(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, "\x00")
	case []any:
		return slices.ContainsFunc(v, holdsNUL)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Keys(v)), func(name string) bool { return holdsNUL(name) || holdsNUL(v[name]) })
	}
	return false
}

// prune takes out of value what the schema does not know, and names it.
func (s *Server) prune(schema *huma.Schema, value any, at string) (unknown []string) {
	for schema != nil && schema.Ref != "" {
		schema = s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return nil
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			unknown = append(unknown, s.prune(schema.Items, item, at)...)
		}
	case map[string]any:
		for name, inner := range v {
			field, known := schema.Properties[name]
			if !known && schema.AdditionalProperties == false {
				delete(v, name)
				unknown = append(unknown, at+headerSafe(name))
				continue
			}
			unknown = append(unknown, s.prune(field, inner, at+headerSafe(name)+".")...)
		}
	}
	return unknown
}

func pruneQuery(op *huma.Operation, u *url.URL) []string {
	unknown, query := []string{}, u.Query()
	for name := range query {
		if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }) {
			query.Del(name)
			unknown = append(unknown, "query."+headerSafe(name))
		}
	}
	u.RawQuery = query.Encode()
	slices.Sort(unknown)
	return unknown
}

// headerSafe escapes a name that somebody else chose, and cuts it.
func headerSafe(name string) string { return url.QueryEscape(fieldName(name)) }

// noBody refuses what came to an operation that takes nothing.
func noBody() error { return desk.Invalid("body", "wrong_type", "this operation takes no body") }

func refuseFields(value any, unknown []string) error {
	if _, ok := value.(map[string]any); !ok {
		return noBody()
	}
	if len(unknown) == 0 {
		return nil
	}
	problem := desk.Invalid(unknown[0], "unknown_field", "this operation takes no body")
	for _, name := range unknown[1:min(len(unknown), maxFieldErrors)] {
		problem.Errors = append(problem.Errors, desk.FieldError{Field: name, Code: "unknown_field", Detail: "this operation takes no body"})
	}
	return problem
}

// lenient says whether the client wants unknown fields and parameters ignored (RFC 7240): an app may be newer than
// the server.
func lenient(r *http.Request) bool {
	for _, preferences := range r.Header.Values("Prefer") {
		for one := range strings.FieldsFuncSeq(preferences, func(r rune) bool { return r == ',' || r == ';' }) {
			if strings.EqualFold(strings.ReplaceAll(strings.TrimSpace(one), `"`, ""), "handling=lenient") {
				return true
			}
		}
	}
	return false
}
