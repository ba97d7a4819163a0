package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

var (
	tryAgain   = desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"}
	rejected   = desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"}
	targetDead = desk.Outcome{Kind: desk.OutcomeTargetDead, Error: "target_unregistered"}
)

// register gives the caller's console another push target, as an app does whose registration was renewed.
func register(t *testing.T, d *storetest.Desk, c desk.Caller, target string) {
	t.Helper()
	must(d.UpdateConsole(t.Context(), c, "current", store.ConsoleChange{Device: desk.Device{PushTarget: &target}}, nil))
}

// A device that registers anew while FCM says that its old registration is gone keeps the new one, and is told there.
func TestG8ARenewedTargetIsKeptAndTold(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, inv, job := pushed(t, d)
		register(t, d, ben, "ben-1-new")
		finish(t, d, []desk.Job{job}, targetDead)
		if console := must(d.Consoles(t.Context(), ben))[0]; console.PushKind == "" {
			t.Errorf("console %+v", console)
		}
		same(t, "told at once", send(t, d, desk.ChannelFCM), "invitation ben-1-new")
		same(t, "mails", send(t, d, desk.ChannelEmail))
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "withdrawn", send(t, d, desk.ChannelFCM), "withdrawal ben-1-new")
	})
}

func TestG7ARenewedTargetIsNotToldOfWhatIsOver(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, inv, job := pushed(t, d)
		register(t, d, ben, "ben-1-new")
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		finish(t, d, []desk.Job{job}, targetDead)
		same(t, "told", send(t, d, desk.ChannelFCM), "withdrawal ben-1-new")
	})
}

// FCM may take a push and never answer. Whatever the attempts after it come to, the device may show it.
func TestG4WithdrawnWhereAnEarlierAttemptMayHaveCome(t *testing.T) {
	for name, last := range map[string]desk.Outcome{"rejected": rejected, "unregistered": targetDead, "given up": tryAgain} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ana, _, inv, job := pushed(t, d)
				finish(t, d, []desk.Job{job}, tryAgain)
				for delivery(t, d, ana, job).State == desk.DeliveryWaiting {
					clock.Advance(desk.LongestRetry)
					finish(t, d, claim(t, d, desk.ChannelFCM), last)
				}
				must(d.CancelInvitation(t.Context(), ana, inv.ID))
				same(t, "told", targets(claim(t, d, desk.ChannelFCM)), "withdrawal ben-1")
			})
		})
	}
	t.Run("at the first attempt", func(t *testing.T) {
		each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
			ana, _, inv, job := pushed(t, d)
			finish(t, d, []desk.Job{job}, rejected)
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
			same(t, "told", targets(claim(t, d, desk.ChannelFCM)))
		})
	})
}

// A clock that jumps ahead, or a server that was down, gives up nothing that was not tried for the whole window.
func TestG8TimeWithoutTryingGivesNothingUp(t *testing.T) {
	const jump = 3 * time.Hour
	for name, meanwhile := range map[string]func(*testing.T, *storetest.Desk, *storetest.Clock, desk.Job) desk.Job{
		"while it waits": func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, job desk.Job) desk.Job {
			finish(t, d, []desk.Job{job}, tryAgain)
			clock.Advance(jump)
			return claim(t, d, desk.ChannelFCM)[0]
		},
		"while it is being sent": func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, job desk.Job) desk.Job {
			clock.Advance(jump)
			return job
		},
		"while a dead worker holds it": func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, job desk.Job) desk.Job {
			clock.Advance(jump)
			return claim(t, d, desk.ChannelFCM)[0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ana, _, _, job := pushed(t, d)
				job = meanwhile(t, d, clock, job)
				tried := clock.Now()
				for {
					finish(t, d, []desk.Job{job}, tryAgain)
					if got := delivery(t, d, ana, job); got.State != desk.DeliveryWaiting {
						if tried = tried.Add(45 * time.Minute); got.Error != "given_up" || clock.Now().Before(tried) {
							t.Errorf("%s before %s: %+v", clock.Now(), tried, got)
						}
						return
					}
					due, _, err := d.NextDeliveryDue(t.Context(), desk.ChannelFCM)
					ok(t, err)
					if pause := due.Sub(clock.Now()); pause < desk.FirstRetry {
						t.Fatalf("again after %s", pause)
					}
					clock.Advance(due.Sub(clock.Now()))
					job = claim(t, d, desk.ChannelFCM)[0]
				}
			})
		})
	}
}

