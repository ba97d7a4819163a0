package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// queueSorts are all that a queue can be sorted by (D5).
var queueSorts = []string{"waiting", "customer", "company", "issue", "priority", "language"}

// BenchmarkQueue measures the first page of a queue by every sort in both orders, right after a change too, the counts of
// the queue, and taking the next from it, on both engines, on queues of 100 and 10,000.
func BenchmarkQueue(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, n := range []int{100, 10_000} {
			for _, kind := range []string{"mixed", "alike", "personal"} {
				b.Run(fmt.Sprintf("%s/%s/%d", engine, kind, n), func(b *testing.B) { benchQueue(b, engine, kind, n) })
			}
		}
	}
}

func benchQueue(b *testing.B, engine, kind string, n int) {
	d, clock, database := benchDesk(b, engine)
	ana := d.LogIn("ana")
	queue, team := "@printers", "@printers"
	if kind == "personal" {
		queue, team = desk.PersonalQueue, ""
	}
	d.FillQueue(ana, clock, team, n, kind == "alike")
	if engine == "postgres" {
		analyze(b, database)
	}
	page := func(b *testing.B, sort string, down bool) {
		got, err := d.QueueEntries(b.Context(), ana, queue, store.EntryQuery{Sort: sort, Descending: down, Limit: 51})
		if err != nil || len(got) != 51 {
			b.Fatal(len(got), err)
		}
	}
	for _, sort := range queueSorts {
		for _, down := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/%v", sort, map[bool]string{false: "asc", true: "desc"}[down]), func(b *testing.B) {
				for b.Loop() {
					page(b, sort, down)
				}
			})
		}
	}
	b.Run("after a change", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			d.FillQueue(ana, clock, team, 1, kind == "alike")
			b.StartTimer()
			page(b, "waiting", false)
		}
	})
	b.Run("list-queues", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.Queues(b.Context(), ana); err != nil {
				b.Fatal(err)
			}
		}
	})
	if team == "" {
		return
	}
	b.Run("next", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.AcceptNext(b.Context(), ana, ""); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			d.FillQueue(ana, clock, team, 1, kind == "alike")
			b.StartTimer()
		}
	})
}

func benchDesk(b *testing.B, engine string) (*storetest.Desk, *storetest.Clock, string) {
	clock, database := storetest.NewClock(), filepath.Join(b.TempDir(), "repdesk.db")
	if engine == "postgres" {
		database = storetest.Postgres(b)
	}
	return storetest.NewDesk(b, storetest.Open(b, database, clock)), clock, database
}
