package push

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/textproto"
	"net/url"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

// mailTimeout bounds the connecting, and again the sending of one mail. RFC 5321 (4.5.3.2) would wait minutes; the
// outbox tries again instead, and a worker is not held.
const mailTimeout = 30 * time.Second

// MailConfig says how emails are sent, and how they look.
type MailConfig struct {
	URL         string           // smtp://user:pass@host:587 (STARTTLS) or smtps://…:465; without user no authentication, on loopback without TLS too
	From        string           // the sender, "desk@example.com" or "Name <desk@example.com>"
	PublicURL   string           // where the links lead; its host names the desk in HELO and Message-ID
	Name        string           // the desk's name; empty: the host
	RootCAs     *x509.CertPool   // whom to trust; nil: the system's
	Connections int              // connections kept between mails; 0: 4
	Timeout     time.Duration    // of connecting, and of one mail; 0: 30 s
	Logger      *slog.Logger     // nil: slog.Default()
	Now         func() time.Time // nil: time.Now
}

// Mail sends by SMTP, over connections that it keeps: 0.9 ms a mail instead of 1.8 on loopback, and much more where
// TLS and log-in cross a network.
type Mail struct {
	cfg    MailConfig
	server smtpServer
	from   *netmail.Address
	idle   chan *smtpLine
	logger *slog.Logger
	now    func() time.Time
}

// NewMail makes the sender; it connects at the first mail.
func NewMail(cfg MailConfig) (*Mail, error) {
	from, err := netmail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("mail from %q: %w", cfg.From, err)
	}
	from.Name = texts.OneLine(cmp.Or(from.Name, cfg.Name))
	public, err := publicURL(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, mailTimeout)
	server, err := newSMTPServer(cfg, heloName(public.Hostname()))
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &Mail{cfg: cfg, server: server, from: from, idle: make(chan *smtpLine, cmp.Or(cfg.Connections, defaultWorkers[desk.ChannelEmail])),
		logger: cmp.Or(cfg.Logger, slog.Default()), now: clock(cfg.Now)}, nil
}

// Send sends one email.
func (m *Mail) Send(ctx context.Context, job desk.Job) desk.Outcome {
	if job.Address == "" {
		return rejected
	}
	rendered, err := newEmail(job, m.cfg)
	if err != nil {
		m.logger.WarnContext(ctx, "email cannot be built", "delivery", job.ID, "error", err)
		return rejected
	}
	msg := m.compose(rendered)
	err = m.deliver(ctx, msg)
	if msg.IsDelivered() { // whatever went wrong after the server took it
		return done
	}
	outcome := mailOutcome(err)
	m.logger.WarnContext(ctx, "email not sent", "delivery", job.ID, "outcome", outcome.Kind, "error", err)
	return outcome
}

func (m *Mail) compose(e email) *mail.Msg {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(e.to)
	msg.Subject(e.subject)
	msg.SetDateWithValue(m.now())
	msg.SetMessageIDWithValue(e.messageID)
	for name, value := range e.headers {
		msg.SetGenHeader(mail.Header(name), value)
	}
	msg.SetBodyString(mail.TypeTextPlain, e.text)
	msg.AddAlternativeString(mail.TypeTextHTML, e.html)
	return msg
}

// deliver sends over a kept connection, or a new one. That the server hung up on a kept one meanwhile is no fault: a
// new one is tried, and only one, because each that has gone silent costs a time-out, and the worker's lease has an end.
func (m *Mail) deliver(ctx context.Context, msg *mail.Msg) error {
	line, err := m.take(ctx)
	if err != nil {
		return err
	}
	err = m.over(ctx, line, msg)
	if !line.used || err == nil || !hungUp(err) {
		return err
	}
	if line, err = m.server.dial(ctx); err != nil {
		return err
	}
	return m.over(ctx, line, msg)
}

// over sends over a connection and keeps it when that went well.
func (m *Mail) over(ctx context.Context, line *smtpLine, msg *mail.Msg) error {
	if err := line.send(ctx, msg); err != nil {
		line.cut()
		return err
	}
	m.keep(line)
	return nil
}

func (m *Mail) take(ctx context.Context) (*smtpLine, error) {
	select {
	case line := <-m.idle:
		return line, nil
	default:
		return m.server.dial(ctx)
	}
}

func (m *Mail) keep(line *smtpLine) {
	line.used = true
	select {
	case m.idle <- line:
	default:
		line.quit()
	}
}

// Check connects, encrypts and logs in as for a mail, says goodbye, and says what is wrong.
func (m *Mail) Check(ctx context.Context) error {
	line, err := m.server.dial(ctx)
	if err != nil {
		return checkFault(ctx, err)
	}
	line.quit()
	return nil
}

// checkFault puts a failure to connect in words, where the library's say less.
func checkFault(ctx context.Context, err error) error {
	var said *textproto.Error
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var plain tls.RecordHeaderError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the mail server does not answer: %w", ctx.Err())
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid):
		return fmt.Errorf("the mail server's certificate is not good: %w", errors.Unwrap(err))
	case errors.As(err, &plain):
		return errors.New("the mail server does not speak TLS from the start: smtp:// and smtps:// are for different ports")
	case errors.As(err, &said) && said.Code == smtpAuthRefused:
		return fmt.Errorf("the mail server refuses user or password (%d)", said.Code)
	}
	return err
}

