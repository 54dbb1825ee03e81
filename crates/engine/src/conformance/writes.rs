//! What statements write, and what constraints say to it.

use super::{Case, answer, case, outcome};
use crate::Param::{self, Blob, Integer, Null, Real, Text};
use crate::{Flow, Sql};

/// A statement that writes, and what is in a table afterwards. It is undone.
pub(super) struct Write {
    name: &'static str,
    sql: &'static str,
    params: &'static [Param<'static>],
    /// The outcome.
    expected: &'static str,
    /// What is looked at afterwards, how, and what it shows.
    after: Option<(&'static str, &'static str, &'static str)>,
}

impl Write {
    pub(super) fn run(&self, db: &mut dyn Sql) -> Case {
        let mut seen = String::new();
        let undone = db.in_transaction(&mut |db| {
            seen = outcome(&db.execute(self.sql, self.params));
            if let Some((sql, types, _)) = self.after {
                seen = format!("{seen}: {}", answer(db, sql, &[], types));
            }
            Flow::Undo
        });
        if undone.is_err() {
            seen = format!("{seen}; not undone: {}", outcome(&undone));
        }
        match self.after {
            Some((_, _, after)) => case(self.name, &format!("{}: {after}", self.expected), seen),
            None => case(self.name, self.expected, seen),
        }
    }
}

const fn write(
    name: &'static str,
    sql: &'static str,
    params: &'static [Param<'static>],
    expected: &'static str,
) -> Write {
    Write { name, sql, params, expected, after: None }
}

const fn then(
    name: &'static str,
    sql: &'static str,
    params: &'static [Param<'static>],
    after: (&'static str, &'static str, &'static str),
) -> Write {
    Write { name, sql, params, expected: "ok", after: Some(after) }
}

