package api_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// storm is everybody doing everything at once.
type storm struct {
	*server
	tokens map[string]string // of the consoles that act, by user name
	teams  map[string]string // ids by slug
	mu     sync.Mutex
	open   []string // sessions
	guests map[string]desk.Guest
	offers []string // invitations, the latest
	done   atomic.Int64
	asked  atomic.Int64
	tally  map[string]int // what was done, by action

	mirrors []*mirror
	cutEach int64 // after so many actions a connection is cut
}

// gust is one action on its way: who does it, to what.
type gust struct {
	*storm
	*rand.Rand
	ctx     context.Context
	who     string
	caller  desk.Caller
	session desk.Session // as an administrator sees it
	other   string       // a user name
	team    string
}

func (g gust) attendee() desk.Attendee {
	if len(g.session.Attendees) == 0 {
		return desk.Attendee{}
	}
	return g.session.Attendees[g.IntN(len(g.session.Attendees))]
}

// as acts as the owner of the session, most often.
func (g gust) as(who string) desk.Caller {
	token := g.storm.tokens[who]
	c, err := g.store.Authenticate(g.ctx, token)
	if err != nil {
		return g.caller
	}
	return c
}

func (g gust) owner() desk.Caller {
	if g.session.Owner == nil || g.IntN(10) == 0 {
		return g.caller
	}
	for who, id := range g.saved {
		if id == g.session.Owner.ID && g.storm.tokens[who] != "" {
			return g.as(who)
		}
	}
	return g.caller
}

func (g gust) offer() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.offers) == 0 {
		return "inv_none"
	}
	return g.offers[g.IntN(len(g.offers))]
}

func (g gust) invite(n store.NewInvitation) error {
	n.Masked, n.Comment = g.IntN(4) == 0, "Come"
	inv, err := g.store.Invite(g.ctx, g.owner(), g.session.ID, n)
	if err == nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.offers = append(g.offers, inv.ID); len(g.offers) > 24 {
			g.offers = g.offers[1:]
		}
	}
	return err
}

// taken answers an invitation as one of those to whom it goes.
func (g gust) taker() (desk.Caller, string) {
	id := g.offer()
	inv, err := g.store.Invitation(g.ctx, g.as("hal"), id)
	if err == nil && inv.Rep != nil && g.IntN(10) > 0 {
		for who, rep := range g.saved {
			if rep == inv.Rep.ID && g.storm.tokens[who] != "" {
				return g.as(who), id
			}
		}
	}
	return g.caller, id
}

