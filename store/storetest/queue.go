package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// FillQueue has n customers wait, in the queue of a team, or in the caller's own without one; of printers', by
// the issue that it owns too. Alike, they differ in their
// names alone; else in company, issue, priority and language too, which some are without.
func (d *Desk) FillQueue(c desk.Caller, clock *Clock, team string, n int, alike bool) {
	d.t.Helper()
	const atOnce = 16
	next := make(chan int)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := range next {
				if _, err := d.StartSession(d.t.Context(), c, waiting(i, team, alike)); err != nil {
					d.t.Errorf("start session %d: %v", i, err)
				}
			}
		})
	}
	for i := range n {
		clock.Advance(time.Millisecond)
		next <- i
	}
	close(next)
	all.Wait()
}

func waiting(i int, team string, alike bool) store.NewSession {
	issue := ""
	if team == "@printers" && (alike || i%2 == 0) {
		team, issue = "", "@paper-jam"
	}
	in := store.NewSession{IssueID: issue, Kind: "support", TeamID: team, Priority: 5, Customer: desk.Customer{Name: fmt.Sprint("Customer ", i*7919%10007), Company: "Doe Ltd", Details: "The tray jams", Language: "en"}}
	if !alike {
		in.Customer.Company = []string{"", "Acme", fmt.Sprint("Firm ", i%997)}[i%3]
		in.Customer.Language = []string{"", "en", "de", "es-MX"}[i%4]
		in.Priority = i % 7
	}
	return in
}
