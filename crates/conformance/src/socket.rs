//! A WebSocket to a store, and what comes of it within the time that an answer may take.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use syncline_engine::protocol::{
    ClientMessage, Code, Entries, ErrorFrame, Hello, Pull, Seq, ServerMessage, StoreId, Welcome,
    decode_server,
};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::StatusCode;
use tungstenite::protocol::frame::Utf8Bytes;
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{Error, HandshakeError, Message, WebSocket, client::client_with_config};

use crate::failure::{Done, Failure, broken, same, some};
use crate::server::{Server, own};

/// A frame of the server larger than this is a defect.
const FRAME_BYTES: usize = 64 << 20;

/// No message has this type: it is answered, and changes nothing.
const BARRIER: &str = r#"{"type":"conformance-barrier"}"#;

pub(crate) struct Socket {
    socket: WebSocket<TcpStream>,
    patience: Duration,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Came {
    Text(String),
    Closed(Option<(u16, String)>),
    Nothing,
}

impl Server {
    /// A socket to a store, without a token in a header.
    pub(crate) fn socket(&self, store: &StoreId) -> Done<Socket> {
        self.socket_at(&format!("/stores/{store}/sync"), None)?
            .map_err(|status| Failure::new("a WebSocket is opened (101)", status.to_string()))
    }

    /// A socket at a path, with a header `Authorization`; or the status in place of one.
    pub(crate) fn socket_at(
        &self,
        path: &str,
        authorization: Option<&str>,
    ) -> Done<Result<Socket, StatusCode>> {
        const EXPECTED: &str = "a server that answers the handshake";
        let patience = self.setup.patience;
        let stream = TcpStream::connect_timeout(&self.address, patience).map_err(Error::from);
        let stream = stream.map_err(broken("a server that listens"))?;
        let set = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(patience)));
        set.and_then(|()| stream.set_write_timeout(Some(patience))).map_err(own)?;
        let mut request = format!("ws://{}{path}", self.host).into_client_request().map_err(own)?;
        if let Some(authorization) = authorization {
            request.headers_mut().insert("authorization", authorization.parse().map_err(own)?);
        }
        let config =
            WebSocketConfig::default().max_message_size(Some(FRAME_BYTES)).max_frame_size(Some(FRAME_BYTES));
        match client_with_config(request, stream, Some(config)) {
            Ok((socket, _)) => Ok(Ok(Socket { socket, patience })),
            Err(HandshakeError::Failure(Error::Http(answer))) => Ok(Err(answer.status())),
            Err(HandshakeError::Failure(error)) => Err(broken(EXPECTED)(error)),
            Err(HandshakeError::Interrupted(_)) => Err(Failure::new(EXPECTED, "nothing in time")),
        }
    }
}

impl Socket {
    pub(crate) fn send(&mut self, message: &ClientMessage) -> Done {
        self.send_text(message.encode())
    }

    pub(crate) fn send_text(&mut self, text: impl Into<Utf8Bytes>) -> Done {
        self.send_frame(Message::Text(text.into()))
    }

    pub(crate) fn send_frame(&mut self, frame: Message) -> Done {
        self.socket.send(frame).map_err(broken("a socket that takes a frame"))
    }

    /// What comes next, within the time that an answer may take.
    pub(crate) fn next(&mut self) -> Done<Came> {
        self.next_within(self.patience)
    }

    pub(crate) fn next_within(&mut self, wait: Duration) -> Done<Came> {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Came::Nothing);
            }
            self.socket.get_ref().set_read_timeout(Some(left)).map_err(own)?;
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(Came::Text(text.as_str().to_owned())),
                Ok(Message::Close(frame)) => {
                    return Ok(Came::Closed(
                        frame.map(|CloseFrame { code, reason }| (code.into(), reason.as_str().to_owned())),
                    ));
                }
                Ok(Message::Binary(_)) => return Err(Failure::new("text frames only", "a binary frame")),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Ok(Came::Closed(None)),
            }
        }
    }

    pub(crate) fn text(&mut self, expected: &str) -> Done<String> {
        match self.next()? {
            Came::Text(text) => Ok(text),
            other @ (Came::Closed(_) | Came::Nothing) => Err(Failure::new(expected, format!("{other:?}"))),
        }
    }

    pub(crate) fn message(&mut self, expected: &str) -> Done<ServerMessage> {
        let text = self.text(expected)?;
        decode_server(&text).map_err(|error| Failure::new(expected, format!("{error}: {text}")))
    }

    pub(crate) fn entries(&mut self) -> Done<Entries> {
        let came = self.message("entries")?;
        let ServerMessage::Entries(entries) = came else {
            return Err(Failure::new("entries", came.encode()));
        };
        Ok(entries)
    }

    pub(crate) fn error(&mut self, code: Code) -> Done<ErrorFrame> {
        let expected = format!("an error {code}");
        let came = self.message(&expected)?;
        let ServerMessage::Error(frame) = came else {
            return Err(Failure::new(expected, came.encode()));
        };
        if frame.code == code {
            return Ok(frame);
        }
        Err(Failure::new(expected, ServerMessage::Error(frame).encode()))
    }

    /// An error, and then the socket is closed for its code.
    pub(crate) fn refusal(&mut self, code: Code) -> Done<ErrorFrame> {
        let frame = self.error(code)?;
        self.closed(1008, code.as_str())?;
        Ok(frame)
    }

    pub(crate) fn closed(&mut self, code: u16, reason: &str) -> Done {
        let expected = format!("the socket is closed with {code} {reason:?}");
        match self.next()? {
            Came::Closed(Some(how)) => same(&expected, (code, reason.to_owned()), how),
            other @ (Came::Text(_) | Came::Closed(None) | Came::Nothing) => {
                Err(Failure::new(expected, format!("{other:?}")))
            }
        }
    }

    /// Nothing more has come of what was sent so far, on this socket or, answered, on another.
    pub(crate) fn nothing_more(&mut self) -> Done {
        self.send_text(BARRIER)?;
        self.error(Code::BadMessage).map(drop)
    }

    pub(crate) fn greet(&mut self, hello: Hello) -> Done<Welcome> {
        self.send(&ClientMessage::Hello(hello))?;
        let came = self.message("welcome")?;
        let ServerMessage::Welcome(welcome) = came else {
            return Err(Failure::new("welcome", came.encode()));
        };
        Ok(welcome)
    }

    pub(crate) fn pull(&mut self, after: Seq) -> Done<Entries> {
        self.send(&ClientMessage::Pull(Pull { after, part: None }))?;
        self.entries()
    }

    /// Closes it from here, and waits for the other side to agree.
    pub(crate) fn close(mut self, code: u16) -> Done<Option<u16>> {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.socket.close(Some(frame)).map_err(broken("a socket that can be closed"))?;
        loop {
            match self.next()? {
                Came::Text(_) => {}
                Came::Closed(how) => return Ok(how.map(|(code, _)| code)),
                Came::Nothing => return some(None, "the server closes its side, too"),
            }
        }
    }
}
