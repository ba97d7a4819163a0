package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// contactsEvery is how often contacts of consoles are written. With the age at which a contact is worth writing again it stays
// within desk.PresenceGrace.
const (
	contactsEvery = 3 * time.Second
	contactWorth  = 15 * time.Second
	// clocksApart is how far the clocks of servers may be apart: of two streams that were opened within it neither is the newer.
	clocksApart = 5 * time.Second
)

type contact struct {
	repID    string
	at       time.Time // zero: none
	watching watching
	stream   streamID // which says so
	replaced bool     // of what was noted last: another server has a newer stream of the console
}

// watching is what a contact says of the console's event stream.
type watching int

const (
	watchesAsBefore watching = iota
	watches                  // it is open: the console is before somebody's eyes
	watchesNoMore
)

// contacts are the last signs of life of consoles that are not written yet.
type contacts struct {
	flush   sync.Mutex // held while some are being written; before mu
	mu      sync.Mutex
	pending map[string]contact // by console
	seen    map[string]contact // what was noted last, to write only what is worth it
	back    chan struct{}      // signalled when a console comes back after a silence
}

// Touch notes that a console of the caller was in contact. It only remembers; the writing comes within seconds,
// and at once for a console that comes back. An API token makes nobody logged in: only its use is noted (I2).
func (s *Store) Touch(c desk.Caller) {
	if c.TokenID != "" {
		s.uses.note(c.TokenID, s.cfg.Now())
	}
	if c.ConsoleID == "" {
		return
	}
	s.contacts.note(c.ConsoleID, contact{repID: c.RepID, at: s.cfg.Now()})
}

// Watch is an open event stream of a caller's. Of several streams of a console, on several servers, the one that was opened last
// says whether it watches: no push tells it of chat then (G13). One that nobody has closed yet, though its client has gone
// elsewhere, says nothing.
type Watch struct {
	store  *Store
	caller desk.Caller
	stream streamID
}

// streamID tells a stream from others. The text of a later one is greater.
type streamID struct {
	text   string
	opened time.Time
}

func newStreamID(opened time.Time) streamID {
	return streamID{streamsOf(opened) + hex.EncodeToString(randomBytes(8)), opened}
}

// streamsOf is how the ids of streams begin that are opened at a time: greater than all of before, to the millisecond.
func streamsOf(at time.Time) string { return fmt.Sprintf("str_%012x", at.UnixMilli()) }

// NewWatch begins a watch.
func (s *Store) NewWatch(c desk.Caller) *Watch { return &Watch{s, c, newStreamID(s.cfg.Now())} }

// Renew is Touch for a console whose event stream is open: the console is before somebody's eyes. It is called now and then while
// the stream is, and says no once another server has a newer one.
func (w *Watch) Renew() bool {
	if w.caller.ConsoleID == "" {
		w.store.Touch(w.caller)
		return true
	}
	return w.store.contacts.note(w.caller.ConsoleID, contact{repID: w.caller.RepID, at: w.store.cfg.Now(), watching: watches, stream: w.stream})
}

// End notes that the event stream is closed, which is no sign of life.
func (w *Watch) End() {
	if w.caller.ConsoleID != "" {
		w.store.contacts.note(w.caller.ConsoleID, contact{repID: w.caller.RepID, watching: watchesNoMore, stream: w.stream})
	}
}

// note keeps a contact to be written, if it is worth it. It says no of a stream that is not the newest, as far as is known.
func (l *contacts) note(console string, c contact) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, known := l.seen[console]
	if c.watching == watchesAsBefore && last.watching == watches && !last.replaced { // each contact renews what is known of the stream
		c.watching, c.stream = watches, last.stream
	}
	if last.replaced && c.stream == last.stream {
		return false
	}
	if known && c.at.Sub(last.at) < contactWorth && (c.watching == watchesAsBefore || c.watching == last.watching && c.stream == last.stream) {
		return true
	}
	if l.pending == nil {
		l.pending = map[string]contact{}
	}
	l.pending[console] = c.after(l.pending[console])
	l.seen[console] = c.after(last)
	if !known || c.watching == watchesNoMore {
		select {
		case l.back <- struct{}{}:
		default:
		}
	}
	return true
}

// replaced notes that another server has a newer stream of a console than one that was noted here.
func (l *contacts) replaced(console string, stream streamID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, known := l.seen[console]; known && last.stream == stream {
		last.replaced = true
		l.seen[console] = last
	}
}

// after is what two contacts say together, of which c is the later.
func (c contact) after(before contact) contact {
	if c.at.Before(before.at) {
		c.at = before.at
	}
	if c.watching == watchesAsBefore {
		c.watching, c.stream, c.replaced = before.watching, before.stream, before.replaced
	}
	return c
}

