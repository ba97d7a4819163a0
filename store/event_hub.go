package store

import (
	"context"
	"maps"
	"sync"
	"time"
)

// pollLog is how often the log is looked at for what other processes wrote: servers on the same database, an import.
const pollLog = 250 * time.Millisecond

// hub tells subscriptions that the log has grown. It reads the new rows once and wakes only those whose topics they
// touch; each then reads for itself, so that live events and replayed ones are one code path.
type hub struct {
	store *Store
	grown chan struct{}
	last  int64
	mu    sync.Mutex
	subs  map[string]map[*Subscription]bool // by topic
}

func newHub(ctx context.Context, s *Store) (*hub, error) {
	h := &hub{store: s, grown: make(chan struct{}, 1), subs: map[string]map[*Subscription]bool{}}
	var err error
	h.last, err = s.LastEvent(ctx)
	return h, err
}

func (h *hub) wake() {
	select {
	case h.grown <- struct{}{}:
	default:
	}
}

func (h *hub) subscribe(b *Subscription, r rights) {
	mine := maps.Clone(r.topics)
	if r.marks != "" {
		mine[r.marks] = 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if maps.Equal(b.topics, mine) {
		return
	}
	h.remove(b)
	b.topics = mine
	for topic := range mine {
		if h.subs[topic] == nil {
			h.subs[topic] = map[*Subscription]bool{}
		}
		h.subs[topic][b] = true
	}
}

func (h *hub) unsubscribe(b *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(b)
}

func (h *hub) remove(b *Subscription) {
	for topic := range b.topics {
		delete(h.subs[topic], b)
		if len(h.subs[topic]) == 0 {
			delete(h.subs, topic)
		}
	}
}

func (h *hub) run(ctx context.Context) {
	poll := time.NewTicker(pollLog)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.grown:
		case <-poll.C:
		}
		if err := h.dispatch(ctx); err != nil && ctx.Err() == nil {
			h.store.log.Error("read the event log", "error", err)
		}
	}
}

func (h *hub) dispatch(ctx context.Context) error {
	last := h.last
	topics, err := lookUp(ctx, h.store, func(t *tx) ([]string, error) {
		return list(t, `SELECT pos, topic FROM events WHERE pos > $1 ORDER BY pos`, []any{h.last},
			func(scan scanner, topic *string) error { return scan(&last, topic) })
	})
	if err != nil {
		return err
	}
	h.last = last
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, topic := range topics {
		for b := range h.subs[topic] {
			select {
			case b.woken <- struct{}{}:
			default: // awake already
			}
		}
	}
	return nil
}
