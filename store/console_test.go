package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// device describes an installation with a push target.
func device(id, target string) desk.Device {
	platform := "android"
	return desk.Device{Platform: &platform, DeviceID: &id, PushTarget: &target}
}

func logIn(t *testing.T, d *storetest.Desk, username string, on desk.Device) store.LoggedIn {
	t.Helper()
	return must(d.Store.LogIn(t.Context(), store.LogIn{Username: username, Password: storetest.Password, Device: on}))
}

func TestG10RegisteringAgainIsTheSameConsole(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		first, second := logIn(t, d, "ben", device("phone", "target")), logIn(t, d, "ben", device("phone", "target"))
		if first.Console.ID != second.Console.ID || first.Token == second.Token || second.Console.Rev != first.Console.Rev {
			t.Errorf("first %+v, second %+v", first.Console, second.Console)
		}
		_, err := d.Authenticate(t.Context(), first.Token)
		refused(t, err, desk.ConsoleRevoked)
		c := must(d.Authenticate(t.Context(), second.Token))
		if all := must(d.Consoles(t.Context(), c)); len(all) != 1 || !all[0].Current || !all[0].Connected {
			t.Errorf("consoles %+v", all)
		}
	})
}

// G8, G10: each way in which a console becomes another is told at a higher revision, and what changes nothing is neither.
func TestG8AConsoleThatChangesIsTold(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		console, w, none := logIn(t, d, "ben", device("phone", "target")).Console, watch(t, d, ben), ""
		told := func(what, push string, changes bool) {
			t.Helper()
			events := slices.DeleteFunc(w.events(), func(e desk.Event) bool { return e.Type != desk.EventConsoleChanged })
			now := must(d.Consoles(t.Context(), ben))[0]
			if changes && (len(events) != 1 || events[0].Console.Rev != now.Rev || now.Rev <= console.Rev) || !changes && (len(events) != 0 || now.Rev != console.Rev) || now.PushKind != push {
				t.Errorf("%s: told %+v, and it is %+v", what, events, now)
			}
			console = now
		}
		update := func(change desk.Device) {
			t.Helper()
			ok(t, try(d.UpdateConsole(t.Context(), ben, console.ID, store.ConsoleChange{Device: change}, nil)))
		}
		logIn(t, d, "ben", device("phone", "target"))
		told("logged in again", "fcm_token", false)
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		finish(t, d, claim(t, d, desk.ChannelFCM), targetDead)
		told("FCM knows it no more", "", true)
		logIn(t, d, "ben", device("phone", "target"))
		told("logged in again with a target", "fcm_token", true)
		logIn(t, d, "cho", device("tablet", "target"))
		told("another has the target", "", true)
		update(device("phone", "another"))
		told("it registers", "fcm_token", true)
		for i := range 2 {
			update(desk.Device{PushTarget: &none})
			told("it takes its target back", "", i == 0)
		}
	})
}

func TestG10RegisteringAtTheSameTime(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		errs := make([]error, 10)
		atOnce(len(errs), func(i int) {
			_, errs[i] = d.Store.LogIn(t.Context(), store.LogIn{Username: []string{"ben", "cho"}[i%2], Password: storetest.Password, Device: device("phone", "target")})
		})
		for _, err := range errs {
			if err != nil {
				t.Errorf("log-in on the same phone at the same time: %v", err)
			}
		}
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		inviteTeam(t, d, ana, session, "printers")
		if sent := send(t, d, desk.ChannelFCM); len(sent) != 1 {
			t.Errorf("one phone is sent %v", sent)
		}
	})
}

func TestG10AnotherRepTakesTheDeviceOver(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		bens := logIn(t, d, "ben", device("phone", "target"))
		ben := must(d.Authenticate(t.Context(), bens.Token))
		inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		sent := deliver(t, d, desk.ChannelFCM)
		w := watch(t, d, ben)
		chos := logIn(t, d, "cho", device("phone", "target"))
		if chos.Console.ID == bens.Console.ID || chos.Console.RepID == bens.Console.RepID {
			t.Errorf("consoles %+v, %+v", bens.Console, chos.Console)
		}
		_, err := d.Authenticate(t.Context(), bens.Token)
		refused(t, err, desk.ConsoleRevoked)
		same(t, "ben is told", w.told(), "console.revoked")
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "what it still shows", targets(jobs), "withdrawal target")
		if job := jobs[0]; job.Rep.ID != ben.RepID || job.Invitation.State != desk.InvitationWithdrawn || job.Invitation.Reason != desk.EndLoggedOut || job.KeyRev <= sent[0].KeyRev {
			t.Errorf("withdrawal %+v, after one with rev %d", job, sent[0].KeyRev)
		}
		if got := must(d.Invitation(t.Context(), ana, inv.ID)); !got.Active() {
			t.Errorf("the invitation itself is %s", got.State)
		}
	})
}

