// Package api is HTTP: it turns requests into domain values and answers into JSON, and publishes the contract.
//
// Every operation goes through one funnel, register. No rule and no SQL belongs here: rules live in store/desk, and
// the store applies them.
package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// Config says what a server works with. Only Store is needed.
type Config struct {
	Store     *store.Store
	Logger    *slog.Logger                    // nil: nothing is logged
	Now       func() time.Time                // nil: the machine's clock
	Ready     func(ctx context.Context) error // what /readyz asks; nil: always ready
	Warning   func() string                   // what /readyz says beside it, such as a channel that is misconfigured; nil: nothing
	PublicURL string                          // where clients reach the server, without a slash at the end; "": links are relative
	Name      string                          // the desk's name; "": repdesk
	Channels  []desk.Channel                  // those that are set up; none: what would be sent is only kept
	Version   string                          // the program's version; "": dev
	Limits    RateLimits                      // of what people without an account may do
	// TrustedProxies are those whose X-Forwarded-For says where a request came from; none: the address that connects counts.
	TrustedProxies []netip.Prefix
	BodyTime       time.Duration         // how long a body may take to arrive; 0: 30 s, for 1 MiB over a slow mobile network
	Heartbeat      time.Duration         // how often a silent stream gets a comment; 0: 25 s, below the 30 s after which many proxies close a silent connection
	StreamPatience time.Duration         // how long a stream's client may take nothing of what is written to it; 0: 10 s
	LookEvery      time.Duration         // how often a stream looks whether the place of a guest who waits is another; 0: 10 s
	Metrics        prometheus.Registerer // where what the API counts is registered; nil: nowhere
	MetricsPage    http.Handler          // what /metrics answers; nil: it is not there
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.Warning == nil {
		c.Warning = func() string { return "" }
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	c.Name = cmp.Or(c.Name, "repdesk")
	c.BodyTime = cmp.Or(c.BodyTime, 30*time.Second)
	c.Heartbeat = cmp.Or(c.Heartbeat, 25*time.Second)
	c.StreamPatience = cmp.Or(c.StreamPatience, 10*time.Second)
	c.LookEvery = cmp.Or(c.LookEvery, 10*time.Second)
	c.Version = cmp.Or(c.Version, "dev")
	c.Limits = c.Limits.withDefaults()
	return c
}

// Server answers HTTP requests.
type Server struct {
	cfg     Config
	log     *slog.Logger
	router  *chi.Mux
	api     huma.API
	doc     func() published
	taken   map[string]bool // method and path; huma would let a second operation replace the first
	stream  streams
	lasts   map[string]bool             // the paths whose answers are event streams
	opening chan struct{}               // has room for the streams that may be opened at once
	guard   *http.CrossOriginProtection // before what a browser's cookie or form does

	metrics  *metrics
	asked    *window // what addresses without an account asked for in the last minute
	attempts *attempts

	authenticate func(ctx context.Context, token string) (desk.Caller, error)
	touch        func(desk.Caller)
}

// New makes a server with all operations.
func New(cfg Config) *Server { return newServer(cfg, (*Server).routes) }

// newServer makes one with the operations that add registers. The document is published once they all stand.
func newServer(cfg Config, add func(*Server)) *Server {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, log: cfg.Logger, router: chi.NewMux(), taken: map[string]bool{},
		stream: streams{stop: make(chan struct{})}, lasts: map[string]bool{}, opening: make(chan struct{}, openingAtOnce),
		metrics: newMetrics(cfg.Metrics), asked: newWindow(time.Minute, cfg.Now), attempts: newAttempts(cfg.Limits, cfg.Now),
		authenticate: cfg.Store.Authenticate, touch: cfg.Store.Touch}
	s.router.Use(clientAddress(cfg.TrustedProxies), s.begin, s.observe, compress, middleware.GetHead)
	s.router.NotFound(s.notFound)
	s.router.MethodNotAllowed(s.methodNotAllowed)
	s.api = newAPI(s.router, cfg)
	s.api.UseMiddleware(named, s.limitPublic, s.enforceAccess, s.readBody, s.keyed)
	add(s)
	s.publish()
	s.serveIndex()
	s.router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, "ok\n") })
	s.router.Get("/readyz", s.readyz)
	if cfg.MetricsPage != nil {
		s.router.Method(get, "/metrics", cfg.MetricsPage)
	}
	s.router.Get("/.well-known/jwks.json", s.grantKeys)
	return s
}

