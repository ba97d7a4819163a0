package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// use is what can hang on a thing, in the words of the refusal to delete it.
type use struct {
	kind      string // of the conflict
	one, many string
	from      string // FROM … WHERE … of the rows that hang on the id $1; the alias x has the id that the conflict names
}

// uses are what can hang on a thing of each kind, in a table of its own or by a reference that no foreign key keeps. What
// settings name is found by usedBySettings.
var uses = map[string][]use{
	"rep": {
		{"session", "session", "sessions", `FROM sessions x WHERE x.id IN (SELECT a.session_id FROM attendees a WHERE a.rep_id = $1 AND a.rep_id <> '')
			OR x.owner_id = $1 OR x.queue_rep_id = $1 OR x.first_rep_id = $1`},
		{"invitation", "invitation", "invitations", `FROM invitations x WHERE x.rep_id = $1 OR x.inviter_id = $1 OR x.id IN (SELECT d.invitation_id FROM declines d WHERE d.rep_id = $1)
			OR x.id IN (SELECT d.about FROM deliveries d WHERE d.rep_id = $1)`},
		{"note", "note", "notes", `FROM notes x WHERE x.rep_id = $1`},
		{"team_message", "message in team chats", "messages in team chats", `FROM team_messages x WHERE x.rep_id = $1`},
		{"support_button", "support button", "support buttons", `FROM entrances x WHERE x.rep_id = $1 AND x.kind = 'support_button'`},
		{"help_link", "help link", "help links", `FROM entrances x WHERE x.rep_id = $1 AND x.kind = 'help_link'`},
		{"api_token", "API token", "API tokens", `FROM api_tokens x WHERE x.rep_id = $1`},
	},
	"team": {
		{"issue", "issue", "issues", `FROM issues x WHERE x.team_id = $1`},
		{"rep", "member", "members", `FROM team_members m JOIN reps x ON x.id = m.rep_id WHERE m.team_id = $1`},
		{"session", "waiting session", "waiting sessions", `FROM sessions x WHERE x.queue_team_id = $1 AND x.state = 'waiting'`},
		{"session", "past session", "past sessions", `FROM sessions x WHERE (x.queue_team_id = $1 AND x.state <> 'waiting') OR (x.queue_team_id <> $1 AND
			(x.first_team_id = $1 OR x.id IN (SELECT v.session_id FROM queue_visits v WHERE v.team_id = $1)))`},
		{"invitation", "invitation", "invitations", `FROM invitations x WHERE x.team_id = $1`},
		{"team_message", "message in its chat", "messages in its chat", `FROM team_messages x WHERE x.team_id = $1`},
		{"support_button", "support button", "support buttons", `FROM entrances x WHERE x.team_id = $1 AND x.kind = 'support_button'`},
		{"help_link", "help link", "help links", `FROM entrances x WHERE x.team_id = $1 AND x.kind = 'help_link'`},
	},
	"portal": {
		{"portal", "portal below it", "portals below it", `FROM portals x WHERE x.parent_id = $1`},
		{"session", "session", "sessions", `FROM sessions x WHERE x.portal_id = $1`},
		{"console", "console logged in under it", "consoles logged in under it", `FROM consoles x WHERE x.portal_id = $1 AND x.portal_id <> ''`},
		{"invitation", "invitation", "invitations", `FROM invitations x WHERE x.portal_id = $1`},
		{"session_key", "session key", "session keys", `FROM session_keys x WHERE x.portal_id = $1`},
		{"support_button", "support button", "support buttons", `FROM entrances x WHERE x.portal_id = $1 AND x.kind = 'support_button'`},
		{"help_link", "help link", "help links", `FROM entrances x WHERE x.portal_id = $1 AND x.kind = 'help_link'`},
	},
	"issue": {
		{"session", "session", "sessions", `FROM sessions x WHERE x.issue_id = $1`},
		{"invitation", "invitation", "invitations", `FROM invitations x WHERE x.issue_id = $1`},
		{"support_button", "support button", "support buttons", `FROM entrances x WHERE x.issue_id = $1 AND x.kind = 'support_button'`},
		{"help_link", "help link", "help links", `FROM entrances x WHERE x.issue_id = $1 AND x.kind = 'help_link'`},
	},
}

