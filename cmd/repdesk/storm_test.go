package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/store/storetest"
)

const (
	// stormClients is how many consoles are at one session, of all the reps of the crowd.
	stormClients = 64
	// stormActions is how much each of them does.
	stormActions = 30
)

// TestFaultStormOnOneSession has 64 clients invite, cancel, accept, decline, leave and hand over in one session at once, and then
// end it. Each is answered or refused, and what was confirmed holds; whatever the moment, seats, owner and invitations are as
// they must be (B6, B11, B13, B16).
func TestFaultStormOnOneSession(t *testing.T) {
	for _, test := range []struct {
		name     string
		database func(*testing.T) string
		servers  int
	}{{"SQLite", database, 1}, {"PostgreSQL", postgres, 2}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newStorm(t, test.database(t), test.servers)
			s.rage(t)
			storetest.Sound(t, s.database)
			s.end(t)
			storetest.Sound(t, s.database)
			s.check(t)
		})
	}
}

// storm is one session with all who do something in it.
type storm struct {
	database string
	session  string
	answers  answers
	consoles []console
	owner    atomic.Value // the id of the rep who last was known to own the session

	mu       sync.Mutex
	answered map[string]*answered // by id
	recent   []string             // ids of invitations, the latest last
	invited  map[string]string    // the rep whom an invitation is for, by its id; of a team's there is none
	done     map[string]int       // how often each action was done
}

func newStorm(t *testing.T, database string, servers int) *storm {
	s := &storm{database: database, answers: answers{t: t}, answered: map[string]*answered{}, invited: map[string]string{}, done: map[string]int{}}
	var running []*process
	for range servers {
		running = append(running, start(t, database))
	}
	transport := &http.Transport{MaxIdleConnsPerHost: stormClients}
	t.Cleanup(transport.CloseIdleConnections)
	for i := range stormClients {
		at := running[i%servers]
		in := at.logIn(fmt.Sprint("c", i%crowd), browser)
		client, err := repdesk.New(at.URL, in.token, repdesk.WithHTTPClient(&http.Client{Transport: s.answers.of(transport)}))
		ok(t, err)
		in.ClientWithResponses = client
		s.consoles = append(s.consoles, in)
	}
	s.session = s.consoles[0].openSession()
	s.owner.Store(s.consoles[0].rep)
	return s
}

// rage has each client act, again and again. Meanwhile it looks at the database, in which each moment has to be sound.
func (s *storm) rage(t *testing.T) {
	looking, stop := context.WithCancel(t.Context())
	var looks sync.WaitGroup
	looks.Go(func() {
		for looking.Err() == nil {
			storetest.Sound(t, s.database)
		}
	})
	s.each(func(c console) {
		for range often(stormActions) {
			s.act(t, c)
		}
	})
	stop()
	looks.Wait()
	if s.answers.refused.Load() > 0 {
		t.Errorf("%d requests were refused with 503", s.answers.refused.Load())
	}
	t.Logf("done: %v", s.done)
	for _, action := range []string{"invite", "cancel", "accept", "decline", "leave", "hand over", "transfer", "hold"} {
		if s.done[action] == 0 {
			t.Errorf("the storm did not %s", action)
		}
	}
}

// each has all clients do something at once.
func (s *storm) each(do func(console)) {
	var all sync.WaitGroup
	for _, c := range s.consoles {
		all.Go(func() { do(c) })
	}
	all.Wait()
}

