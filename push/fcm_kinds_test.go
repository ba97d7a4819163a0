package push

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

// queueJob tells Ben of a session that waits in the queue of his team.
func queueJob(news desk.QueueNews) desk.Job {
	return with(func(j *desk.Job) {
		j.Purpose, j.Key, j.InvitationID, j.Reason, j.KeyRev = desk.PurposeQueue, "qen_1", "", string(news), 1
		j.Queue, j.ExpiresAt = desk.Ref{ID: "team_1", Name: "Printers"}, noon.Add(j.Purpose.WorthFor())
		j.Session, j.Invitation = j.Invitation.Session, desk.Invitation{}
	})
}

// messageJob tells Ben of the chat of a session of his.
func messageJob(unread int, author desk.AttendeeRole) desk.Job {
	job := queueJob("")
	job.Purpose, job.Key, job.Queue, job.Unread, job.AuthorRole = desk.PurposeMessage, "ses_1.chat", desk.Ref{}, unread, author
	job.ExpiresAt = noon.Add(job.Purpose.WorthFor())
	return job
}

// consoleJob tells Ben's console something of itself.
func consoleJob(purpose desk.Purpose, key, reason string) desk.Job {
	job := queueJob("")
	job.Purpose, job.Key, job.Reason, job.Session, job.Queue = purpose, key, reason, desk.InvitationSession{}, desk.Ref{}
	job.ExpiresAt = noon.Add(purpose.WorthFor())
	return job
}

// over takes back what a job tells.
func over(job desk.Job, reason desk.EndReason, by *desk.Ref) desk.Job {
	job.Ends, job.Purpose, job.Reason, job.By, job.KeyRev = job.Purpose, desk.PurposeWithdrawal, string(reason), by, job.KeyRev+1
	job.Session = desk.InvitationSession{ID: job.Session.ID}
	return job
}

func TestG13QueuePush(t *testing.T) {
	about := func(news, title string) dataCase {
		return dataCase{news, queueJob(desk.QueueNews(news)), map[string]string{"queue_entry_id": "qen_1", "queue_id": "team_1", "queue": "Printers", "session_id": "ses_1", "issue": "Paper jam",
			"reason": news, "title": title, "body": "Paper jam: Accept to take the session."}}
	}
	own := queueJob(desk.QueueEntered)
	own.Queue, own.Session.Issue = desk.Ref{ID: "personal", Name: "Ben Okafor"}, nil
	ends := func(name string, job desk.Job, state, reason, by, body string) dataCase {
		want := map[string]string{"ends": "queue", "state": state, "reason": reason, "by": by, "title": "Nobody is waiting there any more", "body": body}
		maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
		return dataCase{name, job, want}
	}
	entered := queueJob(desk.QueueEntered)
	for _, tt := range []dataCase{
		about("entered", "Somebody is waiting in Printers"),
		about("overdue", "Somebody has been waiting too long in Printers"),
		about("returned", "A session is back in Printers"),
		{"their own, no issue", own, map[string]string{"queue_entry_id": "qen_1", "queue_id": "personal", "queue": "Your queue", "session_id": "ses_1", "reason": "entered",
			"title": "Somebody is waiting for you", "body": "Accept to take the session."}},
		ends("taken by another", over(entered, desk.EndAccepted, &desk.Ref{ID: "rep_cem", Name: "Cem Kaya"}), "accepted", "accepted", "Cem Kaya", "Cem Kaya has accepted it."),
		ends("taken on another device", over(entered, desk.EndAccepted, &desk.Ref{ID: "rep_ben", Name: "Ben Okafor"}), "accepted", "accepted", "Ben Okafor", "You have accepted it."),
		ends("waits elsewhere", over(entered, desk.EndMoved, nil), "withdrawn", "moved", "", "It is no longer in the queue."),
		ends("ended", over(entered, desk.EndSessionEnded, nil), "withdrawn", "session_ended", "", "The session has ended."),
		ends("left the team", over(entered, desk.EndTargetGone, nil), "withdrawn", "target_gone", "", "You are no longer among those it was for."),
		ends("logged out", over(entered, desk.EndLoggedOut, nil), "withdrawn", "logged_out", "", "This device was logged out."),
	} {
		t.Run(tt.name, tt.check)
	}
}

