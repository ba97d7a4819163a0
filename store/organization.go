package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// MaxOrganization is the most bytes of an organisation file: some 50,000 accounts.
	MaxOrganization = 5 << 20
	// maxFileErrors bounds the answer to a file that is wrong all over.
	maxFileErrors = 100
	// maxNesting is far more than an organisation file needs: 5 MiB of "[" would exhaust the parser's stack.
	maxNesting = 32
	// maxIndent bounds the nesting outside of brackets, where each level is at least two columns to the right.
	maxIndent = 200
)

// organizationFile is an organisation file with the place of everything in it.
type organizationFile struct {
	desk.Organization
	places map[string]*token.Position // by path, as in desk.FieldError
	errors []desk.FieldError
}

// ParseOrganization reads an organisation file in YAML, of which JSON is a part. A wrong file is refused whole, with
// line, column, field and reason of all that is wrong. What the file refers to outside of it is not looked for.
func ParseOrganization(data []byte) (desk.Organization, error) {
	file, err := parseOrganization(data)
	return file.Organization, err
}

func parseOrganization(data []byte) (file organizationFile, err error) {
	if len(data) > MaxOrganization {
		p := desk.Refuse(desk.TooLarge, "An organisation file has at most %d bytes.", MaxOrganization)
		p.Limit = MaxOrganization
		return file, p
	}
	if !utf8.Valid(data) {
		return file, desk.Invalid("body", "not_utf8", "must be valid UTF-8")
	}
	root, err := parseYAML(strings.TrimPrefix(string(data), "\ufeff"))
	if err != nil || root == nil {
		return file, err
	}
	file.places = map[string]*token.Position{}
	file.match(root, "", reflect.TypeFor[desk.Organization]())
	if len(file.errors) > 0 {
		return file, file.refusal(file.errors)
	}
	if err := yaml.NodeToValue(root, &file.Organization); err != nil {
		return file, yamlProblem(err)
	}
	if wrong := file.Check(nil); len(wrong) > 0 {
		return file, file.refusal(wrong)
	}
	return file, nil
}

// parseYAML parses one plain document; nil is an empty one.
func parseYAML(text string) (ast.Node, error) {
	tokens := lexer.Tokenize(text)
	if err := checkTokens(tokens); err != nil {
		return nil, err
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // match finds them, with their paths
	if err != nil {
		return nil, yamlProblem(err)
	}
	switch len(tree.Docs) {
	case 0:
		return nil, nil
	case 1:
		return withoutNull(tree.Docs[0].Body), nil
	}
	return nil, desk.Invalid("body", "one_document", "%sexpected one YAML document", lineOf(tree.Docs[1].GetToken().Position))
}

// checkTokens refuses, before anything recursive happens, what could make the parser or the decoder do more work than
// the file's size says: deep nesting, and aliases, which can stand for much with little.
func checkTokens(tokens token.Tokens) error {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.MappingKeyType, token.DirectiveType:
			return desk.Invalid("body", "not_plain", "%sanchors, aliases, tags, merge keys, complex keys and directives are not taken", lineOf(t.Position))
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth = max(0, depth-1)
		}
		indented := depth == 0 && t.Type == token.SequenceEntryType && t.Position.Column > maxIndent
		if depth > maxNesting || indented {
			return desk.Invalid("body", "too_deep", "%snested too deep", lineOf(t.Position))
		}
	}
	return nil
}

func lineOf(p *token.Position) string { return fmt.Sprintf("line %d, column %d: ", p.Line, p.Column) }

// yamlProblem refuses what is not YAML. The error's own text would quote the file, passwords included.
func yamlProblem(err error) error {
	var wrong yaml.Error
	if !errors.As(err, &wrong) || wrong.GetToken() == nil {
		return desk.Invalid("body", "not_yaml", "line 1, column 1: is not YAML")
	}
	return desk.Invalid("body", "not_yaml", "%s%s", lineOf(wrong.GetToken().Position), wrong.GetMessage())
}

