//! One WebSocket: carried by a task of its own, so that a slow network never holds up the leader.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use syncline_engine::protocol::{Code, ErrorFrame};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const CONNECT: Duration = Duration::from_secs(10);

/// Without a word for this long, it asks.
const QUIET: Duration = Duration::from_secs(20);

/// Without an answer for this long, nobody is there. The other side may take as long to take a frame.
const SILENCE: Duration = Duration::from_secs(10);

/// Frames that wait for the leader: what comes beyond them waits in the network.
const WAITING: usize = 16;

/// What happens to a socket.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    Opened,
    Received(String),
    /// It is closed, or could not be opened: what the server said in place of it, or what the network did.
    Failed(ErrorFrame),
}

/// A WebSocket, or the attempt at one.
#[derive(Debug)]
pub(crate) struct Socket {
    events: mpsc::Receiver<SocketEvent>,
    outgoing: mpsc::UnboundedSender<Message>,
    task: JoinHandle<()>,
}

impl Socket {
    /// Begins to connect.
    pub(crate) fn open(url: String) -> Self {
        let (outgoing, from_leader) = mpsc::unbounded_channel();
        let (to_leader, events) = mpsc::channel(WAITING);
        let pings = outgoing.downgrade();
        let task = tokio::spawn(async move {
            let failed = carry(&url, from_leader, pings, &to_leader).await;
            // The leader may be gone: then nobody wants to know.
            let _ = to_leader.send(SocketEvent::Failed(failed)).await;
        });
        Self { events, outgoing, task }
    }

    pub(crate) fn send(&self, text: String) {
        // A socket that has ended says so by its last event.
        let _ = self.outgoing.send(Message::text(text));
    }

    /// What happens next; dropped and called again, it misses nothing.
    pub(crate) async fn next(&mut self) -> SocketEvent {
        let ended = || SocketEvent::Failed(unreachable("the socket's task has ended"));
        self.events.recv().await.unwrap_or_else(ended)
    }

    /// Sends what waits, and says goodbye; but does not wait long for it.
    pub(crate) async fn close(mut self) {
        self.events.close();
        let _ = self.outgoing.send(Message::Close(None));
        let _ = timeout(Duration::from_secs(1), &mut self.task).await;
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Carries frames both ways until one of them ends; why it did.
async fn carry(
    url: &str,
    outgoing: mpsc::UnboundedReceiver<Message>,
    pings: mpsc::WeakUnboundedSender<Message>,
    to_leader: &mpsc::Sender<SocketEvent>,
) -> ErrorFrame {
    let stream = match timeout(CONNECT, connect(url)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return refused(error),
        Err(_) => return unreachable("the server does not answer"),
    };
    if to_leader.send(SocketEvent::Opened).await.is_err() {
        return unreachable("closed here");
    }
    let (sink, stream) = stream.split();
    tokio::select! {
        why = write(sink, outgoing) => why,
        why = read(stream, pings, to_leader) => why,
    }
}

#[cfg(not(feature = "tls"))]
async fn connect(url: &str) -> Result<Stream, WsError> {
    Ok(tokio_tungstenite::connect_async_with_config(url, None, true).await?.0)
}

/// With the certificates of the system, and a provider of its own: the app may have another.
#[cfg(feature = "tls")]
async fn connect(url: &str) -> Result<Stream, WsError> {
    let mut roots = rustls::RootCertStore::empty();
    let (_, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of both protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_tungstenite::Connector::Rustls(std::sync::Arc::new(config));
    let connected = tokio_tungstenite::connect_async_tls_with_config(url, None, true, Some(connector));
    Ok(connected.await?.0)
}

async fn write(
    mut sink: SplitSink<Stream, Message>,
    mut outgoing: mpsc::UnboundedReceiver<Message>,
) -> ErrorFrame {
    while let Some(message) = outgoing.recv().await {
        let last = message.is_close();
        match timeout(SILENCE, sink.send(message)).await {
            Ok(Ok(())) if last => break,
            Ok(Ok(())) => {}
            Ok(Err(error)) => return unreachable(error.to_string()),
            Err(_) => return unreachable("the server does not take what is sent"),
        }
    }
    unreachable("closed here")
}

async fn read(
    mut stream: SplitStream<Stream>,
    pings: mpsc::WeakUnboundedSender<Message>,
    to_leader: &mpsc::Sender<SocketEvent>,
) -> ErrorFrame {
    let mut asked = false;
    loop {
        let patience = if asked { SILENCE } else { QUIET };
        match timeout_at(Instant::now() + patience, stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                asked = false;
                if text.as_str() != "pong"
                    && to_leader.send(SocketEvent::Received(text.as_str().to_owned())).await.is_err()
                {
                    return unreachable("closed here");
                }
            }
            Ok(Some(Ok(Message::Close(_))) | None) => return unreachable("the server closed the connection"),
            Ok(Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => {
                asked = false;
            }
            Ok(Some(Err(error))) => return unreachable(error.to_string()),
            Err(_) if asked => return unreachable("the server does not answer"),
            Err(_) => {
                asked = true;
                let Some(pings) = pings.upgrade() else { return unreachable("closed here") };
                let _ = pings.send(Message::text("ping"));
            }
        }
    }
}

/// A server that refuses the upgrade says why in the body, as it does in an `error` frame.
fn refused(error: WsError) -> ErrorFrame {
    let WsError::Http(response) = &error else { return unreachable(error.to_string()) };
    let body = response.body().as_deref().unwrap_or_default();
    serde_json::from_slice(body).unwrap_or_else(|_| unreachable(error.to_string()))
}

fn unreachable(message: impl Into<String>) -> ErrorFrame {
    ErrorFrame::new(Code::ServerUnreachable, message)
}
