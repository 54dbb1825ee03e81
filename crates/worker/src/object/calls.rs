//! What the object answers over HTTP, and what comes of it for its sockets.

use std::time::Duration;

use js_sys::Promise;
use js_sys::futures::JsFuture;
use syncline_engine::protocol::StoreId;
use syncline_engine::{Grant, SqlError};
use syncline_http::{Asked, Call, Reply};
use worker::worker_sys::web_sys::WebSocket;
use worker::{Response, console_error};

use super::{Object, incarnation, socket};
use crate::answer;
use crate::clock::now;
use crate::wait::within;

impl Object {
    /// Asks the room.
    pub(super) async fn call(&self, store: &StoreId, call: Call, grant: Grant) -> worker::Result<Response> {
        self.compare_with_archive(store).await;
        if let Call::Log(log) = &call
            && log.wait_ms > 0
            && self.with_room(Some(store), |room, _| Ok(room.head())).is_ok_and(|head| head <= log.after)
        {
            let news = Promise::new(&mut |resolve, _| self.waiting.borrow_mut().push(resolve));
            within(Duration::from_millis(log.wait_ms.into()), JsFuture::from(news)).await;
        }
        if call == Call::Archive
            && let Some(d1) = self.archive()
        {
            return answer::response(self.archive_again(&d1, store).await);
        }
        let writes = call.writes();
        let (reply, rebuilding) =
            self.reply(store, call, grant).await.unwrap_or_else(|error| (Reply::failed(&error), false));
        for frame in &reply.publish {
            self.publish(frame);
        }
        if let Some(code) = reply.close_all {
            socket::close_all(self.state.as_raw(), code);
        }
        if rebuilding {
            let _set = self.wake_in(0);
        } else if writes {
            let _set = self.archive_soon();
        }
        answer::response(reply.answer)
    }

    /// What the room says, once all is here that it needs for that; and whether its state is being made anew.
    async fn reply(&self, store: &StoreId, mut call: Call, grant: Grant) -> Result<(Reply, bool), SqlError> {
        let problem = if call == Call::Verify { self.check_released(store).await? } else { None };
        loop {
            let connections = socket::all(self.state.as_raw()).len();
            let (grant, problem, fresh) = (grant.clone(), problem.clone(), incarnation()?);
            let asked = Asked { now: now(), grant, fresh, connections, problem };
            // An import is large, and asks for nothing.
            let again = (!matches!(call, Call::Import(_))).then(|| call.clone());
            let (reply, rebuilding) = self.with_room(Some(store), |room, db| {
                let reply = call.answer(room, db, None, asked);
                Ok((reply, room.is_rebuilding()))
            })?;
            match (reply.released, again) {
                (Some(first), Some(again)) => {
                    self.bring_back(first).await?;
                    call = again;
                }
                _ => return Ok((reply, rebuilding)),
            }
        }
    }

    /// Sends a frame to every live socket, but for one.
    pub(super) fn publish_to(&self, frame: &str, but: Option<&WebSocket>) {
        // This instance may have been away since they were last told.
        let chunks = || {
            let mut livestore = self.livestore.borrow_mut();
            let made = self.with_room(None, |room, db| {
                if let Err(error) = livestore.catch_up(room, db) {
                    console_error!("the numbers of the entries cannot be read: {error}");
                }
                Ok(livestore.published(room, frame))
            });
            made.unwrap_or_else(|error| {
                console_error!("the room cannot be opened: {error}");
                None
            })
        };
        socket::publish(self.state.as_raw(), now(), frame, but, chunks);
    }

    /// Sends a frame to every live socket, and wakes who waits for entries.
    pub(super) fn publish(&self, frame: &str) {
        self.publish_to(frame, None);
        for waiting in self.waiting.take() {
            drop(waiting.call0(&wasm_bindgen::JsValue::NULL));
        }
    }
}
