package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// NewInvitation is a request to invite: a rep, any representative of a team, or the team that owns an issue
// (Request Help). Exactly one of RepID, TeamID and IssueID is given, as an id or as @ and the unique name.
type NewInvitation struct {
	RepID   string
	TeamID  string
	IssueID string
	Comment string
	Access  desk.Access // empty: the ceiling
	Masked  bool
}

func (n NewInvitation) check() *desk.Problem {
	given := 0
	for _, id := range []string{n.RepID, n.TeamID, n.IssueID} {
		if id != "" {
			given++
		}
	}
	if given != 1 {
		return desk.Refuse(desk.OneTargetNeeded, "Give exactly one of rep_id and team_id.")
	}
	return desk.CheckText("comment", n.Comment, desk.MaxComment)
}

// candidate is a rep to whom an invitation could go.
type candidate struct {
	desk.Ref
	email    string
	locale   string
	loggedIn bool
	extended bool
	inside   bool // in the session
	reach    bool // in a team of the inviter's, or open to all (A6)
}

// target is where an invitation goes, with the reps who could take it.
type target struct {
	kind       desk.InvitationKind
	rep        desk.Ref // the invited, or
	team       desk.Ref // the team of which anybody is
	issue      desk.Ref // with Request Help
	candidates []candidate
	persistent bool
	reachable  bool
}

func (g target) available() bool {
	return g.persistent || slices.ContainsFunc(g.candidates, func(c candidate) bool { return c.loggedIn || c.extended })
}

// Invite invites a rep or any representative of a team (B2, B3), or asks for help on an issue (B4).
func (s *Store) Invite(ctx context.Context, c desk.Caller, sessionID string, in NewInvitation) (desk.Invitation, error) {
	if p := in.check(); p != nil {
		return desk.Invitation{}, p
	}
	return write(ctx, s, func(t *tx) (desk.Invitation, error) {
		session, err := t.owned(c, sessionID)
		if err == nil && session.State != desk.SessionActive {
			err = notActive(session)
		}
		if err != nil {
			return desk.Invitation{}, err
		}
		to, err := t.target(c, session, in)
		if err != nil {
			return desk.Invitation{}, err
		}
		access, err := t.checkInvite(c, session, to, in.Access)
		if err != nil {
			return desk.Invitation{}, err
		}
		in.Access = access
		return t.insertInvitation(c, session, to, in)
	})
}

// target finds where the invitation goes.
func (t *tx) target(c desk.Caller, s sessionRow, in NewInvitation) (target, error) {
	switch {
	case in.RepID != "":
		return t.repTarget(c, s, in.RepID)
	case in.TeamID != "":
		id, err := t.resolve("team", in.TeamID)
		if err != nil {
			return target{}, err
		}
		return t.teamTarget(c, s, target{kind: desk.InviteTeam, team: desk.Ref{ID: id}})
	}
	issue, err := t.issueOpenTo(c, in.IssueID)
	if err != nil {
		return target{}, err
	}
	to, err := t.teamTarget(c, s, target{kind: desk.InviteIssue, team: desk.Ref{ID: issue.TeamID}, issue: issue.Ref})
	to.reachable = true // the issue's own setting is the permission (B4)
	return to, err
}

func (t *tx) repTarget(c desk.Caller, s sessionRow, ref string) (target, error) {
	id := ref
	if strings.HasPrefix(ref, "@") {
		var err error
		if id, err = t.resolve("rep", ref); err != nil {
			return target{}, err
		}
	}
	to := target{kind: desk.InviteRep}
	var err error
	to.candidates, err = list(t, `SELECT r.id, r.name, r.email, r.locale, r.logged_in_until > $1, r.extended = 1,
		EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = $2 AND a.rep_id = r.id AND a.left_at = 0),
		EXISTS (SELECT 1 FROM team_members m JOIN team_members o ON o.team_id = m.team_id WHERE m.rep_id = r.id AND o.rep_id = $3)
		OR ($5 = 1 AND EXISTS (SELECT 1 FROM consoles c WHERE c.rep_id = r.id AND c.portal_id <> '' AND `+consoleHere(`$1`)+`))
		FROM reps r WHERE r.id = $4 AND r.disabled = 0`, []any{ms(t.now), s.ID, c.RepID, id, flag(*s.Settings.Sharing == desk.SharingAll)}, scanCandidate)
	if err == nil && len(to.candidates) == 0 {
		err = desk.Missing("rep")
	}
	if err != nil {
		return to, err
	}
	to.rep = to.candidates[0].Ref
	to.reachable = c.Has(desk.ShareOutsideTeams) || to.candidates[0].reach
	return to, nil
}

