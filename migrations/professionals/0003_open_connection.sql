-- Every connection that entered a room or a desk, until it ends: what a process that died left open is closed in the journal by
-- the next one. Of a patient only the journal's pseudonym is kept.
ALTER TABLE professionals.room_presence ALTER COLUMN staff DROP NOT NULL;
ALTER TABLE professionals.room_presence ADD COLUMN practice uuid;
ALTER TABLE professionals.room_presence ADD COLUMN patient text;
-- Null at a desk.
ALTER TABLE professionals.room_presence ADD COLUMN consultation uuid;
