package desk

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of what an organisation file says.
const (
	maxEmail          = 254 // RFC 5321, 4.5.3.1.3, less the brackets
	maxURL            = 2000
	maxHistorySeconds = 24 * 60 * 60
	maxWaitingSeconds = 24 * 60 * 60
	leastLostSeconds  = 10 // less would take a session from an owner whose network changes
	mostLostSeconds   = 24 * 60 * 60
)

// Check finds all that is wrong with the file. Each error's field is the path to it, like reps[2].teams.printers.
// With standing nil, what the file refers to outside of it is taken to be there.
func (o Organization) Check(standing *Standing) []FieldError {
	c := organizationCheck{lenient: standing == nil, parents: map[string]string{}, teams: map[string]bool{}, reps: map[string]bool{}, issues: map[string]bool{}, codes: map[string]string{}}
	if standing != nil {
		maps.Copy(c.parents, standing.Portals)
		maps.Copy(c.teams, standing.Teams)
		maps.Copy(c.reps, standing.Reps)
		maps.Copy(c.issues, standing.Issues)
		maps.Copy(c.codes, standing.Codes)
	}
	for _, p := range o.Portals {
		c.parents[p.Slug] = p.Parent
	}
	for _, t := range o.Teams {
		c.teams[t.Slug] = true
	}
	for _, r := range o.Reps {
		c.reps[r.Username] = true
	}
	for _, i := range o.Issues {
		c.issues[i.Slug] = true
	}
	checkEach(&c, "portals", "slug", o.Portals, c.portal)
	checkEach(&c, "teams", "slug", o.Teams, c.team)
	checkEach(&c, "reps", "username", o.Reps, c.rep)
	checkEach(&c, "issues", "slug", o.Issues, c.issue)
	checkEach(&c, "support_buttons", "slug", o.SupportButtons, c.entrance(SupportButton))
	checkEach(&c, "help_links", "slug", o.HelpLinks, c.entrance(HelpLink))
	return c.errors
}

type organizationCheck struct {
	lenient bool
	parents map[string]string
	teams   map[string]bool
	reps    map[string]bool
	issues  map[string]bool
	codes   map[string]string // with the kind and the slug of what has each
	errors  []FieldError
}

