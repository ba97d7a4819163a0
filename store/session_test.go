package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// everybody logs all reps of the organisation in.
func everybody(d *storetest.Desk) map[string]desk.Caller {
	all := map[string]desk.Caller{}
	for _, name := range []string{"ana", "ben", "cho", "dev", "eli", "fay", "gus", "hal"} {
		all[name] = d.LogIn(name)
	}
	return all
}

// sight says how a session shows itself to a rep, and checks that all ways to see it agree.
func sight(t *testing.T, d *storetest.Desk, c desk.Caller, id string) string {
	t.Helper()
	session, err := d.Session(t.Context(), c, id)
	_, attendeesErr := d.Attendees(t.Context(), c, id)
	listed := slices.ContainsFunc(must(d.Sessions(t.Context(), c, store.SessionFilter{}, "", 200)), func(s desk.Session) bool { return s.ID == id })
	if listed != (err == nil) {
		t.Errorf("%s: listed %v, and get says %v", c.Name, listed, err)
	}
	switch {
	case err != nil:
		refusal(t, c.Name, err, desk.NotFound)
		refusal(t, c.Name+"'s attendees", attendeesErr, desk.NotFound)
		return "none"
	case session.Attendees == nil:
		refusal(t, c.Name+"'s attendees", attendeesErr, desk.NotAllowed)
		if session.Customer.Name == "" || session.Customer.Details == "" {
			t.Errorf("%s: the summary misses something: %+v", c.Name, session)
		}
		return "summary"
	case attendeesErr != nil:
		t.Errorf("%s sees the session with attendees, and their list says %v", c.Name, attendeesErr)
	}
	return "full"
}

func TestA8WhoSeesASession(t *testing.T) {
	jo := desk.Customer{Name: "Jo Doe", Company: "Doe Ltd", Details: "The tray jams"}
	for _, c := range []struct {
		name string
		make func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session
		sees map[string]string // who sees what; the others nothing
	}{
		{"owned by a member", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			return d.OpenSession(all["ben"], "@main")
		}, map[string]string{"ben": "full", "ana": "full", "hal": "full"}}, // ana leads ben's team, cho is ben's equal
		{"owned by a lead", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			return d.OpenSession(all["ana"], "@main")
		}, map[string]string{"ana": "full", "hal": "full"}},
		{"owned by an administrator", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			return d.OpenSession(all["hal"], "@main")
		}, map[string]string{"hal": "full"}},
		{"with an invited rep", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			s := d.OpenSession(all["ana"], "@main")
			inviteRep(t, d, all["ana"], s, "dev")
			return s
		}, map[string]string{"ana": "full", "hal": "full", "dev": "summary"}},
		{"with an invited team, of which one declined", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			s := d.OpenSession(all["ana"], "@main")
			inv := requestHelp(t, d, all["ana"], s, "vpn")
			must(d.DeclineInvitation(t.Context(), all["dev"], inv.ID))
			return s
		}, map[string]string{"ana": "full", "hal": "full", "eli": "summary"}},
		{"after an invitation was cancelled", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			s := d.OpenSession(all["ana"], "@main")
			must(d.CancelInvitation(t.Context(), all["ana"], inviteRep(t, d, all["ana"], s, "dev").ID))
			return s
		}, map[string]string{"ana": "full", "hal": "full"}},
		{"with a joined rep", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			s := d.OpenSession(all["ana"], "@main")
			accept(t, d, all["dev"], requestHelp(t, d, all["ana"], s, "vpn"))
			return s
		}, map[string]string{"ana": "full", "hal": "full", "dev": "full"}}, // eli leads dev, but dev does not own it
		{"ended, with a rep who was in it and one who was invited", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			s := d.OpenSession(all["ben"], "@main")
			accept(t, d, all["dev"], requestHelp(t, d, all["ben"], s, "vpn"))
			inviteRep(t, d, all["ben"], s, "cho")
			return must(d.EndSession(t.Context(), all["ben"], s.ID, ""))
		}, map[string]string{"ben": "full", "ana": "full", "hal": "full", "dev": "full"}},
		{"waiting in a team's queue", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			return must(d.StartSession(t.Context(), all["ana"], store.NewSession{Kind: "support", Customer: jo, IssueID: "@vpn"})).Session
		}, map[string]string{"dev": "summary", "eli": "summary", "hal": "full"}},
		{"waiting for a rep", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			return must(d.StartSession(t.Context(), all["ana"], store.NewSession{Kind: "support", Customer: jo, RepID: "@ben"})).Session
		}, map[string]string{"ben": "summary", "hal": "full"}},
		{"taken from a team's queue", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			s := must(d.StartSession(t.Context(), all["ana"], store.NewSession{Kind: "support", Customer: jo, TeamID: "@network"})).Session
			return must(d.AcceptSession(t.Context(), all["dev"], s.ID))
		}, map[string]string{"dev": "full", "eli": "full", "hal": "full"}},
		{"taken from a team's queue by its lead", func(t *testing.T, d *storetest.Desk, all map[string]desk.Caller) desk.Session {
			s := must(d.StartSession(t.Context(), all["hal"], store.NewSession{Kind: "support", Customer: jo, TeamID: "@printers"})).Session
			return must(d.AcceptSession(t.Context(), all["ana"], s.ID))
		}, map[string]string{"ana": "full", "hal": "full"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				all := everybody(d)
				session := c.make(t, d, all)
				for name, caller := range all {
					want := c.sees[name]
					if want == "" {
						want = "none"
					}
					if got := sight(t, d, caller, session.ID); got != want {
						t.Errorf("%s sees %s, want %s", name, got, want)
					}
				}
			})
		})
	}
}

