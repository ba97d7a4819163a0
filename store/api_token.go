package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const apiTokenPrefix = "rda_"

// NewAPIToken is a request for an API token. At most one of Lifetime and ExpiresAt says how long it lives.
type NewAPIToken struct {
	Name      string
	RepID     string // the rep as whom it acts, an id or @username; empty: nobody
	Scopes    []desk.Scope
	Lifetime  time.Duration
	ExpiresAt *time.Time
}

// IssuedAPIToken is the answer to making an API token. The token is given out this once; only its hash is stored.
type IssuedAPIToken struct {
	Token    string        `json:"token" doc:"The bearer token; shown this once" example:"rda_…"`
	APIToken desk.APIToken `json:"api_token" doc:"What is known of it from now on"`
}

// CreateAPIToken makes an API token: 256 random bits, stored as their SHA-256 (I2).
func (s *Store) CreateAPIToken(ctx context.Context, c desk.Caller, in NewAPIToken) (IssuedAPIToken, error) {
	expires, err := in.check(c, s.cfg.Now())
	if err != nil {
		return IssuedAPIToken{}, err
	}
	return write(ctx, s, func(t *tx) (out IssuedAPIToken, err error) {
		if err := t.tokenStands(c.TokenID); err != nil {
			return out, err
		}
		if in.RepID != "" {
			if in.RepID, err = t.resolve("rep", in.RepID); err != nil {
				return out, err
			}
		}
		scopes, err := json.Marshal(in.Scopes)
		if err != nil {
			return out, err
		}
		id := newID("tok_")
		out.Token = apiTokenPrefix + base64.RawURLEncoding.EncodeToString(randomBytes(32))
		if _, err := t.exec(`INSERT INTO api_tokens (id, name, hash, rep_id, scopes, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			id, in.Name, hashToken(out.Token), in.RepID, string(scopes), cmp.Or(c.TokenID, c.RepID), ms(t.now), ms(expires)); err != nil {
			return out, err
		}
		out.APIToken, err = t.apiToken(id)
		return out, err
	})
}

// check refuses what cannot be, brings the scopes into their order, and says when the token ends.
// tokenStands refuses a token that was revoked while it was used to make another: nobody would find that one any more.
func (t *tx) tokenStands(id string) error {
	if id == "" {
		return nil
	}
	stands, err := t.exists(`SELECT 1 FROM api_tokens WHERE id = $1`+t.forShare(), id)
	if err == nil && !stands {
		err = unknownToken()
	}
	return err
}

func (n *NewAPIToken) check(c desk.Caller, now time.Time) (time.Time, error) {
	if err := checkAdministrator(c); err != nil {
		return now, err
	}
	if p := desk.CheckName("name", n.Name, desk.MaxName); p != nil {
		return now, p
	}
	scopes, p := desk.CheckScopes(n.Scopes)
	if p == nil {
		p = c.MayGive(scopes)
	}
	if p != nil {
		return now, p
	}
	n.Scopes = scopes
	expires, p := c.TokenExpiry(now, n.Lifetime, n.ExpiresAt)
	if p != nil {
		return now, p
	}
	return expires, nil
}

const apiTokenColumns = `SELECT k.id, k.rev, k.name, k.rep_id, COALESCE(r.name, ''), k.scopes, k.expires_at, k.created_at, k.created_by, COALESCE(b.name, m.name, ''),
	k.last_used_at FROM api_tokens k LEFT JOIN reps r ON r.id = k.rep_id LEFT JOIN reps b ON b.id = k.created_by LEFT JOIN api_tokens m ON m.id = k.created_by`

func scanAPIToken(scan scanner, k *desk.APIToken) error {
	var rep, by desk.Ref
	var scopes string
	var expires, created, used int64
	if err := scan(&k.ID, &k.Rev, &k.Name, &rep.ID, &rep.Name, &scopes, &expires, &created, &by.ID, &by.Name, &used); err != nil {
		return err
	}
	if by.Name == "" { // they are gone, or it was the operator
		by.ID = ""
	}
	k.Rep, k.CreatedBy = refOrNil(rep), refOrNil(by)
	k.ExpiresAt, k.CreatedAt, k.LastUsedAt = desk.Time(expires), desk.Time(created), desk.TimePtr(used)
	return json.Unmarshal([]byte(scopes), &k.Scopes)
}

func (t *tx) apiToken(id string) (desk.APIToken, error) {
	return one(t, "API token", apiTokenColumns+` WHERE k.id = $1`, []any{id}, scanAPIToken)
}

// lockedAPIToken reads one that nobody else can change until the transaction ends.
func (t *tx) lockedAPIToken(id string, ifRev IfRev) (desk.APIToken, error) {
	if _, err := t.row(`SELECT id FROM api_tokens WHERE id = $1`+t.forUpdate(), []any{id}, new(string)); err != nil {
		return desk.APIToken{}, err
	}
	token, err := t.apiToken(id)
	if err == nil {
		err = ifRev.check(token.Rev)
	}
	return token, err
}

// APITokens lists them, those that have ended too, the newest first, those before the id before.
func (s *Store) APITokens(ctx context.Context, c desk.Caller, before string, limit int) ([]desk.APIToken, error) {
	return readAdministered(ctx, s, c, func(t *tx) ([]desk.APIToken, error) {
		return list(t, apiTokenColumns+` WHERE $1 = '' OR k.id < $1 ORDER BY k.id DESC LIMIT $2`, []any{before, limit}, scanAPIToken)
	})
}

// APIToken returns one.
func (s *Store) APIToken(ctx context.Context, c desk.Caller, id string) (desk.APIToken, error) {
	return readAdministered(ctx, s, c, func(t *tx) (desk.APIToken, error) { return t.apiToken(id) })
}

// APITokenChange is what can be changed of an API token; nil leaves a field as it is.
type APITokenChange struct {
	Name   *string
	Scopes []desk.Scope
}

func (n *APITokenChange) check(c desk.Caller) error {
	if err := checkAdministrator(c); err != nil {
		return err
	}
	if n.Name != nil {
		if p := desk.CheckName("name", *n.Name, desk.MaxName); p != nil {
			return p
		}
	}
	if n.Scopes == nil {
		return nil
	}
	scopes, p := desk.CheckScopes(n.Scopes)
	if p == nil {
		p = c.MayGive(scopes)
	}
	if p != nil {
		return p
	}
	n.Scopes = scopes
	return nil
}

// UpdateAPIToken changes what is given. Whoever calls with the token has its new scopes from now on.
func (s *Store) UpdateAPIToken(ctx context.Context, c desk.Caller, id string, change APITokenChange, ifRev IfRev) (desk.APIToken, error) {
	if err := change.check(c); err != nil {
		return desk.APIToken{}, err
	}
	return write(ctx, s, func(t *tx) (desk.APIToken, error) {
		token, err := t.lockedAPIToken(id, ifRev)
		if err != nil {
			return token, err
		}
		now := token
		desk.Set(&now.Name, change.Name)
		if change.Scopes != nil {
			now.Scopes = change.Scopes
		}
		if now.Name == token.Name && slices.Equal(now.Scopes, token.Scopes) {
			return token, nil
		}
		scopes, err := json.Marshal(now.Scopes)
		if err != nil {
			return token, err
		}
		t.wake.callers = true
		if _, err := t.exec(`UPDATE api_tokens SET name = $1, scopes = $2, rev = rev + 1 WHERE id = $3`, now.Name, string(scopes), id); err != nil {
			return token, err
		}
		return t.apiToken(id)
	})
}

// DeleteAPIToken revokes an API token, with those that were made with it, and so on: they are unknown from now on (I2). Whoever
// found a token would otherwise keep what they made with it.
func (s *Store) DeleteAPIToken(ctx context.Context, c desk.Caller, id string, ifRev IfRev) error {
	if err := checkAdministrator(c); err != nil {
		return err
	}
	return alter(ctx, s, func(t *tx) error {
		if _, err := t.lockedAPIToken(id, ifRev); err != nil {
			return err
		}
		t.wake.callers = true
		for revoked := []string{id}; len(revoked) > 0; {
			if _, err := t.exec(`DELETE FROM api_tokens WHERE id = $1`, revoked[0]); err != nil { // waits for what is just being made with it
				return err
			}
			made, err := t.texts(`SELECT id FROM api_tokens WHERE created_by = $1`, revoked[0])
			if err != nil {
				return err
			}
			revoked = append(revoked[1:], made...)
		}
		return nil
	})
}

// program tells who calls with an API token, and until when that may be remembered: never past the token's end.
func (s *Store) program(ctx context.Context, hash string, until time.Time) (desk.Caller, time.Time, error) {
	c, err := lookUp(ctx, s, func(t *tx) (c desk.Caller, err error) {
		var name, scopes, permissions string
		var expires int64
		var disabled bool
		found, err := t.row(`SELECT k.id, k.name, k.rep_id, k.scopes, k.expires_at, COALESCE(r.name, ''), COALESCE(r.role, ''), COALESCE(r.permissions, '[]'),
			COALESCE(r.embassy, 0), COALESCE(r.disabled, 1) FROM api_tokens k LEFT JOIN reps r ON r.id = k.rep_id WHERE k.hash = $1`, []any{hash},
			&c.TokenID, &name, &c.RepID, &scopes, &expires, &c.Name, &c.Role, &permissions, &c.Embassy, &disabled)
		switch {
		case err != nil:
			return c, err
		case !found:
			return c, unknownToken()
		case expires <= ms(t.now):
			return c, desk.Refuse(desk.TokenExpired, "The time of the API token is over.")
		case c.RepID == "":
			c.RepID, c.Name, c.Role = c.TokenID, name, desk.RoleAdministrator
		case disabled:
			return c, desk.Refuse(desk.AccountDisabled, "The account as which the token acts is disabled.")
		}
		if c.Until = time.UnixMilli(expires); c.Until.Before(until) {
			until = c.Until
		}
		if err := json.Unmarshal([]byte(permissions), &c.Permissions); err != nil {
			return c, err
		}
		return c, json.Unmarshal([]byte(scopes), &c.Scopes)
	})
	return c, until, err
}

// tokenUseWorth is the age at which a use is worth writing again. With contactsEvery it stays within desk.TokenUseAccuracy.
const tokenUseWorth = 50 * time.Second

// tokenUses are the last uses of API tokens, and which of them are not written yet.
type tokenUses struct {
	mu      sync.Mutex
	pending map[string]time.Time // by token
	noted   map[string]time.Time // what was noted last, to write only what is worth it
}

// note remembers that a token was used. It is written within seconds, with others: a request costs no write.
func (u *tokenUses) note(tokenID string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, known := u.noted[tokenID]; known && now.Sub(last) < tokenUseWorth {
		return
	}
	if u.noted == nil {
		u.noted = map[string]time.Time{}
	}
	if u.pending == nil {
		u.pending = map[string]time.Time{}
	}
	u.pending[tokenID], u.noted[tokenID] = now, now
}

// take empties what is pending, and forgets what is too old to matter.
func (u *tokenUses) take(now time.Time) map[string]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	pending := u.pending
	u.pending = nil
	maps.DeleteFunc(u.noted, func(_ string, last time.Time) bool { return now.Sub(last) >= tokenUseWorth })
	return pending
}

// putBack keeps uses that could not be written for the next time, where no newer ones wait.
func (u *tokenUses) putBack(unwritten map[string]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.Copy(unwritten, u.pending)
	u.pending = unwritten
}

// FlushTokenUses writes the uses of API tokens that wait. The housekeeping calls it every few seconds.
func (s *Store) FlushTokenUses(ctx context.Context) error {
	pending := s.uses.take(s.cfg.Now())
	if len(pending) == 0 {
		return nil
	}
	err := alter(ctx, s, func(t *tx) error {
		for _, id := range slices.Sorted(maps.Keys(pending)) { // in one order, so that no two servers wait for each other
			if _, err := t.exec(`UPDATE api_tokens SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1`, ms(pending[id]), id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.uses.putBack(pending)
	}
	return err
}
