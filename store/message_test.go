package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// C1: who joins sees the chat of the last minutes, as the portal says; the owner and those present all along see all.
func TestC1HowMuchOfTheChat(t *testing.T) {
	for _, c := range []struct {
		name, settings string
		sees           []string
	}{
		{"five minutes by default", "", []string{"five minutes ago", "now", "later"}},
		{"as the portal says", ", chat_history_seconds: 60", []string{"now", "later"}},
		{"nothing from before", ", chat_history_seconds: 0", []string{"now", "later"}},
		{"an hour", ", chat_history_seconds: 3600", []string{"long ago", "five minutes ago", "now", "later"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
				importYAML(t, d, "portals: [{slug: x, name: X"+c.settings+"}]")
				ana, ben, cho := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogIn("cho")
				session, guest := d.OpenSessionWithGuest(ana, "@x")
				join(t, d, ana, session, cho, store.NewInvitation{})
				write := func(text string, then time.Duration) { say(t, d, ana, session, text); clock.Advance(then) }
				write("long ago", time.Millisecond)
				clock.Advance(time.Second)
				write("five minutes ago", 5*time.Minute)
				write("now", 0)
				join(t, d, ana, session, ben, store.NewInvitation{Masked: true})
				clock.Advance(time.Second)
				write("later", 0)
				all := []string{"long ago", "five minutes ago", "now", "later"}
				shows(t, "ben", must(d.Messages(t.Context(), ben, session.ID, store.MessageQuery{Limit: 50})), all, c.sees...)
				for who, seen := range map[string][]desk.Message{
					"the owner":         must(d.Messages(t.Context(), ana, session.ID, store.MessageQuery{Limit: 50})),
					"there all along":   must(d.Messages(t.Context(), cho, session.ID, store.MessageQuery{Limit: 50})),
					"the customer":      must(d.GuestMessages(t.Context(), guest, store.MessageQuery{Limit: 50})),
					"the administrator": must(d.Messages(t.Context(), d.LogIn("hal"), session.ID, store.MessageQuery{Limit: 50})),
				} {
					shows(t, who, seen, all, all...)
				}
				old := must(d.Messages(t.Context(), ana, session.ID, store.MessageQuery{Limit: 50}))[0]
				if len(c.sees) < 4 {
					data.refuses("marking what one cannot see", desk.NotFound, func() error { _, err := d.MarkSessionRead(t.Context(), ben, session.ID, old.ID); return err })
				}
			})
		})
	}
}

func TestC1ANewOwnerSeesAllAndAFormerOneWhatTheySaw(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		say(t, d, ana, session, "the beginning")
		clock.Advance(time.Minute)
		stay(t, d, clock, 10*time.Minute, ana, ben, cho)
		join(t, d, ana, session, ben, store.NewInvitation{})
		joined := join(t, d, ana, session, cho, store.NewInvitation{})
		say(t, d, ana, session, "in between")
		ok(t, d.RemoveAttendee(t.Context(), ana, session.ID, joined.ID))
		clock.Advance(time.Second)
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben"})
		take(t, d, ben, session)
		clock.Advance(time.Second)
		say(t, d, ben, session, "the end")
		words := []string{"the beginning", "in between", "the end"}
		read := func(c desk.Caller) []desk.Message {
			return must(d.Messages(t.Context(), c, session.ID, store.MessageQuery{Limit: 50}))
		}
		shows(t, "the new owner", read(ben), words, words...)
		shows(t, "the former owner", read(ana), words, "the beginning", "in between")
		shows(t, "a joined rep who left", read(cho), words, "in between")
		transfer(t, d, ben, session, store.NewTransfer{RepID: "@ana", Stay: true})
		take(t, d, ana, session)
		shows(t, "an owner who stays as a joined rep", read(ben), words, words...)
		must(d.LeaveSession(t.Context(), ana, session.ID, "@ben"))
		must(d.EndSession(t.Context(), ben, session.ID, ""))
		shows(t, "the owner, after the end", read(ben), words, words...)
		shows(t, "who left before", read(cho), words, "in between")
	})
}

