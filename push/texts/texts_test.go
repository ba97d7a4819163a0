package texts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/repdesk/repdesk/store/desk"
)

// reasons are the last parts of ids that are made of what the program knows only when it runs.
var reasons = map[string][]string{
	"session.title.": {desk.SessionConnectionLost, desk.SessionMovedToYou, desk.SessionTakenOver, "other"},
	"session.body.":  {desk.SessionConnectionLost, desk.SessionMovedToYou, desk.SessionTakenOver, "other"},
	"ended.title.":   {"invitation", "transfer", "session", "queue", "message", "other"},
	"ended.reason.": {string(desk.EndAccepted), string(desk.EndDeclined), string(desk.EndCancelled), string(desk.EndOwnerLeft), string(desk.EndOwnershipMoved),
		string(desk.EndSessionEnded), string(desk.EndJoinedOtherwise), string(desk.EndTargetGone), string(desk.EndLoggedOut), desk.SessionConnectionLost, "other"},
	"date.month.":       {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"},
	"trouble.title.":    {string(desk.NotFound), string(desk.NotAllowed), string(desk.TooManyRequests), string(desk.TooManyAttempts), "other"},
	"trouble.text.":     {string(desk.NotFound), string(desk.NotAllowed), string(desk.TooManyRequests), string(desk.TooManyAttempts), "other"},
	"join.name.wrong.":  {"empty", "too_long", "other"},
	"join.over.title.":  {string(desk.SpecialistEndCancelled), string(desk.SpecialistEndSessionEnded), string(desk.SpecialistUsedUp), string(desk.SpecialistNotNow), "other"},
	"join.over.text.":   {string(desk.SpecialistEndCancelled), string(desk.SpecialistEndSessionEnded), string(desk.SpecialistUsedUp), string(desk.SpecialistNotNow), "other"},
	"signedOut.body.":   {"logged_out", "revoked", "password_changed", "account_disabled", "other"},
	"entrance.way.":     {"rep", "issue", "code"},
	"entrance.trouble.": {"name", "company", "details", "code", "choice", string(desk.CodeNotValid), string(desk.NotFound), string(desk.NoRepAvailable), string(desk.NotAllowed)},
	"guest.title.":      {"waiting", "again", "active", "held", "left", "ended"},
	"guest.ended.":      {desk.EndedByOwner, desk.EndedAbandoned, desk.EndedCustomerGone, "customer_left", desk.EndedOwnerLost, desk.EndedByAdmin, desk.EndedNoRep, "other"},
	"guest.role.":       {string(desk.AttendeeCustomer), string(desk.AttendeeOwner), string(desk.AttendeeRep), string(desk.AttendeeSpecialist)},
	"guest.may.":        {string(desk.View), string(desk.Control), string(desk.ConsentAsked), string(desk.ConsentRefused)},
	"guest.consent.":    {"asked.view", "asked.control", "granted.view", "granted.control"},
	"guest.system.":     {desk.SystemJoined, desk.SystemLeft},
	"guest.error.":      {"empty", "too_long", string(desk.SessionNotActive), string(desk.NotFound), "other"},
}

// G11: what one language says, each says, with the same places to fill.
func TestG11EveryLanguageSaysTheSame(t *testing.T) {
	there, err := fs.Glob(files, "*")
	if err != nil || len(there) != len(Languages) {
		t.Errorf("files %v, languages %v, %v", there, Languages, err)
	}
	english := read(t, "en")
	for _, language := range Languages[1:] {
		said := read(t, language)
		missing(t, language+" lacks", english, said)
		missing(t, language+" alone has", said, english)
		for id, m := range said {
			for _, form := range forms(m) {
				if got, want := places(t, form), places(t, english[id].Other); english[id] != nil && !slices.Equal(got, want) {
					t.Errorf("%s: %s fills %v, in English %v", language, id, got, want)
				}
			}
		}
	}
}

// G11: no text is there in vain, and none is said that is not there, or without what it needs.
func TestG11TextsAndTheirUse(t *testing.T) {
	english, used := read(t, "en"), usedIDs(t)
	for start, ends := range reasons {
		if used[start] == nil {
			t.Errorf("nothing says %s…", start)
		}
		for _, end := range ends {
			used[start+end] = append(used[start+end], used[start]...)
		}
		delete(used, start)
	}
	missing(t, "nothing says", english, used)
	for id, uses := range used {
		for _, u := range uses {
			if english[id] == nil {
				t.Errorf("%s: there is no text %s", u.where, id)
			} else if need := needed(t, english[id].Other); !u.unchecked && !subset(need, u.args) {
				t.Errorf("%s: %s needs %v and is given %v", u.where, id, need, u.args)
			}
		}
	}
}

func missing[A, B any](t *testing.T, what string, all map[string]A, from map[string]B) {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if _, ok := from[id]; !ok {
			t.Errorf("%s %s", what, id)
		}
	}
}

