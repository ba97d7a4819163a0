package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// loggedEvent is an event on its way into the log.
type loggedEvent struct {
	topic, except, kind, body string
}

// record has an event written into the log for one topic, as its readers may see it. The reps in except, who read the
// topic too, do not get it: they have an event of their own, or none.
func (t *tx) record(topic string, e desk.Event, except ...string) error {
	e.At = desk.Time(ms(t.now))
	body, err := json.Marshal(e)
	t.events = append(t.events, loggedEvent{topic, strings.Join(except, " "), string(e.Type), string(body)})
	return err
}

// eventsAtOnce is how many events one statement writes: most changes have fewer.
const eventsAtOnce = 8

// writeEvents writes what was recorded, in that order, with as few statements as possible, at the end of the transaction.
func (t *tx) writeEvents() error {
	for events := range slices.Chunk(t.events, eventsAtOnce) {
		args := []any{ms(t.now)}
		for _, e := range events {
			args = append(args, e.topic, e.except, e.kind, e.body)
		}
		if _, err := t.exec(insertEvents[len(events)], args...); err != nil {
			return err
		}
	}
	t.wake.events = len(t.events) > 0
	return nil
}

// insertEvents are the statements that write so many events at once.
var insertEvents = func() (q [eventsAtOnce + 1]string) {
	rows := []string{}
	for n := 1; n <= eventsAtOnce; n++ {
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, $1)", 4*n-2, 4*n-1, 4*n, 4*n+1))
		q[n] = `INSERT INTO events (topic, except_reps, type, body, at) VALUES ` + strings.Join(rows, ", ")
	}
	return q
}()

// Events is what a reader gets: the events after a cursor, the cursor to go on from, and whether more wait.
type Events struct {
	Items  []desk.Event
	Cursor int64
	More   bool
	Grown  bool // the caller came to read more after the cursor; a reset among the items says where, or in those that wait

	encoded [][]byte // the items, where they are the same for all who may read them
}

// JSON is an item as clients get it.
func (e *Events) JSON(i int) ([]byte, error) {
	if i < len(e.encoded) {
		return e.encoded[i], nil
	}
	return json.Marshal(e.Items[i])
}

// Subscription is the view of one reader on the log: the topics that they may read.
type Subscription struct {
	store   *Store
	reader  reader
	woken   chan struct{}
	tell    func()  // in its place
	start   int64   // where the log ended when the subscription began
	topics  topics  // those it is woken for
	follows bool    // Follow was called
	known   *rights // what the reader may read, as long as no rightsMark comes; nil: to be read
	passing bool    // it comes and goes with time
}

// Subscribe makes the caller's view on the log. Of the presence of reps it tells only where the types that the caller wants
// name it. Close it in the end.
func (s *Store) Subscribe(ctx context.Context, c desk.Caller, types ...desk.EventType) (*Subscription, error) {
	return s.subscribe(ctx, reader{caller: c, presence: slices.Contains(types, desk.EventRepPresence)})
}

// SubscribeGuest makes a guest's view on the log. Close it in the end.
func (s *Store) SubscribeGuest(ctx context.Context, g desk.Guest) (*Subscription, error) {
	return s.subscribe(ctx, reader{guest: g})
}

func (s *Store) subscribe(ctx context.Context, r reader) (*Subscription, error) {
	sub := &Subscription{store: s, reader: r, woken: make(chan struct{}, 1)}
	mine, err := read(ctx, s, func(t *tx) (mine rights, err error) {
		if _, sub.start, err = t.logBounds(); err != nil {
			return mine, err
		}
		return t.rightsOf(r, sub.start)
	})
	if err != nil {
		return nil, err
	}
	sub.know(mine)
	s.hub.subscribe(sub, mine)
	s.hub.wakeSince(sub, sub.start)
	return sub, nil
}

// Start is where the log ended when the subscription began: what comes after it wakes the subscription.
func (b *Subscription) Start() int64 { return b.start }

// Woken is signalled when something new may stand in the log for the subscription.
func (b *Subscription) Woken() <-chan struct{} { return b.woken }

// Passing says whether what the reader may read comes and goes with time, as it was last read: nothing tells of that, so the reader
// is to read now and then without being woken.
func (b *Subscription) Passing() bool { return b.passing }

