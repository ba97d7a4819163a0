package api_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/push/texts"
)

// waiting starts a session that waits for ana, and saves its id under the name. The customer calls as "guest/" and the name.
func (x *server) waiting(t testing.TB, name, more string) {
	t.Helper()
	a := x.do(t, call{as: "ana", do: "POST /v1/sessions", body: `{"customer":{"name":"Jo Doe","company":"Doe Ltd","details":"The tray jams"}` + more + `}`, want: 201, save: name + "=session.id"})
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens["guest/"+name] = a.at("guest_token")
}

// specialist has somebody join ana's session by a code, and be called as "guest/" and the name.
func (x *server) specialist(t testing.TB, name, session string) {
	t.Helper()
	x.load(t, `reps: [{username: ana, name: Ana Ruiz, public_name: Ana, teams: {printers: lead}, permissions: [share_outside_teams, extended_availability, invite_specialists]}]`)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$" + session + "/specialist-invitations", body: `{}`, want: 201, save: "spi=id code=code"})
	a := x.do(t, call{do: "POST /v1/public/join", body: fmt.Sprintf(`{"code":"$code","name":%q}`, name), want: 201, headers: headers{"Idempotency-Key": fmt.Sprint("as-long-as-it-has-to-be-", x.asked.Load())}})
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tokens["guest/"+name], x.saved[name] = a.at("token"), x.saved[session]
}

// cookie is what the browser of a guest sends along.
func (x *server) cookie(name string) string {
	return "guest-" + x.saved[name] + "=" + x.tokens["guest/"+name]
}

// live asks for the live page as a guest's browser does, or sends one of its forms and follows where that leads.
func (x *server) live(t testing.TB, name, more, form string, status int, has ...string) string {
	t.Helper()
	h := headers{"Cookie": x.cookie(name)}
	a := answer{}
	if form == "" {
		a = x.send(t, "GET", "/s/"+x.saved[name]+more, "", "", h)
	} else {
		a = x.post(t, "/s/"+x.saved[name]+more, form, h)
	}
	checkIsPage(t, a, status)
	for _, secret := range []string{x.tokens["guest/"+name], "Ana Ruiz"} { // of reps the public name
		if strings.Contains(a.text, secret) {
			t.Errorf("the page holds %q", secret)
		}
	}
	said := plainText(a.text)
	for _, text := range has {
		absent := strings.HasPrefix(text, "!")
		if strings.Contains(said, strings.TrimPrefix(text, "!")) == absent {
			t.Errorf("%s%s: %s: %s", name, more, text, said)
		}
	}
	return a.text
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// plainText is what somebody reads on a page.
func plainText(page string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(page, "")), " "))
}

// TestC13LivePageSituations: the page says where the session stands, and offers what there is to do, without any script (D12, C4, C7, C9).
func TestC13LivePageSituations(t *testing.T) {
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, specialists: true, consent_on_join: true}]`)
	x.logInAll(t, "ana", "ben")
	x.waiting(t, "ses", `,"portal_id":"@asks","issue_id":"@paper-jam"`)
	x.live(t, "ses", "", "", 200, "Please wait a moment", "You are next.", "The tray jams", "Paper jam", "Your message", "Leave the session", "you lose your place", "!Who is with")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/accept"})
	x.live(t, "ses", "", "", 200, "You are in a session with Ana", "Ana has joined the session", "Ana · Support, leads the session", "Jo Doe (You) · Customer", "!Agree", "!next")
	x.join(t, "ana", "ses", "ben", "")
	page := x.live(t, "ses", "", "", 200, "May Ben Okafor see and control your screen?", "Agree", "Refuse")
	x.saved["seat"] = regexp.MustCompile(`name="attendee_id" value="(att_[0-9a-f]+)"`).FindStringSubmatch(page)[1]
	x.live(t, "ses", "/consent", "granted=true&attendee_id="+x.saved["seat"], 200, "Ben Okafor may see and control your screen.", "!Agree")
	x.live(t, "ses", "/consent", "granted=false&attendee_id="+x.saved["seat"], 200, "Ben Okafor may not see your screen.", "!Refuse")
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees", has: []string{`"consent":"refused"`}})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/hold"})
	x.live(t, "ses", "", "", 200, "The session is on hold", "Your message")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/resume"})
	x.live(t, "ses", "/leave", "x=", 200, "You have left the session", "Come back", "!Your message", "!Leave now")
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"customer_gone":true`}})
	x.live(t, "ses", "/return", "x=", 200, "You are in a session with Ana", "Your message")
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"customer_gone":false`}})
	x.do(t, call{as: "hal", do: "POST /v1/sessions/$ses/reassign", body: `{"team_id":"@printers"}`})
	x.live(t, "ses", "", "", 200, "Somebody will be with you again soon", "is not connected any more")
	x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/accept"})
	x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/end", body: `{"summary":"Between us"}`})
	x.live(t, "ses", "", "", 200, "The session has ended", "You can close this page", "Ben Okafor has joined", "!Your message", "!Leave now", "!Between us", "!Who is in")
	x.clock.Advance(25 * hour)
	x.live(t, "ses", "", "", 404, "You are no longer in this session", "!Jo Doe")
}

// TestE4LivePage: of a browser-sharing session the page has the script that keeps the address current; of no other, and for its
// customer alone.
func TestE4LivePage(t *testing.T) {
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, specialists: true}]`)
	x.open(t, "other", "ana", "")
	x.open(t, "page", "ana", `,"portal_id":"@asks","kind":"browser","page_url":"https://shop.example.com/basket","page_title":"Your <basket>"`)
	x.specialist(t, "Sam", "page")
	for name, want := range map[string]bool{"other": false, "page": true, "Sam": false} {
		if got := strings.Contains(x.live(t, name, "", "", 200), ` data-session="`+x.saved[name]+`"`); got != want {
			t.Errorf("%s has the script: %t", name, got)
		}
	}
	x.live(t, "Sam", "", "", 200, "Web pageYour <basket>")
}

