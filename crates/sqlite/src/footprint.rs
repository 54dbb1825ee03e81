//! What a statement touches, as SQLite's authorizer tells it while the statement is prepared.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::dialect::{Dialect, objection};

/// PRAGMAs that only describe tables, or check them, as `ALTER TABLE` does by itself.
const DESCRIBING: [&str; 8] = [
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// What a statement touches: fixed by its text and the schema.
#[derive(Debug, Default)]
pub(crate) struct Footprint {
    /// The tables that it reads, and the views and table functions.
    pub(crate) reads: BTreeSet<Arc<str>>,
    /// The tables that it may write, by triggers and foreign keys as well.
    pub(crate) writes: BTreeSet<Arc<str>>,
    /// Whether it changes the schema.
    pub(crate) reshapes: bool,
    /// Why it is not the same on every host, if it is not.
    pub(crate) objection: Option<String>,
}

#[derive(Debug)]
struct Seen {
    trusted: bool,
    /// What is not in this dialect is denied at once, not only noted.
    dialect: Dialect,
    asked: bool,
    footprint: Footprint,
    refused: Option<String>,
}

/// What was seen of a statement while it was prepared.
#[derive(Debug)]
pub(crate) struct Sighting {
    /// Whether it was prepared at all, and not taken from those kept.
    pub(crate) asked: bool,
    pub(crate) footprint: Footprint,
    pub(crate) refused: Option<String>,
}

/// The authorizer of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Seen {
            trusted: false,
            dialect: Dialect::Local,
            asked: false,
            footprint: Footprint::default(),
            refused: None,
        })))
    }

    pub(crate) fn install(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let watch = self.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| watch.seen().judge(&context.action)))
    }

    /// Whether what follows is this crate's own, and may do anything.
    pub(crate) fn trust(&self, trusted: bool) {
        self.seen().trusted = trusted;
    }

    /// What is denied at once: for statements that are not looked at before they run.
    pub(crate) fn enforce(&self, dialect: Dialect) {
        self.seen().dialect = dialect;
    }

    /// What was seen since the last call.
    pub(crate) fn take(&self) -> Sighting {
        let mut seen = self.seen();
        Sighting {
            asked: std::mem::take(&mut seen.asked),
            footprint: std::mem::take(&mut seen.footprint),
            refused: seen.refused.take(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn judge(&mut self, action: &AuthAction<'_>) -> Authorization {
        if self.trusted {
            return Authorization::Allow;
        }
        self.asked = true;
        match *action {
            AuthAction::Read { table_name, .. } => {
                note(&mut self.footprint.reads, table_name);
                Authorization::Allow
            }
            AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
            AuthAction::Function { function_name } => self.judge_function(function_name),
            AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name } => {
                note(&mut self.footprint.writes, table_name);
                Authorization::Allow
            }
            AuthAction::CreateTable { table_name }
            | AuthAction::CreateVtable { table_name, .. }
            | AuthAction::DropTable { table_name }
            | AuthAction::DropVtable { table_name, .. }
            | AuthAction::AlterTable { table_name, .. } => {
                self.footprint.reshapes = true;
                note(&mut self.footprint.writes, table_name);
                Authorization::Allow
            }
            AuthAction::CreateIndex { .. }
            | AuthAction::CreateTrigger { .. }
            | AuthAction::CreateView { .. }
            | AuthAction::DropIndex { .. }
            | AuthAction::DropTrigger { .. }
            | AuthAction::DropView { .. }
            | AuthAction::Reindex { .. }
            | AuthAction::Analyze { .. } => {
                self.footprint.reshapes = true;
                Authorization::Allow
            }
            AuthAction::CreateTempTable { .. }
            | AuthAction::CreateTempIndex { .. }
            | AuthAction::CreateTempTrigger { .. }
            | AuthAction::CreateTempView { .. }
            | AuthAction::DropTempTable { .. }
            | AuthAction::DropTempIndex { .. }
            | AuthAction::DropTempTrigger { .. }
            | AuthAction::DropTempView { .. } => self.deny("nothing is temporary"),
            AuthAction::Pragma { pragma_name, .. } => {
                if DESCRIBING.iter().any(|name| name.eq_ignore_ascii_case(pragma_name)) {
                    Authorization::Allow
                } else {
                    self.deny("this PRAGMA is not the same on every host")
                }
            }
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                self.deny("transactions are not made in SQL")
            }
            AuthAction::Attach { .. } | AuthAction::Detach { .. } => {
                self.deny("there is one database, and no other is attached")
            }
            AuthAction::Unknown { .. } => self.deny("the statement does what is not known here"),
            _ => self.deny("the statement does what is not known here"),
        }
    }

    fn judge_function(&mut self, name: &str) -> Authorization {
        let Some(objection) = objection(name) else {
            return Authorization::Allow;
        };
        match self.dialect {
            Dialect::Portable => self.deny(&objection),
            Dialect::Local => {
                self.footprint.objection.get_or_insert(objection);
                Authorization::Allow
            }
        }
    }

    fn deny(&mut self, reason: &str) -> Authorization {
        self.refused.get_or_insert_with(|| reason.to_owned());
        Authorization::Deny
    }
}

fn note(tables: &mut BTreeSet<Arc<str>>, table: &str) {
    if !table.starts_with("sqlite_") && !tables.contains(table) {
        tables.insert(table.into());
    }
}
