package desk

import "time"

// MaxMessage is the most characters of a message or note.
const MaxMessage = 4000

// Audience says who may read a message (C11).
type Audience string

const (
	ForEveryone Audience = "everyone"
	ForReps     Audience = "reps"
)

// What the desk itself says in a chat (C3).
const (
	SystemJoined = "joined"
	SystemLeft   = "left"
)

// Message is one message of a session's chat. It never changes.
type Message struct {
	ID          string       `json:"id" doc:"Opaque id" example:"msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	SessionID   string       `json:"session_id" doc:"The session"`
	Audience    Audience     `json:"audience" doc:"Who may read it: everyone in the session, or its reps" values:"Audience"`
	Author      Ref          `json:"author" doc:"The attendee who wrote it, by attendee id; of a system message the one it is about"`
	AuthorRole  AttendeeRole `json:"author_role" doc:"What the author is in the session" values:"AttendeeRole"`
	AuthorRepID string       `json:"author_rep_id,omitempty" doc:"Which rep the author is; guests are not told"`
	Text        string       `json:"text" doc:"What it says"`
	System      string       `json:"system,omitempty" doc:"Said by the desk: somebody joined, or left" values:"SystemMessage"`
	ClientRef   string       `json:"client_ref,omitempty" doc:"The reference that the author's client gave; only the author sees it"`
	CreatedAt   time.Time    `json:"created_at" doc:"When it was written"`
}

// ForGuests is what guests see of a message to everyone: the author by the id and name that they know, and not which rep it is.
func (m Message) ForGuests(authorID, publicName string) Message {
	m.Author.ID = authorID
	if m.AuthorRepID != "" {
		m.Author.Name, m.AuthorRepID = publicName, ""
	}
	return m
}

// SystemText is what the chat says when somebody comes or goes (C3).
func SystemText(system, name string) string { return name + " has " + system + " the session" }

// AudienceOf settles to whom an attendee writes: to everyone, but a masked rep to the reps alone (C11).
func AudienceOf(wanted Audience, a Attendee) (Audience, *Problem) {
	hidden := a.RepID != "" && !a.Shown()
	switch {
	case hidden && wanted == ForEveryone:
		return "", Refuse(NotAllowed, "A masked rep writes to the reps only.")
	case a.RepID == "" && wanted == ForReps:
		return "", Refuse(NotAllowed, "Guests write to everyone.")
	case wanted != "":
		return wanted, nil
	case hidden:
		return ForReps, nil
	}
	return ForEveryone, nil
}

// ChatFrom is from when on somebody who comes in now sees the chat (C1). The customer and the owner see all of it.
func ChatFrom(role AttendeeRole, s PortalSettings, now time.Time) time.Time {
	if role == AttendeeOwner || role == AttendeeCustomer {
		return time.Time{}
	}
	return now.Add(-time.Duration(*s.ChatHistorySeconds) * time.Second)
}
