package store_test

import (
	"flag"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// Whatever is done in whatever order: seats stay within the limit (B11), at most one active invitation stands per rep
// (B6), revisions only grow (B17), and what is over stays as it ended, with one winner (B13, B16).
func TestB6B11B13B17AnyOrderOfEvents(t *testing.T) {
	_ = flag.Set("rapid.checks", "60")
	_ = flag.Set("rapid.nofailfile", "true")
	d := storetest.NewDesk(t, storetest.Open(t, filepath.Join(t.TempDir(), "repdesk.db"), storetest.NewClock()))
	importYAML(t, d, "portals: [{slug: tiny, name: Tiny, max_invited_reps: 3}]")
	reps := crowd(t, d, 5)
	ana := d.LogIn("ana")
	rapid.Check(t, func(rt *rapid.T) {
		m := machine{t: t, d: d, ana: ana, reps: reps, session: d.OpenSession(ana, "@tiny").ID, seen: map[string]desk.Invitation{}}
		rt.Repeat(map[string]func(*rapid.T){
			"invite a rep":    func(rt *rapid.T) { m.invite(store.NewInvitation{RepID: m.rep(rt).RepID}) },
			"invite the team": func(rt *rapid.T) { m.invite(store.NewInvitation{TeamID: "@crowd"}) },
			"accept":          func(rt *rapid.T) { _, _ = d.AcceptInvitation(t.Context(), m.rep(rt), m.any(rt)) },
			"decline":         func(rt *rapid.T) { _, _ = d.DeclineInvitation(t.Context(), m.rep(rt), m.any(rt)) },
			"cancel":          func(rt *rapid.T) { _, _ = d.CancelInvitation(t.Context(), ana, m.any(rt)) },
			"end": func(rt *rapid.T) {
				if rapid.IntRange(0, 20).Draw(rt, "seldom") == 0 {
					_, _ = d.EndSession(t.Context(), ana, m.session, "")
				}
			},
			"": m.check,
		})
	})
}

// machine is one session at the hands of chance.
type machine struct {
	t       *testing.T
	d       *storetest.Desk
	ana     desk.Caller
	reps    []desk.Caller
	session string
	made    []string
	seen    map[string]desk.Invitation
}

func (m *machine) rep(rt *rapid.T) desk.Caller { return rapid.SampledFrom(m.reps).Draw(rt, "rep") }

// any is an invitation of the session, active or not.
func (m *machine) any(rt *rapid.T) string {
	if len(m.made) == 0 {
		return "inv_none"
	}
	return m.made[rapid.IntRange(0, len(m.made)-1).Draw(rt, "invitation")]
}

func (m *machine) invite(in store.NewInvitation) {
	if inv, err := m.d.Invite(m.t.Context(), m.ana, m.session, in); err == nil {
		m.made = append(m.made, inv.ID)
	}
}

func (m *machine) check(rt *rapid.T) {
	session := must(m.d.Session(m.t.Context(), m.ana, m.session))
	active, perRep := 0, map[string]int{}
	for _, inv := range must(m.d.SessionInvitations(m.t.Context(), m.ana, m.session, "", 200)) {
		if inv.Active() {
			active++
			if inv.Rep != nil {
				perRep[inv.Rep.ID]++
			}
		}
		m.checkOne(rt, inv)
	}
	for rep, n := range perRep {
		if n > 1 {
			rt.Fatalf("%d active invitations of %s", n, rep)
		}
	}
	joined := 0
	for _, a := range session.Attendees {
		if a.Role == desk.AttendeeRep {
			joined++
		}
	}
	if joined+active > 3 {
		rt.Fatalf("%d joined and %d invited on 3 seats", joined, active)
	}
	if session.State == desk.SessionEnded && joined+active > 0 {
		rt.Fatalf("%d joined and %d invited in an ended session", joined, active)
	}
}

func (m *machine) checkOne(rt *rapid.T, inv desk.Invitation) {
	before, known := m.seen[inv.ID]
	m.seen[inv.ID] = inv
	if (inv.State == desk.InvitationAccepted) != (inv.AcceptedBy != nil) || inv.Active() != (inv.EndedAt == nil) || inv.Active() != (inv.Reason == "") {
		rt.Fatalf("it does not hang together: %+v", inv)
	}
	if !known {
		return
	}
	changed := before.State != inv.State || len(before.DeclinedBy) != len(inv.DeclinedBy) || before.NobodyLeft != inv.NobodyLeft
	if inv.Rev < before.Rev || changed && inv.Rev == before.Rev {
		rt.Fatalf("revision %d after %d: %+v after %+v", inv.Rev, before.Rev, inv, before)
	}
	if !before.Active() && (changed || inv.Rev != before.Rev) {
		rt.Fatalf("what was over changed: %+v after %+v", inv, before)
	}
}
