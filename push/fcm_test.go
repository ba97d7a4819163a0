package push

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store/desk"
)

func newFCM(t *testing.T, cfg FCMConfig) *FCM {
	t.Helper()
	cfg.Project, cfg.Now = "desk-project", func() time.Time { return noon }
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := NewFCM(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// G8: what each answer means. Every case is exactly one request: the SDK would repeat 503s and network faults.
func TestG8FCMOutcomes(t *testing.T) {
	throttled := func(after time.Duration) desk.Outcome {
		return desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable", Throttled: true, RetryAfter: after}
	}
	later := desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable", RetryAfter: 30 * time.Second}
	inTwoMinutes := noon.Add(2 * time.Minute).Format(http.TimeFormat)
	tests := []struct {
		name   string
		answer pushtest.Answer
		want   desk.Outcome
	}{
		{"taken", pushtest.Answer{}, done},
		{"unregistered", pushtest.Unregistered(), targetDead},
		{"404 without detail deletes nothing", pushtest.Status(404), misconfigured},
		{"429", pushtest.Status(429), throttled(0)},
		{"429 with seconds", pushtest.RetryAfter(429, "17"), throttled(17 * time.Second)},
		{"429 with a date", pushtest.RetryAfter(429, inTwoMinutes), throttled(2 * time.Minute)},
		{"429 with a date gone by", pushtest.RetryAfter(429, noon.Add(-time.Hour).Format(http.TimeFormat)), throttled(0)},
		{"429 with nonsense", pushtest.RetryAfter(429, "soon"), throttled(0)},
		{"429 quota", pushtest.Answer{Status: 429, Code: "QUOTA_EXCEEDED"}, throttled(0)},
		{"500", pushtest.Answer{Status: 500, Code: "INTERNAL"}, tryAgain},
		{"503", pushtest.Answer{Status: 503, Code: "UNAVAILABLE"}, tryAgain},
		{"503 with seconds", pushtest.RetryAfter(503, "30"), later},
		{"400", pushtest.Answer{Status: 400, Code: "INVALID_ARGUMENT"}, rejected},
		{"413", pushtest.Status(413), rejected},
		{"401", pushtest.Status(401), misconfigured},
		{"401 by Apple", pushtest.Answer{Status: 401, Code: "THIRD_PARTY_AUTH_ERROR"}, misconfigured},
		{"403", pushtest.Status(403), misconfigured},
		{"403 another sender's target", pushtest.Answer{Status: 403, Code: "SENDER_ID_MISMATCH"}, misconfigured},
		{"connection cut", pushtest.Cut(), tryAgain},
		{"connection cut within the answer", pushtest.Answer{CutBody: true}, tryAgain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := pushtest.NewFCM(t)
			server.Always("target-1", tt.answer)
			got := newFCM(t, FCMConfig{Endpoint: server.URL}).Send(t.Context(), testJob())
			if got != tt.want {
				t.Errorf("outcome %+v, want %+v", got, tt.want)
			}
			if n := len(server.Pushes()); n != 1 {
				t.Errorf("%d requests for one attempt", n)
			}
		})
	}
}

func TestG8FCMNetworkFaults(t *testing.T) {
	server := pushtest.NewFCM(t)
	server.Always("target-1", pushtest.Hold(make(chan struct{})))
	slow := newFCM(t, FCMConfig{Endpoint: server.URL, Timeout: 50 * time.Millisecond})
	if got := slow.Send(t.Context(), testJob()); got != tryAgain {
		t.Errorf("no answer in time: %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	outcome := make(chan desk.Outcome, 1)
	server.Next()
	go func() { outcome <- newFCM(t, FCMConfig{Endpoint: server.URL}).Send(ctx, testJob()) }()
	server.Next()
	cancel()
	if got := <-outcome; got != tryAgain {
		t.Errorf("cancelled: %+v", got)
	}
	nobody := newFCM(t, FCMConfig{Endpoint: "http://127.0.0.1:1"})
	if got := nobody.Send(t.Context(), testJob()); got != tryAgain {
		t.Errorf("nobody listens: %+v", got)
	}
}

func TestG1FCMSendsTheMessage(t *testing.T) {
	server := pushtest.NewFCM(t)
	f := newFCM(t, FCMConfig{Endpoint: server.URL})
	f.Send(t.Context(), testJob())
	f.Send(t.Context(), with(func(j *desk.Job) { j.PushKind, j.PushTarget, j.Platform = "fcm_fid", "installation-1", "ios" }))
	android, ios := server.Next(), server.Next()
	if android.Target != "target-1" || android.TargetKind != "token" || android.Project != "desk-project" || android.Authorization != "" {
		t.Errorf("android: %+v", android)
	}
	assertJSON(t, android.Message["android"], `{"priority":"high","ttl":"86400s"}`)
	if ios.Target != "installation-1" || ios.TargetKind != "fid" || ios.Message["apns"] == nil || ios.Data["key"] != "inv_1" {
		t.Errorf("ios: %+v", ios)
	}
	got := f.Send(t.Context(), with(func(j *desk.Job) { j.PushTarget = "" }))
	if got != noTarget || len(server.Pushes()) != 2 {
		t.Errorf("without a target: %+v", got)
	}
}

func TestG8FCMCredentials(t *testing.T) {
	server := pushtest.NewFCM(t)
	f := newFCM(t, FCMConfig{Endpoint: server.URL, CredentialsFile: server.CredentialsFile()})
	server.RefuseTokens(http.StatusBadRequest)
	if got := f.Send(t.Context(), testJob()); got != misconfigured {
		t.Errorf("credentials refused: %+v", got)
	}
	server.RefuseTokens(http.StatusServiceUnavailable)
	if got := f.Send(t.Context(), testJob()); got != tryAgain {
		t.Errorf("token endpoint away: %+v", got)
	}
	server.RefuseTokens(0)
	if got := f.Send(t.Context(), testJob()); got != done {
		t.Errorf("with credentials: %+v", got)
	}
	if got := server.Next().Authorization; got != "Bearer "+pushtest.Token {
		t.Errorf("authorization %q", got)
	}
}

func TestG8FCMIsCheckedAtStart(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"type":"service_account","private_key":"no key"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]FCMConfig{
		"no project":                  {Endpoint: "http://127.0.0.1:1"},
		"no credentials":              {Project: "p"},
		"no such file":                {Project: "p", CredentialsFile: "/nowhere.json"},
		"broken file":                 {Project: "p", CredentialsFile: broken},
		"endpoint without scheme":     {Project: "p", Endpoint: "127.0.0.1:1"},
		"endpoint that is no address": {Project: "p", Endpoint: "fcm"},
	} {
		if _, err := NewFCM(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFCMLogsNoTarget(t *testing.T) {
	server := pushtest.NewFCM(t)
	server.Always("target-1", pushtest.Unregistered())
	var log bytes.Buffer
	newFCM(t, FCMConfig{Endpoint: server.URL, Logger: slog.New(slog.NewTextHandler(&log, nil))}).Send(t.Context(), testJob())
	newFCM(t, FCMConfig{Endpoint: "http://127.0.0.1:1", Logger: slog.New(slog.NewTextHandler(&log, nil))}).Send(t.Context(), testJob())
	if log.Len() == 0 || strings.Contains(log.String(), "target-1") {
		t.Errorf("log: %s", log.String())
	}
}

// What an operator is told of the way to FCM. Nothing is delivered to anybody.
func TestG8FCMCheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer pushtest.Answer
		tokens int // what the token endpoint answers; 0: a token
		want   string
	}{
		{"it works", pushtest.Answer{}, 0, ""},
		{"credentials", pushtest.Status(401), 0, "refuses the credentials (401)"},
		{"rights", pushtest.Status(403), 0, "may not send for this project (403)"},
		{"project", pushtest.Status(404), 0, "no such project (404)"},
		{"throttled", pushtest.Status(429), 0, "not available (429)"},
		{"overloaded", pushtest.Status(503), 0, "not available (503)"},
		{"something else", pushtest.Status(400), 0, "answers 400"},
		{"cut", pushtest.Cut(), 0, "cannot be reached"},
		{"silent", pushtest.Hold(make(chan struct{})), 0, "cannot be reached: context deadline exceeded"},
		{"account removed", pushtest.Answer{}, 400, "the credentials are refused by Google"},
		{"no tokens now", pushtest.Answer{}, 503, "no tokens come from Google now"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := pushtest.NewFCM(t)
			server.Always("", tt.answer)
			server.RefuseTokens(tt.tokens)
			cfg := FCMConfig{Endpoint: server.URL, CredentialsFile: server.CredentialsFile()}
			if tt.name == "silent" {
				cfg.Timeout = 50 * time.Millisecond
			}
			err := newFCM(t, cfg).Check(t.Context())
			if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("says %v, want %q", err, tt.want)
			}
			for _, push := range server.Pushes() {
				if !push.DryRun || push.Target != "" {
					t.Errorf("sent %+v", push)
				}
			}
			if n := len(server.Pushes()); n > 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
	if err := newFCM(t, FCMConfig{Endpoint: "http://127.0.0.1:1"}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("nobody listens: %v", err)
	}
}
