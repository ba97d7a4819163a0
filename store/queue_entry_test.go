package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// queueWatch is what stands in a rep's queues, and what the rep is told of them.
type queueWatch struct {
	*watcher
	d *storetest.Desk
	c desk.Caller
}

func watchQueues(t *testing.T, d *storetest.Desk, c desk.Caller) queueWatch {
	t.Helper()
	return queueWatch{watch(t, d, c), d, c}
}

// tells checks what the rep was told of entries since the last time, as words: what, of which queue, and why.
func (w queueWatch) tells(what string, want ...string) {
	w.t.Helper()
	got := []string{}
	for _, e := range w.events() {
		if e.Entry == nil {
			continue
		}
		queue := "team"
		if e.QueueID == desk.PersonalQueue {
			queue = "mine"
		}
		got = append(got, strings.TrimSpace(strings.TrimPrefix(string(e.Type), "queue_entry.")+" "+queue+" "+e.Reason))
	}
	same(w.t, what+": "+w.c.Name+" is told", got, want...)
}

// finds checks what stands in a queue, as words: kind, and how it came.
func (w queueWatch) finds(what, queue string, want ...string) {
	w.t.Helper()
	got := []string{}
	for _, e := range entriesOf(w.t, w.d, w.c, queue) {
		got = append(got, string(e.Kind)+" "+string(e.CameBy))
	}
	same(w.t, what+": "+w.c.Name+" finds in "+queue, got, want...)
}

func entriesOf(t *testing.T, d *storetest.Desk, c desk.Caller, queue string) []desk.QueueEntry {
	t.Helper()
	return must(d.QueueEntries(t.Context(), c, queue, store.EntryQuery{Sort: "waiting", Limit: 200}))
}

// waitsIn starts a session that waits for a rep (@ben) or a team's issue (paper-jam).
func waitsIn(t *testing.T, d *storetest.Desk, c desk.Caller, in store.NewSession) desk.Session {
	t.Helper()
	in.Kind, in.Customer = "support", desk.Customer{Name: "Jo Doe", Company: "Doe Ltd", Details: "The tray jams", Language: "en"}
	return must(d.StartSession(t.Context(), c, in)).Session
}

func TestD1D3D8ASessionWaitsForATeamUntilOneTakesIt(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho, dev := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben")), watchQueues(t, d, d.LogIn("cho")), watchQueues(t, d, d.LogIn("dev"))
		session := waitsIn(t, d, dev.c, store.NewSession{IssueID: "@paper-jam", Priority: 7})
		for _, w := range []queueWatch{ana, ben, cho} {
			w.tells("it comes", "added team")
			w.finds("it comes", "@printers", "session issue")
			w.finds("it comes", "personal")
		}
		dev.tells("it comes, to others")
		e := entriesOf(t, d, ben.c, "@printers")[0]
		if e.Title != "Jo Doe" || e.Company != "Doe Ltd" || e.Details != "The tray jams" || e.Language != "en" || e.Priority != 7 || e.Place != 1 || e.Issue == nil || e.Issue.Name != "Paper jam" ||
			!e.EnteredAt.Equal(clock.Now()) || e.SessionID != session.ID || e.State != desk.SessionWaiting || e.Rev != 1 {
			t.Errorf("D4: the entry says %+v", e)
		}
		refusal(t, "D8: another team's", try(d.AcceptSession(t.Context(), dev.c, session.ID)), desk.NotFound)
		refusal(t, "D1: another team's queue", try(d.QueueEntries(t.Context(), dev.c, "@printers", store.EntryQuery{Sort: "waiting", Limit: 5})), desk.NotFound)
		must(d.AcceptSession(t.Context(), ben.c, session.ID))
		if p := refused(t, try(d.AcceptSession(t.Context(), cho.c, session.ID)), desk.SessionTaken); p.Conflict.By.Name != "Ben Okafor" {
			t.Errorf("D8: the second is told %+v", p.Conflict)
		}
		for _, w := range []queueWatch{ana, cho} {
			w.tells("it is taken", "removed team accepted")
			w.finds("it is taken", "@printers")
		}
		ben.tells("it is taken", "removed team accepted", "added mine accepted")
		ben.finds("it is taken", "personal", "session issue")

		must(d.HoldSession(t.Context(), ben.c, session.ID))
		ben.tells("D2: held", "changed mine held")
		ben.finds("D2: held", "personal", "session held")
		must(d.ResumeSession(t.Context(), ben.c, session.ID))
		ben.tells("C7: resumed", "changed mine resumed")
		if e := entriesOf(t, d, ben.c, "personal")[0]; e.Rev != 3 || e.CameBy != desk.CameByIssue || e.Place != 0 {
			t.Errorf("after two changes: %+v", e)
		}
		must(d.EndSession(t.Context(), ben.c, session.ID, ""))
		ben.tells("ended", "removed mine ended_by_owner")
		ben.finds("ended", "personal")
		for _, w := range []queueWatch{ana, cho, dev} {
			w.tells("what goes on in somebody's own queue")
		}
	})
}

