package api_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// mailedLink invites dev, who is reachable by email alone, to a session of ana's ($ses, $inv), and returns the token
// of the email's links.
func (x *server) mailedLink(t testing.TB) string {
	t.Helper()
	x.logInAll(t, "ana")
	x.do(t, call{as: "dev", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
	x.send1(t, desk.ChannelEmail) // what confirms it
	x.do(t, call{as: "dev", do: "DELETE /v1/me/consoles/current", want: 204})
	x.open(t, "ses", "ana", "")
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@dev","comment":"<script>alert('1')</script> & \"more\""}`)
	jobs, err := x.store.ClaimDeliveries(t.Context(), desk.ChannelEmail, 10, time.Minute)
	if err != nil || len(jobs) != 1 || jobs[0].LinkToken == "" {
		t.Fatalf("claimed %+v, %v", jobs, err)
	}
	return jobs[0].LinkToken
}

// forget drops what the test knows of a console, so that the rep logs in anew.
func (x *server) forget(who string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.tokens, who)
}

// post sends a form, as the page's buttons do.
func (x *server) post(t testing.TB, path, form string, h headers) answer {
	t.Helper()
	more := headers{"Content-Type": "application/x-www-form-urlencoded"}
	for name, value := range h {
		more[name] = value
	}
	return x.send(t, "POST", path, "", form, more)
}

func (x *server) page(t testing.TB, path string, status int, has ...string) string {
	t.Helper()
	return checkPage(t, x.send(t, "GET", path, "", "", nil), status, has...)
}

func checkPage(t testing.TB, a answer, status int, has ...string) string {
	t.Helper()
	checkIsPage(t, a, status)
	for _, text := range has {
		if !strings.Contains(a.text, text) {
			t.Errorf("the page does not say %q: %s", text, a.text)
		}
	}
	for _, name := range []string{"Jo Doe", "Doe Ltd", "@example.com", "<script"} {
		if strings.Contains(a.text, name) {
			t.Errorf("the page says %q", name)
		}
	}
	return a.text
}

// TestLinkAScannerOpens: mail scanners open every link, some of them twice and by HEAD. It changes nothing (F9, G2).
func TestLinkAScannerOpens(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	for _, query := range []string{"", "?answer=accept", "?answer=decline", "?answer=decline_and_switch_off", "?answer=<b>", "?answer=%00&x=%zz"} {
		x.page(t, "/i/"+token+query, 200, "Ana Ruiz invites you", "Dev Patel", "&lt;script&gt;alert(")
		if a := x.send(t, "HEAD", "/i/"+token+query, "", "", nil); a.status != 200 {
			t.Errorf("HEAD: %d", a.status)
		}
	}
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"rev":1`, `"state":"active"`}})
}

// TestLinkAccept takes the seat, and says so however often it is pressed.
func TestLinkAccept(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	checkPage(t, x.post(t, "/i/"+token, "answer=accept", headers{"Origin": x.url}), 200, "You have accepted", "10 minutes", `href="repdesk://sessions/`+x.saved["ses"]+`?server_id=`+x.store.ServerID())
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees", has: []string{`"name":"Dev Patel"`, `"expected":true`}})
	checkPage(t, x.post(t, "/i/"+token, "answer=accept", nil), 200, "You have accepted")
	x.page(t, "/i/"+token, 200, "The invitation is over", "Open the app")
	checkPage(t, x.post(t, "/i/"+token, "answer=decline", nil), 200, "The invitation is over", "You have accepted it")
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"rep_count":2`}})
}

func TestLinkDecline(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	checkPage(t, x.post(t, "/i/"+token, "answer=decline", nil), 200, "You have declined")
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"state":"declined"`, "Dev Patel"}})
	x.page(t, "/i/"+token+"?answer=accept", 200, "The invitation is over", "You have declined it")
	checkPage(t, x.post(t, "/i/"+token, "answer=accept", nil), 200, "You have declined it")
	x.forget("dev")
	x.do(t, call{as: "dev", do: "GET /v1/me", has: []string{`"extended_availability":true`}})
}

