package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

// target is a request that takes a body, and with the sample's body succeeds.
type target struct {
	id, as, do string
	want       int
}

// bodies are the operations with a JSON body.
var bodies = []target{
	{"log-in", "", "POST /v1/consoles", 201},
	{"update-console", "ana", "PATCH /v1/me/consoles/current", 200},
	{"update-me", "ana", "PATCH /v1/me", 200},
	{"change-password", "cho", "PUT /v1/me/password", 204},
	{"start-session", "ana", "POST /v1/sessions", 201},
	{"request-help", "ana", "POST /v1/sessions/$ses/request-help", 201},
	{"invite", "ana", "POST /v1/sessions/$ses/invitations", 201},
	{"ack-delivery", "ben/phone", "POST /v1/deliveries/$dlv/ack", 200},
	{"create-rep", "hal", "POST /v1/reps", 201},
	{"update-rep", "hal", "PATCH /v1/reps/@dev", 200},
	{"set-rep-password", "hal", "PUT /v1/reps/@dev/password", 204},
	{"create-team", "hal", "POST /v1/teams", 201},
	{"update-team", "hal", "PATCH /v1/teams/@printers", 200},
	{"set-team-member", "hal", "PUT /v1/teams/@printers/members/@dev", 200},
	{"create-portal", "hal", "POST /v1/portals", 201},
	{"update-portal", "hal", "PATCH /v1/portals/@main", 200},
	{"create-issue", "hal", "POST /v1/issues", 201},
	{"update-issue", "hal", "PATCH /v1/issues/@vpn", 200},
	{"create-support-button", "hal", "POST /v1/support-buttons", 201},
	{"create-help-link", "hal", "POST /v1/help-links", 201},
	{"reassign-session", "hal", "POST /v1/sessions/$ses/reassign", 200},
	{"end-session", "ana", "POST /v1/sessions/$ses/end", 200},
	{"post-team-message", "ana", "POST /v1/teams/@printers/messages", 201},
	{"update-preferences", "ana", "PATCH /v1/me/preferences", 200},
}

// inputs makes what the targets name.
func (x *server) inputs(t *testing.T) {
	t.Helper()
	x.logInAll(t, "ana", "ben/phone", "cho", "dev", "hal")
	x.open(t, "ses", "ana", "")
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv/deliveries", save: "dlv=items.0.id"})
	x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
	for _, o := range bodies {
		if !slices.ContainsFunc(slices.Collect(maps.Values(x.api.Document().Paths)), func(item pathItem) bool {
			return slices.ContainsFunc(slices.Collect(maps.Values(operationsOf(item))), func(op operation) bool { return op.OperationID == o.id })
		}) {
			t.Errorf("%s is not in the contract", o.id)
		}
	}
}

// state is all that a bad request could have changed.
func (x *server) state(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, c := range []call{
		{as: "hal", do: "GET /v1/sessions?limit=200"}, {as: "ana", do: "GET /v1/sessions/$ses"}, {as: "ana", do: "GET /v1/sessions/$ses/invitations?limit=200"},
		{as: "ana", do: "GET /v1/me"}, {as: "cho", do: "GET /v1/me"}, {as: "ana", do: "GET /v1/me/consoles"}, {as: "ben/phone", do: "GET /v1/me/consoles"},
		{as: "ana", do: "GET /v1/invitations/$inv/deliveries"}, {as: "hal", do: "GET /v1/organization"}, {as: "ana", do: "GET /v1/event-log"},
		{as: "ana", do: "GET /v1/teams/@printers/messages"}, {as: "ana", do: "GET /v1/me/preferences"}} {
		all.WriteString(x.do(t, c).text)
	}
	return all.String()
}

