package api_test

import (
	"fmt"
	"reflect"
	"testing"
)

// part is a field of an answer, as JSON has it.
func (a answer) part(name string) any {
	tree, _ := a.tree.(map[string]any)
	return tree[name]
}

// TestH2SnapshotIsWhatTheListsSay: each rep's snapshot has exactly what the lists answer them, an embassy rep's too.
func TestH2SnapshotIsWhatTheListsSay(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `reps: [{username: hal, name: Hal Moss, public_name: Hal, role: administrator, teams: {}, permissions: [share_outside_teams]}]`)
		x.logIn(t, "eli", `{"username":"eli","password":"correct horse","portal_id":"@open","device":{"platform":"web"}}`)
		x.logInAll(t, "ana", "ben", "cho", "fay", "hal")
		x.open(t, "ses", "ana", `,"portal_id":"@open"`)
		x.invite(t, "own", "ana", "ses", `{"rep_id":"@ben","comment":"The tray"}`)
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		x.invite(t, "all", "ana", "ses", `{"portal_id":"@open"}`)
		x.open(t, "his", "hal", "")
		x.invite(t, "abroad", "hal", "his", `{"rep_id":"@fay"}`)
		x.invite(t, "further", "hal", "his", `{"team_id":"@acme"}`)
		x.play(t,
			call{as: "ben", do: "POST /v1/invitations/$own/accept"},
			call{as: "fay", do: "POST /v1/invitations/$abroad/accept"},
			call{as: "ana", do: "POST /v1/sessions/$ses/hold"},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho"}`},
			call{as: "ana", do: "POST /v1/sessions/$ses/messages", want: 201, body: `{"text":"Hello"}`})
		for who, badge := range map[string]string{"ana": "0", "ben": "0", "cho": "2", "eli": "1", "fay": "0", "hal": "0"} {
			s := x.do(t, call{as: who, do: "GET /v1/snapshot", has: []string{`"server_time":"2026-03-02T09:00:00Z"`, `"truncated":[]`}})
			for name, list := range map[string]string{"queues": "/v1/queues", "entries": "/v1/queues/personal/entries", "invitations": "/v1/me/invitations", "portals": "/v1/portals"} {
				if got, want := s.part(name), x.do(t, call{as: who, do: "GET " + list}).part("items"); !reflect.DeepEqual(got, want) {
					t.Errorf("%s of %s: %v, the list has %v", name, who, got, want)
				}
			}
			for name, path := range map[string]string{"me": "/v1/me", "preferences": "/v1/me/preferences"} {
				if got, want := s.part(name), x.do(t, call{as: who, do: "GET " + path}).tree; !reflect.DeepEqual(got, want) {
					t.Errorf("%s of %s: %v, get has %v", name, who, got, want)
				}
			}
			var sessions []any
			for _, id := range append(x.do(t, call{as: who, do: "GET /v1/sessions?mine=owner"}).items("id"), x.do(t, call{as: who, do: "GET /v1/sessions?mine=joined"}).items("id")...) {
				sessions = append(sessions, x.do(t, call{as: who, do: "GET /v1/sessions/" + id}).tree)
			}
			if got, _ := s.part("sessions").([]any); len(got) != len(sessions) || len(got) > 0 && !reflect.DeepEqual(got, sessions) {
				t.Errorf("sessions of %s: %v, get-session has %v", who, got, sessions)
			}
			if s.at("badge") != badge || s.at("cursor") != x.cursor(t, who) || s.at("console.id") == "" || s.at("console.current") != "true" {
				t.Errorf("%s: badge %s, want %s; cursor %s; console %v", who, s.at("badge"), badge, s.at("cursor"), s.part("console"))
			}
		}
		x.play(t,
			call{name: "A7", as: "fay", do: "GET /v1/snapshot", has: []string{`"title":"Jo Doe"`, `"Hal"`, `"attendees"`}, hasNot: []string{"Hal Moss", "Printers", "$ses"}},
			call{name: "who is not in it", as: "eli", do: "GET /v1/snapshot", has: []string{`"$all"`, `"sessions":[]`}, hasNot: []string{`"$any"`, "attendees"}},
			call{name: "nobody", do: "GET /v1/snapshot", want: 401, code: "not_logged_in"},
			call{name: "a guest", as: "guest/ses", do: "GET /v1/snapshot", want: 401, code: "token_unknown", hasNot: []string{"Ana"}})
	})
}

// TestH2SnapshotSaysWhatItCut: a list of more than 200 things ends there, and is named.
func TestH2SnapshotSaysWhatItCut(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ben")
	for i := range 201 {
		x.do(t, call{as: "ben", do: "POST /v1/sessions", want: 201, body: fmt.Sprintf(`{"customer":{"name":"Jo %03d"}}`, i)})
	}
	s := x.do(t, call{as: "ben", do: "GET /v1/snapshot", has: []string{"Jo 000", "Jo 199", `"waiting":201`, `"truncated":["entries"]`, `"sessions":[]`}, hasNot: []string{"Jo 200"}})
	if entries, _ := s.part("entries").([]any); len(entries) != 200 {
		t.Errorf("%d entries", len(entries))
	}
	for _, id := range x.do(t, call{as: "ben", do: "GET /v1/sessions?limit=200"}).items("id") {
		x.do(t, call{as: "ben", do: "POST /v1/sessions/" + id + "/accept"})
	}
	x.do(t, call{as: "ben", do: "POST /v1/sessions", want: 201, body: `{"customer":{"name":"Jo 201"}}`, save: "last=session.id"})
	for _, id := range []string{x.do(t, call{as: "ben", do: "GET /v1/queues/personal/entries?kind=session&q=jo+000"}).items("session_id")[0], x.saved["last"]} {
		x.do(t, call{as: "ben", do: "POST /v1/sessions/" + id + "/accept"})
	}
	s = x.do(t, call{as: "ben", do: "GET /v1/snapshot", has: []string{`"truncated":["entries","sessions"]`}})
	if sessions, _ := s.part("sessions").([]any); len(sessions) != 200 {
		t.Errorf("%d sessions", len(sessions))
	}
}