// read reads the texts of a language as they stand in its file.
func read(t *testing.T, language string) map[string]*i18n.Message {
	t.Helper()
	name := "active." + language + ".yaml"
	data, err := files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := i18n.ParseMessageFileBytes(data, name, map[string]i18n.UnmarshalFunc{"yaml": func(data []byte, v any) error { return yaml.Unmarshal(data, v) }})
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]*i18n.Message{}
	for _, m := range file.Messages {
		said[m.ID] = m
		for _, form := range forms(m) {
			if form != strings.TrimSpace(form) || form == "" {
				t.Errorf("%s: %s is %q", language, m.ID, form)
			}
		}
	}
	return said
}

func forms(m *i18n.Message) []string {
	return slices.DeleteFunc([]string{m.One, m.Many, m.Other}, func(s string) bool { return s == "" && m.Other != "" })
}

// places are the names that a text fills in; needed are those of them that it cannot do without.
func places(t *testing.T, text string) []string { return fields(t, text, true) }
func needed(t *testing.T, text string) []string { return fields(t, text, false) }

func fields(t *testing.T, text string, optional bool) []string {
	t.Helper()
	tmpl, err := template.New("text").Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	found := map[string]bool{}
	var look func(node parse.Node)
	branch := func(b *parse.BranchNode) {
		look(b.List)
		if b.ElseList != nil {
			look(b.ElseList)
		}
		if optional {
			look(b.Pipe)
		}
	}
	look = func(node parse.Node) {
		switch n := node.(type) {
		case *parse.ListNode:
			for _, inner := range n.Nodes {
				look(inner)
			}
		case *parse.ActionNode:
			look(n.Pipe)
		case *parse.PipeNode:
			for _, command := range n.Cmds {
				for _, arg := range command.Args {
					look(arg)
				}
			}
		case *parse.FieldNode:
			found[n.Ident[0]] = true
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.IfNode:
			branch(&n.BranchNode)
		}
	}
	if tmpl.Tree != nil {
		look(tmpl.Root)
	}
	return slices.Sorted(maps.Keys(found))
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// use is where an id is said, and with which arguments.
type use struct {
	where     string
	args      []string
	unchecked bool // the arguments stand elsewhere
}

// usedIDs finds what the program says: Say calls in Go, whose id is a literal or begins with one, and in templates.
func usedIDs(t *testing.T) map[string][]use {
	t.Helper()
	used := map[string][]use{}
	inTemplate := regexp.MustCompile(`\.Say "([^"]+)"`)
	for _, folder := range []string{"../../api", "../../cmd", "../../push"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				saidInGo(t, path, used)
			case strings.HasSuffix(path, ".html"), strings.HasSuffix(path, ".txt"):
				data, err := os.ReadFile(path)
				for _, m := range inTemplate.FindAllStringSubmatch(string(data), -1) {
					used[m[1]] = append(used[m[1]], use{where: path, unchecked: true})
				}
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return used
}

func saidInGo(t *testing.T, path string, used map[string][]use) {
	t.Helper()
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); !ok || f.Sel.Name != "Say" {
			return true
		}
		where := positions.Position(call.Pos()).String()
		id := call.Args[0]
		if sum, ok := id.(*ast.BinaryExpr); ok {
			id = sum.X
		}
		literal, ok := id.(*ast.BasicLit)
		if !ok {
			t.Errorf("%s: the id of a text must be a literal, or begin with one", where)
			return true
		}
		name, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		used[name] = append(used[name], argsOf(call, where))
		return true
	})
}

func argsOf(call *ast.CallExpr, where string) use {
	u := use{where: where}
	if len(call.Args) < 2 {
		return u
	}
	given, ok := call.Args[1].(*ast.CompositeLit)
	if !ok {
		u.unchecked = true
		return u
	}
	for _, e := range given.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.BasicLit); ok {
				u.args = append(u.args, strings.Trim(key.Value, `"`))
			}
		}
	}
	return u
}

