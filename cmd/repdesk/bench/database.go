package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/repdesk/repdesk/store"
)

func (b *bench) onPostgres() bool { return store.IsPostgres(b.Database) }

// file names a temporary database.
func (b *bench) file(name string) string { return filepath.Join(b.folder, name+".db") }

// openSQL opens a database beside the store, for what it does not do: to look, and to fill in a past.
func openSQL(database string) (*sql.DB, error) {
	if store.IsPostgres(database) {
		return sql.Open("pgx", database)
	}
	return sql.Open("sqlite", store.SQLiteSource(database))
}

// refuseUsed refuses a database that holds anything: the load would stand in somebody's desk, or beside another program's tables.
func refuseUsed(ctx context.Context, database string) error {
	found, err := store.Inspect(ctx, database)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if found.Schema > 0 {
		return refuseRows(ctx, database, `SELECT (SELECT COUNT(*) FROM reps) + (SELECT COUNT(*) FROM teams) + (SELECT COUNT(*) FROM portals)`, "reps, teams and portals")
	}
	if store.IsPostgres(database) {
		return refuseRows(ctx, database, `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()`, "tables")
	}
	if _, err := os.Stat(database); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return refuseRows(ctx, database, `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'`, "tables")
}

func refuseRows(ctx context.Context, database, count, of string) error {
	db, err := openSQL(database)
	if err != nil {
		return err
	}
	defer db.Close()
	var rows int
	if err := db.QueryRowContext(ctx, count).Scan(&rows); err != nil {
		return err
	}
	if rows > 0 {
		return fmt.Errorf("the database holds %d %s: a benchmark needs an empty one", rows, of)
	}
	return nil
}

// beside makes an empty database for what would change the figures of the desk's own: a file, or a schema of the same
// PostgreSQL database. It is gone when the run ends.
func (b *bench) beside(ctx context.Context, name string) (string, error) {
	if !b.onPostgres() {
		return b.file(name), nil
	}
	u, err := url.Parse(b.Database)
	if err != nil {
		return "", err
	}
	schema := "repdesk_bench_" + name
	if err := b.execute(ctx, `CREATE SCHEMA `+schema); err != nil {
		return "", err
	}
	b.schemas = append(b.schemas, schema)
	parameters := u.Query()
	parameters.Set("search_path", schema)
	u.RawQuery = parameters.Encode()
	return u.String(), nil
}

func (b *bench) dropSchemas() (err error) {
	for _, schema := range b.schemas {
		err = errors.Join(err, b.execute(context.Background(), `DROP SCHEMA `+schema+` CASCADE`))
	}
	return err
}

// execute runs a statement on the desk's database.
func (b *bench) execute(ctx context.Context, statement string) error {
	db, err := openSQL(b.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}
