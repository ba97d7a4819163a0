package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// entrances are portals of different modes, and an issue that customers can choose in one of them and below it.
const entrances = `
portals:
  - {slug: page, name: Page, modes: [web, queue], unavailable_url: "https://help.example.com/later"}
  - {slug: below, name: Below, parent: page}
  - {slug: box, name: Box, modes: [phone]}
  - {slug: shop, name: Shop, modes: [web]}
`

// entrance puts a support button or help link into the data.
func (r rows) entrance(kind, code, target, id, more string) {
	r.t.Helper()
	r.run(`INSERT INTO entrances (id, kind, slug, name, code, portal_id, issue_id, priority, `+target+`) SELECT $1, $2, $3, $3, $5, COALESCE((SELECT id FROM portals WHERE slug = 'page'), ''),
		COALESCE((SELECT id FROM issues WHERE slug = 'paper-jam'), ''), 7, $4`, "btn_"+code, kind, code, id, desk.NormalCode(code))
	if more != "" {
		r.run(`UPDATE entrances SET `+more+` WHERE slug = $1`, code)
	}
}

// show has a rep shown on portals' pages.
func show(t *testing.T, d *storetest.Desk, c desk.Caller) {
	t.Helper()
	yes := true
	ok(t, try(d.UpdateMe(t.Context(), c, store.MeChange{ShowOnPublicPage: &yes}, nil)))
}

func TestE2ByAPortalsPage(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, entrances)
		ana, ben, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("dev")
		show(t, d, ana)
		data.run(`UPDATE issues SET portals = (SELECT '["' || id || '"]' FROM portals WHERE slug = 'page') WHERE slug = 'vpn'`)
		by := func(portal string, e store.Enter) func() error {
			e.PortalID, e.Customer = portal, jo
			return func() error { return try(d.Enter(t.Context(), e)) }
		}
		for what, c := range map[string]struct {
			portal string
			entry  store.Enter
			code   desk.Code
		}{
			"a rep without the mode web":           {"@box", store.Enter{RepID: ana.RepID}, desk.NotAllowed},
			"a rep who is not shown":               {"@page", store.Enter{RepID: ben.RepID}, desk.NotFound},
			"a rep who is not there":               {"@page", store.Enter{RepID: "@nobody"}, desk.NotFound},
			"an issue without the mode queue":      {"@shop", store.Enter{IssueID: "@paper-jam"}, desk.NotAllowed},
			"an issue without the mode web":        {"@box", store.Enter{IssueID: "@paper-jam"}, desk.NotAllowed},
			"an issue that is not there":           {"@page", store.Enter{IssueID: "@none"}, desk.NotFound},
			"an issue of another portal":           {"@main", store.Enter{IssueID: "@vpn"}, desk.NotFound},
			"a key without the mode phone":         {"@page", store.Enter{SessionKey: "3333333"}, desk.NotAllowed},
			"a code without the mode phone":        {"@page", store.Enter{ButtonCode: "none"}, desk.NotAllowed},
			"a portal that is not there":           {"@nowhere", store.Enter{RepID: ana.RepID}, desk.NotFound},
			"a rep without a portal":               {"", store.Enter{RepID: ana.RepID}, desk.ValidationFailed},
			"an issue without a portal":            {"", store.Enter{IssueID: "@vpn"}, desk.ValidationFailed},
			"nothing":                              {"@page", store.Enter{}, desk.OneTargetNeeded},
			"two ways":                             {"@page", store.Enter{RepID: ana.RepID, IssueID: "@paper-jam"}, desk.OneTargetNeeded},
			"a key and a code":                     {"@box", store.Enter{SessionKey: "3333333", LinkCode: "x"}, desk.OneTargetNeeded},
			"a page, and no page is shared":        {"@page", store.Enter{IssueID: "@paper-jam", Page: desk.Page{URL: "https://a.example"}}, desk.ValidationFailed},
			"a code that is not one":               {"@box", store.Enter{ButtonCode: "none"}, desk.CodeNotValid},
			"a help link, which no mode forbids":   {"@shop", store.Enter{LinkCode: "none"}, desk.CodeNotValid},
			"an issue of a team that is disabled":  {"@page", store.Enter{IssueID: "@firewall"}, desk.NotFound},
			"a rep by the name of one who is none": {"@page", store.Enter{RepID: "@ben"}, desk.NotFound},
		} {
			if strings.Contains(what, "team that is disabled") {
				data.run(`UPDATE teams SET disabled = 1 WHERE slug = 'network'`)
			}
			data.refuses(what, c.code, by(c.portal, c.entry))
			data.run(`UPDATE teams SET disabled = 0 WHERE slug = 'network'`)
		}
		same(t, "nobody was told", watch(t, d, ana).told())

		chosen := must(d.Enter(t.Context(), store.Enter{PortalID: "@page", RepID: ana.RepID, Customer: jo}))
		asked := must(d.Enter(t.Context(), store.Enter{PortalID: "@below", IssueID: "@vpn", Customer: jo})) // what the portal above it offers
		for id, want := range map[string]string{chosen.Session.ID: "rep_chosen", asked.Session.ID: "issue"} {
			if by := data.column(`SELECT came_by FROM sessions WHERE id = $1`, id); by != want {
				t.Errorf("it came by %s, not %s", by, want)
			}
		}
		if chosen.Session.Portal.Name != "Page" || asked.Session.Portal.Name != "Below" || asked.Session.Issue.Name != "VPN" {
			t.Errorf("sessions %+v, %+v", chosen.Session, asked.Session)
		}
		take(t, d, ana, chosen.Session)
		take(t, d, dev, asked.Session)
		if page := must(d.PublicPortal(t.Context(), "@main")); len(page.Issues) != 3 {
			t.Errorf("issues of main: %+v", page.Issues)
		}
		if page := must(d.PublicPortal(t.Context(), "@below")); len(page.Issues) != 4 {
			t.Errorf("issues of below: %+v", page.Issues)
		}
	})
}

