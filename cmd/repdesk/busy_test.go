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
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/push/pushtest"
)

const (
	// desks is how many owners work at the same time, each with two reps of the crowd whom they invite.
	desks = 6
	// lease is how long what a dead server was sending stays claimed on PostgreSQL, where another may be alive (package push).
	lease = 2 * time.Minute
)

// often is how often a test does what goes wrong: REPDESK_FAULTS says how many times as often as an ordinary test run.
func often(n int) int {
	if factor, err := strconv.Atoi(os.Getenv("REPDESK_FAULTS")); err == nil {
		n *= factor
	}
	return n
}

// busyDesk is a desk where much is done while something goes wrong, on one server or on several with one database.
type busyDesk struct {
	database  string
	start     func(address string) *process
	addresses []string
	servers   []*process // one at each address
	fcm       *pushtest.FCM
	owners    []*busyOwner
	answers   answers
	idle      idleConnections
}

// busyOwner is a rep with two colleagues, and what became of their sessions and invitations.
type busyOwner struct {
	console
	colleagues [2]console
	ended      []string // ids of the sessions whose end was answered
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

// won notes to whom acceptance was confirmed: to the winner each time that they ask (B15).
func (a *answered) won(rep string) {
	if !slices.Contains(a.winners, rep) {
		a.winners = append(a.winners, rep)
	}
}

func newBusyDesk(t *testing.T, database string, servers int) *busyDesk {
	b := &busyDesk{database: database, fcm: pushtest.NewFCM(t), answers: answers{t: t}}
	b.start = func(address string) *process {
		return start(t, database, "--listen", address, "--fcm-project", "desk", "--fcm-endpoint", b.fcm.URL, "--invites-a-minute=-1")
	}
	for range servers {
		address := freeAddress(t)
		b.addresses = append(b.addresses, address)
		b.servers = append(b.servers, b.start(address))
	}
	for i := range desks {
		owner := &busyOwner{console: b.logIn(t, fmt.Sprint("c", i), browser)}
		for k := range owner.colleagues {
			name := fmt.Sprint("c", desks+2*i+k)
			owner.colleagues[k] = b.logIn(t, name, phone("phone-of-"+name))
		}
		watching := make(chan struct{})
		go owner.watch(t.Context(), sync.OnceFunc(func() { close(watching) }))
		<-watching
		b.owners = append(b.owners, owner)
	}
	return b
}

// logIn is a console that asks whichever server takes its connection, as behind a balancer.
func (b *busyDesk) logIn(t *testing.T, username string, device repdesk.Device) console {
	t.Helper()
	in := b.servers[0].logIn(username, device)
	transport := &http.Transport{DialContext: b.dial, MaxIdleConnsPerHost: 8}
	b.idle = append(b.idle, transport)
	t.Cleanup(transport.CloseIdleConnections)
	client, err := repdesk.New("http://desk.example.com", in.token, repdesk.WithHTTPClient(&http.Client{Transport: b.answers.of(transport)}))
	ok(t, err)
	in.ClientWithResponses = client
	return in
}

// dial connects to one of the servers that take connections.
func (b *busyDesk) dial(ctx context.Context, network, _ string) (conn net.Conn, err error) {
	for _, i := range rand.Perm(len(b.addresses)) {
		if conn, err = new(net.Dialer).DialContext(ctx, network, b.addresses[i]); err == nil {
			break
		}
	}
	return conn, err
}

// idleConnections are those that clients keep for their next request.
type idleConnections []*http.Transport

func (i idleConnections) CloseIdleConnections() {
	for _, transport := range i {
		transport.CloseIdleConnections()
	}
}

// answers are all that clients got: of faults none may be told otherwise than as a 503 that says when to come again.
type answers struct {
	t       *testing.T
	total   atomic.Int64
	refused atomic.Int64 // by a 503
}

type answersOf struct {
	*answers
	http.RoundTripper
}

func (a *answers) of(transport http.RoundTripper) http.RoundTripper { return answersOf{a, transport} }

func (a answersOf) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := a.RoundTripper.RoundTrip(r)
	if err != nil {
		return answer, err
	}
	a.total.Add(1)
	if answer.StatusCode == http.StatusServiceUnavailable {
		a.refused.Add(1)
	}
	if answer.StatusCode >= 500 && (answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "") {
		a.t.Errorf("%s %s: %s, Retry-After %q", r.Method, r.URL.Path, answer.Status, answer.Header.Get("Retry-After"))
	}
	return answer, nil
}

// during has the owners work while something goes wrong, until it is over.
func (b *busyDesk) during(t *testing.T, trouble func()) {
	t.Helper()
	asking, giveUp := context.WithCancel(t.Context())
	load, stop := context.WithCancel(asking)
	var working sync.WaitGroup
	defer working.Wait()
	defer giveUp()
	for _, owner := range b.owners {
		working.Go(func() {
			for load.Err() == nil {
				owner.work(t, asking)
			}
		})
	}
	trouble()
	stop()
	working.Wait()
}

// await waits until something is so.
func await(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %s it is still not so that %s", patience, what)
		}
	}
}

// awaitAnswers waits until so many more requests were answered, and none of them refused for a fault.
func (b *busyDesk) awaitAnswers(t *testing.T, n int64) {
	t.Helper()
	last, refused := b.answers.total.Load(), b.answers.refused.Load()
	await(t, "the desk answers all that ask", func() bool {
		if now := b.answers.refused.Load(); now != refused {
			last, refused = b.answers.total.Load(), now
		}
		return b.answers.total.Load()-last >= n
	})
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
func (o *busyOwner) work(t *testing.T, ctx context.Context) {
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
		return
	}
	o.ended = append(o.ended, session)
}

// invites makes an invitation, and notes it once that is answered. nil: it was refused, which is an error.
func (o *busyOwner) invites(t *testing.T, ctx context.Context, session string, whom repdesk.InviteRequest) (made *answered) {
	err := insist(ctx, func(key repdesk.RequestEditorFn) error {
		invited, err := o.InviteWithResponse(ctx, session, whom, key)
		if err == nil {
			made = &answered{id: invited.JSON201.ID}
		}
		return err
	})
	if err != nil {
		t.Errorf("invite: %v", err)
		return nil
	}
	o.answered = append(o.answered, made)
	return made
}

func (o *busyOwner) acceptOrCancel(t *testing.T, ctx context.Context, session string) {
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

func (o *busyOwner) acceptBoth(t *testing.T, ctx context.Context, session string) {
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

func (o *busyOwner) accept(t *testing.T, ctx context.Context, who console, made *answered) {
	err := insist(ctx, func(key repdesk.RequestEditorFn) error {
		_, err := who.AcceptInvitationWithResponse(ctx, made.id, key)
		return err
	})
	o.note(t, err, func() { made.won(who.rep) })
}

// note takes down what was confirmed. Whoever came too late is told so, and was in the session already who came in otherwise.
func (o *busyOwner) note(t *testing.T, err error, confirmed func()) {
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
func (o *busyOwner) watch(ctx context.Context, begun func()) {
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
