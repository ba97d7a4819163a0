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

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

//go:embed templates
var templates embed.FS

// One layout serves all emails. It has no words of its own.
var (
	mailText = texttemplate.Must(texttemplate.ParseFS(templates, "templates/mail.txt"))
	mailHTML = htmltemplate.Must(htmltemplate.ParseFS(templates, "templates/mail.html"))
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
	Language  string // BCP 47
	Headline  string
	Preview   string // what lists of mails show beside the subject
	Intro     []string
	Comment   string // the inviter's own words
	Facts     []mailFact
	Buttons   []mailButton
	Code      mailFact   // what is typed in place of pressing a button
	Notes     []string   // in small print
	SwitchOff mailButton // where extended availability is switched off; not in what goes to people without an account
	Desk      string
	plain     string // the text part, where the template does not make it
}

type mailFact struct{ Label, Value string }

type mailButton struct {
	Label, URL string
	Main       bool // what the mail is for
}

var errNoMail = errors.New("of this no email tells")

// newEmail renders the email for a job: an invitation (G2), that it is over before it was answered (G4), that extended
// availability is on (G6), or an invitation to a specialist (F3). There is none for a transfer or about a session: these go to reps who are logged in
// (C6), or are too old by the time that a mail is read (C9).
func newEmail(job desk.Job, cfg MailConfig) (email, error) {
	public, err := publicURL(cfg.PublicURL)
	if err != nil {
		return email{}, err
	}
	to, err := recipient(job)
	if err != nil {
		return email{}, err
	}
	view, subject, err := newMailView(job, pageFor(job, public))
	if err != nil {
		return email{}, err
	}
	view.Desk = cmp.Or(texts.OneLine(cfg.Name), public.Hostname())
	m := email{to: to, messageID: messageID(job.ID, public), subject: subject, headers: mailHeaders(view)}
	if job.Follows != "" { // mail programs show both in one thread (RFC 5322, 3.6.4)
		first := "<" + messageID(job.Follows, public) + ">"
		m.headers["In-Reply-To"], m.headers["References"] = first, first
	}
	m.text, m.html, err = view.render()
	return m, err
}

// pageFor is the page that the email's links lead to.
func pageFor(job desk.Job, public *url.URL) *url.URL {
	folder := "i"
	if job.Specialist != nil {
		folder = "join"
	}
	return public.JoinPath(folder, url.PathEscape(job.LinkToken))
}

func messageID(deliveryID string, public *url.URL) string {
	return texts.OneLine(deliveryID) + "@" + public.Hostname()
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
		return nil, fmt.Errorf("address of %s: %w", job.ID, err)
	}
	return &netmail.Address{Name: texts.OneLine(job.Rep.Name), Address: parsed.Address}, nil
}

// newMailView says what the email for the job does, and its subject. Its links stand below page.
func newMailView(job desk.Job, page *url.URL) (view mailView, subject string, err error) {
	t := texts.For(job.Locale)
	if job.Specialist != nil {
		view.inviteSpecialist(t, *job.Specialist, page.String())
		return view, view.Headline, nil
	}
	view = mailView{Language: t.Language, SwitchOff: mailButton{Label: t.Say("mail.switchOff"), URL: page.JoinPath("unsubscribe").String()}}
	invited := texts.OneLine(t.InvitationTitle(job.Invitation))
	switch {
	case job.Purpose == desk.PurposeExtendedAvailability:
		view.confirm(t, job)
		return view, view.Headline, nil
	case job.Invitation.IsTransfer():
	case job.Purpose == desk.PurposeInvitation:
		view.Headline = invited
		view.invite(t, job, page.String()+"?answer=")
		return view, invited, nil
	case job.Purpose == desk.PurposeWithdrawal && job.Ends != desk.PurposeSession:
		view.followUp(t, job)
		return view, "Re: " + invited, nil // the same subject, or some mail programs begin a new thread
	}
	return view, "", errNoMail
}

