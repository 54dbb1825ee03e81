//! `export`: a store's log as lines of JSON, or all of it as an SQLite file.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use syncline_engine::protocol::{Seq, StoreId};

use super::Cx;
use super::backup;
use super::failure::{Failure, Kind};
use super::livestore::Dump;
use super::log::Part;
use super::output::{bar, line, write};
use super::source::{SourceArgs, store_id};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The log, a line of JSON for each entry: what `import` takes
    Jsonl,
    /// The log as SQL that makes the tables of LiveStore's own server: to go back there
    Livestore,
    /// Log and state as one SQLite file; the native server alone has it
    Sqlite,
}

#[derive(Args)]
#[command(after_help = "Examples:
  syncline export team-1 --to team-1.jsonl
  syncline export team-1 --format livestore --to team-1.sql
  syncline export team-1 --format sqlite --to team-1.db && sqlite3 team-1.db .tables")]
pub(crate) struct ExportArgs {
    /// The store
    #[arg(value_parser = store_id)]
    store: StoreId,
    /// The file to make [default: standard output, for lines]
    #[arg(long, value_name = "FILE", required_if_eq_any([("format", "sqlite"), ("format", "livestore")]))]
    to: Option<PathBuf>,
    /// As what
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    #[command(flatten)]
    source: SourceArgs,
}

pub(crate) fn run(cx: &Cx, args: ExportArgs) -> Result<(), Failure> {
    let ExportArgs { store, to, format, source } = args;
    let source = source.open(cx.rules)?;
    let part = Part { store, after: Seq::ZERO, limit: None };
    Part::must_exist(&part.store, &source)?;
    let Some(to) = to else { return part.read(&source, &mut |text| Ok(write(text)?)) };
    let unfinished = Unfinished::begin(&to)?;
    match format {
        Format::Sqlite => {
            backup::fetch(&source, &part.store, &unfinished.part)?;
        }
        Format::Jsonl | Format::Livestore => {
            let failed = |error| Failure::at(&unfinished.part, error);
            let mut file = File::create_new(&unfinished.part).map_err(failed)?;
            let progress = bar(None, part.store.as_str(), true);
            let mut dump = None;
            if format == Format::Livestore {
                let (begun, text) = Dump::begin(&part.store, &source.incarnation(&part.store)?);
                file.write_all(text.as_bytes()).map_err(failed)?;
                dump = Some(begun);
            }
            part.read(&source, &mut |text| {
                progress.inc(text.len() as u64);
                match &mut dump {
                    Some(dump) => file.write_all(dump.rows(text)?.as_bytes()),
                    None => file.write_all(text.as_bytes()),
                }
                .map_err(failed)
            })?;
            if let Some(dump) = dump {
                file.write_all(dump.end().as_bytes()).map_err(failed)?;
            }
            file.sync_all().map_err(failed)?;
            progress.finish_and_clear();
        }
    }
    let bytes = unfinished.finish()?;
    if cx.json {
        line(&serde_json::json!({ "file": to, "bytes": bytes }).to_string())?;
    } else {
        line(&format!("{}: {bytes} bytes", to.display()))?;
    }
    Ok(())
}

/// A file that gets its name once it is whole.
struct Unfinished<'a> {
    part: PathBuf,
    target: &'a Path,
}

impl<'a> Unfinished<'a> {
    fn begin(target: &'a Path) -> Result<Self, Failure> {
        if target.exists() {
            return Err(Failure::new(Kind::Exists, format!("{} is there already", target.display())));
        }
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name else {
            return Err(Failure::new(Kind::Usage, format!("{} is no name of a file", target.display())));
        };
        // Of a command that was killed, or of one that runs: another number, another name.
        Ok(Self { part: target.with_file_name(format!("{name}.{}.part", std::process::id())), target })
    }

    fn finish(self) -> Result<u64, Failure> {
        let done = || {
            // A link is refused where somebody was quicker; a rename would write over it.
            std::fs::hard_link(&self.part, self.target)?;
            let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(std::fs::metadata(self.target)?.len())
        };
        done().map_err(|error: std::io::Error| Failure::at(self.target, error))
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // What is whole has its name by now, and this is another one for it.
        let _ = std::fs::remove_file(&self.part);
    }
}
