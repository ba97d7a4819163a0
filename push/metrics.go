package push

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/repdesk/repdesk/store/desk"
)

// metrics are what a worker counts. What becomes of deliveries is counted in the store, which alone knows what holds.
type metrics struct {
	misconfigured  *prometheus.GaugeVec     // channel
	attemptSeconds *prometheus.HistogramVec // channel
}

// newMetrics makes the metrics, and registers them if there is somewhere to.
func newMetrics(to prometheus.Registerer, senders map[desk.Channel]Sender) *metrics {
	auto := promauto.With(to)
	m := &metrics{
		misconfigured: auto.NewGaugeVec(prometheus.GaugeOpts{Name: "repdesk_channel_misconfigured",
			Help: "1 while the other side refuses our credentials or settings, so that nothing can be sent by the channel."}, []string{"channel"}),
		attemptSeconds: auto.NewHistogramVec(prometheus.HistogramOpts{Name: "repdesk_delivery_attempt_seconds",
			Help: "Time of one attempt to send, whatever became of it.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}}, []string{"channel"}),
	}
	for channel := range senders {
		m.misconfigured.WithLabelValues(string(channel))
		m.attemptSeconds.WithLabelValues(string(channel))
	}
	return m
}

func (m *metrics) setMisconfigured(channel desk.Channel, to float64) {
	m.misconfigured.WithLabelValues(string(channel)).Set(to)
}

// timeAttempt measures an attempt by the machine's own clock.
func (m *metrics) timeAttempt(channel desk.Channel, begun time.Time) {
	m.attemptSeconds.WithLabelValues(string(channel)).Observe(time.Since(begun).Seconds())
}
