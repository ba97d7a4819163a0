package repdesk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
)

// watching reads a stream, one event at a time.
type watching struct {
	t         *testing.T
	next      func() (repdesk.Event, error, bool)
	snapshots []*repdesk.Snapshot
}

// watch begins a stream when its first event is asked for. then is what happens once each snapshot is loaded.
func watch(t *testing.T, client *repdesk.ClientWithResponses, then func(), types ...repdesk.EventType) *watching {
	t.Helper()
	w := &watching{t: t}
	ctx, stop := context.WithCancel(t.Context())
	stream := repdesk.EventStream{Desk: client, Types: types, Snapshot: func(s *repdesk.Snapshot) error {
		w.snapshots = append(w.snapshots, s)
		then()
		return nil
	}}
	next, leave := iter.Pull2(stream.Events(ctx))
	w.next = next
	t.Cleanup(func() { stop(); leave() })
	return w
}

// names are those of the next customers who come.
func (w *watching) names(n int) (names []string) {
	w.t.Helper()
	for range n {
		event, err, more := w.next()
		if err != nil || !more {
			w.t.Fatalf("the stream ends: %v", err)
		}
		names = append(names, event.Entry.CustomerName)
	}
	return names
}

func (d *desk) enter(t *testing.T, client *repdesk.ClientWithResponses, name string) {
	t.Helper()
	if _, err := client.StartSessionWithResponse(t.Context(), repdesk.StartSessionRequest{PortalID: new("@main"), Customer: repdesk.Customer{Name: name}}); err != nil {
		t.Fatal(err)
	}
}

