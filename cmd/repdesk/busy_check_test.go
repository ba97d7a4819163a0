package main

import (
	"slices"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/store/storetest"
)

// check looks at everything when all is over. Each push came once if nothing died that was sending it, else at least once.
func (b *busyDesk) check(t *testing.T, once bool) {
	t.Helper()
	b.checkSessions(t)
	b.checkInvitations(t)
	b.checkDeliveries(t, once)
	b.checkStreams(t)
	storetest.Sound(t, b.database)
}

// checkSessions: each session whose end was answered has ended.
func (b *busyDesk) checkSessions(t *testing.T) {
	sessions := 0
	for _, o := range b.owners {
		ended := map[string]bool{}
		query := repdesk.ListSessionsParams{State: new(repdesk.SessionStateEnded), Mine: new(repdesk.SessionPartOwner), Limit: new(int32(200))}
		for more := true; more; more = query.Cursor != nil {
			page, err := o.ListSessionsWithResponse(t.Context(), &query)
			ok(t, err)
			for _, session := range page.JSON200.Items {
				ended[session.ID] = true
			}
			query.Cursor = page.JSON200.Next
		}
		for _, id := range o.ended {
			sessions++
			if !ended[id] {
				t.Errorf("%s was confirmed as ended, and is not", id)
			}
		}
	}
	t.Logf("%d sessions", sessions)
}

// checkInvitations: what was answered holds, and of each invitation one thing alone was.
func (b *busyDesk) checkInvitations(t *testing.T) {
	made := 0
	for _, o := range b.owners {
		for _, a := range o.answered {
			made++
			a.check(t, o.invitation(a.id))
		}
	}
	if made < 2*desks {
		t.Errorf("only %d invitations were made", made)
	}
	t.Logf("%d invitations", made)
}

func (a *answered) check(t *testing.T, now repdesk.Invitation) {
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

// checkDeliveries: whatever was to be sent is sent or over, and FCM has got what is said to be sent: once, where no server was killed while it sent.
func (b *busyDesk) checkDeliveries(t *testing.T, once bool) {
	var deliveries []repdesk.Delivery
	for deadline := time.Now().Add(lease + patience); ; <-time.After(100 * time.Millisecond) {
		deliveries = b.deliveries(t)
		if !slices.ContainsFunc(deliveries, isOnItsWay) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("some deliveries are never sent")
		}
	}
	got := map[string]int{}
	for _, push := range b.fcm.Pushes() {
		got[push.Data["delivery_id"]]++
	}
	sent := 0
	for _, d := range deliveries {
		if d.State == repdesk.DeliveryStateSent {
			sent++
			if n := got[d.ID]; n == 0 || n > 1 && once {
				t.Errorf("%s is said to be sent, and FCM got it %d times", d.ID, n)
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

func (b *busyDesk) deliveries(t *testing.T) (all []repdesk.Delivery) {
	t.Helper()
	for _, o := range b.owners {
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
func (b *busyDesk) checkStreams(t *testing.T) {
	for _, o := range b.owners {
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
func (o *busyOwner) caughtUp(logged []int64) []int64 {
	for deadline := time.Now().Add(3 * patience); ; <-time.After(10 * time.Millisecond) {
		o.mu.Lock()
		streamed := slices.Clone(o.streamed)
		o.mu.Unlock()
		if len(streamed) >= len(logged) || time.Now().After(deadline) {
			return streamed
		}
	}
}

// log is all of the owner's event log about invitations.
func (o *busyOwner) log(t *testing.T) (events []repdesk.Event) {
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
