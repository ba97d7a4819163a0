package desk

import (
	"testing"
	"time"
)

func TestB10LowerOf(t *testing.T) {
	for _, c := range []struct{ a, b, want Access }{
		{View, View, View}, {View, Control, View}, {Control, View, View}, {Control, Control, Control},
	} {
		if got := LowerOf(c.a, c.b); got != c.want {
			t.Errorf("lower of %s and %s: %s", c.a, c.b, got)
		}
	}
	if View.Above(Control) || View.Above(View) || Control.Above(Control) || !Control.Above(View) {
		t.Error("Above is wrong")
	}
}

func TestC2C11WhatGuestsSeeOfAnAttendee(t *testing.T) {
	for _, c := range []struct {
		name  string
		a     Attendee
		shown bool
		as    string
	}{
		{"the customer", Attendee{Role: AttendeeCustomer, Name: "Jo Doe"}, true, "Jo Doe"},
		{"the owner", Attendee{Role: AttendeeOwner, RepID: "rep_a", Name: "Ana Ruiz"}, true, "public"},
		{"a masked rep", Attendee{Role: AttendeeRep, RepID: "rep_b", Name: "Ben Okafor", Masked: true}, false, ""},
		{"a rep whose seat waits", Attendee{Role: AttendeeRep, RepID: "rep_c", Name: "Cho Min", Expected: true}, false, ""},
		{"a specialist", Attendee{Role: AttendeeSpecialist, Name: "Max"}, true, "Max"},
	} {
		if c.a.Shown() != c.shown {
			t.Errorf("%s: shown %v", c.name, c.a.Shown())
		}
		if got := c.a.ForGuests("att_2", 1, "public", time.Time{}); c.shown && (got.Name != c.as || got.RepID != "") {
			t.Errorf("%s: guests see %+v", c.name, got)
		}
	}
	joined, since := time.Unix(100, 0), time.Unix(200, 0)
	if got := (Attendee{ID: "att_1", Rev: 5, JoinedAt: joined}).ForGuests("att_2", 1, "", since); got.ID != "att_2" || got.Rev != 1 || !got.JoinedAt.Equal(since) {
		t.Errorf("who was hidden first came, to guests, as %+v", got)
	}
}

func TestC4WhoseConsentIsAsked(t *testing.T) {
	asks, asksNot := PortalSettings{ConsentOnJoin: ptr(true)}, PortalSettings{ConsentOnJoin: ptr(false)}
	for role, want := range map[AttendeeRole]Consent{AttendeeCustomer: ConsentNotNeeded, AttendeeOwner: ConsentNotNeeded, AttendeeRep: ConsentAsked, AttendeeSpecialist: ConsentAsked} {
		if got := ConsentFor(role, asks); got != want {
			t.Errorf("%s: %s, want %s", role, got, want)
		}
		if got := ConsentFor(role, asksNot); got != ConsentNotNeeded {
			t.Errorf("%s, where nobody asks: %s", role, got)
		}
	}
	for consent, on := range map[Consent]bool{ConsentNotNeeded: true, ConsentGranted: true, ConsentAsked: false, ConsentRefused: false} {
		if consent.OnScreen() != on {
			t.Errorf("%s: on the screen %v", consent, consent.OnScreen())
		}
	}
}

func TestC5WhatTheOwnerCanChange(t *testing.T) {
	yes, view, control := true, View, Control
	for _, c := range []struct {
		name    string
		role    AttendeeRole
		change  AttendeeChange
		ceiling Access
		refused Code
	}{
		{"a rep's access", AttendeeRep, AttendeeChange{Access: &view}, Control, ""},
		{"a rep's mask", AttendeeRep, AttendeeChange{Masked: &yes}, View, ""},
		{"a specialist's access", AttendeeSpecialist, AttendeeChange{Access: &control}, Control, ""},
		{"a specialist's mask", AttendeeSpecialist, AttendeeChange{Masked: &yes}, Control, NotAllowed},
		{"above the ceiling", AttendeeRep, AttendeeChange{Access: &control}, View, AccessAboveCeiling},
		{"the owner's access", AttendeeOwner, AttendeeChange{Access: &view}, Control, NotAllowed},
		{"the customer's access", AttendeeCustomer, AttendeeChange{Access: &view}, Control, NotAllowed},
	} {
		a := Attendee{Role: c.role, Access: View}
		p := c.change.Apply(&a, c.ceiling)
		if (p == nil) != (c.refused == "") || p != nil && p.Code != c.refused {
			t.Errorf("%s: %v", c.name, p)
		}
		if p != nil && (a.Access != View || a.Masked) {
			t.Errorf("%s: refused, and changed %+v", c.name, a)
		}
	}
}
