package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
)

const (
	// toldWithin is how soon a change made at one server is told by another: what people take for at once. One in twenty may take
	// longer on a machine that does other things too.
	toldWithin, seldomWithin = 100 * time.Millisecond, 300 * time.Millisecond
	// changesEach is how many changes are timed together. A round alone may meet a time in which the machine does something else,
	// so one of three has to do.
	changesEach, toldRounds = 100, 3
)

// H1: a stream on one server tells what happens on another, so soon that nobody sees the difference.
func TestH1AnotherServerTellsAtOnce(t *testing.T) {
	database := postgres(t)
	one, two := start(t, database), start(t, database)
	ana, ben := one.logIn("ana", browser), two.logIn("ben", browser)
	begun, told := make(chan struct{}), make(chan time.Time, changesEach)
	stream := repdesk.EventStream{Desk: ben.ClientWithResponses, Types: []repdesk.EventType{repdesk.EventTypeTeamMessagePosted}, Snapshot: func(*repdesk.Snapshot) error {
		close(begun)
		return nil
	}}
	go func() {
		for _, err := range stream.Events(t.Context()) {
			if err != nil {
				return
			}
			told <- time.Now()
		}
	}()
	<-begun
	for range toldRounds {
		took := []time.Duration{}
		for range changesEach {
			<-time.After(rand.N(50 * time.Millisecond)) // any moment
			_, err := ana.PostTeamMessageWithResponse(t.Context(), "@printers", repdesk.PostTeamMessageRequest{Text: "Lunch?"})
			ok(t, err)
			answered := time.Now()
			select {
			case at := <-told:
				took = append(took, at.Sub(answered))
			case <-time.After(patience):
				t.Fatal("the other server does not tell")
			}
		}
		slices.Sort(took)
		half, most := took[changesEach/2], took[changesEach*95/100]
		t.Logf("after the answer: half within %s, 95 of 100 within %s, all within %s", half, most, took[changesEach-1])
		if half < toldWithin && most < seldomWithin {
			return
		}
	}
	t.Errorf("the other server took longer than %s in %d rounds", toldWithin, toldRounds)
}
