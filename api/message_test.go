package api_test

import (
	"strings"
	"testing"
	"time"
)

// says posts a message for each text, a minute apart.
func (x *server) says(t testing.TB, as, session string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		x.do(t, call{as: as, do: "POST /v1/sessions/$" + session + "/messages", body: `{"text":"` + text + `"}`, want: 201})
		x.clock.Advance(time.Minute)
	}
}

// chat is what somebody reads of a chat, in one line.
func (x *server) chat(t testing.TB, as, session, query string) string {
	t.Helper()
	return strings.Join(x.do(t, call{as: as, do: "GET /v1/sessions/$" + session + "/messages" + query}).items("text"), ", ")
}

// TestC1History: who joins reads the last five minutes; the owner, a new one too, and those present all along read all.
func TestC1History(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: silent, name: Silent, chat_history_seconds: 0}]`)
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.says(t, "ana", "ses", "one", "two", "three", "four", "five", "six", "seven")
		x.here(t, "cho")
		x.join(t, "ana", "ses", "cho", "")
		all := "Ana has joined the session, Ben Okafor has joined the session, one, two, three, four, five, six, seven, Cho Min has joined the session"
		for who, want := range map[string]string{"ana": all, "ben": all, "cho": "three, four, five, six, seven, Cho Min has joined the session"} {
			if got := x.chat(t, who, "ses", ""); got != want {
				t.Errorf("%s reads %s, want %s", who, got, want)
			}
		}
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$ses/leave"})
		x.clock.Advance(second)
		x.says(t, "ana", "ses", "eight")
		if got := x.chat(t, "cho", "ses", "?order=desc&limit=2"); strings.Contains(got, "eight") || !strings.Contains(got, "Cho Min has left the session") {
			t.Errorf("who left reads %s", got)
		}
		x.here(t, "cho")
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho"}`})
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$ses/accept"})
		if got := x.chat(t, "cho", "ses", ""); !strings.HasPrefix(got, all) || !strings.Contains(got, "eight") {
			t.Errorf("the new owner reads %s", got)
		}
		x.here(t, "ana", "ben")
		x.open(t, "none", "ana", `,"portal_id":"@silent"`)
		x.says(t, "ana", "none", "before")
		x.here(t, "ben")
		x.join(t, "ana", "none", "ben", "")
		if got := x.chat(t, "ben", "none", ""); got != "Ben Okafor has joined the session" {
			t.Errorf("with a history of nothing %s", got)
		}
	})
}

// TestC1Pages: the bounds and the order of a chat never show more of it.
func TestC1Pages(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		x.says(t, "ana", "ses", "one", "two", "three", "four", "five", "six", "seven")
		ids := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/messages"}).items("id")
		x.here(t, "ben")
		x.join(t, "ana", "ses", "ben", "")
		for query, want := range map[string]string{"?after=" + ids[4]: "five, six, seven, Ben Okafor has joined the session", "?after=" + ids[0] + "&before=" + ids[5]: "three, four",
			"?before=" + ids[2]: "", "?order=desc&limit=3": "Ben Okafor has joined the session, seven, six"} {
			if got := x.chat(t, "ben", "ses", query); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		x.saved["early"] = ids[1]
		x.do(t, call{name: "what they do not see they have not read", as: "ben", do: "POST /v1/sessions/$ses/messages/read", body: `{"message_id":"$early"}`, want: 404, code: "not_found"})
	})
}

// TestC3Announcements: for unmasked reps, and never for masked ones.
func TestC3Announcements(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		x.join(t, "ana", "ses", "cho", `,"masked":true`)
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/leave"})
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$ses/leave"})
		want := "Ana has joined the session, Ben Okafor has joined the session, Ben Okafor has left the session"
		a := x.do(t, call{as: "guest/ses", do: "GET /v1/guest/messages", has: []string{`"system":"joined"`, `"system":"left"`}})
		if got := strings.Join(a.items("text"), ", "); got != want {
			t.Errorf("the customer reads %s", got)
		}
		if got := x.chat(t, "ana", "ses", ""); got != want {
			t.Errorf("the owner reads %s", got)
		}
	})
}

