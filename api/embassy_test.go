package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// vendors are two ordinary teams and two embassies. Everybody's private name differs from the public one, and all that
// vic, of an embassy, must never read has "hush" in it.
const vendors = `
portals:
  - {slug: hall, name: Hall, sharing: all, fallback_team: hush-night, specialists: true}
teams:
  - {slug: hush-lines, name: Hush lines}
  - {slug: hush-night, name: Night of hush, persistent: true}
  - {slug: vendor, name: Vendor, embassy: true}
  - {slug: hush-other, name: Other hush vendor, embassy: true}
reps:
  - {username: husholga, password: correct horse, name: Olga Hush, public_name: Sunny, email: olga@hush.example, teams: {hush-lines: lead, hush-night: member}, permissions: [share_outside_teams, transfer_outside_teams, invite_specialists]}
  - {username: hushotto, password: correct horse, name: Otto Hush, public_name: Breezy, email: otto@hush.example, teams: {hush-lines: member}}
  - {username: hushrival, password: correct horse, name: Rival Hush, public_name: Stormy, teams: {hush-other: member}}
  - {username: vic, password: correct horse, name: Vic Vendor, public_name: Windy, email: vic@vendor.example, teams: {vendor: member}, permissions: [share_outside_teams, transfer_outside_teams, extended_availability, invite_specialists]}
  - {username: val, password: correct horse, name: Val Vendor, public_name: Foggy, teams: {vendor: lead}}
  - {username: ved, password: correct horse, name: Ved Vendor, public_name: Rainy, email: ved@vendor.example, teams: {vendor: member}, permissions: [extended_availability]}
issues:
  - {slug: open-issue, title: Open issue, team: hush-lines, request_help: true}
  - {slug: closed-issue, title: Closed issue, team: hush-lines}
  - {slug: vendor-issue, title: Vendor issue, team: vendor, request_help: true}
support_buttons:
  - {slug: hush-door, name: Door of hush, team: hush-lines}
help_links:
  - {slug: hush-way, name: Way of hush, rep: husholga}
`

// meet starts a session with a customer, takes it, and saves its id under the name.
func (x *server) meet(t testing.TB, name, owner, customer string) {
	t.Helper()
	x.do(t, call{as: owner, do: "POST /v1/sessions", body: `{"portal_id":"@hall","external_key":"key of ` + customer + `","customer":{"name":"` + customer + `"}}`, want: 201, save: name + "=session.id"})
	x.do(t, call{as: owner, do: "POST /v1/sessions/$" + name + "/accept"})
}

