package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
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
	last  int64 // written under mu, by run alone
	mu    sync.Mutex
	subs  map[string]map[*Subscription]bool // by topic
	tail  []*logRow                         // all that the log holds after the position after, up to last; never changed in place
	after int64                             // the position before the tail
}

// logRow is an event as the log holds it.
type logRow struct {
	pos                 int64
	topic, except, body string
	parse               func() (desk.Event, error) // once, however many read it
}

func newHub(ctx context.Context, s *Store) (*hub, error) {
	h := &hub{store: s, grown: make(chan struct{}, 1), subs: map[string]map[*Subscription]bool{}}
	var err error
	h.last, err = s.LastEvent(ctx)
	h.after = h.last
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
			return list(t, `SELECT pos, topic, except_reps, body FROM events WHERE pos > $1 ORDER BY pos LIMIT $2`, []any{h.last, dispatchedAtOnce}, scanLogRow)
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
	r.parse = sync.OnceValues(func() (desk.Event, error) { return parseEvent(r.pos, r.body) })
	return scan(&r.pos, &r.topic, &r.except, &r.body)
}

func (h *hub) append(rows []*logRow) {
	if len(rows) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = rows[len(rows)-1].pos
	h.tail = append(h.tail, rows...)
	if n := len(h.tail) - tailLength; n > 0 {
		h.after = h.tail[n-1].pos
		h.tail = slices.Clone(h.tail[n:]) // the old array goes with its last reader
	}
	for _, row := range rows {
		for b := range h.subs[row.topic] {
			select {
			case b.woken <- struct{}{}:
			default: // awake already
			}
		}
	}
}

// since returns the rows after a position, and the last position, if all of these rows are in memory.
func (h *hub) since(after int64) (rows []*logRow, last int64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if after < h.after || after > h.last {
		return nil, 0, false
	}
	from, _ := slices.BinarySearchFunc(h.tail, after+1, func(row *logRow, pos int64) int { return cmp.Compare(row.pos, pos) })
	return h.tail[from:], h.last, true
}

// Follow says that the subscription is read whenever it is woken. From then on ReadLatest gives what it was woken for, and
// not what was written since, for which it will be woken again: so of many who read one event each need not read the log.
func (b *Subscription) Follow() { b.follows = true }

// readTail is ReadLatest from memory, up to where the hub stands, by the rights of this moment all the same. It leaves to
// the log whatever needs more than these rows: who is behind, or whose rights became others, queues, which are read anew for
// each, presence, and what embassy reps see. What it returns is shared, and not to be changed.
func (b *Subscription) readTail(ctx context.Context, after int64) (_ Events, ok bool, _ error) {
	if !b.follows || b.reader.guest.AttendeeID != "" || b.reader.presence {
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
	events, q := Events{Items: []desk.Event{}, Cursor: last}, query{caller: b.reader.caller, mine: mine}
	for _, row := range rows {
		if row.topic == mine.marks {
			return Events{}, false, nil
		}
		if !q.shows(row.pos, row.topic, row.except) {
			continue
		}
		event, err := row.parse()
		// What comes after the rights have grown is read by those of now: an embassy rep's may show less.
		if err != nil || event.Type == desk.EventQueueChanged || growsRights(event) || len(events.Items) == desk.Behind {
			return Events{}, false, err
		}
		events.add(event)
	}
	b.store.hub.subscribe(b, mine)
	return events, true, nil
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
	}
	return mine, err
}

// know keeps a follower's rights, as they are and have been since the position that they were read for.
func (b *Subscription) know(mine rights) {
	if b.follows && !mine.passing && !mine.grown && len(mine.ends) == 0 {
		b.known = &mine
	}
}
