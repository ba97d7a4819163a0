package desk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// I2: an API token has scopes, each of them known and shown once, in one order.
func TestI2Scopes(t *testing.T) {
	for _, test := range []struct {
		name  string
		given []desk.Scope
		want  []desk.Scope
		field string
	}{
		{name: "in their order, each once", given: []desk.Scope{desk.EventsRead, desk.SessionsStart, desk.EventsRead}, want: []desk.Scope{desk.SessionsStart, desk.EventsRead}},
		{name: "all", given: desk.Scopes, want: desk.Scopes},
		{name: "none", field: "scopes"},
		{name: "unknown", given: []desk.Scope{desk.SessionsRead, "sessions:delete"}, field: "scopes[1]"},
		{name: "capitals", given: []desk.Scope{"Sessions:Read"}, field: "scopes[0]"},
		{name: "nothing in it", given: []desk.Scope{""}, field: "scopes[0]"},
	} {
		got, p := desk.CheckScopes(test.given)
		if (p != nil) != (test.field != "") || p != nil && p.Errors[0].Field != test.field || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, %v", test.name, got, p)
		}
	}
}

// I2: every API token ends, after 90 days where nothing is said, after 366 at most.
func TestI2TokenExpiry(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 500_000_000, time.UTC)
	second := now.Truncate(time.Second)
	at := func(d time.Duration) *time.Time { end := now.Add(d); return &end }
	token := func(d time.Duration) desk.Caller { return desk.Caller{TokenID: "tok_1", Until: second.Add(d)} }
	for _, test := range []struct {
		name     string
		by       desk.Caller
		lifetime time.Duration
		at       *time.Time
		want     time.Time
		field    string
	}{
		{name: "nothing said", want: second.Add(90 * 24 * time.Hour)},
		{name: "the longest", lifetime: 366 * 24 * time.Hour, want: second.Add(366 * 24 * time.Hour)},
		{name: "a time", at: at(time.Hour), want: second.Add(time.Hour)},
		{name: "a second", lifetime: time.Second, want: second.Add(time.Second)},
		{name: "over the longest", lifetime: 366*24*time.Hour + time.Second, field: "lifetime_seconds"},
		{name: "a time too far away", at: at(367 * 24 * time.Hour), field: "expires_at"},
		{name: "a time out of all bounds", at: &time.Time{}, field: "expires_at"},
		{name: "now", at: at(0), field: "expires_at"},
		{name: "gone before the second is over", lifetime: time.Millisecond, field: "lifetime_seconds"},
		{name: "past", lifetime: -time.Hour, field: "lifetime_seconds"},
		{name: "by a token, nothing said", by: token(time.Hour), want: second.Add(time.Hour)},
		{name: "by a token that lives long, nothing said", by: token(300 * 24 * time.Hour), want: second.Add(90 * 24 * time.Hour)},
		{name: "by a token, as long as it", by: token(time.Hour), at: at(time.Hour), want: second.Add(time.Hour)},
		{name: "by a token, longer than it", by: token(time.Hour), lifetime: time.Hour + time.Second, field: "lifetime_seconds"},
		{name: "by a token, after its end", by: token(time.Hour), at: at(time.Hour + time.Second), field: "expires_at"},
		{name: "both", lifetime: time.Hour, at: at(time.Hour), field: "lifetime_seconds"},
	} {
		got, p := test.by.TokenExpiry(now, test.lifetime, test.at)
		if (p != nil) != (test.field != "") || p != nil && p.Errors[0].Field != test.field || p == nil && !got.Equal(test.want) {
			t.Errorf("%s: %v, %v", test.name, got, p)
		}
	}
}

// I2: who is a rep, and who is not.
func TestI2WhoActs(t *testing.T) {
	for name, test := range map[string]struct {
		caller desk.Caller
		rep    bool
	}{
		"a console":        {desk.Caller{RepID: "rep_1", ConsoleID: "con_1"}, true},
		"a rep's token":    {desk.Caller{RepID: "rep_1", TokenID: "tok_1"}, true},
		"nobody's token":   {desk.Caller{RepID: "tok_1", TokenID: "tok_1", Role: desk.RoleAdministrator}, false},
		"without any ids":  {desk.Caller{}, false},
		"the program":      {desk.Caller{RepID: "srv_1", Role: desk.RoleAdministrator}, true},
		"only a console's": {desk.Caller{RepID: "rep_1"}, true},
	} {
		if test.caller.IsRep() != test.rep || (test.caller.MayAct() == nil) != test.rep {
			t.Errorf("%s: %v, %v", name, test.caller.IsRep(), test.caller.MayAct())
		}
	}
}
