package api_test

import "testing"

// TestD6Favourites: a rep marks queues of their own teams, as often as they like; it is told to their consoles alone.
func TestD6Favourites(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ana/phone", "ben", "fay", "hal")
		x.do(t, call{as: "ana", do: "GET /v1/me", save: "printers=teams.0.team.id"})
		cursor := x.cursor(t, "ana")
		x.play(t,
			call{as: "ana", do: "PUT /v1/queues/$printers/favourite", want: 204},
			call{name: "again", as: "ana/phone", do: "PUT /v1/queues/@printers/favourite", want: 204},
			call{name: "never marked", as: "ben", do: "DELETE /v1/queues/@printers/favourite", want: 204},
			call{name: "an embassy rep's own", as: "fay", do: "PUT /v1/queues/@acme/favourite", want: 204},
			call{name: "the personal queue", as: "ana", do: "PUT /v1/queues/personal/favourite", want: 422, code: "validation_failed", fields: "path.queue_id:personal_queue"},
			call{as: "ana", do: "DELETE /v1/queues/personal/favourite", want: 422, code: "validation_failed"},
			call{name: "another team's", as: "ana", do: "PUT /v1/queues/@network/favourite", want: 404, code: "not_found"},
			call{name: "to an administrator", as: "hal", do: "PUT /v1/queues/$printers/favourite", want: 404, code: "not_found"},
			call{name: "to an embassy rep", as: "fay", do: "DELETE /v1/queues/$printers/favourite", want: 404, code: "not_found"},
			call{name: "not there", as: "ana", do: "PUT /v1/queues/@nowhere/favourite", want: 404, code: "not_found"},
			call{name: "nobody", do: "PUT /v1/queues/@printers/favourite", want: 401, code: "not_logged_in"})
		for _, who := range []string{"ana", "ana/phone"} {
			told := x.do(t, call{as: who, do: "GET /v1/event-log?after=" + cursor, has: []string{`"type":"queue.changed"`, `"queue_id":"$printers","team_id":"$printers"`}})
			if n := len(told.items("id")); n != 1 {
				t.Errorf("%s is told %d times", who, n)
			}
		}
		x.play(t,
			call{as: "ben", do: "GET /v1/event-log?after=" + cursor, has: []string{`"items":[]`}},
			call{as: "ana", do: "DELETE /v1/queues/@printers/favourite", want: 204},
			call{as: "ana", do: "DELETE /v1/queues/@printers/favourite", want: 204})
		if n := len(x.do(t, call{as: "ana", do: "GET /v1/event-log?after=" + cursor}).items("id")); n != 1 {
			t.Errorf("told %d times in all, where the last says it all", n)
		}
	})
}
