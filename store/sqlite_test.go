package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// openFile opens a store on a new SQLite file, whose writer waits for no lock.
func openFile(t *testing.T) (*Store, *sqliteEngine, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "repdesk.db")
	s, err := Open(t.Context(), Config{Database: file, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	pragma(t, s, "busy_timeout = 1")
	return s, s.engine.(*sqliteEngine), file
}

// pragma sets something on the writer's connection.
func pragma(t *testing.T, s *Store, set string) {
	t.Helper()
	if err := put(t.Context(), s, "pragma "+set, func(t *tx) error {
		return t.rows("PRAGMA "+set, nil, func(scanner) error { return nil })
	}); err != nil {
		t.Fatal(err)
	}
}

// put writes a setting, after doing something more in the same transaction.
func put(ctx context.Context, s *Store, name string, more func(*tx) error) error {
	_, err := write(ctx, s, func(t *tx) (struct{}, error) {
		if _, err := t.exec(`INSERT INTO settings (name, value) VALUES ($1, 'x') ON CONFLICT (name) DO NOTHING`, name); err != nil {
			return struct{}{}, err
		}
		if more == nil {
			return struct{}{}, nil
		}
		return struct{}{}, more(t)
	})
	return err
}

func there(t *testing.T, s *Store, name string) bool {
	t.Helper()
	found, err := read(t.Context(), s, func(t *tx) (bool, error) {
		return t.row(`SELECT 1 FROM settings WHERE name = $1`, []any{name}, new(int))
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// batch runs writes that all come into one commit, and returns what each was told: the writer is held until they wait.
func batch(t *testing.T, s *Store, e *sqliteEngine, n int, more func(i int) func(*tx) error) []error {
	t.Helper()
	started, gate := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = put(context.Background(), s, "gate", func(*tx) error {
			close(started)
			<-gate
			return nil
		})
	})
	<-started
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = put(context.Background(), s, fmt.Sprint("write ", i), more(i)) })
	}
	for len(e.queue) < n {
		runtime.Gosched()
	}
	close(gate)
	wg.Wait()
	return errs
}

// code is the refusal that err is; other errors are "fault".
func code(err error) desk.Code {
	var p *desk.Problem
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.Code
	}
	return "fault"
}

// works checks that the store writes and reads again, on the same connections.
func works(t *testing.T, s *Store) {
	t.Helper()
	for i := range 3 {
		name := fmt.Sprint("afterwards ", i)
		if err := put(t.Context(), s, name, nil); err != nil || !there(t, s, name) {
			t.Fatalf("the service does not resume: %v", err)
		}
	}
}

// One bad write in a batch harms no other, whatever is bad about it.
func TestWriterOneBadWriteHarmsNoOther(t *testing.T) {
	for name, bad := range map[string]func(*tx) error{
		"a refusal":           func(*tx) error { return desk.Refuse(desk.NotAllowed, "no") },
		"a panic":             func(*tx) error { panic("boom") },
		"a statement's error": func(t *tx) error { _, err := t.exec("INSERT INTO nowhere VALUES (1)"); return err },
		"an error swallowed": func(t *tx) error {
			_, _ = t.exec("INSERT INTO nowhere VALUES (1)")
			_, _ = t.exec(`INSERT INTO settings (name, value) VALUES ('after an error', 'x')`)
			return nil
		},
		"a panic between rows": func(t *tx) error {
			return t.rows("SELECT name FROM settings", nil, func(scanner) error { panic("boom") })
		},
		"the transaction lost": func(t *tx) error { // as a full disk can undo it
			_, err := t.exec(`INSERT OR ROLLBACK INTO settings (name, value) VALUES ('server_id', 'x')`)
			return err
		},
		"a commit that fails": func(t *tx) error { // a foreign key that is checked at the commit alone
			if err := t.rows("PRAGMA defer_foreign_keys = on", nil, func(scanner) error { return nil }); err != nil {
				return err
			}
			_, err := t.exec(`INSERT INTO issues (id, slug, title, team_id) VALUES ('iss_x', 'x', 'X', 'team_none')`)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, e, _ := openFile(t)
			const n = 20
			errs := batch(t, s, e, n, func(i int) func(*tx) error {
				if i == 7 {
					return bad
				}
				return nil
			})
			for i, err := range errs {
				if written := there(t, s, fmt.Sprint("write ", i)); (err == nil) != written || (i == 7) != (err != nil) {
					t.Errorf("write %d: told %v, there: %v", i, err, written)
				}
			}
			if there(t, s, "after an error") {
				t.Error("a statement ran after the error")
			}
			works(t, s)
		})
	}
}

