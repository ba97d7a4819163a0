package desk

import "time"

// TeamAlerts says which news of the queues of their teams pushes tell a rep.
type TeamAlerts string

const (
	TeamAlertsNone       TeamAlerts = "none"
	TeamAlertsOverdue    TeamAlerts = "overdue"    // sessions that wait too long (D10)
	TeamAlertsFavourites TeamAlerts = "favourites" // all news of the queues that the rep marked (D6)
	TeamAlertsAll        TeamAlerts = "all"
)

// Alerts are what pushes tell a rep of, beside invitations, which always come (G13). That a session of theirs needs them back
// comes too: who is not asked loses it sooner (C9).
type Alerts struct {
	Transfers  bool       `json:"transfers" doc:"Sessions that somebody wants to transfer to the rep"`
	Queue      bool       `json:"queue" doc:"Sessions that come into the rep's own queue"`
	TeamQueues TeamAlerts `json:"team_queues" doc:"News of the queues of the rep's teams: none, overdue sessions, all of the favourite queues, all" values:"TeamAlerts"`
	Sessions   bool       `json:"sessions" doc:"Sessions that came to the rep, or were taken over"`
	Messages   bool       `json:"messages" doc:"Chat, on consoles in the background"`
}

// AlertsChange is what a rep changes about what they are told of; nil leaves a field as it is.
type AlertsChange struct {
	Transfers  *bool       `json:"transfers,omitempty" doc:"Sessions that somebody wants to transfer to the rep"`
	Queue      *bool       `json:"queue,omitempty" doc:"Sessions that come into the rep's own queue"`
	TeamQueues *TeamAlerts `json:"team_queues,omitempty" enum:"none,overdue,favourites,all" doc:"News of the queues of the rep's teams"`
	Sessions   *bool       `json:"sessions,omitempty" doc:"Sessions that came to the rep, or were taken over"`
	Messages   *bool       `json:"messages,omitempty" doc:"Chat, on consoles in the background"`
}

// Apply changes what is given.
func (c AlertsChange) Apply(a *Alerts) {
	Set(&a.Transfers, c.Transfers)
	Set(&a.Queue, c.Queue)
	Set(&a.TeamQueues, c.TeamQueues)
	Set(&a.Sessions, c.Sessions)
	Set(&a.Messages, c.Messages)
}

// Set changes a field where a change gives a value for it.
func Set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

// QueueNews is what a push tells of a session that waits in a queue of the rep's (G13).
type QueueNews string

const (
	QueueEntered  QueueNews = "entered"
	QueueOverdue  QueueNews = "overdue"  // it waits longer than the team's waiting rule allows (D10)
	QueueReturned QueueNews = "returned" // it waits again: its owner was lost, or it stood in this queue before
)

// NewsOfEntry is what there is to tell of a session that comes to wait in a queue; before says whether it stood there before.
func NewsOfEntry(cameBy CameBy, before bool) QueueNews {
	if cameBy == CameByLostConnection || before {
		return QueueReturned
	}
	return QueueEntered
}

// WantsQueue says whether a rep wants to be told the news of a queue: of their own always, if at all; of a team's as they
// chose, by what it is and whether they marked the queue (D6).
func (a Alerts) WantsQueue(news QueueNews, personal, favourite bool) bool {
	switch {
	case personal:
		return a.Queue
	case a.TeamQueues == TeamAlertsOverdue:
		return news == QueueOverdue
	case a.TeamQueues == TeamAlertsFavourites:
		return favourite
	}
	return a.TeamQueues == TeamAlertsAll
}

// Wants says whether a rep wants pushes of a purpose, but for those of queues. Those that ask for something at once come
// whatever they chose.
func (a Alerts) Wants(p Purpose, reason string) bool {
	switch p {
	case PurposeTransfer:
		return a.Transfers
	case PurposeSession:
		return a.Sessions || reason == SessionConnectionLost
	case PurposeMessage:
		return a.Messages
	}
	return true
}

// EntryEnd is why a waiting session has left a queue, as those learn who were told that it stood there: a rep took it, it
// ended, or it waits elsewhere. reason is that of the change.
func EntryEnd(now SessionState, reason string) EndReason {
	switch {
	case now == SessionEnded:
		return EndSessionEnded
	case now == SessionActive && reason == string(EndAccepted):
		return EndAccepted
	}
	return EndMoved
}

// MessageEvery is the least time between two pushes about the chat of one session to one console.
const MessageEvery = 30 * time.Second

// MessageDue is when the next push about a chat may be sent to a console, after the last; zero: there was none.
func MessageDue(last, now time.Time) time.Time {
	if due := last.Add(MessageEvery); due.After(now) {
		return due
	}
	return now
}

// ToldRev is the revision of a push about a session's state or chat, which are no objects of the API and have none of their
// own: it is made of the session's revision, or of how many messages the chat has. That grows before each push, but not before
// each withdrawal, which is above what it takes back and below the next push.
func ToldRev(own int64, withdrawal bool) int64 {
	if withdrawal {
		return 2*own + 1
	}
	return 2 * own
}

// QuietHours are the part of the day in which emails of extended availability wait, in the rep's time zone. They can span
// midnight (G13).
type QuietHours struct {
	From string `json:"from" doc:"When they begin, hh:mm" example:"22:00"`
	To   string `json:"to" doc:"When they end, hh:mm; earlier than from: on the next day" example:"07:00"`
}

const timeOfDay = "15:04"

// Check refuses what is no time of day, and quiet hours that never end.
func (q QuietHours) Check() *Problem {
	for field, text := range map[string]string{"quiet_hours.from": q.From, "quiet_hours.to": q.To} {
		if _, err := time.Parse(timeOfDay, text); err != nil || len(text) != len(timeOfDay) {
			return Invalid(field, "bad_format", "is not a time of day such as 22:00")
		}
	}
	if q.From == q.To {
		return Invalid("quiet_hours.to", "bad_value", "must differ from when they begin")
	}
	return nil
}

// Until says when the quiet hours end in which a moment lies, in the place; the moment itself where it lies in none. Where a
// clock is put forward over their end, they end at the next moment that there is.
func (q *QuietHours) Until(at time.Time, place *time.Location) time.Time {
	if q == nil {
		return at
	}
	from, to := q.minutes(q.From), q.minutes(q.To)
	local := at.In(place)
	now := local.Hour()*60 + local.Minute()
	day := local.Day()
	switch {
	case from < to && (now < from || now >= to), from > to && now < from && now >= to:
		return at
	case from > to && now >= from:
		day++
	}
	return time.Date(local.Year(), local.Month(), day, 0, to, 0, 0, place)
}

func (q *QuietHours) minutes(text string) int {
	t, _ := time.Parse(timeOfDay, text) // checked when it was stored
	return t.Hour()*60 + t.Minute()
}
