package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// organization is what administration could have changed.
var organization = []call{{as: "hal", do: "GET /v1/organization"}, {as: "hal", do: "GET /v1/reps?limit=200"}, {as: "hal", do: "GET /v1/teams"}, {as: "hal", do: "GET /v1/portals"},
	{as: "hal", do: "GET /v1/issues"}, {as: "hal", do: "GET /v1/support-buttons"}, {as: "hal", do: "GET /v1/help-links"}, {as: "hal", do: "GET /v1/sessions"}}

// administration is an operation of administrators with a body that succeeds.
var administration = map[string]string{
	"list-reps": "", "create-rep": `{"username":"ivy","name":"Ivy"}`, "get-rep": "", "update-rep": `{"name":"Al"}`, "delete-rep": "", "set-rep-password": `{"new_password":"battery staple"}`,
	"list-rep-consoles": "", "revoke-console": "", "create-team": `{"slug":"phones","name":"Phones"}`, "update-team": `{"name":"Al"}`, "delete-team": "", "list-team-members": "",
	"set-team-member": `{"role":"member"}`, "remove-team-member": "", "create-portal": `{"slug":"side","name":"Side"}`, "update-portal": `{"name":"Al"}`, "delete-portal": "",
	"create-issue": `{"slug":"fax","title":"Fax","team_id":"@printers"}`, "update-issue": `{"title":"Al"}`, "delete-issue": "",
	"list-support-buttons": "", "create-support-button": `{"slug":"door2","name":"Door","team_id":"@printers"}`, "get-support-button": "", "update-support-button": `{"name":"Al"}`, "delete-support-button": "",
	"list-help-links": "", "create-help-link": `{"slug":"door2","name":"Door","team_id":"@printers"}`, "get-help-link": "", "update-help-link": `{"name":"Al"}`, "delete-help-link": "",
	"list-api-tokens": "", "create-api-token": `{"name":"Script","scopes":["directory:read"]}`, "get-api-token": "", "update-api-token": `{"name":"Al"}`, "delete-api-token": "",
	"reassign-session": `{"rep_id":"@ana"}`, "import-organization": "teams: []", "export-organization": "",
}

// TestI3OthersMayNot: who does not administer is refused alike, whether the thing is there or not, and nothing comes of it.
func TestI3OthersMayNot(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "eli", "fay", "hal")
		x.load(t, `{support_buttons: [{slug: door, name: Door, team: printers}], help_links: [{slug: door, name: Door, team: printers}]}`)
		x.open(t, "ses", "ana", "")
		there := strings.NewReplacer("{rep_id}", "@ana", "{team_id}", "@printers", "{portal_id}", "@main", "{issue_id}", "@vpn", "{support_button_id}", "@door", "{help_link_id}", "@door", "{session_id}", x.saved["ses"], "{console_id}", "con_x", "{api_token_id}", "tok_x")
		missing := strings.NewReplacer("{rep_id}", "@nobody", "{team_id}", "@nowhere", "{portal_id}", "@nowhere", "{issue_id}", "@nowhere", "{support_button_id}", "@nothing", "{help_link_id}", "@nothing", "{session_id}", "ses_x", "{console_id}", "con_x", "{api_token_id}", "tok_x")
		calls := []call{}
		for path, item := range x.api.Document().Paths {
			for method, op := range operationsOf(item) {
				body, listed := administration[op.OperationID]
				if slices.Contains(op.Tags, "Administration") != listed {
					t.Errorf("%s: is it for administrators?", op.OperationID)
				}
				if !listed {
					continue
				}
				for _, who := range []string{"ana", "eli", "fay"} { // a lead, a manager, of an embassy
					for _, names := range []*strings.Replacer{there, missing} {
						calls = append(calls, call{name: op.OperationID, as: who, do: method + " " + names.Replace(path), body: body, want: 403, code: "not_allowed", hasNot: []string{"Ruiz", "Printers"}})
					}
				}
			}
		}
		if len(calls) < 6*30 {
			t.Errorf("only %d calls", len(calls))
		}
		x.refuses(t, organization, calls...)
	})
}

// TestI3NotThere: what an administrator names and is not there is a 404.
func TestI3NotThere(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ana")
		for _, id := range []string{"x", "ana", "@", "@@ana", "@ANA", "%20", "rep_", "@%25", "@%E2%80%AE", "team_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"} {
			for path, item := range x.api.Document().Paths {
				for method, op := range operationsOf(item) {
					at := strings.Index(path, "{")
					if body, listed := administration[op.OperationID]; listed && at > 0 {
						x.do(t, call{as: "hal", do: method + " " + savedPath(path, id), body: body, want: 404, code: "not_found"})
					}
				}
			}
		}
	})
}

// savedPath has an id in place of each parameter.
func savedPath(path, id string) string {
	for strings.Contains(path, "{") {
		from, to := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:from] + id + path[to+1:]
	}
	return path
}

