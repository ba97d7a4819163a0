package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// wants chooses what pushes tell a rep of.
func wants(t *testing.T, d *storetest.Desk, c desk.Caller, change desk.AlertsChange) {
	t.Helper()
	ok(t, try(d.UpdateMe(t.Context(), c, store.MeChange{Alerts: change}, nil)))
}

// ofTeams chooses what of teams' queues.
func ofTeams(what desk.TeamAlerts) desk.AlertsChange { return desk.AlertsChange{TeamQueues: &what} }

// sent delivers what is due; it returns the jobs, and in words "purpose target reason rev".
func sent(t *testing.T, d *storetest.Desk) (jobs []desk.Job, words []string) {
	t.Helper()
	jobs = deliver(t, d, desk.ChannelFCM)
	for _, job := range jobs {
		words = append(words, fmt.Sprint(job.Purpose, " ", job.PushTarget, " ", job.Reason, " ", job.KeyRev))
	}
	return jobs, words
}

// told are the words of sent alone.
func told(t *testing.T, d *storetest.Desk) []string {
	t.Helper()
	_, words := sent(t, d)
	return words
}

// started starts a session, whose customer is a guest.
func started(t *testing.T, d *storetest.Desk, c desk.Caller, in store.NewSession) (desk.Session, desk.Guest) {
	t.Helper()
	in.Kind, in.Customer = "support", desk.Customer{Name: "Jo Doe", Company: "Doe Ltd", Details: "The tray jams"}
	out := must(d.StartSession(t.Context(), c, in))
	return out.Session, must(d.AuthenticateGuest(t.Context(), out.GuestToken))
}

func TestG13ASessionInTheOwnQueue(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		d.LogIn("ben")
		session, guest := started(t, d, ana, store.NewSession{RepID: "@ben"})
		jobs, words := sent(t, d)
		same(t, "told", words, "queue ben-1 entered 1", "queue ben-2 entered 1")
		entry := must(d.QueueEntries(t.Context(), ben, "personal", store.EntryQuery{Sort: "waiting", Limit: 10}))[0]
		if job := jobs[0]; job.Key != entry.ID || job.Queue.ID != "personal" || job.Session.ID != session.ID || !job.ExpiresAt.Equal(clock.Now().Add(10*time.Minute)) {
			t.Errorf("told %+v", job)
		}
		ok(t, try(d.LeaveAsGuest(t.Context(), guest)))
		jobs, words = sent(t, d)
		same(t, "the customer left", words, "withdrawal ben-1 session_ended 2", "withdrawal ben-2 session_ended 2")
		if jobs[0].Ends != desk.PurposeQueue || jobs[0].Key != entry.ID || jobs[0].By != nil {
			t.Errorf("withdrawn %+v", jobs[0])
		}

		started(t, d, ben, store.NewSession{})
		same(t, "one's own doing", told(t, d))
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		same(t, "an invitation has its own push", targets(claim(t, d, desk.ChannelFCM)), "invitation ben-1", "invitation ben-2")

		wants(t, d, ben, desk.AlertsChange{Queue: &no})
		started(t, d, ana, store.NewSession{RepID: "@ben"})
		same(t, "switched off", told(t, d))
	})
}

// G13, D10: of a team's queue each is told what they chose; what is overdue takes the place of what came.
func TestG13WhatOfATeamsQueue(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ruled(t, d, "printers", "after_seconds: 60, action: overdue")
		importYAML(t, d, "reps: [{username: eli, name: Eli Stone, teams: {printers: member}}, {username: dev, name: Dev Patel, teams: {printers: member, network: member}}]")
		all, marks, chose, none, marksNot := d.LogInWithPush("ana", "all"), d.LogInWithPush("ben", "marks"), d.LogInWithPush("cho", "default"), d.LogInWithPush("dev", "none"), d.LogInWithPush("eli", "marks-not")
		wants(t, d, all, ofTeams(desk.TeamAlertsAll))
		wants(t, d, marks, ofTeams(desk.TeamAlertsFavourites))
		wants(t, d, none, ofTeams(desk.TeamAlertsNone))
		wants(t, d, marksNot, ofTeams(desk.TeamAlertsFavourites))
		printers := must(d.Me(t.Context(), all)).Teams[0].Team
		ok(t, d.SetFavourite(t.Context(), marks, printers.ID, true))
		ok(t, d.SetFavourite(t.Context(), none, printers.ID, true))
		hal := d.LogIn("hal")
		session, _ := started(t, d, hal, store.NewSession{IssueID: "@paper-jam"})
		jobs, words := sent(t, d)
		same(t, "it came", words, "queue all entered 1", "queue marks entered 1")
		if job := jobs[0]; job.Queue != printers || job.Session.Issue == nil || job.Session.Issue.Name != "Paper jam" || job.Session.Title != "" {
			t.Errorf("told %+v", job)
		}
		clock.Advance(time.Minute)
		for _, c := range []desk.Caller{all, marks, chose, none, marksNot, hal} {
			d.Touch(c)
		}
		ok(t, d.FlushContacts(t.Context()))
		ok(t, d.DoDue(t.Context()))
		_, words = sent(t, d)
		same(t, "overdue", words, "queue all overdue 2", "queue marks overdue 2", "queue default overdue 2")
		take(t, d, marks, session)
		jobs, words = sent(t, d)
		same(t, "taken", words, "withdrawal all accepted 3", "withdrawal marks accepted 3", "withdrawal default accepted 3")
		if job := jobs[0]; job.Ends != desk.PurposeQueue || job.By == nil || job.By.Name != "Ben Okafor" || job.Session.ID != session.ID {
			t.Errorf("withdrawn %+v", job)
		}
	})
}

