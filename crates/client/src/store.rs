//! The store of an app: commits are applied at once, queries answered at once, the rest happens behind.

use std::marker::PhantomData;
use std::sync::Arc;
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;
use syncline_engine::protocol::{Counter, RawEvent, Subject};
use syncline_engine::{
    Begin, Lost, Model, Param, PendingView, Quarantined, Query, Rejected, Rules, SqlError, quarantined,
};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};

use crate::connection::objection;
use crate::consumer::Consumer;
use crate::disk::Disk;
use crate::event::raw;
use crate::front::{Front, Shared, now};
use crate::host::{Alive, Command, Host, first_status};
use crate::presence::{self, Present};
use crate::receipt::Receipt;
use crate::subscription::Subscription;
use crate::{Config, Error, Status, Storage};

/// A store, open: a handle that is cheap to clone, and good on every thread. The store closes with the last
/// of them, or by [`Store::close`].
pub struct Store<M> {
    pub(crate) handle: Arc<Handle>,
    subject: Subject,
    model: PhantomData<fn() -> M>,
}

impl<M> Clone for Store<M> {
    fn clone(&self) -> Self {
        Self { handle: Arc::clone(&self.handle), subject: self.subject.clone(), model: PhantomData }
    }
}

/// What reaches the leader's thread, and what it shares.
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Handle {
    /// Asks the leader.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, SqlError>>) -> Command,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?.map_err(Error::Storage)
    }
}

impl<M: Model> Store<M> {
    /// Opens a store over what the client keeps of it, and begins to connect. It does not wait for the
    /// server: offline it opens as well.
    ///
    /// # Errors
    /// [`Error::Locked`] where another process has the files; [`Error::Url`], [`Error::Folder`],
    /// [`Error::Storage`].
    pub async fn open(config: Config) -> Result<Self, Error> {
        if let Some(objection) = objection(&config.socket_url()) {
            return Err(Error::Url(objection));
        }
        let subject = config.subject.clone();
        let (opened, opening) = oneshot::channel();
        let (commands, inbox) = mpsc::unbounded_channel();
        let name = "syncline".to_owned();
        let thread =
            thread::Builder::new().name(name).spawn(move || lead(config, Rules::of::<M>(), opened, inbox));
        thread.map_err(|error| Error::Folder(error, "a thread for the leader".into()))?;
        let shared = opening.await.map_err(|_| Error::Closed)??;
        Ok(Self { handle: Arc::new(Handle { shared, commands }), subject, model: PhantomData })
    }

    /// Applies events as one commit, at once, and sends them when it can.
    ///
    /// # Errors
    /// [`Error::Rejected`] where the rules refuse them; then nothing has happened.
    pub fn commit(&self, events: impl IntoIterator<Item = M::Event>) -> Result<Receipt, Error> {
        let events: Vec<RawEvent> = events.into_iter().map(|event| raw(&event)).collect::<Result<_, _>>()?;
        let shared = &self.handle.shared;
        let mut front = shared.front()?;
        let receipt = front.commit(events)?;
        shared.tell(front);
        shared.wake.notify_one();
        Ok(receipt)
    }

    /// Rows as of now, own pending commits included: each is read from an object of its columns. Integers,
    /// reals and text are themselves; a boolean is 0 or 1, a blob a list of bytes.
    ///
    /// # Errors
    /// [`Error::Query`], [`Error::Rows`].
    pub fn query<T: DeserializeOwned>(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<T>, Error> {
        let rows = self.handle.shared.front()?.db.query_json(sql, params).map_err(Error::Query)?;
        serde_json::from_str(&rows).map_err(Error::Rows)
    }

    /// Several queries over one and the same state. Commits wait meanwhile: read, and return.
    ///
    /// # Errors
    /// [`Error::Closed`], or what stopped the store.
    pub fn read<T>(&self, read: impl FnOnce(&dyn Query) -> T) -> Result<T, Error> {
        Ok(read(&self.handle.shared.front()?.db))
    }

    /// A query's rows as of now, and again whenever they have changed.
    ///
    /// # Errors
    /// [`Error::Query`].
    pub fn subscribe<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Subscription<T>, Error> {
        Subscription::new(Arc::clone(&self.handle), sql, params)
    }

    /// Where the store stands, and what becomes of that.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.handle.shared.status.subscribe()
    }

    /// Tells everybody who is here a small value of this process: what serializes to JSON of at most 512 bytes, or
    /// `()` for none. It is never logged, and gone with the connection; each connection tells it anew.
    ///
    /// # Errors
    /// [`Error::Presence`] where it is too large, [`Error::Closed`].
    pub fn set_presence(&self, value: &impl Serialize) -> Result<(), Error> {
        let value = presence::encoded(value)?;
        self.handle.commands.send(Command::Present(value)).map_err(|_| Error::Closed)
    }

