package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// comer is somebody who waits, in a test of sorting.
type comer struct {
	name, company, language string
	priority                int
	issue                   string // or the team's queue without one
}

// come has customers wait for the printers team, a second after one another.
func come(t *testing.T, d *storetest.Desk, clock *storetest.Clock, c desk.Caller, all ...comer) {
	t.Helper()
	for _, one := range all {
		in := store.NewSession{Kind: "support", Priority: one.priority, IssueID: one.issue, Customer: desk.Customer{Name: one.name, Company: one.company, Language: one.language}}
		if one.issue == "" {
			in.TeamID = "@printers"
		}
		must(d.StartSession(t.Context(), c, in))
		clock.Advance(time.Second)
	}
}

func namesOf(entries []desk.QueueEntry) (names []string) {
	for _, e := range entries {
		names = append(names, e.CustomerName)
	}
	return names
}

// pages reads a list page by page.
func pages(t *testing.T, d *storetest.Desk, c desk.Caller, queue string, q store.EntryQuery, between func()) (all []desk.QueueEntry) {
	t.Helper()
	for {
		page := must(d.QueueEntries(t.Context(), c, queue, q))
		if len(page) == 0 {
			return all
		}
		if len(page) > q.Limit {
			t.Fatalf("a page of %d where %d were asked for", len(page), q.Limit)
		}
		all, q.After = append(all, page...), page[len(page)-1].Position
		between()
	}
}

// stays changes nothing between two pages.
func stays() {}

func TestD5SortsByEveryColumnInBothOrders(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "issues: [{slug: toner, title: Ärger mit Toner, team: printers}, {slug: zoll, title: zoll, team: printers}]")
		ana := d.LogIn("ana")
		come(t, d, clock, ana,
			comer{"émile 10", "acme", "es", 1, "@zoll"},
			comer{"Zoé", "", "en", 9, "@toner"},
			comer{"Emile 9", "Ácme", "", 5, ""},
			comer{"anna", "Beta", "en", 5, "@paper-jam"},
			comer{"😀", "", "", 0, ""},
			comer{"שרה", "", "he", 100, ""},
			comer{"ANNA", "beta", "EN", 5, "@paper-jam"},
		)
		for sort, want := range map[string]string{
			"waiting asc": "émile 10,Zoé,Emile 9,anna,😀,שרה,ANNA", "waiting desc": "ANNA,שרה,😀,anna,Emile 9,Zoé,émile 10",
			"customer asc": "😀,anna,ANNA,Emile 9,émile 10,Zoé,שרה", "customer desc": "שרה,Zoé,émile 10,Emile 9,anna,ANNA,😀",
			"company asc": "émile 10,Emile 9,anna,ANNA,Zoé,😀,שרה", "company desc": "anna,ANNA,émile 10,Emile 9,Zoé,😀,שרה",
			"issue asc": "Zoé,anna,ANNA,émile 10,Emile 9,😀,שרה", "issue desc": "émile 10,anna,ANNA,Zoé,Emile 9,😀,שרה",
			"priority asc": "😀,émile 10,Emile 9,anna,ANNA,Zoé,שרה", "priority desc": "שרה,Zoé,Emile 9,anna,ANNA,émile 10,😀",
			"language asc": "Zoé,anna,ANNA,émile 10,שרה,Emile 9,😀", "language desc": "שרה,émile 10,Zoé,anna,ANNA,Emile 9,😀",
		} {
			by, order, _ := strings.Cut(sort, " ")
			for _, limit := range []int{1, 2, 7, 50} {
				got := pages(t, d, ana, "@printers", store.EntryQuery{Sort: by, Descending: order == "desc", Limit: limit}, stays)
				if strings.Join(namesOf(got), ",") != want {
					t.Errorf("%s by %d: got %v, want %s", sort, limit, namesOf(got), want)
				}
			}
			if by == "priority" || by == "waiting" {
				continue
			}
			filtered := pages(t, d, ana, "@printers", store.EntryQuery{Sort: by, Descending: order == "desc", Kind: "session", Limit: 2}, stays)
			if strings.Join(namesOf(filtered), ",") != want {
				t.Errorf("%s, filtered: got %v, want %s", sort, namesOf(filtered), want)
			}
		}
		places := map[string]int{}
		for _, e := range entriesOf(t, d, ana, "@printers") {
			places[e.CustomerName] = e.Place
		}
		if fmt.Sprint(places) != fmt.Sprint(map[string]int{"שרה": 1, "Zoé": 2, "Emile 9": 3, "anna": 4, "ANNA": 5, "émile 10": 6, "😀": 7}) {
			t.Errorf("D4: places in line %v", places)
		}
	})
}

