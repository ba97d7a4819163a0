package store_test

import (
	"slices"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// The rest of what the model says: transfers that end, seats, customers, consoles, and what changes under everybody's feet.

func (s *mSession) lastTransfer() (last *mOffer) {
	for _, o := range s.offers {
		if o.transfer {
			last = o
		}
	}
	return last
}

func (m *model) cancelTransfer(a args) (desk.Code, func(string)) {
	s, code := m.seen(a)
	if code != "" {
		return refuse(code)
	}
	last := s.lastTransfer()
	switch {
	case s.owner != a.rep && (last == nil || last.inviter != a.rep):
		return refuse(desk.NotSessionOwner)
	case last == nil:
		return refuse(desk.NotFound)
	case last.reason == desk.EndCancelled:
		return nothing()
	case !last.stands():
		return refuse(desk.InvitationNotActive)
	}
	return does(func() { last.reason = desk.EndCancelled })
}

func (m *model) declineTransfer(a args) (desk.Code, func(string)) {
	s := m.session(a.session)
	return m.decline(s, s.lastTransfer(), a.rep)
}

// ownSeat is somebody in an active session of the caller's, other than the customer and the owner.
func (m *model) ownSeat(a args) (*mSession, *mSeat, desk.Code) {
	s, code := m.owned(a)
	if code == "" && !a.there {
		code = desk.NotFound
	}
	if code != "" {
		return s, nil, code
	}
	seat := s.seat(m.byID(a.attendee.RepID))
	if seat == nil || seat.owner {
		code = desk.NotAllowed
	}
	return s, seat, code
}

func (m *model) byID(id string) *mRep {
	for _, r := range m.reps {
		if r.id == id {
			return r
		}
	}
	return nil
}

func (m *model) updateAttendee(a args) (desk.Code, func(string)) {
	s, seat, code := m.ownSeat(a)
	if code == "" && a.access == desk.Control && s.portal.ceiling == desk.View {
		code = desk.AccessAboveCeiling
	}
	return code, func(string) {
		if a.access != "" {
			seat.access = a.access
		}
		if a.sub {
			if a.yes && !seat.masked { // to the customer they leave, and would be asked for again
				seat.consent = s.asks()
			}
			seat.masked = a.yes
		}
	}
}

func (m *model) removeAttendee(a args) (desk.Code, func(string)) {
	s, seat, code := m.ownSeat(a)
	return code, func(string) { s.leave(seat.rep) }
}

func (m *model) end(a args) (desk.Code, func(string)) {
	s, code := m.seen(a)
	switch {
	case code != "":
		return refuse(code)
	case s.owner != a.rep:
		return refuse(desk.NotSessionOwner)
	case s.state == desk.SessionEnded:
		return nothing()
	}
	return does(func() { s.end(desk.EndedByOwner) })
}

func (m *model) post(a args) (desk.Code, func(string)) {
	s, code := m.seen(a)
	switch seat := s.seat(a.rep); {
	case code != "":
		return refuse(code)
	case s.state == desk.SessionEnded:
		return refuse(desk.SessionNotActive)
	case seat == nil:
		return refuse(desk.NotAllowed)
	default:
		return does(func() {
			if !seat.masked {
				s.said++
			}
		})
	}
}

func (m *model) consent(a args) (desk.Code, func(string)) {
	s := m.session(a.session)
	if s.state == desk.SessionEnded {
		return refuse(desk.SessionNotActive)
	}
	seat := s.seat(m.byID(a.attendee.RepID))
	switch {
	case !a.there || seat != nil && seat.masked:
		return refuse(desk.NotFound)
	case seat == nil || seat.consent == desk.ConsentNotNeeded:
		return refuse(desk.NotAllowed)
	}
	return does(func() {
		seat.consent = map[bool]desk.Consent{true: desk.ConsentGranted, false: desk.ConsentRefused}[a.yes]
	})
}

func (m *model) customerLeaves(a args) (desk.Code, func(string)) {
	s := m.session(a.session)
	switch {
	case s.state == desk.SessionEnded || !s.goneAt.IsZero():
		return nothing()
	case s.state == desk.SessionWaiting:
		return does(func() { s.end(desk.EndedAbandoned) })
	}
	return does(func() { s.goneAt = m.clock.Now() })
}

func (m *model) customerBack(a args) (desk.Code, func(string)) {
	s := m.session(a.session)
	return does(func() {
		if s.state != desk.SessionEnded {
			s.goneAt = time.Time{}
		}
	})
}

// logIn is on a further console; a rep has at most two here.
func (m *model) logIn(a args) (desk.Code, func(string)) {
	return "", func(token string) {
		if token == "" {
			return
		}
		c := &mConsole{token: token, portal: a.portal, push: a.sub}
		a.target.consoles = append(a.target.consoles, c)
		m.contact(a.target, c)
	}
}

func (m *model) logOut(a args) (desk.Code, func(string)) {
	others := slices.ContainsFunc(a.rep.consoles, func(c *mConsole) bool { return c != a.console && m.here(c) })
	owns := slices.DeleteFunc(slices.Clone(m.sessions), func(s *mSession) bool { return !s.active() || s.owner != a.rep })
	if !a.yes && !others && len(owns) > 0 {
		return refuse(desk.OwnerMustHandOver)
	}
	return does(func() {
		a.rep.consoles = slices.DeleteFunc(a.rep.consoles, func(c *mConsole) bool { return c == a.console })
		if !others {
			for _, s := range owns {
				m.lose(s)
			}
		}
	})
}

func (m *model) moveConsole(a args) (desk.Code, func(string)) {
	return does(func() { a.console.portal = a.portal })
}

// reteam puts a rep into other teams.
func (m *model) reteam(a args) (desk.Code, func(string)) {
	return does(func() { a.target.teams = a.teams })
}

// flip changes the access ceiling of one portal.
func (m *model) flip(a args) (desk.Code, func(string)) {
	return does(func() { m.portals["flip"].ceiling = a.ceiling() })
}

func (m *model) pass(a args) (desk.Code, func(string)) {
	return does(func() {
		for _, r := range a.inContact(m.reps) {
			for _, c := range r.consoles {
				m.contact(r, c)
			}
		}
		m.lookAfter()
	})
}
