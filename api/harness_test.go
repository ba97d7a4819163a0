package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// server is the real API on a loopback port, over a real store with storetest's organisation in it.
type server struct {
	t     testing.TB
	store *store.Store
	clock *storetest.Clock
	api   *api.Server
	url   string
	log   *logBuffer
	http  *http.Client
	asked atomic.Int64 // how many requests were made

	mu     sync.Mutex
	tokens map[string]string // by who: "ana", or "ana/phone" for a second console
	saved  map[string]string // what $name in a path or body stands for
	told   map[told]bool     // what operations answered
}

// newServer starts one on SQLite.
func newServer(t testing.TB, options ...func(*store.Config)) *server {
	t.Helper()
	s, clock := openReady(t, options...)
	return restarted(t, s, clock)
}

// openReady opens a store with the organisation in it.
func openReady(t testing.TB, options ...func(*store.Config)) (*store.Store, *storetest.Clock) {
	t.Helper()
	file, clock := filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock()
	if err := os.WriteFile(file, ready(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return storetest.Open(t, file, clock, options...), clock
}

var (
	readyOnce sync.Once
	readyFile []byte
)

// ready is a database with the schema and the organisation in it, made once: copying it is faster than making it anew.
func ready(t testing.TB) []byte {
	t.Helper()
	readyOnce.Do(func() {
		file := storetest.SQLite(t)
		s, err := store.Open(t.Context(), store.Config{Database: file, Now: storetest.NewClock().Now, Password: storetest.CheapPasswords})
		if err != nil {
			t.Fatal(err)
		}
		storetest.NewDesk(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if readyFile, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	})
	return readyFile
}

// unlimited is for tests that are not about limits, and ask more in a minute than anybody may.
var unlimited = api.RateLimits{EntersAMinute: -1, ReadsAMinute: -1, ActsAMinute: -1, WrongCodes: -1, GuessesAMinute: -1}

func serve(t testing.TB, s *store.Store, clock *storetest.Clock) *server {
	t.Helper()
	storetest.NewDesk(t, s)
	return restarted(t, s, clock)
}

// restarted is another server over a store that has its organisation already.
func restarted(t testing.TB, s *store.Store, clock *storetest.Clock, options ...func(*api.Config)) *server {
	t.Helper()
	x := &server{t: t, store: s, clock: clock, log: &logBuffer{}, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		tokens: map[string]string{}, saved: map[string]string{}, told: map[told]bool{}}
	cfg := api.Config{Store: s, Now: clock.Now, Channels: []desk.Channel{desk.ChannelFCM, desk.ChannelEmail}, Version: "test", Limits: unlimited, Logger: slog.New(slog.NewTextHandler(x.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, option := range options {
		option(&cfg)
	}
	x.api = api.New(cfg)
	listening := httptest.NewServer(x.api.Handler())
	x.url = listening.URL
	t.Cleanup(func() {
		x.api.CloseStreams()
		x.http.CloseIdleConnections()
		listening.Close()
		x.checkLog()
	})
	return x
}

// checkLog holds that no test's secrets stand in the log (I2).
func (x *server) checkLog() {
	x.t.Helper()
	text := x.log.String()
	if !strings.Contains(text, "msg=request") {
		x.t.Error("the log is empty: it would hold no secret either")
	}
	for who, token := range x.tokens {
		if strings.Contains(text, token) {
			x.t.Errorf("the log holds the token of %s", who)
		}
	}
	for _, secret := range []string{storetest.Password, "target-of-", "argon2id"} {
		if strings.Contains(text, secret) {
			x.t.Errorf("the log holds %q", secret)
		}
	}
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// headers of a request, or of an answer.
type headers map[string]string

// call is one request and what must become of it. $name in do, body and headers is what an earlier call saved.
type call struct {
	name    string
	as      string // whose console, logged in first if need be; "": nobody
	do      string // method and path
	body    string
	headers headers
	want    int      // status; 0: 200
	code    string   // of the problem
	fields  string   // field:code of each of the problem's errors, sorted, with spaces between
	answers headers  // of the answer
	has     []string // texts that stand in the answer
	hasNot  []string // texts that must not
	save    string   // "name=path name=path": paths into the answer, such as session.id or items.0.id
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	tree   any // of JSON
}

// at is the text at a path into the answer; "" where nothing is.
func (a answer) at(path string) string {
	node := a.tree
	for part := range strings.SplitSeq(path, ".") {
		switch n := node.(type) {
		case map[string]any:
			node = n[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(n) {
				return ""
			}
			node = n[i]
		default:
			return ""
		}
	}
	if node == nil {
		return ""
	}
	return fmt.Sprint(node)
}

// list is the items of a list.
func (a answer) items(field string) []string {
	var all []string
	tree, _ := a.tree.(map[string]any)
	items, _ := tree["items"].([]any)
	for i := range items {
		all = append(all, a.at(fmt.Sprintf("items.%d.%s", i, field)))
	}
	return all
}

// play runs calls one after the other, each as a subtest if it has a name.
func (x *server) play(t *testing.T, calls ...call) {
	t.Helper()
	for _, c := range calls {
		if c.name == "" {
			x.do(t, c)
			continue
		}
		t.Run(c.name, func(t *testing.T) { x.do(t, c) })
	}
}

// do runs one call, and checks what must hold of every answer.
func (x *server) do(t testing.TB, c call) answer {
	t.Helper()
	method, path, _ := strings.Cut(x.fill(t, c.do), " ")
	body := x.fill(t, c.body)
	a := x.send(t, method, path, x.auth(t, c.as), body, c.headers)
	if c.want == 0 {
		c.want = http.StatusOK
	}
	what := fmt.Sprintf("%s as %q", c.do, c.as)
	if a.status != c.want || c.code != "" && a.at("code") != c.code {
		t.Fatalf("%s: %d, want %d %s: %s", what, a.status, c.want, c.code, a.text)
	}
	x.checkAnswer(t, what, c.as, method, path, a)
	if got := fieldsOf(a); c.fields != "" && got != c.fields {
		t.Errorf("%s: errors %q, want %q", what, got, c.fields)
	}
	x.checkTexts(t, what, c, a)
	for pair := range strings.FieldsSeq(c.save) {
		name, at, _ := strings.Cut(pair, "=")
		if x.saved[name] = a.at(at); x.saved[name] == "" {
			t.Fatalf("%s: no %s in %s", what, at, a.text)
		}
	}
	return a
}

func (x *server) checkTexts(t testing.TB, what string, c call, a answer) {
	t.Helper()
	for name, value := range c.answers {
		if got := a.header.Get(name); got != x.fill(t, value) {
			t.Errorf("%s: %s is %q, want %q", what, name, got, x.fill(t, value))
		}
	}
	for _, text := range c.has {
		if text = x.fill(t, text); !strings.Contains(a.text, text) {
			t.Errorf("%s: without %s: %s", what, text, a.text)
		}
	}
	for _, text := range c.hasNot {
		if text = x.fill(t, text); strings.Contains(a.text, text) {
			t.Errorf("%s: with %s: %s", what, text, a.text)
		}
	}
}

func fieldsOf(a answer) string {
	tree, _ := a.tree.(map[string]any)
	list, _ := tree["errors"].([]any)
	var all []string
	for i := range list {
		all = append(all, a.at(fmt.Sprintf("errors.%d.field", i))+":"+a.at(fmt.Sprintf("errors.%d.code", i)))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

var savedName = regexp.MustCompile(`\$[a-z_0-9]+`)

func (x *server) fill(t testing.TB, text string) string {
	return savedName.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := x.saved[name[1:]]
		if !ok {
			t.Fatalf("%s was never saved", name)
		}
		return value
	})
}

// auth is the header of a console of the rep.
func (x *server) auth(t testing.TB, who string) string {
	if who == "" {
		return ""
	}
	return "Bearer " + x.token(t, who)
}

// token logs a rep in, the first time. "ben/phone" is another console of ben's, a phone with a push target.
func (x *server) token(t testing.TB, who string) string {
	t.Helper()
	x.mu.Lock()
	token := x.tokens[who]
	x.mu.Unlock()
	if token != "" {
		return token
	}
	username, device, _ := strings.Cut(who, "/")
	body := fmt.Sprintf(`{"username":%q,"password":%q,"device":{"platform":"script"}}`, username, storetest.Password)
	if device != "" {
		body = fmt.Sprintf(`{"username":%q,"password":%q,"device":{"platform":"android","device_id":%q,"push_target":"target-of-%s"}}`,
			username, storetest.Password, device, device)
	}
	return x.logIn(t, who, body)
}

// logIn logs in with the body, and calls the console who.
func (x *server) logIn(t testing.TB, who, body string) string {
	t.Helper()
	username, _, _ := strings.Cut(who, "/")
	a := x.send(t, "POST", "/v1/consoles", "", body, nil)
	if a.status != http.StatusCreated {
		t.Fatalf("log in %s: %d %s", who, a.status, a.text)
	}
	x.checkAnswer(t, "log-in", username, "POST", "/v1/consoles", a)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens[who] = a.at("token")
	x.saved[username] = a.at("rep.id")
	return a.at("token")
}

// logInAll logs in everybody named.
func (x *server) logInAll(t testing.TB, everybody ...string) {
	t.Helper()
	for _, who := range everybody {
		x.token(t, who)
	}
}

func (x *server) send(t testing.TB, method, path, auth, body string, h headers) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, x.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	op := x.operationAt(method, r.URL.Path)
	if body != "" {
		r.Header.Set("Content-Type", bodyType(op))
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	r.Header.Set("Request-Id", fmt.Sprintf("request-%08d", x.asked.Add(1))) // a random one can hold any word that must not be in an answer
	for name, value := range h {
		r.Header.Set(name, x.fill(t, value))
	}
	response, err := x.http.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	a := answer{status: response.StatusCode, header: response.Header, text: string(text)}
	if strings.Contains(response.Header.Get("Content-Type"), "json") && len(text) > 0 {
		if err := json.Unmarshal(text, &a.tree); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	if op != nil {
		x.record(op, a)
		checkContract(t, op, r, body, a)
	}
	return a
}
