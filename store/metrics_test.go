package store_test

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// counts are what a store has counted.
type counts struct {
	t        *testing.T
	registry *prometheus.Registry
	last     map[string]float64
}

// eachCounted is each for tests that look at what is counted.
func eachCounted(t *testing.T, test func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, c *counts)) {
	t.Helper()
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock, registry := storetest.NewClock(), prometheus.NewRegistry()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock, func(cfg *store.Config) { cfg.Metrics = registry }))
		test(t, d, clock, &counts{t: t, registry: registry})
	})
}

// now are the present values by "name label label"; of a histogram the count, and as "name sum" the sum. What is counted
// of every write is left out.
func (c *counts) now() map[string]float64 {
	c.t.Helper()
	values := map[string]float64{}
	for _, family := range must(c.registry.Gather()) {
		name := strings.TrimPrefix(family.GetName(), "repdesk_")
		if strings.HasPrefix(name, "store_") || name == "event_log_position" {
			continue
		}
		for _, m := range family.GetMetric() {
			key := name
			for _, label := range m.GetLabel() { // sorted by name
				key += " " + label.GetValue()
			}
			if values[key] = m.GetCounter().GetValue() + m.GetGauge().GetValue(); m.GetHistogram() != nil {
				values[key], values[key+" sum"] = float64(m.GetHistogram().GetSampleCount()), m.GetHistogram().GetSampleSum()
			}
		}
	}
	return values
}

// grew checks by how much which values grew since the last call.
func (c *counts) grew(what string, want ...string) {
	c.t.Helper()
	now := c.now()
	got := []string{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if by := now[name] - c.last[name]; by != 0 {
			got = append(got, fmt.Sprintf("%s +%.4g", name, by))
		}
	}
	c.last = now
	slices.Sort(want)
	same(c.t, what, got, want...)
}

// What is counted of an invitation from its making to its acceptance; a second device counts, and is not the first.
func TestG9MetricsOfAnInvitation(t *testing.T) {
	eachCounted(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, c *counts) {
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		session := d.OpenSession(ana, "@main")
		c.grew("before")
		clock.Advance(300 * time.Millisecond) // a part of a second counts too
		inv := inviteRep(t, d, ana, session, "ben")
		c.grew("invited", "invitations_total rep created +1", "outbox_due fcm +2")
		clock.Advance(7 * time.Second)
		c.grew("waiting", "outbox_age_seconds fcm +7")
		jobs := claim(t, d, desk.ChannelFCM)
		c.grew("being sent", "outbox_age_seconds fcm +-7", "outbox_due fcm +-2")
		finish(t, d, jobs, done)
		c.grew("sent", "deliveries_total fcm sent invitation +2", "invitation_send_seconds +1", "invitation_send_seconds sum +7")
		finish(t, d, jobs, done)
		c.grew("told twice that it is sent")
		for _, state := range []desk.DeliveryState{desk.DeliveryReceived, desk.DeliveryReceived, desk.DeliveryOpened, desk.DeliveryReceived} {
			must(d.AckDelivery(t.Context(), ben, jobs[0].ID, state))
		}
		c.grew("acknowledged", "deliveries_total fcm opened invitation +1", "deliveries_total fcm received invitation +1")
		clock.Advance(desk.ReminderPause)
		must(d.RemindInvitation(t.Context(), ana, inv.ID))
		send(t, d, desk.ChannelFCM)
		c.grew("reminded", "deliveries_total fcm sent invitation +2")
		accept(t, d, ben, inv)
		accept(t, d, ben, inv)
		c.grew("accepted, and again", "invitations_total rep accepted +1", "invitation_accept_seconds +1", "invitation_accept_seconds sum +37", "outbox_due fcm +2")
		send(t, d, desk.ChannelFCM)
		c.grew("withdrawn", "deliveries_total fcm sent withdrawal +2", "outbox_due fcm +-2")
	})
}

