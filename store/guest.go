package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// guestReadsFor is how long a guest's token still tells that the session has ended.
const guestReadsFor = 24 * time.Hour

// newGuestToken gives an attendee without an account a token: 256 random bits, stored as their SHA-256 (I2). byLink says
// whether a link may bring it to a page.
func (t *tx) newGuestToken(attendeeID string, byLink bool) (string, error) {
	token := "rdg_" + base64.RawURLEncoding.EncodeToString(randomBytes(32))
	_, since, err := t.logBounds()
	if err == nil {
		_, err = t.exec(`INSERT INTO guest_tokens (hash, attendee_id, since, created_at, by_link) VALUES ($1, $2, $3, $4, $5)`, hashToken(token), attendeeID, since, ms(t.now), flag(byLink))
	}
	return token, err
}

// AuthenticateGuest tells who a guest's token is. It is good while they are in the session, and for a day after the
// session ended, to learn of that. With the refusal of one who left it tells who they were.
func (s *Store) AuthenticateGuest(ctx context.Context, token string) (desk.Guest, error) {
	if !strings.HasPrefix(token, "rdg_") {
		return desk.Guest{}, unknownToken()
	}
	g, err := lookUp(ctx, s, func(t *tx) (g desk.Guest, err error) {
		var leftAt, endedAt int64
		found, err := t.row(`SELECT a.id, a.session_id, a.role, a.left_at, s.ended_at, a.role = 'customer' AND s.state <> 'ended' AND s.customer_gone_at > 0, k.by_link FROM guest_tokens k JOIN attendees a ON a.id = k.attendee_id JOIN sessions s ON s.id = a.session_id
			WHERE k.hash = $1`, []any{hashToken(token)}, &g.AttendeeID, &g.SessionID, &g.Role, &leftAt, &endedAt, &g.Gone, &g.ByLink)
		switch {
		case err != nil:
			return g, err
		case !found:
			return g, unknownToken()
		case leftAt > 0 && (endedAt == 0 || leftAt < endedAt): // who was put out does not come back by the end
			g.Left = true
		case endedAt > 0 && endedAt < ms(t.now.Add(-guestReadsFor)):
			return g, desk.Refuse(desk.TokenExpired, "The session ended more than a day ago.")
		}
		return g, nil
	})
	if err == nil && g.Left {
		err = unknownToken()
	}
	return g, err
}

// GuestCameBack takes the flag away that the customer has gone: any request of theirs shows that they are there (C13).
func (s *Store) GuestCameBack(ctx context.Context, g desk.Guest) error {
	if g.Role != desk.AttendeeCustomer {
		return nil
	}
	return alter(ctx, s, func(t *tx) error {
		session, err := t.lockedSession(g.SessionID)
		if err != nil || session.State == desk.SessionEnded || session.goneAt == 0 {
			return err
		}
		return t.setCustomerGone(session, g, 0, "customer_back")
	})
}

func (t *tx) setCustomerGone(s sessionRow, g desk.Guest, at int64, reason string) error {
	if _, err := t.exec(`UPDATE sessions SET customer_gone_at = $1, rev = rev + 1 WHERE id = $2`, at, s.ID); err != nil {
		return err
	}
	_, err := t.sessionChanged(sessionChange{actor: desk.Ref{ID: g.AttendeeID, Name: s.Customer.Name}, id: s.ID, reason: reason})
	return err
}

// guestView is what guests see of a session.
func (t *tx) guestView(s sessionRow) (desk.Session, error) {
	rows, err := t.present(s.ID)
	var owner *desk.Ref
	shown, consents := 0, []desk.Consent{}
	for _, a := range rows {
		if !a.Shown() {
			continue
		}
		if a.RepID != "" {
			shown++
		}
		if a.Role == desk.AttendeeOwner {
			owner = &desk.Ref{ID: a.guestID, Name: a.publicName}
		}
		consents = append(consents, a.Consent)
	}
	view := s.ForGuests(s.guestRev, owner, shown, consents)
	view.SpecialistsMayShareScreen = s.specialistsShare
	if s.EndReason == desk.EndedNoRep {
		view.RedirectURL = *s.Settings.UnavailableURL
	}
	return view, err
}

