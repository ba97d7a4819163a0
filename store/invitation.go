package store

import (
	"context"
	"errors"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// tellInvitation records an event for the owner and for those to whom the invitation goes, each with their view.
func (t *tx) tellInvitation(kind desk.EventType, inv desk.Invitation, actor desk.Ref, reason string) error {
	if inv.IsTransfer() {
		return t.tellTransfer(inv, actor)
	}
	event := func(view desk.Invitation) desk.Event {
		return desk.Event{Type: kind, Actor: refOrNil(actor), SessionID: inv.Session.ID, TeamID: idOf(inv.Team), Reason: reason, Invitation: &view}
	}
	if err := t.record(desk.RepTopic(inv.Inviter.ID), event(inv.ForOwner())); err != nil {
		return err
	}
	if inv.Rep != nil {
		return t.record(desk.RepTopic(inv.Rep.ID), event(inv.ForInvited(inv.Rep.ID)))
	}
	except, err := t.repsIn(inv.Session.ID) // they cannot take it; who joined meanwhile was told then
	if err != nil {
		return err
	}
	except = append(except, inv.Inviter.ID)
	for _, by := range inv.DeclinedBy {
		except = append(except, by.ID) // told that it is over when they declined
	}
	if winner := inv.AcceptedBy; winner != nil {
		except = append(except, winner.ID)
		if err := t.record(desk.RepTopic(winner.ID), event(inv.ForInvited(winner.ID))); err != nil {
			return err
		}
	}
	return t.record(topicOf(inv), event(inv.ForInvited("")), except...)
}

// topicOf is where all to whom an invitation of a team or portal goes read of it.
func topicOf(inv desk.Invitation) string {
	switch {
	case inv.Team != nil:
		return desk.TeamTopic(inv.Team.ID)
	case inv.SubPortals:
		return desk.PortalsTopic(inv.Portal.ID)
	}
	return desk.PortalTopic(inv.Portal.ID)
}

const invitationColumns = `SELECT v.id, v.rev, v.kind, v.session_id, s.kind, s.customer_name, s.issue_id, COALESCE(si.title, ''),
	v.rep_id, COALESCE(r.name, ''), v.team_id, COALESCE(t.name, ''), v.issue_id, COALESCE(i.title, ''), v.inviter_id, o.name,
	v.comment, v.access, v.masked, v.state, v.reason, v.accepted_by, COALESCE(w.name, ''), v.nobody_left, v.created_at, v.ended_at,
	v.portal_id, COALESCE(p.name, ''), v.sub_portals, v.stay, v.reminders, v.reminded_at
	FROM invitations v JOIN sessions s ON s.id = v.session_id LEFT JOIN issues si ON si.id = s.issue_id LEFT JOIN reps r ON r.id = v.rep_id
	LEFT JOIN teams t ON t.id = v.team_id LEFT JOIN issues i ON i.id = v.issue_id JOIN reps o ON o.id = v.inviter_id LEFT JOIN reps w ON w.id = v.accepted_by
	LEFT JOIN portals p ON p.id = v.portal_id`

func scanInvitation(scan scanner, v *desk.Invitation) error {
	var sessionIssue, rep, team, issue, winner, portal desk.Ref
	var customer string
	var created, ended, reminded int64
	err := scan(&v.ID, &v.Rev, &v.Kind, &v.Session.ID, &v.Session.Kind, &customer, &sessionIssue.ID, &sessionIssue.Name,
		&rep.ID, &rep.Name, &team.ID, &team.Name, &issue.ID, &issue.Name, &v.Inviter.ID, &v.Inviter.Name,
		&v.Comment, &v.Access, &v.Masked, &v.State, &v.Reason, &winner.ID, &winner.Name, &v.NobodyLeft, &created, &ended,
		&portal.ID, &portal.Name, &v.SubPortals, &v.Stay, &v.Reminders, &reminded)
	v.Session.Title, v.Session.Issue = desk.SessionTitle(v.Session.Kind, customer), refOrNil(sessionIssue)
	v.Rep, v.Team, v.Issue, v.AcceptedBy = refOrNil(rep), refOrNil(team), refOrNil(issue), refOrNil(winner)
	v.Portal, v.CreatedAt, v.EndedAt, v.RemindedAt = refOrNil(portal), desk.Time(created), desk.TimePtr(ended), desk.TimePtr(reminded)
	return err
}

func (t *tx) invitation(id string) (desk.Invitation, error) {
	found, err := t.invitations(` WHERE v.id = $1`, id)
	if err == nil && len(found) == 0 {
		err = desk.Missing("invitation")
	}
	if err != nil {
		return desk.Invitation{}, err
	}
	return found[0], nil
}

// invitations lists invitations with those who declined them, in two statements, however many there are. The condition may
// name no table but v.
func (t *tx) invitations(where string, args ...any) ([]desk.Invitation, error) {
	found, err := list(t, invitationColumns+where, args, scanInvitation)
	if err != nil || !slices.ContainsFunc(found, desk.Invitation.MayHaveDeclines) {
		return found, err
	}
	at := map[string]int{}
	for i := range found {
		at[found[i].ID] = i
	}
	err = t.rows(`SELECT d.invitation_id, r.id, r.name FROM declines d JOIN reps r ON r.id = d.rep_id
		WHERE d.invitation_id IN (SELECT v.id FROM invitations v`+where+`) ORDER BY d.declined_at, r.id`, args, func(scan scanner) error {
		var id string
		var by desk.Ref
		err := scan(&id, &by.ID, &by.Name)
		if i, listed := at[id]; listed && found[i].MayHaveDeclines() {
			found[i].DeclinedBy = append(found[i].DeclinedBy, by)
		}
		return err
	})
	return found, err
}

// lockedInvitation returns an invitation with its session, locked. The session is always locked first, so that no two
// transactions wait for each other.
func (t *tx) lockedInvitation(id string) (desk.Invitation, sessionRow, error) {
	var sessionID string
	found, err := t.row(`SELECT session_id FROM invitations WHERE id = $1`, []any{id}, &sessionID)
	if err == nil && !found {
		err = desk.Missing("invitation")
	}
	if err != nil {
		return desk.Invitation{}, sessionRow{}, err
	}
	session, err := t.lockedSession(sessionID)
	if err != nil {
		return desk.Invitation{}, session, err
	}
	inv, err := t.invitation(id)
	return inv, session, err
}

// goesTo says whether the invitation is, or was, one to the rep at this moment (B20): theirs, a team's that they are in, or
// a portal's under which they are logged in.
func (t *tx) goesTo(inv desk.Invitation, c desk.Caller) (bool, error) {
	switch {
	case inv.Rep != nil:
		return inv.Rep.ID == c.RepID, nil
	case inv.Team != nil:
		return t.exists(`SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`, inv.Team.ID, c.RepID)
	}
	return t.exists(`SELECT 1 FROM consoles c JOIN portal_tree g ON g.portal_id = c.portal_id JOIN reps r ON r.id = c.rep_id AND r.embassy = 0
		WHERE c.rep_id = $1 AND c.portal_id <> '' AND g.above_id = $2 AND ($3 = 1 OR c.portal_id = $2) AND (c.id = $4 OR `+consoleHere(`$5`)+`)`,
		c.RepID, inv.Portal.ID, flag(inv.SubPortals), c.ConsoleID, ms(t.now))
}

// portalInvitations are the ids of the active invitations of the portals under which a rep is logged in, on a console that
// is here: the one that asks, or one with a lease. They pass embassy reps by (A7).
func portalInvitations(rep, now, console string) string {
	return `SELECT pv.id FROM reps pr JOIN consoles c ON c.rep_id = pr.id JOIN portal_tree g ON g.portal_id = c.portal_id
		JOIN invitations pv ON pv.portal_id = g.above_id AND pv.portal_id <> '' AND pv.state = 'active' AND (pv.sub_portals = 1 OR pv.portal_id = c.portal_id)
		WHERE pr.id = ` + rep + ` AND pr.embassy = 0 AND c.portal_id <> '' AND (c.id = ` + console + ` OR ` + consoleHere(now) + `)`
}

// Invitation returns one invitation: to the session's owner and inviter, to those it goes to, and to administrators.
func (s *Store) Invitation(ctx context.Context, c desk.Caller, id string) (desk.Invitation, error) {
	return readAs(ctx, s, c, func(t *tx) (desk.Invitation, error) {
		inv, err := t.properInvitation(id)
		if err != nil {
			return inv, err
		}
		mine, err := t.invites(c, inv)
		if err != nil || mine {
			return inv.ForOwner(), err
		}
		goes, err := t.goesTo(inv, c)
		if err == nil && !goes {
			err = desk.Missing("invitation")
		}
		if err != nil {
			return inv, err
		}
		return t.forInvited(inv, c)
	})
}

// forInvited is what a rep sees to whom an invitation goes. Whoever accepted one may know whose session it was; an embassy
// rep only while in it (A7).
func (t *tx) forInvited(inv desk.Invitation, c desk.Caller) (desk.Invitation, error) {
	view := inv.ForInvited(c.RepID)
	if !c.Embassy || inv.Active() {
		return view, nil
	}
	inside, err := t.isInside(inv.Session.ID, c.RepID)
	if !inside {
		view.Session = desk.InvitationSession{ID: inv.Session.ID, Kind: inv.Session.Kind}
	}
	return view, err
}

// properInvitation is one that is not a transfer: those are shown with their session.
func (t *tx) properInvitation(id string) (desk.Invitation, error) {
	inv, err := t.invitation(id)
	if err == nil && inv.IsTransfer() {
		err = desk.Missing("invitation")
	}
	return inv, err
}

// invites says whether the caller sees the invitation as the session's owner does.
func (t *tx) invites(c desk.Caller, inv desk.Invitation) (bool, error) {
	if c.IsAdministrator() {
		return true, nil
	}
	return t.exists(`SELECT 1 FROM sessions WHERE id = $1 AND owner_id = $2`, inv.Session.ID, c.RepID)
}

// SessionInvitations lists all invitations of a session, active and past, the newest first, to its owner and to
// administrators (B17).
func (s *Store) SessionInvitations(ctx context.Context, c desk.Caller, sessionID, before string, limit int) ([]desk.Invitation, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Invitation, error) {
		session, _, err := t.seen(c, sessionID)
		if err != nil {
			return nil, err
		}
		if idOf(session.Owner) != c.RepID && !c.IsAdministrator() {
			return nil, desk.Refuse(desk.NotSessionOwner, "Only the session's owner sees its invitations.")
		}
		return t.invitations(` WHERE v.session_id = $1 AND v.kind <> 'transfer' AND ($2 = '' OR v.id < $2) ORDER BY v.id DESC LIMIT $3`, sessionID, before, limit)
	})
}

