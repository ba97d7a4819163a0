package desk

import (
	"testing"
	"time"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// at is so many minutes after nine.
func at(minutes int) time.Time { return nine.Add(time.Duration(minutes) * time.Minute) }

func TestD10WhereASessionGoesThatWaitsTooLong(t *testing.T) {
	for name, c := range map[string]struct {
		action WaitingAction
		facts  OverflowFacts
		moves  bool
	}{
		"overflow":                          {WaitingOverflow, OverflowFacts{There: true}, true},
		"overflow to where it was":          {WaitingOverflow, OverflowFacts{There: true, Visited: true}, false},
		"overflow to where nobody is":       {WaitingOverflow, OverflowFacts{}, false},
		"overdue":                           {WaitingOverdue, OverflowFacts{There: true}, false},
		"a rule that was removed meanwhile": {"", OverflowFacts{There: true}, false},
	} {
		if got := (WaitingRule{Action: c.action}).Moves(c.facts); got != c.moves {
			t.Errorf("%s: moves %v", name, got)
		}
	}
	if got := (WaitingRule{AfterSeconds: 90}).DueAt(nine); got != nine.Add(90*time.Second) {
		t.Errorf("due at %v", got)
	}
}

func TestD11WhenAQueueIsDeserted(t *testing.T) {
	start := ConnectedFor + PresenceGrace
	for name, c := range map[string]struct {
		until, listens, now time.Time
		deserted            bool
	}{
		"somebody is there":           {at(10), at(-60), at(9), false},
		"until this moment":           {at(10), at(-60), at(10), true},
		"nobody ever was":             {time.Time{}, at(-60), at(0), true},
		"the server began just now":   {at(-60), at(0), at(1), false},
		"and it has listened a while": {at(-60), at(0), at(0).Add(start), true},
	} {
		if got := QueueDeserted(c.until, c.listens, c.now); got != c.deserted {
			t.Errorf("%s: deserted %v", name, got)
		}
	}
}

func TestD12HeadwayIsHowLongTheHeadOfTheLineWaited(t *testing.T) {
	for name, c := range map[string]struct {
		entered, before, picked time.Time
		want                    time.Duration
	}{
		"behind another":            {at(0), at(4), at(6), 2 * time.Minute},
		"into an empty line":        {at(5), at(4), at(6), time.Minute},
		"the first ever":            {at(0), time.Time{}, at(6), 6 * time.Minute},
		"two at the same instant":   {at(0), at(6), at(6), 0},
		"another server's clock is": {at(7), at(8), at(6), 0},
	} {
		if got := Headway(c.entered, c.before, c.picked); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestD12EstimatedWait(t *testing.T) {
	for name, c := range map[string]struct {
		place    int
		headways []time.Duration
		want     int
		known    bool
	}{
		"the next":               {1, []time.Duration{time.Minute, 3 * time.Minute}, 120, true},
		"the third":              {3, []time.Duration{time.Minute, 3 * time.Minute}, 360, true},
		"in whole seconds, up":   {1, []time.Duration{1500 * time.Millisecond}, 2, true},
		"picked up at once":      {4, []time.Duration{0, 0}, 0, true},
		"without pick-ups":       {2, nil, 0, false},
		"who does not wait":      {0, []time.Duration{time.Minute}, 0, false},
		"a long line, long days": {10_000, []time.Duration{24 * time.Hour}, 864_000_000, true},
	} {
		got, known := EstimatedWait(c.place, c.headways)
		if got != c.want || known != c.known {
			t.Errorf("%s: %d %v, want %d %v", name, got, known, c.want, c.known)
		}
	}
}
