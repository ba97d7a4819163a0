package store_test

import (
	"slices"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// D8 and C6: of a team, the first who takes it wins, and the others are told who.
func TestC6TheFirstOfATeamWins(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("cho", "cho-1"), d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		transfer(t, d, ana, session, toPrinters)
		same(t, "told", send(t, d, desk.ChannelFCM), "transfer ben-1", "transfer cho-1")
		chos := watch(t, d, cho)
		take(t, d, ben, session)
		same(t, "taken from all", send(t, d, desk.ChannelFCM), "withdrawal ben-1", "withdrawal cho-1")
		same(t, "the other", chos.told("session."), "session.changed transfer_accepted")
		p := data.refuses("the second", desk.SessionTaken, func() error { return try(d.AcceptSession(t.Context(), cho, session.ID)) })
		if p.Conflict == nil || p.Conflict.By.ID != ben.RepID {
			t.Errorf("told %+v", p.Conflict)
		}
		data.refuses("an outsider", desk.NotFound, func() error { return try(d.AcceptSession(t.Context(), dev, session.ID)) })
	})
}

func TestC6NobodyOfTheTeamIsLeft(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := transfer(t, d, ana, d.OpenSession(ana, "@main"), toPrinters)
		owner := watch(t, d, ana)
		must(d.DeclineTransfer(t.Context(), ben, session.ID))
		must(d.DeclineTransfer(t.Context(), cho, session.ID))
		same(t, "the owner", owner.told("session."), "session.changed transfer_declined", "session.changed transfer_nobody_left")
		if got := must(d.Session(t.Context(), ana, session.ID)); got.Transfer == nil {
			t.Error("it does not stand any more")
		}
		importYAML(t, d, "reps: [{username: dev, name: Dev Patel, teams: {printers: member}}]")
		same(t, "somebody came", owner.told("session."), "session.changed transfer_somebody_came")
	})
}

// A persistent team's queue takes it though nobody is there; whoever comes then finds it. No email tells of it.
func TestC6ToAPersistentTeam(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "reps: [{username: cho, name: Cho Min, email: cho@example.com, teams: {night: member}, permissions: [extended_availability]}, {username: ana, name: Ana Ruiz, teams: {night: member}}]")
		extended(t, d, "cho")
		ana := d.LogIn("ana")
		session := transfer(t, d, ana, d.OpenSession(ana, "@main"), store.NewTransfer{TeamID: "@night"})
		same(t, "emails", send(t, d, desk.ChannelEmail))
		cho := d.LogIn("cho")
		logOut(t, d, cho)
		same(t, "emails, when the last of the team logs out", send(t, d, desk.ChannelEmail))
		take(t, d, d.LogIn("cho"), session)
	})
}

func TestC6TakingItBack(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogInWithPush("cho", "cho-1"), d.LogIn("dev")
		session := d.OpenSession(ben, "@main")
		join(t, d, ben, session, cho, store.NewInvitation{})
		cancel := func(c desk.Caller) error { return try(d.CancelTransfer(t.Context(), c, session.ID)) }
		data.refuses("where nothing is offered", desk.NotFound, func() error { return cancel(ben) })
		toCho := store.NewTransfer{RepID: "@cho"}
		send(t, d, desk.ChannelFCM)
		transfer(t, d, ana, session, toCho) // by the owner's lead (C8)
		send(t, d, desk.ChannelFCM)
		data.refuses("the target", desk.NotSessionOwner, func() error { return cancel(cho) })
		data.refuses("an outsider", desk.NotFound, func() error { return cancel(dev) })
		log := watch(t, d, cho)
		ok(t, cancel(ben)) // the owner
		ok(t, cancel(ben)) // again
		ok(t, cancel(ana)) // the sender: its outcome stands
		same(t, "the target", log.told("session."), "session.changed transfer_cancelled")
		same(t, "the device", send(t, d, desk.ChannelFCM), "withdrawal cho-1")
		p := data.refuses("taking what was taken back", desk.InvitationNotActive, func() error { return try(d.AcceptSession(t.Context(), cho, session.ID)) })
		if p.Conflict.Kind != "transfer" || p.Conflict.Reason != string(desk.EndCancelled) {
			t.Errorf("the conflict shows %+v", p.Conflict)
		}
		transfer(t, d, ana, session, toCho)
		ok(t, cancel(ana)) // the sender
		transfer(t, d, ana, session, toCho)
		take(t, d, cho, session)
		p = data.refuses("after it was taken", desk.InvitationNotActive, func() error { return cancel(ana) })
		if p.Conflict.By == nil || p.Conflict.By.ID != cho.RepID {
			t.Errorf("the conflict shows %+v", p.Conflict)
		}
	})
}

