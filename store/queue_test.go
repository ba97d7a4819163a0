package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// queueChanges are the queues that a rep is told to have changed, since the last time.
func (w queueWatch) queueChanges() (queues []desk.Queue) {
	w.t.Helper()
	for _, e := range w.events() {
		if e.Type == desk.EventQueueChanged {
			queues = append(queues, *e.Queue)
		}
	}
	return queues
}

func TestD1QueuesAreOnesOwnAndThoseOfTheTeams(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member, night: member}}]")
		ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
		since := clock.Now()
		come(t, d, clock, ana, comer{"Jo", "", "", 0, ""}, comer{"Flo", "", "", 9, ""})
		inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "printers")
		mine := d.OpenSession(ben, "@main")
		waitsIn(t, d, ana, store.NewSession{RepID: "@ben"})
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		queues := must(d.Queues(t.Context(), ben))
		if len(queues) != 3 || queues[0].ID != desk.PersonalQueue || queues[0].Name != "Ben Okafor" || queues[1].Name != "Night shift" || !queues[1].Persistent || queues[2].Name != "Printers" {
			t.Fatalf("queues %+v", queues)
		}
		if q := queues[0]; q.Current != 1 || q.Waiting != 1 || q.Invitations != 1 {
			t.Errorf("the personal queue: %+v", q)
		}
		if q := queues[2]; q.Waiting != 2 || q.Invitations != 1 || q.Current != 0 || q.WaitingSince == nil || !q.WaitingSince.Equal(since) {
			t.Errorf("the team's: %+v", q)
		}
		if q := must(d.Queues(t.Context(), ana))[1]; q.Waiting != 2 || q.Invitations != 0 {
			t.Errorf("what the owner cannot take does not count: %+v", q)
		}
		if queues := must(d.Queues(t.Context(), hal)); len(queues) != 1 {
			t.Errorf("of no team: %+v", queues)
		}
		importYAML(t, d, "teams: [{slug: printers, name: Printers, disabled: true}]")
		if queues := must(d.Queues(t.Context(), ben)); len(queues) != 2 {
			t.Errorf("a disabled team has none: %+v", queues)
		}
		must(d.EndSession(t.Context(), ben, mine.ID, ""))
		if q := must(d.Queues(t.Context(), ben))[0]; q.Current != 0 {
			t.Errorf("ended: %+v", q)
		}
	})
}

func TestH1QueueChangedIsToldOnceAndFilledForEachReader(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho, dev := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben")), watchQueues(t, d, d.LogIn("cho")), watchQueues(t, d, d.LogIn("dev"))
		ok(t, d.TellQueues(t.Context()))
		ana.events()
		come(t, d, clock, ana.c, comer{"Jo", "", "", 0, ""}, comer{"Flo", "", "", 0, ""})
		session := d.OpenSession(ana.c, "@main")
		inv := inviteTeam(t, d, ana.c, session, "printers")
		must(d.DeclineInvitation(t.Context(), cho.c, inv.ID))
		if got := append(ben.queueChanges(), dev.queueChanges()...); len(got) != 0 {
			t.Errorf("at once: %+v", got)
		}
		ok(t, d.TellQueues(t.Context()))
		if got := ben.queueChanges(); len(got) != 1 || got[0].Name != "Printers" || got[0].Waiting != 2 || got[0].Invitations != 1 {
			t.Errorf("ben is told %+v", got)
		}
		if got := cho.queueChanges(); len(got) != 1 || got[0].Waiting != 2 || got[0].Invitations != 0 {
			t.Errorf("B14: cho, who declined, is told %+v", got)
		}
		if got := ana.queueChanges(); len(got) != 2 || got[0].ID != desk.PersonalQueue || got[0].Current != 1 || got[1].Invitations != 0 {
			t.Errorf("ana is told %+v", got)
		}
		if got := dev.queueChanges(); len(got) != 0 {
			t.Errorf("another team: %+v", got)
		}
		ok(t, d.TellQueues(t.Context()))
		if got := ben.queueChanges(); len(got) != 0 {
			t.Errorf("nothing changed, and told is %+v", got)
		}
		for range 3 { // read late, the last stands for all
			come(t, d, clock, ana.c, comer{"Bo", "", "", 0, ""})
			ok(t, d.TellQueues(t.Context()))
		}
		if got := ben.queueChanges(); len(got) != 1 || got[0].Waiting != 5 {
			t.Errorf("three changes are told as %+v", got)
		}
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {network: member}}]")
		come(t, d, clock, ana.c, comer{"Mo", "", "", 0, ""})
		ok(t, d.TellQueues(t.Context()))
		if got := ben.queueChanges(); len(got) != 0 {
			t.Errorf("a former member is told %+v", got)
		}
		if got := cho.queueChanges(); len(got) != 1 || got[0].Waiting != 6 {
			t.Errorf("cho is told %+v", got)
		}
	})
}
