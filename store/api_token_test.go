package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// issue makes an API token that acts as a rep, or as nobody (""), with all scopes where none are given.
func issue(t *testing.T, d *storetest.Desk, username string, scopes ...desk.Scope) store.IssuedAPIToken {
	t.Helper()
	in := store.NewAPIToken{Name: "Script", Scopes: scopes}
	if username != "" {
		in.RepID = "@" + username
	}
	if len(scopes) == 0 {
		in.Scopes = desk.Scopes
	}
	issued, err := d.CreateAPIToken(t.Context(), d.Operator(), in)
	if err != nil {
		t.Fatalf("issue a token of %q: %v", username, err)
	}
	return issued
}

// program is who calls with an API token of a rep's, or nobody's.
func program(t *testing.T, d *storetest.Desk, username string, scopes ...desk.Scope) desk.Caller {
	t.Helper()
	return must(d.Authenticate(t.Context(), issue(t, d, username, scopes...).Token))
}

// I2: a token is 256 random bits, of which the database has the hash alone, and is shown once.
func TestI2TokensAreStoredHashed(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		hal := d.LogIn("hal")
		issued := must(d.CreateAPIToken(t.Context(), hal, store.NewAPIToken{Name: "Ticket system", RepID: "@ben", Scopes: []desk.Scope{desk.SessionsRead}}))
		if len(issued.Token) != len("rda_")+43 || issued.Token == issue(t, d, "ben").Token {
			t.Errorf("token %s", issued.Token)
		}
		secret := strings.TrimPrefix(issued.Token, "rda_")
		for _, line := range data.all() {
			if strings.Contains(line, secret) {
				t.Errorf("the database holds the token: %s", line)
			}
		}
		shown := must(d.APIToken(t.Context(), hal, issued.APIToken.ID))
		for _, text := range []string{asJSON(shown), asJSON(must(d.APITokens(t.Context(), hal, "", 10)))} {
			if strings.Contains(text, secret) || strings.Contains(text, "hash") {
				t.Errorf("it is shown again: %s", text)
			}
		}
		if asJSON(shown) != asJSON(issued.APIToken) || shown.Rep.Name != "Ben Okafor" || shown.CreatedBy.Name != "Hal Moss" || shown.LastUsedAt != nil {
			t.Errorf("shown %s", asJSON(shown))
		}
	})
}

// I2: a rep's token acts as the rep; nobody's acts as itself, and sees what an administrator sees.
func TestI2WhoATokenIs(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		fay := d.LogIn("fay")
		c := program(t, d, "fay", desk.SessionsRead)
		if c.RepID != fay.RepID || c.Name != fay.Name || c.Role != fay.Role || !c.Embassy || c.ConsoleID != "" || !slices.Equal(c.Scopes, []desk.Scope{desk.SessionsRead}) || !c.IsRep() {
			t.Errorf("of fay: %+v", c)
		}
		if c := program(t, d, "dev"); !c.Has(desk.ExtendedAvailability) || c.IsAdministrator() {
			t.Errorf("of dev: %+v", c)
		}
		if c := program(t, d, ""); c.RepID != c.TokenID || c.Name != "Script" || !c.IsAdministrator() || c.Embassy || c.IsRep() {
			t.Errorf("of nobody: %+v", c)
		}
	})
}

// I2: tokens end at their second, by revocation, and with the rep as whom they act; what a server remembers does not
// outlive that.
func TestI2TokensEnd(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		asks := func(token string) error { return try(d.Authenticate(t.Context(), token)) }
		brief := must(d.CreateAPIToken(t.Context(), d.Operator(), store.NewAPIToken{Name: "Brief", Scopes: desk.Scopes, Lifetime: 10 * time.Second}))
		clock.Advance(10*time.Second - time.Millisecond)
		ok(t, asks(brief.Token))
		clock.Advance(time.Millisecond)
		refusal(t, "at the second", asks(brief.Token), desk.TokenExpired)

		revoked := issue(t, d, "ben")
		ok(t, asks(revoked.Token))
		ok(t, d.DeleteAPIToken(t.Context(), d.Operator(), revoked.APIToken.ID, nil))
		refusal(t, "revoked", asks(revoked.Token), desk.TokenUnknown)
		refusal(t, "revoked twice", d.DeleteAPIToken(t.Context(), d.Operator(), revoked.APIToken.ID, nil), desk.NotFound)

		bens, nobodys := issue(t, d, "ben"), issue(t, d, "")
		ok(t, asks(bens.Token))
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member}, disabled: true}]")
		refusal(t, "disabled", asks(bens.Token), desk.AccountDisabled)
		ok(t, asks(nobodys.Token))
		importYAML(t, d, "reps: [{username: ben, name: Ben Okafor, teams: {printers: member}, disabled: false}]")
		ok(t, asks(bens.Token))
		refusal(t, "a token for who is not there", try(d.CreateAPIToken(t.Context(), d.Operator(), store.NewAPIToken{Name: "x", RepID: "@nobody", Scopes: desk.Scopes})), desk.NotFound)
	})
}

