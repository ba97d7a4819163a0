package store_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestI3_AWrongFileIsRefusedWithItsPlaces(t *testing.T) {
	cases := map[string]struct{ file, field, code, place string }{
		"unknown field":        {"reps:\n  - username: ana\n    name: Ana\n    passwort: x\n", "reps[0].passwort", "unknown_field", "line 4, column 5: "},
		"unknown section":      {"people: []\n", "people", "unknown_field", "line 1, column 1: "},
		"duplicate field":      {"teams:\n  - {slug: a, name: b, slug: c}\n", "teams[0].slug", "duplicate", "line 2, column 24: "},
		"duplicate team":       {"reps:\n  - username: ana\n    name: Ana\n    teams:\n      a.b: lead\n      a.b: lead\n", "reps[0].teams.a.b", "duplicate", "line 6, column 7: "},
		"half a rep":           {"portals:\n  - {slug: main, name: Main, max_invited_reps: 3.5}\n", "portals[0].max_invited_reps", "type", "line 2, column 48: "},
		"number in quotes":     {"portals:\n  - {slug: main, name: Main, max_invited_reps: '3'}\n", "portals[0].max_invited_reps", "type", "line 2, column 48: "},
		"huge number":          {"portals:\n  - {slug: main, name: Main, max_invited_reps: 99999999999999999999}\n", "portals[0].max_invited_reps", "type", "line 2, column 48: "},
		"bare number password": {"reps:\n  - username: ana\n    name: Ana\n    password: 01234567\n", "reps[0].password", "type", "line 4, column 15: "},
		"yes for true":         {"teams:\n  - slug: a\n    name: A\n    embassy: yes\n", "teams[0].embassy", "type", "line 4, column 14: "},
		"text for a list":      {"portals:\n  - {slug: main, name: Main, modes: web}\n", "portals[0].modes", "type", "line 2, column 37: "},
		"list for a text":      {"portals:\n  - {slug: main, name: [Main]}\n", "portals[0].name", "type", "line 2, column 24: "},
		"list for the file":    {"- a\n", "", "type", "line 1, column 1: "},
		"null in a list":       {"teams:\n  - null\n", "teams[0]", "type", "line 2, column 5: "},
		"missing slug":         {"teams:\n  - name: A\n    persistent: true\n", "teams[0].slug", "pattern", "line 2, column 5: "},
		"wrong value":          {"portals:\n  - slug: main\n    name: Main\n    sharing: some\n", "portals[0].sharing", "enum", "line 4, column 14: "},
		"wrong team role":      {"reps:\n  - {username: ana, name: Ana, teams: {a.b: boss}}\n", "reps[0].teams.a.b", "enum", "line 2, column 45: "},
		"in JSON":              {"{\"teams\": [{\"slug\": \"a\",\n\"name\": \"\"}]}", "teams[0].name", "empty", "line 2, column 9: "},
		"Windows lines":        {"teams:\r\n  - slug: a\r\n    nam: b\r\n    name: c\r\n", "teams[0].nam", "unknown_field", "line 3, column 5: "},
		"not YAML":             {"teams: [\n", "body", "not_yaml", "line 1, column 8: "},
		"bad indent":           {"teams:\n  - slug: a\n   name: b\n", "body", "not_yaml", "line 3, column 4: "},
		"two documents":        {"teams: []\n---\nteams: []\n", "body", "one_document", "line 2, column 1: "},
		"anchor":               {"teams: &a []\n", "body", "not_plain", "line 1, column 8: "},
		"alias":                {"teams: *a\n", "body", "not_plain", "line 1, column 8: "},
		"tag":                  {"teams: !!binary x\n", "body", "not_plain", "line 1, column 8: "},
		"merge key":            {"<<: {teams: []}\n", "body", "not_plain", "line 1, column 1: "},
		"deep brackets":        {strings.Repeat("[", 1<<17), "body", "too_deep", "line 1, column 33: "},
		"deep lists":           {strings.Repeat("- ", 1<<17), "body", "too_deep", "line 1, column 201: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := store.ParseOrganization([]byte(c.file))
			wrong := wrongFile(t, err).Errors
			if len(wrong) != 1 || wrong[0].Field != c.field || wrong[0].Code != c.code || !strings.HasPrefix(wrong[0].Detail, c.place) {
				t.Fatalf("wrong: %+v\nwant %s at %q, %s", wrong, c.code, c.field, c.place)
			}
		})
	}
}