func scanCandidate(scan scanner, c *candidate) error {
	return scan(&c.ID, &c.Name, &c.email, &c.locale, &c.loggedIn, &c.extended, &c.inside, &c.reach)
}

// teamTarget completes a target with the reps of its team who could accept: not those in the session.
func (t *tx) teamTarget(c desk.Caller, s sessionRow, to target) (target, error) {
	var mine bool
	if _, err := t.row(`SELECT name, persistent, EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.rep_id = $1) FROM teams t WHERE t.id = $2`,
		[]any{c.RepID, to.team.ID}, &to.team.Name, &to.persistent, &mine); err != nil {
		return to, err
	}
	var err error
	to.candidates, err = t.takers(to.team.ID, s.ID, "")
	to.reachable = mine || c.Has(desk.ShareOutsideTeams)
	return to, err
}

// takers are the reps of a team who may accept an invitation of it to a session: not those in the session, not those
// who declined it.
func (t *tx) takers(teamID, sessionID, invitationID string) ([]candidate, error) {
	return list(t, `SELECT r.id, r.name, r.email, r.locale, r.logged_in_until > $1, r.extended = 1, 0 = 1, 1 = 1
		FROM team_members m JOIN reps r ON r.id = m.rep_id WHERE m.team_id = $2 AND r.disabled = 0
		AND NOT EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = $3 AND a.rep_id = r.id AND a.left_at = 0)
		AND NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = $4 AND d.rep_id = r.id) ORDER BY r.id`,
		[]any{ms(t.now), teamID, sessionID, invitationID}, scanCandidate)
}

// issueOpenTo returns an issue that is open for Request Help to the caller (A2).
func (t *tx) issueOpenTo(c desk.Caller, ref string) (desk.Issue, error) {
	id, err := t.resolve("issue", ref)
	if err != nil {
		return desk.Issue{}, err
	}
	open, err := t.issuesOpenTo(c)
	if err != nil {
		return desk.Issue{}, err
	}
	for _, issue := range open {
		if issue.ID == id {
			return issue, nil
		}
	}
	return desk.Issue{}, desk.Refuse(desk.IssueNotShareable, "The issue is not open for Request Help to you.")
}

// checkInvite asks the rule (B7) and returns the access that the invitation carries.
func (t *tx) checkInvite(c desk.Caller, s sessionRow, to target, wanted desk.Access) (desk.Access, error) {
	facts := desk.InviteFacts{Target: to.kind, Sharing: *s.Settings.Sharing, Ceiling: *s.Settings.InviteCeiling, MaxInvited: *s.Settings.MaxInvitedReps,
		Self: to.rep.ID == c.RepID, Reachable: to.reachable, Available: to.available(), Access: wanted}
	facts.InSession = to.kind == desk.InviteRep && to.candidates[0].inside
	var already string
	if _, err := t.row(`SELECT (SELECT COUNT(*) FROM attendees WHERE session_id = $1 AND role = 'rep' AND left_at = 0)
		+ (SELECT COUNT(*) FROM invitations WHERE session_id = $1 AND state = 'active'),
		COALESCE((SELECT id FROM invitations WHERE session_id = $1 AND rep_id = $2 AND rep_id <> '' AND state = 'active'), '')`,
		[]any{s.ID, to.rep.ID}, &facts.Seated, &already); err != nil {
		return "", err
	}
	if already != "" {
		facts.AlreadyInvited = &desk.Conflict{Kind: "invitation", ID: already, State: string(desk.InvitationActive)}
	}
	if !to.reachable {
		var err error
		if facts.CallerEmbassy, err = t.isEmbassyRep(c); err != nil {
			return "", err
		}
	}
	access, refusal := desk.CheckInvite(facts)
	if refusal != nil {
		return "", refusal
	}
	return access, nil
}

// isEmbassyRep says whether all teams of the caller are embassies, and nothing lifts what follows from it (A7).
func (t *tx) isEmbassyRep(c desk.Caller) (bool, error) {
	if c.Has(desk.SeeOutsideEmbassy) {
		return false, nil
	}
	teams, err := t.memberships(c.RepID)
	return len(teams) > 0 && !slices.ContainsFunc(teams, func(m desk.Membership) bool { return !m.Embassy }), err
}

