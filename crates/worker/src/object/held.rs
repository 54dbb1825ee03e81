//! Frames that wait: for the keys that their token is signed with, or for entries that are in the archive alone.
//! Only their own socket waits.

use std::rc::Rc;

use js_sys::futures::{JsFuture, future_to_promise};
use js_sys::{JsString, Promise};
use syncline_engine::protocol::{Code, Limits, Seq, token_of};
use wasm_bindgen::{JsCast, JsValue};
use worker::console_error;
use worker::worker_sys::web_sys::WebSocket;

use super::{Object, Socket, failed, refused, settled};
use crate::text;

/// As many wait on one socket: a client that has sent a token waits for the answer.
const FRAMES: usize = 16;

/// A frame, and what came on its socket after it.
pub(super) struct Held {
    socket: WebSocket,
    frames: Vec<JsValue>,
}

impl Object {
    /// Holds a frame back, and whatever comes on its socket behind it, where keys are to be fetched first:
    /// nothing overtakes a token. What it returns settles once all are handled.
    pub(super) fn hold(self: &Rc<Self>, socket: &WebSocket, message: &JsValue) -> Option<Promise> {
        let mut all = self.held.borrow_mut();
        if let Some(held) = all.iter_mut().find(|held| held.socket == *socket) {
            if held.frames.len() < FRAMES {
                held.frames.push(message.clone());
            } else {
                Socket::new(socket).close(1008, Code::RateLimited.as_str());
            }
            return Some(settled());
        }
        // To find the token costs, so it is looked for only where it may matter.
        let tokens = self.tokens.as_ref().ok().filter(|tokens| tokens.has_issuer())?;
        let token = brought(message).filter(|token| tokens.wants_keys(token))?;
        all.push(Held { socket: socket.clone(), frames: vec![message.clone()] });
        drop(all);
        let (object, tokens, socket) = (Rc::clone(self), tokens.clone(), socket.clone());
        Some(future_to_promise(async move {
            tokens.prepare(Some(&token)).await;
            let frames = object.let_through(&socket);
            object.handle_all(&socket, &frames).await
        }))
    }

    /// Holds back a frame that needs what begins in this segment, until that was brought back.
    pub(super) fn hold_for_archive(
        self: &Rc<Self>,
        socket: &WebSocket,
        message: &JsValue,
        first: Seq,
    ) -> Promise {
        self.held.borrow_mut().push(Held { socket: socket.clone(), frames: vec![message.clone()] });
        let (object, socket) = (Rc::clone(self), socket.clone());
        future_to_promise(async move {
            let brought = object.bring_back(first).await;
            // Nothing comes in between: what was brought back is there when its frame is handled.
            let mut frames = object.let_through(&socket);
            if let Err(error) = brought {
                console_error!("what begins at {first} is not brought back: {error}");
                object.carry_out(Socket::new(&socket), refused(Socket::new(&socket), failed(&error)));
                frames = frames.split_off(frames.len().min(1));
            }
            object.handle_all(&socket, &frames).await
        })
    }

    async fn handle_all(self: &Rc<Self>, socket: &WebSocket, frames: &[JsValue]) -> Result<JsValue, JsValue> {
        let handle = |frame| {
            let mut all = self.held.borrow_mut();
            match all.iter_mut().find(|held| held.socket == *socket) {
                // One before it waits, again.
                Some(held) => {
                    held.frames.push(JsValue::clone(frame));
                    settled()
                }
                None => {
                    drop(all);
                    self.handle(socket, frame)
                }
            }
        };
        let handled: Vec<Promise> = frames.iter().map(handle).collect();
        for promise in handled {
            JsFuture::from(promise).await?;
        }
        Ok(JsValue::UNDEFINED)
    }

    fn let_through(&self, socket: &WebSocket) -> Vec<JsValue> {
        let mut all = self.held.borrow_mut();
        let place = all.iter().position(|held| held.socket == *socket);
        place.map(|place| all.swap_remove(place).frames).unwrap_or_default()
    }
}

/// The token in a frame. One that is longer than a greeting has none.
fn brought(message: &JsValue) -> Option<String> {
    const LONGEST: usize = 2 * (Limits::TOKEN_BYTES + Limits::PAYLOAD_BYTES);
    let text = message.dyn_ref::<JsString>().filter(|text| text.length() as usize <= LONGEST)?;
    token_of(&text::from_js(text))
}
