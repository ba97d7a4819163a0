package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// enumeration is a set of words that stands in the contract under one name, in requests and answers alike.
type enumeration struct {
	name   string
	about  string
	values []string
	abouts []string // of the values, one for each; none: they speak for themselves
}

// schema is the enumeration as it is published.
func (e enumeration) schema() node {
	schema := node{"type": "string", "description": e.about, openEnum: e.values}
	if len(e.abouts) > 0 {
		schema["x-enum-descriptions"] = e.abouts
	}
	return schema
}

// enumerations are all of the contract's. A field of an answer names its own by the tag "values"; a field of a request lists
// the words that it takes by huma's tag "enum", and must list one of these. The published documents keep them open, so that
// a new word breaks no old client.
var enumerations = []enumeration{
	words("Access", "What somebody may do on the shared screen", "view control"),
	words("AttendeeRole", "As what somebody is in a session", "customer owner rep specialist"),
	words("Audience", "Who reads a message: everyone, or reps alone", "everyone reps"),
	words("CameBy", "How something came into a queue", "issue session_key rep_chosen support_button help_link api transfer waiting_rule lost_connection held invitation"),
	words("Channel", "By what a message goes", "fcm email"),
	words("ClosingReason", "Why the server closes a stream", "shutdown replaced console_revoked token_revoked session_ended left"),
	words("Consent", "What the customer says to somebody on the screen", "not_needed asked granted refused"),
	words("CustomerInEmail", "What emails to reps say about the customer", "none name all"),
	words("DeliveryAck", "What a device reports of a push", "received opened"),
	words("DeliveryError", "Why a message did not arrive", "target_unregistered no_push_target not_configured rejected unavailable given_up over expired switched_off"),
	words("DeliveryPurpose", "What a message tells of", "invitation withdrawal transfer queue message session signed_out test extended_availability specialist_invitation"),
	words("DeliveryState", "How far a message came", "waiting sending sent received opened failed dropped"),
	enumerate("EventType", "What an event tells of; it names the object that the event carries", desk.EventTypes),
	words("Feature", "What a server can do beside the API itself", "push email"),
	words("InvitationEndReason", "Why an invitation ended", "accepted declined cancelled owner_left ownership_moved session_ended joined_otherwise target_gone"),
	words("InvitationKind", "To whom an invitation goes: one rep, any one rep of a team, any one logged in under a portal, or Request Help on an issue", "rep team portal issue"),
	words("InvitationLinkReason", "Why an email's link can no longer be answered", "accepted declined cancelled owner_left ownership_moved session_ended joined_otherwise target_gone already_in_session"),
	words("InvitationState", "Where an invitation is in its life", "active accepted declined cancelled withdrawn"),
	words("LinkAnswer", "The answer to an invitation by an email's link; the last also ends extended availability", "accept decline decline_and_switch_off"),
	words("LogInMethod", "How reps log in", "password"),
	enumerate("LostStep", "Where a session goes whose owner is lost", desk.LostSteps),
	words("NotificationPermission", "Whether the system lets the app show notifications", "allowed denied"),
	words("OrganizationPart", "What an entry of an organisation file describes", "portal team rep issue support_button help_link"),
	enumerate("Permission", "What a rep may do beyond the rest", desk.Permissions),
	words("Platform", "What kind of client a console is", "android ios web script"),
	words("PortalMode", "How customers come in by a portal: its page lists reps and issues, sessions wait in team queues, a box takes keys and codes", "web queue phone"),
	words("Presence", "Whether a rep can be reached", "available busy offline"),
	problemCodes(),
	words("PushKind", "What kind of push target a device gave", "fcm_token fcm_fid"),
	words("PushReason", "Why a push comes: what a session does in a queue, what happened to a session, what ended a log-in; and of a withdrawal why it is over", "entered overdue returned connection_lost moved_to_you taken_over logged_out revoked password_changed account_disabled accepted declined cancelled owner_left ownership_moved session_ended joined_otherwise target_gone moved read left"),
	words("PushType", "What a push tells of", "invitation transfer queue message session withdrawal signed_out test"),
	enumerate("QueueColumn", "A column of a queue", desk.QueueColumns),
	words("QueueEntryKind", "What stands in a queue", "session invitation"),
	words("QueueKind", "Whose queue it is: one rep's own, or a team's", "personal team"),
	words("ResetReason", "Why everything has to be loaded anew", "cursor_too_old cursor_unknown rights_changed"),
	words("Retry", "How a refused request may be repeated: with the same Idempotency-Key, not at all, or as it is since nothing was done", "same_key never safe"),
	words("Role", "What an account is", "rep administrator"),
	enumerate("Scope", "What an API token may do", desk.Scopes),
	words("SessionEndReason", "Why a session ended", "ended_by_owner abandoned customer_gone owner_lost ended_by_administrator no_rep_available"),
	words("SessionKind", "Whether the customer's screen is shared, or a page of their browser", "support browser"),
	words("SessionState", "Where a session is in its life", "waiting active ended"),
	words("SessionPart", "How the caller is in a session", "owner joined"),
	words("ShareFor", "What the menu is for", "invite transfer"),
	words("Sharing", "With whom sessions of a portal may be shared: nobody, the owner's teams, or everybody", "off teams all"),
	words("SnapshotPart", "A list of a snapshot", "entries invitations sessions portals"),
	enumerate("SortKey", "What a list is sorted by", desk.QueueSorts),
	enumerate("SortOrder", "Which end of a list comes first", desk.QueueOrders),
	words("SpecialistInvitationEndReason", "Why a specialist invitation ended", "cancelled session_ended specialist_removed"),
	words("SpecialistInvitationState", "Where a specialist invitation is in its life", "active cancelled ended"),
	words("SystemMessage", "What the server itself says in a chat", "joined left"),
	words("TeamAlerts", "Which team queues alert a rep", "none overdue favourites all"),
	words("TeamRole", "What a rep is in a team", "member lead manager"),
	words("WaitingAction", "What becomes of a session that waits too long", "overdue overflow"),
}

func words(name, about, values string) enumeration {
	return enumerate(name, about, strings.Fields(values))
}

func enumerate[T ~string](name, about string, values []T) enumeration {
	e := enumeration{name: name, about: about}
	for _, value := range values {
		e.values = append(e.values, string(value))
	}
	return e
}

func problemCodes() enumeration {
	e := enumeration{name: "ProblemCode", about: "Why a request was refused. Each code has one status. /docs/problems says of each what a client does"}
	for _, info := range desk.Catalogue {
		e.values = append(e.values, string(info.Code))
		e.abouts = append(e.abouts, fmt.Sprintf("%d. %s The client: %s Repeating: %s.", info.Status, info.Meaning, info.Client, info.Retry))
	}
	return e
}

// enumerationNamed is the one of that name. A name that is not there is a mistake of ours.
func enumerationNamed(name string) enumeration {
	for _, e := range enumerations {
		if e.name == name {
			return e
		}
	}
	panic(fmt.Sprintf("there is no enumeration %s", name))
}

// enumerationOf is the one with these values.
func enumerationOf(values []any) enumeration {
	for _, e := range enumerations {
		if slices.EqualFunc(e.values, values, func(a string, b any) bool { return a == b }) {
			return e
		}
	}
	panic(fmt.Sprintf("no enumeration has the values %v", values))
}
