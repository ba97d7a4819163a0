package desk

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestG8RetryPause(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempts int
		outcome  Outcome
		jitter   float64
		want     time.Duration
	}{
		{"the first not before 10 s", 1, Outcome{}, 0, 10 * time.Second},
		{"doubles", 2, Outcome{}, 0, 20 * time.Second},
		{"doubles again", 4, Outcome{}, 0, 80 * time.Second},
		{"is stretched by jitter up to half", 1, Outcome{}, 0.5, 12500 * time.Millisecond},
		{"has a cap", 30, Outcome{}, 0, LongestRetry},
		{"no attempts yet", 0, Outcome{}, 0, 10 * time.Second},
		{"429 without Retry-After", 1, Outcome{Throttled: true}, 0, 60 * time.Second},
		{"429 without Retry-After, later", 5, Outcome{Throttled: true}, 0, 160 * time.Second},
		{"429 with Retry-After", 1, Outcome{Throttled: true, RetryAfter: 30 * time.Second}, 0, 30 * time.Second},
		{"Retry-After is the least", 1, Outcome{RetryAfter: 90 * time.Second}, 0, 90 * time.Second},
		{"Retry-After shorter than the pause", 4, Outcome{RetryAfter: 5 * time.Second}, 0, 80 * time.Second},
		{"Retry-After beyond the cap", 1, Outcome{RetryAfter: 20 * time.Minute}, 0, 20 * time.Minute},
	} {
		if got := RetryPause(c.attempts, c.outcome, c.jitter); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestG8RetryPauseBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempts := rapid.IntRange(0, 1_000_000).Draw(t, "attempts")
		jitter := rapid.Float64Range(0, 0.999).Draw(t, "jitter")
		o := Outcome{Throttled: rapid.Bool().Draw(t, "throttled"), RetryAfter: time.Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(t, "retry after"))}
		pause, plain := RetryPause(attempts, o, jitter), RetryPause(attempts, o, 0)
		least := max(FirstRetry, o.RetryAfter)
		if o.Throttled && o.RetryAfter == 0 {
			least = ThrottledRetry
		}
		if pause < least {
			t.Fatalf("%s is before %s", pause, least)
		}
		if most := max(LongestRetry, o.RetryAfter) * 3 / 2; pause > most {
			t.Fatalf("%s is after %s", pause, most)
		}
		if pause < plain || RetryPause(attempts+1, o, 0) < plain {
			t.Fatal("jitter or one more attempt made it shorter")
		}
	})
}

func TestG9LaterReportsNeverTakeBackEarlier(t *testing.T) {
	order := []DeliveryState{DeliverySent, DeliveryReceived, DeliveryOpened}
	if !slices.IsSortedFunc(order, func(a, b DeliveryState) int { return a.Rank() - b.Rank() }) || DeliverySent.Rank() == DeliveryReceived.Rank() || DeliveryReceived.Rank() == DeliveryOpened.Rank() {
		t.Error("sent, received, opened do not grow")
	}
	for _, s := range []DeliveryState{DeliveryWaiting, DeliverySending, DeliveryFailed, DeliveryDropped} {
		if s.Rank() >= DeliverySent.Rank() {
			t.Errorf("%s stands above sent: a device's report would be lost", s)
		}
	}
}

// G4: a withdrawal goes as far as what it takes back, and to a device that is off for an hour where that is over.
func TestG4HowLongAWithdrawalIsWorthDelivering(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for rest, want := range map[time.Duration]time.Duration{24 * time.Hour: 24 * time.Hour, time.Minute: time.Minute, 0: time.Hour, -48 * time.Hour: time.Hour} {
		if got := WithdrawnUntil(now.Add(rest), now).Sub(now); got != want {
			t.Errorf("%s left: %s, want %s", rest, got, want)
		}
	}
}
