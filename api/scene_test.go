package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/storetest"
)

// open starts a session with a customer, takes it, and saves its id under the name. The customer calls as "guest/" and the
// name.
func (x *server) open(t testing.TB, name, owner, more string) {
	t.Helper()
	a := x.do(t, call{as: owner, do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe","company":"Doe Ltd","details":"The tray jams"}` + more + `}`, want: 201})
	x.saved[name] = a.at("session.id")
	x.mu.Lock()
	x.tokens["guest/"+name] = a.at("guest_token") // the customer
	x.mu.Unlock()
	x.do(t, call{as: owner, do: "POST /v1/sessions/$" + name + "/accept"})
}

// invite invites, and saves the invitation's id under the name.
func (x *server) invite(t testing.TB, name, owner, session, body string) {
	t.Helper()
	x.do(t, call{as: owner, do: "POST /v1/sessions/$" + session + "/invitations", body: body, want: 201, save: name + "=id"})
}

const (
	second = time.Second
	hour   = time.Hour
)

// importReps adds rep0, rep1 … to the team of printers.
func (x *server) importReps(t testing.TB, n int) {
	t.Helper()
	var file strings.Builder
	file.WriteString("reps:\n")
	for i := range n {
		fmt.Fprintf(&file, "  - {username: rep%d, password: correct horse, name: Rep %d, teams: {printers: member}}\n", i, i)
	}
	x.load(t, file.String())
}

// load imports an organisation file.
func (x *server) load(t testing.TB, file string) {
	t.Helper()
	if _, err := x.store.ImportOrganization(t.Context(), x.store.Operator(), []byte(file), false); err != nil {
		t.Fatal(err)
	}
}

// eventually asks until it is so.
func (x *server) eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(later); !so(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// onEach runs a test against a server on each engine.
func onEach(t *testing.T, test func(t *testing.T, x *server), options ...func(*store.Config)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) { test(t, serve(t, s, clock)) }, options...)
}

// seat saves the id of somebody in a session, as the caller sees them by name.
func (x *server) seat(t testing.TB, save, as, session, name string) {
	t.Helper()
	a := x.do(t, call{as: as, do: "GET /v1/sessions/$" + session + "/attendees"})
	at := slices.Index(a.items("name"), name)
	if at < 0 {
		t.Fatalf("%s is not in the session: %s", name, a.text)
	}
	x.saved[save] = a.items("id")[at]
}

// join has a rep invited, with more in the invitation's body, and in the session; the invitation's id is saved under the
// rep's name and the session's.
func (x *server) join(t testing.TB, owner, session, rep, more string) {
	t.Helper()
	username, _, _ := strings.Cut(rep, "/")
	x.invite(t, username+"_in_"+session, owner, session, `{"rep_id":"@`+username+`"`+more+`}`)
	x.do(t, call{as: rep, do: "POST /v1/invitations/$" + username + "_in_" + session + "/accept"})
}

// doDue does what is due by now.
func (x *server) doDue(t testing.TB) {
	t.Helper()
	if err := errors.Join(x.store.FlushContacts(t.Context()), x.store.DoDue(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// events is all that stands in the event log for somebody, after a cursor.
func (x *server) events(t testing.TB, as, after string) (all []answer) {
	t.Helper()
	for {
		page := x.do(t, call{as: as, do: "GET /v1/event-log?limit=200&after=" + after})
		all = append(all, page)
		if after = page.at("cursor"); page.at("more") != "true" {
			return all
		}
	}
}

// cursor is where the event log stands.
func (x *server) cursor(t testing.TB, as string) string {
	t.Helper()
	return x.do(t, call{as: as, do: "GET /v1/event-log"}).at("cursor")
}

// here has reps make a request, which shows that they are connected.
func (x *server) here(t testing.TB, everybody ...string) {
	t.Helper()
	for _, who := range everybody {
		x.do(t, call{as: who, do: "GET /v1/me"})
	}
	if err := x.store.FlushContacts(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// pass lets time pass, in which some reps stay connected, and looks after those who do not.
func (x *server) pass(t testing.TB, d time.Duration, connected ...string) {
	t.Helper()
	for d > 0 {
		step := min(d, 50*second)
		x.clock.Advance(step)
		x.here(t, connected...)
		x.doDue(t)
		d -= step
	}
}

// mustParse reads JSON.
func mustParse(t testing.TB, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

func sortedText(words []string) string {
	slices.Sort(words)
	return strings.Join(words, " ")
}
