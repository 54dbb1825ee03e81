//! What is asked of a room, and its answer.

mod import;
mod log;

use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{
    Args, ClientId, Code, Commit, ErrorFrame, Incarnation, Millis, Push, Seq, ServerMessage, Subject,
    Verdicts, decode_server,
};
use syncline_engine::{Grant, Output, Query, RedactError, Room, RoomInfo, Sql, SqlError, Verified};
use syncline_livestore::LiveStore;

pub use import::ImportCall;
pub use log::{Form, INCARNATION, LAST, LogCall};

use crate::answer::Answer;
use crate::route::Access;

/// What the room of a store answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Entries, as lines.
    Log(LogCall),
    /// The state, as lines: at the head, or as it was.
    State {
        /// The seq; the head, where none is named.
        at: Option<Seq>,
    },
    /// Commits to be decided.
    Push(PushBody),
    /// Where the room stands.
    Info,
    /// Where the webhook stands.
    Webhook,
    /// The webhook goes on, from where it stands or from another place.
    ResumeWebhook {
        /// The last entry that counts as taken.
        after: Option<Seq>,
    },
    /// Whether log and state are what was written.
    Verify,
    /// A part of the segments is merged.
    Compact,
    /// A question in SQL, where a host can hold it within bounds.
    Query(QueryCall),
    /// The whole store as an SQLite file, where a host can copy its own.
    File,
    /// A log for a store that has none, or the next part of it.
    Import(ImportCall),
    /// The archive is to get the log from its first entry: for a host that has one.
    Archive,
    /// One request of a LiveStore client, and the token of its URL.
    LiveStore(String, Option<String>),
    /// Another life of the log, an empty one.
    Reset,
    /// Other args for an entry, for good.
    Redact {
        /// Which.
        seq: Seq,
        /// In place of what its client wrote.
        args: Args,
    },
}

/// The body of a push.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushBody {
    client: ClientId,
    /// Where the token does not say it.
    #[serde(default)]
    subject: Option<Subject>,
    commits: Vec<Commit>,
}

/// A question in SQL. It only reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryCall {
    /// One statement.
    pub sql: String,
    /// How many rows at most.
    #[serde(default = "QueryCall::rows")]
    pub limit: usize,
}

impl QueryCall {
    const fn rows() -> usize {
        1_000
    }
}

/// What a host does about a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Sends this back.
    pub answer: Answer,
    /// Sends these to every live socket.
    pub publish: Vec<String>,
    /// Closes every socket, with this as the reason.
    pub close_all: Option<Code>,
    /// Brings back what begins here in place of all that, and asks again.
    pub released: Option<Seq>,
}

/// What a host knows of a call.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its clock.
    pub now: Millis,
    /// What the asker's token is good for.
    pub grant: Grant,
    /// A new incarnation, for a reset.
    pub fresh: Incarnation,
    /// Sockets of the store.
    pub connections: usize,
    /// What is wrong with entries that are in the archive alone, where the host has looked.
    pub problem: Option<String>,
}

#[derive(Serialize)]
struct Info {
    #[serde(flatten)]
    room: RoomInfo,
    connections: usize,
}

/// Two empty databases, where a host has any: to make a state in.
pub type Empty<'a> = Option<[&'a mut dyn Sql; 2]>;

impl Call {
    /// The last part of each path, with the method that it answers.
    pub(crate) const NAMES: [(&'static str, &'static str); 15] = [
        ("GET", "log"),
        ("GET", "events"),
        ("GET", "state"),
        ("POST", "push"),
        ("GET", "info"),
        ("GET", "webhook"),
        ("POST", "resume-webhook"),
        ("POST", "verify"),
        ("POST", "compact"),
        ("POST", "query"),
        ("GET", "file"),
        ("POST", "import"),
        ("POST", "archive"),
        ("POST", "reset"),
        ("POST", "redact"),
    ];

