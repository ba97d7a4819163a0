package push_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// scene is a desk on which Ana owns a session and can invite Ben, who has a phone.
type scene struct {
	*storetest.Desk
	t       *testing.T
	clock   *storetest.Clock
	ana     desk.Caller
	ben     desk.Caller
	session desk.Session
	log     bytes.Buffer
	logger  *slog.Logger        // writes into log
	told    *store.Subscription // of the outcomes that Ana is told of
	at      int64
}

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func newScene(t *testing.T) *scene { return newSceneOn(t, t.TempDir()+"/repdesk.db") }

// eachScene runs a test on a scene of each engine.
func eachScene(t *testing.T, test func(t *testing.T, s *scene)) {
	storetest.EachDatabase(t, func(t *testing.T, database string) { test(t, newSceneOn(t, database)) })
}

func newSceneOn(t *testing.T, database string) *scene {
	clock := storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, database, clock))
	s := &scene{Desk: d, t: t, clock: clock, ana: d.LogIn("ana"), ben: d.LogInWithPush("ben", "bens-phone")}
	s.session = d.OpenSession(s.ana, "@main")
	s.logger = slog.New(slog.NewTextHandler(&s.log, nil))
	var err error
	if s.told, err = d.Subscribe(t.Context(), s.ana); err == nil {
		s.at, err = d.LastEvent(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.told.Close)
	return s
}

// recorded waits until so many outcomes were recorded since the last call, and returns them.
func (s *scene) recorded(n int) (outcomes []desk.Delivery) {
	s.t.Helper()
	late := time.After(patience)
	for {
		events, err := s.told.Read(s.t.Context(), s.at, []desk.EventType{desk.EventDeliveryChanged}, n-len(outcomes))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range events.Items {
			outcomes = append(outcomes, *e.Delivery)
		}
		s.at = events.Cursor
		if len(outcomes) == n {
			return outcomes
		}
		select {
		case <-s.told.Woken():
		case <-late:
			s.t.Fatalf("%d outcomes of %d were recorded within %s", len(outcomes), n, patience)
		}
	}
}

// patience is how long a test waits for what should come at once, on a machine that does much else.
const patience = 30 * time.Second

// later moves the clock, and has the worker look at it: it would by itself within 15 s.
func (s *scene) later(d time.Duration) {
	s.t.Helper()
	s.clock.Advance(d)
	for _, channel := range []desk.Channel{desk.ChannelFCM, desk.ChannelEmail} {
		nothing := desk.Job{Delivery: desk.Delivery{Channel: channel}}
		if err := s.ReleaseDelivery(s.t.Context(), nothing, true); err != nil {
			s.t.Fatal(err)
		}
	}
}

// untilDue is how long until the next push is due.
func (s *scene) untilDue() time.Duration {
	s.t.Helper()
	due, more, err := s.NextDeliveryDue(s.t.Context(), desk.ChannelFCM)
	if err != nil || !more {
		s.t.Fatalf("nothing is due: %v", err)
	}
	return due.Sub(s.clock.Now())
}

func (s *scene) invite(c desk.Caller) desk.Invitation {
	s.t.Helper()
	inv, err := s.Invite(s.t.Context(), s.ana, s.session.ID, store.NewInvitation{RepID: c.RepID, Comment: "Tray 2"})
	if err != nil {
		s.t.Fatal(err)
	}
	return inv
}

// delivery is the invitation's push.
func (s *scene) delivery(invitationID string) desk.Delivery {
	s.t.Helper()
	all, err := s.Deliveries(s.t.Context(), s.ana, invitationID, "", 10)
	i := slices.IndexFunc(all, func(d desk.Delivery) bool { return d.Channel == desk.ChannelFCM })
	if err != nil || i < 0 {
		s.t.Fatalf("deliveries: %v %v", all, err)
	}
	return all[i]
}

// start runs a worker; the returned function stops it and waits for its end.
func (s *scene) start(cfg push.Config) (w *push.Worker, stop func()) {
	cfg.Store, cfg.Now = s.Store, s.clock.Now
	if cfg.Jitter == nil {
		cfg.Jitter = func() float64 { return 0 }
	}
	cfg.Logger = s.logger
	w = push.NewWorker(cfg)
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("run: %v", err)
		}
	})
	s.t.Cleanup(stop)
	return w, stop
}

func byFCM(s push.Sender) map[desk.Channel]push.Sender {
	return map[desk.Channel]push.Sender{desk.ChannelFCM: s}
}

// hook is a sender that a test answers for.
type hook func(context.Context, desk.Job) desk.Outcome

func (h hook) Send(ctx context.Context, job desk.Job) desk.Outcome { return h(ctx, job) }

