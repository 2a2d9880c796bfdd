-- Patients have an identifier of this store's own.
CREATE TABLE health.consultation (
    consultation uuid   PRIMARY KEY,
    practice     uuid   NOT NULL,
    practitioner uuid   NOT NULL,
    patient      uuid   NOT NULL,
    admitted_at  bigint,
    ended_at     bigint,
    CHECK (ended_at IS NULL OR (admitted_at IS NOT NULL AND ended_at >= admitted_at))
);
CREATE INDEX consultation_of_patient ON health.consultation (practice, patient);
GRANT SELECT, INSERT, UPDATE (admitted_at, ended_at) ON health.consultation TO colloque_application;

CREATE TABLE health.consent (
    consultation uuid   PRIMARY KEY REFERENCES health.consultation,
    text_version int    NOT NULL,
    given_at     bigint NOT NULL,
    withdrawn_at bigint
);
GRANT SELECT, INSERT, UPDATE ON health.consent TO colloque_application;

CREATE TABLE health.notes (
    consultation uuid   PRIMARY KEY REFERENCES health.consultation,
    -- Sealed for this consultation.
    sealed_text  bytea  NOT NULL,
    revision     int    NOT NULL,
    saved_at     bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON health.notes TO colloque_application;

CREATE TABLE health.prescription (
    prescription uuid   PRIMARY KEY,
    practice     uuid   NOT NULL,
    consultation uuid   NOT NULL REFERENCES health.consultation,
    prescriber   uuid   NOT NULL,
    -- The version in force, or the last one that was.
    version      int    NOT NULL CHECK (version >= 1),
    document     uuid   NOT NULL,
    issued_at    bigint NOT NULL,
    cancelled_at bigint,
    -- Sealed for this prescription.
    sealed_reason bytea
);
CREATE INDEX prescription_of_consultation ON health.prescription (consultation);
GRANT SELECT, INSERT, UPDATE (version, document, issued_at, cancelled_at, sealed_reason) ON health.prescription
    TO colloque_application;
