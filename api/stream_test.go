package api_test

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestH1Live: owner and invited are told at once, each with their own view, and nobody else.
func TestH1Live(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben", "cho", "dev")
		x.open(t, "ses", "ana", "")
		ana, ben, dev := x.stream(t, "ana", ""), x.stream(t, "ben", ""), x.stream(t, "dev", "")
		for _, s := range []*sse{ana, ben, dev} {
			ready := s.until(t, "ready")
			if len(ready) != 1 || ready[0].at("cursor") == "" || ready[0].at("heartbeat_seconds") != "25" || ready[0].id != "" {
				t.Errorf("%+v", ready)
			}
			if s.header.Get("Cache-Control") != "no-store" || s.header.Get("X-Accel-Buffering") != "no" {
				t.Errorf("headers %v", s.header)
			}
		}
		x.invite(t, "any", "ana", "ses", `{"team_id":"@printers","comment":"Come"}`)
		x.do(t, call{as: "cho", do: "POST /v1/invitations/$any/decline"})
		x.do(t, call{as: "ana", do: "POST /v1/invitations/$any/cancel"})

		owner := ana.until(t, "invitation.ended")
		if got := kinds(owner); got != "invitation.created invitation.changed invitation.ended" {
			t.Errorf("the owner got %s", got)
		}
		if owner[1].at("invitation.declined_by.0.name") != "Cho Min" || owner[1].at("reason") != "declined" || owner[2].at("invitation.session.title") != "Jo Doe" {
			t.Errorf("the owner got %+v", owner)
		}
		invited := ben.until(t, "invitation.ended")
		if got := kinds(invited); got != "invitation.created queue_entry.added invitation.ended" {
			t.Errorf("the invited got %s", got)
		}
		for _, m := range invited {
			if strings.Contains(m.data, "declined_by") || strings.Contains(m.data, "Cho Min") || m.at("actor.id") != x.saved["ana"] || m.at("session_id") != x.saved["ses"] {
				t.Errorf("the invited got %+v", m)
			}
		}
		if invited[0].at("invitation.comment") != "Come" || invited[0].at("invitation.session.title") != "Jo Doe" || strings.Contains(invited[2].data, "Jo Doe") || invited[2].at("reason") != "cancelled" {
			t.Errorf("the invited got %+v", invited)
		}
		if invited[0].at("id") != invited[0].id || invited[0].at("type") != invited[0].event || !wholeSecond.MatchString(invited[0].at("at")) {
			t.Errorf("%+v", invited[0])
		}
		x.do(t, call{as: "dev", do: "PATCH /v1/me", body: `{"busy":true}`})
		if got := dev.until(t, "me.changed"); len(got) != 1 {
			t.Errorf("an outsider got %+v", got)
		}
	})
}

func kinds(messages []message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.event)
	}
	return strings.Join(all, " ")
}

// TestH2NothingMissedNothingTwice: a client that is cut off again and again, while things happen and the server
// restarts, gets what polling the log gives.
func TestH2NothingMissedNothingTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben/phone")
		x.open(t, "ses", "ana", "")
		start := x.do(t, call{as: "ana", do: "GET /v1/event-log"}).at("cursor")
		var got []string
		last := ""
		for round := range 12 {
			at := x
			if round > 6 { // another process over the same database
				at = restarted(t, s, clock)
				at.tokens = x.tokens
			}
			query, more := "?after="+start, headers{}
			if last != "" {
				query, more = "?after=1", headers{"Last-Event-ID": last} // the header goes before
			}
			following := at.stream(t, "ana", query, more)
			keep := func(messages ...message) {
				for _, m := range messages {
					if m.id != "" {
						got, last = append(got, m.id+" "+m.event), m.id
					}
				}
			}
			for i := range round % 4 {
				x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
				x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
				if i == 1 {
					keep(following.until(t, "ready")...)
				}
			}
			for range 3 + round { // read some, perhaps in the middle of a replay, and be cut off
				select {
				case m := <-following.got:
					keep(m)
				default:
				}
			}
			following.close()
		}
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
		rest := x.stream(t, "ana", "", headers{"Last-Event-ID": last})
		for _, m := range rest.until(t, "ready") {
			if m.id != "" {
				got = append(got, m.id+" "+m.event)
			}
		}
		var want []string
		for cursor := start; ; {
			a := x.do(t, call{as: "ana", do: "GET /v1/event-log?limit=7&after=" + cursor})
			ids, types := a.items("id"), a.items("type")
			for i := range ids {
				want = append(want, ids[i]+" "+types[i])
			}
			cursor = a.at("cursor")
			if a.at("more") != "true" {
				break
			}
		}
		// Who was behind may have been told of several changes of one delivery the last.
		whole := slices.DeleteFunc(slices.Clone(want), func(e string) bool { return strings.HasSuffix(e, ".changed") && !slices.Contains(got, e) })
		if strings.Join(got, "\n") != strings.Join(whole, "\n") || len(want) < 30 || len(whole) < len(want)*2/3 {
			t.Errorf("over the stream %d events, by polling %d:\n%v\n%v", len(got), len(want), got, want)
		}
	})
}

