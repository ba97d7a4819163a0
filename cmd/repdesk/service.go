package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	// drainTime is what requests get to finish when the program stops. The worker stops alongside and gives its sends
	// 3 s, so that the whole stays within 5 s.
	drainTime = 3 * time.Second
	// headerTime bounds how slowly a request may begin.
	headerTime = 10 * time.Second
	// idleTime is how long a connection may wait for its next request; longer than most proxies', who then close first.
	idleTime = 2 * time.Minute
)

// serviceConfig is what a service is made of. The service closes the store and the listener.
type serviceConfig struct {
	store    *store.Store
	senders  map[desk.Channel]push.Sender
	channels []desk.Channel // those that are set up
	listener net.Listener
	metrics  *prometheus.Registry // that of the store; nil: there are none
	// metricsListener is where /metrics stands by itself; nil: beside the API.
	metricsListener net.Listener
	publicURL       string
	name            string
	trusted         []netip.Prefix // proxies whose X-Forwarded-For counts
	log             *slog.Logger
	demo            http.Handler // answers what stands under /demo/; nil: nobody
}

// service is a desk: the API over a store, and the worker that sends what the store holds.
type service struct {
	cfg    serviceConfig
	worker *push.Worker
	http   *http.Server
	apart  *http.Server       // serves the metrics alone; nil where the API does
	cancel context.CancelFunc // ends the requests that outlast the drain
}

func newService(cfg serviceConfig) *service {
	workers := push.Config{Store: cfg.store, Senders: cfg.senders, Logger: cfg.log}
	serving := api.Config{Store: cfg.store, Logger: cfg.log, Ready: cfg.store.Ready, PublicURL: cfg.publicURL, Name: cfg.name, Channels: cfg.channels, Version: version(), TrustedProxies: cfg.trusted}
	s := &service{cfg: cfg}
	if cfg.metrics != nil {
		workers.Metrics, serving.Metrics = cfg.metrics, cfg.metrics
		if page := metricsPage(cfg.metrics, cfg.log); cfg.metricsListener == nil {
			serving.MetricsPage = page
		} else {
			s.apart = newMetricsServer(page, cfg.log)
		}
	}
	s.worker = push.NewWorker(workers)
	serving.Warning = s.worker.Alarm
	a := api.New(serving)
	requests, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	// No WriteTimeout: an event stream stays open, and sets a deadline for each of its writes.
	s.http = &http.Server{Handler: withDemo(a.Handler(), cfg.demo), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime,
		ErrorLog: slog.NewLogLogger(cfg.log.Handler(), slog.LevelWarn), BaseContext: func(net.Listener) context.Context { return requests }}
	s.http.RegisterOnShutdown(a.CloseStreams)
	return s
}

func withDemo(api, demo http.Handler) http.Handler {
	if demo == nil {
		return api
	}
	mux := http.NewServeMux()
	mux.Handle("/demo/", demo)
	mux.Handle("/", api)
	return mux
}

// run serves until ctx ends or serving fails, and returns when everything has stopped. The store is closed last:
// requests and sends write to it to their end.
func (s *service) run(ctx context.Context) error {
	if err := s.cfg.store.TakeBackDeliveries(ctx); err != nil {
		return errors.Join(err, s.cfg.listener.Close(), closeListener(s.cfg.metricsListener), s.cfg.store.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	var served, measured, worked error
	running.Go(func() { served = serve(s.http, s.cfg.listener); stop() })
	if s.apart != nil {
		running.Go(func() { measured = serve(s.apart, s.cfg.metricsListener); stop() })
	}
	running.Go(func() { worked = s.worker.Run(ctx); stop() })
	running.Go(func() { <-ctx.Done(); s.stopServing() })
	running.Wait()
	return errors.Join(served, measured, worked, s.cfg.store.Close())
}

func serve(server *http.Server, on net.Listener) error {
	if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// stopServing takes no new connections, tells the streams to end, lets requests finish for drainTime and cuts the rest.
func (s *service) stopServing() {
	s.cfg.log.Info("stopping")
	if s.apart != nil {
		_ = s.apart.Close()
	}
	draining, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := s.http.Shutdown(draining); err != nil {
		s.cfg.log.Warn("requests cut short", "error", err)
		s.cancel()
		_ = s.http.Close()
	}
	s.cancel()
}