// smtpAuthRefused is the reply to wrong credentials (RFC 4954).
const smtpAuthRefused = 535

// Close says goodbye on the connections that are kept. Nothing may be sent after it, or alongside.
func (m *Mail) Close() {
	for {
		select {
		case line := <-m.idle:
			line.quit()
		default:
			return
		}
	}
}

func hungUp(err error) bool {
	var failed *mail.SendError
	return errors.As(err, &failed) && failed.Reason == mail.ErrConnCheck
}

// mailOutcome sorts a failure. A mail is given up only where the server refused this address or this content for
// good; whatever it says of the connection, the log-in or the sender says nothing about the mail.
func mailOutcome(err error) desk.Outcome {
	var failed *mail.SendError
	if !errors.As(err, &failed) {
		return connectOutcome(err)
	}
	if failed.ErrorCode()/100 != 5 {
		return tryAgain
	}
	switch failed.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
		return rejected
	}
	return misconfigured
}

// connectOutcome tells a server that is away from one that does not want us: a wrong password, a certificate that
// does not match, no STARTTLS.
func connectOutcome(err error) desk.Outcome {
	var said *textproto.Error
	if errors.As(err, &said) {
		if said.Code/100 == 4 {
			return tryAgain
		}
		return misconfigured
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.Canceled) {
		return tryAgain
	}
	return misconfigured
}

// smtpServer is where and how to connect.
type smtpServer struct {
	host    string
	port    string
	helo    string
	tls     *tls.Config
	wrapped bool // TLS from the first byte on (smtps)
	policy  mail.TLSPolicy
	user    *url.Userinfo
	timeout time.Duration
}

func newSMTPServer(cfg MailConfig, helo string) (smtpServer, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" {
		return smtpServer{}, errors.New("the SMTP URL needs scheme and host") // and is not quoted: it holds the password
	}
	s := smtpServer{host: u.Hostname(), helo: helo, user: u.User, timeout: cfg.Timeout,
		tls: &tls.Config{ServerName: u.Hostname(), RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12}}
	switch {
	case u.Scheme == "smtps":
		// go-mail then finds no STARTTLS in the encrypted connection, and that it is encrypted.
		s.port, s.wrapped, s.policy = cmp.Or(u.Port(), "465"), true, mail.TLSOpportunistic
	case u.Scheme == "smtp" && u.User == nil && isLoopback(s.host):
		s.port, s.policy = cmp.Or(u.Port(), "587"), mail.NoTLS
	case u.Scheme == "smtp":
		s.port, s.policy = cmp.Or(u.Port(), "587"), mail.TLSMandatory
	default:
		return smtpServer{}, fmt.Errorf("SMTP URL: scheme %q is neither smtp nor smtps", u.Scheme)
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s smtpServer) options() []mail.Option {
	opts := []mail.Option{mail.WithHELO(s.helo), mail.WithTimeout(s.timeout), mail.WithTLSConfig(s.tls), mail.WithTLSPolicy(s.policy)}
	if s.user != nil {
		password, _ := s.user.Password()
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.user.Username()), mail.WithPassword(password))
	}
	return opts
}

// smtpLine is one connection, used by one worker at a time.
type smtpLine struct {
	client  *mail.Client
	conn    net.Conn
	used    bool // a mail went over it
	timeout time.Duration
}

// dial connects and logs in. go-mail heeds a context only until the connection stands, and leaves it open when what
// follows fails; so the connection is held here, and cut when the context ends or something fails.
func (s smtpServer) dial(ctx context.Context) (*smtpLine, error) {
	line := &smtpLine{timeout: s.timeout}
	disarm := func() bool { return true }
	connect := func(dialing context.Context, network, _ string) (net.Conn, error) {
		conn, err := s.connect(dialing, network)
		if err == nil {
			line.conn = conn
			disarm = context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	}
	var err error
	if line.client, err = mail.NewClient(s.host, append(s.options(), mail.WithDialContextFunc(connect))...); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	err = line.client.DialWithContext(ctx)
	disarm()
	if err != nil {
		line.cut()
		return nil, fmt.Errorf("connect to %s: %w", s.host, err)
	}
	return line, nil
}

func (s smtpServer) connect(ctx context.Context, network string) (net.Conn, error) {
	address := net.JoinHostPort(s.host, s.port)
	if s.wrapped {
		return (&tls.Dialer{Config: s.tls}).DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// send sends one mail, and is cut short when the context ends. The deadline of the last mail has passed by now: a
// new one is set, or go-mail's first check of the connection would fail.
func (l *smtpLine) send(ctx context.Context, msg *mail.Msg) error {
	disarm := context.AfterFunc(ctx, l.cut)
	defer disarm()
	l.conn.SetDeadline(time.Now().Add(l.timeout)) // fails on a closed connection, as the check then does
	return l.client.Send(msg)
}

// cut ends the connection without a word.
func (l *smtpLine) cut() {
	if l.conn != nil {
		l.conn.Close()
	}
}

// quit ends it politely, for no longer than a second: a server that does not answer must not hold up a stop.
func (l *smtpLine) quit() {
	l.conn.SetDeadline(time.Now().Add(time.Second))
	l.client.Close()
	l.cut()
}
