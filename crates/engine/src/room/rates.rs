//! How much may come in a time: token buckets per client and per subject. They are in memory alone: a room
//! that is dropped forgets them, which does no harm.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syncline_protocol::{ClientId, Code, ErrorFrame, Limits, Millis, Subject};

use super::hooks::{Hooks, NoHooks};

/// What a host may set of a room.
#[derive(Clone, Copy, Debug)]
pub struct RoomConfig {
    /// How large things may be.
    pub limits: Limits,
    /// How much may come in a time.
    pub rates: Rates,
    /// When it does what is best done while nobody waits.
    pub upkeep: Upkeep,
    /// A part of a snapshot is closed once it has so many bytes.
    pub part_bytes: usize,
    /// What the app refuses beside its rules.
    pub hooks: &'static dyn Hooks,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self {
            limits: Limits::DEFAULT,
            rates: Rates::default(),
            upkeep: Upkeep::default(),
            part_bytes: 1 << 20,
            hooks: &NoHooks,
        }
    }
}

/// When a room makes snapshots and merges its segments, at the host's next call of [`Room::maintain`].
///
/// [`Room::maintain`]: super::Room::maintain
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Upkeep {
    /// A snapshot is made anew when the log has grown by this many entries: replaying them takes a client
    /// longer than a round trip, and making it takes the room less than deciding them has.
    pub snapshot_every: u64,
    /// Segments are merged when there are so many more of them.
    pub merge_every: u32,
    /// So many entries stay in the room's database; of those before them, what the archive has and a snapshot
    /// holds is in the archive alone. Without it, everything stays.
    pub keep_hot: Option<u64>,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self { snapshot_every: 5_000, merge_every: 512, keep_hot: None }
    }
}

/// How much one client, and one subject with all of its clients, may send; 0 where there is no limit. A bucket
/// holds what may come in [`Rates::BURST_S`] seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rates {
    /// Events per second of one client.
    pub client_events: u32,
    /// Bytes per second of one client: names and args of its events.
    pub client_bytes: u32,
    /// Events per second of one subject.
    pub subject_events: u32,
    /// Bytes per second of one subject.
    pub subject_bytes: u32,
    /// Values of presence per second of one client.
    pub presence: u32,
}

impl Rates {
    /// For so long a client may send at once what it has not sent before.
    pub const BURST_S: u32 = 2;
}

impl Default for Rates {
    /// Presence is bounded from the start, as each value of it goes to everyone.
    fn default() -> Self {
        Self { client_events: 0, client_bytes: 0, subject_events: 0, subject_bytes: 0, presence: 20 }
    }
}

/// As many buckets are kept; then all begin anew.
const KEPT: usize = 10_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Meters(BTreeMap<Key, Bucket>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    ClientEvents(ClientId),
    ClientBytes(ClientId),
    SubjectEvents(Subject),
    SubjectBytes(Subject),
    Presence(ClientId),
}

/// In thousandths, as a rate per second is one per millisecond of them.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: i64,
    at: Millis,
}

impl Meters {
    /// Takes a push out of all buckets, or out of none.
    pub(super) fn push(
        &mut self,
        rates: &Rates,
        now: Millis,
        (client, subject): (&ClientId, &Subject),
        (events, bytes): (usize, usize),
    ) -> Result<(), ErrorFrame> {
        let wanted = [
            (rates.client_events, events, Key::ClientEvents as fn(ClientId) -> Key),
            (rates.client_bytes, bytes, Key::ClientBytes),
        ]
        .map(|(rate, cost, key)| (rate, cost, (rate > 0).then(|| key(client.clone()))));
        let of_subject = [
            (rates.subject_events, events, Key::SubjectEvents as fn(Subject) -> Key),
            (rates.subject_bytes, bytes, Key::SubjectBytes),
        ]
        .map(|(rate, cost, key)| (rate, cost, (rate > 0).then(|| key(subject.clone()))));
        let wanted: Vec<_> = wanted
            .into_iter()
            .chain(of_subject)
            .filter_map(|(rate, cost, key)| Some((key?, rate, cost)))
            .collect();
        let wait = wanted.iter().filter_map(|(key, rate, _)| self.wait(key, *rate, now)).max();
        if let Some(wait) = wait {
            let message = "more was pushed than may be in this time";
            return Err(ErrorFrame {
                retry_after_ms: Some(wait),
                ..ErrorFrame::new(Code::RateLimited, message)
            });
        }
        wanted.into_iter().for_each(|(key, _, cost)| self.take(key, cost));
        Ok(())
    }

