package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// sse is a client of the event stream, as a browser would be one.
type sse struct {
	got    chan message
	ended  chan struct{}
	cancel context.CancelFunc
	header http.Header
	last   string // the id of the last event
}

// message is one message of the stream, or a comment.
type message struct {
	id, event, data string
}

func (m message) at(path string) string {
	a := answer{}
	_ = json.Unmarshal([]byte(m.data), &a.tree)
	return a.at(path)
}

// stream opens the event stream of a console. query begins with "?", or is empty.
func (x *server) stream(t testing.TB, as, query string, h ...headers) *sse {
	t.Helper()
	s, response := x.openStream(t, as, query, h...)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream of %s: %d %v", as, response.StatusCode, response.Header)
	}
	return s
}

func (x *server) openStream(t testing.TB, as, query string, h ...headers) (*sse, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	path := "/v1/events"
	if strings.HasPrefix(as, "guest/") {
		path = "/v1/guest/events"
	}
	r, err := http.NewRequestWithContext(ctx, "GET", x.url+path+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", x.auth(t, as))
	for _, more := range h {
		for name, value := range more {
			r.Header.Set(name, value)
		}
	}
	response, err := x.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	x.record(x.operationAt("GET", path), answer{status: response.StatusCode})
	s := &sse{got: make(chan message, 1000), ended: make(chan struct{}), cancel: cancel, header: response.Header}
	go s.read(response)
	t.Cleanup(s.close)
	return s, response
}

func (s *sse) read(response *http.Response) {
	defer close(s.ended)
	defer close(s.got)
	defer response.Body.Close()
	readMessages(response.Body, func(m message) bool { s.got <- m; return true })
}

// readMessages reads a stream to its end, or until more says that it is enough.
func readMessages(stream io.Reader, more func(message) bool) {
	lines, m := bufio.NewScanner(stream), message{}
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case lines.Text() == "":
			if m != (message{}) && !more(m) {
				return
			}
			m = message{}
		case name == "id":
			m.id = value
		case name == "event":
			m.event = value
		case name == "data":
			m.data = value
		}
	}
}

// close lets the connection go and waits until it is gone.
func (s *sse) close() {
	s.cancel()
	<-s.ended
}

// next is the next message.
func (s *sse) next(t testing.TB) message {
	t.Helper()
	select {
	case m, open := <-s.got:
		if !open {
			t.Fatal("the stream ended")
		}
		if m.id != "" {
			s.last = m.id
		}
		a := answer{}
		if err := json.Unmarshal([]byte(m.data), &a.tree); err != nil || m.id != a.at("id") || m.id != "" && a.at("type") != m.event {
			t.Errorf("over the stream came %+v, %v", m, err)
		}
		walk(t, "stream: "+m.event, "", a.tree)
		return m
	case <-time.After(later):
		t.Fatal("nothing came over the stream")
	}
	return message{}
}

// until reads up to the first message of the kind, and returns all, that one as the last.
func (s *sse) until(t testing.TB, event string) (all []message) {
	t.Helper()
	for {
		m := s.next(t)
		if all = append(all, m); m.event == event {
			return all
		}
	}
}

// end waits until the server has closed the stream.
func (s *sse) end(t testing.TB) {
	t.Helper()
	for {
		select {
		case m, open := <-s.got:
			if !open {
				return
			}
			t.Errorf("after the end: %+v", m)
		case <-time.After(later):
			t.Fatal("the stream stays open")
		}
	}
}
