package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestD6FavouritesAreTheRepsOwn(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, phone, ben, fay, hal := d.LogIn("ana"), d.LogInWithPush("ana", "ana-1"), d.LogIn("ben"), d.LogIn("fay"), d.LogIn("hal")
		printers := must(d.Me(t.Context(), ana)).Teams[0].Team.ID
		here, there, colleague := watch(t, d, ana), watch(t, d, phone), watch(t, d, ben)
		mark := func(c desk.Caller, queue string, favourite bool) func() error {
			return func() error { return d.SetFavourite(t.Context(), c, queue, favourite) }
		}
		marked := func() (reps []string) {
			t.Helper()
			found := must(data.db.Query(`SELECT r.username FROM team_members m JOIN reps r ON r.id = m.rep_id WHERE m.favourite = 1 ORDER BY r.username`))
			for found.Next() {
				var rep string
				ok(t, found.Scan(&rep))
				reps = append(reps, rep)
			}
			ok(t, found.Err())
			return reps
		}
		ok(t, mark(ana, "@printers", true)())
		ok(t, mark(phone, printers, true)()) // again
		same(t, "marked by", marked(), "ana")
		ok(t, mark(ben, printers, false)()) // it never was
		ok(t, mark(fay, "@acme", true)())
		same(t, "marked by", marked(), "ana", "fay")
		for who, w := range map[string]*watcher{"here": here, "on the phone": there} {
			if told := w.events(); len(told) != 1 || told[0].Type != desk.EventQueueChanged || told[0].QueueID != printers || told[0].TeamID != printers {
				t.Errorf("%s: told %s", who, asJSON(told))
			}
		}
		data.refuses("the personal queue", desk.ValidationFailed, mark(ana, desk.PersonalQueue, true))
		data.refuses("the personal queue's mark", desk.ValidationFailed, mark(ana, desk.PersonalQueue, false))
		for what, do := range map[string]func() error{
			"another team's": mark(ana, "@network", true), "to an embassy rep": mark(fay, printers, true), "an administrator": mark(hal, printers, true),
			"unmarking another's": mark(ben, "@network", false), "what is not there": mark(ana, "@nowhere", true), "a rep": mark(ana, ben.RepID, true), "nothing": mark(ana, "", true),
		} {
			data.refuses(what, desk.NotFound, do)
		}
		ok(t, mark(phone, printers, false)())
		ok(t, mark(ana, printers, false)())
		same(t, "marked by", marked(), "fay")
		same(t, "told of the end", here.told("queue"), "queue.changed")
		same(t, "a colleague is told", colleague.told("queue"))
	})
}

// D6: who leaves a team and comes back has its queue as any other.
func TestD6AFavouriteEndsWithTheTeam(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		cho := d.LogIn("cho")
		mark := func() error { return d.SetFavourite(t.Context(), cho, "@printers", true) }
		ok(t, mark())
		move(t, d, "cho", "{network: member}")
		data.refuses("after leaving", desk.NotFound, mark)
		move(t, d, "cho", "{printers: member}")
		log := watch(t, d, cho)
		ok(t, mark())
		same(t, "marked anew", log.told("queue"), "queue.changed")
	})
}
