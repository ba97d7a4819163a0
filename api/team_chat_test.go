package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestD6TeamChat: the reps of a team talk among themselves; an administrator reads along; to everybody else the team is not
// there, in the log either.
func TestD6TeamChat(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "ben/phone", "cho", "dev", "fay", "hal")
		x.do(t, call{as: "ana", do: "GET /v1/me", save: "printers=teams.0.team.id"})
		cursor := x.cursor(t, "ben")
		first := x.do(t, call{as: "ana", do: "POST /v1/teams/@printers/messages", body: `{"text":"Who has toner?","client_ref":"r-1"}`, want: 201, save: "one=id",
			has: []string{`"team_id":"$printers"`, `"author":{"id":"$ana","name":"Ana Ruiz"}`, `"client_ref":"r-1"`}, answers: headers{"Location": "/v1/teams/$printers/messages"}})
		x.play(t,
			call{name: "the same again", as: "ana", do: "POST /v1/teams/$printers/messages", body: `{"text":"Who has toner?","client_ref":"r-1"}`, want: 201, has: []string{`"id":"$one"`}},
			call{as: "ana", do: "GET " + first.header.Get("Location"), has: []string{`"client_ref":"r-1"`}},
			call{name: "a colleague", as: "ben", do: "GET /v1/teams/@printers/messages", has: []string{"Who has toner?"}, hasNot: []string{"client_ref"}},
			call{name: "an administrator reads", as: "hal", do: "GET /v1/teams/@printers/messages", has: []string{"Who has toner?"}, hasNot: []string{"client_ref"}},
			call{as: "cho", do: "POST /v1/teams/@printers/messages", body: `{"text":"I do"}`, want: 201, save: "two=id"},
			call{name: "what a colleague is told", as: "ben", do: "GET /v1/event-log?after=" + cursor, hasNot: []string{"r-1"},
				has: []string{`"type":"team_message.posted"`, `"queue_id":"$printers","team_id":"$printers"`, "Who has toner?", "I do"}},
			call{name: "what the author is told", as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"client_ref":"r-1"`}})
		if told := strings.Count(x.do(t, call{as: "ana", do: "GET /v1/event-log?after=" + cursor}).text, "Who has toner?"); told != 1 {
			t.Errorf("the author is told %d times", told)
		}
		for _, who := range []string{"dev", "fay", "hal"} {
			x.play(t,
				call{name: who + " writes", as: who, do: "POST /v1/teams/@printers/messages", body: `{"text":"Hello"}`, want: 404, code: "not_found", hasNot: []string{"Printers"}},
				call{name: who + " marks", as: who, do: "POST /v1/teams/$printers/messages/read", body: `{"message_id":"$one"}`, want: 404, code: "not_found"},
				call{name: who + " is told", as: who, do: "GET /v1/event-log?after=" + cursor, hasNot: []string{"team_message", "toner"}})
		}
		for _, who := range []string{"dev", "fay"} {
			missing := x.do(t, call{as: who, do: "GET /v1/teams/@nowhere/messages", want: 404}).at("detail")
			if got := x.do(t, call{as: who, do: "GET /v1/teams/$printers/messages", want: 404, code: "not_found"}).at("detail"); got != missing {
				t.Errorf("%s is told %q, of a team that is not there %q", who, got, missing)
			}
		}
		x.play(t,
			call{name: "nobody", do: "GET /v1/teams/@printers/messages", want: 401, code: "not_logged_in"},
			call{name: "read", as: "ben", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$one"}`, has: []string{`"team_id":"$printers"`, `"unread":1`}},
			call{name: "on the other console", as: "ben/phone", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$two"}`, has: []string{`"unread":0`}},
			call{name: "never back", as: "ben", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$one"}`, has: []string{`"unread":0`}},
			call{name: "both are told", as: "ben", do: "GET /v1/event-log?types=queue.changed&after=" + cursor, has: []string{`"queue_id":"$printers"`}},
			call{as: "ben/phone", do: "GET /v1/event-log?types=queue.changed&after=" + cursor, has: []string{`"queue_id":"$printers"`}},
			call{name: "and nobody else", as: "ana", do: "GET /v1/event-log?types=queue.changed&after=" + cursor, has: []string{`"items":[]`}},
			call{name: "no message", as: "ben", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"}`, want: 404, code: "not_found"})
	})
}

// TestD6WhoLeavesATeam reads nothing of what is said after it, by no way; who comes back goes on from there.
func TestD6WhoLeavesATeam(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "cho")
		cursor := x.cursor(t, "cho")
		following := x.stream(t, "cho", "")
		following.until(t, "ready")
		x.load(t, `reps: [{username: cho, name: Cho Min, teams: {network: member}}]`)
		x.play(t,
			call{as: "ana", do: "POST /v1/teams/@printers/messages", body: `{"text":"Without cho"}`, want: 201, save: "gone=id"},
			call{as: "cho", do: "GET /v1/event-log?after=" + cursor, hasNot: []string{"Without cho"}},
			call{as: "cho", do: "GET /v1/teams/@printers/messages", want: 404, code: "not_found"},
			call{as: "cho", do: "POST /v1/teams/@printers/messages", body: `{"text":"Hello"}`, want: 404, code: "not_found"},
			call{as: "cho", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$gone"}`, want: 404, code: "not_found"},
			call{as: "cho", do: "PUT /v1/queues/@printers/favourite", want: 404, code: "not_found"})
		for _, m := range following.until(t, "reset") {
			if strings.Contains(m.data, "Without cho") {
				t.Errorf("the stream tells %s", m.data)
			}
		}
		x.load(t, `reps: [{username: cho, name: Cho Min, teams: {printers: member}}]`)
		x.play(t,
			call{as: "cho", do: "GET /v1/event-log?after=" + cursor, hasNot: []string{"Without cho"}},
			call{name: "back", as: "cho", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$gone"}`, has: []string{`"unread":0`}},
			call{as: "cho", do: "GET /v1/event-log?types=queue.changed&after=" + cursor, has: []string{`"reason":"rights_changed"`}, hasNot: []string{`"queue.changed"`}},
			call{as: "ana", do: "POST /v1/teams/@printers/messages", body: `{"text":"With cho"}`, want: 201},
			call{as: "cho", do: "POST /v1/teams/@printers/messages/read", body: `{"message_id":"$gone"}`, has: []string{`"unread":1`}},
			call{as: "cho", do: "GET /v1/event-log?after=" + cursor, has: []string{"With cho"}, hasNot: []string{"Without cho"}})
	})
}

