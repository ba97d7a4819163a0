package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestF6ASpecialistJoins(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, customer := d.OpenSessionWithGuest(ana, "@expert")
		join(t, d, ana, session, ben, store.NewInvitation{Masked: true})
		say(t, d, ana, session, "long ago")
		clock.Advance(10 * time.Minute)
		d.Touch(ana)
		say(t, d, ana, session, "just now")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Access: desk.View})
		owner, guest := watch(t, d, ana), watchGuest(t, d, customer)
		written := offer.Code[:3] + " " + offer.Code[3:6] + "\u2010" + offer.Code[6:]
		in := must(d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Code: written}, "Mia Chen"))
		mia := must(d.AuthenticateGuest(t.Context(), in.Token))
		same(t, "who she is", []any{mia.SessionID, mia.Role}, any(session.ID), any(desk.AttendeeSpecialist))
		shows(t, "what she is told", in.Session, []string{"Okafor", "Ruiz", offer.Code, ana.RepID, `"Ana"`}, `"Ana"`)
		same(t, "the owner", owner.told("attendee", "specialist", "message"), "attendee.joined", "message.posted", "specialist_invitation.changed joined")
		same(t, "the customer", guest.told("attendee", "specialist", "message"), "attendee.joined", "message.posted")
		seat := must(d.Attendees(t.Context(), ana, session.ID))[3]
		same(t, "her seat", []any{seat.Name, seat.Role, seat.Access, seat.Masked, seat.RepID}, any("Mia Chen"), any(desk.AttendeeSpecialist), any(desk.View), any(false), any(""))
		same(t, "her chat", guestChat(t, d, mia), "everyone: just now", "everyone: Mia Chen has joined the session")
		same(t, "joined", []int{offered(t, d, ana, offer).Joined}, 1)
		byLink := must(d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Link: linkOf(offer)}, "Max"))
		if byLink.Token == in.Token || byLink.Token == "" {
			t.Errorf("token %q", byLink.Token)
		}
	})
}

func TestF6WhoDoesNotGetIn(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		ask := func(key store.SpecialistKey, name string) func() error {
			return func() error { return try(d.JoinAsSpecialist(t.Context(), key, name)) }
		}
		right := store.SpecialistKey{Code: offer.Code}
		data.refuses("neither", desk.OneTargetNeeded, ask(store.SpecialistKey{}, "Mia"))
		data.refuses("both", desk.OneTargetNeeded, ask(store.SpecialistKey{Code: offer.Code, Link: linkOf(offer)}, "Mia"))
		data.refuses("no name", desk.ValidationFailed, ask(right, " "))
		data.refuses("a long name", desk.ValidationFailed, ask(right, strings.Repeat("x", 201)))
		data.refuses("a name of two lines", desk.ValidationFailed, ask(right, "Mia\nChen"))
		for _, wrong := range []string{"000000000", offer.Code + "0", offer.Code[:8], " ", "-", "'"} {
			p := data.refuses("the code "+wrong, desk.CodeNotValid, ask(store.SpecialistKey{Code: wrong}, "Mia"))
			if p.Conflict != nil || p.Detail != "" {
				t.Errorf("%q: %+v", wrong, p)
			}
		}
		link := linkOf(offer)
		other := map[byte]string{'A': "B"}[link[0]]
		if other == "" {
			other = "A"
		}
		for _, wrong := range []string{"nothing", other + link[1:], link[:42], strings.Repeat("A", 43)} {
			data.refuses("the link "+wrong, desk.NotFound, ask(store.SpecialistKey{Link: wrong}, "Mia"))
		}
		refusal(t, "another link of ours", try(d.InvitationLink(t.Context(), link)), desk.NotFound)
		loadFile(t, d.Store, `portals: [{slug: expert, name: Expert, specialists: false}]`)
		data.refuses("the portal does without by now", desk.CodeNotValid, ask(right, "Mia"))
		same(t, "why", []string{data.refuses("the link", desk.CodeNotValid, ask(store.SpecialistKey{Link: link}, "Mia")).Conflict.Reason}, "not_now")
		loadFile(t, d.Store, `portals: [{slug: expert, name: Expert, specialists: true}]`)
		loadFile(t, d.Store, strings.ReplaceAll(specialists, ", invite_specialists]", "]"))
		data.refuses("the owner may not any more", desk.CodeNotValid, ask(right, "Mia"))
		loadFile(t, d.Store, specialists)
		joins(t, d, offer, "Mia")
	})
}

// B10: what was granted, within the ceiling of this moment.
func TestF6TheLowerAccess(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Access: desk.Control})
		loadFile(t, d.Store, `portals: [{slug: expert, name: Expert, parent: main, specialists: true, invite_ceiling: view}]`)
		same(t, "shown", []desk.Access{must(d.LookUpSpecialist(t.Context(), store.SpecialistKey{Code: offer.Code})).Access}, desk.View)
		joins(t, d, offer, "Mia")
		same(t, "given", []desk.Access{must(d.Attendees(t.Context(), ana, session.ID))[2].Access}, desk.View)
	})
}