// H2: whatever happens to the connection, each event comes once.
func TestH2StreamThroughCuts(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	d.enter(t, ana, "before")
	w := watch(t, ana, func() { d.enter(t, ana, "first") }, repdesk.EventTypeQueueEntryAdded)
	told := w.names(1)
	for i := range 3 {
		d.CloseClientConnections()
		d.enter(t, ana, fmt.Sprint("cut ", i))
		told = append(told, w.names(1)...)
	}
	if want := []string{"first", "cut 0", "cut 1", "cut 2"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if len(w.snapshots) != 1 || len(w.snapshots[0].Entries) == 0 || w.snapshots[0].Entries[0].CustomerName != "before" {
		t.Errorf("%d snapshots", len(w.snapshots))
	}
}

// A connection that gives no sign for twice its heartbeat is dead, and another takes its place.
func TestSilentStreamIsLeft(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	streams := 0
	d.trouble(func(_ int, w http.ResponseWriter, r *http.Request, serve http.Handler) {
		if r.URL.Path == "/v1/events" {
			streams++
		}
		if r.URL.Path == "/v1/events" && streams == 1 {
			fmt.Fprintf(w, "event: ready\ndata: {\"cursor\": %q, \"heartbeat_seconds\": 1}\n\n", r.Header.Get("Last-Event-ID"))
			w.(http.Flusher).Flush()
			<-r.Context().Done() // the desk hangs
			return
		}
		serve.ServeHTTP(w, r)
	})
	w := watch(t, ana, func() { d.enter(t, ana, "told") }, repdesk.EventTypeQueueEntryAdded)
	if told := w.names(1); told[0] != "told" || streams < 2 {
		t.Errorf("told %q by %d streams", told, streams)
	}
}

func TestStreamDoesWhatItIsTold(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	script := []string{
		": a comment\r\n\r\nevent: reset\r\ndata: {\"reason\": \"rights_changed\"}\r\n\r\n",
		"event: closing\ndata: {\"reason\": \"shutdown\", \"retry_after_seconds\": 0}\n\n",
		"id: 41\nevent: thing.invented\ndata: {\"type\": \"thing.invented\",\ndata: \"at\": \"2026-11-22T12:00:00Z\"}\n\n",
		"", // the network ends
		"event: closing\ndata: {\"reason\": \"replaced\"}\n\n",
	}
	var resumed []string
	d.trouble(func(_ int, w http.ResponseWriter, r *http.Request, serve http.Handler) {
		if r.URL.Path != "/v1/events" {
			serve.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, script[len(resumed)])
		resumed = append(resumed, r.Header.Get("Last-Event-ID"))
	})
	w := watch(t, ana, func() {})
	if event, err, _ := w.next(); err != nil || event.Type != "thing.invented" {
		t.Errorf("an event of a later version: %+v, %v", event, err)
	}
	_, err, _ := w.next()
	var closed *repdesk.StreamClosed
	if !errors.As(err, &closed) || closed.Reason != repdesk.ClosingReasonReplaced {
		t.Errorf("closed for good: %v", err)
	}
	if _, _, more := w.next(); more {
		t.Error("something comes after the end")
	}
	if len(w.snapshots) != 2 || len(resumed) != 5 || resumed[3] != "41" || resumed[4] != "41" || resumed[0] != w.snapshots[0].Cursor {
		t.Errorf("%d snapshots; streams after %q", len(w.snapshots), resumed)
	}
}

func TestStreamEndsWithWhatCannotPass(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	if _, err := ana.LogOutWithResponse(t.Context(), "current", nil); err != nil {
		t.Fatal(err)
	}
	_, err, _ := watch(t, ana, func() {}).next()
	if refusal, ok := repdesk.AsProblem(err); !ok || refusal.Status != http.StatusUnauthorized {
		t.Errorf("logged out: %v", err)
	}
	full := errors.New("no room for it")
	stream := repdesk.EventStream{Desk: d.logIn(t, "ben"), Snapshot: func(*repdesk.Snapshot) error { return full }}
	for _, err := range stream.Events(t.Context()) {
		if err != full {
			t.Errorf("the snapshot's error: %v", err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stream.Snapshot = func(*repdesk.Snapshot) error { stop(); return nil }
	for _, err := range stream.Events(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the context's error: %v", err)
		}
	}
}

// What a cursor too old is answered with, in the stream or in its place, leads to another snapshot.
func TestCursorTooOldLoadsASnapshot(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	streams := 0
	d.trouble(func(_ int, w http.ResponseWriter, r *http.Request, serve http.Handler) {
		if r.URL.Path == "/v1/events" {
			if streams++; streams == 1 {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusGone)
				fmt.Fprint(w, `{"code": "cursor_too_old", "status": 410, "retry": "never"}`)
				return
			}
		}
		serve.ServeHTTP(w, r)
	})
	w := watch(t, ana, func() { d.enter(t, ana, "told") }, repdesk.EventTypeQueueEntryAdded)
	if told := w.names(1); told[0] != "told" || len(w.snapshots) != 2 {
		t.Errorf("%d snapshots", len(w.snapshots))
	}
}

// A desk that asks to load everything anew without ever being ready is asked less and less often.
func TestResetsAreNotFollowedInACircle(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	var streams atomic.Int32
	d.trouble(func(_ int, w http.ResponseWriter, r *http.Request, serve http.Handler) {
		if r.URL.Path != "/v1/events" {
			serve.ServeHTTP(w, r)
			return
		}
		if streams.Add(1) > 50 {
			stop()
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "event: reset\ndata: {\"reason\": \"cursor_unknown\"}\n\n")
	})
	stream := repdesk.EventStream{Desk: ana}
	for range stream.Events(ctx) {
	}
	if n := streams.Load(); n > 50 {
		t.Errorf("%d connections in less than three seconds", n)
	}
}

func TestReadmeShowsTheExample(t *testing.T) {
	example, readme := read(t, "example_test.go"), read(t, "README.md")
	_, body, _ := strings.Cut(example, "defer end()\n\n")
	body, _, _ = strings.Cut(body, "\t// Output:")
	body = strings.TrimSpace(strings.ReplaceAll("\n"+body, "\n\t", "\n"))
	if !strings.Contains(readme, "```go\n"+body+"\n```") {
		t.Errorf("the README does not show:\n%s", body)
	}
	if lines := bytes.Count([]byte(body), []byte("\n")) + 1; lines > 20 {
		t.Errorf("the example has %d lines", lines)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
