package desk

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// smallFile is a file with nothing wrong in it, which each case spoils.
func smallFile() Organization {
	return Organization{
		Portals: []PortalEntry{{Slug: "main", Name: "Main"}, {Slug: "emea", Name: "EMEA", Parent: "main"}},
		Teams:   []TeamEntry{{Slug: "printers", Name: "Printers"}, {Slug: "network", Name: "Network"}},
		Reps:    []RepEntry{{Username: "ana", Name: "Ana Ruiz", Email: "ana@example.com", Teams: map[string]TeamRole{"printers": TeamLead}}},
		Issues:  []IssueEntry{{Slug: "paper-jam", Title: "Paper jam", Team: "printers", HelpTeams: []string{"network"}, Portals: []string{"main"}}},

		SupportButtons: []EntranceEntry{{Slug: "door", Name: "Door", Team: "printers", Portal: "main", Issue: "paper-jam", Code: "ABCDEFGH23456789"}},
		HelpLinks:      []EntranceEntry{{Slug: "door", Name: "Door", Rep: "ana"}},
	}
}

func TestI3_AnOrganisationFileIsChecked(t *testing.T) {
	cases := map[string]struct {
		spoil       func(*Organization)
		field, code string // empty: nothing is wrong
	}{
		"nothing":                 {func(o *Organization) {}, "", ""},
		"slug missing":            {func(o *Organization) { o.Portals[1].Slug = "" }, "portals[1].slug", "pattern"},
		"slug in capitals":        {func(o *Organization) { o.Portals[1].Slug = "EMEA" }, "portals[1].slug", "pattern"},
		"slug too long":           {func(o *Organization) { o.Portals[1].Slug = strings.Repeat("a", 65) }, "portals[1].slug", "pattern"},
		"slug twice":              {func(o *Organization) { o.Portals[1] = o.Portals[0] }, "portals[1].slug", "duplicate"},
		"user name twice":         {func(o *Organization) { o.Reps = append(o.Reps, o.Reps[0]) }, "reps[1].username", "duplicate"},
		"name missing":            {func(o *Organization) { o.Reps[0].Name = " " }, "reps[0].name", "empty"},
		"name of two lines":       {func(o *Organization) { o.Teams[0].Name = "a\r\nBcc: b" }, "teams[0].name", "control_character"},
		"title too long":          {func(o *Organization) { o.Issues[0].Title = strings.Repeat("é", 201) }, "issues[0].title", "too_long"},
		"parent unknown":          {func(o *Organization) { o.Portals[0].Parent = "nowhere" }, "portals[0].parent", "unknown"},
		"parent standing":         {func(o *Organization) { o.Portals[0].Parent = "standing" }, "", ""},
		"parent is itself":        {func(o *Organization) { o.Portals[0].Parent = "main" }, "portals[0].parent", "cycle"},
		"cycle through DB":        {func(o *Organization) { o.Portals[1].Parent = "below" }, "portals[1].parent", "cycle"},
		"mode unknown":            {func(o *Organization) { o.Portals[0].Modes = ptr([]string{"web", "fax"}) }, "portals[0].modes[1]", "enum"},
		"sharing unknown":         {func(o *Organization) { o.Portals[0].Sharing = ptr(Sharing("some")) }, "portals[0].sharing", "enum"},
		"ceiling unknown":         {func(o *Organization) { o.Portals[0].InviteCeiling = ptr(Access("")) }, "portals[0].invite_ceiling", "enum"},
		"customer in email":       {func(o *Organization) { o.Portals[0].CustomerInEmail = ptr("some") }, "portals[0].customer_in_email", "enum"},
		"8 invited (B11)":         {func(o *Organization) { o.Portals[0].MaxInvitedReps = ptr(8) }, "portals[0].max_invited_reps", "range"},
		"0 invited (B11)":         {func(o *Organization) { o.Portals[0].MaxInvitedReps = ptr(0) }, "", ""},
		"6 specialists (F1)":      {func(o *Organization) { o.Portals[0].MaxSpecialists = ptr(6) }, "portals[0].max_specialists", "range"},
		"negative history (C1)":   {func(o *Organization) { o.Portals[0].ChatHistorySeconds = ptr(-1) }, "portals[0].chat_history_seconds", "range"},
		"two days of history":     {func(o *Organization) { o.Portals[0].ChatHistorySeconds = ptr(172800) }, "portals[0].chat_history_seconds", "range"},
		"waiting 0 s":             {waiting(0, WaitingOverdue, ""), "teams[0].waiting.after_seconds", "range"},
		"waiting action":          {waiting(9, "shout", ""), "teams[0].waiting.action", "enum"},
		"overflow to itself":      {waiting(9, WaitingOverflow, "printers"), "teams[0].waiting.overflow_team", "same_team"},
		"overflow to nowhere":     {waiting(9, WaitingOverflow, ""), "teams[0].waiting.overflow_team", "empty"},
		"overflow to unknown":     {waiting(9, WaitingOverflow, "fax"), "teams[0].waiting.overflow_team", "unknown"},
		"overdue with a team":     {waiting(9, WaitingOverdue, "network"), "teams[0].waiting.overflow_team", "not_used"},
		"overflow":                {waiting(9, WaitingOverflow, "network"), "", ""},
		"team of the rep":         {func(o *Organization) { o.Reps[0].Teams["fax"] = TeamLead }, "reps[0].teams.fax", "unknown"},
		"standing team":           {func(o *Organization) { o.Reps[0].Teams["standing.team"] = TeamLead }, "", ""},
		"role in the team":        {func(o *Organization) { o.Reps[0].Teams["printers"] = "boss" }, "reps[0].teams.printers", "enum"},
		"permission":              {func(o *Organization) { o.Reps[0].Permissions = []Permission{"fly"} }, "reps[0].permissions[0]", "enum"},
		"role":                    {func(o *Organization) { o.Reps[0].Role = "root" }, "reps[0].role", "enum"},
		"email with a name":       {func(o *Organization) { o.Reps[0].Email = "Ana <ana@example.com>" }, "reps[0].email", "email"},
		"email in brackets":       {func(o *Organization) { o.Reps[0].Email = "<ana@example.com>" }, "reps[0].email", "email"},
		"email of two lines":      {func(o *Organization) { o.Reps[0].Email = "ana@example.com\r\nBcc: b@c" }, "reps[0].email", "control_character"},
		"email without host":      {func(o *Organization) { o.Reps[0].Email = "ana" }, "reps[0].email", "email"},
		"password short":          {func(o *Organization) { o.Reps[0].Password = "1234567" }, "reps[0].password", "length"},
		"password long":           {func(o *Organization) { o.Reps[0].Password = strings.Repeat("x", 201) }, "reps[0].password", "length"},
		"password":                {func(o *Organization) { o.Reps[0].Password = "pässwörd" }, "", ""},
		"password and hash":       {func(o *Organization) { o.Reps[0].Password, o.Reps[0].PasswordHash = "12345678", goodHash }, "reps[0].password_hash", "one_needed"},
		"hash":                    {func(o *Organization) { o.Reps[0].PasswordHash = goodHash }, "", ""},
		"hash of another kind":    {func(o *Organization) { o.Reps[0].PasswordHash = "$2y$10$abcdefghijklmnopqrstuv" }, "reps[0].password_hash", "format"},
		"hash without passes":     {func(o *Organization) { o.Reps[0].PasswordHash = strings.Replace(goodHash, "t=2", "t=0", 1) }, "reps[0].password_hash", "format"},
		"hash of 4 GiB":           {func(o *Organization) { o.Reps[0].PasswordHash = strings.Replace(goodHash, "19456", "4194304", 1) }, "reps[0].password_hash", "format"},
		"locale":                  {func(o *Organization) { o.Reps[0].Locale = "english please" }, "reps[0].locale", "pattern"},
		"time zone":               {func(o *Organization) { o.Reps[0].TimeZone = "Mars/Olympus" }, "reps[0].time_zone", "unknown"},
		"the server's zone":       {func(o *Organization) { o.Reps[0].TimeZone = "Local" }, "reps[0].time_zone", "unknown"},
		"issue of no team":        {func(o *Organization) { o.Issues[0].Team = "" }, "issues[0].team", "empty"},
		"issue of unknown team":   {func(o *Organization) { o.Issues[0].Team = "fax" }, "issues[0].team", "unknown"},
		"help for unknown team":   {func(o *Organization) { o.Issues[0].HelpTeams = []string{"network", "fax"} }, "issues[0].help_teams[1]", "unknown"},
		"issue of unknown portal": {func(o *Organization) { o.Issues[0].Portals = []string{"main", "fax"} }, "issues[0].portals[1]", "unknown"},
		"button of no name (E3)":  {func(o *Organization) { o.SupportButtons[0].Name = "\u200f" }, "support_buttons[0].name", "empty"},
		"button for nobody":       {func(o *Organization) { o.SupportButtons[0].Team = "" }, "support_buttons[0].rep", "one_needed"},
		"button for two":          {func(o *Organization) { o.SupportButtons[0].Rep = "ana" }, "support_buttons[0].rep", "one_needed"},
		"button for standing rep": {func(o *Organization) { o.SupportButtons[0].Team, o.SupportButtons[0].Rep = "", "eli" }, "", ""},
		"link for unknown rep":    {func(o *Organization) { o.HelpLinks[0].Rep = "nobody" }, "help_links[0].rep", "unknown"},
		"link of unknown portal":  {func(o *Organization) { o.HelpLinks[0].Portal = "fax" }, "help_links[0].portal", "unknown"},
		"link of unknown issue":   {func(o *Organization) { o.HelpLinks[0].Issue = "fax" }, "help_links[0].issue", "unknown"},
		"link of standing issue":  {func(o *Organization) { o.HelpLinks[0].Issue = "standing-issue" }, "", ""},
		"link slug twice":         {func(o *Organization) { o.HelpLinks = append(o.HelpLinks, o.HelpLinks[0]) }, "help_links[1].slug", "duplicate"},
		"icon too long":           {func(o *Organization) { o.HelpLinks[0].Icon = strings.Repeat("x", 201) }, "help_links[0].icon", "too_long"},
		"priority":                {func(o *Organization) { o.HelpLinks[0].Priority = 101 }, "help_links[0].priority", "range"},
		"code with look-alikes":   {func(o *Organization) { o.HelpLinks[0].Code = "OIL0OIL0OIL0OIL0" }, "help_links[0].code", "pattern"},
		"code twice":              {func(o *Organization) { o.HelpLinks[0].Code = "ABCDEFGH23456789" }, "help_links[0].code", "taken"},
		"code of a standing one":  {func(o *Organization) { o.HelpLinks[0].Code = "ZZZZZZZZZZZZZZZZ" }, "help_links[0].code", "taken"},
		"code of its own":         {func(o *Organization) { o.HelpLinks[0].Code = "YYYYYYYYYYYYYYYY" }, "", ""},
	}
	standing := &Standing{Portals: map[string]string{"standing": "", "below": "emea"}, Teams: map[string]bool{"standing.team": true}, Reps: map[string]bool{"eli": true}, Issues: map[string]bool{"standing-issue": true},
		Codes: map[string]string{"ZZZZZZZZZZZZZZZZ": "support_button gate", "YYYYYYYYYYYYYYYY": "help_link door"}}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := smallFile()
			c.spoil(&o)
			wrong := o.Check(standing)
			if c.field == "" {
				if len(wrong) > 0 {
					t.Fatalf("wrong: %+v", wrong)
				}
				return
			}
			if len(wrong) != 1 || wrong[0].Field != c.field || wrong[0].Code != c.code || wrong[0].Detail == "" {
				t.Fatalf("wrong: %+v, want one %s at %s", wrong, c.code, c.field)
			}
		})
	}
}

