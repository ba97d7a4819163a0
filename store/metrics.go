package store

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/repdesk/repdesk/store/desk"
)

// scrapeTimeout bounds what a scrape asks of the database: whoever scrapes waits 10 s at most, and has more to ask.
const scrapeTimeout = 2 * time.Second

// metrics are what the store counts. A transaction notes what it does with tx.after, and it counts once that is committed:
// one that was refused, undone or runs again counts nothing of what it did not do. No label has a value that grows with
// the desk.
type metrics struct {
	invitations   *prometheus.CounterVec // kind, outcome
	sendSeconds   prometheus.Histogram
	acceptSeconds prometheus.Histogram
	deliveries    *prometheus.CounterVec // channel, purpose, outcome
	retries       *prometheus.CounterVec // channel, cause
	writeSeconds  prometheus.Histogram
	commitWrites  prometheus.Histogram
	sent          recent
}

// newMetrics makes the metrics, and registers them if there is somewhere to. Those whose labels are known stand at 0 from
// the start, so that the first of a kind is seen as a growth.
func newMetrics(to prometheus.Registerer) *metrics {
	auto := promauto.With(to)
	m := &metrics{
		invitations: auto.NewCounterVec(prometheus.CounterOpts{Name: "repdesk_invitations_total",
			Help: "Invitations and transfers by kind, and by what happened: created, accepted, declined, cancelled, or the reason why they were withdrawn."}, []string{"kind", "outcome"}),
		sendSeconds: auto.NewHistogram(prometheus.HistogramOpts{Name: "repdesk_invitation_send_seconds",
			Help: "Time from an invitation to the first push or email of it that was taken.", Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600}}),
		acceptSeconds: auto.NewHistogram(prometheus.HistogramOpts{Name: "repdesk_invitation_accept_seconds",
			Help: "Time from an invitation to its acceptance.", Buckets: []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600}}),
		deliveries: auto.NewCounterVec(prometheus.CounterOpts{Name: "repdesk_deliveries_total",
			Help: "Pushes and emails by what became of them: sent, received and opened one after the other, or failed, or dropped because they were over before they were sent."}, []string{"channel", "purpose", "outcome"}),
		retries: auto.NewCounterVec(prometheus.CounterOpts{Name: "repdesk_delivery_retries_total",
			Help: "Attempts to send that failed and are made again: the other side was unavailable, throttled us, or refuses our settings (misconfigured)."}, []string{"channel", "cause"}),
		writeSeconds: auto.NewHistogram(prometheus.HistogramOpts{Name: "repdesk_store_write_seconds",
			Help: "Time from asking for a write to the answer that it is on the disk, or refused.", Buckets: []float64{.0002, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}),
		commitWrites: auto.NewHistogram(prometheus.HistogramOpts{Name: "repdesk_store_commit_writes",
			Help: "Writes in one commit, on SQLite.", Buckets: prometheus.ExponentialBuckets(1, 2, 8)}),
	}
	for _, kind := range []desk.InvitationKind{desk.InviteRep, desk.InviteTeam, desk.InviteIssue, desk.InvitePortal, desk.OfferTransfer} {
		m.invitations.WithLabelValues(string(kind), created)
		for _, reason := range []desk.EndReason{desk.EndAccepted, desk.EndDeclined, desk.EndCancelled, desk.EndOwnerLeft, desk.EndOwnershipMoved, desk.EndSessionEnded, desk.EndJoinedOtherwise, desk.EndTargetGone} {
			m.invitations.WithLabelValues(string(kind), string(reason))
		}
	}
	for _, channel := range channels {
		for _, cause := range []string{"unavailable", "throttled", "misconfigured"} {
			m.retries.WithLabelValues(string(channel), cause)
		}
	}
	return m
}

// created is the outcome of an invitation that begins.
const created = "created"

var channels = []desk.Channel{desk.ChannelFCM, desk.ChannelEmail}

// after notes what is to be counted when the transaction is committed.
func (t *tx) after(count func()) { t.wake.counted = append(t.wake.counted, count) }

// timeWrite measures a write by the machine's own clock.
func (m *metrics) timeWrite(begun time.Time) { m.writeSeconds.Observe(time.Since(begun).Seconds()) }

// countInvitation counts an invitation's beginning or end.
func (t *tx) countInvitation(kind desk.InvitationKind, outcome string) {
	t.after(t.store.metrics.invitations.WithLabelValues(string(kind), outcome).Inc)
}

