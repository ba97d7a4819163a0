-- Specialists: outsiders without an account, whom the owner of a session lets in by a code or a link (F).

-- +goose Up

-- The code stands in plain text, for the owner to read it out again, and only as long as it lets somebody in.
CREATE TABLE specialist_invitations (
    id         TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    code       TEXT NOT NULL,             -- '' when it is over
    access     TEXT NOT NULL,
    joins      BIGINT NOT NULL,           -- how many people may join by it
    joined     BIGINT NOT NULL DEFAULT 0, -- how many have
    comment    TEXT NOT NULL DEFAULT '',
    language   TEXT NOT NULL DEFAULT '',  -- of its email
    by_id      TEXT NOT NULL REFERENCES reps (id),
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL DEFAULT 0,
    rev        BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX specialist_invitations_code ON specialist_invitations (code) WHERE code <> '';
CREATE INDEX specialist_invitations_session ON specialist_invitations (session_id, id);
CREATE INDEX specialist_invitations_by ON specialist_invitations (by_id);

-- By which invitation a specialist came.
ALTER TABLE attendees ADD COLUMN specialist_invitation_id TEXT NOT NULL DEFAULT '';
CREATE INDEX attendees_specialist ON attendees (specialist_invitation_id, id) WHERE specialist_invitation_id <> '';

-- The emails of specialist invitations (about spi_) are part of their history.
DROP INDEX deliveries_passing;
CREATE INDEX deliveries_passing ON deliveries (created_at) WHERE substr(about, 1, 4) NOT IN ('inv_', 'trf_', 'spi_');

-- A token that a page may be given by a link: of a customer for whom a rep or a script started the session. Who came in by
-- themself has no link, and cannot lead somebody else into the session in their place.
ALTER TABLE guest_tokens ADD COLUMN by_link INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE guest_tokens DROP COLUMN by_link;
DELETE FROM deliveries WHERE purpose = 'specialist_invitation';
DROP INDEX deliveries_passing;
CREATE INDEX deliveries_passing ON deliveries (created_at) WHERE substr(about, 1, 4) NOT IN ('inv_', 'trf_');
DROP INDEX attendees_specialist;
ALTER TABLE attendees DROP COLUMN specialist_invitation_id;
DROP TABLE specialist_invitations;
