-- What is to be sent. Address and text are sealed, and forgotten once sent, except in the demonstration's mailbox.
CREATE TABLE administrative.message (
    message    uuid   PRIMARY KEY,
    channel    text   NOT NULL CHECK (channel IN ('email', 'sms')),
    sealed     bytea,
    created_at bigint NOT NULL,
    -- From this instant on the message is useless and is not sent.
    expires_at bigint NOT NULL,
    tries      int    NOT NULL DEFAULT 0,
    next_try_at bigint NOT NULL,
    sent_at    bigint,
    given_up_at bigint
);
CREATE INDEX message_to_send ON administrative.message (next_try_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX message_sent ON administrative.message (sent_at DESC) WHERE sent_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON administrative.message TO colloque_application;
