package store_test

import (
	"slices"
	"time"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// The model is what the desk must do, in few words: who is in which session, who is invited, who owns. It is written from
// the rules, and asks nothing of package desk but its words. What it leaves open, and the checks then only look at for
// whether it hangs together: the order in which several sessions of one lost owner move.
type model struct {
	clock     *storetest.Clock
	perMinute int // B20; 0: any number
	teams     map[string]*mTeam
	portals   map[string]*mPortal
	reps      []*mRep
	sessions  []*mSession
}

type mTeam struct {
	slug                            string
	persistent, embassy, supervised bool
}

type mPortal struct {
	slug, above string
	sharing     desk.Sharing
	ceiling     desk.Access
	seats       int
	consent     bool
	fallback    string
}

type mRep struct {
	user, id string
	outside  bool // may share and transfer outside of their teams
	extended bool
	teams    map[string]int // rank by team
	consoles []*mConsole
	seen     time.Time // by any console, also by one that is gone
	invited  []time.Time
}

type mConsole struct {
	token, portal string
	push          bool
	seen          time.Time
}

type mSession struct {
	id          string
	portal      *mPortal
	state       desk.SessionState
	owner       *mRep // while active, and after the end
	in          []*mSeat
	been        map[*mRep]bool
	held        bool
	asked       bool // the owner was asked by a push to come back,
	askedAt     time.Time
	goneAt      time.Time
	said        int // what everybody can read
	last, first mPlace
	offers      []*mOffer
	reason      string
	moved       int // to the fallback team's queue, while it waited
}

// mPlace is a queue: a rep's or a team's.
type mPlace struct {
	rep  *mRep
	team string
}

type mSeat struct {
	rep     *mRep
	owner   bool
	access  desk.Access
	masked  bool
	consent desk.Consent
	invited bool         // they came by an invitation
	answer  desk.Consent // while they own: where consent stood before, which holds again when they step down
}

// mOffer is an invitation or a transfer.
type mOffer struct {
	id                  string
	rep                 *mRep // or
	team, portal, issue string
	sub                 bool
	inviter, by         *mRep
	access              desk.Access
	masked, stay        bool
	transfer            bool
	reason              desk.EndReason // empty while it stands
	declined            map[*mRep]bool
	past                bool // a transfer of before the session was taken from a queue
	reminded            time.Time
}

func (m *model) session(id string) *mSession {
	i := slices.IndexFunc(m.sessions, func(s *mSession) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	return m.sessions[i]
}

func (m *model) offer(id string) (*mSession, *mOffer) {
	for _, s := range m.sessions {
		for _, o := range s.offers {
			if o.id == id {
				return s, o
			}
		}
	}
	return nil, nil
}

func (m *model) rep(user string) *mRep {
	return m.reps[slices.IndexFunc(m.reps, func(r *mRep) bool { return r.user == user })]
}

// here says whether a console keeps its rep logged in: 60 s and a grace of 20 s, or 12 h with a push target.
func (m *model) here(c *mConsole) bool {
	lease := 80 * time.Second
	if c.push {
		lease = 12 * time.Hour
	}
	return m.clock.Now().Before(c.seen.Add(lease))
}

func (m *model) loggedIn(r *mRep) bool { return slices.ContainsFunc(r.consoles, m.here) }

// contact is a sign of life of a console. Owners who were asked to come back are back.
func (m *model) contact(r *mRep, c *mConsole) {
	c.seen, r.seen = m.clock.Now(), m.clock.Now()
	for _, s := range m.sessions {
		if s.owner == r {
			s.asked = false
		}
	}
}

// embassy says whether all teams of the rep are embassies (A7).
func (m *model) embassy(r *mRep) bool {
	for team := range r.teams {
		if !m.teams[team].embassy {
			return false
		}
	}
	return len(r.teams) > 0
}

func colleagues(a, b *mRep) bool {
	for team := range a.teams {
		if b.teams[team] > 0 {
			return true
		}
	}
	return false
}

// above says whether the rep leads or manages one of lower role; with steps, in a team whose leads may step in (C8).
func (m *model) above(r, lower *mRep, steps bool) bool {
	for team, rank := range r.teams {
		if lower != nil && lower.teams[team] > 0 && lower.teams[team] < rank && (!steps || m.teams[team].supervised) {
			return true
		}
	}
	return false
}

func (s *mSession) seat(r *mRep) *mSeat {
	i := slices.IndexFunc(s.in, func(seat *mSeat) bool { return seat.rep == r })
	if i < 0 {
		return nil
	}
	return s.in[i]
}

func (s *mSession) active() bool { return s.state == desk.SessionActive }

// taken counts joined reps and active invitations (B11).
func (s *mSession) taken() int {
	n := 0
	for _, seat := range s.in {
		if !seat.owner {
			n++
		}
	}
	for _, o := range s.offers {
		if o.stands() && !o.transfer {
			n++
		}
	}
	return n
}

func (s *mSession) pending() *mOffer {
	for _, o := range s.offers {
		if o.stands() && o.transfer {
			return o
		}
	}
	return nil
}

func (o *mOffer) stands() bool { return o.reason == "" }

// under says whether a portal is the other, or stands below it.
func (m *model) under(portal, above string, sub bool) bool {
	for p := portal; p != ""; p = m.portals[p].above {
		if p == above {
			return true
		}
		if !sub {
			return false
		}
	}
	return false
}

// at says whether the rep is logged in under a portal.
func (m *model) at(r *mRep, portal string, sub bool) bool {
	return slices.ContainsFunc(r.consoles, func(c *mConsole) bool { return m.here(c) && m.under(c.portal, portal, sub) })
}

// goes says whether an invitation is for the rep at this moment (B20).
func (m *model) goes(o *mOffer, r *mRep) bool {
	switch {
	case o.rep != nil:
		return o.rep == r
	case o.team != "":
		return r.teams[o.team] > 0
	}
	return !m.embassy(r) && m.at(r, o.portal, o.sub)
}

// takers are those who could accept.
func (m *model) takers(s *mSession, o *mOffer) (free []*mRep) {
	for _, r := range m.reps {
		seat := s.seat(r)
		if m.goes(o, r) && !o.declined[r] && (seat == nil || o.transfer && !seat.owner) {
			free = append(free, r)
		}
	}
	return free
}

const (
	seesNothing = iota
	seesSummary
	seesAll
)

// sees is A8 and A7.
func (m *model) sees(r *mRep, s *mSession) int {
	if s == nil {
		return seesNothing
	}
	if s.owner == r || s.seat(r) != nil || !m.embassy(r) && (s.been[r] || m.above(r, s.owner, false)) {
		return seesAll
	}
	if s.state == desk.SessionWaiting && s.last.has(r) {
		return seesSummary
	}
	for _, o := range s.offers {
		if o.stands() && m.goes(o, r) && !o.declined[r] {
			return seesSummary
		}
	}
	return seesNothing
}

// has says whether the queue is the rep's, or one of a team of theirs.
func (p mPlace) has(r *mRep) bool { return p.rep == r || p.team != "" && r.teams[p.team] > 0 }

// join gives a rep a seat. Other invitations of theirs to the session end.
func (m *model) join(s *mSession, r *mRep, access desk.Access, masked bool) {
	seat := &mSeat{rep: r, access: lower(access, s.portal.ceiling), masked: masked, consent: s.asks()}
	s.in = append(s.in, seat)
	s.been[r] = true
	for _, o := range s.offers {
		if o.stands() && o.rep == r && !o.transfer {
			o.reason = desk.EndJoinedOtherwise
		}
	}
}

// asks is the consent of a rep who comes in, or shows themselves again.
func (s *mSession) asks() desk.Consent {
	if s.portal.consent {
		return desk.ConsentAsked
	}
	return desk.ConsentNotNeeded
}

func lower(a, b desk.Access) desk.Access {
	if a == desk.View {
		return a
	}
	return b
}

func (s *mSession) leave(r *mRep) {
	s.in = slices.DeleteFunc(s.in, func(seat *mSeat) bool { return seat.rep == r })
}

func (s *mSession) endOffers(why desk.EndReason) {
	for _, o := range s.offers {
		if o.stands() {
			o.reason = why
		}
	}
}

// moveTo makes a rep the owner. The former one stays where they are to and a seat is free, else leaves.
func (s *mSession) moveTo(r *mRep, why desk.EndReason, stay bool) {
	s.endOffers(why)
	next := s.seat(r)
	if former := s.seat(s.owner); s.active() && former != nil {
		free := s.portal.seats - s.taken()
		if next != nil {
			free++ // the seat that they leave
		}
		if former.owner, former.access, former.consent = false, s.portal.ceiling, former.answer; former.consent == "" || former.consent == desk.ConsentNotNeeded {
			former.consent = s.asks()
		}
		if !stay || free <= 0 {
			s.leave(former.rep)
		}
	}
	if next == nil {
		next = &mSeat{rep: r}
		s.in = append(s.in, next)
		s.been[r] = true
	}
	next.owner, next.access, next.masked, next.consent, next.answer = true, desk.Control, false, desk.ConsentNotNeeded, next.consent
	s.owner, s.state, s.held, s.asked = r, desk.SessionActive, false, false
}

func (s *mSession) end(reason string) {
	s.endOffers(desk.EndSessionEnded)
	s.state, s.in, s.held, s.asked, s.reason = desk.SessionEnded, nil, false, false, reason
}

// lose is C9: the session goes to the rep who has shared it longest, to its last queue, its first, the fallback team's; else
// it ends.
func (m *model) lose(s *mSession) {
	for _, seat := range s.in {
		if !seat.owner && m.loggedIn(seat.rep) {
			s.moveTo(seat.rep, desk.EndOwnershipMoved, false)
			return
		}
	}
	for _, p := range []mPlace{s.last, s.first, {team: s.portal.fallback}} {
		if !m.somebodyAt(p, s.owner) {
			continue
		}
		s.endOffers(desk.EndOwnershipMoved)
		s.leave(s.owner)
		s.last, s.owner, s.state, s.held, s.asked = p, nil, desk.SessionWaiting, false, false
		return
	}
	s.end(desk.EndedOwnerLost)
}

func (m *model) somebodyAt(p mPlace, lost *mRep) bool {
	return p.team != "" && m.teams[p.team].persistent || slices.ContainsFunc(m.reps, func(r *mRep) bool { return r != lost && p.has(r) && m.loggedIn(r) })
}

// lookAfter is what is due because somebody is not there: C9, C13 and D11.
func (m *model) lookAfter() {
	forNobody := m.waitingForNobody()
	for _, s := range m.sessions {
		if s.active() {
			m.lookAfterOwner(s)
		}
		for _, seat := range slices.Clone(s.in) {
			if !seat.owner && m.away(seat.rep) >= 10*time.Minute {
				s.leave(seat.rep)
			}
		}
		// Also where the session waits by now for another owner.
		if s.state != desk.SessionEnded && !s.goneAt.IsZero() && m.clock.Now().Sub(s.goneAt) >= 30*time.Minute {
			s.end(desk.EndedCustomerGone)
		}
	}
	for _, s := range forNobody {
		m.desert(s)
	}
}

// waitingForNobody are the sessions in which no rep is, in a queue of which nobody is logged in (D11).
func (m *model) waitingForNobody() []*mSession {
	return slices.DeleteFunc(slices.Clone(m.sessions), func(s *mSession) bool {
		return s.state != desk.SessionWaiting || len(s.in) > 0 || m.somebodyAt(s.last, nil)
	})
}

// desert is D11: the session goes to the fallback team if somebody is there, else it ends.
func (m *model) desert(s *mSession) {
	fallback := mPlace{team: s.portal.fallback}
	switch {
	case s.state != desk.SessionWaiting:
	case m.somebodyAt(fallback, nil):
		s.last = fallback
		s.moved++
	default:
		s.end(desk.EndedNoRep)
	}
}

// away is how long no console of the rep has been connected.
func (m *model) away(r *mRep) time.Duration { return m.clock.Now().Sub(r.seen.Add(80 * time.Second)) }

func (m *model) lookAfterOwner(s *mSession) {
	away, push := m.away(s.owner), slices.ContainsFunc(s.owner.consoles, func(c *mConsole) bool { return c.push })
	switch {
	case away < 2*time.Minute:
	case push && !s.asked:
		s.asked, s.askedAt = true, m.clock.Now()
	case !push || away >= 10*time.Minute && m.clock.Now().Sub(s.askedAt) >= time.Minute:
		m.lose(s)
	}
}
