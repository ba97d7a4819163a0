package desk

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// Organization is an organisation file (I3): people, teams, portals, issues, support buttons and help links, named by their
// slugs and user names.
//
// A file may be partial: what it does not name stays as it is. What it names it describes whole, so a field left out
// has its default. The exceptions are what others set too: a rep's locale and time zone, and whether a thing is
// disabled, stay as they are when left out; and passwords and codes are for what is new alone.
type Organization struct {
	Portals        []PortalEntry   `json:"portals,omitempty" yaml:"portals,omitempty" doc:"Entrances for customers"`
	Teams          []TeamEntry     `json:"teams,omitempty" yaml:"teams,omitempty" doc:"Teams and embassies"`
	Reps           []RepEntry      `json:"reps,omitempty" yaml:"reps,omitempty" doc:"Accounts"`
	Issues         []IssueEntry    `json:"issues,omitempty" yaml:"issues,omitempty" doc:"Kinds of problems"`
	SupportButtons []EntranceEntry `json:"support_buttons,omitempty" yaml:"support_buttons,omitempty" doc:"Fixed codes by which customers come to a rep or a team"`
	HelpLinks      []EntranceEntry `json:"help_links,omitempty" yaml:"help_links,omitempty" doc:"The same for browser-sharing sessions"`
}

// PortalEntry is a portal in an organisation file.
type PortalEntry struct {
	Slug           string `json:"slug" yaml:"slug" doc:"Unique name" example:"main-emea"`
	Name           string `json:"name" yaml:"name" doc:"What people call it" example:"EMEA"`
	Parent         string `json:"parent,omitempty" yaml:"parent,omitempty" doc:"Slug of the portal above it, whose settings it inherits" example:"main"`
	PortalSettings `yaml:",inline"`
	Disabled       *bool `json:"disabled,omitempty" yaml:"disabled,omitempty" doc:"Whether it is out of use; left out: as it is"`
}

// TeamEntry is a team in an organisation file.
type TeamEntry struct {
	Slug        string       `json:"slug" yaml:"slug" doc:"Unique name" example:"printers"`
	Name        string       `json:"name" yaml:"name" doc:"What people call it" example:"Printers"`
	Embassy     bool         `json:"embassy,omitempty" yaml:"embassy,omitempty" doc:"Whether it is a team of outside reps"`
	Supervision *bool        `json:"supervision,omitempty" yaml:"supervision,omitempty" doc:"Whether its leads and managers may join, transfer and take over sessions of lower roles; left out: they may"`
	Persistent  bool         `json:"persistent,omitempty" yaml:"persistent,omitempty" doc:"Whether its queue keeps sessions with no rep logged in"`
	Waiting     *WaitingRule `json:"waiting,omitempty" yaml:"waiting,omitempty" doc:"What happens to a session that waits too long"`
	Disabled    *bool        `json:"disabled,omitempty" yaml:"disabled,omitempty" doc:"Whether it is out of use; left out: as it is"`
}

// WaitingRule says what happens to a session that waits too long in a team's queue (D10).
type WaitingRule struct {
	AfterSeconds int           `json:"after_seconds" yaml:"after_seconds" doc:"How long it may wait" example:"300"`
	Action       WaitingAction `json:"action" yaml:"action" doc:"Alert the team, or move the session" values:"WaitingAction"`
	OverflowTeam string        `json:"overflow_team,omitempty" yaml:"overflow_team,omitempty" doc:"Where it moves" example:"network"`
}

// WaitingAction is what a WaitingRule does.
type WaitingAction string

const (
	WaitingOverdue  WaitingAction = "overdue"  // alert the team
	WaitingOverflow WaitingAction = "overflow" // move the session to another team
)

// RepEntry is an account in an organisation file.
type RepEntry struct {
	Username     string              `json:"username" yaml:"username" doc:"The log-in name" example:"ana"`
	Password     string              `json:"password,omitempty" yaml:"password,omitempty" doc:"The first password of a new account; one that exists keeps its own"`
	PasswordHash string              `json:"password_hash,omitempty" yaml:"password_hash,omitempty" doc:"The same as an encoded argon2id hash, to keep the password out of the file"`
	Name         string              `json:"name" yaml:"name" doc:"The name that colleagues see" example:"Ana Ruiz"`
	PublicName   string              `json:"public_name,omitempty" yaml:"public_name,omitempty" doc:"The name that customers see; left out: the name" example:"Ana"`
	Email        string              `json:"email,omitempty" yaml:"email,omitempty" doc:"Where emails go" example:"ana@example.com"`
	Teams        map[string]TeamRole `json:"teams,omitempty" yaml:"teams,omitempty" doc:"The role (member, lead, manager) in each team, by its slug; the rep leaves the others"`
	Permissions  []Permission        `json:"permissions,omitempty" yaml:"permissions,omitempty" doc:"What the rep may do beyond the ordinary" values:"Permission"`
	Role         Role                `json:"role,omitempty" yaml:"role,omitempty" doc:"The role in the organisation; left out: rep" values:"Role"`
	Locale       string              `json:"locale,omitempty" yaml:"locale,omitempty" doc:"BCP 47 language tag; left out: as the rep chose" example:"en"`
	TimeZone     string              `json:"time_zone,omitempty" yaml:"time_zone,omitempty" doc:"IANA time zone; left out: as the rep chose" example:"Europe/Madrid"`
	Disabled     *bool               `json:"disabled,omitempty" yaml:"disabled,omitempty" doc:"Whether the account is closed; left out: as it is"`
}

