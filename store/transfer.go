package store

import (
	"context"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// NewTransfer is a request to give a session to a rep, or to a team of which anybody may take it.
type NewTransfer struct {
	RepID   string
	TeamID  string
	Comment string
	Stay    bool // the owner stays as a further rep, if a seat is free
}

func (n NewTransfer) check() *desk.Problem {
	if (n.RepID == "") == (n.TeamID == "") {
		return desk.Refuse(desk.OneTargetNeeded, "Give exactly one of rep_id and team_id.")
	}
	return desk.CheckText("comment", n.Comment, desk.MaxComment)
}

// TransferSession offers a session to a rep or team (C6). Its owner may, and who may step in (C8). Ownership moves when
// the offer is accepted.
func (s *Store) TransferSession(ctx context.Context, c desk.Caller, id string, n NewTransfer) (desk.Session, error) {
	if p := n.check(); p != nil {
		return desk.Session{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		session, err := t.transferable(c, id)
		if err != nil {
			return desk.Session{}, err
		}
		to, err := t.transferTarget(c, session, n)
		if err != nil {
			return desk.Session{}, err
		}
		if refusal := t.checkTransfer(c, session, to); refusal != nil {
			return desk.Session{}, refusal
		}
		offer := to.invitation(session.ID)
		offer.ID, offer.Rev, offer.Session = newID("trf_"), 1, desk.InvitationSession{ID: session.ID, Kind: session.Kind, Title: session.Title, Issue: session.Issue}
		offer.Inviter, offer.Comment, offer.Stay, offer.Access, offer.State = c.Ref(), n.Comment, n.Stay, desk.Control, desk.InvitationActive
		offer.NobodyLeft = len(to.candidates) == 0
		if err := t.saveInvitation(session, offer); err != nil {
			return desk.Session{}, err
		}
		if err := t.tellTransfer(offer, c.Ref()); err != nil {
			return desk.Session{}, err
		}
		if err := t.queueInvitation(offer, to.candidates); err != nil {
			return desk.Session{}, err
		}
		after, err := t.session(id)
		return after.Session, err
	})
}

// transferable returns an active session that the caller may transfer.
func (t *tx) transferable(c desk.Caller, id string) (sessionRow, error) {
	session, _, err := t.seen(c, id)
	if err != nil {
		return session, err
	}
	if idOf(session.Owner) != c.RepID {
		may, err := t.maySupervise(c, session)
		if err != nil {
			return session, err
		}
		if !may {
			return session, desk.Refuse(desk.NotSessionOwner, "Only the session's owner, and their lead or manager, may do this.")
		}
	}
	if session.State != desk.SessionActive {
		return session, notActive(session)
	}
	return session, nil
}

func (t *tx) transferTarget(c desk.Caller, s sessionRow, n NewTransfer) (target, error) {
	if n.RepID != "" {
		return t.repTarget(c, s, target{kind: desk.OfferTransfer, rep: desk.Ref{ID: n.RepID}}, desk.TransferOutsideTeams)
	}
	id, err := t.resolveFor(c, "team", n.TeamID)
	if err != nil {
		return target{}, err
	}
	return t.teamTarget(c, s, target{kind: desk.OfferTransfer, team: desk.Ref{ID: id}}, desk.TransferOutsideTeams)
}

// checkTransfer asks the rule (C6). A lead can have it transferred to themselves: that is what taking over is for.
func (t *tx) checkTransfer(c desk.Caller, s sessionRow, to target) error {
	facts := desk.TransferFacts{OneRep: to.rep.ID != "", Self: to.rep.ID != "" && to.rep.ID == idOf(s.Owner), CallerEmbassy: c.Embassy,
		Reachable: to.reachable || to.rep.ID != "" && to.rep.ID == c.RepID, Available: to.persistent}
	for _, one := range to.candidates {
		facts.Available = facts.Available || one.loggedIn
	}
	if s.Transfer != nil {
		facts.Pending = &desk.Conflict{Kind: "transfer", ID: s.Transfer.ID, State: string(desk.InvitationActive), By: &s.Transfer.Sender}
	}
	if refusal := desk.CheckTransfer(facts); refusal != nil {
		return to.notThere(refusal)
	}
	return nil
}

// tellTransfer tells those in the session, and those to whom it is offered, that a transfer stands or is over. Who loses
// sight of the session by that is told no more than that.
func (t *tx) tellTransfer(offer desk.Invitation, by desk.Ref) error {
	reason := "transfer_offered"
	if !offer.Active() {
		reason = "transfer_" + string(offer.Reason)
	}
	session, err := t.transferChanged(offer, by, reason)
	if err != nil {
		return err
	}
	told, err := t.repsIn(offer.Session.ID)
	if err != nil {
		return err
	}
	told = append(told, offer.Inviter.ID)
	if !offer.Active() {
		session = session.Gone()
	}
	event := desk.Event{Type: desk.EventSessionChanged, Actor: refOrNil(by), SessionID: session.ID, Reason: reason, Session: &session}
	if offer.Team != nil {
		event.TeamID = offer.Team.ID
		for _, one := range offer.DeclinedBy { // told that it is over when they declined
			told = append(told, one.ID)
		}
		return t.record(desk.TeamTopic(offer.Team.ID), event, told...)
	}
	if slices.Contains(told, offer.Rep.ID) {
		return nil
	}
	return t.record(desk.RepTopic(offer.Rep.ID), event)
}

// transferChanged tells those in the session of a change of its transfer, and the one who offers it without being inside
// (C8), as far as they see the session.
func (t *tx) transferChanged(offer desk.Invitation, by desk.Ref, reason string) (desk.Session, error) {
	if err := t.moveRev(offer.Session.ID); err != nil {
		return desk.Session{}, err
	}
	session, err := t.sessionChanged(sessionChange{actor: by, id: offer.Session.ID, reason: reason, hidden: true})
	if err != nil {
		return session, err
	}
	inside, err := t.isInside(session.ID, offer.Inviter.ID)
	if err != nil || inside {
		return session, err
	}
	return session, t.tellOutside(offer.Inviter, desk.Event{Type: desk.EventSessionChanged, Actor: refOrNil(by), SessionID: session.ID, Reason: reason}, session)
}

// tellOutside tells a rep of a session, if they see it, or that there is nothing to see any more.
func (t *tx) tellOutside(rep desk.Ref, event desk.Event, session desk.Session) error {
	sees, err := t.seesNow(rep.ID, session.ID)
	if err != nil {
		return err
	}
	if !sees {
		session = session.Gone()
	}
	event.Session = &session
	return t.record(desk.RepTopic(rep.ID), event)
}

// seesNow says whether a rep sees a session at this moment, whatever console they ask from.
func (t *tx) seesNow(repID, sessionID string) (bool, error) {
	c := desk.Caller{RepID: repID}
	if _, err := t.row(`SELECT role, embassy FROM reps WHERE id = $1`, []any{repID}, &c.Role, &c.Embassy); err != nil {
		return false, err
	}
	_, _, err := t.seen(c, sessionID)
	if desk.IsMissing(err) {
		return false, nil
	}
	return err == nil, err
}

// transferOverFor tells one rep that a transfer which stands for others is over for them. Who is in the session goes on
// seeing it, and was told with all who are.
func (t *tx) transferOverFor(offer desk.Invitation, rep desk.Ref, why desk.EndReason) error {
	inside, err := t.isInside(offer.Session.ID, rep.ID)
	if err != nil {
		return err
	}
	if inside {
		return t.withdraw(offer.ID, rep.ID, "")
	}
	session, err := t.session(offer.Session.ID)
	if err != nil {
		return err
	}
	event := desk.Event{Type: desk.EventSessionChanged, Actor: &rep, SessionID: session.ID, TeamID: idOf(offer.Team), Reason: "transfer_" + string(why)}
	if err := t.tellOutside(rep, event, session.Session); err != nil {
		return err
	}
	return t.withdraw(offer.ID, rep.ID, "")
}

// moveRev moves a session's revision.
func (t *tx) moveRev(sessionID string) error {
	_, err := t.exec(`UPDATE sessions SET rev = rev + 1 WHERE id = $1`, sessionID)
	return err
}

// offeredTo returns the pending transfer of a session, if it is one to the caller at this moment.
func (t *tx) offeredTo(c desk.Caller, s sessionRow) (offer desk.Invitation, offered bool, err error) {
	if s.transferID == "" {
		return offer, false, nil
	}
	if offer, err = t.invitation(s.transferID); err != nil {
		return offer, false, err
	}
	goes, err := t.goesTo(offer, c)
	return offer, goes && !declined(offer, c.RepID), err
}

// acceptTransfer makes the caller the owner. The former owner leaves, unless they are to stay and a seat is free. The queue
// that it was offered to is the last that the session stood in: there it goes when the caller is lost (C9), and whoever
// accepts it second learns who was first (D8).
func (t *tx) acceptTransfer(c desk.Caller, s sessionRow, offer desk.Invitation) (desk.Session, error) {
	if _, err := t.endInvitation(offer, desk.EndAccepted, c.Ref()); err != nil {
		return desk.Session{}, err
	}
	if _, err := t.exec(`UPDATE sessions SET queue_rep_id = $1, queue_team_id = $2, came_by = 'transfer' WHERE id = $3`, idOf(offer.Rep), idOf(offer.Team), s.ID); err != nil {
		return desk.Session{}, err
	}
	return t.becomeOwner(c, s, ownerMove{reason: "transferred", stay: offer.Stay})
}

// refuseTransfer says that the last transfer, if it was one to the caller, is over, and why; who else took the session is another
// refusal (D8).
func (t *tx) refuseTransfer(c desk.Caller, s sessionRow) error {
	found, err := t.invitations(` WHERE v.session_id = $1 AND v.kind = 'transfer' AND v.past = 0 ORDER BY v.id DESC LIMIT 1`, s.ID)
	if err != nil || len(found) == 0 {
		return err
	}
	offer := found[0]
	goes, err := t.goesTo(offer, c)
	switch {
	case err != nil || !goes || offer.Reason == desk.EndAccepted:
		return err
	case offer.Active() && declined(offer, c.RepID):
		return declinedAlready(offer)
	case offer.Active():
		return nil
	}
	return offer.Over()
}

// transfersPast notes that a session is taken from a queue, and not by any of its former transfers: of those that race for it, none
// is told of these.
func (t *tx) transfersPast(sessionID string) error {
	_, err := t.exec(`UPDATE invitations SET past = 1 WHERE session_id = $1 AND kind = 'transfer'`, sessionID)
	return err
}

// lastTransfer returns the latest transfer of a session, pending or past.
func (t *tx) lastTransfer(sessionID string) (desk.Invitation, error) {
	found, err := t.invitations(` WHERE v.session_id = $1 AND v.kind = 'transfer' ORDER BY v.id DESC LIMIT 1`, sessionID)
	if err == nil && len(found) == 0 {
		err = desk.Missing("transfer")
	}
	if err != nil {
		return desk.Invitation{}, err
	}
	return found[0], nil
}

// CancelTransfer takes a transfer back: its sender may, and the session's owner.
func (s *Store) CancelTransfer(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		session, _, err := t.seen(c, id)
		if err != nil {
			return desk.Session{}, err
		}
		offer, err := t.lastTransfer(id)
		mine := idOf(session.Owner) == c.RepID || err == nil && offer.Inviter.ID == c.RepID
		switch {
		case !mine && (err == nil || desk.IsMissing(err)):
			return desk.Session{}, desk.Refuse(desk.NotSessionOwner, "Only the sender and the session's owner may do this.")
		case err != nil:
			return desk.Session{}, err
		case offer.Reason == desk.EndCancelled:
			return session.Session, nil
		case !offer.Active():
			return desk.Session{}, offer.Over()
		}
		if _, err := t.endInvitation(offer, desk.EndCancelled, c.Ref()); err != nil {
			return desk.Session{}, err
		}
		after, err := t.session(id)
		return after.Session, err
	})
}

// DeclineTransfer declines for the caller: one to the caller ends, one to a team is over for this rep alone.
func (s *Store) DeclineTransfer(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		if _, err := t.lockedSession(id); err != nil {
			return desk.Session{}, err
		}
		offer, err := t.lastTransfer(id)
		if err == nil {
			var goes bool
			if goes, err = t.goesTo(offer, c); err == nil && !goes {
				err = desk.Missing("transfer")
			}
		}
		if err != nil {
			return desk.Session{}, t.unseen(c, id, err)
		}
		if _, err := t.decline(c, offer.ID); err != nil {
			return desk.Session{}, err
		}
		after, sight, err := t.seen(c, id)
		if sight == desk.SightNone && desk.IsMissing(err) {
			return after.Session.Gone(), nil
		}
		return after.Session, err
	})
}

// unseen is what somebody is told who cannot even see the session: that the session is not there (I4).
func (t *tx) unseen(c desk.Caller, sessionID string, otherwise error) error {
	if _, _, err := t.seen(c, sessionID); err != nil {
		return err
	}
	return otherwise
}