// TestH2After starts where a snapshot or an earlier stream stood, and types narrows.
func TestH2After(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben")
	x.open(t, "ses", "ana", "")
	cursor := x.stream(t, "ana", "").until(t, "ready")[0].at("cursor")
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
	if got := kinds(x.stream(t, "ana", "?after="+cursor).until(t, "ready")); got != "invitation.created invitation.ended ready" {
		t.Errorf("after the cursor: %s", got)
	}
	narrow := x.stream(t, "ana", "?types=invitation.ended,delivery.changed&after="+cursor)
	if got := kinds(narrow.until(t, "ready")); got != "invitation.ended ready" {
		t.Errorf("two types: %s", got)
	}
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
	if got := kinds(narrow.until(t, "invitation.ended")); got != "invitation.ended" {
		t.Errorf("two types, live: %s", got)
	}
	for _, bad := range []string{"?after=x", "?after=-1", "?after=1.5", "?after=99999999999999999999", "?after=" + strings.Repeat("1", 31), "?typ=a", "?types=" + strings.Repeat("a,", 51)} {
		x.do(t, call{as: "ana", do: "GET /v1/events" + bad, want: 422, code: "validation_failed"})
	}
	x.do(t, call{as: "ana", do: "GET /v1/events", headers: headers{"Last-Event-ID": "x"}, want: 422, code: "validation_failed"})
}

