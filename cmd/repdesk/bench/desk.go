package bench

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	seats = desk.MaxInvitedReps
	// leastTeam is an owner, and as many as a session seats of those who have no device and of those who have one.
	leastTeam = 1 + 2*seats
	// ownerTeams are the teams that an owner is in: the Share menu shows them all.
	ownerTeams = 3
	// atOnce is how much is prepared at the same time. The store hashes no more passwords than this at once.
	atOnce = 64
	// contactEvery is how often reps without a device let the server hear of them, as their consoles do: they would count as
	// offline after 80 s. It makes some 25 requests a second, beside thousands.
	contactEvery = 20 * time.Second
)

// password is everybody's. Hashing it is made cheap: a log-in is not what is measured.
const password = "correct horse"

var passwordCost = store.PasswordCost{MemoryKiB: 64, Passes: 1}

// plan is what a desk is made of.
type plan struct {
	reps, teams int
	owners      int  // of sessions, each the first of a team
	sessions    int  // of an owner
	farSighted  bool // the last owner may invite outside of its teams
}

// people are those of a desk who do something.
type people struct{ owners []owner }

// rep is somebody who is logged in.
type rep struct{ id, token string }

// owner is a rep with sessions open, and colleagues in a team.
type owner struct {
	rep
	sessions []string
	plain    [seats]rep // colleagues without a device to push to
	pushed   [seats]rep // and those with one
}

// open opens a store on a database, with all that is slow or limited for people's sake left out.
func open(ctx context.Context, database string, options ...func(*store.Config)) (*store.Store, error) {
	cfg := store.Config{Database: database, Logger: slog.New(slog.DiscardHandler), InvitesAMinute: -1, Password: passwordCost}
	for _, option := range options {
		option(&cfg)
	}
	return store.Open(ctx, cfg)
}

// prepareDesk makes the desk of --database, which several parts ask.
func (b *bench) prepareDesk(ctx context.Context) (err error) {
	if !b.wants("requests") && !b.wants("told") {
		return nil
	}
	b.people, err = b.prepare(ctx, b.Database, plan{reps: b.Reps, teams: b.Teams, owners: b.Clients, sessions: b.Sessions}, nil)
	return err
}

// prepare makes a desk on an empty database: the organisation, what between says, and then who is logged in and the sessions.
func (b *bench) prepare(ctx context.Context, database string, p plan, between func() error) (_ *people, err error) {
	s, err := open(ctx, database)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	b.tell("  %d reps in %d teams", p.reps, p.teams)
	if _, err := s.ImportOrganization(ctx, s.Operator(), []byte(p.organization()), false); err != nil {
		return nil, err
	}
	if between != nil {
		if err := between(); err != nil {
			return nil, err
		}
	}
	b.tell("  log-ins of them, and %d sessions", p.owners*p.sessions)
	return p.people(ctx, s)
}

// place is where a rep stands: in which team, and as the how manieth of it. Those who are left over are in the last.
func (p plan) place(i int) (team, nth int) {
	size := p.reps / p.teams
	team = min(i/size, p.teams-1)
	return team, i - team*size
}

// organization is the organisation file.
func (p plan) organization() string {
	var file strings.Builder
	file.WriteString("teams:\n")
	for i := range p.teams {
		fmt.Fprintf(&file, "  - {slug: t%[1]d, name: Team %[1]d}\n", i)
	}
	file.WriteString("reps:\n")
	for i := range p.reps {
		team, nth := p.place(i)
		teams, permissions := fmt.Sprintf("t%d: member", team), ""
		if team == 0 && nth == 1+seats { // the first who has a device is told by email too
			permissions = fmt.Sprintf(", email: r%d@example.com, permissions: [%s]", i, desk.ExtendedAvailability)
		}
		if nth == 0 {
			for k := 1; k < min(ownerTeams, p.teams); k++ {
				teams += fmt.Sprintf(", t%d: member", (team+k)%p.teams)
			}
			if p.farSighted && team == p.owners-1 {
				permissions = fmt.Sprintf(", permissions: [%s]", desk.ShareOutsideTeams)
			}
		}
		fmt.Fprintf(&file, "  - {username: r%[1]d, password: %[2]s, name: Rep %[1]d, teams: {%[3]s}%[4]s}\n", i, password, teams, permissions)
	}
	return file.String()
}

// people logs everybody in but one of five of those who do nothing, and opens the owners' sessions.
func (p plan) people(ctx context.Context, s *store.Store) (*people, error) {
	d := &people{owners: make([]owner, p.owners)}
	err := atTheSameTime(ctx, p.reps, func(ctx context.Context, i int) error {
		team, nth := p.place(i)
		if nth >= leastTeam && i%5 == 0 {
			return nil
		}
		r, err := logIn(ctx, s, i, nth > seats)
		if err != nil || team >= p.owners || nth >= leastTeam {
			return err
		}
		o := &d.owners[team]
		switch {
		case nth == 0:
			o.rep = r
		case nth <= seats:
			o.plain[nth-1] = r
		default:
			o.pushed[nth-1-seats] = r
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, atTheSameTime(ctx, p.owners, func(ctx context.Context, i int) error { return d.owners[i].openSessions(ctx, s, p.sessions) })
}

func logIn(ctx context.Context, s *store.Store, i int, push bool) (rep, error) {
	platform, target := "web", fmt.Sprintf("device-%d", i)
	device := desk.Device{Platform: &platform}
	if push {
		platform = "android"
		device.PushTarget = &target
	}
	in, err := s.LogIn(ctx, store.LogIn{Username: fmt.Sprintf("r%d", i), Password: password, Device: device})
	return rep{in.Rep.ID, in.Token}, err
}

func (o *owner) openSessions(ctx context.Context, s *store.Store, n int) error {
	caller, err := s.Authenticate(ctx, o.token)
	if err != nil {
		return err
	}
	for range n {
		started, err := s.StartSession(ctx, caller, store.NewSession{Kind: desk.KindSupport, Customer: desk.Customer{Name: "Jo Doe"}})
		if err == nil {
			_, err = s.AcceptSession(ctx, caller, started.Session.ID)
		}
		if err != nil {
			return err
		}
		o.sessions = append(o.sessions, started.Session.ID)
	}
	return nil
}

// inContact are those who have no device that would keep them logged in: the owners, and their plain colleagues.
func (d *people) inContact() (all []rep) {
	for _, o := range d.owners {
		all = append(append(all, o.rep), o.plain[:]...)
	}
	return all
}

// atTheSameTime does something for each number below n, some at a time, until one fails.
func atTheSameTime(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan int)
	var all sync.WaitGroup
	for range min(n, atOnce) {
		all.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	all.Wait()
	return context.Cause(ctx)
}