// I2: of another server's revocation, a server on the same database knows after a second at the latest.
func TestI2APITokenRevokedByAnotherServer(t *testing.T) {
	storetest.EachDatabase(t, func(t *testing.T, database string) {
		clock := storetest.NewClock()
		d := storetest.NewDesk(t, storetest.Open(t, database, clock))
		other := storetest.Open(t, database, clock)
		issued := issue(t, d, "ben")
		ok(t, try(d.Authenticate(t.Context(), issued.Token)))
		ok(t, other.DeleteAPIToken(t.Context(), other.Operator(), issued.APIToken.ID, nil))
		clock.Advance(time.Second)
		refusal(t, "after a second", try(d.Authenticate(t.Context(), issued.Token)), desk.TokenUnknown)
	})
}

// I2: a token that is revoked while many call with it is good for nobody who asks afterwards.
func TestI2RevocationRaces(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		for range 20 {
			issued := issue(t, d, "ben")
			var asking sync.WaitGroup
			stop := make(chan struct{})
			for range 4 {
				asking.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
							_, _ = d.Authenticate(context.Background(), issued.Token)
						}
					}
				})
			}
			err := d.DeleteAPIToken(t.Context(), d.Operator(), issued.APIToken.ID, nil)
			for range 10 {
				refusal(t, "revoked", try(d.Authenticate(t.Context(), issued.Token)), desk.TokenUnknown)
			}
			close(stop)
			asking.Wait()
			ok(t, err)
		}
	})
}

// I2: of many changes at the same revision one wins, and one of changes and a revocation is last.
func TestI2ChangesRace(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		id := issue(t, d, "ben").APIToken.ID
		first := func(rev int64) error {
			if rev != 1 {
				return desk.Refuse(desk.ChangedMeanwhile, "")
			}
			return nil
		}
		results := make(chan error, 8)
		for i := range cap(results) {
			name := fmt.Sprint("Script ", i)
			go func() {
				_, err := d.UpdateAPIToken(context.Background(), d.Operator(), id, store.APITokenChange{Name: &name}, first)
				results <- err
			}()
		}
		won := 0
		for range cap(results) {
			if err := <-results; err == nil {
				won++
			} else {
				refusal(t, "second", err, desk.ChangedMeanwhile)
			}
		}
		if token := must(d.APIToken(t.Context(), d.Operator(), id)); won != 1 || token.Rev != 2 {
			t.Errorf("%d won, %+v", won, token)
		}
	})
}

