package store_test

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// phone is a device as an app keeps it: of each notification the highest revision, and whether it shows.
type phone map[string]notice

type notice struct {
	rev   int64
	shows bool
}

// take brings a push to the phone, which ignores one that is not above what it keeps.
func (p phone) take(job desk.Job) {
	if kept, known := p[job.Key]; !known || job.KeyRev > kept.rev {
		p[job.Key] = notice{job.KeyRev, job.Purpose != desk.PurposeWithdrawal}
	}
}

func (p phone) showing() (keys []string) {
	for _, key := range slices.Sorted(maps.Keys(p)) {
		if p[key].shows {
			keys = append(keys, key)
		}
	}
	return keys
}

// pushes is the way to phones: pushes fail, come twice, late, and in any order.
type pushes struct {
	t      *testing.T
	d      *storetest.Desk
	clock  *storetest.Clock
	random *rand.Rand
	held   []desk.Job // a worker has them
	under  []desk.Job // FCM has them
	phones map[string]phone
	story  []string
}

func (p *pushes) note(format string, args ...any) {
	p.story = append(p.story, fmt.Sprintf(format, args...))
}

// some does one step of sending; sure says that nothing fails.
func (p *pushes) some(sure bool) {
	limit := 100
	if !sure {
		limit = 1 + p.random.Intn(3)
	}
	p.held = append(p.held, must(p.d.ClaimDeliveries(p.t.Context(), desk.ChannelFCM, limit, 10*time.Minute))...)
	p.random.Shuffle(len(p.held), func(i, j int) { p.held[i], p.held[j] = p.held[j], p.held[i] })
	for len(p.held) > 0 && (sure || p.random.Intn(3) > 0) {
		job := p.held[0]
		p.held = p.held[1:]
		outcome, comes := done, true
		if !sure && p.random.Intn(2) == 0 {
			outcome, comes = tryAgain, p.random.Intn(2) == 0
		}
		p.note("send %s %s rev %d to %s: %s, comes %v", job.Purpose, job.Key, job.KeyRev, job.PushTarget, outcome.Kind, comes)
		if comes {
			p.under = append(p.under, job)
		}
		ok(p.t, p.d.FinishDelivery(p.t.Context(), job, outcome, 0))
	}
	p.random.Shuffle(len(p.under), func(i, j int) { p.under[i], p.under[j] = p.under[j], p.under[i] })
	for len(p.under) > 0 && (sure || p.random.Intn(2) == 0) {
		job := p.under[0]
		p.under = p.under[1:]
		if p.phones[job.PushTarget] == nil {
			p.phones[job.PushTarget] = phone{}
		}
		p.phones[job.PushTarget].take(job)
	}
}

// all lets everything arrive.
func (p *pushes) all() {
	for range 12 {
		p.some(true)
		p.clock.Advance(desk.LongestRetry / 10)
	}
}

// G4, G5, G7: whatever happens to invitations, transfers, chats and queues, and however badly pushes go, when all has come every phone
// shows what its rep may still accept and nothing else, and in the end nothing.
func TestG5PhonesShowWhatStands(t *testing.T) {
	for _, calm := range []bool{true, false} {
		for seed := range int64(12) {
			t.Run(fmt.Sprintf("calm %v/%d", calm, seed), func(t *testing.T) { phonesShowWhatStands(t, seed, calm) })
		}
	}
}

