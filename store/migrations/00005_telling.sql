-- Telling people whole: pushes about queue entries, chats, log-ins and tests beside those about invitations and sessions;
-- emails that follow up; what a rep wants to be told of, and when not.

-- +goose Up

-- What a delivery tells of: an invitation or transfer (inv_, trf_), a session's state or chat (ses_….state, ses_….chat), a
-- queue entry (qen_), a console (con_), a rep (rep_), or test. On a device it is the notification's key.
DROP INDEX deliveries_invitation;
DROP INDEX deliveries_session;
DROP INDEX deliveries_one_email;
ALTER TABLE deliveries RENAME COLUMN invitation_id TO about;
UPDATE deliveries SET about = session_id || '.state' WHERE about = '';
ALTER TABLE deliveries ADD COLUMN about_rev BIGINT NOT NULL DEFAULT 0; -- the revision of what it tells of, where that is gone by the time of sending
ALTER TABLE deliveries ADD COLUMN by_id TEXT NOT NULL DEFAULT '';      -- the rep who did what it tells of, where nothing else says so
ALTER TABLE deliveries ADD COLUMN follows TEXT NOT NULL DEFAULT '';    -- the email that this one follows up
CREATE INDEX deliveries_about ON deliveries (about, id);
CREATE UNIQUE INDEX deliveries_one_email ON deliveries (about, rep_id, round) WHERE channel = 'email' AND purpose = 'invitation' AND state <> 'dropped';
CREATE UNIQUE INDEX deliveries_one_follow_up ON deliveries (follows) WHERE follows <> '' AND state <> 'dropped'; -- G4
CREATE INDEX deliveries_mail ON deliveries (rep_id, id) WHERE channel = 'email'; -- those that wait when extended availability is switched off
-- Those that are no part of the history of invitations, to be forgotten after a time.
CREATE INDEX deliveries_passing ON deliveries (created_at) WHERE substr(about, 1, 4) NOT IN ('inv_', 'trf_');
CREATE UNIQUE INDEX deliveries_one_message ON deliveries (about, console_id) WHERE purpose = 'message' AND state = 'waiting';

ALTER TABLE reps ADD COLUMN alert_transfers INTEGER NOT NULL DEFAULT 1;        -- what pushes tell the rep of (G13)
ALTER TABLE reps ADD COLUMN alert_queue INTEGER NOT NULL DEFAULT 1;
ALTER TABLE reps ADD COLUMN alert_team_queues TEXT NOT NULL DEFAULT 'overdue'; -- none, overdue, favourites, all
ALTER TABLE reps ADD COLUMN alert_sessions INTEGER NOT NULL DEFAULT 1;
ALTER TABLE reps ADD COLUMN alert_messages INTEGER NOT NULL DEFAULT 1;
ALTER TABLE reps ADD COLUMN quiet_from TEXT NOT NULL DEFAULT '';               -- hh:mm in the rep's time zone; '': no quiet hours
ALTER TABLE reps ADD COLUMN quiet_to TEXT NOT NULL DEFAULT '';
ALTER TABLE reps ADD COLUMN specialists_share INTEGER NOT NULL DEFAULT 0;      -- F8
ALTER TABLE reps ADD COLUMN presence TEXT NOT NULL DEFAULT 'offline';          -- as it was last told
CREATE INDEX reps_presence ON reps (logged_in_until) WHERE presence <> 'offline';

ALTER TABLE consoles ADD COLUMN watching_until BIGINT NOT NULL DEFAULT 0;      -- a lease: its event stream is open

-- +goose Down
DELETE FROM deliveries WHERE purpose NOT IN ('invitation', 'withdrawal', 'transfer', 'session') OR (channel = 'email' AND purpose <> 'invitation');
DELETE FROM deliveries WHERE channel = 'email' AND state = 'dropped';
DELETE FROM deliveries WHERE about NOT LIKE 'inv_%' AND about NOT LIKE 'trf_%' AND about NOT LIKE '%.state';
DROP INDEX deliveries_about;
DROP INDEX deliveries_one_email;
DROP INDEX deliveries_one_message;
DROP INDEX deliveries_one_follow_up;
DROP INDEX deliveries_mail;
DROP INDEX deliveries_passing;
UPDATE deliveries SET about = '' WHERE about LIKE '%.state';
ALTER TABLE deliveries RENAME COLUMN about TO invitation_id;
ALTER TABLE deliveries DROP COLUMN about_rev;
ALTER TABLE deliveries DROP COLUMN by_id;
ALTER TABLE deliveries DROP COLUMN follows;
CREATE INDEX deliveries_invitation ON deliveries (invitation_id, id) WHERE invitation_id <> '';
CREATE INDEX deliveries_session ON deliveries (session_id, id) WHERE session_id <> '';
CREATE UNIQUE INDEX deliveries_one_email ON deliveries (invitation_id, rep_id, round) WHERE channel = 'email' AND purpose = 'invitation';
DROP INDEX reps_presence;
ALTER TABLE reps DROP COLUMN alert_transfers;
ALTER TABLE reps DROP COLUMN alert_queue;
ALTER TABLE reps DROP COLUMN alert_team_queues;
ALTER TABLE reps DROP COLUMN alert_sessions;
ALTER TABLE reps DROP COLUMN alert_messages;
ALTER TABLE reps DROP COLUMN quiet_from;
ALTER TABLE reps DROP COLUMN quiet_to;
ALTER TABLE reps DROP COLUMN specialists_share;
ALTER TABLE reps DROP COLUMN presence;
ALTER TABLE consoles DROP COLUMN watching_until;
