package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// What many do at the same instant: nobody can say what comes of it, but each is answered, or refused with a code that is
// possible there, and what must always be so is so in the end.

const (
	racers     = 8
	racedEach  = 150
	raceRounds = 10
)

// race is a world in which several act at once, with what they were told.
type race struct {
	*world
	mu      sync.Mutex
	errs    []error
	winners map[string]map[string]bool // reps who were told that they won, by invitation
	views   map[string]*guestView
}

// racing runs a test on each engine, and afterwards looks at everything.
func racing(t *testing.T, test func(r *race)) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		w := &world{t: t, d: s, clock: clock, guests: map[string]desk.Guest{}}
		w.begin(0)
		w.crowded = true
		r := &race{world: w, winners: map[string]map[string]bool{}, views: map[string]*guestView{}}
		test(r)
		for _, err := range r.errs {
			t.Error(err)
		}
		r.allSound()
	}, storetest.AnyNumberOfInvites)
}

func (r *race) wrong(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.errs) < 5 {
		r.errs = append(r.errs, fmt.Errorf(format, args...))
	}
}

func TestModelRaceAnythingAtOnce(t *testing.T) {
	racing(t, func(r *race) {
		seed := uint64(time.Now().UnixNano())
		r.t.Log("seed", seed)
		clients, until := r.startClients(), time.Now().Add(enough)
		watching, stop := context.WithCancel(ctx())
		var readers sync.WaitGroup
		readers.Go(func() { // in one goroutine: each client reads one stream
			for watching.Err() == nil {
				r.readAll(clients)
			}
		})
		atOnce(racers, func(i int) {
			d := dice{rand.New(rand.NewPCG(seed, uint64(i)))}
			for range racedEach {
				if time.Now().Before(until) {
					r.act(d, d.action())
				}
			}
		})
		stop()
		readers.Wait()
		r.streamsAgree(clients)
	})
}

// act does one thing. A caller whose console was logged out meanwhile does nothing, as the API sees to.
func (r *race) act(d dice, op action) {
	if r.count() < 3 {
		op = named("start a session")
	}
	var now look
	if r.count() > 0 {
		now = r.look(r.recent(d))
	}
	op = d.sensible(op, now)
	a := r.draw(d, op, now)
	if op.who != nobodys && a.caller.RepID == "" || op.who == nobodys && a.session == "" {
		return
	}
	if op.who != nobodys {
		r.d.Touch(a.caller)
	}
	answer, err := op.do(r.world, a)
	r.fair(op, a, err)
	if err == nil {
		r.keep(op, a, answer)
	}
}

func (r *race) count() int {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	return len(r.sessions)
}

// recent is one of the latest sessions, so that many meet there.
func (r *race) recent(d dice) string {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	return one(d, r.sessions[max(0, len(r.sessions)-4):])
}

// fair checks that an action was done, or refused with a code that is possible there.
func (r *race) fair(op action, a args, err error) {
	var p *desk.Problem
	if err != nil && (!errors.As(err, &p) || !op.allows(p.Code)) {
		r.wrong("%s: %v: %w", op.name, a, err)
	}
}

// keep notes who is logged in and in which team, and who won.
func (r *race) keep(op action, a args, answer any) {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	switch op.name {
	case "log in", "log out", "put a rep into other teams":
		_, effect := op.rule(r.m, a)
		if effect != nil {
			effect(idOf(answer))
		}
	case "accept an invitation":
		if r.winners[a.invitation] == nil {
			r.winners[a.invitation] = map[string]bool{}
		}
		r.winners[a.invitation][a.rep.id] = true
	}
}

// allSound looks at every session when all is still.
func (r *race) allSound() {
	if err := r.d.FlushContacts(ctx()); err != nil {
		r.t.Error(err)
	}
	for _, id := range r.sessions {
		r.sound(id)
	}
}

func (r *race) sound(id string) {
	now := r.look(id)
	if err := sound(now, r.m.portals[now.session.Portal.Name].seats); err != nil {
		r.t.Errorf("%v: %s", err, asJSON(now))
	}
	for _, i := range now.invitations {
		r.oneWinner(i)
	}
}

func (r *race) oneWinner(i desk.Invitation) {
	told := r.winners[i.ID]
	if len(told) > 1 || len(told) == 1 && (i.AcceptedBy == nil || !told[i.AcceptedBy.ID]) {
		r.t.Errorf("B16: %v were told that they won %s", told, asJSON(i))
	}
}

func (r *race) startClients() []*client {
	clients := []*client{}
	for _, rep := range r.m.reps {
		clients = append(clients, must(newClient(r.world, rep, desk.Caller{RepID: rep.id})))
	}
	return clients
}

// readAll brings the clients, and those of the customers, up to date. They stand for a rep, whichever console is logged in.
func (r *race) readAll(clients []*client) {
	for _, c := range clients {
		if err := c.catchUp(r.as(c.rep)); err != nil {
			r.wrong("%s: %w", c.rep.user, err)
		}
	}
	r.world.mu.Lock()
	guests := make([]desk.Guest, 0, len(r.guests))
	for _, id := range r.sessions {
		guests = append(guests, r.guests[id])
	}
	r.world.mu.Unlock()
	for _, guest := range guests {
		if err := r.readGuest(guest); err != nil {
			r.wrong("the customer of %s: %w", guest.SessionID, err)
		}
	}
}

// as is the rep without a console.
func (r *race) as(rep *mRep) desk.Caller {
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	return desk.Caller{RepID: rep.id, Name: rep.inner(), Embassy: r.m.embassy(rep)}
}

