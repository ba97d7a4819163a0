package store_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestC14NotesStayAndGuestsNeverSeeThem(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		all := everybody(d)
		ana, ben, cho := all["ana"], all["ben"], all["cho"]
		session, guest := d.OpenSessionWithGuest(ben, "@main")
		join(t, d, ben, session, cho, store.NewInvitation{Masked: true})
		inviteRep(t, d, ben, session, "ana")
		customer := watchGuest(t, d, guest)
		add := func(c desk.Caller, text string) error { return try(d.AddNote(t.Context(), c, session.ID, text)) }
		read := func(c desk.Caller) (texts []string) {
			for _, n := range must(d.Notes(t.Context(), c, session.ID, "", 50)) {
				texts = append(texts, n.Author.Name+": "+n.Text)
			}
			return texts
		}
		first := must(d.AddNote(t.Context(), ben, session.ID, "tray 2\nagain"))
		if first.Author.ID != ben.RepID || first.SessionID != session.ID || !first.CreatedAt.Equal(clock.Now()) {
			t.Errorf("note %+v", first)
		}
		ok(t, add(cho, "a masked rep's"))
		notes := []string{"Ben Okafor: tray 2\nagain", "Cho Min: a masked rep's"}
		same(t, "those inside", read(ben), notes...)
		same(t, "the lead, who may look inside", read(ana), notes...)
		same(t, "in pages", []string{must(d.Notes(t.Context(), ben, session.ID, first.ID, 1))[0].Text}, "a masked rep's")
		for what, text := range map[string]string{"blank": " \n ", "too long": strings.Repeat("x", desk.MaxMessage+1), "with NUL": "a\x00"} {
			data.refuses(what, desk.ValidationFailed, func() error { return add(ben, text) })
		}
		data.refuses("the lead, who is not in it", desk.NotAllowed, func() error { return add(ana, "?") })
		data.refuses("an outsider", desk.NotFound, func() error { return add(all["dev"], "?") })
		data.refuses("an outsider reads", desk.NotFound, func() error { return try(d.Notes(t.Context(), all["fay"], session.ID, "", 9)) })
		ended := must(d.EndSession(t.Context(), ben, session.ID, "a new tray"))
		if ended.Summary != "a new tray" {
			t.Errorf("ended %+v", ended)
		}
		same(t, "after the end", read(cho), notes...)
		data.refuses("adding after the end", desk.SessionNotActive, func() error { return add(ben, "?") })
		shows(t, "the customer", []any{customer.events(), must(d.GuestSession(t.Context(), guest)), must(d.GuestMessages(t.Context(), guest, store.MessageQuery{Limit: 50}))}, []string{"tray 2", "Cho", "a new tray"})
	})
}

func TestC14WhoIsOnlyInvitedReadsNoNotes(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		inviteRep(t, d, ana, session, "ben")
		data.refuses("reading", desk.NotAllowed, func() error { return try(d.Notes(t.Context(), ben, session.ID, "", 9)) })
		data.refuses("adding", desk.NotAllowed, func() error { return try(d.AddNote(t.Context(), ben, session.ID, "?")) })
	})
}
