package store

import (
	"context"
	"fmt"

	"github.com/repdesk/repdesk/store/desk"
)

// Snapshot is what the caller's console shows when it starts, in one state of the database, with the position at which the
// log stands in that state: snapshot and events after it miss nothing and repeat nothing (H2).
func (s *Store) Snapshot(ctx context.Context, c desk.Caller) (desk.Snapshot, error) {
	return readAs(ctx, s, c, func(t *tx) (desk.Snapshot, error) {
		out := desk.Snapshot{ServerTime: desk.Time(ms(t.now))}
		for _, read := range []func(desk.Caller, *desk.Snapshot) error{t.snapshotOfRep, t.snapshotOfQueues, t.snapshotOfWork} {
			if err := read(c, &out); err != nil {
				return out, err
			}
		}
		out.Cut()
		return out, nil
	})
}

func (t *tx) snapshotOfRep(c desk.Caller, out *desk.Snapshot) (err error) {
	_, last, err := t.logBounds()
	if err != nil {
		return err
	}
	out.Cursor = fmt.Sprint(last)
	if out.Me, err = t.me(c.RepID); err != nil {
		return err
	}
	if out.Console, err = t.console(c.ConsoleID, c.ConsoleID); err != nil {
		return err
	}
	out.Preferences, err = t.preferences(c.RepID)
	return err
}

func (t *tx) snapshotOfQueues(c desk.Caller, out *desk.Snapshot) (err error) {
	if out.Queues, err = t.queuesOf(c, ""); err != nil {
		return err
	}
	personal, err := newEntryList(t, c, c.RepID, EntryQuery{Sort: "waiting", Limit: desk.SnapshotLimit + 1})
	if err != nil {
		return err
	}
	out.Entries, err = personal.page()
	return err
}

func (t *tx) snapshotOfWork(c desk.Caller, out *desk.Snapshot) (err error) {
	if out.Invitations, err = t.myInvitations(c, "", desk.SnapshotLimit+1); err != nil {
		return err
	}
	if out.Sessions, err = t.mySessions(c, desk.SnapshotLimit+1); err != nil {
		return err
	}
	if out.Portals, err = t.portals(c, "", desk.SnapshotLimit+1); err != nil {
		return err
	}
	out.Badge, err = t.badge(c.RepID, c.ConsoleID)
	return err
}

// mySessions are those that the caller owns or is in, the newest first, with attendees.
func (t *tx) mySessions(c desk.Caller, limit int) ([]desk.Session, error) {
	rows, err := list(t, sessionColumns+` WHERE s.id IN (SELECT session_id FROM attendees WHERE rep_id = $1 AND rep_id <> '' AND left_at = 0)
		AND s.state <> 'ended' ORDER BY s.id DESC LIMIT $2`, []any{c.RepID, limit}, scanSession)
	if err != nil {
		return nil, err
	}
	unread, err := t.unread(c.RepID, "")
	sessions := []desk.Session{}
	for _, row := range rows {
		if err == nil {
			err = t.fillTransfer(&row)
		}
		if err == nil {
			row.Attendees, err = t.attendees(row.ID)
		}
		row.Unread = unread[row.ID]
		sessions = append(sessions, row.Session)
	}
	return sessions, err
}

// badge is how many invitations and transfers wait for the rep's answer, on a console of theirs or on none.
func (t *tx) badge(repID, consoleID string) (n int, err error) {
	_, err = t.row(`SELECT COUNT(*) FROM (`+mayAccept+`) AS open`, []any{repID, ms(t.now), consoleID}, &n)
	return n, err
}