func phonesShowWhatStands(t *testing.T, seed int64, calm bool) {
	clock := storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, t.TempDir()+"/repdesk.db", clock, storetest.AnyNumberOfInvites))
	p := &pushes{t: t, d: d, clock: clock, random: rand.New(rand.NewSource(seed)), phones: map[string]phone{}}
	ana, hal := d.LogIn("ana"), d.LogIn("hal")
	names := []string{"ben", "cho", "dev"}
	reps := map[string]desk.Caller{}
	for _, name := range names {
		reps[name] = d.LogInWithPush(name, name+"-1")
		wants(t, d, reps[name], ofTeams(desk.TeamAlertsAll))
	}
	var sessions []desk.Session
	var guests []desk.Guest
	for range 2 {
		s, g := d.OpenSessionWithGuest(ana, "@main")
		sessions, guests = append(sessions, s), append(guests, g)
	}
	var invitations []desk.Invitation
	var queued []desk.Session
	ctx := t.Context()
	for range 60 {
		i, name := p.random.Intn(len(sessions)), names[p.random.Intn(len(names))]
		s, rep := sessions[i], reps[name]
		var inv desk.Invitation
		if len(invitations) > 0 {
			inv = invitations[p.random.Intn(len(invitations))]
		}
		what := p.random.Intn(17)
		var err error
		switch what {
		case 0, 1:
			if inv, err = d.Invite(ctx, ana, s.ID, store.NewInvitation{TeamID: "@printers"}); err == nil {
				invitations = append(invitations, inv)
			}
		case 2:
			if inv, err = d.Invite(ctx, ana, s.ID, store.NewInvitation{RepID: "@" + name}); err == nil {
				invitations = append(invitations, inv)
			}
		case 3:
			clock.Advance(31 * time.Second)
			_, err = d.RemindInvitation(ctx, ana, inv.ID)
		case 4:
			_, err = d.CancelInvitation(ctx, ana, inv.ID)
		case 5:
			_, err = d.DeclineInvitation(ctx, rep, inv.ID)
		case 6:
			err = d.RemoveTeamMember(ctx, hal, "@printers", "@"+name)
		case 7:
			_, err = d.SetTeamMember(ctx, hal, "@printers", "@"+name, desk.TeamMember)
		case 8:
			_, err = d.TransferSession(ctx, ana, s.ID, store.NewTransfer{TeamID: "@printers"})
		case 9:
			if p.random.Intn(2) == 0 {
				_, err = d.CancelTransfer(ctx, ana, s.ID)
			} else {
				_, err = d.DeclineTransfer(ctx, rep, s.ID)
			}
		case 10:
			if calm {
				continue
			}
			_, err = d.AcceptInvitation(ctx, rep, inv.ID)
		case 11:
			if calm {
				continue
			}
			_, err = d.LeaveSession(ctx, rep, s.ID, "")
		case 12:
			if calm {
				continue
			}
			logOut(t, d, rep)
			reps[name] = d.LogInWithPush(name, name+"-1")
		case 13:
			if calm {
				continue
			}
			if p.random.Intn(2) == 0 {
				_, err = d.PostGuestMessage(ctx, guests[i], store.NewMessage{Text: "hello"})
			} else if all, listErr := d.Messages(ctx, rep, s.ID, store.MessageQuery{Descending: true, Limit: 1}); listErr == nil && len(all) > 0 {
				_, err = d.MarkSessionRead(ctx, rep, s.ID, all[0].ID)
			}
		case 14:
			if calm {
				continue
			}
			in := store.NewSession{TeamID: "@printers"}
			if p.random.Intn(2) == 0 {
				in = store.NewSession{RepID: "@" + name}
			}
			in.Kind, in.Customer = "support", desk.Customer{Name: "Jo Doe"}
			if begun, startErr := d.StartSession(ctx, hal, in); startErr == nil {
				queued = append(queued, begun.Session)
			}
		case 15:
			if len(queued) > 0 {
				_, err = d.AcceptSession(ctx, rep, queued[p.random.Intn(len(queued))].ID)
			}
		case 16:
			if len(queued) > 0 {
				_, err = d.TransferSession(ctx, rep, queued[p.random.Intn(len(queued))].ID, store.NewTransfer{TeamID: "@printers"})
			}
		}
		p.note("%d %s session %d inv %s: %v", what, name, i, inv.ID, err)
		p.some(false)
		clock.Advance(time.Duration(p.random.Intn(15)) * time.Second)
		for _, c := range reps {
			d.Touch(c)
		}
		d.Touch(ana)
		ok(t, d.FlushContacts(ctx))
	}
	p.all()
	for _, name := range names {
		may := open(t, d, reps[name])
		for _, key := range p.phones[name+"-1"].showing() {
			if key[:4] == "inv_" && !slices.Contains(may, key) {
				t.Errorf("%s's phone shows %s, which is over", name, key)
			}
		}
		for _, id := range may {
			if calm && id[:4] == "inv_" && !slices.Contains(p.phones[name+"-1"].showing(), id) {
				t.Errorf("%s's phone does not show %s", name, id)
			}
		}
	}
	for _, s := range append(sessions, queued...) {
		_, _ = d.EndSession(ctx, hal, s.ID, "")
	}
	p.all()
	for name, phone := range p.phones {
		if left := phone.showing(); len(left) > 0 {
			t.Errorf("%s still shows %v", name, left)
		}
	}
	if t.Failed() {
		for _, line := range p.story {
			t.Log(line)
		}
	}
}