// wrongFile is the refusal of a wrong file.
func wrongFile(t *testing.T, err error) *desk.Problem {
	t.Helper()
	var p *desk.Problem
	if !errors.As(err, &p) || p.Code != desk.ValidationFailed {
		t.Fatalf("error %v, want %s", err, desk.ValidationFailed)
	}
	return p
}

func TestI3_ARefusalDoesNotQuoteTheFile(t *testing.T) {
	_, err := store.ParseOrganization([]byte("reps:\n  - {username: ana, password: hunter2hunter2, name: [x}\n"))
	p := wrongFile(t, err)
	if text := fmt.Sprintf("%+v", p); strings.Contains(text, "hunter2") {
		t.Errorf("the refusal shows the password: %s", text)
	}
}

func TestI3_AllThatIsWrongIsSaidAtOnceUpToALimit(t *testing.T) {
	_, err := store.ParseOrganization([]byte("teams:\n" + strings.Repeat("  - {slug: A, name: ''}\n", 60)))
	if p := wrongFile(t, err); len(p.Errors) != 100 || !strings.Contains(p.Detail, "120") {
		t.Errorf("%d errors, %s", len(p.Errors), p.Detail)
	}
}

func TestI3_AFileHasAtMost5MiB(t *testing.T) {
	_, err := store.ParseOrganization(make([]byte, store.MaxOrganization+1))
	var p *desk.Problem
	if !errors.As(err, &p) || p.Code != desk.TooLarge || p.Limit != store.MaxOrganization {
		t.Fatalf("error %v", err)
	}
}

func TestI3_AnEmptyFileSaysNothing(t *testing.T) {
	for _, file := range []string{"", "# nothing\n", "null\n", "teams:\n", "---\n", "\ufeffteams: []\n", "{}"} {
		o, err := store.ParseOrganization([]byte(file))
		if err != nil || len(o.Teams) > 0 {
			t.Errorf("%q: %+v, %v", file, o, err)
		}
	}
}

