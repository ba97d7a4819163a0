package desk

import "slices"

// Issue is a kind of problem, owned by one team, as the directory shows it. What only administrators are told is left out
// for others.
type Issue struct {
	ID          string `json:"id" doc:"Opaque id" example:"iss_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev         int64  `json:"rev" doc:"Grows with each change of this object"`
	Slug        string `json:"slug" doc:"Unique name; @slug stands for the id in requests" example:"paper-jam"`
	Title       string `json:"title" doc:"What people call it" example:"Paper jam"`
	Team        Ref    `json:"team" doc:"The team that owns it"`
	RequestHelp bool   `json:"request_help" doc:"Whether reps may ask the team for help on it"`
	HelpTeams   []Ref  `json:"help_teams,omitempty" doc:"To administrators: the teams whose reps may ask; absent: all"`
	Portals     []Ref  `json:"portals,omitempty" doc:"To administrators: the portals on whose public page, and of those below, customers can choose it; absent: all"`
	Disabled    bool   `json:"disabled,omitempty" doc:"To administrators: whether it is out of use"`
}

// HelpIssue is an issue as Request Help asks about it.
type HelpIssue struct {
	Ref
	TeamID      string
	RequestHelp bool     // open for Request Help at all
	HelpTeams   []string // ids of the teams whose reps may ask; empty: all
}

// OpenTo says whether a rep of these teams may ask for help on the issue (A2).
func (i HelpIssue) OpenTo(teamIDs []string) bool {
	if !i.RequestHelp || len(i.HelpTeams) == 0 {
		return i.RequestHelp
	}
	return slices.ContainsFunc(teamIDs, func(id string) bool { return slices.Contains(i.HelpTeams, id) })
}
