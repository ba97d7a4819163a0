package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// sessionKeyMAC is what is kept of a key. The secret makes it useless to who reads the table alone.
func (s *Store) sessionKeyMAC(key string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("session key\n"))
	mac.Write([]byte(desk.NormalCode(key)))
	return hex.EncodeToString(mac.Sum(nil))
}

const sessionKeyColumns = `SELECT k.id, k.portal_id, COALESCE(p.name, ''), k.created_at, k.expires_at FROM session_keys k LEFT JOIN portals p ON p.id = k.portal_id`

func scanSessionKey(scan scanner, k *desk.SessionKey) error {
	var portal desk.Ref
	var created, expires int64
	err := scan(&k.ID, &portal.ID, &portal.Name, &created, &expires)
	k.Portal, k.CreatedAt, k.ExpiresAt = refOrNil(portal), desk.Time(created), desk.Time(expires)
	return err
}

// CreateSessionKey makes a key for one customer (E1). lifetime 0 is the normal one. The key's URL is a path: where the server
// is reached is not the store's to know.
func (s *Store) CreateSessionKey(ctx context.Context, c desk.Caller, portal string, lifetime time.Duration) (desk.SessionKey, error) {
	if lifetime == 0 {
		lifetime = desk.SessionKeyLifetime
	}
	if lifetime < desk.MinSessionKeyLifetime || lifetime > desk.MaxSessionKeyLifetime {
		return desk.SessionKey{}, desk.Invalid("lifetime_seconds", "out_of_bounds", "must be %d to %d", int(desk.MinSessionKeyLifetime.Seconds()), int(desk.MaxSessionKeyLifetime.Seconds()))
	}
	return writeAs(ctx, s, c, func(t *tx) (k desk.SessionKey, err error) {
		portalID := ""
		if portal != "" {
			if portalID, err = t.resolveFor(c, "portal", portal); err != nil {
				return k, err
			}
		}
		if err := t.roomForSessionKey(c); err != nil {
			return k, err
		}
		id, key, err := t.insertSessionKey(c, portalID, lifetime)
		if err != nil {
			return k, err
		}
		if k, err = one(t, "session key", sessionKeyColumns+` WHERE k.id = $1`, []any{id}, scanSessionKey); err != nil {
			return k, err
		}
		k.Key = key
		k.URL, err = t.portalPage(portalID, "key="+key)
		return k, err
	})
}

// roomForSessionKey refuses a rep who has as many keys as may stand. The rep's row is locked, so that no two requests find
// the same last room.
func (t *tx) roomForSessionKey(c desk.Caller) error {
	if _, err := t.row(`SELECT id FROM reps WHERE id = $1`+t.forUpdate(), []any{c.RepID}, new(string)); err != nil {
		return err
	}
	var standing int
	var first int64
	_, err := t.row(`SELECT COUNT(*), COALESCE(MIN(expires_at), 0) FROM session_keys WHERE rep_id = $1 AND session_id = '' AND expires_at > $2`, []any{c.RepID, ms(t.now)}, &standing, &first)
	if err == nil && standing >= desk.MaxSessionKeys {
		p := desk.Refuse(desk.TooManyRequests, "At most %d session keys of a rep can stand; delete one, or wait until one is used or expires.", desk.MaxSessionKeys)
		p.Limit, p.RetryAfter = desk.MaxSessionKeys, time.UnixMilli(first).Sub(t.now)
		err = p
	}
	return err
}

// insertSessionKey makes a key that is no other's. That one is drawn twice is as good as impossible, and no fault.
func (t *tx) insertSessionKey(c desk.Caller, portalID string, lifetime time.Duration) (id, key string, err error) {
	for range 10 {
		id, key = newID("key_"), drawText(desk.SessionKeyAlphabet, desk.SessionKeyLength)
		n, err := t.exec(`INSERT INTO session_keys (id, mac, rep_id, portal_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (mac) DO NOTHING`,
			id, t.store.sessionKeyMAC(key), c.RepID, portalID, ms(t.now), ms(t.now.Add(lifetime)))
		if err != nil || n == 1 {
			return id, key, err
		}
	}
	return "", "", fmt.Errorf("draw a session key: each of ten is taken")
}

// SessionKeys lists the caller's keys that stand, without the keys themselves, the newest first, those after the id after.
func (s *Store) SessionKeys(ctx context.Context, c desk.Caller, after string, limit int) ([]desk.SessionKey, error) {
	return read(ctx, s, func(t *tx) ([]desk.SessionKey, error) {
		return list(t, sessionKeyColumns+` WHERE k.rep_id = $1 AND k.session_id = '' AND k.expires_at > $2 AND ($3 = '' OR k.id < $3) ORDER BY k.id DESC LIMIT $4`,
			[]any{c.RepID, ms(t.now), after, limit}, scanSessionKey)
	})
}

// DeleteSessionKey takes a key of the caller's back. One that was used or has expired is not there any more.
func (s *Store) DeleteSessionKey(ctx context.Context, c desk.Caller, id string) error {
	return alter(ctx, s, func(t *tx) error {
		n, err := t.exec(`DELETE FROM session_keys WHERE id = $1 AND rep_id = $2 AND session_id = '' AND expires_at > $3`, id, c.RepID, ms(t.now))
		if err == nil && n == 0 {
			err = desk.Missing("session key")
		}
		return err
	})
}

// useSessionKey uses a key up for a session. Of two who enter it at the same instant the second finds it used: the row is
// changed only while nobody has.
func (t *tx) useSessionKey(key, sessionID string) (repID, portalID string, err error) {
	mac := t.store.sessionKeyMAC(key)
	n, err := t.exec(`UPDATE session_keys SET session_id = $1 WHERE mac = $2 AND session_id = '' AND expires_at > $3`, sessionID, mac, ms(t.now))
	if err == nil && n == 0 {
		err = codeNotValid()
	}
	if err != nil {
		return "", "", err
	}
	found, err := t.row(`SELECT k.rep_id, k.portal_id FROM session_keys k JOIN reps r ON r.id = k.rep_id LEFT JOIN portals p ON p.id = k.portal_id
		WHERE k.mac = $1 AND r.disabled = 0 AND COALESCE(p.disabled, 0) = 0`, []any{mac}, &repID, &portalID)
	if err == nil && !found {
		err = codeNotValid()
	}
	return repID, portalID, err
}
