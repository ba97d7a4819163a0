package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// client is what a rep's client knows by reading its event stream: the sessions that the rep is in, and the invitations of
// those that the rep owns. It loads the invitations of a session when the rep comes to own it; all else it takes from events
// alone, keeping the highest revision of each thing.
type client struct {
	w           *world
	rep         *mRep
	cursor      int64
	views       map[string]*view
	invitations map[string]desk.Invitation
	open        map[string]bool // invitations that the rep may accept, but for those of portals, which come and go with log-ins
	queues      queuePicture
	queuesAt    int64        // the position at which they were loaded
	openAt      int64        // the same of the open invitations: what was told before is in them
	read        []desk.Event // in the last round
}

type view struct {
	session   desk.Session
	attendees map[string]desk.Attendee
}

func (v *view) owned(r *mRep) bool { return v.session.Owner != nil && v.session.Owner.ID == r.id }

func newClient(w *world, r *mRep, caller desk.Caller) (*client, error) {
	at, err := w.d.LastEvent(ctx())
	if err != nil {
		return nil, err
	}
	c := &client{w: w, rep: r, cursor: at}
	return c, c.reload(caller)
}

// reload loads everything anew, as a client does when it starts.
func (c *client) reload(caller desk.Caller) error {
	c.views, c.invitations = map[string]*view{}, map[string]desk.Invitation{}
	for _, mine := range []string{"owner", "joined"} {
		sessions, err := c.w.d.Sessions(ctx(), caller, store.SessionFilter{Mine: mine}, "", 200)
		if err != nil {
			return err
		}
		for _, s := range sessions {
			if s.State != desk.SessionEnded {
				if err := c.load(caller, s.ID); err != nil {
					return err
				}
			}
		}
	}
	return errors.Join(c.loadOpen(caller), c.loadQueues(caller))
}

// loadOpen loads what the rep may accept: also after they left a session, to which a team of theirs may be invited.
func (c *client) loadOpen(caller desk.Caller) (err error) {
	c.open = map[string]bool{}
	if c.openAt, err = c.w.d.LastEvent(ctx()); err != nil {
		return err
	}
	mine, err := c.w.d.MyInvitations(ctx(), caller, "", 200)
	for _, i := range mine {
		if i.Portal == nil {
			c.open[i.ID] = true
		}
	}
	return err
}

// load loads a session; who was put out of it meanwhile knows nothing of it.
func (c *client) load(caller desk.Caller, id string) error {
	session, err := c.w.d.Session(ctx(), caller, id)
	delete(c.views, id)
	if desk.IsMissing(err) || err == nil && !slices.ContainsFunc(session.Attendees, func(a desk.Attendee) bool { return a.RepID == c.rep.id }) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.comeInto(caller, session)
}

// comeInto takes a session with its attendees.
func (c *client) comeInto(caller desk.Caller, s desk.Session) error {
	c.views[s.ID] = &view{session: shown(s), attendees: byID(s.Attendees)}
	return c.loadInvitations(caller, c.views[s.ID])
}

func (c *client) loadInvitations(caller desk.Caller, v *view) error {
	if !v.owned(c.rep) {
		return nil
	}
	all, err := c.w.d.SessionInvitations(ctx(), caller, v.session.ID, "", 200)
	if p, refused := err.(*desk.Problem); refused && p.Code == desk.NotSessionOwner || desk.IsMissing(err) { // lost again meanwhile
		return nil
	}
	for _, i := range all {
		c.invitations[i.ID] = i
	}
	return err
}

// shown is what events say of a session too.
func shown(s desk.Session) desk.Session {
	s.Attendees, s.Unread = nil, 0
	return s
}