// invite offers what an invitation is for (G2).
func (v *mailView) invite(t *texts.Texts, job desk.Job, answer string) {
	v.Comment, v.Facts = job.Invitation.Comment, mailFacts(t, job)
	v.Preview = cmp.Or(joined(": ", nameOf(job.Invitation.NamedIssue()), job.Invitation.Comment), t.Say("invitation.body"))
	v.Buttons = []mailButton{
		{Label: t.Say("mail.accept"), URL: answer + "accept", Main: true},
		{Label: t.Say("mail.decline"), URL: answer + "decline"},
		{Label: t.Say("mail.declineAndSwitchOff"), URL: answer + "decline_and_switch_off"},
	}
	v.Notes = []string{t.Say("mail.noHurry"), t.Say("mail.unreachable")}
}

// inviteSpecialist says the same in HTML and as text (F3).
func (v *mailView) inviteSpecialist(t *texts.Texts, s desk.SpecialistMail, page string) {
	words := t.SpecialistWords(s, page)
	v.Language, v.Headline, v.Comment = t.Language, words.Title, words.Comment
	v.Preview = cmp.Or(words.Comment, words.Access)
	v.Intro, v.Notes = []string{words.Access, words.Name}, []string{words.Ignore}
	v.Buttons = []mailButton{{Label: words.Join, URL: page, Main: true}}
	v.Code = mailFact{words.Enter, words.Code}
	_, v.plain = t.SpecialistMail(s, page)
}

// followUp says why an invitation that was told by email is over (G4). It has no buttons, for there is nothing to answer.
func (v *mailView) followUp(t *texts.Texts, job desk.Job) {
	end := endingOf(job)
	v.Headline, v.Preview = t.Say("ended.title.invitation"), t.Ended(end.reason, end.by, end.mine)
	v.Intro = []string{v.Preview, t.Say("mail.followUp.done")}
	v.Comment, v.Facts = job.Invitation.Comment, mailFacts(t, job)
}

// confirm says that extended availability is on, who switched it on if not the rep, and how to switch it off (G6).
func (v *mailView) confirm(t *texts.Texts, job desk.Job) {
	v.Headline, v.Preview = t.Say("mail.confirm.title"), t.Say("mail.confirm.text")
	v.Intro = append(v.Intro, v.Preview)
	if job.By != nil {
		v.Intro = append(v.Intro, t.Say("mail.confirm.by", texts.Args{"By": job.By.Name}))
	}
	v.Intro = append(v.Intro, t.Say("mail.confirm.change"))
	v.Buttons = []mailButton{{Label: t.Say("mail.confirm.switchOff"), URL: v.SwitchOff.URL}}
	v.Notes = []string{t.Say("mail.noHurry")}
}

func mailFacts(t *texts.Texts, job desk.Job) []mailFact {
	inv := job.Invitation
	facts := []mailFact{
		{t.Say("mail.issue"), nameOf(inv.NamedIssue())},
		{t.Say("mail.since"), t.Date(inv.CreatedAt, job.TimeZone)},
	}
	if c := job.Customer; c != nil { // only as far as the portal's customer_in_email lets it
		facts = append(facts, mailFact{t.Say("mail.customer"), c.Name}, mailFact{t.Say("mail.company"), c.Company}, mailFact{t.Say("mail.details"), c.Details})
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
	h := map[string]string{"Auto-Submitted": "auto-generated"}
	if v.SwitchOff.URL != "" {
		h["List-Unsubscribe"] = "<" + v.SwitchOff.URL + ">"
	}
	if strings.HasPrefix(v.SwitchOff.URL, "https://") {
		h["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
	}
	return h
}

func (v mailView) render() (text, html string, err error) {
	var t, h bytes.Buffer
	if err := errors.Join(mailText.Execute(&t, v), mailHTML.Execute(&h, v)); err != nil {
		return "", "", fmt.Errorf("render email: %w", err)
	}
	return cmp.Or(v.plain, t.String()), h.String(), nil
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
