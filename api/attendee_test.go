package api_test

import (
	"strings"
	"testing"
	"time"
)

// TestC2Attendees: reps see everybody with role, access and since when; a customer sees public names, and no masked reps.
func TestC2Attendees(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `reps: [{username: ben, name: Ben Okafor, public_name: Benjamin, email: ben@example.com, teams: {printers: member}}]`)
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.clock.Advance(time.Minute)
		x.join(t, "ana", "ses", "ben", `,"access":"view"`)
		x.join(t, "ana", "ses", "cho", `,"masked":true`)
		list := "GET /v1/sessions/$ses/attendees"
		for _, who := range []string{"ana", "ben", "cho"} {
			x.do(t, call{name: who, as: who, do: list, has: []string{`"role":"customer","name":"Jo Doe","access":"control"`,
				`"role":"owner","rep_id":"$ana","name":"Ana Ruiz","access":"control","masked":false,"expected":false,"consent":"not_needed","joined_at":"2026-03-02T09:00:00Z"`,
				`"role":"rep","rep_id":"$ben","name":"Ben Okafor","access":"view","masked":false`, `"joined_at":"2026-03-02T09:01:00Z"`,
				`"role":"rep","rep_id":"$cho","name":"Cho Min","access":"control","masked":true`}})
		}
		guest := x.do(t, call{as: "guest/ses", do: "GET /v1/guest/attendees", has: []string{`"name":"Ana"`, `"name":"Benjamin"`, `"joined_at":"2026-03-02T09:01:00Z"`},
			hasNot: []string{"Ruiz", "Okafor", "Cho", "rep_id", "$ana", "$ben", "$cho"}})
		if got := strings.Join(guest.items("role"), " "); got != "customer owner rep" {
			t.Errorf("the customer sees %s", got)
		}
	})
}

// TestC4Consent: where the portal asks, a further rep has no screen access until the customer agrees.
func TestC4Consent(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
		x.open(t, "other", "cho", "")
		x.do(t, call{name: "the owner needs none", as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"consent":"not_needed"`}})
		following := x.stream(t, "guest/ses", "")
		following.until(t, "ready")
		x.join(t, "ana", "ses", "ben", "")
		x.seat(t, "ben_seat", "ana", "ses", "Ben Okafor")
		x.seat(t, "ana_seat", "ana", "ses", "Ana Ruiz")
		x.seat(t, "jo_seat", "ana", "ses", "Jo Doe")
		x.seat(t, "cho_seat", "cho", "other", "Cho Min")
		if m := following.until(t, "attendee.joined"); m[len(m)-1].at("attendee.consent") != "asked" || m[len(m)-1].at("attendee.id") != x.saved["ben_seat"] {
			t.Errorf("the customer's client is asked with %+v", m)
		}
		consent := "POST /v1/guest/consent"
		x.refuses(t, inSession,
			call{name: "for the owner, of whom nobody asked", as: "guest/ses", do: consent, body: `{"attendee_id":"$ana_seat","granted":true}`, want: 403, code: "not_allowed"},
			call{name: "for oneself", as: "guest/ses", do: consent, body: `{"attendee_id":"$jo_seat","granted":true}`, want: 403, code: "not_allowed"},
			call{name: "for somebody in another session", as: "guest/ses", do: consent, body: `{"attendee_id":"$cho_seat","granted":true}`, want: 404, code: "not_found"},
			call{name: "for nobody", as: "guest/ses", do: consent, body: `{"attendee_id":"att_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f","granted":true}`, want: 404, code: "not_found"},
			call{name: "by the customer of another session", as: "guest/other", do: consent, body: `{"attendee_id":"$ben_seat","granted":true}`, want: 404, code: "not_found"},
			call{name: "without an answer", as: "guest/ses", do: consent, body: `{"attendee_id":"$ben_seat"}`, want: 422, code: "validation_failed", fields: "granted:required"},
			call{name: "by the rep", as: "ben", do: consent, body: `{"attendee_id":"$ben_seat","granted":true}`, want: 401, code: "token_unknown"})
		cursor := x.cursor(t, "ana")
		x.play(t,
			call{name: "a refusal", as: "guest/ses", do: consent, body: `{"attendee_id":"$ben_seat","granted":false}`, has: []string{`"consent":"refused"`}},
			call{name: "is shown to the owner", as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"attendee.changed"`, `"consent":"refused"`}},
			call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"consent":"refused"`}},
			call{name: "the mind can change", as: "guest/ses", do: consent, body: `{"attendee_id":"$ben_seat","granted":true}`, has: []string{`"consent":"granted"`}},
			call{name: "twice is once", as: "guest/ses", do: consent, body: `{"attendee_id":"$ben_seat","granted":true}`, has: []string{`"consent":"granted"`}},
			call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"consent":"granted"`}},
			call{name: "who leaves and comes again is asked for again", as: "ben", do: "POST /v1/sessions/$ses/leave"})
		x.join(t, "ana", "ses", "ben", "")
		x.do(t, call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"consent":"asked"`}})
		x.do(t, call{name: "of who left there is no consent", as: "guest/ses", do: consent, body: `{"attendee_id":"$ben_seat","granted":true}`, want: 404, code: "not_found"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
		x.do(t, call{as: "guest/ses", do: consent, body: `{"attendee_id":"$ben_seat","granted":true}`, want: 409, code: "session_not_active"})
	})
}

// TestC5Live: the owner changes a joined rep's access, and removes one.
func TestC5Live(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.join(t, "ana", "ses", "cho", "")
		x.seat(t, "seat", "ana", "ses", "Ben Okafor")
		cursor := x.cursor(t, "ben")
		x.play(t,
			call{as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"access":"view"}`, has: []string{`"access":"view"`}, answers: headers{"ETag": `"2"`}},
			call{name: "the same again changes nothing", as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"access":"view"}`, answers: headers{"ETag": `"2"`}},
			call{name: "told at once", as: "ben", do: "GET /v1/event-log?after=" + cursor, has: []string{`"attendee.changed"`, `"grant.changed"`, `"access":"view"`}},
			call{name: "the customer sees it", as: "guest/ses", do: "GET /v1/guest/attendees", has: []string{`"name":"Ben Okafor","access":"view"`}},
			call{name: "removed", as: "ana", do: "DELETE /v1/sessions/$ses/attendees/$seat", want: 204},
			call{name: "told, with the reason", as: "ben", do: "GET /v1/event-log?after=" + cursor, has: []string{`"attendee.left"`, `"reason":"removed"`, `"reason":"withdrawn"`}},
			call{name: "C3", as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"Ben Okafor has left the session"}},
			call{as: "ben", do: "POST /v1/sessions/$ses/messages", body: `{"text":"But"}`, want: 403, code: "not_allowed"},
			call{name: "B15: the old invitation does not let them in again", as: "ben", do: "POST /v1/invitations/$ben_in_ses/accept", want: 409, code: "invitation_not_active", has: []string{`"reason":"accepted"`}},
			call{name: "B20: a new one does", as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, want: 201})
	})
}
