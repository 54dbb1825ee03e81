//! Receipts: what a commit can await (true-receipt).

use std::collections::BTreeMap;

use syncline_engine::protocol::{Rejection, Seq, SessionNumber};
use tokio::sync::watch;

use crate::Error;

/// Where a commit stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The seq of its first event.
    pub first: Seq,
    /// The seq of its last event.
    pub last: Seq,
}

/// How far a commit has come.
#[derive(Clone, Debug)]
enum Stage {
    Made,
    Persisted,
    Confirmed(Confirmation),
    Rejected(Rejection),
    /// The store is closed: what is persisted goes on when it is opened again.
    Closed {
        persisted: bool,
    },
}

/// What a commit can await. It may be dropped, and the commit goes on.
#[derive(Clone, Debug)]
pub struct Receipt {
    number: SessionNumber,
    stage: watch::Receiver<Stage>,
}

impl Receipt {
    /// The commit's number since the store was opened.
    #[must_use]
    pub const fn number(&self) -> SessionNumber {
        self.number
    }

    /// The commit survives the end of the process; of the machine, where the configuration says so. With
    /// storage in memory only the server's log is that safe.
    ///
    /// # Errors
    /// [`Error::Rejected`] with the server's verdict, [`Error::Closed`].
    pub async fn persisted(&self) -> Result<(), Error> {
        match self.reached(|stage| !matches!(stage, Stage::Made)).await {
            Stage::Persisted | Stage::Confirmed(_) | Stage::Closed { persisted: true } => Ok(()),
            Stage::Rejected(why) => Err(Error::Rejected(why)),
            Stage::Made | Stage::Closed { persisted: false } => Err(Error::Closed),
        }
    }

    /// The commit is in the log.
    ///
    /// # Errors
    /// [`Error::Rejected`] with the server's verdict, [`Error::Closed`].
    pub async fn confirmed(&self) -> Result<Confirmation, Error> {
        match self.reached(|stage| !matches!(stage, Stage::Made | Stage::Persisted)).await {
            Stage::Confirmed(place) => Ok(place),
            Stage::Rejected(why) => Err(Error::Rejected(why)),
            Stage::Made | Stage::Persisted | Stage::Closed { .. } => Err(Error::Closed),
        }
    }

    async fn reached(&self, far_enough: impl FnMut(&Stage) -> bool) -> Stage {
        let mut stage = self.stage.clone();
        let reached = stage.wait_for(far_enough).await.map(|stage| stage.clone());
        // Whoever told the stages is gone.
        reached.unwrap_or(Stage::Closed { persisted: false })
    }
}

/// The receipts of commits that are not decided yet.
#[derive(Debug, Default)]
pub(crate) struct Receipts(BTreeMap<SessionNumber, watch::Sender<Stage>>);

impl Receipts {
    pub(crate) fn open(&mut self, number: SessionNumber) -> Receipt {
        let (sender, stage) = watch::channel(Stage::Made);
        self.0.insert(number, sender);
        Receipt { number, stage }
    }

    pub(crate) fn persisted(&self, number: SessionNumber) {
        if let Some(open) = self.0.get(&number) {
            open.send_replace(Stage::Persisted);
        }
    }

    /// What the server has is persisted there.
    pub(crate) fn confirmed(&mut self, number: SessionNumber, place: Confirmation) {
        self.end(number, Stage::Confirmed(place));
    }

    pub(crate) fn rejected(&mut self, number: SessionNumber, why: Rejection) {
        self.end(number, Stage::Rejected(why));
    }

    pub(crate) fn close(&mut self) {
        for open in std::mem::take(&mut self.0).into_values() {
            let persisted = matches!(*open.borrow(), Stage::Persisted);
            open.send_replace(Stage::Closed { persisted });
        }
    }

    fn end(&mut self, number: SessionNumber, stage: Stage) {
        if let Some(open) = self.0.remove(&number) {
            open.send_replace(stage);
        }
    }
}