func TestD2ASessionWaitsForOneRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben"))
		started := must(d.StartSession(t.Context(), ana.c, store.NewSession{Kind: "browser", RepID: "@ben", Customer: desk.Customer{Name: "Jo Doe"}}))
		ben.tells("started for them", "added mine")
		if e := entriesOf(t, d, ben.c, "personal")[0]; e.CameBy != desk.CameByAPI || e.Title != "[Browser] Jo Doe" || e.CustomerName != "Jo Doe" || e.Place != 1 || e.QueueID != desk.PersonalQueue {
			t.Errorf("D4: %+v", e)
		}
		guest := must(d.AuthenticateGuest(t.Context(), started.GuestToken))
		must(d.LeaveAsGuest(t.Context(), guest))
		ben.tells("C13: the customer leaves while waiting", "removed mine abandoned")
		ben.finds("C13", "personal")
		ana.tells("another's queue")

		own := waitsIn(t, d, ben.c, store.NewSession{})
		ben.finds("for the caller", "personal", "session api")
		must(d.AcceptSession(t.Context(), ben.c, own.ID))
		ben.tells("from the queue into the session", "added mine", "removed mine accepted", "added mine accepted")
	})
}

func TestD2D3TransfersStandInQueues(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben")), watchQueues(t, d, d.LogIn("cho"))
		session := d.OpenSession(ana.c, "@main")
		ana.tells("opens", "added mine", "removed mine accepted", "added mine accepted")
		transfer := func(n store.NewTransfer) {
			t.Helper()
			must(d.TransferSession(t.Context(), ana.c, session.ID, n))
		}
		transfer(store.NewTransfer{RepID: "@ben", Comment: "Yours"})
		ben.tells("offered", "added mine transfer_offered")
		if e := entriesOf(t, d, ben.c, "personal")[0]; e.Kind != desk.QueuedSession || e.CameBy != desk.CameByTransfer || e.Comment != "Yours" || e.Inviter.Name != "Ana Ruiz" || e.InvitationID != "" || e.State != desk.SessionActive {
			t.Errorf("D4: %+v", e)
		}
		must(d.DeclineTransfer(t.Context(), ben.c, session.ID))
		ben.tells("declined", "removed mine declined")
		transfer(store.NewTransfer{TeamID: "@printers"})
		ana.tells("the owner has no part in it")
		ana.finds("the owner", "@printers")
		ben.tells("to the team", "added team transfer_offered")
		cho.tells("to the team", "added team transfer_offered")
		must(d.DeclineTransfer(t.Context(), cho.c, session.ID))
		cho.tells("declined for one", "removed team declined")
		cho.finds("declined for one", "@printers")
		ben.tells("declined by another")
		ben.finds("declined by another", "@printers", "session transfer")
		must(d.CancelTransfer(t.Context(), ana.c, session.ID))
		ben.tells("cancelled", "removed team cancelled")
		cho.tells("cancelled: was told before")
		transfer(store.NewTransfer{TeamID: "@printers"})
		must(d.AcceptSession(t.Context(), ben.c, session.ID))
		ben.tells("accepted", "added team transfer_offered", "removed team accepted", "added mine transferred")
		ben.finds("accepted", "personal", "session transfer")
		cho.tells("accepted by another", "added team transfer_offered", "removed team accepted")
		ana.tells("gave it away", "removed mine transferred")
		ana.finds("gave it away", "personal")
	})
}

