//! Keeps a model's SQL within what is the same on every host, and leads to the same state.

use std::cell::RefCell;

use crate::{Flow, Param, Query, Row, Sql, SqlError, promise};

const REALS: &str = "SQLite's versions write reals differently";

/// Words that no statement of a model may hold, each with its reason.
const REFUSED: &[(&str, &str)] = &[
    ("rollback", "it ends the host's transaction"),
    ("syncline_", "the prefix is reserved"),
    ("pragma", "it is not the same on every host"),
    ("attach", "it is not the same on every host"),
    ("vacuum", "it is not the same on every host"),
    ("savepoint", "transactions are the engine's"),
    ("deferr", "a deferred constraint fails outside of the commit at fault"),
    ("random", "it is not deterministic"),
    ("'now'", "it is not deterministic"),
    ("current_time", "it is not deterministic"),
    ("current_date", "it is not deterministic"),
    ("last_insert_rowid", "it depends on the host"),
    ("changes(", "it depends on the host"),
    ("sqlite_version", "it depends on the host"),
    ("\"", "some hosts take a misspelt name in double quotes for text: use backticks"),
    ("quote(", REALS),
    ("json_array(", REALS),
    ("json_group_", REALS),
    ("json_insert", REALS),
    ("json_object", REALS),
    ("json_replace", REALS),
    ("json_set", REALS),
];

/// Refuses SQL that could differ between hosts or replicas. Data belongs into parameters, where none
/// of the words matters.
///
/// # Errors
/// [`SqlError::Refused`] with the word and its reason.
pub fn refuse_unportable(sql: &str) -> Result<(), SqlError> {
    match (0..sql.len()).find_map(|at| refused_word(sql.as_bytes().get(at..)?)) {
        Some((word, reason)) => {
            Err(SqlError::refused(format!("a model's SQL must not use {word}: {reason}")))
        }
        None => Ok(()),
    }
}

/// The refused word that the text begins with. It runs at every byte of every statement of a model,
/// so most bytes cost one comparison.
fn refused_word(text: &[u8]) -> Option<&'static (&'static str, &'static str)> {
    let first = text.first()?.to_ascii_lowercase();
    if !b"rspavdclqj'\"".contains(&first) {
        return None;
    }
    REFUSED.iter().find(|(word, _)| {
        text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// As many statements as a model may well have; one that builds them anew each time fills no memory.
const KNOWN: usize = 128;

thread_local! {
    /// Statements that were looked at before: a model runs the same few all the time.
    static READS: RefCell<Vec<Box<str>>> = const { RefCell::new(Vec::new()) };
    static WRITES: RefCell<Vec<Box<str>>> = const { RefCell::new(Vec::new()) };
}

/// Looks at a statement, unless it is among those that were looked at before.
fn refuse_once(sql: &str, known: &mut Vec<Box<str>>, words: &[&str], why: &str) -> Result<(), SqlError> {
    if !promise::ARE_ON || known.iter().any(|known| known.as_ref() == sql) {
        return Ok(());
    }
    if !starts_with_one_of(sql, words) {
        return Err(SqlError::refused(why));
    }
    refuse_unportable(sql)?;
    if known.len() >= KNOWN {
        known.clear();
    }
    known.push(sql.into());
    Ok(())
}

fn starts_with_one_of(sql: &str, words: &[&str]) -> bool {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    words.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// The database as a model's `check` and `apply` see it.
pub(crate) struct Guarded<'a> {
    db: &'a mut dyn Sql,
    host_failure: RefCell<Option<SqlError>>,
}

impl<'a> Guarded<'a> {
    pub(crate) fn new(db: &'a mut dyn Sql) -> Self {
        Self { db, host_failure: RefCell::new(None) }
    }

    /// The host's failure, if there was one: whatever the model made of it does not count.
    pub(crate) fn host_failure(self) -> Option<SqlError> {
        self.host_failure.into_inner()
    }

    fn noted<T>(&self, result: Result<T, SqlError>) -> Result<T, SqlError> {
        if let Err(error) = &result
            && error.is_host()
        {
            self.host_failure.borrow_mut().get_or_insert_with(|| error.clone());
        }
        result
    }
}

impl Query for Guarded<'_> {
    fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        let why = "a model's query must begin with SELECT or VALUES";
        READS.with_borrow_mut(|known| refuse_once(sql, known, &["SELECT", "VALUES"], why))?;
        self.noted(self.db.query(sql, params))
    }
}

impl Sql for Guarded<'_> {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), SqlError> {
        let why = "a model writes with INSERT, UPDATE, DELETE or REPLACE";
        let words = ["INSERT", "UPDATE", "DELETE", "REPLACE"];
        WRITES.with_borrow_mut(|known| refuse_once(sql, known, &words, why))?;
        let result = self.db.execute(sql, params);
        self.noted(result)
    }

    fn run_script(&mut self, _: &str) -> Result<(), SqlError> {
        Err(SqlError::refused("a model runs no scripts: its tables are in TABLES"))
    }

    fn in_transaction(&mut self, _: &mut dyn FnMut(&mut dyn Sql) -> Flow) -> Result<(), SqlError> {
        Err(SqlError::refused("transactions are the engine's: a commit is one already"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_that_could_differ_between_replicas_is_refused() {
        for (word, _) in REFUSED {
            let sql = format!("SELECT {}", word.to_uppercase());
            let SqlError::Refused(message) = refuse_unportable(&sql).unwrap_err() else { panic!() };
            assert!(message.contains(word), "{message}");
        }
        refuse_unportable("SELECT random FROM t").unwrap_err();
        refuse_unportable("INSERT INTO messages (id, channel) VALUES (?1, ?2)").unwrap();
    }

    #[test]
    fn every_refused_word_begins_with_a_byte_that_is_looked_at() {
        for (word, _) in REFUSED {
            assert!(refused_word(word.as_bytes()).is_some(), "{word}");
        }
    }
}
