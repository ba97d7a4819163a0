package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// otherFiles are those that a process has open beside its streams.
	otherFiles = 500
	// streamMessages are the events that are measured, each to half of the streams.
	streamMessages = 10
	// streamsWithin bounds how long an event may take to be read on all of them.
	streamsWithin = 2 * time.Minute
)

// The targets of what open streams may cost, on SQLite.
const (
	streamTarget = 33 // KiB of memory for each
	eventTarget  = 15 // µs of an event for each that it goes to
)

// streamRows are what streams measures.
var streamRows = [...]string{"open streams, memory of each", "event to half of the streams, for each", "event to half of the streams, processor time for each"}

// streams measures what open event streams cost: the memory of each while nothing happens, resident; and the time, and the
// server's processor time, for one event to go to half of them.
func (b *bench) streams(ctx context.Context) error {
	b.tell("streams: %d open", b.Streams)
	if files, err := openFiles(); err != nil || files < uint64(b.Streams+otherFiles) {
		why := fmt.Sprintf("needs %d open files, and %d are allowed (ulimit -n)", b.Streams+otherFiles, files)
		if err != nil {
			why = err.Error()
		}
		for _, name := range streamRows {
			b.row(Row{Name: name, Skipped: why})
		}
		return nil
	}
	database, err := b.beside(ctx, "streams")
	if err != nil {
		return err
	}
	tokens, err := b.streamReaders(ctx, database)
	if err != nil {
		return err
	}
	x, err := b.serveDesk(ctx, database, &people{})
	if err != nil {
		return err
	}
	defer x.close()
	return x.streams(ctx, tokens)
}

// streamReaders makes a desk with a rep for each stream, and returns their tokens. The first half is in one team.
func (b *bench) streamReaders(ctx context.Context, database string) ([]string, error) {
	s, err := open(ctx, database)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	file := "teams:\n  - {slug: told, name: Told}\nreps:\n"
	for i := range b.Streams {
		teams := ""
		if i < b.Streams/2 {
			teams = ", teams: {told: member}"
		}
		file += fmt.Sprintf("  - {username: r%[1]d, password: %[2]s, name: Rep %[1]d%[3]s}\n", i, password, teams)
	}
	if _, err := s.ImportOrganization(ctx, s.Operator(), []byte(file), false); err != nil {
		return nil, err
	}
	tokens := make([]string, b.Streams)
	return tokens, atTheSameTime(ctx, b.Streams, func(ctx context.Context, i int) error {
		r, err := logIn(ctx, s, i, false)
		tokens[i] = r.token
		return err
	})
}

func (x *deskLoad) streams(ctx context.Context, tokens []string) error {
	before, err := x.server.resident()
	if err != nil {
		return err
	}
	all := newStreams(x.url, string(desk.EventTeamMessage), len(tokens))
	defer all.close()
	if err := all.open(ctx, tokens); err != nil {
		return err
	}
	if err := x.server.quiet(ctx); err != nil { // it writes down that so many consoles came, for some seconds
		return err
	}
	after, err := x.server.resident()
	if err != nil {
		return err
	}
	worked, err := x.server.processor()
	if err != nil {
		return err
	}
	var took figures
	for range streamMessages {
		if err := x.tellHalf(ctx, tokens, all, &took); err != nil {
			return err
		}
	}
	workedBy, err := x.server.processor()
	if err != nil {
		return err
	}
	told := float64(len(tokens) / 2)
	memory := Row{Name: streamRows[0], Value: float64(after-before) / float64(len(tokens)) / 1024, Unit: "KiB"}
	event := Row{Name: streamRows[1], Value: float64(took.percentile(50).Microseconds()) / told, Unit: "µs"}
	if !x.b.onPostgres() {
		memory, event = memory.atMost(memory.Value, streamTarget, "KiB"), event.atMost(event.Value, eventTarget, "µs")
	}
	x.b.row(memory, event, Row{Name: streamRows[2], Value: float64((workedBy - worked).Microseconds()) / streamMessages / told, Unit: "µs"})
	return nil
}

// quietWithin bounds how long a server may take to do what is left to do.
const quietWithin = 30 * time.Second

// quiet waits until the server has nothing to do: for a second it used less than a twentieth of a processor.
func (s *server) quiet(ctx context.Context) error {
	last, err := s.processor()
	for range quietWithin / time.Second {
		if err != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		before := last
		if last, err = s.processor(); last-before < 50*time.Millisecond {
			return err
		}
	}
	return fmt.Errorf("the server is still busy after %s", quietWithin)
}

// tellHalf writes into the team's chat, and waits until all its reps have read it.
func (x *deskLoad) tellHalf(ctx context.Context, tokens []string, all *streams, took *figures) error {
	begun := time.Now()
	say := call{method: http.MethodPost, path: "/v1/teams/@told/messages", token: tokens[0], body: `{"text": "Lunch?"}`, status: http.StatusCreated}
	if err := x.do(ctx, say); err != nil {
		return err
	}
	for n := range len(tokens) / 2 {
		select {
		case <-all.told:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(streamsWithin):
			return fmt.Errorf("%d of %d streams were told within %s", n, len(tokens)/2, streamsWithin)
		}
	}
	took.took = append(took.took, time.Since(begun))
	return nil
}

// streams are clients of event streams, with as little of their own as can be: a client of the standard library's would cost
// this process more than a stream costs the server.
type streams struct {
	address string
	event   string // the type of which they tell
	mu      sync.Mutex
	conns   []net.Conn
	ready   chan struct{}
	told    chan time.Time // when a stream's event was read
}

func newStreams(url, event string, n int) *streams {
	return &streams{address: strings.TrimPrefix(url, "http://"), event: event, ready: make(chan struct{}, n), told: make(chan time.Time, n)}
}

// open opens a stream for each token, and waits until all are ready.
func (s *streams) open(ctx context.Context, tokens []string) error {
	err := atTheSameTime(ctx, len(tokens), func(ctx context.Context, i int) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		go s.read(conn)
		_, err = fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer %s\r\n\r\n", tokens[i])
		return err
	})
	for n := 0; n < len(tokens) && err == nil; n++ {
		select {
		case <-s.ready:
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(streamsWithin):
			err = fmt.Errorf("%d of %d streams are ready", n, len(tokens))
		}
	}
	return err
}

func (s *streams) read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 1024), 64<<10)
	for lines.Scan() {
		event, named := bytes.CutPrefix(lines.Bytes(), []byte("event: "))
		switch {
		case !named:
		case string(event) == "ready":
			s.ready <- struct{}{}
		case string(event) == s.event:
			s.told <- time.Now()
		}
	}
}

func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range slices.Backward(s.conns) {
		_ = conn.Close()
	}
}
