package store_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// Whatever is done in whatever order, the store does what the model says, and what must always be so is so after each step.
func TestModelB6B11B13B16C6C7C8C9InAnyOrder(t *testing.T) {
	rapidly(15, 60)
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) { inAnyOrder(t, s, clock, 0) }, storetest.AnyNumberOfInvites)
}

// The same with a limit on how often people may invite.
func TestModelB20InAnyOrder(t *testing.T) {
	rapidly(3, 40)
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) { inAnyOrder(t, s, clock, 4) },
		func(cfg *store.Config) { cfg.InvitesAMinute = 4 })
}

func inAnyOrder(t *testing.T, s *store.Store, clock *storetest.Clock, perMinute int) {
	w := &world{t: t, d: s, clock: clock, guests: map[string]desk.Guest{}}
	until, failing := time.Now().Add(enough), false
	rapid.Check(t, func(rt *rapid.T) {
		if !failing && !askedFor()["rapid.checks"] && time.Now().After(until) {
			return
		}
		failing = true // until it is known that this one does not
		w.begin(perMinute)
		c := newChecks(w)
		rt.Repeat(map[string]func(*rapid.T){"step": func(rt *rapid.T) { w.step(rt, c) }})
		failing = false
	})
}

// enough is how long new sequences are tried in an ordinary run: a busy machine, or the race detector, tries fewer.
const enough = 15 * time.Second

// askedFor are the settings of package rapid that the command line gives: a longer run.
var askedFor = sync.OnceValue(func() map[string]bool {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return given
})

// rapidly sets how many sequences are tried, of how many steps on the average.
func rapidly(checks, steps int) {
	given := askedFor()
	for name, value := range map[string]int{"rapid.checks": checks, "rapid.steps": steps} {
		if !given[name] {
			_ = flag.Set(name, fmt.Sprint(value))
		}
	}
	_ = flag.Set("rapid.nofailfile", "true")
	_ = flag.Set("rapid.shrinktime", "10s")
}

// world is a store with the people of the model in it.
type world struct {
	t        *testing.T
	d        *store.Store
	clock    *storetest.Clock
	m        *model
	crowded  bool // others act at the same time
	logIns   atomic.Int64
	mu       sync.Mutex // in the race: over what follows, and over who is logged in and in which team
	sessions []string
	guests   map[string]desk.Guest
}

const password = "correct horse"

var (
	issueTeam = map[string]string{"jam": "red", "vpn": "blue"}
	issueOnly = map[string]string{"vpn": "red"} // the team that alone may ask
)

// newModel is the organisation before anything happens: two ordinary teams, the leads of one of which may step in, an embassy,
// and portals with settings of all kinds.
func newModel(clock *storetest.Clock) *model {
	m := &model{clock: clock, teams: map[string]*mTeam{}, portals: map[string]*mPortal{}}
	for _, t := range []mTeam{{slug: "red", supervised: true}, {slug: "blue", persistent: true}, {slug: "emb", embassy: true, supervised: true}} {
		m.teams[t.slug] = &t
	}
	for _, p := range []mPortal{{slug: "root"}, {slug: "flip", above: "root", fallback: "red"}, {slug: "few", above: "root", seats: 1},
		{slug: "ask", above: "few", seats: 2, consent: true, ceiling: desk.View, sharing: desk.SharingAll}, {slug: "wide", sharing: desk.SharingAll, consent: true}, {slug: "shut", sharing: desk.SharingOffHere}} {
		if p.seats == 0 {
			p.seats = 7
		}
		if p.sharing == "" {
			p.sharing = desk.SharingTeams
		}
		if p.ceiling == "" {
			p.ceiling = desk.Control
		}
		m.portals[p.slug] = &p
	}
	for _, r := range []mRep{{user: "ann", outside: true, teams: map[string]int{"red": 2}}, {user: "bob", teams: map[string]int{"red": 1}}, {user: "cat", teams: map[string]int{"red": 1}},
		{user: "dan", teams: map[string]int{"red": 1, "blue": 1}}, {user: "eve", outside: true, teams: map[string]int{"blue": 2}}, {user: "fox", extended: true, teams: map[string]int{"blue": 1}},
		{user: "gil", outside: true, teams: map[string]int{"emb": 2}}, {user: "hue", teams: map[string]int{"emb": 1}}, {user: "ida", teams: map[string]int{"red": 1, "emb": 1}}} {
		m.reps = append(m.reps, &r)
	}
	return m
}

