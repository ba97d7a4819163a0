package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// standing are the entries of a queue in words: how each came, and whether it is overdue.
func standing(t *testing.T, d *storetest.Desk, c desk.Caller, queue string) (words []string) {
	t.Helper()
	for _, e := range must(d.QueueEntries(t.Context(), c, queue, store.EntryQuery{Sort: "waiting", Limit: 200})) {
		word := string(e.CameBy)
		if e.Overdue {
			word += " overdue"
		}
		words = append(words, word)
	}
	return words
}

// waitsIn starts a session that waits in a team's queue.
func waitsFor(t *testing.T, d *storetest.Desk, c desk.Caller, team string) (desk.Session, desk.Guest) {
	t.Helper()
	started := must(d.StartSession(t.Context(), c, store.NewSession{TeamID: team, PortalID: "@main", Kind: "support", Customer: desk.Customer{Name: "Jo Doe", Details: "The tray jams"}}))
	return started.Session, must(d.AuthenticateGuest(t.Context(), started.GuestToken))
}

// ruled gives a team a waiting rule; "" takes it away.
func ruled(t *testing.T, d *storetest.Desk, team, rule string) {
	t.Helper()
	names := map[string]string{"printers": "Printers", "network": "Network", "night": "Night shift, persistent: true"}
	if rule != "" {
		rule = ", waiting: {" + rule + "}"
	}
	importYAML(t, d, "teams: [{slug: "+team+", name: "+names[team]+rule+"}]")
}

func TestD10OverdueIsToldOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ruled(t, d, "printers", "after_seconds: 300, action: overdue")
		ana, ben, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev")
		session, guest := waitsFor(t, d, ana, "@printers")
		team, others, customer := watch(t, d, ben), watch(t, d, dev), watchGuest(t, d, guest)
		stay(t, d, clock, 299*time.Second, ana, ben)
		same(t, "a second before", standing(t, d, ben, "@printers"), "api")
		stay(t, d, clock, time.Second, ana, ben)
		same(t, "then", standing(t, d, ben, "@printers"), "api overdue")
		told := team.events()
		if len(told) != 1 || told[0].Type != desk.EventEntryChanged || told[0].Reason != "overdue" || !told[0].Entry.Overdue || told[0].Entry.Rev != 2 || told[0].Entry.CustomerName != "Jo Doe" || told[0].Entry.SessionID != session.ID {
			t.Errorf("the team was told %s", asJSON(told))
		}
		for _, q := range must(d.Queues(t.Context(), ben)) {
			if q.Kind == "team" && (q.Overdue != 1 || q.Waiting != 1) {
				t.Errorf("the queue is %+v", q)
			}
		}
		stay(t, d, clock, time.Hour, ana, ben)
		same(t, "again", team.told("queue_entry.", "session."))
		same(t, "another team", others.told("queue_entry.", "session."))
		same(t, "the customer", customer.told())
	})
}

func TestD10OverflowMovesTheSession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ruled(t, d, "network", "after_seconds: 60, action: overdue")
		ruled(t, d, "printers", "after_seconds: 300, action: overflow, overflow_team: network")
		ana, ben, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev")
		session, guest := waitsFor(t, d, ana, "@printers")
		from, to, customer := watch(t, d, ben), watch(t, d, dev), watchGuest(t, d, guest)
		stay(t, d, clock, 300*time.Second, ana, ben, dev)
		same(t, "the queue that it left", standing(t, d, ben, "@printers"))
		same(t, "the queue that it came to", standing(t, d, dev, "@network"), "waiting_rule")
		told := from.events()
		same(t, "those who had it", words(told), "session.changed overflow", "queue_entry.removed overflow")
		shows(t, "what they are told", told, []string{"Jo Doe", "Network", "tray"})
		told = to.events()
		same(t, "those who have it", words(told), "session.changed overflow", "queue_entry.added overflow")
		shows(t, "what they are told", told, []string{"Jo Doe", "Network", "tray"}, "Jo Doe", "Network", "tray")
		told = customer.events()
		same(t, "the customer", words(told), "session.changed overflow")
		shows(t, "what the customer is told", told, []string{"Network", "Printers", "team", "queue", `"waiting"`}, `"waiting"`)
		refusal(t, "one who had it accepts", try(d.AcceptSession(t.Context(), ben, session.ID)), desk.NotFound)
		stay(t, d, clock, 59*time.Second, ana, ben, dev)
		same(t, "the other team's own rule, from then", standing(t, d, dev, "@network"), "waiting_rule")
		stay(t, d, clock, time.Second, ana, ben, dev)
		same(t, "the other team's own rule, then", standing(t, d, dev, "@network"), "waiting_rule overdue")
		if got := take(t, d, dev, session); got.Owner.ID != dev.RepID {
			t.Errorf("it is %+v", got)
		}
	})
}

