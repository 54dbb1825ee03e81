//! The SQL conformance suite in the browser, in memory and on OPFS.

use syncline_engine::conformance;
use syncline_sqlite::opfs::Pool;
use syncline_sqlite::{Database, Durability};
use wasm_bindgen::prelude::*;

use crate::failure::{Failure, json};

/// The suite in memory: its report, as JSON.
#[wasm_bindgen]
pub fn conformance_in_memory() -> Result<String, JsValue> {
    let mut db = Database::open_memory().map_err(Failure::from)?;
    Ok(json(&conformance::report(&mut db)))
}

/// The suite on OPFS, in a dedicated worker: its report, as JSON.
#[wasm_bindgen]
pub async fn conformance_on_opfs() -> Result<String, JsValue> {
    let pool = Pool::install(".syncline-conformance").await.map_err(Failure::from)?;
    pool.remove("suite.db").map_err(Failure::from)?;
    let mut db = pool.open("suite.db", Durability::Normal).map_err(Failure::from)?;
    Ok(json(&conformance::report(&mut db)))
}
