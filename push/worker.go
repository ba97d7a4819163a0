package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	// lease is how long a claimed delivery is ours. It outlasts the longest attempt (30 s to connect by SMTP, 30 s to
	// send, 10 s to record), or another worker would send it a second time.
	lease = 2 * time.Minute
	// stopGrace is what sends get to finish when the program stops: FCM answers in about 0.1 s, mail servers in 1 s.
	stopGrace = 3 * time.Second
	// recordTimeout bounds the recording of one outcome, repetitions included.
	recordTimeout = 10 * time.Second
	// storePause is the wait after the store failed.
	storePause = 500 * time.Millisecond
	// longestNap bounds the wait for something to do: another node may have written what no signal here tells of.
	longestNap = 15 * time.Second
	// shortestNap keeps a worker that found nothing from asking again at once, should the store think of a delivery
	// as due that it does not hand out.
	shortestNap = 10 * time.Millisecond
)

// Config is what a Worker needs.
type Config struct {
	Store   *store.Store
	Senders map[desk.Channel]Sender // a channel without one is left alone
	Workers int                     // sends at a time, for each channel; 0: 16 by FCM, 4 by email
	Grace   time.Duration           // what running sends get to finish after a stop; 0: 3 s
	Logger  *slog.Logger            // nil: slog.Default()
	Now     func() time.Time        // nil: time.Now
	Jitter  func() float64          // in [0, 1); nil: random
	Metrics prometheus.Registerer   // where what the worker counts is registered; nil: nowhere
}

// Worker sends what the outbox holds, each delivery at least once: a crash between sending and recording sends it
// again when the lease has passed.
type Worker struct {
	cfg     Config
	metrics *metrics
	mu      sync.Mutex
	alarms  map[desk.Channel]string
}

// NewWorker makes a worker; Run starts it.
func NewWorker(cfg Config) *Worker {
	cfg.Grace = cmp.Or(cfg.Grace, stopGrace)
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	cfg.Now = clock(cfg.Now)
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	return &Worker{cfg: cfg, metrics: newMetrics(cfg.Metrics, cfg.Senders), alarms: map[desk.Channel]string{}}
}

// Run sends until ctx ends. Then it claims nothing more, lets running sends finish for the grace, gives the rest back to
// the store, and returns when nothing of it runs any more.
func (w *Worker) Run(ctx context.Context) error {
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	var lanes sync.WaitGroup
	for channel, sender := range w.cfg.Senders {
		lanes.Go(func() { w.newLane(channel, sender).run(ctx, sending) })
	}
	finished := make(chan struct{})
	go func() { lanes.Wait(); close(finished) }()
	<-ctx.Done()
	select {
	case <-finished:
	case <-time.After(w.cfg.Grace):
		stopSending()
		<-finished
	}
	return nil
}

// Alarm says what an operator must set right before messages go out again; empty: nothing. It is raised by the first
// send that our own configuration spoils, and cleared by the next that succeeds on the same channel.
func (w *Worker) Alarm() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, channel := range slices.Sorted(maps.Keys(w.alarms)) {
		all = append(all, w.alarms[channel])
	}
	return strings.Join(all, "; ")
}

func (w *Worker) setAlarm(ctx context.Context, channel desk.Channel, kind desk.OutcomeKind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, raised := w.alarms[channel]
	switch {
	case kind == desk.OutcomeMisconfigured && !raised:
		w.alarms[channel] = fmt.Sprintf("%s refuses our credentials or settings; nothing can be sent by it", channel)
		w.metrics.setMisconfigured(channel, 1)
		w.cfg.Logger.ErrorContext(ctx, "channel is misconfigured", "channel", channel)
	case kind == desk.OutcomeDone && raised:
		delete(w.alarms, channel)
		w.metrics.setMisconfigured(channel, 0)
		w.cfg.Logger.InfoContext(ctx, "channel works again", "channel", channel)
	}
}

// send makes one attempt and records what became of it.
func (w *Worker) send(ctx context.Context, sender Sender, job desk.Job) {
	outcome := w.attempt(ctx, sender, job)
	if ctx.Err() != nil && outcome.Kind == desk.OutcomeTryAgain {
		w.release(ctx, job, true) // cut off by our stop: that is no failed attempt
		return
	}
	w.setAlarm(ctx, job.Channel, outcome.Kind)
	w.record(ctx, "record delivery", job, func(ctx context.Context) error {
		return w.cfg.Store.FinishDelivery(ctx, job, outcome, w.cfg.Jitter())
	})
}

// attempt keeps a message that makes its sender panic from taking the server down again and again.
func (w *Worker) attempt(ctx context.Context, sender Sender, job desk.Job) (outcome desk.Outcome) {
	defer w.metrics.timeAttempt(job.Channel, time.Now())
	defer func() {
		if fault := recover(); fault != nil {
			w.cfg.Logger.ErrorContext(ctx, "sender panicked", "delivery", job.ID, "fault", fault)
			outcome = rejected
		}
	}()
	return sender.Send(ctx, job)
}

func (w *Worker) release(ctx context.Context, job desk.Job, tried bool) {
	w.record(ctx, "release delivery", job, func(ctx context.Context) error { return w.cfg.Store.ReleaseDelivery(ctx, job, tried) })
}

// record writes to the store even when ctx has ended, for what is sent is sent, and again while the store is not
// available. When it cannot be written at all, the lease runs out and the delivery is sent a second time.
func (w *Worker) record(ctx context.Context, what string, job desk.Job, write func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	for {
		err := write(ctx)
		if err == nil {
			return
		}
		if !unavailable(err) || !nap(ctx, storePause) {
			w.cfg.Logger.ErrorContext(ctx, what, "delivery", job.ID, "error", err)
			return
		}
	}
}

func unavailable(err error) bool {
	var p *desk.Problem
	return errors.As(err, &p) && (p.Code == desk.Unavailable || p.Code == desk.StorageFull)
}

// nap waits, and says whether it slept to the end.
func nap(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
