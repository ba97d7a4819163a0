package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	// fcmTakes is how long FCM takes for a push here, and workers how many of them the server sends at a time: so many a second
	// there could be.
	fcmTakes = 30 * time.Millisecond
	workers  = 16
	// devicesOfRep are those that an invitation is pushed to, each.
	devicesOfRep = 100
)

// pushes measures how many pushes go out a second while FCM takes 30 ms for each.
func (b *bench) pushes(ctx context.Context) error {
	possible := workers / fcmTakes.Seconds()
	want := max(2*workers, int64(possible*b.Lasts.Seconds()))
	b.tell("pushes: %d, of which FCM takes each in %s", want, fcmTakes)
	database, err := b.beside(ctx, "pushes")
	if err != nil {
		return err
	}
	if err := b.fillOutbox(ctx, database, int(want)); err != nil {
		return err
	}
	fcm, err := newFCM(fcmTakes)
	if err != nil {
		return err
	}
	defer fcm.close()
	var took atomic.Int64
	first, last := make(chan time.Time, 1), make(chan time.Time, 1)
	fcm.tell(func(string) {
		switch took.Add(1) {
		case 1:
			first <- time.Now()
		case want:
			last <- time.Now()
		}
	})
	s, err := b.serve(ctx, database, fcm)
	if err != nil {
		return err
	}
	defer s.stop()
	select {
	case at := <-last:
		rate := float64(want-workers) / at.Sub(<-first).Seconds() // the last round has only begun
		b.row(Row{Name: "pushes, at 30 ms each", Value: rate, Unit: "/s"}, Row{Name: "pushes beside what there could be", Value: rate / possible, Unit: "×"})
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d of %d pushes came: %w", took.Load(), want, ctx.Err())
	}
}

// fillOutbox makes a desk in which so many pushes wait, a hundred of each invitation.
func (b *bench) fillOutbox(ctx context.Context, database string, n int) error {
	invited := (n + devicesOfRep - 1) / devicesOfRep
	people, err := b.prepare(ctx, database, plan{reps: max(leastTeam, invited+1), teams: 1, owners: 1, sessions: (invited + seats - 1) / seats}, nil)
	if err != nil {
		return err
	}
	s, err := open(ctx, database)
	if err != nil {
		return err
	}
	defer s.Close()
	err = atTheSameTime(ctx, invited*devicesOfRep, func(ctx context.Context, i int) error {
		platform, target := "android", fmt.Sprint("phone-", i)
		_, err := s.LogIn(ctx, store.LogIn{Username: fmt.Sprint("r", 1+i/devicesOfRep), Password: password, Device: desk.Device{Platform: &platform, PushTarget: &target}})
		return err
	})
	if err != nil {
		return err
	}
	o := people.owners[0]
	caller, err := s.Authenticate(ctx, o.token)
	for i := 0; i < invited && err == nil; i++ {
		_, err = s.Invite(ctx, caller, o.sessions[i/seats], store.NewInvitation{RepID: fmt.Sprint("@r", 1+i), Comment: comment})
	}
	return err
}
