package desk

import (
	"testing"
	"time"
)

// allowed are facts with which nothing stands in the way of inviting.
func allowed() InviteFacts {
	return InviteFacts{Target: InviteRep, Sharing: SharingTeams, Ceiling: Control, MaxInvited: 7, Reachable: true, Available: true}
}

// inviteRefusals are the refusals in the order of rule B7, each with the facts that bring it about.
var inviteRefusals = []struct {
	code Code
	make func(*InviteFacts)
}{
	{SharingOff, func(f *InviteFacts) { f.Sharing = SharingOffHere }},
	{CannotInviteSelf, func(f *InviteFacts) { f.Self = true }},
	{NotReachable, func(f *InviteFacts) { f.Reachable = false }},
	{AlreadyInSession, func(f *InviteFacts) { f.InSession = true }},
	{AlreadyInvited, func(f *InviteFacts) { f.AlreadyInvited = &Conflict{Kind: "invitation", ID: "inv_1"} }},
	{RepNotAvailable, func(f *InviteFacts) { f.Available = false }},
	{RepLimitReached, func(f *InviteFacts) { f.Seated = 7 }},
	{AccessAboveCeiling, func(f *InviteFacts) { f.Ceiling, f.Access = View, Control }},
}

func TestB7EachRefusal(t *testing.T) {
	for _, r := range inviteRefusals {
		facts := allowed()
		r.make(&facts)
		if access, p := CheckInvite(facts); p == nil || p.Code != r.code || access != "" {
			t.Errorf("%s: got access %q, %v", r.code, access, p)
		}
	}
	if access, p := CheckInvite(allowed()); p != nil || access != Control {
		t.Errorf("nothing in the way: got %q, %v", access, p)
	}
}

func TestB7TheEarlierRefusalWins(t *testing.T) {
	for first := range inviteRefusals {
		for second := first + 1; second < len(inviteRefusals); second++ {
			facts := allowed()
			inviteRefusals[second].make(&facts)
			inviteRefusals[first].make(&facts)
			want := inviteRefusals[first].code
			if _, p := CheckInvite(facts); p == nil || p.Code != want {
				t.Errorf("%s and %s: got %v, want %s", want, inviteRefusals[second].code, p, want)
			}
		}
	}
	facts := allowed()
	for i := len(inviteRefusals) - 1; i >= 0; i-- { // one more each time: always the first of them
		inviteRefusals[i].make(&facts)
		if _, p := CheckInvite(facts); p == nil || p.Code != inviteRefusals[i].code {
			t.Errorf("all from %s on: got %v", inviteRefusals[i].code, p)
		}
	}
}

// An issue that is not open to the caller is out of reach, in the place of not_reachable.
func TestB7RequestHelpInTheOrder(t *testing.T) {
	closed := func() InviteFacts {
		facts := allowed()
		facts.Target, facts.Reachable = InviteIssue, false
		return facts
	}
	for i, other := range inviteRefusals {
		facts, want := closed(), IssueNotShareable
		if other.make(&facts); i < 2 {
			want = other.code
		}
		if _, p := CheckInvite(facts); p == nil || p.Code != want {
			t.Errorf("with %s: got %v, want %s", other.code, p, want)
		}
	}
	facts := closed()
	facts.CallerEmbassy = true
	if _, p := CheckInvite(facts); p == nil || p.Error() != Missing("issue").Error() { // A7
		t.Errorf("an embassy rep is told %v", p)
	}
}