// C6, D8: who accepts a transfer that is over is told so, and why, as who declines it is; of a session that waited again since then,
// who has it.
func TestC6AcceptingWhatIsOver(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, "portals: [{slug: back, name: Back, lost_steps: [fallback_team], fallback_team: printers}]\nreps: [{username: dev, name: Dev Patel, teams: {network: member}, permissions: [transfer_outside_teams]}]")
		dev, ben, cho := d.LogIn("dev"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(dev, "@back")
		over := func(what string, c desk.Caller, why desk.EndReason) {
			t.Helper()
			p := data.refuses(what, desk.InvitationNotActive, func() error { return try(d.AcceptSession(t.Context(), c, session.ID)) })
			if p.Conflict.Kind != "transfer" || p.Conflict.Reason != string(why) {
				t.Errorf("%s: the conflict shows %+v", what, p.Conflict)
			}
		}
		transfer(t, d, dev, session, toPrinters)
		must(d.DeclineTransfer(t.Context(), ben, session.ID))
		over("who declined a team's", ben, desk.EndDeclined)
		must(d.CancelTransfer(t.Context(), dev, session.ID))
		over("one of a team, taken back", cho, desk.EndCancelled)
		transfer(t, d, dev, session, toBen)
		must(d.DeclineTransfer(t.Context(), ben, session.ID))
		over("who declined their own", ben, desk.EndDeclined)
		data.refuses("one to somebody else", desk.NotFound, func() error { return try(d.AcceptSession(t.Context(), cho, session.ID)) })
		transfer(t, d, dev, session, toPrinters)
		logOut(t, d, dev)
		take(t, d, cho, session)
		if p := data.refuses("out of the queue", desk.SessionTaken, func() error { return try(d.AcceptSession(t.Context(), ben, session.ID)) }); p.Conflict.By == nil || p.Conflict.By.ID != cho.RepID {
			t.Errorf("the conflict shows %+v", p.Conflict)
		}
		transfer(t, d, cho, session, toBen)
		must(d.CancelTransfer(t.Context(), cho, session.ID))
		over("offered again, and taken back", ben, desk.EndCancelled)
		transfer(t, d, cho, session, toBen)
		must(d.EndSession(t.Context(), cho, session.ID, ""))
		over("after the end", ben, desk.EndSessionEnded)
	})
}

// What else ends a transfer, and what it then says.
func TestC6B13WhatEndsATransfer(t *testing.T) {
	type scene struct {
		*storetest.Desk
		t             *testing.T
		ana, ben, cho desk.Caller
		session       desk.Session
	}
	disabledBen := func(s scene) {
		importYAML(s.t, s.Desk, "reps: [{username: ben, name: Ben Okafor, disabled: true}]")
	}
	for _, c := range []struct {
		name, reason string
		to           store.NewTransfer
		does         func(s scene)
	}{
		{"the rep is disabled", "target_gone", toBen, disabledBen},
		{"the team is disabled", "target_gone", toPrinters, func(s scene) {
			importYAML(s.t, s.Desk, "teams: [{slug: printers, name: Printers, disabled: true}]")
		}},
		{"the session ends", "session_ended", toBen, func(s scene) { must(s.EndSession(s.t.Context(), s.ana, s.session.ID, "")) }},
		{"the owner hands over", "owner_left", toBen, func(s scene) { must(s.LeaveSession(s.t.Context(), s.ana, s.session.ID, s.cho.RepID)) }},
		{"the owner logs out", "ownership_moved", toPrinters, func(s scene) { logOut(s.t, s.Desk, s.ana) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				s := scene{Desk: d, t: t, ana: d.LogIn("ana"), ben: d.LogInWithPush("ben", "ben-1"), cho: d.LogIn("cho")}
				s.session = d.OpenSession(s.ana, "@main")
				join(t, d, s.ana, s.session, s.cho, store.NewInvitation{})
				transfer(t, d, s.ana, s.session, c.to)
				send(t, d, desk.ChannelFCM)
				log, inside := watch(t, d, s.ben), watch(t, d, s.cho)
				c.does(s)
				same(t, "the target", log.told("session."), "session.changed transfer_"+c.reason)
				if told := inside.told("session."); len(told) == 0 || told[0] != "session.changed transfer_"+c.reason {
					t.Errorf("who is in it is told %v", told)
				}
				told := slices.DeleteFunc(send(t, d, desk.ChannelFCM), func(word string) bool { return word == "signed_out ben-1" }) // of who is disabled
				same(t, "the device", told, "withdrawal ben-1")
				if got := sight(t, d, s.ben, s.session.ID); got != "none" {
					t.Errorf("the target sees %s", got)
				}
			})
		})
	}
}
