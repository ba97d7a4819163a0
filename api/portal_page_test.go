package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/api"
)

const entrances = `
portals:
  - {slug: main, name: "Main & <b>Co</b>", unavailable_url: "https://help.example.com/later"}
  - {slug: shop, name: Shop, modes: [web]}
  - {slug: box, name: Box, modes: [phone]}
  - {slug: line, name: Line, modes: [web, queue]}
  - {slug: shut, name: Shut, modes: []}
  - {slug: closed, name: Closed, disabled: true}
support_buttons:
  - {slug: till, name: "Till <7>", icon: "https://img.example:8443/till.png?x=1&y", code: 22222222AAAAAAAA, portal: shop, rep: ana}
  - {slug: gone, name: Withdrawn till, code: 33333333AAAAAAAA, team: printers, disabled: true}
help_links:
  - {slug: basket, name: Basket, icon: basket, code: 55555555AAAAAAAA, team: printers, issue: paper-jam}
`

// newEntrance is a desk with entrances, where ana is there and shown, ben and cho are there and not shown, and nobody is of
// the team of networks. Redirects are not followed.
func newEntrance(t *testing.T, options ...func(*api.Config)) *server {
	t.Helper()
	s, clock := openReady(t)
	x := restarted(t, s, clock, options...)
	x.load(t, entrances)
	x.logInAll(t, "ana", "ben", "cho")
	x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"show_on_public_page":true}`})
	x.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return x
}

// form is what an entrance's form sends: names and values by turns.
func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// entrance checks what holds of every page of an entrance, and that texts stand in it or do not.
func entrance(t *testing.T, a answer, status int, has, hasNot []string) {
	t.Helper()
	checkIsPage(t, a, status)
	if a.header.Get("Set-Cookie") != "" {
		t.Errorf("a cookie: %s", a.header.Get("Set-Cookie"))
	}
	for _, text := range has {
		if !strings.Contains(a.text, text) {
			t.Errorf("without %q: %s", text, a.text)
		}
	}
	for _, text := range append(hasNot, "Ruiz", "Okafor", "Cho Min", "@example.com", "Printers", " style=", "ZgotmplZ") {
		if strings.Contains(a.text, text) {
			t.Errorf("with %q: %s", text, a.text)
		}
	}
	if inline := regexp.MustCompile(`<script[^>]*>[^<]|<[^>]*\son[a-z]+=`).FindString(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(a.text, "")); inline != "" {
		t.Errorf("a script in it: %q", inline)
	}
}

// letIn checks that a form let a customer in, and saves the session's id and the customer's token.
func (x *server) letIn(t *testing.T, a answer) {
	t.Helper()
	session, ok := strings.CutPrefix(a.header.Get("Location"), "/s/ses_")
	if a.status != http.StatusSeeOther || !ok || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v: %s", a.status, a.header, a.text)
	}
	name, value, _ := strings.Cut(strings.Split(a.header.Get("Set-Cookie"), ";")[0], "=")
	if !strings.HasSuffix(name, "guest-ses_"+session) || !strings.HasPrefix(value, "rdg_") || strings.Contains(a.text+a.header.Get("Location"), value) {
		t.Fatalf("cookie %s: %s", a.header.Get("Set-Cookie"), a.text)
	}
	x.saved["ses"], x.saved["token"] = "ses_"+session, value
	x.guestOf("token")
}

const (
	codeBox  = `name="code"`
	repForm  = `value="rep"`
	listForm = `value="issue"`
	detail   = "<details"
)

// TestE2B18EntrancesByTheirModes: a portal's page offers what its modes say, reps who are shown by their public names, and
// issues, with those that nobody is there for marked; without a portal there are only keys and codes.
func TestE2B18EntrancesByTheirModes(t *testing.T) {
	x := newEntrance(t)
	for path, want := range map[string]struct {
		status      int
		has, hasNot []string
	}{
		"/p/main": {200, []string{"Main &amp; &lt;b&gt;Co&lt;/b&gt;", codeBox, repForm, listForm, detail, "<bdi>Ana</bdi>", "<bdi>Paper jam</bdi></span>", "<bdi>VPN</bdi> <span class=\"muted\">(nobody is available right now)"}, []string{"<b>Co", "Ben", "help.example.com"}},
		"/p/shop": {200, []string{"Shop", repForm, "Ana"}, []string{codeBox, listForm, detail, "Paper jam"}},
		"/p/box":  {200, []string{"Box", codeBox}, []string{repForm, listForm, detail, "Ana"}},
		"/p/line": {200, []string{"Line", repForm, listForm, detail}, []string{codeBox}},
		"/p/shut": {200, []string{"Shut", "closed at the moment"}, []string{"<form"}},
		"/p/":     {200, []string{"Get help", codeBox}, []string{repForm, listForm, "Ana", "Paper jam"}},

		"/p/closed": {404, []string{"does not exist"}, []string{"<form", "Closed"}},
		"/p/none":   {404, []string{"does not exist"}, []string{"<form"}},
		"/p/@main":  {404, []string{"does not exist"}, []string{"<form"}},
		"/p/%00":    {404, []string{"does not exist"}, []string{"<form"}},
		"/p/%ff":    {404, []string{"does not exist"}, []string{"<form"}},
	} {
		t.Run(path, func(t *testing.T) {
			entrance(t, x.send(t, "GET", path, "", "", nil), want.status, want.has, want.hasNot)
		})
	}
}

// TestE1E2E3E4EntrancesLeadIn: each way in leads where it should, with what the customer wrote, in the page's language.
func TestE1E2E3E4EntrancesLeadIn(t *testing.T) {
	x := newEntrance(t)
	x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=key"})
	x.do(t, call{as: "ana", do: "GET /v1/issues", save: "issue=items.0.id"})
	x.do(t, call{as: "ana", do: "GET /v1/teams", save: "team=items.0.id"})
	who := []string{"name", "Jo Doe", "company", "Doe Ltd", "details", "The tray\r\njams"}
	page := []string{"page_url", "https://shop.example.com/basket?a=1", "page_title", "Your <basket>"}
	key := strings.ToLower(x.saved["key"][:3]) + "- " + x.saved["key"][3:]
	for _, c := range []struct {
		name, path     string
		fields         []string
		queue, cameBy  string
		portal, others string
	}{
		{"an issue", "/p/main", []string{"way", "issue", "choice", "@paper-jam"}, "@printers", "issue", "Main", `"name":"Paper jam"`},
		{"a rep", "/p/shop", []string{"way", "rep", "choice", x.saved["ana"]}, "personal", "rep_chosen", "Shop", ""},
		{"a key", "/p/box", []string{"way", "code", "code", key}, "personal", "session_key", "", ""},
		{"a code in the box", "/p/", []string{"way", "code", "code", "2222-2222 aaaa AAAA"}, "personal", "support_button", "Shop", ""},
		{"a button, which no mode forbids", "/p/shop?button=22222222AAAAAAAA", []string{"way", "fixed"}, "personal", "support_button", "Shop", ""},
		{"a help link", "/p/?link=55555555AAAAAAAA", append(page, "way", "fixed"), "@printers", "help_link", "", `"page_url":"https://shop.example.com/basket?a=1","page_title":"Your <basket>"`},
		{"with an address that no rep could open", "/p/?link=55555555AAAAAAAA", []string{"way", "fixed", "page_url", "javascript:alert(1)"}, "@printers", "help_link", "", `"title":"[Browser] Jo Doe"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.letIn(t, x.post(t, c.path, form(append(c.fields, who...)...), headers{"Accept-Language": "de-AT"}))
			x.play(t,
				call{as: "ana", do: "GET /v1/queues/" + c.queue + "/entries", has: []string{`"session_id":"$ses"`, `"came_by":"` + c.cameBy + `"`}},
				call{as: "ana", do: "GET /v1/sessions/$ses", has: []string{`"name":"Jo Doe","company":"Doe Ltd","details":"The tray\njams","language":"de"`, c.portal, c.others}, hasNot: []string{"javascript:"}},
				call{name: "the cookie opens it", do: "GET /v1/guest/session", headers: headers{"Cookie": "guest-$ses=$token"}, has: []string{`"id":"$ses"`}})
		})
	}
}

