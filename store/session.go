package store

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// NewSession is a request to start a session. At most one of IssueID, RepID and TeamID says where it waits; with
// none it waits for the caller.
type NewSession struct {
	PortalID    string
	Customer    desk.Customer
	IssueID     string
	RepID       string
	TeamID      string
	Kind        string
	Priority    int
	ExternalKey string
}

// sessionRow is a session with what the rules need and the wire does not show.
type sessionRow struct {
	desk.Session
	QueueRepID string              // the queue it waits in, or last waited in: a rep's
	QueueTeam  *desk.Ref           // or a team's
	Settings   desk.PortalSettings // in force in its portal
}

// waitsFor says whether the session waits in the personal queue of the rep.
func (s sessionRow) waitsFor(repID string) bool {
	return s.State == desk.SessionWaiting && s.QueueRepID == repID
}

const sessionColumns = `SELECT s.id, s.rev, s.state, s.kind, s.portal_id, COALESCE(p.name, ''), COALESCE(p.effective, ''),
	s.customer_name, s.company, s.details, s.language, s.issue_id, COALESCE(i.title, ''), s.priority, s.owner_id, COALESCE(o.name, ''),
	s.queue_rep_id, s.queue_team_id, COALESCE(q.name, ''), s.external_key, s.created_at, s.accepted_at, s.ended_at, s.end_reason, s.summary,
	(SELECT COUNT(*) FROM attendees a WHERE a.session_id = s.id AND a.rep_id <> '' AND a.left_at = 0)
	FROM sessions s LEFT JOIN portals p ON p.id = s.portal_id LEFT JOIN issues i ON i.id = s.issue_id
	LEFT JOIN reps o ON o.id = s.owner_id LEFT JOIN teams q ON q.id = s.queue_team_id`

func scanSession(scan scanner, s *sessionRow) error {
	var portal, issue, owner, team desk.Ref
	var effective string
	var created, accepted, ended int64
	if err := scan(&s.ID, &s.Rev, &s.State, &s.Kind, &portal.ID, &portal.Name, &effective,
		&s.Customer.Name, &s.Customer.Company, &s.Customer.Details, &s.Customer.Language, &issue.ID, &issue.Name, &s.Priority, &owner.ID, &owner.Name,
		&s.QueueRepID, &team.ID, &team.Name, &s.ExternalKey, &created, &accepted, &ended, &s.EndReason, &s.Summary, &s.RepCount); err != nil {
		return err
	}
	s.Title = desk.SessionTitle(s.Kind, s.Customer.Name)
	s.Portal, s.Issue, s.Owner, s.QueueTeam = refOrNil(portal), refOrNil(issue), refOrNil(owner), refOrNil(team)
	if s.State == desk.SessionWaiting {
		s.Team = s.QueueTeam
	}
	s.CreatedAt, s.AcceptedAt, s.EndedAt = desk.Time(created), desk.TimePtr(accepted), desk.TimePtr(ended)
	s.Settings = desk.DefaultPortalSettings()
	if effective == "" {
		return nil
	}
	return json.Unmarshal([]byte(effective), &s.Settings)
}

func (t *tx) session(id string) (s sessionRow, err error) {
	return one(t, "session", sessionColumns+` WHERE s.id = $1`, []any{id}, scanSession)
}

// lockedSession reads a session that nobody else can change until the transaction ends. The lock comes first, in a
// statement of its own: what is read after it is what the last holder left.
func (t *tx) lockedSession(id string) (sessionRow, error) {
	if lock := t.forUpdate(); lock != "" {
		if _, err := t.row(`SELECT id FROM sessions WHERE id = $1`+lock, []any{id}, new(string)); err != nil {
			return sessionRow{}, err
		}
	}
	return t.session(id)
}

