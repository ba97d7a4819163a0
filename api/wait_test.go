package api_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
)

// waits starts a session that waits in a team's queue, and saves its id under the name. The customer calls as "guest/" and
// the name.
func (x *server) waits(t testing.TB, name, as, more string) {
	t.Helper()
	x.do(t, call{as: as, do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe","company":"Doe Ltd","details":"The tray jams"}` + more + `}`, want: 201,
		save: name + "=session.id token=guest_token"})
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens["guest/"+name] = x.saved["token"]
}

// overflowing has the printers' queue overflow into the network's after five minutes, and that one be overdue after one.
const overflowing = `teams: [{slug: printers, name: Printers, waiting: {after_seconds: 300, action: overflow, overflow_team: network}}, {slug: network, name: Network, waiting: {after_seconds: 60, action: overdue}}]`

// TestD10WaitingRule: a session that waits too long is moved, and then overdue. Reps of either team are told what concerns
// them, and the customer nothing of teams.
func TestD10WaitingRule(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, overflowing)
		x.here(t, "ana", "ben", "dev", "fay")
		x.waits(t, "ses", "ana", `,"issue_id":"@paper-jam"`)
		ben, dev, fay, customer := x.cursor(t, "ben"), x.cursor(t, "dev"), x.cursor(t, "fay"), x.stream(t, "guest/ses", "")
		customer.until(t, "ready")
		x.pass(t, 299*second, "ana", "ben", "dev", "fay")
		x.play(t,
			call{name: "a second before", as: "ben", do: "GET /v1/queues/@printers/entries", has: []string{"$ses", `"came_by":"issue"`, `"overdue":false`}},
			call{as: "dev", do: "GET /v1/queues/@network/entries", hasNot: []string{"$ses"}})
		x.pass(t, second, "ana", "ben", "dev", "fay")
		x.play(t,
			call{name: "moved", as: "ben", do: "GET /v1/queues/@printers/entries", hasNot: []string{"$ses", "Jo Doe"}},
			call{as: "dev", do: "GET /v1/queues/@network/entries", has: []string{"$ses", `"came_by":"waiting_rule"`, `"overdue":false`, `"place":1`}},
			call{name: "those who had it", as: "ben", do: "GET /v1/event-log?after=" + ben, has: []string{`"queue_entry.removed"`, `"reason":"overflow"`}, hasNot: []string{"Jo Doe", "Network", "tray"}},
			call{name: "those who have it", as: "dev", do: "GET /v1/event-log?after=" + dev, has: []string{`"queue_entry.added"`, `"reason":"overflow"`, "Jo Doe"}},
			call{name: "outsiders", as: "fay", do: "GET /v1/event-log?after=" + fay, hasNot: []string{"$ses"}},
			call{as: "ben", do: "GET /v1/sessions/$ses", want: 404},
			call{as: "ben", do: "POST /v1/sessions/$ses/accept", want: 404})
		told := customer.until(t, "session.changed")
		if m := told[len(told)-1]; m.at("reason") != "overflow" || m.at("session.state") != "waiting" || strings.Contains(m.data, "Network") || strings.Contains(m.data, "Printers") || strings.Contains(m.data, "team") {
			t.Errorf("the customer was told %+v", m)
		}
		dev = x.cursor(t, "dev")
		x.pass(t, 60*second, "ana", "ben", "dev", "fay")
		x.play(t,
			call{name: "overdue", as: "dev", do: "GET /v1/queues/@network/entries", has: []string{"$ses", `"overdue":true`}},
			call{as: "dev", do: "GET /v1/queues", has: []string{`"overdue":1`}},
			call{as: "dev", do: "GET /v1/event-log?types=queue_entry.changed&after=" + dev, has: []string{`"reason":"overdue"`, `"overdue":true`}},
			call{as: "dev", do: "POST /v1/queues/next", body: "{}", has: []string{"$ses", `"state":"active"`}})
	})
}

// TestD11NoRepAvailable: a session that waits for nobody ends, and the customer learns where else to go.
func TestD11NoRepAvailable(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `portals: [{slug: main, name: Main, unavailable_url: "https://example.com/later"}, {slug: rescue, name: Rescue, fallback_team: night, unavailable_url: "https://example.com/later"}]`)
		x.here(t, "ana", "dev", "hal")
		x.waits(t, "ends", "ana", `,"portal_id":"@main","team_id":"@printers"`)
		x.waits(t, "moves", "ana", `,"portal_id":"@rescue","team_id":"@printers"`)
		x.waits(t, "stays", "ana", `,"portal_id":"@main","team_id":"@night"`)
		cursor, customer := x.cursor(t, "ana"), x.stream(t, "guest/ends", "")
		x.pass(t, desk.ConnectedFor+desk.PresenceGrace-second, "dev")
		x.do(t, call{as: "guest/ends", do: "GET /v1/guest/session", has: []string{`"state":"waiting"`}, hasNot: []string{"redirect_url"}})
		x.pass(t, second, "dev")
		x.play(t,
			call{name: "it ends", as: "guest/ends", do: "GET /v1/guest/session", has: []string{`"state":"ended"`, `"end_reason":"no_rep_available"`, `"redirect_url":"https://example.com/later"`}, hasNot: []string{"Printers", "place"}},
			call{name: "the fallback team keeps it", as: "guest/moves", do: "GET /v1/guest/session", has: []string{`"state":"waiting"`, `"place":2`}, hasNot: []string{"redirect_url", "Night"}},
			call{name: "a persistent team keeps it", as: "guest/stays", do: "GET /v1/guest/session", has: []string{`"state":"waiting"`, `"place":1`}},
			call{as: "hal", do: "GET /v1/sessions/$moves", has: []string{"Night shift"}, hasNot: []string{"redirect_url"}},
			call{as: "hal", do: "GET /v1/sessions/$ends", has: []string{`"end_reason":"no_rep_available"`}, hasNot: []string{"redirect_url"}},
			call{name: "who comes back is told", as: "ana", do: "GET /v1/event-log?after=" + cursor, has: []string{`"queue_entry.removed"`, `"reason":"no_rep_available"`, `"reason":"fallback"`}, hasNot: []string{"Night shift"}},
			call{as: "ana", do: "POST /v1/sessions/$ends/accept", want: 404})
		told := customer.until(t, "closing")
		if got := told[len(told)-2]; got.event != "session.changed" || got.at("reason") != "no_rep_available" || got.at("session.redirect_url") != "https://example.com/later" {
			t.Errorf("the customer was told %+v", told)
		}
		customer.end(t)
	})
}

