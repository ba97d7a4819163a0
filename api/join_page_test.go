package api_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// door is a session of ana's, $ses, and an invitation of specialists into it, $spi.
type door struct {
	*server
	code, link string // of the invitation
}

// newDoor opens one with the body of the invitation. Redirects are looked at and not followed.
func newDoor(t *testing.T, x *server, body string) *door {
	t.Helper()
	x.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	x.load(t, `
portals: [{slug: main, name: Main, specialists: true, max_specialists: 3}]
reps: [{username: ana, name: Ana Ruiz, public_name: Ana, teams: {printers: lead}, permissions: [invite_specialists]}]`)
	x.open(t, "ses", "ana", `,"portal_id":"@main"`)
	d := &door{server: x}
	d.code, d.link = d.another(t, body)
	return d
}

// another makes an invitation of specialists, and saves its id as $spi.
func (d *door) another(t testing.TB, body string) (code, link string) {
	t.Helper()
	a := d.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/specialist-invitations", body: body, want: 201, save: "spi=id"})
	return a.at("code"), a.at("join_url")
}

func (d *door) cancel(t testing.TB) {
	t.Helper()
	d.do(t, call{as: "ana", do: "POST /v1/specialist-invitations/$spi/cancel"})
}

// used is how many have joined by the newest invitation.
func (d *door) used(t testing.TB) string {
	t.Helper()
	return d.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations"}).at("items.0.joined")
}

// submit sends a form of the page, with fields as "name", value and so on.
func (d *door) submit(t testing.TB, path, cookie string, fields ...string) answer {
	t.Helper()
	h := headers{"Origin": d.url}
	if cookie != "" {
		h["Cookie"] = cookie
	}
	return d.post(t, path, form(fields...), h)
}

// joined holds that somebody is let in, and returns the cookie that says who they are.
func (d *door) joined(t testing.TB, a answer) string {
	t.Helper()
	cookie, more, _ := strings.Cut(a.header.Get("Set-Cookie"), "; ")
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/s/"+d.saved["ses"] || !strings.HasPrefix(cookie, "guest-"+d.saved["ses"]+"=rdg_") {
		t.Fatalf("not let in: %d %v %s", a.status, a.header, a.text)
	}
	if !strings.Contains(more, "HttpOnly") || !strings.Contains(more, "SameSite=Strict") || strings.Contains(a.text, "rdg_") {
		t.Errorf("the cookie is %q, the page %s", more, a.text)
	}
	return cookie
}

// inside are the names of the specialists in the session.
func (d *door) inside(t testing.TB) (names []string) {
	t.Helper()
	a := d.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/attendees"})
	for i, role := range a.items("role") {
		if role == "specialist" {
			names = append(names, a.items("name")[i])
		}
	}
	return names
}

func (d *door) checkInside(t testing.TB, want ...string) {
	t.Helper()
	if got := strings.Join(d.inside(t), ", "); got != strings.Join(want, ", ") {
		t.Errorf("inside are %q, want %q", got, want)
	}
}

// spaced is a code as people write it.
func spaced(code string) string { return " " + code[:3] + " " + code[3:6] + "\u2011" + code[6:] }

// TestF4F6TheCodeOnTheJoinPage: the code, then who invites, then the name. The code stands in no address, and of the customer
// and of masked reps nothing is said.
func TestF4F6TheCodeOnTheJoinPage(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, `{"access":"view","comment":"The <b>router</b> & more"}`)
	x.logInAll(t, "ben")
	x.join(t, "ana", "ses", "ben", `,"masked":true`)
	d.page(t, "/join", 200, `<label for="code">Code</label>`, `inputmode="numeric"`, `autocomplete="one-time-code"`, `action="/join"`)
	code := d.code
	seen := checkPage(t, d.submit(t, "/join", "", "code", spaced(code), "name", "Kim"), 200,
		"<bdi>Ana</bdi>", "<bdi>Main</bdi>", "The &lt;b&gt;router&lt;/b&gt; &amp; more", "see the shared screen and write", "You cannot share your own screen", `name="code" value="`+strings.TrimSpace(spaced(code)), `name="name" value="Kim"`)
	for _, hidden := range []string{"Ruiz", "Ben", "control", "rep_", "ses_", "spi_", "att_"} {
		if strings.Contains(seen, hidden) {
			t.Errorf("the page says %q: %s", hidden, seen)
		}
	}
	d.checkInside(t)
	cookie := d.joined(t, d.submit(t, "/join", "", "code", spaced(code), "name", " Kim Lee ", "do", "join"))
	d.checkInside(t, "Kim Lee")
	x.do(t, call{do: "GET /v1/guest/session", headers: headers{"Cookie": cookie}, has: []string{`"id":"$ses"`, `"state":"active"`}})
}

