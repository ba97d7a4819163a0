package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// NewInvitation is a request to invite: a rep, any representative of a team, any rep logged in under a portal, or the
// team that owns an issue (Request Help). Exactly one of RepID, TeamID, PortalID and IssueID is given, as an id or as @
// and the unique name.
type NewInvitation struct {
	RepID      string
	TeamID     string
	PortalID   string
	SubPortals bool // the portals below PortalID too
	IssueID    string
	Comment    string
	Access     desk.Access // empty: the ceiling
	Masked     bool
}

func (n NewInvitation) check() *desk.Problem {
	given := 0
	for _, id := range []string{n.RepID, n.TeamID, n.PortalID, n.IssueID} {
		if id != "" {
			given++
		}
	}
	if given != 1 {
		return desk.Refuse(desk.OneTargetNeeded, "Give exactly one of rep_id, team_id and portal_id.")
	}
	if n.SubPortals && n.PortalID == "" {
		return desk.Invalid("include_sub_portals", "not_used", "goes only with portal_id")
	}
	return desk.CheckText("comment", n.Comment, desk.MaxComment)
}

// candidate is a rep to whom an invitation could go.
type candidate struct {
	desk.Ref
	loggedIn bool
	extended bool
	inside   bool // in the session
	reach    bool // in a team of the inviter's, or open to all (A6)
}

// target is where an invitation goes, with the reps who could take it.
type target struct {
	kind       desk.InvitationKind
	rep        desk.Ref // the invited, or
	team       desk.Ref // the team of which anybody is, or
	portal     desk.Ref // the portal under which anybody is logged in
	subPortals bool
	issue      desk.Ref // with Request Help
	candidates []candidate
	persistent bool
	reachable  bool
	seated     int    // joined reps beside the owner, and active invitations, of the session
	already    string // the active invitation of the same rep
}

// invitation is the target as an invitation says it.
func (g target) invitation(sessionID string) desk.Invitation {
	return desk.Invitation{Kind: g.kind, Session: desk.InvitationSession{ID: sessionID}, Rep: refOrNil(g.rep), Team: refOrNil(g.team),
		Portal: refOrNil(g.portal), SubPortals: g.subPortals, Issue: refOrNil(g.issue)}
}

// seatsTaken counts the seats of the session that a parameter names which are taken (B11).
func seatsTaken(session string) string {
	return `(SELECT COUNT(*) FROM attendees WHERE session_id = ` + session + ` AND role = 'rep' AND left_at = 0)
		+ (SELECT COUNT(*) FROM invitations WHERE session_id = ` + session + ` AND state = 'active' AND kind <> 'transfer')`
}

func (g target) available() bool {
	return g.persistent || slices.ContainsFunc(g.candidates, func(c candidate) bool { return c.loggedIn || c.extended })
}

