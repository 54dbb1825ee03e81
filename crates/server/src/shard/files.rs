//! A store as one file: copied while it is in use, or put in place where there is none. Both happen in the
//! store's own thread, so nobody writes meanwhile.

use std::path::Path;

use syncline_engine::SqlError;
use syncline_engine::protocol::{Code, ErrorFrame};
use syncline_http::{Answer, Reply};
use tokio::sync::oneshot;
use tracing::info;

use super::Context;
use super::call::Answered;
use super::store::Store;

impl Store {
    /// The answer goes out once all that the copy holds is durable here.
    pub(super) fn copy(&mut self, cx: &Context, path: &Path, reply: oneshot::Sender<Answer>) {
        if reply.is_closed() {
            return;
        }
        let answer = if self.is_open() || cx.directory.store(self.id()).exists() {
            self.copy_to(cx, path).map_or_else(|error| Reply::failed(&error).answer, |()| done())
        } else {
            self.not_there()
        };
        self.answered.push(Answered::new(reply, answer, true));
    }

    fn copy_to(&mut self, cx: &Context, path: &Path) -> Result<(), SqlError> {
        self.commit(cx)?;
        let mut open = self.take_open(cx)?;
        let copied = open.db.copy_to(path);
        self.put_back(open);
        copied
    }

    pub(super) fn place(&mut self, cx: &Context, path: &Path, reply: oneshot::Sender<Answer>) {
        let target = cx.directory.store(self.id());
        let answer = if self.is_open() || target.exists() {
            let message = format!("there is a store {}", self.id());
            Answer::refusal(&ErrorFrame::new(Code::StoreExists, message))
        } else {
            match std::fs::rename(path, &target).and_then(|()| cx.directory.sync_stores()) {
                Ok(()) => {
                    info!(store = %self.id(), "imported");
                    done()
                }
                Err(error) => Answer::refusal(&super::store::failed(error.to_string())),
            }
        };
        self.answered.push(Answered::new(reply, answer, true));
    }

    pub(super) fn not_there(&self) -> Answer {
        Answer::refusal(&ErrorFrame::new(Code::NotFound, format!("there is no store {}", self.id())))
    }
}

fn done() -> Answer {
    Answer::json(200, &serde_json::json!({}))
}
