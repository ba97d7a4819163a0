package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/repdesk/repdesk/store"
)

// tellEvery is how often a long copy says how far it is.
const tellEvery = 2 * time.Second

// backupCommand copies a SQLite database, beside a server that may be running on it.
type backupCommand struct {
	File string `arg:"" type:"path" help:"The file to make. One that is there already is left alone."`
	databaseFlags
}

// Help says what the file is good for.
func (backupCommand) Help() string {
	return "The copy is the database as it stood at one moment, checked before it gets its name: \"serve --database FILE\" goes on with it. " +
		"It may be made beside the server. PostgreSQL is copied by its own pg_dump."
}

// Run says on the log how far it is, and at the end what was copied.
func (c *backupCommand) Run(ctx context.Context, to output) error {
	told := time.Now()
	in, err := store.Backup(ctx, c.Database, c.File, func(done, all int) {
		if time.Since(told) > tellEvery {
			told = time.Now()
			fmt.Fprintf(to.log, "copied %d of %d pages\n", done, all)
		}
	})
	switch {
	case errors.Is(err, store.ErrNotAFile):
		return errors.New("backup copies SQLite files; of PostgreSQL make one by pg_dump")
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already: name another file", c.File)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--database %s: %w", c.Database, err)
	case err != nil:
		return fmt.Errorf("backup: %w", err)
	}
	made, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(to.out, "%s: %s, tables of version %d, checked\n", c.File, humanize.IBytes(uint64(made.Size())), in.Schema)
	return err
}
