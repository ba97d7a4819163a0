package store

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// ImportOrganization brings the organisation to what the file says, all or nothing (I3), and tells those whom it
// concerns. Only administrators may, and the Operator. Things that the file does not name stay as they are, and loading
// the same file again changes nothing. A dry run does the same work and keeps none of it.
func (s *Store) ImportOrganization(ctx context.Context, c desk.Caller, data []byte, dryRun bool) (desk.ImportReport, error) {
	if err := checkAdministrator(c); err != nil {
		return desk.ImportReport{}, err
	}
	file, err := parseOrganization(data)
	if err != nil {
		return desk.ImportReport{}, err
	}
	hashes, err := s.firstPasswords(ctx, file.Reps)
	if err != nil {
		return desk.ImportReport{}, err
	}
	report, err := write(ctx, s, func(t *tx) (desk.ImportReport, error) {
		m, err := t.beginImport(c, hashes)
		if err != nil {
			return desk.ImportReport{}, err
		}
		m.report.DryRun = dryRun
		if err = m.run(file); err == nil && dryRun {
			err = dryRunDone{m.report}
		}
		return m.report, err
	})
	var done dryRunDone
	if errors.As(err, &done) {
		return done.report, nil
	}
	return report, err
}

// dryRunDone is the error that undoes the transaction of a dry run.
type dryRunDone struct{ report desk.ImportReport }

func (dryRunDone) Error() string { return "dry run" }

// firstPasswords hashes the passwords of the accounts that are not there yet, before the transaction, since it is slow
// by design. One after the other, so that people can still log in meanwhile.
func (s *Store) firstPasswords(ctx context.Context, reps []desk.RepEntry) (map[string]string, error) {
	there, err := lookUp(ctx, s, func(t *tx) ([]string, error) { return t.texts(`SELECT username FROM reps`) })
	if err != nil {
		return nil, err
	}
	slices.Sort(there)
	hashes := map[string]string{}
	for _, r := range reps {
		if _, found := slices.BinarySearch(there, r.Username); found {
			continue
		}
		hash := r.PasswordHash
		if r.Password != "" {
			if hash, err = s.hashPassword(ctx, r.Password); err != nil {
				return nil, err
			}
		}
		hashes[r.Username] = hash
	}
	return hashes, nil
}

// organizationImport is a change of the organisation at work: a file, or one entry of what a file could say.
type organizationImport struct {
	*tx
	org       *organization // as it was, with the ids of what is new
	by        desk.Ref
	token     bool              // at the hand of an API token, which makes no administrators (I2)
	hashes    map[string]string // first passwords of new accounts
	concerned map[string]bool   // ids of the reps who see themselves differently now
	grown     map[string]bool   // ids of those who came into a team, or see others otherwise: they have to load what they show
	since     int64             // where the event log stands
	report    desk.ImportReport
}

// beginImport begins a change of the organisation. One comes after the other: a second finds what the first made.
func (t *tx) beginImport(c desk.Caller, hashes map[string]string) (*organizationImport, error) {
	m := &organizationImport{tx: t, by: c.Ref(), token: c.TokenID != "", hashes: hashes, concerned: map[string]bool{}, grown: map[string]bool{}}
	m.report = desk.ImportReport{Created: []desk.ImportedEntry{}, Changed: []desk.ImportedEntry{}}
	if _, err := t.row(`SELECT value FROM settings WHERE name = 'server_id'`+t.forUpdate(), nil, new(string)); err != nil {
		return m, err
	}
	t.wake.callers, t.wake.here = true, true
	var err error
	_, m.since, err = t.logBounds()
	return m, err
}

func (m *organizationImport) run(file organizationFile) (err error) {
	if m.org, err = m.organization(); err != nil {
		return err
	}
	if wrong := file.Check(m.org.standing()); len(wrong) > 0 {
		return file.refusal(wrong)
	}
	return m.save(file.Organization)
}

