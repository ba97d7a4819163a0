package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

func TestI1RepeatedFailuresAreLocked(t *testing.T) {
	for _, username := range []string{"ben", "nobody"} { // the same for names that there are and that there are not
		t.Run(username, func(t *testing.T) {
			each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
				try := func(password string) error {
					_, err := d.Store.LogIn(t.Context(), store.LogIn{Username: username, Password: password})
					return err
				}
				for range 5 {
					refused(t, try("wrong"), desk.InvalidCredentials)
				}
				if p := refused(t, try(storetest.Password), desk.TooManyAttempts); p.RetryAfter != 30*time.Second {
					t.Errorf("locked for %s", p.RetryAfter)
				}
				clock.Advance(30 * time.Second)
				refused(t, try("wrong"), desk.InvalidCredentials)
				if p := refused(t, try("wrong"), desk.TooManyAttempts); p.RetryAfter != time.Minute {
					t.Errorf("the second lock is %s", p.RetryAfter)
				}
				_, err := d.Store.LogIn(t.Context(), store.LogIn{Username: "cho", Password: storetest.Password})
				if err != nil {
					t.Errorf("another account: %v", err)
				}
				clock.Advance(desk.FailuresForgotten + time.Minute)
				for range 4 {
					refused(t, try("wrong"), desk.InvalidCredentials) // the count began anew
				}
				if username == "ben" {
					if err := try(storetest.Password); err != nil {
						t.Error(err)
					}
					for range 4 {
						refused(t, try("wrong"), desk.InvalidCredentials) // success, too, begins anew
					}
				}
			})
		})
	}
}

// Many guesses at once are not more guesses.
func TestI1TheLockHoldsAgainstABurst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) { // one engine after the other: they would wait in one line
		d := storetest.NewDesk(t, s)
		errs := make([]error, 40)
		atOnce(len(errs), func(i int) {
			_, errs[i] = d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: fmt.Sprint("wrong", i)})
		})
		told := map[desk.Code]int{}
		for _, err := range errs {
			p, ok := err.(*desk.Problem)
			if !ok {
				t.Fatal(err)
			}
			told[p.Code]++
		}
		if told[desk.InvalidCredentials] != 5 || told[desk.TooManyAttempts] != 35 {
			t.Errorf("of 40 guesses at once: %v", told)
		}
	})
}

func TestI1ADisabledAccount(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		token := logIn(t, d, "ben", desk.Device{}).Token
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, disabled: true}]")
		_, err := d.Authenticate(t.Context(), token)
		refusal(t, "the token", err, desk.AccountDisabled)
		_, err = d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: "wrong"})
		refusal(t, "the wrong password tells nothing", err, desk.InvalidCredentials)
		_, err = d.Store.LogIn(t.Context(), store.LogIn{Username: "BEN", Password: storetest.Password})
		refusal(t, "the right one does", err, desk.AccountDisabled)
	})
}

// What is under way with the old password when another is set, or the account closed, comes to nothing: the password was right
// when it was looked at, and is not when the console, or the new password, would come to be.
func TestI1UnderWayWhenThePasswordIsSet(t *testing.T) {
	closed := true
	logIn := func(d *storetest.Desk, _ desk.Caller) error {
		return try(d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password}))
	}
	change := func(d *storetest.Desk, ben desk.Caller) error {
		return d.ChangePassword(t.Context(), ben, storetest.Password, storetest.Password)
	}
	set := func(d *storetest.Desk, hal desk.Caller) error {
		return d.SetRepPassword(t.Context(), hal, "@ben", "battery staple")
	}
	shut := func(d *storetest.Desk, hal desk.Caller) error {
		return try(d.UpdateRep(t.Context(), hal, "@ben", store.RepChange{Disabled: &closed}, nil))
	}
	for what, c := range map[string]struct {
		works, end func(*storetest.Desk, desk.Caller) error
	}{
		"a log-in, a password is set": {logIn, set}, "a log-in, the account is closed": {logIn, shut}, "a change of it, a password is set": {change, set},
	} {
		t.Run(what, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) { // one engine after the other: hashing has one line
				d := storetest.NewDesk(t, s)
				hal, ben := d.LogIn("hal"), d.LogIn("ben")
				var at sync.WaitGroup // each works once before the end, so that all are at it
				at.Add(8)
				var over atomic.Bool
				atOnce(9, func(i int) {
					if i == 8 {
						at.Wait()
						ok(t, c.end(d, hal))
						over.Store(true)
						return
					}
					_ = c.works(d, ben) // of two changes at once one may find the password changed
					at.Done()
					for begun := false; !begun; {
						begun = over.Load()
						if c.works(d, ben) == nil && begun {
							t.Error("the old password is good afterwards")
						}
					}
				})
				if left := must(d.RepConsoles(t.Context(), hal, "@ben")); len(left) > 0 {
					t.Errorf("%d consoles are left", len(left))
				}
				if clock.Advance(desk.FailuresForgotten); try(d.UpdateRep(t.Context(), hal, "@ben", store.RepChange{Disabled: new(bool)}, nil)) != nil {
					t.Error("the account does not open again")
				}
				if err := try(d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: "battery staple"})); strings.Contains(what, "is set") && err != nil {
					t.Errorf("the password that was set: %v", err)
				}
			})
		})
	}
}

