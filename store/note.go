package store

import (
	"context"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// Notes lists what reps left on a session, the oldest first, for those who may look inside; after its end too (C14).
func (s *Store) Notes(ctx context.Context, c desk.Caller, sessionID, after string, limit int) ([]desk.Note, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Note, error) {
		if _, err := t.seenInside(c, sessionID); err != nil {
			return nil, err
		}
		return list(t, `SELECT n.id, n.session_id, n.rep_id, r.name, n.text, n.created_at FROM notes n JOIN reps r ON r.id = n.rep_id
			WHERE n.session_id = $1 AND ($2 = '' OR n.id > $2) ORDER BY n.id LIMIT $3`, []any{sessionID, after, limit}, func(scan scanner, n *desk.Note) error {
			var created int64
			err := scan(&n.ID, &n.SessionID, &n.Author.ID, &n.Author.Name, &n.Text, &created)
			n.CreatedAt = desk.Time(created)
			return err
		})
	})
}

// AddNote leaves a note on a session that the caller is in (C14).
func (s *Store) AddNote(ctx context.Context, c desk.Caller, sessionID, text string) (desk.Note, error) {
	if strings.TrimSpace(text) == "" {
		return desk.Note{}, desk.Invalid("text", "empty", "must not be empty")
	}
	if p := desk.CheckText("text", text, desk.MaxMessage); p != nil {
		return desk.Note{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (desk.Note, error) {
		if _, _, err := t.insider(c, sessionID); err != nil {
			return desk.Note{}, err
		}
		note := desk.Note{ID: newID("note_"), SessionID: sessionID, Author: c.Ref(), Text: text, CreatedAt: desk.Time(ms(t.now))}
		_, err := t.exec(`INSERT INTO notes (id, session_id, rep_id, text, created_at) VALUES ($1, $2, $3, $4, $5)`, note.ID, sessionID, c.RepID, text, ms(t.now))
		return note, err
	})
}
