package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// lost is how long after the last contact of an owner without a push target the session goes: the contact keeps them
// connected for a time, and two minutes pass after that.
const lost = desk.ConnectedFor + desk.PresenceGrace + 2*time.Minute

// look does what is due because somebody is not there any more.
func lookAfter(t *testing.T, d *storetest.Desk) {
	t.Helper()
	ok(t, d.DoDue(t.Context()))
}

// where says in words where a session is: its state with its owner, the queue it waits in or why it ended.
func where(t *testing.T, d *storetest.Desk, hal desk.Caller, id string) string {
	t.Helper()
	s := must(d.Session(t.Context(), hal, id))
	switch {
	case s.State == desk.SessionActive:
		return "with " + s.Owner.Name
	case s.State == desk.SessionEnded:
		return "ended " + s.EndReason
	case s.Team != nil:
		return "waits for " + s.Team.Name
	}
	return "waits for a rep"
}

// C9: each step, in its order; one whose target has nobody logged in is skipped, and one that is switched off.
func TestC9WhereALostSessionGoes(t *testing.T) {
	const all = "lost_steps: [longest_joined, last_queue, first_queue, fallback_team], fallback_team: night"
	for _, c := range []struct {
		name     string
		settings string
		joined   []string // in that order
		queues   []string // the queues it stood in: teams, or @ and a rep
		there    []string // who else is logged in
		goes     string
	}{
		{"the rep who shared it longest", all, []string{"dev", "cho"}, []string{"printers"}, []string{"ben"}, "with Dev Patel"},
		{"not if that is switched off", "lost_steps: [last_queue]", []string{"dev"}, []string{"printers"}, []string{"ben"}, "waits for Printers"},
		{"the last queue", all, nil, []string{"network", "printers"}, []string{"ben", "dev"}, "waits for Printers"},
		{"a rep's own queue", all, nil, []string{"network", "@ben"}, []string{"ben", "dev"}, "waits for a rep"},
		{"the first queue, with nobody at the last", all, nil, []string{"network", "printers"}, []string{"dev"}, "waits for Network"},
		{"the first queue, with the last switched off", "lost_steps: [first_queue]", nil, []string{"network", "printers"}, []string{"ben", "dev"}, "waits for Network"},
		{"the fallback team, which is persistent", all, nil, []string{"network", "printers"}, nil, "waits for Night shift"},
		{"the fallback team's switch is off", "lost_steps: [longest_joined, last_queue, first_queue], fallback_team: night", nil, []string{"printers"}, nil, "ended owner_lost"},
		{"no fallback team", "lost_steps: [fallback_team]", nil, []string{"printers"}, []string{"ben"}, "ended owner_lost"},
		{"all switched off", "lost_steps: [], fallback_team: night", []string{"dev"}, []string{"printers"}, []string{"ben"}, "ended owner_lost"},
		{"the owner's own queue is nobody's", "lost_steps: [last_queue, first_queue]", nil, []string{"@ana"}, []string{"ben"}, "ended owner_lost"},
		{"the owner alone of the team is nobody", "lost_steps: [last_queue]", nil, []string{"printers"}, []string{"dev"}, "ended owner_lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
				importYAML(t, d, "portals: [{slug: x, name: X, sharing: all, "+c.settings+"}]\nreps: [{username: ana, name: Ana Ruiz, teams: {printers: lead, network: manager}, permissions: [share_outside_teams, transfer_outside_teams]}]")
				hal, ana := d.LogIn("hal"), d.LogIn("ana")
				session := data.wanderer(d, ana, c.queues)
				connected := []desk.Caller{}
				for _, name := range c.joined {
					rep := d.LogIn(name)
					join(t, d, ana, session, rep, store.NewInvitation{Masked: true})
					clock.Advance(time.Second)
					connected = append(connected, rep)
				}
				for _, name := range c.there {
					connected = append(connected, d.LogIn(name))
				}
				d.LogIn("ana") // in contact until now
				stay(t, d, clock, lost-time.Second, connected...)
				same(t, "a second before", []string{where(t, d, hal, session.ID)}, "with Ana Ruiz")
				stay(t, d, clock, time.Second, connected...)
				same(t, "then", []string{where(t, d, hal, session.ID)}, c.goes)
			})
		})
	}
}

