package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

const issuer = "https://desk.example"

// claims are what a grant says, as whatever carries the screen reads it: with the public keys alone.
type claims struct {
	jwt.Claims
	desk.GrantClaims
}

func readGrant(keys jose.JSONWebKeySet, grant string) (c claims, err error) {
	token, err := jwt.ParseSigned(grant, []jose.SignatureAlgorithm{jose.EdDSA})
	if err == nil {
		err = token.Claims(keys, &c)
	}
	return c, err
}

// access is what the rep's grant lets them do on the screen.
func access(t *testing.T, d *storetest.Desk, c desk.Caller, s desk.Session) string {
	t.Helper()
	grant := must(d.JoinGrant(t.Context(), c, s.ID, issuer))
	return must(readGrant(must(d.GrantKeys(t.Context())), grant.Grant)).Access
}

func TestC12WhatAGrantSays(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		seat := join(t, d, ana, session, ben, store.NewInvitation{Access: desk.View})
		max := data.specialist(session, "max", clock.Now())
		clock.Advance(time.Second)
		keys := must(d.GrantKeys(t.Context()))
		for role, grant := range map[desk.AttendeeRole]desk.Grant{
			desk.AttendeeOwner:      must(d.JoinGrant(t.Context(), ana, session.ID, issuer)),
			desk.AttendeeRep:        must(d.JoinGrant(t.Context(), ben, session.ID, issuer)),
			desk.AttendeeCustomer:   must(d.GuestGrant(t.Context(), guest, issuer)),
			desk.AttendeeSpecialist: must(d.GuestGrant(t.Context(), max, issuer)),
		} {
			got := must(readGrant(keys, grant.Grant))
			want := map[desk.AttendeeRole]string{desk.AttendeeOwner: "control", desk.AttendeeRep: "view", desk.AttendeeCustomer: "control", desk.AttendeeSpecialist: "view"}[role]
			if got.Session != session.ID || got.Role != role || got.Access != want || got.Consent != desk.ConsentNotNeeded || got.Attendee != got.Subject || got.Rev < 1 {
				t.Errorf("%s: %+v", role, got)
			}
			if role == desk.AttendeeRep && (got.Attendee != seat.ID || got.Rev != seat.Rev) {
				t.Errorf("the rep's: %+v of %+v", got, seat)
			}
			expected := jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{desk.GrantAudience}, Time: clock.Now()}
			if err := got.ValidateWithLeeway(expected, 0); err != nil || got.ID == "" {
				t.Errorf("%s: %v", role, err)
			}
			if err := got.ValidateWithLeeway(jwt.Expected{Time: clock.Now().Add(desk.GrantLives)}, -time.Second); err == nil {
				t.Errorf("%s: good for longer than %s", role, desk.GrantLives)
			}
			if !grant.ExpiresAt.Equal(got.Expiry.Time()) || grant.ExpiresAt.Sub(clock.Now()) > desk.GrantLives {
				t.Errorf("%s expires at %s, says %s", role, got.Expiry.Time(), grant.ExpiresAt)
			}
		}
	})
}

func TestC12TheRevisionGrowsWithEachChange(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		importYAML(t, d, asks)
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		session, guest := d.OpenSessionWithGuest(ana, "@asks")
		seat := join(t, d, ana, session, ben, store.NewInvitation{})
		revs := []int64{}
		note := func(want string) {
			t.Helper()
			got := must(readGrant(must(d.GrantKeys(t.Context())), must(d.JoinGrant(t.Context(), ben, session.ID, issuer)).Grant))
			if revs = append(revs, got.Rev); fmt.Sprint(got.Access, " ", got.Consent) != want {
				t.Errorf("got %s %s, want %s", got.Access, got.Consent, want)
			}
		}
		note("none asked")
		must(d.GiveConsent(t.Context(), guest, seat.ID, true))
		note("control granted")
		update(t, d, ana, seat, toView)
		note("view granted")
		must(d.GiveConsent(t.Context(), guest, seat.ID, false))
		note("none refused")
		must(d.LeaveSession(t.Context(), ana, session.ID, "@ben"))
		note("control not_needed")
		if !slices.IsSorted(revs) || len(slices.Compact(revs)) != 5 {
			t.Errorf("revisions %v", revs)
		}
	})
}

