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

// chatTold delivers what is due, and says of pushes about chats to whom, how many are unread, who wrote
// the last; of withdrawals why.
func chatTold(t *testing.T, d *storetest.Desk) (words []string) {
	t.Helper()
	jobs := deliver(t, d, desk.ChannelFCM)
	for _, job := range jobs {
		switch {
		case job.Purpose == desk.PurposeMessage:
			words = append(words, fmt.Sprint(job.PushTarget, ": ", job.Unread, " ", job.AuthorRole))
		case job.Ends == desk.PurposeMessage:
			words = append(words, fmt.Sprint(job.PushTarget, " over: ", job.Reason))
		}
	}
	return words
}

// readAll marks the chat as read up to its last message.
func readAll(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session) {
	t.Helper()
	all := must(d.Messages(t.Context(), c, s.ID, store.MessageQuery{Descending: true, Limit: 1}))
	ok(t, try(d.MarkSessionRead(t.Context(), c, s.ID, all[0].ID)))
}

// watching opens an event stream of a console.
func watching(t *testing.T, d *storetest.Desk, c desk.Caller) *store.Watch {
	t.Helper()
	stream := d.NewWatch(c)
	stream.Renew()
	ok(t, d.FlushContacts(t.Context()))
	return stream
}

// G13: chat is told to the reps in the session, the owner and a masked one too, on consoles in the background; never to the
// author, nor to others.
func TestG13ChatIsToldInTheBackground(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("cho", "cho-1") // of the team, and not in the session
		d.LogInWithPush("ana", "ana-2")
		d.LogIn("ana")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{Masked: true})
		same(t, "who joins is no message", chatTold(t, d))
		stream := watching(t, d, ana)
		ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "My name is Jo Doe"})))
		jobs := deliver(t, d, desk.ChannelFCM)
		same(t, "the customer writes", targets(jobs), "message ana-2", "message ben-1")
		if job := jobs[0]; job.Key != session.ID+".chat" || job.Session.ID != session.ID || job.Unread != 1 || job.AuthorRole != desk.AttendeeCustomer || !job.ExpiresAt.Equal(clock.Now().Add(time.Hour)) {
			t.Errorf("told %+v", job)
		}
		shows(t, "a push", jobs, []string{"Jo Doe", "Doe Ltd", "My name"})

		clock.Advance(desk.MessageEvery)
		say(t, d, ben, session, "for the reps")
		same(t, "the masked rep writes", chatTold(t, d), "ana-2: 2 rep")
		stream.End()
		ok(t, d.FlushContacts(t.Context()))
		clock.Advance(desk.MessageEvery)
		say(t, d, ben, session, "again")
		same(t, "the stream is closed", chatTold(t, d), "ana-1: 3 rep", "ana-2: 3 rep")
		watching(t, d, ben)
		clock.Advance(desk.ConnectedFor + desk.PresenceGrace)
		say(t, d, ana, session, "to ben, whose stream was not heard of since")
		same(t, "a lease", chatTold(t, d), "ben-1: 2 owner")
		wants(t, d, ben, desk.AlertsChange{Messages: &no})
		clock.Advance(desk.MessageEvery)
		say(t, d, ana, session, "quiet")
		same(t, "switched off", chatTold(t, d))
		if got := must(d.Session(t.Context(), ana, session.ID)).Unread; got != 3 {
			t.Errorf("ana has %d unread", got)
		}
	})
}

// G13: one push at most in 30 s about a session to a console; the next counts what came meanwhile.
func TestG13ChatIsToldAtMostOnceInHalfAMinute(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		_, stranger := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		write := func(g desk.Guest) { ok(t, try(d.PostGuestMessage(t.Context(), g, store.NewMessage{Text: "and"}))) }
		claim(t, d, desk.ChannelFCM)
		write(guest)
		write(guest)
		same(t, "at once", chatTold(t, d), "ana-1: 2 customer")
		clock.Advance(10 * time.Second)
		write(guest)
		say(t, d, ben, session, "I can help")
		same(t, "too soon", chatTold(t, d))
		write(stranger)
		same(t, "another session's", chatTold(t, d), "ana-1: 1 customer")
		clock.Advance(20*time.Second - time.Millisecond)
		same(t, "just too soon", chatTold(t, d))
		clock.Advance(time.Millisecond)
		same(t, "then", chatTold(t, d), "ana-1: 4 rep")
		clock.Advance(time.Hour)
		same(t, "nothing new", chatTold(t, d))
	})
}