// contactsAtOnce is how many contacts one write takes. What SQLite notes of a write, to take it back, makes the next statement of
// it slower: 10,000 at once kept all others from writing for 2 s.
const contactsAtOnce = 100

// FlushContacts writes the contacts that wait. The housekeeping calls it every few seconds. When it returns, all that were
// noted before are written, whoever was writing them.
func (s *Store) FlushContacts(ctx context.Context) error {
	s.contacts.flush.Lock()
	defer s.contacts.flush.Unlock()
	pending := s.contacts.take(s.cfg.Now())
	if len(pending) == 0 {
		return nil
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(pending)), contactsAtOnce) { // in one order, so that no two servers wait for each other
		replaced, err := write(ctx, s, func(t *tx) (replaced []string, err error) {
			for _, console := range some {
				newest, err := t.contact(console, pending[console])
				if err != nil {
					return nil, err
				}
				if !newest {
					replaced = append(replaced, console)
				}
			}
			return replaced, nil
		})
		if err != nil {
			s.contacts.putBack(pending)
			return err
		}
		for _, console := range replaced {
			s.contacts.replaced(console, pending[console].stream)
		}
		for _, console := range some {
			delete(pending, console)
		}
	}
	return nil
}

// putBack keeps contacts that could not be written for the next time, where no newer ones wait.
func (c *contacts) putBack(unwritten map[string]contact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for console, later := range c.pending {
		unwritten[console] = later.after(unwritten[console])
	}
	c.pending = unwritten
}

// take empties the pending contacts, and forgets written ones that are too old to matter.
func (c *contacts) take(now time.Time) map[string]contact {
	c.mu.Lock()
	defer c.mu.Unlock()
	pending := c.pending
	c.pending = nil
	for console, last := range c.seen {
		if now.Sub(last.at) >= desk.ConnectedFor {
			delete(c.seen, console)
		}
	}
	return pending
}

// contact writes a contact. It says no of a stream that is not the console's newest.
func (t *tx) contact(consoleID string, c contact) (newest bool, err error) {
	if newest, err = t.watching(consoleID, c); err != nil || c.at.IsZero() {
		return newest, err
	}
	n, err := t.exec(`UPDATE consoles SET seen_at = $1 WHERE id = $2 AND seen_at < $1`, ms(c.at), consoleID)
	if err != nil || n == 0 {
		return newest, err
	}
	if err := t.renewLease(c.repID); err != nil {
		return newest, err
	}
	if err := t.arrived(c.repID); err != nil {
		return newest, err
	}
	return newest, t.ownerBack(c.repID)
}

// watching keeps until when a console counts as watching, where a contact says so of the console's newest stream.
func (t *tx) watching(consoleID string, c contact) (newest bool, err error) {
	n := int64(1)
	switch c.watching {
	case watches:
		// What is over says nothing, though a clock that was wrong may have given it a late id.
		n, err = t.exec(`UPDATE consoles SET watching_until = $1, watched_by = $2 WHERE id = $3 AND (watched_by < $4 OR watching_until <= $5)`,
			ms(c.at.Add(desk.ConnectedFor+desk.PresenceGrace)), c.stream.text, consoleID, streamsOf(c.stream.opened.Add(clocksApart)), ms(t.now))
	case watchesNoMore:
		_, err = t.exec(`UPDATE consoles SET watching_until = 0 WHERE id = $1 AND watching_until > 0 AND watched_by = $2`, consoleID, c.stream.text)
	}
	return n > 0, err
}

// lockRep waits for whoever changes where a rep is, so that what is read after it is what the last of them left.
func (t *tx) lockRep(repID string) error {
	lock := t.forUpdate()
	if lock == "" { // one at a time writes anyway
		return nil
	}
	_, err := t.row(`SELECT id FROM reps WHERE id = $1`+lock, []any{repID}, new(string))
	return err
}

// renewLease keeps in the rep's row until when the rep is logged in, from the rep's consoles.
func (t *tx) renewLease(repID string) error {
	if err := t.lockRep(repID); err != nil {
		return err
	}
	var seen, reached, before int64 // the last contact of any console, and of one with a push target; the lease so far
	if _, err := t.row(`SELECT COALESCE(MAX(seen_at), 0), COALESCE(MAX(CASE WHEN push_target <> '' THEN seen_at END), 0),
		COALESCE((SELECT logged_in_until FROM reps WHERE id = $1), 0) FROM consoles WHERE rep_id = $1`, []any{repID}, &seen, &reached, &before); err != nil {
		return err
	}
	until := max(lease(seen, false), lease(reached, true))
	t.wake.here = t.wake.here || (before > ms(t.now)) != (until > ms(t.now))
	var rep presence
	if _, err := t.row(`UPDATE reps SET logged_in_until = $1, seen_at = CASE WHEN $2 > seen_at THEN $2 ELSE seen_at END WHERE id = $3 RETURNING `+presenceFields,
		[]any{until, seen, repID}, rep.fields()...); err != nil {
		return err
	}
	return t.tellPresence(rep)
}

