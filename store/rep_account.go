package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// RepFilter narrows a list of accounts.
type RepFilter struct {
	Query    string // part of the name or the user name
	TeamID   string
	Disabled *bool
}

const repColumns = `SELECT ` + meColumns + `, r.disabled FROM reps r`

func (t *tx) scanRep(scan scanner, r *desk.Rep) error {
	r.Teams = []desk.Membership{}
	return t.scanMe(scan, &r.Me, &r.Disabled)
}

// Reps lists accounts to administrators, by name and id, those after the id after.
func (s *Store) Reps(ctx context.Context, c desk.Caller, f RepFilter, after string, limit int) ([]desk.Rep, error) {
	return readAdministered(ctx, s, c, func(t *tx) ([]desk.Rep, error) {
		if f.TeamID != "" {
			var err error
			if f.TeamID, err = t.resolveAny("team", f.TeamID); err != nil {
				return nil, err
			}
		}
		page, args := f.page(after, limit)
		reps, err := list(t, repColumns+page, args, t.scanRep)
		if err != nil {
			return nil, err
		}
		return reps, t.fillTeams(reps, ` WHERE m.rep_id IN (SELECT r.id FROM reps r`+page+`)`, args...)
	})
}

// page is the end of a statement that picks a page of accounts.
func (f RepFilter) page(after string, limit int) (string, []any) {
	where, args := []string{}, []any{}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "$N", fmt.Sprintf("$%d", len(args))))
	}
	add(`($N = '' OR (r.search, r.id) > (SELECT l.search, l.id FROM reps l WHERE l.id = $N))`, after)
	if f.Query != "" {
		add(`(r.search LIKE $N ESCAPE '\' OR r.username LIKE $N ESCAPE '\')`, likePattern(f.Query))
	}
	if f.TeamID != "" {
		add(`r.id IN (SELECT m.rep_id FROM team_members m WHERE m.team_id = $N)`, f.TeamID)
	}
	if f.Disabled != nil {
		add(`r.disabled = $N`, flag(*f.Disabled))
	}
	args = append(args, limit)
	return ` WHERE ` + strings.Join(where, ` AND `) + fmt.Sprintf(` ORDER BY r.search, r.id LIMIT $%d`, len(args)), args
}

// fillTeams adds the teams of accounts, those out of use too, by name.
func (t *tx) fillTeams(reps []desk.Rep, which string, args ...any) error {
	at := map[string]int{}
	for i := range reps {
		at[reps[i].ID] = i
	}
	return t.rows(`SELECT m.rep_id, t.id, t.name, t.embassy, m.rank FROM team_members m JOIN teams t ON t.id = m.team_id`+which+` ORDER BY t.name, t.id`, args, func(scan scanner) error {
		var id string
		var rank int
		var m desk.Membership
		err := scan(&id, &m.Team.ID, &m.Team.Name, &m.Embassy, &rank)
		m.Role = teamRoles[rank]
		if i, there := at[id]; there {
			reps[i].Teams = append(reps[i].Teams, m)
		}
		return err
	})
}

// Rep returns one account to administrators.
func (s *Store) Rep(ctx context.Context, c desk.Caller, ref string) (desk.Rep, error) {
	return readAdministered(ctx, s, c, func(t *tx) (desk.Rep, error) {
		id, err := t.resolveAny("rep", ref)
		if err != nil {
			return desk.Rep{}, err
		}
		return t.account(id)
	})
}

func (t *tx) account(id string) (desk.Rep, error) {
	r, err := one(t, "rep", repColumns+` WHERE r.id = $1`, []any{id}, t.scanRep)
	if err != nil {
		return r, err
	}
	reps := []desk.Rep{r}
	err = t.fillTeams(reps, ` WHERE m.rep_id = $1`, id)
	return reps[0], err
}

// RepChange is what an administrator sets of an account; nil leaves a field as it is.
type RepChange struct {
	Name                 *string
	PublicName           *string // "": the name
	Email                *string // "": none
	Role                 *desk.Role
	Permissions          *[]desk.Permission
	Teams                *[]desk.TeamPlace
	Locale               *string
	TimeZone             *string
	ExtendedAvailability *bool
	Disabled             *bool
}

func (ch RepChange) apply(m *organizationImport, e *desk.RepEntry) error {
	desk.Set(&e.Name, ch.Name)
	desk.Set(&e.PublicName, ch.PublicName)
	desk.Set(&e.Email, ch.Email)
	desk.Set(&e.Role, ch.Role)
	desk.Set(&e.Permissions, ch.Permissions)
	desk.Set(&e.Locale, ch.Locale)
	desk.Set(&e.TimeZone, ch.TimeZone)
	e.Disabled = cmp.Or(ch.Disabled, e.Disabled)
	if ch.Teams == nil {
		return nil
	}
	e.Teams = nil
	for i, place := range *ch.Teams {
		slug, err := m.slug("team", cmp.Or(place.TeamID, "@"))
		if err != nil {
			return err
		}
		if _, twice := e.Teams[slug]; twice {
			return desk.Invalid(fmt.Sprintf("teams[%d].team_id", i), "duplicate", "the team stands in the list twice")
		}
		if e.Teams == nil {
			e.Teams = map[string]desk.TeamRole{}
		}
		e.Teams[slug] = place.Role
	}
	return nil
}

