package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// crowd loads a team of n reps and returns them as callers.
func crowd(t testing.TB, d *storetest.Desk, n int) []desk.Caller {
	t.Helper()
	yaml := "teams: [{slug: crowd, name: Crowd, persistent: true}]\nreps:\n"
	for i := range n {
		yaml += fmt.Sprintf("  - {username: c%d, password: correct horse, name: C%d, teams: {crowd: member}}\n", i, i)
	}
	if _, err := d.ImportOrganization(t.Context(), d.Operator(), []byte(yaml), false); err != nil {
		t.Fatal(err)
	}
	callers := []desk.Caller{}
	for i := range n {
		callers = append(callers, d.LogIn(fmt.Sprintf("c%d", i)))
	}
	return callers
}

// atOnce runs n functions at the same time.
func atOnce(n int, do func(i int)) {
	var ready, running sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		running.Go(func() {
			ready.Done()
			<-start
			do(i)
		})
	}
	ready.Wait()
	close(start)
	running.Wait()
}

func TestB16ExactlyOneWins(t *testing.T) {
	for _, n := range []int{20, 50} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				ana, reps := d.LogIn("ana"), crowd(t, d, n)
				session := d.OpenSession(ana, "@main")
				inv := inviteTeam(t, d, ana, session, "crowd")
				errs := make([]error, n)
				atOnce(n, func(i int) { _, errs[i] = d.AcceptInvitation(t.Context(), reps[i], inv.ID) })
				won := must(d.Invitation(t.Context(), ana, inv.ID)).AcceptedBy
				winners := 0
				for i, err := range errs {
					if err == nil {
						winners++
						if won == nil || won.ID != reps[i].RepID {
							t.Errorf("%s was told to have won, the winner is %v", reps[i].Name, won)
						}
						continue
					}
					if p := refused(t, err, desk.InvitationNotActive); p.Conflict.By == nil || p.Conflict.By.ID != won.ID {
						t.Errorf("%s is told that it was %v", reps[i].Name, p.Conflict.By)
					}
				}
				if winners != 1 {
					t.Errorf("%d winners", winners)
				}
				if got := must(d.Session(t.Context(), ana, session.ID)); got.RepCount != 2 || len(got.Attendees) != 3 {
					t.Errorf("%d reps, %d attendees in the session", got.RepCount, len(got.Attendees))
				}
			})
		})
	}
}

// Accepting races with cancelling, and with the end of the session: one of them wins, and the other is told.
func TestB16AcceptRaces(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) error{
		"cancel": func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) error {
			_, err := d.CancelInvitation(t.Context(), ana, inv.ID)
			return err
		},
		"end": func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) error {
			_, err := d.EndSession(t.Context(), ana, inv.Session.ID, "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
				for range 15 {
					session := d.OpenSession(ana, "@main")
					inv := inviteRep(t, d, ana, session, "ben")
					var acceptErr, endErr error
					atOnce(2, func(i int) {
						if i == 0 {
							_, acceptErr = d.AcceptInvitation(t.Context(), ben, inv.ID)
						} else {
							endErr = end(t, d, ana, inv)
						}
					})
					got := must(d.Invitation(t.Context(), ana, inv.ID))
					if accepted := got.State == desk.InvitationAccepted; accepted != (acceptErr == nil) || got.Active() {
						t.Fatalf("accepting gave %v, the invitation is %s", acceptErr, got.State)
					}
					if name == "end" && endErr != nil {
						t.Fatalf("ending gave %v", endErr)
					}
					if name == "cancel" && (endErr == nil) == (acceptErr == nil) {
						t.Fatalf("accepting gave %v, cancelling %v", acceptErr, endErr)
					}
					if left := must(d.Attendees(t.Context(), ana, session.ID)); name == "end" && len(left) != 0 {
						t.Fatalf("left in an ended session: %+v", left)
					}
				}
			})
		})
	}
}

