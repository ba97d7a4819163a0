package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// D4: what stands in a queue says how it came there, and not what did not happen: nobody is invited by stepping down or joining, and
// no connection is lost where nobody owned.
func TestD4HowItCameIsTrue(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben")), watchQueues(t, d, d.LogIn("cho"))
		session := waitsIn(t, d, ben.c, store.NewSession{IssueID: "@paper-jam"})
		must(d.AcceptSession(t.Context(), ben.c, session.ID))
		ok(t, try(d.JoinSession(t.Context(), ana.c, session.ID, false)))
		ana.finds("a lead who joined", "personal", "session issue")
		must(d.HoldSession(t.Context(), ben.c, session.ID))
		transfer(t, d, ben.c, session, store.NewTransfer{RepID: cho.c.RepID, Stay: true})
		take(t, d, cho.c, session)
		ben.finds("the former owner of a held one, transferred", "personal", "session transfer")
		cho.finds("the owner", "personal", "session transfer")
		ana.finds("the lead all the while", "personal", "session issue")
		must(d.LeaveSession(t.Context(), ben.c, session.ID, ""))
		join(t, d, cho.c, session, ben.c, store.NewInvitation{})
		ben.finds("invited", "personal", "session invitation")
		must(d.LeaveSession(t.Context(), cho.c, session.ID, ben.c.RepID))
		must(d.TakeOverSession(t.Context(), ana.c, session.ID))
		ben.finds("invited, owner for a time", "personal", "session invitation")
		must(d.EndSession(t.Context(), ana.c, session.ID, ""))
	})
}

// D4, G13: what waited in a queue that is closed came as it came before; who finds it in theirs is not told that it returned.
func TestD4G13AClosedQueueLosesNoConnection(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: back, name: Back, lost_steps: [fallback_team], fallback_team: network}]\nreps: [{username: dev, name: Dev Patel, teams: {network: member}}]")
		ben, dev := d.LogIn("ben"), d.LogInWithPush("dev", "dev-1")
		all := desk.TeamAlertsAll
		must(d.UpdateMe(t.Context(), dev, store.MeChange{Alerts: desk.AlertsChange{TeamQueues: &all}}, nil))
		w := watchQueues(t, d, dev)
		never, owned := waitsIn(t, d, ben, store.NewSession{PortalID: "@back", IssueID: "@paper-jam"}), waitsIn(t, d, ben, store.NewSession{PortalID: "@back", RepID: "@ben"})
		importYAML(t, d, "teams: [{slug: printers, name: Printers, disabled: true}]")
		w.finds("of a closed team", "@network", "session issue")
		jobs := claim(t, d, desk.ChannelFCM)
		if len(jobs) != 1 || jobs[0].Session.ID != never.ID || jobs[0].Reason != string(desk.QueueEntered) {
			t.Errorf("told %+v", jobs)
		}
		finish(t, d, jobs, done)
		must(d.AcceptSession(t.Context(), ben, owned.ID))
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, disabled: true}]")
		w.finds("of a closed account that owned it", "@network", "session issue", "session lost_connection")
		jobs = claim(t, d, desk.ChannelFCM)
		if len(jobs) != 1 || jobs[0].Session.ID != owned.ID || jobs[0].Reason != string(desk.QueueReturned) {
			t.Errorf("told %+v", jobs)
		}
	})
}