func TestD5FiltersAndSearches(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "issues: [{slug: toner, title: ÄRGER mit Toner, team: printers}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		come(t, d, clock, ana, comer{"100% sure", "Über_Öl", "", 0, "@toner"}, comer{`O"Neil's`, "x_y", "", 0, "@paper-jam"}, comer{"1000", `back\slash`, "", 0, ""})
		must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", TeamID: "@printers", Customer: desk.Customer{Name: "Fourth", Details: "Der Bildschirm FLACKERT"}}))
		inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
		for _, c := range []struct {
			q    store.EntryQuery
			want string
		}{
			{store.EntryQuery{Query: "100%"}, "100% sure"}, {store.EntryQuery{Query: "%"}, "100% sure"}, {store.EntryQuery{Query: "_"}, `100% sure,O"Neil's`}, {store.EntryQuery{Query: `\`}, "1000"},
			{store.EntryQuery{Query: `o"neil'S`}, `O"Neil's`}, {store.EntryQuery{Query: "ÜBER_ö"}, "100% sure"}, {store.EntryQuery{Query: "flackert"}, "Fourth"}, {store.EntryQuery{Query: "ärger MIT"}, "100% sure"},
			{store.EntryQuery{Query: "paper"}, `O"Neil's`}, {store.EntryQuery{Query: "nobody"}, ""}, {store.EntryQuery{Query: "' OR 1=1 --"}, ""},
			{store.EntryQuery{Kind: "invitation"}, "Jo Doe"}, {store.EntryQuery{Kind: "session", Query: "1000"}, "1000"}, {store.EntryQuery{IssueID: "@paper-jam"}, `O"Neil's`},
			{store.EntryQuery{CameBy: "issue"}, `100% sure,O"Neil's`}, {store.EntryQuery{CameBy: "api", Query: "f"}, "Fourth"}, {store.EntryQuery{CameBy: "held"}, ""},
		} {
			for _, sort := range queueSorts {
				q := c.q
				q.Sort, q.Limit = sort, 50
				got := namesOf(must(d.QueueEntries(t.Context(), ben, "@printers", q)))
				slices.Sort(got)
				want := strings.Split(c.want, ",")
				slices.Sort(want)
				if strings.Join(got, ",") != strings.Join(want, ",") {
					t.Errorf("%+v: got %v, want %v", q, got, want)
				}
			}
		}
		refusal(t, "an issue that is not there", try(d.QueueEntries(t.Context(), ben, "@printers", store.EntryQuery{Sort: "waiting", IssueID: "@none", Limit: 5})), desk.NotFound)
	})
}

// Pages stay right while entries come and go: what stands all the time is on exactly one of them.
func TestD5PagesStayRightWhileTheQueueChanges(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		for i := range 12 {
			come(t, d, clock, ana, comer{fmt.Sprint("stays ", i), []string{"", "Acme"}[i%2], []string{"", "en", "de"}[i%3], i % 3, ""})
		}
		for _, sort := range queueSorts {
			for _, down := range []bool{false, true} {
				for _, limit := range []int{1, 2, 7} {
					d.LogIn("ana")
					var goes []string
					between := func() {
						n := len(goes)
						s := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", TeamID: "@printers", Priority: n % 3, Customer: desk.Customer{Name: fmt.Sprint("comes ", n*5), Company: []string{"", "Acme"}[n%2], Language: "en"}}))
						if goes = append(goes, s.Session.ID); n%2 == 1 && n > 1 {
							must(d.AcceptSession(t.Context(), ana, goes[n-2]))
							must(d.EndSession(t.Context(), ana, goes[n-2], ""))
							goes[n-2] = ""
						}
						if n > 40 {
							t.Fatal("the pages never end")
						}
					}
					seen := map[string]int{}
					q := store.EntryQuery{Sort: sort, Descending: down, Limit: limit}
					if sort == "waiting" && !down { // what comes, comes after: bounded by filter
						q.Query = "stays"
					}
					for _, e := range pages(t, d, ana, "@printers", q, func() {
						if len(goes) < 20 {
							between()
						}
					}) {
						if seen[e.ID]++; seen[e.ID] > 1 {
							t.Errorf("%s %v by %d: %s twice", sort, down, limit, e.CustomerName)
						}
					}
					for _, e := range entriesOf(t, d, ana, "@printers") {
						if strings.HasPrefix(e.CustomerName, "stays") && seen[e.ID] != 1 {
							t.Errorf("%s %v by %d: %s is on %d pages", sort, down, limit, e.CustomerName, seen[e.ID])
						}
					}
					for _, id := range goes {
						if id != "" {
							must(d.AcceptSession(t.Context(), ana, id))
							must(d.EndSession(t.Context(), ana, id, ""))
						}
					}
				}
			}
		}
	})
}

