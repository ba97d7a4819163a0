package push

import (
	"cmp"
	"context"
	"math"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// lane claims and sends the deliveries of one channel, so that a slow mail server holds up no push.
type lane struct {
	*Worker
	channel desk.Channel
	sender  Sender
	free    chan struct{} // a token for each send that may start
	sends   sync.WaitGroup
	looked  int64 // at the clock, in ms
}

func (w *Worker) newLane(channel desk.Channel, sender Sender) *lane {
	workers := max(cmp.Or(w.cfg.Workers, defaultWorkers[channel]), 1)
	l := &lane{Worker: w, channel: channel, sender: sender, free: make(chan struct{}, workers), looked: math.MaxInt64}
	for range workers {
		l.free <- struct{}{}
	}
	return l
}

// run claims until ctx ends, and returns when the last send has. Sends live by the context sending.
func (l *lane) run(ctx, sending context.Context) {
	defer l.sends.Wait()
	for {
		n := l.takeFree(ctx)
		if n == 0 {
			return
		}
		l.lookAtClock(ctx)
		jobs, err := l.cfg.Store.ClaimDeliveries(ctx, l.channel, n, lease)
		if err != nil && ctx.Err() == nil {
			l.cfg.Logger.ErrorContext(ctx, "claim deliveries", "channel", l.channel, "error", err)
		}
		l.giveBack(n - len(jobs))
		for _, job := range jobs {
			l.start(ctx, sending, job)
		}
		if len(jobs) == n {
			continue // there may be more
		}
		if !l.wait(ctx, err) {
			return
		}
	}
}

// lookAtClock has the store mend its times where the clock was set back, which may have been before the start too. A
// second or less makes nothing late that matters.
func (l *lane) lookAtClock(ctx context.Context) {
	now := l.cfg.Now().UnixMilli()
	if now < l.looked-1000 {
		if err := l.cfg.Store.ClockSetBack(ctx, l.channel); err != nil {
			if ctx.Err() == nil {
				l.cfg.Logger.ErrorContext(ctx, "mend times after the clock was set back", "channel", l.channel, "error", err)
			}
			return // and try again
		}
	}
	l.looked = now
}

// takeFree waits until a send may start and takes all tokens there are; none when ctx has ended. What is claimed is
// held, so no more is claimed than can be sent at once.
func (l *lane) takeFree(ctx context.Context) (n int) {
	select {
	case <-ctx.Done():
		return 0
	case <-l.free:
		n = 1
	}
	for {
		select {
		case <-l.free:
			n++
		default:
			return n
		}
	}
}

func (l *lane) giveBack(n int) {
	for range n {
		l.free <- struct{}{}
	}
}

// start sends a claimed job in the background, or gives it back if the stop came while it was being claimed.
func (l *lane) start(ctx, sending context.Context, job desk.Job) {
	l.sends.Go(func() {
		defer l.giveBack(1)
		if ctx.Err() != nil {
			l.release(sending, job, false)
			return
		}
		l.send(sending, l.sender, job)
	})
}

// wait sleeps until something may be due: the store says so, as it does too when a failed send is put back, or a pause
// ends. It says whether to go on.
func (l *lane) wait(ctx context.Context, claimed error) bool {
	if claimed != nil {
		return nap(ctx, storePause)
	}
	t := time.NewTimer(l.untilDue(ctx))
	defer t.Stop()
	select {
	case <-l.cfg.Store.DeliveriesReady(l.channel):
	case <-t.C:
	case <-ctx.Done():
		return false
	}
	return true
}

func (l *lane) untilDue(ctx context.Context) time.Duration {
	due, ok, err := l.cfg.Store.NextDeliveryDue(ctx, l.channel)
	if err != nil || !ok {
		return longestNap
	}
	return min(max(due.Sub(l.cfg.Now()), shortestNap), longestNap)
}