// vendorScene gives vic a part in sessions with outsiders in each of the ways there are, beside sessions of which vic
// must not know.
func (x *server) vendorScene(t *testing.T) {
	t.Helper()
	x.load(t, vendors)
	for _, who := range []string{"husholga", "hushotto", "vic"} {
		x.logIn(t, who, fmt.Sprintf(`{"username":%q,"password":"correct horse","portal_id":"@hall","device":{"platform":"android","device_id":"%s","name":"Phone of %s","push_target":"target-of-%s"}}`, who, who, who, who))
	}
	x.logInAll(t, "val", "vic/second", "hushrival", "ved")
	x.do(t, call{as: "ved", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
	x.do(t, call{as: "ved", do: "DELETE /v1/me/consoles/current", want: 204})
	x.meet(t, "inside", "husholga", "Inside Person")
	x.join(t, "husholga", "inside", "vic", "")
	x.join(t, "husholga", "inside", "hushotto", "")
	x.play(t,
		call{as: "husholga", do: "POST /v1/sessions/$inside/messages", body: `{"text":"To all"}`, want: 201, save: "msg=id"},
		call{as: "husholga", do: "POST /v1/sessions/$inside/messages", body: `{"text":"To reps","audience":"reps"}`, want: 201},
		call{as: "hushotto", do: "POST /v1/sessions/$inside/notes", body: `{"text":"A note"}`, want: 201})
	x.meet(t, "mine", "vic", "Own Person")
	x.do(t, call{as: "vic", do: "POST /v1/sessions/$mine/request-help", body: `{"issue_id":"@open-issue"}`, want: 201, save: "help=id"})
	x.do(t, call{as: "husholga", do: "POST /v1/invitations/$help/decline"})
	x.do(t, call{as: "hushotto", do: "POST /v1/invitations/$help/accept"})
	x.do(t, call{as: "vic", do: "POST /v1/sessions/$mine/request-help", body: `{"issue_id":"@open-issue"}`, want: 201, save: "help2=id"})
	x.do(t, call{as: "husholga", do: "POST /v1/invitations/$help2/decline"})
	x.meet(t, "invited", "husholga", "Inviting Person")
	x.invite(t, "inv", "husholga", "invited", `{"rep_id":"@vic","comment":"Come"}`)
	x.invite(t, "any", "husholga", "invited", `{"team_id":"@vendor"}`)
	x.invite(t, "won", "husholga", "invited", `{"team_id":"@vendor"}`)
	x.invite(t, "mail", "husholga", "invited", `{"rep_id":"@ved","comment":"Mail"}`)
	x.do(t, call{as: "val", do: "POST /v1/invitations/$won/accept"})
	x.meet(t, "offered", "husholga", "Offered Person")
	x.do(t, call{as: "husholga", do: "POST /v1/sessions/$offered/transfer", body: `{"rep_id":"@vic","comment":"Yours"}`})
	x.do(t, call{as: "husholga", do: "POST /v1/sessions/$offered/specialist-invitations", body: `{}`, want: 201, save: "spi=id"}) // vic's with the session
	x.meet(t, "offered_all", "husholga", "Offered To All")
	x.do(t, call{as: "husholga", do: "POST /v1/sessions/$offered_all/transfer", body: `{"team_id":"@vendor"}`})
	x.do(t, call{as: "husholga", do: "POST /v1/sessions", body: `{"team_id":"@vendor","customer":{"name":"Queued Person"}}`, want: 201, save: "queued=session.id"})
	x.do(t, call{as: "husholga", do: "POST /v1/sessions", body: `{"rep_id":"@vic","customer":{"name":"Waiting Person"}}`, want: 201, save: "waits=session.id"})
	x.meet(t, "left", "husholga", "Left Person")
	x.join(t, "husholga", "left", "vic", "")
	x.do(t, call{as: "vic", do: "POST /v1/sessions/$left/leave"})
	x.meet(t, "over", "husholga", "Over Person")
	x.invite(t, "cancelled", "husholga", "over", `{"rep_id":"@vic"}`)
	x.do(t, call{as: "husholga", do: "POST /v1/invitations/$cancelled/cancel"})
	x.do(t, call{as: "val", do: "POST /v1/teams/@vendor/messages", body: `{"text":"Among vendors","client_ref":"hush, for the author"}`, want: 201, save: "team_msg=id"})
	x.foreignScene(t)
}

// foreignScene is all of which vic must not know.
func (x *server) foreignScene(t *testing.T) {
	t.Helper()
	x.meet(t, "f1", "husholga", "First Hush")
	x.invite(t, "f_team", "husholga", "f1", `{"team_id":"@hush-lines"}`)
	x.join(t, "husholga", "f1", "hushotto", "")
	x.do(t, call{as: "hushotto", do: "POST /v1/sessions/$f1/messages", body: `{"text":"Hush, among us"}`, want: 201, save: "f_msg=id"})
	x.meet(t, "f2", "husholga", "Second Hush")
	x.invite(t, "f_portal", "husholga", "f2", `{"portal_id":"@hall","include_sub_portals":true,"comment":"All of hush"}`)
	x.invite(t, "f_rep", "husholga", "f2", `{"rep_id":"@hushotto"}`)
	x.do(t, call{as: "husholga", do: "POST /v1/sessions", body: `{"team_id":"@hush-lines","customer":{"name":"Third Hush"}}`, want: 201, save: "f3=session.id"})
	x.meet(t, "f4", "val", "Hush of a colleague")
	x.meet(t, "f5", "hushrival", "Hush of a rival")
	x.do(t, call{as: "husholga", do: "POST /v1/sessions", body: `{"team_id":"@vendor","customer":{"name":"Queued once"}}`, want: 201, save: "handed=session.id"})
	x.do(t, call{as: "val", do: "POST /v1/sessions/$handed/accept"})
	x.do(t, call{as: "val", do: "POST /v1/sessions/$handed/request-help", body: `{"issue_id":"@open-issue"}`, want: 201, save: "f_help=id"})
	x.do(t, call{as: "hushotto", do: "POST /v1/invitations/$f_help/accept"})
	x.do(t, call{as: "val", do: "POST /v1/sessions/$handed/leave", body: `{"new_owner_id":"@hushotto"}`})
	x.do(t, call{as: "husholga", do: "POST /v1/teams/@hush-lines/messages", body: `{"text":"Hush, among the team"}`, want: 201, save: "f_team_msg=id"})
	x.do(t, call{as: "hushrival", do: "POST /v1/teams/@hush-other/messages", body: `{"text":"Hush, among rivals"}`, want: 201})
	x.do(t, call{as: "husholga", do: "POST /v1/sessions/$f1/specialist-invitations", body: `{"comment":"Hush for experts","emails":["expert@hush.example"]}`, want: 201, save: "f_spi=id f_code=code"})
	x.do(t, call{as: "", do: "POST /v1/public/join", body: `{"code":"$f_code","name":"Hush expert"}`, want: 201})
	x.seat(t, "f_seat", "husholga", "f1", "Otto Hush")
	x.seat(t, "f_customer", "husholga", "f1", "First Hush")
	x.do(t, call{as: "husholga", do: "GET /v1/invitations/$f_rep/deliveries", save: "f_dlv=items.0.id"})
	x.do(t, call{as: "husholga", do: "GET /v1/me/consoles", save: "f_con=items.0.id"})
	x.do(t, call{as: "husholga", do: "GET /v1/me", save: "t1=teams.0.team.id t2=teams.1.team.id"})
	x.do(t, call{as: "husholga", do: "POST /v1/session-keys", body: `{"portal_id":"@hall"}`, want: 201, save: "f_key=id"})
	x.do(t, call{as: "vic", do: "POST /v1/session-keys", want: 201, save: "own_key=id"})
	x.do(t, call{as: "hushrival", do: "GET /v1/me", save: "t3=teams.0.team.id"})
	x.do(t, call{as: "vic", do: "GET /v1/me", save: "vendor=teams.0.team.id"})
	for _, issue := range x.do(t, call{do: "GET /v1/public/portals/@hall"}).refs("issues") {
		x.saved[strings.ReplaceAll(strings.ToLower(issue[1]), " ", "_")] = issue[0]
	}
	issued, err := x.store.CreateAPIToken(t.Context(), x.store.Operator(), store.NewAPIToken{Name: "Token of hush", RepID: "@husholga", Scopes: desk.Scopes})
	if err != nil {
		t.Fatal(err)
	}
	x.saved["f_tok"] = issued.APIToken.ID
	x.seat(t, "in_otto", "husholga", "inside", "Otto Hush")
	x.seat(t, "in_vic", "husholga", "inside", "Vic Vendor")
	x.seat(t, "mine_otto", "hushotto", "mine", "Otto Hush")
}

// refs are the ids and names of a list of references.
func (a answer) refs(field string) (all [][2]string) {
	for i := 0; ; i++ {
		id := a.at(fmt.Sprintf("%s.%d.id", field, i))
		if id == "" {
			return all
		}
		all = append(all, [2]string{id, a.at(fmt.Sprintf("%s.%d.name", field, i))})
	}
}

// always are what no answer, event, push or email tells vic: marks, and ids of what is not vic's.
var always = []string{"$f1", "$f2", "$f3", "$f4", "$f5", "$f_team", "$f_portal", "$f_rep", "$f_help", "$f_msg", "$f_team_msg", "$f_seat", "$f_customer", "$f_dlv", "$f_spi", "$f_code", "$t1", "$t2", "$t3", "$hushrival"}

// leaks names what stands in a text that vic must not read.
func (x *server) leaks(t *testing.T, text string, more ...string) (found []string) {
	if at := strings.Index(strings.ToLower(text), "hush"); at >= 0 {
		found = append(found, text[max(0, at-60):min(len(text), at+60)])
	}
	for _, name := range append(more, always...) {
		if strings.Contains(text, x.fill(t, name)) {
			found = append(found, name)
		}
	}
	return found
}

// TestA7NothingOfOutsiders asks every operation that there is as a rep of an embassy: none tells of outsiders more than their public names,
// and of what is not the rep's nothing at all, not even that it is there. Nor do the event log, the stream, pushes and
// emails.
func TestA7NothingOfOutsiders(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.vendorScene(t)
		pushed := x.toldVendors(t)
		told := x.sweep(t)
		for _, name := range []string{"Sunny", "Breezy", "Val Vendor", "Inside Person", "Inviting Person", "Offered Person", "Queued Person", "Waiting Person", "To reps", "A note", "Among vendors"} {
			if !strings.Contains(told, name) {
				t.Errorf("nothing told of %s: the sweep asked too little", name)
			}
		}
		log, pages := "", x.events(t, "vic", "0")
		for _, page := range pages {
			log += page.text
		}
		if found := x.leaks(t, log); found != nil {
			t.Errorf("the event log tells of %q", found)
		}
		following := x.stream(t, "vic", "?after="+pages[0].at("items.0.id")) // from before vic came to the desk there is nothing to follow
		for _, m := range following.until(t, "ready") {
			if found := x.leaks(t, m.data); found != nil {
				t.Errorf("the stream tells of %q: %s", found, m.data)
			}
			if m.id != "" && !strings.Contains(log, m.data[strings.Index(m.data, `"type"`):]) {
				t.Errorf("the log is without %s", m.data)
			}
		}
		pushed += x.toldVendors(t)
		for _, text := range []string{`"Sunny"`, `"Come"`, `"Mail"`, `"channel":"email"`, `"purpose":"withdrawal"`, `"purpose":"transfer"`} {
			if !strings.Contains(pushed, text) {
				t.Errorf("no push or email told %s: %s", text, pushed)
			}
		}
	}, storetest.AnyNumberOfInvites)
}