// IssueEntry is an issue in an organisation file.
type IssueEntry struct {
	Slug        string   `json:"slug" yaml:"slug" doc:"Unique name" example:"paper-jam"`
	Title       string   `json:"title" yaml:"title" doc:"What people call it" example:"Paper jam"`
	Team        string   `json:"team" yaml:"team" doc:"Slug of the team that owns it" example:"printers"`
	RequestHelp bool     `json:"request_help,omitempty" yaml:"request_help,omitempty" doc:"Whether reps may ask the team for help on it"`
	HelpTeams   []string `json:"help_teams,omitempty" yaml:"help_teams,omitempty" doc:"Slugs of the teams whose reps may ask; left out: all"`
	Portals     []string `json:"portals,omitempty" yaml:"portals,omitempty" doc:"Slugs of the portals on whose public page, and of those below, customers can choose it; left out: all"`
	Disabled    *bool    `json:"disabled,omitempty" yaml:"disabled,omitempty" doc:"Whether it is out of use; left out: as it is"`
}

// Entry is one thing in an organisation file.
type Entry[E any] interface {
	Key() string  // its unique name
	Over(was E) E // the entry with what it leaves out, over the same thing as it was; zero for a new one
}

func (e PortalEntry) Key() string { return e.Slug }
func (e TeamEntry) Key() string   { return e.Slug }
func (e RepEntry) Key() string    { return e.Username }
func (e IssueEntry) Key() string  { return e.Slug }

func (e PortalEntry) Over(was PortalEntry) PortalEntry {
	e.Disabled = disabledOver(e.Disabled, was.Disabled)
	return e
}

func (e TeamEntry) Over(was TeamEntry) TeamEntry {
	if e.Supervision != nil && *e.Supervision {
		e.Supervision = nil // one form for the default, so that entries can be compared
	}
	e.Disabled = disabledOver(e.Disabled, was.Disabled)
	return e
}

func (e RepEntry) Over(was RepEntry) RepEntry {
	e.Password, e.PasswordHash = "", ""
	e.PublicName = cmp.Or(e.PublicName, e.Name)
	e.Role = cmp.Or(e.Role, RoleRep)
	e.Locale = cmp.Or(e.Locale, was.Locale, "en")
	e.TimeZone = cmp.Or(e.TimeZone, was.TimeZone, "UTC")
	e.Permissions = sorted(e.Permissions)
	e.Disabled = disabledOver(e.Disabled, was.Disabled)
	return e
}

func (e IssueEntry) Over(was IssueEntry) IssueEntry {
	e.HelpTeams, e.Portals = sorted(e.HelpTeams), sorted(e.Portals)
	e.Disabled = disabledOver(e.Disabled, was.Disabled)
	return e
}

// disabledOver has one form for what is in use, nil, so that entries can be compared.
func disabledOver(says, was *bool) *bool {
	if says = cmp.Or(says, was); says != nil && *says {
		return says
	}
	return nil
}

// sorted is a list that stands for a set; it is never nil.
func sorted[T cmp.Ordered](set []T) []T {
	set = append([]T{}, set...)
	slices.Sort(set)
	return slices.Compact(set)
}

// ChangedFields names the fields in which an entry differs from what was.
func ChangedFields[E any](was, now E) []string {
	before, after := fieldsOf(was), fieldsOf(now)
	for name, value := range before {
		if string(after[name]) == string(value) {
			delete(after, name)
		} else {
			after[name] = value
		}
	}
	return slices.Sorted(maps.Keys(after))
}

func fieldsOf(entry any) (fields map[string]json.RawMessage) {
	text, err := json.Marshal(entry)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil { // the entries hold nothing that JSON cannot
		panic(err)
	}
	return fields
}

// EffectivePortals are the settings in force in each portal, by slug. A parent that is not among them counts as none.
func EffectivePortals(portals []PortalEntry) map[string]PortalSettings {
	bySlug := make(map[string]PortalEntry, len(portals))
	for _, p := range portals {
		bySlug[p.Slug] = p
	}
	effective := make(map[string]PortalSettings, len(portals))
	var settle func(slug string) PortalSettings
	settle = func(slug string) PortalSettings {
		p, there := bySlug[slug]
		if !there {
			return DefaultPortalSettings()
		}
		if _, done := effective[slug]; !done {
			effective[slug] = p.PortalSettings.Under(settle(p.Parent))
		}
		return effective[slug]
	}
	for slug := range bySlug {
		settle(slug)
	}
	return effective
}

// ImportedEntry is one thing that an import made or changed.
type ImportedEntry struct {
	Kind   string   `json:"kind" doc:"What kind of thing it is" values:"OrganizationPart"`
	Name   string   `json:"name" doc:"Its slug or user name" example:"printers"`
	Fields []string `json:"fields,omitempty" doc:"The fields that changed"`
}

// ImportReport says what an organisation file changed, or would change.
type ImportReport struct {
	DryRun    bool            `json:"dry_run" doc:"Whether nothing was kept"`
	Created   []ImportedEntry `json:"created" doc:"What was not there"`
	Changed   []ImportedEntry `json:"changed" doc:"What was there and differs"`
	Unchanged int             `json:"unchanged" doc:"How many things of the file stood as it says"`
}

// Standing is what stands outside an organisation file, which may refer to it.
type Standing struct {
	Portals map[string]string // slug of each portal to its parent's
	Teams   map[string]bool   // slugs
	Reps    map[string]bool   // user names
	Issues  map[string]bool   // slugs
	Codes   map[string]string // of support buttons and help links, with the kind and the slug of each
}
