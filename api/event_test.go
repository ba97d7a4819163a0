package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// TestH3AResetIsToldWhoPolls: who polls, for whatever types, learns at its place in the log that everything has to be loaded
// anew, and once; a stream is reset there.
func TestH3AResetIsToldWhoPolls(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "dev", "dev/phone")
		x.program(t, "ben/script", desk.EventsRead)
		const intoNetwork = `reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member, network: member}}]`
		for _, c := range []struct {
			who  string
			grow func()
		}{
			{"ben", func() { x.load(t, intoNetwork) }},
			{"ben/script", func() {
				x.load(t, strings.Replace(intoNetwork, ", network: member", "", 1))
				x.load(t, intoNetwork)
			}},
			{"dev", func() { x.do(t, call{as: "dev", do: "PATCH /v1/me/consoles/current", body: `{"portal_id":"@main"}`}) }},
		} {
			at := x.do(t, call{as: c.who, do: "GET /v1/event-log"}).at("cursor")
			x.do(t, call{as: "ana", do: "PATCH /v1/me", body: `{"busy":true}`})
			c.grow()
			for _, only := range []string{"", "&types=invitation.created", "&limit=1&types=session.changed"} {
				got := x.do(t, call{name: c.who + only, as: c.who, do: "GET /v1/event-log?after=" + at + only})
				types := got.items("type")
				reset := fmt.Sprintf("items.%d.", max(slices.Index(types, "reset"), 0))
				if strings.Count(strings.Join(types, " "), "reset") != 1 || got.at(reset+"reason") != "rights_changed" || got.at(reset+"at") == "" || only != "" && len(types) != 1 {
					t.Errorf("%s%s: %s", c.who, only, got.text)
				}
				x.do(t, call{name: "again", as: c.who, do: "GET /v1/event-log?after=" + got.at(reset+"id"), hasNot: []string{`"reset"`}})
			}
			if c.who != "ben/script" {
				if got := kinds(x.stream(t, c.who, "?types=invitation.created&after="+at).until(t, "reset")); got != "reset" {
					t.Errorf("%s: the stream told %s", c.who, got)
				}
			}
		}
		at := x.do(t, call{as: "ben", do: "GET /v1/event-log"}).at("cursor")
		x.load(t, strings.Replace(intoNetwork, ", network: member", "", 1))
		x.do(t, call{name: "what only shrinks is told by what goes", as: "ben", do: "GET /v1/event-log?after=" + at, has: []string{"me.changed"}, hasNot: []string{"reset"}})
	})
}
