package desk

import "time"

// SnapshotLimit is how many of a list a snapshot has at most.
const SnapshotLimit = 200

// Snapshot is what a console shows when it starts, as it all stood at one moment: events after the cursor go on from there
// (H2).
type Snapshot struct {
	Cursor      string       `json:"cursor" doc:"The event at which all this stands: follow the stream or the log after it" example:"4711"`
	ServerTime  time.Time    `json:"server_time" doc:"The server's clock"`
	Me          Me           `json:"me" doc:"The rep who asks"`
	Console     Console      `json:"console" doc:"The console that asks"`
	Preferences Preferences  `json:"preferences" doc:"How the rep wants queues shown"`
	Queues      []Queue      `json:"queues" doc:"As list-queues has them"`
	Entries     []QueueEntry `json:"entries" doc:"What stands in the personal queue, in the order in which it came"`
	Invitations []Invitation `json:"invitations" doc:"Those that the rep may accept, the newest first"`
	Sessions    []Session    `json:"sessions" doc:"Those that the rep owns or is in, with attendees, the newest first"`
	Portals     []Portal     `json:"portals" doc:"Where the rep may log in"`
	Badge       int          `json:"badge" doc:"Invitations and transfers that wait for an answer: the number that pushes carry"`
	Truncated   []string     `json:"truncated" doc:"The lists that have more than stands here; the operations that list these have the rest" values:"SnapshotPart"`
}

// cut is how much of a list fits; where that is not all, it notes so.
func (s *Snapshot) cut(name string, length int) int {
	if length <= SnapshotLimit {
		return length
	}
	s.Truncated = append(s.Truncated, name)
	return SnapshotLimit
}

// Cut shortens the lists to what fits, and names those that had more.
func (s *Snapshot) Cut() {
	s.Truncated = []string{}
	s.Entries = s.Entries[:s.cut("entries", len(s.Entries))]
	s.Invitations = s.Invitations[:s.cut("invitations", len(s.Invitations))]
	s.Sessions = s.Sessions[:s.cut("sessions", len(s.Sessions))]
	s.Portals = s.Portals[:s.cut("portals", len(s.Portals))]
}

func (s *Snapshot) SeenThrough(o *Outlook) {
	for i := range s.Entries {
		s.Entries[i].SeenThrough(o)
	}
	for i := range s.Invitations {
		s.Invitations[i].SeenThrough(o)
	}
	for i := range s.Sessions {
		s.Sessions[i].SeenThrough(o)
	}
}
