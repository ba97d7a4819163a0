package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// A4 and A6: who shares only a team that is out of use is no colleague: not in the menu, nor found, invited or told of.
func TestA4ADisabledTeamMakesNoColleagues(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, `teams: [{slug: both, name: Both}]
reps:
  - {username: ben, name: Ben Okafor, teams: {printers: member, both: member}}
  - {username: dev, name: Dev Patel, teams: {network: member, both: member}}`)
		ben, dev := d.LogIn("ben"), d.LogIn("dev")
		session := d.OpenSession(ben, "@main")
		find := func() []string {
			return repNames(menu(t, d, ben, session, store.ShareQuery{Text: "dev", Limit: 9}).Reps)
		}
		same(t, "found while the team is in use", find(), "Dev Patel")
		sub, at := must(d.Subscribe(t.Context(), ben, desk.EventRepPresence)), must(d.LastEvent(t.Context()))
		t.Cleanup(sub.Close)
		busy := true
		must(d.UpdateMe(t.Context(), dev, store.MeChange{Busy: &busy}, nil))
		same(t, "told of", presences(t, d, sub, &at), "Dev Patel busy")
		importYAML(t, d, "teams: [{slug: both, name: Both, disabled: true}]")
		same(t, "found", find())
		data.refuses("inviting", desk.NotReachable, func() error { return try(d.Invite(t.Context(), ben, session.ID, store.NewInvitation{RepID: "@dev"})) })
		data.refuses("transferring", desk.NotReachable, func() error {
			return try(d.TransferSession(t.Context(), ben, session.ID, store.NewTransfer{RepID: "@dev"}))
		})
		busy = false
		must(d.UpdateMe(t.Context(), dev, store.MeChange{Busy: &busy}, nil))
		same(t, "told of then", presences(t, d, sub, &at))
	})
}

// A7: the same for an embassy rep, to whom who is no colleague is not there, and has a public name alone.
func TestA7ADisabledEmbassyMakesNoColleagues(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, `teams: [{slug: both, name: Both, embassy: true}, {slug: second, name: Second, embassy: true}]
reps:
  - {username: fay, name: Fay Winter, teams: {acme: member, both: member}}
  - {username: gus, name: Gus Adler, public_name: Gussi, teams: {second: member, both: member}}`)
		fay, gus := d.LogIn("fay"), d.LogIn("gus")
		session := d.OpenSession(fay, "@main")
		accept(t, d, gus, inviteRep(t, d, fay, session, "gus"))
		words := []string{"Adler", "Gussi", "Both"}
		shows(t, "the session", must(d.Session(t.Context(), fay, session.ID)), words, "Adler")
		importYAML(t, d, "teams: [{slug: both, name: Both, embassy: true, disabled: true}]")
		shows(t, "the session then", must(d.Session(t.Context(), fay, session.ID)), words, "Gussi")
		shows(t, "the menu", menu(t, d, fay, session, store.ShareQuery{}), words)
		other := d.OpenSession(fay, "@main")
		data.refuses("inviting", desk.NotFound, func() error { return try(d.Invite(t.Context(), fay, other.ID, store.NewInvitation{RepID: "@gus"})) })
		data.refuses("starting a session for them", desk.NotFound, func() error {
			return try(d.StartSession(t.Context(), fay, store.NewSession{RepID: "@gus", Kind: "support", Customer: desk.Customer{Name: "Jo"}}))
		})
	})
}

