package api

import (
	"context"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// attempts stand before whatever takes keys and codes (E6). An address with too many wrong ones is blocked for a time, its
// right ones too. An entrance at which many are wrong is slowed for all alike, so that one who guesses from many addresses
// gets no further, and shuts it for nobody. What is answered, and when, tells a wrong key from no other.
type attempts struct {
	limits  RateLimits
	now     func() time.Time
	guesses *window // wrong ones, by entrance

	mu      sync.Mutex
	from    map[string]*attempter
	running map[string]int // tries that go on or wait, by entrance
	swept   time.Time
}

// attempter is an address that tries keys and codes.
type attempter struct {
	turn    chan struct{} // one of an address's tries goes on at a time: of many at once, no more are wrong than may be
	users   int           // tries that go on or wait for their turn
	wrong   []time.Time   // of late
	blocked time.Time     // until when
}

func newAttempts(limits RateLimits, now func() time.Time) *attempts {
	return &attempts{limits: limits, now: now, guesses: newWindow(time.Minute, now), running: map[string]int{}, from: map[string]*attempter{}}
}

// try has a key or code tried, if the address may, after the pause that the entrance has by then. Of an address one is tried at
// a time, pause included: many at once from one take no more of an entrance's room than one.
func (a *attempts) try(ctx context.Context, address, entrance string, let func() error) error {
	if err := a.refusal(address); err != nil {
		return err
	}
	one := a.begin(address)
	defer a.end(address, one)
	select {
	case one.turn <- struct{}{}:
		defer func() { <-one.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := a.refusal(address); err != nil { // what came before it was wrong
		return err
	}
	if !a.runs(entrance, 1) {
		return desk.Refuse(desk.TooManyRequests, "Too many keys and codes are being tried here.")
	}
	defer a.runs(entrance, -1)
	if err := wait(ctx, a.pause(entrance)); err != nil {
		return err
	}
	err := let()
	if isWrong(err) {
		a.guesses.add(entrance)
		a.count(one)
	}
	return err
}

// runs notes that a try at an entrance begins or ends. It says whether there is room for one more: what waits at one entrance
// keeps nobody out of another.
func (a *attempts) runs(entrance string, more int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if more > 0 && a.running[entrance] >= max(1, a.limits.TriesAtOnce) {
		return false
	}
	if a.running[entrance] += more; a.running[entrance] == 0 {
		delete(a.running, entrance)
	}
	return true
}

// isWrong says whether a refusal is that of a key or code that leads nowhere. A portal that there is not is no guess.
func isWrong(err error) bool {
	return isRefusal(err, desk.CodeNotValid)
}

// pause is how long a try at an entrance waits: the longer, the more were wrong there in the last minute.
func (a *attempts) pause(entrance string) time.Duration {
	most := float64(a.limits.GuessesAMinute)
	if most <= 0 {
		return 0
	}
	over := (a.guesses.rate(entrance) - most) / most
	return time.Duration(min(1, max(0, over)) * float64(a.limits.LongestPause))
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refusal is that of an address that is blocked.
func (a *attempts) refusal(address string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	one, now := a.from[address], a.now()
	if one == nil || !now.Before(one.blocked) {
		return nil
	}
	p := desk.Refuse(desk.TooManyAttempts, "Too many wrong keys and codes came from this address.")
	p.RetryAfter = one.blocked.Sub(now)
	return p
}

func (a *attempts) begin(address string) *attempter {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep()
	one := a.from[address]
	if one == nil {
		one = &attempter{turn: make(chan struct{}, 1)}
		a.from[address] = one
	}
	one.users++
	return one
}

func (a *attempts) end(address string, one *attempter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one.users--; a.idle(one) {
		delete(a.from, address)
	}
}

// count notes a wrong one, and blocks an address that has too many.
func (a *attempts) count(one *attempter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	one.wrong = append(a.ofLate(one), now)
	if most := a.limits.WrongCodes; most > 0 && len(one.wrong) >= most {
		one.wrong, one.blocked = nil, now.Add(a.limits.BlockedFor)
	}
}

// ofLate are the wrong ones that still count.
func (a *attempts) ofLate(one *attempter) []time.Time {
	since := a.now().Add(-a.limits.WrongWithin)
	for len(one.wrong) > 0 && !one.wrong[0].After(since) {
		one.wrong = one.wrong[1:]
	}
	return one.wrong
}

// idle says whether nothing needs to be known of an address any more.
func (a *attempts) idle(one *attempter) bool {
	one.wrong = a.ofLate(one)
	return one.users == 0 && len(one.wrong) == 0 && !a.now().Before(one.blocked)
}

// sweep forgets, once a minute, the addresses of which nothing needs to be known.
func (a *attempts) sweep() {
	now := a.now()
	if now.Sub(a.swept) < time.Minute {
		return
	}
	a.swept = now
	for address, one := range a.from {
		if a.idle(one) {
			delete(a.from, address)
		}
	}
}