// actions are what people do, each with how often.
var actions = map[string]struct {
	often int
	do    func(g gust) error
}{
	"start": {8, func(g gust) error {
		in := store.NewSession{Kind: []string{"support", "browser"}[g.IntN(2)], PortalID: []string{"", "@main", "@open"}[g.IntN(3)], Priority: g.IntN(3), Customer: desk.Customer{Name: fmt.Sprint("Customer ", g.IntN(1000)), Company: "Doe Ltd"}}
		switch g.IntN(4) {
		case 0:
			in.TeamID = "@" + g.team
		case 1:
			in.IssueID = []string{"@paper-jam", "@vpn"}[g.IntN(2)]
		}
		return g.start(g, in)
	}},
	"accept session": {8, func(g gust) error { _, err := g.store.AcceptSession(g.ctx, g.caller, g.session.ID); return err }},
	"next":           {4, func(g gust) error { _, err := g.store.AcceptNext(g.ctx, g.caller, ""); return err }},
	"invite a rep":   {10, func(g gust) error { return g.invite(store.NewInvitation{RepID: "@" + g.other}) }},
	"invite a team":  {8, func(g gust) error { return g.invite(store.NewInvitation{TeamID: "@" + g.team}) }},
	"invite a portal": {4, func(g gust) error {
		return g.invite(store.NewInvitation{PortalID: []string{"@main", "@open"}[g.IntN(2)], SubPortals: g.IntN(2) == 0})
	}},
	"request help": {5, func(g gust) error {
		return g.invite(store.NewInvitation{IssueID: []string{"@paper-jam", "@vpn"}[g.IntN(2)]})
	}},
	"accept invitation": {14, func(g gust) error { c, id := g.taker(); _, err := g.store.AcceptInvitation(g.ctx, c, id); return err }},
	"decline":           {8, func(g gust) error { c, id := g.taker(); _, err := g.store.DeclineInvitation(g.ctx, c, id); return err }},
	"cancel":            {4, func(g gust) error { _, err := g.store.CancelInvitation(g.ctx, g.owner(), g.offer()); return err }},
	"remind":            {3, func(g gust) error { _, err := g.store.RemindInvitation(g.ctx, g.owner(), g.offer()); return err }},
	"transfer": {5, func(g gust) error {
		to := store.NewTransfer{RepID: "@" + g.other, Stay: g.IntN(2) == 0}
		if g.IntN(2) == 0 {
			to.RepID, to.TeamID = "", "@"+g.team
		}
		_, err := g.store.TransferSession(g.ctx, g.owner(), g.session.ID, to)
		return err
	}},
	"cancel transfer": {2, func(g gust) error { _, err := g.store.CancelTransfer(g.ctx, g.owner(), g.session.ID); return err }},
	"decline transfer": {12, func(g gust) error {
		if g.session.Transfer == nil {
			return errNobody
		}
		_, err := g.store.DeclineTransfer(g.ctx, g.caller, g.session.ID)
		return err
	}},
	"hold":   {4, func(g gust) error { _, err := g.store.HoldSession(g.ctx, g.owner(), g.session.ID); return err }},
	"resume": {4, func(g gust) error { _, err := g.store.ResumeSession(g.ctx, g.owner(), g.session.ID); return err }},
	"leave": {6, func(g gust) error {
		a, successor := g.attendee(), ""
		if a.Role == desk.AttendeeOwner {
			successor = "@" + g.other
		}
		for who, id := range g.saved {
			if id == a.RepID && g.storm.tokens[who] != "" {
				_, err := g.store.LeaveSession(g.ctx, g.as(who), g.session.ID, successor)
				return err
			}
		}
		return errNobody
	}},
	"end":    {4, func(g gust) error { _, err := g.store.EndSession(g.ctx, g.owner(), g.session.ID, "Done"); return err }},
	"remove": {2, func(g gust) error { return g.store.RemoveAttendee(g.ctx, g.owner(), g.session.ID, g.attendee().ID) }},
	"change somebody": {5, func(g gust) error {
		masked := g.IntN(2) == 0
		_, err := g.store.UpdateAttendee(g.ctx, g.owner(), g.session.ID, g.attendee().ID, desk.AttendeeChange{Masked: &masked}, nil)
		return err
	}},
	"join": {2, func(g gust) error {
		_, err := g.store.JoinSession(g.ctx, g.caller, g.session.ID, g.IntN(2) == 0)
		return err
	}},
	"take over": {3, func(g gust) error { _, err := g.store.TakeOverSession(g.ctx, g.caller, g.session.ID); return err }},
	"reassign": {1, func(g gust) error {
		_, err := g.store.ReassignSession(g.ctx, g.as("hal"), g.session.ID, "@"+g.other, "")
		return err
	}},
	"chat": {5, func(g gust) error {
		_, err := g.store.PostMessage(g.ctx, g.owner(), g.session.ID, store.NewMessage{Text: "Hello", Audience: desk.ForEveryone})
		return err
	}},
	"team chat": {2, func(g gust) error {
		_, err := g.store.PostTeamMessage(g.ctx, g.caller, "@"+g.team, "Hello", "")
		return err
	}},
	"favourite": {2, func(g gust) error { return g.store.SetFavourite(g.ctx, g.caller, g.teams[g.team], g.IntN(2) == 0) }},
	"busy": {3, func(g gust) error {
		busy := g.IntN(2) == 0
		_, err := g.store.UpdateMe(g.ctx, g.caller, store.MeChange{Busy: &busy}, nil)
		return err
	}},
	"preferences": {1, func(g gust) error {
		by := []string{"customer", "waiting", "issue"}[g.IntN(3)]
		_, err := g.store.UpdatePreferences(g.ctx, g.caller, store.PreferencesChange{QueueSort: &by}, nil)
		return err
	}},
	"name a console": {1, func(g gust) error {
		name := fmt.Sprint("Desk ", g.IntN(100))
		_, err := g.store.UpdateConsole(g.ctx, g.caller, "current", store.ConsoleChange{Device: desk.Device{Name: &name}}, nil)
		return err
	}},
	"move to a portal": {1, func(g gust) error {
		portal := []string{"", "@main", "@open"}[g.IntN(3)]
		_, err := g.store.UpdateConsole(g.ctx, g.caller, "current", store.ConsoleChange{PortalID: &portal}, nil)
		return err
	}},
	// The embassy's people stay in it: who is a colleague of theirs, and so by which name they know each, is told by no event.
	"come into a team": {1, func(g gust) error {
		if g.team == "acme" {
			return errNobody
		}
		_, err := g.store.SetTeamMember(g.ctx, g.as("hal"), "@"+g.team, "@"+g.other, desk.TeamMember)
		return err
	}},
	"leave a team": {1, func(g gust) error {
		if g.team == "acme" {
			return errNobody
		}
		return g.store.RemoveTeamMember(g.ctx, g.as("hal"), "@"+g.team, "@"+g.other)
	}},
	"the customer leaves": {1, func(g gust) error {
		g.mu.Lock()
		guest := g.guests[g.session.ID]
		g.mu.Unlock()
		_, err := g.store.LeaveAsGuest(g.ctx, guest)
		return err
	}},
	"the customer is back": {1, func(g gust) error {
		g.mu.Lock()
		guest := g.guests[g.session.ID]
		g.mu.Unlock()
		return g.store.GuestCameBack(g.ctx, guest)
	}},
}

