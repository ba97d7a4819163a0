package desk

import (
	"slices"
	"testing"
	"time"
)

func TestC9WhatIsDueWhenAnOwnerIsAway(t *testing.T) {
	settings := DefaultPortalSettings()
	const connected = ConnectedFor + PresenceGrace
	for _, c := range []struct {
		name          string
		silent        time.Duration
		target, asked bool
		want          Connection
	}{
		{"in contact", 0, false, false, ConnectionStands},
		{"connected until now", connected, false, false, ConnectionStands},
		{"not connected, but not for two minutes", connected + 119*time.Second, false, false, ConnectionStands},
		{"not connected for two minutes", connected + 120*time.Second, false, false, ConnectionLost},
		{"the same, with a push target", connected + 120*time.Second, true, false, ConnectionAsk},
		{"asked", connected + 120*time.Second, true, true, ConnectionStands},
		{"asked, almost ten minutes", connected + 599*time.Second, true, true, ConnectionStands},
		{"asked, ten minutes", connected + 600*time.Second, true, true, ConnectionLost},
		{"never asked, for hours: asked first", 3 * time.Hour, true, false, ConnectionAsk},
		{"asked, and the push target is gone since", connected + 130*time.Second, false, true, ConnectionLost},
	} {
		seen := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		facts := ConnectionFacts{SeenAt: seen, PushTarget: c.target, Asked: c.asked, Settings: settings}
		if got := OwnerConnection(facts, seen.Add(c.silent)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestC9WhenASeatIsLost(t *testing.T) {
	settings, seen := DefaultPortalSettings(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	limit := seen.Add(ConnectedFor + PresenceGrace + 10*time.Minute)
	if SeatLost(seen, settings, limit.Add(-time.Second)) || !SeatLost(seen, settings, limit) {
		t.Error("not after ten minutes")
	}
	settings.LostSeatSeconds = ptr(60)
	if !SeatLost(seen, settings, limit.Add(-9*time.Minute)) {
		t.Error("the portal's setting does not count")
	}
	if CustomerGoneFor(settings) != 30*time.Minute { // C13
		t.Errorf("a gone customer's session stays for %s", CustomerGoneFor(settings))
	}
}

func TestC9TheFirstStepThatHasSomebody(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []LostStep
		gone  []LostStep // where nobody is
		want  LostStep
	}{
		{"all", LostSteps, nil, LostToLongestJoined},
		{"nobody joined", LostSteps, LostSteps[:1], LostToLastQueue},
		{"nobody at the last queue", LostSteps, LostSteps[:2], LostToFirstQueue},
		{"the fallback", LostSteps, LostSteps[:3], LostToFallbackTeam},
		{"nobody at all", LostSteps, LostSteps, ""},
		{"the first switched off", LostSteps[1:], nil, LostToLastQueue},
		{"the order is fixed, however it is written", []LostStep{LostToFallbackTeam, LostToFirstQueue}, nil, LostToFirstQueue},
		{"all switched off", nil, nil, ""},
	} {
		there := map[LostStep]bool{}
		for _, step := range LostSteps {
			there[step] = !slices.Contains(c.gone, step)
		}
		settings := DefaultPortalSettings()
		settings.LostSteps = &c.steps
		if got := NextHome(settings, there); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
