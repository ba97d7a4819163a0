package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// mirror is a console that knows what its rep sees by a snapshot and the events after it, and by nothing else. It follows the
// stream over HTTP. A stream that is cut off it opens again after the last event that it has; on reset it loads a new snapshot.
type mirror struct {
	who   string
	token string
	at    func() *server // the server to turn to

	mu     sync.Mutex
	know   desk.Snapshot
	last   int64 // the last event, or where the snapshot stood
	cut    context.CancelFunc
	wrong  error // the first thing that was not as it should
	count  map[string]int
	told   []string // the latest events and snapshots
	closed chan struct{}
}

// run follows until ctx ends.
func (m *mirror) run(ctx context.Context) {
	defer close(m.closed)
	for load := true; ctx.Err() == nil; {
		if load {
			if err := m.load(ctx); err != nil {
				m.fail(ctx, err)
				return
			}
		}
		var err error
		if load, err = m.follow(ctx); err != nil {
			m.fail(ctx, err)
			return
		}
	}
}

func (m *mirror) fail(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wrong == nil {
		m.wrong = fmt.Errorf("%s: %w", m.who, err)
	}
}

func (m *mirror) get(ctx context.Context, path string, last int64) (*http.Response, error) {
	x := m.at()
	r, err := http.NewRequestWithContext(ctx, "GET", x.url+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+m.token)
	if last > 0 {
		r.Header.Set("Last-Event-ID", fmt.Sprint(last))
	}
	response, err := x.http.Do(r)
	if err == nil && response.StatusCode != http.StatusOK {
		response.Body.Close()
		err = fmt.Errorf("GET %s: %d", path, response.StatusCode)
	}
	return response, err
}

// snapshot asks for one.
func (m *mirror) snapshot(ctx context.Context) (s desk.Snapshot, at int64, err error) {
	response, err := m.get(ctx, "/v1/snapshot", 0)
	if err != nil {
		return s, 0, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&s); err != nil {
		return s, 0, err
	}
	_, err = fmt.Sscan(s.Cursor, &at)
	return s, at, err
}

func (m *mirror) load(ctx context.Context) error {
	s, at, err := m.snapshot(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.know, m.last, m.told = s, at, append(m.told, asJSON(s))
	m.count["snapshot"]++
	return nil
}

// follow reads one stream to its end, and says whether the client then has to load everything anew.
func (m *mirror) follow(ctx context.Context) (load bool, err error) {
	connection, cut := context.WithCancel(ctx)
	defer cut()
	m.mu.Lock()
	m.cut = cut
	last := m.last
	m.count["stream"]++
	m.mu.Unlock()
	response, err := m.get(connection, "/v1/events", last)
	if connection.Err() != nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	readMessages(response.Body, func(got message) bool {
		if connection.Err() != nil { // what comes after the cut is lost
			return false
		}
		load, err = m.take(got)
		return !load && err == nil
	})
	return load, err
}

// take takes one message of the stream.
func (m *mirror) take(got message) (load bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count[got.event]++
	switch got.event {
	case "reset":
		return true, nil
	case "ready":
		_, err = fmt.Sscan(got.at("cursor"), &m.last)
		return false, err
	case "closing":
		if got.at("reason") != "replaced" {
			err = fmt.Errorf("closing: %s", got.data)
		}
		return false, err
	}
	var e desk.Event
	if err := json.Unmarshal([]byte(got.data), &e); err != nil {
		return false, err
	}
	if e.ID <= m.last || fmt.Sprint(e.ID) != got.id {
		return false, fmt.Errorf("event %s comes after %d", got.data, m.last)
	}
	m.last, m.told = e.ID, append(m.told[max(0, len(m.told)-1000):], got.data)
	return false, m.fold(e)
}

// fold brings what is known up to date. Of each thing the highest revision counts.
func (m *mirror) fold(e desk.Event) error {
	k := &m.know
	switch {
	case e.Entry != nil && e.QueueID == desk.PersonalQueue:
		keep(&k.Entries, *e.Entry, e.Type != desk.EventEntryRemoved, func(a desk.QueueEntry) string { return a.ID }, func(a desk.QueueEntry) int64 { return a.Rev })
	case e.Invitation != nil && e.Invitation.Inviter.ID != k.Me.ID:
		keep(&k.Invitations, *e.Invitation, e.Type != desk.EventInvitationEnded, invitationID, func(i desk.Invitation) int64 { return i.Rev })
	case e.Session != nil:
		return m.foldSession(*e.Session)
	case e.Attendee != nil && e.Type != desk.EventGrantChanged:
		m.foldAttendee(e)
	case e.Queue != nil:
		keep(&k.Queues, *e.Queue, true, func(q desk.Queue) string { return q.ID }, func(desk.Queue) int64 { return 0 })
	case e.Me != nil:
		k.Me = *e.Me
		k.Queues = slices.DeleteFunc(k.Queues, func(q desk.Queue) bool {
			return q.Kind == "team" && !slices.ContainsFunc(k.Me.Teams, func(t desk.Membership) bool { return t.Team.ID == q.ID })
		})
	case e.Preferences != nil:
		k.Preferences = *e.Preferences
	case e.Console != nil && e.Console.ID == k.Console.ID:
		k.Console = *e.Console
	}
	return nil
}

func invitationID(i desk.Invitation) string { return i.ID }

// keep puts a thing in the place of what was known of it, or takes it away, unless more is known of it already.
func keep[T any](list *[]T, now T, there bool, id func(T) string, rev func(T) int64) {
	at := slices.IndexFunc(*list, func(known T) bool { return id(known) == id(now) })
	switch {
	case at >= 0 && rev((*list)[at]) > rev(now):
	case at >= 0 && there:
		(*list)[at] = now
	case at >= 0:
		*list = slices.Delete(*list, at, at+1)
	case there:
		*list = append(*list, now)
	}
}

// foldSession takes a session that the rep comes into with its attendees, and after that what changes of it.
func (m *mirror) foldSession(now desk.Session) error {
	sessions := &m.know.Sessions
	at := slices.IndexFunc(*sessions, func(s desk.Session) bool { return s.ID == now.ID })
	switch {
	case at < 0 && now.Attendees != nil && now.State != desk.SessionEnded:
		*sessions = append(*sessions, now)
	case at < 0:
	case now.State == desk.SessionEnded:
		*sessions = slices.Delete(*sessions, at, at+1)
	case now.Rev >= (*sessions)[at].Rev:
		if now.Attendees == nil {
			now.Attendees = (*sessions)[at].Attendees
		}
		(*sessions)[at] = now
	default:
		return fmt.Errorf("session %s at %d after %d", now.ID, now.Rev, (*sessions)[at].Rev)
	}
	return nil
}

func (m *mirror) foldAttendee(e desk.Event) {
	sessions := &m.know.Sessions
	at := slices.IndexFunc(*sessions, func(s desk.Session) bool { return s.ID == e.SessionID })
	switch {
	case at < 0:
	case e.Type == desk.EventAttendeeLeft && e.Attendee.RepID == m.know.Me.ID:
		*sessions = slices.Delete(*sessions, at, at+1)
	default:
		keep(&(*sessions)[at].Attendees, *e.Attendee, e.Type != desk.EventAttendeeLeft, func(a desk.Attendee) string { return a.ID }, func(a desk.Attendee) int64 { return a.Rev })
	}
}

// knows says whether the client has come to where its rep was at a revision, or nowhere any more.
func (m *mirror) knows(rev int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.know.Me.ID != "" && m.know.Me.Rev >= rev || m.wrong != nil
}

// drop cuts the connection, as a tunnel does.
func (m *mirror) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut()
	m.count["cut"]++
}

