package store

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// maxLines bounds how many queues' lines are remembered: some 300 bytes each, and 200 for each who waits.
	maxLines = 10_000
	// maxFollowed bounds how many changes a remembered line is brought up to date by; after more it is counted anew.
	maxFollowed = 200
	// lineCountedEvery is when a line is counted anew in any case: well before the log forgets changes.
	lineCountedEvery = time.Hour
)

// queueLines remember who is at which place, by queue. To count those ahead of one entry, or all, takes as long as the line
// is; a list shows many places, and each change of a queue has all its reps ask how many wait. So the line is counted once,
// for all who ask, and follows the queue's changes.
type queueLines struct {
	mu    sync.Mutex
	known map[string]*queueLine
}

// queueLine is those who wait in a queue: the most urgent first, then who came first (D12).
type queueLine struct {
	mu      sync.Mutex
	version int64 // of the queue; -1: never counted
	counted time.Time
	spots   []lineSpot
	byEntry map[string]lineSpot
	entered []int64 // when they entered, the oldest first
	overdue int     // how many of them wait too long
}

// lineSpot is what an entry's place in the line follows from, and whether it waits too long.
type lineSpot struct {
	urgency string
	entered int64
	id      string
	overdue bool
}

func (s lineSpot) compare(o lineSpot) int {
	return cmp.Or(cmp.Compare(s.urgency, o.urgency), cmp.Compare(s.entered, o.entered), cmp.Compare(s.id, o.id))
}

// place is where an entry stands in the line, the first is 1; 0: it does not wait.
func (l *queueLine) place(entryID string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	spot, waits := l.byEntry[entryID]
	if !waits {
		return 0
	}
	at, _ := slices.BinarySearchFunc(l.spots, spot, lineSpot.compare)
	return at + 1
}

// count fills in how many wait, how many of them too long, and since when.
func (l *queueLine) count(q *desk.Queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q.Waiting, q.Overdue, q.WaitingSince = len(l.spots), l.overdue, nil
	if len(l.entered) > 0 {
		q.WaitingSince = desk.TimePtr(l.entered[0])
	}
}

func (l *queueLine) take(entryID string) {
	spot, waits := l.byEntry[entryID]
	if !waits {
		return
	}
	at, _ := slices.BinarySearchFunc(l.spots, spot, lineSpot.compare)
	l.spots = slices.Delete(l.spots, at, at+1)
	delete(l.byEntry, entryID)
	at, _ = slices.BinarySearch(l.entered, spot.entered)
	l.entered = slices.Delete(l.entered, at, at+1)
	l.overdue -= flag(spot.overdue)
}

func (l *queueLine) put(spot lineSpot) {
	at, _ := slices.BinarySearchFunc(l.spots, spot, lineSpot.compare)
	l.spots = slices.Insert(l.spots, at, spot)
	l.byEntry[spot.id] = spot
	at, _ = slices.BinarySearch(l.entered, spot.entered)
	l.entered = slices.Insert(l.entered, at, spot.entered)
	l.overdue += flag(spot.overdue)
}

// line returns the line of a queue as it is now, or later. A writing transaction, which sees changes whose events are not
// written yet, counts for itself.
func (t *tx) line(queueID string) (*queueLine, error) {
	line := &queueLine{version: -1}
	if t.reads {
		line = t.store.lines.of(queueID)
	}
	version, err := t.queueVersion(queueID)
	if err != nil {
		return nil, err
	}
	line.mu.Lock()
	defer line.mu.Unlock()
	due := line.version < 0 || t.now.Sub(line.counted) >= lineCountedEvery
	if !due && line.version < version {
		due, err = t.follow(line, queueID)
	}
	if err == nil && due {
		line.version, err = version, t.countLine(line, queueID)
	}
	if err != nil {
		line.version = -1
		return nil, err
	}
	line.version = max(line.version, version)
	return line, nil
}

func (t *tx) countLine(line *queueLine, queueID string) (err error) {
	line.counted, line.byEntry, line.entered, line.overdue = t.now, map[string]lineSpot{}, nil, 0
	line.spots, err = list(t, `SELECT urgency, entered_at, id, overdue FROM queue_entries WHERE queue_id = $1 AND waiting = 1 ORDER BY urgency, entered_at, id`, []any{queueID},
		func(scan scanner, s *lineSpot) error {
			err := scan(&s.urgency, &s.entered, &s.id, &s.overdue)
			line.byEntry[s.id] = *s
			line.entered = append(line.entered, s.entered)
			line.overdue += flag(s.overdue)
			return err
		})
	slices.Sort(line.entered)
	return err
}

// follow brings a line up to date by what was told of its queue since. It says whether that is too much.
func (t *tx) follow(line *queueLine, queueID string) (tooMuch bool, err error) {
	bodies, err := t.texts(`SELECT body FROM events WHERE topic = $1 AND pos > $2 AND type IN ('queue_entry.added', 'queue_entry.changed', 'queue_entry.removed') ORDER BY pos LIMIT $3`,
		queueTopic(queueID), line.version, maxFollowed+1)
	if err != nil || len(bodies) > maxFollowed {
		return true, err
	}
	for _, body := range bodies {
		var event desk.Event
		if err := json.Unmarshal([]byte(body), &event); err != nil {
			return false, err
		}
		spot := lineSpot{id: event.Entry.ID}
		waits, err := t.row(`SELECT urgency, entered_at, overdue FROM queue_entries WHERE id = $1 AND queue_id = $2 AND waiting = 1`, []any{spot.id, queueID}, &spot.urgency, &spot.entered, &spot.overdue)
		if err != nil {
			return false, err
		}
		if line.take(spot.id); waits {
			line.put(spot)
		}
	}
	return false, nil
}

func (l *queueLines) of(queueID string) *queueLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line := l.known[queueID]; line != nil {
		return line
	}
	if l.known == nil || len(l.known) >= maxLines {
		l.known = map[string]*queueLine{}
	}
	line := &queueLine{version: -1}
	l.known[queueID] = line
	return line
}

// queueVersion moves with each change of a queue: all of them are told on the topic of those whose queue it is, in the same
// transaction.
func (t *tx) queueVersion(queueID string) (version int64, err error) {
	_, err = t.row(`SELECT COALESCE(MAX(pos), 0) FROM events WHERE topic = $1`, []any{queueTopic(queueID)}, &version)
	return version, err
}

// queueTopic is where those read whose queue it is.
func queueTopic(queueID string) string {
	if strings.HasPrefix(queueID, "team_") {
		return desk.TeamTopic(queueID)
	}
	return desk.RepTopic(queueID)
}
