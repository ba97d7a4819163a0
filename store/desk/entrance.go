package desk

import (
	"cmp"
	"fmt"
	"regexp"
)

// EntranceKind is what a fixed code starts.
type EntranceKind string

const (
	SupportButton EntranceKind = "support_button" // E3
	HelpLink      EntranceKind = "help_link"      // a browser-sharing session (E4)
)

// Parameter is the name under which an address carries a code of the kind.
func (k EntranceKind) Parameter() string {
	if k == HelpLink {
		return "link"
	}
	return "button"
}

// MaxPriority is that of the most urgent session.
const MaxPriority = 100

const (
	// EntranceAlphabet is what codes of entrances are made of: digits and capitals without 0, 1, I, L, O and U.
	EntranceAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	// EntranceCodeLength makes some 78 bits, which nobody guesses.
	EntranceCodeLength = 16
)

var entranceCode = regexp.MustCompile(fmt.Sprintf("^[%s]{%d}$", EntranceAlphabet, EntranceCodeLength))

// ReadEntranceCode is a code as it was made, of how somebody wrote it; false: it is none.
func ReadEntranceCode(written string) (string, bool) {
	code := NormalCode(written)
	return code, entranceCode.MatchString(code)
}

// EntranceEntry is a support button or a help link in an organisation file.
type EntranceEntry struct {
	Slug     string `json:"slug" yaml:"slug" doc:"Unique name among those of its kind" example:"front-door"`
	Name     string `json:"name" yaml:"name" doc:"What people call it" example:"Front door"`
	Icon     string `json:"icon,omitempty" yaml:"icon,omitempty" doc:"The address or the name of an icon"`
	Code     string `json:"code,omitempty" yaml:"code,omitempty" doc:"The code of a new one, so that what is printed goes on working; left out: a new code. One that exists keeps its own"`
	Portal   string `json:"portal,omitempty" yaml:"portal,omitempty" doc:"Slug of the portal whose settings its sessions have" example:"main"`
	Rep      string `json:"rep,omitempty" yaml:"rep,omitempty" doc:"User name of the rep for whom its sessions wait; this or team" example:"ana"`
	Team     string `json:"team,omitempty" yaml:"team,omitempty" doc:"Slug of the team in whose queue they wait; this or rep" example:"printers"`
	Issue    string `json:"issue,omitempty" yaml:"issue,omitempty" doc:"Slug of the issue that they carry" example:"paper-jam"`
	Priority int    `json:"priority,omitempty" yaml:"priority,omitempty" doc:"Their priority, 0 to 100; higher is more urgent"`
	Disabled *bool  `json:"disabled,omitempty" yaml:"disabled,omitempty" doc:"Whether it is withdrawn; left out: as it is"`
}

func (e EntranceEntry) Key() string { return e.Slug }

// Over keeps the code: it is printed somewhere.
func (e EntranceEntry) Over(was EntranceEntry) EntranceEntry {
	e.Code = cmp.Or(was.Code, e.Code)
	e.Disabled = disabledOver(e.Disabled, was.Disabled)
	return e
}

// Entrance is a support button or a help link, as administrators see it.
type Entrance struct {
	ID       string `json:"id" doc:"Opaque id" example:"btn_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev      int64  `json:"rev" doc:"Grows with each change of this object"`
	Slug     string `json:"slug" doc:"Unique name; @slug stands for the id in requests" example:"front-door"`
	Name     string `json:"name" doc:"What people call it" example:"Front door"`
	Icon     string `json:"icon,omitempty" doc:"The address or the name of an icon"`
	Portal   *Ref   `json:"portal,omitempty" doc:"The portal whose settings its sessions have"`
	Rep      *Ref   `json:"rep,omitempty" doc:"The rep for whom its sessions wait"`
	Team     *Ref   `json:"team,omitempty" doc:"The team in whose queue its sessions wait"`
	Issue    *Ref   `json:"issue,omitempty" doc:"The issue that its sessions carry"`
	Priority int    `json:"priority" doc:"The priority of its sessions"`
	Code     string `json:"code" doc:"What lets customers in; it never changes" example:"7K2MQ9XWD4HTBR3V"`
	URL      string `json:"url" doc:"Where it leads" example:"https://desk.example.com/p/main?button=7K2MQ9XWD4HTBR3V"`
	Disabled bool   `json:"disabled" doc:"Whether it is withdrawn: its code lets nobody in"`
}

// PublicEntrance is what a support button or a help link shows to the customer who comes by it (E3, E4).
type PublicEntrance struct {
	Kind   EntranceKind
	Name   string
	Icon   string // its address or its name
	Portal string // the name of the portal whose settings its sessions have
}
