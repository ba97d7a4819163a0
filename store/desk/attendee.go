package desk

import "time"

// Access is what an attendee may do on the shared screen.
type Access string

const (
	View    Access = "view"
	Control Access = "control"
)

// Above says whether a is more than b.
func (a Access) Above(b Access) bool { return a == Control && b == View }

// LowerOf returns the lesser of two.
func LowerOf(a, b Access) Access {
	if a.Above(b) {
		return b
	}
	return a
}

// AttendeeRole is what somebody in a session is there.
type AttendeeRole string

const (
	AttendeeCustomer   AttendeeRole = "customer"
	AttendeeOwner      AttendeeRole = "owner"
	AttendeeRep        AttendeeRole = "rep"
	AttendeeSpecialist AttendeeRole = "specialist"
)

// ExpectedFor is how long a rep who accepted by email, without a console, keeps the seat (G2).
const ExpectedFor = 10 * time.Minute

// Attendee is somebody in a session.
type Attendee struct {
	ID        string       `json:"id" doc:"Opaque id" example:"att_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev       int64        `json:"rev" doc:"Grows with each change of this object"`
	SessionID string       `json:"session_id" doc:"The session"`
	Role      AttendeeRole `json:"role" doc:"What they are in it" values:"customer,owner,rep,specialist"`
	RepID     string       `json:"rep_id,omitempty" doc:"Which rep it is"`
	Name      string       `json:"name" doc:"The name that the caller may see" example:"Ben Okafor"`
	Access    Access       `json:"access" doc:"What they may do on the shared screen" values:"view,control"`
	Masked    bool         `json:"masked" doc:"Whether they are hidden from the customer"`
	Expected  bool         `json:"expected" doc:"Whether they accepted by email and no console of theirs has come yet"`
	JoinedAt  time.Time    `json:"joined_at" doc:"When they came"`
	LeftAt    *time.Time   `json:"left_at,omitempty" doc:"When they left"`
}

// AttendeesForGuests is the list that a customer or specialist may see (C2): no masked reps, and for reps the public
// name, which publicName gives by rep id, in place of the private one and of the rep's id.
func AttendeesForGuests(all []Attendee, publicName func(repID string) string) []Attendee {
	seen := make([]Attendee, 0, len(all))
	for _, a := range all {
		if a.Masked {
			continue
		}
		if a.RepID != "" {
			a.Name, a.RepID = publicName(a.RepID), ""
		}
		a.Expected = false
		seen = append(seen, a)
	}
	return seen
}
