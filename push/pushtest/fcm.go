package pushtest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
)

// Token is the access token that the token endpoint gives out.
const Token = "pushtest-access-token"

// FCM is a server that answers as FCM does.
type FCM struct {
	URL string // scheme and host, for the sender's endpoint

	t       TB
	server  *httptest.Server
	script  *script[Answer]
	pushes  *inbox[Push]
	mu      sync.Mutex
	refusal *Answer // of the token endpoint
}

// Push is one request to send.
type Push struct {
	Project       string
	Target        string // registration token or Firebase installation id
	TargetKind    string // token, fid
	Authorization string
	Data          map[string]string
	Message       map[string]any // whole, as it came
	DryRun        bool           // it is to be looked at, and delivered to nobody
	Status        int            // what was answered; 0: the connection was cut
}

// Answer is what the server does with one push, in place of taking it.
type Answer struct {
	Status  int
	Code    string          // errorCode of the FcmError detail; empty: no detail
	Header  http.Header     // Retry-After, for one
	Cut     bool            // hang up without an answer
	CutBody bool            // hang up within the answer
	Hold    <-chan struct{} // wait for it, or for the client to go, before answering
}

// Unregistered is the one answer by which FCM says that a registration is gone.
func Unregistered() Answer { return Answer{Status: http.StatusNotFound, Code: "UNREGISTERED"} }

// Status is an answer without details.
func Status(status int) Answer { return Answer{Status: status} }

// RetryAfter is an answer that names a pause, in seconds or as an HTTP date.
func RetryAfter(status int, value string) Answer {
	return Answer{Status: status, Header: http.Header{"Retry-After": {value}}}
}

// Cut hangs up without an answer.
func Cut() Answer { return Answer{Cut: true} }

// Hold answers well, but only when release is closed or the client has gone.
func Hold(release <-chan struct{}) Answer { return Answer{Hold: release} }

// NewFCM starts a server, which ends with the test.
func NewFCM(t TB) *FCM {
	t.Helper()
	f := &FCM{t: t, script: newScript[Answer](), pushes: newInbox[Push]()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/projects/{project}/{operation}", f.send)
	mux.HandleFunc("POST /token", f.token)
	f.server = httptest.NewServer(mux)
	f.URL = f.server.URL
	t.Cleanup(f.server.Close)
	return f
}

// Always scripts the answer to every push to a target. The zero Answer answers well.
func (f *FCM) Always(target string, a Answer) { f.script.always(target, a) }

// RefuseTokens makes the token endpoint answer with the status; 0 makes it work again.
func (f *FCM) RefuseTokens(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusal = &Answer{Status: status}
	if status == 0 {
		f.refusal = nil
	}
}

// Next waits for the next push, in the order of their coming.
func (f *FCM) Next() Push { f.t.Helper(); return f.pushes.next(f.t, "push") }

// Pushes are all that came so far, refused ones too.
func (f *FCM) Pushes() []Push { return f.pushes.list() }

func (f *FCM) send(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Message      map[string]any
		ValidateOnly bool `json:"validate_only"`
	}
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &body); err != nil || r.PathValue("operation") != "messages:send" {
		writeFCMError(w, Answer{Status: http.StatusBadRequest})
		return
	}
	push := newPush(r, body.Message)
	answer, _ := f.script.take(push.Target)
	if push.tooLong() {
		answer = Answer{Status: http.StatusBadRequest}
	}
	push.Status, push.DryRun = answer.Status, body.ValidateOnly
	if answer.Status == 0 && !answer.Cut {
		push.Status = http.StatusOK
	}
	f.pushes.add(push)
	answer.write(w, r, push)
}

func newPush(r *http.Request, message map[string]any) Push {
	p := Push{Project: r.PathValue("project"), Authorization: r.Header.Get("Authorization"), Message: message, Data: map[string]string{}}
	for _, kind := range []string{"token", "fid"} {
		if target, ok := message[kind].(string); ok {
			p.Target, p.TargetKind = target, kind
		}
	}
	data, _ := message["data"].(map[string]any)
	for k, v := range data {
		p.Data[k] = fmt.Sprint(v)
	}
	return p
}

// maxPayload is the most, in bytes, that FCM takes as data, and that APNs takes as a payload.
const maxPayload = 4096

// tooLong says whether FCM or APNs would refuse the push for its length. FCM lays the data beside aps in what it sends to APNs.
func (p Push) tooLong() bool {
	data, payload := 0, map[string]any{}
	for k, v := range p.Data {
		data += len(k) + len(v)
		payload[k] = v
	}
	apns, ok := p.Message["apns"].(map[string]any)
	if !ok {
		return data > maxPayload
	}
	aps, _ := apns["payload"].(map[string]any)
	maps.Copy(payload, aps)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	return data > maxPayload || encoder.Encode(payload) != nil || text.Len() > maxPayload
}

func (a Answer) write(w http.ResponseWriter, r *http.Request, push Push) {
	if a.Hold != nil {
		select {
		case <-a.Hold:
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case a.Cut:
		panic(http.ErrAbortHandler)
	case a.CutBody:
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "{")
		panic(http.ErrAbortHandler)
	case a.Status >= 300:
		writeFCMError(w, a)
	default:
		writeJSON(w, http.StatusOK, map[string]string{"name": "projects/" + push.Project + "/messages/1"})
	}
}

func writeFCMError(w http.ResponseWriter, a Answer) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	e := map[string]any{"code": a.Status, "message": "scripted by pushtest", "status": platformStatus[a.Status]}
	if a.Code != "" {
		e["details"] = []any{map[string]string{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": a.Code}}
	}
	writeJSON(w, a.Status, map[string]any{"error": e})
}

var platformStatus = map[int]string{400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
	429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func (f *FCM) token(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	refusal := f.refusal
	f.mu.Unlock()
	if refusal != nil {
		writeJSON(w, refusal.Status, map[string]string{"error": "invalid_grant"})
		return
	}
	if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || r.FormValue("assertion") == "" {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": Token, "token_type": "Bearer", "expires_in": 3600})
}

// CredentialsFile writes a service account's key whose tokens come from this server, and returns its path.
func (f *FCM) CredentialsFile() string {
	f.t.Helper()
	content, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "pushtest", "private_key_id": "1", "private_key": privateKey(),
		"client_email": "desk@pushtest.example", "client_id": "1", "token_uri": f.URL + "/token",
	})
	file, createErr := os.CreateTemp("", "pushtest-*.json")
	if err != nil || createErr != nil {
		f.t.Fatalf("credentials file: %v %v", err, createErr)
	}
	f.t.Cleanup(func() { os.Remove(file.Name()) })
	if _, err := file.Write(content); err != nil {
		f.t.Fatalf("credentials file: %v", err)
	}
	file.Close()
	return file.Name()
}

// privateKey is made once: 2048 bits take a good part of a second.
var privateKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})
