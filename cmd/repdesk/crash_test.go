package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/storetest"
)

// crashes is how often a test run kills the server on each engine.
const crashes = 5

func postgres(t *testing.T) string { return storetest.Postgres(t) }

// TestCrashes ends the server again and again, at any moment, while reps invite, accept and cancel. What was answered is
// there afterwards; no invitation has two winners; who was to be told was told; and streams that were cut have seen everything,
// once (B16, G7, H2). Of several servers on PostgreSQL one ends at a time, and the others go on.
func TestCrashes(t *testing.T) {
	for _, test := range []struct {
		name     string
		database func(*testing.T) string
		servers  int
		gently   bool // by a signal, which lets them finish what they are at
	}{
		{"SQLite", database, 1, false},
		{"PostgreSQL", postgres, 1, false},
		{"two servers", postgres, 2, false},
		{"rolling restart", postgres, 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBusyDesk(t, test.database(t), test.servers)
			b.during(t, func() { b.endServers(t, test.gently) })
			b.check(t, test.gently)
		})
	}
}

// endServers ends one server after the other, each to be started again.
func (b *busyDesk) endServers(t *testing.T, gently bool) {
	for i := range often(crashes) {
		<-time.After(time.Duration(200+rand.IntN(1000)) * time.Millisecond) // any moment
		k := i % len(b.servers)
		if gently {
			_, err := b.servers[k].stop()
			ok(t, err)
		} else {
			b.servers[k].kill()
		}
		b.servers[k] = b.start(b.addresses[k])
	}
}
