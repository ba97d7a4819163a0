// Package store keeps the desk's state: in a SQLite file with one server, in PostgreSQL with several.
//
// Each exported method is one transaction: it loads, asks a rule of package desk, saves, records the events and
// queues the deliveries that tell people, all or nothing. It takes the Caller, so that no handler can forget who asks.
// Refusals are *desk.Problem; any other error is a fault. HTTP does not belong here, nor does sending anything.
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/repdesk/repdesk/store/desk"
)

// storageRetryAfter is what a client is told to wait when the storage is full or away.
const storageRetryAfter = 2 * time.Second

// Config says where the state is. The zero value of each field but Database is usable.
type Config struct {
	Database string           // a file name, or a postgres:// URL
	Now      func() time.Time // nil: time.Now
	Logger   *slog.Logger     // nil: slog.Default()
	Password PasswordCost     // zero: OWASP's recommendation for argon2id
	// InvitesAMinute is how many invitations an owner may make a minute (B20); 0: desk.InvitesAMinute; less: any number.
	InvitesAMinute int
	// KeepEvents is how long events are kept for those who come back (H2); 0: desk.EventRetention. Less than
	// desk.LeastEventRetention is refused.
	KeepEvents time.Duration
	// DueByHand leaves it to the caller to do what is due by time, and to remove old rows, in a test whose clock jumps.
	DueByHand bool
	Metrics   prometheus.Registerer // where what the store counts is registered; nil: nowhere
	Prepared  func(sql string)      // told each statement that SQLite prepares, so that a test can look at its plan; nil: nobody
	// Wrote is told each statement that SQLite's writer runs, in their order, so that a benchmark can run the same ones without
	// the store; nil: nobody.
	Wrote func(sql string, args []any)

	over func(engine) engine // what a test of this package puts between the store and its engine; nil: nothing
}

// Store is the desk's state. Its methods may be called from many goroutines.
type Store struct {
	cfg      Config
	listens  atomic.Int64 // since when, in ms; nobody's connection counts as lost from before: then there was nothing to connect to
	log      *slog.Logger
	dialect  dialect
	engine   engine
	serverID string
	secret   []byte // signs the links in emails
	hub      *hub
	contacts contacts
	counts   queueCounts
	lines    queueLines
	callers  callers
	here     hereCounts
	uses     tokenUses
	ready    map[desk.Channel]chan struct{}
	metrics  *metrics
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// Open opens the database, brings its schema up to date and starts the store's housekeeping.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.InvitesAMinute == 0 {
		cfg.InvitesAMinute = desk.InvitesAMinute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.KeepEvents = cmp.Or(cfg.KeepEvents, desk.EventRetention); cfg.KeepEvents < desk.LeastEventRetention {
		return nil, fmt.Errorf("events kept for %s: less than %s would cut off who is away for a moment", cfg.KeepEvents, desk.LeastEventRetention)
	}
	s := &Store{cfg: cfg, log: cfg.Logger, dialect: dialectOf(cfg.Database), contacts: contacts{seen: map[string]contact{}, back: make(chan struct{}, 1)},
		ready: map[desk.Channel]chan struct{}{desk.ChannelFCM: make(chan struct{}, 1), desk.ChannelEmail: make(chan struct{}, 1)}}
	s.listens.Store(ms(cfg.Now()))
	s.metrics = newMetrics(cfg.Metrics)
	if err := s.openEngine(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.engine.close())
	}
	if cfg.Metrics != nil {
		cfg.Metrics.MustRegister(newStateMetrics(s))
	}
	return s, nil
}

func (s *Store) openEngine(ctx context.Context) (err error) {
	if s.dialect.name == "postgres" {
		s.engine, err = openPostgres(ctx, s.cfg.Database)
	} else {
		s.engine, err = openSQLite(ctx, s.cfg.Database, s.log, s.cfg.Prepared, s.cfg.Wrote)
	}
	if err == nil && s.cfg.over != nil {
		s.engine = s.cfg.over(s.engine)
	}
	return err
}

// prepare reads what the store keeps in memory and starts what runs beside the requests.
func (s *Store) prepare(ctx context.Context) (err error) {
	if s.serverID, err = s.setting(ctx, "server_id", func() string { return newID("srv_") }); err != nil {
		return err
	}
	secret, err := s.setting(ctx, "secret", func() string { return hex.EncodeToString(randomBytes(32)) })
	if err != nil {
		return err
	}
	if s.secret, err = hex.DecodeString(secret); err != nil {
		return fmt.Errorf("read setting secret: %w", err)
	}
	if err := s.RotateGrantKeys(ctx); err != nil {
		return err
	}
	if err := s.fillQueues(ctx); err != nil {
		return err
	}
	if err := s.setCopyAhead(ctx); err != nil {
		return fmt.Errorf("begin the copy's log: %w", err)
	}
	if s.hub, err = newHub(ctx, s); err != nil {
		return err
	}
	if err := s.findUntoldQueues(ctx); err != nil {
		return fmt.Errorf("look for queues that changed: %w", err)
	}
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() { s.hub.run(background) })
	s.running.Go(func() { s.housekeep(background) })
	if !s.cfg.DueByHand {
		s.running.Go(func() { s.removeOldRows(background) })
	}
	return nil
}

// Close writes what is only in memory yet, stops the housekeeping and closes the database.
func (s *Store) Close() error {
	s.stop()
	s.running.Wait()
	return s.engine.close()
}

// Ready says whether the storage answers and takes writes.
func (s *Store) Ready(ctx context.Context) error {
	return alter(ctx, s, func(t *tx) error {
		_, err := t.exec(`INSERT INTO settings (name, value) VALUES ('ready', $1) ON CONFLICT (name) DO UPDATE SET value = $1`, t.now.Format(time.RFC3339))
		return err
	})
}

// ServerID tells this desk from others: clients that know several keep their pushes apart by it.
func (s *Store) ServerID() string { return s.serverID }

// setting reads a setting, making it the first time.
func (s *Store) setting(ctx context.Context, name string, make func() string) (string, error) {
	return write(ctx, s, func(t *tx) (value string, err error) {
		if _, err = t.exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, make()); err != nil {
			return "", err
		}
		_, err = t.row(`SELECT value FROM settings WHERE name = $1`, []any{name}, &value)
		return value, err
	})
}

// newID makes an id that sorts by time (UUIDv7, RFC 9562), with a prefix that says what it names.
func newID(prefix string) string {
	id := uuid.Must(uuid.NewV7())
	return prefix + hex.EncodeToString(id[:])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

// drawText draws a text from crypto/rand, each character of the alphabet as likely as another. Bytes over the last whole
// multiple of the alphabet are drawn again: without that its first characters would come more often.
func drawText(alphabet string, length int) string {
	text := make([]byte, 0, length)
	for len(text) < length {
		if b := int(randomBytes(1)[0]); b < 256/len(alphabet)*len(alphabet) {
			text = append(text, alphabet[b%len(alphabet)])
		}
	}
	return string(text)
}

// ms is a time as it is stored.
func ms(t time.Time) int64 { return t.UnixMilli() }

// flag is a bool as it is stored.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// engine is the database behind the store. Both keep the same promise: a write that was answered without an error
// is on the disk, and one that was answered with an error changed nothing, but for what is inDoubt.
type engine interface {
	write(ctx context.Context, s *Store, fn func(*tx) error) error
	read(ctx context.Context, s *Store, fn func(*tx) error) error   // many statements, one state
	lookUp(ctx context.Context, s *Store, fn func(*tx) error) error // one statement, without a transaction around it
	close() error
}
