package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestF8TheOwnersSetting(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _ rows) {
		ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
		session, customer := d.OpenSessionWithGuest(ana, "@expert")
		d.OpenSession(ana, "@expert") // without a specialist: nothing is told there
		offer := code(t, d, ana, session, desk.SpecialistTerms{})
		_, mia := joins(t, d, offer, "Mia")
		others, guest := watch(t, d, ana), watchGuest(t, d, customer)
		grant := func(g desk.Guest) claims {
			return must(readGrant(must(d.GrantKeys(t.Context())), must(d.GuestGrant(t.Context(), g, issuer)).Grant))
		}
		shares := func() (all []bool) {
			for _, g := range []desk.Guest{mia, customer} {
				all = append(all, grant(g).ShareScreen)
			}
			return append(all, must(d.GuestSession(t.Context(), mia)).SpecialistsMayShareScreen)
		}
		set := func(c desk.Caller, may bool) {
			ok(t, try(d.UpdateMe(t.Context(), c, store.MeChange{SpecialistsMayShareScreen: &may}, nil)))
		}
		same(t, "by default", shares(), false, false, false)
		rev := grant(mia).Rev
		set(ana, true)
		same(t, "allowed", shares(), true, false, true)
		if now := grant(mia).Rev; now <= rev {
			t.Errorf("the grant's revision is %d after %d", now, rev)
		}
		same(t, "the guests", guest.told(), "grant.changed changed", "attendee.changed", "session.changed screen_sharing")
		same(t, "the owner", others.told("session", "attendee", "grant"), "attendee.changed screen_sharing", "grant.changed changed", "session.changed screen_sharing")
		set(ana, true)
		same(t, "the same again", guest.told())
		set(ben, true)
		same(t, "somebody else's", guest.told())
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben"})
		guest.events()
		take(t, d, ben, session)
		same(t, "the new owner's is the same", shares(), true, false, true)
		same(t, "so no grant changes", guest.told("grant"), "grant.changed withdrawn")
		set(ben, false)
		same(t, "forbidden", shares(), false, false, false)
		set(ana, false)
		set(ben, true)
		guest.events()
		ok(t, try(d.ReassignSession(t.Context(), hal, session.ID, "", "@printers")))
		same(t, "while nobody owns it", shares(), false, false, false)
		same(t, "told", guest.told("grant", "session"), "grant.changed withdrawn", "grant.changed changed", "session.changed reassigned")
		take(t, d, ben, session)
		same(t, "owned again", shares(), true, false, true)
		same(t, "told", guest.told("grant"), "grant.changed changed")
	})
}

// F8, C12: a specialist who joins at the instant that the owner changes the setting is told of it: their grant says what held
// before. On SQLite there is one writer at a time.
func TestF8WhoJoinsMeanwhileIsTold(t *testing.T) {
	database := storetest.Postgres(t)
	d := storetest.NewDesk(t, storetest.Open(t, database, storetest.NewClock()))
	loadFile(t, d.Store, specialists)
	ana := d.LogIn("ana")
	session, customer := d.OpenSessionWithGuest(ana, "@expert")
	guest := watchGuest(t, d, customer)
	joining := hold(t, database, session, `INSERT INTO attendees (id, session_id, role, rep_id, name, access, joined_at) VALUES ('att_mia', '`+session.ID+`', 'specialist', '', 'Mia', 'view', 1)`)
	done := make(chan error, 1)
	go func() {
		may := true
		_, err := d.UpdateMe(t.Context(), ana, store.MeChange{SpecialistsMayShareScreen: &may}, nil)
		done <- err
	}()
	joining.letGo(done)
	same(t, "told", guest.told("grant", "session"), "grant.changed changed", "session.changed screen_sharing")
}
