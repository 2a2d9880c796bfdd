-- Why the patient comes, in the words of whoever booked.
CREATE TABLE health.reason (
    consultation uuid   PRIMARY KEY REFERENCES health.consultation,
    -- Sealed for this consultation; null once it was taken away.
    sealed_text  bytea,
    saved_at     bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON health.reason TO colloque_application;