func TestG10OneInstallationHasOnePushTarget(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogInOn("ben", device("phone", "target"))
		d.LogInOn("cho", device("tablet", "target")) // restored from the phone's backup, say
		session := d.OpenSession(ana, "@main")
		inviteRep(t, d, ana, session, "ben")
		same(t, "to ben", send(t, d, desk.ChannelFCM))
		inviteRep(t, d, ana, session, "cho")
		same(t, "to cho", send(t, d, desk.ChannelFCM), "invitation target")
	})
}

func TestG10LogOut(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		session := d.OpenSession(ana, "@main")
		inviteRep(t, d, ana, session, "ben")
		send(t, d, desk.ChannelFCM)
		waiting := inviteTeam(t, d, ana, session, "printers")
		logOut(t, d, ben)
		same(t, "what it shows is withdrawn, what was not sent is dropped", send(t, d, desk.ChannelFCM), "withdrawal ben-1")
		if got := must(d.Invitation(t.Context(), ana, waiting.ID)); !got.Active() {
			t.Errorf("the team's invitation is %s", got.State)
		}
		if _, err := d.Consoles(t.Context(), ben); err != nil {
			t.Fatal(err)
		}
		refusal(t, "another's console", d.LogOut(t.Context(), ana, ben.ConsoleID, true), desk.NotFound)
	})
}

// C9: the last console is kept while its rep owns active sessions.
func TestC9LoggingOutOfTheLastConsole(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		first, last := d.LogIn("ana"), d.LogIn("ana")
		session := d.OpenSession(first, "")
		if err := d.LogOut(t.Context(), first, "current", false); err != nil {
			t.Errorf("there is another: %v", err)
		}
		err := d.LogOut(t.Context(), last, "current", false)
		if p := refused(t, err, desk.OwnerMustHandOver); p.Conflict == nil || p.Conflict.ID != session.ID {
			t.Errorf("conflict %+v", p.Conflict)
		}
		if err := d.LogOut(t.Context(), last, "current", true); err != nil {
			t.Errorf("forced: %v", err)
		}
		last = d.LogIn("ana")
		must(d.EndSession(t.Context(), last, session.ID, ""))
		if err := d.LogOut(t.Context(), last, "current", false); err != nil {
			t.Errorf("with nothing open: %v", err)
		}
	})
}

func TestConsoleUpdates(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ben, second := d.LogInOn("ben", device("phone", "target")), d.LogIn("ben")
		w := watch(t, d, second)
		name, portal, none := "Ben's phone", "@main", ""
		got := must(d.UpdateConsole(t.Context(), ben, "current", store.ConsoleChange{Device: desk.Device{Name: &name}, PortalID: &portal}, nil))
		if got.Name != name || got.Portal == nil || got.Portal.Name != "Main" || !got.Current || got.PushKind != "fcm_token" || got.Platform != "android" {
			t.Errorf("console %+v", got)
		}
		same(t, "the other console", w.told(), "reset rights_changed", "console.changed")
		got = must(d.UpdateConsole(t.Context(), ben, ben.ConsoleID, store.ConsoleChange{Device: desk.Device{PushTarget: &none}, PortalID: &none}, nil))
		if got.Portal != nil || got.PushKind != "" || got.Name != name {
			t.Errorf("emptied: %+v", got)
		}
		_, err := d.UpdateConsole(t.Context(), ben, "current", store.ConsoleChange{}, func(rev int64) error {
			return desk.Refuse(desk.ChangedMeanwhile, "%d", rev)
		})
		refused(t, err, desk.ChangedMeanwhile)
		_, err = d.UpdateConsole(t.Context(), d.LogIn("cho"), ben.ConsoleID, store.ConsoleChange{}, nil)
		refused(t, err, desk.NotFound)
	})
}

