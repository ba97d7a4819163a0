package store_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// G7: a worker gets no more than it asks for, whatever plan PostgreSQL makes: what it cannot begin with in time would be sent
// twice.
func TestG7NoMoreIsClaimedThanAskedFor(t *testing.T) {
	database := storetest.Postgres(t)
	db := must(sql.Open("pgx", database))
	defer db.Close()
	var name string
	ok(t, db.QueryRow(`SELECT current_database()`).Scan(&name))
	settings := []string{"enable_hashjoin", "enable_mergejoin", "enable_hashagg", "enable_material", "enable_sort"}
	for _, setting := range settings {
		ok(t, try(db.Exec(fmt.Sprintf(`ALTER DATABASE %s SET %s = off`, name, setting))))
		defer func() { ok(t, try(db.Exec(fmt.Sprintf(`ALTER DATABASE %s RESET %s`, name, setting)))) }()
	}
	d := storetest.NewDesk(t, storetest.Open(t, database, storetest.NewClock()))
	ana := d.LogIn("ana")
	for i := range 6 {
		d.LogInWithPush("ben", fmt.Sprint("ben-", i))
	}
	inviteRep(t, d, ana, d.OpenSession(ana, "@main"), "ben")
	if jobs := must(d.ClaimDeliveries(t.Context(), desk.ChannelFCM, 2, lease)); len(jobs) != 2 {
		t.Errorf("%d were claimed, want 2", len(jobs))
	}
}
