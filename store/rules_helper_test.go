package store_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// rows are the database behind a store, past all rules.
type rows struct {
	t  *testing.T
	db *sql.DB
}

// eachWithRows is each for tests that look at the rows themselves.
func eachWithRows(t *testing.T, test func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows)) {
	t.Helper()
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		t.Parallel()
		clock := storetest.NewClock()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock))
		test(t, d, clock, rows{t, storetest.OpenRows(t, database)})
	})
}

// tables are those that a refused request must leave alone: all but the kept answers and the settings.
var tables = []string{"portals", "portal_tree", "teams", "team_members", "reps", "issues", "consoles", "tokens", "sessions", "attendees",
	"invitations", "declines", "deliveries", "messages", "notes", "guest_tokens", "grant_keys", "events", "api_tokens", "team_messages", "session_keys", "queue_entries", "queue_visits", "specialist_invitations"}

// all are the lines of all tables.
func (r rows) all() []string {
	r.t.Helper()
	return r.lines(tables...)
}

// column is the first column of a query, as text.
func (r rows) column(query string, args ...any) string {
	r.t.Helper()
	var text string
	if err := r.db.QueryRow(query, args...).Scan(&text); err != nil {
		r.t.Fatal(err)
	}
	return text
}

// lines are those of some tables.
func (r rows) lines(tables ...string) (lines []string) {
	r.t.Helper()
	for _, table := range tables {
		found := must(r.db.Query(`SELECT * FROM ` + table)) //nolint:gosec // a name of the list above
		columns := must(found.Columns())
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for found.Next() {
			if err := found.Scan(into...); err != nil {
				r.t.Fatal(err)
			}
			lines = append(lines, fmt.Sprint(table, " ", values))
		}
		if err := errors.Join(found.Err(), found.Close()); err != nil {
			r.t.Fatal(err)
		}
	}
	slices.Sort(lines)
	return lines
}

// refuses checks that something is refused with the code, and leaves no trace in the data.
func (r rows) refuses(what string, code desk.Code, do func() error) *desk.Problem {
	r.t.Helper()
	before := r.all()
	err := do()
	p, is := errors.AsType[*desk.Problem](err)
	if !is || p.Code != code {
		r.t.Errorf("%s: got %v, want %s", what, err, code)
		return &desk.Problem{Conflict: &desk.Conflict{By: &desk.Ref{}}}
	}
	if after := r.all(); !slices.Equal(before, after) {
		r.t.Errorf("%s: refused, and left %q", what, slices.DeleteFunc(after, func(line string) bool { return slices.Contains(before, line) }))
	}
	return p
}

// run executes a statement of which $1, $2 and so on are the arguments.
func (r rows) run(statement string, args ...any) {
	r.t.Helper()
	if _, err := r.db.Exec(statement, args...); err != nil {
		r.t.Fatal(err)
	}
}

// specialist puts a specialist with the token rdg_ and their name into a session, whatever its portal and owner allow.
func (r rows) specialist(s desk.Session, name string, now time.Time) desk.Guest {
	r.t.Helper()
	g := desk.Guest{AttendeeID: "att_" + name, SessionID: s.ID, Role: desk.AttendeeSpecialist}
	r.run(`INSERT INTO attendees (id, session_id, role, rep_id, name, access, masked, expected_until, chat_from, joined_at, left_at, rev) VALUES ($1, $2, 'specialist', '', $3, 'view', 0, 0, $4, $5, 0, 1)`,
		g.AttendeeID, s.ID, name, now.Add(-5*time.Minute).UnixMilli(), now.UnixMilli())
	r.run(`INSERT INTO guest_tokens (hash, attendee_id, since, created_at) VALUES ($1, $2, (SELECT MAX(pos) FROM events), $3)`, fmt.Sprintf("%x", sha256.Sum256([]byte("rdg_"+name))), g.AttendeeID, now.UnixMilli())
	return g
}

// try leaves out what an operation answers where only the refusal matters.
func try[T any](_ T, err error) error { return err }

