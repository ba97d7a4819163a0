package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store"
)

// well is a desk that runs, with all that it needs, and a doctor who finds it so.
type well struct {
	*doctor
	t      *testing.T
	fcm    *pushtest.FCM
	smtp   *pushtest.SMTP
	store  *store.Store
	server *httptest.Server
}

const mailPassword = "very-secret"

func newWell(t *testing.T) *well {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	w := &well{t: t, fcm: pushtest.NewFCM(t), smtp: pushtest.NewSMTP(t, pushtest.SMTPSettings{STARTTLS: true, User: "desk", Password: mailPassword})}
	settings := serveCommand{databaseFlags: databaseFlags{Database: database(t)}, Name: "Acme Desk",
		pushFlags: pushFlags{FCMProject: "desk", FCMEndpoint: w.fcm.URL, FCMCredentials: w.fcm.CredentialsFile(), SMTP: w.smtp.URL(), MailFrom: "Desk <desk@acme.example>"}}
	var err error
	if w.store, err = store.Open(t.Context(), store.Config{Database: settings.Database, Logger: log}); err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(api.New(api.Config{Store: w.store}).Handler())
	t.Cleanup(func() { w.server.Close(); w.store.Close() })
	settings.PublicURL = w.server.URL
	w.doctor = &doctor{settings: settings, now: time.Now, bound: patience, roots: w.smtp.RootCAs, resolver: resolver(t)}
	return w
}

// examine returns what each line says, by its name, and whether the whole failed.
func (w *well) examine() (map[string]string, error) {
	w.t.Helper()
	var out bytes.Buffer
	err := w.run(w.t.Context(), &out)
	if strings.Contains(out.String(), mailPassword) || err != nil && strings.Contains(err.Error(), mailPassword) {
		w.t.Errorf("a password stands in:\n%s", out.String())
	}
	said := map[string]string{}
	for line := range strings.Lines(out.String()) {
		parts := regexp.MustCompile(`^(ok|warning|FAILED) +(database|disk|pushes|emails|sender|public URL|clock) +(\S.*)\n$`).FindStringSubmatch(line)
		if parts == nil {
			w.t.Fatalf("a line unlike the others: %q", line)
		}
		said[parts[2]] = parts[1] + " " + parts[3]
	}
	return said, err
}

