package store

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/repdesk/repdesk/store/desk"
)

// MeChange is what a rep can change about themselves; nil leaves a field as it is.
type MeChange struct {
	Busy                 *bool
	ExtendedAvailability *bool
	ShowOnPublicPage     *bool
	Locale               *string
	TimeZone             *string

	SpecialistsMayShareScreen *bool
	Alerts                    desk.AlertsChange
	QuietHours                *desk.QuietHours // both texts empty: none
}

// Me returns the caller as they see themselves.
func (s *Store) Me(ctx context.Context, c desk.Caller) (desk.Me, error) {
	return lookUp(ctx, s, func(t *tx) (desk.Me, error) { return t.me(c.RepID) })
}

// IfRev is asked, within the transaction, whether a thing at the revision may be changed; nil: always.
type IfRev func(rev int64) error

func (f IfRev) check(rev int64) error {
	if f == nil {
		return nil
	}
	return f(rev)
}

// UpdateMe changes what is given. Extended availability needs the permission and an email address; an email confirms it (G6).
func (s *Store) UpdateMe(ctx context.Context, c desk.Caller, change MeChange, ifRev IfRev) (desk.Me, error) {
	return write(ctx, s, func(t *tx) (desk.Me, error) {
		if change.SpecialistsMayShareScreen != nil {
			if err := t.lockOwned(c.RepID); err != nil {
				return desk.Me{}, err
			}
		}
		me, err := t.lockedMe(c.RepID)
		if err != nil {
			return me, err
		}
		if err := ifRev.check(me.Rev); err != nil {
			return me, err
		}
		was := me
		changed, refusal := applyMeChange(&me, c, change)
		if refusal != nil {
			return me, refusal
		}
		if !changed {
			return me, nil
		}
		now, err := t.saveMe(me)
		if err == nil && now.ExtendedAvailability != was.ExtendedAvailability {
			err = t.extendedSwitched(c.RepID, now.ExtendedAvailability, c.RepID)
		}
		if err == nil && (now.TimeZone != was.TimeZone || !reflect.DeepEqual(now.QuietHours, was.QuietHours)) {
			err = t.quietHoursChanged(c.RepID)
		}
		if err == nil && now.SpecialistsMayShareScreen != was.SpecialistsMayShareScreen {
			err = t.screenSharingChanged(c.Ref())
		}
		return now, err
	})
}

func applyMeChange(me *desk.Me, c desk.Caller, change MeChange) (changed bool, _ *desk.Problem) {
	before := *me
	if extended := change.ExtendedAvailability; extended != nil {
		if *extended {
			if refusal := desk.CheckExtended(c.Permissions, me.Email); refusal != nil {
				return false, refusal
			}
		}
		me.ExtendedAvailability = *extended
	}
	desk.Set(&me.Busy, change.Busy)
	desk.Set(&me.ShowOnPublicPage, change.ShowOnPublicPage)
	desk.Set(&me.Locale, change.Locale)
	desk.Set(&me.TimeZone, change.TimeZone)
	desk.Set(&me.SpecialistsMayShareScreen, change.SpecialistsMayShareScreen)
	change.Alerts.Apply(&me.Alerts)
	if refusal := setQuietHours(me, change.QuietHours); refusal != nil {
		return false, refusal
	}
	return !reflect.DeepEqual(*me, before), nil
}

func setQuietHours(me *desk.Me, quiet *desk.QuietHours) *desk.Problem {
	switch {
	case quiet == nil:
		return nil
	case *quiet == desk.QuietHours{}:
		me.QuietHours = nil
		return nil
	}
	me.QuietHours = quiet
	return quiet.Check()
}

func (t *tx) saveMe(me desk.Me) (desk.Me, error) {
	t.wake.here = true
	quiet := desk.QuietHours{}
	if me.QuietHours != nil {
		quiet = *me.QuietHours
	}
	if _, err := t.exec(`UPDATE reps SET busy = $1, extended = $2, locale = $3, time_zone = $4, on_public_page = $6, specialists_share = $7, alert_transfers = $8, alert_queue = $9,
		alert_team_queues = $10, alert_sessions = $11, alert_messages = $12, quiet_from = $13, quiet_to = $14, rev = rev + 1 WHERE id = $5`,
		flag(me.Busy), flag(me.ExtendedAvailability), me.Locale, me.TimeZone, me.ID, flag(me.ShowOnPublicPage), flag(me.SpecialistsMayShareScreen), flag(me.Alerts.Transfers), flag(me.Alerts.Queue),
		string(me.Alerts.TeamQueues), flag(me.Alerts.Sessions), flag(me.Alerts.Messages), quiet.From, quiet.To); err != nil {
		return me, err
	}
	if err := t.presencePassed(me.ID); err != nil {
		return me, err
	}
	return t.meChanged(me.ID)
}