func TestC4F6TheCustomerIsAskedAboutASpecialist(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		loadFile(t, d.Store, `portals: [{slug: expert, name: Expert, parent: main, specialists: true, consent_on_join: true}]`)
		ana := d.LogIn("ana")
		session, customer := d.OpenSessionWithGuest(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		in, mia := joins(t, d, offer, "Mia")
		ok(t, try(d.GiveConsent(t.Context(), customer, mia.AttendeeID, true)))
		ok(t, try(d.LeaveAsGuest(t.Context(), mia)))
		ok(t, try(d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Code: offer.Code, Token: in.Token}, "Mia")))
		same(t, "asked again", []desk.Consent{must(d.GuestAttendees(t.Context(), customer))[2].Consent}, desk.ConsentAsked)
	})
}

func TestF9LookingChangesNothing(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@narrow")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Joins: 3, Comment: "The tray"})
		owner := must(d.Attendees(t.Context(), ana, session.ID))[1].ID
		before := data.all()
		for _, key := range []store.SpecialistKey{{Code: offer.Code}, {Link: linkOf(offer)}} {
			door := must(d.LookUpSpecialist(t.Context(), key))
			same(t, "the door", []any{door.Inviter, door.Access, door.Portal.Name, door.Comment, door.MayShareScreen, door.JoinsLeft, door.Full},
				any(desk.Ref{ID: owner, Name: "Ana"}), any(desk.View), any("Narrow"), any("The tray"), any(false), any(3), any(false))
			shows(t, "the door", door, []string{"Ruiz", "Jo Doe", "The tray jams", ana.RepID, session.ID, "spi_", offer.Code, "Doe"})
		}
		same(t, "the data", data.all(), before...)
		refusal(t, "neither", try(d.LookUpSpecialist(t.Context(), store.SpecialistKey{})), desk.OneTargetNeeded)
		refusal(t, "no link of ours", try(d.LookUpSpecialist(t.Context(), store.SpecialistKey{Link: "x"})), desk.NotFound)
		refusal(t, "no code", try(d.LookUpSpecialist(t.Context(), store.SpecialistKey{Code: "1"})), desk.CodeNotValid)
		joins(t, d, offer, "Mia")
		joins(t, d, offer, "Max")
		door := must(d.LookUpSpecialist(t.Context(), store.SpecialistKey{Code: offer.Code}))
		same(t, "full", []any{door.Full, door.JoinsLeft}, any(true), any(1))
	})
}

func TestF10LimitedJoins(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Joins: 1})
		_, mia := joins(t, d, offer, "Mia")
		data.refuses("a second by the code", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Code: offer.Code}))
		p := data.refuses("a second by the link", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Link: linkOf(offer)}))
		same(t, "why", []string{p.Conflict.State, p.Conflict.Reason}, "active", "used_up")
		refusal(t, "to look", try(d.LookUpSpecialist(t.Context(), store.SpecialistKey{Code: offer.Code})), desk.CodeNotValid)
		ok(t, try(d.LeaveAsGuest(t.Context(), mia)))
		data.refuses("when she has left", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Code: offer.Code}))
	})
}

func TestF10TheSamePersonComesBack(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session, customer := d.OpenSessionWithGuest(ana, "@expert")
		offer, other := code(t, d, ana, session, desk.SpecialistTerms{Joins: 1}), code(t, d, ana, session, desk.SpecialistTerms{})
		in, mia := joins(t, d, offer, "Mia")
		back := func(o store.SpecialistOffer, token string) (store.Entered, error) {
			return d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Link: linkOf(o), Token: token}, "Mia again")
		}
		before := data.all()
		again := must(back(offer, in.Token))
		same(t, "still in", []string{again.Token}, in.Token)
		same(t, "the data", data.all(), before...)
		ok(t, try(d.LeaveAsGuest(t.Context(), mia)))
		refusal(t, "her token meanwhile", try(d.AuthenticateGuest(t.Context(), in.Token)), desk.TokenUnknown)
		ok(t, try(d.LookUpSpecialist(t.Context(), store.SpecialistKey{Code: offer.Code, Token: in.Token})))
		say(t, d, ana, session, "while she was away")
		clock.Advance(10 * time.Minute)
		d.Touch(ana)
		ok(t, d.FlushContacts(t.Context())) // else it is written at a moment of its own, and seems to be left by what is refused
		guest := watchGuest(t, d, customer)
		again = must(back(offer, in.Token))
		now := must(d.AuthenticateGuest(t.Context(), in.Token))
		same(t, "the same attendee", []string{again.Token, now.AttendeeID}, in.Token, mia.AttendeeID)
		same(t, "announced", guest.told("attendee", "message"), "attendee.joined", "message.posted")
		same(t, "her chat", guestChat(t, d, now), "everyone: Mia has joined the session")
		shows(t, "her log", must(must(d.SubscribeGuest(t.Context(), now)).Read(t.Context(), 0, nil, 1000)), []string{"while she was away", "Mia has joined"}, "Mia has joined")
		same(t, "no join was used", []int{offered(t, d, ana, offer).Joined}, 1)
		third := must(back(other, in.Token))
		if third.Token == in.Token {
			t.Error("by another code she is somebody else")
		}
		data.refuses("a customer's token", desk.CodeNotValid, func() error { return try(back(offer, "rdg_x")) })
		ok(t, try(d.EndSession(t.Context(), ana, session.ID, "")))
		data.refuses("after the end", desk.CodeNotValid, func() error { return try(back(offer, in.Token)) })
	})
}

