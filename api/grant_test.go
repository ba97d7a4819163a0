package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/repdesk/repdesk/store/desk"
)

// grant fetches a join grant and checks it as what carries the screen would: with the published keys and nothing else.
func (x *server) grant(t testing.TB, as, session string) (jwt.Claims, desk.GrantClaims) {
	t.Helper()
	do := "POST /v1/sessions/$" + session + "/grant"
	if strings.HasPrefix(as, "guest/") {
		do = "POST /v1/guest/grant"
	}
	a := x.do(t, call{as: as, do: do, answers: headers{"Cache-Control": "no-store"}})
	registered, claims := x.checkGrant(t, a.at("grant"))
	if want := registered.Expiry.Time().UTC().Format(time.RFC3339); a.at("expires_at") != want {
		t.Errorf("expires_at %s, exp %s", a.at("expires_at"), want)
	}
	return registered, claims
}

func (x *server) checkGrant(t testing.TB, text string) (registered jwt.Claims, claims desk.GrantClaims) {
	t.Helper()
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	if token.Headers[0].KeyID == "" || token.Headers[0].ExtraHeaders["typ"] != "JWT" {
		t.Errorf("header %+v", token.Headers[0])
	}
	if err := token.Claims(x.keys(t), &registered, &claims); err != nil {
		t.Fatalf("grant signed with %s: %v", token.Headers[0].KeyID, err)
	}
	return registered, claims
}

// keys are the published ones.
func (x *server) keys(t testing.TB) jose.JSONWebKeySet {
	t.Helper()
	a := x.send(t, "GET", "/.well-known/jwks.json", "", "", nil)
	if a.status != 200 || a.header.Get("Content-Type") != "application/jwk-set+json" || !strings.Contains(a.header.Get("Cache-Control"), "max-age") {
		t.Fatalf("keys: %d %v", a.status, a.header)
	}
	var set jose.JSONWebKeySet
	mustParse(t, a.text, &set)
	for _, key := range set.Keys {
		if !key.IsPublic() || !key.Valid() || key.Use != "sig" || strings.Contains(a.text, `"d"`) {
			t.Errorf("a key that is not a public one: %s", a.text)
		}
	}
	return set
}

// TestC12Grant says who its bearer is in the session and what they may do there, for a minute.
func TestC12Grant(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.logInAll(t, "ana", "ben", "cho", "dev", "hal")
		x.load(t, `portals: [{slug: asks, name: Asks, consent_on_join: true, invite_ceiling: view}]`)
		x.open(t, "ses", "ana", `,"portal_id":"@asks"`)
		x.join(t, "ana", "ses", "ben", "")
		x.invite(t, "inv", "ana", "ses", `{"rep_id":"@cho"}`)
		x.seat(t, "seat", "ana", "ses", "Ben Okafor")

		registered, owner := x.grant(t, "ana", "ses")
		now := x.clock.Now()
		if err := registered.ValidateWithLeeway(jwt.Expected{Issuer: "repdesk", AnyAudience: jwt.Audience{"repdesk-screen"}, Time: now}, 0); err != nil {
			t.Error(err)
		}
		if at := now.Add(61 * second); registered.ValidateWithLeeway(jwt.Expected{Time: at}, 0) == nil {
			t.Error("it lives longer than a minute")
		}
		if registered.Expiry.Time().Sub(now) != time.Minute || registered.ID == "" || registered.Subject != owner.Attendee {
			t.Errorf("claims %+v", registered)
		}
		if owner.Session != x.saved["ses"] || owner.Role != "owner" || owner.Access != "control" || owner.Consent != "not_needed" || owner.Rev != 1 {
			t.Errorf("the owner's grant %+v", owner)
		}
		if _, customer := x.grant(t, "guest/ses", ""); customer.Role != "customer" || customer.Access != "control" || customer.Session != x.saved["ses"] {
			t.Errorf("the customer's grant %+v", customer)
		}
		_, asked := x.grant(t, "ben", "ses")
		if asked.Attendee != x.saved["seat"] || asked.Role != "rep" || asked.Access != "none" || asked.Consent != "asked" {
			t.Errorf("the grant of a rep about whom the customer is asked %+v", asked)
		}
		cursor := x.cursor(t, "ben")
		x.do(t, call{as: "guest/ses", do: "POST /v1/guest/consent", body: `{"attendee_id":"$seat","granted":true}`})
		_, granted := x.grant(t, "ben", "ses")
		if granted.Access != "view" || granted.Consent != "granted" || granted.Rev <= asked.Rev {
			t.Errorf("the grant of a rep to whom the customer agreed %+v", granted)
		}
		x.do(t, call{as: "ben", do: "GET /v1/event-log?types=grant.changed&after=" + cursor, has: []string{`"type":"grant.changed"`, `"reason":"changed"`, "$seat"}})
		x.refuses(t, inSession,
			call{name: "the invited has none", as: "cho", do: "POST /v1/sessions/$ses/grant", want: 403, code: "not_allowed"},
			call{name: "an administrator who is not in it has none", as: "hal", do: "POST /v1/sessions/$ses/grant", want: 403, code: "not_allowed"},
			call{name: "who does not see it", as: "dev", do: "POST /v1/sessions/$ses/grant", want: 404, code: "not_found"})
		cursor = x.cursor(t, "ben")
		x.do(t, call{as: "ana", do: "DELETE /v1/sessions/$ses/attendees/$seat", want: 204})
		x.do(t, call{as: "ben", do: "GET /v1/event-log?types=grant.changed&after=" + cursor, has: []string{`"reason":"withdrawn"`, "$seat"}})
		x.do(t, call{as: "ben", do: "POST /v1/sessions/$ses/grant", want: 403, code: "not_allowed"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
		x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/grant", want: 409, code: "session_not_active"})
		x.do(t, call{as: "guest/ses", do: "POST /v1/guest/grant", want: 409, code: "session_not_active"})
	})
}

// TestC12Keys: a key is published an hour before it signs, and until what it signed has run out.
func TestC12Keys(t *testing.T) {
	onEach(t, func(t *testing.T, x *server) {
		x.open(t, "ses", "ana", "")
		pass := func(d time.Duration) {
			x.clock.Advance(d)
			if err := x.store.RotateGrantKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		signedWith := func() (text, key string) {
			text = x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/grant"}).at("grant")
			x.checkGrant(t, text)
			token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.EdDSA})
			if err != nil {
				t.Fatal(err)
			}
			return text, token.Headers[0].KeyID
		}
		_, first := signedWith()
		pass(30*24*hour - hour - second)
		if n := len(x.keys(t).Keys); n != 1 {
			t.Errorf("%d keys, a month less an hour and a second later", n)
		}
		pass(second)
		if _, key := signedWith(); len(x.keys(t).Keys) != 2 || key != first {
			t.Errorf("an hour before its use %d keys are published, %s signs", len(x.keys(t).Keys), key)
		}
		pass(hour - second)
		last, key := signedWith()
		if key != first {
			t.Errorf("%s signs before its time", key)
		}
		pass(second)
		_, second1 := signedWith()
		if second1 == first {
			t.Error("the first key still signs")
		}
		pass(time.Minute)
		x.checkGrant(t, last) // what the first key signed can be checked as long as it lives
		pass(time.Minute + second)
		if keys := x.keys(t).Keys; len(keys) != 1 || keys[0].KeyID != second1 {
			t.Errorf("keys %+v", keys)
		}
	})
}
