-- When the first of the counted links was asked for: a day later the count starts anew.
ALTER TABLE administrative.appointment ADD COLUMN links_asked_since bigint;
