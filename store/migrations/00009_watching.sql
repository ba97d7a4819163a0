-- +goose Up
-- The event stream that watches: of several on several servers, the one that was opened last.
ALTER TABLE consoles ADD COLUMN watched_by TEXT NOT NULL DEFAULT '';

-- Where a rep came into a team a mark says so now, as it does where they came under a portal.
INSERT INTO events (topic, type, body, at) SELECT 'rights:' || substr(topic, 5), 'rights', '{}', (SELECT MAX(at) FROM events) FROM events
    WHERE type = 'me.changed' AND topic LIKE 'rep:%' AND body LIKE '%"reason":"rights_grown"%' ORDER BY pos;

-- +goose Down
ALTER TABLE consoles DROP COLUMN watched_by;