// TestA7TeamChatOfAnEmbassy: of who left the embassy its reps see the public name.
func TestA7TeamChatOfAnEmbassy(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, vendors)
		x.load(t, `reps: [{username: husholga, name: Olga Hush, public_name: Sunny, teams: {hush-lines: lead, vendor: lead}}]`)
		x.logInAll(t, "husholga", "vic", "val")
		x.do(t, call{as: "husholga", do: "POST /v1/teams/@vendor/messages", body: `{"text":"Welcome"}`, want: 201})
		x.do(t, call{as: "vic", do: "GET /v1/teams/@vendor/messages", has: []string{"Olga Hush"}})
		x.load(t, `reps: [{username: husholga, name: Olga Hush, public_name: Sunny, teams: {hush-lines: lead}}]`)
		x.play(t,
			call{as: "vic", do: "GET /v1/teams/@vendor/messages", has: []string{"Welcome", `"name":"Sunny"`}, hasNot: []string{"Hush"}},
			call{as: "vic", do: "GET /v1/event-log?after=0", has: []string{"Welcome", `"name":"Sunny"`}, hasNot: []string{"Hush"}},
			call{as: "vic", do: "POST /v1/teams/@vendor/messages", body: `{"text":"Thanks"}`, want: 201, has: []string{"Vic Vendor"}},
			call{as: "val", do: "GET /v1/teams/@vendor/messages", has: []string{"Vic Vendor"}})
	})
}

