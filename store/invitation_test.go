package store_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestB2ARepsInvitationStandsInThePersonalQueue(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		if inv.Kind != desk.InviteRep || inv.Rep.ID != ben.RepID || inv.Team != nil || inv.Inviter.ID != ana.RepID || !inv.Active() || inv.Rev != 1 {
			t.Errorf("invitation %+v", inv)
		}
		same(t, "ben", open(t, d, ben), inv.ID)
		same(t, "cho", open(t, d, cho))
		same(t, "ana", open(t, d, ana))
	})
}

func TestB3ExactlyOneRepOfTheTeamTakesEach(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, cho, dev := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev")
		session := d.OpenSession(ana, "@main")
		first, second := inviteTeam(t, d, ana, session, "printers"), inviteTeam(t, d, ana, session, "printers")
		same(t, "ben", open(t, d, ben), second.ID, first.ID)
		same(t, "the owner, who is of the team", open(t, d, ana))
		same(t, "a rep of another team", open(t, d, dev))
		accept(t, d, ben, first)
		same(t, "ben, who is in now", open(t, d, ben))
		same(t, "cho", open(t, d, cho), second.ID)
		_, err := d.AcceptInvitation(t.Context(), cho, first.ID)
		if p := refused(t, err, desk.InvitationNotActive); p.Conflict.By == nil || p.Conflict.By.ID != ben.RepID {
			t.Errorf("cho is told %+v", p.Conflict)
		}
		accept(t, d, cho, second)
		_, err = d.AcceptInvitation(t.Context(), dev, second.ID)
		refused(t, err, desk.NotFound)
	})
}

func TestB4RequestHelpAsksTheTeamOfTheIssue(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ben, dev := d.LogIn("ben"), d.LogIn("dev")
		session := d.OpenSession(ben, "@main")
		inv := requestHelp(t, d, ben, session, "vpn") // outside of ben's teams: the issue's own setting is the permission
		if inv.Kind != desk.InviteIssue || inv.Team == nil || inv.Team.Name != "Network" || inv.Issue == nil || inv.Issue.Name != "VPN" {
			t.Errorf("invitation %+v", inv)
		}
		same(t, "dev", open(t, d, dev), inv.ID)
		for issue, code := range map[string]desk.Code{"@internal": desk.IssueNotShareable, "@firewall": desk.IssueNotShareable, "@none": desk.NotFound} { // A2
			_, err := d.Invite(t.Context(), ben, session.ID, store.NewInvitation{IssueID: issue})
			refusal(t, issue, err, code)
		}
		own := d.OpenSession(dev, "")
		_, err := d.Invite(t.Context(), dev, own.ID, store.NewInvitation{IssueID: "@firewall"}) // open to dev's team; nobody else of it is there
		refused(t, err, desk.TeamNotAvailable)
	})
}

func TestB6AtMostOneActiveInvitationPerRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		first := inviteRep(t, d, ana, session, "ben")
		_, err := d.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: ben.RepID})
		if p := refused(t, err, desk.AlreadyInvited); p.Conflict == nil || p.Conflict.ID != first.ID {
			t.Errorf("the conflict shows %+v, want %s", p.Conflict, first.ID)
		}
		inviteTeam(t, d, ana, session, "printers") // not for one rep: several may stand
		inviteTeam(t, d, ana, session, "printers")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben") // another session
		must(d.DeclineInvitation(t.Context(), ben, first.ID))
		inviteRep(t, d, ana, session, "ben") // B20: who declined can be invited again
	})
}