// Handler answers everything that the server serves.
func (s *Server) Handler() http.Handler { return s.router }

// Document describes the operations, as huma holds them. OpenAPI31 is what is published.
func (s *Server) Document() *huma.OpenAPI { return s.api.OpenAPI() }

// compress leaves event streams alone: an event has to leave at once.
var compress = func() func(http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.ContentTypeFilter(func(contentType string) bool {
		return !strings.HasPrefix(contentType, "text/event-stream") && gzhttp.DefaultContentTypeFilter(contentType)
	}))
	if err != nil { // only for options out of range
		panic(err)
	}
	return func(next http.Handler) http.Handler { return wrap(next) }
}()

// exchange is what is known of one request beside the request itself.
type exchange struct {
	id        string
	publicURL string
	address   string                        // where it came from, as it is counted
	operation string                        // its id, once it is known
	called    *huma.Operation               // itself
	header    http.Header                   // of the answer, until it is written
	tag       string                        // If-None-Match
	head      bool                          // HEAD, answered as GET
	answer    middleware.WrapResponseWriter // as it is sent
	stream    *stream                       // what the answer goes on with; nil: it is over when its handler returns
	caller    desk.Caller
	guest     desk.Guest
	token     string             // the caller's, to ask again in what lasts; never logged
	body      []byte             // as it came
	idem      *store.Idempotency // nil without an Idempotency-Key
}

type exchangeContextKey struct{}

// exchangeFrom never returns nil: outside a request, as in tests, all is empty.
func exchangeFrom(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeContextKey{}).(*exchange); ok {
		return x
	}
	return &exchange{header: http.Header{}}
}

// begin gives the request its id, and the answer the headers that all answers have.
func (s *Server) begin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{id: requestID(r), publicURL: s.cfg.PublicURL, address: addressOf(r), header: w.Header(), tag: r.Header.Get("If-None-Match"), head: r.Method == http.MethodHead}
		if r.ContentLength != 0 { // net/http reads what a handler leaves of a body, and would wait for it for ever
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.cfg.BodyTime))
		}
		x.header.Set("Request-Id", x.id)
		x.header.Set("Repdesk-Version", s.cfg.Version)
		x.header.Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
		x.header.Set("Cache-Control", "private, no-cache")
		x.header.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeContextKey{}, x)))
	})
}

// named notes which operation is called, before anything can refuse it.
func named(ctx huma.Context, next func(huma.Context)) {
	x := exchangeFrom(ctx.Context())
	x.operation, x.called = ctx.Operation().OperationID, ctx.Operation()
	next(ctx)
}

// sane is an incoming Request-Id that may stand in headers and logs as it is.
var sane = regexp.MustCompile(`^[A-Za-z0-9._-]{8,128}$`)

func requestID(r *http.Request) string {
	if id := r.Header.Get("Request-Id"); sane.MatchString(id) {
		return id
	}
	return rand.Text()
}

// observe logs and counts the answer, as it is sent, and catches panics. It logs the route and never the path or the query, in
// which tokens can stand.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, answer := time.Now(), middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer s.logAnswer(r, answer, start)
		if exchangeFrom(r.Context()).answer = answer; s.lasts[r.URL.Path] {
			s.handleStream(answer, r, next)
			return
		}
		s.handle(answer, answer, r, next)
	})
}

// handle has the request answered by way of w.
func (s *Server) handle(answer middleware.WrapResponseWriter, w http.ResponseWriter, r *http.Request, next http.Handler) {
	defer s.recoverPanic(answer, r)
	next.ServeHTTP(w, r)
}

// openingAtOnce is how many streams are opened at once. When thousands of clients come back together the database is asked by few
// at a time all the same, and those who wait for their turn hold little memory.
const openingAtOnce = 32

