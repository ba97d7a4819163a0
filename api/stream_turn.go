package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// signal is something that a stream has to see to, or several such things together.
type signal uint8

const (
	opens  signal = 1 << iota // it begins
	woken                     // something new may stand in the log
	beats                     // it is time for a comment
	looks                     // it is time to look at what passes by itself
	closes                    // the server closes it
	left                      // the client is gone
)

// turns have a stream see to one thing after the other, on a goroutine that is there only while there is something to do. One
// that waited would hold the stack that it once needed to write, 8 KiB and more of each of thousands of idle streams. The
// request's own goroutine waits for the end alone, and stays at 4 KiB.
type turns struct {
	mu   sync.Mutex
	due  signal
	busy bool          // no goroutine is to be started for what is due: one sees to it, or the stream has not begun, or is over
	over chan struct{} // closed when nothing more will be written
	err  error         // why it is over
	why  StreamClosing // with closes
	// beat and look are the timers behind these signals.
	beat, look *time.Timer
}

// note has the stream see to something soon. It never waits.
func (b *stream) note(what signal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due |= what
	if !b.busy {
		b.busy = true
		go b.takeTurns()
	}
}

// end has the server close the stream, if it is not closing already.
func (b *stream) end(why StreamClosing) {
	b.mu.Lock()
	if b.why.Reason == "" {
		b.why = why
	}
	b.mu.Unlock()
	b.note(closes)
}

func (b *stream) takeTurns() {
	for due := b.takeDue(); due != 0; due = b.takeDue() {
		if b.err = b.seeTo(due); b.err != nil {
			close(b.over)
			return
		}
	}
}

func (b *stream) takeDue() signal {
	b.mu.Lock()
	defer b.mu.Unlock()
	due := b.due
	b.due, b.busy = 0, due != 0
	return due
}

// every has a signal noted again and again: whoever sees to it resets the timer.
func (b *stream) every(interval time.Duration, what signal) *time.Timer {
	return time.AfterFunc(interval, func() { b.note(what) })
}

// follow has the stream work until it is over. It calls nothing that goes deep: its goroutine's stack would stay large.
func (s *Server) follow(ctx context.Context, b *stream) {
	defer s.leave(b)
	b.begin(ctx)
	select {
	case <-b.over:
	case <-ctx.Done():
		b.note(left)
		<-b.over
	}
	b.stopTimers()
	if !errors.Is(b.err, errEnded) && ctx.Err() == nil {
		s.log.Debug("stream ended", "reader", b.key, "error", b.err)
	}
	if b.err == http.ErrAbortHandler {
		panic(b.err)
	}
}

// leave takes the stream out of all that knows it.
func (s *Server) leave(b *stream) {
	b.closed()
	s.stream.remove(b)
	b.sub.Close()
}

// begin has the stream see to what was noted while its handler still had the answer, too.
func (b *stream) begin(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ctx, b.due = ctx, b.due|opens
	go b.takeTurns()
}

func (b *stream) stopTimers() {
	for _, timer := range []*time.Timer{b.beat, b.look} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// seeTo does what is due. An error ends the stream.
func (b *stream) seeTo(due signal) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			b.server.logPanic(b.ctx, cause)
			err = http.ErrAbortHandler // half of an event must not pass for the whole
		}
	}()
	switch {
	case due&left != 0:
		return errEnded
	case due&closes != 0:
		return errors.Join(b.say("closing", b.why), errEnded)
	}
	if due&opens != 0 {
		err = b.open()
	}
	if err == nil && due&beats != 0 {
		err = b.heartbeat()
	}
	if err == nil && due&woken != 0 {
		err = b.wake()
	}
	if err == nil && due&looks != 0 {
		err = b.lookAround()
	}
	return err
}

// open writes what the log holds after the cursor, says ready, and has the stream go on with what comes. Replayed events and
// live ones come out of the same reading.
func (b *stream) open() error {
	if err := b.write(": repdesk\n\n"); err != nil {
		return err
	}
	if b.cursor != b.sub.Start() {
		if err := b.catchUp(); err != nil {
			return err
		}
	}
	every := b.server.cfg.Heartbeat
	if err := b.say("ready", StreamReady{Cursor: fmt.Sprint(b.cursor), HeartbeatSeconds: int(every.Seconds())}); err != nil {
		return err
	}
	b.sub.Follow(func() { b.note(woken) })
	b.beat = b.every(every, beats)
	if b.passes != nil {
		b.look = b.every(b.server.cfg.LookEvery, looks)
	}
	return nil
}

// heartbeat shows the client that the stream is alive, and the server that the client is.
func (b *stream) heartbeat() error {
	b.beat.Reset(b.server.cfg.Heartbeat)
	if refusesToken(b.server.stillCalls(b.ctx)) { // another server may have logged the console out
		return errors.Join(b.say("closing", b.revoked()), errEnded)
	}
	if !b.touch() {
		return errors.Join(b.say("closing", streamReplaced), errEnded)
	}
	if b.sub.Passing() {
		b.note(woken)
	}
	return b.write(": still here\n\n")
}

func (b *stream) wake() error {
	if b.asks && refusesToken(b.server.stillCalls(b.ctx)) {
		return errors.Join(b.say("closing", b.revoked()), errEnded)
	}
	return b.catchUp()
}

func (b *stream) lookAround() error {
	b.look.Reset(b.server.cfg.LookEvery)
	return b.passes(b.ctx, b)
}