// TestI3BadInput leaves no trace.
func TestI3BadInput(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ana")
		x.load(t, `{support_buttons: [{slug: door, name: Door, team: printers}]}`)
		wrong := func(name, do, body, fields string) call {
			return call{name: name, as: "hal", do: do, body: body, want: 422, code: "validation_failed", fields: fields}
		}
		lost := func(name, do, body string) call {
			return call{name: name, as: "hal", do: do, body: body, want: 404, code: "not_found"}
		}
		x.refuses(t, organization,
			wrong("a user name that is taken", "POST /v1/reps", `{"username":"ana","name":"Al"}`, "username:taken"),
			wrong("a user name in capitals", "POST /v1/reps", `{"username":"Ivy","name":"Al"}`, "username:pattern"),
			wrong("a user name with a sign", "POST /v1/reps", `{"username":"@ivy","name":"Al"}`, "username:pattern"),
			wrong("no name", "POST /v1/reps", `{"username":"ivy","name":""}`, "name:empty"),
			wrong("an address with a name", "POST /v1/reps", `{"username":"ivy","name":"Ivy","email":"Ivy <ivy@example.com>"}`, "email:email"),
			wrong("an address of two lines", "PATCH /v1/reps/@ana", `{"email":"ana@example.com\r\nBcc: x@example.com"}`, "email:control_character"),
			wrong("a short password", "POST /v1/reps", `{"username":"ivy","name":"Ivy","password":"short"}`, "password:too_short"),
			wrong("a short new password", "PUT /v1/reps/@ana/password", `{"new_password":"short"}`, "new_password:too_short"),
			wrong("an unknown permission", "PATCH /v1/reps/@ana", `{"permissions":["fly"]}`, "permissions[0]:enum"),
			wrong("an unknown role", "PATCH /v1/reps/@ana", `{"role":"king"}`, "role:unknown_value"),
			wrong("an unknown zone", "PATCH /v1/reps/@ana", `{"time_zone":"Mars/Olympus"}`, "time_zone:unknown"),
			wrong("a team twice", "PATCH /v1/reps/@ana", `{"teams":[{"team_id":"@network","role":"lead"},{"team_id":"@network","role":"member"}]}`, "teams[1].team_id:duplicate"),
			wrong("a name that never changes", "PATCH /v1/reps/@ana", `{"username":"anna"}`, "username:unknown_field"),
			lost("a rep's team that is not there", "PATCH /v1/reps/@ana", `{"teams":[{"team_id":"@nowhere","role":"lead"}]}`),
			wrong("a slug that is taken", "POST /v1/teams", `{"slug":"printers","name":"Al"}`, "slug:taken"),
			wrong("a slug with spaces", "POST /v1/teams", `{"slug":"a b","name":"Al"}`, "slug:pattern"),
			wrong("a rule of no action", "POST /v1/teams", `{"slug":"phones","name":"Al","waiting":{"after_seconds":60}}`, "waiting.action:enum"),
			wrong("a rule that leads to itself", "PATCH /v1/teams/@printers", `{"waiting":{"after_seconds":60,"action":"overflow","overflow_team_id":"@printers"}}`, "waiting.overflow_team_id:same_team"),
			wrong("a rule that leads nowhere", "PATCH /v1/teams/@printers", `{"waiting":{"after_seconds":60,"action":"overflow"}}`, "waiting.overflow_team_id:empty"),
			lost("a rule that leads to what is not there", "PATCH /v1/teams/@printers", `{"waiting":{"after_seconds":60,"action":"overflow","overflow_team_id":"@nowhere"}}`),
			wrong("a team role", "PUT /v1/teams/@printers/members/@eli", `{"role":"boss"}`, "role:unknown_value"),
			lost("who is no member", "DELETE /v1/teams/@printers/members/@eli", ""),
			wrong("a portal that is taken", "POST /v1/portals", `{"slug":"main","name":"Al"}`, "slug:taken"),
			wrong("a portal above itself", "PATCH /v1/portals/@main", `{"parent_id":"@open"}`, "parent_id:cycle"),
			wrong("a setting out of its bounds", "PATCH /v1/portals/@main", `{"max_invited_reps":8}`, "max_invited_reps:range"),
			wrong("a mode that is none", "PATCH /v1/portals/@main", `{"modes":["fax"]}`, "modes[0]:enum"),
			wrong("a setting that is none", "PATCH /v1/portals/@main", `{"inherit":["colour"]}`, "inherit[0]:unknown"),
			wrong("a setting given and given back", "PATCH /v1/portals/@main", `{"sharing":"off","inherit":["sharing"]}`, "inherit:given_too"),
			wrong("an address that is none", "PATCH /v1/portals/@main", `{"unavailable_url":"javascript:alert(1)"}`, "unavailable_url:url"),
			lost("a fallback team that is not there", "PATCH /v1/portals/@main", `{"fallback_team":"nowhere"}`),
			lost("a parent that is not there", "POST /v1/portals", `{"slug":"side","name":"Al","parent_id":"@nowhere"}`),
			wrong("an issue that is taken", "POST /v1/issues", `{"slug":"vpn","title":"Al","team_id":"@network"}`, "slug:taken"),
			lost("an issue of no team", "POST /v1/issues", `{"slug":"fax","title":"Al","team_id":"@nowhere"}`),
			lost("an issue of no portal", "PATCH /v1/issues/@vpn", `{"portal_ids":["@nowhere"]}`),
			lost("an issue of a portal without a name", "PATCH /v1/issues/@vpn", `{"portal_ids":[""]}`),
			lost("an issue open to no team", "PATCH /v1/issues/@vpn", `{"help_team_ids":["@nowhere"]}`),
			wrong("a button that is taken", "POST /v1/support-buttons", `{"slug":"door","name":"Al","team_id":"@printers"}`, "slug:taken"),
			call{name: "a button for nobody", as: "hal", do: "POST /v1/support-buttons", body: `{"slug":"gate","name":"Al"}`, want: 422, code: "one_target_needed"},
			call{name: "a button for two", as: "hal", do: "POST /v1/support-buttons", body: `{"slug":"gate","name":"Al","team_id":"@printers","rep_id":"@ana"}`, want: 422, code: "one_target_needed"},
			call{name: "a button for nobody any more", as: "hal", do: "PATCH /v1/support-buttons/@door", body: `{"team_id":""}`, want: 422, code: "one_target_needed"},
			lost("a button for nobody there", "POST /v1/help-links", `{"slug":"gate","name":"Al","rep_id":"@nobody"}`),
			wrong("a code of one's own", "POST /v1/help-links", `{"slug":"gate","name":"Al","rep_id":"@ana","code":"AAAAAAAAAAAAAAAA"}`, "code:unknown_field"),
			wrong("a long icon", "PATCH /v1/support-buttons/@door", `{"icon":"`+strings.Repeat("x", 201)+`"}`, "icon:too_long"),
			wrong("a priority", "PATCH /v1/support-buttons/@door", `{"priority":101}`, "priority:too_large"),
		)
	})
}