// B1 and I4: who cannot see the session is told that it is not there, word for word; who sees it and does not own it,
// that they are not its owner.
func TestB1I4OutsidersAndOthers(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		all := everybody(d)
		ben := all["ben"]
		session := d.OpenSession(ben, "@main")
		inv := inviteRep(t, d, ben, session, "cho")
		tries := map[string]func(c desk.Caller, sessionID, invitationID string) error{
			"get-session":    func(c desk.Caller, s, _ string) error { _, err := d.Session(t.Context(), c, s); return err },
			"list-attendees": func(c desk.Caller, s, _ string) error { _, err := d.Attendees(t.Context(), c, s); return err },
			"accept-session": func(c desk.Caller, s, _ string) error { _, err := d.AcceptSession(t.Context(), c, s); return err },
			"end-session":    func(c desk.Caller, s, _ string) error { _, err := d.EndSession(t.Context(), c, s, ""); return err },
			"get-share-options": func(c desk.Caller, s, _ string) error {
				_, err := d.ShareOptions(t.Context(), c, s, store.ShareQuery{Limit: 9})
				return err
			},
			"invite": func(c desk.Caller, s, _ string) error {
				_, err := d.Invite(t.Context(), c, s, store.NewInvitation{RepID: "@ana"})
				return err
			},
			"list-invitations": func(c desk.Caller, s, _ string) error {
				_, err := d.SessionInvitations(t.Context(), c, s, "", 9)
				return err
			},
			"get-invitation":     func(c desk.Caller, _, i string) error { _, err := d.Invitation(t.Context(), c, i); return err },
			"cancel-invitation":  func(c desk.Caller, _, i string) error { _, err := d.CancelInvitation(t.Context(), c, i); return err },
			"accept-invitation":  func(c desk.Caller, _, i string) error { _, err := d.AcceptInvitation(t.Context(), c, i); return err },
			"decline-invitation": func(c desk.Caller, _, i string) error { _, err := d.DeclineInvitation(t.Context(), c, i); return err },
			"list-deliveries":    func(c desk.Caller, _, i string) error { _, err := d.Deliveries(t.Context(), c, i, "", 9); return err },
		}
		for name, try := range tries {
			for _, outsider := range []string{"fay", "dev", "eli"} {
				hidden, absent := try(all[outsider], session.ID, inv.ID), try(all[outsider], "ses_none", "inv_none")
				refusal(t, name+" by "+outsider, hidden, desk.NotFound)
				if absent == nil || hidden == nil || hidden.Error() != absent.Error() {
					t.Errorf("%s tells %q of what is hidden and %q of what is not there", name, hidden, absent)
				}
			}
		}
		for _, name := range []string{"end-session", "get-share-options", "invite", "list-invitations", "cancel-invitation"} {
			for _, other := range []string{"cho", "ana"} { // invited; the owner's lead
				refusal(t, name+" by "+other, tries[name](all[other], session.ID, inv.ID), desk.NotSessionOwner)
			}
		}
		for _, name := range []string{"get-share-options", "invite", "cancel-invitation"} {
			refusal(t, name+" by the administrator", tries[name](all["hal"], session.ID, inv.ID), desk.NotSessionOwner)
		}
		if got := must(d.Invitation(t.Context(), ben, inv.ID)); !got.Active() || got.Rev != inv.Rev {
			t.Errorf("all that was refused changed %+v", got)
		}
	})
}

