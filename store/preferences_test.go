package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestD7PreferencesAreRememberedOnEveryConsole(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, phone, ben := d.LogIn("ana"), d.LogInWithPush("ana", "ana-1"), d.LogIn("ben")
		first := must(d.Preferences(t.Context(), ana))
		if first.Rev != 1 || first.QueueColumns == nil || !first.Same(desk.DefaultPreferences()) {
			t.Errorf("by default %+v", first)
		}
		here, there, elsewhere := watch(t, d, ana), watch(t, d, phone), watch(t, d, ben)
		text := func(s string) *string { return &s }
		change := func(c store.PreferencesChange) desk.Preferences {
			t.Helper()
			return must(d.UpdatePreferences(t.Context(), ana, c, nil))
		}
		change(store.PreferencesChange{QueueColumns: []string{"place", "customer"}})
		change(store.PreferencesChange{QueueSort: text("company")})
		last := change(store.PreferencesChange{QueueOrder: text("desc")})
		want := desk.Preferences{Rev: 4, QueueColumns: []string{"place", "customer"}, QueueSort: "company", QueueOrder: "desc"}
		for who, got := range map[string]desk.Preferences{"the answer": last, "here": must(d.Preferences(t.Context(), ana)), "on the phone": must(d.Preferences(t.Context(), phone))} {
			if got.Rev != want.Rev || !got.Same(want) {
				t.Errorf("%s: %+v, want %+v", who, got, want)
			}
		}
		if again := change(store.PreferencesChange{QueueColumns: []string{"place", "customer"}, QueueOrder: text("desc")}); again.Rev != 4 {
			t.Errorf("changed by nothing: %+v", again)
		}
		for who, w := range map[string]*watcher{"here": here, "on the phone": there} {
			events := w.events()
			if len(events) != 3 || events[2].Type != desk.EventPreferences || events[2].Preferences.Rev != 4 || !events[2].Preferences.Same(want) {
				t.Errorf("%s: told %s", who, asJSON(events))
			}
		}
		same(t, "somebody else is told", elsewhere.told())
		if others := must(d.Preferences(t.Context(), ben)); others.Rev != 1 {
			t.Errorf("somebody else's: %+v", others)
		}
		for what, c := range map[string]store.PreferencesChange{
			"an unknown column": {QueueColumns: []string{"place", "rank"}, QueueOrder: text("asc")}, "a column twice": {QueueColumns: []string{"place", "place"}},
			"an unknown sort": {QueueSort: text("details")}, "an unknown order": {QueueOrder: text("")}, "SQL": {QueueSort: text("waiting; DROP TABLE reps")},
		} {
			data.refuses(what, desk.ValidationFailed, func() error { return try(d.UpdatePreferences(t.Context(), ana, c, nil)) })
		}
		if cleared := change(store.PreferencesChange{QueueColumns: []string{}}); cleared.Rev != 5 || len(cleared.QueueColumns) != 0 || cleared.QueueSort != "company" {
			t.Errorf("cleared: %+v", cleared)
		}
		if me := must(d.Me(t.Context(), ana)); me.Rev != 1 {
			t.Errorf("the rep's own revision moved to %d", me.Rev)
		}
	})
}

// D7: who changes what another console has changed meanwhile is told; of two at once one wins.
func TestD7TwoConsolesChangeAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		consoles := []desk.Caller{d.LogIn("ana"), d.LogIn("ana"), d.LogIn("ana"), d.LogIn("ana")}
		log, errs := watch(t, d, consoles[0]), make([]error, len(consoles))
		atFirst := func(rev int64) error {
			if rev != 1 {
				return desk.Refuse(desk.ChangedMeanwhile, "")
			}
			return nil
		}
		atOnce(len(consoles), func(i int) {
			_, errs[i] = d.UpdatePreferences(t.Context(), consoles[i], store.PreferencesChange{QueueColumns: desk.QueueColumns[i : i+1]}, atFirst)
		})
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				same(t, "the winner's", must(d.Preferences(t.Context(), consoles[0])).QueueColumns, desk.QueueColumns[i])
				continue
			}
			refusal(t, "a loser", err, desk.ChangedMeanwhile)
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
		same(t, "told", log.told(), "preferences.changed")
	})
}
