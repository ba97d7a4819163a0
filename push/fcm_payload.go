package push

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"firebase.google.com/go/v4/messaging"
	"github.com/rivo/uniseg"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	// maxPayload is the most that FCM and APNs carry, in bytes
	// (firebase.google.com/docs/cloud-messaging/customize-messages/set-message-type).
	maxPayload = 4096
	// apnsReserve is room for what FCM itself adds to an iOS payload: message id, sender id and the like.
	apnsReserve = 256
	// maxTTL is the longest that FCM keeps a message (…/customize-messages/setting-message-lifespan).
	maxTTL = 28 * 24 * time.Hour
	// payloadVersion is raised when a client could misread what follows.
	payloadVersion = "1"
)

// fcmMessage builds the message for a job that goes by FCM. It says nothing about the customer (G1), so it must not
// touch job.Customer nor a session's title, which holds the customer's name.
//
// It is data-only on Android: the app itself decides by rev whether there is still something to show (G5). It has no
// collapse_key, because FCM throttles collapsible messages after 20 for one device.
func fcmMessage(job desk.Job, now time.Time) *messaging.Message {
	m := fcmWithin(job, now, maxPayload)
	if payloadSize(m) <= maxPayload {
		return m
	}
	tooLong := sort.Search(maxPayload, func(n int) bool { return payloadSize(fcmWithin(job, now, n)) > maxPayload })
	return fcmWithin(job, now, tooLong-1)
}

// fcmWithin builds the message with no text longer than textBytes. One bound for all texts cuts the longest first,
// which is the comment, alone and in the body, unless somebody's name is longer.
func fcmWithin(job desk.Job, now time.Time, textBytes int) *messaging.Message {
	data := fcmData(job, now)
	for _, key := range []string{"title", "body", "inviter", "sender", "target", "queue", "issue", "comment", "by"} {
		if text, ok := data[key]; ok {
			data[key] = cut(text, textBytes)
		}
	}
	m := &messaging.Message{Data: data}
	if job.PushKind == "fcm_fid" {
		m.Fid = job.PushTarget
	} else {
		//lint:ignore SA1019 registration tokens go on until the apps have moved to installation ids
		m.Token = job.PushTarget
	}
	if job.Platform == "ios" {
		m.APNS = apnsConfig(job, data)
	} else {
		m.Android = androidConfig(job, now)
	}
	return m
}

// payload is a data map that leaves empty values out: an absent key says "nothing" in fewer bytes.
type payload map[string]string

func (p payload) put(key, value string) {
	if value != "" {
		p[key] = value
	}
}

func fcmData(job desk.Job, now time.Time) map[string]string {
	p := payload{
		"v": payloadVersion, "type": string(job.Purpose), "key": job.Key, "rev": strconv.FormatInt(job.KeyRev, 10),
		"sent_at": now.UTC().Format(time.RFC3339), "badge": strconv.Itoa(job.Badge),
	}
	p.put("server_id", job.ServerID)
	p.put("rep_id", job.Rep.ID)
	p.put("delivery_id", job.ID)
	switch job.Purpose {
	case desk.PurposeInvitation:
		invitationData(p, job)
	case desk.PurposeTransfer:
		transferData(p, job)
	case desk.PurposeQueue:
		queueData(p, job)
	case desk.PurposeMessage:
		messageData(p, job)
	case desk.PurposeSession:
		sessionData(p, job)
	case desk.PurposeSignedOut:
		signedOutData(p, job)
	case desk.PurposeTest:
		testData(p, job)
	case desk.PurposeWithdrawal:
		withdrawalData(p, job)
	}
	return p
}

func invitationData(p payload, job desk.Job) {
	inv, t := job.Invitation, texts.For(job.Locale)
	issue := nameOf(inv.NamedIssue())
	p.put("invitation_id", inv.ID)
	p.put("session_id", inv.Session.ID)
	p.put("kind", string(inv.Kind))
	p.put("inviter", inv.Inviter.Name)
	p.put("target", nameOf(targetOf(inv)))
	p.put("issue", issue)
	p.put("comment", inv.Comment)
	p.put("access", string(inv.Access))
	p.put("masked", strconv.FormatBool(inv.Masked))
	p.put("title", t.InvitationTitle(inv))
	p.put("body", cmp.Or(joined(": ", issue, inv.Comment), t.Say("invitation.body")))
}

