package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

const followsUp = "portals: [{slug: main, name: Main, email_follow_up: true}]"

// emailed invites ben by email, in a portal whose emails are followed up, and has it sent.
func emailed(t *testing.T, d *storetest.Desk) (ana, ben desk.Caller, inv desk.Invitation, first desk.Job) {
	t.Helper()
	importYAML(t, d, followsUp)
	ben, ana = extended(t, d, "ben"), d.LogIn("ana")
	inv = inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
	jobs := deliver(t, d, desk.ChannelEmail)
	return ana, ben, inv, jobs[0]
}

// TestG4FollowUpOfWhatEnded: in the same thread, with how the invitation ended, once.
func TestG4FollowUpOfWhatEnded(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation)
		reason desk.EndReason
	}{
		"cancelled": {func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) {
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		}, desk.EndCancelled},
		"session ended": {func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) {
			must(d.EndSession(t.Context(), ana, inv.Session.ID, ""))
		}, desk.EndSessionEnded},
		"moved": {func(t *testing.T, d *storetest.Desk, ana desk.Caller, inv desk.Invitation) {
			cho := d.LogIn("cho")
			transfer(t, d, ana, desk.Session{ID: inv.Session.ID}, store.NewTransfer{RepID: "@cho"})
			take(t, d, cho, desk.Session{ID: inv.Session.ID})
		}, desk.EndOwnershipMoved},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				ana, _, inv, first := emailed(t, d)
				c.end(t, d, ana, inv)
				jobs := claim(t, d, desk.ChannelEmail)
				same(t, "mails", targets(jobs), "withdrawal ben@example.com")
				job := jobs[0]
				if job.Follows != first.ID || job.Key != inv.ID || job.Invitation.Active() || job.Invitation.Reason != c.reason || job.Invitation.Inviter.ID != ana.RepID || job.Customer != nil || job.LinkToken == "" {
					t.Errorf("job %+v", job)
				}
				finish(t, d, jobs, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
				if due, waits, err := d.NextDeliveryDue(t.Context(), desk.ChannelEmail); !waits || err != nil || !due.After(first.UpdatedAt) {
					t.Errorf("it is not tried again: %v, %v, %v", due, waits, err)
				}
			})
		})
	}
}

// TestG4FollowUpOnlyWhereItSaysSomething: not to who answered or came another way, not of what was not sent, not where the portal
// does not ask, not to who wants no more emails.
func TestG4FollowUpOnlyWhereItSaysSomething(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, d *storetest.Desk, ana, ben desk.Caller, inv desk.Invitation, link string){
		"accepted": func(t *testing.T, d *storetest.Desk, _, _ desk.Caller, _ desk.Invitation, link string) {
			must(d.AnswerInvitationLink(t.Context(), link, store.LinkAccept))
		},
		"declined": func(t *testing.T, d *storetest.Desk, _, _ desk.Caller, _ desk.Invitation, link string) {
			must(d.AnswerInvitationLink(t.Context(), link, store.LinkDecline))
		},
		"declined and switched off": func(t *testing.T, d *storetest.Desk, _, _ desk.Caller, _ desk.Invitation, link string) {
			must(d.AnswerInvitationLink(t.Context(), link, store.LinkDeclineAndSwitchOff))
		},
		"switched off": func(t *testing.T, d *storetest.Desk, ana, _ desk.Caller, inv desk.Invitation, link string) {
			must(d.AnswerInvitationLink(t.Context(), link, store.LinkSwitchOff))
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		},
		"another way": func(t *testing.T, d *storetest.Desk, ana, _ desk.Caller, inv desk.Invitation, _ string) {
			any := inviteTeam(t, d, ana, desk.Session{ID: inv.Session.ID}, "printers")
			accept(t, d, d.LogIn("ben"), any)
		},
		"the portal does not ask": func(t *testing.T, d *storetest.Desk, ana, _ desk.Caller, inv desk.Invitation, _ string) {
			importYAML(t, d, "portals: [{slug: main, name: Main, email_follow_up: false}]")
			must(d.CancelInvitation(t.Context(), ana, inv.ID))
		},
		"the account is closed": func(t *testing.T, d *storetest.Desk, _, _ desk.Caller, _ desk.Invitation, _ string) {
			importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, email: ben@example.com, permissions: [extended_availability], disabled: true}]")
		},
		"it was not sent": func(t *testing.T, d *storetest.Desk, ana, ben desk.Caller, inv desk.Invitation, link string) {
			must(d.AnswerInvitationLink(t.Context(), link, store.LinkDecline))
			second := inviteRep(t, d, ana, desk.Session{ID: inv.Session.ID}, "ben")
			must(d.CancelInvitation(t.Context(), ana, second.ID))
		},
		"the mail server refused it": func(t *testing.T, d *storetest.Desk, ana, ben desk.Caller, inv desk.Invitation, link string) {
			must(d.AnswerInvitationLink(t.Context(), link, store.LinkDecline))
			second := inviteRep(t, d, ana, desk.Session{ID: inv.Session.ID}, "ben")
			sending := claim(t, d, desk.ChannelEmail)
			must(d.CancelInvitation(t.Context(), ana, second.ID)) // while it is being sent
			finish(t, d, sending, desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				ana, ben, inv, first := emailed(t, d)
				end(t, d, ana, ben, inv, first.LinkToken)
				same(t, "mails", send(t, d, desk.ChannelEmail))
			})
		})
	}
}

