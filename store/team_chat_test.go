package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// move gives a rep other teams.
func move(t *testing.T, d *storetest.Desk, username, teams string) {
	t.Helper()
	importYAML(t, d, "reps: [{username: "+username+", name: Moved "+username+", teams: "+teams+"}]")
}

// tellTeam writes into the chat of a team.
func tellTeam(t *testing.T, d *storetest.Desk, c desk.Caller, team, text string) desk.TeamMessage {
	t.Helper()
	m, err := d.PostTeamMessage(t.Context(), c, team, text, "")
	if err != nil {
		t.Fatalf("%s writes to %s: %v", c.Name, team, err)
	}
	return m
}

// teamChat is the chat of a team as lines "author: text".
func teamChat(t *testing.T, d *storetest.Desk, c desk.Caller, team string, q store.MessageQuery) (lines []string) {
	t.Helper()
	q.Limit = max(q.Limit, 1)
	for _, m := range must(d.TeamMessages(t.Context(), c, team, q)) {
		lines = append(lines, m.Author.Name+": "+m.Text)
	}
	return lines
}

// unread counts what a rep has not read in a team's chat, without moving the mark.
func unread(t *testing.T, d *storetest.Desk, c desk.Caller, team string) int {
	t.Helper()
	return must(store.UnreadTeamChat(t.Context(), d.Store, c.RepID, team))
}

func TestD6ATeamsChatIsItsReps(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		all := everybody(d)
		ana, ben, cho, hal := all["ana"], all["ben"], all["cho"], all["hal"]
		colleague, author := watch(t, d, ben), watch(t, d, ana)
		outside := map[string]*watcher{}
		for _, name := range []string{"dev", "eli", "fay", "gus", "hal"} {
			outside[name] = watch(t, d, all[name])
		}
		first := must(d.PostTeamMessage(t.Context(), ana, "@printers", "Who has toner?", "r-1"))
		if first.Author != ana.Ref() || first.ClientRef != "r-1" || !first.CreatedAt.Equal(clock.Now()) || first.TeamID != must(d.Me(t.Context(), ana)).Teams[0].Team.ID {
			t.Errorf("written: %+v", first)
		}
		tellTeam(t, d, cho, first.TeamID, "I do")
		lines := []string{"Ana Ruiz: Who has toner?", "Cho Min: I do"}
		for _, c := range []desk.Caller{ana, ben, cho, hal} {
			same(t, c.Name+" reads", teamChat(t, d, c, "@printers", store.MessageQuery{Limit: 9}), lines...)
		}
		if found := must(d.TeamMessages(t.Context(), ben, first.TeamID, store.MessageQuery{Limit: 9})); found[0].ClientRef != "" {
			t.Errorf("another's reference: %+v", found[0])
		}
		if found := must(d.TeamMessages(t.Context(), ana, first.TeamID, store.MessageQuery{Limit: 9})); found[0].ClientRef != "r-1" {
			t.Errorf("one's own reference: %+v", found[0])
		}
		for who, w := range map[string]*watcher{"r-1": author, "": colleague} {
			told := w.events()
			if len(told) != 2 || told[0].Type != desk.EventTeamMessage || told[0].TeamID != first.TeamID || told[0].QueueID != first.TeamID ||
				told[0].TeamMessage.ID != first.ID || told[0].TeamMessage.ClientRef != who || told[1].TeamMessage.Text != "I do" {
				t.Errorf("told %s", asJSON(told))
			}
		}
		for name, w := range outside {
			same(t, name+" is told", w.told())
			c := all[name]
			data.refuses(name+" writes", desk.NotFound, func() error { return try(d.PostTeamMessage(t.Context(), c, first.TeamID, "Hello", "")) })
			data.refuses(name+" marks it", desk.NotFound, func() error { return try(d.MarkTeamChatRead(t.Context(), c, "@printers", first.ID)) })
			if name != "hal" {
				data.refuses(name+" reads", desk.NotFound, func() error { return try(d.TeamMessages(t.Context(), c, first.TeamID, store.MessageQuery{Limit: 9})) })
			}
		}
		data.refuses("a team that is not there", desk.NotFound, func() error { return try(d.TeamMessages(t.Context(), hal, "@nowhere", store.MessageQuery{Limit: 9})) })
		importYAML(t, d, "teams: [{slug: printers, name: Printers, disabled: true}]")
		data.refuses("a disabled team", desk.NotFound, func() error { return try(d.PostTeamMessage(t.Context(), ana, "@printers", "Hello", "")) })
		data.refuses("a disabled team's chat", desk.NotFound, func() error { return try(d.TeamMessages(t.Context(), ana, first.TeamID, store.MessageQuery{Limit: 9})) })
	})
}