// TestF4SpecialistsCodeAtTheEntrance: nine digits in the box are a specialist's, and go to the join page as they were
// entered; they take no turn of a customer's.
func TestF4SpecialistsCodeAtTheEntrance(t *testing.T) {
	x := newEntrance(t, func(cfg *api.Config) { cfg.Limits = api.RateLimits{EntersAMinute: 1} })
	for _, code := range []string{"123456789", "123 456 789", "123-456-789"} {
		if a := x.post(t, "/p/box", form("way", "code", "code", code, "name", ""), nil); a.status != http.StatusTemporaryRedirect || a.header.Get("Location") != "/join" {
			t.Errorf("%s: %d %v", code, a.status, a.header)
		}
	}
	entrance(t, x.post(t, "/p/box", form("way", "code", "code", "12345678", "name", "Jo"), nil), 410, []string{"lets nobody in"}, nil)
}

// TestE2MistakesAtTheEntrance: the same page says what is wrong, beside the field and at the top, and keeps what was written.
func TestE2MistakesAtTheEntrance(t *testing.T) {
	x := newEntrance(t)
	wrong := func(id string) string { return `aria-invalid="true" aria-describedby="` + id + `-error"` }
	top := func(id string) string {
		return `role="alert" tabindex="-1" autofocus>` + "\n" + `<p><a href="#` + id + `">`
	}
	kept := []string{`value="Doe &amp; Sons"`, ">The tray\njams</textarea>"}
	for name, c := range map[string]struct {
		path   string
		fields []string
		status int
		has    []string
	}{
		"without a name":          {"/p/main", []string{"way", "issue", "choice", "@paper-jam"}, 422, []string{top("issue-name"), wrong("issue-name"), "Enter your name"}},
		"a name of marks":         {"/p/main", []string{"way", "issue", "choice", "@paper-jam", "name", "\u202e \u200f"}, 422, []string{top("issue-name")}},
		"too long a name":         {"/p/main", []string{"way", "issue", "choice", "@paper-jam", "name", strings.Repeat("ü", 201)}, 422, []string{wrong("issue-name"), strings.Repeat("ü", 201)}},
		"no choice":               {"/p/main", []string{"way", "rep", "name", "Jo"}, 422, []string{top("rep-choice"), wrong("rep-choice"), `value="Jo"`}},
		"no code":                 {"/p/box", []string{"way", "code", "name", "Jo", "code", " "}, 422, []string{top("code-code"), `aria-describedby="code-code-hint code-code-error" aria-invalid="true"`}},
		"a wrong code":            {"/p/box", []string{"way", "code", "name", "Jo", "code", "3333333"}, 410, []string{top("code-code"), `value="3333333"`, "lets nobody in"}},
		"a rep who is not shown":  {"/p/main", []string{"way", "rep", "name", "Jo", "choice", "@ben"}, 404, []string{top("rep-choice"), "not offered any more"}},
		"an issue where none is":  {"/p/shop", []string{"way", "issue", "name", "Jo", "choice", "@vpn"}, 403, []string{"not offered here"}},
		"a code where no box is":  {"/p/shop", []string{"way", "code", "name", "Jo", "code", "22222222AAAAAAAA"}, 403, []string{"not offered here"}},
		"by a button, no name":    {"/p/?button=22222222AAAAAAAA", []string{"way", "fixed"}, 422, []string{top("fixed-name"), wrong("fixed-name"), `action="/p/?button=22222222AAAAAAAA"`}},
		"by a link, no name":      {"/p/?link=55555555AAAAAAAA", []string{"way", "fixed", "page_url", "https://shop.example.com/"}, 422, []string{top("fixed-name"), `name="page_url" value="https://shop.example.com/"`}},
		"an address of no page":   {"/p/?link=55555555AAAAAAAA", []string{"way", "fixed", "page_url", "javascript:alert(1)"}, 422, []string{`name="page_url" value=""`}},
		"in German":               {"/p/main", []string{"way", "issue", "choice", "@paper-jam", "lang", "de"}, 422, []string{`<html lang="de">`, "Geben Sie Ihren Namen ein", "Noch nicht gesendet: "}},
		"details over the bounds": {"/p/main", []string{"way", "issue", "choice", "@paper-jam", "name", "Jo", "more", strings.Repeat("😀", 1991)}, 422, []string{top("issue-details")}},
	} {
		t.Run(name, func(t *testing.T) {
			values, _ := url.ParseQuery(form(c.fields...))
			h := headers{"Accept-Language": values.Get("lang")}
			details := "The tray\r\njams" + values.Get("more")
			has := append(c.has, kept[0])
			if values.Get("more") == "" {
				has = append(has, kept[1])
			}
			entrance(t, x.post(t, c.path, form(append(c.fields, "company", "Doe & Sons", "details", details)...), h), c.status, has, []string{"javascript:"})
		})
	}
	for name, c := range map[string]struct {
		form   string
		h      headers
		status int
	}{
		"no way":              {form("way", "", "name", "Jo"), nil, 422},
		"from another site":   {form("way", "rep", "choice", "@ana", "name", "Jo"), headers{"Sec-Fetch-Site": "cross-site"}, 403},
		"from another host":   {form("way", "rep", "choice", "@ana", "name", "Jo"), headers{"Origin": "https://evil.example"}, 403},
		"not UTF-8":           {"way=rep&choice=@ana&name=%ff", nil, 400},
		"NUL":                 {"way=rep&choice=%00&name=Jo", nil, 400},
		"a flood":             {form("way", "rep", "choice", "@ana", "name", strings.Repeat("x", 70_000)), nil, 413},
		"badly percent-coded": {"way=%zz", nil, 413},
	} {
		t.Run(name, func(t *testing.T) { entrance(t, x.post(t, "/p/main", c.form, c.h), c.status, nil, []string{"Jo"}) })
	}
	x.do(t, call{as: "ana", do: "GET /v1/sessions", has: []string{`"items":[]`}})
}

