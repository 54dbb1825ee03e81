//! The session of a page: its state in memory, and the calls that the page makes to it.

use serde::Serialize;
use syncline_engine::protocol::{
    Code, Counter, Millis, ModelVersion, RawEvent, SchemaHash, SessionId, SessionNumber,
};
use syncline_engine::{
    Effects, PendingView, Query, Session as EngineSession, SqlError, StateDue, count_quarantined, quarantined,
};
use syncline_sqlite::Database;
use wasm_bindgen::prelude::*;

use crate::failure::{Failure, json};
use crate::params::Params;

/// In-memory state of one page load.
#[wasm_bindgen]
pub struct Session {
    db: Database,
    session: EngineSession,
    /// Of the last commit.
    inverse: Vec<RawEvent>,
}

#[derive(Serialize)]
struct Followed {
    #[serde(flatten)]
    effects: Effects,
    changed: Vec<String>,
    pending: usize,
    rejections: usize,
    quarantined: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelId {
    version: ModelVersion,
    schema_hash: SchemaHash,
}

#[wasm_bindgen]
impl Session {
    /// Which model this is, as JSON: its version, and a hash of its tables.
    pub fn model() -> Result<String, JsValue> {
        let rules = crate::rules();
        let schema_hash = rules.schema_hash().map_err(Failure::from)?;
        Ok(json(&ModelId { version: rules.version(), schema_hash }))
    }

    /// Opens what a leader's `opened` and `state` describe.
    pub fn open(opened: &str, state: Option<Vec<u8>>, session: String) -> Result<Self, JsValue> {
        Ok(Self::try_open(opened, state.as_deref(), session)?)
    }

    /// Applies events, a JSON array, as one commit; returns its number, or throws the rejection.
    pub fn commit(&mut self, now: f64, events: &str) -> Result<f64, JsValue> {
        Ok(self.try_commit(now, events)?)
    }

    /// The events that take the last commit back, a JSON array, where it can be; told once.
    pub fn take_inverse(&mut self) -> Option<String> {
        let inverse = std::mem::take(&mut self.inverse);
        if inverse.is_empty() { None } else { Some(json(&inverse)) }
    }

    /// The commits not handed over yet, as one message for the leader.
    pub fn take_hand_over(&mut self) -> Option<String> {
        self.session.take_hand_over()
    }

    /// The hand-over of one commit that was made just now: what is journaled of it.
    pub fn hand_over_of(&self, number: f64) -> Result<Option<String>, JsValue> {
        let number =
            SessionNumber::new(whole(number)).map_err(|error| Failure::new(Code::BadMessage, error))?;
        Ok(self.session.hand_over_of(number))
    }

    /// All commits that the leader has not taken.
    pub fn hand_over_again(&self) -> Option<String> {
        self.session.hand_over_again()
    }

    /// A pending commit with its identity, as it is to be journaled where storage is memory.
    pub fn journal_entry(&self, session: String, number: f64) -> Result<Option<String>, JsValue> {
        let bad = |error: &dyn std::error::Error| Failure::new(Code::BadMessage, error);
        let session = SessionId::parse(session).map_err(|error| bad(&error))?;
        let number = SessionNumber::new(whole(number)).map_err(|error| bad(&error))?;
        Ok(self.session.journal_entry(&session, number))
    }

    /// Takes a message of the leader; the answer is its effects.
    pub fn receive(&mut self, message: &str) -> Result<String, JsValue> {
        let now = now(js_sys::Date::now());
        let effects = self.session.receive(&mut self.db, now, message).map_err(Failure::from)?;
        let changed = self.db.take_changed_tables();
        Ok(self.followed(effects, changed)?)
    }

    /// Goes on from a state that the leader has made, in place of a message; the answer is as that of `receive`.
    pub fn adopt(&mut self, message: &str, state: &[u8]) -> Result<String, JsValue> {
        Ok(self.try_adopt(message, state)?)
    }

