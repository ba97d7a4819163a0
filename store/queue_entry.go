package store

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// queueEntry is an entry with what the wire does not show.
type queueEntry struct {
	desk.QueueEntry
	queueID string // of a rep, a team or a portal
	offerID string // the invitation or transfer
	waiting bool
	ownerID string // of the session
	keys    sortKeys
}

// sortKeys are what an entry is sorted by.
type sortKeys struct {
	urgency, customer, company, issue, language string
}

// urgencyOf is a sort key of a priority, 0 to 100: the most urgent comes first.
func urgencyOf(priority int) string { return fmt.Sprintf("%03d", 100-priority) }

// entryParts are what of an entry comes from the session s, the invitation v, the issue i and the inviter o.
const (
	entryParts = `s.state, s.kind, s.customer_name, s.company, s.details, COALESCE(i.id, ''), COALESCE(i.title, ''), s.priority, s.language,
	COALESCE(o.id, ''), COALESCE(o.name, ''), COALESCE(v.comment, '')`
	entryJoins = ` LEFT JOIN invitations v ON v.id = e.invitation_id AND e.invitation_id <> ''
	LEFT JOIN issues i ON i.id = CASE WHEN COALESCE(v.issue_id, '') <> '' THEN v.issue_id ELSE s.issue_id END LEFT JOIN reps o ON o.id = v.inviter_id`
	entryColumns = `SELECT e.id, e.rev, e.kind, e.queue_id, e.session_id, e.invitation_id, e.came_by, e.entered_at, e.overdue, e.waiting, ` + entryParts + `
	FROM queue_entries e JOIN sessions s ON s.id = e.session_id` + entryJoins
)

// parts are where entryParts go.
func (e *queueEntry) parts(issue, inviter *desk.Ref) []any {
	return []any{&e.State, &e.SessionKind, &e.CustomerName, &e.Company, &e.Details, &issue.ID, &issue.Name, &e.Priority, &e.Language, &inviter.ID, &inviter.Name, &e.Comment}
}

// finish derives what the wire shows from what is stored.
func (e *queueEntry) finish(issue, inviter desk.Ref, entered int64) {
	e.Title, e.Issue, e.Inviter, e.EnteredAt = desk.SessionTitle(e.SessionKind, e.CustomerName), refOrNil(issue), refOrNil(inviter), desk.Time(entered)
	if e.QueueID = e.queueID; !strings.HasPrefix(e.queueID, "team_") {
		e.QueueID = desk.PersonalQueue
	}
	if e.Kind == desk.QueuedInvitation {
		e.InvitationID = e.offerID
	}
}

func scanEntry(scan scanner, e *queueEntry) error {
	var issue, inviter desk.Ref
	var entered int64
	err := scan(append([]any{&e.ID, &e.Rev, &e.Kind, &e.queueID, &e.SessionID, &e.offerID, &e.CameBy, &entered, &e.Overdue, &e.waiting}, e.parts(&issue, &inviter)...)...)
	e.finish(issue, inviter, entered)
	return err
}

// entryForRep is the condition that an entry e of a team's queue is there for a rep of the team: they did not decline it, and
// are not inside; a transfer those inside can take too, but for the owner.
func entryForRep(rep string) string {
	return `(e.invitation_id = '' OR (NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = e.invitation_id AND d.rep_id = ` + rep + `)
		AND NOT EXISTS (SELECT 1 FROM attendees m WHERE m.session_id = e.session_id AND m.rep_id = ` + rep + ` AND m.left_at = 0 AND (e.kind = 'invitation' OR m.role = 'owner'))))`
}