// TestI3NamesAreKeptOrRefused: nobody's script is broken, and nobody's screen.
func TestI3NamesAreKeptOrRefused(t *testing.T) {
	kept := []string{"\u200fمرحبا\u200e", "O’Brien 👩‍🔧", "e\u0301\u0323lan", " Ana ", "日本語", strings.Repeat("é", 200), "<b>&amp;</b>", `"quoted" \ back`, "a\u202eb"}
	refused := []string{"", " ", strings.Repeat(" ", 10_000), "\u200f", "\u0301", "\u3164", "\u2800", "\u00a0\u2003", strings.Repeat("é", 201), "a\nb", "a\u2028b", "a\u0007b", "x" + strings.Repeat(" ", 10_000)}
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal")
		makes := map[string]string{"reps": `{"username":%q,"name":%q}`, "teams": `{"slug":%q,"name":%q}`, "portals": `{"slug":%q,"name":%q}`, "issues": `{"slug":%q,"title":%q,"team_id":"@printers"}`,
			"support-buttons": `{"slug":%q,"name":%q,"rep_id":"@ana"}`, "help-links": `{"slug":%q,"name":%q,"team_id":"@printers"}`}
		for path, body := range makes {
			field := "name"
			if path == "issues" {
				field = "title"
			}
			for i, name := range kept {
				a := x.send(t, "POST", "/v1/"+path, x.auth(t, "hal"), withName(body, fmt.Sprint("kept-", i), name), nil)
				if a.status != http.StatusCreated || a.at(field) != name {
					t.Errorf("%s %q: %d %s", path, name, a.status, a.text)
				}
			}
			for i, name := range refused {
				a := x.send(t, "POST", "/v1/"+path, x.auth(t, "hal"), withName(body, fmt.Sprint("refused-", i), name), nil)
				if a.status != http.StatusUnprocessableEntity || !strings.HasPrefix(fieldsOf(a), field+":") {
					t.Errorf("%s %q: %d %s", path, name, a.status, a.text)
				}
			}
		}
		exported := x.do(t, call{as: "hal", do: "GET /v1/organization", hasNot: []string{"refused-"}})
		x.do(t, call{name: "and the file keeps them", as: "hal", do: "PUT /v1/organization", body: exported.text, has: []string{`"created":[]`, `"changed":[]`}})
	})
}

func withName(body, slug, name string) string {
	quoted, _ := json.Marshal(name) // a text always can be
	return strings.Replace(strings.Replace(body, "%q", `"`+slug+`"`, 1), "%q", string(quoted), 1)
}

// TestI3IfMatch: of two who change a thing at once, the second learns of it.
func TestI3IfMatch(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal")
		x.load(t, `{support_buttons: [{slug: door, name: Door, team: printers}], help_links: [{slug: door, name: Door, team: printers}]}`)
		for path, body := range map[string]string{"reps/@ana": `{"name":"Al"}`, "teams/@printers": `{"name":"Al"}`, "portals/@main": `{"name":"Al"}`, "issues/@vpn": `{"title":"Al"}`,
			"support-buttons/@door": `{"name":"Al"}`, "help-links/@door": `{"name":"Al"}`} {
			tag := x.do(t, call{as: "hal", do: "GET /v1/" + path}).header.Get("ETag")
			x.play(t,
				call{as: "hal", do: "GET /v1/" + path, headers: headers{"If-None-Match": tag}, want: 304},
				call{as: "hal", do: "PATCH /v1/" + path, body: `{}`, answers: headers{"ETag": tag}},
				call{name: path, as: "hal", do: "PATCH /v1/" + path, body: body, headers: headers{"If-Match": tag}, has: []string{`"Al"`}},
				call{name: path + ", the second", as: "hal", do: "PATCH /v1/" + path, body: strings.Replace(body, "Al", "Bo", 1), headers: headers{"If-Match": tag}, want: 412, code: "changed_meanwhile"},
				call{as: "hal", do: "GET /v1/" + path, headers: headers{"If-None-Match": tag}, has: []string{`"Al"`}})
		}
		x.load(t, `{portals: [{slug: spare, name: Spare}], teams: [{slug: spare, name: Spare}], reps: [{username: spare, name: Spare}], issues: [{slug: spare, title: Spare, team: network}]}`)
		for path, body := range map[string]string{"reps/@spare": `{"name":"Al"}`, "teams/@spare": `{"name":"Al"}`, "portals/@spare": `{"name":"Al"}`, "issues/@spare": `{"title":"Al"}`,
			"support-buttons/@door": `{"name":"Bo"}`, "help-links/@door": `{"name":"Bo"}`} {
			before := x.do(t, call{as: "hal", do: "GET /v1/" + path}).header.Get("ETag")
			now := x.do(t, call{as: "hal", do: "PATCH /v1/" + path, body: body}).header.Get("ETag")
			x.play(t,
				call{name: path + ", deleted as it was", as: "hal", do: "DELETE /v1/" + path, headers: headers{"If-Match": before}, want: 412, code: "changed_meanwhile"},
				call{name: path + ", deleted as it is", as: "hal", do: "DELETE /v1/" + path, headers: headers{"If-Match": now}, want: 204})
		}
	})
}

// TestI3InUse: what something hangs on is not deleted, and the refusal says what.
func TestI3InUse(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ana", "ben", "dev")
		x.load(t, `
teams: [{slug: over, name: Over}, {slug: flows, name: Flows, waiting: {after_seconds: 60, action: overflow, overflow_team: over}}, {slug: falls, name: Falls}, {slug: helps, name: Helps}, {slug: pressed, name: Pressed}, {slug: stood, name: Stood, persistent: true}]
portals: [{slug: fell, name: Fell, fallback_team: falls}, {slug: chosen, name: Chosen}, {slug: pressed, name: Pressed}, {slug: desk, name: Desk}]
issues: [{slug: fax, title: Fax, team: network, help_teams: [helps], portals: [chosen]}, {slug: pressed, title: Pressed, team: network}]
reps: [{username: pressed, name: Pressed}]
support_buttons: [{slug: a, name: A, team: pressed, portal: pressed, issue: pressed}]
help_links: [{slug: b, name: B, rep: pressed}]
`)
		x.open(t, "ses", "ana", `,"portal_id":"@open","issue_id":"@paper-jam"`)
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"team_id":"@stood","customer":{"name":"Jo"}}`, want: 201, save: "waits=session.id"})
		x.logInUnder(t, "dev", "@desk")
		used := func(path, kind, detail string) call {
			return call{name: path, as: "hal", do: "DELETE /v1/" + path, want: 409, code: "in_use", has: []string{`"conflict":{"kind":"` + kind + `","id":"`, detail, "disable it instead"}}
		}
		x.refuses(t, organization,
			used("reps/@ana", "session", "1 session, 1 invitation"),
			used("reps/@ben", "invitation", "1 invitation;"),
			used("reps/@pressed", "help_link", "1 help link;"),
			used("teams/@printers", "issue", "1 issue, 3 members"),
			used("teams/@over", "team", "1 team that overflows to it"),
			used("teams/@falls", "portal", "1 portal whose fallback it is"),
			used("teams/@helps", "issue", "1 issue open to it"),
			used("teams/@pressed", "support_button", "1 support button"),
			used("teams/@stood", "session", "1 waiting session;"),
			used("portals/@main", "portal", "3 portals below it"),
			used("portals/@open", "session", "1 session"),
			used("portals/@chosen", "issue", "1 issue of it"),
			used("portals/@pressed", "support_button", "1 support button"),
			used("portals/@desk", "console", "1 console logged in under it"),
			used("issues/@paper-jam", "session", "1 session"),
			used("issues/@pressed", "support_button", "1 support button"))
		x.play(t,
			call{as: "hal", do: "POST /v1/sessions/$waits/end"},
			used("teams/@stood", "session", "1 past session;"),
			call{name: "disabled instead", as: "hal", do: "PATCH /v1/teams/@stood", body: `{"disabled":true}`, has: []string{`"disabled":true`}},
			call{as: "ana", do: "GET /v1/teams/@stood", want: 404, code: "not_found"},
			call{name: "what nothing hangs on", as: "hal", do: "DELETE /v1/teams/@flows", want: 204},
			call{as: "hal", do: "DELETE /v1/teams/@flows", want: 404, code: "not_found"},
			call{name: "nothing overflows to it any more", as: "hal", do: "DELETE /v1/teams/@over", want: 204},
			call{as: "hal", do: "DELETE /v1/portals/@fell", want: 204},
			call{as: "hal", do: "DELETE /v1/teams/@falls", want: 204},
			call{as: "hal", do: "DELETE /v1/issues/@fax", want: 204},
			call{as: "hal", do: "DELETE /v1/teams/@helps", want: 204},
			call{as: "hal", do: "DELETE /v1/help-links/@b", want: 204},
			call{as: "hal", do: "DELETE /v1/reps/@pressed", want: 204},
			call{as: "hal", do: "GET /v1/reps/@pressed", want: 404, code: "not_found"},
			call{name: "the name is free", as: "hal", do: "POST /v1/reps", body: `{"username":"pressed","name":"Another"}`, want: 201})
	})
}

