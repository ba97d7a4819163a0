package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// measured is a server that has /metrics, of which several parts of the desk are counted.
func measured(t *testing.T, options ...func(*api.Config)) (*server, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	s, clock := openReady(t, func(cfg *store.Config) { cfg.Metrics = registry })
	return restarted(t, s, clock, append(options, func(cfg *api.Config) {
		cfg.Metrics, cfg.MetricsPage = registry, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	})...), registry
}

// metric is what /metrics shows of a name with its labels; "" where it is not there.
func (x *server) metric(t testing.TB, name string) string {
	t.Helper()
	for line := range strings.Lines(x.send(t, "GET", "/metrics", "", "", nil).text) {
		if value, is := strings.CutPrefix(line, name+" "); is {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Requests are counted by operation, whatever becomes of them, and never by path.
func TestMetricsOfRequests(t *testing.T) {
	x, registry := measured(t)
	x.logInAll(t, "ana")
	for _, c := range []struct{ method, path, as, counted string }{
		{"GET", "/v1/server", "", `operation="get-server",status="200"`},
		{"HEAD", "/v1/me", "ana", `operation="get-me",status="200"`},
		{"GET", "/v1/me", "", `operation="get-me",status="401"`},
		{"GET", "/v1/me?mood=good", "ana", `operation="get-me",status="422"`},
		{"GET", "/v1/sessions/ses_of-somebody", "ana", `operation="get-session",status="404"`},
		{"GET", "/v1/nowhere/very-secret", "ana", `operation="unknown",status="404"`},
		{"PUT", "/v1/server", "", `operation="unknown",status="405"`},
		{"GET", "/i/very-secret", "", `operation="other",status="404"`},
		{"GET", "/healthz", "", `operation="other",status="200"`},
	} {
		name := "repdesk_http_requests_total{" + c.counted + "}"
		before := x.metric(t, name)
		x.send(t, c.method, c.path, x.auth(t, c.as), "", nil)
		if after := x.metric(t, name); after != more(t, before, strings.Contains(name, `other",status="200"`)) {
			t.Errorf("%s %s: %s was %q, is %q", c.method, c.path, name, before, after)
		}
	}
	if n := x.metric(t, `repdesk_http_request_seconds_count{operation="get-me"}`); n != "3" {
		t.Errorf("%s requests of get-me were timed", n)
	}
	if found, err := testutil.GatherAndLint(registry); err != nil || len(found) > 0 {
		t.Errorf("against the conventions: %v %v", found, err)
	}
}

// more is one more; or two, where asking for the metrics is counted too.
func more(t testing.TB, before string, andItself bool) string {
	t.Helper()
	n := 0
	if before != "" {
		if _, err := fmt.Sscan(before, &n); err != nil {
			t.Fatal(err)
		}
	}
	if n++; andItself {
		n++
	}
	return fmt.Sprint(n)
}

// E6: who asks too often is counted under what they asked for.
func TestE6MetricsOfLimits(t *testing.T) {
	limits := unlimited
	limits.ReadsAMinute = 1
	x, _ := measured(t, func(cfg *api.Config) { cfg.Limits = limits })
	x.do(t, call{do: "GET /v1/server"})
	x.do(t, call{do: "GET /v1/server", want: 429})
	if n := x.metric(t, `repdesk_http_requests_total{operation="get-server",status="429"}`); n != "1" {
		t.Errorf("counted %q", n)
	}
}

// H1: open streams are counted by who reads, and their hours spoil no durations.
func TestH1MetricsOfStreams(t *testing.T) {
	x, _ := measured(t)
	x.tokens["guest/jo"] = x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"}}`, want: 201}).at("guest_token")
	x.program(t, "eli/reader", desk.EventsRead)
	open := func(what, rep, token, guest string) {
		t.Helper()
		expect := fmt.Sprintf("# HELP repdesk_open_streams Event streams that are open, by who reads: consoles of reps, API tokens, guests.\n# TYPE repdesk_open_streams gauge\n"+
			"repdesk_open_streams{reader=\"api_token\"} %s\nrepdesk_open_streams{reader=\"guest\"} %s\nrepdesk_open_streams{reader=\"rep\"} %s\n", token, guest, rep)
		if err := testutil.ScrapeAndCompare(x.url+"/metrics", strings.NewReader(expect), "repdesk_open_streams"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	open("before", "0", "0", "0")
	streams := []*sse{}
	for _, as := range []string{"ana", "ben", "eli/reader", "guest/jo"} {
		s := x.stream(t, as, "")
		s.until(t, "ready")
		streams = append(streams, s)
	}
	open("four streams", "2", "1", "1")
	x.api.CloseStreams()
	for _, s := range streams {
		s.until(t, "closing")
		s.end(t)
	}
	open("closed", "0", "0", "0")
	if n := x.metric(t, `repdesk_http_requests_total{operation="stream-events",status="200"}`); n != "3" {
		t.Errorf("%q streams of reps and tokens were counted", n)
	}
	if n := x.metric(t, `repdesk_http_request_seconds_count{operation="stream-events"}`); n != "" {
		t.Errorf("%s streams were timed", n)
	}
}

// I5: a repetition with the same Idempotency-Key counts as a request, and as no second invitation; nor does what is refused.
func TestI5MetricsOfARepetition(t *testing.T) {
	x, _ := measured(t)
	x.logInAll(t, "ana", "ben")
	x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe"}}`, want: 201, save: "ses=session.id"})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
	invite := call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben"}`, headers: headers{"Idempotency-Key": "once"}, want: 201, save: "inv=id"}
	x.do(t, invite)
	x.do(t, invite)
	x.do(t, call{as: "ana", do: invite.do, body: invite.body, want: 409, code: "already_invited"})
	accept := call{as: "ben", do: "POST /v1/invitations/$inv/accept", headers: headers{"Idempotency-Key": "twice"}}
	x.do(t, accept)
	x.do(t, accept)
	for name, want := range map[string]string{
		`repdesk_invitations_total{kind="rep",outcome="created"}`:                 "1",
		`repdesk_invitations_total{kind="rep",outcome="accepted"}`:                "1",
		`repdesk_invitation_accept_seconds_count`:                                 "1",
		`repdesk_http_requests_total{operation="invite",status="201"}`:            "2",
		`repdesk_http_requests_total{operation="invite",status="409"}`:            "1",
		`repdesk_http_requests_total{operation="accept-invitation",status="200"}`: "2",
	} {
		if got := x.metric(t, name); got != want {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
}

// I4: what is counted names nobody: no rep, customer, address, token, id or path.
func TestI4MetricsNameNobody(t *testing.T) {
	x, _ := measured(t)
	x.logInAll(t, "ana", "ben/phone")
	x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe","company":"Doe Ltd"}}`, want: 201, save: "ses=session.id guest=guest_token"})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@ben","comment":"Look at tray 2"}`, want: 201, save: "inv=id"})
	x.send(t, "GET", "/i/lnk_secret?answer=accept", "", "", nil)
	x.send(t, "GET", "/v1/sessions/"+x.saved["ses"]+"/nothing", x.auth(t, "ana"), "", nil)
	x.send(t, "GET", "/ana@example.com", "", "", nil)
	text := x.send(t, "GET", "/metrics", "", "", nil).text
	if !strings.Contains(text, "repdesk_invitations_total") {
		t.Fatalf("no metrics: %s", text)
	}
	secrets := []string{"ana", "ben", "Ana Ruiz", "Okafor", "Jo Doe", "Doe Ltd", "tray", "lnk_", "rdc_", "rdg_", "ses_", "inv_", "rep_", "con_", "127.0.0.1", "@", "/v1", "/i/", "target-of", x.saved["guest"]}
	for _, token := range x.tokens {
		secrets = append(secrets, token)
	}
	for line := range strings.Lines(text) {
		_, labels, _ := strings.Cut(strings.TrimPrefix(line, "# HELP"), "{")
		for _, secret := range secrets {
			if strings.Contains(labels, secret) {
				t.Errorf("%q in %s", secret, line)
			}
		}
	}
}

// Who wants no metrics beside the API has none there.
func TestMetricsAreNotThereUnlessAskedFor(t *testing.T) {
	x := newServer(t)
	if a := x.send(t, "GET", "/metrics", "", "", nil); a.status != http.StatusNotFound || a.at("code") != "not_found" {
		t.Errorf("%d %s", a.status, a.text)
	}
	x, _ = measured(t)
	a := x.send(t, "GET", "/metrics", "", "", nil)
	if kind := a.header.Get("Content-Type"); a.status != http.StatusOK || !strings.HasPrefix(kind, "text/plain") || !slices.Contains(strings.Split(a.text, "\n"), "# TYPE repdesk_open_streams gauge") {
		t.Errorf("%d %s %.200s", a.status, kind, a.text)
	}
}