    /// Rows as a JSON array of objects.
    pub fn query(&self, sql: &str, params: &str) -> Result<String, JsValue> {
        let rows = Params::parse(params).and_then(|params| self.db.query_json(sql, &params.bind()?));
        Ok(rows.map_err(Failure::from)?)
    }

    /// The tables that a query reads, a JSON array.
    pub fn tables_read_by(&self, sql: &str) -> Result<String, JsValue> {
        Ok(json(&self.db.tables_read_by(sql).map_err(Failure::from)?))
    }

    /// The commits without a verdict, a JSON array.
    pub fn pending(&self) -> String {
        let pending: Vec<String> =
            self.session.pending().map(|commit: PendingView<'_>| json(&commit)).collect();
        format!("[{}]", pending.join(",\n"))
    }

    /// The rejected commits that were not dismissed, a JSON array.
    pub fn rejections(&self) -> String {
        json(&self.session.rejections())
    }

    /// Forgets a rejected commit; the next hand-over tells the leader.
    pub fn dismiss(&mut self, counter: f64) -> Result<(), JsValue> {
        self.session.dismiss(Counter::new(whole(counter)).map_err(|e| Failure::new(Code::BadQuery, e))?);
        Ok(())
    }

    /// The tables that changed since the last call, a JSON array.
    pub fn take_changed(&mut self) -> String {
        json(&self.db.take_changed_tables())
    }

    /// The commits of the log that could not be applied here, a JSON array.
    pub fn quarantined(&self) -> Result<String, JsValue> {
        Ok(json(&quarantined(&self.db).map_err(Failure::from)?))
    }

    /// The last entry that the state holds: where a leader that was started again goes on from.
    pub fn cursor(&self) -> f64 {
        self.session.cursor().get() as f64
    }

    /// And of which life of the log.
    pub fn epoch(&self) -> String {
        self.session.epoch().as_str().to_owned()
    }
}

impl Session {
    fn try_open(opened: &str, state: Option<&[u8]>, session: String) -> Result<Self, Failure> {
        let mut db = match state {
            Some(bytes) => Database::deserialize(bytes)?,
            None => Database::open_memory()?,
        };
        let id = SessionId::parse(session).map_err(|error| Failure::new(Code::BadMessage, error))?;
        let now = now(js_sys::Date::now());
        let session = EngineSession::open(&mut db, crate::rules(), id, now, opened)?;
        Ok(Self { db, session, inverse: Vec::new() })
    }

    fn try_adopt(&mut self, message: &str, state: &[u8]) -> Result<String, Failure> {
        let due =
            StateDue::of(message).ok_or_else(|| Failure::new(Code::BadMessage, "this asks for no state"))?;
        let tables = |db: &Database| {
            let rows = db.query("SELECT name FROM sqlite_schema WHERE type = 'table'", &[])?;
            rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, SqlError>>()
        };
        self.db = Database::deserialize(state)?;
        self.session.adopt(&mut self.db, now(js_sys::Date::now()), &due)?;
        // Nothing tells which of their rows are others.
        let changed = tables(&self.db)?;
        self.followed(Effects::default(), changed)
    }

    fn followed(&self, effects: Effects, changed: Vec<String>) -> Result<String, Failure> {
        let quarantined = count_quarantined(&self.db)?;
        let (pending, rejections) = (self.session.pending().count(), self.session.rejections().len());
        Ok(json(&Followed { effects, changed, pending, rejections, quarantined }))
    }

    fn try_commit(&mut self, at: f64, events: &str) -> Result<f64, Failure> {
        let events: Vec<RawEvent> =
            serde_json::from_str(events).map_err(|error| Failure::new(Code::BadArgs, error))?;
        let (number, inverse) = self.session.commit_with_inverse(&mut self.db, now(at), events)?;
        self.inverse = inverse;
        Ok(number.get() as f64)
    }
}

/// JavaScript's clock; one that is set before 1970 counts as 1970.
fn now(at: f64) -> Millis {
    Millis::new(whole(at)).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a double saturates")]
fn whole(number: f64) -> u64 {
    number as u64
}
