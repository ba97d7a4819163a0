package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// program makes an API token and calls it who. What stands before the slash is the rep as whom it acts; "nobody" is nobody.
// Its id is saved under who, with _ for the slash.
func (x *server) program(t testing.TB, who string, scopes ...desk.Scope) {
	t.Helper()
	in := store.NewAPIToken{Name: "Token of " + who, Scopes: scopes}
	if username, _, _ := strings.Cut(who, "/"); username != "nobody" {
		in.RepID = "@" + username
	}
	issued, err := x.store.CreateAPIToken(t.Context(), x.store.Operator(), in)
	if err != nil {
		t.Fatal(err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens[who] = issued.Token
	x.saved[strings.ReplaceAll(who, "/", "_")] = issued.APIToken.ID
}

// consolesOnly are the operations that no API token can call: they are about consoles, pushes to them and passwords.
var consolesOnly = []string{"ack-delivery", "change-password", "delete-push-target", "get-snapshot", "list-my-consoles", "log-out", "log-out-others", "send-test-push", "update-console", "update-me"}

// repsOnly are those that take tokens, but none that belongs to nobody, by the words of I2: it never owns, accepts or invites,
// and has nothing of its own to look at.
var repsOnly = []string{"accept-invitation", "accept-next", "accept-session", "add-note", "cancel-invitation", "cancel-specialist-invitation", "cancel-transfer",
	"create-session-key", "decline-invitation", "decline-transfer", "delete-session-key", "email-specialist-invitation", "get-join-grant", "get-me",
	"get-preferences", "get-share-options", "hold-session", "invite", "invite-specialists", "join-session", "leave-session", "list-events", "list-my-invitations",
	"list-session-keys", "list-specialist-deliveries", "list-specialist-invitations", "mark-session-read", "mark-team-chat-read", "post-message", "post-team-message",
	"remind-invitation", "remove-attendee", "request-help", "resume-session", "set-favourite", "stream-events", "take-over-session", "transfer-session",
	"unset-favourite", "update-attendee", "update-preferences"}

// eachOperation gives every operation that is for reps, with a path that leads nowhere, and the scope that it wants of a
// token. A stream is asked for by HEAD, which does not begin it.
func (x *server) eachOperation(each func(op *huma.Operation, method, path, scope string)) {
	for path, item := range x.api.Document().Paths {
		for parameter, id := range nowhere {
			path = strings.ReplaceAll(path, parameter, id)
		}
		for method, op := range operationsOf(item) {
			at := slices.IndexFunc(op.Security, func(schemes map[string][]string) bool { return schemes["api_token"] != nil })
			scope := ""
			if at >= 0 {
				scope = strings.Join(op.Security[at]["api_token"], " ")
			}
			if op.OperationID == "stream-events" {
				method = http.MethodHead
			}
			if len(op.Security) > 0 && op.Security[0]["console"] != nil {
				each(op, method, path, scope)
			}
		}
	}
}

// I2: every operation of the contract says who may call it, in the requirement, in words and for programs.
func TestI2OperationsSayWhoMayCall(t *testing.T) {
	x := newServer(t)
	x.token(t, "ana")
	x.do(t, call{as: "ana", do: "GET /v1/me"})
	var closed, owned []string
	x.eachOperation(func(op *huma.Operation, _, _, scope string) {
		if scope == "" {
			closed = append(closed, op.OperationID)
			return
		}
		if op.Extensions["x-scope-of-a-rep"] == true {
			owned = append(owned, op.OperationID)
		}
		if !slices.Contains(desk.Scopes, desk.Scope(scope)) || op.Extensions["x-scope"] != desk.Scope(scope) || !strings.Contains(op.Description, "An API token needs the scope `"+scope+"`") {
			t.Errorf("%s: scope %q, x-scope %v, %s", op.OperationID, scope, op.Extensions["x-scope"], op.Description)
		}
		if (op.Extensions["x-scope-of-a-rep"] == true) != strings.Contains(op.Description, "has to belong to a rep") {
			t.Errorf("%s: %v, %s", op.OperationID, op.Extensions["x-scope-of-a-rep"], op.Description)
		}
	})
	slices.Sort(closed)
	slices.Sort(owned)
	if !slices.Equal(closed, consolesOnly) || !slices.Equal(owned, repsOnly) {
		t.Errorf("no token: %q\nno token of nobody: %q", closed, owned)
	}
}

// I2: a token with every scope but the one that is needed is refused, by its name; with that one alone it is not. The rep is
// an administrator, so that nothing else stands in the way.
func TestI2ScopesAreEnforced(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		for _, scope := range desk.Scopes {
			x.program(t, "hal/only "+string(scope), scope)
			x.program(t, "hal/but "+string(scope), slices.DeleteFunc(slices.Clone(desk.Scopes), func(s desk.Scope) bool { return s == scope })...)
		}
		x.program(t, "hal/all", desk.Scopes...)
		asked := map[string]int{}
		x.eachOperation(func(op *huma.Operation, method, path, scope string) {
			body := sample[op.OperationID]
			asked[scope]++
			if scope == "" {
				x.do(t, call{as: "hal/all", do: method + " " + path, body: body, want: 403, code: "not_allowed", has: []string{"This is for consoles"}})
				return
			}
			refused := x.send(t, method, path, x.auth(t, "hal/but "+scope), body, nil)
			if refused.status != 403 || method != http.MethodHead && (refused.at("code") != "not_allowed" || !strings.Contains(refused.at("detail"), scope)) {
				t.Errorf("%s without %s: %d %s", op.OperationID, scope, refused.status, refused.text)
			}
			if a := x.send(t, method, path, x.auth(t, "hal/only "+scope), body, nil); a.status == 401 || a.status == 403 || a.status >= 500 {
				t.Errorf("%s with %s: %d %s", op.OperationID, scope, a.status, a.text)
			}
		})
		for _, scope := range []desk.Scope{"", desk.SessionsStart, desk.SessionsRead, desk.SessionsWrite, desk.DirectoryRead, desk.EventsRead, desk.AdministrationRead, desk.AdministrationWrite} {
			if asked[string(scope)] == 0 {
				t.Errorf("nothing asked that needs %q", scope)
			}
		}
	})
}