func TestC1WhoWasNeverInside(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
		session := d.OpenSession(ben, "@main")
		inviteRep(t, d, ben, session, "cho")
		read := func(c desk.Caller) func() error {
			return func() error { return try(d.Messages(t.Context(), c, session.ID, store.MessageQuery{Limit: 9})) }
		}
		data.refuses("the owner's lead, who sees the session", desk.NotAllowed, read(ana))
		data.refuses("who is only invited", desk.NotAllowed, read(cho))
		data.refuses("an outsider", desk.NotFound, read(dev))
		must(d.JoinSession(t.Context(), ana, session.ID, true))
		ok(t, read(ana)())
	})
}

// C3: who is announced, and who is not.
func TestC3WhoIsAnnounced(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, outsiders)
		extended(t, d, "cho")
		ana, ben, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		lines := []string{}
		said := func(what string, more ...string) {
			t.Helper()
			lines = append(lines, more...)
			same(t, what, guestChat(t, d, guest), lines...)
		}
		said("the owner, not the customer", "everyone: Anita has joined the session")
		join(t, d, ana, session, dev, store.NewInvitation{Masked: true})
		said("not a masked rep")
		inviteRep(t, d, ana, session, "cho")
		must(d.AnswerInvitationLink(t.Context(), claim(t, d, desk.ChannelEmail)[0].LinkToken, store.LinkAccept))
		said("not one whose seat waits")
		cho := d.LogIn("cho")
		said("who arrives", "everyone: Cho Min has joined the session")
		join(t, d, ana, session, ben, store.NewInvitation{})
		said("an unmasked rep, by the public name", "everyone: Benny has joined the session")
		must(d.LeaveSession(t.Context(), dev, session.ID, ""))
		said("not a masked rep who leaves")
		must(d.LeaveSession(t.Context(), cho, session.ID, ""))
		said("one who leaves", "everyone: Cho Min has left the session")
		max := data.specialist(session, "max", clock.Now())
		must(d.LeaveAsGuest(t.Context(), max))
		said("a specialist", "everyone: max has left the session")
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		said("nobody at the end")
		system := must(d.Messages(t.Context(), ana, session.ID, store.MessageQuery{Limit: 1}))[0]
		if system.System != desk.SystemJoined || system.AuthorRepID != ana.RepID || system.Author.Name != "Ana Ruiz" {
			t.Errorf("a system message, to reps: %+v", system)
		}
		if shown := must(d.GuestMessages(t.Context(), guest, store.MessageQuery{Limit: 1}))[0]; shown.AuthorRepID != "" || shown.Author.Name != "Anita" {
			t.Errorf("a system message, to guests: %+v", shown)
		}
	})
}

// A seat that waited in vain was never announced, and is not missed.
func TestC3WhoDidNotCome(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		extended(t, d, "cho")
		ana := d.LogIn("ana")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		inviteRep(t, d, ana, session, "cho")
		customer := watchGuest(t, d, guest)
		must(d.AnswerInvitationLink(t.Context(), claim(t, d, desk.ChannelEmail)[0].LinkToken, store.LinkAccept))
		clock.Advance(desk.ExpectedFor)
		ok(t, d.FreeExpectedSeats(t.Context()))
		same(t, "the customer", customer.told())
	})
}

