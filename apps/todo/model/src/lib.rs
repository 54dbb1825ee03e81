//! A list of todos, once for every host: its events, its table, its rules. This is all of it.

#![forbid(unsafe_code)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql, SqlError};

/// What can happen to the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TodoEvent {
    /// Something is to be done.
    TodoAdded {
        /// Made by the client: unique, and in the order of time.
        id: String,
        /// 1 to 200 characters, and not on the list yet.
        text: String,
    },
    /// It is called something else.
    TodoRenamed {
        /// The todo's id.
        id: String,
        /// 1 to 200 characters, and not on the list yet.
        text: String,
    },
    /// It is done.
    TodoCompleted {
        /// The todo's id.
        id: String,
    },
    /// It is not done after all.
    TodoReopened {
        /// The todo's id.
        id: String,
    },
    /// It is no longer on the list.
    TodoRemoved {
        /// The todo's id.
        id: String,
    },
}

/// The list.
#[derive(Clone, Copy, Debug)]
pub struct Todos;

impl Model for Todos {
    type Event = TodoEvent;

    const TABLES: &'static str = "
        CREATE TABLE todos (
          id TEXT NOT NULL PRIMARY KEY,
          text TEXT NOT NULL,
          done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
          CONSTRAINT `a todo has 1 to 200 characters` CHECK (length(trim(text)) BETWEEN 1 AND 200)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX todos_by_text ON todos (text);";

    const VERSION: u32 = 1;

    fn check(event: &TodoEvent, _: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        match event {
            TodoEvent::TodoAdded { id, text } => check_text(id, text, db),
            TodoEvent::TodoRenamed { id, text } => {
                todo(id, db)?;
                check_text(id, text, db)
            }
            TodoEvent::TodoCompleted { id } | TodoEvent::TodoRemoved { id } => todo(id, db).map(|_| ()),
            TodoEvent::TodoReopened { id } => check_text(id, &todo(id, db)?.0, db),
        }
    }

    fn apply(event: &TodoEvent, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            TodoEvent::TodoAdded { id, text } => {
                db.execute("INSERT INTO todos (id, text) VALUES (?1, ?2)", &[id.into(), text.into()])
            }
            TodoEvent::TodoRenamed { id, text } => {
                db.execute("UPDATE todos SET text = ?2 WHERE id = ?1", &[id.into(), text.into()])
            }
            TodoEvent::TodoCompleted { id } => {
                db.execute("UPDATE todos SET done = 1 WHERE id = ?1", &[id.into()])
            }
            TodoEvent::TodoReopened { id } => {
                db.execute("UPDATE todos SET done = 0 WHERE id = ?1", &[id.into()])
            }
            TodoEvent::TodoRemoved { id } => db.execute("DELETE FROM todos WHERE id = ?1", &[id.into()]),
        }
        .map_err(ApplyError::from)
    }

    fn inverse(
        event: &TodoEvent,
        _: &ApplyContext<'_>,
        before: &dyn Query,
    ) -> Result<Vec<TodoEvent>, SqlError> {
        use TodoEvent::{TodoAdded, TodoCompleted, TodoRemoved, TodoRenamed, TodoReopened};
        let (TodoAdded { id, .. }
        | TodoRenamed { id, .. }
        | TodoCompleted { id }
        | TodoReopened { id }
        | TodoRemoved { id }) = event;
        let id = || id.clone();
        let Some((text, done)) = find(&id(), before)? else {
            return Ok(vec![TodoRemoved { id: id() }]);
        };
        Ok(match event {
            TodoRenamed { .. } => vec![TodoRenamed { id: id(), text }],
            TodoCompleted { .. } if !done => vec![TodoReopened { id: id() }],
            TodoReopened { .. } if done => vec![TodoCompleted { id: id() }],
            TodoRemoved { .. } if done => vec![TodoAdded { id: id(), text }, TodoCompleted { id: id() }],
            TodoRemoved { .. } => vec![TodoAdded { id: id(), text }],
            TodoAdded { .. } | TodoCompleted { .. } | TodoReopened { .. } => Vec::new(),
        })
    }
}

/// The text of a todo, and whether it is done.
fn find(id: &str, db: &dyn Query) -> Result<Option<(String, bool)>, SqlError> {
    let found = db.first("SELECT text, done FROM todos WHERE id = ?1", &[id.into()])?;
    found.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

fn todo(id: &str, db: &dyn Query) -> Result<(String, bool), Rejection> {
    find(id, db)?.ok_or_else(|| Rejection::new("no-such-todo", "It is no longer on the list."))
}

/// Two people who write down the same thing, each offline, have one of them told so.
fn check_text(id: &str, text: &str, db: &dyn Query) -> Result<(), Rejection> {
    let sql = "SELECT 1 FROM todos WHERE text = ?2 AND done = 0 AND id <> ?1";
    let is_listed = db.exists(sql, &[id.into(), text.into()])?;
    if is_listed { Err(Rejection::new("already-listed", "That is on the list already.")) } else { Ok(()) }
}
