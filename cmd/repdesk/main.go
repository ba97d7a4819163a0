// Command repdesk runs the back end of a support desk's consoles.
//
// Here stands only what a program adds to the packages: flags, start and stop, and the demo. What the desk does is
// in api, store and push.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // reps name their time zone, and a container may not have the database

	"github.com/alecthomas/kong"
)

// program is the command line: the commands, whose fields are their flags.
type program struct {
	Serve   serveCommand   `cmd:"" help:"Serve the API, and send what there is to tell."`
	Demo    demoCommand    `cmd:"" help:"Serve a sample desk on a temporary database, and print a walk-through."`
	Doctor  doctorCommand  `cmd:"" help:"Look whether what serve needs works: database, pushes, emails, public URL, clock."`
	Import  importCommand  `cmd:"" help:"Load an organisation file into the database."`
	Backup  backupCommand  `cmd:"" help:"Copy the database into a file, while the server goes on."`
	Bench   benchCommand   `cmd:"" help:"Measure how fast the desk is on this machine, and print a table."`
	Token   tokenCommand   `cmd:"" help:"Make, list and revoke API tokens for scripts."`
	OpenAPI openAPICommand `cmd:"" name:"openapi" help:"Print the published contract as YAML."`
	Version versionCommand `cmd:"" help:"Print the program's version."`
}

// output is where a command writes: what it was asked for, and beside it the log.
type output struct{ out, log io.Writer }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "repdesk:", err)
		os.Exit(1)
	}
}

// run is the whole program, so that a test can start it.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	helped := false
	parser, err := kong.New(&program{}, kong.Name("repdesk"), kong.Description("The back end of a support desk's consoles."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }), kong.Resolvers(variables(getenv)), kong.ValueFormatter(withVariable),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(output{stdout, stderr}))
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	switch {
	case helped:
		return nil
	case err != nil:
		return err
	}
	return command.Run()
}
