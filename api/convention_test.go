package api_test

import (
	"testing"
)

// TestRevisions: the ETag is the rev (checked of every answer), and conditional requests are honoured.
func TestRevisions(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben")
	x.open(t, "ses", "ana", "")
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	for name, path := range map[string]string{"me": "/v1/me", "session": "/v1/sessions/$ses", "invitation": "/v1/invitations/$inv"} {
		tag := x.do(t, call{as: "ana", do: "GET " + path}).header.Get("ETag")
		x.play(t,
			call{name: name + " unchanged", as: "ana", do: "GET " + path, headers: headers{"If-None-Match": tag}, want: 304, answers: headers{"ETag": tag}},
			call{name: name + " of several", as: "ana", do: "GET " + path, headers: headers{"If-None-Match": `"0", W/` + tag}, want: 304},
			call{name: name + " of an older one", as: "ana", do: "GET " + path, headers: headers{"If-None-Match": `"0"`}, answers: headers{"ETag": tag}},
		)
	}
	x.play(t,
		call{name: "each change moves it", as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`, headers: headers{"If-Match": `"1"`}, answers: headers{"ETag": `"2"`}},
		call{name: "what changes nothing does not", as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`, answers: headers{"ETag": `"2"`}},
		call{name: "an older revision", as: "ana", do: "PATCH /v1/me", body: `{"busy":false}`, headers: headers{"If-Match": `"1"`}, want: 412, code: "changed_meanwhile"},
		call{as: "ana", do: "GET /v1/me", has: []string{`"busy":true`}},
		call{name: "a weak one, of a proxy", as: "ana", do: "PATCH /v1/me", body: `{"busy":false}`, headers: headers{"If-Match": `W/"2"`}, answers: headers{"ETag": `"3"`}},
		call{name: "any", as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`, headers: headers{"If-Match": `*`}},
		call{name: "a console", as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"name":"Desk"}`, headers: headers{"If-Match": `"77"`}, want: 412, code: "changed_meanwhile"},
		call{as: "ana", do: "GET /v1/me/consoles", hasNot: []string{"Desk"}},
		call{name: "an invitation that somebody declined", as: "ben", do: "POST /v1/invitations/$inv/decline", answers: headers{"ETag": `"2"`}},
		call{as: "ana", do: "GET /v1/invitations/$inv", headers: headers{"If-None-Match": `"1"`}, answers: headers{"ETag": `"2"`}},
	)
}

// TestRevisionMovesWithTheRights: what a cached answer shows must not outlive an import.
func TestRevisionMovesWithTheRights(t *testing.T) {
	x := newServer(t)
	tag := x.do(t, call{as: "ben", do: "GET /v1/me", hasNot: []string{"Network"}}).header.Get("ETag")
	x.load(t, `reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member, network: lead}}]`)
	x.do(t, call{as: "ben", do: "GET /v1/me", headers: headers{"If-None-Match": tag}, has: []string{"Network", `"permissions":[]`}})
}

// TestRevisionOfASessionMovesWithItsAttendees: get-session shows them, so a client that has it must learn of a change.
func TestRevisionOfASessionMovesWithItsAttendees(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	x.post(t, "/i/"+token, "answer=accept", nil)
	tag := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"expected":true`}}).header.Get("ETag")
	x.forget("dev")
	x.do(t, call{as: "dev", do: "GET /v1/me"})
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees", hasNot: []string{`"expected":true`}})
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", headers: headers{"If-None-Match": tag}, hasNot: []string{`"expected":true`}})
}

// TestLocationLeadsThere: what a creation names can be read.
func TestLocationLeadsThere(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben")
	started := x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"}}`, want: 201, save: "ses=session.id"})
	x.play(t,
		call{as: "ana", do: "GET " + started.header.Get("Location"), has: []string{`"id":"$ses"`}},
		call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
	invited := x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 201, save: "inv=id"})
	x.do(t, call{as: "ana", do: "GET " + invited.header.Get("Location"), has: []string{`"id":"$inv"`}})
	in := x.do(t, call{as: "", do: "POST /v1/consoles", body: sample["log-in"], want: 201})
	x.tokens["ana/new"] = in.at("token")
	x.do(t, call{as: "ana/new", do: "PATCH " + in.header.Get("Location"), body: `{"name":"Desk"}`, has: []string{`"current":true`}})
}

// TestNamesForIDs: where an id of a rep, team, portal or issue is taken, its unique name is too.
func TestNamesForIDs(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben", "dev")
	x.open(t, "ses", "ana", `,"portal_id":"@main"`)
	x.play(t,
		call{as: "ana", do: "GET /v1/sessions/$ses", save: "main=portal.id"},
		call{as: "ana", do: "GET /v1/sessions/$ses/share", save: "printers=teams.0.team.id jam=issues.0.id"},
		call{name: "a rep by name", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 201},
		call{name: "a rep by id", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"$dev"}`, want: 201},
		call{name: "a team by id", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"$printers"}`, want: 201},
		call{name: "an issue by id", as: "ana", do: "POST /v1/sessions/$ses/request-help", body: `{"issue_id":"$jam"}`, want: 201},
		call{name: "a portal by id", as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"portal_id":"$main"}`, has: []string{`"name":"Main"`}},
		call{name: "the console's portal by name", as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"portal_id":"@open"}`, has: []string{`"name":"Open"`}},
		call{name: "a text is cleared by nothing in it", as: "ana", do: "PATCH /v1/me/consoles/current", body: `{"portal_id":"","name":""}`, hasNot: []string{`"portal"`, `"name"`}},
		call{name: "the menu by name", as: "ana", do: "GET /v1/sessions/$ses/share?team_id=@printers"},
		call{name: "a portal in the menu", as: "ana", do: "GET /v1/sessions/$ses/share?portal_id=@open"},
		call{name: "a name without the sign", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"ben"}`, want: 404, code: "not_found"},
		call{name: "the id of something else", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"$printers"}`, want: 404, code: "not_found"},
		call{name: "only the sign", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@"}`, want: 404, code: "not_found"},
		call{name: "capitals", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@BEN"}`, want: 404, code: "not_found"},
	)
}