// countAccepted counts how long an invitation took to be accepted.
func (t *tx) countAccepted(inv desk.Invitation, madeAt int64) {
	if !inv.IsTransfer() {
		t.after(func() { t.store.metrics.acceptSeconds.Observe(t.since(madeAt)) })
	}
}

func (t *tx) since(at int64) float64 { return t.now.Sub(time.UnixMilli(at)).Seconds() }

// countDelivery counts a delivery that has come to a state, if that is one of those that are counted.
func (t *tx) countDelivery(channel desk.Channel, purpose desk.Purpose, state desk.DeliveryState) {
	if state != desk.DeliveryWaiting && state != desk.DeliverySending {
		t.after(t.store.metrics.deliveries.WithLabelValues(string(channel), string(purpose), string(state)).Inc)
	}
}

// countSent counts how long an invitation took to be sent, by the first delivery of it.
func (t *tx) countSent(d desk.Delivery, madeAt int64, before bool) {
	if d.State == desk.DeliverySent && d.Purpose == desk.PurposeInvitation && !before {
		t.after(func() {
			if t.store.metrics.sent.first(d.InvitationID) {
				t.store.metrics.sendSeconds.Observe(t.since(madeAt))
			}
		})
	}
}

// sentBefore says of a delivery d that is sent whether another of the same invitation was sent already.
const sentBefore = `d.state = 'sent' AND d.purpose = 'invitation' AND EXISTS (SELECT 1 FROM deliveries f WHERE f.about = d.about AND f.id <> d.id
	AND f.purpose = d.purpose AND f.state IN ('sent', 'received', 'opened'))`

// countRetry counts an attempt that failed and is made again.
func (t *tx) countRetry(channel desk.Channel, o desk.Outcome) {
	cause := "unavailable"
	switch {
	case o.Kind == desk.OutcomeMisconfigured:
		cause = "misconfigured"
	case o.Throttled:
		cause = "throttled"
	}
	t.after(t.store.metrics.retries.WithLabelValues(string(channel), cause).Inc)
}

// recent tells what comes for the first time from what came of late. Of two devices that are reached at the same instant
// neither transaction sees the other, and both would be the first.
type recent struct {
	mu          sync.Mutex
	now, before map[string]bool
}

const recentAtOnce = 4096

func (r *recent) first(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now[id] || r.before[id] {
		return false
	}
	if r.now == nil || len(r.now) == recentAtOnce {
		r.now, r.before = map[string]bool{}, r.now
	}
	r.now[id] = true
	return true
}

// stateMetrics are read from the database when somebody asks, each by one step or one range of an index.
type stateMetrics struct {
	store                 *Store
	due, age, logPosition *prometheus.Desc
}

func newStateMetrics(s *Store) *stateMetrics {
	return &stateMetrics{store: s,
		due:         prometheus.NewDesc("repdesk_outbox_due", "Deliveries that are due and not being sent.", []string{"channel"}, nil),
		age:         prometheus.NewDesc("repdesk_outbox_age_seconds", "How long the oldest due delivery has been due; 0 when none is.", []string{"channel"}, nil),
		logPosition: prometheus.NewDesc("repdesk_event_log_position", "Position of the last event of the log.", nil, nil),
	}
}

// Describe and Collect are what prometheus.Collector asks for.
func (m *stateMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.due
	to <- m.age
	to <- m.logPosition
}

func (m *stateMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	for _, channel := range channels {
		due, err := m.store.outboxDue(ctx, channel)
		if err != nil {
			to <- prometheus.NewInvalidMetric(m.due, err)
			continue
		}
		to <- prometheus.MustNewConstMetric(m.due, prometheus.GaugeValue, float64(due.deliveries), string(channel))
		to <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, due.age.Seconds(), string(channel))
	}
	last, err := m.store.LastEvent(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(m.logPosition, err)
		return
	}
	to <- prometheus.MustNewConstMetric(m.logPosition, prometheus.GaugeValue, float64(last))
}

// outboxDue is what of a channel is due.
type outboxDue struct {
	deliveries int64
	age        time.Duration // of the oldest
}

func (s *Store) outboxDue(ctx context.Context, channel desk.Channel) (outboxDue, error) {
	return lookUp(ctx, s, func(t *tx) (due outboxDue, err error) {
		now := ms(t.now)
		oldest := now
		_, err = t.row(`SELECT COUNT(*), COALESCE(MIN(due_at), $2) FROM deliveries WHERE channel = $1 AND due_at > 0 AND due_at <= $2`,
			[]any{string(channel), now}, &due.deliveries, &oldest)
		due.age = time.Duration(now-oldest) * time.Millisecond
		return due, err
	})
}
