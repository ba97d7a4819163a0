package push

import (
	"fmt"
	"maps"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// transferJob offers Ben the session that testJob invites him to.
func transferJob() desk.Job {
	return with(func(j *desk.Job) {
		j.Purpose, j.Key, j.InvitationID = desk.PurposeTransfer, "trf_1", "trf_1"
		j.Invitation.ID, j.Invitation.Kind = "trf_1", desk.OfferTransfer
	})
}

func endedTransfer(reason desk.EndReason) desk.Job {
	job := transferJob()
	job.Purpose, job.Ends, job.KeyRev = desk.PurposeWithdrawal, desk.PurposeTransfer, 4
	job.Invitation.Reason, job.Invitation.State = reason, reason.State()
	return job
}

// sessionJob tells Ben of a session of his.
func sessionJob(reason string) desk.Job {
	return with(func(j *desk.Job) {
		j.Purpose, j.Key, j.InvitationID, j.Reason = desk.PurposeSession, "ses_1.state", "", reason
		j.Session, j.Invitation = j.Invitation.Session, desk.Invitation{}
	})
}

func endedAlert(reason string) desk.Job {
	job := sessionJob(reason)
	job.Purpose, job.Ends, job.KeyRev = desk.PurposeWithdrawal, desk.PurposeSession, 4
	return job
}

// dataCase is what one job's message holds: what all messages to Ben's phone do, and this.
type dataCase struct {
	name string
	job  desk.Job
	want map[string]string
}

func (c dataCase) check(t *testing.T) {
	want := map[string]string{"v": "1", "type": string(c.job.Purpose), "key": c.job.Key, "rev": fmt.Sprint(c.job.KeyRev), "server_id": "srv_1",
		"rep_id": "rep_ben", "delivery_id": "dlv_1", "sent_at": "2026-11-22T12:00:00Z", "badge": "2"}
	maps.Copy(want, c.want)
	got := fcmMessage(c.job, noon)
	if !maps.Equal(want, got.Data) {
		t.Errorf("data:\n got %v\nwant %v", got.Data, want)
	}
	assertNoCustomer(t, got)
}

func TestC6TransferPush(t *testing.T) {
	toTeam, silent := transferJob(), transferJob()
	toTeam.Invitation.Team, toTeam.Invitation.Rep = &desk.Ref{ID: "team_1", Name: "Printers"}, nil
	silent.Invitation.Comment, silent.Invitation.Session.Issue = "", nil
	taken := endedTransfer(desk.EndAccepted)
	taken.Invitation.AcceptedBy = &desk.Ref{ID: "rep_cem", Name: "Cem Kaya"}
	over := func(state, reason, by, body string) map[string]string {
		want := map[string]string{"ends": "transfer", "state": state, "reason": reason, "by": by, "title": "The transfer is over", "body": body}
		maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
		return want
	}
	for _, tt := range []dataCase{
		{"to a rep", transferJob(), map[string]string{"transfer_id": "trf_1", "session_id": "ses_1", "sender": "Ana Ruiz", "target": "Ben Okafor", "issue": "Paper jam",
			"comment": "Tray 2, please", "title": "Ana Ruiz wants to transfer a session to you", "body": "Paper jam: Tray 2, please"}},
		{"to a team", toTeam, map[string]string{"transfer_id": "trf_1", "session_id": "ses_1", "sender": "Ana Ruiz", "target": "Printers", "issue": "Paper jam",
			"comment": "Tray 2, please", "title": "Ana Ruiz wants to transfer a session to Printers", "body": "Paper jam: Tray 2, please"}},
		{"absent keys are left out", silent, map[string]string{"transfer_id": "trf_1", "session_id": "ses_1", "sender": "Ana Ruiz", "target": "Ben Okafor",
			"title": "Ana Ruiz wants to transfer a session to you", "body": "Accept to own the session."}},
		{"taken by another (G4)", taken, over("accepted", "accepted", "Cem Kaya", "Cem Kaya has accepted it.")},
		{"taken back", endedTransfer(desk.EndCancelled), over("cancelled", "cancelled", "Ana Ruiz", "Ana Ruiz has cancelled it.")},
		{"declined on another device", endedTransfer(desk.EndDeclined), over("declined", "declined", "", "You have declined it.")},
		{"taken over meanwhile (C8)", endedTransfer(desk.EndOwnershipMoved), over("withdrawn", "ownership_moved", "", "The session has changed hands.")},
	} {
		t.Run(tt.name, tt.check)
	}
}

func TestC9SessionPush(t *testing.T) {
	about := func(reason, title, body string) dataCase {
		return dataCase{reason, sessionJob(reason), map[string]string{"session_id": "ses_1", "reason": reason, "title": title, "body": body}}
	}
	over := func(reason, body string) dataCase {
		return dataCase{"over: " + reason, endedAlert(reason), map[string]string{"ends": "session", "state": "withdrawn", "reason": reason, "title": "The alert is over", "body": body}}
	}
	noIssue := sessionJob(desk.SessionTakenOver)
	noIssue.Session.Issue = nil
	for _, tt := range []dataCase{
		about("connection_lost", "Your session needs you", "Paper jam: No console of yours is connected. Come back, or you lose it."),
		about("moved_to_you", "A session is yours now", "Paper jam: You are its owner."),
		about("taken_over", "Your session was taken over", "Paper jam: It is no longer yours."),
		about("merged", "Your session has changed", "Paper jam: Open the app to see how."), // a reason of a later version
		{"absent keys are left out", noIssue, map[string]string{"session_id": "ses_1", "reason": "taken_over", "title": "Your session was taken over", "body": "It is no longer yours."}},
		over("connection_lost", "You are connected again."),
		over("session_ended", "The session has ended."),
		over("ownership_moved", "The session has changed hands."),
	} {
		t.Run(tt.name, tt.check)
	}
}

// C6, C9: on iOS the system shows them at once, with the session's other notifications, and in silence what ends them.
func TestC9AppleAlerts(t *testing.T) {
	for _, tt := range []struct {
		job                             desk.Job
		key, category, level, otherKeys string
		title, body                     string
	}{
		{transferJob(), "trf_1", "transfer", "time-sensitive", `,"sound":"default"`, "Ana Ruiz wants to transfer a session to you", "Paper jam: Tray 2, please"},
		{endedTransfer(desk.EndCancelled), "trf_1", "withdrawal", "passive", "", "The transfer is over", "Ana Ruiz has cancelled it."},
		{sessionJob(desk.SessionMovedToYou), "ses_1.state", "session", "time-sensitive", `,"sound":"default"`, "A session is yours now", "Paper jam: You are its owner."},
		{endedAlert(desk.SessionConnectionLost), "ses_1.state", "withdrawal", "passive", "", "The alert is over", "You are connected again."},
	} {
		tt.job.Platform = "ios"
		m := fcmMessage(tt.job, noon)
		if got := m.APNS.Headers["apns-collapse-id"]; got != tt.key {
			t.Errorf("%s: collapse id %q, want %q", tt.category, got, tt.key)
		}
		assertJSON(t, m.APNS.Payload, fmt.Sprintf(`{"aps":{"alert":{"title":%q,"body":%q},"badge":2,"category":%q,"interruption-level":%q,"mutable-content":1,"thread-id":"ses_1"%s}}`,
			tt.title, tt.body, tt.category, tt.level, tt.otherKeys))
		assertNoCustomer(t, m)
	}
}
