-- The outbox. Times are microseconds since 1970 (UTC), money is in millionths, both exact in 64 bits.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    key            TEXT    NOT NULL,
    freed          INTEGER NOT NULL DEFAULT 0,  -- its own seq once it gave up its key: withdrawn before it was sent
    conflict_of    TEXT,                        -- the natural key, where it is stored under another (~2, ~3, ...)
    uid            TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    store          TEXT    NOT NULL,
    till           TEXT    NOT NULL,
    series         TEXT    NOT NULL,
    sequence       INTEGER,
    receipt_number TEXT,
    business_date  TEXT    NOT NULL,
    occurred_at    INTEGER NOT NULL,
    currency       TEXT,
    total          INTEGER,
    cutoff_at      INTEGER,                     -- of a count: the moment it describes
    content_hash   BLOB    NOT NULL,
    received_at    INTEGER NOT NULL,
    problems       TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    body           TEXT                         -- the document's JSON, last because long; gone keep_days after delivery
) STRICT;
-- A uid follows from its key: one key, one document. Every index costs each sale a page of its commit.
CREATE UNIQUE INDEX documents_uid         ON documents (uid, freed);
CREATE        INDEX documents_conflict_of ON documents (conflict_of) WHERE conflict_of IS NOT NULL;
-- With all that the status sums up of a full queue, so that it reads no document for it.
CREATE        INDEX documents_state       ON documents (state, seq, kind, currency, total, received_at) WHERE state <> 'delivered';
CREATE        INDEX documents_day         ON documents (business_date, till, kind);
CREATE        INDEX documents_receipt     ON documents (receipt_number) WHERE receipt_number IS NOT NULL;
CREATE        INDEX documents_number      ON documents (sequence, till, series) WHERE sequence IS NOT NULL;

-- What a mistake in the program must not do, SQLite does not let it do.
CREATE TRIGGER documents_kept BEFORE DELETE ON documents WHEN OLD.state <> 'delivered'
BEGIN SELECT RAISE(ABORT, 'an undelivered document is never deleted'); END;
CREATE TRIGGER documents_body_kept BEFORE UPDATE OF body ON documents
WHEN NEW.body IS NULL AND OLD.state NOT IN ('delivered', 'withdrawn')
BEGIN SELECT RAISE(ABORT, 'an undelivered document keeps its body'); END;

-- What a document gives back or undoes, and so must not overtake: the sale of a return or a void.
CREATE TABLE origins (
    seq      INTEGER NOT NULL REFERENCES documents,
    position INTEGER NOT NULL,
    uid      TEXT    NOT NULL,
    line     INTEGER,
    quantity INTEGER NOT NULL,                  -- in millionths, positive when given back
    PRIMARY KEY (seq, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX origins_uid ON origins (uid);

CREATE TABLE deliveries (
    destination  TEXT    NOT NULL,
    seq          INTEGER NOT NULL REFERENCES documents,
    state        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    since        INTEGER NOT NULL,              -- received, or last released or retried by a person
    due_at       INTEGER NOT NULL,
    batch        INTEGER,                       -- noted before the request: after a crash the same batch goes again
    sent         INTEGER NOT NULL DEFAULT 0,    -- whether the destination may ever have seen it; never taken back
    reference    TEXT,
    answer       TEXT,
    delivered_at INTEGER,
    PRIMARY KEY (seq, destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due   ON deliveries (destination, seq, due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_later ON deliveries (due_at) WHERE state = 'waiting' AND due_at > 0;
CREATE INDEX deliveries_batch ON deliveries (destination, batch) WHERE batch IS NOT NULL;
CREATE INDEX deliveries_done  ON deliveries (destination, delivered_at) WHERE delivered_at IS NOT NULL;

CREATE TRIGGER deliveries_kept BEFORE DELETE ON deliveries WHEN OLD.state <> 'delivered'
BEGIN SELECT RAISE(ABORT, 'an undelivered document is never deleted'); END;
CREATE TRIGGER deliveries_final BEFORE UPDATE OF state ON deliveries
WHEN OLD.state IN ('delivered', 'withdrawn') AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'what is delivered or withdrawn stays so'); END;

-- Every change of a document's life; each row's hash covers the row before it.
CREATE TABLE history (
    n    INTEGER PRIMARY KEY AUTOINCREMENT,
    seq  INTEGER,
    at   INTEGER NOT NULL,
    who  TEXT    NOT NULL,
    what TEXT    NOT NULL,
    hash BLOB    NOT NULL
) STRICT;
CREATE INDEX history_seq ON history (seq);

-- The tills that may hand over documents. Only a hash of a token is kept.
CREATE TABLE tills (
    code     TEXT PRIMARY KEY,
    series   TEXT,
    added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    hash BLOB NOT NULL,
    till TEXT NOT NULL REFERENCES tills ON DELETE CASCADE,
    PRIMARY KEY (hash, till)
) STRICT, WITHOUT ROWID;

-- Files taken from drop folders: what was in them is stored in the same commit, so that the same bytes are never taken
-- twice. `complete` is 0 while a large file is still being taken.
CREATE TABLE files (
    inbox    TEXT    NOT NULL,
    hash     BLOB    NOT NULL,
    name     TEXT    NOT NULL,
    size     INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    records  INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    stripped INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    PRIMARY KEY (inbox, hash)
) STRICT, WITHOUT ROWID;
