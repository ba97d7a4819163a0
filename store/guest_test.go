package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// asks is a portal whose customers are asked about everybody who joins.
const asks = "portals: [{slug: asks, name: Asks, consent_on_join: true}]"

// consents is where consent stands: of the rep's seat, of the session for reps, and of the session for guests.
func consents(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session, repID string, g desk.Guest) []desk.Consent {
	t.Helper()
	return []desk.Consent{seatOf(t, d, owner, s, repID).Consent, must(d.Session(t.Context(), owner, s.ID)).Consent, must(d.GuestSession(t.Context(), g)).Consent}
}

func TestC4TheCustomerIsAskedAndCanChangeTheirMind(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, asks)
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@asks")
		if got := must(d.Session(t.Context(), ana, session.ID)).Consent; got != desk.ConsentNotNeeded {
			t.Errorf("the owner's own is %s", got)
		}
		owner, customer := watch(t, d, ana), watchGuest(t, d, guest)
		seat := join(t, d, ana, session, ben, store.NewInvitation{})
		check := func(what string, all, guests desk.Consent, grant string) {
			t.Helper()
			same(t, what, consents(t, d, ana, session, ben.RepID, guest), all, all, guests)
			if got := access(t, d, ben, session); got != grant {
				t.Errorf("%s: the grant says %s", what, got)
			}
		}
		answer := func(granted bool) {
			t.Helper()
			if got := must(d.GiveConsent(t.Context(), guest, seat.ID, granted)); got.RepID != "" || got.Name != "Ben Okafor" {
				t.Errorf("the customer is answered %+v", got)
			}
		}
		check("joined", desk.ConsentAsked, desk.ConsentAsked, desk.NoAccess)
		if told := customer.events(); len(told) == 0 || told[0].Attendee == nil || told[0].Attendee.Consent != desk.ConsentAsked {
			t.Errorf("the customer is asked by %+v", told)
		}
		owner.events()
		answer(false)
		check("refused", desk.ConsentRefused, desk.ConsentRefused, desk.NoAccess)
		same(t, "the owner is shown it", owner.told(), "attendee.changed consent", "grant.changed changed", "session.changed")
		answer(true)
		check("changed their mind", desk.ConsentGranted, desk.ConsentGranted, "control")
		owner.events()
		answer(true) // again
		same(t, "nothing happens twice", owner.told())
		answer(false)
		check("and back", desk.ConsentRefused, desk.ConsentRefused, desk.NoAccess)
		update(t, d, ana, seat, toView) // what the owner changes does not go past the customer
		check("with other access", desk.ConsentRefused, desk.ConsentRefused, desk.NoAccess)
	})
}

// C4: who stops owning and stays is a further rep again, of whom the customer's answer holds that was given before; who never was
// one is asked about.
func TestC4TheAnswerOutlastsOwning(t *testing.T) {
	for answer, want := range map[string]desk.Consent{"refused": desk.ConsentRefused, "agreed": desk.ConsentGranted, "not answered": desk.ConsentAsked} {
		t.Run(answer, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				importYAML(t, d, asks)
				ana, ben := d.LogIn("ana"), d.LogIn("ben")
				session, guest := d.OpenSessionWithGuest(ana, "@asks")
				seat := join(t, d, ana, session, ben, store.NewInvitation{})
				if want != desk.ConsentAsked {
					must(d.GiveConsent(t.Context(), guest, seat.ID, want == desk.ConsentGranted))
				}
				give := func(from, to desk.Caller) {
					t.Helper()
					transfer(t, d, from, session, store.NewTransfer{RepID: to.RepID, Stay: true})
					take(t, d, to, session)
				}
				give(ana, ben)
				same(t, "as the owner", consents(t, d, ben, session, ben.RepID, guest), desk.ConsentNotNeeded, desk.ConsentAsked, desk.ConsentAsked)
				same(t, "who owned from the beginning", consents(t, d, ben, session, ana.RepID, guest), desk.ConsentAsked, desk.ConsentAsked, desk.ConsentAsked)
				if got := access(t, d, ben, session); got != "control" {
					t.Errorf("the owner's grant says %s", got)
				}
				must(d.GiveConsent(t.Context(), guest, seatOf(t, d, ben, session, ana.RepID).ID, true))
				customer := watchGuest(t, d, guest)
				give(ben, ana)
				same(t, "as a further rep again", consents(t, d, ana, session, ben.RepID, guest), want, want, want)
				if got := access(t, d, ben, session); (got == desk.NoAccess) != !want.OnScreen() {
					t.Errorf("the further rep's grant says %s", got)
				}
				told := customer.events()
				if !slices.ContainsFunc(told, func(e desk.Event) bool {
					return e.Type == desk.EventAttendeeChanged && e.Attendee.ID == seat.ID && e.Attendee.Consent == want
				}) {
					t.Errorf("the customer is told %s", asJSON(told))
				}
				give(ana, ben)
				give(ben, ana)
				same(t, "and once more", consents(t, d, ana, session, ben.RepID, guest), want, want, want)
			})
		})
	}
}

