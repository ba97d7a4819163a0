package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
)

const (
	// diskWarns and diskFails are when a disk is nearly full: a busy desk writes some 100 MB a day.
	diskWarns, diskFails = 1 << 30, 100 << 20
	// slowDatabase is when one question takes too long: an invitation asks some twenty.
	slowDatabase = 20 * time.Millisecond
	// maxCheckAnswer bounds what is read of an answer.
	maxCheckAnswer = 64 << 10
)

func (d *doctor) checkDatabase(ctx context.Context) finding {
	name := withoutPassword(d.settings.Database)
	in, err := store.Inspect(ctx, d.settings.Database)
	if err != nil {
		return fail("%s: %v; check --database, and that this user may write there", name, err)
	}
	d.learn(in.ServerID, reading{"the database", in.Clock, d.now()})
	switch {
	case !in.Exists:
		return warn("%s is not there yet: serve makes it", name)
	case in.Schema > in.Newest:
		return fail("%s: its tables (version %d) are those of a newer program: this one knows version %d", name, in.Schema, in.Newest)
	case in.Schema == 0:
		return warn("%s has no tables yet: serve makes them (%s)", name, in.Engine)
	case in.Schema < in.Newest:
		return warn("%s: serve will bring its tables from version %d to %d; keep a copy before", name, in.Schema, in.Newest)
	case in.Journal != "" && in.Journal != "wal":
		return warn("%s: journal mode %s; serve sets wal", name, in.Journal)
	case in.Latency > slowDatabase:
		return warn("%s: %s answers only after %s; bring it nearer", name, in.Engine, in.Latency.Round(time.Millisecond))
	}
	if in.Latency > 0 {
		return okay("%s: %s, tables of version %d, answers after %s", name, in.Engine, in.Schema, in.Latency.Round(10*time.Microsecond))
	}
	return okay("%s: %s, tables of version %d", name, in.Engine, in.Schema)
}

// learn keeps what a check found out for those after it. Only PostgreSQL has a clock of its own.
func (d *doctor) learn(serverID string, r reading) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if serverID != "" {
		d.serverID = serverID
	}
	if !r.theirs.IsZero() {
		d.clocks = append(d.clocks, r)
	}
}

// checkDisk looks at the disk that a SQLite file is on; that of a PostgreSQL server is not ours.
func (d *doctor) checkDisk(context.Context) finding {
	if store.IsPostgres(d.settings.Database) {
		return finding{}
	}
	folder := filepath.Dir(d.settings.Database)
	free, err := freeDisk(folder)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return finding{}
	case err != nil:
		return fail("%s: %v", folder, err)
	case free < diskFails:
		return fail("%s free in %s: make room before writes are refused", humanize.IBytes(free), folder)
	case free < diskWarns:
		return warn("%s free in %s: make room", humanize.IBytes(free), folder)
	}
	return okay("%s free in %s", humanize.IBytes(free), folder)
}