// TestI3DeletedRepsAreOut: an account that was in no session goes with its consoles and its places in teams.
func TestI3DeletedRepsAreOut(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ben", "cho/phone")
		x.play(t,
			call{as: "hal", do: "DELETE /v1/reps/@cho", want: 204},
			call{as: "cho/phone", do: "GET /v1/me", want: 401},
			call{as: "hal", do: "GET /v1/teams/@printers/members", hasNot: []string{"Cho"}},
			call{do: "POST /v1/consoles", body: `{"username":"cho","password":"correct horse","device":{"platform":"web"}}`, want: 401, code: "invalid_credentials"})
	})
}

// TestI3TheFileDoesTheSame: a desk that was made by hand, and one that was loaded, are the same.
func TestI3TheFileDoesTheSame(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal")
		x.play(t,
			call{as: "hal", do: "POST /v1/teams", body: `{"slug":"phones","name":"Phones","persistent":true,"waiting":{"after_seconds":60,"action":"overflow","overflow_team_id":"@network"}}`, want: 201},
			call{as: "hal", do: "POST /v1/teams", body: `{"slug":"vendor","name":"Vendor","embassy":true,"supervision":false}`, want: 201},
			call{as: "hal", do: "POST /v1/portals", body: `{"slug":"side","name":"Side","parent_id":"@main","modes":[],"lost_steps":["fallback_team"],"fallback_team":"@phones","chat_history_seconds":0}`, want: 201, has: []string{`"fallback_team":"phones"`}},
			call{as: "hal", do: "POST /v1/reps", body: `{"username":"ivy","name":"Ivy","public_name":"I","email":"ivy@example.com","role":"administrator","permissions":["share_outside_teams"],"teams":[{"team_id":"@phones","role":"lead"}],"locale":"es","time_zone":"Europe/Madrid"}`, want: 201},
			call{as: "hal", do: "POST /v1/issues", body: `{"slug":"fax","title":"Fax","team_id":"@phones","request_help":true,"help_team_ids":["@printers","@network"],"portal_ids":["@side"]}`, want: 201},
			call{as: "hal", do: "POST /v1/support-buttons", body: `{"slug":"door","name":"Door","icon":"bell","portal_id":"@side","team_id":"@phones","issue_id":"@fax","priority":7}`, want: 201, save: "code=code"},
			call{as: "hal", do: "POST /v1/help-links", body: `{"slug":"way","name":"Way","rep_id":"@ivy","disabled":true}`, want: 201, save: "way=code"},
			call{as: "hal", do: "PUT /v1/teams/@phones/members/@ana", body: `{"role":"manager"}`},
			call{as: "hal", do: "DELETE /v1/teams/@printers/members/@ana", want: 204},
			call{as: "hal", do: "PATCH /v1/reps/@dev", body: `{"disabled":true}`})
		file := strings.NewReplacer("$CODE", x.saved["code"], "$WAY", x.saved["way"]).Replace(`
teams:
  - {slug: phones, name: Phones, persistent: true, waiting: {after_seconds: 60, action: overflow, overflow_team: network}}
  - {slug: vendor, name: Vendor, embassy: true, supervision: false}
portals:
  - {slug: side, name: Side, parent: main, modes: [], lost_steps: [fallback_team], fallback_team: phones, chat_history_seconds: 0}
reps:
  - {username: ivy, name: Ivy, public_name: I, email: ivy@example.com, role: administrator, permissions: [share_outside_teams], teams: {phones: lead}, locale: es, time_zone: Europe/Madrid}
  - {username: ana, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {phones: manager}, permissions: [share_outside_teams, extended_availability]}
  - {username: dev, name: Dev Patel, email: dev@example.com, teams: {network: member}, permissions: [extended_availability], disabled: true}
issues:
  - {slug: fax, title: Fax, team: phones, request_help: true, help_teams: [printers, network], portals: [side]}
support_buttons:
  - {slug: door, name: Door, icon: bell, portal: side, team: phones, issue: fax, priority: 7, code: $CODE}
help_links:
  - {slug: way, name: Way, rep: ivy, disabled: true, code: $WAY}
`)
		byHand := x.do(t, call{as: "hal", do: "GET /v1/organization"}).text
		x.do(t, call{name: "nothing is left to do", as: "hal", do: "PUT /v1/organization", body: file, headers: headers{"Content-Type": "application/yaml"}, has: []string{`"created":[]`, `"changed":[]`}})
		other := newServer(t)
		other.load(t, file)
		if loaded := other.do(t, call{as: "hal", do: "GET /v1/organization"}).text; loaded != byHand {
			t.Errorf("by hand %s\nloaded %s", byHand, loaded)
		}
	})
}

