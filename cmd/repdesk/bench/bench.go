// Package bench measures how fast the desk is, and prints one table of it.
//
// The desk runs as a process of its own, as it does in earnest; clients, servers in the place of FCM and of the mail server, and the
// measuring are in this one. What matters is what a figure is beside another of the same run: what a request costs beside an empty one of the
// same server, what a write costs beside the same statements without the desk. That holds on other machines too.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// part is what can be measured by itself.
type part struct {
	name    string
	measure func(*bench, context.Context) error
}

// parts are in the order in which they are measured. Those that ask the desk of --database share it.
var parts = []part{
	{"requests", (*bench).requests}, {"told", (*bench).told}, {"pushes", (*bench).pushes}, {"commit", (*bench).commit},
	{"streams", (*bench).streams}, {"growth", (*bench).growth}, {"past", (*bench).past},
}

// partTime bounds each part. Filling in a million past invitations is the longest, a few minutes.
const partTime = 20 * time.Minute

// Config says what is measured.
type Config struct {
	Program  string        // the executable that serves
	Version  string        // of it, for the heading
	Database string        // a new file, or a postgres:// URL of an empty database; empty: a temporary file
	Reps     int           // of the desk
	Teams    int           // that they are in, evenly
	Clients  int           // that ask at the same time, beside the one that asks alone
	Sessions int           // that each client's owner has open, whose seats are filled and emptied in turn
	Lasts    time.Duration // how long each kind of request is asked
	Streams  int           // that are open at the same time
	Sizes    []int         // of desks and queues on which menus and lists are measured
	Past     int           // invitations that ended in the past
	Only     []string      // parts; empty: all
	Progress io.Writer     // is told what is being done
}

// bench is one run.
type bench struct {
	Config
	folder  string // of temporary files
	report  *Report
	schemas []string // made on PostgreSQL
	people  *people  // of the desk of --database
	mailbox *mailbox // of all who get emails
}

// Run measures, and returns the table. Nothing that it started, and no temporary file, is left afterwards.
func Run(ctx context.Context, cfg Config) (_ *Report, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	b := &bench{Config: cfg, report: &Report{}}
	if b.mailbox, err = newMailbox(); err != nil {
		return nil, err
	}
	defer b.mailbox.close()
	if b.folder, err = os.MkdirTemp("", "repdesk-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.dropSchemas(), os.RemoveAll(b.folder)) }()
	if b.Database == "" {
		b.Database = b.file("desk")
	}
	if err := refuseUsed(ctx, b.Database); err != nil {
		return nil, err
	}
	if b.report.Machine, err = b.machine(ctx); err != nil {
		return nil, err
	}
	return b.report, b.measure(ctx)
}

func (c *Config) check() error {
	names := []string{}
	for _, p := range parts {
		names = append(names, p.name)
	}
	for _, name := range c.Only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no part %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	switch {
	case c.Clients < 1 || c.Teams < c.Clients:
		return fmt.Errorf("%d teams for %d clients: each client's owner leads a team of its own", c.Teams, c.Clients)
	case c.Reps/c.Teams < leastTeam:
		return fmt.Errorf("%d reps in %d teams: a team needs %d, an owner and whom it invites", c.Reps, c.Teams, leastTeam)
	case c.Streams < 2 || c.Past < 1 || c.Sessions < 1 || c.Lasts <= 0 || len(c.Sizes) < 2 || !slices.IsSorted(c.Sizes) || c.Sizes[0] < growthAskers*leastTeam:
		return fmt.Errorf("too little to measure: 2 streams, 1 past invitation, 1 session, some time, and two sizes of at least %d, the smallest first, are needed", growthAskers*leastTeam)
	}
	return nil
}

func (b *bench) wants(part string) bool { return len(b.Only) == 0 || slices.Contains(b.Only, part) }

func (b *bench) measure(ctx context.Context) error {
	if err := b.bounded(ctx, "the desk", b.prepareDesk); err != nil {
		return err
	}
	for _, p := range parts {
		if !b.wants(p.name) {
			continue
		}
		if err := b.bounded(ctx, p.name, func(ctx context.Context) error { return p.measure(b, ctx) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) bounded(ctx context.Context, part string, do func(context.Context) error) error {
	ctx, stop := context.WithTimeoutCause(ctx, partTime, fmt.Errorf("not done after %s", partTime))
	defer stop()
	if err := do(ctx); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), err)
		}
		return fmt.Errorf("%s: %w", part, err)
	}
	return nil
}

// tell says on the log what is being done.
func (b *bench) tell(format string, args ...any) {
	fmt.Fprintf(b.Progress, format+"\n", args...)
}

// row adds to the table.
func (b *bench) row(rows ...Row) { b.report.Rows = append(b.report.Rows, rows...) }
