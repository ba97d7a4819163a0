package desk

import (
	"slices"
	"time"
)

// Role is what a rep is in the organisation.
type Role string

const (
	RoleRep           Role = "rep"
	RoleAdministrator Role = "administrator"
)

// Permission is something that a rep may do beyond the ordinary.
type Permission string

const (
	ShareOutsideTeams    Permission = "share_outside_teams"    // A4
	TransferOutsideTeams Permission = "transfer_outside_teams" // C6
	SeeOutsideEmbassy    Permission = "see_outside_embassy"    // A7
	ExtendedAvailability Permission = "extended_availability"  // G6
	InviteSpecialists    Permission = "invite_specialists"     // F1
)

// Permissions lists all there are.
var Permissions = []Permission{ShareOutsideTeams, TransferOutsideTeams, SeeOutsideEmbassy, ExtendedAvailability, InviteSpecialists}

// CheckExtended refuses extended availability to who is without what it needs: the permission and an email address (G6).
func CheckExtended(permissions []Permission, email string) *Problem {
	if !slices.Contains(permissions, ExtendedAvailability) {
		return Refuse(NotAllowed, "Extended availability needs the permission %s.", ExtendedAvailability)
	}
	if email == "" {
		return Refuse(EmailMissing, "Extended availability needs an email address.")
	}
	return nil
}

// Presence is what colleagues see of a rep's readiness.
type Presence string

const (
	PresenceAvailable Presence = "available"
	PresenceBusy      Presence = "busy" // chosen by the rep; a busy rep can be invited
	PresenceOffline   Presence = "offline"
)

// PresenceOf derives the presence from the two facts behind it.
func PresenceOf(loggedIn, busy bool) Presence {
	switch {
	case !loggedIn:
		return PresenceOffline
	case busy:
		return PresenceBusy
	}
	return PresenceAvailable
}

// RepPresence is a rep's readiness, as colleagues see it.
type RepPresence struct {
	ID       string   `json:"id" doc:"Opaque id" example:"rep_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Name     string   `json:"name" doc:"The private display name" example:"Ben Okafor"`
	Presence Presence `json:"presence" doc:"Whether they are logged in, and busy" values:"Presence"`
}

// Membership is a rep's place in a team.
type Membership struct {
	Team    Ref      `json:"team" doc:"The team"`
	Role    TeamRole `json:"role" doc:"The rep's role in it" values:"TeamRole"`
	Embassy bool     `json:"embassy" doc:"Whether the team is one of outside reps"`
}

// Me is a rep as they see themselves.
type Me struct {
	ID                   string       `json:"id" doc:"Opaque id" example:"rep_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev                  int64        `json:"rev" doc:"Grows with each change of this object" example:"3"`
	Username             string       `json:"username" doc:"The log-in name; @username stands for the id in requests" example:"ana"`
	Name                 string       `json:"name" doc:"The private display name, which colleagues see" example:"Ana Ruiz"`
	PublicName           string       `json:"public_name" doc:"The name that customers see" example:"Ana"`
	Email                string       `json:"email,omitempty" doc:"Where emails go" example:"ana@example.com"`
	Role                 Role         `json:"role" doc:"The role in the organisation" values:"Role"`
	Permissions          []Permission `json:"permissions" doc:"What the rep may do beyond the ordinary" values:"Permission"`
	Teams                []Membership `json:"teams" doc:"The rep's teams"`
	ShowOnPublicPage     bool         `json:"show_on_public_page" doc:"Whether customers may choose the rep on a portal's public page"`
	Presence             Presence     `json:"presence" doc:"What colleagues see" values:"Presence"`
	Busy                 bool         `json:"busy" doc:"Chosen by the rep"`
	ExtendedAvailability bool         `json:"extended_availability" doc:"Whether the rep may be invited by email while not logged in"`
	Locale               string       `json:"locale" doc:"BCP 47 language tag" example:"en"`
	TimeZone             string       `json:"time_zone" doc:"IANA time zone" example:"Europe/Madrid"`

	SpecialistsMayShareScreen bool        `json:"specialists_may_share_screen" doc:"Whether specialists in the rep's sessions may share their own screen"`
	Alerts                    Alerts      `json:"alerts" doc:"What pushes tell the rep of, beside invitations"`
	QuietHours                *QuietHours `json:"quiet_hours,omitempty" doc:"When no invitations go out by email; absent: they always do"`
}

// Rep is an account, as administrators see it: its teams are also those out of use.
type Rep struct {
	Me
	Disabled bool `json:"disabled" doc:"Whether the account is closed"`
}

// Caller is who asks, as the bearer token says. Every store method that acts for somebody takes one.
type Caller struct {
	RepID       string // of an API token that belongs to nobody: the token's id
	ConsoleID   string // empty for an API token
	TokenID     string // the API token; empty for a console
	Name        string // private display name
	Role        Role
	Permissions []Permission
	Scopes      []Scope   // what an API token may do; a console may do all
	Until       time.Time // when an API token ends
	Embassy     bool      // an embassy rep, for whom A7 holds
}

// IsRep says whether it is a rep who asks, on a console or by a token of theirs.
func (c Caller) IsRep() bool { return c.RepID != c.TokenID }

// Has says whether the caller holds the permission.
func (c Caller) Has(p Permission) bool { return slices.Contains(c.Permissions, p) }

// IsAdministrator says whether the caller administers the organisation.
func (c Caller) IsAdministrator() bool { return c.Role == RoleAdministrator }

// Ref is how others are told who acted.
func (c Caller) Ref() Ref { return Ref{ID: c.RepID, Name: c.Name} }
