package store

import (
	"fmt"
	"slices"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// device is a console with a push target.
type device struct {
	repID, consoleID, name, platform, locale, pushKind, pushTarget string
}

// fields are where the columns of a device go, the first of those that a query of deviceColumns reads.
func (d *device) fields() []any {
	return []any{&d.repID, &d.consoleID, &d.name, &d.platform, &d.locale, &d.pushKind, &d.pushTarget}
}

func scanDevice(scan scanner, d *device) error { return scan(d.fields()...) }

// reached is the condition that pushes reach a console c: it has a push target, and was seen after $2. A device whose token has
// expired tells nobody anything any more.
const reached = `c.push_target <> '' AND c.seen_at > $2`

// reachedSince is that $2.
func (t *tx) reachedSince() int64 { return ms(t.now.Add(-desk.TokenUnusedFor)) }

// The devices that pushes reach of a rep, of all reps of a team, and of all who are logged in under a portal ($1; $3 is 1 for the
// portals below it too).
const (
	deviceColumns   = `SELECT c.rep_id, c.id, c.name, c.platform, c.locale, c.push_kind, c.push_target`
	devicesOfRep    = deviceColumns + ` FROM consoles c WHERE c.rep_id = $1 AND ` + reached + ` ORDER BY c.id`
	devicesOfTeam   = deviceColumns + ` FROM team_members m JOIN consoles c ON c.rep_id = m.rep_id WHERE m.team_id = $1 AND ` + reached + ` ORDER BY c.id`
	devicesOfPortal = deviceColumns + ` FROM consoles c WHERE ` + reached + ` AND c.rep_id IN (SELECT h.rep_id FROM portal_tree g
		JOIN consoles h ON h.portal_id = g.portal_id AND h.portal_id <> '' WHERE g.above_id = $1 AND ($3 = 1 OR g.portal_id = $1)) ORDER BY c.id`
)

// devicesOf lists the devices of those to whom an invitation or transfer goes.
func (t *tx) devicesOf(inv desk.Invitation) ([]device, error) {
	since := t.reachedSince()
	switch {
	case inv.Rep != nil:
		return list(t, devicesOfRep, []any{inv.Rep.ID, since}, scanDevice)
	case inv.Team != nil:
		return list(t, devicesOfTeam, []any{inv.Team.ID, since}, scanDevice)
	}
	return list(t, devicesOfPortal, []any{inv.Portal.ID, since, flag(inv.SubPortals)}, scanDevice)
}

// queueInvitation queues what tells of an invitation or transfer, or tells of it again: to every device of an invited rep,
// or of the reps of a team or portal who may take it and are logged in (G1, G3); by email to a rep in extended availability
// (G2), of a team only when nobody who may take it is logged in. Of portals and transfers no email tells (G3, C6).
func (t *tx) queueInvitation(inv desk.Invitation, candidates []candidate) error {
	devices, err := t.devicesOf(inv)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, c := range candidates {
		told[c.ID] = c.loggedIn || inv.Rep != nil
	}
	if inv.IsTransfer() {
		if err := t.withoutTransfers(inv, told); err != nil {
			return err
		}
	}
	for _, d := range devices {
		if !told[d.repID] {
			continue
		}
		if err := t.queuePush(news{about: inv.ID, purpose: purposeOf(inv), round: inv.Reminders}, d); err != nil {
			return err
		}
	}
	if inv.Rep != nil && !inv.IsTransfer() {
		return t.queueMails(inv, candidates)
	}
	return t.mailIfNobodyLoggedIn(inv, candidates)
}

// withoutTransfers leaves out those who do not want to be told of transfers (G13): each still finds them in the queue.
func (t *tx) withoutTransfers(offer desk.Invitation, told map[string]bool) error {
	off, err := t.texts(`SELECT id FROM reps WHERE id = $1 AND alert_transfers = 0 UNION
		SELECT r.id FROM team_members m JOIN reps r ON r.id = m.rep_id WHERE m.team_id = $2 AND r.alert_transfers = 0`, idOf(offer.Rep), idOf(offer.Team))
	for _, id := range off {
		told[id] = false
	}
	return err
}

// purposeOf is what a push tells that tells of an invitation or transfer.
func purposeOf(inv desk.Invitation) desk.Purpose {
	if inv.IsTransfer() {
		return desk.PurposeTransfer
	}
	return desk.PurposeInvitation
}

// mailIfNobodyLoggedIn sends a team's invitation to its extended-availability reps, once each, when nobody who may
// take it is logged in (G3).
func (t *tx) mailIfNobodyLoggedIn(inv desk.Invitation, takers []candidate) error {
	if inv.Team == nil || inv.IsTransfer() || slices.ContainsFunc(takers, func(c candidate) bool { return c.loggedIn }) {
		return nil
	}
	return t.queueMails(inv, takers)
}

func (t *tx) queueMails(inv desk.Invitation, candidates []candidate) error {
	for _, c := range candidates {
		if !c.extended {
			continue
		}
		if err := t.mailInvitation(inv.ID, inv.Reminders, c.ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// news is what a push tells.
type news struct {
	about     string // the notification's key on a device: of an invitation or transfer, a session's state or chat, a queue entry, a console
	aboutRev  int64  // the revision of what it is about, where that is gone by the time of sending
	sessionID string // the session, of what is not an invitation or transfer
	reason    string // why, likewise
	byID      string // the rep who did it, where nothing else says so
	purpose   desk.Purpose
	round     int
	due       time.Time // when it may be sent; zero: at once
	until     time.Time // when it is worth nothing any more; zero: as the purpose says
}

// queuePush queues a push to a device. A second one about a chat, while the first waits, is not needed: that counts what is
// unread when it is sent.
func (t *tx) queuePush(n news, d device) error {
	t.wakeWorkers(desk.ChannelFCM)
	if n.due.Before(t.now) {
		n.due = t.now
	}
	if n.until.IsZero() {
		n.until = n.due.Add(n.purpose.WorthFor())
	}
	_, err := t.exec(`INSERT INTO deliveries (id, about, about_rev, session_id, reason, by_id, purpose, channel, rep_id, console_id, console_name, platform, locale, push_kind, push_target,
		state, due_at, expires_at, created_at, updated_at, round) VALUES ($1, $2, $3, $4, $5, $6, $7, 'fcm', $8, $9, $10, $11, $12, $13, $14, 'waiting', $15, $16, $17, $17, $18)
		ON CONFLICT (about, console_id) WHERE purpose = 'message' AND state = 'waiting' DO NOTHING`,
		newID("dlv_"), n.about, n.aboutRev, n.sessionID, n.reason, n.byID, string(n.purpose), d.repID, d.consoleID, d.name, d.platform, d.locale, d.pushKind, d.pushTarget, ms(n.due), ms(n.until), ms(t.now), n.round)
	return err
}

func (t *tx) wakeWorkers(channel desk.Channel) {
	if t.wake.deliveries == nil {
		t.wake.deliveries = map[desk.Channel]bool{}
	}
	t.wake.deliveries[channel] = true
}

// withdraw takes back what told of an invitation or transfer, on all devices, or on those of one rep, or on one device.
func (t *tx) withdraw(invitationID, repID, consoleID string) error {
	return t.withdrawNews(news{about: invitationID}, repID, consoleID)
}

// toldOf are the deliveries d that told of something ($1), all or those that went to one rep ($2) or one device ($3).
const toldOf = `d.about = $1 AND ($2 = '' OR d.rep_id = $2) AND ($3 = '' OR d.console_id = $3)`

// withdrawNews takes back what told of what n is about, on all devices, or on those of one rep, or on one device.
func (t *tx) withdrawNews(n news, repID, consoleID string) error {
	return t.withdrawWhere(toldOf, n, n.about, repID, consoleID)
}

// toldDelivery is a delivery that told something, and to whom.
type toldDelivery struct {
	device
	id, about, sessionID, address, reason string
	state                                 desk.DeliveryState
	channel                               desk.Channel
	attempts, round                       int
	until                                 int64
}

// mayShow says whether it may stand on a device or in a mailbox: one that failed or was dropped at its first attempt does not;
// an attempt before the last may have been taken unnoticed.
func (d toldDelivery) mayShow() bool {
	return d.attempts > 1 || d.attempts == 1 && d.state != desk.DeliveryFailed && d.state != desk.DeliveryDropped
}

// toldWhere lists the deliveries d that a condition picks and no withdrawal came after; one that was dropped, because news came
// after it, does not count. They are locked: one that a worker claims at this instant is waited for, else nothing would
// withdraw what it sends. A device that has registered anew by now is withdrawn from there: its console may be about to go.
func (t *tx) toldWhere(which string, args []any) ([]toldDelivery, error) {
	const now = `COALESCE((SELECT c.%[1]s FROM consoles c WHERE c.id = d.console_id AND c.rep_id = d.rep_id AND c.push_target <> ''), d.%[1]s)`
	return list(t, `SELECT rep_id, console_id, console_name, platform, locale, `+fmt.Sprintf(now, "push_kind")+`, `+fmt.Sprintf(now, "push_target")+`, id, about, session_id, address, reason, state, channel, attempts, round, expires_at
		FROM deliveries d WHERE `+which+` AND purpose <> 'withdrawal' AND NOT EXISTS (SELECT 1 FROM deliveries w WHERE w.console_id = d.console_id AND w.console_id <> ''
			AND w.about = d.about AND w.purpose = 'withdrawal' AND w.state <> 'dropped' AND w.rep_id = d.rep_id AND w.id > d.id)
		ORDER BY id`+t.forUpdate(), args, func(scan scanner, d *toldDelivery) error {
		return scan(append(d.fields(), &d.id, &d.about, &d.sessionID, &d.address, &d.reason, &d.state, &d.channel, &d.attempts, &d.round, &d.until)...)
	})
}

// withdrawWhere takes back what the deliveries d told that a condition picks: what was not yet sent is dropped, every device
// that was or may have been sent it gets a withdrawal, once however often it was told (G4, G5), and emails are followed up. n
// says why, where what they are about does not. A withdrawal is worth delivering as long as what it takes back.
func (t *tx) withdrawWhere(which string, n news, args ...any) error {
	told, err := t.toldWhere(which, args)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(told, func(d toldDelivery) bool { return d.state == desk.DeliveryWaiting }) {
		if err := t.dropWaiting(which+` AND d.purpose <> 'withdrawal'`, args...); err != nil {
			return err
		}
	}
	var mails []toldDelivery
	withdrawn := map[[2]string]bool{}
	n.purpose = desk.PurposeWithdrawal
	for _, d := range told {
		to := [2]string{d.consoleID, d.repID}
		switch {
		case !d.mayShow() || withdrawn[to]:
			continue
		case d.channel == desk.ChannelEmail:
			mails = append(mails, d)
			continue
		}
		withdrawn[to] = true
		n.about, n.sessionID, n.until = d.about, d.sessionID, desk.WithdrawnUntil(time.UnixMilli(d.until), t.now)
		if err := t.queuePush(n, d.device); err != nil {
			return err
		}
	}
	return t.followUp(mails)
}

// dropWaiting drops those of the deliveries d that a condition picks which were not sent yet, and tells the sessions' owners.
// A portal's invitation can have thousands, so it takes a few statements, however many they are.
func (t *tx) dropWaiting(which string, args ...any) error {
	n, ids := len(args), []string{}
	err := t.rows(fmt.Sprintf(`UPDATE deliveries AS d SET state = 'dropped', error = 'over', due_at = 0, updated_at = $%d, rev = rev + 1
		WHERE %s AND d.state = 'waiting' RETURNING id, channel, purpose`, n+1, which), slices.Concat(args, []any{ms(t.now)}), func(scan scanner) error {
		var dropped desk.Delivery
		err := scan(&dropped.ID, &dropped.Channel, &dropped.Purpose)
		ids = append(ids, dropped.ID)
		t.countDelivery(dropped.Channel, dropped.Purpose, desk.DeliveryDropped)
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	slices.Sort(ids)
	return t.rows(deliveryFields+`, s.id, s.owner_id`+deliveryTables+` LEFT JOIN invitations v ON v.id = d.about `+specialistOfDelivery+` JOIN sessions s ON s.id = COALESCE(v.session_id, p.session_id)
		WHERE `+which+` AND d.state = 'dropped' AND s.owner_id <> '' ORDER BY d.id`, args, func(scan scanner) error {
		var d desk.Delivery
		var sessionID, owner string
		err := scanDelivery(func(dest ...any) error { return scan(append(dest, &sessionID, &owner)...) }, &d)
		if _, dropped := slices.BinarySearch(ids, d.ID); err != nil || !dropped {
			return err
		}
		return t.record(desk.RepTopic(owner), desk.Event{Type: desk.EventDeliveryChanged, SessionID: sessionID, Delivery: &d})
	})
}

// withdrawFromConsole takes what it shows off a device whose log-in ends (G10). The revision of an invitation grows, because a
// device takes a withdrawal only with a higher one than that of what it shows.
func (t *tx) withdrawFromConsole(consoleID string, rep desk.Ref) error {
	shown, err := t.texts(`SELECT DISTINCT d.about FROM deliveries d JOIN invitations v ON v.id = d.about
		WHERE d.console_id = $1 AND d.console_id <> '' AND d.purpose IN ('invitation', 'transfer') AND v.state = 'active' ORDER BY d.about`, consoleID)
	for _, id := range shown {
		if err != nil {
			return err
		}
		var inv desk.Invitation
		if inv, _, err = t.lockedInvitation(id); err != nil || !inv.Active() { // what ended meanwhile was withdrawn, and never changes
			continue
		}
		if _, err = t.newRev(inv, rep); err == nil {
			err = t.withdraw(id, "", consoleID)
		}
	}
	if err == nil {
		err = t.withdrawEntries(desk.EndLoggedOut, "", consoleID, `d.console_id = $1 AND d.console_id <> ''`, consoleID)
	}
	if err != nil {
		return err
	}
	return t.withdrawSessions(consoleID)
}

// repWentAway looks after the team invitations that a rep who logged out leaves behind (G3).
func (t *tx) repWentAway(repID string) error {
	loggedIn, err := t.exists(`SELECT 1 FROM reps WHERE id = $1 AND logged_in_until > $2`, repID, ms(t.now))
	if err != nil || loggedIn {
		return err
	}
	open, err := t.invitations(` WHERE v.team_id IN (SELECT m.team_id FROM team_members m WHERE m.rep_id = $1) AND v.team_id <> '' AND v.kind <> 'transfer' AND v.state = 'active' ORDER BY v.id`, repID)
	for _, inv := range open {
		if err != nil {
			return err
		}
		if _, err = t.lockedSession(inv.Session.ID); err != nil { // of two who leave at once, the second finds nobody
			return err
		}
		var left []candidate
		if left, err = t.takers(inv); err == nil {
			err = t.mailIfNobodyLoggedIn(inv, left)
		}
	}
	return err
}

// specialistOfDelivery is the specialist invitation p that a delivery d tells of.
const specialistOfDelivery = `LEFT JOIN specialist_invitations p ON p.id = d.about`

// settle gives a delivery its state and tells the session's owner.
func (t *tx) settle(id string, state desk.DeliveryState, why string) error {
	if _, err := t.exec(`UPDATE deliveries SET state = $1, error = $2, due_at = 0, updated_at = $3, rev = rev + 1 WHERE id = $4`,
		string(state), why, ms(t.now), id); err != nil {
		return err
	}
	return t.tellDelivery(id)
}

func (t *tx) tellDelivery(id string) error {
	var sessionID, owner string
	var madeAt int64
	var before bool
	d, err := t.deliveryWith(id, `COALESCE(s.id, ''), COALESCE(s.owner_id, ''), COALESCE(v.created_at, 0), `+sentBefore,
		` LEFT JOIN invitations v ON v.id = d.about `+specialistOfDelivery+` LEFT JOIN sessions s ON s.id = COALESCE(v.session_id, p.session_id)`, &sessionID, &owner, &madeAt, &before)
	if err != nil {
		return err
	}
	t.countDelivery(d.Channel, d.Purpose, d.State)
	t.countSent(d, madeAt, before)
	if owner == "" {
		return nil
	}
	return t.record(desk.RepTopic(owner), desk.Event{Type: desk.EventDeliveryChanged, SessionID: sessionID, Delivery: &d})
}