// TestF4TheCodeAtTheEntrance: nine digits in a portal's box are a specialist's, and who entered them is asked the same.
func TestF4TheCodeAtTheEntrance(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, "{}")
	a := d.submit(t, "/p/main", "", "way", "code", "code", spaced(d.code), "name", "Kim")
	if a.status != http.StatusTemporaryRedirect || a.header.Get("Location") != "/join" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	checkPage(t, d.submit(t, "/join", "", "way", "code", "code", spaced(d.code), "name", "Kim", "company", "", "details", ""), 200, "<bdi>Ana</bdi>", `name="name" value="Kim"`)
	d.checkInside(t)
}

// TestF2F8WhatSpecialistsMayDo stands on the page as it is at this moment.
func TestF2F8WhatSpecialistsMayDo(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, "{}")
	d.page(t, d.link, 200, "see and control the shared screen", "You cannot share your own screen")
	x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"specialists_may_share_screen":true}`})
	x.load(t, `portals: [{slug: main, name: Main, specialists: true, invite_ceiling: view}]`)
	d.page(t, d.link, 200, "see the shared screen and write", "You can share your own screen")
}

// TestF9OpeningChangesNothing: scanners open links, some by HEAD, and looking a code up uses nothing up.
func TestF9OpeningChangesNothing(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, `{"joins":1}`)
	for _, path := range []string{d.link, d.link + "?do=join&name=Kim", "/join", "/join?code=" + d.code + "&name=Kim&do=join"} {
		d.page(t, path, 200)
		if a := x.send(t, "HEAD", path, "", "", nil); a.status != 200 || a.header.Get("Set-Cookie") != "" {
			t.Errorf("HEAD %s: %d %v", path, a.status, a.header)
		}
	}
	checkPage(t, d.submit(t, "/join", "", "code", d.code), 200)
	checkPage(t, d.submit(t, d.link, "", "name", "Kim"), 200) // a form that lost its button
	if a := d.post(t, d.link, "name=Kim&do=join", headers{"Origin": "https://evil.example"}); a.status != 403 {
		t.Errorf("a form of another site: %d", a.status)
	}
	d.checkInside(t)
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations", has: []string{`"rev":1,`, `"joined":0`}})
	d.joined(t, d.submit(t, d.link, "", "name", "Kim", "do", "join"))
}

// TestF10TheSameBrowserIsTheSameAttendee, in two tabs, after leaving, and when the joins are used up.
func TestF10TheSameBrowserIsTheSameAttendee(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, `{"joins":1}`)
	link := d.link
	cookie := d.joined(t, d.submit(t, link, "", "name", "Kim", "do", "join"))
	again := d.joined(t, d.submit(t, link, cookie, "name", "Lee", "do", "join")) // the other tab, which was open before
	if again != cookie {
		t.Error("the other tab has another token")
	}
	others := "guest-ses_other=rdg_other; guest-ses_wrong=nonsense; "
	for _, cookies := range []string{cookie, others + cookie} {
		checkPage(t, x.send(t, "GET", link, "", "", headers{"Cookie": cookies}), 200, "Go on as <bdi>Kim</bdi>")
		checkPage(t, d.submit(t, "/join", cookies, "code", d.code), 200, "Go on as <bdi>Kim</bdi>", `name="code" value="`+d.code)
	}
	x.do(t, call{do: "POST /v1/guest/leave", headers: headers{"Cookie": cookie, "Origin": x.url}})
	d.checkInside(t)
	checkPage(t, x.send(t, "GET", link, "", "", headers{"Cookie": cookie}), 200, "Go on as <bdi>Kim</bdi>")
	d.joined(t, d.submit(t, link, cookie, "do", "return"))
	d.joined(t, d.submit(t, "/join", cookie, "code", d.code, "do", "return"))
	d.checkInside(t, "Kim")
	if used := d.used(t); used != "1" {
		t.Errorf("%s joins are used", used)
	}
	d.page(t, link, 410, "used up", "I have joined before") // cookies do not follow links from other sites
	d.joined(t, d.submit(t, link, cookie, "do", "return"))
	checkPage(t, d.submit(t, link, others, "do", "return"), 410, "used up", "Nobody has joined by this link in this browser")
	checkPage(t, d.submit(t, "/join", others, "code", d.code, "do", "return"), 410, "This code lets nobody in")
}

