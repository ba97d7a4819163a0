package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store/storetest"
)

// H1, C5: a specialist who is put out is told so, and of nothing after it, from an old cursor either.
func TestC5WhoIsPutOutIsTold(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		guest := data.specialist(session, "Sam", clock.Now())
		log, again := watchGuest(t, d, guest), watchGuest(t, d, guest)
		say(t, d, ana, session, "Before")
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, guest.AttendeeID))
		same(t, "told", log.told(), "message.posted", "attendee.left removed")
		say(t, d, ana, session, "After")
		same(t, "told after", log.told())
		for _, e := range again.events() {
			if e.Message != nil && e.Message.Text == "After" {
				t.Errorf("told what came after: %s", asJSON(e))
			}
		}
		if _, err := d.AuthenticateGuest(t.Context(), "rdg_Sam"); err == nil {
			t.Error("the token is good")
		}
	})
}
