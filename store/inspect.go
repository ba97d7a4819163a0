package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Inspection is what a look at a database finds.
type Inspection struct {
	Engine   string        // "SQLite" or "PostgreSQL", with its version
	Exists   bool          // false: a file that a first start would make
	Schema   int64         // version of its tables; 0: there are none
	Newest   int64         // the version that this program makes of it
	Journal  string        // of SQLite: wal, as this program sets it, or another
	Latency  time.Duration // of one question to PostgreSQL
	Clock    time.Time     // of a database with a clock of its own, PostgreSQL's
	ServerID string        // "" before the first start
}

// Inspect looks at a database and leaves it as it is: it makes no table, and no file stays. That one can write to it it finds
// out by beginning a write and taking it back. An error says that the desk could not run on it.
func Inspect(ctx context.Context, database string) (Inspection, error) {
	d := dialectOf(database)
	if d.name == postgresDialect.name {
		return inspectPostgres(ctx, database)
	}
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return inspectFolder(ctx, filepath.Dir(database))
	}
	return inspectSQLite(ctx, database)
}

// inspectFolder is for a file that is not there yet: whether one can be made, and what would stand in it.
func inspectFolder(ctx context.Context, folder string) (Inspection, error) {
	probe, err := os.CreateTemp(folder, ".repdesk-*")
	if err != nil {
		return Inspection{}, err
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return Inspection{}, err
	}
	in, err := inspectSQLite(ctx, ":memory:")
	in.Exists = false
	return in, err
}

func inspectSQLite(ctx context.Context, file string) (in Inspection, err error) {
	db, err := sql.Open("sqlite", "file:"+escapeFile(file)+"?mode=rw&_pragma=busy_timeout(2000)")
	if err != nil {
		return in, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // a transaction is begun by hand
	if err := db.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&in.Engine); err != nil {
		return in, err
	}
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE name IN ('goose_db_version', 'settings')`).Scan(&tables); err != nil {
		return in, err
	}
	in.Exists = true
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&in.Journal); err != nil {
		return in, err
	}
	if err := inspectTables(ctx, db, sqliteDialect, tables == 2, &in); err != nil {
		return in, err
	}
	if _, err := db.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return in, fmt.Errorf("not writable: %w", err)
	}
	_, err = db.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	return in, err
}

func inspectPostgres(ctx context.Context, url string) (in Inspection, err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return in, err
	}
	defer db.Close()
	var tables, mayMake bool
	if err := db.QueryRowContext(ctx, `SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1), clock_timestamp(),
		to_regclass('goose_db_version') IS NOT NULL AND to_regclass('settings') IS NOT NULL,
		COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)`).Scan(&in.Engine, &in.Clock, &tables, &mayMake); err != nil {
		return in, err
	}
	begun := time.Now() // after connecting
	if err := db.PingContext(ctx); err != nil {
		return in, err
	}
	in.Exists, in.Latency = true, time.Since(begun)
	if err := inspectTables(ctx, db, postgresDialect, tables, &in); err != nil {
		return in, err
	}
	switch {
	case !mayMake && in.Schema < in.Newest:
		return in, errors.New("the account may not make tables in this database")
	case !tables:
		return in, nil
	}
	if _, err := db.ExecContext(ctx, `UPDATE settings SET value = value WHERE 1 = 0`); err != nil { // refused where one may not write
		return in, fmt.Errorf("not writable: %w", err)
	}
	return in, nil
}

// inspectTables reads the version of the tables, if they are there, and whose they are.
func inspectTables(ctx context.Context, db *sql.DB, d dialect, there bool, in *Inspection) error {
	provider, err := migrationsOf(db, d)
	if err != nil {
		return err
	}
	for _, source := range provider.ListSources() {
		in.Newest = max(in.Newest, source.Version)
	}
	if !there {
		return nil
	}
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&in.Schema); err != nil {
		return err
	}
	err = db.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = 'server_id'`).Scan(&in.ServerID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
