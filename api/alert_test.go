package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// pushes takes all pushes that wait, as "device purpose reason", sorted; of a chat's the number of unread messages. None says
// what it must not.
func (x *server) pushes(t *testing.T, mustNot ...string) []string {
	t.Helper()
	jobs, err := x.store.ClaimDeliveries(t.Context(), desk.ChannelFCM, 500, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	words := []string{}
	for _, job := range jobs {
		if err := x.store.FinishDelivery(t.Context(), job, desk.Outcome{Kind: desk.OutcomeDone}, 0); err != nil {
			t.Fatal(err)
		}
		word := strings.Join([]string{strings.TrimPrefix(job.PushTarget, "target-of-"), string(job.Purpose), job.Reason}, " ")
		if job.Purpose == desk.PurposeMessage {
			word += fmt.Sprint(job.Unread)
		}
		words = append(words, word)
		text, _ := json.Marshal(job)
		for _, secret := range mustNot {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s says %q: %s", word, secret, text)
			}
		}
	}
	slices.Sort(words)
	return words
}

// tells checks what waits to be pushed.
func (x *server) tells(t *testing.T, what string, want ...string) {
	t.Helper()
	if got := x.pushes(t, "Jo Doe", "Doe Ltd", "tray"); !slices.Equal(got, want) {
		t.Errorf("%s: pushed %q, want %q", what, got, want)
	}
}

// TestG13QueueAlerts: a session comes into a team's queue, waits too long, and is taken by one of two who were told.
func TestG13QueueAlerts(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.load(t, `teams: [{slug: printers, name: Printers, waiting: {after_seconds: 60, action: overdue}}]`)
		x.logInAll(t, "ana/anas", "ben/bens", "ben/tablet", "cho/chos", "dev/devs", "hal")
		x.play(t,
			call{as: "ana/anas", do: "PATCH /v1/me", body: `{"alerts":{"team_queues":"all"}}`, has: []string{`"team_queues":"all"`}},
			call{as: "ben/bens", do: "PATCH /v1/me", body: `{"alerts":{"team_queues":"favourites"}}`},
			call{as: "ben/bens", do: "PUT /v1/queues/@printers/favourite", want: 204},
			call{as: "dev/devs", do: "PATCH /v1/me", body: `{"alerts":{"team_queues":"all"}}`},
			call{as: "cho/chos", do: "PATCH /v1/me", body: `{"alerts":{"team_queues":"sometimes"}}`, want: 422, code: "validation_failed"})
		x.waits(t, "ses", "hal", `,"issue_id":"@paper-jam"`)
		x.tells(t, "it came", "anas queue entered", "bens queue entered", "tablet queue entered")
		x.pass(t, 59*second, "ana/anas", "ben/bens", "cho/chos")
		x.tells(t, "a second before")
		x.pass(t, second, "ana/anas", "ben/bens", "cho/chos")
		x.tells(t, "overdue", "anas queue overdue", "bens queue overdue", "chos queue overdue", "tablet queue overdue")
		x.do(t, call{as: "ben/bens", do: "POST /v1/sessions/$ses/accept", has: []string{`"state":"active"`}})
		x.tells(t, "taken", "anas withdrawal accepted", "bens withdrawal accepted", "chos withdrawal accepted", "tablet withdrawal accepted")
		x.tells(t, "nothing more")

		x.do(t, call{name: "one's own queue, at first", as: "hal", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"},"rep_id":"@cho"}`, want: 201, save: "own=session.id"})
		x.tells(t, "cho's own", "chos queue entered")
		x.do(t, call{as: "cho/chos", do: "PATCH /v1/me", body: `{"alerts":{"queue":false}}`, has: []string{`"queue":false`, `"team_queues":"overdue"`}})
		x.do(t, call{as: "hal", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"},"rep_id":"@cho"}`, want: 201})
		x.tells(t, "switched off")
		x.do(t, call{as: "cho/chos", do: "POST /v1/sessions/$own/accept"})
		x.tells(t, "what told of it before goes all the same", "chos withdrawal accepted")
	})
}

// TestG13ChatAlerts: chat is told to consoles whose stream is closed, once in 30 seconds, until it is read anywhere.
func TestG13ChatAlerts(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana/anas", "ana/tablet", "ben/bens", "cho/chos")
		x.open(t, "ses", "ana/anas", "")
		x.join(t, "ana/anas", "ses", "ben/bens", "")
		x.pushes(t)
		write := func() {
			x.do(t, call{as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"I am Jo Doe"}`, want: 201})
		}
		write()
		x.tells(t, "in the background", "anas message 1", "bens message 1", "tablet message 1")
		write()
		x.clock.Advance(29 * second)
		x.tells(t, "too soon")
		x.clock.Advance(second)
		x.tells(t, "half a minute later", "anas message 2", "bens message 2", "tablet message 2")

		first := x.stream(t, "ana/anas", "")
		first.until(t, "ready")
		again := x.stream(t, "ana/anas", "") // in its place
		again.until(t, "ready")
		x.streams(t, 1)
		x.clock.Advance(30 * second)
		write()
		x.tells(t, "a stream is open", "bens message 3", "tablet message 3")
		again.close()
		x.streams(t, 0)
		x.clock.Advance(30 * second)
		write()
		x.tells(t, "it is closed", "anas message 4", "bens message 4", "tablet message 4")

		last := x.do(t, call{as: "ana/tablet", do: "GET /v1/sessions/$ses/messages?order=desc&limit=1"}).items("id")[0]
		x.do(t, call{as: "ana/tablet", do: "POST /v1/sessions/$ses/messages/read", body: `{"message_id":"` + last + `"}`})
		x.tells(t, "read on one", "anas withdrawal read", "tablet withdrawal read")

		final := x.stream(t, "ana/anas", "")
		final.until(t, "ready")
		x.api.CloseStreams()
		x.streams(t, 0)
		x.clock.Advance(30 * second)
		write()
		x.tells(t, "the server has stopped the stream", "anas message 1", "bens message 5", "tablet message 1")
		x.do(t, call{as: "ana/anas", do: "POST /v1/sessions/$ses/end"})
		x.tells(t, "ended", "anas withdrawal session_ended", "bens withdrawal session_ended", "tablet withdrawal session_ended")
	})
}

// streams waits until so many streams are open, and has what they say of their consoles written.
func (x *server) streams(t *testing.T, n int) {
	t.Helper()
	x.eventually(t, fmt.Sprintf("%d streams are open", n), func() bool { return running("Server).follow") == n })
	if err := x.store.FlushContacts(t.Context()); err != nil {
		t.Fatal(err)
	}
}