// What portals offer stands in a personal queue at its place, on whatever page that is.
func TestD5PortalOffersStandInBetween(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		in := must(d.Store.LogIn(t.Context(), store.LogIn{Username: "dev", Password: storetest.Password, PortalID: "@open"}))
		dev, ana := must(d.Authenticate(t.Context(), in.Token)), d.LogIn("ana")
		offered := func(name string) {
			s := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", PortalID: "@open", Customer: desk.Customer{Name: name, Company: "Acme"}}))
			invite(t, d, ana, must(d.AcceptSession(t.Context(), ana, s.Session.ID)), store.NewInvitation{PortalID: "@open"})
			clock.Advance(time.Second)
		}
		own := func(name, company string) {
			must(d.StartSession(t.Context(), dev, store.NewSession{Kind: "support", Customer: desk.Customer{Name: name, Company: company}}))
			clock.Advance(time.Second)
		}
		offered("b")
		own("a", "")
		own("c", "Zeta")
		offered("d")
		own("e", "")
		for sort, want := range map[string]string{"waiting asc": "bacde", "waiting desc": "edcab", "customer asc": "abcde", "customer desc": "edcba", "company asc": "bdcae", "company desc": "cbdae"} {
			by, order, _ := strings.Cut(sort, " ")
			for _, limit := range []int{1, 2, 7} {
				got := pages(t, d, dev, "personal", store.EntryQuery{Sort: by, Descending: order == "desc", Limit: limit}, stays)
				if strings.Join(namesOf(got), "") != want {
					t.Errorf("%s by %d: got %v, want %s", sort, limit, namesOf(got), want)
				}
			}
		}
		same(t, "filtered", namesOf(pages(t, d, dev, "personal", store.EntryQuery{Sort: "customer", Kind: "invitation", Limit: 1}, stays)), "b", "d")
	})
}

func TestD5ForgedPositionsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		come(t, d, clock, ana, comer{"Jo", "", "", 0, ""})
		for _, forged := range []string{"x", "||", "|1|", "|x|qen_1", "a|9999999999999999999|qen_1", "a|-1|qen_1", "a|1|qen_1|", "A|1|qen_1", "'|1|qen_1", "a|1|qen'", strings.Repeat("a", 200) + "|1|qen_1"} {
			for _, sort := range queueSorts {
				refusal(t, forged, try(d.QueueEntries(t.Context(), ana, "@printers", store.EntryQuery{Sort: sort, After: forged, Limit: 5})), desk.ValidationFailed)
			}
			refusal(t, forged, try(d.Sessions(t.Context(), ana, store.SessionFilter{Sort: "customer", State: "waiting"}, forged, 5)), desk.ValidationFailed)
		}
		for _, sort := range queueSorts { // well-formed ones lead nowhere worse than elsewhere in the list
			must(d.QueueEntries(t.Context(), ana, "@printers", store.EntryQuery{Sort: sort, After: "zz|1|qen_zz", Limit: 5}))
			must(d.QueueEntries(t.Context(), ana, "personal", store.EntryQuery{Sort: sort, Descending: true, After: "|999999999999999999|zz", Limit: 5}))
		}
	})
}

