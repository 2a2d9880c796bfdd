-- What went wrong in a call and for how long, as the server saw it: spans, no samples. At most a few hundred a consultation.
CREATE TABLE health.call_incident (
    consultation uuid   NOT NULL REFERENCES health.consultation,
    side         text   NOT NULL CHECK (side IN ('practitioner', 'patient')),
    kind         text   NOT NULL CHECK (kind IN ('cut', 'loss_sent', 'loss_received', 'narrow_link', 'fallback')),
    began_at     bigint NOT NULL,
    ended_at     bigint NOT NULL CHECK (ended_at >= began_at),
    PRIMARY KEY (consultation, side, kind, began_at)
);
GRANT SELECT, INSERT ON health.call_incident TO colloque_application;