    pub(crate) const fn access(&self) -> Access {
        match self {
            // Who may not write is told so in its own way.
            Self::Log(_) | Self::State { .. } | Self::LiveStore(..) => Access::Read,
            Self::Push(_) => Access::Write,
            Self::Info
            | Self::Webhook
            | Self::ResumeWebhook { .. }
            | Self::Verify
            | Self::Compact
            | Self::Query(_)
            | Self::File
            | Self::Import(_)
            | Self::Archive
            | Self::Reset
            | Self::Redact { .. } => Access::Admin,
        }
    }

    /// Whether it writes, or makes a store that was not there.
    #[must_use]
    pub const fn writes(&self) -> bool {
        match self {
            Self::Push(_)
            // A pull makes the store, too: its client holds on to the incarnation.
            | Self::LiveStore(..)
            | Self::ResumeWebhook { .. }
            | Self::Compact
            | Self::Import(_)
            | Self::Archive
            | Self::Reset
            | Self::Redact { .. } => true,
            Self::Log(_)
            | Self::State { .. }
            | Self::Info
            | Self::Webhook
            | Self::Verify
            | Self::Query(_)
            | Self::File => false,
        }
    }

    /// Asks the room. A log is answered in parts: a host sends them on as one, and asks for the next with
    /// [`LogCall::after`].
    pub fn answer(
        self,
        room: &mut Room,
        db: &mut dyn Sql,
        empty: Empty<'_>,
        Asked { now, grant, fresh, connections, problem }: Asked,
    ) -> Reply {
        let done = match self {
            Self::Log(call) => call.part(room, &*db).map(Reply::of),
            Self::LiveStore(body, _) => {
                let (text, outputs) = LiveStore::default().answer(room, db, now, grant, &body);
                return Reply::of(Answer::raw(text)).with(outputs);
            }
            Self::State { at } => state(room, &*db, at, empty),
            Self::Push(PushBody { client, subject, commits }) => {
                return pushed(room.push_once(db, now, grant, (client, subject), &Push { commits }));
            }
            Self::Info => {
                room.info(&*db).map(|room| Reply::of(Answer::json(200, &Info { room, connections })))
            }
            Self::Webhook => webhook(room, &*db),
            Self::ResumeWebhook { after } => {
                let from = after.map_or_else(|| room.webhook_status(&*db).map(|status| status.seq), Ok);
                from.and_then(|from| room.webhook_resume(db, from.min(room.head())))
                    .and_then(|()| webhook(room, &*db))
            }
            Self::Verify => room.verify(&*db, empty).map(|verified| {
                let problem = verified.problem.clone().or(problem);
                let sound = problem.is_none();
                Reply::of(Answer::json(200, &Verified { sound, problem, ..verified }))
            }),
            Self::Compact => {
                #[derive(Serialize)]
                struct Compacted {
                    more: bool,
                }
                room.compact(db).map(|more| Reply::of(Answer::json(200, &Compacted { more })))
            }
            Self::Import(call) => return call.take(room, db),
            Self::Query(_) | Self::File => {
                let message = "the native server alone has files: here is the log, as lines, and the state";
                Ok(Reply::of(Answer::refusal(&ErrorFrame::new(Code::FilesUnavailable, message))))
            }
            Self::Archive => {
                Ok(Reply::of(Answer::refusal(&ErrorFrame::new(Code::NotConfigured, "there is no archive"))))
            }
            Self::Reset => room.reset(db, fresh).and_then(|()| {
                let answer = Answer::json(200, &Info { room: room.info(&*db)?, connections: 0 });
                Ok(Reply { close_all: Some(Code::LogDiverged), ..Reply::of(answer) })
            }),
            Self::Redact { seq, args } => return redacted(room.redact(db, seq, args)),
        };
        done.unwrap_or_else(|error| Reply::failed(&error))
    }
}

