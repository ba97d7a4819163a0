package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
)

// told is what an operation answered.
type told struct {
	operation string
	status    int
	code      string // of the problem
}

// record keeps that an operation answered so.
func (x *server) record(op *huma.Operation, a answer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.told[told{op.OperationID, a.status, a.at("code")}] = true
}

// succeeded says whether an operation was answered with success.
func (x *server) succeeded(op *huma.Operation) bool {
	for done := range x.told {
		if done.operation == op.OperationID && done.status < 300 {
			return true
		}
	}
	return false
}

// TestEveryDocumentedStatus has each operation of the contract answer with each status and each problem code that the
// contract names for it, by what really leads there, and so each code of the catalogue. None is excepted: what cannot be
// brought about does not belong into the document.
func TestEveryDocumentedStatus(t *testing.T) {
	all := map[told]bool{}
	for name, drive := range statuses {
		t.Run(name, func(t *testing.T) { maps.Copy(all, drive(t).told) })
	}
	for name, drive := range scenes {
		t.Run(name, func(t *testing.T) {
			x := newServer(t)
			drive(t, x)
			maps.Copy(all, x.told)
		})
	}
	checkStatuses(t, all)
}

func checkStatuses(t *testing.T, all map[told]bool) {
	t.Helper()
	statuses, codes, pairs := map[string]bool{}, map[string]bool{}, 0
	for one := range all {
		statuses[fmt.Sprint(one.operation, " ", one.status)], codes[one.code] = true, true
	}
	for _, item := range api.New(api.Config{}).Document().Paths {
		for _, op := range operationsOf(item) {
			for status := range op.Responses {
				if pairs++; !statuses[op.OperationID+" "+status] {
					t.Errorf("%s is documented with %s, and nothing brought it about", op.OperationID, status)
				}
			}
			for _, code := range codesOf(op) {
				if !all[told{op.OperationID, code.Info().Status, string(code)}] {
					t.Errorf("%s is documented with %s, and nothing brought it about", op.OperationID, code)
				}
			}
		}
	}
	for _, info := range desk.Catalogue {
		if !codes[string(info.Code)] {
			t.Errorf("nothing was refused with %s", info.Code)
		}
	}
	t.Logf("%d statuses of operations", pairs)
}

// each gives the operations that are documented with a status, and a call of them: by who may call them, to where the ids
// lead, with a good body.
func (x *server) each(status int, ids map[string]string, do func(op *huma.Operation, c call)) {
	for _, path := range slices.Sorted(maps.Keys(x.api.Document().Paths)) {
		for _, op := range operationsOf(x.api.Document().Paths[path]) {
			if op.Responses[strconv.Itoa(status)] != nil {
				do(op, call{name: op.OperationID, as: callerOf(op), do: op.Method + " " + at(op.Path, ids), body: sample[op.OperationID], want: status})
			}
		}
	}
}

// callerOf is somebody who may call an operation, wherever it leads.
func callerOf(op *huma.Operation) string {
	switch {
	case len(op.Security) == 0:
		return ""
	case op.Security[0]["guest"] != nil:
		return "guest/ses"
	}
	return "hal"
}

// at fills the parameters of a path: with the ids given, else with such as lead nowhere.
func at(path string, ids map[string]string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			if parts[i] = ids[part]; parts[i] == "" {
				parts[i] = "nothing"
			}
		}
	}
	return strings.Join(parts, "/")
}

// statuses are those that many operations answer for one reason.
var statuses = map[string]func(t *testing.T) *server{
	"200 201 202 204":       successes,
	"304":                   notModified,
	"400 403 413 415 422":   refusals,
	"401":                   unauthorized,
	"404":                   missing,
	"412":                   changedMeanwhile,
	"429":                   tooMany,
	"500":                   faults,
	"503":                   stopped,
	"503 of a full storage": full,
}

func successes(t *testing.T) *server {
	x := newServer(t)
	x.playAll(t)
	return x
}

