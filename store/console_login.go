package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// LogIn is a request to log in.
type LogIn struct {
	Username string
	Password string
	PortalID string // an id or @slug; empty: none
	Device   desk.Device
}

// LoggedIn is the answer to a log-in. The token is given out this once; only its hash is stored.
type LoggedIn struct {
	Token   string       `json:"token" doc:"The console's bearer token; shown this once" example:"rdc_…"`
	Console desk.Console `json:"console" doc:"The console that is now logged in"`
	Rep     desk.Me      `json:"rep" doc:"Who logged in"`
}

// LogIn checks the password and logs a console in (I1, G10).
func (s *Store) LogIn(ctx context.Context, in LogIn) (LoggedIn, error) {
	if p := in.Device.Check("device."); p != nil {
		return LoggedIn{}, p
	}
	rep, err := s.checkPassword(ctx, strings.ToLower(in.Username), in.Password)
	if err != nil {
		return LoggedIn{}, err
	}
	return write(ctx, s, func(t *tx) (out LoggedIn, err error) {
		console, err := t.logIn(rep.id, in)
		if err == nil {
			err = t.passwordStands(rep) // afterwards: console, then rep, as contacts lock them
		}
		if err == nil {
			_, err = t.exec(`DELETE FROM log_in_failures WHERE username = $1`, rep.username)
		}
		if err != nil {
			return out, err
		}
		if out.Token, err = t.newToken(console, rep.id); err != nil {
			return out, err
		}
		if out.Rep, err = t.me(rep.id); err != nil {
			return out, err
		}
		out.Console, err = t.console(console, console)
		return out, err
	})
}

// account is what a password was looked at for.
type account struct {
	id, username, hash string
	disabled           bool
}

// checkPassword returns the account, or the refusal. It answers and locks unknown user names like known ones.
func (s *Store) checkPassword(ctx context.Context, username, password string) (account, error) {
	found, err := read(ctx, s, func(t *tx) (a account, err error) {
		if err := t.checkLock(username); err != nil {
			return a, err
		}
		a.username = username
		_, err = t.row(`SELECT id, password_hash, disabled FROM reps WHERE username = $1`, []any{username}, &a.id, &a.hash, &a.disabled)
		return a, err
	})
	if err != nil {
		return found, err
	}
	matches, err := s.passwordMatches(ctx, password, found.hash)
	if err != nil {
		return found, err
	}
	if !matches {
		return found, s.logInFailed(ctx, username)
	}
	if found.disabled {
		return found, accountDisabled()
	}
	return found, nil
}

func accountDisabled() error {
	return desk.Refuse(desk.AccountDisabled, "An administrator disabled the account.")
}

// passwordStands looks again, in the transaction that a password is to be good for: the password may have been changed, the
// account closed or the lock have fallen while it was being hashed (I1).
func (t *tx) passwordStands(a account) error {
	now := account{}
	if _, err := t.row(`SELECT password_hash, disabled FROM reps WHERE id = $1`+t.forUpdate(), []any{a.id}, &now.hash, &now.disabled); err != nil {
		return err
	}
	if err := t.checkLock(a.username); err != nil {
		return err
	}
	switch {
	case now.hash != a.hash:
		return wrongPassword()
	case now.disabled:
		return accountDisabled()
	}
	return nil
}

func wrongPassword() error {
	return desk.Refuse(desk.InvalidCredentials, "User name or password is wrong.")
}

func (t *tx) checkLock(username string) error {
	var lockedUntil int64
	found, err := t.row(`SELECT locked_until FROM log_in_failures WHERE username = $1`, []any{username}, &lockedUntil)
	if err != nil || !found || lockedUntil <= ms(t.now) {
		return err
	}
	p := desk.Refuse(desk.TooManyAttempts, "Too many wrong passwords.")
	p.RetryAfter = time.UnixMilli(lockedUntil).Sub(t.now)
	return p
}

// logInFailed counts the failure and returns the refusal. Of many guesses made at once, those that are counted after
// the lock fell are told of the lock, right or wrong.
func (s *Store) logInFailed(ctx context.Context, username string) error {
	err := alter(WithIdempotency(ctx, nil), s, func(t *tx) error {
		var failures int
		counted, err := t.row(`INSERT INTO log_in_failures (username, failures, failed_at) VALUES ($1, 1, $2) ON CONFLICT (username) DO UPDATE SET
			failures = CASE WHEN log_in_failures.failed_at < $3 THEN 1 ELSE log_in_failures.failures + 1 END, failed_at = $2
			WHERE log_in_failures.locked_until <= $2 RETURNING failures`, []any{username, ms(t.now), ms(t.now.Add(-desk.FailuresForgotten))}, &failures)
		if err == nil && !counted {
			err = t.checkLock(username)
		}
		if lock := desk.LogInLock(failures); err == nil && lock > 0 {
			_, err = t.exec(`UPDATE log_in_failures SET locked_until = $1 WHERE username = $2`, ms(t.now.Add(lock)), username)
		}
		return err
	})
	if err != nil {
		return err
	}
	return wrongPassword()
}