impl Reply {
    /// An answer that nobody else hears of.
    #[must_use]
    pub const fn of(answer: Answer) -> Self {
        Self { answer, publish: Vec::new(), close_all: None, released: None }
    }

    /// What else comes of it.
    fn with(mut self, outputs: Vec<Output>) -> Self {
        for output in outputs {
            match output {
                Output::Publish(frame) => self.publish.push(frame),
                Output::Released(first) => self.released = Some(first),
                Output::Reply(_) | Output::Others(_) | Output::Present | Output::Close(_) => {}
            }
        }
        self
    }

    /// The storage has failed.
    #[must_use]
    pub fn failed(error: &SqlError) -> Self {
        let frame = ErrorFrame {
            retry_after_ms: Some(1_000),
            ..ErrorFrame::new(Code::ServerFailed, error.to_string())
        };
        Self { released: error.released(), ..Self::of(Answer::refusal(&frame)) }
    }
}

fn webhook(room: &Room, db: &dyn Query) -> Result<Reply, SqlError> {
    room.webhook_status(db).map(|status| Reply::of(Answer::json(200, &status)))
}

fn state(room: &Room, db: &dyn Query, at: Option<Seq>, empty: Empty<'_>) -> Result<Reply, SqlError> {
    let (head, at) = (room.head(), at.unwrap_or(room.head()));
    let refuse = |code, message: String| Ok(Reply::of(Answer::refusal(&ErrorFrame::new(code, message))));
    if at > head {
        return refuse(Code::BadRequest, format!("the log ends at {head}"));
    }
    if at < head || room.is_rebuilding() {
        let Some([empty, _]) = empty else {
            return refuse(Code::StateUnavailable, format!("here is only the state at the head, {head}"));
        };
        room.state_at(db, at, empty)?;
        return lines(room, &*empty, at);
    }
    lines(room, db, at)
}

/// A line that says what it is, and those of the state.
fn lines(room: &Room, db: &dyn Query, seq: Seq) -> Result<Reply, SqlError> {
    #[derive(Serialize)]
    struct Of<'a> {
        seq: Seq,
        incarnation: &'a Incarnation,
    }
    let of = Of { seq, incarnation: room.incarnation() };
    let mut text = Answer::json(200, &of).body;
    text.push('\n');
    Room::state_lines(db, &mut |line| {
        text.push_str(line);
        Ok(())
    })?;
    Ok(Reply::of(Answer::lines(text)))
}

/// What a push without a socket comes to: its verdicts, and what stopped it.
fn pushed(outputs: Vec<Output>) -> Reply {
    #[derive(Serialize)]
    struct Pushed {
        head: Seq,
        verdicts: Vec<syncline_engine::protocol::Verdict>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorFrame>,
    }
    let mut pushed = Pushed { head: Seq::ZERO, verdicts: Vec::new(), error: None };
    let mut decided = false;
    for output in &outputs {
        let Output::Reply(frame) = output else { continue };
        match decode_server(frame) {
            Ok(ServerMessage::Verdicts(Verdicts { head, verdicts })) => {
                decided = true;
                pushed.head = head;
                pushed.verdicts.extend(verdicts);
            }
            Ok(ServerMessage::Error(error)) => pushed.error = Some(error),
            Ok(_) | Err(_) => {}
        }
    }
    let answer = match &pushed.error {
        Some(error) if !decided => Answer::refusal(error),
        Some(_) | None => Answer::json(200, &pushed),
    };
    Reply::of(answer).with(outputs)
}

fn redacted(done: Result<Vec<Output>, RedactError>) -> Reply {
    match done {
        Ok(outputs) => {
            let answer = Answer::json(200, &serde_json::json!({}));
            Reply::of(answer).with(outputs)
        }
        Err(RedactError::Host(error)) => Reply::failed(&error),
        Err(error) => Reply::of(Answer::refusal(&ErrorFrame::new(Code::BadRequest, error.to_string()))),
    }
}