// GuestSession returns the guest's session, while it waits with its place in line (D12).
func (s *Store) GuestSession(ctx context.Context, g desk.Guest) (desk.Session, error) {
	return read(ctx, s, func(t *tx) (desk.Session, error) {
		session, err := t.session(g.SessionID)
		if err != nil {
			return desk.Session{}, err
		}
		view, err := t.guestView(session)
		if err != nil {
			return view, err
		}
		wait, err := t.waitOf(session.ID)
		if view.Place = wait.Place; wait.Known {
			view.WaitSeconds = &wait.Seconds
		}
		return view, err
	})
}

// GuestAttendees lists who is in the guest's session, but for masked reps (C2, C11), in the order in which guests saw them come:
// ids grow with time.
func (s *Store) GuestAttendees(ctx context.Context, g desk.Guest) ([]desk.Attendee, error) {
	return read(ctx, s, func(t *tx) ([]desk.Attendee, error) {
		rows, err := t.present(g.SessionID)
		seen := []desk.Attendee{}
		for _, a := range rows {
			if a.Shown() {
				seen = append(seen, a.forGuests())
			}
		}
		slices.SortFunc(seen, func(a, b desk.Attendee) int { return cmp.Compare(a.ID, b.ID) })
		return seen, err
	})
}

// GuestMessages lists the chat as the guest sees it: what is for everyone; to a specialist what was said since they came
// and shortly before (C1).
func (s *Store) GuestMessages(ctx context.Context, g desk.Guest, q MessageQuery) ([]desk.Message, error) {
	return read(ctx, s, func(t *tx) ([]desk.Message, error) {
		text, args := q.statement(sessionMessages, ` AND m.audience = 'everyone' AND m.created_at >= (SELECT me.chat_from FROM attendees me WHERE me.id = $5)`, g.SessionID, g.AttendeeID)
		rows, err := list(t, text, args, scanMessage)
		messages := []desk.Message{}
		for _, row := range rows {
			m := row.forGuests()
			if m.Author.ID != g.AttendeeID {
				m.ClientRef = ""
			}
			messages = append(messages, m)
		}
		return messages, err
	})
}

// guestInside returns the guest's session, locked, which has not ended, and their place in it.
func (t *tx) guestInside(g desk.Guest) (sessionRow, attendeeRow, error) {
	session, err := t.lockedSession(g.SessionID)
	if err == nil && session.State == desk.SessionEnded {
		err = notActive(session)
	}
	if err != nil {
		return session, attendeeRow{}, err
	}
	me, err := t.guestSeat(g)
	return session, me, err
}

// guestSeat is the guest's place in a session that has not ended, unless they were put out since they were authenticated.
func (t *tx) guestSeat(g desk.Guest) (attendeeRow, error) {
	me, err := t.attendee(g.AttendeeID)
	if err == nil && me.LeftAt != nil {
		err = unknownToken()
	}
	return me, err
}

// PostGuestMessage writes into the chat of the guest's session.
func (s *Store) PostGuestMessage(ctx context.Context, g desk.Guest, n NewMessage) (desk.Message, error) {
	if p := n.check(); p != nil {
		return desk.Message{}, p
	}
	return write(ctx, s, func(t *tx) (desk.Message, error) {
		_, me, err := t.guestInside(g)
		if err != nil {
			return desk.Message{}, err
		}
		m, err := t.post(me, n)
		return m.forGuests(), err
	})
}

// GiveConsent is the customer's answer about somebody who wants onto their screen (C4). They can change their mind.
func (s *Store) GiveConsent(ctx context.Context, g desk.Guest, attendeeID string, granted bool) (desk.Attendee, error) {
	return write(ctx, s, func(t *tx) (desk.Attendee, error) {
		_, me, err := t.guestInside(g)
		if err != nil {
			return desk.Attendee{}, err
		}
		if me.Role != desk.AttendeeCustomer {
			return desk.Attendee{}, desk.Refuse(desk.NotAllowed, "The customer alone gives consent.")
		}
		was, err := t.attendeeOfGuests(g, attendeeID)
		if err == nil && was.Consent == desk.ConsentNotNeeded {
			err = desk.Refuse(desk.NotAllowed, "Their consent is not needed.")
		}
		if err != nil {
			return desk.Attendee{}, err
		}
		now := was
		now.Consent = desk.ConsentRefused
		if granted {
			now.Consent = desk.ConsentGranted
		}
		if now.Consent == was.Consent {
			return was.forGuests(), nil
		}
		if now, err = t.saveAttendee(was, now, desk.Ref{ID: me.ID, Name: me.Name}, "consent"); err != nil {
			return now.Attendee, err
		}
		_, err = t.seatsChanged(now, true)
		return now.forGuests(), err
	})
}

