package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// inLine is what the customer reads of the line: the place, and the estimated wait where there is one.
func inLine(t *testing.T, d *storetest.Desk, g desk.Guest) string {
	t.Helper()
	s := must(d.GuestSession(t.Context(), g))
	if w := must(d.GuestWait(t.Context(), g)); w.Place != s.Place || w.Known != (s.WaitSeconds != nil) || w.Known && w.Seconds != *s.WaitSeconds {
		t.Errorf("the wait is %+v, the session %s", w, asJSON(s))
	}
	if s.WaitSeconds == nil {
		return fmt.Sprint(s.Place)
	}
	return fmt.Sprint(s.Place, " ", *s.WaitSeconds)
}

func TestD12PlaceAndWait(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		first, one := waitsFor(t, d, ana, "@printers")
		_, two := waitsFor(t, d, ana, "@printers")
		_, three := waitsFor(t, d, ana, "@printers")
		revs := must(d.GuestSession(t.Context(), three)).Rev
		same(t, "before any pick-up", []string{inLine(t, d, one), inLine(t, d, two), inLine(t, d, three)}, "1", "2", "3")
		urgent := must(d.StartSession(t.Context(), ana, store.NewSession{TeamID: "@printers", Priority: 50, Kind: "support", Customer: desk.Customer{Name: "Al"}}))
		same(t, "behind an urgent one", []string{inLine(t, d, one)}, "2")
		clock.Advance(2 * time.Minute)
		must(d.AcceptNext(t.Context(), ben, "")) // the head of the line waited two minutes as such
		same(t, "after one pick-up", []string{inLine(t, d, one), inLine(t, d, two), inLine(t, d, three)}, "1 120", "2 240", "3 360")
		clock.Advance(time.Minute)
		take(t, d, ana, first) // and the next one minute
		same(t, "after another", []string{inLine(t, d, one), inLine(t, d, two), inLine(t, d, three)}, "0", "1 90", "2 180")
		must(d.LeaveAsGuest(t.Context(), two))
		same(t, "one goes", []string{inLine(t, d, three)}, "1 90")
		if got := must(d.GuestSession(t.Context(), three)).Rev; got != revs {
			t.Errorf("the revision moved from %d to %d", revs, got)
		}
		_, other := waitsFor(t, d, ana, "@night")
		same(t, "another queue", []string{inLine(t, d, other)}, "1")
		must(d.EndSession(t.Context(), ben, urgent.Session.ID, ""))
	})
}

// D12: a pick-up from a personal queue counts there; taking over what does not wait counts nowhere.
func TestD12WhatIsAPickUp(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := start(t, d, ana, store.NewSession{PortalID: "@main", RepID: "@ben"})
		clock.Advance(30 * time.Second)
		take(t, d, ben, session)
		clock.Advance(30 * time.Second)
		take(t, d, ben, session) // again
		transfer(t, d, ben, session, store.NewTransfer{RepID: "@ana"})
		take(t, d, ana, session)
		for rep, want := range map[string]string{"@ben": "1 30", "@ana": "1"} {
			started := must(d.StartSession(t.Context(), ana, store.NewSession{RepID: rep, Kind: "support", Customer: desk.Customer{Name: "Jo"}}))
			same(t, rep, []string{inLine(t, d, must(d.AuthenticateGuest(t.Context(), started.GuestToken)))}, want)
		}
	})
}

// D12: the last twenty pick-ups count, and those of a day; older ones are forgotten.
func TestD12WhichPickUpsCount(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		pick := func(after time.Duration) {
			t.Helper()
			session, _ := waitsFor(t, d, ana, "@printers")
			clock.Advance(after)
			take(t, d, ana, session)
			must(d.EndSession(t.Context(), ana, session.ID, ""))
		}
		pick(time.Hour)
		for range desk.PickUpsCounted {
			pick(10 * time.Second)
		}
		_, guest := waitsFor(t, d, ana, "@printers")
		same(t, "the last twenty", []string{inLine(t, d, guest)}, "1 10")
		count := func() (n int) {
			ok(t, data.db.QueryRow(`SELECT COUNT(*) FROM queue_pick_ups`).Scan(&n))
			return n
		}
		clock.Advance(desk.PickUpsKept - 10*time.Second)
		same(t, "the last of a day", []string{inLine(t, d, guest)}, "1 10")
		clock.Advance(10 * time.Second)
		same(t, "a day after all", []string{inLine(t, d, guest)}, "1")
		same(t, "kept until they are removed", []int{count()}, desk.PickUpsCounted+1)
		clock.Advance(time.Second)
		ok(t, d.RemoveOldRows(t.Context()))
		same(t, "forgotten", []int{count()}, 0)
	})
}