// I2: what is wrong is refused, and leaves nothing.
func TestI2WrongTokens(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		hal, ana := d.LogIn("hal"), d.LogIn("ana")
		standing := issue(t, d, "ben", desk.SessionsRead).APIToken
		scopes, empty, spaces := []desk.Scope{desk.SessionsRead}, []desk.Scope{}, strings.Repeat(" ", 10_000)
		create := func(c desk.Caller, in store.NewAPIToken) func() error {
			return func() error { return try(d.CreateAPIToken(t.Context(), c, in)) }
		}
		update := func(c desk.Caller, change store.APITokenChange) func() error {
			return func() error { return try(d.UpdateAPIToken(t.Context(), c, standing.ID, change, nil)) }
		}
		for what, in := range map[string]store.NewAPIToken{
			"no name":       {Scopes: scopes},
			"spaces":        {Name: spaces, Scopes: scopes},
			"long":          {Name: strings.Repeat("x", 201), Scopes: scopes},
			"two lines":     {Name: "a\nb", Scopes: scopes},
			"no scopes":     {Name: "x"},
			"unknown scope": {Name: "x", Scopes: []desk.Scope{"everything"}},
			"too long":      {Name: "x", Scopes: scopes, Lifetime: desk.MaxTokenLifetime + time.Second},
			"negative":      {Name: "x", Scopes: scopes, Lifetime: -time.Second},
			"over already":  {Name: "x", Scopes: scopes, ExpiresAt: &standing.CreatedAt},
		} {
			data.refuses("create: "+what, desk.ValidationFailed, create(hal, in))
		}
		for what, change := range map[string]store.APITokenChange{"spaces": {Name: &spaces}, "unknown scope": {Scopes: []desk.Scope{"everything"}}, "no scopes": {Scopes: empty}} {
			data.refuses("update: "+what, desk.ValidationFailed, update(hal, change))
		}
		good, name := store.NewAPIToken{Name: "x", Scopes: scopes}, "Mine"
		bens := program(t, d, "ben")
		for who, c := range map[string]desk.Caller{"no administrator": ana, "a token of none": bens, "nobody at all": {}} {
			data.refuses(who+" creates", desk.NotAllowed, create(c, good))
			data.refuses(who+" updates", desk.NotAllowed, update(c, store.APITokenChange{Name: &name}))
			data.refuses(who+" deletes", desk.NotAllowed, func() error { return d.DeleteAPIToken(t.Context(), c, standing.ID, nil) })
			data.refuses(who+" reads", desk.NotAllowed, func() error { return try(d.APIToken(t.Context(), c, standing.ID)) })
			data.refuses(who+" lists", desk.NotAllowed, func() error { return try(d.APITokens(t.Context(), c, "", 10)) })
		}
		admin := program(t, d, "hal", desk.AdministrationWrite)
		data.refuses("a token gives out more than it has", desk.NotAllowed, create(admin, good))
		data.refuses("a token gives another more than it has", desk.NotAllowed, update(admin, store.APITokenChange{Scopes: desk.Scopes}))
		ok(t, create(admin, store.NewAPIToken{Name: "x", Scopes: []desk.Scope{desk.AdministrationWrite}})())
	})
}

// I2: a change counts at once, and nothing changed is no change.
func TestI2ChangeOfAToken(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		issued := issue(t, d, "ben", desk.SessionsRead)
		ok(t, try(d.Authenticate(t.Context(), issued.Token)))
		name := "Script"
		if same := must(d.UpdateAPIToken(t.Context(), d.Operator(), issued.APIToken.ID, store.APITokenChange{Name: &name, Scopes: []desk.Scope{desk.SessionsRead}}, nil)); same.Rev != 1 {
			t.Errorf("rev %d", same.Rev)
		}
		changed := must(d.UpdateAPIToken(t.Context(), d.Operator(), issued.APIToken.ID, store.APITokenChange{Scopes: []desk.Scope{desk.EventsRead, desk.DirectoryRead}}, nil))
		if c := must(d.Authenticate(t.Context(), issued.Token)); changed.Rev != 2 || !slices.Equal(c.Scopes, []desk.Scope{desk.DirectoryRead, desk.EventsRead}) {
			t.Errorf("rev %d, scopes %v", changed.Rev, c.Scopes)
		}
	})
}

// I2: the last use is known to within a minute, at the price of no write per request.
func TestI2LastUse(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		issued := issue(t, d, "ben")
		c := must(d.Authenticate(t.Context(), issued.Token))
		begun := clock.Now()
		for at := time.Duration(0); at < 5*time.Minute; at += 7 * time.Second {
			clock.Advance(7 * time.Second)
			d.Touch(c)
			ok(t, d.FlushTokenUses(t.Context()))
			used := must(d.APIToken(t.Context(), d.Operator(), issued.APIToken.ID)).LastUsedAt
			if used == nil || clock.Now().Sub(*used) > desk.TokenUseAccuracy || used.Before(begun) {
				t.Fatalf("at %v: used %v", clock.Now(), used)
			}
		}
		if token := must(d.APIToken(t.Context(), d.Operator(), issued.APIToken.ID)); token.Rev != 1 {
			t.Errorf("use moved the revision: %d", token.Rev)
		}
	})
}

