package desk

// Sharing says whom the owners of a portal's sessions may invite.
type Sharing string

const (
	SharingOffHere Sharing = "off"   // nobody
	SharingTeams   Sharing = "teams" // A4 decides
	SharingAll     Sharing = "all"   // everybody, portals too (A6)
)

// MaxInvitedReps is the most reps beside the owner, joined and invited together (B11); a portal can allow fewer.
const MaxInvitedReps = 7

// PortalSettings are what a portal says of itself. A field that is nil is inherited from the parent portal, and at
// the top it is the default.
type PortalSettings struct {
	Modes              *[]string `json:"modes,omitempty" yaml:"modes,omitempty" values:"web,queue,phone" doc:"How customers come in: its page lists reps and issues, sessions wait in team queues, a box takes keys and codes"` // B18
	Sharing            *Sharing  `json:"sharing,omitempty" yaml:"sharing,omitempty" values:"off,teams,all" doc:"Whom owners may invite: nobody, as their teams and permissions say (teams, the default), everybody"`            // A6
	InviteCeiling      *Access   `json:"invite_ceiling,omitempty" yaml:"invite_ceiling,omitempty" values:"view,control" doc:"The most access that an invitation may carry; control by default"`                                 // B10
	MaxInvitedReps     *int      `json:"max_invited_reps,omitempty" yaml:"max_invited_reps,omitempty" doc:"Reps beside the owner, joined and invited together; 7 at most, and by default"`                                      // B11
	Specialists        *bool     `json:"specialists,omitempty" yaml:"specialists,omitempty" doc:"Whether outsiders may be let in; not by default"`                                                                              // F1
	MaxSpecialists     *int      `json:"max_specialists,omitempty" yaml:"max_specialists,omitempty" doc:"Outsiders in a session; 5 at most, and by default"`                                                                    // F1
	ChatHistorySeconds *int      `json:"chat_history_seconds,omitempty" yaml:"chat_history_seconds,omitempty" doc:"How much of the chat a rep who joins sees; 300 by default"`                                                  // C1
	ConsentOnJoin      *bool     `json:"consent_on_join,omitempty" yaml:"consent_on_join,omitempty" doc:"Whether the customer is asked again when somebody joins; not by default"`                                              // C4
	CustomerInEmail    *string   `json:"customer_in_email,omitempty" yaml:"customer_in_email,omitempty" values:"none,name,all" doc:"What emails say of the customer; nothing by default"`                                       // G2
}

func ptr[T any](v T) *T { return &v }

// DefaultPortalSettings are those of a portal that says nothing and has no parent.
func DefaultPortalSettings() PortalSettings {
	return PortalSettings{
		Modes: ptr([]string{"web", "queue", "phone"}), Sharing: ptr(SharingTeams), InviteCeiling: ptr(Control),
		MaxInvitedReps: ptr(MaxInvitedReps), Specialists: ptr(false), MaxSpecialists: ptr(5),
		ChatHistorySeconds: ptr(300), ConsentOnJoin: ptr(false), CustomerInEmail: ptr("none"),
	}
}

// Under returns the settings in force for a portal that says s below a parent with the settings in force parent.
func (s PortalSettings) Under(parent PortalSettings) PortalSettings {
	return PortalSettings{
		Modes: or(s.Modes, parent.Modes), Sharing: or(s.Sharing, parent.Sharing), InviteCeiling: or(s.InviteCeiling, parent.InviteCeiling),
		MaxInvitedReps: or(s.MaxInvitedReps, parent.MaxInvitedReps), Specialists: or(s.Specialists, parent.Specialists),
		MaxSpecialists: or(s.MaxSpecialists, parent.MaxSpecialists), ChatHistorySeconds: or(s.ChatHistorySeconds, parent.ChatHistorySeconds),
		ConsentOnJoin: or(s.ConsentOnJoin, parent.ConsentOnJoin), CustomerInEmail: or(s.CustomerInEmail, parent.CustomerInEmail),
	}
}

func or[T any](own, inherited *T) *T {
	if own != nil {
		return own
	}
	return inherited
}
