package store

import (
	"context"
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
	seated     int    // joined reps beside the owner, and active invitations, of the session
	already    string // the active invitation of the same rep
}

// seated counts the seats of the session $2 that are taken (B11).
const seated = `(SELECT COUNT(*) FROM attendees WHERE session_id = $2 AND role = 'rep' AND left_at = 0)
		+ (SELECT COUNT(*) FROM invitations WHERE session_id = $2 AND state = 'active')`

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
		OR ($5 = 1 AND EXISTS (SELECT 1 FROM consoles c WHERE c.rep_id = r.id AND c.portal_id <> '' AND `+consoleHere(`$1`)+`)),
		`+seated+`, COALESCE((SELECT v.id FROM invitations v WHERE v.session_id = $2 AND v.rep_id = r.id AND v.rep_id <> '' AND v.state = 'active'), '')
		FROM reps r WHERE r.id = $4 AND r.disabled = 0`+t.store.dialect.forShare, []any{ms(t.now), s.ID, c.RepID, id, flag(*s.Settings.Sharing == desk.SharingAll)},
		func(scan scanner, c *candidate) error {
			return scanCandidate(func(dest ...any) error { return scan(append(dest, &to.seated, &to.already)...) }, c)
		})
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
	found, err := t.row(`SELECT name, persistent, EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.rep_id = $1), `+seated+`
		FROM teams t WHERE t.id = $3 AND t.disabled = 0`+t.store.dialect.forShare,
		[]any{c.RepID, s.ID, to.team.ID}, &to.team.Name, &to.persistent, &mine, &to.seated)
	if err == nil && !found {
		err = desk.Missing("team")
	}
	if err != nil {
		return to, err
	}
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
		Self: to.rep.ID == c.RepID, Reachable: to.reachable, Available: to.available(), Seated: to.seated, Access: wanted}
	facts.InSession = to.kind == desk.InviteRep && to.candidates[0].inside
	if to.already != "" {
		facts.AlreadyInvited = &desk.Conflict{Kind: "invitation", ID: to.already, State: string(desk.InvitationActive)}
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
