package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// Why a waiting session leaves a queue, or is told of, by itself.
const (
	reasonOverdue   = "overdue"      // it waits longer than the team's rule allows
	reasonOverflow  = "overflow"     // for that it went to the overflow team
	reasonFallback  = "fallback"     // nobody of its queue was there, so it went to the fallback team
	reasonRuleMoved = "rule_changed" // the team's rule allows more time now
)

// waitingDue lists the sessions on which a waiting rule takes effect (D10).
func (t *tx) waitingDue() ([]func(*tx) error, error) {
	type waits struct{ entry, session string }
	entries, err := list(t, `SELECT id, session_id FROM queue_entries WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at, id`, []any{ms(t.now)},
		func(scan scanner, w *waits) error { return scan(&w.entry, &w.session) })
	due := []func(*tx) error{}
	for _, w := range entries {
		due = append(due, func(t *tx) error { return t.lookAfterWaiting(w.entry, w.session) })
	}
	return due, err
}

// lookAfterWaiting does what the team's waiting rule says of a session that waits too long: it goes to the overflow team,
// or is overdue.
func (t *tx) lookAfterWaiting(entryID, sessionID string) error {
	s, err := t.lockedSession(sessionID)
	if err != nil {
		return err
	}
	due, err := t.exists(`SELECT 1 FROM queue_entries WHERE id = $1 AND due_at > 0 AND due_at <= $2`, entryID, ms(t.now))
	if err != nil || !due || s.State != desk.SessionWaiting {
		return err
	}
	rule, err := t.waitingRule(idOf(s.QueueTeam), "")
	if err != nil {
		return err
	}
	facts := desk.OverflowFacts{}
	if facts.Visited, err = t.exists(`SELECT 1 FROM queue_visits WHERE session_id = $1 AND team_id = $2`, s.ID, rule.OverflowTeam); err == nil {
		facts.There, err = t.somebodyAt(home{teamID: rule.OverflowTeam}, "")
	}
	switch {
	case err != nil:
		return err
	case rule.Moves(facts):
		_, err := t.requeue(s, queueMove{to: home{teamID: rule.OverflowTeam}, reason: reasonOverflow, cameBy: desk.CameByWaitingRule})
		return err
	}
	return t.setOverdue(entryID)
}

// dueIn is when a team's waiting rule takes effect on a session that comes into its queue now; 0: never. Whoever changes the
// rule waits for this transaction, or it for theirs: no session slips in between.
func (t *tx) dueIn(teamID string) (int64, error) {
	rule, err := t.waitingRule(teamID, t.forShare())
	if err != nil || rule.Action == "" {
		return 0, err
	}
	return ms(rule.DueAt(t.now)), nil
}

// waitingRule is that of a team; without one its action is empty.
func (t *tx) waitingRule(teamID, lock string) (rule desk.WaitingRule, err error) {
	var text string
	if _, err = t.row(`SELECT waiting FROM teams WHERE id = $1`+lock, []any{teamID}, &text); err != nil || text == "" {
		return rule, err
	}
	return rule, json.Unmarshal([]byte(text), &rule)
}

// setOverdue tells the team, once, that a session waits too long.
func (t *tx) setOverdue(entryID string) error {
	if _, err := t.exec(`UPDATE queue_entries SET due_at = 0 WHERE id = $1`, entryID); err != nil {
		return err
	}
	if now, err := t.exec(`UPDATE queue_entries SET overdue = 1, rev = rev + 1 WHERE id = $1 AND overdue = 0`, entryID); err != nil || now == 0 {
		return err
	}
	if err := t.tellEntries(reasonOverdue, `e.id = $1`, entryID); err != nil {
		return err
	}
	return t.pushOverdue(entryID)
}

// tellEntries tells those in whose queues they stand that entries are others than they were.
func (t *tx) tellEntries(reason, condition string, args ...any) error {
	entries, err := list(t, entryColumns+` WHERE `+condition+` ORDER BY e.id`, args, scanEntry)
	for _, e := range entries {
		if err == nil {
			err = t.tellEntry(desk.EventEntryChanged, e, queueTouch{reason: reason})
		}
	}
	return err
}

// waitingRuleChanged lets a team's new rule count for the sessions that stand in its queue, from when they entered. One that
// was overdue is not any more where the rule allows more time now, or is gone; where it overflows now, that is tried.
func (t *tx) waitingRuleChanged(teamID string) error {
	rule, err := t.waitingRule(teamID, "")
	if err != nil {
		return err
	}
	after := rule.DueAt(time.UnixMilli(0)).UnixMilli()
	const longer = `queue_id = $1 AND waiting = 1 AND overdue = 1 AND (CAST($2 AS BIGINT) = 0 OR entered_at + CAST($2 AS BIGINT) > $3)`
	relieved, err := t.texts(`SELECT id FROM queue_entries WHERE `+longer+` ORDER BY id`, teamID, after, ms(t.now))
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE queue_entries SET overdue = 0, rev = rev + 1 WHERE `+longer, teamID, after, ms(t.now)); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE queue_entries SET due_at = CASE WHEN CAST($2 AS BIGINT) = 0 OR overdue = 1 AND $3 = 'overdue' THEN 0 ELSE entered_at + CAST($2 AS BIGINT) END WHERE queue_id = $1 AND waiting = 1`,
		teamID, after, string(rule.Action)); err != nil {
		return err
	}
	for _, id := range relieved {
		if err := t.tellEntries(reasonRuleMoved, `e.id = $1`, id); err != nil {
			return err
		}
	}
	return nil
}