// TestI3ListReps pages and filters the accounts by name.
func TestI3ListReps(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal")
		x.load(t, `reps: [{username: zed, name: aNA under another name, disabled: true}]`)
		names := func(query string) string {
			var all []string
			cursor := ""
			for {
				page := x.do(t, call{as: "hal", do: "GET /v1/reps?limit=2" + query + cursor})
				all = append(all, page.items("username")...)
				if cursor = page.at("next"); cursor == "" {
					return strings.Join(all, " ")
				}
				cursor = "&cursor=" + cursor
			}
		}
		for query, want := range map[string]string{"": "ana zed ben cho dev eli fay gus hal", "&q=ANA": "ana zed", "&q=ed": "zed", "&team_id=@printers": "ana ben cho", "&disabled=true": "zed",
			"&disabled=false&q=ana": "ana", "&q=%25": "", "&team_id=@acme&q=adl": "gus"} {
			if got := names(query); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		x.play(t,
			call{as: "hal", do: "GET /v1/reps?limit=1&q=ana", save: "next=next"},
			call{name: "a cursor of another filter", as: "hal", do: "GET /v1/reps?limit=1&q=ben&cursor=$next", want: 422, code: "cursor_mismatch"},
			call{name: "a team that is not there", as: "hal", do: "GET /v1/reps?team_id=@nowhere", want: 404, code: "not_found"},
			call{as: "hal", do: "GET /v1/reps/@ana", has: []string{`"permissions":["extended_availability","share_outside_teams"]`, `"role":"lead"`, `"presence":"offline"`, `"disabled":false`}, hasNot: []string{"argon2", "password"}})
	})
}

// TestI3Passwords: a new password ends all consoles, and the lock.
func TestI3Passwords(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ben", "ben/phone")
		logIn := func(password string, want int, code string) call {
			return call{do: "POST /v1/consoles", body: `{"username":"ben","password":"` + password + `","device":{"platform":"web"}}`, want: want, code: code}
		}
		for range 20 {
			x.send(t, "POST", "/v1/consoles", "", `{"username":"ben","password":"wrong wrong","device":{"platform":"web"}}`, nil)
		}
		x.play(t,
			logIn("correct horse", 429, "too_many_attempts"),
			call{as: "hal", do: "PUT /v1/reps/@ben/password", body: `{"new_password":"battery staple"}`, want: 204},
			call{as: "ben", do: "GET /v1/me", want: 401, code: "console_revoked"},
			call{as: "ben/phone", do: "GET /v1/me", want: 401, code: "console_revoked"},
			logIn("correct horse", 401, "invalid_credentials"),
			logIn("battery staple", 201, ""))
	})
}

// TestI3RevokeConsole is a log-out by another hand: the last console of an owner stays unless forced (C9).
func TestI3RevokeConsole(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ben", "ana")
		x.open(t, "ses", "ben", "")
		x.play(t,
			call{as: "hal", do: "GET /v1/reps/@ben/consoles", save: "con=items.0.id", hasNot: []string{`"current":true`, "rdc_"}},
			call{name: "another's console", as: "hal", do: "DELETE /v1/reps/@ana/consoles/$con", want: 404, code: "not_found"},
			call{name: "the administrator's own is not meant", as: "hal", do: "DELETE /v1/reps/@ben/consoles/current", want: 404, code: "not_found"},
			call{as: "hal", do: "DELETE /v1/reps/@ben/consoles/$con", want: 409, code: "owner_must_hand_over", has: []string{"$ses"}},
			call{as: "ben", do: "GET /v1/me"},
			call{as: "hal", do: "DELETE /v1/reps/@ben/consoles/$con?force=true", want: 204},
			call{as: "ben", do: "GET /v1/me", want: 401, code: "console_revoked"},
			call{as: "hal", do: "GET /v1/sessions/$ses", has: []string{`"owner_lost"`}})
	})
}

// TestG6AdministratorsSwitchOn: where the rep could.
func TestG6AdministratorsSwitchOn(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ben")
		at := x.cursor(t, "ben")
		on := `{"extended_availability":true}`
		x.play(t,
			call{name: "without the permission", as: "hal", do: "PATCH /v1/reps/@fay", body: on, want: 403, code: "not_allowed"},
			call{name: "without an address", as: "hal", do: "PATCH /v1/reps/@eli", body: `{"extended_availability":true,"permissions":["extended_availability"]}`, want: 409, code: "email_missing"},
			call{name: "nothing of it was kept", as: "hal", do: "GET /v1/reps/@eli", has: []string{`"permissions":[]`}},
			call{as: "hal", do: "PATCH /v1/reps/@ben", body: on, has: []string{`"extended_availability":true`}},
			call{as: "ben", do: "GET /v1/event-log?after=" + at, has: []string{`"me.changed"`, `"extended_availability":true`}})
		if job := x.send1(t, desk.ChannelEmail); job.Purpose != desk.PurposeExtendedAvailability || job.By == nil || job.By.Name != "Hal Moss" {
			t.Errorf("the email that confirms it is %+v", job)
		}
	})
}

// TestG6AdministratorsSwitchOff: extended availability, and the rep is told.
func TestG6AdministratorsSwitchOff(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ben")
		x.do(t, call{as: "ben", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
		at := x.cursor(t, "ben")
		tag := x.do(t, call{as: "hal", do: "GET /v1/reps/@ben", has: []string{`"extended_availability":true`}}).header.Get("ETag")
		x.play(t,
			call{as: "hal", do: "PATCH /v1/reps/@ben", body: `{"extended_availability":false}`, headers: headers{"If-Match": tag}, has: []string{`"extended_availability":false`}},
			call{as: "ben", do: "GET /v1/event-log?after=" + at, has: []string{`"me.changed"`, `"extended_availability":false`}},
			call{as: "hal", do: "PATCH /v1/reps/@ben", body: `{"extended_availability":false}`, headers: headers{"If-Match": tag}, want: 412, code: "changed_meanwhile"})
	})
}

