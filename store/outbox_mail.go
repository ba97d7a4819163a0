package store

import (
	"maps"
	"slices"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// standsIn is the reason of an email in the place of a push that failed (G8), and of one that follows it up. The rep was logged
// in, and the push would have rung at once: so it waits for no quiet hours, and goes also to who is not in extended
// availability. All other emails to reps are of extended availability.
const standsIn = "push_failed"

// toRep is the condition that an email goes to its rep. One to a specialist goes in its rep's name, whose own settings, address and
// quiet hours are no matter to it.
const toRep = `purpose <> 'specialist_invitation'`

// addressee is a rep as emails reach them; without an address they reach nobody.
type addressee struct {
	id, address, locale string
	extended            bool
	quiet               *desk.QuietHours
	place               *time.Location
}

// addressee reads how emails reach a rep now. One whose account is closed has no address.
func (t *tx) addressee(repID string) (r addressee, err error) {
	var zone string
	var quiet desk.QuietHours
	if _, err = t.row(`SELECT id, email, locale, extended, time_zone, quiet_from, quiet_to FROM reps WHERE id = $1 AND disabled = 0`, []any{repID},
		&r.id, &r.address, &r.locale, &r.extended, &zone, &quiet.From, &quiet.To); err != nil {
		return r, err
	}
	if r.place, err = time.LoadLocation(zone); err != nil {
		r.place = time.UTC
	}
	if quiet != (desk.QuietHours{}) {
		r.quiet = &quiet
	}
	return r, nil
}

// takes says whether an email for the reason goes to the rep.
func (r addressee) takes(reason string) bool {
	return r.address != "" && (r.extended || reason == standsIn)
}

// due is when an email may go that is about an invitation (G13).
func (r addressee) due(reason string, now time.Time) time.Time {
	if reason == standsIn {
		return now
	}
	return r.quiet.Until(now, r.place)
}

// mail is an email to a rep, or to a specialist in a rep's name.
type mail struct {
	about   string // an invitation, or the rep themself
	purpose desk.Purpose
	reason  string // standsIn, or nothing
	byID    string // the rep who did it, where nothing else says so
	follows string // the email that it follows up
	round   int
	due     time.Time
}

func (t *tx) queueMail(m mail, to addressee) error {
	n, err := t.exec(`INSERT INTO deliveries (id, about, reason, by_id, follows, purpose, channel, rep_id, locale, address, state, due_at, expires_at, created_at, updated_at, round)
		VALUES ($1, $2, $3, $4, $5, $6, 'email', $7, $8, $9, 'waiting', $10, $11, $12, $12, $13) ON CONFLICT DO NOTHING`,
		newID("dlv_"), m.about, m.reason, m.byID, m.follows, string(m.purpose), to.id, to.locale, to.address, ms(m.due), ms(m.due.Add(m.purpose.WorthFor())), ms(t.now), m.round)
	if n > 0 {
		t.wakeWorkers(desk.ChannelEmail)
	}
	return err
}

// mailInvitation queues an email of an invitation to a rep, who gets one at most each time it is told. While one waits, for the
// quiet hours to end or for the mail server, it stands for those of reminders too.
func (t *tx) mailInvitation(invitationID string, round int, repID, reason string) error {
	to, err := t.addressee(repID)
	if err != nil || !to.takes(reason) {
		return err
	}
	type earlier struct {
		id    string
		round int
		state desk.DeliveryState
	}
	mails, err := list(t, `SELECT id, round, state FROM deliveries WHERE about = $1 AND rep_id = $2 AND channel = 'email' AND purpose = 'invitation' AND state <> 'dropped' ORDER BY id`,
		[]any{invitationID, repID}, func(scan scanner, m *earlier) error { return scan(&m.id, &m.round, &m.state) })
	if err != nil {
		return err
	}
	told := slices.ContainsFunc(mails, func(m earlier) bool { return m.round == round })
	for _, m := range slices.Backward(mails) {
		if m.state == desk.DeliveryWaiting {
			if told {
				round = m.round
			}
			return t.renewMail(m.id, round, reason, to)
		}
	}
	if told {
		return nil
	}
	return t.queueMail(mail{about: invitationID, purpose: desk.PurposeInvitation, reason: reason, round: round, due: to.due(reason, t.now)}, to)
}

// renewMail lets a waiting email of an invitation stand for the round, and for the reason, too.
func (t *tx) renewMail(id string, round int, reason string, to addressee) error {
	due := to.due(reason, t.now)
	_, err := t.exec(`UPDATE deliveries SET round = $1, reason = CASE WHEN $2 = '' THEN reason ELSE $2 END,
		due_at = CASE WHEN attempts = 0 AND $3 < due_at THEN $3 ELSE due_at END, expires_at = CASE WHEN attempts = 0 AND $3 < due_at THEN $4 ELSE expires_at END WHERE id = $5`,
		round, reason, ms(due), ms(due.Add(desk.PurposeInvitation.WorthFor())), id)
	t.wakeWorkers(desk.ChannelEmail)
	return err
}

// quietHoursChanged lets the emails that wait for the end of a rep's quiet hours go when those of now end.
func (t *tx) quietHoursChanged(repID string) error {
	to, err := t.addressee(repID)
	if err != nil || to.id == "" {
		return err
	}
	due := to.due("", t.now)
	n, err := t.exec(`UPDATE deliveries SET due_at = $1, expires_at = $2 WHERE rep_id = $3 AND channel = 'email' AND state = 'waiting' AND attempts = 0
		AND purpose <> 'extended_availability' AND `+toRep+` AND reason <> $4`, ms(due), ms(due.Add(desk.PurposeInvitation.WorthFor())), repID, standsIn)
	if n > 0 {
		t.wakeWorkers(desk.ChannelEmail)
	}
	return err
}

// addressChanged sends to a rep's new address what waits for the former one, but for what follows up an email that went there.
func (t *tx) addressChanged(repID, address string) error {
	_, err := t.exec(`UPDATE deliveries SET address = $1 WHERE rep_id = $2 AND channel = 'email' AND state = 'waiting' AND follows = '' AND `+toRep, address, repID)
	return err
}

// holdMail gives a claimed email back that falls into the rep's quiet hours. The time in which it is tried begins when they end.
func (t *tx) holdMail(id string, until time.Time) error {
	_, err := t.exec(`UPDATE deliveries SET state = 'waiting', due_at = $1, expires_at = $2, attempts = attempts - 1, tried_at = 0, updated_at = $3, rev = rev + 1 WHERE id = $4`,
		ms(until), ms(until.Add(desk.PurposeInvitation.WorthFor())), ms(t.now), id)
	t.wakeWorkers(desk.ChannelEmail)
	return err
}

// followUp tells by email, in the same thread, those who were sent one of an invitation that it is over for them, where the
// portal asks for it (G4). The emails are those of one invitation; of several to a rep the newest is followed.
func (t *tx) followUp(mails []toldDelivery) error {
	if len(mails) == 0 {
		return nil
	}
	inv, err := t.invitation(mails[0].about) // only invitations go by email
	if err != nil {
		return err
	}
	session, err := t.session(inv.Session.ID)
	if err != nil || !*session.Settings.EmailFollowUp {
		return err
	}
	newest := map[string]toldDelivery{}
	for _, m := range mails { // in the order of their making
		newest[m.repID] = m
	}
	for _, repID := range slices.Sorted(maps.Keys(newest)) {
		if err := t.followUpOne(inv, newest[repID]); err != nil {
			return err
		}
	}
	return nil
}

// followUpOne follows an email up, but not to who answered it, came into the session another way, or wants no more emails.
func (t *tx) followUpOne(inv desk.Invitation, first toldDelivery) error {
	inside, err := t.isInside(inv.Session.ID, first.repID)
	if err != nil || inside || inv.AnsweredBy(first.repID) {
		return err
	}
	to, err := t.addressee(first.repID)
	if err != nil || !to.takes(first.reason) {
		return err
	}
	to.address = first.address // where the thread is
	return t.queueMail(mail{about: inv.ID, purpose: desk.PurposeWithdrawal, reason: first.reason, follows: first.id, round: first.round, due: to.due(first.reason, t.now)}, to)
}

// followUpOver says whether an email needs no following up any more: the invitation is for the rep again, or the first was
// refused by their mail server.
func (t *tx) followUpOver(job *desk.Job, inv desk.Invitation, inside bool) (bool, error) {
	refused, err := t.exists(`SELECT 1 FROM deliveries WHERE id = $1 AND state = 'failed'`, job.Follows)
	if err != nil || refused || !inv.Active() || inside || declined(inv, job.Rep.ID) {
		return refused, err
	}
	return t.goesTo(inv, desk.Caller{RepID: job.Rep.ID})
}

// extendedSwitched does what follows when a rep's extended availability is switched: an email confirms that it is on (G6); once
// it is off, what waits of it goes out no more, until it is on again. byID is who did it.
func (t *tx) extendedSwitched(repID string, on bool, byID string) error {
	if !on {
		return t.dropWaiting(`d.rep_id = $1 AND d.channel = 'email' AND d.`+toRep+` AND d.reason <> $2`, repID, standsIn)
	}
	if byID == repID {
		byID = ""
	}
	to, err := t.addressee(repID)
	if err != nil || to.address == "" {
		return err
	}
	if err := t.queueMail(mail{about: repID, purpose: desk.PurposeExtendedAvailability, byID: byID, due: t.now}, to); err != nil {
		return err
	}
	return t.mailDropped(repID)
}

// mailDropped sends a rep what was dropped of invitations to them that still stand. Those of teams the housekeeping looks after.
func (t *tx) mailDropped(repID string) error {
	type dropped struct {
		id    string
		round int
	}
	all, err := list(t, `SELECT DISTINCT v.id, v.reminders FROM deliveries d JOIN invitations v ON v.id = d.about WHERE d.rep_id = $1 AND d.channel = 'email'
		AND d.purpose = 'invitation' AND d.state = 'dropped' AND v.rep_id = $1 AND v.state = 'active' ORDER BY v.id`, []any{repID}, func(scan scanner, m *dropped) error { return scan(&m.id, &m.round) })
	for _, m := range all {
		if err == nil {
			err = t.mailInvitation(m.id, m.round, repID, "")
		}
	}
	return err
}

// unheard are the invitations of teams of which nobody who may take them is logged in at $1, and a rep in extended availability
// was not told by email since they were last told.
var unheard = `SELECT v.id FROM invitations v WHERE v.state = 'active' AND v.team_id <> '' AND v.team_id > '' AND v.kind <> 'transfer'
	AND NOT EXISTS (` + takersOfTeam + ` AND r.logged_in_until > $1)
	AND EXISTS (` + takersOfTeam + ` AND r.extended = 1 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.about = v.id AND d.rep_id = r.id AND d.round = v.reminders
		AND d.channel = 'email' AND d.purpose = 'invitation' AND d.state <> 'dropped')) ORDER BY v.id`

// unheardDue lists the invitations of teams to be told by email, because the last who could take them is not logged in any more,
// however that came (G3).
func (t *tx) unheardDue() ([]func(*tx) error, error) {
	due := []func(*tx) error{}
	if !t.mayDesert() {
		return due, nil
	}
	ids, err := t.texts(unheard, ms(t.now))
	for _, id := range ids {
		due = append(due, func(t *tx) error { return t.mailUnheard(id) })
	}
	return due, err
}

func (t *tx) mailUnheard(id string) error {
	inv, _, err := t.lockedInvitation(id)
	if err != nil || !inv.Active() {
		return err
	}
	takers, err := t.takers(inv)
	if err != nil {
		return err
	}
	return t.mailIfNobodyLoggedIn(inv, takers)
}
