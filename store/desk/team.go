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
