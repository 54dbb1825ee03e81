//! What tells one scene from another, in 128 bits, and quickly: a search asks for millions.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// Two hashes of 64 bits: among a hundred million worlds, two share one with a chance of 10⁻²³.
pub(super) type Fingerprint = u128;

/// Many of them: no table has to hash them again.
pub(super) type Prints = HashSet<Fingerprint, BuildHasherDefault<Half>>;

pub(super) fn fingerprint(of: &impl Hash) -> Fingerprint {
    let mut mixed = Mixed([0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344]);
    of.hash(&mut mixed);
    // Once more, so that the last word is in every bit.
    mixed.write_u64(0);
    let [high, low] = mixed.0;
    u128::from(high) << 64 | u128::from(low)
}

/// Two hashes side by side, each folding the product of what it has with an odd number of its own, as wyhash
/// does. The numbers are digits of pi.
struct Mixed([u64; 2]);

impl Mixed {
    const BY: [u64; 2] = [0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89];
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        let [high, _] = self.0;
        high
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        for (lane, by) in self.0.iter_mut().zip(Self::BY) {
            let product = u128::from(*lane ^ word) * u128::from(by);
            let [low, high] = [product, product >> 64].map(|half| (half & u128::from(u64::MAX)) as u64);
            *lane = low ^ high.rotate_left(32) ^ by;
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

/// Half of a fingerprint.
#[derive(Debug, Default)]
pub struct Half(u64);

impl Hasher for Half {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.0 = u64::from_le_bytes(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_in_every_bit() {
        let all: Vec<Fingerprint> = (0..64_u32)
            .flat_map(|a| (0..64_u32).map(move |b| (a, b)))
            .map(|pair| fingerprint(&pair))
            .collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 64 * 64);
        for bit in 0..128 {
            let ones = all.iter().filter(|print| *print >> bit & 1 == 1).count();
            assert!((1_850..2_250).contains(&ones), "bit {bit}: {ones} of {}", all.len());
        }
    }
}
