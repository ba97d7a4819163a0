package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/repdesk/repdesk/store/desk"
)

// Queues lists the caller's queues: their own, then those of their teams by name (D1). Who is no rep, and may see all
// sessions, is shown the queues of all teams.
func (s *Store) Queues(ctx context.Context, c desk.Caller) ([]desk.Queue, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Queue, error) { return t.queuesOf(c, "") })
}

// queuesOf are the queues of a rep, or the one of them that is named.
func (t *tx) queuesOf(c desk.Caller, only string) ([]desk.Queue, error) {
	queues := []desk.Queue{}
	if c.IsRep() && (only == "" || only == desk.PersonalQueue) {
		personal, err := t.personalQueue(c)
		if err != nil {
			return nil, err
		}
		queues = append(queues, personal)
	}
	mine := `SELECT t.id, t.name, t.persistent, m.favourite FROM team_members m JOIN teams t ON t.id = m.team_id
		WHERE m.rep_id = $1 AND t.disabled = 0 AND ($2 = '' OR t.id = $2) ORDER BY t.name, t.id`
	if !c.IsRep() {
		mine = `SELECT t.id, t.name, t.persistent, 0 FROM teams t WHERE $1 <> '' AND t.disabled = 0 AND ($2 = '' OR t.id = $2) ORDER BY t.name, t.id`
	}
	teams, err := list(t, mine, []any{c.RepID, only}, func(scan scanner, q *desk.Queue) error {
		q.Kind = "team"
		return scan(&q.ID, &q.Name, &q.Persistent, &q.Favourite)
	})
	if err != nil {
		return nil, err
	}
	if err := t.countTeamQueues(c, teams); err != nil {
		return nil, err
	}
	return append(queues, teams...), nil
}

// personalQueue is the rep's own, with what portals offer.
func (t *tx) personalQueue(c desk.Caller) (desk.Queue, error) {
	q := desk.Queue{ID: desk.PersonalQueue, Kind: "personal", Name: c.Name}
	line, err := t.line(c.RepID)
	if err != nil {
		return q, err
	}
	line.count(&q)
	if _, err := t.row(`SELECT COALESCE(SUM(CASE WHEN invitation_id = '' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN invitation_id = '' THEN 0 ELSE 1 END), 0)
		FROM queue_entries WHERE queue_id = $1 AND waiting = 0`, []any{c.RepID}, &q.Current, &q.Invitations); err != nil {
		return q, err
	}
	offers, err := t.portalOffers(c)
	q.Invitations += len(offers)
	return q, err
}

// portalOffers are the ids of the invitations of portals that stand in a rep's personal queue.
func (t *tx) portalOffers(c desk.Caller) ([]string, error) {
	return t.texts(`SELECT a.id FROM invitations a WHERE a.id IN (`+portalInvitations(`$1`, `$2`, `$3`)+`) `+openToRep, c.RepID, ms(t.now), c.ConsoleID)
}

// countTeamQueues fills in what stands in the queues of teams, and what of their chats is unread.
func (t *tx) countTeamQueues(c desk.Caller, teams []desk.Queue) error {
	at := map[string]*desk.Queue{}
	for i := range teams {
		at[teams[i].ID] = &teams[i]
	}
	unread, err := t.unreadTeamChat(c.RepID)
	if err != nil {
		return err
	}
	for id, q := range at {
		q.UnreadChat = unread[id]
		line, err := t.line(id)
		if err != nil {
			return err
		}
		line.count(q)
	}
	return t.rows(`SELECT a.team_id, COUNT(*) FROM team_members m JOIN invitations a ON a.team_id = m.team_id AND a.team_id <> '' AND a.state = 'active'
		WHERE m.rep_id = $1 `+openToRep+` GROUP BY a.team_id`, []any{c.RepID}, func(scan scanner) error {
		var id string
		var n int
		err := scan(&id, &n)
		if q := at[id]; q != nil {
			q.Invitations = n
		}
		return err
	})
}

// queueCounts are the queues whose counts changed since that was last told.
type queueCounts struct {
	mu    sync.Mutex
	dirty map[string]bool
}

func (q *queueCounts) changed(ids map[string]bool) {
	if len(ids) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dirty == nil {
		q.dirty = map[string]bool{}
	}
	maps.Copy(q.dirty, ids)
}

func (q *queueCounts) take() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	ids := slices.Sorted(maps.Keys(q.dirty))
	q.dirty = nil
	return ids
}