// I2: a token makes nobody logged in, takes nobody's place at a console, and keeps no session of a lost owner.
func TestI2TokensMakeNobodyLoggedIn(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal, ben := d.LogIn("hal"), program(t, d, "ben")
		consoles := fmt.Sprint(must(d.Consoles(t.Context(), ben)))
		session := take(t, d, ben, start(t, d, ben, store.NewSession{}))
		for range 8 {
			clock.Advance(20 * time.Second)
			d.Touch(ben)
			d.Touch(hal)
			say(t, d, ben, session, "Still here")
			ok(t, d.FlushContacts(t.Context()))
			ok(t, d.FlushTokenUses(t.Context()))
		}
		if me := must(d.Me(t.Context(), ben)); me.Presence != desk.PresenceOffline {
			t.Errorf("ben is %s", me.Presence)
		}
		if after := fmt.Sprint(must(d.Consoles(t.Context(), ben))); after != consoles || consoles != "[]" {
			t.Errorf("consoles %s, before %s", after, consoles)
		}
		stay(t, d, clock, lost, hal)
		if got := where(t, d, hal, session.ID); got == "with Ben Okafor" {
			t.Errorf("the session of an owner without a console is %s", got)
		}
		refusal(t, "invite who only has a token", try(d.Invite(t.Context(), hal, d.OpenSession(hal, "").ID, store.NewInvitation{RepID: "@ben"})), desk.NotReachable)
	})
}

// E5, I2: nobody's token starts sessions for whomever it names, and for nobody in particular none.
func TestI2NobodysTokenStartsSessions(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		script, ben := program(t, d, ""), d.LogIn("ben")
		d.LogIn("dev")
		customer := desk.Customer{Name: "Jo Doe"}
		refusal(t, "no target", try(d.StartSession(t.Context(), script, store.NewSession{Kind: "support", Customer: customer})), desk.OneTargetNeeded)
		told := watch(t, d, ben)
		waiting := start(t, d, script, store.NewSession{RepID: "@ben"})
		events := told.events()
		if len(events) == 0 || events[0].Actor == nil || *events[0].Actor != script.Ref() {
			t.Errorf("told %s", asJSON(events))
		}
		start(t, d, script, store.NewSession{TeamID: "@printers"})
		start(t, d, script, store.NewSession{IssueID: "@vpn"})
		if got := take(t, d, ben, waiting); got.Owner.ID != ben.RepID {
			t.Errorf("owner %+v", got.Owner)
		}
		if all := must(d.Sessions(t.Context(), script, store.SessionFilter{}, "", 10)); len(all) != 3 {
			t.Errorf("it sees %d sessions", len(all))
		}
	})
}

// I2: what a token makes ends with it: no later, and when it is revoked. What others made goes on.
func TestI2TokensEndWithTheirMaker(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, clock *storetest.Clock) {
		hal := d.LogIn("hal")
		makes := func(c desk.Caller, in store.NewAPIToken) (store.IssuedAPIToken, desk.Caller) {
			t.Helper()
			in.Name, in.Scopes = "Token", []desk.Scope{desk.AdministrationWrite}
			issued := must(d.CreateAPIToken(t.Context(), c, in))
			return issued, must(d.Authenticate(t.Context(), issued.Token))
		}
		first, found := makes(hal, store.NewAPIToken{Lifetime: 10 * time.Minute, RepID: "@hal"})
		other, _ := makes(hal, store.NewAPIToken{})
		for _, in := range []store.NewAPIToken{{Lifetime: desk.MaxTokenLifetime}, {Lifetime: 11 * time.Minute}} {
			in.Name, in.Scopes = "Year", []desk.Scope{desk.AdministrationWrite}
			refusal(t, "one that lives longer", try(d.CreateAPIToken(t.Context(), found, in)), desk.ValidationFailed)
		}
		child, its := makes(found, store.NewAPIToken{})
		grandchild, _ := makes(its, store.NewAPIToken{Lifetime: time.Minute})
		if !child.APIToken.ExpiresAt.Equal(first.APIToken.ExpiresAt) || child.APIToken.CreatedBy == nil || child.APIToken.CreatedBy.ID != first.APIToken.ID {
			t.Errorf("made with a token: %+v", child.APIToken)
		}
		ok(t, d.DeleteAPIToken(t.Context(), hal, first.APIToken.ID, nil))
		for what, token := range map[string]string{"the token": first.Token, "made with it": child.Token, "made with that": grandchild.Token} {
			refusal(t, what, try(d.Authenticate(t.Context(), token)), desk.TokenUnknown)
		}
		must(d.Authenticate(t.Context(), other.Token))
	})
}

