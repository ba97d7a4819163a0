package desk

import (
	"slices"
	"strings"
	"time"
)

// EventType names what happened.
type EventType string

const (
	EventInvitationCreated EventType = "invitation.created"
	EventInvitationChanged EventType = "invitation.changed"
	EventInvitationEnded   EventType = "invitation.ended" // also: no longer for you
	EventDeliveryChanged   EventType = "delivery.changed"
	EventSpecialistChanged EventType = "specialist_invitation.changed" // made, joined by, over, or the session's new owner's from now on
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
	EventRepPresence       EventType = "rep.presence_changed" // only for those who ask for it
	EventReset             EventType = "reset"                // of the log as it is read: the reader has to load everything anew
)

// EventTypes lists all there are.
var EventTypes = []EventType{EventInvitationCreated, EventInvitationChanged, EventInvitationEnded, EventDeliveryChanged, EventSpecialistChanged, EventSessionChanged, EventPlaceChanged,
	EventAttendeeJoined, EventAttendeeChanged, EventAttendeeLeft, EventMessagePosted, EventGrantChanged, EventEntryAdded, EventEntryChanged,
	EventEntryRemoved, EventQueueChanged, EventTeamMessage, EventMeChanged, EventPreferences, EventConsoleChanged, EventConsoleRevoked, EventRepPresence, EventReset}

const (
	// EventRetention is how long events are kept for those who come back (H2), where no setting says otherwise.
	EventRetention = 7 * 24 * time.Hour
	// LeastEventRetention is the shortest that a setting may say: a console that is closed for lunch comes back by its stream.
	LeastEventRetention = time.Hour
)

// Event is one thing that happened, as one rep may see it: the object that the type names stands in it whole.
type Event struct {
	ID          int64        `json:"id,omitempty" doc:"Growing position; opaque, for Last-Event-ID and after" example:"4711"`
	Type        EventType    `json:"type" doc:"What happened" values:"EventType"`
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
	Rep         *RepPresence `json:"rep,omitempty" doc:"With rep.presence_changed"`

	SpecialistInvitation *SpecialistInvitation `json:"specialist_invitation,omitempty" doc:"With specialist_invitation.…"`
}

// Subject names the one object that the event is about: invitation inv_…, queue personal.
func (e Event) Subject() string {
	id := e.QueueID // of queue.changed, which gets its queue when it is read
	switch {
	case e.Invitation != nil:
		id = e.Invitation.ID
	case e.Session != nil:
		id = e.Session.ID
	case e.Attendee != nil:
		id = e.Attendee.ID
	case e.Message != nil:
		id = e.Message.ID
	case e.Delivery != nil:
		id = e.Delivery.ID
	case e.SpecialistInvitation != nil:
		id = e.SpecialistInvitation.ID
	case e.Entry != nil:
		id = e.Entry.ID
	case e.TeamMessage != nil:
		id = e.TeamMessage.ID
	case e.Console != nil:
		id = e.Console.ID
	case e.Rep != nil:
		id = e.Rep.ID
	}
	noun, _, _ := strings.Cut(string(e.Type), ".")
	return noun + " " + id
}

// step says whether the event is one of several that say how its object is now, so that the next such says all that it says.
// A session that comes with its attendees says more. After a reset all is loaded that the one before asked for.
func (e Event) step() bool {
	return e.Type == EventReset || strings.HasSuffix(string(e.Type), "changed") && (e.Session == nil || e.Session.Attendees == nil)
}

// Behind is how many events may wait for a stream until it is behind: from then on it gets of changes the latest only.
const Behind = 20

// LatestOnly leaves of each row of steps about one object the last, which has the object whole. Whatever else happened to the
// object, as its coming and going, stays and divides what was before from what came after. may says of which types.
func LatestOnly(events []Event, may func(EventType) bool) []Event {
	later := map[string]bool{} // the subjects of which a later step is kept
	kept := make([]Event, 0, len(events))
	for _, e := range slices.Backward(events) {
		subject := e.Subject()
		if e.step() && later[subject] && may(e.Type) {
			continue
		}
		later[subject] = e.step()
		kept = append(kept, e)
	}
	slices.Reverse(kept)
	return kept
}

// RepTopic is where events for one rep stand.
func RepTopic(repID string) string { return "rep:" + repID }

// PresenceTopic is where the presence of all reps stands, for those who ask for it: each reads of those whom they see (A4, A7).
const PresenceTopic = "presence"

// TeamTopic is where events for all reps of a team stand.
func TeamTopic(teamID string) string { return "team:" + teamID }

// PortalTopic is where events for all reps logged in under a portal stand, and PortalsTopic where those do that are for
// the reps under the portals below it too.
func PortalTopic(portalID string) string  { return "portal:" + portalID }
func PortalsTopic(portalID string) string { return "portals:" + portalID }
