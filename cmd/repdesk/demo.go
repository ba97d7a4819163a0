package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

//go:embed demo
var demoFiles embed.FS

// demoCommand shows the desk to somebody who has nothing but the program: real requests on a real database, and a
// page in place of phones and mailboxes. All of it is gone when it ends.
type demoCommand struct {
	listenFlags
	LogLevel slog.Level `group:"Log" default:"warn" help:"Least level that is logged: debug, info, warn, error."`
}

func (c *demoCommand) Run(ctx context.Context, to output) error {
	listener, err := listen(ctx, "--listen", c.Listen)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "repdesk-demo-")
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer os.RemoveAll(folder)
	log := logFlags{LogLevel: c.LogLevel}.logger(to.log)
	sample, err := openSample(ctx, filepath.Join(folder, "demo.db"), log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return sample.serve(ctx, listener, to.out, log)
}

func openSample(ctx context.Context, database string, log *slog.Logger) (*sample, error) {
	s, err := store.Open(ctx, store.Config{Database: database, Logger: log, Password: demoPasswords})
	if err != nil {
		return nil, err
	}
	sample, err := newSample(ctx, s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return sample, nil
}

// serve is what "repdesk serve" does, but for an outbox in place of FCM and SMTP.
func (d *sample) serve(ctx context.Context, listener net.Listener, out io.Writer, log *slog.Logger) error {
	url := addressURL(listener.Addr())
	shown := newOutbox(d.store, d.callers, ctx.Done())
	kept := &push.Kept{Mail: push.MailConfig{PublicURL: url, Name: "repdesk demo"}, Logger: log, Keep: shown.keep}
	service := newService(serviceConfig{store: d.store, listener: listener, publicURL: url, name: "repdesk demo", log: log, demo: shown.handler(),
		senders: map[desk.Channel]push.Sender{desk.ChannelFCM: kept, desk.ChannelEmail: kept}, channels: []desk.Channel{desk.ChannelFCM, desk.ChannelEmail}})
	d.printWalkThrough(out, url)
	return service.run(ctx)
}

// printWalkThrough prints the commands of the documentation with the addresses, ids and tokens of this run.
func (d *sample) printWalkThrough(w io.Writer, url string) {
	steps, err := demoFiles.ReadFile("demo/walkthrough.sh")
	if err != nil { // it is part of the program
		panic(err)
	}
	real := strings.NewReplacer("$URL", url, "$ANA", d.ana.Token, "$BEN", d.ben.Token, "$SESSION", d.session.ID)
	fmt.Fprintf(w, `A sample desk runs at %[1]s, on a database that is removed when you stop it (Ctrl-C).
What phones and mailboxes would show:  %[1]s/demo/outbox
Where customers come in:               %[1]s/p/main
Where specialists do:                  %[1]s/join
All operations:                        %[1]s/docs

Open the outbox in a browser, and paste these lines, one after the other, into a second terminal:

%[2]s
Everybody's password is %[3]q; the names are ana, ben, cho, dev and eight more.
`, url, real.Replace(string(steps)), demoPassword)
}
