//! `GET /conformance`: the suite that every host runs, in an object that is made for it and thrown
//! away. Sessions are not played: an object has no rewind point.

use std::cell::RefCell;

use syncline_engine::conformance::report;
use worker::{Response, Result, State};

use crate::answer;
use crate::sql::ObjectSql;

pub(crate) async fn answer(state: &State, db: &RefCell<ObjectSql>) -> Result<Response> {
    // Two handles on one database: it is all that an object has.
    let mut other = ObjectSql::new(state.storage().as_raw());
    let report = report(&mut *db.borrow_mut(), &mut other, None);
    state.storage().delete_all().await?;
    answer::response(syncline_http::Answer::json(200, &report))
}
