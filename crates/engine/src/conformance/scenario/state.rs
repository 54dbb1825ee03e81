//! A state as text, typed: what a host that has only doubles makes of an integer shows.

use std::fmt::Write as _;

use syncline_protocol::Digest;

use crate::{Query, SqlError, quarantined};

/// The digest of all rows of the model's tables, and what is quarantined.
pub(super) fn summary(db: &dyn Query) -> Result<String, SqlError> {
    let quarantined: Vec<String> =
        quarantined(db)?.iter().map(|commit| format!("{} {}", commit.seq, commit.why.code)).collect();
    let quarantined = if quarantined.is_empty() { "nothing".to_owned() } else { quarantined.join(", ") };
    let mut digest = Digest::of(dump(db)?.as_bytes()).to_string();
    digest.truncate(16);
    Ok(format!("{digest}; quarantined: {quarantined}"))
}

fn dump(db: &dyn Query) -> Result<String, SqlError> {
    let mut text = String::new();
    let tables = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name IN ('members', 'items', 'tags') ORDER BY m.name, c.cid";
    let columns = db.query(tables, &[])?;
    let columns = columns.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
    let columns: Vec<(String, String)> = columns.collect::<Result<_, SqlError>>()?;
    for table in columns.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((name, _)) = table.first() else { continue };
        let read: Vec<String> =
            table.iter().map(|(_, column)| format!("typeof({column}), {column}")).collect();
        let by: Vec<String> = (1..=table.len()).map(|place| (2 * place).to_string()).collect();
        let sql = format!("SELECT {} FROM {name} ORDER BY {}", read.join(", "), by.join(", "));
        let _ = writeln!(text, "{name}");
        for row in db.query(&sql, &[])? {
            for (place, (_, column)) in table.iter().enumerate() {
                let kind: String = row.get(2 * place)?;
                let _ = match kind.as_str() {
                    "integer" => write!(text, " {column}={}", row.get::<i64>(2 * place + 1)?),
                    "real" => write!(text, " {column}={:016x}", row.get::<f64>(2 * place + 1)?.to_bits()),
                    "text" => write!(text, " {column}={:?}", row.get::<String>(2 * place + 1)?),
                    "blob" => write!(text, " {column}={:?}", row.get::<Vec<u8>>(2 * place + 1)?),
                    _ => write!(text, " {column}=null"),
                };
            }
            text.push('\n');
        }
    }
    Ok(text)
}
