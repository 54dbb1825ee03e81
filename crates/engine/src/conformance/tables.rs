//! The tables of the suite, and their rows.

use crate::{Sql, SqlError};

const TABLES: &str = "
CREATE TABLE conformance_people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    age INTEGER CHECK (age >= 0),
    mail TEXT,
    CONSTRAINT mail_has_at CHECK (mail LIKE '%@%')
) STRICT;
CREATE TABLE conformance_rooms (
    id TEXT PRIMARY KEY,
    owner INTEGER NOT NULL REFERENCES conformance_people,
    topic TEXT,
    UNIQUE (owner, topic)
) STRICT;
CREATE TABLE conformance_members (
    room TEXT NOT NULL REFERENCES conformance_rooms ON DELETE CASCADE,
    person INTEGER NOT NULL REFERENCES conformance_people,
    invited_by INTEGER REFERENCES conformance_people ON DELETE SET NULL,
    PRIMARY KEY (room, person)
) STRICT, WITHOUT ROWID;
CREATE TABLE conformance_strict (i INTEGER, r REAL, t TEXT, b BLOB, a ANY) STRICT;
CREATE TABLE conformance_words (n INTEGER, word TEXT) STRICT;
CREATE UNIQUE INDEX conformance_lower ON conformance_words (lower(word)) WHERE n > 0;
CREATE TRIGGER conformance_thirteen BEFORE INSERT ON conformance_words WHEN NEW.n = 13
BEGIN SELECT RAISE(ABORT, 'no thirteen'); END;
CREATE VIEW conformance_owners AS
    SELECT name, topic FROM conformance_people JOIN conformance_rooms ON owner = conformance_people.id;
INSERT INTO conformance_people (id, name, age, mail)
    VALUES (1, 'Ada', 36, 'ada@example.org'), (2, 'Bob', NULL, NULL), (3, 'Cy', 0, NULL);
INSERT INTO conformance_rooms (id, owner, topic) VALUES ('general', 1, 'all'), ('random', 1, NULL);
INSERT INTO conformance_members (room, person, invited_by) VALUES ('general', 1, NULL), ('general', 2, 3);
INSERT INTO conformance_words (n, word) VALUES (3, 'pear'), (1, 'Apple'), (NULL, 'fig'), (2, NULL), (-1, 'apple');
";

/// Children before their parents.
const NAMES: [&str; 7] = [
    "VIEW IF EXISTS conformance_owners",
    "TRIGGER IF EXISTS conformance_thirteen",
    "TABLE IF EXISTS conformance_words",
    "TABLE IF EXISTS conformance_strict",
    "TABLE IF EXISTS conformance_members",
    "TABLE IF EXISTS conformance_rooms",
    "TABLE IF EXISTS conformance_people",
];

pub(super) fn create(db: &mut dyn Sql) -> Result<(), SqlError> {
    // A run that was interrupted may have left them.
    drop_all(db)?;
    db.run_script(TABLES)
}

pub(super) fn drop_all(db: &mut dyn Sql) -> Result<(), SqlError> {
    NAMES.iter().try_for_each(|name| db.run_script(&format!("DROP {name}")))
}
