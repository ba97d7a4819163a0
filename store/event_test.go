package store_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestH1EachIsToldTheirView(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		everybody := map[string]*watcher{"ana": watch(t, d, ana), "ben": watch(t, d, ben), "cho": watch(t, d, cho),
			"dev": watch(t, d, d.LogIn("dev")), "fay": watch(t, d, d.LogIn("fay")), "hal": watch(t, d, d.LogIn("hal"))}
		step := func(name string, want map[string][]string) {
			t.Helper()
			for rep, w := range everybody {
				same(t, name+": "+rep, w.told("invitation.", "session.", "attendee."), want[rep]...)
			}
		}
		step("logging in", nil)
		session := d.OpenSession(ana, "@main")
		step("a session of one's own", map[string][]string{"ana": {"session.changed", "attendee.joined", "session.changed accepted"}})
		inv := inviteTeam(t, d, ana, session, "printers")
		step("invited", map[string][]string{"ana": {"invitation.created"}, "ben": {"invitation.created"}, "cho": {"invitation.created"}})
		must(d.DeclineInvitation(t.Context(), cho, inv.ID))
		step("declined", map[string][]string{"ana": {"invitation.changed declined"}, "cho": {"invitation.ended declined"}})
		accept(t, d, ben, inv)
		step("accepted", map[string][]string{"ana": {"attendee.joined", "invitation.ended accepted", "session.changed"},
			"ben": {"attendee.joined", "invitation.ended accepted", "session.changed"}})
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		step("ended", map[string][]string{"ana": {"session.changed ended_by_owner"}, "ben": {"session.changed ended_by_owner"}})
		must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", TeamID: "@network", Customer: desk.Customer{Name: "Jo"}}))
		step("waits in a team's queue", map[string][]string{"dev": {"session.changed"}})
	})
}

func TestH1NoEventSaysMoreThanItsReaderMaySee(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		owner, bens, chos := watch(t, d, ana), watch(t, d, ben), watch(t, d, cho)
		session := d.OpenSession(ana, "@main")
		inv := inviteTeam(t, d, ana, session, "printers")
		must(d.DeclineInvitation(t.Context(), cho, inv.ID))
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		shows := func(w *watcher, text string) (types []string) {
			for _, e := range w.events() {
				if body := must(json.Marshal(e)); strings.Contains(string(body), text) {
					types = append(types, string(e.Type))
				}
			}
			return types
		}
		same(t, "the owner sees who declined", shows(owner, `"declined_by":[`), "invitation.changed", "invitation.ended")
		same(t, "the invited sees the customer only while invited", shows(bens, "Jo Doe"), "invitation.created", "queue_entry.added")
		same(t, "and so does who declined", shows(chos, "Jo Doe"), "invitation.created", "queue_entry.added")
		again := watch(t, d, ben)
		again.at = 0
		same(t, "the invited do not see who declined", shows(again, "declined_by\":["))
		again.at = 0
		same(t, "nor that nobody may be left", shows(again, "nobody_left"))
		again.at = 0
		same(t, "nor what the session's inside is", shows(again, `"attendees"`))
	})
}

func TestH2ReplayIsWhatWasLive(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		live, start := watch(t, d, ben), must(d.LastEvent(t.Context()))
		var heard []int64
		listen := func() {
			for _, e := range live.events() {
				heard = append(heard, e.ID)
			}
		}
		session := d.OpenSession(ana, "@main")
		for range 3 {
			inv := inviteTeam(t, d, ana, session, "printers")
			listen()
			must(d.DeclineInvitation(t.Context(), cho, inv.ID))
			must(d.DeclineInvitation(t.Context(), ben, inv.ID))
			listen()
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		}
		listen()
		if !slices.IsSorted(heard) || len(heard) != 12 {
			t.Fatalf("heard live: %v", heard)
		}
		sub := must(d.Subscribe(t.Context(), ben))
		defer sub.Close()
		for _, limit := range []int{1, 2, 3, 1000} { // H3: polled in pages of any size
			var read []int64
			at := start
			for more := true; more; {
				page := must(sub.Read(t.Context(), at, nil, limit))
				for _, e := range page.Items {
					read = append(read, e.ID)
				}
				at, more = page.Cursor, page.More
			}
			same(t, "replayed", read, heard...)
			if at != must(d.LastEvent(t.Context())) {
				t.Errorf("the cursor stays at %d", at)
			}
		}
		created := must(sub.Read(t.Context(), start, []desk.EventType{desk.EventInvitationCreated}, 1000))
		if len(created.Items) != 3 {
			t.Errorf("of one type: %+v", created.Items)
		}
	})
}

