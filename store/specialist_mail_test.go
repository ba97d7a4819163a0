package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// mailedTo are the addresses of jobs, in the order of their making.
func mailedTo(jobs []desk.Job) (to []string) {
	for _, job := range jobs {
		to = append(to, job.Address)
	}
	return to
}

// states are those of an offer's deliveries, the newest first, each with its address.
func states(t *testing.T, d *storetest.Desk, owner desk.Caller, o store.SpecialistOffer) (lines []string) {
	t.Helper()
	for _, one := range must(d.SpecialistDeliveries(t.Context(), owner, o.ID, "", 100)) {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(one.Address, " ", one.State, " ", one.Error)))
	}
	return lines
}

func TestF3TheServerSendsTheEmail(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
		session := d.OpenSession(ana, "@narrow")
		told := watch(t, d, ana)
		offer := code(t, d, ana, session, desk.SpecialistTerms{Comment: "The tray", Language: "de", Emails: []string{"mia@example.com", "max@example.com", "MIA@example.com"}})
		jobs := deliver(t, d, desk.ChannelEmail)
		same(t, "sent to", mailedTo(jobs), "mia@example.com", "max@example.com")
		job := jobs[0]
		same(t, "what it says", []any{*job.Specialist, job.LinkToken, job.Locale, job.Purpose, job.Key, job.KeyRev},
			any(desk.SpecialistMail{Inviter: "Ana", Desk: "Narrow", Code: offer.Code, Access: desk.View, Comment: "The tray"}),
			any(linkOf(offer)), any("de"), any(desk.PurposeSpecialistInvitation), any(offer.ID), any(int64(1)))
		shows(t, "the job", job, []string{"Jo Doe", "Ruiz", ana.RepID, "ana@example.com"})
		same(t, "what the owner is told", told.told("delivery"), "delivery.changed", "delivery.changed")
		list := must(d.SpecialistDeliveries(t.Context(), ana, offer.ID, "", 50))
		same(t, "listed", []any{len(list), list[1].Address, list[1].State, list[1].SpecialistInvitationID, list[1].Rep}, any(2), any("mia@example.com"), any(desk.DeliverySent), any(offer.ID), any(desk.Ref{}))
		same(t, "the second page", states(t, d, ana, offer)[1:], "mia@example.com sent")
		join(t, d, ana, session, ben, store.NewInvitation{})
		for who, c := range map[string]desk.Caller{"a joined rep": ben, "an administrator": hal} {
			data.refuses(who, desk.NotSessionOwner, func() error { return try(d.SpecialistDeliveries(t.Context(), c, offer.ID, "", 50)) })
			data.refuses(who, desk.NotSessionOwner, func() error { return try(d.EmailSpecialists(t.Context(), c, offer.ID, []string{"x@example.com"})) })
		}
		ok(t, try(d.Delivery(t.Context(), ana, list[0].ID)))
		data.refuses("a joined rep", desk.NotFound, func() error { return try(d.Delivery(t.Context(), ben, list[0].ID)) })
		data.refuses("its own sender is no receiver", desk.NotFound, func() error { return try(d.AckDelivery(t.Context(), ana, list[0].ID, desk.DeliveryOpened)) })
		ok(t, try(d.EmailSpecialists(t.Context(), ana, offer.ID, []string{"mia@example.com"})))
		same(t, "again", mailedTo(deliver(t, d, desk.ChannelEmail)), "mia@example.com")
	})
}

// F1: where the owner or the portal of now may have no specialists, no email goes out, and those that wait are dropped.
func TestF1NoEmailWhereTheyMayNotCome(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, cho := d.LogIn("ana"), d.LogIn("cho")
		session := d.OpenSession(ana, "@narrow")
		join(t, d, ana, session, cho, store.NewInvitation{})
		offer := code(t, d, ana, session, desk.SpecialistTerms{Emails: []string{"mia@example.com"}})
		send := func(c desk.Caller) func() error {
			return func() error { return try(d.EmailSpecialists(t.Context(), c, offer.ID, []string{"max@example.com"})) }
		}
		loadFile(t, d.Store, `portals: [{slug: expert, name: Expert, parent: main, specialists: false}]`)
		data.refuses("the portal does without", desk.NotAllowed, send(ana))
		same(t, "sent", mailedTo(deliver(t, d, desk.ChannelEmail)))
		same(t, "what became of it", states(t, d, ana, offer), "mia@example.com dropped switched_off")
		loadFile(t, d.Store, `portals: [{slug: expert, name: Expert, parent: main, specialists: true}]`)
		ok(t, send(ana)())
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@cho"})
		take(t, d, cho, session)
		data.refuses("the owner of now may not", desk.NotAllowed, send(cho))
		same(t, "sent by the owner before", mailedTo(deliver(t, d, desk.ChannelEmail)))
	})
}