// TestG4FollowUpOfTheNewest: of a reminded invitation, and at most one.
func TestG4FollowUpOfTheNewest(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana, _, inv, _ := emailed(t, d)
		remind(t, d, ana, inv)
		second := deliver(t, d, desk.ChannelEmail)
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "mails", targets(jobs), "withdrawal ben@example.com")
		if jobs[0].Follows != second[0].ID {
			t.Errorf("follows %s, want %s", jobs[0].Follows, second[0].ID)
		}
	})
}

// TestG4FollowUpOfATeams: to those whom it was taken from, and when it is over; not twice, not to who took it or declined it.
func TestG4FollowUpOfATeams(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, followsUp+"\nreps: [{username: eli, name: Eli Stone, email: eli@example.com, teams: {network: manager}, permissions: [extended_availability]}]")
		extended(t, d, "dev")
		extended(t, d, "eli")
		extended(t, d, "cho")
		ana := d.LogIn("ana")
		importYAML(t, d, "reps: [{username: cho, name: Cho Min, email: cho@example.com, teams: {network: member}, permissions: [extended_availability]}]")
		inv := requestHelp(t, d, ana, d.OpenSession(ana, "@main"), "vpn")
		same(t, "mails", send(t, d, desk.ChannelEmail), "invitation cho@example.com", "invitation dev@example.com", "invitation eli@example.com")
		const leaves = "reps: [{username: cho, name: Cho Min, email: cho@example.com, teams: {printers: member}, permissions: [extended_availability]}]"
		importYAML(t, d, leaves)
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "taken from one", targets(jobs), "withdrawal cho@example.com")
		if got := jobs[0].Invitation; got.State != desk.InvitationWithdrawn || got.Reason != desk.EndTargetGone {
			t.Errorf("says %+v", got)
		}
		finish(t, d, jobs, done)
		dev := d.LogIn("dev")
		must(d.DeclineInvitation(t.Context(), dev, inv.ID))
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "over for all", send(t, d, desk.ChannelEmail), "withdrawal eli@example.com")
	})
}

// TestG4NoFollowUpOfWhatIsTheirsAgain: who leaves a team and comes back before the email went has nothing taken from them.
func TestG4NoFollowUpOfWhatIsTheirsAgain(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, followsUp)
		extended(t, d, "dev")
		ana := d.LogIn("ana")
		inv := requestHelp(t, d, ana, d.OpenSession(ana, "@main"), "vpn")
		send(t, d, desk.ChannelEmail)
		for _, team := range []string{"printers", "network"} {
			importYAML(t, d, "reps: [{username: dev, name: Dev Patel, email: dev@example.com, teams: {"+team+": member}, permissions: [extended_availability]}]")
		}
		same(t, "mails", send(t, d, desk.ChannelEmail))
		must(d.CancelInvitation(t.Context(), ana, inv.ID))
		same(t, "when it is over", send(t, d, desk.ChannelEmail), "withdrawal dev@example.com")
	})
}

func setExtended(t *testing.T, d *storetest.Desk, c desk.Caller, on bool) {
	t.Helper()
	must(d.UpdateMe(t.Context(), c, store.MeChange{ExtendedAvailability: &on}, nil))
}