// TestC13LivePageEnds says why, and where to find help instead (D11).
func TestC13LivePageEnds(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana")
	x.waiting(t, "gone", "")
	x.live(t, "gone", "/leave", "x=", 200, "The session has ended", "You left before somebody came")
	x.waiting(t, "admin", "")
	x.do(t, call{as: "hal", do: "POST /v1/sessions/$admin/end"})
	x.live(t, "admin", "", "", 200, "An administrator has closed it")
	x.load(t, `portals: [{slug: asks, name: Asks, specialists: true}]`)
	x.open(t, "late", "ana", `,"portal_id":"@asks"`)
	x.specialist(t, "Sam", "late")
	x.live(t, "late", "/leave", "x=", 200, "You have left")
	x.pass(t, 31*60*second, "ana")
	x.live(t, "late", "", "", 200, "some time after you had left")
	x.live(t, "Sam", "", "", 200, "The session has ended", "The customer has left.")
	x.load(t, `portals: [{slug: main, name: Main, unavailable_url: "https://help.example.com/?a=1&b=2"}]`)
	x.waiting(t, "nobody", `,"portal_id":"@main","team_id":"@printers"`)
	x.do(t, call{as: "ana", do: "DELETE /v1/me/consoles/current", want: 204})
	x.forget("ana")
	x.pass(t, 3*60*second)
	if page := x.live(t, "nobody", "", "", 200, "Nobody is available", "Find help here instead"); !strings.Contains(page, `href="https://help.example.com/?a=1&amp;b=2"`) {
		t.Errorf("without the link: %s", page)
	}
}

// TestF7LivePageOfASpecialist: whose session it is, what they may do, and no consent to give; put out, the page says so (F8, C4).
func TestF7LivePageOfASpecialist(t *testing.T) {
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, specialists: true, consent_on_join: true}]`)
	x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
	x.specialist(t, "Sam", "ses")
	x.live(t, "Sam", "", "", 200, "You are in a session with Ana", "The customer is being asked", "You may not share your own screen", "Sam (You) · Specialist", "Jo Doe · Customer", "Doe Ltd", "The tray jams", "!Agree", "!May Sam")
	page := x.live(t, "ses", "", "", 200, "May Sam see", "Sam has joined")
	x.saved["seat"] = regexp.MustCompile(`name="attendee_id" value="(att_[0-9a-f]+)"`).FindStringSubmatch(page)[1]
	x.live(t, "Sam", "/consent", "granted=true&attendee_id="+x.saved["seat"], 403, "could not be done", "The customer is being asked")
	x.live(t, "ses", "/consent", "granted=true&attendee_id="+x.saved["seat"], 200)
	x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"specialists_may_share_screen":true}`})
	x.live(t, "Sam", "", "", 200, "You may see and control the customer's screen. You may share your own screen.")
	x.live(t, "ses", "/leave", "x=", 200)
	x.live(t, "Sam", "", "", 200, "Jo Doe has left for now")
	x.live(t, "Sam", "/messages", "text=Bye", 200, "Bye")
	x.do(t, call{as: "ana", do: "DELETE /v1/sessions/$ses/attendees/$seat", want: 204})
	for _, form := range []string{"/messages", "/leave", "/return", "/consent"} {
		x.live(t, "Sam", form, "text=Again", 404, "You are no longer in this session", "!Jo Doe", "!Bye")
	}
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/messages", hasNot: []string{"Again"}})
	x.specialist(t, "Kim", "ses")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
	x.live(t, "Kim", "", "", 200, "The session has ended", "!Your message")
}

