package push_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// newFCM is a sender to the server, by Google's SDK.
func (s *scene) newFCM(server *pushtest.FCM) map[desk.Channel]push.Sender {
	s.t.Helper()
	fcm, err := push.NewFCM(s.t.Context(), push.FCMConfig{Project: "p", Endpoint: server.URL, Logger: s.logger, Now: s.clock.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(fcm.Close)
	return byFCM(fcm)
}

// phones logs Ben in on more devices, and returns the targets of all.
func (s *scene) phones(n int) []string {
	all := []string{"bens-phone"}
	for i := range n - 1 {
		all = append(all, fmt.Sprintf("bens-phone-%d", i))
		s.LogInWithPush("ben", all[i+1])
	}
	return all
}

func always(server *pushtest.FCM, targets []string, a pushtest.Answer) {
	for _, target := range targets {
		server.Always(target, a)
	}
}

// next are the next pushes, as "type target", sorted.
func next(server *pushtest.FCM, n int) (words []string) {
	for range n {
		p := server.Next()
		words = append(words, p.Data["type"]+" "+p.Target)
	}
	slices.Sort(words)
	return words
}

func (s *scene) cancel(inv desk.Invitation) {
	s.t.Helper()
	if _, err := s.CancelInvitation(s.t.Context(), s.ana, inv.ID); err != nil {
		s.t.Fatal(err)
	}
}

// Each push comes in the end, and after each refusal there is the pause that Google asks for, growing and with jitter.
func TestG8FCMAwayForTenMinutes(t *testing.T) {
	eachScene(t, func(t *testing.T, s *scene) {
		const n, jitter = 24, 0.5
		server := pushtest.NewFCM(t)
		phones := s.phones(n)
		always(server, phones, pushtest.Status(http.StatusServiceUnavailable))
		s.start(push.Config{Senders: s.newFCM(server), Jitter: func() float64 { return jitter }})
		began, attempts := s.clock.Now(), 1
		inv := s.invite(s.ben)
		for {
			next(server, n)
			outcomes := s.recorded(n)
			if outcomes[0].State == desk.DeliverySent {
				break
			}
			want := desk.RetryPause(attempts, desk.Outcome{Kind: desk.OutcomeTryAgain}, jitter)
			if got := s.untilDue(); got != want || got < desk.FirstRetry {
				t.Fatalf("after attempt %d: a pause of %s, want %s", attempts, got, want)
			}
			s.clock.Advance(s.untilDue() - 1)
			s.later(0)
			if attempts++; s.clock.Now().Sub(began) >= 10*time.Minute {
				always(server, phones, pushtest.Answer{})
			}
			s.later(1)
		}
		all, err := s.Deliveries(t.Context(), s.ana, inv.ID, "", 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if d.State != desk.DeliverySent || d.Attempts != attempts || d.Error != "" {
				t.Errorf("after %d attempts: %+v", attempts, d)
			}
		}
		if got := len(server.Pushes()); len(all) != n || got != n*attempts || attempts != 7 {
			t.Errorf("%d deliveries, %d requests in %d attempts", len(all), got, attempts)
		}
	})
}

func TestG8FCMNamesThePause(t *testing.T) {
	for name, c := range map[string]struct {
		answer pushtest.Answer
		pause  time.Duration
	}{
		"503":                       {pushtest.Status(503), 10 * time.Second},
		"500":                       {pushtest.Status(500), 10 * time.Second},
		"503, in 100 s":             {pushtest.RetryAfter(503, "100"), 100 * time.Second},
		"503, sooner than we would": {pushtest.RetryAfter(503, "1"), 10 * time.Second},
		"429":                       {pushtest.Status(429), 60 * time.Second},
		"429, in 17 s":              {pushtest.RetryAfter(429, "17"), 17 * time.Second},
		"429, in 20 minutes":        {pushtest.RetryAfter(429, "1200"), 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := newScene(t), pushtest.NewFCM(t)
			server.Always("bens-phone", c.answer)
			s.start(push.Config{Senders: s.newFCM(server)})
			s.invite(s.ben)
			next(server, 1)
			s.recorded(1)
			if got := s.untilDue(); got != c.pause {
				t.Errorf("a pause of %s, want %s", got, c.pause)
			}
			server.Always("bens-phone", pushtest.Answer{})
			s.later(c.pause)
			if got := s.recorded(1)[0]; got.State != desk.DeliverySent || got.Attempts != 2 {
				t.Errorf("after the pause: %+v", got)
			}
		})
	}
}

// What FCM does not take for an hour fails, an email follows, and the invitation stands.
func TestG8GivenUpAfterAnHourAndFollowedByOneMail(t *testing.T) {
	eachScene(t, func(t *testing.T, s *scene) {
		server, smtp := pushtest.NewFCM(t), pushtest.NewSMTP(t, pushtest.SMTPSettings{})
		s.LogInWithPush("eli", "elis-phone") // who has no address
		eli := s.LogInWithPush("eli", "elis-tablet")
		always(server, append(s.phones(3), "elis-phone", "elis-tablet"), pushtest.Status(http.StatusServiceUnavailable))
		senders := s.newFCM(server)
		senders[desk.ChannelEmail] = s.newMail(smtp.URL(), time.Minute)
		s.start(push.Config{Senders: senders})
		began := s.clock.Now()
		first, second := s.invite(s.ben), s.invite(eli)
		outcomes, failed := s.recorded(5), func(d desk.Delivery) bool { return d.State == desk.DeliveryFailed }
		for !slices.ContainsFunc(outcomes, failed) {
			s.later(s.untilDue())
			outcomes = s.recorded(5)
		}
		var words []string
		for _, d := range append(outcomes, s.recorded(1)...) {
			words = append(words, strings.TrimSpace(fmt.Sprint(d.Channel, " ", d.Rep.Name, " ", d.State, " ", d.Error)))
		}
		slices.Sort(words)
		const bensFailed, elisFailed = "fcm Ben Okafor failed given_up", "fcm Eli Stone failed given_up"
		if !slices.Equal(words, []string{"email Ben Okafor sent", bensFailed, bensFailed, bensFailed, elisFailed, elisFailed}) {
			t.Errorf("outcomes: %v", words)
		}
		if took := s.clock.Now().Sub(began); took < 45*time.Minute || took > time.Hour {
			t.Errorf("given up after %s", took)
		}
		if mails := smtp.Mails(); len(mails) != 1 || mails[0].To != "ben@example.com" {
			t.Errorf("%d mails", len(mails))
		}
		for _, inv := range []desk.Invitation{first, second} {
			if got, err := s.Invitation(t.Context(), s.ana, inv.ID); err != nil || !got.Active() {
				t.Errorf("the invitation is %s, %v", got.State, err)
			}
		}
	})
}

func TestG7GivenUpAtOnceWhenTheInvitationEnds(t *testing.T) {
	s, server := newScene(t), pushtest.NewFCM(t)
	server.Always("bens-phone", pushtest.Status(http.StatusServiceUnavailable))
	_, stop := s.start(push.Config{Senders: s.newFCM(server)})
	inv := s.invite(s.ben)
	s.recorded(1)
	server.Always("bens-phone", pushtest.Answer{})
	s.cancel(inv)
	if got := s.recorded(1)[0]; got.State != desk.DeliveryDropped {
		t.Errorf("delivery: %+v", got)
	}
	next(server, 1)
	s.recorded(1)
	s.later(time.Hour)
	stop()
	var words []string
	for _, p := range server.Pushes() {
		words = append(words, fmt.Sprint(p.Data["type"], p.Status))
	}
	if !slices.Equal(words, []string{"invitation503", "withdrawal200"}) { // a 503 does not say that nothing came
		t.Errorf("sent: %v", words)
	}
}

// FCM takes the push and cuts the connection: it may come twice, and is never lost.
func TestG7ConnectionCutAfterFCMTookThePush(t *testing.T) {
	for name, answer := range map[string]pushtest.Answer{"without an answer": pushtest.Cut(), "within the answer": {CutBody: true}} {
		t.Run(name, func(t *testing.T) {
			s, server := newScene(t), pushtest.NewFCM(t)
			server.Always("bens-phone", answer)
			s.start(push.Config{Senders: s.newFCM(server)})
			inv := s.invite(s.ben)
			first := server.Next()
			if got := s.recorded(1)[0]; got.State != desk.DeliveryWaiting {
				t.Errorf("delivery: %+v", got)
			}
			server.Always("bens-phone", pushtest.Answer{})
			s.later(s.untilDue())
			second := server.Next()
			if got := s.recorded(1)[0]; got.State != desk.DeliverySent {
				t.Errorf("delivery: %+v", got)
			}
			for _, key := range []string{"key", "rev", "delivery_id"} { // by which the device knows the second for the first
				if first.Data[key] != second.Data[key] {
					t.Errorf("%s: %s, then %s", key, first.Data[key], second.Data[key])
				}
			}
			s.cancel(inv)
			if got := next(server, 1); got[0] != "withdrawal bens-phone" {
				t.Errorf("then %v", got)
			}
		})
	}
}

// FCM says that the registration is gone while the device registers anew: the new one stays, and the push goes there.
func TestG8UnregisteredWhileTheDeviceRegistersAnew(t *testing.T) {
	eachScene(t, func(t *testing.T, s *scene) {
		server, release := pushtest.NewFCM(t), make(chan struct{})
		gone := pushtest.Unregistered()
		gone.Hold = release
		server.Always("bens-phone", gone)
		s.start(push.Config{Senders: s.newFCM(server)})
		s.invite(s.ben)
		next(server, 1)
		fresh := "bens-phone-anew"
		if _, err := s.UpdateConsole(t.Context(), s.ben, "current", store.ConsoleChange{Device: desk.Device{PushTarget: &fresh}}, nil); err != nil {
			t.Fatal(err)
		}
		close(release)
		if got := next(server, 1); got[0] != "invitation bens-phone-anew" {
			t.Errorf("then %v", got)
		}
		if got := s.recorded(2); got[1].State != desk.DeliverySent {
			t.Errorf("delivery: %+v", got)
		}
		if got, err := s.Consoles(t.Context(), s.ben); err != nil || got[0].PushKind == "" {
			t.Errorf("console: %+v, %v", got, err)
		}
	})
}

// What FCM refuses because of us raises the alarm, deletes nothing, and is sent when that is mended.
func TestG8OurOwnFaultIsAlarmedAndMended(t *testing.T) {
	for name, answer := range map[string]pushtest.Answer{
		"401": pushtest.Status(401), "403": pushtest.Status(403), "404 without its detail": pushtest.Status(404),
		"another sender's": {Status: 403, Code: "SENDER_ID_MISMATCH"}, "Apple's": {Status: 401, Code: "THIRD_PARTY_AUTH_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := newScene(t), pushtest.NewFCM(t)
			server.Always("bens-phone", answer)
			w, stop := s.start(push.Config{Senders: s.newFCM(server)})
			s.invite(s.ben)
			if got := s.recorded(1)[0]; got.State != desk.DeliveryWaiting || got.Error != "not_configured" {
				t.Errorf("delivery: %+v", got)
			}
			if got := w.Alarm(); !strings.Contains(got, "fcm") {
				t.Errorf("alarm %q", got)
			}
			if got, err := s.Consoles(t.Context(), s.ben); err != nil || got[0].PushKind == "" {
				t.Errorf("console: %+v, %v", got, err)
			}
			server.Always("bens-phone", pushtest.Answer{})
			s.later(s.untilDue())
			if got := s.recorded(1)[0]; got.State != desk.DeliverySent {
				t.Errorf("mended: %+v", got)
			}
			stop()
			if got := w.Alarm(); got != "" || strings.Count(s.log.String(), "level=ERROR") != 1 {
				t.Errorf("alarm %q, log: %s", got, s.log.String())
			}
		})
	}
}

