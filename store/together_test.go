package store_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// What two do at the same instant. On SQLite one comes after the other; on PostgreSQL only a lock in the right place
// makes it so, which is why each is tried many times.
const tries = 20

func TestG3TheLastTwoLogOutAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		for range tries {
			extended(t, d, "gus")
			last := []desk.Caller{d.LogIn("fay"), d.LogIn("gus")}
			inv := inviteTeam(t, d, ana, d.OpenSession(ana, "@main"), "acme")
			atOnce(2, func(i int) {
				if err := d.LogOut(t.Context(), last[i], "current", true); err != nil {
					t.Error(err)
				}
			})
			if len(claim(t, d, desk.ChannelEmail)) != 1 {
				t.Fatal("nobody is logged in, and no email went out")
			}
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		}
	})
}

// C9: of the last two consoles that log out at once, unforced, one is kept for the open session.
func TestC9TheLastTwoConsolesLogOutAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		for range tries {
			two := []desk.Caller{d.LogIn("ana"), d.LogIn("ana")}
			session := d.OpenSession(two[0], "@main")
			refused := make([]error, 2)
			atOnce(2, func(i int) { refused[i] = d.LogOut(t.Context(), two[i], "current", false) })
			if (refused[0] == nil) == (refused[1] == nil) {
				t.Fatalf("both: %v, %v", refused[0], refused[1])
			}
			for i, err := range refused {
				if err != nil {
					refusal(t, "the last", err, desk.OwnerMustHandOver)
					must(d.EndSession(t.Context(), two[i], session.ID, ""))
					logOut(t, d, two[i])
				}
			}
		}
	})
}

func TestG8TwoPushesFailAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		for range tries {
			inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
			jobs := claim(t, d, desk.ChannelFCM)
			atOnce(2, func(i int) {
				if err := d.FinishDelivery(t.Context(), jobs[i], desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"}, 0); err != nil {
					t.Error(err)
				}
			})
			if n := len(claim(t, d, desk.ChannelEmail)); n != 1 {
				t.Fatalf("%d emails for two pushes given up", n)
			}
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		}
	})
}

func TestG9AcknowledgedTwiceAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		for range tries {
			inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
			job := claim(t, d, desk.ChannelFCM)[0]
			atOnce(2, func(i int) {
				if _, err := d.AckDelivery(t.Context(), ben, job.ID, []desk.DeliveryState{desk.DeliveryReceived, desk.DeliveryOpened}[i]); err != nil {
					t.Error(err)
				}
			})
			if got := must(d.Deliveries(t.Context(), ana, inv.ID, "", 10)); got[len(got)-1].State != desk.DeliveryOpened {
				t.Fatalf("opened was taken back: %s", got[len(got)-1].State)
			}
			must(d.DeclineInvitation(t.Context(), ben, inv.ID))
			claim(t, d, desk.ChannelFCM)
		}
	})
}

// A contact of one console that crosses the log-out of another must not bring the other's lease back.
func TestA3ContactCrossesALogOut(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		for i := range tries {
			phone, script := d.LogInWithPush("ben", fmt.Sprint("ben-", i)), d.LogIn("ben")
			clock.Advance(20 * time.Second)
			d.Touch(script)
			atOnce(2, func(i int) {
				var err error
				if i == 0 {
					err = d.FlushContacts(t.Context())
				} else {
					err = d.LogOut(t.Context(), phone, "current", true)
				}
				if err != nil {
					t.Error(err)
				}
			})
			clock.Advance(10 * time.Minute) // one console is left, without a push target, silent since
			_, err := d.Invite(t.Context(), ana, d.OpenSession(ana, "@main").ID, store.NewInvitation{RepID: "@ben"})
			refused(t, err, desk.RepNotAvailable)
			if err := d.LogOut(t.Context(), script, "current", true); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTwoChangesWithTheSameIfMatch(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ben := d.LogIn("ben")
		for try := range tries {
			was := must(d.Consoles(t.Context(), ben))[0].Rev
			stands := func(rev int64) error {
				if rev != was {
					return desk.Refuse(desk.ChangedMeanwhile, "")
				}
				return nil
			}
			errs := make([]error, 2)
			atOnce(2, func(i int) {
				name := fmt.Sprint("phone ", try, " ", i) // another one each time: what changes nothing is no change
				_, errs[i] = d.UpdateConsole(t.Context(), ben, "current", store.ConsoleChange{Device: desk.Device{Name: &name}}, stands)
			})
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("both changes: %v, %v", errs[0], errs[1])
			}
		}
	})
}

func TestServersStartTogetherOnAFreshDatabase(t *testing.T) {
	server := storetest.Postgres(t)
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 3 {
		name := fmt.Sprintf("together_%d_%d", time.Now().UnixNano(), i)
		if _, err := db.Exec(`CREATE DATABASE ` + name); err != nil {
			t.Fatal(err)
		}
		fresh, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		fresh.Path = "/" + name
		atOnce(2, func(int) {
			s, err := store.Open(t.Context(), store.Config{Database: fresh.String()})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		if _, err := db.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	}
}
