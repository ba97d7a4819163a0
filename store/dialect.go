package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/repdesk/repdesk/store/desk"
)

// dialect is all that differs between the engines. Everything else is one SQL text for both.
type dialect struct {
	name      string // sqlite, postgres
	goose     goose.Dialect
	forUpdate string // locks the rows that a SELECT returns until the transaction ends
	skip      string // the same, passing over rows that somebody else holds
	forShare  string // keeps them as they are, for several transactions at once
	forKey    string // keeps them from being deleted, and nothing else
	forDelete string // waits for all of these, and locks as deleting does
	turns     string // has the transactions that say the same $1 come one after the other; empty: all do
	events    string // the table of events with its way to give positions at commit
	// pollLog is how often the log is looked at for what other processes wrote.
	pollLog time.Duration
}

var sqliteDialect = dialect{
	name: "sqlite", goose: goose.DialectSQLite3, pollLog: 250 * time.Millisecond, // an import at most
	// One writer at a time: positions grow in the order of commits.
	events: `CREATE TABLE events (
		pos         INTEGER PRIMARY KEY AUTOINCREMENT,` + eventColumns,
}

var postgresDialect = dialect{
	name: "postgres", goose: goose.DialectPostgres, pollLog: 50 * time.Millisecond, // what happens on another server is told within 100 ms
	forUpdate: " FOR NO KEY UPDATE", forShare: " FOR SHARE", forKey: " FOR KEY SHARE", forDelete: " FOR UPDATE", skip: " FOR NO KEY UPDATE SKIP LOCKED",
	turns: `SELECT 1 FROM (SELECT pg_advisory_xact_lock(7237955, hashtext($1))) AS turn`,
	// A sequence is drawn before the commit, so a reader of "pos > last" would pass over rows that commit later.
	// The deferred trigger numbers them at commit, one committer at a time.
	events: `CREATE SEQUENCE events_pos;
	CREATE TABLE events (
		id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		pos         BIGINT,` + eventColumns + `;
	CREATE UNIQUE INDEX events_pos_once ON events (pos);
	CREATE FUNCTION number_event() RETURNS trigger LANGUAGE plpgsql AS $body$
	BEGIN
		PERFORM pg_advisory_xact_lock(7237954);
		UPDATE events SET pos = nextval('events_pos') WHERE id = NEW.id;
		RETURN NULL;
	END $body$;
	CREATE CONSTRAINT TRIGGER events_number AFTER INSERT ON events
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION number_event()`,
}

// eventColumns are the columns of events on both engines, and the end of its CREATE TABLE.
const eventColumns = `
		topic       TEXT NOT NULL,
		except_reps TEXT NOT NULL DEFAULT '',
		type        TEXT NOT NULL,
		body        TEXT NOT NULL,
		at          BIGINT NOT NULL
	);
	CREATE INDEX events_topic ON events (topic, pos)`

// dialectOf tells the engine by the look of the database setting: a postgres URL, else a file.
func dialectOf(database string) dialect {
	if IsPostgres(database) {
		return postgresDialect
	}
	return sqliteDialect
}

// IsPostgres says whether a database setting is a PostgreSQL URL and no file.
func IsPostgres(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// sqliteDSN opens a file with a busy time-out first (the other pragmas may need it), full durability, and temporary journals in
// memory (savepoints write one each). The writer has a page cache of 16 MiB. A larger one makes commits slower: when a tree's pages
// were split, SQLite looks through the whole cache at the commit, a third of its processor time with 64 MiB. Those who read have 4 MiB
// each: they are several, and the system has the pages too.
func sqliteDSN(file string, readOnly bool) string {
	pragmas := []string{"busy_timeout(5000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(on)", "temp_store(memory)", "wal_autocheckpoint(16384)"}
	if readOnly {
		pragmas = append(pragmas, "cache_size(-4096)", "query_only(on)")
	} else {
		pragmas = append(pragmas, "cache_size(-16384)")
	}
	return (&url.URL{Scheme: "file", Opaque: escapeFile(file), RawQuery: url.Values{"_pragma": pragmas}.Encode()}).String()
}

// SQLiteSource is how the store's writer opens a SQLite file, for who is to work on one by the same settings without the store:
// the data source for database/sql's driver "sqlite".
func SQLiteSource(file string) string { return sqliteDSN(file, false) }

// escapeFile keeps characters of a file name from being read as parts of a URI.
func escapeFile(file string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(file)
}

// storageProblem turns a fault of the storage that passes by itself, or by the operator's hand, into the refusal that
// clients are told; other errors it returns as they are. Faults are told by code, never by text.
func storageProblem(err error) error {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return storageRefusal(desk.StorageFull, err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
			return storageRefusal(desk.Unavailable, err)
		}
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "53": // insufficient resources; 53100 is a full disk
			if pg.Code == "53100" {
				return storageRefusal(desk.StorageFull, err)
			}
			return storageRefusal(desk.Unavailable, err)
		case "08", "40", "55", "57", "58": // connection, rollback, not available, operator, system
			return storageRefusal(desk.Unavailable, err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.As(err, &network) {
		return storageRefusal(desk.Unavailable, err) // the connection was cut
	}
	if errors.As(err, &connect) || errors.Is(err, sql.ErrConnDone) || pgconn.SafeToRetry(err) {
		return storageRefusal(desk.Unavailable, err)
	}
	return err
}

// storageError keeps the fault for the log behind the refusal for the client.
type storageError struct {
	problem *desk.Problem
	cause   error
}

func (e *storageError) Error() string   { return fmt.Sprintf("%s: %v", e.problem.Code, e.cause) }
func (e *storageError) Unwrap() []error { return []error{e.problem, e.cause} }

func storageRefusal(code desk.Code, cause error) error {
	p := desk.Refuse(code, "Nothing was changed.")
	if errors.As(cause, new(inDoubt)) {
		p.Detail = "The connection to the database broke while the change was written: it may have been made. Look before you repeat it, unless it had an Idempotency-Key."
	}
	p.RetryAfter = storageRetryAfter
	return &storageError{p, cause}
}

// mayRetry says whether PostgreSQL undid the transaction for reasons that a second run does not meet: serialization
// failure, deadlock, and a unique violation by a row that was not committed yet when this transaction looked for it.
func mayRetry(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "23505")
}
