package push

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

func TestKeptShowsWhatWouldBeSent(t *testing.T) {
	var kept []Message
	var log bytes.Buffer
	k := &Kept{Mail: MailConfig{PublicURL: "http://127.0.0.1:8080", Name: "Acme Desk"}, Keep: func(m Message) { kept = append(kept, m) },
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return noon }}
	ios := with(func(j *desk.Job) { j.Platform = "ios" })
	for _, job := range []desk.Job{testJob(), ios, mailJob(nil)} {
		if got := k.Send(t.Context(), job); got != done {
			t.Errorf("outcome %+v", got)
		}
	}
	phone, email := kept[1], kept[2]
	if kept[0].Title != phone.Title || phone.To != "Ben's Pixel" || phone.Rep != "Ben Okafor" || phone.Body != "Paper jam: Tray 2, please" || phone.Data["key"] != "inv_1" || !phone.At.Equal(noon) {
		t.Errorf("phone: %+v", phone)
	}
	if email.To != "ben@example.com" || email.Subject == "" || email.HTML == "" || !strings.Contains(email.Text, "/i/link-1?answer=accept") || email.Headers["Auto-Submitted"] == "" {
		t.Errorf("email: %+v", email)
	}
	for _, secret := range []string{"target-1", "link-1"} {
		if strings.Contains(log.String(), secret) || secret == "target-1" && strings.Contains(fmt.Sprintf("%+v", kept), secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	if got := k.Send(t.Context(), mailJob(func(j *desk.Job) { j.Address = "nobody" })); got != rejected || len(kept) != 3 {
		t.Errorf("bad address: %+v", got)
	}
}
