CREATE TABLE professionals.staff (
    staff         uuid    PRIMARY KEY,
    practice      uuid    NOT NULL,
    family_name   text    NOT NULL,
    given_name    text    NOT NULL,
    -- Lower case.
    email         text    NOT NULL UNIQUE CHECK (email = lower(email)),
    role          text    NOT NULL CHECK (role IN ('practitioner', 'secretary', 'administrator')),
    active        boolean NOT NULL,
    -- Argon2id in PHC form; null until activation.
    password_hash text,
    title         text,
    profession    text,
    specialty     text,
    rpps          text CHECK (rpps ~ '^[0-9]{11}$'),
    created_at    bigint  NOT NULL,
    activated_at  bigint,
    signed_in_at  bigint,
    CHECK (role <> 'practitioner' OR (profession IS NOT NULL AND specialty IS NOT NULL AND rpps IS NOT NULL))
);
CREATE INDEX staff_of_practice ON professionals.staff (practice);

CREATE TABLE professionals.activation (
    secret_hash bytea  PRIMARY KEY CHECK (octet_length(secret_hash) = 32),
    staff       uuid   NOT NULL REFERENCES professionals.staff,
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL
);
CREATE INDEX activation_of_staff ON professionals.activation (staff);

CREATE TABLE professionals.totp (
    staff          uuid   PRIMARY KEY REFERENCES professionals.staff,
    -- AES-256-GCM, bound to the person.
    sealed_secret  bytea  NOT NULL,
    enrolled_at    bigint NOT NULL,
    -- Number of the last 30-second step whose code was accepted: none serves twice.
    last_used_step bigint NOT NULL
);

-- A secret shown but not proved yet.
CREATE TABLE professionals.totp_enrolment (
    staff         uuid   PRIMARY KEY REFERENCES professionals.staff,
    sealed_secret bytea  NOT NULL,
    expires_at    bigint NOT NULL
);

CREATE TABLE professionals.passkey (
    passkey       uuid   PRIMARY KEY,
    staff         uuid   NOT NULL REFERENCES professionals.staff,
    credential_id bytea  NOT NULL UNIQUE,
    -- Public key, counter and policy, in the JSON of the WebAuthn library.
    credential    text   NOT NULL,
    label         text   NOT NULL,
    created_at    bigint NOT NULL,
    used_at       bigint
);
CREATE INDEX passkey_of_staff ON professionals.passkey (staff);

-- One ceremony under way. It is in the database so that any server may finish what another started.
CREATE TABLE professionals.passkey_ceremony (
    token_hash bytea  PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    -- Null while signing in: the authenticator says who it is.
    staff      uuid   REFERENCES professionals.staff,
    state      text   NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE professionals.session (
    session          uuid   PRIMARY KEY,
    token_hash       bytea  NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    staff            uuid   NOT NULL REFERENCES professionals.staff,
    -- 'totp' waits for a code, 'enrolment' for a first second factor.
    stage            text   NOT NULL CHECK (stage IN ('totp', 'enrolment', 'signed_in')),
    -- Wire names of the proofs, in the order they were given, separated by spaces.
    proofs           text   NOT NULL,
    wrong_codes      int    NOT NULL DEFAULT 0,
    created_at       bigint NOT NULL,
    -- When the person last proved who they are.
    authenticated_at bigint NOT NULL,
    last_seen_at     bigint NOT NULL,
    expires_at       bigint NOT NULL
);
CREATE INDEX session_of_staff ON professionals.session (staff);

-- A browser in which a person once signed in: the limit on an account's attempts does not hold it back.
CREATE TABLE professionals.known_device (
    token_hash bytea  NOT NULL CHECK (octet_length(token_hash) = 32),
    staff      uuid   NOT NULL REFERENCES professionals.staff,
    expires_at bigint NOT NULL,
    PRIMARY KEY (token_hash, staff)
);

-- Rooms in which a member of the staff is connected now: presence in a consultation is activity.
CREATE TABLE professionals.room_presence (
    connection uuid   PRIMARY KEY,
    staff      uuid   NOT NULL,
    since      bigint NOT NULL
);
CREATE INDEX room_presence_of_staff ON professionals.room_presence (staff);

GRANT SELECT, INSERT, UPDATE ON professionals.staff TO colloque_application;
GRANT SELECT, INSERT, UPDATE, DELETE ON professionals.activation, professionals.totp, professionals.totp_enrolment,
    professionals.passkey, professionals.passkey_ceremony, professionals.session, professionals.known_device,
    professionals.room_presence TO colloque_application;
