package desk

// TeamRole is a rep's rank in a team. A higher role sees the sessions of the lower ones (A8).
type TeamRole string

const (
	TeamMember  TeamRole = "member"
	TeamLead    TeamRole = "lead"
	TeamManager TeamRole = "manager"
)

// Rank orders the roles: member 1, lead 2, manager 3; 0 is no role.
func (r TeamRole) Rank() int {
	switch r {
	case TeamMember:
		return 1
	case TeamLead:
		return 2
	case TeamManager:
		return 3
	}
	return 0
}

// Team is a team as the directory shows it. What only administrators are told is left out for others.
type Team struct {
	ID          string    `json:"id" doc:"Opaque id" example:"team_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev         int64     `json:"rev" doc:"Grows with each change of this object"`
	Slug        string    `json:"slug" doc:"Unique name; @slug stands for the id in requests" example:"printers"`
	Name        string    `json:"name" doc:"What people call it" example:"Printers"`
	Embassy     bool      `json:"embassy" doc:"Whether it is a team of outside reps"`
	Mine        bool      `json:"mine" doc:"Whether the caller is in it"`
	Persistent  bool      `json:"persistent,omitempty" doc:"To administrators: whether its queue keeps sessions with no rep logged in"`
	Supervision bool      `json:"supervision,omitempty" doc:"To administrators: whether its leads and managers may join, transfer and take over sessions of lower roles"`
	Waiting     *TeamRule `json:"waiting,omitempty" doc:"To administrators: what happens to a session that waits too long"`
	Disabled    bool      `json:"disabled,omitempty" doc:"To administrators: whether it is out of use"`
}

// TeamRule is a team's waiting rule (D10).
type TeamRule struct {
	AfterSeconds int           `json:"after_seconds" doc:"How long a session may wait" example:"300"`
	Action       WaitingAction `json:"action" doc:"Alert the team, or move the session" values:"WaitingAction"`
	OverflowTeam *Ref          `json:"overflow_team,omitempty" doc:"Where it moves"`
}

// TeamPlace is where a rep is to be in a team, by an id or a name of the team.
type TeamPlace struct {
	TeamID string   `json:"team_id" minLength:"1" maxLength:"100" example:"@printers" doc:"The team"`
	Role   TeamRole `json:"role" enum:"member,lead,manager" doc:"The rep's role in it"`
}

// Member is a rep's place in a team, as the team's list shows it.
type Member struct {
	Rep      Ref      `json:"rep" doc:"The rep"`
	Username string   `json:"username" doc:"The rep's log-in name" example:"ana"`
	Role     TeamRole `json:"role" doc:"The rep's role in the team" values:"TeamRole"`
	Disabled bool     `json:"disabled" doc:"Whether the account is closed"`
}