// TestH2Reset says that the client has to load everything anew, and closes.
func TestH2Reset(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben/phone")
		reset := func(s *sse, reason string) {
			t.Helper()
			if m := s.next(t); m.event != "reset" || m.at("reason") != reason || m.id != "" {
				t.Errorf("%+v, want a reset for %s", m, reason)
			}
			s.end(t)
		}
		x.open(t, "ses", "ana", "")
		cursor := x.do(t, call{as: "ana", do: "GET /v1/event-log"}).at("cursor")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		reset(x.stream(t, "ana", "?after=123456789"), "cursor_unknown")
		x.do(t, call{as: "ana", do: "GET /v1/event-log?after=123456789", want: 410, code: "cursor_too_old", has: []string{`"reason":"cursor_unknown"`}})
		x.clock.Advance(7*24*hour + second)
		x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`})
		if err := x.store.RemoveOldRows(t.Context()); err != nil {
			t.Fatal(err)
		}
		reset(x.stream(t, "ana", "?after="+cursor), "cursor_too_old")
		reset(x.stream(t, "ana", "", headers{"Last-Event-ID": cursor}), "cursor_too_old")
		x.do(t, call{as: "ana", do: "GET /v1/event-log?after=" + cursor, want: 410, code: "cursor_too_old", has: []string{`"reason":"cursor_too_old"`}})
		x.do(t, call{as: "ana", do: "GET /v1/event-log?wait_seconds=60&after=" + cursor, want: 410, code: "cursor_too_old"})
		fresh := x.do(t, call{as: "ana", do: "GET /v1/event-log"}).at("cursor")
		if got := kinds(x.stream(t, "ana", "?after="+fresh).until(t, "ready")); got != "ready" {
			t.Errorf("from the end: %s", got)
		}

		growing := x.stream(t, "ben/phone", "")
		growing.until(t, "ready")
		x.load(t, `reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member, network: member}}]`)
		if got := kinds(growing.until(t, "reset")); got != "me.changed reset" {
			t.Errorf("into a team: %s", got)
		}
		growing.end(t)
		shrinking := x.stream(t, "ben/phone", "")
		shrinking.until(t, "ready")
		x.load(t, `reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member}}]`)
		shrinking.until(t, "me.changed")
		x.do(t, call{as: "ben/phone", do: "PATCH /v1/me", body: `{"busy":true}`})
		if got := kinds(shrinking.until(t, "me.changed")); got != "me.changed" {
			t.Errorf("out of a team: %s", got)
		}
	})
}

// TestA7StreamOfWhoBecomesAnEmbassyRep: a rep who becomes or ceases to be an embassy rep, by whichever way, loads anew what the
// open stream was about: others have other names from then on. So does one whose team is in use again.
func TestA7StreamOfWhoBecomesAnEmbassyRep(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "fay")
		x.open(t, "ses", "ana", "")
		x.invite(t, "abroad", "ana", "ses", `{"rep_id":"@fay"}`)
		x.do(t, call{as: "fay", do: "POST /v1/invitations/$abroad/accept"})
		for _, step := range []struct{ who, file, name, hidden string }{
			{"fay", `reps: [{username: fay, name: Fay Winter, teams: {acme: member, printers: member}}]`, `"name":"Ana Ruiz"`, ""},
			{"fay", `reps: [{username: fay, name: Fay Winter, teams: {acme: member}}]`, `"name":"Ana"`, "Ana Ruiz"},
			{"fay", `reps: [{username: fay, name: Fay Winter, teams: {acme: member}, permissions: [see_outside_embassy]}]`, `"name":"Ana Ruiz"`, ""},
			{"fay", `reps: [{username: fay, name: Fay Winter, teams: {acme: member}, permissions: []}]`, `"name":"Ana"`, "Ana Ruiz"},
			{"fay", `teams: [{slug: acme, name: Acme, embassy: false}]`, `"name":"Ana Ruiz"`, ""},
			{"fay", `teams: [{slug: acme, name: Acme, embassy: true}]`, `"name":"Ana"`, "Ana Ruiz"},
		} {
			before := x.stream(t, step.who, "")
			before.until(t, "ready")
			x.load(t, step.file)
			if m := before.until(t, "reset"); m[len(m)-1].at("reason") != "rights_changed" {
				t.Errorf("%s: %+v", step.file, m)
			}
			before.end(t)
			hidden := []string{"never"}
			if step.hidden != "" {
				hidden = append(hidden, step.hidden)
			}
			snapshot := x.do(t, call{name: step.file, as: step.who, do: "GET /v1/snapshot", has: []string{step.name}, hasNot: hidden})
			after := x.stream(t, step.who, "?after="+snapshot.at("cursor"))
			x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", want: 201, body: `{"text":"Hello"}`})
			if m := after.until(t, "message.posted"); !strings.Contains(m[len(m)-1].data, step.name) || step.hidden != "" && strings.Contains(m[len(m)-1].data, step.hidden) {
				t.Errorf("%s: then %+v", step.file, m)
			}
			after.close()
		}
		open := x.stream(t, "ben", "")
		open.until(t, "ready")
		x.load(t, `teams: [{slug: printers, name: Printers, disabled: true}]`)
		open.until(t, "me.changed")
		x.do(t, call{as: "ben", do: "GET /v1/snapshot", hasNot: []string{"Printers"}})
		x.load(t, `teams: [{slug: printers, name: Printers, disabled: false}]`)
		if got := kinds(open.until(t, "reset")); got != "me.changed reset" {
			t.Errorf("a team in use again: %s", got)
		}
		x.do(t, call{as: "ben", do: "GET /v1/snapshot", has: []string{`"name":"Printers"`}})
	})
}

// TestH1OneStreamAConsole: a second closes the first; another console's stays.
func TestH1OneStreamAConsole(t *testing.T) {
	x := newServer(t)
	first, phone := x.stream(t, "ana", ""), x.stream(t, "ana/phone", "")
	first.until(t, "ready")
	phone.until(t, "ready")
	second := x.stream(t, "ana", "")
	if m := first.next(t); m.event != "closing" || m.at("reason") != "replaced" || m.at("retry_after_seconds") != "" {
		t.Errorf("%+v", m)
	}
	first.end(t)
	x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`})
	second.until(t, "me.changed")
	phone.until(t, "me.changed")
}