// TestC13LivePageForms: a form leads back to the page, so that loading it anew sends nothing twice; the same form twice is one
// message; and what is refused is said above what was written.
func TestC13LivePageForms(t *testing.T) {
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	x.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for range 2 {
		if a := x.post(t, "/s/"+x.saved["ses"]+"/messages", "text=One%0D%0Aline&client_ref=r1", headers{"Cookie": x.cookie("ses")}); a.status != 303 || a.header.Get("Location") != "/s/"+x.saved["ses"] {
			t.Fatalf("%d %v", a.status, a.header)
		}
	}
	x.http.CheckRedirect = nil
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/messages", has: []string{`"text":"One\nline"`}})
	if got := strings.Count(x.live(t, "ses", "", "", 200, "You", "One"), "One\nline"); got != 1 {
		t.Errorf("the message stands there %d times", got)
	}
	page := x.live(t, "ses", "/messages", "text="+url.QueryEscape(strings.Repeat("long ", 801))+"&client_ref=r2", 422, "The message is too long: it can have 4000 characters.")
	for _, kept := range []string{"long long", `value="r2"`, `role="alert"`, `href="#text"`, `aria-invalid="true" aria-describedby="mistake"`} {
		if !strings.Contains(page, kept) {
			t.Errorf("without %s: %s", kept, page)
		}
	}
	x.live(t, "ses", "/messages", "text=+", 422, "Write something first.")
	x.live(t, "ses", "/messages", "text=%00", 422, "could not be done")
	x.live(t, "ses", "/messages", "text=%ff", 422, "could not be done")
	x.live(t, "ses", "/consent", "attendee_id=att_nobody&granted=true", 404, "They are no longer in the session.", "You are in a session with Ana")
	x.live(t, "ses", "?after=%00&before=%00", "", 200, "One")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
	x.live(t, "ses", "/messages", "text=Late", 409, "The session had ended before", "The session has ended", "!Late")
	x.live(t, "ses", "/leave", "x=", 200, "The session has ended")
}

// TestC4BrokenFormsOnBothEngines: bytes that PostgreSQL takes for no text name nobody.
func TestC4BrokenFormsOnBothEngines(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.open(t, "ses", "ana", "")
		for _, broken := range []string{"%00", "%ff", "att_%00"} {
			x.live(t, "ses", "/consent", "granted=true&attendee_id="+broken, 404, "They are no longer in the session.")
			x.live(t, "ses", "/messages", "text=Hello&client_ref="+broken, 422, "could not be done")
		}
	})
}

// TestF7LivePageIsForThoseInside: another session's cookie, none, and what another site sends lead nowhere (E6).
func TestF7LivePageIsForThoseInside(t *testing.T) {
	s, clock := openReady(t)
	x := restarted(t, s, clock, func(cfg *api.Config) { cfg.Limits = api.RateLimits{ReadsAMinute: 20, ActsAMinute: 5} })
	x.open(t, "one", "ana", "")
	x.open(t, "two", "ana", "")
	at := "/s/" + x.saved["two"]
	crossed := "guest-" + x.saved["two"] + "=" + x.tokens["guest/one"]
	for _, h := range []headers{nil, {"Cookie": x.cookie("one")}, {"Cookie": crossed}, {"Cookie": "guest-" + x.saved["two"] + "=" + x.tokens["ana"]}} {
		for _, more := range []string{"", "/messages", "/leave"} {
			method := map[bool]string{true: "GET", false: "POST"}[more == ""]
			if a := x.send(t, method, at+more, "", "", h); a.status != 404 || strings.Contains(a.text, "Jo Doe") || strings.Contains(a.text, "tray") {
				t.Errorf("%s %s with %v: %d %s", method, more, h, a.status, a.text)
			}
		}
	}
	for _, h := range []headers{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
		h["Cookie"] = x.cookie("two")
		for _, form := range []string{"/messages", "/leave", "/consent", "/return"} {
			if a := x.post(t, at+form, "text=Forged", h); a.status != 403 || strings.Contains(a.text, "Jo Doe") {
				t.Errorf("%s with %v: %d %s", form, h, a.status, a.text)
			}
		}
	}
	x.do(t, call{as: "guest/two", do: "GET /v1/guest/messages", hasNot: []string{"Forged"}})
	x.do(t, call{as: "guest/two", do: "GET /v1/guest/session", has: []string{`"customer_gone":false`}})
	statuses := ""
	for range 30 { // whoever is in a session is not counted
		x.live(t, "two", "", "", 200)
		statuses += fmt.Sprint(x.send(t, "GET", at, "", "", nil).status, " ")
	}
	if !strings.HasSuffix(statuses, "404 429 ") && !strings.HasSuffix(statuses, "429 429 ") {
		t.Errorf("strangers: %s", statuses)
	}
	for i := range 7 { // but how often they write is
		x.live(t, "one", "/messages", "text=Much", map[bool]int{true: 200, false: 429}[i < 5])
	}
}

