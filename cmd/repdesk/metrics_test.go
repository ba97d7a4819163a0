package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// serving runs a desk with metrics until the test ends, and returns where: apart is "" where they stand beside the API.
func serving(t *testing.T, registry *prometheus.Registry, onTheirOwn bool) (url, apart string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s, err := store.Open(t.Context(), store.Config{Database: database(t), Logger: log, Metrics: registry})
	if err != nil {
		t.Fatal(err)
	}
	listener := func() net.Listener {
		l, err := listen(t.Context(), "--listen", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	kept := &push.Kept{Logger: log}
	cfg := serviceConfig{store: s, listener: listener(), metrics: registry, log: log, senders: map[desk.Channel]push.Sender{desk.ChannelFCM: kept, desk.ChannelEmail: kept}}
	url = addressURL(cfg.listener.Addr())
	if onTheirOwn {
		cfg.metricsListener = listener()
		apart = addressURL(cfg.metricsListener.Addr())
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- newService(cfg).run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return url, apart
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// All parts of the desk, and the program itself, stand in one page that Prometheus reads and has nothing against.
func TestMetricsOfAllParts(t *testing.T) {
	registry := newRegistry()
	url, _ := serving(t, registry, false)
	for range 2 {
		status, text := get(t, url+"/metrics")
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		contains(t, text, "\nrepdesk_outbox_due{channel=\"fcm\"} 0\n", "\nrepdesk_channel_misconfigured{channel=\"email\"} 0\n", "\nrepdesk_open_streams{reader=\"rep\"} 0\n", "\ngo_goroutines ", "\nprocess_start_time_seconds ")
	}
	contains(t, readme(t), "`go_*`, `process_*`")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if name := family.GetName(); strings.HasPrefix(name, "repdesk_") {
			contains(t, readme(t), "| `"+name)
		}
	}
	if found, err := testutil.GatherAndLint(registry); err != nil || len(found) > 0 {
		t.Errorf("against the conventions: %v %v", found, err)
	}
}

// With a listener of their own the metrics are there, and only there, and nothing else is.
func TestMetricsOnAListenerOfTheirOwn(t *testing.T) {
	url, apart := serving(t, newRegistry(), true)
	for _, c := range []struct {
		url    string
		status int
	}{{url + "/metrics", 404}, {url + "/healthz", 200}, {apart + "/metrics", 200}, {apart + "/healthz", 404}, {apart + "/v1/server", 404}} {
		if status, text := get(t, c.url); status != c.status {
			t.Errorf("%s: %d, want %d: %.100s", c.url, status, c.status, text)
		}
	}
}