// F2, F3: the email to send by oneself and the one that is sent say the access that who comes now gets.
func TestF2TheEmailSaysTheAccessOfNow(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Access: desk.Control})
		same(t, "at first", []desk.Access{offer.Mail().Access}, desk.Control)
		loadFile(t, d.Store, `portals: [{slug: expert, name: Expert, parent: main, specialists: true, invite_ceiling: view}]`)
		again := must(d.EmailSpecialists(t.Context(), ana, offer.ID, []string{"mia@example.com"}))
		same(t, "what the owner gets", []any{again.Access, again.Mail().Access, offered(t, d, ana, offer).Mail().Access}, any(desk.Control), any(desk.View), any(desk.View))
		same(t, "what is sent", []desk.SpecialistMail{*deliver(t, d, desk.ChannelEmail)[0].Specialist}, again.Mail())
	})
}

func TestF3NotWithoutEnd(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		ten := []string{}
		for i := range 10 {
			ten = append(ten, fmt.Sprintf("s%d@example.com", i))
		}
		for range 5 {
			ok(t, try(d.EmailSpecialists(t.Context(), ana, offer.ID, ten)))
		}
		ask := func(emails ...string) func() error {
			return func() error { return try(d.EmailSpecialists(t.Context(), ana, offer.ID, emails)) }
		}
		same(t, "the limit", []int{data.refuses("one more", desk.TooManyRequests, ask("x@example.com")).Limit}, desk.MaxSpecialistEmails)
		data.refuses("eleven at once", desk.ValidationFailed, ask(append(ten, "x@example.com")...))
		data.refuses("no address", desk.ValidationFailed, ask("x"))
		ok(t, try(d.CancelSpecialistInvitation(t.Context(), ana, offer.ID, false)))
		data.refuses("cancelled", desk.InvitationNotActive, ask("x@example.com"))
	})
}

// What waits when the code is over is not sent any more; what was being sent is not tried again.
func TestF3F5NothingIsSentOfWhatIsOver(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Emails: []string{"first@example.com"}})
		sending := claim(t, d, desk.ChannelEmail)
		ok(t, try(d.EmailSpecialists(t.Context(), ana, offer.ID, []string{"second@example.com"})))
		told := watch(t, d, ana)
		ok(t, try(d.CancelSpecialistInvitation(t.Context(), ana, offer.ID, false)))
		same(t, "told", told.told("delivery", "specialist"), "delivery.changed", "specialist_invitation.changed cancelled")
		same(t, "dropped", states(t, d, ana, offer), "second@example.com dropped over", "first@example.com sending")
		finish(t, d, sending, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
		same(t, "not tried again", states(t, d, ana, offer), "second@example.com dropped over", "first@example.com dropped over")
		clock.Advance(time.Hour)
		same(t, "sent", mailedTo(claim(t, d, desk.ChannelEmail)))
	})
}

// A worker that died with it: over when it is handed out again.
func TestF3DroppedWhenItIsClaimed(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Emails: []string{"first@example.com"}})
		claim(t, d, desk.ChannelEmail)
		ok(t, try(d.EndSession(t.Context(), ana, session.ID, "")))
		clock.Advance(lease + time.Second)
		same(t, "handed out again", mailedTo(claim(t, d, desk.ChannelEmail)))
		same(t, "dropped", states(t, d, ana, offer), "first@example.com dropped over")
	})
}

func TestF3WhatFailsForGoodFails(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		offer := code(t, d, ana, d.OpenSession(ana, "@expert"), desk.SpecialistTerms{Emails: []string{"nobody@example.com"}})
		finish(t, d, claim(t, d, desk.ChannelEmail), desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		same(t, "failed", states(t, d, ana, offer), "nobody@example.com failed rejected")
		same(t, "and no other email", mailedTo(claim(t, d, desk.ChannelEmail)))
	})
}

// What a rep wants for their own emails holds for none that they have sent: quiet hours, another address, extended availability
// switched on and off.
func TestF3TheSendersOwnEmailsAreAnotherMatter(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		offer := code(t, d, ana, d.OpenSession(ana, "@expert"), desk.SpecialistTerms{Emails: []string{"mia@example.com"}})
		on, off := true, false
		quiet := &desk.QuietHours{From: "00:00", To: "23:59"}
		for _, change := range []store.MeChange{{ExtendedAvailability: &on}, {QuietHours: quiet}, {ExtendedAvailability: &off}, {ExtendedAvailability: &on}, {ExtendedAvailability: &off}} {
			ok(t, try(d.UpdateMe(t.Context(), ana, change, nil)))
		}
		loadFile(t, d.Store, strings.ReplaceAll(specialists, "ana@example.com", "ruiz@example.com"))
		same(t, "still to be sent", states(t, d, ana, offer), "mia@example.com waiting")
		same(t, "sent at once", mailedTo(deliver(t, d, desk.ChannelEmail)), "mia@example.com")
	})
}

// They are part of the history, which is not forgotten with what passes.
func TestF3DeliveriesAreKept(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, _ rows) {
		ana := d.LogIn("ana")
		offer := code(t, d, ana, d.OpenSession(ana, "@expert"), desk.SpecialistTerms{Emails: []string{"mia@example.com"}})
		deliver(t, d, desk.ChannelEmail)
		clock.Advance(desk.DeliveriesKept + time.Hour)
		ok(t, d.RemoveOldRows(t.Context()))
		same(t, "kept", states(t, d, ana, offer), "mia@example.com sent")
	})
}
