package desk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

func TestG13QuietHours(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, madrid)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	night, noon := &desk.QuietHours{From: "22:00", To: "07:00"}, &desk.QuietHours{From: "12:00", To: "13:30"}
	for _, c := range []struct {
		name       string
		quiet      *desk.QuietHours
		now, until string
	}{
		{"none", nil, "2026-05-04 23:00", "2026-05-04 23:00"},
		{"before the night", night, "2026-05-04 21:59", "2026-05-04 21:59"},
		{"when it begins", night, "2026-05-04 22:00", "2026-05-05 07:00"},
		{"before midnight, at the end of a month", night, "2026-05-31 23:30", "2026-06-01 07:00"},
		{"after midnight", night, "2026-05-05 03:00", "2026-05-05 07:00"},
		{"when it ends", night, "2026-05-05 07:00", "2026-05-05 07:00"},
		{"within a day", noon, "2026-05-05 12:10", "2026-05-05 13:30"},
		{"after it", noon, "2026-05-05 13:30", "2026-05-05 13:30"},
		{"through the night that is an hour shorter", night, "2026-03-28 23:00", "2026-03-29 07:00"},
		{"ending in the hour that is left out", &desk.QuietHours{From: "22:00", To: "02:30"}, "2026-03-28 23:00", "2026-03-29 03:30"},
	} {
		if got := c.quiet.Until(at(c.now).UTC(), madrid); !got.Equal(at(c.until)) {
			t.Errorf("%s: %s until %s, want %s", c.name, c.now, got.In(madrid), c.until)
		}
	}
	for quiet, field := range map[desk.QuietHours]string{{From: "22:00", To: "07:00"}: "", {From: "7:00", To: "08:00"}: "quiet_hours.from", {From: "24:00", To: "08:00"}: "quiet_hours.from",
		{From: "22:00", To: ""}: "quiet_hours.to", {From: "22:00", To: "22:00"}: "quiet_hours.to"} {
		p := quiet.Check()
		if got := fieldOf(p); got != field {
			t.Errorf("%+v: refused for %q, want %q", quiet, got, field)
		}
	}
}

func fieldOf(p *desk.Problem) string {
	if p == nil {
		return ""
	}
	return p.Errors[0].Field
}

func TestG13WhoWantsNewsOfAQueue(t *testing.T) {
	type asked struct{ personal, favourite bool }
	own, team, marked := asked{true, false}, asked{false, false}, asked{false, true}
	all := []desk.QueueNews{desk.QueueEntered, desk.QueueOverdue, desk.QueueReturned}
	for _, c := range []struct {
		name   string
		alerts desk.Alerts
		of     asked
		want   []desk.QueueNews
	}{
		{"their own", desk.Alerts{Queue: true}, own, all},
		{"their own, whatever of teams", desk.Alerts{Queue: true, TeamQueues: desk.TeamAlertsNone}, own, all},
		{"their own, switched off", desk.Alerts{TeamQueues: desk.TeamAlertsAll}, own, nil},
		{"none of teams", desk.Alerts{Queue: true, TeamQueues: desk.TeamAlertsNone}, marked, nil},
		{"overdue", desk.Alerts{TeamQueues: desk.TeamAlertsOverdue}, team, []desk.QueueNews{desk.QueueOverdue}},
		{"overdue, of a favourite", desk.Alerts{TeamQueues: desk.TeamAlertsOverdue}, marked, []desk.QueueNews{desk.QueueOverdue}},
		{"favourites, of another", desk.Alerts{TeamQueues: desk.TeamAlertsFavourites}, team, nil},
		{"favourites", desk.Alerts{TeamQueues: desk.TeamAlertsFavourites}, marked, all},
		{"all", desk.Alerts{TeamQueues: desk.TeamAlertsAll}, team, all},
		{"nothing set", desk.Alerts{}, team, nil},
	} {
		for _, news := range all {
			if got, want := c.alerts.WantsQueue(news, c.of.personal, c.of.favourite), slices.Contains(c.want, news); got != want {
				t.Errorf("%s: %s wanted: %v", c.name, news, got)
			}
		}
	}
}

func TestG13WhoWantsOtherPushes(t *testing.T) {
	on := desk.Alerts{Transfers: true, Sessions: true, Messages: true}
	for _, c := range []struct {
		purpose     desk.Purpose
		reason      string
		muted, want bool // what is wanted with all switched off, and with all on
	}{
		{desk.PurposeInvitation, "", true, true},
		{desk.PurposeTransfer, "", false, true},
		{desk.PurposeSession, desk.SessionMovedToYou, false, true},
		{desk.PurposeSession, desk.SessionTakenOver, false, true},
		{desk.PurposeSession, desk.SessionConnectionLost, true, true},
		{desk.PurposeMessage, "", false, true},
		{desk.PurposeSignedOut, "", true, true},
		{desk.PurposeTest, "", true, true},
	} {
		if got := (desk.Alerts{}).Wants(c.purpose, c.reason); got != c.muted {
			t.Errorf("%s %s, all off: %v", c.purpose, c.reason, got)
		}
		if got := on.Wants(c.purpose, c.reason); got != c.want {
			t.Errorf("%s %s, all on: %v", c.purpose, c.reason, got)
		}
	}
}

func TestG13WhatIsToldOfAQueue(t *testing.T) {
	for _, c := range []struct {
		cameBy desk.CameBy
		before bool
		want   desk.QueueNews
	}{
		{desk.CameByIssue, false, desk.QueueEntered}, {desk.CameByTransfer, false, desk.QueueEntered},
		{desk.CameByTransfer, true, desk.QueueReturned}, {desk.CameByLostConnection, false, desk.QueueReturned},
	} {
		if got := desk.NewsOfEntry(c.cameBy, c.before); got != c.want {
			t.Errorf("by %s, before: %v: %s", c.cameBy, c.before, got)
		}
	}
	for _, c := range []struct {
		now    desk.SessionState
		reason string
		want   desk.EndReason
	}{
		{desk.SessionActive, "accepted", desk.EndAccepted}, {desk.SessionActive, desk.SessionQueueClosed, desk.EndMoved},
		{desk.SessionWaiting, "overflow", desk.EndMoved}, {desk.SessionEnded, desk.EndedAbandoned, desk.EndSessionEnded}, {desk.SessionEnded, "accepted", desk.EndSessionEnded},
	} {
		if got := desk.EntryEnd(c.now, c.reason); got != c.want {
			t.Errorf("%s by %s: %s", c.now, c.reason, got)
		}
	}
}

func TestG13HowOftenAndInWhatOrderIsTold(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ last, due time.Time }{
		{time.Time{}, now}, {now.Add(-time.Hour), now}, {now.Add(-30 * time.Second), now}, {now.Add(-29 * time.Second), now.Add(time.Second)}, {now, now.Add(30 * time.Second)},
	} {
		if got := desk.MessageDue(c.last, now); !got.Equal(c.due) {
			t.Errorf("last at %v: due at %v, want %v", c.last, got, c.due)
		}
	}
	for n := int64(1); n < 5; n++ {
		if push, over, next := desk.ToldRev(n, false), desk.ToldRev(n, true), desk.ToldRev(n+1, false); push >= over || over >= next {
			t.Errorf("at %d: pushed at %d, taken back at %d, pushed again at %d", n, push, over, next)
		}
	}
}
