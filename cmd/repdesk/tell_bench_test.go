package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// fcmServer stands in for FCM: it takes every push after a time, and tells of each.
func fcmServer(b *testing.B, after time.Duration, took func()) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Message struct{ Data map[string]string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			b.Error(err)
		}
		took()
		time.Sleep(after)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"name": "projects/p/messages/1"}`)
	}))
	b.Cleanup(server.Close)
	return server
}

// work runs a worker that sends to the server by Google's SDK, until the returned function is called.
func work(b *testing.B, s *store.Store, url string, workers int) (stop func()) {
	fcm, err := push.NewFCM(b.Context(), push.FCMConfig{Project: "p", Endpoint: url})
	if err != nil {
		b.Fatal(err)
	}
	w := push.NewWorker(push.Config{Store: s, Workers: workers, Senders: map[desk.Channel]push.Sender{desk.ChannelFCM: fcm}, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(b.Context())
	var working sync.WaitGroup
	working.Go(func() { _ = w.Run(ctx) })
	return func() { cancel(); working.Wait(); fcm.Close() }
}

// BenchmarkPush measures what the worker sends while FCM takes 30 ms for each push, and how much that is of what there
// could be: workers ÷ 30 ms.
func BenchmarkPush(b *testing.B) {
	for _, workers := range []int{16, 64} {
		b.Run(fmt.Sprint(workers, " workers"), func(b *testing.B) { benchmarkPush(b, workers) })
	}
}

func benchmarkPush(b *testing.B, workers int) {
	const latency, lasts = 30 * time.Millisecond, 3 * time.Second
	possible := float64(workers) / latency.Seconds()
	want := int64(possible * lasts.Seconds())
	for range b.N {
		s := outboxOf(b, int(want))
		var sent atomic.Int64
		all := make(chan struct{})
		server := fcmServer(b, latency, func() {
			if sent.Add(1) == want {
				close(all)
			}
		})
		begun := time.Now()
		stop := work(b, s, server.URL, workers)
		<-all
		rate := float64(want) / time.Since(begun).Seconds()
		stop()
		server.Close()
		_ = s.Close()
		b.ReportMetric(rate, "pushes/s")
		b.ReportMetric(rate/possible, "of-possible")
	}
}

// outboxOf makes a store in which at least n pushes wait, a hundred of each invitation.
func outboxOf(b *testing.B, n int) *store.Store {
	const devices = 100
	people := max(n/devices+1, 8)
	s := peopleStore(b, people+1)
	for i := range people {
		for k := range devices {
			target, platform := fmt.Sprintf("device-%d-%d", i, k), "android"
			benchLogIn(b, s, i, desk.Device{Platform: &platform, DeviceID: &target, PushTarget: &target})
		}
	}
	owner := benchCaller(b, s, benchLogIn(b, s, people, desk.Device{}))
	var session string
	for i := range people {
		if i%benchSeats == 0 {
			session = benchSession(b, s, owner)
		}
		if _, err := s.Invite(b.Context(), owner, session, store.NewInvitation{RepID: fmt.Sprint("@rep", i)}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// peopleStore is a store with so many reps, rep0 and on, who are all in one team.
func peopleStore(b *testing.B, n int) *store.Store {
	file := "teams:\n  - {slug: all, name: All}\nreps:\n"
	for i := range n {
		file += fmt.Sprintf("  - {username: rep%d, password_hash: %q, name: Rep %d, teams: {all: member}}\n", i, passwordHash, i)
	}
	return benchStore(b, file)
}

func benchStore(b *testing.B, organization string) *store.Store {
	s, err := store.Open(b.Context(), store.Config{Database: filepath.Join(b.TempDir(), "bench.db"), Logger: slog.New(slog.DiscardHandler), InvitesAMinute: -1})
	if err == nil {
		_, err = s.ImportOrganization(b.Context(), s.Operator(), []byte(organization), false)
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func benchLogIn(b *testing.B, s *store.Store, rep int, device desk.Device) store.LoggedIn {
	in, err := s.LogIn(b.Context(), store.LogIn{Username: fmt.Sprint("rep", rep), Password: "correct horse", Device: device})
	if err != nil {
		b.Fatal(err)
	}
	return in
}

func benchCaller(b *testing.B, s *store.Store, in store.LoggedIn) desk.Caller {
	c, err := s.Authenticate(b.Context(), in.Token)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func benchSession(b *testing.B, s *store.Store, owner desk.Caller) string {
	started, err := s.StartSession(b.Context(), owner, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo Doe"}})
	if err == nil {
		_, err = s.AcceptSession(b.Context(), owner, started.Session.ID)
	}
	if err != nil {
		b.Fatal(err)
	}
	return started.Session.ID
}

// BenchmarkTold measures how long after an invitation's answer its push is at FCM, and its event at an open stream of the
// invited, one invitation after another; each beside the time of an empty request in the same run. What came before the
// answer came after no time.
func BenchmarkTold(b *testing.B) {
	const invitations = 500
	for range b.N {
		t := newTold(b)
		var empty, fcm, stream []time.Duration
		for range invitations {
			empty = append(empty, t.healthz())
			toFCM, toStream := t.invite()
			fcm, stream = append(fcm, toFCM), append(stream, toStream)
		}
		unit := percentile(empty, 50)
		b.ReportMetric(float64(unit.Microseconds()), "healthz-µs")
		for name, took := range map[string][]time.Duration{"fcm": fcm, "stream": stream} {
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(percentile(took, p))/float64(unit), fmt.Sprintf("%s-p%d/healthz", name, p))
			}
		}
		t.close()
	}
}

func percentile(all []time.Duration, p int) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[(len(all)-1)*p/100]
}

// told is a desk on which Ana invites Ben, again and again.
type told struct {
	b       *testing.B
	ana     console
	session string
	atFCM   chan time.Time
	read    chan time.Time
	close   func()
}

func newTold(b *testing.B) *told {
	s := benchStore(b, testOrganization())
	t := &told{b: b, atFCM: make(chan time.Time, 10), read: make(chan time.Time, 10)}
	fcm := fcmServer(b, 0, func() { t.atFCM <- time.Now() })
	stop := work(b, s, fcm.URL, 0)
	server := httptest.NewServer(api.New(api.Config{Store: s}).Handler())
	p := &process{t: b, URL: server.URL}
	t.ana = p.logIn("ana", browser)
	t.session = t.ana.openSession()
	lines := p.logIn("ben", phone("bens-phone")).stream()
	go func() {
		for until(lines, "event: invitation.created") {
			t.read <- time.Now()
		}
	}()
	t.close = func() { stop(); server.CloseClientConnections(); server.Close(); _ = s.Close() }
	return t
}

func (t *told) healthz() time.Duration {
	begun := time.Now()
	answer, err := http.Get(t.ana.p.URL + "/healthz")
	if err != nil {
		t.b.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.b.Fatal(err)
	}
	return time.Since(begun)
}

// invite invites, and cancels when all have been told.
func (t *told) invite() (toFCM, toStream time.Duration) {
	invitation := t.ana.inviteRep(t.session, "ben")
	answered := time.Now()
	toFCM, toStream = max((<-t.atFCM).Sub(answered), 0), max((<-t.read).Sub(answered), 0)
	t.ana.cancel(invitation)
	<-t.atFCM // the withdrawal
	return toFCM, toStream
}
