package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store/desk"
)

// checkAnswer holds what every answer keeps to, whatever was asked.
func (x *server) checkAnswer(t testing.TB, what, as, method, path string, a answer) {
	t.Helper()
	for _, name := range []string{"Request-Id", "Repdesk-Version", "Date"} {
		if a.header.Get(name) == "" {
			t.Errorf("%s: without %s", what, name)
		}
	}
	isProblem := a.header.Get("Content-Type") == "application/problem+json"
	if a.status >= 400 && strings.HasPrefix(path, "/v1/") != isProblem && strings.HasPrefix(path, "/v1/") {
		t.Errorf("%s: %d is %s: %s", what, a.status, a.header.Get("Content-Type"), a.text)
	}
	if isProblem {
		checkProblem(t, what, a)
		x.checkDocumented(t, what, method, path, a)
	}
	walk(t, what, "", a.tree)
	checkTag(t, what, path, a)
	x.checkSecrets(t, what, as, path, a)
	if a.status == http.StatusCreated && !strings.HasPrefix(a.header.Get("Location"), "/v1/") {
		t.Errorf("%s: created without a Location: %v", what, a.header)
	}
	if method == http.MethodDelete && a.status < 300 && (a.status != http.StatusNoContent || a.text != "") {
		t.Errorf("%s: %d %s", what, a.status, a.text)
	}
}

// checkDocumented holds that a refusal is one that the contract names for the operation.
func (x *server) checkDocumented(t testing.TB, what, method, path string, a answer) {
	t.Helper()
	op := x.operationAt(method, path)
	if op == nil {
		return
	}
	if codes, _ := op.Extensions["x-problem-codes"].([]desk.Code); !slices.Contains(codes, desk.Code(a.at("code"))) {
		t.Errorf("%s: the contract does not name %s for %s", what, a.at("code"), op.OperationID)
	}
}

// conflictPrefixes are those of the ids of what stands in the way, by its kind.
var conflictPrefixes = map[string]string{"session": "ses_", "invitation": "inv_", "specialist_invitation": "spi_", "transfer": "trf_", "author": "att_ rep_", "by": "rep_ att_", "attendee": "att_", "event": "", "rep": "rep_", "team": "team_", "portal": "prt_",
	"issue": "iss_", "support_button": "btn_", "help_link": "lnk_", "console": "con_"}

// checkProblem holds the shape of a refusal (I4).
func checkProblem(t testing.TB, what string, a answer) {
	t.Helper()
	code := desk.Code(a.at("code"))
	info := code.Info()
	if info.Code != code || info.Status != a.status || a.at("status") != strconv.Itoa(a.status) {
		t.Errorf("%s: code %q does not go with %d: %s", what, code, a.status, a.text)
	}
	if strings.TrimPrefix(a.at("type"), storyURL) != "/docs/problems#"+string(code) || a.at("title") != info.Title || a.at("detail") == "" || a.at("retry") != string(info.Retry) {
		t.Errorf("%s: type, title, detail or retry: %s", what, a.text)
	}
	if a.at("request_id") != a.header.Get("Request-Id") {
		t.Errorf("%s: request_id %q, header %q", what, a.at("request_id"), a.header.Get("Request-Id"))
	}
	if kind := a.at("conflict.kind"); kind != "" {
		if prefix, known := conflictPrefixes[kind]; !known || !strings.HasPrefix(a.at("conflict.id"), prefix) {
			t.Errorf("%s: conflict %s with the id %q", what, kind, a.at("conflict.id"))
		}
	}
	wait := a.header.Get("Retry-After")
	if needs := a.status == 429 || a.status == 503; needs != (wait != "") || wait != a.at("retry_after_seconds") {
		t.Errorf("%s: Retry-After %q, retry_after_seconds %q", what, wait, a.at("retry_after_seconds"))
	}
	if unauthorized := a.status == 401; unauthorized != (a.header.Get("WWW-Authenticate") != "") {
		t.Errorf("%s: WWW-Authenticate %q", what, a.header.Get("WWW-Authenticate"))
	}
	for _, leak := range []string{"sql", "SQL", "pgx", "json:", ".go:", "goroutine"} {
		if strings.Contains(a.at("detail")+fieldsOf(a), leak) {
			t.Errorf("%s: a refusal tells %q: %s", what, leak, a.text)
		}
	}
}

var (
	wholeSecond = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	timeField   = regexp.MustCompile(`(_at|^at|_time)$`)
)

// prefixes are those of the ids in fields of these names.
var prefixes = map[string]string{"session": "ses_", "session_id": "ses_", "invitation": "inv_", "invitation_id": "inv_", "rep_id": "rep_", "rep": "rep_", "owner": "rep_ att_",
	"inviter": "rep_ att_", "specialist_invitation": "spi_", "specialist_invitation_id": "spi_", "accepted_by": "rep_", "actor": "rep_ att_ srv_ tok_", "api_token": "tok_", "created_by": "rep_ tok_", "sender": "rep_", "transfer": "trf_", "author": "att_ rep_", "by": "rep_ att_", "message": "msg_", "attendee_id": "att_", "author_rep_id": "rep_", "team": "team_", "team_id": "team_", "portal": "prt_", "parent_id": "prt_", "issue": "iss_",
	"console": "con_", "delivery": "dlv_", "attendee": "att_", "attendees": "att_", "me": "rep_", "server_id": "srv_"}

