package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// outboxServer is an outbox over a sample desk, and the client of somebody who looks at it.
type outboxServer struct {
	*httptest.Server
	t      *testing.T
	outbox *outbox
	sample *sample
}

func newOutboxServer(t *testing.T) *outboxServer {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Database: database(t), Password: demoPasswords})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	sample, err := newSample(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	o := newOutbox(s, sample.callers, t.Context().Done())
	server := httptest.NewServer(o.handler())
	t.Cleanup(server.Close)
	return &outboxServer{server, t, o, sample}
}

func (s *outboxServer) get(path string) (*http.Response, string) {
	s.t.Helper()
	answer, err := s.Client().Get(s.URL + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(body)
}

func (s *outboxServer) press(delivery, button string) *http.Response {
	s.t.Helper()
	answer, err := s.Client().PostForm(s.URL+"/demo/outbox/answers", url.Values{"delivery": {delivery}, "answer": {button}})
	if err != nil {
		s.t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

func pushed(delivery, kind, key string) push.Message {
	return push.Message{DeliveryID: delivery, Channel: desk.ChannelFCM, Rep: "Ben", To: "phone", Title: "title of " + delivery, Body: "body of " + delivery,
		Data: map[string]string{"type": kind, "key": key}}
}

func TestWithdrawalEndsTheNotificationOfItsKey(t *testing.T) {
	s := newOutboxServer(t)
	s.outbox.keep(pushed("dlv_1", "invitation", "inv_1"))
	s.outbox.keep(pushed("dlv_2", "invitation", "inv_2"))
	s.outbox.keep(pushed("dlv_3", "withdrawal", "inv_1"))
	_, page := s.get("/demo/outbox")
	first, second, _ := strings.Cut(page, `<article id="dlv_1"`)
	contains(t, second, "title of dlv_1", "Gone from the phone: body of dlv_3")
	contains(t, first, "title of dlv_2", ">Accept<", ">Decline<")
	if strings.Contains(second, ">Accept<") || strings.Contains(first, "Gone from") || strings.Contains(page, `id="dlv_3"`) {
		t.Errorf("withdrawn is the wrong one:\n%s", page)
	}
}

// C6, C9, G13: each kind is shown with the buttons that it has, and goes as invitations do.
func TestOutboxShowsEveryKind(t *testing.T) {
	for _, kind := range []struct{ name, key, buttons string }{
		{"invitation", "inv_1", "Accept Decline"}, {"transfer", "trf_1", "Accept Decline"}, {"queue", "qen_1", "Accept"},
		{"message", "ses_1.chat", ""}, {"session", "ses_1.state", ""}, {"signed_out", "con_1", ""}, {"test", "test", ""},
	} {
		s := newOutboxServer(t)
		s.outbox.keep(pushed("dlv_1", kind.name, kind.key))
		_, page := s.get("/demo/outbox")
		contains(t, page, "title of dlv_1")
		found := []string{}
		for _, button := range []string{"Accept", "Decline"} {
			if strings.Contains(page, ">"+button+"</button>") {
				found = append(found, button)
			}
		}
		if got := strings.Join(found, " "); got != kind.buttons || strings.Contains(page, "Gone from") {
			t.Errorf("%s: buttons %q:\n%s", kind.name, got, page)
		}
		s.outbox.keep(pushed("dlv_2", "withdrawal", kind.key))
		_, page = s.get("/demo/outbox")
		contains(t, page, "Gone from the phone: body of dlv_2")
	}
}

func TestNewerNotificationReplacesThatOfItsKey(t *testing.T) {
	s := newOutboxServer(t)
	s.outbox.keep(pushed("dlv_1", "session", "ses_1.state"))
	s.outbox.keep(pushed("dlv_2", "session", "ses_1.state"))
	s.outbox.keep(pushed("dlv_3", "withdrawal", "ses_1.state"))
	_, page := s.get("/demo/outbox")
	second, first, _ := strings.Cut(page, `<article id="dlv_1"`)
	contains(t, first, "Gone from the phone: "+replaced)
	contains(t, second, "Gone from the phone: body of dlv_3")
}

func TestOutboxPageWaitsForNews(t *testing.T) {
	s := newOutboxServer(t)
	page := make(chan string)
	go func() { _, body := s.get("/demo/outbox?after=0"); page <- body }()
	s.outbox.keep(pushed("dlv_1", "invitation", "inv_1"))
	contains(t, <-page, "title of dlv_1", `data-version="1"`)
}

func TestOutboxPagesRunNothingOfOthers(t *testing.T) {
	s := newOutboxServer(t)
	hostile := pushed("dlv_1", "invitation", "inv_1")
	hostile.Title = "<script>alert(1)</script>"
	s.outbox.keep(hostile)
	s.outbox.keep(push.Message{DeliveryID: "dlv_2", Channel: desk.ChannelEmail, Rep: "Cho", To: "cho@example.com", Subject: "Hello", Text: "text", HTML: "<html><head></head><body>mail</body></html>"})

	answer, page := s.get("/demo/outbox")
	contains(t, page, "&lt;script&gt;", `src="/demo/outbox/mails/dlv_2"`, "sandbox=")
	contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'", "script-src 'self';")
	answer, mail := s.get("/demo/outbox/mails/dlv_2")
	contains(t, mail, "mail", `<base target="_blank">`)
	contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'", "sandbox")
	if answer, _ := s.get("/demo/outbox/mails/dlv_1"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a push is no mail: %d", answer.StatusCode)
	}
	for _, asset := range []string{"/demo/outbox.css", "/demo/outbox.js"} {
		if answer, _ := s.get(asset); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", asset, answer.StatusCode)
		}
	}
}

func TestNotificationsButtonsAct(t *testing.T) {
	s := newOutboxServer(t)
	ben := s.sample.ben.Rep.ID
	invitation, err := s.sample.store.Invite(t.Context(), s.sample.callers[s.sample.ana.Rep.ID], s.sample.session.ID, store.NewInvitation{RepID: ben})
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := s.sample.store.Deliveries(t.Context(), s.sample.callers[s.sample.ana.Rep.ID], invitation.ID, "", 1)
	if err != nil || len(deliveries) != 1 {
		t.Fatalf("deliveries: %v %v", deliveries, err)
	}
	told := pushed(deliveries[0].ID, "invitation", invitation.ID)
	told.Data["rep_id"], told.Data["invitation_id"] = ben, invitation.ID
	s.outbox.keep(told)

	for _, kind := range []string{"message", "session", "signed_out", "test"} {
		other := pushed("dlv_"+kind, kind, kind)
		other.Data["rep_id"] = ben
		s.outbox.keep(other)
		if answer := s.press(other.DeliveryID, "accept"); answer.StatusCode != http.StatusNotFound {
			t.Errorf("a %s has no button: %d", kind, answer.StatusCode)
		}
	}
	answer := s.press(told.DeliveryID, "accept")
	invitation, err = s.sample.store.Invitation(t.Context(), s.sample.callers[ben], invitation.ID)
	if err != nil || answer.StatusCode != http.StatusOK || invitation.State != desk.InvitationAccepted {
		t.Errorf("%d, %s, %v", answer.StatusCode, invitation.State, err)
	}
}

// G13: a session in the own queue is taken by the notification's button, which has no other.
func TestNotificationOfAQueueActs(t *testing.T) {
	s := newOutboxServer(t)
	ben := s.sample.ben.Rep.ID
	started, err := s.sample.store.StartSession(t.Context(), s.sample.callers[s.sample.ana.Rep.ID], store.NewSession{RepID: ben, Kind: "support", Customer: desk.Customer{Name: "Jo Doe"}})
	if err != nil {
		t.Fatal(err)
	}
	sender := &push.Kept{Keep: s.outbox.keep}
	jobs, err := s.sample.store.ClaimDeliveries(t.Context(), desk.ChannelFCM, 100, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	told := ""
	for _, job := range jobs {
		if sender.Send(t.Context(), job); job.Purpose == desk.PurposeQueue {
			told = job.ID
		}
	}
	if answer := s.press(told, "decline"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a session in a queue cannot be declined: %d", answer.StatusCode)
	}
	answer := s.press(told, "accept")
	session, err := s.sample.store.Session(t.Context(), s.sample.callers[ben], started.Session.ID)
	if err != nil || answer.StatusCode != http.StatusOK || session.Owner == nil || session.Owner.ID != ben {
		t.Errorf("%d, %+v, %v", answer.StatusCode, session.Owner, err)
	}
}
