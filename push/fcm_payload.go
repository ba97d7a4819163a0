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

// fcmWithin builds the message with no text longer than textBytes.
func fcmWithin(job desk.Job, now time.Time, textBytes int) *messaging.Message {
	push := pushMessage(job, now)
	cutTexts(&push, textBytes)
	m := &messaging.Message{Data: push.Data()}
	if job.PushKind == "fcm_fid" {
		m.Fid = job.PushTarget
	} else {
		//lint:ignore SA1019 registration tokens go on until the apps have moved to installation ids
		m.Token = job.PushTarget
	}
	if job.Platform == "ios" {
		m.APNS = apnsConfig(job, push)
	} else {
		m.Android = androidConfig(job, now)
	}
	return m
}

// cutTexts leaves no text of a message longer than max bytes. One bound for all cuts the longest first, which is the comment,
// alone and in the body, unless somebody's name is longer.
func cutTexts(m *desk.PushMessage, max int) {
	for _, text := range []*string{&m.Title, &m.Body, &m.Inviter, &m.Sender, &m.Target, &m.Queue, &m.Issue, &m.Comment, &m.By} {
		*text = cut(*text, max)
	}
}

func pushMessage(job desk.Job, now time.Time) desk.PushMessage {
	m := desk.PushMessage{V: desk.PushVersion, Type: desk.PushType(job.Purpose), Key: job.Key, Rev: strconv.FormatInt(job.KeyRev, 10),
		ServerID: job.ServerID, RepID: job.Rep.ID, DeliveryID: job.ID, SentAt: now.UTC().Format(time.RFC3339), Badge: strconv.Itoa(job.Badge)}
	switch m.Type {
	case desk.PushInvitation:
		tellInvitation(&m, job)
	case desk.PushTransfer:
		tellTransfer(&m, job)
	case desk.PushQueue:
		tellQueue(&m, job)
	case desk.PushChat:
		tellChat(&m, job)
	case desk.PushSession:
		tellSession(&m, job)
	case desk.PushSignedOut:
		tellSignedOut(&m, job)
	case desk.PushTest:
		tellTest(&m, job)
	case desk.PushWithdrawal:
		tellWithdrawal(&m, job)
	}
	return m
}

func tellInvitation(m *desk.PushMessage, job desk.Job) {
	inv, t := job.Invitation, texts.For(job.Locale)
	m.InvitationID, m.SessionID, m.Kind = inv.ID, inv.Session.ID, inv.Kind
	m.Inviter, m.Target, m.Issue, m.Comment = inv.Inviter.Name, nameOf(targetOf(inv)), nameOf(inv.NamedIssue()), inv.Comment
	m.Access, m.Masked = inv.Access, strconv.FormatBool(inv.Masked)
	m.Title = t.InvitationTitle(inv)
	m.Body = cmp.Or(joined(": ", m.Issue, inv.Comment), t.Say("invitation.body"))
}

func tellTransfer(m *desk.PushMessage, job desk.Job) {
	trf, t := job.Invitation, texts.For(job.Locale)
	m.TransferID, m.SessionID = trf.ID, trf.Session.ID
	m.Sender, m.Target, m.Issue, m.Comment = trf.Inviter.Name, nameOf(targetOf(trf)), nameOf(trf.NamedIssue()), trf.Comment
	m.Title = t.TransferTitle(trf)
	m.Body = cmp.Or(joined(": ", m.Issue, trf.Comment), t.Say("transfer.body"))
}

func tellQueue(m *desk.PushMessage, job desk.Job) {
	t := texts.For(job.Locale)
	args := texts.Args{"Queue": job.Queue.Name}
	if job.Queue.ID == desk.PersonalQueue {
		args["Queue"], job.Queue.Name = "", t.Say("queue.personal")
	}
	m.QueueEntryID, m.QueueID, m.Queue, m.SessionID = job.Key, job.Queue.ID, job.Queue.Name, job.Session.ID
	m.Issue, m.Reason = nameOf(job.Session.Issue), job.Reason
	m.Title = queueTitle(t, desk.QueueNews(job.Reason), args)
	m.Body = joined(": ", m.Issue, t.Say("queue.entered.body"))
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

// tellChat says nothing of what was written: the app loads it.
func tellChat(m *desk.PushMessage, job desk.Job) {
	t, customer := texts.For(job.Locale), ""
	if job.AuthorRole == desk.AttendeeCustomer {
		customer = t.Say("message.fromCustomer")
	}
	m.SessionID, m.Issue = job.Session.ID, nameOf(job.Session.Issue)
	m.Count, m.AuthorRole = strconv.Itoa(job.Unread), job.AuthorRole
	m.Title = t.Say("message.title", texts.Args{"Issue": m.Issue})
	m.Body = joined(" · ", t.Say("message.count", texts.Args{"Count": job.Unread}), customer)
}

func tellSignedOut(m *desk.PushMessage, job desk.Job) {
	t := texts.For(job.Locale)
	m.ConsoleID, m.Reason = job.Key, job.Reason
	m.Title, m.Body = t.Say("signedOut.title"), t.Say("signedOut.body."+job.Reason)
}

func tellTest(m *desk.PushMessage, job desk.Job) {
	t := texts.For(job.Locale)
	m.Title, m.Body = t.Say("test.title"), t.Say("test.body")
}

// tellSession names the issue in the body alone: it tells the rep which of several sessions is meant.
func tellSession(m *desk.PushMessage, job desk.Job) {
	t := texts.For(job.Locale)
	m.SessionID, m.Reason = job.Session.ID, job.Reason
	m.Title = t.Say("session.title." + job.Reason)
	m.Body = joined(": ", nameOf(job.Session.Issue), t.Say("session.body."+job.Reason))
}

func tellWithdrawal(m *desk.PushMessage, job desk.Job) {
	t, end := texts.For(job.Locale), endingOf(job)
	m.Ends = desk.PushType(cmp.Or(job.Ends, desk.PurposeInvitation))
	m.State, m.Reason, m.By = end.reason.State(), string(end.reason), end.by
	m.Title, m.Body = t.Say("ended.title."+string(m.Ends)), t.Ended(end.reason, end.by, end.mine)
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
func apnsConfig(job desk.Job, m desk.PushMessage) *messaging.APNSConfig {
	badge := job.Badge
	level, timely := "active", []desk.Purpose{desk.PurposeInvitation, desk.PurposeTransfer, desk.PurposeSession}
	if slices.Contains(timely, job.Purpose) {
		level = "time-sensitive"
	}
	aps := &messaging.Aps{
		Alert: &messaging.ApsAlert{Title: m.Title, Body: m.Body}, Badge: &badge, MutableContent: true,
		Category: string(m.Type), ThreadID: cmp.Or(job.Invitation.Session.ID, job.Session.ID), Sound: "default",
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
