-- Names of guests. A row is known by an identifier that only the service's key derives from the guest's, so no other store joins this
-- one.
CREATE TABLE identity.guest (
    identity   uuid   PRIMARY KEY,
    practice   uuid   NOT NULL,
    name       text   NOT NULL,
    created_at bigint NOT NULL
);
GRANT SELECT, INSERT ON identity.guest TO colloque_application;
