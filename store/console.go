package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// consoleState is what of a console its revision stands for.
type consoleState struct {
	deviceID, name, platform, appVersion, osVersion, locale, notifications, pushKind, pushTarget, portal string
}

// changeConsole does something to a console. Where that leaves it another than it was, its revision moves, and all consoles of
// the rep are told.
func (t *tx) changeConsole(id string, change func() error) error {
	state := func() (s consoleState, err error) {
		_, err = t.row(`SELECT device_id, name, platform, app_version, os_version, locale, notifications, push_kind, push_target, portal_id FROM consoles WHERE id = $1`, []any{id},
			&s.deviceID, &s.name, &s.platform, &s.appVersion, &s.osVersion, &s.locale, &s.notifications, &s.pushKind, &s.pushTarget, &s.portal)
		return s, err
	}
	before, err := state()
	if err == nil {
		err = change()
	}
	if err != nil {
		return err
	}
	if after, err := state(); err != nil || after == before {
		return err
	}
	if _, err := t.exec(`UPDATE consoles SET rev = rev + 1 WHERE id = $1`, id); err != nil {
		return err
	}
	console, err := t.console(id, "") // each console that reads the event is another
	if err != nil {
		return err
	}
	return t.record(desk.RepTopic(console.RepID), desk.Event{Type: desk.EventConsoleChanged, Console: &console})
}

// saveDevice writes what the device says of itself. A push target that another console has moves here: one
// installation has one registration.
func (t *tx) saveDevice(consoleID, repID string, d desk.Device) error {
	if target := deref(d.PushTarget); target != "" {
		if err := t.movePushTarget(target, consoleID, repID); err != nil {
			return err
		}
	}
	if d.PushTarget != nil && d.PushKind == nil {
		kind := "fcm_token"
		d.PushKind = &kind
	}
	_, err := t.exec(`UPDATE consoles SET platform = COALESCE($1, platform), device_id = COALESCE($2, device_id), name = COALESCE($3, name),
		app_version = COALESCE($4, app_version), os_version = COALESCE($5, os_version), locale = COALESCE($6, locale),
		notifications = COALESCE($7, notifications), push_kind = CASE WHEN COALESCE($9, push_target) = '' THEN '' ELSE COALESCE($8, push_kind) END, push_target = COALESCE($9, push_target)
		WHERE id = $10`, d.Platform, d.DeviceID, d.Name, d.AppVersion, d.OSVersion, d.Locale, d.Notifications, d.PushKind, d.PushTarget, consoleID)
	if err != nil {
		return err
	}
	if err := t.renewLease(repID); err != nil {
		return err
	}
	if err := t.arrived(repID); err != nil {
		return err
	}
	return t.ownerBack(repID)
}

// movePushTarget takes a push target from the console that had it. Of another rep's it takes along what the device shows of
// theirs (G10).
func (t *tx) movePushTarget(target, toConsole, repID string) error {
	former, err := list(t, consoleColumns+` WHERE c.push_target = $1 AND c.push_target <> '' AND c.id <> $2 ORDER BY c.id`, []any{target, toConsole}, t.scanConsole(""))
	for _, c := range former {
		if err == nil && c.RepID != repID {
			var rep desk.Ref
			if rep, err = t.repRef(c.RepID); err == nil {
				err = t.withdrawFromConsole(c.ID, rep)
			}
		}
	}
	for _, c := range former {
		if err == nil {
			_, err = t.removeTarget(c.ID, c.RepID, target)
		}
	}
	return err
}

// removeTarget removes a console's push target, unless it has another by now.
func (t *tx) removeTarget(consoleID, repID, target string) (removed bool, err error) {
	err = t.changeConsole(consoleID, func() error {
		n, err := t.exec(`UPDATE consoles SET push_kind = '', push_target = '' WHERE id = $1 AND push_target = $2`, consoleID, target)
		removed = n > 0
		return err
	})
	if err != nil || !removed {
		return false, err
	}
	return true, t.renewLease(repID)
}

// Consoles lists the caller's consoles, the newest first.
func (s *Store) Consoles(ctx context.Context, c desk.Caller) ([]desk.Console, error) {
	return read(ctx, s, func(t *tx) ([]desk.Console, error) { // nobody else stands in them
		return list(t, consoleColumns+` WHERE c.rep_id = $1 ORDER BY c.id DESC`, []any{c.RepID}, t.scanConsole(c.ConsoleID))
	})
}

const consoleColumns = `SELECT c.id, c.rev, c.rep_id, c.platform, c.device_id, c.name, c.app_version, c.os_version, c.locale, c.notifications,
	c.push_kind, c.portal_id, COALESCE(p.name, ''), c.created_at, c.seen_at FROM consoles c LEFT JOIN portals p ON p.id = c.portal_id`

