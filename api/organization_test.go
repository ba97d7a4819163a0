package api_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestImport by an administrator: nothing at all, or everything; the same file again changes nothing.
func TestImport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		yaml := headers{"Content-Type": "application/yaml"}
		file := "teams:\n  - {slug: phones, name: \"Phones ☎\"}\nreps:\n  - {username: ivy, password: correct horse, name: Ivy, teams: {phones: member}}\n"
		x.play(t,
			call{name: "a dry run", as: "hal", do: "PUT /v1/organization?dry_run=true", body: file, headers: yaml, has: []string{"ivy"}},
			call{name: "changed nothing", as: "hal", do: "GET /v1/organization", hasNot: []string{"ivy", "phones"}},
			call{do: "POST /v1/consoles", body: `{"username":"ivy","password":"correct horse","device":{"platform":"web"}}`, want: 401},
			call{name: "an import", as: "hal", do: "PUT /v1/organization", body: file, headers: yaml, has: []string{"ivy"}, hasNot: []string{"correct horse"}},
			call{as: "ivy", do: "GET /v1/me", has: []string{"Phones ☎"}},
			call{as: "ana", do: "GET /v1/organization", want: 403, code: "not_allowed", hasNot: []string{"ivy"}},
			call{as: "ana", do: "PUT /v1/organization", body: file, headers: yaml, want: 403, code: "not_allowed"})
		before := x.do(t, call{as: "hal", do: "GET /v1/organization"}).text
		x.do(t, call{as: "hal", do: "PUT /v1/organization", body: file, headers: yaml, hasNot: []string{"ivy"}})
		for name, wrong := range map[string]string{
			"not YAML": "teams: [", "nothing": "", "a text": "teams", "NUL": "teams:\n  - {slug: x, name: \"a\\0b\"}", "a raw NUL": "teams:\n  - {slug: x, name: \"a\x00b\"}",
			"invalid UTF-8": "teams:\n  - {slug: x, name: \"\xff\"}", "CR/LF": "teams:\n  - {slug: x, name: \"a\\r\\nb\"}", "an unknown field": "teams:\n  - {slug: x, name: X, colour: red}",
			"an unknown part": "colours: []", "an unknown team": "reps:\n  - {username: joe, password: correct horse, name: Joe, teams: {nowhere: member}}",
			"a team that leads to itself": "portals:\n  - {slug: a, name: A, parent: b}\n  - {slug: b, name: B, parent: a}", "a second team of the name": "teams:\n  - {slug: x, name: X}\n  - {slug: x, name: Y}",
			"an address with lines": "reps:\n  - {username: joe, password: correct horse, name: Joe, email: \"joe@example.com\\nBcc: x@example.com\"}", "a short password": "reps:\n  - {username: joe, password: x, name: Joe}",
			"a good part and a bad one": "teams:\n  - {slug: good, name: Good}\nreps:\n  - {username: joe, name: Joe, role: king, password: correct horse}", "a name too long": "teams:\n  - {slug: x, name: " + strings.Repeat("x", 201) + "}",
			"an anchor bomb": "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nteams: [*c,*c,*c]", "two documents": "teams: []\n---\nteams:\n  - {slug: x, name: X}\n",
		} {
			t.Run(name, func(t *testing.T) {
				a := x.send(t, "PUT", "/v1/organization", x.auth(t, "hal"), wrong, yaml)
				x.checkAnswer(t, name, "hal", "PUT", "/v1/organization", a)
				if code := a.at("code"); code != "validation_failed" && code != "malformed" {
					t.Errorf("%d %s", a.status, a.text)
				}
				if strings.Contains(a.text, "correct horse") {
					t.Errorf("tells a password: %s", a.text)
				}
			})
		}
		big := call{as: "hal", do: "PUT /v1/organization", body: "# " + strings.Repeat("x", store.MaxOrganization), headers: yaml, want: 413, code: "too_large"}
		x.do(t, big)
		if after := x.do(t, call{as: "hal", do: "GET /v1/organization"}).text; after != before {
			t.Errorf("something changed: %s\n%s", before, after)
		}
	})
}

// TestImportNamesTheLine of what is wrong.
func TestImportNamesTheLine(t *testing.T) {
	x := newServer(t)
	a := x.do(t, call{as: "hal", do: "PUT /v1/organization", body: "teams:\n  - slug: x\n    name: X\n  - slug: y\n    name: \"\"\n", headers: headers{"Content-Type": "application/yaml"}, want: 422, code: "validation_failed"})
	if !strings.Contains(a.text, "line 5") && !strings.Contains(a.text, "line 4") || !strings.Contains(fieldsOf(a), "name") {
		t.Errorf("%s", a.text)
	}
}

// TestImportTellsConsoles: who is moved, or closed out, learns of it over their stream.
func TestImportTellsConsoles(t *testing.T) {
	x := newServer(t)
	ben := x.stream(t, "ben", "")
	ben.until(t, "ready")
	x.do(t, call{as: "hal", do: "PUT /v1/organization", headers: headers{"Content-Type": "application/yaml"},
		body: "reps:\n  - {username: ben, name: Benjamin Okafor, email: ben@example.com, teams: {printers: lead}, permissions: [extended_availability]}\n"})
	if m := ben.next(t); m.event != "me.changed" || m.at("me.name") != "Benjamin Okafor" || m.at("me.teams.0.role") != "lead" {
		t.Errorf("%+v", m)
	}
}
