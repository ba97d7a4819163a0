package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	problemType = "application/problem+json"
	// problemPath is the page that explains the codes; a problem's type leads there.
	problemPath = "/docs/problems"
	// defaultRetryAfter is for a 429 or 503 of which nobody said how long it lasts.
	defaultRetryAfter = 5 * time.Second
	// maxFieldErrors bounds an answer to a body of nothing but mistakes.
	maxFieldErrors = 50
	// maxFieldName is in bytes: the names of unknown fields are the sender's own.
	maxFieldName = 200
)

// Problem is the wire form of every refusal and fault (RFC 9457).
type Problem struct {
	Type              string            `json:"type" doc:"Where the code is explained" example:"/docs/problems#not_found"`
	Title             string            `json:"title" doc:"A short sentence in English, for developers; the same for each use of the code" example:"Not found"`
	Status            int               `json:"status" doc:"The HTTP status" example:"404"`
	Detail            string            `json:"detail" doc:"What happened here, in English, for developers" example:"There is no such session."`
	Code              string            `json:"code" doc:"What happened, for programs" example:"not_found" values:"ProblemCode"`
	Retry             desk.Retry        `json:"retry" doc:"How the request may be repeated, for clients that do not know the code" example:"never" values:"Retry"`
	RequestID         string            `json:"request_id" doc:"The request in the server's log; also in the header Request-Id" example:"7Q3ZK5VYJ2M4T6XWABCDEFGHIJ"`
	Errors            []desk.FieldError `json:"errors,omitempty" doc:"What is wrong with each field or parameter"`
	Conflict          *desk.Conflict    `json:"conflict,omitempty" doc:"The thing that stands in the way"`
	Limit             int               `json:"limit,omitempty" doc:"The limit that was reached"`
	RedirectURL       string            `json:"redirect_url,omitempty" doc:"Where the customer finds help instead" example:"https://help.example.com"`
	RetryAfterSeconds int               `json:"retry_after_seconds,omitempty" doc:"How long to wait before trying again; also in the header Retry-After"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus, GetHeaders and ContentType are what huma asks of an error that is an answer.
func (p *Problem) GetStatus() int { return p.Status }

func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfterSeconds > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfterSeconds))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(desk.Code(p.Code)))
	}
	return h
}

func (p *Problem) ContentType(string) string { return problemType }

// problemFor dresses a refusal for the request that ctx belongs to.
func problemFor(ctx context.Context, refusal *desk.Problem) *Problem {
	info := refusal.Code.Info()
	x := exchangeFrom(ctx)
	return &Problem{
		Type: x.publicURL + problemPath + "#" + string(info.Code), Title: info.Title, Status: info.Status,
		Detail: cmp.Or(refusal.Detail, info.Meaning), Code: string(info.Code), Retry: info.Retry, RequestID: x.id, Errors: refusal.Errors,
		Conflict: refusal.Conflict, Limit: refusal.Limit, RedirectURL: refusal.Redirect, RetryAfterSeconds: retryAfterSeconds(info.Status, refusal.RetryAfter),
	}
}

func retryAfterSeconds(status int, after time.Duration) int {
	if after <= 0 && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		after = defaultRetryAfter
	}
	return int(math.Ceil(after.Seconds()))
}

// refusalOf is the one place where an error becomes what a client may read. Everything that is not a refusal is a
// fault: its text goes to the log and nowhere else.
func (s *Server) refusalOf(ctx context.Context, err error) *desk.Problem {
	var refusal *desk.Problem
	switch {
	case errors.As(err, &refusal):
		if refusal.Code.Info().Code == refusal.Code {
			return refusal
		}
		err = fmt.Errorf("refusal with a code that is not in the catalogue: %w", err)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return desk.Refuse(desk.ClientClosedRequest, "")
	}
	x := exchangeFrom(ctx)
	s.log.ErrorContext(ctx, "request failed", "request_id", x.id, "operation", x.operation, "error", err)
	return desk.Refuse(desk.Internal, "")
}

// isRefusal says whether an error is a refusal with one of the codes.
func isRefusal(err error, codes ...desk.Code) bool {
	var refusal *desk.Problem
	return errors.As(err, &refusal) && slices.Contains(codes, refusal.Code)
}

// refuse answers with the error outside of huma: from a middleware, or where no operation matched.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemFor(r.Context(), s.refusalOf(r.Context(), err))
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		s.log.DebugContext(r.Context(), "write problem", "request_id", p.RequestID, "error", err)
	}
}

// The errors that huma itself makes become problems too. It offers nothing but package variables for that.
func init() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return problemFor(ctx.Context(), humaRefusal(status, errs))
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return problemFor(context.Background(), humaRefusal(status, errs))
	}
}

// humaRefusal takes the status from huma, and of its errors only what repeats nothing of what was sent: a password
// could stand there.
func humaRefusal(status int, errs []error) *desk.Problem {
	p := &desk.Problem{Code: codeOf(status)}
	if p.Code != desk.ValidationFailed {
		return p
	}
	for _, err := range errs[:min(len(errs), maxFieldErrors)] {
		p.Errors = append(p.Errors, fieldError(err))
	}
	return p
}

// codeOf is the first code of the catalogue with the status: the general one.
func codeOf(status int) desk.Code {
	for _, info := range desk.Catalogue {
		if info.Status == status {
			return info.Code
		}
	}
	return desk.Internal
}

func fieldError(err error) desk.FieldError {
	var d *huma.ErrorDetail
	if !errors.As(err, &d) {
		return desk.FieldError{Field: "body", Code: "invalid", Detail: "is not valid"}
	}
	if name, ok := requiredProperty(d.Message); ok {
		return desk.FieldError{Field: fieldName(d.Location + "." + name), Code: "required", Detail: "is required"}
	}
	for _, m := range messages {
		if strings.HasPrefix(d.Message, m.start) {
			return desk.FieldError{Field: fieldName(d.Location), Code: m.code, Detail: cmp.Or(m.detail, d.Message)}
		}
	}
	return desk.FieldError{Field: fieldName(d.Location), Code: "invalid", Detail: "is not valid"}
}

// fieldName names a place as clients know it: customer.name, query.limit.
func fieldName(location string) string {
	name := strings.TrimPrefix(location, "body.")
	if len(name) <= maxFieldName {
		return name
	}
	cut := maxFieldName
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + "…"
}

// requiredProperty finds the missing field's name, which huma puts into the message and not into the location.
func requiredProperty(message string) (string, bool) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, ok := strings.CutPrefix(message, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, after)
}

// messages sorts huma's messages, which have no codes. Only a message that stands here is passed on, and only if it
// holds nothing of what was sent; where it does, detail takes its place. The first that fits counts.
var messages = []struct{ start, code, detail string }{
	{validation.MsgUnexpectedProperty, "unknown_field", "is not a field of this request"},
	{"unknown query parameter", "unknown_parameter", "is not a parameter of this operation"},
	{"required ", "required", "is required"},
	{stem(validation.MsgExpectedOneOf), "unknown_value", ""},
	{stem(validation.MsgExpectedMinLength), "too_short", ""},
	{stem(validation.MsgExpectedMaxLength), "too_long", ""},
	{stem(validation.MsgExpectedMinItems), "too_few", ""},
	{stem(validation.MsgExpectedMaxItems), "too_many", ""},
	{validation.MsgExpectedArrayItemsUnique, "not_unique", ""},
	{stem(validation.MsgExpectedMinimumNumber), "too_small", ""},
	{stem(validation.MsgExpectedExclusiveMinimumNumber), "too_small", ""},
	{stem(validation.MsgExpectedMaximumNumber), "too_large", ""},
	{stem(validation.MsgExpectedExclusiveMaximumNumber), "too_large", ""},
	{stem(validation.MsgExpectedMatchPattern), "bad_format", ""},
	{stem(validation.MsgExpectedRFC5322Email), "bad_format", "must be an email address"},
	{stem(validation.MsgExpectedRFC3986URI), "bad_format", "must be a URI"},
	{stem(validation.MsgExpectedRFC4122UUID), "bad_format", "must be a UUID"},
	{validation.MsgExpectedRFC3339DateTime, "bad_format", ""},
	{validation.MsgExpectedRFC3339Date, "bad_format", ""},
	{validation.MsgExpectedBoolean, "wrong_type", ""},
	{validation.MsgExpectedInteger, "wrong_type", ""},
	{validation.MsgExpectedNumber, "wrong_type", ""},
	{validation.MsgExpectedArray, "wrong_type", ""},
	{validation.MsgExpectedObject, "wrong_type", ""},
	{validation.MsgExpectedString, "wrong_type", ""},
	{"invalid integer", "wrong_type", "expected integer"},
	{"invalid float", "wrong_type", "expected number"},
	{"invalid boolean", "wrong_type", "expected boolean"},
}

// stem is a message up to its first value.
func stem(message string) string {
	before, _, _ := strings.Cut(message, "%")
	return before
}
