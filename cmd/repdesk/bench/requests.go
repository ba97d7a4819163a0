package bench

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// The targets of what a request may cost beside an empty one, at many clients, on SQLite.
const (
	inviteTarget = 0.2
	getMeTarget  = 0.6
)

// comment is what an invitation says.
const comment = "Please look at the tray with me"

// requests measures single operations, by one client and by many.
func (b *bench) requests(ctx context.Context) error {
	return b.onDesk(ctx, func(ctx context.Context, x *deskLoad) error {
		for _, clients := range clientsOf(b.Clients) {
			b.tell("requests: %d at a time", clients)
			if err := x.requests(ctx, clients); err != nil {
				return err
			}
		}
		return nil
	})
}

func clientsOf(many int) []int {
	if many == 1 {
		return []int{1}
	}
	return []int{1, many}
}

// deskLoad is the load on a desk.
type deskLoad struct {
	*load
	b      *bench
	fcm    *fcm
	server *server
	people *people

	contacts sync.WaitGroup
	leave    context.CancelFunc // ends them
}

// onDesk serves the desk of --database while a part asks it.
func (b *bench) onDesk(ctx context.Context, do func(context.Context, *deskLoad) error) error {
	x, err := b.serveDesk(ctx, b.Database, b.people)
	if err != nil {
		return err
	}
	defer x.close()
	return do(ctx, x)
}

