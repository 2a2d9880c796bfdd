-- Traits and contact of patients. A row is known by an identifier that only the service's key derives from the patient's, so
-- no other store joins this one.
CREATE TABLE identity.patient (
    identity    uuid   PRIMARY KEY,
    practice    uuid   NOT NULL,
    -- The patient's identifier in the administrative store, sealed for this row.
    sealed_patient bytea NOT NULL,
    birth_name  text   NOT NULL,
    used_name   text,
    first_names text   NOT NULL,
    -- 'YYYY-MM-DD'.
    birth_date  text   NOT NULL CHECK (birth_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    sex         text   NOT NULL CHECK (sex IN ('female', 'male', 'undetermined')),
    email       text   NOT NULL,
    -- International form.
    phone       text,
    -- Names in lower case without accents, each word preceded by a space.
    search      text   NOT NULL,
    created_at  bigint NOT NULL
);
CREATE INDEX patient_of_practice ON identity.patient (practice, search);
GRANT SELECT, INSERT ON identity.patient TO colloque_application;