// I2: a token that belongs to nobody starts sessions, reads and administers; nothing that a rep does is for it, not in a
// session that waits, nor in one that is active.
func TestI2NobodysToken(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.program(t, "nobody/all", desk.Scopes...)
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		x.seat(t, "seat", "ana", "ses", "Ben Okafor")
		x.do(t, call{as: "nobody/all", do: "POST /v1/sessions", body: `{"team_id":"@printers","customer":{"name":"Al Other"}}`, want: 201, save: "waits=session.id", has: []string{`"guest_token":"rdg_`}})
		before := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses"}).text
		x.eachOperation(func(op *huma.Operation, method, path, scope string) {
			if !slices.Contains(repsOnly, op.OperationID) {
				return
			}
			for _, session := range []string{"ses", "waits"} {
				at := strings.NewReplacer(nowhere["{session_id}"], x.saved[session], nowhere["{invitation_id}"], x.saved["inv"], nowhere["{attendee_id}"], x.saved["seat"]).Replace(path)
				a := x.send(t, method, at, x.auth(t, "nobody/all"), sample[op.OperationID], nil)
				if a.status != 403 || method != http.MethodHead && !strings.Contains(a.at("detail"), "belongs to a rep") {
					t.Errorf("%s: %d %s", op.OperationID, a.status, a.text)
				}
			}
		})
		x.play(t,
			call{name: "nothing came of it", as: "ana", do: "GET /v1/sessions/$ses", has: []string{before}},
			call{as: "cho", do: "GET /v1/me/invitations", has: []string{`"$inv"`}},
			call{as: "ben", do: "GET /v1/sessions/$waits", has: []string{`"state":"waiting"`}, hasNot: []string{"tok_"}},
			call{name: "reads", as: "nobody/all", do: "GET /v1/sessions", has: []string{`"$ses"`, `"$waits"`}},
			call{as: "nobody/all", do: "GET /v1/sessions/$ses", has: []string{`"attendees"`}},
			call{as: "nobody/all", do: "GET /v1/sessions/$ses/attendees"},
			call{as: "nobody/all", do: "GET /v1/sessions/$ses/messages"},
			call{as: "nobody/all", do: "GET /v1/sessions/$ses/notes"},
			call{as: "nobody/all", do: "GET /v1/sessions/$ses/invitations", has: []string{`"$inv"`}},
			call{as: "nobody/all", do: "GET /v1/invitations/$inv"},
			call{as: "nobody/all", do: "GET /v1/invitations/$inv/deliveries"},
			call{as: "nobody/all", do: "GET /v1/sessions?mine=owner", has: []string{`"items":[]`}},
			call{name: "administers", as: "nobody/all", do: "GET /v1/organization", has: []string{`"slug":"printers"`}},
			call{as: "nobody/all", do: "PUT /v1/organization", body: "teams: []", has: []string{`"dry_run":false`}},
			call{as: "nobody/all", do: "POST /v1/api-tokens", body: `{"name":"Another","scopes":["sessions:start"]}`, want: 201, has: []string{`"created_by":{"id":"$nobody_all","name":"Token of nobody/all"}`}, hasNot: []string{`"rep"`}},
			call{name: "E5: for nobody in particular there is no queue", as: "nobody/all", do: "POST /v1/sessions", body: `{"customer":{"name":"Al"}}`, want: 422, code: "one_target_needed"},
			call{name: "its name is told as who started it", as: "ben", do: "GET /v1/event-log?after=0&limit=200", has: []string{`"actor":{"id":"$nobody_all","name":"Token of nobody/all"}`}})
	})
}

