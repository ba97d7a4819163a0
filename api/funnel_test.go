package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	innerText  = "dial postgres://desk:hunter2@db: no such host"
	password   = "correct-horse-battery"
	goodToken  = "rdc_good"
	goodHeader = "Bearer " + goodToken
)

// The operations below exist in these tests alone; they go through the same funnel as all others.

type logInBody struct {
	Username string        `json:"username" minLength:"1" maxLength:"20"`
	Password string        `json:"password" minLength:"8" maxLength:"30"`
	Email    string        `json:"email,omitempty" format:"email"`
	Priority int           `json:"priority,omitempty" minimum:"0" maximum:"9"`
	Customer desk.Customer `json:"customer,omitzero" required:"false"`
	Access   string        `json:"access,omitempty" enum:"view,control"`
	Tags     []string      `json:"tags,omitempty"`
}

type passwordInput struct{ Body logInBody }

type thing struct {
	ID    string      `json:"id"`
	Name  string      `json:"name,omitempty"`
	State desk.Access `json:"state" values:"Access"`
	Seen  []string    `json:"seen" values:"PortalMode"`
}

type thingInput struct {
	ID string `path:"id"`
}

type changeInput struct {
	IfMatch
	Body struct {
		Name *string `json:"name,omitempty"`
	}
}

type listInput struct{ Page }

func testOperations(s *Server) {
	op := func(id, method, path string) operation {
		return operation{ID: id, Method: method, Path: path, Tag: "Server", Summary: id}
	}
	logIn := op("log-in-here", "POST", "/t/log-in")
	logIn.Status, logIn.Secret, logIn.Codes = 201, true, []desk.Code{desk.InvalidCredentials}
	register(s, logIn, public, func(_ context.Context, in *passwordInput) (*Created[thing], error) {
		return created("/t/thing", 1, thing{ID: in.Body.Username, Name: in.Body.Customer.Name, Seen: []string{}}), nil
	})
	register(s, op("list-things", "GET", "/t/things"), public, func(_ context.Context, in *listInput) (*Listed[thing], error) {
		return listed[thing](nil, ""), nil
	})
	register(s, op("get-thing", "GET", "/t/thing"), console, func(ctx context.Context, _ *struct{}) (*Object[thing], error) {
		return object(3, thing{ID: callerFrom(ctx).RepID}), nil
	})
	register(s, op("change-thing", "PATCH", "/t/thing"), public, func(_ context.Context, in *changeInput) (*Object[thing], error) {
		return object(4, thing{ID: "changed"}), in.check(3)
	})
	register(s, op("act-on-thing", "POST", "/t/things/{id}/act"), public, func(ctx context.Context, in *thingInput) (*Plain[thing], error) {
		if idem := exchangeFrom(ctx).idem; idem != nil {
			idem.Replayed = idem.Operation == "POST /t/things/a/act" && idem.Key == "key" && idem.Caller == "public"
		}
		return &Plain[thing]{thing{ID: in.ID}}, nil
	})
	register(s, op("fail", "GET", "/t/fail/{id}"), public, func(ctx context.Context, in *thingInput) (*Plain[thing], error) {
		return nil, failures(in.ID)
	})
	register(s, op("remove-thing", "DELETE", "/t/thing"), public, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	register(s, op("stream", "GET", "/t/stream"), public, func(context.Context, *struct{}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			ctx.SetHeader("Content-Type", "text/event-stream")
			fmt.Fprint(ctx.BodyWriter(), strings.Repeat(": heartbeat\n", 500))
		}}, nil
	})
	register(s, op("half", "GET", "/t/half"), public, func(context.Context, *struct{}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			fmt.Fprint(ctx.BodyWriter(), strings.Repeat("x", 10_000))
			panic(innerText)
		}}, nil
	})
	register(s, op("get-guest-thing", "GET", "/t/guest"), guest, func(context.Context, *struct{}) (*Plain[thing], error) {
		return &Plain[thing]{}, nil
	})
	register(s, op("wait", "GET", "/t/wait"), public, func(ctx context.Context, _ *struct{}) (*Plain[thing], error) {
		<-ctx.Done()
		return nil, fmt.Errorf("read thing: %w", ctx.Err())
	})
}