func TestLinkSwitchOff(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
	x.page(t, "/i/"+token, 200, "Ana Ruiz has cancelled it")
	checkPage(t, x.post(t, "/i/"+token, "answer=accept", nil), 200, "Ana Ruiz has cancelled")
	if text := checkPage(t, x.post(t, "/i/"+token, "answer=decline_and_switch_off", nil), 200, "Extended availability is off"); strings.Contains(text, "You have declined") {
		t.Error("declined what was over")
	}
	x.forget("dev")
	x.do(t, call{as: "dev", do: "GET /v1/me", has: []string{`"extended_availability":false`}})
}

func TestLinkDeclineAndSwitchOff(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	checkPage(t, x.post(t, "/i/"+token, "answer=decline_and_switch_off", nil), 200, "Extended availability is off", "You have declined the invitation")
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"state":"declined"`}})
}

func TestLinkOfAnEndedSession(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
	x.page(t, "/i/"+token, 200, "The session has ended")
	checkPage(t, x.post(t, "/i/"+token, "answer=accept", nil), 200, "The session has ended")
}

// TestLinkFromElsewhere: another site's form does nothing, and neither does a wrong answer or a wrong token.
func TestLinkFromElsewhere(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	for _, h := range []headers{{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}} {
		checkPage(t, x.post(t, "/i/"+token, "answer=accept", h), 403, "That did not come from this page")
	}
	for _, form := range []string{"", "answer=", "answer=Accept", "answer=%00", "other=accept", "answer=" + strings.Repeat("x", 1<<17)} {
		if a := x.post(t, "/i/"+token, form, nil); a.status != http.StatusUnprocessableEntity || fieldsOf(a) != "answer:unknown" {
			t.Errorf("%.20s: %d %s", form, a.status, a.text)
		}
	}
	for _, wrong := range []string{"x", token[1:], token + "A", strings.Repeat("A", 43), strings.ToLower(token), "%00", "%ff", token[:20] + "AAAA" + token[24:]} {
		x.page(t, "/i/"+wrong, 404, "This link leads nowhere")
		checkPage(t, x.post(t, "/i/"+wrong, "answer=accept", nil), 404, "This link leads nowhere")
	}
	x.do(t, call{do: "PUT /i/" + token, want: 405, code: "method_not_allowed", answers: headers{"Allow": "GET, HEAD, POST"}})
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"rev":1`}})
	if strings.Contains(x.log.String(), token) {
		t.Error("the log holds a link's token")
	}
}

// TestG11LinkPages: in the rep's language and by their clock; what leads nowhere, in a language of the browser's.
func TestG11LinkPages(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	x.load(t, `reps: [{username: dev, name: Dev Patel, email: dev@example.com, locale: de-CH, time_zone: Europe/Zurich, permissions: [extended_availability], teams: {network: member}}]`)
	x.page(t, "/i/"+token, 200, `<html lang="de">`, "Ana Ruiz lädt Sie zu einer Sitzung ein", "Annehmen", "Uhr CE", "Diese Seite ist für Dev Patel")
	checkPage(t, x.post(t, "/i/"+token, "answer=decline", nil), 200, "Sie haben abgelehnt")
	x.page(t, "/i/"+token, 200, "Die Einladung ist vorbei", "Sie haben sie abgelehnt")
	for accepts, title := range map[string]string{"": "This link leads nowhere", "ja": "This link leads nowhere", "fr-CH, fr;q=0.9, en;q=0.8": "Ce lien ne mène nulle part"} {
		checkPage(t, x.send(t, "GET", "/i/nothing", "", "", headers{"Accept-Language": accepts}), 404, title)
	}
}