func TestE3E4ByButtonsAndLinks(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, entrances)
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		team := data.column(`SELECT id FROM teams WHERE slug = 'printers'`)
		data.entrance("support_button", "button-team", "team_id", team, "")
		data.entrance("help_link", "link-rep", "rep_id", ana.RepID, "issue_id = ''")
		data.entrance("support_button", "withdrawn", "team_id", team, "disabled = 1")
		data.entrance("support_button", "of a rep who is gone", "rep_id", data.column(`SELECT id FROM reps WHERE username = 'eli'`), "")
		importYAML(t, d, "reps: [{username: eli, name: Eli Stone, disabled: true}]")
		for what, e := range map[string]store.Enter{
			"wrong": {ButtonCode: "x"}, "withdrawn": {ButtonCode: "withdrawn"}, "of a disabled rep": {ButtonCode: "of a rep who is gone"},
			"a link as a button": {ButtonCode: "link-rep"}, "a button as a link": {LinkCode: "button-team"}, "a key as a button": {ButtonCode: sessionKey(t, d, ana, "").Key},
		} {
			e.Customer = jo
			if p := data.refuses(what, desk.CodeNotValid, func() error { return try(d.Enter(t.Context(), e)) }); p.Detail != "" || p.Conflict != nil {
				t.Errorf("%s: the refusal says %+v", what, p)
			}
		}
		button := must(d.Enter(t.Context(), store.Enter{ButtonCode: "button-team", Customer: jo})).Session
		page := desk.Page{URL: "https://shop.example.com/basket?x=1", Title: "Your basket"}
		link := must(d.Enter(t.Context(), store.Enter{LinkCode: "link-rep", Customer: jo, Page: page})).Session
		if button.Kind != desk.KindSupport || button.Issue.Name != "Paper jam" || button.Portal.Name != "Page" || button.Priority != 0 {
			t.Errorf("by the button: %+v", button)
		}
		if link.Kind != desk.KindBrowser || link.Title != "[Browser] Jo Doe" || link.PageURL != page.URL || link.PageTitle != page.Title {
			t.Errorf("by the link: %+v", link)
		}
		if seen := must(d.Session(t.Context(), ben, button.ID)); seen.Priority != 7 || seen.Team.Name != "Printers" {
			t.Errorf("a rep of the team sees %+v", seen)
		}
		if seen := must(d.Session(t.Context(), ana, link.ID)); seen.PageURL != page.URL || seen.PageTitle != page.Title {
			t.Errorf("the rep sees %+v", seen)
		}
		same(t, "came by", []string{data.column(`SELECT came_by FROM sessions WHERE id = $1`, button.ID), data.column(`SELECT came_by FROM sessions WHERE id = $1`, link.ID)}, "support_button", "help_link")
		for range 3 { // fixed: each can be used again and again
			ok(t, try(d.Enter(t.Context(), store.Enter{ButtonCode: "button-team", Customer: jo})))
		}
	})
}