// C4 and C11: about a masked rep the customer is never asked; they are when the rep shows themselves, however often.
func TestC4AMaskedRepIsNeverAskedFor(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, asks)
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@asks")
		customer := watchGuest(t, d, guest)
		seat := join(t, d, ana, session, ben, store.NewInvitation{Masked: true})
		same(t, "the customer", customer.told())
		if got := must(d.GuestSession(t.Context(), guest)).Consent; got != desk.ConsentNotNeeded {
			t.Errorf("the customer's session says %s", got)
		}
		if got := access(t, d, ben, session); got != desk.NoAccess {
			t.Errorf("the masked rep's grant says %s", got)
		}
		data.refuses("answering about one who is not there", desk.NotFound, func() error { return try(d.GiveConsent(t.Context(), guest, seat.ID, true)) })
		update(t, d, ana, seat, unmask)
		joined := customer.events()[0]
		for _, e := range append(customer.events(), joined) {
			if e.Type == desk.EventAttendeeJoined && e.Attendee.Consent != desk.ConsentAsked {
				t.Errorf("who shows themselves comes with %s", e.Attendee.Consent)
			}
		}
		same(t, "unmasked", consents(t, d, ana, session, ben.RepID, guest), desk.ConsentAsked, desk.ConsentAsked, desk.ConsentAsked)
		must(d.GiveConsent(t.Context(), guest, asGuest(t, d, guest, "Ben Okafor").ID, true))
		update(t, d, ana, seat, mask) // to the customer they have left
		if got := access(t, d, ben, session); got != desk.NoAccess {
			t.Errorf("masked after consent, the grant says %s", got)
		}
		update(t, d, ana, seat, unmask) // and joined again
		same(t, "unmasked again", consents(t, d, ana, session, ben.RepID, guest), desk.ConsentAsked, desk.ConsentAsked, desk.ConsentAsked)
	})
}

func TestC4WhoAnswersAndAboutWhom(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, asks)
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session, guest := d.OpenSessionWithGuest(ana, "@asks")
		other, otherGuest := d.OpenSessionWithGuest(ana, "@asks")
		seat, gone, elsewhere := join(t, d, ana, session, ben, store.NewInvitation{}), join(t, d, ana, session, cho, store.NewInvitation{}), join(t, d, ana, other, ben, store.NewInvitation{})
		must(d.LeaveSession(t.Context(), cho, session.ID, ""))
		max := data.specialist(session, "max", clock.Now())
		for _, c := range []struct {
			what string
			by   desk.Guest
			id   string
			code desk.Code
		}{
			{"a specialist answers", max, seat.ID, desk.NotAllowed},
			{"about the owner", guest, seatOf(t, d, ana, session, ana.RepID).ID, desk.NotAllowed},
			{"about themselves", guest, guest.AttendeeID, desk.NotAllowed},
			{"about one who left", guest, gone.ID, desk.NotFound},
			{"about one of another session", guest, elsewhere.ID, desk.NotFound},
			{"another's customer", otherGuest, seat.ID, desk.NotFound},
			{"about nobody", guest, "att_none", desk.NotFound},
		} {
			data.refuses(c.what, c.code, func() error { return try(d.GiveConsent(t.Context(), c.by, c.id, true)) })
		}
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		data.refuses("after the end", desk.SessionNotActive, func() error { return try(d.GiveConsent(t.Context(), guest, seat.ID, true)) })
	})
}

