package desk

import (
	"strings"
	"testing"
)

// H2: of changes of one object the last is kept, and whatever else happened to it divides them.
func TestH2LatestOnly(t *testing.T) {
	event := func(text string) Event {
		kind, id, _ := strings.Cut(text, " ")
		e := Event{Type: EventType(kind)}
		switch noun, _, _ := strings.Cut(kind, "."); noun {
		case "invitation":
			e.Invitation = &Invitation{ID: id}
		case "session":
			e.Session = &Session{ID: strings.TrimSuffix(id, "+")}
			if strings.HasSuffix(id, "+") {
				e.Session.Attendees = []Attendee{}
			}
		case "attendee", "grant":
			e.Attendee = &Attendee{ID: id}
		case "queue_entry":
			e.Entry = &QueueEntry{ID: id}
		case "delivery":
			e.Delivery = &Delivery{ID: id}
		case "console":
			e.Console = &Console{ID: id}
		case "queue":
			e.QueueID = id
		}
		return e
	}
	for _, test := range []struct{ name, events, kept string }{
		{"none", "", ""},
		{"the last of each object", "session.changed a, session.changed b, session.changed a", "session.changed b, session.changed a"},
		{"not across a coming", "invitation.changed a, invitation.created a, invitation.changed a, invitation.changed a", "invitation.changed a, invitation.created a, invitation.changed a"},
		{"nor an end", "invitation.changed a, invitation.changed a, invitation.ended a, invitation.changed a", "invitation.changed a, invitation.ended a, invitation.changed a"},
		{"entries", "queue_entry.changed a, queue_entry.removed a, queue_entry.added a, queue_entry.changed a, queue_entry.changed a", "queue_entry.changed a, queue_entry.removed a, queue_entry.added a, queue_entry.changed a"},
		{"another's end divides nothing", "attendee.changed a, attendee.left b, attendee.changed a", "attendee.left b, attendee.changed a"},
		{"a grant is no attendee", "grant.changed a, attendee.changed a, attendee.left a, grant.changed a", "attendee.changed a, attendee.left a, grant.changed a"},
		{"messages all stay", "message.posted, message.posted, me.changed, message.posted, me.changed", "message.posted, message.posted, message.posted, me.changed"},
		{"what comes with attendees stays", "session.changed a, session.changed a+, session.changed a, session.changed a", "session.changed a, session.changed a+, session.changed a"},
		{"queues", "queue.changed a, queue.changed personal, queue.changed a", "queue.changed personal, queue.changed a"},
		{"of the rep", "preferences.changed, console.changed a, preferences.changed, console.revoked a, console.changed b", "console.changed a, preferences.changed, console.revoked a, console.changed b"},
		{"types that may not", "delivery.changed a, delivery.changed a, session.changed a, session.changed a", "delivery.changed a, delivery.changed a, session.changed a"},
	} {
		var events []Event
		names := map[int64]string{}
		for text := range strings.SplitSeq(test.events, ", ") {
			if text != "" {
				e := event(text)
				e.ID = int64(len(events) + 1)
				names[e.ID], events = text, append(events, e)
			}
		}
		var kept []string
		before := int64(0)
		for _, e := range LatestOnly(events, func(kind EventType) bool { return kind != EventDeliveryChanged }) {
			if kept = append(kept, names[e.ID]); e.ID <= before {
				t.Errorf("%s: out of order", test.name)
			}
			before = e.ID
		}
		if got := strings.Join(kept, ", "); got != test.kept {
			t.Errorf("%s: kept %s, want %s", test.name, got, test.kept)
		}
	}
}
