//! A disk that is full, and has room again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{StoreId, Subject};
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Rules, Sql};

use super::*;
use crate::event::raw;
use crate::store::prepare;
use crate::{Config, State};

struct Texts;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase")]
enum Event {
    Said { text: String },
}

impl Model for Texts {
    type Event = Event;

    const TABLES: &'static str = "CREATE TABLE texts (text TEXT NOT NULL) STRICT;";

    const VERSION: u32 = 1;

    fn check(_: &Event, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        Ok(())
    }

    fn apply(Event::Said { text }: &Event, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        Ok(db.execute("INSERT INTO texts (text) VALUES (?1)", &[text.into()])?)
    }
}

fn count(db: &dyn Query) -> Option<i64> {
    db.value("SELECT count(*) FROM texts", &[]).unwrap()
}

#[test]
fn on_a_full_disk_commits_stay_pending_and_are_kept_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let (store, subject) = (StoreId::parse("s").unwrap(), Subject::parse("ann").unwrap());
    let config = Config::new("http://localhost:1", store, subject).folder(folder.path());
    let (_, mut host, shared) = prepare(config, Rules::of::<Texts>()).unwrap();
    host.disk.log.limit_size(1).unwrap();

    let event = raw(&Event::Said { text: "much to say. ".repeat(10_000) }).unwrap();
    let receipt = shared.front().unwrap().commit(vec![event]).unwrap();
    host.wake();
    host.pump();
    let status = shared.status.borrow().clone();
    assert_eq!((status.reason, status.pending), (Some(Code::StorageFull), 1));
    assert!(host.disk_at.is_some());
    let second = raw(&Event::Said { text: "and more".to_owned() }).unwrap();
    shared.front().unwrap().commit(vec![second]).unwrap();
    host.wake();
    host.pump();
    assert_eq!(shared.status.borrow().pending, 2);
    assert_eq!(count(&shared.front().unwrap().db), Some(2));

    host.disk.log.limit_size(1 << 30).unwrap();
    host.disk_at = Some(Instant::now());
    host.wake();
    host.pump();
    let status = shared.status.borrow().clone();
    assert_eq!((status.reason, status.pending), (Some(Code::ServerUnreachable), 2));
    assert_eq!(status.state, State::Offline);
    let kept: &dyn Query = &host.disk.log;
    let outbox = kept.query("SELECT number FROM syncline_outbox ORDER BY counter", &[]).unwrap();
    let numbers: Vec<i64> = outbox.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(numbers, [1, 2]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(receipt.persisted()).unwrap();
}
