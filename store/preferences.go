package store

import (
	"context"
	"encoding/json"

	"github.com/repdesk/repdesk/store/desk"
)

// PreferencesChange is what a rep wants otherwise; nil leaves a field as it is.
type PreferencesChange struct {
	QueueColumns []string
	QueueSort    *string
	QueueOrder   *string
}

// Preferences are how the caller wants queues shown (D7).
func (s *Store) Preferences(ctx context.Context, c desk.Caller) (desk.Preferences, error) {
	return read(ctx, s, func(t *tx) (desk.Preferences, error) { return t.preferences(c.RepID) })
}

// UpdatePreferences changes what is given, for all consoles of the caller, and tells them if it changed anything (D7).
func (s *Store) UpdatePreferences(ctx context.Context, c desk.Caller, change PreferencesChange, ifRev IfRev) (desk.Preferences, error) {
	return write(ctx, s, func(t *tx) (desk.Preferences, error) {
		before, err := t.preferences(c.RepID)
		if err != nil {
			return before, err
		}
		if err := ifRev.check(before.Rev); err != nil {
			return before, err
		}
		wanted := change.of(before)
		if p := wanted.Check(); p != nil {
			return before, p
		}
		if wanted.Same(before) {
			return before, nil
		}
		return t.savePreferences(c.RepID, wanted)
	})
}

func (c PreferencesChange) of(p desk.Preferences) desk.Preferences {
	if c.QueueColumns != nil {
		p.QueueColumns = c.QueueColumns
	}
	desk.Set(&p.QueueSort, c.QueueSort)
	desk.Set(&p.QueueOrder, c.QueueOrder)
	return p
}

// preferences reads those of a rep; in a writing transaction they are locked.
func (t *tx) preferences(repID string) (desk.Preferences, error) {
	p, rev, kept := desk.DefaultPreferences(), int64(0), ""
	found, err := t.row(`SELECT preferences, preferences_rev FROM reps WHERE id = $1`+t.forUpdate(), []any{repID}, &kept, &rev)
	switch {
	case err != nil:
		return p, err
	case !found:
		return p, desk.Missing("rep")
	case kept != "":
		err = json.Unmarshal([]byte(kept), &p)
	}
	p.Rev = rev
	return p, err
}

func (t *tx) savePreferences(repID string, p desk.Preferences) (desk.Preferences, error) {
	p.Rev++
	kept, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	if _, err := t.exec(`UPDATE reps SET preferences = $1, preferences_rev = $2 WHERE id = $3`, string(kept), p.Rev, repID); err != nil {
		return p, err
	}
	return p, t.record(desk.RepTopic(repID), desk.Event{Type: desk.EventPreferences, Preferences: &p})
}