// Who comes back needs a seat and a code that stands; the access that the owner gave meanwhile stays within the ceiling.
func TestF10WhoComesBackNeedsASeat(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		loadFile(t, d.Store, `portals: [{slug: narrow, name: Narrow, parent: expert, max_specialists: 2, invite_ceiling: control}]`)
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@narrow")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		in, mia := joins(t, d, offer, "Mia")
		view := desk.View
		ok(t, try(d.UpdateAttendee(t.Context(), ana, session.ID, mia.AttendeeID, desk.AttendeeChange{Access: &view}, nil)))
		ok(t, try(d.LeaveAsGuest(t.Context(), mia)))
		joins(t, d, offer, "Max")
		_, nia := joins(t, d, offer, "Nia")
		back := func() error {
			return try(d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Code: offer.Code, Token: in.Token}, "Mia"))
		}
		same(t, "the limit", []int{data.refuses("no seat", desk.SpecialistsAtLimit, back).Limit}, 2)
		data.refuses("nor for somebody new", desk.SpecialistsAtLimit, knocks(t, d, store.SpecialistKey{Code: offer.Code}))
		ok(t, try(d.LeaveAsGuest(t.Context(), nia)))
		ok(t, back())
		same(t, "her access", []desk.Access{must(d.Attendees(t.Context(), ana, session.ID))[2].Access}, desk.View)
		ok(t, try(d.LeaveAsGuest(t.Context(), mia)))
		ok(t, try(d.CancelSpecialistInvitation(t.Context(), ana, offer.ID, false)))
		data.refuses("cancelled", desk.CodeNotValid, back)
	})
}

// Of twenty at the same instant as many get in as there are seats, or joins.
func TestF1F10ManyAtOnce(t *testing.T) {
	for what, terms := range map[string]struct{ joins, seats, want int }{"seats": {5, 5, 5}, "one join": {1, 5, 1}, "fewer seats than joins": {5, 2, 2}} {
		t.Run(what, func(t *testing.T) {
			eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
				ana := d.LogIn("ana")
				session := d.OpenSession(ana, map[int]string{5: "@expert", 2: "@narrow"}[terms.seats])
				offers := []store.SpecialistOffer{code(t, d, ana, session, desk.SpecialistTerms{Joins: terms.joins})}
				if terms.joins > 1 { // by two codes they share the seats
					offers = append(offers, code(t, d, ana, session, desk.SpecialistTerms{Joins: terms.joins}))
				}
				var in atomic.Int64
				var running sync.WaitGroup
				for i := range 20 {
					running.Go(func() {
						_, err := d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Code: offers[i%len(offers)].Code}, fmt.Sprint("S", i))
						p, refused := errors.AsType[*desk.Problem](err)
						switch {
						case err == nil:
							in.Add(1)
						case !refused || p.Code != desk.SpecialistsAtLimit && p.Code != desk.CodeNotValid:
							t.Error(err)
						}
					})
				}
				running.Wait()
				joined := 0
				for _, o := range must(d.SpecialistInvitations(t.Context(), ana, session.ID, "", 10)) {
					joined += o.Joined
				}
				here := len(must(d.Attendees(t.Context(), ana, session.ID))) - 2
				same(t, "let in, counted, inside", []int{int(in.Load()), joined, here}, terms.want, terms.want, terms.want)
			})
		})
	}
}

// F5: whoever is let in beside a cancellation is inside when it is done, and is put out by it; nobody comes after it.
func TestF5CancelRacesJoins(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		for range 5 {
			session := d.OpenSession(ana, "@expert")
			offer := code(t, d, ana, session, desk.SpecialistTerms{})
			var running sync.WaitGroup
			var in atomic.Int64
			for i := range 8 {
				running.Go(func() {
					key := store.SpecialistKey{Code: offer.Code}
					if i%2 == 0 {
						key = store.SpecialistKey{Link: linkOf(offer)}
					}
					if _, err := d.JoinAsSpecialist(t.Context(), key, "Mia"); err == nil {
						in.Add(1)
					}
				})
			}
			running.Go(func() {
				if _, err := d.CancelSpecialistInvitation(t.Context(), ana, offer.ID, true); err != nil {
					t.Error(err)
				}
			})
			running.Wait()
			here := must(d.Attendees(t.Context(), ana, session.ID))
			if slices.ContainsFunc(here, func(a desk.Attendee) bool { return a.Role == desk.AttendeeSpecialist }) {
				t.Errorf("inside after the cancellation: %+v", here)
			}
			same(t, "counted", []int{offered(t, d, ana, offer).Joined}, int(in.Load()))
		}
	})
}
