package desk

import "testing"

func TestA2OpenTo(t *testing.T) {
	for _, c := range []struct {
		name  string
		issue HelpIssue
		teams []string
		open  bool
	}{
		{"not open", HelpIssue{}, []string{"a"}, false},
		{"not open, though teams are named", HelpIssue{HelpTeams: []string{"a"}}, []string{"a"}, false},
		{"open to all", HelpIssue{RequestHelp: true}, []string{"a"}, true},
		{"open to all, of no team", HelpIssue{RequestHelp: true}, nil, true},
		{"open to one's team", HelpIssue{RequestHelp: true, HelpTeams: []string{"a", "b"}}, []string{"x", "b"}, true},
		{"open to others", HelpIssue{RequestHelp: true, HelpTeams: []string{"a", "b"}}, []string{"c"}, false},
		{"open to others, of no team", HelpIssue{RequestHelp: true, HelpTeams: []string{"a"}}, nil, false},
		{"owning the issue is not being asked", HelpIssue{TeamID: "c", RequestHelp: true, HelpTeams: []string{"a"}}, []string{"c"}, false},
	} {
		if got := c.issue.OpenTo(c.teams); got != c.open {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
