//lint:file-ignore SA1019 registration tokens go on until the apps have moved to installation ids

package push

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"firebase.google.com/go/v4/messaging"

	"github.com/repdesk/repdesk/store/desk"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// testJob is an invitation for Ben's phone. Its session's title and customer hold what no push may say.
func testJob() desk.Job {
	return desk.Job{
		Delivery: desk.Delivery{ID: "dlv_1", InvitationID: "inv_1", Purpose: desk.PurposeInvitation, Channel: desk.ChannelFCM,
			Rep: desk.Ref{ID: "rep_ben", Name: "Ben Okafor"}, Console: &desk.Ref{ID: "con_1", Name: "Ben's Pixel"}},
		ServerID: "srv_1", Key: "inv_1", KeyRev: 3, ExpiresAt: noon.Add(24 * time.Hour), Platform: "android",
		PushKind: "fcm_token", PushTarget: "target-1", Address: "ben@example.com", Locale: "en", Badge: 2, LinkToken: "link-1",
		Invitation: desk.Invitation{ID: "inv_1", Rev: 3, Kind: desk.InviteRep, State: desk.InvitationActive,
			Session: desk.InvitationSession{ID: "ses_1", Kind: "support", Title: "Jo Customer", Issue: &desk.Ref{ID: "iss_1", Name: "Paper jam"}},
			Rep:     &desk.Ref{ID: "rep_ben", Name: "Ben Okafor"}, Inviter: desk.Ref{ID: "rep_ana", Name: "Ana Ruiz"},
			Comment: "Tray 2, please", Access: desk.Control, CreatedAt: noon},
		Customer: &desk.Customer{Name: "Jo Customer", Company: "Customer Ltd", Details: "Customer's secret"},
	}
}

func with(change func(*desk.Job)) desk.Job {
	job := testJob()
	change(&job)
	return job
}

func ended(reason desk.EndReason) desk.Job {
	return with(func(j *desk.Job) {
		j.Purpose, j.KeyRev = desk.PurposeWithdrawal, 4
		j.Invitation.Reason, j.Invitation.State = reason, reason.State()
	})
}

func TestG1PushData(t *testing.T) {
	invitation := map[string]string{
		"v": "1", "type": "invitation", "key": "inv_1", "rev": "3", "server_id": "srv_1", "rep_id": "rep_ben", "delivery_id": "dlv_1",
		"sent_at": "2026-11-22T12:00:00Z", "badge": "2", "title": "Ana Ruiz invites you to a session", "body": "Paper jam: Tray 2, please",
		"invitation_id": "inv_1", "session_id": "ses_1", "kind": "rep", "inviter": "Ana Ruiz", "target": "Ben Okafor",
		"issue": "Paper jam", "comment": "Tray 2, please", "access": "control", "masked": "false",
	}
	withdrawal := map[string]string{
		"v": "1", "type": "withdrawal", "key": "inv_1", "rev": "4", "server_id": "srv_1", "rep_id": "rep_ben", "delivery_id": "dlv_1",
		"sent_at": "2026-11-22T12:00:00Z", "badge": "2", "title": "The invitation is over", "ends": "invitation",
	}
	type change map[string]string // an empty value takes the key away
	tests := []struct {
		name string
		job  desk.Job
		from map[string]string
		but  change
	}{
		{"rep", testJob(), invitation, nil},
		{"team", with(func(j *desk.Job) {
			j.Invitation.Kind, j.Invitation.Team, j.Invitation.Rep = desk.InviteTeam, &desk.Ref{ID: "team_1", Name: "Printers"}, nil
		}), invitation, change{"kind": "team", "target": "Printers", "title": "Ana Ruiz invites Printers to a session"}},
		{"request help, masked", with(func(j *desk.Job) {
			j.Invitation.Kind, j.Invitation.Team, j.Invitation.Masked = desk.InviteIssue, &desk.Ref{Name: "Network"}, true
			j.Invitation.Issue = &desk.Ref{ID: "iss_2", Name: "No network"}
		}), invitation, change{"kind": "issue", "target": "Network", "issue": "No network", "masked": "true",
			"title": "Ana Ruiz asks for help", "body": "No network: Tray 2, please"}},
		{"portal (B5)", with(func(j *desk.Job) {
			j.Invitation.Kind, j.Invitation.Portal, j.Invitation.Rep = desk.InvitePortal, &desk.Ref{ID: "prt_1", Name: "Main desk"}, nil
		}), invitation, change{"kind": "portal", "target": "Main desk", "title": "Ana Ruiz invites Main desk to a session"}},
		{"absent keys are left out", with(func(j *desk.Job) {
			j.Invitation.Comment, j.Invitation.Session.Issue, j.Badge = "", nil, 0
		}), invitation, change{"comment": "", "issue": "", "badge": "0", "body": "Accept to join the session."}},
		{"unknown language", with(func(j *desk.Job) { j.Locale = "tlh-KX" }), invitation, nil},
		{"won by another", with(func(j *desk.Job) {
			*j = ended(desk.EndAccepted)
			j.Invitation.AcceptedBy = &desk.Ref{ID: "rep_cem", Name: "Cem Kaya"}
		}), withdrawal, change{"state": "accepted", "reason": "accepted", "by": "Cem Kaya", "body": "Cem Kaya has accepted it."}},
		{"won by oneself", with(func(j *desk.Job) {
			*j = ended(desk.EndAccepted)
			j.Invitation.AcceptedBy = &desk.Ref{ID: "rep_ben", Name: "Ben Okafor"}
		}), withdrawal, change{"state": "accepted", "reason": "accepted", "by": "Ben Okafor", "body": "You have accepted it."}},
		{"cancelled", ended(desk.EndCancelled), withdrawal,
			change{"state": "cancelled", "reason": "cancelled", "by": "Ana Ruiz", "body": "Ana Ruiz has cancelled it."}},
		{"session ended", ended(desk.EndSessionEnded), withdrawal,
			change{"state": "withdrawn", "reason": "session_ended", "body": "The session has ended."}},
		{"owner left", ended(desk.EndOwnerLeft), withdrawal,
			change{"state": "withdrawn", "reason": "owner_left", "body": "The owner has left the session."}},
		{"ownership moved", ended(desk.EndOwnershipMoved), withdrawal,
			change{"state": "withdrawn", "reason": "ownership_moved", "body": "The session has changed hands."}},
		{"target gone", ended(desk.EndTargetGone), withdrawal,
			change{"state": "withdrawn", "reason": "target_gone", "body": "You are no longer among those it was for."}},
		{"a reason of a later version", ended("portal_closed"), withdrawal,
			change{"state": "withdrawn", "reason": "portal_closed", "body": "It is no longer for you."}},
		{"declined for oneself alone (B14)", ended(desk.EndDeclined), withdrawal,
			change{"state": "declined", "reason": "declined", "body": "You have declined it."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := maps.Clone(tt.from)
			maps.Copy(want, tt.but)
			maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
			got := fcmMessage(tt.job, noon)
			if !maps.Equal(want, got.Data) {
				t.Errorf("data:\n got %v\nwant %v", got.Data, want)
			}
			assertNoCustomer(t, got)
		})
	}
}