func (t *tx) logIn(repID string, in LogIn) (consoleID string, err error) {
	portalID := ""
	if in.PortalID != "" {
		if portalID, err = t.resolve("portal", in.PortalID); err != nil {
			return "", err
		}
	}
	consoleID, err = t.takeDevice(repID, deref(in.Device.DeviceID))
	if err != nil {
		return "", err
	}
	rep, err := t.repRef(repID)
	if err != nil {
		return "", err
	}
	arrive := func() error {
		if err := t.moveToPortal(rep, consoleID, portalID); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE consoles SET seen_at = $1, portal_moved = 0 WHERE id = $2`, ms(t.now), consoleID); err != nil {
			return err
		}
		return t.saveDevice(consoleID, repID, in.Device)
	}
	if consoleID != "" {
		return consoleID, t.changeConsole(consoleID, arrive)
	}
	consoleID = newID("con_")
	if _, err := t.exec(`INSERT INTO consoles (id, rep_id, platform, created_at, seen_at) VALUES ($1, $2, 'script', $3, $3)`, consoleID, repID, ms(t.now)); err != nil {
		return "", err
	}
	return consoleID, arrive()
}

// takeDevice looks for an earlier log-in on the same installation (G10). The same rep's console is taken again, its
// token dies; another rep's log-in there ends.
func (t *tx) takeDevice(repID, deviceID string) (consoleID string, err error) {
	if deviceID == "" {
		return "", nil
	}
	var owner string
	found, err := t.row(`SELECT id, rep_id FROM consoles WHERE device_id = $1 AND device_id <> ''`+t.forUpdate(), []any{deviceID}, &consoleID, &owner)
	if err != nil || !found {
		return "", err
	}
	if owner == repID {
		return consoleID, t.revokeTokens(consoleID)
	}
	return "", t.endConsole(consoleID, owner, desk.SignedOutHere)
}

// newToken gives the console a token: 256 random bits, stored as their SHA-256 (I2).
func (t *tx) newToken(consoleID, repID string) (string, error) {
	token := "rdc_" + base64.RawURLEncoding.EncodeToString(randomBytes(32))
	_, err := t.exec(`INSERT INTO tokens (hash, console_id, rep_id, created_at) VALUES ($1, $2, $3, $4)`, hashToken(token), consoleID, repID, ms(t.now))
	return token, err
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func unknownToken() error { return desk.Refuse(desk.TokenUnknown, "The token is unknown.") }

func (t *tx) revokeTokens(consoleID string) error {
	t.wake.callers = true
	_, err := t.exec(`UPDATE tokens SET revoked_at = $1 WHERE console_id = $2 AND revoked_at = 0`, ms(t.now), consoleID)
	return err
}

// Authenticate tells who a bearer token is: a rep's console, or an API token.
func (s *Store) Authenticate(ctx context.Context, token string) (desk.Caller, error) {
	program := strings.HasPrefix(token, apiTokenPrefix)
	if !program && !strings.HasPrefix(token, "rdc_") {
		return desk.Caller{}, unknownToken()
	}
	hash, now := hashToken(token), s.cfg.Now()
	if c, known := s.callers.get(hash, now); known {
		return c, nil
	}
	changes, until := s.callers.changes.Load(), now.Add(callerKnownFor)
	var c desk.Caller
	var err error
	if program {
		c, until, err = s.program(ctx, hash, until)
	} else {
		c, err = s.consoleCaller(ctx, hash)
	}
	if err == nil {
		s.callers.put(hash, c, changes, until)
	}
	return c, err
}

func (s *Store) consoleCaller(ctx context.Context, hash string) (desk.Caller, error) {
	return lookUp(ctx, s, func(t *tx) (c desk.Caller, err error) {
		var permissions string
		var revokedAt, seenAt int64
		var disabled bool
		found, err := t.row(`SELECT k.rep_id, k.console_id, k.revoked_at, r.name, r.role, r.permissions, r.embassy, r.disabled, COALESCE(c.seen_at, 0)
			FROM tokens k JOIN reps r ON r.id = k.rep_id LEFT JOIN consoles c ON c.id = k.console_id WHERE k.hash = $1`,
			[]any{hash}, &c.RepID, &c.ConsoleID, &revokedAt, &c.Name, &c.Role, &permissions, &c.Embassy, &disabled, &seenAt)
		switch {
		case err != nil:
			return c, err
		case !found:
			return c, unknownToken()
		case disabled:
			return c, accountDisabled()
		case revokedAt != 0:
			return c, desk.Refuse(desk.ConsoleRevoked, "This console was logged out.")
		case seenAt < ms(t.now.Add(-desk.TokenUnusedFor)):
			return c, desk.Refuse(desk.TokenExpired, "The token was not used for 60 days.")
		}
		return c, json.Unmarshal([]byte(permissions), &c.Permissions)
	})
}

// ChangePassword sets a new password and ends the caller's other consoles.
func (s *Store) ChangePassword(ctx context.Context, c desk.Caller, current, next string) error {
	username, err := read(ctx, s, func(t *tx) (name string, err error) {
		_, err = t.row(`SELECT username FROM reps WHERE id = $1`, []any{c.RepID}, &name)
		return name, err
	})
	if err != nil {
		return err
	}
	rep, err := s.checkPassword(ctx, username, current)
	if err != nil {
		return wrongCurrentPassword(err)
	}
	hash, err := s.hashPassword(ctx, next)
	if err != nil {
		return err
	}
	return alter(ctx, s, func(t *tx) error {
		if err := t.passwordStands(rep); err != nil {
			return wrongCurrentPassword(err)
		}
		if _, err := t.exec(`UPDATE reps SET password_hash = $1 WHERE id = $2`, hash, c.RepID); err != nil {
			return err
		}
		return t.endOtherConsoles(c, desk.SignedOutPassword)
	})
}

// wrongCurrentPassword makes a refusal of the field of it: invalid_credentials is for log-in alone, and would make a
// client forget its token.
func wrongCurrentPassword(err error) error {
	var p *desk.Problem
	if errors.As(err, &p) && p.Code == desk.InvalidCredentials {
		return desk.Invalid("current_password", "wrong", "is not the current password")
	}
	return err
}
