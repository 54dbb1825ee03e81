//! A log as a client follows it: what must hold of every page is checked here.

use syncline_engine::protocol::{Chain, Cursor, Entries, Entry, Incarnation, Seq};

use crate::failure::{Done, ensure, same};

#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
}

impl Log {
    pub(crate) fn head(&self) -> Seq {
        self.entries.last().map_or(Seq::ZERO, |entry| entry.seq)
    }

    /// Takes what is new of some entries (one-order, whole-commits); whether there is a gap before them, so
    /// that the log has to be pulled.
    pub(crate) fn take(&mut self, frame: &Entries) -> Done<bool> {
        let mut seq = frame.after;
        for entry in &frame.entries {
            seq = seq.next();
            same("one-order: entries follow each other", seq, entry.seq)?;
        }
        ensure(seq <= frame.head, "entries up to the head", (seq, frame.head))?;
        whole(&frame.entries)?;
        if frame.after > self.head() {
            return Ok(true);
        }
        let new = frame.entries.iter().filter(|entry| entry.seq > self.head());
        let new: Vec<Entry> = new.cloned().collect();
        self.entries.extend(new);
        Ok(false)
    }

    /// The fingerprint up to the end.
    pub(crate) fn chain(&self) -> Chain {
        self.chain_at(self.head())
    }

    pub(crate) fn chain_at(&self, seq: Seq) -> Chain {
        let until = self.entries.iter().take_while(|entry| entry.seq <= seq);
        until.fold(Chain::GENESIS, |chain, entry| chain.after(entry, &entry.args_digest()))
    }

    /// The place to go on from.
    pub(crate) fn cursor(&self, incarnation: &Incarnation) -> Cursor {
        Cursor { incarnation: incarnation.clone(), seq: self.head(), chain: self.chain() }
    }
}

/// No commit is divided.
fn whole(entries: &[Entry]) -> Done {
    let mut open: Option<&Entry> = None;
    for entry in entries {
        let follows = open.map_or((0, None), |before| (before.index + 1, Some(before)));
        same("whole-commits: the place of an entry in its commit", follows.0, entry.index)?;
        if let Some(before) = follows.1 {
            let identity = |entry: &Entry| (entry.client.clone(), entry.counter, entry.of);
            same("whole-commits: the commit of an entry", identity(before), identity(entry))?;
        }
        open = (!entry.ends_commit()).then_some(entry);
    }
    ensure(open.is_none(), "whole-commits: a message ends with the end of a commit", open)
}

#[cfg(test)]
mod tests {
    use syncline_engine::protocol::{Args, ClientId, Counter, Millis, Subject};

    use super::*;

    fn entry(seq: u64, counter: u64, (index, of): (u32, u32)) -> Entry {
        Entry {
            seq: Seq::new(seq).unwrap(),
            client: ClientId::parse("c").unwrap(),
            counter: Counter::new(counter).unwrap(),
            index,
            of,
            author: Subject::parse("ann").unwrap(),
            time: Millis::default(),
            name: "event".to_owned(),
            args: Args::parse("1").unwrap(),
            redacted: None,
        }
    }

    fn page(after: u64, head: u64, entries: Vec<Entry>) -> Entries {
        Entries { after: Seq::new(after).unwrap(), head: Seq::new(head).unwrap(), entries }
    }

    #[test]
    fn a_log_takes_what_is_new_and_notices_a_gap_before_it() {
        let mut log = Log::default();
        assert!(!log.take(&page(0, 3, vec![entry(1, 1, (0, 1)), entry(2, 2, (0, 1))])).unwrap());
        assert!(!log.take(&page(1, 3, vec![entry(2, 2, (0, 1)), entry(3, 3, (0, 1))])).unwrap());
        assert!(log.take(&page(4, 5, vec![entry(5, 5, (0, 1))])).unwrap());
        assert_eq!(log.head(), Seq::new(3).unwrap());
        assert_eq!(log.entries.len(), 3);
    }

    #[test]
    fn a_page_that_breaks_a_promise_is_a_failure() {
        for broken in [
            page(0, 2, vec![entry(2, 1, (0, 1))]),
            page(0, 2, vec![entry(1, 1, (0, 1)), entry(1, 1, (0, 1))]),
            page(0, 0, vec![entry(1, 1, (0, 1))]),
            page(0, 1, vec![entry(1, 1, (0, 2))]),
            page(0, 1, vec![entry(1, 1, (1, 2))]),
            page(0, 2, vec![entry(1, 1, (0, 2)), entry(2, 2, (1, 2))]),
            page(0, 3, vec![entry(1, 1, (0, 2)), entry(2, 2, (0, 1)), entry(3, 1, (1, 2))]),
        ] {
            assert!(Log::default().take(&broken).is_err(), "{broken:?}");
        }
    }
}