// words are events as words: the type and, if there is one, the reason.
func words(events []desk.Event) (all []string) {
	for _, e := range events {
		all = append(all, strings.TrimSpace(string(e.Type)+" "+e.Reason))
	}
	return all
}

// D10: a rep of both teams keeps the session, and is told of it whole.
func TestD10WhoIsInBothTeamsKeepsIt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ruled(t, d, "printers", "after_seconds: 300, action: overflow, overflow_team: network")
		importYAML(t, d, `reps: [{username: ben, name: Ben Okafor, teams: {printers: member, network: member}}]`)
		ben := d.LogIn("ben")
		waitsFor(t, d, ben, "@printers")
		log := watch(t, d, ben)
		stay(t, d, clock, 300*time.Second, ben)
		for _, e := range log.events() {
			if e.Session != nil && e.Session.Team == nil {
				t.Errorf("told that it is gone: %s", asJSON(e))
			}
		}
	})
}

// D10: a loop of overflow queues ends, with the session overdue where it came last.
func TestD10ALoopEnds(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		rule := "waiting: {after_seconds: 60, action: overflow, overflow_team: %s}}"
		importYAML(t, d, fmt.Sprintf("teams:\n  - {slug: a, name: A, persistent: true, "+rule+"\n  - {slug: b, name: B, persistent: true, "+rule+"\n  - {slug: c, name: C, persistent: true, "+rule, "b", "c", "a"))
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		session, guest := waitsFor(t, d, ana, "@a")
		customer := watchGuest(t, d, guest)
		for _, want := range []string{"A", "B", "C", "C", "C", "C", "C"} {
			same(t, "by now", []string{where(t, d, hal, session.ID)}, "waits for "+want)
			stay(t, d, clock, time.Minute)
		}
		same(t, "the last queue", standing(t, d, hal, "@c"), "waiting_rule overdue")
		same(t, "the customer", customer.told(), "session.changed overflow", "session.changed overflow")
	})
}

// D10: to a team that is disabled, or of which nobody is logged in, a session does not go: there it would be forgotten. It
// is overdue instead. A persistent team's queue takes it.
func TestD10NotToWhereItWouldBeForgotten(t *testing.T) {
	for _, c := range []struct{ name, to, change, want string }{
		{"nobody is logged in", "network", "", "waits for Printers"},
		{"disabled", "network", "teams: [{slug: network, name: Network, disabled: true}]", "waits for Printers"},
		{"disabled and persistent", "night", "teams: [{slug: night, name: Night shift, persistent: true, disabled: true}]", "waits for Printers"},
		{"persistent", "night", "", "waits for Night shift"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ruled(t, d, "printers", "after_seconds: 300, action: overflow, overflow_team: "+c.to)
				hal, ana := d.LogIn("hal"), d.LogIn("ana")
				there := []desk.Caller{ana}
				if strings.HasPrefix(c.name, "disabled") {
					there = append(there, d.LogIn("dev"))
					importYAML(t, d, c.change)
				}
				session, _ := waitsFor(t, d, ana, "@printers")
				log := watch(t, d, ana)
				stay(t, d, clock, 10*time.Minute, there...)
				same(t, "it", []string{where(t, d, hal, session.ID)}, c.want)
				if c.want == "waits for Printers" {
					same(t, "the queue", standing(t, d, ana, "@printers"), "api overdue")
					same(t, "the team", log.told("queue_entry."), "queue_entry.changed overdue")
				}
			})
		})
	}
}

