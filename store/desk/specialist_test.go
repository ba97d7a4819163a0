package desk

import (
	"slices"
	"testing"
)

// TestF1F2TheOrderOfRefusals: each refusal hides those after it.
func TestF1F2TheOrderOfRefusals(t *testing.T) {
	settings := DefaultPortalSettings()
	settings.InviteCeiling, settings.MaxSpecialists = ptr(View), ptr(2)
	facts := InviteSpecialistFacts{Portal: settings, Present: 2, Standing: MaxSpecialistInvitations, Access: Control}
	var got []Code
	next := func() {
		_, p := CheckInviteSpecialist(facts)
		got = append(got, p.Code)
	}
	next()
	facts.Portal.Specialists = ptr(true)
	next()
	facts.MayOwner = true
	next()
	facts.Present = 1
	next()
	facts.Access = ""
	next()
	facts.Standing--
	access, p := CheckInviteSpecialist(facts)
	if want := []Code{NotAllowed, NotAllowed, SpecialistsAtLimit, AccessAboveCeiling, TooManyRequests}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if access != View || p != nil {
		t.Errorf("access %q, %v", access, p)
	}
}

func TestF6F10WhomAnInvitationLetsIn(t *testing.T) {
	stands := SpecialistInvitation{State: SpecialistActive, Joins: 1}
	used := stands
	used.Joined = 1
	over := SpecialistInvitation{State: SpecialistEnded, Reason: SpecialistEndRemoved, Joins: 1, Joined: 1}
	for name, c := range map[string]struct {
		inv   SpecialistInvitation
		facts JoinFacts
		want  SpecialistReason
	}{
		"it stands":                 {stands, JoinFacts{Session: SessionActive, Allowed: true}, ""},
		"the session waits":         {stands, JoinFacts{Session: SessionWaiting, Allowed: true}, SpecialistNotNow},
		"not allowed any more":      {stands, JoinFacts{Session: SessionActive}, SpecialistNotNow},
		"used up":                   {used, JoinFacts{Session: SessionActive, Allowed: true}, SpecialistUsedUp},
		"used up by who comes back": {used, JoinFacts{Session: SessionActive, Allowed: true, Returns: true}, ""},
		"over":                      {over, JoinFacts{Session: SessionActive, Allowed: true, Returns: true}, SpecialistEndRemoved},
	} {
		if got := c.inv.LetsIn(c.facts); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestF4CodesAsTheyAreWritten(t *testing.T) {
	for _, written := range []string{"012345678", "012 345 678", " 012-345‐678\n", "012\u00a0345–678"} {
		if code, ok := ReadSpecialistCode(written); !ok || code != "012345678" {
			t.Errorf("%q: %q, %v", written, code, ok)
		}
	}
	for _, written := range []string{"", "01234567", "0123456789", "01234567a", "01234567\x00", "０12345678", "012.345.678"} {
		if code, ok := ReadSpecialistCode(written); ok {
			t.Errorf("%q is taken for %q", written, code)
		}
	}
}

func TestF8OnlyASpecialistsGrantSaysIt(t *testing.T) {
	for _, role := range []AttendeeRole{AttendeeCustomer, AttendeeOwner, AttendeeRep, AttendeeSpecialist} {
		for _, share := range []bool{true, false} {
			got := GrantOf(Attendee{Role: role, Consent: ConsentAsked}, share).ShareScreen
			if want := share && role == AttendeeSpecialist; got != want {
				t.Errorf("%s, %v: %v", role, share, got)
			}
		}
	}
}