func TestI3_WhatIsWrittenCanBeRead(t *testing.T) {
	for _, name := range []string{"007", "1.10", "yes", "true", "null", "~", "a: b", "#a", "a #b", "- a", " a ", "'a'", `"a"`, `\n`, "{a}", "[a]", "*a", "&a", "!a", "%a", "@a", "`a`", "a,b", "?", ":", "|", ">", "é", "日本", "👩‍🚀", "0x10", "1e3", ".inf", ".NaN", "? a", "<b>& c", "a\\b", "a\u00a0b", "\ufeffa", "2026-01-01", "<<", "=", "---", "a:", strings.Repeat("long ", 40)} {
		want := desk.Organization{Teams: []desk.TeamEntry{{Slug: "a", Name: name}}, Issues: []desk.IssueEntry{{Slug: "7", Title: name, Team: "a"}},
			Reps: []desk.RepEntry{{Username: "ana", Name: name, Teams: map[string]desk.TeamRole{"a": desk.TeamLead, "7": desk.TeamLead, "null": desk.TeamLead}}}}
		text, err := store.MarshalOrganization(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.ParseOrganization(text)
		if err != nil {
			t.Errorf("%q: %v\n%s", name, problemOf(err).Errors, text)
			continue
		}
		sameValue(t, got, want)
	}
}

// sameValue compares two values, and shows both as JSON.
func sameValue(t *testing.T, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	t.Errorf("got  %s\nwant %s", g, w)
}

// loadFile imports a file and returns the report.
func loadFile(t *testing.T, s *store.Store, file string) desk.ImportReport {
	t.Helper()
	report, err := s.ImportOrganization(t.Context(), s.Operator(), []byte(file), false)
	if err != nil {
		t.Fatal(err, problemOf(err))
	}
	return report
}

func problemOf(err error) (p desk.Problem) {
	if refusal := (*desk.Problem)(nil); errors.As(err, &refusal) {
		p = *refusal
	}
	return p
}

func exportAll(t *testing.T, s *store.Store) desk.Organization {
	t.Helper()
	o, err := s.ExportOrganization(t.Context(), s.Operator())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func lastPosition(t *testing.T, s *store.Store) int64 {
	t.Helper()
	last, err := s.LastEvent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// heardSince are the types of the events after a position that a caller may read, with the reason where there is one.
func heardSince(t *testing.T, s *store.Store, c desk.Caller, after int64) []string {
	t.Helper()
	sub, err := s.Subscribe(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	events, err := sub.Read(t.Context(), after, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	types := []string{}
	for _, e := range events.Items {
		types = append(types, strings.TrimSpace(string(e.Type)+" "+e.Reason))
	}
	return types
}

const fullFile = `
portals:
  - {slug: main-emea, name: EMEA, parent: main, modes: []}
  - {slug: main, name: Main, modes: [web, queue], sharing: teams, invite_ceiling: view, max_invited_reps: 3, specialists: true, max_specialists: 2, chat_history_seconds: 60, consent_on_join: true, customer_in_email: all, email_follow_up: true}
teams:
  - {slug: printers, name: Printers, persistent: true, waiting: {after_seconds: 300, action: overflow, overflow_team: network}}
  - {slug: network, name: Network, waiting: {after_seconds: 60, action: overdue}}
  - {slug: acme, name: Acme, embassy: true, disabled: true}
reps:
  - {username: ana, password: correct horse, name: Ana Ruiz, public_name: Ana, email: ana@example.com, teams: {printers: lead, network: member}, permissions: [share_outside_teams, extended_availability], role: administrator, locale: es, time_zone: Europe/Madrid}
  - {username: ben, password: correct horse, name: Ben, disabled: true}
issues:
  - {slug: paper-jam, title: Paper jam, team: printers, request_help: true, help_teams: [printers, network]}
  - {slug: vpn, title: VPN, team: network, disabled: true}
`

func TestI3_LoadingTheSameFileAgainChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		if first := loadFile(t, s, fullFile); len(first.Created) != 9 || len(first.Changed) != 0 {
			t.Fatalf("first: %+v", first)
		}
		before, at := exportAll(t, s), lastPosition(t, s)
		want := desk.ImportReport{Created: []desk.ImportedEntry{}, Changed: []desk.ImportedEntry{}, Unchanged: 9}
		sameValue(t, loadFile(t, s, fullFile), want)
		sameValue(t, exportAll(t, s), before)
		if last := lastPosition(t, s); last != at {
			t.Errorf("%d events", last-at)
		}
	})
}

func TestI3_LoadingTheSameFileAgainMovesNoRevision(t *testing.T) {
	file := filepath.Join(t.TempDir(), "repdesk.db")
	s := storetest.Open(t, file, storetest.NewClock())
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	revisions := func() (sums [4]int64) {
		if err := db.QueryRow(`SELECT (SELECT SUM(rev) FROM portals), (SELECT SUM(rev) FROM teams), (SELECT SUM(rev) FROM reps), (SELECT SUM(rev) FROM issues)`).
			Scan(&sums[0], &sums[1], &sums[2], &sums[3]); err != nil {
			t.Fatal(err)
		}
		return sums
	}
	loadFile(t, s, fullFile)
	sameValue(t, revisions(), [4]int64{2, 3, 2, 2}) // one each
	loadFile(t, s, fullFile)
	sameValue(t, revisions(), [4]int64{2, 3, 2, 2})
	loadFile(t, s, strings.NewReplacer("invite_ceiling: view", "invite_ceiling: control", "Paper jam", "Jam").Replace(fullFile))
	sameValue(t, revisions(), [4]int64{4, 3, 2, 3}) // the sub-portal inherits
}

func TestI3_TwoWhoLoadTheSameFileAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		var loading sync.WaitGroup
		var created atomic.Int64
		for range 4 {
			loading.Go(func() {
				report, err := s.ImportOrganization(t.Context(), s.Operator(), []byte(fullFile), false)
				if err != nil {
					t.Error(err)
				}
				created.Add(int64(len(report.Created)))
			})
		}
		loading.Wait()
		if created.Load() != 9 {
			t.Errorf("%d things were made, want 9", created.Load())
		}
	})
}

