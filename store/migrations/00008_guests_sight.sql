-- What guests see of a rep who was hidden from them says nothing of the time before; sessions are sorted by any language; who
-- accepts a transfer that is over learns why.

-- +goose Up
-- Sessions first, then what belongs to them, as the desk itself locks: servers of before may be at work.

-- Each open session stands in a queue, under the same key (D5).
ALTER TABLE sessions ADD COLUMN language_key TEXT NOT NULL DEFAULT '';
UPDATE sessions SET language_key = COALESCE((SELECT MAX(e.language_key) FROM queue_entries e WHERE e.session_id = sessions.id), '') WHERE state <> 'ended' AND language <> '';

ALTER TABLE invitations ADD COLUMN past INTEGER NOT NULL DEFAULT 0; -- a transfer that was over when the session was taken from a queue

-- A rep who was hidden and shows themself is somebody new to guests (C11): under another id, and with revisions counted from then.
ALTER TABLE attendees ADD COLUMN guest_id TEXT NOT NULL DEFAULT '';       -- the id by which guests know them; '': their own
ALTER TABLE attendees ADD COLUMN hidden_revs BIGINT NOT NULL DEFAULT 0;   -- how many of their revisions guests do not count
ALTER TABLE messages ADD COLUMN guest_author_id TEXT NOT NULL DEFAULT ''; -- the id by which guests knew the author; '': their own

-- Those who are in a session now by an invitation have an entry that says so already.
ALTER TABLE attendees ADD COLUMN invited INTEGER NOT NULL DEFAULT 0;      -- a rep whom an invitation let in

-- +goose Down
ALTER TABLE invitations DROP COLUMN past;
ALTER TABLE sessions DROP COLUMN language_key;
ALTER TABLE messages DROP COLUMN guest_author_id;
ALTER TABLE attendees DROP COLUMN invited;
ALTER TABLE attendees DROP COLUMN hidden_revs;
ALTER TABLE attendees DROP COLUMN guest_id;
