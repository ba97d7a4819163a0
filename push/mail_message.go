package push

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"net"
	netmail "net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"

	"github.com/repdesk/repdesk/store/desk"
)

//go:embed templates
var templates embed.FS

var (
	mailText = texttemplate.Must(texttemplate.ParseFS(templates, "templates/invitation.txt"))
	mailHTML = htmltemplate.Must(htmltemplate.ParseFS(templates, "templates/invitation.html"))
)

// email is a rendered message. Everything that can fail has been done before a connection is touched: a fault in the
// middle of DATA would deliver half a mail.
type email struct {
	to        *netmail.Address
	messageID string // without its angle brackets: the same at every attempt, so that a mail sent twice is recognised
	subject   string
	text      string
	html      string
	headers   map[string]string // beside From, To, Subject, Date and Message-ID
}

// mailView is what the templates show.
type mailView struct {
	T         *texts
	Headline  string
	Facts     []mailFact
	Accept    string
	Decline   string
	SwitchOff string
	Desk      string
}

type mailFact struct{ Label, Value string }

var errNoMail = errors.New("only invitations go by email")

// newEmail renders the email for an invitation (G2). There is none for a withdrawal: the links of the first lead to
// a page that says what became of it (G4). Nor is there one for a transfer or about a session: these go to reps who are
// logged in (C6), or are too old by the time that a mail is read (C9).
func newEmail(job desk.Job, cfg MailConfig) (email, error) {
	if job.Purpose != desk.PurposeInvitation || job.Invitation.IsTransfer() {
		return email{}, errNoMail
	}
	public, err := publicURL(cfg.PublicURL)
	if err != nil {
		return email{}, err
	}
	to, err := recipient(job)
	if err != nil {
		return email{}, err
	}
	view := newMailView(job, public, cfg.Name)
	m := email{to: to, messageID: oneLine(job.ID) + "@" + public.Hostname(), subject: view.Headline, headers: mailHeaders(view)}
	m.text, m.html, err = view.render()
	return m, err
}

func publicURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("public URL %q needs scheme and host", s)
	}
	return u, nil
}

// recipient is the one address of the mail: one recipient a message, so that one bad address holds up nobody else.
func recipient(job desk.Job) (*netmail.Address, error) {
	parsed, err := netmail.ParseAddress(job.Address)
	if err != nil {
		return nil, fmt.Errorf("address of %s: %w", job.Rep.ID, err)
	}
	return &netmail.Address{Name: oneLine(job.Rep.Name), Address: parsed.Address}, nil
}

func newMailView(job desk.Job, public *url.URL, deskName string) mailView {
	t := textsFor(job.Locale)
	link := func(answer string) string {
		return public.JoinPath("i", url.PathEscape(job.LinkToken)).String() + "?answer=" + answer
	}
	return mailView{
		T: t, Desk: cmp.Or(oneLine(deskName), public.Hostname()), Facts: mailFacts(t, job),
		Headline: oneLine(t.invitation(job.Invitation)),
		Accept:   link("accept"), Decline: link("decline"), SwitchOff: link("decline_and_switch_off"),
	}
}

func mailFacts(t *texts, job desk.Job) []mailFact {
	inv := job.Invitation
	facts := []mailFact{
		{t.MailIssue, nameOf(issueOf(inv))},
		{t.MailComment, inv.Comment},
		{t.MailSince, inv.CreatedAt.UTC().Format("2006-01-02 15:04 MST")},
	}
	if c := job.Customer; c != nil { // only as far as the portal's customer_in_email lets it
		facts = append(facts, mailFact{t.MailCustomer, c.Name}, mailFact{t.MailCompany, c.Company}, mailFact{t.MailDetails, c.Details})
	}
	var said []mailFact
	for _, f := range facts {
		if f.Value != "" {
			said = append(said, f)
		}
	}
	return said
}

// mailHeaders tell other machines what this is. One-click unsubscription (RFC 8058) posts to the link and works by
// https alone.
func mailHeaders(v mailView) map[string]string {
	h := map[string]string{"Auto-Submitted": "auto-generated", "List-Unsubscribe": "<" + v.SwitchOff + ">"}
	if strings.HasPrefix(v.SwitchOff, "https://") {
		h["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
	}
	return h
}

func (v mailView) render() (text, html string, err error) {
	var t, h bytes.Buffer
	if err := errors.Join(mailText.Execute(&t, v), mailHTML.Execute(&h, v)); err != nil {
		return "", "", fmt.Errorf("render email: %w", err)
	}
	return t.String(), h.String(), nil
}

// heloName is how the desk calls itself to mail servers: the public host, and an address in the brackets that
// RFC 5321 (4.1.3) asks for.
func heloName(host string) string {
	ip := net.ParseIP(host)
	switch {
	case ip == nil:
		return host
	case ip.To4() != nil:
		return "[" + host + "]"
	}
	return "[IPv6:" + host + "]"
}
