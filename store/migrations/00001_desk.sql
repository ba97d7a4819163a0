-- The desk's state, for SQLite and PostgreSQL alike: ids are TEXT made by the server, times BIGINT Unix milliseconds
-- (0: unset), flags INTEGER 0 or 1, lists and settings JSON in TEXT. Absent texts are '', so that no column is nullable
-- except where a reference may be missing.

-- +goose Up
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE portals (
    id         TEXT PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    parent_id  TEXT NOT NULL DEFAULT '',
    settings   TEXT NOT NULL,            -- what the portal says itself
    effective  TEXT NOT NULL,            -- with what it inherits, kept when any portal changes
    disabled   INTEGER NOT NULL DEFAULT 0,
    rev        BIGINT NOT NULL DEFAULT 1
);

CREATE TABLE teams (
    id         TEXT PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    embassy    INTEGER NOT NULL DEFAULT 0,
    persistent INTEGER NOT NULL DEFAULT 0,
    waiting    TEXT NOT NULL DEFAULT '', -- the waiting rule
    disabled   INTEGER NOT NULL DEFAULT 0,
    rev        BIGINT NOT NULL DEFAULT 1
);

CREATE TABLE reps (
    id              TEXT PRIMARY KEY,
    username        TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    public_name     TEXT NOT NULL,
    search          TEXT NOT NULL,       -- the name in lower case
    email           TEXT NOT NULL DEFAULT '',
    password_hash   TEXT NOT NULL DEFAULT '',
    role            TEXT NOT NULL,
    permissions     TEXT NOT NULL,
    busy            INTEGER NOT NULL DEFAULT 0,
    extended        INTEGER NOT NULL DEFAULT 0,
    locale          TEXT NOT NULL DEFAULT 'en',
    time_zone       TEXT NOT NULL DEFAULT 'UTC',
    disabled        INTEGER NOT NULL DEFAULT 0,
    logged_in_until BIGINT NOT NULL DEFAULT 0, -- the presence lease, from the rep's consoles
    rev             BIGINT NOT NULL DEFAULT 1
);

CREATE INDEX reps_logged_in ON reps (logged_in_until);
CREATE INDEX reps_extended ON reps (extended) WHERE extended = 1;

-- Wrong passwords by user name, whether there is such a rep or not: a lock must not tell.
CREATE TABLE log_in_failures (
    username     TEXT PRIMARY KEY,
    failures     BIGINT NOT NULL,
    failed_at    BIGINT NOT NULL,
    locked_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX log_in_failures_age ON log_in_failures (failed_at);

CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id),
    rep_id  TEXT NOT NULL REFERENCES reps (id),
    rank    BIGINT NOT NULL,             -- 1 member, 2 lead, 3 manager
    since   BIGINT NOT NULL,             -- the event log's end when the rep came: earlier events are not theirs; -1: from its beginning
    PRIMARY KEY (team_id, rep_id)
);
CREATE INDEX team_members_rep ON team_members (rep_id, team_id, rank);

CREATE TABLE issues (
    id           TEXT PRIMARY KEY,
    slug         TEXT NOT NULL UNIQUE,
    title        TEXT NOT NULL,
    team_id      TEXT NOT NULL REFERENCES teams (id),
    request_help INTEGER NOT NULL DEFAULT 0,
    help_teams   TEXT NOT NULL DEFAULT '[]',
    disabled     INTEGER NOT NULL DEFAULT 0,
    rev          BIGINT NOT NULL DEFAULT 1
);