// TestE5TokenOfALink: the token out of a link's fragment becomes the cookie, and stands in no address and on no page.
func TestE5TokenOfALink(t *testing.T) {
	x := newServer(t)
	x.waiting(t, "ses", "")
	x.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	token := x.tokens["guest/ses"]
	a := x.post(t, "/s", "token="+token, nil)
	if kept := a.header.Get("Set-Cookie"); a.status != 303 || a.header.Get("Location") != "/s/"+x.saved["ses"] || !strings.HasPrefix(kept, x.cookie("ses")+";") || !strings.Contains(kept, "HttpOnly; SameSite=Strict") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	x.load(t, `portals: [{slug: main, name: Main, specialists: true}]`)
	x.do(t, call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","issue_id":"@paper-jam","customer":{"name":"Eve"}}`, want: 201, save: "eve=token"})
	for _, wrong := range []string{"", "rdg_nothing", x.tokens["ana"], "%00", x.saved["eve"]} { // Eve came by herself: nobody comes in as her
		if a := x.post(t, "/s", "token="+wrong, nil); a.status != 404 || a.header.Get("Set-Cookie") != "" || !strings.Contains(a.text, "not known here") {
			t.Errorf("with %q: %d %v", wrong, a.status, a.header)
		}
	}
	if a := x.post(t, "/s", "token="+token, headers{"Sec-Fetch-Site": "cross-site"}); a.status != 403 || a.header.Get("Set-Cookie") != "" {
		t.Errorf("from another site: %d %v", a.status, a.header)
	}
}

// TestC11LivePageTexts: what people call themselves and write is text wherever it comes, and turns nothing around it.
func TestC11LivePageTexts(t *testing.T) {
	x := newServer(t)
	x.load(t, `portals: [{slug: asks, name: Asks, specialists: true, consent_on_join: true}]`)
	x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
	hostile := "</bdi>\u202e<script>alert(1)</script>\u2069\"'&lt;" + strings.Repeat("W", 150)
	x.specialist(t, hostile, "ses")
	wrote := "<img src=x onerror=alert(1)>\u202e" + strings.Repeat("o", 500)
	x.live(t, "ses", "/messages", "text="+url.QueryEscape(wrote), 200, wrote)
	apart := "<bdi>" + html.EscapeString(hostile) + "</bdi>"
	for _, reader := range []string{"ses", hostile} {
		page := x.live(t, reader, "", "", 200, hostile, hostile+" has joined the session")
		if got := strings.Count(page, "W"+strings.Repeat("W", 149)) - strings.Count(page, apart); got != 0 {
			t.Errorf("%d of the names do not stand apart: %s", got, page)
		}
		if strings.Contains(page, "<script>") || strings.Contains(page, "<img") {
			t.Errorf("markup: %s", page)
		}
	}
}

// TestC1LivePageChat: the last 50 messages, those before them by a link, and to the script those that came since.
func TestC1LivePageChat(t *testing.T) {
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	for i := range 120 {
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: fmt.Sprintf(`{"text":"No %d."}`, i), want: 201})
	}
	next := func(page string) string {
		at := regexp.MustCompile(`href="/s/ses_[0-9a-f]+(\?before=msg_[0-9a-f]+)#chat"`).FindStringSubmatch(page)
		if at == nil {
			return ""
		}
		return at[1]
	}
	page := x.live(t, "ses", "", "", 200, "No 119.", "No 70.", "!No 69.", "!Back to the newest")
	last := regexp.MustCompile(`<li id="(msg_[0-9a-f]+)"`).FindAllStringSubmatch(page, -1)
	page = x.live(t, "ses", next(page), "", 200, "No 69.", "No 20.", "!No 70.", "!No 19.", "Back to the newest")
	page = x.live(t, "ses", next(page), "", 200, "No 19.", "Ana has joined", "!No 20.", "!Show earlier")
	if next(page) != "" {
		t.Error("there is more before the first")
	}
	x.live(t, "ses", "?after="+last[47][1], "", 200, "No 118.", "No 119.", "!No 117.")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Between us","audience":"reps"}`, want: 201})
	x.live(t, "ses", "?after="+last[49][1], "", 200, "!No 119.", "!Between us")
}

