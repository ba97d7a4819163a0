package push

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/messaging"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// fcmTimeout bounds one request; Google asks for at least 10 s (firebase.google.com/docs/cloud-messaging/scale-fcm).
	fcmTimeout = 15 * time.Second
	// fcmIdleConns are kept where HTTP/2 is not spoken: at least as many as there are ever workers, or each send more
	// would open a connection of its own.
	fcmIdleConns = 256
	// fcmScope is the one right that sending needs.
	fcmScope = "https://www.googleapis.com/auth/firebase.messaging"
	// maxAnswer bounds what is read of an answer; real ones are under 2 KiB.
	maxAnswer = 64 << 10
)

// FCMConfig says how Firebase Cloud Messaging is reached.
type FCMConfig struct {
	Project         string           // the Firebase project's id; required
	CredentialsFile string           // a service account's JSON key; empty: the environment's default credentials
	Endpoint        string           // scheme and host of another server, for tests; without CredentialsFile it is asked unauthenticated
	Timeout         time.Duration    // of one request; 0: 15 s
	Logger          *slog.Logger     // nil: slog.Default()
	Now             func() time.Time // nil: time.Now
}

// FCM sends by Google's own SDK.
type FCM struct {
	client  *messaging.Client
	http    *http.Client
	timeout time.Duration
	logger  *slog.Logger
	now     func() time.Time
}

// NewFCM makes the sender. It reads the credentials, for the SDK would show at the first send only that there are
// none, but it asks nobody over the network: the desk must start while Google is away.
func NewFCM(ctx context.Context, cfg FCMConfig) (*FCM, error) {
	if cfg.Project == "" {
		return nil, errors.New("fcm: no project")
	}
	transport, err := fcmTransport(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("fcm credentials: %w", err)
	}
	f := &FCM{http: &http.Client{Transport: transport}, timeout: cmp.Or(cfg.Timeout, fcmTimeout),
		logger: cmp.Or(cfg.Logger, slog.Default()), now: clock(cfg.Now)}
	if f.client, err = fcmClient(ctx, cfg, f.http); err != nil {
		return nil, fmt.Errorf("fcm: %w", err)
	}
	return f, nil
}

func fcmClient(ctx context.Context, cfg FCMConfig, client *http.Client) (*messaging.Client, error) {
	opts := []option.ClientOption{option.WithHTTPClient(client)}
	if cfg.Endpoint != "" {
		u, err := url.Parse(cfg.Endpoint)
		if err != nil || u.Host == "" || u.Scheme == "" {
			return nil, fmt.Errorf("endpoint %q needs scheme and host", cfg.Endpoint)
		}
		opts = append(opts, option.WithEndpoint(strings.TrimSuffix(cfg.Endpoint, "/")+"/v1"))
	}
	if cfg.unauthenticated() {
		opts = append(opts, option.WithoutAuthentication())
	}
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: cfg.Project}, opts...)
	if err != nil {
		return nil, err
	}
	return app.Messaging(ctx)
}

func (cfg FCMConfig) unauthenticated() bool { return cfg.Endpoint != "" && cfg.CredentialsFile == "" }

// fcmTransport is the way to FCM: one attempt, with a token, over connections that are kept.
func fcmTransport(ctx context.Context, cfg FCMConfig) (http.RoundTripper, error) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConns, base.MaxIdleConnsPerHost = 0, fcmIdleConns
	if cfg.unauthenticated() {
		return oneAttempt{base}, nil
	}
	// Tokens are fetched outside of any request's context, so that fetching needs a bound of its own.
	fetching := &http.Client{Transport: base, Timeout: cmp.Or(cfg.Timeout, fcmTimeout)}
	creds, err := fcmCredentials(context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, fetching), cfg.CredentialsFile)
	if err != nil {
		return nil, err
	}
	return oneAttempt{&oauth2.Transport{Source: creds.TokenSource, Base: base}}, nil
}

func fcmCredentials(ctx context.Context, file string) (*google.Credentials, error) {
	if file == "" {
		return google.FindDefaultCredentials(ctx, fcmScope)
	}
	account, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	creds, err := google.CredentialsFromJSONWithType(ctx, account, google.ServiceAccount, fcmScope)
	if err != nil {
		return nil, err
	}
	return creds, checkKey(account)
}

// checkKey parses the account's key, which Google's library does at the first send only.
func checkKey(account []byte) error {
	var key struct {
		PEM string `json:"private_key"`
	}
	if err := json.Unmarshal(account, &key); err != nil {
		return err
	}
	block, _ := pem.Decode([]byte(key.PEM))
	if block == nil {
		return errors.New("private_key is not PEM")
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return errors.New("private_key is no key")
		}
	}
	return nil
}

