package texts

import (
	"cmp"

	"github.com/repdesk/repdesk/store/desk"
)

// InvitationTitle is the headline of an invitation: who asks whom for what.
func (t *Texts) InvitationTitle(inv desk.Invitation) string {
	switch target := cmp.Or(inv.Team, inv.Portal); {
	case inv.Kind == desk.InviteIssue:
		return t.Say("invitation.titleHelp", Args{"Inviter": inv.Inviter.Name})
	case target != nil:
		return t.Say("invitation.titleAny", Args{"Inviter": inv.Inviter.Name, "Target": target.Name})
	}
	return t.Say("invitation.title", Args{"Inviter": inv.Inviter.Name})
}

// TransferTitle is the headline of a transfer.
func (t *Texts) TransferTitle(trf desk.Invitation) string {
	if trf.Team != nil {
		return t.Say("transfer.titleAny", Args{"Sender": trf.Inviter.Name, "Target": trf.Team.Name})
	}
	return t.Say("transfer.title", Args{"Sender": trf.Inviter.Name})
}

// Ended says why something is over. by is who ended it, where another person did, and mine whether the reader did.
func (t *Texts) Ended(reason desk.EndReason, by string, mine bool) string {
	switch {
	case reason == desk.EndAccepted && mine:
		return t.Say("ended.accepted")
	case reason == desk.EndRead:
		return t.Say("ended.read")
	case reason == desk.EndMoved:
		return t.Say("ended.gone")
	}
	return t.Say("ended.reason."+string(reason), Args{"By": by})
}