// poll begins a long poll and returns once it waits.
func (x *server) poll(t testing.TB, as, seconds string) <-chan answer {
	t.Helper()
	auth, polled := x.auth(t, as), make(chan answer, 1)
	go func() {
		polled <- x.send(t, "GET", "/v1/event-log?wait_seconds="+seconds, auth, "", nil)
	}()
	x.eventually(t, "the poll waits", func() bool { return running("Server).listEvents") > 0 })
	return polled
}

// TestH3LongPoll is answered as soon as something comes for the caller.
func TestH3LongPoll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := serve(t, s, clock)
		x.logInAll(t, "ana", "ben")
		polled := x.poll(t, "ben", "60")
		x.open(t, "ses", "ana", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
		select {
		case a := <-polled:
			if a.at("items.0.type") != "invitation.created" || a.at("items.1.type") != "queue_entry.added" || len(a.items("id")) != 2 || a.at("cursor") == "" {
				t.Errorf("%s", a.text)
			}
		case <-time.After(later):
			t.Fatal("no answer")
		}
		x.do(t, call{as: "ben", do: "GET /v1/event-log?wait_seconds=1", has: []string{`"items":[]`, `"more":false`}})
		x.do(t, call{as: "ben", do: "GET /v1/event-log?after=0&types=me.changed", has: []string{`"items":[]`}})
		x.do(t, call{as: "ben", do: "GET /v1/event-log?after=0&limit=1&types=invitation.created", has: []string{`"$inv"`}})
	})
}

// TestH1Heartbeat: a silent stream gets a comment, and says how often.
func TestH1Heartbeat(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana")
	fast := restarted(t, x.store, x.clock, func(cfg *api.Config) { cfg.Heartbeat = 20 * time.Millisecond })
	fast.tokens = x.tokens
	r, err := http.NewRequestWithContext(t.Context(), "GET", fast.url+"/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", fast.auth(t, "ana"))
	response, err := fast.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines, comments := bufio.NewScanner(response.Body), 0
	for comments < 3 && lines.Scan() {
		if lines.Text() == ": still here" {
			comments++
		}
	}
	if comments < 3 {
		t.Errorf("%d comments, %v", comments, lines.Err())
	}
}

// TestH1SlowReader: who does not read holds nobody up, and is let go after a time.
func TestH1SlowReader(t *testing.T) {
	x := newServer(t, storetest.AnyNumberOfInvites)
	x.slowReader(t)
	x.eventually(t, "only the slow reader's stream still writes", func() bool { return running("stream).write") == 1 })
}

func TestH1SlowReaderIsLetGo(t *testing.T) {
	first := newServer(t, storetest.AnyNumberOfInvites)
	first.logInAll(t, "ana")
	x := restarted(t, first.store, first.clock, func(cfg *api.Config) { cfg.StreamPatience = 200 * time.Millisecond })
	reading := x.slowReader(t)
	x.eventually(t, "the slow reader's stream has ended", func() bool { return running("Server).follow") == 1 })
	x.do(t, call{as: "cho", do: "PATCH /v1/me", body: `{"busy":true}`})
	reading.until(t, "me.changed")
}

