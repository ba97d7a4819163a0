package desk

import "time"

// MaxUnreadChat is how many of the messages that follow the last one read are looked at to count those unread.
const MaxUnreadChat = 100

// TeamChat is a team's chat as one rep stands to it.
type TeamChat struct {
	TeamID string `json:"team_id" doc:"The team"`
	Unread int    `json:"unread" doc:"Messages of others that the rep has not read, among the 100 that follow the last one read"`
}

// TeamMessage is one message of a team's chat.
type TeamMessage struct {
	ID        string    `json:"id" doc:"Opaque id; later messages have greater ones" example:"msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	TeamID    string    `json:"team_id" doc:"The team"`
	Author    Ref       `json:"author" doc:"The rep who wrote it"`
	Text      string    `json:"text" doc:"What it says" example:"Who has a spare toner?"`
	ClientRef string    `json:"client_ref,omitempty" doc:"The author's own reference, for the author alone"`
	CreatedAt time.Time `json:"created_at" doc:"When it was written"`
}