// done without an answer.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watchGuest reads the log as a guest does.
func watchGuest(t *testing.T, d *storetest.Desk, g desk.Guest) *watcher {
	t.Helper()
	w := &watcher{t: t, sub: must(d.SubscribeGuest(t.Context(), g)), at: must(d.LastEvent(t.Context()))}
	t.Cleanup(w.sub.Close)
	return w
}

// logInUnder logs a rep in under a portal, with a push target where one is given.
func logInUnder(t *testing.T, d *storetest.Desk, username, portal, target string) desk.Caller {
	t.Helper()
	on := desk.Device{}
	if target != "" {
		on = device(target, target)
	}
	in := must(d.Store.LogIn(t.Context(), store.LogIn{Username: username, Password: storetest.Password, PortalID: portal, Device: on}))
	return must(d.Authenticate(t.Context(), in.Token))
}

// asJSON is what a client would be sent.
func asJSON(v any) string { return string(must(json.Marshal(v))) }

// shows checks which of the words stand in what somebody is sent.
func shows(t *testing.T, what string, sent any, words []string, want ...string) {
	t.Helper()
	text, found := asJSON(sent), []string{}
	for _, word := range words {
		if strings.Contains(text, word) {
			found = append(found, word)
		}
	}
	if !slices.Equal(found, want) {
		t.Errorf("%s shows %v, want %v: %.1000s", what, found, want, text)
	}
}

// seatOf is the rep's place in the session, as the owner or an administrator c sees it; nil without one.
func seatOf(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session, repID string) *desk.Attendee {
	t.Helper()
	for _, a := range must(d.Attendees(t.Context(), c, s.ID)) {
		if a.RepID == repID {
			return &a
		}
	}
	return nil
}

// join invites a rep and lets them in.
func join(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session, c desk.Caller, in store.NewInvitation) desk.Attendee {
	t.Helper()
	in.RepID = c.RepID
	accept(t, d, c, invite(t, d, owner, s, in))
	return *seatOf(t, d, owner, s, c.RepID)
}

// stay keeps reps connected while time passes.
func stay(t *testing.T, d *storetest.Desk, clock *storetest.Clock, pass time.Duration, connected ...desk.Caller) {
	t.Helper()
	for step := 40 * time.Second; pass > 0; pass -= step {
		clock.Advance(min(step, pass))
		for _, c := range connected {
			d.Touch(c)
		}
		ok(t, d.FlushContacts(t.Context()))
		ok(t, d.DoDue(t.Context()))
	}
}

// start starts a session that waits for a rep, in a team's queue or for nobody in particular.
func start(t *testing.T, d *storetest.Desk, c desk.Caller, in store.NewSession) desk.Session {
	t.Helper()
	in.Kind, in.Customer = "support", desk.Customer{Name: "Jo Doe", Details: "The tray jams"}
	started, err := d.StartSession(t.Context(), c, in)
	if err != nil {
		t.Fatalf("start %+v: %v", in, err)
	}
	return started.Session
}

// take accepts a waiting or transferred session.
func take(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session) desk.Session {
	t.Helper()
	got, err := d.AcceptSession(t.Context(), c, s.ID)
	if err != nil {
		t.Fatalf("%s takes the session: %v", c.Name, err)
	}
	return got
}

// transfer offers a session.
func transfer(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session, in store.NewTransfer) desk.Session {
	t.Helper()
	got, err := d.TransferSession(t.Context(), c, s.ID, in)
	if err != nil {
		t.Fatalf("%s transfers %+v: %v", c.Name, in, err)
	}
	return got
}

// texts are the chat as lines "audience: text".
func texts(messages []desk.Message) (lines []string) {
	for _, m := range messages {
		lines = append(lines, fmt.Sprint(m.Audience, ": ", m.Text))
	}
	return lines
}

// guestChat is the chat as a guest sees it.
func guestChat(t *testing.T, d *storetest.Desk, g desk.Guest) []string {
	t.Helper()
	return texts(must(d.GuestMessages(t.Context(), g, store.MessageQuery{Limit: 100})))
}

// say writes to everyone, or where the rep is masked to the reps.
func say(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session, text string) {
	t.Helper()
	ok(t, try(d.PostMessage(t.Context(), c, s.ID, store.NewMessage{Text: text})))
}
