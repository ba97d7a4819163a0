package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

var (
	wrongCode = func() error { return desk.Refuse(desk.CodeNotValid, "") }
	rightCode = func() error { return nil }
)

func codeOfError(err error) desk.Code {
	if p, is := errors.AsType[*desk.Problem](err); is {
		return p.Code
	}
	return ""
}

// After so many wrong ones an address is blocked, for right ones too, and no other address is.
func TestE6AnAddressIsBlockedForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAttempts(RateLimits{}.withDefaults(), time.Now)
		try := func(address string, let func() error) error { return a.try(t.Context(), address, "session_key", let) }
		for i := range 9 {
			if code := codeOfError(try("a", wrongCode)); code != desk.CodeNotValid {
				t.Fatalf("wrong one %d: %s", i, code)
			}
		}
		if err := try("a", rightCode); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute) // the nine are forgotten
		for range 10 {
			_ = try("a", wrongCode)
		}
		for _, let := range []func() error{wrongCode, rightCode} {
			err := try("a", let)
			if p, is := errors.AsType[*desk.Problem](err); !is || p.Code != desk.TooManyAttempts || p.RetryAfter != 10*time.Minute {
				t.Errorf("blocked: %v", err)
			}
		}
		if err := try("b", rightCode); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(10*time.Minute - time.Nanosecond)
		if code := codeOfError(try("a", rightCode)); code != desk.TooManyAttempts {
			t.Errorf("a moment before the end: %s", code)
		}
		time.Sleep(time.Nanosecond)
		if err := try("a", rightCode); err != nil {
			t.Errorf("after it: %v", err)
		}
		time.Sleep(time.Minute)
		_ = try("c", rightCode)
		if len(a.from) != 0 {
			t.Errorf("%d addresses are remembered for nothing", len(a.from))
		}
	})
}

// Many tries at once get no more wrong ones than one after the other.
func TestE6ManyTriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAttempts(RateLimits{}.withDefaults(), time.Now)
		var reached atomic.Int64
		var running sync.WaitGroup
		for range 200 {
			running.Go(func() {
				_ = a.try(t.Context(), "a", "session_key", func() error {
					reached.Add(1)
					time.Sleep(time.Millisecond)
					return wrongCode()
				})
			})
		}
		running.Wait()
		if reached.Load() != 10 {
			t.Errorf("%d were tried", reached.Load())
		}
	})
}

// An entrance at which many are wrong is slowed for all alike, and shut for nobody; the others are as fast as ever.
func TestE6AnEntranceIsSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAttempts(RateLimits{}.withDefaults(), time.Now)
		guess := func(n int) {
			for range n {
				a.guesses.add("session_key")
			}
		}
		took := func(entrance string, let func() error) time.Duration {
			begin := time.Now()
			_ = a.try(t.Context(), "honest", entrance, let)
			return time.Since(begin)
		}
		guess(100)
		if d := took("session_key", rightCode); d != 0 {
			t.Errorf("at the limit it took %v", d)
		}
		guess(25)
		if right, wrong := took("session_key", rightCode), took("session_key", wrongCode); right < 400*time.Millisecond || right > 510*time.Millisecond || wrong < right-50*time.Millisecond || wrong > right+50*time.Millisecond {
			t.Errorf("a quarter over the limit: a right one took %v, a wrong one %v", right, wrong)
		}
		guess(10_000)
		if d := took("session_key", rightCode); d != 2*time.Second {
			t.Errorf("far over the limit it took %v", d)
		}
		for _, entrance := range []string{"help_link", "specialist_code"} {
			if d := took(entrance, rightCode); d != 0 {
				t.Errorf("%s took %v", entrance, d)
			}
		}
		time.Sleep(2 * time.Minute)
		if d := took("session_key", rightCode); d != 0 {
			t.Errorf("two minutes later it took %v", d)
		}
	})
}

// Who waits is let go when the request ends, and so many wait at most.
func TestE6WhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAttempts(RateLimits{TriesAtOnce: 3}.withDefaults(), time.Now)
		for range 1000 {
			a.guesses.add("help_link")
		}
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		var running sync.WaitGroup
		for i := range 3 {
			running.Go(func() {
				if err := a.try(ctx, fmt.Sprint(i), "help_link", rightCode); !errors.Is(err, context.Canceled) {
					t.Errorf("cancelled: %v", err)
				}
			})
		}
		synctest.Wait()
		if code := codeOfError(a.try(t.Context(), "more", "help_link", rightCode)); code != desk.TooManyRequests {
			t.Errorf("one more: %s", code)
		}
		if err := a.try(t.Context(), "bystander", "session_key", rightCode); err != nil { // it keeps nobody out elsewhere
			t.Errorf("at another entrance: %v", err)
		}
		cancel()
		running.Wait()
		if d := time.Since(begin); d != 0 {
			t.Errorf("they waited %v after the end", d)
		}
		if err := a.try(t.Context(), "more", "help_link", rightCode); err != nil {
			t.Errorf("later: %v", err)
		}
	})
}

// From however many addresses an entrance is guessed at, over time it takes 25 a second.
func TestE6GuessedFromEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAttempts(RateLimits{}.withDefaults(), time.Now)
		var reached atomic.Int64
		var running sync.WaitGroup
		guess := func(d time.Duration) int64 {
			reached.Store(0)
			for i := range 200 {
				running.Go(func() {
					for n, begin := 0, time.Now(); time.Since(begin) < d; n++ {
						_ = a.try(t.Context(), fmt.Sprint(i, begin, n), "specialist_code", func() error { reached.Add(1); return wrongCode() })
						time.Sleep(10 * time.Millisecond)
					}
				})
			}
			running.Wait()
			return reached.Load()
		}
		guess(10 * time.Second) // until it is slowed
		if n := guess(time.Minute); n < 1000 || n > 25*60+50 {
			t.Errorf("%d in a minute", n)
		}
	})
}