// The customer's script keeps the page current; nobody else does.
func TestE4ThePageIsKeptCurrent(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		data.entrance("help_link", "link", "rep_id", ana.RepID, "")
		entered := must(d.Enter(t.Context(), store.Enter{LinkCode: "link", Customer: jo, Page: desk.Page{URL: "https://shop.example.com/", Title: "Shop"}}))
		g := must(d.AuthenticateGuest(t.Context(), entered.Token))
		take(t, d, ana, entered.Session)
		reps, guests := watch(t, d, ana), watchGuest(t, d, g)
		url, title := "https://shop.example.com/basket", "Your basket"
		before := must(d.GuestSession(t.Context(), g))
		now := must(d.UpdateGuestSession(t.Context(), g, store.PageChange{URL: &url}))
		if now.PageURL != url || now.PageTitle != "Shop" || now.Rev != before.Rev+1 {
			t.Errorf("now %+v", now)
		}
		same(t, "reps are told", reps.told(), "session.changed page")
		same(t, "the guest is told", guests.told(), "session.changed page")
		if again := must(d.UpdateGuestSession(t.Context(), g, store.PageChange{URL: &url})); again.Rev != now.Rev {
			t.Errorf("the same again: %+v", again)
		}
		ok(t, try(d.UpdateGuestSession(t.Context(), g, store.PageChange{})))
		same(t, "the same again", reps.told())
		ok(t, try(d.UpdateGuestSession(t.Context(), g, store.PageChange{Title: &title})))
		if seen := must(d.Session(t.Context(), ana, entered.Session.ID)); seen.PageURL != url || seen.PageTitle != title {
			t.Errorf("ana sees %+v", seen)
		}
		script := "javascript:alert(1)"
		data.refuses("a script as an address", desk.ValidationFailed, func() error { return try(d.UpdateGuestSession(t.Context(), g, store.PageChange{URL: &script})) })
		outsider := data.specialist(entered.Session, "Sam", clock.Now())
		data.refuses("a specialist", desk.NotAllowed, func() error { return try(d.UpdateGuestSession(t.Context(), outsider, store.PageChange{URL: &url})) })
		_, other := d.OpenSessionWithGuest(ana, "")
		data.refuses("where no page is shared", desk.NotAllowed, func() error { return try(d.UpdateGuestSession(t.Context(), other, store.PageChange{URL: &url})) })
		ok(t, try(d.EndSession(t.Context(), ana, entered.Session.ID, "")))
		data.refuses("after the end", desk.SessionNotActive, func() error { return try(d.UpdateGuestSession(t.Context(), g, store.PageChange{Title: &script})) })
	})
}

// E5: scripts have the same choices, and get the customer's way in.
func TestE5TheCustomersWayIn(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		page := desk.Page{URL: "https://shop.example.com/", Title: "Shop"}
		started := must(d.StartSession(t.Context(), ana, store.NewSession{PortalID: "@main", Kind: desk.KindBrowser, Page: page, Customer: jo}))
		if started.GuestURL != "/p/main#"+started.GuestToken || started.Session.PageURL != page.URL || started.Session.PageTitle != page.Title {
			t.Errorf("started %+v", started)
		}
		if without := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: desk.KindSupport, Customer: jo})); without.GuestURL != "/p/#"+without.GuestToken {
			t.Errorf("without a portal: %s", without.GuestURL)
		}
		data.refuses("a page, and no page is shared", desk.ValidationFailed, func() error {
			return try(d.StartSession(t.Context(), ana, store.NewSession{Kind: desk.KindSupport, Page: page, Customer: jo}))
		})
		data.refuses("nobody's own queue", desk.OneTargetNeeded, func() error {
			return try(d.StartSession(t.Context(), desk.Caller{}, store.NewSession{Kind: desk.KindSupport, Customer: jo}))
		})
	})
}

