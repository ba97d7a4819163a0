package push_test

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

func (s *scene) newMail(url string, timeout time.Duration) push.Sender {
	s.t.Helper()
	mail, err := push.NewMail(push.MailConfig{URL: url, From: "desk@example.com", PublicURL: "http://127.0.0.1:8080", Timeout: timeout, Logger: s.logger, Now: s.clock.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(mail.Close)
	return mail
}

// away has reps be in extended availability, and not logged in.
func (s *scene) away(usernames ...string) (all []desk.Caller) {
	s.t.Helper()
	on := true
	for _, name := range usernames {
		c := s.LogIn(name)
		if _, err := s.UpdateMe(s.t.Context(), c, store.MeChange{ExtendedAvailability: &on}, nil); err != nil {
			s.t.Fatal(err)
		}
		if err := s.LogOut(s.t.Context(), c, "current", true); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, c)
	}
	confirming, err := s.ClaimDeliveries(s.t.Context(), desk.ChannelEmail, len(usernames), time.Minute) // G6: not what the tests are about
	if err != nil || len(confirming) != len(usernames) {
		s.t.Fatalf("%d confirming emails, %v", len(confirming), err)
	}
	for _, job := range confirming {
		if err := s.FinishDelivery(s.t.Context(), job, desk.Outcome{Kind: desk.OutcomeDone}, 0); err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// muteOnce is the way to a server by which the first connection is taken and never answered.
func muteOnce(t *testing.T, address string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		mute, _ := listener.Accept()
		for {
			from, err := listener.Accept()
			if err != nil {
				if mute != nil {
					mute.Close()
				}
				return
			}
			to, err := net.Dial("tcp", address)
			if err != nil {
				from.Close()
				continue
			}
			go func() { io.Copy(to, from); to.Close() }()
			go func() { io.Copy(from, to); from.Close() }()
		}
	}()
	return "smtp://" + listener.Addr().String()
}

// The mail server takes the connection and then says nothing more. The worker is free again when its time is up, other
// mails go on meanwhile, and the one that was held up is sent in the end.
func TestG8MailServerHangs(t *testing.T) {
	const timeout = 300 * time.Millisecond
	for _, stage := range []pushtest.Stage{"greeting", pushtest.AtMail, pushtest.AtRcpt, pushtest.InData, pushtest.AtData} {
		t.Run(string(stage), func(t *testing.T) {
			s, smtp := newScene(t), pushtest.NewSMTP(t, pushtest.SMTPSettings{})
			release, url := make(chan struct{}), smtp.URL()
			t.Cleanup(func() { close(release) })
			reached := make(chan struct{}, 1)
			hang := pushtest.Refusal{Stage: stage, Hold: release, Reached: reached}
			switch stage {
			case "greeting":
				url = muteOnce(t, smtp.Addr)
			case pushtest.AtMail:
				smtp.Then("desk@example.com", hang)
			default:
				smtp.Then("cho@example.com", hang)
			}
			away := s.away("cho", "dev")
			s.start(push.Config{Workers: 2, Senders: map[desk.Channel]push.Sender{desk.ChannelEmail: s.newMail(url, timeout)}})
			s.invite(away[0])
			if stage != "greeting" {
				<-reached
			}
			s.invite(away[1])
			if got := smtp.Next().To; got != "dev@example.com" && stage != "greeting" {
				t.Errorf("meanwhile: %s", got)
			}
			states := []string{}
			for _, d := range s.recorded(2) {
				states = append(states, string(d.State)+" "+d.Error)
			}
			slices.Sort(states)
			if !slices.Equal(states, []string{"sent ", "waiting unavailable"}) {
				t.Fatalf("outcomes: %v", states)
			}
			s.later(desk.FirstRetry)
			if got := s.recorded(1)[0]; got.State != desk.DeliverySent || got.Attempts != 2 {
				t.Errorf("in the end: %+v", got)
			}
			to := []string{}
			for _, m := range smtp.Mails() {
				to = append(to, m.To)
			}
			slices.Sort(to)
			if !slices.Equal(to, []string{"cho@example.com", "dev@example.com"}) {
				t.Errorf("mails to %v", to)
			}
		})
	}
}

// A server that refuses one recipient for good has that mail fail; one that refuses for now gets it again. Others get theirs.
func TestG8MailServerRefusesOneRecipient(t *testing.T) {
	for code, want := range map[int]desk.DeliveryState{550: desk.DeliveryFailed, 451: desk.DeliveryWaiting} {
		for _, stage := range []pushtest.Stage{pushtest.AtRcpt, pushtest.AtData} {
			eachScene(t, func(t *testing.T, s *scene) {
				smtp := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
				smtp.Then("cho@example.com", pushtest.Refusal{Stage: stage, Code: code})
				away := s.away("cho", "dev")
				w, _ := s.start(push.Config{Workers: 1, Senders: map[desk.Channel]push.Sender{desk.ChannelEmail: s.newMail(smtp.URL(), time.Minute)}})
				s.invite(away[0])
				if got := s.recorded(1)[0]; got.State != want {
					t.Errorf("%d at %s: %+v", code, stage, got)
				}
				s.invite(away[1])
				if got := s.recorded(1)[0]; got.State != desk.DeliverySent || smtp.Next().To != "dev@example.com" {
					t.Errorf("the other: %+v", got)
				}
				if want == desk.DeliveryWaiting {
					s.later(desk.FirstRetry)
					if got := s.recorded(1)[0]; got.State != desk.DeliverySent || smtp.Next().To != "cho@example.com" {
						t.Errorf("again: %+v", got)
					}
				}
				if w.Alarm() != "" {
					t.Errorf("alarm: %s", w.Alarm())
				}
			})
		}
	}
}