func assertNoCustomer(t *testing.T, m *messaging.Message) {
	t.Helper()
	whole, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(whole), "Customer") {
		t.Errorf("the push speaks of the customer: %s", whole)
	}
}

func TestG1AndroidIsDataOnly(t *testing.T) {
	for _, platform := range []string{"android", "web"} {
		m := fcmMessage(with(func(j *desk.Job) { j.Platform = platform }), noon)
		if m.APNS != nil || m.Notification != nil || m.Android.Notification != nil || m.Android.CollapseKey != "" {
			t.Errorf("%s: not data alone: %+v", platform, m)
		}
		if m.Android.Priority != "high" || *m.Android.TTL != 24*time.Hour {
			t.Errorf("%s: priority %s, ttl %s", platform, m.Android.Priority, *m.Android.TTL)
		}
		if m.Token != "target-1" || m.Fid != "" {
			t.Errorf("target %q %q", m.Token, m.Fid)
		}
	}
	m := fcmMessage(with(func(j *desk.Job) { j.PushKind = "fcm_fid" }), noon)
	if m.Fid != "target-1" || m.Token != "" {
		t.Errorf("installation id: token %q, fid %q", m.Token, m.Fid)
	}
}

func TestG5ExpiredMessageWakesNobody(t *testing.T) {
	m := fcmMessage(with(func(j *desk.Job) { j.ExpiresAt = noon.Add(-time.Hour) }), noon)
	if *m.Android.TTL != 0 || m.Android.Priority != "normal" {
		t.Errorf("ttl %s, priority %s", *m.Android.TTL, m.Android.Priority)
	}
}

