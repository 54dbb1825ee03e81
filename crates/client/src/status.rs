//! The one status of a store, and how it follows from what is known.

use serde::Serialize;
use syncline_engine::LeaderStatus;
use syncline_engine::protocol::{Code, ErrorFrame, Seq};

use crate::connection::SocketState;

/// Whether commits reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// On the way to be online.
    Connecting,
    /// Connected, and caught up.
    Online,
    /// Not connected: work goes on, and the client reconnects by itself.
    Offline,
    /// Only a fresh token helps: [`Store::sign_in`](crate::Store::sign_in).
    NeedsAuth,
    /// Somebody has to do something; the reason says what.
    Blocked,
}

/// Where log and outbox are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// In files.
    Files,
    /// In memory: a commit is safe only once it is confirmed.
    Memory,
}

/// Where a store stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether commits reach the server.
    pub state: State,
    /// Why it is so, or what does not work although the store is online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// The reason for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Commits that the server has not decided yet.
    pub pending: usize,
    /// Where log and outbox are kept.
    pub storage: Storage,
    /// The last entry of the server's log, as far as it is known.
    pub head: Seq,
    /// The last entry of the log here.
    pub cursor: Seq,
    /// Confirmed commits that the server has lost: [`Store::lost`](crate::Store::lost).
    pub lost: u32,
    /// Commits of the log that could not be applied here: [`Store::quarantined`](crate::Store::quarantined).
    pub quarantined: u32,
}

/// What a status is made from.
pub(crate) struct Facts<'a> {
    /// Why the client cannot go on, whatever the server does.
    pub(crate) failure: Option<&'a ErrorFrame>,
    pub(crate) leader: &'a LeaderStatus,
    pub(crate) socket: SocketState,
    pub(crate) failures: u32,
    /// The server's last error, until a connection has lasted.
    pub(crate) refusal: Option<&'a ErrorFrame>,
    /// What does not work here: the disk is full, the server is not reached.
    pub(crate) hindrance: Option<&'a ErrorFrame>,
    pub(crate) unreachable: Option<&'a ErrorFrame>,
    pub(crate) pending: usize,
    pub(crate) quarantined: u32,
    pub(crate) storage: Storage,
}

impl Facts<'_> {
    pub(crate) fn status(&self) -> Status {
        let (state, reason) = self.state();
        Status {
            state,
            reason: reason.as_ref().map(|frame| frame.code),
            message: reason.map(|frame| frame.message).filter(|message| !message.is_empty()),
            pending: self.pending,
            storage: self.storage,
            head: self.leader.head,
            cursor: self.leader.cursor,
            lost: self.leader.lost,
            quarantined: self.quarantined,
        }
    }

    fn state(&self) -> (State, Option<ErrorFrame>) {
        if let Some(failure) = self.failure {
            return (State::Blocked, Some(failure.clone()));
        }
        let needs = self.leader.held.as_ref().or(self.refusal);
        if let Some(why) = needs {
            let live = self.leader.live && self.socket == SocketState::Open;
            if why.code.needs_auth() {
                return (State::NeedsAuth, Some(why.clone()));
            }
            if why.code.blocks() {
                return (State::Blocked, Some(why.clone()));
            }
            if !live {
                return (State::Offline, Some(why.clone()));
            }
        }
        if self.socket == SocketState::Open && self.leader.live {
            return (State::Online, self.hindered(needs));
        }
        if self.failures > 0 || self.socket == SocketState::Waiting {
            let why = self.hindrance.or(self.unreachable).cloned();
            return (State::Offline, Some(why.unwrap_or_else(|| of(Code::ServerUnreachable))));
        }
        (State::Connecting, self.hindered(needs))
    }

    /// What does not work although the store does.
    fn hindered(&self, needs: Option<&ErrorFrame>) -> Option<ErrorFrame> {
        let said = self.hindrance.or(needs).cloned();
        said.or_else(|| (self.leader.lost > 0).then(|| of(Code::EntriesLost)))
            .or_else(|| self.leader.notice.clone())
            .or_else(|| (self.quarantined > 0).then(|| of(Code::Quarantined)))
    }
}

/// A code with what the catalogue says of it.
fn of(code: Code) -> ErrorFrame {
    let info = syncline_engine::protocol::CODES.iter().find(|info| info.code == code);
    ErrorFrame::new(code, info.map_or("", |info| info.meaning))
}