// TestG6ConfirmedByEmail: switched on once, one email; off before it was sent, none.
func TestG6ConfirmedByEmail(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := d.LogIn("ben")
		setExtended(t, d, ben, true)
		setExtended(t, d, ben, true)
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "mails", targets(jobs), "extended_availability ben@example.com")
		if job := jobs[0]; job.Key != ben.RepID || job.By != nil || job.LinkToken == "" || job.Customer != nil || job.Rep.Name != "Ben Okafor" {
			t.Errorf("job %+v", job)
		}
		finish(t, d, jobs, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
		setExtended(t, d, ben, false)
		clock.Advance(time.Minute)
		same(t, "off before it was sent", send(t, d, desk.ChannelEmail))
		setExtended(t, d, ben, true)
		jobs = claim(t, d, desk.ChannelEmail)
		setExtended(t, d, ben, false) // while it is being sent
		finish(t, d, jobs, desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"})
		clock.Advance(time.Minute)
		same(t, "off while it was being sent", send(t, d, desk.ChannelEmail))
	})
}

// TestG6ByAnAdministrator: with the same conditions; the rep is told who did it.
func TestG6ByAnAdministrator(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		hal, ben := d.LogIn("hal"), d.LogIn("ben")
		log := watch(t, d, ben)
		on, off := true, false
		_, err := d.UpdateRep(t.Context(), hal, "@fay", store.RepChange{ExtendedAvailability: &on}, nil)
		refusal(t, "without the permission", err, desk.NotAllowed)
		may, none := []desk.Permission{desk.ExtendedAvailability}, ""
		_, err = d.UpdateRep(t.Context(), hal, "@fay", store.RepChange{ExtendedAvailability: &on, Permissions: &may, Email: &none}, nil)
		refusal(t, "without an address", err, desk.EmailMissing)
		if got := must(d.UpdateRep(t.Context(), hal, "@ben", store.RepChange{ExtendedAvailability: &on}, nil)); !got.ExtendedAvailability {
			t.Errorf("account %+v", got)
		}
		same(t, "ben's log", log.told(), "me.changed")
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "mails", targets(jobs), "extended_availability ben@example.com")
		if by := jobs[0].By; by == nil || *by != hal.Ref() {
			t.Errorf("by %+v", by)
		}
		finish(t, d, jobs, done)
		must(d.UpdateRep(t.Context(), hal, "@ben", store.RepChange{ExtendedAvailability: &on}, nil))
		same(t, "on already", send(t, d, desk.ChannelEmail))
		same(t, "nothing to tell", log.told())
		if got := must(d.UpdateRep(t.Context(), hal, "@ben", store.RepChange{ExtendedAvailability: &off}, nil)); got.ExtendedAvailability {
			t.Errorf("account %+v", got)
		}
		same(t, "ben's log", log.told(), "me.changed")
	})
}

// TestG6AnEmbassyRepLearnsOfOutsidersThePublicName: also of the administrator who switched it on (A7).
func TestG6AnEmbassyRepLearnsOfOutsidersThePublicName(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, "reps: [{username: hal, name: Hal Moss, public_name: The desk, role: administrator}]")
		on := true
		must(d.UpdateRep(t.Context(), d.LogIn("hal"), "@gus", store.RepChange{ExtendedAvailability: &on}, nil))
		if by := claim(t, d, desk.ChannelEmail)[0].By; by == nil || by.Name != "The desk" {
			t.Errorf("by %+v", by)
		}
	})
}