// A7, D6: in an embassy reps see one another by name, and of who has left it for another team the public name.
func TestA7TheChatOfAnEmbassy(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "reps: [{username: dev, name: Dev Patel, public_name: Devon, teams: {network: member, acme: member}}]")
		dev, fay, gus := d.LogIn("dev"), d.LogIn("fay"), d.LogIn("gus")
		log := watch(t, d, gus)
		tellTeam(t, d, dev, "@acme", "From within")
		tellTeam(t, d, fay, "@acme", "Welcome")
		same(t, "while in the team", teamChat(t, d, gus, "@acme", store.MessageQuery{Limit: 9}), "Dev Patel: From within", "Fay Winter: Welcome")
		importYAML(t, d, "reps: [{username: dev, name: Dev Patel, public_name: Devon, teams: {network: member}}]")
		same(t, "after leaving", teamChat(t, d, gus, "@acme", store.MessageQuery{Limit: 9}), "Devon: From within", "Fay Winter: Welcome")
		shows(t, "the log", log.events(), []string{"Dev Patel", "Devon", "Fay Winter"}, "Devon", "Fay Winter")
	})
}

func TestD6UnreadTeamChat(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, phone, cho := d.LogIn("ana"), d.LogIn("ben"), d.LogInWithPush("ben", "ben-1"), d.LogIn("cho")
		here, there, others := watch(t, d, ben), watch(t, d, phone), watch(t, d, cho)
		sent := []desk.TeamMessage{}
		for _, c := range []desk.Caller{ben, ana, ben, cho, ben, ben, ana} {
			sent = append(sent, tellTeam(t, d, c, "@printers", "From "+c.Name))
		}
		counts := func(what string, want ...int) {
			t.Helper()
			same(t, what, []int{unread(t, d, ana, "@printers"), unread(t, d, ben, "@printers"), unread(t, d, phone, "@printers"), unread(t, d, cho, "@printers")}, want...)
		}
		read := func(c desk.Caller, at, left int) {
			t.Helper()
			chat, err := d.MarkTeamChatRead(t.Context(), c, "@printers", sent[at].ID)
			if err != nil || chat.Unread != left || chat.TeamID != sent[0].TeamID {
				t.Errorf("%s reads as far as %d: %+v, %v, want %d left", c.Name, at, chat, err, left)
			}
		}
		counts("one's own do not count", 5, 3, 3, 6)
		here.events()
		there.events()
		others.events()
		read(ben, 1, 2)
		read(phone, 0, 2) // never back
		read(phone, 1, 2)
		read(phone, 2, 2) // one's own, passed already
		counts("read on one console is read on all", 5, 2, 2, 6)
		for who, w := range map[string]*watcher{"here": here, "on the phone": there} {
			if told := w.events(); len(told) != 1 || told[0].Type != desk.EventQueueChanged || told[0].QueueID != sent[0].TeamID || told[0].TeamID != sent[0].TeamID {
				t.Errorf("%s: told %s", who, asJSON(told))
			}
		}
		same(t, "others are told", others.told())
		read(ben, 6, 0)
		tellTeam(t, d, ben, "@printers", "Nothing new to me")
		counts("one's own, with nothing unread", 6, 0, 0, 7)
		network := tellTeam(t, d, d.LogIn("dev"), "@network", "Of another team")
		data.refuses("a message of another team", desk.NotFound, func() error { return try(d.MarkTeamChatRead(t.Context(), ben, "@printers", network.ID)) })
		for _, id := range []string{"", "n", "msg_ffffffffffffffffffffffffffffffff", "' OR 1=1"} {
			data.refuses("no message "+id, desk.NotFound, func() error { return try(d.MarkTeamChatRead(t.Context(), ben, "@printers", id)) })
		}
	})
}

// D6: however much of a chat is unread, as much of it is looked at, and it never counts as read; a rep's own words after
// the first unread do not hide it.
func TestD6ManyUnread(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		many := func(c desk.Caller) (last desk.TeamMessage) {
			for i := range desk.MaxUnreadChat + 20 {
				last = tellTeam(t, d, c, "@printers", fmt.Sprint(i))
			}
			return last
		}
		middle := many(ana)
		if n := unread(t, d, ben, "@printers"); n != desk.MaxUnreadChat {
			t.Errorf("%d unread", n)
		}
		many(ben)
		tellTeam(t, d, ana, "@printers", "the last")
		if chat := must(d.MarkTeamChatRead(t.Context(), ben, "@printers", middle.ID)); chat.Unread != 1 {
			t.Errorf("%d unread behind one's own", chat.Unread)
		}
		if n := unread(t, d, ana, "@printers"); n != desk.MaxUnreadChat {
			t.Errorf("%d unread for the other", n)
		}
	})
}