// Close ends the subscription.
func (b *Subscription) Close() { b.store.hub.unsubscribe(b) }

// Read returns up to limit events after the cursor, of the given types (none: all), by the rights of this moment. A
// cursor that is too old, or was never given, is refused with cursor_too_old.
func (b *Subscription) Read(ctx context.Context, after int64, types []desk.EventType, limit int) (Events, error) {
	return b.read(ctx, query{after: after, types: types, limit: limit})
}

// ReadLatest is Read for a reader who wants to know how things are, and not each step there: who is behind gets of several
// changes of one object, with nothing else of it in between, the last (desk.LatestOnly). Who keeps up gets each.
func (b *Subscription) ReadLatest(ctx context.Context, after int64, limit int) (Events, error) {
	if events, ok, err := b.readTail(ctx, after); ok || err != nil {
		return events, err
	}
	return b.read(ctx, query{after: after, limit: limit, latest: true})
}

func (b *Subscription) read(ctx context.Context, q query) (Events, error) {
	q.caller, b.known = b.reader.caller, nil
	events, err := read(ctx, b.store, func(t *tx) (_ Events, err error) {
		if q.mine, err = t.rightsOf(b.reader, q.after); err != nil {
			return Events{}, err
		}
		var first int64
		if first, q.last, err = t.logBounds(); err != nil {
			return Events{}, err
		}
		if q.after < first-1 || q.after > q.last {
			return Events{}, cursorRefused(q.after, first, q.last)
		}
		return t.readLog(q)
	})
	if err == nil {
		b.store.hub.subscribe(b, q.mine)
		b.store.hub.wakeSince(b, q.last)
		b.know(q.mine)
	}
	return events, err
}

// The reasons why everything has to be loaded anew: that a cursor is refused, in the refusal's conflict, or of a reset.
const (
	CursorTooOld  = "cursor_too_old" // what came after it is not kept any more
	CursorUnknown = "cursor_unknown" // it was never given here: another database, or an older copy of this one
	RightsChanged = "rights_changed" // the reader may read more, or reads other names, than what was loaded
)

func cursorRefused(after, first, last int64) *desk.Problem {
	p := desk.Refuse(desk.CursorTooOld, "Events after %d are not kept here; they begin at %d and end at %d.", after, first, last)
	p.Conflict = &desk.Conflict{Kind: "event", ID: fmt.Sprint(after), Reason: CursorTooOld}
	if after > last {
		p.Conflict.Reason = CursorUnknown
	}
	return p
}

// LastEvent is the position at which the log stands.
func (s *Store) LastEvent(ctx context.Context) (int64, error) {
	return read(ctx, s, func(t *tx) (int64, error) {
		_, last, err := t.logBounds()
		return last, err
	})
}

// logBounds returns the first position still kept and the last one given. The mark stands in the settings, so that
// the log can be emptied by age and still be told from one that lost its memory.
func (t *tx) logBounds() (first, last int64, err error) {
	var kept string
	if _, err = t.row(`SELECT COALESCE((SELECT value FROM settings WHERE name = 'events_kept_after'), '0'), (SELECT COALESCE(MAX(pos), 0) FROM events)`, nil, &kept, &last); err != nil {
		return 0, 0, err
	}
	if _, err = fmt.Sscan(kept, &first); err != nil {
		return 0, 0, fmt.Errorf("read setting events_kept_after: %w", err)
	}
	return first + 1, max(last, first), nil
}

// query is one reading of the log.
type query struct {
	caller      desk.Caller
	mine        rights
	after, last int64
	types       []desk.EventType
	limit       int
	latest      bool // of changes of one object the last is enough
}

// statement reads the topics, and the types where some are asked for, and the reader's marks, merged by position.
func (q query) statement() (string, []any) {
	args := []any{q.after, q.limit + 1}
	marks := func(texts []string) string {
		list := []string{}
		for _, text := range texts {
			args = append(args, text)
			list = append(list, fmt.Sprintf("$%d", len(args)))
		}
		return strings.Join(list, ", ")
	}
	where := `topic IN (` + marks(append(slices.Sorted(maps.Keys(q.mine.topics)), q.mine.marks)) + `)`
	if len(q.types) > 0 {
		names := []string{rightsKind}
		for _, one := range q.types {
			names = append(names, string(one))
		}
		where += ` AND type IN (` + marks(names) + `)`
	}
	return `SELECT pos, topic, except_reps, body, at FROM events WHERE ` + where + ` AND pos > $1 ORDER BY pos LIMIT $2`, args
}