// act does one thing: what owners do mostly from a console of whoever is known as the owner, else nearly all would be refused.
func (s *storm) act(t *testing.T, c console) {
	other := s.consoles[rand.IntN(crowd)].rep
	owner := c
	if rand.IntN(4) > 0 {
		owner = s.consoleOf(s.owner.Load().(string))
	}
	switch n := rand.IntN(20); {
	case n < 6:
		s.invite(t, owner, other)
	case n < 8:
		s.answer(t, "cancel", func(id string) error { return called(owner.CancelInvitationWithResponse(t.Context(), id)) }, func(a *answered) { a.cancelled = true })
	case n < 13:
		s.answer(t, "accept", func(id string) error { return called(c.AcceptInvitationWithResponse(t.Context(), id)) }, func(a *answered) { a.won(c.rep) })
	case n < 15:
		s.answer(t, "decline", func(id string) error {
			return called(s.invitedTo(id, c).DeclineInvitationWithResponse(t.Context(), id))
		}, nil)
	case n < 17:
		s.note(t, "leave", called(c.LeaveSessionWithResponse(t.Context(), s.session, repdesk.LeaveSessionRequest{})))
	case n < 18:
		if s.note(t, "hand over", called(owner.LeaveSessionWithResponse(t.Context(), s.session, repdesk.LeaveSessionRequest{NewOwnerID: &other}))) {
			s.owner.Store(other)
		}
	case n < 19:
		s.note(t, "transfer", called(owner.TransferSessionWithResponse(t.Context(), s.session, repdesk.TransferSessionRequest{RepID: &other, Stay: new(true)})))
		if taker := s.consoleOf(other); s.note(t, "take", called(taker.AcceptSessionWithResponse(t.Context(), s.session))) {
			s.owner.Store(other)
		}
	default:
		s.note(t, "hold", called(owner.HoldSessionWithResponse(t.Context(), s.session)))
		s.note(t, "resume", called(owner.ResumeSessionWithResponse(t.Context(), s.session)))
	}
}

// called leaves an answer out: its error says all.
func called[T any](_ T, err error) error { return err }

func (s *storm) consoleOf(rep string) console {
	return s.consoles[slices.IndexFunc(s.consoles, func(c console) bool { return c.rep == rep })]
}

// note counts what was done, and says whether it was. What was not has to be refused.
func (s *storm) note(t *testing.T, action string, err error) bool {
	if p, refused := repdesk.AsProblem(err); err != nil && (!refused || p.Status >= 500) {
		t.Errorf("%s: %v", action, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.done[action]++
	}
	return err == nil
}

func (s *storm) invite(t *testing.T, owner console, rep string) {
	whom := repdesk.InviteRequest{RepID: &rep}
	if rand.IntN(3) == 0 {
		whom = repdesk.InviteRequest{TeamID: new("@crowd")}
	}
	invited, err := owner.InviteWithResponse(t.Context(), s.session, whom)
	if !s.note(t, "invite", err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := invited.JSON201.ID
	s.answered[id] = &answered{id: id}
	s.recent = append(s.recent, id)
	if whom.RepID != nil {
		s.invited[id] = rep
	}
}

// invitedTo is a console of the rep whom an invitation is for; of a team's, any.
func (s *storm) invitedTo(id string, anyone console) console {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rep := s.invited[id]; rep != "" {
		return s.consoleOf(rep)
	}
	return anyone
}

// answer does something with one of the latest invitations, and takes down what was confirmed of it.
func (s *storm) answer(t *testing.T, action string, ask func(id string) error, confirmed func(*answered)) {
	s.mu.Lock()
	latest := s.recent[max(0, len(s.recent)-8):]
	s.mu.Unlock()
	if len(latest) == 0 {
		return
	}
	id := latest[rand.IntN(len(latest))]
	if !s.note(t, action, ask(id)) || confirmed == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	confirmed(s.answered[id])
}

// end has all end the session at once, and accept and leave meanwhile. One ends it.
func (s *storm) end(t *testing.T) {
	s.each(func(c console) {
		s.answer(t, "accept", func(id string) error { return called(c.AcceptInvitationWithResponse(t.Context(), id)) }, func(a *answered) { a.won(c.rep) })
		s.note(t, "end", called(c.EndSessionWithResponse(t.Context(), s.session, repdesk.EndSessionRequest{})))
		s.note(t, "leave", called(c.LeaveSessionWithResponse(t.Context(), s.session, repdesk.LeaveSessionRequest{})))
	})
}

// check: the session has ended, nobody is in it, and of each invitation holds what was confirmed.
func (s *storm) check(t *testing.T) {
	owner := s.consoleOf(s.owner.Load().(string))
	answer, err := owner.GetSessionWithResponse(t.Context(), s.session, nil)
	ok(t, err)
	session := answer.JSON200
	if session.State != repdesk.SessionStateEnded || session.RepCount != 0 || session.Attendees != nil && len(*session.Attendees) > 0 {
		t.Errorf("in the end: %+v", session)
	}
	for id, a := range s.answered {
		a.check(t, s.consoleOf(session.Owner.ID).invitation(id))
	}
	t.Logf("%d invitations, %d answers", len(s.answered), s.answers.total.Load())
}
