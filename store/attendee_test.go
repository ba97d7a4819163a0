package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// update changes an attendee as the owner.
func update(t *testing.T, d *storetest.Desk, owner desk.Caller, a desk.Attendee, change desk.AttendeeChange) desk.Attendee {
	t.Helper()
	got, err := d.UpdateAttendee(t.Context(), owner, a.SessionID, a.ID, change, nil)
	if err != nil {
		t.Fatalf("%s changes %+v: %v", owner.Name, change, err)
	}
	return got
}

var (
	viewing, controlling = desk.View, desk.Control
	yes, no              = true, false
	toView, toControl    = desk.AttendeeChange{Access: &viewing}, desk.AttendeeChange{Access: &controlling}
	mask, unmask         = desk.AttendeeChange{Masked: &yes}, desk.AttendeeChange{Masked: &no}
)

func TestC5AccessChangesLive(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		seat := join(t, d, ana, session, ben, store.NewInvitation{})
		join(t, d, ana, session, cho, store.NewInvitation{})
		was := must(d.Session(t.Context(), ana, session.ID))
		logs := map[string]*watcher{"ben": watch(t, d, ben), "cho": watch(t, d, cho), "the customer": watchGuest(t, d, guest)}
		got := update(t, d, ana, seat, toView)
		if got.Access != desk.View || got.Rev <= seat.Rev || seatOf(t, d, cho, session, ben.RepID).Access != desk.View {
			t.Errorf("changed: %+v", got)
		}
		for who, log := range logs {
			same(t, who, log.told("attendee.", "grant."), map[string][]string{"the customer": {"grant.changed changed", "attendee.changed"}, "ben": {"attendee.changed", "grant.changed changed"}, "cho": {"attendee.changed", "grant.changed changed"}}[who]...)
		}
		if now := must(d.Session(t.Context(), ana, session.ID)); now.Rev <= was.Rev {
			t.Errorf("the session's revision is %d after %d", now.Rev, was.Rev)
		}
		if again := update(t, d, ana, seat, toView); again.Rev != got.Rev {
			t.Errorf("the same again: revision %d after %d", again.Rev, got.Rev)
		}
		same(t, "the same again", logs["ben"].told())
		update(t, d, ana, seat, toControl)
	})
}

func TestC5MaskingAndUnmaskingLive(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, public_name: Benny, teams: {printers: member}}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		seat := join(t, d, ana, session, ben, store.NewInvitation{})
		clock.Advance(time.Minute)
		customer, log := watchGuest(t, d, guest), watch(t, d, ben)
		guests := func() int { return len(must(d.GuestAttendees(t.Context(), guest))) }
		update(t, d, ana, seat, mask)
		same(t, "masked: the customer", customer.told(), "attendee.left", "message.posted", "session.changed")
		same(t, "masked: the rep", log.told("attendee."), "attendee.changed")
		if guests() != 2 || must(d.GuestSession(t.Context(), guest)).RepCount != 1 {
			t.Errorf("masked: %d attendees", guests())
		}
		say(t, d, ben, session, "psst")
		clock.Advance(time.Minute)
		update(t, d, ana, seat, unmask)
		same(t, "unmasked: the customer", customer.told("attendee.", "message.", "session."), "attendee.joined", "message.posted", "session.changed")
		shown := must(d.GuestAttendees(t.Context(), guest))
		if len(shown) != 3 || shown[2].Name != "Benny" || shown[2].RepID != "" || !shown[2].JoinedAt.Equal(clock.Now()) {
			t.Errorf("unmasked: %+v", shown)
		}
		same(t, "C3 the chat", guestChat(t, d, guest), "everyone: Ana has joined the session", "everyone: Benny has joined the session", "everyone: Benny has left the session", "everyone: Benny has joined the session")
	})
}