func TestC12OnlyForThoseInTheSession(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		ana, ben, cho, dev, hal := d.LogIn("ana"), d.LogIn("ben"), d.LogIn("cho"), d.LogIn("dev"), d.LogIn("hal")
		session, guest := d.OpenSessionWithGuest(ana, "@main")
		join(t, d, ana, session, ben, store.NewInvitation{})
		must(d.LeaveSession(t.Context(), ben, session.ID, ""))
		inviteRep(t, d, ana, session, "cho")
		grant := func(c desk.Caller) error { return try(d.JoinGrant(t.Context(), c, session.ID, issuer)) }
		data.refuses("who left", desk.NotAllowed, func() error { return grant(ben) })
		data.refuses("who is only invited", desk.NotAllowed, func() error { return grant(cho) })
		data.refuses("an administrator who is not in it", desk.NotAllowed, func() error { return grant(hal) })
		data.refuses("an outsider", desk.NotFound, func() error { return grant(dev) })
		must(d.EndSession(t.Context(), ana, session.ID, ""))
		data.refuses("after the end", desk.SessionNotActive, func() error { return grant(ana) })
		data.refuses("a guest after the end", desk.SessionNotActive, func() error { return try(d.GuestGrant(t.Context(), guest, issuer)) })
	})
}

// A key is published before it signs, and as long after as a grant of it may live.
func TestC12KeysRotate(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "@main")
		rotate := func(after time.Duration, published int) jose.JSONWebKeySet {
			t.Helper()
			clock.Advance(after)
			ok(t, d.RotateGrantKeys(t.Context()))
			keys := must(d.GrantKeys(t.Context()))
			if len(keys.Keys) != published {
				t.Fatalf("%s later %d keys are published, want %d", after, len(keys.Keys), published)
			}
			return keys
		}
		signer := func() (string, string) {
			t.Helper()
			grant := must(d.JoinGrant(t.Context(), ana, session.ID, issuer)).Grant
			return grant, must(jose.ParseSigned(grant, []jose.SignatureAlgorithm{jose.EdDSA})).Signatures[0].Header.KeyID
		}
		first := rotate(0, 1)
		rotate(0, 1)
		rotate(desk.GrantKeyUsedFor-desk.GrantKeyAhead-time.Second, 1)
		both := rotate(time.Second, 2)
		if _, by := signer(); by != first.Keys[0].KeyID {
			t.Errorf("signed by %s before its time", by)
		}
		rotate(desk.GrantKeyAhead-time.Second, 2)
		old, by := signer()
		if by != first.Keys[0].KeyID {
			t.Errorf("signed by %s before its time", by)
		}
		rotate(time.Second, 2)
		fresh, by := signer()
		if by == first.Keys[0].KeyID {
			t.Error("the old key signs for longer than its time")
		}
		must(readGrant(both, fresh)) // whoever keeps the keys for an hour can read it
		must(readGrant(rotate(desk.GrantLives, 2), old))
		last := rotate(time.Minute+time.Second, 1)
		must(readGrant(last, fresh))
		if _, err := readGrant(last, old); err == nil {
			t.Error("the old key is still there")
		}
		for _, key := range both.Keys {
			if !key.IsPublic() || key.Use != "sig" || key.Algorithm != "EdDSA" {
				t.Errorf("published: %+v", key)
			}
		}
		rotate(10*desk.GrantKeyUsedFor, 2) // after a long rest
		must(readGrant(must(d.GrantKeys(t.Context())), must(d.JoinGrant(t.Context(), ana, session.ID, issuer)).Grant))
	})
}

// Two servers on one database have the same keys, however they rotate.
func TestC12TwoServers(t *testing.T) {
	database, clock := storetest.Postgres(t), storetest.NewClock()
	one := storetest.NewDesk(t, storetest.Open(t, database, clock))
	two := storetest.Open(t, database, clock)
	ana := one.LogIn("ana")
	session := one.OpenSession(ana, "@main")
	for range 3 {
		errs := [2]error{}
		atOnce(2, func(i int) { errs[i] = []*store.Store{one.Store, two}[i].RotateGrantKeys(t.Context()) })
		if errs[0] != nil || errs[1] != nil {
			t.Fatal(errs)
		}
		keys := must(two.GrantKeys(t.Context()))
		if len(keys.Keys) > 2 {
			t.Errorf("%d keys", len(keys.Keys))
		}
		must(readGrant(keys, must(one.JoinGrant(t.Context(), ana, session.ID, issuer)).Grant))
		clock.Advance(desk.GrantKeyUsedFor - desk.GrantKeyAhead)
	}
}
