package store

import (
	"context"
	"fmt"

	"github.com/repdesk/repdesk/store/desk"
)

const teamMessageColumns = `SELECT m.id, m.team_id, m.rep_id, r.name, m.text, m.client_ref, m.created_at FROM team_messages m JOIN reps r ON r.id = m.rep_id`

func scanTeamMessage(scan scanner, m *desk.TeamMessage) error {
	var created int64
	err := scan(&m.ID, &m.TeamID, &m.Author.ID, &m.Author.Name, &m.Text, &m.ClientRef, &created)
	m.CreatedAt = desk.Time(created)
	return err
}

// chatPlace is a rep's place in a team: how far they have read its chat.
type chatPlace struct{ teamID, read string }

// placeIn is the rep's place in a team. To everybody else the team is not there.
func (t *tx) placeIn(teamID, repID string) (chatPlace, error) {
	p := chatPlace{teamID: teamID}
	found, err := t.row(`SELECT chat_read_id FROM team_members WHERE team_id = $1 AND rep_id = $2`+t.forUpdate(), []any{teamID, repID}, &p.read)
	if err == nil && !found {
		err = desk.Missing("team")
	}
	return p, err
}

// ownTeam is the caller's place in a team that they name. What is written about one team is written in turn, so that its
// messages grow in the order in which they can be read.
func (t *tx) ownTeam(c desk.Caller, ref string) (chatPlace, error) {
	id, err := t.resolveFor(c, "team", ref)
	if err != nil {
		return chatPlace{}, err
	}
	if lock := t.forUpdate(); lock != "" {
		if _, err := t.row(`SELECT id FROM teams WHERE id = $1`+lock, []any{id}, new(string)); err != nil {
			return chatPlace{}, err
		}
	}
	return t.placeIn(id, c.RepID)
}

// TeamMessages lists the chat of a team, to its reps and to administrators.
func (s *Store) TeamMessages(ctx context.Context, c desk.Caller, team string, q MessageQuery) ([]desk.TeamMessage, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.TeamMessage, error) {
		id, err := t.resolveFor(c, "team", team)
		if err == nil && !c.IsAdministrator() {
			_, err = t.placeIn(id, c.RepID)
		}
		if err != nil {
			return nil, err
		}
		text, args := q.statement(teamMessageColumns+` WHERE m.team_id = $1`, ``, id)
		messages, err := list(t, text, args, scanTeamMessage)
		for i := range messages {
			if messages[i].Author.ID != c.RepID {
				messages[i].ClientRef = ""
			}
		}
		return messages, err
	})
}

// PostTeamMessage writes into the chat of a team of the caller. What the same client wrote already is the same message.
func (s *Store) PostTeamMessage(ctx context.Context, c desk.Caller, team, text, clientRef string) (desk.TeamMessage, error) {
	if p := (NewMessage{Text: text, ClientRef: clientRef}).check(); p != nil {
		return desk.TeamMessage{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (m desk.TeamMessage, err error) {
		place, err := t.ownTeam(c, team)
		if err != nil {
			return m, err
		}
		if clientRef != "" {
			err = t.rows(teamMessageColumns+` WHERE m.team_id = $1 AND m.rep_id = $2 AND m.client_ref = $3 AND m.client_ref <> ''`,
				[]any{place.teamID, c.RepID, clientRef}, func(scan scanner) error { return scanTeamMessage(scan, &m) })
			if err != nil || m.ID != "" {
				return m, err
			}
		}
		m = desk.TeamMessage{ID: newID("msg_"), TeamID: place.teamID, Author: c.Ref(), Text: text, ClientRef: clientRef, CreatedAt: desk.Time(ms(t.now))}
		return m, t.addTeamMessage(m)
	})
}

// addTeamMessage saves a message and tells the team. Who had read everything has read it too: what follows the last message
// that a rep has read is never their own, which unreadTeamChat relies on.
func (t *tx) addTeamMessage(m desk.TeamMessage) error {
	if _, err := t.exec(`INSERT INTO team_messages (id, team_id, rep_id, text, client_ref, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		m.ID, m.TeamID, m.Author.ID, m.Text, m.ClientRef, ms(t.now)); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE team_members SET chat_read_id = $1 WHERE team_id = $2 AND rep_id = $3
		AND NOT EXISTS (SELECT 1 FROM team_messages m WHERE m.team_id = $2 AND m.id > team_members.chat_read_id AND m.id < $1)`, m.ID, m.TeamID, m.Author.ID); err != nil {
		return err
	}
	return t.tellTeamMessage(m)
}

// tellTeamMessage records a message for the team. The author's own reference goes back to the author alone.
func (t *tx) tellTeamMessage(m desk.TeamMessage) error {
	e := desk.Event{Type: desk.EventTeamMessage, QueueID: m.TeamID, TeamID: m.TeamID, TeamMessage: &m}
	if m.ClientRef == "" {
		return t.record(desk.TeamTopic(m.TeamID), e)
	}
	if err := t.record(desk.RepTopic(m.Author.ID), e); err != nil {
		return err
	}
	m.ClientRef = ""
	return t.record(desk.TeamTopic(m.TeamID), e, m.Author.ID)
}

// MarkTeamChatRead notes how far the caller has read the chat of a team; it never goes back.
func (s *Store) MarkTeamChatRead(ctx context.Context, c desk.Caller, team, messageID string) (chat desk.TeamChat, _ error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.TeamChat, error) {
		place, err := t.ownTeam(c, team)
		if err != nil {
			return chat, err
		}
		found, err := t.exists(`SELECT 1 FROM team_messages WHERE id = $1 AND team_id = $2`, messageID, place.teamID)
		if err == nil && !found {
			err = desk.Missing("message")
		}
		if err == nil && messageID > place.read {
			err = t.readTeamChat(place.teamID, c.RepID, messageID)
		}
		if err != nil {
			return chat, err
		}
		unread, err := t.unreadTeamChat(c.RepID)
		return desk.TeamChat{TeamID: place.teamID, Unread: unread[place.teamID]}, err
	})
}

// readTeamChat moves the rep's mark to a message, and past what they wrote themselves right after it.
func (t *tx) readTeamChat(teamID, repID, messageID string) error {
	if _, err := t.exec(`UPDATE team_members SET chat_read_id = (SELECT MAX(m.id) FROM team_messages m WHERE m.team_id = $1 AND m.id <
			COALESCE((SELECT MIN(o.id) FROM team_messages o WHERE o.team_id = $1 AND o.id > $3 AND o.rep_id <> $2), '`+pastMessages+`'))
		WHERE team_id = $1 AND rep_id = $2`, teamID, repID, messageID); err != nil {
		return err
	}
	return t.queueChanged(repID, teamID)
}

// unreadTeamChat counts, by team, what the rep has not read: of the first messages after their mark those by others. The
// first of all is another's, so that a chat with something unread never counts as read; and the work is the same however
// long the chat is.
func (t *tx) unreadTeamChat(repID string) (map[string]int, error) {
	counts := map[string]int{}
	err := t.rows(fmt.Sprintf(`SELECT m.team_id, (SELECT COUNT(*) FROM
			(SELECT c.rep_id FROM team_messages c WHERE c.team_id = m.team_id AND c.id > m.chat_read_id ORDER BY c.id LIMIT %d) AS x WHERE x.rep_id <> m.rep_id)
		FROM team_members m WHERE m.rep_id = $1`, desk.MaxUnreadChat),
		[]any{repID}, func(scan scanner) error {
			var team string
			var n int
			err := scan(&team, &n)
			counts[team] = n
			return err
		})
	return counts, err
}