// G13, G4: read on any console, left or ended, it is over on all; what waits then is not sent; and what comes later is told
// anew, in an order that a device can tell.
func TestG13ChatIsWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ana", "ana-2")
		desktop := d.LogIn("ana")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		claim(t, d, desk.ChannelFCM)
		revs := map[string][]int64{}
		told := func(what string, want ...string) {
			t.Helper()
			jobs := deliver(t, d, desk.ChannelFCM)
			words := []string{}
			for _, job := range jobs {
				word := fmt.Sprint(job.PushTarget, " ", job.Purpose)
				if job.Purpose == desk.PurposeWithdrawal {
					word += " " + job.Reason
				}
				if job.Ends == desk.PurposeMessage {
					words, revs[job.PushTarget] = append(words, word), append(revs[job.PushTarget], job.KeyRev)
				}
			}
			slices.Sort(words)
			same(t, what, words, want...)
		}
		write := func() { ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "and"}))) }
		write()
		told("written", "ana-1 message", "ana-2 message", "ben-1 message")
		write()
		all := must(d.Messages(t.Context(), desktop, session.ID, store.MessageQuery{Descending: true, Limit: 2}))
		ok(t, try(d.MarkSessionRead(t.Context(), desktop, session.ID, all[1].ID)))
		told("not read to the end")
		readAll(t, d, desktop, session)
		told("read", "ana-1 withdrawal read", "ana-2 withdrawal read")
		readAll(t, d, desktop, session)
		told("once")
		write() // while the withdrawal may still be on its way
		clock.Advance(desk.MessageEvery)
		told("written again", "ana-1 message", "ana-2 message", "ben-1 message")
		ok(t, try(d.LeaveSession(t.Context(), ben, session.ID, "")))
		told("ben left", "ben-1 withdrawal left")
		logOut(t, d, ana)
		told("logged out", "ana-1 withdrawal logged_out")
		clock.Advance(desk.MessageEvery)
		write()
		readAll(t, d, desktop, session)
		told("read before it was sent", "ana-2 withdrawal read")
		clock.Advance(desk.MessageEvery)
		write()
		told("written", "ana-2 message")
		ok(t, try(d.EndSession(t.Context(), desktop, session.ID, "")))
		told("ended", "ana-2 withdrawal session_ended")
		for target, seen := range revs {
			for i := range seen[1:] {
				if seen[i] >= seen[i+1] {
					t.Errorf("%s was told at revisions %v", target, seen)
				}
			}
		}
	})
}

// G8: while a push about a chat is being sent, the next is queued; when the first is to be tried again, one of them waits.
func TestG13ChatIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogInWithPush("ana", "ana-1")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		write := func() { ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "and"}))) }
		write()
		first := claim(t, d, desk.ChannelFCM)
		write()
		finish(t, d, first, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
		clock.Advance(desk.FirstRetry)
		second := claim(t, d, desk.ChannelFCM)
		same(t, "tried again", targets(second), "message ana-1")
		if second[0].Unread != 2 {
			t.Errorf("it counts %d", second[0].Unread)
		}
		write()
		ok(t, d.ReleaseDelivery(t.Context(), second[0], true))
		same(t, "given back", chatTold(t, d), "ana-1: 3 customer")
		clock.Advance(time.Minute)
		same(t, "and no other", chatTold(t, d))
		readAll(t, d, ana, session)
		same(t, "read", chatTold(t, d), "ana-1 over: read")
	})
}

// G13: a console whose stream is open is not told, even while what tells it waits.
func TestG13ChatComesToTheForeground(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogInWithPush("ana", "ana-1")
		_, guest := d.OpenSessionWithGuest(ana, "@main")
		ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "hello"})))
		watching(t, d, ana)
		same(t, "sent", chatTold(t, d))
	})
}
