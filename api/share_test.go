package api_test

import (
	"net/url"
	"testing"
)

// TestMenuUnchanged: the menu has no revision, so its ETag is made of what it says.
func TestMenuUnchanged(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben", "dev")
	x.open(t, "ses", "ana", `,"portal_id":"@main"`)
	x.invite(t, "inv", "ana", "ses", `{"team_id":"@printers"}`)
	for _, path := range []string{"/v1/sessions/$ses/share", "/v1/sessions/$ses/share?team_id=@printers", "/v1/sessions/$ses/share?for=transfer"} {
		tag := x.do(t, call{as: "ana", do: "GET " + path}).header.Get("ETag")
		x.play(t,
			call{name: "unchanged", as: "ana", do: "GET " + path, headers: headers{"If-None-Match": tag}, want: 304, answers: headers{"ETag": tag}},
			call{name: "made weak by a proxy", as: "ana", do: "GET " + path, headers: headers{"If-None-Match": `"1", W/` + tag}, want: 304},
		)
	}
	menu := call{as: "ana", do: "GET /v1/sessions/$ses/share"}
	tag := x.do(t, menu).header.Get("ETag")
	for _, change := range []call{
		{name: "an invitation", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@dev"}`, want: 201},
		{name: "a presence", as: "ben", do: "PATCH /v1/me", body: `{"busy":true}`},
		{name: "a decline", as: "ben", do: "POST /v1/invitations/$inv/decline"},
		{name: "a log-out", as: "dev", do: "DELETE /v1/me/consoles/current", want: 204},
	} {
		x.do(t, change)
		menu.headers = headers{"If-None-Match": tag}
		now := x.do(t, menu).header.Get("ETag")
		if now == tag || now == "" {
			t.Errorf("after %s the ETag is %s, before %s", change.name, now, tag)
		}
		tag = now
	}
}

// TestMenuToTransfer: C6, with refusals of its own.
func TestMenuToTransfer(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben", "dev", "fay")
	x.open(t, "ses", "ana", `,"portal_id":"@main"`)
	x.open(t, "fays", "fay", `,"portal_id":"@open"`)
	x.play(t,
		call{as: "ana", do: "GET /v1/sessions/$ses/share?for=invite", has: []string{`"name":"Network"`, `"name":"Paper jam"`}},
		call{as: "ana", do: "GET /v1/sessions/$ses/share?for=transfer", has: []string{"Ben Okafor", `"issues":[]`, `"portals":[]`}, hasNot: []string{"Network"}},
		call{as: "ana", do: "GET /v1/sessions/$ses/share?for=transfer&team_id=@network", want: 403, code: "not_reachable"},
		call{as: "ana", do: "GET /v1/sessions/$ses/share?for=nothing", want: 422, code: "validation_failed", fields: "query.for:unknown_value"},
		call{name: "A7: another team", as: "fay", do: "GET /v1/sessions/$fays/share?team_id=@printers", want: 404, code: "not_found"},
		call{name: "A7: a portal, where all is shared", as: "fay", do: "GET /v1/sessions/$fays/share?portal_id=@open", want: 404, code: "not_found"},
		call{name: "A7: a search", as: "fay", do: "GET /v1/sessions/$fays/share?q=e", hasNot: []string{"Ben", "Dev", "Main"}},
	)
}

// TestMenuOfOtherTeamsInPages: A4, and a cursor is for the list that it was made for.
func TestMenuOfOtherTeamsInPages(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben", "dev", "fay")
	x.open(t, "ses", "ana", "")
	first := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/share?limit=1", has: []string{"Printers", "Network"}, hasNot: []string{"Acme"}, save: "more=next"})
	next := "/v1/sessions/$ses/share?limit=1&cursor=" + url.QueryEscape(first.at("next"))
	x.play(t,
		call{as: "ana", do: "GET " + next, has: []string{"Acme"}, hasNot: []string{`"mine":true`, `"name":"Network"`, "Ben Okafor", `"next"`}},
		call{name: "to transfer", as: "ana", do: "GET " + next + "&for=transfer", want: 422, code: "cursor_mismatch"},
		call{name: "of a team's reps", as: "ana", do: "GET " + next + "&team_id=@network", want: 422, code: "cursor_mismatch"},
	)
}
