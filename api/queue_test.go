package api_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// wait has a customer wait, and saves the session's id under the name.
func (x *server) wait(t testing.TB, name, as, more string) {
	t.Helper()
	x.do(t, call{as: as, do: "POST /v1/sessions", body: `{"customer":{"name":"` + name + `","company":"Doe Ltd","details":"The tray jams"}` + more + `}`, want: 201, save: strings.ToLower(name) + "=session.id"})
}

func TestD1D8QueuesAreForThoseWhoseTheyAre(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "hal")
		x.wait(t, "Flo", "dev", `,"issue_id":"@paper-jam"`)
		x.play(t,
			call{as: "ben", do: "GET /v1/queues", has: []string{`"name":"Ben Okafor"`, `"name":"Printers","waiting":1`, `"waiting_since":"2026-03-02T09:00:00Z"`}, hasNot: []string{"Network"}},
			call{as: "ben", do: "GET /v1/queues/@printers/entries", has: []string{`"title":"Flo"`, `"place":1`, `"rev":1`}, hasNot: []string{`"invitation_id"`, `"next"`}},
			call{as: "ben", do: "GET /v1/queues/personal/entries", has: []string{`"items":[]`}},
			call{name: "another team's", as: "dev", do: "GET /v1/queues/@printers/entries", want: 404, code: "not_found", hasNot: []string{"Flo"}},
			call{as: "dev", do: "GET /v1/queues/@none/entries", want: 404, code: "not_found"},
			call{name: "an administrator's", as: "hal", do: "GET /v1/queues/@printers/entries", has: []string{"Flo"}},
			call{do: "GET /v1/queues", want: 401, code: "not_logged_in"},
			call{name: "D8", as: "ben", do: "POST /v1/sessions/$flo/accept"},
			call{as: "cho", do: "POST /v1/sessions/$flo/accept", want: 409, code: "session_taken", has: []string{"Ben Okafor"}},
			call{as: "cho", do: "GET /v1/queues/@printers/entries", has: []string{`"items":[]`}},
			call{name: "D2", as: "ben", do: "GET /v1/queues/personal/entries", has: []string{"Flo", `"came_by":"issue"`, `"state":"active"`}, hasNot: []string{`"place"`}},
			call{as: "ben", do: "POST /v1/sessions/$flo/hold"},
			call{as: "ben", do: "GET /v1/queues/personal/entries?came_by=held", has: []string{"Flo", `"rev":2`}})
	})
}

func TestH1QueueEntriesAreStreamed(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		at := x.cursor(t, "ben")
		x.wait(t, "Flo", "ana", `,"team_id":"@printers"`)
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$flo/accept"})
		if err := x.store.TellQueues(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.play(t,
			call{as: "ben", do: "GET /v1/event-log?types=queue_entry.added&after=" + at, has: []string{`"entry":{"id":"qen_`, `"title":"Flo"`, `"details":"The tray jams"`}},
			call{as: "ben", do: "GET /v1/event-log?types=queue_entry.removed&after=" + at, has: []string{`"reason":"accepted"`, `"actor":{"id":"$cho"`}, hasNot: []string{"Flo", "tray"}},
			call{as: "ben", do: "GET /v1/event-log?types=queue.changed&after=" + at, has: []string{`"queue":{"id":"team_`, `"waiting":0`}},
			call{as: "cho", do: "GET /v1/event-log?types=queue.changed&after=" + at, has: []string{`"queue":{"id":"personal"`, `"current":1`}})
		x.load(t, "reps: [{username: ben, name: Ben Okafor, teams: {network: member}}]")
		at = x.cursor(t, "ben")
		x.wait(t, "Mo", "ana", `,"team_id":"@printers"`)
		x.do(t, call{name: "B20", as: "ben", do: "GET /v1/event-log?after=" + at, has: []string{`"items":[]`}})
	})
}

