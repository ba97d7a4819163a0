package push

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

// specialistJob is the email to a specialist, as the store completes it.
func specialistJob(change func(*desk.Job)) desk.Job {
	job := desk.Job{LinkToken: "link-1", Address: "mia@example.com", Locale: "en",
		Specialist: &desk.SpecialistMail{Inviter: "Ana", Desk: "Acme Help", Code: "482913057", Access: desk.View, Comment: "Tray 2, please"}}
	job.ID, job.Channel, job.Purpose, job.SpecialistInvitationID = "dlv_1", desk.ChannelEmail, desk.PurposeSpecialistInvitation, "spi_1"
	if change != nil {
		change(&job)
	}
	return job
}

// F3: the server sends what the ready email says, with the link, the code and the access rights, in HTML too.
func TestF3MailToASpecialist(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	mail := newMail(t, server, nil)
	const link = "https://desk.example.com/help/join/link-1"
	for access, may := range map[desk.Access]string{desk.View: "You will be able to see the shared screen and to chat.", desk.Control: "You will be able to see and control the shared screen, and to chat."} {
		if got := mail.Send(t.Context(), specialistJob(func(j *desk.Job) { j.Specialist.Access = access })); got != done {
			t.Fatalf("outcome %+v", got)
		}
		m := server.Next()
		subject, text := texts.For("en").SpecialistMail(desk.SpecialistMail{Inviter: "Ana", Desk: "Acme Help", Code: "482913057", Comment: "Tray 2, please", Access: access}, link)
		if m.To != "mia@example.com" || m.Subject != subject || m.Text != text {
			t.Errorf("to %s: %s\n%s\nwant %s\n%s", m.To, m.Subject, m.Text, subject, text)
		}
		for name, want := range map[string]string{"From": `"Acme Desk" <desk@example.com>`, "To": "<mia@example.com>", "Message-Id": "<dlv_1@desk.example.com>", "Auto-Submitted": "auto-generated",
			"List-Unsubscribe": "", "List-Unsubscribe-Post": "", "Reply-To": "", "In-Reply-To": ""} {
			if got := m.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		for _, want := range []string{">" + subject + "</h1>", ">Tray 2, please</blockquote>", ">" + may + "</p>", `<a class="main" href="` + link + `"`, ">482 913 057</p>", "Or open https://desk.example.com/help/join and enter this code:",
			"You do not need an account.", "you can ignore it.", "Acme Desk"} {
			if !strings.Contains(m.HTML, want) {
				t.Errorf("%s: no %q in the HTML:\n%s", access, want, m.HTML)
			}
		}
		if strings.Count(m.HTML, "<a ") != 1 || strings.Contains(string(m.Raw), "unsubscribe") {
			t.Errorf("other links:\n%s", m.Raw)
		}
	}
}

// F3: names and comments of users are text and nothing else, whatever they hold.
func TestF3NamesInMailToASpecialist(t *testing.T) {
	server := pushtest.NewSMTP(t, pushtest.SMTPSettings{})
	mail := newMail(t, server, nil)
	for _, evil := range []string{"Eve\r\nBcc: all@example.com\r\n\r\nBuy", `<a href="https://evil.example">Ana</a>`, "\u202eanA\u2067", strings.Repeat("W", 200), strings.Repeat("👩‍🔧", 60)} {
		if got := mail.Send(t.Context(), specialistJob(func(j *desk.Job) { j.Specialist.Inviter, j.Specialist.Desk, j.Specialist.Comment = evil, evil, evil })); got != done {
			t.Fatalf("%q: %+v", evil, got)
		}
		m := server.Next()
		name := texts.OneLine(evil)
		if m.Header.Get("Bcc") != "" || m.Subject != name+" invites you to help in a support session ("+name+")" || !strings.HasPrefix(m.Text, m.Subject+"\n\n") {
			t.Errorf("%q: %s: %v\n%s", evil, m.Subject, m.Header, m.Text)
		}
		if strings.Count(m.HTML, "<a ") != 1 || !strings.Contains(m.HTML, ">482 913 057</p>") {
			t.Errorf("%q: HTML:\n%s", evil, m.HTML)
		}
	}
	for _, address := range []string{"", "no address", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"} {
		if got := mail.Send(t.Context(), specialistJob(func(j *desk.Job) { j.Address = address })); got != rejected || len(server.Mails()) != 5 {
			t.Errorf("address %q: %+v", address, got)
		}
	}
	nothing := func(j *desk.Job) { j.Specialist = nil }
	if got := mail.Send(t.Context(), specialistJob(nothing)); got != rejected {
		t.Errorf("without what it says: %+v", got)
	}
}

// F3, G11: in the invitation's language.
func TestF3MailToASpecialistInTheirLanguage(t *testing.T) {
	for locale, want := range map[string][]string{
		"es-MX": {`lang="es"`, "Ana le invita a colaborar", "Unirse a la sesión", "Podrá ver la pantalla"},
		"de":    {`lang="de"`, "Ana bittet Sie um Mithilfe", "An der Sitzung teilnehmen", "Sie können den geteilten Bildschirm sehen"},
		"fr":    {`lang="fr"`, "Ana vous invite à apporter votre aide", "Rejoindre la session", "Vous pourrez voir"},
	} {
		m, err := newEmail(specialistJob(func(j *desk.Job) { j.Locale = locale }), MailConfig{PublicURL: "http://127.0.0.1:8080"})
		if err != nil || !strings.HasPrefix(m.subject, want[1]) || !strings.Contains(m.text, want[1]) || !strings.Contains(m.text, want[3]) {
			t.Fatalf("%s: %q, %v:\n%s", locale, m.subject, err, m.text)
		}
		for _, words := range want {
			if !strings.Contains(m.html, words) {
				t.Errorf("%s: no %q in it:\n%s", locale, words, m.html)
			}
		}
	}
}
