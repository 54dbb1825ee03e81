//! A frame: the records of what was decided together, with what tells it from anything else.

use syncline_engine::protocol::StoreId;
use syncline_engine::{InvalidRecord, Record};

/// Generation, sequence, length of what follows, checksum of all of it but itself.
pub(super) const HEAD: usize = 8 + 8 + 4 + 4;

/// Frames begin at multiples of it.
pub(super) const ALIGN: usize = 8;

/// A frame in the making; its memory is used again.
pub(crate) struct Frame {
    bytes: Vec<u8>,
}

/// Much beyond it is given back.
const KEPT_BYTES: usize = 1 << 20;

impl Frame {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; HEAD] }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.truncate(HEAD);
        self.bytes.shrink_to(KEPT_BYTES);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.len() == HEAD
    }

    /// Its bytes in the file.
    pub(super) fn size(&self) -> u64 {
        self.bytes.len().next_multiple_of(ALIGN) as u64
    }

    /// # Errors
    /// None is known; nothing was added then.
    pub(crate) fn add(&mut self, store: &StoreId, record: &Record) -> Result<(), InvalidRecord> {
        let start = self.bytes.len();
        let id = store.as_str().as_bytes();
        // An id has at most 64 bytes.
        self.bytes.push(id.len() as u8);
        self.bytes.extend_from_slice(id);
        let size = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let from = self.bytes.len();
        if let Err(error) = record.encode(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let length = (self.bytes.len() - from) as u32;
        if let Some(place) = self.bytes.get_mut(size..from) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        Ok(())
    }

    /// Its bytes, for this place in the file.
    pub(super) fn finish(&mut self, generation: u64, sequence: u64) -> &[u8] {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGN), 0);
        let length = (self.bytes.len() - HEAD) as u32;
        let (head, payload) = self.bytes.split_at_mut(HEAD);
        let fields = fields(generation, sequence, length);
        let sum = checksum(&fields, payload);
        for (place, byte) in head.iter_mut().zip(fields.into_iter().chain(sum.to_le_bytes())) {
            *place = byte;
        }
        &self.bytes
    }
}

fn fields(generation: u64, sequence: u64, length: u32) -> [u8; HEAD - 4] {
    let mut fields = [0; HEAD - 4];
    fields[..8].copy_from_slice(&generation.to_le_bytes());
    fields[8..16].copy_from_slice(&sequence.to_le_bytes());
    fields[16..].copy_from_slice(&length.to_le_bytes());
    fields
}

fn checksum(fields: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(fields);
    hasher.update(payload);
    hasher.finalize()
}

/// What follows the head of the frame that begins these bytes, if one of this generation does; and its sequence.
pub(super) fn parse(bytes: &[u8], generation: u64) -> Option<(u64, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let (fields, sum) = head.split_first_chunk::<{ HEAD - 4 }>()?;
    let (of, after) = fields.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*of) != generation {
        return None;
    }
    let (sequence, length) = after.split_first_chunk::<8>()?;
    let length = u32::from_le_bytes(*length.first_chunk()?) as usize;
    let payload = rest.get(..length)?;
    let sum = u32::from_le_bytes(*sum.first_chunk()?);
    (checksum(fields, payload) == sum).then(|| (u64::from_le_bytes(*sequence), payload))
}
