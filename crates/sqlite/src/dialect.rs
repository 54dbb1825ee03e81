//! What of SQL is taken: the same as in a Durable Object, or all that the SQLite here can do.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::ffi;
use rusqlite::limits::Limit;
use syncline_engine::{Param, SqlError};

/// What of SQL a statement may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// What means the same on every host: for models and the engine.
    Portable,
    /// Whatever SQLite does: for a page's queries, which run nowhere else.
    Local,
}

/// Parameters of one statement in a Durable Object.
const PARAMETERS: usize = 100;

/// A limit: that of a Durable Object (measured on workerd), and SQLite's own.
const LIMITS: [(Limit, i32, i32); 6] = [
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000, 1_000_000_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100, 2_000),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100, 1_000),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5, 500),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50, 50_000),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100, 32_766),
];

/// Functions that every host has, and that give the same everywhere. Not among them: those that are
/// missing somewhere (`acos`, `unistr`), those that look at a host (`random`, `changes`), and those that
/// write reals into text with as many digits as their version of SQLite likes (`quote`, `json_set` and
/// whatever else makes JSON of values).
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "format",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array_length",
    "json_extract",
    "json_patch",
    "json_remove",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "printf",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
];

/// What SQLite calls by itself to alter a table; nobody else can.
const INTERNAL: [&str; 2] = ["sqlite_rename_", "sqlite_drop_"];

/// Digits of a real as text: what a Durable Object writes. SQLite 3.52 went from 15 to 17, so that
/// `0.1 + 0.2 || ''` is `0.3` there and `0.30000000000000004` here.
const REAL_DIGITS: std::ffi::c_int = 15;

impl Dialect {
    pub(crate) fn set_limits(self, connection: &Connection) -> rusqlite::Result<()> {
        for (limit, portable, local) in LIMITS {
            let value = match self {
                Self::Portable => portable,
                Self::Local => local,
            };
            connection.set_limit(limit, value)?;
        }
        Ok(())
    }
}

/// # Errors
/// [`SqlError::Refused`] for more parameters than a statement has on every host.
pub(crate) fn refuse_too_many(params: &[Param<'_>]) -> Result<(), SqlError> {
    if params.len() <= PARAMETERS {
        Ok(())
    } else {
        Err(SqlError::refused(format!("a statement has at most {PARAMETERS} parameters")))
    }
}

/// Why a function is not portable, if it is not.
pub(crate) fn objection(function: &str) -> Option<String> {
    let known = FUNCTIONS.iter().any(|name| name.eq_ignore_ascii_case(function))
        || INTERNAL.iter().any(|start| function.starts_with(start));
    (!known).then(|| format!("the function {function} is not the same on every host"))
}

/// Sets the switches of a connection that make its answers those of every host.
pub(crate) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    for (switch, on) in [
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(switch, on)?;
    }
    write_reals(connection)?;
    Dialect::Portable.set_limits(connection)
}

#[expect(unsafe_code, reason = "rusqlite sets switches only, and this is a number")]
fn write_reals(connection: &Connection) -> rusqlite::Result<()> {
    // SAFETY: the connection is open for the whole call; this option takes an int and a pointer to an
    // int, which may be null.
    let code = unsafe {
        ffi::sqlite3_db_config(
            connection.handle(),
            ffi::SQLITE_DBCONFIG_FP_DIGITS,
            REAL_DIGITS,
            std::ptr::null_mut::<std::ffi::c_int>(),
        )
    };
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }
}