// wanderer is a session of ana's that entered the first queue, and stood last in the second, if there is one.
func (r rows) wanderer(d *storetest.Desk, ana desk.Caller, queues []string) desk.Session {
	r.t.Helper()
	in := store.NewSession{PortalID: "@x", TeamID: "@" + queues[0]}
	if queues[0][0] == '@' {
		in.TeamID, in.RepID = "", queues[0]
	}
	session := take(r.t, d, ana, start(r.t, d, ana, in))
	if len(queues) == 2 { // one that a session lost before would have come to
		r.run(`UPDATE sessions SET queue_team_id = COALESCE((SELECT id FROM teams WHERE slug = $1), ''), queue_rep_id = COALESCE((SELECT id FROM reps WHERE '@' || username = $1), '') WHERE id = $2`,
			queues[1], session.ID)
	}
	return session
}

func TestC9TheNewOwnerIsUnmaskedAndAlerted(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogIn("cho")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{Masked: true, Access: desk.View})
		clock.Advance(time.Second)
		join(t, d, ana, session, cho, store.NewInvitation{})
		send(t, d, desk.ChannelFCM)
		log, customer := watch(t, d, ben), watchGuest(t, d, guest)
		stay(t, d, clock, lost, ben, cho)
		got := must(d.Session(t.Context(), ben, session.ID))
		if got.State != desk.SessionActive || got.Owner.ID != ben.RepID || got.RepCount != 2 {
			t.Fatalf("the session is %+v", got)
		}
		if seat := seatOf(t, d, ben, session, ben.RepID); seat.Masked || seat.Access != desk.Control || seat.Role != desk.AttendeeOwner {
			t.Errorf("the new owner is %+v", seat)
		}
		same(t, "told", log.told("session."), "session.changed connection_lost")
		same(t, "the customer", customer.told("attendee."), "attendee.left connection_lost", "attendee.joined")
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "alerted", targets(jobs), "session ben-1")
		if jobs[0].Reason != desk.SessionMovedToYou || jobs[0].Key != session.ID+".state" || jobs[0].Session.ID != session.ID {
			t.Errorf("push %+v", jobs[0])
		}
		if got := sight(t, d, ana, session.ID); got != "full" {
			t.Errorf("the former owner sees %s", got)
		}
	})
}

// After the other steps the session waits, and its reps and specialists stay in it, with whoever then takes it.
func TestC9TheOthersStayInTheWaitingSession(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, "portals: [{slug: x, name: X, sharing: all, lost_steps: [last_queue]}]")
		ana, ben, cho, dev := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogIn("cho"), d.LogIn("dev")
		session := take(t, d, ana, start(t, d, ana, store.NewSession{PortalID: "@x", TeamID: "@printers"}))
		join(t, d, ana, session, cho, store.NewInvitation{})
		join(t, d, ana, session, dev, store.NewInvitation{Masked: true})
		max := data.specialist(session, "max", clock.Now())
		must(d.HoldSession(t.Context(), ana, session.ID))
		bens, devs, specialist := watch(t, d, ben), watch(t, d, dev), watchGuest(t, d, max)
		stay(t, d, clock, lost, ben, cho, dev)
		waiting := must(d.Session(t.Context(), dev, session.ID))
		if waiting.State != desk.SessionWaiting || waiting.Owner != nil || waiting.Held || waiting.Team == nil || waiting.RepCount != 2 || len(waiting.Attendees) != 4 {
			t.Fatalf("waiting: %+v", waiting)
		}
		same(t, "the queue", bens.told("session."), "session.changed connection_lost")
		same(t, "who stays", devs.told("session.", "attendee."), "attendee.left connection_lost", "session.changed connection_lost")
		same(t, "the specialist", specialist.told("session.", "attendee."), "attendee.left connection_lost", "session.changed connection_lost")
		say(t, d, dev, session, "where is she?")
		ok(t, try(d.PostGuestMessage(t.Context(), max, store.NewMessage{Text: "hello?"})))
		data.refuses("inviting to what nobody owns", desk.NotSessionOwner, func() error {
			return try(d.Invite(t.Context(), dev, session.ID, store.NewInvitation{RepID: "@eli"}))
		})
		data.refuses("the former owner", desk.NotSessionOwner, func() error { return try(d.EndSession(t.Context(), ana, session.ID, "")) })
		taken := take(t, d, ben, session)
		if taken.Owner.ID != ben.RepID || taken.RepCount != 3 || !taken.AcceptedAt.Equal(*session.AcceptedAt) {
			t.Errorf("taken: %+v", taken)
		}
		if seat := seatOf(t, d, ben, session, dev.RepID); seat == nil || !seat.Masked {
			t.Errorf("dev is %+v", seat)
		}
		if all := texts(must(d.Messages(t.Context(), ben, session.ID, store.MessageQuery{Limit: 50}))); !contains(all, "reps: where is she?", 1) || !contains(all, "everyone: Ana has joined the session", 1) {
			t.Errorf("C1 the new owner reads %v", all)
		}
	})
}