// TestLinkOfADisabledRep leads nowhere.
func TestLinkOfADisabledRep(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	x.load(t, `reps: [{username: dev, name: Dev Patel, teams: {network: member}, disabled: true}]`)
	if a := x.post(t, "/i/"+token, "answer=accept", nil); a.status == http.StatusOK && strings.Contains(a.text, "You have accepted") {
		t.Error(a.text)
	}
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"rep_count":1`}})
}

// TestLinkBehindAProxy: the form is the desk's own where its origin is the public URL's, whatever host the proxy asks us for.
func TestLinkBehindAProxy(t *testing.T) {
	s := storetest.Open(t, filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock())
	handler := api.New(api.Config{Store: s, PublicURL: "https://desk.example/"}).Handler()
	for origin, want := range map[string]int{"https://desk.example": http.StatusNotFound, "https://evil.example": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodPost, "http://10.0.0.7:8080/i/nothing", strings.NewReader("answer=accept"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != want {
			t.Errorf("from %s: %d, want %d", origin, w.Code, want)
		}
	}
}

// TestB13LinkOfASessionThatMoved: the new owner invites anew.
func TestB13LinkOfASessionThatMoved(t *testing.T) {
	x := newServer(t)
	x.token(t, "ben")
	token := x.mailedLink(t)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben"}`})
	x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/accept"})
	x.page(t, "/i/"+token, 200, "The session has changed hands")
	checkPage(t, x.post(t, "/i/"+token, "answer=accept", nil), 200, "changed hands")
}

const oneClick = "List-Unsubscribe=One-Click"

