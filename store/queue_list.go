package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// EntryQuery picks a page of a queue's entries, and their order (D5).
type EntryQuery struct {
	Sort       string // waiting, customer, company, issue, priority or language
	Descending bool
	Query      string // part of the customer's, company's or issue's name, or of the details
	Kind       string // session or invitation; empty: both
	IssueID    string // an id or @slug
	CameBy     string
	After      string // the Position of the entry after which the page begins
	Limit      int
}

func (q EntryQuery) filtered() bool {
	return q.Query != "" || q.Kind != "" || q.IssueID != "" || q.CameBy != ""
}

// entryKeys are the columns by which entries are sorted. By time alone there is none.
var entryKeys = map[string]string{"customer": "customer_key", "company": "company_key", "issue": "issue_key", "language": "language_key", "priority": "urgency", "waiting": "''"}

// QueueEntries lists what stands in a queue: personal, or that of a team of the caller's; to an administrator that of any
// team. Entries without the value that they are sorted by come last, those with the same value in the order in which they
// came.
func (s *Store) QueueEntries(ctx context.Context, c desk.Caller, queue string, q EntryQuery) ([]desk.QueueEntry, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.QueueEntry, error) {
		id, err := t.queueFor(c, queue)
		if err != nil {
			return nil, err
		}
		if q.IssueID != "" {
			if q.IssueID, err = t.resolveFor(c, "issue", q.IssueID); err != nil {
				return nil, err
			}
		}
		l, err := newEntryList(t, c, id, q)
		if err != nil {
			return nil, err
		}
		return l.page()
	})
}

// queueFor is the id of a queue that the caller may look into: the rep's or the team's.
func (t *tx) queueFor(c desk.Caller, queue string) (string, error) {
	if queue == desk.PersonalQueue {
		if !c.IsRep() {
			return "", desk.Missing("queue")
		}
		return c.RepID, nil
	}
	id, err := t.teamQueue(c, queue)
	if desk.IsMissing(err) {
		err = desk.Missing("queue")
	}
	return id, err
}

// teamQueue is the id of a team of the caller's; to an administrator, of any.
func (t *tx) teamQueue(c desk.Caller, ref string) (string, error) {
	id, err := t.resolve("team", ref)
	if err != nil || c.IsAdministrator() {
		return id, err
	}
	mine, err := t.exists(`SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`, id, c.RepID)
	if err == nil && !mine {
		err = desk.Missing("team")
	}
	return id, err
}

// entryList is a list of entries while it is made.
type entryList struct {
	*tx
	q      EntryQuery
	caller desk.Caller
	queue  string
	column string // of the key; '' for time alone
	down   bool   // the greatest key first
	issues string // the ids of those whose title has the query in it
	after  entryPosition
}

// entryPosition is where an entry stands in a list.
type entryPosition struct {
	key     string
	entered int64
	id      string
}

func (p entryPosition) String() string { return fmt.Sprintf("%s|%d|%s", p.key, p.entered, p.id) }

var positionForm = regexp.MustCompile(`^([0-9a-z]{0,100})\|([0-9]{1,18})\|([0-9a-z_]{1,64})$`)

func parsePosition(text string) (p entryPosition, err error) {
	parts := positionForm.FindStringSubmatch(text)
	if parts == nil {
		return p, desk.Invalid("query.cursor", "bad_format", "is not a cursor of this list")
	}
	p.key, p.id = parts[1], parts[3]
	p.entered, err = strconv.ParseInt(parts[2], 10, 64)
	return p, err
}

func newEntryList(t *tx, c desk.Caller, queue string, q EntryQuery) (l entryList, err error) {
	l = entryList{tx: t, q: q, caller: c, queue: queue, column: entryKeys[q.Sort], down: q.Descending}
	if q.Sort == "priority" { // the key is the urgency
		l.down = !l.down
	}
	if l.column != "''" {
		l.column = "e." + l.column
	}
	if q.After != "" {
		if l.after, err = parsePosition(q.After); err != nil {
			return l, err
		}
	}
	if q.Query != "" {
		l.issues, err = t.issuesNamed(q.Query)
	}
	return l, err
}

