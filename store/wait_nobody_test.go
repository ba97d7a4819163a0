package store_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// left is how long after their last contact a rep without a push target is logged in no more.
const left = desk.ConnectedFor + desk.PresenceGrace

// away is an address to which customers may be sent when nobody is available.
const away = "https://example.com/later"

// D11: where a session goes that waits for nobody.
func TestD11NobodyIsThereAnyMore(t *testing.T) {
	const sent = "portals: [{slug: x, name: X, fallback_team: night, unavailable_url: '" + away + "'}, {slug: plain, name: Plain}, {slug: net, name: Net, fallback_team: network}]"
	for _, c := range []struct {
		name, portal, queue string
		there               []string // who else is logged in, all the time
		goes                string
	}{
		{"a team of which one is there", "@x", "@printers", []string{"ben"}, "waits for Printers"},
		{"a persistent team", "@plain", "@night", nil, "waits for Night shift"},
		{"a fallback team that is persistent", "@x", "@printers", nil, "waits for Night shift"},
		{"a fallback team of which one is there", "@net", "@printers", []string{"dev"}, "waits for Network"},
		{"a fallback team of which nobody is there", "@net", "@printers", nil, "ended no_rep_available"},
		{"no fallback team", "@plain", "@printers", []string{"dev"}, "ended no_rep_available"},
		{"no portal", "", "@printers", nil, "ended no_rep_available"},
		{"a rep who is there", "@plain", "ben", []string{"ben"}, "waits for a rep"},
		{"a rep who is not, and a fallback team", "@net", "ben", []string{"dev"}, "waits for Network"},
		{"a rep who is not, though the team is there", "@plain", "ben", []string{"cho"}, "ended no_rep_available"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				importYAML(t, d, sent)
				hal, connected := d.LogIn("hal"), []desk.Caller{}
				for _, name := range c.there {
					connected = append(connected, d.LogIn(name))
				}
				in := store.NewSession{PortalID: c.portal, TeamID: c.queue}
				if c.queue == "ben" {
					in.TeamID, in.RepID = "", "@ben"
				}
				d.LogIn("ben") // in contact until now
				session := start(t, d, d.LogIn("ana"), in)
				stay(t, d, clock, left-time.Second, connected...)
				before := "waits for a rep"
				if in.TeamID != "" {
					before = map[string]string{"@printers": "waits for Printers", "@night": "waits for Night shift"}[c.queue]
				}
				same(t, "a second before", []string{where(t, d, hal, session.ID)}, before)
				stay(t, d, clock, time.Second, connected...)
				same(t, "then", []string{where(t, d, hal, session.ID)}, c.goes)
				stay(t, d, clock, time.Hour, connected...)
				same(t, "and stays so", []string{where(t, d, hal, session.ID)}, c.goes)
			})
		})
	}
}

// D11: the customer is told, and where else to go; the reps who had it in their queue learn of it.
func TestD11TheCustomerIsTold(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: main, name: Main, unavailable_url: '"+away+"'}]")
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		session, guest := waitsFor(t, d, ana, "@printers")
		same(t, "no address while it waits", []string{must(d.GuestSession(t.Context(), guest)).RedirectURL}, "")
		team, customer := watch(t, d, ana), watchGuest(t, d, guest)
		stay(t, d, clock, time.Hour, ana)
		stay(t, d, clock, time.Hour) // ben's phone can still be reached
		same(t, "while one can be reached", customer.told())
		logOut(t, d, ben)
		lookAfter(t, d)
		told := customer.events()
		same(t, "the customer", words(told), "session.changed no_rep_available")
		shows(t, "what the customer is told", told, []string{"Printers", "team_id", away, `"end_reason":"no_rep_available"`}, away, `"end_reason":"no_rep_available"`)
		if got := must(d.GuestSession(t.Context(), guest)); got.State != desk.SessionEnded || got.EndReason != desk.EndedNoRep || got.RedirectURL != away || got.Place != 0 {
			t.Errorf("the customer reads %s", asJSON(got))
		}
		same(t, "the team", team.told("queue_entry.", "session."), "session.changed no_rep_available", "queue_entry.removed no_rep_available")
		if got := must(d.Session(t.Context(), d.LogIn("hal"), session.ID)); got.RedirectURL != "" {
			t.Errorf("reps read %s", asJSON(got))
		}
	})
}

// D11: a session that ended otherwise sends nobody elsewhere.
func TestD11OtherEndsSendNobodyElsewhere(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: main, name: Main, unavailable_url: '"+away+"'}]")
		ana := d.LogIn("ana")
		_, guest := waitsFor(t, d, ana, "@printers")
		if got := must(d.LeaveAsGuest(t.Context(), guest)); got.EndReason != desk.EndedAbandoned || got.RedirectURL != "" {
			t.Errorf("the customer reads %s", asJSON(got))
		}
	})
}