// TestD11NobodyAtTheEntrance: the page says so at once, where to go instead, and keeps what was written.
func TestD11NobodyAtTheEntrance(t *testing.T) {
	x := newEntrance(t)
	elsewhere := `<a href="https://help.example.com/later">Find help here</a>`
	entrance(t, x.post(t, "/p/main", form("way", "issue", "choice", "@vpn", "name", "Jo Doe", "details", "No tunnel"), nil), 409,
		[]string{`role="alert"`, "Nobody is available right now. What you wrote is still here", elsewhere, `value="Jo Doe"`, ">No tunnel</textarea>"}, nil)
	for _, who := range []string{"ana", "ben", "cho"} {
		x.do(t, call{as: who, do: "DELETE /v1/me/consoles/current", want: 204})
	}
	entrance(t, x.send(t, "GET", "/p/main", "", "", nil), 200, []string{"Nobody is available right now.", elsewhere, listForm, codeBox}, []string{repForm, "closed"})
	entrance(t, x.send(t, "GET", "/p/shop", "", "", nil), 200, []string{"Nobody is available right now."}, []string{"<form", "closed"})
	entrance(t, x.post(t, "/p/?button=22222222AAAAAAAA", form("name", "Jo"), nil), 409, []string{"Nobody is available right now."}, []string{"Find help here"})
}

