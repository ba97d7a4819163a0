// Package texts holds what people read in pushes, in emails and on the pages of emails' links, in each language (G11).
//
// The texts stand in active.<language>.yaml, in the format of go-i18n. A test finds those that a language lacks, those
// that nothing says, and those that are said and are not there.
package texts

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // for machines that know no time zones
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Languages are those that texts come in. The first is what people read whose own is not among them.
var Languages = []string{"en", "es", "de", "fr"}

// Args fill the places of a text. What stands in them comes out as it is: it is never read as a template, and it is
// escaped by whoever puts the text into HTML.
type Args map[string]any

// Texts says things in one language. It is safe for concurrent use.
type Texts struct {
	Language  string // BCP 47, for lang attributes
	localizer *i18n.Localizer
}

//go:embed active.*.yaml
var files embed.FS

var matcher, inOrder = load()

// load reads the files. They are part of the program, so what is wrong with them is a fault of it.
func load() (language.Matcher, []*Texts) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", func(data []byte, v any) error { return yaml.Unmarshal(data, v) })
	var tags []language.Tag
	var all []*Texts
	for _, name := range Languages {
		if _, err := bundle.LoadMessageFileFS(files, "active."+name+".yaml"); err != nil {
			panic(fmt.Errorf("texts in %s: %w", name, err))
		}
		tags = append(tags, language.MustParse(name))
		all = append(all, &Texts{name, i18n.NewLocalizer(bundle, name)})
	}
	return language.NewMatcher(tags), all
}

// For finds the texts for a BCP 47 tag, or for an Accept-Language header: "de-AT" reads German, and who reads none of
// the languages reads English.
func For(locale string) *Texts {
	_, i := language.MatchStrings(matcher, strings.ReplaceAll(locale, "_", "-"))
	return inOrder[i]
}

// Say says the text of an id. The argument Count chooses the plural. An id that ends in what this program does not know,
// such as a reason, says the text beside it that ends in "other".
func (t *Texts) Say(id string, args ...Args) string {
	given := Args{}
	if len(args) > 0 {
		given = args[0]
	}
	for _, id := range []string{id, id[:strings.LastIndexByte(id, '.')+1] + "other"} {
		if said, _ := t.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: given, PluralCount: given["Count"]}); said != "" {
			return said
		}
	}
	return id
}

// Date says a moment as the clock of an IANA time zone shows it, in UTC where there is no such zone.
func (t *Texts) Date(at time.Time, zone string) string {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	at = at.In(place)
	return t.Say("date.format", Args{"Day": at.Day(), "Month": t.Say("date.month." + strconv.Itoa(int(at.Month()))), "Year": at.Year(),
		"Time": at.Format("15:04"), "Zone": zoneName(at)})
}

// zoneName is what people call the zone, or its distance to UTC where it has no name.
func zoneName(at time.Time) string {
	name := at.Format("MST")
	if strings.ContainsAny(name, "+-") {
		return at.Format("UTC-07:00")
	}
	return name
}

// OneLine makes a text fit for a header: names are checked when they are stored, but a CR or LF that slipped in would let its
// writer add headers, and recipients, of their own.
func OneLine(s string) string {
	broken := func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
	return strings.Join(strings.FieldsFunc(s, broken), " ")
}