// TestG6OneClick: mail providers post by themselves, without cookies or an Origin, in either form encoding, and again (RFC 8058).
// It switches extended availability off and declines nothing.
func TestG6OneClick(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	path := "/i/" + token + "/unsubscribe"
	const parts = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	checkPage(t, x.post(t, path, parts, headers{"Content-Type": "multipart/form-data; boundary=b"}), 200, "Extended availability is off")
	x.do(t, call{as: "hal", do: "GET /v1/reps/@dev", has: []string{`"extended_availability":false`}})
	checkPage(t, x.post(t, path, oneClick, nil), 200, "Extended availability is off")
	x.page(t, path, 200, "Extended availability is off")
	x.do(t, call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"rev":1`, `"state":"active"`}})
	x.page(t, "/i/"+token, 200, "Ana Ruiz invites you")
	checkPage(t, x.post(t, "/i/"+token, "answer=accept", nil), 200, "You have accepted")
}

// TestG6LookingSwitchesNothingOff: nor does a body that is not that of one click, nor another site's form.
func TestG6LookingSwitchesNothingOff(t *testing.T) {
	x := newServer(t)
	token := x.mailedLink(t)
	path := "/i/" + token + "/unsubscribe"
	page := x.page(t, path, 200, "Switch off extended availability?", "Dev Patel", `action="/i/`+token+`/unsubscribe"`, `name="List-Unsubscribe" value="One-Click"`)
	if strings.Contains(page, "Ana Ruiz") {
		t.Errorf("the page tells of the invitation: %s", page)
	}
	for _, method := range []string{"HEAD", "OPTIONS", "PUT", "DELETE"} {
		x.send(t, method, path, "", "", nil)
	}
	for _, form := range []string{"", "answer=decline_and_switch_off", "List-Unsubscribe=", "List-Unsubscribe=one-click", "x=" + strings.Repeat("x", 1<<17) + "&" + oneClick} {
		if a := x.post(t, path, form, nil); a.status != http.StatusUnprocessableEntity || fieldsOf(a) != "List-Unsubscribe:unknown" {
			t.Errorf("%.20s: %d %s", form, a.status, a.text)
		}
	}
	x.post(t, path+"?"+oneClick, "", nil)
	for _, h := range []headers{{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}} {
		if a := x.post(t, path, oneClick, h); a.status != http.StatusForbidden {
			t.Errorf("%v: %d %s", h, a.status, a.text)
		}
	}
	for _, wrong := range []string{"x", token + "A", strings.Repeat("A", 43)} {
		x.page(t, "/i/"+wrong+"/unsubscribe", 404, "This link leads nowhere")
		checkPage(t, x.post(t, "/i/"+wrong+"/unsubscribe", oneClick, nil), 404, "This link leads nowhere")
	}
	x.do(t, call{as: "hal", do: "GET /v1/reps/@dev", has: []string{`"extended_availability":true`}})
	if strings.Contains(x.log.String(), token) {
		t.Error("the log holds a link's token")
	}
	x.load(t, `reps: [{username: dev, name: Dev Patel, email: dev@example.com, teams: {network: member}, permissions: [extended_availability], disabled: true}]`)
	x.page(t, path, 404, "This link leads nowhere")
	checkPage(t, x.post(t, path, oneClick, nil), 404, "This link leads nowhere")
}

// TestG6TheLinkOfWhatConfirms leads to where extended availability is switched off, and to nothing else.
func TestG6TheLinkOfWhatConfirms(t *testing.T) {
	x := newServer(t)
	x.do(t, call{as: "dev", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
	token := x.send1(t, desk.ChannelEmail).LinkToken
	at := "/v1/public/invitation-links/" + token
	x.play(t,
		call{do: "GET " + at, has: []string{`"extended_availability":true`, `"answerable":false`, "Dev Patel"}, hasNot: []string{`"invitation"`, `"reason"`}},
		call{do: "POST " + at, body: `{"answer":"accept"}`, want: 404, code: "not_found"},
		call{do: "POST " + at, body: `{"answer":"decline"}`, want: 404, code: "not_found"})
	for _, query := range []string{"", "/unsubscribe", "?answer=switch_off"} {
		x.page(t, "/i/"+token+query, 200, "Switch off extended availability?", "Dev Patel")
	}
	x.do(t, call{as: "dev", do: "GET /v1/me", has: []string{`"extended_availability":true`}})
	checkPage(t, x.post(t, "/i/"+token+"/unsubscribe", oneClick, headers{"Origin": x.url}), 200, "Extended availability is off")
	x.do(t, call{as: "dev", do: "GET /v1/me", has: []string{`"extended_availability":false`}})
	x.page(t, "/i/"+token, 200, "Extended availability is off")
	x.do(t, call{as: "dev", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
	checkPage(t, x.post(t, "/i/"+token, "answer=decline_and_switch_off", nil), 200, "Extended availability is off")
	x.do(t, call{as: "dev", do: "GET /v1/me", has: []string{`"extended_availability":false`}})
}

// TestG2TheLinkAsJSON is what an app shows that opens the email's link by itself.
func TestG2TheLinkAsJSON(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		token := x.mailedLink(t)
		at := "/v1/public/invitation-links/" + token
		nothing := []string{"Jo Doe", "Doe Ltd", "@example.com"}
		x.play(t,
			call{do: "GET " + at, has: []string{`"id":"$inv"`, `"answerable":true`, `"inviter":{"id":"$ana","name":"Ana Ruiz"}`, `"rep":{"id":"$dev"`}, hasNot: append(nothing, `"reason"`, "expected_until")},
			call{do: "GET /v1/public/invitation-links/" + token + "A", want: 404, code: "not_found"},
			call{do: "POST /v1/public/invitation-links/" + token[1:], body: `{"answer":"accept"}`, want: 404, code: "not_found"},
			call{do: "POST " + at, body: `{"answer":"switch_off"}`, want: 422, code: "validation_failed"},
			call{do: "POST " + at, body: `{}`, want: 422, code: "validation_failed"},
			call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"rev":1`}},
			call{name: "G2: the seat", do: "POST " + at, body: `{"answer":"accept"}`, has: []string{`"state":"accepted"`, `"reason":"accepted"`, `"answerable":false`, `"expected_until":"2026-03-02T09:10:00Z"`}, hasNot: nothing},
			call{name: "again", do: "POST " + at, body: `{"answer":"accept"}`, has: []string{`"state":"accepted"`, `"expected_until":"2026-03-02T09:10:00Z"`}},
			call{name: "what is over", do: "POST " + at, body: `{"answer":"decline"}`, want: 409, code: "invitation_not_active", has: []string{`"reason":"accepted"`, `"by":{"id":"$dev"`}},
			call{do: "POST " + at, body: `{"answer":"decline_and_switch_off"}`, has: []string{`"extended_availability":false`, `"reason":"accepted"`}},
			call{as: "dev", do: "GET /v1/me", want: 401, code: "console_revoked"})
		x.forget("dev")
		x.do(t, call{as: "dev", do: "GET /v1/sessions/$ses", has: []string{"Jo Doe"}})
		x.do(t, call{name: "they came", do: "GET " + at, has: []string{`"reason":"accepted"`}, hasNot: append(nothing, "expected_until")})
		x.load(t, `reps: [{username: dev, name: Dev Patel, teams: {network: member}, disabled: true}]`)
		x.do(t, call{name: "a closed account", do: "GET " + at, want: 404, code: "not_found"})
	})
}