func failures(how string) error {
	switch how {
	case "fault":
		return errors.New(innerText)
	case "huma":
		return huma.Error409Conflict(innerText, errors.New(innerText))
	case "panic":
		panic(innerText)
	case "refusal":
		p := desk.Refuse(desk.RepLimitReached, "At most 7.")
		p.Limit = 7
		return fmt.Errorf("invite: %w: %s", p, innerText)
	case "unlisted":
		return desk.Refuse("no_such_code", innerText)
	case "busy":
		return &desk.Problem{Code: desk.Unavailable, RetryAfter: 1500 * time.Millisecond}
	case "wrong-password":
		return desk.Refuse(desk.InvalidCredentials, "")
	}
	return nil // neither answer nor error
}

func testServer(t *testing.T) (*Server, string, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	s := newServer(Config{Logger: slog.New(slog.NewTextHandler(log, nil)), Version: "1.2.3",
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC) }}, testOperations)
	s.authenticate = func(_ context.Context, token string) (desk.Caller, error) {
		if token != goodToken {
			return desk.Caller{}, desk.Refuse(desk.TokenUnknown, "")
		}
		return desk.Caller{RepID: "rep_1", ConsoleID: "con_1"}, nil
	}
	s.touch = func(desk.Caller) {}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL, log
}