// TestF10I5PressedTwice: of one page's button, two presses at once and one after a lost answer let one attendee in, though no
// cookie has come back.
func TestF10I5PressedTwice(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		d := newDoor(t, x, `{"joins":1}`)
		page := checkPage(t, d.submit(t, d.link, "", "name", "", "do", "join"), 422)
		ref := regexp.MustCompile(`name="ref" value="([^"]{26})"`).FindStringSubmatch(page)[1]
		press := func(name string) answer { return d.submit(t, d.link, "", "ref", ref, "name", name, "do", "join") }
		var twice [2]answer
		var running sync.WaitGroup
		for i := range twice {
			running.Go(func() { twice[i] = press("Kim") })
		}
		running.Wait()
		one, two, again := d.joined(t, twice[0]), d.joined(t, twice[1]), d.joined(t, press("Kim Lee"))
		if one != two || one != again {
			t.Error("they are several")
		}
		d.checkInside(t, "Kim")
		checkPage(t, d.submit(t, d.link, "", "ref", strings.Repeat("x", 26), "name", "Lee", "do", "join"), 410, "This invitation is used up")
	})
}

// TestF7WhoIsInStaysWhoTheyAre: a link that somebody follows who is in the session already, the customer or a specialist by
// another invitation, leads them back to it. A browser has one cookie for a session: another attendee's would put them out.
func TestF7WhoIsInStaysWhoTheyAre(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		d := newDoor(t, x, `{"joins":1}`)
		kim := d.joined(t, d.submit(t, d.link, "", "name", "Kim", "do", "join"))
		_, other := d.another(t, "{}")
		for name, cookie := range map[string]string{"Jo Doe": x.cookie("ses"), "Kim": kim} {
			for link, left := range map[string]string{d.link: "used up", other: ""} {
				if page := x.send(t, "GET", link, "", "", headers{"Cookie": cookie}).text; !strings.Contains(page, "Go on as <bdi>"+name+"</bdi>") {
					t.Errorf("%s sees %s", name, page)
				}
				if got := d.joined(t, d.submit(t, link, cookie, "name", "Lee", "do", "join")); got != cookie {
					t.Errorf("%s is somebody else now, by a link %s", name, left)
				}
			}
		}
		d.checkInside(t, "Kim")
		if got := d.used(t); got != "0" {
			t.Errorf("%s joined by the other", got)
		}
		d.submit(t, "/s/"+x.saved["ses"]+"/leave", kim)
		d.joined(t, d.submit(t, other, kim, "name", "Lee", "do", "join"))
		d.checkInside(t, "Lee")
	})
}

// TestF5F6F7ALinkSaysWhy it lets nobody in, for nobody can guess it.
func TestF5F6F7ALinkSaysWhy(t *testing.T) {
	over := func(name string, status int, says string, happens func(t *testing.T, d *door)) {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t, newServer(t), `{"joins":1}`)
			happens(t, d)
			d.page(t, d.link, status, says)
			checkPage(t, d.submit(t, d.link, "", "name", "Lee", "do", "join"), status, says)
		})
	}
	over("cancelled", 410, "This invitation was cancelled", func(t *testing.T, d *door) {
		cookie := d.joined(t, d.submit(t, d.link, "", "name", "Kim", "do", "join"))
		d.cancel(t)
		checkPage(t, d.send(t, "GET", d.link, "", "", headers{"Cookie": cookie}), 200, "Go on as <bdi>Kim</bdi>") // is in
		d.joined(t, d.submit(t, d.link, cookie, "do", "return"))
	})
	over("session over", 410, "This session is over", func(t *testing.T, d *door) { d.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"}) })
	over("used up", 410, "This invitation is used up", func(t *testing.T, d *door) {
		d.joined(t, d.submit(t, d.link, "", "name", "Kim", "do", "join"))
	})
	over("somebody was removed", 410, "This invitation is over", func(t *testing.T, d *door) {
		cookie := d.joined(t, d.submit(t, d.link, "", "name", "Kim", "do", "join"))
		d.seat(t, "kim", "ana", "ses", "Kim")
		d.do(t, call{as: "ana", do: "DELETE /v1/sessions/$ses/attendees/$kim", want: 204})
		checkPage(t, d.send(t, "GET", d.link, "", "", headers{"Cookie": cookie}), 410, "This invitation is over")
		checkPage(t, d.submit(t, d.link, cookie, "do", "return"), 410, "This invitation is over")
	})
	over("not now", 410, "Nobody can join at the moment", func(t *testing.T, d *door) { // ana has gone, so the session waits
		d.load(t, `portals: [{slug: main, name: Main, specialists: true, fallback_team: night}]`)
		d.do(t, call{as: "ana", do: "DELETE /v1/me/consoles/current?force=true", want: 204})
	})
	over("specialists are off", 410, "Nobody can join at the moment", func(t *testing.T, d *door) { d.load(t, `portals: [{slug: main, name: Main, specialists: false}]`) })
	for _, link := range []string{"nonsense", "AAAA", strings.Repeat("A", 43), "%00", "..%2f..", strings.Repeat("x", 3000)} {
		newDoor(t, newServer(t), "{}").page(t, "/join/"+link, 404, "This link leads nowhere", `href="/join"`)
	}
}

// TestF1FullAtTheMoment: the page says so, and keeps what was entered until a seat is free.
func TestF1FullAtTheMoment(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, "{}")
	var cookie string
	for _, name := range []string{"Kim", "Lee", "Max"} {
		cookie = d.joined(t, d.submit(t, d.link, "", "name", name, "do", "join"))
	}
	const full = "The session is full at the moment"
	d.page(t, d.link, 200, full, `name="name"`)
	checkPage(t, d.submit(t, d.link, "", "name", "Noa", "do", "join"), 409, full, `name="name" value="Noa"`)
	checkPage(t, d.submit(t, "/join", "", "code", d.code, "name", "Noa", "do", "join"), 409, full, `name="name" value="Noa"`, `value="`+d.code)
	d.joined(t, d.submit(t, d.link, cookie, "do", "return")) // has a seat
	x.do(t, call{do: "POST /v1/guest/leave", headers: headers{"Cookie": cookie, "Origin": x.url}})
	d.joined(t, d.submit(t, d.link, "", "name", "Noa", "do", "join"))
	checkPage(t, d.submit(t, d.link, cookie, "do", "return"), 409, full, "Go on as <bdi>Max</bdi>")
	d.checkInside(t, "Kim", "Lee", "Noa")
}

