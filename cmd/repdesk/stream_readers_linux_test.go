package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// streamsAtOnce is how many streams are opened, and consoles logged in, at the same time.
const streamsAtOnce = 64

// streamReaders makes a database with a rep and a console for each stream, the first of them in a team that is told, and returns
// their tokens.
func streamReaders(b testing.TB, database string, streams, told int) []string {
	var file strings.Builder
	file.WriteString("teams:\n  - {slug: told, name: Told}\nreps:\n")
	for i := range streams {
		team := ""
		if i < told {
			team = ", teams: {told: member}"
		}
		fmt.Fprintf(&file, "  - {username: rep%d, password_hash: %q, name: Rep %d%s}\n", i, passwordHash, i, team)
	}
	s, err := store.Open(b.Context(), store.Config{Database: database, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.ImportOrganization(b.Context(), s.Operator(), []byte(file.String()), false); err != nil {
		b.Fatal(err)
	}
	tokens := make([]string, streams)
	eachOf(streams, func(i int) {
		in, err := s.LogIn(b.Context(), store.LogIn{Username: fmt.Sprintf("rep%d", i), Password: "correct horse", Device: desk.Device{}})
		if err != nil {
			b.Error(err)
		}
		tokens[i] = in.Token
	})
	return tokens
}

// eachOf does something for each number below n, many at a time.
func eachOf(n int, do func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range streamsAtOnce {
		all.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// readers are the clients of streams.
type readers struct {
	b     testing.TB
	p     *process
	mu    sync.Mutex
	conns []net.Conn
	inner int // those in the team that is told
	ready chan struct{}
	told  chan struct{}
}

func newReaders(b testing.TB, p *process, inner int) *readers {
	return &readers{b: b, p: p, inner: inner, ready: make(chan struct{}, inner), told: make(chan struct{}, inner)}
}

func (r *readers) open(tokens []string) {
	eachOf(len(tokens), func(i int) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.p.URL, "http://"))
		if err != nil {
			r.b.Error(err)
			return
		}
		r.mu.Lock()
		r.conns = append(r.conns, conn)
		r.mu.Unlock()
		fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer %s\r\n\r\n", tokens[i])
		go r.read(conn)
	})
	r.await(r.ready, len(tokens), "are ready")
}

func (r *readers) read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 1024), 64<<10)
	for lines.Scan() {
		switch lines.Text() {
		case "event: ready":
			r.ready <- struct{}{}
		case "event: team_message.posted":
			r.told <- struct{}{}
		}
	}
}

func (r *readers) await(came <-chan struct{}, n int, what string) {
	late := time.After(time.Minute)
	for i := range n {
		select {
		case <-came:
		case <-late:
			r.b.Fatalf("%d of %d streams %s", i, n, what)
		}
	}
}

// tell writes into the team's chat, and waits until all its reps have read it.
func (r *readers) tell(token, text string) time.Duration {
	begun := time.Now()
	_, err := r.p.with(token).PostTeamMessageWithResponse(r.b.Context(), "@told", repdesk.PostTeamMessageRequest{Text: text})
	ok(r.b, err)
	r.await(r.told, r.inner, "are told")
	return time.Since(begun)
}

// resident is the memory that the process holds, in bytes.
func (p *process) resident() int64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	_, after, found := strings.Cut(string(status), "VmRSS:")
	var kib int64
	if _, scanErr := fmt.Sscan(after, &kib); err != nil || !found || scanErr != nil {
		p.t.Fatalf("resident memory: %v %v", err, scanErr)
	}
	return kib << 10
}
