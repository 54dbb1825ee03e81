//! `query`: SQL over a store, only to read.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use syncline_engine::SqlError;
use syncline_engine::protocol::StoreId;
use syncline_http::QueryCall;
use syncline_sqlite::Report;
use ureq::AsSendBody;

use super::Cx;
use super::failure::{Failure, Kind};
use super::output::{line, table, write};
use super::source::{Source, SourceArgs, store_id};
use crate::query::bounds;

#[derive(Args)]
#[command(after_help = "Examples:
  syncline query team-1 'SELECT name, count(*) FROM messages JOIN people USING (author) GROUP BY 1'
  syncline query team-1 --json \"SELECT * FROM messages WHERE text LIKE '%invoice%'\" | jq .
  syncline query team-1 'SELECT seq, name, message FROM syncline_quarantine' --data /var/lib/syncline

It may read every table, those of the log as well. It is stopped after 2 seconds; on a server, all stores of
the same thread wait meanwhile.")]
pub(crate) struct QueryArgs {
    /// The store
    #[arg(value_parser = store_id)]
    store: StoreId,
    /// One statement
    sql: String,
    /// At most so many rows, up to 10000
    #[arg(long, value_name = "ROWS", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    source: SourceArgs,
}

#[derive(Serialize, Deserialize)]
struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    more: bool,
}

pub(crate) fn run(cx: &Cx, args: QueryArgs) -> Result<(), Failure> {
    let QueryArgs { store, sql, limit, source } = args;
    let Rows { columns, rows, more } = match source.open(cx.rules)? {
        Source::Server(remote) => {
            let call =
                serde_json::to_string(&QueryCall { sql, limit }).map_err(|error| remote.broken(error))?;
            remote.json(remote.post(&format!("/stores/{store}/query"), call.as_bytes().as_body())?)?
        }
        Source::Directory(local) => {
            let (mut db, _) = local.room(&store)?;
            let report = db.report(&sql, bounds(limit)).map_err(|error| match error {
                SqlError::Host { .. } => error.into(),
                SqlError::Constraint(_)
                | SqlError::Refused(_)
                | SqlError::Type { .. }
                | SqlError::Statement(_) => Failure::new(Kind::QueryRefused, error),
            })?;
            let Report { columns, rows, more } = report;
            Rows { columns, rows, more }
        }
    };
    if cx.json {
        for row in &rows {
            let object: serde_json::Map<String, Value> = columns.iter().cloned().zip(row.clone()).collect();
            line(&Value::Object(object).to_string())?;
        }
    } else {
        write(&table(&columns, &rows))?;
    }
    if more {
        eprintln!("there are more rows than {}: see --limit", rows.len());
    }
    Ok(())
}