// A clock that is set back holds nothing up: what waits, and what a worker holds, keeps its distance from now.
func TestG7ClockSetBackHoldsNothingUp(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogInWithPush("ben", "ben-1")
		session := d.OpenSession(ana, "@main")
		inviteRep(t, d, ana, session, "ben")
		pausing := claim(t, d, desk.ChannelFCM)
		finish(t, d, pausing, tryAgain)
		d.LogInWithPush("cho", "cho-1")
		inviteRep(t, d, ana, session, "cho")
		held := claim(t, d, desk.ChannelFCM)
		d.LogInWithPush("eli", "eli-1")
		inviteRep(t, d, ana, session, "eli") // due, and not claimed yet

		clock.Advance(-time.Hour)
		for range 2 { // a second time moves nothing
			ok(t, d.ClockSetBack(t.Context(), desk.ChannelFCM))
		}
		due := claim(t, d, desk.ChannelFCM)
		same(t, "due at once", targets(due), "invitation eli-1")
		finish(t, d, due, done)
		clock.Advance(desk.FirstRetry - 1)
		same(t, "before its pause is over", targets(claim(t, d, desk.ChannelFCM)))
		clock.Advance(1)
		same(t, "after it", send(t, d, desk.ChannelFCM), "invitation ben-1")
		clock.Advance(lease - desk.FirstRetry - 1)
		same(t, "while the lease runs", targets(claim(t, d, desk.ChannelFCM)))
		clock.Advance(1)
		same(t, "after it", targets(claim(t, d, desk.ChannelFCM)), "invitation cho-1")
		finish(t, d, held, done) // the worker was only slow
	})
}

// Ends that come at any moment of the sending, to any number of devices: whatever FCM took or may have taken is withdrawn,
// with a higher revision, from exactly the devices where it may show; the rest hears nothing.
func TestG4WithdrawalFollowsWhateverWasOrMayHaveBeenSent(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		reps := map[string]desk.Caller{}
		for _, name := range []string{"ben", "cho"} {
			for i := range 4 {
				reps[name] = d.LogInWithPush(name, fmt.Sprint(name, "-", i))
			}
		}
		rapid.Check(t, func(r *rapid.T) {
			w := &wire{t: t, d: d, clock: clock, tried: map[string]bool{}, shown: map[string]int64{}, ended: map[string]int64{}}
			inv := inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
			w.sends(r, rapid.IntRange(0, 12).Draw(r, "steps before"))
			switch rapid.SampledFrom([]string{"cancel", "ben accepts", "cho accepts", "ben declines"}).Draw(r, "end") {
			case "ben accepts":
				accept(t, d, reps["ben"], inv)
			case "cho accepts":
				accept(t, d, reps["cho"], inv)
			case "ben declines":
				must(d.DeclineInvitation(t.Context(), reps["ben"], inv.ID))
				w.sends(r, rapid.IntRange(0, 4).Draw(r, "steps between"))
				must(d.CancelInvitation(t.Context(), ana, inv.ID))
			case "cancel":
				must(d.CancelInvitation(t.Context(), ana, inv.ID))
			}
			w.over = true
			w.sends(r, rapid.IntRange(0, 12).Draw(r, "steps after"))
			w.drain()
			for device, rev := range w.shown {
				if w.ended[device] <= rev {
					r.Errorf("%s may show revision %d and was sent the withdrawal %d", device, rev, w.ended[device])
				}
			}
			for device := range w.ended {
				if !w.tried[device] {
					r.Errorf("%s was sent a withdrawal of what nobody tried to send it", device)
				}
			}
			must(d.EndSession(t.Context(), ana, inv.Session.ID, ""))
			w.drain()
		})
	})
}

