//! Transactions, one in the other.

use super::{Case, answer, case, outcome};
use crate::{Flow, Sql, SqlError, nested};

type Body = fn(&mut dyn Sql) -> Result<(), SqlError>;

const CASES: &[(&str, Body, &str)] = &[
    ("a transaction keeps", |db| insert(db, 1), "ok: 1"),
    ("a transaction undoes", |db| insert(db, 1).and(undo()), "refused: "),
    (
        "an error undoes",
        |db| insert(db, 1).and_then(|()| insert(db, 1)),
        "UNIQUE constraint failed: conformance_people.id: ",
    ),
    (
        "an inner one is undone, the outer kept",
        |db| {
            insert(db, 1)?;
            let _: Result<(), SqlError> = nested(db, |db| insert(db, 2).and(undo()));
            insert(db, 3)
        },
        "ok: 1 3",
    ),
    (
        "the outer one undoes what the inner kept",
        |db| {
            nested(db, |db| insert(db, 1))?;
            undo()
        },
        "refused: ",
    ),
    (
        "a constraint in an inner one leaves the outer usable",
        |db| {
            insert(db, 1)?;
            let inner = nested(db, |db| {
                insert(db, 2)?;
                insert(db, 1)
            });
            if !matches!(inner, Err(SqlError::Constraint(_))) {
                return Err(SqlError::refused("no constraint"));
            }
            insert(db, 3)
        },
        "ok: 1 3",
    ),
    (
        "a statement that fails leaves those before it",
        |db| {
            insert(db, 1)?;
            if insert(db, 1).is_ok() {
                return undo();
            }
            insert(db, 2)
        },
        "ok: 1 2",
    ),
    (
        "a wrong statement leaves those before it",
        |db| {
            insert(db, 1)?;
            if db.execute("SELEC 1", &[]).is_ok() {
                return undo();
            }
            insert(db, 2)
        },
        "ok: 1 2",
    ),
    (
        "four deep, every other undone",
        |db| {
            insert(db, 1)?;
            nested(db, |db| {
                insert(db, 2)?;
                let _: Result<(), SqlError> = nested(db, |db| {
                    insert(db, 3)?;
                    nested(db, |db| insert(db, 4))?;
                    undo()
                });
                insert(db, 5)
            })
        },
        "ok: 1 2 5",
    ),
    (
        "many, one after the other",
        |db| {
            for id in 1..=20 {
                let _ =
                    nested(db, |db| insert(db, id).and_then(|()| if id % 7 == 0 { Ok(()) } else { undo() }));
            }
            Ok(())
        },
        "ok: 7 14",
    ),
    (
        "what is written is read at once, and gone when undone",
        |db| {
            let _: Result<(), SqlError> = nested(db, |db| {
                insert(db, 1)?;
                if db.exists("SELECT 1 FROM conformance_people WHERE id = 101", &[])? {
                    undo()
                } else {
                    insert(db, 2)
                }
            });
            Ok(())
        },
        "ok: ",
    ),
    (
        "a table is created, and gone when undone",
        |db| {
            let _: Result<(), SqlError> = nested(db, |db| {
                db.run_script("CREATE TABLE conformance_undone (n INTEGER) STRICT; INSERT INTO conformance_undone VALUES (1)")?;
                undo()
            });
            db.run_script("CREATE TABLE conformance_undone (n INTEGER) STRICT; DROP TABLE conformance_undone")
        },
        "ok: ",
    ),
    // The tables of a model without any.
    ("a script without a statement does nothing", |db| db.run_script("\n  -- nothing\n"), "ok: "),
    ("an empty script does nothing", |db| db.run_script(""), "ok: "),
];

pub(super) fn run(db: &mut dyn Sql) -> Vec<Case> {
    CASES.iter().map(|(name, body, expected)| case(name, expected, seen(db, *body))).collect()
}

/// The outcome of a body in a transaction of its own, and what it left behind.
fn seen(db: &mut dyn Sql, body: Body) -> String {
    let result = nested(db, body);
    let left = answer(db, "SELECT id - 100 FROM conformance_people WHERE id > 100 ORDER BY id", &[], "i");
    let cleared = db.in_transaction(&mut |db| {
        if db.execute("DELETE FROM conformance_people WHERE id > 100", &[]).is_ok() {
            Flow::Keep
        } else {
            Flow::Undo
        }
    });
    let left = left.replace("; ", " ");
    if cleared.is_ok() { format!("{}: {left}", outcome(&result)) } else { outcome(&cleared) }
}

fn insert(db: &mut dyn Sql, id: i64) -> Result<(), SqlError> {
    db.execute("INSERT INTO conformance_people (id, name) VALUES (?1 + 100, 'person ' || ?1)", &[id.into()])
}

fn undo() -> Result<(), SqlError> {
    Err(SqlError::refused("undone on purpose"))
}
