package store

import (
	"encoding/json"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// connectionsDue lists what is due because somebody is not there any more: sessions whose owner is lost go elsewhere, and
// joined reps who are lost lose their seat (C9).
func (t *tx) connectionsDue() ([]func(*tx) error, error) {
	due := []func(*tx) error{}
	owners, err := t.ownersAway()
	for _, id := range owners {
		due = append(due, func(t *tx) error { return t.lookAfterOwner(id) })
	}
	if err != nil {
		return due, err
	}
	seats, err := t.dueBySettings(`SELECT a.id, CASE WHEN a.joined_at > r.seen_at THEN a.joined_at ELSE r.seen_at END, COALESCE(p.effective, '') FROM attendees a JOIN reps r ON r.id = a.rep_id JOIN sessions s ON s.id = a.session_id LEFT JOIN portals p ON p.id = s.portal_id
		WHERE a.rep_id <> '' AND a.left_at = 0 AND a.role = 'rep' AND a.expected_until = 0 AND r.seen_at < $1`, t.unseenSince(),
		func(seen int64, settings desk.PortalSettings) bool {
			return desk.SeatLost(t.store.inTouch(seen, 0), settings, t.now)
		})
	for _, id := range seats {
		due = append(due, func(t *tx) error { return t.lookAfterSeat(id) })
	}
	return due, err
}

// customersDue lists what is due because a customer left and does not come back (C13).
func (t *tx) customersDue() ([]func(*tx) error, error) {
	due := []func(*tx) error{}
	gone, err := t.dueBySettings(`SELECT s.id, s.customer_gone_at, COALESCE(p.effective, '') FROM sessions s LEFT JOIN portals p ON p.id = s.portal_id
		WHERE s.state <> 'ended' AND s.customer_gone_at > 0 AND s.customer_gone_at <= $1`, ms(t.now),
		func(at int64, settings desk.PortalSettings) bool {
			return t.now.Sub(time.UnixMilli(at)) >= desk.CustomerGoneFor(settings)
		})
	for _, id := range gone {
		due = append(due, func(t *tx) error { return t.lookAfterCustomer(id) })
	}
	return due, err
}

// dueBySettings lists the ids for which something is due, by a time and the settings of the portal: the three columns of the
// query.
func (t *tx) dueBySettings(q string, arg int64, due func(at int64, settings desk.PortalSettings) bool) (ids []string, err error) {
	err = t.rows(q, []any{arg}, func(scan scanner) error {
		var id, effective string
		var at int64
		if err := scan(&id, &at, &effective); err != nil {
			return err
		}
		settings, err := settingsOf(effective)
		if err == nil && due(at, settings) {
			ids = append(ids, id)
		}
		return err
	})
	return ids, err
}

// settingsOf reads settings in force as they are stored; those that a later version of the program has are defaults.
func settingsOf(effective string) (desk.PortalSettings, error) {
	settings := desk.DefaultPortalSettings()
	if effective == "" {
		return settings, nil
	}
	return settings, json.Unmarshal([]byte(effective), &settings)
}

// unseenSince is the last contact of a rep who is not connected now.
func (t *tx) unseenSince() int64 { return ms(t.now.Add(-desk.ConnectedFor - desk.PresenceGrace)) }

// ownersAway lists the active sessions for which something is due because no console of the owner is connected.
func (t *tx) ownersAway() (ids []string, err error) {
	err = t.rows(`SELECT s.id, o.seen_at, `+ownerSince+`, s.asked_at, COALESCE(p.effective, ''), `+hasTarget+` FROM sessions s JOIN reps o ON o.id = s.owner_id LEFT JOIN portals p ON p.id = s.portal_id
		WHERE s.state = 'active' AND o.seen_at < $1`, []any{t.unseenSince(), t.reachedSince()}, func(scan scanner) error {
		var id, effective string
		var seen, joined, asked int64
		var facts desk.ConnectionFacts
		if err := scan(&id, &seen, &joined, &asked, &effective, &facts.PushTarget); err != nil {
			return err
		}
		var err error
		if facts.Settings, err = settingsOf(effective); err != nil {
			return err
		}
		facts.SeenAt, facts.Asked, facts.AskedAt = t.store.inTouch(seen, joined), asked > 0, time.UnixMilli(asked)
		if desk.OwnerConnection(facts, t.now) != desk.ConnectionStands {
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// ownerSince is when the owner came into the session s.
const ownerSince = `COALESCE((SELECT MAX(a.joined_at) FROM attendees a WHERE a.session_id = s.id AND a.role = 'owner' AND a.left_at = 0), 0)`

// hasTarget says whether a push reaches the owner o of a session.
const hasTarget = `EXISTS (SELECT 1 FROM consoles c WHERE c.rep_id = o.id AND ` + reached + `)`

// inTouch is when somebody was last in contact: not before they came into the session, since whoever comes is there, even
// where the contact itself is not written yet; and not before this server began to listen, since then nobody could be.
func (s *Store) inTouch(seen, joined int64) time.Time {
	return time.UnixMilli(max(seen, joined, s.listens.Load()))
}

// lookAfterOwner asks the owner of a session to come back, or gives the session to somebody else.
func (t *tx) lookAfterOwner(sessionID string) error {
	s, err := t.lockedSession(sessionID)
	if err != nil || s.State != desk.SessionActive {
		return err
	}
	facts := desk.ConnectionFacts{Asked: s.askedAt > 0, AskedAt: time.UnixMilli(s.askedAt), Settings: s.Settings}
	var seen, joined int64
	if _, err := t.row(`SELECT o.seen_at, `+ownerSince+`, `+hasTarget+` FROM sessions s JOIN reps o ON o.id = s.owner_id WHERE s.id = $1`, []any{s.ID, t.reachedSince()}, &seen, &joined, &facts.PushTarget); err != nil {
		return err
	}
	facts.SeenAt = t.store.inTouch(seen, joined)
	switch desk.OwnerConnection(facts, t.now) {
	case desk.ConnectionAsk:
		return t.askOwner(s)
	case desk.ConnectionLost:
		return t.ownerLost(s)
	}
	return nil
}

// askOwner asks the owner by a push to come back.
func (t *tx) askOwner(s sessionRow) error {
	if _, err := t.exec(`UPDATE sessions SET asked_at = $1, rev = rev + 1 WHERE id = $2`, ms(t.now), s.ID); err != nil {
		return err
	}
	if _, err := t.sessionChanged(sessionChange{actor: *s.Owner, id: s.ID, reason: "owner_away", hidden: true}); err != nil {
		return err
	}
	return t.pushSession(s.ID, s.Owner.ID, desk.SessionConnectionLost)
}

// ownerBack takes back what asked a rep to come back to sessions of theirs: a console is in contact again.
func (t *tx) ownerBack(repID string) error {
	asked, err := t.texts(`SELECT id FROM sessions WHERE owner_id = $1 AND asked_at > 0 ORDER BY id`, repID)
	for _, id := range asked {
		if err != nil {
			return err
		}
		var s sessionRow
		if s, err = t.lockedSession(id); err == nil && s.askedAt > 0 {
			err = t.stopAsking(s)
		}
	}
	return err
}

func (t *tx) stopAsking(s sessionRow) error {
	if _, err := t.exec(`UPDATE sessions SET asked_at = 0, rev = rev + 1 WHERE id = $1`, s.ID); err != nil {
		return err
	}
	if err := t.withdrawAsk(s); err != nil {
		return err
	}
	_, err := t.sessionChanged(sessionChange{actor: *s.Owner, id: s.ID, reason: "owner_back", hidden: true})
	return err
}

// ownerLoggedOut gives the sessions of a rep to others when no console keeps the rep logged in any more (C9).
func (t *tx) ownerLoggedOut(rep desk.Ref) error {
	here, err := t.exists(`SELECT 1 FROM consoles c WHERE c.rep_id = $1 AND `+consoleHere(`$2`), rep.ID, ms(t.now))
	if err != nil || here {
		return err
	}
	owned, err := t.texts(`SELECT id FROM sessions WHERE owner_id = $1 AND owner_id <> '' AND state = 'active' ORDER BY id`, rep.ID)
	for _, id := range owned {
		if err != nil {
			return err
		}
		var s sessionRow
		if s, err = t.lockedSession(id); err == nil && s.State == desk.SessionActive && idOf(s.Owner) == rep.ID {
			err = t.ownerLost(s)
		}
	}
	return err
}

// ownerLost gives a session whose owner is lost to the rep who has shared it longest, to a queue, or ends it (C9).
func (t *tx) ownerLost(s sessionRow) error {
	return t.rehome(s, *s.Owner, desk.SessionConnectionLost, desk.EndedOwnerLost)
}

// rehome does for a session that cannot stay where it is what is done when an owner is lost. reason is why, and ended why it
// ends where there is no other place for it.
func (t *tx) rehome(s sessionRow, by desk.Ref, reason, ended string) error {
	longest, err := t.longestJoined(s)
	if err != nil {
		return err
	}
	homes, there, err := t.homes(s)
	if err != nil {
		return err
	}
	there[desk.LostToLongestJoined] = longest.ID != ""
	switch step := desk.NextHome(s.Settings, there); step {
	case "":
		_, err := t.endSession(s, by, ended, "")
		return err
	case desk.LostToLongestJoined:
		rep := desk.Ref{ID: longest.RepID, Name: longest.Name}
		if _, err := t.moveOwnership(s, ownerMove{to: rep, by: by, reason: reason, queue: s.Team}); err != nil {
			return err
		}
		return t.pushSession(s.ID, rep.ID, desk.SessionMovedToYou)
	default:
		move := queueMove{to: homes[step], by: by, reason: reason}
		if s.Owner != nil { // of one that waited all the while, nobody was lost
			move.cameBy = desk.CameByLostConnection
		}
		_, err := t.requeue(s, move)
		return err
	}
}

// longestJoined is the joined rep, logged in, who has shared the session longest.
func (t *tx) longestJoined(s sessionRow) (a attendeeRow, err error) {
	err = t.rows(attendeeColumns+` WHERE a.session_id = $1 AND a.role = 'rep' AND a.left_at = 0 AND a.expected_until = 0 AND r.logged_in_until > $2 AND r.disabled = 0
		ORDER BY a.joined_at, a.id LIMIT 1`, []any{s.ID, ms(t.now)}, func(scan scanner) error { return scanAttendee(scan, &a) })
	return a, err
}

// home is a queue where a session can wait: a rep's or a team's.
type home struct{ repID, teamID string }

// homes are the queues that the session stood in last and first, and that of the portal's fallback team, and in which of
// them somebody is there.
func (t *tx) homes(s sessionRow) (homes map[desk.LostStep]home, there map[desk.LostStep]bool, err error) {
	homes, there = map[desk.LostStep]home{
		desk.LostToLastQueue:  {repID: s.QueueRepID, teamID: idOf(s.QueueTeam)},
		desk.LostToFirstQueue: {repID: s.firstRep, teamID: s.firstTeam},
	}, map[desk.LostStep]bool{}
	if homes[desk.LostToFallbackTeam], err = t.fallback(s); err != nil {
		return nil, nil, err
	}
	for step, h := range homes {
		if there[step], err = t.somebodyAt(h, idOf(s.Owner)); err != nil {
			return nil, nil, err
		}
	}
	return homes, there, nil
}

// fallback is the queue of the portal's fallback team, if it has one.
func (t *tx) fallback(s sessionRow) (h home, err error) {
	if slug := *s.Settings.FallbackTeam; slug != "" {
		_, err = t.row(`SELECT id FROM teams WHERE slug = $1 AND disabled = 0`, []any{slug}, &h.teamID)
	}
	return h, err
}

// somebodyAt says whether somebody is logged in for a queue, or it is a persistent team's (D11). A lost owner does not count;
// lost is "" where nobody is. Whoever closes the team waits for what is then put into its queue, and finds it there.
func (t *tx) somebodyAt(h home, lost string) (there bool, err error) {
	if h.teamID == "" {
		return t.exists(`SELECT 1 FROM reps WHERE id = $1 AND id <> $2 AND disabled = 0 AND logged_in_until > $3`, h.repID, lost, ms(t.now))
	}
	_, err = t.row(`SELECT t.persistent = 1 OR EXISTS (SELECT 1 FROM team_members m JOIN reps r ON r.id = m.rep_id
		WHERE m.team_id = t.id AND r.id <> $2 AND r.disabled = 0 AND r.logged_in_until > $3) FROM teams t WHERE t.id = $1 AND t.disabled = 0`+t.forShare(),
		[]any{h.teamID, lost, ms(t.now)}, &there)
	return there, err
}

// queueMove is a session on its way into a queue again.
type queueMove struct {
	to     home
	by     desk.Ref
	reason string      // of the events
	cameBy desk.CameBy // how it comes there (D4); empty: as it came before
}

// requeue lets a session wait in a queue, out of another one or again. Its owner leaves; the further reps and specialists
// stay. Every way by which a session waits in another queue leads here; an accepted transfer notes its queue by itself.
func (t *tx) requeue(s sessionRow, m queueMove) (out desk.Session, err error) {
	if err := t.endInvitations(m.by, desk.EndOwnershipMoved, `v.session_id = $1`, s.ID); err != nil {
		return out, err
	}
	if err := t.withdrawState(s, desk.EndOwnershipMoved); err != nil {
		return out, err
	}
	if err := t.ownerLeaves(s, m.reason); err != nil {
		return out, err
	}
	if _, err := t.exec(`UPDATE sessions SET state = 'waiting', owner_id = '', queue_rep_id = $1, queue_team_id = $2, came_by = COALESCE(NULLIF($4, ''), came_by), held = 0, asked_at = 0, rev = rev + 1 WHERE id = $3`,
		m.to.repID, m.to.teamID, s.ID, string(m.cameBy)); err != nil {
		return out, err
	}
	if err := t.screenSharingMoved(s, false, m.by); err != nil {
		return out, err
	}
	return t.sessionChanged(sessionChange{actor: m.by, id: s.ID, reason: m.reason, former: s.losers(), queue: s.Team})
}

func (t *tx) ownerLeaves(s sessionRow, reason string) error {
	if s.Owner == nil {
		return nil
	}
	former, err := t.seatOf(s.ID, s.Owner.ID)
	if err != nil || former.ID == "" {
		return err
	}
	return t.leave(former, reason)
}

// losers are the reps who have a session as their own, and lose it when it goes elsewhere: its owner, or the one for whom it
// waits.
func (s sessionRow) losers() (reps []string) {
	if s.Owner != nil {
		reps = append(reps, s.Owner.ID)
	}
	if s.State == desk.SessionWaiting && s.QueueRepID != "" {
		reps = append(reps, s.QueueRepID)
	}
	return reps
}

// lookAfterSeat frees the seat of a joined rep who is lost.
func (t *tx) lookAfterSeat(attendeeID string) error {
	a, err := t.attendee(attendeeID)
	if err != nil {
		return err
	}
	s, err := t.lockedSession(a.SessionID)
	if err != nil {
		return err
	}
	if a, err = t.attendee(attendeeID); err != nil || a.LeftAt != nil || a.Role != desk.AttendeeRep {
		return err
	}
	var seen, joined int64
	if _, err := t.row(`SELECT r.seen_at, a.joined_at FROM attendees a JOIN reps r ON r.id = a.rep_id WHERE a.id = $1`, []any{attendeeID}, &seen, &joined); err != nil {
		return err
	}
	if !desk.SeatLost(t.store.inTouch(seen, joined), s.Settings, t.now) {
		return nil
	}
	_, err = t.leaveSeat(a, desk.SessionConnectionLost)
	return err
}

// lookAfterCustomer ends a session whose customer left and did not come back, even if it waits by now for another owner (C13).
func (t *tx) lookAfterCustomer(sessionID string) error {
	s, err := t.lockedSession(sessionID)
	if err != nil || s.State == desk.SessionEnded || s.goneAt == 0 || t.now.Sub(time.UnixMilli(s.goneAt)) < desk.CustomerGoneFor(s.Settings) {
		return err
	}
	_, err = t.endSession(s, desk.Ref{}, desk.EndedCustomerGone, "")
	return err
}
