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

// copyAhead is how far the log of a copy begins above the original's end: more events than a desk has between two copies, and so
// few that positions stay exact in a double, as which some clients read them, for two million restorations.
const copyAhead = 1 << 32

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
	if err := setAhead(ctx, unfinished.Name()); err != nil {
		return Inspection{}, fmt.Errorf("set the copy's log ahead: %w", err)
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

// keep gives the file its name, without taking it from another, and has the folder remember it.
func keep(unfinished, file string) error {
	if err := os.Link(unfinished, file); err != nil {
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

// setAhead makes the log of a copy begin where the original's never came to, with nothing before it. Otherwise the copy would give
// the same positions as the original gave after it was made, to other events, and a client of then would miss these.
func setAhead(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", "file:"+escapeFile(file)+"?mode=rw&_pragma=journal_mode(delete)")
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, statement := range []string{
		`INSERT INTO sqlite_sequence (name, seq) SELECT 'events', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')`,
		`UPDATE sqlite_sequence SET seq = seq + ` + fmt.Sprint(copyAhead) + ` WHERE name = 'events'`,
		`INSERT INTO settings (name, value) SELECT 'events_kept_after', CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = 'events'
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
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
