package api

import (
	"slices"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// G13: the contract names whatever may stand in a push's reason, whatever it is the reason of.
func TestG13ReasonsOfPushesAreListed(t *testing.T) {
	words := []string{
		string(desk.QueueEntered), string(desk.QueueOverdue), string(desk.QueueReturned),
		desk.SessionConnectionLost, desk.SessionMovedToYou, desk.SessionTakenOver,
		string(desk.SignedOutLogOut), string(desk.SignedOutRevoked), string(desk.SignedOutPassword), string(desk.SignedOutDisabled),
		string(desk.EndAccepted), string(desk.EndDeclined), string(desk.EndCancelled), string(desk.EndOwnerLeft), string(desk.EndOwnershipMoved),
		string(desk.EndSessionEnded), string(desk.EndJoinedOtherwise), string(desk.EndTargetGone), string(desk.EndMoved), string(desk.EndRead), string(desk.EndLeft),
	}
	slices.Sort(words)
	if listed := slices.Sorted(slices.Values(enumerationNamed("PushReason").values)); !slices.Equal(listed, words) {
		t.Errorf("PushReason lists %v, and there are %v", listed, words)
	}
}
