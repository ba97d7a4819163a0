package bench

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// pastTarget is how much of its speed inviting keeps on a desk with a past, on SQLite.
	pastTarget = 0.85
	// pastStarts are how often the server is started for the start-up time.
	pastStarts = 3
	// pastTime is how long the past goes back; a million invitations are 2,700 a day then.
	pastTime = 365 * 24 * time.Hour
	// invitationsOf is how many invitations a past session had, and pastChunk how many sessions are filled in by one transaction.
	invitationsOf = 4
	pastChunk     = 10_000
)

// past measures inviting, and starting, on a desk with a past beside one without.
func (b *bench) past(ctx context.Context) error {
	p := plan{reps: b.Reps, teams: b.Teams, owners: b.Clients, sessions: b.Sessions}
	names := []string{"no past", fmt.Sprintf("%d past invitations", b.Past)}
	databases, crowds := make([]string, 2), make([]*people, 2)
	for i, name := range names {
		b.tell("past: a desk with %s", name)
		var err error
		if databases[i], err = b.beside(ctx, fmt.Sprint("past_", i)); err != nil {
			return err
		}
		var fill func() error
		if i == 1 {
			fill = func() error { return b.fillPast(ctx, databases[i]) }
		}
		if crowds[i], err = b.prepare(ctx, databases[i], p, fill); err != nil {
			return err
		}
	}
	starts := make([]figures, 2)
	for range pastStarts {
		for i, database := range databases {
			took, err := b.startOn(ctx, database)
			if err != nil {
				return err
			}
			starts[i].took = append(starts[i].took, took)
		}
	}
	invites, err := b.inviteInTurn(ctx, databases, crowds)
	if err != nil {
		return err
	}
	for i, name := range names {
		b.row(rated("invite, "+name, b.Clients, invites[i]))
	}
	kept := Row{Name: "invite with the past beside without", Clients: b.Clients, Value: invites[1].rate() / invites[0].rate(), Unit: "×"}
	if !b.onPostgres() {
		kept = kept.atLeast(kept.Value, pastTarget, "×")
	}
	b.row(kept)
	for i, name := range names {
		b.row(Row{Name: "start to the first answer, " + name, Value: milliseconds(starts[i].percentile(50)), Unit: "ms"})
	}
	return nil
}

// startOn starts a server and ends it, and says how long it took to its first answer.
func (b *bench) startOn(ctx context.Context, database string) (time.Duration, error) {
	fcm, err := newFCM(0)
	if err != nil {
		return 0, err
	}
	defer fcm.close()
	s, err := b.serve(ctx, database, fcm)
	if err != nil {
		return 0, err
	}
	s.stop()
	return s.started, nil
}

// inviteInTurn loads the desks one after the other, again and again, so that what else the machine does falls on both.
func (b *bench) inviteInTurn(ctx context.Context, databases []string, crowds []*people) ([]figures, error) {
	b.tell("past: %d clients invite on both in turn", b.Clients)
	all := make([]*measured, len(databases))
	for i, database := range databases {
		x, err := b.serveDesk(ctx, database, crowds[i])
		if err != nil {
			return nil, err
		}
		defer x.close()
		all[i] = &measured{x: x, ctx: ctx, clients: b.Clients, of: map[string]*figures{}}
	}
	for all[0].short("invite") || all[1].short("invite") {
		for _, m := range all {
			m.cancel("", m.invite("invite", plain))
		}
	}
	var invites []figures
	for _, m := range all {
		if m.err != nil {
			return nil, m.err
		}
		invites = append(invites, *m.of["invite"])
	}
	return invites, nil
}