func (d *doctor) checkPushes(ctx context.Context) finding {
	if !d.settings.usesFCM() {
		return warn("not set up: pushes are only logged; set --fcm-project")
	}
	fcm, err := push.NewFCM(ctx, d.settings.fcmConfig(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fail("%v; check --fcm-project, --fcm-credentials and --fcm-endpoint", err)
	}
	defer fcm.Close()
	if err := fcm.Check(ctx); err != nil {
		return fail("%v", err)
	}
	return okay("FCM takes a dry run for project %s", d.settings.FCMProject)
}

func (d *doctor) checkEmails(ctx context.Context) finding {
	if d.settings.SMTP == "" {
		return warn("not set up: emails are only logged; set --smtp and --mail-from")
	}
	cfg := d.settings.mailConfig(d.settings.PublicURL, d.settings.Name, slog.New(slog.DiscardHandler))
	cfg.RootCAs = d.roots
	mail, err := push.NewMail(cfg)
	if err != nil {
		return fail("%v; check --smtp and --mail-from", err)
	}
	defer mail.Close()
	if err := mail.Check(ctx); err != nil {
		return fail("%v; check --smtp", err)
	}
	u, _ := url.Parse(d.settings.SMTP) // it has been read by NewMail
	if u.User == nil {
		return okay("%s lets us in, without a log-in", u.Host)
	}
	return okay("%s lets us in as %s", u.Host, u.User.Username())
}

// checkSender looks where answers to the sender of emails go, and the news that one could not be delivered.
func (d *doctor) checkSender(ctx context.Context) finding {
	if d.settings.SMTP == "" {
		return finding{}
	}
	from, err := netmail.ParseAddress(d.settings.MailFrom)
	if err != nil {
		return fail("--mail-from %q is no address: %v", d.settings.MailFrom, err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	found, err := d.resolver.LookupMX(ctx, domain)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound, err == nil && (len(found) == 0 || found[0].Host == "."):
		return warn("%s has no mail server (MX): bounces to %s are lost, and some will not take mail from it", domain, from.Address)
	case err != nil:
		return warn("%s could not be looked up: %v", domain, err)
	}
	return okay("mail to %s goes to %s", from.Address, strings.TrimSuffix(found[0].Host, "."))
}

// checkPublicURL asks, as a client would, whether this desk answers there.
func (d *doctor) checkPublicURL(ctx context.Context) finding {
	public := d.settings.PublicURL
	if !isWebURL(public) {
		return fail("--public-url %q needs http or https, and a host", public)
	}
	answer, err := d.get(ctx, http.MethodGet, strings.TrimSuffix(public, "/")+"/v1/server", "the public URL")
	if err != nil {
		return d.unreachable(public, err)
	}
	defer answer.Body.Close()
	var server struct {
		ServerID string `json:"server_id"`
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, maxCheckAnswer)).Decode(&server)
	d.mu.Lock()
	ours := d.serverID
	d.mu.Unlock()
	switch u, _ := url.Parse(public); {
	case answer.StatusCode/100 == 3:
		return fail("%s leads on to %s: set --public-url to where that ends", public, answer.Header.Get("Location"))
	case answer.StatusCode != http.StatusOK || err != nil || server.ServerID == "":
		return fail("%s answers %d, and not as a desk: check the proxy", public, answer.StatusCode)
	case ours != "" && server.ServerID != ours:
		return fail("%s is another desk, with another database (%s, not %s)", public, server.ServerID, ours)
	case u.Scheme == "http" && !isLocal(u.Hostname()):
		return warn("%s answers, but tokens and passwords travel unencrypted: put it behind a proxy with TLS, and use https", public)
	}
	return okay("%s answers as this desk", public)
}

func (d *doctor) unreachable(public string, err error) finding {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch cause := errors.Unwrap(err); {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fail("%s: the name %s does not resolve", public, dns.Name)
	case errors.As(err, &certificate):
		return fail("%s: its certificate is not good: %v", public, certificate.Err)
	default:
		return warn("%s could not be reached: is the server running? (%v)", public, cause)
	}
}

// isLocal says whether a host is this machine.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// get asks once, follows no redirection, and learns what time it is there.
func (d *doctor) get(ctx context.Context, method, address, whose string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig, transport.DisableKeepAlives = &tls.Config{RootCAs: d.roots}, true
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	begun := d.now()
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	took := d.now().Sub(begun)
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil { // whole seconds, cut
		d.learn("", reading{whose, at.Add(time.Second / 2), begun.Add(took / 2)})
	}
	return answer, nil
}

// checkClock compares this machine's clock with those of others: of FCM, where pushes go there, of the database and of the
// public URL.
func (d *doctor) checkClock(ctx context.Context) finding {
	if d.settings.usesFCM() {
		if answer, err := d.get(ctx, http.MethodHead, d.fcmAddress(), "FCM"); err == nil {
			answer.Body.Close()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var worst time.Duration
	whose := []string{}
	for _, r := range d.clocks {
		if off := r.ours.Sub(r.theirs); off.Abs() > worst.Abs() {
			worst = off
		}
		whose = append(whose, r.whose)
	}
	others := strings.Join(whose, ", ")
	switch off := worst.Abs().Round(time.Second); {
	case len(whose) == 0:
		return warn("nobody to compare it with; keep it right by NTP")
	case off > clockFails:
		return fail("%s away from %s: tokens and certificates will be refused; set it right by NTP", off, others)
	case off > clockWarns:
		return warn("%s away from %s: set it right by NTP", off, others)
	}
	return okay("agrees with %s", others)
}

func (d *doctor) fcmAddress() string {
	if d.settings.FCMEndpoint != "" {
		return d.settings.FCMEndpoint
	}
	return d.google
}
