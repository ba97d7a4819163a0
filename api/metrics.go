package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Names in place of an operation's id, which never holds what a client sent.
const (
	otherPage   = "other"   // what is served beside the operations: pages for people, documents, probes
	unknownPath = "unknown" // no such path, or not by this method
)

// metrics are what the API counts. Paths and tokens stand in no label.
type metrics struct {
	requests *prometheus.CounterVec   // operation, status
	seconds  *prometheus.HistogramVec // operation
	streams  *prometheus.GaugeVec     // reader
}

// newMetrics makes the metrics, and registers them if there is somewhere to.
func newMetrics(to prometheus.Registerer) *metrics {
	auto := promauto.With(to)
	m := &metrics{
		requests: auto.NewCounterVec(prometheus.CounterOpts{Name: "repdesk_http_requests_total",
			Help: "Requests by operation and status. What is served beside the operations is counted as other, and what is not there as unknown."}, []string{"operation", "status"}),
		seconds: auto.NewHistogramVec(prometheus.HistogramOpts{Name: "repdesk_http_request_seconds",
			Help:    "Time to answer, by operation. Event streams are left out; of a long poll it has the waiting in it.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"operation"}),
		streams: auto.NewGaugeVec(prometheus.GaugeOpts{Name: "repdesk_open_streams",
			Help: "Event streams that are open, by who reads: consoles of reps, API tokens, guests."}, []string{"reader"}),
	}
	for _, reader := range []string{readerRep, readerToken, readerGuest} {
		m.streams.WithLabelValues(reader)
	}
	return m
}

// Who reads a stream.
const (
	readerRep   = "rep"
	readerToken = "api_token"
	readerGuest = "guest"
)

// reader is who the request's stream is for.
func (x *exchange) reader() string {
	switch {
	case x.guest.AttendeeID != "":
		return readerGuest
	case x.caller.TokenID != "":
		return readerToken
	}
	return readerRep
}

// opened counts a stream until the returned function is called.
func (m *metrics) opened(reader string) func() {
	open := m.streams.WithLabelValues(reader)
	open.Inc()
	return open.Dec
}

// answered counts a request.
func (m *metrics) answered(x *exchange, answer middleware.WrapResponseWriter, took time.Duration) {
	operation, status := x.operation, answer.Status()
	if operation == "" {
		operation = otherPage
	}
	if status == 0 { // nothing was written, which net/http makes a 200
		status = http.StatusOK
	}
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	if !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/event-stream") {
		m.seconds.WithLabelValues(operation).Observe(took.Seconds())
	}
}