// fillPast fills in invitations that ended, by SQL and not by the desk, which would take hours: evenly over a year and over all
// reps. With them stands what the desk leaves behind of each: its session, ended, with the owner and whoever accepted as
// attendees, who left; who declined; of every second one the push and its withdrawal, since not everybody has a device; and
// the events of the last 7 days. Chats, notes and customers are left out: inviting looks at none.
func (b *bench) fillPast(ctx context.Context, database string) error {
	db, err := openSQL(database)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if !b.onPostgres() { // a power cut now costs nothing but this run
		if _, err := conn.ExecContext(ctx, `PRAGMA synchronous = off`); err != nil {
			return err
		}
	}
	for _, statement := range pastTables {
		if _, err := conn.ExecContext(ctx, statement, arguments(statement, pastChunk)...); err != nil {
			return fmt.Errorf("%w (in %.60q)", err, statement)
		}
	}
	sessions := (b.Past + invitationsOf - 1) / invitationsOf
	begun := time.Now().Add(-pastTime).UnixMilli()
	for first := 0; first < sessions; first += pastChunk {
		n := min(pastChunk, sessions-first)
		if err := fillSessions(ctx, conn, first, n, b.Reps, begun, pastTime.Milliseconds()/int64(sessions)); err != nil {
			return err
		}
		b.tell("  %d of %d invitations filled in", (first+n)*invitationsOf, sessions*invitationsOf)
	}
	if b.onPostgres() { // as its own housekeeping does in time
		_, err = conn.ExecContext(ctx, `ANALYZE`)
	}
	return err
}

// pastTables number what the past is made of: sessions of a chunk, and reps.
var pastTables = []string{
	`CREATE TEMP TABLE past_numbers (n BIGINT PRIMARY KEY)`,
	`INSERT INTO past_numbers (n) WITH RECURSIVE count (n) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM count WHERE n + 1 < $1) SELECT n FROM count`,
	`CREATE TEMP TABLE past_reps (k BIGINT PRIMARY KEY, id TEXT NOT NULL)`,
	`INSERT INTO past_reps (k, id) SELECT ROW_NUMBER() OVER (ORDER BY id) - 1, id FROM reps`,
}

// Of the session $1 + n: its id, its owner's number, and when it began; and the same of its invitation i. Ids grow with time, as
// the desk's do, and are older than all of these.
const (
	pastSession = `'ses_01900000000070008000' || substr(CAST(1000000000000 + $1 + n.n AS TEXT), 2)`
	pastInvited = `'inv_01900000000070008000' || substr(CAST(1000000000000 + ($1 + n.n) * 4 + i.n AS TEXT), 2)`
	pastOwner   = `(($1 + n.n) * 7) % $3`
	pastRep     = `(($1 + n.n) * 7 + 1 + i.n) % $3`
	pastBegan   = `($4 + ($1 + n.n) * $5)`
	pastMade    = `(` + pastBegan + ` + 60000 * (1 + i.n))`
	ofSessions  = ` FROM past_numbers n JOIN past_reps o ON o.k = ` + pastOwner
	ofInvited   = ofSessions + ` JOIN past_numbers i ON i.n < 4 JOIN past_reps r ON r.k = ` + pastRep
	inChunk     = ` WHERE n.n < $2`
)

// pastRows fill in so many sessions ($2) from one on ($1), with what belongs to them, of $3 reps, the first begun at $4, and
// each next one $5 ms later; of events, those after $6. Of four invitations one each was accepted, declined, cancelled, and over
// with the session.
var pastRows = []string{
	`INSERT INTO sessions (id, state, kind, owner_id, customer_name, search, came_by, created_at, accepted_at, ended_at, end_reason)
		SELECT ` + pastSession + `, 'ended', 'support', o.id, 'Jo Doe', 'jo doe', 'api', ` + pastBegan + `, ` + pastBegan + ` + 10000, ` + pastBegan + ` + 1800000, 'ended_by_owner'` + ofSessions + inChunk,
	`INSERT INTO attendees (id, session_id, role, rep_id, access, joined_at, left_at)
		SELECT 'att_01900000000070008000' || substr(CAST(1000000000000 + ($1 + n.n) * 4 AS TEXT), 2), ` + pastSession + `, 'owner', o.id, 'control', ` + pastBegan + ` + 10000, ` + pastBegan + ` + 1800000` + ofSessions + inChunk,
	`INSERT INTO attendees (id, session_id, role, rep_id, access, joined_at, left_at)
		SELECT 'att_01900000000070008000' || substr(CAST(1000000000001 + ($1 + n.n) * 4 AS TEXT), 2), ` + pastSession + `, 'rep', r.id, 'control', ` + pastMade + ` + 20000, ` + pastBegan + ` + 1800000` + ofInvited + inChunk + ` AND i.n = 0`,
	`INSERT INTO invitations (id, session_id, kind, rep_id, inviter_id, comment, access, state, reason, accepted_by, created_at, ended_at, rev)
		SELECT ` + pastInvited + `, ` + pastSession + `, 'rep', r.id, o.id, 'Please look at the tray with me', 'control', CASE i.n WHEN 0 THEN 'accepted' WHEN 1 THEN 'declined' WHEN 2 THEN 'cancelled' ELSE 'withdrawn' END,
			CASE i.n WHEN 0 THEN 'accepted' WHEN 1 THEN 'declined' WHEN 2 THEN 'cancelled' ELSE 'session_ended' END, CASE i.n WHEN 0 THEN r.id ELSE '' END, ` + pastMade + `, ` + pastMade + ` + 20000, 2` + ofInvited + inChunk,
	`INSERT INTO declines (invitation_id, rep_id, declined_at) SELECT ` + pastInvited + `, r.id, ` + pastMade + ` + 20000` + ofInvited + inChunk + ` AND i.n = 1`,
	pastDeliveries("invitation", 0, pastMade),
	pastDeliveries("withdrawal", 1, pastMade+` + 20000`),
	pastEvents(desk.EventInvitationCreated, "o.id", pastMade),
	pastEvents(desk.EventInvitationCreated, "r.id", pastMade),
	pastEvents(desk.EventInvitationEnded, "o.id", pastMade+` + 20000`),
	pastEvents(desk.EventInvitationEnded, "r.id", pastMade+` + 20000`),
}

