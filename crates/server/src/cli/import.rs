//! `import`: lines of `export` become a new store.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use syncline_engine::protocol::{Entry, Incarnation, Seq, StoreId};
use ureq::{AsSendBody, SendBody};

use super::Cx;
use super::failure::{Failure, Kind};
use super::livestore;
use super::output::{bar, line, warn};
use super::remote::Remote;
use super::source::{Source, SourceArgs, store_id};
use crate::import::{Import, ImportError};

#[derive(Args)]
#[command(after_help = "Examples:
  syncline import team-2 team-1.jsonl
  gunzip -c team-1.jsonl.gz | syncline import team-2 -
  syncline import team-1 --livestore livestore.sql --backend-id V1StGXR8_Z5jdHi6B-myT
  syncline import team-1 team-1.jsonl --parts --url https://sync.example.workers.dev

The log keeps its seqs, authors and times, and gets another incarnation; one of LiveStore's keeps its numbers and
the id of its backend, so that its clients go on (docs/livestore.md). Each entry is decoded and applied by
the model of the server, or of this binary with --data; a rule that only says what may happen now is not asked
again about what has happened.")]
pub(crate) struct ImportArgs {
    /// The store to make; one that is there is never written over
    #[arg(value_parser = store_id)]
    store: StoreId,
    /// The lines; - for standard input
    file: PathBuf,
    /// The file is of LiveStore's own server: the SQLite of a Durable Object, or SQL that D1 has exported
    #[arg(long)]
    livestore: bool,
    /// LiveStore's id of its backend, where the file does not say it
    #[arg(long, value_name = "ID", requires = "livestore", value_parser = incarnation)]
    backend_id: Option<Incarnation>,
    /// Send it in parts: a worker on Cloudflare takes no more at once
    #[arg(long, conflicts_with = "data")]
    parts: bool,
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
    /// Whoever takes a log in parts says which the next ones are of.
    incarnation: Option<Incarnation>,
}

/// Bytes of a part: with it, a request stays below the smallest limit that makes sense.
const PART_BYTES: usize = 512 << 10;

fn path(store: &StoreId, aside: bool, after: Seq, incarnation: Option<&Incarnation>) -> String {
    let incarnation = incarnation.map(|of| format!("&incarnation={of}")).unwrap_or_default();
    format!("/stores/{store}/import?aside={aside}&after={after}{incarnation}")
}

/// Sends whole commits, part after part.
fn in_parts(
    remote: &Remote,
    store: &StoreId,
    aside: bool,
    incarnation: Option<Incarnation>,
    lines: impl BufRead,
) -> Result<Told, Failure> {
    let mut told = Told { head: Seq::ZERO, aside: 0, incarnation };
    let (mut part, mut begun) = (String::new(), false);
    let send = |part: &mut String, told: &mut Told| {
        let path = path(store, aside, told.head, told.incarnation.as_ref());
        *told = remote.json::<Told>(remote.post(&path, part.as_bytes().as_body())?)?;
        part.clear();
        Ok::<_, Failure>(())
    };
    for line in lines.lines() {
        let line = line?;
        // What is no entry is for the server to name.
        let ends = serde_json::from_str::<Entry>(&line).map_or(true, |entry| entry.ends_commit());
        part.push_str(&line);
        part.push('\n');
        if ends && part.len() >= PART_BYTES {
            send(&mut part, &mut told)?;
            begun = true;
        }
    }
    if !part.is_empty() || !begun {
        send(&mut part, &mut told)?;
    }
    Ok(told)
}

/// For clap: the id of LiveStore's backend.
fn incarnation(text: &str) -> Result<Incarnation, String> {
    Incarnation::parse(text).map_err(|error| error.to_string())
}

pub(crate) fn run(cx: &Cx, args: ImportArgs) -> Result<(), Failure> {
    let ImportArgs { store, file, livestore, backend_id, parts, set_aside, source } = args;
    let source = source.open(cx.rules)?;
    let mut as_it_is = None;
    let (mut lines, length): (Box<dyn Read>, _) = if livestore {
        let adopted = livestore::read(&file, &store, backend_id)?;
        as_it_is = adopted.incarnation;
        if as_it_is.is_none() {
            warn(
                "its backend has no id here: clients that have followed it clear what they have, and read it anew",
            );
        }
        if adopted.astray > 0 {
            let many = adopted.astray;
            warn(&format!("{many} events name a parent that is not the event before them: now it is"));
        }
        (Box::new(adopted.lines), Some(adopted.bytes))
    } else if file.as_os_str() == "-" {
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
            if parts {
                in_parts(&remote, &store, set_aside, as_it_is, BufReader::new(&mut lines))?
            } else {
                let path = path(&store, set_aside, Seq::ZERO, as_it_is.as_ref());
                remote.json::<Told>(remote.post(&path, SendBody::from_reader(&mut lines))?)?
            }
        }
        Source::Directory(local) => {
            let target = local.directory.store(&store);
            if target.exists() {
                return Err(Failure::new(Kind::Exists, format!("there is a store {store}")));
            }
            let made = local.directory.scratch()?;
            let import = Import { rules: cx.rules, store: &store, aside: set_aside, incarnation: as_it_is };
            let imported =
                import.run(BufReader::new(lines), made.path(), |_| {}).map_err(|error| match error {
                    ImportError::Line { .. } => Failure::new(Kind::ImportRefused, error),
                    ImportError::Unreadable(_) => Failure::at(&file, error),
                    ImportError::Host(error) => error.into(),
                })?;
            std::fs::rename(made.path(), &target)?;
            local.directory.sync_stores()?;
            Told { head: imported.head, aside: imported.aside, incarnation: None }
        }
    };
    progress.finish_and_clear();
    let Told { head, aside, .. } = told;
    if cx.json {
        line(&json!({ "store": store, "head": head, "aside": aside }).to_string())?;
    } else {
        line(&format!("{store}: {head} entries, {aside} commits set aside"))?;
    }
    Ok(())
}
