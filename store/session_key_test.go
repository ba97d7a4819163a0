package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// jo is a customer at an entrance.
var jo = desk.Customer{Name: "Jo Doe", Company: "Doe Ltd", Details: "The tray jams", Language: "en"}

func sessionKey(t *testing.T, d *storetest.Desk, c desk.Caller, portal string) desk.SessionKey {
	t.Helper()
	return must(d.CreateSessionKey(t.Context(), c, portal, 0))
}

// byKey enters with a key.
func byKey(t *testing.T, d *storetest.Desk, key string) (store.Entered, error) {
	t.Helper()
	return d.Enter(t.Context(), store.Enter{SessionKey: key, Customer: jo})
}

func TestE1TheCustomerWaitsForTheRepWhoMadeTheKey(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		key := sessionKey(t, d, ana, "@main")
		if len(key.Key) != desk.SessionKeyLength || strings.Trim(key.Key, desk.SessionKeyAlphabet) != "" || key.Portal.Name != "Main" ||
			!key.ExpiresAt.Equal(clock.Now().Add(20*time.Minute)) || key.URL != "/p/main#key="+key.Key {
			t.Errorf("key %+v", key)
		}
		for _, line := range data.lines("session_keys", "events") {
			if strings.Contains(line, key.Key) {
				t.Errorf("the key itself is kept: %s", line)
			}
		}
		shows(t, "a list", must(d.SessionKeys(t.Context(), ana, "", 10)), []string{key.Key, key.ID}, key.ID)
		log, other := watch(t, d, ana), watch(t, d, ben)
		entered := must(byKey(t, d, " "+strings.ToLower(key.Key[:3])+"-"+key.Key[3:]))
		same(t, "ana is told", log.told("session"), "session.changed")
		same(t, "ben is told", other.told())
		if s := entered.Session; s.State != desk.SessionWaiting || s.Portal.Name != "Main" || s.Customer != jo || s.Kind != desk.KindSupport {
			t.Errorf("session %+v", s)
		}
		if by := data.column(`SELECT came_by FROM sessions WHERE id = $1`, entered.Session.ID); by != string(desk.CameBySessionKey) {
			t.Errorf("it came by %s", by)
		}
		guest := must(d.AuthenticateGuest(t.Context(), entered.Token))
		shows(t, "the customer", must(d.GuestSession(t.Context(), guest)), []string{"Ruiz", key.Key, "Jo Doe"}, "Jo Doe")
		refusal(t, "ben takes it", try(d.AcceptSession(t.Context(), ben, entered.Session.ID)), desk.NotFound)
		clock.Advance(time.Second)
		take(t, d, ana, entered.Session)
		if left := must(d.SessionKeys(t.Context(), ana, "", 10)); len(left) != 0 {
			t.Errorf("a used key stands: %+v", left)
		}
	})
}

// The key's lifetime does not limit the session; what expired is removed in time.
func TestE1AKeyLivesForATime(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		ana := d.LogInWithPush("ana", "phone")
		late, used := sessionKey(t, d, ana, ""), sessionKey(t, d, ana, "")
		short := must(d.CreateSessionKey(t.Context(), ana, "", time.Minute))
		clock.Advance(59 * time.Second)
		ok(t, try(byKey(t, d, short.Key)))
		clock.Advance(20*time.Minute - 60*time.Second)
		entered := must(byKey(t, d, used.Key))
		clock.Advance(time.Second)
		refusal(t, "a second too late", try(byKey(t, d, late.Key)), desk.CodeNotValid)
		refusal(t, "deleting what expired", d.DeleteSessionKey(t.Context(), ana, late.ID), desk.NotFound)
		take(t, d, ana, entered.Session)
		clock.Advance(time.Second)
		ok(t, d.RemoveOldRows(t.Context()))
		if left := data.lines("session_keys"); len(left) != 0 {
			t.Errorf("kept: %q", left)
		}
		for _, wrong := range []time.Duration{59 * time.Second, 24*time.Hour + time.Second, -time.Second} {
			data.refuses(fmt.Sprint("a lifetime of ", wrong), desk.ValidationFailed, func() error { return try(d.CreateSessionKey(t.Context(), ana, "", wrong)) })
		}
	})
}

