package texts

import (
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// SpecialistWords are the parts of the email. What users wrote stands in the title and the comment alone, so that no
// direction mark or forged line in it reaches the link, the code or what is said of them.
type SpecialistWords struct {
	Title   string // the subject, too
	Comment string
	Join    string // of a button
	Link    string // stands before the link
	Enter   string // stands before the code, and says where it is entered
	Code    string // in groups of three digits
	Access  string // what the specialist will be able to do
	Name    string // that they are asked for it, and need no account
	Ignore  string
}

// SpecialistWords says them. link is the invitation's join page.
func (t *Texts) SpecialistWords(m desk.SpecialistMail, link string) SpecialistWords {
	access := t.Say("specialist.mail.view")
	if m.Access == desk.Control {
		access = t.Say("specialist.mail.control")
	}
	return SpecialistWords{
		Title:   t.Say("specialist.mail.title", Args{"Inviter": OneLine(m.Inviter), "Desk": OneLine(m.Desk)}),
		Comment: strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(m.Comment)),
		Join:    t.Say("specialist.mail.join"),
		Link:    t.Say("specialist.mail.link"),
		Enter:   t.Say("specialist.mail.enter", Args{"Page": link[:max(strings.LastIndexByte(link, '/'), 0)]}),
		Code:    grouped(m.Code),
		Access:  access,
		Name:    t.Say("specialist.mail.name"),
		Ignore:  t.Say("specialist.mail.ignore"),
	}
}

// SpecialistMail is the email as plain text: what a rep sends by themselves (F2), and the text part of what the server sends.
func (t *Texts) SpecialistMail(m desk.SpecialistMail, link string) (subject, text string) {
	w := t.SpecialistWords(m, link)
	paragraphs := []string{w.Title}
	if w.Comment != "" {
		paragraphs = append(paragraphs, `"`+w.Comment+`"`)
	}
	paragraphs = append(paragraphs, w.Link+"\n"+link, w.Enter+"\n"+w.Code, w.Access+"\n"+w.Name, w.Ignore)
	return w.Title, strings.Join(paragraphs, "\n\n") + "\n"
}

// grouped writes a code as people read one out: 482 913 057.
func grouped(code string) string {
	var out strings.Builder
	for i, digit := range code {
		if i > 0 && i%3 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(digit)
	}
	return out.String()
}