    /// What the others who are here tell, and what becomes of that: one for each of their sessions.
    #[must_use]
    pub fn presence(&self) -> watch::Receiver<Vec<Present>> {
        self.handle.shared.present.subscribe()
    }

    /// A reader of the log with a durable place in it, for side effects once. One that is new begins with the
    /// next commit after the log's head, or with the first; see [`Config::whole_log`] for that.
    #[must_use]
    pub fn consumer(&self, name: impl Into<String>, begin: Begin) -> Consumer<M> {
        Consumer::new(self.clone(), name.into(), begin)
    }

    /// Who is signed in.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Signs in again, with another token for the same subject.
    pub fn sign_in(&self, token: impl Into<String>) {
        // A store that is closed needs no token.
        let _ = self.handle.commands.send(Command::SignIn(Some(token.into())));
    }

    /// Tries to connect at once, and not only when it is time: the app knows that the network is back.
    pub fn wake(&self) {
        let _ = self.handle.commands.send(Command::Wake);
    }

    /// What the commits are that are not decided yet, of this process and of those before it.
    ///
    /// # Errors
    /// [`Error::Closed`], or what stopped the store.
    pub fn pending<T>(&self, each: impl FnMut(PendingView<'_>) -> T) -> Result<Vec<T>, Error> {
        Ok(self.handle.shared.front()?.session.pending().map(each).collect())
    }

    /// Commits that the server has rejected, also those of a process before this one, until they are dismissed.
    ///
    /// # Errors
    /// [`Error::Closed`], or what stopped the store.
    pub fn rejected(&self) -> Result<Vec<Rejected>, Error> {
        Ok(self.handle.shared.front()?.session.rejections().to_vec())
    }

    /// Forgets a rejected commit.
    ///
    /// # Errors
    /// [`Error::Closed`], or what stopped the store.
    pub fn dismiss(&self, counter: Counter) -> Result<(), Error> {
        let shared = &self.handle.shared;
        let mut front = shared.front()?;
        front.session.dismiss(counter);
        shared.tell(front);
        shared.wake.notify_one();
        Ok(())
    }

    /// Commits of the log that could not be decoded or applied here; a newer version of the app tries again.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, Error> {
        quarantined(&self.handle.shared.front()?.db).map_err(Error::Storage)
    }

    /// Commits that were confirmed, and that the server's log no longer has, until they are dismissed.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn lost(&self) -> Result<Vec<Lost>, Error> {
        self.handle.ask(Command::Lost).await
    }

    /// Forgets the lost commits up to one.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn dismiss_lost(&self, upto: u64) -> Result<(), Error> {
        self.handle.ask(|answer| Command::DismissLost(upto, answer)).await
    }

    /// Waits until every commit made so far, by this process or before, is decided.
    ///
    /// # Errors
    /// [`Error::Closed`], or what stopped the store.
    pub async fn settled(&self) -> Result<(), Error> {
        let shared = &self.handle.shared;
        let mut changes = shared.changes.subscribe();
        loop {
            changes.borrow_and_update();
            if shared.front()?.session.pending().next().is_none() {
                return Ok(());
            }
            changes.changed().await.map_err(|_| Error::Closed)?;
        }
    }

    /// Closes the store for every handle of it: what was committed is in the outbox, and the files are free,
    /// when it returns.
    pub async fn close(self) {
        let (done, closed) = oneshot::channel();
        if self.handle.commands.send(Command::Close(done)).is_ok() {
            let _ = closed.await;
        }
    }
}

/// The leader's thread: opens the files, says so, and runs.
fn lead(
    config: Config,
    rules: Rules,
    opened: oneshot::Sender<Result<Arc<Shared>, Error>>,
    inbox: mpsc::UnboundedReceiver<Command>,
) {
    // Whoever opens may have gone meanwhile: then the inbox is closed, and the host ends at once.
    match prepare(config, rules) {
        Ok((runtime, host, shared)) => {
            let alive = Alive(Arc::clone(&shared));
            drop(opened.send(Ok(shared)));
            runtime.block_on(host.run(inbox));
            drop(alive);
        }
        Err(error) => drop(opened.send(Err(error))),
    }
}

pub(crate) fn prepare(config: Config, rules: Rules) -> Result<(Runtime, Host, Arc<Shared>), Error> {
    let mut disk = Disk::open(&config, rules)?;
    let (db, session, id) = disk.session(now())?;
    let storage = if config.folder.is_some() { Storage::Files } else { Storage::Memory };
    let status = first_status(&disk, session.pending().count(), storage).map_err(Error::Storage)?;
    let front = Front::new(db, session, id, storage == Storage::Files);
    let shared = Arc::new(Shared::new(front, status));
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::Folder(error, "a runtime for the leader".into()))?;
    let host = Host::new(disk, Arc::clone(&shared), config.socket_url(), storage, config.token);
    Ok((runtime, host, shared))
}
