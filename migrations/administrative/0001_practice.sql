CREATE TABLE administrative.practice (
    practice    uuid   PRIMARY KEY,
    name        text   NOT NULL,
    address     text   NOT NULL,
    postal_code text   NOT NULL,
    city        text   NOT NULL,
    -- International form, '+33...'.
    phone       text   NOT NULL,
    finess      text,
    created_at  bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON administrative.practice TO colloque_application;