// TestB20MembershipByHand: whoever comes to a team gains what stands there, and is told; whoever leaves it loses it.
func TestB20MembershipByHand(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ana", "ben", "eli")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"team_id":"@printers"}`)
		elis, bens := x.cursor(t, "eli"), x.cursor(t, "ben")
		x.play(t,
			call{as: "hal", do: "PUT /v1/teams/@printers/members/@eli", body: `{"role":"lead"}`, has: []string{`"role":"lead"`}},
			call{as: "eli", do: "GET /v1/event-log?after=" + elis, has: []string{"invitation.created", "$inv", "me.changed"}},
			call{as: "eli", do: "GET /v1/me/invitations", has: []string{"$inv"}},
			call{as: "hal", do: "DELETE /v1/teams/@printers/members/@ben", want: 204},
			call{as: "ben", do: "GET /v1/event-log?after=" + bens, has: []string{"invitation.ended", "target_gone", "me.changed"}},
			call{as: "ben", do: "POST /v1/invitations/$inv/accept", want: 404, code: "not_found"},
			call{as: "hal", do: "DELETE /v1/teams/@printers/members/@ben", want: 404, code: "not_found"},
			call{name: "another role alone", as: "hal", do: "PUT /v1/teams/@printers/members/@eli", body: `{"role":"member"}`, has: []string{`"role":"member"`}},
			call{as: "eli", do: "GET /v1/me/invitations", has: []string{"$inv"}})
	})
}

// TestA4TheDirectory shows each their own teams, and others as the permission says.
func TestA4TheDirectory(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "fay", "hal", "dev")
		x.load(t, `{teams: [{slug: shut, name: Shut, disabled: true}], issues: [{slug: old, title: Old, team: printers, disabled: true}, {slug: field, title: Field, team: acme}]}`)
		x.play(t,
			call{name: "one's own", as: "ben", do: "GET /v1/teams", has: []string{"Printers", `"mine":true`}, hasNot: []string{"Network", "Acme", "Night", "Shut", "supervision", "persistent", "waiting", "disabled"}},
			call{name: "others with somebody there", as: "ana", do: "GET /v1/teams", has: []string{"Printers", "Network", "Acme"}, hasNot: []string{"Night", "Shut", "supervision"}},
			call{name: "A7", as: "fay", do: "GET /v1/teams", has: []string{"Acme"}, hasNot: []string{"Printers", "Network"}},
			call{name: "an administrator", as: "hal", do: "GET /v1/teams", has: []string{"Night", "Shut", `"disabled":true`, `"persistent":true`}},
			call{as: "ben", do: "GET /v1/teams/@network", want: 404, code: "not_found"},
			call{as: "ana", do: "GET /v1/teams/@network", has: []string{`"mine":false`}},
			call{as: "ana", do: "GET /v1/teams/@night", want: 404, code: "not_found"},
			call{as: "ana", do: "GET /v1/teams/@shut", want: 404, code: "not_found"},
			call{as: "fay", do: "GET /v1/teams/@printers", want: 404, code: "not_found"},
			call{as: "hal", do: "GET /v1/teams/@shut", has: []string{`"disabled":true`}},
			call{name: "issues in use", as: "ben", do: "GET /v1/issues", has: []string{"Paper jam", "VPN"}, hasNot: []string{"Old", "help_teams"}},
			call{name: "A7: of one's own teams", as: "fay", do: "GET /v1/issues", has: []string{"Field"}, hasNot: []string{"VPN", "Paper"}},
			call{as: "fay", do: "GET /v1/issues/@vpn", want: 404, code: "not_found"},
			call{as: "ben", do: "GET /v1/issues/@old", want: 404, code: "not_found"},
			call{as: "hal", do: "GET /v1/issues/@firewall", has: []string{`"help_teams":[{"id":"team_`, `"Network"`}},
			call{as: "hal", do: "GET /v1/issues", has: []string{"Old"}},
			call{as: "hal", do: "GET /v1/teams?limit=1", save: "next=next"},
			call{as: "hal", do: "GET /v1/teams?limit=1&cursor=$next", has: []string{"Network"}},
			call{as: "hal", do: "GET /v1/issues?limit=1", save: "next=next"},
			call{as: "hal", do: "GET /v1/issues?limit=1&cursor=$next", has: []string{"Firewall"}})
	})
}

// TestE2IssuesOfThePortal: customers choose among those of the portal, and of those above it.
func TestE2IssuesOfThePortal(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `issues: [{slug: vpn, title: VPN, team: network, portals: [open]}, {slug: internal, title: Internal, team: network, portals: [main]}]`)
		x.play(t,
			call{do: "GET /v1/public/portals/@open", has: []string{"VPN", "Internal", "Paper jam"}},
			call{do: "GET /v1/public/portals/@looking", has: []string{"Internal", "Paper jam"}, hasNot: []string{"VPN"}},
			call{do: "GET /v1/public/portals/@main", has: []string{"Internal"}, hasNot: []string{"VPN"}},
			call{as: "hal", do: "PATCH /v1/issues/@vpn", body: `{"portal_ids":[]}`, hasNot: []string{"portals"}},
			call{do: "GET /v1/public/portals/@main", has: []string{"VPN"}})
	})
}

// TestI3PortalsInherit: what a portal says no more, it has from above.
func TestI3PortalsInherit(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.play(t,
			call{as: "hal", do: "PATCH /v1/portals/@main", body: `{"max_invited_reps":2,"modes":["web"]}`, has: []string{`"max_invited_reps":2`}},
			call{as: "hal", do: "GET /v1/portals/@open", has: []string{`"max_invited_reps":2`, `"modes":["web"]`, `"sharing":"all"`}},
			call{as: "hal", do: "PATCH /v1/portals/@open", body: `{"inherit":["sharing"],"max_invited_reps":3}`, has: []string{`"max_invited_reps":3`, `"sharing":"teams"`}},
			call{as: "hal", do: "PATCH /v1/portals/@open", body: `{"parent_id":""}`, has: []string{`"modes":["web","queue","phone"]`}, hasNot: []string{"parent_id"}},
			call{as: "hal", do: "PATCH /v1/portals/@open", body: `{"disabled":true}`, has: []string{`"disabled":true`}},
			call{as: "ana", do: "GET /v1/portals/@open", want: 404, code: "not_found"},
			call{as: "ana", do: "GET /v1/portals", hasNot: []string{`"open"`}},
			call{as: "hal", do: "GET /v1/portals", has: []string{`"open"`}},
			call{as: "hal", do: "PATCH /v1/portals/@open", body: `{"disabled":false}`, hasNot: []string{"disabled"}},
			call{as: "ana", do: "GET /v1/portals/@open"})
	})
}