CREATE TABLE consoles (
    id            TEXT PRIMARY KEY,
    rep_id        TEXT NOT NULL REFERENCES reps (id),
    portal_id     TEXT NOT NULL DEFAULT '',
    platform      TEXT NOT NULL,
    device_id     TEXT NOT NULL DEFAULT '',
    name          TEXT NOT NULL DEFAULT '',
    app_version   TEXT NOT NULL DEFAULT '',
    os_version    TEXT NOT NULL DEFAULT '',
    locale        TEXT NOT NULL DEFAULT '',
    notifications TEXT NOT NULL DEFAULT '',
    push_kind     TEXT NOT NULL DEFAULT '',
    push_target   TEXT NOT NULL DEFAULT '',
    created_at    BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    rev           BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX consoles_rep ON consoles (rep_id);
CREATE INDEX consoles_portal ON consoles (portal_id);
CREATE UNIQUE INDEX consoles_device ON consoles (device_id) WHERE device_id <> '';
CREATE UNIQUE INDEX consoles_push_target ON consoles (push_target) WHERE push_target <> '';

-- Tokens outlive their console for a while, so that a revoked one is told apart from one that never was.
CREATE TABLE tokens (
    hash       TEXT PRIMARY KEY,
    console_id TEXT NOT NULL,
    rep_id     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_console ON tokens (console_id);
CREATE INDEX tokens_revoked ON tokens (revoked_at) WHERE revoked_at > 0;

CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,
    state         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    portal_id     TEXT NOT NULL DEFAULT '',
    customer_name TEXT NOT NULL,
    company       TEXT NOT NULL DEFAULT '',
    details       TEXT NOT NULL DEFAULT '',
    language      TEXT NOT NULL DEFAULT '',
    search        TEXT NOT NULL,         -- customer and company in lower case
    issue_id      TEXT NOT NULL DEFAULT '',
    priority      BIGINT NOT NULL DEFAULT 0,
    owner_id      TEXT NOT NULL DEFAULT '',
    queue_rep_id  TEXT NOT NULL DEFAULT '', -- the queue it waits in, or last waited in: a rep's or a team's
    queue_team_id TEXT NOT NULL DEFAULT '',
    came_by       TEXT NOT NULL,
    external_key  TEXT NOT NULL DEFAULT '',
    created_at    BIGINT NOT NULL,
    accepted_at   BIGINT NOT NULL DEFAULT 0,
    ended_at      BIGINT NOT NULL DEFAULT 0,
    end_reason    TEXT NOT NULL DEFAULT '',
    summary       TEXT NOT NULL DEFAULT '',
    rev           BIGINT NOT NULL DEFAULT 1,
    CHECK (state <> 'active' OR owner_id <> '')
);
CREATE INDEX sessions_owner ON sessions (owner_id, id) WHERE owner_id <> '';
CREATE INDEX sessions_queue_rep ON sessions (queue_rep_id, id) WHERE queue_rep_id <> '' AND state = 'waiting';
CREATE INDEX sessions_queue_team ON sessions (queue_team_id, id) WHERE queue_team_id <> '' AND state = 'waiting';
CREATE INDEX sessions_external ON sessions (external_key, id) WHERE external_key <> '';

CREATE TABLE attendees (
    id             TEXT PRIMARY KEY,
    session_id     TEXT NOT NULL REFERENCES sessions (id),
    role           TEXT NOT NULL,
    rep_id         TEXT NOT NULL DEFAULT '',
    name           TEXT NOT NULL DEFAULT '', -- of those who are not reps
    access         TEXT NOT NULL,
    masked         INTEGER NOT NULL DEFAULT 0,
    expected_until BIGINT NOT NULL DEFAULT 0, -- accepted by email, no console yet (G2)
    joined_at      BIGINT NOT NULL,
    left_at        BIGINT NOT NULL DEFAULT 0,
    rev            BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX attendees_one_owner ON attendees (session_id) WHERE role = 'owner' AND left_at = 0;
CREATE UNIQUE INDEX attendees_once ON attendees (session_id, rep_id) WHERE rep_id <> '' AND left_at = 0;
CREATE INDEX attendees_session ON attendees (session_id, id);
CREATE INDEX attendees_rep ON attendees (rep_id, session_id) WHERE rep_id <> '';
CREATE INDEX attendees_expected ON attendees (expected_until) WHERE expected_until > 0;

CREATE TABLE invitations (
    id          TEXT PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id),
    kind        TEXT NOT NULL,
    rep_id      TEXT NOT NULL DEFAULT '',
    team_id     TEXT NOT NULL DEFAULT '',
    issue_id    TEXT NOT NULL DEFAULT '',
    inviter_id  TEXT NOT NULL REFERENCES reps (id),
    comment     TEXT NOT NULL DEFAULT '',
    access      TEXT NOT NULL,
    masked      INTEGER NOT NULL DEFAULT 0,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL DEFAULT '',
    accepted_by TEXT NOT NULL DEFAULT '',
    nobody_left INTEGER NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL DEFAULT 0,
    rev         BIGINT NOT NULL DEFAULT 1
);
-- B6: at most one active invitation per rep and session.
CREATE UNIQUE INDEX invitations_once ON invitations (session_id, rep_id) WHERE state = 'active' AND rep_id <> '';
CREATE INDEX invitations_session ON invitations (session_id, id);
CREATE INDEX invitations_rep ON invitations (rep_id, id) WHERE state = 'active' AND rep_id <> '';
CREATE INDEX invitations_team ON invitations (team_id, id) WHERE state = 'active' AND team_id <> '';

CREATE TABLE declines (
    invitation_id TEXT NOT NULL REFERENCES invitations (id),
    rep_id        TEXT NOT NULL REFERENCES reps (id),
    declined_at   BIGINT NOT NULL,
    PRIMARY KEY (invitation_id, rep_id)
);

-- The outbox. A row is at once the job and what the inviter sees of it. due_at is when a worker may take it: for a
-- waiting one the time of the next attempt, for one being sent the end of the worker's lease; 0: nothing to do.
CREATE TABLE deliveries (
    id            TEXT PRIMARY KEY,
    invitation_id TEXT NOT NULL DEFAULT '',
    purpose       TEXT NOT NULL,
    channel       TEXT NOT NULL,
    rep_id        TEXT NOT NULL REFERENCES reps (id),
    console_id    TEXT NOT NULL DEFAULT '',
    console_name  TEXT NOT NULL DEFAULT '',
    platform      TEXT NOT NULL DEFAULT '',
    locale        TEXT NOT NULL DEFAULT '',
    push_kind     TEXT NOT NULL DEFAULT '',
    push_target   TEXT NOT NULL DEFAULT '',
    address       TEXT NOT NULL DEFAULT '',
    state         TEXT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,
    tried_at      BIGINT NOT NULL DEFAULT 0, -- the first attempt
    error         TEXT NOT NULL DEFAULT '',
    due_at        BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    rev           BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX deliveries_due ON deliveries (channel, due_at) WHERE due_at > 0;
CREATE INDEX deliveries_invitation ON deliveries (invitation_id, id) WHERE invitation_id <> '';
CREATE INDEX deliveries_console ON deliveries (console_id) WHERE console_id <> '';
-- G3, G8: one email of an invitation to a rep, whatever asks for it.
CREATE UNIQUE INDEX deliveries_one_email ON deliveries (invitation_id, rep_id) WHERE channel = 'email' AND purpose = 'invitation';

CREATE TABLE idempotency (
    id         TEXT PRIMARY KEY,  -- a keyed hash of caller, operation and key: the key itself is nowhere
    body_mac   TEXT NOT NULL,     -- of the body, under the key: a password in it cannot be guessed from here
    answer     TEXT NOT NULL,     -- sealed under the key
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- +goose Down
DROP TABLE idempotency;
DROP TABLE deliveries;
DROP TABLE declines;
DROP TABLE invitations;
DROP TABLE attendees;
DROP TABLE sessions;
DROP TABLE tokens;
DROP TABLE consoles;
DROP TABLE issues;
DROP TABLE team_members;
DROP TABLE log_in_failures;
DROP TABLE reps;
DROP TABLE teams;
DROP TABLE portals;
DROP TABLE settings;
