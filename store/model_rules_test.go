package store_test

import (
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// What the model says of each action: the code with which it is refused, or what it does. The answer's id is that of what
// it made.
type rule func(m *model, a args) (desk.Code, func(id string))

func refuse(code desk.Code) (desk.Code, func(string)) { return code, nil }

func does(effect func()) (desk.Code, func(string)) { return "", func(string) { effect() } }

func nothing() (desk.Code, func(string)) { return does(func() {}) }

func (m *model) start(a args) (desk.Code, func(string)) {
	queue := []mPlace{{rep: a.rep}, {rep: a.target}, {team: a.team}, {team: issueTeam[a.issue]}}[a.kind]
	near := a.kind == 0 || queue.rep != nil && colleagues(a.rep, queue.rep) || a.rep.teams[queue.team] > 0
	if m.embassy(a.rep) && !near {
		return refuse(desk.NotFound)
	}
	if !m.somebodyAt(queue, nil) && !queue.has(a.rep) { // D11
		return refuse(desk.NoRepAvailable)
	}
	return "", func(id string) {
		m.sessions = append(m.sessions, &mSession{id: id, portal: m.portals[a.portal], state: desk.SessionWaiting, last: queue, first: queue, been: map[*mRep]bool{}})
	}
}

// seen refuses who cannot see the session; active also what is to be done while it is active, owned who does not own it (B1).
func (m *model) seen(a args) (*mSession, desk.Code) {
	s := m.session(a.session)
	if m.sees(a.rep, s) == seesNothing {
		return s, desk.NotFound
	}
	return s, ""
}

func (m *model) active(a args) (*mSession, desk.Code) {
	s, code := m.seen(a)
	if code == "" && !s.active() {
		code = desk.SessionNotActive
	}
	return s, code
}

func (m *model) owned(a args) (*mSession, desk.Code) {
	s, code := m.seen(a)
	switch {
	case code == "" && s.owner != a.rep:
		code = desk.NotSessionOwner
	case code == "" && !s.active():
		code = desk.SessionNotActive
	}
	return s, code
}

func (m *model) acceptSession(a args) (desk.Code, func(string)) {
	s := m.session(a.session)
	offer := s.pending()
	waiting, sees := s.state == desk.SessionWaiting, m.sees(a.rep, s)
	last := s.lastTransfer()
	switch {
	case s.active() && s.owner == a.rep:
		return nothing()
	case offer != nil && m.goes(offer, a.rep) && !offer.declined[a.rep]:
		return does(func() {
			offer.reason, offer.by = desk.EndAccepted, a.rep
			s.last = mPlace{rep: offer.rep, team: offer.team}
			s.moveTo(a.rep, desk.EndOwnershipMoved, offer.stay)
		})
	case waiting && s.last.has(a.rep):
		return does(func() {
			for _, o := range s.offers {
				o.past = true
			}
			s.moveTo(a.rep, desk.EndOwnershipMoved, false)
		})
	case last != nil && !last.past && m.goes(last, a.rep) && last.reason != desk.EndAccepted && (!last.stands() || last.declined[a.rep]):
		return refuse(desk.InvitationNotActive)
	case s.active() && (sees != seesNothing || s.last.team != "" && s.last.has(a.rep) && s.last.has(s.owner)): // D8: they stood before the same queue
		return refuse(desk.SessionTaken)
	case sees == seesNothing:
		return refuse(desk.NotFound)
	case waiting:
		return refuse(desk.NotAllowed)
	}
	return refuse(desk.SessionNotActive)
}

// invite is B7, in its order; an embassy rep is told first of what it cannot reach that it is not there (A7).
func (m *model) invite(a args) (desk.Code, func(string)) {
	s, code := m.owned(a)
	if code != "" {
		return refuse(code)
	}
	o := &mOffer{inviter: a.rep, access: a.access, masked: a.yes, declined: map[*mRep]bool{}}
	reach := m.aim(s, o, a)
	full := s.taken() >= s.portal.seats
	switch {
	case m.embassy(a.rep) && !reach:
		code = desk.NotFound
	case s.portal.sharing == desk.SharingOffHere:
		code = desk.SharingOff
	case o.rep == a.rep:
		code = desk.CannotInviteSelf
	case !reach && o.issue != "":
		code = desk.IssueNotShareable
	case !reach:
		code = desk.NotReachable
	case o.rep != nil && s.seat(o.rep) != nil:
		code = desk.AlreadyInSession
	case o.rep != nil && s.invited(o.rep):
		code = desk.AlreadyInvited
	case !m.available(s, o):
		code = map[bool]desk.Code{o.rep != nil: desk.RepNotAvailable, o.team != "": desk.TeamNotAvailable, o.portal != "": desk.PortalNotAvailable}[true]
	case full:
		code = desk.RepLimitReached
	case a.access == desk.Control && s.portal.ceiling == desk.View:
		code = desk.AccessAboveCeiling
	case m.tooMany(a.rep):
		code = desk.TooManyRequests
	}
	if o.access == "" {
		o.access = s.portal.ceiling
	}
	return code, func(id string) {
		o.id, a.rep.invited = id, append(a.rep.invited, m.clock.Now())
		s.offers = append(s.offers, o)
	}
}

// aim says whom the invitation goes to, and whether they are within reach (A4, A6, B4).
func (m *model) aim(s *mSession, o *mOffer, a args) (reach bool) {
	all := s.portal.sharing == desk.SharingAll && !m.embassy(a.rep)
	outside := a.rep.outside && !m.embassy(a.rep)
	switch a.kind {
	case 0:
		o.rep = a.target
		return colleagues(a.rep, o.rep) || outside || all && m.atSome(o.rep)
	case 1:
		o.team = a.team
		return a.rep.teams[o.team] > 0 || outside
	case 2:
		o.portal, o.sub = a.portal, a.sub
		return all || outside
	}
	o.team, o.issue = issueTeam[a.issue], a.issue
	only := issueOnly[a.issue]
	return only == "" || a.rep.teams[only] > 0
}

func (m *model) atSome(r *mRep) bool {
	for portal := range m.portals {
		if m.at(r, portal, false) {
			return true
		}
	}
	return false
}

func (s *mSession) invited(r *mRep) bool {
	for _, o := range s.offers {
		if o.stands() && !o.transfer && o.rep == r {
			return true
		}
	}
	return false
}

// available says whether somebody could take it who is logged in or, unless it is a transfer, in extended availability.
func (m *model) available(s *mSession, o *mOffer) bool {
	if o.team != "" && m.teams[o.team].persistent {
		return true
	}
	for _, r := range m.takers(s, o) {
		if m.loggedIn(r) || r.extended && !o.transfer {
			return true
		}
	}
	return false
}

func (m *model) tooMany(r *mRep) bool {
	n := 0
	for _, at := range r.invited {
		if m.clock.Now().Sub(at) < time.Minute {
			n++
		}
	}
	return m.perMinute > 0 && n >= m.perMinute
}

func (m *model) acceptInvitation(a args) (desk.Code, func(string)) {
	s, o := m.offer(a.invitation)
	switch {
	case o == nil || !m.goes(o, a.rep) && o.by != a.rep:
		return refuse(desk.NotFound)
	case o.by == a.rep && s.seat(a.rep) != nil: // B15
		return nothing()
	case !o.stands() || o.declined[a.rep]:
		return refuse(desk.InvitationNotActive)
	case s.seat(a.rep) != nil:
		return refuse(desk.AlreadyInSession)
	}
	return does(func() {
		o.reason, o.by = desk.EndAccepted, a.rep
		m.join(s, a.rep, o.access, o.masked)
		s.seat(a.rep).invited = true
	})
}

func (m *model) declineInvitation(a args) (desk.Code, func(string)) {
	s, o := m.offer(a.invitation)
	return m.decline(s, o, a.rep)
}

func (m *model) decline(s *mSession, o *mOffer, r *mRep) (desk.Code, func(string)) {
	switch {
	case o == nil || !m.goes(o, r):
		return refuse(desk.NotFound)
	case o.declined[r]:
		return nothing()
	case !o.stands():
		return refuse(desk.InvitationNotActive)
	case s.seat(r) != nil && (!o.transfer || s.owner == r):
		return refuse(desk.AlreadyInSession)
	}
	return does(func() {
		if o.declined[r] = true; o.rep != nil {
			o.reason = desk.EndDeclined
		}
	})
}

// ownOffer is an invitation of a session that the caller owns.
func (m *model) ownOffer(a args) (*mOffer, desk.Code) {
	s, o := m.offer(a.invitation)
	switch {
	case o == nil || m.sees(a.rep, s) == seesNothing:
		return o, desk.NotFound
	case s.owner != a.rep:
		return o, desk.NotSessionOwner
	}
	return o, ""
}

func (m *model) cancelInvitation(a args) (desk.Code, func(string)) {
	o, code := m.ownOffer(a)
	switch {
	case code != "":
		return refuse(code)
	case o.reason == desk.EndCancelled:
		return nothing()
	case !o.stands():
		return refuse(desk.InvitationNotActive)
	}
	return does(func() { o.reason = desk.EndCancelled })
}

func (m *model) remind(a args) (desk.Code, func(string)) {
	o, code := m.ownOffer(a)
	switch {
	case code != "":
		return refuse(code)
	case !o.stands():
		return refuse(desk.InvitationNotActive)
	case !o.reminded.IsZero() && m.clock.Now().Sub(o.reminded) < 30*time.Second: // B19
		return refuse(desk.TooManyRequests)
	}
	return does(func() { o.reminded = m.clock.Now() })
}

func (m *model) stepIn(a args) (desk.Code, func(string)) {
	s, code := m.active(a)
	switch {
	case code != "":
		return refuse(code)
	case s.seat(a.rep) != nil:
		return nothing()
	case !m.above(a.rep, s.owner, true):
		return refuse(desk.NotAllowed)
	case s.taken() >= s.portal.seats:
		return refuse(desk.RepLimitReached)
	}
	return does(func() { m.join(s, a.rep, desk.Control, a.yes) })
}

func (m *model) takeOver(a args) (desk.Code, func(string)) {
	s, code := m.active(a)
	switch {
	case code != "":
		return refuse(code)
	case s.owner == a.rep:
		return nothing()
	case !m.above(a.rep, s.owner, true):
		return refuse(desk.TakeOverNotAllowed)
	}
	return does(func() { s.moveTo(a.rep, desk.EndOwnershipMoved, true) })
}

func (m *model) leave(a args) (desk.Code, func(string)) {
	s, code := m.seen(a)
	if code == "" && s.state == desk.SessionEnded {
		code = desk.SessionNotActive
	}
	if code != "" {
		return refuse(code)
	}
	seat := s.seat(a.rep)
	switch next := s.seat(a.target); {
	case seat != nil && seat.owner && !a.yes:
		return refuse(desk.OwnerMustHandOver)
	case seat != nil && seat.owner && (next == nil || next.owner):
		return refuse(desk.NotFound)
	case seat != nil && seat.owner:
		return does(func() { s.moveTo(a.target, desk.EndOwnerLeft, false) })
	case a.yes:
		return refuse(desk.NotSessionOwner)
	case seat == nil && !s.been[a.rep]:
		return refuse(desk.NotAllowed)
	}
	return does(func() { s.leave(a.rep) })
}

func (m *model) hold(a args) (desk.Code, func(string)) {
	s, code := m.owned(a)
	return code, func(string) { s.held = true }
}

func (m *model) resume(a args) (desk.Code, func(string)) {
	s, code := m.owned(a)
	return code, func(string) { s.held = false }
}

// transfer is C6; a lead may have it transferred to themselves (C8).
func (m *model) transfer(a args) (desk.Code, func(string)) {
	s, code := m.seen(a)
	if code != "" {
		return refuse(code)
	}
	o := &mOffer{inviter: a.rep, transfer: true, stay: a.yes, declined: map[*mRep]bool{}}
	outside := a.rep.outside && !m.embassy(a.rep)
	reach := outside || a.rep.teams[a.team] > 0
	if o.team = a.team; a.kind < 2 {
		o.rep, o.team = a.target, ""
		reach = outside || a.rep == a.target || colleagues(a.rep, a.target)
	}
	switch {
	case s.owner != a.rep && !m.above(a.rep, s.owner, true):
		return refuse(desk.NotSessionOwner)
	case !s.active():
		return refuse(desk.SessionNotActive)
	case m.embassy(a.rep) && !reach:
		return refuse(desk.NotFound)
	case o.rep != nil && o.rep == s.owner:
		return refuse(desk.CannotInviteSelf)
	case !reach:
		return refuse(desk.NotReachable)
	case s.pending() != nil:
		return refuse(desk.TransferPending)
	case !m.available(s, o) && o.rep != nil:
		return refuse(desk.RepNotAvailable)
	case !m.available(s, o):
		return refuse(desk.TeamNotAvailable)
	}
	return "", func(id string) {
		o.id = id
		s.offers = append(s.offers, o)
	}
}
