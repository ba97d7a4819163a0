package store

import (
	"errors"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// A flood of log-ins is refused beyond a bound, and those who come after it are served again.
func TestI1AFloodOfLogIns(t *testing.T) {
	release, ended := make(chan struct{}), make(chan error, hashQueue)
	for range hashQueue {
		go func() { ended <- slowly(t.Context(), func() error { <-release; return nil }) }()
	}
	for inQueue.Load() < hashQueue { // until all of them hash or wait
	}
	var refusal *desk.Problem
	if err := slowly(t.Context(), func() error { return nil }); !errors.As(err, &refusal) || refusal.Code != desk.Unavailable || refusal.RetryAfter == 0 {
		t.Errorf("one too many: %v", err)
	}
	close(release)
	for range hashQueue {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := slowly(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("after the flood: %v", err)
	}
}
