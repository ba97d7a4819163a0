package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// toldInvitations are made one after the other; toldWithin bounds how long one may take to be told everywhere.
	toldInvitations = 500
	toldWithin      = 10 * time.Second
)

// told measures how long after an invitation's answer it is at FCM, and at an open stream of the invited; each beside an
// empty request of one client. What came before the answer came after no time.
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
		}{{"invitation at an open stream", t.atStream}, {"invitation at FCM", t.atFCM}} {
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
	streams                *streams
	pushed                 chan time.Time
	empty, atFCM, atStream figures
}

func (x *deskLoad) newTelling(ctx context.Context) (*telling, error) {
	o := x.people.owners[0]
	t := &telling{deskLoad: x, invitation: invitation{session: o.sessions[0], rep: o.pushed[0], owner: o.rep}, streams: newStreams(x.url, string(desk.EventInvitationCreated), 1), pushed: make(chan time.Time, 1)}
	x.fcm.tell(func(kind string) {
		if kind == string(desk.PushInvitation) {
			t.pushed <- time.Now()
		}
	})
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
	}{{t.streams.told, &t.atStream}, {t.pushed, &t.atFCM}} {
		select {
		case at := <-way.came:
			way.f.took = append(way.f.took, max(at.Sub(answered), 0))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(toldWithin):
			return fmt.Errorf("an invitation was not told within %s", toldWithin)
		}
	}
	return t.do(ctx, t.cancel())
}
