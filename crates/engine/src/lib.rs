//! The rules of Syncline, pure: no clock, no randomness, no network, no threads, no async.
//!
//! Three state machines, each over a database that it is handed at every call:
//!
//! - [`Room`], the server's: it orders, checks, persists and publishes.
//! - [`Leader`], the client's durable half: log, outbox, cursor. It knows no model.
//! - [`Session`], the client's fast half: the state in memory, pending commits on top.
//!
//! Hosts carry texts between them, and tell them the time. Two clients and one room:
//!
//! ```
//! use syncline_engine::{protocol::*, *};
//! use syncline_sqlite::Database;
//! # use {schemars::JsonSchema, serde::{Deserialize, Serialize}};
//! # struct Tally;
//! # #[derive(Serialize, Deserialize, JsonSchema)]
//! # #[serde(tag = "name", content = "args", rename_all = "camelCase")]
//! # enum Event { Counted { n: i64 } }
//! # impl Model for Tally {
//! #     type Event = Event;
//! #     const TABLES: &'static str = "CREATE TABLE tally (n INTEGER NOT NULL CHECK (n > 0)) STRICT;";
//! #     const VERSION: u32 = 1;
//! #     fn check(_: &Event, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> { Ok(()) }
//! #     fn apply(event: &Event, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
//! #         let Event::Counted { n } = event;
//! #         Ok(db.execute("INSERT INTO tally (n) VALUES (?1)", &[(*n).into()])?)
//! #     }
//! # }
//! struct Client { log: Database, leader: Leader, state: Database, session: Session, socket: Connection }
//!
//! fn client(name: &str) -> Result<Client, Box<dyn std::error::Error>> {
//!     let (mut log, mut state) = (Database::open_memory()?, Database::open_memory()?);
//!     let (rules, id) = (Rules::of::<Tally>(), SessionId::parse(name)?);
//!     let config = LeaderConfig::new(&rules, StoreId::parse("s")?, Subject::parse(name)?, ClientId::parse(name)?)?;
//!     let mut leader = Leader::open(&mut log, config)?;
//!     let opened = leader.opened(&log, &id, Seq::ZERO)?;
//!     let session = Session::open(&mut state, rules, id, Millis::default(), &opened)?;
//!     leader.connected(Some("secret".to_owned()));
//!     Ok(Client { log, leader, state, session, socket: Connection::new(None) })
//! }
//!
//! let mut db = Database::open_memory()?;
//! let mut room = Room::open(&mut db, Rules::of::<Tally>(), StoreId::parse("s")?, Incarnation::parse("i")?)?;
//! let mut clients = [client("ann")?, client("bob")?];
//!
//! let ann = &mut clients[0];
//! let event = RawEvent { name: "counted".into(), args: Args::parse(r#"{"n":3}"#)? };
//! ann.session.commit(&mut ann.state, Millis::default(), vec![event]).expect("the rules agree");
//! ann.leader.hand_over(&mut ann.log, &ann.session.take_hand_over().expect("there is one"))?;
//!
//! for _round in 0..4 {
//!     for place in [0, 1] {
//!         while let Some(text) = clients[place].leader.poll_server() {
//!             let socket = &mut clients[place].socket;
//!             for output in room.receive(&mut db, Millis::default(), socket, &text, &SharedToken::new("secret")) {
//!                 for (other, Client { leader, log, socket, .. }) in clients.iter_mut().enumerate() {
//!                     match &output {
//!                         Output::Reply(text) if other == place => leader.receive(log, text)?,
//!                         Output::Publish(text) if socket.is_live() => leader.receive(log, text)?,
//!                         _ => {}
//!                     }
//!                 }
//!             }
//!         }
//!     }
//!     for Client { leader, session, state, .. } in &mut clients {
//!         while let Some(text) = leader.poll_session(session.id()) { session.receive(state, Millis::default(), &text)?; }
//!     }
//! }
//! let bob: &dyn Query = &clients[1].state;
//! assert_eq!(bob.value::<i64>("SELECT sum(n) FROM tally", &[])?, Some(3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod attempt;
#[cfg(feature = "conformance")]
pub mod conformance;
mod decode;
mod dump;
mod guard;
mod history;
mod leader;
mod load;
mod local;
mod model;
#[cfg(feature = "mutations")]
pub mod mutation;
#[cfg(not(feature = "mutations"))]
mod mutation;
mod past;
mod promise;
mod quarantine;
mod room;
mod rules;
mod schemaless;
mod segment;
mod session;
mod sql;
mod state;

pub use dump::state_digest;
pub use guard::refuse_unportable;
pub use leader::{
    Begin, Consumption, Leader, LeaderConfig, LeaderError, LeaderStatus, Making, Replica, Salvage,
};
pub use load::load as load_state;
pub use local::{Epoch, HandOver, HandedCommit, Lost, Rejected, StateDue};
pub use model::{ApplyContext, ApplyError, CheckContext, Model};
pub use past::Past;
pub use quarantine::{Quarantined, count_quarantined, quarantined};
pub use room::{
    Anyone, ArchivePage, Aside, Authorize, Connection, Delivery, Grant, HookContext, Hooks, InvalidRecord,
    InvalidSettings, LogLines, LogText, NoHooks, Output, Rates, Record, RedactError, Refused, Replayed, Room,
    RoomConfig, RoomInfo, RoomSettings, Run, SharedToken, Sizes, Stretch, Upkeep, Verified, Webhook,
    WebhookStatus, Whole,
};
pub use rules::{Refusal, Rules};
pub use schemaless::Schemaless;
pub use session::{Confirmed, Effects, PendingView, Session, SessionError};
pub use sql::{
    Constraint, ConstraintKind, Flow, FromValue, HostFailure, Param, Query, Rewind, Row, Sql, SqlError,
    Value, nested,
};
pub use syncline_protocol as protocol;
pub use syncline_protocol::Rejection;