// G13: only those who are logged in and may take it; never who put it there.
func TestG13WhoOfATeam(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho, dev := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("cho", "cho-1"), d.LogInWithPush("dev", "dev-1")
		for _, c := range []desk.Caller{ana, ben, cho, dev} {
			wants(t, d, c, ofTeams(desk.TeamAlertsAll))
		}
		clock.Advance(desk.ReachableFor + time.Second)
		for _, c := range []desk.Caller{ana, ben, dev} {
			d.Touch(c)
		}
		ok(t, d.FlushContacts(t.Context()))
		started(t, d, ana, store.NewSession{TeamID: "@printers"})
		same(t, "told", told(t, d), "queue ben-1 entered 1")
	})
}

// G13: a session that waits again, and where it was before.
func TestG13ItReturns(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal, ana, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		wants(t, d, ben, ofTeams(desk.TeamAlertsAll))
		session, _ := started(t, d, hal, store.NewSession{TeamID: "@printers"})
		same(t, "it came", told(t, d), "queue ben-1 entered 1")
		take(t, d, ana, session)
		same(t, "taken", told(t, d), "withdrawal ben-1 accepted 2")
		logOut(t, d, ana)
		same(t, "its owner is lost", told(t, d), "queue ben-1 returned 1")
		ok(t, try(d.ReassignSession(t.Context(), hal, session.ID, "@ben", "")))
		same(t, "into ben's own", told(t, d), "withdrawal ben-1 moved 2", "queue ben-1 entered 1")
		ok(t, try(d.ReassignSession(t.Context(), hal, session.ID, "", "@printers")))
		same(t, "back", told(t, d), "withdrawal ben-1 moved 2", "queue ben-1 returned 1")

		own, _ := started(t, d, hal, store.NewSession{RepID: "@ben"})
		told(t, d)
		ok(t, try(d.ReassignSession(t.Context(), hal, own.ID, "", "@printers")))
		told(t, d)
		ok(t, try(d.ReassignSession(t.Context(), hal, own.ID, "@ben", "")))
		same(t, "into the own queue again", told(t, d), "withdrawal ben-1 moved 2", "queue ben-1 returned 1")
	})
}

// G13, G4: whoever may not take it any more is left with nothing showing, and can be told again.
func TestG13WithdrawnFromOne(t *testing.T) {
	for way, leave := range map[string]struct {
		do   func(t *testing.T, d *storetest.Desk, ben desk.Caller)
		want string
	}{
		"leaves the team": {func(t *testing.T, d *storetest.Desk, _ desk.Caller) {
			importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {}}]")
		}, "target_gone"},
		"logs out": {func(t *testing.T, d *storetest.Desk, ben desk.Caller) { logOut(t, d, ben) }, "logged_out"},
		"is disabled": {func(t *testing.T, d *storetest.Desk, _ desk.Caller) {
			ok(t, try(d.UpdateRep(t.Context(), d.LogIn("hal"), "@ben", store.RepChange{Disabled: &yes}, nil)))
		}, "logged_out"},
		"another logs in on it": {func(t *testing.T, d *storetest.Desk, _ desk.Caller) { d.LogInWithPush("dev", "ben-1") }, "logged_out"},
	} {
		t.Run(way, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ruled(t, d, "printers", "after_seconds: 60, action: overdue")
				hal, ana, ben := d.LogIn("hal"), d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1")
				wants(t, d, ana, ofTeams(desk.TeamAlertsAll))
				wants(t, d, ben, ofTeams(desk.TeamAlertsAll))
				session, _ := started(t, d, hal, store.NewSession{TeamID: "@printers"})
				same(t, "it came", told(t, d), "queue ana-1 entered 1", "queue ben-1 entered 1")
				leave.do(t, d, ben)
				same(t, way, slicesWith(told(t, d), "withdrawal"), "withdrawal ben-1 "+leave.want+" 2") // beside it a console can learn that it was signed out
				clock.Advance(time.Minute)
				d.Touch(ana)
				ok(t, d.FlushContacts(t.Context()))
				ok(t, d.DoDue(t.Context()))
				same(t, "overdue", told(t, d), "queue ana-1 overdue 3") // the withdrawal moved it
				take(t, d, ana, session)
				same(t, "taken", told(t, d), "withdrawal ana-1 accepted 4")
			})
		})
	}
}