func TestB7Refusals(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "portals: [{slug: none, name: None, max_invited_reps: 0}]")
		ana, ben, fay := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("fay")
		d.LogIn("dev")
		main := d.OpenSession(ana, "@main")
		bens := d.OpenSession(ben, "@main")
		inviteRep(t, d, ben, bens, "ana")
		joined := inviteRep(t, d, ana, main, "ben")
		accept(t, d, ben, joined)
		for _, c := range []struct {
			name  string
			owner desk.Caller
			s     desk.Session
			in    store.NewInvitation
			code  desk.Code
		}{
			{"sharing off", ana, d.OpenSession(ana, "@quiet"), store.NewInvitation{RepID: "@ben"}, desk.SharingOff},
			{"sharing off, help", ana, d.OpenSession(ana, "@quiet"), store.NewInvitation{IssueID: "@vpn"}, desk.SharingOff},
			{"sharing off, help on an issue that is not open", ana, d.OpenSession(ana, "@quiet"), store.NewInvitation{IssueID: "@firewall"}, desk.SharingOff},
			{"help on an issue that is not open, no seat, access above the ceiling", ana, d.OpenSession(ana, "@none"), store.NewInvitation{IssueID: "@firewall", Access: desk.Control}, desk.IssueNotShareable},
			{"A7 sharing off, help on an issue that is not open, by an embassy rep", fay, d.OpenSession(fay, "@quiet"), store.NewInvitation{IssueID: "@firewall"}, desk.NotFound},
			{"oneself", ana, main, store.NewInvitation{RepID: "@ana"}, desk.CannotInviteSelf},
			{"a rep outside one's teams", ben, bens, store.NewInvitation{RepID: "@dev"}, desk.NotReachable},
			{"a team outside one's teams", ben, bens, store.NewInvitation{TeamID: "@network"}, desk.NotReachable},
			{"A7 an outside rep, by an embassy rep", fay, d.OpenSession(fay, "@main"), store.NewInvitation{RepID: "@ben"}, desk.NotFound},
			{"A7 an outside team, by an embassy rep", fay, d.OpenSession(fay, "@main"), store.NewInvitation{TeamID: "@printers"}, desk.NotFound},
			{"a rep who is in", ana, main, store.NewInvitation{RepID: "@ben"}, desk.AlreadyInSession},
			{"a rep who is invited", ben, bens, store.NewInvitation{RepID: "@ana"}, desk.AlreadyInvited},
			{"a rep who is away", ana, main, store.NewInvitation{RepID: "@cho"}, desk.RepNotAvailable},
			{"a team of which nobody is there", ana, d.OpenSession(fay, "@main"), store.NewInvitation{TeamID: "@acme"}, desk.NotFound}, // not ana's session
			{"a team whose only rep is in", ana, main, store.NewInvitation{TeamID: "@printers"}, desk.TeamNotAvailable},
			{"no seat", ana, d.OpenSession(ana, "@none"), store.NewInvitation{RepID: "@ben"}, desk.RepLimitReached},
			{"access above the ceiling", ana, d.OpenSession(ana, "@looking"), store.NewInvitation{RepID: "@ben", Access: desk.Control}, desk.AccessAboveCeiling},
			{"nobody named", ana, main, store.NewInvitation{}, desk.OneTargetNeeded},
			{"two named", ana, main, store.NewInvitation{RepID: "@ben", TeamID: "@network"}, desk.OneTargetNeeded},
			{"a rep who does not exist", ana, main, store.NewInvitation{RepID: "@zoe"}, desk.NotFound},
			{"B8 a comment too long", ana, main, store.NewInvitation{TeamID: "@network", Comment: strings.Repeat("🖨", 501)}, desk.ValidationFailed},
			{"B8 a comment with NUL", ana, main, store.NewInvitation{TeamID: "@network", Comment: "a\x00b"}, desk.ValidationFailed},
		} {
			_, err := d.Invite(t.Context(), c.owner, c.s.ID, c.in)
			refusal(t, c.name, err, c.code)
		}
		// A persistent team's queue takes it, though nobody is there.
		if inv := inviteTeam(t, d, ana, main, "night"); !inv.Active() {
			t.Errorf("persistent team: %+v", inv)
		}
	})
}

func TestB7OnlyWhileTheSessionIsActive(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogIn("ben")
		waiting := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo"}})).Session
		_, err := d.Invite(t.Context(), ana, waiting.ID, store.NewInvitation{RepID: "@ben"})
		refused(t, err, desk.NotSessionOwner) // B1: nobody owns it yet
		ended := d.OpenSession(ana, "")
		must(d.EndSession(t.Context(), ana, ended.ID, ""))
		_, err = d.Invite(t.Context(), ana, ended.ID, store.NewInvitation{RepID: "@ben"})
		if p := refused(t, err, desk.SessionNotActive); p.Conflict.State != "ended" {
			t.Errorf("conflict %+v", p.Conflict)
		}
	})
}

