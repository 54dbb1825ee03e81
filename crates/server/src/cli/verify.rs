//! `verify`: whether logs and states are what was written.

use clap::Args;
use serde_json::{Value, json};
use syncline_engine::protocol::StoreId;
use syncline_sqlite::Database;
use ureq::SendBody;

use super::Cx;
use super::failure::{Failure, Kind};
use super::output::{bar, line, table, write};
use super::source::{Source, SourceArgs, store_id};

#[derive(Args)]
#[command(after_help = "Examples:
  syncline verify
  syncline verify team-1 team-2 --json
  syncline verify --data /var/lib/syncline

It reads each log and its chain, and makes the state twice anew: both have to be the one that is there. A
worker has no second database: there it is log and chain. It ends with 9 if anything is not sound.")]
pub(crate) struct VerifyArgs {
    /// The stores [default: all]
    #[arg(value_parser = store_id)]
    stores: Vec<StoreId>,
    #[command(flatten)]
    source: SourceArgs,
}

pub(crate) fn run(cx: &Cx, args: VerifyArgs) -> Result<(), Failure> {
    let VerifyArgs { stores, source } = args;
    let source = source.open(cx.rules)?;
    let stores = source.stores(stores)?;
    let progress = bar(Some(stores.len() as u64), "stores", false);
    let (mut rows, mut unsound) = (Vec::new(), 0);
    for store in &stores {
        let verified = verify(&source, store)?;
        progress.inc(1);
        let of = |name: &str| verified.get(name).cloned().unwrap_or_default();
        unsound += usize::from(of("sound") != json!(true));
        if cx.json {
            let mut verified = verified;
            if let Some(object) = verified.as_object_mut() {
                object.insert("store".to_owned(), json!(store));
            }
            line(&verified.to_string())?;
        } else {
            let sound = if of("sound") == json!(true) { "sound" } else { "NOT SOUND" };
            rows.push(vec![json!(store), json!(sound), of("entries"), of("problem")]);
        }
    }
    progress.finish_and_clear();
    if !cx.json {
        write(&table(&["store", "log and state", "entries", "problem"].map(str::to_owned), &rows))?;
    }
    if unsound > 0 {
        return Err(Failure::new(
            Kind::Unsound,
            format!("{unsound} of {} stores are not sound", stores.len()),
        ));
    }
    Ok(())
}

fn verify(source: &Source, store: &StoreId) -> Result<Value, Failure> {
    match source {
        Source::Server(remote) => {
            remote.json(remote.post(&format!("/stores/{store}/verify"), SendBody::none())?)
        }
        Source::Directory(local) => {
            // One store that cannot be read keeps nobody from knowing of the others.
            let verified = local.room(store).and_then(|(db, room)| {
                db.check()?;
                let (mut first, mut second) = (Database::open_memory()?, Database::open_memory()?);
                Ok(room.verify(&db, Some([&mut first, &mut second]))?)
            });
            match verified {
                Ok(verified) => {
                    serde_json::to_value(verified).map_err(|error| Failure::new(Kind::Failed, error))
                }
                Err(failure) if failure.is(Kind::Unsound) => {
                    Ok(json!({ "sound": false, "problem": failure.message() }))
                }
                Err(failure) => Err(failure),
            }
        }
    }
}
