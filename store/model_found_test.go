package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// What the model found to be otherwise than the rules say, once each and without chance.

func TestC6APendingTransferTakesNoSeat(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		must(d.TransferSession(t.Context(), ana, session.ID, store.NewTransfer{RepID: "@ben"}))
		if menu := must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 9})); menu.Seats.RepsLeft != 7 || len(menu.Invitations) != 0 {
			t.Errorf("%d seats are left, the invitations are %+v", menu.Seats.RepsLeft, menu.Invitations)
		}
	})
}

func TestA7TheShareMenuOfAnEmbassyRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, `reps: [{username: fay, name: Fay Winter, teams: {acme: member}, permissions: [share_outside_teams]}]`)
		d.LogIn("ben")
		fay := d.LogIn("fay")
		session := d.OpenSession(fay, "@open")
		requestHelp(t, d, fay, session, "paper-jam")
		for _, q := range []store.ShareQuery{{Limit: 9}, {Limit: 9, Text: "ben"}} {
			menu := must(d.ShareOptions(t.Context(), fay, session.ID, q))
			if text := asJSON(menu); strings.Contains(text, "Printers") || strings.Contains(text, "Ben") || len(menu.Portals) > 0 || len(menu.Teams) != 1 {
				t.Errorf("the menu for %+v: %s", q, text)
			}
		}
		_, err := d.ShareOptions(t.Context(), fay, session.ID, store.ShareQuery{Limit: 9, TeamID: "@printers"})
		refused(t, err, desk.NotFound)
	})
}

// B17: what a session shows never changes under one revision, and those in it are told (H1).
func TestB17C6ATransferMovesTheSessionsRevision(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, d *storetest.Desk, cho desk.Caller, id string){
		"one of the team declines": func(t *testing.T, d *storetest.Desk, cho desk.Caller, id string) {
			must(d.DeclineTransfer(t.Context(), cho, id))
		},
		"one leaves the team": func(t *testing.T, d *storetest.Desk, _ desk.Caller, _ string) {
			importYAML(t, d, `reps: [{username: cho, name: Cho Min, teams: {network: member}}]`)
		},
		"one logs out where it is shown": func(t *testing.T, d *storetest.Desk, cho desk.Caller, _ string) { logOut(t, d, cho) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				ana, cho := d.LogIn("ana"), d.LogInWithPush("cho", "cho-1")
				d.LogIn("ben")
				session := d.OpenSession(ana, "@main")
				before := must(d.TransferSession(t.Context(), ana, session.ID, store.NewTransfer{TeamID: "@printers"}))
				w := watch(t, d, ana)
				change(t, d, cho, session.ID)
				after := must(d.Session(t.Context(), ana, session.ID))
				if after.Transfer.Rev <= before.Transfer.Rev || after.Rev <= before.Rev || len(w.told("session.changed")) == 0 {
					t.Errorf("the transfer is at %d after %d, the session at %d after %d", after.Transfer.Rev, before.Transfer.Rev, after.Rev, before.Rev)
				}
			})
		})
	}
}

// C6: who is in the session goes on seeing it, whether or not they want to own it.
func TestC6AJoinedRepDeclinesATransfer(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		accept(t, d, ben, inviteRep(t, d, ana, session, "ben"))
		must(d.TransferSession(t.Context(), ana, session.ID, store.NewTransfer{TeamID: "@printers"}))
		w := watch(t, d, ben)
		must(d.DeclineTransfer(t.Context(), ben, session.ID))
		events := w.events()
		if len(events) == 0 {
			t.Error("ben was told nothing")
		}
		for _, e := range events {
			if e.Session != nil && e.Session.Owner == nil {
				t.Errorf("ben was shown the session as if it were gone: %+v", e.Session)
			}
		}
	})
}

// C13: the customer comes back while the session waits for somebody else to take it.
func TestC13TheCustomerComesBackToAWaitingSession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		dev := d.LogIn("dev")
		started := must(d.StartSession(t.Context(), dev, store.NewSession{Kind: "support", TeamID: "@night", Customer: desk.Customer{Name: "Jo"}}))
		guest := must(d.AuthenticateGuest(t.Context(), started.GuestToken))
		importYAML(t, d, `reps: [{username: dev, name: Dev Patel, teams: {network: member, night: member}}]`)
		must(d.AcceptSession(t.Context(), dev, started.Session.ID))
		must(d.LeaveAsGuest(t.Context(), guest))
		logOut(t, d, dev)
		if waits := must(d.GuestSession(t.Context(), guest)); waits.State != desk.SessionWaiting || !waits.CustomerGone {
			t.Fatalf("the session is %s, the customer gone: %v", waits.State, waits.CustomerGone)
		}
		if err := d.GuestCameBack(t.Context(), guest); err != nil {
			t.Fatal(err)
		}
		dev = d.LogIn("dev")
		must(d.AcceptSession(t.Context(), dev, started.Session.ID))
		clock.Advance(40 * time.Minute)
		d.LogIn("dev")
		if err := d.DoDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := must(d.GuestSession(t.Context(), guest)); s.State != desk.SessionActive || s.CustomerGone {
			t.Errorf("the session is %s, the customer gone: %v", s.State, s.CustomerGone)
		}
	})
}

// C9: the steps of one portal are its own.
func TestC9LostStepsOfOnePortal(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, `portals: [{slug: last, name: Last, lost_steps: [fallback_team, first_queue]}]`)
		d.OpenSession(d.LogIn("ana"), "@last")
		same(t, "the steps there are", desk.LostSteps, desk.LostToLongestJoined, desk.LostToLastQueue, desk.LostToFirstQueue, desk.LostToFallbackTeam)
		same(t, "the steps of other portals", *must(d.Portal(t.Context(), d.LogIn("ana"), "@main")).Effective.LostSteps, desk.LostSteps...)
	})
}
