-- The archive: every entry of every store, one row each.
CREATE TABLE events (
    store TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    seq INTEGER NOT NULL,
    client TEXT NOT NULL,
    counter INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    author TEXT NOT NULL,
    time INTEGER NOT NULL,
    name TEXT NOT NULL,
    args TEXT NOT NULL,
    PRIMARY KEY (store, incarnation, seq)
) STRICT, WITHOUT ROWID;

-- How far the archive of each life of a log has come, and how far the log itself had.
CREATE TABLE stores (
    store TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    head INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (store, incarnation)
) STRICT, WITHOUT ROWID;
