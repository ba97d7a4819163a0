package desk

import (
	"fmt"
	"slices"
	"time"
)

// The life of an API token, and how precisely its last use is known.
const (
	TokenLifetime    = 90 * 24 * time.Hour  // where none is asked for
	MaxTokenLifetime = 366 * 24 * time.Hour // a token that never ends would be forgotten
	TokenUseAccuracy = time.Minute
)

// Scope is something that an API token may do (I2).
type Scope string

const (
	SessionsStart       Scope = "sessions:start"       // start sessions for customers
	SessionsRead        Scope = "sessions:read"        // read sessions, with attendees, chat, notes and invitations
	SessionsWrite       Scope = "sessions:write"       // act in sessions as the rep: accept, end, invite, write, leave; as nobody: end them
	QueuesRead          Scope = "queues:read"          // read queues, preferences and the chat of teams
	QueuesWrite         Scope = "queues:write"         // take the next, mark queues, write to teams, make session keys
	DirectoryRead       Scope = "directory:read"       // read teams, issues and portals, and who the rep is
	EventsRead          Scope = "events:read"          // follow what the rep is told
	AdministrationRead  Scope = "administration:read"  // read the organisation, and what tokens there are
	AdministrationWrite Scope = "administration:write" // change the organisation, make and revoke tokens
)

// Scopes lists all there are, in the order in which a token shows its own.
var Scopes = []Scope{SessionsStart, SessionsRead, SessionsWrite, QueuesRead, QueuesWrite, DirectoryRead, EventsRead, AdministrationRead, AdministrationWrite}

// APIToken is what a program calls with, as administrators see it: never with the token's own text.
type APIToken struct {
	ID         string     `json:"id" doc:"Opaque id" example:"tok_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev        int64      `json:"rev" doc:"Grows with each change of this object; use does not move it"`
	Name       string     `json:"name" doc:"What it is for" example:"Ticket system"`
	Rep        *Ref       `json:"rep,omitempty" doc:"The rep as whom it acts; absent: it belongs to nobody"`
	Scopes     []Scope    `json:"scopes" doc:"What it may do" values:"Scope"`
	ExpiresAt  time.Time  `json:"expires_at" doc:"From when on it is refused"`
	CreatedAt  time.Time  `json:"created_at" doc:"When it was made"`
	CreatedBy  *Ref       `json:"created_by,omitempty" doc:"Who made it; absent when they are gone, and for one made by the program's operator"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"When it was last used, to within a minute; absent: never"`
}

// CheckScopes refuses scopes that there are not, and none at all. It returns the others in their order, each once.
func CheckScopes(scopes []Scope) ([]Scope, *Problem) {
	if len(scopes) == 0 {
		return nil, Invalid("scopes", "too_few", "expected at least one of %s", Scopes)
	}
	for i, scope := range scopes {
		if !slices.Contains(Scopes, scope) {
			return nil, Invalid(fmt.Sprintf("scopes[%d]", i), "unknown_value", "expected one of %s", Scopes)
		}
	}
	return slices.DeleteFunc(slices.Clone(Scopes), func(s Scope) bool { return !slices.Contains(scopes, s) }), nil
}

// TokenExpiry says when a token ends that the caller makes now: at a time that is given, after a lifetime, or with neither
// (nil, 0) after TokenLifetime, or with the API token that makes it, which it cannot outlive. It is a whole second, since that is
// what answers show.
func (c Caller) TokenExpiry(now time.Time, lifetime time.Duration, at *time.Time) (time.Time, *Problem) {
	field := "lifetime_seconds"
	switch {
	case at != nil && lifetime != 0:
		return time.Time{}, Invalid(field, "one_only", "give lifetime_seconds or expires_at, not both")
	case at != nil:
		field, lifetime = "expires_at", at.Sub(now)
	case lifetime == 0:
		lifetime = TokenLifetime
		if c.TokenID != "" {
			lifetime = min(lifetime, c.Until.Sub(now))
		}
	}
	end := now.Add(lifetime).Truncate(time.Second)
	switch {
	case c.TokenID != "" && end.After(c.Until):
		return end, Invalid(field, "too_large", "an API token makes none that outlives it; it ends at %s", c.Until.UTC().Format(time.RFC3339))
	case lifetime > MaxTokenLifetime:
		return end, Invalid(field, "too_large", "a token lives for %d days at most", MaxTokenLifetime/(24*time.Hour))
	case !end.After(now):
		return end, Invalid(field, "too_small", "a token has to live for a time")
	}
	return end, nil
}

// MayGive refuses to let an API token give out more than it has: what it makes would outgrow it.
func (c Caller) MayGive(scopes []Scope) *Problem {
	for _, scope := range scopes {
		if c.TokenID != "" && !slices.Contains(c.Scopes, scope) {
			return Refuse(NotAllowed, "An API token gives out only scopes that it has itself; it is without %s.", scope)
		}
	}
	return nil
}

// MayAct refuses a caller who is no rep: an API token that belongs to nobody never owns, accepts or invites (I2).
func (c Caller) MayAct() *Problem {
	if !c.IsRep() {
		return Refuse(NotAllowed, "This is for reps: an API token that belongs to nobody cannot do it.")
	}
	return nil
}
