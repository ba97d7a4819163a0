package store

import "github.com/repdesk/repdesk/store/desk"

// free is the condition that a rep r whom an invitation reaches may accept it: they are not in the session, and did not decline
// it. What is not ordinary is a transfer: that can also go to who is in the session, but for the owner.
func free(session, offer, ordinary string) string {
	return ` AND r.disabled = 0 AND NOT EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = ` + session + ` AND a.rep_id = r.id AND a.left_at = 0 AND (` + ordinary + ` OR a.role = 'owner'))
		AND NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = ` + offer + ` AND d.rep_id = r.id)`
}

// inTeam are the reps r of a team.
func inTeam(team string) string {
	return ` FROM team_members m JOIN reps r ON r.id = m.rep_id WHERE m.team_id = ` + team
}

// underPortal are the reps r logged in under a portal or, where sub is 1, one below it; portals pass embassy reps by (A7). A rep
// comes once for each console that is here.
func underPortal(portal, sub, now string) string {
	return ` FROM portal_tree g JOIN consoles c ON c.portal_id = g.portal_id JOIN reps r ON r.id = c.rep_id WHERE g.above_id = ` + portal + `
		AND (` + sub + ` = 1 OR g.portal_id = ` + portal + `) AND c.portal_id <> '' AND r.embassy = 0 AND ` + consoleHere(now)
}

// takers are the reps who may accept an invitation or transfer now (B20): the one it is for, the members of its team, or
// those logged in under its portal, but for embassy reps; not those in the session, not those who declined it.
func (t *tx) takers(inv desk.Invitation) ([]candidate, error) {
	columns := `SELECT DISTINCT r.id, r.name, r.logged_in_until > $1, r.extended = 1, 0 = 1, 1 = 1`
	may := free(`$3`, `$4`, `$5 = 1`) + ` ORDER BY r.id`
	args := []any{ms(t.now), "", inv.Session.ID, inv.ID, flag(!inv.IsTransfer())}
	switch {
	case inv.Rep != nil:
		args[1] = inv.Rep.ID
		return list(t, columns+` FROM reps r WHERE r.id = $2`+may, args, scanCandidate)
	case inv.Team != nil:
		args[1] = inv.Team.ID
		return list(t, columns+inTeam(`$2`)+may, args, scanCandidate)
	}
	args[1] = inv.Portal.ID
	return list(t, columns+underPortal(`$2`, `$6`, `$1`)+may, append(args, flag(inv.SubPortals)), scanCandidate)
}

// takersOfTeam and takersOfPortal are those who may take the invitation or transfer v of a team, or the invitation v of a portal
// at $1.
var (
	freeForIt      = free(`v.session_id`, `v.id`, `v.kind <> 'transfer'`)
	takersOfTeam   = `SELECT 1` + inTeam(`v.team_id`) + freeForIt
	takersOfPortal = `SELECT 1` + underPortal(`v.portal_id`, `v.sub_portals`, `$1`) + freeForIt
)

// judge tells the owner of an invitation or transfer that nobody is left who could accept it, or that somebody is there again
// (B14), where they were told otherwise.
func (t *tx) judge(inv desk.Invitation, by desk.Ref) (desk.Invitation, error) {
	left, err := t.exists(`SELECT 1 FROM invitations v WHERE v.id = $2 AND (EXISTS (`+takersOfTeam+`) OR EXISTS (`+takersOfPortal+`))`, ms(t.now), inv.ID)
	switch {
	case err != nil || inv.NobodyLeft != left:
		return inv, err
	case inv.NobodyLeft:
		return t.takersChanged(inv, by, "somebody_came")
	}
	return t.takersChanged(inv, by, nobodyLeft)
}

// comesOrGoes judges an invitation or transfer that a rep can take no more, or can again. Its revision grows in any case: who is
// told that it is over, or open to them, takes that only with a higher one (B17).
func (t *tx) comesOrGoes(inv desk.Invitation, rep desk.Ref) (desk.Invitation, error) {
	now, err := t.judge(inv, rep)
	if err != nil || now.Rev > inv.Rev {
		return now, err
	}
	return t.newRev(inv, rep)
}

// nobodyLeft is why an invitation is another for its owner: nobody is left who could accept it.
const nobodyLeft = "nobody_left"

// takersChanged tells the owner that others may take an invitation of a team or portal now, and whether anybody is left
// who could (B14).
func (t *tx) takersChanged(inv desk.Invitation, by desk.Ref, reason string) (desk.Invitation, error) {
	if _, err := t.exec(`UPDATE invitations SET nobody_left = $1, rev = rev + 1 WHERE id = $2`, flag(reason == nobodyLeft), inv.ID); err != nil {
		return inv, err
	}
	inv, err := t.invitation(inv.ID)
	if err != nil {
		return inv, err
	}
	if inv.IsTransfer() {
		_, err = t.transferChanged(inv, by, "transfer_"+reason)
		return inv, err
	}
	owner := inv.ForOwner()
	return inv, t.record(desk.RepTopic(inv.Inviter.ID), desk.Event{Type: desk.EventInvitationChanged, Actor: refOrNil(by), SessionID: inv.Session.ID, TeamID: idOf(inv.Team), Reason: reason, Invitation: &owner})
}

// misjudged are the invitations and transfers of teams and portals of which the owner was told otherwise, whether anybody is left
// who could accept, than it is at $1. Where $2 is 0, nobody counts as gone.
var misjudged = `SELECT v.id FROM invitations v WHERE v.state = 'active' AND v.team_id <> '' AND v.team_id > ''
		AND (v.nobody_left = 1 OR $2 = 1) AND (v.nobody_left = 1) = EXISTS (` + takersOfTeam + `)
	UNION ALL SELECT v.id FROM invitations v WHERE v.state = 'active' AND v.portal_id <> '' AND v.portal_id > ''
		AND (v.nobody_left = 1 OR $2 = 1) AND (v.nobody_left = 1) = EXISTS (` + takersOfPortal + `) ORDER BY 1`

// takersDue lists the invitations to be judged because somebody may take them, or nobody may any more, by what does not look after
// invitations: a console is silent for too long or back again, an account is new or in use again. To look for them every
// few seconds costs less than to look at each contact of each console.
func (t *tx) takersDue() ([]func(*tx) error, error) {
	due := []func(*tx) error{}
	ids, err := t.texts(misjudged, ms(t.now), flag(t.mayDesert()))
	for _, id := range ids {
		due = append(due, func(t *tx) error {
			inv, _, err := t.lockedInvitation(id)
			if err == nil && inv.Active() {
				_, err = t.judge(inv, desk.Ref{})
			}
			return err
		})
	}
	return due, err
}
