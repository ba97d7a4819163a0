package store

import "github.com/repdesk/repdesk/store/desk"

// queueChanged tells all consoles of a rep that a team's queue shows itself otherwise to them: its unread chat, or the
// mark that they put on it (D6).
func (t *tx) queueChanged(repID, teamID string) error {
	return t.record(desk.RepTopic(repID), desk.Event{Type: desk.EventQueueChanged, QueueID: teamID, TeamID: teamID})
}