// MyInvitations lists the active invitations that the caller may accept, the newest first.
func (s *Store) MyInvitations(ctx context.Context, c desk.Caller, before string, limit int) ([]desk.Invitation, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Invitation, error) { return t.myInvitations(c, before, limit) })
}

func (t *tx) myInvitations(c desk.Caller, before string, limit int) ([]desk.Invitation, error) {
	found, err := t.invitations(` WHERE v.id IN (`+mayAccept+`) AND v.kind <> 'transfer' AND ($4 = '' OR v.id < $4) ORDER BY v.id DESC LIMIT $5`,
		c.RepID, ms(t.now), c.ConsoleID, before, limit)
	for i := range found {
		found[i] = found[i].ForInvited(c.RepID)
	}
	return found, err
}

// mayAccept are the ids of the active invitations and transfers that the rep $1 may accept now ($2), asking from the
// console $3 or from none.
var mayAccept = `SELECT id FROM invitations WHERE rep_id = $1 AND rep_id <> '' AND state = 'active'
	UNION SELECT a.id FROM team_members m JOIN invitations a ON a.team_id = m.team_id AND a.team_id <> '' AND a.state = 'active' WHERE m.rep_id = $1 ` + openToRep + `
	UNION SELECT a.id FROM invitations a WHERE a.id IN (` + portalInvitations(`$1`, `$2`, `$3`) + `) ` + openToRep

