package push

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/push/pushtest/browsertest"
	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

// mails are one email of each kind, with all that can stand in it, and what its buttons say in English.
func mails() map[string]struct {
	job     desk.Job
	buttons []string
} {
	full := func(j *desk.Job) {
		j.Invitation.Kind, j.Invitation.Team, j.Invitation.Rep = desk.InviteTeam, &desk.Ref{ID: "team_1", Name: "Printers and everything that has a paper tray"}, nil
		j.Invitation.Comment = "Tray 2 jams at every second customer.\nCould you look at it with me? The log is at https://logs.example.com/" + strings.Repeat("printer-", 12) + " 👩‍🔧"
		j.Customer = &desk.Customer{Name: "Jo Doe", Company: "Doe Bakery", Details: "The receipt printer by the second till"}
	}
	type mail = struct {
		job     desk.Job
		buttons []string
	}
	return map[string]mail{
		"invitation": {mailJob(full), []string{"Accept", "Decline", "Decline, and no more such emails"}},
		"follow-up":  {followUpJob(desk.EndCancelled, full), nil},
		"confirming": {confirmingJob(&desk.Ref{ID: "rep_hal", Name: "Hal Berg"}), []string{"Switch it off"}},
		"specialist": {specialistJob(func(j *desk.Job) {
			j.Specialist.Access, j.Specialist.Comment, j.LinkToken = desk.Control, "The tray jams at every second customer.\nCould you look at it with us?", "AZLT9KW2fI2eDxorPE1eb0mZ1x9uGmVh0cQ4T7bqO2w"
		}), []string{"Join the session"}},
	}
}

// G2, G4, G6, G11, F3: emails are readable by day and by night, on a phone, in every language, without images, and ask for
// nothing from anywhere.
func TestG2EmailsAsPeopleSeeThem(t *testing.T) {
	chromium := browsertest.New(t)
	cfg := MailConfig{PublicURL: "https://desk.example.com", Name: "Acme Desk"}
	for kind, mail := range mails() {
		for _, language := range texts.Languages {
			mail.job.Locale = language
			m, err := newEmail(mail.job, cfg)
			if err != nil {
				t.Fatal(err)
			}
			looks := []browsertest.Look{{Width: browsertest.Phone}}
			if language == "en" { // colours are the same in all, and a desktop is wide enough for any
				looks = append(looks, browsertest.Look{Width: browsertest.Phone, Dark: true}, browsertest.Look{Width: browsertest.Desktop}, browsertest.Look{Width: browsertest.Desktop, Dark: true})
			}
			for _, look := range looks {
				name := fmt.Sprintf("mail-%s-%s-%s", kind, language, look.Name())
				t.Run(name, func(t *testing.T) {
					page := chromium.Show(t, m.html, look)
					page.Picture(name)
					checkMailSeen(t, page, language, len(mail.buttons))
					if labels := labelsOf(page.Seen()); language == "en" && !slices.Equal(labels, mail.buttons) {
						t.Errorf("buttons %q, want %q", labels, mail.buttons)
					}
				})
			}
		}
	}
}

// Some mail programs drop all styles but those of elements.
func TestG2EmailsWithoutAStyleSheetAsPeopleSeeThem(t *testing.T) {
	chromium := browsertest.New(t)
	for kind, mail := range mails() {
		m, err := newEmail(mail.job, MailConfig{PublicURL: "https://desk.example.com", Name: "Acme Desk"})
		if err != nil {
			t.Fatal(err)
		}
		before, style, _ := strings.Cut(m.html, "<style>")
		_, after, found := strings.Cut(style, "</style>")
		if !found {
			t.Fatal("no style sheet to leave out")
		}
		page := chromium.Show(t, before+after, browsertest.Look{Width: browsertest.Phone, Dark: true})
		page.Picture("mail-" + kind + "-en-bare")
		checkMailSeen(t, page, "en", len(mail.buttons))
	}
}

func checkMailSeen(t *testing.T, page *browsertest.Page, language string, buttons int) {
	t.Helper()
	seen := page.Seen()
	if seen.Lang != language || len(seen.Wide) > 0 || len(seen.Faint) > 0 || seen.Texts < 5 {
		t.Errorf("lang %q, too wide: %q, too faint: %q, of %d texts", seen.Lang, seen.Wide, seen.Faint, seen.Texts)
	}
	if len(seen.Buttons) != buttons {
		t.Errorf("%d buttons, want %d", len(seen.Buttons), buttons)
	}
	for _, b := range seen.Buttons {
		if b.Height < 44 || b.Width < 200 {
			t.Errorf("%s is %.0f × %.0f: too small for a thumb", b.Label, b.Width, b.Height)
		}
	}
	page.Accessible()
	if asked := page.Requests(); len(asked) != 1 {
		t.Errorf("it asks for %q", asked)
	}
}

func labelsOf(seen browsertest.Seen) (labels []string) {
	for _, b := range seen.Buttons {
		labels = append(labels, b.Label)
	}
	return labels
}
