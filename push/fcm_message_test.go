package push

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// G13: what is sent is what the contract says of a push: each key is a field of it, and each field is sent by some push.
func TestG13EveryPushIsAPushMessage(t *testing.T) {
	sent := map[string]bool{}
	for _, row := range pushTable {
		for _, platform := range []string{"android", "ios", "web"} {
			row.job.Platform = platform
			data := fcmMessage(row.job, noon).Data
			text, err := json.Marshal(data)
			if err != nil {
				t.Fatal(err)
			}
			decoder := json.NewDecoder(strings.NewReader(string(text)))
			decoder.DisallowUnknownFields()
			var push desk.PushMessage
			if err := decoder.Decode(&push); err != nil {
				t.Errorf("%s on %s: %v in %s", row.kind, platform, err, text)
			}
			if again := push.Data(); !maps.Equal(again, data) {
				t.Errorf("%s on %s: read and told again it is %v, and was %v", row.kind, platform, again, data)
			}
			for key, value := range data {
				sent[key] = true
				if values := pushField(key).Tag.Get("values"); values != "" && !slices.Contains(strings.Split(values, ","), value) {
					t.Errorf("%s: %s is %s, which the contract does not name", row.kind, key, value)
				}
			}
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[desk.PushMessage]()) {
		if key, _, _ := strings.Cut(field.Tag.Get("json"), ","); !sent[key] {
			t.Errorf("no push has %s", key)
		}
	}
}

// pushField is the field of a push that goes under a key.
func pushField(key string) reflect.StructField {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[desk.PushMessage]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key {
			return field
		}
	}
	return reflect.StructField{}
}

// What may stand in reason is listed in the contract, whatever it is the reason of.
func TestG13ReasonsOfPushesAreListed(t *testing.T) {
	listed := strings.Split(pushField("reason").Tag.Get("values"), ",")
	for _, reason := range []string{
		string(desk.QueueEntered), string(desk.QueueOverdue), string(desk.QueueReturned),
		desk.SessionConnectionLost, desk.SessionMovedToYou, desk.SessionTakenOver,
		string(desk.SignedOutLogOut), string(desk.SignedOutRevoked), string(desk.SignedOutPassword), string(desk.SignedOutDisabled),
		string(desk.EndAccepted), string(desk.EndDeclined), string(desk.EndCancelled), string(desk.EndOwnerLeft), string(desk.EndOwnershipMoved),
		string(desk.EndSessionEnded), string(desk.EndJoinedOtherwise), string(desk.EndTargetGone), string(desk.EndLoggedOut),
		string(desk.EndMoved), string(desk.EndRead), string(desk.EndLeft),
	} {
		if !slices.Contains(listed, reason) {
			t.Errorf("%s is not listed", reason)
		}
	}
}