// handleStream answers with an event stream, or refuses it. All that is done once is done on a goroutine of its own: that of the
// connection would keep for as long as the stream is open the 16 KiB of stack that the way through the handlers takes.
func (s *Server) handleStream(answer middleware.WrapResponseWriter, r *http.Request, next http.Handler) {
	letGo := func() {}
	if r.ContentLength == 0 { // a body that comes slowly would hold the others up
		select {
		case s.opening <- struct{}{}:
			letGo = sync.OnceFunc(func() { <-s.opening })
		case <-r.Context().Done():
			s.refuse(answer, r, r.Context().Err())
			return
		}
	}
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		s.handle(answer, untilAnswered{answer, letGo}, r, next)
	}()
	cause := <-done
	letGo()
	b := exchangeFrom(r.Context()).stream
	switch {
	case b == nil:
	case cause == nil && answer.Status() < http.StatusBadRequest: // nothing may be written yet
		s.follow(r.Context(), b)
	default:
		s.leave(b)
	}
	if cause != nil {
		panic(cause)
	}
}

// untilAnswered lets a turn go before anything is written: a client who does not read a refusal would hold the others up.
type untilAnswered struct {
	http.ResponseWriter
	letGo func()
}

func (w untilAnswered) WriteHeader(status int) {
	w.letGo()
	w.ResponseWriter.WriteHeader(status)
}

func (w untilAnswered) Write(p []byte) (int, error) {
	w.letGo()
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w untilAnswered) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (s *Server) logAnswer(r *http.Request, answer middleware.WrapResponseWriter, start time.Time) {
	x, route, level, took := exchangeFrom(r.Context()), chi.RouteContext(r.Context()).RoutePattern(), slog.LevelInfo, time.Since(start)
	s.metrics.answered(x, answer, took)
	if route == "/healthz" || route == "/readyz" || route == "/metrics" {
		level = slog.LevelDebug
	}
	s.log.LogAttrs(r.Context(), level, "request", slog.String("request_id", x.id), slog.String("method", r.Method),
		slog.String("route", route), slog.Int("status", answer.Status()), slog.Int("bytes", answer.BytesWritten()),
		slog.Duration("took", took), slog.String("rep", x.caller.RepID), slog.String("console", x.caller.ConsoleID), slog.String("api_token", x.caller.TokenID), slog.String("guest", x.guest.AttendeeID))
}

// recoverPanic answers what can still be answered. An answer that has begun is cut off, lest half of it passes for
// the whole.
func (s *Server) recoverPanic(answer middleware.WrapResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	s.logPanic(r.Context(), cause)
	if answer.Status() != 0 {
		panic(http.ErrAbortHandler)
	}
	s.refuse(answer, r, desk.Refuse(desk.Internal, ""))
}

func (s *Server) logPanic(ctx context.Context, cause any) {
	s.log.ErrorContext(ctx, "panic", "request_id", exchangeFrom(ctx).id, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	exchangeFrom(r.Context()).operation = unknownPath
	s.refuse(w, r, desk.Refuse(desk.NotFound, "There is no such path."))
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// methodNotAllowed names the methods that the path has: chi does so only in its own answer.
func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	exchangeFrom(r.Context()).operation = unknownPath
	allowed := slices.DeleteFunc(slices.Clone(methods), func(method string) bool {
		if method == http.MethodHead { // answered as GET
			method = http.MethodGet
		}
		return !s.router.Match(chi.NewRouteContext(), method, r.URL.Path)
	})
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	s.refuse(w, r, desk.Refuse(desk.MethodNotAllowed, ""))
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.cfg.Ready(r.Context()); err != nil {
		s.log.WarnContext(r.Context(), "not ready", "error", err)
		s.refuse(w, r, desk.Refuse(desk.Unavailable, "The server is not ready."))
		return
	}
	// A channel that cannot send does not take the server out of service: everything else works.
	plain(w, strings.TrimSpace("ready\n"+s.cfg.Warning())+"\n")
}

func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, text)
}