// CreateRep makes an account. Without a password nobody can log in with it until one is set.
func (s *Store) CreateRep(ctx context.Context, c desk.Caller, username, password string, ch RepChange) (desk.Rep, error) {
	if err := checkAdministrator(c); err != nil { // before the work of hashing
		return desk.Rep{}, err
	}
	hash := ""
	if password != "" {
		var err error
		if hash, err = s.hashPassword(ctx, password); err != nil {
			return desk.Rep{}, err
		}
	}
	return administer(ctx, s, c, "", map[string]string{username: hash}, func(m *organizationImport) (desk.Rep, error) {
		taken, err := m.exists(`SELECT 1 FROM reps WHERE username = $1`, username)
		if taken {
			err = desk.Invalid("username", "taken", "belongs to another already")
		}
		if err != nil {
			return desk.Rep{}, err
		}
		return m.keepRep(desk.RepEntry{Username: username}, ch)
	})
}

// UpdateRep changes what is given. To switch extended availability on for a rep needs what it needs of themselves (G6).
func (s *Store) UpdateRep(ctx context.Context, c desk.Caller, ref string, ch RepChange, ifRev IfRev) (desk.Rep, error) {
	return administer(ctx, s, c, ref, nil, func(m *organizationImport) (desk.Rep, error) {
		e := m.org.Reps[0]
		id := m.org.id("rep", e.Username)
		was, err := m.account(id)
		if err == nil {
			err = ifRev.check(was.Rev)
		}
		if err != nil {
			return was, err
		}
		now, err := m.keepRep(e, ch)
		if on := ch.ExtendedAvailability; err == nil && on != nil && *on != now.ExtendedAvailability {
			return m.switchExtended(now, *on)
		}
		return now, err
	})
}

// switchExtended switches a rep's extended availability for an administrator, and tells the rep.
func (m *organizationImport) switchExtended(r desk.Rep, on bool) (desk.Rep, error) {
	if on {
		if refusal := desk.CheckExtended(r.Permissions, r.Email); refusal != nil {
			return r, refusal
		}
	}
	_, err := m.exec(`UPDATE reps SET extended = $1, rev = rev + 1 WHERE id = $2`, flag(on), r.ID)
	if err == nil {
		_, err = m.meChanged(r.ID)
	}
	if err == nil {
		err = m.extendedSwitched(r.ID, on, m.by.ID)
	}
	if err != nil {
		return r, err
	}
	return m.account(r.ID)
}

func (m *organizationImport) keepRep(e desk.RepEntry, ch RepChange) (desk.Rep, error) {
	if err := ch.apply(m, &e); err != nil {
		return desk.Rep{}, err
	}
	if err := m.keep(desk.Organization{Reps: []desk.RepEntry{e}}); err != nil {
		return desk.Rep{}, err
	}
	return m.account(m.org.id("rep", e.Username))
}

// DeleteRep deletes an account that never was of any use. Its consoles end; its places in teams and its session keys, which
// nobody used, go with it.
func (s *Store) DeleteRep(ctx context.Context, c desk.Caller, ref string, ifRev IfRev) error {
	return s.remove(ctx, c, "rep", ref, ifRev, func(m *organizationImport, id string) error {
		administers, err := m.exists(`SELECT 1 FROM reps WHERE id = $1 AND role = 'administrator' AND disabled = 0`, id)
		if err == nil && administers {
			err = m.needsAdministrator(id)
		}
		if err != nil {
			return err
		}
		if err := m.endOtherConsoles(desk.Caller{RepID: id}, desk.SignedOutHere); err != nil { // who would be told is gone
			return err
		}
		rep, err := m.repRef(id)
		if err != nil {
			return err
		}
		err = m.offersMove(rep, "", false, func() error {
			_, err := m.exec(`DELETE FROM team_members WHERE rep_id = $1`, id)
			return err
		})
		for _, owned := range []string{`DELETE FROM session_keys WHERE rep_id = $1`, `DELETE FROM deliveries WHERE rep_id = $1`} {
			if err == nil {
				_, err = m.exec(owned, id)
			}
		}
		return err
	})
}

// SetRepPassword sets the password of an account and ends all its consoles, and the lock of too many wrong passwords.
func (s *Store) SetRepPassword(ctx context.Context, c desk.Caller, ref, password string) error {
	rep, err := s.Rep(ctx, c, ref) // before the work of hashing
	if err == nil && c.TokenID != "" && rep.Role == desk.RoleAdministrator {
		err = tokensMakeNone()
	}
	if err != nil {
		return err
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return alter(ctx, s, func(t *tx) error {
		id, err := t.resolveAny("rep", ref)
		if err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE reps SET password_hash = $1 WHERE id = $2`, hash, id); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM log_in_failures WHERE username = (SELECT r.username FROM reps r WHERE r.id = $1)`, id); err != nil {
			return err
		}
		return t.endOtherConsoles(desk.Caller{RepID: id}, desk.SignedOutPassword)
	})
}

// RepConsoles lists the consoles of an account to administrators, the newest first.
func (s *Store) RepConsoles(ctx context.Context, c desk.Caller, ref string) ([]desk.Console, error) {
	return readAdministered(ctx, s, c, func(t *tx) ([]desk.Console, error) {
		id, err := t.resolveAny("rep", ref)
		if err != nil {
			return nil, err
		}
		return list(t, consoleColumns+` WHERE c.rep_id = $1 ORDER BY c.id DESC`, []any{id}, t.scanConsole(c.ConsoleID))
	})
}

// RevokeConsole logs a console of an account out. The last one is kept while the rep owns active sessions, unless forced (C9).
func (s *Store) RevokeConsole(ctx context.Context, c desk.Caller, ref, consoleID string, force bool) error {
	if err := checkAdministrator(c); err != nil {
		return err
	}
	return alter(ctx, s, func(t *tx) error {
		id, err := t.resolveAny("rep", ref)
		if err != nil {
			return err
		}
		return t.logOut(desk.Caller{RepID: id}, consoleID, force, desk.SignedOutRevoked)
	})
}
