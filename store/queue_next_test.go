package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestD9NextIsTheMostUrgentThenTheOldest(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member, night: member}}]\nissues: [{slug: dark, title: Dark, team: night, request_help: true}]")
		ana, ben, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev")
		next := func(what, customer, by string) store.Next {
			t.Helper()
			got, err := d.AcceptNext(t.Context(), ben, "")
			if err != nil || got.Session.Customer.Name != customer || (got.Invitation != nil) != (by == "invitation") || (by != "invitation") != (got.Session.Owner != nil && got.Session.Owner.ID == ben.RepID) {
				t.Errorf("%s: got %+v, %v, want %s by %s", what, got, err, customer, by)
			}
			clock.Advance(time.Second)
			return got
		}
		refusal(t, "nothing waits", try(d.AcceptNext(t.Context(), ben, "")), desk.QueueEmpty)
		refusal(t, "another's team", try(d.AcceptNext(t.Context(), ben, "@network")), desk.NotFound)
		refusal(t, "the personal queue is no team's", try(d.AcceptNext(t.Context(), ben, "personal")), desk.NotFound)
		come(t, d, clock, ana, comer{"old", "", "", 0, ""}, comer{"at night", "", "", 5, "@dark"}, comer{"urgent", "", "", 9, "@paper-jam"}, comer{"young", "", "", 0, ""})
		waitsIn(t, d, dev, store.NewSession{RepID: "@ben"}) // one's own queue is no part of it
		next("priority", "urgent", "session")
		next("over all teams", "at night", "session")

		s := must(d.StartSession(t.Context(), dev, store.NewSession{Kind: "support", Priority: 1, Customer: desk.Customer{Name: "shared"}}))
		shared := must(d.AcceptSession(t.Context(), dev, s.Session.ID))
		help := requestHelp(t, d, dev, shared, "paper-jam")
		if got := next("invitations alike", "shared", "invitation"); got.Invitation.ID != help.ID {
			t.Errorf("%+v", got.Invitation)
		}
		again := requestHelp(t, d, dev, shared, "paper-jam")
		next("what one is in is passed over", "old", "session")
		must(d.LeaveSession(t.Context(), ben, shared.ID, ""))
		must(d.DeclineInvitation(t.Context(), ben, again.ID))
		next("what one declined is passed over", "young", "session")
		refusal(t, "all passed over", try(d.AcceptNext(t.Context(), ben, "")), desk.QueueEmpty)

		own := d.OpenSession(ana, "@main")
		must(d.TransferSession(t.Context(), ana, own.ID, store.NewTransfer{TeamID: "@printers"}))
		refusal(t, "one's own transfer", try(d.AcceptNext(t.Context(), ana, "@night")), desk.NotFound)
		next("a transfer", "Jo Doe", "session")

		come(t, d, clock, ana, comer{"dark", "", "", 0, "@dark"}, comer{"jam", "", "", 0, ""})
		if got := must(d.AcceptNext(t.Context(), ben, "@printers")); got.Session.Customer.Name != "jam" {
			t.Errorf("of one team: %+v", got)
		}
		importYAML(t, d, "teams: [{slug: night, name: Night shift, persistent: true, disabled: true}]")
		refusal(t, "of a disabled team", try(d.AcceptNext(t.Context(), ben, "")), desk.QueueEmpty)
	})
}

// However many take at once, each gets another, none is lost, and none is taken long before an earlier one.
func TestD9ManyTakeAtOnce(t *testing.T) {
	const reps, waiting = 50, 300
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) { takeAll(t, d, clock, reps, waiting) })
}

// BenchmarkNextRace has 50 reps take all of 10,000 sessions, once.
func BenchmarkNextRace(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			d, clock, _ := benchDesk(b, engine)
			b.ReportMetric(10_000/takeAll(b, d, clock, 50, 10_000).Seconds(), "taken/s")
		})
	}
}

func takeAll(t testing.TB, d *storetest.Desk, clock *storetest.Clock, reps, waiting int) time.Duration {
	callers := crowd(t, d, reps)
	d.FillQueue(callers[0], clock, "@crowd", waiting, true)
	line := []string{}
	for q := (store.EntryQuery{Sort: "waiting", Limit: 200}); ; {
		page, err := d.QueueEntries(t.Context(), callers[0], "@crowd", q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			line = append(line, e.SessionID)
		}
		q.After = page[len(page)-1].Position
	}
	var mu sync.Mutex
	taken, owner := []string{}, map[string]string{}
	began := time.Now()
	atOnce(reps, func(i int) {
		for {
			next, err := d.AcceptNext(t.Context(), callers[i], "")
			var p *desk.Problem
			if errors.As(err, &p) && p.Code == desk.QueueEmpty {
				return
			}
			if err != nil {
				t.Errorf("rep %d: %v", i, err)
				return
			}
			mu.Lock()
			if owner[next.Session.ID] != "" {
				t.Errorf("%s is taken twice", next.Session.ID)
			}
			taken, owner[next.Session.ID] = append(taken, next.Session.ID), callers[i].RepID
			mu.Unlock()
		}
	})
	took := time.Since(began)
	if len(line) != waiting || len(taken) != waiting {
		t.Fatalf("%d waited, %d stood in line, %d were taken", waiting, len(line), len(taken))
	}
	at := map[string]int{}
	for i, id := range line {
		at[id] = i
	}
	for i, id := range taken {
		if early := at[id] - i; early > 2*reps || early < -2*reps {
			t.Errorf("the one at place %d was taken as number %d", at[id]+1, i+1)
		}
	}
	for _, id := range []string{taken[0], taken[waiting/2], taken[waiting-1]} {
		s, err := d.Session(t.Context(), desk.Caller{RepID: owner[id]}, id)
		if err != nil || s.Owner == nil || s.Owner.ID != owner[id] {
			t.Errorf("who took %s does not own it: %+v, %v", id, s.Owner, err)
		}
	}
	return took
}
