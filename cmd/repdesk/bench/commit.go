package bench

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// commitTarget is how much of what bare SQLite does the store does.
const commitTarget = 0.7

// commit measures how many invitations a second the store writes without HTTP, and how many bare SQLite would.
//
// Bare SQLite runs what the store's writer ran while it wrote the same invitations: every statement, its reads
// and commits among them, with the same arguments and as many invitations in a commit, prepared, on one connection with the
// same settings, on a copy of the same file. So what is between the two figures is the store's own work: its rules, JSON,
// and handing each write to the writer and its answer back. All rows that are found are read, and nothing is made of them.
//
// The store is measured without being listened to; what it runs is recorded beside that, on another copy.
func (b *bench) commit(ctx context.Context) error {
	b.tell("commit: invitations without HTTP, %d at a time, and their statements without the store", b.Clients)
	c := &committing{b: b, ctx: ctx, template: b.file("commit")}
	var err error
	if c.people, err = b.prepare(ctx, c.template, plan{reps: b.Clients * leastTeam, teams: b.Clients, owners: b.Clients, sessions: b.Sessions}, nil); err != nil {
		return err
	}
	if err := c.record(); err != nil {
		return err
	}
	var byStore, bare figures
	for byStore.wall < b.Lasts {
		f, err := c.byStore()
		if err != nil {
			return err
		}
		byStore.add(f)
		if f, err = c.bare(); err != nil {
			return err
		}
		bare.add(f)
	}
	share := byStore.rate() / bare.rate()
	b.row(rated("store, invitations without HTTP", b.Clients, byStore),
		Row{Name: fmt.Sprintf("bare SQLite, the same statements, %.0f in a commit", c.batch()), Value: bare.rate(), Unit: "/s"},
		Row{Name: "store beside bare SQLite", Value: share, Unit: "×"}.atLeast(share, commitTarget, "×"))
	return nil
}

// committing is the desk whose invitations are written again and again, each time on a copy of the same file.
type committing struct {
	b        *bench
	ctx      context.Context
	template string
	people   *people
	ran      []statement
	copies   int
}

// statement is one that the writer ran.
type statement struct {
	sql  string
	args []any
}

// copied copies the desk's file.
func (c *committing) copied() (string, error) {
	c.copies++
	name := c.b.file(fmt.Sprint("commit_", c.copies))
	from, err := os.Open(c.template)
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return "", err
	}
	return name, to.Sync() // or the first commits would pay for it
}

// byStore has every owner fill the seats of its sessions.
func (c *committing) byStore() (figures, error) { return c.invite(func() {}) }

// record does the same, and keeps what the writer ran.
func (c *committing) record() error {
	var on atomic.Bool
	_, err := c.invite(func() { on.Store(true) }, func(cfg *store.Config) {
		cfg.Wrote = func(sql string, args []any) {
			if whole := len(c.ran) > 0 || strings.HasPrefix(sql, "BEGIN"); on.Load() && whole { // the writer may be within a transaction
				c.ran = append(c.ran, statement{sql, slices.Clone(args)})
			}
		}
	})
	return err
}

// invite has the invitations made on a copy of the desk. It calls begin when all is ready.
func (c *committing) invite(begin func(), options ...func(*store.Config)) (f figures, err error) {
	file, err := c.copied()
	if err != nil {
		return f, err
	}
	s, err := open(c.ctx, file, options...)
	if err != nil {
		return f, err
	}
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	owners, err := c.callers(s)
	if err != nil {
		return f, err
	}
	begin()
	took := make([][]time.Duration, len(owners))
	begun := time.Now()
	err = atTheSameTime(c.ctx, len(owners), func(ctx context.Context, i int) (err error) {
		took[i], err = c.people.owners[i].inviteAll(ctx, s, owners[i])
		return err
	})
	return figures{slices.Concat(took...), time.Since(begun)}, err
}

// callers are the owners. Their colleagues are in contact, as if by now: they may have logged in minutes ago.
func (c *committing) callers(s *store.Store) ([]desk.Caller, error) {
	owners := make([]desk.Caller, len(c.people.owners))
	for i, o := range c.people.owners {
		for k, r := range append([]rep{o.rep}, o.plain[:]...) {
			caller, err := s.Authenticate(c.ctx, r.token)
			if err != nil {
				return nil, err
			}
			s.Touch(caller)
			if k == 0 {
				owners[i] = caller
			}
		}
	}
	return owners, s.FlushContacts(c.ctx)
}

func (o *owner) inviteAll(ctx context.Context, s *store.Store, caller desk.Caller) (took []time.Duration, err error) {
	for _, session := range o.sessions {
		for _, r := range o.plain {
			begun := time.Now()
			if _, err := s.Invite(ctx, caller, session, store.NewInvitation{RepID: r.id, Comment: comment}); err != nil {
				return nil, err
			}
			took = append(took, time.Since(begun))
		}
	}
	return took, nil
}

// anInvitation is how the statement begins that runs once for each.
const anInvitation = "INSERT INTO invitations "

// batch is how many invitations shared a commit.
func (c *committing) batch() float64 {
	return float64(c.count(anInvitation)) / float64(c.count("COMMIT"))
}

func (c *committing) count(verb string) (n int) {
	for _, ran := range c.ran {
		if strings.HasPrefix(ran.sql, verb) {
			n++
		}
	}
	return n
}

// bare runs what was recorded, on a copy of the desk.
func (c *committing) bare() (f figures, err error) {
	file, err := c.copied()
	if err != nil {
		return f, err
	}
	db, err := openSQL(file)
	if err != nil {
		return f, err
	}
	defer db.Close()
	conn, err := db.Conn(c.ctx)
	if err != nil {
		return f, err
	}
	defer conn.Close()
	begun := time.Now()
	err = replay(conn, c.ran)
	return figures{make([]time.Duration, c.count(anInvitation)), time.Since(begun)}, err
}

// replay runs statements, each of them prepared once, as the store does: without a context that could interrupt them.
func replay(conn *sql.Conn, all []statement) error {
	prepared := map[string]*sql.Stmt{}
	for _, s := range all {
		stmt, known := prepared[s.sql]
		if !known {
			var err error
			if stmt, err = conn.PrepareContext(context.Background(), s.sql); err != nil {
				return err
			}
			defer stmt.Close()
			prepared[s.sql] = stmt
		}
		if err := s.run(stmt); err != nil {
			return fmt.Errorf("%w (in %.60q)", err, s.sql)
		}
	}
	return nil
}

// run reads to their end what rows there are.
func (s statement) run(stmt *sql.Stmt) error {
	if !strings.HasPrefix(s.sql, "SELECT") && !strings.Contains(s.sql, "RETURNING") {
		_, err := stmt.Exec(s.args...)
		return err
	}
	rows, err := stmt.Query(s.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}