const goodHash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b9dWRWJTmaQN0f2n9dHhZbB5B4"

func waiting(after int, action WaitingAction, team string) func(*Organization) {
	return func(o *Organization) {
		o.Teams[0].Waiting = &WaitingRule{AfterSeconds: after, Action: action, OverflowTeam: team}
	}
}

func TestI3_WithoutKnowingWhatStandsReferencesPass(t *testing.T) {
	o := smallFile()
	o.Portals[0].Parent, o.Issues[0].Team, o.Reps[0].Teams["fax"] = "elsewhere", "elsewhere", TeamMember
	if wrong := o.Check(nil); len(wrong) > 0 {
		t.Fatalf("wrong: %+v", wrong)
	}
}

func TestI3_WhatIsLeftOut(t *testing.T) {
	created := RepEntry{Username: "ana", Name: "Ana Ruiz", Password: "secret"}.Over(RepEntry{})
	want := RepEntry{Username: "ana", Name: "Ana Ruiz", PublicName: "Ana Ruiz", Role: RoleRep, Locale: "en", TimeZone: "UTC", Permissions: []Permission{}}
	if !reflect.DeepEqual(created, want) {
		t.Errorf("a new rep is %+v, want %+v", created, want)
	}
	was := created
	was.Locale, was.TimeZone, was.Disabled, was.Email = "es", "Europe/Madrid", ptr(true), "ana@example.com"
	again := RepEntry{Username: "ana", Name: "Ana Ruiz"}.Over(was)
	if fields := ChangedFields(was, again); !slices.Equal(fields, []string{"email"}) {
		t.Errorf("leaving all out changes %v, want only what is the file's own: email", fields)
	}
	enabled := RepEntry{Username: "ana", Name: "Ana Ruiz", Email: was.Email, Disabled: ptr(false)}.Over(was)
	if fields := ChangedFields(was, enabled); !slices.Equal(fields, []string{"disabled"}) {
		t.Errorf("enabling changes %v", fields)
	}
}

