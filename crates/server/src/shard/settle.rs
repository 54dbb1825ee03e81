//! Durability: what a drain has decided is in the journal, or else in the stores' own files, before it is told.

use std::time::Instant;

use syncline_engine::protocol::StoreId;
use tracing::{error, info};

use super::Shard;

impl Shard {
    /// Makes what was decided durable. Stores where that fails tell nobody.
    pub(super) fn settle(&mut self, touched: &[StoreId]) {
        let mut failed = Vec::new();
        for id in touched {
            if let Some(store) = self.stores.get_mut(id).filter(|store| store.has_to_settle())
                && store.flush(&self.context).is_err()
            {
                failed.push(id.clone());
            }
        }
        if !self.frame.is_empty() {
            if !self.append() {
                self.flush_all();
            }
            self.frame.clear();
        }
        for id in touched {
            // Who only reads is told: what it reads is in the file, as far as that can be.
            if let Some(store) =
                self.stores.get_mut(id).filter(|store| store.has_decided() && store.has_to_settle())
            {
                store.fail();
            }
        }
    }

    fn append(&mut self) -> bool {
        if !self.journal.has_room(&self.frame) {
            return false;
        }
        let began = Instant::now();
        match self.journal.append(&mut self.frame) {
            Ok(()) => {
                self.context.metrics.synced(began.elapsed());
                true
            }
            Err(error) => {
                self.context.metrics.journal_failed();
                error!("the journal cannot be written, so each store is flushed by itself: {error}");
                false
            }
        }
    }

    /// Flushes all stores that only the journal has, so that it can begin anew. Whether it has.
    pub(super) fn flush_all(&mut self) -> bool {
        let mut whole = true;
        for store in self.stores.values_mut().filter(|store| store.is_dirty()) {
            whole &= store.flush(&self.context).is_ok();
        }
        if let Err(error) = self.context.directory.sync_stores() {
            error!("the directory of the stores cannot be flushed: {error}");
            whole = false;
        }
        if !whole || !self.journal.may_begin() {
            return false;
        }
        match self.journal.begin() {
            Ok(()) => {
                info!("the stores are flushed: the journal begins anew");
                true
            }
            Err(error) => {
                error!("the journal cannot begin anew: {error}");
                false
            }
        }
    }
}
