package api_test

import "testing"

// TestD7Preferences are remembered for the rep, on every console.
func TestD7Preferences(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ana/phone", "ben")
		cursor, path := x.cursor(t, "ana"), " /v1/me/preferences"
		first := headers{"ETag": `"1"`}
		x.play(t,
			call{name: "by default", as: "ana", do: "GET" + path, answers: first, has: []string{`{"rev":1,"queue_columns":[],"queue_sort":"waiting","queue_order":"asc"}`}},
			call{name: "changed", as: "ana", do: "PATCH" + path, body: `{"queue_columns":["place","customer"],"queue_sort":"company"}`, headers: headers{"If-Match": `"1"`}, answers: headers{"ETag": `"2"`},
				has: []string{`{"rev":2,"queue_columns":["place","customer"],"queue_sort":"company","queue_order":"asc"}`}},
			call{name: "on the other console", as: "ana/phone", do: "GET" + path, answers: headers{"ETag": `"2"`}, has: []string{`["place","customer"]`}},
			call{name: "as it was", as: "ana/phone", do: "GET" + path, headers: headers{"If-None-Match": `"2"`}, want: 304},
			call{name: "which knows less", as: "ana/phone", do: "PATCH" + path, body: `{"queue_order":"desc"}`, headers: headers{"If-Match": `"1"`}, want: 412, code: "changed_meanwhile"},
			call{name: "the same again", as: "ana", do: "PATCH" + path, body: `{"queue_columns":["place","customer"]}`, answers: headers{"ETag": `"2"`}},
			call{name: "nothing", as: "ana", do: "PATCH" + path, body: `{}`, answers: headers{"ETag": `"2"`}},
			call{name: "of nothing", as: "ana", do: "PATCH" + path, body: `{"queue_columns":null,"queue_sort":null}`, answers: headers{"ETag": `"2"`}},
			call{name: "an unknown column", as: "ana", do: "PATCH" + path, body: `{"queue_columns":["place","rank"],"queue_order":"desc"}`, want: 422, code: "validation_failed", fields: "queue_columns[1]:unknown_value", hasNot: []string{"rank"}},
			call{name: "a column twice", as: "ana", do: "PATCH" + path, body: `{"queue_columns":["place","place"]}`, want: 422, code: "validation_failed", fields: "queue_columns:not_unique"},
			call{name: "an unknown sort", as: "ana", do: "PATCH" + path, body: `{"queue_sort":"details"}`, want: 422, fields: "queue_sort:unknown_value"},
			call{name: "an unknown order", as: "ana", do: "PATCH" + path, body: `{"queue_order":""}`, want: 422, fields: "queue_order:unknown_value"},
			call{name: "a revision", as: "ana", do: "PATCH" + path, body: `{"rev":9}`, want: 422, fields: "rev:unknown_field"},
			call{name: "no list", as: "ana", do: "PATCH" + path, body: `{"queue_columns":"place"}`, want: 422, fields: "queue_columns:wrong_type"},
			call{name: "nobody", do: "GET" + path, want: 401, code: "not_logged_in"},
			call{name: "somebody else's", as: "ben", do: "GET" + path, answers: first, has: []string{`"queue_columns":[]`}},
			call{name: "cleared", as: "ana", do: "PATCH" + path, body: `{"queue_columns":[]}`, answers: headers{"ETag": `"3"`}, has: []string{`"queue_columns":[]`, `"company"`}},
			call{name: "nor are others told", as: "ben", do: "GET /v1/event-log?after=" + cursor, has: []string{`"items":[]`}})
		for _, who := range []string{"ana", "ana/phone"} {
			told := x.do(t, call{as: who, do: "GET /v1/event-log?types=preferences.changed&after=" + cursor, has: []string{`"preferences":{"rev":2,"queue_columns":["place","customer"],"queue_sort":"company","queue_order":"asc"}`}})
			if got := told.items("preferences.rev"); len(got) != 2 || got[1] != "3" {
				t.Errorf("%s is told of %v", who, got)
			}
		}
	})
}
