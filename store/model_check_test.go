package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// checks are what must be so after each step, with what they remember of the steps before.
type checks struct {
	w       *world
	rt      *rapid.T
	seen    map[string]revision // sessions, attendees and invitations
	guests  map[string]*guestView
	clients map[*mRep]*client
	known   []string // sessions that are still looked at
}

type revision struct {
	rev   int64
	value string
}

func newChecks(w *world) *checks {
	c := &checks{w: w, seen: map[string]revision{}, guests: map[string]*guestView{}, clients: map[*mRep]*client{}}
	c.clientsCome()
	return c
}

// after looks at everything after a step.
func (c *checks) after(rt *rapid.T, op action, a args, answer any, err error) {
	c.rt = rt
	if op.who != nobodys && a.rep != nil {
		c.embassyReads(a.rep, answer)
		var p *desk.Problem
		if errors.As(err, &p) {
			c.embassyReads(a.rep, p)
		}
	}
	looks := []look{}
	for _, id := range c.sessions() {
		now := c.w.look(id)
		looks = append(looks, now)
		c.agrees(now)
		if err := sound(now, c.w.m.portals[now.session.Portal.Name].seats); err != nil {
			rt.Fatalf("%v: %s", err, asJSON(now.session))
		}
		c.grows(now)
		if drift, err := store.QueueDrift(ctx(), c.w.d, id); err != nil || len(drift) > 0 {
			rt.Fatalf("D2, D3: %v (%v)", drift, err)
		}
		c.nobodyLeft(op, now)
		c.guest(id)
	}
	c.clientsCome()
	for _, r := range c.w.m.reps {
		c.clientAgrees(r, looks)
	}
}

// sessions are those that go on, and those that did until this step.
func (c *checks) sessions() []string {
	live := c.w.live()
	both := slices.Clone(live)
	for _, id := range c.known {
		if !slices.Contains(both, id) {
			both = append(both, id)
		}
	}
	c.known = live
	return both
}

// agrees compares a session with the model.
func (c *checks) agrees(now look) {
	want, got := c.modelWords(c.w.m.session(now.session.ID)), c.storeWords(now)
	if want != got {
		c.rt.Fatalf("the model says\n%s\nthe store\n%s", want, got)
	}
}

func (c *checks) modelWords(s *mSession) string {
	words, transfer := []string{}, ""
	if s.pending() != nil {
		transfer = s.pending().id
	}
	head := fmt.Sprintln(s.state, userOf(s.owner), "held", s.held, "gone", !s.goneAt.IsZero(), s.reason, "transfer", transfer)
	for _, seat := range s.in {
		words = append(words, fmt.Sprintln(seat.rep.user, map[bool]string{true: "owner", false: "rep"}[seat.owner], seat.access, "masked", seat.masked, seat.consent))
	}
	for _, o := range s.offers {
		if o.transfer {
			continue
		}
		line := fmt.Sprintln(last(o.id), userOf(o.rep), o.team, o.portal, o.sub, o.issue, "by", userOf(o.inviter), o.access, "masked", o.masked, o.reason, userOf(o.by))
		for _, r := range c.w.m.reps {
			if o.declined[r] {
				line += " declined by " + r.user
			}
		}
		words = append(words, line)
	}
	slices.Sort(words)
	return head + strings.Join(words, "")
}

