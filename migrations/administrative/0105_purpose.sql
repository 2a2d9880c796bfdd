-- What the database is for: one row, written at the first start. One purpose never becomes the other.
CREATE TABLE administrative.purpose (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    purpose  text NOT NULL CHECK (purpose IN ('demonstration', 'production'))
);
