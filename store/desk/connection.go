package desk

import (
	"slices"
	"time"
)

// Connection is how it stands between a session and its owner's consoles (C9).
type Connection int

const (
	ConnectionStands Connection = iota
	ConnectionAsk               // a push asks the owner to come back
	ConnectionLost              // the session goes elsewhere
)

// ConnectionFacts are what the rule for a lost connection needs to know.
type ConnectionFacts struct {
	SeenAt     time.Time // the last contact of any console of the owner; not before the server began to listen
	PushTarget bool      // the owner can be asked by a push
	Asked      bool      // and has been,
	AskedAt    time.Time // at that time
	Settings   PortalSettings
}

// AnswerWithin is how long an owner whom a push asks to come back has at least, however long they were away before.
const AnswerWithin = time.Minute

// OwnerConnection is rule C9: an owner of whom no console is connected for lost_after_seconds loses the session; one
// whom a push can reach is asked then, and loses it after lost_after_push_seconds.
func OwnerConnection(f ConnectionFacts, now time.Time) Connection {
	gone := now.Sub(LoggedInUntil(f.SeenAt, false))
	switch {
	case gone < seconds(f.Settings.LostAfterSeconds):
		return ConnectionStands
	case !f.PushTarget:
		return ConnectionLost
	case !f.Asked:
		return ConnectionAsk
	case gone < seconds(f.Settings.LostAfterPushSeconds), now.Sub(f.AskedAt) < AnswerWithin:
		return ConnectionStands
	}
	return ConnectionLost
}

// SeatLost says whether a joined rep, last seen at seen, has lost the seat (C9).
func SeatLost(seen time.Time, s PortalSettings, now time.Time) bool {
	return now.Sub(LoggedInUntil(seen, false)) >= seconds(s.LostSeatSeconds)
}

// CustomerGoneFor says how long a session stays open after its customer left (C13).
func CustomerGoneFor(s PortalSettings) time.Duration { return seconds(s.CustomerGoneSeconds) }

func seconds(n *int) time.Duration { return time.Duration(*n) * time.Second }

// NextHome takes the first step that is switched on and for whose target somebody other than the lost owner is logged in,
// or which is a persistent team's queue (C9); "" is none: the session ends.
func NextHome(s PortalSettings, there map[LostStep]bool) LostStep {
	for _, step := range LostSteps {
		if slices.Contains(*s.LostSteps, step) && there[step] {
			return step
		}
	}
	return ""
}