// Nobody waits where nobody comes; a key that was tried meanwhile still stands.
func TestD11NobodyIsAvailable(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, entrances+"issues: [{slug: any, title: Anything, team: night}]\n")
		ana := d.LogIn("ana")
		show(t, d, ana)
		key := sessionKey(t, d, ana, "@page")
		data.entrance("support_button", "button", "team_id", data.column(`SELECT id FROM teams WHERE slug = 'printers'`), "")
		data.entrance("help_link", "link", "rep_id", ana.RepID, "portal_id = ''")
		logOut(t, d, ana)
		cho := d.LogIn("dev") // of another team
		customers := map[string]struct {
			entry    store.Enter
			redirect string
		}{
			"a key":   {store.Enter{SessionKey: key.Key}, "https://help.example.com/later"},
			"a rep":   {store.Enter{PortalID: "@page", RepID: ana.RepID}, "https://help.example.com/later"},
			"a team":  {store.Enter{PortalID: "@below", IssueID: "@paper-jam"}, "https://help.example.com/later"},
			"nowhere": {store.Enter{PortalID: "@main", IssueID: "@paper-jam"}, ""},
			"button":  {store.Enter{ButtonCode: "button"}, "https://help.example.com/later"},
			"link":    {store.Enter{LinkCode: "link"}, ""},
		}
		for what, c := range customers {
			c.entry.Customer = jo
			if p := data.refuses(what, desk.NoRepAvailable, func() error { return try(d.Enter(t.Context(), c.entry)) }); p.Redirect != c.redirect {
				t.Errorf("%s: sent to %q", what, p.Redirect)
			}
		}
		for what, in := range map[string]store.NewSession{"a rep": {RepID: "@ana"}, "a team": {TeamID: "@printers"}, "an issue": {IssueID: "@paper-jam"}} {
			in.Kind, in.Customer, in.PortalID = desk.KindSupport, jo, "@page"
			if p := data.refuses("a script, for "+what, desk.NoRepAvailable, func() error { return try(d.StartSession(t.Context(), cho, in)) }); p.Redirect == "" {
				t.Errorf("%s: the script is not told where to", what)
			}
		}
		page := must(d.PublicPortal(t.Context(), "@page"))
		available := []string{}
		for _, i := range page.Issues {
			available = append(available, fmt.Sprint(i.Name, " ", i.Available))
		}
		same(t, "issues", available, "Anything true", "Firewall true", "Internal true", "Paper jam false", "VPN true")
		if page.UnavailableURL != "https://help.example.com/later" || len(page.Reps) != 0 {
			t.Errorf("page %+v", page)
		}
		ok(t, try(d.Enter(t.Context(), store.Enter{PortalID: "@page", IssueID: "@any", Customer: jo}))) // a persistent team's
		d.LogIn("ana")
		for what, c := range customers {
			c.entry.Customer = jo
			if _, err := d.Enter(t.Context(), c.entry); err != nil {
				t.Errorf("%s, with ana logged in: %v", what, err)
			}
		}
		refusal(t, "the key is used up now", try(byKey(t, d, key.Key)), desk.CodeNotValid)
	})
}

// A rep who starts a session is there, for themself and their teams, even before their contact is written.
func TestD11WhoStartsItIsThere(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		clock.Advance(time.Hour) // the lease is over, and the request that comes now is not noted yet
		for what, in := range map[string]store.NewSession{"": {}, "their own": {RepID: "@ana"}, "their team": {TeamID: "@printers"}} {
			in.Kind, in.Customer = desk.KindSupport, jo
			if _, err := d.StartSession(t.Context(), ana, in); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		script := ana
		script.ConsoleID = ""                                                                             // acts as ana, and makes nobody logged in
		must(d.StartSession(t.Context(), script, store.NewSession{Kind: desk.KindSupport, Customer: jo})) // for themself: the script takes it
		refusal(t, "a script of theirs, for the team", try(d.StartSession(t.Context(), script, store.NewSession{Kind: desk.KindSupport, Customer: jo, TeamID: "@printers"})), desk.NoRepAvailable)
		refusal(t, "another team", try(d.StartSession(t.Context(), ana, store.NewSession{Kind: desk.KindSupport, Customer: jo, TeamID: "@network"})), desk.NoRepAvailable)
	})
}

