//! `compact`: small segments of a log become larger ones; nothing changes for whoever reads it.

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use syncline_engine::RoomInfo;
use syncline_engine::protocol::StoreId;
use ureq::SendBody;

use super::Cx;
use super::failure::Failure;
use super::output::{bar, line, table, write};
use super::source::{Source, SourceArgs, store_id};

#[derive(Args)]
#[command(after_help = "Examples:
  syncline compact
  syncline compact team-1 --data /var/lib/syncline

A server does so by itself while a store is quiet. With --data the file is written anew, too, without what is
free in it.")]
pub(crate) struct CompactArgs {
    /// The stores [default: all]
    #[arg(value_parser = store_id)]
    stores: Vec<StoreId>,
    #[command(flatten)]
    source: SourceArgs,
}

#[derive(Deserialize)]
struct Segments {
    segments: u64,
}

pub(crate) fn run(cx: &Cx, args: CompactArgs) -> Result<(), Failure> {
    let CompactArgs { stores, source } = args;
    let source = source.open(cx.rules)?;
    let stores = source.stores(stores)?;
    let progress = bar(Some(stores.len() as u64), "stores", false);
    let mut rows = Vec::new();
    for store in stores {
        let (before, after) = compact(&source, &store)?;
        progress.inc(1);
        if cx.json {
            line(&json!({ "store": store, "before": before, "segments": after }).to_string())?;
        } else {
            rows.push(vec![json!(store), json!(before), json!(after)]);
        }
    }
    progress.finish_and_clear();
    if !cx.json {
        write(&table(&["store", "segments before", "now"].map(str::to_owned), &rows))?;
    }
    Ok(())
}

fn compact(source: &Source, store: &StoreId) -> Result<(u64, u64), Failure> {
    #[derive(Deserialize)]
    struct Compacted {
        more: bool,
    }
    match source {
        Source::Server(remote) => {
            let count = || {
                let info: Segments = remote.json(remote.get(&format!("/stores/{store}/info"))?)?;
                Ok::<_, Failure>(info.segments)
            };
            let before = count()?;
            let path = format!("/stores/{store}/compact");
            while remote.json::<Compacted>(remote.post(&path, SendBody::none())?)?.more {}
            Ok((before, count()?))
        }
        Source::Directory(local) => {
            let (mut db, mut room) = local.room(store)?;
            let RoomInfo { segments: before, .. } = room.info(&db)?;
            while room.compact(&mut db)? {}
            let RoomInfo { segments, .. } = room.info(&db)?;
            db.vacuum()?;
            db.checkpoint()?;
            Ok((before, segments))
        }
    }
}
