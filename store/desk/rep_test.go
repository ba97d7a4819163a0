package desk

import "testing"

func TestPresenceOf(t *testing.T) {
	for _, c := range []struct {
		loggedIn, busy bool
		want           Presence
	}{{false, false, PresenceOffline}, {false, true, PresenceOffline}, {true, false, PresenceAvailable}, {true, true, PresenceBusy}} {
		if got := PresenceOf(c.loggedIn, c.busy); got != c.want {
			t.Errorf("logged in %v, busy %v: %s", c.loggedIn, c.busy, got)
		}
	}
}

func TestCaller(t *testing.T) {
	c := Caller{RepID: "rep_a", Name: "Ana", Role: RoleRep, Permissions: []Permission{ShareOutsideTeams}}
	if !c.Has(ShareOutsideTeams) || c.Has(InviteSpecialists) || c.IsAdministrator() || (Caller{}).IsAdministrator() {
		t.Error("rights are wrong")
	}
	if c.Ref() != (Ref{ID: "rep_a", Name: "Ana"}) {
		t.Error("name is wrong")
	}
}

func TestA8RanksOfRoles(t *testing.T) {
	if TeamManager.Rank() <= TeamLead.Rank() || TeamLead.Rank() <= TeamMember.Rank() || TeamMember.Rank() <= TeamRole("boss").Rank() {
		t.Error("manager, lead, member, none do not fall")
	}
}
