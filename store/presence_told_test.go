package store_test

import (
	"slices"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// presences are those told to a reader since the cursor, in the order of telling, and the cursor to go on from.
func presences(t *testing.T, d *storetest.Desk, sub *store.Subscription, at *int64) []string {
	t.Helper()
	found := must(sub.Read(t.Context(), *at, []desk.EventType{desk.EventRepPresence}, 1000))
	*at = found.Cursor
	words := []string{}
	for _, e := range found.Items {
		words = append(words, e.Rep.Name+" "+string(e.Rep.Presence))
	}
	return words
}

// H1, A4, A7: whoever asks for it is told of the presence of those whom they see, and nobody else of anybody's.
func TestH1PresenceIsToldToThoseWhoAskAndSee(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, `
teams: [{slug: rims, name: Rims}, {slug: guests, name: Guests, embassy: true}]
reps:
  - {username: uma, password: correct horse, name: Uma Inside, public_name: Uma, teams: {rims: member}}
  - {username: wes, password: correct horse, name: Wes Outside, public_name: Wes, teams: {guests: member}}
  - {username: xia, password: correct horse, name: Xia Both, public_name: Xia, teams: {guests: member, rims: member}}
  - {username: yan, password: correct horse, name: Yan All, public_name: Yan, teams: {rims: member}, permissions: [share_outside_teams]}`)
		uma, wes, yan := d.LogIn("uma"), d.LogIn("wes"), d.LogIn("yan")
		readers := map[string]desk.Caller{"uma": uma, "wes": wes, "yan": yan}
		subs, at := map[string]*store.Subscription{}, map[string]*int64{}
		for name, c := range readers {
			subs[name] = must(d.Subscribe(t.Context(), c, desk.EventRepPresence))
			t.Cleanup(subs[name].Close)
			from := must(d.LastEvent(t.Context()))
			at[name] = &from
		}
		plain := watch(t, d, yan)
		tells := func(what string, want map[string][]string) {
			t.Helper()
			for name := range readers {
				if got := presences(t, d, subs[name], at[name]); !slices.Equal(got, want[name]) {
					t.Errorf("%s: %s is told %q, want %q", what, name, got, want[name])
				}
			}
		}
		xia := d.LogIn("xia")
		tells("who is in both logs in", map[string][]string{"uma": {"Xia Both available"}, "wes": {"Xia Both available"}, "yan": {"Xia Both available"}})
		ok(t, try(d.UpdateMe(t.Context(), xia, store.MeChange{Busy: &yes}, nil)))
		tells("and is busy", map[string][]string{"uma": {"Xia Both busy"}, "wes": {"Xia Both busy"}, "yan": {"Xia Both busy"}})
		cho := d.LogIn("cho")
		tells("who is in neither logs in", map[string][]string{"yan": {"Cho Min available"}})
		d.LogIn("cho")
		tells("on a second console", nil)
		ok(t, d.LogOutOthers(t.Context(), cho))
		logOut(t, d, cho)
		tells("and out", map[string][]string{"yan": {"Cho Min offline"}})
		clock.Advance(desk.ConnectedFor + desk.PresenceGrace)
		for _, c := range readers {
			d.Touch(c)
		}
		ok(t, d.FlushContacts(t.Context()))
		lookAfter(t, d)
		tells("silence", map[string][]string{"uma": {"Xia Both offline"}, "wes": {"Xia Both offline"}, "yan": {"Xia Both offline"}})
		if got := plain.told("rep."); len(got) > 0 {
			t.Errorf("who did not ask is told %q", got)
		}
	})
}
