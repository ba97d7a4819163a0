package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	// growthTarget is how much longer a menu or list may take on the largest desk than on the smallest, on SQLite.
	growthTarget = 2
	// growthRounds are how often the desks are asked in turn, so that what else the machine does falls on all.
	growthRounds = 5
	// growthTeam is the size of the teams of such a desk.
	growthTeam = 25
	// growthAskers ask: an owner who may invite in its teams, and one who may outside of them.
	growthAskers = 2
)

// grown is a desk of one size: so many reps, and so many customers who wait in a queue.
type grown struct {
	*deskLoad
	size int
	took map[string]*figures
}

// growth measures the Share menu and the first page of a queue on desks of several sizes.
func (b *bench) growth(ctx context.Context) error {
	var desks []*grown
	defer func() {
		for _, g := range desks {
			g.close()
		}
	}()
	for _, size := range b.Sizes {
		b.tell("growth: a desk of %d reps, with as many in a queue", size)
		g, err := b.grow(ctx, size)
		if err != nil {
			return err
		}
		desks = append(desks, g)
	}
	for range growthRounds {
		for _, g := range desks {
			if err := g.measure(ctx, b.Lasts/growthRounds); err != nil {
				return err
			}
		}
	}
	for _, kind := range growthKinds {
		b.growthRows(desks, kind.name, kind.of)
	}
	return nil
}

// growthKinds are what is measured.
var growthKinds = []struct {
	name, of string
	asker    int // which owner asks: the second may invite outside of its teams
	path     func(owner) string
}{
	{"get-share-options", "reps", 0, menu},
	{"get-share-options, outside teams", "reps", 1, menu},
	{"list-queue-entries", "entries", 0, func(owner) string { return "/v1/queues/@t0/entries" }},
}

func menu(o owner) string { return "/v1/sessions/" + o.sessions[0] + "/share" }

func (b *bench) grow(ctx context.Context, size int) (*grown, error) {
	database, err := b.beside(ctx, fmt.Sprint("growth_", size))
	if err != nil {
		return nil, err
	}
	people, err := b.prepare(ctx, database, plan{reps: size, teams: max(growthAskers, size/growthTeam), owners: growthAskers, sessions: 1, farSighted: true}, nil)
	if err != nil {
		return nil, err
	}
	if err := fillQueue(ctx, database, people.owners[0].token, size); err != nil {
		return nil, err
	}
	x, err := b.serveDesk(ctx, database, people)
	return &grown{x, size, map[string]*figures{}}, err
}

// fillQueue has so many customers wait in the queue of the owner's team, who differ in all that it can be sorted by.
func fillQueue(ctx context.Context, database, token string, n int) error {
	s, err := open(ctx, database)
	if err != nil {
		return err
	}
	defer s.Close()
	caller, err := s.Authenticate(ctx, token)
	if err != nil {
		return err
	}
	return atTheSameTime(ctx, n, func(ctx context.Context, i int) error {
		customer := desk.Customer{Name: fmt.Sprint("Customer ", i*7919%10007), Company: fmt.Sprint("Firm ", i%997), Details: "The tray jams", Language: []string{"", "en", "de", "es-MX"}[i%4]}
		_, err := s.StartSession(ctx, caller, store.NewSession{Kind: desk.KindSupport, TeamID: "@t0", Priority: i % 7, Customer: customer})
		return err
	})
}

func (g *grown) measure(ctx context.Context, lasts time.Duration) error {
	for _, kind := range growthKinds {
		o := g.people.owners[kind.asker]
		f, err := g.run(ctx, 1, repeated(lasts, func(int) call { return get(kind.path(o), o.token) }))
		if err != nil {
			return err
		}
		if g.took[kind.name] == nil {
			g.took[kind.name] = &figures{}
		}
		g.took[kind.name].add(f)
	}
	return nil
}

// growthRows are the times on each size, and how much longer it takes on the largest.
func (b *bench) growthRows(desks []*grown, name, of string) {
	var p50 []time.Duration
	for _, g := range desks {
		f := g.took[name]
		p50 = append(p50, f.percentile(50))
		b.row(Row{Name: fmt.Sprintf("%s, %d %s", name, g.size, of), Clients: 1, Value: milliseconds(f.percentile(50)), Unit: "ms", P50: milliseconds(f.percentile(50)), P99: milliseconds(f.percentile(99))})
	}
	growth := Row{Name: name + ", growth", Value: float64(p50[len(p50)-1]) / float64(p50[0]), Unit: "×"}
	if !b.onPostgres() {
		growth = growth.atMost(growth.Value, growthTarget, "×")
	}
	b.row(growth)
}
