package desk

import "time"

// DueAt is when the rule takes effect on a session that entered the queue at a time (D10).
func (r WaitingRule) DueAt(entered time.Time) time.Time {
	return entered.Add(time.Duration(r.AfterSeconds) * time.Second)
}

// OverflowFacts are what the rule needs to know of the overflow team.
type OverflowFacts struct {
	Visited bool // the session has stood in its queue already
	There   bool // somebody of it is logged in, or it is persistent; nobody is in a disabled team
}

// Moves says whether a session that has waited too long goes to the overflow team. It goes to each team at most once, so a
// loop of overflow queues ends; and to none where it would be forgotten. Otherwise it stays, and is overdue.
func (r WaitingRule) Moves(f OverflowFacts) bool {
	return r.Action == WaitingOverflow && !f.Visited && f.There
}

// QueueDeserted says whether nobody of a queue is logged in any more (D11). until is when the last of them stopped being so,
// and listens when the server began to listen: before, nobody could be in contact, so nobody counts as gone from then.
func QueueDeserted(until, listens, now time.Time) bool {
	return !now.Before(until) && !now.Before(LoggedInUntil(listens, false))
}

// The estimated wait is made of a queue's last pick-ups (D12): so many at most, not older than that.
const (
	PickUpsCounted = 20
	PickUpsKept    = 24 * time.Hour
)

// Headway is how long the head of a line waited as its head until it was picked up: since the pick-up before, or since it
// entered, if that was later.
func Headway(entered, before, picked time.Time) time.Duration {
	since := entered
	if before.After(since) {
		since = before
	}
	return max(0, picked.Sub(since))
}

// EstimatedWait is how long whoever stands at a place will still wait, in whole seconds: the place, times the mean of the
// headways of the queue's last pick-ups. Without any nobody can tell.
func EstimatedWait(place int, headways []time.Duration) (seconds int, known bool) {
	if place <= 0 || len(headways) == 0 {
		return 0, false
	}
	var sum time.Duration
	for _, one := range headways {
		sum += one
	}
	wait := sum / time.Duration(len(headways)) * time.Duration(place)
	return int((wait + time.Second - 1) / time.Second), true
}

// Wait is how it stands with somebody who waits in a line (D12). It passes by itself: no revision moves with it.
type Wait struct {
	Place   int  // 1 is the next; 0: they do not wait
	Seconds int  // the estimated wait,
	Known   bool // where one can be made
}
