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

// streamReaders makes a database with a rep and a console for each stream, all in one team, and returns their tokens.
func streamReaders(t *testing.T, database string, streams int) []string {
	t.Helper()
	var file strings.Builder
	file.WriteString("teams:\n  - {slug: told, name: Told}\nreps:\n")
	for i := range streams {
		fmt.Fprintf(&file, "  - {username: rep%[1]d, password_hash: %[2]q, name: Rep %[1]d, teams: {told: member}}\n", i, passwordHash)
	}
	s, err := store.Open(t.Context(), store.Config{Database: database, Logger: slog.New(slog.DiscardHandler)})
	ok(t, err)
	defer s.Close()
	_, err = s.ImportOrganization(t.Context(), s.Operator(), []byte(file.String()), false)
	ok(t, err)
	tokens := make([]string, streams)
	eachOf(streams, func(i int) {
		in, err := s.LogIn(t.Context(), store.LogIn{Username: fmt.Sprintf("rep%d", i), Password: "correct horse", Device: desk.Device{}})
		if err != nil {
			t.Error(err)
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
	t      *testing.T
	p      *process
	tokens []string
	ready  chan struct{}
	told   chan struct{}
}

// openReaders opens a stream for each token, which stays open until the test ends.
func openReaders(t *testing.T, p *process, tokens []string) *readers {
	t.Helper()
	n := len(tokens)
	r := &readers{t: t, p: p, tokens: tokens, ready: make(chan struct{}, n), told: make(chan struct{}, n)}
	eachOf(n, func(i int) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer %s\r\n\r\n", tokens[i])
		go r.read(conn)
	})
	r.await(r.ready, "are ready")
	return r
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

func (r *readers) await(came <-chan struct{}, what string) {
	r.t.Helper()
	late := time.After(time.Minute)
	for i := range r.tokens {
		select {
		case <-came:
		case <-late:
			r.t.Fatalf("%d of %d streams %s", i, len(r.tokens), what)
		}
	}
}

// tell writes into the team's chat, and waits until all of these have read it.
func (r *readers) tell(text string) time.Duration {
	r.t.Helper()
	begun := time.Now()
	_, err := r.p.with(r.tokens[0]).PostTeamMessageWithResponse(r.t.Context(), "@told", repdesk.PostTeamMessageRequest{Text: text})
	ok(r.t, err)
	r.await(r.told, "are told")
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