// walk holds that nothing is null, times are whole seconds in UTC, and ids have their prefixes.
func walk(t testing.TB, what, field string, node any) {
	t.Helper()
	switch n := node.(type) {
	case map[string]any:
		for name, value := range n {
			if value == nil {
				t.Errorf("%s: %s is null", what, name)
				continue
			}
			if name == "id" && field != "conflict" && field != "items" && field != "" {
				checkID(t, what, field, value)
			}
			walk(t, what, name, value)
		}
	case []any:
		for _, item := range n {
			if item == nil {
				t.Errorf("%s: null in %s", what, field)
			}
			walk(t, what, field, item)
		}
	case string:
		if timeField.MatchString(field) && !wholeSecond.MatchString(n) {
			t.Errorf("%s: %s is %q", what, field, n)
		}
		if _, isRef := prefixes[field]; isRef && strings.HasSuffix(field, "_id") {
			checkID(t, what, field, n)
		}
	}
}

func checkID(t testing.TB, what, field string, value any) {
	t.Helper()
	id, isText := value.(string)
	if prefixes[field] == "" || !isText {
		return
	}
	for prefix := range strings.FieldsSeq(prefixes[field]) {
		if strings.HasPrefix(id, prefix) && len(id) == len(prefix)+32 {
			return
		}
	}
	t.Errorf("%s: %s has the id %q", what, field, id)
}

// contentPath are the answers whose ETag is made of their content: what they are put together of has no common revision.
var contentPath = regexp.MustCompile(`^/v1/(sessions/[^/]+/share|guest/session|guest/leave|public/sessions|public/join)(\?|$)`)

var contentTag = regexp.MustCompile(`^"h-[\w-]{20}"$`)

// checkTag holds that the ETag is the revision of what is answered, or made of its content.
func checkTag(t testing.TB, what, path string, a answer) {
	t.Helper()
	tag := a.header.Get("ETag")
	if tag == "" || a.status == http.StatusNotModified {
		return
	}
	if contentPath.MatchString(path) {
		if !contentTag.MatchString(tag) {
			t.Errorf("%s: ETag %s is not made of the content", what, tag)
		}
		return
	}
	for _, at := range []string{"rev", "session.rev", "console.rev", "api_token.rev"} {
		if rev := a.at(at); rev != "" {
			if tag != `"`+rev+`"` {
				t.Errorf("%s: ETag %s, rev %s", what, tag, rev)
			}
			return
		}
	}
	t.Errorf("%s: an ETag and no rev: %s", what, a.text)
}

var address = regexp.MustCompile(`[a-z]+@(example\.com|acme\.example)`)

// checkSecrets holds that no answer gives out what nobody, or somebody else, may know.
func (x *server) checkSecrets(t testing.TB, what, as, path string, a answer) {
	t.Helper()
	for _, secret := range []string{"target-of-", "argon2id", "password_hash", "push_target\":", "correct horse"} {
		if strings.Contains(a.text, secret) && !strings.HasPrefix(path, "/openapi") && !strings.HasPrefix(path, "/docs") {
			t.Errorf("%s: the answer tells %q: %s", what, secret, a.text)
		}
	}
	for who, token := range x.tokens {
		sum := sha256.Sum256([]byte(token))
		theirs := strings.HasSuffix(path, "/v1/consoles") || path == "/v1/public/join" && who == as // who comes back (F10)
		if strings.Contains(a.text, token) && !theirs || strings.Contains(a.text, hex.EncodeToString(sum[:])) {
			t.Errorf("%s: the answer tells the token of %s", what, who)
		}
	}
	username, _, _ := strings.Cut(as, "/")
	if as == "" {
		username = a.at("rep.username") // who has just logged in
	}
	for _, email := range address.FindAllString(a.text, -1) {
		administers := strings.HasPrefix(path, "/v1/organization") || strings.HasPrefix(path, "/v1/reps") && username == "hal"
		if !strings.HasPrefix(email, username+"@") && !administers && strings.HasPrefix(path, "/v1/") {
			t.Errorf("%s: the answer tells %s: %s", what, email, a.text)
		}
	}
}

// later is a deadline for what comes over a connection: long enough for a busy machine, and never waited out.
const later = 20 * time.Second

func operationsOf(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete}
	maps.DeleteFunc(all, func(_ string, op *huma.Operation) bool { return op == nil })
	return all
}

func opOf(op *huma.Operation) string {
	if op == nil {
		return ""
	}
	return op.OperationID
}
