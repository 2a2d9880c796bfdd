-- Wrong codes of a person by where they were typed, so that a restart gives nobody new attempts.
CREATE TABLE professionals.wrong_code (
    -- A second factor enrolled anew begins without a past.
    staff      uuid   NOT NULL REFERENCES professionals.totp ON DELETE CASCADE,
    -- Half a hash: of a network's prefix, or of a known browser's token.
    source     bytea  NOT NULL CHECK (octet_length(source) = 16),
    count      int    NOT NULL,
    last_at    bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (staff, source)
);

-- When strangers may have the whole stock of wrong codes again, from all networks together.
ALTER TABLE professionals.totp ADD COLUMN strangers_full_at bigint NOT NULL DEFAULT 0;

GRANT SELECT, INSERT, UPDATE, DELETE ON professionals.wrong_code TO colloque_application;
