//! Consumers: the log's commits in order, each until the app has done with it, for side effects once.

use std::collections::VecDeque;

use syncline_engine::protocol::{Cursor, Entry};
use syncline_engine::{Begin, Consumption, Epoch, Model};

use crate::event::decoded;
use crate::host::Command;
use crate::{Error, Store};

/// A reader of the log with a durable place in it, kept under its name in the client's database.
///
/// The place moves when a [`Delivery`] is done, and not before: a process that ends in between is given the
/// same commit again. So an effect happens at least once; make it idempotent by the delivery's identity where
/// twice is too often.
pub struct Consumer<M> {
    store: Store<M>,
    name: String,
    begin: Begin,
    /// Read ahead, from one life of the log.
    ahead: VecDeque<(Vec<Entry>, Cursor)>,
    life: Option<Epoch>,
}

/// A commit of the log, for a consumer.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its events with all that the log knows of them: seq, author, time, and the commit's identity, which is
    /// client and counter. There is at least one.
    pub entries: Vec<Entry>,
    place: Cursor,
}

impl Delivery {
    /// Its events, as the model of today has them.
    ///
    /// # Errors
    /// [`Error::Entry`] where this model cannot decode one.
    pub fn events<M: Model>(&self) -> Result<Vec<M::Event>, Error> {
        self.entries.iter().map(|entry| decoded::<M>(entry.event())).collect()
    }
}

impl<M: Model> Consumer<M> {
    pub(crate) const fn new(store: Store<M>, name: String, begin: Begin) -> Self {
        Self { store, name, begin, ahead: VecDeque::new(), life: None }
    }

    /// The first commit that is not done, once there is one: the same until it is [`done`](Self::done). It
    /// may be dropped and called again.
    ///
    /// # Errors
    /// [`Error::Missed`] where the log is another than the one that the consumer has followed, or does not
    /// reach back to its place: nothing is delivered until [`Consumer::begin`] says where to go on.
    /// [`Error::Closed`], [`Error::Storage`].
    pub async fn next(&mut self) -> Result<Delivery, Error> {
        let mut log = self.store.handle.shared.log.subscribe();
        loop {
            let life = log.borrow_and_update().as_ref().map(|(life, ..)| life.clone());
            if life != self.life {
                // What was read ahead may have been redacted, or be of a log that is no more.
                self.ahead.clear();
                self.life = life;
            }
            if let Some((entries, place)) = self.ahead.front() {
                return Ok(Delivery { entries: entries.clone(), place: place.clone() });
            }
            let (name, begin) = (self.name.clone(), self.begin);
            match self.store.handle.ask(|answer| Command::Consume(name, begin, answer)).await? {
                Consumption::Commits(commits) => self.ahead.extend(commits),
                Consumption::Missed { at, first } => return Err(Error::Missed { at: Box::new(at), first }),
                Consumption::Wait => log.changed().await.map_err(|_| Error::Closed)?,
            }
        }
    }

    /// The app has done with a commit, and with those before it: it is not delivered again.
    ///
    /// # Errors
    /// [`Error::Storage`]: the commit will be delivered again.
    pub async fn done(&mut self, delivery: &Delivery) -> Result<(), Error> {
        let (name, place) = (self.name.clone(), delivery.place.clone());
        self.store.handle.ask(|answer| Command::Consumed(name, place, answer)).await?;
        while self.ahead.front().is_some_and(|(_, place)| place.seq <= delivery.place.seq) {
            self.ahead.pop_front();
        }
        Ok(())
    }

    /// Gives it another place: after [`Error::Missed`]. `false` where that is not known before the server has
    /// been reached.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Closed`].
    pub async fn begin(&mut self, begin: Begin) -> Result<bool, Error> {
        self.ahead.clear();
        let name = self.name.clone();
        let place = self.store.handle.ask(|answer| Command::ConsumeFrom(name, begin, answer)).await?;
        Ok(place.is_some())
    }
}
