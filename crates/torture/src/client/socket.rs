//! The WebSocket of a client process; it notices when it is only half open.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Result;
use tungstenite::{Error, Message, WebSocket, client};

/// For what must not take long: to connect, to be greeted, to write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Without a word for this long, it asks.
const QUIET: Duration = Duration::from_secs(1);

/// Without an answer for this long, nobody is there.
const SILENCE: Duration = Duration::from_secs(8);

pub(super) struct Socket {
    socket: WebSocket<TcpStream>,
    heard: Instant,
    asked: Instant,
}

impl Socket {
    /// Connects; after that a read waits for `tick`.
    pub(super) fn open(port: u16, path: &str, tick: Duration) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (socket, _) = client(format!("ws://localhost:{port}{path}"), stream)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        socket.get_ref().set_read_timeout(Some(tick))?;
        let now = Instant::now();
        Ok(Self { socket, heard: now, asked: now })
    }

    /// Whether it is still open.
    pub(super) fn send(&mut self, frame: String) -> bool {
        self.socket.send(Message::text(frame)).is_ok()
    }

    /// The next frame, if it comes within a tick.
    pub(super) fn read(&mut self, open: &mut bool) -> Option<String> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    self.heard = Instant::now();
                    if text.as_str() != "pong" {
                        return Some(text.as_str().to_owned());
                    }
                }
                Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    *open = self.is_heard();
                    return None;
                }
                Ok(Message::Close(_)) | Err(_) => {
                    *open = false;
                    return None;
                }
            }
        }
    }

    fn is_heard(&mut self) -> bool {
        if self.heard.max(self.asked).elapsed() > QUIET {
            self.asked = Instant::now();
            if !self.send("ping".to_owned()) {
                return false;
            }
        }
        self.heard.elapsed() < SILENCE
    }
}