func TestC4NobodyIsAskedWhereThePortalDoesNot(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		seat := join(t, d, ana, session, ben, store.NewInvitation{})
		same(t, "consent", consents(t, d, ana, session, ben.RepID, guest), desk.ConsentNotNeeded, desk.ConsentNotNeeded, desk.ConsentNotNeeded)
		refusal(t, "answering what was not asked", try(d.GiveConsent(t.Context(), guest, seat.ID, false)), desk.NotAllowed)
	})
}

func TestC13TheCustomerLeavesWhileWaiting(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		started := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo"}, TeamID: "@printers"}))
		guest := must(d.AuthenticateGuest(t.Context(), started.GuestToken))
		log := watch(t, d, ben)
		got := must(d.LeaveAsGuest(t.Context(), guest))
		if got.State != desk.SessionEnded || got.EndReason != "abandoned" || got.EndedAt == nil {
			t.Errorf("left: %+v", got)
		}
		must(d.LeaveAsGuest(t.Context(), guest)) // again
		same(t, "the queue", log.told(), "session.changed abandoned")
		refusal(t, "taking it", try(d.AcceptSession(t.Context(), ben, started.Session.ID)), desk.NotFound)
	})
}

func TestC13TheCustomerLeavesAndComesBack(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		log, customer := watch(t, d, ana), watchGuest(t, d, guest)
		got := must(d.LeaveAsGuest(t.Context(), guest))
		if got.State != desk.SessionActive || !got.CustomerGone {
			t.Errorf("left: %+v", got)
		}
		must(d.LeaveAsGuest(t.Context(), guest)) // again
		same(t, "the owner", log.told(), "session.changed customer_gone")
		ok(t, try(d.AddNote(t.Context(), ana, session.ID, "they hung up")))
		say(t, d, ana, session, "still there?")
		inviteRep(t, d, ana, session, "ben") // it stays as it is
		log.events()
		stay(t, d, clock, 29*time.Minute, ana, ben)
		ok(t, d.GuestCameBack(t.Context(), guest))
		ok(t, d.GuestCameBack(t.Context(), guest)) // again
		same(t, "the owner", log.told(), "session.changed customer_back")
		stay(t, d, clock, 29*time.Minute, ana, ben)
		if now := must(d.Session(t.Context(), ana, session.ID)); now.State != desk.SessionActive || now.CustomerGone {
			t.Errorf("after they came back: %+v", now)
		}
		must(d.LeaveAsGuest(t.Context(), guest))
		stay(t, d, clock, 30*time.Minute, ana, ben)
		if now := must(d.Session(t.Context(), ana, session.ID)); now.State != desk.SessionEnded || now.EndReason != "customer_gone" {
			t.Errorf("after 30 minutes: %+v", now)
		}
		same(t, "the customer", customer.told("session."), "session.changed customer_gone", "session.changed customer_back", "session.changed customer_gone", "session.changed customer_gone")
		if err := d.GuestCameBack(t.Context(), guest); err != nil {
			t.Errorf("back after the end: %v", err)
		}
	})
}

