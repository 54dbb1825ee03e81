//! The room: the server's state machine for one store. It orders, checks, persists, publishes.
//!
//! Everything durable is in the database that each call is given; what the room holds itself is a
//! cache of it, read back by [`Room::open`]. So a host may drop the room between any two inputs.

mod admin;
mod archive;
mod auth;
mod compact;
mod connection;
mod contain;
mod copies;
mod decisions;
mod hello;
mod history;
mod hooks;
mod journal;
mod presence;
mod push;
mod rates;
mod rebuild;
mod redact;
mod release;
mod settings;
mod snapshot;
mod tables;
mod webhook;
mod whole;

pub use admin::{RoomInfo, Verified};
pub use archive::ArchivePage;
pub use auth::{Anyone, Authorize, Grant, SharedToken};
use connection::needs_auth;
pub use connection::{Connection, Output};
use contain::Pushes;
pub use history::{LogLines, LogText};
pub use hooks::{HookContext, Hooks, NoHooks};
pub use journal::{Aside, InvalidRecord, Record, Replayed};
use rates::Meters;
pub use rates::{Rates, RoomConfig, Upkeep};
use rebuild::Standing;
pub use redact::RedactError;
pub use release::Stretch;
pub use settings::{InvalidSettings, RoomSettings, Sizes};
use syncline_protocol::{
    Chain, ClientMessage, Code, ErrorFrame, Incarnation, Limits, Millis, Pull, SchemaHash, Seq,
    ServerMessage, StoreId, decode_client, encode_entries,
};
use tables::Facts;
pub use webhook::{Delivery, Webhook, WebhookStatus};
pub use whole::{Refused, Run, Whole};

use crate::history::History;
use crate::mutation::{Mutation, is_on};
use crate::segment;
use crate::sql::nested;
use crate::state;
use crate::{Rules, Sql, SqlError};

/// A page of catch-up. Large enough that a round trip costs little beside it, small enough to keep a
/// slow socket's buffer low.
const PAGE_BYTES: usize = 256 << 10;

/// The server's state machine for one store.
#[derive(Clone, Debug)]
pub struct Room {
    rules: Rules,
    store: StoreId,
    config: RoomConfig,
    meters: Meters,
    incarnation: Incarnation,
    head: Seq,
    chain: Chain,
    standing: Standing,
    history: History,
    pushes: Pushes,
    /// What was decided and not taken by the host, where it wants that.
    journal: Option<Vec<Record>>,
    /// Where the snapshot stands, if there is one of these tables.
    snapshot: Seq,
    /// Segments before this one are merged.
    merged: Seq,
    /// Segments that were written since.
    unmerged: u32,
    /// What is to be released begins after this one.
    released: Seq,
}

/// Why an input was not handled as it asked.
enum Failure {
    Frame(ErrorFrame),
    Host(SqlError),
}

impl From<ErrorFrame> for Failure {
    fn from(frame: ErrorFrame) -> Self {
        Self::Frame(frame)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Host(error)
    }
}

impl Room {
    /// Opens the room of a store, and creates what is missing; `fresh` is used only for a store that
    /// has no incarnation yet. A state of other tables, or one that lacks a commit which the model has
    /// learnt to decode, is made anew from the log: by one step here,
    /// which is all that most logs need, and by [`Room::rebuild_step`].
    ///
    /// # Errors
    /// [`SqlError`] when the host failed, or when the model's tables are not portable.
    pub fn open(
        db: &mut dyn Sql,
        rules: Rules,
        store: StoreId,
        fresh: Incarnation,
    ) -> Result<Self, SqlError> {
        let schema_hash = rules.schema_hash()?;
        tables::create(db)?;
        let (incarnation, standing) = match tables::facts(db)? {
            Some(facts) if facts.schema_hash == schema_hash => {
                (facts.incarnation, rebuild::standing(db, &rules)?)
            }
            Some(facts) => (facts.incarnation, Standing::Outdated),
            None => (nested(db, |db| create(db, &rules, fresh, schema_hash.clone()))?, Standing::AtHead),
        };
        let (head, chain) = segment::head(db)?;
        let snapshot = snapshot::offer(&*db, &schema_hash)?.map_or(Seq::ZERO, |offer| offer.seq);
        let mut room = Self {
            rules,
            store,
            config: RoomConfig::default(),
            meters: Meters::default(),
            incarnation,
            head,
            chain,
            standing,
            history: History::default(),
            pushes: Pushes::default(),
            journal: None,
            snapshot,
            merged: Seq::ZERO,
            unmerged: 0,
            released: Seq::ZERO,
        };
        // always-boots: why a step cannot be made is for its next caller. What reads goes on.
        let _ = room.rebuild_step(db);
        Ok(room)
    }

    /// What the host has set of it, in place of the defaults.
    pub const fn configure(&mut self, config: RoomConfig) {
        self.config = config;
    }

