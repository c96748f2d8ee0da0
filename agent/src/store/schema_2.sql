-- Version 2: tokens that can be taken back by the name they were given under, and who handed in what names no till.
-- What stands in schema.sql stays as it is, and so does this: an outbox in a store is brought from one to the next.

-- Whose a token is: of a till, or of a store server that is no till itself. The tills it speaks for stand in `tokens`.
CREATE TABLE owners (
    code TEXT PRIMARY KEY,
    hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- Of tills that share a token the one that was named first in the call: the calls follow each other in the history.
INSERT OR IGNORE INTO owners (code, hash)
SELECT t.till, t.hash
FROM tokens t
WHERE NOT EXISTS (
    SELECT 1 FROM tokens other
    WHERE other.hash = t.hash AND other.till <> t.till
      AND COALESCE((SELECT MAX(n) FROM history h WHERE h.seq IS NULL AND h.what = 'till ' || other.till || ' added'), 0)
        < COALESCE((SELECT MAX(n) FROM history h WHERE h.seq IS NULL AND h.what = 'till ' || t.till || ' added'), 0)
);

-- Whose token handed in a document that names no till: they may read it again.
CREATE TABLE senders (
    seq  INTEGER PRIMARY KEY REFERENCES documents,
    code TEXT NOT NULL
) STRICT;