// D11: of those who had the session in their queue, who does not see it any more is not told where it went.
func TestD11WhereItWentIsForThoseThere(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: main, name: Main, fallback_team: network}]")
		ana, ben, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev")
		start(t, d, ana, store.NewSession{PortalID: "@main", RepID: "@ben"})
		_, guest := waitsFor(t, d, ana, "@printers")
		his, theirs, customer := watch(t, d, ben), watch(t, d, dev), watchGuest(t, d, guest)
		stay(t, d, clock, left, dev)
		told := his.events()
		same(t, "those who had them", words(told), "session.changed fallback", "queue_entry.removed fallback", "session.changed fallback", "queue_entry.removed fallback")
		shows(t, "what they are told", told, []string{"Jo Doe", "Network"})
		same(t, "those who have them", theirs.told("queue_entry."), "queue_entry.added fallback", "queue_entry.added fallback")
		same(t, "the queue", standing(t, d, dev, "@network"), "waiting_rule", "waiting_rule")
		told = customer.events()
		same(t, "the customer", words(told), "session.changed fallback")
		shows(t, "what the customer is told", told, []string{"Network", "Printers"})
	})
}

// A8: so it is whoever takes it from their queue: an administrator who gives it to others, or who closes their team or account.
func TestA8WhereItWentIsNotForThoseWhoLoseIt(t *testing.T) {
	for name, goes := range map[string]func(t *testing.T, d *storetest.Desk, hal desk.Caller, sessions ...desk.Session){
		"reassigned": func(t *testing.T, d *storetest.Desk, hal desk.Caller, sessions ...desk.Session) {
			for _, s := range sessions {
				ok(t, try(d.ReassignSession(t.Context(), hal, s.ID, "", "@network")))
			}
		},
		"queue_closed": func(t *testing.T, d *storetest.Desk, _ desk.Caller, _ ...desk.Session) {
			importYAML(t, d, "teams: [{slug: printers, name: Printers, disabled: true}]\nreps: [{username: cho, name: Cho Min, disabled: true}]")
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				importYAML(t, d, "portals: [{slug: main, name: Main, fallback_team: network, lost_steps: [fallback_team]}]\nreps: [{username: ana, name: Ana Ruiz, teams: {printers: lead, network: member}}]")
				hal, ana, ben, cho, dev := d.LogIn("hal"), d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
				chos := start(t, d, ana, store.NewSession{PortalID: "@main", RepID: "@cho"})
				theirs := start(t, d, ana, store.NewSession{PortalID: "@main", TeamID: "@printers"})
				logs := map[string]*watcher{"ben": watch(t, d, ben), "cho": watch(t, d, cho), "ana": watch(t, d, ana), "dev": watch(t, d, dev)}
				goes(t, d, hal, chos, theirs)
				for who, want := range map[string][]string{"ben": nil, "cho": nil, "ana": {"Jo Doe", "Network"}, "dev": {"Jo Doe", "Network"}} {
					told := slices.DeleteFunc(logs[who].events(), func(e desk.Event) bool { return e.Session == nil && e.Entry == nil })
					shows(t, who+" is told of it", told, []string{"Jo Doe", "Network"}, want...)
					if who == "ben" {
						same(t, "ben", words(told), "session.changed "+name, "queue_entry.removed "+name)
					}
					if who == "ana" && slices.ContainsFunc(told, func(e desk.Event) bool { return e.Session != nil && e.Session.Team == nil }) {
						t.Errorf("who is of both teams is told that it is gone: %s", asJSON(told))
					}
				}
				refusal(t, "who lost it", try(d.AcceptSession(t.Context(), ben, theirs.ID)), desk.NotFound)
				same(t, "there", standing(t, d, dev, "@network"), map[string][]string{"reassigned": {"transfer", "transfer"}, "queue_closed": {"api", "api"}}[name]...)
			})
		})
	}
}

// D11: a session in which a further rep still is does not end; it does when that seat is free too.
func TestD11NotWhileARepIsInside(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, `portals: [{slug: main, name: Main, lost_steps: [last_queue]}]
reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {network: member}}]`)
		hal, ana, cho, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogIn("cho"), d.LogIn("ben")
		importYAML(t, d, `reps: [{username: ana, name: Ana Ruiz, teams: {printers: lead}, permissions: [share_outside_teams]}]`)
		session := take(t, d, ana, start(t, d, ana, store.NewSession{PortalID: "@main", TeamID: "@printers"}))
		join(t, d, ana, session, ben, store.NewInvitation{})
		stay(t, d, clock, lost, ben, cho)
		same(t, "the owner is lost", []string{where(t, d, hal, session.ID)}, "waits for Printers")
		stay(t, d, clock, time.Hour, ben)
		same(t, "nobody of the team is there", []string{where(t, d, hal, session.ID)}, "waits for Printers")
		stay(t, d, clock, left+10*time.Minute)
		lookAfter(t, d)
		same(t, "nor anybody inside", []string{where(t, d, hal, session.ID)}, "ended no_rep_available")
	})
}

