CREATE TABLE administrative.appointment (
    appointment  uuid   PRIMARY KEY,
    practice     uuid   NOT NULL,
    practitioner uuid   NOT NULL,
    patient      uuid   NOT NULL,
    consultation uuid   NOT NULL UNIQUE,
    starts_at    bigint NOT NULL,
    duration_min int    NOT NULL CHECK (duration_min BETWEEN 5 AND 120),
    booked_at    bigint NOT NULL,
    cancelled_at bigint,
    -- Links asked for by somebody who holds the address of an invitation, and when the last one was.
    links_asked  int    NOT NULL DEFAULT 0,
    link_asked_at bigint
);
CREATE INDEX appointment_of_practitioner ON administrative.appointment (practitioner, starts_at);
CREATE INDEX appointment_of_patient ON administrative.appointment (practice, patient);
GRANT SELECT, INSERT, UPDATE ON administrative.appointment TO colloque_application;

CREATE TABLE administrative.invitation (
    invitation    uuid   PRIMARY KEY,
    practice      uuid   NOT NULL,
    appointment   uuid   NOT NULL REFERENCES administrative.appointment,
    secret_hash   bytea  NOT NULL CHECK (octet_length(secret_hash) = 32),
    issued_at     bigint NOT NULL,
    expires_at    bigint NOT NULL,
    redeemed_at   bigint,
    superseded_at bigint
);
CREATE INDEX invitation_of_appointment ON administrative.invitation (appointment);
GRANT SELECT, INSERT, UPDATE ON administrative.invitation TO colloque_application;

-- The second factor of a session that an invitation opened.
CREATE TABLE administrative.patient_code (
    session     uuid   PRIMARY KEY REFERENCES administrative.patient_session ON DELETE CASCADE,
    channel     text   NOT NULL CHECK (channel IN ('email', 'sms', 'totp')),
    -- Six digits, sealed for this session; null for TOTP, and once the code was used or burnt.
    sealed_code bytea,
    sent_at     bigint NOT NULL,
    wrong_tries int    NOT NULL DEFAULT 0,
    tried_at    bigint,
    codes_sent  int    NOT NULL DEFAULT 0
);
GRANT SELECT, INSERT, UPDATE, DELETE ON administrative.patient_code TO colloque_application;

CREATE TABLE administrative.patient_totp (
    patient        uuid   PRIMARY KEY,
    sealed_secret  bytea  NOT NULL,
    -- Null until a first code proved that the secret arrived.
    enrolled_at    bigint,
    last_used_step bigint NOT NULL DEFAULT 0
);
GRANT SELECT, INSERT, UPDATE ON administrative.patient_totp TO colloque_application;
