package api_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestStreamShutdown: every stream is told, none begins any more, and a long poll is answered.
func TestStreamShutdown(t *testing.T) {
	x := newServer(t)
	ana, ben := x.stream(t, "ana", ""), x.stream(t, "ben", "")
	ana.until(t, "ready")
	ben.until(t, "ready")
	polled := x.poll(t, "cho", "60")
	x.api.CloseStreams()
	for _, s := range []*sse{ana, ben} {
		if m := s.next(t); m.event != "closing" || m.at("reason") != "shutdown" || m.at("retry_after_seconds") == "" {
			t.Errorf("%+v", m)
		}
		s.end(t)
	}
	select {
	case a := <-polled:
		if a.status != http.StatusOK || len(a.items("id")) != 0 || a.at("cursor") == "" {
			t.Errorf("%d %s", a.status, a.text)
		}
	case <-time.After(later):
		t.Error("a long poll holds the server up")
	}
	x.do(t, call{as: "ana", do: "GET /v1/events", want: 503, code: "unavailable"})
	x.do(t, call{as: "ana", do: "GET /v1/event-log?wait_seconds=60"})
	x.do(t, call{as: "ana", do: "GET /v1/me"})
	x.api.CloseStreams() // twice is once
}

// TestStreamOfADeadConsole ends with the console, in each of the ways.
func TestStreamOfADeadConsole(t *testing.T) {
	for name, kill := range map[string]func(t *testing.T, x *server){
		"log-out": func(t *testing.T, x *server) {
			x.do(t, call{as: "ben/phone", do: "DELETE /v1/me/consoles/current", want: 204})
		},
		"log-out elsewhere": func(t *testing.T, x *server) {
			x.saved["con"] = x.do(t, call{as: "ben/phone", do: "GET /v1/me/consoles"}).at("items.0.id")
			x.do(t, call{as: "ben", do: "DELETE /v1/me/consoles/$con", want: 204})
		},
		"a new password": func(t *testing.T, x *server) {
			x.do(t, call{as: "ben", do: "PUT /v1/me/password", body: sample["change-password"], want: 204})
		},
		"a password set by an administrator": func(t *testing.T, x *server) {
			x.do(t, call{as: "hal", do: "PUT /v1/reps/@ben/password", body: `{"new_password":"battery staple"}`, want: 204})
		},
		"revoked by an administrator": func(t *testing.T, x *server) {
			x.saved["con"] = x.do(t, call{as: "ben/phone", do: "GET /v1/me/consoles"}).at("items.0.id")
			x.do(t, call{as: "hal", do: "DELETE /v1/reps/@ben/consoles/$con", want: 204})
		},
		"another rep on the device": func(t *testing.T, x *server) { x.logInAll(t, "cho/phone") },
		"the same rep on the device": func(t *testing.T, x *server) {
			x.forget("ben/phone")
			x.logInAll(t, "ben/phone")
		},
		"a disabled account": func(t *testing.T, x *server) {
			x.load(t, `reps: [{username: ben, name: Ben Okafor, teams: {printers: member}, disabled: true}]`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newServer(t)
			dying := x.stream(t, "ben/phone", "?types=closing")
			dying.until(t, "ready")
			kill(t, x)
			if m := dying.next(t); m.event != "closing" || m.at("reason") != "console_revoked" {
				t.Errorf("%+v", m)
			}
			dying.end(t)
		})
	}
}

// running counts the goroutines in a function of the server's.
func running(name string) int {
	buffer := make([]byte, 4<<20)
	return strings.Count(string(buffer[:runtime.Stack(buffer, true)]), "api.(*"+name+"(")
}

// TestNoStreamIsLeftBehind: clients that go away, politely or not, leave nothing running.
func TestNoStreamIsLeftBehind(t *testing.T) {
	x := newServer(t)
	if n := running("Server).follow") + running("Server).listEvents"); n != 0 {
		t.Fatalf("%d from the start", n)
	}
	for _, who := range []string{"ana", "ben", "cho", "dev", "ana/phone", "ben/phone"} {
		for range 3 {
			x.stream(t, who, "?after=0")
		}
		x.stream(t, who, "").close()
	}
	open := x.stream(t, "eli", "")
	open.until(t, "ready")
	if n := running("Server).follow"); n == 0 {
		t.Fatal("the count does not see a stream")
	}
	open.close()
	x.eventually(t, "all streams are gone", func() bool { return running("Server).follow") == 0 })
}

// TestHeadOfAStream is answered, and opens none.
func TestHeadOfAStream(t *testing.T) {
	x := newServer(t)
	open := x.stream(t, "ana", "")
	open.until(t, "ready")
	x.http.Timeout = later
	if a := x.send(t, "HEAD", "/v1/events", x.auth(t, "ana"), "", nil); a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d %v", a.status, a.header)
	}
	x.eventually(t, "only one stream is open", func() bool { return running("Server).follow") == 1 })
	x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`})
	if m := open.next(t); m.event != "me.changed" {
		t.Errorf("%+v", m)
	}
}

// TestI2PollOfAClosedAccount: who waits for events when the account is closed is told nothing more.
func TestI2PollOfAClosedAccount(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben", "cho")
	x.open(t, "ses", "ana", "")
	start := x.do(t, call{as: "ben", do: "GET /v1/event-log"}).at("cursor")
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		x.do(t, call{as: "ben", do: "GET /v1/event-log?wait_seconds=20&types=invitation.created&after=" + start, want: 401, hasNot: []string{"Jo Doe"}})
	}()
	x.load(t, "reps: [{username: ben, name: Ben Okafor, teams: {}, disabled: true}]")
	x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
	<-answered
}
