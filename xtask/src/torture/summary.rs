//! What a round, and all of them, came to.

use std::fmt;
use std::time::Duration;

use syncline_torture::judge::Counts;

/// Faults that struck.
#[derive(Clone, Copy, Default)]
pub(super) struct Struck {
    pub(super) server_kills: usize,
    pub(super) client_kills: usize,
    pub(super) restores: usize,
    pub(super) cuts: usize,
}

/// One round.
pub(super) struct Round {
    pub(super) number: u32,
    pub(super) store: String,
    pub(super) struck: Struck,
    /// From the end of the faults until every outbox was empty and every replica at the head.
    pub(super) drained: Duration,
    /// Of the whole store, the rounds before included.
    pub(super) counts: Counts,
    /// What the store's rounds before had come to.
    pub(super) before: Counts,
    pub(super) violations: Vec<String>,
}

/// All rounds.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) rounds: u32,
    struck: Struck,
    counts: Counts,
    longest_drain: Duration,
    pub(super) violations: Vec<String>,
}

impl Summary {
    pub(super) fn add(&mut self, round: Round) {
        self.struck.server_kills += round.struck.server_kills;
        self.struck.client_kills += round.struck.client_kills;
        self.struck.restores += round.struck.restores;
        self.struck.cuts += round.struck.cuts;
        self.longest_drain = self.longest_drain.max(round.drained);
        let Counts { made, refused, persisted, confirmed, rejected, entries, released } =
            since(round.before, round.counts);
        self.counts.made += made;
        self.counts.refused += refused;
        self.counts.persisted += persisted;
        self.counts.confirmed += confirmed;
        self.counts.rejected += rejected;
        self.counts.entries += entries;
        self.counts.released = self.counts.released.max(released);
        let number = round.number;
        self.violations.extend(round.violations.into_iter().map(|text| format!("round {number}: {text}")));
    }
}

fn since(before: Counts, after: Counts) -> Counts {
    Counts {
        made: after.made.saturating_sub(before.made),
        refused: after.refused.saturating_sub(before.refused),
        persisted: after.persisted.saturating_sub(before.persisted),
        confirmed: after.confirmed.saturating_sub(before.confirmed),
        rejected: after.rejected.saturating_sub(before.rejected),
        entries: after.entries.saturating_sub(before.entries),
        // Not since then: so many are at once.
        released: after.released,
    }
}

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server_kills, client_kills, restores, cuts } = self;
        write!(f, "{server_kills} server kills, {client_kills} client kills, ")?;
        write!(f, "{restores} clients restored, {cuts} cuts")
    }
}

fn write_counts(f: &mut fmt::Formatter<'_>, counts: &Counts) -> fmt::Result {
    let Counts { made, refused, persisted, confirmed, rejected, entries, released } = counts;
    write!(f, "{made} commits, {refused} refused at once, {persisted} persisted, ")?;
    write!(f, "{confirmed} confirmed, {rejected} rejected; {entries} entries")?;
    if *released > 0 { write!(f, ", up to {released} in the archive alone") } else { Ok(()) }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, store, struck, drained, .. } = self;
        write!(f, "round {number} ({store}): {struck}; ")?;
        write_counts(f, &since(self.before, self.counts))?;
        let verdict = if self.violations.is_empty() { "as promised" } else { "VIOLATED" };
        write!(f, "; drained in {:.1} s; {verdict}", drained.as_secs_f64())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rounds: {}; ", self.rounds, self.struck)?;
        write_counts(f, &self.counts)?;
        let (longest, violations) = (self.longest_drain.as_secs_f64(), self.violations.len());
        write!(f, "; longest drain {longest:.1} s; {violations} violations")
    }
}