// I2: a rep's token acts as the rep within its scopes, sees what the rep sees and no more, and makes nobody logged in.
func TestI2RepsToken(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.program(t, "ben/script", desk.SessionsStart, desk.SessionsRead, desk.SessionsWrite, desk.DirectoryRead, desk.EventsRead)
		x.program(t, "ben/admin", desk.AdministrationRead, desk.AdministrationWrite)
		x.program(t, "fay/script", desk.SessionsRead)
		x.logInAll(t, "ana")
		x.saved["ben"] = x.do(t, call{as: "ben/script", do: "GET /v1/me", has: []string{`"username":"ben"`, `"presence":"offline"`}}).at("id")
		x.open(t, "ses", "ana", "")
		x.play(t,
			call{as: "ben/script", do: "POST /v1/sessions", body: `{"customer":{"name":"Al Other"}}`, want: 201, save: "mine=session.id"},
			call{as: "ben/script", do: "POST /v1/sessions/$mine/accept", has: []string{`"owner":{"id":"$ben","name":"Ben Okafor"}`}},
			call{as: "ben/script", do: "POST /v1/sessions/$mine/messages", body: `{"text":"From a script"}`, want: 201},
			call{as: "ben/script", do: "GET /v1/sessions/$ses", want: 404, code: "not_found"},
			call{as: "ben/script", do: "GET /v1/event-log?after=0", has: []string{`"actor":{"id":"$ben","name":"Ben Okafor"}`}},
			call{name: "A7", as: "fay/script", do: "GET /v1/sessions", has: []string{`"items":[]`}},
			call{name: "its scopes make no administrator of the rep", as: "ben/admin", do: "GET /v1/api-tokens", want: 403, code: "not_allowed"},
			call{as: "ben/admin", do: "PUT /v1/organization", body: "teams: []", want: 403, code: "not_allowed"},
			call{as: "ben/admin", do: "POST /v1/api-tokens", body: `{"name":"x","scopes":["administration:read"]}`, want: 403, code: "not_allowed"},
			call{name: "not logged in", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 409, code: "rep_not_available"},
			call{as: "ben/script", do: "GET /v1/me", has: []string{`"presence":"offline"`}})
		if consoles := x.do(t, call{as: "ben", do: "GET /v1/me/consoles"}); len(consoles.items("id")) != 1 {
			t.Errorf("consoles %s", consoles.text)
		}
		x.do(t, call{as: "ben/script", do: "GET /v1/me", has: []string{`"presence":"available"`}})
	})
}

