package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// specialists are a portal that allows specialists, one below it with less room, and two reps who may invite them.
const specialists = `
portals:
  - {slug: expert, name: Expert, parent: main, specialists: true}
  - {slug: narrow, name: Narrow, parent: expert, invite_ceiling: view, max_specialists: 2}
reps:
  - {username: ana, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, extended_availability, invite_specialists]}
  - {username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member}, permissions: [extended_availability, invite_specialists]}
`

func eachWithSpecialists(t *testing.T, test func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows)) {
	t.Helper()
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		loadFile(t, d.Store, specialists)
		test(t, d, clock, data)
	})
}

// code makes a code.
func code(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session, in desk.SpecialistTerms) store.SpecialistOffer {
	t.Helper()
	offer, err := d.InviteSpecialists(t.Context(), owner, s.ID, in)
	if err != nil {
		t.Fatalf("invite specialists %+v: %v", in, err)
	}
	return offer
}

// linkOf is the token of an offer's link.
func linkOf(o store.SpecialistOffer) string { return strings.TrimPrefix(o.JoinURL, "/join/") }

// joins lets somebody in by a code.
func joins(t *testing.T, d *storetest.Desk, o store.SpecialistOffer, name string) (store.Entered, desk.Guest) {
	t.Helper()
	in, err := d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Code: o.Code}, name)
	if err != nil {
		t.Fatalf("%s joins: %v", name, err)
	}
	return in, must(d.AuthenticateGuest(t.Context(), in.Token))
}

// knocks tries to come in by a code or a link.
func knocks(t *testing.T, d *storetest.Desk, key store.SpecialistKey) func() error {
	return func() error {
		return try(d.JoinAsSpecialist(t.Context(), key, "Mia"))
	}
}

// offered is an offer as the owner sees it now.
func offered(t *testing.T, d *storetest.Desk, owner desk.Caller, o store.SpecialistOffer) store.SpecialistOffer {
	t.Helper()
	for _, one := range must(d.SpecialistInvitations(t.Context(), owner, o.SessionID, "", 50)) {
		if one.ID == o.ID {
			return one
		}
	}
	t.Fatalf("%s is not listed", o.ID)
	return store.SpecialistOffer{}
}

func TestF1WhoMayInviteSpecialists(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho, eli, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("eli"), d.LogIn("hal")
		narrow, closed, chos := d.OpenSession(ana, "@narrow"), d.OpenSession(ana, "@main"), d.OpenSession(cho, "@expert")
		join(t, d, ana, narrow, ben, store.NewInvitation{})
		ask := func(c desk.Caller, s desk.Session, in desk.SpecialistTerms) func() error {
			return func() error { return try(d.InviteSpecialists(t.Context(), c, s.ID, in)) }
		}
		data.refuses("a joined rep", desk.NotSessionOwner, ask(ben, narrow, desk.SpecialistTerms{}))
		data.refuses("an administrator", desk.NotSessionOwner, ask(hal, narrow, desk.SpecialistTerms{}))
		data.refuses("an outsider", desk.NotFound, ask(eli, narrow, desk.SpecialistTerms{}))
		data.refuses("the portal does without", desk.NotAllowed, ask(ana, closed, desk.SpecialistTerms{}))
		data.refuses("the owner may not", desk.NotAllowed, ask(cho, chos, desk.SpecialistTerms{}))
		data.refuses("above the ceiling", desk.AccessAboveCeiling, ask(ana, narrow, desk.SpecialistTerms{Access: desk.Control}))
		data.refuses("six people", desk.ValidationFailed, ask(ana, narrow, desk.SpecialistTerms{Joins: 6}))
		data.refuses("no address", desk.ValidationFailed, ask(ana, narrow, desk.SpecialistTerms{Emails: []string{"mia@example.com", "Mia <mia@example.com>"}}))
		data.refuses("two lines of language", desk.ValidationFailed, ask(ana, narrow, desk.SpecialistTerms{Language: "de\r\nBcc: x"}))
		offer := code(t, d, ana, narrow, desk.SpecialistTerms{})
		joins(t, d, offer, "Mia")
		joins(t, d, offer, "Max")
		full := data.refuses("no seat for another", desk.SpecialistsAtLimit, ask(ana, narrow, desk.SpecialistTerms{Access: desk.Control}))
		same(t, "the limit", []int{full.Limit}, 2)
		ok(t, try(d.EndSession(t.Context(), ana, closed.ID, "")))
		data.refuses("the session has ended", desk.SessionNotActive, ask(ana, closed, desk.SpecialistTerms{}))
	})
}

