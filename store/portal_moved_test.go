package store_test

import (
	"context"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// B5: when a portal comes to stand elsewhere, those logged in under it lose the invitations of the portals above it, and find
// those of the portals that are above it now; of these they read nothing from before.
func TestB5PortalsThatMove(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: else, name: Else}, {slug: low, name: Low, parent: main}, {slug: far, name: Far, parent: else}]")
		ana, ben, dev := d.LogIn("ana"), logInUnder(t, d, "ben", "@low", "ben-1"), logInUnder(t, d, "dev", "@far", "dev-1")
		session := d.OpenSession(ana, "@open")
		over := invite(t, d, ana, session, store.NewInvitation{PortalID: "@main", SubPortals: true, Comment: "before"})
		same(t, "pushed", send(t, d, desk.ChannelFCM), "invitation ben-1")
		bens, devs := watch(t, d, ben), watch(t, d, dev)
		importYAML(t, d, "portals: [{slug: low, name: Low, parent: else}, {slug: far, name: Far, parent: main}]")
		same(t, "who left is told", bens.told("invitation."), "invitation.ended target_gone")
		same(t, "who left has", open(t, d, ben))
		same(t, "pushed then", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
		same(t, "who came has", open(t, d, dev), over.ID)
		past := must(devs.sub.Read(t.Context(), 0, nil, 1000))
		for _, e := range past.Items {
			if e.Invitation != nil {
				t.Errorf("who came reads of before: %s", asJSON(e))
			}
		}
		if now := must(devs.sub.Read(t.Context(), devs.at, nil, 1000)); !now.Grown {
			t.Error("who came is not told to load anew")
		}
	})
}

// H2: who comes under a portal while others write is told to load anew, although they have read beyond where the log stood when
// they began to come. Only PostgreSQL lets others write meanwhile.
func TestH2ComingUnderAPortalMeanwhile(t *testing.T) {
	database, clock := storetest.Postgres(t), storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, database, clock))
	ana, eli := d.LogIn("ana"), d.LogIn("eli")
	logInUnder(t, d, "dev", "@main", "dev-1")
	session := d.OpenSession(ana, "@open")
	invite(t, d, ana, session, store.NewInvitation{PortalID: "@main"})
	held, moved := hold(t, database, session), make(chan error, 1)
	go func() {
		main := "@main"
		_, err := d.UpdateConsole(context.Background(), eli, "current", store.ConsoleChange{PortalID: &main}, nil)
		moved <- err
	}()
	held.waitedFor()
	w := watch(t, d, eli)
	must(d.PostTeamMessage(t.Context(), eli, "@network", "Meanwhile", ""))
	same(t, "meanwhile", w.told("team_message."), "team_message.posted")
	held.letGo(moved)
	if now := must(w.sub.Read(t.Context(), w.at, nil, 100)); !now.Grown {
		t.Errorf("who came is not told to load anew: %s", asJSON(now))
	}
}