// Invite invites a rep or any representative of a team (B2, B3), or asks for help on an issue (B4).
func (s *Store) Invite(ctx context.Context, c desk.Caller, sessionID string, in NewInvitation) (desk.Invitation, error) {
	if p := in.check(); p != nil {
		return desk.Invitation{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (desk.Invitation, error) {
		session, err := t.ownedActive(c, sessionID)
		if err != nil {
			return desk.Invitation{}, err
		}
		to, err := t.target(c, session, in)
		if err != nil {
			return desk.Invitation{}, err
		}
		granted := in // not in itself, which the next run of this function reads if the database undoes this one
		if granted.Access, err = t.checkInvite(c, session, to, in.Access); err != nil {
			return desk.Invitation{}, err
		}
		return t.insertInvitation(c, session, to, granted)
	})
}

// target finds where the invitation goes.
func (t *tx) target(c desk.Caller, s sessionRow, in NewInvitation) (target, error) {
	switch {
	case in.RepID != "":
		return t.repTarget(c, s, target{kind: desk.InviteRep, rep: desk.Ref{ID: in.RepID}}, desk.ShareOutsideTeams)
	case in.TeamID != "":
		id, err := t.resolveFor(c, "team", in.TeamID)
		if err != nil {
			return target{}, err
		}
		return t.teamTarget(c, s, target{kind: desk.InviteTeam, team: desk.Ref{ID: id}}, desk.ShareOutsideTeams)
	case in.PortalID != "":
		return t.portalTarget(c, s, in)
	}
	return t.issueTarget(c, s, in.IssueID)
}

// repTarget completes a target with its one rep, who is within reach as a colleague, by the permission, or as somebody
// logged in under a portal of a session that may be shared with all (A4, A6); an embassy rep reaches colleagues alone (A7).
func (t *tx) repTarget(c desk.Caller, s sessionRow, to target, outside desk.Permission) (target, error) {
	id := to.rep.ID
	if strings.HasPrefix(id, "@") {
		var err error
		if id, err = t.resolve("rep", id); err != nil {
			return target{}, err
		}
	}
	open := *s.Settings.Sharing == desk.SharingAll && to.kind == desk.InviteRep && !c.Embassy
	var err error
	to.candidates, err = list(t, `SELECT r.id, r.name, r.logged_in_until > $1, r.extended = 1,
		EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = $2 AND a.rep_id = r.id AND a.left_at = 0),
		EXISTS (`+colleagues(`$3`)+` AND o.rep_id = r.id)
		OR ($5 = 1 AND EXISTS (SELECT 1 FROM consoles c WHERE c.rep_id = r.id AND c.portal_id <> '' AND `+consoleHere(`$1`)+`)),
		`+seatsTaken(`$2`)+`, COALESCE((SELECT v.id FROM invitations v WHERE v.session_id = $2 AND v.rep_id = r.id AND v.rep_id <> '' AND v.state = 'active' AND v.kind <> 'transfer'), '')
		FROM reps r WHERE r.id = $4 AND r.disabled = 0`+t.forShare(), []any{ms(t.now), s.ID, c.RepID, id, flag(open)},
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
	to.reachable = reachesOutside(c, outside) || to.candidates[0].reach
	return to, hiddenFrom(c, to, "rep")
}

func scanCandidate(scan scanner, c *candidate) error {
	return scan(&c.ID, &c.Name, &c.loggedIn, &c.extended, &c.inside, &c.reach)
}

// reachesOutside says whether the permission opens what is outside of the caller's teams: not to an embassy rep (A7).
func reachesOutside(c desk.Caller, outside desk.Permission) bool { return c.Has(outside) && !c.Embassy }

// hiddenFrom is what an embassy rep is told of what is outside of its reach: that it is not there (A7), before any other
// refusal could tell that it is.
func hiddenFrom(c desk.Caller, to target, kind string) error {
	if c.Embassy && !to.reachable {
		return desk.Missing(kind)
	}
	return nil
}

// teamTarget completes a target with the reps of its team who could accept: not those in the session.
func (t *tx) teamTarget(c desk.Caller, s sessionRow, to target, outside desk.Permission) (target, error) {
	var mine bool
	found, err := t.row(`SELECT name, persistent, EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.rep_id = $1), `+seatsTaken(`$2`)+`
		FROM teams t WHERE t.id = $3 AND t.disabled = 0`+t.forShare(),
		[]any{c.RepID, s.ID, to.team.ID}, &to.team.Name, &to.persistent, &mine, &to.seated)
	if err == nil && !found {
		err = desk.Missing("team")
	}
	if err != nil {
		return to, err
	}
	to.candidates, err = t.takers(to.invitation(s.ID))
	to.reachable = mine || reachesOutside(c, outside)
	if err == nil && to.kind != desk.InviteIssue {
		err = hiddenFrom(c, to, "team")
	}
	return to, err
}

// portalTarget is a portal with the reps logged in under it who could accept (B5). Portals are within reach where the
// session's portal is shared with all, or by the permission (A6).
func (t *tx) portalTarget(c desk.Caller, s sessionRow, in NewInvitation) (target, error) {
	to := target{kind: desk.InvitePortal, subPortals: in.SubPortals}
	id, err := t.resolve("portal", in.PortalID)
	if err != nil {
		return to, err
	}
	found, err := t.row(`SELECT p.id, p.name, `+seatsTaken(`$2`)+` FROM portals p WHERE p.id = $1 AND p.disabled = 0`+t.forShare(), []any{id, s.ID}, &to.portal.ID, &to.portal.Name, &to.seated)
	if err == nil && !found { // somebody has just closed it
		err = desk.Missing("portal")
	}
	if err != nil {
		return to, err
	}
	to.candidates, err = t.takers(to.invitation(s.ID))
	to.reachable = (*s.Settings.Sharing == desk.SharingAll && !c.Embassy) || reachesOutside(c, desk.ShareOutsideTeams)
	if err == nil {
		err = hiddenFrom(c, to, "portal")
	}
	return to, err
}

// issueTarget is the team that owns an issue, with its reps who could accept. The issue's own setting is the permission (B4).
func (t *tx) issueTarget(c desk.Caller, s sessionRow, ref string) (target, error) {
	to := target{kind: desk.InviteIssue}
	id, err := t.resolve("issue", ref)
	if err == nil {
		err = t.holdTeamOf(id)
	}
	if err != nil {
		return to, err
	}
	open, err := t.issuesOpenTo(c)
	if err != nil {
		return to, err
	}
	i := slices.IndexFunc(open, func(issue desk.HelpIssue) bool { return issue.ID == id })
	if i < 0 {
		return to, hiddenFrom(c, to, "issue")
	}
	to.issue, to.team.ID = open[i].Ref, open[i].TeamID
	to, err = t.teamTarget(c, s, to, desk.ShareOutsideTeams)
	to.reachable = true
	return to, err
}

// holdTeamOf keeps the team that owns an issue as it is. Whoever is waited for may have given the issue to another team.
func (t *tx) holdTeamOf(issueID string) error {
	lock := t.forShare()
	if lock == "" { // one at a time writes anyway
		return nil
	}
	for held := ""; ; {
		var team string
		if _, err := t.row(`SELECT team_id FROM issues WHERE id = $1`, []any{issueID}, &team); err != nil || team == held {
			return err
		}
		if _, err := t.row(`SELECT id FROM teams WHERE id = $1`+lock, []any{team}, &held); err != nil {
			return err
		}
	}
}

// checkInvite asks the rule (B7) and returns the access that the invitation carries.
func (t *tx) checkInvite(c desk.Caller, s sessionRow, to target, wanted desk.Access) (desk.Access, error) {
	lately, err := t.invitedLately(c.RepID)
	if err != nil {
		return "", err
	}
	facts := desk.InviteFacts{Target: to.kind, Sharing: *s.Settings.Sharing, Ceiling: *s.Settings.InviteCeiling, MaxInvited: *s.Settings.MaxInvitedReps,
		Self: to.rep.ID == c.RepID, Reachable: to.reachable, Available: to.available(), Seated: to.seated, Access: wanted,
		CallerEmbassy: c.Embassy, Lately: lately, Now: t.now, AMinute: t.store.cfg.InvitesAMinute}
	facts.InSession = to.kind == desk.InviteRep && to.candidates[0].inside
	if to.already != "" {
		facts.AlreadyInvited = &desk.Conflict{Kind: "invitation", ID: to.already, State: string(desk.InvitationActive)}
	}
	access, refusal := desk.CheckInvite(facts)
	switch {
	case refusal == nil:
		return access, nil
	case refusal.Code == desk.AlreadyInSession:
		return "", t.insideAlready(s.ID, to.rep.ID, refusal)
	}
	return "", to.notThere(refusal)
}

// notThere names, in the refusal that nobody is there, of what.
func (g target) notThere(p *desk.Problem) *desk.Problem {
	switch p.Code {
	case desk.RepNotAvailable:
		p.Conflict = &desk.Conflict{Kind: "rep", ID: g.rep.ID, State: string(desk.PresenceOffline)}
	case desk.TeamNotAvailable:
		p.Conflict = &desk.Conflict{Kind: "team", ID: g.team.ID}
	case desk.PortalNotAvailable:
		p.Conflict = &desk.Conflict{Kind: "portal", ID: g.portal.ID}
	}
	return p
}

// invitedLately is when the owner made the invitations of the last minute, the newest first, so many as are allowed (B20). Who
// invites in several sessions at once is counted in turn.
func (t *tx) invitedLately(repID string) ([]time.Time, error) {
	limit := t.store.cfg.InvitesAMinute
	if limit <= 0 {
		return nil, nil
	}
	if turns := t.store.dialect.turns; turns != "" {
		if _, err := t.row(turns, []any{repID}, new(int)); err != nil {
			return nil, err
		}
	}
	return list(t, `SELECT created_at FROM invitations WHERE inviter_id = $1 AND created_at > $2 AND kind <> 'transfer' ORDER BY created_at DESC LIMIT $3`,
		[]any{repID, ms(t.now.Add(-desk.InvitesWithin)), limit}, func(scan scanner, at *time.Time) error {
			var made int64
			err := scan(&made)
			*at = time.UnixMilli(made)
			return err
		})
}

// insertInvitation saves the invitation, tells the owner and the invited, and queues what goes to devices and addresses.
func (t *tx) insertInvitation(c desk.Caller, s sessionRow, to target, in NewInvitation) (desk.Invitation, error) {
	inv := to.invitation(s.ID)
	inv.ID, inv.Rev, inv.Session = newID("inv_"), 1, desk.InvitationSession{ID: s.ID, Kind: s.Kind, Title: s.Title, Issue: s.Issue}
	inv.Inviter, inv.Comment, inv.Access, inv.Masked, inv.State, inv.CreatedAt = c.Ref(), in.Comment, in.Access, in.Masked, desk.InvitationActive, desk.Time(ms(t.now))
	inv.NobodyLeft = len(to.candidates) == 0 // in the queue of a persistent team
	if err := t.saveInvitation(s, inv); err != nil {
		return inv, err
	}
	if err := t.tellInvitation(desk.EventInvitationCreated, inv, c.Ref(), ""); err != nil {
		return inv, err
	}
	return inv, t.queueInvitation(inv, to.candidates)
}

func (t *tx) saveInvitation(s sessionRow, inv desk.Invitation) error {
	t.touchQueuesComing(s, inv)
	t.countInvitation(inv.Kind, created)
	_, err := t.exec(`INSERT INTO invitations (id, session_id, kind, rep_id, team_id, portal_id, sub_portals, issue_id, inviter_id, comment, access, masked, stay, nobody_left, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'active', $15)`,
		inv.ID, inv.Session.ID, string(inv.Kind), idOf(inv.Rep), idOf(inv.Team), idOf(inv.Portal), flag(inv.SubPortals), idOf(inv.Issue), inv.Inviter.ID, inv.Comment,
		string(inv.Access), flag(inv.Masked), flag(inv.Stay), flag(inv.NobodyLeft), ms(t.now))
	return err
}