// standing is what should stand in queues of the session $1: the session where it waits; those in it, with each rep who is;
// its invitations and transfer. Beside each, what stands there already. For a further rep whom nobody invited, an owner who stepped
// down or a lead who joined, it came as it stands there, or as the session itself came.
const standing = `WITH want (queue_id, invitation_id, kind, came_by, waiting) AS (
	SELECT CASE WHEN queue_team_id <> '' THEN queue_team_id ELSE queue_rep_id END, '', 'session', came_by, 1
		FROM sessions WHERE id = $1 AND state = 'waiting'
	UNION ALL SELECT a.rep_id, '', 'session', CASE WHEN a.role = 'owner' AND x.held = 1 THEN 'held' WHEN a.role = 'owner' THEN x.came_by WHEN a.invited = 1 THEN 'invitation' ELSE '' END, 0
		FROM sessions x JOIN attendees a ON a.session_id = x.id WHERE x.id = $1 AND x.state <> 'ended' AND a.rep_id <> '' AND a.left_at = 0 AND a.expected_until = 0
		AND (x.state <> 'waiting' OR a.rep_id <> x.queue_rep_id)
	UNION ALL SELECT w.rep_id || w.team_id || w.portal_id, w.id, CASE WHEN w.kind = 'transfer' THEN 'session' ELSE 'invitation' END,
		CASE WHEN w.kind = 'transfer' THEN 'transfer' ELSE 'invitation' END, 0
		FROM invitations w WHERE w.session_id = $1 AND w.state = 'active'),
have AS (SELECT * FROM queue_entries WHERE session_id = $1)
SELECT COALESCE(have.id, ''), COALESCE(have.rev, 0), COALESCE(have.kind, ''), COALESCE(have.queue_id, ''), COALESCE(have.invitation_id, ''), COALESCE(have.came_by, ''),
	COALESCE(have.entered_at, 0), COALESCE(have.overdue, 0), COALESCE(have.waiting, 0), COALESCE(have.urgency, ''),
	COALESCE(have.customer_key, ''), COALESCE(have.company_key, ''), COALESCE(have.issue_key, ''), COALESCE(have.language_key, ''),
	COALESCE(e.queue_id, ''), COALESCE(e.invitation_id, ''), COALESCE(e.kind, ''), COALESCE(NULLIF(e.came_by, ''), NULLIF(have.came_by, 'held'), s.came_by), COALESCE(e.waiting, 0),
	s.customer_key, s.company_key, COALESCE(i.title_key, ''), s.owner_id, ` + entryParts + `
	FROM want e FULL JOIN have ON have.queue_id = e.queue_id AND have.invitation_id = e.invitation_id
	JOIN sessions s ON s.id = $1` + entryJoins

// entryOfOffer is what stands in a queue of the invitation or transfer $1.
const entryOfOffer = entryColumns + ` WHERE e.invitation_id = $1 AND e.invitation_id <> ''`

// stand is an entry as it stands and as it should; either has an empty queue where there is none.
type stand struct{ was, now queueEntry }

func scanStand(scan scanner, p *stand) error {
	was, now := &p.was, &p.now
	var issue, inviter desk.Ref
	var entered int64
	err := scan(append([]any{&was.ID, &was.Rev, &was.Kind, &was.queueID, &was.offerID, &was.CameBy, &entered, &was.Overdue, &was.waiting, &was.keys.urgency,
		&was.keys.customer, &was.keys.company, &was.keys.issue, &was.keys.language,
		&now.queueID, &now.offerID, &now.Kind, &now.CameBy, &now.waiting, &now.keys.customer, &now.keys.company, &now.keys.issue, &now.ownerID}, now.parts(&issue, &inviter)...)...)
	now.finish(issue, inviter, entered)
	was.finish(desk.Ref{}, desk.Ref{}, entered)
	was.State, was.ownerID, now.keys.urgency, now.keys.language = now.State, now.ownerID, urgencyOf(now.Priority), sortKey(now.Language)
	return err
}

// settleQueues brings what stands in queues in step with what was changed. It is the last that a transaction does before
// it writes its events.
func (t *tx) settleQueues() error {
	for _, id := range slices.Sorted(maps.Keys(t.queues)) {
		if err := t.settleQueuesOf(id, *t.queues[id]); err != nil {
			return err
		}
	}
	return nil
}

// settleQueuesOf first takes out the entries that are over, then puts in those that are new.
func (t *tx) settleQueuesOf(sessionID string, touch queueTouch) error {
	stands, err := t.stands(sessionID, touch)
	slices.SortFunc(stands, stand.compare)
	waited, waits := false, false
	for i := range stands {
		p := &stands[i]
		waited, waits = waited || p.was.waiting, waits || p.now.waiting
		p.was.SessionID, p.now.SessionID = sessionID, sessionID
		if err == nil && p.over() {
			err = t.removeEntry(p.was, touch)
		}
	}
	for _, p := range stands {
		switch {
		case err != nil:
		case p.comes():
			err = t.addEntry(p.now, touch)
		case !p.over() && (p.was.CameBy != p.now.CameBy || p.was.keys != p.now.keys || waited != waits):
			err = t.changeEntry(p.was, p.now, touch)
		}
	}
	return err
}

// stands are the entries that may have changed.
func (t *tx) stands(sessionID string, touch queueTouch) (all []stand, err error) {
	if touch.whole {
		return list(t, standing, []any{sessionID}, scanStand)
	}
	for _, entry := range touch.comes {
		if _, over := touch.ended[entry.offerID]; !over {
			all = append(all, stand{now: entry})
		}
	}
	for _, offer := range slices.Sorted(maps.Keys(touch.ended)) {
		entries, err := list(t, entryOfOffer, []any{offer}, scanEntry)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			all = append(all, stand{was: entry})
		}
	}
	return all, nil
}