// I2: administrators make, see, change and revoke tokens; nobody ever sees one again.
func TestI2AdministrationOfTokens(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "hal")
		key := headers{"Idempotency-Key": "a-key-of-twenty-characters"}
		body := `{"name":"Tickets","rep_id":"@ben","scopes":["directory:read","sessions:start"],"lifetime_seconds":60}`
		issued := x.do(t, call{as: "hal", do: "POST /v1/api-tokens", body: body, headers: key, want: 201, save: "tok=api_token.id", answers: headers{"ETag": `"1"`, "Cache-Control": "no-store"},
			has: []string{`"scopes":["sessions:start","directory:read"]`, `"expires_at":"2026-03-02T09:01:00Z"`, `"created_at":"2026-03-02T09:00:00Z"`}, hasNot: []string{"last_used_at"}})
		if issued.header.Get("Location") != "/v1/api-tokens/"+x.saved["tok"] {
			t.Errorf("Location %s", issued.header.Get("Location"))
		}
		again := x.do(t, call{as: "hal", do: "POST /v1/api-tokens", body: body, headers: key, want: 201, answers: headers{"Idempotent-Replayed": "true"}})
		if again.at("token") != issued.at("token") {
			t.Error("another token for the same key")
		}
		x.mu.Lock()
		x.tokens["ben/script"] = issued.at("token")
		x.mu.Unlock()
		x.play(t,
			call{name: "listed without the token", as: "hal", do: "GET /v1/api-tokens", has: []string{`"$tok"`}, hasNot: []string{"rda_", "hash"}},
			call{as: "hal", do: "GET /v1/api-tokens/$tok", answers: headers{"ETag": `"1"`}, hasNot: []string{"rda_", "hash"}},
			call{as: "hal", do: "GET /v1/api-tokens/$tok", headers: headers{"If-None-Match": `"1"`}, want: 304},
			call{name: "changed meanwhile", as: "hal", do: "PATCH /v1/api-tokens/$tok", body: `{"name":"T"}`, headers: headers{"If-Match": `"7"`}, want: 412, code: "changed_meanwhile"},
			call{as: "hal", do: "DELETE /v1/api-tokens/$tok", headers: headers{"If-Match": `"7"`}, want: 412, code: "changed_meanwhile"},
			call{as: "hal", do: "PATCH /v1/api-tokens/$tok", body: `{"name":"T","scopes":["directory:read"]}`, headers: headers{"If-Match": `"1"`}, answers: headers{"ETag": `"2"`}, has: []string{`"scopes":["directory:read"]`}, hasNot: []string{"rda_"}},
			call{name: "the change counts at once", as: "ben/script", do: "POST /v1/sessions", body: `{"customer":{"name":"Al"}}`, want: 403, code: "not_allowed"},
			call{as: "ben/script", do: "GET /v1/me"},
			call{name: "nothing to change", as: "hal", do: "PATCH /v1/api-tokens/$tok", body: `{}`, answers: headers{"ETag": `"2"`}})
		x.clock.Advance(59 * time.Second)
		x.do(t, call{as: "ben/script", do: "GET /v1/me"})
		x.clock.Advance(time.Second)
		x.play(t,
			call{name: "at the second", as: "ben/script", do: "GET /v1/me", want: 401, code: "token_expired", answers: headers{"WWW-Authenticate": `Bearer error="invalid_token"`}},
			call{name: "listed still", as: "hal", do: "GET /v1/api-tokens", has: []string{`"$tok"`}},
			call{as: "hal", do: "DELETE /v1/api-tokens/$tok", want: 204},
			call{as: "ben/script", do: "GET /v1/me", want: 401, code: "token_unknown"},
			call{as: "hal", do: "DELETE /v1/api-tokens/$tok", want: 404, code: "not_found"},
			call{as: "hal", do: "GET /v1/api-tokens/$tok", want: 404, code: "not_found"},
			call{as: "hal", do: "PATCH /v1/api-tokens/$tok", body: `{"name":"T"}`, want: 404, code: "not_found"},
			call{name: "for administrators", as: "ana", do: "GET /v1/api-tokens", want: 403, code: "not_allowed"},
			call{as: "ana", do: "POST /v1/api-tokens", body: body, want: 403, code: "not_allowed"},
			call{as: "ana", do: "GET /v1/api-tokens/$tok", want: 403, code: "not_allowed"},
			call{as: "ana", do: "PATCH /v1/api-tokens/$tok", body: `{"name":"T"}`, want: 403, code: "not_allowed"},
			call{as: "ana", do: "DELETE /v1/api-tokens/$tok", want: 403, code: "not_allowed"})
	})
}

