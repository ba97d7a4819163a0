package store

import (
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// kinds are the things that requests name by an id or a unique name: in which table each stands, by which name, and which of
// the table's rows are of the kind.
var kinds = map[string]struct{ table, name, which string }{
	"rep":            {table: "reps", name: "username"},
	"team":           {table: "teams", name: "slug"},
	"portal":         {table: "portals", name: "slug"},
	"issue":          {table: "issues", name: "slug"},
	"support_button": {table: "entrances", name: "slug", which: ` AND kind = 'support_button'`},
	"help_link":      {table: "entrances", name: "slug", which: ` AND kind = 'help_link'`},
}

// resolve turns what a request names a thing by, its id or @ and its unique name, into its id. What is disabled is
// not there. What is found cannot be deleted before the transaction ends.
func (t *tx) resolve(kind, ref string) (string, error) {
	keep := ""
	if !t.reads {
		keep = t.store.dialect.forKey
	}
	return t.find(kind, ref, ` AND disabled = 0`+keep)
}

// resolveAny is resolve for administrators, to whom what is disabled is there too.
func (t *tx) resolveAny(kind, ref string) (string, error) { return t.find(kind, ref, "") }

// find looks for what a request names; more ends the statement.
func (t *tx) find(kind, ref, more string) (id string, err error) {
	k, there := kinds[kind]
	if !there {
		return "", desk.Missing("thing")
	}
	column := "id"
	name, named := strings.CutPrefix(ref, "@")
	if named {
		column = k.name
	}
	found, err := t.row(`SELECT id FROM `+k.table+` WHERE `+column+` = $1`+k.which+more, []any{name}, &id)
	if err == nil && !found {
		err = desk.Missing(strings.ReplaceAll(kind, "_", " "))
	}
	return id, err
}

// resolveFor is resolve for a caller: to an embassy rep, only colleagues, own teams and their issues are there (A7).
func (t *tx) resolveFor(c desk.Caller, kind, ref string) (string, error) {
	id, err := t.resolve(kind, ref)
	if err != nil || !c.Embassy {
		return id, err
	}
	q := map[string]string{
		"rep":   colleagues(`$2`) + ` AND o.rep_id = $1`,
		"team":  `SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`,
		"issue": `SELECT 1 FROM issues i JOIN team_members m ON m.team_id = i.team_id WHERE i.id = $1 AND m.rep_id = $2`,
	}[kind]
	if q == "" {
		return id, nil
	}
	near, err := t.exists(q, id, c.RepID)
	if err == nil && !near {
		err = desk.Missing(kind)
	}
	return id, err
}
