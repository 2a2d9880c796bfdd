-- The journal is insert-only: the application may add a row and read rows, and nothing else. Three locks hold that shut:
-- the owner cannot log in, the application is granted named columns only, and triggers refuse what a grant might allow.
CREATE TABLE journal.event (
    sequence    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The sequencer of later proofs reads below the oldest running transaction: "sequence > last seen" loses late commits.
    xid         xid8   NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    event       uuid   NOT NULL UNIQUE,
    occurred_at bigint NOT NULL,
    practice    uuid,
    kind        text   NOT NULL,
    outcome     text   NOT NULL CHECK (outcome IN ('success', 'refused', 'failed')),
    -- Full identifier of a member of the staff, pseudonym of a patient, null for anybody else.
    actor       text,
    actor_role  text   NOT NULL,
    session     uuid,
    origin      text,
    patient     text,
    consultation uuid,
    -- The exact bytes of the event, layout in crates/journal: proofs are made of these and never of the columns.
    leaf        bytea  NOT NULL
);
COMMENT ON COLUMN journal.event.occurred_at IS 'Milliseconds since 1970, as every instant of these schemas.';

CREATE INDEX event_of_practice ON journal.event (practice, sequence DESC);
CREATE INDEX event_of_actor ON journal.event (actor, sequence DESC) WHERE actor IS NOT NULL;
CREATE INDEX event_of_kind ON journal.event (practice, kind, sequence DESC);
CREATE INDEX event_of_consultation ON journal.event (consultation, sequence) WHERE consultation IS NOT NULL;
CREATE INDEX event_in_time ON journal.event (practice, occurred_at);
CREATE INDEX event_in_commit_order ON journal.event (xid, sequence);

CREATE FUNCTION journal.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the journal is insert-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON journal.event
    FOR EACH ROW EXECUTE FUNCTION journal.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON journal.event
    FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change();
-- Without ALWAYS, `session_replication_role = replica` would pass by them.
ALTER TABLE journal.event ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE journal.event ENABLE ALWAYS TRIGGER refuse_truncate;

GRANT SELECT ON journal.event TO colloque_application;
GRANT INSERT (event, occurred_at, practice, kind, outcome, actor, actor_role, session, origin, patient, consultation, leaf)
    ON journal.event TO colloque_application;
