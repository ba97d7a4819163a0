package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// The load of the benchmark: so many clients at a time, each an owner with sessions of seven seats, and seven
// colleagues to invite.
const (
	benchClients  = 64
	benchSessions = 40
	benchSeats    = desk.MaxInvitedReps
)

// BenchmarkInvite measures invitations per second through HTTP on SQLite with full durability, beside the same
// server's /healthz in the same run: the ratio says what an invitation costs, whatever the machine. Once those invited
// are logged in without a push target; once each has a device, so that each invitation writes a delivery too, which the
// worker takes, sends and records meanwhile.
func BenchmarkInvite(b *testing.B) {
	b.Run("invitation", func(b *testing.B) { benchmarkInvite(b, false) })
	b.Run("invitation and push", func(b *testing.B) { benchmarkInvite(b, true) })
}

func benchmarkInvite(b *testing.B, devices bool) {
	for range b.N {
		bench := newBench(b, devices)
		before := bench.rate(func(int) func() bool { return repeated(500, bench.healthz) })
		invites := bench.rate(bench.invitations)
		after := bench.rate(func(int) func() bool { return repeated(500, bench.healthz) })
		healthz := (before + after) / 2
		b.ReportMetric(invites, "invitations/s")
		b.ReportMetric(healthz, "healthz/s")
		b.ReportMetric(invites/healthz, "ratio")
		bench.close()
	}
}

type bench struct {
	b       *testing.B
	url     string
	client  *http.Client
	tokens  []string // one an owner
	invited []string // reps
	open    [][]string
	close   func()
}

func newBench(b *testing.B, devices bool) *bench {
	s, err := store.Open(b.Context(), store.Config{Database: filepath.Join(b.TempDir(), "bench.db"), Logger: slog.New(slog.DiscardHandler), InvitesAMinute: -1,
		Password: store.PasswordCost{MemoryKiB: 64, Passes: 1}})
	if err != nil {
		b.Fatal(err)
	}
	kept := &push.Kept{Logger: slog.New(slog.DiscardHandler)}
	worker := push.NewWorker(push.Config{Store: s, Senders: map[desk.Channel]push.Sender{desk.ChannelFCM: kept, desk.ChannelEmail: kept}})
	server := httptest.NewServer(api.New(api.Config{Store: s}).Handler())
	bench := &bench{b: b, url: server.URL, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}}
	bench.people(s, devices)
	ctx, stop := context.WithCancel(b.Context())
	var working sync.WaitGroup
	working.Go(func() { _ = worker.Run(ctx) })
	bench.close = func() {
		stop()
		working.Wait()
		server.Close()
		_ = s.Close()
	}
	return bench
}

// people makes the organisation, logs everybody in, and opens the sessions.
func (n *bench) people(s *store.Store, devices bool) {
	var file strings.Builder
	file.WriteString("teams:\n  - {slug: all, name: All}\nreps:\n")
	for i := range benchClients * (1 + benchSeats) {
		fmt.Fprintf(&file, "  - {username: rep%d, password: correct horse, name: Rep %d, teams: {all: member}}\n", i, i)
	}
	if _, err := s.ImportOrganization(n.b.Context(), s.Operator(), []byte(file.String()), false); err != nil {
		n.b.Fatal(err)
	}
	for i := range benchClients * (1 + benchSeats) {
		platform, target := "android", fmt.Sprintf("device-%d", i)
		device := desk.Device{Platform: &platform, DeviceID: &target}
		if devices {
			device.PushTarget = &target
		}
		in, err := s.LogIn(n.b.Context(), store.LogIn{Username: fmt.Sprintf("rep%d", i), Password: "correct horse", Device: device})
		if err != nil {
			n.b.Fatal(err)
		}
		if i >= benchClients {
			n.invited = append(n.invited, in.Rep.ID)
			continue
		}
		n.tokens = append(n.tokens, in.Token)
	}
	n.open = make([][]string, benchClients)
	n.each(func(client int) func() bool {
		return repeated(benchSessions, func() bool { n.openSession(s, client); return true })
	})
}

func (n *bench) openSession(s *store.Store, client int) {
	caller, err := s.Authenticate(n.b.Context(), n.tokens[client])
	if err != nil {
		n.b.Error(err)
		return
	}
	started, err := s.StartSession(n.b.Context(), caller, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo Doe"}})
	if err == nil {
		_, err = s.AcceptSession(n.b.Context(), caller, started.Session.ID)
	}
	if err != nil {
		n.b.Error(err)
	}
	n.open[client] = append(n.open[client], started.Session.ID)
}

// repeated does something n times; it says false when it is done.
func repeated(n int, do func() bool) func() bool {
	return func() bool { n--; return n >= 0 && do() }
}

// each runs what work makes for every client, at the same time, until it says false. It returns how often it was done.
func (n *bench) each(work func(client int) func() bool) int64 {
	var done atomic.Int64
	var clients sync.WaitGroup
	for i := range benchClients {
		clients.Go(func() {
			step := work(i)
			for step() {
				done.Add(1)
			}
		})
	}
	clients.Wait()
	return done.Load()
}

// rate is each, per second.
func (n *bench) rate(work func(client int) func() bool) float64 {
	start := time.Now()
	return float64(n.each(work)) / time.Since(start).Seconds()
}

func (n *bench) healthz() bool {
	resp, err := n.client.Get(n.url + "/healthz")
	return n.check(resp, err, http.StatusOK)
}

// invitations invites everybody into every session of the client.
func (n *bench) invitations(client int) func() bool {
	i := -1
	return func() bool {
		if i++; i >= benchSessions*benchSeats {
			return false
		}
		body, _ := json.Marshal(map[string]string{"rep_id": n.invited[client*benchSeats+i%benchSeats], "comment": "Please look at the tray with me"})
		req, _ := http.NewRequest(http.MethodPost, n.url+"/v1/sessions/"+n.open[client][i/benchSeats]+"/invitations", bytes.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+n.tokens[client])
		req.Header.Set("Content-Type", "application/json")
		resp, err := n.client.Do(req)
		return n.check(resp, err, http.StatusCreated)
	}
}

func (n *bench) check(resp *http.Response, err error, want int) bool {
	if err != nil {
		n.b.Error(err)
		return false
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != want {
		n.b.Errorf("%s %s", resp.Status, body)
		return false
	}
	return true
}
