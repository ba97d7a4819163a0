// Package storetest gives tests a fresh store on each engine, a clock that they move by hand, and a small desk with
// people in it.
package storetest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// NewClock starts at a fixed time.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

// Each runs a test on a fresh store of each engine, as EachDatabase does.
func Each(t *testing.T, test func(t *testing.T, s *store.Store, clock *Clock), options ...func(*store.Config)) {
	t.Helper()
	EachDatabase(t, func(t *testing.T, database string) {
		clock := NewClock()
		test(t, Open(t, database, clock, options...), clock)
	})
}

// EachDatabase runs a test on a fresh database of each engine. Without PostgreSQL that half is skipped, and fails where CI is set.
func EachDatabase(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, Postgres(t))
	})
}

// AnyNumberOfInvites is an option for tests that invite more often than people may (B20).
func AnyNumberOfInvites(cfg *store.Config) { cfg.InvitesAMinute = -1 }

// Open opens a store that is closed when the test ends. Hashing is cheap in it, and the log goes to the test.
func Open(t testing.TB, database string, clock *Clock, options ...func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{Database: database, Now: clock.Now, Password: CheapPasswords, Prepared: remember, DueByHand: true,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	for _, option := range options {
		option(&cfg)
	}
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// CheapPasswords is a hashing cost for tests alone.
var CheapPasswords = store.PasswordCost{MemoryKiB: 64, Passes: 1}

// Organization is a small desk: three ordinary teams, an embassy, and issues of each kind. Everybody's password is
// Password.
const (
	Password     = "correct horse"
	Organization = `
portals:
  - {slug: main, name: Main}
  - {slug: quiet, name: Quiet, parent: main, sharing: "off"}
  - {slug: looking, name: Looking, parent: main, invite_ceiling: view}
  - {slug: open, name: Open, parent: main, sharing: all, customer_in_email: name}
teams:
  - {slug: printers, name: Printers}
  - {slug: network, name: Network}
  - {slug: night, name: Night shift, persistent: true}
  - {slug: acme, name: Acme field service, embassy: true}
reps:
  - {username: ana, password: correct horse, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead}, permissions: [share_outside_teams, extended_availability]}
  - {username: ben, password: correct horse, name: Ben Okafor, email: ben@example.com, teams: {printers: member}, permissions: [extended_availability]}
  - {username: cho, password: correct horse, name: Cho Min, email: cho@example.com, teams: {printers: member}, permissions: [extended_availability]}
  - {username: dev, password: correct horse, name: Dev Patel, email: dev@example.com, teams: {network: member}, permissions: [extended_availability]}
  - {username: eli, password: correct horse, name: Eli Stone, teams: {network: manager}}
  - {username: fay, password: correct horse, name: Fay Winter, email: fay@acme.example, teams: {acme: member}}
  - {username: gus, password: correct horse, name: Gus Adler, email: gus@acme.example, teams: {acme: member}, permissions: [extended_availability]}
  - {username: hal, password: correct horse, name: Hal Moss, role: administrator}
issues:
  - {slug: paper-jam, title: Paper jam, team: printers, request_help: true}
  - {slug: vpn, title: VPN, team: network, request_help: true}
  - {slug: firewall, title: Firewall, team: network, request_help: true, help_teams: [network]}
  - {slug: internal, title: Internal, team: network, request_help: false}
`
)

// Desk is a store with the Organization in it.
type Desk struct {
	*store.Store
	t testing.TB
}

// NewDesk loads the Organization.
func NewDesk(t testing.TB, s *store.Store) *Desk {
	t.Helper()
	if _, err := s.ImportOrganization(t.Context(), s.Operator(), []byte(Organization), false); err != nil {
		t.Fatal(err)
	}
	return &Desk{Store: s, t: t}
}

// LogIn logs a rep in on a new console without a push target.
func (d *Desk) LogIn(username string) desk.Caller {
	d.t.Helper()
	return d.LogInOn(username, desk.Device{})
}

// LogInWithPush logs a rep in on a device whose push target is the given one.
func (d *Desk) LogInWithPush(username, target string) desk.Caller {
	d.t.Helper()
	kind := "android"
	return d.LogInOn(username, desk.Device{Platform: &kind, DeviceID: &target, PushTarget: &target})
}

// LogInOn logs a rep in on a device.
func (d *Desk) LogInOn(username string, device desk.Device) desk.Caller {
	d.t.Helper()
	in, err := d.Store.LogIn(d.t.Context(), store.LogIn{Username: username, Password: Password, Device: device})
	if err != nil {
		d.t.Fatalf("log in %s: %v", username, err)
	}
	c, err := d.Authenticate(context.Background(), in.Token)
	if err != nil {
		d.t.Fatalf("authenticate %s: %v", username, err)
	}
	return c
}

// OpenSession starts a session in a portal and makes the caller its owner.
func (d *Desk) OpenSession(owner desk.Caller, portal string) desk.Session {
	d.t.Helper()
	s, _ := d.OpenSessionWithGuest(owner, portal)
	return s
}

// OpenSessionWithGuest is OpenSession, with the customer as a guest.
func (d *Desk) OpenSessionWithGuest(owner desk.Caller, portal string) (desk.Session, desk.Guest) {
	d.t.Helper()
	started, err := d.StartSession(d.t.Context(), owner, store.NewSession{PortalID: portal, Kind: "support", Customer: desk.Customer{Name: "Jo Doe", Company: "Doe Ltd", Details: "The tray jams"}})
	if err != nil {
		d.t.Fatalf("start session: %v", err)
	}
	guest, err := d.AuthenticateGuest(d.t.Context(), started.GuestToken)
	if err != nil {
		d.t.Fatalf("authenticate the customer: %v", err)
	}
	s, err := d.AcceptSession(d.t.Context(), owner, started.Session.ID)
	if err != nil {
		d.t.Fatalf("accept session: %v", err)
	}
	return s, guest
}

// statements are all that SQLite prepared in this process.
var statements sync.Map

func remember(sql string) { statements.Store(sql, true) }

// Statements lists every statement that the tests of this process ran on SQLite.
func Statements() (all []string) {
	for sql := range statements.Range {
		all = append(all, sql.(string))
	}
	slices.Sort(all)
	return all
}