func TestC13HowLongIsPerPortalAndTheOwnerCanEndIt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: brief, name: Brief, customer_gone_seconds: 60}]")
		ana := d.LogIn("ana")
		short, first := d.OpenSessionWithGuest(ana, "@brief")
		long, second := d.OpenSessionWithGuest(ana, "@main")
		must(d.LeaveAsGuest(t.Context(), first))
		must(d.LeaveAsGuest(t.Context(), second))
		reasons := func() []string {
			return []string{must(d.Session(t.Context(), ana, short.ID)).EndReason, must(d.Session(t.Context(), ana, long.ID)).EndReason}
		}
		stay(t, d, clock, 59*time.Second, ana)
		same(t, "a second before", reasons(), "", "")
		stay(t, d, clock, time.Second, ana)
		same(t, "a minute", reasons(), "customer_gone", "")
		must(d.EndSession(t.Context(), ana, long.ID, ""))
		same(t, "the owner", reasons(), "customer_gone", "ended_by_owner")
	})
}

// C13 and C9: a session whose customer has gone, and whose owner is lost then, waits no longer for the customer than others,
// and the customer can come back to it.
func TestC13GoneAndThenTheOwnerIsLost(t *testing.T) {
	for _, back := range []bool{false, true} {
		each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
			hal, ana, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogIn("ben")
			started := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo"}, TeamID: "@printers"}))
			guest := must(d.AuthenticateGuest(t.Context(), started.GuestToken))
			session := take(t, d, ana, started.Session)
			must(d.LeaveAsGuest(t.Context(), guest))
			logOut(t, d, ana)
			same(t, "lost", []string{where(t, d, hal, session.ID)}, "waits for Printers")
			stay(t, d, clock, 29*time.Minute, ben)
			want := "ended customer_gone"
			if back {
				ok(t, d.GuestCameBack(t.Context(), guest))
				if must(d.GuestSession(t.Context(), guest)).CustomerGone {
					t.Error("the customer is back, and still gone")
				}
				want = "waits for Printers"
			}
			stay(t, d, clock, time.Minute, ben)
			same(t, "half an hour later", []string{where(t, d, hal, session.ID)}, want)
		})
	}
}

func TestI2HowLongAGuestsTokenIsGood(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogInWithPush("ana", "ana-1")
		started := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo"}}))
		session := take(t, d, ana, started.Session)
		max := data.specialist(session, "max", clock.Now())
		data.specialist(session, "mia", clock.Now())
		knows := func(token string) error { return try(d.AuthenticateGuest(t.Context(), token)) }
		for _, token := range []string{started.GuestToken, "rdg_max", "rdg_mia"} {
			ok(t, knows(token))
		}
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, max.AttendeeID))
		data.refuses("who was put out", desk.TokenUnknown, func() error { return knows("rdg_max") })
		must(d.LeaveAsGuest(t.Context(), must(d.AuthenticateGuest(t.Context(), started.GuestToken))))
		ok(t, knows(started.GuestToken)) // C13: the same token resumes it
		clock.Advance(time.Second)
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		ok(t, knows("rdg_mia")) // to learn of the end
		data.refuses("who was put out, after the end", desk.TokenUnknown, func() error { return knows("rdg_max") })
		clock.Advance(24*time.Hour + time.Second)
		data.refuses("a day later", desk.TokenExpired, func() error { return knows(started.GuestToken) })
		for _, token := range []string{"", "rdg_none", "rdc_none"} {
			data.refuses("not one of ours", desk.TokenUnknown, func() error { return knows(token) })
		}
	})
}

func TestH1AGuestReadsTheirSessionSinceTheyCame(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		other, _ := d.OpenSessionWithGuest(ana, "@main")
		say(t, d, ana, session, "before max")
		max := data.specialist(session, "max", clock.Now())
		say(t, d, ana, session, "after max")
		say(t, d, ana, other, "elsewhere")
		words := []string{"before max", "after max", "elsewhere"}
		all := func(g desk.Guest) []desk.Event {
			w := watchGuest(t, d, g)
			w.at = 0
			return w.events()
		}
		shows(t, "the customer", all(guest), words, "before max", "after max")
		shows(t, "the specialist", all(max), words, "after max")
	})
}