// D6: who comes into a team has what was said before as read, and may read it; who left it reads nothing more, from an old
// position of the log either.
func TestD6ComingAndGoing(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, dev, cho := d.LogIn("ana"), d.LogIn("dev"), d.LogIn("cho")
		news, old := watch(t, d, dev), watch(t, d, cho)
		tellTeam(t, d, ana, "@printers", "before")
		move(t, d, "dev", "{network: member, printers: member}")
		if n := unread(t, d, dev, "@printers"); n != 0 {
			t.Errorf("%d unread on coming", n)
		}
		same(t, "the newcomer reads", teamChat(t, d, dev, "@printers", store.MessageQuery{Limit: 9}), "Ana Ruiz: before")
		tellTeam(t, d, ana, "@printers", "while there")
		move(t, d, "dev", "{network: manager, printers: lead}")
		if n := unread(t, d, dev, "@printers"); n != 1 {
			t.Errorf("%d unread after it, whatever the role", n)
		}
		shows(t, "the newcomer's log", news.events(), []string{"before", "while there"}, "while there")
		move(t, d, "cho", "{network: member}")
		gone := tellTeam(t, d, ana, "@printers", "without cho")
		shows(t, "the log of who left", old.events(), []string{"before", "while there", "without cho"}, "before", "while there")
		data.refuses("who left reads", desk.NotFound, func() error { return try(d.TeamMessages(t.Context(), cho, gone.TeamID, store.MessageQuery{Limit: 9})) })
		data.refuses("who left writes", desk.NotFound, func() error { return try(d.PostTeamMessage(t.Context(), cho, gone.TeamID, "Hello", "")) })
		data.refuses("who left marks", desk.NotFound, func() error { return try(d.MarkTeamChatRead(t.Context(), cho, gone.TeamID, gone.ID)) })
		move(t, d, "cho", "{printers: member}")
		if n := unread(t, d, cho, "@printers"); n != 0 {
			t.Errorf("%d unread on coming back", n)
		}
		tellTeam(t, d, ana, "@printers", "back again")
		if n := unread(t, d, cho, "@printers"); n != 1 {
			t.Errorf("%d unread after coming back", n)
		}
		shows(t, "the log of who came back", watchFrom(t, d, cho, 0).events(), []string{"before", "while there", "without cho", "back again"}, "back again")
		importYAML(t, d, "reps: [{username: new, password: correct horse, name: New Rep, teams: {printers: member}}]")
		if n := unread(t, d, d.LogIn("new"), "@printers"); n != 0 {
			t.Errorf("%d unread for a new rep", n)
		}
	})
}

// watchFrom reads the log from an earlier position on.
func watchFrom(t *testing.T, d *storetest.Desk, c desk.Caller, at int64) *watcher {
	t.Helper()
	w := watch(t, d, c)
	w.at = at
	return w
}

func TestD6PagesOfATeamsChat(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, dev := d.LogIn("ana"), d.LogIn("dev")
		ids := []string{}
		for i := range 5 {
			ids = append(ids, tellTeam(t, d, ana, "@printers", fmt.Sprint(i)).ID)
			tellTeam(t, d, dev, "@network", "of others")
			clock.Advance(time.Second)
		}
		for what, c := range map[string]struct {
			q    store.MessageQuery
			want string
		}{
			"all": {store.MessageQuery{Limit: 9}, "01234"}, "the newest first": {store.MessageQuery{Limit: 9, Descending: true}, "43210"}, "the first": {store.MessageQuery{Limit: 2}, "01"},
			"the next": {store.MessageQuery{From: ids[1], Limit: 2}, "23"}, "the last": {store.MessageQuery{Limit: 1, Descending: true}, "4"}, "downwards": {store.MessageQuery{From: ids[3], Limit: 2, Descending: true}, "21"},
			"after one": {store.MessageQuery{After: ids[2], Limit: 9}, "34"}, "before one": {store.MessageQuery{Before: ids[2], Limit: 9}, "01"}, "between": {store.MessageQuery{After: ids[0], Before: ids[4], Limit: 9}, "123"},
			"between, downwards": {store.MessageQuery{After: ids[0], Before: ids[4], From: ids[3], Limit: 9, Descending: true}, "21"}, "between, on": {store.MessageQuery{After: ids[0], Before: ids[4], From: ids[1], Limit: 9}, "23"},
			"nothing": {store.MessageQuery{After: ids[4], Limit: 9}, ""}, "after what never was": {store.MessageQuery{After: "zzz", Limit: 9}, ""}, "before what never was": {store.MessageQuery{Before: "zzz", Limit: 9}, "01234"},
		} {
			got := ""
			for _, m := range must(d.TeamMessages(t.Context(), ana, "@printers", c.q)) {
				got += m.Text
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", what, got, c.want)
			}
		}
	})
}

