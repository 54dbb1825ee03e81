//! The conformance suite in the browser: in memory, on OPFS, and in blocks that are kept elsewhere.

use syncline_engine::conformance;
use syncline_engine::protocol::Code;
use syncline_sqlite::blocks::Blocks;
use syncline_sqlite::opfs::Pool;
use syncline_sqlite::{Database, Durability};
use wasm_bindgen::prelude::*;

use crate::failure::{Failure, json};

/// The suite in memory: its report, as JSON.
#[wasm_bindgen]
pub fn conformance_in_memory() -> Result<String, JsValue> {
    let mut dbs = [(); 3].map(|()| Database::open_memory());
    let [db, other, session] =
        dbs.each_mut().map(|db| db.as_mut().map_err(|error| Failure::from(error.clone())));
    Ok(json(&conformance::report(db?, other?, Some(session?))))
}

/// The suite in blocks, two times: the second one over what the first has left to be kept. Its reports, a JSON array.
#[wasm_bindgen]
pub fn conformance_in_blocks() -> Result<String, JsValue> {
    let first = Blocks::install("conformance", []).map_err(Failure::from)?;
    let reports = (in_blocks(&first)?, {
        let kept = first.take_changed().map_err(Failure::from)?;
        let second = Blocks::install("conformance again", kept).map_err(Failure::from)?;
        if !second.exists("suite.db") {
            return Err(Failure::new(Code::StorageFailed, "nothing was left to be kept").into());
        }
        second.open("suite.db").and_then(|db| db.check()).map_err(Failure::from)?;
        in_blocks(&second)?
    });
    Ok(json(&reports))
}

fn in_blocks(blocks: &Blocks) -> Result<conformance::Report, Failure> {
    let open = |name: &str| {
        blocks.remove(name)?;
        blocks.open(name)
    };
    let (mut db, mut other, mut session) = (open("suite.db")?, open("other.db")?, open("session.db")?);
    Ok(conformance::report(&mut db, &mut other, Some(&mut session)))
}

/// The suite on OPFS, in a dedicated worker: its report, as JSON.
#[wasm_bindgen]
pub async fn conformance_on_opfs() -> Result<String, JsValue> {
    let pool = Pool::install(".syncline-conformance").await.map_err(Failure::from)?;
    let open = |name: &str| {
        pool.remove(name).map_err(Failure::from)?;
        pool.open(name, Durability::Normal).map_err(Failure::from)
    };
    let (mut db, mut other, mut session) = (open("suite.db")?, open("other.db")?, open("session.db")?);
    Ok(json(&conformance::report(&mut db, &mut other, Some(&mut session))))
}
