package store_test

import (
	"context"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// invited is what becomes of an invitation that waits for what the statements change. Only PostgreSQL lets others write meanwhile.
func invited(t *testing.T, in store.NewInvitation, statements ...string) (d *storetest.Desk, owner desk.Caller, inv desk.Invitation, err error) {
	t.Helper()
	database := storetest.Postgres(t)
	d = storetest.NewDesk(t, storetest.Open(t, database, storetest.NewClock()))
	owner = d.LogIn("ana")
	d.LogIn("ben")
	d.LogIn("eli")
	logInUnder(t, d, "dev", "@open", "")
	session := d.OpenSession(owner, "@open")
	held, done := holdRows(t, database, statements...), make(chan error, 1)
	go func() {
		var err error
		inv, err = d.Invite(context.Background(), owner, session.ID, in)
		done <- err
	}()
	held.waitedFor()
	ok(t, held.tx.Commit())
	return d, owner, inv, <-done
}

// B5 and B13: who invites a portal while it is being closed is told that it is not there; none stands for ever.
func TestB5B13APortalThatIsBeingClosed(t *testing.T) {
	d, owner, _, err := invited(t, toOpen, `UPDATE portals SET disabled = 1 WHERE slug = 'open'`)
	refusal(t, "inviting it", err, desk.NotFound)
	for _, s := range must(d.Sessions(t.Context(), owner, store.SessionFilter{}, "", 10)) {
		if stand := must(d.SessionInvitations(t.Context(), owner, s.ID, "", 10)); len(stand) > 0 {
			t.Errorf("%+v stands", stand)
		}
	}
}

// B4: help on an issue is asked of the team that owns it, also where it has just come to that.
func TestB4AnIssueThatComesToAnotherTeam(t *testing.T) {
	const moved = `UPDATE issues SET team_id = (SELECT id FROM teams WHERE slug = 'printers') WHERE slug = 'vpn'`
	for what, change := range map[string]string{
		"from a team that is changed": `UPDATE teams SET persistent = 1 WHERE slug = 'network'`,
		"from a team that is closed":  `UPDATE teams SET disabled = 1 WHERE slug = 'network'`,
		"to a team that is changed":   `UPDATE teams SET persistent = 1 WHERE slug IN ('network', 'printers')`,
	} {
		t.Run(what, func(t *testing.T) {
			_, _, inv, err := invited(t, store.NewInvitation{IssueID: "@vpn"}, change, moved)
			if err != nil || inv.Team.Name != "Printers" {
				t.Errorf("the invitation is %+v (%v)", inv, err)
			}
		})
	}
	t.Run("not any more to anybody", func(t *testing.T) {
		_, _, _, err := invited(t, store.NewInvitation{IssueID: "@vpn"}, `UPDATE teams SET persistent = 1 WHERE slug = 'network'`, `UPDATE issues SET request_help = 0 WHERE slug = 'vpn'`)
		refusal(t, "asking for help", err, desk.IssueNotShareable)
	})
}