// TestC11Audience: guests get only what is for everyone, by name and not by rep; a reference comes back to its author alone.
func TestC11Audience(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", "")
		ben := x.cursor(t, "ben")
		following := x.stream(t, "guest/ses", "")
		following.until(t, "ready")
		say := "POST /v1/sessions/$ses/messages"
		x.play(t,
			call{as: "ana", do: say, body: `{"text":"Between us","audience":"reps","client_ref":"r1"}`, want: 201, has: []string{`"audience":"reps"`, `"client_ref":"r1"`}},
			call{as: "ana", do: say, body: `{"text":"For all","client_ref":"r2"}`, want: 201, has: []string{`"audience":"everyone"`, `"author_rep_id":"$ana"`}},
			call{as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"From me","client_ref":"g1"}`, want: 201, has: []string{`"audience":"everyone"`, `"client_ref":"g1"`}, save: "said=id"},
			call{name: "the same again is the same", as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"From me","client_ref":"g1"}`, want: 201, has: []string{"$said"}},
			call{as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"For all", "From me", `"name":"Ana"`, "g1"}, hasNot: []string{"Between us", "r2", "author_rep_id", "Ruiz"}},
			call{as: "ben", do: "GET /v1/sessions/$ses/messages", has: []string{"Between us", "For all", "From me"}, hasNot: []string{"r1", "r2", "g1"}},
			call{as: "ben", do: "GET /v1/event-log?after=" + ben, has: []string{"Between us", "For all", "From me"}, hasNot: []string{"r1", "g1"}},
			call{name: "unread", as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"unread":3`}},
			call{as: "ben", do: "POST /v1/sessions/$ses/messages/read", body: `{"message_id":"$said"}`, hasNot: []string{`"unread"`}},
			call{as: "ana", do: "GET /v1/sessions?mine=owner", has: []string{`"unread":1`}})
		got := following.until(t, "message.posted")
		got = append(got, following.until(t, "message.posted")...)
		if len(got) != 2 || got[0].at("message.text") != "For all" || got[1].at("message.text") != "From me" || strings.Contains(got[0].data+got[1].data, "client_ref") {
			t.Errorf("the customer was told %+v", got)
		}
	})
}

// TestC14Notes stay after the end, for those who may look inside, and guests never see them.
func TestC14Notes(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "hal")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "ben", `,"masked":true`)
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		before := x.guestReads(t, "guest/ses")
		notes := "GET /v1/sessions/$ses/notes"
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions/$ses/notes", body: `{"text":"Worn rollers\nPage two"}`, want: 201, has: []string{`"author":{"id":"$ana","name":"Ana Ruiz"}`, `Worn rollers\nPage two`}},
			call{name: "a masked rep too", as: "ben", do: "POST /v1/sessions/$ses/notes", body: `{"text":"Not the fuser"}`, want: 201},
			call{name: "not for the invited", as: "cho", do: notes, want: 403, code: "not_allowed", hasNot: []string{"rollers"}},
			call{name: "nor for strangers", as: "dev", do: notes, want: 404, code: "not_found"})
		if after := x.guestReads(t, "guest/ses"); after != before {
			t.Errorf("the customer reads %s, before %s", after, before)
		}
		x.play(t,
			call{as: "ana", do: "POST /v1/sessions/$ses/end", body: `{"summary":"New rollers"}`, has: []string{`"summary":"New rollers"`}},
			call{as: "ben", do: notes, has: []string{"Worn rollers", "Not the fuser"}},
			call{as: "hal", do: notes, has: []string{"Worn rollers"}},
			call{as: "ben", do: "GET /v1/sessions/$ses", has: []string{`"summary":"New rollers"`}},
			call{as: "ben", do: "POST /v1/sessions/$ses/notes", body: `{"text":"Late"}`, want: 409, code: "session_not_active"},
			call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"state":"ended"`}, hasNot: []string{"rollers", "fuser"}})
	})
}