// TestE3E4CodesInTheAddress show their profile before anybody comes in; one that lets nobody in leads to a page that says so.
func TestE3E4CodesInTheAddress(t *testing.T) {
	x := newEntrance(t)
	button := x.send(t, "GET", "/p/shop?button=2222-2222-aaaa-aaaa", "", "", nil)
	entrance(t, button, 200, []string{"<bdi>Till &lt;7&gt;</bdi>", "<bdi>Shop</bdi>", `src="https://img.example:8443/till.png?x=1&amp;y" alt=""`, `referrerpolicy="no-referrer"`, `action="/p/shop?button=22222222AAAAAAAA"`},
		[]string{codeBox, repForm, "Ana", "page_url", "page.js"})
	if policy := button.header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' https://img.example:8443") || strings.Count(policy, "https://") != 1 {
		t.Errorf("policy %s", policy)
	}
	link := x.send(t, "GET", "/p/?link=55555555AAAAAAAA&page_url=https%3A%2F%2Fshop.example.com%2F%3Fa%3D1&page_title=%3Cb%3E", "", "", nil)
	entrance(t, link, 200, []string{"<bdi>Basket</bdi>", `<bdi data-page-title>&lt;b&gt;</bdi><br><bdi data-page-url>https://shop.example.com/?a=1</bdi>`, `name="page_url" value="https://shop.example.com/?a=1"`, "page.js"}, []string{"<img", "<b>", "data-page hidden"})
	if policy := link.header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self'") || strings.Contains(policy, "http") {
		t.Errorf("policy %s", policy)
	}
	entrance(t, x.send(t, "GET", "/p/?link=55555555AAAAAAAA&page_url=javascript:alert(1)&page_title=x", "", "", nil), 200, []string{"data-page hidden"}, []string{"javascript:"})
	for _, path := range []string{"/p/?button=33333333AAAAAAAA", "/p/shop?button=55555555AAAAAAAA", "/p/?link=22222222AAAAAAAA", "/p/?button=%00", "/p/?button=%ff", "/p/?link=x"} {
		for _, a := range []answer{x.send(t, "GET", path, "", "", nil), x.post(t, path, form("name", "Jo"), nil)} {
			entrance(t, a, 410, []string{"This link is not valid", "Other ways to get help"}, []string{"<form", "Withdrawn till", "<img"})
		}
	}
	entrance(t, x.send(t, "GET", "/p/none?button=22222222AAAAAAAA", "", "", nil), 404, nil, []string{"Till"})
	for icon, want := range map[string]string{"http://img.example/a.png": "", "https://user@img.example/a.png": "", "https://img.example;script-src*/a.png": "", "//img.example/a.png": "", "javascript:alert(1)": "", "bell": "", "": "",
		"https://img.example/a;b.png": "https://img.example"} {
		x.load(t, `support_buttons: [{slug: till, name: Till, icon: "`+icon+`", rep: ana}]`)
		a := x.send(t, "GET", "/p/?button=22222222AAAAAAAA", "", "", nil)
		if policy := a.header.Get("Content-Security-Policy"); strings.Contains(a.text, "<img") != (want != "") || !strings.HasSuffix(policy, strings.TrimSpace("img-src 'self' "+want)) {
			t.Errorf("icon %q: %s: %s", icon, policy, a.text)
		}
	}
}

