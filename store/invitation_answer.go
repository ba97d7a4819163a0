package store

import (
	"context"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// Accepted is the answer to accepting an invitation.
type Accepted struct {
	Invitation desk.Invitation `json:"invitation" doc:"The invitation, accepted"`
	Session    desk.Session    `json:"session" doc:"The session that the caller is now in"`
}

// AcceptInvitation lets the caller into the session. Of all who accept, the first wins (B16); the winner may repeat it
// while still in the session (B15).
func (s *Store) AcceptInvitation(ctx context.Context, c desk.Caller, id string) (Accepted, error) {
	return writeAs(ctx, s, c, func(t *tx) (Accepted, error) { return t.accept(c, id, 0) })
}

func (a *Accepted) SeenThrough(o *desk.Outlook) {
	a.Invitation.SeenThrough(o)
	a.Session.SeenThrough(o)
}

// accept lets the rep in. expectedUntil is 0, or until when the seat waits for a console of the rep's (G2).
func (t *tx) accept(c desk.Caller, id string, expectedUntil int64) (out Accepted, err error) {
	repID := c.RepID
	inv, session, err := t.lockedProper(id)
	if err != nil {
		return out, err
	}
	goes, err := t.goesTo(inv, c)
	if err != nil {
		return out, err
	}
	won := inv.AcceptedBy != nil && inv.AcceptedBy.ID == repID
	if !goes && !won {
		return out, desk.Missing("invitation")
	}
	inside, err := t.isInside(session.ID, repID)
	switch {
	case err != nil:
		return out, err
	case !inv.Active() && !(won && inside):
		return out, inv.Over()
	case inv.Active() && declined(inv, repID):
		return out, declinedAlready(inv)
	case inv.Active() && inside:
		return out, t.insideAlready(session.ID, repID, desk.Refuse(desk.AlreadyInSession, "You are in the session."))
	case inv.Active():
		if inv, session.Session, err = t.join(c, inv, session, expectedUntil); err != nil {
			return out, err
		}
	}
	out.Invitation = inv.ForInvited(repID)
	out.Session, err = t.withAttendees(c, session.Session)
	return out, err
}

func declined(inv desk.Invitation, repID string) bool {
	return slices.ContainsFunc(inv.DeclinedBy, func(r desk.Ref) bool { return r.ID == repID })
}

// declinedAlready is the refusal to accept what one has declined: it is over for that rep alone (B14).
func declinedAlready(inv desk.Invitation) *desk.Problem {
	p := desk.Refuse(desk.InvitationNotActive, "You declined it.")
	p.Conflict = &desk.Conflict{Kind: "invitation", ID: inv.ID, State: string(desk.InvitationDeclined), Reason: string(desk.EndDeclined)}
	if inv.IsTransfer() {
		p.Conflict.Kind = "transfer"
	}
	return p
}

// isInside says whether the rep is in the session now.
func (t *tx) isInside(sessionID, repID string) (bool, error) {
	return t.exists(`SELECT 1 FROM attendees WHERE session_id = $1 AND rep_id = $2 AND left_at = 0`, sessionID, repID)
}

// insideAlready adds to the refusal of somebody who is in the session which attendee they are.
func (t *tx) insideAlready(sessionID, repID string, p *desk.Problem) error {
	seat, err := t.seatOf(sessionID, repID)
	if err != nil {
		return err
	}
	p.Conflict = &desk.Conflict{Kind: "attendee", ID: seat.ID}
	return p
}

// join ends the invitation as accepted and seats the rep, with the lower of the access granted and the ceiling of
// this moment (B10). Another invitation to the same rep ends too (joined_otherwise).
func (t *tx) join(c desk.Caller, inv desk.Invitation, session sessionRow, expectedUntil int64) (desk.Invitation, desk.Session, error) {
	seat := desk.Attendee{Role: desk.AttendeeRep, RepID: c.RepID, Access: desk.LowerOf(inv.Access, *session.Settings.InviteCeiling), Masked: inv.Masked, Invited: true}
	row, err := t.addAttendee(session, seat, expectedUntil)
	if err != nil {
		return inv, session.Session, err
	}
	if inv, err = t.endInvitation(inv, desk.EndAccepted, c.Ref()); err != nil {
		return inv, session.Session, err
	}
	after, err := t.seated(row, c.Ref())
	return inv, after, err
}

// seated ends what else invited a rep to the session that they have joined, and tells that a seat is taken.
func (t *tx) seated(seat attendeeRow, rep desk.Ref) (desk.Session, error) {
	if err := t.endInvitations(rep, desk.EndJoinedOtherwise, `v.session_id = $1 AND v.rep_id = $2 AND v.rep_id <> '' AND v.kind <> 'transfer'`, seat.SessionID, rep.ID); err != nil {
		return desk.Session{}, err
	}
	if err := t.closeTeamInvitationsFor(rep, seat.SessionID); err != nil {
		return desk.Session{}, err
	}
	return t.seatsChanged(seat, seat.Shown())
}

// closeTeamInvitationsFor takes the session's invitations of teams and portals from a rep who has joined it: they stand
// for the others.
func (t *tx) closeTeamInvitationsFor(rep desk.Ref, sessionID string) error {
	open, err := t.invitations(` WHERE v.session_id = $1 AND v.state = 'active' AND v.kind <> 'transfer' AND (v.team_id IN (SELECT m.team_id FROM team_members m WHERE m.rep_id = $2)
		OR v.id IN (`+portalInvitations(`$2`, `$3`, `''`)+`)) ORDER BY v.id`, sessionID, rep.ID, ms(t.now))
	for _, inv := range open {
		if err != nil || declined(inv, rep.ID) {
			continue
		}
		if inv, err = t.comesOrGoes(inv, rep); err == nil {
			err = t.overFor(inv, rep, desk.EndJoinedOtherwise)
		}
	}
	return err
}

// overFor tells one rep that an invitation which stands for others is over for them, and takes it off their devices.
func (t *tx) overFor(inv desk.Invitation, rep desk.Ref, why desk.EndReason) error {
	reason := string(why)
	if why == desk.EndTargetGone && inv.Team != nil {
		reason = leftTeam
	}
	if err := t.tellEntryOf(desk.EventEntryRemoved, inv.ID, rep, reason); err != nil {
		return err
	}
	if inv.IsTransfer() {
		return t.transferOverFor(inv, rep, why)
	}
	mine := inv.ForInvited(rep.ID)
	if why == desk.EndTargetGone { // it was the only sight they had of the session (A8)
		mine.Session = desk.InvitationSession{ID: inv.Session.ID, Kind: inv.Session.Kind}
	}
	gone := desk.Event{Type: desk.EventInvitationEnded, Actor: &rep, SessionID: inv.Session.ID, TeamID: idOf(inv.Team), Reason: string(why), Invitation: &mine}
	if err := t.record(desk.RepTopic(rep.ID), gone); err != nil {
		return err
	}
	return t.withdraw(inv.ID, rep.ID, "")
}

// DeclineInvitation declines for the caller. One to the caller alone ends; one to a team is over for the caller, and
// stays for the others (B14).
func (s *Store) DeclineInvitation(ctx context.Context, c desk.Caller, id string) (desk.Invitation, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Invitation, error) {
		if _, err := t.properInvitation(id); err != nil {
			return desk.Invitation{}, err
		}
		return t.decline(c, id)
	})
}

