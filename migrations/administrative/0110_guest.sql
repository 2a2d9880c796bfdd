-- Somebody whom the practitioner asks into one consultation by a link. The link serves as long as the appointment's room is open, so no
-- end of its own is kept, and the name is in the identity store.
CREATE TABLE administrative.guest (
    guest        uuid   PRIMARY KEY,
    practice     uuid   NOT NULL,
    appointment  uuid   NOT NULL REFERENCES administrative.appointment,
    invited_by   uuid   NOT NULL,
    role         text   NOT NULL CHECK (role IN ('expert', 'accompanying_person', 'interpreter')),
    secret_hash  bytea  NOT NULL CHECK (octet_length(secret_hash) = 32),
    invited_at   bigint NOT NULL,
    -- Of the key of the first browser that got a ticket by the link: it serves no other.
    key_thumbprint text CHECK (length(key_thumbprint) = 43),
    -- Of a cookie that this browser keeps, so that its page is told apart before the key is shown. It opens nothing.
    browser_hash bytea  CHECK (octet_length(browser_hash) = 32),
    opened_at    bigint,
    withdrawn_at bigint,
    CHECK ((opened_at IS NULL) = (key_thumbprint IS NULL) AND (opened_at IS NULL) = (browser_hash IS NULL))
);
CREATE INDEX guest_of_appointment ON administrative.guest (appointment);
GRANT SELECT, INSERT, UPDATE (key_thumbprint, browser_hash, opened_at, withdrawn_at) ON administrative.guest
    TO colloque_application;