// attendeeOfGuests is somebody in the guest's session whom guests may know of, by the id by which they know them.
func (t *tx) attendeeOfGuests(g desk.Guest, id string) (attendeeRow, error) {
	a, err := one(t, "attendee", attendeeColumns+` WHERE a.session_id = $1 AND a.left_at = 0 AND `+guestID+` = $2`, []any{g.SessionID, id}, scanAttendee)
	if err == nil && !a.Shown() {
		err = desk.Missing("attendee")
	}
	return a, err
}

// PageChange is what the customer's script says of the page; nil leaves it.
type PageChange struct{ URL, Title *string }

// UpdateGuestSession keeps the page of a browser-sharing session current (E4). The same again changes nothing, and tells
// nobody.
func (s *Store) UpdateGuestSession(ctx context.Context, g desk.Guest, change PageChange) (desk.Session, error) {
	return write(ctx, s, func(t *tx) (desk.Session, error) {
		session, me, err := t.guestInside(g)
		if err == nil && (me.Role != desk.AttendeeCustomer || session.Kind != desk.KindBrowser) {
			err = desk.Refuse(desk.NotAllowed, "The customer of a browser-sharing session alone says which page it is about.")
		}
		if err != nil {
			return desk.Session{}, err
		}
		was := desk.Page{URL: session.PageURL, Title: session.PageTitle}
		now := desk.Page{URL: *cmp.Or(change.URL, &was.URL), Title: *cmp.Or(change.Title, &was.Title)}
		if p := now.Check(session.Kind); p != nil {
			return desk.Session{}, p
		}
		if now != was {
			if session, err = t.setPage(session, me, now); err != nil {
				return desk.Session{}, err
			}
		}
		return t.guestView(session)
	})
}

func (t *tx) setPage(s sessionRow, by attendeeRow, p desk.Page) (sessionRow, error) {
	if _, err := t.exec(`UPDATE sessions SET page_url = $1, page_title = $2, rev = rev + 1 WHERE id = $3`, p.URL, p.Title, s.ID); err != nil {
		return s, err
	}
	if _, err := t.sessionChanged(sessionChange{actor: desk.Ref{ID: by.ID, Name: by.Name}, id: s.ID, reason: "page"}); err != nil {
		return s, err
	}
	return t.session(s.ID)
}

// LeaveAsGuest lets a guest go. A customer who leaves while waiting ends the session; one who leaves an active session is
// flagged as gone, and can come back (C13). A specialist gives up their place; the answer to that can be had again (I5).
func (s *Store) LeaveAsGuest(ctx context.Context, g desk.Guest) (desk.Session, error) {
	return write(ctx, s, func(t *tx) (desk.Session, error) {
		if g.Left {
			return desk.Session{}, unknownToken()
		}
		session, err := t.lockedSession(g.SessionID)
		if err != nil {
			return desk.Session{}, err
		}
		if session.State != desk.SessionEnded {
			if err := t.guestLeaves(session, g); err != nil {
				return desk.Session{}, err
			}
			if session, err = t.session(g.SessionID); err != nil {
				return desk.Session{}, err
			}
		}
		return t.guestView(session)
	})
}

func (t *tx) guestLeaves(s sessionRow, g desk.Guest) error {
	me, err := t.attendee(g.AttendeeID)
	switch {
	case err != nil:
		return err
	case me.Role != desk.AttendeeCustomer && me.LeftAt == nil:
		_, err := t.leaveSeat(me, "left")
		return err
	case me.Role != desk.AttendeeCustomer || s.goneAt > 0:
		return nil
	case s.State == desk.SessionWaiting:
		_, err := t.endSession(s, desk.Ref{ID: me.ID, Name: me.Name}, desk.EndedAbandoned, "")
		return err
	}
	return t.setCustomerGone(s, g, ms(t.now), desk.EndedCustomerGone)
}