func transferData(p payload, job desk.Job) {
	trf, t := job.Invitation, texts.For(job.Locale)
	issue := nameOf(trf.NamedIssue())
	p.put("transfer_id", trf.ID)
	p.put("session_id", trf.Session.ID)
	p.put("sender", trf.Inviter.Name)
	p.put("target", nameOf(targetOf(trf)))
	p.put("issue", issue)
	p.put("comment", trf.Comment)
	p.put("title", t.TransferTitle(trf))
	p.put("body", cmp.Or(joined(": ", issue, trf.Comment), t.Say("transfer.body")))
}

func queueData(p payload, job desk.Job) {
	issue, t := nameOf(job.Session.Issue), texts.For(job.Locale)
	args := texts.Args{"Queue": job.Queue.Name}
	if job.Queue.ID == desk.PersonalQueue {
		args["Queue"], job.Queue.Name = "", t.Say("queue.personal")
	}
	p.put("queue_entry_id", job.Key)
	p.put("queue_id", job.Queue.ID)
	p.put("queue", job.Queue.Name)
	p.put("session_id", job.Session.ID)
	p.put("issue", issue)
	p.put("reason", job.Reason)
	p.put("title", queueTitle(t, desk.QueueNews(job.Reason), args))
	p.put("body", joined(": ", issue, t.Say("queue.entered.body")))
}

func queueTitle(t *texts.Texts, news desk.QueueNews, args texts.Args) string {
	switch news {
	case desk.QueueOverdue:
		return t.Say("queue.overdue.title", args)
	case desk.QueueReturned:
		return t.Say("queue.returned.title", args)
	}
	return t.Say("queue.entered.title", args)
}

// messageData says nothing of what was written: the app loads it.
func messageData(p payload, job desk.Job) {
	issue, t := nameOf(job.Session.Issue), texts.For(job.Locale)
	customer := ""
	if job.AuthorRole == desk.AttendeeCustomer {
		customer = t.Say("message.fromCustomer")
	}
	p.put("session_id", job.Session.ID)
	p.put("issue", issue)
	p.put("count", strconv.Itoa(job.Unread))
	p.put("author_role", string(job.AuthorRole))
	p.put("title", t.Say("message.title", texts.Args{"Issue": issue}))
	p.put("body", joined(" · ", t.Say("message.count", texts.Args{"Count": job.Unread}), customer))
}

func signedOutData(p payload, job desk.Job) {
	t := texts.For(job.Locale)
	p.put("console_id", job.Key)
	p.put("reason", job.Reason)
	p.put("title", t.Say("signedOut.title"))
	p.put("body", t.Say("signedOut.body."+job.Reason))
}

func testData(p payload, job desk.Job) {
	t := texts.For(job.Locale)
	p.put("title", t.Say("test.title"))
	p.put("body", t.Say("test.body"))
}

// sessionData names the issue in the body alone: it tells the rep which of several sessions is meant.
func sessionData(p payload, job desk.Job) {
	issue, t := nameOf(job.Session.Issue), texts.For(job.Locale)
	p.put("session_id", job.Session.ID)
	p.put("reason", job.Reason)
	p.put("title", t.Say("session.title."+job.Reason))
	p.put("body", joined(": ", issue, t.Say("session.body."+job.Reason)))
}

func withdrawalData(p payload, job desk.Job) {
	t, end, ends := texts.For(job.Locale), endingOf(job), cmp.Or(job.Ends, desk.PurposeInvitation)
	p.put("state", string(end.reason.State()))
	p.put("reason", string(end.reason))
	p.put("by", end.by)
	p.put("ends", string(ends))
	p.put("title", t.Say("ended.title."+string(ends)))
	p.put("body", t.Ended(end.reason, end.by, end.mine))
}

func targetOf(inv desk.Invitation) *desk.Ref {
	return cmp.Or(inv.Team, inv.Portal, inv.Rep)
}

