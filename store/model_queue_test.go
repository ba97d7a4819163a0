package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// queuePicture is what a client knows to stand in its queues, by entry. What portals offer comes and goes with log-ins,
// without an event, and is left out.
type queuePicture map[string]desk.QueueEntry

// fold takes an event in. An entry comes once and goes once, and its revision grows.
func (p queuePicture) fold(e desk.Event) error {
	now := *e.Entry
	was, known := p[now.ID]
	switch {
	case known && now.Rev == was.Rev && e.Type != desk.EventEntryRemoved && asJSON(now) != asJSON(was):
		return fmt.Errorf("D4: revision %d of an entry is told in two ways: %s and %s", now.Rev, asJSON(now), asJSON(was))
	case e.QueueID != now.QueueID || e.SessionID != now.SessionID:
		return fmt.Errorf("D4: the event is about another queue than its entry: %s", asJSON(e))
	case e.Type == desk.EventEntryRemoved && (now.CustomerName != "" || now.Details != "" || now.Comment != ""):
		return fmt.Errorf("A8: what has gone says more than which it was: %s", asJSON(e))
	case e.Type == desk.EventEntryRemoved:
		delete(p, now.ID)
	case !known || now.Rev >= was.Rev: // older where the list was loaded later
		p[now.ID] = now
	}
	return nil
}

func (c *client) entries(caller desk.Caller, queue string) (entries []desk.QueueEntry, err error) {
	all, err := c.w.d.QueueEntries(ctx(), caller, queue, store.EntryQuery{Sort: "waiting", Limit: 200})
	for _, e := range all {
		if e.InvitationID != "" && c.ofPortal(e.InvitationID) {
			continue
		}
		e.Place, e.Position = 0, ""
		entries = append(entries, e)
	}
	return entries, err
}

func (c *client) ofPortal(invitation string) bool {
	return must(c.w.d.Invitation(ctx(), c.w.d.Operator(), invitation)).Portal != nil
}

// loadQueues loads all that stands in the rep's queues. A team that the rep leaves meanwhile has none.
func (c *client) loadQueues(caller desk.Caller) (err error) {
	c.queues = queuePicture{}
	if c.queuesAt, err = c.w.d.LastEvent(ctx()); err != nil {
		return err
	}
	queues, err := c.w.d.Queues(ctx(), caller)
	for _, queue := range queues {
		entries, listErr := c.entries(caller, queue.ID)
		if listErr != nil && !desk.IsMissing(listErr) {
			return listErr
		}
		for _, e := range entries {
			c.queues[e.ID] = e
		}
	}
	return err
}

// stillMine leaves out the queues of teams in which the rep no longer is, when others act too: what went from them before
// the rep left, and was not read by then, is told nowhere else.
func (c *client) stillMine(caller desk.Caller, known queuePicture) queuePicture {
	if !c.w.crowded {
		return known
	}
	queues := must(c.w.d.Queues(ctx(), caller))
	maps.DeleteFunc(known, func(_ string, e desk.QueueEntry) bool {
		return !slices.ContainsFunc(queues, func(q desk.Queue) bool { return q.ID == e.QueueID })
	})
	return known
}

// queuesDiffer compares the picture with the lists, and these with the model, which knows no more when others act too.
func (c *client) queuesDiffer(caller desk.Caller) error {
	known := c.queues
	if err := c.loadQueues(caller); err != nil {
		return err
	}
	for id, e := range known {
		if e.InvitationID != "" && c.ofPortal(e.InvitationID) {
			delete(known, id)
		}
	}
	if got, want := pictureWords(known), pictureWords(c.queues); got != want {
		return fmt.Errorf("D1: %s's client thinks that there stands\n%s\nand it is\n%s", c.rep.user, got, want)
	}
	if c.w.crowded {
		return nil
	}
	names := map[string]string{}
	for _, queue := range must(c.w.d.Queues(ctx(), caller)) {
		if names[queue.ID] = queue.ID; queue.ID != desk.PersonalQueue {
			names[queue.ID] = at(strings.TrimPrefix(queue.Name, "Team-"))
		}
	}
	var got []string
	for _, e := range c.queues {
		got = append(got, fmt.Sprintln(names[e.QueueID], e.Kind, e.SessionID, e.InvitationID, cameWord(e.CameBy)))
	}
	slices.Sort(got)
	if want := c.w.m.queued(c.rep); !slices.Equal(got, want) {
		return fmt.Errorf("D2, D3: in the queues of %s there stands\n%s\nby the model\n%s", c.rep.user, strings.Join(got, ""), strings.Join(want, ""))
	}
	return nil
}

// pictureWords leaves out the names, by which reps become known to one another when they change teams.
func pictureWords(p queuePicture) string {
	words := []string{}
	for _, e := range p {
		if e.Inviter != nil {
			e.Inviter = &desk.Ref{ID: e.Inviter.ID}
		}
		words = append(words, asJSON(e))
	}
	slices.Sort(words)
	return strings.Join(words, "\n")
}

// cameWord is as much as the model knows of how something came.
func cameWord(by desk.CameBy) desk.CameBy {
	if by == desk.CameByHeld || by == desk.CameByInvitation {
		return by
	}
	return ""
}

// queued is what stands in the queues of a rep (D2, D3).
func (m *model) queued(r *mRep) (words []string) {
	add := func(queue string, kind desk.QueueKind, s *mSession, invitation string, came desk.CameBy) {
		words = append(words, fmt.Sprintln(queue, kind, s.id, invitation, came))
	}
	for _, s := range m.sessions {
		waits := s.state == desk.SessionWaiting
		switch {
		case waits && s.last.rep == r:
			add(desk.PersonalQueue, desk.QueuedSession, s, "", "")
		case s.state != desk.SessionEnded && s.seat(r) != nil:
			add(desk.PersonalQueue, desk.QueuedSession, s, "", cameInto(s, s.seat(r)))
		}
		if waits && s.last.team != "" && r.teams[s.last.team] > 0 {
			add(at(s.last.team), desk.QueuedSession, s, "", "")
		}
		for _, o := range s.offers {
			seat := s.seat(r)
			if !o.stands() || o.portal != "" || !m.goes(o, r) || o.declined[r] || o.team != "" && seat != nil && (seat.owner || !o.transfer) {
				continue
			}
			queue := desk.PersonalQueue
			if o.team != "" {
				queue = at(o.team)
			}
			if o.transfer {
				add(queue, desk.QueuedSession, s, "", "")
			} else {
				add(queue, desk.QueuedInvitation, s, o.id, desk.CameByInvitation)
			}
		}
	}
	slices.Sort(words)
	return words
}

func cameInto(s *mSession, seat *mSeat) desk.CameBy {
	switch {
	case !seat.owner && seat.invited:
		return desk.CameByInvitation
	case seat.owner && s.held:
		return desk.CameByHeld
	}
	return ""
}
