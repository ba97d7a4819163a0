package desk

import "time"

// Note is what a rep leaves on a session (C14). Guests never see it; it stays after the end.
type Note struct {
	ID        string    `json:"id" doc:"Opaque id" example:"note_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	SessionID string    `json:"session_id" doc:"The session"`
	Author    Ref       `json:"author" doc:"The rep who wrote it"`
	Text      string    `json:"text" doc:"What it says"`
	CreatedAt time.Time `json:"created_at" doc:"When it was written"`
}
