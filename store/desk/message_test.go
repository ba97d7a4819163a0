package desk

import (
	"testing"
	"time"
)

func TestC11ToWhomSomebodyWrites(t *testing.T) {
	rep, masked, expected, guest := Attendee{RepID: "rep_a"}, Attendee{RepID: "rep_a", Masked: true}, Attendee{RepID: "rep_a", Expected: true}, Attendee{Role: AttendeeCustomer}
	for _, c := range []struct {
		name   string
		author Attendee
		wanted Audience
		want   Audience // empty: refused
	}{
		{"a rep says nothing of it", rep, "", ForEveryone},
		{"a rep to everyone", rep, ForEveryone, ForEveryone},
		{"a rep to the reps", rep, ForReps, ForReps},
		{"a masked rep says nothing of it", masked, "", ForReps},
		{"a masked rep to the reps", masked, ForReps, ForReps},
		{"a masked rep to everyone", masked, ForEveryone, ""},
		{"one whose seat waits", expected, "", ForReps},
		{"a guest says nothing of it", guest, "", ForEveryone},
		{"a guest to everyone", guest, ForEveryone, ForEveryone},
		{"a guest to the reps", guest, ForReps, ""},
	} {
		got, p := AudienceOf(c.wanted, c.author)
		if got != c.want || (p != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v", c.name, got, p)
		}
	}
}

func TestC1FromWhenOnSomebodySeesTheChat(t *testing.T) {
	now := time.Unix(10_000, 0)
	for role, want := range map[AttendeeRole]time.Time{
		AttendeeOwner: {}, AttendeeCustomer: {}, AttendeeRep: now.Add(-5 * time.Minute), AttendeeSpecialist: now.Add(-5 * time.Minute),
	} {
		if got := ChatFrom(role, DefaultPortalSettings(), now); !got.Equal(want) {
			t.Errorf("%s: %s", role, got)
		}
	}
}

func TestC2WhatGuestsSeeOfAMessage(t *testing.T) {
	m := Message{Author: Ref{ID: "att_1", Name: "Ana Ruiz"}, AuthorRepID: "rep_a", Text: "hello"}
	if got := m.ForGuests("att_3", "Ana"); got.Author.ID != "att_3" || got.Author.Name != "Ana" || got.AuthorRepID != "" || got.Text != "hello" {
		t.Errorf("a rep's: %+v", got)
	}
	guests := Message{Author: Ref{ID: "att_2", Name: "Jo"}}
	if got := guests.ForGuests("att_2", "Jo"); got.Author.Name != "Jo" {
		t.Errorf("a guest's: %+v", got)
	}
}
