package repdesk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
)

func TestRefusalsAreTypedErrors(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	d.logIn(t, "ben")
	open := session(t, ana, "4711")
	if _, err := ana.AcceptSessionWithResponse(t.Context(), open.ID); err != nil {
		t.Fatal(err)
	}
	invited, err := ana.InviteWithResponse(t.Context(), open.ID, repdesk.InviteRequest{RepID: new("@ben"), Access: new(repdesk.AccessView)})
	if err != nil || invited.JSON201.State != repdesk.InvitationStateActive || invited.JSON201.Access != repdesk.AccessView {
		t.Fatalf("invited: %+v, %v", invited, err)
	}
	_, err = ana.InviteWithResponse(t.Context(), open.ID, repdesk.InviteRequest{RepID: new("@ben")})
	refusal, ok := repdesk.AsProblem(fmt.Errorf("inviting Ben: %w", err))
	if !ok || refusal.Code != repdesk.ProblemCodeAlreadyInvited || refusal.Status != http.StatusConflict || refusal.Retry != repdesk.RetryNever || refusal.Conflict.ID != invited.JSON201.ID {
		t.Errorf("inviting again: %v", err)
	}
	_, err = ana.InviteWithResponse(t.Context(), open.ID, repdesk.InviteRequest{})
	if refusal, ok := repdesk.AsProblem(err); !ok || refusal.Code != repdesk.ProblemCodeOneTargetNeeded {
		t.Errorf("inviting nobody: %v", err)
	}
	if _, ok := repdesk.AsProblem(errors.New("another")); ok {
		t.Error("any error is a refusal")
	}
	if me, err := ana.GetMeWithResponse(t.Context(), &repdesk.GetMeParams{IfNoneMatch: new(`"1000"`)}); err != nil || me.JSON200.Username != "ana" {
		t.Errorf("get-me: %v", err)
	}
}

// I5: a request that got no answer, or that of a busy server, is repeated under the same key, and nothing is done twice.
func TestI5RequestsAreRepeatedSafely(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	var mu sync.Mutex // a request that is repeated may still be served
	var asked []string
	d.trouble(func(times int, w http.ResponseWriter, r *http.Request, serve http.Handler) {
		mu.Lock()
		asked = append(asked, r.Header.Get("Idempotency-Key"))
		mu.Unlock()
		switch times {
		case 1:
			http.Error(w, "the proxy has no desk", http.StatusBadGateway)
		case 2:
			lost(r, serve)
		default:
			serve.ServeHTTP(w, r)
		}
	})
	keys := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}
	first := session(t, ana, "once")
	if keys := keys(); len(keys) != 3 || keys[0] == "" || keys[0] != keys[1] || keys[1] != keys[2] {
		t.Errorf("the keys of the attempts are %q", keys)
	}
	list, err := ana.ListSessionsWithResponse(t.Context(), &repdesk.ListSessionsParams{ExternalKey: new("once")})
	if err != nil || len(list.JSON200.Items) != 1 || list.JSON200.Items[0].ID != first.ID {
		t.Errorf("sessions: %+v, %v", list, err)
	}

	var sessions []repdesk.Session
	for _, replayed := range []string{"", "true"} {
		again, err := ana.StartSessionWithResponse(t.Context(), repdesk.StartSessionRequest{Customer: repdesk.Customer{Name: "Lu"}}, repdesk.IdempotencyKey("ticket-4712"))
		if err != nil || again.HTTPResponse.Header.Get("Idempotent-Replayed") != replayed {
			t.Fatalf("replayed is not %q: %+v, %v", replayed, again, err)
		}
		sessions = append(sessions, again.JSON201.Session)
	}
	if keys := keys(); sessions[0].ID != sessions[1].ID || keys[len(keys)-1] != "ticket-4712" {
		t.Errorf("the same key led to %s and %s", sessions[0].ID, sessions[1].ID)
	}
}

func TestWhatIsNotRepeated(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	all := func(answer func(w http.ResponseWriter)) {
		d.trouble(func(_ int, w http.ResponseWriter, _ *http.Request, _ http.Handler) { answer(w) })
	}
	busy := func(retryAfter string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", retryAfter)
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}
	}
	patch := func() error {
		_, err := ana.UpdateMeWithResponse(t.Context(), nil, repdesk.UpdateMeRequest{Busy: new(true)})
		return err
	}
	get := func() error { _, err := ana.GetServerWithResponse(t.Context()); return err }
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter)
		ask    func() error
		times  int32
	}{
		{"a change without a key", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, patch, 1},
		{"what is refused for good", func(w http.ResponseWriter) { http.Error(w, "gone", http.StatusNotFound) }, get, 1},
		{"what has to wait too long", busy("3600"), get, 1},
		{"what fails again and again", busy("0"), get, 4},
	} {
		all(test.answer)
		if err := test.ask(); err == nil || d.asked.Load() != test.times {
			t.Errorf("%s was asked %d times: %v", test.name, d.asked.Load(), err)
		}
	}

	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	all(busy("20"))
	_, err := ana.GetServerWithResponse(ctx)
	if refusal, ok := repdesk.AsProblem(err); !ok || refusal.Status != http.StatusServiceUnavailable || d.asked.Load() != 1 || ctx.Err() != nil {
		t.Errorf("asked %d times, and waited for what would come too late: %v", d.asked.Load(), err)
	}
}

// The server may be older than the client, and shall leave out what it does not know.
func TestTheServerMayBeOlder(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	d.trouble(func(_ int, w http.ResponseWriter, r *http.Request, serve http.Handler) {
		if r.Header.Get("Prefer") != "handling=lenient" {
			t.Errorf("%s prefers %q", r.URL, r.Header.Get("Prefer"))
		}
		r.URL.RawQuery = "newer=1"
		serve.ServeHTTP(w, r)
	})
	if me, err := ana.GetMeWithResponse(t.Context(), nil); err != nil || me.HTTPResponse.Header.Get("Ignored-Parameters") != "query.newer" {
		t.Errorf("%v, %v", me.HTTPResponse.Header, err)
	}
}

// A network that wants somebody to log in answers anything with its own page: that is no answer of the desk.
func TestPagesAreNoAnswers(t *testing.T) {
	d := newDesk(t)
	ana := d.logIn(t, "ana")
	pages := 2
	d.trouble(func(asked int, w http.ResponseWriter, r *http.Request, serve http.Handler) {
		if asked <= pages {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<title>Welcome to our hotel</title>")
			return
		}
		serve.ServeHTTP(w, r)
	})
	if me, err := ana.GetMeWithResponse(t.Context(), nil); err != nil || me.JSON200 == nil {
		t.Errorf("once the page is gone: %v", err)
	}
	pages = 1 << 20
	if _, err := ana.UpdateMeWithResponse(t.Context(), nil, repdesk.UpdateMeRequest{}); err == nil {
		t.Error("a page is taken for an answer")
	}
}
