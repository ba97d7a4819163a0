package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	streamBatch   = 200 // events read from the log at once
	reconnectWait = 2   // seconds, told to clients when the server closes a stream
)

// StreamReady says on a stream that the replay is over.
type StreamReady struct {
	Cursor           string `json:"cursor" doc:"The position from which the stream goes on"`
	HeartbeatSeconds int    `json:"heartbeat_seconds" doc:"A comment comes at least this often: a stream silent for twice as long is dead"`
}

// StreamReset says on a stream that the client has to load what it shows anew; the stream then closes.
type StreamReset struct {
	Reason string `json:"reason" doc:"Why" values:"ResetReason"`
}

// StreamClosing says on a stream why the server closes it.
type StreamClosing struct {
	Reason            string `json:"reason" doc:"Why" values:"ClosingReason"`
	RetryAfterSeconds int    `json:"retry_after_seconds,omitempty" doc:"When to connect again; absent: not by itself"`
}

// guestStreams is how many event streams one guest has open at most: as many tabs, and then some.
const guestStreams = 8

// streams are the open event streams.
type streams struct {
	mu   sync.Mutex
	open map[string][]*stream // by whose they are, the oldest first
	shut bool
	stop chan struct{} // closed once no more streams begin: long polls are answered then
}

// stream is one open event stream.
type stream struct {
	turns
	server *Server
	ctx    context.Context // the request's
	sub    *store.Subscription
	cursor int64
	types  []desk.EventType
	key    string                                 // whose it is
	most   int                                    // how many of theirs there are at most; 0: one
	asks   bool                                   // no event tells it that its token is no good any more
	touch  func() bool                            // notes that the reader is there; false: a newer stream of theirs is, elsewhere
	closed func()                                 // counts it no more
	gone   func()                                 // notes that the reader's last stream has closed, and no other took its place
	ends   func(desk.Event) (StreamClosing, bool) // whether an event is the last
	passes func(context.Context, *stream) error   // tells what passes by itself, and so is not in the log; nil: nothing
	out    *http.ResponseController
	to     io.Writer
	// patience is how long the client may take nothing of what is written.
	patience time.Duration
}

// CloseStreams tells every open stream that the server stops, and lets no further one begin. Long polls are answered
// with what there is.
func (s *Server) CloseStreams() {
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	if !s.stream.shut {
		s.stream.shut = true
		close(s.stream.stop)
	}
	for _, theirs := range s.stream.open {
		endAll(theirs, StreamClosing{Reason: "shutdown", RetryAfterSeconds: reconnectWait})
	}
}

func endAll(open []*stream, why StreamClosing) {
	for _, b := range open {
		b.end(why)
	}
}

// add makes the stream one of its reader's; the oldest make room for it.
func (l *streams) add(b *stream) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		p := desk.Refuse(desk.Unavailable, "The server is stopping.")
		p.RetryAfter = reconnectWait * time.Second
		return p
	}
	if l.open == nil {
		l.open = map[string][]*stream{}
	}
	earlier := l.open[b.key]
	if over := len(earlier) + 1 - max(1, b.most); over > 0 {
		endAll(earlier[:over], streamReplaced)
		earlier = slices.Clone(earlier[over:])
	}
	l.open[b.key] = append(earlier, b)
	b.touch()
	return nil
}

// end closes the stream of a console, if one is open.
func (l *streams) end(consoleID string, why StreamClosing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	endAll(l.open[consoleID], why)
}

func (l *streams) remove(b *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(l.open[b.key], b)
	if at < 0 { // another took its place
		return
	}
	if l.open[b.key] = slices.Delete(slices.Clone(l.open[b.key]), at, at+1); len(l.open[b.key]) == 0 {
		delete(l.open, b.key)
		b.gone()
	}
}

// StreamPosition is where a stream goes on, and with what.
type StreamPosition struct {
	LastEventID string   `header:"Last-Event-ID" maxLength:"30" doc:"The id of the last event that the client has; goes before after"`
	After       string   `query:"after" maxLength:"30" doc:"The cursor of a snapshot or of an earlier stream; without it, only what comes from now on"`
	Types       []string `query:"types" maxItems:"50" doc:"Only events of these types"`
}

func (s *Server) streamEvents(ctx context.Context, in *StreamPosition) (*huma.StreamResponse, error) {
	c := callerFrom(ctx)
	watch := s.cfg.Store.NewWatch(c)
	return s.openStream(ctx, in, &stream{key: cmp.Or(c.TokenID, c.ConsoleID), asks: c.TokenID != "", touch: watch.Renew, gone: watch.End, ends: func(event desk.Event) (StreamClosing, bool) {
		return StreamClosing{Reason: "console_revoked"}, event.Type == desk.EventConsoleRevoked && event.Console.ID == c.ConsoleID
	}})
}

// openStream begins a stream of what the caller may read.
func (s *Server) openStream(ctx context.Context, in *StreamPosition, b *stream) (*huma.StreamResponse, error) {
	if exchangeFrom(ctx).head { // there would be nothing to write that could tell when the client is gone
		return &huma.StreamResponse{Body: streamHeaders}, nil
	}
	sub, cursor, err := s.subscribe(ctx, cmp.Or(in.LastEventID, in.After), eventTypes(in.Types))
	if err != nil {
		return nil, err
	}
	x := exchangeFrom(ctx)
	b.server, b.sub, b.cursor, b.types, b.patience = s, sub, cursor, eventTypes(in.Types), s.cfg.StreamPatience
	b.busy, b.over = true, make(chan struct{})
	b.out, b.to = http.NewResponseController(x.answer.Unwrap()), x.answer
	if err := s.stream.add(b); err != nil {
		sub.Close()
		return nil, err
	}
	b.closed = s.metrics.opened(x.reader())
	x.stream = b
	return &huma.StreamResponse{Body: streamHeaders}, nil
}