// inner and outer are a rep's private and public name.
func (r *mRep) inner() string { return "Inner-" + r.user }
func (r *mRep) outer() string { return "Outer-" + r.user }

func (r *mRep) yaml(teams map[string]int) string {
	roles := []string{}
	for _, team := range slices.Sorted(maps.Keys(teams)) {
		roles = append(roles, team+": "+[]string{"", "member", "lead", "manager"}[teams[team]])
	}
	permissions := "extended_availability"
	if r.outside {
		permissions += ", share_outside_teams, transfer_outside_teams"
	}
	return fmt.Sprintf("  - {username: %s, password: %s, name: %s, public_name: %s, email: %s@example.com, teams: {%s}, permissions: [%s]}\n",
		r.user, password, r.inner(), r.outer(), r.user, strings.Join(roles, ", "), permissions)
}

func (p *mPortal) yaml() string {
	return fmt.Sprintf("  - {slug: %s, name: %s, parent: %q, sharing: %q, invite_ceiling: %s, max_invited_reps: %d, consent_on_join: %v, fallback_team: %q}\n",
		p.slug, p.slug, p.above, p.sharing, p.ceiling, p.seats, p.consent, p.fallback)
}

func (m *model) yaml() string {
	text := "teams:\n"
	for _, t := range m.teams {
		text += fmt.Sprintf("  - {slug: %s, name: Team-%s, embassy: %v, persistent: %v, supervision: %v}\n", t.slug, t.slug, t.embassy, t.persistent, t.supervised)
	}
	text += "portals:\n"
	for _, p := range m.portals {
		text += p.yaml()
	}
	text += "reps:\n"
	for _, r := range m.reps {
		text += r.yaml(r.teams)
	}
	return text + "issues:\n  - {slug: jam, title: Jam, team: red, request_help: true}\n  - {slug: vpn, title: VPN, team: blue, request_help: true, help_teams: [red]}\n"
}

// begin ends what went on, and logs everybody in.
func (w *world) begin(perMinute int) {
	if w.m != nil {
		w.endAll()
	}
	w.m, w.sessions = newModel(w.clock), nil
	w.m.perMinute = perMinute
	w.clock.Advance(desk.InvitesWithin)
	must(w.d.ImportOrganization(ctx(), w.d.Operator(), []byte(w.m.yaml()), false))
	portals := []string{"", "root", "few", "ask", "wide"}
	for i, r := range w.m.reps {
		in := args{target: r, portal: portals[i%len(portals)], sub: i%4 == 3}
		answer := must(w.logIn(in)).(store.LoggedIn)
		r.id = answer.Rep.ID
		_, effect := w.m.logIn(in)
		effect(answer.Token)
		if r.extended {
			must(w.d.UpdateMe(ctx(), w.caller(r.consoles[0]), store.MeChange{ExtendedAvailability: &r.extended}, nil))
		}
	}
}

func (w *world) endAll() {
	for _, r := range w.m.reps {
		for _, c := range must(w.d.Consoles(ctx(), desk.Caller{RepID: r.id})) {
			w.no(w.d.LogOut(ctx(), desk.Caller{RepID: r.id}, c.ID, true))
		}
	}
	for _, id := range w.sessions {
		if s := must(w.d.Session(ctx(), w.d.Operator(), id)); s.Owner != nil {
			must(w.d.EndSession(ctx(), desk.Caller{RepID: s.Owner.ID}, id, ""))
		}
		w.no(w.d.GuestCameBack(ctx(), w.guests[id]))
		must(w.d.LeaveAsGuest(ctx(), w.guests[id]))
	}
}

