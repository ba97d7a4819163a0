-- Sharing whole: portals as a tree, transfers, masks and consent, chat, notes, guests, join grants, lost connections.

-- +goose Up

-- Which portals stand below which, each below itself too.
CREATE TABLE portal_tree (
    above_id  TEXT NOT NULL REFERENCES portals (id),
    portal_id TEXT NOT NULL REFERENCES portals (id),
    PRIMARY KEY (portal_id, above_id)
);
CREATE INDEX portal_tree_above ON portal_tree (above_id, portal_id);
INSERT INTO portal_tree (above_id, portal_id)
    WITH RECURSIVE up (above_id, portal_id) AS (
        SELECT id, id FROM portals
        UNION SELECT p.parent_id, u.portal_id FROM up u JOIN portals p ON p.id = u.above_id WHERE p.parent_id <> '')
    SELECT above_id, portal_id FROM up;

ALTER TABLE teams ADD COLUMN supervision INTEGER NOT NULL DEFAULT 1; -- leads may step into sessions of lower roles (C8)

CREATE INDEX teams_listed ON teams (embassy, name, id) WHERE disabled = 0; -- in the Share menu's order

ALTER TABLE reps ADD COLUMN embassy INTEGER NOT NULL DEFAULT 0;      -- A7 holds for the rep; kept by imports
ALTER TABLE reps ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;       -- the last contact of any console
ALTER TABLE reps ADD COLUMN on_public_page INTEGER NOT NULL DEFAULT 0;
UPDATE reps SET seen_at = COALESCE((SELECT MAX(c.seen_at) FROM consoles c WHERE c.rep_id = reps.id), 0);
UPDATE reps SET embassy = 1 WHERE permissions NOT LIKE '%"see_outside_embassy"%'
    AND EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = reps.id AND t.disabled = 0)
    AND NOT EXISTS (SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.rep_id = reps.id AND t.disabled = 0 AND t.embassy = 0);
CREATE INDEX reps_public ON reps (on_public_page) WHERE on_public_page = 1;

-- The event log's end when the console came to the portal: earlier events of the portal are not its rep's.
ALTER TABLE consoles ADD COLUMN portal_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consoles ADD COLUMN portal_moved INTEGER NOT NULL DEFAULT 0; -- it came there after its log-in
-- Who is logged in under a portal, without a look at the consoles themselves.
DROP INDEX consoles_portal;
CREATE INDEX consoles_portal ON consoles (portal_id, rep_id, seen_at, push_target) WHERE portal_id <> '';

ALTER TABLE sessions ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN customer_gone_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN first_rep_id TEXT NOT NULL DEFAULT '';  -- the queue it first entered: a rep's
ALTER TABLE sessions ADD COLUMN first_team_id TEXT NOT NULL DEFAULT ''; -- or a team's
ALTER TABLE sessions ADD COLUMN asked_at BIGINT NOT NULL DEFAULT 0;     -- when a push asked the lost owner to come back (C9)
ALTER TABLE sessions ADD COLUMN guest_rev BIGINT NOT NULL DEFAULT 1;    -- its revision for guests, whom masked reps do not move
UPDATE sessions SET first_rep_id = queue_rep_id, first_team_id = queue_team_id;
CREATE INDEX sessions_active ON sessions (owner_id) WHERE state = 'active';
CREATE INDEX sessions_gone ON sessions (customer_gone_at) WHERE state <> 'ended' AND customer_gone_at > 0;
CREATE INDEX sessions_asked ON sessions (owner_id) WHERE asked_at > 0;

ALTER TABLE attendees ADD COLUMN consent TEXT NOT NULL DEFAULT 'not_needed';
ALTER TABLE attendees ADD COLUMN chat_from BIGINT NOT NULL DEFAULT 0; -- sees the chat from this time on (C1)
ALTER TABLE attendees ADD COLUMN shown_at BIGINT NOT NULL DEFAULT 0;  -- since when guests see them; 0: never, or joined_at
ALTER TABLE attendees ADD COLUMN read_id TEXT NOT NULL DEFAULT '';    -- the last message read
CREATE INDEX attendees_here ON attendees (rep_id) WHERE left_at = 0 AND rep_id <> '';

-- A transfer is an invitation to own: kind 'transfer', an id that begins with trf_, and no seat.
ALTER TABLE invitations ADD COLUMN portal_id TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN sub_portals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invitations ADD COLUMN stay INTEGER NOT NULL DEFAULT 0;         -- a transfer's: the former owner stays
ALTER TABLE invitations ADD COLUMN reminders BIGINT NOT NULL DEFAULT 0;
ALTER TABLE invitations ADD COLUMN reminded_at BIGINT NOT NULL DEFAULT 0;
DROP INDEX invitations_once;
CREATE UNIQUE INDEX invitations_once ON invitations (session_id, rep_id) WHERE state = 'active' AND rep_id <> '' AND kind <> 'transfer'; -- B6
CREATE UNIQUE INDEX invitations_one_transfer ON invitations (session_id) WHERE state = 'active' AND kind = 'transfer';                   -- C6
CREATE INDEX invitations_portal ON invitations (portal_id, id) WHERE state = 'active' AND portal_id <> '';
CREATE INDEX invitations_inviter ON invitations (inviter_id, created_at); -- B20: how many in the last minute

