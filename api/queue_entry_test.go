package api_test

import (
	"slices"
	"testing"
)

// D2, D3, D4: by whichever way a session or an invitation comes, it stands in the queue of those whom it is for, and says how
// it came; to others it does not stand anywhere.
func TestD2D3D4WhatStandsInQueues(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "hal")
		x.open(t, "ses", "ana", "") // Ana has one open already
		x.play(t,
			call{as: "hal", do: "POST /v1/support-buttons", body: `{"slug":"door","name":"Door","team_id":"@printers","priority":5}`, want: 201, save: "button=code"},
			call{as: "hal", do: "POST /v1/help-links", body: `{"slug":"shop","name":"Shop","rep_id":"@ben"}`, want: 201, save: "link=code"},
			call{as: "ben", do: "PATCH /v1/me", body: `{"show_on_public_page":true}`},
			call{as: "ben", do: "POST /v1/session-keys", body: `{}`, want: 201, save: "key=key"},
			call{do: "POST /v1/public/sessions", body: `{"session_key":"$key","customer":{"name":"Kim","company":"Kim Ltd","details":"It blinks","language":"es"}}`, want: 201, save: "kim=session.id"},
			call{do: "POST /v1/public/sessions", body: `{"help_link_code":"$link","page_url":"https://shop.example.com/","customer":{"name":"Aki"}}`, want: 201},
			call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","rep_id":"@ben","customer":{"name":"Lu"}}`, want: 201},
			call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"Max"}}`, want: 201},
			call{do: "POST /v1/public/sessions", body: `{"support_button_code":"$button","customer":{"name":"Noor"}}`, want: 201},
			call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Pat"},"team_id":"@printers"}`, want: 201})
		stands := func(who, queue, field string, want ...string) {
			t.Helper()
			if got := x.do(t, call{as: who, do: "GET /v1/queues/" + queue}).items(field); !slices.Equal(got, want) {
				t.Errorf("%s finds %v in %s, want %v", who, got, queue, want)
			}
		}
		stands("ben", "personal/entries", "came_by", "session_key", "help_link", "rep_chosen")
		stands("cho", "@printers/entries", "came_by", "issue", "support_button", "api")
		stands("cho", "personal/entries", "came_by")
		stands("ben", "personal/entries?sort=customer", "title", "[Browser] Aki", "Kim", "Lu") // by the bare name
		stands("cho", "@printers/entries?sort=priority&order=desc", "customer_name", "Noor", "Max", "Pat")
		stands("ben", "personal/entries", "place", "1", "2", "3")
		x.play(t,
			call{as: "ben", do: "GET /v1/queues/personal/entries?q=kim", hasNot: []string{"Max", "Aki"},
				has: []string{`"session_id":"$kim","came_by":"session_key"`, `"entered_at":"2026-`, `"customer_name":"Kim","company":"Kim Ltd","details":"It blinks"`, `"language":"es"`}},
			call{as: "cho", do: "GET /v1/queues/@printers/entries?came_by=issue", has: []string{`"name":"Paper jam"`, `"Max"`}, hasNot: []string{"Noor"}},
			call{name: "another team's", as: "dev", do: "GET /v1/queues/@printers/entries", want: 404, code: "not_found", hasNot: []string{"Max"}},
			call{name: "another team's key is no way to look", as: "dev", do: "GET /v1/queues", hasNot: []string{"Printers"}},
			call{as: "ben", do: "POST /v1/sessions/$kim/accept"},
			call{as: "ben", do: "POST /v1/sessions/$kim/hold"},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben","comment":"Yours?"}`})
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers","comment":"Come"}`)
		x.invite(t, "one", "ana", "ses", `{"rep_id":"@cho"}`)
		stands("ben", "personal/entries", "came_by", "help_link", "rep_chosen", "held", "transfer")
		stands("cho", "personal/entries", "came_by", "invitation")
		stands("cho", "@printers/entries?kind=invitation", "comment", "Come")
		stands("ana", "@printers/entries?kind=invitation", "comment") // she is inside
		stands("ana", "personal/entries", "session_id", x.saved["ses"])
	})
}
