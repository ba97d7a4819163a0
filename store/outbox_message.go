package store

import (
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// chatDevices are the devices that pushes reach on which the reps in the session $1 but the author, the attendee $3, do not have
// the chat before them at $4, and when each was last sent a push about the chat $5.
const chatDevices = deviceColumns + `,
	COALESCE((SELECT MAX(CASE WHEN d.state IN ('received', 'opened') THEN d.tried_at ELSE d.updated_at END) FROM deliveries d WHERE d.about = $5 AND d.console_id = c.id AND d.purpose = 'message' AND d.state <> 'dropped'), 0)
	FROM attendees a JOIN reps r ON r.id = a.rep_id JOIN consoles c ON c.rep_id = r.id
	WHERE a.session_id = $1 AND a.rep_id <> '' AND a.left_at = 0 AND a.id <> $3 AND r.disabled = 0 AND r.alert_messages = 1
	AND ` + reached + ` AND c.watching_until <= $4 ORDER BY c.id`

// pushMessage tells of a message those in the session who have no console before them, on those that are in the background
// (G13). What comes while one waits is counted by it.
func (t *tx) pushMessage(m messageRow) error {
	if m.System != "" {
		return nil
	}
	type told struct {
		device
		last int64
	}
	n := news{about: m.SessionID + chatKey, sessionID: m.SessionID, purpose: desk.PurposeMessage}
	devices, err := list(t, chatDevices, []any{m.SessionID, t.reachedSince(), m.Author.ID, ms(t.now), n.about}, func(scan scanner, d *told) error {
		return scan(append(d.fields(), &d.last)...)
	})
	for _, d := range devices {
		if err == nil {
			n.due = desk.MessageDue(time.UnixMilli(d.last), t.now)
			err = t.queuePush(n, d.device)
		}
	}
	return err
}

// withdrawChat takes what told of a session's chat off the devices of one rep, off one device, or with neither off all.
func (t *tx) withdrawChat(sessionID, repID, consoleID string, why desk.EndReason) error {
	n := news{about: sessionID + chatKey, reason: string(why)}
	told, err := t.exists(`SELECT 1 FROM deliveries d WHERE `+toldOf+` LIMIT 1`, n.about, repID, consoleID)
	if err != nil || !told {
		return err
	}
	messages, err := t.messagesIn(sessionID)
	if err != nil {
		return err
	}
	n.aboutRev = desk.ToldRev(messages, true)
	return t.withdrawNews(n, repID, consoleID)
}

func (t *tx) messagesIn(sessionID string) (n int64, err error) {
	_, err = t.row(`SELECT COUNT(*) FROM messages WHERE session_id = $1`, []any{sessionID}, &n)
	return n, err
}

// messageJob completes a job that tells of a session's chat, or withdraws that.
func (t *tx) messageJob(job *desk.Job) (why string, err error) {
	job.Ends = desk.PurposeMessage
	if job.Purpose == desk.PurposeWithdrawal {
		return "", nil
	}
	var watching int64
	if _, err := t.row(`SELECT watching_until FROM consoles WHERE id = $1`, []any{idOf(job.Console)}, &watching); err != nil || watching > ms(t.now) {
		return "over", err
	}
	last := ""
	if _, err := t.row(`SELECT COUNT(*), COALESCE(MAX(m.id), '')`+unreadMessages, []any{job.Rep.ID, job.Session.ID}, &job.Unread, &last); err != nil || job.Unread == 0 {
		return "over", err
	}
	var issue desk.Ref
	if _, err := t.row(`SELECT s.kind, COALESCE(i.id, ''), COALESCE(i.title, ''), a.role FROM messages m JOIN attendees a ON a.id = m.attendee_id
		JOIN sessions s ON s.id = m.session_id LEFT JOIN issues i ON i.id = s.issue_id WHERE m.id = $1`, []any{last},
		&job.Session.Kind, &issue.ID, &issue.Name, &job.AuthorRole); err != nil {
		return "", err
	}
	job.Session.Issue = refOrNil(issue)
	messages, err := t.messagesIn(job.Session.ID)
	job.KeyRev = desk.ToldRev(messages, false)
	return "", err
}

// oneMessage makes way for a push about a chat that is to wait again: one at most does. It goes on as it has been tried, so
// that it is withdrawn when it is over.
func (t *tx) oneMessage(job desk.Job) error {
	if job.Purpose != desk.PurposeMessage {
		return nil
	}
	return t.dropWaiting(`d.about = $1 AND d.console_id = $2 AND d.purpose = 'message' AND d.id <> $3`, job.Key, idOf(job.Console), job.ID)
}