func TestG13MessagePush(t *testing.T) {
	none := messageJob(12, desk.AttendeeRep)
	none.Session.Issue = nil
	for _, tt := range []dataCase{
		{"of the customer", messageJob(1, desk.AttendeeCustomer), map[string]string{"session_id": "ses_1", "issue": "Paper jam", "count": "1", "author_role": "customer",
			"title": "New in the chat: Paper jam", "body": "1 new message · The customer has written."}},
		{"of a rep, no issue", none, map[string]string{"session_id": "ses_1", "count": "12", "author_role": "rep", "title": "New in the chat", "body": "12 new messages"}},
		{"read", over(messageJob(1, desk.AttendeeRep), desk.EndRead, nil), map[string]string{"ends": "message", "state": "withdrawn", "reason": "read",
			"title": "Nothing new in the chat", "body": "You have read it."}},
		{"left", over(messageJob(1, desk.AttendeeRep), desk.EndLeft, nil), map[string]string{"ends": "message", "state": "withdrawn", "reason": "left",
			"title": "Nothing new in the chat", "body": "It is no longer for you."}},
	} {
		t.Run(tt.name, tt.check)
	}
}

// G10: a console is told that it was logged out elsewhere, and tests its pushes.
func TestG10ConsolePush(t *testing.T) {
	for reason, body := range map[string]string{"logged_out": "Somebody logged it out.", "revoked": "Its log-in was revoked.",
		"password_changed": "Your password was changed. Log in with the new one.", "account_disabled": "Your account was disabled."} {
		dataCase{reason, consoleJob(desk.PurposeSignedOut, "con_1", reason), map[string]string{"console_id": "con_1", "reason": reason, "title": "You are logged out on this device", "body": body}}.check(t)
	}
	dataCase{"test", consoleJob(desk.PurposeTest, "test", ""), map[string]string{"title": "This is a test", "body": "Pushes reach this device."}}.check(t)
}

// pushTable is the table of pushes as it is published: what each type has beside what all have, how long it is worth
// delivering, and how urgent it is on iOS.
var pushTable = []struct {
	kind  string
	job   desk.Job
	keys  string
	ttl   time.Duration
	level string
}{
	{"invitation", testJob(), "invitation_id session_id kind inviter target issue comment access masked", 24 * time.Hour, "time-sensitive"},
	{"transfer", transferJob(), "transfer_id session_id sender target issue comment", 24 * time.Hour, "time-sensitive"},
	{"queue", queueJob(desk.QueueEntered), "queue_entry_id queue_id queue session_id issue reason", 10 * time.Minute, "active"},
	{"message", messageJob(3, desk.AttendeeCustomer), "session_id issue count author_role", time.Hour, "active"},
	{"session", sessionJob(desk.SessionTakenOver), "session_id reason", 10 * time.Minute, "time-sensitive"},
	{"signed_out", consoleJob(desk.PurposeSignedOut, "con_1", "revoked"), "console_id reason", 28 * 24 * time.Hour, "active"},
	{"test", consoleJob(desk.PurposeTest, "test", ""), "", time.Minute, "active"},
	{"withdrawal", ended(desk.EndSessionEnded), "state reason ends", 24 * time.Hour, "passive"},
	{"withdrawal", endedTransfer(desk.EndCancelled), "state reason by ends", 24 * time.Hour, "passive"},
	{"withdrawal", over(queueJob(desk.QueueOverdue), desk.EndAccepted, &desk.Ref{ID: "rep_cem", Name: "Cem Kaya"}), "state reason by ends", 10 * time.Minute, "passive"},
	{"withdrawal", over(messageJob(1, desk.AttendeeOwner), desk.EndRead, nil), "state reason ends", time.Hour, "passive"},
	{"withdrawal", endedAlert(desk.SessionConnectionLost), "state reason ends", 10 * time.Minute, "passive"},
}

const keysOfAll = "v type key rev server_id rep_id delivery_id sent_at badge title body"

