package store_test

import (
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// outsiders are people whose public names say nothing of their private ones.
const outsiders = `reps:
  - {username: ana, name: Ana Ruiz, public_name: Anita, teams: {printers: lead}, permissions: [share_outside_teams, transfer_outside_teams]}
  - {username: ben, name: Ben Okafor, public_name: Benny, email: ben@example.com, teams: {printers: member}}
  - {username: dev, name: Dev Patel, public_name: Devi, teams: {network: member}}
`

// embassyScene is a session of ana's, with ben and fay, who is of an embassy, in it, and all that can show names.
type embassyScene struct {
	*storetest.Desk
	t                  *testing.T
	ana, ben, dev, fay desk.Caller
	gus                desk.Caller
	session            desk.Session
	faysInvitation     desk.Invitation
	secrets            []string // what fay may never be shown
	log                *watcher // fay's
}

func newEmbassyScene(t *testing.T, d *storetest.Desk) embassyScene {
	t.Helper()
	importYAML(t, d, outsiders)
	s := embassyScene{Desk: d, t: t, ana: d.LogIn("ana"), dev: d.LogIn("dev"), fay: d.LogInWithPush("fay", "fay-1"), gus: d.LogIn("gus")}
	phone := device("phone", "ben-1")
	name := "Okafor's phone"
	phone.Name = &name
	s.ben = d.LogInOn("ben", phone)
	s.secrets = []string{"Ruiz", "Okafor", "Patel", "Printers", "Network"}
	for _, c := range []desk.Caller{s.ana, s.dev} {
		s.secrets = append(s.secrets, must(d.Me(t.Context(), c)).Teams[0].Team.ID)
	}
	s.log = watch(t, d, s.fay)
	s.session = d.OpenSession(s.ana, "@open")
	accept(t, d, s.ben, inviteTeam(t, d, s.ana, s.session, "printers"))
	must(d.DeclineInvitation(t.Context(), s.dev, inviteRep(t, d, s.ana, s.session, "dev").ID))
	say(t, d, s.ben, s.session, "hello")
	ok(t, try(d.AddNote(t.Context(), s.ben, s.session.ID, "a note")))
	s.faysInvitation = inviteRep(t, d, s.ana, s.session, "fay")
	return s
}

// sees checks that what fay is shown holds the words that it should, and no secret.
func (s embassyScene) sees(what string, shown any, words ...string) {
	s.t.Helper()
	shows(s.t, what, shown, append(append([]string{}, words...), s.secrets...), words...)
}

func (s embassyScene) transferTo(in store.NewTransfer) { transfer(s.t, s.Desk, s.ana, s.session, in) }

func TestA7AnEmbassyRepSeesOutsidersByPublicNames(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		s := newEmbassyScene(t, d)
		ctx := t.Context()
		s.sees("my invitations", must(d.MyInvitations(ctx, s.fay, "", 50)), "Anita")
		s.sees("an invitation", must(d.Invitation(ctx, s.fay, s.faysInvitation.ID)), "Anita")
		s.sees("the summary", must(d.Session(ctx, s.fay, s.session.ID)), "Anita")
		s.sees("the push", claim(t, d, desk.ChannelFCM), "Anita")
		s.sees("the answer to accepting", must(d.AcceptInvitation(ctx, s.fay, s.faysInvitation.ID)), "Anita", "Benny")
		s.transferTo(store.NewTransfer{TeamID: "@network"})
		s.sees("a session with a transfer to a team", must(d.Session(ctx, s.fay, s.session.ID)), "Anita", "Benny")
		must(d.CancelTransfer(ctx, s.ana, s.session.ID))
		s.transferTo(store.NewTransfer{RepID: "@dev"})
		s.sees("a session with a transfer to a rep", must(d.Session(ctx, s.fay, s.session.ID)), "Anita", "Benny", "Devi")
		s.sees("sessions", must(d.Sessions(ctx, s.fay, store.SessionFilter{}, "", 50)), "Anita", "Devi")
		s.sees("attendees", must(d.Attendees(ctx, s.fay, s.session.ID)), "Anita", "Benny")
		s.sees("messages", must(d.Messages(ctx, s.fay, s.session.ID, store.MessageQuery{Limit: 50})), "Anita", "Benny")
		s.sees("notes", must(d.Notes(ctx, s.fay, s.session.ID, "", 50)), "Benny")
		s.sees("portals", must(d.Portals(ctx, s.fay, "", 50)))
		say(t, d, s.ana, s.session, "hello, fay")
		s.sees("events", s.log.events(), "Anita", "Devi", "hello, fay")
	})
}