// presence is what a rep's presence is derived from, and what was told of it last.
type presence struct {
	id, name string
	busy     bool
	until    int64
	told     desk.Presence
}

const presenceFields = `id, name, busy, logged_in_until, presence`

func (p *presence) fields() []any { return []any{&p.id, &p.name, &p.busy, &p.until, &p.told} }

// tellPresence tells of a presence that is another than was told.
func (t *tx) tellPresence(p presence) error {
	now := desk.PresenceOf(p.until > ms(t.now), p.busy)
	if now == p.told || p.id == "" {
		return nil
	}
	if _, err := t.exec(`UPDATE reps SET presence = $1 WHERE id = $2`, string(now), p.id); err != nil {
		return err
	}
	return t.record(desk.PresenceTopic, desk.Event{Type: desk.EventRepPresence, Rep: &desk.RepPresence{ID: p.id, Name: p.name, Presence: now}})
}

// presencesDue lists the reps who went offline because nothing was heard of their consoles.
func (t *tx) presencesDue() ([]func(*tx) error, error) {
	gone, err := t.texts(`SELECT id FROM reps WHERE presence <> 'offline' AND logged_in_until <= $1 ORDER BY logged_in_until, id`, ms(t.now))
	due := []func(*tx) error{}
	for _, id := range gone {
		due = append(due, func(t *tx) error { return t.presencePassed(id) })
	}
	return due, err
}

func (t *tx) presencePassed(repID string) error {
	var rep presence
	if _, err := t.row(`SELECT `+presenceFields+` FROM reps WHERE id = $1`+t.forUpdate(), []any{repID}, rep.fields()...); err != nil {
		return err
	}
	return t.tellPresence(rep)
}

// hidePresences leaves of presences those that the caller sees: of the reps of their teams, and with the permission to share
// outside of them, or as an administrator, of all (A4); an embassy rep only of its embassies (A7).
func (t *tx) hidePresences(c desk.Caller, embassy bool, events []desk.Event) ([]desk.Event, error) {
	if !slices.ContainsFunc(events, func(e desk.Event) bool { return e.Type == desk.EventRepPresence }) {
		return events, nil
	}
	me, err := t.me(c.RepID)
	if err != nil {
		return nil, err
	}
	if !embassy && (me.Role == desk.RoleAdministrator || slices.Contains(me.Permissions, desk.ShareOutsideTeams)) {
		return events, nil
	}
	shown, err := t.texts(colleagues(`$1`), c.RepID)
	return slices.DeleteFunc(events, func(e desk.Event) bool {
		return e.Type == desk.EventRepPresence && !slices.Contains(shown, e.Rep.ID)
	}), err
}

func lease(seen int64, pushTarget bool) int64 {
	if seen == 0 {
		return 0
	}
	return ms(desk.LoggedInUntil(time.UnixMilli(seen), pushTarget))
}

// housekeep runs what no request asks for every few seconds, until ctx ends: contacts, uses of API tokens, expected reps who did
// not come, counts of queues, what is due.
func (s *Store) housekeep(ctx context.Context) {
	ticker := time.NewTicker(contactsEvery)
	defer ticker.Stop()
	looked := s.cfg.Now()
	for {
		select {
		case <-ctx.Done():
			last := context.WithoutCancel(ctx)
			err := errors.Join(s.FlushContacts(last), s.FlushTokenUses(last))
			if !s.cfg.DueByHand {
				err = errors.Join(err, s.TellQueues(last))
			}
			if err != nil {
				s.log.Warn("write what is only in memory", "error", err)
			}
			return
		case <-s.contacts.back:
		case <-ticker.C:
		}
		err := s.FlushContacts(ctx)
		if err == nil {
			err = s.FlushTokenUses(ctx)
		}
		if err == nil {
			err = s.FreeExpectedSeats(ctx)
		}
		if err == nil && !s.cfg.DueByHand { // only with all contacts written is it known who is lost
			if err = s.TellQueues(ctx); err == nil {
				err = s.doDue(ctx, &looked)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("housekeeping", "error", err)
		}
	}
}