// Every way in which an invitation ends is counted under its own reason, and by kind; a transfer under its own.
func TestB13MetricsSayHowInvitationsEnd(t *testing.T) {
	eachCounted(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, c *counts) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		d.LogIn("cho")
		d.LogIn("dev")
		logInUnder(t, d, "eli", "@open", "")
		session := d.OpenSession(ana, "@open")
		c.grew("before")
		must(d.DeclineInvitation(t.Context(), ben, inviteRep(t, d, ana, session, "ben").ID))
		must(d.CancelInvitation(t.Context(), ana, inviteTeam(t, d, ana, session, "network").ID))
		c.grew("declined and cancelled", "invitations_total rep created +1", "invitations_total rep declined +1", "invitations_total team created +1", "invitations_total team cancelled +1")
		team := inviteTeam(t, d, ana, session, "printers")
		inviteRep(t, d, ana, session, "ben")
		accept(t, d, ben, team)
		c.grew("joined by another", "invitations_total rep created +1", "invitations_total rep joined_otherwise +1", "invitations_total team accepted +1", "invitations_total team created +1", "invitation_accept_seconds +1")
		requestHelp(t, d, ana, session, "vpn")
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben"})
		c.grew("offered", "invitations_total issue created +1", "invitations_total transfer created +1")
		take(t, d, ben, session)
		c.grew("taken", "invitations_total transfer accepted +1", "invitations_total issue ownership_moved +1")
		invite(t, d, ben, session, store.NewInvitation{PortalID: "@open"})
		inviteRep(t, d, ben, session, "cho")
		importYAML(t, d, "reps: [{username: cho, name: Cho Min, disabled: true}]")
		c.grew("disabled", "invitations_total portal created +1", "invitations_total rep created +1", "invitations_total rep target_gone +1")
		must(d.EndSession(t.Context(), ben, session.ID, ""))
		c.grew("ended", "invitations_total portal session_ended +1")
	})
}

// What is refused, given again, or undone by the database and run anew counts nothing of what did not happen.
func TestI5MetricsCountWhatHappened(t *testing.T) {
	eachCounted(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, c *counts) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		keyed := func() error {
			idem := &store.Idempotency{Caller: ana.RepID, Operation: "POST /x", Key: "key-1", Body: []byte("{}")}
			return try(d.Invite(store.WithIdempotency(t.Context(), idem), ana, session.ID, store.NewInvitation{RepID: "@ben"}))
		}
		c.grew("before")
		ok(t, keyed())
		c.grew("with a key", "invitations_total rep created +1")
		ok(t, keyed())
		c.grew("the same again")
		refusal(t, "again", try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: "@ben"})), desk.AlreadyInvited)
		refusal(t, "not the owner", try(d.CancelInvitation(t.Context(), ben, open(t, d, ben)[0])), desk.NotSessionOwner)
		c.grew("refused")
		clock.Advance(3 * time.Second)
		id := open(t, d, ben)[0]
		must(store.UndoNext(d.Store, func() { c.grew("undone") }).AcceptInvitation(t.Context(), ben, id))
		c.grew("run again", "invitations_total rep accepted +1", "invitation_accept_seconds +1", "invitation_accept_seconds sum +3")
	})
}

// What becomes of a delivery that is not sent at once.
func TestG8MetricsOfDeliveries(t *testing.T) {
	eachCounted(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, c *counts) {
		ana := d.LogIn("ana")
		d.LogInWithPush("ben", "ben-1")
		session := d.OpenSession(ana, "@main")
		c.grew("before")
		inv := inviteRep(t, d, ana, session, "ben")
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		c.grew("over before it was sent", "invitations_total rep created +1", "invitations_total rep cancelled +1", "deliveries_total fcm dropped invitation +1")
		inviteRep(t, d, ana, session, "ben")
		for cause, o := range map[string]desk.Outcome{
			"unavailable": {Kind: desk.OutcomeTryAgain, Error: "unavailable"}, "misconfigured": {Kind: desk.OutcomeMisconfigured, Error: "not_configured"},
			"throttled": {Kind: desk.OutcomeTryAgain, Error: "unavailable", Throttled: true},
		} {
			jobs := claim(t, d, desk.ChannelFCM)
			c.last = c.now()
			finish(t, d, jobs, o)
			c.grew(cause, "delivery_retries_total "+cause+" fcm +1")
			clock.Advance(5 * time.Minute)
		}
		jobs := claim(t, d, desk.ChannelFCM)
		c.last = c.now()
		finish(t, d, jobs, desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		c.grew("given up", "deliveries_total fcm failed invitation +1", "outbox_due email +1") // an email follows
		clock.Advance(time.Second)
		send(t, d, desk.ChannelEmail)
		c.last["invitation_send_seconds sum"] = c.now()["invitation_send_seconds sum"]
		c.grew("sent by email in the end", "deliveries_total email sent invitation +1", "invitation_send_seconds +1", "outbox_due email +-1")
	})
}

