//! The state as it was at a seq: made in the worker, read in the page.

use syncline_engine::Past as EnginePast;
use syncline_engine::protocol::{Code, Entry, Seq};
use syncline_sqlite::Database;
use wasm_bindgen::prelude::*;

use crate::failure::{Failure, seq};
use crate::params::Params;

/// A state in memory that follows no log by itself.
#[wasm_bindgen]
pub struct Past {
    db: Database,
    past: EnginePast,
}

#[wasm_bindgen]
impl Past {
    /// The state before the first entry.
    pub fn begin() -> Result<Past, JsValue> {
        Ok(Self::before_all()?)
    }

    /// What `serialize` has made, to be read.
    pub fn open(state: &[u8], at: f64) -> Result<Past, JsValue> {
        Ok(Self::of(Database::deserialize(state).map_err(Failure::from)?, seq(at)?))
    }

    /// Applies the whole commits among entries, a JSON array, up to a seq; returns whether more are needed.
    pub fn follow(&mut self, entries: &str, upto: f64) -> Result<bool, JsValue> {
        let entries: Vec<Entry> =
            serde_json::from_str(entries).map_err(|error| Failure::new(Code::BadMessage, error))?;
        Ok(self.past.follow(&mut self.db, entries, seq(upto)?).map_err(Failure::from)?)
    }

    /// The last entry that is in it.
    pub fn seq(&self) -> f64 {
        self.past.seq().get() as f64
    }

    /// The state as bytes, for `open`.
    pub fn serialize(&mut self) -> Result<Vec<u8>, JsValue> {
        Ok(self.db.serialize().map_err(Failure::from)?)
    }

    /// Rows as a JSON array of objects.
    pub fn query(&self, sql: &str, params: &str) -> Result<String, JsValue> {
        let rows = Params::parse(params).and_then(|params| self.db.query_json(sql, &params.bind()?));
        Ok(rows.map_err(Failure::from)?)
    }
}

impl Past {
    pub(crate) const fn new(db: Database, past: EnginePast) -> Self {
        Self { db, past }
    }

    /// A database that holds the state at a seq.
    pub(crate) fn of(db: Database, at: Seq) -> Self {
        Self::new(db, EnginePast::at(crate::rules(), at))
    }

    pub(crate) fn before_all() -> Result<Self, Failure> {
        let mut db = Database::open_memory()?;
        let past = EnginePast::begin(&mut db, crate::rules())?;
        Ok(Self::new(db, past))
    }
}