// usage is how much of a use there is.
type usage struct {
	use
	count int
	id    string // one of them
}

// usedBySettings are what names a team or a portal in its settings.
func (m *organizationImport) usedBySettings(kind, id string) (all []usage) {
	slug := m.org.slugs[id]
	add := func(u use, other string) {
		at := slices.IndexFunc(all, func(f usage) bool { return f.use == u })
		if at < 0 {
			all = append(all, usage{use: u, id: m.org.id(u.kind, other)})
			at = len(all) - 1
		}
		all[at].count++
	}
	for _, p := range m.org.Portals {
		if kind == "team" && p.FallbackTeam != nil && *p.FallbackTeam == slug {
			add(use{kind: "portal", one: "portal whose fallback it is", many: "portals whose fallback it is"}, p.Slug)
		}
	}
	for _, t := range m.org.Teams {
		if kind == "team" && t.Waiting != nil && t.Waiting.OverflowTeam == slug {
			add(use{kind: "team", one: "team that overflows to it", many: "teams that overflow to it"}, t.Slug)
		}
	}
	for _, i := range m.org.Issues {
		if kind == "team" && slices.Contains(i.HelpTeams, slug) {
			add(use{kind: "issue", one: "issue open to it", many: "issues open to it"}, i.Slug)
		}
		if kind == "portal" && slices.Contains(i.Portals, slug) {
			add(use{kind: "issue", one: "issue of it", many: "issues of it"}, i.Slug)
		}
	}
	return all
}

// checkUnused refuses to delete what something hangs on, and says what.
func (m *organizationImport) checkUnused(kind, id string) error {
	all := m.usedBySettings(kind, id)
	for _, u := range uses[kind] {
		f := usage{use: u}
		if _, err := m.row(`SELECT COUNT(*), COALESCE(MIN(x.id), '') `+u.from, []any{id}, &f.count, &f.id); err != nil {
			return err
		}
		if f.count > 0 {
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return nil
	}
	words := []string{}
	for _, f := range all {
		name := f.many
		if f.count == 1 {
			name = f.one
		}
		words = append(words, fmt.Sprintf("%d %s", f.count, name))
	}
	p := desk.Refuse(desk.InUse, "%s; disable it instead.", strings.Join(words, ", "))
	p.Conflict = &desk.Conflict{Kind: all[0].kind, ID: all[0].id}
	return p
}

// remove deletes a thing of an administrator's that nothing hangs on. From the lock on nothing new can hang on it: whoever
// names it waits, and then does not find it.
func (s *Store) remove(ctx context.Context, c desk.Caller, kind, ref string, ifRev IfRev, do func(m *organizationImport, id string) error) error {
	_, err := administer(ctx, s, c, "", nil, func(m *organizationImport) (struct{}, error) {
		id, err := m.resolveAny(kind, ref)
		if err != nil {
			return struct{}{}, err
		}
		var rev int64
		if _, err := m.row(`SELECT rev FROM `+kinds[kind].table+` WHERE id = $1`+m.store.dialect.forDelete, []any{id}, &rev); err != nil {
			return struct{}{}, err
		}
		if err := ifRev.check(rev); err != nil {
			return struct{}{}, err
		}
		if err := m.checkUnused(kind, id); err != nil {
			return struct{}{}, err
		}
		if do != nil {
			if err := do(m, id); err != nil {
				return struct{}{}, err
			}
		}
		_, err = m.exec(`DELETE FROM `+kinds[kind].table+` WHERE id = $1`, id)
		return struct{}{}, err
	})
	return err
}
