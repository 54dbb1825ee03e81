//! What a shard does while nobody asks: states that are made anew, snapshots, and closing what is not used.

use std::time::{Duration, Instant};

use syncline_engine::protocol::StoreId;

use tracing::error;

use super::Shard;
use super::call::Waiting;
use super::store::Store;
use crate::clock;

/// A store is quiet when nothing has come for so long.
const QUIET: Duration = Duration::from_secs(1);

/// As many stores are looked at for their webhook at once: each may have to be opened.
const LOOKED: usize = 8;

/// As many stores are committed at once: nobody is served meanwhile.
const COMMITTED: usize = 8;

impl Shard {
    pub(super) fn chores(&mut self) {
        self.looked = Instant::now();
        self.busy = false;
        self.commit_due();
        for store in self.stores.values_mut().filter(|store| store.is_open()) {
            self.busy |= store.look_after(&self.context, QUIET);
            if store.used.elapsed() >= self.context.idle {
                store.close(&self.context);
            }
        }
        let now = clock::now();
        let over = |store: &&mut Store| store.waiting.iter().any(Waiting::is_over);
        for store in self.stores.values_mut().filter(over) {
            store.answer_waiting(&self.context, &mut self.frame, now);
            store.release();
        }
        if self.context.receiver.is_some() {
            let due = self.stores.values_mut().filter(|store| store.has_to_deliver());
            due.take(LOOKED).for_each(|store| store.deliver(&self.context));
            self.close_beyond_bound();
        }
        let context = &self.context;
        self.stores.retain(|_, store| !store.is_forgotten(context));
    }

    /// Commits what was held for long enough, the longest first.
    fn commit_due(&mut self) {
        let due = self.stores.iter().filter_map(|(id, store)| Some((store.is_due()?, id.clone())));
        let mut due: Vec<(Instant, StoreId)> = due.collect();
        due.sort();
        for (_, id) in due.into_iter().take(COMMITTED) {
            if let Some(store) = self.stores.get_mut(&id)
                && store.commit(&self.context).is_err()
            {
                // The disk is everybody's.
                return;
            }
        }
    }

    /// Closes the stores that were not used for the longest, where too many are open.
    pub(super) fn close_beyond_bound(&mut self) {
        let open = self.stores.values().filter(|store| store.is_open()).count();
        let Some(beyond) = open.checked_sub(self.context.open_stores).filter(|beyond| *beyond > 0) else {
            return;
        };
        let mut oldest: Vec<(Instant, StoreId)> = self
            .stores
            .iter()
            .filter(|(_, store)| store.is_open())
            .map(|(id, store)| (store.used, id.clone()))
            .collect();
        oldest.sort();
        for (_, id) in oldest.into_iter().take(beyond) {
            if let Some(store) = self.stores.get_mut(&id) {
                store.close(&self.context);
            }
        }
    }

    /// The last thing that a shard does.
    pub(super) fn stop(&mut self) {
        if self.flush_all()
            && let Err(error) = self.journal.end()
        {
            error!("the journal is played back at the next start, as it cannot be ended: {error}");
        }
        self.stores.clear();
    }
}