// desertedQueues are the queues of reps and teams in which customers wait and nobody is logged in, nor are they those of a
// persistent team; a disabled rep or team is nobody. The queues are found one after the other by the index, however many
// entries each has.
const desertedQueues = `WITH RECURSIVE due (id) AS (SELECT MIN(queue_id) FROM queue_entries
	UNION ALL SELECT (SELECT MIN(e.queue_id) FROM queue_entries e WHERE e.queue_id > due.id) FROM due WHERE due.id IS NOT NULL)
	SELECT due.id FROM due WHERE due.id IS NOT NULL AND EXISTS (SELECT 1 FROM queue_entries w WHERE w.queue_id = due.id AND w.waiting = 1)
	AND NOT EXISTS (SELECT 1 FROM reps r WHERE r.id = due.id AND r.disabled = 0 AND r.logged_in_until > $1)
	AND NOT EXISTS (SELECT 1 FROM teams t WHERE t.id = due.id AND t.disabled = 0 AND (t.persistent = 1
		OR EXISTS (SELECT 1 FROM team_members m JOIN reps r ON r.id = m.rep_id WHERE m.team_id = t.id AND r.disabled = 0 AND r.logged_in_until > $1)))`

// nobodyDue lists the sessions that wait for nobody: those in a deserted queue in which no rep is inside (D11). One that has
// just come is left for a moment: a script that starts it for its rep takes it at once.
func (t *tx) nobodyDue() ([]func(*tx) error, error) {
	due := []func(*tx) error{}
	if !t.mayDesert() {
		return due, nil
	}
	queues, err := t.texts(desertedQueues, ms(t.now))
	for _, queue := range queues {
		var sessions []string
		if err == nil {
			sessions, err = t.texts(`SELECT w.session_id FROM queue_entries w WHERE w.queue_id = $1 AND w.waiting = 1 AND w.entered_at <= $2
				AND NOT EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = w.session_id AND a.rep_id <> '' AND a.left_at = 0) ORDER BY w.entered_at, w.id`, queue, ms(t.now.Add(-desk.ConnectedFor)))
		}
		for _, id := range sessions {
			due = append(due, func(t *tx) error { return t.lookAfterNobody(id) })
		}
	}
	return due, err
}

// mayDesert says whether anybody can count as gone yet: not right after the server began to listen.
func (t *tx) mayDesert() bool {
	return desk.QueueDeserted(time.Time{}, t.store.inTouch(0, 0), t.now)
}

// lookAfterNobody gives a session that waits for nobody to the portal's fallback team if somebody is there, or ends it.
func (t *tx) lookAfterNobody(sessionID string) error {
	s, err := t.lockedSession(sessionID)
	if err != nil || s.State != desk.SessionWaiting || !t.mayDesert() {
		return err
	}
	inside, err := t.repsIn(s.ID)
	if err != nil || len(inside) > 0 {
		return err
	}
	if there, err := t.somebodyAt(home{repID: s.QueueRepID, teamID: idOf(s.QueueTeam)}, ""); err != nil || there {
		return err
	}
	fallback, err := t.fallback(s)
	if err != nil {
		return err
	}
	switch there, err := t.somebodyAt(fallback, ""); {
	case err != nil:
		return err
	case there:
		_, err = t.requeue(s, queueMove{to: fallback, reason: reasonFallback, cameBy: desk.CameByWaitingRule})
		return err
	}
	_, err = t.endSession(s, desk.Ref{}, desk.EndedNoRep, "")
	return err
}

// pickedUp notes how long the line stood until now, when a session leaves it for a rep (D12).
func (t *tx) pickedUp(s sessionRow) error {
	queue := s.queueID()
	var entered, before int64
	found, err := t.row(`SELECT e.entered_at, COALESCE((SELECT MAX(p.picked_at) FROM queue_pick_ups p WHERE p.queue_id = $2), 0) FROM queue_entries e
		WHERE e.session_id = $1 AND e.queue_id = $2 AND e.invitation_id = '' AND e.waiting = 1`, []any{s.ID, queue}, &entered, &before)
	if err != nil || !found {
		return err
	}
	headway := desk.Headway(time.UnixMilli(entered), time.UnixMilli(before), t.now)
	_, err = t.exec(`INSERT INTO queue_pick_ups (id, queue_id, picked_at, headway) VALUES ($1, $2, $3, $4)`, newID("pck_"), queue, ms(t.now), headway.Milliseconds())
	return err
}

// queueID is the queue that the session waits in, or last waited in.
func (s sessionRow) queueID() string {
	if s.QueueTeam != nil {
		return s.QueueTeam.ID
	}
	return s.QueueRepID
}

// GuestWait says at which place the guest's session waits, and how long it probably will (D12).
func (s *Store) GuestWait(ctx context.Context, g desk.Guest) (desk.Wait, error) {
	return read(ctx, s, func(t *tx) (desk.Wait, error) { return t.waitOf(g.SessionID) })
}

func (t *tx) waitOf(sessionID string) (w desk.Wait, err error) {
	var entry, queue string
	found, err := t.row(`SELECT id, queue_id FROM queue_entries WHERE session_id = $1 AND waiting = 1`, []any{sessionID}, &entry, &queue)
	if err != nil || !found {
		return w, err
	}
	line, err := t.line(queue)
	if err != nil {
		return w, err
	}
	w.Place = line.place(entry)
	headways, err := list(t, `SELECT headway FROM queue_pick_ups WHERE queue_id = $1 AND picked_at > $2 ORDER BY picked_at DESC, id DESC LIMIT $3`,
		[]any{queue, ms(t.now.Add(-desk.PickUpsKept)), desk.PickUpsCounted}, func(scan scanner, headway *time.Duration) error {
			var n int64
			err := scan(&n)
			*headway = time.Duration(n) * time.Millisecond
			return err
		})
	w.Seconds, w.Known = desk.EstimatedWait(w.Place, headways)
	return w, err
}
