//! Logs of LiveStore's own server: its tables become lines that are imported, and entries become its tables again.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use syncline_engine::protocol::{Entry, Incarnation, Seq, StoreId};
use syncline_engine::{Query, Row, SqlError};
use syncline_livestore::{CONTEXT_TABLE, EVENTS_TABLE, EventRow};
use syncline_sqlite::{Database, Durability};

use super::failure::{Failure, Kind};

/// Events that are read at once.
const PAGE: i64 = 1_000;

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// A log of LiveStore's, as lines.
pub(crate) struct Adopted {
    pub(crate) lines: File,
    pub(crate) bytes: u64,
    /// The id of its backend, where it is known: clients that know it go on.
    pub(crate) incarnation: Option<Incarnation>,
    /// Events whose parent was not the event before them: their server checks only the first of a push.
    pub(crate) astray: u64,
}

/// Reads the tables of a store: of an SQLite file, as a Durable Object has it, or of SQL, as D1 exports it.
pub(crate) fn read(file: &Path, store: &StoreId, backend: Option<Incarnation>) -> Result<Adopted, Failure> {
    let failed = |error| Failure::at(file, error);
    let scratch = tempfile::tempdir()?;
    let mut start = [0; MAGIC.len()];
    let is_sqlite = File::open(file).map_err(failed)?.read_exact(&mut start).is_ok() && start == MAGIC;
    let db = if is_sqlite {
        // A copy, with what is not in the file itself yet: theirs stays as it is.
        let copy = scratch.path().join("log.sqlite");
        fs::copy(file, &copy).map_err(failed)?;
        if wal(file).exists() {
            fs::copy(wal(file), wal(&copy)).map_err(failed)?;
        }
        Database::open_file(&copy, Durability::Normal)?
    } else {
        let script = fs::read_to_string(file).map_err(failed)?;
        Database::of_dump(&script).map_err(|error| not_theirs(file, &error.to_string()))?
    };
    let table = table(&db, file, store)?;
    let incarnation = match backend {
        Some(backend) => Some(backend),
        None => backend_of(&db, store)?,
    };
    let mut out = BufWriter::new(tempfile::tempfile()?);
    let (mut seq, mut number, mut bytes, mut astray) = (Seq::ZERO, 0, 0, 0);
    loop {
        let sql = format!(
            "SELECT seqNum, parentSeqNum, name, args, createdAt, clientId, sessionId FROM \"{table}\"
                WHERE seqNum > ?1 ORDER BY seqNum LIMIT {PAGE}"
        );
        let rows = db.query(&sql, &[i64::try_from(number).unwrap_or(i64::MAX).into()])?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let event = event(row)?;
            astray += u64::from(event.parent != number);
            (seq, number) = (seq.next(), event.number);
            let entry = event.entry(seq).map_err(|error| not_theirs(file, &error.to_string()))?;
            let line = serde_json::to_string(&entry).map_err(|error| not_theirs(file, &error.to_string()))?;
            writeln!(out, "{line}")?;
            bytes += line.len() as u64 + 1;
        }
    }
    let mut lines = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    lines.rewind()?;
    Ok(Adopted { lines, bytes, incarnation, astray })
}

fn not_theirs(file: &Path, why: &str) -> Failure {
    Failure::new(Kind::ImportRefused, format!("{}: {why}", file.display()))
}

fn event(row: &Row) -> Result<EventRow, SqlError> {
    Ok(EventRow {
        number: row.get::<i64>(0)?.unsigned_abs(),
        parent: row.get::<i64>(1)?.unsigned_abs(),
        name: row.get(2)?,
        args: row.get(3)?,
        created_at: row.get(4)?,
        client: row.get(5)?,
        session: row.get(6)?,
    })
}

/// Its table of events. Its name is the store's, but for what is no letter or digit, so another may have the same.
fn table(db: &dyn Query, file: &Path, store: &StoreId) -> Result<String, Failure> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ?1 ORDER BY name";
    let rows = db.query(sql, &[format!("{EVENTS_TABLE}*").as_str().into()])?;
    let tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    let own = table_of(store);
    match &tables[..] {
        _ if tables.contains(&own) => Ok(own),
        [one] => Ok(one.clone()),
        [] => Err(not_theirs(file, &format!("no table {EVENTS_TABLE}… of LiveStore's server is in it"))),
        many => {
            let message = format!("there is no {own} in it, but {}", many.join(", "));
            Err(not_theirs(file, &message))
        }
    }
}

fn table_of(store: &StoreId) -> String {
    let name = store.as_str().chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' });
    format!("{EVENTS_TABLE}{}", name.collect::<String>())
}

/// The id of the backend; an export of D1 has none, as it is in the object.
fn backend_of(db: &dyn Query, store: &StoreId) -> Result<Option<Incarnation>, SqlError> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    if !db.exists(sql, &[CONTEXT_TABLE.into()])? {
        return Ok(None);
    }
    let sql = format!("SELECT backendId FROM {CONTEXT_TABLE} ORDER BY storeId = ?1 DESC LIMIT 1");
    db.value(&sql, &[store.as_str().into()])
}

/// Entries as the statements that make LiveStore's tables.
pub(crate) struct Dump {
    table: String,
    number: u64,
}

impl Dump {
    /// The tables, and the row of the store.
    pub(crate) fn begin(store: &StoreId, incarnation: &Incarnation) -> (Self, String) {
        let table = table_of(store);
        let text = format!(
            "CREATE TABLE IF NOT EXISTS \"{table}\" (seqNum INTEGER PRIMARY KEY, parentSeqNum INTEGER NOT NULL, \
             name TEXT NOT NULL, args TEXT, createdAt TEXT NOT NULL, clientId TEXT NOT NULL, \
             sessionId TEXT NOT NULL) STRICT;\n\
             CREATE TABLE IF NOT EXISTS \"{CONTEXT_TABLE}\" (storeId TEXT PRIMARY KEY, \
             currentHead INTEGER NOT NULL, backendId TEXT NOT NULL) STRICT;\n\
             INSERT INTO \"{CONTEXT_TABLE}\" VALUES ({}, 0, {});\n",
            quoted(store.as_str()),
            quoted(incarnation.as_str())
        );
        (Self { table, number: 0 }, text)
    }

    /// The rows of some entries.
    pub(crate) fn rows(&mut self, lines: &str) -> Result<String, Failure> {
        let mut text = String::new();
        for line in lines.lines() {
            let entry: Entry = serde_json::from_str(line)
                .map_err(|error| Failure::new(Kind::ImportRefused, format!("an entry: {error}")))?;
            let row = EventRow::of(&entry, self.number);
            self.number = row.number;
            text.push_str(&format!(
                "INSERT INTO \"{}\" VALUES ({}, {}, {}, {}, {}, {}, {});\n",
                self.table,
                row.number,
                row.parent,
                quoted(&row.name),
                row.args.as_deref().map_or_else(|| "NULL".to_owned(), quoted),
                quoted(&row.created_at),
                quoted(&row.client),
                quoted(&row.session),
            ));
        }
        Ok(text)
    }

    /// The head.
    pub(crate) fn end(&self) -> String {
        format!("UPDATE \"{CONTEXT_TABLE}\" SET currentHead = {};\n", self.number)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The write-ahead log of an SQLite file.
fn wal(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