// TestH1WhatComesBackByItself: a rep reads what goes to a portal while any console of theirs is there that logged in under it. That
// it is there again no event tells; the stream of another console notices at its next heartbeat.
func TestH1WhatComesBackByItself(t *testing.T) {
	first := newServer(t)
	first.logInAll(t, "ana", "ben")
	x := restarted(t, first.store, first.clock, func(cfg *api.Config) { cfg.Heartbeat = 20 * time.Millisecond })
	x.logIn(t, "ben/desk", `{"username":"ben","password":"`+storetest.Password+`","portal_id":"@open","device":{"platform":"script"}}`)
	x.open(t, "ses", "ana", `,"portal_id":"@open"`)
	ben := x.stream(t, "ben", "")
	ben.until(t, "ready")
	x.clock.Advance(desk.LoggedInUntil(time.Time{}, false).Sub(time.Time{}) + time.Second)
	x.do(t, call{as: "ben", do: "PATCH /v1/me", body: `{"busy":true}`})
	ben.until(t, "me.changed") // read without the portal
	x.do(t, call{as: "ben/desk", do: "GET /v1/me"})
	x.invite(t, "inv", "ana", "ses", `{"portal_id":"@open"}`)
	ben.until(t, "invitation.created")
}

// slowReader has ben open a stream and read nothing of it, and cho read one while much happens. It returns cho's.
func (x *server) slowReader(t *testing.T) *sse {
	t.Helper()
	x.logInAll(t, "ana", "ben", "cho")
	x.open(t, "ses", "ana", "")
	narrow := httptest.NewUnstartedServer(x.api.Handler()) // with little room for what was not read
	narrow.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if err := c.(*net.TCPConn).SetWriteBuffer(4096); err != nil {
			t.Error(err)
		}
		return ctx
	}
	narrow.Start()
	t.Cleanup(narrow.Close)
	slow, err := net.Dial("tcp", narrow.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slow.Close() })
	if err := slow.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(slow, "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n", x.auth(t, "ben"))
	if line, err := bufio.NewReaderSize(slow, 16).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatal(line, err)
	}
	reading := x.stream(t, "cho", "")
	reading.until(t, "ready")
	comment := strings.Repeat("👩", 500)
	for i := range 40 {
		x.invite(t, "inv", "ana", "ses", `{"team_id":"@printers","comment":"`+comment+`"}`)
		x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
		if m := reading.until(t, "invitation.ended"); !strings.HasSuffix(kinds(m), "invitation.created queue_entry.added invitation.ended") || m[len(m)-1].at("invitation.id") != x.saved["inv"] {
			t.Fatalf("%d: %s", i, kinds(m))
		}
	}
	return reading
}

// TestH2AcrossARestart: the server stops, database and all, things happen at another one, and a client comes back to a third
// with the last id that it has.
func TestH2AcrossARestart(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "repdesk.db") },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			at, clock := database(t), storetest.NewClock()
			var tokens map[string]string
			var last, session string
			life := func(name string, live func(t *testing.T, x *server)) {
				t.Run(name, func(t *testing.T) { // its end closes the server and the store
					s := storetest.Open(t, at, clock)
					if tokens == nil {
						tokens = map[string]string{}
						storetest.NewDesk(t, s)
					}
					x := restarted(t, s, clock)
					maps.Copy(x.tokens, tokens)
					x.saved["ses"] = session
					live(t, x)
					maps.Copy(tokens, x.tokens)
					session = x.saved["ses"]
				})
			}
			life("first", func(t *testing.T, x *server) {
				x.logInAll(t, "ana", "ben")
				x.open(t, "ses", "ana", "")
				snapshot := x.do(t, call{as: "ana", do: "GET /v1/snapshot", has: []string{"$ses"}})
				stream := x.stream(t, "ana", "?after="+snapshot.at("cursor"))
				stream.until(t, "ready")
				x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/hold"})
				stream.until(t, "session.changed")
				last = stream.last
				x.api.CloseStreams()
				if m := stream.until(t, "closing"); m[len(m)-1].at("reason") != "shutdown" {
					t.Errorf("%+v", m)
				}
				last = stream.last
			})
			life("second", func(t *testing.T, x *server) { x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/resume"}) })
			life("third", func(t *testing.T, x *server) {
				stream := x.stream(t, "ana", "", headers{"Last-Event-ID": last})
				if got := stream.until(t, "ready"); kinds(got) != "session.changed queue_entry.changed ready" || got[0].at("session.held") != "false" {
					t.Errorf("%+v", got)
				}
				x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
				stream.until(t, "session.changed")
			})
		})
	}
}
