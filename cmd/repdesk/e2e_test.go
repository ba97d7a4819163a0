package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/push/pushtest"
)

// fcmWorkers is how many pushes the program sends at a time.
const fcmWorkers = 16

func database(t *testing.T) string { return filepath.Join(t.TempDir(), "repdesk.db") }

func TestInvitedDeviceIsToldWithinASecondAndAgainWhenItIsOver(t *testing.T) {
	fcm := pushtest.NewFCM(t)
	p := start(t, database(t), "--fcm-project", "desk", "--fcm-endpoint", fcm.URL)
	ana := p.logIn("ana", browser)
	p.logIn("ben", phone("bens-phone"))
	session := ana.openSession()

	fastest := time.Hour // of three: one alone may meet a moment in which the machine does something else
	for range 3 {
		begun := time.Now()
		invitation := ana.invite(session, repdesk.InviteRequest{RepID: new("@ben"), Comment: new("Please look")})
		told := fcm.Next()
		fastest = min(fastest, time.Since(begun))
		ana.cancel(invitation)
		withdrawn := fcm.Next()

		if told.Target != "bens-phone" || told.Data["type"] != "invitation" || told.Data["key"] != invitation || told.Data["comment"] != "Please look" {
			t.Errorf("told: %+v", told)
		}
		if withdrawn.Target != "bens-phone" || withdrawn.Data["type"] != "withdrawal" || withdrawn.Data["key"] != invitation || withdrawn.Data["reason"] != "cancelled" {
			t.Errorf("withdrawn: %+v", withdrawn)
		}
		if number(t, withdrawn.Data["rev"]) <= number(t, told.Data["rev"]) {
			t.Errorf("withdrawn at revision %s, told at %s", withdrawn.Data["rev"], told.Data["rev"])
		}
	}
	if fastest > time.Second {
		t.Errorf("told after %s", fastest)
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEmailLinkShowsAcceptsAndDiesWithItsInvitation(t *testing.T) {
	smtp := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	p := start(t, database(t), "--smtp", smtp.URL(), "--mail-from", "desk@example.com")
	ana := p.logIn("ana", browser)
	for _, name := range []string{"cho", "dia"} {
		away := p.logIn(name, browser)
		_, err := away.UpdateMeWithResponse(t.Context(), nil, repdesk.UpdateMeRequest{ExtendedAvailability: new(true)})
		ok(t, err)
		if confirms := smtp.Next(); confirms.To != name+"@example.com" || confirms.Subject != "Extended availability is on" { // G6
			t.Errorf("%q to %s", confirms.Subject, confirms.To)
		}
		_, err = away.LogOutWithResponse(t.Context(), "current", nil)
		ok(t, err)
	}
	session := ana.openSession()

	invitation := ana.inviteRep(session, "cho")
	link := linkIn(t, smtp.Next(), "cho@example.com")
	page(t, http.MethodGet, link, "Accept")
	if state := ana.invitation(invitation).State; state != repdesk.InvitationStateActive {
		t.Errorf("opening the link made the invitation %s", state)
	}
	page(t, http.MethodPost, link, "You have accepted")
	accepted := ana.invitation(invitation)
	if accepted.State != repdesk.InvitationStateAccepted || accepted.AcceptedBy.Name != "cho" {
		t.Errorf("after the answer: %+v", accepted)
	}

	invitation = ana.inviteRep(session, "dia")
	link = linkIn(t, smtp.Next(), "dia@example.com")
	ana.cancel(invitation)
	page(t, http.MethodGet, link, "has cancelled it")
	page(t, http.MethodPost, link, "has cancelled it")
	if state := ana.invitation(invitation).State; state != repdesk.InvitationStateCancelled {
		t.Errorf("a dead link made the invitation %s", state)
	}
}

var acceptLink = regexp.MustCompile(`http://\S+/i/\S+answer=accept`)

func linkIn(t *testing.T, mail pushtest.Mail, to string) string {
	t.Helper()
	link := acceptLink.FindString(mail.Text)
	if mail.To != to || link == "" {
		t.Fatalf("mail to %s: %s", mail.To, mail.Text)
	}
	return link
}

// page opens a link, or presses Accept on it, and expects words on the page that comes.
func page(t *testing.T, method, link, words string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, link, strings.NewReader(url.Values{"answer": {"accept"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(answer.Body).WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || !strings.Contains(text.String(), words) {
		t.Errorf("%s: %d without %q:\n%s", method, answer.StatusCode, words, text.String())
	}
}

// G7: all workers hang at FCM when the process is killed; what they did not come to yet is committed and not sent.
func TestG7WhatIsCommittedIsSentAfterAKill(t *testing.T) {
	const devices = 200
	fcm, db := pushtest.NewFCM(t), database(t)
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	p := start(t, db, "--fcm-project", "desk", "--fcm-endpoint", fcm.URL)
	ana := p.logIn("ana", browser)
	unsent := map[string]bool{}
	for i := range devices {
		target := fmt.Sprintf("phone-%d", i)
		fcm.Always(target, pushtest.Answer{Hold: hold})
		p.logIn("ben", phone(target))
		unsent[target] = true
	}
	invitation := ana.inviteRep(ana.openSession(), "ben")
	for range fcmWorkers {
		fcm.Next()
	}
	p.kill()
	for target := range unsent {
		fcm.Always(target, pushtest.Answer{})
	}

	ana = start(t, db, "--fcm-project", "desk", "--fcm-endpoint", fcm.URL).with(ana.token)
	told := ana.stream()
	for len(unsent) > 0 { // those that were being sent when it died come again
		push := fcm.Next()
		if push.Data["key"] != invitation {
			t.Errorf("told after the restart: %+v", push)
		}
		delete(unsent, push.Target)
	}
	for ana.count(invitation, repdesk.DeliveryStateSent) < devices {
		if !until(told, "event: delivery.changed") {
			t.Fatalf("%d of %d are recorded as sent: %v", ana.count(invitation, repdesk.DeliveryStateSent), devices, told.Err())
		}
	}
}

// count counts the deliveries of an invitation in a state.
func (c console) count(invitation string, state repdesk.DeliveryState) (n int) {
	c.p.t.Helper()
	page := repdesk.ListDeliveriesParams{Limit: new(int32(100))}
	for {
		answer, err := c.ListDeliveriesWithResponse(c.p.t.Context(), invitation, &page)
		ok(c.p.t, err)
		for _, delivery := range answer.JSON200.Items {
			if delivery.State == state {
				n++
			}
		}
		if answer.JSON200.Next == nil {
			return n
		}
		page.Cursor = answer.JSON200.Next
	}
}

// G8: credentials that FCM refuses show in /readyz and in the log until a push goes out again.
func TestG8AnAlarmShowsWhereOperatorsLook(t *testing.T) {
	fcm := pushtest.NewFCM(t)
	fcm.Always("bens-phone", pushtest.Status(http.StatusForbidden))
	p := start(t, database(t), "--fcm-project", "desk", "--fcm-endpoint", fcm.URL)
	ana := p.logIn("ana", browser)
	p.logIn("ben", phone("bens-phone"))
	p.logIn("cho", phone("chos-phone"))
	told, session := ana.stream(), ana.openSession()
	warning := func(rep string) string {
		ana.inviteRep(session, rep)
		if !until(told, "event: delivery.changed") {
			t.Fatal("no outcome is told of")
		}
		answer, err := http.Get(p.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		said, _ := io.ReadAll(answer.Body)
		return fmt.Sprint(answer.StatusCode, " ", string(said))
	}
	if got := warning("ben"); !strings.HasPrefix(got, "200 ready") || !strings.Contains(got, "fcm refuses our credentials") {
		t.Errorf("/readyz says %q", got)
	}
	if got := warning("cho"); got != "200 ready\n" {
		t.Errorf("once it works, /readyz says %q", got)
	}
	if _, err := p.stop(); err != nil || !strings.Contains(p.log.String(), "channel is misconfigured") {
		t.Errorf("%v; logged:\n%s", err, p.log.String())
	}
}

func TestOfTwentyWhoAcceptAtOnceOneWins(t *testing.T) {
	p := start(t, database(t))
	ana := p.logIn("ana", browser)
	var reps []console
	for i := range crowd {
		reps = append(reps, p.logIn(fmt.Sprintf("c%d", i), browser))
	}
	invitation := ana.invite(ana.openSession(), repdesk.InviteRequest{TeamID: new("@crowd")})

	outcomes := make([]error, crowd)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i, rep := range reps {
		all.Go(func() {
			<-begin
			_, outcomes[i] = rep.AcceptInvitationWithResponse(t.Context(), invitation)
		})
	}
	close(begin)
	all.Wait()

	winner := ""
	if by := ana.invitation(invitation).AcceptedBy; by != nil {
		winner = by.ID
	}
	for i, rep := range reps {
		refusal, refused := repdesk.AsProblem(outcomes[i])
		switch {
		case rep.rep == winner && outcomes[i] == nil:
		case rep.rep == winner:
			t.Errorf("the winner was answered %v", outcomes[i])
		case !refused || refusal.Code != repdesk.ProblemCodeInvitationNotActive || refusal.Conflict.By == nil || refusal.Conflict.By.ID != winner:
			t.Errorf("a loser was answered %v", outcomes[i])
		}
	}
	if winner == "" {
		t.Error("nobody won")
	}
}

func TestStopsWithin5SecondsWithOpenStreams(t *testing.T) {
	p := start(t, database(t))
	var streams []*bufio.Scanner
	for _, name := range []string{"ana", "ben", "cho"} {
		streams = append(streams, p.logIn(name, browser).stream())
	}
	took, err := p.stop()
	if err != nil || took > 5*time.Second {
		t.Errorf("stopped after %s with %v", took, err)
	}
	for _, stream := range streams {
		if !until(stream, "event: closing") {
			t.Error("a stream was cut without a word")
		}
	}
}

// stream opens the event stream and reads until it is up to date.
func (c console) stream() *bufio.Scanner {
	c.p.t.Helper()
	answer, err := c.StreamEvents(c.p.t.Context(), nil)
	ok(c.p.t, err)
	c.p.t.Cleanup(func() { answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	if !until(lines, "event: ready") {
		c.p.t.Fatalf("the stream does not become ready: %d %v", answer.StatusCode, lines.Err())
	}
	return lines
}

func until(lines *bufio.Scanner, line string) bool {
	for lines.Scan() {
		if lines.Text() == line {
			return true
		}
	}
	return false
}
