package store

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/repdesk/repdesk/store/desk"
)

// grantKey signs join grants from a time on.
type grantKey struct {
	id      string
	private ed25519.PrivateKey
	useFrom time.Time
}

// JoinGrant returns a short-lived signed token that says what the caller may do in a session that they are in (C12).
// issuer is the desk's own address.
func (s *Store) JoinGrant(ctx context.Context, c desk.Caller, sessionID, issuer string) (desk.Grant, error) {
	return s.grant(ctx, issuer, func(t *tx) (sessionRow, attendeeRow, error) { return t.insider(c, sessionID) })
}

// GuestGrant is JoinGrant for a guest.
func (s *Store) GuestGrant(ctx context.Context, g desk.Guest, issuer string) (desk.Grant, error) {
	return s.grant(ctx, issuer, func(t *tx) (sessionRow, attendeeRow, error) { return t.guestInside(g) })
}

// grant signs what one reading of the database says of an attendee.
func (s *Store) grant(ctx context.Context, issuer string, seat func(*tx) (sessionRow, attendeeRow, error)) (desk.Grant, error) {
	return readOrKeep(ctx, s, func(t *tx) (desk.Grant, error) {
		session, a, err := seat(t)
		if err != nil {
			return desk.Grant{}, err
		}
		key, err := t.grantKey()
		if err != nil {
			return desk.Grant{}, err
		}
		return sign(key, issuer, desk.GrantOf(a.Attendee, session.specialistsShare), t.now)
	})
}

// grantKey is the key that signs now: the last one that is in use. Where a server's clock is behind that of the one that
// made the first key, it is that.
func (t *tx) grantKey() (signs grantKey, err error) {
	keys, err := t.grantKeys()
	for i, key := range keys {
		if i == 0 || !key.useFrom.After(t.now) {
			signs = key
		}
	}
	if err == nil && signs.id == "" {
		err = fmt.Errorf("no key to sign join grants with")
	}
	return signs, err
}

func sign(key grantKey, issuer string, claims desk.GrantClaims, now time.Time) (desk.Grant, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key.private, KeyID: key.id}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return desk.Grant{}, fmt.Errorf("sign grant with %s: %w", key.id, err)
	}
	expires := now.Add(desk.GrantLives).Truncate(time.Second)
	registered := jwt.Claims{Issuer: issuer, Subject: claims.Attendee, Audience: jwt.Audience{desk.GrantAudience}, ID: newID("grt_"),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-desk.GrantSkew)), Expiry: jwt.NewNumericDate(expires)}
	token, err := jwt.Signed(signer).Claims(registered).Claims(claims).Serialize()
	return desk.Grant{Grant: token, ExpiresAt: expires.UTC()}, err
}

// GrantKeys are the public keys with which join grants are checked: those in use, those of grants that may still live, and
// those to come.
func (s *Store) GrantKeys(ctx context.Context) (jose.JSONWebKeySet, error) {
	return read(ctx, s, func(t *tx) (jose.JSONWebKeySet, error) {
		set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
		keys, err := t.grantKeys()
		for _, key := range keys {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.private.Public(), KeyID: key.id, Algorithm: string(jose.EdDSA), Use: "sig"})
		}
		return set, err
	})
}

func (t *tx) grantKeys() ([]grantKey, error) {
	return list(t, `SELECT id, seed, use_from FROM grant_keys ORDER BY use_from, id`, nil, func(scan scanner, k *grantKey) error {
		var seed string
		var from int64
		if err := scan(&k.id, &seed, &from); err != nil {
			return err
		}
		raw, err := base64.StdEncoding.DecodeString(seed)
		if err != nil || len(raw) != ed25519.SeedSize {
			return fmt.Errorf("read grant key %s: not a seed", k.id)
		}
		k.private, k.useFrom = ed25519.NewKeyFromSeed(raw), time.UnixMilli(from)
		return nil
	})
}

// RotateGrantKeys makes the first key, then each next one an hour before it is used, and forgets those whose grants have
// all run out. The housekeeping calls it.
func (s *Store) RotateGrantKeys(ctx context.Context) error {
	return alter(ctx, s, func(t *tx) error {
		// One server at a time, or each would make its own.
		if _, err := t.row(`SELECT value FROM settings WHERE name = 'server_id'`+t.forUpdate(), nil, new(string)); err != nil {
			return err
		}
		keys, err := t.grantKeys()
		if err != nil {
			return err
		}
		switch n := len(keys); {
		case n == 0:
			return t.addGrantKey(t.now)
		case !t.now.Before(keys[n-1].useFrom.Add(desk.GrantKeyUsedFor - desk.GrantKeyAhead)):
			return t.addGrantKey(t.now.Add(desk.GrantKeyAhead))
		}
		for i := range keys[:len(keys)-1] {
			// Nothing lives of a key once the next has been used for as long as a grant lives, clocks off by a minute included.
			if t.now.After(keys[i+1].useFrom.Add(desk.GrantLives + time.Minute)) {
				if _, err := t.exec(`DELETE FROM grant_keys WHERE id = $1`, keys[i].id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (t *tx) addGrantKey(useFrom time.Time) error {
	_, err := t.exec(`INSERT INTO grant_keys (id, seed, use_from) VALUES ($1, $2, $3)`, newID("gky_"), base64.StdEncoding.EncodeToString(randomBytes(ed25519.SeedSize)), ms(useFrom))
	return err
}
