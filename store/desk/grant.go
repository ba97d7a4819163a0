package desk

import "time"

const (
	// GrantLives is how long a join grant lives (C12). Whatever carries the screen lets go of somebody whose grant ran out,
	// so this is also how late at most it learns that a grant was withdrawn.
	GrantLives = 60 * time.Second
	// GrantSkew is how far behind the clock of whoever checks a grant may be.
	GrantSkew = 30 * time.Second
	// GrantKeyUsedFor is how long one key signs grants.
	GrantKeyUsedFor = 30 * 24 * time.Hour
	// GrantKeyAhead is how long a key is published before it signs: those who check grants may keep the keys for so long.
	GrantKeyAhead = time.Hour
	// GrantAudience is for whom join grants are: whatever carries the shared screen.
	GrantAudience = "repdesk-screen"
)

// GrantClaims are what a join grant says (C12), beside the registered claims of a JWT.
type GrantClaims struct {
	Session  string       `json:"session"`
	Attendee string       `json:"attendee"` // the same as sub
	Role     AttendeeRole `json:"role"`
	Access   string       `json:"access"` // none while consent is wanting
	Consent  Consent      `json:"consent"`
	Rev      int64        `json:"rev"` // of the attendee: the highest counts

	ShareScreen bool `json:"share_screen,omitempty"` // a specialist may share their own screen (F8)
}

// NoAccess is what a grant says of somebody whom the customer has not let onto the screen.
const NoAccess = "none"

// GrantOf is what a join grant says of an attendee. share is the setting of the session's owner about specialists (F8).
func GrantOf(a Attendee, share bool) GrantClaims {
	access := string(a.Access)
	if !a.Consent.OnScreen() {
		access = NoAccess
	}
	return GrantClaims{Session: a.SessionID, Attendee: a.ID, Role: a.Role, Access: access, Consent: a.Consent, Rev: a.Rev, ShareScreen: share && a.Role == AttendeeSpecialist}
}

// Grant is a join grant as it is given out.
type Grant struct {
	Grant     string    `json:"grant" doc:"A JWT, signed with EdDSA; the keys are at /.well-known/jwks.json"`
	ExpiresAt time.Time `json:"expires_at" doc:"When it is worth nothing any more; fetch another before"`
}