func (c *checks) storeWords(now look) string {
	s, words, transfer := now.session, []string{}, ""
	if s.Transfer != nil {
		transfer = s.Transfer.ID
	}
	head := fmt.Sprintln(s.State, c.user(s.Owner), "held", s.Held, "gone", s.CustomerGone, s.EndReason, "transfer", transfer)
	for _, a := range s.Attendees {
		if a.Role != desk.AttendeeCustomer {
			words = append(words, fmt.Sprintln(c.w.m.byID(a.RepID).user, a.Role, a.Access, "masked", a.Masked, a.Consent))
		}
	}
	for _, i := range now.invitations {
		team, portal, issue := "", "", ""
		if i.Team != nil {
			team = strings.TrimPrefix(i.Team.Name, "Team-")
		}
		if i.Portal != nil {
			portal = i.Portal.Name
		}
		if i.Issue != nil {
			issue = strings.ToLower(i.Issue.Name)
		}
		line := fmt.Sprintln(last(i.ID), c.user(i.Rep), team, portal, i.SubPortals, issue, "by", c.user(&i.Inviter), i.Access, "masked", i.Masked, i.Reason, c.user(i.AcceptedBy))
		for _, r := range c.w.m.reps {
			if slices.ContainsFunc(i.DeclinedBy, func(by desk.Ref) bool { return by.ID == r.id }) {
				line += " declined by " + r.user
			}
		}
		words = append(words, line)
	}
	slices.Sort(words)
	return head + strings.Join(words, "")
}

func (c *checks) user(ref *desk.Ref) string {
	if ref == nil {
		return ""
	}
	return c.w.m.byID(ref.ID).user
}

func userOf(r *mRep) string {
	if r == nil {
		return ""
	}
	return r.user
}

// sound says what does not hang together in a session with so many seats beside the owner's.
func sound(now look, seats int) error {
	owners, joined, standing, perRep := 0, 0, 0, map[string]int{}
	s := now.session
	for _, a := range s.Attendees {
		switch a.Role {
		case desk.AttendeeOwner:
			if owners++; s.Owner == nil || a.RepID != s.Owner.ID || a.Masked || a.Access != desk.Control {
				return fmt.Errorf("the owner's seat is wrong: %+v", a)
			}
		case desk.AttendeeRep:
			joined++
		}
	}
	for _, i := range now.invitations {
		if err := soundInvitation(i); err != nil {
			return err
		}
		if !i.Active() {
			continue
		}
		if standing++; s.State != desk.SessionActive || i.Inviter.ID != s.Owner.ID {
			return fmt.Errorf("B12, B13: an invitation stands of %s in a session that is %s", i.Inviter.Name, s.State)
		}
		if i.Rep == nil {
			continue
		}
		if perRep[i.Rep.ID]++; perRep[i.Rep.ID] > 1 {
			return fmt.Errorf("B6: two invitations of %s", i.Rep.Name)
		}
	}
	switch {
	case (s.State == desk.SessionActive) != (owners == 1) || owners > 1 || s.State == desk.SessionWaiting && s.Owner != nil:
		return fmt.Errorf("%d owners of a session that is %s", owners, s.State)
	case s.State != desk.SessionActive && s.Transfer != nil:
		return fmt.Errorf("C6: a transfer stands in a session that is %s", s.State)
	case s.State == desk.SessionEnded && len(s.Attendees) > 0:
		return errors.New("somebody is in a session that has ended")
	case joined+standing > seats || joined+owners > 8:
		return fmt.Errorf("B11: %d joined and %d invited on %d seats", joined, standing, seats)
	case s.RepCount != joined+owners:
		return fmt.Errorf("C2: %d reps are counted, %d are there", s.RepCount, joined+owners)
	}
	return nil
}

func soundInvitation(i desk.Invitation) error {
	if (i.State == desk.InvitationAccepted) != (i.AcceptedBy != nil) || i.Active() != (i.EndedAt == nil) || i.Active() != (i.Reason == "") || i.State != desk.InvitationActive && i.State != i.Reason.State() {
		return fmt.Errorf("B13, B17: the invitation does not hang together: %+v", i)
	}
	return nil
}

// grows checks that revisions grow with each change and never fall, and that what is over stays as it ended.
func (c *checks) grows(now look) {
	c.grew("session "+now.session.ID, now.session.Rev, asJSON(now.session), false)
	for _, a := range now.session.Attendees {
		c.grew("attendee "+a.ID, a.Rev, asJSON(a), false)
	}
	for _, i := range now.invitations {
		c.grew("invitation "+i.ID, i.Rev, asJSON(i), !i.Active())
	}
	if offer := now.session.Transfer; offer != nil {
		c.grew("transfer "+offer.ID, offer.Rev, asJSON(offer), false)
	}
}