func TestFunnel(t *testing.T) {
	_, base, log := testServer(t)
	body := func(more string) string { return `{"username":"ana","password":"` + password + `"` + more + `}` }
	large := body(`,"customer":{"name":"` + strings.Repeat("x", maxBody) + `"}`)
	lenient := map[string]string{"Prefer": "respond-async, handling=lenient"}
	for _, test := range []struct {
		name    string
		request string // method and path
		header  map[string]string
		body    string
		status  int
		code    string
		fields  string            // field:code of each of errors
		answer  map[string]string // headers
		holds   string
	}{
		{name: "an ordinary answer", request: "POST /t/log-in", body: body(""), status: 201, answer: map[string]string{"Location": "/t/thing", "ETag": `"1"`, "Cache-Control": "no-store", "Content-Type": "application/json"}},
		{name: "a list is never null", request: "GET /t/things", status: 200, holds: `{"items":[]}`},
		{name: "no content", request: "DELETE /t/thing", status: 204},
		{name: "malformed JSON", request: "POST /t/log-in", body: `{"password":"` + password, status: 400, code: "malformed"},
		{name: "no body", request: "POST /t/log-in", status: 400, code: "malformed"},
		{name: "two values", request: "POST /t/log-in", body: body("") + body(""), status: 400, code: "malformed"},
		{name: "invalid UTF-8", request: "POST /t/log-in", body: "{\"username\":\"\xff\"}", status: 400, code: "malformed"},
		{name: "NUL, escaped", request: "POST /t/log-in", body: body(`,"customer":{"name":"a\u0000"}`), status: 400, code: "malformed"},
		{name: "NUL, escaped, in a name", request: "POST /t/log-in", body: body(`,"\u0000":1`), status: 400, code: "malformed"},
		{name: "an escaped backslash is no NUL", request: "POST /t/log-in", body: body(`,"customer":{"name":"a\\u0000"}`), status: 201, holds: `a\\u0000`},
		{name: "NUL in the path", request: "POST /t/things/%00/act", status: 400, code: "malformed"},
		{name: "invalid UTF-8 in the path", request: "POST /t/things/%ff/act", status: 400, code: "malformed"},
		{name: "NUL in the query", request: "GET /t/things?cursor=%00", status: 400, code: "malformed"},
		{name: "a query that cannot be read", request: "GET /t/things?cursor=%zz", status: 400, code: "malformed"},
		{name: "unknown field", request: "POST /t/log-in", body: body(`,"Username":"x","customer":{"name":"Jo","nmae":"x"}`), status: 422, code: "validation_failed", fields: "Username:unknown_field customer.nmae:unknown_field"},
		{name: "unknown field, lenient", request: "POST /t/log-in", header: lenient, body: body(`,"new, er":1,"customer":{"name":"Jo","nmae":"x"}`), status: 201, answer: map[string]string{"Ignored-Parameters": "customer.nmae, new%2C+er"}, holds: `"Jo"`},
		{name: "unknown parameter", request: "GET /t/things?limti=3", status: 422, code: "validation_failed", fields: "query.limti:unknown_parameter"},
		{name: "unknown parameter, lenient", request: "GET /t/things?limti=3&limit=2", header: lenient, status: 200, answer: map[string]string{"Ignored-Parameters": "query.limti"}},
		{name: "lenient is not blind", request: "GET /t/things?limit=201&x=1", header: lenient, status: 422, code: "validation_failed", fields: "query.limit:too_large"},
		{name: "a parameter of the wrong type", request: "GET /t/things?limit=" + password, status: 422, code: "validation_failed", fields: "query.limit:wrong_type"},
		{name: "missing fields", request: "POST /t/log-in", body: `{"customer":{}}`, status: 422, code: "validation_failed", fields: "customer.name:required password:required username:required"},
		{name: "a password in the wrong place", request: "POST /t/log-in", body: `{"username":"` + password + password + `","password":"` + strings.Repeat(password, 2) + `","email":"` + password + `","access":"` + password + `","priority":"` + password + `","tags":"` + password + `"}`,
			status: 422, code: "validation_failed", fields: "access:unknown_value email:bad_format password:too_long priority:wrong_type tags:wrong_type username:too_long"},
		{name: "a number that no int holds", request: "POST /t/log-in", body: body(`,"priority":1e0`), status: 422, code: "validation_failed", fields: "body:invalid"},
		{name: "a list for an object", request: "POST /t/log-in", body: `["` + password + `"]`, status: 422, code: "validation_failed", fields: "body:wrong_type"},
		{name: "too large", request: "POST /t/log-in", body: large, status: 413, code: "too_large", holds: `"limit":1048576`},
		{name: "another media type", request: "POST /t/log-in", header: map[string]string{"Content-Type": "text/plain"}, body: body(""), status: 415, code: "unsupported_media_type"},
		{name: "a media type of nonsense", request: "POST /t/log-in", header: map[string]string{"Content-Type": "json"}, body: body(""), status: 415, code: "unsupported_media_type"},
		{name: "an unknown path", request: "GET /nowhere", status: 404, code: "not_found"},
		{name: "another method", request: "PUT /t/thing", status: 405, code: "method_not_allowed", answer: map[string]string{"Allow": "GET, HEAD, PATCH, DELETE"}},
		{name: "HEAD", request: "HEAD /t/things", status: 200},
		{name: "a body where none is taken", request: "POST /t/things/a/act", body: `{"x":1}`, status: 422, code: "validation_failed", fields: "x:unknown_field"},
		{name: "the same, lenient", request: "POST /t/things/a/act", header: lenient, body: `{"x":1}`, status: 200, answer: map[string]string{"Ignored-Parameters": "x"}},
		{name: "an empty object where no body is taken", request: "POST /t/things/a/act", body: `{}`, status: 200},
		{name: "a list where no body is taken", request: "POST /t/things/a/act", body: `[]`, status: 422, code: "validation_failed", fields: "body:wrong_type"},

		{name: "a refusal, wrapped", request: "GET /t/fail/refusal", status: 409, code: "rep_limit_reached", holds: `"limit":7`},
		{name: "a refusal with a time", request: "GET /t/fail/busy", status: 503, code: "unavailable", answer: map[string]string{"Retry-After": "2"}, holds: `"retry_after_seconds":2`},
		{name: "a refused log-in", request: "GET /t/fail/wrong-password", status: 401, code: "invalid_credentials", answer: map[string]string{"WWW-Authenticate": "Bearer"}},
		{name: "a code that is not in the catalogue", request: "GET /t/fail/unlisted", status: 500, code: "internal"},
		{name: "a fault", request: "GET /t/fail/fault", status: 500, code: "internal"},
		{name: "huma's own error from a handler", request: "GET /t/fail/huma", status: 500, code: "internal"},
		{name: "neither answer nor error", request: "GET /t/fail/nothing", status: 500, code: "internal"},
		{name: "a panic", request: "GET /t/fail/panic", status: 500, code: "internal"},

		{name: "no token", request: "GET /t/thing", status: 401, code: "not_logged_in", answer: map[string]string{"WWW-Authenticate": "Bearer"}},
		{name: "another scheme", request: "GET /t/thing", header: map[string]string{"Authorization": "Basic YTpi"}, status: 401, code: "not_logged_in"},
		{name: "an unknown token", request: "GET /t/thing", header: map[string]string{"Authorization": "Bearer rdc_" + password}, status: 401, code: "token_unknown", answer: map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`}},
		{name: "a token of the wrong kind", request: "GET /t/guest", header: map[string]string{"Authorization": goodHeader}, status: 401, code: "token_unknown"},
		{name: "a token", request: "GET /t/thing", header: map[string]string{"Authorization": "bearer " + goodToken}, status: 200, answer: map[string]string{"ETag": `"3"`}, holds: `"rep_1"`},
		{name: "not modified", request: "GET /t/thing", header: map[string]string{"Authorization": goodHeader, "If-None-Match": `"2", W/"3"`}, status: 304, answer: map[string]string{"ETag": `"3"`}},
		{name: "modified", request: "GET /t/thing", header: map[string]string{"Authorization": goodHeader, "If-None-Match": `"2"`}, status: 200},
		{name: "If-Match", request: "PATCH /t/thing", header: map[string]string{"If-Match": `"3"`}, body: `{}`, status: 200},
		{name: "If-Match of an older revision", request: "PATCH /t/thing", header: map[string]string{"If-Match": `"2"`}, body: `{}`, status: 412, code: "changed_meanwhile"},

		{name: "a replay", request: "POST /t/things/a/act", header: map[string]string{"Idempotency-Key": "key"}, status: 200, answer: map[string]string{"Idempotent-Replayed": "true"}},
		{name: "a key with a space", request: "POST /t/things/a/act", header: map[string]string{"Idempotency-Key": "a b"}, status: 422, code: "validation_failed", fields: "header.Idempotency-Key:bad_format"},
		{name: "an empty key", request: "POST /t/things/a/act", header: map[string]string{"Idempotency-Key": ""}, status: 422, code: "validation_failed", fields: "header.Idempotency-Key:bad_format"},
		{name: "a short key for a secret", request: "POST /t/log-in", header: map[string]string{"Idempotency-Key": "1234567890123456789"}, body: body(""), status: 422, code: "validation_failed", fields: "header.Idempotency-Key:bad_format"},
		{name: "an event stream is not compressed", request: "GET /t/stream", header: map[string]string{"Accept-Encoding": "gzip"}, status: 200, answer: map[string]string{"Content-Encoding": "", "Content-Type": "text/event-stream"}},
		{name: "the document is", request: "GET /openapi.json", header: map[string]string{"Accept-Encoding": "gzip"}, status: 200, answer: map[string]string{"Content-Encoding": "gzip"}},

		{name: "health", request: "GET /healthz", status: 200, holds: "ok"},
		{name: "ready", request: "GET /readyz", status: 200},
		{name: "the document for old generators", request: "GET /openapi-3.0.yaml", status: 200, holds: "openapi: 3.0.3"},
		{name: "the reference", request: "GET /docs", status: 200, holds: "swagger-ui"},
		{name: "its script", request: "GET /docs/swagger-ui-bundle.js", status: 200},
		{name: "the problem page", request: "GET /docs/problems", status: 200, holds: `id="already_invited"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			method, path, _ := strings.Cut(test.request, " ")
			response, text := do(t, method, base+path, test.header, test.body)
			if response.StatusCode != test.status {
				t.Fatalf("status %d, want %d: %s", response.StatusCode, test.status, text)
			}
			for name, value := range test.answer {
				if got := response.Header.Get(name); got != value {
					t.Errorf("%s: %q, want %q", name, got, value)
				}
			}
			if response.Header.Get("Request-Id") == "" || response.Header.Get("Repdesk-Version") != "1.2.3" || response.Header.Get("Date") != "Fri, 02 Jan 2026 03:04:05 GMT" {
				t.Errorf("common headers: %v", response.Header)
			}
			if !strings.Contains(text, test.holds) {
				t.Errorf("answer without %q: %s", test.holds, text)
			}
			for _, secret := range []string{innerText, "hunter2", password, "goroutine", "json: cannot"} {
				if path != "/docs/swagger-ui-bundle.js" && strings.Contains(text, secret) {
					t.Errorf("answer tells %q: %s", secret, text)
				}
			}
			if test.code != "" {
				checkProblem(t, response, text, test.code, test.fields)
			}
		})
	}
	if strings.Contains(log.String(), password) || strings.Contains(log.String(), goodToken) {
		t.Error("the log holds a secret")
	}
	if !strings.Contains(log.String(), innerText) {
		t.Error("the log does not say what went wrong")
	}
}