// insertInvitation saves the invitation, tells the owner and the invited, and queues what goes to devices and addresses.
func (t *tx) insertInvitation(c desk.Caller, s sessionRow, to target, in NewInvitation) (desk.Invitation, error) {
	inv := desk.Invitation{ID: newID("inv_"), Rev: 1, Kind: to.kind, Session: desk.InvitationSession{ID: s.ID, Kind: s.Kind, Title: s.Title, Issue: s.Issue},
		Rep: refOrNil(to.rep), Team: refOrNil(to.team), Issue: refOrNil(to.issue), Inviter: c.Ref(), Comment: in.Comment,
		Access: in.Access, Masked: in.Masked, State: desk.InvitationActive, CreatedAt: desk.Time(ms(t.now))}
	if _, err := t.exec(`INSERT INTO invitations (id, session_id, kind, rep_id, team_id, issue_id, inviter_id, comment, access, masked, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11)`,
		inv.ID, s.ID, string(to.kind), to.rep.ID, to.team.ID, to.issue.ID, c.RepID, in.Comment, string(in.Access), flag(in.Masked), ms(t.now)); err != nil {
		return inv, err
	}
	if err := t.tellInvitation(desk.EventInvitationCreated, inv, c.Ref()); err != nil {
		return inv, err
	}
	return inv, t.queueInvitation(inv, to.candidates)
}