// decline declines an invitation or a transfer for the caller.
func (t *tx) decline(c desk.Caller, id string) (desk.Invitation, error) {
	repID := c.RepID
	inv, session, err := t.lockedInvitation(id)
	if err != nil {
		return inv, err
	}
	goes, err := t.goesTo(inv, c)
	if err != nil {
		return inv, err
	}
	inside, err := t.isInside(session.ID, repID)
	switch {
	case err != nil:
		return inv, err
	case !goes:
		return inv, desk.Missing("invitation")
	case declined(inv, repID):
		return inv.ForInvited(repID), nil
	case !inv.Active():
		return inv, inv.Over()
	case inside && (!inv.IsTransfer() || idOf(session.Owner) == repID): // the owner too: a team's invitation is for the others of the team
		return inv, t.insideAlready(session.ID, repID, desk.Refuse(desk.AlreadyInSession, "You are in the session."))
	}
	if _, err := t.exec(`INSERT INTO declines (invitation_id, rep_id, declined_at) VALUES ($1, $2, $3)`, inv.ID, repID, ms(t.now)); err != nil {
		return inv, err
	}
	if inv.Rep != nil {
		inv, err = t.endInvitation(inv, desk.EndDeclined, c.Ref())
	} else {
		inv, err = t.declineForOne(inv, c.Ref())
	}
	return inv.ForInvited(repID), err
}

// declineForOne hides a team's invitation from one rep, tells the owner who it was, and whether somebody is left.
func (t *tx) declineForOne(inv desk.Invitation, by desk.Ref) (desk.Invitation, error) {
	left, err := t.takers(inv)
	if err != nil {
		return inv, err
	}
	reason := "declined"
	if len(left) == 0 {
		reason = nobodyLeft
	}
	if inv, err = t.takersChanged(inv, by, reason); err != nil {
		return inv, err
	}
	if err := t.overFor(inv, by, desk.EndDeclined); err != nil {
		return inv, err
	}
	return inv, t.mailIfNobodyLoggedIn(inv, left)
}

// expectedUntil is until when a seat taken by an email's link waits for a console of the rep's: not at all for a rep
// who is connected.
func (t *tx) expectedUntil(repID string) (int64, error) {
	connected, err := t.row(`SELECT 1 FROM consoles WHERE rep_id = $1 AND seen_at > $2`,
		[]any{repID, ms(t.now.Add(-desk.ConnectedFor - desk.PresenceGrace))}, new(int))
	if err != nil || connected {
		return 0, err
	}
	return ms(t.now.Add(desk.ExpectedFor)), nil
}