// ending is why an invitation, a transfer or news of a session is over, as one rep is told.
type ending struct {
	reason desk.EndReason
	by     string // the person who ended it, if one did
	mine   bool   // it was the rep's own doing
}

func endingOf(job desk.Job) ending {
	inv := job.Invitation
	switch {
	case job.Invitation.ID == "" && job.By != nil:
		return ending{reason: desk.EndReason(job.Reason), by: job.By.Name, mine: job.By.ID == job.Rep.ID}
	case job.Invitation.ID == "":
		return ending{reason: desk.EndReason(job.Reason)}
	case inv.Reason == desk.EndAccepted && inv.AcceptedBy != nil:
		return ending{reason: inv.Reason, by: inv.AcceptedBy.Name, mine: inv.AcceptedBy.ID == job.Rep.ID}
	case inv.Reason == desk.EndCancelled:
		return ending{reason: inv.Reason, by: inv.Inviter.Name}
	}
	return ending{reason: inv.Reason}
}

// androidConfig asks for high priority, which wakes a dozing device, only while the notification may be showing:
// FCM lowers the priority of apps whose high-priority messages show nothing.
func androidConfig(job desk.Job, now time.Time) *messaging.AndroidConfig {
	ttl := min(max(job.ExpiresAt.Sub(now), 0), maxTTL).Truncate(time.Second)
	c := &messaging.AndroidConfig{TTL: &ttl, Priority: "high"}
	if ttl == 0 {
		c.Priority = "normal"
	}
	return c
}

// apnsConfig shows the notification by the system, for iOS does not reliably wake an app for data alone. A withdrawal
// takes the place of the alert that it ends, without sound or light, and says why (G4).
func apnsConfig(job desk.Job, data map[string]string) *messaging.APNSConfig {
	badge := job.Badge
	level, timely := "active", []desk.Purpose{desk.PurposeInvitation, desk.PurposeTransfer, desk.PurposeSession}
	if slices.Contains(timely, job.Purpose) {
		level = "time-sensitive"
	}
	aps := &messaging.Aps{
		Alert: &messaging.ApsAlert{Title: data["title"], Body: data["body"]}, Badge: &badge, MutableContent: true,
		Category: data["type"], ThreadID: cmp.Or(job.Invitation.Session.ID, job.Session.ID), Sound: "default",
		CustomData: map[string]any{"interruption-level": level},
	}
	if job.Purpose == desk.PurposeWithdrawal {
		aps.Sound, aps.CustomData = "", map[string]any{"interruption-level": "passive"}
	}
	headers := map[string]string{"apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": job.Key,
		"apns-expiration": strconv.FormatInt(max(job.ExpiresAt.Unix(), 0), 10)}
	return &messaging.APNSConfig{Headers: headers, Payload: &messaging.APNSPayload{Aps: aps}}
}

// payloadSize counts as the stricter of the two services does: FCM the keys and values of data, APNs the whole JSON,
// in which FCM lays data beside aps.
func payloadSize(m *messaging.Message) int {
	size := jsonSize(m.Data)
	if m.APNS != nil {
		size += jsonSize(m.APNS.Payload) + apnsReserve
	}
	return size
}

func jsonSize(v any) int {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // FCM unescapes, so "<" counts as one byte
	if err := e.Encode(v); err != nil {
		return maxPayload // strings and numbers cannot fail
	}
	return b.Len()
}

// cut shortens a text to at most max bytes, at the end of a character as people see it: an emoji of several code
// points stays whole or goes.
func cut(text string, max int) string {
	const ellipsis = "…"
	if len(text) <= max {
		return text
	}
	if max < len(ellipsis) {
		return ""
	}
	end, state := 0, -1
	for rest, cluster := text, ""; ; {
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if end+len(cluster) > max-len(ellipsis) {
			return strings.TrimRight(text[:end], " \n\r\t") + ellipsis
		}
		end += len(cluster)
	}
}

func nameOf(ref *desk.Ref) string {
	if ref == nil {
		return ""
	}
	return ref.Name
}

// joined joins the texts that are not empty.
func joined(sep string, parts ...string) string {
	var said []string
	for _, s := range parts {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, sep)
}