// issuesNamed are the ids of the issues with a text in their title, with spaces between. SQLite knows upper and lower case
// of ASCII letters alone, so the titles are compared here: there are some hundreds at most.
func (t *tx) issuesNamed(text string) (ids string, err error) {
	err = t.rows(`SELECT id, title FROM issues`, nil, func(scan scanner) error {
		var id, title string
		err := scan(&id, &title)
		if strings.Contains(strings.ToLower(title), strings.ToLower(text)) {
			ids += id + " "
		}
		return err
	})
	return ids, err
}

// listedEntry is an entry with its place in the list.
type listedEntry struct {
	queueEntry
	at entryPosition
}

// page reads the entries with the key, then those without, and in a personal queue puts in between what portals offer.
func (l entryList) page() ([]desk.QueueEntry, error) {
	var all []listedEntry
	var err error
	switch {
	case l.q.Sort == "waiting":
		all, err = l.byTime()
	case l.after.id == "" || l.after.key != "":
		if all, err = l.withKey(); err == nil && len(all) < l.q.Limit {
			var rest []listedEntry
			rest, err = l.without(entryPosition{}, l.q.Limit-len(all))
			all = append(all, rest...)
		}
	default:
		all, err = l.without(l.after, l.q.Limit)
	}
	if err == nil && l.queue == l.caller.RepID {
		all, err = l.withPortals(all)
	}
	if err != nil {
		return nil, err
	}
	return l.finished(all)
}

func (l entryList) finished(all []listedEntry) ([]desk.QueueEntry, error) {
	line, err := l.line(l.queue)
	if err != nil {
		return nil, err
	}
	entries := []desk.QueueEntry{}
	for _, e := range all {
		e.Position = e.at.String()
		e.Place = line.place(e.ID)
		entries = append(entries, e.QueueEntry)
	}
	return entries, nil
}

// rows reads entries of the queue that a condition picks, in an order, as the query filters them.
func (l entryList) rows(limit int, order, condition string, args ...any) ([]listedEntry, error) {
	return l.read(limit, order, `e.queue_id = $1 AND `+condition, append([]any{l.queue}, args...)...)
}

func (l entryList) read(limit int, order, condition string, args ...any) ([]listedEntry, error) {
	where := []string{condition}
	add := func(text string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(text, "$n", "$"+strconv.Itoa(len(args))))
	}
	if strings.HasPrefix(l.queue, "team_") { // what the rep declined is not there for them, nor what they are in
		add(entryForRep(`$n`), l.caller.RepID)
	}
	if l.q.Kind != "" {
		add(`e.kind = $n`, l.q.Kind)
	}
	if l.q.CameBy != "" {
		add(`e.came_by = $n`, l.q.CameBy)
	}
	if l.q.IssueID != "" {
		add(`i.id = $n`, l.q.IssueID)
	}
	if l.q.Query != "" {
		add(`(s.search LIKE $n ESCAPE '\'`, likePattern(l.q.Query))
		args = append(args, l.issues)
		where[len(where)-1] += fmt.Sprintf(` OR $%d LIKE '%%' || i.id || '%%')`, len(args))
	}
	args = append(args, limit)
	q := strings.Replace(entryColumns, `SELECT `, `SELECT `+l.column+`, e.entered_at, `, 1)
	return list(l.tx, q+` WHERE `+strings.Join(where, ` AND `)+` ORDER BY `+order+` LIMIT $`+strconv.Itoa(len(args)), args, func(scan scanner, e *listedEntry) error {
		err := scanEntry(func(dest ...any) error { return scan(append([]any{&e.at.key, &e.at.entered}, dest...)...) }, &e.queueEntry)
		e.at.id = e.ID
		return err
	})
}

func (l entryList) byTime() ([]listedEntry, error) {
	order, next := `e.entered_at, e.id`, `(e.entered_at, e.id) > ($2, $3)`
	if l.down {
		order, next = `e.entered_at DESC, e.id DESC`, `(e.entered_at, e.id) < ($2, $3)`
	}
	if l.after.id == "" {
		return l.rows(l.q.Limit, order, `1 = 1`)
	}
	return l.rows(l.q.Limit, order, next, l.after.entered, l.after.id)
}

// without reads the entries that have no key, after a position.
func (l entryList) without(after entryPosition, limit int) ([]listedEntry, error) {
	return l.rows(limit, `e.entered_at, e.id`, l.column+` = '' AND (e.entered_at, e.id) > ($2, $3)`, after.entered, after.id)
}

