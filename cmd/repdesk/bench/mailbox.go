package bench

import (
	"bufio"
	"io"
	"net"
	"net/textproto"
	"sync/atomic"

	"github.com/emersion/go-smtp"
)

// mailbox stands in for a mail server: it takes every email, and tells of it once it is there whole.
type mailbox struct {
	url    string
	took   atomic.Pointer[func(followUp bool)] // nil: nobody is told
	server *smtp.Server
}

// newMailbox starts the server.
func newMailbox() (*mailbox, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &mailbox{url: "smtp://" + listener.Addr().String()}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return m, nil }))
	m.server.Domain = "localhost"
	go func() { _ = m.server.Serve(listener) }()
	return m, nil
}

// tell has each email told of; one that follows another up names that.
func (m *mailbox) tell(took func(followUp bool)) { m.took.Store(&took) }

func (m *mailbox) close() { _ = m.server.Close() }

// Mail, Rcpt, Data, Reset and Logout make it the smtp.Session of each connection.
func (m *mailbox) Mail(string, *smtp.MailOptions) error { return nil }
func (m *mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (m *mailbox) Reset()                               {}
func (m *mailbox) Logout() error                        { return nil }

func (m *mailbox) Data(r io.Reader) error {
	mail := bufio.NewReader(r)
	header, err := textproto.NewReader(mail).ReadMIMEHeader()
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, mail); err != nil {
		return err
	}
	if took := m.took.Load(); took != nil {
		(*took)(header.Get("In-Reply-To") != "")
	}
	return nil
}