// refusal gives each error its line.
func (f *organizationFile) refusal(wrong []desk.FieldError) *desk.Problem {
	p := &desk.Problem{Code: desk.ValidationFailed, Detail: fmt.Sprintf("The organisation file is wrong in %d places; nothing was changed.", len(wrong))}
	for _, e := range wrong[:min(len(wrong), maxFileErrors)] {
		e.Detail = lineOf(f.place(e.Field)) + e.Detail
		p.Errors = append(p.Errors, e)
	}
	return p
}

// place is where the field stands or, when it is missing, the thing that misses it.
func (f *organizationFile) place(path string) *token.Position {
	for path != "" {
		if at, there := f.places[path]; there {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return f.places[""]
}

func (f *organizationFile) wrong(path string, at ast.Node, code, format string, args ...any) {
	f.places[path] = placeOf(at)
	f.errors = append(f.errors, desk.FieldError{Field: path, Code: code, Detail: fmt.Sprintf(format, args...)})
}

func placeOf(n ast.Node) *token.Position {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		return m.Values[0].Key.GetToken().Position // its own token is the first colon
	}
	return n.GetToken().Position
}

// match notes the places of a node and all below it, and what does not fit the type that it is for. The decoder itself
// would take 3.5 for 3, and 007 for the text 7, which is another password.
func (f *organizationFile) match(n ast.Node, path string, want reflect.Type) {
	f.places[path] = placeOf(n)
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	switch want.Kind() {
	case reflect.Struct, reflect.Map:
		f.matchMapping(n, path, want)
	case reflect.Slice:
		f.matchList(n, path, want.Elem())
	default:
		f.matchScalar(n, path, want.Kind())
	}
}

func (f *organizationFile) matchMapping(n ast.Node, path string, want reflect.Type) {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		f.wrong(path, n, "type", "expected fields and their values")
		return
	}
	seen := map[string]bool{}
	for _, pair := range mapping.Values {
		key := pair.Key.GetToken().Value
		at := strings.TrimPrefix(path+"."+key, ".")
		field, known := fieldType(want, key)
		switch value := withoutNull(pair.Value); {
		case !isText(pair.Key):
			f.wrong(at, pair.Key, "type", "expected a name; write it in quotes")
		case seen[key]:
			f.wrong(at, pair.Key, "duplicate", "stands here twice")
		case !known:
			f.wrong(at, pair.Key, "unknown_field", "there is no such field")
		case value != nil:
			f.match(value, at, field)
		}
		seen[key] = true
	}
}

// fieldType is the type that belongs to a key: of a struct's field, or of a map's values.
func fieldType(of reflect.Type, key string) (reflect.Type, bool) {
	if of.Kind() == reflect.Map {
		return of.Elem(), true
	}
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name == key && name != "" {
			return field.Type, true
		}
	}
	return nil, false
}

func (f *organizationFile) matchList(n ast.Node, path string, want reflect.Type) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		f.wrong(path, n, "type", "expected a list")
		return
	}
	for i, value := range sequence.Values {
		f.match(value, fmt.Sprintf("%s[%d]", path, i), want)
	}
}

func (f *organizationFile) matchScalar(n ast.Node, path string, want reflect.Kind) {
	_, isBool := n.(*ast.BoolNode)
	_, isInteger := n.(*ast.IntegerNode)
	switch {
	case want == reflect.Bool && !isBool:
		f.wrong(path, n, "type", "expected true or false")
	case want == reflect.Int && !isInteger:
		f.wrong(path, n, "type", "expected a whole number")
	case want == reflect.String && !isText(n):
		f.wrong(path, n, "type", "expected text; write it in quotes")
	}
}

func isText(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	}
	return false
}

// withoutNull takes a value that is not written, or null, as one left out.
func withoutNull(n ast.Node) ast.Node {
	if _, null := n.(*ast.NullNode); null {
		return nil
	}
	return n
}

