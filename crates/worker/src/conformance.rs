//! `GET /conformance`: the SQL suite that every host runs, in an object that is made for it and
//! thrown away.

use std::cell::RefCell;

use serde::Serialize;
use syncline_engine::conformance::{Case, digest, run};
use worker::{Response, Result, State};

use crate::answer;
use crate::sql::ObjectSql;

#[derive(Serialize)]
struct Report {
    digest: String,
    failed: usize,
    cases: Vec<Case>,
}

pub(crate) async fn answer(state: &State, db: &RefCell<ObjectSql>) -> Result<Response> {
    let cases = run(&mut *db.borrow_mut());
    state.storage().delete_all().await?;
    let failed = cases.iter().filter(|case| !case.passed()).count();
    answer::json(200, &Report { digest: digest(&cases), failed, cases })
}