func streamHeaders(ctx huma.Context) {
	ctx.SetHeader("Content-Type", "text/event-stream")
	ctx.SetHeader("Cache-Control", "no-store")
	ctx.SetHeader("X-Accel-Buffering", "no") // nginx would hold events back
}

// subscribe opens the caller's view on the log, at the cursor or at its end.
func (s *Server) subscribe(ctx context.Context, after string, types []desk.EventType) (*store.Subscription, int64, error) {
	var cursor int64
	var err error
	if after != "" {
		if cursor, err = strconv.ParseInt(after, 10, 64); err != nil || cursor < 0 {
			return nil, 0, desk.Invalid("query.after", "bad_format", "is not a cursor of this server")
		}
	}
	var sub *store.Subscription
	if g := guestFrom(ctx); g.AttendeeID != "" {
		sub, err = s.cfg.Store.SubscribeGuest(ctx, g)
	} else {
		sub, err = s.cfg.Store.Subscribe(ctx, callerFrom(ctx), types...)
	}
	if err == nil && after == "" {
		cursor = sub.Start()
	}
	return sub, cursor, err
}

func eventTypes(names []string) []desk.EventType {
	types := []desk.EventType{}
	for _, name := range names {
		types = append(types, desk.EventType(name))
	}
	return types
}

// streamReplaced is why a stream ends where its reader has a newer one, here or on another server.
var streamReplaced = StreamClosing{Reason: "replaced"}

// errEnded says that the stream has come to its end as it should.
var errEnded = errors.New("stream ended")

// revoked is why a stream ends whose token is no good any more.
func (b *stream) revoked() StreamClosing {
	if b.asks {
		return tokenRevoked
	}
	return StreamClosing{Reason: "console_revoked"}
}

// tokenRevoked tells a program that its API token was revoked, has ended or lost the scope, or that its rep is disabled.
var tokenRevoked = StreamClosing{Reason: "token_revoked"}

// refusesToken says whether it is the token that is no good any more, or not for this. While the database is away nobody
// knows, and a client that is told so would not come again.
func refusesToken(err error) bool {
	return isStranger(err) || isRefusal(err, desk.NotAllowed)
}

// catchUp writes all events after the cursor.
func (b *stream) catchUp() error {
	for {
		events, err := b.sub.ReadLatest(b.ctx, b.cursor, streamBatch)
		var refusal *desk.Problem
		if errors.As(err, &refusal) && refusal.Code == desk.CursorTooOld {
			return errors.Join(b.say("reset", StreamReset{Reason: refusal.Conflict.Reason}), errEnded)
		}
		if err != nil {
			return err
		}
		for i := range events.Items {
			if err := b.pass(&events, i); err != nil {
				return err
			}
		}
		if events.Grown {
			return errors.Join(b.say("reset", StreamReset{Reason: store.RightsChanged}), errEnded)
		}
		b.cursor = events.Cursor
		if !events.More {
			return nil
		}
	}
}

// pass writes one event, if the client wants its type, and does what the event means for the stream itself.
func (b *stream) pass(events *store.Events, i int) error {
	event := &events.Items[i]
	if event.Type != desk.EventReset && b.wants(event.Type) { // a reset closes the stream after these
		data, err := events.JSON(i)
		if err == nil {
			err = b.write("id: %d\nevent: %s\ndata: %s\n\n", event.ID, event.Type, data)
		}
		if err != nil {
			return err
		}
	}
	if why, last := b.ends(*event); last {
		return errors.Join(b.say("closing", why), errEnded)
	}
	return nil
}

func (b *stream) wants(kind desk.EventType) bool {
	return len(b.types) == 0 || slices.Contains(b.types, kind)
}

// place writes an event that is not in the log, if the client wants its type.
func (b *stream) place(event desk.Event) error {
	if !b.wants(event.Type) {
		return nil
	}
	return b.say(string(event.Type), event)
}

// say writes something that is not an event of the log, and so has no id.
func (b *stream) say(kind string, what any) error {
	data, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return b.write("event: %s\ndata: %s\n\n", kind, data)
}

func (b *stream) write(format string, args ...any) error {
	if err := b.out.SetWriteDeadline(time.Now().Add(b.patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(b.to, format, args...); err != nil {
		return err
	}
	if err := b.out.Flush(); err != nil {
		return err
	}
	return b.out.SetWriteDeadline(time.Time{})
}

// tuneStream notes that an operation's answer is a stream, and documents what that is made of: generators do badly with anything
// but text here, so the payloads stand beside it as components.
func (s *Server) tuneStream(op *huma.Operation) {
	s.lasts[op.Path] = true
	op.Extensions["x-events"] = s.references(map[string]reflect.Type{"*": reflect.TypeFor[desk.Event](),
		"ready": reflect.TypeFor[StreamReady](), "reset": reflect.TypeFor[StreamReset](), "closing": reflect.TypeFor[StreamClosing]()})
	op.Responses["200"] = &huma.Response{
		Description: "Server-sent events. The event's name is the type, its data an `Event`, its id the cursor. Without an id come `ready` (a `StreamReady`: the replay is over), " +
			"`reset` (a `StreamReset`: load everything anew; the stream closes) and `closing` (a `StreamClosing`), and to a guest who waits `place.changed` (an `Event`). A comment comes every " + strconv.Itoa(int(s.cfg.Heartbeat.Seconds())) + " seconds.",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}