func TestC5WhatIsRefused(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
		session, guest := d.OpenSessionWithGuest(ana, "@looking") // the ceiling is view
		seat := join(t, d, ana, session, ben, store.NewInvitation{})
		gone := join(t, d, ana, session, cho, store.NewInvitation{})
		must(d.LeaveSession(t.Context(), cho, session.ID, ""))
		other := d.OpenSession(ana, "@main")
		elsewhere := join(t, d, ana, other, ben, store.NewInvitation{})
		max := data.specialist(session, "max", clock.Now())
		owner := seatOf(t, d, ana, session, ana.RepID)
		for _, c := range []struct {
			what   string
			by     desk.Caller
			id     string
			change desk.AttendeeChange
			code   desk.Code
		}{
			{"above the ceiling", ana, seat.ID, toControl, desk.AccessAboveCeiling},
			{"the owner", ana, owner.ID, toView, desk.NotAllowed},
			{"the owner's mask", ana, owner.ID, mask, desk.NotAllowed},
			{"the customer", ana, guest.AttendeeID, toView, desk.NotAllowed},
			{"a specialist's mask", ana, max.AttendeeID, mask, desk.NotAllowed},
			{"one who left", ana, gone.ID, mask, desk.NotFound},
			{"one of another session", ana, elsewhere.ID, mask, desk.NotFound},
			{"one who is not there", ana, "att_none", mask, desk.NotFound},
			{"by a joined rep", ben, seat.ID, mask, desk.NotSessionOwner},
			{"by an outsider", dev, seat.ID, mask, desk.NotFound},
			{"by the owner's administrator", d.LogIn("hal"), seat.ID, mask, desk.NotSessionOwner},
		} {
			data.refuses(c.what, c.code, func() error { return try(d.UpdateAttendee(t.Context(), c.by, session.ID, c.id, c.change, nil)) })
			if c.code != desk.AccessAboveCeiling && c.id != max.AttendeeID {
				data.refuses("removing "+c.what, c.code, func() error { return d.RemoveAttendee(t.Context(), c.by, session.ID, c.id) })
			}
		}
		data.refuses("at another revision", desk.ChangedMeanwhile, func() error {
			return try(d.UpdateAttendee(t.Context(), ana, session.ID, seat.ID, mask, func(rev int64) error { return desk.Refuse(desk.ChangedMeanwhile, "%d", rev) }))
		})
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		data.refuses("after the end", desk.SessionNotActive, func() error { return try(d.UpdateAttendee(t.Context(), ana, session.ID, seat.ID, mask, nil)) })
		data.refuses("removing after the end", desk.SessionNotActive, func() error { return d.RemoveAttendee(t.Context(), ana, session.ID, seat.ID) })
	})
}

func TestC5Removing(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		seat := join(t, d, ana, session, ben, store.NewInvitation{})
		hidden := join(t, d, ana, session, cho, store.NewInvitation{Masked: true})
		max := data.specialist(session, "max", clock.Now())
		log, customer := watch(t, d, ben), watchGuest(t, d, guest)
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, hidden.ID))
		same(t, "C11 a masked one: the customer", customer.told())
		same(t, "a masked one: the other reps", log.told("attendee.", "grant."), "attendee.left removed", "grant.changed withdrawn")
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, seat.ID))
		same(t, "a rep: the customer", customer.told("attendee.", "message.", "grant."), "attendee.left removed", "grant.changed withdrawn", "message.posted")
		same(t, "a rep: themselves", log.told("attendee.", "grant."), "attendee.left removed", "grant.changed withdrawn")
		data.refuses("what they wrote next", desk.NotAllowed, func() error { return try(d.PostMessage(t.Context(), ben, session.ID, store.NewMessage{Text: "?"})) })
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, max.AttendeeID))
		same(t, "a specialist", customer.told("attendee."), "attendee.left removed")
		data.refuses("what the specialist wrote next", desk.TokenUnknown, func() error { return try(d.PostGuestMessage(t.Context(), max, store.NewMessage{Text: "?"})) })
		data.refuses("the specialist's grant", desk.TokenUnknown, func() error { return try(d.GuestGrant(t.Context(), max, "https://desk.example")) })
		outside := watchGuest(t, d, max)
		clock.Advance(time.Second)
		join(t, d, ana, session, ben, store.NewInvitation{}) // a rep can be invited again
		say(t, d, ana, session, "now we are among us")
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		same(t, "what the specialist hears", outside.told())
	})
}

// C2 and C11: what a guest sees of who is in the session.
func TestC2C11WhomGuestsSee(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, outsiders)
		ana, ben, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev")
		session, guest := d.OpenSessionWithGuest(ana, "@open")
		max := data.specialist(session, "max", clock.Now())
		join(t, d, ana, session, ben, store.NewInvitation{Access: desk.View})
		before := must(d.GuestSession(t.Context(), guest))
		customer := watchGuest(t, d, guest)
		hidden := join(t, d, ana, session, dev, store.NewInvitation{Masked: true})
		update(t, d, ana, hidden, toView)
		say(t, d, dev, session, "psst")
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@dev"})
		must(d.DeclineTransfer(t.Context(), dev, session.ID))
		ok(t, try(d.AddNote(t.Context(), dev, session.ID, "a note")))
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, hidden.ID))
		same(t, "events", customer.told())
		if now := must(d.GuestSession(t.Context(), guest)); asJSON(now) != asJSON(before) {
			t.Errorf("the session was %s, is %s", asJSON(before), asJSON(now))
		}
		join(t, d, ana, session, dev, store.NewInvitation{Masked: true})
		for who, g := range map[string]desk.Guest{"the customer": guest, "a specialist": max} {
			words := []string{"Ruiz", "Okafor", "Patel", "Devi", "psst", "a note", "Anita", "Benny", "max", "Jo Doe"}
			shows(t, who+": attendees", must(d.GuestAttendees(t.Context(), g)), words, "Anita", "Benny", "max", "Jo Doe")
			shows(t, who+": messages", must(d.GuestMessages(t.Context(), g, store.MessageQuery{Limit: 50})), words, "Anita", "Benny")
			shows(t, who+": session", must(d.GuestSession(t.Context(), g)), words, "Anita", "Jo Doe")
		}
		seen := must(d.GuestAttendees(t.Context(), guest))
		roles := []string{}
		for _, a := range seen {
			roles = append(roles, fmt.Sprint(a.Role, " ", a.Access))
		}
		same(t, "roles and access", roles, "customer control", "owner control", "rep view", "specialist view")
	})
}