func (c *organizationCheck) add(field, code, format string, args ...any) {
	c.errors = append(c.errors, FieldError{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// take adds what another rule found.
func (c *organizationCheck) take(p *Problem) {
	if p != nil {
		c.errors = append(c.errors, p.Errors...)
	}
}

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// checkEach checks the entries of one kind, whose keys are unique names.
func checkEach[E Entry[E]](c *organizationCheck, list, key string, entries []E, check func(at string, e E)) {
	seen := map[string]bool{}
	for i, e := range entries {
		at := fmt.Sprintf("%s[%d].", list, i)
		switch name := e.Key(); {
		case !keyPattern.MatchString(name):
			c.add(at+key, "pattern", "expected 1 to 64 of a-z, 0-9, dot, hyphen and underscore, the first a letter or digit")
		case seen[name]:
			c.add(at+key, "duplicate", "%q stands in the file twice", name)
		}
		seen[e.Key()] = true
		check(at, e)
	}
}

func (c *organizationCheck) portal(at string, p PortalEntry) {
	c.take(CheckName(at+"name", p.Name, MaxName))
	if p.Parent != "" {
		c.parent(at+"parent", p)
	}
	for i, mode := range deref(p.Modes) {
		oneOf(c, fmt.Sprintf("%smodes[%d]", at, i), &mode, ModeWeb, ModeQueue, ModePhone)
	}
	oneOf(c, at+"sharing", p.Sharing, SharingOffHere, SharingTeams, SharingAll)
	oneOf(c, at+"invite_ceiling", p.InviteCeiling, View, Control)
	oneOf(c, at+"customer_in_email", p.CustomerInEmail, "none", "name", "all")
	c.between(at+"max_invited_reps", p.MaxInvitedReps, 0, MaxInvitedReps)
	c.between(at+"max_specialists", p.MaxSpecialists, 0, MaxSpecialists)
	c.between(at+"chat_history_seconds", p.ChatHistorySeconds, 0, maxHistorySeconds)
	for i, step := range deref(p.LostSteps) {
		oneOf(c, fmt.Sprintf("%slost_steps[%d]", at, i), &step, LostSteps...)
	}
	if p.FallbackTeam != nil && *p.FallbackTeam != "" { // "" takes an inherited one away
		c.teamThere(at+"fallback_team", *p.FallbackTeam)
	}
	c.url(at+"unavailable_url", p.UnavailableURL)
	c.between(at+"lost_after_seconds", p.LostAfterSeconds, leastLostSeconds, mostLostSeconds)
	c.between(at+"lost_after_push_seconds", p.LostAfterPushSeconds, leastLostSeconds, mostLostSeconds)
	c.between(at+"lost_seat_seconds", p.LostSeatSeconds, leastLostSeconds, mostLostSeconds)
	c.between(at+"customer_gone_seconds", p.CustomerGoneSeconds, 0, mostLostSeconds)
}

// parent checks that the portal above is there, and that going up never comes back to the portal.
func (c *organizationCheck) parent(field string, p PortalEntry) {
	if _, there := c.parents[p.Parent]; !there && !c.lenient {
		c.add(field, "unknown", "there is no portal %q", p.Parent)
		return
	}
	seen := map[string]bool{}
	for above := p.Parent; above != "" && !seen[above]; above = c.parents[above] {
		if above == p.Slug {
			c.add(field, "cycle", "%q stands above itself", p.Slug)
			return
		}
		seen[above] = true
	}
}

func (c *organizationCheck) team(at string, t TeamEntry) {
	c.take(CheckName(at+"name", t.Name, MaxName))
	if t.Waiting == nil {
		return
	}
	w, at := *t.Waiting, at+"waiting."
	c.between(at+"after_seconds", &w.AfterSeconds, 1, maxWaitingSeconds)
	oneOf(c, at+"action", &w.Action, WaitingOverdue, WaitingOverflow)
	switch overflow := w.Action == WaitingOverflow; {
	case overflow && w.OverflowTeam == t.Slug:
		c.add(at+"overflow_team", "same_team", "must be another team")
	case overflow:
		c.teamThere(at+"overflow_team", w.OverflowTeam)
	case w.OverflowTeam != "":
		c.add(at+"overflow_team", "not_used", "goes only with the action overflow")
	}
}

func (c *organizationCheck) rep(at string, r RepEntry) {
	c.take(CheckName(at+"name", r.Name, MaxName))
	c.take(CheckLine(at+"public_name", r.PublicName, MaxName))
	c.password(at, r)
	if r.Email != "" {
		c.email(at+"email", r.Email)
	}
	for _, team := range slices.Sorted(maps.Keys(r.Teams)) {
		role := r.Teams[team]
		c.teamThere(at+"teams."+team, team)
		oneOf(c, at+"teams."+team, &role, TeamMember, TeamLead, TeamManager)
	}
	for i, permission := range r.Permissions {
		oneOf(c, fmt.Sprintf("%spermissions[%d]", at, i), &permission, Permissions...)
	}
	if r.Role != "" {
		oneOf(c, at+"role", &r.Role, RoleRep, RoleAdministrator)
	}
	if r.Locale != "" && (len(r.Locale) > 35 || !localePattern.MatchString(r.Locale)) {
		c.add(at+"locale", "pattern", "expected a BCP 47 language tag")
	}
	if _, err := time.LoadLocation(r.TimeZone); err != nil || r.TimeZone == "Local" {
		c.add(at+"time_zone", "unknown", "is not an IANA time zone")
	}
}

var localePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func (c *organizationCheck) password(at string, r RepEntry) {
	if r.Password != "" && r.PasswordHash != "" {
		c.add(at+"password_hash", "one_needed", "give password or password_hash, not both")
	}
	if n := utf8.RuneCountInString(r.Password); n > 0 && (n < MinPassword || n > MaxPassword) {
		c.add(at+"password", "length", "expected %d to %d characters", MinPassword, MaxPassword)
	}
	if r.PasswordHash != "" && !isPasswordHash(r.PasswordHash) {
		c.add(at+"password_hash", "format", "expected $argon2id$v=19$m=…,t=…,p=…$salt$key with at most 256 MiB, 16 passes and 16 threads")
	}
}

// isPasswordHash says whether it is an encoded argon2id hash whose work is bounded: each log-in repeats it.
func isPasswordHash(encoded string) bool {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return false
	}
	var memoryKiB, passes, threads int
	if _, err := fmt.Sscanf(parts[3]+"\n", "m=%d,t=%d,p=%d\n", &memoryKiB, &passes, &threads); err != nil {
		return false
	}
	salt, saltErr := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	return saltErr == nil && keyErr == nil && len(salt) >= 8 && len(key) >= 16 && len(key) <= 64 &&
		within(memoryKiB, 8, 256*1024) && within(passes, 1, 16) && within(threads, 1, 16)
}

// email takes one bare address on one line.
func (c *organizationCheck) email(field, email string) {
	c.take(CheckEmail(field, email))
}

// CheckEmail refuses what is not one bare address on one line.
func CheckEmail(field, email string) *Problem {
	if p := CheckLine(field, email, maxEmail); p != nil {
		return p
	}
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return Invalid(field, "email", "expected an email address, without a name")
	}
	return nil
}

// url takes an address for people to go to; "" takes an inherited one away.
func (c *organizationCheck) url(field string, text *string) {
	if text == nil || *text == "" {
		return
	}
	if p := CheckLine(field, *text, maxURL); p != nil {
		c.take(p)
		return
	}
	if u, err := url.Parse(*text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		c.add(field, "url", "expected an address with https or http and a host")
	}
}

func (c *organizationCheck) issue(at string, i IssueEntry) {
	c.take(CheckName(at+"title", i.Title, MaxTitle))
	c.teamThere(at+"team", i.Team)
	for n, team := range i.HelpTeams {
		c.teamThere(fmt.Sprintf("%shelp_teams[%d]", at, n), team)
	}
	for n, portal := range i.Portals {
		c.portalThere(fmt.Sprintf("%sportals[%d]", at, n), portal)
	}
}

// entrance checks a support button or a help link. Its code, where the file says one, lets in by nothing else.
func (c *organizationCheck) entrance(kind EntranceKind) func(string, EntranceEntry) {
	return func(at string, e EntranceEntry) {
		c.take(CheckName(at+"name", e.Name, MaxName))
		c.take(CheckLine(at+"icon", e.Icon, MaxName))
		c.between(at+"priority", &e.Priority, 0, MaxPriority)
		if e.Portal != "" {
			c.portalThere(at+"portal", e.Portal)
		}
		if (e.Rep == "") == (e.Team == "") {
			c.add(at+"rep", "one_needed", "give exactly one of rep and team")
		}
		if e.Rep != "" {
			c.there(at+"rep", "rep", e.Rep, c.reps[e.Rep])
		}
		if e.Team != "" {
			c.teamThere(at+"team", e.Team)
		}
		if e.Issue != "" {
			c.there(at+"issue", "issue", e.Issue, c.issues[e.Issue])
		}
		c.code(at+"code", e.Code, string(kind)+" "+e.Slug)
	}
}

func (c *organizationCheck) code(field, code, whose string) {
	if code == "" {
		return
	}
	if !entranceCode.MatchString(code) {
		c.add(field, "pattern", "expected a code as the desk makes them")
		return
	}
	if other, taken := c.codes[code]; taken && other != whose {
		c.add(field, "taken", "belongs to another support button or help link")
	}
	c.codes[code] = whose
}

func (c *organizationCheck) portalThere(field, slug string) {
	_, there := c.parents[slug]
	c.there(field, "portal", slug, there)
}

func (c *organizationCheck) there(field, kind, name string, there bool) {
	switch {
	case name == "":
		c.add(field, "empty", "must name a %s", kind)
	case !there && !c.lenient:
		c.add(field, "unknown", "there is no %s %q", kind, name)
	}
}

func (c *organizationCheck) teamThere(field, slug string) {
	c.there(field, "team", slug, c.teams[slug])
}

func (c *organizationCheck) between(field string, n *int, least, most int) {
	if n != nil && !within(*n, least, most) {
		c.add(field, "range", "expected %d to %d", least, most)
	}
}

func within(n, least, most int) bool { return least <= n && n <= most }

func oneOf[T ~string](c *organizationCheck, field string, value *T, allowed ...T) {
	if value != nil && !slices.Contains(allowed, *value) {
		c.add(field, "enum", "expected one of %s", strings.Trim(fmt.Sprint(allowed), "[]"))
	}
}

func deref[T any](p *[]T) []T {
	if p == nil {
		return nil
	}
	return *p
}