// resolver asks a name server of the test's, which knows where the mail of acme.example goes and nothing else.
func resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		packet := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(packet[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Header, m.Additionals = dnsmessage.Header{ID: m.ID, Response: true, RCode: dnsmessage.RCodeNameError}, nil
			if q.Type == dnsmessage.TypeMX && q.Name.String() == "acme.example." {
				m.RCode = dnsmessage.RCodeSuccess
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
					Body: &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName("mx.acme.example.")}}}
			}
			if answer, err := m.Pack(); err == nil {
				conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A desk that is well is found so, beside the server that runs, and afterwards all is as it was.
func TestDoctorFindsAWellDeskWell(t *testing.T) {
	w := newWell(t)
	for range 2 {
		said, err := w.examine()
		if err != nil || len(said) != 7 {
			t.Errorf("%v: %v", err, said)
		}
		for name, want := range map[string]string{
			"database": "ok " + w.settings.Database + ": SQLite 3.", "disk": "", "pushes": "ok FCM takes a dry run for project desk",
			"emails": "ok " + w.smtp.Addr + " lets us in as desk", "sender": "ok mail to desk@acme.example goes to mx.acme.example",
			"public URL": "ok " + w.server.URL + " answers as this desk", "clock": "ok agrees with ",
		} {
			if !strings.HasPrefix(said[name], want) {
				t.Errorf("%s: %q, want %q", name, said[name], want)
			}
		}
	}
	for _, sent := range w.fcm.Pushes() {
		if !sent.DryRun {
			t.Errorf("a push was sent: %+v", sent)
		}
	}
	if len(w.smtp.Mails()) > 0 {
		t.Error("a mail was sent")
	}
}

// What is not well is named, with what to do; the rest is looked at all the same.
func TestDoctorNamesWhatIsWrong(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	answers := func(handler http.HandlerFunc) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.URL
	}
	encrypted := httptest.NewUnstartedServer(http.NotFoundHandler())
	encrypted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) // it is told that nobody trusts it
	encrypted.StartTLS()
	defer encrypted.Close()
	for _, c := range []struct {
		what string
		harm func(w *well)
		name string
		want string
	}{
		{"no folder", func(w *well) { w.settings.Database = t.TempDir() + "/nowhere/x.db" }, "database", "FAILED .* no such file or directory"},
		{"no such server", func(w *well) { w.settings.Database = "postgres://desk:" + mailPassword + "@127.0.0.1:1/desk" }, "database", "FAILED postgres://127.0.0.1:1/desk: .*connection refused"},
		{"a URL that is none", func(w *well) {
			w.settings.Database = "postgres://desk:" + mailPassword + "%zz@127.0.0.1:1/desk?password=" + mailPassword
		}, "database", "FAILED the PostgreSQL URL"},
		{"not there yet", func(w *well) { w.settings.Database = t.TempDir() + "/new.db" }, "database", "warning .* is not there yet"},
		{"credentials", func(w *well) { w.fcm.RefuseTokens(400) }, "pushes", "FAILED the credentials are refused by Google"},
		{"no credentials", func(w *well) { w.settings.FCMCredentials = "/nowhere/key.json" }, "pushes", "FAILED fcm credentials: .*--fcm-credentials"},
		{"project", func(w *well) { w.fcm.Always("", pushtest.Status(404)) }, "pushes", "FAILED FCM knows no such project"},
		{"no FCM", func(w *well) { w.settings.FCMEndpoint, w.settings.FCMCredentials = "http://127.0.0.1:1", "" }, "pushes", "FAILED FCM cannot be reached"},
		{"no pushes", func(w *well) { w.settings.FCMProject, w.settings.FCMEndpoint, w.settings.FCMCredentials = "", "", "" }, "pushes", "warning not set up: pushes are only logged; set --fcm-project"},
		{"mail password", func(w *well) { w.settings.SMTP = "smtp://desk:" + mailPassword + "-not@" + w.smtp.Addr }, "emails", "FAILED .*refuses user or password \\(535\\); check --smtp"},
		{"mail certificate", func(w *well) { w.roots = x509.NewCertPool() }, "emails", "FAILED .*certificate is not good"},
		{"no mail server", func(w *well) { w.settings.SMTP = "smtp://desk:" + mailPassword + "@127.0.0.1:1" }, "emails", "FAILED .*connection refused"},
		{"a mail URL that is none", func(w *well) { w.settings.SMTP = "smtp://desk:" + mailPassword + "%zz@nowhere" }, "emails", "FAILED .*SMTP URL"},
		{"a silent mail server", func(w *well) {
			w.settings.SMTP, w.bound = "smtp://desk:"+mailPassword+"@"+silent.Addr().String(), time.Second
		}, "emails", "FAILED .*does not answer"},
		{"no emails", func(w *well) { w.settings.SMTP = "" }, "emails", "warning not set up: emails are only logged; set --smtp"},
		{"sender", func(w *well) { w.settings.MailFrom = "nobody" }, "sender", "FAILED --mail-from \"nobody\" is no address"},
		{"a sender without a mail server", func(w *well) { w.settings.MailFrom = "desk@nowhere.example" }, "sender", "warning nowhere.example has no mail server"},
		{"no URL", func(w *well) { w.settings.PublicURL = "desk.example.com" }, "public URL", "FAILED .*needs http or https"},
		{"the server does not run", func(w *well) { w.server.Close() }, "public URL", "warning .* is the server running\\?"},
		{"another page", func(w *well) {
			w.settings.PublicURL = answers(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<h1>It works!</h1>")) })
		}, "public URL", "FAILED .*answers 200, and not as a desk"},
		{"another desk", func(w *well) {
			w.settings.PublicURL = answers(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"server_id": "srv_other"}`)) })
		}, "public URL", "FAILED .*another desk.*srv_other"},
		{"leads on", func(w *well) {
			w.settings.PublicURL = answers(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://desk.example.com"+r.URL.Path, http.StatusMovedPermanently)
			})
		}, "public URL", "FAILED .*leads on to https://desk.example.com"},
		{"certificate", func(w *well) { w.settings.PublicURL = encrypted.URL }, "public URL", "FAILED .*certificate is not good"},
		{"ten seconds", func(w *well) { w.now = func() time.Time { return time.Now().Add(10 * time.Second) } }, "clock", "warning 1[01]s away from the public URL, FCM"},
		{"ten minutes", func(w *well) { w.now = func() time.Time { return time.Now().Add(-10 * time.Minute) } }, "clock", "FAILED (10m0s|9m5\\ds|10m1s) away from"},
		{"no clock", func(w *well) {
			w.server.Close()
			w.settings.FCMProject, w.settings.FCMEndpoint, w.settings.FCMCredentials = "", "", ""
		}, "clock", "warning nobody to compare it with"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWell(t)
			w.t = t
			c.harm(w)
			said, err := w.examine()
			if !regexp.MustCompile("^" + c.want).MatchString(said[c.name]) {
				t.Errorf("%s: %q, want %q", c.name, said[c.name], c.want)
			}
			failures := 0
			for _, line := range said {
				if strings.HasPrefix(line, "FAILED") {
					failures++
				}
			}
			if (err != nil) != (failures > 0) || strings.HasPrefix(c.want, "FAILED") != (failures > 0) {
				t.Errorf("%d failed, and in all: %v; %v", failures, err, said)
			}
			if len(said) < 5 {
				t.Errorf("not all was looked at: %v", said)
			}
		})
	}
}

// The command ends with the code that says whether anything failed, and leaves no database behind.
func TestDoctorAsACommand(t *testing.T) {
	db := database(t)
	out, err := command(t, map[string]string{"REPDESK_DATABASE": db, "REPDESK_LISTEN": "127.0.0.1:1"}, "doctor")
	if err != nil || !strings.Contains(out, "warning  database    "+db+" is not there yet") || !strings.Contains(out, "warning  public URL  http://127.0.0.1:1 could not be reached") {
		t.Errorf("%v:\n%s", err, out)
	}
	if _, err := os.Stat(db); err == nil {
		t.Error("it made the database")
	}
	out, err = command(t, nil, "doctor", "--database", db, "--public-url", "desk.example.com")
	if err == nil || err.Error() != "1 check failed" || !strings.Contains(out, "FAILED   public URL") {
		t.Errorf("%v:\n%s", err, out)
	}
}

// A check that heeds no context holds up the others no longer than its time.
func TestDoctorsChecksAreBounded(t *testing.T) {
	begun := time.Now()
	found := within(t.Context(), 100*time.Millisecond, func(context.Context) finding { select {} })
	if found.verdict != failed || !strings.Contains(found.text, "no answer within 100ms") || time.Since(begun) > patience {
		t.Errorf("%+v after %s", found, time.Since(begun))
	}
}
