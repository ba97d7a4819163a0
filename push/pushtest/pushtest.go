// Package pushtest holds servers to send to in tests and trials: one that speaks FCM's HTTP v1 API and Google's token
// endpoint, and one that speaks SMTP. They listen on loopback, record what they get, tell of it on channels, and
// misbehave as they are told. They know nothing of the store.
package pushtest

import (
	"sync"
	"time"
)

// TB is what the servers need of a testing.TB, so that a program that is not a test can bring its own.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// patience is how long Next waits for what should have come at once: long enough for a loaded machine.
const patience = 10 * time.Second

// inbox records what came, in order, and lets a reader wait for the next.
type inbox[T any] struct {
	mu   sync.Mutex
	all  []T
	came chan T
}

// newInbox holds as many as no test sends; a reader that does not read must not block the server.
func newInbox[T any]() *inbox[T] { return &inbox[T]{came: make(chan T, 1<<14)} }

func (b *inbox[T]) add(v T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, v)
	select {
	case b.came <- v:
	default:
	}
}

func (b *inbox[T]) list() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]T(nil), b.all...)
}

func (b *inbox[T]) next(t TB, what string) T {
	t.Helper()
	select {
	case v := <-b.came:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s came within %s", what, patience)
		panic("unreachable")
	}
}

// script is what a server is told to do for a receiver, one step a message. A repeated one holds until told otherwise.
type script[T any] struct {
	mu    sync.Mutex
	steps map[string][]T
	fixed map[string]T
}

func newScript[T any]() *script[T] {
	return &script[T]{steps: map[string][]T{}, fixed: map[string]T{}}
}

func (s *script[T]) then(receiver string, steps ...T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps[receiver] = append(s.steps[receiver], steps...)
}

func (s *script[T]) always(receiver string, step T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixed[receiver] = step
}

func (s *script[T]) take(receiver string) (step T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if steps := s.steps[receiver]; len(steps) > 0 {
		s.steps[receiver] = steps[1:]
		return steps[0], true
	}
	step, ok = s.fixed[receiver]
	return step, ok
}