// I2: a wrong request for a token is refused by its fields, and makes none. Pages of the list hold each once.
func TestI2WrongRequestsForTokens(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		create := func(name, body, fields string) call {
			return call{name: name, as: "hal", do: "POST /v1/api-tokens", body: body, want: 422, code: "validation_failed", fields: fields}
		}
		x.play(t,
			create("spaces", `{"name":"`+strings.Repeat(" ", 200)+`","scopes":["sessions:read"]}`, "name:empty"),
			create("10,000 spaces", `{"name":"`+strings.Repeat(" ", 10_000)+`","scopes":["sessions:read"]}`, "name:too_long"),
			create("no name", `{"scopes":["sessions:read"]}`, "name:required"),
			create("no scopes", `{"name":"x"}`, "scopes:required"),
			create("empty scopes", `{"name":"x","scopes":[]}`, "scopes:too_few"),
			create("an unknown scope", `{"name":"x","scopes":["sessions:read","everything"]}`, "scopes[1]:unknown_value"),
			create("a short life", `{"name":"x","scopes":["sessions:read"],"lifetime_seconds":0}`, "lifetime_seconds:too_small"),
			create("a long life", `{"name":"x","scopes":["sessions:read"],"lifetime_seconds":31622401}`, "lifetime_seconds:too_large"),
			create("a negative one", `{"name":"x","scopes":["sessions:read"],"lifetime_seconds":-9223372036854775808}`, "lifetime_seconds:too_small"),
			create("past", `{"name":"x","scopes":["sessions:read"],"expires_at":"2026-03-02T09:00:00Z"}`, "expires_at:too_small"),
			create("far away", `{"name":"x","scopes":["sessions:read"],"expires_at":"9999-12-31T23:59:59Z"}`, "expires_at:too_large"),
			create("both", `{"name":"x","scopes":["sessions:read"],"expires_at":"2026-03-03T09:00:00Z","lifetime_seconds":60}`, "lifetime_seconds:one_only"),
			create("a typo", `{"name":"x","scope":["sessions:read"],"scopes":["sessions:read"]}`, "scope:unknown_field"),
			call{name: "a rep who is not there", as: "hal", do: "POST /v1/api-tokens", body: `{"name":"x","rep_id":"@nobody","scopes":["sessions:read"]}`, want: 404, code: "not_found"},
			call{name: "a short key", as: "hal", do: "POST /v1/api-tokens", body: `{"name":"x","scopes":["sessions:read"]}`, headers: headers{"Idempotency-Key": "short"}, want: 422, code: "validation_failed"},
			call{name: "nothing was made", as: "hal", do: "GET /v1/api-tokens", has: []string{`"items":[]`}})
		var made []string
		for i := range 5 {
			x.program(t, fmt.Sprintf("nobody/%d", i), desk.SessionsRead)
			made = append([]string{x.saved[fmt.Sprintf("nobody_%d", i)]}, made...)
		}
		var listed []string
		for cursor, more := "", true; more; more = cursor != "" {
			page := x.do(t, call{as: "hal", do: "GET /v1/api-tokens?limit=2&cursor=" + cursor})
			listed, cursor = append(listed, page.items("id")...), page.at("next")
		}
		if !slices.Equal(listed, made) {
			t.Errorf("listed %v, made %v", listed, made)
		}
	})
}

// I5, I2: a rep's token and a rep's console are different callers, and so are two tokens.
func TestI2IdempotencyKeysOfTokens(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.program(t, "ben/one", desk.SessionsStart)
		x.program(t, "ben/two", desk.SessionsStart)
		ids := map[string]bool{}
		for _, who := range []string{"ben", "ben/one", "ben/two"} {
			c := call{as: who, do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"}}`, headers: headers{"Idempotency-Key": "ticket-4711"}, want: 201, answers: headers{"Idempotent-Replayed": ""}}
			id := x.do(t, c).at("session.id")
			c.answers = headers{"Idempotent-Replayed": "true"}
			if again := x.do(t, c).at("session.id"); again != id {
				t.Errorf("%s: %s, then %s", who, id, again)
			}
			ids[id] = true
		}
		if len(ids) != 3 {
			t.Errorf("three callers made %v", ids)
		}
	})
}

// I2, H1: a token has a stream of its own beside the rep's console, which ends when the token does: revoked, without the
// scope, over, or with its rep disabled.
func TestI2StreamOfAToken(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, x *server){
		"revoked": func(t *testing.T, x *server) {
			x.do(t, call{as: "hal", do: "DELETE /v1/api-tokens/$ben_script", want: 204})
		},
		"without the scope": func(t *testing.T, x *server) {
			x.do(t, call{as: "hal", do: "PATCH /v1/api-tokens/$ben_script", body: `{"scopes":["sessions:read"]}`})
			x.do(t, call{as: "ben", do: "PATCH /v1/me", body: `{"busy":true}`})
		},
		"over": func(t *testing.T, x *server) {
			x.clock.Advance(desk.TokenLifetime)
			x.load(t, `reps: [{username: ben, name: Benjamin Okafor, teams: {printers: member}}]`)
		},
		"with its rep": func(t *testing.T, x *server) {
			x.load(t, `reps: [{username: ben, name: Ben Okafor, teams: {printers: member}, disabled: true}]`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, x *server) {
				x.logInAll(t, "ben", "hal")
				x.program(t, "ben/script", desk.EventsRead)
				console, script := x.stream(t, "ben", ""), x.stream(t, "ben/script", "")
				console.until(t, "ready")
				script.until(t, "ready")
				x.do(t, call{as: "ben", do: "PATCH /v1/me", body: `{"locale":"es"}`})
				console.until(t, "me.changed")
				script.until(t, "me.changed")
				end(t, x)
				if m := script.next(t); m.event != "closing" || m.at("reason") != "token_revoked" {
					t.Errorf("%+v", m)
				}
				script.end(t)
			})
		})
	}
}