// So can sessions be sorted, those that wait and those that are active (D5, A8).
func TestD5SessionsAreSortedToo(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, hal := d.LogIn("ana"), d.LogIn("hal")
		d.LogIn("dev") // somebody for whom the last one waits
		come(t, d, clock, ana, comer{"émile", "acme", "es", 1, "@paper-jam"}, comer{"Zoé", "", "en", 9, ""}, comer{"anna", "Beta", "", 5, ""}, comer{"ANNA", "beta", "en-US", 5, "@paper-jam"})
		must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", IssueID: "@vpn", Customer: desk.Customer{Name: "not hers"}}))
		read := func(c desk.Caller, f store.SessionFilter, limit int) (names []string) {
			after := ""
			for {
				page := must(d.Sessions(t.Context(), c, f, after, limit))
				if len(page) == 0 {
					return names
				}
				for _, s := range page {
					names = append(names, s.Customer.Name)
				}
				after = page[len(page)-1].Position
			}
		}
		check := func(c desk.Caller, state string) {
			for sort, want := range map[string]string{
				"waiting asc": "émile,Zoé,anna,ANNA", "waiting desc": "ANNA,anna,Zoé,émile", " desc": "ANNA,anna,Zoé,émile",
				"customer asc": "anna,ANNA,émile,Zoé", "customer desc": "Zoé,émile,anna,ANNA", "company asc": "émile,anna,ANNA,Zoé", "company desc": "anna,ANNA,émile,Zoé",
				"issue asc": "émile,ANNA,Zoé,anna", "issue desc": "émile,ANNA,Zoé,anna", "priority asc": "émile,anna,ANNA,Zoé", "priority desc": "Zoé,anna,ANNA,émile",
				"language asc": "Zoé,ANNA,émile,anna", "language desc": "émile,ANNA,Zoé,anna",
			} {
				by, order, _ := strings.Cut(sort, " ")
				for _, limit := range []int{1, 2, 7} {
					got := read(c, store.SessionFilter{State: state, Sort: by, Ascending: order == "asc"}, limit)
					if c.RepID == hal.RepID {
						got = slices.DeleteFunc(got, func(name string) bool { return name == "not hers" })
					}
					if strings.Join(got, ",") != want {
						t.Errorf("%s, %s by %d: got %v, want %s", state, sort, limit, got, want)
					}
				}
			}
		}
		check(ana, "waiting")
		check(hal, "waiting")
		for _, e := range entriesOf(t, d, ana, "@printers") {
			must(d.AcceptSession(t.Context(), ana, e.SessionID))
		}
		check(ana, "active")
		check(hal, "active")
		if got := read(ana, store.SessionFilter{State: "waiting", Sort: "customer", Ascending: true}, 5); len(got) != 0 {
			t.Errorf("A8: %v", got)
		}
		for _, state := range []string{"", "ended"} {
			refusal(t, "ended ones", try(d.Sessions(t.Context(), ana, store.SessionFilter{State: state, Sort: "issue"}, "", 5)), desk.ValidationFailed)
		}
		must(d.Sessions(t.Context(), ana, store.SessionFilter{Sort: "waiting", Ascending: true}, "", 5))
	})
}

// D5: pages lead on by whatever a customer's language says, and do after an upgrade of a desk that kept no key of it.
func TestD5SessionsAreSortedByAnyLanguage(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		come(t, d, clock, ana, comer{"1", "", "pt_BR", 0, ""}, comer{"2", "", "português", 0, ""}, comer{"3", "", "", 0, ""}, comer{"4", "", "日本語", 0, ""}, comer{"5", "", "Klingon, I think", 0, ""}, comer{"6", "", "PT_BR", 0, ""})
		paged := func(ascending bool) string {
			names, after := "", ""
			for len(names) <= 6 {
				page := must(d.Sessions(t.Context(), ana, store.SessionFilter{State: "waiting", Sort: "language", Ascending: ascending}, after, 1))
				if len(page) == 0 {
					break
				}
				names, after = names+page[0].Customer.Name, page[0].Position
			}
			return names
		}
		same(t, "pages", []string{paged(true), paged(false)}, "521643", "416253")
		ok(t, try(migrations(t, data.db).DownTo(t.Context(), 6)))
		ok(t, try(migrations(t, data.db).Up(t.Context())))
		same(t, "after the upgrade", []string{paged(true), paged(false)}, "521643", "416253")
	})
}