// refusals are those of requests with which no operation begins.
func refusals(t *testing.T) *server {
	x := newServer(t)
	x.logInAll(t, "ana", "hal")
	x.open(t, "ses", "ana", "")
	x.program(t, "hal/reader", desk.SessionsRead)
	x.program(t, "hal/writer", desk.QueuesWrite)
	x.each(http.StatusBadRequest, nil, func(op *huma.Operation, c call) {
		if c.body == "" || op.RequestBody.Content["application/json"] == nil {
			c.do += "?x=%00"
		} else {
			c.body = "{"
		}
		c.code = "malformed"
		x.play(t, c)
	})
	x.each(http.StatusForbidden, nil, func(op *huma.Operation, c call) {
		switch scope := op.Extensions["x-scope"]; {
		case c.as == "":
			return // the rule of one operation alone
		case c.as == "guest/ses":
			c.as, c.headers = "", headers{"Cookie": "guest-$ses=" + x.tokens["guest/ses"], "Sec-Fetch-Site": "cross-site"}
		case scope == desk.SessionsRead:
			c.as = "hal/writer"
		default:
			c.as = "hal/reader"
		}
		c.code = "not_allowed"
		x.play(t, c)
	})
	x.each(http.StatusRequestEntityTooLarge, nil, func(op *huma.Operation, c call) {
		c.body, c.code = strings.Repeat(" ", int(op.MaxBodyBytes)), "too_large"
		x.play(t, c)
	})
	x.each(http.StatusUnsupportedMediaType, nil, func(op *huma.Operation, c call) {
		c.headers, c.code = headers{"Content-Type": "text/plain"}, "unsupported_media_type"
		x.play(t, c)
	})
	x.each(http.StatusUnprocessableEntity, nil, func(op *huma.Operation, c call) {
		c.code = "validation_failed"
		if op.RequestBody == nil {
			for media, body := range map[string]string{"text/plain": "x", "application/json": strings.Repeat(" ", int(op.MaxBodyBytes))} {
				c.body, c.headers = body, headers{"Content-Type": media}
				x.play(t, c)
			}
			c.body, c.headers = "", nil
		}
		c.do += "?nothing=1"
		x.play(t, c)
	})
	return x
}

// unauthorized asks by nobody, and by tokens of each kind that are no good any more.
func unauthorized(t *testing.T) *server {
	x := newServer(t)
	x.logInAll(t, "ana", "fay", "gus", "hal")
	x.open(t, "ses", "ana", "")
	x.program(t, "hal/late", desk.DirectoryRead)
	x.play(t,
		call{as: "gus", do: "DELETE /v1/me/consoles/current", want: 204},
		call{as: "hal", do: "PATCH /v1/reps/@fay", body: `{"disabled":true}`},
		call{as: "ana", do: "POST /v1/sessions/$ses/end"})
	x.tokens["nobody"] = "rdc_nobody"
	x.clock.Advance(desk.TokenLifetime)
	tokens := map[desk.Code]string{desk.NotLoggedIn: "", desk.TokenUnknown: "nobody", desk.TokenExpired: "hal/late", desk.ConsoleRevoked: "gus", desk.AccountDisabled: "fay"}
	x.each(http.StatusUnauthorized, nil, func(op *huma.Operation, c call) {
		if op.OperationID == "log-in" {
			x.play(t, refused("", c.do, `{"username":"ana","password":"wrong","device":{"platform":"script"}}`, desk.InvalidCredentials),
				refused("", c.do, `{"username":"fay","password":"correct horse","device":{"platform":"script"}}`, desk.AccountDisabled))
			return
		}
		for _, code := range codesOf(op) {
			who, is := tokens[code]
			if c.as == "guest/ses" && code == desk.TokenExpired {
				who = c.as
			}
			if is {
				x.play(t, refused(who, c.do, c.body, code))
			}
		}
	})
	return x
}

// codesOf are those that the contract names for an operation.
func codesOf(op *huma.Operation) []desk.Code {
	codes, _ := op.Extensions["x-problem-codes"].([]desk.Code)
	return codes
}