// I2: a long poll by a token that is revoked meanwhile is refused with the next event.
func TestI2LongPollOfAToken(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ben", "hal")
	x.program(t, "ben/script", desk.EventsRead)
	polled := x.poll(t, "ben/script", "60")
	x.do(t, call{as: "hal", do: "DELETE /v1/api-tokens/$ben_script", want: 204})
	x.do(t, call{as: "ben", do: "PATCH /v1/me", body: `{"busy":true}`})
	select {
	case a := <-polled:
		if a.status != http.StatusUnauthorized || a.at("code") != "token_unknown" {
			t.Errorf("%d %s", a.status, a.text)
		}
	case <-time.After(later):
		t.Error("the long poll goes on")
	}
}

// I2: the contract names the scope in the security requirement; the older form of it, which may not, says it beside.
func TestI2ScopesInTheContract(t *testing.T) {
	x := newServer(t)
	for path, want := range map[string]string{"/openapi.json": `[{"console":[]},{"api_token":["sessions:start"]}]`, "/openapi-3.0.json": `[{"console":[]},{"api_token":[]}]`} {
		a := x.send(t, "GET", path, "", "", nil)
		var doc struct {
			Paths map[string]map[string]struct {
				Security json.RawMessage `json:"security"`
				Scope    string          `json:"x-scope"`
			} `json:"paths"`
		}
		if err := json.Unmarshal([]byte(a.text), &doc); err != nil {
			t.Fatal(err)
		}
		op := doc.Paths["/v1/sessions"]["post"]
		if got := strings.Join(strings.Fields(string(op.Security)), ""); got != want || op.Scope != "sessions:start" {
			t.Errorf("%s: %s, x-scope %s", path, got, op.Scope)
		}
	}
	x.do(t, call{do: "GET /v1/server"})
}

// I2: a token with every scope makes nobody an administrator, and becomes none by a password: else it would outgrow its scopes
// and outlive whoever made it.
func TestI2TokensMakeNoAdministrators(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.program(t, "nobody/all", desk.Scopes...)
		x.program(t, "hal/all", desk.Scopes...)
		x.do(t, call{as: "hal", do: "POST /v1/reps", body: `{"username":"ivy","name":"Ivy","role":"administrator","disabled":true}`, want: 201})
		for _, who := range []string{"nobody/all", "hal/all"} {
			x.play(t,
				call{name: "a new one", as: who, do: "POST /v1/reps", body: `{"username":"root","name":"Root","role":"administrator","password":"battery staple"}`, want: 403, code: "not_allowed"},
				call{name: "one promoted", as: who, do: "PATCH /v1/reps/@ben", body: `{"role":"administrator"}`, want: 403, code: "not_allowed"},
				call{name: "one opened again", as: who, do: "PATCH /v1/reps/@ivy", body: `{"disabled":false}`, want: 403, code: "not_allowed"},
				call{name: "by a file", as: who, do: "PUT /v1/organization", body: "reps: [{username: ben, name: Ben Okafor, role: administrator}]", want: 403, code: "not_allowed"},
				call{name: "an administrator's password", as: who, do: "PUT /v1/reps/@hal/password", body: `{"new_password":"battery staple"}`, want: 403, code: "not_allowed"},
				call{name: "what else an administrator does", as: who, do: "PATCH /v1/reps/@hal", body: `{"public_name":"Hal of ` + strings.ReplaceAll(who, "/", " ") + `"}`},
				call{as: who, do: "PUT /v1/reps/@ben/password", body: `{"new_password":"correct horse"}`, want: 204})
		}
		x.play(t,
			call{as: "hal", do: "GET /v1/reps/@ben", has: []string{`"role":"rep"`}},
			call{as: "hal", do: "GET /v1/reps/@root", want: 404},
			call{as: "hal", do: "PATCH /v1/reps/@ivy", body: `{"disabled":false}`})
	})
}