// One who stayed may be the one who takes it, in the place that they have.
func TestC9OneWhoStayedTakesIt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: x, name: X, lost_steps: [last_queue]}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := take(t, d, ana, start(t, d, ana, store.NewSession{PortalID: "@x", TeamID: "@printers"}))
		seat := join(t, d, ana, session, ben, store.NewInvitation{Masked: true})
		stay(t, d, clock, lost, ben)
		take(t, d, ben, session)
		if now := seatOf(t, d, ben, session, ben.RepID); now.ID != seat.ID || now.Role != desk.AttendeeOwner || now.Masked {
			t.Errorf("the owner is %+v", now)
		}
	})
}

func TestC9TimesArePerPortal(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: fast, name: Fast, lost_after_seconds: 10, fallback_team: night}, {slug: slow, name: Slow, lost_after_seconds: 900, fallback_team: night}]")
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		fast, slow := d.OpenSession(ana, "@fast"), d.OpenSession(ana, "@slow")
		states := func() []string { return []string{where(t, d, hal, fast.ID), where(t, d, hal, slow.ID)} }
		connected := desk.ConnectedFor + desk.PresenceGrace
		stay(t, d, clock, connected+9*time.Second)
		same(t, "nine seconds after", states(), "with Ana Ruiz", "with Ana Ruiz")
		stay(t, d, clock, time.Second)
		same(t, "ten seconds after", states(), "waits for Night shift", "with Ana Ruiz")
		stay(t, d, clock, 890*time.Second)
		same(t, "fifteen minutes after", states(), "waits for Night shift", "waits for Night shift")
	})
}

func TestC9NobodyIsLostWhoIsInContact(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		second := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		stay(t, d, clock, time.Hour, second, ben) // any console of the owner's will do
		if got := must(d.Session(t.Context(), ana, session.ID)); got.Owner.ID != ana.RepID || got.RepCount != 2 {
			t.Errorf("the session is %+v", got)
		}
	})
}

// What happens while the server is down counts for nobody.
func TestC9NothingIsLostWhileTheServerIsDown(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock := storetest.NewClock()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock))
		hal, ana, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		ok(t, d.Close())
		clock.Advance(3 * time.Hour)
		d.Store = storetest.Open(t, database, clock)
		lookAfter(t, d)
		clock.Advance(lost - time.Second)
		lookAfter(t, d)
		if got := must(d.Session(context.Background(), hal, session.ID)); got.State != desk.SessionActive || got.RepCount != 2 {
			t.Errorf("after the restart: %+v", got)
		}
		clock.Advance(time.Second)
		lookAfter(t, d)
		if got := must(d.Session(context.Background(), hal, session.ID)); got.State != desk.SessionEnded {
			t.Errorf("after the restart, and the time: %+v", got)
		}
	})
}