func (r *race) readGuest(guest desk.Guest) error {
	v := r.views[guest.SessionID]
	if v == nil {
		at := must(r.d.LastEvent(ctx()))
		now := r.guestReads(guest)
		now.cursor = at
		v, r.views[guest.SessionID] = &now, &now
	}
	events, err := v.read(r.world)
	v.fold(events)
	return err
}

// streamsAgree compares what the streams told with what is there in the end.
func (r *race) streamsAgree(clients []*client) {
	if err := r.d.FlushContacts(ctx()); err != nil {
		r.t.Error(err)
	}
	r.readAll(clients)
	looks := []look{}
	for _, id := range r.sessions {
		looks = append(looks, r.look(id))
		if got, want := r.views[id].text(), r.guestReads(r.guests[id]); got != want.text() {
			r.t.Errorf("the customer's client knows\n%s of\n%s", got, want.text())
		}
	}
	for _, c := range clients {
		if err := c.differs(r.as(c.rep), looks); err != nil {
			r.t.Error(err)
		}
	}
}

// open starts a session that the rep owns, in a portal where all may be invited, and returns its id.
func (r *race) open(owner *mRep, portal string) string {
	a := args{rep: owner, caller: r.caller(owner.consoles[0]), portal: portal}
	id := idOf(must(r.start(a)))
	must(r.d.AcceptSession(ctx(), a.caller, id))
	return id
}

// B11: however many invite, accept and step in at once, there are never more than 8 reps, invited ones included.
func TestModelRaceB11NeverMoreThanEightReps(t *testing.T) {
	racing(t, func(r *race) {
		until := time.Now().Add(enough)
		for round := range raceRounds {
			if time.Now().After(until) {
				break
			}
			owner := r.m.rep("bob")
			portal := []string{"wide", "few"}[round%2]
			id := r.open(owner, portal)
			atOnce(racers, func(i int) {
				d := dice{rand.New(rand.NewPCG(uint64(round), uint64(i)))}
				for range 12 {
					op := named(one(d, []string{"invite", "invite", "accept an invitation", "accept an invitation", "join", "leave", "remove an attendee"}))
					r.actIn(d, op, id)
				}
			})
			r.sound(id)
		}
	})
}

// actIn does something in a session.
func (r *race) actIn(d dice, op action, id string) {
	a := r.draw(d, op, r.look(id))
	answer, err := op.do(r.world, a)
	r.fair(op, a, err)
	if err == nil {
		r.keep(op, a, answer)
	}
}

// C6, C7, C8: taking over, accepting a transfer and handing over at once leave one owner, who was told so, and each of the
// others is either refused or gone before.
func TestModelRaceC6C7C8OneOwner(t *testing.T) {
	racing(t, func(r *race) {
		lead, owner, joined, target := r.m.rep("ann"), r.m.rep("bob"), r.m.rep("cat"), r.m.rep("dan")
		who := func(rep *mRep) desk.Caller { return r.caller(rep.consoles[0]) }
		for range raceRounds {
			id := r.open(owner, "wide")
			inv := must(r.d.Invite(ctx(), who(owner), id, store.NewInvitation{RepID: joined.id}))
			must(r.d.AcceptInvitation(ctx(), who(joined), inv.ID))
			must(r.d.TransferSession(ctx(), who(owner), id, store.NewTransfer{RepID: target.id}))
			errs := make([]error, 4)
			atOnce(len(errs), func(i int) {
				switch i {
				case 0:
					_, errs[i] = r.d.TakeOverSession(ctx(), who(lead), id)
				case 1:
					_, errs[i] = r.d.AcceptSession(ctx(), who(target), id)
				case 2:
					_, errs[i] = r.d.LeaveSession(ctx(), who(owner), id, joined.id)
				case 3:
					_, errs[i] = r.d.LeaveSession(ctx(), who(joined), id, "")
				}
			})
			for i, op := range []string{"take over", "accept a transfer", "leave", "leave"} {
				r.fair(named(op), args{session: id}, errs[i])
			}
			got := r.look(id).session.Owner.ID
			told := map[string]bool{owner.id: errs[0] != nil && errs[1] != nil && errs[2] != nil, lead.id: errs[0] == nil, target.id: errs[1] == nil, joined.id: errs[2] == nil}
			if !told[got] {
				r.wrong("the owner is %s, who was not told so: %v", r.m.byID(got).user, errs)
			}
			r.sound(id)
		}
	})
}

// B13: whatever races with the end, the session ends, and nothing stands or is left in it.
func TestModelRaceB13EndAgainstEverything(t *testing.T) {
	racing(t, func(r *race) {
		for round := range raceRounds {
			owner := r.m.rep("bob")
			id := r.open(owner, "wide")
			caller := r.caller(owner.consoles[0])
			atOnce(racers, func(i int) {
				if d := (dice{rand.New(rand.NewPCG(uint64(round), uint64(i)))}); i > 0 {
					for range 10 {
						r.actIn(d, named(one(d, inOneSession)), id)
					}
					return
				}
				for r.look(id).session.State != desk.SessionEnded { // whoever owns it by now
					if now := r.look(id).session; now.Owner != nil {
						caller = desk.Caller{RepID: now.Owner.ID}
					}
					_, err := r.d.EndSession(ctx(), caller, id, "")
					r.fair(named("end"), args{session: id}, err)
				}
			})
			r.sound(id)
		}
	})
}

// inOneSession are the actions that need no other session, and log nobody out.
var inOneSession = []string{"invite", "invite", "accept an invitation", "decline an invitation", "cancel an invitation", "remind", "join", "take over", "leave", "hold", "resume", "transfer",
	"accept a transfer", "decline a transfer", "cancel a transfer", "update an attendee", "remove an attendee", "write", "the customer consents", "the customer leaves", "the customer comes back"}