// meChanged tells all consoles of the rep, and returns the rep as they now see themselves.
func (t *tx) meChanged(repID string) (desk.Me, error) {
	me, err := t.me(repID)
	if err != nil {
		return me, err
	}
	return me, t.record(desk.RepTopic(repID), desk.Event{Type: desk.EventMeChanged, Me: &me})
}

func (t *tx) lockedMe(repID string) (desk.Me, error) {
	var id string
	if _, err := t.row(`SELECT id FROM reps WHERE id = $1`+t.forUpdate(), []any{repID}, &id); err != nil {
		return desk.Me{}, err
	}
	return t.me(repID)
}

// me reads a rep and their teams in one statement, which needs no transaction to be of one moment: consoles ask for it often.
func (t *tx) me(repID string) (desk.Me, error) {
	me := desk.Me{Teams: []desk.Membership{}}
	err := t.rows(`SELECT `+meColumns+`, `+membershipColumns+` FROM reps r LEFT JOIN team_members m ON m.rep_id = r.id LEFT JOIN teams t ON t.id = m.team_id AND t.disabled = 0
		WHERE r.id = $1 ORDER BY t.name, t.id`, []any{repID}, func(scan scanner) error {
		var in desk.Membership
		err := scanMembership(func(fields ...any) error { return t.scanMe(scan, &me, fields...) }, &in)
		if in.Team.ID != "" {
			me.Teams = append(me.Teams, in)
		}
		return err
	})
	if err == nil && me.ID == "" {
		err = desk.Missing("rep")
	}
	return me, err
}

// meColumns are what a rep r says of themselves, and scanMe reads them, with what stands behind them.
const meColumns = `r.id, r.rev, r.username, r.name, r.public_name, r.email, r.role, r.permissions, r.busy, r.extended, r.on_public_page, r.locale, r.time_zone, r.logged_in_until,
	r.specialists_share, r.quiet_from, r.quiet_to, ` + alertColumns

func (t *tx) scanMe(scan scanner, me *desk.Me, more ...any) error {
	var permissions string
	var loggedInUntil int64
	var quiet desk.QuietHours
	fields := append([]any{&me.ID, &me.Rev, &me.Username, &me.Name, &me.PublicName, &me.Email, &me.Role, &permissions, &me.Busy, &me.ExtendedAvailability,
		&me.ShowOnPublicPage, &me.Locale, &me.TimeZone, &loggedInUntil, &me.SpecialistsMayShareScreen, &quiet.From, &quiet.To}, alertFields(&me.Alerts)...)
	if err := scan(append(fields, more...)...); err != nil {
		return err
	}
	if quiet != (desk.QuietHours{}) {
		me.QuietHours = &quiet
	}
	me.Presence = desk.PresenceOf(loggedInUntil > ms(t.now), me.Busy)
	return json.Unmarshal([]byte(permissions), &me.Permissions)
}

// alertsOf is what pushes tell a rep of.
func (t *tx) alertsOf(repID string) (a desk.Alerts, err error) {
	_, err = t.row(`SELECT `+alertColumns+` FROM reps r WHERE id = $1`, []any{repID}, alertFields(&a)...)
	return a, err
}

// alertColumns are what a rep r is told of, and alertFields where they go.
const alertColumns = `r.alert_transfers, r.alert_queue, r.alert_team_queues, r.alert_sessions, r.alert_messages`

func alertFields(a *desk.Alerts) []any {
	return []any{&a.Transfers, &a.Queue, &a.TeamQueues, &a.Sessions, &a.Messages}
}

// memberships lists the rep's teams, by name.
func (t *tx) memberships(repID string) ([]desk.Membership, error) {
	return list(t, `SELECT `+membershipColumns+` FROM team_members m JOIN teams t ON t.id = m.team_id
		WHERE m.rep_id = $1 AND t.disabled = 0 ORDER BY t.name, t.id`, []any{repID}, scanMembership)
}

// membershipColumns are what a rep's place m in a team t says, and scanMembership reads them: nothing, where there is no team.
const membershipColumns = `COALESCE(t.id, ''), COALESCE(t.name, ''), COALESCE(t.embassy, 0), COALESCE(m.rank, 0)`

func scanMembership(scan scanner, in *desk.Membership) error {
	var rank int
	err := scan(&in.Team.ID, &in.Team.Name, &in.Embassy, &rank)
	in.Role = teamRoles[rank]
	return err
}

var teamRoles = map[int]desk.TeamRole{1: desk.TeamMember, 2: desk.TeamLead, 3: desk.TeamManager}
