package desk

import "slices"

// Issue is a kind of problem, owned by one team.
type Issue struct {
	Ref
	TeamID      string
	RequestHelp bool     // open for Request Help at all
	HelpTeams   []string // ids of the teams whose reps may ask; empty: all
}

// OpenTo says whether a rep of these teams may ask for help on the issue (A2).
func (i Issue) OpenTo(teamIDs []string) bool {
	if !i.RequestHelp || len(i.HelpTeams) == 0 {
		return i.RequestHelp
	}
	return slices.ContainsFunc(teamIDs, func(id string) bool { return slices.Contains(i.HelpTeams, id) })
}