// A8 and C8: who leads a team that is out of use looks into no session of its members, and steps into none.
func TestA8NobodyLeadsADisabledTeam(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, `teams: [{slug: led, name: Led}]
reps:
  - {username: ben, name: Ben Okafor, teams: {printers: member, led: member}}
  - {username: eli, name: Eli Stone, teams: {network: manager, led: lead}}`)
		ben, eli := d.LogIn("ben"), d.LogIn("eli")
		session := d.OpenSession(ben, "@main")
		same(t, "while the team is in use", []string{sight(t, d, eli, session.ID)}, "full")
		importYAML(t, d, "teams: [{slug: led, name: Led, disabled: true}]")
		same(t, "then", []string{sight(t, d, eli, session.ID)}, "none")
		data.refuses("joining", desk.NotFound, func() error { return try(d.JoinSession(t.Context(), eli, session.ID, false)) })
		importYAML(t, d, "reps: [{username: eli, name: Eli Stone, teams: {network: manager, led: lead, night: lead}}, {username: ben, name: Ben Okafor, teams: {printers: member, led: member, night: member}}]\nteams: [{slug: night, name: Night shift, supervision: false}]")
		same(t, "by another team that lets nobody step in", []string{sight(t, d, eli, session.ID)}, "full")
		data.refuses("joining by the disabled one", desk.NotAllowed, func() error { return try(d.JoinSession(t.Context(), eli, session.ID, false)) })
		data.refuses("taking over", desk.TakeOverNotAllowed, func() error { return try(d.TakeOverSession(t.Context(), eli, session.ID)) })
	})
}

// A7: an embassy rep stays one when the embassy goes out of use, until they come into an ordinary team that is in use; who is
// taken out of the last team stays what they were. However it is done.
func TestA7WhoIsAnEmbassyRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		hal := d.LogIn("hal")
		teams := func(rep, teams string) func() {
			return func() { importYAML(t, d, "reps: [{username: "+rep+", name: "+rep+", teams: {"+teams+"}}]") }
		}
		use := func(team string, disabled bool) func() {
			return func() { must(d.UpdateTeam(t.Context(), hal, "@"+team, store.TeamChange{Disabled: &disabled}, nil)) }
		}
		for _, c := range []struct {
			what, rep string
			do        func()
			is        bool
		}{
			{"a file puts the embassy out of use", "fay", func() { importYAML(t, d, "teams: [{slug: acme, name: Acme, embassy: true, disabled: true}]") }, true},
			{"into an ordinary team too", "fay", teams("fay", "acme: member, printers: member"), false},
			{"that goes out of use", "fay", use("printers", true), true},
			{"and into use again", "fay", use("printers", false), false},
			{"out of the ordinary one", "fay", func() { ok(t, d.RemoveTeamMember(t.Context(), hal, "@printers", "@fay")) }, true},
			{"out of the last", "fay", teams("fay", ""), true},
			{"into an ordinary one", "fay", func() { must(d.SetTeamMember(t.Context(), hal, "@network", "@fay", desk.TeamMember)) }, false},
			{"out of that", "fay", teams("fay", ""), false},
			{"the embassy in use again", "gus", use("acme", false), true},
			{"the embassy becomes an ordinary team", "gus", func() { importYAML(t, d, "teams: [{slug: acme, name: Acme, embassy: false}]") }, false},
			{"which goes out of use", "gus", use("acme", true), false},
			{"an ordinary team that goes out of use", "ben", use("printers", true), false},
		} {
			c.do()
			if got := d.LogIn(c.rep).Embassy; got != c.is {
				t.Errorf("%s: %s is an embassy rep: %v", c.what, c.rep, got)
			}
		}
	})
}

// A7: a desk of before, which had made ordinary reps of those whose embassy went out of use, settles it when it starts anew.
func TestA7EmbassyRepsOfADeskOfBefore(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock := storetest.NewClock()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock))
		importYAML(t, d, `teams: [{slug: acme, name: Acme, embassy: true, disabled: true}]
reps: [{username: gus, name: Gus Adler, teams: {acme: member}, permissions: [see_outside_embassy]}, {username: ivy, name: Ivy Fox, password: correct horse, teams: {acme: member, network: member}}]`)
		db := storetest.OpenRows(t, database)
		ok(t, try(migrations(t, db).DownTo(t.Context(), 6)))
		if before := d.LogIn("fay"); before.Embassy {
			t.Fatal("the program before has her as an embassy rep already")
		}
		ok(t, try(db.Exec(`UPDATE reps SET embassy = 1 WHERE username = 'hal'`))) // as one who was taken out of the last embassy
		d.Store = storetest.Open(t, database, clock)
		for rep, is := range map[string]bool{"fay": true, "gus": false, "ivy": false, "ben": false, "hal": true} {
			if got := d.LogIn(rep).Embassy; got != is {
				t.Errorf("%s is an embassy rep: %v", rep, got)
			}
		}
	})
}
