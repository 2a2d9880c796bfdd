-- Join tickets that somebody has entered by, until they are over: a ticket serves once, whichever server it is shown to, and though
-- that server has been started again since.
CREATE TABLE administrative.used_ticket (
    ticket uuid PRIMARY KEY,
    connection uuid NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX used_ticket_expiry ON administrative.used_ticket (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON administrative.used_ticket TO colloque_application;