func (t *tx) scanConsole(current string) func(scanner, *desk.Console) error {
	return func(scan scanner, c *desk.Console) error {
		var portal desk.Ref
		var created, seen int64
		err := scan(&c.ID, &c.Rev, &c.RepID, &c.Platform, &c.DeviceID, &c.Name, &c.AppVersion, &c.OSVersion, &c.Locale, &c.Notifications,
			&c.PushKind, &portal.ID, &portal.Name, &created, &seen)
		c.Portal = refOrNil(portal)
		c.CreatedAt, c.SeenAt = desk.Time(created), desk.Time(seen)
		c.Connected = t.now.Sub(time.UnixMilli(seen)) <= desk.ConnectedFor+desk.PresenceGrace
		c.Current = c.ID == current
		return err
	}
}

func (t *tx) console(id, current string) (desk.Console, error) {
	return one(t, "console", consoleColumns+` WHERE c.id = $1`, []any{id}, t.scanConsole(current))
}

// ConsoleChange is what a console can change about itself.
type ConsoleChange struct {
	Device   desk.Device
	PortalID *string // "" leaves the portal
}

// UpdateConsole changes one of the caller's consoles; "current" is the one that asks.
func (s *Store) UpdateConsole(ctx context.Context, c desk.Caller, id string, change ConsoleChange, ifRev IfRev) (desk.Console, error) {
	if p := change.Device.Check(""); p != nil {
		return desk.Console{}, p
	}
	return write(ctx, s, func(t *tx) (desk.Console, error) {
		id, err := t.ownConsole(c, id)
		if err != nil {
			return desk.Console{}, err
		}
		before, err := t.console(id, c.ConsoleID)
		if err == nil {
			err = ifRev.check(before.Rev)
		}
		if err != nil {
			return before, err
		}
		err = t.changeConsole(id, func() error {
			if change.PortalID != nil {
				if err := t.moveToPortal(c.Ref(), id, *change.PortalID); err != nil {
					return err
				}
			}
			if device := deref(change.Device.DeviceID); device != "" {
				if err := t.freeDevice(device, id); err != nil {
					return err
				}
			}
			return t.saveDevice(id, c.RepID, change.Device)
		})
		if err != nil {
			return desk.Console{}, err
		}
		return t.console(id, c.ConsoleID)
	})
}

// moveToPortal logs a console in under another portal. The rep loses the invitations of the one they leave, and finds
// those of the one they come to, without an alert (B5).
func (t *tx) moveToPortal(rep desk.Ref, consoleID, portal string) (err error) {
	if portal != "" {
		if portal, err = t.resolve("portal", portal); err != nil {
			return err
		}
	}
	_, since, err := t.logBounds()
	if err != nil {
		return err
	}
	return t.offersMove(rep, consoleID, false, func() error {
		if err := t.portalLost(rep.ID, consoleID, portal); err != nil {
			return err
		}
		n, err := t.exec(`UPDATE consoles SET portal_id = $1, portal_since = $2, portal_moved = 1 WHERE id = $3 AND portal_id <> $1`, portal, since, consoleID)
		if err == nil && n > 0 && portal != "" {
			err = t.markRights(rep.ID, rightsMark{Console: consoleID})
		}
		return err
	})
}

// portalLost notes that a rep may no longer read what comes by the portal of a console, unless that stays.
func (t *tx) portalLost(repID, consoleID, now string) error {
	lost := topics{}
	err := t.rows(`SELECT c.portal_id, g.above_id, c.portal_since FROM consoles c JOIN portal_tree g ON g.portal_id = c.portal_id
		WHERE c.id = $1 AND c.portal_id <> '' AND c.portal_id <> $2`, []any{consoleID, now}, func(scan scanner) error {
		var portal, above string
		var since int64
		err := scan(&portal, &above, &since)
		lost[desk.PortalTopic(portal)], lost[desk.PortalsTopic(above)] = since, since
		return err
	})
	for _, topic := range slices.Sorted(maps.Keys(lost)) {
		if err == nil {
			err = t.markRights(repID, rightsMark{Lost: topic, Since: lost[topic]})
		}
	}
	return err
}

// freeDevice ends another log-in on the installation that a console says it runs on.
func (t *tx) freeDevice(deviceID, consoleID string) error {
	var other, owner string
	found, err := t.row(`SELECT id, rep_id FROM consoles WHERE device_id = $1 AND device_id <> '' AND id <> $2`, []any{deviceID, consoleID}, &other, &owner)
	if err != nil || !found {
		return err
	}
	return t.endConsole(other, owner, desk.SignedOutHere)
}