// withKey reads the entries that have a key.
func (l entryList) withKey() ([]listedEntry, error) {
	k, order := l.column, l.column+`, e.entered_at, e.id`
	switch {
	case l.down && !l.q.filtered():
		return l.downGroups()
	case l.down && l.after.id == "":
		return l.rows(l.q.Limit, k+` DESC, e.entered_at, e.id`, k+` <> ''`)
	case l.down:
		return l.rows(l.q.Limit, k+` DESC, e.entered_at, e.id`, k+` <> '' AND (`+k+` < $2 OR `+k+` = $2 AND (e.entered_at, e.id) > ($3, $4))`, l.after.key, l.after.entered, l.after.id)
	case l.after.id == "":
		return l.rows(l.q.Limit, order, k+` <> ''`)
	}
	return l.rows(l.q.Limit, order, k+` <> '' AND (`+k+`, e.entered_at, e.id) > ($2, $3, $4)`, l.after.key, l.after.entered, l.after.id)
}

// downGroups reads from the greatest key down, since within a key the oldest comes first: no index has both directions, and
// sorting would read all entries that share a key. It looks ahead at the keys of as many entries as are wanted: all but the
// last of these keys are shared by so few, which can be sorted; those of the last are read in the index's order.
func (l entryList) downGroups() (all []listedEntry, err error) {
	for at := l.after; ; {
		if at.key != "" {
			group, err := l.rows(l.q.Limit-len(all), `e.entered_at, e.id`, l.column+` = $2 AND `+l.column+` <> '' AND (e.entered_at, e.id) > ($3, $4)`, at.key, at.entered, at.id)
			if all = append(all, group...); err != nil || len(all) >= l.q.Limit {
				return all, err
			}
		}
		keys, err := l.keysBelow(at.key)
		if err != nil || len(keys) == 0 {
			return all, err
		}
		at = entryPosition{key: keys[len(keys)-1]}
		if keys[0] == at.key {
			continue
		}
		few, err := l.rows(l.q.Limit-len(all), l.column+` DESC, e.entered_at, e.id`, l.column+` > $2 AND `+l.column+` <= $3 AND `+l.column+` <> ''`, at.key, keys[0])
		if all = append(all, few...); err != nil || len(all) >= l.q.Limit {
			return all, err
		}
	}
}

// keysBelow are the keys of as many entries as a page has, from the greatest down, or from below one.
func (l entryList) keysBelow(key string) ([]string, error) {
	below, args := ``, []any{l.queue, l.q.Limit}
	if key != "" {
		below, args = ` AND `+l.column+` < $3`, append(args, key)
	}
	return l.texts(`SELECT `+l.column+` FROM queue_entries e WHERE e.queue_id = $1 AND `+l.column+` <> ''`+below+` ORDER BY `+l.column+` DESC LIMIT $2`, args...)
}

// withPortals puts in what the portals offer under which the rep is logged in: few, of any place in the list.
func (l entryList) withPortals(all []listedEntry) ([]listedEntry, error) {
	offers, err := l.read(maxPortalOffers, `e.id`, `e.invitation_id <> '' AND e.invitation_id IN (SELECT a.id FROM invitations a WHERE a.id IN (`+portalInvitations(`$1`, `$2`, `$3`)+`) `+openToRep+`)`,
		l.caller.RepID, ms(l.now), l.caller.ConsoleID)
	for _, e := range offers {
		if l.after.id == "" || l.before(l.after, e.at) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b listedEntry) int {
		if l.before(a.at, b.at) {
			return -1
		}
		return 1
	})
	return all[:min(len(all), l.q.Limit)], err
}

// maxPortalOffers bounds what portals can put into one personal queue.
const maxPortalOffers = 1000

// before says whether an entry comes before another in the list.
func (l entryList) before(a, b entryPosition) bool {
	switch {
	case a == b:
		return false
	case a.key != b.key && (a.key == "" || b.key == ""):
		return b.key == ""
	case a.key != b.key:
		return (a.key < b.key) != l.down
	}
	older := a.entered < b.entered || a.entered == b.entered && a.id < b.id
	return older != (l.down && l.q.Sort == "waiting")
}