// The end comes while pushes are on the wire: each device that may get one is sent a withdrawal, the winner's too, and
// what was not begun is dropped.
func TestG5TheEndRacesTheSend(t *testing.T) {
	for name, end := range map[string]func(s *scene, inv desk.Invitation) error{
		"cancelled": func(s *scene, inv desk.Invitation) error {
			_, err := s.CancelInvitation(s.t.Context(), s.ana, inv.ID)
			return err
		},
		"accepted by the invited": func(s *scene, inv desk.Invitation) error {
			_, err := s.AcceptInvitation(s.t.Context(), s.ben, inv.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachScene(t, func(t *testing.T, s *scene) {
				const devices, workers = 50, 16
				server, release := pushtest.NewFCM(t), make(chan struct{})
				phones := s.phones(devices)
				always(server, phones, pushtest.Hold(release))
				_, stop := s.start(push.Config{Senders: s.newFCM(server), Workers: workers})
				inv := s.invite(s.ben)
				sent := next(server, workers)
				if err := end(s, inv); err != nil {
					t.Fatal(err)
				}
				always(server, phones, pushtest.Answer{})
				close(release)
				withdrawn := next(server, workers)
				for i, word := range sent {
					if withdrawn[i] != strings.Replace(word, "invitation", "withdrawal", 1) {
						t.Errorf("sent %v, withdrawn %v", sent, withdrawn)
					}
				}
				states := map[desk.DeliveryState]int{}
				for _, d := range s.recorded(devices + workers) { // each invitation, and each withdrawal
					states[d.State]++
				}
				s.later(time.Hour)
				stop()
				if n := len(server.Pushes()); states[desk.DeliveryDropped] != devices-workers || states[desk.DeliverySent] != 2*workers || n != 2*workers {
					t.Errorf("%d pushes, outcomes %v", n, states)
				}
			})
		})
	}
}

