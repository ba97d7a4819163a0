package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// arrivals are what stands in the queues of reps of the printers, each with when it came.
func arrivals(t *testing.T, d *storetest.Desk, reps ...desk.Caller) (lines []string) {
	t.Helper()
	for _, c := range reps {
		for _, queue := range []string{desk.PersonalQueue, "@printers"} {
			for _, e := range must(d.QueueEntries(t.Context(), c, queue, store.EntryQuery{Sort: "waiting", Limit: 10})) {
				lines = append(lines, c.Name+" "+queue+" "+string(e.Kind)+" "+e.SessionID+e.InvitationID+" "+e.EnteredAt.Format(time.TimeOnly))
			}
		}
	}
	return lines
}

// D4: a desk that kept no entries of queues before, or went back to a program that keeps none, finds in them what stands
// there when it starts anew, each since it came.
func TestD4TheQueuesAreFilledAtEachUpgrade(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock := storetest.NewClock()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock))
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		active := d.OpenSession(ana, "@main")
		clock.Advance(10 * time.Second)
		start(t, d, ana, store.NewSession{TeamID: "@printers"})
		clock.Advance(10 * time.Second)
		invite(t, d, ana, active, store.NewInvitation{TeamID: "@printers"})
		before := arrivals(t, d, ana, ben)
		if len(before) != 4 { // the session and the invitation to both, ana's own, but for her own invitation
			t.Fatalf("before: %q", before)
		}
		ok(t, try(migrations(t, storetest.OpenRows(t, database)).DownTo(t.Context(), 3)))
		clock.Advance(10 * time.Second)
		d.Store = storetest.Open(t, database, clock)
		same(t, "what stands in queues", arrivals(t, d, ana, ben), before...)
	})
}
