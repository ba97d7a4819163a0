package store_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

var toOpen = store.NewInvitation{PortalID: "@open"}

// moveTo logs a console in under another portal, or under none.
func moveTo(t *testing.T, d *storetest.Desk, c desk.Caller, portal string) {
	t.Helper()
	ok(t, try(d.UpdateConsole(t.Context(), c, "current", store.ConsoleChange{PortalID: &portal}, nil)))
}

func TestB5EverybodyUnderThePortalIsAlertedAndTheFirstWins(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "dev")
		dev, eli, ben, cho := logInUnder(t, d, "dev", "@open", "dev-1"), logInUnder(t, d, "eli", "@open", "eli-1"), logInUnder(t, d, "ben", "@main", "ben-1"), d.LogInWithPush("cho", "cho-1")
		d.LogInWithPush("dev", "dev-2") // another device of one who is there
		ana := logInUnder(t, d, "ana", "@open", "ana-1")
		devs, elis, bens, chos := watch(t, d, dev), watch(t, d, eli), watch(t, d, ben), watch(t, d, cho)
		session := d.OpenSession(ana, "@open")
		inv := invite(t, d, ana, session, toOpen)
		if inv.Kind != desk.InvitePortal || inv.Portal == nil || inv.Portal.Name != "Open" || inv.Rep != nil || inv.Team != nil || inv.SubPortals {
			t.Errorf("invitation %+v", inv)
		}
		same(t, "alerted", send(t, d, desk.ChannelFCM), "invitation dev-1", "invitation dev-2", "invitation eli-1")
		same(t, "G3 no email", send(t, d, desk.ChannelEmail))
		for who, w := range map[string]*watcher{"dev": devs, "eli": elis} {
			same(t, who, w.told(), "invitation.created")
		}
		same(t, "dev's queue", open(t, d, dev), inv.ID)
		if got := sight(t, d, dev, session.ID); got != "summary" {
			t.Errorf("the alerted see %s", got)
		}
		accept(t, d, eli, inv)
		same(t, "it goes everywhere", send(t, d, desk.ChannelFCM), "withdrawal dev-1", "withdrawal dev-2", "withdrawal eli-1")
		same(t, "dev", devs.told("invitation."), "invitation.ended accepted")
		same(t, "dev's queue", open(t, d, dev))
		_, err := d.AcceptInvitation(t.Context(), dev, inv.ID)
		if p := refused(t, err, desk.InvitationNotActive); p.Conflict.By == nil || p.Conflict.By.ID != eli.RepID {
			t.Errorf("dev is told %+v", p.Conflict)
		}
		accept(t, d, eli, inv) // B15
		for who, w := range map[string]*watcher{"under another portal": bens, "under none": chos} {
			same(t, who, w.told())
		}
	})
}

func TestB5SubPortalsOnlyIfAsked(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: deep, name: Deep, parent: open}]")
		ana := d.LogIn("ana")
		ben, dev, eli := logInUnder(t, d, "ben", "@main", "ben-1"), logInUnder(t, d, "dev", "@deep", "dev-1"), logInUnder(t, d, "eli", "@quiet", "eli-1")
		bens, devs, elis := watch(t, d, ben), watch(t, d, dev), watch(t, d, eli)
		session := d.OpenSession(ana, "@open")
		alone := invite(t, d, ana, session, store.NewInvitation{PortalID: "@main"})
		same(t, "the portal alone", send(t, d, desk.ChannelFCM), "invitation ben-1")
		same(t, "below it", open(t, d, dev))
		below := invite(t, d, ana, session, store.NewInvitation{PortalID: "@open", SubPortals: true})
		same(t, "with those below, to any depth", send(t, d, desk.ChannelFCM), "invitation dev-1")
		same(t, "dev", open(t, d, dev), below.ID)
		all := invite(t, d, ana, session, store.NewInvitation{PortalID: "@main", SubPortals: true})
		same(t, "all", send(t, d, desk.ChannelFCM), "invitation ben-1", "invitation dev-1", "invitation eli-1")
		same(t, "ben", open(t, d, ben), all.ID, alone.ID)
		same(t, "dev", open(t, d, dev), all.ID, below.ID)
		same(t, "eli", open(t, d, eli), all.ID)
		accept(t, d, eli, all)
		same(t, "ben", bens.told("invitation."), "invitation.created", "invitation.created", "invitation.ended accepted")
		same(t, "dev", devs.told("invitation."), "invitation.created", "invitation.created", "invitation.ended accepted")
		same(t, "eli", elis.told("invitation."), "invitation.created", "invitation.ended accepted")
		refusal(t, "sub-portals of a team", try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{TeamID: "@printers", SubPortals: true})), desk.ValidationFailed)
	})
}