func TestI3_ImportingTheExportChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		loadFile(t, s, fullFile)
		exported := exportAll(t, s)
		text, err := store.MarshalOrganization(exported)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "password") || strings.Contains(string(text), "argon2") {
			t.Errorf("the export holds passwords:\n%s", text)
		}
		if report := loadFile(t, s, string(text)); len(report.Created)+len(report.Changed) > 0 || report.Unchanged != 9 {
			t.Errorf("report: %+v\n%s", report, text)
		}
		slugs := []string{}
		for _, e := range exported.Teams {
			slugs = append(slugs, e.Slug)
		}
		if !slices.IsSorted(slugs) {
			t.Errorf("teams stand as %v", slugs)
		}
	})
}

func TestI3_AnExportMakesTheSameDeskElsewhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		loadFile(t, s, fullFile)
		text, err := store.MarshalOrganization(exportAll(t, s))
		if err != nil {
			t.Fatal(err)
		}
		other := storetest.Open(t, filepath.Join(t.TempDir(), "other.db"), clock)
		loadFile(t, other, string(text))
		sameValue(t, exportAll(t, other), exportAll(t, s))
	})
}

func TestI3_APartialFileLeavesTheRest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		loadFile(t, s, fullFile)
		before := exportAll(t, s)
		report := loadFile(t, s, "reps:\n  - {username: cho, name: Cho, teams: {printers: member}}\nteams:\n  - {slug: night, name: Night, waiting: {after_seconds: 9, action: overflow, overflow_team: printers}}\nportals:\n  - {slug: leaf, name: Leaf, parent: main-emea}\n")
		sameValue(t, report.Created, []desk.ImportedEntry{{Kind: "portal", Name: "leaf"}, {Kind: "team", Name: "night"}, {Kind: "rep", Name: "cho"}})
		sameValue(t, report.Changed, []desk.ImportedEntry{})
		after := exportAll(t, s)
		sameValue(t, after.Reps[:2], before.Reps)
		sameValue(t, after.Issues, before.Issues)
		if len(after.Teams) != 4 {
			t.Errorf("teams: %+v", after.Teams)
		}
	})
}

func TestI3_WhatRefersToNothingIsRefusedWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		loadFile(t, s, fullFile)
		before := exportAll(t, s)
		_, err := s.ImportOrganization(t.Context(), s.Operator(), []byte("teams:\n  - {slug: night, name: Night}\nportals:\n  - slug: main\n    name: Main\n    parent: main-emea\nissues:\n  - slug: fax\n    title: Fax\n    team: nowhere\n"), false)
		fields := []string{}
		for _, e := range wrongFile(t, err).Errors {
			fields = append(fields, e.Field+" "+e.Code+" "+e.Detail[:7])
		}
		if want := []string{"portals[0].parent cycle line 6,", "issues[0].team unknown line 10"}; !slices.Equal(fields, want) {
			t.Errorf("wrong: %v, want %v", fields, want)
		}
		sameValue(t, exportAll(t, s), before)
	})
}

func TestI3_ADryRunKeepsNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		dry, err := s.ImportOrganization(t.Context(), s.Operator(), []byte(fullFile), true)
		if err != nil || !dry.DryRun {
			t.Fatalf("dry run: %+v, %v", dry, err)
		}
		sameValue(t, exportAll(t, s), desk.Organization{Portals: []desk.PortalEntry{}, Teams: []desk.TeamEntry{}, Reps: []desk.RepEntry{}, Issues: []desk.IssueEntry{},
			SupportButtons: []desk.EntranceEntry{}, HelpLinks: []desk.EntranceEntry{}})
		dry.DryRun = false
		sameValue(t, loadFile(t, s, fullFile), dry)
	})
}

func TestI3_APasswordIsForNewAccountsAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ben := d.LogIn("ben")
		if err := s.ChangePassword(t.Context(), ben, storetest.Password, "battery staple"); err != nil {
			t.Fatal(err)
		}
		loadFile(t, s, strings.ReplaceAll(storetest.Organization, "Ben Okafor", "Benjamin Okafor"))
		_, err := s.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password})
		if problemOf(err).Code != desk.InvalidCredentials {
			t.Errorf("the first password works again: %v", err)
		}
		if _, err := s.LogIn(t.Context(), store.LogIn{Username: "ben", Password: "battery staple"}); err != nil {
			t.Error(err)
		}
	})
}

func TestI3_AnAccountCanComeWithAHash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		hash, err := argon2id.CreateHash("battery staple", &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
		if err != nil {
			t.Fatal(err)
		}
		loadFile(t, s, "reps:\n  - {username: ana, name: Ana, password_hash: \""+hash+"\"}\n  - {username: ben, name: Ben}\n")
		if _, err := s.LogIn(t.Context(), store.LogIn{Username: "ana", Password: "battery staple"}); err != nil {
			t.Error(err)
		}
		if _, err := s.LogIn(t.Context(), store.LogIn{Username: "ben", Password: ""}); problemOf(err).Code != desk.InvalidCredentials {
			t.Errorf("an account without a password lets in: %v", err)
		}
	})
}

func TestI3_ARepsOwnChoicesStay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ben := d.LogIn("ben")
		yes, locale := true, "es"
		if _, err := s.UpdateMe(t.Context(), ben, store.MeChange{ExtendedAvailability: &yes, Locale: &locale}, nil); err != nil {
			t.Fatal(err)
		}
		if report := loadFile(t, s, storetest.Organization); len(report.Changed) > 0 {
			t.Errorf("changed: %+v", report.Changed)
		}
		loadFile(t, s, "reps:\n  - {username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member}}\n")
		me, err := s.Me(t.Context(), ben)
		if err != nil || me.Locale != "es" || me.ExtendedAvailability {
			t.Errorf("G6: without the permission: extended %v, locale %s, %v", me.ExtendedAvailability, me.Locale, err)
		}
	})
}

func TestI3_ChangedRepsAreToldOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ben, cho, dev := d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
		before, err := s.Me(t.Context(), ben)
		if err != nil {
			t.Fatal(err)
		}
		at := lastPosition(t, s)
		report := loadFile(t, s, "teams:\n  - {slug: printers, name: Printing}\nreps:\n  - {username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: lead, network: member}, permissions: [invite_specialists]}\n")
		sameValue(t, report.Changed, []desk.ImportedEntry{{Kind: "team", Name: "printers", Fields: []string{"name"}}, {Kind: "rep", Name: "ben", Fields: []string{"permissions", "teams"}}})
		for _, c := range []struct {
			who  desk.Caller
			want []string
		}{{ben, []string{"me.changed", "reset rights_changed"}}, {cho, []string{"me.changed"}}, {dev, []string{}}} {
			if got := heardSince(t, s, c.who, at); !slices.Equal(got, c.want) {
				t.Errorf("%s heard %v, want %v", c.who.Name, got, c.want)
			}
		}
		me, err := s.Me(t.Context(), ben)
		if err != nil || me.Rev != before.Rev+1 || len(me.Teams) != 2 || me.Teams[1].Team.Name != "Printing" || me.Teams[1].Role != desk.TeamLead {
			t.Errorf("ben is %+v, %v", me, err)
		}
	})
}

func TestI3_APortalPassesItsSettingsDown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@open")
		loadFile(t, s, "portals:\n  - {slug: main, name: Main, max_invited_reps: 1}\n")
		menu, err := s.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{})
		if err != nil || menu.Seats.RepsLeft != 1 {
			t.Errorf("seats left in a sub-portal: %d, %v", menu.Seats.RepsLeft, err)
		}
	})
}

