package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// G10: a device whose log-in is ended from elsewhere is told, and why; one that ends it itself is not.
func TestG10ASignedOutDeviceIsTold(t *testing.T) {
	ends := map[string]func(t *testing.T, d *storetest.Desk, other desk.Caller, phone store.LoggedIn) (tells string){
		"log-out on another console": func(t *testing.T, d *storetest.Desk, other desk.Caller, phone store.LoggedIn) string {
			ok(t, d.LogOut(t.Context(), other, phone.Console.ID, false))
			return "logged_out"
		},
		"log-out of all others": func(t *testing.T, d *storetest.Desk, other desk.Caller, _ store.LoggedIn) string {
			ok(t, d.LogOutOthers(t.Context(), other))
			return "logged_out"
		},
		"log-out on itself": func(t *testing.T, d *storetest.Desk, _ desk.Caller, phone store.LoggedIn) string {
			ok(t, d.LogOut(t.Context(), must(d.Authenticate(t.Context(), phone.Token)), "current", false))
			return ""
		},
		"another password": func(t *testing.T, d *storetest.Desk, other desk.Caller, _ store.LoggedIn) string {
			ok(t, d.ChangePassword(t.Context(), other, storetest.Password, "battery staple"))
			return "password_changed"
		},
		"an administrator revokes it": func(t *testing.T, d *storetest.Desk, _ desk.Caller, phone store.LoggedIn) string {
			ok(t, d.RevokeConsole(t.Context(), d.Operator(), "@ben", phone.Console.ID, false))
			return "revoked"
		},
		"an administrator disables the account": func(t *testing.T, d *storetest.Desk, _ desk.Caller, _ store.LoggedIn) string {
			disabled := true
			ok(t, try(d.UpdateRep(t.Context(), d.Operator(), "@ben", store.RepChange{Disabled: &disabled}, nil)))
			return "account_disabled"
		},
		"another rep logs in on it": func(t *testing.T, d *storetest.Desk, _ desk.Caller, _ store.LoggedIn) string {
			logIn(t, d, "cho", device("phone", "target"))
			return ""
		},
		"another rep logs in on it before it was told": func(t *testing.T, d *storetest.Desk, other desk.Caller, _ store.LoggedIn) string {
			ok(t, d.LogOutOthers(t.Context(), other))
			logIn(t, d, "cho", device("phone", "target"))
			return ""
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				phone, other := logIn(t, d, "ben", device("phone", "target")), d.LogIn("ben")
				want := end(t, d, other, phone)
				jobs := claim(t, d, desk.ChannelFCM)
				if want == "" {
					if len(jobs) > 0 {
						t.Errorf("the device is told %v %s", targets(jobs), jobs[0].Reason)
					}
					return
				}
				if len(jobs) != 1 || jobs[0].Purpose != desk.PurposeSignedOut || jobs[0].Reason != want || jobs[0].Key != phone.Console.ID || jobs[0].PushTarget != "target" || jobs[0].KeyRev <= phone.Console.Rev {
					t.Errorf("the device is told %+v, want %s", jobs, want)
				}
			})
		})
	}
}

func TestG10TestPush(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		bens := logIn(t, d, "ben", device("phone", "target"))
		ben, ana := must(d.Authenticate(t.Context(), bens.Token)), d.LogIn("ana")
		_, err := d.SendTestPush(t.Context(), ana, "current")
		refused(t, err, desk.NoPushTarget)
		_, err = d.SendTestPush(t.Context(), ana, bens.Console.ID)
		refused(t, err, desk.NotFound)
		test := must(d.SendTestPush(t.Context(), ben, "current"))
		if test.Purpose != desk.PurposeTest || test.State != desk.DeliveryWaiting || test.Console == nil || test.Console.ID != bens.Console.ID {
			t.Errorf("delivery %+v", test)
		}
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "sent", targets(jobs), "test target")
		finish(t, d, jobs, done)
		if got := must(d.AckDelivery(t.Context(), ben, test.ID, desk.DeliveryReceived)); got.State != desk.DeliveryReceived {
			t.Errorf("acknowledged: %+v", got)
		}
		if got := must(d.Delivery(t.Context(), ben, test.ID)); got.State != desk.DeliveryReceived {
			t.Errorf("read back: %+v", got)
		}
		_, err = d.Delivery(t.Context(), ana, test.ID)
		refused(t, err, desk.NotFound)
		clock.Advance(time.Millisecond)
		again := must(d.SendTestPush(t.Context(), ben, "current"))
		clock.Advance(desk.PurposeTest.WorthFor())
		if late := claim(t, d, desk.ChannelFCM); len(late) != 0 {
			t.Errorf("after a minute it is still sent: %v", targets(late))
		}
		if got := must(d.Delivery(t.Context(), ben, again.ID)); got.State != desk.DeliveryDropped || got.Error != "expired" {
			t.Errorf("the late one is %+v", got)
		}
		clock.Advance(desk.DeliveriesKept)
		ok(t, d.RemoveOldRows(t.Context()))
		_, err = d.Delivery(t.Context(), ben, test.ID)
		refused(t, err, desk.NotFound)
	})
}

// G10: a console that nobody sees any more is forgotten; what is in use stays.
func TestG10ConsolesAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		old := logIn(t, d, "ben", device("phone", "target"))
		clock.Advance(desk.ConsoleForgottenAfter)
		ben := d.LogIn("ben")
		ok(t, d.RemoveOldRows(t.Context()))
		if all := must(d.Consoles(t.Context(), ben)); len(all) != 2 {
			t.Fatalf("on the last day: %+v", all)
		}
		clock.Advance(time.Millisecond)
		d.Touch(ben)
		ok(t, d.FlushContacts(t.Context()))
		ok(t, d.RemoveOldRows(t.Context()))
		all := must(d.Consoles(t.Context(), ben))
		if len(all) != 1 || all[0].ID != ben.ConsoleID {
			t.Errorf("left: %+v", all)
		}
		_, err := d.Authenticate(t.Context(), old.Token)
		refused(t, err, desk.ConsoleRevoked)
		if jobs := claim(t, d, desk.ChannelFCM); len(jobs) > 0 {
			t.Errorf("told: %v", targets(jobs))
		}
		again := logIn(t, d, "cho", device("phone", "target"))
		if again.Console.ID == old.Console.ID {
			t.Error("the forgotten console is taken again")
		}
	})
}
