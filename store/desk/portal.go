package desk

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Sharing says whom the owners of a portal's sessions may invite.
type Sharing string

const (
	SharingOffHere Sharing = "off"   // nobody
	SharingTeams   Sharing = "teams" // A4 decides
	SharingAll     Sharing = "all"   // everybody, portals too (A6)
)

// MaxInvitedReps is the most reps beside the owner, joined and invited together (B11); a portal can allow fewer.
const MaxInvitedReps = 7

// LostStep is where a session can go whose owner's connection is lost (C9). They are tried in this order.
type LostStep string

const (
	LostToLongestJoined LostStep = "longest_joined" // the rep who has shared it longest
	LostToLastQueue     LostStep = "last_queue"     // the last queue it stood in
	LostToFirstQueue    LostStep = "first_queue"    // the queue it first entered
	LostToFallbackTeam  LostStep = "fallback_team"  // the portal's fallback team
)

// LostSteps lists all there are, in their order.
var LostSteps = []LostStep{LostToLongestJoined, LostToLastQueue, LostToFirstQueue, LostToFallbackTeam}

// The ways for customers to come in by a portal (B18).
const (
	ModeWeb   = "web"   // its page lists reps and issues
	ModeQueue = "queue" // sessions wait in team queues
	ModePhone = "phone" // a box for keys and codes
)

// PortalSettings are what a portal says of itself. A field that is nil is inherited from the parent portal, and at
// the top it is the default.
type PortalSettings struct {
	Modes                *[]string   `json:"modes,omitempty" yaml:"modes,omitempty" values:"PortalMode" doc:"How customers come in: its page lists reps and issues, sessions wait in team queues, a box takes keys and codes"`                 // B18
	Sharing              *Sharing    `json:"sharing,omitempty" yaml:"sharing,omitempty" values:"Sharing" doc:"Whom owners may invite: nobody, as their teams and permissions say (teams, the default), everybody"`                             // A6
	InviteCeiling        *Access     `json:"invite_ceiling,omitempty" yaml:"invite_ceiling,omitempty" values:"Access" doc:"The most access that an invitation may carry; control by default"`                                                  // B10
	MaxInvitedReps       *int        `json:"max_invited_reps,omitempty" yaml:"max_invited_reps,omitempty" doc:"Reps beside the owner, joined and invited together; 7 at most, and by default"`                                                 // B11
	Specialists          *bool       `json:"specialists,omitempty" yaml:"specialists,omitempty" doc:"Whether outsiders may be let in; not by default"`                                                                                         // F1
	MaxSpecialists       *int        `json:"max_specialists,omitempty" yaml:"max_specialists,omitempty" doc:"Outsiders in a session; 5 at most, and by default"`                                                                               // F1
	ChatHistorySeconds   *int        `json:"chat_history_seconds,omitempty" yaml:"chat_history_seconds,omitempty" doc:"How much of the chat a rep who joins sees; 300 by default"`                                                             // C1
	ConsentOnJoin        *bool       `json:"consent_on_join,omitempty" yaml:"consent_on_join,omitempty" doc:"Whether the customer is asked again when somebody joins; not by default"`                                                         // C4
	CustomerInEmail      *string     `json:"customer_in_email,omitempty" yaml:"customer_in_email,omitempty" values:"CustomerInEmail" doc:"What emails say of the customer; nothing by default"`                                                // G2
	EmailFollowUp        *bool       `json:"email_follow_up,omitempty" yaml:"email_follow_up,omitempty" doc:"Whether an email follows that of an invitation which is over before the rep answered it; not by default"`                         // G4
	LostSteps            *[]LostStep `json:"lost_steps,omitempty" yaml:"lost_steps,omitempty" values:"LostStep" doc:"Where a session may go whose owner's connection is lost; all by default, tried in this order, else it ends"`              // C9
	FallbackTeam         *string     `json:"fallback_team,omitempty" yaml:"fallback_team,omitempty" doc:"Slug of the team to whose queue a session goes when nothing before it is left; none by default"`                                      // C9
	LostAfterSeconds     *int        `json:"lost_after_seconds,omitempty" yaml:"lost_after_seconds,omitempty" doc:"How long no console of the owner is connected until the session is lost to them; 120 by default"`                           // C9
	LostAfterPushSeconds *int        `json:"lost_after_push_seconds,omitempty" yaml:"lost_after_push_seconds,omitempty" doc:"The same for an owner with a push target, who is first asked by a push after lost_after_seconds; 600 by default"` // C9
	LostSeatSeconds      *int        `json:"lost_seat_seconds,omitempty" yaml:"lost_seat_seconds,omitempty" doc:"How long no console of a joined rep is connected until the seat is free; 600 by default"`                                     // C9
	UnavailableURL       *string     `json:"unavailable_url,omitempty" yaml:"unavailable_url,omitempty" doc:"Where customers are sent when nobody is available; nowhere by default"`                                                           // D11
	CustomerGoneSeconds  *int        `json:"customer_gone_seconds,omitempty" yaml:"customer_gone_seconds,omitempty" doc:"How long a session stays open for notes after its customer left; 1800 by default"`                                    // C13
}

