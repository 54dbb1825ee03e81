//! All stores, as the archive knows them: an object knows only itself.

use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{Code, ErrorFrame};
use syncline_http::Answer;
use worker::{D1Database, Env, Result};

/// What is listed of each.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Store {
    store: String,
    incarnation: String,
    head: f64,
    archived: f64,
    updated_at: f64,
}

#[derive(Deserialize)]
struct Sums {
    stores: f64,
    entries: f64,
    lag: f64,
}

const LAST_LIFE: &str = "SELECT store, incarnation, head, archived, max(updated_at) AS updatedAt
    FROM stores GROUP BY store";

/// Every store, with its last life.
pub(crate) async fn list(env: &Env) -> Result<Answer> {
    let Some(d1) = archive(env) else { return Ok(unbound()) };
    let stores: Vec<Store> = d1.prepare(format!("{LAST_LIFE} ORDER BY store")).all().await?.results()?;
    Ok(Answer::json(200, &stores))
}

/// What can be counted without asking every object, in the text format of Prometheus.
pub(crate) async fn metrics(env: &Env) -> Result<Answer> {
    let Some(d1) = archive(env) else { return Ok(unbound()) };
    let sql = format!(
        "SELECT count(*) AS stores, COALESCE(sum(head), 0) AS entries, COALESCE(sum(head - archived), 0) AS lag
            FROM ({LAST_LIFE})"
    );
    let sums = d1.prepare(sql).first::<Sums>(None).await?;
    let Sums { stores, entries, lag } = sums.unwrap_or(Sums { stores: 0.0, entries: 0.0, lag: 0.0 });
    Ok(Answer::text(format!(
        "# HELP syncline_stores Stores that the archive knows.\n\
         # TYPE syncline_stores gauge\nsyncline_stores {stores}\n\
         # HELP syncline_entries Entries of their logs.\n\
         # TYPE syncline_entries gauge\nsyncline_entries {entries}\n\
         # HELP syncline_archive_lag_entries Entries that the archive does not have yet.\n\
         # TYPE syncline_archive_lag_entries gauge\nsyncline_archive_lag_entries {lag}\n"
    )))
}

fn archive(env: &Env) -> Option<D1Database> {
    env.d1("DB").ok()
}

fn unbound() -> Answer {
    let message = "without the D1 binding DB nobody knows all stores";
    Answer::refusal(&ErrorFrame::new(Code::NotConfigured, message))
}