func TestB13B14InvitationsStandInQueues(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben")), watchQueues(t, d, d.LogIn("cho"))
		session := d.OpenSession(ana.c, "@main")
		ana.events()
		inv := inviteRep(t, d, ana.c, session, "ben")
		ben.tells("B2", "added mine")
		cho.tells("B2: for another")
		if e := entriesOf(t, d, ben.c, "personal")[0]; e.InvitationID != inv.ID || e.Kind != desk.QueuedInvitation || e.CameBy != desk.CameByInvitation || e.Details != "The tray jams" || e.Place != 0 {
			t.Errorf("A8, D4: %+v", e)
		}
		clock.Advance(desk.ReminderPause)
		must(d.RemindInvitation(t.Context(), ana.c, inv.ID))
		ben.tells("B19: a reminder is no other entry")
		must(d.CancelInvitation(t.Context(), ana.c, inv.ID))
		ben.tells("B13", "removed mine cancelled")

		team := inviteTeam(t, d, ana.c, session, "printers")
		for _, w := range []queueWatch{ben, cho} {
			w.tells("B3", "added team")
			w.finds("B3", "@printers", "invitation invitation")
		}
		ana.finds("the owner's own team's is for the others", "@printers")
		must(d.DeclineInvitation(t.Context(), cho.c, team.ID))
		cho.tells("B14: for that rep alone", "removed team declined")
		cho.finds("B14", "@printers")
		ben.tells("B14: not for the others")
		direct := inviteRep(t, d, ana.c, session, "ben")
		accept(t, d, ben.c, team)
		ben.tells("B20: the direct one ends", "added mine", "removed mine joined_otherwise", "removed team accepted", "added mine")
		ben.finds("joined", "personal", "session invitation")
		cho.tells("who declined is not told who came")
		refusal(t, "B20", try(d.AcceptInvitation(t.Context(), ben.c, direct.ID)), desk.InvitationNotActive)

		again := inviteTeam(t, d, ana.c, session, "printers")
		ben.tells("inside, nothing to take")
		ben.finds("inside", "@printers")
		cho.tells("B20: again", "added team")
		must(d.LeaveSession(t.Context(), ben.c, session.ID, ""))
		ben.tells("left, and could come back", "added team open_to_you", "removed mine left")
		ben.finds("left", "@printers", "invitation invitation")
		must(d.EndSession(t.Context(), ana.c, session.ID, ""))
		for _, w := range []queueWatch{ben, cho} {
			w.tells("B13", "removed team session_ended")
		}
		ana.tells("ended", "removed mine ended_by_owner")
		if got := must(d.Invitation(t.Context(), ana.c, again.ID)); got.Reason != desk.EndSessionEnded {
			t.Errorf("%+v", got)
		}
	})
}