// D10: a rule that is changed counts for those who wait already, from when they came.
func TestD10TheRuleChangesWhileTheyWait(t *testing.T) {
	const overdue, overflow = "after_seconds: %d, action: overdue", "after_seconds: %d, action: overflow, overflow_team: night"
	for _, c := range []struct {
		name, was, is string
		before, after int // seconds that pass
		want          string
		told          []string
	}{
		{"shorter, and over", fmt.Sprintf(overdue, 600), fmt.Sprintf(overdue, 100), 200, 0, "api overdue", []string{"queue_entry.changed overdue"}},
		{"shorter, and not over yet", fmt.Sprintf(overdue, 600), fmt.Sprintf(overdue, 300), 200, 99, "api", nil},
		{"shorter, and over then", fmt.Sprintf(overdue, 600), fmt.Sprintf(overdue, 300), 200, 100, "api overdue", []string{"queue_entry.changed overdue"}},
		{"new", "", fmt.Sprintf(overdue, 300), 200, 100, "api overdue", []string{"queue_entry.changed overdue"}},
		{"longer", fmt.Sprintf(overdue, 300), fmt.Sprintf(overdue, 600), 200, 399, "api", nil},
		{"longer, for one that was overdue", fmt.Sprintf(overdue, 100), fmt.Sprintf(overdue, 600), 200, 399, "api", []string{"queue_entry.changed rule_changed"}},
		{"longer, and overdue again", fmt.Sprintf(overdue, 100), fmt.Sprintf(overdue, 600), 200, 400, "api overdue", []string{"queue_entry.changed rule_changed", "queue_entry.changed overdue"}},
		{"still shorter, for one that was overdue", fmt.Sprintf(overdue, 100), fmt.Sprintf(overdue, 50), 200, 50, "api overdue", nil},
		{"removed", fmt.Sprintf(overdue, 300), "", 200, 900, "api", nil},
		{"removed, for one that was overdue", fmt.Sprintf(overdue, 100), "", 200, 900, "api", []string{"queue_entry.changed rule_changed"}},
		{"overflow, for one that was overdue", fmt.Sprintf(overdue, 100), fmt.Sprintf(overflow, 100), 200, 0, "", []string{"queue_entry.removed overflow"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ruled(t, d, "printers", c.was)
				ana := d.LogIn("ana")
				waitsFor(t, d, ana, "@printers")
				stay(t, d, clock, time.Duration(c.before)*time.Second, ana)
				log := watch(t, d, ana)
				ruled(t, d, "printers", c.is)
				stay(t, d, clock, max(time.Duration(c.after)*time.Second, 1), ana)
				got := standing(t, d, ana, "@printers")
				if strings.Join(got, ",") != c.want {
					t.Errorf("in the queue: %v, want %s", got, c.want)
				}
				same(t, "the team", log.told("queue_entry."), c.told...)
			})
		})
	}
}

// D10: the rule is for customers who wait. Transfers and invitations stay where they are.
func TestD10TransfersAndInvitationsStay(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ruled(t, d, "network", "after_seconds: 60, action: overflow, overflow_team: night")
		importYAML(t, d, `reps: [{username: ana, name: Ana Ruiz, teams: {printers: lead}, permissions: [share_outside_teams, transfer_outside_teams]}]`)
		ana, dev := d.LogIn("ana"), d.LogIn("dev")
		inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "network")
		transfer(t, d, ana, d.OpenSession(ana, "@main"), store.NewTransfer{TeamID: "@network"})
		stay(t, d, clock, 10*time.Minute, ana, dev)
		same(t, "the queue", standing(t, d, dev, "@network"), "invitation", "transfer")
	})
}

// D10: what is due stands in the tables. A restart loses none of it, and what became due meanwhile is done after it.
func TestD10DueAfterARestart(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock := storetest.NewClock()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock))
		ruled(t, d, "printers", "after_seconds: 300, action: overflow, overflow_team: night")
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		session, _ := waitsFor(t, d, ana, "@printers")
		ok(t, d.Close())
		clock.Advance(299 * time.Second)
		d.Store = storetest.Open(t, database, clock)
		lookAfter(t, d)
		same(t, "a second before", []string{where(t, d, hal, session.ID)}, "waits for Printers")
		clock.Advance(time.Second)
		lookAfter(t, d)
		same(t, "then", []string{where(t, d, hal, session.ID)}, "waits for Night shift")
	})
}