func TestH2ACursorTooOldOrUnknown(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		d.OpenSession(ana, "")
		old := must(d.LastEvent(t.Context()))
		clock.Advance(desk.EventRetention / 2)
		d.OpenSession(ana, "")
		kept := must(d.LastEvent(t.Context()))
		clock.Advance(desk.EventRetention/2 + time.Millisecond)
		if err := d.RemoveOldRows(t.Context()); err != nil {
			t.Fatal(err)
		}
		sub := must(d.Subscribe(t.Context(), ana))
		defer sub.Close()
		read := func(after int64) (store.Events, error) { return sub.Read(t.Context(), after, nil, 100) }
		_, err := read(old - 1)
		if p := refused(t, err, desk.CursorTooOld); p.Conflict.Reason != store.CursorTooOld {
			t.Errorf("conflict %+v", p.Conflict)
		}
		_, err = read(kept + 1)
		if p := refused(t, err, desk.CursorTooOld); p.Conflict.Reason != store.CursorUnknown {
			t.Errorf("conflict %+v", p.Conflict)
		}
		if got := must(read(old)); len(got.Items) != 7 || got.Cursor != kept {
			t.Errorf("right after what was removed: %+v", got)
		}
		clock.Advance(desk.EventRetention * 2) // all is forgotten: the log still knows where it stands
		if err := d.RemoveOldRows(t.Context()); err != nil {
			t.Fatal(err)
		}
		if last := must(d.LastEvent(t.Context())); last != kept {
			t.Errorf("the emptied log stands at %d, not %d", last, kept)
		}
		if got := must(read(kept)); len(got.Items) != 0 || got.Cursor != kept {
			t.Errorf("at the end of the emptied log: %+v", got)
		}
		_, err = read(old)
		refused(t, err, desk.CursorTooOld)
		d.OpenSession(ana, "")
		if got := must(read(kept)); len(got.Items) == 0 {
			t.Error("nothing after the emptied log")
		}
	})
}

// woken waits for the signal that something new may be there.
func woken(t *testing.T, sub *store.Subscription) {
	t.Helper()
	select {
	case <-sub.Woken():
	case <-time.After(20 * time.Second):
		t.Fatal("was not woken")
	}
}

func TestH1SubscriptionsAreWoken(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		sub, outside := must(d.Subscribe(t.Context(), ben)), must(d.Subscribe(t.Context(), d.LogIn("fay")))
		defer sub.Close()
		defer outside.Close()
		session := d.OpenSession(ana, "@main")
		inviteRep(t, d, ana, session, "ben")
		woken(t, sub)
		select {
		case <-outside.Woken():
			t.Error("woken for what is not theirs")
		default:
		}
	})
}

func TestH1RightsThatGrow(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		w := watch(t, d, ben)
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member, network: member}}]")
		if !must(w.sub.Read(t.Context(), w.at, nil, 1)).Grown {
			t.Error("a team more is not more to read")
		}
		w.events()
		if must(w.sub.Read(t.Context(), w.at, nil, 1)).Grown {
			t.Error("grown twice")
		}
		inv := inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "network")
		same(t, "B20 the new member", w.told("invitation."), "invitation.created")
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member}}]")
		if must(w.sub.Read(t.Context(), w.at, nil, 1)).Grown {
			t.Error("a team less is not more to read")
		}
		w.events()
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "who has left the team", w.told("invitation."))
	})
}