// catchUp reads the stream to its end.
func (c *client) catchUp(caller desk.Caller) error {
	sub, err := c.w.d.Subscribe(ctx(), caller)
	if err != nil {
		return err
	}
	defer sub.Close()
	for more := true; more; {
		found, err := sub.Read(ctx(), c.cursor, nil, 500)
		if err != nil {
			return err
		}
		c.read, c.cursor, more = found.Items, found.Cursor, found.More
		known, at := c.queues, c.queuesAt
		if found.Grown || slices.ContainsFunc(found.Items, func(e desk.Event) bool { return e.Type == desk.EventMeChanged }) {
			err = c.reload(caller)
		}
		if !found.Grown { // what stands in queues is told entry by entry where rights only shrink
			c.queues, c.queuesAt = c.stillMine(caller, known), at
		}
		for _, e := range found.Items {
			if err == nil {
				err = c.fold(caller, e)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *client) fold(caller desk.Caller, e desk.Event) error {
	v := c.views[e.SessionID]
	if e.Entry != nil && e.ID > c.queuesAt {
		return c.queues.fold(e)
	}
	switch {
	case e.Invitation != nil:
		if e.ID > c.openAt {
			c.foldOpen(e)
		}
		if was, known := c.invitations[e.Invitation.ID]; known && e.Invitation.Rev > was.Rev || !known && v != nil && v.owned(c.rep) {
			c.invitations[e.Invitation.ID] = *e.Invitation
		}
	case e.Session != nil && e.Session.Attendees != nil && (v == nil || e.Session.Rev >= v.session.Rev):
		return c.comeInto(caller, *e.Session)
	case e.Session != nil && v != nil:
		return c.foldSession(caller, v, shown(*e.Session))
	case v != nil && strings.HasPrefix(string(e.Type), "attendee."):
		return c.foldAttendee(v, e)
	}
	return nil
}

func (c *client) foldOpen(e desk.Event) {
	switch i := *e.Invitation; {
	case i.Inviter.ID == c.rep.id || i.Portal != nil:
	case e.Type == desk.EventInvitationEnded:
		delete(c.open, i.ID)
	default:
		c.open[i.ID] = true
	}
}

func (c *client) foldSession(caller desk.Caller, v *view, now desk.Session) error {
	owned := v.owned(c.rep)
	switch {
	case now.Rev < v.session.Rev:
		return nil
	case now.Rev == v.session.Rev && asJSON(now) != asJSON(v.session):
		return fmt.Errorf("revision %d of a session is told in two ways:\n%s\n%s", now.Rev, asJSON(now), asJSON(v.session))
	case now.State == desk.SessionEnded:
		delete(c.views, now.ID)
		return nil
	}
	v.session = now
	if !owned {
		return c.loadInvitations(caller, v)
	}
	return nil
}

func (c *client) foldAttendee(v *view, e desk.Event) error {
	now := *e.Attendee
	mine := now.RepID == c.rep.id
	was, known := v.attendees[now.ID]
	switch {
	case known && now.Rev < was.Rev:
	case known && now.Rev == was.Rev && asJSON(now) != asJSON(was):
		return fmt.Errorf("revision %d of an attendee is told in two ways:\n%s\n%s", now.Rev, asJSON(now), asJSON(was))
	case e.Type != desk.EventAttendeeLeft:
		v.attendees[now.ID] = now
	case mine && known:
		delete(c.views, e.SessionID)
	default:
		delete(v.attendees, now.ID)
	}
	return nil
}

// differs compares what the client knows with what the store answers.
func (c *client) differs(caller desk.Caller, looks []look) error {
	if err := c.queuesDiffer(caller); err != nil {
		return err
	}
	known := c.open
	if err := c.loadOpen(caller); err != nil || asJSON(known) != asJSON(c.open) {
		return fmt.Errorf("H1: %s's client thinks that these invitations are open: %s, and it is %s (%v)", c.rep.user, asJSON(known), asJSON(c.open), err)
	}
	for _, now := range looks {
		id := now.session.ID
		v := c.views[id]
		in := slices.ContainsFunc(now.session.Attendees, func(a desk.Attendee) bool { return a.RepID == c.rep.id })
		if (v != nil) != in {
			return fmt.Errorf("H1: %s is in the session: %v, the client thinks %v", c.rep.user, in, v != nil)
		}
		if !in {
			continue
		}
		session, err := c.w.d.Session(ctx(), caller, id)
		if err != nil {
			return err
		}
		if got, want := asJSON(v.session), asJSON(shown(session)); got != want {
			return fmt.Errorf("H1: %s's client knows\n%s of\n%s", c.rep.user, got, want)
		}
		if got, want := asJSON(v.attendees), asJSON(byID(session.Attendees)); got != want {
			return fmt.Errorf("H1: %s's client knows the attendees\n%s of\n%s", c.rep.user, got, want)
		}
		if err := c.invitationsDiffer(caller, now); err != nil {
			return err
		}
	}
	return nil
}

func byID(list []desk.Attendee) map[string]desk.Attendee {
	all := map[string]desk.Attendee{}
	for _, a := range list {
		all[a.ID] = a
	}
	return all
}

// invitationsDiffer compares the invitations of a session that the rep owns. The revision also grows when somebody to whom
// it went is told that it is over for them, of which the owner has nothing to learn.
func (c *client) invitationsDiffer(caller desk.Caller, now look) error {
	if !now.owned(c.rep) {
		return nil
	}
	all, err := c.w.d.SessionInvitations(ctx(), caller, now.session.ID, "", 200)
	for _, want := range all {
		got := c.invitations[want.ID]
		if got.Rev > want.Rev {
			return fmt.Errorf("B17: revision %d was told of an invitation at %d", got.Rev, want.Rev)
		}
		if got.Rev = want.Rev; asJSON(got) != asJSON(want) {
			return fmt.Errorf("H1: %s's client knows\n%s of\n%s", c.rep.user, asJSON(got), asJSON(want))
		}
	}
	return err
}

// clientsCome starts a client for each rep who has logged in, and forgets those of the others.
func (c *checks) clientsCome() {
	for _, r := range c.w.m.reps {
		switch known := c.clients[r]; {
		case len(r.consoles) == 0:
			delete(c.clients, r)
		case known == nil:
			c.clients[r] = must(newClient(c.w, r, c.w.caller(r.consoles[0])))
		}
	}
}

// clientAgrees brings a rep's client up to date and compares it with the store.
func (c *checks) clientAgrees(r *mRep, looks []look) {
	client := c.clients[r]
	if client == nil {
		return
	}
	caller := c.w.caller(r.consoles[0])
	err := client.catchUp(caller)
	if err == nil {
		err = client.differs(caller, looks)
	}
	if err != nil {
		c.rt.Fatal(err)
	}
	c.embassyReads(r, client.read)
	c.lists(r, caller, looks)
}