// readAtOnce is how many bytes of events are read at once, and one event more: what a reader that takes nothing holds in memory
// follows from it. It is room for some 200 common events, and for one long chat message after the other.
const readAtOnce = 128 << 10

// readLog reads the log once. The cursor it returns is the last event's where more wait, else the end of the log, so
// that a reader of few events does not fall behind.
func (t *tx) readLog(q query) (Events, error) {
	events := Events{Items: []desk.Event{}, Cursor: q.last, Grown: q.mine.grown}
	if len(q.mine.topics) == 0 {
		return events, nil
	}
	statement, args := q.statement()
	seen, size := 0, 0
	err := t.rows(statement, args, func(scan scanner) error {
		var pos, at int64
		var topic, except, body string
		if err := scan(&pos, &topic, &except, &body, &at); err != nil {
			return err
		}
		if seen++; seen > q.limit || size >= readAtOnce {
			events.More = true
			return nil
		}
		size += len(body)
		events.Cursor = pos
		var event desk.Event
		var err error
		switch {
		case topic == q.mine.marks:
			var mark rightsMark
			if mark, err = parseMark(pos, body); err != nil || !q.mine.grows(mark, q.caller.ConsoleID) {
				return err
			}
			event = desk.Event{ID: pos, Type: desk.EventReset, At: desk.Time(at), Reason: RightsChanged}
		case !q.shows(pos, topic, except):
			return nil
		default:
			event, err = parseEvent(pos, body)
		}
		events.Items = append(events.Items, event)
		return err
	})
	if !events.More {
		events.Cursor = q.last
	}
	if err == nil {
		// Each queue.changed would show the queue as it is now, and what grows often grows in several ways at once.
		latest := q.latest && len(events.Items) > desk.Behind
		events.Items = desk.LatestOnly(events.Items, func(kind desk.EventType) bool {
			return latest || kind == desk.EventQueueChanged || kind == desk.EventReset
		})
		events.Items, err = t.showQueues(q.caller, events.Items)
	}
	if err == nil {
		events.Items, err = t.hidePresences(q.caller, q.mine.embassy, events.Items)
	}
	if err != nil || !q.mine.embassy {
		return events, err
	}
	o, err := t.outlook(q.caller.RepID)
	for i := range events.Items {
		events.Items[i].SeenThrough(o)
	}
	return events, errors.Join(err, t.err)
}

// shows says whether the reader gets what the log holds at a position.
func (q *query) shows(pos int64, topic, except string) bool {
	return q.mine.theirs(topic, pos) && !slices.Contains(strings.Fields(except), q.caller.RepID)
}

func parseEvent(pos int64, body string) (event desk.Event, err error) {
	if err := json.Unmarshal([]byte(body), &event); err != nil {
		return event, fmt.Errorf("read event %d: %w", pos, err)
	}
	event.ID = pos
	return event, nil
}

// keepEventsAfter notes that the log begins after a position, unless it begins later already: the mark of a copy stands
// above what was copied.
func (t *tx) keepEventsAfter(pos int64) error {
	first, _, err := t.logBounds()
	if err != nil || pos < first {
		return err
	}
	_, err = t.exec(`INSERT INTO settings (name, value) VALUES ('events_kept_after', $1) ON CONFLICT (name) DO UPDATE SET value = $1`, fmt.Sprint(pos))
	return err
}

// forgetEvents removes some of what is older than the setting says, from the beginning of the log on: an index by age would
// cost every change more than this costs once an hour.
func (t *tx) forgetEvents() (more bool, err error) {
	var last int64
	if _, err := t.row(`SELECT COALESCE(MAX(pos), 0) FROM (SELECT pos, at FROM events ORDER BY pos LIMIT $1) AS oldest WHERE at < $2`,
		[]any{forgottenAtOnce, ms(t.now.Add(-t.store.cfg.KeepEvents))}, &last); err != nil || last == 0 {
		return false, err
	}
	if err := t.keepEventsAfter(last); err != nil {
		return false, err
	}
	_, err = t.exec(`DELETE FROM events WHERE pos <= $1`, last)
	return true, err
}