func TestF1AtMostTenCodesStand(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		var last store.SpecialistOffer
		for range desk.MaxSpecialistInvitations {
			last = code(t, d, ana, session, desk.SpecialistTerms{})
		}
		more := func() error { return try(d.InviteSpecialists(t.Context(), ana, session.ID, desk.SpecialistTerms{})) }
		same(t, "the limit", []int{data.refuses("one more", desk.TooManyRequests, more).Limit}, desk.MaxSpecialistInvitations)
		ok(t, try(d.CancelSpecialistInvitation(t.Context(), ana, last.ID, false)))
		ok(t, more())
	})
}

func TestF2WhatTheOwnerGets(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
		session := d.OpenSession(ana, "@narrow")
		join(t, d, ana, session, ben, store.NewInvitation{})
		told := watch(t, d, ana)
		plain := code(t, d, ana, session, desk.SpecialistTerms{})
		if len(plain.Code) != desk.CodeDigits || strings.Trim(plain.Code, desk.CodeAlphabet) != "" || len(linkOf(plain)) != 43 || !strings.HasPrefix(plain.JoinURL, "/join/") {
			t.Errorf("code %q, link %q", plain.Code, plain.JoinURL)
		}
		same(t, "by default", []any{plain.Access, plain.Joins, plain.Joined, plain.State, plain.Language, plain.Host, plain.Desk, plain.Inviter.Name},
			any(desk.View), any(5), any(0), any(desk.SpecialistActive), any("en"), any("Ana"), any("Narrow"), any("Ana Ruiz"))
		same(t, "what the owner is told", told.told("specialist"), "specialist_invitation.changed created")
		said := code(t, d, ana, session, desk.SpecialistTerms{Access: desk.View, Joins: 1, Comment: "The tray", Language: "de"})
		same(t, "as asked", []any{said.Access, said.Joins, said.Comment, said.Language}, any(desk.View), any(1), any("The tray"), any("de"))
		list := must(d.SpecialistInvitations(t.Context(), ana, session.ID, "", 50))
		same(t, "the list", []string{list[0].ID, list[0].Code, list[1].ID, list[1].Code}, said.ID, said.Code, plain.ID, plain.Code)
		page := must(d.SpecialistInvitations(t.Context(), ana, session.ID, said.ID, 1))
		same(t, "the second page", []string{page[0].ID}, plain.ID)
		menu := must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 10}))
		same(t, "the menu's codes", menu.Codes, plain.ID, said.ID)
		same(t, "seats left", []int{menu.Seats.SpecialistsLeft, menu.Seats.RepsLeft}, 2, 6)
		refusal(t, "a joined rep", try(d.SpecialistInvitations(t.Context(), ben, session.ID, "", 50)), desk.NotSessionOwner)
		refusal(t, "an administrator", try(d.SpecialistInvitations(t.Context(), hal, session.ID, "", 50)), desk.NotSessionOwner)
		for who, c := range map[string]desk.Caller{"a joined rep": ben, "an administrator": hal} {
			words := []string{plain.Code, linkOf(plain)}
			shows(t, who, must(d.Session(t.Context(), c, session.ID)), words)
			shows(t, who, must(must(d.Subscribe(t.Context(), c)).Read(t.Context(), 0, nil, 1000)), words)
		}
	})
}

