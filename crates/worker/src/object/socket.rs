//! A hibernatable socket, and what is known of it: that is attached to it as text, so that it
//! outlives the object.

use js_sys::JsString;
use serde::{Deserialize, Serialize};
use syncline_engine::Connection;
use syncline_engine::protocol::{Code, StoreId};
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

/// The first character of an attachment: whether the socket gets what is published. To publish, only
/// this is looked at.
const LIVE: char = 'L';
const NOT_LIVE: char = '-';

/// What is attached to a socket.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Attachment {
    /// From the URL.
    pub(super) store: StoreId,
    /// As the room knows it.
    pub(super) connection: Connection,
}

#[derive(Clone, Copy)]
pub(super) struct Socket<'a>(&'a WebSocket);

impl<'a> Socket<'a> {
    pub(super) const fn new(socket: &'a WebSocket) -> Self {
        Self(socket)
    }

    pub(super) fn is_open(self) -> bool {
        self.0.ready_state() == WebSocket::OPEN
    }

    pub(super) fn attached(self) -> Option<Attachment> {
        serde_json::from_str(String::from(self.attachment()?).get(1..)?).ok()
    }

    pub(super) fn attach(self, attachment: &Attachment) -> Result<(), JsValue> {
        let mark = if attachment.connection.is_live() { LIVE } else { NOT_LIVE };
        let json = serde_json::to_string(attachment).map_err(|error| error.to_string())?;
        self.0.serialize_attachment(format!("{mark}{json}").into())
    }

    fn attachment(self) -> Option<JsString> {
        self.0.deserialize_attachment().ok()?.dyn_into().ok()
    }

    fn is_live(self) -> bool {
        self.attachment().is_some_and(|text| text.char_code_at(0) == f64::from(u32::from(LIVE)))
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

/// Closes every socket.
pub(super) fn close_all(state: &DurableObjectState, code: Code) {
    match state.get_websockets() {
        Ok(sockets) => sockets.iter().for_each(|socket| Socket::new(socket).close(1008, code.as_str())),
        Err(error) => console_error!("the sockets cannot be listed: {error:?}"),
    }
}

/// Sends one frame to every live socket.
pub(super) fn publish(state: &DurableObjectState, frame: &str) {
    let sockets = match state.get_websockets() {
        Ok(sockets) => sockets,
        Err(error) => return console_error!("the sockets cannot be listed: {error:?}"),
    };
    let frame = JsString::from(frame);
    for socket in sockets.iter().map(Socket::new).filter(|socket| socket.is_live()) {
        socket.send(&frame);
    }
}