// no ends the test with a fault.
func (w *world) no(err error) {
	if err != nil {
		panic(err)
	}
}

func (w *world) add(session string, guest desk.Guest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sessions = append(w.sessions, session)
	w.guests[session] = guest
}

func (w *world) consolesOf(r *mRep) []*mConsole {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(r.consoles)
}

// caller is who a console is now: roles and teams change.
func (w *world) caller(c *mConsole) desk.Caller { return must(w.d.Authenticate(ctx(), c.token)) }

// contact is a sign of life of all consoles of the reps, written when it returns.
func (w *world) contact(reps ...*mRep) error {
	for _, r := range reps {
		for _, c := range w.consolesOf(r) {
			if who, err := w.d.Authenticate(ctx(), c.token); err == nil {
				w.d.Touch(who)
			}
		}
	}
	return w.d.FlushContacts(ctx())
}

// written waits until contacts stand as the model has them: the housekeeping may be writing them at this moment.
func (w *world) written(reps ...*mRep) {
	for _, r := range reps {
		for len(r.consoles) > 0 {
			at := must(w.d.Consoles(ctx(), desk.Caller{RepID: r.id}))
			if !slices.ContainsFunc(at, func(c desk.Console) bool { return c.SeenAt.Before(w.clock.Now()) }) {
				break
			}
		}
	}
}

// pick throws a session: mostly one that goes on.
func (w *world) pick(d dice) string {
	live := w.live()
	if len(live) == 0 || d.in(1, 20) {
		return one(d, w.sessions)
	}
	return one(d, live)
}

func (w *world) live() (ids []string) {
	for _, s := range w.m.sessions {
		if s.state != desk.SessionEnded {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// step does one thing and compares.
func (w *world) step(rt *rapid.T, c *checks) {
	seed := rapid.SliceOfN(rapid.Uint64(), 2, 2).Draw(rt, "seed")
	d := dice{rand.New(rand.NewPCG(seed[0], seed[1]))}
	op := d.action()
	if live := len(w.live()); live == 0 {
		op = named("start a session")
	} else if live > 2 && op.name == "start a session" {
		op = named("invite")
	}
	var now look
	if len(w.sessions) > 0 {
		now = w.look(w.pick(d))
		op = d.sensible(op, now)
	}
	a := w.draw(d, op, now)
	if a.rep == nil {
		op = named("log in")
	} else if op.who != nobodys {
		w.no(w.contact(a.rep))
		for _, one := range a.rep.consoles {
			w.m.contact(a.rep, one)
		}
		w.written(a.rep)
	}
	code, effect := op.rule(w.m, a)
	answer, err := op.do(w, a)
	rt.Logf("%s: %s → %v", op.name, a, err)
	w.compareCode(rt, op, code, err)
	if err == nil {
		effect(idOf(answer))
	}
	c.after(rt, op, a, answer, err)
}

func (w *world) compareCode(rt *rapid.T, op action, want desk.Code, err error) {
	var p *desk.Problem
	switch {
	case err == nil && want == "":
	case !errors.As(err, &p) && err != nil:
		rt.Fatalf("a fault: %v", err)
	case err == nil || p.Code != want:
		rt.Fatalf("%s gives %v, the model says %q", op.name, err, want)
	case !op.allows(p.Code):
		rt.Fatalf("%s is not among the codes of %s", p.Code, op.name)
	}
}

func (a args) String() string {
	who := func(r *mRep) string {
		if r == nil {
			return "-"
		}
		return r.user
	}
	return fmt.Sprintf("%s in %.12s, invitation %s, attendee %s %s, target %s/%s/%s/%s kind %d wait %d access %q yes %v sub %v teams %v", who(a.rep), last(a.session), last(a.invitation), a.attendee.Role,
		last(a.attendee.ID), who(a.target), a.team, a.issue, a.portal, a.kind, a.wait, a.access, a.yes, a.sub, a.teams)
}

// last is the end of an id, which tells it from others.
func last(id string) string { return id[max(0, len(id)-6):] }