// Send sends one message to one device.
func (f *FCM) Send(ctx context.Context, job desk.Job) desk.Outcome {
	if job.PushTarget == "" {
		return noTarget
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var was answer
	_, err := f.client.Send(context.WithValue(ctx, answerKey{}, &was), fcmMessage(job, f.now()))
	outcome := was.outcome(err, f.now())
	if outcome.Kind != desk.OutcomeDone {
		f.logger.WarnContext(ctx, "push not sent", "delivery", job.ID, "outcome", outcome.Kind,
			"status", was.status, "error", cmp.Or(was.err, err))
	}
	return outcome
}

// Close ends the idle connections.
func (f *FCM) Close() { f.http.CloseIdleConnections() }

// answer is what FCM really answered to one attempt; oneAttempt fills it in.
type answer struct {
	status int
	header http.Header
	err    error // no answer came
}

type answerKey struct{}

// oneAttempt keeps the SDK from repeating a request: at 503 and at network faults it would, four times within 7 s and
// without jitter, where Google asks senders for a first pause of 10 s. It shows the SDK a 500 for either, which the
// SDK does not repeat, and puts the truth into the context's answer.
type oneAttempt struct{ next http.RoundTripper }

func (o oneAttempt) RoundTrip(r *http.Request) (*http.Response, error) {
	was, ok := r.Context().Value(answerKey{}).(*answer)
	if !ok {
		return o.next.RoundTrip(r)
	}
	resp, body, err := o.readWhole(r)
	if err != nil {
		was.err = err
		return &http.Response{StatusCode: http.StatusInternalServerError, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	was.status, was.header = resp.StatusCode, resp.Header
	if resp.StatusCode == http.StatusServiceUnavailable {
		resp.StatusCode = http.StatusInternalServerError
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// readWhole reads the body too, for a connection cut within it is a network fault that the SDK would repeat.
func (o oneAttempt) readWhole(r *http.Request) (*http.Response, []byte, error) {
	resp, err := o.next.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp, body, err
}

// outcome sorts an answer as Google asks senders to
// (firebase.google.com/docs/cloud-messaging/error-codes). err is the SDK's, unwrapped: its checks do not look deeper.
func (a answer) outcome(err error, now time.Time) desk.Outcome {
	switch {
	case err == nil:
		return done
	case a.err != nil:
		return unanswered(a.err)
	case a.status == 0:
		return rejected // the SDK refused the message before sending it
	case messaging.IsUnregistered(err):
		return targetDead
	case messaging.IsSenderIDMismatch(err), messaging.IsThirdPartyAuthError(err):
		return misconfigured
	}
	return a.byStatus(now)
}

func (a answer) byStatus(now time.Time) desk.Outcome {
	o := tryAgain
	switch {
	case a.status == http.StatusTooManyRequests:
		o.Throttled, o.RetryAfter = true, retryAfter(a.header, now)
	case a.status == http.StatusRequestTimeout, a.status < 400: // below 400 an answer that is not FCM's: some proxy's page
	case a.status >= 500:
		o.RetryAfter = retryAfter(a.header, now)
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusNotFound:
		// A 404 without its detail says nothing about the device: the project or the address is wrong.
		return misconfigured
	default:
		return rejected
	}
	return o
}

// unanswered tells credentials that Google refuses from a network that is away.
func unanswered(err error) desk.Outcome {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 &&
		refused.Response.StatusCode != http.StatusTooManyRequests {
		return misconfigured
	}
	return tryAgain
}

// retryAfter reads the header in both its forms, seconds and date (RFC 9110, 10.2.3); 0 if there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// Check tries the way to FCM with a dry run, which delivers nothing, and says what is wrong with it. It is a topic's message,
// so that no device needs to be known.
func (f *FCM) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var was answer
	_, err := f.client.SendDryRun(context.WithValue(ctx, answerKey{}, &was), &messaging.Message{Topic: "repdesk-check", Data: map[string]string{"type": "check"}})
	switch outcome := was.outcome(err, f.now()); {
	case err == nil:
		return nil
	case was.err != nil:
		return unansweredCheck(was.err, outcome)
	case was.status == http.StatusUnauthorized:
		return errors.New("FCM refuses the credentials (401): make the service account a new key")
	case was.status == http.StatusForbidden:
		return errors.New("the service account may not send for this project (403): check the project, the account's role, and that the FCM API is enabled")
	case was.status == http.StatusNotFound:
		return errors.New("FCM knows no such project (404): check its id")
	case outcome.Kind == desk.OutcomeTryAgain:
		return fmt.Errorf("FCM is not available (%d); try again later", was.status)
	}
	return fmt.Errorf("FCM answers %d: %w", was.status, err)
}

// unansweredCheck keeps Google's words on refused credentials to their code: the rest is long.
func unansweredCheck(err error, outcome desk.Outcome) error {
	var refused *oauth2.RetrieveError
	switch is := errors.As(err, &refused) && refused.Response != nil; {
	case is && outcome.Kind == desk.OutcomeMisconfigured:
		return fmt.Errorf("the credentials are refused by Google (%s)", cmp.Or(refused.ErrorCode, refused.Response.Status))
	case is:
		return fmt.Errorf("no tokens come from Google now (%s); try again later", refused.Response.Status)
	}
	return fmt.Errorf("FCM cannot be reached: %w", err)
}
