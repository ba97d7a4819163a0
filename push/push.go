// Package push tells people what happened: it takes deliveries from the store's outbox, builds each message, sends
// it, and records what became of it.
//
// Messages are built by pure functions (fcm_payload.go, mail_message.go), sent by a Sender for each channel (fcm.go,
// mail.go; Kept where a channel is not configured), and the Worker drives them. What is to be told, to whom, and when
// it is given up is decided in the store and in store/desk, not here.
package push

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// Sender tries once to send a job's message. It never retries: pauses and giving up are the outbox's, so that a
// waiting message costs a row and not a goroutine. It must be safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, job desk.Job) desk.Outcome
}

// Message is what would have been sent where a channel is not configured, for people to look at. It never holds the
// push target, which is a secret.
type Message struct {
	DeliveryID string            `json:"delivery_id"`
	Channel    desk.Channel      `json:"channel"`
	Rep        string            `json:"rep"` // whom it tells; empty: a specialist
	To         string            `json:"to"`  // the device's name, or the address
	At         time.Time         `json:"at"`
	Data       map[string]string `json:"data,omitempty"`  // fcm: what the app gets
	Title      string            `json:"title,omitempty"` // fcm: what the notification shows
	Body       string            `json:"body,omitempty"`
	Subject    string            `json:"subject,omitempty"` // email
	Text       string            `json:"text,omitempty"`
	HTML       string            `json:"html,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
}

// Kept stands in for a channel that is not configured: it sends nothing, logs that it would have, and hands the
// message to Keep.
type Kept struct {
	Mail   MailConfig       // how emails look; URL is not needed
	Logger *slog.Logger     // nil: slog.Default()
	Keep   func(Message)    // nil: logged only
	Now    func() time.Time // nil: time.Now
}

// Send keeps the message. The log names the receiver but not the content: an email's links let in whoever has them.
func (k *Kept) Send(ctx context.Context, job desk.Job) desk.Outcome {
	message, err := k.message(job)
	if err != nil {
		cmp.Or(k.Logger, slog.Default()).WarnContext(ctx, "message cannot be built", "delivery", job.ID, "error", err)
		return rejected
	}
	cmp.Or(k.Logger, slog.Default()).InfoContext(ctx, "would be sent, but the channel is not configured",
		"channel", message.Channel, "purpose", job.Purpose, "delivery", job.ID, "rep", message.Rep, "to", message.To)
	if k.Keep != nil {
		k.Keep(message)
	}
	return done
}

func (k *Kept) message(job desk.Job) (Message, error) {
	m := Message{DeliveryID: job.ID, Channel: job.Channel, Rep: job.Rep.Name, At: clock(k.Now)().UTC().Truncate(time.Second)}
	if job.Channel == desk.ChannelEmail {
		return keptMail(m, job, k.Mail)
	}
	if job.Console != nil {
		m.To = job.Console.Name
	}
	fcm := fcmMessage(job, m.At)
	m.Data, m.Title, m.Body = fcm.Data, fcm.Data["title"], fcm.Data["body"]
	return m, nil
}

func keptMail(m Message, job desk.Job, cfg MailConfig) (Message, error) {
	mail, err := newEmail(job, cfg)
	if err != nil {
		return m, err
	}
	m.To, m.Subject, m.Text, m.HTML, m.Headers = job.Address, mail.subject, mail.text, mail.html, mail.headers
	return m, nil
}

// The outcomes that carry nothing of their own. Their words are those of desk.Delivery.Error.
var (
	done          = desk.Outcome{Kind: desk.OutcomeDone}
	targetDead    = desk.Outcome{Kind: desk.OutcomeTargetDead, Error: "target_unregistered"}
	noTarget      = desk.Outcome{Kind: desk.OutcomeRejected, Error: "no_push_target"}
	rejected      = desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"}
	tryAgain      = desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"}
	misconfigured = desk.Outcome{Kind: desk.OutcomeMisconfigured, Error: "not_configured"}
)

// defaultWorkers are the sends at a time: throughput is workers ÷ latency, and FCM answers in about 0.1 s; a mail
// server minds many connections from one client.
var defaultWorkers = map[desk.Channel]int{desk.ChannelFCM: 16, desk.ChannelEmail: 4}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}
