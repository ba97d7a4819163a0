package api_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/repdesk/repdesk/store/storetest"
)

// BenchmarkQueueEntries measures the first page of a team's queue of 100 and of 10,000 through HTTP, by every sort in both
// orders, and list-queues.
func BenchmarkQueueEntries(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, n := range []int{100, 10_000} {
			clock, database := storetest.NewClock(), filepath.Join(b.TempDir(), "repdesk.db")
			if engine == "postgres" {
				database = storetest.Postgres(b)
			}
			s := storetest.Open(b, database, clock)
			d := storetest.NewDesk(b, s)
			d.FillQueue(d.LogIn("ana"), clock, "@printers", n, false)
			x := restarted(b, s, clock)
			auth := x.auth(b, "ana")
			measure := func(name, path string) {
				b.Run(fmt.Sprintf("%s/%d/%s", engine, n, name), func(b *testing.B) {
					for b.Loop() {
						if a := x.send(b, "GET", path, auth, "", nil); a.status != http.StatusOK {
							b.Fatal(a.text)
						}
					}
				})
			}
			for _, sort := range []string{"waiting", "customer", "company", "issue", "priority", "language"} {
				for _, order := range []string{"asc", "desc"} {
					measure(sort+"/"+order, "/v1/queues/@printers/entries?sort="+sort+"&order="+order)
				}
			}
			measure("list-queues", "/v1/queues")
		}
	}
}