// sight says how much of a session the caller sees (A8).
func (t *tx) sight(c desk.Caller, s sessionRow) (desk.Sight, error) {
	if c.IsAdministrator() || s.Owner != nil && s.Owner.ID == c.RepID {
		return desk.SightFull, nil
	}
	var full, summary bool
	_, err := t.row(`SELECT
		EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = $1 AND a.rep_id = $2)
		OR EXISTS (SELECT 1 FROM team_members mine JOIN team_members theirs ON theirs.team_id = mine.team_id
			WHERE mine.rep_id = $2 AND mine.rank > theirs.rank AND theirs.rep_id = $3),
		EXISTS (SELECT 1 FROM invitations v WHERE v.session_id = $1 AND v.state = 'active'
			AND (v.rep_id = $2 OR v.team_id IN (SELECT m.team_id FROM team_members m WHERE m.rep_id = $2))
			AND NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = v.id AND d.rep_id = $2))
		OR EXISTS (SELECT 1 FROM team_members m WHERE m.rep_id = $2 AND m.team_id = $4)`,
		[]any{s.ID, c.RepID, idOf(s.Owner), idOf(s.Team)}, &full, &summary)
	switch {
	case full:
		return desk.SightFull, err
	case summary || s.waitsFor(c.RepID):
		return desk.SightSummary, err
	}
	return desk.SightNone, err
}

func idOf(r *desk.Ref) string {
	if r == nil {
		return ""
	}
	return r.ID
}

// seen returns a session that the caller sees, with the sight.
func (t *tx) seen(c desk.Caller, id string, load func(string) (sessionRow, error)) (sessionRow, desk.Sight, error) {
	s, err := load(id)
	if err != nil {
		return s, desk.SightNone, err
	}
	sight, err := t.sight(c, s)
	if err == nil && sight == desk.SightNone {
		err = desk.Missing("session")
	}
	return s, sight, err
}

// owned returns a session, locked, that the caller owns. Who cannot see it is told that it is not there; who sees
// it, that they are not its owner (B1).
func (t *tx) owned(c desk.Caller, id string) (sessionRow, error) {
	s, err := t.lockedSession(id)
	if err != nil || idOf(s.Owner) == c.RepID {
		return s, err
	}
	sight, err := t.sight(c, s)
	switch {
	case err != nil:
		return s, err
	case sight == desk.SightNone:
		return s, desk.Missing("session")
	}
	return s, desk.Refuse(desk.NotSessionOwner, "Only the session's owner may do this.")
}

// notActive is the refusal to act in a session that waits or has ended.
func notActive(s sessionRow) *desk.Problem {
	p := desk.Refuse(desk.SessionNotActive, "The session is %s.", s.State)
	p.Conflict = &desk.Conflict{Kind: "session", ID: s.ID, State: string(s.State), Reason: s.EndReason, EndedAt: s.EndedAt}
	return p
}

