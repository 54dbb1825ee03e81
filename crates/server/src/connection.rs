//! The task of one socket: frames in to the shard of its store, frames out as many at a time as wait.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use syncline_engine::protocol::{Code, ErrorFrame, StoreId};
use syncline_livestore::Peer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes, error::CapacityError};

use crate::config::Patience;
use crate::outbox::{Close, Outbox};
use crate::shard::{Shards, SocketId};
use crate::tokens::Tokens;

/// For so long a message is thrown away that is far too large.
const FLOOD: Duration = Duration::from_secs(5);

/// As many frames of one socket wait for its shard; it is not read further then.
const UNHANDLED: usize = 32;

/// Most sockets are idle: what they have read is small.
const READ_BUFFER_BYTES: usize = 2 << 10;

/// So much is gathered before it is written.
const WRITE_BUFFER_BYTES: usize = 64 << 10;

/// How long clients wait that were not taken.
const OVERLOADED_MS: u32 = 500;

/// What a socket's task is given.
pub(crate) struct Session {
    pub(crate) store: StoreId,
    pub(crate) socket: SocketId,
    pub(crate) peer: Peer,
    pub(crate) shards: Arc<Shards>,
    pub(crate) auth: Arc<Tokens>,
    pub(crate) limits: SocketLimits,
    pub(crate) draining: watch::Receiver<bool>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketLimits {
    /// The largest message that is answered with an error, and not by closing the socket.
    pub(crate) message_bytes: usize,
    /// With more unsent than this, a socket is not read.
    pub(crate) unsent_bytes: usize,
    pub(crate) patience: Patience,
}

/// How a socket ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The other side has closed it, or gone.
    Gone,
    /// We have, and said why.
    Closed(&'static str),
    /// Nothing came, or nothing was taken.
    Silent,
    Failed(Error),
}

/// Serves a socket until it ends.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, session: Session) -> Ended {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(usize::MAX)
        // What is a little too large is answered, as by every server.
        .max_message_size(Some(session.limits.message_bytes.saturating_mul(4)))
        .max_frame_size(Some(session.limits.message_bytes.saturating_mul(4)));
    let stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let outbox = Arc::new(Outbox::default());
    let Session { store, socket, peer, shards, .. } = &session;
    shards.opened(store, *socket, peer.clone(), Arc::clone(&outbox));
    let mut served = Served { stream, outbox, heard: Instant::now(), frames: Vec::new(), session: &session };
    let ended = served.run().await;
    shards.closed(store, *socket);
    ended
}

