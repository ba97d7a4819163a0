package store_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// BenchmarkOldRows measures how long a write waits while 50,000 old rows of each kind are removed, on both engines.
func BenchmarkOldRows(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		file := filepath.Join(b.TempDir(), "repdesk.db")
		benchOldRows(b, file, "sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	})
	b.Run("postgres", func(b *testing.B) {
		url := storetest.Postgres(b)
		benchOldRows(b, url, "pgx", url)
	})
}

func benchOldRows(b *testing.B, database, driver, source string) {
	clock := storetest.NewClock()
	d := storetest.NewDesk(b, storetest.Open(b, database, clock))
	db := must(sql.Open(driver, source))
	defer db.Close()
	waits := []time.Duration{}
	for b.Loop() {
		b.StopTimer()
		grow(b, db, 50_000, d.LogIn("ana"), clock.Now())
		clock.Advance(desk.ConsoleForgottenAfter + time.Second)
		b.StartTimer()
		removed := make(chan error, 1)
		go func() { removed <- d.RemoveOldRows(b.Context()) }()
		for len(removed) == 0 {
			begun := time.Now()
			if err := d.Ready(b.Context()); err != nil {
				b.Fatal(err)
			}
			waits = append(waits, time.Since(begun))
		}
		if err := <-removed; err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(waits)
	b.ReportMetric(waits[len(waits)/2].Seconds()*1000, "ms/write")
	b.ReportMetric(waits[len(waits)*99/100].Seconds()*1000, "p99-ms/write")
	b.ReportMetric(waits[len(waits)-1].Seconds()*1000, "max-ms/write")
}
