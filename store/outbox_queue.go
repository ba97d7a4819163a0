package store

import (
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// queueDevice is a device of somebody in whose queue a session waits, with what its rep wants to be told.
type queueDevice struct {
	device
	alerts    desk.Alerts
	favourite bool // the rep marked the queue
	before    bool // of a rep's own: the session came into it first
}

func scanQueueDevice(scan scanner, d *queueDevice) error {
	return scan(append(d.fields(), &d.alerts.Queue, &d.alerts.TeamQueues, &d.favourite, &d.before)...)
}

// The devices that pushes reach of a rep, and of those of a team who are logged in. Those who want nothing of the sort
// cost nothing: of a team they are left out here, by $4, and the rule decides about the others.
const (
	queueDeviceColumns = deviceColumns + `, r.alert_queue, r.alert_team_queues, `
	queueDevicesOfRep  = queueDeviceColumns + `0, EXISTS (SELECT 1 FROM sessions s WHERE s.id = $3 AND s.first_rep_id = r.id) FROM reps r JOIN consoles c ON c.rep_id = r.id
		WHERE r.id = $1 AND r.disabled = 0 AND r.alert_queue = 1 AND ` + reached + ` ORDER BY c.id`
	queueDevicesOfTeam = queueDeviceColumns + `m.favourite, 0 = 1 FROM team_members m JOIN reps r ON r.id = m.rep_id JOIN consoles c ON c.rep_id = r.id
		WHERE m.team_id = $1 AND r.disabled = 0 AND r.logged_in_until > $3 AND r.alert_team_queues NOT IN ('none', $4) AND ` + reached + ` ORDER BY c.id`
)

// pushEntry tells of a session that has come to wait in a queue: the rep whose own it is, and of a team's those who want it;
// never whoever put it there (G13). before says whether it stood in the team's queue before.
func (t *tx) pushEntry(e queueEntry, before bool, touch queueTouch) error {
	if touch.by.ID == "" && touch.reason == "" { // it stood there before the desk kept entries
		return nil
	}
	by := touch.by.ID
	if touch.reason == desk.SessionConnectionLost { // the owner who was lost did not put it there
		by = ""
	}
	return t.pushQueueNews(e, by, func(d queueDevice) desk.QueueNews {
		return desk.NewsOfEntry(e.CameBy, before || d.before && touch.reason != "")
	})
}

// pushOverdue tells of a session that waits too long, in place of what told that it came.
func (t *tx) pushOverdue(entryID string) error {
	entries, err := list(t, entryColumns+` WHERE e.id = $1`, []any{entryID}, scanEntry)
	for _, e := range entries {
		if err == nil {
			err = t.pushQueueNews(e, "", func(queueDevice) desk.QueueNews { return desk.QueueOverdue })
		}
	}
	return err
}

func (t *tx) pushQueueNews(e queueEntry, by string, news func(queueDevice) desk.QueueNews) error {
	if e.queueID == by { // there is nobody else to ask for
		return nil
	}
	devices, err := t.queueDevices(e)
	for _, d := range devices {
		what := news(d)
		if err != nil || d.repID == by || !d.alerts.WantsQueue(what, d.repID == e.queueID, d.favourite) {
			continue
		}
		err = t.queuePush(newsOf(e, string(what), desk.PurposeQueue), d.device)
	}
	return err
}

func (t *tx) queueDevices(e queueEntry) ([]queueDevice, error) {
	seen := t.reachedSince()
	if strings.HasPrefix(e.queueID, "rep_") {
		return list(t, queueDevicesOfRep, []any{e.queueID, seen, e.SessionID}, scanQueueDevice)
	}
	unless := desk.TeamAlertsOverdue
	if e.Overdue {
		unless = desk.TeamAlertsNone
	}
	return list(t, queueDevicesOfTeam, []any{e.queueID, seen, ms(t.now), string(unless)}, scanQueueDevice)
}

// newsOf is what is told of an entry, at its revision: when it is withdrawn the entry is gone, and that was its last.
func newsOf(e queueEntry, reason string, purpose desk.Purpose) news {
	return news{about: e.ID, aboutRev: e.Rev, sessionID: e.SessionID, reason: reason, purpose: purpose}
}

// withdrawEntry takes an entry that has gone from its queue off the devices that were told of it, and says why.
func (t *tx) withdrawEntry(e queueEntry, touch queueTouch) error {
	why := desk.EntryEnd(e.State, touch.reason)
	n := newsOf(e, string(why), desk.PurposeWithdrawal)
	if why == desk.EndAccepted {
		n.byID = touch.by.ID
	}
	return t.withdrawNews(n, "", "")
}

// withdrawEntries takes entries that stand for others off the devices of a rep, or off one: those deliveries d of entries e
// that a condition picks. Their revision moves: the device takes the withdrawal only with a higher one, and what it is told of
// them later only with one above that.
func (t *tx) withdrawEntries(why desk.EndReason, repID, consoleID, which string, args ...any) error {
	shown, err := t.texts(`SELECT DISTINCT e.id FROM deliveries d JOIN queue_entries e ON e.id = d.about WHERE `+which+` AND d.purpose = 'queue' ORDER BY e.id`, args...)
	for _, id := range shown {
		if err != nil {
			return err
		}
		n, stands := news{about: id, reason: string(why)}, false
		if stands, err = t.row(`UPDATE queue_entries SET rev = rev + 1 WHERE id = $1 RETURNING rev`, []any{id}, &n.aboutRev); err == nil && stands { // what has gone meanwhile was withdrawn
			err = t.withdrawNews(n, repID, consoleID)
		}
	}
	return err
}

// queueJob completes a job that tells of a session in a queue, or withdraws that.
func (t *tx) queueJob(job *desk.Job) (why string, err error) {
	job.Ends = desk.PurposeQueue
	if job.Purpose == desk.PurposeWithdrawal {
		return "", nil
	}
	var issue desk.Ref
	var favourite int // -1: the rep is not of the team
	stands, err := t.row(`SELECT e.queue_id, COALESCE(t.name, ''), COALESCE(m.favourite, -1), COALESCE(i.id, ''), COALESCE(i.title, ''), s.kind
		FROM queue_entries e JOIN sessions s ON s.id = e.session_id LEFT JOIN issues i ON i.id = s.issue_id LEFT JOIN teams t ON t.id = e.queue_id
		LEFT JOIN team_members m ON m.team_id = e.queue_id AND m.rep_id = $2 WHERE e.id = $1`, []any{job.Key, job.Rep.ID},
		&job.Queue.ID, &job.Queue.Name, &favourite, &issue.ID, &issue.Name, &job.Session.Kind)
	personal := job.Queue.ID == job.Rep.ID
	switch {
	case err != nil:
		return "", err
	case !stands || !personal && favourite < 0:
		return "over", nil
	case !job.Alerts.WantsQueue(desk.QueueNews(job.Reason), personal, favourite > 0):
		return "switched_off", nil
	case personal:
		job.Queue = desk.Ref{ID: desk.PersonalQueue, Name: job.Rep.Name}
	}
	job.Session.Issue = refOrNil(issue)
	return "", nil
}
