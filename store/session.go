package store

import (
	"context"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// sessionRow is a session with what the rules need and the wire does not show.
type sessionRow struct {
	desk.Session
	QueueRepID       string              // the queue it waits in, or last waited in: a rep's
	QueueTeam        *desk.Ref           // or a team's
	firstRep         string              // the queue it first entered: a rep's
	firstTeam        string              // or a team's
	askedAt          int64               // when a push asked its lost owner to come back (C9)
	goneAt           int64               // when its customer left (C13)
	guestRev         int64               // its revision for guests
	transferID       string              // the pending transfer
	specialistsShare bool                // its owner lets specialists share their own screen (F8)
	Settings         desk.PortalSettings // in force in its portal
}

// waitsFor says whether the session waits in the personal queue of the rep.
func (s sessionRow) waitsFor(repID string) bool {
	return s.State == desk.SessionWaiting && s.QueueRepID == repID
}

const sessionColumns = `SELECT s.id, s.rev, s.state, s.kind, s.portal_id, COALESCE(p.name, ''), COALESCE(p.effective, ''),
	s.customer_name, s.company, s.details, s.language, s.issue_id, COALESCE(i.title, ''), s.priority, s.owner_id, COALESCE(o.name, ''),
	s.queue_rep_id, s.queue_team_id, COALESCE(q.name, ''), s.external_key, s.created_at, s.accepted_at, s.ended_at, s.end_reason, s.summary,
	(SELECT COUNT(*) FROM attendees a WHERE a.session_id = s.id AND a.rep_id <> '' AND a.left_at = 0),
	COALESCE((SELECT MAX(CASE a.consent WHEN 'asked' THEN 3 WHEN 'refused' THEN 2 WHEN 'granted' THEN 1 ELSE 0 END) FROM attendees a WHERE a.session_id = s.id AND a.left_at = 0 AND a.role <> 'owner'), 0),
	COALESCE((SELECT x.id FROM invitations x WHERE x.session_id = s.id AND x.state = 'active' AND x.kind = 'transfer'), ''),
	s.held, s.customer_gone_at, s.first_rep_id, s.first_team_id, s.asked_at, s.guest_rev, s.page_url, s.page_title, COALESCE(o.specialists_share, 0)
	FROM sessions s LEFT JOIN portals p ON p.id = s.portal_id LEFT JOIN issues i ON i.id = s.issue_id
	LEFT JOIN reps o ON o.id = s.owner_id LEFT JOIN teams q ON q.id = s.queue_team_id`

func scanSession(scan scanner, s *sessionRow) error {
	var portal, issue, owner, team desk.Ref
	var effective string
	var created, accepted, ended int64
	var consent int
	if err := scan(&s.ID, &s.Rev, &s.State, &s.Kind, &portal.ID, &portal.Name, &effective,
		&s.Customer.Name, &s.Customer.Company, &s.Customer.Details, &s.Customer.Language, &issue.ID, &issue.Name, &s.Priority, &owner.ID, &owner.Name,
		&s.QueueRepID, &team.ID, &team.Name, &s.ExternalKey, &created, &accepted, &ended, &s.EndReason, &s.Summary, &s.RepCount,
		&consent, &s.transferID, &s.Held, &s.goneAt, &s.firstRep, &s.firstTeam, &s.askedAt, &s.guestRev, &s.PageURL, &s.PageTitle, &s.specialistsShare); err != nil {
		return err
	}
	s.Title, s.Consent, s.CustomerGone = desk.SessionTitle(s.Kind, s.Customer.Name), consents[consent], s.goneAt > 0
	s.Portal, s.Issue, s.Owner, s.QueueTeam = refOrNil(portal), refOrNil(issue), refOrNil(owner), refOrNil(team)
	if s.State == desk.SessionWaiting {
		s.Team = s.QueueTeam
	}
	s.CreatedAt, s.AcceptedAt, s.EndedAt = desk.Time(created), desk.TimePtr(accepted), desk.TimePtr(ended)
	var err error
	s.Settings, err = settingsOf(effective)
	return err
}

// consents are in the order of their urgency, as desk.MostUrgent has it.
var consents = []desk.Consent{desk.ConsentNotNeeded, desk.ConsentGranted, desk.ConsentRefused, desk.ConsentAsked}

func (t *tx) session(id string) (s sessionRow, err error) {
	s, err = one(t, "session", sessionColumns+` WHERE s.id = $1`, []any{id}, scanSession)
	if err == nil {
		err = t.fillTransfer(&s)
	}
	return s, err
}

// fillTransfer adds the transfer that is pending.
func (t *tx) fillTransfer(s *sessionRow) error {
	if s.transferID == "" {
		return nil
	}
	offer, err := t.invitation(s.transferID)
	s.Transfer = offer.Transfer()
	return err
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
	if c.IsAdministrator() || idOf(s.Owner) == c.RepID {
		return desk.SightFull, nil
	}
	var here, full, summary bool
	_, err := t.row(`SELECT
		EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = $1 AND a.rep_id = $2 AND a.left_at = 0),
		EXISTS (SELECT 1 FROM attendees a WHERE a.session_id = $1 AND a.rep_id = $2)
		OR EXISTS (SELECT 1 FROM `+lowerRoles+` WHERE mine.rep_id = $2 AND theirs.rep_id = $3),
		EXISTS (SELECT 1 FROM invitations v WHERE v.session_id = $1 AND v.state = 'active'
			AND (v.rep_id = $2 OR v.team_id IN (SELECT m.team_id FROM team_members m WHERE m.rep_id = $2) OR v.id IN (`+portalInvitations(`$2`, `$5`, `$6`)+`))
			AND NOT EXISTS (SELECT 1 FROM declines d WHERE d.invitation_id = v.id AND d.rep_id = $2))
		OR EXISTS (SELECT 1 FROM team_members m WHERE m.rep_id = $2 AND m.team_id = $4)`,
		[]any{s.ID, c.RepID, idOf(s.Owner), idOf(s.Team), ms(t.now), c.ConsoleID}, &here, &full, &summary)
	switch {
	case here, full && !c.Embassy: // an embassy rep sees only what it is party to now (A7)
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

// seen returns a session that the caller sees, with the sight; in a writing transaction it is locked.
func (t *tx) seen(c desk.Caller, id string) (sessionRow, desk.Sight, error) {
	s, err := t.lockedSession(id)
	if err != nil {
		return s, desk.SightNone, err
	}
	sight, err := t.sight(c, s)
	switch {
	case err != nil:
		return s, sight, err
	case sight == desk.SightNone:
		return s, sight, desk.Missing("session")
	}
	return s, sight, t.showTransfer(c, &s, sight)
}

// showTransfer leaves the pending transfer to those who may look inside the session, and to those to whom it is offered.
func (t *tx) showTransfer(c desk.Caller, s *sessionRow, sight desk.Sight) error {
	if s.Transfer == nil || sight == desk.SightFull {
		return nil
	}
	_, offered, err := t.offeredTo(c, *s)
	if !offered {
		s.Transfer = nil
	}
	return err
}

// owned returns a session, locked, that the caller owns. Who cannot see it is told that it is not there; who sees
// it, that they are not its owner (B1).
func (t *tx) owned(c desk.Caller, id string) (sessionRow, error) {
	s, _, err := t.seen(c, id)
	if err == nil && idOf(s.Owner) != c.RepID {
		err = desk.Refuse(desk.NotSessionOwner, "Only the session's owner may do this.")
	}
	return s, err
}

// ownedActive is owned for what is done while the session is active.
func (t *tx) ownedActive(c desk.Caller, id string) (sessionRow, error) {
	s, err := t.owned(c, id)
	if err == nil && s.State != desk.SessionActive {
		err = notActive(s)
	}
	return s, err
}

// notActive is the refusal to act in a session that waits or has ended.
func notActive(s sessionRow) *desk.Problem {
	p := desk.Refuse(desk.SessionNotActive, "The session is %s.", s.State)
	p.Conflict = &desk.Conflict{Kind: "session", ID: s.ID, State: string(s.State), Reason: s.EndReason, EndedAt: s.EndedAt}
	return p
}

// sessionChange is a change of a session on its way to those whom it concerns.
type sessionChange struct {
	actor  desk.Ref
	id     string
	reason string
	former []string  // reps who were in it until now
	hidden bool      // guests must not know (C11)
	queue  *desk.Ref // the team whose queue it left
}

// tookFromQueue is the reason of the change by which somebody accepts a session that waits.
const tookFromQueue = "accepted"

// sessionChanged tells those in the session, those who were, those in whose queue it stands or stood, and the guests;
// it returns the session as it now is.
func (t *tx) sessionChanged(ch sessionChange) (desk.Session, error) {
	t.touchQueues(ch.id, ch.actor, ch.reason)
	s, err := t.session(ch.id)
	if err != nil {
		return desk.Session{}, err
	}
	event := desk.Event{Type: desk.EventSessionChanged, Actor: refOrNil(ch.actor), SessionID: ch.id, Reason: ch.reason, Session: &s.Session}
	if err := t.tellSession(s, event, ch); err != nil {
		return s.Session, err
	}
	if ch.hidden {
		return s.Session, nil
	}
	return s.Session, t.tellGuests(s, ch.reason)
}

// tellSession records an event for the reps in a session and, while it waits, for those in whose queue it stands. Who has
// just come in is told who else is in it: of them no event says so later (H2). Those from whom it went are told where it is if it
// ended or one of them took it (D8), else no more than they see of it now (A8).
func (t *tx) tellSession(s sessionRow, event desk.Event, ch sessionChange) error {
	reps, err := t.repsIn(s.ID)
	if err != nil {
		return err
	}
	known := s.State == desk.SessionEnded || ch.reason == tookFromQueue
	var lost []string
	for _, rep := range ch.former {
		switch {
		case slices.Contains(reps, rep):
		case known || s.waitsFor(rep):
			reps = append(reps, rep)
		default:
			lost = append(lost, rep)
		}
	}
	if s.State == desk.SessionWaiting && s.QueueRepID != "" && !slices.Contains(reps, s.QueueRepID) {
		reps = append(reps, s.QueueRepID)
	}
	whole := event
	if came := t.came[s.ID]; len(came) > 0 {
		with := *event.Session
		if with.Attendees, err = t.attendees(s.ID); err != nil {
			return err
		}
		whole.Session = &with
	}
	for _, rep := range reps {
		told := event
		if slices.Contains(t.came[s.ID], rep) {
			told = whole
		}
		if err := t.record(desk.RepTopic(rep), told); err != nil {
			return err
		}
	}
	delete(t.came, s.ID)
	for _, rep := range lost {
		if err := t.tellOutside(desk.Ref{ID: rep}, event, s.Session); err != nil {
			return err
		}
	}
	already := append(reps, lost...)
	if s.Team != nil {
		event.TeamID = s.Team.ID
		if err := t.record(desk.TeamTopic(s.Team.ID), event, already...); err != nil {
			return err
		}
	}
	if ch.queue == nil {
		return nil
	}
	event.TeamID = ch.queue.ID
	if known {
		return t.record(desk.TeamTopic(ch.queue.ID), event, already...)
	}
	return t.tellGone(s, event, already)
}

// tellGone tells the team whose queue a session left that it is gone, and not where, but for those whom its team of now told.
func (t *tx) tellGone(s sessionRow, event desk.Event, already []string) error {
	members, err := t.texts(`SELECT rep_id FROM team_members WHERE team_id = $1 ORDER BY rep_id`, idOf(s.Team))
	if err != nil {
		return err
	}
	gone := s.Gone()
	event.Session = &gone
	return t.record(desk.TeamTopic(event.TeamID), event, append(already, members...)...)
}

// tellGuests records what guests may know of a change, under a revision of their own.
func (t *tx) tellGuests(s sessionRow, reason string) error {
	if _, err := t.exec(`UPDATE sessions SET guest_rev = guest_rev + 1 WHERE id = $1`, s.ID); err != nil {
		return err
	}
	s.guestRev++
	view, err := t.guestView(s)
	if err != nil {
		return err
	}
	return t.record(desk.GuestTopic(s.ID), desk.Event{Type: desk.EventSessionChanged, SessionID: s.ID, Reason: reason, Session: &view})
}

func (t *tx) withAttendees(c desk.Caller, s desk.Session) (_ desk.Session, err error) {
	if s.Attendees, err = t.attendees(s.ID); err != nil {
		return s, err
	}
	unread, err := t.unread(c.RepID, s.ID)
	s.Unread = unread[s.ID]
	return s, err
}

// Session returns one session, with its attendees for those who may look inside (A8).
func (s *Store) Session(ctx context.Context, c desk.Caller, id string) (desk.Session, error) {
	return readAs(ctx, s, c, func(t *tx) (desk.Session, error) {
		session, sight, err := t.seen(c, id)
		if err != nil || sight == desk.SightSummary {
			return session.Session, err
		}
		return t.withAttendees(c, session.Session)
	})
}

// EndSession ends a session that the caller owns: its invitations end, and everybody leaves. An administrator ends those of
// others too, and those that wait (I3); an API token that belongs to nobody is one.
func (s *Store) EndSession(ctx context.Context, c desk.Caller, id, summary string) (desk.Session, error) {
	if p := desk.CheckText("summary", summary, desk.MaxDetails); p != nil {
		return desk.Session{}, p
	}
	if !c.IsRep() && !slices.Contains(c.Scopes, desk.AdministrationWrite) {
		return desk.Session{}, desk.Refuse(desk.NotAllowed, "An API token that belongs to nobody ends sessions as an administrator: it needs the scope %s too.", desk.AdministrationWrite)
	}
	return writeAsAnyone(ctx, s, c, func(t *tx) (out desk.Session, err error) {
		session, err := t.endable(c, id)
		switch {
		case err != nil:
			return out, err
		case session.State == desk.SessionEnded:
			return session.Session, nil
		case idOf(session.Owner) != c.RepID:
			return t.endSession(session, c.Ref(), desk.EndedByAdmin, summary)
		case session.State != desk.SessionActive:
			return out, notActive(session)
		}
		return t.endSession(session, c.Ref(), desk.EndedByOwner, summary)
	})
}

// endable returns a session, locked, that the caller may end: as its owner, or as an administrator.
func (t *tx) endable(c desk.Caller, id string) (sessionRow, error) {
	if c.IsAdministrator() {
		return t.lockedSession(id)
	}
	return t.owned(c, id)
}

// endSession ends a session that waits or is active. That it ended tells each attendee that they left, and that their
// join grant is worth nothing any more.
func (t *tx) endSession(s sessionRow, by desk.Ref, reason, summary string) (out desk.Session, err error) {
	if err := t.endInvitations(by, desk.EndSessionEnded, `v.session_id = $1`, s.ID); err != nil {
		return out, err
	}
	if err := t.endSpecialists(s, desk.SpecialistEndSessionEnded, by); err != nil {
		return out, err
	}
	if _, err := t.exec(`UPDATE sessions SET state = 'ended', ended_at = $1, end_reason = $2, summary = $3, held = 0, asked_at = 0, rev = rev + 1 WHERE id = $4`,
		ms(t.now), reason, summary, s.ID); err != nil {
		return out, err
	}
	if err := t.withdrawState(s, desk.EndSessionEnded); err != nil {
		return out, err
	}
	if err := t.withdrawChat(s.ID, "", "", desk.EndSessionEnded); err != nil {
		return out, err
	}
	reps, err := t.repsIn(s.ID)
	if err != nil {
		return out, err
	}
	if s.QueueRepID != "" && s.State == desk.SessionWaiting {
		reps = append(reps, s.QueueRepID)
	}
	if _, err := t.exec(`UPDATE attendees SET left_at = $1, expected_until = 0, rev = rev + 1 WHERE session_id = $2 AND left_at = 0`, ms(t.now), s.ID); err != nil {
		return out, err
	}
	return t.sessionChanged(sessionChange{actor: by, id: s.ID, reason: reason, former: reps, queue: s.Team})
}