var errNobody = errors.New("nobody to do it")

func (s *storm) start(g gust, in store.NewSession) error {
	s.mu.Lock()
	full := len(s.open) >= 24
	s.mu.Unlock()
	if full {
		return errNobody
	}
	started, err := s.store.StartSession(g.ctx, g.caller, in)
	if err != nil {
		return err
	}
	guest, err := s.store.AuthenticateGuest(g.ctx, started.GuestToken)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.guests[started.Session.ID] = append(s.open, started.Session.ID), guest
	return err
}

// drawn is every action's name, as often as it is done.
var drawn = sync.OnceValue(func() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(actions)) {
		for range actions[name].often {
			all = append(all, name)
		}
	}
	return all
})

// act does one action, until it is not refused.
func (s *storm) act(ctx context.Context, r *rand.Rand) error {
	people := slices.Sorted(maps.Keys(s.tokens))
	for {
		g := gust{storm: s, Rand: r, ctx: ctx, who: people[r.IntN(len(people))], other: people[r.IntN(len(people))], team: slices.Sorted(maps.Keys(s.teams))[r.IntN(len(s.teams))]}
		s.mu.Lock()
		if len(s.open) > 0 {
			g.session.ID = s.open[r.IntN(len(s.open))]
		}
		s.mu.Unlock()
		g.caller = g.as(g.who)
		if found, err := s.store.Session(ctx, g.as("hal"), g.session.ID); err == nil {
			g.session = found
		}
		if g.session.State == desk.SessionEnded {
			s.mu.Lock()
			s.open = slices.DeleteFunc(s.open, func(id string) bool { return id == g.session.ID })
			s.mu.Unlock()
			continue
		}
		name := drawn()[r.IntN(len(drawn()))]
		err := actions[name].do(g)
		s.asked.Add(1)
		var refusal *desk.Problem
		switch {
		case err == nil:
			s.mu.Lock()
			s.tally[name]++
			s.mu.Unlock()
			n := s.done.Add(1)
			if n%50 == 0 {
				s.pass(time.Second)
			}
			if n%s.cutEach == 0 {
				s.mirrors[r.IntN(len(s.mirrors))].drop()
			}
			return nil
		case !errors.As(err, &refusal) && !errors.Is(err, errNobody):
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// pass lets time go by, with all consoles in contact.
func (s *storm) pass(d time.Duration) {
	s.clock.Advance(d)
	for who := range s.tokens {
		if c, err := s.store.Authenticate(context.Background(), s.tokens[who]); err == nil {
			s.store.Touch(c)
		}
	}
}

// burst has several act at once, n actions in all.
func (s *storm) burst(t *testing.T, seed uint64, n int) {
	t.Helper()
	const atOnce = 4
	var all sync.WaitGroup
	left := atomic.Int64{}
	left.Store(int64(n))
	for w := range atOnce {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(w)))
			for left.Add(-1) >= 0 {
				if err := s.act(t.Context(), r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// stormSize is how many actions the test does, and how often it cuts connections: 40 times among 2,000. A soak says more.
func stormSize() (acts, cuts int) {
	acts = 2_000
	if n, err := strconv.Atoi(os.Getenv("REPDESK_STORM")); err == nil {
		acts = n
	}
	return acts, acts / 50
}

// TestH2SnapshotThenEventsIsAllThereIs: while everybody acts at once, each console is cut off again and again. What it knows,
// by its first snapshot and by events alone, is at each quiet moment what a new snapshot says; no event comes twice, and none
// out of order.
func TestH2SnapshotThenEventsIsAllThereIs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store, clock *storetest.Clock) {
		x := serve(t, db, clock)
		x.load(t, `reps:
  - {username: hal, name: Hal Moss, public_name: Hal, role: administrator, teams: {network: lead}, permissions: [share_outside_teams, transfer_outside_teams]}
  - {username: ana, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, transfer_outside_teams, extended_availability]}
  - {username: fay, name: Fay Winter, public_name: Fay, email: fay@acme.example, teams: {acme: member}, permissions: [share_outside_teams]}`)
		people := []string{"ana", "ben", "cho", "dev", "eli", "fay", "gus", "hal"}
		x.logInAll(t, append(people, "ana/tablet", "fay/phone")...)
		s := &storm{server: x, tokens: map[string]string{}, teams: map[string]string{}, guests: map[string]desk.Guest{}, tally: map[string]int{}}
		for _, who := range people {
			s.tokens[who] = x.token(t, who)
		}
		a := x.do(t, call{as: "hal", do: "GET /v1/teams"})
		for i, slug := range a.items("slug") {
			s.teams[slug] = a.items("id")[i]
		}
		beside := restarted(t, db, clock) // another server on the same database: half of the streams come back there
		beside.tokens = map[string]string{}
		var turn atomic.Int64
		at := func() *server { return []*server{x, beside}[turn.Add(1)%2] }
		watching, stop := context.WithCancel(t.Context())
		for who, token := range maps.Clone(x.tokens) {
			s.mirrors = append(s.mirrors, newMirror(watching, who, token, at))
		}
		defer func() {
			stop()
			for _, m := range s.mirrors {
				<-m.closed
			}
		}()
		s.rage(t)
	}, storetest.AnyNumberOfInvites)
}

// rage acts and cuts in rounds, and compares after each.
func (s *storm) rage(t *testing.T) {
	const rounds = 10
	acts, cuts := stormSize()
	s.cutEach = int64(acts / cuts)
	for round := range rounds {
		s.burst(t, uint64(round), acts/rounds)
		if t.Failed() {
			return
		}
		s.compare(t)
	}
	counts := map[string]int{}
	for _, m := range s.mirrors {
		for what, n := range m.count {
			counts[what] += n
		}
	}
	t.Logf("%d actions of %d tried: %v; clients: %v", s.done.Load(), s.asked.Load(), s.tally, counts)
	if s.done.Load() < int64(acts) || counts["cut"] < cuts {
		t.Errorf("%d actions, %d cuts", s.done.Load(), counts["cut"])
	}
	for _, name := range drawn() {
		if acts >= 10_000 && s.tally[name] < 10 {
			t.Errorf("only %d times: %s", s.tally[name], name)
		}
	}
}

// compare waits until all clients have come to where things are, and compares each with a new snapshot.
func (s *storm) compare(t *testing.T) {
	t.Helper()
	if err := s.store.TellQueues(t.Context()); err != nil {
		t.Fatal(err)
	}
	reached := map[string]int64{} // the last that each rep is told
	for who, token := range s.tokens {
		c, err := s.store.Authenticate(t.Context(), token)
		if err != nil {
			t.Fatal(who, err)
		}
		me, err := s.store.Me(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		busy := !me.Busy
		if me, err = s.store.UpdateMe(t.Context(), c, store.MeChange{Busy: &busy}, nil); err != nil {
			t.Fatal(err)
		}
		reached[me.ID] = me.Rev
	}
	for _, m := range s.mirrors {
		s.eventually(t, m.who+" has come to the end", func() bool { return m.knows(reached[m.rep()]) })
		if err := m.differs(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}
