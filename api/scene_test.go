package api_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
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