    /// The store that it is of.
    #[must_use]
    pub const fn store(&self) -> &StoreId {
        &self.store
    }

    /// How large things may be.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// The rules that decide.
    #[must_use]
    pub const fn rules(&self) -> Rules {
        self.rules
    }

    /// Which life of the log this is.
    #[must_use]
    pub const fn incarnation(&self) -> &Incarnation {
        &self.incarnation
    }

    /// The last entry of the log.
    #[must_use]
    pub const fn head(&self) -> Seq {
        self.head
    }

    /// Handles one frame of a socket. What goes wrong becomes frames, too.
    pub fn receive(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        connection: &mut Connection,
        text: &str,
        auth: &dyn Authorize,
    ) -> Vec<Output> {
        match decode_client(text, self.config.limits.message_bytes) {
            Ok(message) => self.handle(db, now, connection, message, auth).unwrap_or_else(refusal),
            Err(error) => refuse(error.frame()),
        }
    }

    fn handle(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        connection: &mut Connection,
        message: ClientMessage,
        auth: &dyn Authorize,
    ) -> Result<Vec<Output>, Failure> {
        let Some(from) = connection.greeted().cloned() else {
            let ClientMessage::Hello(hello) = message else {
                return Err(hello_first().into());
            };
            return self.hello(db, now, connection, hello, auth);
        };
        match message {
            ClientMessage::Hello(_) => {
                Err(ErrorFrame::new(Code::HelloExpected, "there is one hello on a socket").into())
            }
            ClientMessage::Push(push) => {
                self.may_push(now, connection, &from, &push)?;
                self.push(db, now, &from, &push)
            }
            ClientMessage::Pull(_) | ClientMessage::Presence(_) if connection.is_expired(now) => {
                Err(needs_auth().into())
            }
            ClientMessage::Pull(Pull { after, part: None }) => {
                self.may_pull(now, &from, after)?;
                let mut outputs = vec![Output::Reply(self.page(db, connection, after)?)];
                if connection.is_live() {
                    // What was redacted while it read on was not published to it.
                    outputs.extend(tell_redactions(db, connection, self.head)?);
                }
                Ok(outputs)
            }
            ClientMessage::Pull(Pull { after, part: Some(part) }) => {
                Ok(vec![Output::Reply(self.part(db, after, part)?)])
            }
            // Pages are paced by pulls; what is published live needs no acknowledgement yet.
            ClientMessage::Ack(_) => Ok(Vec::new()),
            ClientMessage::Auth(fresh) => self.refresh(now, connection, &from, &fresh, auth),
            ClientMessage::Presence(presence) => self.presence(now, connection, &from, presence),
        }
    }

    /// The next page after a seq; the one that reaches the head makes the socket live.
    fn page(
        &self,
        db: &dyn crate::Query,
        connection: &mut Connection,
        after: Seq,
    ) -> Result<String, SqlError> {
        let after = if is_on(Mutation::PageBeginsLate) { after.next() } else { after };
        let segments = segment::page(db, after, PAGE_BYTES)?;
        let from = segments.first().map_or(self.head, |segment| segment.first.before());
        let to = segments.last().map_or(self.head, |segment| segment.last);
        connection.set_live(to == self.head);
        let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
        Ok(encode_entries(from, self.head, &texts))
    }
}

/// What was redacted since the client last heard of it.
fn tell_redactions(
    db: &dyn crate::Query,
    connection: &mut Connection,
    read: Seq,
) -> Result<Vec<Output>, SqlError> {
    let known = connection.greeted().map(|greeted| greeted.redactions).unwrap_or_default();
    let (outputs, last) = Room::redactions(db, known, read)?;
    connection.set_redactions(last);
    Ok(outputs)
}

fn hello_first() -> ErrorFrame {
    ErrorFrame::new(Code::HelloExpected, "the first message must be hello")
}

fn refusal(failure: Failure) -> Vec<Output> {
    match failure {
        Failure::Frame(frame) => refuse(frame),
        Failure::Host(error) if let Some(first) = error.released() => vec![Output::Released(first)],
        Failure::Host(error) => refuse(ErrorFrame {
            retry_after_ms: Some(1_000),
            ..ErrorFrame::new(Code::ServerFailed, error.to_string())
        }),
    }
}

fn refuse(frame: ErrorFrame) -> Vec<Output> {
    let code = frame.code;
    let mut outputs = vec![Output::Reply(ServerMessage::Error(frame).encode())];
    if code.closes() {
        outputs.push(Output::Close(code));
    }
    outputs
}

fn create(
    db: &mut dyn Sql,
    rules: &Rules,
    incarnation: Incarnation,
    schema_hash: SchemaHash,
) -> Result<Incarnation, SqlError> {
    state::create(db, rules)?;
    let facts = Facts { incarnation, schema_hash, archived: Seq::ZERO };
    tables::put_facts(db, &facts)?;
    Ok(facts.incarnation)
}
