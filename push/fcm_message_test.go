package push

import (
	"encoding/json"
	"maps"
	"reflect"
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
			for key := range data {
				sent[key] = true
			}
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[desk.PushMessage]()) {
		if key, _, _ := strings.Cut(field.Tag.Get("json"), ","); !sent[key] {
			t.Errorf("no push has %s", key)
		}
	}
}