// TestD6PagesOfATeamsChat go by cursor in either order, and between two messages.
func TestD6PagesOfATeamsChat(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		for i := range 5 {
			x.do(t, call{as: "ana", do: "POST /v1/teams/@printers/messages", body: fmt.Sprintf(`{"text":"%d"}`, i), want: 201, save: fmt.Sprintf("m%d=id", i)})
		}
		for query, want := range map[string]string{"?limit=2": "01 23 4", "?limit=2&order=desc": "43 21 0", "?limit=2&after=$m0&before=$m4": "12 3", "?limit=2&after=$m0&order=desc": "43 21", "?after=$m4": ""} {
			pages := []string{}
			for next := ""; ; {
				page := x.do(t, call{as: "ben", do: "GET /v1/teams/@printers/messages" + query + next})
				pages = append(pages, strings.Join(page.items("text"), ""))
				if page.at("next") == "" {
					break
				}
				next = "&cursor=" + page.at("next")
			}
			if got := strings.Join(pages, " "); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		next := x.do(t, call{as: "ben", do: "GET /v1/teams/@printers/messages?limit=2"}).at("next")
		x.play(t,
			call{as: "ben", do: "GET /v1/teams/@printers/messages?limit=2&order=desc&cursor=" + next, want: 422, code: "cursor_mismatch"},
			call{as: "dev", do: "GET /v1/teams/@network/messages?cursor=" + next, want: 422, code: "cursor_mismatch"},
			call{as: "dev", do: "GET /v1/teams/@printers/messages?limit=2&cursor=" + next, want: 404, code: "not_found"})
	})
}

// TestD6HostileTeamMessages: what is refused leaves no trace, what is kept comes back as it was.
func TestD6HostileTeamMessages(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		cursor := x.cursor(t, "ben")
		post := "POST /v1/teams/@printers/messages"
		x.play(t,
			call{name: "nothing", as: "ana", do: post, body: `{"text":""}`, want: 422, fields: "text:too_short"},
			call{name: "blank", as: "ana", do: post, body: `{"text":" \n\t"}`, want: 422, fields: "text:empty"},
			call{name: "no text", as: "ana", do: post, body: `{}`, want: 422, fields: "text:required"},
			call{name: "a bell", as: "ana", do: post, body: `{"text":"\u0007"}`, want: 422, fields: "text:control_character"},
			call{name: "too long", as: "ana", do: post, body: `{"text":"` + strings.Repeat("x", 4001) + `"}`, want: 422, fields: "text:too_long"},
			call{name: "NUL", as: "ana", do: post, body: `{"text":"a\u0000"}`, want: 400, code: "malformed"},
			call{name: "no UTF-8", as: "ana", do: post, body: "{\"text\":\"\xff\"}", want: 400, code: "malformed"},
			call{name: "a long reference", as: "ana", do: post, body: `{"text":"x","client_ref":"` + strings.Repeat("x", 201) + `"}`, want: 422, fields: "client_ref:too_long"},
			call{name: "an audience", as: "ana", do: post, body: `{"text":"x","audience":"reps"}`, want: 422, fields: "audience:unknown_field"},
			call{name: "nothing read", as: "ana", do: post + "/read", body: `{"message_id":""}`, want: 422, fields: "message_id:too_short"},
			call{as: "ben", do: "GET /v1/teams/@printers/messages", has: []string{`"items":[]`}},
			call{as: "ben", do: "GET /v1/event-log?after=" + cursor, has: []string{`"items":[]`}})
		for _, text := range []string{`</script><b>`, `'; DROP TABLE team_messages; --`, "\u202eright to left", "e\u0301 👩‍👩‍👧", strings.Repeat("😀", 4000)} {
			x.do(t, call{as: "ana", do: post, body: `{"text":"` + text + `"}`, want: 201})
			if got := x.do(t, call{as: "ben", do: "GET /v1/teams/@printers/messages?order=desc&limit=1"}).at("items.0.text"); got != text {
				t.Errorf("%q came back as %q", text, got)
			}
		}
	})
}

// TestD6TheSameReferenceAtOnce gives one message.
func TestD6TheSameReferenceAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ana/phone", "ben")
		answers, everybody := make([]answer, 10), sync.WaitGroup{}
		for i := range answers {
			auth := x.auth(t, []string{"ana", "ana/phone"}[i%2])
			everybody.Go(func() {
				answers[i] = x.send(t, http.MethodPost, "/v1/teams/@printers/messages", auth, `{"text":"Once","client_ref":"r-1"}`, nil)
			})
		}
		everybody.Wait()
		for _, a := range answers {
			if a.status != 201 || a.text != answers[0].text {
				t.Errorf("%d %s, want %s", a.status, a.text, answers[0].text)
			}
		}
		if got := x.do(t, call{as: "ben", do: "GET /v1/teams/@printers/messages"}).items("id"); len(got) != 1 {
			t.Errorf("%d messages", len(got))
		}
	})
}