func do(t *testing.T, method, url string, header map[string]string, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func checkProblem(t *testing.T, response *http.Response, text, code, fields string) {
	t.Helper()
	var p Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if p.Code != code || p.Status != response.StatusCode || p.Title == "" || p.Detail == "" || p.Type != "/docs/problems#"+code {
		t.Errorf("problem: %s", text)
	}
	if p.RequestID != response.Header.Get("Request-Id") || response.Header.Get("Content-Type") != problemType {
		t.Errorf("headers %v: %s", response.Header, text)
	}
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Field+":"+e.Code)
	}
	if slices.Sort(got); strings.Join(got, " ") != fields {
		t.Errorf("errors %v, want %s: %s", got, fields, text)
	}
}

func TestRequestIDIsTakenOverIfSane(t *testing.T) {
	_, base, _ := testServer(t)
	for id, same := range map[string]bool{"0192d3f4-a5b6": true, "short": false, "with space and more": false, strings.Repeat("x", 129): false} {
		response, _ := do(t, "GET", base+"/healthz", map[string]string{"Request-Id": id}, "")
		if got := response.Header.Get("Request-Id"); (got == id) != same || got == "" {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestHalfAnAnswerIsCutOff(t *testing.T) {
	_, base, _ := testServer(t)
	response, err := http.Get(base + "/t/half")
	if err == nil {
		defer response.Body.Close()
		_, err = io.ReadAll(response.Body)
	}
	if err == nil {
		t.Error("half an answer passed for the whole")
	}
}

func TestClientThatWentAway(t *testing.T) {
	s, _, log := testServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(ctx, "GET", "/t/wait", nil))
	if answer.Code != 499 || !strings.Contains(answer.Body.String(), `"client_closed_request"`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("logged as a fault: %s", log)
	}
}

func TestNotReady(t *testing.T) {
	s := newServer(Config{Ready: func(context.Context) error { return errors.New(innerText) }}, func(*Server) {})
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/readyz", nil))
	if answer.Code != 503 || answer.Header().Get("Retry-After") == "" || strings.Contains(answer.Body.String(), innerText) {
		t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
	}
}