func TestA7AnEmbassyRepWhoOwnsTheSession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		s := newEmbassyScene(t, d)
		ctx := t.Context()
		old := inviteTeam(t, d, s.ana, s.session, "acme")
		s.transferTo(store.NewTransfer{RepID: "@fay"})
		s.sees("the answer to taking it", take(t, d, s.fay, s.session), "Benny")
		all := must(d.SessionInvitations(ctx, s.fay, s.session.ID, "", 50))
		if len(all) != 4 {
			t.Fatalf("%d invitations", len(all))
		}
		s.sees("the session's invitations", all, "Anita", "Benny", "Devi", "declined_by")
		s.sees("one of them", must(d.Invitation(ctx, s.fay, all[2].ID)), "Anita", "Devi")
		s.sees("deliveries", must(d.Deliveries(ctx, s.fay, all[3].ID, "", 50)), "Benny")
		_, err := d.AcceptInvitation(ctx, s.fay, old.ID)
		s.sees("a conflict", refused(t, err, desk.InvitationNotActive))
		say(t, d, s.ana, d.OpenSession(s.ana, ""), "elsewhere")
		must(d.EndSession(ctx, s.fay, s.session.ID, ""))
		s.sees("the ended session", must(d.Session(ctx, s.fay, s.session.ID)))
		s.sees("events", s.log.events(), "Anita")
	})
}

// A refusal that names somebody names an outsider publicly, and a colleague as colleagues do.
func TestA7ConflictsName(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		s := newEmbassyScene(t, d)
		ctx := t.Context()
		must(d.CancelInvitation(ctx, s.ana, s.faysInvitation.ID))
		_, err := d.AcceptInvitation(ctx, s.fay, s.faysInvitation.ID)
		s.sees("what an outsider cancelled", refused(t, err, desk.InvitationNotActive), "Anita")
		team := inviteTeam(t, d, s.ana, s.session, "acme")
		accept(t, d, s.gus, team)
		_, err = d.AcceptInvitation(ctx, s.fay, team.ID)
		s.sees("what a colleague accepted", refused(t, err, desk.InvitationNotActive), "Gus Adler")
		accept(t, d, s.fay, inviteRep(t, d, s.ana, s.session, "fay"))
		_, err = d.TakeOverSession(ctx, s.fay, s.session.ID)
		s.sees("a take-over", refused(t, err, desk.TakeOverNotAllowed), "Anita")
		s.transferTo(store.NewTransfer{RepID: "@dev"})
		_, err = d.DeclineTransfer(ctx, s.fay, s.session.ID)
		s.sees("another's transfer", refused(t, err, desk.NotFound))
	})
}

