//! `import`: lines of `export` become a new store.

use std::fs::File;
use std::io::{BufReader, Read, stdin};
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use syncline_engine::protocol::{Seq, StoreId};
use ureq::SendBody;

use super::Cx;
use super::failure::{Failure, Kind};
use super::output::{bar, line};
use super::source::{Source, SourceArgs, store_id};
use crate::import::{Import, ImportError};

#[derive(Args)]
#[command(after_help = "Examples:
  syncline import team-2 team-1.jsonl
  gunzip -c team-1.jsonl.gz | syncline import team-2 -

The log keeps its seqs, authors and times, and gets another incarnation. Each entry is decoded and applied by
the model of the server, or of this binary with --data; a rule that only says what may happen now is not asked
again about what has happened.")]
pub(crate) struct ImportArgs {
    /// The store to make; one that is there is never written over
    #[arg(value_parser = store_id)]
    store: StoreId,
    /// The lines; - for standard input
    file: PathBuf,
    /// Set aside what the model cannot apply, in place of refusing all of it
    #[arg(long)]
    set_aside: bool,
    #[command(flatten)]
    source: SourceArgs,
}

#[derive(Deserialize)]
struct Told {
    head: Seq,
    aside: u32,
}

pub(crate) fn run(cx: &Cx, args: ImportArgs) -> Result<(), Failure> {
    let ImportArgs { store, file, set_aside, source } = args;
    let source = source.open(cx.rules)?;
    let (mut lines, length): (Box<dyn Read>, _) = if file.as_os_str() == "-" {
        (Box::new(stdin()), None)
    } else {
        let open = File::open(&file).and_then(|open| Ok((open.metadata()?.len(), open)));
        let (length, open) = open.map_err(|error| Failure::at(&file, error))?;
        (Box::new(open), Some(length))
    };
    let progress = bar(length, "importing", true);
    let mut lines = progress.wrap_read(&mut lines);
    let told = match source {
        Source::Server(remote) => {
            // Who is refused while it still sends may not get to read why.
            if remote.stores()?.contains(&store) {
                return Err(Failure::new(Kind::Exists, format!("there is a store {store}")));
            }
            let path = format!("/stores/{store}/import?aside={set_aside}");
            remote.json::<Told>(remote.post(&path, SendBody::from_reader(&mut lines))?)?
        }
        Source::Directory(local) => {
            let target = local.directory.store(&store);
            if target.exists() {
                return Err(Failure::new(Kind::Exists, format!("there is a store {store}")));
            }
            let made = local.directory.scratch()?;
            let import = Import { rules: cx.rules, store: &store, aside: set_aside };
            let imported =
                import.run(BufReader::new(lines), made.path(), |_| {}).map_err(|error| match error {
                    ImportError::Line { .. } => Failure::new(Kind::ImportRefused, error),
                    ImportError::Unreadable(_) => Failure::at(&file, error),
                    ImportError::Host(error) => error.into(),
                })?;
            std::fs::rename(made.path(), &target)?;
            local.directory.sync_stores()?;
            Told { head: imported.head, aside: imported.aside }
        }
    };
    progress.finish_and_clear();
    let Told { head, aside } = told;
    if cx.json {
        line(&json!({ "store": store, "head": head, "aside": aside }).to_string())?;
    } else {
        line(&format!("{store}: {head} entries, {aside} commits set aside"))?;
    }
    Ok(())
}