// TestD12PlaceInLine: the customer reads the place and the estimated wait. They move no revision, and yet no answer that a
// client has kept hides another place.
func TestD12PlaceInLine(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.here(t, "ana", "ben")
		for _, name := range []string{"one", "two", "three"} {
			x.waits(t, name, "ana", `,"issue_id":"@paper-jam"`)
		}
		kept := x.do(t, call{as: "guest/three", do: "GET /v1/guest/session", has: []string{`"place":3`}, hasNot: []string{"estimated_wait_seconds"}})
		x.do(t, call{as: "guest/three", do: "GET /v1/guest/session", headers: headers{"If-None-Match": kept.header.Get("ETag")}, want: 304})
		x.clock.Advance(90 * second)
		x.do(t, call{as: "ben", do: "POST /v1/queues/next", body: "{}", has: []string{"$one"}, hasNot: []string{"place", "estimated"}})
		now := x.do(t, call{as: "guest/three", do: "GET /v1/guest/session", headers: headers{"If-None-Match": kept.header.Get("ETag")}, has: []string{`"place":2`, `"estimated_wait_seconds":180`}})
		if now.at("rev") != kept.at("rev") {
			t.Errorf("the revision moved from %s to %s", kept.at("rev"), now.at("rev"))
		}
		x.play(t,
			call{as: "guest/two", do: "GET /v1/guest/session", has: []string{`"place":1`, `"estimated_wait_seconds":90`}, hasNot: []string{"Printers", "Ben", "team"}},
			call{name: "who does not wait", as: "guest/one", do: "GET /v1/guest/session", has: []string{`"state":"active"`}, hasNot: []string{"place", "estimated"}},
			call{name: "reps read it in the queue", as: "ana", do: "GET /v1/queues/@printers/entries", has: []string{`"place":1`, `"place":2`}, hasNot: []string{"estimated"}},
			call{name: "not with the session", as: "ana", do: "GET /v1/sessions/$two", hasNot: []string{"place", "estimated"}},
			call{name: "one leaves", as: "guest/two", do: "POST /v1/guest/leave"},
			call{as: "guest/three", do: "GET /v1/guest/session", has: []string{`"place":1`, `"estimated_wait_seconds":90`}})
	})
}

// TestD12PlaceChanged: the customer's stream tells of another place, without an id, since it is no event of the log.
func TestD12PlaceChanged(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.here(t, "ana", "ben")
		x.looksOften(t)
		x.waits(t, "one", "ana", `,"issue_id":"@paper-jam"`)
		x.waits(t, "two", "ana", `,"issue_id":"@paper-jam"`)
		cursor := x.cursor(t, "ana")
		customer, picky := x.stream(t, "guest/two", ""), x.stream(t, "guest/two", "?types=session.changed")
		customer.until(t, "ready")
		is := func(m message, place, wait string) {
			t.Helper()
			if m.event != "place.changed" || m.id != "" || m.at("type") != "place.changed" || m.at("session.place") != place || m.at("session.estimated_wait_seconds") != wait ||
				m.at("session.id") != x.saved["two"] || m.at("session_id") != x.saved["two"] || strings.Contains(m.data, "Printers") || strings.Contains(m.data, "Ben") {
				t.Errorf("the customer was told %+v", m)
			}
		}
		is(customer.next(t), "2", "")
		x.clock.Advance(30 * second)
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$one/accept"})
		is(customer.next(t), "1", "30")
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"issue_id":"@paper-jam","priority":50,"customer":{"name":"Al"}}`, want: 201, save: "urgent=session.id"})
		is(customer.next(t), "2", "60")
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$two/accept"})
		rest := customer.until(t, "session.changed")
		if len(rest) > 3 || rest[len(rest)-1].at("session.state") != "active" || rest[len(rest)-1].at("session.place") != "" {
			t.Errorf("the customer was told %+v", rest)
		}
		if got := kinds(picky.until(t, "session.changed")); got != "ready session.changed" {
			t.Errorf("who asked for other types was told %s", got)
		}
		x.do(t, call{as: "ana", do: "GET /v1/event-log?limit=200&after=" + cursor, hasNot: []string{"place.changed"}})
	})
}

// looksOften has the server look for another place in line all the time.
func (x *server) looksOften(t testing.TB) {
	t.Helper()
	x.api = api.New(api.Config{Store: x.store, Now: x.clock.Now, LookEvery: time.Millisecond})
	listening := httptest.NewServer(x.api.Handler())
	x.url = listening.URL
	t.Cleanup(func() {
		x.api.CloseStreams()
		x.http.CloseIdleConnections()
		listening.Close()
	})
}
