//! What is asked of a store over HTTP.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use syncline_engine::protocol::{Code, Millis};
use syncline_engine::{Grant, Room, Sql, SqlError};
use syncline_http::{Answer, Asked, Call, QueryCall, Reply};
use syncline_sqlite::Database;
use tokio::sync::oneshot;
use tracing::error;

use super::Context;
use super::store::{Open, Store, failed, host, incarnation};
use crate::journal::Frame;
use crate::query;

/// An answer that goes out once what it speaks of is durable.
pub(super) struct Answered {
    reply: oneshot::Sender<Answer>,
    answer: Answer,
    writes: bool,
}

/// Somebody who waits for entries.
pub(super) struct Waiting {
    until: Instant,
    call: Call,
    grant: Grant,
    reply: oneshot::Sender<Answer>,
}

impl Waiting {
    pub(super) fn is_over(&self) -> bool {
        self.until <= Instant::now() || self.reply.is_closed()
    }
}

impl Answered {
    pub(super) const fn new(reply: oneshot::Sender<Answer>, answer: Answer, writes: bool) -> Self {
        Self { reply, answer, writes }
    }

    /// What was decided is not durable.
    pub(super) fn fail(&mut self) {
        if self.writes {
            self.answer = Answer::refusal(&failed("the disk does not take what was decided".to_owned()));
        }
    }

    pub(super) fn send(self) {
        // Whoever asked may be gone.
        let _ = self.reply.send(self.answer);
    }
}

impl Store {
    /// Answers, or waits with the answer until there are entries.
    pub(super) fn ask(
        &mut self,
        cx: &Context,
        frame: &mut Frame,
        now: Millis,
        (call, grant, reply): (Call, Grant, oneshot::Sender<Answer>),
    ) {
        if let Call::Log(log) = &call
            && log.wait_ms > 0
            && self.head(cx).is_ok_and(|head| head <= log.after)
        {
            let until = Instant::now() + Duration::from_millis(log.wait_ms.into());
            self.waiting.push(Waiting { until, call, grant, reply });
            return;
        }
        let writes = call.writes();
        let answer =
            self.answer(cx, frame, now, call, grant).unwrap_or_else(|error| Reply::failed(&error).answer);
        self.answered.push(Answered { reply, answer, writes });
    }

    /// Answers those who have waited for what is there now, or for long enough.
    pub(super) fn answer_waiting(&mut self, cx: &Context, frame: &mut Frame, now: Millis) {
        let Ok(head) = self.head(cx) else { return };
        for waiting in std::mem::take(&mut self.waiting) {
            let Call::Log(log) = &waiting.call else { continue };
            if log.after >= head && !waiting.is_over() {
                self.waiting.push(waiting);
                continue;
            }
            let Waiting { call, grant, reply, .. } = waiting;
            let answer =
                self.answer(cx, frame, now, call, grant).unwrap_or_else(|error| Reply::failed(&error).answer);
            self.answered.push(Answered { reply, answer, writes: false });
        }
    }

    fn answer(
        &mut self,
        cx: &Context,
        frame: &mut Frame,
        now: Millis,
        call: Call,
        grant: Grant,
    ) -> Result<Answer, SqlError> {
        let (writes, connections) = (call.writes(), self.connections());
        // Who only reads makes no file.
        let exists = self.is_open() || cx.directory.store(self.id()).exists();
        if !exists && matches!(call, Call::Verify | Call::Compact | Call::Query(_)) {
            return Ok(self.not_there());
        }
        let nothing_there = !writes && !exists;
        // A reset or a redaction has no record in the journal, and nobody knows what a crash leaves.
        let journaled = matches!(call, Call::Push(_) | Call::LiveStore(..));
        if writes {
            // What a push marks has to outlive the process, too.
            self.commit(cx)?;
        }
        let mut open = if nothing_there { self.empty(cx)? } else { self.take_open(cx)? };
        let asked = Asked { now, grant, fresh: incarnation()?, connections, problem: None };
        let done = catch_unwind(AssertUnwindSafe(|| reply(call, &mut open, asked)));
        let Ok(reply) = done else {
            error!(store = %self.id(), "a call has crashed the room");
            self.has_changed(writes);
            return Err(host("the room has crashed: it is opened again"));
        };
        let reply = reply?;
        self.has_changed(writes && !journaled);
        for text in reply.publish {
            self.publish_of(cx, Some((&open.room, &mut open.livestore)), now, text.into(), None);
        }
        if !nothing_there {
            self.put_open(cx, frame, open);
        }
        if let Some(code) = reply.close_all {
            self.shut_all(code);
        }
        Ok(reply.answer)
    }

    /// A room that nobody has written to.
    fn empty(&self, cx: &Context) -> Result<Open, SqlError> {
        let mut db = Database::open_memory()?;
        let room = Room::open(&mut db, cx.rules, self.id().clone(), incarnation()?)?;
        Ok(Open::new(db, room))
    }

    fn shut_all(&mut self, code: Code) {
        for socket in self.sockets_mut() {
            socket.shut(0, super::store::refused(code));
        }
    }
}

fn reply(call: Call, Open { db, room, .. }: &mut Open, asked: Asked) -> Result<Reply, SqlError> {
    if let Call::Query(QueryCall { sql, limit }) = &call {
        let answer = query::answer(db.report(sql, query::bounds(*limit)));
        return Ok(Reply::of(answer));
    }
    if !matches!(call, Call::Verify | Call::State { .. }) {
        return Ok(call.answer(room, db, None, asked));
    }
    let (mut first, mut second) = (Database::open_memory()?, Database::open_memory()?);
    let empty: [&mut dyn Sql; 2] = [&mut first, &mut second];
    Ok(call.answer(room, db, Some(empty), asked))
}