// The menu says so too where sharing is off, and nothing of specialists where the owner or the portal does without.
func TestF1SeatsInTheMenu(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		loadFile(t, d.Store, `portals: [{slug: shut, name: Shut, parent: expert, sharing: "off"}]`)
		ana, cho := d.LogIn("ana"), d.LogIn("cho")
		for portal, want := range map[string]int{"@shut": 5, "@narrow": 2, "@main": 0} {
			session := d.OpenSession(ana, portal)
			menu := must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 10}))
			same(t, portal, []int{menu.Seats.SpecialistsLeft}, want)
		}
		session := d.OpenSession(cho, "@expert")
		menu := must(d.ShareOptions(t.Context(), cho, session.ID, store.ShareQuery{Limit: 10}))
		same(t, "an owner without the permission", []int{menu.Seats.SpecialistsLeft}, 0)
	})
}

func TestF5CancelledLetsNobodyIn(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, eli := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("eli")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		in, mia := joins(t, d, offer, "Mia")
		told := watch(t, d, ana)
		cancel := func(c desk.Caller, remove bool) func() error {
			return func() error { return try(d.CancelSpecialistInvitation(t.Context(), c, offer.ID, remove)) }
		}
		data.refuses("an outsider", desk.NotFound, cancel(eli, false))
		join(t, d, ana, session, ben, store.NewInvitation{})
		data.refuses("a joined rep", desk.NotSessionOwner, cancel(ben, false))
		told.events()
		ok(t, cancel(ana, false)())
		same(t, "the owner is told", told.told("specialist", "attendee"), "specialist_invitation.changed cancelled")
		over := offered(t, d, ana, offer)
		same(t, "over", []any{over.State, over.Reason, over.Code, over.JoinURL, over.Joined}, any(desk.SpecialistCancelled), any(desk.SpecialistEndCancelled), any(""), any(""), any(1))
		data.refuses("the code", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Code: offer.Code}))
		p := data.refuses("the link", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Link: linkOf(offer)}))
		same(t, "why", []string{p.Conflict.Kind, p.Conflict.ID, p.Conflict.State, p.Conflict.Reason}, "specialist_invitation", offer.ID, "cancelled", "cancelled")
		ok(t, try(d.GuestSession(t.Context(), mia)))
		before := data.all()
		still := must(d.JoinAsSpecialist(t.Context(), store.SpecialistKey{Link: linkOf(offer), Token: in.Token}, "Mia"))
		same(t, "who is still in", []string{still.Token}, in.Token)
		ok(t, cancel(ana, false)())
		same(t, "a second time", data.all(), before...)
		guest := watchGuest(t, d, mia)
		ok(t, cancel(ana, true)())
		same(t, "who came by it is put out", guest.told("attendee"), "attendee.left removed")
		same(t, "in the menu", must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 10})).Codes)
	})
}

// Others who came by another code stay; who had left already is not told of again.
func TestF5CancelRemovesThoseWhoCameByIt(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		first, second := code(t, d, ana, session, desk.SpecialistTerms{}), code(t, d, ana, session, desk.SpecialistTerms{})
		joins(t, d, first, "Mia")
		_, max := joins(t, d, first, "Max")
		joins(t, d, second, "Nia")
		ok(t, try(d.LeaveAsGuest(t.Context(), max)))
		told := watch(t, d, ana)
		ok(t, try(d.CancelSpecialistInvitation(t.Context(), ana, first.ID, true)))
		same(t, "told", told.told("attendee"), "attendee.left removed")
		var names []string
		for _, a := range must(d.Attendees(t.Context(), ana, session.ID)) {
			names = append(names, a.Name)
		}
		same(t, "inside", names, "Jo Doe", "Ana Ruiz", "Nia")
	})
}

