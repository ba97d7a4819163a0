package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startTime bounds how long the server may take to say where it listens, stopTime how long to end.
	startTime, stopTime = 2 * time.Minute, 10 * time.Second
	// keptLog is how much of what the server logs is kept, for when it fails.
	keptLog = 4 << 10
)

// server is "repdesk serve", running as a process of its own.
type server struct {
	url     string
	cmd     *exec.Cmd
	log     tail
	exited  chan error
	started time.Duration // from the start of the process to its first answer
}

// serve starts the server on a database. What it pushes goes to fcm, its emails to the mailbox.
func (b *bench) serve(ctx context.Context, database string, fcm *fcm) (*server, error) {
	begun := time.Now()
	s := &server{exited: make(chan error, 1)}
	s.cmd = exec.CommandContext(ctx, b.Program, "serve", "--listen", "127.0.0.1:0", "--database", database, "--invites-a-minute=-1",
		"--fcm-project", "bench", "--fcm-endpoint", fcm.url, "--smtp", b.mailbox.url, "--mail-from", "desk@example.com", "--log-level", "error")
	s.cmd.Env = withoutSettings(os.Environ())
	s.cmd.Stderr = &s.log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = stopTime
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	said := make(chan string, 1)
	go func() {
		said <- listening(out)
		_, _ = io.Copy(io.Discard, out)
		s.exited <- s.cmd.Wait()
		close(s.exited)
	}()
	if err := s.await(ctx, said); err != nil {
		s.stop()
		return nil, err
	}
	s.started = time.Since(begun)
	b.tell("  the server is process %d, at %s", s.cmd.Process.Pid, s.url)
	return s, nil
}

// withoutSettings leaves out the variables that are settings of a desk: the benchmark's is what its flags say.
func withoutSettings(environment []string) (rest []string) {
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "REPDESK_") {
			rest = append(rest, variable)
		}
	}
	return rest
}

// listening reads what the server says of itself at its start, as far as where it listens.
func listening(out io.Reader) string {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) == 2 && words[0] == "listening" {
			return words[1]
		}
	}
	return ""
}

// await waits for the first answer of the server.
func (s *server) await(ctx context.Context, said <-chan string) error {
	select {
	case s.url = <-said:
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(startTime):
		return fmt.Errorf("the server said nothing within %s: %s", startTime, s.log.text())
	}
	if s.url == "" {
		return fmt.Errorf("the server did not start: %s", s.log.text())
	}
	answer, err := http.Get(s.url + "/healthz") // it listens: the connection waits until it serves
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server's first answer is %s", answer.Status)
	}
	return nil
}

// stop ends the server as an operator does, and by force where that does not help.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(stopTime):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-keptLog):]
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