// save brings what stands to what a checked organisation says, and tells those whom it concerns.
func (m *organizationImport) save(o desk.Organization) error {
	portals := changes(m, "portal", "prt_", o.Portals, m.org.Portals)
	teams := changes(m, "team", "team_", o.Teams, m.org.Teams)
	reps := changes(m, "rep", "rep_", o.Reps, m.org.Reps)
	issues := changes(m, "issue", "iss_", o.Issues, m.org.Issues)
	buttons := changes(m, string(desk.SupportButton), "btn_", o.SupportButtons, m.org.SupportButtons)
	links := changes(m, string(desk.HelpLink), "lnk_", o.HelpLinks, m.org.HelpLinks)
	for _, step := range []func() error{
		func() error { return m.savePortals(portals) },
		func() error { return saveAll(teams, m.saveTeam) },
		func() error { return saveAll(reps, m.saveRep) },
		func() error { return m.administratorStays(reps) },
		func() error { return saveAll(issues, m.saveIssue) },
		func() error { return saveAll(buttons, m.saveEntrance(desk.SupportButton)) },
		func() error { return saveAll(links, m.saveEntrance(desk.HelpLink)) },
		m.tellConcerned,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// change is an entry that is new, or differs from what was.
type change[E any] struct {
	id       string
	was, now E
	created  bool
	fields   []string
}

// touches says whether one of the fields is another now.
func (c change[E]) touches(fields ...string) bool {
	return slices.ContainsFunc(fields, func(f string) bool { return slices.Contains(c.fields, f) })
}

// changes compares the entries of one kind with what is there, and writes the report.
func changes[E desk.Entry[E]](m *organizationImport, kind, prefix string, file, there []E) (changed []change[E]) {
	standing := make(map[string]E, len(there))
	for _, e := range there {
		standing[e.Key()] = e
	}
	for _, e := range file {
		name := e.Key()
		was, found := standing[name]
		c := change[E]{was: was, now: e.Over(was), created: !found}
		if c.created {
			m.org.named(kind, name, newID(prefix))
			m.report.Created = append(m.report.Created, desk.ImportedEntry{Kind: kind, Name: name})
		} else if c.fields = desk.ChangedFields(was, c.now); len(c.fields) == 0 {
			m.report.Unchanged++
			continue
		} else {
			m.report.Changed = append(m.report.Changed, desk.ImportedEntry{Kind: kind, Name: name, Fields: c.fields})
		}
		c.id = m.org.id(kind, name)
		changed = append(changed, c)
	}
	return changed
}

// saveAll saves changes one by one, until one fails.
func saveAll[E any](changed []change[E], save func(change[E]) error) error {
	for _, c := range changed {
		if err := save(c); err != nil {
			return err
		}
	}
	return nil
}

func (m *organizationImport) saveTeam(c change[desk.TeamEntry]) error {
	waiting, err := m.waiting(c.now.Waiting)
	if err != nil {
		return err
	}
	if _, err := m.exec(`INSERT INTO teams (id, slug, name, embassy, persistent, waiting, disabled, supervision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET name = $3, embassy = $4, persistent = $5, waiting = $6, disabled = $7, supervision = $8, rev = teams.rev + 1`,
		c.id, c.now.Slug, c.now.Name, flag(c.now.Embassy), flag(c.now.Persistent), waiting, flag(c.now.Disabled != nil), flag(c.now.Supervision == nil)); err != nil {
		return err
	}
	if c.touches("waiting") {
		if err := m.waitingRuleChanged(c.id); err != nil {
			return err
		}
	}
	if c.touches("name", "embassy", "disabled") {
		if err := m.concernsTeam(c.id, c.touches("disabled") && c.now.Disabled == nil); err != nil {
			return err
		}
	}
	if c.now.Disabled != nil && c.touches("disabled") {
		if err := m.targetGone(m.by, "team_id", c.id); err != nil {
			return err
		}
		return m.queueClosed(`queue_team_id`, c.id)
	}
	return nil
}

// waiting is a waiting rule as it is stored: with the id of the overflow team.
func (m *organizationImport) waiting(rule *desk.WaitingRule) (string, error) {
	if rule == nil {
		return "", nil
	}
	stored := *rule
	stored.OverflowTeam = m.org.id("team", rule.OverflowTeam)
	text, err := json.Marshal(stored)
	return string(text), err
}

// concernsTeam notes that the members of a team see themselves differently; back says that the team is in use again, so that
// they have to load its queue.
func (m *organizationImport) concernsTeam(teamID string, back bool) error {
	return m.rows(`SELECT rep_id FROM team_members WHERE team_id = $1`, []any{teamID}, func(scan scanner) error {
		var id string
		err := scan(&id)
		m.concerned[id] = true
		if back {
			m.grown[id] = true
		}
		return err
	})
}

// saveRep saves an account. A password is set for a new one alone; extended availability ends with what it needs (G6).
func (m *organizationImport) saveRep(c change[desk.RepEntry]) error {
	if m.token && c.now.Role == desk.RoleAdministrator && (c.created || c.touches("role", "disabled")) {
		return tokensMakeNone()
	}
	r := c.now
	hash, hashed := m.hashes[r.Username]
	if c.created && !hashed {
		return desk.Refuse(desk.Unavailable, "The account %s was removed meanwhile; load the file again.", r.Username)
	}
	permissions, err := json.Marshal(r.Permissions)
	if err != nil {
		return err
	}
	m.concerned[c.id] = !c.created || m.since > 0 // of a new rep the log has an event too, so that a stream begins behind since
	if _, err := m.exec(`INSERT INTO reps (id, username, name, public_name, search, email, role, permissions, locale, time_zone, disabled, password_hash, rev)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO UPDATE SET name = $3, public_name = $4, search = $5, email = $6,
		role = $7, permissions = $8, locale = $9, time_zone = $10, disabled = $11`,
		c.id, r.Username, r.Name, r.PublicName, strings.ToLower(r.Name), r.Email, string(r.Role), string(permissions), r.Locale, r.TimeZone,
		flag(r.Disabled != nil), hash, flag(!m.concerned[c.id])); err != nil { // telling moves the revision
		return err
	}
	if err := m.mailsChange(c); err != nil {
		return err
	}
	if c.created || c.touches("teams") {
		// Whoever leaves a team loses its invitations, whoever comes is told of them (B20).
		save := func() error { return m.saveMemberships(c.id, r.Teams, c.created) }
		if c.created { // nobody to tell yet
			err = save()
		} else {
			err = m.offersMove(desk.Ref{ID: c.id, Name: r.Name}, "", true, save)
		}
		if err != nil {
			return err
		}
	}
	if r.Disabled != nil && c.touches("disabled") {
		return m.repDisabled(c.id)
	}
	return nil
}

// mailsChange lets the emails that wait for a rep follow what they depend on. Extended availability ends when the permission or
// the address is taken away that it needs (G6).
func (m *organizationImport) mailsChange(c change[desk.RepEntry]) error {
	if c.touches("email") && c.now.Email != "" {
		if err := m.addressChanged(c.id, c.now.Email); err != nil {
			return err
		}
	}
	if c.touches("time_zone") {
		if err := m.quietHoursChanged(c.id); err != nil {
			return err
		}
	}
	if desk.CheckExtended(c.now.Permissions, c.now.Email) == nil {
		return nil
	}
	n, err := m.exec(`UPDATE reps SET extended = 0 WHERE id = $1 AND extended = 1`, c.id)
	if err != nil || n == 0 {
		return err
	}
	return m.extendedSwitched(c.id, false, "")
}

// administratorStays refuses to take their role or their account from the last administrator: nobody could give it back by
// the API (I3).
func (m *organizationImport) administratorStays(changed []change[desk.RepEntry]) error {
	administers := func(r desk.RepEntry) bool { return r.Role == desk.RoleAdministrator && r.Disabled == nil }
	if !slices.ContainsFunc(changed, func(c change[desk.RepEntry]) bool { return administers(c.was) && !administers(c.now) }) {
		return nil
	}
	return m.needsAdministrator("")
}

// tokensMakeNone is the refusal to let an API token make an administrator, or become one by their password: it would outgrow
// its scopes, and outlive whoever made it (I2).
func tokensMakeNone() *desk.Problem {
	return desk.Refuse(desk.NotAllowed, "An API token makes nobody an administrator, and sets no administrator's password.")
}

// needsAdministrator refuses where nobody administers, but for the rep given.
func (t *tx) needsAdministrator(but string) error {
	there, err := t.exists(`SELECT 1 FROM reps WHERE role = 'administrator' AND disabled = 0 AND id <> $1 LIMIT 1`, but)
	if err == nil && !there {
		err = desk.Refuse(desk.NotAllowed, "It is the last administrator: one has to stay.")
	}
	return err
}

func (m *organizationImport) saveIssue(c change[desk.IssueEntry]) error {
	helpTeams, err := m.org.idsOf("team", c.now.HelpTeams)
	if err != nil {
		return err
	}
	portals, err := m.org.idsOf("portal", c.now.Portals)
	if err != nil {
		return err
	}
	_, err = m.exec(`INSERT INTO issues (id, slug, title, team_id, request_help, help_teams, disabled, portals, title_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET title = $3, team_id = $4, request_help = $5, help_teams = $6, disabled = $7, portals = $8, title_key = $9, rev = issues.rev + 1`,
		c.id, c.now.Slug, c.now.Title, m.org.id("team", c.now.Team), flag(c.now.RequestHelp), helpTeams, flag(c.now.Disabled != nil), portals, sortKey(c.now.Title))
	if err != nil || c.created || !c.touches("title") {
		return err
	}
	return m.issueRenamed(c.id)
}

// issueRenamed sorts what stands in queues with an issue by its title of now (D5).
func (m *organizationImport) issueRenamed(id string) error {
	open, err := m.texts(`SELECT id FROM sessions WHERE issue_id = $1 AND state = 'waiting' UNION SELECT id FROM sessions WHERE issue_id = $1 AND state = 'active'
		UNION SELECT session_id FROM invitations WHERE issue_id = $1 AND state = 'active'`, id)
	for _, session := range open {
		m.touchQueues(session, m.by, "")
	}
	return err
}

// tellConcerned tells each rep once how they see themselves now.
func (m *organizationImport) tellConcerned() error {
	for _, id := range slices.Sorted(maps.Keys(m.concerned)) {
		if err := m.settleEmbassy(id); err != nil {
			return err
		}
		if !m.concerned[id] {
			continue
		}
		if _, err := m.exec(`UPDATE reps SET rev = rev + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		if _, err := m.meChanged(id); err != nil {
			return err
		}
		if m.grown[id] {
			if err := m.markRights(id, rightsMark{}); err != nil {
				return err
			}
		}
	}
	return nil
}
