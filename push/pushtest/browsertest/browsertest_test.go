package browsertest

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// page has what these tests look for and act on. Its policy is that of real pages.
const page = `<!doctype html><html lang="en"><title>A page</title><main>
<h1>Join</h1><p id="said">Hello %s</p>
<form action="/next" method="post">
<label for="name">Your name</label> <input id="name" name="name" value="old">
<label>Message <textarea name="message"></textarea></label>
<label>Issue <select name="issue"><option>Choose<option>Paper jam<option>Till</select></label>
<label><input type="checkbox" name="agreed"> I agree</label>
<button>Go on</button> <button disabled>Not yet</button> <button hidden>Never</button>
</form>
<button id="greet">Greet</button> <button>Twice</button> <button>Twice</button>
</main><script src="/page.js"></script>`

const script = `
for (const event of ["keydown", "input"]) document.getElementById("name").addEventListener(event, (e) => document.body.dataset[event] = e.isTrusted);
document.getElementById("greet").addEventListener("click", (e) => setTimeout(() => document.getElementById("said").textContent = "Good day, trusted: " + e.isTrusted, 50));`

func serve(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'")
		switch r.URL.Path {
		case "/page.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, script)
		case "/next":
			fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Next</title><p>%s, %s, %s, %s</p>`, html.EscapeString(r.PostFormValue("name")), r.PostFormValue("message"), r.PostFormValue("issue"), r.PostFormValue("agreed"))
		case "/":
			if _, err := r.Cookie("seat"); err != nil {
				http.SetCookie(w, &http.Cookie{Name: "seat", Value: "1"})
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, body, r.Header.Get("Accept-Language")+" "+r.Header.Get("Cookie"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

var desktop = Look{Width: Desktop}

func TestActingAsPeopleDo(t *testing.T) {
	chromium := New(t)
	p := chromium.Open(t, serve(t, page), desktop)
	p.Fill("Your name", "Zoë 漢 👩‍🔧 <b>")
	p.Fill("Message", "It jams")
	p.Fill("Issue", "Paper jam")
	p.Click("I agree")
	if got := p.ask("look", `document.body.dataset.keydown + " " + document.body.dataset.input`); got != "true true" {
		t.Errorf("real events: %s", got)
	}
	p.Click("Greet")
	p.Until("Good day,  trusted: true")
	p.Gone("Hello")
	p.Press("Go on")
	if got := p.Text(); !strings.Contains(got, "Zoë 漢 👩‍🔧 <b>, It jams, Paper jam, on") || !strings.HasSuffix(p.URL(), "/next") {
		t.Errorf("sent: %s to %s", got, p.URL())
	}
	if wrong := p.Complaints(); len(wrong) > 0 {
		t.Errorf("complaints: %q", wrong)
	}
}

func TestTheKeyboardAlone(t *testing.T) {
	p := New(t).Open(t, serve(t, page), desktop)
	if got := p.Focused(); got != "" {
		t.Errorf("at first %q has the focus", got)
	}
	p.Tab(2)
	p.Tab(-1)
	if got := p.Focused(); got != "Your name" {
		t.Errorf("%q has the focus", got)
	}
	p.Keys("Rosa")
	p.Tab(1)
	p.Keys("Hi")
	p.Tab(3)
	if got := p.Focused(); got != "Go on" {
		t.Errorf("%q has the focus", got)
	}
	p.Keys(Enter)
	p.Until("Rosa, Hi, Choose,")
}

func TestWhatCannotBeUsedIsNotFound(t *testing.T) {
	chromium := New(t)
	p := chromium.Open(t, serve(t, page), desktop)
	for name, want := range map[string]int{"Greet": 1, "Twice": 2, "Not yet": 0, "Never": 0, "Join": 0, "Your name": 0} {
		found, err := chromiumFinds(p, name, false)
		if err != nil || found != want {
			t.Errorf("%s: %d to click on, want %d, %v", name, found, want, err)
		}
	}
	if found, err := chromiumFinds(p, "Your name", true); err != nil || found != 1 {
		t.Errorf("%d fields, %v", found, err)
	}
}

func TestLanguageAndPagesWithoutScripts(t *testing.T) {
	p := New(t).Open(t, serve(t, page), Look{Width: Phone, Language: "de-AT,en", NoScript: true})
	if got := p.Text(); !strings.Contains(got, "de-AT,en;q=0.9") || p.ask("look", `navigator.language`) != "de-AT" {
		t.Errorf("it asks in: %s", got)
	}
	p.Click("Greet")
	p.Fill("Your name", "Ana")
	p.Until("Hello")
	p.Press("Go on")
	p.Until("Ana, , Choose,")
	if got := p.ask("look", `document.body.dataset.keydown || "none"`); got != "none" {
		t.Errorf("scripts ran: %s", got)
	}
}

func TestCookiesOfTabsAndOfOthers(t *testing.T) {
	chromium, address := New(t), serve(t, page)
	other := chromium.Private(t)
	for i, tt := range []struct {
		browser *Browser
		want    bool
	}{{chromium, false}, {chromium, true}, {other, false}, {other, true}, {chromium.Private(t), false}} {
		if got := strings.Contains(tt.browser.Open(t, address, desktop).Text(), "seat=1"); got != tt.want {
			t.Errorf("%d: has the cookie: %v", i, got)
		}
	}
}

func TestComplaints(t *testing.T) {
	p := New(t).Open(t, serve(t, `<!doctype html><html lang="en"><title>Bad</title><p>Hello %s</p><p style="color: red">Red</p>
<script>document.title = "no"</script><script src="https://example.invalid/x.js"></script><script src="/missing.js"></script>`), desktop)
	p.ask("complain", `setTimeout(() => { throw new Error("uncaught") }); console.error("said", 1); console.log("fine"); ""`)
	p.ask("be refused", `fetch("/refused").then(() => document.body.append("answered")); ""`)
	p.Until("answered")
	got := p.Complaints()
	for _, want := range []string{"inline style", "inline script", "example.invalid", "404 (Not Found) http", "not executable", "uncaught", "error: said 1"} {
		if !slices.ContainsFunc(got, func(c string) bool { return strings.Contains(c, want) }) {
			t.Errorf("nothing about %s", want)
		}
	}
	if len(got) != 7 {
		t.Errorf("%d: %q", len(got), got)
	}
}

func TestAccessible(t *testing.T) {
	chromium := New(t)
	good := chromium.Open(t, serve(t, page), desktop)
	good.Accessible()
	if _, err := axe(); err != nil {
		t.Skipf("axe-core is not to be had here, so nobody sees that it finds what is wrong; in CI that fails: %v", err)
	}
	bad := chromium.Open(t, serve(t, `<!doctype html><html><title>Bad</title><main><h1>Hello %s</h1><input><img src="data:,"><button></button></main>`), desktop)
	var found []string
	for _, v := range bad.violations() {
		found = append(found, v.ID+" "+v.Impact)
	}
	for _, want := range []string{"html-has-lang serious", "label critical", "image-alt critical", "button-name critical"} {
		if !slices.Contains(found, want) {
			t.Errorf("no %s: %q", want, found)
		}
	}
	if wrong := good.Complaints(); len(wrong) > 0 {
		t.Errorf("looking made complaints: %q", wrong)
	}
}

func chromiumFinds(p *Page, name string, field bool) (int, error) {
	found, err := chromedp.Run(p.ctx, called(name, field))
	return len(found), err
}
