//! What a LiveStore client says, and what comes of it.

use serde_json::value::RawValue;
use syncline_engine::protocol::{Args, ClientId, Code, DecodeError, ErrorFrame, Millis, Subject};
use syncline_engine::{Grant, HookContext, Output, Room, Sql, SqlError};

use crate::connection::Connection;
use crate::failure::{Failure, defect, success};
use crate::frame::{Frame, RequestId};
use crate::{Chunks, Numbers};

/// The room of a store, to LiveStore's clients. What it holds is a cache: the host drops it with the room.
#[derive(Clone, Debug, Default)]
pub struct LiveStore {
    pub(crate) numbers: Numbers,
}

/// What an input is about.
pub(crate) struct Input<'a> {
    pub(crate) room: &'a mut Room,
    pub(crate) db: &'a mut dyn Sql,
    pub(crate) now: Millis,
}

/// The largest frame that is taken: what its client sends at most, and all that is around it.
const MESSAGE_BYTES: usize = 1 << 20;

impl LiveStore {
    /// Handles one frame of a socket. What goes wrong becomes frames, too.
    pub fn receive(
        &mut self,
        room: &mut Room,
        db: &mut dyn Sql,
        now: Millis,
        connection: &mut Connection,
        text: &str,
    ) -> Vec<Output> {
        if let Some(refused) = refuse_size(text) {
            return vec![Output::Reply(refused)];
        }
        let frame = match Frame::decode(text) {
            Ok(frame) => frame,
            Err(why) => return vec![Output::Reply(defect(&why))],
        };
        let mut input = Input { room, db, now };
        match frame {
            Frame::Request { id, tag, payload } => match tag.as_ref() {
                "SyncWsRpc.Pull" => {
                    let pulled = self.pull(&mut input, connection, &id, payload);
                    pulled.unwrap_or_else(|failure| failed(&id, &failure))
                }
                "SyncWsRpc.Push" => match self.push(&mut input, connection, payload) {
                    Ok(mut outputs) => {
                        // Its own events come back to it before it hears that they were taken, as with LiveStore's.
                        outputs.push(Output::Reply(success(&id, Some("{}"))));
                        outputs
                    }
                    Err(failure) => failed(&id, &failure),
                },
                other => vec![Output::Reply(unknown(other))],
            },
            Frame::Ack(id) => self.acknowledged(&mut input, connection, &id),
            Frame::Interrupt(id) => {
                let before = connection.pulls.len();
                connection.pulls.retain(|pull| pull.id != id);
                // Nothing answers for what has ended.
                let was_open = connection.pulls.len() < before;
                if was_open { vec![Output::Reply(Failure::Interrupted.exit(&id))] } else { Vec::new() }
            }
            Frame::Ping => vec![Output::Reply(PONG.to_owned())],
            Frame::Other => Vec::new(),
        }
    }

