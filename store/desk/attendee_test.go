package desk

import "testing"

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

func TestC2C11GuestsSeeNoMaskedRepsAndNoPrivateNames(t *testing.T) {
	all := []Attendee{
		{ID: "att_1", Role: AttendeeCustomer, Name: "Jo Doe"},
		{ID: "att_2", Role: AttendeeOwner, RepID: "rep_a", Name: "Ana Ruiz"},
		{ID: "att_3", Role: AttendeeRep, RepID: "rep_b", Name: "Ben Okafor", Masked: true},
		{ID: "att_4", Role: AttendeeRep, RepID: "rep_c", Name: "Cho Min", Expected: true},
		{ID: "att_5", Role: AttendeeSpecialist, Name: "Max"},
	}
	public := map[string]string{"rep_a": "Ana", "rep_c": "Cho"}
	got := AttendeesForGuests(all, func(id string) string {
		if id == "rep_b" {
			t.Error("asked for the name of a masked rep")
		}
		return public[id]
	})
	want := []string{"Jo Doe", "Ana", "Cho", "Max"}
	if len(got) != len(want) {
		t.Fatalf("guests see %+v", got)
	}
	for i, a := range got {
		if a.Name != want[i] || a.RepID != "" || a.Masked || a.Expected {
			t.Errorf("guests see %+v, want the name %s and no more", a, want[i])
		}
	}
	if all[1].RepID != "rep_a" || all[1].Name != "Ana Ruiz" {
		t.Error("the list that was given was changed")
	}
	if none := AttendeesForGuests(nil, nil); none == nil || len(none) != 0 {
		t.Error("no attendees are an empty list, not null")
	}
}
