package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// each runs a test on a small desk on each engine, on both at the same time, after the function that calls it: one has SQLite busy
// while the other waits for PostgreSQL.
func each(t *testing.T, test func(t *testing.T, d *storetest.Desk, clock *storetest.Clock), options ...func(*store.Config)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		t.Parallel()
		test(t, storetest.NewDesk(t, s), clock)
	}, options...)
}

// refused checks that err is a refusal with the code, and returns it.
func refused(t *testing.T, err error, code desk.Code) *desk.Problem {
	t.Helper()
	var p *desk.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
	if p.Code != code {
		t.Fatalf("refused with %v, want %s", p, code)
	}
	return p
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A write that was answered is there; one whose caller gave up in time is not; none is told wrong.
func TestG7WritesAreToldTheTruth(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		var wg sync.WaitGroup
		var mu sync.Mutex
		said := map[string]error{}
		for i := range 200 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if i%3 == 0 {
					go cancel()
				}
				key := fmt.Sprintf("key-%d", i)
				_, err := d.StartSession(ctx, ana, store.NewSession{Kind: "support", ExternalKey: key, Customer: desk.Customer{Name: "Jo"}})
				mu.Lock()
				said[key] = err
				mu.Unlock()
			})
		}
		wg.Wait()
		for key, err := range said {
			found := must(d.Sessions(t.Context(), ana, store.SessionFilter{ExternalKey: key}, "", 10))
			if err == nil && len(found) != 1 {
				t.Errorf("%s was promised, and %d are there", key, len(found))
			}
			if errors.Is(err, context.Canceled) && len(found) != 0 && strings.HasSuffix(t.Name(), "sqlite") { // PostgreSQL may have committed before it heard of the end
				t.Errorf("%s was told cancelled, and is there", key)
			}
		}
	})
}

func TestI5SameKeySameAnswer(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "")
		key := func(body string) (context.Context, *store.Idempotency) {
			idem := &store.Idempotency{Caller: ana.RepID, Operation: "POST /x", Key: "0123456789abcdef0123", Body: []byte(body)}
			return store.WithIdempotency(t.Context(), idem), idem
		}
		invite := func(ctx context.Context) (desk.Invitation, error) {
			return d.Invite(ctx, ana, session.ID, store.NewInvitation{RepID: ben.RepID})
		}
		ctx, _ := key("a")
		first := must(invite(ctx))
		ctx, idem := key("a")
		again := must(invite(ctx))
		if again.ID != first.ID || !idem.Replayed {
			t.Errorf("replay gave %s (replayed %v), want %s", again.ID, idem.Replayed, first.ID)
		}
		ctx, _ = key("b")
		_, err := invite(ctx)
		refused(t, err, desk.IdempotencyKeyReused)
		_, err = invite(t.Context())
		refused(t, err, desk.AlreadyInvited)

		t.Run("a refusal is kept", func(t *testing.T) {
			idem := &store.Idempotency{Caller: ana.RepID, Operation: "POST /y", Key: "refused", Body: []byte("a")}
			ctx := store.WithIdempotency(t.Context(), idem)
			_, err := invite(ctx)
			refused(t, err, desk.AlreadyInvited)
			must(d.CancelInvitation(t.Context(), ana, first.ID))
			_, err = invite(ctx)
			p := refused(t, err, desk.AlreadyInvited)
			if !idem.Replayed || p.Conflict == nil || p.Conflict.ID != first.ID {
				t.Errorf("replayed refusal %+v, conflict %+v", p, p.Conflict)
			}
		})
		t.Run("a day later the key is new", func(t *testing.T) {
			clock.Advance(store.KeptFor + 1)
			ben := d.LogIn("ben")
			ctx, idem := key("a")
			fresh, err := d.Invite(ctx, ana, session.ID, store.NewInvitation{RepID: ben.RepID})
			if err != nil || idem.Replayed || fresh.ID == first.ID {
				t.Errorf("got %s, %v, replayed %v", fresh.ID, err, idem.Replayed)
			}
		})
	})
}

// Whoever sends the same key at the same time gets the same answer, and it happens once.
func TestI5SameKeyAtTheSameTime(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		ids := make(chan string, 20)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				ctx := store.WithIdempotency(t.Context(), &store.Idempotency{Caller: ana.RepID, Operation: "POST /x", Key: "k", Body: []byte("b")})
				s, err := d.StartSession(ctx, ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo"}})
				if err != nil {
					t.Error(err)
				}
				ids <- s.Session.ID
			})
		}
		wg.Wait()
		close(ids)
		first := <-ids
		for id := range ids {
			if id != first {
				t.Errorf("two answers to one key: %s, %s", id, first)
			}
		}
		if n := len(must(d.Sessions(t.Context(), ana, store.SessionFilter{}, "", 50))); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

// What was answered is there after the file is opened again.
func TestG7StateSurvivesARestart(t *testing.T) {
	file, clock := filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock()
	s, err := store.Open(t.Context(), store.Config{Database: file, Now: clock.Now, Password: storetest.CheapPasswords})
	if err != nil {
		t.Fatal(err)
	}
	d := storetest.NewDesk(t, s)
	ana := d.LogIn("ana")
	session := d.OpenSession(ana, "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := storetest.Open(t, file, clock)
	if got := must(again.Session(t.Context(), ana, session.ID)); got.State != desk.SessionActive {
		t.Errorf("state %s", got.State)
	}
	if again.ServerID() != s.ServerID() {
		t.Error("the server has another id")
	}
}
