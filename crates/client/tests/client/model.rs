//! Notes with unique titles, and labels that nobody reads.

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_client::engine::protocol::{StoreId, Subject};
use syncline_client::engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql};
use syncline_client::{Config, Error, State, Status, Store};

use super::server::Server;

#[derive(Debug)]
pub(crate) struct Notes;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Event {
    NoteMade { title: String },
    LabelMade { label: String },
    LabelsCleared,
}

impl Model for Notes {
    type Event = Event;

    const TABLES: &'static str = "
        CREATE TABLE notes (title TEXT NOT NULL PRIMARY KEY, author TEXT NOT NULL) STRICT;
        CREATE TABLE labels (label TEXT NOT NULL PRIMARY KEY) STRICT;";

    const VERSION: u32 = 1;

    fn check(event: &Event, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        match event {
            Event::NoteMade { title } if title.is_empty() => {
                Err(Rejection::new("no-title", "it has no title"))
            }
            Event::NoteMade { .. } | Event::LabelMade { .. } | Event::LabelsCleared => Ok(()),
        }
    }

    fn apply(event: &Event, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        let done = match event {
            Event::NoteMade { title } => {
                let sql = "INSERT INTO notes (title, author) VALUES (?1, ?2)";
                db.execute(sql, &[title.into(), cx.author.as_str().into()])
            }
            Event::LabelMade { label } => {
                db.execute("INSERT INTO labels (label) VALUES (?1)", &[label.into()])
            }
            Event::LabelsCleared => db.execute("DELETE FROM labels", &[]),
        };
        Ok(done?)
    }
}

pub(crate) fn note(title: &str) -> Event {
    Event::NoteMade { title: title.to_owned() }
}

pub(crate) fn label(label: &str) -> Event {
    Event::LabelMade { label: label.to_owned() }
}

pub(crate) fn config(server: &Server, subject: &str) -> Config {
    let store = StoreId::parse("store").unwrap();
    Config::new(server.url(), store, Subject::parse(subject).unwrap()).token("secret")
}

pub(crate) async fn open(server: &Server, subject: &str) -> Store<Notes> {
    Store::open(config(server, subject)).await.unwrap()
}

pub(crate) async fn open_in(server: &Server, subject: &str, folder: &Path) -> Store<Notes> {
    Store::open(config(server, subject).folder(folder)).await.unwrap()
}

pub(crate) fn titles(store: &Store<Notes>) -> Vec<String> {
    #[derive(Deserialize)]
    struct Row {
        title: String,
    }
    let rows: Vec<Row> = store.query("SELECT title FROM notes ORDER BY title", &[]).unwrap();
    rows.into_iter().map(|row| row.title).collect()
}

/// Longer than anything here takes, even on a machine that is busy.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it happens soon")
}

pub(crate) async fn reaches(store: &Store<Notes>, mut wanted: impl FnMut(&Status) -> bool) -> Status {
    let mut status = store.status();
    let reached = tokio::time::timeout(Duration::from_secs(60), status.wait_for(&mut wanted)).await;
    match reached {
        Ok(status) => status.unwrap().clone(),
        Err(_) => panic!("it stays {:?}", store.status().borrow()),
    }
}

pub(crate) async fn online(store: &Store<Notes>) {
    reaches(store, |status| status.state == State::Online).await;
}

pub(crate) fn code<T>(result: Result<T, Error>) -> String {
    result.err().unwrap().code().to_owned()
}