// serveDesk starts a server on a desk, with a load for it. Those without a device stay in contact with it.
func (b *bench) serveDesk(ctx context.Context, database string, people *people) (*deskLoad, error) {
	fcm, err := newFCM(0)
	if err != nil {
		return nil, err
	}
	s, err := b.serve(ctx, database, fcm)
	if err != nil {
		fcm.close()
		return nil, err
	}
	x := &deskLoad{load: newLoad(s, b.Clients), b: b, fcm: fcm, server: s, people: people}
	if err := x.contact(ctx); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// contact lets the server hear of everybody without a device, and goes on doing so until the load is closed.
func (x *deskLoad) contact(ctx context.Context) error {
	reps := x.people.inContact()
	hear := func(ctx context.Context, i int) error { return x.do(ctx, get("/v1/me", reps[i].token)) }
	if err := atTheSameTime(ctx, len(reps), hear); err != nil || len(reps) == 0 {
		return err
	}
	ctx, x.leave = context.WithCancel(ctx)
	x.contacts.Go(func() {
		turns := time.NewTicker(contactEvery / time.Duration(len(reps)))
		defer turns.Stop()
		for i := 0; ; i++ {
			select {
			case <-turns.C:
				_ = hear(ctx, i%len(reps)) // who is not heard of cannot be invited any more, and that is told
			case <-ctx.Done():
				return
			}
		}
	})
	return nil
}

func (x *deskLoad) close() {
	if x.leave != nil {
		x.leave()
	}
	x.contacts.Wait()
	x.load.close()
	x.server.stop()
	x.fcm.close()
}

// requests fills the rows of so many clients. The empty request is measured before the others and after them, since the
// machine may do other things meanwhile.
func (x *deskLoad) requests(ctx context.Context, clients int) error {
	m := &measured{x: x, ctx: ctx, clients: clients, of: map[string]*figures{}}
	m.repeat("healthz", func(int) call { return get("/healthz", "") })
	m.repeat("get-me", func(i int) call { return get("/v1/me", x.people.owners[i].token) })
	m.repeat("get-share-options", func(i int) call {
		return get("/v1/sessions/"+x.people.owners[i].sessions[0]+"/share", x.people.owners[i].token)
	})
	m.invitations()
	m.repeat("healthz", func(int) call { return get("/healthz", "") })
	if m.err != nil {
		return m.err
	}
	healthz := m.of["healthz"].rate()
	for _, name := range []string{"healthz", "get-me", "get-share-options", "invite", "invite, with push", "accept", "cancel"} {
		row := rated(name, clients, *m.of[name]).beside(healthz)
		if clients == x.b.Clients && !x.b.onPostgres() {
			row = withTarget(row)
		}
		x.b.row(row)
	}
	return nil
}

func withTarget(r Row) Row {
	switch r.Name {
	case "invite":
		return r.atLeast(r.Ratio, inviteTarget, "× healthz")
	case "get-me":
		return r.atLeast(r.Ratio, getMeTarget, "× healthz")
	}
	return r
}

// measured collects figures. After the first fault it measures nothing more.
type measured struct {
	x       *deskLoad
	ctx     context.Context
	clients int
	of      map[string]*figures
	err     error
}

// run measures under a name; "" is for what only prepares.
func (m *measured) run(name string, w work) {
	if m.err != nil {
		return
	}
	f, err := m.x.run(m.ctx, m.clients, w)
	if m.err = err; err != nil || name == "" {
		return
	}
	if m.of[name] == nil {
		m.of[name] = &figures{}
	}
	m.of[name].add(f)
}

func (m *measured) repeat(name string, what func(client int) call) {
	m.run(name, repeated(m.x.b.Lasts, what))
}

// short says whether something was not measured for long enough yet.
func (m *measured) short(name string) bool {
	return m.err == nil && (m.of[name] == nil || m.of[name].wall < m.x.b.Lasts)
}

// invitations measures inviting, cancelling and accepting in turn: a session has few seats, so what is measured next is
// prepared by what was measured before, or beside the measured time.
func (m *measured) invitations() {
	for m.short("invite") || m.short("cancel") {
		m.cancel("cancel", m.invite("invite", plain))
	}
	for m.short("invite, with push") {
		m.cancel("", m.invite("invite, with push", pushed))
	}
	for m.short("accept") {
		invited := m.invite("", plain)
		m.run("accept", listed(invited.calls(func(i invitation) call { return post("/v1/invitations/"+i.id+"/accept", i.rep.token) })))
		m.run("", listed(invited.calls(func(i invitation) call { return post("/v1/sessions/"+i.session+"/leave", i.rep.token) })))
	}
}

// invitation is one that was made.
type invitation struct {
	id, session string
	rep, owner  rep
}

// made are the invitations of each client.
type made [][]invitation

func (a made) calls(what func(invitation) call) [][]call {
	all := make([][]call, len(a))
	for client, invitations := range a {
		for _, i := range invitations {
			all[client] = append(all[client], what(i))
		}
	}
	return all
}

func plain(o *owner) []rep  { return o.plain[:] }
func pushed(o *owner) []rep { return o.pushed[:] }

// invite fills all seats of every client's sessions.
func (m *measured) invite(name string, whom func(*owner) []rep) made {
	all := make(made, m.clients)
	for client := range all {
		o := &m.x.people.owners[client]
		for _, session := range o.sessions {
			for _, r := range whom(o) {
				all[client] = append(all[client], invitation{session: session, rep: r, owner: o.rep})
			}
		}
	}
	m.run(name, func(client, n int) (call, bool) {
		if n >= len(all[client]) {
			return call{}, false
		}
		i := &all[client][n]
		return i.make(), true
	})
	return all
}

// make is the call that makes the invitation, and notes its id.
func (i *invitation) make() call {
	body, _ := json.Marshal(map[string]string{"rep_id": i.rep.id, "comment": comment})
	return call{method: http.MethodPost, path: "/v1/sessions/" + i.session + "/invitations", token: i.owner.token, body: string(body), status: http.StatusCreated,
		then: func(answer []byte) { i.id = idOf(answer) }}
}

func (i *invitation) cancel() call { return post("/v1/invitations/"+i.id+"/cancel", i.owner.token) }

func (m *measured) cancel(name string, invited made) {
	m.run(name, listed(invited.calls(func(i invitation) call { return i.cancel() })))
}
