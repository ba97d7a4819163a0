package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// G2: who asks for no more emails gets none, also where there is nothing to decline because they are in the session.
func TestG2SwitchOffFromInside(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		extended(t, d, "dev")
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		inviteTeam(t, d, ana, session, "network")
		jobs := claim(t, d, desk.ChannelEmail)
		if len(jobs) != 1 {
			t.Fatalf("%d emails went out, want 1", len(jobs))
		}
		dev := d.LogIn("dev")
		join(t, d, ana, session, dev, store.NewInvitation{})
		ok(t, try(d.AnswerInvitationLink(t.Context(), jobs[0].LinkToken, store.LinkDeclineAndSwitchOff)))
		if must(d.Me(t.Context(), dev)).ExtendedAvailability {
			t.Error("extended availability is still on")
		}
	})
}
