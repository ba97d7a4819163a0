package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// B20: no owner makes more invitations a minute than they may, in however many sessions at the same instant.
func TestB20InSeveralSessionsAtOnce(t *testing.T) {
	const most = 3
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ana := d.LogIn("ana")
		d.LogIn("dev")
		var sessions []desk.Session
		for range 12 {
			sessions = append(sessions, d.OpenSession(ana, "@main"))
		}
		var ready, done sync.WaitGroup
		begin, made := make(chan struct{}), make(chan error, len(sessions))
		ready.Add(len(sessions))
		for _, session := range sessions {
			done.Go(func() {
				ready.Done()
				<-begin
				made <- try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{TeamID: "@network"}))
			})
		}
		ready.Wait()
		close(begin)
		done.Wait()
		close(made)
		n := 0
		for err := range made {
			var p *desk.Problem
			switch {
			case err == nil:
				n++
			case !errors.As(err, &p) || p.Code != desk.TooManyRequests:
				t.Error(err)
			}
		}
		if n != most {
			t.Errorf("%d invitations were made, want %d", n, most)
		}
	}, func(cfg *store.Config) { cfg.InvitesAMinute = most })
}

// B10: an invitation that asks for no access has that of the ceiling when it is made, even if the database undid a first
// attempt under another ceiling.
func TestB10CeilingAfterAnUndoneAttempt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		undoing := store.UndoNext(d.Store, func() { importYAML(t, d, "portals: [{slug: main, name: Main, invite_ceiling: view}]") })
		inv, err := undoing.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: "@ben"})
		if err != nil || inv.Access != desk.View {
			t.Errorf("the access is %s, %v", inv.Access, err)
		}
	})
}