func TestB5WhoLogsInLaterFindsItWithoutAnAlert(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, _ := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "")
		session := d.OpenSession(ana, "@open")
		inv := invite(t, d, ana, session, toOpen)
		elsewhere := d.LogInWithPush("eli", "eli-1")
		log := watch(t, d, elsewhere)
		eli := logInUnder(t, d, "eli", "@open", "eli-2")
		ben := d.LogInWithPush("ben", "ben-1")
		moved := watch(t, d, ben)
		moveTo(t, d, ben, "@open")
		same(t, "no alert on any device", send(t, d, desk.ChannelFCM))
		same(t, "nor on the streams", log.told("invitation."))
		same(t, "nor on that of who moved there", moved.told("invitation."))
		same(t, "eli finds it", open(t, d, eli), inv.ID)
		same(t, "ben finds it", open(t, d, ben), inv.ID)
		accept(t, d, ben, inv)
		same(t, "who came later is told of the end", log.told("invitation."), "invitation.ended accepted")
		same(t, "nothing was shown, so nothing is withdrawn", send(t, d, desk.ChannelFCM))
	})
}

func TestB5WhoLeavesThePortalLosesIt(t *testing.T) {
	for way, leave := range map[string]func(t *testing.T, d *storetest.Desk, c desk.Caller){
		"another portal": func(t *testing.T, d *storetest.Desk, c desk.Caller) { moveTo(t, d, c, "@main") },
		"no portal":      func(t *testing.T, d *storetest.Desk, c desk.Caller) { moveTo(t, d, c, "") },
		"log-out":        func(t *testing.T, d *storetest.Desk, c desk.Caller) { logOut(t, d, c) },
		"another log-in": func(t *testing.T, d *storetest.Desk, c desk.Caller) { d.LogInWithPush("dev", "dev-1") },
	} {
		t.Run(way, func(t *testing.T) {
			eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
				ana, dev := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1")
				second := d.LogIn("dev")
				session := d.OpenSession(ana, "@open")
				inv := invite(t, d, ana, session, toOpen)
				told := deliver(t, d, desk.ChannelFCM)
				owner, log := watch(t, d, ana), watch(t, d, second)
				leave(t, d, dev)
				same(t, "told", log.told("invitation."), "invitation.ended target_gone")
				same(t, "the owner", owner.told("invitation."), "invitation.changed nobody_left")
				jobs := claim(t, d, desk.ChannelFCM)
				same(t, "taken off the device", targets(jobs), "withdrawal dev-1")
				if jobs[0].KeyRev <= told[0].KeyRev {
					t.Errorf("withdrawn at revision %d, told at %d", jobs[0].KeyRev, told[0].KeyRev)
				}
				same(t, "the queue", open(t, d, second))
				data.refuses("accepting", desk.NotFound, func() error { return try(d.AcceptInvitation(t.Context(), second, inv.ID)) })
				if got := must(d.Invitation(t.Context(), ana, inv.ID)); !got.Active() || !got.NobodyLeft {
					t.Errorf("the invitation is %+v", got)
				}
			})
		})
	}
}

// Whoever is still there on another console has lost nothing.
func TestB5StillThereOnAnotherConsole(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, first := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1")
		second := logInUnder(t, d, "dev", "@open", "dev-2")
		inv := invite(t, d, ana, d.OpenSession(ana, "@open"), toOpen)
		send(t, d, desk.ChannelFCM)
		owner, log := watch(t, d, ana), watch(t, d, second)
		moveTo(t, d, first, "@main")
		same(t, "told", log.told("invitation."))
		same(t, "the owner", owner.told("invitation."))
		same(t, "the devices", send(t, d, desk.ChannelFCM))
		accept(t, d, first, inv)
	})
}

func TestB5NobodyLeftIsTakenBackWhenSomebodyComes(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, dev, eli := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", ""), logInUnder(t, d, "eli", "@open", "")
		inv := invite(t, d, ana, d.OpenSession(ana, "@open"), toOpen)
		owner, elis := watch(t, d, ana), watch(t, d, eli)
		must(d.DeclineInvitation(t.Context(), dev, inv.ID))
		same(t, "one of two declined", owner.told(), "invitation.changed declined")
		same(t, "the other is not told", elis.told())
		must(d.DeclineInvitation(t.Context(), eli, inv.ID))
		same(t, "both declined", owner.told(), "invitation.changed nobody_left")
		logInUnder(t, d, "dev", "@open", "") // has declined
		same(t, "who declined does not count", owner.told())
		ben := logInUnder(t, d, "ben", "@open", "")
		same(t, "somebody came", owner.told("invitation."), "invitation.changed somebody_came")
		got := must(d.Invitation(t.Context(), ana, inv.ID))
		if got.NobodyLeft || len(got.DeclinedBy) != 2 {
			t.Errorf("invitation %+v", got)
		}
		accept(t, d, ben, inv)
	})
}