func TestB8B9WhatAnInvitationCarries(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		comment := strings.Repeat("🖨", 499) + "\n"
		inv := invite(t, d, ana, session, store.NewInvitation{RepID: "@ben", Comment: comment, Access: desk.View, Masked: true})
		if seen := must(d.Invitation(t.Context(), ben, inv.ID)); seen.Comment != comment || seen.Access != desk.View || !seen.Masked {
			t.Errorf("ben sees %+v", seen)
		}
		got := must(d.AcceptInvitation(t.Context(), ben, inv.ID))
		seat := got.Session.Attendees[len(got.Session.Attendees)-1]
		if seat.RepID != ben.RepID || seat.Role != desk.AttendeeRep || !seat.Masked || seat.Access != desk.View { // B9
			t.Errorf("seat %+v", seat)
		}
		if seen := must(d.GuestAttendees(t.Context(), guest)); len(seen) != 2 { // C2, C11: the customer and the owner
			t.Errorf("guests see %+v", seen)
		}
	})
}

func TestB10TheLowerOfGrantAndCeilingOfTheMoment(t *testing.T) {
	for _, c := range []struct{ ceiling, wanted, later, got desk.Access }{
		{"control", "", "control", "control"},
		{"control", "control", "view", "view"}, // the ceiling fell meanwhile
		{"view", "", "control", "view"},        // it rose: what was granted stays
		{"control", "view", "control", "view"},
	} {
		each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
			portal := func(ceiling desk.Access) {
				importYAML(t, d, "portals: [{slug: x, name: X, invite_ceiling: "+string(ceiling)+"}]")
			}
			portal(c.ceiling)
			ana, ben := d.LogIn("ana"), d.LogIn("ben")
			session := d.OpenSession(ana, "@x")
			inv := invite(t, d, ana, session, store.NewInvitation{RepID: ben.RepID, Access: c.wanted})
			portal(c.later)
			accept(t, d, ben, inv)
			attendees := must(d.Attendees(t.Context(), ana, session.ID))
			if seat := attendees[len(attendees)-1]; seat.Access != c.got {
				t.Errorf("%+v: seat has %s", c, seat.Access)
			}
		})
	}
}

func TestB17TheOwnerSeesEveryInvitation(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho")
		session := d.OpenSession(ana, "@main")
		declined, cancelled := inviteRep(t, d, ana, session, "ben"), inviteRep(t, d, ana, session, "cho")
		clock.Advance(desk.ConnectedFor)
		must(d.DeclineInvitation(t.Context(), ben, declined.ID))
		must(d.CancelInvitation(t.Context(), ana, cancelled.ID))
		active := inviteTeam(t, d, ana, session, "printers")
		must(d.DeclineInvitation(t.Context(), ben, active.ID))
		list := must(d.SessionInvitations(t.Context(), ana, session.ID, "", 50))
		if len(list) != 3 || list[0].ID != active.ID || list[2].ID != declined.ID {
			t.Fatalf("list %+v", list)
		}
		if got := list[0]; got.Rev <= active.Rev || len(got.DeclinedBy) != 1 || got.DeclinedBy[0].ID != ben.RepID || got.EndedAt != nil {
			t.Errorf("active: %+v", got)
		}
		if got := list[1]; got.Rev <= cancelled.Rev || got.Reason != desk.EndCancelled || !got.EndedAt.Equal(clock.Now()) {
			t.Errorf("cancelled: %+v", got)
		}
		if got := list[2]; got.Rev <= declined.Rev || got.Reason != desk.EndDeclined || len(got.DeclinedBy) != 1 || got.DeclinedBy[0].ID != ben.RepID || !got.EndedAt.After(got.CreatedAt) {
			t.Errorf("declined: %+v", got)
		}
		page := must(d.SessionInvitations(t.Context(), ana, session.ID, list[0].ID, 1))
		if len(page) != 1 || page[0].ID != list[1].ID {
			t.Errorf("page %+v", page)
		}
		_, err := d.SessionInvitations(t.Context(), cho, session.ID, "", 50)
		refused(t, err, desk.NotSessionOwner)
		_, err = d.SessionInvitations(t.Context(), d.LogIn("fay"), session.ID, "", 50)
		refused(t, err, desk.NotFound)
	})
}