// TestG6WhatWaitsIsDroppedWhenItIsOff: by whatever way. An email in the place of a failed push goes all the same (G8).
func TestG6WhatWaitsIsDroppedWhenItIsOff(t *testing.T) {
	const ben = "reps: [{username: ben, name: Ben Okafor, email: %q, teams: {printers: member}, permissions: [%s]}]"
	for name, off := range map[string]func(t *testing.T, d *storetest.Desk, link string){
		"by the link": func(t *testing.T, d *storetest.Desk, link string) {
			must(d.AnswerInvitationLink(t.Context(), link, store.LinkSwitchOff))
		},
		"by an administrator": func(t *testing.T, d *storetest.Desk, _ string) {
			off := false
			must(d.UpdateRep(t.Context(), d.LogIn("hal"), "@ben", store.RepChange{ExtendedAvailability: &off}, nil))
		},
		"with the permission": func(t *testing.T, d *storetest.Desk, _ string) {
			importYAML(t, d, fmt.Sprintf(ben, "ben@example.com", ""))
		},
		"with the address": func(t *testing.T, d *storetest.Desk, _ string) {
			importYAML(t, d, fmt.Sprintf(ben, "", "extended_availability"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
				extended(t, d, "ben")
				ana := d.LogIn("ana")
				_, _, link := mailed(t, d, ana)
				session := d.OpenSession(ana, "@main")
				waiting := inviteRep(t, d, ana, session, "ben")
				log, phone := watch(t, d, ana), d.LogInWithPush("ben", "ben-1")
				other := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
				finish(t, d, claim(t, d, desk.ChannelFCM), desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"}) // G8
				me := watch(t, d, phone)
				off(t, d, link)
				if must(d.Me(t.Context(), phone)).ExtendedAvailability {
					t.Error("it is still on")
				}
				same(t, "the rep is told", me.told("me."), "me.changed")
				if got := must(d.Deliveries(t.Context(), ana, waiting.ID, "", 50)); got[0].State != desk.DeliveryDropped || got[0].Error != "over" {
					t.Errorf("deliveries %+v", got)
				}
				if !slices.Contains(log.told("delivery."), "delivery.changed") {
					t.Error("the owner is not told that it was dropped")
				}
				want := []string{"invitation ben@example.com"}
				if name == "with the address" {
					want = []string{}
				}
				jobs := claim(t, d, desk.ChannelEmail)
				same(t, "mails", targets(jobs), want...)
				if len(jobs) > 0 && jobs[0].Key != other.ID {
					t.Errorf("the mail is about %s, want %s, whose push failed", jobs[0].Key, other.ID)
				}
			})
		})
	}
}

// TestG8AfterSwitchingOff: a push that fails is followed by an email, though one of extended availability was dropped before.
func TestG8AfterSwitchingOff(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "ben")
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		setExtended(t, d, ben, false)
		same(t, "dropped", send(t, d, desk.ChannelEmail))
		finish(t, d, claim(t, d, desk.ChannelFCM), desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		same(t, "in the place of the push", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
	})
}

// quiet gives a rep quiet hours.
func quiet(t *testing.T, d *storetest.Desk, c desk.Caller, from, to, zone string) {
	t.Helper()
	must(d.UpdateMe(t.Context(), c, store.MeChange{QuietHours: &desk.QuietHours{From: from, To: to}, TimeZone: &zone}, nil))
}

// TestG13QuietHoursHoldMail: of extended availability, to the minute, in the rep's time zone, over midnight. The clock of tests
// begins at 09:00 UTC.
func TestG13QuietHoursHoldMail(t *testing.T) {
	for _, c := range []struct {
		name, from, to, zone string
		wait                 time.Duration // until the email goes
	}{
		{"within", "08:00", "10:30", "UTC", 90 * time.Minute},
		{"at their beginning", "09:00", "09:01", "UTC", time.Minute},
		{"at their end", "08:00", "09:00", "UTC", 0},
		{"outside", "10:00", "12:00", "UTC", 0},
		{"over midnight", "22:00", "09:05", "UTC", 5 * time.Minute},
		{"over midnight, before it", "17:00", "08:00", "Asia/Tokyo", 14 * time.Hour},      // 18:00 there
		{"over midnight, after it", "22:00", "06:00", "America/New_York", 2 * time.Hour},  // 04:00 there
		{"not there any more", "08:00", "10:30", "Asia/Kolkata", 0},                       // 14:30 there
		{"a quarter of an hour", "14:00", "14:45", "Asia/Kathmandu", 0},                   // 14:45 there
		{"less than a minute of it", "14:00", "14:46", "Asia/Kathmandu", 1 * time.Minute}, // 14:45 there
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				ana, ben := d.LogIn("ana"), extended(t, d, "ben")
				quiet(t, d, ben, c.from, c.to, c.zone)
				inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
				began := clock.Now()
				if c.wait > 0 {
					same(t, "at once", send(t, d, desk.ChannelEmail))
					due, _, err := d.NextDeliveryDue(t.Context(), desk.ChannelEmail)
					if want := began.Add(c.wait); err != nil || !due.Equal(want) {
						t.Errorf("due %s, want %s, %v", due.UTC(), want, err)
					}
					clock.Advance(c.wait - time.Millisecond)
					same(t, "a moment before their end", send(t, d, desk.ChannelEmail))
					clock.Advance(time.Millisecond)
				}
				jobs := claim(t, d, desk.ChannelEmail)
				same(t, "at their end", targets(jobs), "invitation ben@example.com")
				if want := began.Add(c.wait + 24*time.Hour); !jobs[0].ExpiresAt.Equal(want) {
					t.Errorf("worth something until %s, want %s", jobs[0].ExpiresAt, want)
				}
			})
		})
	}
}

