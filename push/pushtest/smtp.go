package pushtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// SMTP is a mail server that delivers to nobody.
type SMTP struct {
	Addr    string         // host and port
	RootCAs *x509.CertPool // trusts its certificate; nil without TLS

	t        TB
	settings SMTPSettings
	server   *smtp.Server
	script   *script[Refusal]
	mails    *inbox[Mail]
	mu       sync.Mutex
	open     map[*smtp.Conn]bool // false: was, and is no more
}

// SMTPSettings say what the server asks for. The zero value asks for nothing.
type SMTPSettings struct {
	STARTTLS       bool   // offer it, and refuse log-in without it
	TLS            bool   // from the first byte on (smtps)
	User, Password string // ask for them
}

// Mail is one message that the server took.
type Mail struct {
	From, To string
	Helo     string
	User     string // who logged in
	TLS      bool
	Raw      []byte
	Header   netmail.Header
	Subject  string // decoded
	Text     string // the text/plain part, decoded, with \n
	HTML     string // the text/html part, decoded, with \n
}

// Stage is where in a transaction the server refuses.
type Stage string

const (
	AtMail Stage = "MAIL"
	AtRcpt Stage = "RCPT"
	InData Stage = "content" // before the content is read
	AtData Stage = "DATA"    // after the content has come
)

// Refusal is what the server does with one mail to an address, in place of taking it.
type Refusal struct {
	Stage   Stage
	Code    int             // 4xx or 5xx
	Cut     bool            // hang up in place of answering
	Reached chan<- struct{} // told when the mail has come to the stage; should have room
	Hold    <-chan struct{} // wait for it before answering
}

// NewSMTP starts a server, which ends with the test.
func NewSMTP(t TB, settings SMTPSettings) *SMTP {
	t.Helper()
	s := &SMTP{t: t, settings: settings, script: newScript[Refusal](), mails: newInbox[Mail](), open: map[*smtp.Conn]bool{}}
	s.server = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.server.Domain, s.server.ErrorLog = "pushtest", silent{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("pushtest: %v", err)
	}
	s.Addr = listener.Addr().String()
	if settings.STARTTLS || settings.TLS {
		s.useTLS()
	}
	if settings.TLS {
		listener = tls.NewListener(listener, s.server.TLSConfig)
	}
	served := make(chan struct{})
	go func() { defer close(served); s.server.Serve(listener) }()
	t.Cleanup(func() { listener.Close(); s.server.Close(); <-served }) // Close alone misses a listener that Serve has not reached yet
	return s
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// URL is what the sender is told: scheme, log-in and address.
func (s *SMTP) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.Addr}
	if s.settings.TLS {
		u.Scheme = "smtps"
	}
	if s.settings.User != "" {
		u.User = url.UserPassword(s.settings.User, s.settings.Password)
	}
	return u.String()
}

// Then scripts what happens to the next mails to an address, or at stage AtMail from it; after them it is taken again.
func (s *SMTP) Then(address string, refusals ...Refusal) { s.script.then(address, refusals...) }

// Always scripts what happens to every mail to an address that Then says nothing of. The zero Refusal takes it.
func (s *SMTP) Always(address string, r Refusal) { s.script.always(address, r) }

// Next waits for the next mail taken.
func (s *SMTP) Next() Mail { s.t.Helper(); return s.mails.next(s.t, "mail") }

// Mails are all that were taken so far.
func (s *SMTP) Mails() []Mail { return s.mails.list() }

// Connections counts those that were opened so far.
func (s *SMTP) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// HangUp cuts all connections, as a server does that grows tired of idle ones.
func (s *SMTP) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, open := range s.open {
		if open {
			c.Conn().Close()
		}
	}
}

func (s *SMTP) newSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c] = true // a second time after STARTTLS
	return &session{server: s, conn: c}, nil
}

// session is one client's.
type session struct {
	server  *SMTP
	conn    *smtp.Conn
	mail    Mail
	user    string
	refusal Refusal
}

func (s *session) Reset() { s.mail, s.refusal = Mail{}, Refusal{} }

func (s *session) Logout() error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.open[s.conn] = false
	return nil
}

func (s *session) AuthMechanisms() []string {
	if s.server.settings.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.settings.User || password != s.server.settings.Password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.user != s.server.settings.User {
		return smtp.ErrAuthRequired
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.mail = Mail{From: from, Helo: s.conn.Hostname(), User: s.user, TLS: encrypted}
	if refusal, ok := s.server.script.take(from); ok && refusal.Stage == AtMail {
		return s.act(refusal)
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = to
	s.refusal, _ = s.server.script.take(to)
	if s.refusal.Stage == AtRcpt {
		return s.act(s.refusal)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	if s.refusal.Stage == InData {
		if err := s.act(s.refusal); err != nil {
			return err
		}
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.refusal.Stage == AtData {
		if err := s.act(s.refusal); err != nil {
			return err
		}
	}
	s.mail.Raw = raw
	s.mail.parse()
	s.server.mails.add(s.mail)
	return nil
}

func (s *session) act(r Refusal) error {
	if r.Reached != nil {
		r.Reached <- struct{}{}
	}
	if r.Hold != nil {
		<-r.Hold
	}
	if r.Cut {
		s.conn.Conn().Close()
		return io.EOF
	}
	if r.Code == 0 {
		return nil
	}
	return &smtp.SMTPError{Code: r.Code, EnhancedCode: smtp.EnhancedCode{r.Code / 100, 0, 0}, Message: "scripted by pushtest"}
}

// parse reads the parts of a text with an HTML alternative; of anything else it leaves the fields empty.
func (m *Mail) parse() {
	msg, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return
	}
	m.Header = msg.Header
	m.Subject, _ = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	kind, params, _ := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if !strings.HasPrefix(kind, "multipart/") {
		return
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for part, err := parts.NextRawPart(); err == nil; part, err = parts.NextRawPart() {
		m.add(part)
	}
}

func (m *Mail) add(part *multipart.Part) {
	var body io.Reader = part
	if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(part)
	}
	raw, _ := io.ReadAll(body)
	content := strings.ReplaceAll(string(raw), "\r\n", "\n")
	switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
	case "text/plain":
		m.Text = content
	case "text/html":
		m.HTML = content
	}
}

// useTLS makes a certificate for loopback, good for an hour.
func (s *SMTP) useTLS() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatalf("pushtest: %v", err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.t.Fatalf("pushtest: %v", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatalf("pushtest: %v", err)
	}
	s.RootCAs = x509.NewCertPool()
	s.RootCAs.AddCert(certificate)
	s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