// Two servers on one PostgreSQL see each other's events, and claim no delivery twice.
func TestH1TwoServersOnOneDatabase(t *testing.T) {
	database, clock := storetest.Postgres(t), storetest.NewClock()
	one := storetest.NewDesk(t, storetest.Open(t, database, clock))
	two := storetest.Open(t, database, clock)
	ana, ben := one.LogIn("ana"), one.LogInWithPush("ben", "ben-1")
	one.LogInWithPush("ben", "ben-2")
	sub := must(two.Subscribe(t.Context(), ben))
	defer sub.Close()
	start := must(two.LastEvent(t.Context()))
	inv := inviteRep(t, one, ana, one.OpenSession(ana, "@main"), "ben")
	woken(t, sub)
	if got := must(sub.Read(t.Context(), start, nil, 100)); len(got.Items) != 2 || got.Items[0].Invitation.ID != inv.ID {
		t.Errorf("the other server reads %+v", got.Items)
	}
	if one.ServerID() != two.ServerID() {
		t.Error("one desk with two ids")
	}
	var claimed [2][]desk.Job
	var errs [2]error
	atOnce(2, func(i int) {
		claimed[i], errs[i] = []*store.Store{one.Store, two}[i].ClaimDeliveries(t.Context(), desk.ChannelFCM, 10, lease)
	})
	if all := append(claimed[0], claimed[1]...); len(all) != 2 || errs[0] != nil || errs[1] != nil {
		t.Errorf("claimed %v, %v", targets(all), errs)
	}
}

// A reader who lags behind reads by the rights of the moment: what came after they left a team is not theirs.
func TestA7ReadingByTheRightsOfTheMoment(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		w := watch(t, d, ben)
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {}}]")
		inviteTeam(t, d, ana, session, "printers")
		same(t, "in one reading", w.told(""), "me.changed")
	})
}

// An import by another process on the same file wakes those who follow the server's events.
func TestI3AnImportBesideAServerIsSeen(t *testing.T) {
	file, clock := filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, file, clock))
	sub := must(d.Subscribe(t.Context(), d.LogIn("ben")))
	defer sub.Close()
	beside := storetest.Open(t, file, clock)
	must(beside.ImportOrganization(t.Context(), beside.Operator(), []byte("reps: [{username: ben, name: Ben Okafor, disabled: true}]"), false))
	select {
	case <-sub.Woken():
	case <-time.After(10 * time.Second):
		t.Error("not woken")
	}
}

// A reader who is behind gets of changes of one object the last, and all that came or went; who keeps up gets each; and the
// log has each.
func TestH2WhoIsBehindGetsTheLatest(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		sub, start := must(d.Subscribe(t.Context(), ana)), must(d.LastEvent(t.Context()))
		defer sub.Close()
		steps := func(n int) {
			for i := range n {
				if i%2 == 0 {
					must(d.HoldSession(t.Context(), ana, session.ID))
				} else {
					must(d.ResumeSession(t.Context(), ana, session.ID))
				}
			}
		}
		count := func(e store.Events) map[string]int {
			n := map[string]int{}
			for _, one := range e.Items {
				n[string(one.Type)]++
			}
			return n
		}
		steps(10)
		few, err := sub.ReadLatest(t.Context(), start, 200)
		ok(t, err)
		if n := count(few); n["session.changed"] != 10 || n["queue_entry.changed"] != 10 {
			t.Errorf("who keeps up gets %v", n)
		}
		inv := inviteRep(t, d, ana, session, "ben")
		steps(10)
		accept(t, d, ben, inv)
		steps(10)
		many, err := sub.ReadLatest(t.Context(), start, 200)
		ok(t, err)
		if n := count(many); n["session.changed"] != 1 || n["queue_entry.changed"] != 1 || n["invitation.created"] != 1 || n["invitation.ended"] != 1 || n["attendee.joined"] != 1 {
			t.Errorf("who is behind gets %v", n)
		}
		if many.Cursor != must(d.LastEvent(t.Context())) || many.More {
			t.Errorf("the cursor %d, more %v", many.Cursor, many.More)
		}
		last := many.Items[slices.IndexFunc(many.Items, func(e desk.Event) bool { return e.Type == desk.EventSessionChanged })]
		if now := must(d.Session(t.Context(), ana, session.ID)); last.Session.Rev != now.Rev || last.Session.RepCount != 2 {
			t.Errorf("the last is %s", asJSON(last))
		}
		if all := must(sub.Read(t.Context(), start, nil, 200)); count(all)["session.changed"] != 31 {
			t.Errorf("the log has %v", count(all))
		}
	})
}