// pastDeliveries are what was sent to the devices of every second invited rep.
func pastDeliveries(purpose string, nth int, at string) string {
	return fmt.Sprintf(`INSERT INTO deliveries (id, about, purpose, channel, rep_id, console_id, platform, push_kind, push_target, state, attempts, tried_at, due_at, expires_at, created_at, updated_at, rev)
		SELECT 'dlv_01900000000070008000' || substr(CAST(1000000000000 + (($1 + n.n) * 4 + i.n) * 2 + %d AS TEXT), 2), %s, '%s', 'fcm', r.id, 'con_' || substr(r.id, 5), 'android', 'fcm_token', 'device-' || r.id,
			'sent', 1, %[4]s, 0, %[4]s + 86400000, %[4]s, %[4]s + 100, 3`, nth, pastInvited, purpose, at) + ofInvited + inChunk + ` AND i.n % 2 = 0`
}

// pastEvents are what the log still holds of invitations: of the last 7 days.
func pastEvents(kind desk.EventType, topicOf, at string) string {
	return fmt.Sprintf(`INSERT INTO events (topic, type, body, at) SELECT '%s' || %s, '%s', '{"type":"%[3]s","at":"2026-01-01T00:00:00Z","actor":{"id":"' || o.id || '","name":"Rep"},"session_id":"' || %s || '",
		"invitation":{"id":"' || %s || '","rev":1,"kind":"rep","session":{"id":"' || %[4]s || '","kind":"support","title":"Jo Doe"},"rep":{"id":"' || r.id || '","name":"Rep"},"inviter":{"id":"' || o.id || '","name":"Rep"},
		"comment":"Please look at the tray with me","access":"control","masked":false,"state":"active","created_at":"2026-01-01T00:00:00Z"}}', %[6]s`, desk.RepTopic(""), topicOf, kind, pastSession, pastInvited, at) +
		ofInvited + inChunk + ` AND ` + at + ` > $6`
}

func fillSessions(ctx context.Context, conn *sql.Conn, first, n, reps int, begun, every int64) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // where it was not committed
	kept := time.Now().Add(-desk.EventRetention).UnixMilli()
	for _, statement := range pastRows {
		if _, err := tx.ExecContext(ctx, statement, arguments(statement, first, n, reps, begun, every, kept)...); err != nil {
			return fmt.Errorf("%w (in %.60q)", err, statement)
		}
	}
	return tx.Commit()
}

// arguments are those of them that a statement names: the others may not be given.
func arguments(statement string, all ...any) []any {
	for len(all) > 0 && !strings.Contains(statement, fmt.Sprint("$", len(all))) {
		all = all[:len(all)-1]
	}
	return all
}