// TestG11LivePageLanguages: it speaks as the browser does, and reads no list of languages that no browser sends: that would take
// its time.
func TestG11LivePageLanguages(t *testing.T) {
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	long := x.send(t, "GET", "/s/"+x.saved["ses"], "", "", headers{"Cookie": x.cookie("ses"), "Accept-Language": "de, " + strings.Repeat("es;q=0.1,", 1000)})
	if !strings.Contains(long.text, `<html lang="en">`) {
		t.Errorf("a long list is read: %s", long.text)
	}
	for _, tongue := range texts.Languages {
		a := x.send(t, "GET", "/s/"+x.saved["ses"], "", "", headers{"Cookie": x.cookie("ses"), "Accept-Language": tongue})
		says := texts.For(tongue)
		for _, text := range []string{`<html lang="` + tongue + `">`, says.Say("guest.send"), says.Say("guest.leave.customer")} {
			if !strings.Contains(html.UnescapeString(a.text), text) {
				t.Errorf("%s: without %s", tongue, text)
			}
		}
	}
}

var drawnReference = regexp.MustCompile(`name="client_ref" value="[^"]*"`)

// liveBytes is all of the page that a guest can see, but for the reference of the next message, which is drawn anew.
func (x *server) liveBytes(t *testing.T, name, last string) string {
	t.Helper()
	return drawnReference.ReplaceAllString(x.live(t, name, "", "", 200)+x.live(t, name, "?after="+last, "", 200)+x.live(t, name, "?before="+last, "", 200), "")
}

// TestC11LivePageOfAMaskedRep: of a masked rep no byte of the page tells, nor does the stream that has it asked for anew; unmasking is
// a coming, and masking a going.
func TestC11LivePageOfAMaskedRep(t *testing.T) {
	x := newServer(t)
	x.logInAll(t, "ana", "ben", "cho")
	x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true}]`)
	x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
	x.do(t, call{as: "guest/ses", do: "POST /v1/guest/messages", body: `{"text":"Hello"}`, want: 201, save: "last=id"})
	following := x.stream(t, "guest/ses", "")
	following.until(t, "ready")
	before := x.liveBytes(t, "ses", x.saved["last"])
	hidden := func(calls ...call) {
		t.Helper()
		for _, c := range calls {
			x.do(t, c)
			if after := x.liveBytes(t, "ses", x.saved["last"]); after != before {
				t.Fatalf("after %s the page is\n%s, and before\n%s", c.do, after, before)
			}
		}
	}
	hidden(
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho","masked":true}`, want: 201, save: "inv=id"},
		call{as: "cho", do: "POST /v1/invitations/$inv/accept"})
	x.seat(t, "seat", "ana", "ses", "Cho Min")
	hidden(
		call{as: "cho", do: "POST /v1/sessions/$ses/messages", body: `{"text":"Behind the scenes"}`, want: 201},
		call{as: "cho", do: "POST /v1/sessions/$ses/notes", body: `{"text":"Between us"}`, want: 201},
		call{as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"access":"view"}`},
		call{as: "cho", do: "POST /v1/sessions/$ses/leave"},
		call{as: "ana", do: "POST /v1/sessions/$ses/invitations", body: `{"rep_id":"@cho","masked":true}`, want: 201, save: "inv=id"},
		call{as: "cho", do: "POST /v1/invitations/$inv/accept"})
	x.live(t, "ses", "/consent", "granted=true&attendee_id="+x.saved["seat"], 404, "no longer in the session", "!Cho")
	x.seat(t, "seat", "ana", "ses", "Cho Min")
	x.live(t, "ses", "/consent", "granted=true&attendee_id="+x.saved["seat"], 404, "no longer in the session", "!Cho")
	x.do(t, call{as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"masked":false}`})
	x.live(t, "ses", "", "", 200, "Cho Min has joined the session", "May Cho Min see", "Cho Min · Support", "!Behind the scenes")
	x.do(t, call{as: "ana", do: "PATCH /v1/sessions/$ses/attendees/$seat", body: `{"masked":true}`})
	x.live(t, "ses", "", "", 200, "Cho Min has left the session", "!May Cho", "!Cho Min · Support")
	if got := kinds(following.until(t, "session.changed")); got != "attendee.joined message.posted session.changed" {
		t.Errorf("until they showed themselves the stream said %s", got)
	}
}
