package desk

// Guest is who asks with a guest's token: a customer or specialist, within their one session.
type Guest struct {
	AttendeeID string
	SessionID  string
	Role       AttendeeRole
	Left       bool // who is not in the session any more: their token is good for nothing but to hear again that they left (I5)
	Gone       bool // a customer who had left (C13)
	ByLink     bool // a link may bring their token to a page: the session was started for them (E5)
}

// GuestTopic is where events for the guests of a session stand.
func GuestTopic(sessionID string) string { return "guests:" + sessionID }