func (c *checks) grew(what string, rev int64, value string, over bool) {
	was, known := c.seen[what]
	if known && (rev < was.rev || rev == was.rev && value != was.value) {
		c.rt.Fatalf("B17: revision %d of %s after %d:\n%s after\n%s", rev, what, was.rev, value, was.value)
	}
	if _, ended := c.seen["ended "+what]; ended && value != was.value {
		c.rt.Fatalf("B13: what was over changed:\n%s after\n%s", value, was.value)
	}
	c.seen[what] = revision{rev, value}
	if over {
		c.seen["ended "+what] = revision{}
	}
}

// nobodyLeft checks that the owner is told whether anybody is left who could accept (B14). Consoles that are silent, or back, are
// looked after by what is due alone.
func (c *checks) nobodyLeft(op action, now look) {
	for _, i := range now.invitations {
		if !i.Active() || i.Rep != nil || i.Portal != nil && op.name != "let time pass" {
			continue
		}
		s, o := c.w.m.offer(i.ID)
		if left := len(c.w.m.takers(s, o)); i.NobodyLeft != (left == 0) {
			c.rt.Fatalf("B14: %d are left who could accept, and the owner is told %v", left, i.NobodyLeft)
		}
	}
}

// embassyReads checks that nothing that an embassy rep reads names an outsider or another team (A7).
func (c *checks) embassyReads(r *mRep, read any) {
	if !c.w.m.embassy(r) {
		return
	}
	text := asJSON(read)
	for _, other := range c.w.m.reps {
		if other != r && !colleagues(r, other) && strings.Contains(text, other.inner()) {
			c.rt.Fatalf("A7: %s reads of %s: %s", r.user, other.inner(), text)
		}
	}
	for team := range c.w.m.teams {
		if r.teams[team] == 0 && strings.Contains(text, "Team-"+team) {
			c.rt.Fatalf("A7: %s reads of the team %s: %s", r.user, team, text)
		}
	}
}

// lists checks the lists of an embassy rep, and the Share menus of sessions that a rep owns.
func (c *checks) lists(r *mRep, caller desk.Caller, looks []look) {
	for _, now := range looks {
		if !now.owned(r) || now.session.State == desk.SessionEnded {
			continue
		}
		menu, err := c.w.d.ShareOptions(ctx(), caller, now.session.ID, store.ShareQuery{Limit: 50})
		s := c.w.m.session(now.session.ID)
		if left := max(0, s.portal.seats-s.taken()); err != nil || menu.Seats.RepsLeft != left {
			c.rt.Fatalf("A1, B11: the menu of %s says that %d seats are left, the model %d (%v)", r.user, menu.Seats.RepsLeft, left, err)
		}
		c.embassyReads(r, menu)
	}
	if !c.w.m.embassy(r) {
		return
	}
	c.embassyReads(r, must(c.w.d.Sessions(ctx(), caller, store.SessionFilter{}, "", 50)))
	c.embassyReads(r, must(c.w.d.MyInvitations(ctx(), caller, "", 50)))
	for _, now := range looks {
		if session, err := c.w.d.Session(ctx(), caller, now.session.ID); err == nil {
			c.embassyReads(r, session)
		}
		if messages, err := c.w.d.Messages(ctx(), caller, now.session.ID, store.MessageQuery{Limit: 100}); err == nil {
			c.embassyReads(r, messages)
		}
		if now.owned(r) {
			c.embassyReads(r, must(c.w.d.SessionInvitations(ctx(), caller, now.session.ID, "", 100)))
		}
	}
}

func (l look) owned(r *mRep) bool { return l.session.Owner != nil && l.session.Owner.ID == r.id }