// What lets nobody in is refused in the same words, whatever the reason.
func TestE1E6WhyAKeyIsNotValidNobodyIsTold(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock, data rows) {
		importYAML(t, d, "portals: [{slug: gone, name: Gone}]")
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		used, expired, deleted := sessionKey(t, d, ana, ""), must(d.CreateSessionKey(t.Context(), ana, "", time.Minute)), sessionKey(t, d, ana, "")
		disabled, nowhere := sessionKey(t, d, ben, ""), sessionKey(t, d, ana, "@gone")
		ok(t, try(byKey(t, d, used.Key)))
		refusal(t, "somebody else's key", d.DeleteSessionKey(t.Context(), ben, deleted.ID), desk.NotFound)
		ok(t, d.DeleteSessionKey(t.Context(), ana, deleted.ID))
		clock.Advance(time.Minute)
		d.LogIn("ana")
		importYAML(t, d, "portals: [{slug: gone, name: Gone, disabled: true}]\nreps: [{username: ben, name: Ben, disabled: true}]")
		for what, key := range map[string]string{"used": used.Key, "expired": expired.Key, "deleted": deleted.Key, "of a disabled rep": disabled.Key, "of a disabled portal": nowhere.Key,
			"wrong": "3333333", "too short": "A", "too long": strings.Repeat("A", 100), "no letters": "'; --", "another alphabet": "ключклю"} {
			p := data.refuses(what, desk.CodeNotValid, func() error { return try(byKey(t, d, key)) })
			if p.Detail != "" || p.Conflict != nil || p.Errors != nil || p.Limit != 0 || p.RetryAfter != 0 || p.Redirect != "" {
				t.Errorf("%s: the refusal says more: %+v", what, p)
			}
		}
	})
}

// Of 20 customers who enter one key at the same instant exactly one gets in.
func TestE1OneKeyOneCustomer(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		ana := d.LogIn("ana")
		for range 5 {
			key, errs := sessionKey(t, d, ana, ""), make([]error, 20)
			before := len(must(d.Sessions(t.Context(), ana, store.SessionFilter{}, "", 100)))
			atOnce(len(errs), func(i int) { _, errs[i] = byKey(t, d, key.Key) })
			in := 0
			for _, err := range errs {
				if err == nil {
					in++
				} else {
					refusal(t, "too late", err, desk.CodeNotValid)
				}
			}
			if after := len(must(d.Sessions(t.Context(), ana, store.SessionFilter{}, "", 100))); in != 1 || after != before+1 {
				t.Fatalf("%d came in, into %d sessions", in, after-before)
			}
		}
	})
}

// A rep has at most 50 keys that stand, however many are asked for at once.
func TestE1AtMostFiftyKeys(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		ana, ben := d.LogIn("ana"), d.LogIn("ben")
		seen := map[string]bool{}
		for range desk.MaxSessionKeys - 2 {
			seen[sessionKey(t, d, ana, "").Key] = true
		}
		errs := make([]error, 10)
		atOnce(len(errs), func(i int) { _, errs[i] = d.CreateSessionKey(t.Context(), ana, "", 0) })
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			refusal(t, "one too many", err, desk.TooManyRequests)
			if p := err.(*desk.Problem); p.Limit != 50 || p.RetryAfter != 20*time.Minute {
				t.Errorf("refusal %+v", p)
			}
		}
		if keys := must(d.SessionKeys(t.Context(), ana, "", 200)); made != 2 || len(keys) != 50 || len(seen) != 48 {
			t.Fatalf("%d made, %d stand, %d different", made, len(keys), len(seen))
		}
		page := must(d.SessionKeys(t.Context(), ana, "", 20))
		if next := must(d.SessionKeys(t.Context(), ana, page[19].ID, 200)); len(next) != 30 || next[0].ID >= page[19].ID {
			t.Errorf("the next page has %d", len(next))
		}
		if others := must(d.SessionKeys(t.Context(), ben, "", 200)); len(others) != 0 {
			t.Errorf("ben sees %d", len(others))
		}
		ok(t, try(d.CreateSessionKey(t.Context(), ben, "", 0)))
		ok(t, d.DeleteSessionKey(t.Context(), ana, page[0].ID))
		ok(t, try(d.CreateSessionKey(t.Context(), ana, "", 0)))
		clock.Advance(20 * time.Minute)
		ok(t, try(d.CreateSessionKey(t.Context(), ana, "", 0)))
	})
}

// Each letter is drawn as often as any other.
func TestE1KeysAreWithoutBias(t *testing.T) {
	counts := map[rune]int{}
	const drawn = 20_000
	for range drawn {
		for _, r := range store.NewSessionKey() {
			counts[r]++
		}
	}
	want := float64(drawn*desk.SessionKeyLength) / float64(len(desk.SessionKeyAlphabet))
	for _, r := range desk.SessionKeyAlphabet {
		if got := float64(counts[r]); got < want*0.92 || got > want*1.08 { // more than six standard deviations
			t.Errorf("%c came %v times, want about %v", r, got, want)
		}
	}
}
