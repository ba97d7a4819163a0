package storetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// What is not sound is found, on each engine, by the rule that it breaks. What the tables themselves forbid is not tried.
func TestSoundFindsWhatIsBroken(t *testing.T) {
	EachDatabase(t, soundFinds)
}

func soundFinds(t *testing.T, database string) {
	d := NewDesk(t, Open(t, database, NewClock()))
	ana, cho := d.LogIn("ana"), d.LogInWithPush("cho", "chos-phone")
	d.LogIn("ben")
	session := d.OpenSession(ana, "@main")
	for _, name := range []string{"@cho", "@ben"} {
		inv, err := d.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: name})
		if err == nil && name == "@cho" {
			_, err = d.AcceptInvitation(t.Context(), cho, inv.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	Sound(t, database)
	db := OpenRows(t, database)
	for change, rule := range map[string]string{
		`UPDATE attendees SET masked = 1 WHERE role = 'owner'`: "an active session has its owner",
		`UPDATE sessions SET state = 'waiting'`:                "nobody else is its owner",
		`UPDATE sessions SET state = 'ended'`:                  "nobody is in a session that has ended",
		`INSERT INTO attendees (id, session_id, role, access, joined_at) SELECT r.id, s.id, 'rep', 'view', 0 FROM sessions s, reps r`: "B11",
		`UPDATE invitations SET inviter_id = rep_id WHERE state = 'active'`:                                                           "B13: an invitation stands only",
		`UPDATE attendees SET rep_id = (SELECT id FROM reps WHERE username = 'ben') WHERE role = 'rep'`:                               "B13: whoever is in",
		`UPDATE invitations SET reason = 'cancelled' WHERE state = 'active'`:                                                          "B13: state, reason",
		`UPDATE invitations SET accepted_by = (SELECT id FROM reps WHERE username = 'dev') WHERE state = 'accepted'`:                  "B16",
		`UPDATE invitations SET state = 'cancelled' WHERE state = 'active'`:                                                           "D2, D3: nothing stands",
		`DELETE FROM queue_entries WHERE invitation_id <> ''`:                                                                         "D2, D3: an invitation stands",
		`UPDATE sessions SET state = 'waiting', queue_rep_id = 'nobody'`:                                                              "D2, D3: a session that waits",
		`DELETE FROM queue_entries WHERE invitation_id = ''`:                                                                          "D2: a session stands",
		`UPDATE deliveries SET state = 'sent' WHERE purpose = 'invitation'`:                                                           "G4",
	} {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(change); err != nil {
			t.Errorf("%s: %v", change, err)
		} else if found := breaches(t, tx); !slices.ContainsFunc(found, func(breach string) bool { return strings.HasPrefix(breach, rule) }) {
			t.Errorf("%s is not found to break %q, but %v", change, rule, found)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}