func TestPresenceFollowsContact(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		plain, pushed := d.LogIn("ben"), d.LogInWithPush("cho", "cho-1")
		present := func(c desk.Caller) desk.Presence { return must(d.Me(t.Context(), c)).Presence }
		same(t, "after log-in", []desk.Presence{present(plain), present(pushed)}, desk.PresenceAvailable, desk.PresenceAvailable)
		clock.Advance(desk.ConnectedFor)
		same(t, "a minute later", []desk.Presence{present(plain)}, desk.PresenceAvailable)
		d.Touch(plain)
		if err := d.FlushContacts(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.Advance(desk.ConnectedFor)
		same(t, "a minute after a request", []desk.Presence{present(plain)}, desk.PresenceAvailable)
		clock.Advance(desk.PresenceGrace)
		same(t, "after the grace", []desk.Presence{present(plain), present(pushed)}, desk.PresenceOffline, desk.PresenceAvailable)
		busy := true
		must(d.UpdateMe(t.Context(), pushed, store.MeChange{Busy: &busy}, nil))
		same(t, "busy", []desk.Presence{present(pushed)}, desk.PresenceBusy)
		clock.Advance(desk.ReachableFor)
		same(t, "12 hours later", []desk.Presence{present(pushed)}, desk.PresenceOffline)
		d.Touch(plain)
		if err := d.FlushContacts(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "back", []desk.Presence{present(plain)}, desk.PresenceAvailable)
	})
}

func TestG6ExtendedAvailabilityNeedsPermissionAndAddress(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "reps: [{username: mia, name: Mia, password: correct horse, permissions: [extended_availability]}]")
		on := true
		change := store.MeChange{ExtendedAvailability: &on}
		_, err := d.UpdateMe(t.Context(), d.LogIn("eli"), change, nil)
		refusal(t, "no permission", err, desk.NotAllowed)
		_, err = d.UpdateMe(t.Context(), d.LogIn("mia"), change, nil)
		refusal(t, "no address", err, desk.EmailMissing)
		ben := d.LogIn("ben")
		w := watch(t, d, ben)
		me := must(d.UpdateMe(t.Context(), ben, change, nil))
		if again := must(d.UpdateMe(t.Context(), ben, change, nil)); !me.ExtendedAvailability || again.Rev != me.Rev {
			t.Errorf("first %+v, again %+v", me, again)
		}
		same(t, "consoles are told once", w.told(), "me.changed")
	})
}

func TestG3WhoseLeaseRunsOutIsNotLoggedIn(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		d.LogIn("ben")
		clock.Advance(2 * time.Minute)
		ana := d.LogIn("ana")
		_, err := d.Invite(t.Context(), ana, d.OpenSession(ana, "@main").ID, store.NewInvitation{RepID: "@ben"})
		refused(t, err, desk.RepNotAvailable)
	})
}

// A token that is good is good from memory for a moment; one that was revoked is dead at once, also for those who ask
// while it happens.
func TestI2RevokedWhileAsking(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		for range 10 {
			in := must(d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password}))
			ben := must(d.Authenticate(t.Context(), in.Token))
			atOnce(4, func(i int) {
				if i > 0 {
					_, _ = d.Authenticate(t.Context(), in.Token)
				} else if err := d.LogOut(t.Context(), ben, "current", true); err != nil {
					t.Error(err)
				}
			})
			_, err := d.Authenticate(t.Context(), in.Token)
			refused(t, err, desk.ConsoleRevoked)
		}
	})
}

// What another server on the same database revokes is dead here after a second at the latest.
func TestI2RevokedByAnotherServer(t *testing.T) {
	url, clock := storetest.Postgres(t), storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, url, clock))
	in := must(d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password}))
	ben := must(d.Authenticate(t.Context(), in.Token))
	other := storetest.Open(t, url, clock)
	if err := other.LogOut(t.Context(), ben, "current", true); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Second)
	_, err := d.Authenticate(t.Context(), in.Token)
	refused(t, err, desk.ConsoleRevoked)
}