// TestF6HostileNames are text wherever they come, or refused with what was entered.
func TestF6HostileNames(t *testing.T) {
	for _, name := range []string{"\u202eeeL miK", "👩🏽‍🚒 Kim", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "Kim\u2069\u202e", strings.Repeat("é", desk.MaxName), "{{.Token}}"} {
		x := newServer(t)
		d := newDoor(t, x, `{"comment":"\u202e<script>`+strings.Repeat("W", desk.MaxComment-9)+`"}`)
		page := checkPage(t, d.submit(t, d.link, "", "name", name), 200)
		if strings.Contains(page, "<img") {
			t.Errorf("markup: %s", page)
		}
		cookie := d.joined(t, d.submit(t, d.link, "", "name", name, "do", "join"))
		d.checkInside(t, name)
		for path, says := range map[string]string{d.link: "Go on as <bdi>", "/s/" + x.saved["ses"]: "Specialist"} {
			page := x.send(t, "GET", path, "", "", headers{"Cookie": cookie}).text
			if shown := html.UnescapeString(page); !strings.Contains(page, says) || !strings.Contains(shown, name) || strings.Contains(page, "<img") || strings.Contains(page, "<script>") {
				t.Errorf("%s: %s", path, page)
			}
		}
	}
	d := newDoor(t, newServer(t), `{"comment":"\u202e<b>Kim</b>\r\nBcc: x"}`)
	email := d.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/specialist-invitations"}).at("items.0.email.text")
	if !strings.Contains(email, "<b>Kim</b>") || strings.Contains(email, "&lt;") {
		t.Errorf("the email says %q", email)
	}
	for name, says := range map[string]string{"": "Enter your name", " \t ": "Enter your name", "\u202e\u200f": "Enter your name", strings.Repeat("x", desk.MaxName+1): "at most 200 characters",
		"Kim\nLee": "characters that it cannot have", "Kim\x00": "characters that it cannot have", "Kim\xff": "characters that it cannot have"} {
		page := checkPage(t, d.submit(t, d.link, "", "name", name, "do", "join"), 422, says, `href="#name"`, `aria-invalid="true"`, "<bdi>Ana</bdi>")
		if kept := `value="` + strings.Repeat("x", desk.MaxName+1); strings.HasPrefix(name, "xx") && !strings.Contains(page, kept) {
			t.Errorf("what was entered is gone: %s", page)
		}
	}
	checkPage(t, d.submit(t, "/join", "", "code", d.code, "name", "", "do", "join"), 422, "Enter your name", `value="`+d.code)
	d.checkInside(t)
}

// TestF6BothEngines: the page on each.
func TestF6BothEngines(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		d := newDoor(t, x, "{}")
		cookie := d.joined(t, d.submit(t, d.link, "", "name", "Kim", "do", "join"))
		checkPage(t, d.send(t, "GET", d.link, "", "", headers{"Cookie": cookie}), 200, "Go on as <bdi>Kim</bdi>")
		d.joined(t, d.submit(t, "/join", cookie, "code", d.code, "do", "return"))
		d.checkInside(t, "Kim")
	})
}
