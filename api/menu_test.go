package api_test

import (
	"testing"
)

// TestA1Menu: one call gives all that the Share menu needs, to the session's owner alone.
func TestA1Menu(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "fay", "hal")
		x.open(t, "ses", "ana", `,"portal_id":"@looking"`)
		x.join(t, "ana", "ses", "cho", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben","comment":"Come"}`)
		menu := "GET /v1/sessions/$ses/share"
		x.play(t,
			call{as: "ana", do: menu, has: []string{`"name":"Paper jam"`, `"name":"Printers"`, `"name":"Ben Okafor"`, `"name":"Network"`, `"name":"Acme field service"`, `"embassy":true`,
				`"name":"Main"`, `"id":"$inv"`, `"comment":"Come"`, `"codes":[]`, `"reps_left":5`, `"specialists_left"`, `"access_ceiling":"view"`, `"invited":true`}, hasNot: []string{"Jo Doe's"}},
			call{name: "B1: a joined rep sees the session, and not the menu", as: "cho", do: menu, want: 403, code: "not_session_owner", hasNot: []string{"Ben", "Printers"}},
			call{name: "the invited neither", as: "ben", do: menu, want: 403, code: "not_session_owner"},
			call{name: "an administrator neither", as: "hal", do: menu, want: 403, code: "not_session_owner"},
			call{name: "a stranger is not told that it is there", as: "dev", do: menu, want: 404, code: "not_found"},
			call{name: "two at once", as: "ana", do: menu + "?team_id=@printers&q=ben", want: 422, code: "one_target_needed"},
			call{name: "an unknown team", as: "ana", do: menu + "?team_id=@nowhere", want: 404, code: "not_found"})
	})
}

// TestA2Issues: listed are those open for Request Help to this rep.
func TestA2Issues(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "dev")
		x.load(t, `issues: [{slug: old, title: Old, team: network, request_help: true, disabled: true}]`)
		x.open(t, "anas", "ana", "")
		x.open(t, "devs", "dev", "")
		x.play(t,
			call{as: "ana", do: "GET /v1/sessions/$anas/share", has: []string{`"name":"Paper jam"`, `"name":"VPN"`}, hasNot: []string{"Firewall", "Internal", `"Old"`}},
			call{as: "dev", do: "GET /v1/sessions/$devs/share", has: []string{`"name":"Paper jam"`, `"name":"VPN"`, `"name":"Firewall"`}, hasNot: []string{"Internal"}})
	})
}

// TestA3WhoIsListed: those logged in or in extended availability, but not the asker and not who is inside.
func TestA3WhoIsListed(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		menu, found := "GET /v1/sessions/$ses/share", "GET /v1/sessions/$ses/share?q=cho"
		x.play(t,
			call{as: "ana", do: menu, has: []string{`"name":"Ben Okafor"`}, hasNot: []string{"Cho Min", `"name":"Ana Ruiz","presence"`}},
			call{as: "ana", do: found, hasNot: []string{"Cho Min"}},
			call{as: "cho", do: "PATCH /v1/me", body: `{"extended_availability":true}`},
			call{as: "cho", do: "DELETE /v1/me/consoles/current", want: 204},
			call{name: "extended availability", as: "ana", do: menu, has: []string{`"name":"Cho Min","presence":"offline","extended_availability":true`}},
			call{as: "ana", do: found, has: []string{"Cho Min"}})
		x.join(t, "ana", "ses", "ben", "")
		x.do(t, call{name: "inside", as: "ana", do: menu, hasNot: []string{"Ben Okafor"}})
		x.clock.Advance(81 * second)
		x.here(t, "ana")
		x.open(t, "ses", "ana", "")
		x.do(t, call{name: "no sign of life", as: "ana", do: menu, hasNot: []string{"Ben Okafor"}, has: []string{"Cho Min"}})
	})
}

// TestA4Teams: one's own always; others, and embassies, by the permission and while somebody is there.
func TestA4Teams(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "anas", "ana", "")
		x.open(t, "bens", "ben", "")
		x.do(t, call{name: "nobody is there", as: "ana", do: "GET /v1/sessions/$anas/share", has: []string{`"name":"Printers"`}, hasNot: []string{`"name":"Network"`, "Acme"}})
		x.logInAll(t, "dev", "fay")
		x.play(t,
			call{name: "with the permission", as: "ana", do: "GET /v1/sessions/$anas/share", has: []string{`"name":"Printers"`, `"name":"Network"`, `"name":"Acme field service"`}, hasNot: []string{"Night shift"}},
			call{as: "ana", do: "GET /v1/sessions/$anas/share?team_id=@network", has: []string{"Dev Patel"}},
			call{as: "ana", do: "GET /v1/sessions/$anas/share?q=fay", has: []string{"Fay Winter"}},
			call{name: "without", as: "ben", do: "GET /v1/sessions/$bens/share", has: []string{`"name":"Printers"`, "Ana Ruiz"}, hasNot: []string{`"name":"Network"`, "Acme", `"name":"Main"`}},
			call{as: "ben", do: "GET /v1/sessions/$bens/share?team_id=@network", want: 403, code: "not_reachable", hasNot: []string{"Dev"}},
			call{as: "ben", do: "GET /v1/sessions/$bens/share?q=dev", hasNot: []string{"Dev Patel"}})
		x.do(t, call{as: "ben", do: "DELETE /v1/me/consoles/current?force=true", want: 204})
		x.do(t, call{name: "one's own, with nobody there", as: "ana", do: "GET /v1/sessions/$anas/share", has: []string{`"name":"Printers"},"embassy":false,"mine":true,"available_count":0,"any_representative":false`}})
	})
}

// TestA5Details: each rep with presence, sessions and portals, found by a part of the name.
func TestA5Details(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logIn(t, "ben", `{"username":"ben","password":"correct horse","portal_id":"@open","device":{"platform":"web"}}`)
		x.logInAll(t, "ana", "cho")
		x.do(t, call{as: "ben", do: "PATCH /v1/me", body: `{"busy":true,"extended_availability":true}`})
		x.open(t, "ses", "ana", "")
		x.open(t, "one", "ben", "")
		x.open(t, "two", "cho", "")
		x.join(t, "cho", "two", "ben", "")
		x.play(t,
			call{as: "ana", do: "GET /v1/sessions/$ses/share", has: []string{`"name":"Ben Okafor","presence":"busy","extended_availability":true,"session_count":2,"portals":[{"id"`, `"name":"Open"}]`,
				`"name":"Cho Min","presence":"available","extended_availability":false,"session_count":1,"portals":[]`}},
			call{as: "ana", do: "GET /v1/sessions/$ses/share?q=OKA", has: []string{"Ben Okafor"}, hasNot: []string{"Cho Min"}},
			call{name: "its own signs are no wildcards", as: "ana", do: "GET /v1/sessions/$ses/share?q=%25", hasNot: []string{"Ben Okafor", "Cho Min"}})
	})
}
