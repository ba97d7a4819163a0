package texts

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// readyEmail is the email of an invitation to a specialist, with a change.
func readyEmail(language string, change func(*desk.SpecialistMail)) (subject, text string) {
	m := desk.SpecialistMail{Inviter: "Ana", Desk: "Acme Help", Code: "482913057", Comment: "Tray 2, please", Access: desk.View}
	if change != nil {
		change(&m)
	}
	return For(language).SpecialistMail(m, "https://desk.example.com/help/join/link-1")
}

// F2: the ready email, word for word.
func TestF2ReadyEmail(t *testing.T) {
	subject, text := readyEmail("en", nil)
	if want := "Ana invites you to help in a support session (Acme Help)"; subject != want {
		t.Errorf("subject %q, want %q", subject, want)
	}
	const want = `Ana invites you to help in a support session (Acme Help)

"Tray 2, please"

Open this link to join:
https://desk.example.com/help/join/link-1

Or open https://desk.example.com/help/join and enter this code:
482 913 057

You will be able to see the shared screen and to chat.
You will be asked for your name first. You do not need an account.

If you did not expect this email, you can ignore it.
`
	if text != want {
		t.Errorf("text:\n%s", text)
	}
	control := strings.Replace(want, "see the shared screen and to chat", "see and control the shared screen, and to chat", 1)
	if _, text := readyEmail("en", func(m *desk.SpecialistMail) { m.Access = desk.Control }); text != control {
		t.Errorf("with control:\n%s", text)
	}
	bare := strings.Replace(strings.Replace(want, "\"Tray 2, please\"\n\n", "", 1), " (Acme Help)", "", 1)
	if _, text := readyEmail("en", func(m *desk.SpecialistMail) { m.Comment, m.Desk = " \r\n", "" }); text != bare {
		t.Errorf("without comment and desk:\n%s", text)
	}
}

// F2, G11: each language says who invites, and has the link, the code with its page, and other words for control.
func TestF2ReadyEmailInEveryLanguage(t *testing.T) {
	said := map[string]string{}
	for _, language := range Languages {
		subject, text := readyEmail(language, nil)
		_, control := readyEmail(language, func(m *desk.SpecialistMail) { m.Access = desk.Control })
		if !strings.HasPrefix(text, subject+"\n\n") || !strings.Contains(subject, "Ana") || !strings.Contains(subject, "Acme Help") {
			t.Errorf("%s: %q begins %q", language, subject, text)
		}
		for _, want := range []string{"\n\n\"Tray 2, please\"\n\n", "\nhttps://desk.example.com/help/join/link-1\n", "\n482 913 057\n", "https://desk.example.com/help/join"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q:\n%s", language, want, text)
			}
		}
		if text == control || said[text] != "" {
			t.Errorf("%s says the same for control, or as %q", language, said[text])
		}
		said[text] = language
	}
}

// F2: what users wrote comes out as it is, makes no header, and stands on no line with the link, the code or the rights.
func TestF2NamesInTheReadyEmail(t *testing.T) {
	const turned, markup = "\u202eAna\u2067", `<b>"{{.Code}}" %s</b>`
	long := strings.Repeat("é", 200)
	_, plain := readyEmail("en", func(m *desk.SpecialistMail) { m.Comment = "" })
	for _, name := range []string{turned, markup, long, "Eve\r\nBcc: all@example.com\u2028X"} {
		subject, text := readyEmail("en", func(m *desk.SpecialistMail) { m.Inviter, m.Desk, m.Comment = name, name, "" })
		if strings.ContainsAny(subject, "\r\n\u2028") || !strings.Contains(subject, OneLine(name)+" invites") || !strings.HasSuffix(subject, " ("+OneLine(name)+")") {
			t.Errorf("subject %q", subject)
		}
		if _, rest, _ := strings.Cut(text, "\n"); rest != plain[strings.Index(plain, "\n")+1:] {
			t.Errorf("%q reaches other lines:\n%s", name, text)
		}
	}
	_, text := readyEmail("en", func(m *desk.SpecialistMail) { m.Comment = turned + "\r\nand\r" + markup + "\n" })
	if !strings.Contains(text, "\n\n\""+turned+"\nand\n"+markup+"\"\n\nOpen this link") {
		t.Errorf("comment:\n%s", text)
	}
}