func TestB13_ADisabledRepIsOutAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "bens-phone")
		session := d.OpenSession(ana, "@main")
		direct := inviteTo(t, s, ana, session, store.NewInvitation{RepID: "@ben"})
		toTeam := inviteTo(t, s, ana, session, store.NewInvitation{TeamID: "@printers"})
		at := lastPosition(t, s)
		loadFile(t, s, "reps:\n  - {username: ben, name: Ben Okafor, disabled: true}\n")
		checkTargetGone(t, s, ana, direct, "Organisation file")
		if got, err := s.Invitation(t.Context(), ana, toTeam.ID); err != nil || !got.Active() {
			t.Errorf("the team's invitation: %+v, %v", got, err)
		}
		if got := heardSince(t, s, ana, at); !slices.Contains(got, "invitation.ended target_gone") {
			t.Errorf("the owner heard %v", got)
		}
		if consoles, err := s.Consoles(t.Context(), ben); err != nil || len(consoles) > 0 {
			t.Errorf("consoles left: %+v, %v", consoles, err)
		}
		if _, err := s.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password}); problemOf(err).Code != desk.AccountDisabled {
			t.Errorf("logging in: %v", err)
		}
		if report := loadFile(t, s, storetest.Organization); slices.ContainsFunc(report.Changed, func(e desk.ImportedEntry) bool { return slices.Contains(e.Fields, "disabled") }) {
			t.Errorf("an old file opened the account again: %+v", report)
		}
	})
}

func TestB13_ADisabledTeamEndsItsInvitations(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ana, hal := d.LogIn("ana"), d.LogIn("hal")
		d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		toTeam := inviteTo(t, s, ana, session, store.NewInvitation{TeamID: "@network"})
		forIssue := inviteTo(t, s, ana, session, store.NewInvitation{IssueID: "@vpn"})
		direct := inviteTo(t, s, ana, session, store.NewInvitation{RepID: "@dev"})
		file := []byte("teams:\n  - {slug: network, name: Network, disabled: true}\n")
		if _, err := s.ImportOrganization(t.Context(), hal, file, true); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Invitation(t.Context(), ana, toTeam.ID); err != nil || !got.Active() {
			t.Fatalf("after a dry run: %+v, %v", got, err)
		}
		if _, err := s.ImportOrganization(t.Context(), hal, file, false); err != nil {
			t.Fatal(err)
		}
		checkTargetGone(t, s, ana, toTeam, hal.Name)
		checkTargetGone(t, s, ana, forIssue, hal.Name)
		if got, err := s.Invitation(t.Context(), ana, direct.ID); err != nil || !got.Active() {
			t.Errorf("the direct invitation: %+v, %v", got, err)
		}
	})
}

func inviteTo(t *testing.T, s *store.Store, c desk.Caller, in desk.Session, to store.NewInvitation) desk.Invitation {
	t.Helper()
	inv, err := s.Invite(t.Context(), c, in.ID, to)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// checkTargetGone checks that an invitation was withdrawn because its target is gone, and that the owner heard by whom.
func checkTargetGone(t *testing.T, s *store.Store, owner desk.Caller, inv desk.Invitation, by string) {
	t.Helper()
	got, err := s.Invitation(t.Context(), owner, inv.ID)
	if err != nil || got.State != desk.InvitationWithdrawn || got.Reason != desk.EndTargetGone || got.Rev <= inv.Rev || got.EndedAt == nil {
		t.Errorf("invitation: %+v, %v", got, err)
	}
	sub, err := s.Subscribe(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	events, err := sub.Read(t.Context(), 0, []desk.EventType{desk.EventInvitationEnded}, 100)
	if err != nil {
		t.Fatal(err)
	}
	told := slices.ContainsFunc(events.Items, func(e desk.Event) bool { return e.Invitation.ID == inv.ID && e.Actor != nil && e.Actor.Name == by })
	if !told {
		t.Errorf("the owner was not told that %s ended it: %+v", by, events.Items)
	}
}
