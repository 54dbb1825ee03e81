//! Entries as a pull's chunks. They are the same for every socket, but for the id of its pull.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::value::RawValue;
use syncline_engine::protocol::{EntriesFrame, Incarnation, Millis, Seq};
use syncline_engine::{Room, SqlError};

use crate::Numbers;
use crate::frame::RequestId;
use crate::numbers::{damaged, number_after};
use crate::writer::Writer;

/// What a chunk holds at most, as with LiveStore's server: a frame of a Durable Object may have 1 MiB.
const BYTES: usize = 900_000;

/// Events of a chunk. A client applies each in one transaction, and writes nothing of its own meanwhile.
const EVENTS: usize = 100;

/// An entry as a segment holds it.
#[derive(Deserialize)]
struct Line<'a> {
    seq: Seq,
    client: &'a str,
    counter: u64,
    time: Millis,
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow)]
    args: &'a RawValue,
}

/// What was published, for the pulls of LiveStore's clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunks {
    /// The seq before it.
    pub(crate) after: Seq,
    /// All but the id of the pull; nothing where it cannot be said what came before.
    pub(crate) bodies: Option<Vec<String>>,
    /// The body of a chunk that holds nothing.
    pub(crate) nudge: String,
}

impl Chunks {
    /// What these pulls get of a frame that is published; nothing of one that is not about entries.
    #[must_use]
    pub fn of(numbers: &mut Numbers, room: &Room, frame: &str) -> Option<Self> {
        if !frame.starts_with(r#"{"type":"entries""#) {
            return None;
        }
        // Our own frame.
        let frame: EntriesFrame<'_> = serde_json::from_str(frame).ok()?;
        let after = frame.after;
        let mut chunks = Chunker::new(room.incarnation());
        let nudge = chunks.empty();
        let known = numbers.recent(after).filter(|_| numbers.is_of(room));
        let done = known.map(|before| {
            chunks.add(frame.segment(), after, before, |seq, client, counter| {
                // A push of LiveStore's has said it before.
                if seq == numbers.seq().next() {
                    numbers.follow(seq, client, counter);
                }
            })
        });
        let bodies = matches!(done, Some(Ok(_))).then(|| chunks.finish(|_| 0));
        Some(Self { after, bodies, nudge })
    }
}

/// The frame of a chunk for a pull.
pub(crate) fn framed(id: &RequestId, body: &str) -> String {
    format!(r#"{{"_tag":"Chunk","requestId":{},{body}"#, id.json())
}

/// Makes chunks of entries.
pub(crate) struct Chunker<'a> {
    incarnation: &'a Incarnation,
    /// Those that are full, and the last seq of each.
    done: Vec<(String, Seq)>,
    open: String,
    events: usize,
    last: Seq,
    /// Most entries follow one of the same client, at the same time.
    client: String,
    writer: (String, String, bool),
    time: Option<Millis>,
    iso: String,
}

impl<'a> Chunker<'a> {
    pub(crate) fn new(incarnation: &'a Incarnation) -> Self {
        Self {
            incarnation,
            done: Vec::new(),
            open: String::new(),
            events: 0,
            last: Seq::ZERO,
            client: String::new(),
            writer: (String::new(), String::new(), false),
            time: None,
            iso: String::new(),
        }
    }

    /// The entries of a segment after a seq, whose number is `before`; `seen` hears of each. The number of the last.
    pub(crate) fn add(
        &mut self,
        segment: &str,
        after: Seq,
        before: u64,
        mut seen: impl FnMut(Seq, &str, u64),
    ) -> Result<u64, SqlError> {
        let array = format!("[{segment}]");
        let lines: Vec<Line<'_>> = serde_json::from_str(&array).map_err(damaged)?;
        let mut parent = before;
        for line in lines.iter().filter(|line| line.seq > after) {
            let number = number_after(parent, line.client, line.counter);
            self.event(line, number, parent);
            seen(line.seq, line.client, line.counter);
            parent = number;
        }
        Ok(parent)
    }

    fn event(&mut self, line: &Line<'_>, number: u64, parent: u64) {
        if self.client != line.client || self.writer.0.is_empty() {
            line.client.clone_into(&mut self.client);
            let Writer { client, session, bare } = Writer::or_ours(line.client);
            self.writer = (json(&client), json(&session), bare);
        }
        if self.time != Some(line.time) {
            (self.time, self.iso) = (Some(line.time), line.time.iso());
        }
        let around = self.writer.0.len() + self.writer.1.len() + 250;
        let (name, args) = (line.name.get(), line.args.get());
        let size = name.len() + args.len() + around;
        if self.events > 0 && (self.events >= EVENTS || self.open.len() + size > BYTES) {
            self.close();
        }
        let (client, session, bare) = &self.writer;
        let comma = if self.events > 0 { "," } else { "" };
        let open = &mut self.open;
        let _ = write!(open, r#"{comma}{{"eventEncoded":{{"name":{name}"#);
        if !bare {
            let _ = write!(open, r#","args":{args}"#);
        }
        let _ = write!(
            open,
            r#","seqNum":{number},"parentSeqNum":{parent},"clientId":{client},"sessionId":{session}}},"metadata":{{"_tag":"Some","value":{{"_tag":"SyncMessage.SyncMetadata","createdAt":"{}"}}}}}}"#,
            self.iso
        );
        self.events += 1;
        self.last = line.seq;
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.done.push((open, self.last));
        self.events = 0;
    }

    /// The bodies; `remaining` says how much comes after the entry that one ends with.
    pub(crate) fn finish(mut self, remaining: impl Fn(Seq) -> u64) -> Vec<String> {
        if self.events > 0 {
            self.close();
        }
        let done = std::mem::take(&mut self.done);
        done.into_iter().map(|(events, last)| self.body(&events, remaining(last))).collect()
    }

    /// The body of one without entries: a pull of what is not there yet begins with it.
    pub(crate) fn empty(&self) -> String {
        self.body("", 0)
    }

    fn body(&self, events: &str, remaining: u64) -> String {
        let page = match remaining {
            0 => r#"{"_tag":"NoMore"}"#.to_owned(),
            remaining => format!(r#"{{"_tag":"MoreKnown","remaining":{remaining}}}"#),
        };
        format!(r#""values":[{{"batch":[{events}],"pageInfo":{page},"backendId":"{}"}}]}}"#, self.incarnation)
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
