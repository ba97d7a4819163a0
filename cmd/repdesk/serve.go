package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// serveCommand runs the desk. Its flags are those of the documentation's "Configuration".
type serveCommand struct {
	listenFlags
	databaseFlags
	PublicURL     string         `name:"public-url" group:"Server" placeholder:"URL" help:"Where clients and the links in emails reach the server; default http://<listen>."`
	Name          string         `group:"Server" default:"repdesk" help:"The desk's name, in emails and for clients."`
	Org           string         `group:"Server" type:"path" placeholder:"FILE" help:"Organisation file to load at start."`
	KeepEvents    time.Duration  `group:"Server" default:"168h" placeholder:"DURATION" help:"How long consoles and scripts that come back find the events that they missed; at least 1h."`
	TrustedProxy  []netip.Prefix `name:"trusted-proxy" group:"Server" placeholder:"CIDR" help:"Network of proxies whose X-Forwarded-For says where a request came from; may be given several times."`
	MetricsListen string         `name:"metrics-listen" group:"Server" placeholder:"HOST:PORT" help:"Address for /metrics alone; without it, the server's own has it."`
	pushFlags
	logFlags
	// InvitesAMinute is for "repdesk bench" and for tests, whose owners invite more often than people may (B20). It is hidden, and no
	// setting of a desk: the rule is the same everywhere.
	InvitesAMinute int `name:"invites-a-minute" hidden:"" help:"How many invitations an owner may make a minute; 0: as the rule says; less: any number."`
}

func (c *serveCommand) Run(ctx context.Context, to output) error {
	log := c.logger(to.log)
	listener, err := listen(ctx, "--listen", c.Listen)
	if err != nil {
		return err
	}
	apart, err := c.listenForMetrics(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	closeBoth := func() error { return errors.Join(listener.Close(), closeListener(apart)) }
	if c.PublicURL = cmp.Or(c.PublicURL, addressURL(listener.Addr())); !isWebURL(c.PublicURL) {
		return errors.Join(fmt.Errorf("--public-url %q needs http or https, and a host", c.PublicURL), closeBoth())
	}
	if c.KeepEvents < desk.LeastEventRetention {
		return errors.Join(fmt.Errorf("--keep-events %s: at least %s is needed", c.KeepEvents, desk.LeastEventRetention), closeBoth())
	}
	senders, err := c.senders(ctx, c.PublicURL, c.Name, log)
	if err != nil {
		return errors.Join(err, closeBoth())
	}
	defer senders.close()
	registry := newRegistry()
	s, err := c.openStore(ctx, to.out, registry, log)
	if err != nil {
		return errors.Join(err, closeBoth())
	}
	d := newService(serviceConfig{store: s, senders: senders.byChannel, channels: senders.setUp, listener: listener, metrics: registry, metricsListener: apart,
		publicURL: c.PublicURL, name: c.Name, trusted: c.TrustedProxy, log: log})
	c.announce(to.out, listener.Addr(), apart)
	return d.run(ctx)
}

// openStore opens the database and loads the organisation file, if there is one.
func (c *serveCommand) openStore(ctx context.Context, out io.Writer, registry *prometheus.Registry, log *slog.Logger) (*store.Store, error) {
	s, err := store.Open(ctx, store.Config{Database: c.Database, KeepEvents: c.KeepEvents, InvitesAMinute: c.InvitesAMinute, Logger: log, Metrics: registry})
	if err != nil || c.Org == "" {
		return s, err
	}
	report, err := importFile(ctx, s, c.Org, false)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	tellImport(out, report)
	return s, nil
}

// listenForMetrics is nil where the server's own address has the metrics.
func (c *serveCommand) listenForMetrics(ctx context.Context) (net.Listener, error) {
	if c.MetricsListen == "" {
		return nil, nil
	}
	return listen(ctx, "--metrics-listen", c.MetricsListen)
}

// announce says in one block what runs, and what is not set up.
func (c *serveCommand) announce(w io.Writer, addr net.Addr, apart net.Listener) {
	metrics := fmt.Sprintf("http://%s/metrics", addr)
	if apart != nil {
		metrics = fmt.Sprintf("http://%s/metrics", apart.Addr())
	}
	pushes, emails := "only logged (no --fcm-project)", "only logged (no --smtp)"
	if c.FCMProject != "" {
		pushes = "FCM, project " + c.FCMProject
	}
	if u, err := url.Parse(c.SMTP); err == nil && c.SMTP != "" {
		emails = u.Scheme + "://" + u.Host + ", from " + c.MailFrom
	}
	fmt.Fprintf(w, "repdesk %s\n  listening  http://%s\n  public     %s\n  reference  %s/docs\n  metrics    %s\n  database   %s\n  pushes     %s\n  emails     %s\n",
		version(), addr, c.PublicURL, c.PublicURL, metrics, withoutPassword(c.Database), pushes, emails)
}

// withoutPassword is a database as it may be shown: a URL's parameters can hold a password too.
func withoutPassword(database string) string {
	if !store.IsPostgres(database) {
		return database
	}
	u, err := url.Parse(database)
	if err != nil {
		return "the PostgreSQL URL"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return shown.String()
}

// listen opens the address that a flag gives.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken by another program; choose another address with %s", address, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	}
	return listener, nil
}

// addressURL is where this machine reaches the server. An address that stands for all has no host that one could ask.
func addressURL(addr net.Addr) string {
	host, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && !strings.ContainsAny(s, "?#")
}