func TestG13EveryPushIsAsTheTableSays(t *testing.T) {
	kinds := map[desk.Purpose]bool{}
	for _, row := range pushTable {
		name := fmt.Sprint(row.kind, " ", row.job.Ends)
		kinds[row.job.Purpose] = true
		want := strings.Fields(keysOfAll + " " + row.keys)
		slices.Sort(want)
		row.job.ExpiresAt = noon.Add(row.ttl) // a withdrawal is worth what the first was
		if worth := row.job.Purpose.WorthFor(); row.kind != "withdrawal" && worth != row.ttl {
			t.Errorf("%s: worth delivering for %v", name, worth)
		}
		for _, platform := range []string{"android", "ios", "web"} {
			row.job.Platform = platform
			m := fcmMessage(row.job, noon)
			if got := slices.Sorted(maps.Keys(m.Data)); !slices.Equal(got, want) {
				t.Errorf("%s on %s: keys %v, want %v", name, platform, got, want)
			}
			if m.Data["type"] != row.kind || m.Data["key"] != row.job.Key {
				t.Errorf("%s on %s: %v", name, platform, m.Data)
			}
			if (m.APNS != nil) != (platform == "ios") || (m.Android != nil) == (platform == "ios") {
				t.Fatalf("%s on %s: %+v", name, platform, m)
			}
			if platform != "ios" {
				if *m.Android.TTL != row.ttl || m.Android.Priority != "high" {
					t.Errorf("%s: ttl %s, %s", name, *m.Android.TTL, m.Android.Priority)
				}
				continue
			}
			aps := m.APNS.Payload.Aps
			thread := row.job.Session.ID + row.job.Invitation.Session.ID
			if aps.CustomData["interruption-level"] != row.level || aps.Category != row.kind || aps.ThreadID != thread || !aps.MutableContent || (aps.Sound == "") != (row.kind == "withdrawal") ||
				aps.Alert.Title != m.Data["title"] || aps.Alert.Body != m.Data["body"] || *aps.Badge != 2 {
				t.Errorf("%s: aps %+v", name, aps)
			}
			headers := map[string]string{"apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": row.job.Key, "apns-expiration": fmt.Sprint(noon.Add(row.ttl).Unix())}
			if !maps.Equal(m.APNS.Headers, headers) {
				t.Errorf("%s: headers %v", name, m.APNS.Headers)
			}
		}
	}
	for _, purpose := range []desk.Purpose{desk.PurposeInvitation, desk.PurposeTransfer, desk.PurposeQueue, desk.PurposeMessage, desk.PurposeSession, desk.PurposeSignedOut, desk.PurposeTest, desk.PurposeWithdrawal} {
		if !kinds[purpose] {
			t.Errorf("the table lacks %s", purpose)
		}
	}
}

// G13: every collapse id is one that Apple takes.
func TestG13CollapseIDs(t *testing.T) {
	id := strings.Repeat("f", 32)
	for _, key := range []string{"inv_" + id, "trf_" + id, "qen_" + id, "ses_" + id + ".chat", "ses_" + id + ".state", "con_" + id, "test"} {
		if len(key) > 64 {
			t.Errorf("%s: %d bytes", key, len(key))
		}
	}
}

// G1, G13: nothing about the customer, of whatever kind, in whatever language, however long the names beside it are; and within
// what FCM carries.
func TestG13NoPushSpeaksOfTheCustomer(t *testing.T) {
	for _, row := range pushTable {
		for _, names := range []int{0, 1, 200, 2000} {
			for _, platform := range []string{"android", "ios"} {
				for _, locale := range texts.Languages {
					job := row.job
					job.Locale, job.Platform = locale, platform
					job.Customer = &desk.Customer{Name: "Jo Customer", Company: "Customer Ltd", Details: "Customer's secret"}
					job.Session.Title, job.Invitation.Session.Title = "Jo Customer", "Jo Customer"
					if names > 0 {
						issue := &desk.Ref{ID: "iss_1", Name: strings.Repeat("印", names)}
						job.Session.Issue, job.Invitation.Session.Issue = issue, issue
						job.Queue.Name = strings.Repeat("ü", names)
						if job.By != nil {
							job.By = &desk.Ref{ID: "rep_cem", Name: strings.Repeat("👩", names)}
						}
					}
					m := fcmMessage(job, noon)
					whole, err := json.Marshal(m)
					if err != nil {
						t.Fatal(err)
					}
					for _, secret := range []string{"Jo Customer", "Customer Ltd", "secret"} {
						if strings.Contains(string(whole), secret) {
							t.Errorf("%s in %s says %q: %s", row.kind, locale, secret, whole)
						}
					}
					assertBounded(t, row.kind, m)
				}
			}
		}
	}
}
