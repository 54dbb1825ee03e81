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
