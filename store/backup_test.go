package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// backupDesk is a desk in a file, with sessions in it.
func backupDesk(t *testing.T) (s *store.Store, d *storetest.Desk, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "repdesk.db")
	s = storetest.Open(t, file, storetest.NewClock())
	return s, storetest.NewDesk(t, s), file
}

// TestBackupUnderLoad: what was acknowledged before a copy begins stands in it, however much is written meanwhile, and
// the copy is a desk that a server can go on with.
func TestBackupUnderLoad(t *testing.T) {
	s, d, file := backupDesk(t)
	ana := d.LogIn("ana")
	for range 50 {
		d.OpenSession(ana, "@main")
	}
	before := sessions(t, s, ana)
	copied := filepath.Join(t.TempDir(), "copy.db")
	stop, started := make(chan struct{}), make(chan struct{})
	var writers sync.WaitGroup
	var once sync.Once
	for range 4 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					d.OpenSession(ana, "@main")
					once.Do(func() { close(started) })
				}
			}
		})
	}
	<-started
	var last int
	in, err := store.Backup(t.Context(), file, copied, func(done, all int) {
		if done < last || done > all {
			t.Errorf("copied %d of %d pages, after %d: it began anew", done, all, last)
		}
		last = done
	})
	close(stop)
	writers.Wait()
	if err != nil || in.ServerID == "" || in.Schema != in.Newest {
		t.Fatalf("%+v, %v", in, err)
	}
	restored := storetest.Open(t, copied, storetest.NewClock())
	if got, after := sessions(t, restored, ana), sessions(t, s, ana); got < before || got > after {
		t.Errorf("%d sessions in the copy; %d when it began, %d after it", got, before, after)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: others may read it", info.Mode(), err)
	}
}

// TestH2CopyBeginsAnewForStreams: no position that the original gave is good on the copy, not even once the copy's log is as
// long, and what happens on the copy is told after the position at which it says that it stands.
func TestH2CopyBeginsAnewForStreams(t *testing.T) {
	s, d, file := backupDesk(t)
	ana := d.LogIn("ana")
	d.OpenSession(ana, "@main")
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := store.Backup(t.Context(), file, copied, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	d.OpenSession(ana, "@main")
	lost, err := s.LastEvent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	another := filepath.Join(t.TempDir(), "another.db") // the same copy, which goes into service later once more
	text, err := os.ReadFile(copied)
	ok(t, err)
	ok(t, os.WriteFile(another, text, 0o600))
	restored := storetest.Open(t, copied, clock)
	begins, err := restored.LastEvent(t.Context())
	if err != nil || begins <= lost {
		t.Fatalf("the copy begins after %d, where the original came to %d: %v", begins, lost, err)
	}
	sub, err := restored.Subscribe(t.Context(), ana)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	again := storetest.Desk{Store: restored}
	clock.Advance(5 * 24 * time.Hour)
	if _, err := again.StartSession(t.Context(), ana, store.NewSession{PortalID: "@main", Kind: "support", Customer: desk.Customer{Name: "Jo Doe"}}); err != nil {
		t.Fatal(err)
	}
	var refused *desk.Problem
	if _, err := sub.Read(t.Context(), lost, nil, 10); !errors.As(err, &refused) || refused.Code != desk.CursorTooOld {
		t.Errorf("after %d of the original: %v", lost, err)
	}
	if events, err := sub.Read(t.Context(), begins, nil, 10); err != nil || len(events.Items) == 0 {
		t.Errorf("after its own beginning: %v, %v", events, err)
	}
	reached, err := restored.LastEvent(t.Context())
	ok(t, err)
	if twice, err := storetest.Open(t, another, clock).LastEvent(t.Context()); err != nil || twice <= reached {
		t.Errorf("the second restoration begins after %d, where the first came to %d: %v", twice, reached, err)
	}
	clock.Advance(5 * 24 * time.Hour) // what was copied grows old, and is removed
	ok(t, restored.RemoveOldRows(t.Context()))
	if _, err := sub.Read(t.Context(), lost, nil, 10); !errors.As(err, &refused) || refused.Code != desk.CursorTooOld {
		t.Errorf("after %d of the original, ten days later: %v", lost, err)
	}
}

// TestBackupRefuses, and leaves nothing behind.
func TestBackupRefuses(t *testing.T) {
	_, _, file := backupDesk(t)
	notes := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(notes, []byte("this is no database, and long enough not to be taken for an empty one"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name           string
		ctx            context.Context
		database, file string
		fails          error
	}{
		{"PostgreSQL", t.Context(), "postgres://127.0.0.1/repdesk", "copy.db", store.ErrNotAFile},
		{"no database", t.Context(), filepath.Join(t.TempDir(), "none.db"), "copy.db", fs.ErrNotExist},
		{"a file that is there", t.Context(), file, notes, fs.ErrExist},
		{"no folder", t.Context(), file, "none/copy.db", fs.ErrNotExist},
		{"cancelled", gone, file, "copy.db", context.Canceled},
		{"what is no database", t.Context(), notes, "copy.db", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			to := test.file
			if !filepath.IsAbs(to) {
				to = filepath.Join(folder, to)
			}
			if _, err := store.Backup(test.ctx, test.database, to, func(int, int) {}); err == nil || test.fails != nil && !errors.Is(err, test.fails) {
				t.Errorf("%v, want %v", err, test.fails)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	if text, err := os.ReadFile(notes); err != nil || len(text) != 69 {
		t.Errorf("the file that was there is %q, %v", text, err)
	}
}

// TestBackupOfADamagedFile is refused: a copy of it would be found out only when it is needed.
func TestBackupOfADamagedFile(t *testing.T) {
	s, d, file := backupDesk(t)
	for ana := d.LogIn("ana"); pagesOf(t, file) < 200; {
		d.OpenSession(ana, "@main")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, file)
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := store.Backup(t.Context(), file, copied, func(int, int) {}); err == nil {
		t.Error("copied as if it were whole")
	}
	if _, err := os.Stat(copied); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy has its name: %v", err)
	}
}

// pagesOf is how many pages of 4 KiB the file and its log have.
func pagesOf(t *testing.T, file string) int64 {
	t.Helper()
	size := int64(0)
	for _, part := range []string{file, file + "-wal"} {
		info, err := os.Stat(part)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	return size / 4096
}

// damage writes over pages in the middle of a file.
func damage(t *testing.T, file string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	for at := size / 4 / 4096 * 4096; at < size; at += 16 * 4096 {
		if _, err := f.WriteAt(bytes.Repeat([]byte("7"), 512), at); err != nil {
			t.Fatal(err)
		}
	}
}

// sessions is how many sessions ana sees.
func sessions(t *testing.T, s *store.Store, ana desk.Caller) (n int) {
	t.Helper()
	for after := ""; ; {
		list, err := s.Sessions(t.Context(), ana, store.SessionFilter{}, after, 200)
		if err != nil {
			t.Fatal(err)
		}
		n += len(list)
		if len(list) < 200 {
			return n
		}
		after = list[len(list)-1].ID
	}
}
