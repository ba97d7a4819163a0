package api

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"

	"github.com/repdesk/repdesk/store/desk"
)

// RateLimits bound what people without an account may do (E6). The zero value of a field is its default; a number below 0
// switches the limit off. Each server counts by itself, in memory.
type RateLimits struct {
	EntersAMinute  int           // per address: how often customers may come in; 0: 60
	ReadsAMinute   int           // per address: how often each other public operation and page may be asked for; 0: 300
	ActsAMinute    int           // per guest: how often they may write, or act otherwise; 0: 120
	WrongCodes     int           // wrong keys and codes after which an address may try none for a time; 0: 10
	WrongWithin    time.Duration // within which they count together; 0: 10 minutes
	BlockedFor     time.Duration // that time; 0: 10 minutes
	GuessesAMinute int           // wrong ones of all addresses after which each try at the entrance waits; 0: 100
	LongestPause   time.Duration // that a try waits, when twice as many are wrong; 0: 2 s
	TriesAtOnce    int           // keys and codes that are being tried or pause at one entrance; 0: 50, so that 25 a second are guessed at most
}

func (l RateLimits) withDefaults() RateLimits {
	return RateLimits{EntersAMinute: cmp.Or(l.EntersAMinute, 60), ReadsAMinute: cmp.Or(l.ReadsAMinute, 300), ActsAMinute: cmp.Or(l.ActsAMinute, 120),
		WrongCodes: cmp.Or(l.WrongCodes, 10), WrongWithin: cmp.Or(l.WrongWithin, 10*time.Minute), BlockedFor: cmp.Or(l.BlockedFor, 10*time.Minute),
		GuessesAMinute: cmp.Or(l.GuessesAMinute, 100), LongestPause: cmp.Or(l.LongestPause, 2*time.Second), TriesAtOnce: cmp.Or(l.TriesAtOnce, 50)}
}

// of is the limit of a public operation: strict for what comes in at an entrance.
func (l RateLimits) of(op *huma.Operation) int {
	if op.Method == http.MethodPost && strings.HasPrefix(op.Path, "/v1/public/") {
		return l.EntersAMinute
	}
	return l.ReadsAMinute
}

// clientAddress finds the address from which a request came. X-Forwarded-For counts only where a listed proxy says it; then
// it is the rightmost address that is no such proxy.
func clientAddress(trusted []netip.Prefix) func(http.Handler) http.Handler {
	if len(trusted) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	prefixes := make([]string, len(trusted))
	for i, prefix := range trusted {
		prefixes[i] = prefix.String()
	}
	return middleware.ClientIPFromXFF(prefixes...)
}

// addressOf is what is counted for a request: its address, of IPv6 the /64 that one customer has. Where a proxy does not say
// for whom it asks, it is the proxy's own.
func addressOf(r *http.Request) string {
	address := middleware.GetClientIP(r.Context())
	if address == "" {
		address = r.RemoteAddr
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			address = host
		}
	}
	return httprate.CanonicalizeIP(address)
}

// limitPublic bounds how often an address may ask for each public operation.
func (s *Server) limitPublic(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if isPublic(op) {
		if err := s.takeTurn(exchangeFrom(ctx.Context()), op.OperationID, s.cfg.Limits.of(op)); err != nil {
			r, w := humachi.Unwrap(ctx)
			s.refuse(w, r, err)
			return
		}
	}
	next(ctx)
}

// takeTurn counts something that an address asks for, and refuses what is too much.
func (s *Server) takeTurn(x *exchange, what string, limit int) error {
	return s.count(what+" "+x.address, limit, "Too many requests from this address.")
}

// guestActs bounds how often a guest writes, or acts otherwise, by a program or by a page.
func (s *Server) guestActs(g desk.Guest) error {
	return s.count("guest "+g.AttendeeID, s.cfg.Limits.ActsAMinute, "Too much in a short time.")
}

func (s *Server) count(key string, limit int, detail string) error {
	if wait := s.asked.take(key, limit); wait > 0 {
		p := desk.Refuse(desk.TooManyRequests, "%s", detail)
		p.Limit, p.RetryAfter = limit, wait
		return p
	}
	return nil
}

// window counts what happened of late, by keys: in httprate's counters, and by the server's clock. Of the last whole minute
// as much counts as the present one has still to go.
type window struct {
	length  time.Duration
	now     func() time.Time
	mu      sync.Mutex // what is counted is what was looked at
	counter httprate.LimitCounter
}

func newWindow(length time.Duration, now func() time.Time) *window {
	return &window{length: length, now: now, counter: httprate.NewLocalLimitCounter(length)}
}

// tally is how much was counted for a key in the window before and in the present one, of which the part gone is over.
type tally struct {
	before, present, gone float64
	begin                 time.Time
}

func (c tally) rate() float64 { return c.before*(1-c.gone) + c.present }

// untilBelow is the part of a window that has to pass until one more stays within the limit.
func (c tally) untilBelow(limit float64) float64 {
	if room := limit - 1 - c.present; room >= 0 && c.before > 0 {
		return max(0, 1-room/c.before-c.gone)
	}
	return 1 - c.gone + max(0, 1-(limit-1)/c.present)
}

func (w *window) tally(key string) tally {
	now := w.now().UTC()
	begin := now.Truncate(w.length)
	present, before, _ := w.counter.Get(key, begin, begin.Add(-w.length)) // in memory: never fails
	return tally{float64(before), float64(present), float64(now.Sub(begin)) / float64(w.length), begin}
}

func (w *window) rate(key string) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tally(key).rate()
}

func (w *window) add(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.counter.IncrementBy(key, w.tally(key).begin, 1)
}

// take counts one more if the limit allows it; else it says how long to wait.
func (w *window) take(key string, limit int) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.tally(key)
	if limit > 0 && c.rate()+1 > float64(limit) {
		return max(time.Second, time.Duration(c.untilBelow(float64(limit))*float64(w.length)))
	}
	_ = w.counter.IncrementBy(key, c.begin, 1)
	return 0
}