func TestG4FiftyDevicesAreToldAndWithdrawnFrom(t *testing.T) {
	s, server := newScene(t), pushtest.NewFCM(t)
	const devices = 50
	s.phones(devices)
	s.start(push.Config{Senders: s.newFCM(server)})
	inv := s.invite(s.ben)
	told := slices.Compact(next(server, devices))
	s.recorded(devices)
	s.cancel(inv)
	withdrawn := slices.Compact(next(server, devices))
	if len(told) != devices || len(withdrawn) != devices {
		t.Errorf("%d told, %d withdrawn from", len(told), len(withdrawn))
	}
}

// waitingAndHeld has a push to ben's phone that waits, for FCM was away, and one to cho's that is on the wire until release.
func waitingAndHeld(t *testing.T) (s *scene, server *pushtest.FCM, release chan struct{}, stop func()) {
	s, server, release = newScene(t), pushtest.NewFCM(t), make(chan struct{})
	server.Always("bens-phone", pushtest.Status(http.StatusServiceUnavailable))
	server.Always("chos-phone", pushtest.Hold(release))
	_, stop = s.start(push.Config{Senders: s.newFCM(server)})
	s.invite(s.ben)
	s.recorded(1)
	s.invite(s.LogInWithPush("cho", "chos-phone"))
	next(server, 2)
	return s, server, release, stop
}