struct Served<'a, S> {
    stream: WebSocketStream<S>,
    outbox: Arc<Outbox>,
    heard: Instant,
    frames: Vec<Utf8Bytes>,
    session: &'a Session,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Served<'_, S> {
    async fn run(&mut self) -> Ended {
        let mut draining = self.session.draining.clone();
        let mut stopping = *draining.borrow_and_update();
        let mut asked = false;
        let patience = self.session.limits.patience;
        loop {
            if stopping && self.outbox.unhandled() == 0 {
                return self.last_words().await;
            }
            let reads = !stopping
                && self.outbox.unhandled() < UNHANDLED
                && self.outbox.bytes() <= self.session.limits.unsent_bytes;
            let silence = self.heard + if asked { patience.silence * 2 } else { patience.silence };
            tokio::select! {
                () = self.outbox.changed() => {
                    if let Some(ended) = self.write().await { return ended; }
                }
                message = self.stream.next(), if reads => {
                    (self.heard, asked) = (Instant::now(), false);
                    if let Some(ended) = self.read(message).await { return ended; }
                }
                _ = draining.changed() => stopping = true,
                () = tokio::time::sleep_until(silence), if reads => {
                    if asked { return Ended::Silent; }
                    asked = true;
                    if let Err(error) = self.stream.send(Message::Ping(bytes::Bytes::new())).await {
                        return Ended::Failed(error);
                    }
                }
            }
        }
    }

    /// Writes all that waits, in as few calls as it takes.
    async fn write(&mut self) -> Option<Ended> {
        let close = self.outbox.take(&mut self.frames);
        let written = timeout(self.session.limits.patience.taking, async {
            for frame in self.frames.drain(..) {
                let bytes = frame.len();
                self.stream.feed(Message::Text(frame)).await?;
                self.outbox.sent(bytes);
            }
            self.stream.flush().await
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Some(Ended::Failed(error)),
            Err(_) => return Some(Ended::Silent),
        }
        match close {
            Some(close) => Some(self.close(close).await),
            None => None,
        }
    }

    async fn read(&mut self, message: Option<Result<Message, Error>>) -> Option<Ended> {
        match message {
            Some(Ok(Message::Text(text))) if let Some(pong) = self.session.peer.pong(&text) => {
                self.outbox.put(&mut vec![Utf8Bytes::from_static(pong)], None);
            }
            Some(Ok(Message::Text(text))) => {
                let Session { store, socket, shards, auth, .. } = self.session;
                // Nothing of this socket overtakes a token that waits for its keys.
                if let Some(token) = auth.waits(&text) {
                    auth.prepare(Some(&token)).await;
                }
                self.outbox.handed_over();
                if shards.frame(store, *socket, text).is_err() {
                    self.outbox.handled(1);
                    let frame = ErrorFrame::new(Code::Overloaded, "the server has more to do than it can");
                    self.tell(ErrorFrame { retry_after_ms: Some(OVERLOADED_MS), ..frame });
                }
            }
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                self.tell(ErrorFrame::new(Code::BadMessage, "a message is a text frame"));
            }
            // The library answers pings, and what has come of a silence is that it is over.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) => {
                // The library has its answer ready, and sends it with what is flushed; to close now would be to say
                // another, which it refuses.
                let _ = timeout(self.session.limits.patience.taking, self.stream.flush()).await;
                return Some(Ended::Gone);
            }
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                self.tell(ErrorFrame::new(Code::MessageTooLarge, "the message is far beyond the limit"));
                return Some(self.end_flood().await);
            }
            Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => return Some(Ended::Gone),
            Some(Err(error)) => return Some(Ended::Failed(error)),
        }
        None
    }

    /// What else comes of a message that is far too large is read and thrown away, so that the other side hears
    /// why.
    async fn end_flood(&mut self) -> Ended {
        if let Some(ended) = self.write().await {
            return ended;
        }
        let reason = Code::MessageTooLarge.as_str();
        let frame = CloseFrame { code: CloseCode::Size, reason: Utf8Bytes::from_static(reason) };
        let closed = timeout(FLOOD, async {
            self.stream.close(Some(frame)).await?;
            let (stream, mut waste) = (self.stream.get_mut(), vec![0; 16 << 10]);
            while stream.read(&mut waste).await? > 0 {}
            Ok::<_, Error>(())
        });
        // However that went, it is over.
        drop(closed.await);
        Ended::Closed(reason)
    }

    fn tell(&self, frame: ErrorFrame) {
        let code = frame.code;
        match self.session.peer.error(frame) {
            Some(text) => self.outbox.put(&mut vec![text.into()], None),
            None => self.outbox.put(&mut Vec::new(), Some(Close { code: 1008, reason: code.as_str() })),
        }
    }

    /// The server stops: what was handled is told, and that it goes away.
    async fn last_words(&mut self) -> Ended {
        match self.write().await {
            Some(ended) => ended,
            None => self.close(Close { code: 1001, reason: "the server stops" }).await,
        }
    }

    async fn close(&mut self, Close { code, reason }: Close) -> Ended {
        let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::from_static(reason) };
        let closed = timeout(self.session.limits.patience.taking, async {
            self.stream.close(Some(frame)).await?;
            // Until the other side has closed, too: or else what it has sent meanwhile resets the connection,
            // and it loses our last words.
            while let Some(Ok(_)) = self.stream.next().await {}
            Ok::<_, Error>(())
        });
        match closed.await {
            Ok(Ok(()) | Err(Error::ConnectionClosed)) => Ended::Closed(reason),
            Ok(Err(error)) => Ended::Failed(error),
            Err(_) => Ended::Silent,
        }
    }
}
