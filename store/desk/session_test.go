package desk

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// full is a session of which every field says something.
func full() Session {
	at := time.Unix(1, 0)
	return Session{ID: "ses_1", Rev: 99, State: SessionActive, Kind: "support", Title: "Jo", Portal: &Ref{"prt_1", "Main"}, Customer: Customer{Name: "Jo"},
		Issue: &Ref{"iss_1", "Paper jam"}, Priority: 5, Owner: &Ref{"rep_a", "secret owner"}, Team: &Ref{"team_1", "secret team"}, Held: true, CustomerGone: true,
		Transfer: &Transfer{ID: "secret transfer"}, Consent: ConsentAsked, RepCount: 4, Unread: 7, ExternalKey: "secret key", CreatedAt: at, AcceptedAt: &at,
		EndedAt: &at, EndReason: EndedByOwner, Summary: "secret summary", Attendees: []Attendee{{Name: "secret attendee"}}}
}

func TestC11WhatGuestsSeeOfASession(t *testing.T) {
	got := full().ForGuests(3, &Ref{"att_1", "Ana"}, 2, []Consent{ConsentNotNeeded, ConsentGranted})
	text, err := json.Marshal(got)
	if err != nil || strings.Contains(string(text), "secret") {
		t.Errorf("guests see %s, %v", text, err)
	}
	if got.Rev != 3 || got.RepCount != 2 || got.Consent != ConsentGranted || got.Owner.Name != "Ana" || got.Unread != 0 || got.Priority != 0 || !got.Held || !got.CustomerGone || got.Customer.Name != "Jo" {
		t.Errorf("guests see %+v", got)
	}
}

func TestA8WhatIsLeftOfASession(t *testing.T) {
	got := full().Gone()
	text, err := json.Marshal(got)
	if err != nil || strings.Contains(string(text), "secret") || strings.Contains(string(text), "Jo") || strings.Contains(string(text), "Paper") {
		t.Errorf("left is %s, %v", text, err)
	}
	if got.ID != "ses_1" || got.Rev != 99 {
		t.Errorf("left is %+v", got)
	}
}

func TestC4TheConsentThatMostWantsAttention(t *testing.T) {
	for _, c := range []struct {
		all  []Consent
		want Consent
	}{
		{nil, ConsentNotNeeded},
		{[]Consent{ConsentNotNeeded, ConsentNotNeeded}, ConsentNotNeeded},
		{[]Consent{ConsentGranted, ConsentNotNeeded}, ConsentGranted},
		{[]Consent{ConsentGranted, ConsentRefused}, ConsentRefused},
		{[]Consent{ConsentRefused, ConsentAsked, ConsentGranted}, ConsentAsked},
	} {
		if got := MostUrgent(c.all); got != c.want {
			t.Errorf("%v: %s", c.all, got)
		}
	}
}

func TestC12WhatAGrantSaysOfAccess(t *testing.T) {
	for consent, want := range map[Consent]string{ConsentNotNeeded: "control", ConsentGranted: "control", ConsentAsked: NoAccess, ConsentRefused: NoAccess} {
		got := GrantOf(Attendee{ID: "att_1", SessionID: "ses_1", Role: AttendeeRep, Access: Control, Consent: consent, Rev: 4}, true)
		if got != (GrantClaims{Session: "ses_1", Attendee: "att_1", Role: AttendeeRep, Access: want, Consent: consent, Rev: 4}) {
			t.Errorf("%s: %+v", consent, got)
		}
	}
}