// The clock jumps ahead while pushes wait and are being sent: none is lost or given up, none is sent without end.
func TestG7ClockJumpsAhead(t *testing.T) {
	s, server, release, stop := waitingAndHeld(t)

	s.later(time.Hour)
	if got := next(server, 2); !slices.Equal(got, []string{"invitation bens-phone", "invitation chos-phone"}) { // the latter's lease is over
		t.Errorf("after the jump: %v", got)
	}
	if got := s.recorded(1)[0]; got.State != desk.DeliveryWaiting || s.untilDue() < desk.FirstRetry {
		t.Errorf("after %s: %+v", s.untilDue(), got)
	}
	server.Always("bens-phone", pushtest.Answer{})
	server.Always("chos-phone", pushtest.Answer{})
	close(release)
	s.recorded(1)
	s.later(s.untilDue())
	if got := s.recorded(1)[0]; got.State != desk.DeliverySent || got.Attempts != 3 {
		t.Errorf("in the end: %+v", got)
	}
	stop()
	if n := len(server.Pushes()); n != 5 {
		t.Errorf("%d pushes", n)
	}
}

// The clock is set back while pushes wait and are being sent: they go on as if it had not been.
func TestG7ClockIsSetBack(t *testing.T) {
	s, server, release, stop := waitingAndHeld(t)
	server.Always("bens-phone", pushtest.Answer{})

	s.later(-time.Hour)
	s.invite(s.LogInWithPush("dev", "devs-phone"))
	if got := next(server, 1); got[0] != "invitation devs-phone" {
		t.Errorf("new: %v", got)
	}
	s.recorded(1)
	close(release)
	s.recorded(1)
	s.later(desk.FirstRetry)
	if got := next(server, 1); got[0] != "invitation bens-phone" {
		t.Errorf("after its pause: %v", got)
	}
	s.recorded(1)
	stop()
	if n := len(server.Pushes()); n != 4 || strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("%d pushes; log: %s", n, s.log.String())
	}
}