// TestE6LookingUsesNothing: scanners and previews ask for every address, and change nothing.
func TestE6LookingUsesNothing(t *testing.T) {
	x := newEntrance(t)
	x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201, save: "key=key"})
	for _, path := range []string{"/p/main", "/p/", "/p/?button=22222222AAAAAAAA", "/p/?link=55555555AAAAAAAA", "/p/box?way=code&name=Jo&code=" + x.saved["key"]} {
		for _, method := range []string{"GET", "HEAD"} {
			if a := x.send(t, method, path, "", "", nil); a.status != 200 || a.header.Get("Set-Cookie") != "" || strings.Contains(a.text, x.saved["key"]) {
				t.Errorf("%s %s: %d %v", method, path, a.status, a.header)
			}
		}
	}
	x.do(t, call{as: "ana", do: "GET /v1/sessions", has: []string{`"items":[]`}})
	x.letIn(t, x.post(t, "/p/box", form("way", "code", "name", "Jo", "code", x.saved["key"]), nil))
}

// TestE6GuessingAtTheEntrance: wrong codes count together, whether they come by the page's form, in its address or by the
// operation; a blocked address is told so on a page, for right ones too. So do turns.
func TestE6GuessingAtTheEntrance(t *testing.T) {
	x := newEntrance(t, strict(api.RateLimits{WrongCodes: 3}))
	at := func(address string) headers { return headers{"X-Forwarded-For": address} }
	guess := form("way", "code", "name", "Jo", "code", "3333333")
	entrance(t, x.post(t, "/p/box", guess, at("192.0.2.1")), 410, nil, nil)
	entrance(t, x.send(t, "GET", "/p/?link=22222222AAAAAAAB", "", "", at("192.0.2.1")), 410, nil, nil)
	x.do(t, from("192.0.2.1", call{do: "POST /v1/public/sessions", body: `{"session_key":"3333333","customer":{"name":"Jo"}}`, want: 410, code: "code_not_valid"}))
	for _, a := range []answer{x.post(t, "/p/box", guess, at("192.0.2.1")), x.post(t, "/p/?button=22222222AAAAAAAA", form("name", "Jo"), at("192.0.2.1")),
		x.send(t, "GET", "/p/?button=22222222AAAAAAAA", "", "", at("192.0.2.1"))} {
		entrance(t, a, 429, []string{"Too many wrong codes", "Try again in 10 minutes."}, []string{"Till"})
		if a.header.Get("Retry-After") != "600" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
	}
	entrance(t, x.send(t, "GET", "/p/main", "", "", at("192.0.2.1")), 200, nil, nil)
	x.letIn(t, x.post(t, "/p/main", form("way", "rep", "choice", "@ana", "name", "Jo"), at("192.0.2.1")))

	y := newEntrance(t, strict(api.RateLimits{EntersAMinute: 2}))
	y.letIn(t, y.post(t, "/p/main", form("way", "rep", "choice", "@ana", "name", "Jo"), at("192.0.2.2")))
	y.do(t, from("192.0.2.2", call{do: "POST /v1/public/sessions", body: `{"portal_id":"@main","rep_id":"@ana","customer":{"name":"Jo"}}`, want: 201}))
	entrance(t, y.post(t, "/p/main", form("way", "rep", "choice", "@ana", "name", "Jo"), at("192.0.2.2")), 429, []string{"Too many requests"}, nil)
	y.letIn(t, y.post(t, "/p/main", form("way", "rep", "choice", "@ana", "name", "Jo"), at("192.0.2.3")))
}

