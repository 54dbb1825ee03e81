//! The leader on its thread: what the app says goes in, what the leader wants goes out.
//!
//! One thread has the files and the socket, so that a slow disk holds up nobody who commits or queries.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use syncline_engine::protocol::{Args, Code, Cursor, ErrorFrame};
use syncline_engine::{Begin, Consumption, LeaderError, LeaderStatus, Lost, SqlError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::backoff::{Backoff, chance};
use crate::connection::{Connection, Happening, SocketState, is_refusal};
use crate::disk::Disk;
use crate::front::Shared;
use crate::presence::Present;
use crate::status::{Facts, Status, Storage};

/// How long commits wait that the server would not take, where it names no time.
const HELD: Duration = Duration::from_secs(30);

/// How long commits wait, at most, for a disk that is full.
const DISK: Duration = Duration::from_secs(5);

type Answer<T> = oneshot::Sender<Result<T, SqlError>>;

/// What the app wants of the leader.
pub(crate) enum Command {
    SignIn(Option<String>),
    Wake,
    Present(Option<Args>),
    Lost(Answer<Vec<Lost>>),
    DismissLost(u64, Answer<()>),
    Consume(String, Begin, Answer<Consumption>),
    ConsumeFrom(String, Begin, Answer<Option<Cursor>>),
    Consumed(String, Cursor, Answer<()>),
    Close(oneshot::Sender<()>),
}

enum Input {
    Command(Option<Command>),
    /// The session has something to hand over, or a wait has ended.
    Wake,
    Socket(Happening),
}

pub(crate) struct Host {
    disk: Disk,
    shared: Arc<Shared>,
    connection: Connection,
    storage: Storage,
    token: Option<String>,
    /// Hand-overs that the disk would not take.
    waiting: VecDeque<String>,
    disk_backoff: Backoff,
    disk_at: Option<Instant>,
    disk_failure: Option<ErrorFrame>,
    /// What was wrong with the last frame.
    hindrance: Option<ErrorFrame>,
    /// The last error of the server, until a connection has lasted.
    refusal: Option<ErrorFrame>,
    held_until: Option<Instant>,
    /// When the server would have a value of presence that came too soon.
    present_at: Option<Instant>,
}

impl Host {
    pub(crate) fn new(
        disk: Disk,
        shared: Arc<Shared>,
        url: String,
        storage: Storage,
        token: Option<String>,
    ) -> Self {
        Self {
            disk,
            shared,
            connection: Connection::new(url),
            storage,
            token,
            waiting: VecDeque::new(),
            disk_backoff: Backoff::new(DISK),
            disk_at: None,
            disk_failure: None,
            hindrance: None,
            refusal: None,
            held_until: None,
            present_at: None,
        }
    }

    /// Runs until the store is closed, or nobody has it any more.
    pub(crate) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let shared = Arc::clone(&self.shared);
        self.pump();
        let closed = loop {
            let timer = [self.disk_at, self.held_until, self.present_at].into_iter().flatten().min();
            let input = tokio::select! {
                biased;
                command = commands.recv() => Input::Command(command),
                () = shared.wake.notified() => Input::Wake,
                happening = self.connection.next() => Input::Socket(happening),
                () = until(timer) => Input::Wake,
            };
            match input {
                Input::Command(None) => break None,
                Input::Command(Some(Command::Close(done))) => break Some(done),
                Input::Command(Some(command)) => self.serve(command),
                Input::Wake => self.wake(),
                Input::Socket(happening) => self.happened(happening),
            }
            self.pump();
        };
        self.hand_over(true);
        self.pump();
        shared.held().close();
        shared.tell(shared.held());
        self.connection.close().await;
        // The files are closed before anybody is told.
        drop(self);
        if let Some(done) = closed {
            let _ = done.send(());
        }
    }

    /// Whoever has asked may have gone meanwhile: then nobody takes the answer.
    fn serve(&mut self, command: Command) {
        let Disk { leader, log, .. } = &mut self.disk;
        match command {
            Command::SignIn(token) => self.sign_in(token),
            Command::Wake => self.connection.wake(),
            Command::Present(value) => {
                let session = self.shared.held().session.id().clone();
                // Its size was looked at, and it is the only session of this client.
                let _ = leader.set_presence(&session, value);
            }
            Command::Lost(answer) => drop(answer.send(leader.lost(log))),
            Command::DismissLost(upto, answer) => drop(answer.send(leader.dismiss_lost(log, upto))),
            Command::Consume(name, begin, answer) => drop(answer.send(leader.consume(log, &name, begin))),
            Command::ConsumeFrom(name, begin, answer) => {
                drop(answer.send(leader.consume_from(log, &name, begin)));
            }
            Command::Consumed(name, place, answer) => {
                drop(answer.send(leader.consumed(log, &name, &place)));
            }
            Command::Close(_) => {}
        }
    }

    fn wake(&mut self) {
        if self.held_until.take_if(|at| *at <= Instant::now()).is_some() {
            let pushed = self.disk.leader.push_again(&self.disk.log);
            self.hinder(pushed);
        }
        if self.present_at.take_if(|at| *at <= Instant::now()).is_some() {
            self.disk.leader.presence_again();
        }
        self.hand_over(self.disk_at.is_none_or(|at| at <= Instant::now()));
    }

    /// Gives the leader what the session has made. What a full disk refuses stays with the session, in order.
    fn hand_over(&mut self, may_write: bool) {
        self.waiting.extend(self.shared.held().session.take_hand_over());
        if !may_write {
            return;
        }
        self.disk_at = None;
        self.disk_failure = None;
        while let Some(message) = self.waiting.front() {
            if let Err(error) = self.disk.leader.hand_over(&mut self.disk.log, message) {
                self.disk_failure = Some(ErrorFrame::new(error.code(), error.to_string()));
                self.disk_at = Some(Instant::now() + self.disk_backoff.next(chance()));
                return;
            }
            self.waiting.pop_front();
        }
        self.disk_backoff.succeeded();
    }

    fn sign_in(&mut self, token: Option<String>) {
        self.token.clone_from(&token);
        if self.connection.state() == SocketState::Stopped {
            if self.refusal.take_if(|why| why.code.needs_auth()).is_some() {
                self.connection.start();
            }
        } else if let (Some(token), Ok(LeaderStatus { held: Some(why), .. })) = (token, self.status())
            && why.code.needs_auth()
        {
            self.held_until = None;
            let signed_in = self.disk.leader.sign_in(&self.disk.log, token);
            self.hinder(signed_in);
        }
    }

    fn happened(&mut self, happening: Happening) {
        match happening {
            Happening::Opened => self.disk.leader.connected(self.token.clone()),
            Happening::Received(text) => self.received(&text),
            Happening::Closed => {
                self.disk.leader.disconnected();
                if let Some(why) = self.connection.failure().filter(|why| is_refusal(why)).cloned() {
                    self.refused(why);
                }
            }
            Happening::Changed => {}
        }
    }

    fn received(&mut self, text: &str) {
        match self.disk.receive(text) {
            Ok(()) => {
                self.hindrance = None;
                if let Some(ms) = self.disk.leader.presence_retry() {
                    self.present_at = Some(Instant::now() + Duration::from_millis(ms.into()));
                }
            }
            Err(error) => {
                self.hindrance = Some(ErrorFrame::new(error.code(), error.to_string()));
                self.fail();
            }
        }
    }

    fn fail(&mut self) {
        self.connection.fail();
        self.disk.leader.disconnected();
    }

    /// Carries out what the leader wants after anything happened to it.
    fn pump(&mut self) {
        while let Some(text) = self.disk.leader.poll_server() {
            self.connection.send(text);
        }
        let mut told = false;
        let session = self.shared.held().session.id().clone();
        while let Some(text) = self.disk.leader.poll_session(&session) {
            told = true;
            // A call of the app may come between two messages.
            self.shared.held().receive(&text);
        }
        if told {
            self.shared.tell(self.shared.held());
        }
        if std::iter::from_fn(|| self.disk.leader.poll_presence()).count() > 0 {
            let mut present = self.disk.leader.present();
            present.retain(|one| one.session != session);
            renew(&self.shared.present, present.into_iter().filter_map(Present::of).collect());
        }
        self.report();
    }

    fn report(&mut self) {
        let Ok(status) = self.status() else { return };
        if let Some(held) = &status.held {
            let wait = held.retry_after_ms.map_or(HELD, |ms| Duration::from_millis(ms.into()));
            self.held_until.get_or_insert_with(|| Instant::now() + wait);
        } else if let Some(why) = &status.stopped
            && self.connection.state() == SocketState::Open
        {
            if let Some(ms) = why.retry_after_ms {
                self.connection.hold_off(ms);
            }
            self.refused(why.clone());
        }
        if status.live {
            self.connection.succeeded();
            if self.connection.failures() == 0 {
                self.refusal = None;
            }
        }
        self.publish(&status);
    }

    /// The server has said why it does not go on.
    fn refused(&mut self, why: ErrorFrame) {
        if why.code.needs_auth() || why.code.is_final() {
            self.connection.stop();
            self.disk.leader.disconnected();
        } else if self.connection.state() == SocketState::Open {
            self.fail();
        }
        self.refusal = Some(why);
    }

    fn publish(&self, leader: &LeaderStatus) {
        let place = Some((self.disk.leader.epoch().clone(), leader.cursor, leader.live));
        let front = self.shared.held();
        let status = Facts {
            failure: front.failure.as_ref(),
            leader,
            socket: self.connection.state(),
            failures: self.connection.failures(),
            refusal: self.refusal.as_ref(),
            hindrance: self.disk_failure.as_ref().or(self.hindrance.as_ref()),
            unreachable: self.connection.failure(),
            pending: front.session.pending().count(),
            quarantined: front.quarantined,
            storage: self.storage,
        }
        .status();
        drop(front);
        renew(&self.shared.log, place);
        renew(&self.shared.status, status);
    }

    fn status(&self) -> Result<LeaderStatus, SqlError> {
        self.disk.leader.status(&self.disk.log)
    }

    fn hinder(&mut self, done: Result<(), SqlError>) {
        self.hindrance = done.err().map(|error| {
            let error = LeaderError::Host(error);
            ErrorFrame::new(error.code(), error.to_string())
        });
    }
}

/// Tells whoever watches, where it is news.
fn renew<T: PartialEq>(told: &watch::Sender<T>, now: T) {
    told.send_if_modified(|known| {
        let news = *known != now;
        *known = now;
        news
    });
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The first status of a store.
pub(crate) fn first_status(disk: &Disk, pending: usize, storage: Storage) -> Result<Status, SqlError> {
    let leader = disk.leader.status(&disk.log)?;
    let facts = Facts {
        failure: None,
        leader: &leader,
        socket: SocketState::Connecting,
        failures: 0,
        refusal: None,
        hindrance: None,
        unreachable: None,
        pending,
        quarantined: 0,
        storage,
    };
    Ok(facts.status())
}

/// Says that the leader's thread has ended on no purpose.
pub(crate) struct Alive(pub(crate) Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        let mut front = self.0.held();
        if front.is_closed() {
            return;
        }
        let why =
            ErrorFrame::new(Code::LeaderFailed, "the leader's thread has panicked; open the store again");
        front.fail(why.clone());
        self.0.tell(front);
        self.0.status.send_modify(|status| {
            status.state = crate::State::Blocked;
            (status.reason, status.message) = (Some(why.code), Some(why.message));
        });
    }
}

#[cfg(test)]
mod tests;