func TestI3_SetsAreComparedWithoutOrder(t *testing.T) {
	was := IssueEntry{Slug: "vpn", HelpTeams: []string{"a", "b"}}.Over(IssueEntry{})
	now := IssueEntry{Slug: "vpn", HelpTeams: []string{"b", "a", "b"}}.Over(was)
	if fields := ChangedFields(was, now); len(fields) > 0 {
		t.Errorf("changed: %v", fields)
	}
}

func TestI3_APortalThatSaysNothingDiffersFromOneThatSaysNone(t *testing.T) {
	was := PortalEntry{Slug: "main", Name: "Main"}
	now := was
	now.Modes = ptr([]string{})
	if fields := ChangedFields(was, now); !slices.Equal(fields, []string{"modes"}) {
		t.Errorf("changed: %v", fields)
	}
}

func TestI3_PortalsInheritInAnyOrder(t *testing.T) {
	effective := EffectivePortals([]PortalEntry{
		{Slug: "leaf", Parent: "middle"},
		{Slug: "middle", Parent: "top", PortalSettings: PortalSettings{MaxInvitedReps: ptr(3)}},
		{Slug: "top", PortalSettings: PortalSettings{InviteCeiling: ptr(View), MaxInvitedReps: ptr(5)}},
	})
	leaf := effective["leaf"]
	if *leaf.InviteCeiling != View || *leaf.MaxInvitedReps != 3 || *leaf.Sharing != SharingTeams {
		t.Errorf("leaf: ceiling %s, invited %d, sharing %s", *leaf.InviteCeiling, *leaf.MaxInvitedReps, *leaf.Sharing)
	}
	if top := effective["top"]; *top.MaxInvitedReps != 5 {
		t.Errorf("top: invited %d", *top.MaxInvitedReps)
	}
}