// toldVendors takes all pushes and emails that wait, and returns what those to reps of the embassy may say.
func (x *server) toldVendors(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, channel := range []desk.Channel{desk.ChannelFCM, desk.ChannelEmail} {
		jobs, err := x.store.ClaimDeliveries(t.Context(), channel, 500, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, job := range jobs {
			if err := x.store.FinishDelivery(t.Context(), job, desk.Outcome{Kind: desk.OutcomeDone}, 0); err != nil {
				t.Fatal(err)
			}
			if job.Rep.ID != x.saved["vic"] && job.Rep.ID != x.saved["val"] && job.Rep.ID != x.saved["ved"] {
				continue
			}
			text, err := json.Marshal(job)
			if found := x.leaks(t, string(text)); found != nil || err != nil {
				t.Errorf("a message over %s tells of %q, %v: %s", channel, found, err, text)
			}
			if channel == desk.ChannelEmail && job.Purpose == desk.PurposeInvitation {
				x.saved["link"] = job.LinkToken
			}
			if channel == desk.ChannelFCM && job.Purpose != desk.PurposeWithdrawal {
				x.saved["dlv"] = job.ID
			}
			all.Write(text)
		}
	}
	return all.String()
}

// TestA7Lifted: with the permission the same rep sees outsiders as colleagues do, and may look beyond the embassy.
func TestA7Lifted(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.vendorScene(t)
		x.play(t,
			call{as: "vic", do: "GET /v1/sessions/$inside", has: []string{`"name":"Sunny"`, `"name":"Breezy"`, `"owner":{"id":"$husholga","name":"Sunny"}`}, hasNot: []string{"Hush"}},
			call{as: "vic", do: "POST /v1/sessions/$mine/invitations", body: `{"rep_id":"@hushotto"}`, want: 404, code: "not_found"},
			call{as: "vic", do: "GET /v1/sessions/$left", want: 404, code: "not_found"})
		x.load(t, `reps: [{username: vic, name: Vic Vendor, public_name: Windy, email: vic@vendor.example, teams: {vendor: member}, permissions: [share_outside_teams, see_outside_embassy]}]`)
		x.play(t,
			call{as: "vic", do: "GET /v1/sessions/$inside", has: []string{`"name":"Olga Hush"`, `"name":"Otto Hush"`}, hasNot: []string{"Sunny"}},
			call{as: "vic", do: "GET /v1/sessions/$inside/messages", has: []string{`"name":"Olga Hush"`}},
			call{name: "in a session once", as: "vic", do: "GET /v1/sessions/$left", has: []string{"Left Person"}},
			call{name: "A4 holds then", as: "vic", do: "POST /v1/sessions/$mine/invitations", body: `{"rep_id":"@husholga"}`, want: 201},
			call{name: "and portals do not pass by", as: "vic", do: "GET /v1/me/invitations", has: []string{"$f_portal"}},
			call{name: "not what is nobody's to see", as: "vic", do: "GET /v1/sessions/$f5", want: 404, code: "not_found"})
	}, storetest.AnyNumberOfInvites)
}

// TestA7Counts: nothing that an embassy rep does not see is counted for it, and portals pass it by.
func TestA7Counts(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.vendorScene(t)
		for path, want := range map[string]int{"GET /v1/sessions?limit=200": 7, "GET /v1/sessions?q=hush": 0, "GET /v1/sessions?mine=owner": 1, "GET /v1/me/invitations": 2,
			"GET /v1/sessions?external_key=key%20of%20First%20Hush": 0} {
			if got := x.do(t, call{as: "vic", do: path}).items("id"); len(got) != want {
				t.Errorf("%s: %d, want %d", path, len(got), want)
			}
		}
		jobs, err := x.store.ClaimDeliveries(t.Context(), desk.ChannelFCM, 500, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		badges := map[int]bool{}
		for _, job := range jobs {
			if job.Rep.ID == x.saved["vic"] {
				badges[job.Badge] = true
			}
		}
		if len(badges) != 1 || !badges[4] { // two invitations, two transfers
			t.Errorf("badges %v", badges)
		}
	}, storetest.AnyNumberOfInvites)
}