// asGuest is somebody in the session as a guest sees them, by name.
func asGuest(t *testing.T, d *storetest.Desk, g desk.Guest, name string) (a desk.Attendee) {
	t.Helper()
	for _, a = range must(d.GuestAttendees(t.Context(), g)) {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("guests do not see %s", name)
	return a
}

// C11: who unmasks is somebody new to guests. Neither the id, the revision nor the place in the list says that they were there
// before, and nothing that guests are told has the id by which reps know them.
func TestC11UnmaskingTellsNothingOfTheTimeBefore(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, asks)
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session, guest := d.OpenSessionWithGuest(ana, "@asks")
		customer := watchGuest(t, d, guest)
		hidden := join(t, d, ana, session, ben, store.NewInvitation{Masked: true})
		update(t, d, ana, hidden, toView)
		clock.Advance(time.Second)
		later := join(t, d, ana, session, cho, store.NewInvitation{})
		clock.Advance(time.Second)
		ids := []string{}
		for range 2 {
			update(t, d, ana, hidden, unmask)
			say(t, d, ben, session, "hello")
			shown := must(d.GuestAttendees(t.Context(), guest))
			last := shown[len(shown)-1]
			if last.Name != "Ben Okafor" || last.Rev != 1 || last.ID <= later.ID || slices.Contains(ids, last.ID) || !last.JoinedAt.Equal(clock.Now()) {
				t.Errorf("guests see %+v after %v", shown, ids)
			}
			ids = append(ids, last.ID)
			for _, e := range customer.events() {
				if e.Attendee != nil && e.Attendee.Name == last.Name && (e.Attendee.ID != last.ID || e.Attendee.Rev != 1) {
					t.Errorf("guests are told of %+v, listed as %+v", e.Attendee, last)
				}
				if e.Message != nil && e.Message.Author.Name == last.Name && e.Message.Author.ID != last.ID {
					t.Errorf("guests are told of a message by %+v", e.Message.Author)
				}
			}
			refusal(t, "answering by the id that reps know", try(d.GiveConsent(t.Context(), guest, hidden.ID, true)), desk.NotFound)
			if now := must(d.GiveConsent(t.Context(), guest, last.ID, true)); now.ID != last.ID || now.Rev != 2 || now.Consent != desk.ConsentGranted {
				t.Errorf("answered: %+v", now)
			}
			clock.Advance(time.Second)
			update(t, d, ana, hidden, mask)
			clock.Advance(time.Second)
			say(t, d, ben, session, "psst")
			update(t, d, ana, hidden, toControl)
			update(t, d, ana, hidden, toView)
			log := asJSON(customer.events())
			shows(t, "the log", log, []string{hidden.ID, last.ID}, last.ID)
		}
		authors := []string{}
		for _, m := range must(d.GuestMessages(t.Context(), guest, store.MessageQuery{Limit: 50})) {
			if m.Author.Name == "Ben Okafor" {
				authors = append(authors, m.Author.ID)
			}
		}
		same(t, "the authors of what the chat keeps", authors, ids[0], ids[0], ids[0], ids[1], ids[1], ids[1])
		update(t, d, ana, hidden, unmask)
		transfer(t, d, ana, session, store.NewTransfer{RepID: ben.RepID})
		take(t, d, ben, session)
		if owner := must(d.GuestSession(t.Context(), guest)).Owner; owner == nil || owner.ID != asGuest(t, d, guest, "Ben Okafor").ID {
			t.Errorf("to guests the owner is %+v", owner)
		}
		if got := seatOf(t, d, ben, session, ben.RepID); got.ID != hidden.ID || got.Rev <= hidden.Rev {
			t.Errorf("reps see %+v", got)
		}
	})
}