// TellQueues tells of the queues whose counts changed. The housekeeping calls it every few seconds: a busy queue changes
// many times in between, and its entries' own events come at once. The event names the queue alone; each reader gets the
// queue as it is at that moment, with what is theirs of it (showQueues).
func (s *Store) TellQueues(ctx context.Context) error {
	ids := s.counts.take()
	if len(ids) == 0 {
		return nil
	}
	err := alter(ctx, s, func(t *tx) error {
		for _, id := range ids {
			if err := t.queueCountsChanged(id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.counts.changed(mapOf(ids))
	}
	return err
}

// untoldWithin is how many events at the end of the log a start looks at for queues of which is still to be told: those of some
// seconds of a busy desk, since they are told every few.
const untoldWithin = 10_000

// findUntoldQueues notes the queues that changed after their counts were last told: a server that was killed did not come to it.
func (s *Store) findUntoldQueues(ctx context.Context) error {
	topics, err := lookUp(ctx, s, func(t *tx) ([]string, error) {
		return t.texts(`SELECT topic FROM events WHERE pos > (SELECT COALESCE(MAX(pos), 0) FROM events) - $1 GROUP BY topic
			HAVING MAX(CASE WHEN type IN ('queue_entry.added', 'queue_entry.changed', 'queue_entry.removed') THEN pos ELSE 0 END) > MAX(CASE WHEN type = 'queue.changed' THEN pos ELSE 0 END)`, untoldWithin)
	})
	ids := map[string]bool{}
	for _, topic := range topics {
		_, id, _ := strings.Cut(topic, ":")
		ids[id] = true
	}
	s.counts.changed(ids)
	return err
}

func mapOf(ids []string) map[string]bool {
	set := map[string]bool{}
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// queueCountsChanged tells the rep or the team whose queue it is. What portals offer counts in too many personal
// queues: that it comes and goes is told entry by entry, as the contract says.
func (t *tx) queueCountsChanged(id string) error {
	switch {
	case strings.HasPrefix(id, "team_"):
		return t.record(desk.TeamTopic(id), desk.Event{Type: desk.EventQueueChanged, QueueID: id, TeamID: id})
	case strings.HasPrefix(id, "rep_"):
		return t.record(desk.RepTopic(id), desk.Event{Type: desk.EventQueueChanged, QueueID: desk.PersonalQueue})
	}
	return nil
}

// showQueues gives each queue.changed that a rep reads the queue as it is now.
func (t *tx) showQueues(c desk.Caller, events []desk.Event) ([]desk.Event, error) {
	kept := events[:0]
	for _, e := range events {
		if e.Type == desk.EventQueueChanged {
			queues, err := t.queuesOf(c, e.QueueID)
			if err != nil {
				return nil, err
			}
			if len(queues) == 0 { // no longer theirs
				continue
			}
			e.Queue = &queues[0]
		}
		kept = append(kept, e)
	}
	return kept, nil
}

// fillQueues puts into queues what stood there before the desk kept entries of them, once.
func (s *Store) fillQueues(ctx context.Context) error {
	return alter(ctx, s, func(t *tx) error {
		first, err := t.exec(`INSERT INTO settings (name, value) VALUES ('queues_filled', 'yes') ON CONFLICT (name) DO NOTHING`)
		if err != nil || first == 0 {
			return err
		}
		if err := t.fillKeys(`SELECT id, title, '', '' FROM issues`, `UPDATE issues SET title_key = $1 WHERE id = $4 AND $2 = '' AND $3 = ''`); err != nil {
			return err
		}
		open, err := t.texts(`SELECT id FROM sessions WHERE state = 'waiting' UNION SELECT id FROM sessions WHERE state = 'active' ORDER BY id`)
		for _, id := range open {
			if err == nil {
				err = t.fillKeys(`SELECT id, customer_name, company, language FROM sessions WHERE id = $1`, `UPDATE sessions SET customer_key = $1, company_key = $2, language_key = $3 WHERE id = $4`, id)
			}
			t.touchQueues(id, desk.Ref{}, "")
		}
		if err != nil {
			return err
		}
		if err := t.settleQueues(); err != nil {
			return err
		}
		// They stand there since they came, and not since the upgrade (D4).
		_, err = t.exec(`UPDATE queue_entries SET entered_at = COALESCE((SELECT v.created_at FROM invitations v WHERE v.id = queue_entries.invitation_id),
			(SELECT CASE s.state WHEN 'waiting' THEN s.created_at ELSE s.accepted_at END FROM sessions s WHERE s.id = queue_entries.session_id))`)
		return err
	})
}

// fillKeys gives rows their sort keys. The query lists ids with three texts each.
func (t *tx) fillKeys(q, update string, args ...any) error {
	type texts struct{ id, first, second, third string }
	rows, err := list(t, q, args, func(scan scanner, r *texts) error { return scan(&r.id, &r.first, &r.second, &r.third) })
	for _, r := range rows {
		if err == nil {
			_, err = t.exec(update, sortKey(r.first), sortKey(r.second), sortKey(r.third), r.id)
		}
	}
	return err
}

// queueChanged tells all consoles of a rep that a team's queue shows itself otherwise to them: its unread chat, or the
// mark that they put on it (D6).
func (t *tx) queueChanged(repID, teamID string) error {
	return t.record(desk.RepTopic(repID), desk.Event{Type: desk.EventQueueChanged, QueueID: teamID, TeamID: teamID})
}
