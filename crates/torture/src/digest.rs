//! A fingerprint of a state: the rows of the model's tables, typed, in an order that no host chooses.

use std::fmt::Write as _;

use syncline_engine::protocol::Digest;
use syncline_engine::{Query, SqlError, Value};

const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'
    AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'syncline_*' AND name NOT GLOB '_cf_*'
    AND name NOT GLOB '__miniflare_*' ORDER BY name";

/// Alike for states that hold the same rows.
///
/// # Errors
/// [`SqlError`].
pub fn digest(db: &dyn Query) -> Result<String, SqlError> {
    let mut text = String::new();
    for table in db.query(TABLES, &[])? {
        let table: String = table.get(0)?;
        let rows = db.query(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")), &[])?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let values = (0..row.columns().len()).map(|place| row.get::<Value>(place));
            let mut line = String::new();
            for value in values {
                write_value(&mut line, &value?);
            }
            lines.push(line);
        }
        lines.sort_unstable();
        let _ = writeln!(text, "{} {table}\n{}", lines.len(), lines.join("\n"));
    }
    Ok(Digest::of(text.as_bytes()).to_string())
}

fn write_value(line: &mut String, value: &Value) {
    let _ = match value {
        Value::Null => write!(line, "n,"),
        Value::Integer(n) => write!(line, "i{n},"),
        Value::Real(x) => write!(line, "r{x:?},"),
        Value::Text(text) => write!(line, "t{text:?},"),
        Value::Blob(bytes) => write!(line, "b{bytes:?},"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_engine::Sql;
    use syncline_sqlite::Database;

    fn of(script: &str) -> String {
        let mut db = Database::open_memory().unwrap();
        db.run_script("CREATE TABLE t (a ANY, b TEXT) STRICT; CREATE TABLE u (n INTEGER) STRICT;").unwrap();
        db.run_script(script).unwrap();
        digest(&db).unwrap()
    }

    #[test]
    fn rows_count_and_their_order_does_not() {
        let both = of("INSERT INTO t VALUES (1, 'x'), (2, 'y')");
        assert_eq!(both, of("INSERT INTO t VALUES (2, 'y'), (1, 'x')"));
        assert_ne!(both, of("INSERT INTO t VALUES (1, 'x')"));
        assert_ne!(both, of("INSERT INTO t VALUES (1, 'x'), ('2', 'y')"));
        assert_ne!(of("INSERT INTO u VALUES (1)"), of("INSERT INTO u VALUES (1), (1)"));
    }

    #[test]
    fn what_is_the_engines_or_the_hosts_own_does_not_count() {
        let own = of("CREATE TABLE syncline_state (n INTEGER) STRICT; INSERT INTO syncline_state VALUES (1)");
        assert_eq!(own, of(""));
        assert_eq!(of("CREATE TABLE __miniflare_do_name (name TEXT) STRICT"), of(""));
    }
}
