package desk

// Guest is who asks with a guest's token: a customer or specialist, within their one session.
type Guest struct {
	AttendeeID string
	SessionID  string
	Role       AttendeeRole
	Gone       bool // a customer who had left (C13)
}

// GuestTopic is where events for the guests of a session stand.
func GuestTopic(sessionID string) string { return "guests:" + sessionID }
