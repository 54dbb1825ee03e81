//! Reading a journal that a former life has left.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use syncline_engine::Record;
use syncline_engine::protocol::StoreId;

use super::frame::{ALIGN, HEAD, parse};
use super::{HEADER_BYTES, MAGIC};

/// What a journal holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// In the order in which they were decided.
    pub(crate) entries: Vec<Entry>,
    /// What of it was acknowledged once and does not read back.
    pub(crate) damage: Option<String>,
}

/// A record, and whose it is.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) store: StoreId,
    pub(crate) record: Record,
}

/// Reads a file. A torn frame at the end was never acknowledged.
pub(crate) fn read(path: &Path) -> io::Result<Contents> {
    if header_of(path)?.is_some_and(|header| header.empty) {
        return Ok(Contents::default());
    }
    Ok(parse_file(&std::fs::read(path)?))
}

fn parse_file(bytes: &[u8]) -> Contents {
    let Some(Header { generation, .. }) = header(bytes) else {
        // The header is durable before the first frame. Where there is none, there are no frames, unless it
        // was damaged later.
        let first = bytes.get(HEADER_BYTES as usize..).unwrap_or_default();
        let damage = first
            .first_chunk::<8>()
            .filter(|written| parse(first, u64::from_le_bytes(**written)).is_some() && **written != [0; 8])
            .map(|_| "its header does not read back, and frames follow it".to_owned());
        return Contents { damage, ..Contents::default() };
    };
    let mut contents = Contents::default();
    let (mut at, mut sequence) = (HEADER_BYTES as usize, 0);
    loop {
        let here = bytes.get(at..).and_then(|rest| parse(rest, generation));
        match here.filter(|(found, _)| *found == sequence) {
            Some((_, payload)) => {
                if let Err(why) = entries(payload, &mut contents.entries) {
                    contents
                        .damage
                        .get_or_insert(format!("frame {sequence} of generation {generation}: {why}"));
                }
                at += HEAD + payload.len();
                sequence += 1;
            }
            None => match later(bytes, at, generation, sequence) {
                Some((place, found)) => {
                    contents.damage.get_or_insert(format!(
                        "frames {sequence} to {} of generation {generation} do not read back",
                        found.saturating_sub(1)
                    ));
                    (at, sequence) = (place, found);
                }
                None => return contents,
            },
        }
    }
}

struct Header {
    generation: u64,
    /// There are no frames.
    empty: bool,
}

const HEADER: usize = 8 + 8 + 1 + 4;

fn header(bytes: &[u8]) -> Option<Header> {
    let (fields, sum) = bytes.get(..HEADER)?.split_last_chunk::<4>()?;
    let (empty, numbered) = fields.split_last()?;
    if !fields.starts_with(MAGIC) || crc32fast::hash(fields).to_le_bytes() != *sum {
        return None;
    }
    Some(Header { generation: u64::from_le_bytes(*numbered.last_chunk()?), empty: *empty == 1 })
}

/// A frame of this generation that was written after the one that should be here.
fn later(bytes: &[u8], from: usize, generation: u64, sequence: u64) -> Option<(usize, u64)> {
    (from..bytes.len()).step_by(ALIGN).skip(1).find_map(|at| {
        let (found, _) = parse(bytes.get(at..)?, generation)?;
        (found > sequence).then_some((at, found))
    })
}

fn entries(mut bytes: &[u8], into: &mut Vec<Entry>) -> Result<(), String> {
    // What is left over is zeros, up to the next multiple.
    while let Some((size, rest)) = bytes.split_first().filter(|(size, _)| **size > 0) {
        let cut = || "a record is cut off".to_owned();
        let (id, rest) = rest.split_at_checked(usize::from(*size)).ok_or_else(cut)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (record, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
        let store = StoreId::parse(String::from_utf8_lossy(id)).map_err(|error| error.to_string())?;
        into.push(Entry { store, record: Record::decode(record).map_err(|error| error.to_string())? });
        bytes = rest;
    }
    Ok(())
}

/// Only which generation a file is.
pub(crate) fn generation_of(path: &Path) -> io::Result<u64> {
    Ok(header_of(path)?.map(|header| header.generation).unwrap_or_default())
}

fn header_of(path: &Path) -> io::Result<Option<Header>> {
    let mut head = Vec::with_capacity(HEADER);
    File::open(path)?.take(HEADER as u64).read_to_end(&mut head)?;
    Ok(header(&head))
}