func TestC11Audiences(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		join(t, d, ana, session, cho, store.NewInvitation{Masked: true})
		max := data.specialist(session, "max", clock.Now())
		customer, specialist, masked := watchGuest(t, d, guest), watchGuest(t, d, max), watch(t, d, cho)
		post := func(c desk.Caller, audience desk.Audience, text string) error {
			return try(d.PostMessage(t.Context(), c, session.ID, store.NewMessage{Text: text, Audience: audience}))
		}
		ok(t, post(ana, "", "to all"))
		ok(t, post(ben, desk.ForReps, "to reps"))
		ok(t, post(cho, "", "from hiding"))
		ok(t, post(cho, desk.ForReps, "from hiding too"))
		ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "hello"})))
		ok(t, try(d.PostGuestMessage(t.Context(), max, store.NewMessage{Text: "hi"})))
		data.refuses("a masked rep to everyone", desk.NotAllowed, func() error { return post(cho, desk.ForEveryone, "here I am") })
		data.refuses("a guest to the reps", desk.NotAllowed, func() error {
			return try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "psst", Audience: desk.ForReps}))
		})
		all := []string{"to all", "to reps", "from hiding", "from hiding too", "hello", "hi"}
		toGuests := []string{"to all", "hello", "hi"}
		quoted := func(words []string) (texts []string) {
			for _, word := range words {
				texts = append(texts, `"text":"`+word+`"`)
			}
			return texts
		}
		shows(t, "a rep", must(d.Messages(t.Context(), ben, session.ID, store.MessageQuery{Limit: 50})), quoted(all), quoted(all)...)
		shows(t, "a masked rep's stream", masked.events(), quoted(all), quoted(all)...)
		for who, g := range map[string]desk.Guest{"the customer": guest, "a specialist": max} {
			shows(t, who, must(d.GuestMessages(t.Context(), g, store.MessageQuery{Limit: 50})), quoted(all), quoted(toGuests)...)
		}
		shows(t, "the customer's stream", customer.events(), quoted(all), quoted(toGuests)...)
		shows(t, "the specialist's stream", specialist.events(), quoted(all), quoted(toGuests)...)
	})
}

func TestC1ASpecialistSeesTheLastMinutesToo(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		say(t, d, ana, session, "long ago")
		clock.Advance(6 * time.Minute)
		say(t, d, ana, session, "just now")
		max := data.specialist(session, "max", clock.Now())
		words := []string{"long ago", "just now"}
		shows(t, "the specialist", must(d.GuestMessages(t.Context(), max, store.MessageQuery{Limit: 50})), words, "just now")
		shows(t, "the customer", must(d.GuestMessages(t.Context(), guest, store.MessageQuery{Limit: 50})), words, words...)
	})
}

func TestPostingTwiceAndReading(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben, dev, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev"), d.LogIn("hal")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		log := watch(t, d, ben)
		once := store.NewMessage{Text: "one", ClientRef: "r1"}
		first, second := must(d.PostMessage(t.Context(), ana, session.ID, once)), must(d.PostMessage(t.Context(), ana, session.ID, once))
		if first.ID != second.ID || first.ClientRef != "r1" {
			t.Errorf("written twice: %+v, %+v", first, second)
		}
		if told := log.events(); len(told) != 1 || told[0].Message.ClientRef != "" {
			t.Errorf("told %+v", told)
		}
		must(d.PostMessage(t.Context(), ben, session.ID, once)) // another author's is another
		ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "two"})))
		unread := func() int { return must(d.Session(t.Context(), ben, session.ID)).Unread }
		if n := unread(); n != 2 { // not their own, and not what the desk says
			t.Errorf("%d unread", n)
		}
		ok(t, try(d.MarkSessionRead(t.Context(), ben, session.ID, first.ID)))
		if n := unread(); n != 1 {
			t.Errorf("%d unread after the first was read", n)
		}
		for what, n := range map[string]store.NewMessage{"blank": {Text: " \n"}, "too long": {Text: string(make([]rune, desk.MaxMessage+1))}, "with NUL": {Text: "\x00"}} {
			data.refuses(what, desk.ValidationFailed, func() error { return try(d.PostMessage(t.Context(), ana, session.ID, n)) })
		}
		data.refuses("by an outsider", desk.NotFound, func() error { return try(d.PostMessage(t.Context(), dev, session.ID, once)) })
		data.refuses("by one who only looks", desk.NotAllowed, func() error { return try(d.PostMessage(t.Context(), hal, session.ID, once)) })
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		data.refuses("after the end", desk.SessionNotActive, func() error { return try(d.PostMessage(t.Context(), ana, session.ID, once)) })
		data.refuses("by a guest after the end", desk.SessionNotActive, func() error { return try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "?"})) })
	})
}
