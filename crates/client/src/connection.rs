//! The connection to the server: reconnects by itself.

use std::time::Duration;

use syncline_engine::protocol::{Code, ErrorFrame};
use tokio::time::{Instant, sleep_until};

use crate::backoff::{Backoff, chance};
use crate::socket::{Socket, SocketEvent};

/// A server that accepts us only to drop us again is not to be tried as if it were well.
const STEADY: Duration = Duration::from_secs(5);

const LONGEST: Duration = Duration::from_secs(30);

/// How far the socket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketState {
    /// Not to be connected until [`Connection::start`].
    Stopped,
    /// To be connected after a while.
    Waiting,
    Connecting,
    Open,
}

/// What happens to a connection.
#[derive(Debug)]
pub enum Happening {
    /// There is a socket: say hello.
    Opened,
    /// A frame has come.
    Received(String),
    /// There is no socket any more; [`Connection::failure`] says why. It connects again by itself.
    Closed,
    /// The state, or the count of failures.
    Changed,
}

/// A WebSocket that connects again by itself, for who speaks the protocol without a store of their own.
#[derive(Debug)]
pub struct Connection {
    url: String,
    backoff: Backoff,
    state: SocketState,
    socket: Option<Socket>,
    /// When to connect, while waiting.
    at: Instant,
    /// The server asks not to be tried before.
    not_before: Instant,
    /// When a connection will have lasted.
    steady: Option<Instant>,
    /// Why the last socket ended.
    failure: Option<ErrorFrame>,
}

impl Connection {
    /// Connects to a `ws://` or `wss://` URL, at the first [`Connection::next`].
    #[must_use]
    pub fn new(url: String) -> Self {
        let now = Instant::now();
        Self {
            url,
            backoff: Backoff::new(LONGEST),
            state: SocketState::Waiting,
            socket: None,
            at: now,
            not_before: now,
            steady: None,
            failure: None,
        }
    }

    pub(crate) const fn state(&self) -> SocketState {
        self.state
    }

    pub(crate) const fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// Why there is no socket, as far as it is known.
    #[must_use]
    pub const fn failure(&self) -> Option<&ErrorFrame> {
        self.failure.as_ref()
    }

    /// Sends a frame; without a socket, it is gone.
    pub fn send(&self, text: String) {
        if let Some(socket) = self.socket.as_ref().filter(|_| self.state == SocketState::Open) {
            socket.send(text);
        }
    }

    /// What happens next; dropped and called again, it misses nothing.
    pub async fn next(&mut self) -> Happening {
        match (self.state, &mut self.socket) {
            (SocketState::Waiting, _) => {
                sleep_until(self.at).await;
                self.connect();
                Happening::Changed
            }
            (SocketState::Connecting | SocketState::Open, Some(socket)) => {
                let steady = self.steady.unwrap_or_else(|| Instant::now() + LONGEST);
                tokio::select! {
                    event = socket.next() => self.happened(event),
                    () = sleep_until(steady) => {
                        if self.steady.take().is_some() {
                            self.backoff.succeeded();
                        }
                        Happening::Changed
                    }
                }
            }
            (SocketState::Stopped | SocketState::Connecting | SocketState::Open, _) => {
                std::future::pending().await
            }
        }
    }

    fn connect(&mut self) {
        self.socket = Some(Socket::open(self.url.clone()));
        self.state = SocketState::Connecting;
    }

    fn happened(&mut self, event: SocketEvent) -> Happening {
        match event {
            SocketEvent::Opened => {
                self.state = SocketState::Open;
                self.failure = None;
                Happening::Opened
            }
            SocketEvent::Received(text) => Happening::Received(text),
            SocketEvent::Failed(why) => {
                if let Some(ms) = why.retry_after_ms {
                    self.hold_off(ms);
                }
                self.failure = Some(why);
                self.fail();
                Happening::Closed
            }
        }
    }

    /// The server has welcomed us and we are caught up; the count of failures ends if that lasts.
    pub fn succeeded(&mut self) {
        if self.backoff.failures() > 0 && self.steady.is_none() {
            self.steady = Some(Instant::now() + STEADY);
        }
    }

    /// The server asks not to be tried before.
    pub fn hold_off(&mut self, ms: u32) {
        self.not_before = Instant::now() + Duration::from_millis(ms.into());
    }

    /// Ends this socket and tries again later.
    pub(crate) fn fail(&mut self) {
        self.drop_socket();
        self.at = (Instant::now() + self.backoff.next(chance())).max(self.not_before);
        self.state = SocketState::Waiting;
    }

    /// Ends the connection; only `start` begins it again.
    pub(crate) fn stop(&mut self) {
        self.drop_socket();
        self.state = SocketState::Stopped;
    }

    pub(crate) fn start(&mut self) {
        if self.state == SocketState::Stopped {
            self.at = Instant::now();
            self.state = SocketState::Waiting;
        }
    }

    /// The network is back, as far as the app knows: no time to wait for a timer.
    pub(crate) fn wake(&mut self) {
        if self.state == SocketState::Waiting {
            self.at = Instant::now().max(self.not_before);
        }
    }

    /// Says goodbye, and does not connect again.
    pub async fn close(&mut self) {
        self.state = SocketState::Stopped;
        if let Some(socket) = self.socket.take() {
            socket.close().await;
        }
    }

    fn drop_socket(&mut self) {
        self.socket = None;
        self.steady = None;
    }
}

/// Why a URL is none that this build connects to, if it is not.
pub(crate) fn objection(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some(("ws", rest)) => rest,
        Some(("wss", rest)) if cfg!(feature = "tls") => rest,
        Some(("wss", _)) => return Some(format!("{url} needs the feature `tls`")),
        Some(_) | None => return Some(format!("{url} is neither http:// nor https://")),
    };
    rest.starts_with('/').then(|| format!("{url} names no host"))
}

/// What the server says of a connection that it refuses before there is a socket.
pub(crate) fn is_refusal(why: &ErrorFrame) -> bool {
    why.code != Code::ServerUnreachable
}
