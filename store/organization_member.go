package store

import (
	"maps"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// saveMemberships makes the teams of the file the rep's teams. Who stays in a team keeps what they may read of its events.
func (m *organizationImport) saveMemberships(repID string, teams map[string]desk.TeamRole, created bool) error {
	since := m.since
	if created && since == 0 {
		since = -1 // there from the log's beginning
	}
	former := map[string]int64{} // since when, by team
	if err := m.rows(`SELECT team_id, since FROM team_members WHERE rep_id = $1`, []any{repID}, func(scan scanner) error {
		var id string
		var since int64
		err := scan(&id, &since)
		former[id] = since
		return err
	}); err != nil {
		return err
	}
	for _, team := range slices.Sorted(maps.Keys(former)) {
		if _, stays := teams[m.org.slugs[team]]; stays {
			continue
		}
		if err := m.markRights(repID, rightsMark{Lost: desk.TeamTopic(team), Since: former[team]}); err != nil {
			return err
		}
		if _, err := m.exec(`DELETE FROM team_members WHERE rep_id = $1 AND team_id = $2`, repID, team); err != nil {
			return err
		}
	}
	for _, slug := range slices.Sorted(maps.Keys(teams)) {
		if _, there := former[m.org.id("team", slug)]; !created && !there {
			m.grown[repID] = true
		}
		if _, err := m.exec(`INSERT INTO team_members (team_id, rep_id, rank, since, chat_read_id) VALUES ($1, $2, $3, $4, (SELECT COALESCE(MAX(c.id), '') FROM team_messages c WHERE c.team_id = $1))
			ON CONFLICT (team_id, rep_id) DO UPDATE SET rank = $3`, m.org.id("team", slug), repID, teams[slug].Rank(), since); err != nil {
			return err
		}
	}
	return nil
}

// repDisabled ends the invitations to a rep whose account was closed (B13), then all log-ins.
func (m *organizationImport) repDisabled(repID string) error {
	if err := m.targetGone(m.by, "rep_id", repID); err != nil {
		return err
	}
	rep, err := m.repRef(repID)
	if err != nil {
		return err
	}
	open, err := m.offersTo(repID, "")
	for _, id := range open {
		if err == nil {
			err = m.offerLost(rep, id)
		}
	}
	if err != nil {
		return err
	}
	if err := m.endOtherConsoles(desk.Caller{RepID: repID}, desk.SignedOutDisabled); err != nil {
		return err
	}
	if err := m.ownerLoggedOut(rep); err != nil {
		return err
	}
	return m.queueClosed(`queue_rep_id`, repID)
}

// queueClosed moves the sessions that wait in the queue of a rep or team that is no more, in the column that says so: none is
// lost (D11).
func (m *organizationImport) queueClosed(column, id string) error {
	waiting, err := m.texts(`SELECT id FROM sessions WHERE `+column+` = $1 AND `+column+` <> '' AND state = 'waiting' ORDER BY id`, id)
	for _, session := range waiting {
		if err != nil {
			return err
		}
		var s sessionRow
		if s, err = m.lockedSession(session); err == nil && s.State == desk.SessionWaiting && (s.QueueRepID == id || idOf(s.QueueTeam) == id) {
			err = m.rehome(s, m.by, desk.SessionQueueClosed, desk.EndedNoRep)
		}
	}
	return err
}

// targetGone ends the active invitations to a rep or team that is no more (B13).
func (t *tx) targetGone(by desk.Ref, column, id string) error {
	open, err := t.texts(`SELECT id FROM invitations WHERE `+column+` = $1 AND `+column+` <> '' AND state = 'active' ORDER BY id`, id)
	for _, id := range open {
		if err != nil {
			return err
		}
		var inv desk.Invitation
		if inv, _, err = t.lockedInvitation(id); err == nil && inv.Active() {
			_, err = t.endInvitation(inv, desk.EndTargetGone, by)
		}
	}
	return err
}

// settleEmbassy keeps whether a rep is an embassy rep: in an embassy and in no ordinary team that is in use, and no permission
// lifts it (A7). An embassy that goes out of use makes its reps no insiders; who is taken out of the last team stays what they
// were. Invitations of portals pass such reps by.
func (m *organizationImport) settleEmbassy(repID string) error {
	const in = `EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = $1`
	const is = `CASE WHEN permissions LIKE $2 OR ` + in + ` AND t.embassy = 0 AND t.disabled = 0) THEN 0
		WHEN ` + in + ` AND t.embassy = 1) THEN 1 WHEN ` + in + `) THEN 0 ELSE embassy END`
	lifted := `%"` + string(desk.SeeOutsideEmbassy) + `"%`
	var rep desk.Ref
	moves, err := m.row(`SELECT id, name FROM reps WHERE id = $1 AND embassy <> `+is, []any{repID, lifted}, &rep.ID, &rep.Name)
	if err != nil || !moves {
		return err
	}
	m.grown[repID] = true // names too are others from now on, of what they have loaded already
	return m.offersMove(rep, "", false, func() error {
		_, err := m.exec(`UPDATE reps SET embassy = `+is+` WHERE id = $1`, repID, lifted)
		return err
	})
}