#[rustfmt::skip]
pub(super) const WRITES: &[Write] = &[
    // Constraints, with their names.
    write("UNIQUE on a column", "INSERT INTO conformance_people (id, name) VALUES (9, ?1)", &[Text("Ada")],
        "UNIQUE constraint failed: conformance_people.name"),
    write("UNIQUE by an update", "UPDATE conformance_people SET name = 'Ada' WHERE id = 2", &[],
        "UNIQUE constraint failed: conformance_people.name"),
    write("UNIQUE on two columns", "INSERT INTO conformance_rooms (id, owner, topic) VALUES ('x', 1, 'all')", &[],
        "UNIQUE constraint failed: conformance_rooms.owner, conformance_rooms.topic"),
    write("UNIQUE lets NULLs be", "INSERT INTO conformance_rooms (id, owner, topic) VALUES ('x', 1, NULL)", &[], "ok"),
    write("UNIQUE on an expression", "INSERT INTO conformance_words (n, word) VALUES (5, 'APPLE')", &[],
        "UNIQUE constraint failed: index 'conformance_lower'"),
    write("UNIQUE where the index has rows", "INSERT INTO conformance_words (n, word) VALUES (0, 'APPLE')", &[], "ok"),
    write("an integer PRIMARY KEY", "INSERT INTO conformance_people (id, name) VALUES (?1, 'x')", &[Integer(1)],
        "UNIQUE constraint failed: conformance_people.id"),
    write("a text PRIMARY KEY", "INSERT INTO conformance_rooms (id, owner) VALUES ('general', 2)", &[],
        "UNIQUE constraint failed: conformance_rooms.id"),
    write("a PRIMARY KEY of two columns", "INSERT INTO conformance_members (room, person) VALUES ('general', 1)", &[],
        "UNIQUE constraint failed: conformance_members.room, conformance_members.person"),
    write("a CHECK without a name", "INSERT INTO conformance_people (id, name, age) VALUES (9, 'x', ?1)", &[Integer(-1)],
        "CHECK constraint failed: age >= 0"),
    write("a CHECK with a name", "UPDATE conformance_people SET mail = 'none'", &[], "CHECK constraint failed: mail_has_at"),
    write("NOT NULL", "INSERT INTO conformance_people (id, name) VALUES (9, ?1)", &[Null],
        "NOT NULL constraint failed: conformance_people.name"),
    write("NOT NULL by an update", "UPDATE conformance_rooms SET owner = NULL", &[],
        "NOT NULL constraint failed: conformance_rooms.owner"),
    write("FOREIGN KEY on insert", "INSERT INTO conformance_rooms (id, owner) VALUES ('x', ?1)", &[Integer(99)],
        "FOREIGN KEY constraint failed"),
    write("FOREIGN KEY on delete", "DELETE FROM conformance_people WHERE id = 1", &[], "FOREIGN KEY constraint failed"),
    write("FOREIGN KEY on update", "UPDATE conformance_people SET id = 99 WHERE id = 1", &[], "FOREIGN KEY constraint failed"),
    write("a trigger's own words", "INSERT INTO conformance_words (n) VALUES (13)", &[], "a constraint failed: no thirteen"),
    then("what fails writes nothing", "INSERT INTO conformance_words (n) SELECT value FROM json_each('[20, 21]')", &[],
        ("SELECT count(*) FROM conformance_words WHERE n >= 20", "i", "2")),
    Write { name: "what fails in the middle writes nothing", sql: "INSERT INTO conformance_words (n) SELECT value FROM json_each('[20, 13, 21]')",
        params: &[], expected: "a constraint failed: no thirteen",
        after: Some(("SELECT count(*) FROM conformance_words WHERE n >= 20", "i", "0")) },

    // STRICT columns.
    write("text in an INTEGER column", "INSERT INTO conformance_strict (i) VALUES (?1)", &[Text("x")],
        "a constraint failed: cannot store TEXT value in INTEGER column conformance_strict.i"),
    write("a fraction in an INTEGER column", "INSERT INTO conformance_strict (i) VALUES (?1)", &[Real(1.5)],
        "a constraint failed: cannot store REAL value in INTEGER column conformance_strict.i"),
    write("text in a REAL column", "INSERT INTO conformance_strict (r) VALUES (?1)", &[Text("x")],
        "a constraint failed: cannot store TEXT value in REAL column conformance_strict.r"),
    write("bytes in a TEXT column", "INSERT INTO conformance_strict (t) VALUES (?1)", &[Blob(b"x")],
        "a constraint failed: cannot store BLOB value in TEXT column conformance_strict.t"),
    write("text in a BLOB column", "INSERT INTO conformance_strict (b) VALUES (?1)", &[Text("x")],
        "a constraint failed: cannot store TEXT value in BLOB column conformance_strict.b"),
    write("text in an INTEGER PRIMARY KEY", "INSERT INTO conformance_people (id, name) VALUES ('x', 'x')", &[],
        "a constraint failed: datatype mismatch"),
    then("each type in its column", "INSERT INTO conformance_strict (i, r, t, b, a) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[Integer(9_007_199_254_740_991), Real(0.5), Text("é"), Blob(&[0, 255]), Integer(1)],
        ("SELECT i, r, t, b, a, typeof(i), typeof(a) FROM conformance_strict", "iftbitt",
            r#"9007199254740991, 0.5, "é", x00ff, 1, "integer", "integer""#)),
    then("what a column can convert, it does", "INSERT INTO conformance_strict (i, r, t, a) VALUES (?1, ?2, ?3, ?4)",
        &[Text("5"), Integer(5), Integer(5), Text("5")],
        ("SELECT i, r, t, typeof(i), typeof(r), typeof(t), typeof(a) FROM conformance_strict", "ifttttt",
            r#"5, 5.0, "5", "integer", "real", "text", "text""#)),
    then("a whole real in an INTEGER column", "INSERT INTO conformance_strict (i, t) VALUES (?1, ?1)", &[Real(2.0)],
        ("SELECT typeof(i), t FROM conformance_strict", "tt", r#""integer", "2.0""#)),
    then("a column of any type keeps it", "INSERT INTO conformance_strict (a) VALUES (?1), (?2), (?3), (?4), (?5)",
        &[Integer(1), Real(1.0), Text("1"), Blob(b"1"), Null],
        ("SELECT group_concat(typeof(a)) FROM conformance_strict", "t", r#""integer,real,text,blob,null""#)),
    then("a boolean is an integer", "INSERT INTO conformance_strict (i, a) SELECT ?1 = 1, ?1 > 1", &[Integer(1)],
        ("SELECT i, typeof(a), a FROM conformance_strict", "oto", r#"true, "integer", false"#)),
    then("text with NUL is stored whole", "INSERT INTO conformance_strict (t) VALUES (?1)", &[Text("a\0b")],
        ("SELECT t, octet_length(t) FROM conformance_strict", "ti", r#""a\0b", 3"#)),
    then("an empty text and no bytes are not NULL", "INSERT INTO conformance_strict (t, b) VALUES (?1, ?2)", &[Text(""), Blob(&[])],
        ("SELECT t, b, t IS NULL, b IS NULL FROM conformance_strict", "tboo", r#""", x, false, false"#)),

    // Ways to write.
    then("an upsert updates", "INSERT INTO conformance_people (id, name, age) VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET age = age + excluded.age",
        &[Text("x"), Integer(4)], ("SELECT name, age FROM conformance_people WHERE id = 1", "ti", r#""Ada", 40"#)),
    then("an upsert leaves alone", "INSERT INTO conformance_people (id, name) VALUES (9, 'Ada') ON CONFLICT DO NOTHING", &[],
        ("SELECT count(*) FROM conformance_people", "i", "3")),
    then("INSERT OR IGNORE", "INSERT OR IGNORE INTO conformance_people (id, name) VALUES (1, 'x'), (9, 'y')", &[],
        ("SELECT id, name FROM conformance_people WHERE id IN (1, 9) ORDER BY id", "it", r#"1, "Ada"; 9, "y""#)),
    then("REPLACE", "REPLACE INTO conformance_words (n, word) VALUES (7, 'PEAR')", &[],
        ("SELECT n, word FROM conformance_words WHERE lower(word) = 'pear'", "it", r#"7, "PEAR""#)),
    then("UPDATE … FROM", "UPDATE conformance_words SET word = name FROM conformance_people WHERE id = n", &[],
        ("SELECT n, word FROM conformance_words WHERE n > 0 ORDER BY n", "it", r#"1, "Ada"; 2, "Bob"; 3, "Cy""#)),
    then("rows out of JSON", "INSERT INTO conformance_strict (i, t, a) SELECT value ->> 'i', value ->> 't', value ->> 'i' FROM json_each(?1)",
        &[Text(r#"[{"i": 1, "t": "a"}, {"i": 9007199254740991, "t": null}]"#)],
        ("SELECT i, t, typeof(a) FROM conformance_strict ORDER BY i", "itt", r#"1, "a", "integer"; 9007199254740991, NULL, "integer""#)),
    then("what RETURNING returns is of no interest", "INSERT INTO conformance_strict (i) VALUES (1), (2) RETURNING i", &[],
        ("SELECT count(*) FROM conformance_strict", "i", "2")),
    then("ON DELETE CASCADE", "DELETE FROM conformance_rooms WHERE id = 'general'", &[],
        ("SELECT count(*) FROM conformance_members", "i", "0")),
    then("ON DELETE SET NULL", "DELETE FROM conformance_people WHERE id = 3", &[],
        ("SELECT invited_by FROM conformance_members WHERE person = 2", "i", "NULL")),
    then("a DELETE of all rows", "DELETE FROM conformance_words", &[], ("SELECT count(*) FROM conformance_words", "i", "0")),
    then("a write that finds no row", "UPDATE conformance_people SET age = 1 WHERE id = 99", &[],
        ("SELECT count(*) FROM conformance_people WHERE age = 1", "i", "0")),

    // Mistakes.
    write("no such table", "INSERT INTO conformance_none VALUES (1)", &[], "wrong statement"),
    write("too few values", "INSERT INTO conformance_words (n, word) VALUES (1)", &[], "wrong statement"),
    write("two statements", "DELETE FROM conformance_words; DELETE FROM conformance_strict", &[], "refused"),
    write("an integer that is too large", "INSERT INTO conformance_strict (i) VALUES (?1)", &[Integer(1 << 53)], "refused"),
    write("another database", "ATTACH ':memory:' AS other", &[], "refused"),
    write("a temporary table", "CREATE TEMP TABLE conformance_temp (n INTEGER)", &[], "refused"),
    write("a transaction in SQL", "SAVEPOINT a", &[], "refused"),
    write("a switch", "PRAGMA foreign_keys = OFF", &[], "refused"),
];
