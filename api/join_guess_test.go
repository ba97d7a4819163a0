package api_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/api"
)

// TestE6ACodeSaysNothing of why it lets nobody in: one page for all that are wrong, whether one looks or joins.
func TestE6ACodeSaysNothing(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, `{"joins":1}`)
	usedUp := d.code
	d.joined(t, d.submit(t, "/join", "", "code", usedUp, "name", "Kim", "do", "join"))
	cancelled, _ := d.another(t, "{}")
	d.cancel(t)
	ended, _ := d.another(t, "{}")
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
	var first string
	for _, code := range []string{"000000000", usedUp, cancelled, ended} {
		for _, more := range [][]string{nil, {"do", "join", "name", "Lee"}, {"do", "return"}} {
			page := strings.ReplaceAll(checkPage(t, d.submit(t, "/join", "", append([]string{"code", code}, more...)...), 410, "This code lets nobody in", `value="`+code, `aria-invalid="true"`), code, "CODE")
			if first == "" {
				first = page
			}
			if page != first {
				t.Errorf("%s %v: %s", code, more, page)
			}
		}
	}
	for _, code := range []string{"", " ", "12345678", "1234567890", "12345678x", "<b>\x00\xff", "482 913 057 6"} {
		checkPage(t, d.submit(t, "/join", "", "code", code, "do", "join", "name", "Lee"), 422, "The code has nine digits", `aria-invalid="true"`)
	}
}

// TestE6GuessingByThePage counts like guessing by the operation: the address is blocked by both together, and for both. Links of
// ours are no guesses, whatever became of them.
func TestE6GuessingByThePage(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, "{}")
	y := restarted(t, x.store, x.clock, strict(api.RateLimits{}))
	y.http.CheckRedirect = x.http.CheckRedirect
	y.saved = x.saved
	guess := func(address, path, form string) answer {
		return y.post(t, path, form, headers{"X-Forwarded-For": address})
	}
	for range 5 {
		checkPage(t, guess("192.0.2.1", "/join", "code=000000000"), 410)
		y.do(t, from("192.0.2.1", call{do: "POST /v1/public/join/look-up", body: `{"code":"000000000"}`, want: 410, code: "code_not_valid"}))
	}
	for range 10 {
		checkPage(t, guess("192.0.2.2", "/join", "code=12345"), 422)                // tries nothing
		checkPage(t, guess("192.0.2.2", "/join/nonsense", "do=join&name=Kim"), 404) // nobody guesses a link
	}
	a := guess("192.0.2.1", "/join", "code="+d.code)
	checkPage(t, a, 429, "Too many wrong codes", "10 minutes")
	if a.header.Get("Retry-After") != "600" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	y.do(t, from("192.0.2.1", call{do: "POST /v1/public/join/look-up", body: `{"code":"` + d.code + `"}`, want: 429, code: "too_many_attempts"}))
	checkPage(t, y.send(t, "GET", d.link, "", "", headers{"X-Forwarded-For": "192.0.2.1"}), 200, "<bdi>Ana</bdi>") // and a link is as good as ever
	checkPage(t, guess("192.0.2.2", "/join", "code="+d.code), 200, "<bdi>Ana</bdi>")
	d.cancel(t)
	for range 20 {
		checkPage(t, y.send(t, "GET", d.link, "", "", headers{"X-Forwarded-For": "192.0.2.4"}), 410, "cancelled")
	}
}

// TestE6SoManyJoinsAMinute: the page's requests count with the operations'.
func TestE6SoManyJoinsAMinute(t *testing.T) {
	x := newServer(t)
	d := newDoor(t, x, "{}")
	y := restarted(t, x.store, x.clock, strict(api.RateLimits{EntersAMinute: 2}))
	y.http.CheckRedirect = x.http.CheckRedirect
	for operation, form := range map[string]string{"/look-up": `{"code":"` + d.code + `"}`, "": `{"code":"` + d.code + `","name":"Lee"}`} {
		page := "code=" + d.code
		if operation == "" {
			page += "&name=Kim&do=join"
		}
		by := func() int { return y.send(t, "POST", "/v1/public/join"+operation, "", form, nil).status }
		if got := []int{y.post(t, "/join", page, nil).status, by(), y.post(t, "/join", page, nil).status, by()}; got[0] >= 400 || got[1] >= 400 || got[2] != 429 || got[3] != 429 {
			t.Errorf("%s: %v", page, got)
		}
	}
	checkPage(t, y.post(t, "/join", "code="+d.code, nil), 429, "Too many requests")
}
