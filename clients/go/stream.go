package repdesk

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// EventStream follows a desk live: it loads a snapshot, and from there on gets each event, once. Where the network ends, or the
// server restarts, it connects again by itself and goes on where it was.
type EventStream struct {
	Desk  *ClientWithResponses
	Types []EventType // only events of these types; none: of all, but for rep.presence_changed
	// Snapshot is given what stands at the moment from which the events go on: first, and again whenever the desk asks to load
	// everything anew. Its error ends the stream. nil: snapshots are loaded for their position alone.
	Snapshot func(*Snapshot) error
}

// StreamClosed is the error of a stream that the desk closed for good.
type StreamClosed struct{ Reason ClosingReason }

func (c *StreamClosed) Error() string { return "the desk closed the stream: " + string(c.Reason) }

// Events are all events until the loop is left or the context ends. An error is the last that comes: a *Problem such as
// a token that is no good any more, a *StreamClosed, the context's, or that of Snapshot. Of types that a client does not know
// it has the event all the same.
func (s *EventStream) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		f := &follower{EventStream: s, yield: yield}
		for {
			pause, err := f.connection(ctx)
			if err == nil {
				err = wait(ctx, pause)
			}
			var end final
			switch {
			case errors.Is(err, errLeft):
				return
			case errors.As(err, &end):
				yield(Event{}, end.error)
				return
			case err != nil:
				yield(Event{}, err)
				return
			}
		}
	}
}

// follower is one going through a stream.
type follower struct {
	*EventStream
	yield    func(Event, error) bool
	cursor   string // up to where all has been told; "": a snapshot has to be loaded
	failures int    // in a row
}

const (
	// firstSilence is how long a connection may be silent before it says how often it gives a sign.
	firstSilence = time.Minute
	// firstPause is what the pauses between failed connections grow from.
	firstPause = time.Second
)

var (
	errLeft = errors.New("the loop over the events was left")
	errOver = errors.New("this connection is over, and the next comes as said")
)

// final is an error after which no connection comes.
type final struct{ error }

// connection is one: until it ends. It returns how long to wait before the next, or why there is none.
func (f *follower) connection(ctx context.Context) (pause time.Duration, err error) {
	if f.cursor == "" {
		err = f.load(ctx)
	}
	if err == nil {
		pause, err = f.listen(ctx)
	}
	var end final
	problem, refused := AsProblem(err)
	switch {
	case err == nil, errors.Is(err, errOver):
		return pause, nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.Is(err, errLeft), errors.As(err, &end):
		return 0, err
	case refused && problem.Code == ProblemCodeCursorTooOld:
		return f.anew(), nil
	case refused && problem.RetryAfterSeconds != nil && problem.Retry != RetryNever:
		return time.Duration(*problem.RetryAfterSeconds)*time.Second + jitter(firstPause, 0), nil
	case refused && problem.Retry != RetrySameKey:
		return 0, err
	}
	return f.backOff(), nil
}

// backOff is the pause after a connection that came to nothing.
func (f *follower) backOff() time.Duration {
	f.failures++
	return jitter(firstPause, f.failures-1)
}

// anew has the next connection begin with a snapshot: after a pause too, for a desk may ask for that again and again.
func (f *follower) anew() time.Duration {
	f.cursor = ""
	return f.backOff()
}

func (f *follower) load(ctx context.Context) error {
	answer, err := f.Desk.GetSnapshotWithResponse(ctx)
	if err != nil {
		return err
	}
	if answer.JSON200 == nil {
		return final{fmt.Errorf("what answers is no desk: %s", answer.Status())}
	}
	if f.Snapshot != nil {
		if err := f.Snapshot(answer.JSON200); err != nil {
			return final{err}
		}
	}
	f.cursor = answer.JSON200.Cursor
	return nil
}

// listen opens the stream and reads it to its end.
func (f *follower) listen(ctx context.Context) (pause time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	silence := firstSilence
	dead := time.AfterFunc(silence, stop)
	defer dead.Stop()
	params := &StreamEventsParams{LastEventID: &f.cursor}
	if len(f.Types) > 0 {
		params.Types = &f.Types
	}
	answer, err := f.Desk.StreamEvents(ctx, params)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	for {
		said, err := nextMessage(lines, func() { dead.Reset(silence) })
		dead.Stop() // until what was said is dealt with
		if err != nil {
			return 0, err
		}
		switch said.event {
		case "ready":
			var ready StreamReady
			if err := json.Unmarshal(said.data, &ready); err != nil {
				return 0, err
			}
			f.failures, f.cursor = 0, ready.Cursor
			silence = 2 * time.Duration(ready.HeartbeatSeconds) * time.Second
		case "reset":
			return f.anew(), errOver
		case "closing":
			return f.closing(said.data)
		default:
			if err := f.pass(said); err != nil {
				return 0, err
			}
		}
		dead.Reset(silence)
	}
}

func (f *follower) closing(data []byte) (pause time.Duration, err error) {
	var closing StreamClosing
	if err := json.Unmarshal(data, &closing); err != nil {
		return 0, err
	}
	if closing.RetryAfterSeconds == nil {
		return 0, final{&StreamClosed{Reason: closing.Reason}}
	}
	return time.Duration(*closing.RetryAfterSeconds)*time.Second + jitter(firstPause, 0), errOver
}

// pass hands an event on. It counts as told before that, so that nothing comes twice.
func (f *follower) pass(said message) error {
	var event Event
	if err := json.Unmarshal(said.data, &event); err != nil {
		return final{fmt.Errorf("event %s: %w", said.id, err)}
	}
	if said.id != "" {
		f.cursor = said.id
	}
	if !f.yield(event, nil) {
		return errLeft
	}
	return nil
}

// message is one of the server-sent events, and of what comes between them.
type message struct {
	id, event string
	data      []byte
}

// nextMessage reads lines until one is whole. alive is called for each, comments too.
func nextMessage(lines *bufio.Reader, alive func()) (m message, err error) {
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return m, io.ErrUnexpectedEOF
		}
		if err != nil {
			return m, err
		}
		alive()
		line = strings.TrimRight(line, "\r\n")
		if line == "" && m.data != nil {
			return m, nil
		}
		name, value, _ := strings.Cut(line, ":") // a comment has no name
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "event":
			m.event = value
		case name == "id":
			m.id = value
		case name == "data" && m.data == nil:
			m.data = []byte(value)
		case name == "data":
			m.data = append(append(m.data, '\n'), value...)
		}
	}
}