// TestE6OtherSitesTryNothing: wrong codes that another site has its visitors' browsers ask for, as pictures or in frames, block
// nobody's address and count as nobody's turns; a link that somebody follows from there leads to the page.
func TestE6OtherSitesTryNothing(t *testing.T) {
	x := newEntrance(t, strict(api.RateLimits{WrongCodes: 2, ReadsAMinute: 5}))
	from := func(dest string) headers {
		return headers{"X-Forwarded-For": "192.0.2.1", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": dest}
	}
	for _, dest := range []string{"image", "iframe", "script", "empty", "object"} {
		for _, path := range []string{"/p/?button=22222222AAAAAAAB", "/p/main?link=wrong", "/join/wrong"} {
			if a := x.send(t, "GET", path, "", "", from(dest)); a.status != 403 {
				t.Errorf("%s as %s: %d", path, dest, a.status)
			}
		}
	}
	entrance(t, x.send(t, "GET", "/p/main", "", "", from("document")), 200, nil, nil)
	entrance(t, x.send(t, "GET", "/p/?button=22222222AAAAAAAB", "", "", from("document")), 410, nil, nil)
	x.letIn(t, x.post(t, "/p/box", form("way", "code", "name", "Jo", "code", "22222222AAAAAAAA"), headers{"X-Forwarded-For": "192.0.2.1"}))
}

// TestE6HostileNamesAtTheEntrance: whatever a customer writes is text, where it comes back and where reps see it.
func TestE6HostileNamesAtTheEntrance(t *testing.T) {
	x := newEntrance(t)
	for _, name := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "\u202eeoD oJ", "👩🏽‍🚒 Jo", `{{.Token}}`, `Jo\"'`} {
		x.letIn(t, x.post(t, "/p/main", form("way", "rep", "choice", "@ana", "name", name, "company", name, "details", name), nil))
		if seen := x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses"}); seen.at("customer.name") != name || seen.at("customer.company") != name || seen.at("customer.details") != name {
			t.Errorf("the rep sees %s", seen.text)
		}
		entrance(t, x.post(t, "/p/main", form("way", "issue", "choice", "@vpn", "name", name, "details", name+"</textarea><i>"), nil), 409, nil, []string{"<script>", "<img", "<i>"})
	}
}