// TestG4TheLinkOfATeamThatTheyLeft says so: on the page, and to an app. Nothing more of the session is told (A8).
func TestG4TheLinkOfATeamThatTheyLeft(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana")
		x.do(t, call{as: "dev", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
		x.send1(t, desk.ChannelEmail)
		x.do(t, call{as: "dev", do: "DELETE /v1/me/consoles/current", want: 204})
		x.do(t, call{as: "ana", do: "POST /v1/sessions", body: sample["enter"], want: 201, save: "ses=session.id"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"team_id":"@network"}`, want: 201, save: "inv=id"})
		token := x.send1(t, desk.ChannelEmail).LinkToken
		at := "/v1/public/invitation-links/" + token
		x.do(t, call{do: "GET " + at, has: []string{`"answerable":true`, "Paper jam"}})
		x.load(t, `reps: [{username: dev, name: Dev Patel, email: dev@example.com, teams: {printers: member}, permissions: [extended_availability]}]`)
		x.page(t, "/i/"+token, 200, "no longer among those")
		checkPage(t, x.post(t, "/i/"+token, "answer=accept", nil), 200, "no longer among those")
		x.play(t,
			call{do: "GET " + at, has: []string{`"answerable":false`, `"reason":"target_gone"`}, hasNot: []string{"Paper jam", "Jo Doe"}},
			call{do: "POST " + at, body: `{"answer":"accept"}`, want: 409, code: "invitation_not_active", has: []string{`"reason":"target_gone"`}},
			call{as: "ana", do: "GET /v1/invitations/$inv", has: []string{`"state":"active"`}})
	})
}

// TestE6LinksAreLimited: how often an address may ask for the pages of links, and answer by them.
func TestE6LinksAreLimited(t *testing.T) {
	s := storetest.Open(t, filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock())
	x := restarted(t, s, storetest.NewClock(), func(cfg *api.Config) { cfg.Limits = api.RateLimits{EntersAMinute: 2, ReadsAMinute: 2} })
	for _, do := range []string{"GET /i/nothing/unsubscribe", "POST /i/nothing/unsubscribe", "GET /v1/public/invitation-links/nothing", "POST /v1/public/invitation-links/nothing"} {
		method, path, _ := strings.Cut(do, " ")
		for i, want := range []int{404, 404, 429} {
			body, content := `{"answer":"accept"}`, "application/json"
			if strings.HasPrefix(path, "/i/") {
				body, content = oneClick, "application/x-www-form-urlencoded"
			}
			if method == "GET" {
				body = ""
			}
			if a := x.send(t, method, path, "", body, headers{"Content-Type": content}); a.status != want {
				t.Errorf("%s for the %d. time: %d, want %d", do, i+1, a.status, want)
			}
		}
	}
}