// TestBadBodies sends to every operation with a body what none takes, on each engine. Nothing changes.
func TestBadBodies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.inputs(t)
		before := x.state(t)
		deep := strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000)
		for _, bad := range []struct {
			name, body string
			headers    headers
			want       int
			code       string
		}{
			{name: "cut off", body: `{"customer":{"name":"Jo`, want: 400, code: "malformed"},
			{name: "not JSON", body: `username=ana`, want: 400, code: "malformed"},
			{name: "invalid UTF-8", body: "{\"comment\":\"\xc3\x28\"}", want: 400, code: "malformed"},
			{name: "a surrogate's bytes", body: "{\"comment\":\"\xed\xa0\x80\"}", want: 400, code: "malformed"},
			{name: "NUL", body: "{\"comment\":\"a\x00\"}", want: 400, code: "malformed"},
			{name: "NUL, escaped", body: `{"comment":"a\u0000","username":"ana\u0000"}`, want: 400, code: "malformed"},
			{name: "NUL in a field's name", body: `{"a\u0000":1}`, want: 400, code: "malformed"},
			{name: "two values", body: `{}{}`, want: 400, code: "malformed"},
			{name: "a list", body: `[{}]`, want: 422, code: "validation_failed"},
			{name: "a text", body: `"ana"`, want: 422, code: "validation_failed"},
			{name: "a number", body: `1e400`, want: 0},
			{name: "deeply nested", body: deep, want: 0},
			{name: "unknown fields alone", body: `{"nobody_knows_this":1}`, want: 422, code: "validation_failed"},
			{name: "a form", body: `{}`, headers: headers{"Content-Type": "application/x-www-form-urlencoded"}, want: 415, code: "unsupported_media_type"},
			{name: "text", body: `{}`, headers: headers{"Content-Type": "text/plain"}, want: 415, code: "unsupported_media_type"},
			{name: "a media type of nonsense", body: `{}`, headers: headers{"Content-Type": ";;;"}, want: 415, code: "unsupported_media_type"},
			{name: "over 1 MiB by one", body: `{"comment":"` + strings.Repeat("x", 1<<20-14+1) + `"}`, want: 413, code: "too_large"},
		} {
			t.Run(bad.name, func(t *testing.T) {
				for _, o := range bodies {
					method, path, _ := strings.Cut(x.fill(t, o.do), " ")
					a := x.send(t, method, path, x.auth(t, o.as), bad.body, bad.headers)
					if bad.want != 0 && (a.status != bad.want || a.at("code") != bad.code) || a.status != 400 && a.status != 413 && a.status != 415 && a.status != 422 {
						t.Errorf("%s: %d, want %d %s: %s", o.id, a.status, bad.want, bad.code, a.text)
					}
					x.checkAnswer(t, o.id, o.as, method, path, a)
				}
			})
		}
		for _, o := range bodies {
			if o.id == "end-session" { // takes none too
				continue
			}
			a := x.do(t, call{as: o.as, do: o.do, want: 400, code: "malformed"})
			if strings.Contains(a.at("title")+a.at("detail"), "EOF") { // a request's id may hold it
				t.Errorf("%s: %s", o.id, a.text)
			}
		}
		if after := x.state(t); after != before {
			t.Errorf("something changed: %s\n%s", before, after)
		}
	})
}

// wrongs are values of every other type than a field's, by the type that the schema names.
var wrongs = map[string][]string{
	"string":  {"1", "true", "{}", `["a"]`, "1e999"},
	"boolean": {`"true"`, "1", "{}", "[]"},
	"integer": {`"1"`, "true", "1.5", "{}", "[]", "99999999999999999999999999", "-1", "1e400"},
	"object":  {`"a"`, "1", "true", "[]"},
}

// TestWrongTypes puts into every field of every body a value of each wrong type, and of every text with a bound one
// that is one character over it. The problem names the field.
func TestWrongTypes(t *testing.T) {
	x := newServer(t)
	x.inputs(t)
	before := x.state(t)
	tried := 0
	for _, o := range bodies {
		var body map[string]any
		if err := json.Unmarshal([]byte(sample[o.id]), &body); err != nil {
			t.Fatal(err)
		}
		for _, field := range x.fieldsOf(t, o.id) {
			bad := slices.Clone(wrongs[field.kind])
			if field.max > 0 {
				bad = append(bad, fmt.Sprintf("%q", strings.Repeat("é", field.max+1)))
			}
			for _, value := range bad {
				tried++
				sent := with(body, strings.Split(field.path, "."), json.RawMessage(value))
				want := call{as: o.as, do: o.do, body: sent, want: 422, code: "validation_failed"}
				if strings.Contains(value, "e") && value[0] == '1' { // JSON that no parser here holds
					want.want, want.code = 400, "malformed"
				}
				a := x.do(t, want)
				if fields := fieldsOf(a); want.want == 422 && fields != "body:invalid" && !strings.HasPrefix(fields, field.path) {
					t.Errorf("%s: %.60s is refused for %q", o.id, sent, fields)
				}
			}
		}
	}
	if tried < 150 {
		t.Errorf("only %d values tried", tried)
	}
	if after := x.state(t); after != before {
		t.Errorf("something changed: %s\n%s", before, after)
	}
}

// with is the body with another value at the path.
func with(body map[string]any, path []string, value any) string {
	copied := maps.Clone(body)
	if copied == nil {
		copied = map[string]any{}
	}
	if len(path) > 1 {
		inner, _ := copied[path[0]].(map[string]any)
		value = json.RawMessage(with(inner, path[1:], value))
	}
	copied[path[0]] = value
	text, err := json.Marshal(copied)
	if err != nil {
		return strings.Replace(`{"`+path[0]+`":?}`, "?", string(value.(json.RawMessage)), 1)
	}
	return string(text)
}

