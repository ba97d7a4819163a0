package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// C6, C8: a lead who offers a session without being in it learns what becomes of the offer.
func TestC8TheLeadIsToldOfTheTransfer(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ben, "@main")
		lead := watch(t, d, ana)
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@cho"})
		must(d.DeclineTransfer(t.Context(), cho, session.ID))
		same(t, "to a rep", lead.told("session."), "session.changed transfer_offered", "session.changed transfer_declined")
		transfer(t, d, ana, session, store.NewTransfer{TeamID: "@printers"})
		must(d.DeclineTransfer(t.Context(), cho, session.ID))
		must(d.CancelTransfer(t.Context(), ana, session.ID))
		same(t, "to a team", lead.told("session."), "session.changed transfer_offered", "session.changed transfer_declined", "session.changed transfer_cancelled")
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@cho"})
		lead.told()
		take(t, d, cho, session)
		told := lead.events()
		if len(told) == 0 || told[0].Reason != "transfer_accepted" || told[0].Session.Customer.Name != "Jo Doe" {
			t.Errorf("accepted: the lead is told %s", asJSON(told))
		}
	})
}

// C6: to who is in the session, or sees it otherwise, it is not gone when they decline to own it; and what they are told of
// it at one revision says the same.
func TestC6WhoDeclinesInsideStillSeesTheSession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		transfer(t, d, ana, session, store.NewTransfer{TeamID: "@printers"})
		inside, outside := watch(t, d, ben), watch(t, d, cho)
		must(d.DeclineTransfer(t.Context(), ben, session.ID))
		for _, e := range inside.events() {
			if e.Type == desk.EventSessionChanged && (e.Session.Customer.Name != "Jo Doe" || e.Session.Transfer == nil) {
				t.Errorf("inside: %s", asJSON(e))
			}
		}
		must(d.DeclineTransfer(t.Context(), cho, session.ID))
		told := outside.events()
		if last := told[len(told)-1]; last.Session == nil || last.Session.Customer.Name != "" {
			t.Errorf("outside: %s", asJSON(told))
		}
	})
}
