package main

import (
	"testing"

	"github.com/repdesk/repdesk/store/storetest"
)

// TestFaultDatabaseRestarts stops PostgreSQL under load, gently and as if it had died, and starts it again. The servers go on by
// themselves: what could not be done meanwhile was refused for a time, and what was answered is there.
func TestFaultDatabaseRestarts(t *testing.T) {
	t.Parallel()
	cluster := storetest.OwnCluster(t)
	b := newBusyDesk(t, cluster.URL, 2)
	b.during(t, func() {
		for range often(1) {
			for _, mode := range []string{"fast", "immediate"} {
				b.awaitAnswers(t, 50)
				ok(t, cluster.Stop(mode))
				refused := b.answers.refused.Load()
				await(t, "somebody is told that the database is away", func() bool { return b.answers.refused.Load() > refused })
				ok(t, cluster.Start())
			}
		}
		b.awaitAnswers(t, 50)
	})
	b.check(t, false)
}
