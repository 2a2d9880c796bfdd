CREATE TABLE administrative.patient_session (
    session      uuid   PRIMARY KEY,
    token_hash   bytea  NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    practice     uuid   NOT NULL,
    patient      uuid   NOT NULL,
    invitation   uuid   NOT NULL,
    appointment  uuid   NOT NULL,
    consultation uuid   NOT NULL,
    -- 'arriving' proved the link only; 'verified' proved a second factor too.
    stage        text   NOT NULL CHECK (stage IN ('arriving', 'verified')),
    -- Wire names of the proofs, in the order they were given, separated by spaces.
    proofs       text   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE INDEX patient_session_of_appointment ON administrative.patient_session (appointment);
GRANT SELECT, INSERT, UPDATE, DELETE ON administrative.patient_session TO colloque_application;