func TestD8WhoAcceptsAWaitingSession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		all := everybody(d)
		session := must(d.StartSession(t.Context(), all["ana"], store.NewSession{Kind: "browser", Customer: desk.Customer{Name: "Jo"}, TeamID: "@network"})).Session
		if session.Title != "[Browser] Jo" || session.State != desk.SessionWaiting || session.Team.Name != "Network" { // D4
			t.Errorf("session %+v", session)
		}
		dev, eli := watch(t, d, all["dev"]), watch(t, d, all["eli"])
		got := must(d.AcceptSession(t.Context(), all["dev"], session.ID))
		if got.Owner == nil || got.Owner.ID != all["dev"].RepID || got.Rev <= session.Rev || len(got.Attendees) != 2 {
			t.Errorf("accepted %+v", got)
		}
		must(d.AcceptSession(t.Context(), all["dev"], session.ID)) // again
		same(t, "the winner", dev.told("session."), "session.changed accepted")
		same(t, "the queue", eli.told("session."), "session.changed accepted")
		_, err := d.AcceptSession(t.Context(), all["eli"], session.ID)
		if p := refused(t, err, desk.SessionTaken); p.Conflict.By.ID != all["dev"].RepID {
			t.Errorf("conflict %+v", p.Conflict)
		}
		_, err = d.AcceptSession(t.Context(), all["hal"], session.ID)
		refusal(t, "an administrator, whose queue it was not", err, desk.SessionTaken)
		must(d.EndSession(t.Context(), all["dev"], session.ID, "done"))
		_, err = d.AcceptSession(t.Context(), all["dev"], session.ID)
		refused(t, err, desk.SessionNotActive)
	})
}

func TestC10SeveralSessionsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		own := d.OpenSession(ben, "")
		for range 2 {
			accept(t, d, ben, inviteRep(t, d, ana, d.OpenSession(ana, ""), "ben"))
		}
		joined := must(d.Sessions(t.Context(), ben, store.SessionFilter{Mine: "joined"}, "", 50))
		owned := must(d.Sessions(t.Context(), ben, store.SessionFilter{Mine: "owner", State: "active"}, "", 50))
		if len(joined) != 2 || len(owned) != 1 || owned[0].ID != own.ID {
			t.Errorf("joined %d, owned %d", len(joined), len(owned))
		}
	})
}

func TestEndingASession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		accept(t, d, ben, inviteRep(t, d, ana, session, "ben"))
		if got := must(d.Attendees(t.Context(), ben, session.ID)); len(got) != 3 || got[0].Role != desk.AttendeeCustomer || got[1].Role != desk.AttendeeOwner || // C2
			got[1].Access != desk.Control || got[2].Name != "Ben Okafor" || !got[2].JoinedAt.Equal(clock.Now()) {
			t.Errorf("attendees %+v", got)
		}
		ended := must(d.EndSession(t.Context(), ana, session.ID, "new tray\nordered"))
		if ended.State != desk.SessionEnded || ended.EndReason != "ended_by_owner" || ended.Summary != "new tray\nordered" || ended.RepCount != 0 || ended.EndedAt == nil || ended.Owner == nil {
			t.Errorf("ended %+v", ended)
		}
		if again := must(d.EndSession(t.Context(), ana, session.ID, "another")); again.Rev != ended.Rev || again.Summary != ended.Summary {
			t.Errorf("ended again %+v", again)
		}
		if got := must(d.Sessions(t.Context(), ben, store.SessionFilter{Mine: "joined"}, "", 50)); len(got) != 0 {
			t.Errorf("ben is still in %+v", got)
		}
		_, err := d.EndSession(t.Context(), ana, session.ID, "\x00")
		refused(t, err, desk.ValidationFailed)
	})
}

func TestListingSessions(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		ids := []string{}
		for _, name := range []string{"Jo 100%", "JÖ_x", "Max"} {
			s := must(d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: name, Company: "Doe"}, ExternalKey: name})).Session
			ids = append([]string{s.ID}, ids...)
		}
		list := func(f store.SessionFilter, before string, limit int) (found []string) {
			for _, s := range must(d.Sessions(t.Context(), ana, f, before, limit)) {
				found = append(found, s.ID)
			}
			return found
		}
		same(t, "all", list(store.SessionFilter{}, "", 50), ids...)
		same(t, "pages", append(list(store.SessionFilter{}, "", 2), list(store.SessionFilter{}, ids[1], 2)...), ids...)
		same(t, "part of a name", list(store.SessionFilter{Query: "jö"}, "", 50), ids[1])
		same(t, "% is no wildcard", list(store.SessionFilter{Query: "0%"}, "", 50), ids[2])
		same(t, "_ is no wildcard", list(store.SessionFilter{Query: "j__"}, "", 50))
		same(t, "the company", list(store.SessionFilter{Query: "DOE"}, "", 50), ids...)
		same(t, "another system's id", list(store.SessionFilter{ExternalKey: "Max"}, "", 50), ids[0])
		same(t, "of a state", list(store.SessionFilter{State: "active"}, "", 50))
		_, err := d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo"}, RepID: "@ben", TeamID: "@network"})
		refused(t, err, desk.OneTargetNeeded)
		var p *desk.Problem
		if _, err = d.StartSession(t.Context(), ana, store.NewSession{Kind: "support", Customer: desk.Customer{Name: "Jo"}, PortalID: "@none"}); !errors.As(err, &p) || p.Code != desk.NotFound {
			t.Errorf("an unknown portal: %v", err)
		}
	})
}