// G5, G7: what was not sent yet is dropped when it is over, not wanted, or worth nothing any more.
func TestG13NotSentYet(t *testing.T) {
	for way, before := range map[string]func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, ana, ben desk.Caller, s desk.Session){
		"taken": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, ana, _ desk.Caller, s desk.Session) {
			take(t, d, ana, s)
		},
		"switched off": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _, ben desk.Caller, _ desk.Session) {
			wants(t, d, ben, ofTeams(desk.TeamAlertsOverdue))
		},
		"the mark is gone": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _, ben desk.Caller, s desk.Session) {
			wants(t, d, ben, ofTeams(desk.TeamAlertsFavourites))
		},
		"ten minutes later": func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, _, _ desk.Caller, _ desk.Session) {
			clock.Advance(10 * time.Minute)
		},
		"left the team": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _, _ desk.Caller, _ desk.Session) {
			importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {}}]")
		},
	} {
		t.Run(way, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				hal, ana, ben := d.LogIn("hal"), d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
				wants(t, d, ben, ofTeams(desk.TeamAlertsAll))
				session, _ := started(t, d, hal, store.NewSession{TeamID: "@printers"})
				before(t, d, clock, ana, ben, session)
				same(t, "sent", told(t, d))
			})
		})
	}
}

// G13, C9: an owner who was lost is told that the session waits in the queue of their team, like the others.
func TestG13TheLostOwnerIsToldToo(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogIn("ben")
		wants(t, d, ana, ofTeams(desk.TeamAlertsAll))
		take(t, d, ana, start(t, d, ben, store.NewSession{TeamID: "@printers"}))
		told(t, d)
		stay(t, d, clock, lost, ben)
		told(t, d)
		stay(t, d, clock, lostAfterPush-lost, ben)
		same(t, "told", slicesWith(told(t, d), "queue"), "queue ana-1 returned 1")
	})
}

// A7: an embassy rep is told of its embassy's queue; an outsider who takes it away is no name to it.
func TestG13A7Embassy(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		hal, fay, gus := d.LogIn("hal"), d.LogInWithPush("fay", "fay-1"), d.LogIn("gus")
		wants(t, d, fay, ofTeams(desk.TeamAlertsAll))
		session, _ := started(t, d, hal, store.NewSession{TeamID: "@acme"})
		same(t, "it came", told(t, d), "queue fay-1 entered 1")
		take(t, d, gus, session)
		jobs, _ := sent(t, d)
		shows(t, "taken by a colleague", jobs[0].By, []string{"Gus Adler"}, "Gus Adler")
		other, _ := started(t, d, hal, store.NewSession{TeamID: "@acme"})
		told(t, d)
		d.LogIn("ben")
		ok(t, try(d.ReassignSession(t.Context(), hal, other.ID, "@ben", "")))
		jobs, words := sent(t, d)
		same(t, "taken away", words, "withdrawal fay-1 moved 2")
		shows(t, "taken away", jobs, []string{"Hal", "Ben", "Jo Doe"})
	})
}

