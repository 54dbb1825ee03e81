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

/// The bindings that an archive may have. A store's is the newest that is bound when it is made.
pub(crate) const DATABASES: [&str; 9] = ["DB", "DB2", "DB3", "DB4", "DB5", "DB6", "DB7", "DB8", "DB9"];

/// The archive of stores that are made now.
pub(crate) fn newest(env: &Env) -> Option<&'static str> {
    DATABASES.into_iter().rev().find(|name| env.d1(name).is_ok())
}

/// Every store, with its last life.
pub(crate) async fn list(env: &Env) -> Result<Answer> {
    let archives = archives(env);
    if archives.is_empty() {
        return Ok(unbound());
    }
    let mut stores: Vec<Store> = Vec::new();
    for d1 in archives {
        stores.extend(d1.prepare(LAST_LIFE).all().await?.results::<Store>()?);
    }
    stores.sort_by(|one, other| one.store.cmp(&other.store));
    Ok(Answer::json(200, &stores))
}

/// What can be counted without asking every object, in the text format of Prometheus.
pub(crate) async fn metrics(env: &Env) -> Result<Answer> {
    let archives = archives(env);
    if archives.is_empty() {
        return Ok(unbound());
    }
    let mut all = Sums { stores: 0.0, entries: 0.0, lag: 0.0 };
    for d1 in archives {
        let sql = format!(
            "SELECT count(*) AS stores, COALESCE(sum(head), 0) AS entries,
                COALESCE(sum(head - archived), 0) AS lag FROM ({LAST_LIFE})"
        );
        if let Some(Sums { stores, entries, lag }) = d1.prepare(sql).first::<Sums>(None).await? {
            all = Sums { stores: all.stores + stores, entries: all.entries + entries, lag: all.lag + lag };
        }
    }
    let Sums { stores, entries, lag } = all;
    Ok(Answer::text(format!(
        "# HELP syncline_stores Stores that the archive knows.\n\
         # TYPE syncline_stores gauge\nsyncline_stores {stores}\n\
         # HELP syncline_entries Entries of their logs.\n\
         # TYPE syncline_entries gauge\nsyncline_entries {entries}\n\
         # HELP syncline_archive_lag_entries Entries that the archive does not have yet.\n\
         # TYPE syncline_archive_lag_entries gauge\nsyncline_archive_lag_entries {lag}\n"
    )))
}

fn archives(env: &Env) -> Vec<D1Database> {
    DATABASES.into_iter().filter_map(|name| env.d1(name).ok()).collect()
}

fn unbound() -> Answer {
    let message = "without the D1 binding DB nobody knows all stores";
    Answer::refusal(&ErrorFrame::new(Code::NotConfigured, message))
}