    /// One value of presence; or how many milliseconds to wait.
    pub(super) fn presence(&mut self, rates: &Rates, now: Millis, client: &ClientId) -> Result<(), u32> {
        if rates.presence == 0 {
            return Ok(());
        }
        let key = Key::Presence(client.clone());
        match self.wait(&key, rates.presence, now) {
            Some(wait) => Err(wait),
            None => {
                self.take(key, 1);
                Ok(())
            }
        }
    }

    /// Fills a bucket up to now; how long until something is in it, if nothing is. What takes more than is
    /// there leaves a debt: so nothing is too large ever to pass.
    fn wait(&mut self, key: &Key, rate: u32, now: Millis) -> Option<u32> {
        let (rate, full) = (i64::from(rate), i64::from(rate) * i64::from(Rates::BURST_S) * 1_000);
        if self.0.len() >= KEPT && !self.0.contains_key(key) {
            self.0.clear();
        }
        let bucket = self.0.entry(key.clone()).or_insert(Bucket { left: full, at: now });
        let passed = now.get().saturating_sub(bucket.at.get());
        let gained = rate.saturating_mul(i64::try_from(passed).unwrap_or(i64::MAX));
        *bucket = Bucket { left: bucket.left.saturating_add(gained).min(full), at: now };
        (bucket.left <= 0).then(|| u32::try_from((rate - bucket.left) / rate).unwrap_or(u32::MAX))
    }

    fn take(&mut self, key: Key, cost: usize) {
        if let Some(bucket) = self.0.get_mut(&key) {
            bucket.left -= i64::try_from(cost).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Millis {
        Millis::new(ms).unwrap()
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let client = ClientId::parse("c").unwrap();
        let rates = Rates { presence: 10, ..Rates::default() };
        let mut meters = Meters::default();
        let given = (0..100).filter(|_| meters.presence(&rates, at(1_000), &client).is_ok()).count();
        assert_eq!(given, 20);
        assert_eq!(meters.presence(&rates, at(1_000), &client), Err(1), "a part of one is enough to begin");
        assert!(meters.presence(&rates, at(1_001), &client).is_ok());
        assert_eq!(meters.presence(&rates, at(1_001), &client), Err(100));
        assert!(meters.presence(&rates, at(1_101), &client).is_ok());
    }

    #[test]
    fn a_push_that_is_larger_than_a_bucket_passes_and_leaves_a_debt() {
        let (client, subject) = (ClientId::parse("c").unwrap(), Subject::parse("s").unwrap());
        let rates = Rates { client_events: 10, subject_bytes: 1_000, ..Rates::default() };
        let mut meters = Meters::default();
        let mut push = |ms, events, bytes| {
            let pushed = meters.push(&rates, at(ms), (&client, &subject), (events, bytes));
            pushed.map_err(|error| (error.code, error.retry_after_ms.unwrap()))
        };
        assert_eq!(push(0, 120, 10), Ok(()));
        assert_eq!(push(0, 1, 10), Err((Code::RateLimited, 10_001)));
        assert_eq!(push(10_001, 1, 10_000), Ok(()));
        assert_eq!(push(12_000, 1, 1), Err((Code::RateLimited, 6_002)), "the subject's bytes");
    }
}
