//! A pull: pages of the log, and then, where it is live, what is published.

use serde_json::value::RawValue;
use syncline_engine::protocol::{Code, Seq};
use syncline_engine::{HookContext, Output, Room, SqlError};

use crate::LiveStore;
use crate::chunk::{Chunker, framed};
use crate::connection::{Connection, PULLS, Pull, WINDOW};
use crate::failure::{Failure, success};
use crate::frame::{Cursor, PullRequest, RequestId};
use crate::serve::{Input, failed, stranger};

/// A page of catch-up: about as much of the log is read at once.
const PAGE_BYTES: usize = 256 << 10;

/// As much of a log is an answer over HTTP; its client asks for the rest.
const ANSWER_BYTES: usize = 8 << 20;

impl LiveStore {
    /// The subscription and its first pages are one step: nothing is published in between.
    pub(crate) fn pull(
        &mut self,
        input: &mut Input<'_>,
        connection: &mut Connection,
        id: &RequestId,
        payload: Option<&RawValue>,
    ) -> Result<Vec<Output>, Failure> {
        let (after, live) = self.begin(input, connection, payload)?;
        if connection.pulls.iter().any(|pull| pull.id == *id) {
            return Err(Failure::coded(Code::BadMessage, "this request is open already"));
        }
        if connection.pulls.len() >= PULLS {
            return Err(Failure::coded(Code::RateLimited, format!("{PULLS} pulls are open on this socket")));
        }
        let mut pull = Pull { id: id.clone(), live, next: Some(after), unacknowledged: 0 };
        let mut outputs = self.read_on(input, &mut pull)?;
        if outputs.is_empty() {
            // Its client is not ready before the first.
            outputs.push(Output::Reply(framed(id, &Chunker::new(input.room.incarnation()).empty())));
        }
        self.end_or_keep(connection, pull, &mut outputs);
        Ok(outputs)
    }

    /// A whole pull at once; where there is much, the rest is for the next.
    pub(crate) fn pull_once(
        &mut self,
        input: &mut Input<'_>,
        connection: &mut Connection,
        id: &RequestId,
        payload: Option<&RawValue>,
    ) -> Result<Vec<String>, Failure> {
        let (mut after, _) = self.begin(input, connection, payload)?;
        let (mut bodies, mut bytes) = (Vec::new(), 0);
        while after < input.room.head() && bytes < ANSWER_BYTES {
            // Its client pushes nothing as long as it is told that there is more: it asks again anyway.
            let page = self.page(input, after, |_| 0)?;
            let Some(last) = page.last else { break };
            after = last;
            bytes += page.bodies.iter().map(String::len).sum::<usize>();
            bodies.extend(page.bodies);
        }
        if bodies.is_empty() {
            bodies.push(Chunker::new(input.room.incarnation()).empty());
        }
        Ok(bodies.iter().map(|body| framed(id, body)).collect())
    }

    /// A chunk was taken: a pull that waits for that reads on.
    pub(crate) fn acknowledged(
        &mut self,
        input: &mut Input<'_>,
        connection: &mut Connection,
        id: &RequestId,
    ) -> Vec<Output> {
        let Some(place) = connection.pulls.iter().position(|pull| pull.id == *id && pull.next.is_some())
        else {
            return Vec::new();
        };
        let mut pull = connection.pulls.swap_remove(place);
        pull.unacknowledged = pull.unacknowledged.saturating_sub(1);
        match self.read_on(input, &mut pull) {
            Ok(mut outputs) => {
                self.end_or_keep(connection, pull, &mut outputs);
                outputs
            }
            Err(failure) => failed(id, &failure),
        }
    }

    fn end_or_keep(&self, connection: &mut Connection, pull: Pull, outputs: &mut Vec<Output>) {
        if pull.live || pull.next.is_some() {
            connection.pulls.push(pull);
        } else {
            // It gets nothing more.
            outputs.push(Output::Reply(success(&pull.id, None)));
        }
    }

    /// Where a pull begins, and whether it is live.
    fn begin(
        &mut self,
        input: &mut Input<'_>,
        connection: &mut Connection,
        payload: Option<&RawValue>,
    ) -> Result<(Seq, bool), Failure> {
        let text = payload.map_or("null", RawValue::get);
        let request: PullRequest<'_> =
            serde_json::from_str(text).map_err(|error| Failure::Die(error.to_string()))?;
        connection.admit(input, request.store_id.as_deref(), request.payload)?;
        self.numbers.catch_up(input.room, input.db)?;
        let after = match request.cursor.get() {
            None => Seq::ZERO,
            Some(Cursor { backend_id, .. }) if backend_id != input.room.incarnation().as_str() => {
                let expected = input.room.incarnation().as_str().to_owned();
                return Err(Failure::BackendIdMismatch { expected, received: backend_id });
            }
            Some(Cursor { event_sequence_number, .. }) => {
                self.numbers.seq_at(&*input.db, event_sequence_number)?
            }
        };
        let (client, subject) = stranger(connection.grant());
        let cx =
            HookContext { store: input.room.store(), client: &client, subject: &subject, now: input.now };
        input.room.may_read(&cx, after)?;
        Ok((after, request.live))
    }

    /// Pages, until the window is full or the head is met.
    fn read_on(&mut self, input: &mut Input<'_>, pull: &mut Pull) -> Result<Vec<Output>, Failure> {
        self.numbers.catch_up(input.room, input.db)?;
        let mut outputs = Vec::new();
        while let Some(after) = pull.next.filter(|_| pull.unacknowledged < WINDOW) {
            let head = input.room.head();
            if after >= head {
                pull.next = None;
                pull.unacknowledged = 0;
                break;
            }
            let page = self.page(input, after, |last| head.get().saturating_sub(last.get()))?;
            pull.unacknowledged =
                pull.unacknowledged.saturating_add(u8::try_from(page.bodies.len()).unwrap_or(u8::MAX));
            outputs.extend(page.bodies.iter().map(|body| Output::Reply(framed(&pull.id, body))));
            pull.next = Some(page.last.unwrap_or(head));
        }
        Ok(outputs)
    }

    fn page(&self, input: &Input<'_>, after: Seq, remaining: impl Fn(Seq) -> u64) -> Result<Page, SqlError> {
        let db = &*input.db;
        let mut chunks = Chunker::new(input.room.incarnation());
        let mut from = after;
        let mut before = self.numbers.of(db, after)?;
        for part in Room::log_texts(db, after, PAGE_BYTES)? {
            let last = part.last;
            before = chunks.add(&part.text, from, before, |_, _, _| ())?;
            from = last;
        }
        let last = (from > after).then_some(from);
        Ok(Page { bodies: chunks.finish(remaining), last })
    }
}

/// Some of the log.
struct Page {
    bodies: Vec<String>,
    /// Its last entry; nothing where there is none.
    last: Option<Seq>,
}
