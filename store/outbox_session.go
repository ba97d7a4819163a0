package store

import (
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// sessionNewsWorthFor is how long the news of a session itself is worth delivering.
const sessionNewsWorthFor = 10 * time.Minute

// pushSession tells a rep's devices something about a session itself (C9).
func (t *tx) pushSession(sessionID, repID, reason string) error {
	return t.pushRep(repID, news{sessionID: sessionID, reason: reason, purpose: desk.PurposeSession}, sessionNewsWorthFor)
}

// pushRep tells all devices of one rep.
func (t *tx) pushRep(repID string, n news, worth time.Duration) error {
	devices, err := list(t, devicesOfRep, []any{repID, ms(t.now.Add(-desk.TokenUnusedFor))}, scanDevice)
	for _, d := range devices {
		if err == nil {
			err = t.queuePush(n, d, worth)
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
	return t.withdrawWhere(`d.session_id = $1 AND d.session_id <> '' AND d.reason = $2`, news{sessionID: s.ID, reason: why}, s.ID, desk.SessionConnectionLost)
}

// sessionJob completes a job that tells of a session itself, or withdraws that.
func (t *tx) sessionJob(job *desk.Job, sessionID string) (why string, err error) {
	s, err := t.session(sessionID)
	if err != nil {
		return "", err
	}
	owns := s.State == desk.SessionActive && idOf(s.Owner) == job.Rep.ID
	asks, tells := job.Reason == desk.SessionConnectionLost, job.Reason == desk.SessionMovedToYou
	if job.Purpose == desk.PurposeSession && (asks && (!owns || s.askedAt == 0) || tells && !owns) {
		return "over", nil
	}
	if job.Purpose == desk.PurposeWithdrawal { // with newer news of the session on its way, which takes its place
		replaced, err := t.exists(`SELECT 1 FROM deliveries n WHERE n.session_id = $1 AND n.session_id <> '' AND n.console_id = $2 AND n.purpose = 'session'
			AND n.id > $3 AND n.state NOT IN ('dropped', 'failed')`, s.ID, idOf(job.Console), job.ID)
		if err != nil || replaced {
			return "over", err
		}
	}
	job.Key, job.KeyRev, job.Ends = s.ID+".state", s.Rev, desk.PurposeSession
	job.Session = desk.InvitationSession{ID: s.ID, Kind: s.Kind, Issue: s.Issue}
	return "", nil
}
