package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store/storetest"
)

const (
	// crashes is how often a test run kills the server on each engine; REPDESK_CRASHES says another number.
	crashes = 5
	// desks is how many owners work at the same time, each with two reps of the crowd whom they invite.
	desks = 6
	// lease is how long what a dead server was sending stays claimed on PostgreSQL, where another may be alive (package push).
	lease = 2 * time.Minute
)

// TestCrashes ends the server again and again, at any moment, while reps invite, accept and cancel. What was answered is
// there afterwards; no invitation has two winners; who was to be told was told; and streams that were cut have seen everything,
// once (B16, G7, H2). Of several servers on PostgreSQL one ends at a time, and the others go on.
func TestCrashes(t *testing.T) {
	postgres := func(t *testing.T) string { return storetest.Postgres(t) }
	for _, test := range []struct {
		name     string
		database func(*testing.T) string
		servers  int
		gently   bool // by a signal, which lets them finish what they are at
	}{
		{"SQLite", database, 1, false},
		{"PostgreSQL", postgres, 1, false},
		{"two servers", postgres, 2, false},
		{"rolling restart", postgres, 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, test.database(t), test.servers)
			c.play(t, test.gently)
			c.checkInvitations(t)
			c.checkDeliveries(t, test.gently)
			c.checkStreams(t)
		})
	}
}

// crash is a desk whose servers die.
type crash struct {
	start     func(address string) *process
	addresses []string
	servers   []*process // one at each address
	fcm       *pushtest.FCM
	owners    []*crashOwner
}

// crashOwner is a rep with two colleagues, and what became of their invitations.
type crashOwner struct {
	console
	colleagues [2]console
	answered   []*answered
	streamed   []int64 // ids of the events of invitations, as they came
	snapshots  int
	mu         sync.Mutex
}

// answered is an invitation whose making was answered, and what else was answered about it.
type answered struct {
	id        string
	winners   []string // ids of the reps to whom acceptance was confirmed
	cancelled bool
}

func newCrash(t *testing.T, database string, servers int) *crash {
	c := &crash{fcm: pushtest.NewFCM(t)}
	c.start = func(address string) *process {
		return start(t, database, "--listen", address, "--fcm-project", "desk", "--fcm-endpoint", c.fcm.URL)
	}
	for range servers {
		address := freeAddress(t)
		c.addresses = append(c.addresses, address)
		c.servers = append(c.servers, c.start(address))
	}
	for i := range desks {
		owner := &crashOwner{console: c.logIn(t, fmt.Sprint("c", i), browser)}
		for k := range owner.colleagues {
			name := fmt.Sprint("c", desks+2*i+k)
			owner.colleagues[k] = c.logIn(t, name, phone("phone-of-"+name))
		}
		c.owners = append(c.owners, owner)
	}
	return c
}

// logIn is a console that asks whichever server takes its connection, as behind a balancer.
func (c *crash) logIn(t *testing.T, username string, device repdesk.Device) console {
	t.Helper()
	in := c.servers[0].logIn(username, device)
	transport := &http.Transport{DialContext: c.dial, MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := repdesk.New("http://desk.example.com", in.token, repdesk.WithHTTPClient(&http.Client{Transport: transport}))
	ok(t, err)
	in.ClientWithResponses = client
	return in
}

// dial connects to one of the servers that take connections.
func (c *crash) dial(ctx context.Context, network, _ string) (conn net.Conn, err error) {
	for _, i := range rand.Perm(len(c.addresses)) {
		if conn, err = new(net.Dialer).DialContext(ctx, network, c.addresses[i]); err == nil {
			break
		}
	}
	return conn, err
}

// freeAddress is one that a server can take each time anew: below the ports that systems give to whoever connects, one of which
// could be taken while the server is down.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		address := fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(10_000))
		if listener, err := net.Listen("tcp", address); err == nil {
			ok(t, listener.Close())
			return address
		}
	}
}

// play lets them work, and ends one server after the other meanwhile.
func (c *crash) play(t *testing.T, gently bool) {
	kills := crashes
	if more, err := strconv.Atoi(os.Getenv("REPDESK_CRASHES")); err == nil {
		kills = more
	}
	load, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for _, owner := range c.owners {
		watching := make(chan struct{})
		go owner.watch(t.Context(), sync.OnceFunc(func() { close(watching) }))
		<-watching
	}
	for _, owner := range c.owners {
		working.Go(func() {
			for load.Err() == nil {
				owner.work(t, t.Context())
			}
		})
	}
	for i := range kills {
		<-time.After(time.Duration(200+rand.IntN(1000)) * time.Millisecond) // any moment
		k := i % len(c.servers)
		if gently {
			_, err := c.servers[k].stop()
			ok(t, err)
		} else {
			c.servers[k].kill()
		}
		c.servers[k] = c.start(c.addresses[k])
	}
	stop()
	working.Wait()
}