func TestB5WhenAPortalCannotBeInvited(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		extended(t, d, "dev") // counts for reps and teams, not for portals
		logInUnder(t, d, "cho", "@open", "")
		clock.Advance(desk.ConnectedFor + desk.PresenceGrace)
		ana, ben := logInUnder(t, d, "ana", "@open", ""), d.LogIn("ben")
		session := d.OpenSession(ana, "@open")
		refuses := func(what string, code desk.Code, c desk.Caller, s desk.Session, in store.NewInvitation) {
			t.Helper()
			data.refuses(what, code, func() error { return try(d.Invite(t.Context(), c, s.ID, in)) })
		}
		refuses("nobody but the owner, and one whose lease ran out", desk.PortalNotAvailable, ana, session, toOpen)
		moveTo(t, d, ben, "@open")
		accept(t, d, ben, invite(t, d, ana, session, toOpen))
		refuses("all are in the session", desk.PortalNotAvailable, ana, session, toOpen)
		refuses("below it", desk.PortalNotAvailable, ana, session, store.NewInvitation{PortalID: "@open", SubPortals: true})
		logInUnder(t, d, "eli", "@looking", "")
		refuses("only below it", desk.PortalNotAvailable, ana, session, store.NewInvitation{PortalID: "@main"})
		invite(t, d, ana, session, store.NewInvitation{PortalID: "@main", SubPortals: true})
		refuses("not there", desk.NotFound, ana, session, store.NewInvitation{PortalID: "@none"})
		refuses("A6 without share_outside_teams", desk.NotReachable, ben, d.OpenSession(ben, "@main"), toOpen)
		refuses("sharing off", desk.SharingOff, ana, d.OpenSession(ana, "@quiet"), toOpen)
		refuses("two targets", desk.OneTargetNeeded, ana, session, store.NewInvitation{PortalID: "@open", TeamID: "@printers"})
		refuses("who is in and not the owner", desk.NotSessionOwner, ben, session, toOpen)
		invite(t, d, ben, d.OpenSession(ben, "@open"), toOpen) // sharing: all needs no permission
	})
}

func TestB5ADisabledPortalEndsIt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, dev := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1")
		session := d.OpenSession(ana, "@open")
		inv := invite(t, d, ana, session, toOpen)
		stays := invite(t, d, ana, session, store.NewInvitation{PortalID: "@main", SubPortals: true})
		send(t, d, desk.ChannelFCM)
		owner, log := watch(t, d, ana), watch(t, d, dev)
		importYAML(t, d, "portals: [{slug: open, name: Open, parent: main, sharing: all, disabled: true}]")
		same(t, "the owner", owner.told("invitation."), "invitation.ended target_gone")
		same(t, "the alerted", log.told("invitation."), "invitation.ended target_gone")
		same(t, "the devices", send(t, d, desk.ChannelFCM), "withdrawal dev-1")
		if got := must(d.Invitation(t.Context(), ana, inv.ID)); got.State != desk.InvitationWithdrawn || got.Reason != desk.EndTargetGone {
			t.Errorf("it is %s, %s", got.State, got.Reason)
		}
		same(t, "what else reaches dev", open(t, d, dev), stays.ID)
	})
}

func TestB5B13HowItEndsForAllUnderThePortal(t *testing.T) {
	for reason, end := range map[string]func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation){
		"cancelled": func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) {
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		},
		"session_ended": func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) {
			must(d.EndSession(t.Context(), ana, inv.Session.ID, ""))
		},
	} {
		each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
			ana, dev, eli := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1"), logInUnder(t, d, "eli", "@open", "eli-1")
			inv := invite(t, d, ana, d.OpenSession(ana, "@open"), toOpen)
			send(t, d, desk.ChannelFCM)
			must(d.DeclineInvitation(t.Context(), eli, inv.ID))
			send(t, d, desk.ChannelFCM)
			owner, devs, elis := watch(t, d, ana), watch(t, d, dev), watch(t, d, eli)
			end(t, d, ana, inv)
			same(t, "the owner", owner.told("invitation."), "invitation.ended "+reason)
			same(t, "dev", devs.told("invitation."), "invitation.ended "+reason)
			same(t, "eli, who was told when declining", elis.told("invitation."))
			same(t, "devices", send(t, d, desk.ChannelFCM), "withdrawal dev-1")
			refusal(t, "accepting", try(d.AcceptInvitation(t.Context(), dev, inv.ID)), desk.InvitationNotActive)
		})
	}
}