// TestE3Buttons have a code that nobody guesses and that never changes, on the portal's page.
func TestE3Buttons(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		codes := map[string]bool{}
		for i := range 20 {
			a := x.do(t, call{as: "hal", do: "POST /v1/support-buttons", body: fmt.Sprintf(`{"slug":"b%d","name":"B","rep_id":"@ana"}`, i), want: 201, has: []string{`"url":"/p/?button=`, `"name":"Ana Ruiz"`}})
			code := a.at("code")
			if codes[code] || len(code) != desk.EntranceCodeLength || strings.Trim(code, desk.EntranceAlphabet) != "" {
				t.Errorf("code %s", code)
			}
			codes[code] = true
			x.saved["code"] = code
		}
		x.play(t,
			call{as: "hal", do: "PATCH /v1/support-buttons/@b19", body: `{"name":"Bell","icon":"bell","portal_id":"@open","team_id":"@printers","issue_id":"@vpn","priority":9}`,
				has: []string{`"code":"$code"`, `"url":"/p/open?button=$code"`, `"Printers"`, `"VPN"`, `"priority":9`}, hasNot: []string{"Ana"}},
			call{as: "hal", do: "PATCH /v1/support-buttons/@b19", body: `{"portal_id":"","issue_id":"","rep_id":"@ben"}`, has: []string{"Ben Okafor"}, hasNot: []string{"VPN", "Printers", "portal"}},
			call{name: "E4: a link of the same name is another", as: "hal", do: "POST /v1/help-links", body: `{"slug":"b19","name":"Way","team_id":"@printers"}`, want: 201, has: []string{`"id":"lnk_`, "?link="}},
			call{as: "hal", do: "GET /v1/help-links", has: []string{`"slug":"b19"`}, hasNot: []string{`"slug":"b18"`}},
			call{as: "hal", do: "GET /v1/support-buttons?limit=19", save: "next=next"},
			call{as: "hal", do: "GET /v1/support-buttons?limit=19&cursor=$next", has: []string{"Bell"}, hasNot: []string{`"next"`}},
			call{name: "a cursor of the other kind", as: "hal", do: "GET /v1/help-links?cursor=$next", want: 422, code: "cursor_mismatch"})
	})
}

// TestI3Reassign gives a session that is stuck to a rep or to a team.
func TestI3Reassign(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ana", "ben/phone", "cho", "dev")
		x.open(t, "ses", "ana", "")
		x.open(t, "ended", "ana", "")
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ended/end"})
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		to := "POST /v1/sessions/$ses/reassign"
		x.refuses(t, inSession,
			call{name: "to nobody", as: "hal", do: to, body: `{}`, want: 422, code: "one_target_needed"},
			call{name: "to two", as: "hal", do: to, body: `{"rep_id":"@ben","team_id":"@network"}`, want: 422, code: "one_target_needed"},
			call{name: "to who is not logged in", as: "hal", do: to, body: `{"rep_id":"@eli"}`, want: 409, code: "rep_not_available"},
			call{name: "to a team with nobody there", as: "hal", do: to, body: `{"team_id":"@acme"}`, want: 409, code: "team_not_available"},
			call{name: "to who is not there", as: "hal", do: to, body: `{"rep_id":"@nobody"}`, want: 404, code: "not_found"},
			call{name: "what has ended", as: "hal", do: "POST /v1/sessions/$ended/reassign", body: `{"rep_id":"@ben"}`, want: 409, code: "session_not_active"})
		anas, bens := x.cursor(t, "ana"), x.cursor(t, "ben/phone")
		x.play(t,
			call{as: "hal", do: to, body: `{"rep_id":"@ben"}`, has: []string{`"state":"active"`, `"owner":{"id":"$ben","name":"Ben Okafor"}`, `"rep_count":1`}},
			call{name: "the same again", as: "hal", do: to, body: `{"rep_id":"@ben"}`, has: []string{`"owner":{"id":"$ben"`}},
			call{as: "ana", do: "GET /v1/event-log?after=" + anas, has: []string{`"reason":"reassigned"`, `"actor":{"id":"$hal","name":"Hal Moss"}`, "attendee.left"}},
			call{as: "ben/phone", do: "GET /v1/event-log?after=" + bens, has: []string{`"reason":"reassigned"`}},
			call{name: "B13", as: "cho", do: "GET /v1/invitations/$inv", has: []string{`"reason":"ownership_moved"`}},
			call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"state":"active"`}})
		if got := x.news(t); !slices.Equal(got, []string{"Ben Okafor moved_to_you"}) {
			t.Errorf("pushed: %v", got)
		}
		x.play(t,
			call{as: "hal", do: to, body: `{"team_id":"@network"}`, has: []string{`"state":"waiting"`, `"name":"Network"`, `"rep_count":0`}, hasNot: []string{`"owner":`}},
			call{as: "hal", do: to, body: `{"rep_id":"@cho"}`, has: []string{`"state":"waiting"`}, hasNot: []string{"Network"}},
			call{as: "dev", do: "POST /v1/sessions/$ses/accept", want: 404, code: "not_found"},
			call{as: "cho", do: "POST /v1/sessions/$ses/accept", has: []string{`"state":"active"`}})
		if got := x.news(t); !slices.Equal(got, []string{"Ben Okafor taken_over"}) {
			t.Errorf("pushed: %v", got)
		}
	})
}

// news takes the pushes that wait, and returns what those about a session itself tell.
func (x *server) news(t *testing.T) (told []string) {
	t.Helper()
	jobs, err := x.store.ClaimDeliveries(t.Context(), desk.ChannelFCM, 500, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs {
		if job.Purpose == desk.PurposeSession {
			told = append(told, job.Rep.Name+" "+job.Reason)
		}
	}
	return told
}

// TestI3EndByAnAdministrator ends what is stuck, waiting or active.
func TestI3EndByAnAdministrator(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ana", "ben")
		x.open(t, "ses", "ana", "")
		x.open(t, "hals", "hal", "")
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"team_id":"@printers","customer":{"name":"Jo"}}`, want: 201, save: "waits=session.id"})
		x.play(t,
			call{as: "ben", do: "POST /v1/sessions/$waits/end", want: 403, code: "not_session_owner"},
			call{as: "hal", do: "POST /v1/sessions/ses_x/end", want: 404, code: "not_found"},
			call{as: "hal", do: "POST /v1/sessions/$ses/end", body: `{"summary":"Stuck"}`, has: []string{`"end_reason":"ended_by_administrator"`, `"summary":"Stuck"`}},
			call{as: "hal", do: "POST /v1/sessions/$ses/end", has: []string{`"end_reason":"ended_by_administrator"`}},
			call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"state":"ended"`}},
			call{as: "hal", do: "POST /v1/sessions/$waits/end", has: []string{`"end_reason":"ended_by_administrator"`}},
			call{as: "hal", do: "POST /v1/sessions/$hals/end", has: []string{`"end_reason":"ended_by_owner"`}})
	})
}

// TestI3ClosedQueues: sessions that wait for a rep or a team that is disabled move on, or end and say why.
func TestI3ClosedQueues(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "hal", "ana", "ben", "dev")
		x.load(t, `portals: [{slug: falls, name: Falls, fallback_team: network}]`)
		start := func(name, more string) {
			x.tokens["guest/"+name] = x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"}` + more + `}`, want: 201, save: name + "=session.id"}).at("guest_token")
		}
		start("falls", `,"portal_id":"@falls","team_id":"@printers"`)
		start("ends", `,"team_id":"@printers"`)
		start("bens", `,"portal_id":"@falls","rep_id":"@ben"`)
		start("back", `,"team_id":"@network"`)
		devs, bens := x.cursor(t, "dev"), x.cursor(t, "ben")
		x.play(t,
			call{as: "hal", do: "POST /v1/sessions/$back/reassign", body: `{"team_id":"@printers"}`},
			call{as: "hal", do: "PATCH /v1/teams/@printers", body: `{"disabled":true}`},
			call{name: "the fallback team", as: "dev", do: "GET /v1/sessions/$falls", has: []string{`"state":"waiting"`, "Network"}},
			call{name: "the queue that it first entered", as: "dev", do: "GET /v1/sessions/$back", has: []string{`"state":"waiting"`, "Network"}},
			call{name: "nowhere", as: "hal", do: "GET /v1/sessions/$ends", has: []string{`"state":"ended"`, `"end_reason":"no_rep_available"`}},
			call{name: "the customer is told", as: "guest/ends", do: "GET /v1/guest/session", has: []string{`"state":"ended"`, `"end_reason":"no_rep_available"`}},
			call{as: "guest/falls", do: "GET /v1/guest/session", has: []string{`"state":"waiting"`}},
			call{name: "so are those in whose queue it stands, and those who lost it", as: "dev", do: "GET /v1/event-log?after=" + devs, has: []string{`"reason":"queue_closed"`, "$falls", "$back"}, hasNot: []string{"$ends"}},
			call{as: "ben", do: "GET /v1/event-log?after=" + bens, has: []string{`"reason":"no_rep_available"`, "$ends"}},
			call{as: "hal", do: "PATCH /v1/reps/@ben", body: `{"disabled":true}`},
			call{name: "of a rep", as: "dev", do: "GET /v1/sessions/$bens", has: []string{`"state":"waiting"`, "Network"}},
			call{as: "dev", do: "POST /v1/sessions/$falls/accept"},
			call{name: "an issue of a team out of use", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo"},"issue_id":"@paper-jam"}`, want: 404, code: "not_found"})
	})
}