// D10: of several servers on one database each fires at the same instant, and each rule takes effect once.
func TestD10TwoServersFireOnce(t *testing.T) {
	database, clock := storetest.Postgres(t), storetest.NewClock()
	servers := []*store.Store{storetest.Open(t, database, clock), storetest.Open(t, database, clock)}
	d := storetest.NewDesk(t, servers[0])
	ruled(t, d, "printers", "after_seconds: 60, action: overdue")
	ruled(t, d, "network", "after_seconds: 60, action: overflow, overflow_team: night")
	ana, dev := d.LogIn("ana"), d.LogIn("dev")
	const n = 10
	for range n {
		waitsFor(t, d, ana, "@printers")
		waitsFor(t, d, ana, "@network")
	}
	stays, moves := watch(t, d, ana), watch(t, d, dev)
	clock.Advance(time.Minute)
	atOnce(4, func(i int) {
		if err := servers[i%2].DoDue(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if got := stays.told("queue_entry."); len(got) != n || got[0] != "queue_entry.changed overdue" {
		t.Errorf("the one team was told %v", got)
	}
	if got := moves.told("queue_entry."); len(got) != n || got[0] != "queue_entry.removed overflow" {
		t.Errorf("the other team was told %v", got)
	}
}

func TestD10TwoHundredDueAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ruled(t, d, "printers", "after_seconds: 60, action: overflow, overflow_team: night")
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		const n = 200
		for range n {
			waitsFor(t, d, ana, "@printers")
		}
		clock.Advance(time.Minute)
		lookAfter(t, d)
		if left, moved := standing(t, d, ana, "@printers"), standing(t, d, hal, "@night"); len(left) != 0 || len(moved) != n {
			t.Errorf("%d stayed and %d moved", len(left), len(moved))
		}
	})
}

// D10, D8: whoever accepts at the instant at which the session goes elsewhere gets it, or is told that it is gone.
func TestD10AcceptRacesWithTheRule(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ruled(t, d, "printers", "after_seconds: 60, action: overflow, overflow_team: night")
		hal, ana, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogIn("ben")
		for i := range tries {
			session, _ := waitsFor(t, d, ana, "@printers")
			stay(t, d, clock, 59*time.Second, ana, ben)
			clock.Advance(time.Second)
			var accepted, due error
			atOnce(2, func(who int) {
				switch {
				case who == 1:
					due = d.DoDue(t.Context())
				case i%2 == 0:
					_, accepted = d.AcceptSession(t.Context(), ben, session.ID)
				default:
					_, accepted = d.AcceptNext(t.Context(), ben, "@printers")
				}
			})
			ok(t, due)
			want := "with Ben Okafor"
			var p *desk.Problem
			if errors.As(accepted, &p) && (p.Code == desk.NotFound || p.Code == desk.QueueEmpty) {
				want = "waits for Night shift"
			} else if accepted != nil {
				t.Fatal(accepted)
			}
			same(t, "it", []string{where(t, d, hal, session.ID)}, want)
			same(t, "the queue that it left", standing(t, d, ana, "@printers"))
			if want == "with Ben Okafor" {
				must(d.EndSession(t.Context(), ben, session.ID, ""))
			}
		}
	})
}

// D10: a rule that changes at the instant at which sessions come in counts for all of them.
func TestD10TheRuleChangesWhileTheyCome(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		ruled(t, d, "printers", "")
		atOnce(tries, func(i int) {
			if i == tries/2 {
				ruled(t, d, "printers", "after_seconds: 60, action: overdue")
				return
			}
			waitsFor(t, d, ana, "@printers")
		})
		clock.Advance(time.Minute)
		lookAfter(t, d)
		for _, word := range standing(t, d, ana, "@printers") {
			if word != "api overdue" {
				t.Fatalf("one stays %s", word)
			}
		}
	})
}
