package store

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// tailLength is how much of the log's end is kept in memory, in events: more than come in the time that a woken reader
	// takes to read them.
	tailLength = 2000
	// dispatchedAtOnce is how many events one statement reads.
	dispatchedAtOnce = 500
)

// hub tells subscriptions that the log has grown. It reads the new rows once, keeps the last of them, and wakes only those
// whose topics they touch; each then reads for itself, by its rights of that moment, from these rows where it follows the
// log and from the log itself otherwise.
type hub struct {
	store *Store
	grown chan struct{}
	mu    sync.Mutex
	subs  map[string]map[*Subscription]bool // by topic
	tail  atomic.Pointer[tail]              // written under mu, by run alone
}

// tail is all that the log holds after one position, up to another, as it was when it was taken.
type tail struct {
	rows        []*logRow
	after, last int64
}

// logRow is an event as the log holds it.
type logRow struct {
	pos                 int64
	topic, except, body string
	told                func() (Events, error) // to whoever may read it: parsed and encoded once, however many they are
}

func newHub(ctx context.Context, s *Store) (*hub, error) {
	h := &hub{store: s, grown: make(chan struct{}, 1), subs: map[string]map[*Subscription]bool{}}
	last, err := s.LastEvent(ctx)
	h.tail.Store(&tail{after: last, last: last})
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

// wakeSince wakes a subscription that may have come too late for what stands after a position.
func (h *hub) wakeSince(b *Subscription, after int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tail.Load().last > after {
		b.wake()
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
	poll := time.NewTicker(h.store.dialect.pollLog)
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

// dispatch reads what is new and wakes those whom it concerns.
func (h *hub) dispatch(ctx context.Context) error {
	for {
		rows, err := lookUp(ctx, h.store, func(t *tx) ([]*logRow, error) {
			return list(t, `SELECT pos, topic, except_reps, body FROM events WHERE pos > $1 ORDER BY pos LIMIT $2`, []any{h.tail.Load().last, dispatchedAtOnce}, scanLogRow)
		})
		if err != nil {
			return err
		}
		h.append(rows)
		if len(rows) < dispatchedAtOnce {
			return nil
		}
	}
}

func scanLogRow(scan scanner, row **logRow) error {
	r := &logRow{}
	*row = r
	r.told = sync.OnceValues(func() (Events, error) {
		event, err := parseEvent(r.pos, r.body)
		if err != nil {
			return Events{}, err
		}
		body, err := json.Marshal(event)
		return Events{Items: []desk.Event{event}, encoded: [][]byte{body}}, err
	})
	return scan(&r.pos, &r.topic, &r.except, &r.body)
}

func (h *hub) append(rows []*logRow) {
	if len(rows) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := *h.tail.Load()
	now.last = rows[len(rows)-1].pos
	now.rows = append(now.rows, rows...) // after what readers of the former tail see
	if n := len(now.rows) - tailLength; n > 0 {
		now.after = now.rows[n-1].pos
		now.rows = slices.Clone(now.rows[n:]) // the old array goes with its last reader
	}
	h.tail.Store(&now)
	for _, row := range rows {
		for b := range h.subs[row.topic] {
			b.wake()
		}
	}
}

// since returns the rows after a position, and the last position, if all of these rows are in memory.
func (h *hub) since(after int64) (rows []*logRow, last int64, ok bool) {
	now := h.tail.Load()
	if after < now.after || after > now.last {
		return nil, 0, false
	}
	from, _ := slices.BinarySearchFunc(now.rows, after+1, func(row *logRow, pos int64) int { return cmp.Compare(row.pos, pos) })
	return now.rows[from:], now.last, true
}

// Follow says that the subscription is read whenever it is woken. From then on ReadLatest gives what it was woken for, and
// not what was written since, for which it will be woken again: so of many who read one event each need not read the log.
// tell, if there is one, is called in place of a signal on Woken; it must neither wait nor use the subscription.
func (b *Subscription) Follow(tell func()) {
	b.store.hub.mu.Lock()
	defer b.store.hub.mu.Unlock()
	b.follows, b.tell = true, tell
	select {
	case <-b.woken:
		b.wake()
	default:
	}
}

// wake is called with the hub locked.
func (b *Subscription) wake() {
	if b.tell != nil {
		b.tell()
		return
	}
	select {
	case b.woken <- struct{}{}:
	default: // awake already
	}
}

// readTail is ReadLatest from memory, up to where the hub stands, by the rights of this moment all the same. It leaves to
// the log whatever needs more than these rows: who is behind, or whose rights became others, queues, which are read anew for
// each, presence, and what embassy reps see. What it returns is shared, and not to be changed.
func (b *Subscription) readTail(ctx context.Context, after int64) (_ Events, ok bool, _ error) {
	if !b.follows || after < b.start || b.reader.guest.AttendeeID != "" || b.reader.presence {
		return Events{}, false, nil
	}
	rows, last, ok := b.store.hub.since(after)
	if !ok {
		return Events{}, false, nil
	}
	mine, err := b.knownRights(ctx, after)
	if err != nil || mine.embassy || mine.grown || len(mine.ends) > 0 {
		return Events{}, false, err
	}
	events, q := Events{}, query{caller: b.reader.caller, mine: mine}
	for _, row := range rows {
		if row.topic == mine.marks { // what comes after it is read by the rights of now: an embassy rep's may show less
			return Events{}, false, nil
		}
		if !q.shows(row.pos, row.topic, row.except) {
			continue
		}
		told, err := row.told()
		if err != nil || told.Items[0].Type == desk.EventQueueChanged || len(events.Items) == desk.Behind {
			return Events{}, false, err
		}
		events.Items, events.encoded = joined(events.Items, told.Items), joined(events.encoded, told.encoded)
	}
	events.Cursor = last
	return events, true, nil
}

// joined is both, and the second itself where the first is empty, as it is for most who are told something.
func joined[T any](first, second []T) []T {
	if len(first) == 0 {
		return second[:len(second):len(second)]
	}
	return append(first, second...)
}

// knownRights returns a follower's rights to what comes after a position. Once read they hold until a rightsMark of theirs
// stands in the log, except where they come and go with time: with another console's log-in to a portal.
func (b *Subscription) knownRights(ctx context.Context, after int64) (rights, error) {
	if b.known != nil {
		return *b.known, nil
	}
	mine, err := lookUp(ctx, b.store, func(t *tx) (rights, error) { return t.rightsOf(b.reader, after) })
	if err == nil {
		b.know(mine)
		b.store.hub.subscribe(b, mine)
		b.store.hub.wakeSince(b, after)
	}
	return mine, err
}

// know keeps the reader's rights, as they are and have been since the position that they were read for.
func (b *Subscription) know(mine rights) {
	b.passing = mine.passing
	if !mine.passing && !mine.grown && len(mine.ends) == 0 {
		b.known = &mine
	}
}
