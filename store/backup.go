package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// backupPages is how many pages are copied between two looks at the context, 4 MiB of them.
const backupPages = 1024

// isCopy is the setting by which a copy knows that it is one, until a store opens it.
const isCopy = "is_copy"

// ErrNotAFile says that a database cannot be copied by Backup: PostgreSQL has its own tools for that.
var ErrNotAFile = errors.New("the database is not a SQLite file")

// Backup copies the database, a SQLite file, into another file, while servers go on reading and writing it. The copy is the
// database as it stood at one moment after Backup began: what was acknowledged before stands in it. It is opened and
// checked, page by page and reference by reference, before it takes its name, so that a file of that name is a good one.
// A file that is there already is left alone, with fs.ErrExist. tell hears how many pages of how many are copied.
func Backup(ctx context.Context, database, file string, tell func(done, all int)) (Inspection, error) {
	if dialectOf(database).name != sqliteDialect.name {
		return Inspection{}, ErrNotAFile
	}
	if _, err := os.Stat(database); err != nil {
		return Inspection{}, err
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return Inspection{}, &fs.PathError{Op: "backup", Path: file, Err: errors.Join(err, fs.ErrExist)}
	}
	unfinished, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // for its owner alone: hashes and names of customers stand in it
	if err != nil {
		return Inspection{}, err
	}
	defer os.Remove(unfinished.Name())
	defer unfinished.Close()
	if err := copyDatabase(ctx, database, unfinished.Name(), tell); err != nil {
		return Inspection{}, fmt.Errorf("copy %s: %w", database, err)
	}
	if err := markCopy(ctx, unfinished.Name()); err != nil {
		return Inspection{}, fmt.Errorf("mark the copy: %w", err)
	}
	in, err := checkCopy(ctx, unfinished.Name())
	if err != nil {
		return Inspection{}, fmt.Errorf("check the copy: %w", err)
	}
	if err := unfinished.Sync(); err != nil {
		return Inspection{}, err
	}
	return in, keep(unfinished.Name(), file)
}

// keep gives the file its name, without taking it from another, and has the folder remember it. A file system without hard links
// has the name taken first.
func keep(unfinished, file string) error {
	if err := os.Link(unfinished, file); errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		taken, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(taken.Close(), os.Rename(unfinished, file)); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// copyDatabase copies within one read transaction. Without it SQLite would begin anew after each write of another process.
func copyDatabase(ctx context.Context, database, file string, tell func(done, all int)) error {
	db, err := sql.Open("sqlite", "file:"+escapeFile(database)+"?mode=rw&_pragma=busy_timeout(5000)&_pragma=query_only(on)")
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `BEGIN; SELECT COUNT(*) FROM sqlite_master`); err != nil {
		return err
	}
	err = conn.Raw(func(driver any) error {
		backup, err := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup("file:" + escapeFile(file))
		if err != nil {
			return err
		}
		return errors.Join(step(ctx, backup, tell), backup.Finish())
	})
	_, ended := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	return errors.Join(err, ended)
}

func step(ctx context.Context, backup *sqlite.Backup, tell func(done, all int)) error {
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if more, err = backup.Step(backupPages); err != nil {
			return err
		}
		tell(backup.PageCount()-backup.Remaining(), backup.PageCount())
	}
	return nil
}

// markCopy lets the store that opens the copy know that it is one.
func markCopy(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", "file:"+escapeFile(file)+"?mode=rw&_pragma=journal_mode(delete)")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ($1, '1') ON CONFLICT (name) DO NOTHING`, isCopy)
	return err
}

// setCopyAhead makes the log of a copy that is opened for the first time begin where no other of the same origin has come to, with
// nothing before it. Otherwise the copy would give the same positions as the original gave after it was made, to other
// events, and a client of then would miss these. By the second at which it is opened it differs from what another restoration of
// the same copy gave; 2^20 positions a second are more than are written, and stay exact in a double, as which some clients read
// them, until the year 2242.
func (s *Store) setCopyAhead(ctx context.Context) error {
	if s.dialect.name != sqliteDialect.name {
		return nil
	}
	return alter(ctx, s, func(t *tx) error {
		if found, err := t.row(`SELECT 1 FROM settings WHERE name = $1`, []any{isCopy}, new(int)); err != nil || !found {
			return err
		}
		_, last, err := t.logBounds()
		if err != nil {
			return err
		}
		begins := max(last+1<<20, t.now.Unix()<<20)
		if _, err := t.exec(`DELETE FROM sqlite_sequence WHERE name = 'events'`); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO sqlite_sequence (name, seq) VALUES ('events', $1)`, begins); err != nil {
			return err
		}
		if err := t.keepEventsAfter(begins); err != nil {
			return err
		}
		_, err = t.exec(`DELETE FROM settings WHERE name = $1`, isCopy)
		return err
	})
}

// checkCopy reads all of a copy, which nobody else has open, and looks whether it is whole.
func checkCopy(ctx context.Context, file string) (in Inspection, err error) {
	db, err := sql.Open("sqlite", "file:"+escapeFile(file)+"?mode=ro&immutable=1")
	if err != nil {
		return in, err
	}
	defer db.Close()
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return in, err
	}
	if found != "ok" {
		return in, errors.New(found)
	}
	var dangling int
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM pragma_foreign_key_check`).Scan(&dangling); err != nil {
		return in, err
	}
	if dangling > 0 {
		return in, fmt.Errorf("%d rows refer to rows that are not there", dangling)
	}
	in.Exists = true
	if err := inspectTables(ctx, db, sqliteDialect, true, &in); err != nil {
		return in, fmt.Errorf("it holds no desk: %w", err)
	}
	return in, nil
}