// TestUnknownThings are refused by name, and for a lenient client ignored by name.
func TestUnknownThings(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben")
	x.open(t, "ses", "ana", "")
	lenient := headers{"Prefer": "handling=lenient"}
	x.play(t,
		call{name: "a field", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo","nick":"J"},"colour":"red"}`, want: 422, code: "validation_failed", fields: "colour:unknown_field customer.nick:unknown_field"},
		call{name: "a field, in capitals", as: "ana", do: "PATCH /v1/me", body: `{"Busy":true}`, want: 422, code: "validation_failed", fields: "Busy:unknown_field"},
		call{name: "a field of an action without a body", as: "ana", do: "POST /v1/sessions/$ses/accept", body: `{"force":true}`, want: 422, code: "validation_failed", fields: "force:unknown_field"},
		call{name: "a parameter", as: "ana", do: "GET /v1/sessions?owner=me", want: 422, code: "validation_failed", fields: "query.owner:unknown_parameter"},
		call{name: "a parameter of another operation", as: "ana", do: "GET /v1/sessions/$ses?limit=5", want: 422, code: "validation_failed", fields: "query.limit:unknown_parameter"},
		call{name: "lenient: fields", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo","nick":"J"},"colour":"red"}`, headers: lenient, want: 201, answers: headers{"Ignored-Parameters": "colour, customer.nick"}, has: []string{`"name":"Jo"`}},
		call{name: "lenient: parameters", as: "ana", do: "GET /v1/sessions?owner=me&limit=1", headers: lenient, answers: headers{"Ignored-Parameters": "query.owner"}},
		call{name: "lenient: what is known is still checked", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":""},"colour":"red"}`, headers: lenient, want: 422, code: "validation_failed", fields: "customer.name:empty"},
		call{name: "lenient: an action without a body", as: "ana", do: "POST /v1/sessions/$ses/accept", body: `{"force":true}`, headers: lenient, answers: headers{"Ignored-Parameters": "force"}},
		call{name: "lenient: nothing to ignore", as: "ana", do: "GET /v1/me", headers: lenient, answers: headers{"Ignored-Parameters": ""}},
		call{name: "null is as good as left out", as: "ana", do: "PATCH /v1/me", body: `{"busy":null,"locale":null}`, answers: headers{"ETag": `"1"`}, has: []string{`"locale":"en"`}},
		call{name: "where something is needed, it is not there", as: "ana", do: "POST /v1/sessions", body: `{"customer":null}`, want: 422, code: "validation_failed"},
		call{name: "nor inside", as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":null}}`, want: 422, code: "validation_failed"},
	)
}

// TestActionsThatStandAlready answer 200 again to the same caller.
func TestActionsThatStandAlready(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben/phone", "cho")
	x.open(t, "ses", "ana", "")
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	x.invite(t, "two", "ana", "ses", `{"rep_id":"@cho"}`)
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv/deliveries", save: "dlv=items.0.id"})
	for _, c := range []call{
		{as: "ana", do: "POST /v1/sessions/$ses/accept"},
		{as: "ben/phone", do: "POST /v1/deliveries/$dlv/ack", body: `{"state":"opened"}`, has: []string{`"state":"opened"`}},
		{as: "ben/phone", do: "POST /v1/deliveries/$dlv/ack", body: `{"state":"received"}`, has: []string{`"state":"opened"`}},
		{as: "ben/phone", do: "POST /v1/invitations/$inv/accept", has: []string{`"state":"accepted"`}},
		{as: "cho", do: "POST /v1/invitations/$two/decline", has: []string{`"state":"declined"`}},
		{as: "ana", do: "POST /v1/sessions/$ses/end", has: []string{`"state":"ended"`}},
	} {
		first := x.do(t, c)
		again := x.do(t, c)
		for _, rev := range []string{"rev", "invitation.rev", "session.rev"} {
			if first.at(rev) != again.at(rev) {
				t.Errorf("%s: %s %s became %s", c.do, rev, first.at(rev), again.at(rev))
			}
		}
	}
}

// TestMethodsAndPaths that are not there.
func TestMethodsAndPaths(t *testing.T) {
	x := newServer(t)
	x.play(t,
		call{name: "an unknown path", as: "ana", do: "GET /v1/nothing", want: 404, code: "not_found"},
		call{name: "without a token too", do: "GET /v1/nothing", want: 404, code: "not_found"},
		call{name: "a slash at the end", as: "ana", do: "GET /v1/me/", want: 404, code: "not_found"},
		call{name: "another method", as: "ana", do: "DELETE /v1/sessions", want: 405, code: "method_not_allowed", answers: headers{"Allow": "GET, HEAD, POST"}},
		call{name: "an unknown method", as: "ana", do: "BREW /v1/me", want: 405, code: "method_not_allowed"},
		call{name: "OPTIONS", do: "OPTIONS /v1/me", want: 405, code: "method_not_allowed"},
		call{name: "a form that nobody gives", as: "ana", do: "GET /v1/me", headers: headers{"Accept": "text/csv"}, want: 200},
		call{name: "healthy", do: "GET /healthz", has: []string{"ok"}},
		call{name: "ready", do: "GET /readyz", has: []string{"ready"}},
	)
}