// G5: a phone that was told that a session is over for its rep takes it when it is told of it again.
func TestG5ASessionIsToldAgainOnAPhone(t *testing.T) {
	for way, again := range map[string]func(t *testing.T, d *storetest.Desk, ben desk.Caller){
		"logs out and in": func(t *testing.T, d *storetest.Desk, ben desk.Caller) {
			logOut(t, d, ben)
			d.LogInWithPush("ben", "ben-1")
		},
		"leaves the team and comes back": func(t *testing.T, d *storetest.Desk, _ desk.Caller) {
			hal := d.LogIn("hal")
			ok(t, d.RemoveTeamMember(t.Context(), hal, "@printers", "@ben"))
			ok(t, try(d.SetTeamMember(t.Context(), hal, "@printers", "@ben", desk.TeamMember)))
		},
	} {
		t.Run(way, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ruled(t, d, "printers", "after_seconds: 60, action: overdue")
				hal, ben, held := d.LogIn("hal"), d.LogInWithPush("ben", "ben-1"), phone{}
				wants(t, d, ben, ofTeams(desk.TeamAlertsAll))
				takes := func() []string {
					jobs, _ := sent(t, d)
					for _, job := range jobs {
						held.take(job)
					}
					return slicesWith(held.showing(), "qen_")
				}
				session, _ := started(t, d, hal, store.NewSession{TeamID: "@printers"})
				if shown := takes(); len(shown) != 1 {
					t.Fatalf("it came, and the phone shows %v", shown)
				}
				again(t, d, ben)
				if shown := takes(); len(shown) != 0 {
					t.Fatalf("%s: the phone shows %v", way, shown)
				}
				clock.Advance(time.Minute)
				ok(t, d.DoDue(t.Context()))
				if shown := takes(); len(shown) != 1 {
					t.Fatalf("overdue, and the phone shows %v", shown)
				}
				take(t, d, d.LogIn("ana"), session)
				if shown := takes(); len(shown) != 0 {
					t.Errorf("taken, and the phone shows %v", shown)
				}
			})
		})
	}
}

// G10: that a session was taken over stays on the former owner's device when it ends, and goes with their log-in.
func TestG10TakenOverIsWithdrawnFromADeviceThatAnotherTakes(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, ben, held := d.LogIn("ana"), d.LogInWithPush("ben", "phone"), phone{}
		takes := func() []string {
			jobs, _ := sent(t, d)
			for _, job := range jobs {
				held.take(job)
			}
			return slicesWith(held.showing(), ".state")
		}
		session := d.OpenSession(ben, "@main")
		must(d.TakeOverSession(t.Context(), ana, session.ID))
		ok(t, try(d.EndSession(t.Context(), ana, session.ID, "")))
		if shown := takes(); len(shown) != 1 {
			t.Fatalf("taken over and ended, and the phone shows %v", shown)
		}
		d.LogInWithPush("cho", "phone")
		if shown := takes(); len(shown) != 0 {
			t.Errorf("cho has the phone, and it shows ben's %v", shown)
		}
	})
}
