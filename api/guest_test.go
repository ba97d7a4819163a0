package api_test

import (
	"strings"
	"testing"
	"time"
)

// TestC11TokensOfGuestsAndReps: a guest's token opens nothing of the reps', and a rep's nothing of the guests' (C11). Every operation
// of the contract is asked.
func TestC11TokensOfGuestsAndReps(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.open(t, "ses", "ana", "")
		asked := map[string]int{}
		for path, item := range x.api.Document().Paths {
			for method, op := range operationsOf(item) {
				if op.Security != nil && len(op.Security) == 0 {
					continue
				}
				as := "guest/ses"
				if strings.HasPrefix(path, "/v1/guest/") {
					as = "ana"
				}
				at := path
				for parameter, id := range map[string]string{"{session_id}": x.saved["ses"], "{console_id}": "current", "{portal_id}": "@main", "{attendee_id}": nowhere["{attendee_id}"],
					"{invitation_id}": nowhere["{invitation_id}"], "{delivery_id}": nowhere["{delivery_id}"]} {
					at = strings.ReplaceAll(at, parameter, id)
				}
				x.do(t, call{as: as, do: method + " " + at, body: sample[op.OperationID], want: 401, code: "token_unknown", hasNot: []string{"Jo Doe", "Ana"}})
				asked[as]++
			}
		}
		if asked["ana"] < 8 || asked["guest/ses"] < 35 {
			t.Errorf("asked %v", asked)
		}
		x.do(t, call{as: "guest/ses", do: "GET /v1/guest/session"})
		x.do(t, call{as: "ana", do: "GET /v1/me"})
	})
}

// TestC13Tokens: a guest's token is good for its own session, and for a day after the end.
func TestC13Tokens(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.open(t, "one", "ana", "")
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Al Other","details":"Another"}}`, want: 201, save: "two=session.id token=guest_token"})
		x.tokens["guest/two"] = x.saved["token"]
		x.play(t,
			call{as: "guest/one", do: "GET /v1/guest/session", has: []string{"$one", "Jo Doe"}, hasNot: []string{"$two", "Al Other"}},
			call{as: "guest/two", do: "GET /v1/guest/session", has: []string{"$two", "Al Other", `"state":"waiting"`}, hasNot: []string{"$one", "Jo Doe"}},
			call{as: "guest/two", do: "POST /v1/guest/messages", body: `{"text":"Only here"}`, want: 201},
			call{as: "guest/one", do: "GET /v1/guest/messages", hasNot: []string{"Only here"}},
			call{as: "ana", do: "POST /v1/sessions/$one/end", body: `{"summary":"Done"}`},
			call{as: "guest/one", do: "GET /v1/guest/session", has: []string{`"state":"ended"`}, hasNot: []string{"Done"}},
			call{as: "guest/one", do: "POST /v1/guest/messages", body: `{"text":"Wait"}`, want: 409, code: "session_not_active", has: []string{`"conflict":{"kind":"session"`, `"state":"ended"`}},
			call{as: "guest/one", do: "POST /v1/guest/leave", has: []string{`"state":"ended"`}})
		x.clock.Advance(24*hour + second)
		x.do(t, call{as: "guest/one", do: "GET /v1/guest/session", want: 401, code: "token_expired"})
		x.do(t, call{as: "guest/two", do: "GET /v1/guest/session", has: []string{`"state":"waiting"`}})
	})
}

// TestC13Stream: what the customer does and what becomes of the session comes over the stream, which ends with it.
func TestC13Stream(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		first, other := x.stream(t, "guest/ses", ""), x.stream(t, "guest/ses", "") // two tabs
		first.until(t, "ready")
		other.until(t, "ready")
		x.join(t, "ana", "ses", "ben", "")
		x.do(t, call{as: "guest/ses", do: "POST /v1/guest/leave"})
		x.clock.Advance(time.Minute)
		x.do(t, call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"customer_gone":false`}})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
		want := "attendee.joined message.posted session.changed session.changed session.changed session.changed closing"
		for _, s := range []*sse{first, other} {
			got := s.until(t, "closing")
			if kinds(got) != want || got[len(got)-1].at("reason") != "session_ended" {
				t.Errorf("the customer was told %+v", got)
			}
			for _, m := range got {
				if strings.Contains(m.data, "actor") || strings.Contains(m.data, x.saved["ben"]) {
					t.Errorf("told %s", m.data)
				}
			}
			s.end(t)
		}
	})
}