// missing asks for what is not there, in the path or in the body.
func missing(t *testing.T) *server {
	x := newServer(t)
	x.logInAll(t, "ana", "hal")
	x.open(t, "ses", "ana", "")
	bodies := map[string]string{
		"accept-next":           `{"team_id":"@nowhere"}`,
		"create-api-token":      `{"name":"Script","rep_id":"@nobody","scopes":["directory:read"]}`,
		"create-help-link":      `{"slug":"door","name":"Door","team_id":"@nowhere"}`,
		"create-issue":          `{"slug":"fax","title":"Fax","team_id":"@nowhere"}`,
		"create-portal":         `{"slug":"side","name":"Side","parent_id":"@nowhere"}`,
		"create-rep":            `{"username":"ivy","name":"Ivy","teams":[{"team_id":"@nowhere","role":"lead"}]}`,
		"create-session-key":    `{"portal_id":"@nowhere"}`,
		"create-support-button": `{"slug":"door","name":"Door","team_id":"@nowhere"}`,
		"create-team":           `{"slug":"phones","name":"Phones","waiting":{"after_seconds":60,"action":"overflow","overflow_team_id":"@nowhere"}}`,
		"enter":                 `{"portal_id":"@nowhere","issue_id":"@paper-jam","customer":{"name":"Jo Doe"}}`,
		"join-as-specialist":    `{"link_token":"nothing","name":"Mia"}`,
		"log-in":                `{"username":"ana","password":"correct horse","portal_id":"@nowhere","device":{"platform":"script"}}`,
		"look-up-code":          `{"link_token":"nothing"}`,
		"start-session":         `{"portal_id":"@nowhere","customer":{"name":"Jo Doe"}}`,
	}
	x.each(http.StatusNotFound, nil, func(op *huma.Operation, c call) {
		if body := bodies[op.OperationID]; body != "" {
			c.body = body
		} else if op.OperationID == "list-reps" {
			c.do += "?team_id=@nowhere"
		}
		c.code = "not_found"
		x.play(t, c)
	})
	return x
}

// everything makes one thing of each kind that paths lead to, and returns their ids.
func (x *server) everything(t *testing.T) map[string]string {
	x.logInAll(t, "ana", "ben/phone", "hal")
	x.load(t, `{support_buttons: [{slug: door, name: Door, team: printers}], help_links: [{slug: door, name: Door, team: printers}]}`)
	x.open(t, "ses", "ana", "")
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv/deliveries", save: "dlv=items.0.id"})
	x.do(t, call{as: "ben/phone", do: "POST /v1/invitations/$inv/accept"})
	x.seat(t, "seat", "ana", "ses", "Ben Okafor")
	x.program(t, "nobody/tok", desk.SessionsRead)
	return map[string]string{"{session_id}": "$ses", "{invitation_id}": "$inv", "{delivery_id}": "$dlv", "{attendee_id}": "$seat", "{api_token_id}": "$nobody_tok", "{console_id}": "current",
		"{rep_id}": "@ben", "{team_id}": "@printers", "{portal_id}": "@main", "{issue_id}": "@vpn", "{support_button_id}": "@door", "{help_link_id}": "@door"}
}

// byOwner has the owner of the session call what is about it.
func byOwner(c call) call {
	if strings.Contains(c.do, "$ses") {
		c.as = "ana"
	}
	return c
}

func notModified(t *testing.T) *server {
	x := newServer(t)
	x.each(http.StatusNotModified, x.everything(t), func(op *huma.Operation, c call) {
		c = byOwner(c)
		first := c
		first.name, first.want = "", http.StatusOK
		c.headers = headers{"If-None-Match": x.do(t, first).header.Get("ETag")}
		x.play(t, c)
	})
	return x
}

func changedMeanwhile(t *testing.T) *server {
	x := newServer(t)
	x.each(http.StatusPreconditionFailed, x.everything(t), func(op *huma.Operation, c call) {
		c = byOwner(c)
		c.headers, c.code = headers{"If-Match": `"999"`}, "changed_meanwhile"
		x.play(t, c)
	})
	return x
}