func TestB5PortalInvitationsStandInPersonalQueues(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		at := func(user, portal string) queueWatch {
			in := must(d.Store.LogIn(t.Context(), store.LogIn{Username: user, Password: storetest.Password, PortalID: "@" + portal}))
			return watchQueues(t, d, must(d.Authenticate(t.Context(), in.Token)))
		}
		ana, dev, fay, ben := watchQueues(t, d, d.LogIn("ana")), at("dev", "open"), at("fay", "open"), at("ben", "looking")
		session := d.OpenSession(ana.c, "@open")
		sub := invite(t, d, ana.c, session, store.NewInvitation{PortalID: "@main", SubPortals: true})
		dev.tells("under it", "added mine")
		dev.finds("under it", "personal", "invitation invitation")
		ben.tells("under another below it", "added mine")
		fay.tells("A7: portals pass an embassy rep by")
		fay.finds("A7", "personal")
		one := invite(t, d, ana.c, session, store.NewInvitation{PortalID: "@open"})
		dev.tells("to one alone", "added mine")
		ben.tells("to one alone, elsewhere")
		if got := must(d.Queues(t.Context(), dev.c))[0]; got.Invitations != 2 {
			t.Errorf("the count of portals' offers: %+v", got)
		}
		eli := at("eli", "open")
		eli.tells("who logs in later is not alerted")
		eli.finds("who logs in later", "personal", "invitation invitation", "invitation invitation")
		must(d.DeclineInvitation(t.Context(), eli.c, one.ID))
		eli.tells("B14", "removed mine declined")
		eli.finds("B14", "personal", "invitation invitation")
		dev.tells("B14: not for the others")
		portal := "@looking"
		must(d.UpdateConsole(t.Context(), dev.c, "current", store.ConsoleChange{PortalID: &portal}, nil))
		dev.tells("who leaves the portal loses it", "removed mine target_gone")
		dev.finds("who leaves the portal", "personal", "invitation invitation")
		accept(t, d, ben.c, sub)
		ben.tells("the first joins", "removed mine accepted", "added mine")
		for _, w := range []queueWatch{dev, eli} {
			w.tells("it goes for all others", "removed mine accepted")
			w.finds("it goes for all others", "personal")
		}
		fay.tells("A7")
	})
}

func TestB20WhoLeavesATeamLosesItsQueue(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("ben")), watchQueues(t, d, d.LogIn("cho"))
		for range 2 {
			waitsIn(t, d, ana.c, store.NewSession{TeamID: "@printers"})
		}
		session := d.OpenSession(ana.c, "@main")
		inviteTeam(t, d, ana.c, session, "printers")
		ben.tells("three entries", "added team", "added team", "added team")
		cho.events()
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {network: member}}]")
		ben.tells("left", "removed team left_team", "removed team left_team", "removed team left_team")
		cho.tells("who stays")
		cho.finds("who stays", "@printers", "session api", "session api", "invitation invitation")
		refusal(t, "a former member", try(d.QueueEntries(t.Context(), ben.c, "@printers", store.EntryQuery{Sort: "waiting", Limit: 5})), desk.NotFound)
		waitsIn(t, d, ana.c, store.NewSession{TeamID: "@printers"})
		ben.tells("what comes after")
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member}}]")
		if got := must(ben.sub.Read(t.Context(), ben.at, nil, 100)); !got.Grown {
			t.Errorf("whose rights grow is told to load anew: %+v", got)
		}
		ben.finds("back", "@printers", "session api", "session api", "invitation invitation", "session api")
	})
}

func TestC8C9ReturnsAndTakeOvers(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: back, name: Back, lost_steps: [last_queue]}]")
		ben := watchQueues(t, d, d.LogIn("ben"))
		session := waitsIn(t, d, ben.c, store.NewSession{PortalID: "@back", TeamID: "@printers"})
		must(d.AcceptSession(t.Context(), ben.c, session.ID))
		clock.Advance(lost)
		ana, cho := watchQueues(t, d, d.LogIn("ana")), watchQueues(t, d, d.LogIn("cho"))
		ben.events()
		lookAfter(t, d)
		cho.tells("C9", "added team connection_lost")
		cho.finds("C9", "@printers", "session lost_connection")
		ben.tells("C9: the lost owner", "removed mine connection_lost", "added team connection_lost")
		must(d.AcceptSession(t.Context(), cho.c, session.ID))
		cho.tells("taken", "removed team accepted", "added mine accepted")
		ana.events()
		must(d.TakeOverSession(t.Context(), ana.c, session.ID))
		ana.tells("C8: taken over", "added mine taken_over")
		cho.tells("C8: the former owner stays")
		cho.finds("C8: nobody invited them", "personal", "session lost_connection")
		must(d.LeaveSession(t.Context(), ana.c, session.ID, cho.c.RepID))
		ana.tells("C7: handed over", "removed mine handed_over")
		cho.tells("C7: owner again")
		cho.finds("C7", "personal", "session lost_connection")
	})
}