func (t *tx) ownConsole(c desk.Caller, id string) (string, error) {
	if id == "current" {
		id = c.ConsoleID
	}
	found, err := t.row(`SELECT id FROM consoles WHERE id = $1 AND rep_id = $2`+t.forUpdate(), []any{id, c.RepID}, &id)
	if err == nil && !found {
		err = desk.Missing("console")
	}
	return id, err
}

// LogOut ends one of the caller's consoles. The last one is kept while the rep owns active sessions, unless forced (C9).
func (s *Store) LogOut(ctx context.Context, c desk.Caller, id string, force bool) error {
	return alter(ctx, s, func(t *tx) error { return t.logOut(c, id, force, desk.SignedOutLogOut) })
}

// LogOutOthers ends all consoles of the caller but the one that asks.
func (s *Store) LogOutOthers(ctx context.Context, c desk.Caller) error {
	return alter(ctx, s, func(t *tx) error { return t.endOtherConsoles(c, desk.SignedOutLogOut) })
}

func (t *tx) logOut(c desk.Caller, id string, force bool, why desk.SignedOut) error {
	if !force {
		if err := t.lockOwned(c.RepID); err != nil {
			return err
		}
	}
	id, err := t.ownConsole(c, id)
	if err != nil {
		return err
	}
	if !force { // of two consoles that log out at once, the second finds itself the last; console, then rep, as contacts lock them
		if err := t.lockRep(c.RepID); err != nil {
			return err
		}
		if err := t.checkLastConsole(c.RepID, id); err != nil {
			return err
		}
	}
	if id == c.ConsoleID {
		why = desk.SignedOutHere
	}
	return t.endConsole(id, c.RepID, why)
}

func (t *tx) endOtherConsoles(c desk.Caller, why desk.SignedOut) error {
	others, err := t.texts(`SELECT id FROM consoles WHERE rep_id = $1 AND id <> $2 ORDER BY id`, c.RepID, c.ConsoleID)
	for _, id := range others {
		if err == nil {
			err = t.endConsole(id, c.RepID, why)
		}
	}
	return err
}

// forgetConsoles ends some of the consoles that nobody saw for so long that no push can reach them any more.
func (t *tx) forgetConsoles() (more bool, err error) {
	type unseen struct{ id, repID string }
	dead, err := list(t, `SELECT id, rep_id FROM consoles WHERE seen_at < $1 ORDER BY id LIMIT $2`, []any{ms(t.now.Add(-desk.ConsoleForgottenAfter)), consolesForgottenAtOnce},
		func(scan scanner, u *unseen) error { return scan(&u.id, &u.repID) })
	for _, u := range dead {
		if err == nil {
			err = t.endConsole(u.id, u.repID, desk.SignedOutHere)
		}
	}
	return len(dead) == consolesForgottenAtOnce, err
}

func (t *tx) checkLastConsole(repID, consoleID string) error {
	other, err := t.exists(`SELECT 1 FROM consoles c WHERE c.rep_id = $1 AND c.id <> $2 AND `+consoleHere(`$3`), repID, consoleID, ms(t.now))
	if err != nil || other {
		return err
	}
	open, err := t.texts(`SELECT id FROM sessions WHERE owner_id = $1 AND owner_id <> '' AND state = 'active' ORDER BY id`, repID)
	if err != nil || len(open) == 0 {
		return err
	}
	p := desk.Refuse(desk.OwnerMustHandOver, "Sessions that would be without a console: %s. Use force=true to log out all the same.", strings.Join(open, ", "))
	p.Conflict = &desk.Conflict{Kind: "session", ID: open[0], State: string(desk.SessionActive)}
	return p
}

// endConsole ends a log-in: its token dies, what it still shows is withdrawn, its device and the rest of the rep's consoles are
// told.
func (t *tx) endConsole(id, repID string, why desk.SignedOut) error {
	console, err := t.console(id, "")
	if err != nil {
		return err
	}
	rep, err := t.repRef(repID)
	if err != nil {
		return err
	}
	if err := t.withdrawFromConsole(id, rep); err != nil {
		return err
	}
	if err := t.pushSignedOut(console, why); err != nil {
		return err
	}
	if err := t.revokeTokens(id); err != nil {
		return err
	}
	err = t.offersMove(rep, "", false, func() error {
		if err := t.portalLost(repID, id, ""); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM consoles WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return err
	}
	if err := t.renewLease(repID); err != nil {
		return err
	}
	if err := t.record(desk.RepTopic(repID), desk.Event{Type: desk.EventConsoleRevoked, Reason: string(why), Console: &console}); err != nil {
		return err
	}
	if err := t.repWentAway(repID); err != nil {
		return err
	}
	return t.ownerLoggedOut(rep)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func refOrNil(r desk.Ref) *desk.Ref {
	if r.ID == "" {
		return nil
	}
	return &r
}