// TestG13InQuietHours: pushes are not held, nor the emails in the place of those that fail, nor the one that confirms.
func TestG13InQuietHours(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogInWithPush("ben", "ben-1")
		quiet(t, d, ben, "08:00", "12:00", "UTC")
		setExtended(t, d, ben, true)
		same(t, "what confirms", send(t, d, desk.ChannelEmail), "extended_availability ben@example.com")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		same(t, "mails", send(t, d, desk.ChannelEmail))
		jobs := claim(t, d, desk.ChannelFCM)
		same(t, "pushes", targets(jobs), "invitation ben-1")
		finish(t, d, jobs, desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		same(t, "in the place of the push", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
		clock.Advance(3 * time.Hour)
		same(t, "when they end", send(t, d, desk.ChannelEmail))
	})
}

// TestG13OneMailANight: reminders add none; what is over by the morning is dropped.
func TestG13OneMailANight(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := extended(t, d, "ben")
		quiet(t, d, ben, "08:00", "12:00", "UTC")
		ana := d.LogIn("ana")
		inv := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		over := inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		for range 3 {
			clock.Advance(desk.ReminderPause)
			remind(t, d, ana, inv)
		}
		must(d.CancelInvitation(t.Context(), ana, over.ID))
		clock.Advance(3 * time.Hour)
		jobs := claim(t, d, desk.ChannelEmail)
		same(t, "mails", targets(jobs), "invitation ben@example.com")
		if jobs[0].Key != inv.ID {
			t.Errorf("about %s, want %s", jobs[0].Key, inv.ID)
		}
		finish(t, d, jobs, done)
		remind(t, d, ana, inv)
		same(t, "a reminder by day", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
	})
}

// TestG13RetriesInQuietHours: an email that failed before they began is held too, and then has its time to be tried.
func TestG13RetriesInQuietHours(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := extended(t, d, "ben")
		quiet(t, d, ben, "09:01", "12:00", "UTC")
		ana := d.LogIn("ana")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		again := desk.Outcome{Kind: desk.OutcomeTryAgain, Error: "unavailable"}
		jobs := claim(t, d, desk.ChannelEmail)
		clock.Advance(50 * time.Second)
		finish(t, d, jobs, again)
		clock.Advance(time.Minute)
		same(t, "in the quiet hours", send(t, d, desk.ChannelEmail))
		if due, _, _ := d.NextDeliveryDue(t.Context(), desk.ChannelEmail); !due.Equal(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("due %s", due.UTC())
		}
		clock.Advance(4 * time.Hour)
		jobs = claim(t, d, desk.ChannelEmail)
		same(t, "after them", targets(jobs), "invitation ben@example.com")
		if jobs[0].Attempts != 2 {
			t.Errorf("attempt %d", jobs[0].Attempts)
		}
		finish(t, d, jobs, again)
		clock.Advance(time.Minute)
		same(t, "and again", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
	})
}

// TestG2ANewAddress: what waits goes there.
func TestG2ANewAddress(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		extended(t, d, "ben")
		ana := d.LogIn("ana")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, email: ben@elsewhere.example, teams: {printers: member}, permissions: [extended_availability]}]")
		same(t, "mails", send(t, d, desk.ChannelEmail), "invitation ben@elsewhere.example")
	})
}

// TestG13OtherQuietHours let go what waits for the end of those before.
func TestG13OtherQuietHours(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ben := extended(t, d, "ben")
		quiet(t, d, ben, "08:00", "12:00", "UTC")
		ana := d.LogIn("ana")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		quiet(t, d, ben, "08:00", "09:30", "UTC")
		clock.Advance(30 * time.Minute)
		same(t, "they end earlier", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
		quiet(t, d, ben, "09:00", "12:00", "UTC")
		inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
		same(t, "held", send(t, d, desk.ChannelEmail))
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, email: ben@example.com, teams: {printers: member}, permissions: [extended_availability], time_zone: Asia/Tokyo}]")
		same(t, "in another time zone", send(t, d, desk.ChannelEmail), "invitation ben@example.com")
		must(d.UpdateMe(t.Context(), ben, store.MeChange{QuietHours: &desk.QuietHours{}}, nil))
	})
}

