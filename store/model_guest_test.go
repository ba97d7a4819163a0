package store_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// guestView is what a customer reads, and what the customer's client makes of its event stream.
type guestView struct {
	guest     desk.Guest
	cursor    int64
	words     string // what the model says that there is to see
	session   desk.Session
	attendees []desk.Attendee
	messages  []desk.Message
}

// text is all that the customer reads, revisions and counts too. A message says what its author is in the session, and that
// changes with the owner.
func (g guestView) text() string {
	for i := range g.messages {
		g.messages[i].AuthorRole = ""
	}
	return asJSON([]any{g.session, g.attendees, g.messages})
}

func (w *world) guestReads(guest desk.Guest) guestView {
	session := must(w.d.GuestSession(ctx(), guest))
	session.Place, session.WaitSeconds = 0, nil // they pass by themselves, and no revision moves with them (D12)
	return guestView{guest: guest, session: session, attendees: must(w.d.GuestAttendees(ctx(), guest)),
		messages: must(w.d.GuestMessages(ctx(), guest, store.MessageQuery{Limit: 1000}))}
}

// guest checks that the customer sees who is there and shown, and that nothing the customer reads moves by anything else
// (C11); and that the events alone tell as much.
func (c *checks) guest(id string) {
	now := c.w.guestReads(c.w.guests[id])
	now.words = c.w.m.guestWords(c.w.m.session(id))
	was, known := c.guests[id]
	if !known {
		now.cursor = must(c.w.d.LastEvent(ctx()))
		c.guests[id] = &now
		return
	}
	events := must(was.read(c.w))
	if now.words == was.words && (now.text() != was.text() || len(events) > 0) {
		c.rt.Fatalf("C11: the customer reads\n%s after\n%s with the events %s; there is nothing new to see:\n%s", now.text(), was.text(), asJSON(events), now.words)
	}
	if now.words != was.words && now.session.Rev <= was.session.Rev && now.session.RepCount != was.session.RepCount {
		c.rt.Fatalf("C2: revision %d for guests after %d", now.session.Rev, was.session.Rev)
	}
	if names := now.names(); !strings.HasPrefix(now.words, names) {
		c.rt.Fatalf("C2, C11: the customer sees %q of\n%s", names, now.words)
	}
	was.fold(events)
	if was.text() != now.text() {
		c.rt.Fatalf("H1: the customer's client knows\n%s of\n%s", was.text(), now.text())
	}
	was.words = now.words
}

// names are the reps in the session by the names that the customer sees.
func (g guestView) names() string {
	names := []string{}
	for _, a := range g.attendees {
		if a.Role != desk.AttendeeCustomer {
			names = append(names, fmt.Sprint(a.Name, " ", a.Role, " ", a.Access, " ", a.Consent))
		}
	}
	slices.Sort(names)
	return fmt.Sprint(names)
}

// asGuestsKnow is the id by which the customer knows an attendee: of a rep who was hidden another than reps know. Of one whom the
// customer does not see it is theirs.
func (w *world) asGuestsKnow(a args) string {
	if r := w.m.byID(a.attendee.RepID); r != nil {
		for _, shown := range must(w.d.GuestAttendees(ctx(), a.guest)) {
			if shown.Name == r.outer() && shown.Role != desk.AttendeeCustomer {
				return shown.ID
			}
		}
	}
	return a.attendee.ID
}

// guestWords is all that guests may know of a session.
func (m *model) guestWords(s *mSession) string {
	names := []string{}
	for _, seat := range s.in {
		if !seat.masked {
			names = append(names, fmt.Sprint(seat.rep.outer(), " ", map[bool]string{true: "owner", false: "rep"}[seat.owner], " ", seat.access, " ", seat.consent))
		}
	}
	slices.Sort(names)
	return fmt.Sprint(names, s.state, "held", s.held, "gone", !s.goneAt.IsZero(), s.reason, s.said, "moved", s.moved)
}

// read returns the events since the last time.
func (g *guestView) read(w *world) ([]desk.Event, error) {
	sub, err := w.d.SubscribeGuest(ctx(), g.guest)
	if err != nil {
		return nil, err
	}
	defer sub.Close()
	found, err := sub.Read(ctx(), g.cursor, nil, 5000)
	g.cursor = found.Cursor
	return found.Items, err
}

// fold keeps the highest revision of each thing, and each message once.
func (g *guestView) fold(events []desk.Event) {
	for _, e := range events {
		switch {
		case e.Session != nil && e.Session.Rev >= g.session.Rev:
			if g.session = *e.Session; g.session.State == desk.SessionEnded {
				g.attendees = g.attendees[:0]
			}
		case e.Message != nil && !slices.ContainsFunc(g.messages, func(m desk.Message) bool { return m.ID == e.Message.ID }):
			g.messages = append(g.messages, *e.Message)
		case strings.HasPrefix(string(e.Type), "attendee."):
			g.foldAttendee(e)
		}
	}
	slices.SortFunc(g.attendees, func(a, b desk.Attendee) int { return strings.Compare(a.ID, b.ID) })
}

func (g *guestView) foldAttendee(e desk.Event) {
	same := func(a desk.Attendee) bool { return a.ID == e.Attendee.ID }
	i := slices.IndexFunc(g.attendees, same)
	if i >= 0 && g.attendees[i].Rev > e.Attendee.Rev || g.session.State == desk.SessionEnded {
		return
	}
	g.attendees = slices.DeleteFunc(g.attendees, same)
	if e.Type != desk.EventAttendeeLeft {
		g.attendees = append(g.attendees, *e.Attendee)
	}
}