func TestB11SeatsUnderConcurrentInvitations(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, reps := d.LogIn("ana"), crowd(t, d, 10)
		session := d.OpenSession(ana, "@main")
		errs := make([]error, 20)
		atOnce(20, func(i int) {
			in := store.NewInvitation{TeamID: "@crowd"}
			if i < len(reps) {
				in = store.NewInvitation{RepID: reps[i].RepID}
			}
			_, errs[i] = d.Invite(t.Context(), ana, session.ID, in)
		})
		invited := 0
		for _, err := range errs {
			if err == nil {
				invited++
			} else if p := refused(t, err, desk.RepLimitReached); p.Limit != 7 {
				t.Errorf("limit %d", p.Limit)
			}
		}
		if active := len(must(d.SessionInvitations(t.Context(), ana, session.ID, "", 50))); invited != 7 || active != 7 {
			t.Fatalf("%d were promised, %d stand, of 7 seats", invited, active)
		}
		// All who may accept, while the owner tries to invite more: a seat is a seat, invited or joined.
		atOnce(len(reps)+5, func(i int) {
			if i >= len(reps) {
				_, _ = d.Invite(t.Context(), ana, session.ID, store.NewInvitation{TeamID: "@crowd"})
				return
			}
			for _, inv := range must(d.MyInvitations(t.Context(), reps[i], "", 50)) {
				_, _ = d.AcceptInvitation(t.Context(), reps[i], inv.ID)
			}
		})
		menu := must(d.ShareOptions(t.Context(), ana, session.ID, store.ShareQuery{Limit: 50}))
		joined := must(d.Session(t.Context(), ana, session.ID)).RepCount - 1
		if joined+len(menu.Invitations) > 7 || menu.Seats.RepsLeft != 7-joined-len(menu.Invitations) {
			t.Errorf("%d joined, %d invited, %d seats left", joined, len(menu.Invitations), menu.Seats.RepsLeft)
		}
	})
}

func TestB6OneInvitationUnderConcurrency(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session := d.OpenSession(ana, "@main")
		errs := make([]error, 20)
		atOnce(20, func(i int) {
			_, errs[i] = d.Invite(t.Context(), ana, session.ID, store.NewInvitation{RepID: ben.RepID})
		})
		first := open(t, d, ben)
		for _, err := range errs {
			if err != nil {
				if p := refused(t, err, desk.AlreadyInvited); p.Conflict.ID != first[0] {
					t.Errorf("conflict with %s", p.Conflict.ID)
				}
			}
		}
		if len(first) != 1 {
			t.Errorf("%d active invitations of one rep", len(first))
		}
	})
}

func TestD8TwoAcceptTheSameSession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		reps := crowd(t, d, 20)
		session := must(d.StartSession(t.Context(), d.LogIn("ana"), store.NewSession{Kind: "support", TeamID: "@crowd", Customer: desk.Customer{Name: "Jo"}})).Session
		errs := make([]error, len(reps))
		atOnce(len(reps), func(i int) { _, errs[i] = d.AcceptSession(t.Context(), reps[i], session.ID) })
		owner := must(d.Session(t.Context(), d.LogIn("hal"), session.ID)).Owner
		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				if owner.ID != reps[i].RepID {
					t.Errorf("%s was told to own it, the owner is %s", reps[i].Name, owner.Name)
				}
			} else if p := refused(t, err, desk.SessionTaken); p.Conflict.By.ID != owner.ID {
				t.Errorf("told that it was %s", p.Conflict.By.Name)
			}
		}
		if winners != 1 {
			t.Errorf("%d winners", winners)
		}
	})
}

// Cancelling while a worker claims: what the worker got is withdrawn, what it did not get is dropped (G4, G7).
func TestG4CancelRacesTheWorker(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		d.LogInWithPush("ben", "ben-1")
		d.LogInWithPush("ben", "ben-2")
		session := d.OpenSession(ana, "@main")
		for range 15 {
			inv := inviteRep(t, d, ana, session, "ben")
			var claimed []desk.Job
			var err, cancelErr error
			atOnce(2, func(i int) {
				if i == 0 {
					claimed, err = d.ClaimDeliveries(t.Context(), desk.ChannelFCM, 10, lease)
				} else {
					_, cancelErr = d.CancelInvitation(t.Context(), ana, inv.ID)
				}
			})
			if err := errors.Join(err, cancelErr); err != nil {
				t.Fatal(err)
			}
			finish(t, d, claimed, done)
			sent := map[string]int{}
			for _, job := range append(claimed, claim(t, d, desk.ChannelFCM)...) {
				if job.Purpose == desk.PurposeInvitation {
					sent[job.PushTarget]++
				} else {
					sent[job.PushTarget]--
				}
			}
			for target, left := range sent {
				if left != 0 {
					t.Fatalf("%s was sent %d invitations more than withdrawals", target, left)
				}
			}
		}
	})
}