// C6, C9: transfers and changes of sessions can be switched off, invitations and the call to come back cannot.
func TestG13OtherKindsAreSwitchedOff(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("cho", "cho-1")
		wants(t, d, ben, desk.AlertsChange{Transfers: &no, Sessions: &no})
		session := d.OpenSession(ana, "@main")
		transfer(t, d, ana, session, store.NewTransfer{RepID: ben.RepID})
		same(t, "a transfer to ben", told(t, d))
		take(t, d, ben, session)
		transfer(t, d, ben, session, store.NewTransfer{TeamID: "@printers"})
		same(t, "one to the team", targets(claim(t, d, desk.ChannelFCM)), "transfer ana-1", "transfer cho-1")
		inv := inviteRep(t, d, ben, session, "cho")
		accept(t, d, cho, inv)
		claim(t, d, desk.ChannelFCM)
		must(d.TakeOverSession(t.Context(), ana, session.ID))
		same(t, "taken over from ben", slicesWith(told(t, d), "ben-1"))
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		same(t, "an invitation", slicesWith(send(t, d, desk.ChannelFCM), "ben-1"), "invitation ben-1")
		mine := d.OpenSession(ben, "@main")
		stay(t, d, clock, lost, ana, cho)
		jobs, _ := sent(t, d)
		if len(jobs) != 1 || jobs[0].Reason != desk.SessionConnectionLost || jobs[0].Session.ID != mine.ID {
			t.Errorf("lost: %v", targets(jobs))
		}

		wants(t, d, ben, desk.AlertsChange{Transfers: &yes})
		d.Touch(ben)
		ok(t, d.FlushContacts(t.Context()))
		told(t, d)
		next := d.OpenSession(ana, "@main")
		transfer(t, d, ana, next, store.NewTransfer{RepID: ben.RepID})
		wants(t, d, ben, desk.AlertsChange{Transfers: &no})
		same(t, "switched off while it waits", told(t, d))
	})
}

// slicesWith are the words that hold a part.
func slicesWith(words []string, part string) (found []string) {
	for _, word := range words {
		if strings.Contains(word, part) {
			found = append(found, word)
		}
	}
	return found
}

// C9, I3: who loses a session is told, and who gets it; what told of it is over with it.
func TestG13SessionPushes(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal, ana, ben, cho := d.LogIn("hal"), d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1"), d.LogInWithPush("cho", "cho-1")
		reasons := func() (words []string) {
			for _, job := range claim(t, d, desk.ChannelFCM) {
				finish(t, d, []desk.Job{job}, done)
				if job.Ends == desk.PurposeSession {
					words = append(words, fmt.Sprint(job.Purpose, " ", job.PushTarget, " ", job.Reason))
				}
			}
			return words
		}
		session := d.OpenSession(ben, "@main")
		must(d.TakeOverSession(t.Context(), ana, session.ID)) // ben stays
		same(t, "taken over", reasons(), "session ben-1 taken_over")
		ok(t, try(d.ReassignSession(t.Context(), hal, session.ID, cho.RepID, "")))
		same(t, "given to cho", reasons(), "session cho-1 moved_to_you", "session ana-1 taken_over")
		ok(t, try(d.LeaveSession(t.Context(), cho, session.ID, ben.RepID)))
		same(t, "handed over", reasons(), "withdrawal cho-1 ownership_moved", "session ben-1 moved_to_you")
		ok(t, try(d.EndSession(t.Context(), ben, session.ID, "")))
		same(t, "ended", reasons(), "withdrawal ben-1 session_ended")

		waits := d.OpenSession(ana, "@main")
		ok(t, try(d.ReassignSession(t.Context(), hal, waits.ID, "", "@printers")))
		same(t, "into a queue", reasons(), "session ana-1 taken_over")

		closed, _ := started(t, d, hal, store.NewSession{RepID: "@cho"})
		take(t, d, cho, closed)
		join(t, d, cho, closed, ben, store.NewInvitation{})
		importYAML(t, d, "reps: [{username: cho, name: Cho Min, disabled: true}]")
		same(t, "its owner is no more", reasons(), "session ben-1 moved_to_you")
	})
}

// G10: a device that another logs in on shows nothing of what told the former of their sessions.
func TestG13G10SessionsAreTakenOffALoggedOutDevice(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogInWithPush("ana", "ana-1"), d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		session := d.OpenSession(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		told(t, d)
		ok(t, try(d.LeaveSession(t.Context(), ana, session.ID, ben.RepID)))
		say(t, d, ben, session, "hello")
		shown, _ := sent(t, d)
		logOut(t, d, ben)
		jobs, _ := sent(t, d)
		same(t, "taken off", targets(jobs), "withdrawal ben-1")
		if jobs[0].Reason != "logged_out" || jobs[0].KeyRev <= shown[0].KeyRev || jobs[0].Key != shown[0].Key {
			t.Errorf("of %+v: %+v", shown[0], jobs[0])
		}
	})
}