func TestB7WhatTheRefusalSays(t *testing.T) {
	for _, kind := range []InvitationKind{InviteTeam, InviteIssue} {
		facts := allowed()
		facts.Target, facts.Available = kind, false
		if _, p := CheckInvite(facts); p == nil || p.Code != TeamNotAvailable {
			t.Errorf("%s, nobody there: got %v", kind, p)
		}
	}
	t.Run("A7 an embassy rep is told that it is not there", func(t *testing.T) {
		facts := allowed()
		facts.Reachable, facts.CallerEmbassy = false, true
		_, p := CheckInvite(facts)
		if want := Missing("rep"); p == nil || p.Code != want.Code || p.Detail != want.Detail {
			t.Errorf("got %v, want what a rep who is not there gives", p)
		}
	})
	t.Run("B6 the conflict shows the first invitation", func(t *testing.T) {
		facts := allowed()
		facts.AlreadyInvited = &Conflict{Kind: "invitation", ID: "inv_1", State: "active"}
		if _, p := CheckInvite(facts); p == nil || p.Conflict == nil || p.Conflict.ID != "inv_1" {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("B11 the limit is told", func(t *testing.T) {
		facts := allowed()
		facts.MaxInvited, facts.Seated = 2, 2
		if _, p := CheckInvite(facts); p == nil || p.Limit != 2 {
			t.Errorf("got %+v", p)
		}
	})
}

func TestB11SeatsUpToTheLimit(t *testing.T) {
	for _, c := range []struct {
		seated, limit int
		free          bool
	}{{0, 7, true}, {6, 7, true}, {7, 7, false}, {8, 7, false}, {0, 0, false}, {1, 2, true}, {2, 2, false}} {
		facts := allowed()
		facts.Seated, facts.MaxInvited = c.seated, c.limit
		if _, p := CheckInvite(facts); (p == nil) != c.free {
			t.Errorf("%d of %d seats taken: got %v", c.seated, c.limit, p)
		}
	}
}

func TestB10AccessNeverAboveTheCeiling(t *testing.T) {
	for _, c := range []struct {
		ceiling, wanted, granted Access
		refused                  bool
	}{
		{Control, "", Control, false}, // left out, it is the ceiling
		{View, "", View, false},
		{Control, Control, Control, false},
		{Control, View, View, false},
		{View, View, View, false},
		{View, Control, "", true},
	} {
		facts := allowed()
		facts.Ceiling, facts.Access = c.ceiling, c.wanted
		granted, p := CheckInvite(facts)
		if granted != c.granted || (p != nil) != c.refused {
			t.Errorf("ceiling %s, wanted %q: got %q, %v", c.ceiling, c.wanted, granted, p)
		}
	}
}

func TestB13EachReasonHasItsState(t *testing.T) {
	for reason, want := range map[EndReason]InvitationState{
		EndAccepted: InvitationAccepted, EndDeclined: InvitationDeclined, EndCancelled: InvitationCancelled,
		EndSessionEnded: InvitationWithdrawn, EndJoinedOtherwise: InvitationWithdrawn, EndTargetGone: InvitationWithdrawn,
		EndLoggedOut: InvitationWithdrawn, "owner_left": InvitationWithdrawn, "ownership_moved": InvitationWithdrawn,
	} {
		if got := reason.State(); got != want {
			t.Errorf("%s: got %s, want %s", reason, got, want)
		}
	}
}

func TestB15TheConflictSaysWhyAndWho(t *testing.T) {
	ended := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	ana, ben := Ref{ID: "rep_a", Name: "Ana"}, Ref{ID: "rep_b", Name: "Ben"}
	for _, c := range []struct {
		reason EndReason
		winner *Ref
		by     *Ref
	}{{EndAccepted, &ben, &ben}, {EndCancelled, nil, &ana}, {EndSessionEnded, nil, nil}, {EndDeclined, nil, nil}, {EndTargetGone, nil, nil}} {
		inv := Invitation{ID: "inv_1", State: c.reason.State(), Reason: c.reason, Inviter: ana, AcceptedBy: c.winner, EndedAt: &ended}
		p := inv.Over()
		got := p.Conflict
		if p.Code != InvitationNotActive || got.ID != "inv_1" || got.Reason != string(c.reason) || got.State != string(c.reason.State()) || got.EndedAt != &ended {
			t.Errorf("%s: got %v, %+v", c.reason, p, got)
		}
		if (got.By == nil) != (c.by == nil) || got.By != nil && *got.By != *c.by {
			t.Errorf("%s: by %v, want %v", c.reason, got.By, c.by)
		}
	}
}

// Whom an invitation shows what: B14 the owner sees who declined, A8 who has no more to do with the session sees
// nothing of it.
func TestB14A8EachSeesTheirView(t *testing.T) {
	ben, cho := Ref{ID: "rep_b", Name: "Ben"}, Ref{ID: "rep_c", Name: "Cho"}
	session := InvitationSession{ID: "ses_1", Kind: "support", Title: "Jo Doe", Issue: &Ref{ID: "iss_1", Name: "Paper jam"}}
	active := Invitation{State: InvitationActive, Session: session, DeclinedBy: []Ref{cho}, NobodyLeft: true}
	accepted := Invitation{State: InvitationAccepted, Reason: EndAccepted, Session: session, AcceptedBy: &ben, DeclinedBy: []Ref{cho}}
	cancelled := Invitation{State: InvitationCancelled, Reason: EndCancelled, Session: session}
	for _, c := range []struct {
		name         string
		inv          Invitation
		rep          string
		title, byMe  bool
		winnerIsTold bool
	}{
		{"active, invited", active, ben.ID, true, false, false},
		{"active, declined", active, cho.ID, false, true, false},
		{"accepted, winner", accepted, ben.ID, true, false, true},
		{"accepted, another", accepted, "rep_d", false, false, true},
		{"accepted, who declined", accepted, cho.ID, false, true, true},
		{"cancelled", cancelled, ben.ID, false, false, false},
	} {
		got := c.inv.ForInvited(c.rep)
		if got.DeclinedBy != nil || got.NobodyLeft {
			t.Errorf("%s: sees who declined: %+v", c.name, got)
		}
		if shown := got.Session.Title != "" && got.Session.Issue != nil; shown != c.title || got.Session.ID != session.ID {
			t.Errorf("%s: session %+v", c.name, got.Session)
		}
		if got.DeclinedByMe != c.byMe || (got.AcceptedBy != nil) != c.winnerIsTold {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
	if owner := active.ForOwner(); len(owner.DeclinedBy) != 1 || !owner.NobodyLeft || owner.Session.Title == "" {
		t.Errorf("owner: %+v", owner)
	}
	if len(active.DeclinedBy) != 1 {
		t.Error("a view changed what it is a view of")
	}
}
