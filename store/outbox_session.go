package store

import "github.com/repdesk/repdesk/store/desk"

// What of a session a delivery tells of, behind the session's id: its state, or its chat.
const (
	stateKey = ".state"
	chatKey  = ".chat"
)

// pushSession tells a rep's devices something about a session itself (C9), if they want to be told (G13).
func (t *tx) pushSession(sessionID, repID, reason string) error {
	alerts, err := t.alertsOf(repID)
	if err != nil || !alerts.Wants(desk.PurposeSession, reason) {
		return err
	}
	return t.pushRep(repID, news{about: sessionID + stateKey, sessionID: sessionID, reason: reason, purpose: desk.PurposeSession})
}

// pushRep tells all devices of one rep.
func (t *tx) pushRep(repID string, n news) error {
	devices, err := list(t, devicesOfRep, []any{repID, t.reachedSince()}, scanDevice)
	for _, d := range devices {
		if err == nil {
			err = t.queuePush(n, d)
		}
	}
	return err
}

// withdrawAsk takes back the push that asked a session's lost owner to come back: they have.
func (t *tx) withdrawAsk(s sessionRow) error {
	return t.withdrawWhere(`d.about = $1 AND d.reason = $2`, news{reason: desk.SessionConnectionLost}, s.ID+stateKey, desk.SessionConnectionLost)
}

// withdrawState takes back what told its owner of a session that is not theirs any more, and says why.
func (t *tx) withdrawState(s sessionRow, why desk.EndReason) error {
	if s.Owner == nil {
		return nil
	}
	return t.withdrawWhere(`d.about = $1 AND d.rep_id = $2 AND d.reason <> $3`, news{reason: string(why)}, s.ID+stateKey, s.Owner.ID, desk.SessionTakenOver)
}

// withdrawSessions takes what tells of sessions, and of their chats, off a device whose log-in ends. The end of a session has
// taken all off it but that it was taken over, which stays true.
func (t *tx) withdrawSessions(consoleID string) error {
	type told struct {
		session string
		what    desk.Purpose
	}
	shown, err := list(t, `SELECT DISTINCT s.id, d.purpose FROM deliveries d JOIN sessions s ON s.id = d.session_id WHERE d.console_id = $1 AND d.console_id <> ''
		AND d.purpose IN ('session', 'message') AND (s.state <> 'ended' OR d.reason = $2) ORDER BY s.id, d.purpose`, []any{consoleID, desk.SessionTakenOver}, func(scan scanner, s *told) error { return scan(&s.session, &s.what) })
	for _, s := range shown {
		if err != nil {
			return err
		}
		if s.what == desk.PurposeMessage {
			err = t.withdrawChat(s.session, "", consoleID, desk.EndLoggedOut)
			continue
		}
		err = t.withdrawNews(news{about: s.session + stateKey, reason: string(desk.EndLoggedOut)}, "", consoleID)
	}
	return err
}

// sessionJob completes a job that tells of a session itself, or withdraws that.
func (t *tx) sessionJob(job *desk.Job) (why string, err error) {
	s, err := t.session(job.Session.ID)
	if err != nil {
		return "", err
	}
	job.Ends = desk.PurposeSession
	owns := s.State == desk.SessionActive && idOf(s.Owner) == job.Rep.ID
	lost := job.Reason == desk.SessionTakenOver
	if job.Purpose == desk.PurposeSession && (owns == lost || job.Reason == desk.SessionConnectionLost && s.askedAt == 0) {
		return "over", nil
	}
	if job.Purpose == desk.PurposeWithdrawal { // with newer news of the session on its way, which takes its place
		if replaced, err := t.toldAgain(job); err != nil || replaced {
			return "over", err
		}
	}
	job.KeyRev = desk.ToldRev(s.Rev, job.Purpose == desk.PurposeWithdrawal)
	job.Session = desk.InvitationSession{ID: s.ID, Kind: s.Kind, Issue: s.Issue}
	return "", nil
}