// openToRep is what else must be so of an invitation a of a team or portal: the rep $1 did not decline it, and is not in
// the session; a transfer of a team can also go to who is in it, but for the owner.
const openToRep = `AND NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = a.id AND d.rep_id = $1)
	AND NOT EXISTS (SELECT 1 FROM attendees i WHERE i.session_id = a.session_id AND i.rep_id = $1 AND i.left_at = 0 AND (a.kind <> 'transfer' OR i.role = 'owner'))`

func (t *tx) repRef(id string) (r desk.Ref, err error) {
	_, err = t.row(`SELECT id, name FROM reps WHERE id = $1`, []any{id}, &r.ID, &r.Name)
	return r, err
}

// endInvitation ends an active invitation, tells everybody, drops what was not sent and withdraws what was (B13, G4).
func (t *tx) endInvitation(inv desk.Invitation, reason desk.EndReason, by desk.Ref) (desk.Invitation, error) {
	acceptedBy := ""
	if reason == desk.EndAccepted {
		acceptedBy = by.ID
	}
	var madeAt int64
	active, err := t.row(`UPDATE invitations SET state = $1, reason = $2, accepted_by = $3, ended_at = $4, rev = rev + 1 WHERE id = $5 AND state = 'active' RETURNING created_at`,
		[]any{string(reason.State()), string(reason), acceptedBy, ms(t.now), inv.ID}, &madeAt)
	if err == nil && !active {
		err = errors.New("end invitation " + inv.ID + ": it was not active")
	}
	if err != nil {
		return inv, err
	}
	t.countInvitation(inv.Kind, string(reason))
	if reason == desk.EndAccepted {
		t.countAccepted(inv, madeAt)
	}
	ended, err := t.invitation(inv.ID)
	if err != nil {
		return ended, err
	}
	if err := t.touchQueuesEnded(ended, by); err != nil {
		return ended, err
	}
	if err := t.tellInvitation(desk.EventInvitationEnded, ended, by, string(ended.Reason)); err != nil {
		return ended, err
	}
	return ended, t.withdraw(ended.ID, "", "")
}