// What is outside is refused exactly like what does not exist, whatever the portal allows and the permissions say.
func TestA7OutsideIsNotThere(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, "reps: [{username: fay, name: Fay Winter, teams: {acme: member}, permissions: [share_outside_teams, transfer_outside_teams]}]")
		ctx := t.Context()
		ben, fay := logInUnder(t, d, "ben", "@open", ""), logInUnder(t, d, "fay", "@open", "")
		d.LogIn("gus")
		start := func(in store.NewSession) error {
			in.Kind, in.Customer = "support", desk.Customer{Name: "Jo"}
			return try(d.StartSession(ctx, fay, in))
		}
		same := func(what string, do func(ref string) error, outside, absent string) {
			t.Helper()
			var hidden, missing error
			data.refuses(what, desk.NotFound, func() error { hidden = do(outside); return hidden })
			if missing = do(absent); hidden == nil || missing == nil || hidden.Error() != missing.Error() {
				t.Errorf("%s: %q of what is outside, %q of what is not there", what, hidden, missing)
			}
		}
		same("start for a rep", func(ref string) error { return start(store.NewSession{RepID: ref}) }, "@ben", "@none")
		same("start for a rep's id", func(ref string) error { return start(store.NewSession{RepID: ref}) }, ben.RepID, "rep_none")
		same("start for a team", func(ref string) error { return start(store.NewSession{TeamID: ref}) }, "@printers", "@none")
		same("start for an issue", func(ref string) error { return start(store.NewSession{IssueID: ref}) }, "@vpn", "@none")
		for _, portal := range []string{"@main", "@quiet", "@open", "@looking"} { // sharing: teams, off, all; a low ceiling
			session := d.OpenSession(fay, portal)
			invite := func(in store.NewInvitation) error { return try(d.Invite(ctx, fay, session.ID, in)) }
			transfer := func(in store.NewTransfer) error { return try(d.TransferSession(ctx, fay, session.ID, in)) }
			same(portal+" invite a rep", func(ref string) error { return invite(store.NewInvitation{RepID: ref, Access: desk.Control}) }, "@ben", "@none")
			same(portal+" invite a rep's id", func(ref string) error { return invite(store.NewInvitation{RepID: ref}) }, ben.RepID, "rep_none")
			same(portal+" invite a rep who is away", func(ref string) error { return invite(store.NewInvitation{RepID: ref}) }, "@cho", "@none")
			same(portal+" invite a team", func(ref string) error { return invite(store.NewInvitation{TeamID: ref}) }, "@printers", "@none")
			same(portal+" invite a portal", func(ref string) error { return invite(store.NewInvitation{PortalID: ref}) }, "@open", "@none")
			same(portal+" an issue that is not open", func(ref string) error { return invite(store.NewInvitation{IssueID: ref}) }, "@internal", "@none")
			same(portal+" transfer to a rep", func(ref string) error { return transfer(store.NewTransfer{RepID: ref}) }, "@ben", "@none")
			same(portal+" transfer to a rep who is away", func(ref string) error { return transfer(store.NewTransfer{RepID: ref}) }, "@cho", "@none")
			same(portal+" transfer to a team", func(ref string) error { return transfer(store.NewTransfer{TeamID: ref}) }, "@night", "@none")
			same(portal+" hand over", func(ref string) error { return try(d.LeaveSession(ctx, fay, session.ID, ref)) }, "@ben", "@none")
		}
		session := d.OpenSession(fay, "@main")
		inviteRep(t, d, fay, session, "gus")
		transfer(t, d, fay, session, store.NewTransfer{TeamID: "@acme"})
	})
}

func TestA7SeeOutsideEmbassyLiftsIt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "reps: [{username: fay, name: Fay Winter, teams: {acme: member}, permissions: [share_outside_teams, transfer_outside_teams, see_outside_embassy]}]")
		ana, ben, fay := d.LogIn("ana"), d.LogIn("ben"), logInUnder(t, d, "fay", "@open", "")
		session := d.OpenSession(fay, "@open")
		inv := inviteRep(t, d, fay, session, "ben")
		if inv.Rep.Name != "Ben Okafor" || fay.Embassy {
			t.Errorf("invited %+v by %+v", inv.Rep, fay)
		}
		accept(t, d, ben, inv)
		transfer(t, d, fay, session, store.NewTransfer{TeamID: "@printers"})
		anas := d.OpenSession(ana, "@open")
		offer := invite(t, d, ana, anas, store.NewInvitation{PortalID: "@open"})
		same(t, "portal invitations reach them", open(t, d, fay), offer.ID)
	})
}

// A lead of an embassy is an embassy rep too: what their members own is not theirs to see (A7 before A8 and C8).
func TestA7ALeadOfAnEmbassy(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		importYAML(t, d, "reps: [{username: fay, name: Fay Winter, teams: {acme: lead}}]")
		ana, fay, gus := d.LogIn("ana"), d.LogIn("fay"), d.LogIn("gus")
		session := d.OpenSession(gus, "@main")
		if got := sight(t, d, fay, session.ID); got != "none" {
			t.Errorf("the lead sees %s", got)
		}
		data.refuses("join", desk.NotFound, func() error { return try(d.JoinSession(t.Context(), fay, session.ID, true)) })
		data.refuses("take over", desk.NotFound, func() error { return try(d.TakeOverSession(t.Context(), fay, session.ID)) })
		inv := inviteRep(t, d, gus, session, "fay")
		accept(t, d, fay, inv)
		if got := sight(t, d, fay, session.ID); got != "full" {
			t.Errorf("who is in it sees %s", got)
		}
		must(d.TakeOverSession(t.Context(), fay, session.ID)) // party to it, and over its owner
		must(d.LeaveSession(t.Context(), fay, session.ID, gus.RepID))
		if got := sight(t, d, fay, session.ID); got != "none" {
			t.Errorf("who has left sees %s", got)
		}
		data.refuses("the chat of a session left", desk.NotFound, func() error {
			return try(d.Messages(t.Context(), fay, session.ID, store.MessageQuery{Limit: 9}))
		})
		if got := sight(t, d, ana, session.ID); got != "none" {
			t.Errorf("another team's lead sees %s", got)
		}
	})
}

