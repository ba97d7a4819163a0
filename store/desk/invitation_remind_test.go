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

// The wait is until the oldest of so many as are allowed is older than a minute.
func TestB20HowManyInvitations(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	made := func(n int) (at []time.Time) { // one each second, the last a second ago
		for i := range n {
			at = append(at, now.Add(-time.Duration(i+1)*time.Second))
		}
		return at
	}
	for _, c := range []struct {
		lately, limit int
		wait          time.Duration
	}{{29, 30, 0}, {30, 30, 30 * time.Second}, {31, 30, 30 * time.Second}, {59, 59, time.Second}, {1, 1, 59 * time.Second}, {1000, 0, 0}} {
		facts := allowed()
		facts.Now, facts.Lately, facts.AMinute = now, made(c.lately), c.limit
		_, p := CheckInvite(facts)
		if (p != nil) != (c.wait > 0) || p != nil && (p.Code != TooManyRequests || p.Limit != c.limit || p.RetryAfter != c.wait) {
			t.Errorf("%d of %d: %+v", c.lately, c.limit, p)
		}
	}
	facts := allowed() // whatever else is wrong is told first: it does not pass with time
	facts.Now, facts.Lately, facts.AMinute, facts.Ceiling, facts.Access = now, made(30), 30, View, Control
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