// endInvitations ends the active invitations that a condition picks.
func (t *tx) endInvitations(by desk.Ref, reason desk.EndReason, which string, args ...any) error {
	active, err := t.invitations(` WHERE v.state = 'active' AND `+which+` ORDER BY v.id`, args...)
	for _, inv := range active {
		if err == nil {
			_, err = t.endInvitation(inv, reason, by)
		}
	}
	return err
}

// CancelInvitation takes an invitation back. Only the session's owner may (B1); doing it twice succeeds twice.
func (s *Store) CancelInvitation(ctx context.Context, c desk.Caller, id string) (desk.Invitation, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Invitation, error) {
		inv, session, err := t.lockedProper(id)
		if err != nil {
			return inv, err
		}
		if idOf(session.Owner) != c.RepID {
			return inv, t.refuseOthers(c, session)
		}
		switch {
		case inv.Reason == desk.EndCancelled:
			return inv.ForOwner(), nil
		case !inv.Active():
			return inv, inv.Over()
		}
		ended, err := t.endInvitation(inv, desk.EndCancelled, c.Ref())
		return ended.ForOwner(), err
	})
}

// lockedProper is lockedInvitation for one that is not a transfer.
func (t *tx) lockedProper(id string) (desk.Invitation, sessionRow, error) {
	inv, session, err := t.lockedInvitation(id)
	if err == nil && inv.IsTransfer() {
		err = desk.Missing("invitation")
	}
	return inv, session, err
}

// refuseOthers is what somebody is told who does not own the session of an invitation (B1).
func (t *tx) refuseOthers(c desk.Caller, session sessionRow) error {
	sight, err := t.sight(c, session)
	if err != nil {
		return err
	}
	if sight == desk.SightNone {
		return desk.Missing("invitation")
	}
	return desk.Refuse(desk.NotSessionOwner, "Only the session's owner may do this.")
}
