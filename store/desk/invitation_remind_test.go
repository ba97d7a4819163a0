package desk

import (
	"testing"
	"time"
)

func TestB19WhenOneMayRemind(t *testing.T) {
	now := time.Unix(10_000, 0)
	active, over := Invitation{State: InvitationActive}, Invitation{State: InvitationCancelled, Reason: EndCancelled}
	for _, c := range []struct {
		name string
		inv  Invitation
		last time.Time
		code Code
		wait time.Duration
	}{
		{"never reminded", active, time.Time{}, "", 0},
		{"30 seconds ago", active, now.Add(-30 * time.Second), "", 0},
		{"29 seconds ago", active, now.Add(-29 * time.Second), TooManyRequests, time.Second},
		{"just now", active, now, TooManyRequests, 30 * time.Second},
		{"over", over, time.Time{}, InvitationNotActive, 0},
		{"over, and reminded just now", over, now, InvitationNotActive, 0},
	} {
		p := c.inv.CheckRemind(now, c.last)
		switch {
		case c.code == "" && p != nil:
			t.Errorf("%s: %v", c.name, p)
		case c.code != "" && (p == nil || p.Code != c.code || p.RetryAfter != c.wait):
			t.Errorf("%s: %+v, want %s", c.name, p, c.code)
		}
	}
}

func TestB20HowManyInvitations(t *testing.T) {
	for _, c := range []struct {
		lately, limit int
		refused       bool
	}{{29, 30, false}, {30, 30, true}, {31, 30, true}, {1000, 0, false}} {
		facts := allowed()
		facts.LastMinute, facts.AMinute = c.lately, c.limit
		_, p := CheckInvite(facts)
		if (p != nil) != c.refused || p != nil && (p.Code != TooManyRequests || p.Limit != 30 || p.RetryAfter != time.Minute) {
			t.Errorf("%d of %d: %+v", c.lately, c.limit, p)
		}
	}
	facts := allowed() // whatever else is wrong is told first: it does not pass with time
	facts.LastMinute, facts.AMinute, facts.Ceiling, facts.Access = 30, 30, View, Control
	if _, p := CheckInvite(facts); p == nil || p.Code != AccessAboveCeiling {
		t.Errorf("got %v", p)
	}
}

func TestB5NobodyUnderThePortal(t *testing.T) {
	facts := allowed()
	facts.Target, facts.Available = InvitePortal, false
	if _, p := CheckInvite(facts); p == nil || p.Code != PortalNotAvailable {
		t.Errorf("got %v", p)
	}
	facts.Reachable, facts.CallerEmbassy = false, true
	if _, p := CheckInvite(facts); p == nil || p.Error() != Missing("portal").Error() { // A7
		t.Errorf("an embassy rep is told %v", p)
	}
}