// asked is one attempt to send, waiting for its answer.
type asked struct {
	job    desk.Job
	answer chan desk.Outcome
}

// asking hands each attempt to the test. One that is not answered ends with its context.
func asking() (push.Sender, <-chan asked) {
	attempts := make(chan asked, 100)
	return hook(func(ctx context.Context, job desk.Job) desk.Outcome {
		a := asked{job, make(chan desk.Outcome)}
		attempts <- a
		select {
		case o := <-a.answer:
			return o
		case <-ctx.Done():
			return desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"}
		}
	}), attempts
}

var done = desk.Outcome{Kind: desk.OutcomeDone}

func TestG4InvitationAndWithdrawalReachTheDevice(t *testing.T) {
	s, server := newScene(t), pushtest.NewFCM(t)
	fcm, err := push.NewFCM(t.Context(), push.FCMConfig{Project: "p", Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, stop := s.start(push.Config{Senders: byFCM(fcm)})
	inv := s.invite(s.ben)
	first := server.Next()
	if first.Target != "bens-phone" || first.Data["type"] != "invitation" || first.Data["invitation_id"] != inv.ID || first.Data["badge"] != "1" {
		t.Errorf("invitation: %+v", first)
	}
	if _, err := s.CancelInvitation(t.Context(), s.ana, inv.ID); err != nil {
		t.Fatal(err)
	}
	second := server.Next()
	if second.Data["type"] != "withdrawal" || second.Data["key"] != first.Data["key"] || second.Data["reason"] != "cancelled" || second.Data["rev"] <= first.Data["rev"] {
		t.Errorf("withdrawal: %+v", second)
	}
	stop()
	if strings.Contains(s.log.String(), "ERROR") {
		t.Errorf("log: %s", s.log.String())
	}
}

// G13: a session in Ben's queue reaches his phone, and so does that somebody else has it now; then what is said in a session
// of his.
func TestG13QueueAndChatReachTheDevice(t *testing.T) {
	s, server := newScene(t), pushtest.NewFCM(t)
	fcm, err := push.NewFCM(t.Context(), push.FCMConfig{Project: "p", Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, stop := s.start(push.Config{Senders: byFCM(fcm)})
	started, err := s.StartSession(t.Context(), s.ana, store.NewSession{RepID: "@ben", Kind: "support", Customer: desk.Customer{Name: "Jo Doe"}})
	if err != nil {
		t.Fatal(err)
	}
	first := server.Next()
	if first.Target != "bens-phone" || first.Data["type"] != "queue" || first.Data["session_id"] != started.Session.ID || first.Data["queue_id"] != "personal" || first.Data["key"] != first.Data["queue_entry_id"] {
		t.Errorf("queue: %+v", first)
	}
	if _, err := s.AcceptSession(t.Context(), s.ben, started.Session.ID); err != nil {
		t.Fatal(err)
	}
	second := server.Next()
	if second.Data["type"] != "withdrawal" || second.Data["ends"] != "queue" || second.Data["key"] != first.Data["key"] || second.Data["state"] != "accepted" || second.Data["by"] != "Ben Okafor" || second.Data["rev"] <= first.Data["rev"] {
		t.Errorf("withdrawal: %+v", second)
	}
	guest, err := s.AuthenticateGuest(t.Context(), started.GuestToken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "Hello?"}); err != nil {
		t.Fatal(err)
	}
	third := server.Next()
	if third.Data["type"] != "message" || third.Data["key"] != started.Session.ID+".chat" || third.Data["count"] != "1" || third.Data["author_role"] != "customer" || strings.Contains(third.Data["body"], "Hello") {
		t.Errorf("message: %+v", third)
	}
	stop()
	if strings.Contains(s.log.String(), "ERROR") {
		t.Errorf("log: %s", s.log.String())
	}
}

func TestG8FailedSendIsRepeatedAfterItsPause(t *testing.T) {
	s := newScene(t)
	sender, attempts := asking()
	_, stop := s.start(push.Config{Senders: byFCM(sender)})
	inv := s.invite(s.ben)
	first := <-attempts
	first.answer <- desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable", RetryAfter: time.Minute}
	// Another invitation wakes the worker; Ben's is not due yet.
	cho := s.LogInWithPush("cho", "chos-phone")
	s.invite(cho)
	if a := <-attempts; a.job.PushTarget != "chos-phone" {
		t.Errorf("repeated at once: %+v", a.job)
	} else {
		a.answer <- done
	}
	s.clock.Advance(2 * time.Minute)
	if _, err := s.CancelInvitation(t.Context(), s.ana, s.invite(s.LogInWithPush("dev", "devs-phone")).ID); err != nil {
		t.Fatal(err)
	}
	again := <-attempts
	for again.job.PushTarget != "bens-phone" {
		again.answer <- done
		again = <-attempts
	}
	if again.job.Attempts != 2 || again.job.InvitationID != inv.ID {
		t.Errorf("second attempt: %+v", again.job.Delivery)
	}
	again.answer <- done
	stop()
	if got := s.delivery(inv.ID); got.State != desk.DeliverySent || got.Attempts != 2 {
		t.Errorf("delivery: %+v", got)
	}
}

func TestG7StopLetsSendsFinish(t *testing.T) {
	s := newScene(t)
	sender, attempts := asking()
	_, stop := s.start(push.Config{Senders: byFCM(sender), Grace: time.Minute})
	inv := s.invite(s.ben)
	a := <-attempts
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	a.answer <- done
	<-stopped
	if got := s.delivery(inv.ID); got.State != desk.DeliverySent {
		t.Errorf("delivery: %+v", got)
	}
}

func TestG7StopGivesBackWhatDoesNotFinish(t *testing.T) {
	s := newScene(t)
	sender, attempts := asking()
	_, stop := s.start(push.Config{Senders: byFCM(sender), Grace: time.Millisecond})
	inv := s.invite(s.ben)
	<-attempts
	stop()
	if got := s.delivery(inv.ID); got.State != desk.DeliveryWaiting || got.Attempts != 1 { // it may have been sent, so it counts
		t.Errorf("delivery: %+v", got)
	}
	// The next start sends it.
	sender, attempts = asking()
	_, stop = s.start(push.Config{Senders: byFCM(sender)})
	(<-attempts).answer <- done
	stop()
	if got := s.delivery(inv.ID); got.State != desk.DeliverySent {
		t.Errorf("delivery: %+v", got)
	}
}

func TestWorkerHoldsNoMoreThanItSends(t *testing.T) {
	s := newScene(t)
	sender, attempts := asking()
	_, stop := s.start(push.Config{Senders: byFCM(sender), Workers: 2})
	invited := []desk.Invitation{s.invite(s.ben), s.invite(s.LogInWithPush("cho", "chos-phone")), s.invite(s.LogInWithPush("dev", "devs-phone"))}
	held := []asked{<-attempts, <-attempts}
	var states []desk.DeliveryState
	for _, inv := range invited {
		states = append(states, s.delivery(inv.ID).State)
	}
	if !slices.Equal(states, []desk.DeliveryState{desk.DeliverySending, desk.DeliverySending, desk.DeliveryWaiting}) {
		t.Errorf("states with 2 workers: %v", states)
	}
	for _, a := range held {
		a.answer <- done
	}
	(<-attempts).answer <- done
	stop()
	if got := s.delivery(invited[2].ID).State; got != desk.DeliverySent {
		t.Errorf("the third: %s", got)
	}
}

func TestG8MisconfigurationRaisesAnAlarm(t *testing.T) {
	s := newScene(t)
	sender, attempts := asking()
	w, stop := s.start(push.Config{Senders: byFCM(sender), Workers: 1})
	people := []desk.Caller{s.ben, s.LogInWithPush("cho", "chos-phone"), s.LogInWithPush("dev", "devs-phone")}
	alarm := func(o desk.Outcome, c desk.Caller) string {
		s.invite(c)
		(<-attempts).answer <- o
		return w.Alarm()
	}
	if w.Alarm() != "" {
		t.Error("alarm from the start")
	}
	broken := desk.Outcome{Kind: desk.OutcomeMisconfigured, Error: "not_configured"}
	alarm(broken, people[0])
	// With one worker, the next attempt starts only after the outcome before it was recorded.
	if got := alarm(broken, people[1]); !strings.Contains(got, "fcm") {
		t.Errorf("alarm %q", got)
	}
	alarm(done, people[2])
	stop()
	if got := w.Alarm(); got != "" {
		t.Errorf("still alarmed: %q", got)
	}
	if n := strings.Count(s.log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d errors logged:\n%s", n, s.log.String())
	}
}

func TestWorkerOutlivesAPanic(t *testing.T) {
	s := newScene(t)
	calls := make(chan string, 10)
	_, stop := s.start(push.Config{Workers: 1, Senders: byFCM(hook(func(_ context.Context, job desk.Job) desk.Outcome {
		calls <- job.PushTarget
		if job.PushTarget == "bens-phone" {
			panic("a name that no template can stand")
		}
		return done
	}))})
	inv := s.invite(s.ben)
	<-calls
	s.invite(s.LogInWithPush("cho", "chos-phone"))
	if got := <-calls; got != "chos-phone" {
		t.Errorf("next: %s", got)
	}
	stop()
	if got := s.delivery(inv.ID); got.State != desk.DeliveryFailed || got.Error != "rejected" {
		t.Errorf("delivery: %+v", got)
	}
}
