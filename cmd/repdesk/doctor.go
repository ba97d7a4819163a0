package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	// checkTime bounds each check.
	checkTime = 5 * time.Second
	// The clock may be wrong by this much without harm, and by no more than this much at all: tokens and certificates are
	// good for minutes before and after.
	clockWarns, clockFails = 5 * time.Second, 5 * time.Minute
	// googleClock is asked for the time where pushes go to FCM.
	googleClock = "https://fcm.googleapis.com"
)

// doctorCommand looks at what "repdesk serve" would stand on with the same settings. It changes nothing and sends nothing,
// and may run beside the server.
type doctorCommand struct {
	serveCommand
}

// Help says what the lines mean.
func (doctorCommand) Help() string {
	return "Give it the flags and variables of serve. Each line says ok, warning or FAILED, and what to do; the exit code is 1 if anything FAILED. " +
		"Nothing is changed and nothing is sent: no migration, a dry run at FCM, a log-in at the mail server. It may run beside the server."
}

// Run checks one thing after the other, each to its end whatever became of those before.
func (c *doctorCommand) Run(ctx context.Context, to output) error {
	return (&doctor{settings: c.serveCommand, now: time.Now, bound: checkTime, resolver: net.DefaultResolver, google: googleClock}).run(ctx, to.out)
}

// doctor is one examination. What it has learnt in a check, later ones use.
type doctor struct {
	settings serveCommand
	now      func() time.Time
	bound    time.Duration // of each check
	resolver *net.Resolver
	roots    *x509.CertPool // whom to trust; nil: the system's
	google   string         // who is asked for the time, where no other server stands in FCM's place

	mu       sync.Mutex // a check that hangs goes on beside the next
	clocks   []reading
	serverID string
}

// reading is what another clock said, beside what ours said then.
type reading struct {
	whose        string
	theirs, ours time.Time
}

type verdict string

const (
	nothing verdict = "" // there is nothing to check
	fine    verdict = "ok"
	warning verdict = "warning"
	failed  verdict = "FAILED"
)

// finding is what a check says, in one line.
type finding struct {
	verdict verdict
	text    string
}

func okay(format string, args ...any) finding { return finding{fine, fmt.Sprintf(format, args...)} }
func warn(format string, args ...any) finding { return finding{warning, fmt.Sprintf(format, args...)} }
func fail(format string, args ...any) finding { return finding{failed, fmt.Sprintf(format, args...)} }

func (d *doctor) run(ctx context.Context, out io.Writer) error {
	d.settings.PublicURL = cmp.Or(d.settings.PublicURL, "http://"+d.settings.Listen)
	failures := 0
	for _, check := range []struct {
		name string
		run  func(context.Context) finding
	}{
		{"database", d.checkDatabase}, {"disk", d.checkDisk}, {"pushes", d.checkPushes}, {"emails", d.checkEmails},
		{"sender", d.checkSender}, {"public URL", d.checkPublicURL}, {"clock", d.checkClock},
	} {
		found := within(ctx, d.bound, check.run)
		switch found.verdict {
		case nothing:
			continue
		case failed:
			failures++
		}
		if _, err := fmt.Fprintf(out, "%-8s %-11s %s\n", found.verdict, check.name, oneLine(found.text)); err != nil {
			return err
		}
	}
	switch {
	case failures == 1:
		return errors.New("1 check failed")
	case failures > 1:
		return fmt.Errorf("%d checks failed", failures)
	}
	return nil
}

// within runs a check for a time at most, even where what it asks heeds no context.
func within(ctx context.Context, bound time.Duration, check func(context.Context) finding) finding {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	found := make(chan finding, 1)
	go func() { found <- check(ctx) }()
	select {
	case f := <-found:
		return f
	case <-ctx.Done():
	}
	select {
	case f := <-found: // it did heed the context
		return f
	case <-time.After(bound / 10):
		return fail("no answer within %s", bound)
	}
}

// userInfo is a log-in in a URL, or a password among its parameters; no error that we were given may show one. What stands
// before the last @ goes, for a password with an @ in it.
var userInfo = regexp.MustCompile(`(://)\S*@|(password=)[^\s&]*`)

// oneLine makes a line of what a library said, without passwords.
func oneLine(text string) string {
	return userInfo.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1$2")
}
