package push

import (
	"cmp"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// texts are all the words that people read in pushes and emails, in one language (G11). A text with a person or
// thing in it is a function, for word order differs between languages.
type texts struct {
	Language string // BCP 47, for the email's lang attribute

	invites       func(inviter string) string
	invitesAnyOf  func(inviter, target string) string // of a team or portal
	asksForHelp   func(inviter string) string
	nothingToSay  string // an invitation with neither issue nor comment
	transfers     func(sender string) string
	transfersTo   func(sender, target string) string // to any one rep of a team
	nothingToAdd  string                             // a transfer with neither issue nor comment
	session       map[string]notice                  // by reason
	sessionElse   notice                             // for a reason that this program does not know
	endedTitle    map[desk.Purpose]string            // by what ends
	ended         map[desk.EndReason]string          // by reason; a message about a session can end with its own
	acceptedBy    func(name string) string
	cancelledBy   func(name string) string
	youAccepted   string
	noLongerYours string // over for this rep alone, or for a reason that this program does not know

	MailIntro     string
	MailIssue     string
	MailComment   string
	MailSince     string
	MailCustomer  string
	MailCompany   string
	MailDetails   string
	MailAccept    string
	MailDecline   string
	MailSwitchOff string
	MailWhy       string
	MailNoHurry   string
}

// notice is a notification whose words are fixed.
type notice struct{ title, body string }

var english = texts{
	Language: "en",

	invites:      func(inviter string) string { return inviter + " invites you to a session" },
	invitesAnyOf: func(inviter, target string) string { return inviter + " invites " + target + " to a session" },
	asksForHelp:  func(inviter string) string { return inviter + " asks for help" },
	nothingToSay: "Accept to join the session.",
	transfers:    func(sender string) string { return sender + " wants to transfer a session to you" },
	transfersTo:  func(sender, target string) string { return sender + " wants to transfer a session to " + target },
	nothingToAdd: "Accept to own the session.",
	session: map[string]notice{
		desk.SessionConnectionLost: {"Your session needs you", "No console of yours is connected. Come back, or you lose it."},
		desk.SessionMovedToYou:     {"A session is yours now", "You are its owner."},
		desk.SessionTakenOver:      {"Your session was taken over", "A colleague owns it now."},
	},
	sessionElse: notice{"Your session has changed", "Open the app to see how."},
	endedTitle: map[desk.Purpose]string{
		desk.PurposeInvitation: "The invitation is over",
		desk.PurposeTransfer:   "The transfer is over",
		desk.PurposeSession:    "The alert is over",
	},
	ended: map[desk.EndReason]string{
		desk.EndDeclined:        "You have declined it.",
		desk.EndOwnerLeft:       "The owner has left the session.",
		desk.EndOwnershipMoved:  "The session has changed hands.",
		desk.EndSessionEnded:    "The session has ended.",
		desk.EndJoinedOtherwise: "You are in the session already.",
		desk.EndTargetGone:      "You are no longer among those it was for.", // or they are gone: of a team or portal both end so
		desk.EndLoggedOut:       "This device was logged out.",

		desk.SessionConnectionLost: "You are connected again.",
	},
	acceptedBy:    func(name string) string { return name + " has accepted it." },
	cancelledBy:   func(name string) string { return name + " has cancelled it." },
	youAccepted:   "You have accepted it.",
	noLongerYours: "It is no longer for you.",

	MailIntro:     "You are not logged in, but you said that you may be invited by email.",
	MailIssue:     "Issue",
	MailComment:   "Comment",
	MailSince:     "Invited",
	MailCustomer:  "Customer",
	MailCompany:   "Company",
	MailDetails:   "Details",
	MailAccept:    "Accept",
	MailDecline:   "Decline",
	MailSwitchOff: "Decline, and send me no more invitations by email",
	MailWhy:       "You get this email because your extended availability is on.",
	MailNoHurry:   "Opening a link changes nothing yet: the page asks you first.",
}

// byLanguage holds what there is, by the primary language subtag.
var byLanguage = map[string]*texts{"en": &english}

// textsFor finds the texts for a BCP 47 tag by its language alone ("de-AT" reads "de"), with English as the
// fallback (G11).
func textsFor(locale string) *texts {
	language, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	if t, ok := byLanguage[strings.ToLower(language)]; ok {
		return t
	}
	return &english
}

// invitation is the headline of an invitation: who asks for what.
func (t *texts) invitation(inv desk.Invitation) string {
	switch {
	case inv.Kind == desk.InviteIssue:
		return t.asksForHelp(inv.Inviter.Name)
	case inv.Kind == desk.InviteTeam, inv.Kind == desk.InvitePortal:
		return t.invitesAnyOf(inv.Inviter.Name, nameOf(targetOf(inv)))
	}
	return t.invites(inv.Inviter.Name)
}

// transfer is the headline of a transfer.
func (t *texts) transfer(inv desk.Invitation) string {
	if inv.Team != nil {
		return t.transfersTo(inv.Inviter.Name, inv.Team.Name)
	}
	return t.transfers(inv.Inviter.Name)
}

// aboutSession is what a message about a session itself says.
func (t *texts) aboutSession(reason string) notice {
	if said, ok := t.session[reason]; ok {
		return said
	}
	return t.sessionElse
}

// over says why something ended. by is who ended it, where another person did, and mine whether the reader did.
func (t *texts) over(reason desk.EndReason, by string, mine bool) string {
	switch {
	case reason == desk.EndAccepted && mine:
		return t.youAccepted
	case reason == desk.EndAccepted:
		return t.acceptedBy(by)
	case reason == desk.EndCancelled:
		return t.cancelledBy(by)
	}
	return cmp.Or(t.ended[reason], t.noLongerYours)
}