// G11: the closest language that there is, else English.
func TestG11Languages(t *testing.T) {
	for locale, want := range map[string]string{
		"": "en", "en": "en", "EN-gb": "en", "en_US": "en", "tlh": "en", "tlh-KX": "en", "ja": "en", "!": "en", "*": "en",
		"de": "de", "de-AT": "de", "de_CH": "de", "DE": "de", "es-MX": "es", "es-419": "es", "fr-CA": "fr", "fr-Latn-CH-x-1": "fr",
		"da, en-gb;q=0.8, de;q=0.7": "en", "ja, fr-CH;q=0.9, de;q=0.5": "fr", "de;q=0.3, es;q=0.8": "es", // as browsers ask
	} {
		if got := For(locale).Language; got != want {
			t.Errorf("%q reads %s, want %s", locale, got, want)
		}
	}
}

// G11: CLDR's plural forms, of which Spanish and French have one for millions.
func TestG11Plurals(t *testing.T) {
	for language, want := range map[string]map[int]string{
		"en": {0: "0 new messages", 1: "1 new message", 2: "2 new messages"},
		"de": {0: "0 neue Nachrichten", 1: "1 neue Nachricht", 21: "21 neue Nachrichten"},
		"es": {0: "0 mensajes nuevos", 1: "1 mensaje nuevo", 5: "5 mensajes nuevos", 1_000_000: "1000000 de mensajes nuevos"},
		"fr": {0: "0 nouveau message", 1: "1 nouveau message", 2: "2 nouveaux messages", 2_000_000: "2000000 de nouveaux messages"},
	} {
		for n, text := range want {
			if got := For(language).Say("message.count", Args{"Count": n}); got != text {
				t.Errorf("%s: %q, want %q", language, got, text)
			}
		}
	}
}

// What users wrote is not read as a template, nor made into HTML twice.
func TestG11TextsOfUsersComeOutAsTheyAre(t *testing.T) {
	const name = `{{.Inviter}} <b>"O'Hara" & {{template "x"}} %s`
	for _, language := range Languages {
		if got := For(language).Say("invitation.title", Args{"Inviter": name}); !strings.Contains(got, name) {
			t.Errorf("%s: %q", language, got)
		}
	}
}

func TestG11WhatIsNotKnownYet(t *testing.T) {
	english := For("en")
	for id, want := range map[string]string{
		"session.title.of_a_later_version": "Your session has changed", "ended.reason.": "It is no longer for you.", "nothing": "nothing", "no.such.text": "no.such.text",
	} {
		if got := english.Say(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := english.Ended(desk.EndAccepted, "", false); got != "Somebody else has accepted it." {
		t.Errorf("by nobody that the reader may know: %q", got)
	}
	for _, queue := range []Args{nil, {"Queue": ""}} {
		if got := english.Say("queue.entered.title", queue); got != "Somebody is waiting for you" {
			t.Errorf("one's own queue: %q", got)
		}
	}
}

// G11: in the rep's language, by the rep's clock.
func TestG11Dates(t *testing.T) {
	winter, summer := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC), time.Date(2026, 7, 31, 22, 5, 0, 0, time.UTC)
	for _, tt := range []struct {
		language, zone string
		at             time.Time
		want           string
	}{
		{"en", "", winter, "22 November 2026, 23:30 UTC"},
		{"en", "Europe/London", summer, "31 July 2026, 23:05 BST"},
		{"en", "Mars/Olympus", winter, "22 November 2026, 23:30 UTC"},
		{"de", "Europe/Berlin", winter, "23. November 2026, 00:30 Uhr CET"},
		{"es", "Europe/Madrid", winter, "23 de noviembre de 2026, 00:30 CET"},
		{"es", "America/Sao_Paulo", winter, "22 de noviembre de 2026, 20:30 UTC-03:00"},
		{"fr", "Europe/Paris", summer, "1er août 2026 à 00:05 CEST"},
		{"fr", "Asia/Kathmandu", winter, "23 novembre 2026 à 05:15 UTC+05:45"},
	} {
		if got := For(tt.language).Date(tt.at, tt.zone); got != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.language, tt.zone, got, tt.want)
		}
	}
}
