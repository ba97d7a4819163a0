package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// toldInvitations are made one after the other; toldWithin bounds how long one may take to be told everywhere.
	toldInvitations = 500
	toldWithin      = 10 * time.Second
)

// told measures how long after an invitation's answer it is at an open stream of the invited, at FCM, and in the mailbox, since
// they are in extended availability; each beside an empty request of one client. What came before the answer came after no time.
func (b *bench) told(ctx context.Context) error {
	b.tell("told: invitations, one after the other")
	return b.onDesk(ctx, func(ctx context.Context, x *deskLoad) error {
		t, err := x.newTelling(ctx)
		if err != nil {
			return err
		}
		defer t.streams.close()
		for end := time.Now().Add(b.Lasts); len(t.empty.took) < toldInvitations && time.Now().Before(end) || len(t.empty.took) == 0; {
			if err := t.invite(ctx); err != nil {
				return err
			}
		}
		unit := t.empty.percentile(50)
		for _, way := range []struct {
			name string
			f    figures
		}{{"invitation at an open stream", t.atStream}, {"invitation at FCM", t.atFCM}, {"invitation in a mailbox", t.inMailbox}} {
			for _, p := range []int{50, 99} {
				took := way.f.percentile(p)
				b.row(Row{Name: fmt.Sprintf("%s, p%d", way.name, p), Clients: 1, Value: milliseconds(took), Unit: "ms after the answer", Ratio: float64(took) / float64(unit)})
			}
		}
		return nil
	})
}

// telling is an owner who invites somebody with a device and an open stream, again and again.
type telling struct {
	*deskLoad
	invitation
	streams                           *streams
	pushed, mailed                    chan time.Time
	empty, atStream, atFCM, inMailbox figures
}

func (x *deskLoad) newTelling(ctx context.Context) (*telling, error) {
	o := x.people.owners[0]
	t := &telling{deskLoad: x, invitation: invitation{session: o.sessions[0], rep: o.pushed[0], owner: o.rep}, streams: newStreams(x.url, string(desk.EventInvitationCreated), 1), pushed: make(chan time.Time, 1), mailed: make(chan time.Time, 1)}
	x.fcm.tell(func(kind string) {
		if kind == string(desk.PushInvitation) {
			t.pushed <- time.Now()
		}
	})
	x.b.mailbox.tell(func(followUp bool) {
		if !followUp {
			t.mailed <- time.Now()
		}
	})
	if err := x.do(ctx, call{method: http.MethodPatch, path: "/v1/me", token: t.rep.token, body: `{"extended_availability": true}`, status: http.StatusOK}); err != nil {
		return nil, err
	}
	if err := came(ctx, t.mailed, func(time.Time) {}); err != nil { // it confirms that
		return nil, err
	}
	return t, t.streams.open(ctx, []string{t.rep.token})
}

// invite invites, and cancels when it has been told everywhere.
func (t *telling) invite(ctx context.Context) error {
	begun := time.Now()
	if err := t.do(ctx, get("/healthz", "")); err != nil {
		return err
	}
	t.empty.took = append(t.empty.took, time.Since(begun))
	if err := t.do(ctx, t.invitation.make()); err != nil {
		return err
	}
	answered := time.Now()
	for _, way := range []struct {
		came <-chan time.Time
		f    *figures
	}{{t.streams.told, &t.atStream}, {t.pushed, &t.atFCM}, {t.mailed, &t.inMailbox}} {
		if err := came(ctx, way.came, func(at time.Time) { way.f.took = append(way.f.took, max(at.Sub(answered), 0)) }); err != nil {
			return err
		}
	}
	return t.do(ctx, t.cancel())
}

// came waits until something has been told.
func came(ctx context.Context, told <-chan time.Time, note func(at time.Time)) error {
	select {
	case at := <-told:
		note(at)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(toldWithin):
		return fmt.Errorf("nothing was told within %s", toldWithin)
	}
}