// differs compares what is known with a new snapshot, while nothing happens.
func (m *mirror) differs(ctx context.Context) error {
	fresh, _, err := m.snapshot(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wrong != nil {
		return m.wrong
	}
	waits := func(s desk.Snapshot) (n int) {
		for _, q := range s.Queues {
			n += q.Invitations
		}
		return n
	}
	if len(fresh.Truncated) > 0 || fresh.Badge != waits(fresh) {
		return fmt.Errorf("the badge is %d, in the queues wait %d; cut: %v", fresh.Badge, waits(fresh), fresh.Truncated)
	}
	got, want := shownParts(m.know), shownParts(fresh)
	for part := range merged(got, want) {
		if got[part] != want[part] {
			_, id, _ := strings.Cut(part, " ")
			return fmt.Errorf("after event %d %s's %s is, by its snapshot and events,\n%s\nand by a new snapshot (at %s)\n%s\nIt was told:\n%s", m.last, m.who, part, got[part], fresh.Cursor, want[part], m.toldOf(id))
		}
	}
	return nil
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// toldOf are the events that name something.
func (m *mirror) toldOf(id string) string {
	var all []string
	for _, data := range m.told {
		if strings.Contains(data, id) {
			all = append(all, data)
		}
	}
	return strings.Join(all[max(0, len(all)-12):], "\n")
}

// shownParts is what a snapshot and events say alike, part by part. What passes by itself is left out: what is unread, places
// in line, waiting times, presence, and when somebody was seen. What portals offer is counted by the entries, and that others
// declined moves an invitation's revision, of which the invited have nothing to learn.
func shownParts(s desk.Snapshot) map[string]string {
	me, console := s.Me, s.Console
	me.Presence, console.Connected, console.Current, console.SeenAt = "", false, false, time.Time{}
	parts := map[string]any{"rep": me, "console": console, "preferences": s.Preferences}
	offers := 0
	for _, e := range s.Entries {
		e.Place = 0
		parts["entry "+e.ID] = e
		if e.Inviter != nil {
			offers++
		}
	}
	for _, i := range s.Invitations {
		i.Rev = 0
		parts["invitation "+i.ID] = i
	}
	for _, q := range s.Queues {
		if q.UnreadChat = 0; q.Kind == "personal" {
			q.Invitations = offers
		}
		parts["queue "+q.ID] = q
	}
	for _, session := range s.Sessions {
		session.Unread = 0
		session.Attendees = slices.SortedFunc(slices.Values(session.Attendees), func(a, b desk.Attendee) int { return cmp.Compare(a.ID, b.ID) })
		parts["session "+session.ID] = session
	}
	text := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		text[name] = asJSON(parts[name])
	}
	return text
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// newMirror starts a console of a rep's that follows.
func newMirror(ctx context.Context, who, token string, at func() *server) *mirror {
	m := &mirror{who: who, token: token, at: at, count: map[string]int{}, closed: make(chan struct{}), cut: func() {}}
	go m.run(ctx)
	return m
}

// rep is whose console it is.
func (m *mirror) rep() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.know.Me.ID
}
