//! `log`: a part of a store's log, a line of JSON for each entry.

use std::io::Read;

use clap::Args;
use serde::Deserialize;
use syncline_engine::protocol::{Seq, StoreId};
use syncline_http::LogCall;

use super::Cx;
use super::failure::{Failure, Kind};
use super::output::write;
use super::source::{Source, SourceArgs, store_id};

const PART_BYTES: usize = 1 << 20;

#[derive(Args)]
#[command(after_help = "Examples:
  syncline log team-1
  syncline log team-1 --after 1000 --limit 10
  syncline log team-1 | jq -r 'select(.author == \"ann\") | .name'")]
pub(crate) struct LogArgs {
    /// The store
    #[arg(value_parser = store_id)]
    store: StoreId,
    /// Begin after this seq
    #[arg(long, value_name = "SEQ", default_value = "0", value_parser = seq)]
    after: Seq,
    /// At most so many entries [default: all]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    #[command(flatten)]
    source: SourceArgs,
}

pub(crate) fn run(cx: &Cx, args: LogArgs) -> Result<(), Failure> {
    let LogArgs { store, after, limit, source } = args;
    let part = Part { store, after, limit };
    part.read(&source.open(cx.rules)?, &mut |text| Ok(write(text)?))
}

/// For clap.
pub(crate) fn seq(text: &str) -> Result<Seq, String> {
    let number = text.parse::<u64>().map_err(|error| error.to_string())?;
    Seq::new(number).map_err(|error| error.to_string())
}

/// Some of a log.
pub(crate) struct Part {
    pub(crate) store: StoreId,
    pub(crate) after: Seq,
    pub(crate) limit: Option<u64>,
}

impl Part {
    /// Reads it, some lines at a time; each ends with a line feed.
    pub(crate) fn read(
        &self,
        source: &Source,
        lines: &mut dyn FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Self { store, after, limit } = self;
        match source {
            Source::Server(remote) => {
                let query = LogCall { left: *limit, ..LogCall::lines(*after) }.query();
                let mut response = remote.get(&format!("/stores/{store}/log?{query}"))?;
                let mut body = response.body_mut().as_reader();
                let (mut part, mut rest) = (vec![0; PART_BYTES], Vec::new());
                loop {
                    let count = body.read(&mut part).map_err(|error| remote.broken(error))?;
                    rest.extend_from_slice(part.get(..count).unwrap_or_default());
                    if count == 0 && !rest.is_empty() {
                        return Err(remote.broken("the log ends within an entry"));
                    }
                    if count == 0 {
                        return Ok(());
                    }
                    if let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') {
                        let whole: Vec<u8> = rest.drain(..=end).collect();
                        lines(std::str::from_utf8(&whole).map_err(|error| remote.broken(error))?)?;
                    }
                }
            }
            Source::Directory(local) => {
                let (db, room) = local.room(store)?;
                let (mut after, mut left) = (*after, limit.unwrap_or(u64::MAX));
                while left > 0 {
                    let limit = usize::try_from(left).unwrap_or(usize::MAX);
                    let page = room.log_lines(&db, after, limit, PART_BYTES)?;
                    if page.entries == 0 {
                        break;
                    }
                    lines(&page.text)?;
                    left -= page.entries as u64;
                    after = page.last;
                }
                Ok(())
            }
        }
    }

    /// # Errors
    /// Where the server knows of no such store. A client may read one that nobody has written to yet.
    pub(crate) fn must_exist(store: &StoreId, source: &Source) -> Result<(), Failure> {
        match source {
            Source::Directory(local) => local.path(store).map(drop),
            Source::Server(remote) => {
                #[derive(Deserialize)]
                struct Info {
                    head: Seq,
                }
                // A worker lists a store once the archive has it.
                if !remote.stores()?.contains(store)
                    && remote.json::<Info>(remote.get(&format!("/stores/{store}/info"))?)?.head == Seq::ZERO
                {
                    return Err(Failure::new(Kind::NoStore, format!("there is no store {store}")));
                }
                Ok(())
            }
        }
    }
}