func TestI1ChangingThePasswordEndsOtherConsoles(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		mine, other := logIn(t, d, "ben", desk.Device{}), logIn(t, d, "ben", device("phone", "target"))
		ben := must(d.Authenticate(t.Context(), mine.Token))
		err := d.ChangePassword(t.Context(), ben, "wrong", "battery staple")
		if p := refused(t, err, desk.ValidationFailed); p.Errors[0].Field != "current_password" {
			t.Errorf("refused with %+v", p)
		}
		must(d.Authenticate(t.Context(), other.Token))
		if err := d.ChangePassword(t.Context(), ben, storetest.Password, "battery staple"); err != nil {
			t.Fatal(err)
		}
		must(d.Authenticate(t.Context(), mine.Token))
		_, err = d.Authenticate(t.Context(), other.Token)
		refusal(t, "the other console", err, desk.ConsoleRevoked)
		_, err = d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: storetest.Password})
		refusal(t, "the old password", err, desk.InvalidCredentials)
		must(d.Store.LogIn(t.Context(), store.LogIn{Username: "ben", Password: "battery staple"}))
	})
}

func TestI2TokensAreToldApart(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		out, unused, used := logIn(t, d, "ben", desk.Device{}), logIn(t, d, "cho", desk.Device{}), logIn(t, d, "dev", desk.Device{})
		logOut(t, d, must(d.Authenticate(t.Context(), out.Token)))
		refuses := func(name, token string, code desk.Code) {
			t.Helper()
			_, err := d.Authenticate(t.Context(), token)
			refusal(t, name, err, code)
		}
		refuses("revoked", out.Token, desk.ConsoleRevoked)
		refuses("never given out", "rdc_AAAA", desk.TokenUnknown)
		refuses("of another kind", "rda_"+used.Token[4:], desk.TokenUnknown)
		refuses("empty", "", desk.TokenUnknown)
		clock.Advance(desk.TokenUnusedFor / 2)
		d.Touch(must(d.Authenticate(t.Context(), used.Token)))
		if err := d.FlushContacts(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.Advance(desk.TokenUnusedFor/2 + time.Second)
		refuses("unused", unused.Token, desk.TokenExpired)
		must(d.Authenticate(t.Context(), used.Token))
		if err := d.RemoveOldRows(t.Context()); err != nil {
			t.Fatal(err)
		}
		refuses("revoked long ago", out.Token, desk.TokenUnknown)
	})
}

// I2: no column of the database holds a token, a link, a password or an Idempotency-Key, in part or whole.
func TestI2SecretsAreNotInTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "repdesk.db")
	clock := storetest.NewClock()
	d := storetest.NewDesk(t, storetest.Open(t, file, clock))
	extended(t, d, "ben")
	idem := &store.Idempotency{Caller: "public", Operation: "POST /v1/consoles", Key: "a-long-idempotency-key-0123456789", Body: []byte("{}")}
	in := must(d.Store.LogIn(store.WithIdempotency(t.Context(), idem), store.LogIn{Username: "ana", Password: storetest.Password}))
	_, _, link := mailed(t, d, must(d.Authenticate(t.Context(), in.Token)))
	db := must(sql.Open("sqlite", file))
	defer db.Close()
	cells := 0
	for name, secret := range map[string]string{"token": in.Token[4:], "link": link, "password": storetest.Password, "key": idem.Key} {
		for _, column := range textColumns(t, db) {
			var found int
			if err := db.QueryRow(`SELECT COUNT(*) FROM `+column[0]+` WHERE instr(CAST(`+column[1]+` AS TEXT), ?) > 0`, secret).Scan(&found); err != nil {
				t.Fatal(err)
			}
			if cells++; found > 0 {
				t.Errorf("the %s stands in %s.%s", name, column[0], column[1])
			}
		}
	}
	if cells < 100 {
		t.Errorf("only %d columns were searched", cells)
	}
}

// textColumns are all columns of all tables.
func textColumns(t *testing.T, db *sql.DB) (columns [][2]string) {
	t.Helper()
	rows := must(db.Query(`SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`))
	defer rows.Close()
	for rows.Next() {
		var column [2]string
		if err := rows.Scan(&column[0], &column[1]); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, column)
	}
	return columns
}
