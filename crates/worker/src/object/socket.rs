//! A hibernatable socket, and what is known of it: that is attached to it as text, so that it
//! outlives the object.

use std::cell::LazyCell;

use js_sys::JsString;
use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{Code, Millis, StoreId};
use syncline_livestore::{Chunks, Expired, Peer};
use wasm_bindgen::{JsCast, JsValue};
use worker::console_error;
use worker::worker_sys::DurableObjectState;
use worker::worker_sys::ext::WebSocketExt;
use worker::worker_sys::web_sys::WebSocket;

mod glue {
    use js_sys::JsString;
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        pub(super) type Sender;

        /// With a string that JavaScript has already, so that one frame for all is converted once.
        #[wasm_bindgen(method, catch)]
        pub(super) fn send(this: &Sender, frame: &JsString) -> Result<(), JsValue>;
    }
}

/// The first characters of an attachment: whether the socket gets what is published, whether its token
/// expires, whether it has values of presence, whether it is a LiveStore client's. For most sockets, only these are
/// looked at.
const MARKS: [char; 4] = ['L', 'E', 'P', 'S'];
const UNMARKED: char = '-';

#[derive(Clone, Copy)]
enum Mark {
    Live,
    Expires,
    Present,
    LiveStore,
}

/// What is attached to a socket.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Attachment {
    /// From the URL.
    pub(super) store: StoreId,
    /// As the room knows it.
    pub(super) peer: Peer,
}

#[derive(Clone, Copy)]
pub(super) struct Socket<'a>(&'a WebSocket);

impl<'a> Socket<'a> {
    pub(super) const fn new(socket: &'a WebSocket) -> Self {
        Self(socket)
    }

    pub(super) const fn raw(self) -> &'a WebSocket {
        self.0
    }

    pub(super) fn is_open(self) -> bool {
        self.0.ready_state() == WebSocket::OPEN
    }

    pub(super) fn attached(self) -> Option<Attachment> {
        serde_json::from_str(String::from(self.attachment()?).get(MARKS.len()..)?).ok()
    }

    pub(super) fn attach(self, attachment: &Attachment) -> Result<(), JsValue> {
        let peer = &attachment.peer;
        let marked =
            [peer.is_live(), peer.expires().is_some(), peer.is_present(), matches!(peer, Peer::LiveStore(_))];
        let marks = marked.iter().zip(MARKS).map(|(is, mark)| if *is { mark } else { UNMARKED });
        let json = serde_json::to_string(attachment).map_err(|error| error.to_string())?;
        self.0.serialize_attachment(format!("{}{json}", String::from_iter(marks)).into())
    }

    fn attachment(self) -> Option<JsString> {
        self.0.deserialize_attachment().ok()?.dyn_into().ok()
    }

    fn has(self, mark: Mark) -> bool {
        let place = mark as u32;
        self.attachment().is_some_and(|text| text.char_code_at(place) != f64::from(u32::from(UNMARKED)))
    }

    /// Whether it gets what is published; one whose token has expired is told so instead.
    fn is_reached(self, now: Millis) -> bool {
        if !self.has(Mark::Live) {
            return false;
        }
        if !self.has(Mark::Expires) {
            return true;
        }
        let Some(mut attachment) = self.attached() else { return false };
        match attachment.peer.expire(now) {
            None => return true,
            Some(Expired::Closed(code)) => self.close(1008, code.as_str()),
            Some(Expired::Told(frame)) => {
                self.keep(&attachment);
                self.send(&JsString::from(frame));
            }
        }
        false
    }

    /// What a LiveStore client gets of what is published.
    fn tell(self, chunks: &Chunks) {
        let Some(mut attachment) = self.attached() else { return };
        let before = attachment.peer.clone();
        let Peer::LiveStore(connection) = &mut attachment.peer else { return };
        let frames = connection.published(chunks);
        if attachment.peer != before {
            self.keep(&attachment);
        }
        frames.into_iter().for_each(|frame| self.send(&JsString::from(frame)));
    }

    fn keep(self, attachment: &Attachment) {
        if let Err(error) = self.attach(attachment) {
            console_error!("a socket cannot keep what is known of it: {error:?}");
        }
    }

    /// A socket that is going away cannot be sent to; its client gets the entries when it is back.
    pub(super) fn send(self, frame: &JsString) {
        let sender: &glue::Sender = self.0.unchecked_ref();
        drop(sender.send(frame));
    }

    /// A socket that is closed already stays so.
    pub(super) fn close(self, code: u16, reason: &str) {
        drop(self.0.close_with_code_and_reason(code, reason));
    }
}

/// Every socket of the object.
pub(super) fn all(state: &DurableObjectState) -> Vec<WebSocket> {
    state.get_websockets().unwrap_or_else(|error| {
        console_error!("the sockets cannot be listed: {error:?}");
        Vec::new()
    })
}

/// Closes every socket.
pub(super) fn close_all(state: &DurableObjectState, code: Code) {
    all(state).iter().for_each(|socket| Socket::new(socket).close(1008, code.as_str()));
}

/// Sends one frame to every live socket, but for one; `chunks` makes of it what LiveStore's clients get.
pub(super) fn publish(
    state: &DurableObjectState,
    now: Millis,
    frame: &str,
    but: Option<&WebSocket>,
    chunks: impl FnOnce() -> Option<Chunks>,
) {
    let frame = JsString::from(frame);
    let chunks = LazyCell::new(chunks);
    for socket in all(state).iter().filter(|socket| but != Some(*socket)).map(Socket::new) {
        if !socket.is_reached(now) {
            continue;
        }
        if !socket.has(Mark::LiveStore) {
            socket.send(&frame);
        } else if let Some(chunks) = &*chunks {
            socket.tell(chunks);
        }
    }
}

/// Tells a socket of the presence of the others.
pub(super) fn tell_presence(state: &DurableObjectState, to: &WebSocket) {
    for other in all(state).iter().filter(|other| *other != to).map(Socket::new) {
        if other.has(Mark::Present)
            && let Some(attachment) = other.attached()
        {
            attachment.peer.presence().into_iter().for_each(|frame| Socket::new(to).send(&frame.into()));
        }
    }
}
