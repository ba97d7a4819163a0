package push

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store/desk"
)

func newMail(t *testing.T, server *pushtest.SMTP, change func(*MailConfig)) *Mail {
	t.Helper()
	cfg := MailConfig{URL: server.URL(), From: "desk@example.com", PublicURL: "https://desk.example.com/help/", Name: "Acme Desk",
		RootCAs: server.RootCAs, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}
	if change != nil {
		change(&cfg)
	}
	m, err := NewMail(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func mailJob(change func(*desk.Job)) desk.Job {
	return with(func(j *desk.Job) {
		j.Channel, j.Console, j.Customer, j.TimeZone = desk.ChannelEmail, nil, nil, "Europe/Madrid"
		if change != nil {
			change(j)
		}
	})
}

func TestG2Mail(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	if got := newMail(t, server, nil).Send(t.Context(), mailJob(nil)); got != done {
		t.Fatalf("outcome %+v", got)
	}
	m := server.Next()
	if m.From != "desk@example.com" || m.To != "ben@example.com" || m.Helo != "desk.example.com" || m.Subject != "Ana Ruiz invites you to a session" {
		t.Errorf("envelope and subject: %+v", m)
	}
	const page = "https://desk.example.com/help/i/link-1"
	const link = page + "?answer="
	for name, want := range map[string]string{
		"From": `"Acme Desk" <desk@example.com>`, "To": `"Ben Okafor" <ben@example.com>`, "Message-Id": "<dlv_1@desk.example.com>",
		"Auto-Submitted": "auto-generated", "List-Unsubscribe": "<" + page + "/unsubscribe>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Date": "Sun, 22 Nov 2026 12:00:00 +0000", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for kind, part := range map[string]string{"text": m.Text, "HTML": m.HTML} {
		for _, want := range []string{"Ana Ruiz", "Paper jam", "Tray 2, please", "22 November 2026, 13:00 CET",
			link + "accept", link + "decline\n", link + "decline_and_switch_off", page + "/unsubscribe", "Acme Desk"} {
			if kind == "HTML" {
				want = strings.Replace(want, "\n", `"`, 1)
			}
			if !strings.Contains(part, want) {
				t.Errorf("no %q in the %s:\n%s", want, kind, part)
			}
		}
	}
	if strings.Contains(string(m.Raw), "Customer") || strings.Contains(m.HTML, "<img") {
		t.Errorf("customer or image in it:\n%s", m.Raw)
	}
}

func TestG2MailNamesTheCustomerOnlyIfAllowed(t *testing.T) {
	for _, tt := range []struct {
		customer *desk.Customer
		want     []string
		not      []string
	}{
		{nil, nil, []string{"Jo Doe", "Doe Ltd", "tray jams"}},
		{&desk.Customer{Name: "Jo Doe"}, []string{"Jo Doe"}, []string{"Company", "Details"}},
		{&desk.Customer{Name: "Jo Doe", Company: "Doe Ltd", Details: "The tray jams"}, []string{"Jo Doe", "Doe Ltd", "tray jams"}, nil},
	} {
		m, err := newEmail(mailJob(func(j *desk.Job) { j.Customer = tt.customer }), MailConfig{PublicURL: "http://127.0.0.1:8080"})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{m.text, m.html} {
			for _, want := range tt.want {
				if !strings.Contains(part, want) {
					t.Errorf("%+v: no %q", tt.customer, want)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(part, not) {
					t.Errorf("%+v: %q in it", tt.customer, not)
				}
			}
		}
		if m.headers["List-Unsubscribe-Post"] != "" {
			t.Error("one-click by http")
		}
	}
}

// Names are checked when they are stored; this is for those that were not.
func TestG2MailHeadersCannotBeInjected(t *testing.T) {
	const evil = "Eve\r\nBcc: all@example.com\r\n\r\nBuy \"this\" <x@y>"
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	mail := newMail(t, server, func(c *MailConfig) { c.Name = evil })
	job := mailJob(func(j *desk.Job) {
		j.Rep.Name, j.Invitation.Inviter.Name, j.LinkToken, j.ID = evil, evil, "a\r\nb/../<", "dlv\r\nX: y"
		j.Invitation.Comment = "<script>alert(1)</script>"
	})
	if got := mail.Send(t.Context(), job); got != done {
		t.Fatalf("outcome %+v", got)
	}
	m := server.Next()
	if m.Header.Get("Bcc") != "" || m.Header.Get("X") != "" || m.Text == "" {
		t.Errorf("headers: %v", m.Header)
	}
	if to, err := m.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "ben@example.com" {
		t.Errorf("to: %v %v", to, err)
	}
	if strings.Contains(m.HTML, "<script>") {
		t.Errorf("HTML: %s", m.HTML)
	}
	for _, address := range []string{"", "no address", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"} {
		if got := mail.Send(t.Context(), mailJob(func(j *desk.Job) { j.Address = address })); got != rejected {
			t.Errorf("address %q: %+v", address, got)
		}
	}
}

// C6, C9: of transfers and of sessions themselves no email tells, nor of their end.
func TestG2WhatGoesByMail(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	mail := newMail(t, server, nil)
	for name, job := range map[string]desk.Job{
		"transfer": transferJob(), "about a session": sessionJob(desk.SessionConnectionLost),
		"transfer told as an invitation": mailJob(func(j *desk.Job) { j.Invitation.Kind = desk.OfferTransfer }),
		"end of a transfer":              endedTransfer(desk.EndCancelled), "end of what is about a session": endedAlert(desk.SessionConnectionLost),
	} {
		job.Channel = desk.ChannelEmail
		if got := mail.Send(t.Context(), job); got != rejected || len(server.Mails()) != 0 {
			t.Errorf("%s: %+v, %d mails", name, got, len(server.Mails()))
		}
	}
}

// followUpJob tells by email that the invitation of mailJob is over.
func followUpJob(reason desk.EndReason, change func(*desk.Job)) desk.Job {
	return mailJob(func(j *desk.Job) {
		*j = ended(reason)
		j.Channel, j.Console, j.Customer, j.ID, j.Follows, j.Ends, j.LinkToken = desk.ChannelEmail, nil, nil, "dlv_2", "dlv_1", desk.PurposeInvitation, "link-2"
		if change != nil {
			change(j)
		}
	})
}

// G4: in the first mail's thread, with the reason and nothing to press.
func TestG4MailThatAnInvitationIsOver(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	mail := newMail(t, server, nil)
	for _, tt := range []struct {
		reason desk.EndReason
		by     *desk.Ref
		want   string
	}{
		{desk.EndCancelled, nil, "Ana Ruiz has cancelled it."},
		{desk.EndAccepted, &desk.Ref{ID: "rep_cem", Name: "Cem Kaya"}, "Cem Kaya has accepted it."},
		{desk.EndSessionEnded, nil, "The session has ended."},
		{"portal_closed", nil, "It is no longer for you."},
	} {
		if got := mail.Send(t.Context(), followUpJob(tt.reason, func(j *desk.Job) { j.Invitation.AcceptedBy = tt.by })); got != done {
			t.Fatalf("%s: %+v", tt.reason, got)
		}
		m := server.Next()
		for name, want := range map[string]string{"Message-Id": "<dlv_2@desk.example.com>", "In-Reply-To": "<dlv_1@desk.example.com>", "References": "<dlv_1@desk.example.com>",
			"List-Unsubscribe": "<https://desk.example.com/help/i/link-2/unsubscribe>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated"} {
			if got := m.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", tt.reason, name, got, want)
			}
		}
		if m.Subject != "Re: Ana Ruiz invites you to a session" {
			t.Errorf("subject %q", m.Subject)
		}
		for _, part := range []string{m.Text, m.HTML} {
			if !strings.Contains(part, "The invitation is over") || !strings.Contains(part, tt.want) || strings.Contains(part, "answer=") || strings.Contains(part, "Customer") {
				t.Errorf("%s:\n%s", tt.reason, part)
			}
		}
	}
}

// confirmingJob says that extended availability is on; by is who switched it on, if not the rep.
func confirmingJob(by *desk.Ref) desk.Job {
	return mailJob(func(j *desk.Job) {
		j.Purpose, j.InvitationID, j.Invitation, j.By, j.Key = desk.PurposeExtendedAvailability, "", desk.Invitation{}, by, ""
	})
}

// G6: what it means, who did it, and one button that switches it off.
func TestG6ConfirmingMail(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	mail := newMail(t, server, nil)
	const switchOff = "https://desk.example.com/help/i/link-1/unsubscribe"
	for by, job := range map[string]desk.Job{"": confirmingJob(nil), "Hal Berg switched it on for you.": confirmingJob(&desk.Ref{ID: "rep_hal", Name: "Hal Berg"})} {
		if got := mail.Send(t.Context(), job); got != done {
			t.Fatalf("outcome %+v", got)
		}
		m := server.Next()
		if m.Subject != "Extended availability is on" || m.Header.Get("In-Reply-To") != "" || m.Header.Get("List-Unsubscribe") != "<"+switchOff+">" {
			t.Errorf("headers: %v", m.Header)
		}
		for _, part := range []string{m.Text, m.HTML} {
			if !strings.Contains(part, switchOff) || !strings.Contains(part, by) || strings.Contains(part, "answer=") || by == "" && strings.Contains(part, "for you") {
				t.Errorf("by %q:\n%s", by, part)
			}
		}
	}
}

// G11: the rep's language and clock.
func TestG11MailInTheRepsLanguage(t *testing.T) {
	for locale, want := range map[string][]string{
		"es-MX": {`lang="es"`, "Ana Ruiz le invita a una sesión", "22 de noviembre de 2026, 13:00 CET", "Rechazar"},
		"de":    {`lang="de"`, "Ana Ruiz lädt Sie zu einer Sitzung ein", "22. November 2026, 13:00 Uhr CET", "Ablehnen"},
		"fr":    {`lang="fr"`, "Ana Ruiz vous invite à une session", "22 novembre 2026 à 13:00 CET", "Refuser"},
		"ja":    {`lang="en"`, "Ana Ruiz invites you to a session", "22 November 2026, 13:00 CET", "Decline"},
	} {
		m, err := newEmail(mailJob(func(j *desk.Job) { j.Locale = locale }), MailConfig{PublicURL: "http://127.0.0.1:8080"})
		if err != nil || m.subject != want[1] {
			t.Fatalf("%s: %q, %v", locale, m.subject, err)
		}
		for _, words := range want {
			if !strings.Contains(m.html, words) || !strings.HasPrefix(words, "lang") && !strings.Contains(m.text, words) {
				t.Errorf("%s: no %q in it:\n%s\n%s", locale, words, m.text, m.html)
			}
		}
	}
}

// G8: what each refusal means.
func TestG8MailOutcomes(t *testing.T) {
	const rep, sender = "ben@example.com", "desk@example.com"
	for _, tt := range []struct {
		name    string
		address string
		refusal pushtest.Refusal
		want    desk.Outcome
	}{
		{"no such address", rep, pushtest.Refusal{Stage: pushtest.AtRcpt, Code: 550}, rejected},
		{"greylisted", rep, pushtest.Refusal{Stage: pushtest.AtRcpt, Code: 451}, tryAgain},
		{"content refused", rep, pushtest.Refusal{Stage: pushtest.AtData, Code: 554}, rejected},
		{"mailbox full for now", rep, pushtest.Refusal{Stage: pushtest.AtData, Code: 452}, tryAgain},
		{"sender refused", sender, pushtest.Refusal{Stage: pushtest.AtMail, Code: 550}, misconfigured},
		{"shutting down", sender, pushtest.Refusal{Stage: pushtest.AtMail, Code: 421}, tryAgain},
		{"cut at RCPT", rep, pushtest.Refusal{Stage: pushtest.AtRcpt, Cut: true}, tryAgain},
		{"cut at DATA", rep, pushtest.Refusal{Stage: pushtest.AtData, Cut: true}, tryAgain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
			mail := newMail(t, server, nil)
			server.Then(tt.address, tt.refusal)
			if got := mail.Send(t.Context(), mailJob(nil)); got != tt.want {
				t.Errorf("outcome %+v, want %+v", got, tt.want)
			}
			if got := mail.Send(t.Context(), mailJob(nil)); got != done {
				t.Errorf("the next mail: %+v", got)
			}
		})
	}
}

func TestG8MailServerAway(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	nobody := newMail(t, server, func(c *MailConfig) { c.URL = "smtp://127.0.0.1:1" })
	if got := nobody.Send(t.Context(), mailJob(nil)); got != tryAgain {
		t.Errorf("nobody listens: %+v", got)
	}
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	reached := make(chan struct{}, 2)
	server.Always("ben@example.com", pushtest.Refusal{Stage: pushtest.AtRcpt, Reached: reached, Hold: release})
	slow := newMail(t, server, func(c *MailConfig) { c.Timeout = 50 * time.Millisecond })
	if got := slow.Send(t.Context(), mailJob(nil)); got != tryAgain {
		t.Errorf("no answer in time: %+v", got)
	}
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	held := newMail(t, server, nil)
	go func() { <-reached; cancel() }()
	if got := held.Send(ctx, mailJob(nil)); got != tryAgain {
		t.Errorf("cancelled: %+v", got)
	}
}

func TestMailKeepsConnections(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	mail := newMail(t, server, nil)
	for range 5 {
		if got := mail.Send(t.Context(), mailJob(nil)); got != done {
			t.Fatalf("outcome %+v", got)
		}
	}
	if n := server.Connections(); n != 1 {
		t.Errorf("%d connections for 5 mails", n)
	}
	server.HangUp()
	if got := mail.Send(t.Context(), mailJob(nil)); got != done {
		t.Errorf("after the server hung up: %+v", got)
	}
	if n, mails := server.Connections(), len(server.Mails()); n != 2 || mails != 6 {
		t.Errorf("%d connections, %d mails", n, mails)
	}
}

func TestMailLogIn(t *testing.T) {
	for name, settings := range map[string]pushtest.SMTPSettings{
		"STARTTLS": {STARTTLS: true, User: "desk", Password: "p:w/d"},
		"smtps":    {TLS: true, User: "desk", Password: "p:w/d"},
	} {
		t.Run(name, func(t *testing.T) {
			server := pushtest.NewSMTP(t, settings)
			if got := newMail(t, server, nil).Send(t.Context(), mailJob(nil)); got != done {
				t.Fatalf("outcome %+v", got)
			}
			if m := server.Next(); !m.TLS || m.User != "desk" {
				t.Errorf("TLS %t, user %q", m.TLS, m.User)
			}
			wrong := newMail(t, server, func(c *MailConfig) { c.URL = strings.Replace(c.URL, "desk:", "other:", 1) })
			if got := wrong.Send(t.Context(), mailJob(nil)); got != misconfigured {
				t.Errorf("wrong user: %+v", got)
			}
			stranger := newMail(t, server, func(c *MailConfig) { c.RootCAs = nil })
			if got := stranger.Send(t.Context(), mailJob(nil)); got != misconfigured {
				t.Errorf("unknown certificate: %+v", got)
			}
		})
	}
	plain := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	secret := newMail(t, plain, func(c *MailConfig) { c.URL = "smtp://desk:pw@" + plain.Addr })
	if got := secret.Send(t.Context(), mailJob(nil)); got != misconfigured {
		t.Errorf("a password without TLS: %+v", got)
	}
}

func TestMailConfig(t *testing.T) {
	for name, cfg := range map[string]MailConfig{
		"no sender":     {URL: "smtp://127.0.0.1", PublicURL: "http://x"},
		"no public URL": {URL: "smtp://127.0.0.1", From: "a@b"},
		"wrong scheme":  {URL: "http://127.0.0.1", From: "a@b", PublicURL: "http://x"},
		"no host":       {URL: "smtp:", From: "a@b", PublicURL: "http://x"},
		"unreadable":    {URL: "smtp://desk:hidden%@h", From: "a@b", PublicURL: "http://x"},
	} {
		_, err := NewMail(cfg)
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for host, want := range map[string]string{"desk.example.com": "desk.example.com", "127.0.0.1": "[127.0.0.1]", "::1": "[IPv6:::1]"} {
		if got := heloName(host); got != want {
			t.Errorf("HELO of %s: %s", host, got)
		}
	}
}

// What an operator is told of the way to the mail server. No mail is sent.
func TestG2MailCheck(t *testing.T) {
	const user, password = "desk", "very-secret"
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	secure := pushtest.SMTPSettings{STARTTLS: true, User: user, Password: password}
	for _, tt := range []struct {
		name     string
		settings pushtest.SMTPSettings
		change   func(c *MailConfig, address string)
		want     string
	}{
		{"STARTTLS and log-in", secure, nil, ""},
		{"TLS from the start", pushtest.SMTPSettings{TLS: true, User: user, Password: password}, nil, ""},
		{"neither", pushtest.SMTPSettings{}, nil, ""},
		{"wrong password", secure, func(c *MailConfig, address string) { c.URL = "smtp://desk:very-secret-too@" + address }, "refuses user or password (535)"},
		{"certificate of nobody known", secure, func(c *MailConfig, _ string) { c.RootCAs = nil }, "certificate signed by unknown authority"},
		{"no STARTTLS", pushtest.SMTPSettings{User: user, Password: password}, nil, "does not support STARTTLS"},
		{"smtps for smtp", secure, func(c *MailConfig, address string) { c.URL = "smtps://desk:very-secret@" + address }, "does not speak TLS from the start"},
		{"nobody listens", secure, func(c *MailConfig, _ string) { c.URL = "smtp://desk:very-secret@127.0.0.1:1" }, "connection refused"},
		{"nobody speaks", secure, func(c *MailConfig, _ string) { c.URL = "smtp://desk:very-secret@" + silent.Addr().String() }, "does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := pushtest.NewSMTP(t, tt.settings)
			mail := newMail(t, server, func(c *MailConfig) {
				if tt.change != nil {
					tt.change(c, server.Addr)
				}
			})
			bound := 10 * time.Second
			if tt.name == "nobody speaks" {
				bound = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), bound)
			defer cancel()
			err := mail.Check(ctx)
			if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), password)) {
				t.Errorf("says %v, want %q", err, tt.want)
			}
			if len(server.Mails()) > 0 {
				t.Error("a mail was sent")
			}
		})
	}
}
