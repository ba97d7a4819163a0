package api_test

import (
	"maps"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestH1OneStreamAConsoleOnSeveralServers: a second stream of a console closes the first on another server too, when that notes
// again that it is open.
func TestH1OneStreamAConsoleOnSeveralServers(t *testing.T) {
	database, clock := storetest.Postgres(t), storetest.NewClock()
	x := serve(t, storetest.Open(t, database, clock), clock)
	other := restarted(t, storetest.Open(t, database, clock), clock, func(cfg *api.Config) { cfg.Heartbeat = 20 * time.Millisecond })
	x.logInAll(t, "ana")
	maps.Copy(other.tokens, x.tokens)
	first := other.stream(t, "ana", "")
	first.until(t, "ready")
	if err := other.store.FlushContacts(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.Advance(6 * time.Second) // more than the clocks of two servers may be apart
	second := x.stream(t, "ana", "")
	second.until(t, "ready")
	if err := x.store.FlushContacts(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.Advance(20 * time.Second)
	x.eventually(t, "the first is closed", func() bool {
		if err := other.store.FlushContacts(t.Context()); err != nil {
			t.Fatal(err)
		}
		return running("Server).follow") == 1
	})
	if m := first.until(t, "closing"); m[len(m)-1].at("reason") != "replaced" {
		t.Errorf("the first: %+v", m)
	}
	x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`})
	second.until(t, "me.changed")
}