    /// Answers a request over HTTP: a JSON array of frames. What is to be published is beside it, or what has to
    /// be brought back before there is an answer.
    pub fn answer(
        &mut self,
        room: &mut Room,
        db: &mut dyn Sql,
        now: Millis,
        grant: Grant,
        body: &str,
    ) -> (String, Vec<Output>) {
        let (mut published, mut frames) = (Vec::new(), Vec::new());
        let request = match refuse_size(body) {
            Some(refused) => Err(refused),
            None => match Frame::decode(body) {
                Ok(Frame::Request { id, tag, payload }) => Ok((id, tag, payload)),
                Ok(_) => Err(defect("the body is one request")),
                Err(why) => Err(defect(&why)),
            },
        };
        match request {
            Err(refused) => frames.push(refused),
            Ok((id, tag, payload)) => {
                let mut connection = Connection::new(grant);
                let mut input = Input { room, db, now };
                match tag.as_ref() {
                    "SyncHttpRpc.Pull" => match self.pull_once(&mut input, &mut connection, &id, payload) {
                        Ok(chunks) => {
                            frames.extend(chunks);
                            frames.push(success(&id, None));
                        }
                        Err(failure) => published = refuse(&mut frames, &id, &failure),
                    },
                    "SyncHttpRpc.Push" => match self.push(&mut input, &mut connection, payload) {
                        Ok(outputs) => {
                            published = outputs;
                            frames.push(success(&id, Some("{}")));
                        }
                        Err(failure) => published = refuse(&mut frames, &id, &failure),
                    },
                    "SyncHttpRpc.Ping" => {
                        frames.push(success(&id, Some(r#"{"_tag":"SyncMessage.Pong"}"#)));
                    }
                    other => frames.push(unknown(other)),
                }
            }
        }
        (format!("[{}]", frames.join(",")), published)
    }

    /// Reads what was written to the log since: a host that may have been away does so before it publishes.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn catch_up(&mut self, room: &Room, db: &mut dyn Sql) -> Result<(), SqlError> {
        self.numbers.catch_up(room, db)
    }

    /// What the pulls of sockets get of a frame that is published; nothing of one that is not about entries.
    pub fn published(&mut self, room: &Room, frame: &str) -> Option<Chunks> {
        Chunks::of(&mut self.numbers, room, frame)
    }
}

/// The end of a request over HTTP.
fn refuse(frames: &mut Vec<String>, id: &RequestId, failure: &Failure) -> Vec<Output> {
    if let Failure::Released(first) = failure {
        return vec![Output::Released(*first)];
    }
    frames.push(failure.exit(id));
    Vec::new()
}

/// What a client of LiveStore's asks, every ten seconds, word for word.
pub const PING: &str = r#"{"_tag":"Ping"}"#;

/// The answer: its client knows this text alone.
pub const PONG: &str = r#"{"_tag":"Pong"}"#;

fn unknown(tag: &str) -> String {
    defect(&format!("Unknown request tag: {tag}"))
}

fn refuse_size(text: &str) -> Option<String> {
    let too_large = DecodeError::TooLarge { bytes: text.len(), limit: MESSAGE_BYTES };
    (text.len() > MESSAGE_BYTES).then(|| defect(&too_large.to_string()))
}

/// The end of a request; where no later one would end otherwise, that of the socket, too.
pub(crate) fn failed(id: &RequestId, failure: &Failure) -> Vec<Output> {
    if let Failure::Released(first) = failure {
        return vec![Output::Released(*first)];
    }
    let mut outputs = vec![Output::Reply(failure.exit(id))];
    if let Failure::Unknown { name, .. } = failure {
        let closing = [Code::Unauthorized, Code::NeedsAuth, Code::ConnectRefused];
        outputs.extend(closing.into_iter().find(|code| code.as_str() == name).map(Output::Close));
    }
    outputs
}

impl Connection {
    /// What is asked of each request before it is looked at.
    pub(crate) fn admit(
        &mut self,
        Input { room, now, .. }: &Input<'_>,
        named: Option<&str>,
        payload: Option<&RawValue>,
    ) -> Result<(), Failure> {
        if self.is_expired(*now) {
            return Err(Failure::coded(Code::NeedsAuth, "the token has expired"));
        }
        if named.is_some_and(|named| named != room.store().as_str()) {
            return Err(Failure::coded(Code::StoreMismatch, "the request names another store than the URL"));
        }
        if self.admitted {
            return Ok(());
        }
        let payload = payload.map(|payload| Args::parse(payload.get())).transpose();
        let payload = payload.map_err(|error| Failure::Die(error.to_string()))?;
        let (client, subject) = stranger(self.grant());
        let cx = HookContext { store: room.store(), client: &client, subject: &subject, now: *now };
        room.may_connect(&cx, payload.as_ref()).map_err(|error: ErrorFrame| Failure::from(error))?;
        self.admitted = true;
        Ok(())
    }
}

/// Who asks, before it has pushed: this protocol says no more.
pub(crate) fn stranger(grant: &Grant) -> (ClientId, Subject) {
    let client = ClientId::parse(ClientId::LIVESTORE).expect("it is the beginning of one");
    let subject = grant.subject.clone();
    (client, subject.unwrap_or_else(|| Subject::parse("livestore").expect("a name")))
}
