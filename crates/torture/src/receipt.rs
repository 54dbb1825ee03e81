//! What a client process was told about its commits, in a file that outlives it: the judge holds the
//! system to it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{Digest, RawEvent, Seq};

/// How the text starts that names a commit: each commit has one event with such a text or topic.
const NAMES: &str = "says ";

/// One line of the file. `tag` names a commit across processes, sessions and counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
pub enum Receipt {
    /// About to be committed: from here on it may be in the log.
    Made { tag: String, digest: String },
    /// The session said no: it must never be in the log.
    Refused { tag: String, code: String },
    /// It outlives this process.
    Persisted { tag: String },
    /// It is in the log, at these seqs.
    Confirmed { tag: String, first: Seq, last: Seq },
    /// It will never be in the log.
    Rejected { tag: String, code: String },
    /// Its files were replaced by an image of them, from when there were so many receipts: what was
    /// persisted since, and had not reached the server, is gone as nobody can promise otherwise.
    Restored { receipts: usize },
    /// Something that should not happen, or not often.
    Trouble { code: String, message: String },
}

/// The fingerprint of what a commit says.
#[must_use]
pub(crate) fn fingerprint<'a>(events: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let text: String = events.into_iter().map(|(name, args)| format!("{name}\n{args}\n")).collect();
    Digest::of(text.as_bytes()).to_string()
}

/// The text of an event that names its commit.
#[must_use]
pub(crate) fn naming_text(tag: &str) -> String {
    format!("{NAMES}{tag}")
}

/// The name of the commit with these events.
#[must_use]
pub fn tag_of<'a>(events: impl IntoIterator<Item = &'a RawEvent>) -> Option<String> {
    events.into_iter().find_map(|event| {
        let args: serde_json::Value = serde_json::from_str(event.args.get()).ok()?;
        let text = ["text", "topic"].into_iter().find_map(|field| args.get(field)?.as_str());
        text?.strip_prefix(NAMES).map(str::to_owned)
    })
}

/// The file, as its client writes it.
#[derive(Debug)]
pub struct Receipts(File);

impl Receipts {
    /// Opens it to go on where it ends.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last)?;
        }
        if last != [b'\n'] {
            // The process before this one was killed half way through a line.
            file.write_all(b"\n")?;
        }
        Ok(Self(file))
    }

    /// Adds lines; when it returns they are on the disk.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&mut self, receipts: &[Receipt]) -> Result<()> {
        if receipts.is_empty() {
            return Ok(());
        }
        let mut lines = String::new();
        for receipt in receipts {
            lines.push_str(&serde_json::to_string(receipt)?);
            lines.push('\n');
        }
        self.0.write_all(lines.as_bytes())?;
        Ok(self.0.sync_data()?)
    }
}

/// All lines but torn ones: what those were about to say was told to nobody.
///
/// # Errors
/// When the file cannot be read.
pub fn read_receipts(path: &Path) -> Result<Vec<Receipt>> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_engine::protocol::Args;

    #[test]
    fn a_torn_line_is_left_out_and_those_after_it_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipts");
        let persisted = |tag: &str| Receipt::Persisted { tag: tag.to_owned() };
        Receipts::open(&path).unwrap().write(&[persisted("a")]).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"what":"persis"#).unwrap();
        Receipts::open(&path).unwrap().write(&[persisted("b")]).unwrap();
        assert_eq!(read_receipts(&path).unwrap(), [persisted("a"), persisted("b")]);
    }

    #[test]
    fn a_commit_is_named_by_one_of_its_texts() {
        let event = |args: &str| RawEvent { name: "x".into(), args: Args::parse(args).unwrap() };
        let events = [event(r#"{"id":"says no"}"#), event(r#"{"topic":"says c1-1-7"}"#)];
        assert_eq!(tag_of(&events).as_deref(), Some("c1-1-7"));
        assert_eq!(tag_of(&events[..1]), None);
        assert_eq!(naming_text("c1-1-7"), "says c1-1-7");
    }
}