// TestG3WhenTheLastIsNotLoggedInAnyMore: by log-out, by declining, by joining, or because their lease ran out, which nobody
// asks for; each of extended availability gets one email.
func TestG3WhenTheLastIsNotLoggedInAnyMore(t *testing.T) {
	for name, goes := range map[string]func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, ana, eli desk.Caller, inv desk.Invitation){
		"logs out": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _, eli desk.Caller, _ desk.Invitation) {
			logOut(t, d, eli)
		},
		"declines": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _, eli desk.Caller, inv desk.Invitation) {
			must(d.DeclineInvitation(t.Context(), eli, inv.ID))
		},
		"is silent": func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, ana, _ desk.Caller, _ desk.Invitation) {
			stay(t, d, clock, desk.ConnectedFor+desk.PresenceGrace+time.Second, ana)
		},
		"comes into the session": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, ana, eli desk.Caller, inv desk.Invitation) {
			join(t, d, ana, desk.Session{ID: inv.Session.ID}, eli, store.NewInvitation{})
		},
		"leaves the team": func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, _, _ desk.Caller, _ desk.Invitation) {
			importYAML(t, d, "reps: [{username: eli, name: Eli Stone, teams: {printers: member}}]")
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				extended(t, d, "dev")
				clock.Advance(2 * time.Minute) // the server has listened for a while
				ana, eli := d.LogIn("ana"), d.LogIn("eli")
				inv := requestHelp(t, d, ana, d.OpenSession(ana, "@main"), "vpn")
				lookAfter(t, d)
				same(t, "mails while eli is there", send(t, d, desk.ChannelEmail))
				goes(t, d, clock, ana, eli, inv)
				lookAfter(t, d)
				same(t, "mails", send(t, d, desk.ChannelEmail), "invitation dev@example.com")
				lookAfter(t, d)
				same(t, "once", send(t, d, desk.ChannelEmail))
				remind(t, d, ana, inv)
				lookAfter(t, d)
				same(t, "reminded", send(t, d, desk.ChannelEmail), "invitation dev@example.com")
			})
		})
	}
}

// TestG3NobodyIsGoneBeforeTheServerListens: after a start, nobody could be in contact yet.
func TestG3NobodyIsGoneBeforeTheServerListens(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		extended(t, d, "dev")
		ana := d.LogIn("ana")
		d.LogIn("eli")
		requestHelp(t, d, ana, d.OpenSession(ana, "@main"), "vpn")
		house := store.NewHousekeeping(d.Store)
		clock.Advance(15 * time.Minute) // asleep
		ok(t, house.Look(t.Context()))
		same(t, "mails", send(t, d, desk.ChannelEmail))
	})
}

// TestG3HeldAtNightNotTwiceInTheMorning: one whose email waits for the end of the quiet hours counts as told.
func TestG3HeldAtNightNotTwiceInTheMorning(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		quiet(t, d, extended(t, d, "dev"), "08:00", "09:30", "UTC")
		clock.Advance(2 * time.Minute)
		ana := d.LogIn("ana")
		inv := requestHelp(t, d, ana, d.OpenSession(ana, "@main"), "vpn")
		remind(t, d, ana, inv)
		lookAfter(t, d)
		stay(t, d, clock, 30*time.Minute, ana)
		for range 2 {
			lookAfter(t, d)
		}
		same(t, "mails", send(t, d, desk.ChannelEmail), "invitation dev@example.com")
		lookAfter(t, d)
		same(t, "once", send(t, d, desk.ChannelEmail))
	})
}

// TestG3PortalInvitationsSendNoMail, whoever is in extended availability.
func TestG3PortalInvitationsSendNoMail(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, dev := d.LogIn("ana"), logInUnder(t, d, "dev", "@open", "dev-1")
		setExtended(t, d, dev, true)
		send(t, d, desk.ChannelEmail)
		inv := invite(t, d, ana, d.OpenSession(ana, "@open"), toOpen)
		finish(t, d, claim(t, d, desk.ChannelFCM), desk.Outcome{Kind: desk.OutcomeRejected, Error: "rejected"})
		logOut(t, d, dev)
		clock.Advance(2 * time.Minute)
		remind(t, d, ana, inv)
		lookAfter(t, d)
		same(t, "mails", send(t, d, desk.ChannelEmail))
	})
}