// StartSession starts a session that waits for a rep, or in the queue of a team.
func (s *Store) StartSession(ctx context.Context, c desk.Caller, in NewSession) (desk.Session, error) {
	if p := in.check(); p != nil {
		return desk.Session{}, p
	}
	return write(ctx, s, func(t *tx) (out desk.Session, err error) {
		if err := t.resolveTargets(&in); err != nil {
			return out, err
		}
		came, queueRep, queueTeam, err := t.queueOf(c, in)
		if err != nil {
			return out, err
		}
		id := newID("ses_")
		if _, err := t.exec(`INSERT INTO sessions (id, state, kind, portal_id, customer_name, company, details, language, search, issue_id, priority,
			queue_rep_id, queue_team_id, came_by, external_key, created_at) VALUES ($1, 'waiting', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			id, in.Kind, in.PortalID, in.Customer.Name, in.Customer.Company, in.Customer.Details, in.Customer.Language,
			strings.ToLower(in.Customer.Name+" "+in.Customer.Company), in.IssueID, in.Priority, queueRep, queueTeam, came, in.ExternalKey, ms(t.now)); err != nil {
			return out, err
		}
		customer := desk.Attendee{SessionID: id, Role: desk.AttendeeCustomer, Name: in.Customer.Name, Access: desk.Control}
		if _, err := t.addAttendee(customer, 0); err != nil {
			return out, err
		}
		return t.sessionChanged(c.Ref(), id, "")
	})
}

func (n *NewSession) check() *desk.Problem {
	targets := 0
	for _, id := range []string{n.IssueID, n.RepID, n.TeamID} {
		if id != "" {
			targets++
		}
	}
	if targets > 1 {
		return desk.Refuse(desk.OneTargetNeeded, "Give at most one of issue_id, rep_id and team_id.")
	}
	if p := desk.CheckLine("external_key", n.ExternalKey, desk.MaxName); p != nil {
		return p
	}
	return n.Customer.Check()
}

func (t *tx) resolveTargets(n *NewSession) (err error) {
	for _, target := range []struct {
		kind string
		ref  *string
	}{{"portal", &n.PortalID}, {"issue", &n.IssueID}, {"rep", &n.RepID}, {"team", &n.TeamID}} {
		if *target.ref != "" && err == nil {
			*target.ref, err = t.resolve(target.kind, *target.ref)
		}
	}
	return err
}

// queueOf says in whose queue a new session waits, and how it came there (D2, D3).
func (t *tx) queueOf(c desk.Caller, n NewSession) (cameBy, repID, teamID string, err error) {
	switch {
	case n.IssueID != "":
		_, err = t.row(`SELECT team_id FROM issues WHERE id = $1`, []any{n.IssueID}, &teamID)
		return "issue", "", teamID, err
	case n.TeamID != "":
		return "api", "", n.TeamID, nil
	case n.RepID != "":
		return "api", n.RepID, "", nil
	}
	return "api", c.RepID, "", nil
}

// sessionChanged tells those in the session, those who were (former), or those in whose queue it waits, and returns it
// as it now is.
func (t *tx) sessionChanged(actor desk.Ref, id, reason string, former ...string) (desk.Session, error) {
	s, err := t.session(id)
	if err != nil {
		return desk.Session{}, err
	}
	event := desk.Event{Type: desk.EventSessionChanged, Actor: &actor, SessionID: id, Reason: reason, Session: &s.Session}
	return s.Session, t.tellSession(s, event, former...)
}

// tellSession records an event for the reps in a session, and while it waits for those in whose queue it stands.
func (t *tx) tellSession(s sessionRow, event desk.Event, former ...string) error {
	reps, err := t.repsIn(s.ID)
	if err != nil {
		return err
	}
	reps = append(reps, former...)
	if s.State == desk.SessionWaiting && s.QueueRepID != "" {
		reps = append(reps, s.QueueRepID)
	}
	for _, rep := range reps {
		if err := t.record(desk.RepTopic(rep), event); err != nil {
			return err
		}
	}
	if s.Team == nil {
		return nil
	}
	event.TeamID = s.Team.ID
	return t.record(desk.TeamTopic(s.Team.ID), event, reps...)
}

// AcceptSession takes a waiting session out of the caller's queue, and makes the caller its owner. Whoever is second
// is told who was first (D8).
func (s *Store) AcceptSession(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return write(ctx, s, func(t *tx) (out desk.Session, err error) {
		session, err := t.lockedSession(id)
		if err != nil {
			return out, err
		}
		if session.State == desk.SessionActive && idOf(session.Owner) == c.RepID {
			return t.withAttendees(session.Session)
		}
		mine, err := t.acceptable(c, session)
		switch {
		case err != nil:
			return out, err
		case !mine:
			return out, t.refuseAccept(c, session)
		}
		if _, err := t.exec(`UPDATE sessions SET state = 'active', owner_id = $1, accepted_at = $2, rev = rev + 1 WHERE id = $3`,
			c.RepID, ms(t.now), id); err != nil {
			return out, err
		}
		owner := desk.Attendee{SessionID: id, Role: desk.AttendeeOwner, RepID: c.RepID, Access: desk.Control}
		if _, err := t.addAttendee(owner, 0); err != nil {
			return out, err
		}
		return t.tellAccepted(c, session)
	})
}

// acceptable says whether the session waits in a queue of the caller's.
func (t *tx) acceptable(c desk.Caller, s sessionRow) (bool, error) {
	if s.State != desk.SessionWaiting {
		return false, nil
	}
	if s.waitsFor(c.RepID) {
		return true, nil
	}
	return t.exists(`SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`, idOf(s.Team), c.RepID)
}

// refuseAccept says why: nothing to somebody who never saw the session; who took it to those who did.
func (t *tx) refuseAccept(c desk.Caller, s sessionRow) error {
	sight, err := t.sight(c, s)
	if err != nil {
		return err
	}
	if sight == desk.SightNone && s.State == desk.SessionActive {
		if sight, err = t.sawWaiting(c, s); err != nil {
			return err
		}
	}
	switch {
	case sight == desk.SightNone:
		return desk.Missing("session")
	case s.State == desk.SessionActive:
		p := desk.Refuse(desk.SessionTaken, "%s has accepted it.", s.Owner.Name)
		p.Conflict = &desk.Conflict{Kind: "session", ID: s.ID, State: string(s.State), By: s.Owner}
		return p
	case s.State == desk.SessionEnded:
		return notActive(s)
	}
	return desk.Refuse(desk.NotAllowed, "The session waits in the queue of somebody else.")
}

// sawWaiting says whether an active session came to its owner from a queue that is the caller's too: they raced for it.
func (t *tx) sawWaiting(c desk.Caller, s sessionRow) (desk.Sight, error) {
	found, err := t.exists(`SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`, idOf(s.QueueTeam), c.RepID)
	if found {
		return desk.SightSummary, err
	}
	return desk.SightNone, err
}

// tellAccepted tells the new owner, and the queue that the session left it.
func (t *tx) tellAccepted(c desk.Caller, before sessionRow) (desk.Session, error) {
	after, err := t.session(before.ID)
	if err != nil {
		return desk.Session{}, err
	}
	actor := c.Ref()
	event := desk.Event{Type: desk.EventSessionChanged, Actor: &actor, SessionID: after.ID, Reason: "accepted", Session: &after.Session}
	if err := t.tellSession(after, event); err != nil {
		return desk.Session{}, err
	}
	if team := before.Team; team != nil {
		event.TeamID = team.ID
		if err := t.record(desk.TeamTopic(team.ID), event, c.RepID); err != nil {
			return desk.Session{}, err
		}
	}
	return t.withAttendees(after.Session)
}

func (t *tx) withAttendees(s desk.Session) (_ desk.Session, err error) {
	s.Attendees, err = t.attendees(s.ID)
	return s, err
}

// Session returns one session, with its attendees for those who may look inside (A8).
func (s *Store) Session(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return read(ctx, s, func(t *tx) (desk.Session, error) {
		session, sight, err := t.seen(c, id, t.session)
		if err != nil || sight == desk.SightSummary {
			return session.Session, err
		}
		return t.withAttendees(session.Session)
	})
}

// EndSession ends a session that the caller owns: its invitations end, and everybody leaves.
func (s *Store) EndSession(ctx context.Context, c desk.Caller, id, summary string) (desk.Session, error) {
	if p := desk.CheckText("summary", summary, desk.MaxDetails); p != nil {
		return desk.Session{}, p
	}
	return write(ctx, s, func(t *tx) (out desk.Session, err error) {
		session, err := t.owned(c, id)
		switch {
		case err != nil:
			return out, err
		case session.State == desk.SessionEnded:
			return session.Session, nil
		case session.State != desk.SessionActive:
			return out, notActive(session)
		}
		if err := t.endInvitations(c.Ref(), desk.EndSessionEnded, `v.session_id = $1`, id); err != nil {
			return out, err
		}
		if _, err := t.exec(`UPDATE sessions SET state = 'ended', ended_at = $1, end_reason = 'ended_by_owner', summary = $2, rev = rev + 1 WHERE id = $3`,
			ms(t.now), summary, id); err != nil {
			return out, err
		}
		reps, err := t.repsIn(id)
		if err != nil {
			return out, err
		}
		if _, err := t.exec(`UPDATE attendees SET left_at = $1, expected_until = 0, rev = rev + 1 WHERE session_id = $2 AND left_at = 0`, ms(t.now), id); err != nil {
			return out, err
		}
		return t.sessionChanged(c.Ref(), id, "ended_by_owner", reps...)
	})
}
