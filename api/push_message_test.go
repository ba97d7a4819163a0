package api

import (
	"slices"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// G13: the contract names whatever may stand in a push's reason, whatever it is the reason of, and each type that there is.
func TestG13WordsOfPushesAreListed(t *testing.T) {
	for name, words := range map[string][]string{
		"PushReason": {
			string(desk.QueueEntered), string(desk.QueueOverdue), string(desk.QueueReturned),
			desk.SessionConnectionLost, desk.SessionMovedToYou, desk.SessionTakenOver,
			string(desk.SignedOutLogOut), string(desk.SignedOutRevoked), string(desk.SignedOutPassword), string(desk.SignedOutDisabled),
			string(desk.EndAccepted), string(desk.EndDeclined), string(desk.EndCancelled), string(desk.EndOwnerLeft), string(desk.EndOwnershipMoved),
			string(desk.EndSessionEnded), string(desk.EndJoinedOtherwise), string(desk.EndTargetGone), string(desk.EndMoved), string(desk.EndRead), string(desk.EndLeft),
		},
		"PushType": {
			string(desk.PushInvitation), string(desk.PushTransfer), string(desk.PushQueue), string(desk.PushChat),
			string(desk.PushSession), string(desk.PushWithdrawal), string(desk.PushSignedOut), string(desk.PushTest),
		},
	} {
		if listed := enumerationNamed(name).values; !slices.Equal(slices.Sorted(slices.Values(listed)), slices.Sorted(slices.Values(words))) {
			t.Errorf("%s lists %v, and there are %v", name, listed, words)
		}
	}
}