func TestF7RemovedDoesNotComeBack(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		in, mia := joins(t, d, offer, "Mia")
		_, max := joins(t, d, offer, "Max")
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, mia.AttendeeID))
		for what, key := range map[string]store.SpecialistKey{"code": {Code: offer.Code}, "link": {Link: linkOf(offer)}} {
			for _, token := range []string{"", in.Token} {
				p := data.refuses("by the "+what, desk.CodeNotValid, func() error {
					key.Token = token
					return try(d.JoinAsSpecialist(t.Context(), key, "Mia"))
				})
				if key.Link != "" && (p.Conflict.Reason != "specialist_removed" || p.Conflict.State != "ended") {
					t.Errorf("%+v", p.Conflict)
				}
			}
		}
		refusal(t, "her token", try(d.AuthenticateGuest(t.Context(), in.Token)), desk.TokenUnknown)
		ok(t, try(d.GuestSession(t.Context(), max)))
		refusal(t, "to cancel what has ended", try(d.CancelSpecialistInvitation(t.Context(), ana, offer.ID, false)), desk.InvitationNotActive)
	})
}

func TestF7TheEndPutsSpecialistsOut(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		_, mia := joins(t, d, offer, "Mia")
		told, guest := watch(t, d, ana), watchGuest(t, d, mia)
		ok(t, try(d.EndSession(t.Context(), ana, session.ID, "")))
		same(t, "the owner", told.told("specialist"), "specialist_invitation.changed session_ended")
		same(t, "the specialist", guest.told("session"), "session.changed ended_by_owner")
		data.refuses("the code", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Code: offer.Code}))
		p := data.refuses("the link", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Link: linkOf(offer)}))
		same(t, "why", []string{p.Conflict.State, p.Conflict.Reason}, "ended", "session_ended")
		data.refuses("writing", desk.SessionNotActive, func() error { return try(d.PostGuestMessage(t.Context(), mia, store.NewMessage{Text: "?"})) })
	})
}

// C9: codes survive that the session waits and gets another owner, who is told of them; the former one hears nothing more.
func TestC9F5CodesBelongToTheOwnerOfNow(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		anas, bens := watch(t, d, ana), watch(t, d, ben)
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben"})
		take(t, d, ben, session)
		same(t, "the new owner", bens.told("specialist"), "specialist_invitation.changed transferred")
		shows(t, "the former owner", anas.events(), []string{offer.Code, linkOf(offer)})
		same(t, "listed", []string{offered(t, d, ben, offer).Code}, offer.Code)
		cancel := func(c desk.Caller) func() error {
			return func() error { return try(d.CancelSpecialistInvitation(t.Context(), c, offer.ID, true)) }
		}
		data.refuses("the former owner", desk.NotSessionOwner, cancel(ana))
		joins(t, d, offer, "Mia")
		same(t, "joined", bens.told("specialist"), "specialist_invitation.changed joined")
		ok(t, try(d.ReassignSession(t.Context(), hal, session.ID, "", "@printers")))
		p := data.refuses("while it waits", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Link: linkOf(offer)}))
		same(t, "why", []string{p.Conflict.State, p.Conflict.Reason}, "active", "not_now")
		data.refuses("while it waits", desk.CodeNotValid, knocks(t, d, store.SpecialistKey{Code: offer.Code}))
		data.refuses("nobody owns it", desk.NotSessionOwner, cancel(ben))
		take(t, d, ana, session)
		same(t, "who owns it again", anas.told("specialist"), "specialist_invitation.changed accepted")
		joins(t, d, offer, "Max")
		ok(t, cancel(ana)())
		same(t, "the former owner hears nothing", bens.told("specialist"))
	})
}

// A code is drawn evenly: each digit at each place.
func TestF2CodesAreDrawnEvenly(t *testing.T) {
	seen := map[string]int{}
	for range 2000 {
		for i, digit := range store.NewCode() {
			seen[fmt.Sprint(i, " ", string(digit))]++
		}
	}
	if len(seen) != desk.CodeDigits*10 {
		t.Errorf("%d of %d digits and places", len(seen), desk.CodeDigits*10)
	}
	for at, n := range seen {
		if n < 120 || n > 290 { // 200 is the mean, 13 the deviation
			t.Errorf("%s: %d times", at, n)
		}
	}
}
