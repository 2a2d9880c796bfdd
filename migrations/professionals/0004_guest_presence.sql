-- The guest whose connection it is. Its patient is then whom the room belongs to, and not who is connected.
ALTER TABLE professionals.room_presence ADD COLUMN guest uuid;
