package desk

import "time"

// EventType names what happened.
type EventType string

const (
	EventInvitationCreated EventType = "invitation.created"
	EventInvitationChanged EventType = "invitation.changed"
	EventInvitationEnded   EventType = "invitation.ended" // also: no longer for you
	EventDeliveryChanged   EventType = "delivery.changed"
	EventSessionChanged    EventType = "session.changed"
	EventPlaceChanged      EventType = "place.changed" // of a guest who waits, in line; it passes by itself, and is not in the log
	EventAttendeeJoined    EventType = "attendee.joined"
	EventAttendeeChanged   EventType = "attendee.changed"
	EventAttendeeLeft      EventType = "attendee.left"
	EventMessagePosted     EventType = "message.posted"
	EventGrantChanged      EventType = "grant.changed" // a join grant says something else now, or is withdrawn
	EventEntryAdded        EventType = "queue_entry.added"
	EventEntryChanged      EventType = "queue_entry.changed"
	EventEntryRemoved      EventType = "queue_entry.removed" // also: no longer for you
	EventQueueChanged      EventType = "queue.changed"       // its counts, unread chat, favourite
	EventTeamMessage       EventType = "team_message.posted"
	EventMeChanged         EventType = "me.changed"
	EventPreferences       EventType = "preferences.changed"
	EventConsoleChanged    EventType = "console.changed"
	EventConsoleRevoked    EventType = "console.revoked"
)

// EventTypes lists all there are.
var EventTypes = []EventType{EventInvitationCreated, EventInvitationChanged, EventInvitationEnded, EventDeliveryChanged, EventSessionChanged, EventPlaceChanged,
	EventAttendeeJoined, EventAttendeeChanged, EventAttendeeLeft, EventMessagePosted, EventGrantChanged, EventEntryAdded, EventEntryChanged,
	EventEntryRemoved, EventQueueChanged, EventTeamMessage, EventMeChanged, EventPreferences, EventConsoleChanged, EventConsoleRevoked}

// EventRetention is how long events are kept for those who come back (H2).
const EventRetention = 7 * 24 * time.Hour

// Event is one thing that happened, as one rep may see it: the object that the type names stands in it whole.
type Event struct {
	ID          int64        `json:"id,omitempty" doc:"Growing position; opaque, for Last-Event-ID and after" example:"4711"`
	Type        EventType    `json:"type" doc:"What happened" values:"invitation.created,invitation.changed,invitation.ended,delivery.changed,session.changed,place.changed,attendee.joined,attendee.changed,attendee.left,message.posted,grant.changed,queue_entry.added,queue_entry.changed,queue_entry.removed,queue.changed,team_message.posted,me.changed,preferences.changed,console.changed,console.revoked"`
	At          time.Time    `json:"at" doc:"When"`
	Actor       *Ref         `json:"actor,omitempty" doc:"Who did it"`
	SessionID   string       `json:"session_id,omitempty" doc:"The session that it happened in"`
	QueueID     string       `json:"queue_id,omitempty" doc:"The queue that it concerns: personal, or a team's id"`
	TeamID      string       `json:"team_id,omitempty" doc:"The team that it concerns"`
	Reason      string       `json:"reason,omitempty" doc:"Why"`
	Invitation  *Invitation  `json:"invitation,omitempty" doc:"With invitation.…"`
	Session     *Session     `json:"session,omitempty" doc:"With session.… and place.changed"`
	Attendee    *Attendee    `json:"attendee,omitempty" doc:"With attendee.… and grant.…"`
	Message     *Message     `json:"message,omitempty" doc:"With message.…"`
	Delivery    *Delivery    `json:"delivery,omitempty" doc:"With delivery.…"`
	Entry       *QueueEntry  `json:"entry,omitempty" doc:"With queue_entry.…"`
	Queue       *Queue       `json:"queue,omitempty" doc:"With queue.…"`
	TeamMessage *TeamMessage `json:"team_message,omitempty" doc:"With team_message.…"`
	Me          *Me          `json:"me,omitempty" doc:"With me.…"`
	Preferences *Preferences `json:"preferences,omitempty" doc:"With preferences.…"`
	Console     *Console     `json:"console,omitempty" doc:"With console.…"`
}

// RepTopic is where events for one rep stand.
func RepTopic(repID string) string { return "rep:" + repID }

// TeamTopic is where events for all reps of a team stand.
func TeamTopic(teamID string) string { return "team:" + teamID }

// PortalTopic is where events for all reps logged in under a portal stand, and PortalsTopic where those do that are for
// the reps under the portals below it too.
func PortalTopic(portalID string) string  { return "portal:" + portalID }
func PortalsTopic(portalID string) string { return "portals:" + portalID }
