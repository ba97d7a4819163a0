package api_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// guestReads is all that a guest can read at this moment: every GET that the contract has for guests, with its ETag, and
// what the guest's join grant says.
func (x *server) guestReads(t testing.TB, guest string) string {
	t.Helper()
	var all strings.Builder
	paths := x.api.Document().Paths
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		op := paths[path].Get
		if !strings.HasPrefix(path, "/v1/guest/") || op == nil || op.OperationID == "stream-guest-events" {
			continue
		}
		a := x.do(t, call{as: guest, do: "GET " + path})
		fmt.Fprintln(&all, path, a.status, a.header.Get("ETag"), a.text)
	}
	claims := x.claims(t, x.do(t, call{as: guest, do: "POST /v1/guest/grant"}).at("grant"))
	for _, passing := range []string{"iat", "nbf", "exp", "jti"} {
		delete(claims, passing)
	}
	fmt.Fprintln(&all, claims)
	return all.String()
}

// claims reads a join grant without checking it.
func (x *server) claims(t testing.TB, grant string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(grant, ".")
	if len(parts) != 3 {
		t.Fatalf("grant %q", grant)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	mustParse(t, string(text), &claims)
	return claims
}

// hidden runs calls by and about masked reps, and holds after each that the guest reads what they read before, byte for
// byte.
func (x *server) hidden(t *testing.T, guest string, calls ...call) {
	t.Helper()
	before := x.guestReads(t, guest)
	for _, c := range calls {
		x.do(t, c)
		if after := x.guestReads(t, guest); after != before {
			t.Fatalf("after %s as %s the customer reads\n%s, and before\n%s", c.do, c.as, after, before)
		}
	}
}

// TestC11NothingOfAMaskedRep: of all that a masked rep does, and that is done to one, a guest reads nothing, neither by
// asking nor over the stream.
func TestC11NothingOfAMaskedRep(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho/phone")
		x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
		x.open(t, "ses", "ben", `,"portal_id":"@asks"`)
		following := x.stream(t, "guest/ses", "")
		following.until(t, "ready")
		x.hidden(t, "guest/ses",
			call{as: "ben", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho","masked":true,"comment":"Quietly"}`, want: 201, save: "inv=id"},
			call{as: "ben", do: "POST /v1/invitations/$inv/remind"},
			call{as: "cho/phone", do: "POST /v1/invitations/$inv/accept", has: []string{`"masked":true`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/join", body: `{"masked":true}`, has: []string{`"rep_count":3`}})
		x.seat(t, "seat", "ben", "ses", "Cho Min")
		x.hidden(t, "guest/ses",
			call{as: "cho/phone", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Behind the scenes"}`, want: 201, save: "msg=id"},
			call{as: "cho/phone", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Aloud","audience":"everyone"}`, want: 403, code: "not_allowed"},
			call{as: "ana", do: "POST /v1/sessions/$ses/messages/read", body: `{"message_id":"$msg"}`},
			call{as: "cho/phone", do: "POST /v1/sessions/$ses/notes", body: `{"text":"Between us"}`, want: 201},
			call{as: "cho/phone", do: "POST /v1/sessions/$ses/grant"},
			call{as: "ben", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"access":"view"}`},
			call{as: "guest/ses", do: "POST /v1/guest/consent", body: `{"attendee_id":"$seat","granted":true}`, want: 404, code: "not_found"},
			call{as: "ben", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@cho"}`},
			call{as: "cho/phone", do: "POST /v1/sessions/$ses/transfer/decline"},
			call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@printers","stay":true}`},
			call{as: "cho/phone", do: "POST /v1/sessions/$ses/transfer/decline"},
			call{as: "ben", do: "POST /v1/sessions/$ses/transfer/cancel"},
			call{as: "cho/phone", do: "PATCH /v1/me", body: `{"busy":true}`},
			call{as: "cho/phone", do: "POST /v1/sessions/$ses/leave"},
			call{as: "ben", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho","masked":true}`, want: 201, save: "again=id"},
			call{as: "cho/phone", do: "POST /v1/invitations/$again/accept"},
			call{as: "ana", do: "POST /v1/sessions/$ses/leave"})
		x.seat(t, "seat", "ben", "ses", "Cho Min")
		x.hidden(t, "guest/ses",
			call{as: "ben", do: "DELETE /v1/sessions/$ses/attendees/$seat", want: 204},
			call{as: "ben", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho","masked":true}`, want: 201, save: "third=id"},
			call{as: "cho/phone", do: "POST /v1/invitations/$third/accept"})
		for range 8 { // the connection of the masked rep alone is lost
			x.clock.Advance(100 * second)
			x.do(t, call{as: "ben", do: "GET /v1/me"})
			x.doDue(t)
		}
		x.hidden(t, "guest/ses", call{as: "ben", do: "GET /v1/sessions/$ses/attendees", hasNot: []string{"Cho"}})
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Aloud"}`, want: 201})
		if got := following.next(t); got.event != "message.posted" || got.at("message.text") != "Aloud" {
			t.Errorf("over the stream came %+v", got)
		}
	})
}

// TestC11Unmasking is a coming to the customer, and masking a going (C5).
func TestC11Unmasking(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "cho")
		x.open(t, "ses", "ana", "")
		x.join(t, "ana", "ses", "cho", `,"masked":true`)
		x.seat(t, "seat", "ana", "ses", "Cho Min")
		before := x.guestReads(t, "guest/ses")
		following := x.stream(t, "guest/ses", "")
		following.until(t, "ready")
		x.clock.Advance(time.Minute)
		x.play(t,
			call{as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"masked":false}`, has: []string{`"masked":false`}},
			call{as: "guest/ses", do: "GET /v1/guest/attendees", has: []string{`"name":"Cho Min","access":"control"`, `"joined_at":"2026-03-02T09:01:00Z"`}},
			call{as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"Cho Min has joined the session"}},
			call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"rep_count":2`}},
			call{name: "seen now, and heard", as: "cho", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Hello"}`, want: 201, has: []string{`"audience":"everyone"`}},
			call{as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"masked":true}`, has: []string{`"masked":true`}},
			call{as: "guest/ses", do: "GET /v1/guest/attendees", hasNot: []string{"Cho"}},
			call{as: "guest/ses", do: "GET /v1/guest/messages", has: []string{"Cho Min has left the session"}},
			call{as: "guest/ses", do: "GET /v1/guest/session", has: []string{`"rep_count":1`}},
			call{as: "ana", do: "POST /v1/sessions/$ses/end"})
		var told []string
		for _, m := range following.until(t, "closing") {
			told = append(told, m.event+" "+m.at("message.text")+m.at("session.rep_count")+m.at("attendee.name"))
			if strings.Contains(m.data, "masked\":true") || strings.Contains(m.data, x.saved["cho"]) {
				t.Errorf("told %s", m.data)
			}
		}
		want := "attendee.joined Cho Min, message.posted Cho Min has joined the session, session.changed 2, message.posted Hello, " +
			"attendee.left Cho Min, message.posted Cho Min has left the session, session.changed 1, session.changed 0, closing "
		if got := strings.Join(told, ", "); got != want {
			t.Errorf("the customer was told\n%s, want\n%s", got, want)
		}
		if strings.Contains(before, "Cho") {
			t.Errorf("before: %s", before)
		}
	})
}

// twins are two sessions of which one has a masked rep. What is done in both is read alike by both customers.
type twins struct {
	*server
	streams []*sse
	heard   [2]string
}

var anyID = regexp.MustCompile(`\b(ses|att|msg|prt|iss)_[0-9a-f]{32}`)

// contentTags are ETags made of a content in which ids stand.
var contentTags = regexp.MustCompile(`"h-[\w-]{20}"`)

// alike is a text with its ids numbered as they come.
func alike(text string) string {
	seen := map[string]string{}
	text = contentTags.ReplaceAllString(text, "of the content")
	return anyID.ReplaceAllStringFunc(text, func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("%s%d", id[:4], len(seen))
		}
		return seen[id]
	})
}

var position = regexp.MustCompile(`"id":\d+,`)

// both does the same in both, and compares all that the two customers read and were told since the beginning.
func (w *twins) both(t *testing.T, until string, calls ...call) {
	t.Helper()
	for _, c := range calls {
		for _, name := range []string{"bare", "dark"} {
			one := c
			one.do, one.body = strings.ReplaceAll(c.do, "$ses", "$"+name), strings.ReplaceAll(c.body, "$seat", "$seat_"+name)
			one.do, one.as = strings.ReplaceAll(one.do, "$seat", "$seat_"+name), strings.ReplaceAll(c.as, "guest/ses", "guest/"+name)
			w.do(t, one)
		}
	}
	for i, s := range w.streams {
		for _, m := range s.until(t, until) {
			w.heard[i] += m.event + " " + position.ReplaceAllString(m.data, "") + "\n"
		}
	}
	for what, read := range map[string][2]string{"read": {w.guestReads(t, "guest/bare"), w.guestReads(t, "guest/dark")}, "heard": w.heard} {
		if bare, dark := alike(read[0]), alike(read[1]); bare != dark {
			t.Fatalf("the customer with a masked rep %s\n%s, and the one without\n%s", what, dark, bare)
		}
	}
}

// TestC11WithAndWithout: two sessions go the same way, one of them with a masked rep in it who does all that one can do.
// What the two customers read and hear is the same, byte for byte, but for the ids.
func TestC11WithAndWithout(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho")
		x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
		x.open(t, "bare", "ben", `,"portal_id":"@asks"`)
		x.open(t, "dark", "ben", `,"portal_id":"@asks"`)
		w := &twins{server: x, streams: []*sse{x.stream(t, "guest/bare", ""), x.stream(t, "guest/dark", "")}}
		w.both(t, "ready")
		x.heardNothing(w)
		x.join(t, "ben", "dark", "cho", `,"masked":true`)
		x.seat(t, "seat", "ben", "dark", "Cho Min")
		w.both(t, "message.posted", call{as: "ben", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Hello"}`, want: 201})
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$dark/messages", body: `{"text":"Pst"}`, want: 201})
		w.both(t, "session.changed", call{as: "ana", do: "POST /v1/sessions/$ses/join"})
		x.seat(t, "seat_bare", "ben", "bare", "Ana Ruiz")
		x.seat(t, "seat_dark", "ben", "dark", "Ana Ruiz")
		x.do(t, call{as: "ben", do: "PATCH /v1/sessions/$dark/attendees/$seat", body: `{"access":"view"}`})
		w.both(t, "session.changed", call{as: "guest/ses", do: "POST /v1/guest/consent", body: `{"attendee_id":"$seat","granted":true}`})
		w.both(t, "session.changed", call{as: "ben", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"access":"view"}`})
		w.both(t, "session.changed", call{as: "ben", do: "POST /v1/sessions/$ses/hold"})
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$dark/transfer", body: `{"rep_id":"@cho"}`})
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$dark/transfer/decline"})
		w.both(t, "session.changed", call{as: "ben", do: "POST /v1/sessions/$ses/resume"})
		w.both(t, "session.changed", call{as: "guest/ses", do: "POST /v1/guest/leave"})
		x.do(t, call{as: "cho", do: "POST /v1/sessions/$dark/notes", body: `{"text":"Gone?"}`, want: 201})
		x.clock.Advance(time.Minute)
		w.both(t, "message.posted", call{as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"Back"}`, want: 201})
		w.both(t, "session.changed",
			call{as: "ben", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ana","stay":true}`},
			call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
		x.do(t, call{as: "ana", do: "DELETE /v1/sessions/$dark/attendees/$seat", want: 204})
		x.join(t, "ana", "dark", "cho", `,"masked":true`)
		w.both(t, "session.changed", call{as: "ben", do: "POST /v1/sessions/$ses/leave"})
		for _, m := range []string{"Pst", "Cho", x.saved["cho"]} {
			if strings.Contains(w.heard[1], m) {
				t.Errorf("the customer heard of %s: %s", m, w.heard[1])
			}
		}
		// The masked rep is in it until the end, which is the same for both.
		for _, name := range []string{"bare", "dark"} {
			x.do(t, call{as: "ana", do: "POST /v1/sessions/$" + name + "/end", body: `{"summary":"Done"}`})
		}
		ends := [2]string{}
		for i, s := range w.streams {
			for _, m := range s.until(t, "closing") {
				ends[i] += m.event + position.ReplaceAllString(m.data, "")
			}
		}
		if alike(ends[0]) != alike(ends[1]) {
			t.Errorf("the end: %s, and with a masked rep %s", ends[0], ends[1])
		}
	})
}

// heardNothing forgets what was heard: the cursors at which the two streams began are no news.
func (x *server) heardNothing(w *twins) { w.heard = [2]string{} }

// TestC11Expected: who accepted by email, and whose seat still waits for them, is nothing to guests; they come when their
// console does (G2).
func TestC11Expected(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		link := x.mailedLink(t)
		following := x.stream(t, "guest/ses", "")
		following.until(t, "ready")
		before := x.guestReads(t, "guest/ses")
		if a := x.post(t, "/i/"+link, "answer=accept", nil); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.text)
		}
		x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees", has: []string{`"name":"Dev Patel"`, `"expected":true`}})
		if after := x.guestReads(t, "guest/ses"); after != before {
			t.Errorf("the customer reads %s, before %s", after, before)
		}
		x.forget("dev")
		x.logInAll(t, "dev")
		x.do(t, call{as: "guest/ses", do: "GET /v1/guest/attendees", has: []string{`"name":"Dev Patel"`}})
		if got := following.until(t, "session.changed"); kinds(got) != "attendee.joined message.posted session.changed" {
			t.Errorf("the customer was told %+v", got)
		}
	})
}
