-- Documents as issued. The application may add one and mark it; it may not change or remove its bytes.
CREATE TABLE documents.document (
    document     uuid   PRIMARY KEY,
    practice     uuid   NOT NULL,
    practitioner uuid   NOT NULL,
    -- An identifier of this store's own.
    patient      uuid   NOT NULL,
    consultation uuid   NOT NULL,
    prescription uuid   NOT NULL,
    version      int    NOT NULL CHECK (version >= 1),
    kind         text   NOT NULL CHECK (kind IN ('prescription')),
    issued_at    bigint NOT NULL,
    -- Of the bytes as they were before they were sealed.
    sha256       bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    sealed_bytes bytea  NOT NULL,
    -- What the bytes were made from, for stamped copies.
    sealed_sheet bytea  NOT NULL,
    -- 'cancelled' by its prescriber or 'replaced' by a later version.
    withdrawn_as text CHECK (withdrawn_as IN ('cancelled', 'replaced')),
    withdrawn_at bigint,
    read_by_patient_at bigint,
    UNIQUE (prescription, version),
    CHECK ((withdrawn_as IS NULL) = (withdrawn_at IS NULL))
);
CREATE INDEX document_of_patient ON documents.document (practice, patient);
CREATE INDEX document_of_consultation ON documents.document (consultation);
GRANT SELECT, INSERT, UPDATE (withdrawn_as, withdrawn_at, read_by_patient_at) ON documents.document TO colloque_application;
