//! `GET /conformance`: the SQL suite that every host runs, in an object that is made for it and
//! thrown away.

use std::cell::RefCell;

use syncline_engine::conformance::report;
use worker::{Response, Result, State};

use crate::answer;
use crate::sql::ObjectSql;

pub(crate) async fn answer(state: &State, db: &RefCell<ObjectSql>) -> Result<Response> {
    let report = report(&mut *db.borrow_mut());
    state.storage().delete_all().await?;
    answer::json(200, &report)
}
