package desk

// ShareRep is a rep in the Share menu (A5).
type ShareRep struct {
	ID                   string   `json:"id" doc:"Opaque id" example:"rep_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Name                 string   `json:"name" doc:"The private display name" example:"Ben Okafor"`
	Presence             Presence `json:"presence" doc:"Whether they are logged in, and busy" values:"Presence"`
	ExtendedAvailability bool     `json:"extended_availability" doc:"Whether an email reaches them while not logged in"`
	SessionCount         int      `json:"session_count" doc:"Sessions they are in now; to an embassy rep only those that it is in too"`
	Portals              []Ref    `json:"portals" doc:"The portals they are logged in under"`
	Invited              bool     `json:"invited" doc:"Whether they have an active invitation to this session"`
}

// ShareTeam is a team, or an embassy, in the Share menu.
type ShareTeam struct {
	Team              Ref        `json:"team" doc:"The team"`
	Embassy           bool       `json:"embassy" doc:"Whether it is a team of outside reps"`
	Mine              bool       `json:"mine" doc:"Whether the caller is in it"`
	AvailableCount    int        `json:"available_count" doc:"Its reps who could be invited now, or with for=transfer be given the session"`
	AnyRepresentative bool       `json:"any_representative" doc:"Whether any representative of it can be invited now, or be given the session"`
	Reps              []ShareRep `json:"reps,omitempty" doc:"Its reps who could be invited: of the caller's own teams, or of the team asked for"`
}

// SharePortal is a portal in the Share menu (A6).
type SharePortal struct {
	Portal         Ref    `json:"portal" doc:"The portal"`
	ParentID       string `json:"parent_id,omitempty" doc:"The portal above it"`
	AvailableCount int    `json:"available_count" doc:"Reps logged in under it who could be invited now"`
}

// Seats says how many may still come.
type Seats struct {
	RepsLeft        int `json:"reps_left" doc:"Reps who can still be invited"`
	SpecialistsLeft int `json:"specialists_left" doc:"Specialists who can still be let in"`
}

// ShareOptions is all that the Share menu of a session shows (A1).
type ShareOptions struct {
	Issues        []Ref         `json:"issues" doc:"Issues open for Request Help to the caller"`
	Teams         []ShareTeam   `json:"teams" doc:"Teams and embassies that can be asked: the caller's own on the first page, and others"`
	Portals       []SharePortal `json:"portals" doc:"Portals with reps logged in under them, as a tree by parent_id"`
	Reps          []ShareRep    `json:"reps,omitempty" doc:"With q or portal_id: the reps found"`
	Invitations   []Invitation  `json:"invitations" doc:"The session's active invitations"`
	Codes         []string      `json:"codes" doc:"Ids of the specialist invitations that stand"`
	Seats         Seats         `json:"seats" doc:"How many may still come"`
	AccessCeiling Access        `json:"access_ceiling" doc:"The most access that an invitation may carry" values:"Access"`
	Next          string        `json:"next,omitempty" doc:"Cursor of the next page: of reps with team_id, portal_id or q, else of the teams that are not the caller's own"`
}