func TestD5PagesSortsAndCursors(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana")
		for i, name := range []string{"Zoe", "adam", "Émile", "Bea", "eva"} {
			x.wait(t, name, "ana", fmt.Sprintf(`,"team_id":"@printers","priority":%d`, i%2))
		}
		const list = "GET /v1/queues/@printers/entries?limit=2&sort=customer"
		first := x.do(t, call{as: "ana", do: list, has: []string{"adam", "Bea"}, hasNot: []string{"Zoe"}})
		next := "&cursor=" + first.at("next")
		x.wait(t, "Aaron", "ana", `,"team_id":"@printers"`) // comes before: it is on no later page
		second := x.do(t, call{as: "ana", do: list + next, has: []string{"Émile", "eva"}, hasNot: []string{"Aaron"}})
		x.do(t, call{as: "ana", do: list + "&cursor=" + second.at("next"), has: []string{"Zoe"}, hasNot: []string{`"next"`}})
		for _, other := range []string{"GET /v1/queues/@printers/entries?sort=company", "GET /v1/queues/@printers/entries?sort=customer&order=desc", "GET /v1/queues/personal/entries?sort=customer",
			"GET /v1/queues/@printers/entries?sort=customer&q=x", "GET /v1/queues/@printers/entries?sort=customer&kind=session", "GET /v1/sessions?sort=customer&state=waiting"} {
			x.do(t, call{as: "ana", do: other + next, want: 422, code: "cursor_mismatch"})
		}
		text, err := base64.RawURLEncoding.DecodeString(first.at("next"))
		if err != nil {
			t.Fatal(err)
		}
		_, scope, _ := strings.Cut(string(text), `,"s":`)
		for _, forged := range []string{"", "x", "|", "||", "|x|y", "a|1|", "'|1|x", "a|99999999999999999999|qen_1", "é|1|qen_1", strings.Repeat("a", 300) + "|1|x"} {
			cursor := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"a":%q,"s":%s`, forged, scope)))
			want := call{as: "ana", do: list + "&cursor=" + cursor, want: 422, code: "validation_failed", fields: "query.cursor:bad_format"}
			if forged == "" {
				want.want, want.code, want.fields = 200, "", ""
			}
			x.do(t, want)
		}
		x.play(t,
			call{as: "ana", do: "GET /v1/queues/@printers/entries?sort=colour", want: 422, code: "validation_failed", fields: "query.sort:unknown_value"},
			call{as: "ana", do: "GET /v1/queues/@printers/entries?issue_id=@none", want: 404, code: "not_found"},
			call{as: "ana", do: "GET /v1/queues/@printers/entries?q=" + url.QueryEscape("ÉMILE"), has: []string{"Émile"}, hasNot: []string{"Zoe"}},
			call{as: "ana", do: "GET /v1/queues/@printers/entries?q=%25", has: []string{`"items":[]`}},
			call{name: "sessions too", as: "ana", do: "GET /v1/sessions?state=waiting&sort=priority&order=desc&limit=2", has: []string{"adam", "Bea"}, hasNot: []string{"Zoe"}},
			call{as: "ana", do: "GET /v1/sessions?sort=issue", want: 422, code: "validation_failed", fields: "query.state:required"},
			call{as: "ana", do: "GET /v1/sessions?sort=issue&state=ended", want: 422, code: "validation_failed", fields: "query.state:required"},
			call{as: "ana", do: "GET /v1/sessions?q=TRAY", has: []string{"Zoe"}})
		var newest, oldest []string
		newest = x.do(t, call{as: "ana", do: "GET /v1/sessions"}).items("title")
		oldest = x.do(t, call{as: "ana", do: "GET /v1/sessions?sort=waiting"}).items("title")
		if fmt.Sprint(newest[:2], oldest[:2]) != "[Aaron eva] [Zoe adam]" {
			t.Errorf("by age: %v, %v", newest, oldest)
		}
	})
}

func TestD9Next(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.do(t, call{as: "ben", do: "POST /v1/queues/next", want: 409, code: "queue_empty"})
		x.wait(t, "Old", "ana", `,"team_id":"@printers"`)
		x.wait(t, "Urgent", "ana", `,"team_id":"@printers","priority":3`)
		x.open(t, "ses", "ana", `,"priority":2`)
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
		key := headers{"Idempotency-Key": "next-1"}
		x.play(t,
			call{as: "ben", do: "POST /v1/queues/next", body: `{"team_id":"@network"}`, want: 404, code: "not_found"},
			call{as: "ben", do: "POST /v1/queues/next", body: `{"team_id":"personal"}`, want: 404, code: "not_found"},
			call{as: "ben", do: "POST /v1/queues/next", headers: key, has: []string{`"id":"$urgent"`, `"owner":{"id":"$ben"`}, hasNot: []string{`"invitation"`}},
			call{name: "I5", as: "ben", do: "POST /v1/queues/next", headers: key, has: []string{`"id":"$urgent"`}, answers: headers{"Idempotent-Replayed": "true"}},
			call{as: "cho", do: "POST /v1/invitations/$any/decline"},
			call{name: "declined", as: "cho", do: "POST /v1/queues/next", body: `{}`, has: []string{`"id":"$old"`}},
			call{as: "cho", do: "POST /v1/queues/next", want: 409, code: "queue_empty"},
			call{name: "an invitation", as: "ben", do: "POST /v1/queues/next", body: `{"team_id":"@printers"}`, has: []string{`"invitation":{"id":"$any"`, `"accepted_by":{"id":"$ben"`, `"id":"$ses"`}},
			call{as: "ben", do: "POST /v1/queues/next", want: 409, code: "queue_empty"})
	})
}
