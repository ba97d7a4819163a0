package desk

// MaxUnreadChat is how many of the messages that follow the last one read are looked at to count those unread.
const MaxUnreadChat = 100

// TeamChat is a team's chat as one rep stands to it.
type TeamChat struct {
	TeamID string `json:"team_id" doc:"The team"`
	Unread int    `json:"unread" doc:"Messages of others that the rep has not read, among the 100 that follow the last one read"`
}