// TestI3EntrancesInTheFile: a restored desk keeps its printed codes, and one that stands keeps its own.
func TestI3EntrancesInTheFile(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		yaml := headers{"Content-Type": "application/yaml"}
		put := func(name, file string, has ...string) call {
			return call{name: name, as: "hal", do: "PUT /v1/organization", body: file, headers: yaml, has: has}
		}
		wrong := func(name, file, fields string) call {
			c := put(name, file)
			c.want, c.code, c.fields = 422, "validation_failed", fields
			return c
		}
		x.play(t,
			put("with a code", `support_buttons: [{slug: door, name: Door, team: printers, code: ABCDEFGH23456789}]`, `"kind":"support_button","name":"door"`),
			put("another code", `support_buttons: [{slug: door, name: Gate, team: printers, code: BBBBBBBBBBBBBBBB}]`, `"fields":["name"]`),
			call{as: "hal", do: "GET /v1/support-buttons/@door", has: []string{`"code":"ABCDEFGH23456789"`, "Gate"}})
		x.refuses(t, organization,
			wrong("a code that is taken", `help_links: [{slug: way, name: Way, team: printers, code: ABCDEFGH23456789}]`, "help_links[0].code:taken"),
			wrong("a code twice", "{support_buttons: [{slug: a, name: A, team: printers, code: CCCCCCCCCCCCCCCC}], help_links: [{slug: b, name: B, team: printers, code: CCCCCCCCCCCCCCCC}]}", "help_links[0].code:taken"),
			wrong("a code that is none", `help_links: [{slug: way, name: Way, team: printers, code: short}]`, "help_links[0].code:pattern"),
			wrong("for nobody", `help_links: [{slug: way, name: Way}]`, "help_links[0].rep:one_needed"),
			wrong("for two", `help_links: [{slug: way, name: Way, rep: ana, team: printers}]`, "help_links[0].rep:one_needed"),
			wrong("for who is not there", `help_links: [{slug: way, name: Way, rep: nobody, issue: nothing, portal: nowhere}]`, "help_links[0].issue:unknown help_links[0].portal:unknown help_links[0].rep:unknown"),
			wrong("an issue of no portal", `issues: [{slug: vpn, title: VPN, team: network, portals: [nowhere]}]`, "issues[0].portals[0]:unknown"),
			wrong("twice", `help_links: [{slug: way, name: Way, rep: ana}, {slug: way, name: Way, rep: ana}]`, "help_links[1].slug:duplicate"))
	})
}

// TestTheAccountSaysWhatTheRepSays: what reps set of themselves stands in their account too.
func TestTheAccountSaysWhatTheRepSays(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.play(t,
			call{as: "hal", do: "GET /v1/reps/@ben", has: []string{`"alerts":{"transfers":true,"queue":true,"team_queues":"overdue","sessions":true,"messages":true}`}, hasNot: []string{"quiet_hours"}},
			call{as: "ben", do: "PATCH /v1/me", body: `{"specialists_may_share_screen":true,"alerts":{"messages":false},"quiet_hours":{"from":"22:00","to":"07:00"}}`})
		said := []string{`"specialists_may_share_screen":true,"alerts":{"transfers":true,"queue":true,"team_queues":"overdue","sessions":true,"messages":false},"quiet_hours":{"from":"22:00","to":"07:00"}`}
		x.play(t,
			call{as: "ben", do: "GET /v1/me", has: said},
			call{as: "hal", do: "GET /v1/reps/@ben", has: said},
			call{as: "hal", do: "GET /v1/reps?q=ben", has: said})
	})
}