// TestTextsComeBackUnchanged: emoji, right-to-left and combining characters, up to the bound in characters.
func TestTextsComeBackUnchanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		for _, name := range []string{"\U0001f469\U0001f3fd\u200d\U0001f692 Zoë", "محمد بن سلمان", "שלום עולם", "\u200fmixed\u200e direction", "Z̷a̸l̵g̶o̷", "李小龍", `"quoted" \ back / slash`, "<b>&amp;</b>", "%s %d {{.}}", "a\u200db", "🇪🇺",
			strings.Repeat("👩", 200), "\U0001F469\u200D\U0001F4BB"} {
			quoted, err := json.Marshal(name)
			if err != nil {
				t.Fatal(err)
			}
			a := x.do(t, call{as: "ana", do: "POST /v1/sessions", want: 201, body: fmt.Sprintf(`{"customer":{"name":%s,"company":%s,"details":%s},"external_key":%s,"kind":"browser"}`, quoted, quoted, quoted, quoted)})
			x.saved["new"] = a.at("session.id")
			a = x.do(t, call{as: "ana", do: "GET /v1/sessions/$new"})
			for _, at := range []string{"customer.name", "customer.company", "customer.details", "external_key"} {
				if a.at(at) != name {
					t.Errorf("%s: %q became %q", at, name, a.at(at))
				}
			}
			if a.at("title") != "[Browser] "+name {
				t.Errorf("title %q", a.at("title"))
			}
			a = x.do(t, call{as: "ana", do: "PATCH /v1/me/consoles/current", body: fmt.Sprintf(`{"name":%s}`, quoted)})
			if a.at("name") != name {
				t.Errorf("device: %q became %q", name, a.at("name"))
			}
			a = x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", want: 201, body: fmt.Sprintf(`{"rep_id":"@ben","comment":%s}`, quoted)})
			if a.at("comment") != name {
				t.Errorf("comment: %q became %q", name, a.at("comment"))
			}
			x.saved["inv"] = a.at("id")
			x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
		}
		lines := `"one\r\n\ttwo\nthree"`
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo","details":` + lines + `}}`, want: 201, has: []string{lines}})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","comment":` + lines + `}`, want: 201, has: []string{lines}})
	})
}

// TestControlCharacters: what stands on one line on a screen or in an email's header has no line breaks.
func TestControlCharacters(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben")
	x.open(t, "ses", "ana", "")
	before := x.do(t, call{as: "ana", do: "GET /v1/me/consoles"}).text
	for _, bad := range []string{`\r\nBcc: all@example.net`, `\n`, `\r`, `\t`, `\u001b[31m`, `\u007f`, `\u0085`, `\u2028`} {
		text := `"Jo` + bad + `"`
		for field, body := range map[string]string{
			"customer.name": `{"customer":{"name":` + text + `}}`, "customer.company": `{"customer":{"name":"Jo","company":` + text + `}}`,
			"customer.language": `{"customer":{"name":"Jo","language":` + text + `}}`, "external_key": `{"customer":{"name":"Jo"},"external_key":` + text + `}`,
		} {
			x.do(t, call{as: "ana", do: "POST /v1/sessions", body: body, want: 422, code: "validation_failed", fields: field + ":control_character"})
		}
		x.do(t, call{as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"push_target":` + text + `}`, want: 422, code: "validation_failed", fields: "push_target:bad_format"})
		for _, field := range []string{"name", "device_id", "app_version", "os_version", "locale"} {
			x.do(t, call{as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"` + field + `":` + text + `}`, want: 422, code: "validation_failed"})
			x.do(t, call{do: "POST /v1/consoles", body: `{"username":"ana","password":"correct horse","device":{"platform":"script","` + field + `":` + text + `}}`,
				want: 422, code: "validation_failed", fields: "device." + field + ":control_character"})
		}
	}
	x.play(t,
		call{name: "a comment takes lines, not escapes", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","comment":"a\u001b[2J"}`, want: 422, code: "validation_failed", fields: "comment:control_character"},
		call{name: "so does a summary", as: "ana", do: "POST /v1/sessions/$ses/end", body: `{"summary":"a\u0007"}`, want: 422, code: "validation_failed", fields: "summary:control_character"},
		call{name: "a name of blanks", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"  "}}`, want: 422, code: "validation_failed", fields: "customer.name:empty"},
		call{name: "a zone that is none", as: "ana", do: "PATCH /v1/me", body: `{"time_zone":"../../etc/passwd"}`, want: 422, code: "validation_failed", fields: "time_zone:unknown"},
		call{name: "the machine's zone", as: "ana", do: "PATCH /v1/me", body: `{"time_zone":"Local"}`, want: 422, code: "validation_failed", fields: "time_zone:unknown"},
		call{name: "a locale that is none", as: "ana", do: "PATCH /v1/me", body: `{"locale":"e"}`, want: 422, code: "validation_failed", fields: "locale:bad_format"},
		call{as: "ana", do: "GET /v1/me/consoles", has: []string{before}},
		call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"state":"active"`}},
	)
}

// TestConsoleFieldsAreNamedAsSent: update-console has the device's fields at the top.
func TestConsoleFieldsAreNamedAsSent(t *testing.T) {
	x := newServer(t)
	x.do(t, call{as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"name":"a\nb"}`, want: 422, code: "validation_failed", fields: "name:control_character"})
}
