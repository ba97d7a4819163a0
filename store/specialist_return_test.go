package store_test

import (
	"slices"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// TestF10WhoseTokensTheyAre: a browser's tokens tell who of it joined before and can go on, and asking changes nothing.
func TestF10WhoseTokensTheyAre(t *testing.T) {
	eachWithSpecialists(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		session, other := d.OpenSession(ana, "@expert"), d.OpenSession(ana, "@expert")
		offer := code(t, d, ana, session, desk.SpecialistTerms{Joins: 1})
		mia, seat := joins(t, d, offer, "Mia")
		elsewhere, _ := joins(t, d, code(t, d, ana, other, desk.SpecialistTerms{}), "Max")
		byCode, byLink := store.SpecialistKey{Code: offer.Code}, store.SpecialistKey{Link: linkOf(offer)}
		check := func(what string, key store.SpecialistKey, want store.SpecialistReturn, tokens ...string) {
			t.Helper()
			before := data.all()
			if got := must(d.ReturningSpecialist(t.Context(), key, tokens)); got != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
			if !slices.Equal(before, data.all()) {
				t.Errorf("%s: asking changed something", what)
			}
		}
		itIsMia, nobody := store.SpecialistReturn{Name: "Mia", Token: mia.Token}, store.SpecialistReturn{}
		inside := store.SpecialistReturn{Name: "Mia", Token: mia.Token, Inside: session.ID}
		check("in, by the code", byCode, inside, "nonsense", elsewhere.Token, mia.Token)
		check("in, by the link", byLink, inside, mia.Token)
		check("in, by another way", store.SpecialistKey{Code: code(t, d, ana, session, desk.SpecialistTerms{}).Code}, inside, mia.Token)
		check("another session's", byLink, nobody, elsewhere.Token, "rdg_", "")
		check("no token", byCode, nobody)
		ok(t, try(d.LeaveAsGuest(t.Context(), seat)))
		check("left, and may come back", byCode, itIsMia, mia.Token)
		data.refuses("a wrong code", desk.CodeNotValid, func() error {
			return try(d.ReturningSpecialist(t.Context(), store.SpecialistKey{Code: "000000000"}, []string{mia.Token}))
		})
		data.refuses("both", desk.OneTargetNeeded, func() error {
			return try(d.ReturningSpecialist(t.Context(), store.SpecialistKey{Code: offer.Code, Link: linkOf(offer)}, []string{mia.Token}))
		})
		ok(t, try(d.CancelSpecialistInvitation(t.Context(), ana, offer.ID, false)))
		check("left, and cancelled", byLink, nobody, mia.Token)
	})
}