// What customers call themselves is kept as it is, or refused; nothing of it breaks.
func TestE6WhatCustomersCallThemselves(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		d.LogIn("ana")
		enter := func(name string) (store.Entered, error) {
			return d.Enter(t.Context(), store.Enter{PortalID: "@main", IssueID: "@paper-jam", Customer: desk.Customer{Name: name}})
		}
		for _, name := range []string{"\u202eeoD oJ\u202c", "جو دو", "👩🏽‍🚒 Jo", "Zo\u0301e\u0323\u0302", " Jo ", "O'Neil; DROP TABLE sessions", "<b>Jo</b>", strings.Repeat("é", 200)} {
			entered := must(enter(name))
			g := must(d.AuthenticateGuest(t.Context(), entered.Token))
			if got := must(d.GuestSession(t.Context(), g)).Customer.Name; got != name {
				t.Errorf("%q became %q", name, got)
			}
		}
		for _, name := range []string{"", strings.Repeat(" ", 10_000), "\u202e\u200f", "Jo\x00", "Jo\nDoe", "\xff", strings.Repeat("é", 201)} {
			data.refuses(fmt.Sprintf("the name %.20q", name), desk.ValidationFailed, func() error { return try(enter(name)) })
		}
	})
}

// E3, E4, E6: before anybody comes in, a code shows its profile and nothing of where it leads; one that lets nobody in shows
// nothing.
func TestE3WhatACodeShows(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, entrances+`
support_buttons:
  - {slug: till, name: Till 7, icon: "https://img.example/till.png", code: 22222222AAAAAAAA, portal: page, rep: ana, issue: paper-jam}
  - {slug: gone, name: Gone, code: 33333333AAAAAAAA, team: printers, disabled: true}
  - {slug: closed, name: Closed, code: 44444444AAAAAAAA, portal: shop, team: printers}
help_links:
  - {slug: shop, name: Shop, icon: basket, code: 55555555AAAAAAAA, team: printers}
`)
		importYAML(t, d, `portals: [{slug: shop, name: Shop, disabled: true}]`)
		show := func(kind desk.EntranceKind, code string) (desk.PublicEntrance, error) {
			return d.PublicEntrance(t.Context(), kind, code)
		}
		if got, want := must(show(desk.SupportButton, "22222222AAAAAAAA")), (desk.PublicEntrance{Kind: desk.SupportButton, Name: "Till 7", Icon: "https://img.example/till.png", Portal: "Page"}); got != want {
			t.Errorf("the button shows %+v", got)
		}
		if got, want := must(show(desk.HelpLink, "55555555AAAAAAAA")), (desk.PublicEntrance{Kind: desk.HelpLink, Name: "Shop", Icon: "basket"}); got != want {
			t.Errorf("the link shows %+v", got)
		}
		for what, c := range map[string]struct {
			kind desk.EntranceKind
			code string
		}{
			"wrong": {desk.SupportButton, "22222222AAAAAAAB"}, "withdrawn": {desk.SupportButton, "33333333AAAAAAAA"}, "of a portal that is closed": {desk.SupportButton, "44444444AAAAAAAA"},
			"a link as a button": {desk.SupportButton, "55555555AAAAAAAA"}, "a button as a link": {desk.HelpLink, "22222222AAAAAAAA"},
		} {
			if p := data.refuses(what, desk.CodeNotValid, func() error { return try(show(c.kind, c.code)) }); p.Detail != "" {
				t.Errorf("%s: the refusal says %+v", what, p)
			}
		}
		if n := data.column(`SELECT COUNT(*) FROM sessions`); n != "0" {
			t.Errorf("looking started %s sessions", n)
		}
	})
}
