package store

import (
	"strings"
	"sync"

	"github.com/repdesk/repdesk/store/desk"
)

// maxLines bounds how many queues' lines are remembered.
const maxLines = 1000

// queueLines remember who is at which place, by queue. To count those ahead of one entry takes as long as the line is, and
// a list shows many; so the line is counted once after each change of the queue, for all who ask.
type queueLines struct {
	mu    sync.Mutex
	known map[string]queueLine
}

type queueLine struct {
	version int64
	places  map[string]int // by entry, the first is 1
}

// line returns the places of those who wait in a queue: the most urgent first, then who came first (D12).
func (t *tx) line(queueID string) (map[string]int, error) {
	version, err := t.queueVersion(queueID)
	if err != nil {
		return nil, err
	}
	if known, found := t.store.lines.get(queueID); found && known.version == version && t.reads {
		return known.places, nil
	}
	places := map[string]int{}
	err = t.rows(`SELECT id FROM queue_entries WHERE queue_id = $1 AND waiting = 1 ORDER BY urgency, entered_at, id`, []any{queueID}, func(scan scanner) error {
		var id string
		err := scan(&id)
		places[id] = len(places) + 1
		return err
	})
	if err == nil && t.reads { // a writing transaction sees changes whose events are not written yet
		t.store.lines.keep(queueID, queueLine{version, places})
	}
	return places, err
}

func (l *queueLines) get(queueID string) (queueLine, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, found := l.known[queueID]
	return line, found
}

func (l *queueLines) keep(queueID string, line queueLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) >= maxLines {
		l.known = map[string]queueLine{}
	}
	l.known[queueID] = line
}

// queueVersion moves with each change of a queue: all of them are told on the topic of those whose queue it is, in the same
// transaction.
func (t *tx) queueVersion(queueID string) (version int64, err error) {
	topic := desk.RepTopic(queueID)
	if strings.HasPrefix(queueID, "team_") {
		topic = desk.TeamTopic(queueID)
	}
	_, err = t.row(`SELECT COALESCE(MAX(pos), 0) FROM events WHERE topic = $1`, []any{topic}, &version)
	return version, err
}