// Of devices that are reached at the same instant one is the first, though neither transaction sees the other.
func TestG9MetricsCountTheFirstDeviceOnce(t *testing.T) {
	eachCounted(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, c *counts) {
		ana := d.LogIn("ana")
		for i := range 8 {
			d.LogInWithPush("ben", fmt.Sprint("ben-", i))
		}
		session := d.OpenSession(ana, "@main")
		c.last = c.now()
		for range 5 {
			inv := inviteRep(t, d, ana, session, "ben")
			jobs := claim(t, d, desk.ChannelFCM)
			atOnce(len(jobs), func(i int) {
				if err := d.FinishDelivery(t.Context(), jobs[i], done, 0); err != nil {
					t.Error(err)
				}
			})
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
			send(t, d, desk.ChannelFCM)
		}
		if n := c.now()["invitation_send_seconds"]; n != 5 {
			t.Errorf("%v of 5 invitations were sent", n)
		}
	})
}

// The writer's own: how long, and how many in one commit; and how far the log is.
func TestMetricsOfTheStore(t *testing.T) {
	eachCounted(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, c *counts) {
		ana := d.LogIn("ana")
		read := func(name string) (count, sum, value float64) {
			t.Helper()
			for _, family := range must(c.registry.Gather()) {
				if family.GetName() == name {
					m := family.GetMetric()[0]
					return float64(m.GetHistogram().GetSampleCount()), m.GetHistogram().GetSampleSum(), m.GetGauge().GetValue()
				}
			}
			t.Fatalf("no %s", name)
			panic("unreachable")
		}
		writes, took, _ := read("repdesk_store_write_seconds")
		_, committed, _ := read("repdesk_store_commit_writes")
		_, _, last := read("repdesk_event_log_position")
		d.OpenSession(ana, "@main")
		writesNow, tookNow, _ := read("repdesk_store_write_seconds")
		if writesNow != writes+2 || tookNow <= took {
			t.Errorf("%v writes took %v s, then %v took %v s", writes, took, writesNow, tookNow)
		}
		if _, now, _ := read("repdesk_store_commit_writes"); strings.Contains(t.Name(), "sqlite") && now < committed+2 {
			t.Errorf("%v writes were committed, then %v", committed, now)
		}
		if _, _, now := read("repdesk_event_log_position"); now <= last || now != float64(must(d.LastEvent(t.Context()))) {
			t.Errorf("the log stood at %v, then at %v", last, now)
		}
		if found := must(testutil.GatherAndLint(c.registry)); len(found) > 0 {
			t.Errorf("against the conventions: %v", found)
		}
	})
}

// While the database is away, what is counted is still there.
func TestMetricsWithoutADatabase(t *testing.T) {
	registry := prometheus.NewRegistry()
	clock := storetest.NewClock()
	s := must(store.Open(t.Context(), store.Config{Database: t.TempDir() + "/repdesk.db", Metrics: registry, Now: clock.Now, DueByHand: true, Logger: slog.New(slog.DiscardHandler)}))
	ok(t, s.Close())
	families, err := registry.Gather()
	if err == nil || len(families) < 5 || !strings.Contains(err.Error(), "repdesk_outbox_due") {
		t.Errorf("%d families, %v", len(families), err)
	}
}

// An invitation that was sent before the server's restart is not sent for the first time when it is told again.
func TestG9MetricsAfterARestart(t *testing.T) {
	clock, file, registry := storetest.NewClock(), t.TempDir()+"/repdesk.db", prometheus.NewRegistry()
	first := storetest.Open(t, file, clock)
	d := storetest.NewDesk(t, first)
	ana := d.LogIn("ana")
	d.LogInWithPush("ben", "ben-1")
	inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
	same(t, "sent", send(t, d, desk.ChannelFCM), "invitation ben-1")
	ok(t, first.Close())
	d.Store = storetest.Open(t, file, clock, func(cfg *store.Config) { cfg.Metrics = registry })
	clock.Advance(desk.ReminderPause)
	must(d.RemindInvitation(t.Context(), ana, inv.ID))
	same(t, "told again", send(t, d, desk.ChannelFCM), "invitation ben-1")
	if n := (&counts{t: t, registry: registry}).now()["invitation_send_seconds"]; n != 0 {
		t.Errorf("counted %v times", n)
	}
}

// G13: of two pushes about one chat that would wait, the one that makes way is counted as dropped.
func TestG13MetricsOfAChatThatIsTriedAgain(t *testing.T) {
	eachCounted(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, c *counts) {
		_, guest := d.OpenSessionWithGuest(d.LogInWithPush("ana", "ana-1"), "@main")
		write := func() { ok(t, try(d.PostGuestMessage(t.Context(), guest, store.NewMessage{Text: "and"}))) }
		write()
		first := claim(t, d, desk.ChannelFCM)
		write()
		c.grew("one is being sent, one waits for its time")
		finish(t, d, first, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
		c.grew("one waits", "deliveries_total fcm dropped message +1", "delivery_retries_total unavailable fcm +1")
	})
}
