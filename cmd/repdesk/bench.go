package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/repdesk/repdesk/cmd/repdesk/bench"
)

// benchCommand measures how fast the desk is. Its database is no setting: nobody's desk is meant.
type benchCommand struct {
	Database string   `placeholder:"FILE|URL" help:"A new SQLite file, or a postgres:// URL of an empty database, which stays. Left out: a temporary file."`
	Reps     int      `default:"5000" placeholder:"N" help:"Reps of the desk; default ${default}."`
	Teams    int      `default:"200" placeholder:"N" help:"Teams that they are in; default ${default}."`
	Clients  int      `default:"64" placeholder:"N" help:"Clients that ask at the same time, beside the one that asks alone; default ${default}."`
	Sessions int      `default:"10" placeholder:"N" help:"Sessions that each client has open, to invite into; default ${default}."`
	Seconds  float64  `default:"3" placeholder:"N" help:"How long each kind of request is measured; default ${default}."`
	Streams  int      `default:"10000" placeholder:"N" help:"Event streams that are open at the same time; default ${default}."`
	Sizes    []int    `default:"100,1000,10000" placeholder:"N" help:"Reps, and customers in a queue, with whom menus and lists are measured; default ${default}."`
	Past     int      `default:"1000000" placeholder:"N" help:"Invitations that ended in the past; default ${default}."`
	Only     []string `placeholder:"PART" help:"Measure only these parts, with commas between: requests, told, pushes, commit, streams, growth, past."`
	JSON     bool     `name:"json" help:"Print the table as JSON."`
}

// Help says what the figures are good for.
func (benchCommand) Help() string {
	return "It starts a server as a process of its own, with servers in the place of FCM and of the mail server, loads it, and prints one table, with the targets that it is held against; missing one is no error. " +
		"Figures say nothing about another machine, but ratios do: each is of two figures of the same run. Run it on a quiet machine; it takes some minutes, most of them for a million past invitations."
}

// Run prints the table alone on the output. What is being done stands on the log.
func (c *benchCommand) Run(ctx context.Context, to output) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	report, err := bench.Run(ctx, bench.Config{Program: program, Version: version(), Database: c.Database, Reps: c.Reps, Teams: c.Teams, Clients: c.Clients, Sessions: c.Sessions,
		Lasts: time.Duration(c.Seconds * float64(time.Second)), Streams: c.Streams, Sizes: c.Sizes, Past: c.Past, Only: c.Only, Progress: to.log})
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case err != nil:
		return err
	case c.JSON:
		return report.WriteJSON(to.out)
	}
	return report.WriteText(to.out)
}