// MarshalOrganization writes an organisation file.
func MarshalOrganization(o desk.Organization) ([]byte, error) { return yaml.Marshal(o) }

// organization is all that stands, in the words of the file, with the ids behind its names.
type organization struct {
	desk.Organization
	ids   map[thing]string
	slugs map[string]string // by id
}

// thing is how the file names something.
type thing struct{ kind, name string }

func (o *organization) named(kind, name, id string) {
	o.ids[thing{kind, name}], o.slugs[id] = id, name
}

func (o *organization) team(slug string) string { return o.ids[thing{"team", slug}] }

// standing is what a file may refer to.
func (o *organization) standing() *desk.Standing {
	s := &desk.Standing{Portals: map[string]string{}, Teams: map[string]bool{}}
	for _, p := range o.Portals {
		s.Portals[p.Slug] = p.Parent
	}
	for _, t := range o.Teams {
		s.Teams[t.Slug] = true
	}
	return s
}

// organization loads everything, each kind by name, and in a writing transaction locks it.
func (t *tx) organization() (*organization, error) {
	o := &organization{ids: map[thing]string{}, slugs: map[string]string{}}
	for _, load := range []func(*organization) error{t.loadPortals, t.loadTeams, t.loadReps, t.loadIssues} {
		if err := load(o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// everything loads one kind. It is sorted here, because the engines sort texts in different ways.
func everything[E desk.Entry[E]](t *tx, q string, scan func(scanner, *E) error) ([]E, error) {
	if !t.reads {
		q += ` ORDER BY id` + t.store.dialect.forUpdate
	}
	entries, err := list(t, q, nil, scan)
	for i, e := range entries {
		entries[i] = e.Over(e)
	}
	slices.SortFunc(entries, func(a, b E) int { return strings.Compare(a.Key(), b.Key()) })
	return entries, err
}

func (t *tx) loadPortals(o *organization) (err error) {
	o.Portals, err = everything(t, `SELECT id, slug, name, parent_id, settings, disabled FROM portals`, func(scan scanner, p *desk.PortalEntry) error {
		var id, settings string
		var disabled bool
		if err := scan(&id, &p.Slug, &p.Name, &p.Parent, &settings, &disabled); err != nil {
			return err
		}
		p.Disabled = &disabled
		o.named("portal", p.Slug, id)
		return json.Unmarshal([]byte(settings), &p.PortalSettings)
	})
	for i := range o.Portals {
		o.Portals[i].Parent = o.slugs[o.Portals[i].Parent]
	}
	return err
}

func (t *tx) loadTeams(o *organization) (err error) {
	o.Teams, err = everything(t, `SELECT id, slug, name, embassy, persistent, waiting, disabled FROM teams`, func(scan scanner, e *desk.TeamEntry) error {
		var id, waiting string
		var disabled bool
		if err := scan(&id, &e.Slug, &e.Name, &e.Embassy, &e.Persistent, &waiting, &disabled); err != nil {
			return err
		}
		e.Disabled = &disabled
		o.named("team", e.Slug, id)
		if waiting == "" {
			return nil
		}
		return json.Unmarshal([]byte(waiting), &e.Waiting)
	})
	for _, e := range o.Teams {
		if e.Waiting != nil {
			e.Waiting.OverflowTeam = o.slugs[e.Waiting.OverflowTeam]
		}
	}
	return err
}

func (t *tx) loadReps(o *organization) error {
	teams := map[string]map[string]desk.TeamRole{} // by rep
	if err := t.rows(`SELECT rep_id, team_id, rank FROM team_members`, nil, func(scan scanner) error {
		var rep, team string
		var rank int
		err := scan(&rep, &team, &rank)
		if teams[rep] == nil {
			teams[rep] = map[string]desk.TeamRole{}
		}
		teams[rep][o.slugs[team]] = teamRoles[rank]
		return err
	}); err != nil {
		return err
	}
	var err error
	o.Reps, err = everything(t, `SELECT id, username, name, public_name, email, permissions, role, locale, time_zone, disabled FROM reps`, func(scan scanner, r *desk.RepEntry) error {
		var id, permissions string
		var disabled bool
		if err := scan(&id, &r.Username, &r.Name, &r.PublicName, &r.Email, &permissions, &r.Role, &r.Locale, &r.TimeZone, &disabled); err != nil {
			return err
		}
		r.Disabled = &disabled
		o.named("rep", r.Username, id)
		r.Teams = teams[id]
		return json.Unmarshal([]byte(permissions), &r.Permissions)
	})
	return err
}

func (t *tx) loadIssues(o *organization) (err error) {
	o.Issues, err = everything(t, `SELECT id, slug, title, team_id, request_help, help_teams, disabled FROM issues`, func(scan scanner, i *desk.IssueEntry) error {
		var id, team, helpTeams string
		var disabled bool
		if err := scan(&id, &i.Slug, &i.Title, &team, &i.RequestHelp, &helpTeams, &disabled); err != nil {
			return err
		}
		i.Disabled = &disabled
		o.named("issue", i.Slug, id)
		i.Team = o.slugs[team]
		var ids []string
		err := json.Unmarshal([]byte(helpTeams), &ids)
		for _, id := range ids {
			i.HelpTeams = append(i.HelpTeams, o.slugs[id])
		}
		return err
	})
	return err
}

// ExportOrganization returns everything but passwords, such that importing it changes nothing.
func (s *Store) ExportOrganization(ctx context.Context) (desk.Organization, error) {
	return read(ctx, s, func(t *tx) (desk.Organization, error) {
		o, err := t.organization()
		if err != nil {
			return desk.Organization{}, err
		}
		return o.Organization, nil
	})
}

// ImportOrganization brings the organisation to what the file says, all or nothing (I3), and tells those whom it
// concerns; by is who does it, empty for the server itself. Things that the file does not name stay as they are, and
// loading the same file again changes nothing. A dry run does the same work and keeps none of it.
func (s *Store) ImportOrganization(ctx context.Context, by desk.Ref, data []byte, dryRun bool) (desk.ImportReport, error) {
	file, err := parseOrganization(data)
	if err != nil {
		return desk.ImportReport{}, err
	}
	hashes, err := s.firstPasswords(ctx, file.Reps)
	if err != nil {
		return desk.ImportReport{}, err
	}
	if by.ID == "" {
		by = desk.Ref{ID: s.serverID, Name: "Organisation file"}
	}
	report, err := write(ctx, s, func(t *tx) (desk.ImportReport, error) {
		m := organizationImport{tx: t, by: by, hashes: hashes, concerned: map[string]bool{}}
		m.report = desk.ImportReport{DryRun: dryRun, Created: []desk.ImportedEntry{}, Changed: []desk.ImportedEntry{}}
		err := m.run(file)
		if err == nil && dryRun {
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
	there, err := read(ctx, s, func(t *tx) ([]string, error) {
		return list(t, `SELECT username FROM reps`, nil, func(scan scanner, name *string) error { return scan(name) })
	})
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

// organizationImport is one import at work.
type organizationImport struct {
	*tx
	org       *organization // as it was, with the ids of what is new
	by        desk.Ref
	hashes    map[string]string // first passwords of new accounts
	concerned map[string]bool   // ids of the reps who see themselves differently now
	report    desk.ImportReport
}

func (m *organizationImport) run(file organizationFile) (err error) {
	// One import at a time: a second one finds what the first made.
	if _, err = m.row(`SELECT value FROM settings WHERE name = 'server_id'`+m.store.dialect.forUpdate, nil, new(string)); err != nil {
		return err
	}
	if m.org, err = m.organization(); err != nil {
		return err
	}
	if wrong := file.Check(m.org.standing()); len(wrong) > 0 {
		return file.refusal(wrong)
	}
	portals := changes(m, "portal", "prt_", file.Portals, m.org.Portals)
	teams := changes(m, "team", "team_", file.Teams, m.org.Teams)
	reps := changes(m, "rep", "rep_", file.Reps, m.org.Reps)
	issues := changes(m, "issue", "iss_", file.Issues, m.org.Issues)
	for _, step := range []func() error{
		func() error { return m.savePortals(portals) },
		func() error { return saveAll(teams, m.saveTeam) },
		func() error { return saveAll(reps, m.saveRep) },
		func() error { return saveAll(issues, m.saveIssue) },
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
		c.id = m.org.ids[thing{kind, name}]
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

// savePortals saves the portals, and what all portals inherit when any of them changed.
func (m *organizationImport) savePortals(changed []change[desk.PortalEntry]) error {
	if len(changed) == 0 {
		return nil
	}
	all := map[string]desk.PortalEntry{}
	for _, p := range m.org.Portals {
		all[p.Slug] = p
	}
	for _, c := range changed {
		all[c.now.Slug] = c.now
		settings, err := json.Marshal(c.now.PortalSettings)
		if err != nil {
			return err
		}
		if _, err := m.exec(`INSERT INTO portals (id, slug, name, parent_id, settings, effective, disabled, rev) VALUES ($1, $2, $3, $4, $5, '', $6, 0)
			ON CONFLICT (id) DO UPDATE SET name = $3, parent_id = $4, settings = $5, effective = '', disabled = $6`,
			c.id, c.now.Slug, c.now.Name, m.org.ids[thing{"portal", c.now.Parent}], string(settings), flag(c.now.Disabled != nil)); err != nil {
			return err
		}
	}
	effective := desk.EffectivePortals(slices.Collect(maps.Values(all)))
	for _, slug := range slices.Sorted(maps.Keys(effective)) {
		settings, err := json.Marshal(effective[slug])
		if err != nil {
			return err
		}
		if _, err := m.exec(`UPDATE portals SET effective = $1, rev = rev + 1 WHERE id = $2 AND effective <> $1`, string(settings), m.org.ids[thing{"portal", slug}]); err != nil {
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
	if _, err := m.exec(`INSERT INTO teams (id, slug, name, embassy, persistent, waiting, disabled) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET name = $3, embassy = $4, persistent = $5, waiting = $6, disabled = $7, rev = teams.rev + 1`,
		c.id, c.now.Slug, c.now.Name, flag(c.now.Embassy), flag(c.now.Persistent), waiting, flag(c.now.Disabled != nil)); err != nil {
		return err
	}
	if c.touches("name", "embassy", "disabled") {
		if err := m.concernsTeam(c.id); err != nil {
			return err
		}
	}
	if c.now.Disabled != nil && c.touches("disabled") {
		return m.targetGone(m.by, "team_id", c.id)
	}
	return nil
}

// waiting is a waiting rule as it is stored: with the id of the overflow team.
func (m *organizationImport) waiting(rule *desk.WaitingRule) (string, error) {
	if rule == nil {
		return "", nil
	}
	stored := *rule
	stored.OverflowTeam = m.org.team(rule.OverflowTeam)
	text, err := json.Marshal(stored)
	return string(text), err
}

// concernsTeam notes that the members of a team see themselves differently.
func (m *organizationImport) concernsTeam(teamID string) error {
	return m.rows(`SELECT rep_id FROM team_members WHERE team_id = $1`, []any{teamID}, func(scan scanner) error {
		var id string
		err := scan(&id)
		m.concerned[id] = true
		return err
	})
}

// saveRep saves an account. A password is set for a new one alone; extended availability ends with what it needs (G6).
func (m *organizationImport) saveRep(c change[desk.RepEntry]) error {
	r := c.now
	hash, hashed := m.hashes[r.Username]
	if c.created && !hashed {
		return desk.Refuse(desk.Unavailable, "The account %s was removed meanwhile; load the file again.", r.Username)
	}
	permissions, err := json.Marshal(r.Permissions)
	if err != nil {
		return err
	}
	mayExtend := r.Email != "" && slices.Contains(r.Permissions, desk.ExtendedAvailability)
	if _, err := m.exec(`INSERT INTO reps (id, username, name, public_name, search, email, role, permissions, locale, time_zone, disabled, password_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO UPDATE SET name = $3, public_name = $4, search = $5, email = $6,
		role = $7, permissions = $8, locale = $9, time_zone = $10, disabled = $11, extended = CASE WHEN $13 = 1 THEN reps.extended ELSE 0 END`,
		c.id, r.Username, r.Name, r.PublicName, strings.ToLower(r.Name), r.Email, string(r.Role), string(permissions), r.Locale, r.TimeZone,
		flag(r.Disabled != nil), hash, flag(mayExtend)); err != nil {
		return err
	}
	m.concerned[c.id] = !c.created
	if c.created || c.touches("teams") {
		if err := m.saveMemberships(c.id, r.Teams); err != nil {
			return err
		}
	}
	if r.Disabled != nil && c.touches("disabled") {
		return m.repDisabled(c.id)
	}
	return nil
}

func (m *organizationImport) saveMemberships(repID string, teams map[string]desk.TeamRole) error {
	if _, err := m.exec(`DELETE FROM team_members WHERE rep_id = $1`, repID); err != nil {
		return err
	}
	for _, slug := range slices.Sorted(maps.Keys(teams)) {
		if _, err := m.exec(`INSERT INTO team_members (team_id, rep_id, rank) VALUES ($1, $2, $3)`, m.org.team(slug), repID, teams[slug].Rank()); err != nil {
			return err
		}
	}
	return nil
}

// repDisabled ends the invitations to a rep whose account was closed (B13), then all log-ins.
func (m *organizationImport) repDisabled(repID string) error {
	if err := m.targetGone(m.by, "rep_id", repID); err != nil {
		return err
	}
	return m.endOtherConsoles(desk.Caller{RepID: repID})
}

// targetGone ends the active invitations to a rep or team that is no more (B13).
func (t *tx) targetGone(by desk.Ref, column, id string) error {
	open, err := list(t, `SELECT id FROM invitations WHERE `+column+` = $1 AND state = 'active' ORDER BY id`, []any{id},
		func(scan scanner, id *string) error { return scan(id) })
	for _, id := range open {
		if err != nil {
			return err
		}
		var inv desk.Invitation
		if inv, _, err = t.lockedInvitation(id); err == nil && inv.Active() {
			_, err = t.endInvitation(inv, desk.EndTargetGone, by)
		}
	}
	return err
}

func (m *organizationImport) saveIssue(c change[desk.IssueEntry]) error {
	helpTeams := []string{}
	for _, slug := range c.now.HelpTeams {
		helpTeams = append(helpTeams, m.org.team(slug))
	}
	stored, err := json.Marshal(helpTeams)
	if err != nil {
		return err
	}
	_, err = m.exec(`INSERT INTO issues (id, slug, title, team_id, request_help, help_teams, disabled) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET title = $3, team_id = $4, request_help = $5, help_teams = $6, disabled = $7, rev = issues.rev + 1`,
		c.id, c.now.Slug, c.now.Title, m.org.team(c.now.Team), flag(c.now.RequestHelp), string(stored), flag(c.now.Disabled != nil))
	return err
}

// tellConcerned tells each rep once how they see themselves now.
func (m *organizationImport) tellConcerned() error {
	for _, id := range slices.Sorted(maps.Keys(m.concerned)) {
		if !m.concerned[id] {
			continue
		}
		if _, err := m.exec(`UPDATE reps SET rev = rev + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		if _, err := m.meChanged(id); err != nil {
			return err
		}
	}
	return nil
}
