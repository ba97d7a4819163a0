-- Queues, entrances and administration: what stands in queues, team chat, session keys, support buttons and help links,
-- API tokens.

-- +goose Up

-- What stands in the queues of reps, teams and portals, kept in step with sessions and invitations within the transaction
-- that changes those. Lists are read, and the next is taken, by the indexes alone, however long a queue is.
CREATE TABLE queue_entries (
    id            TEXT PRIMARY KEY,
    queue_id      TEXT NOT NULL,            -- of a rep, a team or a portal
    session_id    TEXT NOT NULL REFERENCES sessions (id),
    invitation_id TEXT NOT NULL DEFAULT '', -- the invitation or transfer that stands there
    kind          TEXT NOT NULL,
    came_by       TEXT NOT NULL,
    waiting       INTEGER NOT NULL,         -- a customer waits in it: it counts in the line
    entered_at    BIGINT NOT NULL,
    due_at        BIGINT NOT NULL DEFAULT 0, -- when the team's waiting rule takes effect; 0: never (D10)
    overdue       INTEGER NOT NULL DEFAULT 0,
    urgency       TEXT NOT NULL,            -- 100 less the priority, in three digits: the most urgent comes first
    customer_key  TEXT NOT NULL,            -- what lists are sorted by, as sort keys (D5)
    company_key   TEXT NOT NULL,
    issue_key     TEXT NOT NULL,
    language_key  TEXT NOT NULL,
    rev           BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX queue_entries_once ON queue_entries (session_id, queue_id, invitation_id);
CREATE INDEX queue_entries_invitation ON queue_entries (invitation_id) WHERE invitation_id <> '';
CREATE INDEX queue_entries_due ON queue_entries (due_at) WHERE due_at > 0;
CREATE INDEX queue_entries_waiting ON queue_entries (queue_id, entered_at, id);
CREATE INDEX queue_entries_line ON queue_entries (queue_id, urgency, entered_at, id, waiting, overdue);
CREATE INDEX queue_entries_offers ON queue_entries (queue_id, invitation_id) WHERE waiting = 0;
CREATE INDEX queue_entries_customer ON queue_entries (queue_id, customer_key, entered_at, id);
CREATE INDEX queue_entries_company ON queue_entries (queue_id, company_key, entered_at, id) WHERE company_key <> '';
CREATE INDEX queue_entries_issue ON queue_entries (queue_id, issue_key, entered_at, id) WHERE issue_key <> '';
CREATE INDEX queue_entries_language ON queue_entries (queue_id, language_key, entered_at, id) WHERE language_key <> '';

-- The queues of teams in which a session has stood: a waiting rule takes it to none of them again (D10).
CREATE TABLE queue_visits (
    session_id TEXT NOT NULL REFERENCES sessions (id),
    team_id    TEXT NOT NULL REFERENCES teams (id),
    PRIMARY KEY (session_id, team_id)
);

-- How long the line stood at each pick-up, for the estimated wait (D12).
CREATE TABLE queue_pick_ups (
    queue_id  TEXT NOT NULL,
    picked_at BIGINT NOT NULL,
    headway   BIGINT NOT NULL, -- ms that the head of the line waited as its head
    id        TEXT PRIMARY KEY
);
CREATE INDEX queue_pick_ups_queue ON queue_pick_ups (queue_id, picked_at);
CREATE INDEX queue_pick_ups_age ON queue_pick_ups (picked_at);

ALTER TABLE sessions ADD COLUMN customer_key TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN company_key TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN page_url TEXT NOT NULL DEFAULT '';   -- of a browser-sharing session (E4)
ALTER TABLE sessions ADD COLUMN page_title TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_waiting ON sessions (id) WHERE state = 'waiting';

ALTER TABLE issues ADD COLUMN title_key TEXT NOT NULL DEFAULT '';
ALTER TABLE issues ADD COLUMN portals TEXT NOT NULL DEFAULT '[]';    -- where customers can choose it; none: everywhere (E2)

ALTER TABLE team_members ADD COLUMN favourite INTEGER NOT NULL DEFAULT 0;
ALTER TABLE team_members ADD COLUMN chat_read_id TEXT NOT NULL DEFAULT ''; -- the last message of the team chat read

ALTER TABLE reps ADD COLUMN preferences TEXT NOT NULL DEFAULT '';    -- columns and sort of queues (D7)
ALTER TABLE reps ADD COLUMN preferences_rev BIGINT NOT NULL DEFAULT 1;

CREATE TABLE team_messages (
    id         TEXT PRIMARY KEY,
    team_id    TEXT NOT NULL REFERENCES teams (id),
    rep_id     TEXT NOT NULL REFERENCES reps (id),
    text       TEXT NOT NULL,
    client_ref TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);
CREATE INDEX team_messages_team ON team_messages (team_id, id);
CREATE UNIQUE INDEX team_messages_once ON team_messages (team_id, rep_id, client_ref) WHERE client_ref <> '';

-- Session keys (E1). Of the key only a keyed hash is kept: seven characters could be guessed from a plain one.
CREATE TABLE session_keys (
    id         TEXT PRIMARY KEY,
    mac        TEXT NOT NULL UNIQUE,
    rep_id     TEXT NOT NULL REFERENCES reps (id),
    portal_id  TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    session_id TEXT NOT NULL DEFAULT ''  -- that it was used for
);
CREATE INDEX session_keys_rep ON session_keys (rep_id, id);
CREATE INDEX session_keys_age ON session_keys (expires_at);

-- Support buttons and help links (E3, E4): fixed codes, each for a rep or a team.
CREATE TABLE entrances (
    id        TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,             -- support_button, help_link
    slug      TEXT NOT NULL,
    name      TEXT NOT NULL,
    icon      TEXT NOT NULL DEFAULT '',
    code      TEXT NOT NULL UNIQUE,
    portal_id TEXT NOT NULL DEFAULT '',
    rep_id    TEXT NOT NULL DEFAULT '',
    team_id   TEXT NOT NULL DEFAULT '',
    issue_id  TEXT NOT NULL DEFAULT '',
    priority  BIGINT NOT NULL DEFAULT 0,
    disabled  INTEGER NOT NULL DEFAULT 0,
    rev       BIGINT NOT NULL DEFAULT 1,
    UNIQUE (kind, slug)
);

CREATE TABLE api_tokens (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    rep_id       TEXT NOT NULL DEFAULT '', -- whom it acts as; '': nobody (I2)
    scopes       TEXT NOT NULL,
    created_by   TEXT NOT NULL DEFAULT '',
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL DEFAULT 0,
    rev          BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX api_tokens_rep ON api_tokens (rep_id);

-- +goose Down
DELETE FROM settings WHERE name = 'queues_filled'; -- the tables are empty when it goes up again
DROP TABLE api_tokens;
DROP TABLE entrances;
DROP TABLE session_keys;
DROP TABLE team_messages;
DROP TABLE queue_pick_ups;
DROP TABLE queue_visits;
DROP TABLE queue_entries;
DROP INDEX sessions_waiting;
ALTER TABLE sessions DROP COLUMN customer_key;
ALTER TABLE sessions DROP COLUMN company_key;
ALTER TABLE sessions DROP COLUMN page_url;
ALTER TABLE sessions DROP COLUMN page_title;
ALTER TABLE issues DROP COLUMN title_key;
ALTER TABLE issues DROP COLUMN portals;
ALTER TABLE team_members DROP COLUMN favourite;
ALTER TABLE team_members DROP COLUMN chat_read_id;
ALTER TABLE reps DROP COLUMN preferences;
ALTER TABLE reps DROP COLUMN preferences_rev;