// The log is kept as long as the setting says: an older cursor is refused, a younger one goes on.
func TestH2KeepingEventsIsASetting(t *testing.T) {
	keep := func(cfg *store.Config) { cfg.KeepEvents = 2 * time.Hour }
	storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		d := storetest.NewDesk(t, s)
		ana := d.LogIn("ana")
		d.OpenSession(ana, "")
		old := must(d.LastEvent(t.Context()))
		clock.Advance(time.Hour)
		d.OpenSession(ana, "")
		young := must(d.LastEvent(t.Context()))
		sub := must(d.Subscribe(t.Context(), ana))
		defer sub.Close()
		for _, step := range []struct {
			after        time.Duration
			older, newer bool // whether reading goes on from there
		}{{time.Hour, true, true}, {time.Millisecond, false, true}, {time.Hour, false, true}, {time.Hour, false, true}} {
			clock.Advance(step.after)
			ok(t, d.RemoveOldRows(t.Context()))
			for cursor, goesOn := range map[int64]bool{old - 1: step.older, young: step.newer} {
				events, err := sub.Read(t.Context(), cursor, nil, 100)
				if goesOn {
					ok(t, err)
				} else if p := refused(t, err, desk.CursorTooOld); p.Conflict.Reason != store.CursorTooOld {
					t.Errorf("after %d: %+v", cursor, p.Conflict)
				}
				if goesOn && cursor == old-1 && len(events.Items) < 8 {
					t.Errorf("from the older cursor %d events", len(events.Items))
				}
			}
		}
	}, keep)
	if _, err := store.Open(t.Context(), store.Config{Database: filepath.Join(t.TempDir(), "repdesk.db"), KeepEvents: time.Hour - 1}); err == nil || !strings.Contains(err.Error(), "1h0m0s") {
		t.Errorf("less than an hour: %v", err)
	}
}

// Who loses a topic before they have read it to its end still reads what stands there from before, and nothing of after: else
// they would go on showing what was over already.
func TestH2WhatWasOverBeforeOneLeft(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, eli := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("eli")
		d.LogIn("cho")
		session := d.OpenSession(ana, "@open")
		move := func(to string) {
			t.Helper()
			must(d.UpdateConsole(t.Context(), eli, "current", store.ConsoleChange{PortalID: &to}, nil))
		}
		move("@open")
		bens, elis, elisToo := watch(t, d, ben), watch(t, d, eli), watch(t, d, eli)
		atPortal := must(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{PortalID: "@main", SubPortals: true}))
		atTeam := inviteTeam(t, d, ana, session, "printers")
		same(t, "invited, of the team", bens.told("invitation."), "invitation.created")
		same(t, "invited, under the portal", elis.told("invitation."), "invitation.created")
		for _, inv := range []desk.Invitation{atTeam, atPortal} {
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		}
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {}}]")
		move("")
		inviteTeam(t, d, ana, session, "printers")
		must(d.PostTeamMessage(t.Context(), ana, "@printers", "After", ""))
		if !must(elisToo.sub.Read(t.Context(), elisToo.at, nil, 1000)).Grown {
			t.Error("who left the portal is not told to load anew")
		}
		same(t, "who left the team", bens.told(""), "invitation.ended cancelled", "queue_entry.removed cancelled", "me.changed")
		same(t, "who left the portal", elis.told(""), "invitation.ended cancelled", "queue_entry.removed cancelled", "reset rights_changed", "console.changed")
		inviteTeam(t, d, ana, session, "printers")
		same(t, "later", bens.told(""))
		old := watch(t, d, ben)
		old.at = 0
		for _, e := range old.events() {
			if e.TeamMessage != nil || e.Invitation != nil && e.Invitation.ID != atTeam.ID {
				t.Errorf("from the log's beginning, who left reads %s", asJSON(e))
			}
		}
	})
}