func TestD6WhatATeamMessageMaySay(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana := d.LogIn("ana")
		kept := []string{"<script>alert(1)</script>", "'; DROP TABLE team_messages; --", "\u202eright to left", "👩‍👩‍👧 é\u0301 n̈", "two\nlines\tand a tab", strings.Repeat("😀", desk.MaxMessage)}
		for _, text := range kept {
			tellTeam(t, d, ana, "@printers", text)
		}
		same(t, "kept", teamChat(t, d, ana, "@printers", store.MessageQuery{Limit: 9}), slices.Collect(func(yield func(string) bool) {
			for _, text := range kept {
				yield("Ana Ruiz: " + text)
			}
		})...)
		for what, m := range map[string][2]string{"nothing": {"", ""}, "blank": {" \n\t ", ""}, "too long": {strings.Repeat("x", desk.MaxMessage+1), ""}, "NUL": {"a\x00b", ""}, "a bell": {"\a", ""},
			"no UTF-8": {"\xff", ""}, "a reference too long": {"x", strings.Repeat("x", desk.MaxName+1)}, "a reference of two lines": {"x", "a\nb"}} {
			data.refuses(what, desk.ValidationFailed, func() error { return try(d.PostTeamMessage(t.Context(), ana, "@printers", m[0], m[1])) })
		}
	})
}

// D6: what the same client wrote already is the same message, however often and at whatever instant it comes.
func TestD6TheSameReferenceIsTheSameMessage(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, phone, ben := d.LogIn("ana"), d.LogInWithPush("ana", "ana-1"), d.LogIn("ben")
		log := watch(t, d, ben)
		ids, errs := make([]string, 12), make([]error, 12)
		atOnce(len(ids), func(i int) {
			m, err := d.PostTeamMessage(t.Context(), []desk.Caller{ana, phone}[i%2], "@printers", "Once", "r-1")
			ids[i], errs[i] = m.ID, err
		})
		for i := range ids {
			if errs[i] != nil || ids[i] != ids[0] || ids[i] == "" {
				t.Errorf("%q, %v, want %q", ids[i], errs[i], ids[0])
			}
		}
		same(t, "told", log.told(), "team_message.posted")
		if m := must(d.PostTeamMessage(t.Context(), ana, "@printers", "Other words", "r-1")); m.ID != ids[0] || m.Text != "Once" {
			t.Errorf("again: %+v", m)
		}
		if m := must(d.PostTeamMessage(t.Context(), ben, "@printers", "Another's", "r-1")); m.ID == ids[0] || m.Author.ID != ben.RepID {
			t.Errorf("of another: %+v", m)
		}
		move(t, d, "ana", "{printers: lead, network: member}")
		if m := must(d.PostTeamMessage(t.Context(), ana, "@network", "In another team", "r-1")); m.ID == ids[0] {
			t.Errorf("in another team: %+v", m)
		}
		first, second := tellTeam(t, d, ana, "@printers", "Twice"), tellTeam(t, d, ana, "@printers", "Twice")
		if first.ID >= second.ID {
			t.Errorf("without a reference: %s, then %s", first.ID, second.ID)
		}
	})
}

// D6: many write and read at once: nothing is lost, the log tells in the order of the chat, and each ends with nothing
// unread once the last is read.
func TestD6ManyWriteAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		reps := crowd(t, d, 12)
		log, errs := watch(t, d, reps[0]), make([]error, len(reps))
		atOnce(len(reps), func(i int) {
			for n := range 4 {
				m, err := d.PostTeamMessage(t.Context(), reps[i], "@crowd", fmt.Sprint(i, n), fmt.Sprint(n))
				if err == nil {
					_, err = d.MarkTeamChatRead(t.Context(), reps[(i+1)%len(reps)], "@crowd", m.ID)
				}
				if err != nil {
					errs[i] = err
				}
			}
		})
		for i, err := range errs {
			if err != nil {
				t.Errorf("%s: %v", reps[i].Name, err)
			}
		}
		chat, told := must(d.TeamMessages(t.Context(), reps[0], "@crowd", store.MessageQuery{Limit: 100})), []string{}
		for _, e := range log.events() {
			if e.TeamMessage != nil {
				told = append(told, e.TeamMessage.ID)
			}
		}
		if len(chat) != 4*len(reps) {
			t.Fatalf("%d messages", len(chat))
		}
		for i, m := range chat {
			if i < len(told) && told[i] != m.ID {
				t.Errorf("told %d: %s, the chat has %s", i, told[i], m.ID)
			}
		}
		for _, c := range reps {
			if left := must(d.MarkTeamChatRead(t.Context(), c, "@crowd", chat[len(chat)-1].ID)); left.Unread != 0 || unread(t, d, c, "@crowd") != 0 {
				t.Errorf("%s has %d unread", c.Name, left.Unread)
			}
		}
	})
}