func ptr[T any](v T) *T { return &v }

// DefaultPortalSettings are those of a portal that says nothing and has no parent. Each call makes its own: what is stored
// is read into them, over the elements of their lists.
func DefaultPortalSettings() PortalSettings {
	return PortalSettings{
		Modes: ptr([]string{ModeWeb, ModeQueue, ModePhone}), Sharing: ptr(SharingTeams), InviteCeiling: ptr(Control),
		MaxInvitedReps: ptr(MaxInvitedReps), Specialists: ptr(false), MaxSpecialists: ptr(MaxSpecialists),
		ChatHistorySeconds: ptr(300), ConsentOnJoin: ptr(false), CustomerInEmail: ptr("none"), EmailFollowUp: ptr(false),
		LostSteps: ptr(slices.Clone(LostSteps)), FallbackTeam: ptr(""), LostAfterSeconds: ptr(120), LostAfterPushSeconds: ptr(600),
		LostSeatSeconds: ptr(600), UnavailableURL: ptr(""), CustomerGoneSeconds: ptr(1800),
	}
}

// Under returns the settings in force for a portal that says s below a parent with the settings in force parent.
func (s PortalSettings) Under(parent PortalSettings) PortalSettings {
	own, inherited := reflect.ValueOf(&s).Elem(), reflect.ValueOf(parent)
	for i := range own.NumField() {
		if own.Field(i).IsNil() {
			own.Field(i).Set(inherited.Field(i))
		}
	}
	return s
}

// Inherit gives settings, by their names, back to the portal above.
func (s *PortalSettings) Inherit(names []string) *Problem {
	own := reflect.ValueOf(s).Elem()
	for i, name := range names {
		at := slices.IndexFunc(reflect.VisibleFields(own.Type()), func(f reflect.StructField) bool { return jsonName(f) == name })
		if at < 0 {
			return Invalid(fmt.Sprintf("inherit[%d]", i), "unknown", "there is no setting of this name")
		}
		own.Field(at).SetZero()
	}
	return nil
}

// Portal is an entrance for customers, as reps see it.
type Portal struct {
	ID        string           `json:"id" doc:"Opaque id" example:"prt_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev       int64            `json:"rev" doc:"Grows with each change of the portal or of what it inherits"`
	Slug      string           `json:"slug" doc:"Unique name; @slug stands for the id in requests" example:"main-emea"`
	Name      string           `json:"name" doc:"What people call it" example:"EMEA"`
	ParentID  string           `json:"parent_id,omitempty" doc:"The portal above it"`
	Effective *PortalSettings  `json:"effective,omitempty" doc:"The settings in force; lists and snapshots leave them out"`
	Sources   []*SettingSource `json:"sources,omitempty" doc:"Where each setting in force comes from; lists and snapshots leave it out"`
	Disabled  bool             `json:"disabled,omitempty" doc:"To administrators: whether it is out of use"`
}

// SettingSource says where a setting in force comes from.
type SettingSource struct {
	Setting string `json:"setting" doc:"The setting's name" example:"invite_ceiling"`
	Portal  *Ref   `json:"portal,omitempty" doc:"The portal that says it: this one, or the nearest above; absent where it is the default"`
}

// PortalLevel is a portal with what it says itself.
type PortalLevel struct {
	Ref
	Settings PortalSettings
}

// SettingSources says where each setting in force in a portal comes from. up is the portal, then those above it.
func SettingSources(up []PortalLevel) []*SettingSource {
	fields := reflect.TypeFor[PortalSettings]()
	sources := make([]*SettingSource, 0, fields.NumField())
	for i := range fields.NumField() {
		source := &SettingSource{Setting: jsonName(fields.Field(i))}
		for _, level := range up {
			if !reflect.ValueOf(level.Settings).Field(i).IsNil() {
				source.Portal = &level.Ref
				break
			}
		}
		sources = append(sources, source)
	}
	return sources
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// PublicPortal is what a portal's page shows to everybody (E2, B18).
type PublicPortal struct {
	ID             string        `json:"id" doc:"Opaque id" example:"prt_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Name           string        `json:"name" doc:"What people call it" example:"EMEA"`
	Modes          []string      `json:"modes" doc:"How customers come in" values:"PortalMode"`
	Reps           []Ref         `json:"reps" doc:"Reps who chose to be shown and are logged in, by their public names; with the mode web"`
	Issues         []PublicIssue `json:"issues" doc:"Issues to choose from; with the modes web and queue"`
	TakesCodes     bool          `json:"takes_codes" doc:"Whether it has a box for session keys and codes: the mode phone"`
	UnavailableURL string        `json:"unavailable_url,omitempty" doc:"Where customers find help when nobody is available" example:"https://help.example.com"`
}

// PublicIssue is an issue as customers choose it (E2).
type PublicIssue struct {
	ID        string `json:"id" doc:"Opaque id" example:"iss_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Name      string `json:"name" doc:"What kind of problem it is" example:"Paper jam"`
	Available bool   `json:"available" doc:"Whether a session on it would wait for somebody: without, it is refused with no_rep_available"`
}