// I3: nobody's token ends a session that is stuck, whoever owns it.
func TestI3NobodysTokenEndsASession(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		script, ana := program(t, d, "", desk.SessionsWrite, desk.AdministrationWrite), d.LogIn("ana")
		told := watch(t, d, ana)
		refusal(t, "without the scope to administer", try(d.EndSession(t.Context(), program(t, d, "", desk.SessionsWrite), d.OpenSession(ana, "").ID, "")), desk.NotAllowed)
		for _, s := range []desk.Session{d.OpenSession(ana, ""), start(t, d, ana, store.NewSession{TeamID: "@printers"})} {
			if got := must(d.EndSession(t.Context(), script, s.ID, "Stuck")); got.State != desk.SessionEnded || got.EndReason != desk.EndedByAdmin {
				t.Errorf("ended: %+v", got)
			}
		}
		ended := slices.DeleteFunc(told.events(), func(e desk.Event) bool { return e.Actor == nil || *e.Actor != script.Ref() })
		if len(ended) == 0 {
			t.Error("nobody is told who ended it")
		}
	})
}

// I2: whatever method of the store nobody's token calls, with whatever ids, it owns, joins, accepts, invites, writes and
// declines nothing. Methods that are added are tried as well.
func TestI2NobodysTokenNeverActs(t *testing.T) {
	eachWithRows(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock, data rows) {
		script, ana, ben := program(t, d, ""), d.LogIn("ana"), d.LogIn("ben")
		active := d.OpenSession(ana, "")
		join(t, d, ana, active, ben, store.NewInvitation{})
		d.LogIn("cho")
		invited := inviteRep(t, d, ana, active, "cho")
		offered := d.OpenSession(ana, "")
		transfer(t, d, ana, offered, store.NewTransfer{RepID: "@ben"})
		waiting := start(t, d, ana, store.NewSession{TeamID: "@printers"})
		fault := start(t, d, ana, store.NewSession{}) // as if a fault had let one wait for it
		data.run(`UPDATE sessions SET queue_rep_id = $1 WHERE id = $2`, script.RepID, fault.ID)
		before := data.all()
		asked := 0
		for _, id := range []string{active.ID, offered.ID, waiting.ID, fault.ID, invited.ID, seatOf(t, d, ana, active, ben.RepID).ID} {
			asked += tryEverything(t, d.Store, script, []any{id, store.NewInvitation{RepID: "@ben"}, store.NewTransfer{RepID: "@ben"}, store.NewMessage{Text: "Hello"}, desk.DeliveryReceived, 10, true})
		}
		if asked < 6*30 {
			t.Errorf("only %d methods tried", asked)
		}
		for _, line := range data.all() {
			if !slices.Contains(before, line) && strings.Contains(line, script.RepID) && !strings.HasPrefix(line, "api_tokens ") {
				t.Errorf("it left %s", line)
			}
			if !slices.Contains(before, line) && !strings.HasPrefix(line, "api_tokens ") {
				t.Errorf("it changed %s", line)
			}
		}
	})
}

// tryEverything calls each method of the store that takes a caller, with those of the values that fit its parameters and
// the zero values of others, and says how many there were. A refusal is fine, a fault is not.
func tryEverything(t *testing.T, s *store.Store, c desk.Caller, values []any) (asked int) {
	t.Helper()
	all := reflect.ValueOf(s)
	for i := range all.NumMethod() {
		name, kind := all.Type().Method(i).Name, all.Method(i).Type()
		if kind.NumIn() < 2 || kind.In(1) != reflect.TypeFor[desk.Caller]() || name == "EndSession" { // which is administering (I3)
			continue
		}
		args := []reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(c)}
		for n := 2; n < kind.NumIn(); n++ {
			arg := reflect.Zero(kind.In(n))
			for _, value := range values {
				if reflect.TypeOf(value) == kind.In(n) {
					arg = reflect.ValueOf(value)
				}
			}
			args = append(args, arg)
		}
		asked++
		call := all.Method(i).Call
		if kind.IsVariadic() {
			call = all.Method(i).CallSlice
		}
		out := call(args)
		err, _ := out[len(out)-1].Interface().(error)
		if _, refused := errors.AsType[*desk.Problem](err); err != nil && !refused {
			t.Errorf("%s: %v", name, err)
		}
	}
	return asked
}
