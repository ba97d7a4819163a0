package store

import (
	"cmp"
	"context"
	"math"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// newMessage is a message on its way into a chat.
type newMessage struct {
	audience  desk.Audience
	text      string
	system    string
	clientRef string
}

// messageRow is a message with its author as guests knew them when it was written.
type messageRow struct {
	desk.Message
	publicName, guestID string
}

// forGuests is what guests see of a message to everyone.
func (m messageRow) forGuests() desk.Message { return m.ForGuests(m.guestID, m.publicName) }

const messageColumns = `SELECT m.id, m.session_id, m.audience, m.attendee_id, CASE WHEN a.rep_id = '' THEN a.name ELSE r.name END, COALESCE(r.public_name, a.name),
	CASE WHEN m.guest_author_id = '' THEN m.attendee_id ELSE m.guest_author_id END, a.role, a.rep_id, m.text, m.system, m.client_ref, m.created_at FROM messages m JOIN attendees a ON a.id = m.attendee_id LEFT JOIN reps r ON r.id = a.rep_id`

const sessionMessages = messageColumns + ` WHERE m.session_id = $1`

func scanMessage(scan scanner, m *messageRow) error {
	var created int64
	err := scan(&m.ID, &m.SessionID, &m.Audience, &m.Author.ID, &m.Author.Name, &m.publicName, &m.guestID, &m.AuthorRole, &m.AuthorRepID, &m.Text, &m.System, &m.ClientRef, &created)
	m.CreatedAt = desk.Time(created)
	return err
}

// addMessage saves a message and tells all who may read it.
func (t *tx) addMessage(author attendeeRow, n newMessage) (messageRow, error) {
	m := messageRow{publicName: author.publicName, guestID: author.guestID, Message: desk.Message{ID: newID("msg_"), SessionID: author.SessionID, Audience: n.audience,
		Author: desk.Ref{ID: author.ID, Name: author.Name}, AuthorRole: author.Role, AuthorRepID: author.RepID,
		Text: n.text, System: n.system, ClientRef: n.clientRef, CreatedAt: desk.Time(ms(t.now))}}
	if _, err := t.exec(`INSERT INTO messages (id, session_id, attendee_id, audience, text, system, client_ref, created_at, guest_author_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		m.ID, m.SessionID, author.ID, string(n.audience), n.text, n.system, n.clientRef, ms(t.now), author.guestID); err != nil {
		return m, err
	}
	if err := t.tellMessage(m); err != nil {
		return m, err
	}
	return m, t.pushMessage(m)
}

// tellMessage records a message for the reps in the session and, if it is for everyone, for its guests. The author's own
// reference goes back to the author alone.
func (t *tx) tellMessage(m messageRow) error {
	reps, err := t.repsIn(m.SessionID)
	if err != nil {
		return err
	}
	for _, rep := range reps {
		view := m.Message
		if rep != m.AuthorRepID {
			view.ClientRef = ""
		}
		if err := t.record(desk.RepTopic(rep), desk.Event{Type: desk.EventMessagePosted, SessionID: m.SessionID, Message: &view}); err != nil {
			return err
		}
	}
	if m.Audience != desk.ForEveryone {
		return nil
	}
	view := m.forGuests()
	view.ClientRef = ""
	return t.record(desk.GuestTopic(m.SessionID), desk.Event{Type: desk.EventMessagePosted, SessionID: m.SessionID, Message: &view})
}

// MessageQuery picks a part of a chat: the messages between two, in either order. Empty ids are no bounds.
type MessageQuery struct {
	After, Before string // message ids
	Descending    bool   // the newest first
	From          string // the message after which the page begins, in that order
	Limit         int
}

// pastMessages is greater than the id of every message.
const pastMessages = "n"

// statement reads a part of a chat: selected chooses the chat by $1, and args from the second on are $5 and so on of where.
// Both ends are plain bounds, so that an index leads to the page however far into the chat it is.
func (q MessageQuery) statement(selected, where string, args ...any) (string, []any) {
	after, before, order := q.After, cmp.Or(q.Before, pastMessages), `ASC`
	switch {
	case q.Descending:
		order, before = `DESC`, cmp.Or(q.From, before)
	case q.From != "":
		after = q.From
	}
	return selected + ` AND m.id > $2 AND m.id < $3` + where + ` ORDER BY m.id ` + order + ` LIMIT $4`, append([]any{args[0], after, before, q.Limit}, args[1:]...)
}

// chatView is the part of a chat that somebody sees: what was said while they were there, from a time on.
type chatView struct{ from, until int64 }

// forEver is until when somebody sees the chat who has not left.
const forEver = math.MaxInt64

// Messages lists the chat of a session as far as the caller sees it (C1): the owner all of it, whoever joined what was
// said since and shortly before, whoever left what they saw; an administrator all. Others may look at the session, and
// read its chat by joining.
func (s *Store) Messages(ctx context.Context, c desk.Caller, sessionID string, q MessageQuery) ([]desk.Message, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Message, error) {
		session, err := t.seenInside(c, sessionID)
		if err != nil {
			return nil, err
		}
		view, err := t.chatViewOf(c, session)
		if err != nil {
			return nil, err
		}
		text, args := q.statement(sessionMessages, ` AND m.created_at >= $5 AND m.created_at <= $6`, sessionID, view.from, view.until)
		rows, err := list(t, text, args, scanMessage)
		messages := []desk.Message{}
		for _, row := range rows {
			if row.AuthorRepID != c.RepID {
				row.ClientRef = ""
			}
			messages = append(messages, row.Message)
		}
		return messages, err
	})
}

// chatViewOf is the part of the chat that a rep who may look inside sees.
func (t *tx) chatViewOf(c desk.Caller, s sessionRow) (view chatView, err error) {
	if c.IsAdministrator() || idOf(s.Owner) == c.RepID {
		return chatView{0, forEver}, nil
	}
	found, err := t.row(`SELECT chat_from, CASE WHEN left_at = 0 THEN $3 ELSE left_at END FROM attendees WHERE session_id = $1 AND rep_id = $2 ORDER BY id DESC LIMIT 1`,
		[]any{s.ID, c.RepID, int64(forEver)}, &view.from, &view.until)
	if err == nil && !found {
		err = desk.Refuse(desk.NotAllowed, "The chat is shown to those who are in the session.")
	}
	return view, err
}

// NewMessage is a message that somebody writes.
type NewMessage struct {
	Text      string
	Audience  desk.Audience // empty: everyone, or for a masked rep the reps
	ClientRef string        // the same again from the same author is the same message
}

func (n NewMessage) check() *desk.Problem {
	if strings.TrimSpace(n.Text) == "" {
		return desk.Invalid("text", "empty", "must not be empty")
	}
	if p := desk.CheckText("text", n.Text, desk.MaxMessage); p != nil {
		return p
	}
	return desk.CheckLine("client_ref", n.ClientRef, desk.MaxName)
}

// PostMessage writes into the chat of a session that the caller is in.
func (s *Store) PostMessage(ctx context.Context, c desk.Caller, sessionID string, n NewMessage) (desk.Message, error) {
	if p := n.check(); p != nil {
		return desk.Message{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (desk.Message, error) {
		_, seat, err := t.insider(c, sessionID)
		if err != nil {
			return desk.Message{}, err
		}
		m, err := t.post(seat, n)
		return m.Message, err
	})
}

// insider returns a session that has not ended, with the caller's seat in it. Who only sees the session may not act in it.
func (t *tx) insider(c desk.Caller, sessionID string) (sessionRow, attendeeRow, error) {
	session, err := t.lockedSession(sessionID)
	if err != nil {
		return session, attendeeRow{}, err
	}
	seat, err := t.seatOf(sessionID, c.RepID)
	if err == nil && seat.ID == "" {
		err = t.refuseOutsider(c, session)
	}
	return session, seat, err
}

// refuseOutsider is what somebody is told who is not in a session.
func (t *tx) refuseOutsider(c desk.Caller, s sessionRow) error {
	sight, err := t.sight(c, s)
	switch {
	case err != nil:
		return err
	case sight == desk.SightNone:
		return desk.Missing("session")
	case s.State == desk.SessionEnded:
		return notActive(s)
	}
	return desk.Refuse(desk.NotAllowed, "This is for those who are in the session.")
}

// post saves what an attendee writes. What the same client wrote already is the same message.
func (t *tx) post(author attendeeRow, n NewMessage) (m messageRow, err error) {
	audience, refusal := desk.AudienceOf(n.Audience, author.Attendee)
	if refusal != nil {
		return m, refusal
	}
	if n.ClientRef != "" {
		err = t.rows(messageColumns+` WHERE m.attendee_id = $1 AND m.client_ref = $2 AND m.client_ref <> ''`, []any{author.ID, n.ClientRef}, func(scan scanner) error { return scanMessage(scan, &m) })
		if err != nil || m.ID != "" {
			return m, err
		}
	}
	return t.addMessage(author, newMessage{audience: audience, text: n.Text, clientRef: n.ClientRef})
}

// MarkSessionRead notes how far the caller has read the chat; it never goes back.
func (s *Store) MarkSessionRead(ctx context.Context, c desk.Caller, sessionID, messageID string) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		session, seat, err := t.insider(c, sessionID)
		if err != nil {
			return desk.Session{}, err
		}
		found, err := t.exists(`SELECT 1 FROM messages WHERE id = $1 AND session_id = $2 AND created_at >= $3`, messageID, sessionID, seat.chatFrom)
		if err == nil && !found {
			err = desk.Missing("message")
		}
		if err == nil {
			_, err = t.exec(`UPDATE attendees SET read_id = $1 WHERE id = $2 AND read_id < $1`, messageID, seat.ID)
		}
		if err != nil {
			return desk.Session{}, err
		}
		if session.Session, err = t.withAttendees(c, session.Session); err == nil && session.Unread == 0 {
			err = t.withdrawChat(sessionID, c.RepID, "", desk.EndRead)
		}
		return session.Session, err
	})
}

// unreadMessages are the messages m that the rep $1 has not read in the sessions that they are in, or in $2.
const unreadMessages = ` FROM attendees a JOIN messages m ON m.session_id = a.session_id AND m.id > a.read_id AND m.created_at >= a.chat_from
	WHERE a.rep_id = $1 AND a.rep_id <> '' AND a.left_at = 0 AND ($2 = '' OR a.session_id = $2) AND m.attendee_id <> a.id AND m.system = ''`

// unread counts, by session, what the rep has not read in the sessions that they are in, or in the one that is named.
func (t *tx) unread(repID, sessionID string) (map[string]int, error) {
	counts := map[string]int{}
	err := t.rows(`SELECT m.session_id, COUNT(*)`+unreadMessages+` GROUP BY m.session_id`, []any{repID, sessionID}, func(scan scanner) error {
		var session string
		var n int
		err := scan(&session, &n)
		counts[session] = n
		return err
	})
	return counts, err
}