// G2: a seat that waits for a console of the rep's is no session of theirs yet.
func TestD2AnExpectedRepHasTheSessionWhenTheyCome(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := extended(t, d, "ben")
		clock.Advance(desk.ConnectedFor * 2)
		_, _, link := mailed(t, d, d.LogIn("ana"))
		must(d.AnswerInvitationLink(t.Context(), link, store.LinkAccept))
		if got := entriesOf(t, d, ben, "personal"); len(got) != 0 {
			t.Errorf("expected: %+v", got)
		}
		clock.Advance(time.Minute)
		w := watchQueues(t, d, d.LogIn("ben"))
		w.finds("come", "personal", "session invitation")
	})
}

func TestA7AnEmbassyRepSeesOutsidersInEntriesByPublicNames(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, fay := d.LogIn("ana"), watchQueues(t, d, d.LogIn("fay"))
		session := d.OpenSession(ana, "@main")
		inviteTeam(t, d, ana, session, "acme")
		for _, e := range fay.events() {
			if e.Entry != nil && (e.Entry.Inviter.Name != "Ana" || e.Actor.Name != "Ana") {
				t.Errorf("the event names %+v, %+v", e.Entry.Inviter, e.Actor)
			}
		}
		got := entriesOf(t, d, fay.c, "@acme")
		if len(got) != 1 || got[0].Inviter.Name != "Ana" {
			t.Errorf("the list: %+v", got)
		}
		refusal(t, "another team's queue is not there", try(d.QueueEntries(t.Context(), fay.c, "@printers", store.EntryQuery{Sort: "waiting", Limit: 5})), desk.NotFound)
		refusal(t, "another team's issue is not there", try(d.QueueEntries(t.Context(), fay.c, "@acme", store.EntryQuery{Sort: "waiting", IssueID: "@paper-jam", Limit: 5})), desk.NotFound)
		if queues := must(d.Queues(t.Context(), fay.c)); len(queues) != 2 || queues[1].Name != "Acme field service" || queues[1].Invitations != 1 {
			t.Errorf("queues: %+v", queues)
		}
	})
}

// What an entry shows of its session and issue is told when it becomes another, also to those inside.
func TestD4WhatAnEntryShowsFollows(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		dev := watchQueues(t, d, d.LogIn("dev"))
		session := waitsIn(t, d, dev.c, store.NewSession{IssueID: "@vpn"})
		dev.events()
		importYAML(t, d, "issues: [{slug: vpn, title: Tunnel, team: network, request_help: true}]")
		dev.tells("the issue has another title", "changed team")
		if e := entriesOf(t, d, dev.c, "@network")[0]; e.Issue.Name != "Tunnel" || e.Rev != 2 {
			t.Errorf("%+v", e)
		}
		must(d.AcceptSession(t.Context(), dev.c, session.ID))
		eli, ana := watchQueues(t, d, d.LogIn("eli")), watchQueues(t, d, d.LogIn("ana"))
		must(d.JoinSession(t.Context(), eli.c, session.ID, false))
		eli.events()
		ok(t, d.LogOut(t.Context(), dev.c, "current", true))
		if s := must(d.Session(t.Context(), eli.c, session.ID)); s.Owner == nil || s.Owner.Name != "Eli Stone" {
			t.Errorf("C9: %+v", s)
		}
		eli.tells("C9: the rep inside owns it, and it came as it came")
		ana.tells("others")
	})
}
