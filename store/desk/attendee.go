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

// Consent is where the customer's agreement to somebody on their screen stands (C4).
type Consent string

const (
	ConsentNotNeeded Consent = "not_needed"
	ConsentAsked     Consent = "asked" // no screen access yet
	ConsentGranted   Consent = "granted"
	ConsentRefused   Consent = "refused" // no screen access
)

// OnScreen says whether somebody with the consent is on the customer's screen.
func (c Consent) OnScreen() bool { return c == ConsentNotNeeded || c == ConsentGranted }

// ConsentFor is where the consent of somebody who comes in stands: a portal can have the customer asked about every
// rep and specialist beside the owner. A masked rep, of whom the customer must not know (C11), counts as asked too:
// until they show themselves, and the customer agrees, they have no screen access.
func ConsentFor(role AttendeeRole, s PortalSettings) Consent {
	if *s.ConsentOnJoin && (role == AttendeeRep || role == AttendeeSpecialist) {
		return ConsentAsked
	}
	return ConsentNotNeeded
}

// Attendee is somebody in a session.
type Attendee struct {
	ID        string       `json:"id" doc:"Opaque id" example:"att_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev       int64        `json:"rev" doc:"Grows with each change of this object"`
	SessionID string       `json:"session_id" doc:"The session"`
	Role      AttendeeRole `json:"role" doc:"What they are in it" values:"AttendeeRole"`
	RepID     string       `json:"rep_id,omitempty" doc:"Which rep it is; guests are not told"`
	Name      string       `json:"name" doc:"The name that the caller may see" example:"Ben Okafor"`
	Access    Access       `json:"access" doc:"What they may do on the shared screen, as far as consent lets them" values:"Access"`
	Masked    bool         `json:"masked" doc:"Whether they are hidden from the customer"`
	Expected  bool         `json:"expected" doc:"Whether they accepted by email and no console of theirs has come yet"`
	Consent   Consent      `json:"consent" doc:"Whether the customer agrees to them on the screen" values:"Consent"`
	JoinedAt  time.Time    `json:"joined_at" doc:"When they came"`
	LeftAt    *time.Time   `json:"left_at,omitempty" doc:"When they left"`
	CameBy    string       `json:"-"` // the invitation that let a specialist in
	Invited   bool         `json:"-"` // of a rep who comes in: an invitation lets them
}

// Shown says whether guests may know of the attendee (C2, C11): masked reps are hidden, and so are reps whose seat waits
// for them.
func (a Attendee) Shown() bool { return !a.Masked && !a.Expected }

// ForGuests is what a customer or specialist sees of an attendee who is shown (C2): the public name in place of the private
// one and of the rep's id; with an id and revision that tell nothing of a time when they were hidden, there since that ended.
func (a Attendee) ForGuests(id string, rev int64, publicName string, since time.Time) Attendee {
	a.ID, a.Rev = id, rev
	if a.RepID != "" {
		a.Name, a.RepID = publicName, ""
	}
	if !since.IsZero() {
		a.JoinedAt = since
	}
	return a
}

// AttendeeChange is what the owner can change of an attendee (C5); nil leaves a field as it is.
type AttendeeChange struct {
	Access *Access
	Masked *bool
}

// Apply changes the attendee, within the ceiling of the session's portal, or refuses.
func (c AttendeeChange) Apply(a *Attendee, ceiling Access) *Problem {
	switch {
	case a.Role != AttendeeRep && a.Role != AttendeeSpecialist:
		return Refuse(NotAllowed, "The access of the %s is fixed.", a.Role)
	case c.Masked != nil && a.Role != AttendeeRep:
		return Refuse(NotAllowed, "Only a rep can be masked.")
	case c.Access != nil && c.Access.Above(ceiling):
		return AboveCeiling(ceiling)
	}
	if c.Access != nil {
		a.Access = *c.Access
	}
	if c.Masked != nil {
		a.Masked = *c.Masked
	}
	return nil
}

// AboveCeiling refuses more access than the session's portal allows (B10).
func AboveCeiling(ceiling Access) *Problem {
	return Refuse(AccessAboveCeiling, "The session's portal allows at most %s.", ceiling)
}