// B5 and B20: who joins by another way finds the portal's invitation gone for them alone.
func TestB5JoinedOtherwise(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, dev, eli := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1"), logInUnder(t, d, "eli", "@open", "eli-1")
		session := d.OpenSession(ana, "@open")
		inv := invite(t, d, ana, session, toOpen)
		direct := inviteRep(t, d, ana, session, "dev")
		send(t, d, desk.ChannelFCM)
		log := watch(t, d, dev)
		accept(t, d, dev, direct)
		same(t, "dev", log.told("invitation."), "invitation.ended accepted", "invitation.ended joined_otherwise")
		same(t, "dev's devices", send(t, d, desk.ChannelFCM), "withdrawal dev-1", "withdrawal dev-1")
		same(t, "eli", open(t, d, eli), inv.ID)
		second := inviteRep(t, d, ana, session, "eli")
		accept(t, d, eli, inv)
		if got := must(d.Invitation(t.Context(), ana, second.ID)); got.Reason != desk.EndJoinedOtherwise {
			t.Errorf("eli's own invitation is %s, %s", got.State, got.Reason)
		}
	})
}

const leavesTeam = "reps:\n  - {username: ben, name: Ben Okafor, email: ben@example.com, teams: {}, permissions: [extended_availability]}\n"

func TestB20WhoLeavesTheTeamLosesItAndWhoComesIsAlerted(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, dev := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("dev", "dev-1")
		session := d.OpenSession(ana, "@main")
		inv := inviteTeam(t, d, ana, session, "printers")
		told := deliver(t, d, desk.ChannelFCM)
		owner, bens, devs := watch(t, d, ana), watch(t, d, ben), watch(t, d, dev)
		importYAML(t, d, leavesTeam+"  - {username: dev, name: Dev Patel, teams: {printers: member, network: member}}\n")
		same(t, "who left", bens.told("invitation."), "invitation.ended target_gone")
		same(t, "who came", devs.told("invitation."), "invitation.created")
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "devices", targets(jobs), "invitation dev-1", "withdrawal ben-1")
		for _, job := range jobs {
			if job.KeyRev <= told[0].KeyRev || job.Key != inv.ID {
				t.Errorf("%s at revision %d of %s, told at %d", job.Purpose, job.KeyRev, job.Key, told[0].KeyRev)
			}
		}
		same(t, "the owner", owner.told("invitation.")) // cho could still take it
		data.refuses("accepting", desk.NotFound, func() error { return try(d.AcceptInvitation(t.Context(), ben, inv.ID)) })
		same(t, "who left", open(t, d, ben))
		accept(t, d, dev, inv)
	})
}

// B20 and C6: a transfer to a team moves with its members too.
func TestB20ATransferMovesWithTheTeam(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, dev := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("dev", "dev-1")
		session := transfer(t, d, ana, d.OpenSession(ana, "@main"), store.NewTransfer{TeamID: "@printers"})
		same(t, "told", send(t, d, desk.ChannelFCM), "transfer ben-1")
		bens, devs := watch(t, d, ben), watch(t, d, dev)
		importYAML(t, d, leavesTeam+"  - {username: dev, name: Dev Patel, teams: {printers: member}}\n")
		same(t, "who left", bens.told("session."), "session.changed transfer_target_gone")
		same(t, "who came", devs.told("session."), "session.changed transfer_offered")
		same(t, "devices", send(t, d, desk.ChannelFCM), "transfer dev-1", "withdrawal ben-1")
		data.refuses("taking it", desk.NotFound, func() error { return try(d.AcceptSession(t.Context(), ben, session.ID)) })
		take(t, d, dev, session)
	})
}

func TestB20ThirtyInvitationsAMinute(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, "portals: [{slug: slow, name: Slow, lost_after_seconds: 3600}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@slow")
		for n := range desk.InvitesAMinute {
			clock.Advance(time.Second)
			must(d.CancelInvitation(t.Context(), ana, inviteTeam(t, d, ana, session, "printers").ID))
			if n == 3 { // what was refused does not count
				refusal(t, "a refusal", try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: "@ana"})), desk.CannotInviteSelf)
			}
		}
		one := func() error {
			return try(d.Invite(t.Context(), ana, session.ID, store.NewInvitation{TeamID: "@printers"}))
		}
		p := data.refuses("one more", desk.TooManyRequests, one)
		left := desk.InvitesWithin - (desk.InvitesAMinute-1)*time.Second // until the first is a minute old
		if p.Limit != 30 || p.RetryAfter != left {
			t.Errorf("refused with %+v, want to wait %s", p, left)
		}
		transfer(t, d, ana, session, store.NewTransfer{RepID: "@ben"}) // not an invitation
		inviteTeam(t, d, ben, d.OpenSession(ben, "@slow"), "printers") // each owner for themselves
		clock.Advance(left - time.Millisecond)
		data.refuses("a moment before", desk.TooManyRequests, one)
		clock.Advance(time.Millisecond)
		ok(t, one())
		data.refuses("the next", desk.TooManyRequests, one)
	})
}