// D11: a disabled team is nobody, even a persistent one.
func TestD11ADisabledTeamIsNobody(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		first, _ := waitsFor(t, d, ana, "@printers")
		second, _ := waitsFor(t, d, ana, "@night")
		stay(t, d, clock, 2*time.Minute, ana)
		importYAML(t, d, "teams: [{slug: printers, name: Printers, disabled: true}, {slug: night, name: Night shift, persistent: true, disabled: true}]")
		lookAfter(t, d)
		same(t, "they", []string{where(t, d, hal, first.ID), where(t, d, hal, second.ID)}, "ended no_rep_available", "ended no_rep_available")
	})
}

// D11: right after the server began, nobody can have been in contact, so nobody counts as gone.
func TestD11NotRightAfterAStart(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock := storetest.NewClock()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock))
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		session, _ := waitsFor(t, d, ana, "@printers")
		ok(t, d.Close())
		clock.Advance(3 * time.Hour)
		d.Store = storetest.Open(t, database, clock)
		lookAfter(t, d)
		clock.Advance(left - time.Second)
		lookAfter(t, d)
		same(t, "after the restart", []string{where(t, d, hal, session.ID)}, "waits for Printers")
		clock.Advance(time.Second)
		lookAfter(t, d)
		same(t, "and the time", []string{where(t, d, hal, session.ID)}, "ended no_rep_available")
	})
}

// D11: who accepts at the instant at which the last contact is too long ago gets the session, or it has ended.
func TestD11AcceptRacesWithTheEnd(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal := d.LogIn("hal")
		for range tries {
			ana := d.LogIn("ana")
			session, _ := waitsFor(t, d, ana, "@printers")
			clock.Advance(left)
			var accepted, due error
			atOnce(2, func(who int) {
				if who == 1 {
					due = d.DoDue(t.Context())
					return
				}
				_, accepted = d.AcceptSession(t.Context(), ana, session.ID)
			})
			ok(t, due)
			want := "with Ana Ruiz"
			if accepted != nil {
				refusal(t, "accepting", accepted, desk.NotFound)
				want = "ended no_rep_available"
			}
			same(t, "it", []string{where(t, d, hal, session.ID)}, want)
			if accepted == nil {
				must(d.EndSession(t.Context(), ana, session.ID, ""))
			}
		}
	})
}

// D11: a session that comes while its team is being closed does not get into the queue of a team that is no more: it waits
// for the decision, and is refused. On SQLite there is one writer at a time.
func TestD11NoSessionSlipsIntoAClosedTeam(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		if !strings.Contains(t.Name(), "postgres") {
			return
		}
		ana := d.LogIn("ana")
		closing := must(data.db.Begin())
		ok(t, try(closing.Exec(`UPDATE teams SET disabled = 1 WHERE slug = 'night'`)))
		answer := make(chan error, 1)
		go func() {
			_, err := d.StartSession(t.Context(), ana, store.NewSession{TeamID: "@night", Kind: "support", Customer: desk.Customer{Name: "Jo"}})
			answer <- err
		}()
		for data.column(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == "0" {
			runtime.Gosched()
		}
		ok(t, closing.Commit())
		refused(t, <-answer, desk.NoRepAvailable)
		if n := data.column(`SELECT COUNT(*) FROM sessions`); n != "0" {
			t.Errorf("%s sessions wait for a team that is closed", n)
		}
	})
}

// D11: what a script starts for its rep, who is not logged in, is left for a moment for the script to take.
func TestD11WhoHasJustComeIsLeft(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		script := program(t, d, "ben")
		clock.Advance(time.Hour) // since when nobody is there
		session := start(t, d, script, store.NewSession{})
		clock.Advance(desk.ConnectedFor - time.Second)
		ok(t, d.DoDue(t.Context()))
		if got := must(d.Session(t.Context(), script, session.ID)); got.State != desk.SessionWaiting {
			t.Fatalf("it is %s, %s", got.State, got.EndReason)
		}
		clock.Advance(2 * time.Second)
		ok(t, d.DoDue(t.Context()))
		if got := must(d.Session(t.Context(), d.LogIn("hal"), session.ID)); got.State != desk.SessionEnded || got.EndReason != desk.EndedNoRep {
			t.Errorf("it is %s, %s", got.State, got.EndReason)
		}
	})
}
