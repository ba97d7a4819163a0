package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// What a console is told when an invitation or transfer comes into a queue is what the queue shows from then on.
func TestD4WhatComesIsToldAsItIsListed(t *testing.T) {
	for name, offer := range map[string]struct {
		who, queue string
		make       func(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session) error
	}{
		"to a rep": {"ben", "personal", func(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session) error {
			return try(d.Invite(t.Context(), owner, s.ID, store.NewInvitation{RepID: "@ben", Comment: "Please look"}))
		}},
		"to a team": {"ben", "@printers", func(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session) error {
			return try(d.Invite(t.Context(), owner, s.ID, store.NewInvitation{TeamID: "@printers", Comment: "Please look"}))
		}},
		"for help on another issue": {"dev", "@network", func(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session) error {
			return try(d.Invite(t.Context(), owner, s.ID, store.NewInvitation{IssueID: "@vpn", Comment: "It hangs"}))
		}},
		"a transfer": {"ben", "personal", func(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session) error {
			return try(d.TransferSession(t.Context(), owner, s.ID, store.NewTransfer{RepID: "@ben", Comment: "You know it"}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				ana, invited := d.LogIn("ana"), d.LogIn(offer.who)
				session := waitsIn(t, d, ana, store.NewSession{IssueID: "@paper-jam", Priority: 7})
				must(d.AcceptSession(t.Context(), ana, session.ID))
				sub := must(d.Subscribe(t.Context(), invited))
				defer sub.Close()
				ok(t, offer.make(t, d, ana, session))
				told := must(sub.Read(t.Context(), sub.Start(), []desk.EventType{desk.EventEntryAdded}, 10)).Items
				listed := entriesOf(t, d, invited, offer.queue)
				if len(told) != 1 || len(listed) != 1 {
					t.Fatalf("told %s, listed %s", asJSON(told), asJSON(listed))
				}
				if asJSON(told[0].Entry) != asJSON(listed[0]) {
					t.Errorf("told\n%s, listed\n%s", asJSON(told[0].Entry), asJSON(listed[0]))
				}
				for _, drift := range must(store.QueueDrift(t.Context(), d.Store, session.ID)) {
					t.Error(drift)
				}
			})
		})
	}
}