// TestF7TheEntrancesCookie: no script reads it, no other site uses it, and on https no other host sets it.
func TestF7TheEntrancesCookie(t *testing.T) {
	x := newEntrance(t)
	y := newEntrance(t, func(cfg *api.Config) { cfg.PublicURL = "https://desk.example.com" })
	for cookie, a := range map[string]answer{
		`^guest-ses_\w+=rdg_[\w-]+; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict$`:                x.post(t, "/p/main", form("way", "rep", "choice", "@ana", "name", "Jo"), nil),
		`^__Host-guest-ses_\w+=rdg_[\w-]+; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Strict$`: y.post(t, "/p/main", form("way", "rep", "choice", "@ana", "name", "Jo"), headers{"Origin": "https://desk.example.com"}),
	} {
		if got := a.header.Get("Set-Cookie"); a.status != 303 || !regexp.MustCompile(cookie).MatchString(got) {
			t.Errorf("%d: cookie %s, want %s", a.status, got, cookie)
		}
	}
}

// TestE4TheHelpScript may be loaded by other people's pages, under one address for ever.
func TestE4TheHelpScript(t *testing.T) {
	x := newServer(t)
	a := x.send(t, "GET", "/assets/help.js", "", "", nil)
	if h := a.header; a.status != 200 || h.Get("Content-Type") != "text/javascript; charset=utf-8" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.Contains(h.Get("Cache-Control"), "max-age=3600") {
		t.Errorf("%d %v", a.status, h)
	}
}

// I5: what is pressed twice, or again because no answer came, starts one session; what is written otherwise, another.
func TestI5PressedTwiceAtTheEntrance(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		x.logInAll(t, "ben")
		page := x.send(t, "GET", "/p/main", "", "", nil).text
		ref := regexp.MustCompile(`name="ref" value="([^"]{26})"`).FindStringSubmatch(page)[1]
		press := func(name string) string {
			a := x.post(t, "/p/main", url.Values{"way": {"issue"}, "choice": {"@paper-jam"}, "name": {name}, "ref": {ref}}.Encode(), nil)
			if a.status != http.StatusSeeOther {
				t.Fatalf("%d: %s", a.status, a.text)
			}
			return a.header.Get("Location")
		}
		first := press("Jo")
		if again := press("Jo"); again != first {
			t.Errorf("pressed again: %s, at first %s", again, first)
		}
		if other := press("Kim"); other == first {
			t.Error("another customer is led to the first's session")
		}
		x.do(t, call{as: "ben", do: "GET /v1/queues", has: []string{`"waiting":2`}})
	})
}
