package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// follower reads the log as an open stream does: when it is woken, what it was woken for.
type follower struct{ *watcher }

func follow(t *testing.T, d *storetest.Desk, c desk.Caller) follower {
	t.Helper()
	w := watch(t, d, c)
	w.sub.Follow(nil)
	return follower{w}
}

// until reads until an event with a text or of a type comes, and returns the words of all before it.
func (f follower) until(word string) (words []string) {
	f.t.Helper()
	late := time.After(30 * time.Second)
	for {
		found, err := f.sub.ReadLatest(f.t.Context(), f.at, 1000)
		if err != nil {
			f.t.Fatal(err)
		}
		f.at = found.Cursor
		if found.Grown {
			words = append(words, "reset")
		}
		for i, e := range found.Items {
			if shared, own := must(found.JSON(i)), must(json.Marshal(e)); string(shared) != string(own) {
				f.t.Errorf("the client gets %s of %s", shared, own)
			}
			said := string(e.Type)
			if e.TeamMessage != nil {
				said = e.TeamMessage.Text
			}
			if said == word {
				return words
			}
			words = append(words, said)
		}
		select {
		case <-f.sub.Woken():
		case <-late:
			f.t.Fatalf("%s never came, only %v", word, words)
		}
	}
}

// H1, A8: a stream that reads from memory is given what its rep may see now, however often it read before: here of a team
// that the rep leaves and comes back into, by this server and by another on the same database.
func TestH1FollowersRightsAreThoseOfNow(t *testing.T) {
	for name, database := range map[string]string{"sqlite": t.TempDir() + "/repdesk.db", "postgres": storetest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			clock := storetest.NewClock()
			d := storetest.NewDesk(t, storetest.Open(t, database, clock))
			ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
			session := d.OpenSession(ana, "@main")
			for i, changes := range []*store.Store{d.Store, storetest.Open(t, database, clock), d.Store} {
				f := follow(t, d, ben)
				for _, text := range []string{"first", "second"} {
					must(d.PostTeamMessage(t.Context(), ana, "@printers", text, ""))
					f.until(text)
				}
				ok(t, changes.RemoveTeamMember(t.Context(), hal, "@printers", "@ben"))
				must(d.PostTeamMessage(t.Context(), ana, "@printers", "secret", ""))
				inv := inviteRep(t, d, ana, session, "ben")
				if words := f.until("invitation.created"); slices.Contains(words, "secret") {
					t.Errorf("round %d: told %v after leaving the team", i, words)
				}
				must(d.CancelInvitation(t.Context(), ana, inv.ID))
				must(changes.SetTeamMember(t.Context(), hal, "@printers", "@ben", desk.TeamMember))
				if words := f.until("me.changed"); !slices.Contains(words, "reset") {
					t.Errorf("round %d: told %v after coming into the team", i, words)
				}
			}
		})
	}
}

// H1, A8: what a follower may see is known from the beginning, and holds no longer than that.
func TestH1AFollowerWhoHasReadNothing(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("hal")
		session := d.OpenSession(ana, "@main")
		f := follow(t, d, ben)
		ok(t, d.RemoveTeamMember(t.Context(), hal, "@printers", "@ben"))
		must(d.PostTeamMessage(t.Context(), ana, "@printers", "secret", ""))
		inviteRep(t, d, ana, session, "ben")
		if words := f.until("invitation.created"); slices.Contains(words, "secret") {
			t.Errorf("told %v after leaving the team", words)
		}
	})
}

// H2: what was written between the end of the log that a subscription began at and its first reading wakes it.
func TestH2ASubscriptionMissesNothingAfterItsStart(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		sub := must(d.Subscribe(t.Context(), ben))
		must(d.PostTeamMessage(t.Context(), ana, "@printers", "early", ""))
		f := follower{&watcher{t: t, sub: sub, at: sub.Start()}}
		sub.Follow(nil)
		f.until("early")
	})
}

// H1, A7: who becomes an embassy rep is shown what comes after that by public names, out of memory too.
func TestH1AFollowerWhoBecomesAnEmbassyRep(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		const fay = "reps: [{username: fay, name: Fay Winter, teams: {acme: member}, permissions: [%s]}]"
		importYAML(t, d, fmt.Sprintf(fay, desk.SeeOutsideEmbassy))
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		fays, anas := follow(t, d, d.LogIn("fay")), follow(t, d, ana)
		sync := func(text string) {
			t.Helper()
			must(d.PostTeamMessage(t.Context(), ana, "@printers", text, ""))
			anas.until(text)
		}
		first := inviteRep(t, d, ana, session, "fay")
		fays.until("invitation.created")
		must(d.CancelInvitation(t.Context(), ana, first.ID))
		fays.until("invitation.ended")
		sync("first")
		importYAML(t, d, fmt.Sprintf(fay, ""))
		inviteRep(t, d, ana, session, "fay")
		sync("second")
		found, err := fays.sub.ReadLatest(t.Context(), fays.at, 1000)
		ok(t, err)
		if !found.Grown {
			t.Error("fay is not told to load anew")
		}
		shows(t, "what fay is told", found.Items, []string{"Ruiz"})
	})
}
