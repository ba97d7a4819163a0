package store

import "github.com/repdesk/repdesk/store/desk"

// What of a session a delivery tells of, behind the session's id: its state, or its chat.
const (
	stateKey = ".state"
	chatKey  = ".chat"
)

// pushSession tells a rep's devices something about a session itself (C9).
func (t *tx) pushSession(sessionID, repID, reason string) error {
	return t.pushRep(repID, news{about: sessionID + stateKey, sessionID: sessionID, reason: reason, purpose: desk.PurposeSession})
}

// pushRep tells all devices of one rep.
func (t *tx) pushRep(repID string, n news) error {
	devices, err := list(t, devicesOfRep, []any{repID, ms(t.now.Add(-desk.TokenUnusedFor))}, scanDevice)
	for _, d := range devices {
		if err == nil {
			err = t.queuePush(n, d)
		}
	}
	return err
}

// withdrawAsk takes back the push that asked a session's lost owner to come back, and says why: connection_lost when they
// came back, else why the session is not theirs any more.
func (t *tx) withdrawAsk(s sessionRow, why string) error {
	if s.askedAt == 0 {
		return nil
	}
	return t.withdrawWhere(`d.about = $1 AND d.reason = $2`, news{reason: why}, s.ID+stateKey, desk.SessionConnectionLost)
}

// sessionJob completes a job that tells of a session itself, or withdraws that.
func (t *tx) sessionJob(job *desk.Job, sessionID string) (why string, err error) {
	s, err := t.session(sessionID)
	if err != nil {
		return "", err
	}
	job.Ends = desk.PurposeSession
	owns := s.State == desk.SessionActive && idOf(s.Owner) == job.Rep.ID
	asks, tells := job.Reason == desk.SessionConnectionLost, job.Reason == desk.SessionMovedToYou
	if job.Purpose == desk.PurposeSession && (asks && (!owns || s.askedAt == 0) || tells && !owns) {
		return "over", nil
	}
	if job.Purpose == desk.PurposeWithdrawal { // with newer news of the session on its way, which takes its place
		replaced, err := t.exists(`SELECT 1 FROM deliveries n WHERE n.about = $1 AND n.console_id = $2 AND n.purpose = 'session'
			AND n.id > $3 AND n.state NOT IN ('dropped', 'failed')`, job.Key, idOf(job.Console), job.ID)
		if err != nil || replaced {
			return "over", err
		}
	}
	job.KeyRev = s.Rev
	job.Session = desk.InvitationSession{ID: s.ID, Kind: s.Kind, Issue: s.Issue}
	return "", nil
}
