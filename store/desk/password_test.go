package desk

import (
	"testing"
	"time"
)

func TestI1LogInLock(t *testing.T) {
	for _, c := range []struct {
		failures int
		want     time.Duration
	}{{0, 0}, {4, 0}, {5, 30 * time.Second}, {6, time.Minute}, {7, 2 * time.Minute}, {9, 8 * time.Minute}, {10, 15 * time.Minute}, {1_000_000, 15 * time.Minute}} {
		if got := LogInLock(c.failures); got != c.want {
			t.Errorf("%d failures: %s, want %s", c.failures, got, c.want)
		}
	}
	if longestLock >= FailuresForgotten {
		t.Error("failures are forgotten before their lock ends")
	}
}