func TestA7PortalInvitationsPassEmbassyRepsBy(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, dev := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1")
		fay := logInUnder(t, d, "fay", "@open", "fay-1")
		log := watch(t, d, fay)
		session := d.OpenSession(ana, "@open")
		inv := invite(t, d, ana, session, store.NewInvitation{PortalID: "@open"})
		same(t, "pushes", send(t, d, desk.ChannelFCM), "invitation dev-1")
		same(t, "events", log.told())
		same(t, "the list", open(t, d, fay))
		for what, do := range map[string]func() error{
			"see it":      func() error { return try(d.Invitation(t.Context(), fay, inv.ID)) },
			"accept it":   func() error { return try(d.AcceptInvitation(t.Context(), fay, inv.ID)) },
			"decline it":  func() error { return try(d.DeclineInvitation(t.Context(), fay, inv.ID)) },
			"the session": func() error { return try(d.Session(t.Context(), fay, session.ID)) },
		} {
			data.refuses(what, desk.NotFound, do)
		}
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		logOut(t, d, dev)
		data.refuses("only an embassy rep is there", desk.PortalNotAvailable, func() error {
			return try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{PortalID: "@open"}))
		})
	})
}

// Whoever becomes an embassy rep loses what came by a portal, whichever way they become one.
func TestA7BecomingAnEmbassyRep(t *testing.T) {
	for way, yaml := range map[string]string{
		"another team":           "reps: [{username: dev, name: Dev Patel, teams: {acme: member}}]",
		"the team becomes one":   "teams: [{slug: network, name: Network, embassy: true}]",
		"the permission is gone": "reps: [{username: dev, name: Dev Patel, teams: {acme: member}, permissions: []}]",
	} {
		t.Run(way, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				if way == "the permission is gone" {
					importYAML(t, d, "reps: [{username: dev, name: Dev Patel, teams: {acme: member}, permissions: [see_outside_embassy]}]")
				}
				ana, dev := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1")
				session := d.OpenSession(ana, "@open")
				inv := invite(t, d, ana, session, store.NewInvitation{PortalID: "@open"})
				same(t, "told", send(t, d, desk.ChannelFCM), "invitation dev-1")
				owner, log := watch(t, d, ana), watch(t, d, dev)
				importYAML(t, d, yaml)
				same(t, "dev", log.told("invitation."), "invitation.ended target_gone")
				same(t, "the device", send(t, d, desk.ChannelFCM), "withdrawal dev-1")
				same(t, "the owner", owner.told("invitation."), "invitation.changed nobody_left")
				same(t, "the list", open(t, d, dev))
				refusal(t, "accepting", try(d.AcceptInvitation(t.Context(), dev, inv.ID)), desk.NotFound)
				must(d.CancelInvitation(t.Context(), ana, inv.ID))
				same(t, "what becomes of it", log.told("invitation."))
			})
		})
	}
}

// The email of an invitation, and the page that its link leads to, name outsiders publicly too.
func TestA7ByEmail(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, outsiders)
		extended(t, d, "gus")
		ana := d.LogIn("ana")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "gus")
		jobs := claim(t, d, desk.ChannelEmail)
		words := []string{"Ruiz", "Anita", "Printers"}
		shows(t, "the email", jobs, words, "Anita")
		shows(t, "the page", must(d.InvitationLink(t.Context(), jobs[0].LinkToken)), words, "Anita")
		shows(t, "the answer", must(d.AnswerInvitationLink(t.Context(), jobs[0].LinkToken, store.LinkAccept)), words, "Anita")
	})
}