// insist asks until there is an answer, with the same key, so that whatever was done before the server died counts once.
func insist(ctx context.Context, ask func(repdesk.RequestEditorFn) error) error {
	key := repdesk.IdempotencyKey(uuid.NewString())
	for {
		err := ask(key)
		if p, refused := repdesk.AsProblem(err); err == nil || ctx.Err() != nil || refused && p.Status < 500 {
			return err
		}
	}
}

// work is a session with two invitations: one that is accepted and cancelled at the same time, and one that two accept at once.
func (o *crashOwner) work(t *testing.T, ctx context.Context) {
	var session string
	err := insist(ctx, func(key repdesk.RequestEditorFn) error {
		started, err := o.StartSessionWithResponse(ctx, repdesk.StartSessionRequest{PortalID: new("@main"), Customer: repdesk.Customer{Name: "Jo Doe"}}, key)
		if err == nil {
			session = started.JSON201.Session.ID
		}
		return err
	})
	if err == nil {
		err = insist(ctx, func(key repdesk.RequestEditorFn) error {
			_, err := o.AcceptSessionWithResponse(ctx, session, key)
			return err
		})
	}
	if err != nil {
		t.Errorf("open a session: %v", err)
		return
	}
	o.acceptOrCancel(t, ctx, session)
	o.acceptBoth(t, ctx, session)
	if err := insist(ctx, func(key repdesk.RequestEditorFn) error {
		_, err := o.EndSessionWithResponse(ctx, session, repdesk.EndSessionRequest{}, key)
		return err
	}); err != nil {
		t.Errorf("end the session: %v", err)
	}
}

// invites makes an invitation, and notes it once that is answered. nil: it was one too many in this minute.
func (o *crashOwner) invites(t *testing.T, ctx context.Context, session string, whom repdesk.InviteRequest) (made *answered) {
	err := insist(ctx, func(key repdesk.RequestEditorFn) error {
		invited, err := o.InviteWithResponse(ctx, session, whom, key)
		if err == nil {
			made = &answered{id: invited.JSON201.ID}
		}
		return err
	})
	if p, refused := repdesk.AsProblem(err); refused && p.Code == repdesk.ProblemCodeTooManyRequests {
		return nil
	} else if err != nil {
		t.Errorf("invite: %v", err)
		return nil
	}
	o.answered = append(o.answered, made)
	return made
}

func (o *crashOwner) acceptOrCancel(t *testing.T, ctx context.Context, session string) {
	made := o.invites(t, ctx, session, repdesk.InviteRequest{RepID: new(o.colleagues[0].rep)})
	if made == nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { o.accept(t, ctx, o.colleagues[0], made) })
	both.Go(func() {
		err := insist(ctx, func(key repdesk.RequestEditorFn) error {
			_, err := o.CancelInvitationWithResponse(ctx, made.id, key)
			return err
		})
		o.note(t, err, func() { made.cancelled = true })
	})
	both.Wait()
}

func (o *crashOwner) acceptBoth(t *testing.T, ctx context.Context, session string) {
	made := o.invites(t, ctx, session, repdesk.InviteRequest{TeamID: new("@crowd")})
	if made == nil {
		return
	}
	var both sync.WaitGroup
	for _, colleague := range o.colleagues {
		both.Go(func() { o.accept(t, ctx, colleague, made) })
	}
	both.Wait()
}

func (o *crashOwner) accept(t *testing.T, ctx context.Context, who console, made *answered) {
	err := insist(ctx, func(key repdesk.RequestEditorFn) error {
		_, err := who.AcceptInvitationWithResponse(ctx, made.id, key)
		return err
	})
	o.note(t, err, func() { made.winners = append(made.winners, who.rep) })
}

// note takes down what was confirmed. Whoever came too late is told so, and was in the session already who came in otherwise.
func (o *crashOwner) note(t *testing.T, err error, confirmed func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p, refused := repdesk.AsProblem(err)
	switch {
	case err == nil:
		confirmed()
	case !refused || !slices.Contains([]repdesk.ProblemCode{repdesk.ProblemCodeInvitationNotActive, repdesk.ProblemCodeAlreadyInSession}, p.Code):
		t.Errorf("answer an invitation: %v", err)
	}
}

// watch follows the owner's events for as long as the test runs, and says when it has begun.
func (o *crashOwner) watch(ctx context.Context, begun func()) {
	stream := repdesk.EventStream{Desk: o.ClientWithResponses, Types: invitationEvents, Snapshot: func(*repdesk.Snapshot) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.snapshots++
		begun()
		return nil
	}}
	for event, err := range stream.Events(ctx) {
		if err != nil {
			return
		}
		o.mu.Lock()
		o.streamed = append(o.streamed, *event.ID)
		o.mu.Unlock()
	}
}

var invitationEvents = []repdesk.EventType{repdesk.EventTypeInvitationCreated, repdesk.EventTypeInvitationEnded}
