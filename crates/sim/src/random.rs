//! The one source of chance in a run: a seed means the same run for ever.
//!
//! PCG, as it is small, fast, and value-stable by its crate's contract. What is made of its numbers is
//! done here, so that no other crate's idea of a range can change a run.

use rand_core::{Rng as _, SeedableRng};
use rand_pcg::Pcg64Mcg;

pub(crate) struct Random(Pcg64Mcg);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    /// Below `n`; 0 where `n` is. The bias of a multiplication of 64 bits is far below what matters.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    pub(crate) fn small(&mut self, n: u8) -> u8 {
        u8::try_from(self.below(u64::from(n))).unwrap_or_default()
    }

    /// Between two numbers, both included.
    pub(crate) fn between(&mut self, least: u16, most: u16) -> u16 {
        least + u16::try_from(self.below(u64::from(most.saturating_sub(least)) + 1)).unwrap_or_default()
    }

    /// Once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(usize::try_from(self.below(from.len() as u64)).unwrap_or_default())
    }
}