func (p stand) compare(o stand) int {
	return cmp.Or(cmp.Compare(p.was.queueID+p.now.queueID, o.was.queueID+o.now.queueID), cmp.Compare(p.was.offerID+p.now.offerID, o.was.offerID+o.now.offerID))
}

// over says whether what stands goes, and comes whether something new comes. A session that no longer waits, in the queue
// of the rep who took it, is another entry from then on.
func (p stand) over() bool {
	return p.was.queueID != "" && (p.now.queueID == "" || p.was.waiting != p.now.waiting)
}

func (p stand) comes() bool {
	return p.now.queueID != "" && (p.was.queueID == "" || p.was.waiting != p.now.waiting)
}

func (t *tx) addEntry(e queueEntry, touch queueTouch) error {
	e.ID, e.Rev = newID("qen_"), 1
	due, before, err := int64(0), false, error(nil)
	if e.waiting && e.QueueID == e.queueID { // a team's
		if due, before, err = t.joinsLine(e); err != nil {
			return err
		}
	}
	e.EnteredAt = desk.Time(ms(t.now))
	if _, err := t.exec(`INSERT INTO queue_entries (id, queue_id, session_id, invitation_id, kind, came_by, waiting, entered_at, due_at, urgency, customer_key, company_key, issue_key, language_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, e.ID, e.queueID, e.SessionID, e.offerID, string(e.Kind), string(e.CameBy), flag(e.waiting), ms(t.now), due,
		e.keys.urgency, e.keys.customer, e.keys.company, e.keys.issue, e.keys.language); err != nil {
		return err
	}
	if err := t.tellEntry(desk.EventEntryAdded, e, touch); err != nil || !e.waiting {
		return err
	}
	return t.pushEntry(e, before, touch)
}

// joinsLine notes that a session has stood in a team's queue, and says when the team's waiting rule takes effect (D10), and
// whether it stood there before.
func (t *tx) joinsLine(e queueEntry) (due int64, before bool, err error) {
	first, err := t.exec(`INSERT INTO queue_visits (session_id, team_id) VALUES ($1, $2) ON CONFLICT (session_id, team_id) DO NOTHING`, e.SessionID, e.queueID)
	if err != nil {
		return 0, false, err
	}
	due, err = t.dueIn(e.queueID)
	return due, first == 0, err
}

// changeEntry says what is another than it was: how it came, what it is sorted by, or whether its session waits.
func (t *tx) changeEntry(was, now queueEntry, touch queueTouch) error {
	if _, err := t.row(`UPDATE queue_entries SET came_by = $1, urgency = $2, customer_key = $3, company_key = $4, issue_key = $5, language_key = $6, rev = rev + 1 WHERE id = $7 RETURNING rev`,
		[]any{string(now.CameBy), now.keys.urgency, now.keys.customer, now.keys.company, now.keys.issue, now.keys.language, was.ID}, &now.Rev); err != nil {
		return err
	}
	now.ID, now.EnteredAt, now.Overdue = was.ID, was.EnteredAt, was.Overdue
	return t.tellEntry(desk.EventEntryChanged, now, touch)
}

func (t *tx) removeEntry(e queueEntry, touch queueTouch) error {
	if _, err := t.row(`DELETE FROM queue_entries WHERE id = $1 RETURNING rev`, []any{e.ID}, &e.Rev); err != nil { // one who logs out moves it too
		return err
	}
	e.Rev++
	if err := t.tellEntry(desk.EventEntryRemoved, e, touch); err != nil || !e.waiting {
		return err
	}
	return t.withdrawEntry(e, touch)
}

// tellEntry tells those in whose queue an entry stands or stood. Of a team's or portal's invitation those are left out who
// could not take it, and were told when that came about; the one who took it learns of it alone.
func (t *tx) tellEntry(kind desk.EventType, e queueEntry, touch queueTouch) error {
	t.wake.queue(e.queueID)
	ended, over := touch.ended[e.offerID]
	if over {
		touch.by, touch.reason = ended.by, ended.reason
	}
	event := entryEvent(kind, e, touch.by, touch.reason)
	switch {
	case strings.HasPrefix(e.queueID, "rep_"):
		return t.record(desk.RepTopic(e.queueID), event)
	case e.offerID == "":
		return t.record(desk.TeamTopic(e.queueID), event)
	}
	inv, err := t.invitation(e.offerID)
	if err == nil && !over {
		ended.except, err = t.withoutEntry(inv)
	}
	if err != nil {
		return err
	}
	if winner := ended.winner.ID; winner != "" {
		ended.except = append(ended.except, winner)
		if err := t.record(desk.RepTopic(winner), event); err != nil {
			return err
		}
	}
	return t.record(topicOf(inv), event, ended.except...)
}

// withoutEntry are the reps who do not have an invitation or transfer of a team or portal in their queue: those who declined
// it, and those inside; of a transfer, which those inside can take too, the owner.
func (t *tx) withoutEntry(inv desk.Invitation) (reps []string, err error) {
	switch {
	case inv.Rep != nil:
		return nil, nil
	case inv.IsTransfer():
		reps, err = t.texts(`SELECT rep_id FROM attendees WHERE session_id = $1 AND role = 'owner' AND left_at = 0`, inv.Session.ID)
	default:
		reps, err = t.repsIn(inv.Session.ID)
	}
	for _, by := range inv.DeclinedBy {
		reps = append(reps, by.ID)
	}
	return reps, err
}

func entryEvent(kind desk.EventType, e queueEntry, by desk.Ref, reason string) desk.Event {
	view := e.QueueEntry
	if kind == desk.EventEntryRemoved {
		view = view.Gone()
	}
	event := desk.Event{Type: kind, Actor: refOrNil(by), SessionID: e.SessionID, QueueID: view.QueueID, Reason: reason, Entry: &view}
	if view.QueueID != desk.PersonalQueue {
		event.TeamID = view.QueueID
	}
	return event
}

// tellEntryOf tells one rep that an invitation which stands for others too has come into a queue of theirs, or left it.
func (t *tx) tellEntryOf(kind desk.EventType, offerID string, rep desk.Ref, reason string) error {
	entries, err := list(t, entryOfOffer, []any{offerID}, scanEntry)
	return errors.Join(err, t.tellRep(rep, entries, kind, reason))
}

// openAgain puts back into the queues of a rep who left a session what invites others of their teams and portals to it.
func (t *tx) openAgain(rep desk.Ref, sessionID string) error {
	if err := t.lockRep(rep.ID); err != nil { // who leaves a portal at this instant has these no more
		return err
	}
	open := []any{rep.ID, ms(t.now), "", sessionID}
	entries, err := list(t, entryColumns+` WHERE e.session_id = $4 AND e.kind = 'invitation' AND e.invitation_id IN (`+mayAccept+`)`, open, scanEntry)
	if err != nil || len(entries) == 0 {
		return err
	}
	if err := t.tellRep(rep, entries, desk.EventEntryAdded, openToYou); err != nil {
		return err
	}
	invitations, err := t.invitations(` WHERE v.session_id = $4 AND v.kind <> 'transfer' AND v.id IN (`+mayAccept+`) ORDER BY v.id`, open...)
	for _, inv := range invitations {
		if err == nil {
			inv, err = t.comesOrGoes(inv, rep)
		}
		if err == nil {
			view := inv.ForInvited(rep.ID)
			err = t.record(desk.RepTopic(rep.ID), desk.Event{Type: desk.EventInvitationCreated, Actor: &inv.Inviter, SessionID: sessionID, TeamID: idOf(inv.Team), Reason: openToYou, Invitation: &view})
		}
	}
	return err
}

// openToYou is why something has come to a rep that stood for others before.
const openToYou = "open_to_you"

// leaveQueue takes from a rep who has left a team what waits in its queue (B20). Invitations leave by themselves.
func (t *tx) leaveQueue(rep desk.Ref, teamID string) error {
	entries, err := list(t, entryColumns+` WHERE e.queue_id = $1 AND e.waiting = 1 ORDER BY e.entered_at, e.id`, []any{teamID}, scanEntry)
	return errors.Join(err, t.tellRep(rep, entries, desk.EventEntryRemoved, leftTeam),
		t.withdrawEntries(desk.EndTargetGone, rep.ID, "", `e.queue_id = $1 AND d.rep_id = $2`, teamID, rep.ID))
}

// leftTeam is why an entry has gone from the queues of a rep who left its team.
const leftTeam = "left_team"

// tellRep tells one rep of entries that stand for others too. They count in the queue as that rep sees it.
func (t *tx) tellRep(rep desk.Ref, entries []queueEntry, kind desk.EventType, reason string) error {
	for _, e := range entries {
		t.wake.queue(e.queueID)
		if err := t.record(desk.RepTopic(rep.ID), entryEvent(kind, e, rep, reason)); err != nil {
			return err
		}
	}
	return nil
}