func TestG4AppleAlertIsReplacedInSilence(t *testing.T) {
	first := fcmMessage(with(func(j *desk.Job) { j.Platform = "ios" }), noon)
	second := fcmMessage(with(func(j *desk.Job) { *j = ended(desk.EndCancelled); j.Platform = "ios" }), noon)
	wantHeaders := map[string]string{"apns-collapse-id": "inv_1", "apns-expiration": "1795435200", "apns-priority": "10", "apns-push-type": "alert"}
	for _, m := range []*messaging.Message{first, second} {
		if m.Android != nil {
			t.Error("an iOS message carries no android part")
		}
		if !maps.Equal(wantHeaders, m.APNS.Headers) {
			t.Errorf("headers: %v, want %v", m.APNS.Headers, wantHeaders)
		}
		assertNoCustomer(t, m)
	}
	assertJSON(t, first.APNS.Payload, `{"aps":{"alert":{"title":"Ana Ruiz invites you to a session","body":"Paper jam: Tray 2, please"},
		"badge":2,"category":"invitation","interruption-level":"time-sensitive","mutable-content":1,"sound":"default","thread-id":"ses_1"}}`)
	assertJSON(t, second.APNS.Payload, `{"aps":{"alert":{"title":"The invitation is over","body":"Ana Ruiz has cancelled it."},
		"badge":2,"category":"withdrawal","interruption-level":"passive","mutable-content":1,"thread-id":"ses_1"}}`)
}

func assertJSON(t *testing.T, got any, want string) {
	t.Helper()
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(w, g) {
		t.Errorf("\n got %s\nwant %s", raw, want)
	}
}

// family is one character of 7 code points and 25 bytes.
const family = "👨‍👩‍👧‍👦"

func TestG1PayloadIsBounded(t *testing.T) {
	long := map[string]string{
		"emoji":        strings.Repeat(family, 71), // 497 code points, 1775 bytes
		"plain emoji":  strings.Repeat("🖨", 500),
		"angles":       strings.Repeat("<", 500),
		"short quotes": strings.Repeat(`"`, 500),
	}
	for name, comment := range long {
		for _, platform := range []string{"android", "ios"} {
			for _, names := range []int{1, 200, 2000} { // 2000: longer than any that is stored
				for purpose, job := range wordy(comment, names) {
					job.Platform = platform
					assertBounded(t, name+" "+platform+" "+purpose, fcmMessage(job, noon))
				}
			}
		}
	}
	m := fcmMessage(with(func(j *desk.Job) { j.Invitation.Comment = long["emoji"] }), noon)
	for _, key := range []string{"comment", "body"} {
		text := strings.TrimPrefix(m.Data[key], "Paper jam: ")
		if whole := strings.ReplaceAll(strings.TrimSuffix(text, "…"), family, ""); whole != "" {
			t.Errorf("%s is cut within a character: %q is left", key, whole)
		}
	}
	if m.Data["inviter"] != "Ana Ruiz" || len(m.Data["comment"]) < 1000 {
		t.Errorf("cut more than was needed: %d bytes of comment", len(m.Data["comment"]))
	}
}

// wordy are jobs of each purpose whose names are as many characters long as names says.
func wordy(comment string, names int) map[string]desk.Job {
	issue := &desk.Ref{Name: strings.Repeat("印", names)}
	target, person := &desk.Ref{Name: strings.Repeat("ü", names)}, strings.Repeat("👩", names)
	jobs := map[string]desk.Job{
		"invitation": with(func(j *desk.Job) { j.Invitation.Kind = desk.InviteTeam }), "transfer": transferJob(), "session": sessionJob(desk.SessionConnectionLost),
		"withdrawal": ended(desk.EndCancelled), "transfer's withdrawal": endedTransfer(desk.EndCancelled), "session's withdrawal": endedAlert(desk.SessionConnectionLost),
	}
	for purpose, job := range jobs {
		if job.Invitation.ID != "" {
			job.Invitation.Comment, job.Invitation.Team, job.Invitation.Inviter.Name = comment, target, person
			job.Invitation.Session.Issue = issue
		}
		job.Session.Issue = issue
		jobs[purpose] = job
	}
	return jobs
}

func assertBounded(t *testing.T, name string, m *messaging.Message) {
	t.Helper()
	sum := 0
	for k, v := range m.Data {
		sum += len(k) + len(v)
		if !utf8.ValidString(v) {
			t.Errorf("%s: %s is not UTF-8", name, k)
		}
	}
	if size := payloadSize(m); size > 4096 || sum > 4096 {
		t.Errorf("%s: %d bytes, data %d", name, size, sum)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text string
		max  int
		want string
	}{
		{"short", 5, "short"}, {"longer text", 9, "longer…"}, {"longer text", 10, "longer…"}, {"longer text", 2, ""},
		{family + family, 30, family + "…"}, {family + family, 27, "…"}, {"e\u0301e\u0301e\u0301", 8, "e\u0301…"}, {"🇪🇸🇩🇪", 12, "🇪🇸…"}, {"", 0, ""},
	} {
		if got := cut(tt.text, tt.max); got != tt.want || len(got) > tt.max {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.text, tt.max, got, tt.want)
		}
	}
}