// A write that is refused before it has changed anything costs the others of its batch nothing.
func TestWriterRefusalBeforeAnyChange(t *testing.T) {
	s, e, _ := openFile(t)
	var ran atomic.Int64
	var refusals sync.WaitGroup
	errs := batch(t, s, e, 20, func(i int) func(*tx) error {
		if i%2 == 0 {
			refusals.Go(func() {
				if err := alter(context.Background(), s, func(t *tx) error {
					ran.Add(1)
					_, err := t.exists("SELECT 1 FROM settings")
					return errors.Join(err, desk.Refuse(desk.NotAllowed, "no"))
				}); code(err) != desk.NotAllowed {
					t.Errorf("refused with %v", err)
				}
			})
		}
		return func(*tx) error { ran.Add(1); return nil }
	})
	refusals.Wait()
	for i, err := range errs {
		if err != nil || !there(t, s, fmt.Sprint("write ", i)) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	apart := false
	if err := put(t.Context(), s, "look", func(*tx) error { _, apart = e.writer.stmts["SAVEPOINT one"]; return nil }); err != nil || apart || ran.Load() != 30 {
		t.Errorf("the batch ran again: %d runs of 30 writes", ran.Load())
	}
}

// A write alone that is refused after it has changed something is undone, and does not run again.
func TestWriterRefusedAlone(t *testing.T) {
	s, _, _ := openFile(t)
	ran := 0
	if err := put(t.Context(), s, "refused", func(*tx) error { ran++; return desk.Refuse(desk.NotAllowed, "no") }); code(err) != desk.NotAllowed || ran != 1 || there(t, s, "refused") {
		t.Errorf("ran %d times: %v", ran, err)
	}
	works(t, s)
}

// While another process holds the file, writers are told to come again, all at once, and readers go on.
func TestWriterLockedByAnotherProcess(t *testing.T) {
	s, _, file := openFile(t)
	other, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	told := make([]error, 50)
	var wg sync.WaitGroup
	for i := range told {
		wg.Go(func() { told[i] = put(context.Background(), s, fmt.Sprint("locked ", i), nil) })
	}
	wg.Wait()
	for i, err := range told {
		var p *desk.Problem
		if !errors.As(err, &p) || p.Code != desk.Unavailable || p.RetryAfter == 0 || there(t, s, fmt.Sprint("locked ", i)) {
			t.Fatalf("write %d: told %v", i, err)
		}
	}
	if err := s.Ready(t.Context()); code(err) != desk.Unavailable {
		t.Errorf("ready: %v", err)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	works(t, s)
}

// A full disk: those whose write did not fit are told storage_full, the others are kept, and with room the service
// resumes.
func TestWriterFullDisk(t *testing.T) {
	s, e, _ := openFile(t)
	pages := func() (n int) {
		if err := put(t.Context(), s, "pages", func(t *tx) error { _, err := t.row("PRAGMA page_count", nil, &n); return err }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	pragma(t, s, fmt.Sprintf("max_page_count = %d", pages()+20)) // 80 KiB
	big := strings.Repeat("x", 30_000)
	errs := batch(t, s, e, 20, func(i int) func(*tx) error {
		if i%2 == 0 {
			return nil
		}
		return func(t *tx) error {
			_, err := t.exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, fmt.Sprint("big ", i), big)
			return err
		}
	})
	full := 0
	for i, err := range errs {
		if code(err) == desk.StorageFull {
			full++
		} else if err != nil {
			t.Errorf("write %d: %v", i, err)
		}
		if written := there(t, s, fmt.Sprint("write ", i)); written != (err == nil) {
			t.Errorf("write %d: told %v, there: %v", i, err, written)
		}
		if i%2 == 0 && err != nil {
			t.Errorf("small write %d: %v", i, err)
		}
	}
	if full < 5 || full > 9 {
		t.Errorf("%d of 10 big writes did not fit", full)
	}
	pragma(t, s, "max_page_count = 1000000")
	works(t, s)
	if err := put(t.Context(), s, "room", func(t *tx) error {
		_, err := t.exec(`INSERT INTO settings (name, value) VALUES ('big again', $1)`, big)
		return err
	}); err != nil {
		t.Errorf("with room: %v", err)
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	s, _, _ := openFile(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), s, "late", nil); code(err) != desk.Unavailable {
		t.Errorf("write: %v", err)
	}
	for range readers + 1 {
		if _, err := s.LastEvent(t.Context()); code(err) != desk.Unavailable {
			t.Errorf("read: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// The readers' connections survive panics, and cannot write.
func TestReaderSurvivesPanics(t *testing.T) {
	s, _, _ := openFile(t)
	for range readers * 2 {
		_, err := read(t.Context(), s, func(t *tx) (bool, error) {
			return false, t.rows("SELECT name FROM settings", nil, func(scanner) error { panic("boom") })
		})
		if code(err) != "fault" {
			t.Fatal(err)
		}
	}
	works(t, s)
	_, err := read(t.Context(), s, func(t *tx) (int64, error) { return t.exec(`DELETE FROM settings`) })
	if err == nil || !there(t, s, "server_id") {
		t.Errorf("a reader wrote: %v", err)
	}
}
