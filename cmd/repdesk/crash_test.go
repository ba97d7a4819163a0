package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
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

// TestCrashes kills the server again and again, at any moment, while reps invite, accept and cancel. What was answered is
// there afterwards; no invitation has two winners; who was to be told was told; and streams that were cut have seen everything,
// once (B16, G7, H2).
func TestCrashes(t *testing.T) {
	for engine, fresh := range map[string]func(*testing.T) string{"SQLite": database, "PostgreSQL": func(t *testing.T) string { return storetest.Postgres(t) }} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := newCrash(t, fresh(t))
			c.play(t)
			c.checkInvitations(t)
			c.checkDeliveries(t)
			c.checkStreams(t)
		})
	}
}

// crash is a desk whose server dies.
type crash struct {
	start  func() *process
	server *process
	fcm    *pushtest.FCM
	owners []*crashOwner
	ctx    context.Context // of all that is asked
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

func newCrash(t *testing.T, database string) *crash {
	c := &crash{fcm: pushtest.NewFCM(t), ctx: t.Context()}
	address := freeAddress(t)
	c.start = func() *process {
		return start(t, database, "--listen", address, "--fcm-project", "desk", "--fcm-endpoint", c.fcm.URL)
	}
	c.server = c.start()
	for i := range desks {
		owner := &crashOwner{console: c.server.logIn(fmt.Sprint("c", i), browser)}
		for k := range owner.colleagues {
			name := fmt.Sprint("c", desks+2*i+k)
			owner.colleagues[k] = c.server.logIn(name, phone("phone-of-"+name))
		}
		c.owners = append(c.owners, owner)
	}
	return c
}

// freeAddress is one that the server can take each time anew.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// play lets them work, and kills the server meanwhile.
func (c *crash) play(t *testing.T) {
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
				owner.work(t, c.ctx)
			}
		})
	}
	for range kills {
		<-time.After(time.Duration(200+rand.IntN(1000)) * time.Millisecond) // any moment
		c.server.kill()
		c.server = c.start()
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
	for _, race := range []func(*testing.T, context.Context, string){o.acceptOrCancel, o.acceptBoth} {
		race(t, ctx, session)
	}
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

// checkInvitations: what was answered holds, and of each invitation one thing alone was.
func (c *crash) checkInvitations(t *testing.T) {
	made := 0
	for _, o := range c.owners {
		for _, a := range o.answered {
			made++
			now := o.invitation(a.id)
			won := now.State == repdesk.InvitationStateAccepted
			switch {
			case len(a.winners) > 1 || len(a.winners) == 1 && a.cancelled:
				t.Errorf("%s was confirmed to %v, and as cancelled: %v", a.id, a.winners, a.cancelled)
			case len(a.winners) == 1 && (!won || now.AcceptedBy.ID != a.winners[0]):
				t.Errorf("%s was confirmed to %s and is %s by %v", a.id, a.winners[0], now.State, now.AcceptedBy)
			case a.cancelled && now.State != repdesk.InvitationStateCancelled:
				t.Errorf("%s was confirmed as cancelled and is %s", a.id, now.State)
			}
		}
	}
	if made < 2*desks {
		t.Errorf("only %d invitations were made", made)
	}
	t.Logf("%d invitations", made)
}

// checkDeliveries: whatever was to be sent is sent or over, and FCM has got what is said to be sent.
func (c *crash) checkDeliveries(t *testing.T) {
	var deliveries []repdesk.Delivery
	for deadline := time.Now().Add(lease + patience); ; <-time.After(100 * time.Millisecond) {
		deliveries = c.deliveries(t)
		if !slices.ContainsFunc(deliveries, isOnItsWay) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("some deliveries are never sent")
		}
	}
	got := map[string]bool{}
	for _, push := range c.fcm.Pushes() {
		got[push.Data["delivery_id"]] = true
	}
	sent := 0
	for _, d := range deliveries {
		if d.State == repdesk.DeliveryStateSent {
			if sent++; !got[d.ID] {
				t.Errorf("%s is said to be sent, and FCM never got it", d.ID)
			}
		}
	}
	if sent < desks {
		t.Errorf("only %d were sent", sent)
	}
	t.Logf("%d deliveries, %d sent", len(deliveries), sent)
}

func isOnItsWay(d repdesk.Delivery) bool {
	return d.State == repdesk.DeliveryStateWaiting || d.State == repdesk.DeliveryStateSending
}

func (c *crash) deliveries(t *testing.T) (all []repdesk.Delivery) {
	t.Helper()
	for _, o := range c.owners {
		for _, a := range o.answered {
			page, err := o.ListDeliveriesWithResponse(t.Context(), a.id, &repdesk.ListDeliveriesParams{Limit: new(int32(200))})
			ok(t, err)
			if len(page.JSON200.Items) == 0 {
				t.Errorf("nobody was to be told of %s", a.id)
			}
			all = append(all, page.JSON200.Items...)
		}
	}
	return all
}

// checkStreams: the log tells of each invitation that it came and went, once, and the stream told the same, without loading
// anything anew.
func (c *crash) checkStreams(t *testing.T) {
	for _, o := range c.owners {
		told := map[string]int{}
		var logged []int64
		for _, event := range o.log(t) {
			logged = append(logged, *event.ID)
			told[string(event.Type)+" "+event.Invitation.ID]++
		}
		for _, a := range o.answered {
			for _, kind := range invitationEvents {
				if n := told[string(kind)+" "+a.id]; n != 1 {
					t.Errorf("the log tells %d times of %s of %s", n, kind, a.id)
				}
			}
		}
		if got := o.caughtUp(logged); !slices.Equal(got, logged) {
			t.Errorf("the stream told of %d events, the log of %d: %v, %v", len(got), len(logged), got, logged)
		}
		if o.snapshots != 1 {
			t.Errorf("%d snapshots were loaded", o.snapshots)
		}
	}
}

// caughtUp waits until the stream has come to the log's end.
func (o *crashOwner) caughtUp(logged []int64) []int64 {
	for deadline := time.Now().Add(2 * patience); ; <-time.After(10 * time.Millisecond) {
		o.mu.Lock()
		streamed := slices.Clone(o.streamed)
		o.mu.Unlock()
		if len(streamed) >= len(logged) || time.Now().After(deadline) {
			return streamed
		}
	}
}

// log is all of the owner's event log about invitations.
func (o *crashOwner) log(t *testing.T) (events []repdesk.Event) {
	t.Helper()
	for after := "0"; ; {
		page, err := o.ListEventsWithResponse(t.Context(), &repdesk.ListEventsParams{After: &after, Types: &invitationEvents, Limit: new(int32(200))})
		ok(t, err)
		events, after = append(events, page.JSON200.Items...), page.JSON200.Cursor
		if !page.JSON200.More {
			return events
		}
	}
}