// tellInvitation records an event for the owner and for those to whom the invitation goes, each with their view.
func (t *tx) tellInvitation(kind desk.EventType, inv desk.Invitation, actor desk.Ref) error {
	event := func(view desk.Invitation) desk.Event {
		return desk.Event{Type: kind, Actor: &actor, SessionID: inv.Session.ID, TeamID: idOf(inv.Team), Reason: string(inv.Reason), Invitation: &view}
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
	return t.record(desk.TeamTopic(inv.Team.ID), event(inv.ForInvited("")), except...)
}

const invitationColumns = `SELECT v.id, v.rev, v.kind, v.session_id, s.kind, s.customer_name, s.issue_id, COALESCE(si.title, ''),
	v.rep_id, COALESCE(r.name, ''), v.team_id, COALESCE(t.name, ''), v.issue_id, COALESCE(i.title, ''), v.inviter_id, o.name,
	v.comment, v.access, v.masked, v.state, v.reason, v.accepted_by, COALESCE(w.name, ''), v.nobody_left, v.created_at, v.ended_at
	FROM invitations v JOIN sessions s ON s.id = v.session_id LEFT JOIN issues si ON si.id = s.issue_id LEFT JOIN reps r ON r.id = v.rep_id
	LEFT JOIN teams t ON t.id = v.team_id LEFT JOIN issues i ON i.id = v.issue_id JOIN reps o ON o.id = v.inviter_id LEFT JOIN reps w ON w.id = v.accepted_by`

func scanInvitation(scan scanner, v *desk.Invitation) error {
	var sessionIssue, rep, team, issue, winner desk.Ref
	var customer string
	var created, ended int64
	err := scan(&v.ID, &v.Rev, &v.Kind, &v.Session.ID, &v.Session.Kind, &customer, &sessionIssue.ID, &sessionIssue.Name,
		&rep.ID, &rep.Name, &team.ID, &team.Name, &issue.ID, &issue.Name, &v.Inviter.ID, &v.Inviter.Name,
		&v.Comment, &v.Access, &v.Masked, &v.State, &v.Reason, &winner.ID, &winner.Name, &v.NobodyLeft, &created, &ended)
	v.Session.Title, v.Session.Issue = desk.SessionTitle(v.Session.Kind, customer), refOrNil(sessionIssue)
	v.Rep, v.Team, v.Issue, v.AcceptedBy = refOrNil(rep), refOrNil(team), refOrNil(issue), refOrNil(winner)
	v.CreatedAt, v.EndedAt = desk.Time(created), desk.TimePtr(ended)
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

// invitations lists invitations with those who declined them.
func (t *tx) invitations(where string, args ...any) ([]desk.Invitation, error) {
	found, err := list(t, invitationColumns+where, args, scanInvitation)
	for i := range found {
		if err != nil {
			break
		}
		if found[i].Team == nil && found[i].State != desk.InvitationDeclined {
			continue
		}
		found[i].DeclinedBy, err = list(t, `SELECT r.id, r.name FROM declines d JOIN reps r ON r.id = d.rep_id WHERE d.invitation_id = $1 ORDER BY d.declined_at, r.id`,
			[]any{found[i].ID}, func(scan scanner, r *desk.Ref) error { return scan(&r.ID, &r.Name) })
	}
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

// goesTo says whether the invitation is, or was, one to the rep: theirs, or a team's that they are in.
func (t *tx) goesTo(inv desk.Invitation, repID string) (bool, error) {
	if inv.Rep != nil {
		return inv.Rep.ID == repID, nil
	}
	return t.row(`SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`, []any{inv.Team.ID, repID}, new(int))
}

// Invitation returns one invitation: to the session's owner and inviter, to those it goes to, and to administrators.
func (s *Store) Invitation(ctx context.Context, c desk.Caller, id string) (desk.Invitation, error) {
	return read(ctx, s, func(t *tx) (desk.Invitation, error) {
		inv, err := t.invitation(id)
		if err != nil {
			return inv, err
		}
		mine, err := t.invites(c, inv)
		if err != nil || mine {
			return inv.ForOwner(), err
		}
		goes, err := t.goesTo(inv, c.RepID)
		if err == nil && !goes {
			err = desk.Missing("invitation")
		}
		return inv.ForInvited(c.RepID), err
	})
}

// invites says whether the caller sees the invitation as the session's owner does.
func (t *tx) invites(c desk.Caller, inv desk.Invitation) (bool, error) {
	if c.IsAdministrator() {
		return true, nil
	}
	return t.row(`SELECT 1 FROM sessions WHERE id = $1 AND owner_id = $2`, []any{inv.Session.ID, c.RepID}, new(int))
}

// SessionInvitations lists all invitations of a session, active and past, the newest first, to its owner and to
// administrators (B17).
func (s *Store) SessionInvitations(ctx context.Context, c desk.Caller, sessionID, before string, limit int) ([]desk.Invitation, error) {
	return read(ctx, s, func(t *tx) ([]desk.Invitation, error) {
		session, _, err := t.seen(c, sessionID, t.session)
		if err != nil {
			return nil, err
		}
		if idOf(session.Owner) != c.RepID && !c.IsAdministrator() {
			return nil, desk.Refuse(desk.NotSessionOwner, "Only the session's owner sees its invitations.")
		}
		return t.invitations(` WHERE v.session_id = $1 AND ($2 = '' OR v.id < $2) ORDER BY v.id DESC LIMIT $3`, sessionID, before, limit)
	})
}

// MyInvitations lists the active invitations that the caller may accept, the newest first.
func (s *Store) MyInvitations(ctx context.Context, c desk.Caller, before string, limit int) ([]desk.Invitation, error) {
	return read(ctx, s, func(t *tx) ([]desk.Invitation, error) {
		found, err := t.invitations(` WHERE v.id IN (`+mayAccept+`) AND ($2 = '' OR v.id < $2) ORDER BY v.id DESC LIMIT $3`, c.RepID, before, limit)
		for i := range found {
			found[i] = found[i].ForInvited(c.RepID)
		}
		return found, err
	})
}

// mayAccept are the ids of the active invitations that the rep $1 may accept.
const mayAccept = `SELECT id FROM invitations WHERE rep_id = $1 AND rep_id <> '' AND state = 'active'
	UNION SELECT a.id FROM team_members m JOIN invitations a ON a.team_id = m.team_id AND a.team_id <> '' AND a.state = 'active' WHERE m.rep_id = $1
	AND NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = a.id AND d.rep_id = $1)
	AND NOT EXISTS (SELECT 1 FROM attendees i WHERE i.session_id = a.session_id AND i.rep_id = $1 AND i.left_at = 0)`

// Accepted is the answer to accepting an invitation.
type Accepted struct {
	Invitation desk.Invitation `json:"invitation" doc:"The invitation, accepted"`
	Session    desk.Session    `json:"session" doc:"The session that the caller is now in"`
}

// AcceptInvitation lets the caller into the session. Of all who accept, the first wins (B16); the winner may repeat it
// while still in the session (B15).
func (s *Store) AcceptInvitation(ctx context.Context, c desk.Caller, id string) (Accepted, error) {
	return write(ctx, s, func(t *tx) (Accepted, error) { return t.accept(c.RepID, id, 0) })
}

// accept lets the rep in. expectedUntil is 0, or until when the seat waits for a console of the rep's (G2).
func (t *tx) accept(repID, id string, expectedUntil int64) (out Accepted, err error) {
	inv, session, err := t.lockedInvitation(id)
	if err != nil {
		return out, err
	}
	goes, err := t.goesTo(inv, repID)
	if err != nil {
		return out, err
	}
	won := inv.AcceptedBy != nil && inv.AcceptedBy.ID == repID
	if !goes && !won {
		return out, desk.Missing("invitation")
	}
	inside, err := t.row(`SELECT 1 FROM attendees WHERE session_id = $1 AND rep_id = $2 AND left_at = 0`, []any{session.ID, repID}, new(int))
	switch {
	case err != nil:
		return out, err
	case !inv.Active() && !(won && inside):
		return out, inv.Over()
	case inv.Active() && declined(inv, repID):
		return out, declinedAlready(inv)
	case inv.Active() && inside:
		return out, desk.Refuse(desk.AlreadyInSession, "You are in the session.")
	case inv.Active():
		if inv, err = t.join(repID, inv, session, expectedUntil); err != nil {
			return out, err
		}
	}
	out.Invitation = inv.ForInvited(repID)
	row, err := t.session(session.ID)
	if err != nil {
		return out, err
	}
	out.Session, err = t.withAttendees(row.Session)
	return out, err
}

func declined(inv desk.Invitation, repID string) bool {
	return slices.ContainsFunc(inv.DeclinedBy, func(r desk.Ref) bool { return r.ID == repID })
}

// declinedAlready is the refusal to accept what one has declined: it is over for that rep alone (B14).
func declinedAlready(inv desk.Invitation) *desk.Problem {
	p := desk.Refuse(desk.InvitationNotActive, "You declined it.")
	p.Conflict = &desk.Conflict{Kind: "invitation", ID: inv.ID, State: string(desk.InvitationDeclined), Reason: string(desk.EndDeclined)}
	return p
}

// join ends the invitation as accepted and seats the rep, with the lower of the access granted and the ceiling of
// this moment (B10). Another invitation to the same rep ends too (joined_otherwise).
func (t *tx) join(repID string, inv desk.Invitation, session sessionRow, expectedUntil int64) (desk.Invitation, error) {
	winner, err := t.repRef(repID)
	if err != nil {
		return inv, err
	}
	seat := desk.Attendee{SessionID: session.ID, Role: desk.AttendeeRep, RepID: repID, Access: desk.LowerOf(inv.Access, *session.Settings.InviteCeiling), Masked: inv.Masked}
	if _, err := t.addAttendee(seat, expectedUntil); err != nil {
		return inv, err
	}
	ended, err := t.endInvitation(inv, desk.EndAccepted, winner)
	if err != nil {
		return inv, err
	}
	others, err := t.invitations(` WHERE v.session_id = $1 AND v.rep_id = $2 AND v.rep_id <> '' AND v.state = 'active'`, session.ID, repID)
	for _, other := range others {
		if err == nil {
			_, err = t.endInvitation(other, desk.EndJoinedOtherwise, winner)
		}
	}
	if err == nil {
		err = t.closeTeamInvitationsFor(winner, session.ID)
	}
	if err != nil {
		return inv, err
	}
	if _, err := t.exec(`UPDATE sessions SET rev = rev + 1 WHERE id = $1`, session.ID); err != nil {
		return inv, err
	}
	_, err = t.sessionChanged(winner, session.ID, "")
	return ended, err
}

// closeTeamInvitationsFor takes the session's team invitations from a rep who has joined it: they stand for the others.
func (t *tx) closeTeamInvitationsFor(rep desk.Ref, sessionID string) error {
	open, err := t.invitations(` WHERE v.session_id = $1 AND v.state = 'active' AND v.team_id IN (SELECT m.team_id FROM team_members m WHERE m.rep_id = $2) ORDER BY v.id`, sessionID, rep.ID)
	for _, inv := range open {
		if err != nil || declined(inv, rep.ID) {
			continue
		}
		if _, err = t.exec(`UPDATE invitations SET rev = rev + 1 WHERE id = $1`, inv.ID); err == nil {
			inv.Rev++
			err = t.overFor(inv, rep, desk.EndJoinedOtherwise)
		}
	}
	return err
}

// overFor tells one rep that an invitation which stands for others is over for them, and takes it off their devices.
func (t *tx) overFor(inv desk.Invitation, rep desk.Ref, why desk.EndReason) error {
	mine := inv.ForInvited(rep.ID)
	gone := desk.Event{Type: desk.EventInvitationEnded, Actor: &rep, SessionID: inv.Session.ID, TeamID: inv.Team.ID, Reason: string(why), Invitation: &mine}
	if err := t.record(desk.RepTopic(rep.ID), gone); err != nil {
		return err
	}
	return t.withdraw(inv, rep.ID, "")
}

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
	n, err := t.exec(`UPDATE invitations SET state = $1, reason = $2, accepted_by = $3, ended_at = $4, rev = rev + 1 WHERE id = $5 AND state = 'active'`,
		string(reason.State()), string(reason), acceptedBy, ms(t.now), inv.ID)
	if err == nil && n == 0 {
		err = errors.New("end invitation " + inv.ID + ": it was not active")
	}
	if err != nil {
		return inv, err
	}
	ended, err := t.invitation(inv.ID)
	if err != nil {
		return ended, err
	}
	if err := t.tellInvitation(desk.EventInvitationEnded, ended, by); err != nil {
		return ended, err
	}
	return ended, t.withdraw(ended, "", "")
}

// endInvitationsOf ends all active invitations of a session that ends.
func (t *tx) endInvitationsOf(by desk.Ref, s sessionRow) error {
	active, err := t.invitations(` WHERE v.session_id = $1 AND v.state = 'active' ORDER BY v.id`, s.ID)
	for _, inv := range active {
		if err == nil {
			_, err = t.endInvitation(inv, desk.EndSessionEnded, by)
		}
	}
	return err
}

// CancelInvitation takes an invitation back. Only the session's owner may (B1); doing it twice succeeds twice.
func (s *Store) CancelInvitation(ctx context.Context, c desk.Caller, id string) (desk.Invitation, error) {
	return write(ctx, s, func(t *tx) (desk.Invitation, error) {
		inv, session, err := t.lockedInvitation(id)
		if err != nil {
			return inv, err
		}
		if idOf(session.Owner) != c.RepID {
			return inv, t.refuseCancel(c, inv, session)
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

func (t *tx) refuseCancel(c desk.Caller, inv desk.Invitation, session sessionRow) error {
	sight, err := t.sight(c, session)
	if err != nil {
		return err
	}
	if sight == desk.SightNone {
		return desk.Missing("invitation")
	}
	return desk.Refuse(desk.NotSessionOwner, "Only the session's owner may cancel.")
}

// DeclineInvitation declines for the caller. One to the caller alone ends; one to a team is over for the caller, and
// stays for the others (B14).
func (s *Store) DeclineInvitation(ctx context.Context, c desk.Caller, id string) (desk.Invitation, error) {
	return write(ctx, s, func(t *tx) (desk.Invitation, error) { return t.decline(c.RepID, id) })
}

func (t *tx) decline(repID, id string) (desk.Invitation, error) {
	inv, session, err := t.lockedInvitation(id)
	if err != nil {
		return inv, err
	}
	goes, err := t.goesTo(inv, repID)
	switch {
	case err != nil:
		return inv, err
	case !goes:
		return inv, desk.Missing("invitation")
	case declined(inv, repID):
		return inv.ForInvited(repID), nil
	case !inv.Active():
		return inv, inv.Over()
	}
	if _, err := t.exec(`INSERT INTO declines (invitation_id, rep_id, declined_at) VALUES ($1, $2, $3)`, inv.ID, repID, ms(t.now)); err != nil {
		return inv, err
	}
	by, err := t.repRef(repID)
	if err != nil {
		return inv, err
	}
	if inv.Rep != nil {
		inv, err = t.endInvitation(inv, desk.EndDeclined, by)
	} else {
		inv, err = t.declineForOne(inv, session, by)
	}
	return inv.ForInvited(repID), err
}

// declineForOne hides a team's invitation from one rep, tells the owner who it was, and whether somebody is left.
func (t *tx) declineForOne(inv desk.Invitation, session sessionRow, by desk.Ref) (desk.Invitation, error) {
	left, err := t.takers(inv.Team.ID, session.ID, inv.ID)
	if err != nil {
		return inv, err
	}
	if _, err := t.exec(`UPDATE invitations SET nobody_left = $1, rev = rev + 1 WHERE id = $2`, flag(len(left) == 0), inv.ID); err != nil {
		return inv, err
	}
	if inv, err = t.invitation(inv.ID); err != nil {
		return inv, err
	}
	event := desk.Event{Type: desk.EventInvitationChanged, Actor: &by, SessionID: session.ID, TeamID: inv.Team.ID, Reason: "declined"}
	if len(left) == 0 {
		event.Reason = "nobody_left"
	}
	owner := inv.ForOwner()
	event.Invitation = &owner
	if err := t.record(desk.RepTopic(idOf(session.Owner)), event); err != nil {
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
