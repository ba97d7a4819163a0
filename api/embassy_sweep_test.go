package api_test

import (
	"fmt"

	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// thing is something that a request can name. What is not the asker's is to be refused like what is not there.
type thing struct {
	name string
	mine bool
}

func mine(names ...string) []thing   { return things(true, names) }
func others(names ...string) []thing { return things(false, names) }

func things(mine bool, names []string) (all []thing) {
	for _, name := range names {
		all = append(all, thing{name, mine})
	}
	return all
}

// named are the things that requests name, by the parameter or by the mark in a body or query; of each the first is not
// there at all.
var named = map[string][]thing{
	"{session_id}": slices.Concat(others("ses_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f1", "$f2", "$f3", "$f4", "$f5", "$left", "$over", "$handed"),
		mine("$mine", "$inside", "$invited", "$offered", "$offered_all", "$queued", "$waits")),
	"{invitation_id}":            slices.Concat(others("inv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_team", "$f_portal", "$f_rep", "$f_help"), mine("$help", "$help2", "$inv", "$any", "$won", "$cancelled", "$vic_in_left")),
	"{attendee_id}":              slices.Concat(others("att_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_seat", "$f_customer"), mine("$in_otto", "$in_vic", "$mine_otto")),
	"{delivery_id}":              slices.Concat(others("dlv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_dlv"), mine("$dlv")),
	"{api_token_id}":             others("tok_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_tok"),
	"{console_id}":               slices.Concat(others("con_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_con"), mine("current")),
	"{team_id}":                  slices.Concat(others("team_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "@nowhere", "@hush-lines", "$t1", "$t2", "$t3", "@printers"), mine("@vendor", "$vendor")),
	"{queue_id}":                 slices.Concat(others("team_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "@nowhere", "@hush-lines", "$t1", "$t2", "$t3", "@printers"), mine("@vendor", "$vendor")),
	"{portal_id}":                slices.Concat(others("@nowhere"), mine("@hall")),
	"<rep>":                      slices.Concat(others("@nobody", "@husholga", "$husholga", "@hushotto", "$hushrival", "@ana"), mine("@val", "$vic")),
	"<rep id>":                   slices.Concat(others("rep_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$hushrival"), mine("$val")),
	"<team>":                     slices.Concat(others("@nowhere", "@hush-lines", "$t1", "$t2", "$t3", "@printers"), mine("@vendor", "$vendor")),
	"<issue>":                    slices.Concat(others("@nowhere", "@closed-issue", "$closed_issue", "@internal", "@firewall"), mine("@open-issue", "$vendor_issue")),
	"<issue of mine>":            slices.Concat(others("@nowhere", "@closed-issue", "$open_issue", "@paper-jam"), mine("@vendor-issue")),
	"<any portal>":               others("@nowhere", "@hall", "@main"), // to invite one is nothing for an embassy rep
	"<portal>":                   slices.Concat(others("@nowhere"), mine("@hall")),
	"<message>":                  slices.Concat(others("msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_msg"), mine("$msg")),
	"<team message>":             slices.Concat(others("msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_team_msg", "$msg"), mine("$team_msg")),
	"<position>":                 mine("$f_msg", "$msg"), // by its age alone, whether it is there or not
	"<key>":                      slices.Concat(others("nothing", "key of First Hush"), mine("key of Own Person")),
	"{session_key_id}":           slices.Concat(others("key_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_key"), mine("$own_key")),
	"{issue_id}":                 slices.Concat(others("@nowhere", "@closed-issue", "$open_issue", "@internal"), mine("@vendor-issue")),
	"{rep_id}":                   others("@nobody", "@husholga", "$hushrival", "@val"), // accounts are for administrators
	"{support_button_id}":        others("@nothing", "@hush-door"),
	"{specialist_invitation_id}": slices.Concat(others("spi_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$f_spi"), mine("$spi")),
	"{help_link_id}":             others("@nothing", "@hush-way"),
	"{link_token}":               slices.Concat(others("nothing", strings.Repeat("A", 43)), mine("$link")), // of an email to a colleague
}

// sweeps are the queries and bodies with which operations are asked, beside none.
var sweeps = map[string][]string{
	"log-in":                {`{"username":"vic","password":"correct horse","device":{"platform":"script"}}`},
	"update-console":        {`{"portal_id":"<portal>"}`},
	"update-me":             {`{"busy":true}`},
	"change-password":       {`{"current_password":"another one","new_password":"battery staple"}`},
	"start-session":         {`{"customer":{"name":"Al"},"team_id":"<team>"}`, `{"customer":{"name":"Al"},"rep_id":"<rep>"}`, `{"customer":{"name":"Al"},"issue_id":"<issue of mine>"}`},
	"list-sessions":         {`?external_key=<key>`, `?q=hush`, `?mine=joined`, `?state=ended`},
	"end-session":           {`{"summary":"Done"}`},
	"leave-session":         {`{"new_owner_id":"<rep>"}`, `{}`},
	"join-session":          {`{"masked":true}`},
	"transfer-session":      {`{"rep_id":"<rep>"}`, `{"rep_id":"<rep id>"}`, `{"team_id":"<team>"}`},
	"update-attendee":       {`{"access":"view","masked":true}`},
	"request-help":          {`{"issue_id":"<issue>"}`},
	"invite":                {`{"rep_id":"<rep>"}`, `{"rep_id":"<rep id>"}`, `{"team_id":"<team>"}`, `{"portal_id":"<any portal>","include_sub_portals":true}`},
	"ack-delivery":          {`{"state":"received"}`},
	"list-messages":         {``, `?after=<position>`, `?order=desc&limit=1`},
	"post-message":          {`{"text":"Hello"}`},
	"mark-session-read":     {`{"message_id":"<message>"}`},
	"add-note":              {`{"text":"Hello"}`},
	"list-team-messages":    {``, `?after=<position>`, `?order=desc&limit=1`},
	"post-team-message":     {`{"text":"Hello"}`},
	"mark-team-chat-read":   {`{"message_id":"<team message>"}`},
	"update-preferences":    {`{"queue_sort":"company"}`},
	"post-guest-message":    {`{"text":"Hello"}`},
	"give-consent":          {`{"attendee_id":"<message>","granted":true}`},
	"get-share-options":     {``, `?team_id=<team>`, `?portal_id=<any portal>`, `?q=hush`, `?q=v&for=transfer`},
	"list-events":           {`?after=0&limit=200`, `?types=session.changed&after=0`},
	"import-organization":   {`teams: []`},
	"create-api-token":      {`{"name":"Al","rep_id":"<rep>","scopes":["sessions:read"]}`, `{"name":"Al","scopes":["sessions:read"]}`},
	"update-api-token":      {`{"name":"Al"}`},
	"create-session-key":    {`{"portal_id":"<portal>"}`},
	"enter":                 {`{"session_key":"3334444","customer":{"name":"Al"}}`, `{"portal_id":"<portal>","support_button_code":"none","customer":{"name":"Al"}}`},
	"update-guest-session":  {`{"page_title":"Hello"}`},
	"list-reps":             {``, `?q=hush`, `?team_id=<team>`},
	"create-rep":            {`{"username":"husholga","name":"Al"}`},
	"update-rep":            {`{"disabled":true}`},
	"set-rep-password":      {`{"new_password":"battery staple"}`},
	"create-team":           {`{"slug":"hush-lines","name":"Al"}`},
	"update-team":           {`{"disabled":true}`},
	"set-team-member":       {`{"role":"member"}`},
	"create-portal":         {`{"slug":"hall","name":"Al"}`},
	"update-portal":         {`{"name":"Al"}`},
	"create-issue":          {`{"slug":"closed-issue","title":"Al","team_id":"<team>"}`},
	"update-issue":          {`{"disabled":true}`},
	"create-support-button": {`{"slug":"hush-door","name":"Al","team_id":"<team>"}`},
	"update-support-button": {`{"disabled":true}`},
	"create-help-link":      {`{"slug":"hush-way","name":"Al","team_id":"<team>"}`},
	"update-help-link":      {`{"disabled":true}`},
	"reassign-session":      {`{"rep_id":"<rep>"}`},
	"list-queue-entries":    {``, `?q=hush`, `?sort=issue&order=desc`, `?issue_id=<issue of mine>`},
	"accept-next":           {`{"team_id":"<team>"}`, `{}`},

	"invite-specialists":           {`{"comment":"Hello"}`},
	"email-specialist-invitation":  {`{"emails":["al@example.com"]}`},
	"cancel-specialist-invitation": {`{"remove_joined":true}`, ``},
	"look-up-code":                 {`{"code":"000000000"}`, `{"link_token":"nothing"}`},
	"join-as-specialist":           {`{"code":"000000000","name":"Al"}`, `{"link_token":"nothing","name":"Al"}`},

	"answer-invitation-link": {`{"answer":"accept"}`, `{"answer":"decline"}`, `{"answer":"decline_and_switch_off"}`},
}

// elsewhere are operations that other tests hold to A7: a stream does not end.
var elsewhere = map[string]bool{"stream-events": true}

// late is the order of operations that take away what others need; the rest comes before.
var late = []string{"accept-next", "remove-attendee", "leave-session", "end-session"}

// ask is one request of the sweep. Those of a kind differ in names that are not the asker's, and are answered alike.
type ask struct {
	op, method, path, body, kind string
	alike                        bool
}

// sweep asks every operation as vic, with every name there is, and returns all that was told.
func (x *server) sweep(t *testing.T) string {
	t.Helper()
	var told strings.Builder
	first := map[string]string{}
	for _, one := range x.asks(t) {
		a := x.send(t, one.method, one.path, x.auth(t, "vic"), one.body, nil)
		what := fmt.Sprintf("%s %s %s %s", one.op, one.method, one.path, one.body)
		x.checkAnswer(t, what, "vic", one.method, one.path, a)
		once := []string{"Left Person", "Over Person", "Queued once"} // of what is past only the log tells
		if one.op == "list-events" {
			once = nil
		}
		if found := x.leaks(t, a.text+fmt.Sprint(a.header), once...); found != nil || a.status >= 500 {
			t.Errorf("%s: %d tells of %q: %s", what, a.status, found, a.text)
		}
		told.WriteString(a.text)
		if !one.alike {
			continue
		}
		got := fmt.Sprint(a.status, strings.ReplaceAll(a.text, a.header.Get("Request-Id"), ""))
		if want, asked := first[one.kind]; !asked {
			first[one.kind] = got
		} else if got != want {
			t.Errorf("%s: %s; of what is not there: %s", what, got, want)
		}
	}
	if len(first) < 50 {
		t.Errorf("only %d kinds of requests compared", len(first))
	}
	return told.String()
}

// asks lists the requests: readings first, and of each operation first those that name what is not vic's.
func (x *server) asks(t *testing.T) (all []ask) {
	t.Helper()
	for path, item := range x.api.Document().Paths {
		for method, op := range operationsOf(item) {
			if elsewhere[op.OperationID] {
				continue
			}
			templates := sweeps[op.OperationID]
			if templates == nil && op.RequestBody != nil {
				t.Errorf("%s takes a body that the sweep does not know", op.OperationID)
			}
			if templates == nil {
				templates = []string{""}
			}
			for _, template := range templates {
				all = append(all, x.fillIn(t, op, method, path, template)...)
			}
		}
	}
	rank := func(a ask) string {
		reads := a.method != "GET"
		return fmt.Sprintf("%v %02d %s %v", reads, slices.Index(late, a.op)+1, a.op, !a.alike)
	}
	slices.SortStableFunc(all, func(a, b ask) int { return strings.Compare(rank(a), rank(b)) })
	return all
}

var placeholder = regexp.MustCompile(`\{[a-z_]+_(?:id|token)\}|<[a-z ]+>`)

// fillIn makes the requests of one operation, with every name in every place.
func (x *server) fillIn(t *testing.T, op *huma.Operation, method, path, template string) []ask {
	t.Helper()
	all := []ask{{op: op.OperationID, method: method, path: path + "\n" + template, kind: op.OperationID + template}}
	for _, mark := range placeholder.FindAllString(path+"\n"+template, -1) {
		names := named[mark]
		if names == nil {
			t.Errorf("%s: the sweep knows nothing to put for %s", op.OperationID, mark)
		}
		var filled []ask
		for _, a := range all {
			for i, n := range names {
				if a.alike && i > 1 { // what it stands in is refused already: one that is there and one that is not will do
					break
				}
				if op.OperationID == "log-out" && n.mine {
					continue
				}
				next := a
				next.path = strings.Replace(a.path, mark, x.fill(t, n.name), 1)
				if next.alike = a.alike || !n.mine; n.mine {
					next.kind += " " + n.name
				}
				filled = append(filled, next)
			}
		}
		all = filled
	}
	for i := range all {
		var body string
		all[i].path, body, _ = strings.Cut(all[i].path, "\n")
		if strings.HasPrefix(body, "?") {
			all[i].path += strings.ReplaceAll(body, " ", "%20")
		} else {
			all[i].body = body
		}
	}
	return all
}
