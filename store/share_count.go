package store

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// countedFor is how long a count of who is here may be taken for good. This server's own changes count at once; those of
	// another one on the same database, and whom time took away, after this at the latest.
	countedFor = time.Second
	// maxCounted bounds how many counts are remembered: some 100 bytes each.
	maxCounted = 10_000
)

// hereCounts remember how many reps are here, by team or portal. To count them takes as long as there are reps in a team, and a
// page of the Share menu shows 50 teams and all portals: of 10,000 reps it took three times as long as of 100.
type hereCounts struct {
	changes atomic.Int64 // moves after each commit by which somebody comes or goes
	mu      sync.Mutex
	known   map[string]hereCount // by countKey
}

type hereCount struct {
	reps    int
	changes int64 // as it stood before they were counted
	until   time.Time
}

// hereView is how one reading of the database asks for counts.
type hereView struct {
	*hereCounts
	changes int64 // as it stood before the reading began: what changed since is not in what it counts
	now     time.Time
}

func (h *hereCounts) view(now time.Time) hereView { return hereView{h, h.changes.Load(), now} }

// all are the counts of all of these keys, if all are known.
func (v hereView) all(keys []string) (map[string]int, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	counts := map[string]int{}
	for _, key := range keys {
		k, found := v.known[key]
		if !found || k.changes != v.hereCounts.changes.Load() || !v.now.Before(k.until) {
			return nil, false
		}
		counts[key] = k.reps
	}
	return counts, true
}

func (v hereView) put(counts map[string]int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil || len(v.known)+len(counts) > maxCounted {
		v.known = map[string]hereCount{}
	}
	for key, n := range counts {
		v.known[key] = hereCount{n, v.changes, v.now.Add(countedFor)}
	}
}

// counted are the counts of these keys: from memory, or by a query that lists keys with their counts.
func (m menu) counted(keys []string, q string, args ...any) (map[string]int, error) {
	if counts, known := m.here.all(keys); known {
		return counts, nil
	}
	counts := map[string]int{}
	for _, key := range keys { // also of those that nobody is in
		counts[key] = 0
	}
	err := m.tx.counts(counts, q, args...)
	if err == nil {
		m.here.put(counts)
	}
	return counts, err
}

// counts reads keys with their counts.
func (t *tx) counts(into map[string]int, q string, args ...any) error {
	return t.rows(q, args, func(scan scanner) error {
		var key string
		var n int
		err := scan(&key, &n)
		into[key] = n
		return err
	})
}

// countTeams fills in how many of each of these teams, a page in the menu's order, stand in the menu: those who are here, but for
// those who are in the session. The asker is in none of them. Each is listed because somebody stands there.
func (m menu) countTeams(teams []desk.ShareTeam) error {
	if len(teams) == 0 {
		return nil
	}
	kind := "invite "
	if m.query.Transfer {
		kind = "transfer "
	}
	keys := []string{}
	for _, t := range teams {
		keys = append(keys, kind+t.Team.ID)
	}
	here, args := repHere(`$2`, `$1`), []any{flag(m.query.Transfer), ms(m.tx.now)}
	counts, err := m.counted(keys, `SELECT $5 || t.id, (SELECT COUNT(*) FROM team_members m JOIN reps r ON r.id = m.rep_id WHERE m.team_id = t.id AND`+here+`) FROM teams t WHERE t.disabled = 0
		AND (t.embassy, t.name, t.id) >= (SELECT f.embassy, f.name, f.id FROM teams f WHERE f.id = $3) AND (t.embassy, t.name, t.id) <= (SELECT l.embassy, l.name, l.id FROM teams l WHERE l.id = $4)`,
		append(args, teams[0].Team.ID, teams[len(teams)-1].Team.ID, kind)...)
	if err != nil {
		return err
	}
	inside := map[string]int{}
	err = m.tx.counts(inside, `SELECT m.team_id, COUNT(*) FROM attendees a JOIN reps r ON r.id = a.rep_id JOIN team_members m ON m.rep_id = r.id
		WHERE a.session_id = $3 AND a.rep_id <> '' AND a.left_at = 0 AND ($1 = 0 OR a.role = 'owner') AND`+here+` GROUP BY m.team_id`, append(args, m.session.ID)...)
	for i, t := range teams {
		teams[i].AvailableCount = max(1, counts[keys[i]]-inside[t.Team.ID])
	}
	return err
}