// wire is a way to devices on which pushes come, or are lost, or come without the sender hearing of it.
type wire struct {
	t     *testing.T
	d     *storetest.Desk
	clock *storetest.Clock
	held  []desk.Job
	over  bool
	tried map[string]bool  // the devices to which a worker took the invitation
	shown map[string]int64 // the revision that a device may show
	ended map[string]int64 // the revision of its last withdrawal
}

// sends takes some steps of workers: they claim, send, record, die, or fail.
func (w *wire) sends(r *rapid.T, steps int) {
	for range steps {
		switch rapid.SampledFrom([]string{"claim", "claim", "sent", "sent", "unanswered", "unavailable", "rejected", "worker dies", "later"}).Draw(r, "step") {
		case "claim":
			w.claim(rapid.IntRange(1, 3).Draw(r, "claimed"))
		case "sent":
			w.finish(done, true)
		case "unanswered": // FCM took it, and the connection broke
			w.finish(tryAgain, true)
		case "unavailable":
			w.finish(tryAgain, false)
		case "rejected":
			w.finish(rejected, false)
		case "worker dies":
			if len(w.held) > 0 {
				w.came(w.held[0])
				w.held = w.held[1:]
			}
		case "later":
			w.clock.Advance(lease)
		}
	}
}

func (w *wire) claim(n int) {
	jobs := must(w.d.ClaimDeliveries(w.t.Context(), desk.ChannelFCM, n, lease))
	for _, job := range jobs {
		if job.Purpose == desk.PurposeInvitation {
			w.tried[job.PushTarget] = true
			if w.over {
				w.t.Errorf("%s is to be sent what is over", job.PushTarget)
			}
		}
	}
	w.held = append(w.held, jobs...)
}

func (w *wire) finish(o desk.Outcome, came bool) {
	if len(w.held) == 0 {
		return
	}
	job := w.held[0]
	w.held = w.held[1:]
	if job.Purpose == desk.PurposeWithdrawal && o.Kind == desk.OutcomeRejected { // of an invitation that was taken, none is
		o, came = done, true
	}
	if came {
		w.came(job)
	}
	finish(w.t, w.d, []desk.Job{job}, o)
}

func (w *wire) came(job desk.Job) {
	seen := w.shown
	if job.Purpose == desk.PurposeWithdrawal {
		seen = w.ended
	}
	seen[job.PushTarget] = max(seen[job.PushTarget], job.KeyRev)
}

// drain sends all that is left, on a wire without faults.
func (w *wire) drain() {
	for {
		for len(w.held) > 0 {
			w.finish(done, true)
		}
		due, more, err := w.d.NextDeliveryDue(w.t.Context(), desk.ChannelFCM)
		ok(w.t, err)
		if !more {
			return
		}
		w.clock.Advance(max(due.Sub(w.clock.Now()), 0))
		w.claim(100)
	}
}

// A rep with fifty devices: all are told, all that were are withdrawn from, and what was not sent yet is dropped.
func TestG5FiftyDevices(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		const devices, sent = 50, 20
		ana := d.LogIn("ana")
		for i := range devices {
			d.LogInWithPush("ben", fmt.Sprintf("ben-%02d", i))
		}
		session := d.OpenSession(ana, "@main")
		for _, n := range []int{devices, sent} {
			inv := inviteRep(t, d, ana, session, "ben")
			jobs := must(d.ClaimDeliveries(t.Context(), desk.ChannelFCM, n, lease))
			finish(t, d, jobs, done)
			told := targets(jobs)
			if len(slices.Compact(told)) != n {
				t.Fatalf("told %v", told)
			}
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
			for i := range told {
				told[i] = strings.Replace(told[i], "invitation", "withdrawal", 1)
			}
			same(t, "withdrawn", send(t, d, desk.ChannelFCM), told...)
			dropped := 0
			for _, got := range must(d.Deliveries(t.Context(), ana, inv.ID, "", 200)) {
				if got.State == desk.DeliveryDropped {
					dropped++
				}
			}
			if dropped != devices-n {
				t.Errorf("%d are dropped of %d, %d were sent", dropped, devices, n)
			}
		}
	})
}