ALTER TABLE deliveries ADD COLUMN session_id TEXT NOT NULL DEFAULT ''; -- of what is told about a session itself
ALTER TABLE deliveries ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN round BIGINT NOT NULL DEFAULT 0;     -- 0, then one more with each reminder
CREATE INDEX deliveries_session ON deliveries (session_id, id) WHERE session_id <> '';
DROP INDEX deliveries_one_email;
CREATE UNIQUE INDEX deliveries_one_email ON deliveries (invitation_id, rep_id, round) WHERE channel = 'email' AND purpose = 'invitation';

CREATE TABLE messages (
    id          TEXT PRIMARY KEY,
    session_id  TEXT NOT NULL REFERENCES sessions (id),
    attendee_id TEXT NOT NULL REFERENCES attendees (id),
    audience    TEXT NOT NULL,
    text        TEXT NOT NULL,
    system      TEXT NOT NULL DEFAULT '', -- joined, left: said by the desk of the attendee
    client_ref  TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL
);
CREATE INDEX messages_session ON messages (session_id, id);
CREATE UNIQUE INDEX messages_once ON messages (attendee_id, client_ref) WHERE client_ref <> '';

CREATE TABLE notes (
    id         TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    rep_id     TEXT NOT NULL REFERENCES reps (id),
    text       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX notes_session ON notes (session_id, id);

CREATE TABLE guest_tokens (
    hash        TEXT PRIMARY KEY,
    attendee_id TEXT NOT NULL REFERENCES attendees (id),
    since       BIGINT NOT NULL,  -- the event log's end when it was given: earlier events are not the guest's
    created_at  BIGINT NOT NULL
);
CREATE INDEX guest_tokens_attendee ON guest_tokens (attendee_id);

-- The keys that sign join grants (C12). Each is published before it is used, and as long after as a grant may live.
CREATE TABLE grant_keys (
    id         TEXT PRIMARY KEY,
    seed       TEXT NOT NULL,   -- Ed25519, base64
    use_from   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE grant_keys;
DROP TABLE guest_tokens;
DROP TABLE notes;
DROP TABLE messages;
DROP TABLE portal_tree;
DROP INDEX teams_listed;
DROP INDEX reps_public;
DROP INDEX sessions_active;
DROP INDEX sessions_gone;
DROP INDEX sessions_asked;
DROP INDEX attendees_here;
DROP INDEX invitations_once;
DROP INDEX invitations_one_transfer;
DROP INDEX invitations_portal;
DROP INDEX invitations_inviter;
DROP INDEX deliveries_session;
DROP INDEX deliveries_one_email;
DELETE FROM deliveries WHERE purpose NOT IN ('invitation', 'withdrawal') OR session_id <> '' OR round > 0;
DELETE FROM declines WHERE invitation_id IN (SELECT id FROM invitations WHERE kind IN ('transfer', 'portal'));
DELETE FROM deliveries WHERE invitation_id IN (SELECT id FROM invitations WHERE kind IN ('transfer', 'portal'));
DELETE FROM invitations WHERE kind IN ('transfer', 'portal');
DROP INDEX consoles_portal;
CREATE INDEX consoles_portal ON consoles (portal_id);
ALTER TABLE teams DROP COLUMN supervision;
ALTER TABLE reps DROP COLUMN embassy;
ALTER TABLE reps DROP COLUMN seen_at;
ALTER TABLE reps DROP COLUMN on_public_page;
ALTER TABLE consoles DROP COLUMN portal_since;
ALTER TABLE consoles DROP COLUMN portal_moved;
ALTER TABLE sessions DROP COLUMN held;
ALTER TABLE sessions DROP COLUMN customer_gone_at;
ALTER TABLE sessions DROP COLUMN first_rep_id;
ALTER TABLE sessions DROP COLUMN first_team_id;
ALTER TABLE sessions DROP COLUMN asked_at;
ALTER TABLE sessions DROP COLUMN guest_rev;
ALTER TABLE attendees DROP COLUMN consent;
ALTER TABLE attendees DROP COLUMN chat_from;
ALTER TABLE attendees DROP COLUMN shown_at;
ALTER TABLE attendees DROP COLUMN read_id;
ALTER TABLE invitations DROP COLUMN portal_id;
ALTER TABLE invitations DROP COLUMN sub_portals;
ALTER TABLE invitations DROP COLUMN stay;
ALTER TABLE invitations DROP COLUMN reminders;
ALTER TABLE invitations DROP COLUMN reminded_at;
ALTER TABLE deliveries DROP COLUMN session_id;
ALTER TABLE deliveries DROP COLUMN reason;
ALTER TABLE deliveries DROP COLUMN round;
CREATE UNIQUE INDEX invitations_once ON invitations (session_id, rep_id) WHERE state = 'active' AND rep_id <> '';
CREATE UNIQUE INDEX deliveries_one_email ON deliveries (invitation_id, rep_id) WHERE channel = 'email' AND purpose = 'invitation';
